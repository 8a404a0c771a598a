//! JSON as `packaging/schema` says it: the golden files of every kind of answer, and what the real
//! service says. Python's `jsonschema` judges.

use crate::admin::{boss, draft};
use crate::commands::{ENDPOINT, create};
use crate::pop::{Draft, Pop};
use crate::run::{has, run, skip};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is wrong with these answers, each with its schema; `None`: nobody is here to tell.
fn complaints(answers: &[(String, String)]) -> Option<String> {
    if !has("python3", "python3") {
        return None;
    }
    if run(Command::new("python3").args(["-c", "import jsonschema"]), b"").status != Some(0) {
        skip("python3 cannot import jsonschema; pip install jsonschema");
        return None;
    }
    let lines = answers.iter().map(|(schema, json)| format!("{schema}\t{}\n", json.trim_end()));
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/schema");
    let mut judge = Command::new("python3");
    judge.args(["-c", include_str!("python/validate.py")]).arg(schemas);
    let said = run(&mut judge, lines.collect::<String>().as_bytes());
    Some(said.fine().to_string())
}

/// `peer-created.json` is to be as `peer.json` says.
fn golden() -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/json");
    let file = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let schema = name.split('-').next().unwrap().to_string();
        (schema, fs::read_to_string(path).unwrap())
    };
    fs::read_dir(directory).unwrap().map(|it| file(&it.unwrap().path())).collect()
}

#[test]
fn golden_answers_are_as_their_schemas_say() {
    let golden = golden();
    assert!(golden.len() >= 19, "{golden:?}");
    assert_eq!(complaints(&golden).unwrap_or_default(), "");
}

#[test]
fn the_judge_tells_wrong_from_right() {
    let wrong = [
        ("peer", r#"{"version":1}"#, "'peer' is a required property"),
        ("removed", r#"{"version":2,"removed":1,"error":null}"#, "1 was expected"),
        ("removed", r#"{"version":1,"removed":"1","error":null}"#, "is not of type 'integer'"),
        ("error", r#"{"version":1,"error":{"code":"A","message":"","hint":""}}"#, "'A'"),
        ("peers", r#"{"version":1,"peers":[],"more":1}"#, "'more' was unexpected"),
        ("peers", r#"{"version":1,"peers":[{"asn":1}]}"#, "'id' is a required property"),
    ];
    for (schema, answer, words) in wrong {
        let Some(said) = complaints(&[(schema.to_string(), answer.to_string())]) else { return };
        assert!(said.contains(words), "{answer}: {said}");
    }
}

#[test]
fn what_operators_are_answered_is_as_its_schema_says() {
    let Some(pop) = draft().map(Draft::serve) else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let conversation = [
        ("help", "help --json"),
        ("peer", "peer_approve 4242420001 --json"),
        ("peer", "peer_suspend 4242420001 --reason floods --yes --json"),
        ("peer", "peer_enable 4242420001 --json"),
        ("ban", "ban ALICE-MNT --reason spam --yes --json"),
        ("ban", "ban --json"),
        ("ban", "unban ALICE-MNT --json"),
        ("audit", "audit --json"),
        ("history", "peer_history 4242420001 --json"),
        ("whoami", "whoami --json"),
    ];
    let ask = |&(schema, command): &(&str, &str)| {
        (schema.to_string(), boss(&pop, command).fine().to_string())
    };
    let mut answers: Vec<_> = conversation.iter().map(ask).collect();
    answers.push(("check".to_string(), pop.peerling(&["check", "--json"]).stdout));
    assert_eq!(complaints(&answers).unwrap_or_default(), "");
}

#[test]
fn real_answers_are_as_their_schemas_say() {
    let Some(pop) = Pop::start() else { return };
    let options = "--mtu 1400 --psk generate --families ipv6";
    let create = create(&format!("{ENDPOINT} {options} --wait --json"));
    let conversation = [
        ("help", "help --json"),
        ("help", "help peer_create --json"),
        ("whoami", "whoami --json"),
        ("peers", "peer_list --json"),
        ("error", "peer_config --json"),
        ("error", "peer_create --json"),
        ("error", "nonsense --json"),
        ("peer", create.as_str()),
        ("peers", "peer_list --json"),
        ("peers", "peer_list --down --json"),
        ("peer", "peer_config --json"),
        ("peer", "peer_config --format json"),
        ("peer", "peer_config --format routeros --json"),
        ("peer", "peer_status --json"),
        ("peer", "peer_status --raw --json"),
        ("export", "peer_export --json"),
        ("pops", "pops --json"),
        ("peer", create.as_str()),
        ("peer", "peer_edit --mtu 1300 --psk generate --yes --wait --json"),
        ("peer", "peer_edit --mtu 1300 --yes --json"),
        ("peer", "peer_disable --wait --json"),
        ("peer", "peer_enable --wait --json"),
        ("removed", "peer_remove --yes --wait --json"),
    ];
    let ask = |&(schema, command): &(&str, &str)| {
        let said = pop.alice(command);
        assert_eq!(said.stderr, "", "{command}: {said:#?}");
        assert_eq!(said.status == Some(0), schema != "error", "{command}: {said:#?}");
        (schema.to_string(), said.stdout)
    };
    let answers: Vec<_> = conversation.iter().map(ask).collect();
    assert_eq!(complaints(&answers).unwrap_or_default(), "");
}
