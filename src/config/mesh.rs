//! From the tables `[[mesh.pop]]` and `[[mesh.link]]` to the inventory, and back.
//!
//! Each table is read by itself; then it is checked that they fit together. Of two tables that do
//! not fit the operator is shown both: one by the problem's place, the other in its words.

use super::key::TableSpec;
use super::problem::{Place, Problems, quoted};
use super::sources::{Sources, Table};
use super::table::{LinkTable, PopTable, valid};
use crate::limits::{POP_IPV4_BITS_MAX, POP_IPV6_BITS_MAX};
use crate::mesh::{Exception, Inventory, Pop, Reach, Switch, passes, port};
use crate::model::{Host, PopName, WgKey};
use ipnet::IpNet;

/// The inventory, if this POP is one of it and no problem was found.
pub(super) fn read(sources: &Sources, problems: &mut Problems) -> Option<Inventory> {
    let tables = Tables::read(sources, problems);
    let mut checks = Checks { tables: &tables, sources, problems };
    checks.self_is_set();
    checks.unique();
    checks.networks();
    checks.links();
    checks.own();
    if !tables.complete {
        return None;
    }
    Some(Inventory {
        own: valid::<Option<PopName>>(sources, "mesh", "self").flatten()?,
        networks: valid(sources, "mesh", "networks")?,
        pops: tables.pops.iter().map(|row| pop(&row.table)).collect(),
        exceptions: tables.links.iter().map(|row| exception(&row.table)).collect(),
    })
}

/// The tables of an inventory as TOML, a value for each key that has one.
pub(super) fn print(inventory: &Inventory) -> Vec<(&'static TableSpec, Vec<Option<String>>)> {
    let mut tables = Vec::new();
    if let Some(spec) = TableSpec::find(PopTable::PATH) {
        tables.extend(inventory.pops.iter().map(|pop| (spec, pop_table(pop).print_values())));
    }
    if let Some(spec) = TableSpec::find(LinkTable::PATH) {
        let links = inventory.exceptions.iter();
        tables.extend(links.map(|exception| (spec, link_table(exception).print_values())));
    }
    tables
}

fn pop(table: &PopTable) -> Pop {
    let PopTable { name, id, host, public_key, ipv6, ipv4, off } = table.clone();
    Pop { name, id, host, key: public_key, ipv6, ipv4, switch: switch(off) }
}

fn pop_table(pop: &Pop) -> PopTable {
    let Pop { name, id, host, key, ipv6, ipv4, switch } = pop.clone();
    PopTable { name, id, host, public_key: key, ipv6, ipv4, off: switch == Switch::Off }
}

fn exception(table: &LinkTable) -> Exception {
    let LinkTable { pops, cost, mtu, endpoint, off } = table.clone();
    Exception { pops, cost, mtu, reach: endpoint, switch: switch(off) }
}

fn link_table(exception: &Exception) -> LinkTable {
    let Exception { pops, cost, mtu, reach, switch } = exception.clone();
    LinkTable { pops, cost, mtu, endpoint: reach, off: switch == Switch::Off }
}

fn switch(off: bool) -> Switch {
    if off { Switch::Off } else { Switch::On }
}

fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// All tables of both kinds, but for those that cannot be read.
struct Tables<'a> {
    pops: Vec<Row<'a, PopTable>>,
    links: Vec<Row<'a, LinkTable>>,
    /// Whether none is left out.
    complete: bool,
}

/// A table as it is set and as it is read.
struct Row<'a, T> {
    set: &'a Table,
    table: T,
}

impl<'a> Tables<'a> {
    fn read(sources: &'a Sources, problems: &mut Problems) -> Tables<'a> {
        let mut tables = Tables { pops: Vec::new(), links: Vec::new(), complete: true };
        for set in sources.tables(PopTable::PATH) {
            match PopTable::read(set, problems) {
                Some(table) => tables.pops.push(Row { set, table }),
                None => tables.complete = false,
            }
        }
        for set in sources.tables(LinkTable::PATH) {
            match LinkTable::read(set, problems) {
                Some(table) => tables.links.push(Row { set, table }),
                None => tables.complete = false,
            }
        }
        tables
    }
}

/// A network of a POP, and the key that sets it.
struct PopNetwork<'a> {
    pop: &'a Row<'a, PopTable>,
    key: &'static str,
    network: IpNet,
    /// The longest prefix that has room for a gateway.
    bits_max: u8,
}

/// The keys that no two POPs may set to the same.
const UNIQUE: [&str; 4] = ["name", "id", "host", "public_key"];

/// The value of one of them, as a problem shows it.
fn unique_value(pop: &PopTable, key: &str) -> String {
    match key {
        "name" => name(&pop.name),
        "id" => pop.id.to_string(),
        "host" => quoted(&canonical(&pop.host)),
        _ => pop.public_key.to_string(),
    }
}

/// The name of a POP as a problem shows it.
fn name(name: &PopName) -> String {
    quoted(name.as_str())
}

/// The host in the one form that equal hosts have.
fn canonical(host: &Host) -> String {
    match host {
        Host::Ip(ip) => ip.get().to_canonical().to_string(),
        Host::Name(name) => name.as_str().to_ascii_lowercase(),
    }
}

/// Where something else is, in words.
fn there(place: &Place) -> String {
    match place {
        Place::Text { line, .. } => format!("in line {line}"),
        Place::Variable(_) | Place::Whole(_) => format!("in {place}"),
    }
}

fn same_pair(left: &LinkTable, right: &LinkTable) -> bool {
    let ((a, b), (c, d)) = (&left.pops, &right.pops);
    (a == c && b == d) || (a == d && b == c)
}

/// What must hold for the tables together.
struct Checks<'a, 'p> {
    tables: &'a Tables<'a>,
    sources: &'a Sources,
    problems: &'p mut Problems,
}

impl<'a> Checks<'a, '_> {
    fn report(&mut self, set: &Table, path: &str, key: &str, message: String) {
        self.problems.add(set.place(key), format!("{path}.{key}: {message}"));
    }

    fn report_pop(&mut self, pop: &Row<'_, PopTable>, key: &str, message: String) {
        self.report(pop.set, PopTable::PATH, key, message);
    }

    fn report_link(&mut self, link: &Row<'_, LinkTable>, key: &str, message: String) {
        self.report(link.set, LinkTable::PATH, key, message);
    }

    /// `self` is forgotten where there are tables, unless it is made empty on purpose.
    fn self_is_set(&mut self) {
        if self.sources.get("mesh", "self").is_some() {
            return;
        }
        let (pops, links) =
            (self.sources.tables(PopTable::PATH), self.sources.tables(LinkTable::PATH));
        if let Some(table) = pops.first().or(links.first()) {
            let message = "mesh.self is missing: which of the POPs this one is; with \
                           mesh.self = \"\" the tables are not used";
            self.problems.add(table.header(), message);
        }
    }

    /// Of two that share something the later one is reported.
    fn unique(&mut self) {
        let pops = &self.tables.pops;
        for (index, pop) in pops.iter().enumerate() {
            for key in UNIQUE {
                let value = unique_value(&pop.table, key);
                let mut before = pops.iter().take(index);
                let Some(other) = before.find(|other| unique_value(&other.table, key) == value)
                else {
                    continue;
                };
                let (owner, place) = (name(&other.table.name), there(&other.set.place(key)));
                let message = match key {
                    "name" => format!("{value} is already a POP {place}"),
                    "public_key" => format!("this key is already that of {owner} {place}"),
                    _ => format!("{value} is already that of {owner} {place}"),
                };
                self.report_pop(pop, key, message);
            }
        }
    }

    fn networks(&mut self) {
        let own: Option<Vec<IpNet>> = valid(self.sources, "mesh", "networks");
        let own = own.inspect(|own| self.own_networks(own)).unwrap_or_default();
        let all = self.pop_networks();
        for (index, this) in all.iter().enumerate() {
            let network = this.network;
            if network.prefix_len() > this.bits_max {
                let message = format!(
                    "{network} is too small for a gateway; it must be a /{} or larger",
                    this.bits_max
                );
                self.report_pop(this.pop, this.key, message);
            }
            if let Some(set) = self.sources.get("mesh", "networks")
                && !own.is_empty()
                && !own.iter().any(|own| own.contains(&network))
            {
                let place = there(&set.place);
                let message = format!("{network} is outside of mesh.networks {place}");
                self.report_pop(this.pop, this.key, message);
            }
            let mut before = all.iter().take(index);
            if let Some(other) = before.find(|other| overlap(other.network, network)) {
                let (owner, place) =
                    (name(&other.pop.table.name), there(&other.pop.set.place(other.key)));
                let message = format!("{network} overlaps {} of {owner} {place}", other.network);
                self.report_pop(this.pop, this.key, message);
            }
        }
    }

    fn pop_networks(&self) -> Vec<PopNetwork<'a>> {
        let mut networks = Vec::new();
        for pop in &self.tables.pops {
            let network = IpNet::V6(pop.table.ipv6);
            networks.push(PopNetwork { pop, key: "ipv6", network, bits_max: POP_IPV6_BITS_MAX });
            if let Some(ipv4) = pop.table.ipv4 {
                let network = IpNet::V4(ipv4);
                let bits_max = POP_IPV4_BITS_MAX;
                networks.push(PopNetwork { pop, key: "ipv4", network, bits_max });
            }
        }
        networks
    }

    /// The network's own prefixes: there are some where there are POPs, and links let them through.
    fn own_networks(&mut self, own: &[IpNet]) {
        if let Some(first) = self.tables.pops.first()
            && own.is_empty()
        {
            let message = "mesh.networks is missing: the network's own prefixes, in which the \
                           networks of the POPs lie";
            self.problems.add(first.set.header(), message);
        }
        // Without a mesh nothing has to pass it: the networks serve bird-init alone.
        if self.sources.tables(PopTable::PATH).is_empty() {
            return;
        }
        let Some(set) = self.sources.get("mesh", "networks") else { return };
        for network in own.iter().filter(|network| !passes(network)) {
            let message = format!(
                "mesh.networks: {network} cannot pass the links between POPs, which let only \
                 172.16.0.0/12, 10.0.0.0/8 and fd00::/8 through"
            );
            self.problems.add(set.place.clone(), message);
        }
    }

    fn links(&mut self) {
        let links = &self.tables.links;
        for (index, link) in links.iter().enumerate() {
            if self.problems.is_full() {
                return; // A thousand tables of one link contradict each other half a million times.
            }
            self.ends(link);
            for older in links.iter().take(index) {
                if same_pair(&older.table, &link.table) {
                    self.contradiction(older, link);
                }
            }
        }
    }

    /// Both ends exist. It is reported only where every POP could be read.
    fn ends(&mut self, link: &Row<'_, LinkTable>) {
        for end in [&link.table.pops.0, &link.table.pops.1] {
            let exists = self.tables.pops.iter().any(|pop| pop.table.name == *end);
            if self.tables.complete && !exists {
                let message = format!("no [[mesh.pop]] has the name {}", name(end));
                self.report_link(link, "pops", message);
            }
        }
    }

    /// Of one link, each key is set once; the endpoint once for each end.
    fn contradiction(&mut self, older: &Row<'_, LinkTable>, link: &Row<'_, LinkTable>) {
        let is_reversed = older.table.pops != link.table.pops;
        for key in ["cost", "mtu", "endpoint", "off"] {
            let is_set_twice = older.set.get(key).is_some() && link.set.get(key).is_some();
            if is_set_twice && !(key == "endpoint" && is_reversed) {
                let place = there(&older.set.place(key));
                let (a, b) = (name(&link.table.pops.0), name(&link.table.pops.1));
                let message = format!("already set for the link {a} to {b} {place}");
                self.report_link(link, key, message);
            }
        }
        let (reach, older_reach) = (&link.table.endpoint, &older.table.endpoint);
        if is_reversed && *reach == Some(Reach::Calls) && reach == older_reach {
            let place = there(&older.set.place("endpoint"));
            let message =
                format!("it is none {place} too, so neither end would connect to the other");
            self.report_link(link, "endpoint", message);
        }
    }

    /// What holds for this POP: it is there, its key is ours, its ports are free.
    fn own(&mut self) {
        let own = valid::<Option<PopName>>(self.sources, "mesh", "self").flatten();
        let (Some(own), Some(set)) = (own, self.sources.get("mesh", "self")) else { return };
        let tables = self.tables;
        match tables.pops.iter().find(|pop| pop.table.name == own) {
            Some(own) => {
                self.own_key(own);
                self.own_ports(own);
            }
            None if tables.complete => {
                let message = format!("mesh.self: no [[mesh.pop]] has the name {}", name(&own));
                self.problems.add(set.place.clone(), message);
            }
            None => {}
        }
    }

    fn own_key(&mut self, own: &Row<'_, PopTable>) {
        let key = valid::<Option<WgKey>>(self.sources, "wireguard", "public_key").flatten();
        if let (Some(key), Some(set)) = (key, self.sources.get("wireguard", "public_key"))
            && key != own.table.public_key
        {
            let (owner, place) = (name(&own.table.name), there(&set.place));
            let message =
                format!("must be wireguard.public_key {place}, since {owner} is this POP");
            self.report_pop(own, "public_key", message);
        }
    }

    /// Peerings listen on the base port and their id, up to the last port that there is.
    fn own_ports(&mut self, own: &Row<'_, PopTable>) {
        let Some(base_port) = valid::<u16>(self.sources, "wireguard", "base_port") else { return };
        let Some(set) = self.sources.get("wireguard", "base_port") else { return };
        let mut highest = None;
        for pop in self.tables.pops.iter().filter(|pop| pop.table.id != own.table.id) {
            let Some(port) = port(own.table.id, pop.table.id) else { continue };
            if highest.is_none_or(|(highest, _)| highest <= port.get()) {
                highest = Some((port.get(), pop));
            }
        }
        let Some((port, pop)) = highest.filter(|(port, _)| base_port < *port) else { return };
        let (to, place) = (name(&pop.table.name), there(&pop.set.place("id")));
        let message = format!(
            "wireguard.base_port: must be {port} or more: the link to {to}, whose id is {place}, \
             listens on {port}, and peerings on the ports above {base_port}"
        );
        self.problems.add(set.place.clone(), message);
    }
}
