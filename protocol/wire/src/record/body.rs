//! What a record of each kind says (wire §4).

use minicbor::{Decode, Encode};

use crate::decision::DecisionInput;
use crate::id::{
    AccountName, AgentVersion, CardGuid, CaseReference, Code, Hash, ReaderIdentity, RequestId, Salt, SessionId,
    Signature,
};
use crate::reason::{
    AlarmKind, CardTrouble, EnrolmentEvent, FalseSlot, IncidentClass, Instead, LeaseEnd, LinkState, LoginSeen,
    LostReason, Outcome, PreviousEnd, Query, Reason, ScreenCause, WorkerState,
};
use crate::verdict::VerdictCode;

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
    /// The screen was locked, and the desktop has confirmed it.
    #[n(21)]
    ScreenLocked(#[n(0)] ScreenLocked),
    /// The screen could not be locked.
    #[n(22)]
    ScreenNotLocked(#[n(0)] ScreenNotLocked),
    /// Somebody logged in at the terminal's machine without a card.
    #[n(23)]
    BreakGlass(#[n(0)] BreakGlass),
    /// A card was reported lost, stolen, damaged or its PIN known.
    #[n(24)]
    CardReported(#[n(0)] CardReported),
    /// An incident was reported.
    #[n(25)]
    IncidentReported(#[n(0)] IncidentReported),
    /// The card readers were lent to a program of the administrator's.
    #[n(26)]
    ReadersLent(#[n(0)] ReadersLent),
    /// They are the agent's again.
    #[n(27)]
    ReadersBack(#[n(0)] LeaseEnd),
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
    /// Slot 9A over [`session_digest`](super::session_digest).
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
    /// Slot 9E or 9A over [`decision_digest`](super::decision_digest), where the level asks for one.
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

/// Records that are gone for good: of this epoch, in the record that takes the seq after them; or of an earlier one, which takes no more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lost {
    /// First seq lost.
    #[n(0)]
    pub from: u64,
    /// Last seq lost; [`Lost::REST`] when nobody knows how many there were.
    #[n(1)]
    pub to: u64,
    /// Why.
    #[n(2)]
    pub reason: LostReason,
    /// The earlier epoch that they are of. What the ledger has of the range all the same is not lost.
    #[n(3)]
    pub epoch: Option<u32>,
}

impl Lost {
    /// The last seq that there can be (wire §7.3): all the rest of an epoch.
    pub const REST: u64 = (1 << 53) - 1;
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

/// A login that no card opened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BreakGlass {
    /// The account of the machine.
    #[n(0)]
    pub account: AccountName,
    /// When, by the machine's clock, ms since 1970 UTC: the record may be made long after.
    #[n(1)]
    pub at: u64,
    /// How it became known.
    #[n(2)]
    pub seen: LoginSeen,
}

/// Somebody reported a card at the terminal: from here on it opens nothing there, and an act signed by the terminal goes to the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CardReported {
    /// The salt of that act, whenever it is signed.
    #[n(0)]
    pub report: Salt,
    /// The card.
    #[n(1)]
    pub card: CardGuid,
    /// What of it.
    #[n(2)]
    pub reason: CardTrouble,
    /// The session in which it was reported.
    #[n(3)]
    pub session: Option<SessionId>,
    /// Whose session that is.
    #[n(4)]
    pub operator: Option<Code>,
}

/// Somebody reported an incident at the terminal; an act signed by the terminal goes into the casebook, where it gets its number.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IncidentReported {
    /// The salt of that act, whenever it is signed.
    #[n(0)]
    pub report: Salt,
    /// Failure or misuse.
    #[n(1)]
    pub class: IncidentClass,
    /// What kind.
    #[n(2)]
    pub kind: Code,
    /// With which card.
    #[n(3)]
    pub card: Option<CardGuid>,
    /// The session in which it was reported.
    #[n(4)]
    pub session: Option<SessionId>,
    /// Whose session that is.
    #[n(5)]
    pub operator: Option<Code>,
}

/// The card readers of the terminal are another program's: the agent touches no card, and grants nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReadersLent {
    /// Whose program it is: a user of the terminal's machine.
    #[n(0)]
    pub uid: u32,
    /// Trusted time at which the lease ends at the latest.
    #[n(1)]
    pub until: u64,
}

/// The desktop confirmed that the screen is locked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ScreenLocked {
    /// The session whose lock or end asked for it.
    #[n(0)]
    pub session: Option<SessionId>,
}

/// The screen could not be locked, or nobody says that it was.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ScreenNotLocked {
    /// The session whose lock or end asked for it.
    #[n(0)]
    pub session: Option<SessionId>,
    /// Why not.
    #[n(1)]
    pub cause: ScreenCause,
    /// What was done instead.
    #[n(2)]
    pub instead: Instead,
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
    /// Under which number it was permitted to take away what was found.
    #[n(4)]
    pub permission: Option<CaseReference>,
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
            | Self::ScreenLocked(_)
            | Self::ScreenNotLocked(_)
            | Self::BreakGlass(_)
            | Self::CardReported(_)
            | Self::IncidentReported(_)
            | Self::ReadersLent(_)
            | Self::ReadersBack(_)
            | Self::Read(_)
            | Self::Alarm(_)
            | Self::Enrolment(_) => None,
        }
    }

    /// What the person was told, in the kinds that say so: whoever is not let in has no session.
    #[must_use]
    pub fn verdict(&self) -> Option<VerdictCode> {
        if let Self::Decision(decision) = self {
            Some(decision.verdict)
        } else {
            self.input().map(|_| VerdictCode::Granted)
        }
    }

    /// Whom it names, and which card. An alarm names those that a refused act named.
    #[must_use]
    pub fn names(&self) -> (Option<&Code>, Option<CardGuid>) {
        match self {
            Self::SessionOpened(Opening { input, .. })
            | Self::SessionUnlocked(Opening { input, .. })
            | Self::Decision(Decision { input, .. }) => (input.operator.as_ref(), input.card),
            Self::PinFailed(failed) => (failed.operator.as_ref(), Some(failed.card)),
            Self::PinChanged(changed) => (changed.operator.as_ref(), Some(changed.card)),
            Self::CardReported(reported) => (reported.operator.as_ref(), Some(reported.card)),
            Self::IncidentReported(reported) => (reported.operator.as_ref(), reported.card),
            Self::CardSeen(seen) => (None, Some(seen.card)),
            Self::CardFalse(seen) => (None, Some(seen.card)),
            Self::Read(read) => (Some(&read.operator), Some(read.card)),
            Self::Alarm(alarm) => alarm.act.as_ref().map_or((None, None), |act| (act.operator.as_ref(), act.card)),
            Self::Enrolment(enrolment) => (enrolment.by.as_ref(), None),
            Self::SessionClosed(_)
            | Self::Completed(_)
            | Self::Withdrawn(_)
            | Self::Locked(_)
            | Self::TerminalUp(_)
            | Self::TerminalDown
            | Self::ReaderUp(_)
            | Self::ReaderDown(_)
            | Self::Link(_)
            | Self::Clock(_)
            | Self::Lost(_)
            | Self::RegisterAdvanced(_)
            | Self::Worker(_)
            | Self::ScreenLocked(_)
            | Self::ScreenNotLocked(_)
            | Self::BreakGlass(_)
            | Self::ReadersLent(_)
            | Self::ReadersBack(_) => (None, None),
        }
    }
}
