//! A POP's copies become a commit of a repository that all POPs share, and go where it is kept.
//!
//! Each POP has a directory of its own, so commits of two never touch the same file: ours are put
//! on top of what others pushed meanwhile. If that fails all the same, somebody worked by hand; it
//! is taken back, told, and tried again later. Nothing but this POP's directory is committed.

use super::{Credentials, Git, GitError};
use crate::limits::{GIT_GC_OBJECTS, GIT_PUSH_TIMEOUT, GIT_PUSH_TRIES};
use std::fs;
use std::path::{Path, PathBuf};

/// A repository's working copy, and the directory in it that is ours.
pub struct WorkingCopy {
    git: Git,
    git_directory: PathBuf,
    ours: String,
    branch: String,
}

/// In git's directory: a rebase of ours is under way.
const REBASING: &str = "peerling-rebasing";

impl WorkingCopy {
    /// Opens the working copy in `directory`; `ours` is a path in it.
    pub async fn open(directory: &Path, ours: &str) -> Result<WorkingCopy, GitError> {
        let git = Git::new(directory, GIT_PUSH_TIMEOUT, Credentials::Operators);
        let git = git.trusting()?;
        let said = git.run(&["rev-parse", "--absolute-git-dir", "--show-prefix"]).await?;
        let mut lines = said.lines();
        let git_directory = PathBuf::from(lines.next().unwrap_or_default());
        if lines.next().is_some_and(|prefix| !prefix.is_empty()) {
            let words = "it is no working copy of its own; git init, or git clone, makes one";
            return Err(GitError::new(words.to_string()));
        }
        let mut copy = WorkingCopy { git, git_directory, ours: ours.into(), branch: String::new() };
        let head = copy.git.run(&["symbolic-ref", "--quiet", "HEAD"]).await;
        // None while a rebase is under way, somebody's or, after a crash, ours.
        copy.branch = head.unwrap_or_default().trim_start_matches("refs/heads/").to_string();
        Ok(copy)
    }

    /// The same for whoever is about to change it: what a crash interrupted is taken back.
    pub async fn begin(directory: &Path, ours: &str) -> Result<WorkingCopy, GitError> {
        WorkingCopy::open(directory, ours).await?.take_back().await?;
        let copy = WorkingCopy::open(directory, ours).await?;
        if copy.branch.is_empty() {
            let words = "no branch is checked out; it is left as it is";
            return Err(GitError::new(words.to_string()));
        }
        Ok(copy)
    }

    /// What of our directory is not committed, with the letters of `git diff --name-status`.
    pub async fn changes(&self) -> Result<Vec<(char, String)>, GitError> {
        self.git.run(&["add", "--all", "--force", "--", &self.ours]).await?;
        let wanted = ["diff", "--cached", "--name-status", "--no-renames", "-z", "--", &self.ours];
        let said = self.git.run(&wanted).await?;
        let mut words = said.split('\0');
        let mut changes = Vec::new();
        while let (Some(letter), Some(path)) = (words.next(), words.next()) {
            let path = path.strip_prefix(&self.ours).unwrap_or(path).trim_start_matches('/');
            changes.extend(letter.chars().next().map(|letter| (letter, path.to_string())));
        }
        Ok(changes)
    }

    /// Commits our directory, and nothing else that somebody may have staged.
    pub async fn commit(&self, message: &str) -> Result<(), GitError> {
        let commit = ["commit", "--quiet", "--only", "--message", message, "--", &self.ours];
        self.signed(&commit).await.map(drop)
    }

    /// Fetches what others pushed, and pushes ours. Without a remote there is nothing to do.
    pub async fn exchange(&self) -> Result<(), GitError> {
        let Some(remote) = self.remote().await? else { return Ok(()) };
        let mut tries = 1;
        loop {
            match self.exchange_once(&remote).await {
                // Another POP was faster.
                Err(error) if tries < GIT_PUSH_TRIES && error.words.contains("[rejected]") => {
                    tries += 1;
                }
                done => break done,
            }
        }?;
        let auto = format!("gc.auto={GIT_GC_OBJECTS}");
        // Nothing depends on it.
        let _ = self.git.run(&["-c", &auto, "gc", "--auto", "--quiet"]).await;
        Ok(())
    }

    /// How many commits of ours are not where the repository is kept, as far as is known here.
    pub async fn unpushed(&self) -> Result<u32, GitError> {
        match self.remote().await? {
            Some(remote) => Ok(self.apart(&remote).await?.0),
            None => Ok(0),
        }
    }

    async fn remote(&self) -> Result<Option<String>, GitError> {
        let key = format!("branch.{}.remote", self.branch);
        if let Ok(remote) = self.git.run(&["config", &key]).await {
            return Ok(Some(remote));
        }
        Ok(self.git.run(&["remote"]).await?.lines().next().map(str::to_string))
    }

    fn tracking(&self, remote: &str) -> String {
        format!("refs/remotes/{remote}/{}", self.branch)
    }

    async fn has(&self, name: &str) -> bool {
        let commit = format!("{name}^{{commit}}");
        self.git.run(&["rev-parse", "--verify", "--quiet", &commit]).await.is_ok()
    }

    /// The commits that only we have, and those that only the remote has.
    async fn apart(&self, remote: &str) -> Result<(u32, u32), GitError> {
        let tracking = self.tracking(remote);
        let both = format!("HEAD...{tracking}");
        let counts = match (self.has("HEAD").await, self.has(&tracking).await) {
            (true, true) => self.git.run(&["rev-list", "--left-right", "--count", &both]).await?,
            (true, false) => self.git.run(&["rev-list", "--count", "HEAD"]).await? + " 0",
            (false, true) => "0 1".to_string(),
            (false, false) => String::new(),
        };
        let mut numbers = counts.split_whitespace().map(|number| number.parse().unwrap_or(0));
        Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
    }

    async fn exchange_once(&self, remote: &str) -> Result<(), GitError> {
        let tracking = self.tracking(remote);
        let refs = format!("+refs/heads/{}:{tracking}", self.branch);
        match self.git.talk(&["fetch", "--quiet", "--no-tags", remote, &refs]).await {
            // A repository in which nobody has committed yet.
            Err(error) if error.words.contains("find remote ref") => {}
            fetched => drop(fetched?),
        }
        match self.apart(remote).await? {
            (_, 0) => {}
            (0, _) => drop(self.git.run(&["merge", "--quiet", "--ff-only", &tracking]).await?),
            _ => self.rebase(&tracking).await?,
        }
        if self.apart(remote).await?.0 == 0 {
            return Ok(());
        }
        let to = format!("HEAD:refs/heads/{}", self.branch);
        self.git.talk(&["push", "--quiet", remote, &to]).await.map(drop)
    }

    async fn rebase(&self, onto: &str) -> Result<(), GitError> {
        let mark = self.git_directory.join(REBASING);
        fs::write(&mark, onto).map_err(|error| GitError::of_file(&mark, &error))?;
        let done = self.signed(&["rebase", "--quiet", onto]).await;
        self.take_back().await?;
        done.map(drop).map_err(|error| GitError {
            words: format!("our commits do not fit on what others pushed, by hand?: {error}"),
            ..error
        })
    }

    /// Ends a rebase of ours, as if it had not begun; one that ended leaves nothing to end.
    async fn take_back(&self) -> Result<(), GitError> {
        let mark = self.git_directory.join(REBASING);
        if !mark.exists() {
            return Ok(());
        }
        let under_way = ["rebase-merge", "rebase-apply"];
        if under_way.iter().any(|name| self.git_directory.join(name).exists()) {
            self.git.run(&["rebase", "--abort"]).await?;
        }
        fs::remove_file(&mark)
            .map_err(|error| GitError::new(format!("{}: {error}", mark.display())))
    }

    /// A command that makes commits, by whom the operator set, or else by us.
    async fn signed(&self, arguments: &[&str]) -> Result<String, GitError> {
        let mut all = Vec::new();
        for (key, ours) in
            [("user.name", "user.name=peerling"), ("user.email", "user.email=peerling@localhost")]
        {
            if self.git.run(&["config", key]).await.is_err() {
                all.extend(["-c", ours]);
            }
        }
        all.extend(arguments);
        self.git.run(&all).await
    }
}
