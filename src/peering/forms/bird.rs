//! BIRD 2 and 3: one protocol, to be included by `bird.conf`.

use super::{Family, Peering, ROUTES_MAX, Router, Side, Site, beside, networks, own_networks};
use std::fmt::Write as _;

/// A file of its own for `bird.conf` to include. With a template the template has all filters; else
/// they stand here: what the tunnel carries, both ways, and never the member's own networks in.
pub fn bird(peering: &Peering, site: &Site, router: &Router) -> Option<String> {
    let side = Side::of(peering, site, router)?;
    let mut text = format!(
        "# /etc/bird/peers/{}.conf; bird.conf has: include \"/etc/bird/peers/*.conf\";\n",
        side.name
    );
    text += &beside("#", &side);
    match &router.template {
        Some(template) => {
            let _ = writeln!(
                text,
                "# {template} is a template of your bird.conf: it has the AS number and all \
                 filters."
            );
            text += &from_template(&side, template);
        }
        None => text += &with_filters(&side),
    }
    Some(text)
}

fn from_template(side: &Side<'_>, template: &str) -> String {
    let mut text = format!(
        "protocol bgp {} from {template} {{\n    neighbor {} % '{}' as {};\n",
        side.name,
        side.remote,
        side.link,
        side.site.asn.get()
    );
    for (family, word) in [(Family::Ipv4, "ipv4"), (Family::Ipv6, "ipv6")] {
        // The template has both channels, and BIRD cannot take one away again.
        if !side.families().contains(&family) {
            let _ = write!(
                text,
                "    {word} {{\n        import none;\n        export none;\n    }};\n"
            );
        }
    }
    text + "}\n"
}

/// BIRD demands a policy of every eBGP channel (RFC 8212). Routes of the kernel's own table are
/// never the member's to announce.
fn with_filters(side: &Side<'_>) -> String {
    let mut text = format!(
        "# Your static protocols must have your networks as routes: these are what is announced.\n\
         protocol bgp {} {{\n    local as {};\n    neighbor {} as {};\n    path metric on;\n    \
         interface \"{}\";\n",
        side.name,
        side.peering.asn.get(),
        side.remote,
        side.site.asn.get(),
        side.link
    );
    let [ipv4, ipv6] = networks();
    for family in side.families() {
        let (word, next_hop, networks) = match family {
            Family::Ipv4 => ("ipv4", "on", &ipv4),
            Family::Ipv6 => ("ipv6", "off", &ipv6),
        };
        let carried = networks.iter().map(|it| format!("{it}+")).collect::<Vec<_>>().join(", ");
        let own = own_networks(side, family);
        let own = own.iter().map(|it| format!("{it}+")).collect::<Vec<_>>().join(", ");
        let not_own = if own.is_empty() { String::new() } else { format!(" && net !~ [{own}]") };
        let _ = write!(
            text,
            "\n    {word} {{
        extended next hop {next_hop};
        import limit {ROUTES_MAX} action block;
        import table;
        import where net ~ [{carried}]{not_own};
        export where source ~ [RTS_STATIC, RTS_BGP] && net ~ [{carried}];
    }};\n"
        );
    }
    text + "}\n"
}
