# A machine that starts from a disk: the archive that finds it, and what plays with such machines say. Sourced by
# them; `work` is their directory, and `version` the kernel's.

fail() {
    echo "FAIL: $*" >&2
    exit 1
}
step() { printf '%4d s  %s\n' $SECONDS "$*"; }

unpacked() {
    case $1 in
        *.xz) xz -dc "$1" ;;
        *.zst) zstd -dcq "$1" ;;
        *) cat "$1" ;;
    esac
}

# files_of MODULE...: their files, in the order in which they have to be loaded; what is built in needs none.
files_of() {
    local module
    for module; do
        modprobe -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# put_modules DIRECTORY MODULE...: them unpacked, named so that their names sort as they are to be loaded.
put_modules() {
    local directory=$1 number=100 file
    shift
    mkdir -p "$directory"
    files_of "$@" | while read -r file; do
        number=$((number + 1))
        unpacked "$file" >"$directory/$number.ko"
    done
}

# initramfs INIT: busybox and the drivers of the disk, no more; INIT is what runs then.
initramfs() {
    local root=$work/initramfs.d
    mkdir -p "$root"/{bin,dev,disk}
    cp "$(command -v busybox)" "$root/bin/busybox"
    put_modules "$root/modules" virtio_pci virtio_blk
    cat >"$root/init" <<INIT
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do /bin/busybox insmod "\$module"; done
while ! [ -e /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /disk
exec /bin/busybox switch_root /disk $1
INIT
    chmod +x "$root/init"
    (cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$work/initramfs"
}
