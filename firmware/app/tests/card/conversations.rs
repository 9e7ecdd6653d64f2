//! Every conversation in a text file, with the card application alone. `tests/scenarios/conversations.rs` holds the same through pcscd.

use std::fs;
use std::path::Path;

use crate::session::Session;
use crate::talk::{Listener, replay};

impl Listener for Session {
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let (mut answer, status) = self.raw(command);
        answer.extend(status.to_bytes());
        answer
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

#[test]
fn every_conversation_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations");
    let mut lines = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        lines += replay(&mut Session::blank(), &fs::read_to_string(&path).unwrap(), &path.display().to_string());
    }
    assert!(lines > 300, "only {lines} answers were compared");
}
