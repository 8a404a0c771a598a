//! The flags that commands take.

use super::{Field, Flag, FlagSpec};

/// A flag that answers the question about `field`.
const fn answer(
    name: &'static str,
    value: &'static str,
    meaning: &'static str,
    field: Field,
) -> FlagSpec {
    FlagSpec { name, value, meaning, flag: Flag::Answer(field) }
}

pub(super) const ASN: FlagSpec =
    answer("--asn", "N", "the AS number; needed if there are several", Field::Asn);
pub(super) const JSON: FlagSpec = FlagSpec {
    name: "--json",
    value: "",
    meaning: "one JSON object instead of text",
    flag: Flag::Json,
};
pub(super) const ALL: FlagSpec =
    FlagSpec { name: "--all", value: "", meaning: "everybody's (administrators)", flag: Flag::All };
pub(super) const YES: FlagSpec = FlagSpec {
    name: "--yes",
    value: "",
    meaning: "do not ask whether it is meant",
    flag: Flag::Yes,
};
pub(super) const WAIT: FlagSpec = FlagSpec {
    name: "--wait",
    value: "[=SECONDS]",
    meaning: "answer when it is applied; exit status 3 if it is not within 30 s",
    flag: Flag::Wait,
};

pub(super) const REASON: FlagSpec =
    answer("--reason", "TEXT", "why; the member sees it", Field::Reason);
pub(super) const MAINTAINER: FlagSpec =
    answer("--maintainer", "NAME", "a maintainer of the registry", Field::Maintainer);
pub(super) const WG_PUB_KEY: FlagSpec =
    answer("--wg-pub-key", "KEY", "the public key of your WireGuard interface", Field::WgPubKey);
pub(super) const ENDPOINT_ADDR: FlagSpec = answer(
    "--endpoint-addr",
    "HOST|none",
    "its public address or name; none: it calls us",
    Field::EndpointAddr,
);
pub(super) const ENDPOINT_PORT: FlagSpec =
    answer("--endpoint-port", "PORT", "its UDP port", Field::EndpointPort);
pub(super) const LINK_LOCAL: FlagSpec = answer(
    "--link-local",
    "ADDRESS",
    "your address in fe80::/10; left out: you get one from us",
    Field::LinkLocal,
);
pub(super) const MTU: FlagSpec =
    answer("--mtu", "N", "largest packet of the tunnel in bytes, 1280 to 9000", Field::Mtu);
pub(super) const PSK: FlagSpec = answer(
    "--psk",
    "KEY|generate|none",
    "a preshared key besides the key pairs; generate: we make one and show it once",
    Field::Psk,
);
pub(super) const FROM: FlagSpec = FlagSpec {
    name: "--from",
    value: "-",
    meaning: "answers from standard input, as peer_export prints them; other flags win",
    flag: Flag::From,
};
pub(super) const FAMILIES: FlagSpec =
    answer("--families", "both|ipv4|ipv6", "which routes the BGP session carries", Field::Families);
pub(super) const YOUR_ASN: FlagSpec = answer("--asn", "N", "your AS number", Field::Asn);
pub(super) const SINCE: FlagSpec =
    answer("--since", "TIME", "from then on: 2026-01-31, or 12h, 7d", Field::Since);
pub(super) const FORMAT: FlagSpec = FlagSpec {
    name: "--format",
    value: "FORM",
    meaning: "table, wg-quick, bird, networkd, frr, routeros, openbgpd, nixos, vyos or json",
    flag: Flag::Form,
};
pub(super) const INTERFACE: FlagSpec =
    answer("--interface", "NAME", "how the tunnel is called on your router", Field::Interface);
pub(super) const TEMPLATE: FlagSpec = answer(
    "--template",
    "NAME",
    "a template of your bird.conf with all filters, such as the dn42 wiki's dnpeers",
    Field::Template,
);
pub(super) const RAW: FlagSpec = FlagSpec {
    name: "--raw",
    value: "",
    meaning: "what wg and birdc show, secrets masked",
    flag: Flag::Raw,
};
pub(super) const WATCH: FlagSpec = FlagSpec {
    name: "--watch",
    value: "",
    meaning: "again every 2 s, until a key is pressed",
    flag: Flag::Watch,
};
pub(super) const DOWN: FlagSpec =
    FlagSpec { name: "--down", value: "", meaning: "only those that are down", flag: Flag::Down };
pub(super) const EXIT_STATUS: FlagSpec = FlagSpec {
    name: "--exit-status",
    value: "",
    meaning: "end with 5 when a check fails, for monitoring",
    flag: Flag::ExitStatus,
};
