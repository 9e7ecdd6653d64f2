#!/usr/bin/env bash
# Feeds strange bytes to what reads them (see README.md): each target in turn.
#   tests/fuzz/fuzz.sh                      each for ten minutes
#   tests/fuzz/fuzz.sh --seconds N [NAME …] each, or those, for so long
#   tests/fuzz/fuzz.sh --corpus             only what is in corpus/ and the golden bytes, once
#   tests/fuzz/fuzz.sh --shrink NAME …      puts what longer runs have found into corpus/, as little of it as covers the same
# An input that makes a target fail is left in target/fuzz/artifacts; it stays in corpus/ as a regression.
set -euo pipefail
cd "$(dirname "$0")"

all=(card host token object record act note proofs carried evidence ledger witness cosigned)
seconds=600 targets=() act=run
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2; shift ;;
        --corpus) act=corpus ;;
        --shrink) act=shrink ;;
        *) targets+=("$1") ;;
    esac
    shift
done
[ "${#targets[@]}" -gt 0 ] || targets=("${all[@]}")

# What cargo-fuzz would do, but with the compiler that everything else is built with. Overflow and debug checks are on; nothing here is unsafe,
# so that no sanitizer has anything to look for.
out=../../target/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
counters="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
counters+=" -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTC_BOOTSTRAP=1 RUSTFLAGS="--cfg fuzzing $counters" \
    cargo build --quiet --locked --release --bins --target "$host" --target-dir "$out"

# The ledger's target writes a book: in memory, for no disk is tried here.
TMPDIR=$(mktemp -d -p /dev/shm sekisho-fuzz-XXXXXX)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

# Golden bytes are the best beginning there is: `name hexadecimal` a line, or a file of text each.
rm -rf "$out/golden"
for target in "${all[@]}"; do mkdir -p "$out/golden/$target" "corpus/$target"; done
/usr/bin/python3 - "$out/golden" <<'PYTHON'
import pathlib, shutil, sys

protocol, golden = pathlib.Path("../../protocol"), pathlib.Path(sys.argv[1])
for vectors, target in (("wire/vectors/records-1", "record"), ("wire/vectors/signed-1", "record"),
                        ("wire/vectors/signed-1", "act"), ("register/vectors/acts-1", "act")):
    for line in (protocol / f"{vectors}.txt").read_text().splitlines():
        name, spelled = line.split()
        (golden / target / name).write_bytes(bytes.fromhex(spelled))
for text in (protocol / "tlog/tests/golden").iterdir():
    shutil.copy(text, golden / "note")
PYTHON

for target in "${targets[@]}"; do
    program=$out/$host/release/$target
    mkdir -p "$out/found/$target" "$out/artifacts"
    inputs=("corpus/$target" "$out/golden/$target")
    limits=(-max_len=2048 -timeout=20 -rss_limit_mb=2048 "-artifact_prefix=$out/artifacts/$target-")
    echo "== $target"
    case $act in
        run) "$program" "${limits[@]}" "-max_total_time=$seconds" -print_final_stats=1 "$out/found/$target" "${inputs[@]}" ;;
        corpus) "$program" "${limits[@]}" -runs=0 "${inputs[@]}" ;;
        shrink)
            rm -rf "$out/small"
            mkdir -p "$out/small"
            "$program" -set_cover_merge=1 -use_counters=0 -max_len=512 "$out/small" "${inputs[@]}" "$out/found/$target"
            rm -f "corpus/$target"/*
            cp "$out/small"/* "corpus/$target"/
            ;;
    esac
done
