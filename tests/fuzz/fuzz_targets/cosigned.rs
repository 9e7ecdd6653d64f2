//! `sekisho_fuzzed::cosigned` says what it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sekisho_fuzzed::cosigned(bytes));
