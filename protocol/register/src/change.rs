//! What an act changes (§R3). A change is `[kind, [map]]`; the index of a variant is its kind.

use alloc::boxed::Box;

use minicbor::{Decode, Encode};

use crate::role::Class;

mod cards;
mod case;
mod founding;
mod functions;
mod hours;
mod office;
mod organisation;
mod partners;
mod people;
mod places;
mod recovery;
mod retention;

pub use cards::{
    ActivateCard, CardKind, CardState, Disposal, Identified, IssueCard, PinChanged, ResetPin, SetCardState,
};
pub use case::{Answer, AnswerAct, CaseId, Field, IncidentClass, OpenCase, TakeStep, Value};
pub(crate) use case::{texts, value};
pub use founding::{Administrator, Found, FoundingKeys, Recovery, RequireVersion};
pub use functions::{SetFunction, SetPurpose, UseState};
pub use hours::{EndPermit, GivePermit, OpenSpan, SetCalendar, SetHours};
pub use office::{ConnectionState, SetConnection, SetLogKey, SetPolicy, SetRoute, SetWitnesses, SucceedLog, Witness};
pub use organisation::{HoldPost, LeavePost, SectionState, SetPost, SetSection};
pub use partners::{Admit, EndTrust, Entrust, SetPartner, SharePolicy, ShowShared};
pub use people::{
    Designate, EndQualification, GiveProfile, OperatorState, PersonClass, Qualify, SetOperatorState, StateReason,
    WithdrawProfile,
};
pub use places::{EpochReason, OpenEpoch, SetTerminal, SetTerminalState, TerminalKind, TerminalUse};
pub use recovery::{AnnounceRecovery, EndRecovery, RecoveryEnd};
pub use retention::{CaseTexts, Destroy, EraseNames, EraseTexts, OrderState, Preserve};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// Founds the office: the first entry of its register log, and only that.
    #[n(1)]
    Found(#[n(0)] Box<Found>),
    /// Later entries may need this version of the register's rules.
    #[n(2)]
    RequireVersion(#[n(0)] RequireVersion),
    /// New recovery keys in place of all that were.
    #[n(3)]
    RecoveryKeys(#[n(0)] Recovery),
    /// Opens, renames, suspends or ends a section (課).
    #[n(10)]
    Section(#[n(0)] SetSection),
    /// Makes a post (職) or changes its roles.
    #[n(11)]
    Post(#[n(0)] SetPost),
    /// A person comes to hold a post, or becomes its deputy.
    #[n(12)]
    HoldPost(#[n(0)] HoldPost),
    /// A person leaves a post.
    #[n(13)]
    LeavePost(#[n(0)] LeavePost),
    /// A business function (各処理).
    #[n(15)]
    Function(#[n(0)] SetFunction),
    /// A purpose (事由).
    #[n(16)]
    Purpose(#[n(0)] SetPurpose),
    /// Designates an operator (指定).
    #[n(20)]
    Designate(#[n(0)] Box<Designate>),
    /// Suspends, restores or ends an operator.
    #[n(21)]
    OperatorState(#[n(0)] SetOperatorState),
    /// Gives a permission profile (操作者ID).
    #[n(22)]
    Profile(#[n(0)] GiveProfile),
    /// Takes a profile back.
    #[n(23)]
    WithdrawProfile(#[n(0)] WithdrawProfile),
    /// Says that a person qualifies for cards of some kinds (交付資格の認定).
    #[n(24)]
    Qualify(#[n(0)] Box<Qualify>),
    /// Takes that back.
    #[n(25)]
    EndQualification(#[n(0)] EndQualification),
    /// Issues a card (貸与).
    #[n(30)]
    IssueCard(#[n(0)] Box<IssueCard>),
    /// Changes a card's state.
    #[n(31)]
    CardState(#[n(0)] SetCardState),
    /// Wakes a dormant card for a named person and a limited time (S4 11(5)).
    #[n(32)]
    ActivateCard(#[n(0)] Box<ActivateCard>),
    /// Gives the holder of a card a new PIN; nothing is decided by it, and nobody sets a PIN unseen.
    #[n(33)]
    ResetPin(#[n(0)] ResetPin),
    /// A terminal says that the holder of a card changed its PIN there.
    #[n(34)]
    PinChanged(#[n(0)] PinChanged),
    /// Registers a terminal.
    #[n(40)]
    Terminal(#[n(0)] Box<SetTerminal>),
    /// Changes a terminal's state.
    #[n(41)]
    TerminalState(#[n(0)] SetTerminalState),
    /// Lets a terminal begin a new history of records.
    #[n(42)]
    OpenEpoch(#[n(0)] OpenEpoch),
    /// Operating hours (運用時間).
    #[n(45)]
    Hours(#[n(0)] SetHours),
    /// Days that are closed or open against the week (calendar).
    #[n(46)]
    Calendar(#[n(0)] SetCalendar),
    /// Permits use out of hours (時間外使用).
    #[n(47)]
    Permit(#[n(0)] Box<GivePermit>),
    /// Ends a permit early.
    #[n(48)]
    EndPermit(#[n(0)] EndPermit),
    /// Stops or restores the connection (結合停止, 再結合).
    #[n(50)]
    Connection(#[n(0)] SetConnection),
    /// Policy.
    #[n(51)]
    Policy(#[n(0)] SetPolicy),
    /// Who proposes and who approves.
    #[n(52)]
    Route(#[n(0)] SetRoute),
    /// A new key of a log.
    #[n(53)]
    LogKey(#[n(0)] SetLogKey),
    /// What the recovery keys will do (復旧の予告).
    #[n(54)]
    AnnounceRecovery(#[n(0)] AnnounceRecovery),
    /// Carries out what was announced, or objects to it.
    #[n(55)]
    EndRecovery(#[n(0)] EndRecovery),
    /// Who cosigns the logs, and how many must have.
    #[n(56)]
    Witnesses(#[n(0)] SetWitnesses),
    /// Destroys what was kept as long as it had to be (廃棄).
    #[n(57)]
    Destroy(#[n(0)] Destroy),
    /// Gives a preservation order, or lifts it (保全).
    #[n(58)]
    Preserve(#[n(0)] Box<Preserve>),
    /// Another log goes on in place of one that has lost what was signed.
    #[n(59)]
    SucceedLog(#[n(0)] SucceedLog),
    /// Opens a case (§R11); casebook only.
    #[n(60)]
    Open(#[n(0)] Box<OpenCase>),
    /// Erases the names of persons whom no record mentions any more (氏名の消去).
    #[n(61)]
    EraseNames(#[n(0)] EraseNames),
    /// Refuses or withdraws a proposal, or reviews what a deputy decided; casebook only.
    #[n(62)]
    Answer(#[n(0)] AnswerAct),
    /// Takes a case one step on; casebook only.
    #[n(63)]
    Step(#[n(0)] Box<TakeStep>),
    /// Erases the texts of cases that were kept as long as they had to be (本文の消去).
    #[n(64)]
    EraseTexts(#[n(0)] EraseTexts),
    /// Says who another office is.
    #[n(70)]
    Partner(#[n(0)] Box<SetPartner>),
    /// Entrusts another office with signing changes of some classes (委託).
    #[n(71)]
    Entrust(#[n(0)] Entrust),
    /// Ends that.
    #[n(72)]
    EndTrust(#[n(0)] EndTrust),
    /// Admits a person of another office with the card from there.
    #[n(73)]
    Admit(#[n(0)] Box<Admit>),
    /// Decides a policy that another office is to decide as well.
    #[n(74)]
    SharePolicy(#[n(0)] Box<SharePolicy>),
    /// Shows that it has.
    #[n(75)]
    ShowShared(#[n(0)] Box<ShowShared>),
}

impl Change {
    /// Every kind of version 1. One that a later version introduces is none before `require_version` has reached that version (§R4.12).
    pub const KINDS: [u16; 48] = [
        1, 2, 3, 10, 11, 12, 13, 15, 16, 20, 21, 22, 23, 24, 25, 30, 31, 32, 33, 34, 40, 41, 42, 45, 46, 47, 48, 50,
        51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 70, 71, 72, 73, 74, 75,
    ];

    /// What it brings once it takes effect: itself, or for an announced recovery what is announced. What could not be carried out is not announced.
    #[must_use]
    pub fn brings(&self) -> &[Self] {
        if let Self::AnnounceRecovery(announced) = self { &announced.changes } else { core::slice::from_ref(self) }
    }

    /// The designation that it is, or brings with an admission.
    #[must_use]
    pub fn designation(&self) -> Option<&Designate> {
        if let Self::Admit(admit) = self {
            return Some(&admit.designation);
        }
        if let Self::Designate(designate) = self { Some(designate) } else { None }
    }

    /// Whether it is for the casebook alone, and takes effect there: no proposal of something else.
    #[must_use]
    pub const fn is_of_the_casebook(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Answer(_) | Self::Step(_))
    }

    /// The number of its kind (§R3).
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Found(_) => 1,
            Self::RequireVersion(_) => 2,
            Self::RecoveryKeys(_) => 3,
            Self::Section(_) => 10,
            Self::Post(_) => 11,
            Self::HoldPost(_) => 12,
            Self::LeavePost(_) => 13,
            Self::Function(_) => 15,
            Self::Purpose(_) => 16,
            Self::Designate(_) => 20,
            Self::OperatorState(_) => 21,
            Self::Profile(_) => 22,
            Self::WithdrawProfile(_) => 23,
            Self::Qualify(_) => 24,
            Self::EndQualification(_) => 25,
            Self::IssueCard(_) => 30,
            Self::CardState(_) => 31,
            Self::ActivateCard(_) => 32,
            Self::ResetPin(_) => 33,
            Self::PinChanged(_) => 34,
            Self::Terminal(_) => 40,
            Self::TerminalState(_) => 41,
            Self::OpenEpoch(_) => 42,
            Self::Hours(_) => 45,
            Self::Calendar(_) => 46,
            Self::Permit(_) => 47,
            Self::EndPermit(_) => 48,
            Self::Connection(_) => 50,
            Self::Policy(_) => 51,
            Self::Route(_) => 52,
            Self::LogKey(_) => 53,
            Self::AnnounceRecovery(_) => AnnounceRecovery::KIND,
            Self::EndRecovery(_) => 55,
            Self::Witnesses(_) => 56,
            Self::Destroy(_) => 57,
            Self::Preserve(_) => 58,
            Self::SucceedLog(_) => 59,
            Self::Open(_) => 60,
            Self::EraseNames(_) => 61,
            Self::Answer(_) => 62,
            Self::Step(_) => 63,
            Self::EraseTexts(_) => 64,
            Self::Partner(_) => 70,
            Self::Entrust(_) => 71,
            Self::EndTrust(_) => 72,
            Self::Admit(_) => 73,
            Self::SharePolicy(_) => 74,
            Self::ShowShared(_) => 75,
        }
    }

    /// Whether it only takes rights away: then it never loses a race (§R4.3).
    #[must_use]
    pub const fn only_takes_away(&self) -> bool {
        match self {
            Self::LeavePost(_)
            | Self::WithdrawProfile(_)
            | Self::EndQualification(_)
            | Self::EndPermit(_)
            | Self::EndTrust(_) => true,
            Self::CardState(change) => !matches!(change.state, CardState::Active),
            Self::OperatorState(change) => !matches!(change.state, OperatorState::Active),
            Self::TerminalState(change) => !matches!(change.state, TerminalUse::Active),
            Self::Section(change) => !matches!(change.state, SectionState::Open),
            Self::Function(change) => matches!(change.state, UseState::Ended),
            Self::Purpose(change) => matches!(change.state, UseState::Ended),
            Self::Found(_)
            | Self::RequireVersion(_)
            | Self::RecoveryKeys(_)
            | Self::AnnounceRecovery(_)
            | Self::EndRecovery(_)
            | Self::Post(_)
            | Self::HoldPost(_)
            | Self::Designate(_)
            | Self::Profile(_)
            | Self::Qualify(_)
            | Self::IssueCard(_)
            | Self::ActivateCard(_)
            | Self::ResetPin(_)
            | Self::PinChanged(_)
            | Self::Terminal(_)
            | Self::OpenEpoch(_)
            | Self::Hours(_)
            | Self::Calendar(_)
            | Self::Permit(_)
            | Self::Connection(_)
            | Self::Policy(_)
            | Self::Route(_)
            | Self::LogKey(_)
            | Self::SucceedLog(_)
            | Self::Destroy(_)
            | Self::Preserve(_)
            | Self::EraseNames(_)
            | Self::EraseTexts(_)
            | Self::Witnesses(_)
            | Self::Partner(_)
            | Self::Entrust(_)
            | Self::Admit(_)
            | Self::SharePolicy(_)
            | Self::ShowShared(_)
            | Self::Open(_)
            | Self::Answer(_)
            | Self::Step(_) => self.class().only_takes_away(),
        }
    }

    /// The class whose route this change takes (§R3).
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Found(_)
            | Self::RequireVersion(_)
            | Self::RecoveryKeys(_)
            | Self::AnnounceRecovery(_)
            | Self::EndRecovery(_)
            | Self::Route(_)
            | Self::LogKey(_)
            | Self::Witnesses(_)
            | Self::SucceedLog(_) => Class::Founding,
            // Whom else the office believes, whom it lets sign and whom it lets in with a card that is none of its own.
            Self::Partner(_) | Self::Entrust(_) | Self::Admit(_) => Class::Founding,
            // From then on the office changes its policy no more by itself: nobody ties it alone.
            Self::ShowShared(_) => Class::Founding,
            Self::EndTrust(_) => Class::Block,
            // Who makes signers makes everything: posts, who holds them, and cards that sign.
            Self::Post(_) | Self::HoldPost(_) => Class::Founding,
            Self::IssueCard(change) if change.signature.is_some() => Class::Founding,
            Self::Section(_) | Self::LeavePost(_) => Class::Organisation,
            Self::Function(_) | Self::Purpose(_) => Class::Functions,
            Self::OperatorState(change) if matches!(change.state, OperatorState::Suspended) => Class::Block,
            Self::CardState(change) if matches!(change.state, CardState::Suspended | CardState::Revoked) => {
                Class::Block
            }
            Self::TerminalState(change) if matches!(change.state, TerminalUse::Suspended) => Class::Block,
            Self::Designate(_)
            | Self::OperatorState(_)
            | Self::Profile(_)
            | Self::WithdrawProfile(_)
            | Self::Qualify(_)
            | Self::EndQualification(_) => Class::Operators,
            Self::ActivateCard(_) => Class::Activation,
            Self::IssueCard(_) | Self::CardState(_) | Self::ResetPin(_) | Self::PinChanged(_) => Class::Cards,
            Self::Terminal(_) | Self::TerminalState(_) | Self::OpenEpoch(_) => Class::Terminals,
            Self::Hours(_) | Self::Calendar(_) | Self::Permit(_) | Self::EndPermit(_) => Class::Hours,
            Self::Connection(change) if matches!(change.state, ConnectionState::Stopped) => Class::Stop,
            Self::Connection(_) => Class::Connection,
            Self::Policy(_) | Self::SharePolicy(_) => Class::Policy,
            Self::Preserve(change) if matches!(change.state, OrderState::Holds) => Class::Preservation,
            // What an order protected can be destroyed once it is lifted: that takes as many as destroying does.
            Self::Destroy(_) | Self::Preserve(_) | Self::EraseNames(_) | Self::EraseTexts(_) => Class::Destruction,
            Self::Open(_) | Self::Answer(_) | Self::Step(_) => Class::Report,
        }
    }
}

/// One of an office's three logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Log {
    /// What happened at terminals.
    #[n(0)]
    Records,
    /// What decisions depend on.
    #[n(1)]
    Register,
    /// Proposals, incidents, notices.
    #[n(2)]
    Casebook,
}
