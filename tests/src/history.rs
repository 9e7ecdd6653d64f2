//! What stands in a ledger's database, looked at from outside: dense, once each, and what happens to it when somebody writes there.

use rusqlite::Connection;

use crate::ledger::Ledger;

fn open(ledger: &Ledger) -> Connection {
    Connection::open(ledger.data().join("ledger.db")).expect("cannot open the ledger's database")
}

/// Checks that the batches of each terminal and epoch cover its records from 0 on without gap or overlap, and that each lies in the records log
/// where no other does. Gives the number of records.
///
/// # Panics
/// When a record is missing or there twice.
#[must_use]
pub fn assert_once_each(ledger: &Ledger) -> i64 {
    let database = open(ledger);
    let mut rows = database
        .prepare("SELECT terminal, epoch, first, count, idx FROM batches ORDER BY office, terminal, epoch, first")
        .expect("the table of batches");
    let batches: Vec<(String, i64, i64, i64, i64)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .expect("the batches")
        .map(|row| row.expect("a batch"))
        .collect();
    let mut next = (String::new(), 0, 0);
    let mut places: Vec<(i64, i64)> = Vec::new();
    for (terminal, epoch, first, count, index) in &batches {
        if (&next.0, next.1) != (terminal, *epoch) {
            next = (terminal.clone(), *epoch, 0);
        }
        assert_eq!(*first, next.2, "records of {terminal} are missing or there twice");
        next.2 += count;
        places.push((*index, index + count));
    }
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0), "two batches share a place in the log");
    batches.iter().map(|(_, _, _, count, _)| count).sum()
}

/// The end of a terminal's history in the ledger: the number of its records in this epoch.
///
/// # Panics
/// When the database cannot be read.
#[must_use]
pub fn stored(ledger: &Ledger, terminal: &str) -> i64 {
    open(ledger)
        .query_row("SELECT coalesce(sum(count), 0) FROM batches WHERE terminal = ?1", [terminal], |row| row.get(0))
        .expect("the batches of a terminal")
}

/// The number of acts in the register log.
///
/// # Panics
/// When the database cannot be read.
#[must_use]
pub fn acts(ledger: &Ledger) -> u64 {
    let count: i64 =
        open(ledger).query_row("SELECT count(*) FROM register_1", [], |row| row.get(0)).expect("the register log");
    u64::try_from(count).expect("a count")
}

/// The number of entries in the casebook.
///
/// # Panics
/// When the database cannot be read.
#[must_use]
pub fn proposals(ledger: &Ledger) -> u64 {
    let count: i64 =
        open(ledger).query_row("SELECT count(*) FROM casebook_1", [], |row| row.get(0)).expect("the casebook");
    u64::try_from(count).expect("a count")
}

/// Flips one bit in the middle of the payload of an entry in the middle of the records log. Gives the entry's index.
///
/// # Panics
/// When there is nothing to flip.
#[must_use]
pub fn flip_a_byte(ledger: &Ledger) -> i64 {
    let database = open(ledger);
    let size: i64 =
        database.query_row("SELECT count(*) FROM records_1", [], |row| row.get(0)).expect("the number of entries");
    let index = size / 2;
    let mut payload: Vec<u8> = database
        .query_row("SELECT payload FROM records_1 WHERE idx = ?1", [index], |row| row.get(0))
        .expect("an entry");
    let middle = payload.len() / 2;
    payload[middle] ^= 1;
    let changed = database
        .execute("UPDATE records_1 SET payload = ?1 WHERE idx = ?2", rusqlite::params![payload, index])
        .expect("cannot write into the ledger's database");
    assert_eq!(changed, 1, "one entry is changed");
    index
}
