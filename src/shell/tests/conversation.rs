//! peer_create and peer_edit as conversations: suggestions, pasted sections, what is shown before a
//! question, and how a peering comes up.

use super::*;
use crate::answer::{Change, FollowEvent, LimitsView, Stage};
use crate::model::{Families, WgSecret};

const KEY: &str = "qM9hLEF1Q4cZGb2U6FPPkxJaJxTHJ0ObrXzJxYrmRk0=";
const SECRET: &str = "cFNlY3JldCBvZiBzb21lYm9keSwgbm90IHRvIGtlZXA=";

/// What is told of a peering that comes up.
pub(super) fn news() -> Vec<FollowEvent> {
    let reached = |stage, after_ms| FollowEvent::Reached(stage, Duration::from_millis(after_ms));
    vec![
        reached(Stage::Link, 240),
        reached(Stage::Session, 1_390),
        reached(Stage::Handshake, 9_050),
        reached(Stage::Established, 12_700),
    ]
}

fn limits() -> Shown {
    Shown::Limits(LimitsView {
        our_asn: our_asn(),
        server: "pop.example.net".into(),
        peers: 12,
        peers_max: Some(100),
        families: Families::V6,
        approval: false,
    })
}

fn ask(field: Field, prompt: &str, suggestion: Option<&str>, shown: Shown) -> Outcome {
    let question = Question::new(field, prompt).suggesting(suggestion.map(str::to_string));
    Err(Stop::Ask(question.showing(shown)))
}

fn draft() -> Shown {
    Shown::Draft(Box::new(peer(4242420001, PeeringState::Queued)), our_asn())
}

fn made() -> Outcome {
    let view = peer(4242420001, PeeringState::Queued);
    answered(saved(Deed::Created, view, Applied::NotAwaited))
}

#[test]
fn six_enters_and_three_pastes() {
    let seen = play(
        Start::Shell,
        window(80),
        &format!("peer_create\r\r{KEY}\r \"node.example.org\"\r\r\r\r"),
        [
            intro(),
            ask(Field::Asn, "AS Number", Some("4242420001"), limits()),
            ask(Field::WgPubKey, "WireGuard public key", None, limits()),
            ask(Field::EndpointAddr, "WireGuard endpoint address", None, limits()),
            ask(Field::EndpointPort, "WireGuard endpoint port", Some("20263"), limits()),
            ask(Field::LinkLocal, "Link-local IPv6 address, or auto", Some("fe80::1"), limits()),
            ask(Field::Confirm, "Create this peering?", Some("yes"), draft()),
            made(),
        ],
    );
    transcript("conversation", &seen);
}

/// A section in one paste, its line ends as the terminal marks them; and the same without marks,
/// where each of its lines is an answer of its own.
#[test]
fn a_pasted_section_answers_several_questions() {
    let lines = ["[Peer]", &format!("PublicKey = {KEY}"), "Endpoint = node.example.org:20263"];
    let asks = || {
        [
            intro(),
            ask(Field::Asn, "AS Number", Some("4242420001"), limits()),
            ask(Field::WgPubKey, "WireGuard public key", None, limits()),
        ]
    };
    let local = || ask(Field::LinkLocal, "Link-local IPv6 address", Some("fe80::1"), limits());
    let rest = || [local(), ask(Field::Confirm, "Create this peering?", Some("yes"), draft())];
    let marked = format!("peer_create\r\r\x1b[200~{}\n\x1b[201~\r\rno\r", lines.join("\n"));
    let one = play(
        Start::Shell,
        window(80),
        &marked,
        asks().into_iter().chain(rest()).chain([answered(Abandoned)]),
    );
    let again = [ask(Field::WgPubKey, "WireGuard public key", None, limits())];
    let endpoint = ask(Field::EndpointAddr, "WireGuard endpoint address", None, limits());
    let typed = format!("peer_create\r\r{}\r\rno\r", lines.join("\r"));
    let each = play(
        Start::Shell,
        window(80),
        &typed,
        asks()
            .into_iter()
            .chain(again)
            .chain([endpoint])
            .chain(rest())
            .chain([answered(Abandoned)]),
    );
    transcript("pasted", &format!("{one}\n--- without marks\n{each}"));
    let taken = "EndpointAddr: \"node.example.org:20263\"}";
    assert!(one.contains(taken) && each.contains(taken), "{one}\n{each}");
}

/// The mistake: the whole file of one's own router, private key and all.
#[test]
fn a_private_key_is_neither_kept_nor_shown_again() {
    let file = format!(
        "[Interface] PrivateKey = {SECRET} ListenPort = 20263 Address = fe80::7/64 \
         [Peer] PublicKey = {KEY} Endpoint = pop.example.net:52001"
    );
    let again = || ask(Field::WgPubKey, "WireGuard public key", None, limits());
    let mut session = Session::new(Start::Shell, window(400), our_asn());
    let mut output = Output::default();
    session.begin(&mut output);
    let typed = format!("peer_create\r{file}\r");
    let mut typed = typed.as_bytes();
    for outcome in [intro(), again(), again()] {
        let mut next = session.next(&mut output);
        while next.is_none() {
            typed = session.feed(typed);
            next = session.next(&mut output);
        }
        let Some(Event::Run(request)) = next else { panic!("a request") };
        assert!(!format!("{request:?}").contains(SECRET));
        session.answered(outcome, &mut output);
    }
    let Doing::Asking(job, _) = &session.doing else { panic!("a question") };
    assert_eq!(job.request.answer(Field::EndpointPort), Some("20263"));
    assert_eq!(job.request.answer(Field::LinkLocal), Some("fe80::7"));
    let public = SECRET.parse::<WgSecret>().unwrap().public().to_string();
    assert_eq!(job.request.answer(Field::WgPubKey), Some(public.as_str()));
    let shown = String::from_utf8(output.out).unwrap();
    assert_eq!(shown.matches(SECRET).count(), 1, "the echo of what was pasted, and no more");
    assert!(shown.contains("The private key in it was not kept"), "{shown}");
    assert!(shown.contains("Its [Peer] section was left out"), "{shown}");
}

#[test]
fn what_is_typed_ahead_is_done_before_anything_is_looked_at() {
    let seen = play(
        Start::Shell,
        window(80),
        "peer_create\rwhoami\r",
        [intro(), made(), answered(Whoami(identity()))],
    );
    assert!(seen.contains("It is being set up; peer_status"), "{seen}");
    assert!(seen.contains("{Whoami {}}") && !seen.contains("{looks on"), "{seen}");
}

#[test]
fn an_edited_peering_shows_what_becomes_of_it() {
    let changes = || {
        let change = |name, before: &str, after: &str| Change {
            name,
            before: before.into(),
            after: after.into(),
        };
        vec![
            change("wg_endpoint", "[2a02:3100:3e6f:d100::1]:20263", "new.example.org:20263"),
            change("psk", "none", "set"),
        ]
    };
    let view = || peer(4242420001, PeeringState::Applied);
    let off = peer(4242420001, PeeringState::Disabled);
    let shown = Shown::Changes(Asn::new(4242420001).unwrap(), changes());
    let key = || question(Field::WgPubKey, "WireGuard public key", Some(KEY));
    let edited = play(
        Start::Shell,
        window(80),
        "peer_edit\r\r\rpeer_edit --endpoint-addr x.example.org\rpeer_disable\rpeer_enable\r",
        [
            intro(),
            key(),
            ask(Field::Confirm, "Change this peering?", Some("yes"), shown),
            answered(saved(Deed::Edited(changes()), view(), Applied::Yes)),
            answered(saved(Deed::Unchanged, view(), Applied::Yes)),
            answered(saved(Deed::Disabled, off, Applied::Yes)),
            answered(saved(Deed::Enabled, view(), Applied::No("BIRD does not answer".into()))),
        ],
    );
    transcript("edit", &edited);
}

#[test]
fn every_outcome_of_looking_on_has_its_words() {
    let view = peer(4242420001, PeeringState::Queued);
    let all = [
        FollowEvent::Failed("BIRD says \u{1b}[2J no".into()),
        FollowEvent::Waiting(Stage::Link),
        FollowEvent::Waiting(Stage::Handshake),
        FollowEvent::Waiting(Stage::Established),
        FollowEvent::Unseen,
    ];
    let words = |it: &FollowEvent| it.text(&view, Screen::window("dumb", 80));
    let seen: String = all.iter().map(words).collect();
    assert!(!seen.contains('\u{1b}'), "{seen}");
    transcript("follow", &seen);
}

/// A pasted file at the command line is no command, and its key is not kept for the cursor keys.
#[test]
fn a_file_pasted_as_a_command_is_not_remembered() {
    let line = format!("[Interface] PrivateKey = {SECRET}");
    let seen = play(Start::Shell, window(400), &format!("{line}\r\x1b[A\r"), [intro()]);
    assert_eq!(seen.matches(SECRET).count(), 1, "{seen}");
    assert!(seen.contains("peer_create"), "{seen}");
}
