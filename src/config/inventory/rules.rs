//! What holds for the tables of the mesh together.

use super::{LinkRow, PopRow, Read, Row, Sources, Tables};
use crate::config::key::KeySpec;
use crate::config::problem::{Place, Problems, quoted};
use crate::limits::{POP_IPV4_BITS_MAX, POP_IPV6_BITS_MAX};
use crate::mesh::{Reach, passes, port};
use crate::model::{Host, PopName, WgKey};
use ipnet::IpNet;

/// What a key of a POP is compared by.
type Trait = fn(&PopRow) -> String;

/// What no two POPs may share.
const UNIQUE: [(&str, Trait); 4] = [
    ("name", |row| name(&row.name)),
    ("id", |row| row.id.to_string()),
    ("host", |row| quoted(&host(&row.host))),
    ("public_key", |row| row.public_key.to_string()),
];

/// Tells what does not fit.
pub(super) fn judge(tables: &Tables<'_>, sources: &Sources, problems: &mut Problems) {
    let mut judge = Judge { tables, sources, problems };
    judge.unique();
    judge.networks();
    judge.links();
    judge.own();
}

struct Judge<'a, 'p> {
    tables: &'a Tables<'a>,
    sources: &'a Sources,
    problems: &'p mut Problems,
}

/// Where something else is, in words.
fn there(place: &Place) -> String {
    match place {
        Place::Text { line, .. } => format!("in line {line}"),
        Place::Variable(_) | Place::Whole(_) => format!("in {place}"),
    }
}

/// The name of a POP as a problem shows it.
fn name(name: &PopName) -> String {
    quoted(name.as_str())
}

/// The host in the one form that equal hosts have.
fn host(host: &Host) -> String {
    match host {
        Host::Ip(ip) => ip.get().to_canonical().to_string(),
        Host::Name(name) => name.as_str().to_ascii_lowercase(),
    }
}

impl Judge<'_, '_> {
    fn tell(&mut self, row: &Row, path: &str, key: &str, message: String) {
        self.problems.add(row.place(key), format!("{path}.{key}: {message}"));
    }

    /// Each later one of two is told.
    fn unique(&mut self) {
        let pops = &self.tables.pops;
        for (number, (row, pop)) in pops.iter().enumerate() {
            for (key, value) in UNIQUE {
                let mut before = pops.iter().take(number);
                let Some((first, other)) = before.find(|(_, it)| value(it) == value(pop)) else {
                    continue;
                };
                let what = if key == "public_key" { "the key".into() } else { value(pop) };
                let place = there(&first.place(key));
                let message = match key {
                    "name" => format!("{what} is there already, {place}"),
                    _ => format!("{what} is that of {} already, {place}", name(&other.name)),
                };
                self.tell(row, PopRow::PATH, key, message);
            }
        }
    }

    fn networks(&mut self) {
        let own: Vec<IpNet> = self.sources.quietly(("mesh", "networks")).unwrap_or_default();
        self.own_networks(&own);
        let all: Vec<_> = self.tables.pops.iter().flat_map(networks).collect();
        for (number, (row, _, key, network)) in all.iter().enumerate() {
            let longest = if *key == "ipv6" { POP_IPV6_BITS_MAX } else { POP_IPV4_BITS_MAX };
            if network.prefix_len() > longest {
                let message = format!("{network} has no room for a gateway; /{longest} has");
                self.tell(row, PopRow::PATH, key, message);
            }
            if !own.is_empty() && !own.iter().any(|it| it.contains(network)) {
                let place = self.sources.get(("mesh", "networks")).map(|said| there(&said.place));
                let place = place.unwrap_or_default();
                let message = format!("{network} is in none of mesh.networks, {place}");
                self.tell(row, PopRow::PATH, key, message);
            }
            let overlaps = |net: &IpNet| net.contains(network) || network.contains(net);
            let mut before = all.iter().take(number);
            if let Some((first, other, key_of, net)) = before.find(|(.., it)| overlaps(it)) {
                let place = there(&first.place(key_of));
                let message = format!("{network} overlaps {net} of {}, {place}", name(&other.name));
                self.tell(row, PopRow::PATH, key, message);
            }
        }
    }

    /// The network's own prefixes: there are some where there are POPs, and links let them through.
    fn own_networks(&mut self, own: &[IpNet]) {
        let Some(spec) = KeySpec::find("mesh", "networks") else { return };
        let Some(said) = self.sources.get(("mesh", "networks")) else { return };
        if let (true, Some((first, _))) = (own.is_empty(), self.tables.pops.first()) {
            self.problems.add(first.header(), format!("{spec} is missing: {}", spec.about()));
        }
        for network in own.iter().filter(|it| !passes(it)) {
            let message = format!(
                "{spec}: links between POPs let only 172.16.0.0/12, 10.0.0.0/8 and fd00::/8 \
                 through, not {network}"
            );
            self.problems.add(said.place.clone(), message);
        }
    }

    fn links(&mut self) {
        for (number, link) in self.tables.links.iter().enumerate() {
            if self.problems.is_full() {
                return; // A thousand tables of one link contradict each other half a million times.
            }
            self.ends(link);
            let pair = |(_, it): &&Read<'_, LinkRow>| same_pair(&it.pops, &link.1.pops);
            for first in self.tables.links.iter().take(number).filter(pair) {
                self.contradiction(first, link);
            }
        }
    }

    /// Both ends exist. It is told only where every POP could be read.
    fn ends(&mut self, (row, link): &Read<'_, LinkRow>) {
        for end in [&link.pops.0, &link.pops.1] {
            if self.tables.complete && !self.has(end) {
                let message = format!("no [[mesh.pop]] has the name {}", name(end));
                self.tell(row, LinkRow::PATH, "pops", message);
            }
        }
    }

    fn has(&self, wanted: &PopName) -> bool {
        self.tables.pops.iter().any(|(_, it)| it.name == *wanted)
    }

    /// Of one link, each key is set once; the endpoint once for each end.
    fn contradiction(
        &mut self,
        (first, older): &Read<'_, LinkRow>,
        (row, link): &Read<'_, LinkRow>,
    ) {
        for key in ["cost", "mtu", "endpoint", "off"] {
            let is_set = |row: &Row| row.get(key).is_some();
            let reversed = key == "endpoint" && older.pops != link.pops;
            if is_set(first) && is_set(row) && !reversed {
                let place = there(&first.place(key));
                let (a, b) = (name(&link.pops.0), name(&link.pops.1));
                let message = format!("that of the link {a} to {b} is set already, {place}");
                self.tell(row, LinkRow::PATH, key, message);
            }
        }
        let calls = |it: &LinkRow| it.endpoint == Some(Reach::Calls);
        if calls(older) && calls(link) && older.pops != link.pops {
            let place = there(&first.place("endpoint"));
            let message = format!("neither end would call the other: it is none too {place}");
            self.tell(row, LinkRow::PATH, "endpoint", message);
        }
    }

    /// What holds for this POP: it is there, its key is ours, its ports are free.
    fn own(&mut self) {
        let key = ("mesh", "self");
        let own = self.sources.quietly::<Option<PopName>>(key).flatten();
        let (Some(own), Some(said)) = (own, self.sources.get(key)) else { return };
        let tables = self.tables;
        match tables.pops.iter().find(|(_, it)| it.name == own) {
            Some(me) => {
                self.key(me);
                self.ports(me);
            }
            None if tables.complete => {
                let message = format!("mesh.self: no [[mesh.pop]] has the name {}", name(&own));
                self.problems.add(said.place.clone(), message);
            }
            None => {}
        }
    }

    fn key(&mut self, (row, me): &Read<'_, PopRow>) {
        let key = ("wireguard", "public_key");
        let ours = self.sources.quietly::<Option<WgKey>>(key).flatten();
        if let (Some(ours), Some(said)) = (ours, self.sources.get(key))
            && ours != me.public_key
        {
            let (whose, place) = (name(&me.name), there(&said.place));
            let message = format!("the key of {whose} is not wireguard.public_key, {place}");
            self.tell(row, PopRow::PATH, "public_key", message);
        }
    }

    /// Peerings listen on the base port and their id, up to the last port that there is.
    fn ports(&mut self, (_, me): &Read<'_, PopRow>) {
        let key = ("wireguard", "base_port");
        let (base, said) = (self.sources.quietly::<u16>(key), self.sources.get(key));
        let others = self.tables.pops.iter().filter(|(_, it)| it.id != me.id);
        let highest = others
            .filter_map(|(row, it)| Some((port(me.id, it.id)?.get(), row, it)))
            .max_by_key(|(port, ..)| *port);
        if let (Some(base), Some(said), Some((port, row, it))) = (base, said, highest)
            && base < port
        {
            let (to, place) = (name(&it.name), there(&row.place("id")));
            let message = format!(
                "wireguard.base_port: peerings listen on the ports above {base}, and the link to \
                 {to}, whose id stands {place}, on {port}; {port} or more is needed"
            );
            self.problems.add(said.place.clone(), message);
        }
    }
}

fn same_pair(one: &(PopName, PopName), other: &(PopName, PopName)) -> bool {
    one == other || (&one.0, &one.1) == (&other.1, &other.0)
}

/// The networks of a POP, each with its key.
fn networks<'a>(
    (row, pop): &'a Read<'a, PopRow>,
) -> impl Iterator<Item = (&'a Row, &'a PopRow, &'static str, IpNet)> {
    let ipv4 = pop.ipv4.map(|it| ("ipv4", IpNet::V4(it)));
    let both = [("ipv6", IpNet::V6(pop.ipv6))].into_iter().chain(ipv4);
    both.map(move |(key, network)| (*row, pop, key, network))
}
