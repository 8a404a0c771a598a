#!/bin/bash
# The Debian package in a fresh Debian 12: installed, served from, upgraded, removed, purged. And the tarball
# with its OpenRC script beside it.
#
#   tests/packages/debian.sh PACKAGE.deb NEWER.deb TARBALL FOREIGN.deb FOREIGN_TARBALL
#
# The foreign ones are for another architecture: whoever takes them is told so, and nothing is changed.
# As root, with debootstrap. The Debian is made once, under target/, and a copy of it is used. Everything
# happens in mount and process namespaces of its own; nothing of it is left.
set -euo pipefail

[ -n "${INSIDE:-}" ] || INSIDE=1 exec unshare --mount --pid --net --fork --kill-child --mount-proc -- bash "$0" "$@"

package=$(realpath "$1") newer=$(realpath "$2") tarball=$(realpath "$3")
foreign=$(realpath "$4") foreign_tarball=$(realpath "$5")
here=$(dirname "$(realpath "$0")")
cache=$here/../../target/debian-12.tar
root=$(mktemp -d /tmp/peerling-debian.XXXXXX)
# Nothing of the machine itself is mounted below it, so that nothing of the machine can be removed with it.
trap 'rm -rf --one-file-system "$root" 2>/dev/null || true' EXIT

fail() {
    echo "FAIL: $*" >&2
    exit 1
}
expect() {
    local words=$1
    shift
    "$@" || fail "$words"
}
same() { [ "$2" = "$3" ] || fail "$1: expected $2, found $3"; }
step() { echo "$(printf '%3d s' $SECONDS)  $*"; }

tar -xf "$cache" -C "$root"
cp "$package" "$root/peerling.deb"
cp "$newer" "$root/newer.deb"
cp "$foreign" "$root/foreign.deb"
# Nothing is started by the installation of a package: the tests start what they want.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
ln -s /proc/self/fd "$root/dev/fd"
ip link set lo up
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C "$@"; }
as_peerling() { inside setpriv --reuid=peerling --regid=peerling --init-groups "$@"; }
mode() { inside stat -c '%U:%G %a' "$1"; }

trap 'umount "$root/proc" "$root/run" "$root/dev"; rm -rf --one-file-system "$root"' EXIT
step "Debian $(cat "$root/etc/debian_version")"
# state: every file with its mode and time, but for what dpkg keeps for itself.
state() { (cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./run \) -prune -o -printf '%p %M %u %T@\n' | sort); }
# refuses WORDS COMMAND...: it fails, says WORDS, and changes nothing.
refuses() {
    local words=$1 before
    shift
    before=$(state)
    ! inside "$@" >"$root/run/said" 2>&1 || fail "it should refuse: $*"
    grep -qF "$words" "$root/run/said" || fail "$*: it should say \"$words\": $(cat "$root/run/said")"
    same "after $*" "" "$(diff <(echo "$before") <(state) || true)"
}
refuses "does not match system" dpkg -i /foreign.deb
mkdir "$root/foreign"
tar -xzf "$foreign_tarball" -C "$root/foreign" --strip-components=1
refuses "does not run on this machine ($(uname -m)); nothing was changed" /foreign/install.sh
rm -r "$root/foreign"
# An operator who insists, or whose dpkg knows several architectures.
! inside dpkg --force-architecture,depends -i /foreign.deb >"$root/run/said" 2>&1 || fail "dpkg takes it"
grep -q "its program does not run on this machine ($(uname -m))" "$root/run/said" || fail "$(cat "$root/run/said")"
expect "nobody is made for what does not run" test -z "$(grep '^peerling:' "$root/etc/passwd" || true)"
inside dpkg -P peerling >/dev/null 2>&1
step "another architecture: dpkg, its script and that of the tarball refuse it"
inside dpkg -i /peerling.deb >/dev/null 2>&1
same "the configuration" "root:peerling 640" "$(mode /etc/peerling/peerling.toml)"
same "the state" "peerling:peerling 750" "$(mode /var/lib/peerling)"
same "BIRD's directory" "peerling:bird 750" "$(mode /etc/bird/bgp_peers)"
same "the directory of what all sessions share" "peerling:bird 750" "$(mode /etc/bird/peerling)"
expect "systemd makes the rest of its state" test ! -e "$root/var/lib/peerling/wireguard"
expect "peerling is in BIRD's group" grep -q '^bird:.*peerling' "$root/etc/group"
expect "the unit is there" test -e "$root/lib/systemd/system/peerling.service"
expect "nothing but the binary is needed" test -z "$(inside ldd /usr/bin/peerling 2>/dev/null | grep '=>' || true)"
inside peerling --version | grep -q '^peerling ' || fail "the binary runs"
expect "the manual is there" test -e "$root/usr/share/man/man8/peerling.8.gz"
step "installed: $(inside dpkg-query -W -f '${Package} ${Version} ${Architecture}, ${Installed-Size} kB' peerling)"

# An operator's configuration, with a registry of one member.
config=$root/etc/peerling/peerling.toml
sed -i 's/^asn = .*/asn = 4242420999/; s/^#listen = .*/listen = ["[::1]:4242"]/; s/^#backend = .*/backend = "files"/' "$config"
sed -i 's/^\[bird\]/[bird]\nsocket = ""/' "$config"
cp -r "$here/../../fixtures/registry" "$root/var/lib/peerling/registry"
head -c 32 /dev/urandom | base64 >"$root/etc/wireguard.key"
inside chown -R peerling:peerling /var/lib/peerling/registry /etc/wireguard.key
chmod 600 "$root/etc/wireguard.key"
sed -i 's|^#private_key_file = .*|private_key_file = "/etc/wireguard.key"|' "$config"
as_peerling peerling check >"$root/run/check" 2>&1 || fail "check: $(tail -n 3 "$root/run/check")"
step "peerling check as its own user: nothing wrong"

chmod 777 "$root/run"
# serve: starts it as its user and waits until it listens.
serve() {
    as_peerling sh -c 'echo $$ >/run/pid; exec peerling serve' >"$root/run/log" 2>&1 &
    server=$!
    local tries=100
    until grep -q ' registry: ' "$root/run/log"; do
        [ $((tries -= 1)) -gt 0 ] || fail "it does not serve: $(cat "$root/run/log")"
        sleep 0.1
    done
}
serve
expect "it made its database" test -e "$root/var/lib/peerling/peering.db"
expect "it made its host key" test -e "$root/var/lib/peerling/ssh_host_ed25519_key"
kill "$(cat "$root/run/pid")"
wait "$server" || fail "it ends with an error: $(cat "$root/run/log")"
step "served as its own user, without any right"

before=$(sha256sum "$config" "$root/var/lib/peerling/ssh_host_ed25519_key")
# Whoever has got the service's rights gets none of root's by what they leave in its directory.
inside install -d -m 700 /roots
plant() { as_peerling sh -c 'rm -rf /var/lib/peerling/wireguard && ln -s /roots /var/lib/peerling/wireguard'; }
plant
inside dpkg -i /newer.deb >/dev/null
same "what the service's user pointed at, after the upgrade" "root:root 700" "$(mode /roots)"
as_peerling rm /var/lib/peerling/wireguard
same "after the upgrade" "$before" "$(sha256sum "$config" "$root/var/lib/peerling/ssh_host_ed25519_key")"
expect "the database is still there" test -e "$root/var/lib/peerling/peering.db"
step "upgraded to $(inside dpkg-query -W -f '${Version}' peerling): configuration and state as they were"

inside dpkg -r peerling >/dev/null
expect "the binary is gone" test ! -e "$root/usr/bin/peerling"
same "after the removal" "$before" "$(sha256sum "$config" "$root/var/lib/peerling/ssh_host_ed25519_key")"
inside dpkg -P peerling >/dev/null 2>&1
for gone in /etc/peerling /var/lib/peerling; do
    expect "$gone is gone after the purge" test ! -e "$root$gone"
done
expect "the user is gone after the purge" test -z "$(grep '^peerling:' "$root/etc/passwd" || true)"
step "removed, then purged: nothing is left"

# The tarball: OpenRC starts it, with its own supervisor.
tar -xzf "$tarball" -C "$root/run"
mv "$root"/run/peerling-*/ "$root/run/unpacked"
inside addgroup --system peerling >/dev/null
inside adduser --system --no-create-home --home /var/lib/peerling --ingroup peerling peerling >/dev/null 2>&1
DESTDIR=$root "$root/run/unpacked/install.sh"
cp "$here/../../packaging/peerling.toml" "$root/etc/peerling/before"
inside chgrp -R peerling /etc/peerling
sed -i 's/^#listen = .*/listen = ["[::1]:4242"]/; s/^#backend = .*/backend = "files"/' "$config"
sed -i 's/^\[bird\]/[bird]\nsocket = ""/; s|^#private_key_file = .*|private_key_file = "/etc/wireguard.key"|' "$config"
echo | inside tee /var/log/peerling.log >/dev/null
inside adduser --quiet peerling bird
inside chown peerling /etc/wireguard.key
# What OpenRC makes at boot.
mkdir -p "$root"/run/openrc/{daemons,exclusive,failed,inactive,options,scheduled,started,starting,stopping,tmp}
touch "$root/run/openrc/softlevel"
inside install -d -o peerling -g peerling /var/lib/peerling /var/lib/peerling/registry
cp -r "$here/../../fixtures/registry/." "$root/var/lib/peerling/registry/"
plant
# A mistake in the configuration: told once, and not started again and again.
cp "$config" "$root/run/right"
echo 'nonsense = 1' >>"$config"
! inside rc-service --nodeps peerling start >"$root/run/rc" 2>&1 || fail "OpenRC starts it with a mistake"
grep -q 'peerling.toml:.*nonsense' "$root/run/rc" || fail "OpenRC does not say what is wrong: $(cat "$root/run/rc")"
cp "$root/run/right" "$config"
inside rc-service --nodeps peerling start >"$root/run/rc" 2>&1 || fail "OpenRC: $(cat "$root/run/rc" "$root/var/log/peerling.log")"
tries=100
until grep -q ' registry: ' "$root/var/log/peerling.log"; do
    [ $((tries -= 1)) -gt 0 ] || fail "OpenRC: it does not serve: $(cat "$root/run/rc" "$root/var/log/peerling.log")"
    sleep 0.1
done
same "the user under OpenRC" "peerling" "$(inside ps -o user= -C peerling | sort -u | head -n 1 | tr -d ' ')"
capabilities=$(sed -n 's/^CapEff:\t//p' "$root/proc/$(inside pgrep -x peerling)/status")
# Bit 12 is CAP_NET_ADMIN (capabilities(7)).
same "its capabilities under OpenRC" 0000000000001000 "$capabilities"
same "what the service's user pointed at, under OpenRC" "root:root 700" "$(mode /roots)"
inside rc-service --nodeps peerling reload >/dev/null 2>&1 || fail "OpenRC cannot reload it"
inside rc-service --nodeps peerling stop >/dev/null 2>&1 || fail "OpenRC cannot stop it"
before=$(sha256sum "$config")
DESTDIR=$root "$root/run/unpacked/install.sh"
same "after the tarball's upgrade" "$before" "$(sha256sum "$config")"
DESTDIR=$root "$root/run/unpacked/install.sh" remove
expect "the binary is gone" test ! -e "$root/usr/bin/peerling"
expect "the configuration stays" test -e "$config"
step "the tarball: installed, served by OpenRC, reloaded, stopped, upgraded, removed"
