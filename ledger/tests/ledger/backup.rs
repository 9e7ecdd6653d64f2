//! A copy that is made while the ledger works can be put back, and is sound.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sekisho_ledger::backup::backup;
use sekisho_ledger::command;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::store::{LogName, SqliteStore};

use crate::town::{Town, scratch};

/// The copy with the keys that lie in the safe.
fn put_back(town: &Town, copy: &std::path::Path) {
    for key in ["master.key", "payload.key", "envelope.key", "authority.key", "authority.der"] {
        std::fs::copy(town.root.join(key), copy.join(key)).unwrap();
    }
}

#[test]
fn a_copy_made_under_load_is_sound_and_goes_on_where_it_stood() {
    [Town::new(), Town::on_server()].into_iter().for_each(copied_under_load);
}

fn copied_under_load(mut town: Town) {
    town.send(300);
    town.publish();
    let (copies, stop) = ([scratch(), scratch(), scratch()], AtomicBool::new(false));
    thread::scope(|scope| {
        let (root, copies, stop) = (town.root.to_path_buf(), &copies, &stop);
        let copying = scope.spawn(move || {
            let made = copies.iter().try_for_each(|copy| backup(&root, copy).map(drop));
            stop.store(true, Ordering::SeqCst);
            made
        });
        for _ in 0..200 {
            if stop.load(Ordering::SeqCst) {
                break;
            }
            town.send(7);
            town.publish();
        }
        copying.join().unwrap().unwrap();
    });
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
    for copy in &copies {
        put_back(&town, copy);
        let report = command::fsck(copy, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
        assert_eq!(report.findings, []);
        assert!(report.entries >= 302);
        let data = DataDir::new(copy);
        let store = std::sync::Arc::new(SqliteStore::open_existing(&data.database()).unwrap());
        let ledger = Ledger::open_with(&data, town.clock.clone(), store, None).unwrap();
        let office = ledger.office(&town.office).unwrap();
        assert_eq!(LogName::ALL.map(|log| office.log(log).halted()), [None; 3]);
    }
}

#[test]
fn a_copy_goes_only_into_an_empty_directory_and_holds_no_key() {
    let town = Town::new();
    assert!(backup(&town.root, &town.root).is_err());
    let copy = scratch();
    backup(&town.root, &copy).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(&*copy).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["checkpoints", "ledger.db", "ledger.toml"]);
    assert!(backup(&town.root, &copy).is_err(), "the older copy stays");
}
