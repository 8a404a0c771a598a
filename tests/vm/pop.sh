#!/bin/bash
# A POP as it is in life: two virtual machines with Debian 12, systemd, the kernel's WireGuard and BIRD, IPv6
# only. On one the Debian package is installed, and at its first start README's `peerling init` is typed, nothing
# else; on the other a member peers with it by ssh, and packets of both families go from the member's network to
# the POP's through the kernels. Then both are rebooted, and nobody helps.
#
#   tests/vm/pop.sh PACKAGE.deb
#
# As root. The machines are emulated, which works everywhere and takes some minutes; ACCEL=kvm where that works.
# Debian's packages: debootstrap qemu-system-x86 linux-image-cloud-amd64 busybox-static e2fsprogs kmod cpio
# openssh-client wireguard-tools
set -euo pipefail

package=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
cache=$here/../../target/debian-12-vm.tar
MEMORY_MB=256
# One boot takes half a minute on an idle machine; others may be slower.
BOOT_S_MAX=${BOOT_S_MAX:-300}
kernel=${KERNEL:-$(find /boot -name 'vmlinuz-*-amd64' | sort -V | tail -n 1)}
version=${kernel#*/vmlinuz-}
work=$(mktemp -d /tmp/peerling-pop.XXXXXX)
machines=()
leave() {
    local status=$?
    [ ${#machines[@]} -eq 0 ] || kill "${machines[@]}" 2>/dev/null || true
    if [ $status -ne 0 ]; then
        tail -n 25 "$work"/*.said "$work"/*.console >&2 || true
    fi
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$work"
    exit $status
}
trap leave EXIT
. "$here/disk.sh"

# A Debian with what both machines need; nothing in it is peerling's.
base() {
    [ -e "$cache" ] && return
    debootstrap --variant=minbase --include=systemd-sysv,udev,bird2,iproute2,openssh-client,kmod,adduser,wireguard-tools,jq \
        bookworm "$work/base" >"$work/debootstrap.log" 2>&1 || { tail -n 5 "$work/debootstrap.log" >&2; fail debootstrap; }
    tar -C "$work/base" -cf "$cache.new" .
    mv "$cache.new" "$cache"
    rm -rf --one-file-system "$work/base"
}

# machine NAME ADDRESS: the files of a machine in $work/NAME.
machine() {
    local root=$work/$1 modules=$work/$1/lib/modules/$version file
    mkdir "$root"
    tar -xf "$cache" -C "$root"
    mkdir -p "$modules"
    files_of wireguard virtio_net | while read -r file; do
        mkdir -p "$root${file%/*}"
        cp "$file" "$root$file"
    done
    cp "/lib/modules/$version"/modules.{builtin,order} "$modules"
    depmod -b "$root" "$version" 2>/dev/null
    echo "$1" >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n::1 localhost\n2a0e:1ab::1 pop.lab.example\n2a0e:1ab::2 node.lab.example\n' >"$root/etc/hosts"
    : >"$root/etc/resolv.conf"
    # IPv6 only: there is no other address on the wire.
    printf '[Match]\nName=en* eth*\n[Network]\nAddress=%s/64\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no\n' "$2" \
        >"$root/etc/systemd/network/10-wire.network"
    printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n' >"$root/etc/systemd/journald.conf"
    # What the machine tells, and how it is told to reboot: its second serial line.
    cat >"$root/etc/systemd/system/told.service" <<'UNIT'
[Service]
ExecStart=/bin/sh -c 'read -r line </dev/ttyS1 && systemctl reboot'
[Install]
WantedBy=multi-user.target
UNIT
    on "$1" systemctl --quiet enable systemd-networkd bird told
    on "$1" systemctl --quiet mask systemd-networkd-wait-online apt-daily.timer apt-daily-upgrade.timer
}
on() { chroot "$work/$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C "${@:2}"; }

# object KIND NAME LINE...: an object of the registry.
object() {
    mkdir -p "$data/$1"
    printf '%s\n' "$1: $2" "${@:3}" >"$data/$1/${2//\//_}"
}

# README's line, with this POP's own words in the place of those of the example.
init_line() {
    sed -n 's/^    \(peerling init --asn .*\)/\1/p' "$here/../../README.md" |
        sed 's|--asn [0-9]*|--asn 4242420263|; s|--name [^ ]*|--name pop.lab.example|; s|--admin-key [^ ]*|--admin-key /root/admin.pub|'
}

# What an operator does: installs the package, and types that line. The registry is a directory here: there is
# nobody to clone it from.
pop() {
    local root=$work/pop data=$work/pop/srv/registry/data
    machine pop 2a0e:1ab::1
    cp "$package" "$root/peerling.deb"
    on pop dpkg -i /peerling.deb >/dev/null 2>&1 || fail "the package cannot be installed"
    cp "$work/admin.pub" "$root/root/"
    object mntner NODE-MNT "auth: $(cut -d' ' -f1,2 "$work/key.pub")" 'mnt-by: NODE-MNT'
    object mntner POP-MNT "auth: $(cut -d' ' -f1,2 "$work/admin.pub")" 'mnt-by: POP-MNT'
    object aut-num AS4242420001 'mnt-by: NODE-MNT'
    object aut-num AS4242420263 'mnt-by: POP-MNT'
    object route 172.20.0.0/27 'origin: AS4242420263'
    object route6 fd42:263::/48 'origin: AS4242420263'
    object route 172.20.1.0/27 'origin: AS4242420001'
    object route6 fd42:1::/48 'origin: AS4242420001'
    printf '1 permit 172.20.0.0/14 21 29\n' >"$data/filter.txt"
    printf '1 permit fd00::/8 44 64\n' >"$data/filter6.txt"
    [ -n "$(init_line)" ] || fail "README has no line with peerling init"
    echo "$(init_line) --registry /srv/registry && touch /root/initialised" >"$root/root/init"
    cat >"$root/etc/systemd/system/operator.service" <<'UNIT'
[Unit]
After=systemd-networkd.service
ConditionPathExists=!/root/initialised
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
ExecStart=/bin/sh /root/init
[Install]
WantedBy=multi-user.target
UNIT
    on pop systemctl --quiet enable operator
    # What the host is told, once a boot is through.
    cat >"$root/etc/systemd/system/report.service" <<'UNIT'
[Unit]
After=peerling.service operator.service
[Service]
Type=oneshot
StandardOutput=tty
TTYPath=/dev/ttyS1
ExecStart=/bin/sh -c 'echo "peerling is $(systemctl is-active peerling), $(grep VmRSS /proc/$(systemctl show -P MainPID peerling)/status | tr -s "[:space:]" " ")"'
[Install]
WantedBy=multi-user.target
UNIT
    on pop systemctl --quiet enable report
}

# What a member does: one ssh line, then what peer_config says. After the first boot it is only there.
member() {
    local root=$work/node
    machine node 2a0e:1ab::2
    install -m 600 "$work/key" "$root/root/key"
    (umask 077 && wg genkey >"$root/root/wg")
    cat >"$root/etc/bird/bird.conf" <<'BIRD'
router id 172.20.1.1;
timeformat protocol iso long ms;
protocol device { scan time 10; }
protocol kernel { ipv4 { import none; export filter { if source = RTS_STATIC then reject; krt_prefsrc = 172.20.1.1; accept; }; }; }
protocol kernel { ipv6 { import none; export filter { if source = RTS_STATIC then reject; krt_prefsrc = fd42:1::1; accept; }; }; }
protocol static { route 172.20.1.0/27 reject; ipv4; }
protocol static { route fd42:1::/48 reject; ipv6; }
include "/etc/bird/peers/*";
BIRD
    printf '[Match]\nName=lo\n[Network]\nAddress=172.20.1.1/32\nAddress=fd42:1::1/128\n' \
        >"$root/etc/systemd/network/20-lo.network"
    mkdir "$root/etc/bird/peers"
    cat >"$root/root/peer" <<'PEER'
#!/bin/bash
# The first boot: peers. Every boot: tells when the BGP session is Established.
set -eu
pop() { ssh -F none -p 4242 -i /root/key -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR -o ConnectTimeout=5 node@pop.lab.example "$@"; }
if ! [ -e /etc/wireguard/pop.conf ]; then
    until pop whoami; do ip -6 -br address; sleep 1; done
    pop peer_create --asn 4242420001 --wg-pub-key "$(wg pubkey </root/wg)" \
        --endpoint-addr 2a0e:1ab::2 --endpoint-port 20263 --yes --wait
    config=$(pop peer_config --asn 4242420001 --json)
    link=$(jq -r .peer.config.link <<<"$config")
    (umask 077; jq -r .peer.config.wireguard <<<"$config" | sed "s|\*\*REPLACEME\*\*|$(cat /root/wg)|" >"/etc/wireguard/$link.conf")
    jq -r .peer.config.bird <<<"$config" >/etc/bird/peers/pop
    touch /etc/wireguard/pop.conf
    sync
    systemctl enable --now "wg-quick@$link"
    birdc configure
fi
tries=240
until birdc show protocols | grep -q 'BGP.*Established'; do
    [ $((tries -= 1)) -gt 0 ] || { birdc show protocols all; wg; echo "never Established"; exit 1; }
    sleep 0.5
done
echo "Established; $(birdc show route primary count | tail -n 1)"
# The POP's own addresses answer the member's: what its SSH service says comes back through the tunnel.
for address in 172.20.0.1 fd42:263::1; do
    tries=60
    until word=$(timeout 5 bash -c "read -r word </dev/tcp/$address/4242; echo \"\$word\"" 2>/dev/null) && [ -n "$word" ]; do
        [ $((tries -= 1)) -gt 0 ] || { ip route; ip -6 route; birdc show route; echo "no packet from $address"; exit 1; }
        sleep 1
    done
done
echo "packets cross in both families: $word"
PEER
    chmod +x "$root/root/peer"
    cat >"$root/etc/systemd/system/peer.service" <<'UNIT'
[Unit]
After=bird.service systemd-networkd.service
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
ExecStart=/root/peer
[Install]
WantedBy=multi-user.target
UNIT
    on node systemctl --quiet enable peer
}

# start NAME MAC ROLE: its disk is made of its files; the wire between the two is a socket of this test's.
start() {
    mkfifo "$work/$1.told.in" "$work/$1.told.out"
    mkfs.ext4 -q -F -d "$work/$1" "$work/$1.disk" 1G >/dev/null
    rm -rf --one-file-system "${work:?}/$1"
    qemu-system-x86_64 -accel "${ACCEL:-tcg,thread=multi}" -cpu max -m $MEMORY_MB -nodefaults -display none \
        -kernel "$kernel" -initrd "$work/initramfs" \
        -append 'console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off tsc=unstable systemd.show_status=0' \
        -drive "file=$work/$1.disk,format=raw,if=virtio,cache=unsafe" \
        -netdev "stream,id=wire,server=$3,addr.type=unix,addr.path=$work/wire" -device "virtio-net-pci,netdev=wire,mac=$2" \
        -serial "file:$work/$1.console" \
        -chardev "pipe,id=told,path=$work/$1.told,logfile=$work/$1.said" -serial chardev:told \
        </dev/null >"$work/$1.qemu" 2>&1 &
    machines+=($!)
}

# heard WHO NAME WORDS COUNT: waits until the machine has said it so often, and tells the last time.
heard() {
    local who=$1
    shift
    local tries=$((BOOT_S_MAX * 2))
    until [ "$(grep -c "$2" "$work/$1.said" 2>/dev/null)" -ge "$3" ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "$1 never said: $2"
        ! grep -q 'Kernel panic' "$work/$1.console" || fail "$1 does not start"
        kill -0 "${machines[@]}" || fail "a machine ended: $(cat "$work"/*.qemu)"
        sleep 0.5
    done
    step "$who: $(grep "$2" "$work/$1.said" | tail -n 1 | tr -d '\r')"
}
reboot() { echo >"$work/$1.told.in"; }

base
initramfs /sbin/init
ssh-keygen -q -t ed25519 -N '' -C lab -f "$work/key"
ssh-keygen -q -t ed25519 -N '' -C admin -f "$work/admin"
pop
member
step "two machines with Debian $(on node cat /etc/debian_version) are made, $MEMORY_MB MB each"
start pop 02:00:00:00:00:01 on
sleep 1
start node 02:00:00:00:00:02 off
heard POP pop 'peerling is active' 1
heard member node Established 1
heard member node 'packets cross' 1
reboot pop
reboot node
step "both are told to reboot"
heard POP pop 'peerling is active' 2
heard member node Established 2
heard member node 'packets cross' 2
