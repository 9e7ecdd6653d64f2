//! What people and files carry between the parts: codes, sticks, configuration, and what the ledger says when it refuses.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use sekisho_ledger::checkpoint::HaltNote;
use sekisho_ledger::code::Code;
use sekisho_ledger::cold::format::{Block, Head};
use sekisho_ledger::config::Config;
use sekisho_link::{CarriedBatch, LedgerCode, Problem, StickKind, StickReader};
use serde_json::Value;

thread_local! {
    /// A stick is a file: one for all inputs of this thread.
    static STICK: RefCell<PathBuf> = RefCell::new(std::env::temp_dir().join(format!("sekisho-fuzz-{}", std::process::id())));
}

/// None of them panics, reads for ever, or reads in one part what the other part does not know.
pub fn carried(bytes: &[u8]) {
    let problem = Problem::parse(409, None, bytes);
    assert!(!problem.code.is_empty(), "a refusal without a code");
    stick(bytes);
    cold(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(code) = LedgerCode::parse(text) {
        assert_eq!(LedgerCode::parse(&code.to_text()).ok().map(|again| again.to_text()), Some(code.to_text()));
        assert!(Code::from_line(text).is_some(), "a code that the ledger could not have written");
    }
    let _ = Code::from_line(text);
    if let Ok(config) = Config::parse(Path::new("ledger.toml"), text) {
        let written = config.to_text().expect("what was read can be written");
        let again = Config::parse(Path::new("ledger.toml"), &written).expect("what was written can be read");
        assert_eq!(again.to_text().ok(), Some(written));
    }
    let _ = serde_json::from_str::<HaltNote>(text);
}

/// What is read out of a file of cold entries is what would be written into one.
fn cold(bytes: &[u8]) {
    if let Ok(head) = Head::decode(bytes) {
        assert_eq!(head.encode(), bytes);
    }
    if let Ok(block) = Block::decode(bytes) {
        assert_eq!(block.encode(), bytes);
    }
}

fn stick(bytes: &[u8]) {
    STICK.with_borrow(|path| {
        std::fs::write(path, bytes).expect("room for a stick");
        for kind in [StickKind::Records, StickKind::Seals] {
            let Ok(mut stick) = StickReader::open(path, kind) else { continue };
            let mut lines = 0;
            match kind {
                StickKind::Records => {
                    while matches!(stick.next_line::<CarriedBatch>(), Ok(Some(_))) {
                        lines += 1
                    }
                }
                StickKind::Seals => {
                    while matches!(stick.next_line::<Value>(), Ok(Some(_))) {
                        lines += 1
                    }
                }
            }
            assert!(lines <= bytes.len(), "more lines than bytes");
        }
    });
}
