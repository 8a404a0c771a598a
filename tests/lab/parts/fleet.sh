# Several POPs of one network, each in a namespace of its own, with the program under test and the
# BIRD configuration that it wrote. Sourced by mesh.sh.

declare -A NUMBER=([ams1]=1 [ams2]=2 [par1]=3 [waw1]=4)
declare -A SERVICES=()

# The first address of a POP in each family.
gateway6() { echo "fd42:263:0:${NUMBER[$1]}::1"; }
gateway4() { echo "172.20.0.$((8 * ${NUMBER[$1]} - 7))"; }

# inventory POPS...: what the operator writes once, the same for all of them.
inventory() {
    local name
    echo 'networks = ["fd42:263::/48", "172.20.0.0/27"]'
    for name in "$@"; do
        cat <<TOML

[[mesh.pop]]
name = "$name"
id = ${NUMBER[$name]}
host = "$name.lab.example"
public_key = "$(cat "$LAB/$name.wg.pub")"
ipv6 = "fd42:263:0:${NUMBER[$name]}::/64"
ipv4 = "172.20.0.$((8 * ${NUMBER[$name]} - 8))/29"
TOML
        [ "$name" != "${RETIRED:-}" ] || echo 'off = true'
    done
    cat "$LAB/exceptions"
}

# configure NAME POPS...: the configuration of one POP in a network of these.
configure() {
    local name=$1 home=$LAB/$1
    shift
    mkdir -p "$home/wireguard" "$home/bird/bgp_peers" "$home/bird/peerling"
    cat >"$home/peerling.toml" <<TOML
[pop]
asn = $POP_ASN
name = "$name.lab.example"
network = "Lab"

[ssh]
host_keys = ["$home/ssh_host_ed25519_key"]

[registry]
directory = "$LAB/registry"

[store]
path = "$home/peering.db"

[wireguard]
private_key_file = "$LAB/$name.wg"
backend = "${PEERLING_LAB_BACKEND:-auto}"
directory = "$home/wireguard"

[bird]
socket = "$LAB/$name.ctl"
directory = "$home/bird/bgp_peers"
include_directory = "$home/bird/peerling"

[peers]
allowed_networks = ["fd5e:1ab::/32"]

[mesh]
self = "$name"
sysctl = "set"
$(inventory "$@")
TOML
}

# on NAME ARGUMENTS...: the program under test, as an operator runs it on that POP.
on() {
    inside "$1" env -i "PATH=$PATH" "$PEERLING" --config "$LAB/$1/peerling.toml" "${@:2}"
}

# raise NAME: BIRD with the configuration that bird-init writes, and the service.
raise() {
    local name=$1
    on "$name" bird-init "$LAB/$name/bird" >"$LAB/$name.init"
    ip netns exec "$name" bird -f -c "$LAB/$name/bird/bird.conf" -s "$LAB/$name.ctl" \
        -P "$LAB/$name.pid" 2>>"$LAB/$name.bird.log" &
    await 10 "BIRD of $name runs" -- bird_answers "$name"
    # As `inside`, but not as a function: its process is the one to send signals to.
    ip netns exec "$name" unshare --mount \
        sh -c 'mount --bind "$0" /run/wireguard && exec "$@"' "$LAB/$name.run" \
        env -i "PATH=$PATH" "$PEERLING" --config "$LAB/$name/peerling.toml" serve \
        2>>"$LAB/$name.log" &
    SERVICES[$name]=$!
    await 10 "peerling of $name serves" -- serves "$name"
}
serves() { [ -n "$(ip netns exec "$1" ss -Hltn 'sport = :4242')" ]; }

# meshed POPS...: has each of them a Babel neighbour, and an Established iBGP session, in each other?
meshed() {
    local name other
    for name in "$@"; do
        for other in "$@"; do
            [ "$name" = "$other" ] || is_neighbour "$name" "$other" || return 1
            [ "$name" = "$other" ] || established "$name" "ibgp_$other" || return 1
        done
    done
}
is_neighbour() { bird "$1" show babel neighbors | grep -q "wg-int-$2 "; }

# learnt POPS...: has the kernel of each the member's networks, IPv4 with an IPv6 next hop?
learnt() {
    local name
    for name in "$@"; do
        ip -n "$name" route show 172.20.99.0/27 | grep -q 'via inet6' || return 1
        [ -n "$(ip -n "$name" -6 route show fd42:99::/48)" ] || return 1
    done
}

# reaches NAME: do echoes from that POP's own addresses come back from the member's?
reaches() {
    ip netns exec "$1" ping -qc1 -W1 -I "$(gateway4 "$1")" 172.20.99.1 >/dev/null 2>&1 &&
        ip netns exec "$1" ping -qc1 -W1 -I "$(gateway6 "$1")" fd42:99::1 >/dev/null 2>&1
}

# sever ONE OTHER, rejoin ONE OTHER: the internet between two POPs loses every packet.
sever() { between add "$@"; }
rejoin() { between delete "$@"; }
between() {
    local one="fd5e:1ab:${NUMBER[$2]}::2" other="fd5e:1ab:${NUMBER[$3]}::2"
    ip -n world -6 rule "$1" from "$one" to "$other" blackhole
    ip -n world -6 rule "$1" from "$other" to "$one" blackhole
}

# by_way NAME OTHER: the link by which NAME's packets go to the gateway of OTHER.
by_way() {
    ip -n "$1" -6 route get "$(gateway6 "$2")" | sed -n 's/.* dev \([^ ]*\) .*/\1/p'
}
goes_round() { [ "$(by_way "$1" "$2")" != "wg-int-$2" ] && reaches "$2"; }
goes_straight() { [ "$(by_way "$1" "$2")" = "wg-int-$2" ]; }

# member_at POP NAME: peers there, and installs what peer_config printed.
member_at() {
    local pop=$1 name=$2
    member_shell "$pop" "$name" peer_create --asn "$MEMBER_ASN" \
        --wg-pub-key "$(cat "$LAB/$name.wg.pub")" --endpoint-addr "$name.lab.example" \
        --endpoint-port 20263 --yes --wait >"$LAB/answer" || fail "$(cat "$LAB/answer")"
    member_shell "$pop" "$name" peer_config --json >"$LAB/config"
    mkdir -p "$LAB/$name.d"
    local link
    link=$(jq -r .peer.config.link "$LAB/config")
    (
        umask 077
        jq -r .peer.config.wireguard "$LAB/config" |
            sed "s|\*\*REPLACEME\*\*|$(cat "$LAB/$name.wg")|" >"$LAB/$name.d/$link.conf"
    )
    bring_up "$name" "$link" "$LAB/$name.d/$link.conf"
    ip -n "$name" address add 172.20.99.1/32 dev lo
    ip -n "$name" address add fd42:99::1/128 dev lo
    {
        bird_common "$name" 172.20.99.1 172.20.99.0/27 fd42:99::/48
        jq -r .peer.config.bird "$LAB/config"
    } >"$LAB/$name.bird.conf"
    bird_start "$name"
}
member_shell() { member_ssh "$2" -o BatchMode=yes "$2@$1.lab.example" "${@:3}"; }

no_link() {
    ! ip -n "$1" link show "wg-int-$2" >/dev/null 2>&1 && ! [ -e "$LAB/$1/wireguard/wg-int-$2.conf" ]
}
no_file() { ! [ -e "$LAB/$1/bird/bgp_peers/ibgp_$2" ]; }
costs() { bird "$1" show babel interfaces | grep "wg-int-$2 " | grep -qw "$3"; }
still_there() {
    ip -n ams1 link show wg-int-foo >/dev/null &&
        [ "$(cat "$LAB/ams1/bird/bgp_peers/ibgp_foo")" = "# by hand" ]
}

# has_ours NAME: is there a link, a file or a BGP session of ours? What others made is not.
has_ours() {
    ip -n "$1" -o link show | grep -Eq ': wg-(as|int-(ams|par|waw))' ||
        ls "$LAB/$1/wireguard" "$LAB/$1/bird/bgp_peers" | grep -Eq '^(wg-|ebgp_|ibgp_[^f])' ||
        bird "$1" show protocols | grep -Eq '^(ebgp_as|ibgp_)'
}
bird_content() { bird "$1" configure check | grep -q 'Configuration OK'; }

# rests NAME: has its pass been made, and is no step pending?
rests() { on "$1" plan >"$LAB/$1.plan" 2>&1; }
