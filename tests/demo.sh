#!/usr/bin/env bash
# Sets up and runs the main job on real parts: a ledger, a real pcscd with virtual cards, one clerk terminal.
#   tests/demo.sh             founds an office, then leaves panel and ledger up and says how to play with them
#   tests/demo.sh --script    tells the whole story without asking, and ends with exit status 0 if all of it came true
#   tests/demo.sh --qemu      with either: the clerks' cards are images of a chip, run by QEMU
#   tests/demo.sh --help      the other options
set -euo pipefail
cd "$(dirname "$0")/.."
tests/setup.sh
cargo build --quiet --workspace --bins
exec target/debug/sekisho-demo "$@"
