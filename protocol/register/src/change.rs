//! What an act changes (§R3). A change is `[kind, [map]]`; the index of a variant is its kind.

use alloc::boxed::Box;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::decision::Level;
use sekisho_wire::id::{CardGuid, Code, Numbered, ReaderIdentity};

use crate::policy::Policy;
use crate::role::{Class, Role};
use crate::values::{Ed25519Key, NameHash, P256Key, PublicKeyBytes, Title};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// Founds the office: the first entry of its register log, and only that.
    #[n(1)]
    Found(#[n(0)] Box<Found>),
    /// Later entries may need this version of the register's rules.
    #[n(2)]
    RequireVersion(#[n(0)] RequireVersion),
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
    /// Issues a card (貸与).
    #[n(30)]
    IssueCard(#[n(0)] Box<IssueCard>),
    /// Changes a card's state.
    #[n(31)]
    CardState(#[n(0)] SetCardState),
    /// Wakes a dormant card for a named person and a limited time (S4 11(5)).
    #[n(32)]
    ActivateCard(#[n(0)] Box<ActivateCard>),
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
    /// A report of an incident; casebook only.
    #[n(60)]
    Incident(#[n(0)] ReportIncident),
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

/// Kind 1.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Found {
    /// The ledger's name: first part of the origin of each log.
    #[n(0)]
    pub ledger: Title,
    /// The office's name.
    #[n(1)]
    pub title: Title,
    /// 全国地方公共団体コード.
    #[n(2)]
    pub jurisdiction: Code,
    /// Keys of the logs and of the ledger's envelope.
    #[n(3)]
    pub keys: FoundingKeys,
    /// At least two administrators with their cards.
    #[n(4)]
    pub administrators: Vec<Administrator>,
    /// Keys on paper in the safe.
    #[n(5)]
    pub recovery: Recovery,
    /// The policy to begin with.
    #[n(6)]
    pub policy: Policy,
}

/// Public keys of the logs and the envelope.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FoundingKeys {
    /// Signs checkpoints of the records log.
    #[n(0)]
    pub records: Ed25519Key,
    /// Signs checkpoints of the register log.
    #[n(1)]
    pub register: Ed25519Key,
    /// Signs checkpoints of the casebook.
    #[n(2)]
    pub casebook: Ed25519Key,
    /// Opens envelopes (wire §8).
    #[n(3)]
    pub envelope: PublicKeyBytes,
}

/// An administrator named by the founding act. His post holds [`Role::FOUNDING`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Administrator {
    /// The person (照合ID).
    #[n(0)]
    pub operator: Code,
    /// The person's name.
    #[n(1)]
    pub name: NameHash,
    /// The post; administrators may share one.
    #[n(2)]
    pub post: Code,
    /// The card; its `operator` must be this one.
    #[n(3)]
    pub card: IssueCard,
}

/// `k` of these keys together may sign any act.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Recovery {
    /// How many are needed; 0 with no keys.
    #[n(0)]
    pub k: u8,
    /// The keys.
    #[n(1)]
    pub keys: Vec<Ed25519Key>,
}

/// Kind 2.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RequireVersion {
    /// Least version of rules a holder must know.
    #[n(0)]
    pub version: u16,
}

/// State of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SectionState {
    /// At work.
    #[n(0)]
    Open,
    /// Use is suspended (S2 6(3)).
    #[n(1)]
    Suspended,
    /// It no longer exists.
    #[n(2)]
    Ended,
}

/// Kind 10.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetSection {
    /// The section.
    #[n(0)]
    pub section: Code,
    /// Its name.
    #[n(1)]
    pub title: Title,
    /// Its state.
    #[n(2)]
    pub state: SectionState,
    /// From when.
    #[n(3)]
    pub effective: u64,
}

/// Kind 11.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetPost {
    /// The post.
    #[n(0)]
    pub post: Code,
    /// Its name.
    #[n(1)]
    pub title: Title,
    /// What it may do; ascending.
    #[n(2)]
    pub roles: Vec<Role>,
    /// Its section, if it belongs to one.
    #[n(3)]
    pub section: Option<Code>,
}

/// Kind 12.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HoldPost {
    /// The post.
    #[n(0)]
    pub post: Code,
    /// The person.
    #[n(1)]
    pub operator: Code,
    /// From when.
    #[n(2)]
    pub from: u64,
    /// Until when; absent: until he leaves it.
    #[n(3)]
    pub to: Option<u64>,
    /// As deputy (代決) of the holder.
    #[n(4)]
    pub deputy: bool,
}

/// Kind 13.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LeavePost {
    /// The post.
    #[n(0)]
    pub post: Code,
    /// The person.
    #[n(1)]
    pub operator: Code,
    /// From when.
    #[n(2)]
    pub effective: u64,
}

/// Whether something can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum UseState {
    /// In use.
    #[n(0)]
    InUse,
    /// No longer.
    #[n(2)]
    Ended,
}

/// Kind 15.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetFunction {
    /// The function.
    #[n(0)]
    pub function: Code,
    /// Its name.
    #[n(1)]
    pub title: Title,
    /// What must be proved for each use.
    #[n(2)]
    pub level: Level,
    /// Whether each use names a purpose (事由).
    #[n(3)]
    pub purpose_required: bool,
    /// Works on with a stale register.
    #[n(4)]
    pub essential: bool,
    /// The only kind of terminal it runs on.
    #[n(5)]
    pub terminal_kind: Option<TerminalKind>,
    /// The only callers that may ask for it; empty: any.
    #[n(6)]
    pub applications: Vec<Code>,
    /// In use or ended.
    #[n(7)]
    pub state: UseState,
    /// Needs a card-management card.
    #[n(8)]
    pub management: bool,
}

/// Kind 16.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetPurpose {
    /// The purpose.
    #[n(0)]
    pub purpose: Code,
    /// Its name.
    #[n(1)]
    pub title: Title,
    /// For which functions; empty: any.
    #[n(2)]
    pub functions: Vec<Code>,
    /// In use or ended.
    #[n(3)]
    pub state: UseState,
}

/// Class of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum PersonClass {
    /// 操作者.
    #[n(0)]
    Operator,
    /// 電算要員 (S3 10, 17).
    #[n(1)]
    SystemStaff,
}

/// Kind 20.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Designate {
    /// The person (照合ID).
    #[n(0)]
    pub operator: Code,
    /// The person's name.
    #[n(1)]
    pub name: NameHash,
    /// Operator or system staff.
    #[n(2)]
    pub class: PersonClass,
    /// The section he belongs to.
    #[n(3)]
    pub section: Code,
    /// From when.
    #[n(4)]
    pub from: u64,
    /// Until when.
    #[n(5)]
    pub to: u64,
    /// Terminals where he may work.
    #[n(6)]
    pub terminals: Vec<Code>,
    /// Sections at whose terminals he may work.
    #[n(7)]
    pub sections: Vec<Code>,
}

/// State of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum OperatorState {
    /// May work.
    #[n(0)]
    Active,
    /// Suspended.
    #[n(1)]
    Suspended,
    /// Ended (解除).
    #[n(2)]
    Ended,
}

/// Why a card or an operator changes state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum StateReason {
    /// None given.
    #[n(0)]
    None,
    /// 紛失.
    #[n(1)]
    Lost,
    /// 盗難.
    #[n(2)]
    Stolen,
    /// き損.
    #[n(3)]
    Damaged,
    /// 暗証番号の漏えい.
    #[n(4)]
    PinCompromised,
    /// 氏名変更.
    #[n(5)]
    NameChanged,
    /// 担当を外れた.
    #[n(6)]
    LeftDuty,
    /// 再交付.
    #[n(7)]
    Replaced,
    /// その他.
    #[n(8)]
    Other,
}

/// Kind 21.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetOperatorState {
    /// The person.
    #[n(0)]
    pub operator: Code,
    /// The new state.
    #[n(1)]
    pub state: OperatorState,
    /// From when.
    #[n(2)]
    pub effective: u64,
    /// Why.
    #[n(3)]
    pub reason: StateReason,
}

/// Kind 22.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GiveProfile {
    /// The person.
    #[n(0)]
    pub operator: Code,
    /// The permission (操作者ID).
    #[n(1)]
    pub profile: Code,
    /// What it permits.
    #[n(2)]
    pub functions: Vec<Code>,
    /// From when.
    #[n(3)]
    pub from: u64,
    /// Until when.
    #[n(4)]
    pub to: u64,
}

/// Kind 23.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WithdrawProfile {
    /// The person.
    #[n(0)]
    pub operator: Code,
    /// The permission.
    #[n(1)]
    pub profile: Code,
    /// From when.
    #[n(2)]
    pub effective: u64,
}

/// What a card is for (カード種別).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum CardKind {
    /// 業務カード.
    #[n(0)]
    Business,
    /// 特別業務カード.
    #[n(1)]
    Special,
    /// カード管理用カード.
    #[n(2)]
    CardManagement,
    /// 予備カード.
    #[n(3)]
    Spare,
    /// 緊急カード.
    #[n(4)]
    Emergency,
    /// 入室用カード: never opens a session.
    #[n(5)]
    RoomEntry,
}

impl CardKind {
    /// Whether a session can be opened with it at all.
    #[must_use]
    pub const fn opens_sessions(self) -> bool {
        !matches!(self, Self::RoomEntry)
    }
}

/// Kind 30.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IssueCard {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
    /// What it is for.
    #[n(1)]
    pub kind: CardKind,
    /// Whose it is; a spare or emergency card has nobody until it is activated.
    #[n(2)]
    pub operator: Option<Code>,
    /// Which of his profiles work with it; empty: all he holds.
    #[n(3)]
    pub profiles: Vec<Code>,
    /// Slot 9A.
    #[n(4)]
    pub authentication: P256Key,
    /// Slot 9C, on cards that sign acts.
    #[n(5)]
    pub signature: Option<P256Key>,
    /// Slot 9E.
    #[n(6)]
    pub presence: P256Key,
    /// From when.
    #[n(7)]
    pub from: u64,
    /// Until when.
    #[n(8)]
    pub to: u64,
    /// Sleeps until it is activated.
    #[n(9)]
    pub dormant: bool,
}

/// State of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum CardState {
    /// Usable.
    #[n(0)]
    Active,
    /// Suspended; can be lifted.
    #[n(1)]
    Suspended,
    /// Revoked; final (失効).
    #[n(2)]
    Revoked,
    /// Returned; final (返納).
    #[n(3)]
    Returned,
    /// Destroyed; final (廃棄).
    #[n(4)]
    Disposed,
}

impl CardState {
    /// Whether a card in this state can never be used again (§R4.4).
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Revoked | Self::Returned | Self::Disposed)
    }
}

/// Kind 31.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetCardState {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
    /// The new state.
    #[n(1)]
    pub state: CardState,
    /// Why.
    #[n(2)]
    pub reason: StateReason,
    /// From when.
    #[n(3)]
    pub effective: u64,
}

/// Kind 32.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ActivateCard {
    /// The dormant card.
    #[n(0)]
    pub card: CardGuid,
    /// Who gets it.
    #[n(1)]
    pub operator: Code,
    /// Which of his profiles work with it; empty: all he holds.
    #[n(2)]
    pub profiles: Vec<Code>,
    /// From when.
    #[n(3)]
    pub from: u64,
    /// Until when.
    #[n(4)]
    pub to: u64,
    /// Why, as the office codes its reasons.
    #[n(5)]
    pub reason: Code,
}

/// Kind of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum TerminalKind {
    /// 業務端末.
    #[n(0)]
    Business,
    /// 管理用端末機 (S0 2(8)).
    #[n(1)]
    Management,
    /// 統合端末.
    #[n(2)]
    Integrated,
    /// カード発行用端末.
    #[n(3)]
    CardIssuing,
}

/// Kind 40.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetTerminal {
    /// The terminal.
    #[n(0)]
    pub terminal: Code,
    /// Its kind.
    #[n(1)]
    pub kind: TerminalKind,
    /// Where it stands.
    #[n(2)]
    pub section: Code,
    /// The post responsible for it (端末装置管理責任者).
    #[n(3)]
    pub responsible: Option<Code>,
    /// What it is for; a function not listed is refused there.
    #[n(4)]
    pub functions: Vec<Code>,
    /// The readers it has; empty: any one.
    #[n(5)]
    pub readers: Vec<ReaderIdentity>,
    /// Signs its batches.
    #[n(6)]
    pub key: Ed25519Key,
}

/// State of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TerminalUse {
    /// At work.
    #[n(0)]
    Active,
    /// Suspended.
    #[n(1)]
    Suspended,
    /// Retired.
    #[n(2)]
    Retired,
}

/// Kind 41.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetTerminalState {
    /// The terminal.
    #[n(0)]
    pub terminal: Code,
    /// The new state.
    #[n(1)]
    pub state: TerminalUse,
    /// From when.
    #[n(2)]
    pub effective: u64,
}

/// Why a terminal begins a new history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EpochReason {
    /// Its disk was replaced.
    #[n(0)]
    Replaced,
    /// It was restored from a copy.
    #[n(1)]
    Restored,
    /// Two machines claimed to be it.
    #[n(2)]
    Fork,
    /// Something else.
    #[n(3)]
    Other,
}

/// Kind 42.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenEpoch {
    /// The terminal.
    #[n(0)]
    pub terminal: Code,
    /// The new epoch: larger than any before.
    #[n(1)]
    pub epoch: u32,
    /// Why.
    #[n(2)]
    pub reason: EpochReason,
}

/// From minute to minute of a local day, half-open; `[0, 0]` is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OpenSpan {
    /// First minute.
    #[n(0)]
    pub open: u16,
    /// First minute no longer open; at most 1440.
    #[n(1)]
    pub close: u16,
}

/// Kind 45.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetHours {
    /// For one terminal; absent: for all that have none of their own.
    #[n(0)]
    pub terminal: Option<Code>,
    /// Monday first.
    #[n(1)]
    pub week: [OpenSpan; 7],
}

/// Kind 46. Replaces the whole calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetCalendar {
    /// Legal days (days since 1970-01-01 in UTC+9) on which nothing is open; ascending.
    #[n(0)]
    pub closed: Vec<u32>,
    /// Days that keep Monday's hours although the week says closed; ascending.
    #[n(1)]
    pub open: Vec<u32>,
}

/// Kind 47.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GivePermit {
    /// Who.
    #[n(0)]
    pub operators: Vec<Code>,
    /// Where.
    #[n(1)]
    pub terminals: Vec<Code>,
    /// What; empty: every function.
    #[n(2)]
    pub functions: Vec<Code>,
    /// From when.
    #[n(3)]
    pub from: u64,
    /// Until when.
    #[n(4)]
    pub to: u64,
    /// Why, as the office codes its reasons.
    #[n(5)]
    pub reason: Code,
}

/// Kind 48.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EndPermit {
    /// The permit.
    #[n(0)]
    pub permit: Numbered,
    /// From when.
    #[n(1)]
    pub effective: u64,
}

/// State of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ConnectionState {
    /// 結合.
    #[n(0)]
    Connected,
    /// 結合停止.
    #[n(1)]
    Stopped,
}

/// Kind 50. Takes effect where it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetConnection {
    /// Connected or stopped.
    #[n(0)]
    pub state: ConnectionState,
    /// Which functions; empty: all business functions.
    #[n(1)]
    pub functions: Vec<Code>,
    /// The incident it answers.
    #[n(2)]
    pub incident: Option<Numbered>,
}

/// Kind 51.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetPolicy {
    /// The whole new policy.
    #[n(0)]
    pub policy: Policy,
}

/// Kind 52.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetRoute {
    /// For which changes.
    #[n(0)]
    pub class: Class,
    /// Who may propose (or sign, without approval); ascending.
    #[n(1)]
    pub proposers: Vec<Role>,
    /// Who approves; empty: no approval. Ascending.
    #[n(2)]
    pub approvers: Vec<Role>,
    /// Approver and proposer must be two persons.
    #[n(3)]
    pub distinct: bool,
}

/// Kind 53.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetLogKey {
    /// Which log.
    #[n(0)]
    pub log: Log,
    /// Its new key.
    #[n(1)]
    pub key: Ed25519Key,
    /// From when.
    #[n(2)]
    pub effective: u64,
}

/// Class of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum IncidentClass {
    /// 障害.
    #[n(0)]
    Failure,
    /// 不正行為.
    #[n(1)]
    Misuse,
}

/// Kind 60.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReportIncident {
    /// Failure or misuse.
    #[n(0)]
    pub class: IncidentClass,
    /// 脅威度 1 to 3.
    #[n(1)]
    pub level: u8,
    /// What kind, as the office codes it.
    #[n(2)]
    pub kind: Code,
    /// At which terminal.
    #[n(3)]
    pub terminal: Option<Code>,
    /// With which card.
    #[n(4)]
    pub card: Option<CardGuid>,
}

impl Change {
    /// Every kind this program knows; 54 (recovery), 55 (envelope_key) and 56 (witnesses) are reserved.
    pub const KINDS: [u16; 27] =
        [1, 2, 10, 11, 12, 13, 15, 16, 20, 21, 22, 23, 30, 31, 32, 40, 41, 42, 45, 46, 47, 48, 50, 51, 52, 53, 60];

    /// The number of its kind (§R3).
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::Found(_) => 1,
            Self::RequireVersion(_) => 2,
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
            Self::IssueCard(_) => 30,
            Self::CardState(_) => 31,
            Self::ActivateCard(_) => 32,
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
            Self::Incident(_) => 60,
        }
    }

    /// Whether it only takes rights away: then it never loses a race (§R4.3).
    #[must_use]
    pub const fn only_takes_away(&self) -> bool {
        match self {
            Self::LeavePost(_) | Self::WithdrawProfile(_) | Self::EndPermit(_) => true,
            Self::CardState(change) => !matches!(change.state, CardState::Active),
            Self::OperatorState(change) => !matches!(change.state, OperatorState::Active),
            Self::TerminalState(change) => !matches!(change.state, TerminalUse::Active),
            Self::Section(change) => !matches!(change.state, SectionState::Open),
            Self::Function(change) => matches!(change.state, UseState::Ended),
            Self::Purpose(change) => matches!(change.state, UseState::Ended),
            Self::Found(_)
            | Self::RequireVersion(_)
            | Self::Post(_)
            | Self::HoldPost(_)
            | Self::Designate(_)
            | Self::Profile(_)
            | Self::IssueCard(_)
            | Self::ActivateCard(_)
            | Self::Terminal(_)
            | Self::OpenEpoch(_)
            | Self::Hours(_)
            | Self::Calendar(_)
            | Self::Permit(_)
            | Self::Connection(_)
            | Self::Policy(_)
            | Self::Route(_)
            | Self::LogKey(_)
            | Self::Incident(_) => self.class().only_takes_away(),
        }
    }

    /// The class whose route this change takes (§R3).
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Found(_) | Self::RequireVersion(_) | Self::Route(_) | Self::LogKey(_) => Class::Founding,
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
            Self::Designate(_) | Self::OperatorState(_) | Self::Profile(_) | Self::WithdrawProfile(_) => {
                Class::Operators
            }
            Self::IssueCard(_) | Self::CardState(_) | Self::ActivateCard(_) => Class::Cards,
            Self::Terminal(_) | Self::TerminalState(_) | Self::OpenEpoch(_) => Class::Terminals,
            Self::Hours(_) | Self::Calendar(_) | Self::Permit(_) | Self::EndPermit(_) => Class::Hours,
            Self::Connection(change) if matches!(change.state, ConnectionState::Stopped) => Class::Stop,
            Self::Connection(_) => Class::Connection,
            Self::Policy(_) => Class::Policy,
            Self::Incident(_) => Class::Report,
        }
    }
}
