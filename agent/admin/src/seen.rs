//! The newest verified checkpoint of the records log and of the casebook, kept in the home: what was seen once must stay.

use sekisho_register::LogKeys;
use sekisho_register::change::Log;
use sekisho_tlog::{
    Checkpoint, Hash, HashReader, MemoryTree, ProveError, TlogError, consistency_proof, leaf_hash, verify_consistency,
};
use sekisho_wire::words::Language;

use crate::broken_log::Broken;
use crate::error::AdminError;
use crate::home::Home;

/// Each log that goes on in another's place has a file of its own.
fn file(log: Log, keys: &LogKeys) -> String {
    let name = keys.origin().rsplit_once('/').map_or(log.name(Language::English), |(_, name)| name);
    format!("seen/{name}")
}

/// What a log began with that goes on in another's place, by an act.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    /// So many entries,
    pub size: u64,
    /// and their root.
    pub root: Hash,
}

/// How many entries of a log were seen.
///
/// # Errors
/// When what was seen is damaged.
pub(crate) fn size(home: &Home, log: Log, keys: &LogKeys) -> Result<u64, AdminError> {
    Ok(newest(home, log, keys)?.map_or(0, |known| known.size))
}

/// A log that came whole, under the checkpoint that says so.
///
/// # Errors
/// [`crate::broken_log::BrokenLog`] when the entries are not the log that was signed.
pub(crate) fn whole(log: Log, keys: &LogKeys, note: &str, entries: &[Vec<u8>]) -> Result<MemoryTree, AdminError> {
    whole_of(log, keys, note, entries.iter().map(|entry| leaf_hash(entry)).collect())
}

/// The same of leaves alone.
///
/// # Errors
/// As [`whole`].
pub(crate) fn whole_of(log: Log, keys: &LogKeys, note: &str, leaves: Vec<Hash>) -> Result<MemoryTree, AdminError> {
    let signed = keys.open(note).map_err(|error| Broken::Checkpoint(error).of(log))?;
    let have = leaves.len() as u64;
    if have != signed.size {
        return Err(Broken::Incomplete { have, size: signed.size }.of(log).into());
    }
    let tree: MemoryTree = leaves.into_iter().collect();
    if tree.root() == signed.root { Ok(tree) } else { Err(Broken::Fork { size: signed.size }.of(log).into()) }
}

/// Holds a signed checkpoint against the newest one seen before, by a consistency proof out of `tree`; then it is the newest.
/// `tree` need not be trusted: a proof that is made of anything else leads to another root.
///
/// # Errors
/// [`crate::broken_log::BrokenLog`] when the log does not continue what was seen; those of `tree`.
pub(crate) fn expect_continued<R: HashReader>(
    home: &Home,
    log: Log,
    keys: &LogKeys,
    note: &str,
    tree: &R,
    base: Option<Base>,
) -> Result<(), AdminError>
where
    AdminError: From<R::Error>,
{
    let shown = keys.open(note).map_err(|error| Broken::Checkpoint(error).of(log))?;
    let known = match (newest(home, log, keys)?, base) {
        (Some(known), _) => Some(Base { size: known.size, root: known.root }),
        // What was seen of the log before it, and is kept, has to be in it: the act alone says less.
        (None, Some(base)) => Some(of_earlier(home, log, keys, base.size)?.unwrap_or(base)),
        (None, None) => None,
    };
    if let Some(known) = known.filter(|known| known.size > 0) {
        if shown.size < known.size {
            return Err(Broken::Rollback { known: known.size, shown: shown.size }.of(log).into());
        }
        let proof = consistency_proof(tree, known.size, shown.size).map_err(|error| match error {
            ProveError::Reader(error) => error.into(),
            ProveError::Request(error) => AdminError::Tlog(error),
        })?;
        let fork = |_: TlogError| Broken::Fork { size: known.size }.of(log);
        verify_consistency(known.size, &known.root, shown.size, &shown.root, &proof).map_err(fork)?;
    }
    home.write(&file(log, keys), note.as_bytes())
}

/// The largest checkpoint that was seen of the logs before this one, no larger than what was kept of them.
fn of_earlier(home: &Home, log: Log, keys: &LogKeys, kept: u64) -> Result<Option<Base>, AdminError> {
    let mut largest: Option<Base> = None;
    for generation in 1.. {
        let file = format!("seen/{}", log.name_of(generation));
        if file == self::file(log, keys) {
            break;
        }
        // It was verified when it was written.
        let Some(bytes) = home.read(&file)? else { continue };
        let seen = std::str::from_utf8(&bytes).ok().and_then(|note| Checkpoint::claimed(note).ok());
        let Some(Checkpoint { size, root, .. }) = seen else { return Err(AdminError::Damaged(home.path(&file))) };
        if size <= kept && largest.is_none_or(|largest| largest.size < size) {
            largest = Some(Base { size, root });
        }
    }
    Ok(largest)
}

fn newest(home: &Home, log: Log, keys: &LogKeys) -> Result<Option<Checkpoint>, AdminError> {
    let file = file(log, keys);
    let Some(bytes) = home.read(&file)? else { return Ok(None) };
    let damaged = || AdminError::Damaged(home.path(&file));
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
    // Passed over, it would let a log that went back begin anew.
    keys.open_earlier(text).map(Some).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broken_log::BrokenLog;
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
            let tree = whole(Log::Records, &key.verifying_key().into(), &note, &entries)?;
            expect_continued(&home.0, Log::Records, &key.verifying_key().into(), &note, &tree, None)
        };
        let broken = |refused: Result<(), AdminError>| match refused {
            Err(AdminError::Cache(BrokenLog { log: Log::Records, broken })) => broken,
            other => panic!("{other:?}"),
        };
        show(&[]).unwrap();
        show(&[b"a", b"b"]).unwrap();
        show(&[b"a", b"b", b"c"]).unwrap();
        assert_eq!(broken(show(&[b"a", b"b"])), Broken::Rollback { known: 3, shown: 2 });
        assert_eq!(broken(show(&[b"a", b"x", b"c", b"d"])), Broken::Fork { size: 3 });
        show(&[b"a", b"b", b"c", b"d"]).unwrap();
        home.0.write(&file(Log::Records, &key.verifying_key().into()), b"no note").unwrap();
        assert!(matches!(show(&[b"a"]), Err(AdminError::Damaged(_))), "it is not forgotten");
    }

    #[test]
    fn entries_that_were_not_signed_are_no_log() {
        let key = SigningKey::from_seed("ledger/office/casebook", &[7; 32]).unwrap();
        let tree: MemoryTree = [leaf_hash(b"a"), leaf_hash(b"b")].into_iter().collect();
        let (size, root) = (tree.size(), tree.root());
        let note = Checkpoint { origin: key.name().to_owned(), size, root, extensions: Vec::new() }.sign(&key);
        for (entries, expected) in [
            (vec![b"a".to_vec()], Broken::Incomplete { have: 1, size: 2 }),
            (vec![b"b".to_vec(), b"a".to_vec()], Broken::Fork { size: 2 }),
        ] {
            let refused = whole(Log::Casebook, &key.verifying_key().into(), &note, &entries).unwrap_err();
            let AdminError::Cache(BrokenLog { broken, .. }) = &refused else { panic!("{refused}") };
            assert_eq!(*broken, expected);
            assert!(refused.to_string().contains("casebook"), "{refused}");
        }
    }
}
