//! The registry's clone is pulled: real git, real repositories, and what people and crashes do to
//! them.

use crate::check;
use crate::git::{commit_all, git, has_git};
use crate::pop::Draft;
use peerling::limits::{GIT_LOCK_AGE_MAX, REGISTRY_FILES_MAX, REGISTRY_OBJECT_BYTES_MAX};
use peerling::sys::git::{CloneStatus, HeadOrigin, Pulled, interrupted, look, pull, recover};
use rustix::process::Signal;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// A draft whose registry is a clone of the repository `upstream` beside it, shallow or whole.
struct Clone {
    draft: Draft,
}

impl Clone {
    fn new(more: &[&str]) -> Option<Clone> {
        let draft = Draft::new().filter(|_| has_git())?;
        let upstream = draft.path("upstream");
        fs::rename(draft.path("registry"), &upstream).unwrap();
        git(&upstream, &["init", "--quiet"]);
        commit_all(&upstream, "One");
        commit_all_again(&upstream);
        let (from, to) = (format!("file://{}", upstream.display()), draft.path("registry"));
        let clone = [&["clone", "--quiet"], more, &[from.as_str(), to.to_str().unwrap()]].concat();
        git(&draft.directory, &clone);
        Some(Clone { draft })
    }

    fn shallow() -> Option<Clone> {
        Clone::new(&["--depth", "1"])
    }

    fn registry(&self) -> PathBuf {
        self.draft.path("registry")
    }

    /// Upstream gets a maintainer.
    fn publish(&self, name: &str) {
        let object = format!("mntner:             {name}\nadmin-c:            X\n");
        fs::write(self.draft.path("upstream/data/mntner").join(name), object).unwrap();
        commit_all(&self.draft.path("upstream"), name);
    }

    fn has(&self, name: &str) -> bool {
        self.registry().join("data/mntner").join(name).exists()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.registry(), arguments)
    }

    fn pull(&self) -> Result<Pulled, String> {
        smol::block_on(pull(&self.registry())).map_err(|error| error.to_string())
    }

    fn sight(&self) -> CloneStatus {
        smol::block_on(look(&self.registry())).unwrap()
    }

    fn left(&self, words: &str) {
        let head = self.git(&["rev-parse", "HEAD"]);
        match self.pull() {
            Ok(Pulled::Blocked(why)) => {
                assert!(why.to_string().contains(words), "{words}: {why}");
            }
            other => panic!("{words}: {other:?}"),
        }
        assert_eq!(self.git(&["rev-parse", "HEAD"]), head);
    }
}

fn commit_all_again(upstream: &std::path::Path) {
    fs::write(upstream.join("README"), "second").unwrap();
    commit_all(upstream, "Two");
}

#[test]
fn a_clone_follows_and_stays_as_shallow_as_it_is() {
    let (Some(shallow), Some(whole)) = (Clone::shallow(), Clone::new(&[])) else { return };
    for (clone, expected) in [(&shallow, "1"), (&whole, "7")] {
        assert_eq!(clone.pull(), Ok(Pulled::Nothing));
        for number in 0..5 {
            clone.publish(&format!("NEW{number}-MNT"));
            assert_eq!(clone.pull(), Ok(Pulled::Moved));
            assert!(clone.has(&format!("NEW{number}-MNT")));
        }
        assert_eq!(clone.pull(), Ok(Pulled::Nothing));
        assert_eq!(clone.git(&["rev-list", "--count", "HEAD"]), expected);
        assert_eq!(clone.git(&["status", "--porcelain", "--branch"]), "## main...origin/main");
        assert_eq!(clone.git(&["fsck", "--no-dangling"]), "");
        // Whoever pulls by hand, or did so until now, is in nobody's way.
        clone.publish("HAND-MNT");
        clone.git(&["pull", "--quiet", "--ff-only"]);
        clone.publish("AFTER-MNT");
        assert_eq!(clone.pull(), Ok(Pulled::Moved));
    }
}

#[test]
fn what_was_made_by_hand_is_left_alone() {
    let Some(clone) = Clone::shallow() else { return };
    clone.publish("NEW-MNT");
    let file = clone.registry().join("data/mntner/BOB-MNT");
    let before = fs::read_to_string(&file).unwrap();
    fs::write(&file, "by hand").unwrap();
    clone.left("data/mntner/BOB-MNT was changed by hand");
    assert_eq!(fs::read_to_string(&file).unwrap(), "by hand");
    assert!(clone.sight().by_hand.unwrap().why.contains("by hand"));
    clone.git(&["commit", "--quiet", "--all", "--message", "Mine"]);
    clone.left("has commits of its own");
    clone.git(&["reset", "--quiet", "--hard", "origin/main"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    // A file that nobody tracks stays, and is in nobody's way.
    fs::write(clone.registry().join("data/mntner/MINE"), "mine").unwrap();
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
    assert!(clone.has("NEW-MNT") && clone.has("MINE"));
    // One that upstream has too, now: it is not overwritten.
    clone.publish("MINE");
    let refused = clone.pull().unwrap_err();
    assert!(refused.contains("MINE"), "{refused}");
    assert_eq!(fs::read_to_string(clone.registry().join("data/mntner/MINE")).unwrap(), "mine");
}

#[test]
fn a_registry_that_shrank_is_not_checked_out() {
    let Some(clone) = Clone::shallow() else { return };
    for number in 0..5 {
        fs::remove_file(clone.draft.path(&format!("upstream/data/mntner/OTHER{number}-MNT")))
            .unwrap();
    }
    commit_all(&clone.draft.path("upstream"), "Gone");
    clone.left("the registry shrank from 8 to 3 maintainers");
    assert!(clone.has("OTHER0-MNT"));
    assert!(clone.sight().refused.unwrap().why.contains("shrank from 8 to 3"));
    // The operator says that it is right, by the words of the message.
    clone.git(&["reset", "--keep", "refs/peerling/next"]);
    clone.publish("NEW-MNT");
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
    assert!(clone.has("NEW-MNT") && !clone.has("OTHER0-MNT"));
}

/// More than is read would be a registry that cannot be read at all, at the next start.
#[test]
fn a_registry_that_grew_beyond_all_bounds_is_not_checked_out() {
    let Some(clone) = Clone::shallow() else { return };
    let upstream = clone.draft.path("upstream");
    let blob = git(&upstream, &["hash-object", "-w", "README"]);
    let entry = |number| format!("100644 blob {blob}\tN{number}-MNT\n");
    let entries: String = (0..=REGISTRY_FILES_MAX).map(entry).collect();
    let tree = |lines: &str| {
        let mut mktree = Command::new("git");
        mktree.arg("-C").arg(&upstream).arg("mktree");
        crate::run::run(&mut mktree, lines.as_bytes()).fine().trim().to_string()
    };
    let data = tree(&format!("040000 tree {}\tmntner\n", tree(&entries)));
    let root = tree(&format!("040000 tree {data}\tdata\n"));
    let commit = git(&upstream, &["commit-tree", &root, "-p", "HEAD", "-m", "Many"]);
    git(&upstream, &["update-ref", "refs/heads/main", &commit]);
    clone.left("grew beyond what is read: more than 20000 entries in data/mntner");
    assert!(clone.has("OTHER0-MNT"));
    assert!(clone.sight().refused.unwrap().why.contains("grew"));
    git(&upstream, &["reset", "--quiet", "--hard", "HEAD^"]);
    let filter = "# a filter\n".repeat(REGISTRY_OBJECT_BYTES_MAX / 10);
    fs::write(upstream.join("data/filter6.txt"), filter).unwrap();
    commit_all(&upstream, "Long");
    clone.left("data/filter6.txt has more than 65536 bytes");
    git(&upstream, &["reset", "--quiet", "--hard", "HEAD^"]);
    clone.publish("NEW-MNT");
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
    assert_eq!(clone.sight().refused, None);
}

/// So an old timer leaves it: git has upstream's commit, and nothing between it and ours.
#[test]
fn a_clone_that_git_left_diverged_is_brought_back() {
    let Some(clone) = Clone::shallow() else { return };
    clone.publish("ONE-MNT");
    clone.publish("TWO-MNT");
    let timer = || {
        let mut command = Command::new("git");
        command.arg("-C").arg(clone.registry()).args(["pull", "--depth", "1", "--ff-only"]);
        crate::run::run(&mut command, b"")
    };
    assert_ne!(timer().status, Some(0), "git refuses");
    assert_eq!(clone.sight().origin, HeadOrigin::Diverged);
    let words = "the clone diverged";
    check::report(&clone.draft).has("registry_pull", "wrong", words);
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
    assert!(clone.has("TWO-MNT"));
    let sight = clone.sight();
    assert_eq!((sight.origin, sight.by_hand), (HeadOrigin::Upstreams, None));
    // What somebody committed on top is theirs.
    clone.git(&["commit", "--quiet", "--allow-empty", "--message", "Mine"]);
    clone.publish("THREE-MNT");
    timer();
    assert_eq!(clone.sight().origin, HeadOrigin::Own);
    clone.left("has commits of its own");
    // A whole clone whose upstream was written anew: the reflog knows what was upstream's.
    let Some(whole) = Clone::new(&[]) else { return };
    whole.publish("ONE-MNT");
    whole.git(&["pull", "--quiet", "--ff-only"]);
    git(&whole.draft.path("upstream"), &["commit", "--quiet", "--amend", "--message", "Anew"]);
    whole.git(&["fetch", "--quiet"]);
    assert_eq!(whole.sight().origin, HeadOrigin::Diverged);
    assert_eq!(whole.pull(), Ok(Pulled::Moved));
    assert_eq!(whole.git(&["log", "-1", "--format=%s"]), "Anew");
}

/// Git runs what a repository's settings say, so whose they are matters; root's may be trusted.
#[test]
fn a_clone_of_another_user_is_refused_and_roots_is_not() {
    let Some(clone) = Clone::shallow() else { return };
    if !rustix::process::geteuid().is_root() {
        crate::run::skip("only root can give a directory away");
        return;
    }
    clone.publish("NEW-MNT");
    let config = clone.registry().join(".git/config");
    chown(&config, Some(4_000_000_001), None).unwrap();
    let refused = clone.pull().unwrap_err();
    assert!(refused.contains("config belongs to 4000000001, and git runs as root"), "{refused}");
    assert!(!clone.has("NEW-MNT"));
    chown(&config, Some(0), None).unwrap();
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
}

/// The power went while files were written: some are new, one is half, the index is the old one and
/// its lock is there.
#[test]
fn a_checkout_that_a_crash_ended_is_finished() {
    let Some(clone) = Clone::shallow() else { return };
    clone.publish("NEW-MNT");
    fs::write(clone.draft.path("upstream/README"), "third").unwrap();
    commit_all(&clone.draft.path("upstream"), "Three");
    clone.git(&["fetch", "--quiet", "--depth", "1", "origin", "+main:refs/peerling/next"]);
    let next = clone.git(&["rev-parse", "refs/peerling/next"]);
    fs::write(clone.registry().join(".git/peerling-moving"), &next).unwrap();
    fs::write(clone.registry().join("data/mntner/NEW-MNT"), "half of").unwrap();
    fs::write(clone.registry().join("README"), "thi").unwrap();
    let lock = clone.registry().join(".git/index.lock");
    File::create(&lock).unwrap();
    assert!(interrupted(&clone.registry()));
    // A lock of this age may be somebody's.
    let waits = smol::block_on(recover(&clone.registry())).unwrap_err().to_string();
    assert!(waits.contains("index.lock") && interrupted(&clone.registry()), "{waits}");
    let old = SystemTime::now() - (GIT_LOCK_AGE_MAX + Duration::from_secs(1));
    File::open(&lock).unwrap().set_modified(old).unwrap();
    smol::block_on(recover(&clone.registry())).unwrap();
    assert!(!interrupted(&clone.registry()));
    assert_eq!(clone.git(&["rev-parse", "HEAD"]), next);
    assert_eq!(clone.git(&["status", "--porcelain"]), "");
    assert_eq!(clone.git(&["show", "refs/peerling/rescued:README"]), "thi");
    // One that ended before it began, and one after its end.
    for commit in ["origin/main", "HEAD"] {
        clone.git(&["reset", "--quiet", "--hard", commit]);
        fs::write(clone.registry().join(".git/peerling-moving"), &next).unwrap();
        smol::block_on(recover(&clone.registry())).unwrap();
        assert_eq!(clone.git(&["rev-parse", "HEAD"]), next);
        assert_eq!(clone.git(&["status", "--porcelain"]), "");
    }
    assert_eq!(clone.pull(), Ok(Pulled::Nothing));
}

#[test]
fn a_dead_lock_stops_nobody_for_ever() {
    let Some(clone) = Clone::shallow() else { return };
    clone.publish("NEW-MNT");
    let lock = clone.registry().join(".git/index.lock");
    File::create(&lock).unwrap();
    let refused = clone.pull().unwrap_err();
    assert!(refused.contains("index.lock"), "{refused}");
    assert!(!clone.has("NEW-MNT") && lock.exists() && !interrupted(&clone.registry()));
    let old = SystemTime::now() - (GIT_LOCK_AGE_MAX + Duration::from_secs(1));
    File::open(&lock).unwrap().set_modified(old).unwrap();
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
    assert!(clone.has("NEW-MNT") && !lock.exists() && !interrupted(&clone.registry()));
}

#[test]
fn a_server_that_is_gone_changes_nothing() {
    let Some(clone) = Clone::shallow() else { return };
    clone.publish("NEW-MNT");
    fs::rename(clone.draft.path("upstream"), clone.draft.path("away")).unwrap();
    let refused = clone.pull().unwrap_err();
    assert!(refused.starts_with("git: ") && refused.contains("does not"), "{refused}");
    assert_eq!(clone.git(&["status", "--porcelain"]), "");
    fs::rename(clone.draft.path("away"), clone.draft.path("upstream")).unwrap();
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
    // What is no clone, lies in another one, or follows nobody.
    let told = |directory: PathBuf| smol::block_on(pull(&directory)).unwrap_err().to_string();
    assert!(told(clone.registry().join("data")).contains("it is no clone of its own"));
    clone.git(&["checkout", "--quiet", "--detach"]);
    assert!(told(clone.registry()).contains("follows no branch"));
    assert!(told(PathBuf::from("/")).starts_with("git: "));
}

/// Hooks, helpers and what asks: none of them runs.
#[test]
fn git_runs_nothing_beside_itself_and_asks_nobody() {
    let Some(clone) = Clone::shallow() else { return };
    let script = |name: &str, text: &str| {
        let path = clone.draft.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    let mark = clone.draft.path("ran");
    for hook in ["post-checkout", "post-merge", "reference-transaction", "post-index-change"] {
        script(&format!("registry/.git/hooks/{hook}"), &format!("touch {mark:?}"));
    }
    clone.git(&["config", "core.fsmonitor", &script("monitor", &format!("touch {mark:?}"))]);
    clone.publish("NEW-MNT");
    assert_eq!(clone.pull(), Ok(Pulled::Moved));
    assert!(!mark.exists(), "a hook ran");
    // SSH is told not to ask, also where the operator has a command of their own for it.
    let shown = clone.draft.path("shown");
    let ssh = script("ssh", &format!("echo \"$@\" > {shown:?}; exit 7"));
    clone.git(&["config", "core.sshCommand", &format!("{ssh} -i key")]);
    clone.git(&["config", "remote.origin.url", "ssh://nobody@registry.invalid/registry"]);
    assert!(clone.pull().is_err());
    let shown = fs::read_to_string(shown).unwrap();
    assert!(shown.starts_with("-i key -o BatchMode=yes -o ConnectTimeout="), "{shown}");
}

#[test]
fn the_service_pulls_and_tells_once_what_is_wrong() {
    let Some(Clone { mut draft }) = Clone::shallow() else { return };
    draft.set("registry", "pull_interval_s", "3600");
    draft.peerling(&["check"]).fine();
    draft.keygen("carol", &["-t", "ed25519"]);
    let mut pop = draft.serve();
    let auths = [pop.auth("carol")];
    crate::registry::add_member(&pop.path("upstream"), "carol", &auths, &[4242420011]);
    commit_all(&pop.path("upstream"), "Carol");
    // Long before it is due.
    pop.signal(Signal::HUP);
    pop.wait_for_log("registry: 9 maintainers", 1);
    assert_eq!(pop.ssh("carol", "carol").run("whoami").fine(), "CAROL-MNT, AS4242420011\n");
    fs::rename(pop.path("upstream"), pop.path("away")).unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("registry: not pulled: git: ", 1);
    // Tried again, for SIGHUP may mean that it was mended, and not told again.
    pop.signal(Signal::HUP);
    pop.wait_for_log("configuration read again", 3);
    fs::rename(pop.path("away"), pop.path("upstream")).unwrap();
    pop.signal(Signal::HUP);
    pop.wait_for_log("registry: pulled again", 1);
    assert_eq!(pop.log().matches("registry: not pulled: ").count(), 1);
    fs::write(pop.path("registry/README"), "by hand").unwrap();
    check::report(&pop).has("registry_pull", "wrong", "README was changed by hand");
    pop.is_well();
}
