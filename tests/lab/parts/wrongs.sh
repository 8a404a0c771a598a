# Members who set something up wrongly, each in a way of their own: what they do is on the left, what
# peer_status must say of it on the right. Sourced by diagnosis.sh.

# In their order; the namespace of each has its name.
MEMBERS=(well gone moved v4only closed forbidden mute otherpop otherkey psk passive noaddress
    otheraddress allowed nobird wrongas expects absent neighbor hang down toomany nothing invalid nexthop
    onefamily)
declare -A ASN=() NUMBER=()
for name in "${MEMBERS[@]}"; do
    NUMBER[$name]=$((${#NUMBER[@]} + 3))
    ASN[$name]=$((4242420100 + ${NUMBER[$name]}))
done

ASKS=node
# All peerings belong to one maintainer, who asks from a namespace where nothing is wrong.
member() {
    shift
    member_ssh "$ASKS" -o BatchMode=yes "$ASKS@pop.lab.example" "$@"
}

# stricter_pop: short times, few routes, and route origins that are checked (RFC 6811).
stricter_pop() {
    local asn=${ASN[down]} net=172.20.${NUMBER[invalid]}.0/27 net6=fd42:${NUMBER[invalid]}::/48
    sed -i -e 's/hold time 15/hold time 6/' -e 's/connect delay time 1/connect delay time 3/' -e 's/import limit 9000/import limit 3/' \
        -e 's/{21,29}\]/& \&\& roa_check(roa_4, net, bgp_path.last) != ROA_INVALID/' \
        -e 's/{44,64}\]/& \&\& roa_check(roa_6, net, bgp_path.last) != ROA_INVALID/' \
        -e "/^define OWNAS/i roa4 table roa_4;\nroa6 table roa_6;" \
        -e "/^define OWNAS/i protocol static { roa4 { table roa_4; }; route $net max 29 as $asn; }" \
        -e "/^define OWNAS/i protocol static { roa6 { table roa_6; }; route $net6 max 64 as $asn; }" \
        "$LAB/pop.bird.conf"
}

# create_all: every peering, by one script on one connection.
create_all() {
    local name endpoint
    for name in "${MEMBERS[@]}"; do
        wireguard_keys "$name"
        endpoint="$name.lab.example --endpoint-port 20263"
        [ "$name" != passive ] || endpoint=none
        echo peer_create --asn "${ASN[$name]}" --wg-pub-key "$(cat "$LAB/$name.wg.pub")" \
            --endpoint-addr $endpoint --yes --json
    done | member node >"$LAB/created"
    await 60 "all peerings are applied" -- all_applied
}
all_applied() {
    [ "$(member node peer_list --json | jq '[.peers[] | select(.state == "applied")] | length')" = \
        ${#MEMBERS[@]} ]
}

# set_up NAME [WIREGUARD_EDIT [BIRD_EDIT]]: what peer_config printed, changed by sed as the member
# got it wrong. BIRD is not started for the edit "none".
set_up() {
    local name=$1 config link number=${NUMBER[$1]}
    config=$(member node peer_config --asn "${ASN[$name]}" --json)
    link=$(jq -r .peer.config.link <<<"$config")
    (
        umask 077
        mkdir -p "$LAB/$name.d"
        jq -r .peer.config.wireguard <<<"$config" |
            sed -e "s|\*\*REPLACEME\*\*|$(cat "$LAB/$name.wg")|" -e "${2:-}" >"$LAB/$name.d/$link.conf"
    )
    bring_up "$name" "$link" "$LAB/$name.d/$link.conf"
    [ "${3:-}" != none ] || return 0
    {
        bird_common "$name" "172.20.$number.1" "172.20.$number.0/27" "fd42:$number::/48"
        jq -r .peer.config.bird <<<"$config"
    } | sed -e "${3:-}" >"$LAB/$name.bird.conf"
    bird_start "$name"
}

# more_routes NUMBER: three beside the member's own.
more_routes() {
    local third
    printf '$a protocol static { ipv4 { import all; export none; };'
    for third in 32 40 48; do printf ' route 172.20.%s.%s/29 reject;' "$1" $third; done
    printf ' }'
}

# all_set_up: gone, moved, v4only, closed, forbidden and passive have nothing at all.
all_set_up() {
    local impatient="error wait time 1, 2;"
    # Another neighbor, so that BIRD listens whatever becomes of this POP.
    local sister='$a protocol bgp sister { local as 64512; neighbor fd00::9 as 64513; multihop;
        $a passive; ipv6 { import none; export none; }; }'
    set_up well
    set_up hang
    set_up down "" "$sister"
    # As a firewall that lets nothing through, and says so to nobody.
    ip -n mute route add blackhole fd5e:1ab:1::2/128
    set_up mute "" none
    set_up otherpop "s|^PublicKey = .*|PublicKey = $(wg genkey | wg pubkey)|" none
    set_up otherkey "s|^PrivateKey = .*|PrivateKey = $(wg genkey)|" none
    set_up psk "/^PublicKey/a PresharedKey = $(wg genpsk)" none
    set_up noaddress "/^PostUp/d" none
    set_up otheraddress 's|dev %i [^/]*/128|dev %i fe80::9999/128|' none
    set_up allowed 's|, fe80::/10||' none
    set_up nobird "" none
    set_up wrongas "" "s/local as .*/local as 4242420999; $impatient/"
    set_up expects "" "s/ as $POP_ASN;/ as 4242420264; $impatient/"
    set_up absent "" 's/neighbor fe80:[^ ]*/neighbor fe80::dead/'
    set_up neighbor "" "s/neighbor fe80:[^ ]*/neighbor fe80::dead/; $sister"
    set_up toomany "" "$(more_routes "${NUMBER[toomany]}")"
    set_up nothing "" '/^        export where/s/where .*/none;/'
    set_up invalid
    set_up nexthop "" 's/extended next hop on/extended next hop off/'
    set_up onefamily "" '/^    ipv4 {/,/^    };/d'
}

# names_changed: one name is gone, one points into a private network, one has only IPv4.
names_changed() {
    kill "$NAMES"
    wait "$NAMES" || true
    sed -i -E '/=(gone|moved|v4only)\./d' "$LAB/names"
    printf '%s\n' local=/lab.example/ host-record=moved.lab.example,fd00:666::1 \
        host-record=v4only.lab.example,192.0.2.1 >>"$LAB/names"
    name_server
    NAMES=$!
    await 5 "names are served again" -- ip netns exec node getent hosts pop.lab.example >"$LAB/name"
}

# inherited: an AS number is another maintainer's now, who asks how the peering is.
inherited() {
    sed -i 's/NODE-MNT/HEIR-MNT/' "$LAB/registry/data/aut-num/AS${ASN[$1]}"
    ring
    ASKS=heir
    says "$1" registry member "belongs to HEIR-MNT; NODE-MNT made the peering"
    ASKS=node
}

# both_passive NAME: neither side opens a connection.
both_passive() {
    sed -i 's/^    local as .*/&\n    passive;/' "$LAB/pop.bird.conf" "$LAB/$1.bird.conf"
    bird pop configure >"$LAB/configured.out"
    bird "$1" configure >"$LAB/configured.out"
    says "$1" bgp member "this POP waits for your side to connect"
}

# diagnosed NAME CHECK BY WORDS: the first check that is not well and gives advice is this one, for
# these to do, and these words are in it.
diagnosed() {
    member node peer_status --asn "${ASN[$1]}" --json >"$LAB/status-$1.log" || return 1
    jq -e --arg name "$2" --arg by "$3" --arg words "$4" '
        [.peer.checks[] | select(.ok == false and .hint != "")][0]
        | .name == $name and .by == $by and (.detail | contains($words))' \
        "$LAB/status-$1.log" >"$LAB/jq.out"
}

# says NAME CHECK BY WORDS: within the time that the slowest takes. Each question takes a second.
says() {
    local end=$((SECONDS + 20))
    until diagnosed "$@"; do
        [ $SECONDS -lt $end ] || fail "peer_status of $1 does not name $2, $3: $4
$(jq .peer.checks "$LAB/status-$1.log")"
    done
    step "$1: $2, $(jq -r --arg name "$2" '.peer.checks[] | select(.name == $name).detail' \
        "$LAB/status-$1.log")"
}
