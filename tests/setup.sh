#!/usr/bin/env bash
# Installs what building and testing needs on a Debian machine that has Rust: as root or with sudo. Does nothing when all is there.
#   tests/setup.sh            everything
#   tests/setup.sh demo       what the demo needs: no other people's clients, no emulators
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if ! command -v cargo >/dev/null; then
    say "setup: cargo is not on the PATH. Install Rust 1.89 or later (https://rustup.rs), then run this again."
    exit 1
fi

packages=(
    gcc libc6-dev make pkg-config libpcsclite-dev libusb-1.0-0-dev pcscd vsmartcard-vpcd opensc util-linux mount procps python3 python3-venv
)
wanted=${1:-everything}
[ "$wanted" = demo ] || packages+=(
    # The card on a chip: a compiler whose standard library comes as source, and the board that runs the image.
    rustc-web cargo-web rust-web-src rust-web-clippy lld qemu-system-arm
    # Other people's clients for the card.
    openssl yubico-piv-tool yubikey-manager gnutls-bin openssh-client libwrap0
    # The token that keeps the card-management secret.
    softhsm2
    # Fuzz targets: libFuzzer is written in C++.
    g++
    # Another maker's card (tests/nitrokey): its file system is C, whose headers bindgen reads with libclang.
    libclang1
    # The token on USB: a guest with a kernel that has USB.
    qemu-system-x86 busybox-static cpio kmod usbip usbutils libccid binutils
)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    say "setup: installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

[ "$wanted" = demo ] && exit

# An sshd that lets a card in, for one scenario. Taken out of its package: installed, it would open the machine to the network.
sshd=target/sshd
if [ ! -x "$sshd/usr/sbin/sshd" ]; then
    say "setup: taking sshd out of its package into $sshd"
    rm -rf "$sshd"
    mkdir -p "$sshd"
    as_root apt-get update -qq
    # A user of apt's own could not write into our folder.
    (cd "$sshd" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" openssh-server && dpkg-deb -x openssh-server_*.deb .)
fi

# The Python varlink package is the stranger that calls the agent's socket in a scenario.
venv=target/python
if ! "$venv/bin/python" -c 'import varlink' 2>/dev/null; then
    say "setup: installing the Python varlink package into $venv"
    mkdir -p target
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'varlink==31.0.0'
fi
