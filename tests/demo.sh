#!/usr/bin/env bash
# Sets up and runs the main job on real parts: a ledger, a real pcscd with virtual cards, one clerk terminal.
#   tests/demo.sh             founds an office, then leaves panel and ledger up and says how to play with them
#   tests/demo.sh --script    tells the whole story without asking, and ends with exit status 0 if all of it came true
#   tests/demo.sh --qemu      with either: the clerks' cards are images of a chip, run by QEMU
#   tests/demo.sh --lang ja   with either: the clerk's programs speak Japanese
#   tests/demo.sh --help      this
# The first time it builds everything, which takes two cores about five minutes and 4 GB of disk.
set -euo pipefail
cd "$(dirname "$0")/.."
parts=demo
for argument in "$@"; do
    case $argument in
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' tests/demo.sh && exit ;;
    --qemu) parts=everything ;;
    esac
done
tests/setup.sh "$parts"
echo "demo: building" >&2
cargo build --workspace --bins
exec target/debug/sekisho-demo "$@"
