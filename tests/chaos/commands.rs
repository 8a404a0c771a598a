//! Commands of members and administrators: what they type, how it comes to the POP, and what the
//! answer means for the model.

use crate::answers::{Answer, read, read_json};
use crate::model::{Banned, ByMember, Command, Standing, Wanted, Wish};
use crate::play::Play;
use crate::pop::{Speaker, exec, ssh, timed};
use crate::random::Random;
use crate::run::Said;
use crate::stage::{MEMBERS, all_asns, any_source, router};
use crate::weather::{self, Fault};
use peerling::model::WgKey;
use std::process::Stdio;
use std::time::Duration;

/// How long a command may take that waits for nothing, whatever is wrong.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Refusals that a sound command may get at any time.
const TOLERATED: [&str; 2] = ["too_many_changes", "too_many_pending"];

/// Who says it, and by which way.
#[derive(Clone, Debug)]
enum Voice {
    /// A member by SSH, by their number.
    Member(usize),
    /// The administrator by SSH, for a member.
    Admin(usize),
    /// Root on the machine, for a member.
    Exec(usize),
}

/// A command with who says it, and whether a sound POP has to do it.
struct Spoken {
    command: Command,
    voice: Voice,
    is_sound: bool,
}

/// An AS number of a member.
pub fn any_asn(random: &mut Random) -> u32 {
    random.pick(&all_asns())
}

/// One command in a session, or in a process, of its own.
pub fn one(play: &mut Play, random: &mut Random) {
    let spoken = draw(play, random, None, &[]);
    let Some(Spoken { command, voice, is_sound }) = spoken else {
        return play.note("command", "nothing to say");
    };
    let mut line = command.line() + " --json";
    let waits = command.can_wait() && !matches!(voice, Voice::Exec(_)) && random.chance(10);
    if waits {
        line += " --wait=2";
    }
    let (said, time) = timed(|| match &voice {
        Voice::Exec(member) => exec(&play.stage, Some(&format!("m{member}")), &line),
        voice => ssh(&play.stage, &speaker(play, voice, random)).run(&line),
    });
    let answer = read(&said);
    play.note("command", &format!("{voice:?} {line}: {answer:?} in {} ms", time.as_millis()));
    // Root's own process looks for itself what the machine is like, and asks BIRD and for names.
    if !waits && !matches!(voice, Voice::Exec(_)) {
        slow(play, time, &line);
    }
    judge(play, &command, &voice, is_sound, answer, &said);
}

/// Several commands of one speaker in one session: a script on standard input.
pub fn several(play: &mut Play, random: &mut Random) {
    let member = random.below(MEMBERS);
    let voice = if random.chance(60) { Voice::Admin(member) } else { Voice::Member(member) };
    let mut lines: Vec<Spoken> = Vec::new();
    for _ in 0..3 + random.below(8) {
        let taken: Vec<u32> = lines.iter().filter_map(|it| it.command.asn()).collect();
        lines.extend(draw(play, random, Some(&voice), &taken));
    }
    if lines.is_empty() {
        return play.note("command", "nothing to say");
    }
    let script: String = lines.iter().map(|it| it.command.line() + " --json\n").collect();
    let speaker = speaker(play, &voice, random);
    let (said, time) = timed(|| ssh(&play.stage, &speaker).script(&script));
    let mut answers = said.stdout.lines().filter(|line| line.starts_with('{'));
    let whole = read(&said);
    for line in &lines {
        let answer = match (answers.next(), &whole) {
            (Some(text), _) => read_json(text),
            (None, Answer::Denied) => Answer::Denied,
            (None, Answer::Absent) => Answer::Absent,
            (None, _) => Answer::Lost,
        };
        let words = line.command.line();
        play.note("command", &format!("{voice:?} in a script: {words}: {answer:?}"));
        judge(play, &line.command, &voice, line.is_sound, answer, &said);
    }
    slow(play, time / lines.len() as u32, "a script");
}

/// A command that changes nothing.
pub fn look(play: &mut Play, random: &mut Random) {
    let asn = any_asn(random);
    let line = match random.below(7) {
        0 => "peer_list --json".to_owned(),
        1 => "peer_list --all --json".to_owned(),
        2 => format!("peer_config --asn {asn} --json"),
        3 => format!("peer_history --asn {asn} --json"),
        4 => format!("peer_export --asn {asn}"),
        5 => "audit --since 1h --json".to_owned(),
        _ => "whoami --json".to_owned(),
    };
    let speaker = speaker(play, &Voice::Admin(random.below(MEMBERS)), random);
    let (said, time) = timed(|| ssh(&play.stage, &speaker).run(&line));
    play.note("look", &format!("{line}: {:?} in {} ms", said.status, time.as_millis()));
    let served = matches!(said.status, Some(0 | 1));
    assert!(served || play.pop.service.is_none(), "a look was not answered: {said:#?}");
    slow(play, time, &line);
}

/// A command, and the service killed over it.
pub fn killed_over(play: &mut Play, random: &mut Random) {
    let spoken = draw(play, random, None, &[]);
    let Some(Spoken { command, voice, .. }) = spoken else {
        return play.note("signal", "nothing to kill over");
    };
    let voice = match voice {
        Voice::Exec(member) => Voice::Admin(member),
        voice => voice,
    };
    let line = command.line() + " --json --wait=2";
    let line = if command.can_wait() { line } else { line.replace(" --wait=2", "") };
    let mut client = ssh(&play.stage, &speaker(play, &voice, random)).command();
    client.arg("--").arg(&line);
    client.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let client = client.spawn().unwrap();
    // Not awaited for anything: the moment is what is drawn.
    std::thread::sleep(Duration::from_micros(random.below(90_000) as u64));
    play.pop.kill_service();
    let output = client.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = Said {
        status: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    };
    let answer = match read(&said) {
        Answer::Absent | Answer::Denied => Answer::Lost,
        answer => answer,
    };
    weather::start_service(play);
    play.note("signal", &format!("{voice:?} {line}: {answer:?}, and killed over it"));
    match answer {
        Answer::Lost => play.model.doubt(&command),
        answer => judge(play, &command, &voice, false, answer, &said),
    }
}

/// The registry or the zone changes; the service is told, or finds out.
pub fn registry_or_names(play: &mut Play, random: &mut Random) {
    let what = match random.below(4) {
        0 => {
            let member = random.below(MEMBERS);
            play.stage.members[member].key ^= 1;
            play.registry_unknown = true;
            format!("m{member} has another key")
        }
        1 => {
            let asn = any_asn(random);
            let owner = random.below(MEMBERS + 1);
            for member in &mut play.stage.members {
                member.asns.retain(|it| *it != asn);
            }
            if owner < MEMBERS {
                play.stage.members[owner].asns.push(asn);
            }
            play.registry_unknown = true;
            format!("AS{asn} is m{owner}'s now")
        }
        _ => {
            let name = router(any_asn(random));
            let address = match random.below(4) {
                0 => "fd00:bad::1".to_owned(),
                _ => format!("fd5e:1ab:{:x}::1", 0x200 + random.below(0x1000)),
            };
            let what = format!("{name} is {address} now");
            match random.chance(10) {
                true => drop(play.stage.zone.remove(&name)),
                false => drop(play.stage.zone.insert(name, address)),
            }
            play.stage.publish();
            play.zone_unknown = true;
            what
        }
    };
    let shrunk = play.weather.has(&Fault::RegistryShrunk);
    if play.registry_unknown && !shrunk {
        play.stage.registry();
    }
    if random.chance(50) {
        play.pop.reload();
    }
    play.note("world", &what);
}

fn speaker(play: &Play, voice: &Voice, random: &mut Random) -> Speaker {
    let (Voice::Member(member) | Voice::Admin(member) | Voice::Exec(member)) = voice;
    let login = format!("m{member}");
    let key = match voice {
        Voice::Member(_) => format!("{login}.{}", play.stage.members[*member].key),
        _ => "admin".to_owned(),
    };
    Speaker { login, key, source: any_source(random) }
}

/// A command that makes sense, mostly; `None`: there is nothing to say about any AS number but
/// those of `taken`.
fn draw(play: &Play, random: &mut Random, voice: Option<&Voice>, taken: &[u32]) -> Option<Spoken> {
    let mut asns = all_asns();
    if let Some(Voice::Member(member)) = voice {
        asns = play.stage.members[*member].asns.clone();
    }
    let free = |asn: &u32| {
        let doubtful = play.model.doubts.contains_key(asn) || play.away.contains(asn);
        !doubtful && !taken.contains(asn)
    };
    asns.retain(free);
    let (mut there, mut absent) = (asns.clone(), asns);
    there.retain(|asn| play.model.peerings.contains_key(asn));
    absent.retain(|asn| !play.model.peerings.contains_key(asn));
    let count = play.model.peerings.len() + taken.len();
    let creates =
        count < play.peerings_max.min(4) || count < play.peerings_max && random.chance(30);
    let command = match (creates && !absent.is_empty(), there.is_empty()) {
        (true, _) => {
            let asn = random.pick(&absent);
            Command::Create(asn, wish(play, random, asn, Kind::Whole))
        }
        (false, true) => return None,
        (false, false) => {
            let asn = random.pick(&there);
            change(play, random, asn)
        }
    };
    let voice = voice.cloned().unwrap_or_else(|| draw_voice(play, random, &command));
    if command.is_for_admins() && matches!(voice, Voice::Member(_)) {
        return None;
    }
    let is_sound = is_sound(play, &command, &voice);
    Some(Spoken { command, voice, is_sound })
}

fn draw_voice(play: &Play, random: &mut Random, command: &Command) -> Voice {
    let owner = command.asn().and_then(|asn| {
        (0..MEMBERS).find(|member| play.stage.members[*member].asns.contains(&asn))
    });
    match (random.below(100), owner) {
        (0..15, _) => Voice::Exec(random.below(MEMBERS)),
        (15..55, Some(owner)) if !command.is_for_admins() => Voice::Member(owner),
        _ => Voice::Admin(random.below(MEMBERS)),
    }
}

fn change(play: &Play, random: &mut Random, asn: u32) -> Command {
    let banned: Vec<u32> = play.model.banned_asns.iter().copied().collect();
    match random.below(100) {
        0..40 => Command::Edit(asn, wish(play, random, asn, Kind::Part)),
        40..58 => Command::Remove(asn),
        58..70 => Command::Disable(asn),
        70..86 => Command::Enable(asn),
        86..91 => Command::Suspend(asn),
        91..94 => Command::Approve(asn),
        94 => Command::Reject(asn),
        95 => Command::Ban(Banned::Asn(any_asn(random))),
        96 => Command::Ban(Banned::Member(format!("m{}", random.below(MEMBERS)))),
        97 => Command::Unban(Banned::Member(format!("m{}", random.below(MEMBERS)))),
        _ if banned.is_empty() => Command::Enable(asn),
        _ => Command::Unban(Banned::Asn(random.pick(&banned))),
    }
}

/// How much is said of a peering.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All that must be said.
    Whole,
    /// Something.
    Part,
}

fn wish(play: &Play, random: &mut Random, asn: u32, kind: Kind) -> Wish {
    let says = |random: &mut Random| kind == Kind::Whole || random.chance(35);
    let mut wish = Wish::default();
    if says(random) {
        wish.key = Some(public_key(random));
    }
    if says(random) {
        let port = 1024 + random.below(60_000) as u32;
        let name = router(asn);
        wish.endpoint = Some(match random.below(4) {
            0 => None,
            1 => Some((format!("fd5e:1ab:{:x}::7", 0x300 + random.below(0x1000)), port)),
            _ if play.stage.zone.contains_key(&name) => Some((name, port)),
            _ => None,
        });
    }
    if random.chance(30) {
        let address = format!("fe80::{:x}:{:x}", 1 + random.below(0xfff), asn % 1000);
        wish.link_local = Some(random.chance(80).then_some(address));
    }
    if random.chance(20) {
        wish.mtu = Some(1280 + random.below(140) as u32);
    }
    if random.chance(20) {
        wish.psk = Some(match random.below(3) {
            0 => Wanted::Absent,
            1 => Wanted::Generate,
            _ => Wanted::Key(public_key(random)),
        });
    }
    if random.chance(20) {
        wish.families = Some(random.pick(&["both", "ipv4", "ipv6"]));
    }
    wish
}

/// One that does not look like a private key.
fn public_key(random: &mut Random) -> String {
    let mut bytes = random.bytes();
    bytes[0] |= 1;
    bytes[31] &= 0x7f;
    WgKey::new(bytes).unwrap().to_string()
}

/// Must it be done where nothing else is wrong?
fn is_sound(play: &Play, command: &Command, voice: &Voice) -> bool {
    let standing = |asn: &u32| play.model.peerings.get(asn).map(|it| it.standing);
    let can_be_reached = |wish: &Wish| match &wish.endpoint {
        Some(Some((host, _))) if host.ends_with(".example") => {
            let address = play.stage.zone.get(host);
            !play.zone_unknown && address.is_some_and(|it| it.starts_with("fd5e"))
        }
        _ => true,
    };
    let possible = match command {
        Command::Create(asn, wish) => standing(asn).is_none() && can_be_reached(wish),
        Command::Edit(asn, wish) => {
            let well = matches!(standing(asn), Some(Standing::Active | Standing::Disabled));
            well && can_be_reached(wish)
        }
        Command::Disable(asn) | Command::Enable(asn) | Command::Suspend(asn) => {
            matches!(standing(asn), Some(Standing::Active | Standing::Disabled))
        }
        Command::Approve(asn) | Command::Reject(asn) => standing(asn) == Some(Standing::Pending),
        Command::Remove(_) | Command::Ban(_) | Command::Unban(_) => true,
    };
    let Voice::Member(member) = voice else { return possible };
    let by_registry = &play.stage.members[*member];
    let owns = command.asn().is_some_and(|asn| by_registry.asns.contains(&asn));
    let banned = command.asn().is_some_and(|asn| play.model.banned_asns.contains(&asn))
        || play.model.banned_members.contains(&by_registry.name);
    possible && owns && !banned && !play.registry_unknown
}

/// What the answer means for the model, and whether it may be one.
fn judge(
    play: &mut Play,
    command: &Command,
    voice: &Voice,
    is_sound: bool,
    answer: Answer,
    said: &Said,
) {
    let by_member = match voice {
        Voice::Member(_) => ByMember::Yes,
        Voice::Admin(_) | Voice::Exec(_) => ByMember::No,
    };
    let must = is_sound && play.is_calm();
    match answer {
        Answer::Done(told) => play.model.done(command, &told, by_member),
        Answer::Refused(code) if TOLERATED.contains(&code.as_str()) => {}
        Answer::Refused(code) if code == "made_by_hand" && play.collisions_unknown => {}
        Answer::Refused(code) => {
            assert!(
                !must,
                "{command:?} by {voice:?} was refused in calm weather: {code}\n{said:#?}"
            );
        }
        Answer::Fault => {
            assert!(!play.is_calm(), "a fault of the POP's in calm weather: {command:?} {said:#?}");
        }
        Answer::Denied => {
            assert!(!must, "{voice:?} was not let in in calm weather: {said:#?}");
        }
        Answer::Absent => {
            let there = play.pop.service.is_some();
            assert!(!there, "the service takes no connection: {said:#?}");
        }
        Answer::Lost => {
            assert!(!play.is_calm(), "no answer in calm weather: {command:?} {said:#?}");
            play.model.doubt(command);
        }
    }
}

/// Nobody waits for what is wrong with others.
fn slow(play: &mut Play, time: Duration, what: &str) {
    play.took(time, what);
    assert!(
        time < ANSWER_MAX,
        "{what}: answered after {} ms, with {:?}",
        time.as_millis(),
        play.weather.names()
    );
}
