//! BIRD: its socket.

use super::{Findings, Scene};
use crate::limits::BIRD_CONNECT_S;
use crate::sys::bird;
use std::time::Duration;

/// The area's name.
const NAME: &str = "bird";

/// Speaks to BIRD.
pub(super) async fn look(scene: &Scene, findings: &mut Findings) {
    let Some(socket) = &scene.assembled.config.bird.socket else {
        return findings.ok(NAME, "BIRD is not spoken to: bird.socket is empty");
    };
    match bird::connect(socket, Duration::from_secs(BIRD_CONNECT_S)).await {
        Ok(bird) => {
            findings.ok(NAME, format_args!("{}: BIRD {}", socket.display(), bird.version()))
        }
        Err(error) => findings.wrong(
            NAME,
            error,
            "systemctl status bird; the service's user has to be in the socket's group",
        ),
    }
}
