#!/usr/bin/env bash
# Builds a machine for QEMU, which is a clerk's terminal in one story and a town's server in another: Debian 12 with systemd, logind, polkit and pcscd, a user `clerk`
# who is logged in at the screen, and nothing of ours.
#   tests/guest/debian.sh FOLDER      makes FOLDER/{vmlinuz,initrd,disk}; does nothing when they are this script's
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
say() { printf 'guest: %s\n' "$*" >&2; }

mark=$(cat "$here/debian.sh" "$here/story.sh" "$here/clerk-locker" | sha256sum)
[ "$(cat "$out/mark" 2>/dev/null)" != "$mark" ] || exit 0
rm -f "$out/mark"
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

packages=(
    systemd-sysv dbus dbus-user-session polkitd libpam-systemd libpam-runtime udev kmod iproute2 login passwd
    # What our packages depend on: the guest has no archive to fetch it from.
    pcscd libccid libdbus-1-3 libusb-1.0-0 libpcsclite1 libx11-6 libxcb1 pinentry-fltk
    # Readers for virtual cards, somebody who listens to logind, and what a story asks with.
    vsmartcard-vpcd libglib2.0-bin curl pamtester
    linux-image-amd64
)
# A kernel for this machine alone: fewer modules to unpack, and to load at each start.
cat >"$work/initramfs.conf" <<'CONF'
MODULES=list
BUSYBOX=auto
COMPRESS=gzip
CONF
exclude=()
for part in drivers/gpu drivers/media drivers/net/ethernet drivers/net/wireless drivers/infiniband drivers/scsi drivers/iio drivers/staging fs/btrfs fs/xfs fs/ocfs2 fs/cifs sound net/mac80211; do
    exclude+=(--dpkgopt="path-exclude=/lib/modules/*/kernel/$part/*")
done
say "installing Debian into a folder"
mmdebstrap --quiet --mode=root --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" "${exclude[@]}" \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --essential-hook='mkdir -p "$1/etc/initramfs-tools"' --essential-hook="cp $work/initramfs.conf \"\$1/etc/initramfs-tools/initramfs.conf\"" \
    --essential-hook='printf "virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n" >"$1/etc/initramfs-tools/modules"' \
    --dpkgopt=force-confold --format=dir bookworm "$root" >&2

install -D -m755 "$here/clerk-locker" "$root/usr/local/bin/clerk-locker"
install -D -m644 "$here/story.sh" "$root/usr/local/lib/story.sh"
echo /dev/vda / ext4 defaults 0 1 >"$root/etc/fstab"
echo desk >"$root/etc/hostname"
printf '127.0.0.1 localhost desk\n' >"$root/etc/hosts"
chroot "$root" useradd --create-home --shell /bin/bash --uid 1000 clerk
# Her desktop: a session on the screen's seat, and a locker that heeds logind.
echo '[ "$(tty)" != /dev/tty1 ] || exec clerk-locker' >"$root/home/clerk/.profile"
install -D -m644 /dev/stdin "$root/etc/systemd/system/getty@tty1.service.d/clerk.conf" <<'CONF'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin clerk --noclear %I linux
CONF
# The story lies on the second disk, as an archive.
install -D -m644 /dev/stdin "$root/etc/systemd/system/story.service" <<'CONF'
[Unit]
After=multi-user.target getty.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'tar x -C / -f /dev/vdb && . /usr/local/lib/story.sh && . /story'
ExecStopPost=/bin/sh -c '. /usr/local/lib/story.sh; say end; systemctl poweroff --force --force'
StandardInput=null
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
CONF
ln -s ../story.service "$root/etc/systemd/system/multi-user.target.wants/story.service"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer serial-getty@ttyS0.service systemd-timesyncd.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
cp "$root"/boot/vmlinuz-* "$out/vmlinuz"
cp "$root"/boot/initrd.img-* "$out/initrd"
rm -rf "$root/boot" "$root/var/cache/apt" "$root/var/lib/apt/lists"
mkdir -p "$root/boot" "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
rm -f "$out/disk"
mke2fs -q -t ext4 -d "$root" "$out/disk" 1500M
printf '%s' "$mark" >"$out/mark"
say "a Debian of $(du -h "$out/disk" | cut -f1)"
