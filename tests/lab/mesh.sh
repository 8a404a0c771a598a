#!/bin/bash
# One network of four POPs, from an inventory: links, addresses, Babel, iBGP, the routes of a member
# at one POP in the kernels of all others; a POP that is added; a link that is cut; one that is
# switched off. PEERLING names the binary; needs what peering.sh needs, and ping.
set -euo pipefail
HERE=$(dirname "$(realpath "$0")")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"
. "$HERE/parts/fleet.sh"

MEMBER_ASN=4242420001
ALL=(ams1 ams2 par1 waw1)

set_stage_of "${ALL[@]}" node
registry_of node $MEMBER_ASN
routes_of node "$MEMBER_ASN" 172.20.99.0/27 fd42:99::/48
routes_of lab "$POP_ASN" 172.20.0.0/27 fd42:263::/48
for name in "${ALL[@]}" node; do wireguard_keys "$name"; done
: >"$LAB/exceptions"
step "stage set: four POPs and a member, IPv6 only"

three=(ams1 ams2 par1)
for name in "${three[@]}"; do configure "$name" "${three[@]}"; done
for name in "${three[@]}"; do raise "$name"; done
step "three POPs serve, with the BIRD configuration of bird-init"
await 40 "three POPs are meshed" -- meshed "${three[@]}"
step "Babel and iBGP are up between the three"
for name in "${three[@]}"; do
    on "$name" check >"$LAB/$name.check" 2>&1 || fail "check of $name: $(cat "$LAB/$name.check")"
    on "$name" plan >"$LAB/$name.plan" || fail "steps are pending: $(cat "$LAB/$name.plan")"
done
step "check finds nothing wrong, and no step is pending"

# A POP more: its lines in the inventory, the new POP itself, and one apply on each of the others.
for name in "${ALL[@]}"; do configure "$name" "${ALL[@]}"; done
raise waw1
for name in "${three[@]}"; do on "$name" apply 2>>"$LAB/$name.log" || fail "apply on $name"; done
await 40 "four POPs are meshed" -- meshed "${ALL[@]}"
step "a fourth POP is in after one apply on each of the others: Babel on six links, iBGP between all"

# A member at one POP.
member_at ams1 node
await 40 "the member's BGP session is Established" -- established node lab_ams1
await 20 "the member's networks are at all POPs" -- learnt "${ALL[@]:1}"
step "a member at ams1: its networks are in the kernels of all others, IPv4 with an IPv6 next hop"
for name in "${ALL[@]}"; do
    await 20 "packets from $name to the member and back" -- reaches "$name"
done
step "packets of both families come back to the addresses of all four"

sever ams1 waw1
await 60 "the way from ams1 to waw1 goes round" -- goes_round ams1 waw1
step "the link between ams1 and waw1 lost every packet: traffic goes round, by $(by_way ams1 waw1)"
expect "the iBGP session between them outlived that" -- established ams1 ibgp_waw1
rejoin ams1 waw1
await 60 "the way from ams1 to waw1 is straight again" -- goes_straight ams1 waw1
step "mended: it goes straight again, and the iBGP session never went down"

# What is switched off in the inventory is taken down; what somebody else made is not.
ip -n ams1 link add wg-int-foo type veth peer name foo
printf '# by hand\n' >"$LAB/ams1/bird/bgp_peers/ibgp_foo"
printf '\n[[mesh.link]]\npops = ["ams1", "par1"]\noff = true\n' >"$LAB/exceptions"
printf '\n[[mesh.link]]\npops = ["ams2", "waw1"]\ncost = 500\n' >>"$LAB/exceptions"
for name in "${ALL[@]}"; do configure "$name" "${ALL[@]}"; done
for name in "${ALL[@]}"; do kill -HUP "${SERVICES[$name]}"; done
await 20 "the link between ams1 and par1 is gone" -- no_link ams1 par1
await 20 "packets from par1 to the member and back" -- reaches par1
await 20 "Babel's cost of the link to waw1" -- costs ams2 waw1 500
expect "what others made was left alone" -- still_there
expect "the iBGP session between ams1 and par1 goes round" -- established par1 ibgp_ams1
step "SIGHUP with ams1-par1 off and ams2-waw1 dear: that link is gone, its BGP session goes round; this one costs 500"

# A POP is retired. One of the others has a file of its own for the BGP session with it.
sed -i 1d "$LAB/waw1/bird/bgp_peers/ibgp_par1"
bird waw1 configure >/dev/null
RETIRED=par1
for name in ams2 waw1; do configure "$name" "${ALL[@]}"; done
for name in ams2 waw1; do kill -HUP "${SERVICES[$name]}"; done
for name in ams2 waw1; do await 20 "the link from $name to par1 is gone" -- no_link "$name" par1; done
await 20 "nothing is left to do on waw1" -- rests waw1
expect "its own file for par1 is left alone" -- test -e "$LAB/waw1/bird/bgp_peers/ibgp_par1"
expect "ours is gone" -- no_file ams2 par1
step "par1 retired: links and BGP sessions to it are gone, but for the file that somebody wrote by hand"

if on ams1 down --yes >"$LAB/down" 2>&1; then fail "down beside a running service: $(cat "$LAB/down")"; fi
expect "down says why not" -- grep -q '`systemctl stop peerling`' "$LAB/down"
for name in "${ALL[@]}"; do kill "${SERVICES[$name]}"; done
for name in "${ALL[@]}"; do wait "${SERVICES[$name]}" || fail "the service of $name"; done
expect "the links outlive the services" -- reaches waw1
step "SIGTERM: the services end, links and BGP sessions go on"

# A POP is given up: what is ours goes, the rest stays, and the database too.
peerings=$(sqlite3 "$LAB/ams1/peering.db" 'SELECT * FROM peering_links')
if on ams1 down </dev/null >"$LAB/down" 2>&1; then fail "down without a word: $(cat "$LAB/down")"; fi
expect "nothing went unasked" -- has_ours ams1
on ams1 down --yes >"$LAB/down" 2>&1 || fail "down: $(cat "$LAB/down")"
for words in "remove file ebgp_as$MEMBER_ASN" "remove link wg-as$MEMBER_ASN" 'remove file ibgp_waw1' \
    'remove link wg-int-waw1' 'configure BIRD for' 'roa_dn42.conf stays'; do
    expect "down told: $words" -- grep -q "$words" "$LAB/down"
done
if has_ours ams1; then fail "something of ours is left: $(cat "$LAB/down")"; fi
expect "what others made was left alone" -- still_there
same "the database" "$peerings" "$(sqlite3 "$LAB/ams1/peering.db" 'SELECT * FROM peering_links')"
expect "BIRD takes its configuration" -- bird_content ams1
on ams1 down >"$LAB/down" 2>&1 </dev/null || fail "a second down: $(cat "$LAB/down")"
if on ams1 plan >"$LAB/plan"; then fail "the database wants nothing back"; fi
expect "the way to waw1 would come back" -- grep -q 'create link wg-int-waw1' "$LAB/plan"
step "down: links and BGP sessions of ams1 are gone, what others made and the database stay"
