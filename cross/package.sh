#!/bin/sh
# Makes a Debian package and a tarball of a static binary, into dist/ or PEERLING_DIST. The same commit gives the same
# bytes. PEERLING_VERSION is another version than Cargo.toml's, for trying an upgrade.
# usage: cross/package.sh BINARY ARCHITECTURE   (x86_64, aarch64 or armv7)
set -eu
cd "$(dirname "$0")/.."

binary=$1
architecture=$2
case $architecture in
    x86_64) debian=amd64 ;;
    aarch64) debian=arm64 ;;
    armv7) debian=armhf ;;
    *)
        echo "$architecture: not one of x86_64, aarch64, armv7" >&2
        exit 2
        ;;
esac
version=${PEERLING_VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
output=${PEERLING_DIST:-dist}
# Times in archives are the commit's.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# tree ROOT: what both have in common, where it belongs.
tree() {
    root=$1
    install -D -m 755 "$binary" "$root/usr/bin/peerling"
    # A directory of its own: who may write into /etc/wireguard can make root run things.
    install -d "$root/etc/peerling"
    sed 's|^#directory = "/etc/wireguard"|directory = "/var/lib/peerling/wireguard"|' packaging/peerling.toml \
        >"$root/etc/peerling/peerling.toml"
    grep -q '^directory = "/var/lib/peerling/wireguard"' "$root/etc/peerling/peerling.toml"
    chmod 640 "$root/etc/peerling/peerling.toml"
    for page in 8:peerling.8 5:peerling.toml.5; do
        install -d "$root/usr/share/man/man${page%%:*}"
        gzip -9n <"packaging/man/${page#*:}" >"$root/usr/share/man/man${page%%:*}/${page#*:}.gz"
    done
    install -D -m 644 packaging/completions/peerling.bash "$root/usr/share/bash-completion/completions/peerling"
    install -D -m 644 packaging/completions/_peerling "$root/usr/share/zsh/site-functions/_peerling"
    install -D -m 644 packaging/completions/peerling.fish "$root/usr/share/fish/vendor_completions.d/peerling.fish"
    install -d "$root/usr/share/doc/peerling"
    install -m 644 README.md "$root/usr/share/doc/peerling/README.md"
    gzip -9n <CHANGELOG.md >"$root/usr/share/doc/peerling/changelog.gz"
    install -m 644 LICENSE "$root/usr/share/doc/peerling/copyright"
    chmod -R go-w "$root"
}

deb() {
    root=$work/deb
    tree "$root"
    install -D -m 644 packaging/systemd/peerling.service "$root/lib/systemd/system/peerling.service"
    install -D -m 644 packaging/systemd/userspace.conf "$root/usr/share/doc/peerling/userspace.conf"
    install -d "$root/DEBIAN"
    kilobytes=$(du -sk "$root" | cut -f 1)
    sed "s/@VERSION@/$version/; s/@ARCHITECTURE@/$debian/; s/@KILOBYTES@/$kilobytes/" packaging/debian/control \
        >"$root/DEBIAN/control"
    install -m 644 packaging/debian/conffiles "$root/DEBIAN/conffiles"
    for script in postinst prerm postrm; do
        sed "s/@ARCHITECTURE@/$debian/" "packaging/debian/$script" >"$root/DEBIAN/$script"
        chmod 755 "$root/DEBIAN/$script"
    done
    (cd "$root" && find usr lib -type f -exec md5sum {} + | LC_ALL=C sort -k 2 >DEBIAN/md5sums)
    dpkg-deb --build --root-owner-group -Zxz "$root" "$output/peerling_${version}_$debian.deb" >/dev/null
    echo "$output/peerling_${version}_$debian.deb"
}

tarball() {
    name=peerling-$version-$architecture
    tree "$work/$name"
    install -D -m 755 packaging/openrc/peerling "$work/$name/etc/init.d/peerling"
    install -D -m 644 packaging/openrc/logrotate "$work/$name/etc/logrotate.d/peerling"
    sed "s/@ARCHITECTURE@/$architecture/" packaging/install.sh >"$work/$name/install.sh"
    chmod 755 "$work/$name/install.sh"
    tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" |
        gzip -9n >"$output/$name.tar.gz"
    echo "$output/$name.tar.gz"
}

mkdir -p "$output"
if command -v dpkg-deb >/dev/null; then
    deb
else
    echo "no Debian package: there is no dpkg-deb here" >&2
fi
tarball
