#!/usr/bin/env bash
# What takes long: many kills at many points, soak. Run before calling an issue done; its result goes into the note.
#   SECONDS_EACH=600 tests/long.sh     how long each soak lasts (default 300)
set -euo pipefail
cd "$(dirname "$0")/.."
tests/setup.sh
cargo build --workspace --bins
SEKISHO_LONG="${SECONDS_EACH:-300}" cargo test -p sekisho-tests --test scenarios -- --ignored --test-threads 1 --nocapture
