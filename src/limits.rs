//! Every bound in one place, each with its reason. A time is a `Duration`; a number has its unit in
//! the name.
//!
//! Nothing here is tunable at run time: what an operator may choose is in `config`, and its
//! defaults and ranges are here too. Relations between bounds are checked when the program is
//! compiled.

use std::time::Duration;

mod adopt;
mod others;
mod service;
mod ssh;

pub use adopt::*;
pub use others::*;
pub use service::*;
pub use ssh::*;

// --- names and numbers

/// A maintainer name such as `EXAMPLE-MNT`; the longest in the registry has 27 characters.
pub const MNTNER_BYTES_MAX: usize = 64;
/// A link's name: the kernel keeps 16 bytes with the final NUL (`IFNAMSIZ` in linux/if.h).
pub const IFNAME_BYTES_MAX: usize = 15;
/// A host name as text (RFC 1035, section 2.3.4: 255 octets on the wire, 253 characters written).
pub const HOST_NAME_BYTES_MAX: usize = 253;
/// One label of a host name (RFC 1035, section 2.3.4).
pub const HOST_LABEL_BYTES_MAX: usize = 63;
/// An IPv6 address as text, the longest form with an embedded IPv4 address (`INET6_ADDRSTRLEN`).
pub const ADDRESS_BYTES_MAX: usize = 46;
/// A WireGuard key: 32 bytes are 43 base64 characters and one `=`.
pub const WG_KEY_BYTES: usize = 32;
/// The smallest packet that every IPv6 link must carry (RFC 8200, section 5), in bytes.
pub const MTU_MIN: u32 = 1280;
/// The largest packet of a tunnel, in bytes: Ethernet's jumbo frames; no path has more.
pub const MTU_MAX: u32 = 9000;
/// Ids of peerings, as the database's CHECK has it; the listen port is the base port plus the id.
pub const PEERING_ID_MAX: u16 = u16::MAX;

// --- configuration

/// A configuration file; the commented sample has 6 kB, and a megabyte is another file by mistake.
pub const CONFIG_BYTES_MAX: usize = 1 << 20;
/// One assignment in the configuration: a thousand networks fit. The parser's time for dotted keys
/// grows with their square, and at this bound it is a tenth of a second.
pub const CONFIG_STATEMENT_BYTES_MAX: usize = 1 << 15;
/// Problems of a configuration that are told at once; who has more reads no further.
pub const CONFIG_PROBLEMS_MAX: usize = 100;
/// Entries of one list in the configuration.
pub const CONFIG_LIST_ITEMS_MAX: usize = 1000;
/// Tables of one array in the configuration: ten times as many as a network has POPs.
pub const CONFIG_TABLES_MAX: usize = 1000;
/// One text in the configuration: a path (`PATH_MAX` in linux/limits.h), longer than any key.
pub const CONFIG_TEXT_BYTES_MAX: usize = 4096;
/// What a problem quotes of a bad value: enough to find it, and still one line.
pub const CONFIG_QUOTE_CHARS_MAX: usize = 60;
/// The longest time that the configuration may name: a week.
pub const CONFIG_SECONDS_MAX: u32 = 7 * 24 * 60 * 60;
/// The most SSH connections that the configuration may allow; at 64 kB each they fill 640 MB.
pub const CONFIG_SESSIONS_MAX: u32 = 10_000;
/// The name of a network, shown in a line of 80 characters together with its AS number.
pub const NETWORK_NAME_CHARS_MAX: usize = 40;
/// A symbol in BIRD's configuration (`SYM_MAX_LEN` in its conf/conf.h is 64 with the final NUL).
pub const BIRD_SYMBOL_BYTES_MAX: usize = 63;
/// The highest base port: at least the listen port of id 1 must exist.
pub const BASE_PORT_MAX: u16 = u16::MAX - 1;

// A quoted value must be told in full inside one line of a terminal, and fit a text at all.
const _: () = assert!(CONFIG_QUOTE_CHARS_MAX < CONFIG_TEXT_BYTES_MAX);
const _: () = assert!(CONFIG_TEXT_BYTES_MAX < CONFIG_STATEMENT_BYTES_MAX);
const _: () = assert!(CONFIG_STATEMENT_BYTES_MAX < CONFIG_BYTES_MAX);

// --- registry

// Sizes are those of a clone with 2,792 maintainers and 2,981 AS numbers.
/// One object's file; the largest is an `aut-num` of 12,245 bytes.
pub const REGISTRY_OBJECT_BYTES_MAX: usize = 64 * 1024;
/// One line of an object: an RSA key of [`RSA_BITS_MAX`] takes 1,400 characters, of twice that
/// 2,800.
pub const REGISTRY_LINE_BYTES_MAX: usize = 8 * 1024;
/// Attributes of one object; the largest object seen has room for some two hundred.
pub const REGISTRY_ATTRIBUTES_MAX: usize = 1024;
/// `auth` attributes of one maintainer; nobody has more than 6.
pub const REGISTRY_AUTHS_MAX: usize = 32;
/// `mnt-by` attributes of one AS number; none has more than 5.
pub const REGISTRY_MNT_BYS_MAX: usize = 32;
/// `origin` attributes of one network; an anycast one has a few.
pub const REGISTRY_ORIGINS_MAX: usize = 32;
/// Lines of one table of route origins: seven times those of today, and a file of 1 MB.
pub const REGISTRY_ROA_LINES_MAX: usize = 20_000;
/// Rules of one `filter.txt`; it has a dozen, and each network is compared with all.
pub const REGISTRY_RULES_MAX: usize = 256;
/// Files of one kind: more than three times the 6,000 that a growing registry is planned for.
pub const REGISTRY_FILES_MAX: usize = 20_000;
/// A registry that lost more maintainers or AS numbers than this at once is taken for a broken one.
pub const REGISTRY_SHRINK_PERCENT_MAX: usize = 20;
/// Findings told one by one; the rest is counted. A sound registry has some twenty.
pub const REGISTRY_FINDINGS_MAX: usize = 100;
/// Characters of a name or value that a finding repeats: enough to find it again in an editor.
pub const REGISTRY_EXCERPT_CHARS_MAX: usize = 72;
/// Time spent on files before other tasks get their turn: less than any member's round trip.
pub const REGISTRY_SLICE_MAX: Duration = Duration::from_millis(2);
/// A git lock older than this was left by a git that died; a pull takes seconds.
pub const GIT_LOCK_AGE_MAX: Duration = Duration::from_secs(600);
/// The file that a worktree has in place of the directory `.git`: one path (`PATH_MAX` in
/// linux/limits.h).
pub const GIT_FILE_BYTES_MAX: u64 = 4096;
/// A shorter RSA modulus is not trusted (NIST SP 800-131A wants 2048 bits).
pub const RSA_BITS_MIN: u32 = 2048;
/// The longest RSA modulus that the signature check takes (the `rsa` crate's
/// `RsaPublicKey::MAX_SIZE`).
pub const RSA_BITS_MAX: u32 = 8192;
/// The largest RSA exponent that the signature check takes (the `rsa` crate's `MAX_PUB_EXPONENT`).
pub const RSA_EXPONENT_MAX: u64 = (1 << 33) - 1;

const _: () = assert!(REGISTRY_LINE_BYTES_MAX < REGISTRY_OBJECT_BYTES_MAX);
const _: () = assert!(REGISTRY_AUTHS_MAX < REGISTRY_ATTRIBUTES_MAX);
const _: () = assert!(REGISTRY_MNT_BYS_MAX < REGISTRY_ATTRIBUTES_MAX);
const _: () = assert!(RSA_BITS_MAX as usize / 6 < REGISTRY_LINE_BYTES_MAX);

// --- database

/// How long the thread waits for another program's transaction: the replaced service's take a few;
/// a member does not notice it.
pub const STORE_BUSY_TIMEOUT: Duration = Duration::from_millis(250);
/// Pages that SQLite keeps in memory, in kilobytes: a thousand peerings fit. Its own default is
/// 2,000, which a database with years of records fills, and never gives back.
pub const STORE_CACHE_KB: i64 = 512;
/// Audit records kept of what members did, and as many of what administrators did: years of them,
/// in a few megabytes.
pub const STORE_AUDIT_ROWS_MAX: i64 = 20_000;
/// Audit records kept of what members did to one AS number: twice what is shown, so that nobody's
/// changes push out somebody else's.
pub const STORE_AUDIT_ROWS_PER_ASN_MAX: i64 = 2 * RECORDS_SHOWN_MAX as i64;
/// How often it is looked whether there are too many records in all, in records: such a look reads
/// all of them.
pub const STORE_AUDIT_SWEEP_ROWS: i64 = 64;
/// Records that `audit` and peer_history show at most, the newest: some screens, and 60 kB of JSON.
pub const RECORDS_SHOWN_MAX: usize = 200;
/// Peerings of one maintainer that may wait for approval at once: each costs an operator a look.
pub const PENDING_PER_MAINTAINER_MAX: usize = 5;
/// Characters of the reason for a suspension, a ban or a rejection: it is shown on one line.
pub const REASON_CHARS_MAX: usize = 200;
/// How long a member is told at login that a peering was rejected: a month.
pub const REJECTION_SHOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Maintainers that one question or notice names; the rest is counted.
pub const NAMES_SHOWN_MAX: usize = 8;
/// Transitions kept of each peering: one that flaps all day fills 10 kB and no more, and of a calm
/// one this is years.
pub const TRANSITIONS_KEPT_MAX: i64 = 100;
/// Characters of BIRD's last error that a transition keeps: a shutdown message of the other end has
/// at most 255 bytes (RFC 9003), and may be anything.
pub const TRANSITION_WORDS_CHARS_MAX: usize = 300;
