//! What a backup has of a POP, and what it must not have. Pure.
//!
//! A backup may be published, and lies in git beside those of the other POPs: it has the files that
//! a POP is made of and its peerings, and of none of them a secret. The same POP gives the same
//! bytes, so that git shows what changed and nothing else.

mod blank;
mod includes;
pub mod list;
mod words;

pub use blank::{REMOVED, blank};
pub use includes::{fits, includes, is_route_table};
pub use words::{Change, Message, message};

use std::net::IpAddr;

/// The directory above those of the POPs.
pub const SERVERS: &str = "servers";
/// The copy of the database, in a POP's directory.
pub const DATABASE: &str = "peering.db";
/// The directory of WireGuard's files, in a POP's directory.
pub const WIREGUARD: &str = "wireguard";
/// The directory of BIRD's files, in a POP's directory: they lie there as in BIRD's own.
pub const BIRD: &str = "bird";
/// What BIRD reads first.
pub const BIRD_CONF: &str = "bird.conf";

/// The files that are copied one by one, by the directory that they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `wireguard.directory`.
    Wireguard,
    /// `bird.directory`.
    Bird,
}

impl Part {
    /// Does a file of this name belong to it? Hand-made ones do too: of WireGuard's all links named
    /// `wg-*`, of BIRD's everything that `include "…/*"` reads, which passes over names with a dot
    /// in front.
    pub fn takes(self, name: &str) -> bool {
        let sound = !name.is_empty() && !name.chars().any(|it| it.is_control() || it == '/');
        sound
            && match self {
                Part::Wireguard => name.starts_with("wg-") && name.ends_with(".conf"),
                Part::Bird => !name.starts_with('.'),
            }
    }
}

/// The directory of a POP that has no short name: the first label of its host name, or its whole
/// address.
pub fn name_of(host: &str) -> String {
    let lower = host.to_ascii_lowercase();
    match lower.parse::<IpAddr>() {
        Ok(_) => lower,
        Err(_) => lower.split('.').next().unwrap_or_default().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_takes_its_own() {
        for (name, wireguard, bird) in [
            ("wg-as4242420001.conf", true, true),
            ("wg-int-fra.conf", true, true),
            ("wg0.conf", false, true),
            ("wg-as1.conf.bak", false, true),
            (".wg-as1.conf.new", false, false),
            ("ebgp_as1", false, true),
            ("ibgp_fra", false, true),
            (".ebgp_as1.new", false, false),
            ("", false, false),
            ("wg-\n.conf", false, false),
            ("wg-/.conf", false, false),
        ] {
            let taken = [Part::Wireguard, Part::Bird].map(|it| it.takes(name));
            assert_eq!(taken, [wireguard, bird], "{name:?}");
        }
    }

    #[test]
    fn a_pop_is_called_by_its_first_label() {
        for (host, name) in [
            ("nl-ams1.example.net", "nl-ams1"),
            ("NL-AMS1.example.net", "nl-ams1"),
            ("pop", "pop"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(name_of(host), name);
        }
    }
}
