#!/bin/bash
# What is in the Debian package and in the tarball, and what lintian says of the package.
#
#   tests/packages/contents.sh PACKAGE.deb TARBALL
set -euo pipefail

package=$(realpath "$1") tarball=$(realpath "$2")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAIL: $*" >&2
    exit 1
}
same() { diff <(echo "$2") <(echo "$3") >"$work/difference" || fail "$1: $(cat "$work/difference")"; }

dpkg-deb -R "$package" "$work/deb"
mkdir "$work/tar"
tar -xzf "$tarball" -C "$work/tar" --strip-components=1

# What both have, and where; the zsh of Debian looks elsewhere than that of Alpine.
both() {
    cat <<FILES
usr/bin/peerling
usr/lib/peerling/forwarding
usr/lib/systemd/system/peerling.service
usr/lib/sysusers.d/peerling.conf
usr/share/bash-completion/completions/peerling
usr/share/doc/peerling/README.md
usr/share/doc/peerling/changelog.gz
usr/share/doc/peerling/copyright
usr/share/doc/peerling/examples/peerling.toml
usr/share/doc/peerling/licences.gz
usr/share/doc/peerling/userspace.conf
usr/share/fish/vendor_completions.d/peerling.fish
usr/share/man/man5/peerling.toml.5.gz
usr/share/man/man8/peerling.8.gz
FILES
    for schema in packaging/schema/*.json; do
        echo "usr/share/peerling/schema/${schema##*/}"
    done
}
files() { (cd "$1" && find . -type f -printf '%P\n' | LC_ALL=C sort); }

same "the package's files" "$({
    both
    printf '%s\n' DEBIAN/{control,md5sums,postinst,postrm,prerm} usr/lib/sysctl.d/60-peerling.conf \
        usr/share/doc/peerling/changelog.Debian.gz usr/share/lintian/overrides/peerling \
        usr/share/zsh/vendor-completions/_peerling
} | LC_ALL=C sort)" "$(files "$work/deb")"
same "the tarball's files" "$({
    both
    printf '%s\n' install.sh etc/init.d/peerling etc/logrotate.d/peerling etc/sysctl.d/60-peerling.conf \
        usr/share/zsh/site-functions/_peerling
} | LC_ALL=C sort)" "$(files "$work/tar")"
echo "package and tarball: the files that they are to have, and no others"

field() { dpkg-deb -f "$package" "$1"; }
same "the home page" "$(sed -n 's/^homepage = "\(.*\)"/\1/p' Cargo.toml)" "$(field Homepage)"
# Each item of CHANGELOG.md, word by word, in Debian's form.
words() { tr -s ' \n' '\n\n'; }
changelog=$work/changelog
zcat "$work/deb/usr/share/doc/peerling/changelog.Debian.gz" >"$changelog"
same "the version in the changelog" "peerling ($(field Version)) unstable; urgency=medium" "$(head -n 1 "$changelog")"
same "the changelog's items" "$(sed -n '/^## /,$p' CHANGELOG.md | sed '/^#/d; s/^- //' | words)" \
    "$(sed '/^[a-z]/d; /^ -- /d; /^  \[/d; s/^  \* //' "$changelog" | words)"
grep -qE '^ -- .* <.*>  [A-Z][a-z]{2}, [ 0-9]{2} [A-Z][a-z]{2} [0-9]{4} ' "$changelog" ||
    fail "the changelog has no signature"
echo "changelog.Debian.gz: $(grep -c '^  \* ' "$changelog") items of CHANGELOG.md"

# Whose code it is: every crate that the program names a source file of, and none that Cargo.lock has not.
documents=$work/deb/usr/share/doc/peerling
told=$(sed -n 's|^Files: \(.*-[0-9][^/]*\)/.*|\1|p' "$documents/copyright" | LC_ALL=C sort -u)
locked=$(sed -n 's/^name = "\(.*\)"/\1/p; s/^version = "\(.*\)"/\1/p' Cargo.lock | paste -d - - - | LC_ALL=C sort)
linked=$(grep -aoE '/cargo/registry/src/[^/]*/[A-Za-z0-9_.+-]+-[0-9][^/]*/' "$work/deb/usr/bin/peerling" |
    sed 's|.*/\(.*\)/$|\1|' | LC_ALL=C sort -u)
[ "$(echo "$linked" | wc -l)" -gt 10 ] || fail "the program names no crates: $linked"
std=$(sed -n '/^Files: rust-std/,/^$/s/^ //p' "$documents/copyright" | tr ' ' '|')
same "crates of the program that copyright lacks" "" \
    "$(comm -23 <(echo "$linked") <(echo "$told") | grep -vxE "($std)-[0-9.]+" || true)"
same "crates of copyright that Cargo.lock lacks" "" "$(comm -23 <(echo "$told") <(echo "$locked"))"
# Each has its text among the licences, but for those that come without one: theirs are the paragraphs.
texts=$(zcat "$documents/licences.gz" | sed -nE 's/^([A-Za-z0-9_-]+) ([0-9][^ ,]*), .*/\1-\2/p' | LC_ALL=C sort -u)
same "crates without a text" "netlink-bindings russh russh-cryptovec russh-util" \
    "$(comm -23 <(echo "$told") <(echo "$texts") | sed 's/-[0-9].*//' | xargs)"
licences=$(sed -n 's/^License: //p' "$documents/copyright" | sed 's/ or /\n/g; s/ and /\n/g' | LC_ALL=C sort -u)
same "licences with a paragraph" "$licences" \
    "$(awk '/^License: / { name = $2; getline; if (/^ /) print name }' "$documents/copyright" | LC_ALL=C sort -u)"
echo "copyright: $(echo "$told" | wc -l) crates of Cargo.lock, $(echo "$linked" | wc -l) of which the program names"

if ! command -v lintian >/dev/null; then
    echo "skipped: lintian: there is none here (package lintian)"
    exit 0
fi
said() { lintian --allow-root --fail-on error,warning "$@" >"$work/said" 2>&1; }
said "$package" || fail "lintian: $(cat "$work/said")"
# It finds what is wrong: the same package without a copyright file.
rm "$work/deb/usr/share/doc/peerling/copyright"
dpkg-deb --build --root-owner-group "$work/deb" "$work/faulty.deb" >/dev/null
! said "$work/faulty.deb" || fail "lintian finds nothing in a package without a copyright file"
grep -q '^E: peerling: no-copyright-file' "$work/said" || fail "lintian: $(cat "$work/said")"
echo "lintian: no error and no warning"
