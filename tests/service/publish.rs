//! The backup in git: two POPs push into one repository, with nobody there, with a hand at work,
//! and with nothing secret in the whole history.

use crate::commands::{ENDPOINT, create};
use crate::git::{commit_all, git, has_git};
use crate::pop::{Draft, Pop, our_secret};
use crate::run::wait_until;
use rusqlite::Connection;
use rustix::process::Signal;
use std::fs;
use std::path::Path;

/// A POP of this name that backs up into a clone of `bare`, whenever SIGHUP comes.
fn pop(name: &str, bare: &Path) -> Option<Pop> {
    let mut draft = Draft::new()?;
    let backup = draft.path("backup");
    git(&draft.directory, &["clone", "--quiet", bare.to_str().unwrap(), "backup"]);
    // So it is where git is new enough to have it in its settings.
    git(&backup, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    draft.set("pop", "name", &format!("\"{name}.example.net\""));
    draft.set("backup", "git", &format!("{backup:?}"));
    draft.set("backup", "interval_s", "1");
    Some(draft.serve_with(&[("GIT_CONFIG_GLOBAL", "/dev/null")]))
}

/// A place with a bare repository.
fn bare() -> Option<Draft> {
    let place = Draft::new().filter(|_| has_git())?;
    git(&place.directory, &["init", "--quiet", "--bare", "bare"]);
    Some(place)
}

/// The newest commits of the repository, the newest first.
fn log(bare: &Path) -> Vec<String> {
    let log = git(bare, &["log", "--format=%s", "main"]);
    log.lines().map(str::to_string).collect()
}

/// Makes the POP look until the repository has this commit.
fn pushes(pop: &Pop, bare: &Path, message: &str) {
    wait_until(message, || {
        pop.signal(Signal::HUP);
        std::thread::sleep(std::time::Duration::from_millis(300));
        git(bare, &["branch"]).contains("main") && log(bare).iter().any(|it| it == message)
    });
}

#[test]
fn two_pops_push_into_one_repository_and_nothing_secret() {
    let Some(place) = bare() else { return };
    let bare = place.path("bare");
    let Some((ams, fra)) = pop("ams", &bare).zip(pop("fra", &bare)) else { return };
    pushes(&ams, &bare, "ams: peering.db added");
    pushes(&fra, &bare, "fra: peering.db added");
    let psk = create(&format!("{ENDPOINT} --psk generate --wait"));
    ams.alice(&psk).fine();
    pushes(&ams, &bare, "ams: AS4242420001 added");
    fra.alice(&psk).fine();
    pushes(&fra, &bare, "fra: AS4242420001 added");
    ams.alice("peer_edit --mtu 1400 --yes --wait").fine();
    pushes(&ams, &bare, "ams: AS4242420001 changed");
    fra.alice("peer_remove --yes --wait").fine();
    pushes(&fra, &bare, "fra: AS4242420001 removed");
    // Each of them has the other's copies, too.
    wait_until("the other's copies", || {
        ams.signal(Signal::HUP);
        fra.path("backup/servers/ams/bird/bird/ebgp_as4242420001").exists()
            && !ams.path("backup/servers/fra/bird/bird/ebgp_as4242420001").exists()
            && ams.path("backup/servers/fra/peering.db").exists()
    });
    assert_eq!(git(&bare, &["fsck"]), "");
    let database = Connection::open(ams.path("peering.db")).unwrap();
    let query = "SELECT preshared_key FROM peerling_peering WHERE preshared_key IS NOT NULL";
    let shared: String = database.query_row(query, [], |row| row.get(0)).unwrap();
    for secret in [our_secret().reveal(), shared, "SHA256:".to_string()] {
        // Every version of every file, as text, binary ones too.
        let history = git(&bare, &["log", "--all", "--text", "--patch", "--format=%B%an%ae"]);
        assert!(!history.contains(&secret), "{secret}");
    }
    assert!(git(&bare, &["log", "--format=%an <%ae>", "main"]).contains("peerling <peerling@"));
    // Nothing changed, so nothing is committed.
    let count = log(&bare).len();
    ams.signal(Signal::HUP);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(log(&bare).len(), count);
}

/// SIGHUP begins a backup, takes it elsewhere, and ends it.
#[test]
fn another_backup_needs_no_restart() {
    let Some(place) = bare() else { return };
    git(&place.directory, &["init", "--quiet", "--bare", "second"]);
    let Some(mut pop) = Pop::start() else { return };
    for name in ["bare", "second"] {
        let (bare, copy) = (place.path(name), pop.path(&format!("of-{name}")));
        git(&pop.directory, &["clone", "--quiet", bare.to_str().unwrap(), copy.to_str().unwrap()]);
        git(&copy, &["symbolic-ref", "HEAD", "refs/heads/main"]);
        pop.set_and_reload("backup", "git", &format!("{copy:?}"));
        // The interval is an hour: it is the new wish that is heeded, and once.
        wait_until(name, || git(&bare, &["branch"]).contains("main"));
        assert_eq!(log(&bare), ["pop: peering.db added"]);
    }
    assert_eq!(log(&place.path("bare")).len(), 1, "the first is not written any more");
    pop.unset_and_reload("backup");
    pop.wait_for_log("configuration read again", 3);
    fs::remove_dir_all(pop.path("of-second")).unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("configuration read again", 4);
    pop.is_well();
    assert_eq!(pop.log().matches("of-second: ").count(), 0, "{}", pop.log());
}

#[test]
fn who_is_offline_commits_and_pushes_later() {
    let Some(place) = bare() else { return };
    let (bare, away) = (place.path("bare"), place.path("away"));
    let Some((mut ams, fra)) = pop("ams", &bare).zip(pop("fra", &bare)) else { return };
    pushes(&ams, &bare, "ams: peering.db added");
    fs::rename(&bare, &away).unwrap();
    ams.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    ams.wait_for_log("backup: ", 1);
    wait_until("a commit without a server", || {
        ams.signal(Signal::HUP);
        std::thread::sleep(std::time::Duration::from_millis(300));
        git(&ams.path("backup"), &["log", "-1", "--format=%s"]) == "ams: AS4242420001 added"
    });
    wait_until("the complaint", || ams.log().contains("backup: /") && ams.log().contains("git: "));
    assert!(ams.peerling(&["check"]).stdout.contains("1 commits are not pushed"));
    // Somebody works in the same directory of theirs meanwhile.
    fs::rename(&away, &bare).unwrap();
    pushes(&fra, &bare, "fra: peering.db added");
    pushes(&ams, &bare, "ams: AS4242420001 added");
    wait_until("the end of it", || ams.log().contains("it is well again"));
    assert_eq!(ams.log().matches("does not appear to be a git repository").count(), 1);
    ams.is_well();
}

/// Somebody commits into our directory by hand what does not fit: it is told, taken back, and
/// solved by them.
#[test]
fn a_conflict_by_hand_is_told_and_waits() {
    let Some(place) = bare() else { return };
    let bare = place.path("bare");
    let Some(mut ams) = pop("ams", &bare) else { return };
    ams.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    wait_until("the first push", || {
        ams.signal(Signal::HUP);
        std::thread::sleep(std::time::Duration::from_millis(300));
        git(&bare, &["branch"]).contains("main")
            && git(&bare, &["ls-tree", "-r", "--name-only", "main"]).contains("wg-as4242420001")
    });
    git(&place.directory, &["clone", "--quiet", "bare", "hand"]);
    let file = "servers/ams/wireguard/wg-as4242420001.conf";
    fs::write(place.path("hand").join(file), "by hand").unwrap();
    fs::write(place.path("hand/README"), "ours").unwrap();
    commit_all(&place.path("hand"), "By hand");
    git(&place.path("hand"), &["push", "--quiet", "origin", "HEAD:main"]);
    // The service is given a change of the same file.
    ams.alice("peer_edit --mtu 1400 --yes --wait").fine();
    wait_until("the complaint", || {
        ams.signal(Signal::HUP);
        std::thread::sleep(std::time::Duration::from_millis(300));
        ams.log().contains("our commits do not fit on what others pushed")
    });
    // The last SIGHUP may just have begun another try.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let backup = ams.path("backup");
    wait_until("its end", || !backup.join(".git/peerling-rebasing").exists());
    assert_eq!(git(&backup, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(git(&backup, &["status", "--porcelain"]), "");
    assert!(ams.read(&format!("backup/{file}")).contains("MTU = 1400"));
    assert_eq!(log(&bare)[0], "By hand");
    ams.is_well();
    // They take theirs back, and it goes on.
    git(&place.path("hand"), &["revert", "--no-edit", "HEAD"]);
    git(&place.path("hand"), &["push", "--quiet", "origin", "HEAD:main"]);
    pushes(&ams, &bare, "ams: AS4242420001 changed");
}

/// A working copy without a remote keeps the history for itself; what was staged by hand is left.
#[test]
fn a_repository_alone_is_a_backup_too() {
    let Some(mut draft) = Draft::new().filter(|_| has_git()) else { return };
    let backup = draft.path("backup");
    fs::create_dir(&backup).unwrap();
    draft.set("backup", "git", &format!("{backup:?}"));
    assert!(draft.peerling(&["check"]).stdout.contains("backup: "), "no repository yet");
    git(&backup, &["init", "--quiet"]);
    fs::write(backup.join("note"), "by hand").unwrap();
    fs::write(backup.join(".gitignore"), "*.db\n").unwrap();
    git(&backup, &["add", "note"]);
    let pop = draft.serve();
    wait_until("the commit", || {
        git(&backup, &["log", "--all", "--format=%s"]) == "pop: peering.db added"
    });
    assert_eq!(git(&backup, &["diff", "--cached", "--name-only"]), "note");
    drop(pop);
}

/// The operator's own repository has more than we ever wrote, in our directory too: it stays, and
/// what goes is said in the commit.
#[test]
fn what_peerling_did_not_write_stays_in_the_repository() {
    let Some(place) = bare() else { return };
    let bare = place.path("bare");
    git(&place.directory, &["clone", "--quiet", "bare", "hand"]);
    let hand = place.path("hand");
    git(&hand, &["symbolic-ref", "HEAD", "refs/heads/main"]);
    let theirs = [
        "servers/ams/bird/variables.conf",
        "servers/ams/bird/bgp_peers/ibgp_fra",
        "servers/ams/wireguard/wg-int-fra.conf",
        "servers/ams/wireguard/wg-m64600.conf",
        "servers/ams/README",
    ];
    for file in theirs {
        fs::create_dir_all(hand.join(file).parent().unwrap()).unwrap();
        fs::write(hand.join(file), "by hand").unwrap();
    }
    commit_all(&hand, "By hand");
    git(&hand, &["push", "--quiet", "origin", "HEAD:main"]);
    let Some(ams) = pop("ams", &bare) else { return };
    pushes(&ams, &bare, "ams: peering.db added");
    ams.alice(&create(&format!("{ENDPOINT} --wait"))).fine();
    pushes(&ams, &bare, "ams: AS4242420001 added");
    ams.alice("peer_remove --yes --wait").fine();
    pushes(&ams, &bare, "ams: AS4242420001 removed");
    let body = git(&bare, &["log", "-1", "--format=%b", "main"]);
    let gone = ["bird/bird/ebgp_as4242420001", "wireguard/wg-as4242420001.conf"];
    for path in gone {
        assert!(body.contains(&format!("removed: {path}")), "{body}");
    }
    let all = git(&bare, &["ls-tree", "-r", "--name-only", "main"]);
    for file in theirs {
        assert!(all.lines().any(|line| line == file), "{file}: {all}");
    }
    let deleted = git(&bare, &["log", "--diff-filter=D", "--name-only", "--format=", "main"]);
    assert_eq!(deleted.lines().filter(|line| !line.is_empty()).count(), gone.len(), "{deleted}");
}
