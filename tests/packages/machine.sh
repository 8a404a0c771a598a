# A fresh Debian 12 in a directory, without anything of this machine below it, so that nothing of this machine can be
# removed with it. Everything happens in mount, process and network namespaces of its own. Sourced, with `cache`, the
# archive of it, set; `root` is where it is.

[ -n "${INSIDE:-}" ] || INSIDE=1 exec unshare --mount --pid --net --fork --kill-child --mount-proc -- bash "$0" "$@"

here=$(dirname "$(realpath "$0")")
root=$(mktemp -d /tmp/peerling-debian.XXXXXX)
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

# await SECONDS WORDS COMMAND...: tries a command until it succeeds, for so long.
await() {
    local end=$((EPOCHSECONDS + 1 + $1)) words=$2
    shift 2
    until "$@"; do
        [ $EPOCHSECONDS -lt $end ] || fail "not in time: $words"
        sleep 0.1
    done
}

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C "$@"; }
as_peerling() { inside setpriv --reuid=peerling --regid=peerling --init-groups "$@"; }
mode() { inside stat -c '%U:%G %a' "$1"; }
# said: what the last command wrote that was told so.
said() { cat "$root/run/said"; }

tar -xf "$cache" -C "$root"
# Nothing is started by the installation of a package: the tests start what they want.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
chmod 777 "$root/run"
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
ln -s /proc/self/fd "$root/dev/fd"
ip link set lo up
trap 'umount --lazy "$root"/{proc,sys,run,dev}; rm -rf --one-file-system "$root"' EXIT
