//! The newest verified checkpoint of the records log and of the casebook, kept in the home: what was seen once must stay.

use sekisho_tlog::{Checkpoint, MemoryTree, VerifyingKey, leaf_hash};

use crate::error::AdminError;
use crate::home::Home;
use crate::office_file::LogName;
use crate::register_cache::CacheError;

fn file(log: LogName) -> String {
    format!("seen/{}", log.as_str())
}

/// Holds a log that came whole against its checkpoint, and against the newest one seen before; then this one is the newest. Gives its size.
///
/// # Errors
/// [`CacheError`] when the entries are not the log that was signed, or the log does not continue what was seen.
pub(crate) fn expect_continued(
    home: &Home,
    log: LogName,
    key: &VerifyingKey,
    note: &str,
    entries: &[Vec<u8>],
) -> Result<u64, AdminError> {
    let shown = Checkpoint::open(note, key)?;
    if entries.len() as u64 != shown.size {
        return Err(CacheError::Incomplete { have: entries.len() as u64, size: shown.size }.into());
    }
    let known = match home.read(&file(log))? {
        Some(bytes) => {
            let text = String::from_utf8(bytes.to_vec()).map_err(|_| AdminError::Damaged(home.path(&file(log))))?;
            // The key of a log may have been changed by an act since; then the note is a stranger's, and begins anew.
            Checkpoint::open(&text, key).ok()
        }
        None => None,
    };
    if let Some(known) = &known {
        if shown.size < known.size {
            return Err(CacheError::Rollback { known: known.size, shown: shown.size }.into());
        }
        expect_root(known, entries)?;
    }
    expect_root(&shown, entries)?;
    home.write(&file(log), note.as_bytes())?;
    Ok(shown.size)
}

fn expect_root(checkpoint: &Checkpoint, entries: &[Vec<u8>]) -> Result<(), CacheError> {
    let size = usize::try_from(checkpoint.size).unwrap_or(usize::MAX);
    let tree: MemoryTree = entries.iter().take(size).map(|entry| leaf_hash(entry)).collect();
    if tree.root() == checkpoint.root { Ok(()) } else { Err(CacheError::Fork { size: checkpoint.size }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;
    use sekisho_tlog::SigningKey;

    #[test]
    fn a_log_that_was_seen_may_only_grow() {
        let home = TempHome::new();
        let key = SigningKey::from_seed("ledger/office/records", &[7; 32]).unwrap();
        let show = |entries: &[&[u8]]| {
            let entries: Vec<Vec<u8>> = entries.iter().map(|entry| entry.to_vec()).collect();
            let tree: MemoryTree = entries.iter().map(|entry| leaf_hash(entry)).collect();
            let (size, root) = (tree.size(), tree.root());
            let note = Checkpoint { origin: key.name().to_owned(), size, root, extensions: Vec::new() }.sign(&key);
            expect_continued(&home.0, LogName::Records, &key.verifying_key(), &note, &entries)
        };
        show(&[b"a", b"b"]).unwrap();
        assert_eq!(show(&[b"a", b"b", b"c"]).unwrap(), 3);
        let refused = show(&[b"a", b"b"]).unwrap_err();
        assert!(matches!(refused, AdminError::Cache(CacheError::Rollback { known: 3, shown: 2 })), "{refused}");
        let refused = show(&[b"a", b"x", b"c", b"d"]).unwrap_err();
        assert!(matches!(refused, AdminError::Cache(CacheError::Fork { size: 3 })), "{refused}");
        assert_eq!(show(&[b"a", b"b", b"c", b"d"]).unwrap(), 4);
    }
}
