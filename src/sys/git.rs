//! git as a child process: as this user, never asking anybody anything, ended when it takes too
//! long.
//!
//! What git could ask or run beside itself is switched off on every call: prompts, editors, pagers,
//! hooks, signatures, file monitors, garbage collection in the background. It sees only the part of
//! our environment that it needs, for the rest may hold the private key. It runs in a process group
//! of its own, so that its helpers end with it; it is asked to end first, since one that is killed
//! leaves its locks behind. A lock that nobody can hold any more is removed.
//!
//! Git runs what a repository's settings name, as whoever calls it, and so refuses one of another
//! user ("dubious ownership"), also where that is root or where root made it for us. We look
//! ourselves, and tell git so: root's and our own may be trusted, others' not.

mod clone;
mod judge;
mod publish;
mod pull;

pub use clone::{clone, let_read};
pub use judge::{CloneStatus, HeadOrigin, Obstacle, look};
pub use publish::WorkingCopy;
pub use pull::{Pulled, interrupted, pull, recover};

use super::users::{self, ROOT, User, may};
use super::within;
use crate::limits::{
    GIT_CONNECT_TIMEOUT, GIT_END_TIMEOUT, GIT_LOCK_AGE_MAX, GIT_OUTPUT_BYTES_MAX,
    GIT_STALL_TIMEOUT, GIT_WORDS_MAX,
};
use rustix::fs::Access;
use rustix::process::{Pid, Signal, kill_process_group};
use smol::future::zip;
use smol::io::{AsyncRead, AsyncReadExt as _};
use smol::process::{Child, Command, Stdio};
use std::ffi::OsString;
use std::fmt;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A command of git that failed, in git's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitError {
    words: String,
    /// The lock that was in the way.
    lock: Option<PathBuf>,
}

/// May git use what the operator set up to prove who it is?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// No: what is fetched is public.
    None,
    /// Their helpers and SSH keys, without asking.
    Operators,
}

/// git in one working copy.
pub struct Git {
    directory: PathBuf,
    deadline: Duration,
    credentials: Credentials,
    /// A directory whose owner we looked at ourselves, by its real name: git need not.
    trusted: Option<PathBuf>,
    /// As whom git runs, where that is not whoever runs this; root alone can say so.
    user: Option<User>,
}

/// What of our environment git may see: where programs, settings and the SSH agent are, proxies and
/// certificates.
const ENVIRONMENT: [&str; 19] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "SSH_AUTH_SOCK",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// Variables that keep git and what it starts from asking; an empty GIT_ASKPASS hides core.askPass
/// and SSH_ASKPASS.
const SILENCE: [(&str, &str); 9] = [
    ("LC_ALL", "C"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("SSH_ASKPASS_REQUIRE", "never"),
    ("GCM_INTERACTIVE", "never"),
    ("GIT_EDITOR", "true"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("GIT_PAGER", "cat"),
    ("GIT_OPTIONAL_LOCKS", "0"),
];

/// Settings for every command, over those of the operator. One thread and little memory: the
/// service and its children share what a small machine has.
const SETTINGS: [&str; 17] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.logAllRefUpdates=false",
    "commit.gpgSign=false",
    "push.gpgSign=false",
    "tag.gpgSign=false",
    "gc.auto=0",
    "gc.autoDetach=false",
    "core.autocrlf=false",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "protocol.ext.allow=never",
    "rebase.autoStash=false",
    "pack.threads=1",
    "pack.windowMemory=16m",
    "http.lowSpeedLimit=1",
];

impl Git {
    /// For commands in `directory`, each of which may take as long as `deadline`.
    pub fn new(directory: &Path, deadline: Duration, credentials: Credentials) -> Git {
        Git { directory: directory.to_path_buf(), deadline, credentials, trusted: None, user: None }
    }

    /// The same, with git told that this directory's owner is known and trusted.
    ///
    /// # Errors
    /// Where it is another user's, or cannot be seen.
    pub(super) fn trusting(self) -> Result<Git, GitError> {
        let shown = self.directory.display();
        let directory = self.directory.canonicalize().map_err(|error| failed(&shown, &error))?;
        let metadata = directory.metadata().map_err(|error| failed(&shown, &error))?;
        trust(&directory.display(), &metadata)?;
        for part in [".git", ".git/config"] {
            match directory.join(part).symlink_metadata() {
                Ok(metadata) => trust(&directory.join(part).display(), &metadata)?,
                // Git says what it is that lies here, or where the repository is.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => return Err(failed(&shown, &error)),
            }
        }
        Ok(Git { trusted: Some(directory), ..self })
    }

    /// Runs a command; what it printed, without the final newline.
    pub async fn run(&self, arguments: &[&str]) -> Result<String, GitError> {
        self.twice(arguments, None).await
    }

    /// The same for a command that talks to another host.
    pub async fn talk(&self, arguments: &[&str]) -> Result<String, GitError> {
        let ssh = self.ssh().await;
        self.twice(arguments, Some(&ssh)).await
    }

    /// The same, and once more if a dead lock was in the way.
    async fn twice(&self, arguments: &[&str], ssh: Option<&str>) -> Result<String, GitError> {
        match self.once(arguments, ssh).await {
            Err(error) if self.unlocked(&error) => self.once(arguments, ssh).await,
            done => done,
        }
    }

    /// The operator's own SSH command, or the usual one, told not to ask.
    async fn ssh(&self) -> String {
        let set = std::env::var("GIT_SSH_COMMAND").ok().filter(|value| !value.is_empty());
        let command = match set {
            Some(command) => command,
            None => {
                let config = self.once(&["config", "core.sshCommand"], None).await;
                config.unwrap_or("ssh".to_string())
            }
        };
        format!("{command} -o BatchMode=yes -o ConnectTimeout={}", GIT_CONNECT_TIMEOUT.as_secs())
    }

    async fn once(&self, arguments: &[&str], ssh: Option<&str>) -> Result<String, GitError> {
        let mut command = self.command(arguments, ssh);
        let mut child = command.spawn().map_err(GitError::cannot_run)?;
        let mut group = Group::of(&child);
        let done = within(self.deadline, listen(&mut child)).await;
        if done.is_none() {
            group.signal(Signal::TERM);
            if within(GIT_END_TIMEOUT, child.status()).await.is_none() {
                group.signal(Signal::KILL);
            }
        }
        group.0 = None;
        match done {
            Some(Ok(said)) => said,
            Some(Err(error)) => Err(GitError::cannot_run(error)),
            None => Err(GitError::new(format!("git: no end within {} s", self.deadline.as_secs()))),
        }
    }

    fn command(&self, arguments: &[&str], ssh: Option<&str>) -> Command {
        let mut command = std::process::Command::new("git");
        command.env_clear().process_group(0);
        let known = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(known).envs(SILENCE);
        if let Some(home) = other_home() {
            command.env("HOME", home).env_remove("XDG_CONFIG_HOME");
        }
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
            command.env("HOME", &user.home).env_remove("XDG_CONFIG_HOME");
            command.envs([("USER", &user.name), ("LOGNAME", &user.name)]);
        }
        if let Some(ssh) = ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        command.arg("-C").arg(&self.directory);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.arg("-c").arg(format!("http.lowSpeedTime={}", GIT_STALL_TIMEOUT.as_secs()));
        if let Some(trusted) = &self.trusted {
            let mut setting = OsString::from("safe.directory=");
            setting.push(trusted);
            command.arg("-c").arg(setting);
        }
        if self.credentials == Credentials::None {
            command.args(["-c", "credential.helper="]);
        }
        command.args(arguments);
        let mut command = Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Was a lock in the way that nobody holds any more? It is removed then. Our own commands end
    /// long before that age, and whoever works here by hand for longer does so seldom.
    fn unlocked(&self, error: &GitError) -> bool {
        let Some(lock) = error.lock.as_ref().map(|lock| self.directory.join(lock)) else {
            return false;
        };
        let modified = lock.symlink_metadata().and_then(|metadata| metadata.modified());
        // One from the future was made before the clock was set back.
        let age = modified.map(|time| time.elapsed().unwrap_or_else(|error| error.duration()));
        let is_dead = age.is_ok_and(|age| age >= GIT_LOCK_AGE_MAX);
        is_dead && std::fs::remove_file(&lock).is_ok() && {
            log::warn!("{}: left by a git that died, removed", lock.display());
            true
        }
    }
}

/// The home of whoever runs this, where that of the environment is another's: git gives up where it
/// may not look.
fn other_home() -> Option<String> {
    let home = std::env::var_os("HOME")?;
    if may(Path::new(&home), Access::READ_OK | Access::EXEC_OK) {
        return None;
    }
    users::by_uid(users::current()).map(|user| user.home)
}

/// Reads what git says, and waits until it ends.
async fn listen(child: &mut Child) -> io::Result<Result<String, GitError>> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (out, err) = zip(bounded(stdout), bounded(stderr)).await;
    let status = child.status().await?;
    let bytes = if status.success() { out? } else { err? };
    let text = String::from_utf8_lossy(&bytes).trim_end().to_string();
    if status.success() { Ok(Ok(text)) } else { Ok(Err(GitError::read(&text))) }
}

/// Git ends when nobody reads what it says any more, so more than this is never held.
async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(GIT_OUTPUT_BYTES_MAX).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// The processes that a command started; they are told to end when nobody waits for them any more.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Group {
        Group(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
    }

    fn signal(&mut self, signal: Signal) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
    }
}

impl GitError {
    fn new(words: String) -> GitError {
        GitError { words, lock: None }
    }

    fn cannot_run(error: io::Error) -> GitError {
        GitError::new(format!("git cannot be run: {error}"))
    }

    fn of_file(path: &Path, error: &io::Error) -> GitError {
        GitError::new(format!("{}: {error}", path.display()))
    }

    /// The line in which git gives up, and the one before it, which often has the reason.
    fn read(said: &str) -> GitError {
        let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let end = lines
            .iter()
            .position(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
        let end = end.unwrap_or(lines.len().saturating_sub(1));
        let mut reasons = Vec::new();
        for line in lines.get(end.saturating_sub(1)..=end).unwrap_or_default() {
            reasons.push(line.trim_start_matches("fatal: ").trim_start_matches("error: ").trim());
        }
        let words = reasons.join("; ");
        let words = if words.is_empty() { "no reason given".to_string() } else { words };
        let clean: String = words.chars().filter(|letter| !letter.is_control()).collect();
        let clean = without_names(&clean).chars().take(GIT_WORDS_MAX).collect::<String>();
        GitError { words: format!("git: {clean}"), lock: lines.iter().find_map(|line| lock(line)) }
    }
}

/// The lock that a line is about. What another host says stands behind `remote: `.
fn lock(line: &str) -> Option<PathBuf> {
    let (before, rest) = line.split_once("Unable to create '")?;
    let (path, reason) = rest.split_once("': ")?;
    let is_ours = before.starts_with("fatal: ") || before.starts_with("error: ");
    let is_lock = path.ends_with(".lock") && reason.starts_with("File exists");
    (is_ours && is_lock).then(|| PathBuf::from(path))
}

/// Names and passwords out of the URLs in a text.
fn without_names(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let host_end = part.find(['/', ' ', '\'', '"']).unwrap_or(part.len());
        let (host, rest) = part.split_at(host_end);
        clean.push_str("://");
        clean.push_str(host.rsplit('@').next().unwrap_or_default());
        clean.push_str(rest);
    }
    clean
}

impl fmt::Display for GitError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.words)
    }
}

impl std::error::Error for GitError {}

fn failed(shown: &dyn fmt::Display, error: &io::Error) -> GitError {
    GitError::new(format!("{shown}: {error}"))
}

fn trust(shown: &dyn fmt::Display, metadata: &Metadata) -> Result<(), GitError> {
    let (owner, us) = (metadata.uid(), users::current());
    if owner == ROOT || owner == us {
        return Ok(());
    }
    let (owner, us) = (users::name(owner), users::name(us));
    Err(GitError::new(format!("{shown} belongs to {owner}, and git runs as {us}")))
}

#[cfg(test)]
mod tests;
