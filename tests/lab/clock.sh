#!/bin/bash
# The wall clock is set a year ahead and a year back while peerling runs: it takes no step, and no
# BGP session notices. libfaketime tells peerling the time; BIRD and WireGuard have the true one.
# PEERLING names the binary, which must be linked to the system's C library; needs what peering.sh
# needs, and faketime.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation latency neighbours restart killed; do . "$HERE/parts/$chapter.sh"; done

# The clock of peerling is the machine's and this, read anew at each look; the steady clock stays.
clock_is() { echo "$1" >"$LAB/clock"; }
FAKETIME_LIBRARY=$(ls /usr/lib/*/faketime/libfaketime.so.1)

clock_is_set() {
    local moment year
    moment=$(since ebgp_as${FIRST}_v6) year=$(date -d "${1}ays" +%Y)
    clock_is "$1"
    member node peer_list >"$LAB/list"
    for _ in 1 2 3; do
        ring
        sleep 1.2
    done
    same "the steps of all passes since" 0 "$(all_steps)"
    # That this kernel has no WireGuard may be told at the start.
    same "what was not well" "" "$(grep -E '^[^ ]+ (error|warning): ' "$LAB/peerling.log" | grep -v 'WireGuard by userspace' || true)"
    undisturbed ebgp_as${FIRST}_v6 "$moment"
    same "the transitions since" "$HISTORY" "$(history)"
    same "the endpoint" "[fd5e:1ab:2::2]:20263" \
        "$(ip netns exec pop wg show "$LINK" endpoints | cut -f2)"
    # A new peering is made, and its record has the year that the clock says.
    wireguard_keys "$2"
    member node peer_create --asn "$2" --wg-pub-key "$(cat "$LAB/$2.wg.pub")" \
        --endpoint-addr none --yes --wait >"$LAB/answer" || fail "$(cat "$LAB/answer")"
    same "the year of its record" "$year" "$(sqlite3 "$LAB/peering.db" \
        "SELECT strftime('%Y', at_s, 'unixepoch') FROM peerling_audit WHERE as_num = $2")"
    : >"$LAB/peerling.log"
    step "the clock set by $1: no step, no word, the BGP session is Established since $moment"
}
history() { sqlite3 "$LAB/peering.db" "SELECT id, what, became FROM peerling_transition"; }

set_stage node
registry_of node $FIRST $SECOND 4242420003
for name in pop node; do wireguard_keys "$name"; done
WATCH_INTERVAL_S=1 pop_config
pop_bird
bird_start pop
clock_is +0
AS_SERVICE=(ip netns exec pop env -i "PATH=$PATH" "LD_PRELOAD=$FAKETIME_LIBRARY" DONT_FAKE_MONOTONIC=1
    "FAKETIME_TIMESTAMP_FILE=$LAB/clock" FAKETIME_NO_CACHE=1 "$PEERLING")
serve
ignores_ping node 1
create_first
first_comes_up
sleep 1.5
HISTORY=$(history)
: >"$LAB/peerling.log"
clock_is_set +365d $SECOND
clock_is_set -365d 4242420003
