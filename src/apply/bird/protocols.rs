//! Which protocols of ours BIRD runs.

use super::Expected;
use crate::apply::ApplySettings;
use crate::limits::{BIRD_LOOK_PAUSE, BIRD_LOOKS_MAX};
use crate::plan::Owner;
use crate::sys::bird::{Bird, BirdError};
use std::collections::{BTreeMap, BTreeSet};

/// The same of those to our own POPs.
pub const MESH_PATTERN: &str = "ibgp_*";

/// What BIRD runs that bears names of ours.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Those whose protocols it has.
    pub all: BTreeSet<Owner>,
    /// Those that somebody disabled.
    pub disabled: BTreeSet<Owner>,
}

/// What BIRD runs of ours.
pub(super) async fn ours(bird: &mut Bird, settings: &ApplySettings) -> Result<Running, BirdError> {
    let mut protocols = bird.protocols(&settings.pop.naming.protocol_pattern()).await?;
    let mesh: BTreeMap<String, Owner> = settings.pop.mesh_protocols();
    if !mesh.is_empty() {
        protocols.extend(bird.protocols(MESH_PATTERN).await?);
    }
    let mut running = Running::default();
    for protocol in protocols {
        let owner = match mesh.get(&protocol.name) {
            Some(owner) => Some(*owner),
            None => settings.pop.naming.protocol_peering(&protocol.name).map(Owner::Peering),
        };
        // A protocol that was removed is listed until its routes are gone, as `flush`.
        let Some(owner) = owner.filter(|_| protocol.state != "flush") else { continue };
        running.all.insert(owner);
        if protocol.is_disabled() {
            running.disabled.insert(owner);
        }
    }
    Ok(running)
}

/// Looks until every protocol is there or gone as it should be; BIRD takes a moment to close a
/// session. Who is not as it should be then, and why.
pub(super) async fn look_for(
    bird: &mut Bird,
    settings: &ApplySettings,
    expected: &Expected,
) -> Result<Vec<(Owner, String)>, BirdError> {
    const MISSING: &str =
        "BIRD was configured and does not run its protocol; is bgp_peers included?";
    const STAYING: &str = "BIRD still runs its protocol";
    let mut wrong = Vec::new();
    for _ in 0..BIRD_LOOKS_MAX {
        wrong.clear();
        let running = ours(bird, settings).await?.all;
        for owner in &expected.present {
            if *owner != Owner::Pop && !running.contains(owner) {
                wrong.push((*owner, MISSING.to_string()));
            }
        }
        for owner in &expected.absent {
            if running.contains(owner) {
                wrong.push((*owner, STAYING.to_string()));
            }
        }
        if wrong.is_empty() {
            break;
        }
        smol::Timer::after(BIRD_LOOK_PAUSE).await;
    }
    Ok(wrong)
}
