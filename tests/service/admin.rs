//! What operators decide, and what members notice of it: approval, suspension, bans, the audit.

use crate::answers::json;
use crate::commands::{ENDPOINT, NOT_APPLIED, REFUSED, USAGE, create};
use crate::pop::{ALICE, BOB, Draft, Pop, router_key};
use crate::run::{Said, wait_until};
use rusqlite::Connection;
use tinyjson::JsonValue;

const PROMPT: &str = "AS4242420263> ";

/// A POP with an operator, whose key is `boss`.
pub fn draft() -> Option<Draft> {
    let mut draft = Draft::new()?;
    draft.keygen("boss", &["-t", "ed25519"]);
    let admins = format!("[{:?}]", draft.auth("boss"));
    draft.set("ssh", "admin_keys", &admins);
    Some(draft)
}

/// The same, where each peering is to be approved.
fn by_approval() -> Option<Pop> {
    let mut draft = draft()?;
    draft.set("peers", "open", "\"approval\"");
    Some(draft.serve())
}

/// The operator runs a command.
pub fn boss(pop: &Pop, command: &str) -> Said {
    pop.ssh("operator", "boss").run(command)
}

/// A good answer in JSON.
pub fn answer(said: &Said) -> JsonValue {
    json(said.fine())
}

/// The code of a refusal in JSON.
pub fn code(said: &Said) -> String {
    assert_eq!(said.status, Some(REFUSED), "{said:#?}");
    json(&said.stdout)["error"]["code"].get::<String>().unwrap().clone()
}

/// The state of ALICE's only peering.
fn state(pop: &Pop) -> String {
    answer(&pop.alice("peer_list --json"))["peers"][0]["state"].get::<String>().unwrap().clone()
}

/// ALICE has a peering that is set up.
fn alice_peers(pop: &Pop) {
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    assert_eq!(state(pop), "applied");
}

const FILE: &str = "wireguard/wg-as4242420001.conf";

#[test]
fn a_new_peering_waits_for_approval() {
    let Some(pop) = by_approval() else { return };
    let created = pop.alice(&create(&format!("{ENDPOINT} --wait --json")));
    assert_eq!(created.status, Some(NOT_APPLIED), "saved, and nobody is waited for: {created:#?}");
    let view = json(&created.stdout);
    assert_eq!(view["peer"]["state"], json("\"pending\""));
    assert!(view["peer"]["error"].get::<String>().unwrap().contains("approval"));
    let waits = "waits for the approval of this POP's operator";
    for command in ["peer_list", "peer_status", "peer_config"] {
        let said = pop.alice(command);
        assert!(said.fine().contains(waits), "{command}: {said:#?}");
    }
    let words = "Your peering with AS4242420001 waits for the operator's approval.";
    assert!(pop.alice("intro").fine().contains(words));
    let queue = "Waiting for approval: AS4242420001 of ALICE-MNT; see peer_approve";
    assert!(boss(&pop, "intro").fine().contains(queue));
    assert!(!pop.bob("intro").fine().contains("4242420001"));
    assert!(boss(&pop, "peer_list --all").fine().contains("1 waiting for approval"));
    // Another peering is set up meanwhile, so the loop has had its turn.
    boss(
        &pop,
        &format!(
            "peer_create --asn {BOB} --wg-pub-key {} --endpoint-addr none --wait",
            router_key(9)
        ),
    )
    .fine();
    assert!(!pop.path(FILE).exists(), "nothing of it is on the machine");
    let edited = pop.alice("peer_edit --endpoint-port 20264 --yes --wait --json");
    assert_eq!((edited.status, state(&pop).as_str()), (Some(NOT_APPLIED), "pending"));
    for command in ["peer_disable --json", "peer_enable --json"] {
        assert_eq!(code(&pop.alice(command)), "pending", "{command} is no way round");
    }
    let approved = answer(&boss(&pop, "peer_approve --wait --json"));
    assert_eq!(approved["peer"]["state"], json("\"applied\""), "the only one that waits");
    assert!(pop.read(FILE).contains("2001:db8::1:20264"));
    let again = answer(&boss(&pop, "peer_approve 4242420001 --json"));
    assert_eq!(again["unchanged"], json("true"));
    assert_eq!(code(&boss(&pop, "peer_approve --json")), "no_peering");
    assert_eq!(code(&boss(&pop, "peer_reject 4242420001 --reason x --yes --json")), "not_pending");
}

/// The local machine has the operator's rights too, and the running service follows.
#[test]
fn an_approval_from_the_local_machine() {
    let Some(pop) = by_approval() else { return };
    let created = pop.alice(&create(ENDPOINT));
    assert!(created.fine().contains("It waits for the approval of this POP's operator."));
    let approved = pop.peerling(&["exec", "--", "peer_approve", "4242420001"]);
    assert!(approved.fine().contains("is approved"), "{approved:#?}");
    pop.wait_for_file(FILE);
    wait_until("the peering to be applied", || state(&pop) == "applied");
    let record = &answer(&boss(&pop, "audit --json"))["records"][1];
    assert_eq!((&record["action"], &record["source"]), (&json("\"approve\""), &json("\"local\"")));
}

#[test]
fn what_is_rejected_is_gone_and_its_member_learns_why() {
    let Some(pop) = by_approval() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let said = boss(&pop, "peer_reject 4242420001 --yes");
    assert!(said.refused(USAGE).contains("--reason is missing"), "{said:#?}");
    let said = boss(&pop, "peer_reject 4242420001 --reason 'no transit here'");
    assert!(said.refused(USAGE).contains("--yes is missing"), "{said:#?}");
    let rejected = answer(&boss(&pop, "peer_reject --reason 'no transit here.' --yes --json"));
    let expected =
        r#"{"version": 1, "removed": 4242420001, "error": null, "reason": "no transit here"}"#;
    assert_eq!(rejected, json(expected));
    assert_eq!(answer(&pop.alice("peer_list --json"))["peers"], json("[]"));
    let words = "Your peering with AS4242420001 was not approved: no transit here.";
    assert!(pop.alice("intro").fine().contains(words));
    let history = answer(&pop.alice("peer_history --asn 4242420001 --json"));
    assert_eq!(history["events"][1]["detail"], json("\"reason no transit here\""));
    assert_eq!(history["events"][1]["who"], json("\"operator\""));
    pop.alice(&create(ENDPOINT)).fine();
    assert!(!pop.alice("intro").fine().contains("was not approved"), "asked for again");
}

/// What an administrator makes for somebody is that member's, and the audit log says who made it.
#[test]
fn an_administrators_peering_for_somebody_is_theirs() {
    let Some(draft) = draft() else { return };
    draft.member("BOSS", &[draft.auth("boss")], &[4242420088]);
    let pop = draft.serve();
    let said = pop.ssh("boss", "boss").run(&create(&format!("{ENDPOINT} --wait --json")));
    assert_eq!(json(said.fine())["peer"]["state"], json("\"applied\""));
    let database = Connection::open(pop.path("peering.db")).unwrap();
    let query = "SELECT maintainer FROM peerling_peering WHERE as_num = 4242420001";
    let owner: String = database.query_row(query, [], |row| row.get(0)).unwrap();
    assert_eq!(owner, "ALICE-MNT");
    let record = &answer(&boss(&pop, "audit --maintainer ALICE-MNT --json"))["records"][0];
    assert_eq!(record["actor"], json("\"admin for BOSS-MNT\""));
    let history = answer(&pop.alice("peer_history --asn 4242420001 --json"));
    assert_eq!(history["events"][0]["who"], json("\"operator\""));
}

/// An approval that was given already is told with what became of it.
#[test]
fn an_approved_peering_that_failed_says_why() {
    let Some(pop) = by_approval() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    std::fs::create_dir_all(pop.path(FILE).join("in the way")).unwrap();
    let first = boss(&pop, "peer_approve 4242420001 --wait");
    let again = boss(&pop, "peer_approve 4242420001 --wait");
    for said in [&first, &again] {
        assert_eq!(said.status, Some(NOT_APPLIED), "{said:#?}");
        assert!(said.stdout.contains("not set up on our side: "), "{said:#?}");
    }
}

#[test]
fn only_so_many_wait() {
    let Some(mut draft) = draft() else { return };
    draft.set("peers", "open", "\"approval\"");
    let asns: Vec<u32> = (4242420050..4242420056).collect();
    draft.keygen("many", &["-t", "ed25519"]);
    draft.member("MANY", &[draft.auth("many")], &asns);
    let pop = draft.serve();
    let ask = |number: u8| {
        let (asn, key) = (4242420050 + u32::from(number), router_key(number));
        pop.ssh("many", "many")
            .run(&format!("peer_create --asn {asn} --wg-pub-key {key} --endpoint-addr none --json"))
    };
    for number in 0..5 {
        ask(number).fine();
    }
    assert_eq!(code(&ask(5)), "too_many_pending");
    assert_eq!(answer(&ask(0))["unchanged"], json("true"), "what is there may be said again");
    boss(&pop, "peer_approve 4242420050").fine();
    ask(5).fine();
}

#[test]
fn a_suspension_is_told_with_its_reason_and_ended_by_operators_only() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    alice_peers(&pop);
    let suspend = "peer_suspend 4242420001 --reason 'floods the tunnel' --yes --wait --json";
    let off = answer(&boss(&pop, suspend));
    assert_eq!(off["peer"]["state"], json("\"suspended\""));
    assert!(!pop.path(FILE).exists(), "nothing is left of it");
    assert_eq!(answer(&boss(&pop, suspend))["unchanged"], json("true"));
    let words = "switched off by this POP's operator: floods the tunnel";
    for command in ["peer_list", "peer_status", "peer_config"] {
        let said = pop.alice(command);
        assert!(said.fine().contains(words), "{command}: {said:#?}");
    }
    let words =
        "Your peering with AS4242420001 was switched off by the operator: floods the tunnel.";
    assert!(pop.alice("intro").fine().contains(words));
    for command in ["peer_enable --json", "peer_disable --json"] {
        let said = pop.alice(command);
        assert_eq!(code(&said), "suspended", "{command}");
        assert!(said.stdout.contains("floods the tunnel"), "{said:#?}");
    }
    pop.alice("peer_edit --endpoint-port 1 --yes").fine();
    assert_eq!(state(&pop), "suspended", "an edit switches nothing on");
    boss(&pop, "peer_enable 4242420001 --wait").fine();
    assert_eq!(state(&pop), "applied");
    assert!(pop.path(FILE).exists());
    assert!(!pop.alice("intro").fine().contains("floods"));
}

/// The attack: remove what is suspended, and make it anew.
#[test]
fn a_suspension_outlives_removal() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    alice_peers(&pop);
    boss(&pop, "peer_suspend 4242420001 --reason floods --yes").fine();
    pop.alice("peer_remove --asn 4242420001 --yes --wait").fine();
    let said = pop.alice(&create(&format!("{ENDPOINT} --json")));
    assert_eq!(code(&said), "banned");
    assert!(said.stdout.contains("AS4242420001 gets no peering here: floods"), "{said:#?}");
    let words = "AS4242420001 gets no peering here: floods.";
    assert!(pop.alice("intro").fine().contains(words));
    // Her other AS number is not concerned, nor is what operators take away.
    let other = create(ENDPOINT).replace(&ALICE[0].to_string(), &ALICE[1].to_string());
    pop.alice(&other).fine();
    boss(&pop, "peer_suspend 4242420002 --reason floods --yes").fine();
    boss(&pop, "peer_remove 4242420002 --yes").fine();
    pop.alice(&other).fine();
    boss(&pop, "unban 4242420001").fine();
    pop.alice("peer_remove --asn 4242420002 --yes --wait").fine();
    pop.alice(&create(ENDPOINT)).fine();
}

#[test]
fn who_is_banned_may_look_and_remove_and_nothing_more() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    alice_peers(&pop);
    let banned = answer(&boss(&pop, "ban --maintainer alice --reason spam --yes --json"));
    assert_eq!(banned["ban"]["maintainer"], json("\"ALICE-MNT\""));
    assert_eq!(banned["unchanged"], json("false"));
    let again = answer(&boss(&pop, "ban ALICE-MNT --reason spam --json"));
    assert_eq!(again["unchanged"], json("true"));
    assert!(pop.alice("intro").fine().contains("ALICE-MNT gets no peering here: spam."));
    assert_eq!(state(&pop), "applied", "what is set up goes on");
    let other = create(&format!("{ENDPOINT} --json")).replace("4242420001", "4242420002");
    for command in ["peer_create --json", &other, "peer_edit --endpoint-port 1 --yes --json"] {
        assert_eq!(code(&pop.alice(command)), "banned", "{command}");
    }
    pop.alice("peer_disable --wait").fine();
    assert_eq!(code(&pop.alice("peer_enable --json")), "banned");
    let acting = pop.ssh("alice", "boss").run("peer_enable --wait");
    acting.fine();
    assert_eq!(state(&pop), "applied", "an operator decides for themselves");
    let list = boss(&pop, "ban");
    assert!(list.fine().contains("ALICE-MNT") && list.fine().contains("spam"), "{list:#?}");
    for (count, changed) in [(0, "false"), (0, "true")] {
        let lifted = answer(&boss(&pop, "unban alice-mnt --json"));
        assert_eq!(lifted["unchanged"], json(changed), "{count}");
    }
    assert_eq!(answer(&boss(&pop, "ban --json")), json(r#"{"version": 1, "bans": []}"#));
    pop.alice("peer_edit --endpoint-port 1 --yes").fine();
}

#[test]
fn bans_of_nobody_and_of_oneself() {
    let Some(draft) = draft() else { return };
    draft.member("BOSS", &[draft.auth("boss")], &[4242420088]);
    let pop = draft.serve();
    for (command, expected) in [
        ("ban --maintainer NOBODY-HERE-MNT --reason x --yes --json", "unknown_maintainer"),
        ("ban 4242420263 --reason x --yes --json", "own_network"),
        ("ban x --reason x --yes --json", "bad_asn"),
        ("ban --maintainer 'a b' --reason x --yes --json", "bad_maintainer"),
        ("ban ALICE-MNT --reason '' --yes --json", "bad_reason"),
        ("ban ALICE-MNT --reason ' . ' --yes --json", "bad_reason"),
        ("ban ALICE-MNT --reason 'a\u{1b}[2J' --yes --json", "bad_reason"),
        ("audit --since yesterday --json", "bad_time"),
    ] {
        assert_eq!(code(&boss(&pop, command)), expected, "{command}");
    }
    for command in ["ban --reason x --yes", "ban 1 --maintainer ALICE-MNT --reason x", "unban"] {
        boss(&pop, command).refused(USAGE);
    }
    let gone = answer(&boss(&pop, "unban GONE-MNT --json"));
    assert_eq!(gone["unchanged"], json("true"), "a ban outlives its maintainer's object");
    // An operator who bans their own maintainer is an operator still.
    boss(&pop, "ban BOSS-MNT --reason 'by mistake' --yes").fine();
    let mine = pop.ssh("boss", "boss");
    let key = router_key(1);
    mine.run(&format!("peer_create --asn 4242420088 --wg-pub-key {key} --endpoint-addr none"))
        .fine();
    pop.ssh("boss", "boss").run("unban BOSS-MNT").fine();
}

#[test]
fn the_audit_tells_who_changed_what() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    alice_peers(&pop);
    pop.ssh("alice", "boss").run("peer_edit --endpoint-port 20264 --yes").fine();
    pop.bob(&format!(
        "peer_create --asn {BOB} --wg-pub-key {} --endpoint-addr none",
        router_key(9)
    ))
    .fine();
    boss(&pop, "ban BOB-MNT --reason 'maintainer ALICE-MNT' --yes").fine();
    let found = |filter: &str| {
        let said = boss(&pop, &format!("audit {filter} --json"));
        let records: Vec<JsonValue> = answer(&said)["records"].get::<Vec<_>>().unwrap().clone();
        let field = |it: &JsonValue, name: &str| it[name].get::<String>().unwrap().clone();
        let line = |it: &JsonValue| format!("{} {}", field(it, "actor"), field(it, "action"));
        records.iter().map(line).collect::<Vec<_>>()
    };
    let (created, edited) = ("ALICE-MNT create", "admin for ALICE-MNT edit");
    assert_eq!(found(""), [created, edited, "BOB-MNT create", "admin ban"]);
    assert_eq!(found("--asn AS4242420001"), [created, edited]);
    assert_eq!(found("alice-mnt"), [created, edited]);
    assert_eq!(found("--maintainer bob --since 1h"), ["BOB-MNT create", "admin ban"]);
    assert_eq!(found("--since 2999-01-01").len(), 0);
    let record = &answer(&boss(&pop, "audit 4242420001 --json"))["records"][1];
    let text = |name: &str| record[name].get::<String>().unwrap().clone();
    assert!(text("key").starts_with("SHA256:") && text("source") == "::1", "{record:?}");
    assert!(text("at").ends_with('Z') && text("before").contains("20263"), "{record:?}");
    let shown = boss(&pop, "audit 4242420001");
    assert!(shown.fine().contains("endpoint from 2001:db8::1:20263 to 2001:db8::1:20264"));
}

#[test]
fn a_members_history_is_theirs_alone() {
    let Some(mut pop) = draft().map(Draft::serve) else { return };
    alice_peers(&pop);
    boss(&pop, "peer_suspend 4242420001 --reason floods --yes").fine();
    boss(&pop, "peer_enable 4242420001").fine();
    let said = pop.alice("peer_history --asn 4242420001 --json");
    let events: Vec<JsonValue> = answer(&said)["events"].get::<Vec<_>>().unwrap().clone();
    let changes: Vec<&JsonValue> =
        events.iter().filter(|it| it["kind"] == json("\"change\"")).collect();
    let who: Vec<&JsonValue> = changes.iter().map(|it| &it["who"]).collect();
    let operator = json("\"operator\"");
    assert_eq!(who, [&json("\"ALICE-MNT\""), &operator, &operator]);
    assert!(changes[0]["source"].is_string() && changes[0]["key"].is_string());
    assert!(changes[1]["source"].is_null() && changes[1]["key"].is_null(), "not the operator's");
    assert!(pop.alice("peer_history 4242420001").fine().contains("reason floods"));
    assert_eq!(code(&pop.bob("peer_history 4242420001 --json")), "not_yours");
    // The AS number goes to BOB, who sees nothing of what it was before.
    pop.alice("peer_remove --asn 4242420001 --yes --wait").fine();
    pop.member("ALICE", &[pop.auth("alice")], &[]);
    pop.member("BOB", &[pop.auth("bob")], &[BOB, ALICE[0]]);
    pop.signal(rustix::process::Signal::HUP);
    pop.wait_for_log("registry: ", 2);
    let bobs = |pop: &Pop| {
        let said = pop.bob("peer_history 4242420001 --json");
        answer(&said)["events"].get::<Vec<JsonValue>>().unwrap().len()
    };
    assert_eq!(bobs(&pop), 0);
    pop.bob(&create("--endpoint-addr none")).fine();
    assert_eq!(bobs(&pop), 1);
    let all = boss(&pop, "peer_history 4242420001");
    assert!(all.fine().contains("ALICE-MNT") && all.fine().contains("BOB-MNT"), "{all:#?}");
}

/// A ban and a suspension act on whoever is in, as a change of the registry does.
#[test]
fn decisions_act_on_open_sessions() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    alice_peers(&pop);
    let mut shell = pop.ssh("alice", "alice").shell(100);
    shell.expect(PROMPT);
    boss(&pop, "peer_suspend 4242420001 --reason floods --yes").fine();
    shell.say("peer_enable", "operator: floods");
    shell.expect(PROMPT);
    shell.say("peer_create", "AS Number");
    boss(&pop, "ban ALICE-MNT --reason spam --yes").fine();
    shell.say("4242420002", "ALICE-MNT gets no peering here: spam");
    shell.expect(PROMPT);
    boss(&pop, "unban ALICE-MNT").fine();
    shell.say("peer_create", "AS Number");
    shell.send("4242420002\r");
    shell.expect("WireGuard public key");
}

#[test]
fn an_operator_is_asked_for_what_is_missing() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    alice_peers(&pop);
    let mut shell = pop.ssh("operator", "boss").shell(100);
    shell.expect(PROMPT);
    shell.say("peer_suspend", "AS Number: ");
    shell.say("4242420001", "Reason, for the member: ");
    shell.say("floods the tunnel", "Switch off the peering with AS4242420001? Type YES: ");
    shell.say("no", "Nothing was changed.");
    shell.expect(PROMPT);
    shell.say("ban eve-mnt", "no maintainer EVE-MNT");
    shell.expect(PROMPT);
    shell.say("ban bob-mnt", "Reason, for the member: ");
    shell.say("spam", "Ban BOB-MNT? Type YES: ");
    shell.say("YES", "BOB-MNT gets no peering here: spam.");
    shell.expect(PROMPT);
    assert_eq!(state(&pop), "applied");
}
