//! The bare loop beside ingest: rows of the same shape and size into a table of the same shape, by rusqlite alone.

use std::path::Path;

use rusqlite::Connection;
use sekisho_ledger::payload::RecordKey;
use sekisho_ledger::secret::SecretKey;
use sekisho_wire::id::OfficeId;

/// A database with the ledger's pragmas and its table of entries, and nothing else.
pub(crate) struct BareRows {
    connection: Connection,
    next: i64,
}

impl BareRows {
    pub(crate) fn new(path: &Path) -> Self {
        let connection = Connection::open(path).expect("cannot make the bare database");
        let set = |name: &str, value: &str| connection.pragma_update(None, name, value).expect("a pragma");
        set("page_size", "8192");
        set("journal_mode", "WAL");
        set("synchronous", "FULL");
        connection.execute_batch(TABLE).expect("cannot make the bare table");
        Self { connection, next: 0 }
    }

    /// One transaction with a row for each record; returns when it is durable.
    pub(crate) fn insert(&mut self, rows: &[Row]) {
        let transaction = self.connection.transaction().expect("a transaction");
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO entries VALUES (?1, ?2, 2, ?3)").expect("a statement");
            for row in rows {
                insert.execute((self.next, row.leaf.as_slice(), &row.payload)).expect("a row");
                self.next += 1;
            }
        }
        transaction.commit().expect("a commit");
    }
}

/// What stands in a row.
pub(crate) struct Row {
    leaf: [u8; 32],
    /// As long as the ledger's.
    pub(crate) payload: Vec<u8>,
}

impl Row {
    /// Rows as large as the ledger's for these records of an office. The bytes are as good as random there too.
    pub(crate) fn like(office: OfficeId, records: &[Vec<u8>]) -> Vec<Self> {
        let key = RecordKey::new(office, SecretKey::generate());
        records.iter().map(|record| Self::random(key.seal_payload(&[0; 32], record).len())).collect()
    }

    fn random(len: usize) -> Self {
        let (mut leaf, mut payload) = ([0; 32], vec![0; len]);
        getrandom::fill(&mut leaf).expect("the system gives randomness");
        getrandom::fill(&mut payload).expect("the system gives randomness");
        Self { leaf, payload }
    }
}

/// As the ledger's table of one log.
const TABLE: &str = "
CREATE TABLE entries (
    idx INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    key INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;
";
