#!/bin/sh
# Everything that a release has, into dist/: for each architecture a static binary, a Debian package and a
# tarball, and the checksums of all.
# usage: cross/dist.sh TARGET...
set -eu
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
rm -rf dist
for target; do
    architecture=${target%%-*}
    cross/build.sh "$target"
    cross/package.sh "dist/peerling-$version-$architecture" "$architecture"
done
(cd dist && LC_ALL=C sha256sum peerling* >SHA256SUMS)
