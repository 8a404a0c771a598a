#!/bin/bash
# peerling killed before each request to the kernel and to BIRD: what differs between the kernel's links and
# those of processes. The other kill points are the same for both; crashes.sh plays them all.
set -euo pipefail
HERE=$(realpath "$(dirname "$0")/../lab")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation latency restart killed; do . "$HERE/parts/$chapter.sh"; done

set_stage node
registry_of node $FIRST $THERE $OTHER
for name in pop node $THERE $OTHER; do wireguard_keys "$name"; done
pop_config
pop_bird
bird_start pop
bystander_stands
wanted_by_hand peer_create $THERE
converges
killed_at sendto peer_create peer_remove
