#!/usr/bin/env bash
# Builds the images of the boards with Debian's compiler (tests/setup.sh installs it): no target has to be added to any toolchain.
#   firmware/boards/build.sh [cargo arguments]     default: build --release
set -euo pipefail
cd "$(dirname "$0")"
[ "$#" -gt 0 ] || set -- build --release
export PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=../../target/boards
unset RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_BUILD_TARGET
exec /usr/bin/cargo "$@"
