#!/bin/bash
# The clock set a year forward and back while the service runs with links, which only a machine of its own
# allows: no step, no panic, and members are answered.
set -euo pipefail
: "${VIRTUAL_MACHINE:?it sets the clock, and runs only in a virtual machine: tests/vm/plays.sh vm/clock.sh}"
HERE=$(realpath "$(dirname "$0")/../lab")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation latency restart; do . "$HERE/parts/$chapter.sh"; done
YEAR_S=31536000

# jump SECONDS WORDS: sets the clock, and looks whether anybody noticed.
jump() {
    local before
    before=$(passes)
    date -s "@$(($(date +%s) + $1))" >"$LAB/date.out"
    LAB_BEGIN=$((LAB_BEGIN + $1 * 1000000))
    ring
    ring
    [ "$(passes)" -ge $((before + 2)) ] || fail "no pass after the clock was set $2"
    same "the steps of all passes, the clock set $2" "$STEPS" "$(all_steps)"
    kill -0 "$SERVICE" || fail "the service ended, the clock set $2"
    same "the state, the clock set $2" applied \
        "$(member node peer_status --asn $FIRST --json | jq -r .peer.state)"
    same "the links, the clock set $2" "$LIFE" "$(life_of "$LINK")"
    expect "BGP Established, the clock set $2" -- established pop "ebgp_as${FIRST}_v6"
    peerling plan >"$LAB/plan.out" 2>&1 || true
    # A program that starts while the files look younger than BIRD's configuration has BIRD read them again.
    same "the plan, the clock set $2" "" "$(grep -E '^(create|change|write|remove) ' "$LAB/plan.out" || true)"
    peerling check >"$LAB/check.out" 2>&1 || fail "check: $(cat "$LAB/check.out")"
    step "the clock set $2: no step, the service answers: $(handshake_told)"
}
handshake_told() {
    member node peer_status --asn $FIRST --json |
        jq -r '.peer.checks[] | select(.name == "handshake").detail'
}

set_stage node
registry_of node $FIRST
for name in pop node; do wireguard_keys "$name"; done
pop_config
pop_bird
bird_start pop
serve
ignores_ping node 1
create_first
install node $FIRST 32
await 30 "BGP Established" -- established pop "ebgp_as${FIRST}_v6"
ring
LIFE=$(life_of "$LINK") STEPS=$(all_steps)
jump $YEAR_S "a year forward"
jump -$YEAR_S "back again"
jump -$YEAR_S "a year back"
jump $YEAR_S "to what it was"
kill -TERM "$SERVICE"
wait "$SERVICE" || fail "exit status $? after SIGTERM"
! grep -i panic "$LAB/peerling.log" || fail "a panic"
