#!/bin/sh
# Who wrote what the static binary is linked of, and under which licences: DIRECTORY/copyright, in the form of Debian
# (DEP-5), and DIRECTORY/licences.gz, the texts as the crates have them, each once. The crates are those of Cargo.lock
# for the target; their sources are Cargo's own. A licence that nobody has looked at yet is an error.
# usage: cross/licences.sh TARGET DIRECTORY
set -eu
cd "$(dirname "$0")/.."

target=$1 directory=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# NAME VERSION|LICENCE of each crate that is linked, ours left out.
crates() {
    cargo tree --locked --offline --edges normal,no-proc-macro --target "$target" --prefix none --format '{p}|{l}' |
        sed -e 's/ ([^)]*)//g' -e 's/ v\([^ |]*\)/ \1/' | grep -v '^peerling ' | LC_ALL=C sort -u
}

# source NAME VERSION: where the crate lies.
source() {
    for place in "cross/$1" "vendor/$1-$2" "vendor/$1" "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$1-$2"; do
        if grep -qsx "version = \"$2\"" "$place/Cargo.toml"; then
            echo "$place"
            return
        fi
    done
    echo "$1 $2: its source is not here" >&2
    exit 1
}

# texts PLACE: the files of a crate that say what may be done with it.
texts() {
    find "$1" -maxdepth 1 -type f -iregex '.*/\(licen[sc]e\|copying\|copyright\|notice\|unlicense\).*' | LC_ALL=C sort
}

# holders PLACE NAME: the lines of copyright in its texts; where there are none, whom Cargo.toml names.
holders() {
    case $1 in
        cross/*) set -- . "$2" ;;
    esac
    texts "$1" | xargs -r sed -nE 's/^[ /#*]*[Cc]opyright:?( \(c\)| ©)*[ ,]+([0-9].*|[A-Z][^[].*)/\2/p' |
        LC_ALL=C sort -u >"$work/holders"
    [ -s "$work/holders" ] ||
        awk '/^authors = \[/ { is_list = 1 } is_list { print } /\]/ { is_list = 0 }' "$1/Cargo.toml" |
        grep -o '"[^"]*"' | tr -d '"' >"$work/holders" || echo "the authors of $2" >"$work/holders"
    sed 's/[[:space:]]*$//; 2,$s/^/ /' "$work/holders"
}

# debian LICENCE: Debian's words for what Cargo.toml says.
debian() {
    words=$(echo "$1" | sed -e 's|/| or |g; s/ OR / or /g; s/ AND / and /g; s/ WITH /-with-/g' \
        -e 's/\bMIT\b/Expat/g; s/BSD-3-Clause/BSD-3-clause/g')
    unknown=$(echo "$words" | tr ' ' '\n' |
        grep -vxE 'or|and|Expat|Apache-2\.0(-with-LLVM-exception)?|BSD-3-clause|ISC|Unlicense' || true)
    if [ -n "$unknown" ]; then
        echo "$2: nobody has looked at its licence yet: $1" >&2
        exit 1
    fi
    echo "$words"
}

# paragraph NAME: a text of its own, from standard input, in the form of a field.
paragraph() {
    printf '\nLicense: %s\n' "$1"
    sed 's/[[:space:]]*$//; s/^$/./; s/^/ /'
}

crates >"$work/crates"
{
    cat <<'HEAD'
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: peerling
Comment: The program is linked of what follows, by the name and version of each crate; licences.gz beside this file has
 the texts as the crates have them.

Files: *
HEAD
    sed -n 's/^Copyright (c) \(.*\)/Copyright: \1/p' LICENSE
    echo "License: Expat"
    while IFS='| ' read -r name version licence; do
        place=$(source "$name" "$version")
        licence=$(debian "$licence" "$name $version")
        printf '\nFiles: %s-%s/*\nCopyright: %s\nLicense: %s\n' \
            "$name" "$version" "$(holders "$place" "$name")" "$licence"
        if [ "$name" = libsqlite3-sys ]; then
            printf '\nFiles: %s-%s/sqlite3/*\nCopyright: none, by its authors\nLicense: public-domain\n' \
                "$name" "$version"
        fi
    done <"$work/crates"
    cat <<'REST'

Files: rust-std/*
Copyright: The Rust Project Developers, and the authors of the crates below
License: Expat or Apache-2.0
Comment: Rust's standard library, with crates that may be taken under Expat:
 addr2line adler2 cfg-if compiler_builtins gimli hashbrown libc memchr miniz_oxide object rustc-demangle

Files: musl/*
Copyright: 2005-2020 Rich Felker, et al.
License: Expat

Files: compiler-rt/*
Copyright: Zig contributors
License: Expat

License: Apache-2.0
 On Debian systems, the text is in /usr/share/common-licenses/Apache-2.0; licences.gz has it too.

License: public-domain
 The author disclaims copyright to this source code. In place of a legal notice, here is a blessing: May you do good
 and not evil. May you find forgiveness for yourself and forgive others. May you share freely, never taking more than
 you give.
REST
    sed '1,/^Copyright/d' LICENSE | sed '/./,$!d' | paragraph Expat
} >"$work/copyright"

# text NAME FILE FIRST [WORDS]: what is linked under NAME has its text in a file of one of the crates, from this line.
text() {
    grep -qE "^License: (.* )?$1( |\$)" "$work/copyright" || return 0
    {
        [ $# -lt 4 ] || printf '%s\n\n' "$4"
        sed -n "/$3/,\$p" "$2" | sed 's|^// \{0,1\}||'
    } | paragraph "$1"
}
# place NAME: the newest of a crate's versions here.
place() { source "$1" "$(sed -n "s/^$1 \([^|]*\)|.*/\1/p" "$work/crates" | tail -n 1)"; }
{
    text BSD-3-clause "$(place subtle)/LICENSE" '^Redistribution and use'
    text ISC "$(place untrusted)/LICENSE.txt" 'Permission to use'
    text Unlicense "$(place memchr)/UNLICENSE" '^This is free'
    text Apache-2.0-with-LLVM-exception "$(place rustix)/LICENSE-Apache-2.0_WITH_LLVM-exception" '^As an exception' \
        'The Apache License, Version 2.0 (/usr/share/common-licenses/Apache-2.0), and of LLVM:'
} >>"$work/copyright"

# Each text once, below the names of all that have it.
mkdir "$work/texts"
while IFS='| ' read -r name version licence; do
    texts "$(source "$name" "$version")" | while read -r file; do
        sum=$(tr -d '\r' <"$file" | sha256sum | cut -c 1-64)
        echo "$name $version, ${file##*/}" >>"$work/texts/$sum.names"
        tr -d '\r' <"$file" >"$work/texts/$sum"
    done
done <"$work/crates"
for names in "$work"/texts/*.names; do
    echo "$(head -n 1 "$names")|${names%.names}"
done | LC_ALL=C sort | while IFS='|' read -r first file; do
    printf '%s\n' "$(printf '%80s' '' | tr ' ' =)"
    cat "$file.names"
    printf '%s\n\n' "$(printf '%80s' '' | tr ' ' -)"
    cat "$file"
    printf '\n'
done | gzip -9n >"$directory/licences.gz"
cp "$work/copyright" "$directory/copyright"
