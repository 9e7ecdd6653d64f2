//! What every store owes (the numbered obligations of `sekisho_ledger::store`), asked of each implementation. Another database adds one
//! line to [`every_store`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_ledger::store::{
    Append, Change, CodePurpose, Cursor, CursorMove, EmitterName, Entry, KeyState, LogName, NamePlace, NewCertificate,
    PostgresStore, SegmentStep, Server, SqliteStore, Store, StoreError, StoredAct, StoredBatch, StoredCode,
    StoredEnrolment, StoredKey, StoredName, StoredOffice, StoredSegment, StoredTree, TileGrowth, transfer,
};
use sekisho_tlog::{Frontier, Hash, MemoryTree, inclusion_proof, leaf_hash, verify_inclusion};
use sekisho_wire::id::OfficeId;

use crate::faulty::FaultyStore;
use crate::town::{Scratch, code, scratch};

/// Opens a store; called again on the same place, it finds what was committed.
type Open = Box<dyn Fn() -> Arc<dyn Store>>;

fn every_store() -> Vec<(&'static str, Open)> {
    let (sqlite, faulty) = (fresh(), fresh());
    [&sqlite, &faulty].into_iter().for_each(|place| drop(SqliteStore::create(&book(place)).unwrap()));
    let database = Server::at(&crate::postgres::database(), None).unwrap();
    drop(PostgresStore::create(database.clone()).unwrap());
    vec![
        ("sqlite", Box::new(move || Arc::new(SqliteStore::open_existing(&book(&sqlite)).unwrap()))),
        (
            "sqlite, wrapped",
            Box::new(move || Arc::new(FaultyStore::new(SqliteStore::open_existing(&book(&faulty)).unwrap()))),
        ),
        ("postgres", Box::new(move || Arc::new(PostgresStore::open_existing(database.clone()).unwrap()))),
    ]
}

fn fresh() -> Scratch {
    let place = scratch();
    std::fs::create_dir_all(&*place).unwrap();
    place
}

fn book(place: &Path) -> PathBuf {
    place.join("book.db")
}

const OFFICE: OfficeId = OfficeId([1; 16]);
const OTHER: OfficeId = OfficeId([2; 16]);

fn founded(store: &dyn Store) {
    let office = |id, seed| StoredOffice { id, seeds: vec![seed; 3], founded: 5 };
    let offices = vec![office(OFFICE, 1), office(OTHER, 2)];
    store.commit(&Change { offices, ..Change::default() }).unwrap();
}

/// An append of these payloads after what `head` holds, with what tiles gain.
fn append(office: OfficeId, log: LogName, head: &Frontier, payloads: &[Vec<u8>]) -> Append {
    let (mut frontier, mut tiles) = (head.clone(), Vec::new());
    let entries = payloads.iter().map(|payload| Entry { leaf: leaf_hash(payload), key: 0, payload: payload.clone() });
    let entries: Vec<Entry> = entries.collect();
    for entry in &entries {
        frontier.append_with(entry.leaf, &mut |level, index, hash| {
            if level > 0 && level.is_multiple_of(8) {
                let at = u16::try_from(index % 256).unwrap();
                tiles.push(TileGrowth { level: level / 8, index: index / 256, at, hash });
            }
        });
    }
    Append { office, log, from: head.size(), entries, tiles, frontier }
}

fn payloads(range: std::ops::Range<u32>) -> Vec<Vec<u8>> {
    // Zero bytes, and bytes that are no UTF-8: nothing may be normalised (obligation 6).
    range.map(|number| [&[0, 0xff, 0xfe][..], &number.to_be_bytes()].concat()).collect()
}

fn appended(append: Append) -> Change {
    Change { appends: vec![append], ..Change::default() }
}

fn step(before: Option<Cursor>, after: Cursor) -> Change {
    let emitter = EmitterName::Terminal(code("t-1"));
    Change { cursors: vec![CursorMove { office: OFFICE, emitter, epoch: 0, before, after }], ..Change::default() }
}

fn conflict(outcome: Result<(), StoreError>) {
    assert!(matches!(outcome, Err(StoreError::Conflict { .. })), "{outcome:?}");
}

#[test]
fn entries_leaves_tiles_and_heads_come_back_as_given() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        let mut head = Frontier::new();
        for part in [0..1, 1..255, 255..700, 700..70_000] {
            let change = append(OFFICE, LogName::Records, &head, &payloads(part));
            head = change.frontier.clone();
            store.commit(&appended(change)).unwrap();
        }
        let store = open();
        assert_eq!(store.frontier(&OFFICE, LogName::Records).unwrap(), head, "{name}");
        assert_eq!(store.frontier(&OFFICE, LogName::Casebook).unwrap(), Frontier::new());
        assert_eq!(store.frontier(&OTHER, LogName::Records).unwrap(), Frontier::new());
        let page = store.entries(&OFFICE, LogName::Records, 254, 3).unwrap();
        assert_eq!(page.iter().map(|entry| entry.payload.clone()).collect::<Vec<_>>(), payloads(254..257));
        assert!(store.entries(&OFFICE, LogName::Records, 70_000, 3).unwrap().is_empty());
        let whole: MemoryTree = payloads(0..70_000).iter().map(|payload| leaf_hash(payload)).collect();
        assert_eq!(store.leaves(&OFFICE, LogName::Records, 69_999, 70_005).unwrap().len(), 1);
        assert_eq!(store.tile(&OFFICE, LogName::Records, 1, 1).unwrap().len(), (70_000 / 256 - 256) * 32);
        assert_eq!(store.tile(&OFFICE, LogName::Records, 2, 0).unwrap().len(), 32);
        assert!(store.tile(&OFFICE, LogName::Records, 3, 0).unwrap().is_empty());
        let tree = StoredTree { store: &*store, office: OFFICE, log: LogName::Records };
        for index in [0, 255, 256, 65_535, 65_536, 69_999] {
            let proof = inclusion_proof(&tree, index, 70_000).unwrap();
            let leaf = leaf_hash(&payloads(index as u32..index as u32 + 1)[0]);
            verify_inclusion(&leaf, index, 70_000, &proof, &whole.root()).unwrap();
        }
    }
}

#[test]
fn two_writers_never_both_succeed() {
    for (name, open) in every_store() {
        let (one, two) = (open(), open());
        founded(&*one);
        let empty = Frontier::new();
        one.commit(&appended(append(OFFICE, LogName::Records, &empty, &payloads(0..2)))).unwrap();
        conflict(two.commit(&appended(append(OFFICE, LogName::Records, &empty, &payloads(5..7)))));
        let at = |next| Cursor { next, chain: Hash([next as u8; 32]) };
        one.commit(&step(None, at(1))).unwrap();
        conflict(two.commit(&step(None, at(2))));
        conflict(two.commit(&step(Some(at(2)), at(3))));
        conflict(two.commit(&step(Some(Cursor { chain: Hash([9; 32]), ..at(1) }), at(3))));
        two.commit(&step(Some(at(1)), at(3))).unwrap();
        let emitter = EmitterName::Terminal(code("t-1"));
        assert_eq!(one.cursor(&OFFICE, &emitter, 0).unwrap(), Some(at(3)), "{name}");
        assert_eq!(one.cursors(&OFFICE).unwrap(), [(emitter, 0, at(3))]);
    }
}

#[test]
fn a_change_that_conflicts_anywhere_changes_nothing() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        let entries = append(OFFICE, LogName::Records, &Frontier::new(), &payloads(0..300));
        let purpose = CodePurpose::Terminal { office: OFFICE, terminal: code("t-1") };
        let code = StoredCode { hash: [4; 32], expires: 9, purpose, used: None };
        // The last step fails: the code is not known before this very commit, and another one is used.
        let used = vec![([5; 32], 1)];
        conflict(store.commit(&Change { codes: vec![code], used, ..appended(entries) }));
        assert_eq!(open().frontier(&OFFICE, LogName::Records).unwrap().size(), 0, "{name}");
        assert!(open().entries(&OFFICE, LogName::Records, 0, 9).unwrap().is_empty());
        assert!(open().tile(&OFFICE, LogName::Records, 1, 0).unwrap().is_empty());
        assert_eq!(open().code(&[4; 32]).unwrap(), None);
    }
}

#[test]
fn a_code_is_used_once() {
    for (_, open) in every_store() {
        let store = open();
        founded(&*store);
        let founding = CodePurpose::Founding { seeds: vec![0, 1] };
        let code = StoredCode { hash: [4; 32], expires: 9, purpose: founding, used: None };
        store.commit(&Change { codes: vec![code.clone()], ..Change::default() }).unwrap();
        assert_eq!(store.code(&[4; 32]).unwrap(), Some(code.clone()));
        let used = Change { used: vec![([4; 32], 77)], ..Change::default() };
        store.commit(&used).unwrap();
        conflict(store.commit(&used));
        assert_eq!(store.code(&[4; 32]).unwrap(), Some(StoredCode { used: Some(77), ..code }));
    }
}

#[test]
fn batches_are_found_by_the_seqs_they_hold() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        let batch = |terminal: &str, first, count, index| StoredBatch {
            office: OFFICE,
            terminal: code(terminal),
            epoch: 0,
            first,
            count,
            index,
            header: vec![0, 255, 7],
            received: 1000 + first,
        };
        let all = [batch("a", 0, 10, 0), batch("b", 0, 3, 10), batch("a", 10, 5, 13), batch("a", 20, 1, 18)];
        let cursors = ["a", "b"].map(|terminal| CursorMove {
            office: OFFICE,
            emitter: EmitterName::Terminal(code(terminal)),
            epoch: 0,
            before: None,
            after: Cursor { next: 21, chain: Hash([0; 32]) },
        });
        store.commit(&Change { batches: all.to_vec(), cursors: cursors.to_vec(), ..Change::default() }).unwrap();
        let firsts = |seq, limit| -> Vec<u64> {
            store.batches(&OFFICE, &code("a"), 0, seq, limit).unwrap().iter().map(|batch| batch.first).collect()
        };
        assert_eq!(firsts(0, 9), [0, 10, 20], "{name}");
        assert_eq!(firsts(9, 9), [0, 10, 20]);
        assert_eq!(firsts(10, 1), [10]);
        assert_eq!(firsts(17, 9), [20], "a seq that was declared lost");
        assert_eq!(firsts(21, 9), [0; 0]);
        assert_eq!(store.batches(&OFFICE, &code("a"), 1, 0, 9).unwrap(), []);
        assert_eq!(store.batches_by_index(&OFFICE, 10, 2).unwrap(), [all[1].clone(), all[2].clone()]);
        assert_eq!(store.last_heard(&OFFICE).unwrap(), [(code("a"), 0, 1020), (code("b"), 0, 1000)]);
        conflict(store.commit(&Change { batches: vec![batch("a", 10, 5, 40)], ..Change::default() }));
        conflict(store.commit(&Change { batches: vec![batch("c", 0, 5, 13)], ..Change::default() }));
    }
}

#[test]
fn acts_names_enrolments_and_keys_come_back_and_offices_are_apart() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        let act = |office, id, index| StoredAct { office, id: Hash([id; 32]), log: LogName::Register, index };
        let of =
            |office, index| StoredName { office, log: LogName::Register, index, hash: [8; 32], sealed: vec![0, 1] };
        let enrolment = |office, at| StoredEnrolment {
            office,
            terminal: code("t-1"),
            code: [at as u8; 32],
            key: [7; 32],
            certificate: vec![0, 9],
            at,
        };
        let key = |office, number, month| StoredKey {
            number,
            office,
            class: 1,
            month,
            wrapped: vec![6; 4],
            state: KeyState::InUse,
        };
        let change = Change {
            acts: vec![act(OFFICE, 1, 0), act(OFFICE, 2, 1), act(OTHER, 1, 5)],
            names: vec![of(OFFICE, 0), of(OFFICE, 1), of(OTHER, 0)],
            enrolments: vec![enrolment(OFFICE, 9), enrolment(OFFICE, 3), enrolment(OTHER, 1)],
            keys: vec![key(OFFICE, 1, 5), key(OFFICE, 2, 6), key(OTHER, 1, 5)],
            ..Change::default()
        };
        store.commit(&change).unwrap();
        let store = open();
        assert_eq!(store.act(&OFFICE, &Hash([1; 32])).unwrap(), Some(act(OFFICE, 1, 0)), "{name}");
        assert_eq!(store.act(&OTHER, &Hash([1; 32])).unwrap(), Some(act(OTHER, 1, 5)));
        assert_eq!(store.act(&OFFICE, &Hash([3; 32])).unwrap(), None);
        assert_eq!(store.acts(&OFFICE, LogName::Register).unwrap(), [act(OFFICE, 1, 0), act(OFFICE, 2, 1)]);
        assert_eq!(store.names(&OFFICE, LogName::Register, 1, 2).unwrap(), [of(OFFICE, 1)]);
        let beside = |indexes: &[u64]| store.names_at(&OFFICE, LogName::Register, indexes).unwrap();
        assert_eq!(beside(&[1, 0, 1]), [of(OFFICE, 0), of(OFFICE, 1)], "{name}");
        assert_eq!((beside(&[1]), beside(&[7]), beside(&[])), (vec![of(OFFICE, 1)], vec![], vec![]), "{name}");
        assert_eq!(store.names_at(&OFFICE, LogName::Casebook, &[0, 1]).unwrap(), [], "{name}");
        assert_eq!(store.enrolments(&OFFICE).unwrap(), [enrolment(OFFICE, 3), enrolment(OFFICE, 9)]);
        let renewed = |code| NewCertificate { office: OFFICE, code: [code; 32], certificate: vec![5; 70] };
        store.commit(&Change { certificates: vec![renewed(9)], ..Change::default() }).unwrap();
        let newest = StoredEnrolment { certificate: vec![5; 70], ..enrolment(OFFICE, 9) };
        assert_eq!(store.enrolments_of(&OFFICE, &code("t-1")).unwrap(), [enrolment(OFFICE, 3), newest], "{name}");
        assert_eq!(store.enrolments_of(&OTHER, &code("t-1")).unwrap(), [enrolment(OTHER, 1)]);
        assert_eq!(store.enrolments_of(&OFFICE, &code("t-2")).unwrap(), []);
        conflict(store.commit(&Change { certificates: vec![renewed(1)], ..Change::default() }));
        assert_eq!(store.keys(&OFFICE).unwrap(), [key(OFFICE, 1, 5), key(OFFICE, 2, 6)]);
        assert_eq!(store.offices().unwrap().len(), 2);
        conflict(store.commit(&Change { keys: vec![key(OFFICE, 3, 5)], ..Change::default() }));
        conflict(store.commit(&Change { acts: vec![act(OFFICE, 1, 9)], ..Change::default() }));
    }
}

#[test]
fn a_newer_database_is_refused() {
    let place = fresh();
    let path = book(&place);
    drop(SqliteStore::create(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = SqliteStore::open_existing(&path).err();
    assert!(matches!(refused, Some(StoreError::Newer { found: 99, .. })), "{refused:?}");
    let database = Server::at(&crate::postgres::database(), None).unwrap();
    drop(PostgresStore::create(database.clone()).unwrap());
    database.connect().unwrap().batch_execute("UPDATE sekisho.version SET version = 99").unwrap();
    for refused in [PostgresStore::open_existing(database.clone()), PostgresStore::open_snapshot(database)] {
        let refused = refused.err();
        assert!(matches!(refused, Some(StoreError::Newer { found: 99, .. })), "{refused:?}");
    }
}

#[test]
fn tables_are_made_once_and_never_again() {
    let place = fresh();
    let path = book(&place);
    drop(SqliteStore::create(&path).unwrap());
    assert!(SqliteStore::create(&path).is_err(), "there is one already");
    std::fs::write(&path, b"").unwrap();
    for opened in [SqliteStore::open_existing(&path), SqliteStore::open_snapshot(&path)] {
        assert!(matches!(opened.err(), Some(StoreError::Empty { .. })));
    }
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "looking at it changed it");
}

#[test]
fn a_number_too_large_is_refused_and_not_bent() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        let emitter = EmitterName::Terminal(code("t"));
        let after = Cursor { next: 1 << 63, chain: Hash([1; 32]) };
        let step = CursorMove { office: OFFICE, emitter: emitter.clone(), epoch: 0, before: None, after };
        let refused = store.commit(&Change { cursors: vec![step], ..Change::default() }).unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { .. }), "{name}: {refused}");
        assert_eq!(store.cursor(&OFFICE, &emitter, 0).unwrap(), None);
    }
}

#[test]
fn a_snapshot_writes_nothing_and_opens_where_nothing_can_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let place = fresh();
    let path = book(&place);
    founded(&SqliteStore::create(&path).unwrap());
    let bytes = std::fs::read(&path).unwrap();
    let directory = path.parent().unwrap();
    for mode in [0o700, 0o500] {
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(mode)).unwrap();
        let view = SqliteStore::open_snapshot(&path).unwrap();
        assert_eq!(view.offices().unwrap().len(), 2);
        assert!(view.commit(&Change::default()).is_err(), "it is for reading");
    }
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_segment_goes_and_comes_back_as_a_whole() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        for office in [OFFICE, OTHER] {
            store.commit(&appended(append(office, LogName::Records, &Frontier::new(), &payloads(0..600)))).unwrap();
        }
        let head = store.frontier(&OFFICE, LogName::Records).unwrap();
        let all = store.entries(&OFFICE, LogName::Records, 0, 999).unwrap();
        let change = |step| Change { segments: vec![(OFFICE, step)], ..Change::default() };
        let segment = |first, digest| StoredSegment { first, entries: 256, digest: [digest; 32] };
        // Not one of its entries is there, or not all of them are: nothing is changed.
        conflict(store.commit(&change(SegmentStep::Cool(segment(768, 1)))));
        conflict(store.commit(&change(SegmentStep::Cool(segment(512, 1)))));
        assert_eq!(open().entries(&OFFICE, LogName::Records, 0, 999).unwrap(), all, "{name}");
        store.commit(&change(SegmentStep::Cool(segment(0, 1)))).unwrap();
        conflict(store.commit(&change(SegmentStep::Cool(segment(0, 2)))));
        let store = open();
        assert_eq!(store.segments(&OFFICE).unwrap(), [segment(0, 1)], "{name}");
        assert_eq!(store.segments(&OTHER).unwrap(), []);
        assert_eq!(store.entries(&OFFICE, LogName::Records, 0, 999).unwrap(), []);
        assert_eq!(store.entries(&OFFICE, LogName::Records, 256, 999).unwrap(), all[256..]);
        assert_eq!(store.entries(&OTHER, LogName::Records, 0, 999).unwrap(), all);
        assert_eq!(store.frontier(&OFFICE, LogName::Records).unwrap(), head);
        assert_eq!(store.end(&OFFICE, LogName::Records).unwrap(), 600);
        // Only what the book names is replaced or comes back.
        let replace = |before| SegmentStep::Replace { before: [before; 32], after: segment(0, 3) };
        conflict(store.commit(&change(replace(2))));
        store.commit(&change(replace(1))).unwrap();
        let warm = |digest| SegmentStep::Warm { segment: segment(0, digest), entries: all[..256].to_vec() };
        conflict(store.commit(&change(warm(1))));
        assert_eq!(store.segments(&OFFICE).unwrap(), [segment(0, 3)], "{name}");
        store.commit(&change(warm(3))).unwrap();
        assert_eq!(open().segments(&OFFICE).unwrap(), []);
        assert_eq!(open().entries(&OFFICE, LogName::Records, 0, 999).unwrap(), all, "{name}");
        // The log goes on where it ended.
        store.commit(&appended(append(OFFICE, LogName::Records, &head, &payloads(600..601)))).unwrap();
        assert!(store.misfits().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn a_book_goes_from_one_store_to_another_and_back_whole() {
    let stores = every_store();
    let opened: Vec<_> = stores.iter().filter(|(name, _)| !name.contains("wrapped")).map(|(_, open)| open()).collect();
    let [file, server] = &opened[..] else { panic!("one of each") };
    founded(&**file);
    let state = KeyState::InUse;
    let key = StoredKey { number: 1, office: OFFICE, class: 2, month: 24_315, wrapped: vec![6; 4], state };
    let mut entries = append(OFFICE, LogName::Records, &Frontier::new(), &payloads(0..5_000));
    entries.entries.iter_mut().for_each(|entry| entry.key = 1);
    file.commit(&Change { keys: vec![key], ..appended(entries) }).unwrap();
    file.commit(&appended(append(OTHER, LogName::Register, &Frontier::new(), &payloads(7..9)))).unwrap();
    file.commit(&step(None, Cursor { next: 3, chain: Hash([3; 32]) })).unwrap();
    let founding = CodePurpose::Founding { seeds: vec![0, 1] };
    let code = StoredCode { hash: [4; 32], expires: 9, purpose: founding, used: Some(7) };
    file.commit(&Change { codes: vec![code], ..Change::default() }).unwrap();
    assert_eq!(transfer(&**file, &**server, &mut |_| {}).unwrap(), 5_002);
    let back = fresh();
    let back = SqliteStore::create(&book(&back)).unwrap();
    assert_eq!(transfer(&**server, &back, &mut |_| {}).unwrap(), 5_002);
    for store in [&**server as &dyn Store, &back] {
        assert_eq!(store.offices().unwrap(), file.offices().unwrap());
        for (office, log) in [OFFICE, OTHER].into_iter().flat_map(|office| LogName::ALL.map(|log| (office, log))) {
            assert_eq!(store.frontier(&office, log).unwrap(), file.frontier(&office, log).unwrap());
            assert_eq!(store.entries(&office, log, 0, 9_999).unwrap(), file.entries(&office, log, 0, 9_999).unwrap());
            assert_eq!(store.tiles(&office, log).unwrap(), file.tiles(&office, log).unwrap());
        }
        let acts = |indexes: &[u64]| store.acts_at(&OTHER, LogName::Register, indexes).unwrap();
        let entry = |index| (index, store.entries(&OTHER, LogName::Register, index, 1).unwrap().remove(0).payload);
        assert_eq!(acts(&[1, 9, 0, 1]), [entry(0), entry(1)]);
        assert_eq!((acts(&[1]), acts(&[])), (vec![entry(1)], vec![]));
        assert_eq!(store.cursors(&OFFICE).unwrap(), file.cursors(&OFFICE).unwrap());
        assert_eq!(store.codes().unwrap(), file.codes().unwrap());
        assert_eq!(store.keys(&OFFICE).unwrap(), file.keys(&OFFICE).unwrap());
        assert!(store.misfits().unwrap().is_empty());
    }
}

#[test]
fn what_lies_under_a_destroyed_key_reads_as_empty_once_it_is_erased_and_everything_else_stays() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        let key = |office, number, month| StoredKey {
            number,
            office,
            class: 1,
            month,
            wrapped: vec![6; 4],
            state: KeyState::InUse,
        };
        let under = |office, key| {
            let mut append = append(office, LogName::Records, &Frontier::new(), &payloads(0..20));
            let of = |at: usize| if at.is_multiple_of(2) { key } else { 3 };
            append.entries.iter_mut().enumerate().for_each(|(at, entry)| entry.key = of(at));
            append
        };
        let keys = [(1, 500), (2, 501), (3, 502)];
        let keys =
            [OFFICE, OTHER].into_iter().flat_map(|office| keys.map(|(number, month)| key(office, number, month)));
        store.commit(&Change { keys: keys.collect(), ..Change::default() }).unwrap();
        store.commit(&appended(under(OFFICE, 1))).unwrap();
        store.commit(&appended(under(OTHER, 1))).unwrap();
        let before = store.entries(&OFFICE, LogName::Records, 0, 99).unwrap();
        let others = store.entries(&OTHER, LogName::Records, 0, 99).unwrap();
        // Nothing is erased while its key is in use.
        store.erase(&OFFICE, &[0, 1, 2]).unwrap();
        assert_eq!(store.entries(&OFFICE, LogName::Records, 0, 99).unwrap(), before, "{name}");
        let destroyed = |office, state| Change { destroyed: vec![(office, 1, state)], ..Change::default() };
        store.commit(&destroyed(OFFICE, KeyState::Destroyed)).unwrap();
        store.commit(&destroyed(OFFICE, KeyState::Destroyed)).unwrap();
        let stored = store.keys(&OFFICE).unwrap();
        let gone = StoredKey { wrapped: Vec::new(), state: KeyState::Destroyed, ..key(OFFICE, 1, 500) };
        assert_eq!(stored, [gone, key(OFFICE, 2, 501), key(OFFICE, 3, 502)], "{name}");
        // The same month of another office stays, and so do other months among the indexes.
        let indexes: Vec<u64> = (0..20).collect();
        store.erase(&OFFICE, &indexes).unwrap();
        store.erase(&OFFICE, &indexes).unwrap();
        store.scrub().unwrap();
        let left = |entry: &Entry| Entry {
            payload: if entry.key == 1 { Vec::new() } else { entry.payload.clone() },
            ..entry.clone()
        };
        let erased: Vec<Entry> = before.iter().map(left).collect();
        let look = || {
            let store = open();
            assert_eq!(store.entries(&OFFICE, LogName::Records, 0, 99).unwrap(), erased, "{name}");
            assert_eq!(store.entries(&OTHER, LogName::Records, 0, 99).unwrap(), others, "{name}");
            assert_eq!(store.leaves(&OFFICE, LogName::Records, 0, 99).unwrap().len(), 20);
            assert!(store.misfits().unwrap().is_empty(), "{name}");
        };
        look();
        store.commit(&destroyed(OFFICE, KeyState::Erased)).unwrap();
        store.scrub().unwrap();
        look();
        conflict(store.commit(&destroyed(OFFICE, KeyState::Destroyed)));
        // What comes late for that month is its leaf alone.
        let mut late =
            append(OFFICE, LogName::Records, &store.frontier(&OFFICE, LogName::Records).unwrap(), &payloads(20..21));
        late.entries[0] = Entry { key: 1, payload: Vec::new(), ..late.entries[0].clone() };
        store.commit(&appended(late.clone())).unwrap();
        assert_eq!(store.entries(&OFFICE, LogName::Records, 20, 9).unwrap(), late.entries, "{name}");
        // The other office's month goes as well; in PostgreSQL its partition is nobody's then. It is made again for whoever needs it.
        store.commit(&destroyed(OTHER, KeyState::Destroyed)).unwrap();
        store.erase(&OTHER, &indexes).unwrap();
        store.scrub().unwrap();
        store.scrub().unwrap();
        let gone = store.entries(&OTHER, LogName::Records, 0, 99).unwrap();
        assert_eq!(gone, others.iter().map(left).collect::<Vec<_>>(), "{name}");
        // Read anew, copied, and the same.
        let copy = fresh();
        let copy = SqliteStore::create(&book(&copy)).unwrap();
        transfer(&*open(), &copy, &mut |_| {}).unwrap();
        assert_eq!(copy.entries(&OTHER, LogName::Records, 0, 99).unwrap(), gone, "{name}");
        assert_eq!(copy.keys(&OFFICE).unwrap(), store.keys(&OFFICE).unwrap());
        let joins = |office: OfficeId| {
            let offices = vec![StoredOffice { id: office, seeds: vec![office.0[0]; 3], founded: 5 }];
            store.commit(&Change { offices, ..Change::default() }).unwrap();
            store
                .commit(&Change { keys: vec![key(office, 1, 500), key(office, 3, 502)], ..Change::default() })
                .unwrap();
            store.commit(&appended(under(office, 1))).unwrap();
            assert_eq!(store.entries(&office, LogName::Records, 0, 99).unwrap(), others, "{name}");
        };
        let [third, fourth] = [3, 4].map(|byte| OfficeId([byte; 16]));
        joins(third);
        // One that has its first key of the month between the two steps neither loses anything by the other's nor keeps it there.
        store.commit(&destroyed(third, KeyState::Destroyed)).unwrap();
        store.erase(&third, &indexes).unwrap();
        joins(fourth);
        store.scrub().unwrap();
        assert_eq!(store.entries(&third, LogName::Records, 0, 99).unwrap(), gone, "{name}");
        assert_eq!(store.entries(&fourth, LogName::Records, 0, 99).unwrap(), others, "{name}");
    }
}

#[test]
fn names_are_erased_where_they_are_named_and_nowhere_else() {
    for (name, open) in every_store() {
        let store = open();
        founded(&*store);
        let row =
            |office, log, index, hash| StoredName { office, log, index, hash: [hash; 32], sealed: vec![hash; 40] };
        let rows = [
            row(OFFICE, LogName::Register, 3, 1),
            row(OFFICE, LogName::Register, 3, 2),
            row(OFFICE, LogName::Register, 4, 1),
            row(OFFICE, LogName::Casebook, 3, 1),
            row(OTHER, LogName::Register, 3, 1),
        ];
        store.commit(&Change { names: rows.to_vec(), ..Change::default() }).unwrap();
        let place = |row: &StoredName| NamePlace { office: row.office, log: row.log, index: row.index, hash: row.hash };
        let erased =
            |rows: &[StoredName]| Change { erased_names: rows.iter().map(place).collect(), ..Change::default() };
        // Once more changes nothing; what never was there is passed over.
        for _ in 0..2 {
            store.commit(&erased(&rows[2..4])).unwrap();
            store.commit(&erased(&[row(OFFICE, LogName::Casebook, 9, 9)])).unwrap();
            store.scrub().unwrap();
        }
        let store = open();
        assert_eq!(store.names(&OFFICE, LogName::Register, 0, 9).unwrap(), rows[..2], "{name}");
        assert_eq!(store.names(&OFFICE, LogName::Casebook, 0, 9).unwrap(), [], "{name}");
        assert_eq!(store.names(&OTHER, LogName::Register, 0, 9).unwrap(), rows[4..], "{name}");
        // With another change that cannot be, nothing is erased.
        let wrong = Change { names: vec![rows[0].clone()], ..erased(&rows[1..2]) };
        conflict(store.commit(&wrong));
        assert_eq!(open().names(&OFFICE, LogName::Register, 0, 9).unwrap(), rows[..2], "{name}");
    }
}

#[test]
fn what_was_erased_is_not_in_the_files_of_sqlite_any_more() {
    let place = fresh();
    let store = SqliteStore::create(&book(&place)).unwrap();
    founded(&store);
    let (wrapped, state) = (b"the wrapped key of that month".to_vec(), KeyState::InUse);
    let key = StoredKey { number: 1, office: OFFICE, class: 1, month: 500, wrapped: wrapped.clone(), state };
    store.commit(&Change { keys: vec![key], ..Change::default() }).unwrap();
    let mut entries = append(OFFICE, LogName::Records, &Frontier::new(), &payloads(0..2_000));
    let secret = |at: usize| format!("ciphertext number {at} of the month").into_bytes();
    entries.entries.iter_mut().enumerate().for_each(|(at, entry)| (entry.key, entry.payload) = (1, secret(at)));
    store.commit(&appended(entries)).unwrap();
    let (office, log, index, hash) = (OFFICE, LogName::Register, 7, [8; 32]);
    let sealed = b"the sealed name of somebody".to_vec();
    let name = StoredName { office, log, index, hash, sealed: sealed.clone() };
    store.commit(&Change { names: vec![name], ..Change::default() }).unwrap();
    let holds = |needle: &[u8]| {
        let files = ["book.db", "book.db-wal"].map(|name| std::fs::read(place.join(name)).unwrap_or_default());
        files.iter().any(|file| file.windows(needle.len()).any(|window| window == needle))
    };
    assert!(holds(&wrapped) && holds(&secret(1_234)) && holds(&secret(7)) && holds(&sealed));
    let erased_names = vec![NamePlace { office, log, index, hash }];
    store.commit(&Change { erased_names, ..Change::default() }).unwrap();
    store.commit(&Change { destroyed: vec![(OFFICE, 1, KeyState::Destroyed)], ..Change::default() }).unwrap();
    for page in (0..2_000).collect::<Vec<u64>>().chunks(500) {
        store.erase(&OFFICE, page).unwrap();
    }
    store.scrub().unwrap();
    assert!(!holds(&wrapped) && !holds(&sealed));
    assert!((0..2_000).step_by(97).all(|at| !holds(&secret(at))));
    assert!(!holds(b"ciphertext number"));
}
