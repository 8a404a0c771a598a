//! The configuration as it is read from its file and the environment, and why a program cannot go
//! on without it.

use crate::config::{self, Config};
use crate::limits::TEXT_FILE_BYTES_MAX;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// What to do where there is no configuration.
const WRITE_CONFIGURATION: &str =
    "write it; peerling.toml(5) tells how, or --config FILE names another";

/// Why the program cannot do what it was started for: one line for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    words: String,
    remedy: Option<&'static str>,
}

impl Trouble {
    /// A line: what, and with which file.
    pub fn new(words: impl Into<String>) -> Trouble {
        Trouble { words: words.into(), remedy: None }
    }
}

impl Trouble {
    /// What is wrong, without what to do.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// What to do, where it is known.
    pub fn remedy(&self) -> Option<&'static str> {
        self.remedy
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.words)?;
        self.remedy.map_or(Ok(()), |remedy| write!(out, ": {remedy}"))
    }
}

impl std::error::Error for Trouble {}

/// Why an operation failed, a line for each reason.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service's configuration, or a file that it names, is wrong. To start it again and again
    /// would not help, so the service manager is told not to.
    Configuration(Vec<Trouble>),
    /// Anything else: the next try may go well.
    Other(Vec<Trouble>),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        Failure::Other(vec![trouble])
    }
}

impl From<Vec<Trouble>> for Failure {
    fn from(troubles: Vec<Trouble>) -> Failure {
        Failure::Other(troubles)
    }
}

/// Which configuration file, and whether it must exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// Named on the command line: it must be there.
    Named(PathBuf),
    /// The usual place: without it, the environment must say everything.
    Usual(PathBuf),
    /// This file and nothing else: the environment is not looked at.
    Alone(PathBuf),
}

impl ConfigFile {
    /// Where it is, or would be.
    pub fn path(&self) -> &Path {
        match self {
            ConfigFile::Named(path) | ConfigFile::Usual(path) | ConfigFile::Alone(path) => path,
        }
    }

    /// Is it certain that no file is there? One that nobody may look at is none of these.
    fn is_missing(&self) -> bool {
        matches!(self.path().try_exists(), Ok(false))
    }
}

/// Reads the configuration alone, without the keys that it names.
///
/// # Errors
/// There is none, or every problem that it has.
pub fn read_config(file: &ConfigFile) -> Result<Config, Vec<Trouble>> {
    let path = file.path();
    let environment = match file {
        ConfigFile::Named(_) | ConfigFile::Usual(_) => environment(),
        ConfigFile::Alone(_) => Vec::new(),
    };
    if file.is_missing() {
        let says_anything = environment.iter().any(|(name, _)| is_configuration(OsStr::new(name)));
        return match file {
            ConfigFile::Usual(_) if says_anything => {
                config::resolve(None, &environment).map_err(|problems| {
                    let mut all = troubles(problems);
                    all.insert(0, no_configuration(path));
                    all
                })
            }
            _ => Err(vec![no_configuration(path)]),
        };
    }
    let text = read_text(path).map_err(|trouble| vec![trouble])?;
    let name = path.display().to_string();
    let source = config::Source { name: &name, text: &text };
    config::resolve(Some(source), &environment).map_err(troubles)
}

fn troubles(problems: Vec<config::Problem>) -> Vec<Trouble> {
    problems.iter().map(|problem| Trouble::new(problem.to_string())).collect()
}

fn no_configuration(path: &Path) -> Trouble {
    let words = format!("no configuration at {}", path.display());
    Trouble { words, remedy: Some(WRITE_CONFIGURATION) }
}

fn environment() -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        if !is_of_demo(&name) {
            variables.push((text(&name), text(&value)));
        }
    }
    variables
}

fn text(text: &OsString) -> String {
    text.to_string_lossy().into_owned()
}

/// Is it one of the variables that `peerling demo` gives the command that it runs?
fn is_of_demo(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"PEERLING_DEMO_")
}

/// May this variable be a key of the configuration?
pub(crate) fn is_configuration(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b"PEERLING_") || name.starts_with(b"DN42_")
}

/// Reads a text of at most [`TEXT_FILE_BYTES_MAX`].
///
/// # Errors
/// It cannot be read, is longer, or is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, Trouble> {
    read_bounded(path).map_err(|error| Trouble::new(format!("{}: {error}", path.display())))
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(TEXT_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > TEXT_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("more than {TEXT_FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_said_to_be_missing() {
        let missing = PathBuf::from("/nonexistent/peerling.toml");
        for file in [ConfigFile::Named(missing.clone()), ConfigFile::Alone(missing)] {
            let troubles = read_config(&file).unwrap_err();
            let words = troubles.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            assert!(words.starts_with("no configuration at /nonexistent/peerling.toml: write"));
            assert_eq!(troubles.len(), 1, "{words}");
        }
    }
}
