#!/bin/bash
# The tarball: OpenRC starts the service with its own supervisor, or systemd has its unit.
#
#   tests/packages/tarball.sh DEBIAN.tar TARBALL FOREIGN_TARBALL
#
# The foreign one is for another architecture: whoever takes it is told so, and nothing is changed.
set -euo pipefail

cache=$(realpath "$1") tarball=$(realpath "$2") foreign=$(realpath "$3")
. "$(dirname "$0")/machine.sh"
. "$here/operator.sh"

mkdir "$root/foreign"
tar -xzf "$foreign" -C "$root/foreign" --strip-components=1
refuses "does not run on this machine ($(uname -m)); nothing was changed" /foreign/install.sh
rm -r "$root/foreign"
step "another architecture: its script refuses it"

mkdir "$root/unpacked"
tar -xzf "$tarball" -C "$root/unpacked" --strip-components=1
install() { inside /unpacked/install.sh "$@" >"$root/run/said" 2>&1 || fail "install.sh $*: $(said)"; }
# What Alpine's addgroup and adduser make, whose flags Debian's do not know.
inside groupadd --system peerling
inside useradd --system --no-create-home --home-dir /var/lib/peerling -g peerling -G bird peerling
install
grep -q '/usr/share/doc/peerling/examples/peerling.toml' "$root/run/said" || fail "it names no example: $(said)"
expect "there is no unit where there is no systemd" test ! -e "$root/usr/lib/systemd/system/peerling.service"
same "the right to ping" "0 2147483647" "$(tr '\t' ' ' <"$root/proc/sys/net/ipv4/ping_group_range")"
same "forwarding" "1 1" "$(cat "$root"/proc/sys/net/{ipv4/ip_forward,ipv6/conf/all/forwarding} | xargs)"
expect "settings where OpenRC reads them at each start" test -e "$root/etc/sysctl.d/60-peerling.conf"
same "the configuration's place" "root:peerling 750" "$(mode /etc/peerling)"
config=$root/etc/peerling/peerling.toml
configure
echo | inside tee /var/log/peerling.log >/dev/null
# What OpenRC makes at boot.
mkdir -p "$root"/run/openrc/{daemons,exclusive,failed,inactive,options,scheduled,started,starting,stopping,tmp}
touch "$root/run/openrc/softlevel"
inside install -d -m 700 /roots
plant
# A mistake in the configuration: told once, and not started again and again.
cp "$config" "$root/run/right"
echo 'nonsense = 1' >>"$config"
rc() { inside rc-service --nodeps peerling "$1" >"$root/run/said" 2>&1; }
! rc start || fail "OpenRC starts it with a mistake"
grep -q 'peerling.toml:.*nonsense' "$root/run/said" || fail "OpenRC does not say what is wrong: $(said)"
cp "$root/run/right" "$config"
rc start || fail "OpenRC: $(said) $(cat "$root/var/log/peerling.log")"
await 10 "it serves under OpenRC" grep -q ' registry: ' "$root/var/log/peerling.log"
same "the user under OpenRC" "peerling" "$(inside ps -o user= -C peerling | sort -u | head -n 1 | tr -d ' ')"
capabilities=$(sed -n 's/^CapEff:\t//p' "$root/proc/$(inside pgrep -x peerling)/status")
# Bit 12 is CAP_NET_ADMIN (capabilities(7)).
same "its capabilities under OpenRC" 0000000000001000 "$capabilities"
same "what the service's user pointed at, under OpenRC" "root:root 700" "$(mode /roots)"
rc reload || fail "OpenRC cannot reload it"
rc stop || fail "OpenRC cannot stop it"
step "the tarball: installed, served by OpenRC, reloaded, stopped"

before=$(sha256sum "$config")
sysctl -qw net.ipv4.ping_group_range='0 0'
install
same "after the tarball's upgrade" "$before" "$(sha256sum "$config")"
same "what the operator set, after it" "0 0" "$(tr '\t' ' ' <"$root/proc/sys/net/ipv4/ping_group_range")"
install remove
expect "the binary is gone" test ! -e "$root/usr/bin/peerling"
expect "the configuration stays" test -e "$config"
same "what stays beside it" "" "$(cd "$root" && find usr etc -name '*peerling*' ! -path 'etc/peerling*')"
step "upgraded, and removed: the configuration stays"

# On a machine with systemd, which is not running here.
inside userdel peerling
mkdir -p "$root/run/systemd/system"
install
same "the user by sysusers.d" "/var/lib/peerling:/usr/sbin/nologin" \
    "$(grep '^peerling:' "$root/etc/passwd" | cut -d : -f 6,7)"
expect "its unit is there" test -e "$root/usr/lib/systemd/system/peerling.service"
inside systemctl --quiet enable peerling || fail "systemd does not know its unit"
expect "no script of OpenRC is there" test ! -e "$root/etc/init.d/peerling"
step "and on a machine with systemd: unit and user"
