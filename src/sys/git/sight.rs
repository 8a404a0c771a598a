//! What a clone of the registry looks like from outside, for the operator's check: upstream is not
//! asked, and nothing is changed.

use super::GitError;
use super::judge::{Left, Standing};
use super::pull::{Clone, NEXT};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What is known of a clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// When the commit that is checked out was made.
    pub committed: Option<SystemTime>,
    /// When upstream was last asked, by whomever.
    pub fetched: Option<SystemTime>,
    /// Where the commit comes from.
    pub standing: Standing,
    /// What brings a clone that diverged to upstream's commit.
    pub rejoin: String,
    /// Somebody's work, which keeps it from being pulled.
    pub by_hand: Option<Left>,
    /// What was fetched and is not taken over.
    pub refused: Option<Left>,
}

/// Looks at a clone.
pub async fn look(directory: &Path) -> Result<Sight, GitError> {
    let clone = Clone::open(directory).await?;
    let upstream = clone.upstream().await?;
    Ok(Sight {
        committed: clone.committed("HEAD").await,
        fetched: clone.fetched(),
        standing: clone.standing(&upstream).await?,
        rejoin: format!("git -C {} reset --keep {}", clone.place(), upstream.tracking),
        by_hand: clone.by_hand(&upstream).await?,
        refused: clone.refused().await?,
    })
}

impl Clone {
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
    async fn refused(&self) -> Result<Option<Left>, GitError> {
        let head = self.commit("HEAD").await?;
        let Ok(next) = self.commit(NEXT).await else { return Ok(None) };
        if next == head || self.committed(&next).await < self.committed(&head).await {
            return Ok(None);
        }
        Ok(self.judge(&head, &next).await)
    }
}
