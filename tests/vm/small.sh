#!/bin/bash
# The static binary on a machine of 64 MB: a registry of real size, links of the kernel, and 20 sessions of
# OpenSSH that stay open and are all answered. Tells what memory that takes, and that nothing was killed.
#
#   tests/vm/small.sh BINARY REGISTRY
#
# BIRD is left aside. Of the 64 MB Debian's kernel for clouds keeps 36. It cannot start in less than 80 MB,
# since it unpacks itself beside itself: the machine has that, and the kernel is told to use 64 (mem=64M). It is
# locked down too, which saves 8 MB of files about tracing that nobody mounts.
#
# As root. The machine is emulated; ACCEL=kvm where that works. Debian's packages: qemu-system-x86
# linux-image-cloud-amd64 busybox-static e2fsprogs kmod cpio openssh-client
set -euo pipefail

# A network of its own: the port is free, and nothing gets out.
[ -n "${INSIDE:-}" ] ||
    INSIDE=1 exec unshare --mount --net --pid --fork --kill-child --mount-proc -- bash "$0" "$@"

binary=$(realpath "$1") registry=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
MEMORY_MB=64
SESSIONS=20
MEMBERS=4
PATIENCE_S=${PATIENCE_S:-300}
kernel=${KERNEL:-$(find /boot -name 'vmlinuz-*-amd64' | sort -V | tail -n 1)}
version=${kernel#*/vmlinuz-}
work=$(mktemp -d /tmp/peerling-small.XXXXXX)
. "$here/disk.sh"
leave() {
    local status=$?
    [ $status -eq 0 ] || tail -n 20 "$work"/{console,said,log,qemu} >&2 || true
    [ -n "${KEEP:-}" ] || rm -rf "$work"
    exit $status
}
trap leave EXIT
# await WORDS COMMAND...: tries until it succeeds.
await() {
    local words=$1 end=$((SECONDS + PATIENCE_S))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "not in time: $words"
        kill -0 "$machine" 2>/dev/null || fail "the machine ended"
        sleep 0.1
    done
}

# number N: the AS number of a member.
number() { echo $((4242420000 + $1)); }

# disk: what the machine has beside its kernel.
disk() {
    local root=$work/disk data=$work/disk/registry/data member
    mkdir -p "$root"/{bin,dev,etc,proc,run,sys,tmp,wireguard,bird}
    cp -r "$registry" "$root/registry"
    for ((member = 1; member <= MEMBERS; member++)); do
        ssh-keygen -q -t ed25519 -N '' -C small -f "$work/key$member"
        printf '%-20s%s\n' mntner: "SMALL$member-MNT" mnt-by: "SMALL$member-MNT" \
            auth: "$(cut -d' ' -f1,2 "$work/key$member.pub")" source: DN42 >"$data/mntner/SMALL$member-MNT"
        printf '%-20s%s\n' aut-num: "AS$(number "$member")" as-name: AS-SMALL mnt-by: "SMALL$member-MNT" \
            source: DN42 >"$data/aut-num/AS$(number "$member")"
    done
    cp "$(command -v busybox)" "$root/bin/busybox"
    cp "$binary" "$root/bin/peerling"
    put_modules "$root/modules" wireguard virtio_net
    (umask 077 && head -c 32 /dev/urandom | base64 >"$root/etc/wireguard.key")
    cat >"$root/etc/peerling.toml" <<TOML
[pop]
asn = 4242420263
name = "pop.lab.example"
[ssh]
host_keys = ["/etc/ssh_host_ed25519_key"]
[registry]
directory = "/registry"
[store]
path = "/etc/peering.db"
[wireguard]
private_key_file = "/etc/wireguard.key"
backend = "kernel"
directory = "/wireguard"
[bird]
socket = ""
directory = "/bird"
TOML
    cat >"$root/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin
for applet in mount insmod ip awk sleep sh kill; do busybox ln -s busybox /bin/$applet; done
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
# Some are in the machine already, from finding its disk.
for module in /modules/*; do insmod "$module" 2>/dev/null; done
ip link set lo up
# The address of qemu's own network that ports are forwarded to.
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
peerling --config /etc/peerling.toml serve >/dev/ttyS2 2>&1 &
server=$!
while kill -0 $server; do
    awk '$1 == "MemTotal:" { total = $2 } $1 == "MemAvailable:" { available = $2 }
        $1 == "VmRSS:" { resident = $2 } $1 == "VmHWM:" { peak = $2 } $1 == "oom_kill" { killed = $2 }
        END { print "memory", total, available, resident, peak, killed }' \
        /proc/meminfo /proc/$server/status /proc/vmstat >/dev/ttyS1
    sleep 1
done
echo "peerling ended" >/dev/ttyS1
sleep 9999
INIT
    chmod +x "$root/init"
    mkfs.ext4 -q -F -N 16384 -d "$root" "$work/disk.image" 128M >/dev/null
}

start() {
    ip link set lo up
    qemu-system-x86_64 -accel "${ACCEL:-tcg,thread=multi}" -cpu max -m 80 -nodefaults -display none -no-reboot \
        -kernel "$kernel" -initrd "$work/initramfs" \
        -append "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off tsc=unstable norandmaps \
            lockdown=confidentiality mem=${MEMORY_MB}M" \
        -drive "file=$work/disk.image,format=raw,if=virtio,cache=unsafe" \
        -netdev user,id=wire,restrict=on,hostfwd=tcp:127.0.0.1:4242-10.0.2.15:4242 \
        -device virtio-net-pci,netdev=wire \
        -serial "file:$work/console" -serial "file:$work/said" -serial "file:$work/log" \
        </dev/null >"$work/qemu" 2>&1 &
    machine=$!
}

# pop MEMBER TERMINAL COMMAND...: the client.
pop() {
    ssh "$2" -F none -p 4242 -i "$work/key$1" -o IdentitiesOnly=yes -o UserKnownHostsFile="$work/known" \
        -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR -o ConnectTimeout=60 "small$1@127.0.0.1" "${@:3}"
}
# random_key: no private key has an odd first byte, so it is taken for a public one.
random_key() { { printf '\001' && head -c 31 /dev/urandom; } | base64; }
peering() {
    pop "$1" -T peer_create --asn "$(number "$1")" --wg-pub-key "$(random_key)" \
        --endpoint-addr none --yes --wait >"$work/created" 2>&1 || fail "peer_create: $(cat "$work/created")"
}

ready() { grep -q ' registry: ' "$work/log" 2>/dev/null; }
# told WHEN: what the machine said last of its memory.
told() {
    local total available resident peak killed
    # A line that was begun after this moment.
    rounds=$(wc -l <"$work/said")
    await "a word of the machine" said_more
    read -r total available resident peak killed < <(grep '^memory' "$work/said" | tail -n 2 | head -n 1 | tr -d '\r' | cut -d' ' -f2-)
    step "$1: $available of $total kB available; peerling has $resident kB, at most $peak; killed: $killed"
    [ "$killed" = 0 ] || fail "the kernel killed something"
    ! grep -q 'peerling ended' "$work/said" || fail "peerling ended"
}
said_more() { [ "$(wc -l <"$work/said")" -ge $((rounds + 3)) ]; }

# Sessions are numbered; each is of one member, has a terminal, and reads what is typed from a pipe.
member_of() { echo $(($1 % MEMBERS + 1)); }
open() {
    mkfifo "$work/in$1"
    pop "$(member_of "$1")" -tt <"$work/in$1" >"$work/out$1" 2>&1 &
    clients+=($!)
    exec {input}>"$work/in$1"
    inputs[$1]=$input
    await "a prompt in session $1" grep -qs 'AS4242420263> ' "$work/out$1"
}
ask() { printf 'peer_list --json\r' >&"${inputs[$1]}"; }
# answered SESSION TIMES: so many lists have come, with the member's peering in each.
answered() { [ "$(grep -c "{.*\"asn\":$(number "$(member_of "$1")")," "$work/out$1")" -ge "$2" ]; }
all_answer() {
    local session
    for ((session = 1; session <= SESSIONS; session++)); do ask "$session"; done
    for ((session = 1; session <= SESSIONS; session++)); do
        await "answer $1 in session $session" answered "$session" "$1"
    done
}

disk
initramfs /init
start
await "peerling serves" ready
told "the registry is read"
for ((member = 1; member <= MEMBERS; member++)); do peering "$member"; done
told "$MEMBERS peerings with links of the kernel"
declare -A inputs=()
clients=()
for ((session = 1; session <= SESSIONS; session++)); do open "$session"; done
all_answer 1
told "$SESSIONS sessions open, each was answered"
sleep 5
all_answer 2
kill -0 "${clients[@]}" || fail "a session ended"
told "and again, all at once"
