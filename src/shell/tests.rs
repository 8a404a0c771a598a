//! Sessions played through the machine: what was typed and answered, as golden transcripts.

mod editing;
pub(super) mod glass;

use super::*;
use crate::command::{Applied, Field, Form, Stop};
use crate::command::{
    CheckView, ConfigView, IdentityView, Mark, OurSide, PeerView, PeeringState, PopPeering,
    PopView, PopsView, RawView, Reply, Rtt, Scope, StatusView, Whose,
};
use crate::model::{Families, Role};
use crate::testing::golden;
use std::collections::VecDeque;

mod conversation;

fn our_asn() -> Asn {
    "4242420263".parse().unwrap()
}

/// A peering of the examples; other tests say what is different in theirs.
pub(super) fn peer(asn: u32, state: PeeringState) -> PeerView {
    PeerView {
        asn: Asn::new(asn).unwrap(),
        id: 1,
        state,
        wg_pub_key: "qM9hLEF1Q4cZGb2U6FPPkxJaJxTHJ0ObrXzJxYrmRk0=".parse().unwrap(),
        wg_endpoint_addr: Some("2a02:3100:3e6f:d100:250a:3f69:c3d4:8da8".into()),
        wg_endpoint_port: Some("20263".parse().unwrap()),
        link_local: Some("fe80:0263::2:1".parse().unwrap()),
        mtu: None,
        psk: false,
        families: Families::Both,
        generated_psk: None,
        our: OurSide {
            wg_pub_key: "7PpSZqGrgHoFLcO0MDQYGRqWw8hy5vyGPvzDVsrLhhA=".parse().unwrap(),
            wg_endpoint_addr: "pop.example.net".into(),
            wg_endpoint_port: Some("52001".parse().unwrap()),
            link_local: Some("fe80:0263::1:1".parse().unwrap()),
        },
        error: None,
        notes: vec![],
    }
}

/// A network of four POPs, and a member who peers at two of them.
pub(super) fn network() -> PopsView {
    let peering = |asn: u32, rtt| PopPeering { asn: Asn::new(asn).unwrap(), rtt };
    let pop = |name: &str, peerings| PopView {
        name: name.into(),
        host: format!("{name}.example.net"),
        this: name == "ams",
        peerings,
    };
    let here = vec![peering(64600, Rtt::Unknown), peering(4242420001, Rtt::Measured(4_123))];
    let line = |asn: u32, to: &str| {
        format!(
            "ssh -p 4242 alice@ams.example.net peer_export --asn {asn} | \
             ssh -p 4242 alice@{to}.example.net peer_create --from - --yes --wait"
        )
    };
    PopsView {
        pops: vec![
            pop("ams", Some(here)),
            pop("fra", Some(vec![peering(4242420001, Rtt::AtMost(7_300))])),
            pop("nyc", Some(vec![])),
            pop("waw", None),
        ],
        lines: vec![
            line(64600, "fra"),
            line(64600, "nyc"),
            line(4242420001, "nyc"),
            line(64600, "waw"),
            line(4242420001, "waw"),
        ],
    }
}

fn identity() -> IdentityView {
    IdentityView {
        maintainer: "ALICE-MNT".parse().ok(),
        role: Role::Member,
        asns: vec![Asn::new(4242420001).unwrap(), Asn::new(64600).unwrap()],
        network: "Example Network".into(),
        server: "pop.example.net".into(),
        our_asn: our_asn(),
        notices: vec![],
    }
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
            Ok(Reply::Intro(identity())),
            question(Field::Asn, "AS Number", Some("64600")),
            question(Field::WgPubKey, "WireGuard public key", None),
            refused,
            question(Field::WgPubKey, "WireGuard public key", None),
            Ok(Reply::Created(Box::new(peer(64600, PeeringState::Queued)), Applied::Yes)),
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
            Ok(Reply::Intro(identity())),
            question(Field::Confirm, "Remove the peering with AS64600? Type YES", None),
            Ok(Reply::Whoami(identity())),
            Ok(Reply::Bye),
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
            Ok(Reply::Whoami(identity())),
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
    let late = Reply::Removed(our_asn(), Applied::No("BIRD does not answer".into()));
    let seen = [
        exec("peer_list", Some(Ok(Reply::Peers(vec![], Scope::Mine)))),
        exec("peer_config 1", Some(Err(Stop::Refused(refusal(), Some(Field::Asn))))),
        exec("peer_config 1 --json", Some(Err(Stop::Refused(refusal(), Some(Field::Asn))))),
        exec("peer_remove", Some(question(Field::Confirm, "Remove? Type YES", None))),
        exec("peer_remove --yes --wait", Some(Ok(late))),
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
    let raw = Some(RawView { wireguard: words.into(), bird: words.into() });
    let replies = [
        Reply::Peers(vec![view.clone()], Scope::All),
        Reply::Status(Box::new(StatusView { peer: view.clone(), checks: vec![check], raw })),
        Reply::Created(Box::new(view), Applied::No(words.into())),
    ];
    for reply in replies {
        for screen in [Screen::PIPE, Screen::window("dumb", 80)] {
            let text = view::reply(&reply, screen);
            let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert_eq!(bad, None, "{text}");
        }
    }
}

/// No line is wider than the window, but a word that cannot be broken and what is to be copied.
fn fits(reply: &Reply, columns: usize) {
    if matches!(reply, Reply::Config(_)) {
        return;
    }
    let text = view::reply(reply, Screen::window("xterm", columns).without_color());
    for line in text.lines().filter(|it| !it.starts_with("ssh -p ")) {
        assert!(
            crate::text::width::width(line) <= columns || !line.contains(' '),
            "{columns}: {line}"
        );
    }
}

#[test]
fn answers_fit_the_window() {
    let status = StatusView {
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
        raw: Some(RawView { wireguard: "interface: wg-as4242420001\n".into(), bird: "".into() }),
    };
    let config = ConfigView {
        form: Form::Table,
        text: String::new(),
        peer: peer(4242420001, PeeringState::Applied),
        our_asn: our_asn(),
        wireguard: "[Interface]".into(),
        link: "wg-peer-pop".into(),
        bird: "protocol bgp pop {}".into(),
    };
    let peers = vec![peer(4242420001, PeeringState::Applied), peer(64600, PeeringState::Failed)];
    let replies = [
        Reply::Help(None, Role::Member),
        Reply::Help(crate::command::lookup("peer_create").ok(), Role::Member),
        Reply::Intro(identity()),
        Reply::Peers(peers, Scope::Mine),
        Reply::Config(Box::new(config)),
        Reply::Status(Box::new(status)),
        Reply::Pops(Box::new(network())),
        Reply::Pops(Box::default()),
    ];
    for columns in [40, 80, 200] {
        let screen = Screen::window("xterm", columns);
        replies.iter().for_each(|it| fits(it, columns));
        let late = || Applied::No("BIRD does not answer on its socket /run/bird/bird.ctl".into());
        fits(&Reply::Created(Box::new(peer(64600, PeeringState::Failed)), late()), columns);
        fits(&Reply::Removed(our_asn(), late()), columns);
        fits(&Reply::Whoami(identity()), columns);
        let commands = grammar::names().map(|name| crate::command::lookup(name).ok());
        commands.for_each(|spec| fits(&Reply::Help(spec, Role::Admin), columns));
        let seen: String = replies.iter().map(|it| view::reply(it, screen)).collect();
        transcript(&format!("columns-{columns}"), &seen.replace('\x1b', "<ESC>"));
    }
    let piped: String = replies.iter().map(|it| view::reply(it, Screen::PIPE)).collect();
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
    Ok(Reply::Status(Box::new(StatusView { peer, checks: vec![check], raw: None })))
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
        let mut outcomes = vec![
            Ok(Reply::Intro(identity())),
            watched("Active"),
            watched("Connect"),
            watched("Established"),
        ];
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
    assert_eq!((answers, status), (crate::limits::WATCH_ROUNDS_MAX, status::DONE));
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
    assert!(matches!(session.next(&mut output), Some(Event::Close(status::REFUSED))));
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
