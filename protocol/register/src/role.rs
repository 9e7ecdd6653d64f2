//! Roles that posts hold (§R3.1), and the classes of change whose routes speak of them (§R3.2).

use minicbor::{Decode, Encode};

/// A function that a post holds. Offices differ in which post holds which; the numbers stand in §R3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// セキュリティ統括責任者 (S1 5).
    #[n(1)]
    ChiefSecurityOfficer,
    /// 市長・広域連合長 (S1 14–16, S4 14, 21). Holds no card: recorded from paper by its keeper.
    #[n(2)]
    Executive,
    /// セキュリティ対策委員会 (S1 8). Holds no card.
    #[n(3)]
    SecurityCommittee,
    /// システム管理者 (S1 6).
    #[n(4)]
    SystemManager,
    /// データ保護管理者 (S0 5, S3 8, S4 3).
    #[n(5)]
    DataProtectionManager,
    /// 端末機操作管理者, アクセス管理責任者 (S1 10).
    #[n(6)]
    AccessManager,
    /// セキュリティ責任者 (S1 7).
    #[n(7)]
    SecurityManager,
    /// 端末装置管理責任者, 端末機取扱責任者 (S4 9, S0 7).
    #[n(8)]
    TerminalManager,
    /// 操作者.
    #[n(9)]
    Operator,
    /// 臨時・緊急の操作者 (S4 11(5)).
    #[n(10)]
    TemporaryOperator,
    /// 電算要員 (S3 10, 17).
    #[n(11)]
    SystemStaff,
    /// 検査・監査 (S3 34, S4 4(4)).
    #[n(12)]
    Auditor,
    /// 受託町の管理者 (S0 3, 6).
    #[n(13)]
    TrusteeAdmin,
    /// データ取扱責任者: head of a section (S4 5–6, S3 9).
    #[n(14)]
    DataHandlingManager,
}

/// Who may search and read records (LEDGER §L5), and so may write evidence of them.
pub const READERS: [Role; 6] = [
    Role::SystemManager,
    Role::AccessManager,
    Role::SecurityManager,
    Role::DataProtectionManager,
    Role::Auditor,
    Role::ChiefSecurityOfficer,
];

/// Who may read the casebook: those who have something to decide, to answer or to look at in it (LEDGER §L4).
pub const CASE_READERS: [Role; 11] = [
    Role::ChiefSecurityOfficer,
    Role::Executive,
    Role::SecurityCommittee,
    Role::SystemManager,
    Role::DataProtectionManager,
    Role::AccessManager,
    Role::SecurityManager,
    Role::TerminalManager,
    Role::SystemStaff,
    Role::Auditor,
    Role::DataHandlingManager,
];

impl Role {
    /// Every role, by number.
    pub const ALL: [Self; 14] = [
        Self::ChiefSecurityOfficer,
        Self::Executive,
        Self::SecurityCommittee,
        Self::SystemManager,
        Self::DataProtectionManager,
        Self::AccessManager,
        Self::SecurityManager,
        Self::TerminalManager,
        Self::Operator,
        Self::TemporaryOperator,
        Self::SystemStaff,
        Self::Auditor,
        Self::TrusteeAdmin,
        Self::DataHandlingManager,
    ];

    /// The roles a founding administrator's post holds: those that some route of ours admits and that a card can carry.
    pub const FOUNDING: [Self; 6] = [
        Self::ChiefSecurityOfficer,
        Self::SystemManager,
        Self::DataProtectionManager,
        Self::AccessManager,
        Self::SecurityManager,
        Self::TerminalManager,
    ];

    /// Whether it is a head's of a section: in a post that has a section it reaches over that section alone (§R3.19).
    #[must_use]
    pub const fn is_of_a_section(self) -> bool {
        matches!(self, Self::TerminalManager | Self::DataHandlingManager)
    }

    /// The name in programs and on the wire of the ledger (LEDGER §L4).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChiefSecurityOfficer => "chief_security_officer",
            Self::Executive => "executive",
            Self::SecurityCommittee => "security_committee",
            Self::SystemManager => "system_manager",
            Self::DataProtectionManager => "data_protection_manager",
            Self::AccessManager => "access_manager",
            Self::SecurityManager => "security_manager",
            Self::TerminalManager => "terminal_manager",
            Self::Operator => "operator",
            Self::TemporaryOperator => "temporary_operator",
            Self::SystemStaff => "system_staff",
            Self::Auditor => "auditor",
            Self::TrusteeAdmin => "trustee_admin",
            Self::DataHandlingManager => "data_handling_manager",
        }
    }

    /// The name in Japanese.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ChiefSecurityOfficer => "セキュリティ統括責任者",
            Self::Executive => "首長",
            Self::SecurityCommittee => "セキュリティ対策委員会",
            Self::SystemManager => "システム管理者",
            Self::DataProtectionManager => "データ保護管理者",
            Self::AccessManager => "アクセス管理責任者",
            Self::SecurityManager => "セキュリティ責任者",
            Self::TerminalManager => "端末装置管理責任者",
            Self::Operator => "操作者",
            Self::TemporaryOperator => "臨時操作者",
            Self::SystemStaff => "電算要員",
            Self::Auditor => "監査者",
            Self::TrusteeAdmin => "受託管理者",
            Self::DataHandlingManager => "データ取扱責任者",
        }
    }

    /// The role of that [`Role::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What a change is about: a route is given for each class (§R3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Class {
    /// The office itself: founding, versions, log keys, routes.
    #[n(0)]
    Founding,
    /// Sections and posts.
    #[n(1)]
    Organisation,
    /// Functions and purposes.
    #[n(2)]
    Functions,
    /// Operators and their profiles.
    #[n(3)]
    Operators,
    /// Cards.
    #[n(4)]
    Cards,
    /// Taking rights away from a card, an operator or a terminal at once.
    #[n(5)]
    Block,
    /// Terminals.
    #[n(6)]
    Terminals,
    /// Hours, calendar, permits.
    #[n(7)]
    Hours,
    /// Disconnection (結合停止).
    #[n(8)]
    Stop,
    /// Reconnection (再結合).
    #[n(9)]
    Connection,
    /// Policy.
    #[n(10)]
    Policy,
    /// Reports into the casebook.
    #[n(11)]
    Report,
    /// Destroying what was kept as long as it had to be; lifting what keeps it longer.
    #[n(12)]
    Destruction,
    /// Keeping records longer than policy says, for an incident or a request.
    #[n(13)]
    Preservation,
    /// Waking a dormant card for a named person and a limited time: its making was approved beforehand (S4 11(5)).
    #[n(14)]
    Activation,
}

impl Class {
    /// Every class, by number.
    pub const ALL: [Self; 15] = [
        Self::Founding,
        Self::Organisation,
        Self::Functions,
        Self::Operators,
        Self::Cards,
        Self::Block,
        Self::Terminals,
        Self::Hours,
        Self::Stop,
        Self::Connection,
        Self::Policy,
        Self::Report,
        Self::Destruction,
        Self::Preservation,
        Self::Activation,
    ];

    /// The name in programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Founding => "founding",
            Self::Organisation => "organisation",
            Self::Functions => "functions",
            Self::Operators => "operators",
            Self::Cards => "cards",
            Self::Block => "block",
            Self::Terminals => "terminals",
            Self::Hours => "hours",
            Self::Stop => "stop",
            Self::Connection => "connection",
            Self::Policy => "policy",
            Self::Report => "report",
            Self::Destruction => "destruction",
            Self::Preservation => "preservation",
            Self::Activation => "activation",
        }
    }

    /// The name in Japanese.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Founding => "設置",
            Self::Organisation => "組織・職",
            Self::Functions => "業務機能",
            Self::Operators => "操作者",
            Self::Cards => "カード",
            Self::Block => "利用の停止",
            Self::Terminals => "端末機",
            Self::Hours => "運用時間",
            Self::Stop => "結合停止",
            Self::Connection => "再結合",
            Self::Policy => "運用方針",
            Self::Report => "報告",
            Self::Destruction => "記録の廃棄",
            Self::Preservation => "記録の保全",
            Self::Activation => "予備カードの有効化",
        }
    }

    /// Only takes rights away (that of destroying is one): needs no approval and never loses a race (§R3.3, §R4.3).
    #[must_use]
    pub const fn only_takes_away(self) -> bool {
        matches!(self, Self::Block | Self::Stop | Self::Preservation)
    }

    /// Whether a policy may ask that its acts name a permit to use the system (§R5): they set something up for a section. What blocks, stops, founds or
    /// changes the policy itself waits for no permit.
    #[must_use]
    pub const fn may_ask_for_a_permit(self) -> bool {
        match self {
            Self::Organisation
            | Self::Functions
            | Self::Operators
            | Self::Cards
            | Self::Terminals
            | Self::Hours
            | Self::Activation => true,
            Self::Founding
            | Self::Block
            | Self::Stop
            | Self::Connection
            | Self::Policy
            | Self::Report
            | Self::Destruction
            | Self::Preservation => false,
        }
    }
}
