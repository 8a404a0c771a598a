#!/bin/bash
# The demo with the real thing: two POPs of one network with BIRD and WireGuard, a member whose
# peering is Established, one of theirs that fails, and another member. At a terminal you are that
# member; else it is seen that all of this is so. PEERLING names the binary; needs what mesh.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
. "$HERE/parts/fleet.sh"

MEMBER_ASN=4242420001
FAILING=4242420002
POPS=(ams1 par1)

# with_banner NAME: in the configuration of this POP.
with_banner() {
    printf '\n   Lab: a network of two POPs in your machine. BIRD and WireGuard are real.\n' >"$LAB/motd"
    sed -i "s|^host_keys.*|&\nmotd = \"$LAB/motd\"|" "$LAB/$1/peerling.toml"
}
# framed LINES...: of ASCII.
framed() {
    local line rule
    rule=$(printf '─%.0s' {1..78})
    printf '┌%s┐\n' "$rule"
    for line in "$@"; do printf '│ %-76s │\n' "$line"; done
    printf '└%s┘\n' "$rule"
}
seen() { member_shell ams1 newcomer "$@" 2>&1; }
is_established() { seen peer_status --asn $MEMBER_ASN | grep -q Established; }
# Nobody listens where it was said that somebody does.
fails() {
    seen peer_status --asn $FAILING --json |
        jq -e '.peer.checks[] | select(.name == "handshake") | .ok == false and .hint != ""' >/dev/null
}

set_stage_of "${POPS[@]}" newcomer neighbour
registry_of newcomer $MEMBER_ASN $FAILING 4242420003
registry_of neighbour 4242420009
routes_of newcomer "$MEMBER_ASN" 172.20.99.0/27 fd42:99::/48
routes_of lab "$POP_ASN" 172.20.0.0/27 fd42:263::/48
for name in "${POPS[@]}" newcomer neighbour; do wireguard_keys "$name"; done
: >"$LAB/exceptions"
for name in "${POPS[@]}"; do configure "$name" "${POPS[@]}"; with_banner "$name"; raise "$name"; done
step "two POPs serve: ams1 and its sister par1"
member_at ams1 newcomer
wg genkey | wg pubkey >"$LAB/lost.pub"
seen peer_create --asn $FAILING --wg-pub-key "$(cat "$LAB/lost.pub")" \
    --endpoint-addr newcomer.lab.example --endpoint-port 20999 --yes --wait >"$LAB/answer" ||
    fail "$(cat "$LAB/answer")"
member_shell ams1 neighbour peer_create --asn 4242420009 --wg-pub-key "$(cat "$LAB/neighbour.wg.pub")" \
    --endpoint-addr neighbour.lab.example --endpoint-port 20263 --yes --wait >"$LAB/answer" ||
    fail "$(cat "$LAB/answer")"
await 40 "the member's BGP session is Established" -- established newcomer lab_ams1
await 20 "the POP says so" -- is_established
step "NEWCOMER-MNT is Established at ams1; two more peerings wait for their routers"

if [ -t 0 ] && [ -t 1 ]; then
    framed "You are NEWCOMER-MNT at ams1, a POP with BIRD and WireGuard." \
        "peer_status $MEMBER_ASN  Established; peer_status $FAILING  says why not" \
        "peer_create  fd5e:1ab:3::2, key $(wg genkey | wg pubkey)" \
        "help, pops, intro and Tab show the rest. bye or Ctrl-D: all is removed." \
        "The service's log: tail -f $LAB/ams1.log"
    LAB_SSH_LOG=INFO member_ssh newcomer -t newcomer@ams1.lab.example || true
    exit 0
fi

await 20 "the other peering fails with a diagnosis" -- fails
expect "the banner is shown again" -- grep -q 'BIRD and WireGuard are real' <<<"$(seen intro)"
expect "the sister is named" -- grep -q 'par1.lab.example' <<<"$(seen pops)"
step "the other one fails, with a diagnosis; intro shows the banner, pops the sister"
