//! The two files that are the same on every POP: communities and filters.
//!
//! They are written in the words that BIRD has had since 2.0.12, where `latency` is one of them and
//! functions have no declared return type. Functions that end in `accept` or `reject` need none.

/// `communities.conf`.
pub(super) const COMMUNITIES: &str = r#"# The communities of dn42, (64511, x), by its wiki. Written
# once by `peerling bird-init`; from now on it is yours.

# Latency, 1 to 9: the worst link on the way counts. The class of a link is in the file of its
# peering, where peerling keeps it up.
function update_latency(int link_latency) {
    bgp_community.add((64511, link_latency));
    if (64511, 9) ~ bgp_community then bgp_community.delete([(64511, 1..8)]);
    else if (64511, 8) ~ bgp_community then bgp_community.delete([(64511, 1..7)]);
    else if (64511, 7) ~ bgp_community then bgp_community.delete([(64511, 1..6)]);
    else if (64511, 6) ~ bgp_community then bgp_community.delete([(64511, 1..5)]);
    else if (64511, 5) ~ bgp_community then bgp_community.delete([(64511, 1..4)]);
    else if (64511, 4) ~ bgp_community then bgp_community.delete([(64511, 1..3)]);
    else if (64511, 3) ~ bgp_community then bgp_community.delete([(64511, 1..2)]);
    else if (64511, 2) ~ bgp_community then bgp_community.delete([(64511, 1..1)]);
}

# Bandwidth, 21 to 29: the narrowest link on the way counts.
function update_bandwidth(int link_bandwidth) {
    bgp_community.add((64511, link_bandwidth));
    if (64511, 21) ~ bgp_community then bgp_community.delete([(64511, 22..29)]);
    else if (64511, 22) ~ bgp_community then bgp_community.delete([(64511, 23..29)]);
    else if (64511, 23) ~ bgp_community then bgp_community.delete([(64511, 24..29)]);
    else if (64511, 24) ~ bgp_community then bgp_community.delete([(64511, 25..29)]);
    else if (64511, 25) ~ bgp_community then bgp_community.delete([(64511, 26..29)]);
    else if (64511, 26) ~ bgp_community then bgp_community.delete([(64511, 27..29)]);
    else if (64511, 27) ~ bgp_community then bgp_community.delete([(64511, 28..29)]);
    else if (64511, 28) ~ bgp_community then bgp_community.delete([(64511, 29..29)]);
}

# Encryption, 31 to 36: the weakest link on the way counts.
function update_crypto(int link_crypto) {
    bgp_community.add((64511, link_crypto));
    if (64511, 31) ~ bgp_community then bgp_community.delete([(64511, 32..36)]);
    else if (64511, 32) ~ bgp_community then bgp_community.delete([(64511, 33..36)]);
    else if (64511, 33) ~ bgp_community then bgp_community.delete([(64511, 34..36)]);
    else if (64511, 34) ~ bgp_community then bgp_community.delete([(64511, 35..36)]);
    else if (64511, 35) ~ bgp_community then bgp_community.delete([(64511, 36..36)]);
}

function update_flags(int link_latency; int link_bandwidth; int link_crypto) {
    update_latency(link_latency);
    update_bandwidth(link_bandwidth);
    update_crypto(link_crypto);
}

# Where a route begins: only for our own. What others say of theirs is passed on as it came.
function add_origin() {
    if REGION > 0 then bgp_community.add((64511, REGION));
    if COUNTRY > 0 then bgp_community.add((64511, COUNTRY));
}
"#;

/// `filters.conf`.
pub(super) const FILTERS: &str = r#"# Which routes come in, and which go out. Written once by
# `peerling bird-init`; from now on it is yours.
#
# The files of peerings call the four dn42_*_filter functions, those of iBGP is_valid_network and
# is_self_net; each has a twin with _v6. BIRD 2.14 and newer remark at start that they infer what a
# function returns. `function is_self_net() -> bool {` silences that; older ones do not read it.

function is_self_net() {
    return net ~ OWNNETSET;
}

function is_self_net_v6() {
    return net ~ OWNNETSETv6;
}

# What may be announced in dn42, and in which sizes (dn42 wiki, "Bird2"; the registry's filter.txt).
function is_valid_network() {
    return net ~ [
        172.20.0.0/14{21,29},   # dn42
        172.20.0.0/24{28,32},   # dn42, anycast
        172.21.0.0/24{28,32},   # dn42, anycast
        172.22.0.0/24{28,32},   # dn42, anycast
        172.23.0.0/24{28,32},   # dn42, anycast
        172.31.0.0/16+,         # ChaosVPN
        10.100.0.0/14+,         # ChaosVPN
        10.127.0.0/16+,         # NeoNetwork
        10.0.0.0/8{15,24}       # Freifunk
    ];
}

function is_valid_network_v6() {
    return net ~ [ fd00::/8{44,64} ];
}

# From a peer: what may be announced, is not ours, and is announced by whom the registry names. A
# network that the registry does not know is refused like one that belongs to somebody else.
function dn42_import_filter(int link_latency; int link_bandwidth; int link_crypto) {
    if !is_valid_network() || is_self_net() then reject;
    if ROA_CHECK && roa_check(dn42_roa, net, bgp_path.last) != ROA_VALID then reject;
    update_flags(link_latency, link_bandwidth, link_crypto);
    accept;
}

function dn42_import_filter_v6(int link_latency; int link_bandwidth; int link_crypto) {
    if !is_valid_network_v6() || is_self_net_v6() then reject;
    if ROA_CHECK && roa_check(dn42_roa_v6, net, bgp_path.last) != ROA_VALID then reject;
    update_flags(link_latency, link_bandwidth, link_crypto);
    accept;
}

# To a peer: our own networks as a whole, and what other peers told us, here or at another POP. What
# Babel knows of the inside stays inside.
function dn42_export_filter(int link_latency; int link_bandwidth; int link_crypto) {
    if !is_valid_network() || !(source ~ [RTS_STATIC, RTS_BGP]) then reject;
    if source = RTS_STATIC then add_origin();
    update_flags(link_latency, link_bandwidth, link_crypto);
    accept;
}

function dn42_export_filter_v6(int link_latency; int link_bandwidth; int link_crypto) {
    if !is_valid_network_v6() || !(source ~ [RTS_STATIC, RTS_BGP]) then reject;
    if source = RTS_STATIC then add_origin();
    update_flags(link_latency, link_bandwidth, link_crypto);
    accept;
}
"#;
