# The stage that every play of the lab stands on: three network namespaces, IPv6 only, and the tools
# to tell what happens there. Sourced by the plays.
#
#   pop (2) ── (1) world (1) ── (2) member        fd5e:1ab:<n>::/64; pop is 1
#                  └─ dnsmasq on fd5e:1ab::53
#
# A play runs in mount and process namespaces of its own: it sees only its own /run/wireguard,
# /run/netns and /etc/resolv.conf, and when its first process ends, however that comes, nothing of
# it is left.

# The binary under test. HERE is tests/lab; whoever sources this file has set it.
PEERLING=$(realpath "${PEERLING:-$HERE/../../target/debug/peerling}")
export PEERLING

# enter SCRIPT ARGUMENTS...: runs the script again inside those namespaces, once.
enter() {
    [ -z "${LAB_INSIDE:-}" ] || return 0
    LAB_INSIDE=1 exec unshare --mount --pid --fork --kill-child --mount-proc -- bash "$@"
}

LAB_BEGIN=${EPOCHREALTIME/./}
# step WORDS...: one line of the report, with the milliseconds since the start.
step() { printf '%6d ms  %s\n' $(((${EPOCHREALTIME/./} - LAB_BEGIN) / 1000)) "$*"; }

# fail WORDS...: ends the play, and shows the ends of all logs.
fail() {
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

# expect WORDS... -- COMMAND...: fails with these words unless the command succeeds.
expect() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    "$@" || fail "${words[*]}"
}

# await SECONDS WORDS... -- COMMAND...: tries a command until it succeeds, for so long; LAB_PATIENCE
# times as long on a slow machine.
await() {
    # A command may take its time too, so it is no matter of how many tries.
    local words=() end=$((EPOCHSECONDS + 1 + $1 * ${LAB_PATIENCE:-1}))
    shift
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    while ! "$@"; do
        [ $EPOCHSECONDS -lt $end ] || fail "not in time: ${words[*]}"
        sleep 0.05
    done
}

# same WHAT EXPECTED ACTUAL: fails unless two texts are equal, and shows both.
same() {
    [ "$2" = "$3" ] || fail "$1 is not as it should be
--- expected
$2
--- found
$3"
}

# At the end: the logs where it failed, and nothing left. KEEP=1 keeps the files.
leave() {
    local status=$?
    trap - EXIT
    if [ $status -ne 0 ]; then
        local log
        for log in "$LAB"/*.log; do
            printf -- '--- %s\n' "$log" >&2
            # What the SSH library has to say about each packet is left out.
            grep -vE '^([^ ]+ )?debug: ([^p]|pu)' "$log" | tail -n 25 >&2 || true
        done
    fi
    # A play may have a small disk of its own there.
    umount "$LAB/bgp_peers" 2>/dev/null || true
    [ -n "${KEEP:-}" ] || rm -rf "$LAB"
    exit $status
}

# set_stage MEMBERS...: namespaces, underlay, names. The POP forwards packets, as the package has it.
set_stage() {
    set_stage_of pop "$@"
    ip netns exec pop sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1
}

# set_stage_of NAMES...: the same without a POP of that name; each is a host on the underlay.
set_stage_of() {
    LAB=$(mktemp -d /tmp/peerling-lab.XXXXXX)
    trap leave EXIT
    mkdir -p /run/wireguard /run/netns
    mount -t tmpfs tmpfs /run/wireguard
    mount -t tmpfs tmpfs /run/netns
    # BIRD drops no rights here, and its sockets are reached by everybody who can see this
    # directory.
    chmod 755 "$LAB"
    namespace world
    wireguard_kind
    ip -n world address add fd5e:1ab::53/128 dev lo
    ip netns exec world sysctl -qw net.ipv6.conf.all.forwarding=1
    local number=1 name
    for name in "$@"; do
        connect_to_world "$name" "$number"
        number=$((number + 1))
    done
    for name in world "$@"; do
        await 5 "the addresses of $name are usable" -- addresses_usable "$name"
    done
    serve_names "$@"
}
addresses_usable() { [ -z "$(ip -n "$1" -6 address show tentative)" ]; }

# namespace NAME: whose addresses are usable at once: nobody is asked for a second whether they are
# taken.
namespace() {
    ip netns add "$1"
    ip netns exec "$1" sysctl -qw net.ipv6.conf.{all,default}.accept_dad=0
    ip -n "$1" link set lo up
}

# wireguard_kind: whose links there are in WIREGUARD: of the kernel, or of processes in userspace.
wireguard_kind() {
    WIREGUARD=userspace
    if ip -n world link add probe type wireguard 2>/dev/null; then
        WIREGUARD=kernel
        ip -n world link delete probe
    fi
}

# connect_to_world NAMESPACE NUMBER
connect_to_world() {
    namespace "$1"
    ip -n "$1" link add under0 address "02:00:00:00:$2:02" type veth \
        peer name "to-$1" address "02:00:00:00:$2:01" netns world
    ip -n world address add "fd5e:1ab:$2::1/64" dev "to-$1"
    ip -n "$1" address add "fd5e:1ab:$2::2/64" dev under0
    ip -n world link set "to-$1" up
    ip -n "$1" link set under0 up
    ip -n "$1" route add default via "fd5e:1ab:$2::1"
    # Neighbours know each other: a first packet that waits for discovery is sent again only a
    # second later.
    ip -n world neighbour add "fd5e:1ab:$2::2" lladdr "02:00:00:00:$2:02" dev "to-$1"
    ip -n "$1" neighbour add "fd5e:1ab:$2::1" lladdr "02:00:00:00:$2:01" dev under0
}

# serve_names NAMES...: a name server that knows <name>.lab.example, asked by everybody.
serve_names() {
    local number=1 name
    {
        for name in "$@"; do
            echo "host-record=$name.lab.example,fd5e:1ab:$number::2"
            number=$((number + 1))
        done
    } >"$LAB/names"
    echo "nameserver fd5e:1ab::53" >"$LAB/resolv.conf"
    mount --bind "$LAB/resolv.conf" /etc/resolv.conf
    name_server
}
name_server() {
    ip netns exec world dnsmasq --keep-in-foreground --conf-file="$LAB/names" --no-resolv \
        --no-hosts --user=root --pid-file= --bind-interfaces --listen-address=fd5e:1ab::53 \
        --log-facility=- 2>"$LAB/dnsmasq.log" &
}
