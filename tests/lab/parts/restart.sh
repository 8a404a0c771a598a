# Crashes, restarts, and links that somebody deleted. Sourced by peering.sh.

# process_of LINK: the id of its userspace process; nothing for a link of the kernel's.
process_of() {
    local id
    for id in $(ip netns pids pop); do
        if runs_link "$id" "$1"; then echo "$id"; fi
    done
}
runs_link() { [ "$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null)" = "wireguard-go $2 " ]; }

# life_of LINK: what is another's once the link was made anew: its index, and its process.
life_of() {
    ip -n pop -o link show "$1" | cut -d: -f1
    process_of "$1"
}

# everything: what must not change, beside BGP sessions, where nothing is to be done.
everything() {
    process_of "$LINK"
    process_of wg-as$SECOND
    ip -n pop -o link show "$LINK" | cut -d: -f1
    (cd "$LAB" && stat -c '%n %i %Y' bgp_peers/ebgp_as$FIRST wireguard/$LINK.conf)
}

killed_and_started() {
    local before first second
    before=$(everything) first=$(since ebgp_as${FIRST}_v6) second=$(since ebgp_as${SECOND}_v6)
    nothing_planned
    kill -KILL "$SERVICE"
    wait "$SERVICE" 2>/dev/null || true
    : >"$LAB/peerling.log"
    serve
    await 10 "the first pass" -- passed_since 0
    ring
    same "the steps of all passes since" 0 "$(all_steps)"
    same "everything after a crash and a start" "$before" "$(everything)"
    undisturbed ebgp_as${FIRST}_v6 "$first"
    undisturbed ebgp_as${SECOND}_v6 "$second"
    nothing_planned
    same "how often what is not ours was told" 2 "$(grep -c 'left alone' "$LAB/peerling.log")"
    step "killed with SIGKILL and started: no step, same processes and BGP sessions, empty plan"
}
all_steps() {
    sed -n 's/^[^ ]* debug: pass over .*: \([0-9]*\) steps$/\1/p' "$LAB/peerling.log" |
        sort -u | paste -sd' '
}
nothing_planned() {
    peerling plan >"$LAB/plan.out" 2>"$LAB/plan.err" ||
        fail "steps in plan: $(cat "$LAB/plan.out" "$LAB/plan.err")"
    same "the plan" "" "$(cat "$LAB/plan.out")"
}

# A link that somebody deleted is made again by the next pass, and the BGP session comes back
# through it.
link_deleted() {
    local second
    second=$(since ebgp_as${SECOND}_v6)
    ip -n pop link delete "$LINK"
    expect "a step that makes it again" -- plan_has "create link $LINK"
    ring
    link_is_right
    await 60 "the BGP session is back" -- established pop "ebgp_as${FIRST}_v6"
    undisturbed ebgp_as${SECOND}_v6 "$second"
    step "link deleted by hand: made again, BGP Established again"
}
