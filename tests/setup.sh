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
    gcc libc6-dev make pkg-config libdbus-1-dev libpcsclite-dev libusb-1.0-0-dev pcscd vsmartcard-vpcd opensc util-linux mount procps python3 python3-venv
)
wanted=${1:-everything}
[ "$wanted" = demo ] || packages+=(
    # The card on a chip: a compiler whose standard library comes as source, and the board that runs the image.
    rustc-web cargo-web rust-web-src rust-web-clippy lld qemu-system-arm
    # Other people's clients for the card.
    openssl yubico-piv-tool yubikey-manager gnutls-bin openssh-client libwrap0
    # The desktop whose screen is locked: a bus, and somebody who says that he is logind.
    dbus-daemon python3-dbusmock libglib2.0-bin
    # Who looks at the web console: a browser, what it keeps trusted authorities in, Japanese letters, and who reads what it prints.
    chromium chromium-l10n libnss3-tools fonts-noto-cjk poppler-utils
    # Screens to work at that nobody sees, hands, and what asks for a PIN and hides a screen there.
    xvfb xdotool sway swaylock kwin-wayland pinentry-gtk2 pinentry-curses xsecurelock
    # The token that keeps the card-management secret.
    softhsm2
    # Whose systemd-creds seals a terminal's keys, and what judges its units, their rules and their system calls.
    systemd polkitd python3-seccomp
    # What the examples for application developers stand on, and nginx.
    python3-jwt python3-cryptography libjson-c-dev libpcre2-8-0 zlib1g curl
    # What shows man pages, and what builds packages.
    groff-base debhelper
    # Programs that let people in, without touching this machine's own.
    pamtester libpam-wrapper
    # Whom the benches stand beside.
    libpam-pkcs11
    # A TPM in software, and what systemd-creds speaks to it with.
    swtpm libtss2-tcti-swtpm0 libtss2-rc0 libtss2-esys-3.0.2-0
    # The other database of the ledger.
    postgresql-15
    # Whoever scans the month's sheet.
    zbar-tools
    # Fuzz targets: libFuzzer is written in C++.
    g++
    # Another maker's card (tests/nitrokey): its file system is C, whose headers bindgen reads with libclang.
    libclang1
    # Guests: the token on USB, with a kernel that has USB; and Debian with systemd, where the packages are installed.
    mmdebstrap e2fsprogs qemu-system-x86 busybox-static cpio kmod usbip usbutils libccid binutils
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

# Servers for scenarios, taken out of their packages: installed, they would open the machine to the network.
take_out() {
    local package=$1 program=target/$2
    [ -x "$program" ] && return
    say "setup: taking $program out of its package"
    rm -rf "${program%%/usr/*}"
    mkdir -p "${program%%/usr/*}"
    as_root apt-get update -qq
    # A user of apt's own could not write into our folder.
    (cd "${program%%/usr/*}" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$package" && dpkg-deb -x "$package"_*.deb .)
}
# One that lets a card in, and a proxy in front of a web application.
take_out openssh-server sshd/usr/sbin/sshd
take_out nginx nginx/usr/sbin/nginx

# Python packages that judge us from outside: a caller of the agent's socket, a verifier of the ledger's logs, a reader of its numbers,
# the published schema of OCSF.
venv=target/python
if ! "$venv/bin/python" -c 'import varlink, aics_tlog, prometheus_client, ocsf_json_schema, jsonschema' 2>/dev/null; then
    say "setup: installing Python packages into $venv"
    mkdir -p target
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'varlink==31.0.0' 'cryptography==50.0.2' \
        'prometheus-client==0.26.0' 'ocsf-json-schema==1.2.0' 'jsonschema==4.26.0'
    # It asks for Python 3.12 and runs on Debian's 3.11, where its functions are held to what they must refuse.
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --ignore-requires-python 'aics-tlog==0.2.1'
fi
