#!/usr/bin/env bash
# Builds the token into target/nitrokey (tests/setup.sh installs what it needs). Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")"
# bindgen reads littlefs' headers with libclang, which comes without headers of its own: the C compiler's do.
BINDGEN_EXTRA_CLANG_ARGS=-I$(gcc -print-file-name=include)
export BINDGEN_EXTRA_CLANG_ARGS CARGO_TARGET_DIR=../../target/nitrokey
cargo build --quiet --locked --release
