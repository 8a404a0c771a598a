//! peer_status with the real client: what a member without a router sees, and the answer that comes
//! again and again.

use crate::answers::json;
use crate::commands::{ENDPOINT, USAGE, create};
use crate::pop::Pop;
use tinyjson::JsonValue;

fn check<'a>(status: &'a JsonValue, name: &str) -> &'a JsonValue {
    let checks: &Vec<JsonValue> = status["peer"]["checks"].get().unwrap();
    let named = |it: &&JsonValue| it["name"].get::<String>().unwrap() == name;
    checks.iter().find(named).expect(name)
}

fn words<'a>(check: &'a JsonValue, key: &str) -> &'a String {
    check[key].get().unwrap_or_else(|| panic!("{key} of {check:?}"))
}

#[test]
fn a_watch_is_drawn_again_and_ends_with_a_key() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let mut shell = pop.ssh("alice", "alice").shell(100);
    shell.expect("AS4242420263> ");
    shell.say("peer_status --watch", "Any key ends this.");
    let again = shell.expect("Any key ends this.");
    assert!(again.contains("\x1b[H") && again.contains("registry"), "{again:?}");
    shell.resize(60);
    shell.expect("Any key ends this.");
    shell.send("q");
    shell.expect("AS4242420263> ");
    // The key was no input, and the shell is as it was.
    shell.say("whoami", "ALICE-MNT");
    shell.say("peer_status --watch", "Any key ends this.");
    shell.send("\x03");
    shell.expect("AS4242420263> ");
    shell.say("bye", "Cowboy");
    assert_eq!(shell.end().0, Some(0));
}

#[test]
fn a_script_does_not_watch() {
    let Some(pop) = Pop::start() else { return };
    let refused = pop.alice("peer_status --watch");
    assert!(refused.refused(USAGE).contains("needs a terminal"), "{refused:?}");
    let refused = json(&pop.alice("peer_status --watch --json").stdout);
    assert_eq!(refused["error"]["code"].get::<String>().unwrap(), "usage");
}

/// Without a tunnel there is still the registry and the endpoint to be judged, each time anew.
#[test]
fn the_registry_and_the_endpoint_are_judged_at_each_question() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let status = json(pop.alice("peer_status --json").fine());
    assert_eq!(check(&status, "registry")["ok"], json("true"));
    assert_eq!(check(&status, "registry")["by"], JsonValue::Null);
    let endpoint = check(&status, "endpoint");
    assert_eq!(endpoint["ok"], json("true"), "{endpoint:?}");
    assert!(words(endpoint, "detail").contains("2001:db8::1"), "{endpoint:?}");
    assert!(!status["peer"].get::<std::collections::HashMap<_, _>>().unwrap().contains_key("raw"));
    let raw = json(pop.alice("peer_status --raw --json").fine());
    for program in ["wireguard", "bird"] {
        assert!(raw["peer"]["raw"][program].is_string(), "{raw:?}");
    }
    let text = pop.alice("peer_status --raw");
    assert!(text.fine().contains("wg show wg-as4242420001\n"), "{text:?}");
}
