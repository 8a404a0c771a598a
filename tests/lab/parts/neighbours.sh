# Several members and an operator's mistake: what goes wrong for one is nobody else's matter.
# Sourced by peering.sh.

SECOND=4242420002
REFUSED=4242420666

# Files and a link that the operator made by hand, in the same places. They are looked at in the
# end.
by_hand() {
    printf 'define MANUAL = 1;\n' >"$LAB/bgp_peers/ebgp_manual_as1"
    printf 'define INTERNAL = 1;\n' >"$LAB/bgp_peers/ibgp_x"
    printf '[Interface]\nListenPort = 1\n' >"$LAB/wireguard/wg-m1.conf"
    # It bears a name of ours and is no plain file.
    printf 'define LINKED = 1;\n' >"$LAB/linked"
    ln -s "$LAB/linked" "$LAB/bgp_peers/ebgp_as4242429999"
    ip -n pop link add wg-m1 type veth peer name m1
    # Nobody has a peering of this name, and it is no WireGuard.
    ip -n pop link add wg-as64999 type veth peer name m2
    HAND_MADE=$(hand_made)
}
hand_made() {
    (
        cd "$LAB"
        sha256sum bgp_peers/ebgp_manual_as1 bgp_peers/ibgp_x wireguard/wg-m1.conf linked
        stat -c '%n %F %i %Y' bgp_peers/{ebgp_manual_as1,ibgp_x,ebgp_as4242429999} \
            wireguard/wg-m1.conf linked
        ip -n pop -o link show wg-m1
        ip -n pop -o link show wg-as64999
    )
}

# The second member has no public endpoint, and types at the prompt.
second_at_the_prompt() {
    local typed=$LAB/typed
    printf '%s\r' peer_create $SECOND "$(cat "$LAB/roam.wg.pub")" none '' yes bye >"$typed"
    member_ssh roam -tt roam@pop.lab.example <"$typed" >"$LAB/screen" ||
        fail "the prompt: $(cat "$LAB/screen")"
    await 10 "the second peering is applied" -- has_state roam $SECOND applied
    step "a second member, without an endpoint, typed it at the prompt"
    install roam $SECOND 33
    await 15 "a handshake that the member began" -- has_handshake "wg-as$SECOND"
    await 30 "the second BGP session is Established" -- established pop "ebgp_as${SECOND}_v6"
    await 15 "six good checks for the second member" -- all_well roam $SECOND
    step "it called us: handshake, BGP Established, six good checks"
}

# has_state MEMBER ASN STATE
has_state() { [ "$(state "$1" "$2")" = "$3" ]; }
state() { member "$1" peer_status --asn "$2" --json | jq -r .peer.state; }
error_of() { member "$1" peer_status --asn "$2" --json | jq -r .peer.error; }

# BIRD refuses one member's file; the member is told in BIRD's words, and nothing of it stays in the
# way.
refused_by_bird() {
    local status=0 first second
    first=$(since ebgp_as${FIRST}_v6) second=$(since ebgp_as${SECOND}_v6)
    wireguard_keys refused
    member node peer_create --asn $REFUSED --wg-pub-key "$(cat "$LAB/refused.wg.pub")" \
        --endpoint-addr none --yes --wait --json >"$LAB/answer" || status=$?
    same "the exit status of a peering that is saved and not applied" 3 "$status"
    expect "BIRD's words: $(cat "$LAB/answer")" -- \
        grep -q "BIRD refuses .*already defined" "$LAB/answer"
    same "its state" failed "$(state node $REFUSED)"
    expect "its file is gone" -- test ! -e "$LAB/bgp_peers/ebgp_as$REFUSED"
    expect "BIRD takes its files" -- takes_its_files
    expect "a step with BIRD's file in a plan" -- plan_has "write file ebgp_as$REFUSED"
    member node peer_remove --asn $REFUSED --yes --wait >/dev/null
    undisturbed ebgp_as${FIRST}_v6 "$first"
    undisturbed ebgp_as${SECOND}_v6 "$second"
    step "a file that BIRD refuses failed with BIRD's words, and hindered nobody"
}
# A BGP session that the operator made by hand, in a file of any name: the member is told at once.
made_by_hand() {
    local status=0 file=$LAB/bgp_peers/ebgp_manual_as$REFUSED
    printf 'protocol static ebgp_as%s_v6 { ipv4; }\n' $REFUSED >"$file"
    bird pop configure >"$LAB/bird.out"
    ring
    member node peer_create --asn $REFUSED --wg-pub-key "$(cat "$LAB/refused.wg.pub")" \
        --endpoint-addr none --yes --wait --json >"$LAB/answer" || status=$?
    same "the exit status of a refusal" 1 "$status"
    expect "the file's name: $(cat "$LAB/answer")" -- \
        grep -q "made by hand, in ebgp_manual_as$REFUSED" "$LAB/answer"
    expect "no word of a peering that is not in the database" -- \
        [ -z "$(grep 'not in the database' "$LAB/peerling.log")" ]
    rm "$file"
    bird pop configure >"$LAB/bird.out"
    ring
    step "a BGP session made by hand is the operator's: peer_create says so, and in which file"
}
takes_its_files() { bird pop configure check | grep -q "Configuration OK"; }
plan_has() {
    local status=0
    peerling plan >"$LAB/plan.out" 2>"$LAB/plan.err" || status=$?
    [ $status = 2 ] && grep -qF "$1" "$LAB/plan.out"
}

all_drifts() { grep -c 'drift:' "$LAB/peerling.log" || true; }

# The operator breaks bird.conf: new peerings wait with BIRD's words, and come when it is mended.
broken_bird_conf() {
    local words first drifts
    first=$(since ebgp_as${FIRST}_v6)
    drifts=$(all_drifts)
    echo 'protocol nonsense;' >>"$LAB/pop.bird.conf"
    wireguard_keys late
    member node peer_create --asn 4242420003 --wg-pub-key "$(cat "$LAB/late.wg.pub")" \
        --endpoint-addr none --yes --wait --json >/dev/null &&
        fail "it was applied though BIRD refuses"
    words=$(error_of node 4242420003)
    expect "the operator's file and BIRD's words: $words" -- \
        grep -q "pop.bird.conf:[0-9]*:[0-9]*:* .*syntax error" <<<"$words"
    same "its state" failed "$(state node 4242420003)"
    same "the state of another" applied "$(state node $FIRST)"
    ring
    same "the state of another after one more pass" applied "$(state node $FIRST)"
    same "its state then" failed "$(state node 4242420003)"
    expect "nothing lies there that BIRD has not tried" -- \
        test ! -e "$LAB/bgp_peers/ebgp_as4242420003"
    step "bird.conf broken by hand: $words"
    sed -i '$d' "$LAB/pop.bird.conf"
    # The member looks again and again; that must not put off the next try.
    await 30 "it is applied when bird.conf is mended" -- has_state node 4242420003 applied
    expect "BIRD runs it" -- protocol_runs 4242420003
    undisturbed ebgp_as${FIRST}_v6 "$first"
    same "how often anything drifted" "$drifts" "$(all_drifts)"
    step "bird.conf mended: applied by the next try, and nothing drifted"
}
