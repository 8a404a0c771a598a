#!/bin/bash
# The transcript of the README, from the real thing: a member at the prompt, from peer_create to an
# Established BGP session. Prints what the terminal showed. PEERLING names the binary; needs what
# peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
. "$HERE/parts/creation.sh"

type_line() { printf '%s\r' "$1" >&9; }
screen_has() { grep -q "$1" "$LAB/screen"; }
all_good() { [ "$(tail -n 12 "$LAB/screen" | grep -c ' ok ')" = 6 ]; }
status_is_good() {
    type_line peer_status
    sleep 1
    all_good
}

set_stage node
registry_of node $FIRST
for name in pop node; do wireguard_keys "$name"; done
pop_config
pop_bird
bird_start pop
serve

mkfifo "$LAB/keys"
member_ssh node -tt node@pop.lab.example <"$LAB/keys" >"$LAB/screen" &
SESSION=$!
exec 9>"$LAB/keys"
await 10 "the prompt" -- screen_has 'AS4242420263> '
type_line peer_create
type_line ''
type_line "$(cat "$LAB/node.wg.pub")"
type_line node.lab.example
type_line ''
type_line ''
await 20 "the summary" -- screen_has 'Create this peering'
type_line ''
await 20 "our side" -- screen_has 'runs the BGP session'
install node $FIRST 32
await 30 "BGP Established" -- screen_has 'the BGP session is Established'
await 20 "six good checks" -- status_is_good
type_line bye
wait "$SESSION"
sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/\r$//' "$LAB/screen"
