//! Programs of the machine that init asks or tells: at a terminal, one after the other, each with
//! nothing to read.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where root's programs are, for whoever has not got them in PATH.
const ROOT_PATH: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin"];
/// More of what a program prints is not read.
const OUTPUT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How much of it an error shows, in characters.
const WORDS_MAX: usize = 300;

/// Where a program is, if it is on this machine.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(ROOT_PATH.iter().map(PathBuf::from));
    for directory in directories {
        let whole = directory.join(name);
        if whole.is_file() {
            return Some(whole);
        }
    }
    None
}

/// What a program printed on standard output.
///
/// # Errors
/// It is not there, or ended with an error: its last words.
pub(super) fn run<A: AsRef<OsStr>>(words: &[A]) -> Result<String, String> {
    let [name, arguments @ ..] = words else { return Err("no program".to_string()) };
    let name = name.as_ref();
    let shown = Path::new(name).display();
    let program = match name.to_str().and_then(find) {
        Some(found) => found,
        None if Path::new(name).is_absolute() => PathBuf::from(name),
        None => return Err(format!("there is no {shown} on this machine")),
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("LC_ALL", "C");
    let mut child = command.spawn().map_err(|error| format!("{shown}: {error}"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Beside each other: a program may fill one while it is the other that is read.
    let complaint = std::thread::spawn(move || read(stderr));
    let output = read(stdout);
    let complaint = complaint.join().unwrap_or_default();
    let status = child.wait().map_err(|error| format!("{shown}: {error}"))?;
    if status.success() {
        return Ok(output);
    }
    let said = if complaint.trim().is_empty() { &output } else { &complaint };
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let words: String = said.join("; ").chars().take(WORDS_MAX).collect();
    Err(format!("{shown}: {}", if words.is_empty() { status.to_string() } else { words }))
}

fn read(stream: Option<impl std::io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What was read until an error counts; what is beyond the bound ends the program.
        let _ = stream.take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_and_how_it_ends_is_known() {
        assert_eq!(run(&["sh", "-c", "echo a; echo b >&2"]).unwrap(), "a\n");
        let error = run(&["sh", "-c", "echo a; echo ' no '  >&2; echo never >&2; exit 3"]);
        assert_eq!(error.unwrap_err(), "sh: no; never");
        assert!(run(&["sh", "-c", "exit 3"]).unwrap_err().contains('3'));
        let error = run(&["no-such-program-of-peerling"]).unwrap_err();
        assert_eq!(error, "there is no no-such-program-of-peerling on this machine");
    }
}
