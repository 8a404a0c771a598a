//! Bounds of what `peerling import` reads: files that somebody wrote by hand.

use super::*;

/// A wg-quick file; one with ten commands has 2 kB, and ten times as much is another file.
pub const WG_QUICK_BYTES_MAX: u64 = 65_536;
/// Files of wg-quick that are looked at; the largest operators have some 400.
pub const WG_QUICK_FILES_MAX: usize = 4_096;
/// Words of one statement of BIRD's that are kept; `neighbor` with all it can have has twelve.
pub const BIRD_STATEMENT_WORDS_MAX: usize = 24;
/// BGP sessions, templates and constants that are kept of all of BIRD's files together, of each.
pub const BIRD_DEFINITIONS_MAX: usize = 8_192;
/// How long `peerling import` waits for the running service to see what it saved; the service looks
/// every few seconds.
pub const IMPORT_APPLIED_TIMEOUT: Duration = Duration::from_secs(20);
/// How long it waits from one question to the next.
pub const IMPORT_LOOK_PAUSE: Duration = Duration::from_millis(200);
