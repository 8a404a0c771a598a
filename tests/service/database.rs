//! The database as an operator's day treats it: a page that broke, a copy that is put back, a file
//! that was replaced, an owner that is not the service.

use crate::answers::json;
use crate::check::report;
use crate::commands::{ENDPOINT, create};
use crate::files::names;
use crate::pop::{Draft, Pop, router_key};
use crate::run::{Said, run, skip, wait_until};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{Gid, Uid, chown};
use rustix::process::Signal;
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

/// Refused or failed.
const FAILED: i32 = 1;
/// A fault of the POP's own.
const FAULT: i32 = 4;
/// A user and a group that own nothing.
const NOBODY: u32 = 65_534;

/// A POP with two peerings, of which the second has a preshared key.
fn pop_with_two() -> Option<Pop> {
    let pop = Pop::start()?;
    pop.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    let second = format!("--asn 4242420002 --wg-pub-key {} --endpoint-addr none", router_key(2));
    pop.alice(&format!("peer_create {second} --psk generate --wait --yes")).fine();
    Some(pop)
}

/// How many peerings this file alone has.
fn count(file: &Path) -> i64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let it = Connection::open_with_flags(file, flags).unwrap();
    it.query_row("SELECT count(*) FROM peering_links", [], |row| row.get(0)).unwrap()
}

/// Writes over the first page of a table or an index, in the file alone.
fn break_page(file: &Path, name: &str) {
    let it = Connection::open(file).unwrap();
    let query = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    let page: i64 = it.query_row(query, [name], |row| row.get(0)).unwrap();
    drop(it);
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(u64::try_from((page - 1) * 4096).unwrap())).unwrap();
    file.write_all(&[0x5a; 4096]).unwrap();
}

/// Everything that was said, wherever.
fn all(said: &Said) -> String {
    format!("{}{}", said.stdout, said.stderr)
}

/// What a service says that does not start.
fn serve(draft: &Draft) -> Said {
    draft.peerling(&["serve"])
}

#[test]
fn after_the_end_the_file_alone_is_the_database() {
    let Some(pop) = pop_with_two() else { return };
    assert!(pop.path("peering.db-wal").exists());
    let draft = pop.stop();
    let left: Vec<String> =
        names(&draft, ".").into_iter().filter(|it| it.starts_with("peering.db")).collect();
    assert_eq!(left, ["peering.db"]);
    fs::create_dir(draft.path("elsewhere")).unwrap();
    fs::copy(draft.path("peering.db"), draft.path("elsewhere/copy.db")).unwrap();
    assert_eq!(count(&draft.path("elsewhere/copy.db")), 2);
}

/// A broken page makes rows vanish; nothing that they stood for may be touched.
#[test]
fn a_damaged_database_is_refused_and_nothing_is_removed() {
    for name in ["sqlite_autoindex_peering_links_1", "peering_links"] {
        let Some(pop) = pop_with_two() else { return };
        let draft = pop.stop();
        break_page(&draft.path("peering.db"), name);
        let (damaged, files) = (fs::read(draft.path("peering.db")).unwrap(), names(&draft, "bird"));
        let commands: [&[&str]; 5] = [
            &["check"],
            &["plan"],
            &["apply"],
            &["apply", "--confirm-removals"],
            &["exec", "--", "peer_list", "--all"],
        ];
        let said = commands.map(|words| draft.peerling(words));
        for said in said.iter().chain([&serve(&draft)]) {
            assert_eq!(said.status, Some(FAILED), "{name}: {said:#?}");
            let words = all(said);
            assert!(words.contains("peering.db: the database is damaged ("), "{said:#?}");
            assert!(words.contains("`peerling restore FILE`"), "{said:#?}");
            assert!(!words.contains("--confirm-removals"), "{said:#?}");
            assert!(!words.contains("not in the database"), "{said:#?}");
        }
        assert!(fs::read(draft.path("peering.db")).unwrap() == damaged);
        assert_eq!(names(&draft, "bird"), files);
    }
}

#[test]
fn a_backup_is_restored_in_the_place_of_what_a_crash_left() {
    let Some(pop) = pop_with_two() else { return };
    pop.peerling(&["export", "backup"]).fine();
    let copy = "backup/servers/pop/peering.db";
    let endpoint = "--endpoint-addr 2001:db8::3 --endpoint-port 20264";
    pop.bob(&format!("peer_create --wg-pub-key {} {endpoint} --yes --wait", router_key(3))).fine();
    let said = pop.peerling(&["restore", copy]);
    assert!(said.refused(FAILED).contains("systemctl stop peerling"), "{said:#?}");
    pop.alice("peer_list").fine();
    // Not ended, but killed: the newest changes stand in -wal.
    let draft = pop.kill();
    assert!(fs::metadata(draft.path("peering.db-wal")).unwrap().len() > 0);
    let said = draft.peerling(&["restore", copy]);
    assert!(said.fine().contains("peering.db: 2 peerings, from backup/servers/pop/peering.db"));
    let kept: Vec<String> =
        names(&draft, ".").into_iter().filter(|it| it.starts_with("peering.db.20")).collect();
    assert_eq!(kept.len(), 3, "the old one with its -wal and -shm: {kept:?}");
    assert_eq!(count(&draft.path(&kept[0])), 3);
    assert!(!draft.path("peering.db-wal").exists());
    let status = fs::metadata(draft.path("peering.db")).unwrap();
    assert_eq!(status.permissions().mode() & 0o777, 0o600);
    let pop = draft.serve();
    let listed = json(pop.alice("peer_list --json").fine());
    assert_eq!(listed["peers"].get::<Vec<_>>().unwrap().len(), 2);
    // What was made since is on the machine, and nobody asked to take it away.
    assert!(pop.path("bird/ebgp_as4242420009").exists());
    let check = pop.peerling(&["check"]);
    assert!(all(&check).contains("AS4242420009; they are left alone"), "{check:#?}");
}

#[test]
fn a_database_that_was_replaced_is_noticed_before_the_next_answer() {
    let Some(mut pop) = pop_with_two() else { return };
    fs::copy(pop.path("peering.db"), pop.path("other.db")).unwrap();
    fs::rename(pop.path("other.db"), pop.path("peering.db")).unwrap();
    let words = "peering.db: the file was moved or replaced while it was open";
    pop.wait_for_log(words, 1);
    let said = pop.alice("peer_disable --asn 4242420001 --wait");
    assert_eq!(said.status, Some(FAULT), "{said:#?}");
    assert!(said.stderr.contains("its operator was told"), "{said:#?}");
    assert!(pop.log().contains(words), "{}", pop.log());
    assert_eq!(names(&pop, "bird").len(), 2, "nothing is taken down");
}

/// SQLite would write the old -wal into the new file: damage, or a mix of both.
#[test]
fn what_replaces_the_database_is_opened_alone() {
    for is_noticed_first in [true, false] {
        let Some(mut pop) = pop_with_two() else { return };
        pop.peerling(&["export", "backup"]).fine();
        let endpoint = "--endpoint-addr 2001:db8::3 --endpoint-port 20264";
        let key = router_key(3);
        pop.bob(&format!("peer_create --wg-pub-key {key} {endpoint} --yes --wait")).fine();
        assert!(fs::metadata(pop.path("peering.db-wal")).unwrap().len() > 0);
        fs::copy(pop.path("backup/servers/pop/peering.db"), pop.path("n.db")).unwrap();
        fs::rename(pop.path("n.db"), pop.path("peering.db")).unwrap();
        let words = "is kept as ";
        if is_noticed_first {
            pop.wait_for_log(words, 1);
            assert!(!pop.path("peering.db-wal").exists());
        }
        pop.signal(Signal::TERM);
        wait_until("the end", || pop.log().contains(words) && pop.log().contains("peerling: "));
        let draft = pop.kill();
        let kept: Vec<String> = names(&draft, ".")
            .into_iter()
            .filter(|name| name.starts_with("peering.db-"))
            .filter(|name| fs::metadata(draft.path(name)).unwrap().len() > 0)
            .collect();
        let is_kept = |prefix: &str| kept.iter().any(|name| name.starts_with(prefix));
        assert!(is_kept("peering.db-wal.20") && is_kept("peering.db-shm.20"), "{kept:?}");
        let pop = draft.serve();
        let listed = json(pop.peerling(&["exec", "--", "peer_list", "--all", "--json"]).fine());
        assert_eq!(listed["peers"].get::<Vec<_>>().unwrap().len(), 2);
        let check = pop.peerling(&["check"]);
        assert!(all(&check).contains("peering.db: 2 peerings, sound"), "{check:#?}");
    }
}

/// What the running service knows of its database, it says at once.
#[test]
fn check_asks_the_service_whether_its_database_is_still_there() {
    let Some(pop) = pop_with_two() else { return };
    pop.peerling(&["export", "backup"]).fine();
    let service = |words: &str, remedy: &str| {
        let report = report(&pop);
        report.has("service", "wrong", words);
        let mut told = report.findings.iter().filter(|finding| finding.name == "service");
        let told = told.next().and_then(|finding| finding.remedy.clone()).unwrap();
        assert!(told.contains(remedy) && !told.contains("reload"), "{told}");
    };
    fs::rename(pop.path("peering.db"), pop.path("away.db")).unwrap();
    service("the file was moved away or removed", "peerling restore FILE");
    fs::copy(pop.path("backup/servers/pop/peering.db"), pop.path("peering.db")).unwrap();
    service("the file was moved or replaced", "systemctl restart peerling");
}

/// SQLite would remove the -wal beside an empty database, with every change in it.
#[test]
fn changes_without_their_database_are_not_thrown_away() {
    let Some(pop) = pop_with_two() else { return };
    let draft = pop.kill();
    let changes = fs::read(draft.path("peering.db-wal")).unwrap();
    fs::write(draft.path("peering.db"), "").unwrap();
    for said in [serve(&draft), draft.peerling(&["check"]), draft.peerling(&["apply"])] {
        assert_eq!(said.status, Some(FAILED), "{said:#?}");
        assert!(all(&said).contains("peering.db-wal holds changes"), "{said:#?}");
    }
    assert!(fs::read(draft.path("peering.db-wal")).unwrap() == changes);
}

/// The same as somebody who may write nothing that is root's.
fn as_nobody(draft: &Draft, words: &[&str]) -> Said {
    run(draft.command().args(words).uid(NOBODY).gid(NOBODY), b"")
}

#[test]
fn a_database_of_somebody_elses_is_named_with_its_owner() {
    let Some(pop) = Pop::start() else { return };
    if !rustix::process::geteuid().is_root() {
        skip("only root can give files away");
        return;
    }
    let draft = pop.stop();
    let (user, group) = (Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY)));
    for part in [".", "wireguard.key", "peerling.toml", "ssh_host_ed25519_key", "bird", "wireguard"]
    {
        chown(draft.path(part), user, group).unwrap();
    }
    let said = [as_nobody(&draft, &["check"]), as_nobody(&draft, &["serve"])];
    for said in &said {
        assert_eq!(said.status, Some(FAILED), "{said:#?}");
        let words = "peering.db belongs to root, and the service runs as nobody; chown nobody: ";
        assert!(all(said).contains(words), "{said:#?}");
    }
    // What root makes in the service's directory is the service's.
    fs::remove_file(draft.path("peering.db")).unwrap();
    draft.peerling(&["exec", "--", "peer_list", "--all"]).fine();
    let status = fs::metadata(draft.path("peering.db")).unwrap();
    assert_eq!((status.uid(), status.gid(), status.mode() & 0o777), (NOBODY, NOBODY, 0o600));
    // Nor is anything left of root's that is in the service's way.
    for operation in ["plan", "apply", "check"] {
        draft.peerling(&[operation]);
    }
    for name in names(&draft, ".").iter().filter(|name| name.starts_with("peering.db")) {
        assert_eq!(fs::metadata(draft.path(name)).unwrap().uid(), NOBODY, "{name}");
    }
    let check = as_nobody(&draft, &["check"]);
    assert!(all(&check).contains("peering.db: 0 peerings, sound"), "{check:#?}");
    assert!(!all(&check).contains("wrong  database"), "{check:#?}");
}

#[test]
fn files_with_secrets_are_their_owners_alone() {
    let Some(pop) = pop_with_two() else { return };
    let draft = pop.stop();
    let files = ["peering.db", "wireguard/wg-as4242420001.conf"];
    let open = |part: &str| {
        fs::set_permissions(draft.path(part), fs::Permissions::from_mode(0o644)).unwrap();
    };
    files.iter().for_each(|part| open(part));
    let check = draft.peerling(&["check"]);
    for part in files {
        let words = format!("{part}: others can read it (mode 644)");
        assert!(all(&check).contains(&words), "{check:#?}");
    }
    let pop = draft.serve();
    for part in files {
        wait_until(part, || {
            fs::metadata(pop.path(part)).unwrap().permissions().mode() & 0o777 == 0o600
        });
    }
    let wal = fs::metadata(pop.path("peering.db-wal")).unwrap();
    assert_eq!(wal.permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_an_operation_needs_is_named() {
    let Some(draft) = Draft::new() else { return };
    for (operation, words) in [
        ("export", "export needs DIR, the directory"),
        ("bird-init", "bird-init needs DIR, where"),
        ("restore", "restore needs FILE, the peering.db"),
    ] {
        let said = draft.peerling(&[operation]);
        assert!(said.refused(2).contains(words), "{said:#?}");
    }
}
