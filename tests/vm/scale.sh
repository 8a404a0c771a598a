#!/bin/bash
# A cold start, as after a reboot: the files of LINKS peerings are there and none of their links, and one `peerling
# apply` makes them, between two runs of a bare loop that makes as many and does nothing else. Tells the times, and
# fails where peerling takes more than RATIO_MAX percent of the loop's processor time (its own and the kernel's for
# it; the time on the clock has in it what the kernel still does for the links before). Each has a namespace of its
# own, and the links stay: the kernel would take longer to remove them. They are 150 kB of memory each.
set -euo pipefail
HERE=$(realpath "$(dirname "$0")/../lab")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
. "$HERE/parts/restart.sh"
LINKS=${LINKS:-1000}
RATIO_MAX=${RATIO_MAX:-120}
# What the kernel does for new links behind their maker's back takes some seconds.
REST_S=8

# peerings: rows for so many members without an endpoint; each key is a number.
peerings() {
    peerling apply >"$LAB/apply.out" 2>&1 || fail "$(cat "$LAB/apply.out")"
    {
        echo 'BEGIN;'
        for ((number = 1; number <= LINKS; number++)); do
            printf "INSERT INTO peering_links VALUES (%d, %d, '%042dA=', '::', 1, NULL);\n" \
                "$number" $((4242420000 + number)) "$number"
        done
        echo 'COMMIT;'
    } | sqlite3 -bail "$LAB/peering.db"
}

# links NAMESPACE: how many there are.
links() { ip -n "$1" -o link show type wireguard | wc -l; }
# spent COMMAND...: its milliseconds on the clock as CLOCK, its processor time as CPU.
spent() {
    local TIMEFORMAT='%3R %3U %3S' user system
    { time "$@" >"$LAB/spent.out" 2>&1 || fail "$(cat "$LAB/spent.out")"; } 2>"$LAB/spent"
    read -r CLOCK user system <"$LAB/spent"
    CLOCK=$((10#${CLOCK/./})) CPU=$((10#${user/./} + 10#${system/./}))
}
# bare NAMESPACE: the bare loop's CLOCK and CPU.
bare() {
    namespace "$1"
    spent ip netns exec "$1" wireguard bare "$LINKS"
    same "the links of the bare loop" "$LINKS" "$(links "$1")"
    sleep "$REST_S"
}
backend() { sed -i "s|^backend = .*|backend = \"$1\"|" "$LAB/peerling.toml"; }

set_stage
wireguard_keys pop
mkdir -p "$LAB/registry/data/mntner" "$LAB/registry/data/aut-num"
pop_config
sed -i 's|^socket = .*|socket = ""|' "$LAB/peerling.toml"
peerings
BACKEND=$(sed -n 's|^backend = "\(.*\)"|\1|p' "$LAB/peerling.toml")
backend files
spent peerling apply
step "$LINKS peerings: both files of each in $CLOCK ms"
same "links while there are files alone" 0 "$(links pop)"
backend "$BACKEND"
bare before
BARE=$CPU BARE_CLOCK=$CLOCK
spent peerling apply
OURS=$CPU OURS_CLOCK=$CLOCK
same "the links of peerling" "$LINKS" "$(links pop)"
sleep "$REST_S"
bare after
RATIO=$((OURS * 200 / (BARE + CPU)))
step "$LINKS links: peerling apply $OURS_CLOCK ms, a bare loop $BARE_CLOCK ms before and $CLOCK ms after"
step "their processor time: $OURS ms, $BARE ms and $CPU ms ($RATIO %)"
spent nothing_planned
step "peerling plan with nothing to do: $CLOCK ms, processor time $CPU ms"
[ $RATIO -le "$RATIO_MAX" ] || fail "more than $RATIO_MAX % of the bare loop"
