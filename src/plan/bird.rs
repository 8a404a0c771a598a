//! `ebgp_as<ASN>`: the BIRD side of a peering, byte for byte as on every running POP.

use crate::model::Asn;
use crate::peering::{Peering, Site};

/// The dn42 latency class of a peering that was never measured: "above 2981 ms" (dn42 wiki,
/// howto/BGP communities), as the replaced service writes it.
pub const LATENCY_UNKNOWN: u8 = 9;

/// The file of a peering.
pub fn file_name(asn: Asn) -> String {
    format!("ebgp_as{asn}")
}

/// The protocol inside it. `_v6`: one BGP session over IPv6 link-local carries both families.
pub fn protocol_name(asn: Asn) -> String {
    format!("ebgp_as{asn}_v6")
}

/// The AS number, if this is exactly a name that [`file_name`] gives: nothing else is ours.
pub fn file_owner(name: &str) -> Option<Asn> {
    let asn = name.strip_prefix("ebgp_as")?.parse().ok()?;
    (file_name(asn) == name).then_some(asn)
}

/// The content of the file, without a final newline. `None` where the id gives no address (a prefix
/// that the configuration would have refused).
pub fn render(peering: &Peering, site: &Site, template: &str, latency: u8) -> Option<String> {
    let (asn, remote) = (peering.asn, site.remote(peering)?);
    let name = protocol_name(asn);
    Some(format!(
        "define AS{asn}_LATENCY = {latency};

protocol bgp {name} from {template} {{
    neighbor {remote} as {asn};
    interface \"wg-as{asn}\";

    ipv4 {{
        import where dn42_import_filter(AS{asn}_LATENCY, BANDWIDTH, LINKTYPE);
        export where dn42_export_filter(AS{asn}_LATENCY, BANDWIDTH, LINKTYPE);
        extended next hop on;
    }};

    ipv6 {{
        import where dn42_import_filter_v6(AS{asn}_LATENCY, BANDWIDTH, LINKTYPE);
        export where dn42_export_filter_v6(AS{asn}_LATENCY, BANDWIDTH, LINKTYPE);
        extended next hop off;
    }};
}}"
    ))
}

/// The latency class that a file carries, 1 to 9.
pub fn latency(text: &str) -> Option<u8> {
    let (_, value) = text.lines().next()?.split_once("_LATENCY = ")?;
    value.strip_suffix(';')?.parse().ok().filter(|class| (1..=9).contains(class))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_class_is_read_back() {
        assert_eq!(latency("define AS1_LATENCY = 3;\n\nprotocol"), Some(3));
        for text in ["", "define AS1_LATENCY = 0;", "define AS1_LATENCY = 3", "x"] {
            assert_eq!(latency(text), None);
        }
    }
}
