# The two sides of a peering: the POP with the program under test and its BIRD, and members with
# OpenSSH, WireGuard and BIRD, who install exactly what peer_config printed. Sourced by the plays.

POP_ASN=4242420263
BIRDS=()

# registry_of NAME ASN...: NAME-MNT with a key made on the spot, and AS numbers.
registry_of() {
    local name=$1 asn data=$LAB/registry/data
    shift
    mkdir -p "$data/mntner" "$data/aut-num"
    ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB/$name.ssh"
    printf '%-20s%s\n' mntner: "${name^^}-MNT" mnt-by: "${name^^}-MNT" \
        auth: "$(cut -d' ' -f1,2 "$LAB/$name.ssh.pub")" source: DN42 >"$data/mntner/${name^^}-MNT"
    for asn in "$@"; do
        printf '%-20s%s\n' aut-num: "AS$asn" as-name: "AS-${name^^}" mnt-by: "${name^^}-MNT" \
            source: DN42 >"$data/aut-num/AS$asn"
    done
}

# routes_of NAME ASN IPV4 IPV6: the registry says that this AS may announce these networks.
routes_of() {
    local data=$LAB/registry/data
    mkdir -p "$data/route" "$data/route6"
    printf '1100 permit 172.20.0.0/14 21 29\n9999 deny 0.0.0.0/0 0 32\n' >"$data/filter.txt"
    printf '1001 permit fd00::/8 44 64\n9999 deny ::/0 0 128\n' >"$data/filter6.txt"
    printf '%-20s%s\n' route: "$3" origin: "AS$2" mnt-by: "${1^^}-MNT" source: DN42 \
        >"$data/route/${3/\//_}"
    printf '%-20s%s\n' route6: "$4" origin: "AS$2" mnt-by: "${1^^}-MNT" source: DN42 \
        >"$data/route6/${4/\//_}"
}

# wireguard_keys NAME: a key pair as members make theirs.
wireguard_keys() {
    (umask 077 && wg genkey >"$LAB/$1.wg")
    wg pubkey <"$LAB/$1.wg" >"$LAB/$1.wg.pub"
}

# ---- the POP

# pop_config: what an operator writes.
pop_config() {
    mkdir -p "$LAB/wireguard" "$LAB/bgp_peers"
    cat >"$LAB/peerling.toml" <<TOML
[pop]
asn = $POP_ASN
name = "pop.lab.example"
network = "Lab"

[ssh]
listen = ["[::]:4242"]
host_keys = ["$LAB/ssh_host_ed25519_key"]

[registry]
directory = "$LAB/registry"

[store]
path = "$LAB/peering.db"

[wireguard]
private_key_file = "$LAB/pop.wg"
link_local_prefix = "fe80:0263::"
local_address = "fe80::263"
backend = "${PEERLING_LAB_BACKEND:-auto}"
directory = "$LAB/wireguard"

[bird]
socket = "$LAB/pop.ctl"
directory = "$LAB/bgp_peers"

[peers]
allowed_networks = ["fd5e:1ab::/32"]

[apply]
watch_interval_s = ${WATCH_INTERVAL_S:-30}
TOML
}

# As a service is run: PEERLING_* of the caller's environment would be settings.
AS_SERVICE=(ip netns exec pop env -i "PATH=$PATH" "$PEERLING")
peerling() { "${AS_SERVICE[@]}" --config "$LAB/peerling.toml" "$@"; }

# serve: starts the service and waits until it listens.
serve() {
    "${AS_SERVICE[@]}" --config "$LAB/peerling.toml" --verbose serve 2>>"$LAB/peerling.log" &
    SERVICE=$!
    await 10 "the service listens" -- listens
}
listens() { [ -n "$(ip netns exec pop ss -Hltn 'sport = :4242')" ]; }

# passes: how many passes the apply loop has made.
passes() { grep -c 'debug: pass over generation' "$LAB/peerling.log" || true; }
passed_since() { [ "$(passes)" -gt "$1" ]; }

# ring: SIGHUP, and waits until a pass that it caused is over.
ring() {
    local before
    before=$(passes)
    kill -HUP "$SERVICE"
    await 10 "a pass after SIGHUP" -- passed_since "$before"
}

# ---- BIRD

# bird_start NAMESPACE: with $LAB/NAMESPACE.bird.conf, and waits for its socket.
bird_start() {
    ip netns exec "$1" bird -f -c "$LAB/$1.bird.conf" -s "$LAB/$1.ctl" -P "$LAB/$1.pid" \
        2>>"$LAB/$1.bird.log" &
    await 10 "BIRD of $1 runs" -- bird_answers "$1"
}
bird_answers() { bird "$1" show status >/dev/null 2>&1; }
bird() { birdc -s "$LAB/$1.ctl" "${@:2}"; }

# bird_common NAMESPACE ROUTER_ID NETWORK4 NETWORK6: what both sides have.
bird_common() {
    cat <<BIRD
log "$LAB/$1.bird.log" all;
router id $2;
timeformat protocol iso long ms;
protocol device { scan time 10; }
protocol kernel { scan time 20; ipv4 { import none; export where source != RTS_STATIC; }; }
protocol kernel { scan time 20; ipv6 { import none; export where source != RTS_STATIC; }; }
protocol static { route $3 reject; ipv4 { import all; export none; }; }
protocol static { route $4 reject; ipv6 { import all; export none; }; }
BIRD
}

# pop_bird: the operator's bird.conf, with the names that our files build on. Only the timers are
# shorter than in life.
pop_bird() {
    mkdir -p "$LAB/hidden"
    echo 'define AS4242420666_LATENCY = 1;' >"$LAB/hidden/x"
    {
        bird_common pop 172.20.0.1 172.20.0.0/27 fd42:263::/48
        cat <<BIRD
define OWNAS = $POP_ASN;
define BANDWIDTH = 24;
define LINKTYPE = 34;
include "$LAB/hid*/*";    # a name that makes BIRD refuse a file of ours, where only BIRD finds it
function mark(int grade; int bandwidth; int crypto) {
    bgp_community.add((64511, grade));
    bgp_community.add((64511, bandwidth));
    bgp_community.add((64511, crypto));
    return true;
}
function dn42_import_filter(int grade; int bandwidth; int crypto) {
    if net ~ [172.20.0.0/14{21,29}] then return mark(grade, bandwidth, crypto);
    return false;
}
function dn42_import_filter_v6(int grade; int bandwidth; int crypto) {
    if net ~ [fd00::/8{44,64}] then return mark(grade, bandwidth, crypto);
    return false;
}
function dn42_export_filter(int grade; int bandwidth; int crypto) {
    if source ~ [RTS_STATIC, RTS_BGP] then return mark(grade, bandwidth, crypto);
    return false;
}
function dn42_export_filter_v6(int grade; int bandwidth; int crypto) {
    return dn42_export_filter(grade, bandwidth, crypto);
}
template bgp dnpeers {
    local as OWNAS;
    path metric on;
    connect delay time 1;
    connect retry time 2;
    hold time 15;
    error wait time 1, 2;
    ipv4 { import limit 9000 action block; import table; };
    ipv6 { import limit 9000 action block; import table; };
}
include "$LAB/bgp_peers/*";
BIRD
    } >"$LAB/pop.bird.conf"
}

established() { bird "$1" show protocols "$2" 2>/dev/null | grep -q Established; }
protocol_runs() { bird pop show protocols 2>/dev/null | grep -q "^ebgp_as$1_v6 "; }
# since PROTOCOL: when it entered its state, in milliseconds; undisturbed PROTOCOL BEFORE: nothing
# happened to it since. BIRD works the time out anew for each answer, and may be a millisecond off.
since() {
    local moment
    moment=$(bird pop show protocols "$1" | awk -v name="$1" '$1 == name { print $5, $6 }')
    date -d "$moment" +%s%3N
}
undisturbed() {
    local now
    now=$(since "$1")
    [ $((now > $2 ? now - $2 : $2 - now)) -lt 100 ] ||
        fail "BGP session $1 came up anew: $2, then $now"
}

# ---- members

# member NAME COMMAND: a command of the POP's shell, as `ssh NAME@pop COMMAND`.
member() {
    local name=$1
    shift
    member_ssh "$name" -o BatchMode=yes "$name@pop.lab.example" "$@"
}
member_ssh() {
    local name=$1
    shift
    ip netns exec "$name" ssh -F none -p 4242 -i "$LAB/$name.ssh" -o IdentitiesOnly=yes \
        -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile="$LAB/known_hosts" \
        -o LogLevel="${LAB_SSH_LOG:-ERROR}" "$@"
}

# install NAME ASN NUMBER: puts up on the member's side what peer_config printed, only the private
# key filled in. The member's networks are 172.20.NUMBER.0/27 and fd42:NUMBER::/48.
install() {
    local name=$1 config link
    config=$(member "$name" peer_config --asn "$2" --json)
    link=$(jq -r .peer.config.link <<<"$config")
    (
        umask 077
        mkdir -p "$LAB/$name.d"
        jq -r .peer.config.wireguard <<<"$config" |
            sed "s|\*\*REPLACEME\*\*|$(cat "$LAB/$name.wg")|" >"$LAB/$name.d/$link.conf"
    )
    bring_up "$name" "$link" "$LAB/$name.d/$link.conf"
    {
        bird_common "$name" "172.20.$3.1" "172.20.$3.0/27" "fd42:$3::/48"
        jq -r .peer.config.bird <<<"$config"
    } >"$LAB/$name.bird.conf"
    bird_start "$name"
}

# bring_up NAMESPACE LINK FILE: as wg-quick does, by which the kernel's links are brought up; a
# process is started first, then come wg setconf, up and PostUp. FILE is LINK.conf in a directory.
bring_up() {
    if [ $WIREGUARD = kernel ]; then
        ip netns exec "$1" wg-quick up "$3" 2>>"$LAB/wg-quick.log"
        return
    fi
    inside "$1" wireguard-go "$2" >>"$LAB/wireguard-go.log" 2>&1
    wg-quick strip "$3" >"$LAB/stripped"
    inside "$1" wg setconf "$2" "$LAB/stripped"
    # A TUN invents an fe80 address when it goes up, the kernel's WireGuard does not: as the
    # kernel's.
    ip -n "$1" link set "$2" mtu 1420 addrgenmode none
    ip -n "$1" link set "$2" up
    sed -n 's/^PostUp = //p' "$3" | sed "s/%i/$2/g" >"$LAB/post-up"
    inside "$1" sh -e "$LAB/post-up"
}

# take_down NAMESPACE FILE: and down again.
take_down() {
    if [ $WIREGUARD = kernel ]; then
        ip netns exec "$1" wg-quick down "$2" 2>>"$LAB/wg-quick.log"
    else
        ip -n "$1" link delete "$(basename "$2" .conf)"
        # Its process notices that and ends in its own time; until then it has the socket.
        await 10 "the process of $(basename "$2" .conf) ends" -- \
            socket_gone "/run/wireguard/$(basename "$2" .conf).sock"
    fi
}
socket_gone() { ! [ -e "$1" ]; }

# inside NAMESPACE COMMAND...: with a /run/wireguard of its own, as two machines have. Links of two
# members have the same name, and their sockets would have too.
inside() {
    if [ "$1" = pop ]; then
        ip netns exec "$@"
        return
    fi
    local name=$1
    shift
    mkdir -p "$LAB/$name.run"
    ip netns exec "$name" unshare --mount \
        sh -c 'mount --bind "$0" /run/wireguard && exec "$@"' "$LAB/$name.run" "$@"
}
