//! What a member installs, written for what they run: wg-quick, BIRD, systemd-networkd, FRR,
//! RouterOS, OpenBGPD, NixOS, VyOS. Each text is whole, so that it can go into a file as it comes;
//! its first lines say into which, and what must be true beside it.
//!
//! All of them say the same: the tunnel of [`super::files`], one BGP session over its link-local
//! addresses that carries both families (RFC 4760), IPv4 with a next hop in IPv6 (RFC 8950), and a
//! policy both ways that lets through what the tunnel carries (RFC 8212). What only the member has,
//! their private key and a preshared key, stands as [`REPLACE_ME`].

mod daemons;
mod systems;

pub use daemons::bird;
pub use daemons::frr;
pub use daemons::openbgpd;
pub use systems::networkd;
pub use systems::nixos;
pub use systems::routeros;
pub use systems::vyos;

use super::files::{self, ALLOWED_IPS, REPLACE_ME};
use super::{Peering, Site};
use crate::limits::IFNAME_BYTES_MAX;
use crate::model::{IfName, LinkLocal, Port, Refusal, WgKey, is_bird_symbol};
use ipnet::IpNet;

/// Routes of one family that a member takes from us at most: dn42 has some two thousand of each,
/// and the replaced service's text has this bound.
const ROUTES_MAX: u32 = 9000;

/// What is known of the member's own router.
#[derive(Clone, Debug, Default)]
pub struct Router {
    /// The name of the tunnel there; `None`: one that has our network and this POP in it.
    pub interface: Option<IfName>,
    /// A template of their bird.conf that has all filters, such as the dn42 wiki's `dnpeers`.
    pub template: Option<String>,
    /// Their own networks, by the registry's route objects; `None`: not known.
    pub networks: Option<Vec<IpNet>>,
}

/// The name of an interface as the texts can have it: what no shell, BIRD or Nix reads otherwise.
///
/// # Errors
/// A name that the kernel does not take, or with other letters.
pub fn interface_name(text: &str) -> Result<IfName, Refusal> {
    if text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        && let Some(name) = IfName::from_name(text)
    {
        return Ok(name);
    }
    Err(Refusal::new(
        "bad_interface",
        "An interface cannot have this name",
        format!("At most {IFNAME_BYTES_MAX} letters, digits, -, _ and ., a letter or digit first"),
    ))
}

/// The name of a template of BIRD's.
///
/// # Errors
/// What is no plain symbol.
pub fn template_name(text: &str) -> Result<String, Refusal> {
    if is_bird_symbol(text) {
        return Ok(text.to_string());
    }
    Err(Refusal::new(
        "bad_template",
        "A template of BIRD cannot have this name",
        "Letters, digits and _, no digit first, such as dnpeers",
    ))
}

/// A link from the member's side: what all texts are made of.
struct Side<'a> {
    peering: &'a Peering,
    site: &'a Site,
    router: &'a Router,
    /// The name of their interface.
    link: String,
    /// A short word for this POP, a symbol in all of these languages.
    name: String,
    /// The member's address.
    local: LinkLocal,
    /// Our address.
    remote: LinkLocal,
    /// Our port.
    port: Port,
    /// Our public key.
    key: WgKey,
}

impl Side<'_> {
    /// `None` where no address or port follows from the peering's id.
    fn of<'a>(peering: &'a Peering, site: &'a Site, router: &'a Router) -> Option<Side<'a>> {
        Some(Side {
            peering,
            site,
            router,
            link: interface(site, router),
            name: symbol(site),
            local: site.remote(peering)?,
            remote: site.local(peering)?,
            port: site.port(peering)?,
            key: site.key_for(peering),
        })
    }

    /// The port that the member's WireGuard listens on; `None`: any, since they call us.
    fn listen_port(&self) -> Option<Port> {
        self.peering.endpoint.as_ref().map(|endpoint| endpoint.port)
    }

    /// Where the member sends to: an IPv6 address stands in brackets.
    fn endpoint(&self) -> String {
        if self.site.name.contains(':') {
            format!("[{}]:{}", self.site.name, self.port)
        } else {
            format!("{}:{}", self.site.name, self.port)
        }
    }

    /// What stands in the place of the preshared key, if there is one.
    fn preshared_key(&self) -> Option<&'static str> {
        self.peering.preshared_key.as_ref().map(|_| REPLACE_ME)
    }
}

/// The prefix length of the member's address where there are no peer addresses: ours must lie in
/// the network that theirs spans, the usual /64 (RFC 4291, section 2.5.6), or all link-local
/// addresses.
fn prefix_length(side: &Side<'_>) -> u8 {
    if network_bits(side.local) == network_bits(side.remote) { 64 } else { 10 }
}

/// The first 64 bits.
fn network_bits(address: LinkLocal) -> u128 {
    u128::from(address.get()) >> 64
}

/// The networks that a tunnel carries and that have routes, IPv4's and IPv6's.
fn networks() -> [Vec<&'static str>; 2] {
    let routed = ALLOWED_IPS.iter().copied().filter(|network| !network.starts_with("fe80:"));
    let (v6, v4) = routed.partition(|network| network.contains(':'));
    [v4, v6]
}

/// `/etc/wireguard/<link>.conf`.
pub fn wg_quick(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let link = interface(site, router);
    let text = files::their_conf(peering, site)?;
    Some(format!(
        "# /etc/wireguard/{link}.conf, mode 0600; then: systemctl enable --now wg-quick@{link}\n\
         {text}\n"
    ))
}

/// The name of the member's tunnel: what they chose, else our network and the POP's first label.
/// Two networks may each have a POP of the same name, and meet on one router.
pub fn interface(site: &Site, router: &Router) -> String {
    if let Some(interface) = &router.interface {
        return interface.to_string();
    }
    let label: String = pop_label(site).chars().take(POP_LABEL_CHARS).collect();
    let label = label.trim_matches('-');
    let room = IFNAME_BYTES_MAX - label.len() - 1;
    let network: String = network_word(site).chars().take(room).collect();
    format!("{network}-{label}")
}

/// Characters of a POP's name in an interface's; most have fewer.
const POP_LABEL_CHARS: usize = 8;

/// The first label of our host name, in small letters.
fn pop_label(site: &Site) -> String {
    let label = site.name.split(['.', ':']).next().unwrap_or_default();
    let plain = label.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    let label: String = plain.collect();
    let label = label.trim_matches('-').to_ascii_lowercase();
    if label.is_empty() { "pop".to_string() } else { label }
}

/// Our network in one word of small letters and digits, a letter first: its name, else its number.
fn network_word(site: &Site) -> String {
    let letters = site.network.chars().filter(char::is_ascii_alphanumeric);
    let word: String = letters.collect::<String>().to_ascii_lowercase();
    if word.starts_with(|letter: char| letter.is_ascii_alphabetic()) && word != asn_word(site) {
        return word;
    }
    format!("as{:04}", site.asn.tail())
}

/// What a network without a name is called: `as4242420263`.
fn asn_word(site: &Site) -> String {
    format!("as{}", site.asn.get())
}

/// A word for this POP that is a symbol in all of these languages: letters, digits, underscores.
fn symbol(site: &Site) -> String {
    format!("{}_{}", network_word(site), pop_label(site).replace('-', "_"))
}

/// What a member has to see to beside the text; each line begins with the language's comment mark.
fn beside(mark: &str, side: &Side<'_>) -> String {
    let mut text = format!(
        "{mark} Others take your routes only if the registry has a route object of each for {}.\n",
        side.peering.asn
    );
    if side.router.networks.as_ref().is_some_and(Vec::is_empty) {
        text += &format!("{mark} It has none yet.\n");
    }
    text
}

/// The member's own networks of one family.
fn own_networks(side: &Side<'_>, family: Family) -> Vec<String> {
    let networks = side.router.networks.iter().flatten().filter(|network| match family {
        Family::Ipv4 => network.addr().is_ipv4(),
        Family::Ipv6 => network.addr().is_ipv6(),
    });
    networks.map(ToString::to_string).collect()
}

/// A family of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Ipv4,
    Ipv6,
}

impl Side<'_> {
    /// The families that the session carries.
    fn families(&self) -> Vec<Family> {
        let mut families = Vec::new();
        if self.peering.families.v4() {
            families.push(Family::Ipv4);
        }
        if self.peering.families.v6() {
            families.push(Family::Ipv6);
        }
        families
    }
}

#[cfg(test)]
mod tests;
