//! Sessions played through the machine: what was typed and answered, as golden transcripts.

mod editing;
pub(super) mod virtual_terminal;

use super::*;
use crate::answer::examples::{answered, identity, list, network, peer, saved};
use crate::answer::{
    Abandoned, Answer, Applied, CheckView, Deed, Help, Intro, Mark, PeerConfig, PeerStatus,
    PeeringState, Pops, RawView, Reply, Stop, Whoami, Whose,
};
use crate::command::{ExitTells, Field, Form, Scope};
use crate::model::Role;
use crate::testing::golden;
use std::collections::VecDeque;

mod conversation;

fn our_asn() -> Asn {
    "4242420263".parse().unwrap()
}

fn intro() -> Outcome {
    answered(Intro { banner: "".into(), identity: identity(), notices: vec![] })
}

fn question(field: Field, prompt: &str, suggestion: Option<&str>) -> Outcome {
    let suggestion = suggestion.map(str::to_string);
    Err(Stop::Ask(Question::new(field, prompt).suggesting(suggestion.clone()).or_else(suggestion)))
}

/// Feeds `input` whole, answers each request with the next outcome, and returns everything that was
/// sent, each request marked, and the exit status if the session ended.
fn play(
    start: Start,
    window: Option<Screen>,
    input: &str,
    outcomes: impl IntoIterator<Item = Outcome>,
) -> String {
    let mut outcomes: VecDeque<Outcome> = outcomes.into_iter().collect();
    let mut session = Session::new(start, window, our_asn());
    let (mut output, mut seen) = (Output::default(), String::new());
    session.begin(&mut output);
    let mut input = input.as_bytes();
    let mut ended = false;
    loop {
        let event = session.next(&mut output);
        let out = String::from_utf8(std::mem::take(&mut output.out)).unwrap();
        let err = String::from_utf8(std::mem::take(&mut output.err)).unwrap();
        seen += &out.replace("\r\n", "\n").replace('\x1b', "<ESC>");
        seen += &err.lines().map(|line| format!("(stderr) {line}\n")).collect::<String>();
        match event {
            Some(Event::Run(request)) => {
                seen += &format!("{{{:?} {:?}}}\n", request.command, request.answers);
                session.answered(outcomes.pop_front().expect("an outcome"), &mut output);
            }
            Some(Event::Follow(asn)) => {
                seen += &format!("{{looks on at {asn}}}\n");
                conversation::news().iter().for_each(|it| session.news(it, &mut output));
                session.followed();
            }
            Some(Event::Pause(time)) => {
                seen += &format!("{{pause of {} ms}}\n", time.as_millis());
                session.rested();
            }
            Some(Event::Close(status)) => return format!("{seen}\n[exit status {status}]\n"),
            None if !input.is_empty() => input = session.feed(input),
            None if ended => return seen,
            None => {
                ended = true;
                session.end_of_input();
            }
        }
    }
}

/// Types what there is room for.
fn typed(session: &mut Session, keys: &[u8]) {
    assert!(session.feed(keys).is_empty(), "{} bytes", keys.len());
}

fn transcript(name: &str, actual: &str) {
    golden(&format!("{}/fixtures/shell/{name}.txt", env!("CARGO_MANIFEST_DIR")), actual);
}

fn window(columns: usize) -> Option<Screen> {
    Some(Screen::window("dumb", columns))
}

/// `ssh -tt pop peer_create </dev/null`.
#[test]
fn who_has_ended_the_input_is_not_waited_for() {
    let question = || question(Field::Asn, "AS Number", None);
    let exec = || Start::Exec("peer_create".into());
    let at_terminal = play(exec(), window(80), "", [question()]);
    assert!(at_terminal.ends_with("\n[exit status 2]\n"), "{at_terminal}");
    let without = play(exec(), None, "", [question()]);
    let words = without.lines().find_map(|line| line.strip_prefix("(stderr) ")).unwrap();
    assert!(at_terminal.contains(words), "{at_terminal}\n{without}");
}

#[test]
fn a_wrong_answer_is_asked_again_and_the_others_are_kept() {
    let refused = Err(Stop::Refused(
        Refusal::new(
            "bad_key",
            "A WireGuard key is 43 characters of base64 and one =",
            "See wg pubkey",
        ),
        Some(Field::WgPubKey),
    ));
    let seen = play(
        Start::Shell,
        window(80),
        "peer_create\r\rwrong\rright\r\u{4}",
        [
            intro(),
            question(Field::Asn, "AS Number", Some("64600")),
            question(Field::WgPubKey, "WireGuard public key", None),
            refused,
            question(Field::WgPubKey, "WireGuard public key", None),
            answered(saved(Deed::Created, peer(64600, PeeringState::Queued), Applied::Yes)),
        ],
    );
    transcript("create", &seen);
}

#[test]
fn an_interrupt_abandons_the_question_and_nothing_else() {
    let seen = play(
        Start::Shell,
        window(80),
        "peer_remove\r\u{3}whoami\rbye\r",
        [
            intro(),
            question(Field::Confirm, "Remove the peering with AS64600? Type YES", None),
            answered(Whoami(identity())),
            answered(Bye),
        ],
    );
    transcript("interrupt", &seen);
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let missing = || question(Field::WgPubKey, "WireGuard public key", None);
    let seen = play(
        Start::Shell,
        None,
        "# a comment\n\npeer_create\npeer_create --json\nreboot\nper_list --json\nwhoami\n",
        [
            question(Field::Asn, "AS Number", Some("64600")),
            missing(),
            missing(),
            answered(Whoami(identity())),
        ],
    );
    transcript("script", &seen);
}

#[test]
fn a_single_command_ends_with_its_status() {
    let exec = |line: &str, outcome: Option<Outcome>| {
        play(Start::Exec(line.to_string()), None, "", outcome)
    };
    let refusal = || Refusal::new("no_peering", "AS1 has no peering here", "peer_create makes one");
    let late = Applied::No("BIRD does not answer".into());
    let late = saved(Deed::Removed, peer(4242420263, PeeringState::Queued), late);
    let seen = [
        exec("peer_list", Some(answered(list(vec![], Scope::Mine)))),
        exec("peer_config 1", Some(Err(Stop::Refused(refusal(), Some(Field::Asn))))),
        exec("peer_config 1 --json", Some(Err(Stop::Refused(refusal(), Some(Field::Asn))))),
        exec("peer_remove", Some(question(Field::Confirm, "Remove? Type YES", None))),
        exec("peer_remove --yes --wait", Some(answered(late))),
        exec("whoami", Some(Err(Stop::Fault("This POP has a problem of its own".into())))),
        exec("", None),
        exec("peer_list --nonsense", None),
    ];
    transcript("exec", &seen.join("\n"));
}

/// The attack: names and messages that carry terminal escapes, meant for whoever lists them.
#[test]
fn the_text_of_others_cannot_drive_a_terminal() {
    let words = "BIRD says \u{1b}]0;owned\u{7} \u{9b}31m \u{202e}txet";
    let mut view = peer(64600, PeeringState::Failed);
    view.wg_endpoint_addr = Some("\u{1b}[2J.example.org".into());
    view.error = Some(words.into());
    let (detail, hint) = (words.to_string(), words.to_string());
    let check = CheckView { name: "bgp", mark: Mark::Bad, detail, by: Some(Whose::Operator), hint };
    let raw = Some(RawView { link: words.into(), wireguard: words.into(), bird: words.into() });
    let replies: Vec<Reply> = vec![
        Box::new(list(vec![view.clone()], Scope::All)),
        Box::new(PeerStatus {
            peer: view.clone(),
            checks: vec![check],
            raw,
            exit_tells: ExitTells::Done,
        }),
        Box::new(saved(Deed::Created, view, Applied::No(words.into()))),
    ];
    for reply in replies {
        for screen in [Screen::PIPE, Screen::window("dumb", 80)] {
            let text = reply.text(screen);
            let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert_eq!(bad, None, "{text}");
        }
    }
}

/// No line is wider than the window, but a word that cannot be broken and what is to be copied.
fn fits(reply: &dyn Answer, columns: usize) {
    let text = reply.text(Screen::window("xterm", columns).without_color());
    for line in text.lines().filter(|it| !it.starts_with("ssh -p ")) {
        assert!(
            crate::text::width::width(line) <= columns || !line.contains(' '),
            "{columns}: {line}"
        );
    }
}

/// Where what is to be copied stands among the answers below.
const CONFIG: usize = 4;

fn help(topic: Option<&'static crate::command::CommandSpec>, role: Role) -> Reply {
    Box::new(Help { topic, role })
}

#[test]
fn answers_fit_the_window() {
    let status = PeerStatus {
        peer: peer(4242420001, PeeringState::Applied),
        checks: vec![
            CheckView {
                name: "registry",
                mark: Mark::Good,
                detail: "AS4242420001 belongs to ALICE-MNT".into(),
                by: None,
                hint: String::new(),
            },
            CheckView {
                name: "bgp",
                mark: Mark::Bad,
                detail: "Active since 12:00, last error: Socket: No route to host".into(),
                by: Some(Whose::Member),
                hint: "Is your BIRD configured as in peer_config?".into(),
            },
        ],
        raw: Some(RawView {
            link: "wg-as4242420001".into(),
            wireguard: "interface: wg-as4242420001\n".into(),
            bird: "".into(),
        }),
        exit_tells: ExitTells::Done,
    };
    let config = PeerConfig {
        form: Form::Table,
        text: String::new(),
        peer: peer(4242420001, PeeringState::Applied),
        our_asn: our_asn(),
        wireguard: "[Interface]".into(),
        link: "wg-peer-pop".into(),
        bird: "protocol bgp pop {}".into(),
    };
    let peers = vec![peer(4242420001, PeeringState::Applied), peer(64600, PeeringState::Failed)];
    let replies: Vec<Reply> = vec![
        help(None, Role::Member),
        help(crate::command::lookup("peer_create").ok(), Role::Member),
        Box::new(Intro { banner: "".into(), identity: identity(), notices: vec![] }),
        Box::new(list(peers, Scope::Mine)),
        Box::new(config),
        Box::new(status),
        Box::new(network()),
        Box::new(Pops::default()),
    ];
    for columns in [40, 80, 200] {
        let screen = Screen::window("xterm", columns);
        for (_, reply) in replies.iter().enumerate().filter(|(at, _)| *at != CONFIG) {
            fits(reply.as_ref(), columns);
        }
        let late = || Applied::No("BIRD does not answer on its socket /run/bird/bird.ctl".into());
        fits(&saved(Deed::Created, peer(64600, PeeringState::Failed), late()), columns);
        fits(&saved(Deed::Removed, peer(64600, PeeringState::Failed), late()), columns);
        fits(&Whoami(identity()), columns);
        for spec in crate::command::COMMANDS {
            fits(&Help { topic: Some(spec), role: Role::Admin }, columns);
        }
        let seen: String = replies.iter().map(|it| it.text(screen)).collect();
        transcript(&format!("columns-{columns}"), &seen.replace('\x1b', "<ESC>"));
    }
    let piped: String = replies.iter().map(|it| it.text(Screen::PIPE)).collect();
    transcript("pipe", &piped);
}

fn watched(detail: &str) -> Outcome {
    let check = CheckView {
        name: "bgp",
        mark: Mark::Good,
        detail: detail.into(),
        by: None,
        hint: String::new(),
    };
    let peer = peer(64600, PeeringState::Applied);
    answered(PeerStatus { peer, checks: vec![check], raw: None, exit_tells: ExitTells::Done })
}

/// Runs a session until it has nothing to do, or is to pause; what was sent, and the time.
fn until_pause(session: &mut Session, outcomes: &mut Vec<Outcome>) -> (String, Option<Duration>) {
    let (mut output, mut pause) = (Output::default(), None);
    while let (None, Some(event)) = (pause, session.next(&mut output)) {
        match event {
            Event::Run(_) => session.answered(outcomes.remove(0), &mut output),
            Event::Pause(time) => pause = Some(time),
            other => panic!("{other:?}"),
        }
    }
    (String::from_utf8(output.out).unwrap(), pause)
}

/// The key that ends it is no input, and the prompt comes back.
#[test]
fn what_is_watched_comes_again_until_a_key_is_pressed() {
    for (term, top) in [("xterm", true), ("dumb", false)] {
        let mut session = Session::new(Start::Shell, Some(Screen::window(term, 80)), our_asn());
        let mut outcomes =
            vec![intro(), watched("Active"), watched("Connect"), watched("Established")];
        typed(&mut session, b"peer_status --watch\r");
        let (first, pause) = until_pause(&mut session, &mut outcomes);
        assert_eq!(pause, Some(Duration::from_millis(2000)));
        assert!(first.contains("Active") && first.contains("Any key ends this."), "{first}");
        assert_eq!(first.contains("\x1b[H"), top, "{first:?}");
        session.rested();
        let (second, pause) = until_pause(&mut session, &mut outcomes);
        assert!(pause.is_some() && second.contains("Connect"), "{second}");
        assert_eq!(second.contains('\x1b'), top, "{second:?}");
        // A new width draws it anew at once.
        session.resize(40, &mut Output::default());
        let (third, pause) = until_pause(&mut session, &mut outcomes);
        assert!(pause.is_some() && third.contains("Established"), "{third}");
        typed(&mut session, b"q");
        let (end, pause) = until_pause(&mut session, &mut outcomes);
        assert_eq!(pause, None);
        assert!(end.contains("AS4242420263> ") && !end.contains("> q"), "{end:?}");
    }
}

#[test]
fn a_watch_ends_by_itself_or_with_ctrl_c_or_with_an_error() {
    let begin = || {
        let start = Start::Exec("peer_status --watch".into());
        let mut session = Session::new(start, window(80), our_asn());
        session.begin(&mut Output::default());
        session
    };
    let (mut session, mut output) = (begin(), Output::default());
    let mut answers = 0;
    let status = loop {
        match session.next(&mut output) {
            Some(Event::Run(_)) => {
                answers += 1;
                session.answered(watched("Active"), &mut output);
            }
            Some(Event::Pause(_)) => session.rested(),
            Some(Event::Close(status)) => break status,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((answers, status), (crate::limits::WATCH_ROUNDS_MAX, ExitStatus::Done.code()));
    let mut session = begin();
    assert!(matches!(session.next(&mut output), Some(Event::Run(_))));
    session.answered(watched("Active"), &mut output);
    session.rested();
    assert!(matches!(session.next(&mut output), Some(Event::Run(_))));
    session.interrupted(&mut output);
    assert!(matches!(session.next(&mut output), Some(Event::Close(_))));
    let mut session = begin();
    assert!(matches!(session.next(&mut output), Some(Event::Run(_))));
    session.answered(Err(Refusal::new("no_peering", "gone", "").into()), &mut output);
    assert!(matches!(session.next(&mut output), Some(Event::Close(1))));
}

#[test]
fn only_a_terminal_can_watch() {
    let exec = |line: &str| play(Start::Exec(line.to_string()), None, "", []);
    for line in ["peer_status --watch", "peer_status --watch --json"] {
        let said = exec(line);
        assert!(said.contains("--watch needs a terminal") && said.contains("status 2"), "{said}");
    }
    let json = play(Start::Exec("peer_status --watch --json".into()), window(80), "", []);
    assert!(json.contains("\"error\"") && json.contains("status 2"), "{json}");
}
