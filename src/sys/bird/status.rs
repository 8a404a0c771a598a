//! What BIRD tells of its protocols, read by key, and of its routes in the kernel. Pure.
//!
//! `show protocols` has one row each: name, protocol, table, state, since, info. `show protocols
//! all` has lines `key: value` after it, channels indented below. Later versions add lines and
//! columns, so that only known keys are read; the first of a kind counts, because the other end of
//! a BGP session chooses some of the text that comes later.

use super::reply::Reply;
use crate::limits::{BIRD_CHANNELS_MAX, KERNEL_REFUSED_SHOWN_MAX};
use crate::model::{Asn, BgpState};

/// Code of a row of `show protocols`.
const ROW: u16 = 1002;
/// Code of the lines below a row in `show protocols all`.
const DETAILS: u16 = 1006;
/// Code of a line of `show route` that has no attributes.
const ROUTE: u16 = 1007;

/// A row of `show protocols`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The name, `ebgp_as4242420000_v6`.
    pub name: String,
    /// The kind: `BGP`, `Static`, `Device`.
    pub proto: String,
    /// The table, `---` if there is none or more than one.
    pub table: String,
    /// `up`, `start`, `down`, `stop` or `flush`.
    pub state: String,
    /// Since when it is in this state, in the form of BIRD's `timeformat protocol`.
    pub since: String,
    /// For BGP, its state and, if there is one, the last error.
    pub info: String,
}

/// One address family of a BGP session. Routes are counted only while the channel is up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// `ipv4` or `ipv6`, rarely another.
    pub name: String,
    /// `UP`, `DOWN`, `START`, `FLUSHING`.
    pub state: String,
    /// Routes from the other side that passed the filter.
    pub imported: Option<u64>,
    /// Routes from the other side that did not, if BIRD keeps them (`import table`, `import keep
    /// filtered`).
    pub filtered: Option<u64>,
    /// Routes to the other side.
    pub exported: Option<u64>,
    /// Routes from the other side that are the best of their table.
    pub preferred: Option<u64>,
    /// How many routes may be imported.
    pub import_limit: Option<u64>,
    /// Whether that or the receive limit was reached since the session is up.
    pub limit_hit: bool,
    /// The next hop that is sent, as BIRD writes it: `:: fe80::263` is link-local alone.
    pub bgp_next_hop: Option<String>,
    /// Updates that came, since the channel is up.
    pub received: Option<u64>,
    /// Those of them that were broken, or that the filter refused.
    pub refused: Option<u64>,
}

/// What the other side said that it can, as far as we need to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The families (RFC 4760): `ipv4`, `ipv6`.
    pub families: Vec<String>,
    /// Those that take an IPv6 next hop though they are not IPv6 (RFC 8950).
    pub next_hops: Vec<String>,
}

/// All that `show protocols all` tells of a BGP session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BgpStatus {
    /// Its row.
    pub protocol: Protocol,
    /// `None` if the protocol is no BGP.
    pub bgp_state: Option<BgpState>,
    /// The other side, with the link: `fe80::2:1%wg-as4242420000`.
    pub neighbor_address: Option<String>,
    /// The other side's AS.
    pub neighbor_as: Option<Asn>,
    /// Our AS.
    pub local_as: Option<Asn>,
    /// Why the last BGP session ended, or none came up.
    pub last_error: Option<String>,
    /// What the other side can, while there is a connection.
    pub capabilities: Option<Capabilities>,
    /// In BIRD's order, at most [`BIRD_CHANNELS_MAX`].
    pub channels: Vec<Channel>,
    /// The text, as birdc would print it; empty where many were asked for at once.
    pub raw: String,
}

/// The best routes of both families, and those among them that BIRD could not hand to the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelRoutes {
    /// How many best routes there are.
    pub best: usize,
    /// How many of them the kernel refused.
    pub refused: usize,
    /// Networks of these, at most [`KERNEL_REFUSED_SHOWN_MAX`].
    pub shown: Vec<String>,
}

/// What the lines before the first channel are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Session,
    Ours,
    Theirs,
}

impl Section {
    /// What a line is about that comes next. The other side chooses some of what stands in its own
    /// section; it cannot choose that a line begins.
    fn after(self, line: &str) -> Section {
        match line {
            "Local capabilities" => Section::Ours,
            "Neighbor capabilities" if self == Section::Ours => Section::Theirs,
            _ if line.starts_with("Session:") || line.starts_with("Channel ") => Section::Session,
            _ => self,
        }
    }
}

impl Protocol {
    /// Did somebody disable it? BIRD gives a reason where it did so itself (`Automatic shutdown:`,
    /// after an import limit), and none where it was told to.
    pub fn is_disabled(&self) -> bool {
        self.state == "down" && self.info.is_empty()
    }

    /// All rows of a reply.
    pub(super) fn list(reply: &Reply) -> Vec<Protocol> {
        reply.with_code(ROW).filter_map(Protocol::parse).collect()
    }

    /// Reads a row. At least two blanks follow the time, which may have one itself.
    fn parse(row: &str) -> Option<Protocol> {
        let mut rest = row;
        let mut word = || {
            let text = rest.trim_start();
            let (word, after) = text.split_once(' ').unwrap_or((text, ""));
            rest = after;
            Some(word.to_owned()).filter(|word| !word.is_empty())
        };
        let (name, proto, table, state) = (word()?, word()?, word()?, word()?);
        let rest = rest.trim();
        let (since, info) = rest.split_once("  ").unwrap_or((rest, ""));
        let info = info.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Protocol { name, proto, table, state, since: since.to_owned(), info })
    }
}

impl BgpStatus {
    /// Reads a reply about one protocol; `None` if there is no row in it.
    pub(super) fn parse(reply: &Reply) -> Option<BgpStatus> {
        let protocol = reply.with_code(ROW).find_map(Protocol::parse)?;
        let status = BgpStatus::of(protocol, reply.with_code(DETAILS));
        Some(BgpStatus { raw: reply.text(), ..status })
    }

    /// Reads a reply about many protocols, without their texts: each row and the lines below it.
    pub(super) fn list(reply: &Reply) -> Vec<BgpStatus> {
        let mut statuses = Vec::new();
        for (index, line) in reply.lines.iter().enumerate() {
            let row = Some(line).filter(|line| line.code == ROW);
            let Some(protocol) = row.and_then(|line| Protocol::parse(&line.text)) else { continue };
            let below = reply.lines.iter().skip(index + 1);
            let details =
                below.take_while(|line| line.code == DETAILS).map(|line| line.text.as_str());
            statuses.push(BgpStatus::of(protocol, details));
        }
        statuses
    }

    fn of<'a>(protocol: Protocol, details: impl Iterator<Item = &'a str>) -> BgpStatus {
        let mut status = BgpStatus {
            protocol,
            bgp_state: None,
            neighbor_address: None,
            neighbor_as: None,
            local_as: None,
            last_error: None,
            capabilities: None,
            channels: Vec::new(),
            raw: String::new(),
        };
        let (mut channel, mut section) = (None, Section::Session);
        for line in details {
            let text = line.trim();
            section = section.after(text);
            if section == Section::Theirs {
                status.offer(text);
            } else if let Some(name) = text.strip_prefix("Channel ") {
                status.add(channel.take());
                channel = Some(Channel { name: name.to_owned(), ..Channel::default() });
            } else if let Some((key, value)) = text.split_once(':') {
                match &mut channel {
                    Some(channel) => channel.set(key, value.trim()),
                    None => status.set(key, value.trim()),
                }
            }
        }
        status.add(channel);
        status
    }

    fn add(&mut self, channel: Option<Channel>) {
        if self.channels.len() < BIRD_CHANNELS_MAX {
            self.channels.extend(channel);
        }
    }

    /// A line about what the other side can.
    fn offer(&mut self, line: &str) {
        let capabilities = self.capabilities.get_or_insert_default();
        let list = match line.split_once(':') {
            Some(("AF announced", _)) => &mut capabilities.families,
            Some(("IPv6 nexthop", _)) => &mut capabilities.next_hops,
            _ => return,
        };
        let words = line.split_whitespace().skip(2).map(str::to_owned);
        *list = words.take(BIRD_CHANNELS_MAX).collect();
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "BGP state" => self.bgp_state = self.bgp_state.or(value.parse().ok()),
            "Neighbor AS" => self.neighbor_as = self.neighbor_as.or(value.parse().ok()),
            "Local AS" => self.local_as = self.local_as.or(value.parse().ok()),
            "Neighbor address" if self.neighbor_address.is_none() => {
                self.neighbor_address = Some(value.to_owned());
            }
            "Last error" if self.last_error.is_none() => self.last_error = Some(value.to_owned()),
            _ => {}
        }
    }
}

impl Channel {
    fn set(&mut self, key: &str, value: &str) {
        match key {
            "State" if self.state.is_empty() => self.state = value.to_owned(),
            "Import limit" => {
                self.import_limit = value.split(' ').next().and_then(|word| word.parse().ok());
                self.limit_hit |= value.ends_with("[HIT]");
            }
            "Receive limit" => self.limit_hit |= value.ends_with("[HIT]"),
            "Routes" => value.split(", ").for_each(|count| self.set_count(count)),
            // Later versions have more columns; these are the first three of all.
            "Import updates" => {
                let mut numbers = value.split_whitespace().map(|word| word.parse::<u64>().ok());
                self.received = numbers.next().flatten();
                let (rejected, filtered) = (numbers.next().flatten(), numbers.next().flatten());
                self.refused = rejected.zip(filtered).map(|(a, b)| a.saturating_add(b));
            }
            "BGP Next hop" => self.bgp_next_hop = Some(value.to_owned()),
            _ => {}
        }
    }

    fn set_count(&mut self, count: &str) {
        let Some((number, what)) = count.split_once(' ') else { return };
        let field = match what {
            "imported" => &mut self.imported,
            "filtered" => &mut self.filtered,
            "exported" => &mut self.exported,
            "preferred" => &mut self.preferred,
            _ => return,
        };
        *field = number.parse().ok();
    }
}

impl KernelRoutes {
    /// Reads the reply to `show route primary`. A network's best route has the mark `*`, or `!`
    /// where the kernel refused it (`rt_show_rte` in BIRD's nest/rt-show.c).
    pub(super) fn of(reply: &Reply) -> KernelRoutes {
        let mut routes = KernelRoutes::default();
        for line in reply.with_code(ROUTE) {
            // What a line begins with that has no network is a next hop of the route before it.
            let Some((network, rest)) = line.split_once(' ').filter(|(net, _)| net.contains('/'))
            else {
                continue;
            };
            let mark = rest.split_whitespace().find(|word| matches!(*word, "*" | "!"));
            routes.best += usize::from(mark.is_some());
            if mark == Some("!") {
                routes.refused += 1;
                if routes.shown.len() < KERNEL_REFUSED_SHOWN_MAX {
                    routes.shown.push(network.to_string());
                }
            }
        }
        routes
    }
}

#[cfg(test)]
mod tests;
