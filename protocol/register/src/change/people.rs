//! Operators and their profiles.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::Code;

use crate::change::CardKind;
use crate::values::{NameHash, Title};

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

impl StateReason {
    /// Whether it is what people report of a card (S1 12(2)).
    #[must_use]
    pub const fn is_reported(self) -> bool {
        match self {
            Self::Lost | Self::Stolen | Self::Damaged | Self::PinCompromised => true,
            Self::None | Self::NameChanged | Self::LeftDuty | Self::Replaced | Self::Other => false,
        }
    }
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

/// Kind 24.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Qualify {
    /// The person.
    #[n(0)]
    pub operator: Code,
    /// For cards of which kinds; ascending.
    #[n(1)]
    pub kinds: Vec<CardKind>,
    /// By what it is so: a training, an examination, the document that says it.
    #[n(2)]
    pub ground: Title,
    /// From when.
    #[n(3)]
    pub from: u64,
    /// Until when.
    #[n(4)]
    pub to: u64,
}

/// Kind 25.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EndQualification {
    /// The person.
    #[n(0)]
    pub operator: Code,
    /// From when.
    #[n(1)]
    pub effective: u64,
}
