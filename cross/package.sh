#!/bin/sh
# Makes a Debian package and a tarball of a static binary, into dist/ or PEERLING_DIST. The same commit gives the same
# bytes. PEERLING_VERSION is another version than Cargo.toml's, for trying an upgrade.
# usage: cross/package.sh BINARY ARCHITECTURE   (x86_64, aarch64 or armv7)
set -eu
cd "$(dirname "$0")/.."

binary=$1
architecture=$2
case $architecture in
    x86_64) debian=amd64 target=x86_64-unknown-linux-musl ;;
    aarch64) debian=arm64 target=aarch64-unknown-linux-musl ;;
    armv7) debian=armhf target=armv7-unknown-linux-musleabihf ;;
    *)
        echo "$architecture: not one of x86_64, aarch64, armv7" >&2
        exit 2
        ;;
esac
version=${PEERLING_VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}
# Of the packaging: Debian's name for what was not made for Debian alone.
revision=1
# Whoever makes packages for others says who answers for them, as Debian's tools are told it; nobody has this address.
maintainer="${DEBFULLNAME:-The peerling authors} <${DEBEMAIL:-peerling@example.net}>"
output=${PEERLING_DIST:-dist}
# Times in archives are the commit's.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# key NAME: what the first key of this name in Cargo.toml says, or nothing.
key() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" Cargo.toml | head -n 1; }

# put FILE WHERE: one file of the archive, which everybody may read.
put() { install -D -m 644 "$1" "$root$2"; }

# tree ROOT: what both have in common, where it belongs.
tree() {
    root=$1
    install -D -m 755 "$binary" "$root/usr/bin/peerling"
    install -D -m 755 packaging/sysctl/forwarding "$root/usr/lib/peerling/forwarding"
    put packaging/systemd/peerling.service /usr/lib/systemd/system/peerling.service
    put packaging/systemd/sysusers.conf /usr/lib/sysusers.d/peerling.conf
    for page in 8:peerling.8 5:peerling.toml.5; do
        install -d "$root/usr/share/man/man${page%%:*}"
        gzip -9n <"packaging/man/${page#*:}" >"$root/usr/share/man/man${page%%:*}/${page#*:}.gz"
    done
    put packaging/completions/peerling.bash /usr/share/bash-completion/completions/peerling
    put packaging/completions/peerling.fish /usr/share/fish/vendor_completions.d/peerling.fish
    for schema in packaging/schema/*.json; do
        put "$schema" "/usr/share/peerling/schema/${schema##*/}"
    done
    documents=$root/usr/share/doc/peerling
    put README.md /usr/share/doc/peerling/README.md
    put "$work/copyright" /usr/share/doc/peerling/copyright
    put "$work/licences.gz" /usr/share/doc/peerling/licences.gz
    put packaging/systemd/userspace.conf /usr/share/doc/peerling/userspace.conf
    gzip -9n <CHANGELOG.md >"$documents/changelog.gz"
    install -d "$documents/examples"
    # A directory of its own: who may write into /etc/wireguard can make root run things.
    sed 's|^#directory = "/etc/wireguard"|directory = "/var/lib/peerling/wireguard"|' packaging/peerling.toml \
        >"$documents/examples/peerling.toml"
    grep -q '^directory = "/var/lib/peerling/wireguard"' "$documents/examples/peerling.toml"
    chmod -R go-w "$root"
}

deb() {
    root=$work/deb
    tree "$root"
    put packaging/sysctl/60-peerling.conf /usr/lib/sysctl.d/60-peerling.conf
    put packaging/debian/overrides /usr/share/lintian/overrides/peerling
    awk -v package=peerling -v version="$version-$revision" -v maintainer="$maintainer" \
        -v date="$(date -u -R -d "@$SOURCE_DATE_EPOCH")" -f cross/changelog.awk CHANGELOG.md |
        gzip -9n >"$documents/changelog.Debian.gz"
    put packaging/completions/_peerling /usr/share/zsh/vendor-completions/_peerling
    install -d "$root/DEBIAN"
    kilobytes=$(du -sk "$root" | cut -f 1)
    homepage=$(key homepage)
    sed "s/@VERSION@/$version-$revision/; s/@ARCHITECTURE@/$debian/; s/@KILOBYTES@/$kilobytes/
        s/@MAINTAINER@/$maintainer/; s|@HOMEPAGE@|$homepage|; /^Homepage: $/d" packaging/debian/control \
        >"$root/DEBIAN/control"
    for script in postinst prerm postrm; do
        sed "s/@ARCHITECTURE@/$debian/" "packaging/debian/$script" >"$root/DEBIAN/$script"
        chmod 755 "$root/DEBIAN/$script"
    done
    (cd "$root" && find usr -type f -exec md5sum {} + | LC_ALL=C sort -k 2 >DEBIAN/md5sums)
    dpkg-deb --build --root-owner-group -Zxz "$root" "$output/peerling_$version-${revision}_$debian.deb" >/dev/null
    echo "$output/peerling_$version-${revision}_$debian.deb"
}

tarball() {
    name=peerling-$version-$architecture
    tree "$work/$name"
    put packaging/sysctl/60-peerling.conf /etc/sysctl.d/60-peerling.conf
    put packaging/completions/_peerling /usr/share/zsh/site-functions/_peerling
    put packaging/openrc/logrotate /etc/logrotate.d/peerling
    install -D -m 755 packaging/openrc/peerling "$root/etc/init.d/peerling"
    sed "s/@ARCHITECTURE@/$architecture/" packaging/install.sh >"$root/install.sh"
    chmod 755 "$root/install.sh"
    tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -cf - "$name" |
        gzip -9n >"$output/$name.tar.gz"
    echo "$output/$name.tar.gz"
}

mkdir -p "$output"
cross/licences.sh "$target" "$work"
if command -v dpkg-deb >/dev/null; then
    deb
else
    echo "no Debian package: there is no dpkg-deb here" >&2
fi
tarball
