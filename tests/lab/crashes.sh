#!/bin/bash
# Crashes and faults: peerling killed between any two steps of a pass, BIRD stopped and hung, a
# directory that takes no files, no descriptors left. Each time one peering stands Established
# beside it, and must not notice. PEERLING names the binary; needs what peering.sh needs, strace and
# prlimit.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation latency neighbours restart killed faults; do . "$HERE/parts/$chapter.sh"; done

set_stage node
registry_of node $FIRST $THERE $OTHER 424242002{1..4}
for name in pop node $THERE $OTHER; do wireguard_keys "$name"; done
pop_config
# A small disk of its own, that can be full.
mount -t tmpfs -o size=64k tmpfs "$LAB/bgp_peers"
pop_bird
bird_start pop
serve
# A class that is measured would change files at its own time.
ignores_ping node 1
create_first
first_comes_up
bird_stopped
watch_bystander
bird_hung
directory_read_only
disk_full
mkfifo "$LAB/never"
no_descriptors
kill -TERM "$SERVICE"
wait "$SERVICE" || fail "exit status $? after SIGTERM"
for asn in 424242002{1..4}; do wanted_by_hand peer_remove "$asn"; done
killed_everywhere
