#!/bin/bash
# peer_status names what is wrong: two dozen members, each with another mistake, and one without.
# PEERLING names the binary; needs what peering.sh needs.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
for chapter in sides creation wrongs raw; do . "$HERE/parts/$chapter.sh"; done

set_stage node "${MEMBERS[@]}" heir
NAMES=$!
registry_of node "${ASN[@]}"
registry_of heir
wireguard_keys pop
pop_config
pop_bird
stricter_pop
bird_start pop
serve
create_all
step "${#MEMBERS[@]} peerings are there, one maintainer's"
ip -n world route add prohibit "fd5e:1ab:${NUMBER[forbidden]}::2/128"
all_set_up
names_changed
step "members have set up their sides, each in their own way"

await 30 "all is well with one" -- all_well node "${ASN[well]}"
step "well: $WELL_CHECKS"
# The operator on the machine itself, beside the service, sees what the member sees.
same "what is not well by peerling exec" "[]" "$(peerling exec -- peer_status --asn "${ASN[well]}" --json |
    jq -c '[.peer.checks[] | select(.ok != true) | .name]')"
raw_is_what_the_programs_print
for name in hang down; do
    await 30 "BGP Established" -- established pop "ebgp_as${ASN[$name]}_v6"
done
kill -STOP "$(cat "$LAB/hang.pid")"
bird down disable lab_pop >"$LAB/disabled.out"
says down bgp member "shut down on your side"

says gone endpoint member "does not exist in the DNS"
says moved endpoint member "fd00:666::1 is a dn42-internal or private address"
says v4only endpoint member "no AAAA record"
says closed handshake member "nobody listens at [fd5e:1ab:${NUMBER[closed]}::2]:20263"
says forbidden handshake member "a firewall forbids"
says mute handshake member "got no answer"
says otherpop handshake member "arrive, but for another public key"
says otherkey handshake member "arrive, but from another key than yours"
says psk handshake member "your handshakes arrive"
says passive handshake member "you are to call"
says noaddress tunnel member "does not answer to ping"
says otheraddress tunnel member "does not answer to ping"
says allowed tunnel member "does not answer to ping"
says nobird bgp member "nobody listens on TCP port 179"
says wrongas bgp member "comes with another AS number than ${ASN[wrongas]}"
says expects bgp member "expects this POP to have another AS number"
says absent bgp member "nobody listens on TCP port 179"
says neighbor bgp member "does not know this POP as its neighbor"
says toomany routes member "ipv4 is at its import limit of 3"
says nothing routes member "you announce nothing"
says invalid routes member "refused by this POP's filter"
says nexthop routes member "without extended next hop"
says onefamily routes member "does not offer ipv4"
says hang bgp member "nothing of your side came for the hold time"
inherited nothing
both_passive well
