//! Where the book is kept: what every store must do, whatever database it is.
//!
//! # Obligations
//!
//! 1. [`Store::commit`] MUST be atomic: all of a [`Change`] or nothing of it is there afterwards, also after a crash or a power cut.
//! 2. When it returns `Ok`, the change MUST be durable on as many machines as the store promises; a wait that was cut short is an error.
//! 3. When it returns an error, the change MAY be there all the same (the answer was lost). The caller reads the heads again before it
//!    writes anything else; a store MUST then show what is truly there.
//! 4. An append MUST fail with [`StoreError::Conflict`] and change nothing when the log's size is not [`Append::from`]; a cursor move
//!    when the cursor is not [`CursorMove::before`]; the use of a code when it is unknown or used; a new certificate without its enrolment. Two writers can therefore never both succeed.
//! 5. Reads MUST see every change whose commit returned before they began, and MUST never see a part of a change.
//! 6. Bytes MUST come back as they were given; nothing is normalised.
//! 7. A store made by a newer version MUST be refused, never guessed at; one without tables too, and tables are made only by `init`. One of an older version
//!    is brought to the newest, step by step, by whoever opens it to have it alone, and refused by everybody else.
//! 8. Of an entry whose payload key is destroyed the payload reads as empty once it is erased; leaf and key number stay. What [`Store::erase`] and
//!    a destroyed key or an erased name leave behind in the files MUST be written over by [`Store::scrub`] as far as the database can do that.
//! 9. A segment MUST go cold and come back as a whole: [`SegmentStep::Cool`] removes exactly its rows, and fails with [`StoreError::Conflict`] when one is
//!    not there; the row that names the file and those rows are never both there, nor both missing.
//! 10. A number that the database cannot hold MUST be refused, never bent to one that it can.
//! 11. Of those who open a store to have it alone at most one MUST be able to commit, whatever became of the others' connections: [`Store::hold`] says whether
//!     one still can. Others may commit beside it what does not depend on the logs.
//!
//! `tests/store_conformance.rs` holds every store to these.

mod book;
mod cold;
mod error;
mod key;
mod postgres;
mod schema;
mod sqlite;
mod sqlite_read;
mod sqlite_write;
mod transfer;
mod tree;
mod versions;

use std::fmt;

use sekisho_tlog::{Frontier, Hash};
use sekisho_wire::id::{Code, OfficeId};

use crate::clock::Millis;

pub use self::postgres::{PostgresStore, Server};
pub use book::Book;
pub use cold::{SegmentStep, StoredSegment};
pub use error::{SegmentFault, StoreError};
pub use key::{KeyState, StoredKey};
pub use sqlite::SqliteStore;
pub use transfer::transfer;
pub use tree::StoredTree;

/// One of the three logs of an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogName {
    /// What happened at terminals and at the ledger.
    Records,
    /// What decisions depend on.
    Register,
    /// Incidents, approvals in progress.
    Casebook,
}

impl LogName {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Records, Self::Register, Self::Casebook];

    /// The last part of the log's origin (LEDGER §L2).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Register => "register",
            Self::Casebook => "casebook",
        }
    }

    /// The log as acts name it.
    #[must_use]
    pub const fn of_acts(self) -> sekisho_register::change::Log {
        match self {
            Self::Records => sekisho_register::change::Log::Records,
            Self::Register => sekisho_register::change::Log::Register,
            Self::Casebook => sekisho_register::change::Log::Casebook,
        }
    }

    /// The log of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|log| log.as_str() == name)
    }

    /// Its number in tables: 0, 1, 2.
    #[must_use]
    pub const fn number(self) -> usize {
        match self {
            Self::Records => 0,
            Self::Register => 1,
            Self::Casebook => 2,
        }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry as it is stored. The payload of a records log is sealed; acts are stored as they are: everybody in the office may read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The leaf.
    pub leaf: Hash,
    /// Number of the payload key, 0 for an open payload.
    pub key: u32,
    /// The payload.
    pub payload: Vec<u8>,
}

/// A hash that a tile gains: number `at` of tile `index` at tile level `level` ≥ 1. The hashes of level 0 stand with the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileGrowth {
    /// Tile level.
    pub level: u8,
    /// Tile number within the level.
    pub index: u64,
    /// Which hash of the tile: as many stand in it already.
    pub at: u16,
    /// The hash.
    pub hash: Hash,
}

/// Entries put at the end of one log.
#[derive(Clone, Debug)]
pub struct Append {
    /// The office.
    pub office: OfficeId,
    /// The log.
    pub log: LogName,
    /// Size of the log before.
    pub from: u64,
    /// The entries.
    pub entries: Vec<Entry>,
    /// What tiles gain by them.
    pub tiles: Vec<TileGrowth>,
    /// The tree's frontier afterwards.
    pub frontier: Frontier,
}

/// How far one emitter's history has been stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Seq of the next record.
    pub next: u64,
    /// The chain over all before (wire §7.2); zeros for the ledger's own records.
    pub chain: Hash,
}

/// Who wrote a history: a terminal, or the ledger itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EmitterName {
    /// The ledger.
    Ledger,
    /// A terminal.
    Terminal(Code),
}

impl EmitterName {
    /// For tables: empty for the ledger, which no code is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ledger => "",
            Self::Terminal(code) => code.as_str(),
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        if text.is_empty() {
            return Ok(Self::Ledger);
        }
        Code::new(text).map(Self::Terminal).map_err(|_| StoreError::Damaged { what: "emitter" })
    }
}

impl fmt::Display for EmitterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => f.write_str("ledger"),
            Self::Terminal(code) => code.fmt(f),
        }
    }
}

/// A cursor's step.
#[derive(Clone, Debug)]
pub struct CursorMove {
    /// The office.
    pub office: OfficeId,
    /// Whose.
    pub emitter: EmitterName,
    /// In which epoch.
    pub epoch: u32,
    /// Where it must stand; nothing for the first step.
    pub before: Option<Cursor>,
    /// Where it goes.
    pub after: Cursor,
}

/// What was stored of one batch, and the signed header as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// The office.
    pub office: OfficeId,
    /// The terminal.
    pub terminal: Code,
    /// Its epoch.
    pub epoch: u32,
    /// Seq of the first record stored: the header's, or later when the batch repeated some.
    pub first: u64,
    /// Records stored.
    pub count: u32,
    /// Index of the first in the records log.
    pub index: u64,
    /// The header as it came: COSE_Sign1.
    pub header: Vec<u8>,
    /// The ledger's clock when it came.
    pub received: Millis,
}

/// An act by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAct {
    /// The office.
    pub office: OfficeId,
    /// The act's id.
    pub id: Hash,
    /// Register or casebook.
    pub log: LogName,
    /// Its index there.
    pub index: u64,
}

/// A name beside an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredName {
    /// The office.
    pub office: OfficeId,
    /// The log of the act that first needed it.
    pub log: LogName,
    /// That act's index.
    pub index: u64,
    /// What the act says: SHA-256 of salt and text.
    pub hash: [u8; 32],
    /// Salt and text, sealed under the name's own key in `payload.key`.
    pub sealed: Vec<u8>,
}

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamePlace {
    /// The office.
    pub office: OfficeId,
    /// The log of the act beside which it stands.
    pub log: LogName,
    /// That act's index.
    pub index: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A code that was given out. Its secret is not stored, only the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCode {
    /// Hash of the secret.
    pub hash: [u8; 32],
    /// Until when it may be used.
    pub expires: Millis,
    /// What it is for.
    pub purpose: CodePurpose,
    /// When it was used.
    pub used: Option<Millis>,
}

/// What a code is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Founding; holds the seeds of the three log keys, wrapped by the master key.
    Founding {
        /// The seeds, one after the other, sealed.
        seeds: Vec<u8>,
    },
    /// Enrolling one terminal.
    Terminal {
        /// The office.
        office: OfficeId,
        /// The terminal.
        terminal: Code,
    },
}

/// A terminal that has shown its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEnrolment {
    /// The office.
    pub office: OfficeId,
    /// The terminal.
    pub terminal: Code,
    /// Hash of the code's secret.
    pub code: [u8; 32],
    /// The terminal's Ed25519 key.
    pub key: [u8; 32],
    /// The certificate that was given last.
    pub certificate: Vec<u8>,
    /// When.
    pub at: Millis,
}

/// A certificate that takes the place of an enrolment's last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCertificate {
    /// The office.
    pub office: OfficeId,
    /// The enrolment's code.
    pub code: [u8; 32],
    /// The certificate.
    pub certificate: Vec<u8>,
}

/// An office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOffice {
    /// Its id.
    pub id: OfficeId,
    /// The seeds of the log keys, wrapped by the master key.
    pub seeds: Vec<u8>,
    /// When it was founded, by the ledger's clock.
    pub founded: Millis,
}

/// Everything that one commit changes.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Offices founded.
    pub offices: Vec<StoredOffice>,
    /// Seeds of log keys: what an office has, and what it is to have in its place.
    pub seeds: Vec<(OfficeId, [Vec<u8>; 2])>,
    /// Entries appended; at most one per log.
    pub appends: Vec<Append>,
    /// Cursors moved.
    pub cursors: Vec<CursorMove>,
    /// Batches stored.
    pub batches: Vec<StoredBatch>,
    /// Acts by id.
    pub acts: Vec<StoredAct>,
    /// Names beside acts.
    pub names: Vec<StoredName>,
    /// Names that are erased. What is gone already is passed over.
    pub erased_names: Vec<NamePlace>,
    /// Codes given out.
    pub codes: Vec<StoredCode>,
    /// Codes used, by hash, with the time.
    pub used: Vec<([u8; 32], Millis)>,
    /// Terminals that showed a key.
    pub enrolments: Vec<StoredEnrolment>,
    /// Certificates given instead of those that enrolments hold.
    pub certificates: Vec<NewCertificate>,
    /// Payload keys made.
    pub keys: Vec<StoredKey>,
    /// Payload keys that are destroyed, or whose payloads are all erased: office, number, the new state. What was sealed goes from the row.
    pub destroyed: Vec<(OfficeId, u32, KeyState)>,
    /// Segments of records logs that go cold, are replaced, or come back; after the appends.
    pub segments: Vec<(OfficeId, SegmentStep)>,
    /// Whether something that means nothing is written as well, to see whether writing works.
    pub probe: Option<Probe>,
}

/// Something to write that means nothing, of about the size of a batch: a disk that has room for a few bytes is as good as full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe;

impl Change {
    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offices.is_empty()
            && self.seeds.is_empty()
            && self.appends.is_empty()
            && self.cursors.is_empty()
            && self.batches.is_empty()
            && self.acts.is_empty()
            && self.names.is_empty()
            && self.erased_names.is_empty()
            && self.codes.is_empty()
            && self.used.is_empty()
            && self.enrolments.is_empty()
            && self.certificates.is_empty()
            && self.keys.is_empty()
            && self.destroyed.is_empty()
            && self.segments.is_empty()
            && self.probe.is_none()
    }
}

/// A place that keeps the book. See the module's obligations.
pub trait Store: Send + Sync {
    /// Makes all of a change durable, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something is not where the change says it is; others when the database fails, and then the change may
    /// be there or not (obligation 3).
    fn commit(&self, change: &Change) -> Result<(), StoreError>;

    /// Makes sure that nobody else writes here: whoever opened the store to have it alone asks from time to time.
    ///
    /// # Errors
    /// [`StoreError::OtherWriter`] once somebody else has it alone: this process can write nothing any more, and what it knows is old. Others when
    /// the database fails.
    fn hold(&self) -> Result<(), StoreError>;

    /// Every office.
    ///
    /// # Errors
    /// When the database fails; so for every read below.
    fn offices(&self) -> Result<Vec<StoredOffice>, StoreError>;

    /// The frontier of a log; empty for one that has no entries.
    ///
    /// # Errors
    /// When the database fails, or the size beside it is another one.
    fn frontier(&self, office: &OfficeId, log: LogName) -> Result<Frontier, StoreError>;

    /// At most `limit` entries from index `from` on, up to the first that is missing.
    ///
    /// # Errors
    /// When the database fails.
    fn entries(&self, office: &OfficeId, log: LogName, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// One more than the largest index of an entry that stands there, whatever the head says.
    ///
    /// # Errors
    /// When the database fails.
    fn end(&self, office: &OfficeId, log: LogName) -> Result<u64, StoreError>;

    /// The leaf hashes of indexes `from` to before `to`, as many as there are.
    ///
    /// # Errors
    /// When the database fails.
    fn leaves(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<Hash>, StoreError>;

    /// A hash tile of level ≥ 1, as wide as it is by now; empty when it does not exist.
    ///
    /// # Errors
    /// When the database fails.
    fn tile(&self, office: &OfficeId, log: LogName, level: u8, index: u64) -> Result<Vec<u8>, StoreError>;

    /// Level and number of every tile of a log.
    ///
    /// # Errors
    /// When the database fails.
    fn tiles(&self, office: &OfficeId, log: LogName) -> Result<Vec<(u8, u64)>, StoreError>;

    /// Where an emitter's history stands.
    ///
    /// # Errors
    /// When the database fails.
    fn cursor(&self, office: &OfficeId, emitter: &EmitterName, epoch: u32) -> Result<Option<Cursor>, StoreError>;

    /// Every cursor of an office.
    ///
    /// # Errors
    /// When the database fails.
    fn cursors(&self, office: &OfficeId) -> Result<Vec<(EmitterName, u32, Cursor)>, StoreError>;

    /// At most `limit` batches that hold records with seq ≥ `seq`, ascending.
    ///
    /// # Errors
    /// When the database fails.
    fn batches(
        &self,
        office: &OfficeId,
        terminal: &Code,
        epoch: u32,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredBatch>, StoreError>;

    /// The batches of an office in log order: at most `limit` whose first record has an index ≥ `index`.
    ///
    /// # Errors
    /// When the database fails.
    fn batches_by_index(&self, office: &OfficeId, index: u64, limit: u32) -> Result<Vec<StoredBatch>, StoreError>;

    /// When each terminal's last batch came: terminal, epoch, time.
    ///
    /// # Errors
    /// When the database fails.
    fn last_heard(&self, office: &OfficeId) -> Result<Vec<(Code, u32, Millis)>, StoreError>;

    /// Where an act stands.
    ///
    /// # Errors
    /// When the database fails.
    fn act(&self, office: &OfficeId, id: &Hash) -> Result<Option<StoredAct>, StoreError>;

    /// Every act of a log, by index.
    ///
    /// # Errors
    /// When the database fails.
    fn acts(&self, office: &OfficeId, log: LogName) -> Result<Vec<StoredAct>, StoreError>;

    /// The names beside acts of indexes `from` to before `to`.
    ///
    /// # Errors
    /// When the database fails.
    fn names(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<StoredName>, StoreError>;

    /// The names beside these acts, asked for at once; by index.
    ///
    /// # Errors
    /// When the database fails.
    fn names_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<StoredName>, StoreError>;

    /// These acts of a log of acts, asked for at once: index and bytes, by index; nothing for one that is not there.
    ///
    /// # Errors
    /// When the database fails.
    fn acts_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// A code by the hash of its secret.
    ///
    /// # Errors
    /// When the database fails.
    fn code(&self, hash: &[u8; 32]) -> Result<Option<StoredCode>, StoreError>;

    /// Every code that was given out.
    ///
    /// # Errors
    /// When the database fails.
    fn codes(&self) -> Result<Vec<StoredCode>, StoreError>;

    /// Every terminal that showed a key, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    fn enrolments(&self, office: &OfficeId) -> Result<Vec<StoredEnrolment>, StoreError>;

    /// Those of one terminal, oldest first: there are few, however many the office has.
    ///
    /// # Errors
    /// When the database fails.
    fn enrolments_of(&self, office: &OfficeId, terminal: &Code) -> Result<Vec<StoredEnrolment>, StoreError>;

    /// Every payload key of an office.
    ///
    /// # Errors
    /// When the database fails.
    fn keys(&self, office: &OfficeId) -> Result<Vec<StoredKey>, StoreError>;

    /// The segments of an office's records log that are cold, in log order.
    ///
    /// # Errors
    /// When the database fails.
    fn segments(&self, office: &OfficeId) -> Result<Vec<StoredSegment>, StoreError>;

    /// Removes the payloads of these entries of a records log, which must all lie under keys that are destroyed. One bounded step: as many
    /// indexes as one page has. What is gone already is passed over.
    ///
    /// # Errors
    /// When the database fails; some may be gone then.
    fn erase(&self, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError>;

    /// Writes over what was destroyed and erased, in the database's own files: call it before saying that it is gone. It may take long.
    ///
    /// # Errors
    /// When the database fails; call it again then.
    fn scrub(&self) -> Result<(), StoreError>;

    /// What in the database does not fit together, in its own words; reads above may never come there. Entries are left out: their tree
    /// says more.
    ///
    /// # Errors
    /// When the database fails.
    fn misfits(&self) -> Result<Vec<String>, StoreError>;
}
