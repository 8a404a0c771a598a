#!/bin/bash
# More links than this user may have inotify instances, of which each wireguard-go takes one: those
# that still find one are served, the others say which limit it is, and come when it is raised. In
# a user namespace of its own, where the limit is the play's. PEERLING names the binary; needs
# wireguard-go, wg, ip, jq, /dev/net/tun.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
if [ -z "${LAB_INSIDE:-}" ]; then
    LAB_INSIDE=1 exec unshare --user --map-root-user --mount --net --pid --fork --kill-child \
        --mount-proc -- bash "$0" "$@"
fi
. "$HERE/parts/sides.sh"
. "$HERE/parts/restart.sh"

LINKS_MAX=8
LIMIT=/proc/sys/user/max_inotify_instances
peerling() { env -i "PATH=$PATH" "$PEERLING" --config "$LAB/peerling.toml" "$@"; }
links() { ip -j link show | jq '[.[] | select(.ifname | startswith("wg-"))] | length'; }

LAB=$(mktemp -d /tmp/peerling-lab.XXXXXX)
trap leave EXIT
mkdir -p /run/wireguard
mount -t tmpfs tmpfs /run/wireguard
ip link set lo up
registry_of node $(seq 4242420001 $((4242420002 + LINKS_MAX)))
wireguard_keys pop
PEERLING_LAB_BACKEND=userspace pop_config
sed -i 's|^socket = .*|socket = ""|' "$LAB/peerling.toml"
for number in $(seq $((LINKS_MAX + 2))); do
    wireguard_keys "$number"
    peerling exec peer_create --asn $((4242420000 + number)) --yes --endpoint-addr none \
        --wg-pub-key "$(cat "$LAB/$number.wg.pub")" >"$LAB/exec.out" 2>&1 ||
        fail "$(cat "$LAB/exec.out")"
done
echo $LINKS_MAX >$LIMIT
peerling apply >"$LAB/apply.log" 2>&1 && fail "applied beyond the limit"
same "the links" $LINKS_MAX "$(links)"
same "who was told of the limit" 2 "$(grep -c '^error: AS.*no inotify instance.*max_user_instances' "$LAB/apply.log")"
step "$((LINKS_MAX + 2)) links, $LINKS_MAX inotify instances: $(grep -m1 '^error: AS' "$LAB/apply.log")"
# The processes of those that were served; one that failed may take a moment to end.
served() { pgrep -f "^wireguard-go wg-as424242000[1-$LINKS_MAX]" | sort; }
PROCESSES=$(served)
same "the processes" $LINKS_MAX "$(wc -l <<<"$PROCESSES")"
peerling apply >"$LAB/apply.log" 2>&1 && fail "applied beyond the limit"
same "the processes of the others after another pass" "$PROCESSES" "$(served)"
echo 128 >$LIMIT
peerling apply >"$LAB/apply.log" 2>&1 || fail "$(cat "$LAB/apply.log")"
same "the links when the limit is raised" $((LINKS_MAX + 2)) "$(links)"
same "the processes of the others when it is raised" "$PROCESSES" "$(served)"
step "the limit raised: all $((LINKS_MAX + 2)) links are there, and no process was started anew"
