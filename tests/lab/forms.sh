#!/bin/bash
# What peer_config prints in its forms, installed as it is printed: a member with wg-quick and BIRD
# who wants one family, an MTU and a preshared key, and a member with FRR. PEERLING names the binary
# (target/debug/peerling). Needs what peering.sh needs, and FRR's zebra and bgpd.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"

ONE=4242420001
OTHER=4242420002

# form MEMBER ASN FORM: with the private key filled in; a preshared key is left to the caller.
form() {
    member "$1" peer_config --asn "$2" --format "$3" |
        sed "s|^PrivateKey = .*|PrivateKey = $(cat "$LAB/$1.wg")|"
}

# tunnel MEMBER ASN: puts up the wg-quick form; PSK is the preshared key, if there is one.
tunnel() {
    mkdir -p "$LAB/$1.d"
    (
        umask 077
        form "$1" "$2" wg-quick | sed "s|\*\*REPLACEME\*\*|${PSK:-}|" >"$LAB/$1.d/lab-pop.conf"
    )
    bring_up "$1" lab-pop "$LAB/$1.d/lab-pop.conf"
}

has_handshake() { [ "$(ip netns exec pop wg show "wg-as$1" latest-handshakes | cut -f2)" -gt 0 ]; }
routed() { bird "$1" show route for "$2" all 2>/dev/null | grep -q "$3"; }
unknown() { ! bird "$1" show route for "$2" 2>/dev/null | grep -q via; }

one_family() {
    local answer file=$LAB/bgp_peers/ebgp_as$ONE PSK
    answer=$(member node peer_create --asn $ONE --wg-pub-key "$(cat "$LAB/node.wg.pub")" \
        --endpoint-addr node.lab.example --endpoint-port 20263 --mtu 1380 --psk generate \
        --families ipv4 --yes --wait --json)
    same "the state after --wait" applied "$(jq -r .peer.state <<<"$answer")"
    PSK=$(jq -r .psk <<<"$answer")
    same "the preshared key of the link" "$PSK" \
        "$(ip netns exec pop wg show "wg-as$ONE" preshared-keys | cut -f2)"
    same "the MTU of the link" 1380 "$(ip -n pop -j link show "wg-as$ONE" | jq '.[0].mtu')"
    expect "BIRD's file closes the other channel" -- grep -q 'import none;' "$file"
    for words in "$(grep -aF "$PSK" "$LAB/peerling.log")" "$(peerling plan)" \
        "$(member node peer_config --json)" "$(member node peer_export 2>&1)" \
        "$(sqlite3 "$LAB/peering.db" 'SELECT * FROM peerling_audit')"; do
        expect "the preshared key is shown once" -- test "${words/"$PSK"/}" = "$words"
    done
    step "a peering with an MTU, a preshared key and IPv4 only is applied"
    tunnel node $ONE
    {
        bird_common node 172.20.32.1 172.20.32.0/27 fd42:32::/48
        form node $ONE bird
    } >"$LAB/node.bird.conf"
    bird_start node
    await 15 "a handshake with the preshared key" -- has_handshake $ONE
    await 30 "BGP Established" -- established pop "ebgp_as${ONE}_v6"
    await 10 "the POP has the member's IPv4" -- routed pop 172.20.32.0/27 "on wg-as$ONE"
    await 10 "the member has our IPv4" -- routed node 172.20.0.0/27 "on lab-pop"
    expect "no IPv6 of the member's" -- unknown pop fd42:32::/48
    expect "no IPv6 of ours" -- unknown node fd42:263::/48
    step "the wg-quick and bird forms came up; IPv4's routes, and none of IPv6's"
    widen
}

# A member whose own BIRD offers both families anyway gets no further: our side is closed too.
widen() {
    bird_common node 172.20.32.1 172.20.32.0/27 fd42:32::/48 >"$LAB/node.bird.conf"
    form node $ONE bird | sed '$d' >>"$LAB/node.bird.conf"
    echo 'ipv6 { import all; export all; }; }' >>"$LAB/node.bird.conf"
    bird node configure | grep -q Reconfigur
    await 30 "BGP Established again" -- carries_ipv6 node
    await 10 "the POP has the member's IPv4 again" -- routed pop 172.20.32.0/27 "on wg-as$ONE"
    sleep 1
    expect "no IPv6 of the member's" -- unknown pop fd42:32::/48
    expect "no IPv6 of ours" -- unknown node fd42:263::/48
    step "a member who offers both all the same: our side lets no IPv6 through"
}
carries_ipv6() { bird "$1" show protocols all lab_pop | grep -A1 'Channel ipv6' | grep -q UP; }

# ---- FRR

# frr NAMESPACE DAEMON ARGUMENTS...: one of FRR's programs, in the foreground, with sockets of its
# own.
frr() {
    local name=$1 daemon=$2
    shift 2
    ip netns exec "$name" "/usr/lib/frr/$daemon" -A 127.0.0.1 \
        --vty_socket "$LAB/$name.frr" -z "$LAB/$name.frr/zserv" -i "$LAB/$name.frr/$daemon.pid" \
        --log stdout "$@" >>"$LAB/$name.$daemon.log" 2>&1 &
}
vty() { ip netns exec "$1" vtysh --vty_socket "$LAB/$1.frr" -c "${@:2}" 2>/dev/null; }
socket_there() { [ -S "$1" ]; }

with_frr() {
    member frr peer_create --asn $OTHER --wg-pub-key "$(cat "$LAB/frr.wg.pub")" \
        --endpoint-addr none --yes --wait --json >/dev/null
    tunnel frr $OTHER
    mkdir -p "$LAB/frr.frr"
    chown frr:frr "$LAB/frr.frr"
    {
        echo 'ip route 172.20.33.0/27 blackhole'
        echo 'ipv6 route fd42:33::/48 blackhole'
    } >"$LAB/frr.static.conf"
    {
        form frr $OTHER frr
        printf '%s\n' "router bgp $OTHER" ' bgp router-id 172.20.33.1' \
            ' address-family ipv4 unicast' '  redistribute static' ' exit-address-family' \
            ' address-family ipv6 unicast' '  redistribute static' ' exit-address-family'
    } >"$LAB/frr.bgpd.conf"
    : >"$LAB/frr.zebra.conf"
    frr frr zebra -f "$LAB/frr.zebra.conf"
    await 10 "zebra listens" -- socket_there "$LAB/frr.frr/zserv"
    frr frr staticd -f "$LAB/frr.static.conf"
    frr frr bgpd -f "$LAB/frr.bgpd.conf"
    await 15 "a handshake with the member who has FRR" -- has_handshake $OTHER
    await 60 "BGP Established with FRR" -- established pop "ebgp_as${OTHER}_v6"
    await 20 "the POP has FRR's IPv4" -- routed pop 172.20.33.0/27 "on wg-as$OTHER"
    await 20 "the POP has FRR's IPv6" -- routed pop fd42:33::/48 "on wg-as$OTHER"
    await 20 "FRR has our IPv4" -- vty_has frr "show bgp ipv4 unicast 172.20.0.0/27" $POP_ASN
    await 20 "FRR has our IPv6" -- vty_has frr "show bgp ipv6 unicast fd42:263::/48" $POP_ASN
    step "the frr form came up: routes of both families, both ways"
}
vty_has() { vty "$1" "$2" | grep -q "$3"; }

set_stage node frr
registry_of node $ONE
registry_of frr $OTHER
for name in pop node frr; do wireguard_keys "$name"; done
pop_config
pop_bird
bird_start pop
serve
step "peerling serves"
one_family
with_frr
