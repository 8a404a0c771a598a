#!/bin/sh
# The static binary and its packages on machines that have nothing else. Takes what dist/ has.
#
#   tests/packages/run.sh [VERSION]
#
# As root on Debian: debootstrap makes the Debian to install on, once; qemu-user runs other architectures.
set -eu
cd "$(dirname "$0")/../.."

version=${1:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
native=$(uname -m)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd dist && sha256sum --check --quiet SHA256SUMS)
echo "checksums: as they should be"

# A machine with nothing at all: no library, no /etc, no /proc.
for architecture in x86_64 aarch64 armv7; do
    binary=dist/peerling-$version-$architecture
    if ! [ -e "$binary" ]; then
        echo "skipped: $architecture: dist/ has no binary for it"
        continue
    fi
    file "$binary" | grep -q 'static' || { echo "FAIL: $(file "$binary")" >&2; exit 1; }
    mkdir "$work/$architecture"
    cp "$binary" "$work/$architecture/peerling"
    runner=
    if [ "$architecture" != "$native" ]; then
        emulator=qemu-${architecture%v7}-static
        if ! command -v "$emulator" >/dev/null; then
            echo "skipped: $architecture: there is no $emulator here (package qemu-user-static)"
            continue
        fi
        cp "$(command -v "$emulator")" "$work/$architecture/emulator"
        runner=/emulator
    fi
    inside() { chroot "$work/$architecture" $runner /peerling "$@"; }
    inside --version
    # Without a configuration, in an empty machine: a clear answer and no crash.
    if inside check >"$work/said" 2>&1; then
        echo "FAIL: check finds an empty machine sound" >&2
        exit 1
    fi
    grep -q ' /etc/peerling/peerling.toml' "$work/said" || { cat "$work/said" >&2; exit 1; }
    bytes=$(wc -c <"$binary")
    # A guard, and no aim: what doubles the binary by accident is seen.
    [ "$bytes" -le 4500000 ] || { echo "FAIL: $binary has $bytes bytes, more than 4.5 MB" >&2; exit 1; }
    echo "$architecture: starts in an empty machine: $bytes bytes"
done

# debian NAME PACKAGES: target/NAME.tar, made anew when the packages that it is to have are others.
debian() {
    if ! [ -e "target/$1.tar" ] || [ "$2" != "$(cat "target/$1.packages" 2>/dev/null)" ]; then
        debootstrap --variant=minbase --include="$2" bookworm "$work/debian" >"$work/log" 2>&1 ||
            { tail -n 5 "$work/log" >&2; exit 1; }
        mkdir -p target
        rm -f "target/$1.packages"
        tar -C "$work/debian" -cf "target/$1.tar" .
        rm -rf --one-file-system "$work/debian"
        echo "$2" >"target/$1.packages"
    fi
}
debian debian-12 bird2,nftables,openrc,procps,systemd

PEERLING_VERSION=$version.1 PEERLING_DIST=$work cross/package.sh "dist/peerling-$version-$native" "$native" >/dev/null
# The packages of another architecture, with a program of one that no machine is (e_machine in elf(5)).
case $native in
    aarch64) other=x86_64 ;;
    *) other=aarch64 ;;
esac
cp "dist/peerling-$version-$native" "$work/foreign"
printf '\377\177' | dd of="$work/foreign" bs=1 seek=18 conv=notrunc status=none
PEERLING_DIST=$work/foreign.d cross/package.sh "$work/foreign" "$other" >/dev/null

package=dist/peerling_${version}-1_$(dpkg --print-architecture).deb
tarball=dist/peerling-$version-$native.tar.gz
tests/packages/contents.sh "$package" "$tarball"
tests/packages/debian.sh target/debian-12.tar "$package" "$work"/peerling_*.deb "$work"/foreign.d/*.deb
tests/packages/tarball.sh target/debian-12.tar "$tarball" "$work"/foreign.d/*.tar.gz
tests/packages/uplink.sh target/debian-12.tar "$package"
tests/packages/init.sh target/debian-12.tar "$tarball"
