#!/usr/bin/env bash
# What takes long: each part of a terminal and the ledger killed forty times under load; a clerk's day of work, looked over for records, memory and journal;
# ten thousand cards that come and go while parts are killed, the ledger is down, the disk full and the clock stepped (SEKISHO_CYCLES, SEKISHO_SEED); a hundred cards in one batch; a terminal's packages in a Debian that boots; every story once more with the ledger's book on PostgreSQL; each fuzz target for ten minutes.
#   tests/long.sh [--fuzz-seconds N]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=600
[ "${1:-}" != --fuzz-seconds ] || seconds=$2
tests/setup.sh
cargo build --workspace
# A single package would be built with other features, and nearly everything anew.
cargo test --workspace --test scenarios -- --ignored --test-threads 1 --nocapture
SEKISHO_STORE=postgres cargo test --workspace --test scenarios -- --test-threads 2
tests/fuzz/fuzz.sh --seconds "$seconds"
