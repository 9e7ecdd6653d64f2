//! The record: what happened, as one leaf of the office's records log (wire §3, §4).

use heapless::Vec;
use minicbor::{Decode, Encode};

use crate::canonical::{Malformed, decode_canonical, labelled_digest};
use crate::decision::DecisionInput;
use crate::id::{
    AgentVersion, BootId, CardGuid, Code, Hash, OfficeId, ReaderIdentity, RequestId, Salt, SessionId, Signature,
};
use crate::reason::{
    AlarmKind, EnrolmentEvent, FalseSlot, LinkState, LostReason, Outcome, PreviousEnd, Query, Reason, WorkerState,
};
use crate::verdict::VerdictCode;

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
    const fn numbered(number: u64) -> Option<Self> {
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

/// What happened. The index of a variant is the record's kind (wire §4.1).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Body {
    /// A session opened.
    #[n(1)]
    SessionOpened(#[n(0)] Opening),
    /// A locked session opened again.
    #[n(2)]
    SessionUnlocked(#[n(0)] Opening),
    /// A session ended.
    #[n(3)]
    SessionClosed(#[n(0)] SessionReason),
    /// A request was decided.
    #[n(4)]
    Decision(#[n(0)] Decision),
    /// What a decision permitted was done.
    #[n(5)]
    Completed(#[n(0)] Completed),
    /// A decision was taken back before its answer left.
    #[n(6)]
    Withdrawn(#[n(0)] Withdrawn),
    /// A session was locked.
    #[n(7)]
    Locked(#[n(0)] SessionReason),
    /// A wrong PIN was typed.
    #[n(8)]
    PinFailed(#[n(0)] PinFailed),
    /// The agent started.
    #[n(9)]
    TerminalUp(#[n(0)] TerminalUp),
    /// The agent ended in order.
    #[n(10)]
    TerminalDown,
    /// A reader appeared.
    #[n(11)]
    ReaderUp(#[n(0)] ReaderIdentity),
    /// A reader went away.
    #[n(12)]
    ReaderDown(#[n(0)] ReaderIdentity),
    /// The way to the ledger opened or closed.
    #[n(13)]
    Link(#[n(0)] LinkState),
    /// Trusted time made a step.
    #[n(14)]
    Clock(#[n(0)] ClockStep),
    /// Records that are gone for good.
    #[n(15)]
    Lost(#[n(0)] Lost),
    /// The terminal decides by a newer register from here on.
    #[n(16)]
    RegisterAdvanced(#[n(0)] RegisterAdvanced),
    /// The card worker was lost or came back.
    #[n(17)]
    Worker(#[n(0)] WorkerState),
    /// A card was put into a reader.
    #[n(18)]
    CardSeen(#[n(0)] CardSeen),
    /// A card signed with another key than the register has for it.
    #[n(19)]
    CardFalse(#[n(0)] CardFalse),
    /// A card took a new PIN.
    #[n(20)]
    PinChanged(#[n(0)] PinChanged),
    /// Somebody read records or registers at the ledger.
    #[n(30)]
    Read(#[n(0)] Read),
    /// The ledger saw something that must not be.
    #[n(32)]
    Alarm(#[n(0)] Alarm),
    /// A terminal asks to belong to the office.
    #[n(33)]
    Enrolment(#[n(0)] Enrolment),
}

/// A session opened or opened again: the input, the register that decided, the card's word for it (wire §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Opening {
    /// What was decided upon.
    #[n(0)]
    pub input: DecisionInput,
    /// Root of the register log at `input.register`.
    #[n(1)]
    pub root: Hash,
    /// Slot 9A over [`session_digest`].
    #[n(2)]
    pub signature: Signature,
}

/// A session ended or was locked, and why.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SessionReason {
    /// The session.
    #[n(0)]
    pub session: SessionId,
    /// Why.
    #[n(1)]
    pub reason: Reason,
}

/// A request and its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Decision {
    /// The application's name for the request.
    #[n(0)]
    pub request: RequestId,
    /// What was decided upon.
    #[n(1)]
    pub input: DecisionInput,
    /// What was decided.
    #[n(2)]
    pub verdict: VerdictCode,
    /// Slot 9E or 9A over [`decision_digest`], where the level asks for one.
    #[n(3)]
    pub signature: Option<Signature>,
}

/// What came of a permitted request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Completed {
    /// Seq of the decision, in the same epoch.
    #[n(0)]
    pub of: u64,
    /// How many items (件数).
    #[n(1)]
    pub items: u32,
    /// How it ended.
    #[n(2)]
    pub outcome: Outcome,
}

/// A decision taken back: its answer was a refusal after all.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withdrawn {
    /// Seq of the decision, in the same epoch.
    #[n(0)]
    pub of: u64,
    /// What ended the session meanwhile.
    #[n(1)]
    pub reason: Reason,
}

/// A wrong PIN.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinFailed {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
    /// Whose card it is, when the register knows it.
    #[n(1)]
    pub operator: Option<Code>,
    /// Tries left as the card says; 0 is blocked.
    #[n(2)]
    pub tries_left: u8,
}

/// The agent started.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TerminalUp {
    /// Version of the agent.
    #[n(0)]
    pub version: AgentVersion,
    /// How the run before ended.
    #[n(1)]
    pub previous: PreviousEnd,
}

/// Trusted time made a step of more than two minutes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ClockStep {
    /// Trusted time before, ms.
    #[n(0)]
    pub from: u64,
    /// Trusted time after, ms.
    #[n(1)]
    pub to: u64,
}

/// Records that are gone for good. Takes the seq after the range.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lost {
    /// First seq lost.
    #[n(0)]
    pub from: u64,
    /// Last seq lost.
    #[n(1)]
    pub to: u64,
    /// Why.
    #[n(2)]
    pub reason: LostReason,
}

/// A newer register is in force.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterAdvanced {
    /// Size of the register log.
    #[n(0)]
    pub size: u64,
    /// Its root.
    #[n(1)]
    pub root: Hash,
}

/// A card in a reader.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CardSeen {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
    /// The reader.
    #[n(1)]
    pub reader: Option<ReaderIdentity>,
}

/// A card whose signature is not by the key that the register has for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CardFalse {
    /// The card that it says it is.
    #[n(0)]
    pub card: CardGuid,
    /// The reader.
    #[n(1)]
    pub reader: Option<ReaderIdentity>,
    /// Of which slot.
    #[n(2)]
    pub slot: FalseSlot,
}

/// A new PIN, typed by whoever knew the old one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinChanged {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
    /// Whose card it is, when the register knows it.
    #[n(1)]
    pub operator: Option<Code>,
}

/// Somebody read at the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Read {
    /// Who.
    #[n(0)]
    pub operator: Code,
    /// With which card.
    #[n(1)]
    pub card: CardGuid,
    /// What kind of question.
    #[n(2)]
    pub query: Query,
    /// How many entries were answered.
    #[n(3)]
    pub count: u32,
    /// About whom or what, as far as it was asked for.
    #[n(4)]
    pub about: About,
}

/// What a question to the ledger was about: empty where it asked about everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct About {
    /// The person.
    #[n(0)]
    pub operator: Option<Code>,
    /// The card.
    #[n(1)]
    pub card: Option<CardGuid>,
    /// The terminal.
    #[n(2)]
    pub terminal: Option<Code>,
    /// The first entry of those that were asked for by number.
    #[n(3)]
    pub first: Option<u64>,
}

/// The ledger saw something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Alarm {
    /// What.
    #[n(0)]
    pub kind: AlarmKind,
    /// At which terminal.
    #[n(1)]
    pub terminal: Option<Code>,
    /// In which epoch.
    #[n(2)]
    pub epoch: Option<u32>,
    /// At which seq.
    #[n(3)]
    pub seq: Option<u64>,
    /// Which act was refused.
    #[n(4)]
    pub act: Option<RefusedAct>,
}

/// An act that the fold refused, as far as its bytes could be read. Its signature may be the very thing that was wrong: card and operator are
/// those that the act names.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RefusedAct {
    /// Its id (wire §5.5); SHA-256 of what came, when that is no act.
    #[n(0)]
    pub id: Hash,
    /// The rule that refused it, by its name (register §R4.13).
    #[n(1)]
    pub rule: Code,
    /// The card that it names as its signer.
    #[n(2)]
    pub card: Option<CardGuid>,
    /// Who holds that card.
    #[n(3)]
    pub operator: Option<Code>,
}

/// A step of a terminal's enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrolment {
    /// The terminal.
    #[n(0)]
    pub terminal: Code,
    /// The step.
    #[n(1)]
    pub event: EnrolmentEvent,
    /// Who invited it.
    #[n(2)]
    pub by: Option<Code>,
    /// SHA-256 of the key that it showed.
    #[n(3)]
    pub key: Option<Hash>,
    /// Hash of the secret of the code that was given out or used; nothing for one that was refused.
    #[n(4)]
    pub code: Option<Hash>,
}

impl Body {
    /// The kind's number and name (wire §4.1).
    #[must_use]
    pub const fn kind(&self) -> (u16, &'static str) {
        match self {
            Self::SessionOpened(_) => (1, "session_opened"),
            Self::SessionUnlocked(_) => (2, "session_unlocked"),
            Self::SessionClosed(_) => (3, "session_closed"),
            Self::Decision(_) => (4, "decision"),
            Self::Completed(_) => (5, "completed"),
            Self::Withdrawn(_) => (6, "withdrawn"),
            Self::Locked(_) => (7, "locked"),
            Self::PinFailed(_) => (8, "pin_failed"),
            Self::TerminalUp(_) => (9, "terminal_up"),
            Self::TerminalDown => (10, "terminal_down"),
            Self::ReaderUp(_) => (11, "reader_up"),
            Self::ReaderDown(_) => (12, "reader_down"),
            Self::Link(_) => (13, "link"),
            Self::Clock(_) => (14, "clock"),
            Self::Lost(_) => (15, "lost"),
            Self::RegisterAdvanced(_) => (16, "register_advanced"),
            Self::Worker(_) => (17, "worker"),
            Self::CardSeen(_) => (18, "card_seen"),
            Self::CardFalse(_) => (19, "card_false"),
            Self::PinChanged(_) => (20, "pin_changed"),
            Self::Read(_) => (30, "read"),
            Self::Alarm(_) => (32, "alarm"),
            Self::Enrolment(_) => (33, "enrolment"),
        }
    }

    /// The retention class of this kind (wire §4.1).
    #[must_use]
    pub const fn retention(&self) -> Retention {
        match self {
            Self::SessionOpened(_)
            | Self::SessionUnlocked(_)
            | Self::SessionClosed(_)
            | Self::Decision(_)
            | Self::Completed(_)
            | Self::Withdrawn(_)
            | Self::Locked(_)
            | Self::PinFailed(_)
            | Self::Clock(_)
            | Self::Lost(_)
            | Self::RegisterAdvanced(_)
            | Self::CardFalse(_)
            | Self::PinChanged(_) => Retention::Access,
            Self::TerminalUp(_)
            | Self::TerminalDown
            | Self::ReaderUp(_)
            | Self::ReaderDown(_)
            | Self::Link(_)
            | Self::Worker(_)
            | Self::CardSeen(_) => Retention::Operation,
            Self::Read(_) | Self::Alarm(_) | Self::Enrolment(_) => Retention::Administration,
        }
    }

    /// The decision's input, in the kinds that hold one.
    #[must_use]
    pub const fn input(&self) -> Option<&DecisionInput> {
        match self {
            Self::SessionOpened(opening) | Self::SessionUnlocked(opening) => Some(&opening.input),
            Self::Decision(decision) => Some(&decision.input),
            Self::SessionClosed(_)
            | Self::Completed(_)
            | Self::Withdrawn(_)
            | Self::Locked(_)
            | Self::PinFailed(_)
            | Self::TerminalUp(_)
            | Self::TerminalDown
            | Self::ReaderUp(_)
            | Self::ReaderDown(_)
            | Self::Link(_)
            | Self::Clock(_)
            | Self::Lost(_)
            | Self::RegisterAdvanced(_)
            | Self::Worker(_)
            | Self::CardSeen(_)
            | Self::CardFalse(_)
            | Self::PinChanged(_)
            | Self::Read(_)
            | Self::Alarm(_)
            | Self::Enrolment(_) => None,
        }
    }
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
        let in_order =
            if let Body::Lost(lost) = &self.body { lost.from <= lost.to && lost.to < self.seq } else { true };
        let input = self.body.input().is_none_or(DecisionInput::is_of_its_rules);
        let placed = (self.emitter == Emitter::Ledger) == by_ledger;
        self.retention == self.body.retention() && placed && decided && in_order && input
    }
}

/// What slot 9A signs to open a session (wire §6.1).
#[must_use]
pub fn session_digest(salt: &Salt, root: &Hash, input: &DecisionInput) -> [u8; 32] {
    labelled_digest("sekisho session v1", &(salt, root, input))
}

/// What slot 9E or 9A signs for one request (wire §6.2).
#[must_use]
pub fn decision_digest(salt: &Salt, request: &RequestId, input: &DecisionInput) -> [u8; 32] {
    labelled_digest("sekisho decision v1", &(salt, request, input))
}

/// What slot 9A signs to get a token at the ledger (wire §6.3). `challenge` is the ledger's.
#[must_use]
pub fn token_digest(office: &OfficeId, challenge: &Hash) -> [u8; 32] {
    labelled_digest("sekisho token v1", &(office, challenge))
}
