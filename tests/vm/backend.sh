#!/bin/bash
# What `auto` takes on a machine without WireGuard in its kernel, and with it: `peerling check` tells what and
# why. The kernel's module is taken out and put in again, which only a machine of its own allows.
set -euo pipefail
: "${VIRTUAL_MACHINE:?it unloads a module, and runs only in a virtual machine: tests/vm/plays.sh vm/backend.sh}"
HERE=$(realpath "$(dirname "$0")/../lab")
. "$HERE/parts/stage.sh"
enter "$0" "$@"
. "$HERE/parts/sides.sh"

# check_says WORDS: among what is well.
check_says() {
    peerling check >"$LAB/check.out" 2>&1 || fail "check: $(cat "$LAB/check.out")"
    begins "WireGuard by $1" "$(sed -n 's/^ok  *wireguard  *\(WireGuard by\)/\1/p' "$LAB/check.out")"
    step "peerling check: WireGuard by $1"
}
# check_complains WORDS: that, and with exit status 1.
check_complains() {
    ! peerling check >"$LAB/check.out" 2>&1 || fail "check finds nothing wrong"
    begins "WireGuard by $1" "$(sed -n 's/^wrong  *wireguard  *\(WireGuard by\)/\1/p' "$LAB/check.out")"
    step "peerling check complains: WireGuard by $1"
}
begins() { [ "${2#"$1"}" != "$2" ] || fail "it should begin with $1: $2"; }
# A program that a machine may have or lack: the name alone decides.
userspace() { sed -i "/^backend/a userspace_command = \"$1\"" "$LAB/peerling.toml"; }

set_stage
wireguard_keys pop
registry_of node 4242420001
pop_config
pop_bird
bird_start pop
check_says "kernel: the kernel has WireGuard"
rmmod wireguard
NO_KERNEL="this kernel has no WireGuard"
userspace no-such-program
check_complains "files, so nobody makes the tunnels: $NO_KERNEL, and there is no program no-such-program; "
sed -i /^userspace_command/d "$LAB/peerling.toml"
userspace true
check_says "userspace (true), a process for each link: $NO_KERNEL; "
sed -i 's/^backend = .*/backend = "kernel"/' "$LAB/peerling.toml"
check_complains "kernel cannot work: $NO_KERNEL; "
insmod /modules/*-wireguard.ko
check_says "kernel: as configured"
