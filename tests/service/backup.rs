//! `peerling export`: what a backup has of a POP, and what it must not have.

use crate::commands::{ENDPOINT, create};
use crate::files::names;
use crate::pop::{Draft, Pop, our_key, our_secret, router_key};
use crate::run::{Said, has, run};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::Command;

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
        "servers/pop/.peerling-files",
        "servers/pop/bird/bird/ebgp_as4242420001",
        "servers/pop/bird/bird/ebgp_as4242420002",
        "servers/pop/bird/bird/ebgp_manual_as64600",
        "servers/pop/bird/bird/ibgp_fra",
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
        pop.read(&format!("{HOME}/bird/bird/ebgp_as4242420002")),
        pop.read("bird/ebgp_as4242420002")
    );
    assert!(pop.read(&format!("{HOME}/bird/bird/ibgp_fra")).contains("password \"**REMOVED**\";"));
}

#[test]
fn only_what_changed_is_written_and_what_is_gone_goes() {
    let Some(pop) = pop_with_everything() else { return };
    export(&pop).fine();
    let first = tree(&pop.path("backup"));
    export(&pop).fine();
    assert_eq!(tree(&pop.path("backup")), first, "the same POP: nothing was touched");
    // What is not of a kind that is copied stays, whatever lies there.
    // Nor does what bears a name of ours: an export that did not write it does not remove it.
    let theirs = [
        "README",
        "wireguard/notes",
        "wireguard/wg-int-nyc.conf",
        "wireguard/wg-as4242420077.conf",
        "bird/bird/.hidden",
        "bird/bird/ibgp_nyc",
        "bird/variables.conf",
        "bird/bird/.x.new",
    ];
    for part in theirs {
        fs::write(pop.path(HOME).join(part), "theirs").unwrap();
    }
    fs::write(pop.path(HOME).join("bird/bird/.ebgp_as4242420001.new"), "half").unwrap();
    fs::create_dir(pop.path(HOME).join("bird/bird/directory")).unwrap();
    fs::create_dir_all(pop.path("backup/servers/sister/bird")).unwrap();
    fs::write(pop.path("backup/servers/sister/bird/ebgp_as1"), "hers").unwrap();
    fs::remove_file(pop.path("bird/ibgp_fra")).unwrap();
    pop.alice("peer_remove --asn 4242420002 --yes --wait").fine();
    export(&pop).fine();
    let bird = ["directory", "ebgp_as4242420001", "ebgp_manual_as64600", "ibgp_nyc"];
    let hidden = [&[".hidden", ".x.new"], &bird[..]].concat();
    assert_eq!(names(&pop, &format!("{HOME}/bird/bird")), hidden);
    let mut wireguard = vec!["notes", "wg-as4242420001.conf", "wg-as4242420077.conf"];
    wireguard.extend(["wg-int-fra.conf", "wg-int-nyc.conf"]);
    assert_eq!(names(&pop, &format!("{HOME}/wireguard")), wireguard);
    for part in theirs {
        assert_eq!(pop.read(&format!("{HOME}/{part}")), "theirs");
    }
    assert_eq!(pop.read("backup/servers/sister/bird/ebgp_as1"), "hers");
    let kept = "servers/pop/bird/bird/ebgp_as4242420001";
    assert_eq!(tree(&pop.path("backup"))[kept], first[kept]);
}

/// BIRD's configuration of a real POP, with what `bird-init` writes, a file that it includes by
/// hand, a table of route origins, and one that is not included.
fn with_bird_configuration(draft: &mut Draft) {
    fs::create_dir_all(draft.path("etc/own")).unwrap();
    fs::create_dir_all(draft.path("etc/bgp_peers")).unwrap();
    let directory = draft.path("etc/bgp_peers");
    draft.set("bird", "directory", &format!("{directory:?}"));
    draft.set("mesh", "networks", "[\"fd42:263::/48\", \"172.20.0.0/27\"]");
    draft.peerling(&["bird-init", "etc"]).fine();
    let conf =
        draft.read("etc/bird.conf") + "\ninclude \"own/*.conf\";\n# include \"unused.conf\";\n";
    fs::write(draft.path("etc/bird.conf"), conf).unwrap();
    fs::write(draft.path("etc/own/a.conf"), "define OWN_PASSWORD = \"hunter2\";\n").unwrap();
    fs::write(draft.path("etc/unused.conf"), "define UNUSED = 1;\n").unwrap();
}

/// Every file below a directory with its text.
fn texts(root: &Path) -> BTreeMap<String, String> {
    let texts = tree(root).into_iter();
    texts.map(|(name, (bytes, _))| (name, String::from_utf8_lossy(&bytes).into_owned())).collect()
}

/// What the backup and the two keys give is the POP as it was, BIRD's configuration included.
#[test]
fn a_pop_is_made_anew_from_its_backup() {
    let Some(mut draft) = Draft::new() else { return };
    with_bird_configuration(&mut draft);
    let pop = draft.serve();
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let second = format!("--asn 4242420002 --wg-pub-key {} --endpoint-addr none", router_key(2));
    pop.alice(&format!("peer_create {second} --psk generate --wait --yes")).fine();
    fs::write(pop.path("etc/bgp_peers/ibgp_fra"), "# by hand\n").unwrap();
    pop.alice("peer_disable --asn 4242420002 --wait").fine();
    let draft = pop.stop();
    export(&draft).fine();
    let copies = draft.path(HOME).join("bird");
    assert!(!copies.join("unused.conf").exists(), "BIRD does not include it");
    let bird = texts(&draft.path("etc"));
    let wireguard = draft.read("wireguard/wg-as4242420001.conf");
    // The machine is lost, all but what is kept elsewhere.
    for part in ["etc", "wireguard"] {
        fs::remove_dir_all(draft.path(part)).unwrap();
    }
    fs::create_dir(draft.path("wireguard")).unwrap();
    fs::remove_file(draft.path("peering.db")).unwrap();
    copy_all(&copies, &draft.path("etc"));
    let said = draft.peerling(&["restore", &format!("{HOME}/peering.db")]);
    assert!(said.fine().contains("2 peerings"), "{said:#?}");
    assert_eq!(draft.peerling(&["apply"]).status, Some(0));
    assert_eq!(names(&draft, "wireguard"), ["wg-as4242420001.conf"]);
    assert_eq!(draft.read("wireguard/wg-as4242420001.conf"), wireguard);
    let mut expected = bird.clone();
    expected.remove("unused.conf");
    let blanked = expected["variables.conf"].replace("preshared key.", "preshared key **REMOVED**");
    expected.insert("variables.conf".into(), blanked);
    expected.insert("own/a.conf".into(), "define OWN_PASSWORD = \"**REMOVED**\";\n".into());
    assert_eq!(texts(&draft.path("etc")), expected);
    bird_accepts(&draft);
    let list = draft.peerling(&["exec", "--as", "alice", "--", "peer_list", "--json"]);
    assert!(list.fine().contains("\"state\":\"disabled\""), "{list:#?}");
    // Its member sets the preshared key anew.
    let words = ["exec", "--as", "alice", "--", "peer_edit", "--asn", "4242420002"];
    let psk = router_key(77);
    draft.peerling(&[&words[..], &["--psk", &psk, "--yes"]].concat()).fine();
}

fn copy_all(from: &Path, to: &Path) {
    for name in tree(from).keys() {
        let target = to.join(name);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(from.join(name), target).unwrap();
    }
}

fn bird_accepts(draft: &Draft) {
    if has("bird", "bird2") {
        let mut bird = Command::new("bird");
        run(bird.args(["-p", "-c"]).arg(draft.path("etc/bird.conf")), b"").fine();
    }
}

/// What is not included any more goes from the backup; what could not be read stays.
#[test]
fn the_configuration_of_bird_is_followed() {
    let Some(mut draft) = Draft::new() else { return };
    with_bird_configuration(&mut draft);
    fs::write(draft.path("etc/own/roa.conf"), "route fd42::/16 max 64 as 64600;\n").unwrap();
    drop(draft.peerling(&["apply"]));
    export(&draft).fine();
    let config = ["communities.conf", "filters.conf", "own/a.conf", "variables.conf"];
    let config = [&["bird.conf"], &config[..]].concat();
    let copied = || texts(&draft.path(HOME).join("bird")).into_keys().collect::<Vec<_>>();
    assert_eq!(copied(), config, "no table of route origins");
    fs::write(draft.path("etc/own/include.conf"), "include \"../unused.conf\";\n").unwrap();
    fs::remove_file(draft.path("etc/own/a.conf")).unwrap();
    export(&draft).fine();
    assert!(!copied().contains(&"own/a.conf".to_string()));
    assert!(copied().contains(&"own/include.conf".to_string()));
    let before = copied();
    fs::rename(draft.path("etc/bird.conf"), draft.path("etc/away")).unwrap();
    export(&draft).fine();
    assert_eq!(copied(), before);
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
    assert!(draft.read(&format!("{HOME}/bird/bird/ibgp_fra")).contains("ibgp_fra"));
    assert_eq!(draft.read(&format!("{HOME}/bird/bird/later")), "copied");
    // A disk that is not there does not empty the backup; neither does a database.
    let copies = tree(&draft.path(HOME));
    fs::rename(draft.path("bird"), draft.path("unmounted")).unwrap();
    draft.set("store", "path", "\"/nonexistent-place\"");
    let told = export(&draft);
    assert_eq!(told.refused(FAILED).matches("/nonexistent-place: ").count(), 1, "{told:#?}");
    assert!(told.refused(FAILED).contains("/bird: "), "{told:#?}");
    assert_eq!(tree(&draft.path(HOME)), copies);
}

/// Somebody pushed a link into the repository in place of a directory of ours: nothing is written
/// where it leads, and nothing is removed there, whatever the list says.
#[test]
fn links_in_the_working_copy_are_not_followed() {
    let Some(draft) = Draft::new() else { return };
    fs::create_dir_all(draft.path("victim")).unwrap();
    fs::write(draft.path("victim/ebgp_as1"), "theirs").unwrap();
    fs::write(draft.path("bird/ibgp_fra"), "ours").unwrap();
    assert!(export(&draft).refused(FAILED).contains("peering.db"), "there is no database yet");
    let list = draft.path(HOME).join(".peerling-files");
    let listed = fs::read_to_string(&list).unwrap();
    let evil = "bird/bird/ebgp_as1\nbird/../victim/ebgp_as1\n../../../victim/ebgp_as1\n";
    fs::write(&list, format!("{listed}{evil}")).unwrap();
    fs::remove_dir_all(draft.path(HOME).join("bird")).unwrap();
    fs::create_dir(draft.path(HOME).join("bird")).unwrap();
    symlink(draft.path("victim"), draft.path(HOME).join("bird/bird")).unwrap();
    let said = export(&draft);
    assert!(said.refused(FAILED).contains("bird/bird: not a directory, and links"), "{said:#?}");
    assert_eq!(names(&draft, "victim"), ["ebgp_as1"]);
    fs::remove_file(&list).unwrap();
    symlink(draft.path("victim/ebgp_as1"), &list).unwrap();
    let said = export(&draft);
    assert!(said.refused(FAILED).contains(".peerling-files: not a plain file"), "{said:#?}");
    assert_eq!(draft.read("victim/ebgp_as1"), "theirs");
    fs::remove_dir_all(draft.path(HOME)).unwrap();
    symlink(draft.path("victim"), draft.path(HOME)).unwrap();
    let said = export(&draft);
    assert!(said.refused(FAILED).contains("servers/pop: not a directory"), "{said:#?}");
    assert_eq!(names(&draft, "victim"), ["ebgp_as1"]);
}
