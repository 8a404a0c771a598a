#!/bin/bash
# A machine that learned its router by router advertisements begins to forward packets: it keeps the router, at each
# start too, whatever sets accept_ra back.
#
#   tests/packages/uplink.sh DEBIAN.tar PACKAGE.deb
set -euo pipefail

cache=$(realpath "$1") package=$(realpath "$2")
. "$(dirname "$0")/machine.sh"

setting() { cat "$root/proc/sys/net/$1"; }
has_router() { ip -6 route show default dev eth0 | grep -q 'via fe80::1 .*proto ra'; }
has_none() { ! has_router; }

# A router that advertises itself every few seconds, in a network of its own; BIRD is it.
ip link add eth0 type veth peer name wire
unshare --net sleep infinity &
far=$!
await 5 "a network of its own" sh -c "[ \$(readlink /proc/$far/ns/net) != \$(readlink /proc/self/ns/net) ]"
ip link set wire netns $far
router() { nsenter --net="/proc/$far/ns/net" "$@"; }
router ip link set lo up
router ip link set wire addrgenmode none up
router ip address add fe80::1/64 dev wire nodad
cat >"$root/run/router.conf" <<'BIRD'
router id 192.0.2.1;
protocol device { }
protocol radv { interface "wire" { min ra interval 3; max ra interval 4; min delay 1; default lifetime 1800;
    prefix 2001:db8:1::/64 { }; }; }
BIRD
router chroot "$root" bird -c /run/router.conf -s /run/router.ctl -P /run/router.pid
ip link set eth0 up
await 20 "a router by advertisement" has_router
same "forwarding before" 0 "$(setting ipv6/conf/all/forwarding)"
step "eth0 has a router by router advertisements"

tar -C "$root" -xf <(dpkg-deb --fsys-tarfile "$package") ./usr/lib/peerling ./usr/lib/sysctl.d
# What Debian sets without us.
same "without us" "1	0" "$(setting ipv4/ping_group_range)"
inside /usr/lib/peerling/forwarding >"$root/run/said"
expect "the router is kept when forwarding begins" has_router
while IFS='=' read -r name value; do
    found=$(setting "$(echo "${name#net.}" | tr -d ' ' | tr . /)" | tr '\t' ' ')
    same "$name" "${value# }" "$found"
done < <(grep '^net' "$root/usr/lib/sysctl.d/60-peerling.conf")
grep -q '^peerling: eth0 has its router by router advertisements' "$root/run/said" || fail "it says: $(said)"
step "forwarding, and the router is kept: $(cat "$root"/etc/sysctl.d/*-uplink.conf | grep -v '#' | tr '\n' ' ')"

before=$(cat "$root"/etc/sysctl.d/*)
inside /usr/lib/peerling/forwarding >/dev/null
same "a second time" "$before" "$(cat "$root"/etc/sysctl.d/*)"
expect "the router is kept the second time" has_router

# A start: the kernel's defaults, the files, and then ifupdown, whose DHCP sets accept_ra to 1.
sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.eth0.accept_ra=1
ip link set eth0 down
inside /usr/lib/systemd/systemd-sysctl 2>/dev/null || true
sysctl -qw net.ipv6.conf.eth0.accept_ra=1
expect "it is forgotten with the link" has_none
ip link set eth0 up
await 20 "the router after a start" has_router
same "forwarding after a start" 1 "$(setting ipv6/conf/all/forwarding)"
step "after a start it is learned anew, though accept_ra was set back to 1"

# `sysctl --system`, as the operator may type at any time.
inside sysctl --system >/dev/null 2>&1
expect "the router is kept with sysctl --system" has_router
step "it is kept by sysctl --system too"

# Without systemd, and with the sysctl of busybox where it can be had, as on Alpine.
rm "$root/usr/lib/systemd/systemd-sysctl"
words="sysctl alone"
if busybox --list 2>/dev/null | grep -qx sysctl; then
    cp "$(command -v busybox)" "$root/usr/sbin/sysctl"
    words="busybox's sysctl alone"
fi
sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.eth0.accept_ra=1
rm "$root"/etc/sysctl.d/*-peerling-uplink.conf
await 20 "a router again" has_router
inside /usr/lib/peerling/forwarding >/dev/null
same "forwarding without systemd" 1 "$(setting ipv6/conf/all/forwarding)"
expect "the router is kept without systemd" has_router
step "and without systemd, by $words"
