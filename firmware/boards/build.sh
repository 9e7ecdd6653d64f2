#!/usr/bin/env bash
# Builds the boards with Debian's compiler (tests/setup.sh installs it): no target has to be added to any toolchain.
#   firmware/boards/build.sh          all images, into target/boards/images
#   firmware/boards/build.sh lint     clippy over all of it, with the compiler's own
#   firmware/boards/build.sh test     what can be tested without the chip
set -euo pipefail
cd "$(dirname "$0")"
export PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=../../target/boards
unset RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_BUILD_TARGET
m3=thumbv7m-none-eabi m4=thumbv7em-none-eabi
on_chip() { local command=$1 target=$2; shift 2; /usr/bin/cargo "$command" -Zbuild-std=core --release --target "$target" "$@"; }
# image PROGRAM NAME TARGET PACKAGE [FEATURE]: each package by itself, for the features of one board's libraries break the other's.
image() {
    on_chip build "$3" --quiet --bin "$1" -p "$4" --features "${5:-}"
    install -D -m755 "$CARGO_TARGET_DIR/$3/release/$1" "$CARGO_TARGET_DIR/images/$2"
}

case "${1:-build}" in
build)
    image sekisho-mps2 mps2 $m3 sekisho-mps2
    image measure measure $m3 sekisho-mps2
    image bare bare $m3 sekisho-mps2
    image sekisho-mps2 mps2-assembly $m4 sekisho-mps2 assembly
    image measure measure-assembly $m4 sekisho-mps2 assembly
    image sekisho-nrf52840 nrf52840 $m4 sekisho-nrf52840
    image sekisho-nrf52840 nrf52840-assembly $m4 sekisho-nrf52840 assembly
    ;;
lint)
    on_chip clippy $m3 -p sekisho-mps2 -- -D warnings
    on_chip clippy $m4 -p sekisho-mps2 -p sekisho-card-app --features assembly -- -D warnings
    on_chip clippy $m4 -p sekisho-nrf52840 --features assembly -- -D warnings
    ;;
test)
    /usr/bin/cargo test --target "$("$RUSTC" -vV | sed -n 's/^host: //p')" -p sekisho-nrf52840 --lib
    ;;
*)
    sed -n '2,5s/^# //p' build.sh
    exit 2
    ;;
esac
