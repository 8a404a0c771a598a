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

# look: asks `peerling check`, which ends with 1 where something is wrong.
look() { peerling check --json >"$LAB/check.json" 2>>"$LAB/check.log" || true; }
# found NAME STATE WORDS: did it have such a finding?
found() {
    jq -e --arg name "$1" --arg state "$2" --arg words "$3" \
        'any(.findings[]; .name == $name and .state == $state and (.detail | contains($words)))' \
        "$LAB/check.json" >"$LAB/found"
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

# All is well, and each look says so.
checks_of() { member one peer_status --json | jq -r '[.peer.checks[].ok] | map(tostring) | join(" ")'; }
all_well() { [ "$(checks_of)" = "true true true true true true" ]; }
await 15 "six good checks" -- all_well
look
expect "check has the addresses" -- found lo ok "this machine has fd42:263::1/128"
expect "check: forwarding" -- found sysctls ok "packets are forwarded"
expect "check: the kernel's routes" -- found routes ok "the kernel took them all: "
same "a plan with nothing to do" "" "$(peerling plan)"
step "check and peer_status say that all is well, and plan is empty"

# The operator of the POP loses its address, and BIRD hands over its routes anew: the kernel refuses
# them, and every BGP session is Established all the same.
kill -STOP "$SERVICE"
ip -n pop address delete fd42:263::1/128 dev lo
ip -n pop address delete 172.20.0.1/32 dev lo
bird pop restart '"kernel_*"' >"$LAB/restarted"
refused() { bird pop show route 172.20.1.0/27 | grep -q ' ! ' && bird pop show route fd42:1::/48 | grep -q ' ! '; }
await 30 "the kernel refuses the routes" -- refused
look
expect "check tells the routes" -- found routes wrong "the kernel refused "
expect "check tells their cause" -- found routes wrong "the address fd42:263::1 is on no interface"
expect "check tells the address" -- found lo wrong "it lacks 172.20.0.1/32"
step "without the addresses: check says what the kernel refused, and why"
# One pass puts them back; an address that is somebody else's stays.
ip -n pop address add 192.0.2.9/32 dev lo
kill -CONT "$SERVICE"
told() {
    member one peer_status --json >"$LAB/status"
    jq -e --arg words "$1" '.peer.checks[] | select(.name == "routes") | .ok == false and (.detail | contains($words))' \
        "$LAB/status" >"$LAB/told"
}
await 15 "peer_status tells it as the operator's matter: $(checks_of)" -- told "the kernel of this POP refused "
same "whose matter it is" operator "$(jq -r '.peer.checks[] | select(.name == "routes") | .by // "operator"' "$LAB/status")"
ring
same "what is on lo after a pass" "172.20.0.1/32 192.0.2.9/32 fd42:263::1/128" "$(addresses_of_lo)"
await 40 "packets cross again" -- crosses
await 15 "six good checks again" -- all_well
step "one pass: the addresses are back, another one stayed, packets cross again"

# A kernel that forwards nothing of one family: told too, and put right by the next pass.
ip netns exec pop sysctl -qw net.ipv6.conf.all.forwarding=0
look
expect "check tells it" -- found sysctls wrong "net.ipv6.conf.all.forwarding is 0"
await 15 "peer_status tells it" -- told "forwards no ipv6 packets"
ring
await 15 "six good checks" -- all_well
step "forwarding switched off: told to members and by check, and on again by a pass"
