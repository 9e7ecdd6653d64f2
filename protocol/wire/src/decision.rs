//! What a decision looked at besides the register (wire §4.2). It stands in the record, so that anybody can decide again.

use minicbor::{Decode, Encode};

use crate::id::{CardGuid, CaseReference, Code, Hash, Numbered, OfficeId, ReaderIdentity, Salt, SessionId};

/// What the terminal is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TerminalState {
    /// No card in any reader.
    #[n(0)]
    NoCard,
    /// A card is in, its PIN is not yet proved.
    #[n(1)]
    AwaitPin,
    /// A session is open.
    #[n(2)]
    Open,
    /// A session exists and is locked; the PIN opens it again.
    #[n(3)]
    Locked,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Request {
    /// To open a session.
    #[n(0)]
    Open,
    /// To run one function (各処理ごと, S4 12).
    #[n(1)]
    Function,
    /// To open a locked session again.
    #[n(2)]
    Unlock,
    /// To have the card's PIN changed, in a session or without one.
    #[n(3)]
    ChangePin,
}

/// How much has been proved for this request, or must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Level {
    /// The session is open and the card is in.
    #[n(0)]
    Session,
    /// The card signed this very request (slot 9E).
    #[n(1)]
    Card,
    /// The operator typed the PIN for this very request, and the card signed it (slot 9A).
    #[n(2)]
    Pin,
}

/// What a session is for. Training and maintenance are marked, so that reviews can tell them apart (S1 6(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SessionKind {
    /// Daily work.
    #[n(0)]
    Ordinary,
    /// System maintenance.
    #[n(1)]
    Maintenance,
    /// Training.
    #[n(2)]
    Training,
}

/// How far the terminal's trusted time can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ClockState {
    /// At or after the newest verified freshness note.
    #[n(0)]
    Sound,
    /// Behind the newest note: somebody set the clock back.
    #[n(1)]
    Behind,
    /// No note has been verified yet.
    #[n(2)]
    Unknown,
}

/// An act that was found on the card, beyond the register that decides (wire §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NamedGrant {
    /// Its index in the register log.
    #[n(0)]
    pub index: u64,
    /// Its leaf hash there.
    #[n(1)]
    pub act: Hash,
}

/// Everything `decide` may look at besides the register. Canonical: its bytes are signed by the card (wire §6).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DecisionInput {
    /// Version of the rules that decide.
    #[n(0)]
    pub rules: u16,
    /// Size of the register log that decides.
    #[n(1)]
    pub register: u64,
    /// The office.
    #[n(2)]
    pub office: OfficeId,
    /// The terminal.
    #[n(3)]
    pub terminal: Code,
    /// The reader the card is in.
    #[n(4)]
    pub reader: Option<ReaderIdentity>,
    /// What the terminal was in when it was asked.
    #[n(5)]
    pub state: TerminalState,
    /// What is asked.
    #[n(6)]
    pub request: Request,
    /// What has been proved for this request.
    #[n(7)]
    pub level: Level,
    /// The card.
    #[n(8)]
    pub card: Option<CardGuid>,
    /// The person (照合ID), by the register entry of the card.
    #[n(9)]
    pub operator: Option<Code>,
    /// The permission (操作者ID).
    #[n(10)]
    pub profile: Option<Code>,
    /// The person's section.
    #[n(11)]
    pub section: Option<Code>,
    /// The session, or the session to be.
    #[n(12)]
    pub session: Option<SessionId>,
    /// What the session is for.
    #[n(13)]
    pub session_kind: SessionKind,
    /// Trusted time at which the session opened.
    #[n(14)]
    pub opened: Option<u64>,
    /// The caller, as the agent knows it.
    #[n(15)]
    pub application: Option<Code>,
    /// The function asked for.
    #[n(16)]
    pub function: Option<Code>,
    /// Why (事由).
    #[n(17)]
    pub purpose: Option<Code>,
    /// For which case.
    #[n(18)]
    pub case: Option<CaseReference>,
    /// The permit that covers it (out of hours).
    #[n(19)]
    pub permit: Option<Numbered>,
    /// Trusted time, ms since 1970 UTC.
    #[n(20)]
    pub time: u64,
    /// How far that time can be believed.
    #[n(21)]
    pub clock: ClockState,
    /// Time of the newest verified freshness note.
    #[n(22)]
    pub note_time: Option<u64>,
    /// Until when that note holds.
    #[n(23)]
    pub note_until: Option<u64>,
    /// Seconds worked at this terminal without a rest; 0 where policy asks for none (register §R5).
    #[n(24)]
    pub worked: u32,
    /// Seconds worked at this terminal on this legal day; 0 where policy sets no limit.
    #[n(25)]
    pub worked_today: u32,
    /// The act on the card that this rests on besides the register.
    #[n(26)]
    pub grant: Option<NamedGrant>,
    /// The report of this card that was made at this terminal, and that the register does not say yet.
    #[n(27)]
    pub reported: Option<Salt>,
    /// The home office of a person whose card is from there (register §R10).
    #[n(28)]
    pub home: Option<OfficeId>,
    /// When the card's PIN was changed at this terminal, trusted time, where the register does not say it yet.
    #[n(29)]
    pub pin_changed: Option<u64>,
}
