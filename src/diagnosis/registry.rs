//! Is the AS number still whose peering this is?

use super::{Facts, bad, good};
use crate::answer::{CheckView, Whose};
use crate::model::Mntner;

const NAME: &str = "registry";

pub fn check(facts: &Facts<'_>) -> CheckView {
    let (asn, ownership) = (facts.peering.asn, &facts.ownership);
    let names: Vec<String> = ownership.owners.iter().map(Mntner::to_string).collect();
    if !ownership.known {
        let detail = format!("{asn} is not in the registry");
        return bad(
            NAME,
            detail,
            Whose::Member,
            "Bring its aut-num object back; the peering stays",
        );
    }
    if names.is_empty() {
        let detail = format!("no maintainer of {asn} is in the registry");
        let hint = "Give its aut-num object an mnt-by that exists; the peering stays";
        return bad(NAME, detail, Whose::Member, hint);
    }
    let names = names.join(", ");
    if let Some(before) = &facts.peering.maintainer
        && !ownership.owners.contains(before)
    {
        let detail = format!("{asn} belongs to {names}; {before} made the peering");
        let hint = format!("It is {names}'s now: look whether key and endpoint are still right");
        return bad(NAME, detail, Whose::Member, hint);
    }
    if !ownership.keys {
        let detail = format!("{asn} belongs to {names}, who has no SSH key there any more");
        let hint =
            "Put an auth line with your SSH key into the mntner object, or you cannot log in";
        return bad(NAME, detail, Whose::Member, hint);
    }
    good(NAME, format!("{asn} belongs to {names}"))
}
