# What an operator's machine may do to a running service. Each fault is told, hinders nobody else,
# and is over when it is mended. Sourced by crashes.sh.

# fails_with WORDS ASN: peer_create --wait for a new peering is saved, not applied, and says why.
fails_with() {
    local status=0
    wireguard_keys "$2"
    member node peer_create --asn "$2" --wg-pub-key "$(cat "$LAB/$2.wg.pub")" \
        --endpoint-addr none --yes --wait --json >"$LAB/answer" || status=$?
    same "the exit status of a peering that is saved and not applied" 3 "$status"
    expect "the reason '$1': $(cat "$LAB/answer")" -- grep -q "$1" "$LAB/answer"
    same "its state" failed "$(jq -r .peer.state "$LAB/answer")"
}

# mended ASN: the next pass applies it.
mended() {
    ring
    await 10 "AS$1 is applied now that it is mended" -- has_state node "$1" applied
    expect "BIRD runs ebgp_as$1_v6" -- protocol_runs "$1"
    nothing_planned
}
bird_process() { cat "$LAB/pop.pid"; }

# BIRD's own sessions end with it; the tunnels do not.
bird_stopped() {
    local process
    process=$(process_of "$LINK")
    kill -TERM "$(bird_process)"
    await 10 "BIRD ends" -- test ! -e "$LAB/pop.ctl"
    fails_with "no such socket; start BIRD" 4242420021
    expect "the link is there already" -- ip -n pop link show wg-as4242420021 >"$LAB/link.out"
    step "BIRD stopped: the peering failed, $(error_of node 4242420021)"
    bird_start pop
    mended 4242420021
    same "the process of $LINK" "$process" "$(process_of "$LINK")"
    await 30 "BGP Established" -- established pop "ebgp_as${FIRST}_v6"
    step "BIRD started: applied"
}

# While BIRD hangs, members are served: another's command comes back while the first still waits.
bird_hung() {
    local creation
    kill -STOP "$(bird_process)"
    fails_with "no answer in 3 s" 4242420022 &
    creation=$!
    await 10 "the peering is saved" -- is_listed 4242420022
    expect "a member was served while another waits for BIRD" -- kill -0 "$creation"
    wait "$creation" || fail "what the member was told while BIRD hung"
    kill -CONT "$(bird_process)"
    mended 4242420022
    bystander_noticed_nothing
    step "BIRD hung: members were served, the peering failed in time, and came when BIRD did"
}
is_listed() {
    member node peer_list --json |
        jq -e --argjson asn "$1" 'any(.peers[]; .asn == $asn)' >"$LAB/listed"
}

directory_read_only() {
    local before
    before=$(all_files)
    mount -o remount,ro "$LAB/bgp_peers"
    fails_with "Read-only file system" 4242420023
    same "the state of another" applied "$(state node $FIRST)"
    same "the files of BIRD" "$(grep bgp_peers <<<"$before")" "$(all_files | grep bgp_peers)"
    step "directory read-only: $(error_of node 4242420023)"
    # Nothing of it lies in that directory, so nothing keeps it from being removed.
    expect "peer_remove --wait: $(cat "$LAB/answer")" -- \
        member node peer_remove --asn 4242420023 --yes --wait --json >"$LAB/answer"
    same "removals left to do" 0 "$(removals_left)"
    fails_with "Read-only file system" 4242420023
    mount -o remount,rw "$LAB/bgp_peers"
    mended 4242420023
    bystander_noticed_nothing
    step "writable again: applied"
}

disk_full() {
    local before
    # BIRD's include does not look at names with a dot in front.
    cat /dev/zero >"$LAB/bgp_peers/.filler" 2>"$LAB/filler.out" || true
    before=$(all_files)
    fails_with "No space left on device" 4242420024
    same "the state of another" applied "$(state node $FIRST)"
    same "the files of BIRD" "$(grep bgp_peers <<<"$before")" "$(all_files | grep bgp_peers)"
    step "disk full: $(error_of node 4242420024)"
    rm "$LAB/bgp_peers/.filler"
    mended 4242420024
    bystander_noticed_nothing
    step "space again: applied"
}

# Others hold all descriptors that the service may have; when they leave, everybody can log in.
no_descriptors() {
    local open=0 others
    while [ -e "/proc/$SERVICE/fd/$open" ]; do open=$((open + 1)); done
    prlimit --pid "$SERVICE" --nofile=$((open + 4)):
    ip netns exec node bash -c '
        for fd in {10..16}; do eval "exec $fd<>/dev/tcp/pop.lab.example/4242"; done
        read -r' <"$LAB/never" &
    others=$!
    exec 8>"$LAB/never"
    await 10 "accept fails" -- log_has 'accept: .*Too many open files'
    kill -HUP "$SERVICE"
    await 10 "a pass fails too" -- log_has ' error: .*Too many open files'
    exec 8>&-
    wait "$others" || true
    await 10 "a login" -- logs_in
    prlimit --pid "$SERVICE" --nofile=1024:
    ring
    same "the state of a peering" applied "$(state node $FIRST)"
    nothing_planned
    bystander_noticed_nothing
    step "no descriptors left: told, survived, logins work when the others are gone"
}
log_has() { grep -q "$1" "$LAB/peerling.log"; }
logs_in() { member node whoami >"$LAB/whoami" 2>&1; }
