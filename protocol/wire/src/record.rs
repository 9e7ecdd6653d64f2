//! The record: what happened, as one leaf of the office's records log (wire §3, §4).

use heapless::Vec;
use minicbor::{Decode, Encode};

use crate::canonical::{Malformed, decode_canonical};
use crate::id::{BootId, Code, OfficeId, Salt};

mod body;
mod digest;
mod kind;

pub use body::{
    About, Alarm, Body, BreakGlass, CardFalse, CardReported, CardSeen, ClockStep, Completed, Decision, Enrolment,
    IncidentReported, Lost, Opening, PinChanged, PinFailed, Read, ReadersLent, RefusedAct, RegisterAdvanced,
    ScreenLocked, ScreenNotLocked, SessionReason, TerminalUp, Withdrawn,
};
pub use digest::{decision_digest, evidence_digest, export_digest, session_digest, token_digest};
pub use kind::{KINDS, kind_number};

/// The record format this crate writes (wire §3).
pub const RECORD_VERSION: u8 = 1;
/// Most bytes of one encoded record (wire §1.4).
pub const RECORD_MAX: usize = 1024;

/// Who wrote a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Emitter {
    /// A terminal, by its code.
    #[n(0)]
    Terminal(#[n(0)] Code),
    /// The ledger itself, about reads, exports, alarms and enrolments.
    #[n(1)]
    Ledger,
}

/// How long a record is kept, by class; the years are policy (register §R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Retention {
    /// 操作履歴: seven years by default (S1 13).
    #[n(1)]
    Access,
    /// 稼働状況 of terminals (S3 18(1)).
    #[n(2)]
    Operation,
    /// What administrators and auditors did.
    #[n(3)]
    Administration,
}

impl Retention {
    /// The class with this number.
    #[must_use]
    pub const fn numbered(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Access),
            2 => Some(Self::Operation),
            3 => Some(Self::Administration),
            _ => None,
        }
    }
}

/// What stands at its place in the records of every version (wire §1.3): enough to keep one that is too new to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its version.
    pub version: u64,
    /// Who wrote it.
    pub emitter: Emitter,
    /// The office.
    pub office: OfficeId,
    /// History of this emitter.
    pub epoch: u32,
    /// Its place there.
    pub seq: u64,
    /// How long it is kept.
    pub retention: Retention,
}

/// What stands at its place, in a record that is not critical.
fn unread(d: &mut minicbor::Decoder<'_>) -> Option<Unread> {
    let (mut version, mut critical, mut class) = (None, None, None);
    let (mut emitter, mut office, mut epoch, mut seq) = (None, None, None, None);
    let mut before = None;
    for _ in 0..d.map().ok()?? {
        let key = d.u64().ok()?;
        if before.replace(key).is_some_and(|before| before >= key) {
            return None;
        }
        match key {
            0 => version = Some(d.u64().ok()?),
            1 => critical = Some(d.bool().ok()?),
            2 => emitter = Some(d.decode().ok()?),
            3 => office = Some(d.decode().ok()?),
            4 => epoch = Some(d.u32().ok()?),
            5 => seq = Some(d.u64().ok()?),
            8 => class = Some(d.u64().ok()?),
            _ => d.skip().ok()?,
        }
    }
    let (emitter, office, retention) = (emitter?, office?, Retention::numbered(class?)?);
    let read = Unread { version: version?, emitter, office, epoch: epoch?, seq: seq?, retention };
    (critical == Some(false)).then_some(read)
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// Format: [`RECORD_VERSION`].
    #[n(0)]
    pub version: u8,
    /// Whether a reader that does not know the version must stop.
    #[n(1)]
    pub critical: bool,
    /// Who wrote it.
    #[n(2)]
    pub emitter: Emitter,
    /// The office.
    #[n(3)]
    pub office: OfficeId,
    /// History of this emitter.
    #[n(4)]
    pub epoch: u32,
    /// Dense from 0 within the epoch.
    #[n(5)]
    pub seq: u64,
    /// Boot of the emitter's machine.
    #[n(6)]
    pub boot: BootId,
    /// Randomness; the nonce of the card's signature.
    #[n(7)]
    pub salt: Salt,
    /// How long it is kept.
    #[n(8)]
    pub retention: Retention,
    /// The machine's clock, ms since 1970 UTC.
    #[n(9)]
    pub wall: u64,
    /// Trusted time, ms since 1970 UTC.
    #[n(10)]
    pub trusted: u64,
    /// Milliseconds since boot, suspend included.
    #[n(11)]
    pub monotonic: u64,
    /// What happened.
    #[n(12)]
    pub body: Body,
}

impl Record {
    /// The leaf: at most [`RECORD_MAX`] bytes.
    ///
    /// # Errors
    /// [`Malformed`] when the record does not fit; no record made of valid parts is that large.
    pub fn encode(&self) -> Result<Vec<u8, RECORD_MAX>, Malformed> {
        let mut out = [0; RECORD_MAX];
        let mut cursor = minicbor::encode::write::Cursor::new(&mut out[..]);
        minicbor::encode(self, &mut cursor).map_err(|_| Malformed { what: "record", at: RECORD_MAX })?;
        let length = cursor.position();
        let bytes = out.get(..length).unwrap_or(&[]);
        Vec::from_slice(bytes).map_err(|_| Malformed { what: "record", at: RECORD_MAX })
    }

    /// Reads a leaf of a version this crate knows.
    ///
    /// # Errors
    /// [`Malformed`]: not canonical, an unknown kind, a version other than [`RECORD_VERSION`], a class or an emitter that is not the kind's, a
    /// verdict that is never recorded, a lost range that is none or not before the record, or working time under rules that know none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let record: Self = decode_canonical("record", bytes)?;
        let sound = bytes.len() <= RECORD_MAX && record.version == RECORD_VERSION && record.is_of_its_kind();
        if sound { Ok(record) } else { Err(Malformed { what: "record", at: 0 }) }
    }

    /// What can be read of a record of a newer version that may be kept unread (wire §1.3). Whether it stands where it says, and whether
    /// the office has come to that version yet, the caller asks.
    #[must_use]
    pub fn kept_unread(bytes: &[u8]) -> Option<Unread> {
        let mut d = minicbor::Decoder::new(bytes);
        let read = unread(&mut d)?;
        let whole = bytes.len() <= RECORD_MAX && d.position() == bytes.len();
        (whole && read.version > u64::from(RECORD_VERSION)).then_some(read)
    }

    /// Whether class, emitter, verdict and what its kind says of its own place are such as records of this kind have (wire §4.1, §4.3).
    fn is_of_its_kind(&self) -> bool {
        // What administrators do is seen by the ledger, all else by a terminal; both alarm.
        let by_ledger = if let Body::Alarm(alarm) = &self.body {
            !alarm.kind.is_a_terminals()
        } else {
            self.body.retention() == Retention::Administration
        };
        let decided = if let Body::Decision(decision) = &self.body { decision.verdict.is_decided() } else { true };
        // Only what lies before the record itself can be lost.
        let in_order = if let Body::Lost(lost) = &self.body {
            lost.from <= lost.to && lost.epoch.map_or(lost.to < self.seq, |epoch| epoch < self.epoch)
        } else {
            true
        };
        let placed = (self.emitter == Emitter::Ledger) == by_ledger;
        self.retention == self.body.retention() && placed && decided && in_order
    }
}
