//! The newest verified checkpoint of the records log and of the casebook, kept in the home: what was seen once must stay.

use sekisho_register::change::Log;
use sekisho_register::{LogKeys, Succession};
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
pub(crate) struct Base<'r> {
    /// So many entries,
    pub size: u64,
    /// and their root.
    pub root: Hash,
    /// All that went on in each other's place, this one the last.
    pub successors: &'r [Succession],
}

/// So many entries of a log, and their root.
type Seen = (u64, Hash);

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
    base: Option<Base<'_>>,
) -> Result<(), AdminError>
where
    AdminError: From<R::Error>,
{
    let shown = keys.open(note).map_err(|error| Broken::Checkpoint(error).of(log))?;
    let known = match (newest(home, log, keys)?, base) {
        (Some(known), _) => [Some((known.size, known.root)), None],
        // What two persons signed of the log before it has to be in it, and what was seen of that and is kept.
        (None, Some(base)) => [Some((base.size, base.root)), of_earlier(home, log, keys, base)?],
        (None, None) => [None, None],
    };
    for known in known.into_iter().flatten() {
        if shown.size < known.0 {
            return Err(Broken::Rollback { known: known.0, shown: shown.size }.of(log).into());
        }
        expect_consistent(log, known, (shown.size, shown.root), tree)?;
    }
    home.write(&file(log, keys), note.as_bytes())
}

/// Holds what is to be kept of a log that has lost something against what was seen of it before, as far as that is kept: by a proof out of `tree`.
///
/// # Errors
/// As [`expect_continued`].
pub(crate) fn expect_kept<R: HashReader>(
    home: &Home,
    log: Log,
    keys: &LogKeys,
    kept: Seen,
    tree: &R,
    base: Option<Base<'_>>,
) -> Result<(), AdminError>
where
    AdminError: From<R::Error>,
{
    let newest = newest(home, log, keys)?.map(|known| (known.size, known.root));
    let earlier = base.map(|base| of_earlier(home, log, keys, base)).transpose()?.flatten();
    let mut known = [newest, earlier].into_iter().flatten().filter(|(known, _)| *known <= kept.0);
    known.try_for_each(|known| expect_consistent(log, known, kept, tree))
}

fn expect_consistent<R: HashReader>(log: Log, known: Seen, shown: Seen, tree: &R) -> Result<(), AdminError>
where
    AdminError: From<R::Error>,
{
    if known.0 == 0 {
        return Ok(());
    }
    let proof = consistency_proof(tree, known.0, shown.0).map_err(|error| match error {
        ProveError::Reader(error) => error.into(),
        ProveError::Request(error) => AdminError::Tlog(error),
    })?;
    let fork = |_: TlogError| Broken::Fork { size: known.0 }.of(log).into();
    verify_consistency(known.0, &known.1, shown.0, &shown.1, &proof).map_err(fork)
}

/// The largest checkpoint that was seen of the logs before this one, no larger than what was kept of the log that it is of.
fn of_earlier(home: &Home, log: Log, keys: &LogKeys, base: Base<'_>) -> Result<Option<Seen>, AdminError> {
    let mut largest: Option<Seen> = None;
    for generation in 1.. {
        let file = format!("seen/{}", log.name_of(generation));
        if file == self::file(log, keys) {
            break;
        }
        let after = base.successors.iter().skip(generation as usize - 1);
        let Some(kept) = after.map(|successor| successor.kept_size).min() else { break };
        // It was verified when it was written.
        let Some(bytes) = home.read(&file)? else { continue };
        let seen = std::str::from_utf8(&bytes).ok().and_then(|note| Checkpoint::claimed(note).ok());
        let Some(Checkpoint { size, root, .. }) = seen else { return Err(AdminError::Damaged(home.path(&file))) };
        if size <= kept && largest.is_none_or(|(largest, _)| largest < size) {
            largest = Some((size, root));
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
    fn what_is_kept_of_a_log_continues_what_was_seen_of_it() {
        let home = TempHome::new();
        let key = |name: &str| SigningKey::from_seed(&format!("ledger/office/{name}"), &[7; 32]).unwrap();
        let tree = |entries: &[&[u8]]| entries.iter().map(|entry| leaf_hash(entry)).collect::<MemoryTree>();
        let see = |key: &SigningKey, entries: &[&[u8]], base| {
            let (tree, origin) = (tree(entries), key.name().to_owned());
            let note = Checkpoint { origin, size: tree.size(), root: tree.root(), extensions: Vec::new() }.sign(key);
            expect_continued(&home.0, Log::Casebook, &key.verifying_key().into(), &note, &tree, base)
        };
        let keep = |key: &SigningKey, entries: &[&[u8]], base| {
            let tree = tree(entries);
            let kept = (tree.size(), tree.root());
            expect_kept(&home.0, Log::Casebook, &key.verifying_key().into(), kept, &tree, base)
        };
        let first = key("casebook");
        keep(&first, &[b"a", b"x"], None).unwrap();
        see(&first, &[b"a", b"b"], None).unwrap();
        for kept in [&[b"a" as &[u8], b"b", b"c"] as &[&[u8]], &[b"a", b"b"], &[b"z"], &[]] {
            keep(&first, kept, None).unwrap();
        }
        for kept in [&[b"a" as &[u8], b"x"] as &[&[u8]], &[b"a", b"x", b"c"]] {
            let refused = keep(&first, kept, None);
            assert!(matches!(refused, Err(AdminError::Cache(BrokenLog { broken: Broken::Fork { size: 2 }, .. }))));
        }
        // What was seen of the log before it binds the one that goes on, as far as that kept it.
        let went_on = |kept_size, entries: &[&[u8]]| Succession {
            kept_size,
            kept_root: sekisho_wire::id::Hash(tree(entries).root().0),
            signed_size: 9,
            decided: 0,
        };
        let (second, successors) = (key("casebook-2"), [went_on(2, &[b"a", b"b"])]);
        keep(&second, &[b"a", b"b", b"d"], base(&successors)).unwrap();
        assert!(keep(&second, &[b"a", b"x", b"d"], base(&successors)).is_err());
        // And no further: what it lost is not held against those after it.
        let successors = [went_on(1, &[b"a"]), went_on(3, &[b"a", b"d", b"e"])];
        let third = key("casebook-3");
        keep(&third, &[b"a", b"d", b"e"], base(&successors)).unwrap();
        see(&third, &[b"a", b"d", b"e", b"f"], base(&successors)).unwrap();
    }

    fn base(successors: &[Succession]) -> Option<Base<'_>> {
        let last = successors.last().unwrap();
        Some(Base { size: last.kept_size, root: Hash(last.kept_root.0), successors })
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
