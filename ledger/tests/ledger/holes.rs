//! An entry that was taken out: what stands behind it never looks as if it were all, or something else.

use std::sync::Arc;

use sekisho_ledger::error::LedgerError;
use sekisho_ledger::index::Question;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{LogName, SqliteStore, StoreError};
use sekisho_register::Title;
use sekisho_register::change::{Change, SectionState, SetSection};

use crate::fsck::{alter, lived_in};
use crate::town::{Town, code};

#[test]
fn an_entry_that_was_taken_out_stops_the_search_index_with_an_error() {
    let town = lived_in();
    alter(&town, "DELETE FROM records_1 WHERE idx = 300");
    let office = town.ledger.office(&town.office).unwrap();
    let followed = town.ledger.follow_office(&office);
    assert!(matches!(followed, Err(StoreError::Damaged { .. })), "{followed:?}");
    let found = town.ledger.search(&town.office, &Question { limit: 1, ..Question::default() }).unwrap();
    assert_eq!((found.size, found.of), (300, 574), "a search says how much of the log it has not seen");
    assert!(town.ledger.reindex().is_err());
}

#[test]
fn a_register_with_a_hole_is_no_register() {
    let town = Town::new();
    let (section, title) = (code("jumin"), Title::new("住民課").unwrap());
    let suspended = SetSection { section, title, state: SectionState::Suspended, effective: 0 };
    town.submit(vec![Change::Section(suspended)]).unwrap();
    alter(&town, "DELETE FROM register_1 WHERE idx = 1");
    let office = town.ledger.office(&town.office).unwrap();
    let part = town.ledger.register_part(&office, 1, None, None);
    assert!(matches!(part, Err(Refusal::Unavailable { .. })), "{part:?}");
    let tile = "tile/entries/000.p/3".parse().unwrap();
    let bundle = town.ledger.entry_bundle(&town.office, LogName::Register, &tile);
    assert!(matches!(bundle, Err(Refusal::Unavailable { .. })), "{bundle:?}");
    // What the acts behind the hole took away must not hold again.
    let store = Arc::new(SqliteStore::open_existing(&town.data.database()).unwrap());
    let opened = Ledger::open_with(&town.data, town.clock.clone(), store, None).map(drop);
    assert!(matches!(opened, Err(LedgerError::Register { index: 1, .. })), "{opened:?}");
}

#[test]
fn a_repeat_over_a_hole_is_damage_and_no_fork() {
    let mut town = Town::new();
    let (batch, after) = town.terminal.batch(5);
    town.deliver(&batch).unwrap();
    alter(&town, "DELETE FROM records_1 WHERE idx = 1");
    let repeated = town.deliver(&batch);
    assert!(matches!(repeated, Err(Refusal::Unavailable { .. })), "{repeated:?}");
    town.terminal = after;
    town.send(1);
    let office = town.ledger.office(&town.office).unwrap();
    assert_eq!(office.log(LogName::Records).committed_size(), 6, "and there is no alarm");
}
