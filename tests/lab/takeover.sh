#!/bin/bash
# Taking the place of the replaced service on a running POP: its database, its files, a link as wg-
# quick left it, a BGP session that is Established. peerling has nothing to do there, and does
# nothing. PEERLING names the binary; needs what peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation restart; do . "$HERE/parts/$chapter.sh"; done

# What the replaced service had: ids in use are 3 and 17, the member of 3 chose an address.
old_database() {
    sqlite3 "$LAB/peering.db" <<SQL
CREATE TABLE peering_links(id INTEGER PRIMARY KEY CHECK(id BETWEEN 1 AND 65535),
    as_num INTEGER UNIQUE NOT NULL,
    wg_pub_key TEXT NOT NULL, wg_endpoint_addr TEXT NOT NULL,
    wg_endpoint_port INTEGER NOT NULL CHECK(wg_endpoint_port BETWEEN 1 AND 65535),
    user_link_local TEXT);
INSERT INTO peering_links VALUES
    (17, $FIRST, '$(cat "$LAB/node.wg.pub")', 'node.lab.example', 20263, NULL),
    (3, 64600, '$(cat "$LAB/quiet.wg.pub")', 'fd5e:1ab:2::77', 20263, 'fe80::64:600');
SQL
}

# old_conf PORT OURS THEIRS KEY ENDPOINT: wg-as<ASN>.conf in its shape.
old_conf() {
    printf %s "[Interface]
PrivateKey = $(cat "$LAB/pop.wg")
ListenPort = $1
PostUp = /sbin/ip addr add dev %i $2/128 peer $3/128
Table = off

[Peer]
PublicKey = $4
Endpoint = $5
PersistentKeepalive = 30
AllowedIPs = 172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10"
}

old_files() {
    local wireguard=$LAB/wireguard peers=$LAB/bgp_peers
    old_conf 52017 fe80:0263::1:11 fe80:0263::2:11 "$(cat "$LAB/node.wg.pub")" \
        node.lab.example:20263 >"$wireguard/wg-as$FIRST.conf"
    old_conf 52003 fe80::263 fe80::64:600 "$(cat "$LAB/quiet.wg.pub")" fd5e:1ab:2::77:20263 \
        >"$wireguard/wg-as64600.conf"
    chmod 600 "$wireguard"/*
    # The class that was measured must survive, and so must one that never was.
    bird_file $FIRST fe80:0263::2:11 | sed 's/_LATENCY = 9;/_LATENCY = 2;/' >"$peers/ebgp_as$FIRST"
    bird_file 64600 fe80::64:600 >"$peers/ebgp_as64600"
}

# The other side, as its owner has had it for a year.
old_member() {
    cat >"$LAB/wg-pop.conf" <<CONF
[Interface]
PrivateKey = $(cat "$LAB/node.wg")
ListenPort = 20263
PostUp = ip addr add dev %i fe80:263::2:11/128 peer fe80:263::1:11/128
Table = off

[Peer]
PublicKey = $(cat "$LAB/pop.wg.pub")
Endpoint = pop.lab.example:52017
AllowedIPs = 172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10
CONF
    chmod 600 "$LAB/wg-pop.conf"
    bring_up node wg-pop "$LAB/wg-pop.conf"
    {
        bird_common node 172.20.32.1 172.20.32.0/27 fd42:32::/48
        cat <<BIRD
protocol bgp pop {
    local as $FIRST;
    neighbor fe80:263::1:11 as $POP_ASN;
    interface "wg-pop";
    connect delay time 1;
    ipv4 { import all; export all; extended next hop on; };
    ipv6 { import all; export all; };
}
BIRD
    } >"$LAB/node.bird.conf"
    bird_start node
}

state_of_machine() {
    local link
    for link in wg-as$FIRST wg-as64600; do
        ip -n pop -o link show "$link" | cut -d: -f1
        ip -n pop -o -6 address show dev "$link"
        ip netns exec pop wg show "$link" dump | cut -f1-4,8
        process_of "$link"
    done
    (cd "$LAB" && stat -c '%n %i %Y %Z' wireguard/* bgp_peers/*)
}

set_stage node
for name in pop node quiet; do wireguard_keys "$name"; done
registry_of node $FIRST
registry_of quiet 64600
pop_config
pop_bird
old_database
old_files
for link in wg-as$FIRST wg-as64600; do bring_up pop "$link" "$LAB/wireguard/$link.conf"; done
bird_start pop
old_member
await 20 "a handshake" -- has_handshake wg-as$FIRST
await 30 "BGP Established" -- established pop ebgp_as${FIRST}_v6
step "a POP of the replaced service: two peerings, one BGP session Established"

BEFORE=$(state_of_machine) SINCE=$(since ebgp_as${FIRST}_v6)
# The replaced service left its database readable by all: what check says mends it.
peerling check >"$LAB/check.out" 2>&1 && fail "check does not mind a database that all can read"
remedy=$(sed -n 's/^ *to mend: \(chmod 600 .*\)$/\1/p' "$LAB/check.out")
[ "$remedy" = "chmod 600 $LAB/peering.db" ] || fail "check: $(cat "$LAB/check.out")"
$remedy
peerling check >"$LAB/check.out" 2>&1 || fail "check: $(cat "$LAB/check.out")"
nothing_planned
step "peerling check is content, and peerling plan has no step"
serve
await 10 "the first pass" -- passed_since 0
ring
same "the steps of all passes" 0 "$(all_steps)"
same "the machine" "$BEFORE" "$(state_of_machine)"
undisturbed ebgp_as${FIRST}_v6 "$SINCE"
same "the member's peering" "17 applied" \
    "$(member node peer_list --json | jq -r '.peers[] | "\(.id) \(.state)"')"
step "peerling serves: no step taken, nothing touched, the BGP session goes on"
kill -TERM "$SERVICE"
wait "$SERVICE" || fail "exit status $? after SIGTERM"
same "the old table, for whoever goes back" "3 64600,17 $FIRST" \
    "$(sqlite3 "$LAB/peering.db" "SELECT group_concat(id || ' ' || as_num) FROM peering_links")"
undisturbed ebgp_as${FIRST}_v6 "$SINCE"
step "and the way back is open: the table is as it was"
# The units of the replaced service, started again; and then forth once more.
for link in wg-as$FIRST wg-as64600; do
    take_down pop "$LAB/wireguard/$link.conf"
    bring_up pop "$link" "$LAB/wireguard/$link.conf"
done
await 30 "BGP Established" -- established pop ebgp_as${FIRST}_v6
nothing_planned
step "wg-quick brings both links up again from the files, BGP Established; still no step in plan"
