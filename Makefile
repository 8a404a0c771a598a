# peerling. `make` or `make help` lists what can be made; README.md tells the rest.

CARGO ?= cargo
# Where skipped tests are noted, so that they can be told at the end.
SKIPS := $(CURDIR)/target/skipped.txt
# What the lab needs on Debian; installed only as root.
LAB_PACKAGES := bird2 wireguard-go wireguard-tools openssh-client iproute2 iputils-ping dnsmasq-base jq sqlite3 \
	dropbear-bin putty-tools procps strace util-linux mandoc zsh fish frr systemd faketime logrotate
# What the virtual machine needs.
VM_PACKAGES := qemu-system-x86 linux-image-cloud-amd64 busybox-static kmod cpio binutils debootstrap \
	e2fsprogs
# Clients and auditors from PyPI, in an environment of their own.
LAB_PYTHON := paramiko asyncssh ssh-audit jsonschema
VENV := $(CURDIR)/target/venv

# For what the static binaries are made, and what trying the packages needs.
TARGETS ?= x86_64-unknown-linux-musl aarch64-unknown-linux-musl armv7-unknown-linux-musleabihf
PACKAGE_PACKAGES := debootstrap file git iproute2 lintian openssh-client qemu-user-static dpkg
# The tests of links, run in a virtual machine.
IN_VM := $(CARGO) test --quiet --config "target.'cfg(all())'.runner='tests/vm/run.sh'" --test wireguard --
# A virtual machine for each, side by side.
VM_PLAYS ?= 'lab/peering.sh lab/takeover.sh vm/clock.sh' 'vm/backend.sh lab/hands.sh vm/killed.sh'

.DEFAULT_GOAL := help
.PHONY: help demo lab lab-mesh test chaos check bless bench growth size dist twice packages package-faults vm scale \
	vm-pop vm-small lab-packages vm-packages package-packages

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build, and be a member of a POP in a temporary directory; as root with BIRD and WireGuard the real thing
	$(CARGO) build
	@./fixtures/demo/start.sh ./target/debug/peerling

lab: lab-packages ## every play of tests/lab.rs, one after the other: from peer_create to Established, and what goes wrong
	PEERLING_LAB=required $(CARGO) test --quiet --test lab -- --nocapture --test-threads=1 --skip mesh

lab-mesh: lab-packages ## four POPs of one network: links, Babel, iBGP, a member, a cut
	PEERLING_LAB=required $(CARGO) test --quiet --test lab -- --nocapture --exact mesh

test: lab-packages ## every test; as root on Debian the lab too
	@mkdir -p target && rm -f $(SKIPS)
	PATH="$(VENV)/bin:$$PATH" PEERLING_SKIPS=$(SKIPS) $(CARGO) test --quiet
	@if [ -e $(SKIPS) ]; then echo "Not everything could be tested here:"; sort -u $(SKIPS); \
	else echo "Nothing was skipped."; fi

chaos: lab-packages ## a POP's year by a seed, SEED=42 OPS=20000: commands, faults, kills, hands; then all is as answered
	SEED=$(SEED) OPS=$(OPS) WITHOUT=$(WITHOUT) PEERLING_LAB=required $(CARGO) test --quiet --test chaos

check: ## formatting, lints with warnings as errors, documentation
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --document-private-items --quiet

bless: ## write the golden files anew; then read the difference
	BLESS=1 $(CARGO) test --quiet --lib --test config --test registry --test readme --test manual
	BLESS=1 $(CARGO) test --quiet --test service -- attacks
	git diff --stat -- fixtures packaging README.md

bench: ## speed and memory, as figures of one run
	$(CARGO) bench --bench core --bench ssh

growth: ## how they grow with peerings and sessions: a table, and benches/figures/growth.svg
	$(CARGO) bench --bench growth

size: ## the binary by section and crate, resident memory, threads
	cross/size.sh

dist: ## static binaries, packages, checksums into dist/ (TARGETS="..." for some of them)
	cross/dist.sh $(TARGETS)

twice: ## one static binary and its packages, made twice: the same bytes
	tests/packages/twice.sh

packages: package-packages ## what dist/ has, on machines that have nothing else
	tests/packages/run.sh

package-faults: packages ## that the tests of the packages find each of two dozen faults
	tests/packages/faults.sh

vm: vm-packages lab-packages ## WireGuard of a real kernel, and the lab on it, in virtual machines
	$(CARGO) build --quiet
	$(IN_VM) inside kernel
	PEERLING=$(CURDIR)/target/debug/peerling tests/vm/plays.sh $(VM_PLAYS)

scale: vm-packages lab-packages ## 1000 links of the kernel at once, beside a bare loop
	$(CARGO) build --release --quiet
	test=$$($(CARGO) test --release --test wireguard --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))/\1/p') && \
	MEMORY_MB=1536 PEERLING=$(CURDIR)/target/release/peerling WIREGUARD_TEST=$$test tests/vm/plays.sh vm/scale.sh

# install PACKAGES: as root on Debian; elsewhere nothing, and the tests say what they skipped.
define install
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		missing=""; \
		for package in $(1); do \
			dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
		done; \
		[ -z "$$missing" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }; \
	fi
endef

lab-packages:
	$(call install,$(LAB_PACKAGES))
	@if [ "$$(id -u)" = 0 ] && command -v python3 >/dev/null && \
		! $(VENV)/bin/python3 -c 'import paramiko, asyncssh, jsonschema' 2>/dev/null; then \
		python3 -m venv $(VENV) 2>/dev/null && $(VENV)/bin/python3 -m pip install -q $(LAB_PYTHON) || \
			echo "no Python environment: some clients are not tested"; \
	fi

vm-pop: vm-packages ## two machines with the Debian package of dist/: peered, rebooted, Established
	tests/vm/pop.sh dist/peerling_*_amd64.deb

vm-small: vm-packages ## a machine of 64 MB with the static binary of dist/: 20 open sessions, nothing killed
	@rm -rf target/small-registry
	PEERLING_REGISTRY=$(CURDIR)/target/small-registry $(CARGO) test --quiet --test registry -- one_is_written
	tests/vm/small.sh dist/peerling-*-x86_64 target/small-registry

vm-packages:
	$(call install,$(VM_PACKAGES))

package-packages:
	$(call install,$(PACKAGE_PACKAGES))
