//! What a member installs, written for what they run: wg-quick, BIRD, systemd-networkd, FRR,
//! RouterOS. Each text is whole and nothing else, so that it can go into a file as it comes.
//!
//! All of them say the same: the tunnel of [`super::files`], one BGP session over its link-local
//! addresses that carries both families (RFC 4760), IPv4 with a next hop in IPv6 (RFC 8950), and a
//! policy both ways that lets through what the tunnel carries (RFC 8212). What only the member has,
//! their private key and a preshared key, stands as [`REPLACE_ME`].

mod frr;
mod networkd;
mod routeros;

pub use frr::frr;
pub use networkd::networkd;
pub use routeros::routeros;

use super::files::{self, ALLOWED_IPS, REPLACE_ME};
use super::{Peering, Site};
use crate::model::{LinkLocal, Port};

/// Routes of one family that a member takes from us at most: dn42 has some two thousand of each,
/// and the replaced service's text has this bound.
const ROUTES_MAX: u32 = 9000;

/// A link from the member's side: what all texts are made of.
struct Side<'a> {
    peering: &'a Peering,
    site: &'a Site,
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
}

impl Side<'_> {
    /// `None` where no address or port follows from the peering's id.
    fn of<'a>(peering: &'a Peering, site: &'a Site) -> Option<Side<'a>> {
        Some(Side {
            peering,
            site,
            link: files::their_link(site),
            name: files::protocol_name(site),
            local: site.remote(peering)?,
            remote: site.local(peering)?,
            port: site.port(peering.id)?,
        })
    }

    /// The port that the member's WireGuard listens on; `None`: any, since they call us.
    fn listen_port(&self) -> Option<Port> {
        self.peering.endpoint.as_ref().map(|it| it.port)
    }

    /// What stands in the place of the preshared key, if there is one.
    fn preshared_key(&self) -> Option<&'static str> {
        self.peering.preshared_key.as_ref().map(|_| REPLACE_ME)
    }
}

/// The networks that a tunnel carries and that have routes, IPv4's and IPv6's.
fn networks() -> [Vec<&'static str>; 2] {
    let routed = ALLOWED_IPS.iter().copied().filter(|it| !it.starts_with("fe80:"));
    let (v6, v4) = routed.partition(|it| it.contains(':'));
    [v4, v6]
}

/// `/etc/wireguard/<link>.conf`.
pub fn wg_quick(peering: &Peering, site: &Site) -> Option<String> {
    files::their_conf(peering, site).map(|text| text + "\n")
}

/// A protocol to be included by `bird.conf`.
pub fn bird(peering: &Peering, site: &Site) -> Option<String> {
    files::their_bird(peering, site).map(|text| text + "\n")
}

#[cfg(test)]
mod tests;
