//! What fuzzing has found, once more. `tests/long.sh` looks for more of it.

use std::process::Command;

use sekisho_tests::binaries::checkout;
use sekisho_tests::reader::finish;

#[test]
fn every_fuzz_target_goes_through_its_corpus() {
    let said = finish(Command::new(checkout().join("tests/fuzz/fuzz.sh")).arg("--corpus"));
    assert!(said.well, "{}", said.text);
    assert_eq!(said.text.matches("Done ").count(), 10, "{}", said.text);
}
