# The end of a peering: everything of it goes, and nothing else. Sourced by peering.sh.

removed() {
    local second process
    second=$(since ebgp_as${SECOND}_v6) process=$(process_of "$LINK")
    expect "peer_remove --wait" -- \
        member node peer_remove --asn $FIRST --yes --wait --json >"$LAB/answer"
    same "what it answers" "$FIRST null" "$(jq -r '"\(.removed) \(.error)"' "$LAB/answer")"
    expect "the link is gone" -- no_link "$LINK"
    expect "its socket is gone" -- test ! -e "/run/wireguard/$LINK.sock"
    expect "its process is gone" -- no_process "$process"
    expect "$LINK.conf is gone" -- test ! -e "$LAB/wireguard/$LINK.conf"
    expect "ebgp_as$FIRST is gone" -- test ! -e "$LAB/bgp_peers/ebgp_as$FIRST"
    ! protocol_runs $FIRST || fail "BIRD still runs ebgp_as${FIRST}_v6"
    same "what was made by hand" "$HAND_MADE" "$(hand_made)"
    undisturbed ebgp_as${SECOND}_v6 "$second"
    same "nothing half-written" "" "$(find "$LAB/bgp_peers" "$LAB/wireguard" -name '.*' -type f)"
    nothing_planned
    step "peer_remove: link, process, socket, files and protocol are gone, what is not ours is left"
}
no_link() { ! ip -n pop link show "$1" 2>/dev/null | grep -q .; }
no_process() { [ -z "$1" ] || ! kill -0 "$1" 2>/dev/null; }

ended() {
    local second
    second=$(since ebgp_as${SECOND}_v6)
    kill -TERM "$SERVICE"
    wait "$SERVICE" || fail "exit status $? after SIGTERM"
    undisturbed ebgp_as${SECOND}_v6 "$second"
    step "SIGTERM: the service ends, tunnels and BGP sessions go on"
}
