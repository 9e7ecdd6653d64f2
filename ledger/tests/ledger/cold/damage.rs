//! Files that are gone, cut short, altered or another's.

use sekisho_ledger::fsck::Fault;
use sekisho_ledger::index::Question;
use sekisho_ledger::store::LogName;
use sekisho_wire::words::Language;

use super::{checked, configure, empty_ledger, opened, town_over};
use crate::small_disk::SmallDisk;
use crate::town::Town;

/// Bytes of the head of a file with 1,024 entries: magic, office, first, entries, root, four blocks.
const HEAD: usize = 23 + 16 + 8 + 8 + 32 + 4 * 36;
/// Leaves of a block.
const LEAVES: usize = 256 * 32;

/// Two segments of four blocks, and rows behind them.
fn town() -> Town {
    let mut town = town_over(empty_ledger(), 1024, opened);
    town.fill(2100);
    assert_eq!(town.cools(), 2048);
    town
}

fn block(file: &[u8], number: usize) -> usize {
    let length = |at: usize| u32::from_be_bytes(file[87 + at * 36..91 + at * 36].try_into().unwrap()) as usize;
    HEAD + (0..number).map(length).sum::<usize>()
}

#[test]
fn damage_is_named_by_file_and_first_entry_and_never_served() {
    type Damage = fn(&[u8], &[u8]) -> Option<Vec<u8>>;
    fn flipped(file: &[u8], at: usize) -> Option<Vec<u8>> {
        let mut bytes = file.to_vec();
        bytes[at] ^= 0x40;
        Some(bytes)
    }
    let table: [(&str, u64, &str, Damage); 11] = [
        ("gone", 1024, "not there", |_, _| None),
        ("emptied", 1024, "cut short", |_, _| Some(Vec::new())),
        ("cut in its head", 1024, "cut short", |file, _| Some(file[..100].to_vec())),
        ("cut in a block", 1024 + 512, "cut short", |file, _| Some(file[..block(file, 2) + 50].to_vec())),
        ("cut at its end", 1024 + 768, "cut short", |file, _| Some(file[..file.len() - 1].to_vec())),
        ("magic", 1024, "head", |file, _| flipped(file, 3)),
        ("head", 1024, "head", |file, _| flipped(file, HEAD - 1)),
        ("a leaf", 1024 + 256 + 20, "altered", |file, _| flipped(file, block(file, 1) + 20 * 32 + 7)),
        // Length of the first frame: from there on nothing in the block can be read.
        ("a table", 1024 + 256, "altered", |file, _| flipped(file, block(file, 1) + LEAVES + 2 + 36)),
        ("a payload", 1024 + 768, "altered", |file, _| flipped(file, file.len() - 1)),
        ("another file", 1024, "head", |_, other| Some(other.to_vec())),
    ];
    let mut town = town();
    let records = town.all_records();
    let [other, file] = <[_; 2]>::try_from(town.files()).unwrap();
    let (sound, of_other) = (std::fs::read(&file).unwrap(), std::fs::read(&other).unwrap());
    for (name, first, words, damage) in table {
        match damage(&sound, &of_other) {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        // Nothing of what was read before is remembered.
        town.reopen();
        let report = checked(&town.root);
        let finding = report.findings.first().unwrap_or_else(|| panic!("{name} was not found"));
        assert_eq!(finding.index, Some(first), "{name}: {finding:?}");
        assert!(matches!(&finding.fault, Fault::Unreadable { cause } if cause.contains(words)), "{name}: {finding:?}");
        assert!(finding.text(Language::Japanese).contains(&*file.to_string_lossy()), "{name}");
        for (index, record) in (0..).zip(&records) {
            match town.ledger.record_bytes(&town.office, index) {
                Ok(served) => assert_eq!(served, *record, "{name}: record {index}"),
                Err(_) => assert!((first..2048).contains(&index), "{name}: record {index} cannot be had"),
            }
        }
        assert!(town.ledger.record_bytes(&town.office, first).is_err(), "{name}");
        // The rest goes on as if nothing were.
        town.send(3);
        town.publish();
        std::fs::write(&file, &sound).unwrap();
        town.reopen();
        assert_eq!(checked(&town.root).findings, [], "{name}, put right");
        assert_eq!(town.all_records()[..records.len()], records);
    }
}

#[test]
fn what_is_damaged_in_the_database_stays_there_for_fsck_to_name() {
    for (sql, index) in [
        ("UPDATE records_1 SET payload = zeroblob(60) WHERE idx = 70", 70),
        ("UPDATE records_1 SET leaf = zeroblob(32) WHERE idx = 70", 70),
        ("UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE log = 0 AND level = 1", 0),
    ] {
        let mut town = town_over(empty_ledger(), 256, opened);
        town.fill(600);
        crate::fsck::alter(&town, sql);
        assert!(town.cool().is_err(), "{sql}");
        assert_eq!((town.segments(), town.rows(0).len()), (vec![], 601));
        assert_eq!(checked(&town.root).findings.first().unwrap().index, Some(index), "{sql}");
    }
}

#[test]
fn a_disk_that_is_full_or_gone_or_only_readable_leaves_everything_hot() {
    let mut town = town_over(empty_ledger(), 256, opened);
    town.fill(600);
    let folder = town.root.join("cold");
    let disk = SmallDisk::under(&folder, 256);
    disk.fill();
    let said = town.cool().unwrap_err().to_string();
    assert!(said.contains("No space left") && said.contains("segment"), "{said}");
    assert_eq!((town.segments(), town.rows(0).len(), town.files()), (vec![], 601, vec![]));
    disk.free();
    let mount = |options: &str| {
        let mut command = std::process::Command::new("mount");
        assert!(command.args(["-o", options]).arg(&folder).status().unwrap().success());
    };
    mount("remount,ro");
    let said = town.cool().unwrap_err().to_string();
    assert!(said.contains("Read-only"), "{said}");
    mount("remount,rw");
    assert_eq!(town.cools(), 512);
    mount("remount,ro");
    let records = town.all_records();
    assert_eq!(checked(&town.root).findings, []);
    drop(disk);
    // What is not mounted is said, and not made on whatever disk is there.
    town.reopen();
    let said = town.ledger.record_bytes(&town.office, 3).unwrap_err().to_string();
    assert!(said.contains("not there"), "{said}");
    town.fill(900);
    std::fs::remove_dir_all(&folder).unwrap();
    let said = town.cool().unwrap_err().to_string();
    assert!(said.contains("there is no directory"), "{said}");
    assert_eq!(town.rows(512).len() as u64, town.end() - 512);
    assert_eq!(town.ledger.record_bytes(&town.office, 600).unwrap(), records[600]);
    configure(&town.data, 256);
    assert_eq!(town.cools(), 768, "the next ones go where there is a directory");
    let status = sekisho_ledger::command::status(&town.root, &*town.clock).unwrap();
    assert!(status.contains("2 files of cold segments are NOT THERE"), "{status}");
}

#[test]
fn a_file_that_was_put_right_is_read_by_the_running_ledger() {
    let town = town();
    let file = town.files().pop().unwrap();
    let sound = std::fs::read(&file).unwrap();
    let mut altered = sound.clone();
    *altered.last_mut().unwrap() ^= 1;
    std::fs::write(&file, &altered).unwrap();
    let read = |index| town.ledger.record_bytes(&town.office, index);
    assert!(read(1024 + 768).is_err() && read(1024).is_ok());
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, &sound).unwrap();
    assert!(read(1024 + 768).is_ok());
}

#[test]
fn what_stands_behind_an_altered_block_is_found_all_the_same() {
    let mut town = town();
    let file = town.files().remove(0);
    let sound = std::fs::read(&file).unwrap();
    // Its first leaf, and one in the middle: what is before that proves itself.
    for leaf in [0, 20] {
        let mut altered = sound.clone();
        let at = block(&altered, 1) + leaf * 32;
        altered[at] ^= 1;
        std::fs::write(&file, &altered).unwrap();
        town.reopen();
        town.ledger.reindex().unwrap();
        let question =
            Question { terminal: Some("jumin-1".into()), before: Some(600), limit: 500, ..Question::default() };
        let found = town.ledger.search(&town.office, &question).unwrap();
        let has = |index: u64| found.rows.iter().any(|(at, record)| *at == index && record.is_some());
        let bad = 256 + leaf as u64;
        assert!(has(599) && has(512) && has(bad - 1) && !(bad..512).any(has), "{leaf}");
        let unshown = found.missing.unshown;
        assert_eq!((unshown.count, unshown.first.first()), (512 - bad, Some(&bad)), "{leaf}");
    }
}

#[test]
fn a_file_that_is_gone_keeps_neither_the_ledger_from_starting_nor_a_terminal_that_comes_back_from_being_served() {
    let mut town = town_over(empty_ledger(), 1024, opened);
    town.fill(300);
    town.publish();
    let shown = town.shown();
    town.fill(2100);
    assert_eq!(town.cools(), 2048);
    // What this machine remembers is of that time, too: it is held against the book at the start.
    let remembered = town.root.join("memory").join(town.office.to_string()).join("records");
    std::fs::create_dir_all(remembered.parent().unwrap()).unwrap();
    std::fs::write(remembered, shown.records.as_ref().unwrap()).unwrap();
    std::fs::remove_file(town.files().remove(0)).unwrap();
    town.reopen();
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    let office = town.ledger.office(&town.office).unwrap();
    assert_eq!(office.log(LogName::Records).halted(), None);
    town.send(3);
    town.publish();
}
