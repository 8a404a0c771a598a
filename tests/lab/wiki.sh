#!/bin/bash
# An operator whose bird.conf is the dn42 wiki's, with names of their own: a peering in the reference
# form is refused by BIRD, and check names the remedy; with it the session comes up. PEERLING names
# the binary (target/debug/peerling). Needs what peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"

ONE=4242420001
LINK=dn42-$ONE

# wiki_bird: that configuration, with the member's route object, and timers shorter than in life.
wiki_bird() {
    sed -e "s|include \"peers/\*\";|include \"$LAB/bgp_peers/*\";|" \
        -e 's|    path metric on;|&\n    connect delay time 1;\n    error wait time 1, 2;|' \
        "$HERE/../../fixtures/bird-form/wiki.conf" >"$LAB/pop.bird.conf"
    cat >>"$LAB/pop.bird.conf" <<BIRD
timeformat protocol iso long ms;
protocol static { roa4 { table dn42_roa; }; route 172.20.32.0/27 max 29 as $ONE; }
protocol static { roa6 { table dn42_roa_v6; }; route fd42:32::/48 max 64 as $ONE; }
BIRD
}

# names_of_ones_own: what the operator writes, besides.
names_of_ones_own() {
    sed -i -e 's|^\[pop\]|&\naddresses = ["172.20.0.1", "fd42:263::1"]|' \
        -e 's|^\[bird\]|&\nprotocol = "AS${asn}"\nfile = "${asn}.conf"|' \
        -e 's|^\[wireguard\]|&\ninterface = "dn42-${asn}"|' "$LAB/peerling.toml"
}

routed() { bird "$1" show route for "$2" all 2>/dev/null | grep -q "$3"; }
state_of() { member node peer_list --json | jq -r '.peers[0].state'; }
is_state() { [ "$(state_of)" = "$1" ]; }

set_stage node
registry_of node $ONE
for name in pop node; do wireguard_keys "$name"; done
pop_config
names_of_ones_own
wiki_bird
bird_start pop
serve
member node peer_create --asn $ONE --wg-pub-key "$(cat "$LAB/node.wg.pub")" \
    --endpoint-addr node.lab.example --endpoint-port 20263 --yes --wait --json >/dev/null || true
await 10 "BIRD refuses the reference form" -- is_state failed
peerling check >"$LAB/check" || true
expect "check says what BIRD refuses" -- grep -q "BIRD would refuse a peering's file" "$LAB/check"
expect "check names the remedy" -- grep -q 'bird.form = "wiki"' "$LAB/check"
step "the reference form is refused, and check names the one that fits"

sed -i 's|^\[bird\]|&\nform = "wiki"|' "$LAB/peerling.toml"
ring
await 15 "the peering is applied" -- is_state applied
expect "the file bears the operator's name" -- test -f "$LAB/bgp_peers/$ONE.conf"
expect "the tunnel too" -- ip -n pop link show "$LINK"
expect "the WireGuard file too" -- test -f "$LAB/wireguard/$LINK.conf"
expect "nothing bears another name" -- test -z "$(ls "$LAB/bgp_peers" "$LAB/wireguard" | grep -E 'ebgp|wg-as')"
expect "plan has nothing to do" -- peerling plan
install node $ONE 32
await 30 "BGP Established" -- established pop "AS$ONE"
await 10 "the POP has the member's IPv4" -- routed pop 172.20.32.0/27 "on $LINK"
await 10 "the POP has the member's IPv6" -- routed pop fd42:32::/48 "on $LINK"
await 10 "the member has our IPv4" -- routed node 172.20.0.0/27 "on lab-pop"
step "with the wiki's form the session is up, and routes go both ways"

member node peer_status --json >"$LAB/status"
same "bgp and routes are well" "true true" \
    "$(jq -r '[.peer.checks[] | select(.name == "bgp" or .name == "routes") | .ok] | join(" ")' "$LAB/status")"
member node peer_remove --asn $ONE --yes --wait --json >/dev/null
expect "its file is gone" -- test -z "$(ls "$LAB/bgp_peers")"
expect "its tunnel is gone" -- test -z "$(ip -n pop link show "$LINK" 2>/dev/null)"
step "what is removed goes by the same names"
