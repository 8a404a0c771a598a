//! A peering that is carried from one POP to another: `ssh pop peer_export | ssh sister peer_create
//! --from -`.

use crate::answers::json;
use crate::commands::{ENDPOINT, REFUSED, USAGE, create};
use crate::pop::Pop;
use crate::run::{Said, run};

/// What makes the same at a sister POP.
const IMPORT: &str = "peer_create --from - --yes --wait";

fn import(pop: &Pop, more: &str, export: &str) -> Said {
    pop.ssh("alice", "alice").input(export).run(&format!("{IMPORT} {more}"))
}

#[test]
fn a_sister_pop_makes_the_same() {
    let (Some(pop), Some(sister)) = (Pop::start(), Pop::start()) else { return };
    let more = "--link-local fe80::77 --mtu 1400 --families ipv6";
    pop.alice(&create(&format!("{ENDPOINT} {more}"))).fine();
    let exported = pop.alice("peer_export");
    let made = import(&sister, "--json", exported.fine());
    let made = json(made.fine());
    let listed = json(pop.alice("peer_list --json").fine());
    for field in ["asn", "wg_pub_key", "wg_endpoint_addr", "wg_endpoint_port", "link_local"] {
        assert_eq!(made["peer"][field], listed["peers"][0][field], "{field}");
    }
    assert_eq!(
        [&made["peer"]["mtu"], &made["peer"]["families"]],
        [&json("1400"), &json("\"ipv6\"")]
    );
    assert_eq!(sister.alice("peer_export").fine(), exported.fine());
}

#[test]
fn flags_win_and_what_is_left_to_the_pop_is_not_exported() {
    let (Some(pop), Some(sister)) = (Pop::start(), Pop::start()) else { return };
    pop.alice(&create("--endpoint-addr 2001:db8::1 --endpoint-port 20263")).fine();
    let exported = pop.alice("peer_export");
    assert!(!exported.fine().contains("link-local"), "{exported:#?}");
    let made = import(&sister, "--endpoint-port 20264 --json", exported.fine());
    assert_eq!(json(made.fine())["peer"]["wg_endpoint_port"], json("20264"));
    assert_eq!(json(made.fine())["peer"]["wg_endpoint_addr"], json("\"2001:db8::1\""));
}

#[test]
fn a_preshared_key_stays_where_it_is() {
    let (Some(pop), Some(sister)) = (Pop::start(), Pop::start()) else { return };
    let made = pop.alice(&create("--endpoint-addr none --psk generate --json"));
    let made = json(made.fine());
    let psk: &String = made["psk"].get().unwrap();
    let exported = pop.alice("peer_export");
    assert!(!exported.fine().contains(psk) && exported.fine().contains("psk = withheld"));
    let in_json = json(pop.alice("peer_export --json").fine());
    assert_eq!(in_json["export"]["psk"], json("true"));
    assert_eq!(in_json["export"]["text"].get::<String>().unwrap(), exported.fine());
    let silent = import(&sister, "", exported.fine());
    assert!(silent.refused(USAGE).starts_with("--psk is missing.\n"), "{silent:#?}");
    let made = import(&sister, "--psk generate --json", exported.fine());
    assert!(json(made.fine())["psk"].get::<String>().is_some_and(|other| other != psk));
}

#[test]
fn input_that_is_no_export_is_refused() {
    let Some(pop) = Pop::start() else { return };
    for input in ["", "hello\n", "{\"version\":1}", "asn = 4242420001\nnonsense = 1\n", "# x\n"] {
        let said = import(&pop, "", input);
        assert!(said.refused(USAGE).contains("peer_export"), "{input:?}: {said:#?}");
        let said = import(&pop, "--json", input);
        assert_eq!((said.status, said.stderr.as_str()), (Some(USAGE), ""), "{said:#?}");
        assert_eq!(json(&said.stdout)["error"]["code"], json("\"usage\""));
    }
    let flood = import(&pop, "", &"# much\n".repeat(100_000));
    assert!(flood.refused(USAGE).contains("at most 4096 bytes"), "{flood:#?}");
    let judged = import(&pop, "", "asn = 4242420009\n");
    assert!(
        judged.refused(REFUSED).contains("does not say that AS4242420009 is yours"),
        "{judged:#?}"
    );
    assert_eq!(json(pop.alice("peer_list --json").fine())["peers"], json("[]"));
}

/// There standard input is what is typed, or the next commands.
#[test]
fn a_prompt_and_a_script_have_no_input_to_spare() {
    let Some(pop) = Pop::start() else { return };
    let script = pop.ssh("alice", "alice").script("peer_create --from -\nwhoami\n");
    assert!(script.stderr.contains("ssh pop peer_export | ssh sister"), "{script:#?}");
    assert!(script.stdout.starts_with("ALICE-MNT"), "the script goes on: {script:#?}");
    let mut shell = pop.ssh("alice", "alice").shell(80);
    shell.expect("AS4242420263> ");
    shell.say("peer_create --from -", "ssh pop peer_export");
    shell.kill();
}

#[test]
fn the_operator_imports_from_a_file() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(ENDPOINT)).fine();
    let exported = pop.alice("peer_export");
    pop.alice("peer_remove --yes --wait").fine();
    let mut exec = pop.command();
    exec.args(["exec", "--as", "alice", "--", "peer_create", "--from", "-", "--yes"]);
    let said = run(&mut exec, exported.fine().as_bytes());
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert_eq!(pop.alice("peer_export").fine(), exported.fine());
}
