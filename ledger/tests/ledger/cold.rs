//! Entries that lie in files: they read as before, survive whatever cuts the way there short, and are never served wrong.

mod damage;
mod decayed;
mod gone;
mod room;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_ledger::backup::{backup, backup_beside};
use sekisho_ledger::cold::warm;
use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::destroy::Left;
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::fsck::Report;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{Entry, LogName, SqliteStore, Store, StoredSegment};
use sekisho_tlog::tile::{TileContent, TilePath};
use sekisho_tlog::{leaf_hash, verify_inclusion};
use sekisho_wire::reason::LinkState;
use sekisho_wire::record::{Body, Emitter, Record};

use crate::faulty::{FaultyStore, Next};
use crate::moved::{ends, moved};
use crate::town::{Scratch, Town, empty_ledger, empty_ledger_with, opened, scratch};

/// Says that segments of so many entries go cold at once.
fn configure(data: &DataDir, entries: u64) {
    let config = Config::read(&data.config()).unwrap();
    let config =
        Config { cold: Some("cold".into()), cold_after_days: 0, cold_entries: entries, hear: Some(0), ..config };
    std::fs::write(data.config(), config.to_text().unwrap()).unwrap();
    std::fs::create_dir_all(data.root().join("cold")).unwrap();
}

fn town_over(place: (Scratch, DataDir), entries: u64, store: impl FnOnce(&DataDir) -> Arc<dyn Store>) -> Town {
    configure(&place.1, entries);
    Town::founded(place, store)
}

fn on_both(entries: u64) -> [Town; 2] {
    let server = empty_ledger_with(Some(crate::postgres::database()), None);
    [town_over(empty_ledger(), entries, opened), town_over(server, entries, opened)]
}

impl Town {
    /// Sends records until the log has this many and a batch behind them, and signs them.
    fn fill(&mut self, entries: u64) {
        while self.end() < entries {
            self.send((entries - self.end()).min(300));
        }
        self.send(1);
        self.publish();
    }

    fn cool(&self) -> Result<Left, LedgerError> {
        self.ledger.cool_some(&self.ledger.office(&self.office).unwrap())
    }

    /// Until nothing more may go cold.
    fn cools(&self) -> u64 {
        while self.cool().unwrap() == Left::More {}
        self.segments().last().map_or(0, StoredSegment::end)
    }

    fn segments(&self) -> Vec<StoredSegment> {
        opened(&self.data).segments(&self.office).unwrap()
    }

    /// What the database itself has, from the first entry on.
    fn rows(&self, from: u64) -> Vec<Entry> {
        let store = opened(&self.data);
        let mut rows = Vec::new();
        loop {
            let page = store.entries(&self.office, LogName::Records, from + rows.len() as u64, 1000).unwrap();
            if page.is_empty() {
                return rows;
            }
            rows.extend(page);
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.join("cold").join(self.office.to_string())
    }

    fn files(&self) -> Vec<PathBuf> {
        files_in(&self.folder())
    }

    fn all_records(&self) -> Vec<Vec<u8>> {
        (0..self.end()).map(|index| self.ledger.record_bytes(&self.office, index).unwrap()).collect()
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn checked(root: &Path) -> Report {
    command::fsck(root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap()
}

/// Everything that can be asked about the log, as it is answered.
fn answers(town: &Town) -> (Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<u64>) {
    let records = town.all_records();
    let mut tiles = Vec::new();
    for index in 0..town.end() / 256 {
        let path = |content| TilePath::in_tree(content, index, town.end()).unwrap();
        tiles.push(town.ledger.hash_tile(&town.office, LogName::Records, 0, &path(TileContent::Hashes(0))).unwrap());
        tiles.push(town.ledger.entry_bundle(&town.office, LogName::Records, &path(TileContent::Entries)).unwrap());
    }
    let office = town.ledger.office(&town.office).unwrap();
    for index in [0, 1, 255, 256, 511, 700] {
        let evidence = town.ledger.evidence(&town.office, index).unwrap();
        assert_eq!(evidence.record, records[index as usize]);
        assert!(!evidence.signed.unwrap().leaves.is_empty());
        let proved = town.ledger.prove(&office, LogName::Records, index).unwrap();
        let (size, root) = (proved.checkpoint.size, proved.checkpoint.root);
        verify_inclusion(&leaf_hash(&evidence.record), index, size, &proved.proof, &root).unwrap();
    }
    (records, tiles, town.finds("jumin-1"))
}

#[test]
fn what_is_cold_reads_as_before_and_comes_back_byte_for_byte() {
    on_both(256).into_iter().for_each(reads_as_before);
}

fn reads_as_before(mut town: Town) {
    town.fill(800);
    town.follows();
    let (before, rows) = (answers(&town), town.rows(0));
    assert_eq!(town.cools(), 768);
    assert_eq!(town.rows(0), [], "the rows are gone");
    assert_eq!(town.rows(768), rows[768..]);
    assert_eq!(town.files().len(), 3);
    assert_eq!(answers(&town), before);
    assert_eq!(checked(&town.root).findings, []);
    let status = command::status(&town.root, &*town.clock).unwrap();
    assert!(status.contains("768 of them cold, in 3 files of "), "{status}");

    // After a start, with a new index, and while the log grows.
    town.reopen();
    town.ledger.reindex().unwrap();
    assert_eq!(answers(&town), before);
    // A sheet from then still fits: its root is read off cold leaves.
    town.fill(1100);
    assert_eq!(town.cools(), 1024);
    assert_eq!(answers(&town).0[..before.0.len()], before.0);
    assert_eq!(checked(&town.root).findings, []);

    // Somebody reads, a backup say; and a file that was replaced while somebody did is still there.
    let replaced = town.folder().join("000000000000-0123456789abcdef.segment");
    std::fs::write(&replaced, "what was destroyed since").unwrap();
    let reads = std::fs::File::open(town.root.join("cold")).unwrap();
    reads.lock_shared().unwrap();
    let said = warm(&town.root, &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("somebody reads") && replaced.exists() && town.segments().len() == 4, "{said}");
    drop(reads);
    let mut told = 0;
    let warmed = warm(&town.root, &mut |entries| told = entries).unwrap();
    assert_eq!((warmed.segments, warmed.entries, told), (4, 1024, 1024));
    assert_eq!(town.rows(0)[..rows.len()], rows);
    assert_eq!((town.segments(), town.files()), (vec![], vec![]));
    assert_eq!(Config::read(&town.data.config()).unwrap().cold, None);
    town.reopen();
    assert_eq!(answers(&town).0[..before.0.len()], before.0);
    assert_eq!(town.cool().unwrap(), Left::Nothing, "nothing goes cold any more");
    assert_eq!(checked(&town.root).findings, []);
    let nothing = warm(&town.root, &mut |_| {}).unwrap_err().to_string();
    assert!(nothing.contains("nothing is cold"), "{nothing}");
}

#[test]
fn only_what_is_sealed_old_and_whole_goes_cold() {
    let mut town = town_over(empty_ledger(), 256, opened);
    town.send(200);
    town.publish();
    // What came is not signed.
    town.send(56);
    town.send(1);
    assert_eq!(town.cool().unwrap(), Left::Nothing);
    town.publish();
    assert_eq!(town.cool().unwrap(), Left::More);
    // Nothing stands behind the second segment: nobody can tell how old its last entry is.
    town.send(255);
    town.publish();
    assert_eq!(town.cool().unwrap(), Left::Nothing);
    town.send(1);
    town.publish();
    let config = Config { cold_after_days: 35, ..Config::read(&town.data.config()).unwrap() };
    std::fs::write(town.data.config(), config.to_text().unwrap()).unwrap();
    town.reopen();
    town.clock.advance(35 * 86_400_000 - 1);
    assert_eq!(town.cool().unwrap(), Left::Nothing);
    town.clock.advance(1);
    assert_eq!(town.cool().unwrap(), Left::More);
    assert_eq!(town.cool().unwrap(), Left::Nothing);
    assert_eq!(town.segments().len(), 2);
}

#[test]
fn whatever_is_cut_short_leaves_the_rows_and_the_next_look_finishes() {
    let mut kept = None;
    let mut town = town_over(empty_ledger(), 256, |data| {
        let store = Arc::new(FaultyStore::new(SqliteStore::open_existing(&data.database()).unwrap()));
        kept = Some(Arc::clone(&store));
        store
    });
    let faulty = kept.unwrap();
    town.fill(800);
    let (records, rows) = (town.all_records(), town.rows(0));
    // The file is there, and the rows are.
    faulty.order(Next::Fails);
    assert!(town.cool().is_err());
    assert_eq!((town.rows(0), town.segments(), town.files().len()), (rows.clone(), vec![], 1));
    assert_eq!(town.all_records(), records);
    assert_eq!(checked(&town.root).findings, []);
    // What a crash left half: a file that was being written, and one that a dying disk cut short.
    let file = town.files().remove(0);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(file.with_extension("segment.new"), &whole[..100]).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 9]).unwrap();
    faulty.order(Next::FailsButLands);
    assert!(town.cool().is_err());
    assert_eq!(std::fs::read(&file).unwrap(), whole, "made again, and the same");
    assert_eq!((town.rows(0), town.segments().len()), (vec![], 1));
    assert_eq!(town.all_records(), records);
    // A file that is there already and whole is not written again.
    faulty.order(Next::Fails);
    assert!(town.cool().is_err());
    let written = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    let second = town.files().into_iter().find(|path| path != &file && path.extension().unwrap() == "segment").unwrap();
    let at = written(&second);
    assert_eq!(town.cools(), 768);
    assert_eq!(written(&second), at);
    assert_eq!(town.all_records(), records);
    town.reopen();
    assert_eq!(town.all_records(), records);
    assert_eq!(checked(&town.root).findings, []);
}

#[test]
fn a_batch_that_comes_again_is_compared_with_what_is_cold() {
    let mut town = town_over(empty_ledger(), 256, opened);
    let before = town.terminal.clone();
    town.fill(600);
    let size = town.end();
    assert_eq!(town.cools(), 512);
    let (again, _) = before.batch(400);
    let receipt = town.deliver(&again).unwrap();
    assert_eq!((receipt.stored, receipt.repeated), (0, 400));
    let forged = (0..400).map(|seq| {
        let record = Record::decode(&before.record(seq, Body::Link(LinkState::Up))).unwrap();
        Record { wall: 7, ..record }.encode().unwrap().to_vec()
    });
    let (forged, _) = before.batch_of(forged.collect());
    assert!(matches!(town.deliver(&forged), Err(Refusal::Fork(_))));
    assert_eq!(town.all_records()[..size as usize].len() as u64, size);
}

#[test]
fn a_ledger_that_is_not_told_where_its_cold_segments_lie_does_not_start() {
    let mut town = town_over(empty_ledger(), 256, opened);
    town.fill(300);
    town.cools();
    let text = Config { cold: None, ..Config::read(&town.data.config()).unwrap() }.to_text().unwrap();
    std::fs::write(town.data.config(), text).unwrap();
    let refused = Ledger::open_with(&town.data, town.clock.clone(), opened(&town.data), None).unwrap_err();
    assert!(matches!(refused, LedgerError::ColdNowhere { entries: 256, .. }), "{refused}");
    assert!(refused.next_step().0.contains("sekisho-ledger warm"));
    for said in [
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).err(),
        command::status(&town.root, &*town.clock).err(),
    ] {
        assert!(matches!(said, Some(LedgerError::ColdNowhere { .. })));
    }
}

#[test]
fn a_copy_has_the_files_and_the_next_one_shares_them() {
    on_both(256).into_iter().for_each(copied_and_shared);
}

fn copied_and_shared(mut town: Town) {
    use std::os::unix::fs::MetadataExt;
    town.fill(600);
    town.cools();
    let records = town.all_records();
    let (first, second, third) = (scratch(), scratch(), scratch());
    let copied = backup(&town.root, &first).unwrap();
    assert_eq!((copied.segments, copied.segments_named), (2, 0));
    town.fill(900);
    town.cools();
    let copied = backup_beside(&town.root, &second, Some(&*first)).unwrap();
    assert_eq!((copied.segments, copied.segments_named), (1, 2));
    let links = |copy: &Path| {
        let files = files_in(&copy.join("cold").join(town.office.to_string()));
        files.iter().map(|file| std::fs::metadata(file).unwrap().nlink()).collect::<Vec<_>>()
    };
    assert_eq!((links(&first), links(&second), links(&town.root)), (vec![2, 2], vec![2, 2, 1], vec![1, 1, 1]));
    // What is damaged in the earlier copy is written anew.
    let damaged = files_in(&first.join("cold").join(town.office.to_string())).remove(0);
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[9_000] ^= 1;
    std::fs::remove_file(&damaged).unwrap();
    std::fs::write(&damaged, bytes).unwrap();
    let copied = backup_beside(&town.root, &third, Some(&*first)).unwrap();
    assert_eq!((copied.segments, copied.segments_named), (2, 1));
    for copy in [&second, &third] {
        for key in ["master.key", "payload.key", "envelope.key", "authority.key", "authority.der"] {
            std::fs::copy(town.root.join(key), copy.join(key)).unwrap();
        }
        assert_eq!(checked(copy).findings, []);
        let data = DataDir::new(copy);
        let ledger = Ledger::open_with(&data, town.clock.clone(), opened(&data), None).unwrap();
        for (index, record) in (0..).zip(&records) {
            assert_eq!(&ledger.record_bytes(&town.office, index).unwrap(), record);
        }
    }
    // Damage is not copied.
    let file = town.files().remove(1);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = backup(&town.root, &scratch()).unwrap_err().to_string();
    assert!(refused.contains(&*file.to_string_lossy()) && refused.contains("altered"), "{refused}");
}

#[test]
fn a_book_that_moves_leaves_its_cold_segments_where_they_are() {
    let (mut town, other) = (town_over(empty_ledger(), 256, opened), Town::new());
    town.fill(600);
    town.cools();
    let (records, segments) = (town.all_records(), town.segments());
    for to in [Some(crate::postgres::database()), None] {
        ends(&mut town, &other);
        moved(&town, to).unwrap();
        assert_eq!(checked(&town.root).findings, []);
        town.reopen();
        assert_eq!((town.all_records(), town.segments()), (records.clone(), segments.clone()));
        assert_eq!(town.rows(0), []);
    }
    town.fill(900);
    assert_eq!(town.cools(), 768);
    assert_eq!(checked(&town.root).findings, []);
}

/// The numbers of a ledger that is served, once this stands among them.
fn numbers(address: std::net::SocketAddr, awaited: &str) -> String {
    use std::io::{Read as _, Write as _};
    let ask = || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page).map(|_| page)
    };
    for _ in 0..600 {
        match ask() {
            Ok(page) if page.contains(awaited) => return page,
            Ok(_) | Err(_) => std::thread::sleep(std::time::Duration::from_millis(100)),
        }
    }
    panic!("{awaited} does not come: {:?}", ask());
}

#[test]
fn a_ledger_that_is_served_does_it_by_itself_and_counts_what_fails() {
    let (mut town, other) = (town_over(empty_ledger(), 256, opened), Town::new());
    town.fill(600);
    let records = town.all_records();
    let address = format!("127.0.0.1:{}", crate::town::free_port()).parse().unwrap();
    let config = Config { metrics: Some(address), ..Config::read(&town.data.config()).unwrap() };
    std::fs::write(town.data.config(), config.to_text().unwrap()).unwrap();
    ends(&mut town, &other);
    let serve = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sekisho-ledger"));
        command.args(["serve", "--data"]).arg(&*town.root).spawn().unwrap()
    };
    let (cold, office) = (town.root.join("cold"), town.office);
    let entries = |count| format!("sekisho_ledger_cold_entries{{office=\"{office}\"}} {count}\n");
    std::fs::remove_dir(&cold).unwrap();
    let mut served = serve();
    assert!(numbers(address, "sekisho_ledger_cold_errors_total 1\n").contains(&entries(0)));
    served.kill().unwrap();
    served.wait().unwrap();
    std::fs::create_dir(&cold).unwrap();
    let mut served = serve();
    assert!(numbers(address, &entries(512)).contains("sekisho_ledger_cold_errors_total 0\n"));
    served.kill().unwrap();
    served.wait().unwrap();
    town.reopen();
    assert_eq!((town.rows(0), town.all_records()), (vec![], records));
    assert_eq!(checked(&town.root).findings, []);
}

/// A record of a terminal with other fields than the town makes.
fn rewritten(bytes: &[u8], change: impl FnOnce(Record) -> Record) -> Vec<u8> {
    let record = Record::decode(bytes).unwrap();
    assert!(matches!(record.emitter, Emitter::Terminal(_)));
    change(record).encode().unwrap().to_vec()
}

#[test]
fn segments_grow_to_what_is_configured_now() {
    let mut town = town_over(empty_ledger(), 256, opened);
    town.fill(600);
    assert_eq!(town.cools(), 512);
    configure(&town.data, 1024);
    town.reopen();
    town.fill(4200);
    assert_eq!(town.cools(), 4096);
    let sizes: Vec<u64> = town.segments().iter().map(|segment| segment.entries).collect();
    assert_eq!(sizes, [256, 256, 512, 1024, 1024, 1024]);
    town.all_records();
    assert_eq!(checked(&town.root).findings, []);
}

#[test]
fn what_no_key_opens_does_not_come_back_as_nothing() {
    let mut town = town_over(empty_ledger(), 256, opened);
    town.fill(600);
    assert_eq!(town.cools(), 512);
    let records = town.all_records();
    let keys = |sql: &str| rusqlite::Connection::open(town.data.database()).unwrap().execute(sql, []).unwrap();
    keys("CREATE TABLE aside AS SELECT * FROM keys");
    keys("UPDATE keys SET wrapped = zeroblob(length(wrapped))");
    let said = warm(&town.root, &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("payload key"), "{said}");
    keys("DELETE FROM keys");
    keys("INSERT INTO keys SELECT * FROM aside");
    keys("DROP TABLE aside");
    town.reopen();
    assert_eq!(town.all_records()[..records.len()], records);
}
