# Who is down, told in one word: to the member, in the list, by the exit status, and in the log.

# life_is ASN WORD: what the list says of a peering.
life_is() {
    [ "$(member node peer_list --json |
        jq -r --argjson asn "$1" '.peers[] | select(.asn == $asn) | .life')" = "$2" ]
}

# down_and_back: the member's BIRD ends the BGP session, and begins it again.
down_and_back() {
    await 40 "the list says up" -- life_is $FIRST up
    member node peer_list --json | jq -e '.peers[0] | .handshake_s < 180 and
        .bgp.state == "Established" and .bgp.imported == 2 and .bgp.exported > 0 and
        .maintainer == "NODE-MNT" and .marked == null' >"$LAB/life" || fail "$(cat "$LAB/life")"
    member node peer_status $FIRST --exit-status >/dev/null || fail "exit status $? while all is well"
    member node intro | grep -qx "1 peering: 1 up\." || fail "the greeting: $(member node intro)"
    [ "$(member node peer_list --down)" = "No peering is down." ] || fail "somebody is down"
    # peer_status looked by itself: what goes down again before the watch saw it was never up for it.
    await 40 "the watch saw it up" -- watch_saw_up
    bird node disable all >/dev/null
    await 40 "the list says down" -- life_is $FIRST down
    local status=0
    member node peer_status $FIRST --exit-status >/dev/null || status=$?
    [ "$status" = 5 ] || fail "exit status $status while the BGP session is down"
    member node peer_list --down | grep -q "^$FIRST  down" || fail "$(member node peer_list --down)"
    await 40 "the greeting says since when" -- greets "1 peering: 1 has had no BGP session for "
    [ "$(grep -c "went down: AS$FIRST (BGP is " "$LAB/peerling.log")" = 1 ] || fail "the log, down"
    bird node enable all >/dev/null
    await 60 "the list says up again" -- life_is $FIRST up
    await 40 "the log says so" -- grep -q "came up: AS$FIRST" "$LAB/peerling.log"
    step "down and back: peer_list, the greeting, the exit status and the log say so"
}
watch_saw_up() {
    [ "$(sqlite3 "$LAB/peering.db" "SELECT up FROM peerling_transition WHERE what = 'bgp'
        ORDER BY id DESC LIMIT 1")" = 1 ]
}
greets() { member node intro | grep -q "^$1"; }
