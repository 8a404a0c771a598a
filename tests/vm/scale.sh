#!/bin/bash
# A cold start: one `peerling apply` makes the files and links of LINKS peerings, between two runs of a bare loop
# that makes as many links and does nothing else. Tells the times and their ratio, and fails where peerling takes
# more than RATIO_MAX percent of the loop's mean. Each has a namespace of its own, and the links stay: the kernel
# would take longer to remove them. They are 150 kB of memory each.
set -euo pipefail
HERE=$(realpath "$(dirname "$0")/../lab")
. "$HERE/stage.sh"
enter "$0" "$@"
. "$HERE/sides.sh"
. "$HERE/restart.sh"
LINKS=${LINKS:-1000}
RATIO_MAX=${RATIO_MAX:-150}

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
# bare NAMESPACE: the loop's milliseconds.
bare() {
    namespace "$1"
    ip netns exec "$1" wireguard bare "$LINKS" | sed -n 's/^bare //p'
    same "the links of the bare loop" "$LINKS" "$(links "$1")"
}
milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }

set_stage
wireguard_keys pop
mkdir -p "$LAB/registry/data/mntner" "$LAB/registry/data/aut-num"
pop_config
sed -i 's|^socket = .*|socket = ""|' "$LAB/peerling.toml"
peerings
BEFORE=$(bare before)
BEGIN=$(milliseconds)
peerling apply >"$LAB/apply.out" 2>&1 || fail "$(cat "$LAB/apply.out")"
TAKEN=$(($(milliseconds) - BEGIN))
same "the links of peerling" "$LINKS" "$(links pop)"
AFTER=$(bare after)
RATIO=$((TAKEN * 200 / (BEFORE + AFTER)))
BEGIN=$(milliseconds)
nothing_planned
step "$LINKS links: peerling apply $TAKEN ms, a bare loop $BEFORE ms before and $AFTER ms after ($RATIO %)"
step "peerling plan with nothing to do: $(($(milliseconds) - BEGIN)) ms"
[ $RATIO -le "$RATIO_MAX" ] || fail "more than $RATIO_MAX % of the bare loop"
