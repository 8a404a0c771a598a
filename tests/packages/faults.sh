#!/bin/bash
# That the plays of the packages can fail: each of these faults, put into what dist/ has, is found in the words of its
# play. `make packages` comes first.
#
#   tests/packages/faults.sh [PLAY]
set -euo pipefail
cd "$(dirname "$0")/../.."

only=${1:-}
debian=$PWD/target/debian-12.tar
package=$(realpath dist/peerling_*_"$(dpkg --print-architecture)".deb)
tarball=$(realpath dist/peerling-*-"$(uname -m)".tar.gz)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missed=0

# packed NAME VERSION: the package that lies in $work/deb, with its list of sums.
packed() {
    sed -i "s/^Version: .*/Version: $2/" "$work/deb/DEBIAN/control"
    (cd "$work/deb" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
    dpkg-deb --build --root-owner-group -Zxz -z0 "$work/deb" "$work/$1.deb" >/dev/null
}

# found PLAY WORDS: the play fails, and its last words have these.
found() {
    case $1 in
        contents) set -- "$@" "$work/faulty.deb" "$work/faulty.tar.gz" ;;
        debian) set -- "$@" "$debian" "$work/faulty.deb" "$work/newer.deb" "$work/foreign.deb" ;;
        tarball) set -- "$@" "$debian" "$work/faulty.tar.gz" "$work/foreign.tar.gz" ;;
        uplink) set -- "$@" "$debian" "$work/faulty.deb" ;;
    esac
    if "tests/packages/$1.sh" "${@:3}" >"$work/said" 2>&1; then
        echo "MISSED: $1: $2"
    elif ! grep -qF -- "$2" "$work/said"; then
        echo "MISSED: $1: $2: it failed with other words: $(tail -n 3 "$work/said")"
    else
        echo "found: $1: $2"
        return
    fi
    missed=1
}

# fault PLAY WORDS COMMANDS: in the unpacked package or tarball; of packages the newer one has it too.
fault() {
    [ -z "$only" ] || [ "$only" = "$1" ] || return 0
    rm -rf "$work/deb" "$work/tar"
    dpkg-deb -R "$package" "$work/deb"
    mkdir "$work/tar"
    tar -xzf "$tarball" -C "$work/tar"
    case $1 in
        tarball) (cd "$work"/tar/* && eval "$3") ;;
        *) (cd "$work/deb" && eval "$3") ;;
    esac
    packed faulty 0.1.0-1
    packed newer 0.1.1-1
    tar -C "$work/tar" -czf "$work/faulty.tar.gz" "$(ls "$work/tar")"
    found "$1" "$2"
}

# The packages of another architecture, whose program does not run here.
dpkg-deb -R "$package" "$work/deb"
sed -i 's/^Architecture: .*/Architecture: s390x/' "$work/deb/DEBIAN/control"
printf '#!/nowhere\n' >"$work/deb/usr/bin/peerling"
packed foreign 0.1.0-1
mkdir "$work/tar"
tar -xzf "$tarball" -C "$work/tar"
printf '#!/nowhere\n' >"$(echo "$work"/tar/*)/usr/bin/peerling"
tar -C "$work/tar" -czf "$work/foreign.tar.gz" "$(ls "$work/tar")"

documents=usr/share/doc/peerling
fault contents lib/systemd/system/peerling.service 'mkdir -p lib && mv usr/lib/systemd lib/'
fault contents usr/share/peerling/schema/peers.json 'rm usr/share/peerling/schema/peers.json'
fault contents usr/lib/sysctl.d/60-peerling.conf 'rm usr/lib/sysctl.d/60-peerling.conf'
fault contents 'the home page' 'sed -i "/^Section/i Homepage: https://example.net" DEBIAN/control'
fault contents 'the version in the changelog' 'cp $documents/changelog.gz $documents/changelog.Debian.gz'
fault contents "the changelog's items" \
    'zcat $documents/changelog.Debian.gz | sed "4s/[a-z][a-z]*/x/" | gzip -n >x; mv x $documents/changelog.Debian.gz'
fault contents 'crates of the program that copyright lacks' 'sed -i "/^Files: russh-0/d" $documents/copyright'
fault contents 'crates of copyright that Cargo.lock lacks' \
    'printf "\nFiles: nobody-1.0/*\nCopyright: nobody\nLicense: ISC\n" >>$documents/copyright'
fault contents 'crates without a text' 'gzip -n </dev/null >$documents/licences.gz'
fault contents 'licences with a paragraph' 'sed -i "/^License: Apache-2.0-with[^ ]*$/,\$d" $documents/copyright'
fault contents 'bogus-mail-host' 'sed -i "s/^Maintainer: .*/Maintainer: A B <a@localhost>/" DEBIAN/control'
by_hand='adduser --system --group --home /var/lib/peerling --no-create-home peerling'
fault debian 'the installation in an image: it says that' 'sed -i "s|^systemd-sysusers .*|$by_hand|" DEBIAN/postinst'
fault debian 'configuration files of the package' \
    'mkdir -p etc/peerling; cp $documents/examples/peerling.toml etc/peerling; find etc -type f -printf "/%p\n" >DEBIAN/conffiles'
fault debian "the operator's file, after it" \
    'sed -i "/^systemd-sysusers/i [ \"\$2\" != 0.1.0 ] || mv /etc/peerling/peerling.toml /x" DEBIAN/postinst'
fault debian "the kernel's right to ping" 'sed -i /ping_group/d usr/lib/sysctl.d/60-peerling.conf'
fault debian 'forwarding: expected' 'sed -i /ip_forward/d usr/lib/sysctl.d/60-peerling.conf'
fault debian 'that makes an image' 'sed -i "s|-d /run/systemd/system|-d /run|" DEBIAN/postinst'
fault debian 'what the operator set, after the upgrade' 'sed -i "s/lt 0.1.0-1/ge 0.1.0-1/" DEBIAN/postinst'
fault debian 'settings that the version of before did not have' 'sed -i "s/lt 0.1.0-1/lt 0/" DEBIAN/postinst'
fault debian 'the removal says' 'sed -i "s/^    remove)/    removed)/" DEBIAN/postrm'
fault debian 'what still runs, after the purge' 'sed -i "/ip link delete/d" DEBIAN/postrm'
fault debian 'what still runs, after the purge' 'sed -i "s/ -user peerling//" DEBIAN/postrm'
fault debian 'multi-user.target.wants/peerling.service is gone' \
    'sed -i "s/deb-systemd-helper purge/true/" DEBIAN/postrm'
fault debian "whose BIRD's files are" 'sed -i "/rm -rf/a userdel peerling" DEBIAN/postrm'
fault tarball 'its unit is there' 'rm -r usr/lib/systemd'
fault tarball 'the right to ping' 'sed -i /ping_group/d etc/sysctl.d/60-peerling.conf'
fault tarball 'what the operator set, after it' 'sed -i "s/\[ -n \"\$had_settings\" \]/false/" install.sh'
fault tarball 'there is no unit where there is no systemd' 'sed -i "s/-e .^usr.lib.systemd.. //" install.sh'
fault uplink 'the router is kept when forwarding begins' 'sed -i "/accept_ra = 2\"/d" usr/lib/peerling/forwarding'
fault uplink 'the router after a start' 'sed -i "/forwarding = 0\"/d" usr/lib/peerling/forwarding'
exit $missed
