//! Bounds of what others send us: name servers, BIRD, the kernel, members' machines.

use super::*;

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
/// A protocol's name: BIRD's own symbols are shorter than 64 bytes (`SYM_MAX_LEN` in conf/conf.h).
pub const BIRD_NAME_BYTES_MAX: usize = 63;
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
