//! What peer_status may cost: the member who waits, the network, and whoever was named as an
//! endpoint.

use std::time::Duration;

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
const _: () = assert!(
    PROBE_TIMEOUT.as_millis() + HANDSHAKE_CAPTURE_TIME.as_millis() < PROBE_KEPT.as_millis()
);
/// The time from one answer of `--watch` to the next question.
pub const WATCH_PAUSE: Duration = Duration::from_millis(2_000);
/// Answers of one `--watch`: a quarter of an hour where they come at once. Nobody holds a session
/// for ever by a window that they forgot.
pub const WATCH_ROUNDS_MAX: usize = 450;
