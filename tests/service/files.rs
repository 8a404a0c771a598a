//! What becomes of a peering outside the session: rows in the database, files in the directories.

use crate::answers::json;
use crate::commands::{ENDPOINT, REFUSED, create};
use crate::pop::{BOB, Draft, Pop, our_secret, router_key};
use crate::run::wait_until;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// The replaced service's only table.
pub const REFERENCE: &str = "CREATE TABLE peering_links (
    id INTEGER PRIMARY KEY CHECK(id BETWEEN 1 AND 65535), as_num INTEGER UNIQUE NOT NULL,
    wg_pub_key TEXT NOT NULL, wg_endpoint_addr TEXT NOT NULL,
    wg_endpoint_port INTEGER NOT NULL CHECK(wg_endpoint_port BETWEEN 1 AND 65535),
    user_link_local TEXT)";

/// The names in a directory, sorted.
pub fn names(draft: &Draft, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(draft.path(directory)).unwrap();
    let mut names: Vec<String> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// `wg-as4242420001.conf` as the replaced service writes it for peering 1.
pub fn wireguard_file(endpoint: &str) -> String {
    format!(
        "[Interface]\nPrivateKey = {}\nListenPort = 52001\n\
         PostUp = /sbin/ip addr add dev %i fe80:0263::1:1/128 peer fe80:0263::2:1/128\n\
         Table = off\n\n[Peer]\nPublicKey = {}\nEndpoint = {endpoint}\n\
         PersistentKeepalive = 30\n\
         AllowedIPs = 172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10",
        our_secret().reveal(),
        router_key(1)
    )
}

/// `ebgp_as4242420001` as the replaced service writes it for peering 1.
pub const BIRD_FILE: &str = "define AS4242420001_LATENCY = 9;

protocol bgp ebgp_as4242420001_v6 from dnpeers {
    neighbor fe80:0263::2:1 as 4242420001;
    interface \"wg-as4242420001\";

    ipv4 {
        import where dn42_import_filter(AS4242420001_LATENCY, BANDWIDTH, LINKTYPE);
        export where dn42_export_filter(AS4242420001_LATENCY, BANDWIDTH, LINKTYPE);
        extended next hop on;
    };

    ipv6 {
        import where dn42_import_filter_v6(AS4242420001_LATENCY, BANDWIDTH, LINKTYPE);
        export where dn42_export_filter_v6(AS4242420001_LATENCY, BANDWIDTH, LINKTYPE);
        extended next hop off;
    };
}";

#[test]
fn a_peering_becomes_two_files() {
    let Some(pop) = Pop::start() else { return };
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let path = "wireguard/wg-as4242420001.conf";
    assert_eq!(pop.read(path), wireguard_file("2001:db8::1:20263"));
    assert_eq!(fs::metadata(pop.path(path)).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(pop.read("bird/ebgp_as4242420001"), BIRD_FILE);
}

#[test]
fn a_removal_takes_its_own_files_and_no_others() {
    let Some(pop) = Pop::start() else { return };
    let foreign = ["wireguard/wg0.conf", "wireguard/wg-as4242420077.conf", "bird/ibgp_2"];
    let foreign = foreign.iter().chain(&["bird/ebgp_manual_as64600", "bird/ebgp_as4242420077"]);
    foreign.clone().for_each(|part| fs::write(pop.path(part), "# by hand").unwrap());
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    assert!(names(&pop, "bird").contains(&"ebgp_as4242420001".to_owned()));
    pop.alice("peer_remove --yes --wait").fine();
    assert_eq!(names(&pop, "wireguard"), ["wg-as4242420077.conf", "wg0.conf"]);
    assert_eq!(names(&pop, "bird"), ["ebgp_as4242420077", "ebgp_manual_as64600", "ibgp_2"]);
    foreign.for_each(|part| assert_eq!(pop.read(part), "# by hand"));
}

#[test]
fn of_two_at_once_one_wins() {
    let Some(pop) = Pop::start() else { return };
    let line = |port: u16| create(&format!("--endpoint-addr 2001:db8::1:{port} --json"));
    let at_once = |ports: [u16; 2]| {
        std::thread::scope(|scope| {
            let threads = ports.map(|port| {
                scope.spawn({
                    let (pop, line) = (&pop, line(port));
                    move || pop.alice(&line)
                })
            });
            threads.map(|it| it.join().unwrap())
        })
    };
    let both = at_once([20263, 20264]);
    let mut statuses = both.each_ref().map(|it| it.status);
    statuses.sort();
    assert_eq!(statuses, [Some(0), Some(REFUSED)], "{both:#?}");
    let loser = both.iter().find(|it| it.status == Some(REFUSED)).unwrap();
    assert_eq!(json(&loser.stdout)["error"]["code"], json("\"exists\""));
    // Who says the same twice has not done anything wrong.
    pop.alice("peer_remove --yes").fine();
    let both = at_once([20263, 20263]);
    let second = both.iter().filter(|it| it.fine().contains("\"unchanged\":true"));
    assert_eq!(second.count(), 1, "{both:#?}");
}

#[test]
fn ids_are_the_lowest_that_are_free() {
    let Some(pop) = Pop::start() else { return };
    let make = |asn: u32, key: u8| {
        let flags = format!("--wg-pub-key {} --endpoint-addr none --json", router_key(key));
        let name = if asn == BOB { "bob" } else { "alice" };
        let said = pop.ssh(name, name).run(&format!("peer_create --asn {asn} {flags}"));
        json(said.fine())["peer"]["id"].get::<f64>().copied()
    };
    assert_eq!(make(4242420001, 1), Some(1.0));
    assert_eq!(make(4242420002, 2), Some(2.0));
    pop.alice("peer_remove --asn 4242420001 --yes").fine();
    assert_eq!(make(BOB, 9), Some(1.0));
    assert_eq!(make(4242420001, 1), Some(3.0));
}

/// Rows of the replaced service, one of them with an endpoint that would be refused today: all are
/// served, and the table is as it was.
#[test]
fn the_replaced_services_database_goes_on() {
    let Some(draft) = Draft::new() else { return };
    let database = Connection::open(draft.path("peering.db")).unwrap();
    database.execute(REFERENCE, []).unwrap();
    let insert = "INSERT INTO peering_links VALUES (?1, ?2, ?3, ?4, 20263, ?5)";
    database.execute(insert, (1, 4242420001_u32, router_key(1), "2001:db8::1", "")).unwrap();
    let link_local = Some("fe80:0::9");
    database.execute(insert, (3, BOB, router_key(9), "10.1.2.3", link_local)).unwrap();
    let schema = "SELECT sql FROM sqlite_schema WHERE name = 'peering_links'";
    let before: String = database.query_row(schema, [], |row| row.get(0)).unwrap();
    drop(database);
    let pop = draft.serve();
    pop.wait_for_file("bird/ebgp_as4242420009");
    pop.wait_for_file("bird/ebgp_as4242420001");
    assert_eq!(pop.read("wireguard/wg-as4242420001.conf"), wireguard_file("2001:db8::1:20263"));
    let bob = pop.read("wireguard/wg-as4242420009.conf");
    assert!(bob.contains("PostUp = /sbin/ip addr add dev %i fe80::263/128 peer fe80:0::9/128\n"));
    assert!(bob.contains("Endpoint = 10.1.2.3:20263\n"), "{bob}");
    let list = json(pop.bob("peer_list --json").fine());
    assert_eq!(list["peers"][0]["id"], json("3"));
    pop.alice("peer_remove --asn 4242420001 --yes").fine();
    pop.alice(&create(ENDPOINT)).fine();
    let database = Connection::open(pop.path("peering.db")).unwrap();
    let after: String = database.query_row(schema, [], |row| row.get(0)).unwrap();
    assert_eq!(after, before);
}

#[test]
fn what_others_change_in_the_database_reaches_the_files() {
    let Some(pop) = Pop::start() else { return };
    let created =
        pop.peerling(&["exec", "--as", "bob", "--", "peer_create", "--asn", "4242420009"]);
    assert_eq!(created.status, Some(2), "an answer is missing: {created:#?}");
    let key = router_key(9);
    let flags = ["--wg-pub-key", &key, "--endpoint-addr", "none"];
    let words = ["exec", "--as", "bob", "--", "peer_create", "--asn", "4242420009"];
    let created = pop.peerling(&[&words[..], &flags[..]].concat());
    assert_eq!(created.status, Some(0), "{created:#?}");
    pop.wait_for_file("bird/ebgp_as4242420009");
    pop.wait_for_file("wireguard/wg-as4242420009.conf");
    let database = Connection::open(pop.path("peering.db")).unwrap();
    let change = "UPDATE peering_links SET user_link_local = 'fe80::77'";
    database.execute(change, []).unwrap();
    let changed =
        || pop.read("bird/ebgp_as4242420009").contains("neighbor fe80::77 as 4242420009;");
    wait_until("the changed row in the file", changed);
    pop.peerling(&["exec", "--", "peer_remove", "--asn", "4242420009", "--yes"]);
    wait_until("the files to go", || names(&pop, "wireguard").is_empty());
    wait_until("the files to go", || names(&pop, "bird").is_empty());
}

/// What runs is not renamed: by other names it would be made twice, and come up by neither.
#[test]
fn names_are_not_changed_under_what_runs() {
    let Some(mut draft) = Draft::new() else { return };
    // Nothing bears a name yet.
    draft = draft.serve().stop();
    draft.set("wireguard", "interface", "\"dn42-${asn}\"");
    draft.set("bird", "file", "\"${asn}.conf\"");
    draft.set("bird", "protocol", "\"AS${asn}\"");
    let mut pop = draft.serve();
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    pop.wait_for_file("wireguard/dn42-4242420001.conf");
    pop.wait_for_file("bird/4242420001.conf");
    assert!(pop.read("bird/4242420001.conf").contains("protocol bgp AS4242420001 from dnpeers {"));
    pop.set_and_reload("bird", "file", "\"ebgp_as${asn}\"");
    pop.wait_for_log("1 peering(s) bear names by wireguard.interface = \"dn42-${asn}\"", 1);
    let draft = pop.stop();
    let said = draft.peerling(&["serve"]);
    assert_eq!(said.status, Some(REFUSED), "{said:#?}");
    assert!(said.stderr.contains("what runs is not renamed"), "{said:#?}");
    assert_eq!(names(&draft, "bird"), ["4242420001.conf"]);
    // Where nothing of it is left, the new names hold.
    fs::remove_file(draft.path("bird/4242420001.conf")).unwrap();
    fs::remove_file(draft.path("wireguard/dn42-4242420001.conf")).unwrap();
    draft.serve().wait_for_file("bird/ebgp_as4242420001");
}
