#!/bin/bash
# One POP without a mesh, as a new operator has it: the configuration with nothing but what is needed,
# BIRD as bird-init writes it, and two members who install what peer_config prints. Packets of both
# families go from one member's network to the other's, through the POP's kernel. Then somebody takes
# its address off lo. PEERLING names the binary (target/debug/peerling); needs what peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"

ONE=4242420001
TWO=4242420002

# operator: the configuration, and the files of bird-init; nothing of the kernel's is set by hand.
operator() {
    wireguard_keys pop
    pop_config
    mkdir -p "$LAB/include"
    sed -i "s|^\[bird\]|&\ninclude_directory = \"$LAB/include\"|; s|^network = .*|&\nsysctl = \"set\"|" \
        "$LAB/peerling.toml"
    # A machine as it is installed: it forwards nothing, and only takes what comes back the same way.
    ip netns exec pop sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv4.ip_forward=0 \
        net.ipv4.conf.{all,default}.rp_filter=1
    peerling bird-init "$LAB/conf" >"$LAB/init.log"
    ip netns exec pop bird -f -c "$LAB/conf/bird.conf" -s "$LAB/pop.ctl" -P "$LAB/pop.pid" \
        2>>"$LAB/pop.bird.log" &
    await 10 "BIRD of pop runs" -- bird_answers pop
}

# joins NAME ASN NUMBER: a member with the networks 172.20.NUMBER.0/27 and fd42:NUMBER::/48, who has
# the first address of both.
joins() {
    wireguard_keys "$1"
    member "$1" peer_create --asn "$2" --wg-pub-key "$(cat "$LAB/$1.wg.pub")" \
        --endpoint-addr "$1.lab.example" --endpoint-port 20263 --yes --wait >"$LAB/answer" ||
        fail "$(cat "$LAB/answer")"
    ip -n "$1" address add "172.20.$3.1/32" dev lo
    ip -n "$1" address add "fd42:$3::1/128" dev lo
    install "$1" "$2" "$3"
}

# found WHAT STATE: does `peerling check` have such a finding?
found() {
    peerling check --json 2>/dev/null |
        jq -e --arg name "$1" --arg state "$2" --arg words "$3" \
            'any(.findings[]; .name == $name and .state == $state and (.detail | contains($words)))' \
            >"$LAB/found"
}
addresses_of_lo() {
    ip -n pop -o address show dev lo | awk '{ print $4 }' | grep -vE '^(127\.|::1)' | sort | paste -sd' '
}
# crosses FROM NUMBER: an echo from one member's own address comes back from the other's, in both families.
crosses() {
    ip netns exec one ping -qc1 -W1 -I 172.20.1.1 172.20.2.1 >/dev/null 2>&1 &&
        ip netns exec one ping -qc1 -W1 -I fd42:1::1 fd42:2::1 >/dev/null 2>&1
}

set_stage one two
registry_of lab "$POP_ASN"
registry_of one $ONE
registry_of two $TWO
routes_of lab "$POP_ASN" 172.20.0.0/27 fd42:263::/48
routes_of one $ONE 172.20.1.0/27 fd42:1::/48
routes_of two $TWO 172.20.2.0/27 fd42:2::/48
operator
serve
step "bird-init, BIRD, the service"
has_its_addresses() { [ "$(addresses_of_lo)" = "172.20.0.1/32 fd42:263::1/128" ]; }
await 10 "the first addresses of both networks are on lo" -- has_its_addresses
same "what the kernel forwards" "1 1" "$(ip netns exec pop cat /proc/sys/net/ipv6/conf/all/forwarding \
    /proc/sys/net/ipv4/ip_forward | paste -sd' ')"
joins one $ONE 1
joins two $TWO 2
for asn in $ONE $TWO; do await 40 "BGP of AS$asn" -- established pop "ebgp_as${asn}_v6"; done
step "two members: both BGP sessions are Established"
await 30 "packets of both families from one member's network to the other's" -- crosses
step "IPv4 and IPv6 go from one member's network to the other's through the kernel"
