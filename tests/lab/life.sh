#!/bin/bash
# A peering that goes down and comes back, and who is told. PEERLING names the binary; needs what
# peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation life; do . "$HERE/parts/$chapter.sh"; done

WATCH_INTERVAL_S=1
set_stage node
registry_of node $FIRST
for name in pop node; do wireguard_keys "$name"; done
pop_config
pop_bird
bird_start pop
serve

create_first
first_comes_up
down_and_back
