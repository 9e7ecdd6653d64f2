//! What acts are about: each thing remembers the log index of its last change (§R4.3).

use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::id::{CardGuid, Code, Numbered, OfficeId};
use sekisho_wire::record::Retention;
use sekisho_wire::words::Language;

use crate::change::{CardKind, CaseId, Log};
use crate::role::Class;
use crate::wareki;

/// One thing in the register.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// The office itself.
    Office,
    /// A section.
    Section(Code),
    /// A post.
    Post(Code),
    /// A person in a post: post and operator.
    Seat(Code, Code),
    /// An operator.
    Operator(Code),
    /// A profile held by an operator.
    Profile(Code, Code),
    /// That an operator qualifies for cards.
    Qualification(Code),
    /// A card.
    Card(CardGuid),
    /// A terminal.
    Terminal(Code),
    /// A function.
    Function(Code),
    /// A purpose.
    Purpose(Code),
    /// Hours of one terminal, or of all.
    Hours(Option<Code>),
    /// The calendar.
    Calendar,
    /// A permit.
    Permit(Numbered),
    /// The connection.
    Connection,
    /// The policy.
    Policy,
    /// A route.
    Route(Class),
    /// The recovery keys.
    RecoveryKeys,
    /// A log's key.
    LogKey(Log),
    /// Which log goes on in its place.
    Successor(Log),
    /// What is kept of a retention class.
    Kept(Retention),
    /// A preservation order.
    Order(Code),
    /// The texts of a case.
    Case(CaseId),
    /// The witnesses.
    Witnesses,
    /// Another office.
    Partner(Code),
    /// What another office may sign here.
    Trust(Code),
    /// The policy that is shared with another office.
    Shared(OfficeId),
}

impl Thing {
    /// Kind and code, for people.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let japanese = language == Language::Japanese;
        let (ja, en, code) = match self {
            Self::Office => ("団体", "office", String::new()),
            Self::Section(code) => ("課", "section", code.to_string()),
            Self::Post(code) => ("職", "post", code.to_string()),
            Self::Seat(post, operator) => ("職", "post", format!("{post} ({operator})")),
            Self::Operator(code) => ("操作者", "operator", code.to_string()),
            Self::Profile(operator, profile) => ("操作権限", "profile", format!("{profile} ({operator})")),
            Self::Qualification(code) => ("交付資格", "qualification of operator", code.to_string()),
            Self::Card(guid) => ("カード", "card", guid.to_string()),
            Self::Terminal(code) => ("端末", "terminal", code.to_string()),
            Self::Function(code) => ("機能", "function", code.to_string()),
            Self::Purpose(code) => ("事由", "purpose", code.to_string()),
            Self::Hours(None) => ("運用時間", "hours", String::new()),
            Self::Hours(Some(code)) => ("端末の運用時間", "hours of terminal", code.to_string()),
            Self::Calendar => ("休日表", "calendar", String::new()),
            Self::Permit(number) => ("時間外使用許可", "permit", wareki::numbered(*number, language)),
            Self::Connection => ("結合", "connection", String::new()),
            Self::Policy => ("運用方針", "policy", String::new()),
            Self::Route(class) if japanese => ("決裁区分", "", class.title().to_string()),
            Self::Route(class) => ("", "route", class.name().to_string()),
            Self::Witnesses => ("立会人", "witnesses", String::new()),
            Self::RecoveryKeys => ("復旧鍵", "recovery keys", String::new()),
            Self::LogKey(log) => ("記録簿の鍵", "log key", log.name(language).to_string()),
            Self::Successor(log) => ("ログの引継ぎ", "successor of log", log.name(language).to_string()),
            Self::Kept(class) => ("保存中の記録", "records of class", class_name(*class, language).to_string()),
            Self::Partner(code) => ("関係団体", "partner office", code.to_string()),
            Self::Trust(code) => ("委託先", "trustee", code.to_string()),
            Self::Shared(office) => ("共通の運用方針", "policy shared with office", office.to_string()),
            Self::Case(case) if japanese => ("本文:", "", case.text(language)),
            Self::Case(case) => ("", "texts of", case.text(language)),
            Self::Order(code) => ("保全命令", "preservation order", code.to_string()),
        };
        let kind = if japanese { ja } else { en };
        if code.is_empty() { kind.to_string() } else { format!("{kind} {code}") }
    }
}

impl CardKind {
    /// What it is for, for people.
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Business, Language::Japanese) => "業務カード",
            (Self::Special, Language::Japanese) => "特別業務カード",
            (Self::CardManagement, Language::Japanese) => "カード管理用カード",
            (Self::Spare, Language::Japanese) => "予備カード",
            (Self::Emergency, Language::Japanese) => "緊急カード",
            (Self::RoomEntry, Language::Japanese) => "入室用カード",
            (Self::Business, Language::English) => "business",
            (Self::Special, Language::English) => "special",
            (Self::CardManagement, Language::English) => "card-management",
            (Self::Spare, Language::English) => "spare",
            (Self::Emergency, Language::English) => "emergency",
            (Self::RoomEntry, Language::English) => "room-entry",
        }
    }
}

impl Log {
    /// What the log of this generation is called in its origin and in addresses (LEDGER §L2): `records`, and `records-2` for its first successor.
    #[must_use]
    pub fn name_of(self, generation: u32) -> String {
        let name = self.name(Language::English);
        if generation > 1 { format!("{name}-{generation}") } else { name.into() }
    }

    /// Its name, for people.
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Records, Language::Japanese) => "操作記録",
            (Self::Register, Language::Japanese) => "登録簿",
            (Self::Casebook, Language::Japanese) => "処理簿",
            (Self::Records, Language::English) => "records",
            (Self::Register, Language::English) => "register",
            (Self::Casebook, Language::English) => "casebook",
        }
    }
}

/// The name of a retention class, for people.
#[must_use]
pub const fn class_name(class: Retention, language: Language) -> &'static str {
    match (class, language) {
        (Retention::Access, Language::Japanese) => "操作履歴",
        (Retention::Operation, Language::Japanese) => "稼働状況",
        (Retention::Administration, Language::Japanese) => "管理",
        (Retention::Access, Language::English) => "access",
        (Retention::Operation, Language::English) => "operation",
        (Retention::Administration, Language::English) => "administration",
    }
}
