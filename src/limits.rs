//! Every bound in one place, each with its reason. A time is a `Duration`; a number has its unit in
//! the name.
//!
//! Nothing here is tunable at run time: what an operator may choose is in `config`, and its
//! defaults and ranges are here too. Relations between bounds are checked when the program is
//! compiled.

use std::time::Duration;

mod service;
mod ssh;

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

// --- Bounds of what `peerling import` reads: files that somebody wrote by hand.

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

// --- Bounds of what others send us: name servers, BIRD, the kernel, members' machines.

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
pub const DNS_TRY_TIMEOUT: Duration = Duration::from_secs(2);
/// The most that `options timeout:` can ask for: a dead first server must leave time for the
/// second.
pub const DNS_TRY_TIMEOUT_MAX: Duration = Duration::from_secs(3);
/// The whole of a name's resolution, all servers and families and the step to TCP included.
pub const DNS_TIMEOUT: Duration = Duration::from_secs(8);
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
/// Names whose last answer is kept: as many as a POP has peerings, and 1.5 MB where each name is as
/// long as it can be.
pub const DNS_REMEMBERED_MAX: usize = 4_096;
/// How long an answer stands for a member's next questions: their whole conversation, and no longer
/// than the shortest usual time to live.
pub const DNS_ANSWER_KEPT: Duration = Duration::from_secs(60);
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
/// Networks that are named of those whose routes the kernel refused.
pub const KERNEL_REFUSED_SHOWN_MAX: usize = 5;
/// A command line, with its line feed (`CLI_RX_BUF_SIZE` in BIRD's nest/cli.h).
pub const BIRD_COMMAND_BYTES_MAX: usize = 4096;
/// How long BIRD may take for an answer; it answers in 50 ms even with 4000 protocols.
pub const BIRD_COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long `configure` may take; going from none to 4000 protocols takes 3 s on a fast machine.
pub const BIRD_CONFIGURE_TIMEOUT: Duration = Duration::from_secs(60);
/// Files of BIRD's configuration that are read for what they define; the author's POPs have 70.
pub const BIRD_SOURCES_MAX: usize = 4_096;
/// Bytes of one such file that are read: a table of route origins has 500 kB.
pub const BIRD_SOURCE_BYTES_MAX: u64 = 4_194_304;
/// How deep files may include each other (`MAX_INCLUDE_DEPTH` in BIRD's conf/cf-lex.l).
pub const BIRD_INCLUDES_DEPTH_MAX: usize = 8;
/// Tries of BIRD's patience with the files of one pass: a check takes it 20 ms at 1000 peers, and
/// one bad file among a thousand is found in 20.
pub const BIRD_CHECKS_MAX: usize = 64;
/// A file's name (`NAME_MAX` in linux/limits.h is 255), with room for the name of its draft.
pub const FILE_NAME_BYTES_MAX: usize = 200;
/// The form of a peering's file; the largest that is known has 1 kB.
pub const BIRD_FORM_BYTES_MAX: usize = 16 * 1024;
/// How deep the blocks of a form may lie in each other; two suffice for all that is known.
pub const BIRD_FORM_DEPTH_MAX: usize = 8;
/// Channels read from one protocol's status; BGP has at most a dozen address families in BIRD.
pub const BIRD_CHANNELS_MAX: usize = 16;

const _: () = assert!(DNS_TRY_TIMEOUT.as_secs() <= DNS_TRY_TIMEOUT_MAX.as_secs());
const _: () = assert!(2 * DNS_TRY_TIMEOUT_MAX.as_secs() <= DNS_TIMEOUT.as_secs());
const _: () = assert!(DNS_TRIES <= DNS_TRIES_MAX);
const _: () = assert!(DNS_DATAGRAM_BYTES_MAX >= DNS_UDP_BYTES as usize);
const _: () = assert!(DNS_DATAGRAM_BYTES_MAX <= DNS_MESSAGE_BYTES_MAX);
const _: () = assert!(DNS_MESSAGE_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(BIRD_COMMAND_TIMEOUT.as_secs() <= BIRD_CONFIGURE_TIMEOUT.as_secs());
const _: () = assert!(BIRD_LINE_BYTES_MAX < BIRD_REPLY_BYTES_MAX);

// --- netlink and WireGuard

/// How long one answer of the kernel may take; it answers in microseconds, and a slow disk or a
/// busy host may delay the loading of a module.
pub const NETLINK_TIMEOUT: Duration = Duration::from_secs(5);
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

/// How long a userspace WireGuard may take for one request; it takes 0.1 ms, and the loop waits.
pub const UAPI_TIMEOUT: Duration = Duration::from_millis(1000);
/// Userspace WireGuards that are asked at once: each takes a descriptor.
pub const UAPI_PARALLEL_MAX: usize = 64;
/// How long a userspace WireGuard that did not answer is not asked again; doubled each time.
pub const UAPI_REST: Duration = Duration::from_secs(10);
/// How long these rests grow at most.
pub const UAPI_REST_MAX: Duration = Duration::from_secs(320);
/// Bytes of one answer of a userspace WireGuard: a link of ours needs one thousand, and a hand-made
/// one with a few hundred peers still fits.
pub const UAPI_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a userspace WireGuard may take to start; it takes 5 ms on an idle machine.
pub const USERSPACE_START_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes kept of what a userspace WireGuard printed while it started: one page.
pub const USERSPACE_OUTPUT_BYTES_MAX: u64 = 4096;
/// Characters of a program's own words in an error.
pub const USERSPACE_WORDS_MAX: usize = 200;
/// How long a userspace WireGuard may take to end after its link was deleted; it takes 30 ms.
pub const USERSPACE_END: Duration = Duration::from_secs(5);

/// Prefixes of one peer that are written out in a line; of more only their number is told.
pub const ALLOWED_IPS_SHOWN_MAX: usize = 8;

const _: () = assert!(KERNEL_PEERS_MAX * 256 < u16::MAX as usize);
/// AS numbers that one log line names; the rest is counted.
pub const UNEXPLAINED_SHOWN_MAX: usize = 10;
/// How often a new address is looked at until the kernel has made the route that comes with it; it
/// takes a few milliseconds.
pub const ROUTE_LOOKS_MAX: usize = 100;
/// The time between two such looks.
pub const ROUTE_LOOK_PAUSE: Duration = Duration::from_millis(2);

// --- echo requests and the latency class

/// Echo requests of one ping; a median needs no more.
pub const PING_ECHOES_MAX: u16 = 10;
/// Bytes read of one packet: our answers have 24, and an IPv4 header at most 60. What is longer is
/// somebody else's.
pub const PING_DATAGRAM_BYTES_MAX: usize = 128;
/// How often the distance to an endpoint is measured; a quarter of it is left to chance, so that
/// the peerings do not all come at once.
pub const LATENCY_INTERVAL: Duration = Duration::from_secs(1_800);
/// How soon a peering is measured that has appeared: its member may be about to come up.
pub const LATENCY_FIRST_PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked whether one is due.
pub const LATENCY_LOOK_INTERVAL: Duration = Duration::from_secs(2);
/// Endpoints measured at once: some hundred packets per second.
pub const LATENCY_PARALLEL_MAX: usize = 32;
/// Echo requests for one measurement.
pub const LATENCY_ECHOES: u16 = 5;
/// The time from one of them to the next: routers answer few per second.
pub const LATENCY_ECHO_PAUSE: Duration = Duration::from_millis(250);
/// How long answers are waited for: longer than class 8 lasts (2981 ms).
pub const LATENCY_WAIT: Duration = Duration::from_millis(4_000);
/// After this time an old round trip weighs half: a mean age of six hours, that of the 12-hour
/// average which the dn42 wiki asks for.
pub const LATENCY_HALF_LIFE: Duration = Duration::from_secs(4 * 60 * 60);
/// How long a latency class stays at least (dn42 wiki: each change is announced to all).
pub const LATENCY_CLASS_KEPT: Duration = Duration::from_secs(12 * 60 * 60);
/// Echo requests through a tunnel when somebody asks how it is.
pub const TUNNEL_ECHOES: u16 = 2;
/// The time from one of them to the next.
pub const TUNNEL_ECHO_PAUSE: Duration = Duration::from_millis(200);
/// How long answers are waited for: a member waits at the prompt.
pub const TUNNEL_WAIT: Duration = Duration::from_millis(800);

const _: () = assert!(LATENCY_ECHOES <= PING_ECHOES_MAX && TUNNEL_ECHOES <= PING_ECHOES_MAX);
const TUNNEL_PAUSES_MS: u128 = TUNNEL_ECHO_PAUSE.as_millis() * (TUNNEL_ECHOES as u128 - 1);
const _: () = assert!(TUNNEL_PAUSES_MS + TUNNEL_WAIT.as_millis() < FRESH_LOOK_TIMEOUT.as_millis());
const _: () = assert!(LATENCY_HALF_LIFE.as_secs() > 4 * LATENCY_INTERVAL.as_secs());

// --- the POPs of one network

/// Ids of POPs: two decimal digits, which leave each link a port of its own below the peerings'.
pub const MESH_ID_MAX: u8 = 99;
/// A POP's short name: `wg-int-` and it are the name of a link.
pub const POP_NAME_BYTES_MAX: usize = IFNAME_BYTES_MAX - 7;
/// The longest prefix of a POP's IPv6 network: beside its own address (all zeros are the routers'
/// anycast address, RFC 4291, section 2.6.1) and the gateway there is room for a host.
pub const POP_IPV6_BITS_MAX: u8 = 126;
/// The longest prefix of a POP's IPv4 network: its own and the broadcast address, the gateway, and
/// a host.
pub const POP_IPV4_BITS_MAX: u8 = 30;
/// The highest cost of a link in Babel; one more is infinity (RFC 8966, section 2.1).
pub const BABEL_COST_MAX: u16 = 0xfffe;
