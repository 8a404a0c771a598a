#!/bin/bash
# The Debian package in a fresh Debian 12: installed, served from, upgraded, removed, purged.
#
#   tests/packages/debian.sh DEBIAN.tar PACKAGE.deb NEWER.deb FOREIGN.deb
#
# The foreign one is for another architecture: whoever takes it is told so, and nothing is changed.
set -euo pipefail

cache=$(realpath "$1") package=$(realpath "$2") newer=$(realpath "$3") foreign=$(realpath "$4")
. "$(dirname "$0")/machine.sh"
. "$here/operator.sh"

cp "$package" "$root/peerling.deb"
cp "$newer" "$root/newer.deb"
cp "$foreign" "$root/foreign.deb"
step "Debian $(cat "$root/etc/debian_version")"

# installs FILE WORDS: dpkg does so without a question and without a warning; nobody is there to answer one.
installs() {
    inside dpkg -i "$1" </dev/null >"$root/run/said" 2>&1 || fail "$2: $(said)"
    # But for dpkg's own word that the directory of a conffile of before is the operator's now.
    ! grep -v "delete old directory '/etc/peerling': Directory not empty" "$root/run/said" |
        grep -iE 'warning|conffile|configuration file' || fail "$2: it says that"
}
ping_groups() { tr '\t' ' ' <"$root/proc/sys/net/ipv4/ping_group_range"; }

refuses "does not match system" dpkg -i /foreign.deb
# An operator who insists, or whose dpkg knows several architectures.
! inside dpkg --force-architecture,depends -i /foreign.deb >"$root/run/said" 2>&1 || fail "dpkg takes it"
grep -q "its program does not run on this machine ($(uname -m))" "$root/run/said" || fail "$(said)"
expect "nobody is made for what does not run" test -z "$(grep '^peerling:' "$root/etc/passwd" || true)"
inside dpkg -P peerling >/dev/null 2>&1
step "another architecture: dpkg and its script refuse it"

same "what Debian lets ping" "1 0" "$(ping_groups)"
installs /peerling.deb "the installation in an image"
same "the kernel of the machine that makes an image" "1 0" "$(ping_groups)"
inside dpkg -P peerling >/dev/null 2>&1
step "installed in an image that is made for another machine: nothing of this one's kernel is changed"

# From now on systemd runs, as far as scripts can tell.
mkdir -p "$root/run/systemd/system"
installs /peerling.deb "the installation"
same "configuration files of the package" "" "$(inside dpkg-query -W -f '${Conffiles}' peerling)"
grep -q '/usr/share/doc/peerling/examples/peerling.toml' "$root/run/said" || fail "it names no example: $(said)"
expect "the configuration is the operator's" test ! -e "$root/etc/peerling/peerling.toml"
same "the configuration's place" "root:peerling 750" "$(mode /etc/peerling)"
same "the state" "peerling:peerling 750" "$(mode /var/lib/peerling)"
same "BIRD's directory" "peerling:bird 750" "$(mode /etc/bird/bgp_peers)"
same "the directory of what all sessions share" "peerling:bird 750" "$(mode /etc/bird/peerling)"
expect "systemd makes the rest of its state" test ! -e "$root/var/lib/peerling/wireguard"
same "the user" "/var/lib/peerling:/usr/sbin/nologin" "$(grep '^peerling:' "$root/etc/passwd" | cut -d : -f 6,7)"
expect "peerling is in BIRD's group" grep -q '^bird:.*peerling' "$root/etc/group"
expect "nothing but the binary is needed" test -z "$(inside ldd /usr/bin/peerling 2>/dev/null | grep '=>' || true)"
inside peerling --version | grep -q '^peerling ' || fail "the binary runs"
same "the kernel's right to ping" "0 2147483647" "$(ping_groups)"
same "forwarding" "1 1" "$(cat "$root"/proc/sys/net/{ipv4/ip_forward,ipv6/conf/all/forwarding} | xargs)"
step "installed: $(inside dpkg-query -W -f '${Package} ${Version} ${Architecture}, ${Installed-Size} kB' peerling)"

config=$root/etc/peerling/peerling.toml
configure
as_peerling peerling check >"$root/run/check" 2>&1 || fail "check: $(tail -n 3 "$root/run/check")"
step "peerling check as its own user: nothing wrong"
inside systemctl --quiet enable peerling
expect "it is enabled" test -L "$root/etc/systemd/system/multi-user.target.wants/peerling.service"

# serve: starts it as its user and waits until it listens.
serve() {
    as_peerling sh -c 'echo $$ >/run/pid; exec peerling serve' >"$root/run/log" 2>&1 &
    server=$!
    await 10 "it serves" grep -q ' registry: ' "$root/run/log"
}
serve
expect "it made its database" test -e "$root/var/lib/peerling/peering.db"
expect "it made its host key" test -e "$root/var/lib/peerling/ssh_host_ed25519_key"
kill "$(cat "$root/run/pid")"
wait "$server" || fail "it ends with an error: $(cat "$root/run/log")"
step "served as its own user, without any right"

before=$(sha256sum "$config" "$root/var/lib/peerling/ssh_host_ed25519_key")
inside install -d -m 700 /roots
plant
# What the operator set otherwise since then.
sysctl -qw net.ipv4.ping_group_range='0 0'
installs /newer.deb "the upgrade"
same "what the service's user pointed at, after the upgrade" "root:root 700" "$(mode /roots)"
as_peerling rm /var/lib/peerling/wireguard
same "after the upgrade" "$before" "$(sha256sum "$config" "$root/var/lib/peerling/ssh_host_ed25519_key")"
expect "the database is still there" test -e "$root/var/lib/peerling/peering.db"
same "what the operator set, after the upgrade" "0 0" "$(ping_groups)"
step "upgraded to $(inside dpkg-query -W -f '${Version}' peerling): configuration, state and settings as they were"

# Tunnels and BGP sessions outlive the service and its package: one of the usual name, one of another.
for link in wg-as4242420001 dn42-far; do
    ip link add "$link" type veth peer name "far-${link%%-*}"
done
as_peerling install -d /var/lib/peerling/wireguard
as_peerling touch /var/lib/peerling/wireguard/{dn42-far,gone}.conf /etc/bird/bgp_peers/ebgp_as4242420001
touch "$root/etc/bird/bgp_peers/of_the_operator"
inside install -D -m 600 /dev/null /etc/wireguard/peerling.key
inside dpkg -r peerling >"$root/run/said" 2>&1
grep -q 'tunnels and BGP sessions run on .*`peerling down`' "$root/run/said" || fail "the removal says: $(said)"
expect "the binary is gone" test ! -e "$root/usr/bin/peerling"
same "after the removal" "$before" "$(sha256sum "$config" "$root/var/lib/peerling/ssh_host_ed25519_key")"
inside dpkg -P peerling >"$root/run/said" 2>&1
for gone in /etc/peerling /var/lib/peerling /etc/systemd/system/multi-user.target.wants/peerling.service; do
    expect "$gone is gone after the purge" test ! -e "$root$gone" -a ! -L "$root$gone"
done
same "what still runs, after the purge" "    ip link delete dn42-far
    ip link delete wg-as4242420001
    /etc/bird/bgp_peers/ebgp_as4242420001" "$(grep '^    ' "$root/run/said")"
grep -q '/etc/wireguard/peerling.key, the private key' "$root/run/said" || fail "the purge says: $(said)"
same "whose BIRD's files are" "peerling" "$(inside stat -c %U /etc/bird/bgp_peers/ebgp_as4242420001)"
sh -e <(grep '^    ip link' "$root/run/said") || fail "the purge's lines do not work"
same "links, after the purge's lines" "" "$(ip -br link show type veth)"
step "removed, then purged: state and configuration are gone, and what runs on is named with what ends it"

# With nothing that runs, there is nothing to say.
rm -r "$root"/etc/bird/bgp_peers/* "$root/etc/wireguard/peerling.key"
installs /peerling.deb "the installation after the purge"
inside dpkg -P peerling >"$root/run/said" 2>&1
! grep '^peerling:' "$root/run/said" || fail "a purge with nothing left says that"
for gone in /etc/bird/bgp_peers /etc/bird/peerling; do
    expect "$gone is gone after the purge" test ! -e "$root$gone"
done
step "installed and purged without having run: nothing is left, and nothing is said"

# A version of before had the configuration as a file of the package.
inside dpkg-deb -R /peerling.deb /older
inside install -D -m 640 /older/usr/share/doc/peerling/examples/peerling.toml /older/etc/peerling/peerling.toml
echo /etc/peerling/peerling.toml >"$root/older/DEBIAN/conffiles"
sed -i 's/^Version: .*/Version: 0.1.0/' "$root/older/DEBIAN/control"
sed -i 's/^# Who this POP is\.$/# Who we are./' "$root/older/etc/peerling/peerling.toml"
inside dpkg-deb -b /older /older.deb >/dev/null
inside dpkg -i /older.deb >/dev/null 2>&1
configure_file "$config"
before=$(sha256sum "$config")
sysctl -qw net.ipv4.ping_group_range='1 0'
installs /peerling.deb "the upgrade from a version with a conffile"
same "the operator's file, after it" "$before" "$(sha256sum "$config")"
same "settings that the version of before did not have" "0 2147483647" "$(ping_groups)"
installs /newer.deb "the next upgrade"
same "the operator's file, after the next" "$before" "$(sha256sum "$config")"
inside dpkg -P peerling >/dev/null 2>&1
expect "it is gone after the purge" test ! -e "$config"
step "upgraded from a version that had the configuration as its own: it stays, and nothing is asked"
