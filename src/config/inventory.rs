//! From the tables `[[mesh.pop]]` and `[[mesh.link]]` to the inventory, and back.
//!
//! Each table is read by itself, whatever the others say; `rules` proves that they fit together.
//! Who is told of two tables that do not fit finds both: one at the problem's place, the other in
//! its words.

mod rules;

use super::key::TableSpec;
use super::problem::Problems;
use super::row::Row;
use super::rules::default_place;
use super::sources::Sources;
use super::tables::{LinkRow, PopRow};
use crate::mesh::{Exception, Inventory, Pop, Switch};
use crate::model::PopName;

/// A table and what it means.
type Read<'a, T> = (&'a Row, T);

/// All tables of both kinds, those that nobody could read left out.
struct Tables<'a> {
    pops: Vec<Read<'a, PopRow>>,
    links: Vec<Read<'a, LinkRow>>,
    /// Is none left out?
    complete: bool,
}

/// The inventory, if this POP is one of it; the outer `None` after problems were told.
pub(super) fn read(sources: &Sources, problems: &mut Problems) -> Option<Option<Inventory>> {
    let tables = Tables::read(sources, problems);
    let own = sources.quietly::<Option<PopName>>(("mesh", "self"));
    let networks = sources.quietly(("mesh", "networks"));
    rules::judge(&tables, sources, problems);
    if own == Some(None) {
        forgotten(sources, problems);
    }
    if !tables.complete {
        return None;
    }
    let networks = networks?;
    let pops = tables.pops.iter().map(|(_, row)| pop(row)).collect();
    let exceptions = tables.links.iter().map(|(_, row)| exception(row)).collect();
    Some(own?.map(|own| Inventory { own, networks, pops, exceptions }))
}

/// Tables that nobody uses: `self` was forgotten, unless it was made empty on purpose.
fn forgotten(sources: &Sources, problems: &mut Problems) {
    let (mut pops, mut links) =
        (sources.rows(PopRow::PATH).iter(), sources.rows(LinkRow::PATH).iter());
    let said = sources.get(("mesh", "self"));
    let is_default = said.is_some_and(|said| said.place == default_place());
    if let (Some(row), true) = (pops.next().or(links.next()), is_default) {
        let message = "mesh.self is missing: which of the POPs this one is; set to \"\", it has no \
                       mesh, and the tables are not used";
        problems.add(row.header(), message);
    }
}

impl<'a> Tables<'a> {
    fn read(sources: &'a Sources, problems: &mut Problems) -> Tables<'a> {
        let (pops, links) = (sources.rows(PopRow::PATH), sources.rows(LinkRow::PATH));
        let count = pops.len() + links.len();
        let pops: Vec<_> =
            pops.iter().filter_map(|it| Some((it, PopRow::read(it, problems)?))).collect();
        let links: Vec<_> =
            links.iter().filter_map(|it| Some((it, LinkRow::read(it, problems)?))).collect();
        Tables { complete: pops.len() + links.len() == count, pops, links }
    }
}

/// The tables of an inventory as TOML, a value for each key that has one.
pub(super) fn show(inventory: &Inventory) -> Vec<(&'static TableSpec, Vec<Option<String>>)> {
    let pops = inventory.pops.iter().map(|it| (PopRow::PATH, pop_row(it).show()));
    let links = inventory.exceptions.iter().map(|it| (LinkRow::PATH, link_row(it).show()));
    pops.chain(links).filter_map(|(path, values)| Some((TableSpec::find(path)?, values))).collect()
}

fn pop(row: &PopRow) -> Pop {
    let PopRow { name, id, host, public_key, ipv6, ipv4, off } = row.clone();
    Pop { name, id, host, key: public_key, ipv6, ipv4, switch: switch(off) }
}

fn pop_row(pop: &Pop) -> PopRow {
    let Pop { name, id, host, key, ipv6, ipv4, switch } = pop.clone();
    PopRow { name, id, host, public_key: key, ipv6, ipv4, off: switch == Switch::Off }
}

fn exception(row: &LinkRow) -> Exception {
    let LinkRow { pops, cost, mtu, endpoint, off } = row.clone();
    Exception { pops, cost, mtu, reach: endpoint, switch: switch(off) }
}

fn link_row(exception: &Exception) -> LinkRow {
    let Exception { pops, cost, mtu, reach, switch } = exception.clone();
    LinkRow { pops, cost, mtu, endpoint: reach, off: switch == Switch::Off }
}

fn switch(off: bool) -> Switch {
    if off { Switch::Off } else { Switch::On }
}
