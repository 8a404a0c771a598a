//! git for tests: as nobody in particular, with no settings but those of the repository.

use super::run::{has, run};
use std::path::Path;
use std::process::Command;

/// Is git here? If not, that was said.
pub fn has_git() -> bool {
    has("git", "git")
}

/// Runs git in a directory; what it printed.
pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(["-c", "init.defaultBranch=main"]);
    command.args(["-c", "user.name=Test", "-c", "user.email=test@example.org"]);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").args(arguments);
    let said = run(&mut command, b"");
    assert_eq!(said.status, Some(0), "git {arguments:?}: {said:#?}");
    said.stdout.trim_end().to_string()
}

/// Commits everything that lies in the directory.
pub fn commit_all(directory: &Path, message: &str) {
    git(directory, &["add", "--all"]);
    git(directory, &["commit", "--quiet", "--message", message]);
}
