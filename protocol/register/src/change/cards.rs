//! Cards.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{CardGuid, Code};
use sekisho_wire::words::Language;

use crate::change::StateReason;
use crate::values::{P256Key, Title};

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
    /// How it was destroyed; a disposed card has this, and no other.
    #[n(4)]
    pub disposal: Option<Disposal>,
}

/// How a card was destroyed (S2 9, S3 23(4)).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Disposal {
    /// On which day, days since 1970 of the legal calendar.
    #[n(0)]
    pub on: u32,
    /// How: 券面裁断・ICチップ破壊.
    #[n(1)]
    pub method: Title,
    /// By whom.
    #[n(2)]
    pub person: Code,
    /// Beside whom.
    #[n(3)]
    pub witness: Option<Code>,
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

/// Kind 33.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ResetPin {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
    /// How it was seen that its holder asked for it.
    #[n(1)]
    pub identified: Identified,
}

/// Kind 34.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinChanged {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
    /// When its holder gave it another PIN.
    #[n(1)]
    pub at: u64,
}

/// How a person was identified who showed his card (本人確認).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Identified {
    /// 職員証.
    #[n(1)]
    StaffCard,
    /// A document that somebody else issued: 運転免許証等.
    #[n(2)]
    Document,
    /// Known in person, as the head of the section confirms (面識).
    #[n(3)]
    Known,
}

impl Identified {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::StaffCard, Self::Document, Self::Known];

    /// Its name in programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StaffCard => "staff-card",
            Self::Document => "document",
            Self::Known => "known",
        }
    }

    /// For people.
    #[must_use]
    pub const fn title(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::StaffCard, Language::Japanese) => "職員証",
            (Self::Document, Language::Japanese) => "運転免許証等",
            (Self::Known, Language::Japanese) => "面識(所属長の確認)",
            (Self::StaffCard, Language::English) => "staff card",
            (Self::Document, Language::English) => "another document",
            (Self::Known, Language::English) => "known in person",
        }
    }
}
