#!/usr/bin/env bash
# Speed as ratios against a bare loop or a named peer in the same run. Decides nothing, fails on nothing but errors.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/setup.sh
cargo build --quiet --release --workspace --lib --bins
# The programs were built just now.
SEKISHO_BUILT=1 exec target/release/sekisho-bench "$@"
