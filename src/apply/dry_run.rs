//! What a pass would do now, for the operator's eyes.

use super::Apply;
use super::prepare::Seen;
use crate::board::Progress;
use crate::limits::UNEXPLAINED_SHOWN_MAX;
use crate::model::Asn;
use crate::plan::{self, Owner, Step};
use crate::sys::files::{Stray, strays};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of peerings that are on the machine and neither in the database nor removed by a
/// command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Removals {
    /// They are reported and left alone.
    #[default]
    Asked,
    /// The operator has confirmed that they are to go.
    Confirmed,
    /// They are left alone, and all others are to go: the operator takes this POP down.
    Others,
}

/// What a pass would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// What the machine has, and nobody wants or asked to end.
    pub unexplained: BTreeSet<Asn>,
    /// What bears names of ours and is not ours, in words.
    pub foreign: BTreeSet<String>,
    /// What lies among BIRD's files and does no good there.
    pub strays: BTreeSet<Stray>,
    /// BIRD refuses its configuration as it is, in words; `None`: it does not, or cannot be asked.
    pub refusal: Option<String>,
    /// Peerings that were made by hand before peerling.
    pub adopted: BTreeSet<Asn>,
    /// What cannot be read or served, or is left alone, and why.
    pub failures: BTreeMap<Owner, String>,
    /// The addresses that this POP should have on `lo`.
    pub addresses: Vec<IpNet>,
    /// Those of them that are not there.
    pub missing: Vec<IpNet>,
}

impl Apply {
    /// The steps that a pass would take now; none is taken. The board then tells of each peering
    /// whether it is as it should be.
    pub async fn dry_run(&mut self) -> Result<DryRun, String> {
        let (pass, mut seen) = self.prepare().await?;
        seen.strays.extend(strays(&pass.settings.bird_directory, &pass.settings.pop.naming));
        let refusal = self.bird.refusal(&pass.settings).await;
        let wanted = self.aim(&pass);
        let (steps, unexplained) = (pass.differences(&wanted), pass.unexplained(&wanted));
        self.board.publish(pass.inputs.generation, |before| {
            let mut entries = pass.entries(before);
            for asn in steps.iter().filter_map(Step::owner).filter_map(Owner::asn) {
                if let Some(entry) = entries.get_mut(&asn) {
                    entry.progress = Progress::Queued;
                }
            }
            entries
        });
        let actual = &pass.observed.actual;
        let addresses = plan::own_addresses(&pass.inputs, actual);
        let missing =
            addresses.iter().filter(|wanted| !actual.has_address(wanted)).copied().collect();
        let failures = pass.outcome.all_failures();
        let Seen { foreign, strays } = seen;
        let adopted = pass.settings.pop.naming.adopted().keys().copied().collect();
        Ok(DryRun {
            steps,
            unexplained,
            foreign,
            strays,
            refusal,
            adopted,
            failures,
            addresses,
            missing,
        })
    }
}

/// One line for the operator about [`DryRun::unexplained`].
pub fn unexplained_words(asns: &BTreeSet<Asn>) -> String {
    let names: Vec<String> = asns.iter().take(UNEXPLAINED_SHOWN_MAX).map(Asn::to_string).collect();
    let more = asns.len().saturating_sub(UNEXPLAINED_SHOWN_MAX);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "{} peering(s) are on this machine, not in the database, and were not removed by a \
         command: {}{more}; they are left alone; `peerling apply --confirm-removals` removes them",
        asns.len(),
        names.join(", ")
    )
}
