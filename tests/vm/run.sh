#!/bin/sh
# Runs a program in a virtual machine with a kernel that has WireGuard, and succeeds as the program does.
#
#   [COMMANDS='NAME...'] [FILES='FILE=NAME...'] [PROCESSORS=2] [MEMORY_MB=512] tests/vm/run.sh PROGRAM [ARGUMENT...]
#
# Fit to be cargo's runner:
#   cargo test --config "target.'cfg(all())'.runner='tests/vm/run.sh'" --test wireguard -- inside kernel
#
# The machine has no disk and no network: its root is an archive of busybox, the program, `ip`, `wg`,
# the commands and files that were asked for, and the libraries and kernel modules that these need. The kernel
# is the newest in /boot, or KERNEL. The machine is emulated, which works everywhere and starts in some 4
# seconds; ACCEL=kvm where that works.
#
# Debian's packages: qemu-system-x86 linux-image-cloud-amd64 busybox-static iproute2 wireguard-tools cpio kmod
set -eu

PATH=$PATH:/usr/sbin:/sbin
kernel=${KERNEL:-$(ls -v /boot/vmlinuz-*-amd64 | tail -n 1)}
version=${kernel#*/vmlinuz-}
seconds_max=${SECONDS_MAX:-600}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/proc" "$root/run" "$root/sys" "$root/tmp" "$root/usr" \
    "$root/var" "$root/modules"
ln -s /run "$root/var/run"
# One directory of programs under all its names.
for name in sbin usr/bin usr/sbin; do
    ln -s /bin "$root/$name"
done

# copy FILE NAME: a program as /bin/NAME, and its libraries where the loader looks for them.
copy() {
    cp -L "$1" "$root/bin/$2"
    for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
        mkdir -p "$root${library%/*}"
        cp -Lu "$library" "$root$library"
    done
}

program=$1
shift
copy "$program" program
copy "$(command -v busybox)" busybox
# Where busybox has an applet of the same name, the real one wins.
for name in ip wg ${COMMANDS:-}; do
    copy "$(command -v "$name" || { echo "not installed: $name" >&2; exit 1; })" "${name##*/}"
done
for file in ${FILES:-}; do
    cp -R "${file%=*}" "$root/${file#*=}"
done
echo 'root:x:0:0::/:/bin/sh' > "$root/etc/passwd"
: > "$root/etc/resolv.conf"

# Modules in the order in which they have to be loaded; what is built in needs none.
number=100
for module in wireguard veth tun; do
    modprobe -S "$version" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$work/modules"
while read -r file; do
    number=$((number + 1))
    name=${file##*/}
    case $file in
        *.xz) xz -dc "$file" ;;
        *.zst) zstd -dcq "$file" ;;
        *) cat "$file" ;;
    esac > "$root/modules/$number-${name%%.*}.ko"
done < "$work/modules"

# Arguments reach the program one on each line.
for argument; do
    echo "$argument"
done > "$root/arguments"
cat > "$root/init" << 'EOF'
#!/bin/busybox sh
export PATH=/bin
for applet in mount kill sh true ls cat poweroff insmod rmmod xargs; do
    [ -e /bin/$applet ] || busybox ln -s busybox /bin/$applet
done
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
busybox ln -s /proc/self/fd /dev/fd
for module in /modules/*; do
    insmod "$module"
done
xargs program < /arguments > /dev/ttyS1 2>&1
echo "ended $?" > /dev/ttyS2
poweroff -f
EOF
chmod +x "$root/init"
ldconfig -r "$root" 2> /dev/null
# Not packed: the emulated processor takes longer to unpack it than qemu to hand it over.
(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) > "$work/initramfs"

# The first serial line has the kernel's messages, the second the program's output, the third its end. Addresses
# are not random: qemu translates a program's code anew for each address that it comes to lie at, and every
# process would start five times as slowly.
timeout "$seconds_max" qemu-system-x86_64 -accel "${ACCEL:-tcg,thread=multi}" -cpu max \
    -smp "${PROCESSORS:-2}" -m "${MEMORY_MB:-512}" \
    -nodefaults -no-reboot -display none -kernel "$kernel" -initrd "$work/initramfs" \
    -append 'console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off tsc=unstable norandmaps' \
    -serial "file:$work/console" -serial "file:$work/output" -serial "file:$work/end" \
    < /dev/null > "$work/qemu" 2>&1 || echo "qemu ended with $?" >> "$work/qemu"
tr -d '\r' < "$work/output"
status=$(tr -d '\r' < "$work/end" | sed -n 's/^ended //p')
if [ -z "$status" ]; then
    echo "the program did not end within $seconds_max s, or the machine did not start:" >&2
    tail -n 15 "$work/qemu" "$work/console" >&2
    exit 125
fi
exit "$status"
