#!/bin/sh
# Installs this directory on a machine with OpenRC, such as Alpine; run it as root.
#   ./install.sh            install, or upgrade: a configuration that is there stays
#   ./install.sh remove     take it away; configuration and state stay
# DESTDIR=/somewhere puts the files there and touches nothing else.
set -eu
here=$(dirname "$0")
root=${DESTDIR:-}

files() { (cd "$here" && find usr etc -type f | grep -v '^etc/peerling/'); }

case ${1:-install} in
    install)
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
