# peerling killed with SIGKILL between any two effects of a pass. Sourced by crashes.sh.
#
# strace kills it before the first, second, third, … call of one kind, until a pass runs through:
# `inject=KIND:signal=KILL:when=N`. The call itself is then not made. Four kinds are enough to fall
# between any two things that a pass does to the machine: fsync (a draft or a directory is written
# and not yet durable, the database is half-way), rename and unlink (files), sendto (netlink,
# wireguard-go, BIRD); wait4 kills while wireguard-go is starting. Only peerling is traced, not the
# processes that it starts.

# Two peerings of which the one is wanted and the other is not, in turns.
THERE=4242420011
OTHER=4242420012
KINDS=(fsync /^rename /^unlink sendto)

killed_everywhere() {
    local kind
    [ $WIREGUARD = kernel ] || KINDS+=(wait4)
    wanted_by_hand peer_create $THERE
    converges
    for kind in "${KINDS[@]}"; do killed_at "$kind" peer_create peer_remove; done
    # The newcomer then gets the id, and with it the port, of the one that still stands there.
    for kind in /^unlink sendto; do killed_at "$kind" peer_remove peer_create; done
    killed_and_removed
    killed_within_a_second
}

# The pass is killed over a draft, and the member then thinks better of it: the draft goes too.
killed_and_removed() {
    wanted_by_hand peer_create "$OTHER"
    was_killed /^rename 1 || fail "no rename to kill at"
    expect "a draft" -- test -e "$LAB/wireguard/.wg-as$OTHER.conf.new"
    wanted_by_hand peer_remove "$OTHER"
    converges
    step "killed over a draft, and the peering removed: no draft is left"
}

# A file that BIRD runs already changes in the same second in which BIRD read its files, and the pass
# is killed before BIRD hears of it: no time tells that, only the note in the database.
killed_within_a_second() {
    local kills=0 class=3
    class_becomes $class
    while bird pop configure >"$LAB/bird.out" && was_killed fsync $((kills + 1)); do
        kills=$((kills + 1))
        converges
        same "the class that BIRD knows, $WHERE" $class "$(class_in_bird)"
        class=$((7 - class))
        class_becomes $class
    done
    [ $kills -gt 2 ] || fail "too few calls to kill at: $kills"
    step "a class changed within a second of BIRD's reading, killed before each of $kills calls: BIRD knows it"
}
class_becomes() {
    sqlite3 "$LAB/peering.db" "INSERT OR REPLACE INTO peerling_latency VALUES ($THERE, $1, 1, 0, 0)"
}
class_in_bird() { bird pop eval AS${THERE}_LATENCY | tail -n 1; }

# killed_at KIND FIRST_COMMAND SECOND_COMMAND: at every call of a kind.
killed_at() {
    local kills=0
    turn_about "$2" "$3"
    while was_killed "$1" $((kills + 1)); do
        kills=$((kills + 1))
        converges
        turn_about "$2" "$3"
    done
    converges
    [ $kills -gt 0 ] || fail "no call to kill at: $1"
    step "$2, $3, killed before each of $kills calls of ${1#/^}: the next pass made it right"
}

# turn_about COMMAND COMMAND: what is there is to go, what is gone is to come back.
turn_about() {
    local gone=$OTHER command
    for command in "$@"; do
        case $command in
            peer_create) wanted_by_hand "$command" "$OTHER" ;;
            peer_remove) wanted_by_hand "$command" "$THERE" ;;
        esac
    done
    OTHER=$THERE THERE=$gone
}

# wanted_by_hand peer_create|peer_remove ASN: saved, and not yet done.
wanted_by_hand() {
    local key=(--wg-pub-key "$(cat "$LAB/$2.wg.pub")" --endpoint-addr none)
    [ "$1" = peer_create ] || key=()
    peerling exec --as NODE-MNT "$1" --asn "$2" "${key[@]}" --yes >"$LAB/exec.out" 2>&1 ||
        fail "$1 $2: $(cat "$LAB/exec.out")"
}

# was_killed KIND N: one pass; false if it came to its end first.
was_killed() {
    local status=0
    WHERE="killed before $1 number $2"
    # The shell's own word on the killed process is not wanted.
    { ip netns exec pop env -i "PATH=$PATH" strace --quiet=all --output="$LAB/strace.out" \
        --trace="$1" --inject="$1:signal=KILL:when=$2" \
        "$PEERLING" --config "$LAB/peerling.toml" apply; } >"$LAB/pass.out" 2>&1 || status=$?
    case $status in
        0) return 1 ;;
        137) return 0 ;;
        *) fail "$WHERE: exit status $status: $(cat "$LAB/pass.out")" ;;
    esac
}

# converges: one plain pass makes all as wanted, and the bystander notices nothing.
converges() {
    peerling apply >"$LAB/apply.out" 2>&1 || fail "${WHERE:-}: $(cat "$LAB/apply.out")"
    nothing_planned
    same "links, ${WHERE:-}" "$(printf 'wg-as%s\n' $FIRST $THERE | sort)" "$(our_links)"
    same "files, ${WHERE:-}" "$(wanted_files)" "$(all_files)"
    same "sockets, ${WHERE:-}" "$(wanted_sockets)" "$(ls /run/wireguard)"
    same "protocols, ${WHERE:-}" "$(printf 'ebgp_as%s_v6\n' $FIRST $THERE | sort)" "$(our_protocols)"
    same "removals left to do, ${WHERE:-}" 0 "$(removals_left)"
    bystander_noticed_nothing
}
removals_left() { sqlite3 "$LAB/peering.db" 'SELECT count(*) FROM peerling_removal'; }
our_links() { ip -n pop -j link show | jq -r '.[].ifname | select(startswith("wg-"))' | sort; }
our_protocols() {
    bird pop show protocols | awk '/^ebgp_/ && $4 != "flush" { print $1 }' | sort
}
# Drafts begin with a dot; none may stay.
all_files() { (cd "$LAB" && find bgp_peers wireguard -type f | sort); }
wanted_files() {
    printf 'bgp_peers/ebgp_as%s\nwireguard/wg-as%s.conf\n' $FIRST $FIRST $THERE $THERE | sort
}
wanted_sockets() {
    [ $WIREGUARD = kernel ] || printf 'wg-as%s.sock\n' $FIRST $THERE | sort
}

# bystander_stands: the first peering, made by a service that then ends: what `peerling apply` does
# later is not the bystander's matter.
bystander_stands() {
    serve
    # A class that is measured would change files at its own time.
    ignores_ping node 1
    create_first
    install node $FIRST 32
    await 30 "BGP Established" -- established pop "ebgp_as${FIRST}_v6"
    kill -TERM "$SERVICE"
    wait "$SERVICE" || fail "exit status $? after SIGTERM"
    watch_bystander
}
# From when on the bystander must not notice anything.
watch_bystander() {
    BYSTANDER_SINCE=$(since ebgp_as${FIRST}_v6) BYSTANDER_LINK=$(life_of "$LINK")
}
bystander_noticed_nothing() {
    undisturbed ebgp_as${FIRST}_v6 "$BYSTANDER_SINCE"
    same "the life of $LINK, ${WHERE:-}" "$BYSTANDER_LINK" "$(life_of "$LINK")"
}
