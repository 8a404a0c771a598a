#!/bin/sh
# Builds the static binary for one target into dist/. README.md in this directory tells what it needs.
# usage: cross/build.sh [TARGET]   (default: musl on this machine's own architecture)
set -eu
cd "$(dirname "$0")/.."

target=${1:-$(uname -m)-unknown-linux-musl}
output=${CARGO_TARGET_DIR:-$PWD/target}
sysroot=$(rustc --print sysroot)
tools=$output/cross-tools

# The same commit gives the same bytes wherever it is built: no path of this machine goes into the binary.
flags="--remap-path-prefix=$PWD=/peerling --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
# Nothing unwinds (panic = "abort"), so nobody reads tables for it: an eighth of the binary.
flags="$flags --remap-path-prefix=$sysroot=/rust -C force-unwind-tables=no"
# At a fixed address: the code is a fiftieth shorter, and no page of pointers is written at each start.
# What is lost is a random place for the code itself; stack, heap and mappings keep theirs.
flags="$flags -C relocation-model=static"
# What several functions do in the same words becomes a function of its own: a thirtieth of the binary.
flags="$flags -C llvm-args=-enable-machine-outliner=always"
# Hashes and ciphers for processors that have no instructions for them, as loops. What is hashed or
# enciphered without ring is a few kilobytes in a session.
flags="$flags --cfg sha2_backend_soft=\"compact\" --cfg aes_backend_soft=\"compact\""
# C code of dependencies names its files too.
export CFLAGS="${CFLAGS:-} -fno-unwind-tables -fno-asynchronous-unwind-tables -ffile-prefix-map=$output=/target -ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=/cargo"

# zig is the C compiler and the linker for every target, always this one from PyPI: the same commit gives
# the same bytes, and newer ones (0.17.1 was looked at) have an allocator of zig's in the place of musl's, which
# gives nothing back: 22 MB instead of 4.7 MB after 200 sessions. README.md has the figures of four allocators.
zigbuild() {
    if ! [ -x "$tools/bin/cargo-zigbuild" ]; then
        python3 -m venv "$tools"
    fi
    "$tools/bin/pip" install --quiet ziglang==0.15.2 cargo-zigbuild==0.24.1
    # The same for C as for Rust: shared pieces. gcc has no such thing.
    CFLAGS="$CFLAGS -mllvm --enable-machine-outliner=always"
    PATH=$tools/bin:$PATH
    cargo-zigbuild zigbuild --release --locked --target "$target" "$@"
}

# The musl of Debian's musl-tools serves this machine's own architecture.
native() {
    [ "$target" = "$(uname -m)-unknown-linux-musl" ] && command -v musl-gcc >/dev/null
}

# Where `rustup component add rust-src` would put them too.
unpack_std() {
    if ! [ -e "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ]; then
        mkdir -p "$sysroot/lib/rustlib/src/rust"
        tar -xf "$1" -C "$sysroot/lib/rustlib/src/rust"
    fi
}

if [ -d "$sysroot/lib/rustlib/$target/lib" ]; then
    export RUSTFLAGS="$flags"
    if native; then
        cargo build --release --locked --target "$target"
    else
        zigbuild
    fi
elif [ -n "${PEERLING_RUST_SRC:-}" ]; then
    unpack_std "$PEERLING_RUST_SRC"
    # std is built along; the C library's start files are zig's.
    export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C link-self-contained=no $flags"
    zigbuild -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
else
    echo "$target: Rust's library for it is not installed; rustup target add $target" >&2
    exit 1
fi

mkdir -p dist
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
binary=dist/peerling-$version-${target%%-*}
install -m 755 "$output/$target/release/peerling" "$binary"
echo "$binary: $(wc -c <"$binary") bytes"
