# How far away the member is: silence keeps the class, and an answer changes one constant and no BGP session.
# Sourced by peering.sh.

# ignores_ping MEMBER 0|1
ignores_ping() { ip netns exec "$1" sysctl -qw "net.ipv6.icmp.echo_ignore_all=$2"; }

class_is_measured() {
    local protocol=ebgp_as${FIRST}_v6 before
    await 20 "peer_status tells of the silence" -- tells node endpoint "no answer to ping, latency class 9 stays"
    step "an endpoint that does not answer to ping keeps class 9, and peer_status says so"
    before=$(since "$protocol")
    ignores_ping node 0
    restart
    await 20 "ebgp_as$FIRST has class 1" -- class_in_file 1
    bird_file $FIRST fe80:0263::2:1 | sed 's/_LATENCY = 9;/_LATENCY = 1;/' >"$LAB/expected"
    expect "more than one constant of ebgp_as$FIRST changed" -- \
        cmp "$LAB/expected" "$LAB/bgp_peers/ebgp_as$FIRST"
    await 10 "the member's routes carry the class" -- routed pop 172.20.32.0/27 "(64511,1)"
    undisturbed "$protocol" "$before"
    step "class 9 became 1, one constant and the routes with it; the BGP session is Established since $before"
    await 10 "peer_status tells the distance" -- tells node endpoint ' ms, latency class 1$'
    await 10 "peer_status tells the way through the tunnel" -- tells node tunnel 'fe80:0*263::2:1 answers in .* ms$'
    step "peer_status: $(detail node endpoint); $(detail node tunnel)"
}

restart() {
    kill "$SERVICE"
    wait "$SERVICE" || true
    serve
}

# detail MEMBER CHECK: what peer_status tells of it; tells MEMBER CHECK PATTERN: does it match?
detail() { member "$1" peer_status --json | jq -r --arg name "$2" '.peer.checks[] | select(.name == $name).detail'; }
tells() { detail "$1" "$2" | grep -q -- "$3"; }

class_in_file() { grep -q "^define AS${FIRST}_LATENCY = $1;\$" "$LAB/bgp_peers/ebgp_as$FIRST"; }
