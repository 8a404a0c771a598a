# What an operator does on the machine, and what a stranger with the service's rights does. Sourced after machine.sh.

# configure_file FILE: an operator's configuration, from the example.
configure_file() {
    sed -i 's/^asn = .*/asn = 4242420999/; s/^#listen = .*/listen = ["[::1]:4242"]/; s/^#backend = .*/backend = "files"/
        s/^\[bird\]/[bird]\nsocket = ""/; s|^#private_key_file = .*|private_key_file = "/etc/wireguard.key"|' "$1"
}

# configure: the configuration, a key, and a registry of one member.
configure() {
    inside cp /usr/share/doc/peerling/examples/peerling.toml /etc/peerling/peerling.toml
    configure_file "$root/etc/peerling/peerling.toml"
    inside install -d -o peerling -g peerling /var/lib/peerling /var/lib/peerling/registry
    cp -r "$here/../../fixtures/registry/." "$root/var/lib/peerling/registry"
    inside chown -R peerling:peerling /var/lib/peerling/registry
    head -c 32 /dev/urandom | base64 >"$root/etc/wireguard.key"
    inside chown peerling /etc/wireguard.key
    chmod 600 "$root/etc/wireguard.key"
}

# plant: whoever has got the service's rights gets none of root's by what they leave in its directory.
plant() { as_peerling sh -c 'rm -rf /var/lib/peerling/wireguard && ln -s /roots /var/lib/peerling/wireguard'; }

# state: every file with its mode and time, but for what dpkg keeps for itself.
state() {
    (cd "$root" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./run \) -prune -o \
        -printf '%p %M %u %T@\n' | sort)
}

# refuses WORDS COMMAND...: it fails, says WORDS, and changes nothing.
refuses() {
    local words=$1 before
    shift
    before=$(state)
    ! inside "$@" >"$root/run/said" 2>&1 || fail "it should refuse: $*"
    grep -qF "$words" "$root/run/said" || fail "$*: it should say \"$words\": $(said)"
    same "after $*" "" "$(diff <(echo "$before") <(state) || true)"
}
