#!/bin/bash
# What bird-init writes, with two peers: which routes come in, with which communities they go out,
# and that a new table of route origins lets in what it names. The links are plain ones, for BIRD
# sees no difference. PEERLING names the binary; needs bird, birdc, ip, jq, ssh-keygen, unshare, wg.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"

FIRST=4242420001
SECOND=4242420002
LAB=$(mktemp -d /tmp/peerling-lab.XXXXXX)
trap leave EXIT
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
chmod 755 "$LAB"

# route_of NETWORK ASN: the registry lets that AS announce it.
route_of() {
    local kind=route
    case $1 in *:*) kind=route6 ;; esac
    mkdir -p "$LAB/registry/data/$kind"
    printf '%-20s%s\n' "$kind:" "$1" origin: "AS$2" >"$LAB/registry/data/$kind/${1/\//_}"
}

# The POP: two networks, an address of a smaller one of each on lo.
operator() {
    wireguard_keys pop
    pop_config
    mkdir -p "$LAB/include"
    sed -i "s|^network = .*|&\nregion = 41\ncountry = 1250|; s|^backend = .*|backend = \"files\"|
        s|^\[bird\]|&\ninclude_directory = \"$LAB/include\"|" "$LAB/peerling.toml"
    printf '\n[mesh]\nnetworks = ["fd42:263::/48", "172.20.0.0/27"]\n' >>"$LAB/peerling.toml"
    ip -n pop address add 172.20.0.1/29 dev lo
    ip -n pop address add fd42:263::1/64 dev lo
    peerling bird-init "$LAB/conf" >"$LAB/init.log"
    ip netns exec pop bird -f -c "$LAB/conf/bird.conf" -s "$LAB/pop.ctl" -P "$LAB/pop.pid" \
        2>>"$LAB/pop.bird.log" &
    await 10 "BIRD of pop runs" -- bird_answers pop
}

# neighbour NAME ASN NUMBER: a namespace with a link to the POP, and the peering of it.
neighbour() {
    namespace "$1"
    wireguard_keys "$1"
    ip -n pop link add "wg-as$2" type veth peer name uplink netns "$1"
    ip -n pop link set "wg-as$2" addrgenmode none up
    ip -n "$1" link set uplink addrgenmode none up
    ip -n pop address add fe80::263/64 dev "wg-as$2"
    ip -n "$1" address add "fe80::$3/64" dev uplink
    peerling exec --as "$1" -- peer_create --asn "$2" --wg-pub-key "$(cat "$LAB/$1.wg.pub")" \
        --endpoint-addr none --link-local "fe80::$3" --yes >>"$LAB/create.log"
}

# router NAME ASN: BIRD on their side, which tells what is on standard input.
router() {
    cat >"$LAB/$1.bird.conf" <<BIRD
log "$LAB/$1.bird.log" all;
router id 192.0.2.${2: -1};
protocol device {}
$(cat)
protocol bgp up {
    local as $2;
    neighbor fe80::263%uplink as $POP_ASN;
    connect delay time 1;
    ipv4 { import all; export where source = RTS_STATIC; extended next hop on; };
    ipv6 { import all; export where source = RTS_STATIC; };
}
BIRD
    bird_start "$1"
}

# slow NETWORK, plain NETWORK: a route with communities of a bad way, or with none.
slow() {
    echo "route $1 unreachable {
        bgp_community.add((64511, 5)); bgp_community.add((64511, 22)); bgp_community.add((64511, 31));
        bgp_community.add((64511, 44));
    };"
}
plain() { echo "route $1 unreachable;"; }

# communities NAMESPACE NETWORK: those of dn42, sorted; nothing where there is no such route.
communities() {
    bird "$1" show route all "$2" 2>/dev/null |
        sed -n 's/.*BGP[._]community: //Ip' | tr ' ' '\n' | sed 's/(64511,\(.*\))/\1/' | sort -n | paste -sd' '
}
networks() {
    local table
    for table in master4 master6; do bird "$1" show route table $table; done |
        sed -n 's/^\([0-9a-f][^ ]*\/[0-9]*\) .*/\1/p' | sort -u | paste -sd' '
}
has() { [ -n "$(communities "$1" "$2")" ]; }

registry_of first $FIRST
registry_of second $SECOND
for network in 172.20.1.0/24 172.20.4.0/22 fd42:1::/48; do route_of $network $FIRST; done
for network in 172.20.2.0/24 fd42:2::/48; do route_of $network 4242420099; done
printf '1 permit 172.20.0.0/14 21 29\n9 deny 0.0.0.0/0 0 32\n' >"$LAB/registry/data/filter.txt"
printf '1 permit fd00::/8 44 64\n9 deny ::/0 0 128\n' >"$LAB/registry/data/filter6.txt"
namespace pop
operator
neighbour first $FIRST 1
neighbour second $SECOND 2
step "bird-init, BIRD, two peerings"

peerling apply 2>>"$LAB/peerling.log" || fail "apply: $(tail -n 5 "$LAB/peerling.log")"
# Their classes, as if they had been measured.
sed -i 's/LATENCY = 9/LATENCY = 2/' "$LAB/bgp_peers/ebgp_as$FIRST"
sed -i 's/LATENCY = 9/LATENCY = 3/' "$LAB/bgp_peers/ebgp_as$SECOND"
expect "BIRD takes the files of peerings and the tables" -- \
    grep -q Reconfigur <(bird pop configure)
router first $FIRST <<BIRD
protocol static { ipv4;
    $(slow 172.20.1.0/26; for it in 172.20.1.128/26 172.20.1.64/30 172.20.2.0/26 172.20.3.0/26 \
        172.20.0.16/29 192.0.2.0/24; do plain $it; done)
}
protocol static { ipv6;
    $(slow fd42:1::/48; for it in fd42:1:0:1::/64 fd42:2::/48 fd42:3::/48 fd42:263:0:9::/64 \
        2001:db8::/48; do plain $it; done)
}
BIRD
router second $SECOND </dev/null
for name in first second; do await 20 "BGP of $name" -- established $name up; done
for network in 172.20.1.0/26 172.20.1.128/26 fd42:1::/48 fd42:1:0:1::/64 172.20.0.0/27 fd42:263::/48; do
    await 10 "$network at the second peer" -- has second $network
done
step "both BGP sessions are Established, and routes went through"

theirs="172.20.1.0/26 172.20.1.128/26 fd42:1:0:1::/64 fd42:1::/48"
same "the networks that the second peer hears of" \
    "$(tr ' ' '\n' <<<"$theirs 172.20.0.0/27 fd42:263::/48" | sort | paste -sd' ')" "$(networks second)"
step "refused: another's network, one that nobody has, ours, too small a one, one outside dn42"
for network in 172.20.1.0/26 fd42:1::/48; do
    same "what the POP knows of $network" "5 22 31 44" "$(communities pop $network)"
    same "what the second peer hears of $network" "5 22 31 44" "$(communities second $network)"
done
for network in 172.20.1.128/26 fd42:1:0:1::/64; do
    same "what the POP knows of $network" "2 24 34" "$(communities pop $network)"
    same "what the second peer hears of $network" "3 24 34" "$(communities second $network)"
done
for network in 172.20.0.0/27 fd42:263::/48; do
    same "what the second peer hears of $network" "3 24 34 41 1250" "$(communities second $network)"
done
step "communities: the worst latency, the least bandwidth and encryption; the region on our own routes alone"
kernel_has() { ip -n pop "-$1" route show "$2" | grep -q "$3"; }
await 5 "the kernel's route of IPv4" -- kernel_has 4 172.20.1.0/26 "via inet6 fe80::1 dev wg-as$FIRST .*src 172.20.0.1"
await 5 "the kernel's route of IPv6" -- kernel_has 6 fd42:1::/48 "via fe80::1 dev wg-as$FIRST .*src fd42:263::1"
same "our networks among BIRD's routes in the kernel" "" \
    "$(ip -n pop -4 route show proto bird root 172.20.0.0/27)$(ip -n pop -6 route show proto bird root fd42:263::/48)"
step "in the kernel: IPv4 with an IPv6 next hop, our address as the source"

# The registry learns of a network: nobody has to tell the route again.
before=$(bird pop show protocols "ebgp_as${FIRST}_v6" | awk '/ebgp/ { print $5 }')
route_of 172.20.3.0/24 $FIRST
route_of fd42:3::/48 $FIRST
peerling apply 2>>"$LAB/peerling.log" || fail "apply: $(tail -n 5 "$LAB/peerling.log")"
for network in 172.20.3.0/26 fd42:3::/48; do
    await 10 "$network at the second peer" -- has second $network
done
same "since when the BGP session is up" "$before" \
    "$(bird pop show protocols "ebgp_as${FIRST}_v6" | awk '/ebgp/ { print $5 }')"
step "a route in the registry, one apply: its network is let in, and the BGP session went on"
