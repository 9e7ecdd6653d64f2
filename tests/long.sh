#!/usr/bin/env bash
# What takes long: each part of a terminal and the ledger killed forty times under load; a clerk's day of work, looked over for records, memory and journal;
# ten thousand cards that come and go while parts are killed, the ledger is down, the disk full and the clock stepped (SEKISHO_CYCLES, SEKISHO_SEED); a hundred cards in one batch; a terminal's packages and a town's in a Debian that boots; every story once more with the ledger's book on PostgreSQL; five hundred stories of disasters
# at the ledger, and fifty on PostgreSQL (SEKISHO_STORIES, SEKISHO_SEED); every write of the ledger broken twice on PostgreSQL; each fuzz target for ten minutes.
#   tests/long.sh [--fuzz-seconds N]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=600
[ "${1:-}" != --fuzz-seconds ] || seconds=$2
tests/setup.sh
cargo build --workspace
# A single package would be built with other features, and nearly everything anew.
cargo test --workspace --test scenarios -- --ignored --test-threads 1 --nocapture
SEKISHO_STORE=postgres cargo test --workspace --test scenarios -- --test-threads 4
cargo test --workspace --test ledger -- --ignored
# In memory: whether a disk keeps what it was given is not asked here, and each story waits for it hundreds of times.
seed=${SEKISHO_SEED:-$RANDOM$RANDOM} stories=${SEKISHO_STORIES:-500}
TMPDIR=/dev/shm SEKISHO_SEED=$seed SEKISHO_STORIES=$stories cargo test --workspace --test ledger -- torture
TMPDIR=/dev/shm SEKISHO_SEED=$seed SEKISHO_STORIES=$((stories / 10)) SEKISHO_STORE=postgres cargo test --workspace --test ledger -- torture
TMPDIR=/dev/shm SEKISHO_STORE=postgres cargo test --workspace --test ledger -- broken::every_write_may
tests/fuzz/fuzz.sh --seconds "$seconds"
