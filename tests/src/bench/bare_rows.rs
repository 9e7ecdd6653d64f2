//! The bare loop beside ingest: rows of the same shape and size into a table of the same shape, by rusqlite alone.

use std::path::Path;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::Type;
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

    /// How many there are.
    pub(crate) const fn rows(&self) -> i64 {
        self.next
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

/// The same beside a book on PostgreSQL: rows into one table by binary COPY.
pub(crate) struct BareCopy {
    client: postgres::Client,
    next: i64,
}

impl BareCopy {
    /// A table in the database of this place.
    pub(crate) fn new(place: &str) -> Self {
        let mut client = postgres::Client::connect(place, postgres::NoTls).expect("the server answers");
        let table = "CREATE TABLE bare (idx BIGINT PRIMARY KEY, leaf BYTEA NOT NULL, key INTEGER NOT NULL, payload BYTEA NOT NULL)";
        client.batch_execute("SET synchronous_commit = on").expect("a setting");
        client.batch_execute(table).expect("a table");
        Self { client, next: 0 }
    }

    /// One transaction with a row for each record; returns when it is durable.
    pub(crate) fn copy(&mut self, rows: &[Row]) {
        let types = [Type::INT8, Type::BYTEA, Type::INT4, Type::BYTEA];
        let mut transaction = self.client.transaction().expect("a transaction");
        let out = transaction.copy_in("COPY bare (idx, leaf, key, payload) FROM STDIN BINARY").expect("a copy");
        let mut out = BinaryCopyInWriter::new(out, &types);
        for row in rows {
            out.write(&[&self.next, &row.leaf.as_slice(), &2_i32, &row.payload]).expect("a row");
            self.next += 1;
        }
        out.finish().expect("the end of the copy");
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
