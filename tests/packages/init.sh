#!/bin/bash
# `peerling init`: from a fresh machine with the tarball to "members can log in", under OpenRC, with BIRD.
#
#   tests/packages/init.sh DEBIAN.tar TARBALL
#
# What it says it does is done, what it only tells changes nothing, and what is there stays.
set -euo pipefail

cache=$(realpath "$1") tarball=$(realpath "$2")
. "$(dirname "$0")/machine.sh"
. "$here/operator.sh"
fixtures=$here/../../fixtures

# This machine's git, and what makes tunnels where the kernel has no WireGuard: neither is in the archive.
for path in "$(command -v git)" "$(git --exec-path)" $(command -v wireguard-go); do
    mkdir -p "$root${path%/*}"
    cp -a "$path" "$root$path"
done
mkdir -p "$root/dev/net" "$root/dev/pts"
mknod -m 666 "$root/dev/net/tun" c 10 200
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
trap 'umount --lazy "$root"/dev/pts "$root"/{proc,sys,run,dev}; rm -rf --one-file-system "$root"' EXIT
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C "$@"; }
as_peerling() { inside setpriv --reuid=peerling --regid=peerling --init-groups env HOME=/var/lib/peerling "$@"; }

mkdir "$root/unpacked"
tar -xzf "$tarball" -C "$root/unpacked" --strip-components=1
inside groupadd --system peerling
inside useradd --system --no-create-home --home-dir /var/lib/peerling -g peerling -G bird peerling
# The machine has an address that its name leads to, and a network for OpenRC.
ip address add 2001:db8::1/128 dev lo
printf '#!/sbin/openrc-run\ndepend() { provide net; }\nstart() { :; }\n' >"$root/etc/init.d/lab-net"
chmod +x "$root/etc/init.d/lab-net"
mkdir -p "$root"/run/openrc/{daemons,exclusive,failed,inactive,options,scheduled,started,starting,stopping,tmp}
touch "$root/run/openrc/softlevel"
inside rc-update add lab-net default >/dev/null
echo | inside tee /var/log/peerling.log >/dev/null
inside /unpacked/install.sh >/dev/null 2>&1
# Somebody set them back, so that init has something to do.
sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0

# A registry in git, of root's: one member with a key, two networks, and somebody else's AS number.
registry=$root/srv/registry
mkdir -p "$registry"/data/{mntner,aut-num,route,route6}
ssh-keygen -q -t ed25519 -N '' -C node -f "$root/root/id_ed25519"
ssh-keygen -q -t ed25519 -N '' -C stranger -f "$root/root/stranger"
printf 'mntner: NODE-MNT\nmnt-by: NODE-MNT\nauth: %s\n' "$(cat "$root/root/id_ed25519.pub")" >"$registry/data/mntner/NODE-MNT"
printf 'mntner: OTHER-MNT\nmnt-by: OTHER-MNT\n' >"$registry/data/mntner/OTHER-MNT"
for pair in 4242420001:NODE 4242420002:OTHER; do
    printf 'aut-num: AS%s\nmnt-by: %s-MNT\n' "${pair%:*}" "${pair#*:}" >"$registry/data/aut-num/AS${pair%:*}"
done
printf 'route: 172.20.4.0/24\norigin: AS4242420001\nmax-length: 28\n' >"$registry/data/route/172.20.4.0_24"
printf 'route6: fd42:4242:1::/48\norigin: AS4242420001\n' >"$registry/data/route6/fd42:4242:1::_48"
printf '1 permit 172.20.0.0/14 21 29\n' >"$registry/data/filter.txt"
printf '1 permit fd00::/8 44 64\n9999 deny ::/0 0 128\n' >"$registry/data/filter6.txt"
in_git() { git -C "$registry" -c user.name=x -c user.email=x@x "$@"; }
in_git init -q -b master
in_git add -A
in_git commit -qm "A registry"

# init FLAGS...: what it says is in /run/said.
init() { inside peerling init "$@" </dev/null >"$root/run/said" 2>&1; }
# says STATE NAME WORDS: a line of the report.
says() { grep -qE "^$1 +$2 +.*$3" "$root/run/said" || fail "no line \"$1 $2 … $3\": $(said)"; }
us="--asn 4242420001 --name 2001:db8::1 --registry /srv/registry"

refuses "init needs --asn N" peerling init
refuses "since nobody can be asked here" peerling init $us
refuses "the registry has no AS4242420009" peerling init --yes $us --asn 4242420009
refuses "AS4242420002 is maintained by OTHER-MNT" peerling init --yes $us --asn 4242420002 --admin-key /root/id_ed25519.pub
refuses "is nobody's in the registry" peerling init --yes $us --admin-key /root/stranger.pub
refuses "this is a private key" peerling init --yes $us --admin-key /root/id_ed25519
refuses "which is no address of this machine" peerling init --yes $us --name 2001:db8::2
refuses "neither a git repository nor a registry" peerling init --yes $us --registry /etc
refuses "run it as root" setpriv --reuid=peerling --regid=peerling --clear-groups peerling init --yes $us
step "wrong answers are refused, and nothing is changed"

before=$(state)
init --print $us --network "Lab | Net" --admin-key /root/id_ed25519.pub || fail "--print: $(said)"
same "after --print" "" "$(diff <(echo "$before") <(state) || true)"
same "settings after --print" "0 0" "$(cat "$root"/proc/sys/net/{ipv4/ip_forward,ipv6/conf/all/forwarding} | xargs)"
for name in registry "wireguard key" configuration bird kernel services; do
    says "to do" "$name" ""
done
says "to do" bird "bird.conf.before-peerling"
step "--print tells everything, and changes nothing"

# The line is README's, with a name and a registry of this machine.
line=$(sed -n 's/^    peerling init \(--asn .* --yes\)$/\1/p' "$here/../../README.md")
line=${line/pop.example.org/2001:db8::1} line=${line/\~/\/root}
mkdir -p "$root/root/.ssh"
cp "$root/root/id_ed25519.pub" "$root/root/.ssh/"
init $line --registry /srv/registry --network "Lab | Net" || fail "init $line: $(said)"
for name in registry "wireguard key" configuration bird kernel services; do
    says done "$name" ""
done
says "there already" name "2001:db8::1 leads to this machine"
says "there already" "AS number" "NODE-MNT, whose admin key this is"
says "there already" firewall "no rule of this machine drops .* TCP 4242 and UDP 52001-65535"
same "the key" "peerling:peerling 600" "$(mode /etc/peerling/wireguard.key)"
same "the configuration" "root:peerling 640" "$(mode /etc/peerling/peerling.toml)"
same "the clone" "peerling:peerling" "$(inside stat -c %U:%G /var/lib/peerling/registry/.git/config)"
cmp -s "$root/etc/bird/bird.conf.before-peerling" <(tar -xOf "$cache" ./etc/bird/bird.conf) || fail "Debian's bird.conf is lost"
grep -q 'define ROA_CHECK = true' "$root/etc/bird/variables.conf" || fail "ROA_CHECK is off"
grep -qx 'route 172.20.4.0/24 max 28 as 4242420001;' "$root/etc/bird/peerling/roa_dn42.conf" || fail "no table of origins"
same "forwarding" "1 1" "$(cat "$root"/proc/sys/net/{ipv4/ip_forward,ipv6/conf/all/forwarding} | xargs)"
expect "BIRD starts at boot" test -L "$root/etc/runlevels/default/bird"
expect "peerling starts at boot" test -L "$root/etc/runlevels/default/peerling"
inside birdc show route table dn42_roa | grep -q 172.20.4.0/24-28 || fail "BIRD has no origins: $(inside birdc show route table dn42_roa)"
line=$(grep '^    ssh -p' "$root/run/said")
same "the line to log in with" "    ssh -p 4242 node@2001:db8::1" "$line"
grep -qF '    AS4242420001 | Lab \| Net | `ssh -p 4242 NAME@2001:db8::1` ' "$root/run/said" || fail "no entry for the wiki: $(said)"
who=$($line -i "$root/root/id_ed25519" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR whoami --json </dev/null)
case $who in *'"admin":true'* | *'"NODE-MNT"'*) ;; *) fail "the login says: $who" ;; esac
step "init --yes: BIRD and peerling run, and a member logs in with the line that it printed"

# The service's user pulls what root committed.
printf 'mntner: NEW-MNT\nmnt-by: NEW-MNT\n' >"$registry/data/mntner/NEW-MNT"
in_git add -A
in_git commit -qm "Another member"
inside rc-service peerling reload >/dev/null 2>&1
await 20 "the service pulls" test -e "$root/var/lib/peerling/registry/data/mntner/NEW-MNT"
step "the clone is pulled from a repository of somebody else's"

before=$(state | grep -v -e /var/lib/peerling/ -e ' d')
init --yes || fail "a second init: $(said)"
same "after a second run" "" "$(diff <(echo "$before") <(state | grep -v -e /var/lib/peerling/ -e ' d') || true)"
! grep -qE '^done +(registry|wireguard|configuration|bird|kernel|services)' "$root/run/said" || fail "it did something again: $(said)"
refuses "since nobody can be asked here" peerling init
init --yes --asn 4242420002 && fail "it takes another AS number"
grep -q 'and pop.asn is AS4242420001 in' "$root/run/said" || fail "it says: $(said)"
step "run again, it changes nothing, and takes no other AS number"

# Rules of this machine: what they drop is told, and the lines that are told let it in.
inside nft -f - <<'RULES'
table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        ct state vmap { established : accept, related : accept, invalid : drop }
        iif lo accept
        tcp dport { 22, 290-443 } accept
    }
    chain forward { type filter hook forward priority 0; policy drop; }
}
RULES
init --yes || fail "with rules: $(said)"
says yours firewall "BGP from a tunnel, TCP 4242, UDP 52001, UDP 65535 \(table inet filter, chain input: policy drop\)"
grep -o 'nft insert .*' "$root/run/said" >"$root/run/lines"
inside sh -e /run/lines || fail "the lines are no lines of nft: $(cat "$root/run/lines")"
init --yes || fail "after the lines: $(said)"
says "there already" firewall "no rule of this machine drops"
inside nft flush ruleset
step "rules that drop the ports are told, and the lines that are told let members in"

# Whoever switches the check of origins off is told.
sed -i 's/define ROA_CHECK = true/define ROA_CHECK = false/' "$root/etc/bird/variables.conf"
inside birdc configure >/dev/null
init --yes || fail "without a check of origins: $(said)"
says yours bird "ROA_CHECK is off"
says warn bird_configuration "ROA_CHECK is off"
step "ROA_CHECK off is told, by check too"

# An operator's own BIRD stays; what it lacks is told. This time somebody sits at a terminal.
inside rc-service peerling stop >/dev/null 2>&1
inside rc-service bird stop >/dev/null 2>&1
rm -r "$root"/etc/peerling/*
find "$root/etc/bird" -mindepth 1 -maxdepth 1 ! -name envvars -exec rm -r {} +
printf 'router id 192.0.2.1;\nprotocol device { }\nroa4 table dn42_roa;\ntemplate bgp dnpeers { local as 4242420001; }\n' >"$root/etc/bird/bird.conf"
chmod 644 "$root/etc/bird/bird.conf"
sum=$(sha256sum "$root/etc/bird/bird.conf")
answers='4242420001\n2001:db8::2\nno\n2001:db8::1\nLab\nHello "all"\n/root/id_ed25519.pub\nyes\n'
printf "$answers" | inside script -qec "peerling init --registry /srv/registry" /dev/null >"$root/run/said" 2>&1 || true
sed -i 's/\r$//' "$root/run/said"
grep -q 'Does a router pass it on' "$root/run/said" || fail "nobody asks about the name: $(said)"
same "the banner" 'Hello "all"' "$(cat "$root/etc/peerling/motd")"
grep -qF "$(cat "$root/root/id_ed25519.pub")" "$root/etc/peerling/peerling.toml" || fail "no admin key: $(said)"
same "the operator's bird.conf" "$sum" "$(sha256sum "$root/etc/bird/bird.conf")"
says yours bird "is your own and stays as it is"
grep -q '^ *include "/etc/bird/bgp_peers/\*";' "$root/run/said" || fail "it does not say what is to be added: $(said)"
grep -qx 'form = "wiki"' "$root/etc/peerling/peerling.toml" || fail "the form is not the wiki's"
echo 'include "/etc/bird/bgp_peers/*";' >>"$root/etc/bird/bird.conf"
inside birdc configure >/dev/null || fail "BIRD does not run: $(said)"
init --yes || fail "after the line was added: $(said)"
says "there already" bird "your own, has what peerling needs"
step "a BIRD configuration of the operator's own is left alone"
inside rc-service peerling stop >/dev/null 2>&1
inside rc-service bird stop >/dev/null 2>&1
