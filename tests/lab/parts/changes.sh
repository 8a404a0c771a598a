# A peering that is edited, switched off and on, and one that its member watches coming up. Sourced
# by peering.sh.

link_index() { ip -n pop -j link show "$1" | jq '.[0].ifindex'; }
configured() { grep -c 'configure BIRD' "$LAB/peerling.log" || true; }

# Another endpoint, while the handshake with the old one is fresh: it is used at once, in the same
# link, and BIRD hears nothing of it.
endpoint_edited() {
    local index first second configures
    index=$(link_index "$LINK") first=$(since ebgp_as${FIRST}_v6)
    second=$(since ebgp_as${SECOND}_v6) configures=$(configured)
    ip -n node address add fd5e:1ab:2::3/64 dev under0
    member node peer_edit --endpoint-addr fd5e:1ab:2::3 --wait --json >"$LAB/answer" ||
        fail "peer_edit: $(cat "$LAB/answer")"
    same "what is different" \
        "wg_endpoint node.lab.example:20263 [fd5e:1ab:2::3]:20263" \
        "$(jq -r '.changes[] | "\(.name) \(.before) \(.after)"' "$LAB/answer")"
    expect "the endpoint is set in the link" -- \
        grep -q "change link $LINK; endpoint .*fd5e:1ab:2::3" "$LAB/peerling.log"
    expect "$LINK.conf has it" -- \
        grep -qx 'Endpoint = fd5e:1ab:2::3:20263' "$LAB/wireguard/$LINK.conf"
    same "the link's index" "$index" "$(link_index "$LINK")"
    same "how often BIRD was configured" "$configures" "$(configured)"
    undisturbed ebgp_as${FIRST}_v6 "$first"
    undisturbed ebgp_as${SECOND}_v6 "$second"
    step "peer_edit of the endpoint: same link, BIRD not configured, BGP Established throughout"
}

# Another key too: the BGP session lives through it, as long as the member is quick.
key_edited() {
    local index first
    index=$(link_index "$LINK") first=$(since ebgp_as${FIRST}_v6)
    wireguard_keys anew
    expect "peer_edit of the key" -- \
        member node peer_edit --wg-pub-key "$(cat "$LAB/anew.wg.pub")" --wait >"$LAB/answer"
    same "the only peer of the link, and where it is" \
        "$(cat "$LAB/anew.wg.pub") [fd5e:1ab:2::3]:20263" \
        "$(ip netns exec pop wg show "$LINK" endpoints | tr '\t' ' ')"
    inside node wg set lab-pop private-key "$LAB/anew.wg"
    mv "$LAB/anew.wg" "$LAB/node.wg"
    mv "$LAB/anew.wg.pub" "$LAB/node.wg.pub"
    await 15 "a handshake with the new key" -- has_handshake "$LINK"
    same "the link's index" "$index" "$(link_index "$LINK")"
    await 15 "six good checks with the new key" -- all_well node $FIRST
    undisturbed ebgp_as${FIRST}_v6 "$first"
    member node peer_edit --endpoint-addr node.lab.example --wait >"$LAB/answer"
    ip -n node address delete fd5e:1ab:2::3/64 dev under0
    step "peer_edit of the key: same link, a handshake with the new key, BGP Established throughout"
}

off_and_on() {
    local second answer
    second=$(since ebgp_as${SECOND}_v6)
    same "the state when it is switched off" disabled \
        "$(member node peer_disable --wait --json | jq -r .peer.state)"
    expect "the link is gone" -- no_link "$LINK"
    expect "$LINK.conf is gone" -- test ! -e "$LAB/wireguard/$LINK.conf"
    expect "ebgp_as$FIRST is gone" -- test ! -e "$LAB/bgp_peers/ebgp_as$FIRST"
    ! protocol_runs $FIRST || fail "BIRD still runs ebgp_as${FIRST}_v6"
    nothing_planned
    answer=$(member node peer_enable --wait --json)
    same "what is there again" "applied 1 52001" \
        "$(jq -r '.peer | "\(.state) \(.id) \(.our.wg_endpoint_port)"' <<<"$answer")"
    await 60 "the BGP session is back" -- established pop "ebgp_as${FIRST}_v6"
    await 15 "six good checks after it was off" -- all_well node $FIRST
    undisturbed ebgp_as${SECOND}_v6 "$second"
    step "peer_disable and peer_enable: gone, and there again under the same id; nobody else noticed"
}

# The second member makes the same peering anew and looks on: what they have installed is right
# still, so that it comes up while they do.
looks_on() {
    local keys=$LAB/keys session
    member roam peer_remove --yes --wait >"$LAB/answer" || fail "$(cat "$LAB/answer")"
    mkfifo "$keys"
    member_ssh roam -tt roam@pop.lab.example peer_create <"$keys" >"$LAB/screen" &
    session=$!
    exec 9>"$keys"
    printf '\r%s\rnone\r\r\r' "$(cat "$LAB/roam.wg.pub")" >&9
    await 40 "Established on the screen" -- \
        grep -q 'the BGP session is Established' "$LAB/screen"
    wait "$session" || fail "exit status $?: $(cat "$LAB/screen")"
    exec 9>&-
    local stages='tunnel is set up|runs the BGP session|handshake|is Established'
    same "what was told" 4 "$(grep -cE "^ +[0-9]+\.[0-9] s .*($stages)" "$LAB/screen")"
    await 15 "six good checks for the second member" -- all_well roam $SECOND
    step "looked on: $(sed -n 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/^ *\([0-9.]* s\)  .*Established.*/\1/p' "$LAB/screen") to Established"
}
