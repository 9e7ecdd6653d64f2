//! What the records cost once they are stored: bytes each, and checking them all.

use std::path::Path;

use rusqlite::Connection;
use sekisho_tests::ledger::Ledger;
use sekisho_tests::scene::Scene;

use crate::report::{Goal, Report};
use crate::stopwatch::timed;

/// Sizes of a ledger that is stopped.
pub(crate) struct Stored {
    entries: u64,
    book: u64,
    index: u64,
}

impl Stored {
    /// Bytes of book and index for each record.
    pub(crate) fn bytes_each(&self) -> (f64, f64) {
        (self.book as f64 / self.entries as f64, self.index as f64 / self.entries as f64)
    }

    pub(crate) fn look(ledger: &Ledger) -> Self {
        let size = |name: &str| {
            let path = ledger.data().join(name);
            let connection = Connection::open(&path).expect("a database of the ledger");
            // What stands in the write-ahead log belongs to the file.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
            std::fs::metadata(path).expect("a database of the ledger").len()
        };
        let (book, index) = (size("ledger.db"), size("index.db"));
        let connection = Connection::open(ledger.data().join("ledger.db")).expect("the book");
        let counted = connection.query_row("SELECT count(*) FROM records_1", [], |row| row.get(0));
        Self { entries: u64::try_from(counted.unwrap_or(0_i64)).unwrap_or(0), book, index }
    }
}

/// A copy of a database with what stands in its write-ahead log.
pub(crate) fn copy(from: &Path, to: &Path) {
    let connection = Connection::open(from).expect("a database of the ledger");
    let to = to.to_str().expect("a scratch path is text");
    connection.execute("VACUUM INTO ?1", [to]).expect("cannot copy the database");
}

/// Lets the ledger sign and index what ingest left behind, then measures.
pub(crate) fn measure(scene: &mut Scene, before: &Stored, report: &mut Report) {
    scene.ledger.serve();
    std::thread::sleep(std::time::Duration::from_secs(2));
    scene.ledger.stop();
    let after = Stored::look(&scene.ledger);
    let records = (after.entries - before.entries) as f64;
    let each = (after.book - before.book) as f64 / records;
    report.goal("bytes per record, hot", "≤ 350", Goal::AtMost(350.0), each, format!("{each:.0}"));
    let index = after.index.saturating_sub(before.index) as f64 / records;
    report.from(format!(
        "ledger.db over {records} records of decisions; index.db, which can be thrown away: {index:.0} more"
    ));
    report.from(mean_lengths(&scene.ledger));

    let ((code, said), took) = timed(|| scene.ledger.fsck());
    assert_eq!(code, Some(0), "fsck finds something: {said}");
    let rate = after.entries as f64 / took.as_secs_f64();
    report.goal(
        "fsck, entries per second and core",
        "≥ 1 M/s",
        Goal::AtLeast(1e6),
        rate,
        format!("{:.3} M/s", rate / 1e6),
    );
    report.from(format!("{} entries in {:.2} s, start of the program included", after.entries, took.as_secs_f64()));
}

fn mean_lengths(ledger: &Ledger) -> String {
    let connection = Connection::open(ledger.data().join("ledger.db")).expect("the book");
    let mean = "SELECT avg(length(payload)), avg(length(leaf)) FROM records_1";
    let lengths = connection.query_row(mean, [], |row| Ok((row.get(0)?, row.get(1)?)));
    let (payload, leaf): (f64, f64) = lengths.expect("the book has entries");
    format!("of that, packed and sealed payload {payload:.0}, leaf {leaf:.0}")
}
