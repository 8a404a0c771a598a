//! A clone where there is none, made as another user: root's git would leave what that one cannot
//! write, and would follow what that one left.

use super::{Credentials, Git, GitError};
use crate::limits::{GIT_CLONE_TIMEOUT, GIT_PULL_TIMEOUT};
use crate::sys::users::User;
use std::path::Path;
use std::time::Duration;

/// Clones a repository, its newest commit alone where that is on another machine. Git makes the
/// directory, and takes away what it made where it fails.
///
/// # Errors
/// What git says.
pub async fn clone(source: &str, directory: &Path, user: &User) -> Result<(), GitError> {
    let parent = directory.parent().unwrap_or(Path::new("/"));
    let name = directory.to_string_lossy();
    let mut arguments = vec!["clone", "--quiet"];
    if !Path::new(source).is_absolute() {
        arguments.push("--depth=1");
    }
    arguments.extend(["--", source, &name]);
    git(parent, GIT_CLONE_TIMEOUT, user).talk(&arguments).await.map(drop)
}

/// Lets a user's git read a repository that belongs to somebody else (safe.directory in
/// git-config(1)), which git of the other end of a local clone asks for.
///
/// # Errors
/// What git says.
pub async fn let_read(repository: &Path, user: &User) -> Result<(), GitError> {
    let shown = repository.to_string_lossy();
    let git = git(Path::new("/"), GIT_PULL_TIMEOUT, user);
    let known = git.run(&["config", "--global", "--get-all", "safe.directory"]).await;
    if known.is_ok_and(|known| known.lines().any(|line| line == shown)) {
        return Ok(());
    }
    git.run(&["config", "--global", "--add", "safe.directory", &shown]).await.map(drop)
}

fn git(directory: &Path, timeout: Duration, user: &User) -> Git {
    let mut git = Git::new(directory, timeout, Credentials::None);
    git.user = Some(user.clone());
    git
}
