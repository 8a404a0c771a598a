//! The registry's clone follows its upstream, and stays as small as it was.
//!
//! `git pull` makes a shallow clone grow with each commit, so this fetches the newest one alone and
//! moves the work tree there. It does so only where nobody has worked by hand: commits or changes
//! of the operator's are left as they are. A registry that shrank, or grew beyond our bounds, is
//! looked at before it is checked out, and is not: the work tree stays whole, for the next start
//! too. A checkout that a crash ends in the middle is marked, and finished by [`recover`].

use super::judge::Obstacle;
use super::{Credentials, Git, GitError};
use crate::limits::{GIT_GC_OBJECTS, GIT_PULL_TIMEOUT};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// What came of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Upstream has nothing new.
    Nothing,
    /// The work tree is upstream's newest commit now.
    Moved,
    /// It was left as it is, for this reason.
    Blocked(Obstacle),
}

/// Where a commit is kept between fetch and checkout.
pub(super) const NEXT: &str = "refs/peerling/next";
/// What the work tree had that neither commit has, after a checkout that did not end.
const RESCUED: &str = "refs/peerling/rescued";
/// In git's directory: the commit that the work tree is being moved to.
const MOVING: &str = "peerling-moving";

/// A clone whose branch follows one of another repository.
pub(super) struct Clone {
    pub(super) git: Git,
    pub(super) git_directory: PathBuf,
    shallow: bool,
}

/// What the branch that is checked out follows.
pub(super) struct Upstream {
    remote: String,
    /// The branch there, `refs/heads/…`.
    branch: String,
    /// What we know of it, `refs/remotes/…`.
    pub(super) tracking: String,
}

/// Brings the clone to upstream's newest commit.
pub async fn pull(directory: &Path) -> Result<Pulled, GitError> {
    let clone = Clone::open(directory).await?;
    clone.recover().await?;
    let upstream = clone.upstream().await?;
    if let Some(obstacle) = clone.by_hand(&upstream).await? {
        return Ok(Pulled::Blocked(obstacle));
    }
    let head = clone.commit("HEAD").await?;
    clone.fetch(&upstream).await?;
    let next = clone.commit(NEXT).await?;
    if next != head {
        if let Some(obstacle) = clone.judge(&head, &next).await {
            return Ok(Pulled::Blocked(obstacle));
        }
        clone.go(&next).await?;
    }
    clone.git.run(&["update-ref", &upstream.tracking, &next]).await?;
    clone.tidy().await;
    Ok(if next == head { Pulled::Nothing } else { Pulled::Moved })
}

/// Finishes a checkout that a crash ended in the middle; no other host is asked.
pub async fn recover(directory: &Path) -> Result<(), GitError> {
    Clone::open(directory).await?.recover().await
}

/// Is a checkout of ours half done? Nobody should read the work tree then.
pub fn interrupted(directory: &Path) -> bool {
    directory.join(".git").join(MOVING).exists()
}

impl Clone {
    pub(super) async fn open(directory: &Path) -> Result<Clone, GitError> {
        let git = Git::new(directory, GIT_PULL_TIMEOUT, Credentials::None);
        let git = git.trusting()?;
        let wanted =
            ["rev-parse", "--absolute-git-dir", "--is-shallow-repository", "--show-prefix"];
        let said = git.run(&wanted).await?;
        let mut lines = said.lines();
        let git_directory = PathBuf::from(lines.next().unwrap_or_default());
        let shallow = lines.next() == Some("true");
        match lines.next() {
            // Git looks for a repository further up, too.
            Some(prefix) if !prefix.is_empty() => Err(GitError::new(format!(
                "it is no clone of its own, it lies in that of {}",
                git_directory.display()
            ))),
            _ => Ok(Clone { git, git_directory, shallow }),
        }
    }

    pub(super) async fn upstream(&self) -> Result<Upstream, GitError> {
        let Ok(head) = self.git.run(&["symbolic-ref", "--quiet", "HEAD"]).await else {
            return Err(no_upstream());
        };
        let branch = head.trim_start_matches("refs/heads/");
        let remote = self.git.run(&["config", &format!("branch.{branch}.remote")]).await;
        let merge = self.git.run(&["config", &format!("branch.{branch}.merge")]).await;
        let (Ok(remote), Ok(branch)) = (remote, merge) else { return Err(no_upstream()) };
        let format = "--format=%(upstream)";
        let tracking = self.git.run(&["for-each-ref", format, &head]).await?;
        if tracking.is_empty() {
            return Err(no_upstream());
        }
        Ok(Upstream { remote, branch, tracking })
    }

    /// The full name of a commit.
    pub(super) async fn commit(&self, name: &str) -> Result<String, GitError> {
        self.git.run(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).await
    }

    /// The tracked files that are not as in the last commit.
    pub(super) async fn changed(&self) -> Result<String, GitError> {
        self.git.run(&["status", "--porcelain", "--untracked-files=no"]).await
    }

    /// The newest commit, and of a shallow clone nothing else.
    async fn fetch(&self, upstream: &Upstream) -> Result<(), GitError> {
        let (depth, refs) = ("--depth=1", format!("+{}:{NEXT}", upstream.branch));
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--refmap="];
        if self.shallow {
            arguments.push(depth);
        }
        arguments.extend([upstream.remote.as_str(), refs.as_str()]);
        self.git.talk(&arguments).await.map(drop)
    }

    /// Moves the work tree. `--keep` refuses to touch what was changed since we looked.
    async fn go(&self, commit: &str) -> Result<(), GitError> {
        let mark = self.git_directory.join(MOVING);
        let written = File::create(&mark).and_then(|mut file| {
            file.write_all(commit.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| GitError::of_file(&mark, &error))?;
        let moved = self.git.run(&["reset", "--quiet", "--keep", commit]).await;
        // What git refused to begin needs no end.
        if moved.is_ok() || self.changed().await.is_ok_and(|changes| changes.is_empty()) {
            fs::remove_file(&mark).map_err(|error| GitError::of_file(&mark, &error))?;
        }
        moved.map(drop)
    }

    /// Before a checkout of ours nobody had worked here, so what is neither the one commit nor the
    /// other is half a file of ours; or was made since, and so it is kept all the same.
    async fn recover(&self) -> Result<(), GitError> {
        let mark = self.git_directory.join(MOVING);
        let commit = match fs::read_to_string(&mark) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            read => read.unwrap_or_default(),
        };
        // The mark itself may be half written: then nothing was moved yet.
        if let Ok(commit) = self.commit(commit.trim()).await {
            // The index may be of either commit, and of a lock in its way a stash does not tell.
            self.git.run(&["read-tree", "HEAD"]).await?;
            if !self.changed().await?.is_empty() {
                self.rescue().await?;
            }
            self.git.run(&["reset", "--quiet", "--hard", &commit]).await?;
            log::info!("{}: a checkout that did not end was finished", self.place());
        }
        fs::remove_file(&mark).map_err(|error| GitError::of_file(&mark, &error))
    }

    /// Keeps the work tree as it is, as a commit under a name of its own.
    async fn rescue(&self) -> Result<(), GitError> {
        let author = ["-c", "user.name=peerling", "-c", "user.email=peerling@localhost"];
        let kept = self.git.run(&[&author[..], &["stash", "create"]].concat()).await?;
        self.git.run(&["update-ref", RESCUED, &kept]).await?;
        log::warn!("{}: what stood there is kept in git as {RESCUED}", self.place());
        Ok(())
    }

    pub(super) fn place(&self) -> std::path::Display<'_> {
        self.git.directory.display()
    }

    /// What nobody needs any more goes, when there is enough of it. Nothing depends on that.
    async fn tidy(&self) {
        let auto = format!("gc.auto={GIT_GC_OBJECTS}");
        if let Err(error) = self.git.run(&["-c", &auto, "gc", "--auto", "--quiet"]).await {
            log::debug!("{}: {error}", self.git.directory.display());
        }
    }
}

fn no_upstream() -> GitError {
    let words = "the clone follows no branch of another repository: clone it anew";
    GitError::new(words.to_string())
}
