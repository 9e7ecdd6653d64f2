//! Cards.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{CardGuid, Code};

use crate::change::StateReason;
use crate::values::P256Key;

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

/// Kind 33.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ResetPin {
    /// The card.
    #[n(0)]
    pub card: CardGuid,
}
