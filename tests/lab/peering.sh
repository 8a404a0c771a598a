#!/bin/bash
# The life of a peering, from the key in the registry to the removal, with the real binary, OpenSSH,
# BIRD and WireGuard on both sides. PEERLING names the binary (target/debug/peerling). Needs root,
# bird, birdc, wireguard-go (where the kernel has no WireGuard), wg, wg-quick, ip, ss, ssh, dnsmasq,
# jq, /dev/net/tun.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
for chapter in creation latency neighbours changes restart removal; do . "$HERE/parts/$chapter.sh"; done

set_stage node roam
registry_of node $FIRST $REFUSED 4242420003
registry_of roam $SECOND
for name in pop node roam; do wireguard_keys "$name"; done
pop_config
pop_bird
step "stage set: pop, two members, IPv6 only, names by dnsmasq"
bird_start pop
peerling check >"$LAB/check.out" 2>&1 || fail "check: $(cat "$LAB/check.out")"
step "peerling check finds nothing wrong"
serve
step "peerling serves"

# A class that is measured would change a file of BIRD's at its own time.
for name in node roam; do ignores_ping "$name" 1; done
create_first
first_comes_up
class_is_measured
by_hand
second_at_the_prompt
endpoint_edited
key_edited
off_and_on
looks_on
refused_by_bird
made_by_hand
broken_bird_conf
killed_and_started
link_deleted
removed
ended
