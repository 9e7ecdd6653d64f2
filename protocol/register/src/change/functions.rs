//! Functions and purposes.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::decision::Level;
use sekisho_wire::id::Code;

use crate::change::TerminalKind;
use crate::values::Title;

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
