# Changed by hand: told by `peerling plan`, mended by the next pass. Sourced by hands.sh.

EDITED=wg-as$THERE
STANDARD_IPS="172.16.0.0/12, 10.0.0.0/8, fd00::/8, fe80::/10"

# as_it_is: all that a peering is made of.
as_it_is() {
    local show=(ip netns exec pop wg show "$EDITED")
    "${show[@]}" dump | cut -f 1-3,8
    "${show[@]}" allowed-ips | tr ' \t' '\n' | sort
    ip -n pop -o -6 address show dev "$EDITED" | sed 's/.*inet6 \(.*\) valid_lft.*/\1/'
    # The kernel installs it a moment after the address.
    await 5 "the route to the peer" -- routes_to_peer
    (cd "$LAB" && sha256sum wireguard/"$EDITED".conf bgp_peers/ebgp_as$THERE)
    our_protocols
}
routes_to_peer() { ip -n pop -6 route show fe80:263::2:2 | grep -q "dev $EDITED"; }

# mends LINE COMMAND...: the command spoils something; the plan has the line, and only tells; one
# pass takes exactly the steps of the plan.
mends() {
    local line=$1 wanted
    shift
    wanted=$(as_it_is)
    "$@" >"$LAB/spoilt.out" 2>&1 || fail "$*: $(cat "$LAB/spoilt.out")"
    plan_has "$line" || fail "after $*: no '$line' in the plan: $(cat "$LAB/plan.out")"
    plan_has "$line" || fail "after $*: a plan changed the machine"
    peerling apply >"$LAB/apply.out" 2>&1 || fail "after $*: $(cat "$LAB/apply.out")"
    same "the steps of the pass" "$(steps "$LAB/plan.out")" "$(steps "$LAB/apply.out")"
    same "the peering, after $*" "$wanted" "$(as_it_is)"
    WHERE="after $*" converges
    step "mended: ${line:0:90}"
}
# For how many BGP sessions BIRD is to be configured, may depend on the second in which it was before.
steps() { grep -E '^(create|change|write|remove) ' "$1"; }
at_pop() { ip netns exec pop "$@"; }

links_edited() {
    local own theirs stranger
    own=$(cat "$LAB/pop.wg.pub") theirs=$(cat "$LAB/$THERE.wg.pub")
    stranger=$(cat "$LAB/stranger.wg.pub")
    local address="address fe80:263::1:2 peer fe80:263::2:2 added"
    mends "create link $EDITED" ip -n pop link delete "$EDITED"
    mends "change link $EDITED; down -> up; $address" ip -n pop link set "$EDITED" down
    mends "change link $EDITED; $address" ip -n pop address flush dev "$EDITED"
    mends "change link $EDITED; address fe80::99 removed" \
        ip -n pop address add fe80::99/64 dev "$EDITED" nodad
    mends "change link $EDITED; listen port 1234 -> 52002" \
        at_pop wg set "$EDITED" listen-port 1234
    mends "change link $EDITED; private key of $stranger -> $own" \
        at_pop wg set "$EDITED" private-key "$LAB/stranger.wg"
    mends "change link $EDITED; peer $theirs added, endpoint unknown; peer $stranger removed" \
        at_pop wg set "$EDITED" peer "$theirs" remove peer "$stranger" allowed-ips ::/0
    mends "change link $EDITED; keepalive 0 s -> 30 s; allowed IPs none -> $STANDARD_IPS" \
        at_pop wg set "$EDITED" peer "$theirs" allowed-ips "" persistent-keepalive 0
}

files_edited() {
    local conf=$LAB/wireguard/$EDITED.conf file=$LAB/bgp_peers/ebgp_as$THERE
    mends "  - ListenPort = 1" sed -i 's/^ListenPort = .*/ListenPort = 1/' "$conf"
    mends "write file $EDITED.conf" rm "$conf"
    mends "  - # by hand" sed -i '$a # by hand' "$file"
    mends "write file ebgp_as$THERE" rm "$file"
    mends "change link $EDITED; down -> up" all_at_once "$conf" "$file"
}
all_at_once() {
    : >"$1"
    rm "$2"
    ip -n pop link set "$EDITED" down
}

# The one whose BGP session stands: down, and Established again through the same link.
comes_back() {
    local link
    link=$(life_of "$LINK")
    ip -n pop link set "$LINK" down
    await 10 "BIRD sees that the link is down" -- not_established
    peerling apply >"$LAB/apply.out" 2>&1 || fail "$(cat "$LAB/apply.out")"
    await 30 "BGP Established" -- established pop ebgp_as${FIRST}_v6
    same "the life of $LINK" "$link" "$(life_of "$LINK")"
    watch_bystander
    step "a link under a BGP session set down: up again, Established again"
}
not_established() { ! established pop ebgp_as${FIRST}_v6; }
