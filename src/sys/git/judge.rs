//! What keeps a clone of the registry from being pulled: work by hand, and an upstream that cannot
//! be right. And what a clone looks like from outside, for the operator's check: upstream is not
//! asked then, and nothing is changed.

use super::GitError;
use super::pull::{Clone, NEXT, Upstream};
use crate::limits::{GIT_OUTPUT_BYTES_MAX, REGISTRY_FILES_MAX, REGISTRY_OBJECT_BYTES_MAX};
use crate::registry::{Counts, Kind, judge_replacement};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Why a clone is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What was seen.
    pub why: String,
    /// What to type.
    pub remedy: String,
}

/// Where the commit that is checked out comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadOrigin {
    /// From upstream, and upstream went on from there.
    Upstreams,
    /// From upstream, and what git knows of upstream now does not go on from there: so git leaves a
    /// shallow clone after `git pull --depth 1`. Nobody's work is lost by going to upstream's.
    Diverged,
    /// Somebody committed here.
    Own,
}

/// What is known of a clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloneStatus {
    /// When the commit that is checked out was made.
    pub committed: Option<SystemTime>,
    /// When upstream was last asked, by whomever.
    pub fetched: Option<SystemTime>,
    /// Where the commit comes from.
    pub origin: HeadOrigin,
    /// What brings a clone that diverged to upstream's commit.
    pub rejoin: String,
    /// Somebody's work, which keeps it from being pulled.
    pub by_hand: Option<Obstacle>,
    /// What was fetched and is not taken over.
    pub refused: Option<Obstacle>,
}

pub async fn look(directory: &Path) -> Result<CloneStatus, GitError> {
    let clone = Clone::open(directory).await?;
    let upstream = clone.upstream().await?;
    Ok(CloneStatus {
        committed: clone.committed("HEAD").await,
        fetched: clone.fetched(),
        origin: clone.head_origin(&upstream).await?,
        rejoin: format!("git -C {} reset --keep {}", clone.place(), upstream.tracking),
        by_hand: clone.by_hand(&upstream).await?,
        refused: clone.refused().await?,
    })
}

/// How many entries a directory of a commit has.
enum Entries {
    /// There is no such directory.
    Missing,
    Count(usize),
    /// More than are read.
    TooMany,
}

impl Clone {
    /// Where the commit that is checked out comes from.
    pub(super) async fn head_origin(&self, upstream: &Upstream) -> Result<HeadOrigin, GitError> {
        let (head, next) = (self.commit("HEAD").await?, self.commit(NEXT).await);
        // What we fetched last is upstream's too: a crash, or the operator, may have gone there.
        let known = ["merge-base", "--is-ancestor", &head, &upstream.tracking];
        if next.ok() == Some(head.clone()) || self.git.run(&known).await.is_ok() {
            return Ok(HeadOrigin::Upstreams);
        }
        // A commit whose parents were not fetched was fetched itself. Else the reflog of what
        // upstream was may have it.
        let fork = self.git.run(&["merge-base", "--fork-point", &upstream.tracking, &head]).await;
        let fetched = self.shallow_commits().lines().any(|commit| commit == head);
        if fetched || fork.ok() == Some(head) {
            return Ok(HeadOrigin::Diverged);
        }
        Ok(HeadOrigin::Own)
    }

    /// The commits whose parents were not fetched, one a line (gitformat-shallow).
    fn shallow_commits(&self) -> String {
        let mut text = String::new();
        if let Ok(file) = File::open(self.git_directory.join("shallow")) {
            // What is half read ends in half a name, which is no commit's.
            let _ = file.take(GIT_OUTPUT_BYTES_MAX).read_to_string(&mut text);
        }
        text
    }

    /// Has somebody worked here?
    pub(super) async fn by_hand(&self, upstream: &Upstream) -> Result<Option<Obstacle>, GitError> {
        let place = self.place();
        if self.head_origin(upstream).await? == HeadOrigin::Own {
            let tracking = &upstream.tracking;
            return Ok(Some(Obstacle {
                why: "the clone has commits of its own, it is left as it is".to_string(),
                remedy: format!(
                    "git -C {place} log {tracking}..HEAD shows them; \
                     git -C {place} reset --keep {tracking} drops them"
                ),
            }));
        }
        Ok(self.changed().await?.lines().next().map(|line| {
            let file = line.get(3..).unwrap_or_default();
            Obstacle {
                why: format!("{file} was changed by hand, the clone is left as it is"),
                remedy: format!("git -C {place} restore --staged --worktree {file}"),
            }
        }))
    }

    /// May the work tree move from one commit to the other?
    pub(super) async fn judge(&self, head: &str, next: &str) -> Option<Obstacle> {
        if let Some(why) = self.too_large(next).await {
            let remedy = "a newer peerling may read it; the registry of before serves on";
            return Some(Obstacle { why, remedy: remedy.to_string() });
        }
        let judged = judge_replacement(self.counts(head).await, self.counts(next).await);
        judged.err().map(|shrunk| Obstacle {
            why: shrunk.to_string(),
            remedy: format!("if that is right: git -C {} reset --keep {NEXT}", self.place()),
        })
    }

    /// What of a commit is more than peerling reads.
    async fn too_large(&self, commit: &str) -> Option<String> {
        for kind in [Kind::Mntner, Kind::AutNum, Kind::Route, Kind::Route6] {
            if let Entries::TooMany = self.entries(commit, kind).await {
                return Some(format!(
                    "the registry grew beyond what is read: more than {REGISTRY_FILES_MAX} \
                     entries in data/{}",
                    kind.class()
                ));
            }
        }
        for kind in [Kind::Route, Kind::Route6] {
            let file = format!("data/{}", kind.filter_file());
            let said = self.git.run(&["cat-file", "-s", &format!("{commit}:{file}")]).await;
            let bytes = said.ok().and_then(|text| text.parse::<usize>().ok());
            if bytes.is_some_and(|bytes| bytes > REGISTRY_OBJECT_BYTES_MAX) {
                return Some(format!(
                    "the registry grew beyond what is read: {file} has more than \
                     {REGISTRY_OBJECT_BYTES_MAX} bytes"
                ));
            }
        }
        None
    }

    /// How many maintainers and AS numbers a commit has; none where it has no such directory.
    async fn counts(&self, commit: &str) -> Counts {
        let mut counts = Counts::default();
        let directories =
            [(Kind::Mntner, &mut counts.maintainers), (Kind::AutNum, &mut counts.aut_nums)];
        for (kind, count) in directories {
            *count = match self.entries(commit, kind).await {
                Entries::Missing => 0,
                Entries::Count(count) => count,
                Entries::TooMany => REGISTRY_FILES_MAX,
            };
        }
        counts
    }

    /// Git is not heard to the end where it says too much, and fails then.
    async fn entries(&self, commit: &str, kind: Kind) -> Entries {
        let tree = format!("{commit}:data/{}", kind.class());
        match self.git.run(&["ls-tree", "--name-only", &tree]).await {
            Ok(listed) => match listed.lines().count() {
                count if count > REGISTRY_FILES_MAX => Entries::TooMany,
                count => Entries::Count(count),
            },
            Err(_) => match self.git.run(&["rev-parse", "--verify", "--quiet", &tree]).await {
                Ok(_) => Entries::TooMany,
                Err(_) => Entries::Missing,
            },
        }
    }

    /// When a commit was made.
    async fn committed(&self, commit: &str) -> Option<SystemTime> {
        let said = self.git.run(&["show", "--no-patch", "--format=%ct", commit]).await.ok()?;
        let seconds = Duration::from_secs(said.parse().ok()?);
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    }

    /// Git writes a file with each fetch, and another with the clone.
    fn fetched(&self) -> Option<SystemTime> {
        for name in ["FETCH_HEAD", "HEAD"] {
            let metadata = self.git_directory.join(name).metadata();
            if let Ok(modified) = metadata.and_then(|metadata| metadata.modified()) {
                return Some(modified);
            }
        }
        None
    }

    /// Why the commit that was fetched last is not the one that is checked out, if it was refused.
    /// An older one is of no interest any more.
    async fn refused(&self) -> Result<Option<Obstacle>, GitError> {
        let head = self.commit("HEAD").await?;
        let Ok(next) = self.commit(NEXT).await else { return Ok(None) };
        if next == head || self.committed(&next).await < self.committed(&head).await {
            return Ok(None);
        }
        Ok(self.judge(&head, &next).await)
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.why, self.remedy)
    }
}
