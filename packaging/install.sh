#!/bin/sh
# Installs this directory on a machine with OpenRC, such as Alpine; run it as root.
#   ./install.sh            install, or upgrade: a configuration that is there stays
#   ./install.sh remove     take it away; configuration and state stay
# DESTDIR=/somewhere puts the files there and touches nothing else; it may be for another machine.
set -eu
here=$(dirname "$0")
root=${DESTDIR:-}

# runs_here: can this machine run the program? Its name for itself does not tell: a kernel of 64 bits runs
# programs of 32, and not always the other way round.
runs_here() {
    "$here/usr/bin/peerling" --version >/dev/null 2>&1 || {
        echo "$0: this peerling is for @ARCHITECTURE@ and does not run on this machine ($(uname -m));" \
            "nothing was changed: take the tarball for it" >&2
        exit 1
    }
}

files() { (cd "$here" && find usr etc -type f | grep -v '^etc/peerling/'); }

case ${1:-install} in
    install)
        [ -n "$root" ] || runs_here
        files | while read -r file; do
            mkdir -p "$root/${file%/*}"
            # By name, in one step: the program may be running.
            cp -p "$here/$file" "$root/$file.new"
            mv "$root/$file.new" "$root/$file"
        done
        mkdir -p "$root/etc/peerling"
        if [ -e "$root/etc/peerling/peerling.toml" ]; then
            cp "$here/etc/peerling/peerling.toml" "$root/etc/peerling/peerling.toml.sample"
        else
            cp -p "$here/etc/peerling/peerling.toml" "$root/etc/peerling/peerling.toml"
        fi
        if [ -z "$root" ]; then
            addgroup -S peerling 2>/dev/null || true
            adduser -S -D -H -h /var/lib/peerling -G peerling peerling 2>/dev/null || true
            addgroup peerling bird 2>/dev/null || true
            chgrp peerling /etc/peerling /etc/peerling/peerling.toml
            chmod 750 /etc/peerling
            echo "Write /etc/peerling/peerling.toml, see \`peerling check\`, then:"
            echo "  rc-update add peerling && rc-service peerling start"
        fi
        ;;
    remove)
        files | while read -r file; do rm -f "$root/$file"; done
        ;;
    *)
        echo "usage: $0 [install | remove]" >&2
        exit 2
        ;;
esac
