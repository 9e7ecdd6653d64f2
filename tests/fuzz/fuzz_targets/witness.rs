//! `sekisho_fuzzed::witness` says what it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sekisho_fuzzed::witness(bytes));
