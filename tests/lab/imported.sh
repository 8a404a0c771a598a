#!/bin/bash
# Ten peers that were made by hand, in the shapes that operators give them, become peerings of a
# running service, and nothing of them moves: `peerling import`, and back again by `--undo`.
# PEERLING names the binary; needs what peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation restart; do . "$HERE/parts/$chapter.sh"; done

COPY=wireguard/dn42-0110.conf
LINKS=(wg-peer-ada dn42-0102 wg42_cleo dn42-dora wg-peer-eve dn42-0106 own-gina dn42-hugo
    wg-peer-ivy dn42-0110)
PROTOCOLS=(ada dn42_0102 cleo AS4242420104 eve AS4242420106_lab gina hugo ivy dn42_0110)
NETWORKS='AllowedIPs = 172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10'
peers() { seq 1 ${#LINKS[@]}; }
asn_of() { echo $((4242420100 + $1)); }

# made_by_hand NUMBER: what stands below [Interface] but the key, then what stands below [Peer].
interface_of() {
    case $1 in
    2) echo 'Address = fe80::263/64' ;;
    3) printf '%s\n' 'PostUp = ip addr add 172.20.0.1/32 peer 172.20.9.3/32 dev %i' \
        'PostUp = ip -6 address add fe80::263/64 dev %i' ;;
    6) printf '%s\n' '# moved here in 2021' 'postup=/sbin/ip addr add fe80::263 peer fe80::b:6 dev %i' ;;
    *) echo "PostUp = /sbin/ip addr add dev %i fe80::263/128 peer fe80::b:$1/128" ;;
    esac
}
peer_of() {
    local address=fd5e:1ab:2::2
    case $1 in
    3) printf '%s\n' 'AllowedIPs = 172.20.0.0/14' 'AllowedIPs = fd00::/8, fe80::/64' \
        "Endpoint = node.lab.example:$((30000 + $1))" 'PersistentKeepalive = 25' ;;
    4) printf '%s\n' "PresharedKey = $(cat "$LAB/psk")" "Endpoint = [$address]:30004" "$NETWORKS" ;;
    5) echo 'AllowedIPs = 0.0.0.0/0, ::/0' ;;
    6) printf '%s\n' "endpoint=$address:30006" "$NETWORKS" ;;
    *) printf '%s\n' "Endpoint = node.lab.example:$((30000 + $1))" 'PersistentKeepalive = 30' "$NETWORKS" ;;
    esac
}
own_key_of() { if [ "$1" = 7 ]; then echo gina; else echo pop; fi; }

conf_by_hand() {
    printf '%s\n' '[Interface]' "PrivateKey = $(cat "$LAB/$(own_key_of "$1").wg")" \
        "ListenPort = $((20100 + $1))" "$(interface_of "$1")" 'Table = off' '' '[Peer]' \
        "PublicKey = $(cat "$LAB/node$1.wg.pub")" "$(peer_of "$1")"
}

# The first peer's file says what our form says, and no more; the others are the operator's.
birds_by_hand() {
    mkdir -p "$LAB/by_hand"
    {
        echo '# made by hand'
        bird_file "$(asn_of 1)" fe80::b:1 | sed "s/_LATENCY = 9;/_LATENCY = 1;/; s/wg-as[0-9]*/${LINKS[0]}/
            s/ebgp_as[0-9]*_v6/${PROTOCOLS[0]}/"
        echo
    } >"$LAB/bgp_peers/ada.conf"
    local number
    for number in 2 3 4 5 6; do
        echo "protocol bgp ${PROTOCOLS[number - 1]} from dnpeers {
    neighbor fe80::b:$number % '${LINKS[number - 1]}' as $(asn_of $number);
    ipv6 { import all; export where source ~ [RTS_STATIC, RTS_BGP]; };   # ours
    ipv4 { extended next hop on; import all; export where source ~ [RTS_STATIC, RTS_BGP]; };
}" >"$LAB/by_hand/${PROTOCOLS[number - 1]}.conf"
    done
    echo "define GINA = fe80::b:7; define GINA_AS = $(asn_of 7);
template bgp careful from dnpeers {
    ipv4 { extended next hop on; import filter { if net.len < 30 then accept; reject; }; export all; };
    ipv6 { import all; export all; };
}
protocol bgp gina from careful { neighbor GINA as GINA_AS; interface \"own-gina\"; }
protocol bgp hugo from careful { neighbor fe80::b:8 % 'dn42-hugo' as $(asn_of 8); }
/* protocol bgp old from careful { neighbor fe80::c:8 % 'dn42-hugo' as $(asn_of 8); } */
protocol bgp lost from careful { neighbor fe80::b:11 % 'dn42-lost' as $(asn_of 11); }" >"$LAB/by_hand/two.conf"
    for number in 9 10; do
        echo "protocol bgp ${PROTOCOLS[number - 1]} from careful {
    interface \"${LINKS[number - 1]}\"; neighbor fe80::b:$number as $(asn_of $number);
}" >"$LAB/by_hand/z${PROTOCOLS[number - 1]}.conf"
    done
    echo "include \"$LAB/by_hand/*.conf\";" >>"$LAB/pop.bird.conf"
}

# raise LINK FILE: as wg-quick does it, with Address and with keys of any case.
raise() {
    bring_up pop "$1" "$2"
    if [ $WIREGUARD = kernel ]; then return; fi
    local address command
    for address in $(sed -n 's/^Address = //p' "$2"); do
        ip -n pop address add "$address" dev "$1"
    done
    command=$(sed -n 's/^postup=//p' "$2")
    if [ -n "$command" ]; then ip netns exec pop sh -ec "${command//%i/$1}"; fi
}

# The other side of all ten, which nobody touches.
other_side() {
    local number
    bird_common node 172.20.9.1 172.20.9.0/27 fd42:9::/48 >"$LAB/node.bird.conf"
    for number in $(peers); do
        printf '%s\n' '[Interface]' "PrivateKey = $(cat "$LAB/node$number.wg")" \
            "ListenPort = $((30000 + number))" \
            "PostUp = ip addr add dev %i fe80::b:$number/128 peer fe80::263/128" 'Table = off' '' \
            '[Peer]' "PublicKey = $(cat "$LAB/$(own_key_of "$number").wg.pub")" \
            "Endpoint = pop.lab.example:$((20100 + number))" "$NETWORKS" >"$LAB/n$number.conf"
        if [ "$number" = 4 ]; then echo "PresharedKey = $(cat "$LAB/psk")" >>"$LAB/n4.conf"; fi
        chmod 600 "$LAB/n$number.conf"
        bring_up node "n$number" "$LAB/n$number.conf"
        echo "protocol bgp p$number {
    local as $(asn_of "$number"); neighbor fe80::263 as $POP_ASN; interface \"n$number\";
    connect delay time 1;
    ipv4 { import all; export all; extended next hop on; };
    ipv6 { import all; export all; };
}" >>"$LAB/node.bird.conf"
    done
    bird_start node
}

all_established() {
    local protocol
    for protocol in "${PROTOCOLS[@]}"; do established pop "$protocol" || return 1; done
}

# Everything of the machine that an import could touch.
state_of_machine() {
    local link
    for link in "${LINKS[@]}"; do
        ip -n pop -o link show "$link"
        ip -n pop -o address show dev "$link"
        ip netns exec pop wg show "$link" dump | cut -f1-4,8
        process_of "$link"
    done
    ip -n pop -6 route show
    (cd "$LAB" && stat -c '%n %i %Y %Z' wireguard/* bgp_peers/* by_hand/* $WG_QUICK/* | grep -v "^$COPY ")
}
handshakes() { for link in "${LINKS[@]}"; do ip netns exec pop wg show "$link" latest-handshakes; done; }
sinces() { for protocol in "${PROTOCOLS[@]}"; do since "$protocol"; done; }
# WireGuard makes a new one after two minutes by itself; a play that takes longer sees only that
# none is gone.
handshakes_stay() {
    local now
    now=$(handshakes)
    if [ $((${EPOCHREALTIME/./} - LAB_BEGIN)) -lt 100000000 ]; then
        same "the last handshakes" "$1" "$now"
    fi
    if cut -f2 <<<"$now" | grep -qx 0; then fail "a handshake is gone: $now"; fi
}
nothing_moved() {
    same "the machine after $1" "$BEFORE" "$(state_of_machine)"
    local number=0 since
    for since in $SINCE; do
        undisturbed "${PROTOCOLS[number]}" "$since"
        number=$((number + 1))
    done
    handshakes_stay "$HANDSHAKES"
}

set_stage node
for name in pop gina $(peers | sed 's/^/node/'); do wireguard_keys "$name"; done
(umask 077 && wg genpsk >"$LAB/psk")
registry_of node $(for number in $(peers); do asn_of "$number"; done)
WG_QUICK=/etc/wireguard
mkdir -p $WG_QUICK
mount -t tmpfs tmpfs $WG_QUICK
pop_config
pop_bird
birds_by_hand
for number in $(peers); do
    file=$LAB/wireguard/${LINKS[number - 1]}.conf
    # One stands where wg-quick looks for it, and the service cannot write.
    if [ "$number" = 10 ]; then file=$WG_QUICK/${LINKS[number - 1]}.conf; fi
    conf_by_hand "$number" >"$file"
    chmod 600 "$file"
    raise "${LINKS[number - 1]}" "$file"
done
# One TUN as its process made it, with an address of its own.
if [ $WIREGUARD = userspace ]; then ip -n pop address add fe80::7e57/64 dev dn42-hugo; fi
bird_start pop
other_side
await 60 "ten BGP sessions Established" -- all_established
serve
await 10 "the first pass" -- passed_since 0
step "ten peers that were made by hand, all Established; peerling serves and has none of them"

BEFORE=$(state_of_machine) SINCE=$(sinces) HANDSHAKES=$(handshakes)
peerling import --dry-run >"$LAB/dry-run.txt" || fail "import --dry-run: exit status $?"
sed 's/^/           /' "$LAB/dry-run.txt"
grep -q '^10 would be taken, 0 there already, 1 not taken$' "$LAB/dry-run.txt" || fail "the sum"
same "the peerings" "" "$(sqlite3 "$LAB/peering.db" 'SELECT as_num FROM peering_links')"
nothing_moved "import --dry-run"
step "peerling import --dry-run says so, and does nothing"

peerling import >"$LAB/import.txt" 2>&1 || fail "import: $(cat "$LAB/import.txt")"
grep -q '^10 taken, 0 there already, 1 not taken$' "$LAB/import.txt" || fail "$(cat "$LAB/import.txt")"
ring
same "the steps of all passes" 0 "$(all_steps)"
nothing_planned
nothing_moved import
same "what the member has" "$(for number in $(peers); do echo "$(asn_of "$number") applied"; done)" \
    "$(member node peer_list --json | jq -r '.peers[] | "\(.asn) \(.state)"')"
same "our key where the link has its own" "$(cat "$LAB/gina.wg.pub") 20107" \
    "$(member node peer_list --json | jq -r '.peers[6].our | "\(.wg_pub_key) \(.wg_endpoint_port)"')"
peerling check >"$LAB/check.txt" 2>&1 || fail "check: $(cat "$LAB/check.txt")"
same "the copy of a file that lay elsewhere" "$(conf_by_hand 10)" "$(cat "$LAB/$COPY")"
same "a peering's checks" "registry endpoint handshake tunnel bgp routes" "$(member node peer_status \
    --asn "$(asn_of 7)" --json | jq -r '[.peer.checks[] | select(.ok) | .name] | join(" ")')"
step "peerling import: ten peerings, no step taken, plan empty, nothing moved"

peerling import >"$LAB/again.txt" || fail "import again: exit status $?"
grep -q '^0 taken, 10 there already, 1 not taken$' "$LAB/again.txt" || fail "$(cat "$LAB/again.txt")"
same "the changes of a second import" 10 \
    "$(sqlite3 "$LAB/peering.db" "SELECT count(*) FROM peerling_audit WHERE action = 'import'")"
step "a second import changes nothing"

member node peer_edit --asn "$(asn_of 6)" --mtu 1380 --yes --wait >"$LAB/edit.txt" ||
    fail "peer_edit: $(cat "$LAB/edit.txt")"
same "the operator's file after an edit" \
    "$(conf_by_hand 6 | sed 's/^Table = off$/&\nMTU = 1380/')" "$(cat "$LAB/wireguard/dn42-0106.conf")"
ip -n pop link show dn42-0106 | grep -q 'mtu 1380' || fail "the link's MTU"
if member node peer_edit --asn "$(asn_of 6)" --link-local fe80::6 --yes 2>"$LAB/refused.txt"; then
    fail "an edit that BIRD's file would contradict is taken"
fi
grep -q 'The operator keeps the BIRD configuration' "$LAB/refused.txt" || fail "$(cat "$LAB/refused.txt")"
undisturbed AS4242420106_lab "$(sed -n 6p <<<"$SINCE")"
nothing_planned
step "a member's edit stands in the operator's file too, and nothing flaps"

BEFORE=$(state_of_machine)
peerling import --undo >"$LAB/undo.txt" || fail "import --undo: exit status $?"
same "what was given back" 10 "$(grep -c 'given back' "$LAB/undo.txt")"
ring
nothing_planned
nothing_moved "import --undo"
same "the peerings" "" "$(sqlite3 "$LAB/peering.db" 'SELECT as_num FROM peering_links')"
[ ! -e "$LAB/$COPY" ] || fail "a copy is left"
if peerling import --undo 2>/dev/null; then fail "there was something left to give back"; fi
ip netns exec pop wg set dn42-0102 listen-port 1
peerling import --dry-run --asn "$(asn_of 2)" >"$LAB/otherwise.txt" && fail "a link that runs otherwise"
grep -q 'not as its wg-quick file says: listen port 1 -> 20102$' "$LAB/otherwise.txt" ||
    fail "$(cat "$LAB/otherwise.txt")"
ip netns exec pop wg set dn42-0102 listen-port 20102
step "peerling import --undo gives all back, and nothing moved"
peerling import --asn "$(asn_of 7)" "$LAB/by_hand/two.conf" >"$LAB/one.txt" || fail "one: exit status $?"
grep -q '^1 taken, 0 there already, 0 not taken$' "$LAB/one.txt" || fail "$(cat "$LAB/one.txt")"
ring
nothing_planned
nothing_moved "the import of one"
step "and forth again, one by its AS number and file"

# What was imported is a peering like any other. Its link's own private key is in its file alone.
no_link() { ! ip -n pop link show "$1" >/dev/null 2>&1; }
member node peer_disable --asn "$(asn_of 7)" >/dev/null
await 10 "the link of a disabled peering goes" -- no_link own-gina
same "the file of a disabled peering" "$(conf_by_hand 7)" "$(cat "$LAB/wireguard/own-gina.conf")"
member node peer_enable --asn "$(asn_of 7)" >/dev/null
await 30 "BGP Established again" -- established pop gina
step "disabled and enabled: the file stays, the link comes back with its own key"
member node peer_remove --asn "$(asn_of 7)" --yes --wait >/dev/null
await 10 "the link of a removed peering goes" -- no_link own-gina
[ ! -e "$LAB/wireguard/own-gina.conf" ] || fail "the file of a removed peering"
ring
nothing_planned
same "what is left to take down, or known by name" "0 0" "$(sqlite3 -separator ' ' "$LAB/peering.db" \
    'SELECT (SELECT count(*) FROM peerling_removal), (SELECT count(*) FROM peerling_adopted)')"
bird pop show protocols gina >/dev/null || fail "a protocol of the operator's is gone"
step "removed: its link is gone, and the operator's file of BIRD stays theirs"
