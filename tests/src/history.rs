//! What stands in a ledger's book, looked at from outside: dense, once each, and what happens to it when somebody writes there.

use std::sync::Arc;

use sekisho_ledger::config::Config;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::store::{Book, LogName, Store, StoredBatch};
use sekisho_wire::id::OfficeId;

use crate::ledger::Ledger;

fn book(ledger: &Ledger) -> Book {
    let data = DataDir::new(ledger.data());
    Config::read(&data.config()).and_then(|config| config.book(&data)).expect("the ledger's configuration")
}

fn open(ledger: &Ledger) -> Arc<dyn Store> {
    book(ledger).open_snapshot().expect("cannot open the ledger's book")
}

fn batches(ledger: &Ledger) -> Vec<StoredBatch> {
    let store = open(ledger);
    let (mut all, mut next) = (Vec::new(), 0);
    for office in store.offices().expect("the offices") {
        loop {
            let page = store.batches_by_index(&office.id, next, 1000).expect("the batches");
            let Some(last) = page.last() else { break };
            next = last.index + 1;
            all.extend(page);
        }
        next = 0;
    }
    all
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).expect("a count")
}

/// Checks that the batches of each terminal and epoch cover its records from 0 on without gap or overlap, and that each lies in the records log
/// where no other does. Gives the number of records.
///
/// # Panics
/// When a record is missing or there twice.
#[must_use]
pub fn assert_once_each(ledger: &Ledger) -> i64 {
    let mut batches = batches(ledger);
    batches.sort_by(|one, other| {
        (&one.office, &one.terminal, one.epoch, one.first).cmp(&(
            &other.office,
            &other.terminal,
            other.epoch,
            other.first,
        ))
    });
    let (mut history, mut next) = (None, 0);
    for batch in &batches {
        let of = Some((batch.office, &batch.terminal, batch.epoch));
        if history != of {
            (history, next) = (of, 0);
        }
        assert_eq!(batch.first, next, "records of {} are missing or there twice", batch.terminal);
        next += u64::from(batch.count);
    }
    let mut places: Vec<_> =
        batches.iter().map(|batch| (batch.office, batch.index, batch.index + u64::from(batch.count))).collect();
    places.sort_unstable();
    let apart = |one: &(_, u64, u64), other: &(_, u64, u64)| one.0 != other.0 || one.2 <= other.1;
    assert!(places.windows(2).all(|pair| apart(&pair[0], &pair[1])), "two batches share a place in the log");
    signed(batches.iter().map(|batch| u64::from(batch.count)).sum())
}

/// The number of a terminal's records in the ledger.
///
/// # Panics
/// When the book cannot be read.
#[must_use]
pub fn stored(ledger: &Ledger, terminal: &str) -> i64 {
    let batches = batches(ledger);
    let its = batches.iter().filter(|batch| batch.terminal.as_str() == terminal);
    signed(its.map(|batch| u64::from(batch.count)).sum())
}

fn size(ledger: &Ledger, log: LogName) -> u64 {
    let store = open(ledger);
    let offices = store.offices().expect("the offices");
    offices.iter().map(|office| store.frontier(&office.id, log).expect("the size of a log").size()).sum()
}

/// The number of acts in the register log.
///
/// # Panics
/// When the book cannot be read.
#[must_use]
pub fn acts(ledger: &Ledger) -> u64 {
    size(ledger, LogName::Register)
}

/// The number of acts in the register log of one office.
///
/// # Panics
/// When the book cannot be read.
#[must_use]
pub fn acts_of(ledger: &Ledger, office: &OfficeId) -> u64 {
    open(ledger).frontier(office, LogName::Register).expect("the size of a log").size()
}

/// The number of entries in the casebook.
///
/// # Panics
/// When the book cannot be read.
#[must_use]
pub fn proposals(ledger: &Ledger) -> u64 {
    size(ledger, LogName::Casebook)
}

/// Bytes in the book of one office.
#[derive(Clone, Copy, Debug)]
pub enum Bytes<'a> {
    /// The payload of an entry.
    Payload(LogName, u64),
    /// The leaf of an entry.
    Leaf(LogName, u64),
    /// The first hash tile of level 1 of the records log.
    Tile,
    /// The chain in a terminal's cursor.
    Chain(&'a str),
    /// The signed header of a terminal's first batch.
    Header(&'a str),
}

impl Bytes<'_> {
    /// Table, column and row.
    fn place(self, book: &Book) -> (String, &'static str, String) {
        let entry = |log: LogName, index: u64, column: &str| match book {
            Book::File(_) => (format!("{log}_1"), format!("idx = {index}")),
            Book::Server(_) => {
                let table = if column == "leaf" { "leaves" } else { "payloads" };
                (format!("sekisho.{table}"), format!("log = {} AND idx = {index}", log.number()))
            }
        };
        let table = |name: &str| match book {
            Book::File(_) => name.to_owned(),
            Book::Server(_) => format!("sekisho.{name}"),
        };
        match self {
            Self::Payload(log, index) => {
                let (table, which) = entry(log, index, "payload");
                (table, "payload", which)
            }
            Self::Leaf(log, index) => {
                let (table, which) = entry(log, index, "leaf");
                (table, "leaf", which)
            }
            Self::Tile => (table("tiles"), "hashes", "log = 0 AND level = 1 AND idx = 0".into()),
            Self::Chain(terminal) => (table("cursors"), "chain", format!("emitter = '{terminal}'")),
            Self::Header(terminal) => (table("batches"), "header", format!("terminal = '{terminal}' AND first = 0")),
        }
    }
}

/// Flips one bit of the byte at this place, or of the one in the middle. The ledger must not be running.
///
/// # Panics
/// When there is nothing to flip.
pub fn flip(ledger: &Ledger, bytes: Bytes<'_>, at: Option<usize>) {
    let book = book(ledger);
    let (table, column, which) = bytes.place(&book);
    let changed = match book {
        Book::File(path) => {
            let database = rusqlite::Connection::open(path).expect("cannot open the ledger's database");
            let select = format!("SELECT {column} FROM {table} WHERE {which}");
            let mut blob: Vec<u8> = database.query_row(&select, [], |row| row.get(0)).expect("the bytes");
            let at = at.unwrap_or(blob.len() / 2);
            blob[at] ^= 1;
            let update = format!("UPDATE {table} SET {column} = ?1 WHERE {which}");
            database.execute(&update, [blob]).expect("cannot write into the ledger's database") as u64
        }
        Book::Server(server) => {
            let mut client = server.connect().expect("cannot reach the ledger's database");
            let at = at.map_or_else(|| format!("length({column}) / 2"), |at| at.to_string());
            let update = format!(
                "UPDATE {table} SET {column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1) WHERE {which}"
            );
            client.execute(&update, &[]).expect("cannot write into the ledger's database")
        }
    };
    assert_eq!(changed, 1, "{table} {which}");
}

/// Flips one bit in the middle of the payload of an entry in the middle of the records log. Gives the entry's index.
///
/// # Panics
/// When there is nothing to flip.
#[must_use]
pub fn flip_a_byte(ledger: &Ledger) -> u64 {
    let index = size(ledger, LogName::Records) / 2;
    flip(ledger, Bytes::Payload(LogName::Records, index), None);
    index
}

/// Flips a bit in the middle of the signed checkpoint of a log. The ledger must not be running.
///
/// # Panics
/// When there is none.
pub fn flip_checkpoint(ledger: &Ledger, log: LogName) {
    let offices = std::fs::read_dir(ledger.data().join("checkpoints")).expect("the checkpoints");
    for office in offices.flatten() {
        let file = office.path().join(log.as_str());
        let mut note = std::fs::read(&file).expect("a checkpoint");
        let middle = note.len() / 2;
        note[middle] ^= 1;
        std::fs::write(&file, note).expect("cannot write a checkpoint");
    }
}
