#!/bin/sh
# How large peerling is: on disk, by section, by crate, and at rest in memory.
# usage: cross/size.sh [BINARY]   (default: the release build, made first)
set -eu
cd "$(dirname "$0")/.."

binary=${1:-}
if [ -z "$binary" ]; then
    cargo build --release --quiet
    binary=${CARGO_TARGET_DIR:-target}/release/peerling
fi

directory=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" && wait "$server" || true
    fi
    rm -r "$directory"
}
trap finish EXIT
trap 'exit 1' INT TERM

echo "$binary: $(wc -c <"$binary") bytes as built"
if command -v strip >/dev/null; then
    strip -o "$directory/stripped" "$binary"
    echo "$binary: $(wc -c <"$directory/stripped") bytes stripped"
fi

echo
if command -v size >/dev/null; then
    echo "Sections, the largest first, in bytes:"
    size -A "$binary" | awk '$1 ~ /^\./ { print $2, $1 }' | sort -rn | head -n 10 |
        awk '{ printf "  %-20s %9d\n", $2, $1 }'
else
    echo "Sections: skipped, there is no size(1) here (package binutils)"
fi

echo
if cargo bloat --version >/dev/null 2>&1; then
    echo "Code by crate:"
    cargo bloat --release --crates -n 15
else
    echo "Code by crate: skipped, there is no cargo-bloat here (cargo install cargo-bloat)"
fi

# The smallest POP: the registry of the tests, no peering, files only.
mkdir "$directory/bird" "$directory/wireguard"
: >"$directory/log"
env -i \
    PEERLING_POP_ASN=4242420263 \
    PEERLING_POP_NAME=pop.example.net \
    PEERLING_SSH_LISTEN=127.0.0.1:0 \
    PEERLING_SSH_HOST_KEYS="$directory/host_key" \
    PEERLING_REGISTRY_DIRECTORY="$PWD/fixtures/registry" \
    PEERLING_STORE_PATH="$directory/peering.db" \
    PEERLING_WIREGUARD_PRIVATE_KEY="$(head -c 32 /dev/urandom | base64)" \
    PEERLING_WIREGUARD_BACKEND=files \
    PEERLING_WIREGUARD_DIRECTORY="$directory/wireguard" \
    PEERLING_BIRD_SOCKET= \
    PEERLING_BIRD_DIRECTORY="$directory/bird" \
    "$binary" --config /dev/null serve 2>"$directory/log" &
server=$!

tries=100
until grep -q '^registry: ' "$directory/log"; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$directory/log" >&2
        exit 1
    fi
    sleep 0.1
done

echo
echo "At rest, with the small registry of the tests:"
awk '/^(VmRSS|RssAnon|Threads):/ { printf "  %-20s %9d %s\n", $1, $2, $3 }' "/proc/$server/status"
