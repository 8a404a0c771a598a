#!/bin/sh
# Who wrote what the static binary is linked of, and under which licences: DIRECTORY/copyright, in the form of Debian
# (DEP-5), and DIRECTORY/licences.gz, the texts as the crates have them, each once. The crates are those of Cargo.lock
# for the target; their sources are Cargo's own. A licence that nobody has looked at yet is an error.
# usage: cross/licences.sh TARGET DIRECTORY
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C

target=$1 directory=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# NAME VERSION PLACE|LICENCE of each crate that is linked but ours, the licence in Debian's words. What lies in this
# repository has its place beside its version.
crates() {
    cargo tree --locked --offline --edges normal,no-proc-macro --target "$target" --prefix none --format '{p}|{l}' |
        sed -e 's/ (\*)$//; s/ v/ /; s/ (\(.*\))|/ \1|/; s/ (\*)//; /^peerling /d' -e 's|/\([A-Z]\)| or \1|g' \
            -e 's/ OR / or /g; s/ AND / and /g; s/ WITH /-with-/g; s/MIT/Expat/g; s/BSD-3-Clause/BSD-3-clause/g' | sort -u
}

# place NAME VERSION: where its source lies, in $place.
place() {
    for place in "vendor/$1-$2" "vendor/$1" "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$1-$2"; do
        [ ! -e "$place/Cargo.toml" ] || return 0
    done
    echo "$1 $2: its source is not here" >&2
    exit 1
}

# holders NAME PLACE: who has the copyright by its texts; where they name nobody, the authors of Cargo.toml.
holders() {
    awk -v name="$1" '
        function tell(holder) {
            sub(/[ \t\r]+$/, "", holder)
            if (!told[holder]++) text = text (text == "" ? "" : "\n ") holder
        }
        FILENAME ~ /Cargo\.toml$/ {
            if (/^authors = \[/) is_list = text == ""
            for (rest = $0; is_list && match(rest, /"[^"]*"/); rest = substr(rest, RSTART + RLENGTH))
                tell(substr(rest, RSTART + 1, RLENGTH - 2))
            if (/\]/) is_list = 0
            next
        }
        sub(/^[ \/#*]*[Cc]opyright:?( \([Cc]\)| \302\251)*[ ,]+/, "") && /^([0-9]|[A-Z][^[])/ { tell($0) }
        END { print text == "" ? "the authors of " name : text }' $(texts "$2") "$2/Cargo.toml"
}

# texts PLACE: the files that say what may be done with it.
texts() {
    for file in "$1"/*; do
        case ${file##*/} in
            [Ll][Ii][Cc][Ee][NnSs]* | COPYING* | COPYRIGHT* | NOTICE* | UNLICENSE*) [ ! -f "$file" ] || echo "$file" ;;
        esac
    done
}

# paragraph NAME: a text of its own, from standard input, in the form of a field.
paragraph() {
    printf '\nLicense: %s\n' "$1"
    sed 's/[[:space:]]*$//; s/^$/./; s/^/ /'
}

crates >"$work/crates"
unknown=$(grep -vE '\|((or|and|Expat|Apache-2\.0(-with-LLVM-exception)?|BSD-3-clause|ISC|Unlicense)( |$))+$' \
    "$work/crates" || true)
if [ -n "$unknown" ]; then
    echo "nobody has looked at these licences yet: $unknown" >&2
    exit 1
fi
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
    while IFS='|' read -r crate licence; do
        set -- $crate
        if [ $# = 3 ]; then
            # Ours, with our licence.
            owners=$(holders "$1" .)
        else
            place "$1" "$2"
            owners=$(holders "$1" "$place")
            for text in $(texts "$place"); do
                echo "$1 $2, ${text##*/}|$text" >>"$work/texts"
            done
        fi
        printf '\nFiles: %s-%s/*\nCopyright: %s\nLicense: %s\n' "$1" "$2" "$owners" "$licence"
        if [ "$1" = libsqlite3-sys ]; then
            printf '\nFiles: %s-%s/sqlite3/*\nCopyright: none, by its authors\nLicense: public-domain\n' "$1" "$2"
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

# text NAME CRATE FILE FIRST [WORDS]: what is linked under NAME has its text in a file of a crate, from this line on.
text() {
    grep -qE "^License: (.* )?$1( |\$)" "$work/copyright" || return 0
    place "$2" "$(sed -n "s/^$2 \([^ |]*\).*/\1/p" "$work/crates" | tail -n 1)"
    {
        [ $# -lt 5 ] || printf '%s\n\n' "$5"
        sed -n "/$4/,\$p" "$place/$3" | sed 's|^// \{0,1\}||'
    } | paragraph "$1"
}
{
    text BSD-3-clause subtle LICENSE '^Redistribution and use'
    text ISC untrusted LICENSE.txt 'Permission to use'
    text Unlicense memchr UNLICENSE '^This is free'
    text Apache-2.0-with-LLVM-exception rustix LICENSE-Apache-2.0_WITH_LLVM-exception '^As an exception' \
        'The Apache License, Version 2.0 (/usr/share/common-licenses/Apache-2.0), and of LLVM:'
} >>"$work/copyright"

# Each text once, below the names of all that have it.
cut -d '|' -f 2 "$work/texts" | tr '\n' '\0' | xargs -0 sha256sum | cut -c 1-64 | paste -d '|' - "$work/texts" |
    awk -F '|' '
        !($1 in file) { order[++count] = $1; file[$1] = $3 }
        { names[$1] = names[$1] $2 "\n" }
        END {
            for (i = 1; i <= count; i++) {
                printf "%080d\n%s%080d\n\n", 0, names[order[i]], 0
                while ((getline line <file[order[i]]) > 0) { sub(/\r$/, "", line); print line }
                close(file[order[i]])
                print ""
            }
        }' | sed 's/^0\{80\}$/================================================================================/' |
    gzip -9n >"$directory/licences.gz"
cp "$work/copyright" "$directory/copyright"
