#!/usr/bin/env bash
# Builds a small Linux guest for QEMU: Debian's kernel with USB/IP, pcscd, libccid, the drivers of our token, udev, busybox.
#   tests/guest/build.sh FOLDER       makes FOLDER/vmlinuz and FOLDER/base.cpio.gz; does nothing when they are those of this script and kernel
# The machine's own packages are copied into the guest; kernel and udev are fetched and unpacked, not installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
driver=$here/../../firmware/token/driver
say() { printf 'guest: %s\n' "$*" >&2; }

kernel=$(apt-cache depends linux-image-amd64 | awk '/Depends:/ { print $2; exit }')
[ -n "$kernel" ] || { say "Debian's kernel is not in the package lists: run apt-get update"; exit 1; }
mark="$kernel $(cat "$here/build.sh" "$here/init" "$here/story.sh" "$driver/ccid-list" "$driver"/*/Contents/Info.plist /usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist | sha256sum)"
[ "$(cat "$out/mark" 2>/dev/null)" != "$mark" ] || exit 0
rm -f "$out/mark"

work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/debs" "$work/kernel" "$work/udev" "$work/root"
say "fetching $kernel and udev"
(cd "$work/debs" && apt-get download -qq "$kernel" udev)
version=${kernel#linux-image-}
dpkg-deb --fsys-tarfile "$work/debs"/linux-image-*.deb | tar x -C "$work/kernel" --wildcards \
    './boot/vmlinuz-*' "./lib/modules/$version/modules.*" "./lib/modules/$version/kernel/drivers/usb/*" \
    "./lib/modules/$version/kernel/drivers/virtio/*" "./lib/modules/$version/kernel/drivers/net/virtio_net.ko*" \
    "./lib/modules/$version/kernel/drivers/net/net_failover.ko*" "./lib/modules/$version/kernel/net/core/*"
dpkg-deb -x "$work/debs"/udev_*.deb "$work/udev"

root=$work/root
mkdir -p "$root"/{bin,proc,sys,dev,run,tmp,etc,root,usr/bin,usr/sbin,lib/systemd,lib/udev/rules.d,lib/modules/"$version"}
# Copies programs and what they are linked to, under the same names.
copy() {
    local file library
    for file in "$@"; do
        install -D -m755 "$file" "$root$file"
        { ldd "$file" 2>/dev/null || true; } | grep -oE '/[^ ]+' | while read -r library; do
            [ -e "$root$library" ] || install -D -m755 "$library" "$root$library"
        done
    done
}
cp /bin/busybox "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do ln -s busybox "$root/bin/$applet" 2>/dev/null || true; done
copy /usr/sbin/pcscd /usr/bin/opensc-tool /usr/bin/lsusb /usr/sbin/usbip
# These are opened by name when they are needed, so no list of libraries has them.
copy /usr/lib/x86_64-linux-gnu/libpcsclite.so.1 /usr/lib/x86_64-linux-gnu/libgcc_s.so.1
install -m755 "$work/udev/bin/udevadm" "$root/bin/udevadm.real"
{ ldd "$work/udev/bin/udevadm" || true; } | grep -oE '/[^ ]+' | while read -r library; do
    [ -e "$root$library" ] || install -D -m755 "$library" "$root$library"
done
ln -sf udevadm.real "$root/bin/udevadm"
ln -sf /bin/udevadm.real "$root/lib/systemd/systemd-udevd"
# pcscd hears of devices from udev's network, which forwards what has been through its rules; any rule will do.
echo 'SUBSYSTEM=="usb", TAG+="systemd"' >"$root/lib/udev/rules.d/50-usb.rules"
bundle=/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents
copy $bundle/Linux/libccid.so
install -m644 $bundle/Info.plist "$root$bundle/Info.plist"
cp -r --preserve=mode "$driver/ifd-sekisho.bundle" "$root/usr/lib/pcsc/drivers/"
mkdir -p "$root/usr/lib/pcsc/drivers/ifd-sekisho.bundle/Contents/Linux"
ln -s ../../../ifd-ccid.bundle/Contents/Linux/libccid.so "$root/usr/lib/pcsc/drivers/ifd-sekisho.bundle/Contents/Linux/libccid.so"
install -D -m755 "$driver/ccid-list" "$root/usr/lib/sekisho/ccid-list"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"

depmod -b "$work/kernel" "$version"
for module in usbcore vhci-hcd virtio_pci virtio_net; do
    modprobe -d "$work/kernel" -S "$version" --show-depends "$module" >"$work/needed" || { say "no module $module"; exit 1; }
    awk '$1 == "insmod" { print $2 }' "$work/needed"
done | sort -u >"$work/modules"
while read -r module; do cp "$module" "$root/lib/modules/$version/"; done <"$work/modules"
strip --strip-debug "$root/lib/modules/$version"/*.ko
cp "$work/kernel/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$version/"
depmod -b "$root" "$version"
install -m755 "$here/init" "$root/init"
install -m644 "$here/story.sh" "$root/story.sh"
(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$out/base.cpio.gz"
cp "$work/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
printf '%s' "$mark" >"$out/mark"
say "$(du -h "$out/base.cpio.gz" | cut -f1) of guest"
