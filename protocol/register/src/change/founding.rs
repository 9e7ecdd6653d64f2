//! The founding of an office, and versions of rules.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::Code;

use crate::change::IssueCard;
use crate::policy::Policy;
use crate::values::{Ed25519Key, NameHash, PublicKeyBytes, Title};

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

/// An administrator named by the founding act. His post holds [`crate::Role::FOUNDING`].
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

/// `k` of these keys together may announce any changes, and carry them out when the waiting time is over (§R3.17). Also kind 3.
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
