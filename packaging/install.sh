#!/bin/sh
# Installs this directory on a machine with OpenRC, such as Alpine, or with systemd; run it as root.
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

has_systemd() { [ -d /run/systemd/system ]; }

# What only the other one of the two reads is left out, but for a directory, which may become either.
files() {
    (cd "$here" && find usr etc -type f) | if [ -n "$root" ]; then
        cat
    elif has_systemd; then
        grep -v -e '^etc/init\.d/' -e '^etc/logrotate\.d/'
    else
        grep -v -e '^usr/lib/systemd/' -e '^usr/lib/sysusers\.d/'
    fi
}

# The service's user, and the place of its configuration.
user() {
    if has_systemd; then
        systemd-sysusers peerling.conf
        systemctl daemon-reload
    else
        addgroup -S peerling 2>/dev/null || true
        adduser -S -D -H -h /var/lib/peerling -G peerling peerling 2>/dev/null || true
        addgroup peerling bird 2>/dev/null || true
    fi
    mkdir -p /etc/peerling
    chgrp peerling /etc/peerling
    chmod 750 /etc/peerling
}

case ${1:-install} in
    install)
        [ -n "$root" ] || runs_here
        had_settings=$root/etc/sysctl.d/60-peerling.conf
        [ -e "$had_settings" ] || had_settings=
        files | while read -r file; do
            mkdir -p "$root/${file%/*}"
            # By name, in one step: the program may be running.
            cp -p "$here/$file" "$root/$file.new"
            mv "$root/$file.new" "$root/$file"
        done
        if [ -z "$root" ]; then
            user
            # Once: what the operator sets later is not changed back by an upgrade.
            [ -n "$had_settings" ] || /usr/lib/peerling/forwarding ||
                echo "$0: the kernel's settings could not be set; \`peerling check\` says which are missing" >&2
            [ -e /etc/peerling/peerling.toml ] ||
                echo "$0: there is no /etc/peerling/peerling.toml yet; an example of it:" \
                    "/usr/share/doc/peerling/examples/peerling.toml"
        fi
        ;;
    remove)
        files | while read -r file; do rm -f "$root/$file"; done
        (cd "$here" && find usr -depth -type d -path '*/peerling*') | while read -r directory; do
            rmdir "$root/$directory" 2>/dev/null || true
        done
        rm -f "$root/etc/sysctl.d/59-peerling-uplink.conf" "$root/etc/sysctl.d/61-peerling-uplink.conf"
        ;;
    *)
        echo "usage: $0 [install | remove]" >&2
        exit 2
        ;;
esac
