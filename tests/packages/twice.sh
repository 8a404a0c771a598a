#!/bin/sh
# The same commit gives the same bytes: builds it twice, in two directories, and compares.
#
#   tests/packages/twice.sh [TARGET]
#
# Takes what cross/build.sh takes, and twice its time.
set -eu

target=${1:-$(uname -m)-unknown-linux-musl}
repository=$(cd "$(dirname "$0")/../.." && pwd)
# Somebody may commit meanwhile.
commit=$(git -C "$repository" rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for place in one another/and/deeper; do
    mkdir -p "$work/${place%/*}"
    git clone --quiet "$repository" "$work/$place"
    git -C "$work/$place" checkout --quiet --detach "$commit"
    "$work/$place/cross/build.sh" "$target"
    SOURCE_DATE_EPOCH=1 "$work/$place/cross/package.sh" "$work/$place"/dist/peerling-*-"${target%%-*}" "${target%%-*}"
done
cd "$work/one/dist"
for file in *; do
    cmp "$file" "$work/another/and/deeper/dist/$file" || { echo "FAIL: $file differs" >&2; exit 1; }
    echo "$file: the same bytes twice, $(sha256sum "$file" | cut -c 1-16)"
done
