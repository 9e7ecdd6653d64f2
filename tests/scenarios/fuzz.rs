//! What fuzzing has found, once more, and the golden bytes of the protocol. `tests/long.sh` looks for more of it.

use std::path::Path;

use sekisho_tests::binaries::checkout;

/// The files in a folder, by name; none where there is none.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let file = |entry: std::fs::DirEntry| (entry.path().display().to_string(), std::fs::read(entry.path()).unwrap());
    let mut files: Vec<_> = entries.filter(|entry| entry.path().is_file()).map(file).collect();
    files.sort();
    files
}

/// `name hexadecimal` a line.
fn lines(file: &str) -> Vec<(String, Vec<u8>)> {
    let text = std::fs::read_to_string(checkout().join("protocol").join(file)).unwrap();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let line = |line: &str| {
        let (name, spelled) = line.split_once(' ').unwrap();
        (name.to_owned(), spelled.trim().as_bytes().chunks(2).map(byte).collect())
    };
    text.lines().map(line).collect()
}

/// Each input of a target, one after the other: what goes wrong names the one before it.
fn goes_through(name: &str, target: fn(&[u8]), golden: Vec<(String, Vec<u8>)>) {
    let inputs = [files(&checkout().join("tests/fuzz/corpus").join(name)), golden].concat();
    assert!(!inputs.is_empty(), "nothing to go through");
    for (input, bytes) in inputs {
        println_of_a_test(&format!("{name}: {input}"));
        target(&bytes);
    }
}

/// Shown where the test fails.
#[expect(clippy::print_stdout, reason = "the harness keeps it for a test that fails")]
fn println_of_a_test(text: &str) {
    println!("{text}");
}

#[test]
fn the_parsers_go_through_what_fuzzing_found_and_the_golden_bytes() {
    let signed = || lines("wire/vectors/signed-1.txt");
    goes_through("object", sekisho_fuzzed::object, Vec::new());
    goes_through("record", sekisho_fuzzed::record, [lines("wire/vectors/records-1.txt"), signed()].concat());
    goes_through("act", sekisho_fuzzed::act, [signed(), lines("register/vectors/acts-1.txt")].concat());
    goes_through("note", sekisho_fuzzed::note, files(&checkout().join("protocol/tlog/tests/golden")));
    goes_through("proofs", sekisho_fuzzed::proofs, Vec::new());
}

#[test]
fn card_host_and_reader_go_through_what_fuzzing_found() {
    goes_through("card", sekisho_fuzzed::card, Vec::new());
    goes_through("host", sekisho_fuzzed::host, Vec::new());
    goes_through("token", sekisho_fuzzed::token, Vec::new());
}

#[test]
fn the_ledger_goes_through_what_fuzzing_found() {
    goes_through("carried", sekisho_fuzzed::carried, Vec::new());
    goes_through("evidence", sekisho_fuzzed::evidence, Vec::new());
    goes_through("ledger", sekisho_fuzzed::ledger, Vec::new());
    goes_through("witness", sekisho_fuzzed::witness, Vec::new());
    goes_through("cosigned", sekisho_fuzzed::cosigned, Vec::new());
}

#[test]
fn every_route_and_parameter_of_the_ledger_is_fed() {
    let openapi = std::fs::read(checkout().join("protocol/openapi.json")).unwrap();
    let unfed = sekisho_fuzzed::unfed(&serde_json::from_slice(&openapi).unwrap());
    assert!(unfed.is_empty(), "strange bytes never come to {unfed:?}");
}
