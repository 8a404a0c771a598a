# From peer_create to routes in the kernel. Sourced by peering.sh.

FIRST=4242420001
LINK=wg-as$FIRST

create_first() {
    local answer
    answer=$(member node peer_create --asn $FIRST --wg-pub-key "$(cat "$LAB/node.wg.pub")" \
        --endpoint-addr node.lab.example --endpoint-port 20263 --yes --wait --json)
    step "peer_create --wait: $(jq -r .peer.state <<<"$answer"), id $(jq -r .peer.id <<<"$answer")"
    same "the state after --wait" applied "$(jq -r .peer.state <<<"$answer")"
    link_is_right
    files_are_right
    expect "BIRD runs ebgp_as${FIRST}_v6" -- protocol_runs $FIRST
    step "link, files and BIRD's protocol are there, byte for byte"
}

link_is_right() {
    local show=(ip netns exec pop wg show "$LINK")
    same "our public key" "$(cat "$LAB/pop.wg.pub")" "$("${show[@]}" public-key)"
    same "our port" 52001 "$("${show[@]}" listen-port)"
    same "the peer" "$(cat "$LAB/node.wg.pub")" "$("${show[@]}" peers)"
    same "its endpoint, which our own resolver found" "[fd5e:1ab:2::2]:20263" \
        "$("${show[@]}" endpoints | cut -f2)"
    same "what it may send" "10.0.0.0/8 172.16.0.0/12 fd00::/8 fe80::/10" \
        "$("${show[@]}" allowed-ips | cut -f2 | tr ' ' '\n' | sort | paste -sd' ')"
    same "the keepalive" 30 "$("${show[@]}" persistent-keepalive | cut -f2)"
    same "the MTU" 1420 "$(ip -n pop -j link show "$LINK" | jq '.[0].mtu')"
    # One address with its peer, and none that the TUN device invented.
    same "the addresses" "fe80:263::1:1 peer fe80:263::2:1/128" \
        "$(ip -n pop -o -6 address show dev "$LINK" | sed 's/.*inet6 \(.*\) scope.*/\1/')"
    expect "a route to the peer's address" -- route_to_peer
}
route_to_peer() { ip -n pop -6 route show fe80:263::2:1 | grep -q "dev $LINK"; }

files_are_right() {
    local conf=$LAB/wireguard/$LINK.conf file=$LAB/bgp_peers/ebgp_as$FIRST
    same "the mode of $LINK.conf" 600 "$(stat -c %a "$conf")"
    same "the mode of ebgp_as$FIRST" 644 "$(stat -c %a "$file")"
    printf %s "[Interface]
PrivateKey = $(cat "$LAB/pop.wg")
ListenPort = 52001
PostUp = /sbin/ip addr add dev %i fe80:0263::1:1/128 peer fe80:0263::2:1/128
Table = off

[Peer]
PublicKey = $(cat "$LAB/node.wg.pub")
Endpoint = node.lab.example:20263
PersistentKeepalive = 30
AllowedIPs = 172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10" >"$LAB/expected"
    expect "$LINK.conf is not what it should be" -- cmp "$LAB/expected" "$conf"
    bird_file $FIRST fe80:0263::2:1 >"$LAB/expected"
    expect "ebgp_as$FIRST is not what it should be" -- cmp "$LAB/expected" "$file"
}

# bird_file ASN NEIGHBOUR: our file for BIRD, as every running POP has it.
bird_file() {
    printf %s "define AS$1_LATENCY = 9;

protocol bgp ebgp_as$1_v6 from dnpeers {
    neighbor $2 as $1;
    interface \"wg-as$1\";

    ipv4 {
        import where dn42_import_filter(AS$1_LATENCY, BANDWIDTH, LINKTYPE);
        export where dn42_export_filter(AS$1_LATENCY, BANDWIDTH, LINKTYPE);
        extended next hop on;
    };

    ipv6 {
        import where dn42_import_filter_v6(AS$1_LATENCY, BANDWIDTH, LINKTYPE);
        export where dn42_export_filter_v6(AS$1_LATENCY, BANDWIDTH, LINKTYPE);
        extended next hop off;
    };
}"
}

# The member installs what peer_config printed, and it comes up.
first_comes_up() {
    install node $FIRST 32
    step "the member's side is up, from peer_config with the private key filled in"
    await 15 "a handshake" -- has_handshake "$LINK"
    step "WireGuard handshake"
    await 30 "BGP Established" -- established pop "ebgp_as${FIRST}_v6"
    step "BGP Established"
    routes_are_there pop node
    step "routes of both families, on both sides, in BIRD and in the kernel"
    await 15 "six good checks in peer_status" -- all_well node $FIRST
    step "peer_status --json: $WELL_CHECKS are well"
}

has_handshake() { [ "$(ip netns exec pop wg show "$1" latest-handshakes | cut -f2)" -gt 0 ]; }

routes_are_there() {
    local theirs="via fe80:263::2:1 on $LINK" ours="via fe80:263::1:1 on lab-pop"
    await 10 "the POP has the member's 172.20.32.0/27" -- routed pop 172.20.32.0/27 "$theirs"
    await 10 "the POP has the member's fd42:32::/48" -- routed pop fd42:32::/48 "$theirs"
    await 10 "the member has 172.20.0.0/27" -- routed node 172.20.0.0/27 "$ours"
    await 10 "the member has fd42:263::/48" -- routed node fd42:263::/48 "$ours"
    # IPv4 over an IPv6 next hop (RFC 8950), down to the kernel.
    await 10 "the POP's kernel has 172.20.32.0/27" -- \
        in_kernel pop "" 172.20.32.0/27 "via inet6 fe80:263::2:1 dev $LINK"
    await 10 "the POP's kernel has fd42:32::/48" -- \
        in_kernel pop -6 fd42:32::/48 "via fe80:263::2:1 dev $LINK"
    await 10 "the member's kernel has 172.20.0.0/27" -- \
        in_kernel node "" 172.20.0.0/27 "via inet6 fe80:263::1:1 dev lab-pop"
    await 10 "the member's kernel has fd42:263::/48" -- \
        in_kernel node -6 fd42:263::/48 "via fe80:263::1:1 dev lab-pop"
}
routed() { bird "$1" show route for "$2" all 2>/dev/null | grep -q "$3"; }
in_kernel() { ip -n "$1" ${2:+"$2"} route show "$3" | grep -q "$4"; }

WELL_CHECKS="registry, endpoint, handshake, tunnel, bgp, routes"
# all_well MEMBER ASN: the six checks, in their order, all true.
all_well() {
    local checks same_checks
    checks=$(member "$1" peer_status --asn "$2" --json | jq -c '[.peer.checks[] | [.name, .ok]]')
    same_checks=$(jq -nc --arg names "$WELL_CHECKS" '[$names | split(", ")[] | [., true]]')
    [ "$checks" = "$same_checks" ]
}
