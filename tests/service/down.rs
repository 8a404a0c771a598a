//! `peerling down`: what is ours goes when somebody said so, and nothing else does.

use crate::check::create;
use crate::pop::{BOB, Draft, router_key};
use crate::pty::Pty;
use rusqlite::Connection;
use std::fs;

/// Refused or failed.
const FAILED: i32 = 1;
/// The files of the usual peering.
const WIREGUARD: &str = "wireguard/wg-as4242420001.conf";
const BIRD: &str = "bird/ebgp_as4242420001";

/// Is the usual peering's there?
fn is_up(draft: &Draft) -> bool {
    let there = [WIREGUARD, BIRD].map(|part| draft.path(part).exists());
    assert_eq!(there[0], there[1], "only one of both");
    there[0]
}

#[test]
fn nothing_is_taken_down_beside_the_service_or_unasked() {
    let Some(draft) = Draft::new() else { return };
    let said = draft.peerling(&["down", "--yes"]);
    assert!(said.refused(FAILED).contains("there is no database at "), "{said:#?}");
    assert!(!draft.path("peering.db").exists(), "looking makes nothing");
    create(&draft).fine();
    let pop = draft.serve();
    pop.wait_for_file(WIREGUARD);
    pop.wait_for_file(BIRD);
    let said = pop.peerling(&["down", "--yes"]);
    let told = said.refused(FAILED);
    assert!(told.contains("`systemctl stop peerling`, then `peerling down`"), "{told}");
    let draft = pop.stop();
    let said = draft.peerling(&["down"]);
    let told = said.refused(FAILED);
    assert!(told.contains("`peerling down --yes`"), "{told}");
    assert!(is_up(&draft));
    for (answer, goes) in [("", false), ("no", false), ("yes", true)] {
        let mut command = draft.command();
        command.arg("down");
        let mut terminal = Pty::spawn(&command, 100);
        let asked = terminal.expect("Take all this down? [no]: ");
        assert!(asked.contains("remove file wg-as4242420001.conf"), "{asked}");
        assert!(asked.contains("remove file ebgp_as4242420001"), "{asked}");
        terminal.send(format!("{answer}\n"));
        let (status, rest) = terminal.end();
        assert_eq!(status, Some(if goes { 0 } else { FAILED }), "{answer}: {rest}");
        assert_eq!(is_up(&draft), !goes, "{answer}: {rest}");
    }
    let again = draft.peerling(&["down"]);
    assert!(again.fine().contains("no link and no BGP session of ours is left"), "{again:#?}");
    let pop = draft.serve();
    pop.wait_for_file(WIREGUARD);
    pop.wait_for_file(BIRD);
}

/// A row that cannot be served is ours; files of our names that the database knows nothing of, and
/// the operator's own, are not.
#[test]
fn what_the_database_does_not_know_stays() {
    let Some(draft) = Draft::new() else { return };
    create(&draft).fine();
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    let database = Connection::open(draft.path("peering.db")).unwrap();
    let insert = "INSERT INTO peering_links (id, as_num, wg_pub_key, wg_endpoint_addr,
                  wg_endpoint_port) VALUES (9, ?1, ?2, 'a b', 20263)";
    database.execute(insert, (BOB, router_key(9))).unwrap();
    drop(database);
    let stay = ["wireguard/wg-as64998.conf", "bird/ebgp_as64998", "bird/ebgp_manual"];
    let broken = "wireguard/wg-as4242420009.conf";
    for part in [&[broken], &stay[..]].concat() {
        fs::write(draft.path(part), "# by hand\n").unwrap();
    }
    let said = draft.peerling(&["down", "--yes"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    assert!(said.stdout.contains("peering.db stays"), "{said:#?}");
    assert!(said.stderr.contains("remove file wg-as4242420001.conf"), "each is told: {said:#?}");
    assert!(said.stderr.contains("AS64998"), "what stays is told: {said:#?}");
    assert!(!is_up(&draft));
    assert!(!draft.path(broken).exists(), "a row that cannot be served is ours");
    assert!(stay.iter().all(|part| draft.path(part).exists()), "the rest stays");
    let database = Connection::open(draft.path("peering.db")).unwrap();
    let count = "SELECT count(*) FROM peering_links";
    let rows: i64 = database.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2, "the database stays");
}
