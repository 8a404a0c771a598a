#!/bin/bash
# Runs plays in virtual machines whose kernel has WireGuard: one machine for each argument, side by side, and
# in it the plays that the argument names, one after the other.
#
#   PEERLING=BINARY [WIREGUARD_TEST=BINARY] tests/vm/plays.sh 'PLAY...' ['PLAY...' ...]
#
# A play is a script below tests, such as lab/peering.sh; those of tests/lab run on any machine, those of
# tests/vm need one of their own.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Symbols would be most of what the machine has to hold.
strip -o "$work/peerling" "${PEERLING:-$here/../../target/debug/peerling}"
[ -z "${WIREGUARD_TEST:-}" ] || strip -o "$work/wireguard" "$WIREGUARD_TEST"
cat >"$work/in-turn" <<PLAYS
#!/bin/bash
# Ends with the first play that fails.
set -e
export LINKS=${LINKS:-1000} PEERLING=/bin/peerling VIRTUAL_MACHINE=1 LAB_PATIENCE=4
for play; do
    echo "\$play:"
    "/tests/\$play"
done
PLAYS
chmod +x "$work/in-turn"
mkdir "$work/tests"
cp -r "$here" "$here/../lab" "$work/tests"
export FILES="$work/tests=tests" PROCESSORS=1
# What the plays use, beside what the machine has anyhow.
export COMMANDS="$work/peerling ${WIREGUARD_TEST:+$work/wireguard}
    bash bird birdc dnsmasq jq prlimit sqlite3 ss ssh ssh-keygen strace unshare wg-quick sysctl awk basename cat chmod cmp cp cut date dirname env find grep head id ln ls mkdir mkfifo mktemp mount
    mv paste readlink realpath rm rmdir sed sha256sum sleep sort stat tail touch tr umount uname uniq wc"

machines=()
# shellcheck disable=SC2086 # an argument is a list of words
for plays; do
    "$here/run.sh" "$work/in-turn" $plays >"$work/output.${#machines[@]}" 2>&1 &
    machines+=($!)
done
status=0
for number in "${!machines[@]}"; do
    wait "${machines[$number]}" || status=$?
    cat "$work/output.$number"
done
exit $status
