//! The search index: a second database, made from the log alone, off the way of every acknowledgement, thrown away and made again at will.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension, params_from_iter};
use sekisho_tlog::Hash;
use sekisho_wire::id::{CardGuid, Code, OfficeId, SessionId};

use crate::carried::Attributed;
use crate::clock::Millis;
use crate::error::LedgerError;
use crate::locks::lock;
use crate::store::StoreError;

mod carried;
mod counts;
mod question;
mod row;
mod spans;
mod unshown;

pub use counts::Decided;
pub use question::{AskedVerdict, Question};
use row::Row;
use spans::Spans;
pub use unshown::Unshown;

/// The index.
pub struct Index {
    /// The follower's: it alone writes.
    connection: Mutex<Connection>,
    /// Those of searches, while nobody uses them: a long one keeps neither the follower nor another search waiting.
    readers: Mutex<Vec<Connection>>,
    path: PathBuf,
}

/// How far the index has come, and in which history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Index of the next record to take.
    pub next: u64,
    /// Root of the log that the records before it are.
    pub root: Hash,
}

/// A session that its terminal has not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenSession {
    /// Where it is open.
    pub(crate) terminal: String,
    /// Which it is.
    pub(crate) session: SessionId,
    /// The history of its opening,
    pub(crate) epoch: u32,
    /// and the place there.
    pub(crate) seq: u64,
    /// Trusted time of its opening.
    pub(crate) time: Millis,
    /// Index of its opening in the log.
    pub(crate) index: u64,
}

impl Index {
    /// Opens the index, making it when it is not there, of another version, or damaged: it is made from the log again.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let connection = Self::connect(path).or_else(|error| {
            log::warn!("{error}; it is thrown away and made again");
            Self::remove(path)?;
            Self::connect(path)
        })?;
        Ok(Self { connection: Mutex::new(connection), readers: Mutex::default(), path: path.into() })
    }

    fn remove(path: &Path) -> Result<(), LedgerError> {
        for suffix in ["", "-wal", "-shm"] {
            let mut file = path.as_os_str().to_owned();
            file.push(suffix);
            match std::fs::remove_file(&file) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(LedgerError::file("remove", PathBuf::from(file))(error)),
            }
        }
        Ok(())
    }

    fn connect(path: &Path) -> Result<Connection, LedgerError> {
        let connection = Connection::open(path).map_err(failed("open the search index"))?;
        let set_up = || -> rusqlite::Result<()> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // It can be made again, so it need not survive a power cut whole.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            // It says in the clear who did what: what is taken out of it is written over with zeros.
            connection.pragma_update(None, "secure_delete", "ON")?;
            let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version != VERSION {
                connection.execute_batch(TABLES)?;
                connection.execute_batch(spans::TABLE)?;
                connection.pragma_update(None, "user_version", VERSION)?;
            }
            Ok(())
        };
        set_up().map_err(failed("set up the search index"))?;
        Ok(connection)
    }

    /// Throws everything away, the file too: what is damaged may not even be emptied.
    ///
    /// # Errors
    /// When the file cannot be removed or made.
    pub fn clear(&self) -> Result<(), LedgerError> {
        let mut connection = lock(&self.connection);
        lock(&self.readers).clear();
        *connection = Connection::open_in_memory().map_err(failed("close the search index"))?;
        Self::remove(&self.path)?;
        *connection = Self::connect(&self.path)?;
        Ok(())
    }

    /// Throws away what it has of one office.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn forget(&self, office: &OfficeId) -> Result<(), StoreError> {
        let mut connection = lock(&self.connection);
        let mut forget = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM records WHERE office = ?1", [office.as_bytes().as_slice()])?;
            transaction.execute("DELETE FROM unshown WHERE office = ?1", [office.as_bytes().as_slice()])?;
            transaction.execute("DELETE FROM carried WHERE office = ?1", [office.as_bytes().as_slice()])?;
            transaction.execute("DELETE FROM spans WHERE office = ?1", [office.as_bytes().as_slice()])?;
            transaction.execute("DELETE FROM followed WHERE office = ?1", [office.as_bytes().as_slice()])?;
            transaction.commit()
        };
        forget().map_err(failed("clear the search index"))
    }

    /// Takes out what it has of these records, and what others have from them.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn drop_rows(&self, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError> {
        let mut connection = lock(&self.connection);
        let mut drop_them = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            let office = office.as_bytes().as_slice();
            let own = "DELETE FROM records WHERE office = ?1 AND idx = ?2";
            let unshown = "DELETE FROM unshown WHERE office = ?1 AND idx = ?2";
            let told = "UPDATE records SET operator = NULL, card = NULL, function = NULL, case_reference = NULL
                WHERE office = ?1 AND told_by = ?2";
            for index in indexes {
                transaction.prepare_cached(own)?.execute((office, signed(*index)))?;
                transaction.prepare_cached(unshown)?.execute((office, signed(*index)))?;
                transaction.prepare_cached(told)?.execute((office, signed(*index)))?;
            }
            transaction.commit()
        };
        drop_them().map_err(failed("take rows out of the search index"))
    }

    /// Writes the file anew, without what was taken out of it.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn compact(&self) -> Result<(), StoreError> {
        lock(&self.connection).execute_batch("VACUUM").map_err(failed("write the search index anew"))
    }

    /// Empties the log of changes: what was taken out stands there else.
    ///
    /// # Errors
    /// When somebody searches in it: it is tried again.
    pub fn empty_log(&self) -> Result<(), StoreError> {
        let connection = lock(&self.connection);
        let act = "empty the log of the search index";
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(failed(act))?;
        if busy == 0 { Ok(()) } else { Err(StoreError::Database { act, cause: "somebody searches in it".into() }) }
    }

    /// How far it has come; nothing before the first record.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn followed(&self, office: &OfficeId) -> Result<Option<Followed>, StoreError> {
        let sql = "SELECT next, root FROM followed WHERE office = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?));
        let read = |connection: &Connection| connection.query_row(sql, [office.as_bytes().as_slice()], row).optional();
        let followed = self.read(read).map_err(failed("read the search index"))?;
        Ok(followed.map(|(next, root)| Followed { next: u64::try_from(next).unwrap_or(0), root: Hash(root) }))
    }

    /// Takes records from index `from` on, after which it has come to `to`; nothing stands for bytes that are no record.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn take(
        &self,
        office: &OfficeId,
        from: u64,
        records: &[Option<Attributed>],
        to: Followed,
    ) -> Result<(), StoreError> {
        let mut connection = lock(&self.connection);
        take(&mut connection, office, from, records, to).map_err(failed("write the search index"))
    }

    /// Indexes of records that answer, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn find(&self, office: &OfficeId, question: &Question) -> Result<Vec<u64>, StoreError> {
        let limit = question.limit as usize;
        let find_among =
            |connection: &Connection, among: Option<&Range<u64>>, found: &mut Vec<u64>| -> rusqlite::Result<()> {
                let (sql, values) = question.to_sql(office, among, limit.saturating_sub(found.len()));
                let mut statement = connection.prepare_cached(&sql)?;
                let mut rows = statement.query(params_from_iter(values))?;
                while let Some(row) = rows.next()? {
                    found.push(row.get::<_, i64>(0)?.unsigned_abs());
                }
                Ok(())
            };
        let find = |connection: &Connection| -> rusqlite::Result<Vec<u64>> {
            let mut found = Vec::new();
            let (since, until) = (question.since, question.until);
            if since.is_none() && until.is_none() {
                find_among(connection, None, &mut found)?;
                return Ok(found);
            }
            for among in spans::ranges(connection, office.as_bytes(), since, until)? {
                if found.len() >= limit {
                    break;
                }
                find_among(connection, Some(&among), &mut found)?;
            }
            Ok(found)
        };
        self.read(find).map_err(failed("search"))
    }

    /// The sessions of an operator that were opened at this time or later and are open. An agent that starts again has closed what was open before.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn open_sessions(
        &self,
        office: &OfficeId,
        operator: &str,
        since: Millis,
    ) -> Result<Vec<OpenSession>, StoreError> {
        let sql = "SELECT terminal, session, epoch, seq, time, idx FROM records opened INDEXED BY by_operator
            WHERE office = ?1 AND operator = ?2 AND idx >= ?4 AND kind = 1 AND own = 1 AND carried_epoch IS NULL AND time >= ?3
            AND session IS NOT NULL AND NOT EXISTS (SELECT 1 FROM records later INDEXED BY by_terminal WHERE later.office = opened.office AND later.terminal = opened.terminal
                AND later.own = 1 AND later.carried_epoch IS NULL AND later.idx > opened.idx
                AND (later.kind = 9 OR later.kind = 3 AND later.session = opened.session))";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(OpenSession {
                terminal: row.get(0)?,
                session: SessionId(row.get(1)?),
                epoch: row.get(2)?,
                seq: row.get::<_, i64>(3)?.unsigned_abs(),
                time: row.get::<_, i64>(4)?.unsigned_abs(),
                index: row.get::<_, i64>(5)?.unsigned_abs(),
            })
        };
        let find = |connection: &Connection| -> rusqlite::Result<Vec<OpenSession>> {
            let oldest = spans::ranges(connection, office.as_bytes(), Some(since), None)?.pop();
            let Some(Range { start, .. }) = oldest else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(sql)?;
            let key = (office.as_bytes().as_slice(), operator, signed(since), signed(start));
            statement.query_map(key, row)?.collect()
        };
        self.read(find).map_err(failed("look for open sessions"))
    }

    /// Who opened a session since then.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn openers(&self, office: &OfficeId, since: Millis) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT operator FROM records
            WHERE office = ?1 AND idx >= ?3 AND kind = 1 AND own = 1 AND carried_epoch IS NULL AND time >= ?2 AND operator IS NOT NULL";
        let find = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
            let oldest = spans::ranges(connection, office.as_bytes(), Some(since), None)?.pop();
            let Some(Range { start, .. }) = oldest else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(sql)?;
            let key = (office.as_bytes().as_slice(), signed(since), signed(start));
            statement.query_map(key, |row| row.get(0))?.collect()
        };
        self.read(find).map_err(failed("look who opened sessions"))
    }

    /// Whether the last thing that a terminal said is that it stops in order.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn was_switched_off(&self, office: &OfficeId, terminal: &Code) -> Result<bool, StoreError> {
        let sql = "SELECT kind FROM records INDEXED BY by_terminal WHERE office = ?1 AND terminal = ?2 AND own = 1
            AND carried_epoch IS NULL ORDER BY idx DESC LIMIT 1";
        let key = (office.as_bytes().as_slice(), terminal.as_str());
        let read = |connection: &Connection| connection.query_row(sql, key, |row| row.get::<_, u16>(0)).optional();
        Ok(self.read(read).map_err(failed("look for a terminal"))? == Some(TERMINAL_DOWN))
    }

    /// When the newest record that names this card was made.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn newest_of_card(&self, office: &OfficeId, card: &CardGuid) -> Result<Option<Millis>, StoreError> {
        let sql =
            "SELECT time FROM records INDEXED BY by_card WHERE office = ?1 AND card = ?2 ORDER BY idx DESC LIMIT 1";
        let key = (office.as_bytes().as_slice(), card.to_string());
        let read = |connection: &Connection| connection.query_row(sql, key, |row| row.get::<_, i64>(0)).optional();
        Ok(self.read(read).map_err(failed("look for a card"))?.map(i64::unsigned_abs))
    }

    /// Reads with a connection that nobody else uses meanwhile.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let idle = lock(&self.readers).pop();
        let connection = idle.map_or_else(|| Connection::open(&self.path), Ok)?;
        let answer = read(&connection)?;
        let mut idle = lock(&self.readers);
        if idle.len() < READERS_MAX {
            idle.push(connection);
        }
        Ok(answer)
    }
}

fn take(
    connection: &mut Connection,
    office: &OfficeId,
    from: u64,
    records: &[Option<Attributed>],
    to: Followed,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let office = office.as_bytes().as_slice();
    let mut spans = Spans::default();
    for (index, record) in (from..).zip(records) {
        let Some(Attributed { record, carried }) = record else { continue };
        let (into, leaf) = (carried.map(|(into, _)| into), carried.map(|(_, leaf)| leaf.0));
        if let Some(leaf) = leaf {
            // It was carried before: it is found once.
            let sql = "SELECT 1 FROM records WHERE office = ?1 AND leaf = ?2";
            if transaction.prepare_cached(sql)?.exists((office, leaf))? {
                continue;
            }
            // Which seqs these are names nobody, and stays when their month is destroyed: they came, and are not missing.
            let sql = "INSERT OR IGNORE INTO carried (office, terminal, epoch, seq) VALUES (?1, ?2, ?3, ?4)";
            let terminal = Row::of(record).terminal;
            transaction.prepare_cached(sql)?.execute((office, terminal, record.epoch, signed(record.seq)))?;
        }
        spans.add(index, record.trusted);
        let mut row = Row::of(record);
        if let Some(session) = row.session
            && row.operator.is_none()
        {
            // A session is one terminal's: what another claims about it names nobody.
            let sql = "SELECT operator, card, coalesce(told_by, idx) FROM records WHERE office = ?1 AND session = ?2 AND operator IS NOT NULL
                AND terminal = ?3 AND own = 1 LIMIT 1";
            let found = transaction
                .prepare_cached(sql)?
                .query_row((office, session, &row.terminal), |found| Ok((who(found)?, found.get(2)?)))
                .optional()?;
            ((row.operator, row.card), row.told_by) = found.unwrap_or_default();
        }
        if let Some(of) = row.of {
            // The ledger's alarms carry a terminal's code with the ledger's own seq, and only a decision can be completed or withdrawn. What was carried
            // belongs to what was carried with it or before it, or to what its two histories have in common.
            let sql =
                "SELECT operator, card, function, case_reference, coalesce(told_by, idx) FROM records WHERE office = ?1 AND terminal = ?2 AND epoch = ?3
                AND seq = ?4 AND own = 1 AND kind = 4 AND (carried_epoch IS NULL OR carried_epoch <= ?5) ORDER BY carried_epoch DESC LIMIT 1";
            let key = (office, &row.terminal, record.epoch, signed(of), into.map(|into| into.epoch));
            let what = |found: &rusqlite::Row<'_>| Ok((who(found)?, (found.get(2)?, found.get(3)?), found.get(4)?));
            let found = transaction.prepare_cached(sql)?.query_row(key, what).optional()?;
            ((row.operator, row.card), (row.function, row.case), row.told_by) = found.unwrap_or_default();
        }
        let sql = "INSERT OR REPLACE INTO records
            (office, idx, terminal, epoch, seq, kind, time, operator, card, function, case_reference, verdict, session,
             own, told_by, carried_epoch, carried_seq, leaf)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
        let (kind, _) = record.body.kind();
        let values = rusqlite::params![
            office,
            signed(index),
            &row.terminal,
            record.epoch,
            signed(record.seq),
            kind,
            signed(record.trusted),
            &row.operator,
            &row.card,
            &row.function,
            &row.case,
            row.verdict,
            row.session,
            row.own,
            row.told_by,
            into.map(|into| into.epoch),
            into.map(|into| signed(into.seq)),
            leaf,
        ];
        transaction.prepare_cached(sql)?.execute(values)?;
    }
    spans.store(&transaction, office)?;
    let sql = "INSERT OR REPLACE INTO followed (office, next, root) VALUES (?1, ?2, ?3)";
    transaction.prepare_cached(sql)?.execute((office, signed(to.next), to.root.0))?;
    transaction.commit()
}

fn who(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Option<String>, Option<String>)> {
    Ok((row.get(0)?, row.get(1)?))
}

/// The number of the kind `terminal_down` (wire §4.1).
const TERMINAL_DOWN: u16 = 10;

/// An entry number or time as SQLite keeps it; none of ours reaches 2^63.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn failed(act: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| StoreError::Database { act, cause: error.to_string() }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({})", self.path.display())
    }
}

const VERSION: i64 = 10;
/// Connections that are kept for the next search.
const READERS_MAX: usize = 4;

const TABLES: &str = "
DROP TABLE IF EXISTS records;
DROP TABLE IF EXISTS followed;
DROP TABLE IF EXISTS carried;
DROP TABLE IF EXISTS unshown;
CREATE TABLE followed (office BLOB PRIMARY KEY, next INTEGER NOT NULL, root BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    office BLOB NOT NULL,
    idx INTEGER NOT NULL,
    terminal TEXT,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    time INTEGER NOT NULL,
    operator TEXT,
    card TEXT,
    function TEXT,
    case_reference TEXT,
    verdict INTEGER,
    session BLOB,
    own INTEGER NOT NULL,
    told_by INTEGER,
    carried_epoch INTEGER,
    carried_seq INTEGER,
    leaf BLOB,
    PRIMARY KEY (office, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX by_operator ON records (office, operator, idx) WHERE operator IS NOT NULL;
CREATE INDEX by_card ON records (office, card, idx) WHERE card IS NOT NULL;
CREATE INDEX by_terminal ON records (office, terminal, idx) WHERE terminal IS NOT NULL;
CREATE INDEX by_terminal_and_function ON records (office, terminal, function, idx) WHERE terminal IS NOT NULL AND function IS NOT NULL;
CREATE INDEX by_place ON records (office, terminal, epoch, seq) WHERE terminal IS NOT NULL;
CREATE INDEX by_function ON records (office, function, idx) WHERE function IS NOT NULL;
CREATE INDEX by_case ON records (office, case_reference, idx) WHERE case_reference IS NOT NULL;
CREATE INDEX by_refusal ON records (office, idx) WHERE verdict > 0;
CREATE INDEX by_refusal_code ON records (office, verdict, idx) WHERE verdict > 0;
CREATE INDEX by_refused_function ON records (office, function, idx) WHERE verdict > 0 AND function IS NOT NULL;
CREATE INDEX by_refused_terminal ON records (office, terminal, idx) WHERE verdict > 0 AND terminal IS NOT NULL;
CREATE INDEX by_kind ON records (office, kind, idx) WHERE kind NOT IN (1, 2, 3, 4, 5, 7);
CREATE INDEX by_session ON records (office, session) WHERE session IS NOT NULL AND operator IS NOT NULL;
CREATE INDEX by_told_by ON records (office, told_by) WHERE told_by IS NOT NULL;
CREATE INDEX by_leaf ON records (office, leaf) WHERE leaf IS NOT NULL;
CREATE INDEX by_lost ON records (office, terminal, idx) WHERE kind = 15;
CREATE TABLE carried (office BLOB NOT NULL, terminal TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (office, terminal, epoch, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE unshown (office BLOB NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (office, idx)) STRICT, WITHOUT ROWID;
";

#[cfg(test)]
mod tests {
    use sekisho_wire::id::{BootId, Salt};
    use sekisho_wire::reason::{AlarmKind, Outcome};
    use sekisho_wire::record::{Alarm, Body, Completed, Emitter, PinFailed, RECORD_VERSION, Record};

    use super::*;

    fn record(emitter: Emitter, seq: u64, body: Body) -> Record {
        Record {
            version: RECORD_VERSION,
            critical: true,
            emitter,
            office: OfficeId([1; 16]),
            epoch: 0,
            seq,
            boot: BootId([1; 16]),
            salt: Salt([1; 16]),
            retention: body.retention(),
            wall: 1,
            trusted: 1,
            monotonic: 1,
            body,
        }
    }

    #[test]
    fn a_completion_is_found_by_what_it_completes_and_a_search_waits_for_nobody() {
        let path = crate::testing::scratch("index");
        let index = Index::open(&path.join("index.db")).unwrap();
        let office = OfficeId([1; 16]);
        let terminal = || Emitter::Terminal(Code::new("jumin-1").unwrap());
        let done = |of| Body::Completed(Completed { of, items: 1, outcome: Outcome::Done });
        let withdrawn = Body::Withdrawn(sekisho_wire::record::Withdrawn {
            of: 1,
            reason: sekisho_wire::reason::Reason::CardRemoved,
        });
        let records =
            [record(terminal(), 2, done(1)), record(terminal(), 3, withdrawn)].map(|record| Some(record.into()));
        let to = |next| Followed { next, root: Hash([0; 32]) };
        index.take(&office, 0, &[], to(0)).unwrap();
        lock(&index.connection)
            .execute(
                "INSERT INTO records VALUES (?1, 0, 'jumin-1', 0, 1, 4, 1, 'mayor', NULL, 'juminhyo', 'case-7', 0, NULL, 1, NULL, NULL, NULL, NULL)",
                [office.as_bytes().as_slice()],
            )
            .unwrap();
        index.take(&office, 1, &records, to(3)).unwrap();
        let writing = lock(&index.connection);
        let by_function = Question { function: Some("juminhyo".into()), limit: 10, ..Question::default() };
        assert_eq!(index.find(&office, &by_function).unwrap(), [2, 1, 0]);
        let by_case = Question { case: Some("case-7".into()), limit: 10, ..Question::default() };
        assert_eq!(index.find(&office, &by_case).unwrap(), [2, 1, 0]);
        drop(writing);
        // What they have from a decision that is destroyed goes with it.
        index.drop_rows(&office, &[0]).unwrap();
        assert_eq!(index.find(&office, &by_case).unwrap(), [0; 0]);
    }

    #[test]
    fn a_completion_is_nobodys_when_what_it_names_is_no_decision_of_its_terminal() {
        let path = crate::testing::scratch("index");
        let index = Index::open(&path.join("index.db")).unwrap();
        let code = |text| Code::new(text).unwrap();
        let terminal = || Emitter::Terminal(code("jumin-1"));
        // The ledger's alarm and the terminal's wrong PIN both stand under (jumin-1, epoch 0, seq 1).
        let alarm = Alarm {
            kind: AlarmKind::UnreadableRecord,
            terminal: Some(code("jumin-1")),
            epoch: None,
            seq: None,
            act: None,
        };
        let failed = PinFailed { card: CardGuid([2; 16]), operator: Some(code("mayor")), tries_left: 3 };
        let done = Completed { of: 1, items: 1, outcome: Outcome::Done };
        let records = [
            record(Emitter::Ledger, 1, Body::Alarm(alarm)),
            record(terminal(), 1, Body::PinFailed(failed)),
            record(terminal(), 2, Body::Completed(done)),
        ];
        let records = records.map(|record| Some(record.into()));
        let office = OfficeId([1; 16]);
        index.take(&office, 0, &records, Followed { next: 3, root: Hash([0; 32]) }).unwrap();
        let of_mayor = Question { operator: Some("mayor".into()), limit: 10, ..Question::default() };
        assert_eq!(index.find(&office, &of_mayor).unwrap(), [1]);
        let of_terminal = Question { terminal: Some("jumin-1".into()), limit: 10, ..Question::default() };
        assert_eq!(index.find(&office, &of_terminal).unwrap(), [2, 1, 0]);
    }
}
