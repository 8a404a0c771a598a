//! The commands that we give to BIRD, and what their reply codes mean (BIRD's doc/reply_codes).

use super::reply::Reply;
use super::status::{BgpStatus, KernelRoutes, Protocol};
use super::{Bird, BirdError, BirdFault};
use crate::limits::BIRD_SYMBOL_BYTES_MAX;
use crate::model::Timestamp;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

const OK: u16 = 0;
const RECONFIGURED: u16 = 3;
const RECONFIGURATION_IN_PROGRESS: u16 = 4;
const RECONFIGURATION_QUEUED: u16 = 5;
const SHUTTING_DOWN: u16 = 6;
const READING: u16 = 2;
const CONFIGURATION_OK: u16 = 20;
const UNDO_SCHEDULED: u16 = 22;
const CONFIGURATION_REFUSED: u16 = 8002;
const NO_PROTOCOLS_MATCH: u16 = 8003;
const NO_SUCH_NETWORK: u16 = 8001;
const SYNTAX_ERROR: u16 = 9001;

/// What BIRD says to the files as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// It would take them.
    Ok,
    /// It would not.
    Refused(Complaint),
}

/// A check, and the file that it began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// BIRD's main file, as it was named on BIRD's command line; `None` if BIRD does not tell.
    pub main_file: Option<PathBuf>,
    /// What BIRD says.
    pub verdict: Check,
}

/// What became of `configure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Configured {
    /// The new configuration is in force.
    Done,
    /// It is being put in force; normal when a protocol goes.
    InProgress,
    /// It will be, after the one in progress.
    Queued,
    /// The old configuration stays in force.
    Refused(Complaint),
    /// BIRD is about to end.
    ShuttingDown,
}

/// How long ago something happened to BIRD; `None` if it does not say so in a form that we know
/// (`timeformat base`, by default `iso long`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ages {
    pub started: Option<Duration>,
    /// It read its files.
    pub configured: Option<Duration>,
}

impl Bird {
    /// Has BIRD read its files without putting them in force.
    pub async fn check(&mut self) -> Result<Check, BirdError> {
        self.examine().await.map(|examined| examined.verdict)
    }

    /// The same, with the name of BIRD's main file.
    pub async fn examine(&mut self) -> Result<Examined, BirdError> {
        let reply = self.command("configure check").await?;
        let named = reply
            .with_code(READING)
            .find_map(|rest| rest.strip_prefix("Reading configuration from "));
        let main_file = named.map(PathBuf::from);
        let verdict = match reply.code {
            CONFIGURATION_OK => Check::Ok,
            CONFIGURATION_REFUSED => Check::Refused(Complaint::parse(reply.words())),
            _ => return Err(self.unexpected(&reply)),
        };
        Ok(Examined { main_file, verdict })
    }

    /// Is BIRD to go back to the configuration of before, unless somebody confirms the present one
    /// (`configure timeout`)? Then in how many seconds. The next `configure` would call that off.
    pub async fn undo_s(&mut self) -> Result<Option<u64>, BirdError> {
        let reply = self.command("configure status").await?;
        // One that does not know the question answers with another code, and has no such line.
        let scheduled = reply.with_code(UNDO_SCHEDULED).next();
        Ok(scheduled.map(|text| seconds_left(text).unwrap_or(0)))
    }

    /// Has BIRD read its files and put them in force.
    pub async fn configure(&mut self) -> Result<Configured, BirdError> {
        let reply = self.command("configure").await?;
        match reply.code {
            RECONFIGURED => Ok(Configured::Done),
            RECONFIGURATION_IN_PROGRESS => Ok(Configured::InProgress),
            RECONFIGURATION_QUEUED => Ok(Configured::Queued),
            SHUTTING_DOWN => Ok(Configured::ShuttingDown),
            CONFIGURATION_REFUSED => Ok(Configured::Refused(Complaint::parse(reply.words()))),
            _ => Err(self.unexpected(&reply)),
        }
    }

    /// How long ago BIRD started and last read its files. It works both moments out from its clock
    /// of now, so that one which is set changes nothing.
    pub async fn ages(&mut self) -> Result<Ages, BirdError> {
        let reply = self.command("show status").await?;
        Ok(Ages {
            started: age(&reply, "Last reboot on "),
            configured: age(&reply, "Last reconfiguration on "),
        })
    }

    /// Enables a protocol that was disabled; one that is enabled stays so. `false`: there is none
    /// of this name.
    pub async fn enable(&mut self, name: &str) -> Result<bool, BirdError> {
        if !is_pattern(name) || name.contains('*') {
            return Err(self.error(BirdFault::Name));
        }
        let reply = self.command(&format!("enable \"{name}\"")).await?;
        match reply.code {
            OK => Ok(true),
            NO_PROTOCOLS_MATCH => Ok(false),
            _ => Err(self.unexpected(&reply)),
        }
    }

    /// The protocols whose names match a pattern such as `ebgp_as*`; none is no error.
    pub async fn protocols(&mut self, pattern: &str) -> Result<Vec<Protocol>, BirdError> {
        if !is_pattern(pattern) {
            return Err(self.error(BirdFault::Name));
        }
        let reply = self.command(&format!("show protocols \"{pattern}\"")).await?;
        match reply.code {
            OK => Ok(Protocol::list(&reply)),
            NO_PROTOCOLS_MATCH => Ok(Vec::new()),
            _ => Err(self.unexpected(&reply)),
        }
    }

    /// All about the protocols whose names match a pattern, without their texts; none is no error.
    pub async fn statuses(&mut self, pattern: &str) -> Result<Vec<BgpStatus>, BirdError> {
        if !is_pattern(pattern) {
            return Err(self.error(BirdFault::Name));
        }
        let reply = self.command(&format!("show protocols all \"{pattern}\"")).await?;
        match reply.code {
            OK => Ok(BgpStatus::list(&reply)),
            NO_PROTOCOLS_MATCH => Ok(Vec::new()),
            _ => Err(self.unexpected(&reply)),
        }
    }

    /// All about one protocol; `None` if there is none of this name.
    pub async fn protocol(&mut self, name: &str) -> Result<Option<BgpStatus>, BirdError> {
        if !is_pattern(name) || name.contains('*') {
            return Err(self.error(BirdFault::Name));
        }
        // In quotes it is a pattern: so a name that is a keyword of BIRD's is no syntax error.
        let reply = self.command(&format!("show protocols all \"{name}\"")).await?;
        match reply.code {
            OK => Ok(BgpStatus::parse(&reply)),
            NO_PROTOCOLS_MATCH | SYNTAX_ERROR => Ok(None),
            _ => Err(self.unexpected(&reply)),
        }
    }

    /// What the kernel took of the best routes of both families; tables of route origins are left
    /// out. More routes than fit into a reply are [`BirdFault::TooLarge`].
    pub async fn kernel_routes(&mut self) -> Result<KernelRoutes, BirdError> {
        let what = "show route primary where net.type ~ [NET_IP4, NET_IP6]";
        let reply = self.command(what).await?;
        match reply.code {
            OK | NO_SUCH_NETWORK => Ok(KernelRoutes::of(&reply)),
            _ => Err(self.unexpected(&reply)),
        }
    }

    fn unexpected(&self, reply: &Reply) -> BirdError {
        self.error(BirdFault::Unexpected(reply.code, reply.words().to_owned()))
    }
}

/// Letters, digits, `_` and `*`: nothing that could end the quotes or the line.
fn is_pattern(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= BIRD_SYMBOL_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'*'))
}

/// The whole seconds in the line `… 42.7 s`, rounded up.
fn seconds_left(text: &str) -> Option<u64> {
    let (whole, _) = text.strip_suffix(" s")?.rsplit_once(' ')?.1.split_once('.')?;
    whole.parse::<u64>().ok()?.checked_add(1)
}

/// How long before BIRD's own time of now something was.
fn age(reply: &Reply, what: &str) -> Option<Duration> {
    let then = moment(reply, what)?;
    Some(Duration::from_secs(moment(reply, "Current server time is ")?.since(then)))
}

/// The moment in the line that begins with these words.
fn moment(reply: &Reply, what: &str) -> Option<Timestamp> {
    let text = reply.lines.iter().find_map(|line| line.text.trim().strip_prefix(what))?;
    Timestamp::from_iso(text)
}

// Where BIRD finds fault with its configuration. Pure.
//
// Reply 8002 reads `FILE:LINE:COLUMN words` or, if the main file cannot be opened, `FILE: words`
// (BIRD's sysdep/unix/main.c). For a dangling symbolic link FILE has the `include` line and the
// words quote freed memory. Whoever acts on a file compares it with the names of their own first.

/// What BIRD refuses, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file, as BIRD names it: a path as it stands in the configuration or on BIRD's command
    /// line.
    pub file: Option<PathBuf>,
    /// Counted from 1; 0 if BIRD tells no position.
    pub line: u32,
    /// Counted from 1; 0 if BIRD tells no position.
    pub column: u32,
    /// BIRD's own words.
    pub words: String,
}

impl Complaint {
    /// Reads the text of a reply 8002.
    pub(super) fn parse(text: &str) -> Complaint {
        positioned(text).unwrap_or_else(|| {
            // The reason is the C library's, which has no colon; the file's name may.
            let (file, words) = match text.rsplit_once(": ") {
                Some((file, words)) => (Some(file), words),
                None => (None, text),
            };
            let file = file.map(PathBuf::from);
            Complaint { file, line: 0, column: 0, words: words.trim().to_owned() }
        })
    }
}

/// Splits at the first `:LINE:COLUMN ` in the text: a file's name before it may have colons and
/// blanks, and the words after it may name more places.
fn positioned(text: &str) -> Option<Complaint> {
    text.match_indices(':').find_map(|(at, _)| {
        let (file, rest) = text.split_at_checked(at)?;
        let (position, words) = rest.strip_prefix(':')?.split_once(' ')?;
        let (line, column) = position.split_once(':')?;
        let (line, column) = (number(line)?, number(column)?);
        let file = Some(file).filter(|file| !file.is_empty()).map(PathBuf::from);
        Some(Complaint { file, line, column, words: words.trim().to_owned() })
    })
}

fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// `FILE:LINE:COLUMN words`, as BIRD has it.
impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), 0) => write!(out, "{}: {}", file.display(), self.words),
            (Some(file), line) => {
                write!(out, "{}:{line}:{} {}", file.display(), self.column, self.words)
            }
            (None, _) => out.write_str(&self.words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_file_and_the_place() {
        for (text, file, line, column, words) in [
            (
                "/etc/bird/p/ebgp_as64600:2:20 syntax error",
                "/etc/bird/p/ebgp_as64600",
                2,
                20,
                "syntax error",
            ),
            ("bird.conf:1:1 a:2:3 b", "bird.conf", 1, 1, "a:2:3 b"),
            ("/a b/c:d:7:1 x", "/a b/c:d", 7, 1, "x"),
            ("/a:1:2:3:4 x", "/a:1:2", 3, 4, "x"),
            ("/a: b:3:4 x", "/a: b", 3, 4, "x"),
            (
                "/no/bird.conf: No such file or directory",
                "/no/bird.conf",
                0,
                0,
                "No such file or directory",
            ),
            ("/a: b: Permission denied", "/a: b", 0, 0, "Permission denied"),
            ("\u{fffd}\u{fffd}:1:2 Unable to open", "\u{fffd}\u{fffd}", 1, 2, "Unable to open"),
            (":1:2 x", "", 1, 2, "x"),
            ("no place at all", "", 0, 0, "no place at all"),
            ("/a:99999999999:1 x", "", 0, 0, "/a:99999999999:1 x"),
            ("/a:+1:1 x", "", 0, 0, "/a:+1:1 x"),
            (":::::", "", 0, 0, ":::::"),
            ("", "", 0, 0, ""),
        ] {
            let file = Some(file).filter(|file| !file.is_empty()).map(PathBuf::from);
            let expected = Complaint { file, line, column, words: words.to_owned() };
            assert_eq!(Complaint::parse(text), expected, "{text:?}");
            if expected.file.is_some() {
                assert_eq!(expected.to_string(), text);
            }
        }
    }
}
