//! What is destroyed is gone from the files as well.

use sekisho_ledger::backup::backup;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::store::{KeyState, LogName};
use sekisho_tlog::{leaf_hash, verify_inclusion};
use sekisho_wire::record::Retention;

use super::{checked, files_in, on_both, opened};
use crate::destroy::{links, step};
use crate::town::{Town, scratch};

const DAY: u64 = 86_400_000;

#[test]
fn a_month_that_is_destroyed_is_gone_from_the_files_and_its_neighbours_are_not() {
    on_both(256).into_iter().for_each(destroyed);
}

fn destroyed(mut town: Town) {
    let june = sekisho_ledger::clock::Clock::now(&*town.clock);
    let first = town.sends_made(june, links(100));
    let kept = town.sends_made(june, vec![step(); 20]);
    town.clock.advance(40 * DAY);
    let july = sekisho_ledger::clock::Clock::now(&*town.clock);
    let next = town.sends_made(july, links(400));
    town.sends_made(july, links(1));
    town.publish();
    town.follows();
    assert_eq!(town.cools(), 512);
    let old = scratch();
    backup(&town.root, &old).unwrap();
    let records = town.all_records();
    let (before, length) = (town.files(), |path: &std::path::Path| std::fs::metadata(path).unwrap().len());
    let was: Vec<u64> = before.iter().map(|path| length(path)).collect();
    town.clock.advance(360 * DAY);
    let act = town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();

    // Somebody reads an older view: it is his for as long as he reads.
    let reads = std::fs::File::open(town.root.join("cold")).unwrap();
    reads.lock_shared().unwrap();
    let office = town.ledger.office(&town.office).unwrap();
    let said = loop {
        match town.ledger.destroy_some(&office) {
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    assert!(said.contains("older view"), "{said}");
    assert!(before.iter().all(|path| path.exists()));
    assert_eq!(town.is_destroyed(first), Some(Some(act)), "nobody reads it any more all the same");
    drop(reads);
    town.carries_out();

    let after = town.files();
    assert_eq!(after.len(), 2);
    assert!(!before[0].exists() && length(&after[0]) < was[0], "another file, without what was destroyed");
    assert_eq!(after[1], before[1], "nothing in it was destroyed");
    for index in first..first + 100 {
        assert_eq!(town.is_destroyed(index), Some(Some(act)));
    }
    for index in (kept..next + 400).filter(|index| *index < town.end()) {
        assert_eq!(town.ledger.record_bytes(&town.office, index).unwrap(), records[index as usize]);
    }
    // That it was there is proved as before.
    let proved = town.ledger.prove(&office, LogName::Records, first + 7).unwrap();
    let (size, root) = (proved.checkpoint.size, proved.checkpoint.root);
    let leaf = leaf_hash(&records[first as usize + 7]);
    verify_inclusion(&leaf, first + 7, size, &proved.proof, &root).unwrap();
    assert!(town.keys().iter().any(|(class, _, state)| (*class, *state) == (2, KeyState::Erased)));
    town.publish();
    let report = checked(&town.root);
    assert_eq!((report.findings, report.destroyed), (vec![], 100));

    // An older copy of the files has the ciphertext, and nothing opens it: the key that wrapped its key is gone.
    for key in ["master.key", "payload.key", "envelope.key", "authority.key", "authority.der"] {
        std::fs::copy(town.root.join(key), old.join(key)).unwrap();
    }
    assert_eq!(files_in(&old.join("cold").join(town.office.to_string())).len(), 2);
    let data = DataDir::new(&old);
    let ledger = Ledger::open_with(&data, town.clock.clone(), opened(&data), None).unwrap();
    assert!((first..first + 100).all(|index| ledger.record_bytes(&town.office, index).is_err()));
    assert_eq!(ledger.record_bytes(&town.office, kept).unwrap(), records[kept as usize]);

    // What came before the act goes cold without it, and what is cold comes back without it.
    drop((ledger, office));
    town.reopen();
    assert_eq!(town.is_destroyed(first), Some(Some(act)));
    sekisho_ledger::cold::warm(&town.root, &mut |_| {}).unwrap();
    assert!(town.rows(0)[first as usize..first as usize + 100].iter().all(|entry| entry.payload.is_empty()));
    town.reopen();
    assert_eq!(checked(&town.root).findings, []);
}
