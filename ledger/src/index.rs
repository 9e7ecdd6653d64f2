//! The search index: a second database, made from the log alone, off the way of every acknowledgement, thrown away and made again at will.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use sekisho_wire::id::OfficeId;
use sekisho_wire::record::{Body, Emitter, Record};

use crate::clock::Millis;
use crate::error::LedgerError;
use crate::store::StoreError;

/// The index.
pub struct Index {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// What a search asks for: all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The person.
    pub operator: Option<String>,
    /// The card, hex.
    pub card: Option<String>,
    /// The terminal.
    pub terminal: Option<String>,
    /// The function.
    pub function: Option<String>,
    /// The case.
    pub case: Option<String>,
    /// The verdict.
    pub verdict: Option<AskedVerdict>,
    /// The kind's number or name (wire §4.1).
    pub kind: Option<String>,
    /// Trusted time, from.
    pub since: Option<Millis>,
    /// Trusted time, to (not included).
    pub until: Option<Millis>,
    /// Only indexes before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// Which verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedVerdict {
    /// Granted.
    Granted,
    /// Any other.
    Refused,
    /// This one.
    Code(u16),
}

impl Index {
    /// Opens the index, making it when it is not there or of another version.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let connection = Self::connect(path)?;
        Ok(Self { connection: Mutex::new(connection), path: path.into() })
    }

    fn connect(path: &Path) -> Result<Connection, LedgerError> {
        let connection = Connection::open(path).map_err(failed("open the search index"))?;
        let set_up = || -> rusqlite::Result<()> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // It can be made again, so it need not survive a power cut whole.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version != VERSION {
                connection.execute_batch(TABLES)?;
                connection.pragma_update(None, "user_version", VERSION)?;
            }
            Ok(())
        };
        set_up().map_err(failed("set up the search index"))?;
        Ok(connection)
    }

    /// Throws everything away.
    ///
    /// # Errors
    /// When the file cannot be emptied.
    pub fn clear(&self) -> Result<(), LedgerError> {
        Ok(self.lock().execute_batch(TABLES).map_err(failed("clear the search index"))?)
    }

    /// Index of the next record to take.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn next(&self, office: &OfficeId) -> Result<u64, StoreError> {
        let connection = self.lock();
        let sql = "SELECT next FROM followed WHERE office = ?1";
        let next = connection.query_row(sql, [office.as_bytes().as_slice()], |row| row.get::<_, i64>(0)).optional();
        let next = next.map_err(failed("read the search index"))?;
        Ok(next.map_or(0, |next| u64::try_from(next).unwrap_or(0)))
    }

    /// Takes records from index `from` on; nothing stands for bytes that are no record.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn take(&self, office: &OfficeId, from: u64, records: &[Option<Record>]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        take(&mut connection, office, from, records).map_err(failed("write the search index"))
    }

    /// Indexes of records that answer, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn find(&self, office: &OfficeId, question: &Question) -> Result<Vec<u64>, StoreError> {
        let (sql, values) = question.to_sql(office);
        let connection = self.lock();
        let find = || -> rusqlite::Result<Vec<u64>> {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, i64>(0))?;
            rows.map(|row| row.map(|index| u64::try_from(index).unwrap_or(0))).collect()
        };
        find().map_err(failed("search"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(connection: &mut Connection, office: &OfficeId, from: u64, records: &[Option<Record>]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let office = office.as_bytes().as_slice();
    for (index, record) in (from..).zip(records) {
        let Some(record) = record else { continue };
        let mut row = Row::of(record);
        if let Some(session) = row.session
            && row.operator.is_none()
        {
            let sql = "SELECT operator, card FROM records WHERE office = ?1 AND session = ?2 AND operator IS NOT NULL LIMIT 1";
            let found = transaction.prepare_cached(sql)?.query_row((office, session), who).optional()?;
            (row.operator, row.card) = found.unwrap_or_default();
        }
        if let Some(of) = row.of {
            let sql =
                "SELECT operator, card FROM records WHERE office = ?1 AND terminal = ?2 AND epoch = ?3 AND seq = ?4";
            let key = (office, &row.terminal, record.epoch, signed(of));
            let found = transaction.prepare_cached(sql)?.query_row(key, who).optional()?;
            (row.operator, row.card) = found.unwrap_or_default();
        }
        let sql = "INSERT OR REPLACE INTO records
            (office, idx, terminal, epoch, seq, kind, time, operator, card, function, case_reference, verdict, session)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let (kind, _) = record.body.kind();
        let values = (
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
        );
        transaction.prepare_cached(sql)?.execute(values)?;
    }
    let next = signed(from.saturating_add(records.len() as u64));
    let sql = "INSERT INTO followed (office, next) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET next = excluded.next";
    transaction.prepare_cached(sql)?.execute((office, next))?;
    transaction.commit()
}

fn who(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Option<String>, Option<String>)> {
    Ok((row.get(0)?, row.get(1)?))
}

/// What of a record can be searched for.
#[derive(Default)]
struct Row {
    terminal: Option<String>,
    operator: Option<String>,
    card: Option<String>,
    function: Option<String>,
    case: Option<String>,
    verdict: Option<u16>,
    session: Option<[u8; 16]>,
    /// Seq of the decision that this record belongs to.
    of: Option<u64>,
}

impl Row {
    fn of(record: &Record) -> Self {
        let terminal = match &record.emitter {
            Emitter::Terminal(code) => Some(code.to_string()),
            Emitter::Ledger => None,
        };
        let mut row = Self { terminal, ..Self::default() };
        if let Some(input) = record.body.input() {
            row.operator = input.operator.as_ref().map(ToString::to_string);
            row.card = input.card.as_ref().map(ToString::to_string);
            row.function = input.function.as_ref().map(ToString::to_string);
            row.case = input.case.as_ref().map(|case| case.as_str().to_owned());
            row.session = input.session.map(|session| session.0);
        }
        row.fill(&record.body);
        row
    }

    fn fill(&mut self, body: &Body) {
        match body {
            Body::SessionOpened(_) | Body::SessionUnlocked(_) => self.verdict = Some(0),
            Body::Decision(decision) => self.verdict = Some(decision.verdict as u16),
            Body::SessionClosed(end) | Body::Locked(end) => self.session = Some(end.session.0),
            Body::Completed(completed) => self.of = Some(completed.of),
            Body::Withdrawn(withdrawn) => self.of = Some(withdrawn.of),
            Body::PinFailed(failed) => {
                self.operator = failed.operator.as_ref().map(ToString::to_string);
                self.card = Some(failed.card.to_string());
            }
            Body::CardSeen(seen) => self.card = Some(seen.card.to_string()),
            Body::Read(read) => {
                (self.operator, self.card) = (Some(read.operator.to_string()), Some(read.card.to_string()))
            }
            Body::Exported(exported) => {
                (self.operator, self.card) = (Some(exported.operator.to_string()), Some(exported.card.to_string()));
            }
            Body::Alarm(alarm) => self.terminal = alarm.terminal.as_ref().map(ToString::to_string),
            Body::Enrolment(enrolment) => self.terminal = Some(enrolment.terminal.to_string()),
            Body::TerminalUp(_)
            | Body::TerminalDown
            | Body::ReaderUp(_)
            | Body::ReaderDown(_)
            | Body::Link(_)
            | Body::Clock(_)
            | Body::Lost(_)
            | Body::RegisterAdvanced(_)
            | Body::Worker(_) => {}
        }
    }
}

impl Question {
    fn to_sql(&self, office: &OfficeId) -> (String, Vec<Value>) {
        let mut sql = String::from("SELECT idx FROM records WHERE office = ?");
        let mut values = vec![Value::Blob(office.as_bytes().to_vec())];
        let mut ask = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                sql.push_str(" AND ");
                sql.push_str(condition);
                values.push(value);
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        ask("operator = ?", text(&self.operator));
        ask("card = ?", text(&self.card));
        ask("terminal = ?", text(&self.terminal));
        ask("function = ?", text(&self.function));
        ask("case_reference = ?", text(&self.case));
        ask("kind = ?", self.kind.as_deref().map(|kind| Value::Integer(kind_number(kind).into())));
        ask("time >= ?", self.since.map(|since| Value::Integer(signed(since))));
        ask("time < ?", self.until.map(|until| Value::Integer(signed(until))));
        ask("idx < ?", self.before.map(|before| Value::Integer(signed(before))));
        match self.verdict {
            Some(AskedVerdict::Granted) => ask("verdict = ?", Some(Value::Integer(0))),
            Some(AskedVerdict::Refused) => ask("verdict > ?", Some(Value::Integer(0))),
            Some(AskedVerdict::Code(code)) => ask("verdict = ?", Some(Value::Integer(code.into()))),
            None => {}
        }
        sql.push_str(" ORDER BY idx DESC LIMIT ?");
        values.push(Value::Integer(self.limit.into()));
        (sql, values)
    }
}

/// A kind by number or name; a number that no kind has for what is neither.
fn kind_number(kind: &str) -> u16 {
    kind.parse()
        .ok()
        .or_else(|| KINDS.iter().find(|(name, _)| *name == kind).map(|(_, number)| *number))
        .unwrap_or(u16::MAX)
}

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

/// Wire §4.1.
const KINDS: [(&str, u16); 22] = [
    ("session_opened", 1),
    ("session_unlocked", 2),
    ("session_closed", 3),
    ("decision", 4),
    ("completed", 5),
    ("withdrawn", 6),
    ("locked", 7),
    ("pin_failed", 8),
    ("terminal_up", 9),
    ("terminal_down", 10),
    ("reader_up", 11),
    ("reader_down", 12),
    ("link", 13),
    ("clock", 14),
    ("lost", 15),
    ("register_advanced", 16),
    ("worker", 17),
    ("card_seen", 18),
    ("read", 30),
    ("exported", 31),
    ("alarm", 32),
    ("enrolment", 33),
];

const VERSION: i64 = 1;

const TABLES: &str = "
DROP TABLE IF EXISTS records;
DROP TABLE IF EXISTS followed;
CREATE TABLE followed (office BLOB PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
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
    PRIMARY KEY (office, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX by_operator ON records (office, operator, idx) WHERE operator IS NOT NULL;
CREATE INDEX by_card ON records (office, card, idx) WHERE card IS NOT NULL;
CREATE INDEX by_terminal ON records (office, terminal, idx) WHERE terminal IS NOT NULL;
CREATE INDEX by_place ON records (office, terminal, epoch, seq) WHERE terminal IS NOT NULL;
CREATE INDEX by_function ON records (office, function, idx) WHERE function IS NOT NULL;
CREATE INDEX by_case ON records (office, case_reference, idx) WHERE case_reference IS NOT NULL;
CREATE INDEX by_session ON records (office, session) WHERE session IS NOT NULL AND operator IS NOT NULL;
CREATE INDEX by_time ON records (office, time);
";
