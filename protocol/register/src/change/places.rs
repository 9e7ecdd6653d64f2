//! Terminals.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{Code, ReaderIdentity};

use crate::values::Ed25519Key;

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
