//! Every bound in one place, each with its reason. Units come last in the name.
//!
//! Nothing here is tunable at run time: what an operator may choose is in `config`, and its
//! defaults and ranges are here too. Relations between bounds are checked when the program is
//! compiled.

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

// The registry. Sizes are those of a clone with 2,792 maintainers and 2,981 AS numbers.
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
/// Files of one kind: more than three times the 6,000 that a growing registry is planned for.
pub const REGISTRY_FILES_MAX: usize = 20_000;
/// A registry that lost more maintainers or AS numbers than this at once is taken for a broken one.
pub const REGISTRY_SHRINK_PERCENT_MAX: usize = 20;
/// Findings told one by one; the rest is counted. A sound registry has some twenty.
pub const REGISTRY_FINDINGS_MAX: usize = 100;
/// Characters of a name or value that a finding repeats: enough to find it again in an editor.
pub const REGISTRY_EXCERPT_CHARS_MAX: usize = 72;
/// Time spent on files before other tasks get their turn: less than any member's round trip.
pub const REGISTRY_SLICE_MS_MAX: u64 = 2;
/// A git lock older than this was left by a git that died; a pull takes seconds.
pub const GIT_LOCK_AGE_S_MAX: u64 = 600;
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

// --- store

/// How long the thread waits for another program's transaction, in milliseconds: the replaced
/// service's take a few; a member does not notice it.
pub const STORE_BUSY_MS: u64 = 250;
/// Audit records kept: years of them, in a few megabytes.
pub const STORE_AUDIT_ROWS_MAX: i64 = 20_000;
/// Transitions kept of each peering: one that flaps all day fills 10 kB and no more, and of a calm
/// one this is years.
pub const TRANSITIONS_KEPT_MAX: i64 = 100;
/// Characters of BIRD's last error that a transition keeps: a shutdown message of the other end has
/// at most 255 bytes (RFC 9003), and may be anything.
pub const TRANSITION_WORDS_CHARS_MAX: usize = 300;

// --- bell, board and apply loop

/// Causes that the bell keeps apart; beyond them the loop simply looks over everything.
pub const BELL_CAUSES_MAX: usize = 64;
/// How long `--wait` waits where no number was given, in seconds: BIRD takes 5 s to connect at
/// worst.
pub const WAIT_S: u64 = 30;
/// How long `--wait=SECONDS` may wait.
pub const WAIT_S_MAX: u64 = 600;
/// How long peer_status waits for a fresh look, in milliseconds, before it tells the last one.
pub const LOOK_MS: u64 = 1_500;
/// A handshake older than this is no live tunnel, in seconds: WireGuard makes a new one every 120 s
/// while there is traffic (REKEY_AFTER_TIME), and keepalives are traffic; the rest is for the
/// journey.
pub const HANDSHAKE_STALE_S: u64 = 135;
/// A link whose last handshake is older is down, in seconds: WireGuard takes no packet under a key
/// of this age (REJECT_AFTER_TIME).
pub const LINK_UP_S: u64 = 180;
/// How often one thing of one peering may drift within [`DRIFT_WINDOW_S`] and be mended.
pub const DRIFT_MENDED_MAX: usize = 3;
/// The time over which that is counted, in seconds: two programs that disagree meet each pass.
pub const DRIFT_WINDOW_S: u64 = 3_600;
/// How long what drifts more often is left alone, in seconds.
pub const DRIFT_LEFT_S: u64 = 3_600;
/// How long after a link could not be made it is not tried again, in seconds; doubled each time. A
/// little less than [`RETRY_S`], so that the loop's own next try is one.
pub const LINK_PAUSE_S: u64 = 9;
/// How long these pauses grow at most, in seconds.
pub const LINK_PAUSE_S_MAX: u64 = 900;
/// How long one pass may spend with programs that make no link, in seconds; a member with a new
/// peering waits for the same pass.
pub const LINK_FAILURES_S_MAX: u64 = 15;

// --- shell

/// Columns that text without a window is laid out for.
pub const PIPE_COLUMNS: usize = 100;
/// How long a member at the prompt waits for what they asked for, in seconds; it goes on after
/// that.
pub const PROMPT_WAIT_S: u64 = 10;
/// Columns of a window whose size the client does not tell.
pub const COLUMNS_DEFAULT: usize = 80;
/// Fewer columns cannot hold a wide character with room to spare; they count as this many.
pub const COLUMNS_MIN: usize = 4;
/// More columns than any screen has; a client may name four billion.
pub const COLUMNS_MAX: usize = 2_000;
/// In a narrower window a table becomes one line per value: two columns of words need this much.
pub const TABLE_COLUMNS_MIN: usize = 40;
/// A column that gives way keeps this many cells at least: three characters and the mark of a cut.
pub const TABLE_CELL_COLUMNS_MIN: usize = 4;
/// Marks over one letter; no script stacks more than this, and a tall stack covers other lines.
pub const MARKS_MAX: usize = 4;
/// A line of input: an answer or a command. The longest of use is an RSA key's size; a terminal's
/// own line editing ends at 4096 too (N_TTY_BUF_SIZE in the kernel's drivers/tty/n_tty.c).
pub const LINE_BYTES_MAX: usize = 4_096;
/// Input that waits for a prompt, per session: a pasted screenful of answers. More stays with the
/// sender, by the channel's window. It is also what is worked off at one go: the costliest keys
/// (the whole of a full line moved or replaced by each byte) take some 20 microseconds a byte.
pub const INPUT_BYTES_MAX: usize = 2_048;
/// Lines to go back to, per session, all together; the oldest are forgotten first.
pub const HISTORY_BYTES_MAX: usize = 8_192;
/// A key's escape sequence; the longest in use (mouse, modifiers) has about 20 bytes.
pub const ESCAPE_BYTES_MAX: usize = 32;
/// A terminal's answer in a string (colour, name, clipboard); what is longer counts as typed.
pub const ESCAPE_STRING_BYTES_MAX: usize = 1_024;

const _: () = assert!(LINE_BYTES_MAX <= HISTORY_BYTES_MAX);
const _: () = assert!(COLUMNS_MIN >= 2 && COLUMNS_MIN <= COLUMNS_DEFAULT);
const _: () = assert!(COLUMNS_DEFAULT <= COLUMNS_MAX);

// --- SSH

/// What a client may do before the conversation has looked at it; after that its own bytes wait.
pub const SSH_EVENTS_MAX: usize = 32;
/// What a client at a terminal may do while a command of theirs runs.
pub const CHANNEL_EVENTS_MAX: usize = 64;
/// Bytes that a client may send ahead of what its channel has done: a script of 2,000 commands.
pub const INBOX_BYTES_MAX: usize = 256 * 1024;
/// What an event costs beside the bytes in it, so that a flood of empty ones has a bound too.
pub const INBOX_EVENT_BYTES: usize = 64;
/// Answers on their way to a client; after that the channel waits.
pub const SSH_OUTPUT_MAX: usize = 16;
/// Channels of one connection: clients that share a connection open one per command.
pub const CHANNELS_MAX: usize = 8;
/// Keys that a client may offer: an agent holds a dozen.
pub const AUTH_ATTEMPTS_MAX: usize = 24;
/// Seconds between keepalives, shorter than what home routers remember of a connection.
pub const SSH_KEEPALIVE_S: u64 = 30;
/// Keepalives without an answer before a client is given up.
pub const SSH_KEEPALIVES_MAX: usize = 3;
/// How long a client may take nothing of what it asked for, in seconds.
pub const WRITE_STALL_S: u64 = 60;
/// Reads that are acknowledged at once: a handshake with its authentication takes about 20.
pub const QUICK_READS: u8 = 40;
/// A pause after `accept` failed, in milliseconds: without descriptors it would fail again at once.
pub const ACCEPT_PAUSE_MS: u64 = 100;

const _: () = assert!(WAIT_S <= WAIT_S_MAX);
const _: () = assert!(HANDSHAKE_STALE_S < LINK_UP_S && LINK_PAUSE_S < RETRY_S);
/// A file of ours: a BIRD file has 1 kB, a WireGuard file less.
pub const OUR_FILE_BYTES_MAX: u64 = 65_536;
/// How soon a pass that failed is tried again, in seconds; doubled each time.
pub const RETRY_S: u64 = 10;
/// How long the pauses between such tries grow at most, in seconds.
pub const RETRY_S_MAX: u64 = 160;
/// How long a pass waits for names, in milliseconds; what is slower is used by the next pass.
pub const RESOLVE_MS: u64 = 3_000;
/// Names resolved at once: as many as a home name server takes without dropping any.
pub const RESOLVE_PARALLEL_MAX: usize = 16;
/// How long BIRD may take to greet, in seconds.
pub const BIRD_CONNECT_S: u64 = 3;
/// The least time from one configuration to the next, in milliseconds: it costs BIRD 30 ms at 1000
/// peers.
pub const BIRD_CONFIGURE_PAUSE_MS: u64 = 2_000;
/// How often a pass looks whether BIRD did what it was told.
pub const BIRD_LOOKS_MAX: usize = 15;
/// The time between two such looks, in milliseconds.
pub const BIRD_LOOK_PAUSE_MS: u64 = 100;

// --- daemon

/// How often the registry's clone is looked at, in seconds: a look costs 6 ms.
pub const REGISTRY_LOOK_S: u64 = 10;
/// How often a registry that changes while it is read is read again before we wait for the next
/// look.
pub const REGISTRY_READS_MAX: usize = 3;
/// How long a `git pull` may take, in seconds; usually it takes two.
pub const GIT_PULL_S: u64 = 120;
/// How often we look whether somebody else changed the database, in milliseconds.
pub const DATABASE_LOOK_MS: u64 = 1_000;
/// A configuration, a private key or a banner: larger is a mistake.
pub const TEXT_FILE_BYTES_MAX: u64 = 1_048_576;

// --- DNS and BIRD

/// Name servers taken from resolv.conf, as resolv.conf(5) has it (`MAXNS`).
pub const DNS_SERVERS_MAX: usize = 3;
/// A resolv.conf larger than this is read no further; real ones have a few hundred bytes.
pub const RESOLV_CONF_BYTES_MAX: u64 = 65_536;
/// How often each name server is asked, unless resolv.conf says otherwise.
pub const DNS_TRIES: u32 = 2;
/// The most that `options attempts:` can ask for; resolv.conf(5) caps it at 5 too.
pub const DNS_TRIES_MAX: u32 = 5;
/// How long one name server may think, unless resolv.conf says otherwise. A member waits at the
/// prompt.
pub const DNS_TRY_S: u64 = 2;
/// The most that `options timeout:` can ask for: a dead first server must leave time for the
/// second.
pub const DNS_TRY_S_MAX: u64 = 3;
/// The whole of a name's resolution, all servers and families and the step to TCP included.
pub const DNS_TOTAL_S: u64 = 8;
/// The answer that we tell servers to keep to over UDP: it fits an IPv6 packet of 1280 bytes (DNS
/// flag day 2020), so nothing is fragmented in a tunnel.
pub const DNS_UDP_BYTES: u16 = 1232;
/// What we take over UDP: some servers heed no advice and send up to 4096 bytes (RFC 6891, section
/// 6.2.5).
pub const DNS_DATAGRAM_BYTES_MAX: usize = 4096;
/// A message over TCP, which could have 65,535 bytes: a host has a few addresses, and parsing is on
/// the one thread of everybody.
pub const DNS_MESSAGE_BYTES_MAX: usize = 16_384;
/// Records in an answer. A name can be compressed to two bytes, so that the bytes alone are no
/// bound on the memory of their names.
pub const DNS_RECORDS_MAX: u16 = 256;
/// CNAME records followed; BIND stops at 16 too.
pub const DNS_CNAMES_MAX: usize = 16;
/// Addresses kept of one name, half of each family if both are asked for: each may be tried in
/// turn.
pub const DNS_ADDRESSES_MAX: usize = 16;
/// Datagrams that are no answer to the question, before it is asked again over TCP: somebody
/// guesses ids.
pub const DNS_STRAYS_MAX: usize = 64;

/// One line of BIRD's control socket; measured lines have at most 500 bytes (a long include path
/// adds).
pub const BIRD_LINE_BYTES_MAX: usize = 4096;
/// One reply: `show protocols all` of 4000 protocols has 2.6 MB.
pub const BIRD_REPLY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Lines of one reply, whose bookkeeping would be most of the memory if they were all empty; the
/// reply of [`BIRD_REPLY_BYTES_MAX`] bytes has fewer.
pub const BIRD_REPLY_LINES_MAX: usize = 300_000;
/// A command line, with its line feed (`CLI_RX_BUF_SIZE` in BIRD's nest/cli.h).
pub const BIRD_COMMAND_BYTES_MAX: usize = 4096;
/// How long BIRD may take for an answer; it answers in 50 ms even with 4000 protocols.
pub const BIRD_COMMAND_S: u64 = 10;
/// How long `configure` may take; going from none to 4000 protocols takes 3 s on a fast machine.
pub const BIRD_CONFIGURE_S: u64 = 60;
/// A protocol's name: BIRD's own symbols are shorter than 64 bytes (`SYM_MAX_LEN` in conf/conf.h).
pub const BIRD_NAME_BYTES_MAX: usize = 63;
/// Channels read from one protocol's status; BGP has at most a dozen address families in BIRD.
pub const BIRD_CHANNELS_MAX: usize = 16;

const _: () = assert!(DNS_TRY_S <= DNS_TRY_S_MAX && 2 * DNS_TRY_S_MAX <= DNS_TOTAL_S);
const _: () = assert!(DNS_TRIES <= DNS_TRIES_MAX);
const _: () = assert!(DNS_DATAGRAM_BYTES_MAX >= DNS_UDP_BYTES as usize);
const _: () = assert!(DNS_DATAGRAM_BYTES_MAX <= DNS_MESSAGE_BYTES_MAX);
const _: () = assert!(DNS_MESSAGE_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(BIRD_COMMAND_S <= BIRD_CONFIGURE_S);
const _: () = assert!(BIRD_LINE_BYTES_MAX < BIRD_REPLY_BYTES_MAX);

// --- netlink and WireGuard

/// Seconds that one answer of the kernel may take; it answers in microseconds, and a slow disk or a
/// busy host may delay the loading of a module.
pub const NETLINK_TIMEOUT_S: u64 = 5;
/// Bytes of one datagram of the kernel: it fills at most 32 KiB of a dump at a time (`netlink_dump`
/// in net/netlink/af_netlink.c).
pub const NETLINK_DATAGRAM_BYTES_MAX: usize = 32 * 1024;
/// Datagrams of one answer: 64 MiB in all, some 40,000 links.
pub const NETLINK_DATAGRAMS_MAX: usize = 2048;
/// How often a dump is begun anew because the list changed while it was read.
pub const NETLINK_DUMP_TRIES_MAX: usize = 8;
/// Bytes of the kernel's own words that are kept with an error.
pub const KERNEL_TEXT_BYTES_MAX: usize = 256;
/// Peers in one request to the kernel's WireGuard: each takes some 250 bytes, and the list of them
/// cannot have more than 64 KiB (`nla_len` in linux/netlink.h).
pub const KERNEL_PEERS_MAX: usize = 128;

/// Milliseconds that a userspace WireGuard may take for one request; it takes 0.1, and the loop
/// waits.
pub const UAPI_TIMEOUT_MS: u64 = 1000;
/// Bytes of one answer of a userspace WireGuard: a link of ours needs one thousand, and a hand-made
/// one with a few hundred peers still fits.
pub const UAPI_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Seconds that a userspace WireGuard may take to start; it takes 5 ms on an idle machine.
pub const USERSPACE_START_S: u64 = 10;
/// Bytes kept of what a userspace WireGuard printed while it started: one page.
pub const USERSPACE_OUTPUT_BYTES_MAX: u64 = 4096;
/// Characters of a program's own words in an error.
pub const USERSPACE_WORDS_MAX: usize = 200;
/// How often a new address is looked at until the kernel has made the route that comes with it; it
/// takes a few milliseconds.
pub const ROUTE_LOOKS_MAX: usize = 100;
/// The time between two such looks, in milliseconds.
pub const ROUTE_LOOK_PAUSE_MS: u64 = 2;
/// Seconds that a userspace WireGuard may take to end after its link was deleted; it takes 30 ms.
pub const USERSPACE_END_S: u64 = 5;

/// Prefixes of one peer that are written out in a line; of more only their number is told.
pub const ALLOWED_IPS_SHOWN_MAX: usize = 8;

const _: () = assert!(KERNEL_PEERS_MAX * 256 < u16::MAX as usize);
/// AS numbers that one log line names; the rest is counted.
pub const UNEXPLAINED_SHOWN_MAX: usize = 10;

// --- echo requests and the latency class

/// Echo requests of one ping; a median needs no more.
pub const PING_ECHOES_MAX: u16 = 10;
/// Bytes read of one packet: our answers have 24, and an IPv4 header at most 60. What is longer is
/// somebody else's.
pub const PING_DATAGRAM_BYTES_MAX: usize = 128;
/// How often the distance to an endpoint is measured, in seconds; a quarter of it is left to
/// chance, so that the peerings do not all come at once.
pub const LATENCY_INTERVAL_S: u64 = 1_800;
/// How soon a peering is measured that has appeared, in seconds: its member may be about to come
/// up.
pub const LATENCY_FIRST_S: u64 = 5;
/// How often it is looked whether one is due, in seconds.
pub const LATENCY_LOOK_S: u64 = 2;
/// Endpoints measured at once: some hundred packets per second.
pub const LATENCY_PARALLEL_MAX: usize = 32;
/// Echo requests for one measurement.
pub const LATENCY_ECHOES: u16 = 5;
/// The time from one of them to the next, in milliseconds: routers answer few per second.
pub const LATENCY_ECHO_PAUSE_MS: u64 = 250;
/// How long answers are waited for, in milliseconds: longer than class 8 lasts (2981 ms).
pub const LATENCY_WAIT_MS: u64 = 4_000;
/// After this time an old round trip weighs half, in seconds: a mean age of six hours, that of the
/// 12-hour average which the dn42 wiki asks for.
pub const LATENCY_HALF_LIFE_S: u64 = 4 * 60 * 60;
/// How long a latency class stays at least, in seconds (dn42 wiki: each change is announced to
/// all).
pub const LATENCY_CLASS_KEPT_S: u64 = 12 * 60 * 60;
/// Echo requests through a tunnel when somebody asks how it is.
pub const TUNNEL_ECHOES: u16 = 2;
/// The time from one of them to the next, in milliseconds.
pub const TUNNEL_ECHO_PAUSE_MS: u64 = 200;
/// How long answers are waited for, in milliseconds: a member waits at the prompt.
pub const TUNNEL_WAIT_MS: u64 = 800;

const _: () = assert!(LATENCY_ECHOES <= PING_ECHOES_MAX && TUNNEL_ECHOES <= PING_ECHOES_MAX);
const _: () = assert!(TUNNEL_ECHO_PAUSE_MS * (TUNNEL_ECHOES as u64 - 1) + TUNNEL_WAIT_MS < LOOK_MS);
const _: () = assert!(LATENCY_HALF_LIFE_S > 4 * LATENCY_INTERVAL_S);
