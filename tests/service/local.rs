//! The running service, asked from its own machine: `peerling exec` and a second service.

use crate::files::names;
use crate::pop::{Draft, Pop, router_key};
use crate::run::Said;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Refused or failed.
const FAILED: i32 = 1;
/// Saved and not applied.
const NOT_APPLIED: i32 = 3;

fn create(draft: &Draft, asn: &str, more: &[&str]) -> Said {
    let key = router_key(asn.as_bytes()[asn.len() - 1]);
    let words = ["exec", "--as", "alice", "--", "peer_create", "--asn", asn, "--wg-pub-key", &key];
    // Each peering needs a port of its own.
    let endpoint = format!("[2001:db8::1]:{}", &asn[5..]);
    let answers = ["--endpoint-addr", endpoint.as_str()];
    draft.peerling(&[&words[..], &answers[..], more].concat())
}

fn exec(draft: &Draft, words: &[&str]) -> Said {
    draft.peerling(&[&["exec", "--"], words].concat())
}

/// What the service answers to one line on its socket.
fn ask(draft: &Draft, line: &[u8]) -> String {
    let mut stream = UnixStream::connect(draft.path("peerling.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // It may have hung up before it heard everything.
    let _ = stream.write_all(line);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn the_running_service_carries_out_what_exec_is_told() {
    let Some(mut pop) = Pop::start() else { return };
    let mode = fs::metadata(pop.path("peerling.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let created = create(&pop, "4242420001", &["--wait", "--json"]);
    assert!(created.fine().contains("\"state\":\"applied\""), "{created:#?}");
    assert_eq!(names(&pop, "bird"), ["ebgp_as4242420001"]);
    // A file that cannot be written: ssh and exec tell the same.
    fs::create_dir(pop.path("bird/ebgp_as4242420002")).unwrap();
    let failed = create(&pop, "4242420002", &["--wait"]);
    assert_eq!(failed.status, Some(NOT_APPLIED), "{failed:#?}");
    let list = ["peer_list", "--all", "--json"];
    let told = exec(&pop, &list);
    for state in ["applied", "failed"] {
        assert!(told.fine().contains(&format!("\"state\":\"{state}\"")), "{told:#?}");
    }
    assert_eq!(pop.alice("peer_list --json").fine(), told.fine());
    pop.is_well();
}

#[test]
fn without_a_service_nothing_is_claimed_to_be_applied() {
    let Some(pop) = Pop::start() else { return };
    create(&pop, "4242420001", &["--wait"]).fine();
    let draft = pop.stop();
    assert!(!draft.path("peerling.sock").exists(), "a clean end leaves no socket");
    let told = exec(&draft, &["peer_list", "--all", "--json"]);
    assert!(told.fine().contains("\"state\":\"queued\""), "{told:#?}");
    assert!(told.fine().contains("peerling does not run here"), "{told:#?}");
    create(&draft, "4242420002", &[]).fine();
    let edit = ["peer_edit", "--asn", "4242420002", "--mtu", "1400", "--wait"];
    let edited = exec(&draft, &edit);
    assert_eq!(edited.status, Some(NOT_APPLIED), "{edited:#?}");
    assert!(edited.stdout.contains("peerling does not run here"), "{edited:#?}");
    let pop = draft.serve();
    let said = exec(&pop, &["peer_edit", "--asn", "4242420002", "--mtu", "1401", "--wait"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
}

#[test]
fn words_stay_words() {
    let Some(pop) = Pop::start() else { return };
    let reason = "two words, \"quoted\" and one's own";
    exec(&pop, &["ban", "BOB-MNT", "--reason", reason, "--yes"]).fine();
    let list = exec(&pop, &["ban"]);
    assert!(list.fine().contains(reason), "{list:#?}");
    // One word is a whole line, as ssh has it.
    exec(&pop, &["unban BOB-MNT"]).fine();
}

#[test]
fn a_second_service_over_the_same_database_is_refused() {
    let Some(pop) = Pop::start() else { return };
    let second = pop.peerling(&["serve"]);
    let words = second.refused(FAILED);
    assert!(words.contains("another peerling (process "), "{second:#?}");
    assert!(words.contains("stop it first"), "{second:#?}");
    exec(&pop, &["whoami"]).fine();
    // One that was killed leaves its socket, which keeps nobody out.
    let draft = pop.kill();
    assert!(draft.path("peerling.sock").exists());
    let pop = draft.serve();
    exec(&pop, &["whoami"]).fine();
}

#[test]
fn the_board_tells_how_the_service_is() {
    let Some(mut pop) = Pop::start() else { return };
    create(&pop, "4242420001", &["--wait"]).fine();
    let board = ask(&pop, b"\"board\"\n");
    for words in ["\"read_age_s\":", "\"asn\":4242420001,\"progress\":\"applied\""] {
        assert!(board.contains(words), "{words}: {board}");
    }
    assert!(!board.contains("\"refused\":\""), "{board}");
    fs::remove_dir_all(pop.path("registry/data/mntner")).unwrap();
    pop.signal(rustix::process::Signal::HUP);
    pop.wait_for_log("registry not taken over", 1);
    let board = ask(&pop, b"\"board\"\n");
    assert!(board.contains("\"refused\":\""), "{board}");
}

/// What the operator left there by mistake stays, and members are served.
#[test]
fn something_else_of_the_sockets_name_stops_nobody() {
    let Some(draft) = Draft::new() else { return };
    fs::write(draft.path("peerling.sock"), "the operator's").unwrap();
    let mut pop = draft.serve();
    pop.wait_for_log("peerling.sock: this is no socket; move it away", 1);
    pop.is_well();
    assert_eq!(pop.stop().read("peerling.sock"), "the operator's");
}

#[test]
fn whoever_asks_nonsense_is_told_and_harms_nothing() {
    let Some(mut pop) = Pop::start() else { return };
    for line in ["{}\n", "\n", "[[[[[[[[\n", "{\"run\":{\"words\":[]}}\n", "{\"run\":1}\n"] {
        let answer = ask(&pop, line.as_bytes());
        assert!(answer.starts_with("{\"refused\":"), "{line:?}: {answer}");
    }
    assert_eq!(ask(&pop, &vec![b'x'; 1 << 20]), "", "a line without an end is not read on");
    assert_eq!(ask(&pop, &[0xff, b'\n']), "");
    assert!(ask(&pop, b"\"board\"\n").ends_with("\"end\"\n"));
    let descriptors = pop.descriptors();
    let idle: Vec<UnixStream> =
        (0..100).map(|_| UnixStream::connect(pop.path("peerling.sock")).unwrap()).collect();
    let turned_away = ask(&pop, b"\"board\"\n");
    assert!(
        turned_away.contains("other clients are connected already; try again"),
        "{turned_away}"
    );
    assert!(pop.descriptors() < descriptors + 20, "{} clients are held", idle.len());
    drop(idle);
    crate::run::wait_until("the service to hear again", || {
        ask(&pop, b"\"board\"\n").ends_with("\"end\"\n")
    });
    pop.is_well();
}

#[test]
fn the_demo_has_a_service_to_ask() {
    let Some(draft) = Draft::new() else { return };
    let program = draft.command().get_program().to_str().unwrap().to_owned();
    let inside = format!("{program} --config \"$PEERLING_DEMO_DIR/peerling.toml\" exec -- whoami");
    // What is set around the demo means nothing inside it.
    let mut demo = draft.bare_command();
    demo.args(["demo", "--run", &inside]).env("PEERLING_STORE_PATH", "/nowhere/peering.db");
    let said = crate::run::run(&mut demo, b"");
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(said.stdout.ends_with("administrator, no AS number\n"), "{said:#?}");
}
