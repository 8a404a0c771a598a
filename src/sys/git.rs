//! `git pull` in the registry's clone, as this user, never asking anybody anything.

use smol::future::FutureExt as _;
use smol::process::{Command, Stdio};
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// A pull that failed, in git's own last words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitError(String);

/// Pulls, fast-forward only; a clone that was changed by hand is left as it is.
pub async fn pull(directory: &Path, deadline: Duration) -> Result<(), GitError> {
    let pull = async {
        let mut command = Command::new("git");
        command.arg("-C").arg(directory).args(["pull", "--ff-only", "--quiet"]);
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        // The private key may stand in our environment; it is nothing for git and its helpers.
        command.env_remove("DN42_WG_PRIV_KEY").env_remove("PEERLING_WIREGUARD_PRIVATE_KEY");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // A future that is dropped at the deadline takes its process along.
        let output = command.kill_on_drop(true).output().await;
        let output = output.map_err(|error| GitError(format!("git cannot be run: {error}")))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(GitError(last_line(&output.stderr))),
        }
    };
    let late = async {
        smol::Timer::after(deadline).await;
        Err(GitError(format!("no end within {} s", deadline.as_secs())))
    };
    pull.or(late).await
}

fn last_line(words: &[u8]) -> String {
    let text = String::from_utf8_lossy(words);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    line.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

impl fmt::Display for GitError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "git pull: {}", self.0)
    }
}

impl std::error::Error for GitError {}
