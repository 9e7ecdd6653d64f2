//! Why the fold refuses an act (§R4.2): a stable code, the facts, and what to do next.

use core::fmt;

use sekisho_wire::canonical::Malformed;
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, CaseReference, Code, Numbered, OfficeId};
use sekisho_wire::record::Retention;
use sekisho_wire::words::Language;

use crate::calendar::Month;
use crate::change::{Answer, CardKind, CardState, CaseId, RecoveryEnd};
use crate::forms::Form;
use crate::role::{Class, Role};
use crate::thing::Thing;

mod faults;
mod words;

pub use faults::{FieldFault, PermitFault, Stays, WrongValue};

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoldRefusal {
    /// The bytes are no act, or not in the one spelling.
    Malformed(Malformed),
    /// An act of a version this program does not know.
    VersionUnknown {
        /// The version.
        version: u16,
    },
    /// An act with a kind of change that this program does not know.
    KindUnknown {
        /// The kind.
        kind: u16,
    },
    /// An act that holds what this program cannot read: a field, a value or a kind of signer that it does not know.
    ContentUnknown,
    /// An act that this program cannot read and may pass over.
    Skipped {
        /// The version.
        version: u16,
    },
    /// This holder refused it when it folded it first.
    RefusedBefore,
    /// The register asks for newer rules than this program has.
    RulesTooOld {
        /// What it asks for.
        needed: u16,
    },
    /// The act is for another office.
    OtherOffice,
    /// The act is for another log.
    OtherLog,
    /// Nothing can be done before the founding act.
    NotFounded,
    /// The office is founded once.
    AlreadyFounded,
    /// The same act, or the proposal in it, took effect before.
    Repeated {
        /// Where.
        index: u64,
    },
    /// It expires before it is made, or more than 30 days later.
    Lifetime {
        /// When it was made.
        made: u64,
        /// When it expires.
        expires: u64,
    },
    /// Made more than ten minutes before the newest act.
    MadeTooEarly {
        /// When it was made.
        made: u64,
        /// The newest act's time.
        newest: u64,
    },
    /// Made later than the ledger's clock shows.
    MadeInFuture {
        /// When it was made.
        made: u64,
        /// The clock.
        now: u64,
    },
    /// It takes effect before it is made, or more than 400 days later.
    EffectiveWrong {
        /// When it was made.
        made: u64,
        /// When it is to take effect.
        effective: u64,
    },
    /// The terminal signed as many acts on this day as it may.
    TerminalLimit(Code),
    /// Those who would be left could not decide about the office.
    TooFewSigners,
    /// One person alone would end the office's ability to decide.
    LastSigners {
        /// From when nobody could decide, even once everybody is let sign again whom somebody could let.
        from: u64,
    },
    /// Only a card that is active is suspended from a panel.
    CardNotActive(CardGuid),
    /// The act says two things about one thing.
    ChangedTwice(Thing),
    /// Its time is over.
    Expired {
        /// When it expired.
        expires: u64,
        /// The moment that counts.
        now: u64,
    },
    /// The signer saw a longer register than there is.
    SeenAhead {
        /// What was seen.
        seen: u64,
        /// What there is.
        size: u64,
    },
    /// The signer saw another register of that size: somebody shows two histories.
    OtherHistory {
        /// The size.
        seen: u64,
    },
    /// Another register judges this casebook entry than the one given (§R4.9).
    RegisterSize {
        /// Size of the one that does.
        needed: u64,
        /// Size of the one given.
        given: u64,
    },
    /// The signer is not in the register.
    SignerUnknown(Signer),
    /// The signer's card or terminal may not act now.
    SignerNotCurrent(Signer),
    /// The signature is not the signer's.
    SignatureWrong(Signer),
    /// This kind of signer may not do that.
    SignerNotAllowed(Signer),
    /// Not enough recovery keys signed.
    RecoveryIncomplete {
        /// How many did.
        have: usize,
        /// How many must.
        need: u8,
    },
    /// A recovery key that others have replaced.
    RecoveryKeyReplaced,
    /// Recovery keys announce what they will do, and do it when the time to object is over.
    AnnounceFirst,
    /// A recovery is announced already.
    RecoveryOpen {
        /// Index of the act.
        index: u64,
    },
    /// It would make impossible what a recovery is announced for (§R3.17).
    RecoveryHeldUp {
        /// Its entry.
        index: u64,
    },
    /// No such recovery is announced.
    RecoveryUnknown,
    /// That recovery has ended.
    RecoveryOver {
        /// How.
        how: RecoveryEnd,
        /// By the act at this index.
        index: u64,
    },
    /// The time to object to a recovery is not over.
    RecoveryTooEarly {
        /// When it is.
        due: u64,
    },
    /// Nobody completed the recovery in time.
    RecoveryLapsed {
        /// Since when.
        lapsed: u64,
    },
    /// The person may not act now.
    OperatorNotCurrent(Code),
    /// The person does not hold that post in that capacity.
    PostNotHeld {
        /// The post; the person's code when the act names none.
        post: Code,
        /// The person.
        operator: Code,
    },
    /// The post's roles do not admit that.
    NoRoute(Class),
    /// The signer's office is not entrusted with that.
    NotEntrusted {
        /// What that office is called here.
        partner: Code,
        /// The class of the change.
        class: Class,
    },
    /// A trustee's act names no request, or not the agreement under which it acts.
    RequestMissing {
        /// The agreement.
        agreement: CaseReference,
    },
    /// The policy is shared with another office: neither changes it alone.
    Shared(OfficeId),
    /// What is shown of another office is not in its register log, or is not what was decided here.
    NotShown(OfficeId),
    /// It takes effect only as an approved proposal.
    ApprovalNeeded(Class),
    /// Proposer and approver are one person.
    SamePerson(Class),
    /// The stage before this one has not approved it yet.
    StageBefore(Class),
    /// Another approval of the same stage is there already.
    StageTaken {
        /// Where in the casebook.
        index: u64,
    },
    /// The proposal was refused or withdrawn.
    ProposalOver {
        /// Which.
        answer: Answer,
        /// By the casebook's act at this index.
        index: u64,
    },
    /// The route was shortened since: more stages have approved the proposal than it has now.
    RouteShorter {
        /// How many stages it has.
        stages: usize,
        /// How many approvals there would be.
        approvals: usize,
    },
    /// Only whoever proposed it withdraws it.
    NotTheProposer,
    /// Whoever decided as a post's deputy does not look at it as its holder.
    OwnDecision {
        /// The post.
        post: Code,
    },
    /// Who refuses says why.
    ReasonMissing,
    /// The signer's post does not keep the papers of that post.
    NotItsKeeper {
        /// The post that decided.
        post: Code,
        /// The signer's.
        keeper: Code,
    },
    /// The signer's post may not fill in that form, or take that step.
    NotYours {
        /// The form.
        form: Form,
        /// The step; none: opening it.
        step: Option<&'static str>,
    },
    /// A field of a form that cannot be so.
    FieldWrong {
        /// The form.
        form: Form,
        /// The field, by its name in programs.
        field: &'static str,
        /// What is wrong with it.
        fault: FieldFault,
    },
    /// Somebody who has to be told of such an incident is not named.
    RecipientMissing(Role),
    /// There is no such case.
    CaseUnknown(CaseId),
    /// The case was closed or refused.
    CaseOver(CaseId),
    /// Another step comes first.
    StepMissing {
        /// Of which case.
        case: CaseId,
        /// That step.
        step: &'static str,
    },
    /// Of an act that stopped the connection there is no open record, and nothing is connected again without one.
    StopUnrecorded {
        /// Index of the act.
        stop: u64,
    },
    /// A step that is taken once was taken, or one after which this cannot be.
    StepTaken {
        /// Of which case.
        case: CaseId,
        /// The step.
        step: &'static str,
    },
    /// Another person has to take that step than the signer, who took one before it, or opened the case.
    StepOfAnother {
        /// Of which case.
        case: CaseId,
        /// The step.
        step: &'static str,
    },
    /// It says two things about one act or one case, or what was said before.
    SaidTwice,
    /// A proposal holds no changes, or too much.
    NotAProposal,
    /// The thing changed after the signer looked.
    ChangedSince {
        /// What.
        thing: Thing,
        /// Index of the change.
        index: u64,
    },
    /// There is no such thing.
    Unknown(Thing),
    /// The card's GUID was used before.
    CardUsed(CardGuid),
    /// The key was used before.
    KeyUsed,
    /// The key is no point of its curve.
    KeyMalformed,
    /// The card can never come back.
    CardFinal {
        /// The card.
        card: CardGuid,
        /// Its state.
        state: CardState,
    },
    /// The policy asks that acts of this class name a permit to use the system (S2 6), and this one names none.
    PermitMissing {
        /// The class.
        class: Class,
    },
    /// The permit that is named does not cover it.
    PermitWrong {
        /// Its number.
        permit: Numbered,
        /// Why not.
        fault: PermitFault,
    },
    /// One person alone lends a card for so long at most.
    LoanTooLong {
        /// The card.
        card: CardGuid,
        /// In days.
        most: u64,
    },
    /// The person does not qualify for a card of that kind when it begins (S4 10(1)(1)).
    NotQualified {
        /// The person.
        operator: Code,
        /// The kind of card.
        kind: CardKind,
    },
    /// It has ended for good: a section, a person's duty, a terminal.
    Ended(Thing),
    /// An epoch that is not larger than the one before.
    EpochNotNew {
        /// The terminal.
        terminal: Code,
        /// The epoch asked for.
        epoch: u32,
    },
    /// From and to are the wrong way round.
    DatesWrong(Thing),
    /// Records of that month must be kept still.
    StillKept {
        /// Their class.
        class: Retention,
        /// The month.
        month: Month,
        /// From when it may go.
        until: u64,
    },
    /// A preservation order keeps records of that month.
    Preserved {
        /// The order.
        order: Code,
        /// The month.
        month: Month,
    },
    /// That month was destroyed already.
    Destroyed {
        /// The class.
        class: Retention,
        /// The month.
        month: Month,
        /// By the act at this index.
        index: u64,
    },
    /// Whose name is to be erased is designated, now or later.
    StillDesignated(Code),
    /// Whose name is to be erased has a card that was neither returned nor ended.
    CardOut {
        /// The person.
        operator: Code,
        /// The card.
        card: CardGuid,
    },
    /// Records of that month may mention whose name is to be erased, and have not been destroyed.
    StillMentioned {
        /// The person.
        operator: Code,
        /// Their class.
        class: Retention,
        /// The month.
        month: Month,
    },
    /// That name was erased.
    NameErased {
        /// Whose.
        operator: Code,
        /// By the act at this index.
        index: u64,
    },
    /// The texts of a case are not to go, or not so.
    TextsStay {
        /// The case.
        case: CaseId,
        /// Why.
        why: Stays,
    },
    /// A value that cannot be.
    ValueWrong(WrongValue),
}

impl FoldRefusal {
    /// Whether it is a newer program's act, signed by somebody who may: from then on nothing is decided (§R4.11).
    #[must_use]
    pub const fn is_not_understood(&self) -> bool {
        matches!(self, Self::VersionUnknown { .. } | Self::KindUnknown { .. } | Self::ContentUnknown)
    }

    /// Whether a newer program might take it (§R4.10).
    #[must_use]
    pub(crate) const fn is_too_new(&self) -> bool {
        // What we cannot read at all costs nothing to ask again, and a newer program may know who signed it.
        self.is_not_understood() || matches!(self, Self::Malformed(_) | Self::Skipped { .. } | Self::RulesTooOld { .. })
    }

    /// The stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::VersionUnknown { .. } => "version_unknown",
            Self::KindUnknown { .. } => "kind_unknown",
            Self::ContentUnknown => "content_unknown",
            Self::Skipped { .. } => "skipped",
            Self::RefusedBefore => "refused_before",
            Self::RulesTooOld { .. } => "rules_too_old",
            Self::OtherOffice => "other_office",
            Self::OtherLog => "other_log",
            Self::NotFounded => "not_founded",
            Self::AlreadyFounded => "already_founded",
            Self::Repeated { .. } => "repeated",
            Self::Lifetime { .. } => "lifetime",
            Self::MadeTooEarly { .. } => "made_too_early",
            Self::MadeInFuture { .. } => "made_in_future",
            Self::EffectiveWrong { .. } => "effective_wrong",
            Self::TerminalLimit(_) => "terminal_limit",
            Self::TooFewSigners => "too_few_signers",
            Self::LastSigners { .. } => "last_signers",
            Self::CardNotActive(_) => "card_not_active",
            Self::ChangedTwice(_) => "changed_twice",
            Self::Expired { .. } => "expired",
            Self::SeenAhead { .. } => "seen_ahead",
            Self::OtherHistory { .. } => "other_history",
            Self::RegisterSize { .. } => "register_size",
            Self::SignerUnknown(_) => "signer_unknown",
            Self::SignerNotCurrent(_) => "signer_not_current",
            Self::SignatureWrong(_) => "signature_wrong",
            Self::SignerNotAllowed(_) => "signer_not_allowed",
            Self::RecoveryIncomplete { .. } => "recovery_incomplete",
            Self::RecoveryKeyReplaced => "recovery_key_replaced",
            Self::AnnounceFirst => "announce_first",
            Self::RecoveryOpen { .. } => "recovery_open",
            Self::RecoveryHeldUp { .. } => "recovery_held_up",
            Self::RecoveryUnknown => "recovery_unknown",
            Self::RecoveryOver { .. } => "recovery_over",
            Self::RecoveryTooEarly { .. } => "recovery_too_early",
            Self::RecoveryLapsed { .. } => "recovery_lapsed",
            Self::OperatorNotCurrent(_) => "operator_not_current",
            Self::PostNotHeld { .. } => "post_not_held",
            Self::NoRoute(_) => "no_route",
            Self::NotEntrusted { .. } => "not_entrusted",
            Self::RequestMissing { .. } => "request_missing",
            Self::Shared(_) => "shared",
            Self::NotShown(_) => "not_shown",
            Self::ApprovalNeeded(_) => "approval_needed",
            Self::SamePerson(_) => "same_person",
            Self::StageBefore(_) => "stage_before",
            Self::StageTaken { .. } => "stage_taken",
            Self::ProposalOver { .. } => "proposal_over",
            Self::RouteShorter { .. } => "route_shorter",
            Self::NotTheProposer => "not_the_proposer",
            Self::OwnDecision { .. } => "own_decision",
            Self::ReasonMissing => "reason_missing",
            Self::NotItsKeeper { .. } => "not_its_keeper",
            Self::NotYours { .. } => "not_yours",
            Self::FieldWrong { .. } => "field_wrong",
            Self::RecipientMissing(_) => "recipient_missing",
            Self::CaseUnknown(_) => "case_unknown",
            Self::CaseOver(_) => "case_over",
            Self::StepMissing { .. } => "step_missing",
            Self::StopUnrecorded { .. } => "stop_unrecorded",
            Self::StepOfAnother { .. } => "step_of_another",
            Self::StepTaken { .. } => "step_taken",
            Self::SaidTwice => "said_twice",
            Self::NotAProposal => "not_a_proposal",
            Self::ChangedSince { .. } => "changed_since",
            Self::Unknown(_) => "unknown",
            Self::CardUsed(_) => "card_used",
            Self::KeyUsed => "key_used",
            Self::KeyMalformed => "key_malformed",
            Self::CardFinal { .. } => "card_final",
            Self::PermitMissing { .. } => "permit_missing",
            Self::PermitWrong { .. } => "permit_wrong",
            Self::LoanTooLong { .. } => "loan_too_long",
            Self::NotQualified { .. } => "not_qualified",
            Self::Ended(_) => "ended",
            Self::EpochNotNew { .. } => "epoch_not_new",
            Self::DatesWrong(_) => "dates_wrong",
            Self::StillKept { .. } => "still_kept",
            Self::Preserved { .. } => "preserved",
            Self::Destroyed { .. } => "destroyed",
            Self::StillDesignated(_) => "still_designated",
            Self::CardOut { .. } => "card_out",
            Self::StillMentioned { .. } => "still_mentioned",
            Self::NameErased { .. } => "name_erased",
            Self::TextsStay { .. } => "texts_stay",
            Self::ValueWrong(_) => "value_wrong",
        }
    }
}

impl fmt::Display for FoldRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

impl core::error::Error for FoldRefusal {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        if let Self::Malformed(malformed) = self { Some(malformed) } else { None }
    }
}
