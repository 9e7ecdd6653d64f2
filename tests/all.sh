#!/usr/bin/env bash
# Sets up and runs every test; the last line counts them.
#   tests/all.sh              everything
#   tests/all.sh NAME …       only tests whose name contains NAME
set -euo pipefail
cd "$(dirname "$0")/.."
tests/setup.sh

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo build --workspace
status=0
# Four scenarios at a time: each has its own pcscd, ledger and terminals and mostly waits for them, and two cores is what we promise to need.
cargo test --workspace --no-fail-fast -- --test-threads 4 "$@" 2>&1 | tee "$log" || status=$?
# What the ledger keeps, once more with its book on a PostgreSQL server; tests/long.sh does so with every story.
if [ $# -eq 0 ]; then
    SEKISHO_STORE=postgres cargo test --workspace --no-fail-fast --test scenarios -- --test-threads 4 \
        evidence:: ingest:: by_hand:: carried:: refilled:: casebook:: 2>&1 | tee -a "$log" || status=$?
fi

# Why each failed, once more at the end of a long log.
awk '/^failures:$/ { inside = !inside; next } inside { print }' "$log"
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, ignored; exit passed == 0 }' "$log" || status=1
exit "$status"
