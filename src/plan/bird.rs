//! `ebgp_as<ASN>`: the BIRD side of a peering, byte for byte as on every running POP.

use crate::model::{Asn, Families};
use crate::peering::{Peering, Site};

/// The dn42 latency class of a peering that was never measured: "above 2981 ms" (dn42 wiki,
/// howto/BGP communities), as the replaced service writes it.
pub const LATENCY_UNKNOWN: u8 = 9;

/// The file of a peering.
pub fn file_name(asn: Asn) -> String {
    format!("ebgp_as{}", asn.get())
}

/// The protocol inside it. `_v6`: one BGP session over IPv6 link-local carries both families.
pub fn protocol_name(asn: Asn) -> String {
    format!("ebgp_as{}_v6", asn.get())
}

/// The constant inside it that tells the latency class.
pub fn latency_name(asn: Asn) -> String {
    format!("{asn}_LATENCY")
}

/// The AS number, if this is exactly a name that [`file_name`] gives: nothing else is ours.
pub fn file_owner(name: &str) -> Option<Asn> {
    Asn::bare(name.strip_prefix("ebgp_as")?)
}

/// The content of the file, without a final newline. `None` where the id gives no address (a prefix
/// that the configuration would have refused).
pub fn render(peering: &Peering, site: &Site, template: &str, latency: u8) -> Option<String> {
    let (asn, remote) = (peering.asn, site.remote(peering)?);
    let (name, number) = (protocol_name(asn), asn.get());
    let [ipv4, ipv6] = channels(asn, peering.families);
    Some(format!(
        "define {asn}_LATENCY = {latency};

protocol bgp {name} from {template} {{
    neighbor {remote} as {number};
    interface \"wg-as{number}\";

    ipv4 {{
{ipv4}
    }};

    ipv6 {{
{ipv6}
    }};
}}"
    ))
}

/// The lines of both channels. The template has both already, and BIRD cannot take a channel away
/// again: one that is not wanted lets nothing in or out.
fn channels(asn: Asn, families: Families) -> [String; 2] {
    let channel = |wanted, filter, next_hop| match wanted {
        true => format!(
            "        import where dn42_import_filter{filter}({asn}_LATENCY, BANDWIDTH, LINKTYPE);
        export where dn42_export_filter{filter}({asn}_LATENCY, BANDWIDTH, LINKTYPE);
        extended next hop {next_hop};"
        ),
        false => "        import none;\n        export none;".to_string(),
    };
    [channel(families.v4(), "", "on"), channel(families.v6(), "_v6", "off")]
}

/// The latency class that a file carries, 1 to 9.
pub fn latency(text: &str) -> Option<u8> {
    let (_, value) = text.lines().next()?.split_once("_LATENCY = ")?;
    value.strip_suffix(';')?.parse().ok().filter(|class| (1..=9).contains(class))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peering::tests::{peering, site};

    #[test]
    fn names_are_ours_only_if_exact() {
        let asn: Asn = "4242420001".parse().unwrap();
        assert_eq!(file_owner(&file_name(asn)), Some(asn));
        for foreign in
            ["ebgp_manual_as1", "ibgp_x", "ebgp_as", "ebgp_as01", "ebgp_as1~", "ebgp_asAS1"]
        {
            assert_eq!(file_owner(foreign), None, "{foreign}");
        }
    }

    /// The words around it are those of both families; tests/lab asks BIRD itself.
    #[test]
    fn a_family_that_is_not_wanted_is_closed() {
        let render = |families| {
            let peering = Peering { families, ..peering(17, 4242420001, None) };
            render(&peering, &site(), "dnpeers", 3).unwrap()
        };
        let both = render(Families::Both);
        let closed = "        import none;\n        export none;";
        let [ipv4, ipv6] = channels("4242420001".parse().unwrap(), Families::Both);
        assert_eq!(render(Families::V6), both.replace(&ipv4, closed));
        assert_eq!(render(Families::V4), both.replace(&ipv6, closed));
        assert!(!both.contains("none"));
    }

    #[test]
    fn the_class_is_read_back() {
        assert_eq!(latency("define AS1_LATENCY = 3;\n\nprotocol"), Some(3));
        for text in ["", "define AS1_LATENCY = 0;", "define AS1_LATENCY = 3", "x"] {
            assert_eq!(latency(text), None);
        }
    }
}
