#!/bin/sh
# How large peerling is: on disk, by section, by crate; in memory at rest and with sessions; its threads.
# usage: cross/size.sh [BINARY]   (default: the release build, made first, with its symbols)
set -eu
cd "$(dirname "$0")/.."

binary=${1:-}
if [ -z "$binary" ]; then
    CARGO_PROFILE_RELEASE_STRIP=none cargo build --release --quiet
    binary=${CARGO_TARGET_DIR:-target}/release/peerling
fi
sessions=20

directory=$(mktemp -d)
server=
clients=
finish() {
    if [ -n "$clients" ]; then
        # What the clients have to say about their end is of no interest.
        kill $clients 2>/dev/null || true
    fi
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
    # What strip takes away is not part of the program.
    size -A "$binary" | awk '$1 ~ /^\./ && $1 !~ /^\.(debug|comment)/ { print $2, $1 }' | sort -rn | head -n 10 |
        awk '{ printf "  %-20s %9d\n", $2, $1 }'
else
    echo "Sections: skipped, there is no size(1) here (package binutils)"
fi

echo
if ! command -v nm >/dev/null; then
    echo "Code by crate: skipped, there is no nm(1) here (package binutils)"
elif nm "$binary" 2>/dev/null | grep -q .; then
    echo "Code by crate, the largest first: bytes, functions (what counts for whom: cross/crates.awk)"
    nm -ap -S -t d "$binary" | awk -f cross/crates.awk | sort -rn >"$directory/crates"
    head -n 25 "$directory/crates"
    awk 'NR > 25 { bytes += $1; functions += $2 } { all += $1 }
        END { printf "%9d %6d  the rest\n%9d %6s  all\n", bytes, functions, all, "" }' "$directory/crates"
else
    echo "Code by crate: skipped, the binary has no symbols; CARGO_PROFILE_RELEASE_STRIP=none keeps them"
fi

# The key of an administrator, to log in with.
administrator=
if command -v ssh >/dev/null && command -v ssh-keygen >/dev/null; then
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$directory/id"
    administrator=$(cat "$directory/id.pub")
fi

# The smallest POP: the registry of the tests, no peering, files only.
mkdir "$directory/bird" "$directory/wireguard"
: >"$directory/log"
env -i \
    PEERLING_POP_ASN=4242420263 \
    PEERLING_POP_NAME=pop.example.net \
    PEERLING_SSH_LISTEN=127.0.0.1:0 \
    PEERLING_SSH_HOST_KEYS="$directory/host_key" \
    PEERLING_SSH_ADMIN_KEYS="$administrator" \
    PEERLING_LIMITS_SESSIONS_PER_MEMBER_MAX=$sessions \
    PEERLING_REGISTRY_DIRECTORY="$PWD/fixtures/registry" \
    PEERLING_STORE_PATH="$directory/peering.db" \
    PEERLING_WIREGUARD_PRIVATE_KEY="$(head -c 32 /dev/urandom | base64)" \
    PEERLING_WIREGUARD_BACKEND=files \
    PEERLING_WIREGUARD_DIRECTORY="$directory/wireguard" \
    PEERLING_BIRD_SOCKET= \
    PEERLING_BIRD_DIRECTORY="$directory/bird" \
    "$binary" --config /dev/null serve 2>"$directory/log" &
server=$!

# until_so COMMAND...: waits for ten seconds at most, while the server runs.
until_so() {
    tries=100
    until "$@"; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ] || ! kill -0 "$server" 2>/dev/null; then
            cat "$directory/log" >&2
            exit 1
        fi
        sleep 0.1
    done
}

status() {
    awk '/^(VmRSS|RssAnon|Threads):/ { printf "  %-20s %9d %s\n", $1, $2, $3 }' "/proc/$server/status"
}

anonymous() {
    awk '/^RssAnon:/ { print $2 }' "/proc/$server/status"
}

open_session() {
    ssh -tt -F none -i "$directory/id" -o IdentitiesOnly=yes -o IdentityAgent=none \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -p "$port" admin@127.0.0.1 <&9 >"$directory/session.$1" &
    clients="$clients $!"
    until_so grep -qs '> ' "$directory/session.$1"
}

until_so grep -q '^registry: ' "$directory/log"
echo
echo "At rest, with the small registry of the tests:"
status

echo
if [ -z "$administrator" ]; then
    echo "Sessions: skipped, there is no ssh here (package openssh-client)"
    exit
fi
port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$directory/log")
# Nobody types anything, and nobody ends.
mkfifo "$directory/keyboard"
exec 9<>"$directory/keyboard"
# What only the first one needs is not of each: tables, the buffers of the first commands.
open_session 0
before=$(anonymous)
number=1
while [ "$number" -lt "$sessions" ]; do
    open_session "$number"
    number=$((number + 1))
done
echo "With $sessions sessions at the prompt, $((($(anonymous) - before) / (sessions - 1))) kB each after the first:"
status
