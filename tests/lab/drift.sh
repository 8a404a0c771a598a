#!/bin/bash
# Drift: what somebody does to a running POP by hand is noticed and mended, told, and after the third
# time left alone; and what comes up and goes down is written down. PEERLING names the binary; needs
# what peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation latency neighbours restart killed; do . "$HERE/parts/$chapter.sh"; done

# Peerings that nobody's router answers for.
THIRD=4242420031
FOURTH=4242420032

drifts() { grep -c "drift: its $1" "$LAB/peerling.log" || true; }
drifted() { [ "$(drifts "$1")" -ge "$2" ]; }

# mended THING TIMES WORDS: after a ring all is right again, and it was told as drift.
mended() {
    ring
    nothing_planned
    same "how often it was told that the $1 drifted" "$2" "$(drifts "$1")"
    step "$3: mended in the next pass, and told"
}

# history ASN: one line each, oldest first.
history() {
    sqlite3 "$LAB/peering.db" "SELECT what || ' ' || was || ' -> ' || became
        FROM peerling_transition WHERE as_num = $1 ORDER BY id"
}
history_has() { history "$1" | grep -q "$2"; }

bgp_disabled() {
    await 10 "the history tells that it came up" -- history_has $FIRST "^bgp .* -> Established$"
    await 10 "the history tells of the link" -- history_has $FIRST "^link .* -> up$"
    bird pop disable ebgp_as${FIRST}_v6 >"$LAB/bird.out"
    await 10 "it is enabled again, without anybody asking" -- \
        log_has "enable BGP session ebgp_as${FIRST}_v6"
    await 30 "BGP Established" -- established pop "ebgp_as${FIRST}_v6"
    await 10 "the history tells that it came up again" -- came_up_twice
    same "the history of the BGP session" "up down up" \
        "$(history $FIRST | sed -n 's/^bgp .* -> Established$/up/p; s/^bgp Established -> .*/down/p' |
            paste -sd' ')"
    step "BGP session disabled by hand: enabled within the watch's interval; history: $(history $FIRST | paste -sd';')"
}
came_up_twice() { [ "$(history $FIRST | grep -c '^bgp .* -> Established$')" = 2 ]; }
log_has() { grep -q "$1" "$LAB/peerling.log"; }

# A start is no transition: nothing is written down twice.
started_again() {
    local before
    before=$(history $FIRST)
    : >"$LAB/peerling.log"
    restart
    await 10 "the first pass" -- passed_since 0
    sleep 3
    same "the history after a start" "$before" "$(history $FIRST)"
    step "started again: nothing is told twice"
}

settings_by_hand() {
    ip -n pop address del fe80:263::1:1 peer fe80:263::2:1 dev "$LINK"
    mended "link's settings" 1 "address removed"
    link_is_right
    ip netns exec pop wg set "$LINK" peer "$(cat "$LAB/node.wg.pub")" remove \
        peer "$(cat "$LAB/pop.wg.pub")" allowed-ips fe80::/10
    mended "link's settings" 2 "peer replaced"
    link_is_right
    ip -n pop link set "$LINK" down
    mended "link's settings" 3 "link set down"
    link_is_right
    await 60 "the BGP session is back" -- established pop "ebgp_as${FIRST}_v6"
}

route_by_hand() {
    ip -n pop -6 route del "$(sed -n 's/.* neighbor \(.*\) as .*/\1/p' "$LAB/bgp_peers/ebgp_as$THIRD")" \
        dev wg-as$THIRD
    expect "a step that makes it anew" -- plan_has "made anew"
    mended "link's settings" 4 "route deleted"
    expect "a route to the peer's address" -- \
        [ -n "$(ip -n pop -6 route show dev wg-as$THIRD proto kernel)" ]
}

files_by_hand() {
    echo '# by hand' >>"$LAB/bgp_peers/ebgp_as$FIRST"
    mended "BIRD file" 1 "BIRD's file edited"
    rm "$LAB/bgp_peers/ebgp_as$FIRST"
    mended "BIRD file" 2 "BIRD's file deleted"
    echo '# by hand' >>"$LAB/wireguard/$LINK.conf"
    mended "WireGuard file" 1 "WireGuard's file edited"
    files_are_right
    undisturbed ebgp_as${FIRST}_v6 "$SINCE"
}

# The fourth time it is left, and everybody who asks is told; a command ends it.
left_alone() {
    local words count
    rm "$LAB/bgp_peers/ebgp_as$FIRST"
    mended "BIRD file" 3 "BIRD's file deleted again"
    echo '# by hand' >>"$LAB/bgp_peers/ebgp_as$FIRST"
    ring
    expect "a step for it in a plan" -- plan_has "change file ebgp_as$FIRST"
    same "how often it was mended" 3 "$(drifts 'BIRD file')"
    words="its BIRD file was put right 3 times within 60 minutes"
    expect "the member is told: $(error_of node $FIRST)" -- grep -q "$words" <<<"$(error_of node $FIRST)"
    ring
    count=$(grep -c " error: AS$FIRST: $words" "$LAB/peerling.log")
    same "how often that was logged" 1 "$count"
    peerling check >"$LAB/check.out" 2>&1 || true
    expect "check tells: $(cat "$LAB/check.out")" -- grep -q "AS$FIRST: $words" "$LAB/check.out"
    undisturbed ebgp_as${FIRST}_v6 "$SINCE"
    step "the fourth time: left as it is; $(error_of node $FIRST)"
    # The others of the same POP are mended as ever.
    rm "$LAB/bgp_peers/ebgp_as$THIRD"
    ring
    expect "another's file is there" -- test -e "$LAB/bgp_peers/ebgp_as$THIRD"
    : >"$LAB/peerling.log"
    restart
    await 10 "the first pass" -- passed_since 0
    await 10 "a start forgets what was left" -- has_state node $FIRST applied
    nothing_planned
    step "started again: mended, and nothing is left alone"
}

# A program that makes links, and ends again and again.
processes_die() {
    local name=wg-as$FOURTH
    for count in 1 2 3; do
        kill -KILL "$(process_of "$name")"
        await 20 "death $count is told as drift" -- drifted "link was" "$count"
        await 10 "its link is made anew" -- applied_with_link node $FOURTH
    done
    kill -KILL "$(process_of "$name")"
    await 20 "the fourth time it is left" -- has_state node $FOURTH failed
    ring
    expect "no process for it" -- [ -z "$(process_of "$name")" ]
    step "its process killed four times: made anew three times, then $(error_of node $FOURTH)"
}
applied_with_link() { [ -n "$(process_of "wg-as$2")" ] && has_state "$1" "$2" applied; }

# A program that makes no link at all is run less and less, and the others go on.
program_fails() {
    local runs
    cp "$LAB/peerling.toml" "$LAB/whole.toml"
    printf '#!/bin/sh\necho "$@" >>%s/runs\necho "no such device" >&2\nexit 1\n' "$LAB" >"$LAB/dying"
    chmod 755 "$LAB/dying"
    sed -i "s|^backend = .*|backend = \"userspace\"\nuserspace_command = \"$LAB/dying\"|" \
        "$LAB/peerling.toml"
    ring
    wireguard_keys late
    member node peer_create --asn 4242420033 --wg-pub-key "$(cat "$LAB/late.wg.pub")" \
        --endpoint-addr none --yes --wait --json >"$LAB/answer" && fail "applied without a link"
    expect "the program's words: $(cat "$LAB/answer")" -- grep -q "no such device" "$LAB/answer"
    sleep 25
    runs=$(wc -l <"$LAB/runs")
    expect "it was run $runs times in 25 s" -- [ "$runs" -ge 2 -a "$runs" -le 4 ]
    same "the state of another" applied "$(state node $FIRST)"
    cp "$LAB/whole.toml" "$LAB/peerling.toml"
    ring
    await 10 "it is applied when the program is whole" -- has_state node 4242420033 applied
    step "a program that makes no link: run $runs times in 25 s, and at once after SIGHUP"
}

set_stage node
registry_of node $FIRST $THIRD $FOURTH 4242420033
for name in pop node third fourth; do wireguard_keys "$name"; done
WATCH_INTERVAL_S=1 pop_config
pop_bird
bird_start pop
serve
ignores_ping node 1
create_first
first_comes_up
bgp_disabled
started_again
for name in third:$THIRD fourth:$FOURTH; do
    member node peer_create --asn "${name#*:}" --wg-pub-key "$(cat "$LAB/${name%:*}.wg.pub")" \
        --endpoint-addr none --yes --wait >"$LAB/answer" || fail "$(cat "$LAB/answer")"
done
settings_by_hand
route_by_hand
SINCE=$(since ebgp_as${FIRST}_v6)
files_by_hand
left_alone
processes_die
program_fails
