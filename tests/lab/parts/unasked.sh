# Nothing is removed unless a command asked for exactly that, whatever the database says. Sourced by
# hands.sh.

# machine: everything on it that is ours.
machine() {
    local link
    for link in $LINK $EDITED; do
        life_of "$link"
        ip netns exec pop wg show "$link" dump | cut -f 1-4,8
        ip -n pop -o -6 address show dev "$link"
    done
    (cd "$LAB" && stat -c '%n %i %Y %Z' wireguard/* bgp_peers/*)
    our_protocols
}

# untouched WORDS: two passes of a service take no step, and these words are told.
untouched() {
    local before
    before=$(machine)
    : >"$LAB/peerling.log"
    serve
    ring
    same "the steps of all passes" 0 "$(all_steps)"
    told "$1" "$LAB/peerling.log"
    kill -TERM "$SERVICE"
    wait "$SERVICE" || fail "exit status $? after SIGTERM"
    same "the machine" "$before" "$(machine)"
    bystander_noticed_nothing
}
told() { grep -qF "$1" "$2" || fail "not told: '$1' in $(cat "$2")"; }

# not_planned WORDS: nor does a plan have a step.
not_planned() {
    nothing_planned
    told "$1" "$LAB/plan.err"
}

# check_finds WORDS: `peerling check` is not content.
check_finds() {
    local status=0
    peerling check >"$LAB/check.out" 2>&1 || status=$?
    same "the exit status of check" 1 "$status"
    told "$1" "$LAB/check.out"
}

rows_deleted() {
    local words="1 peering(s) are on this machine, not in the database"
    database_aside
    cp "$LAB"/aside/* "$LAB/"
    sqlite3 "$LAB/peering.db" "DELETE FROM peering_links WHERE as_num = $THERE"
    not_planned "$words, and were not removed by a command: AS$THERE; they are left alone"
    untouched "$words"
    check_finds "$words"
    step "a row deleted by hand: told by plan, serve and check, nothing removed"
    sqlite3 "$LAB/peering.db" "DELETE FROM peering_links"
    untouched "2 peering(s) are on this machine, not in the database"
    step "an empty table: the same"
}

# The whole database with its companions, put away.
database_aside() {
    mkdir -p "$LAB/aside"
    mv "$LAB"/peering.db* "$LAB/aside/"
}
database_back() {
    rm -f "$LAB"/peering.db*
    cp "$LAB"/aside/* "$LAB/"
    nothing_planned
}

database_gone() {
    rm "$LAB"/peering.db*
    not_planned "2 peering(s) are on this machine, not in the database"
    untouched "2 peering(s) are on this machine, not in the database"
    step "no database at all: a new one is made, nothing removed"
    rm "$LAB"/peering.db*
    : >"$LAB/peering.db"
    untouched "2 peering(s) are on this machine, not in the database"
    step "an empty file: the same"
}

# What is no database is refused, and stays what it is.
database_broken() {
    local before broken status verb
    before=$(machine)
    rm "$LAB"/peering.db*
    head -c 8192 /dev/urandom >"$LAB/peering.db"
    broken=$(sha256sum "$LAB/peering.db")
    for verb in plan apply serve; do
        status=0
        peerling $verb >"$LAB/broken.out" 2>&1 || status=$?
        same "the exit status of $verb" 1 "$status"
        told "peering.db: the database is damaged (file is not a database)" "$LAB/broken.out"
    done
    check_finds "file is not a database"
    same "the broken database" "$broken" "$(sha256sum "$LAB/peering.db")"
    same "the machine" "$before" "$(machine)"
    bystander_noticed_nothing
    step "a file that is no database: refused by plan, apply and serve, nothing touched"
    database_back
    step "the database put back: no step in plan"
}

# The operator's own word, and only for what was told.
row_given_up() {
    sqlite3 "$LAB/peering.db" "DELETE FROM peering_links WHERE as_num = $THERE"
    peerling apply --confirm-removals >"$LAB/apply.out" 2>&1 || fail "$(cat "$LAB/apply.out")"
    same "links" "$LINK" "$(our_links)"
    same "protocols" "ebgp_as${FIRST}_v6" "$(our_protocols)"
    nothing_planned
    bystander_noticed_nothing
    step "apply --confirm-removals: the one whose row is gone went, and nothing else"
}

# Neither a plan nor a log has any private key in it.
no_secret_told() {
    local key
    for key in "$LAB"/*.wg; do
        ! grep -lF "$(cat "$key")" "$LAB"/*.log "$LAB"/*.out "$LAB"/*.err || fail "a private key is told"
    done
    step "no private key in any plan or log"
}
