//! Bounds of SSH: what a client may make us do and hold before and after it has logged in. One
//! connection's client takes 1 MB at the very most, whatever it sends.

use super::*;

/// How much of something: so much at once, and then so much in each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At once, after it was quiet.
    pub burst: u32,
    /// In each second.
    pub per_s: u32,
}

/// What a client may do before the conversation has looked at it; after that its own bytes wait.
/// More than one would take memory in each session, and nothing is quicker for it.
pub const SSH_EVENTS_MAX: usize = 1;
/// Bytes that a client may send ahead of what its channel has done: a script of 2,000 commands.
pub const INBOX_BYTES_MAX: usize = 256 * 1024;
/// The same for all channels of one connection.
pub const INBOXES_BYTES_MAX: usize = 320 * 1024;
/// What an event costs beside the bytes in it, so that a flood of empty ones has a bound too.
pub const INBOX_EVENT_BYTES: usize = 64;
/// Answers on their way to a client; after that the channel waits.
pub const SSH_OUTPUT_MAX: usize = 16;
/// Channels of one connection: clients that share a connection open one per command.
pub const CHANNELS_MAX: usize = 8;
/// Channels that one connection may have had in its life. russh keeps 3 kB of each that we close
/// until the connection ends. OpenSSH connects anew when it is refused one.
pub const CHANNELS_OPENED_MAX: usize = 100;
/// Attempts of any kind to log in: an agent holds a dozen keys, and each may be offered, and then
/// proven.
pub const AUTH_ATTEMPTS_MAX: usize = 24;
/// A packet of a client, with what encrypts it: every implementation takes this much, and need not
/// take more (RFC 4253, section 6.1).
pub const PACKET_BYTES_MAX: usize = 35_000;
/// Bytes that a client may send on a channel before it hears of us. While we change keys russh
/// answers twice as much and keeps the answers.
pub const SSH_WINDOW_BYTES: u32 = 64 * 1024;
/// Channel events that russh keeps for those who read a channel there; we do not.
pub const SSH_CHANNEL_EVENTS_MAX: usize = 1;
/// The longest RSA host key that is not objected to: a signature with 3072 bits takes 6 ms of ours,
/// with 4096 bits 12, and neither costs the client anything.
pub const HOST_KEY_RSA_BITS_MAX: u32 = 3_072;
/// The first line of a client as it is shown: OpenSSH's on Debian has 40 characters.
pub const SSH_VERSION_CHARS_MAX: usize = 64;
/// The name of a terminal; `xterm-256color` has 14 bytes.
pub const TERM_BYTES_MAX: usize = 64;
/// Characters of a client's words in a log line.
pub const CLIENT_WORDS_CHARS_MAX: usize = 64;
/// Names of algorithms that a log line tells; the rest is counted. A client of ten years ago names
/// a dozen, and a reader wants the first.
pub const ALGORITHMS_SHOWN_MAX: usize = 4;
/// Sessions that only administrators have: they can log in however many members are here.
pub const ADMIN_SLOTS: usize = 2;
/// Processor time that a client who has proven nothing may cost at once: a login takes 1 ms, with a
/// host key of RSA-4096 on a small machine 50. On a slower machine it is so many times as much, by
/// [`CURVE_US_USUAL`].
pub const NEWCOMER_WORK: Duration = Duration::from_millis(100);
/// What half a key exchange with Curve25519 costs at most on the machines that these times are for,
/// in microseconds: 25 to 40 on a rented one. An emulated machine takes a hundred times as long.
pub const CURVE_US_USUAL: u64 = 50;
/// How much slower a machine may be taken for: whatever measures more was held up.
pub const SLOWNESS_MAX: u64 = 100;
/// What they may cost after that: one part in so many. All slots for the unproven together come to
/// an eighth of a processor.
pub const NEWCOMER_WORK_SHARE: u64 = 500;
/// The same for a connection that is logged in. This is what russh does for it: a megabyte of text
/// takes 2.
pub const MEMBER_WORK: Duration = Duration::from_millis(2_000);
/// The same for a connection that is logged in: a quarter.
pub const MEMBER_WORK_SHARE: u64 = 4;
/// The longest rest at a stretch.
pub const WORK_REST_MAX: Duration = Duration::from_millis(5_000);
/// The time between keepalives, shorter than what home routers remember of a connection.
pub const SSH_KEEPALIVE: Duration = Duration::from_secs(30);
/// Keepalives without an answer before a client is given up.
pub const SSH_KEEPALIVES_MAX: usize = 3;
/// How long a client may take nothing of what it asked for.
pub const WRITE_STALL: Duration = Duration::from_secs(60);
/// Waits before which what came is acknowledged at once: a handshake with its authentication has
/// about ten.
pub const QUICK_WAITS: u8 = 20;
/// Bytes that are read from a connection at once: every packet of a login, and of who types. A
/// larger one takes as many reads as its size needs.
pub const WIRE_READ_BYTES: usize = 2048;
/// Handshakes of one IPv6 /64 or IPv4 address at once, and then in a second: a script that runs a
/// command per peering is not held up, and what they cost (1 ms, with a host key of RSA-4096 12) is
/// a fortieth of a processor.
pub const HANDSHAKES_PER_64: Rate = Rate { burst: 60, per_s: 2 };
/// The same of one IPv6 /48 or IPv4 /24, which is one customer mostly.
pub const HANDSHAKES_PER_48: Rate = Rate { burst: 120, per_s: 4 };
/// The same of one IPv6 /32, which is a provider, or again IPv4 /24.
pub const HANDSHAKES_PER_32: Rate = Rate { burst: 240, per_s: 20 };
/// The same in all. Whose own /32 was quiet is let in even when these are used up.
pub const HANDSHAKES_IN_ALL: Rate = Rate { burst: 400, per_s: 60 };
/// Prefixes of one length whose handshakes are counted; of more, those that were quiet the longest
/// are forgotten.
pub const HANDSHAKE_GROUPS_MAX: usize = 1_024;
/// Lines in a minute about clients of one IPv6 /48 or IPv4 /24; the rest is counted.
pub const CLIENT_LINES_PER_GROUP: u32 = 3;
/// The same of all.
pub const CLIENT_LINES_MAX: u32 = 30;
/// Such prefixes that are told apart in a minute.
pub const CLIENT_GROUPS_MAX: usize = 256;
/// Sums that are told of a minute, the largest; the rest becomes one.
pub const CLIENT_SUMS_MAX: usize = 5;
/// The minute for which lines are counted.
pub const CLIENT_LINES_WINDOW: Duration = Duration::from_secs(60);
/// A pause after `accept` failed: without descriptors it would fail again at once.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const _: () = assert!(INBOX_BYTES_MAX <= INBOXES_BYTES_MAX);
// What a connection holds of its client's input at the very worst, in bytes.
const HELD_BYTES_MAX: usize =
    INBOXES_BYTES_MAX + CHANNELS_MAX * (IMPORT_BYTES_MAX + 1) + 2 * (SSH_WINDOW_BYTES as usize);
const _: () = assert!(INPUT_BYTES_MAX <= IMPORT_BYTES_MAX);
const _: () = assert!(HELD_BYTES_MAX < 600 * 1024);
const _: () = assert!(LINE_BYTES_MAX < PACKET_BYTES_MAX);
