//! Starts a userspace WireGuard for a link.
//!
//! `wireguard-go NAME` makes the TUN device and the socket, leaves a child behind in the background
//! and ends with status 0, 5 ms later on an idle machine. That child is not ours any more and
//! outlives us. It keeps our standard output open if LOG_LEVEL is set, and would die of a broken
//! pipe; so it gets an environment of PATH alone, and its output is caught in a page of memory that
//! cannot grow. It also ends by itself, and takes its socket away, when its link is deleted.

use super::{UapiReason, hold, socket_path};
use crate::limits::{USERSPACE_OUTPUT_BYTES_MAX, USERSPACE_START_TIMEOUT, USERSPACE_WORDS_MAX};
use rustix::fs::{
    Access, MemfdFlags, SealFlags, access, fcntl_add_seals, ftruncate, inotify, memfd_create,
};
use rustix::io::Errno;
use smol::future::or;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::{env, fmt, io};

/// Where programs are looked for if PATH is not set.
const PATH_DEFAULT: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The most inotify instances of one user (inotify(7)); Debian's is 128, so that there are fewer
/// links.
const INOTIFY_LIMIT: &str = "/proc/sys/fs/inotify/max_user_instances";

/// Why no userspace WireGuard could be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    /// The program, as the configuration names it.
    pub program: String,
    /// What went wrong.
    pub reason: StartReason,
}

/// What went wrong when a userspace WireGuard was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartReason {
    /// The program could not be run.
    Run(Errno),
    /// It did not go to the background in time.
    Slow,
    /// It ended with an error: its status and its last words.
    Ended(ExitStatus, String),
    /// It said that all is well, but nobody answers at its socket.
    NoSocket,
    /// The same, and this user may have no more inotify instances, of which each process needs one
    /// to watch its socket; the limit, where it can be read.
    NoInotify(Option<u32>),
}

/// Starts `program` for the link `name`, which must not exist. A socket that a dead process left
/// behind is removed before.
pub async fn start(program: &str, name: &str) -> Result<(), StartError> {
    let failed = |reason| StartError { program: program.to_owned(), reason };
    let socket = socket_path(name);
    remove_stale(&socket).await;
    let mut output = output().map_err(|error| failed(run(&error)))?;
    let status = finish(program, name, &output).await.map_err(failed)?;
    if !status.success() {
        return Err(failed(StartReason::Ended(status, last_words(&mut output))));
    }
    if hold(&socket).await.is_err() {
        return Err(lacks(program).unwrap_or(failed(StartReason::NoSocket)));
    }
    Ok(())
}

/// What a process lacks that said that all is well and then ended: it can tell nobody any more, so
/// that the limit which it meets first is tried here.
pub fn lacks(program: &str) -> Option<StartError> {
    match inotify::init(inotify::CreateFlags::CLOEXEC) {
        Err(Errno::MFILE) => {
            let text = std::fs::read_to_string(INOTIFY_LIMIT).ok();
            let reason = StartReason::NoInotify(text.and_then(|number| number.trim().parse().ok()));
            Some(StartError { program: program.to_owned(), reason })
        }
        _ => None,
    }
}

/// Removes the socket of a process that died: it is there, and nobody listens.
pub async fn remove_stale(socket: &Path) {
    if let Err(UapiReason::Socket(Errno::CONNREFUSED)) = hold(socket).await {
        // If it cannot be removed, the start that follows says why.
        let _ = std::fs::remove_file(socket);
    }
}

/// The path of a program, looked for in PATH unless it has a slash; `None` if it cannot be
/// executed.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| is_executable(path));
    }
    env::split_paths(&path()).map(|below| below.join(program)).find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

fn path() -> String {
    env::var("PATH").unwrap_or_else(|_| PATH_DEFAULT.to_owned())
}

/// Runs the program until it has gone to the background. If it does not, it is killed.
async fn finish(program: &str, name: &str, output: &File) -> Result<ExitStatus, StartReason> {
    let stdout = output.try_clone().map_err(|error| run(&error))?;
    let stderr = output.try_clone().map_err(|error| run(&error))?;
    let mut command = std::process::Command::new(program);
    // A process group of its own: Ctrl-C at our terminal is not for it.
    command.arg(name).env_clear().env("PATH", path()).current_dir("/").process_group(0);
    let mut command = smol::process::Command::from(command);
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| run(&error))?;
    let ended = async { child.status().await.map_err(|error| run(&error)) };
    let late = async {
        smol::Timer::after(USERSPACE_START_TIMEOUT).await;
        Err(StartReason::Slow)
    };
    or(ended, late).await
}

/// A page of memory as a file. Sealed, so that a process which keeps it open cannot fill us up.
fn output() -> io::Result<File> {
    let page = memfd_create("output", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&page, USERSPACE_OUTPUT_BYTES_MAX)?;
    fcntl_add_seals(&page, SealFlags::GROW)?;
    Ok(File::from(page))
}

/// The last line that the program printed, fit for one line of a log.
fn last_words(output: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = output.rewind().and_then(|()| output.read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let printed = text.split(['\0', '\n']).map(str::trim).rfind(|line| !line.is_empty());
    let words = printed.filter(|_| read.is_ok()).unwrap_or_default();
    words.chars().filter(|letter| !letter.is_control()).take(USERSPACE_WORDS_MAX).collect()
}

fn run(error: &io::Error) -> StartReason {
    StartReason::Run(error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error))
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = &self.program;
        match &self.reason {
            StartReason::Run(errno) => {
                write!(out, "{program} cannot be run: {}", io::Error::from(*errno))
            }
            StartReason::Slow => {
                let seconds = USERSPACE_START_TIMEOUT.as_secs();
                write!(out, "{program} did not go to the background within {seconds} s")
            }
            StartReason::Ended(status, words) => {
                write!(out, "{program} ended with {status}: {words}")
            }
            StartReason::NoSocket => write!(out, "{program} started but does not answer"),
            StartReason::NoInotify(limit) => {
                let limit = limit.map_or(String::new(), |limit| format!(" = {limit}"));
                write!(
                    out,
                    "{program} started but does not answer: no inotify instance is left for it \
                     (fs.inotify.max_user_instances{limit}); set a higher limit with sysctl"
                )
            }
        }
    }
}

impl std::error::Error for StartError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        assert!(find("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(find("/bin/sh"), Some(PathBuf::from("/bin/sh")));
        for absent in ["no-such-program", "/bin/no-such-program", "/bin", "/etc/passwd", ""] {
            assert_eq!(find(absent), None, "{absent}");
        }
    }

    #[test]
    fn the_last_words_are_one_bounded_line() {
        for (printed, words) in [
            ("", ""),
            ("one\ntwo\n\n", "two"),
            ("\x1b[31mred\n", "[31mred"),
            ("ERROR: device or resource busy", "ERROR: device or resource busy"),
        ] {
            let mut page = output().unwrap();
            page.write_all(printed.as_bytes()).unwrap();
            assert_eq!(last_words(&mut page), words);
        }
        let mut page = output().unwrap();
        assert!(page.write_all(&[b'x'; 9000]).is_err());
        assert_eq!(last_words(&mut page).len(), USERSPACE_WORDS_MAX);
    }

    /// Programs that are not what they should be; none makes a link.
    #[test]
    fn a_program_that_fails_is_told() {
        let told = |program| smol::block_on(start(program, "wg-as1")).unwrap_err().to_string();
        assert_eq!(
            told("/no/program"),
            "/no/program cannot be run: No such file or directory (os error 2)"
        );
        assert_eq!(told("false"), "false ended with exit status: 1: ");
        assert_eq!(told("true"), "true started but does not answer");
        let words = told("ls");
        assert!(words.starts_with("ls ended with exit status: 2: ls: cannot access"), "{words}");
    }
}
