#!/usr/bin/env bash
# Installs what building and testing needs on a Debian machine that has Rust: as root or with sudo. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if ! command -v cargo >/dev/null; then
    say "setup: cargo is not on the PATH. Install Rust first, see the README, then run this again."
    exit 1
fi

packages=(
    gcc libc6-dev make pkg-config libpcsclite-dev libusb-1.0-0-dev pcscd vsmartcard-vpcd opensc util-linux mount procps python3 python3-venv
    # The card on a chip: a compiler whose standard library comes as source, and the board that runs the image.
    rustc-web cargo-web rust-web-src lld qemu-system-arm
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

# The Python varlink package is the stranger that calls the agent's socket in a scenario.
venv=target/python
if ! "$venv/bin/python" -c 'import varlink' 2>/dev/null; then
    say "setup: installing the Python varlink package into $venv"
    mkdir -p target
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'varlink==31.0.0'
fi
