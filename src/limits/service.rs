//! Bounds of what we serve with: the apply loop, commands, the shell, the local socket, git.

use super::*;

// --- the apply loop

/// Causes that the bell keeps apart; beyond them the loop simply looks over everything.
pub const BELL_CAUSES_MAX: usize = 64;
/// A handshake older than this is no live tunnel: WireGuard makes a new one every 120 s while there
/// is traffic (REKEY_AFTER_TIME), and keepalives are traffic; the rest is for the journey.
pub const HANDSHAKE_FRESH: Duration = Duration::from_secs(135);
/// A link whose last handshake is older is down: WireGuard takes no packet under a key of this age
/// (REJECT_AFTER_TIME).
pub const HANDSHAKE_LINK_UP: Duration = Duration::from_secs(180);
/// How often one thing of one peering may drift within [`DRIFT_WINDOW`] and be mended.
pub const DRIFT_MENDED_MAX: usize = 3;
/// The time over which that is counted: two programs that disagree meet each pass.
pub const DRIFT_WINDOW: Duration = Duration::from_secs(3_600);
/// How long what drifts more often is left alone.
pub const DRIFT_LEFT: Duration = Duration::from_secs(3_600);
/// How long after a link could not be made it is not tried again; doubled each time. A little less
/// than [`RETRY_PAUSE`], so that the loop's own next try is one.
pub const LINK_PAUSE: Duration = Duration::from_secs(9);
/// How long these pauses grow at most.
pub const LINK_PAUSE_MAX: Duration = Duration::from_secs(900);
/// How long one pass may spend with programs that make no link; a member with a new peering waits
/// for the same pass.
pub const LINK_FAILURES_MAX: Duration = Duration::from_secs(15);
/// A file of ours: a BIRD file has 1 kB, a WireGuard file less.
pub const OUR_FILE_BYTES_MAX: u64 = 65_536;
/// A table of route origins that we keep: all the lines it may have, at the length of the longest.
pub const SHARED_FILE_BYTES_MAX: u64 = 2_097_152;
/// A file that changed longer ago than this would show another change by its times: of all file
/// systems FAT has the coarsest, two seconds.
pub const FILE_SETTLED: Duration = Duration::from_secs(2);
/// How soon a pass that failed is tried again; doubled each time.
pub const RETRY_PAUSE: Duration = Duration::from_secs(10);
/// How long the pauses between such tries grow at most.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_secs(160);
/// How long `plan` and `apply`, which make one pass and end, wait for names.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_millis(3_000);
/// How soon the loop has a name looked up again.
pub const RESOLVE_PAUSE: Duration = Duration::from_secs(10);
/// Names resolved at once that answered last; together with the failing ones as many as a home name
/// server takes without dropping any.
pub const RESOLVE_PARALLEL_MAX: usize = 12;
/// Names resolved at once that did not answer last.
pub const RESOLVE_FAILING_PARALLEL_MAX: usize = 4;
/// How long BIRD may take to greet.
pub const BIRD_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The least time from one configuration to the next: it costs BIRD 30 ms at 1000 peers.
pub const BIRD_CONFIGURE_PAUSE: Duration = Duration::from_millis(2_000);
/// How often a pass looks whether BIRD did what it was told.
pub const BIRD_LOOKS_MAX: usize = 15;
/// The time between two such looks.
pub const BIRD_LOOK_PAUSE: Duration = Duration::from_millis(100);

const _: () = assert!(HANDSHAKE_FRESH.as_secs() < HANDSHAKE_LINK_UP.as_secs());
const _: () = assert!(LINK_PAUSE.as_secs() < RETRY_PAUSE.as_secs());

// --- what commands wait for and cost

/// How long `--wait` waits where no number was given: BIRD takes 5 s to connect at worst.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(30);
/// How long `--wait=SECONDS` may wait.
pub const WAIT_MAX: Duration = Duration::from_secs(600);
/// How long peer_status waits for a fresh look, before it tells the last one.
pub const FRESH_LOOK_TIMEOUT: Duration = Duration::from_millis(1_500);
/// How long a look at the kernel holds: BIRD then tells all its routes, some hundred kilobytes.
pub const KERNEL_LOOK_KEPT: Duration = Duration::from_secs(10);
/// How long somebody watches a new peering while nothing happens to it: BIRD takes 5 s to connect,
/// and who installs their side by hand takes longer than anybody watches.
pub const FOLLOW_TIME: Duration = Duration::from_secs(30);
/// How often the loop is asked for a fresh look meanwhile.
pub const FOLLOW_LOOK_PAUSE: Duration = Duration::from_millis(1_000);
/// Changes that one maintainer may make at once; each is a pass of the loop, a record, and 25 kB
/// written. Nobody types that many.
pub const CHANGES_MAX: u32 = 30;
/// How long it takes until as many may be made again.
pub const CHANGES_WINDOW: Duration = Duration::from_secs(600);

const _: () = assert!(WAIT_DEFAULT.as_secs() <= WAIT_MAX.as_secs());
const _: () = assert!(FOLLOW_LOOK_PAUSE.as_millis() < FRESH_LOOK_TIMEOUT.as_millis());
const _: () = assert!(FRESH_LOOK_TIMEOUT.as_millis() < FOLLOW_TIME.as_millis());

// --- peer_status: the member who waits, the network, and whoever was named as an endpoint

/// What `--raw` shows of one program at most, in bytes; it is 3 kB for a peering in use.
pub const RAW_BYTES_MAX: usize = 16 * 1024;
/// How long peer_status waits for an endpoint's name; after that it tells what the loop knew last.
pub const STATUS_RESOLVE_TIMEOUT: Duration = Duration::from_millis(3_000);
/// How long an endpoint's port has to say that nobody listens: longer than the way round the world.
pub const PROBE_TIMEOUT: Duration = Duration::from_millis(700);
/// How long what it said is told again before it is tried anew: whoever names somebody else's
/// address cannot use us to bother them.
pub const PROBE_KEPT: Duration = Duration::from_secs(10);
/// How long a member's handshakes are listened for where none fits: WireGuard tries again after 5 s
/// and a third at most (REKEY_TIMEOUT).
pub const HANDSHAKE_CAPTURE_TIME: Duration = Duration::from_millis(5_400);
/// Packets of a member that are looked at meanwhile: a tunnel in use would be no reason to listen.
pub const HANDSHAKE_CAPTURE_PACKETS_MAX: usize = 1_000;
/// The time from one answer of `--watch` to the next question.
pub const WATCH_PAUSE: Duration = Duration::from_millis(2_000);
/// Answers of one `--watch`: a quarter of an hour where they come at once. Nobody holds a session
/// for ever by a window that they forgot.
pub const WATCH_ROUNDS_MAX: usize = 450;

const _: () = assert!(
    PROBE_TIMEOUT.as_millis() + HANDSHAKE_CAPTURE_TIME.as_millis() < PROBE_KEPT.as_millis()
);

// --- the shell

/// Columns that text without a window is laid out for.
pub const PIPE_COLUMNS: usize = 100;
/// How long a member at the prompt waits for what they asked for; it goes on after that.
pub const PROMPT_WAIT: Duration = Duration::from_secs(10);
/// Columns of a window whose size the client does not tell.
pub const COLUMNS_DEFAULT: usize = 80;
/// Fewer columns cannot hold a wide character with room to spare; they count as this many.
pub const COLUMNS_MIN: usize = 4;
/// More columns than any screen has; a client may name four billion.
pub const COLUMNS_MAX: usize = 2_000;
/// In a narrower window a table becomes one line per value: two columns of words need this much.
pub const TABLE_COLUMNS_MIN: usize = 40;
/// In a narrower window the audit has no keys: seven columns need this much.
pub const AUDIT_COLUMNS_MIN: usize = 160;
/// A column that gives way keeps this many cells at least: three characters and the mark of a cut.
pub const TABLE_CELL_COLUMNS_MIN: usize = 4;
/// Marks over one letter; no script stacks more than this, and a tall stack covers other lines.
pub const MARKS_MAX: usize = 4;
/// A line of input: an answer or a command. The longest of use is an RSA key's size; a terminal's
/// own line editing ends at 4096 too (N_TTY_BUF_SIZE in the kernel's drivers/tty/n_tty.c).
pub const LINE_BYTES_MAX: usize = 4_096;
/// What peer_export printed, with room for notes: a whole one has 400 bytes.
pub const IMPORT_BYTES_MAX: usize = 4_096;
/// Input that a session at a prompt takes at a time; more waits with whoever feeds it, and others
/// have their turn. The costliest keys (the whole of a full line moved or replaced, the history
/// searched, the line drawn anew by each byte) take some 20 microseconds a byte.
pub const INPUT_BYTES_MAX: usize = 128;
/// Lines to go back to, per session, all together in bytes; the oldest are forgotten first.
pub const HISTORY_BYTES_MAX: usize = 8_192;
/// The same as a number of lines: what each key of a search looks through.
pub const HISTORY_LINES_MAX: usize = 500;
/// What Ctrl-R can look for: longer than any host name (RFC 1035, section 3.1).
pub const SEARCH_BYTES_MAX: usize = 256;
/// Words that a second Tab lists; of more only their number is told. There are fewer flags and
/// commands.
pub const COMPLETIONS_SHOWN_MAX: usize = 60;
/// Lines kept of one maintainer for later sessions; few use more than twenty.
pub const SHELL_HISTORY_LINES_MAX: u16 = 200;
/// A line that is kept; one with every flag has some 200 bytes.
pub const SHELL_HISTORY_LINE_BYTES_MAX: usize = 512;
/// Maintainers whose lines are kept: 51 MB at the very worst, 2 MB as people type.
pub const SHELL_HISTORY_OWNERS_MAX: u16 = 500;
/// Lines that a session gathers before it writes them down: what a crash can lose.
pub const SHELL_HISTORY_BATCH_LINES: usize = 32;
/// Text before the cursor that Tab completes; a command with every flag has some 350 bytes.
pub const COMPLETED_BYTES_MAX: usize = 1_024;
/// A key's escape sequence; the longest in use (mouse, modifiers) has about 20 bytes.
pub const ESCAPE_BYTES_MAX: usize = 32;
/// A terminal's answer in a string (colour, name, clipboard); what is longer counts as typed.
pub const ESCAPE_STRING_BYTES_MAX: usize = 1_024;

const _: () = assert!(LINE_BYTES_MAX <= HISTORY_BYTES_MAX);
const _: () = assert!(SHELL_HISTORY_LINE_BYTES_MAX <= LINE_BYTES_MAX);
const _: () = assert!(SHELL_HISTORY_LINES_MAX as usize <= HISTORY_LINES_MAX);
const _: () = assert!(SHELL_HISTORY_BATCH_LINES < SHELL_HISTORY_LINES_MAX as usize);
const _: () = assert!(COLUMNS_MIN >= 2 && COLUMNS_MIN <= COLUMNS_DEFAULT);
const _: () = assert!(COLUMNS_DEFAULT <= COLUMNS_MAX);

// --- the local socket

/// A path that fits an address of a Unix socket: `sun_path` in linux/un.h has 108 bytes with the
/// final NUL.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;
/// Clients at once: an operator's hands and a script or two.
pub const LOCAL_CLIENTS_MAX: usize = 8;
/// One line of a request or an answer. A command of [`LINE_BYTES_MAX`] whose every byte becomes an
/// escape of six, and an import of [`IMPORT_BYTES_MAX`] as numbers, are half of it.
pub const LOCAL_LINE_BYTES_MAX: usize = 128 * 1024;
/// A piece of a command's output in one such line, whose every byte may become an escape of six.
pub const LOCAL_TEXT_BYTES_MAX: usize = 16 * 1024;
/// How long a client may take to say what it wants.
pub const LOCAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take nothing of a line of the answer.
pub const LOCAL_WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is told that its command is still under way.
pub const LOCAL_WORKING_PAUSE: Duration = Duration::from_secs(5);
/// How long it waits for the next line of an answer: then the service hangs.
pub const LOCAL_ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

const _: () = assert!(6 * LOCAL_TEXT_BYTES_MAX < LOCAL_LINE_BYTES_MAX - 1024);
const _: () =
    assert!(6 * LINE_BYTES_MAX + 4 * (IMPORT_BYTES_MAX + 1) < LOCAL_LINE_BYTES_MAX - 1024);
const _: () = assert!(2 * LOCAL_WORKING_PAUSE.as_secs() < LOCAL_ANSWER_TIMEOUT.as_secs());

// --- the service: its log, the registry, git

/// Characters of a line in the log: BIRD's words about a file, or the problems of a configuration.
pub const LOG_LINE_CHARS_MAX: usize = 4_000;
/// How often the registry's clone is looked at: a look costs 6 ms.
pub const REGISTRY_LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// How often a registry that changes while it is read is read again before we wait for the next
/// look.
pub const REGISTRY_READS_MAX: usize = 3;
/// A clone of the registry that nobody fetched for so long is told by `check`: upstream changes
/// every day.
pub const REGISTRY_AGE_MAX: Duration = Duration::from_secs(2 * 86_400);
/// How long one command of git may take in the registry's clone; a fetch takes two.
pub const GIT_PULL_TIMEOUT: Duration = Duration::from_secs(120);
/// The first clone of the registry ends within this: a small machine on a slow line has 16,000
/// files to get and to write.
pub const GIT_CLONE_TIMEOUT: Duration = Duration::from_secs(900);
/// How long the pauses between pulls grow while they fail. Nobody hammers a dead server, and a
/// registry of yesterday still serves.
pub const GIT_PULL_PAUSE_MAX: Duration = Duration::from_secs(4 * 3600);
/// How long a connection by SSH may take for git.
pub const GIT_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long another host may send nothing to git over HTTP.
pub const GIT_STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a git that is told to end may take to remove its locks.
pub const GIT_END_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes kept of what git says: the names of a directory with 100,000 files.
pub const GIT_OUTPUT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Characters of git's own words in an error.
pub const GIT_WORDS_MAX: usize = 300;
/// Loose objects after which git collects its garbage: some 10 MB on the disk; git itself waits for
/// 6,700.
pub const GIT_GC_OBJECTS: u32 = 2_000;

const _: () =
    assert!(GIT_PULL_TIMEOUT.as_secs() + GIT_END_TIMEOUT.as_secs() < GIT_LOCK_AGE_MAX.as_secs());

// --- the database, and what lies beside it

/// How often we look whether somebody else changed the database.
pub const DATABASE_LOOK_INTERVAL: Duration = Duration::from_millis(1_000);
/// How long nothing must have changed before everything is moved into the database's one file: a
/// copy of that file alone is then whole.
pub const DATABASE_QUIET: Duration = Duration::from_secs(60);
/// How often the whole database is read to see whether it is damaged.
pub const DATABASE_PROOF_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// Files with the same time in their names: what is kept of a database that another one replaces.
pub const KEPT_IN_A_SECOND_MAX: u32 = 100;
/// What has to be free where the service writes, in bytes: less is a full disk.
pub const CHECK_FREE_BYTES_MIN: u64 = 1_048_576;
/// A configuration, a private key or a banner: larger is a mistake.
pub const TEXT_FILE_BYTES_MAX: u64 = 1_048_576;

// --- the backup

/// A file that is copied: what is longer is a list of prefixes or a mistake, and stays where it is.
pub const BACKUP_FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Entries of a directory whose files are copied; there are as many peerings as ids.
pub const BACKUP_FILES_MAX: usize = 2 * PEERING_ID_MAX as usize;
/// How often it is looked whether a backup is due.
pub const BACKUP_LOOK_PAUSE: Duration = Duration::from_secs(5);
/// How long nothing must have changed before the changes are backed up: whoever makes a peering
/// corrects it within minutes, or not.
pub const BACKUP_QUIET: Duration = Duration::from_secs(60);
/// How long changes wait at most, where there is always another one.
pub const BACKUP_DELAY_MAX: Duration = Duration::from_secs(600);
/// How long the pauses between backups grow while they fail.
pub const BACKUP_PAUSE_MAX: Duration = Duration::from_secs(4 * 3600);
/// How long one command of git may take for the backup.
pub const GIT_PUSH_TIMEOUT: Duration = Duration::from_secs(120);
/// How often a push is tried while other POPs push as well.
pub const GIT_PUSH_TRIES: u32 = 5;
/// How long copying may keep everybody else waiting at a stretch.
pub const BACKUP_SLICE_MAX: Duration = Duration::from_millis(5);
/// What is wrong with copies of other POPs is logged once each; so many are remembered.
pub const COPY_TROUBLES_MAX: usize = 256;
/// Steps of SQLite's machine that looking into another POP's copy may take: some 20 ms; it takes a
/// few hundred.
pub const SISTER_STEPS_MAX: i32 = 200_000;
/// One value in such a copy, in bytes: how a table was made is the longest.
pub const SISTER_VALUE_BYTES_MAX: i32 = 65_536;

const _: () = assert!(BACKUP_LOOK_PAUSE.as_secs() < BACKUP_QUIET.as_secs());
const _: () = assert!(BACKUP_QUIET.as_secs() < BACKUP_DELAY_MAX.as_secs());
const _: () =
    assert!(GIT_PUSH_TIMEOUT.as_secs() + GIT_END_TIMEOUT.as_secs() < GIT_LOCK_AGE_MAX.as_secs());
