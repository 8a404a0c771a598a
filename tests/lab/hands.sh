#!/bin/bash
# What an operator's hands do to a POP: links, addresses, keys and files changed behind peerling's
# back, and a database that loses rows, vanishes or is no database. `peerling plan` tells each, the
# next pass mends what is wanted, and nothing goes that nobody asked to remove. One peering stands
# Established beside it, and must not notice. PEERLING names the binary; needs what peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation latency neighbours restart killed edited unasked; do
    . "$HERE/parts/$chapter.sh"
done

set_stage node
registry_of node $FIRST $THERE
for name in pop node $THERE stranger; do wireguard_keys "$name"; done
pop_config
pop_bird
bird_start pop
bystander_stands
wanted_by_hand peer_create $THERE
converges
links_edited
files_edited
comes_back
rows_deleted
database_gone
database_broken
row_given_up
no_secret_told
