//! `peerling export`: what a backup has of a POP, and what it must not have.

use crate::commands::{ENDPOINT, create};
use crate::files::names;
use crate::pop::{Draft, Pop, our_key, our_secret, router_key};
use crate::run::{Said, run};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

/// Refused or failed.
const FAILED: i32 = 1;
/// Where the copies of this POP lie in the backup.
const HOME: &str = "backup/servers/pop";

/// Two peerings, one of them with a preshared key; and what hand-made files there are on a POP.
fn pop_with_everything() -> Option<Pop> {
    let pop = Draft::new()?.serve();
    let secret = our_secret().reveal();
    let by_hand = format!("[Interface]\nprivatekey={secret}\n#PresharedKey = {secret}\n");
    fs::write(pop.path("wireguard/wg-int-fra.conf"), by_hand).unwrap();
    fs::write(pop.path("wireguard/other.conf"), "not copied").unwrap();
    fs::write(pop.path("bird/ibgp_fra"), "protocol bgp ibgp_fra { password \"hunter2\"; }")
        .unwrap();
    fs::write(pop.path("bird/ebgp_manual_as64600"), "# by hand\n").unwrap();
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let second = format!("--asn 4242420002 --wg-pub-key {} --endpoint-addr none", router_key(2));
    let second = format!("peer_create {second} --psk generate --wait --yes");
    pop.alice(&second).fine();
    Some(pop)
}

fn export(draft: &Draft) -> Said {
    draft.peerling(&["export", "backup"])
}

/// Every file below a directory, with its content and when it was last changed.
fn tree(root: &Path) -> BTreeMap<String, (Vec<u8>, i64)> {
    let (mut found, mut open) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_string();
            let changed = fs::metadata(&path).unwrap();
            let changed = changed.ctime() * 1_000_000_000 + changed.ctime_nsec();
            found.insert(name, (fs::read(&path).unwrap(), changed));
        }
    }
    found
}

#[test]
fn a_serving_pop_is_copied_without_a_secret() {
    let Some(pop) = pop_with_everything() else { return };
    let stored = Connection::open(pop.path("peering.db")).unwrap();
    let query = "SELECT preshared_key FROM peerling_peering WHERE preshared_key IS NOT NULL";
    let shared: String = stored.query_row(query, [], |row| row.get(0)).unwrap();
    // Nobody who makes a backup needs the private key.
    fs::remove_file(pop.path("wireguard.key")).unwrap();
    let key = our_key().to_string();
    let said = run(
        pop.command().args(["export", "backup"]).env("PEERLING_WIREGUARD_PUBLIC_KEY", key),
        b"",
    );
    assert_eq!(said.fine(), "");
    let copies = tree(&pop.path("backup"));
    let expected = [
        "servers/pop/bird/ebgp_as4242420001",
        "servers/pop/bird/ebgp_as4242420002",
        "servers/pop/bird/ebgp_manual_as64600",
        "servers/pop/bird/ibgp_fra",
        "servers/pop/peering.db",
        "servers/pop/wireguard/wg-as4242420001.conf",
        "servers/pop/wireguard/wg-as4242420002.conf",
        "servers/pop/wireguard/wg-int-fra.conf",
    ];
    assert_eq!(copies.keys().collect::<Vec<_>>(), expected);
    for (name, (bytes, _)) in &copies {
        for secret in [&our_secret().reveal(), &shared, "hunter2", "SHA256:"] {
            let has = bytes.windows(secret.len()).any(|it| it == secret.as_bytes());
            assert!(!has, "{name} has {secret}");
        }
    }
    let second = pop.read("wireguard/wg-as4242420002.conf");
    assert!(second.contains(&shared));
    let blanked =
        second.replace(&shared, "**REMOVED**").replace(&our_secret().reveal(), "**REMOVED**");
    assert_eq!(pop.read(&format!("{HOME}/wireguard/wg-as4242420002.conf")), blanked);
    assert_eq!(
        pop.read(&format!("{HOME}/bird/ebgp_as4242420002")),
        pop.read("bird/ebgp_as4242420002")
    );
    assert!(pop.read(&format!("{HOME}/bird/ibgp_fra")).contains("password \"**REMOVED**\";"));
}

#[test]
fn only_what_changed_is_written_and_what_is_gone_goes() {
    let Some(pop) = pop_with_everything() else { return };
    export(&pop).fine();
    let first = tree(&pop.path("backup"));
    export(&pop).fine();
    assert_eq!(tree(&pop.path("backup")), first, "the same POP: nothing was touched");
    // What is not of a kind that is copied stays, whatever lies there.
    for part in ["README", "wireguard/notes", "bird/.hidden"] {
        fs::write(pop.path(HOME).join(part), "theirs").unwrap();
    }
    fs::write(pop.path(HOME).join("bird/.ebgp_as1.new"), "half").unwrap();
    fs::create_dir(pop.path(HOME).join("bird/directory")).unwrap();
    fs::create_dir_all(pop.path("backup/servers/sister/bird")).unwrap();
    fs::write(pop.path("backup/servers/sister/bird/ebgp_as1"), "hers").unwrap();
    fs::remove_file(pop.path("bird/ibgp_fra")).unwrap();
    pop.alice("peer_remove --asn 4242420002 --yes --wait").fine();
    export(&pop).fine();
    let bird = ["directory", "ebgp_as4242420001", "ebgp_manual_as64600"];
    let hidden = [&[".hidden"], &bird[..]].concat();
    assert_eq!(names(&pop, &format!("{HOME}/bird")), hidden);
    let wireguard = ["notes", "wg-as4242420001.conf", "wg-int-fra.conf"];
    assert_eq!(names(&pop, &format!("{HOME}/wireguard")), wireguard);
    assert_eq!(pop.read(&format!("{HOME}/README")), "theirs");
    assert_eq!(pop.read("backup/servers/sister/bird/ebgp_as1"), "hers");
    let kept = "servers/pop/bird/ebgp_as4242420001";
    assert_eq!(tree(&pop.path("backup"))[kept], first[kept]);
}

#[test]
fn a_pop_is_made_anew_from_its_backup() {
    let Some(pop) = pop_with_everything() else { return };
    pop.alice("peer_disable --asn 4242420002 --wait").fine();
    let mut draft = pop.stop();
    export(&draft).fine();
    let copy = draft.path(&format!("{HOME}/peering.db"));
    let reader = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = |query: &str| reader.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM peering_links"), 2);
    assert_eq!(count("SELECT count(*) FROM peerling_audit"), 0);
    drop(reader);
    let before = draft.read("wireguard/wg-as4242420001.conf");
    for name in names(&draft, "wireguard") {
        fs::remove_file(draft.path("wireguard").join(name)).unwrap();
    }
    fs::copy(&copy, draft.path("restored.db")).unwrap();
    let restored = draft.path("restored.db");
    draft.set("store", "path", &format!("{restored:?}"));
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    assert_eq!(names(&draft, "wireguard"), ["wg-as4242420001.conf"]);
    assert_eq!(draft.read("wireguard/wg-as4242420001.conf"), before);
    let list = draft.peerling(&["exec", "--as", "alice", "--", "peer_list", "--json"]);
    assert!(list.fine().contains("\"state\":\"disabled\""), "{list:#?}");
    // Its member sets the preshared key anew.
    let words = ["exec", "--as", "alice", "--", "peer_edit", "--asn", "4242420002"];
    let psk = router_key(77);
    draft.peerling(&[&words[..], &["--psk", &psk, "--yes"]].concat()).fine();
}

#[test]
fn what_cannot_be_copied_is_told_and_its_copy_stays() {
    let Some(pop) = pop_with_everything() else { return };
    let mut draft = pop.stop();
    export(&draft).fine();
    // No plain file: left out, which is no failure.
    symlink("/etc/passwd", draft.path("bird/linked")).unwrap();
    let said = export(&draft);
    assert_eq!((said.status, said.stdout.as_str()), (Some(0), ""), "{said:#?}");
    assert!(said.stderr.contains("bird/linked: no plain file"), "{said:#?}");
    // A file that is too large; the rest is copied.
    let large = fs::File::options().append(true).open(draft.path("bird/ibgp_fra")).unwrap();
    large.set_len(5 << 20).unwrap();
    fs::write(draft.path("bird/later"), "copied").unwrap();
    assert!(export(&draft).refused(FAILED).contains("bird/ibgp_fra: more than 4194304 bytes"));
    assert!(draft.read(&format!("{HOME}/bird/ibgp_fra")).contains("ibgp_fra"));
    assert_eq!(draft.read(&format!("{HOME}/bird/later")), "copied");
    // A disk that is not there does not empty the backup; neither does a database.
    let copies = tree(&draft.path(HOME));
    for (section, key) in [("bird", "directory"), ("store", "path")] {
        draft.set(section, key, "\"/nonexistent-place\"");
    }
    let told = export(&draft);
    assert_eq!(told.refused(FAILED).matches("/nonexistent-place: ").count(), 2, "{told:#?}");
    assert_eq!(tree(&draft.path(HOME)), copies);
}

/// Somebody pushed a link into the repository in place of a directory of ours: nothing is written
/// where it leads.
#[test]
fn links_in_the_working_copy_are_not_followed() {
    let Some(draft) = Draft::new() else { return };
    fs::create_dir_all(draft.path("victim")).unwrap();
    fs::write(draft.path("victim/ebgp_as1"), "theirs").unwrap();
    fs::write(draft.path("bird/ibgp_fra"), "ours").unwrap();
    assert!(export(&draft).refused(FAILED).contains("peering.db"), "there is no database yet");
    fs::remove_dir_all(draft.path(HOME).join("bird")).unwrap();
    symlink(draft.path("victim"), draft.path(HOME).join("bird")).unwrap();
    let said = export(&draft);
    assert!(said.refused(FAILED).contains("bird: no directory, and links"), "{said:#?}");
    assert_eq!(names(&draft, "victim"), ["ebgp_as1"]);
    fs::remove_dir_all(draft.path(HOME)).unwrap();
    symlink(draft.path("victim"), draft.path(HOME)).unwrap();
    let said = export(&draft);
    assert!(said.refused(FAILED).contains("servers/pop: no directory"), "{said:#?}");
    assert_eq!(names(&draft, "victim"), ["ebgp_as1"]);
}
