//! What holds for the whole office: connection, policy, routes, log keys, witnesses.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{Code, Hash, Numbered};

use crate::change::Log;
use crate::policy::Policy;
use crate::role::{Class, Role};
use crate::values::{Ed25519Key, Title};

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
    /// Who approves, one after the other; empty: no approval. Each stage ascending.
    #[n(2)]
    pub stages: Vec<Vec<Role>>,
    /// Approver and proposer must be two persons.
    #[n(3)]
    pub distinct: bool,
}

/// Kind 53. Takes effect where it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetLogKey {
    /// Which log.
    #[n(0)]
    pub log: Log,
    /// Its new key.
    #[n(1)]
    pub key: Ed25519Key,
}

/// Kind 59. What was signed of a log and can be filled in by nobody is given up: another log goes on from what is there.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SucceedLog {
    /// Which log: records or casebook.
    #[n(0)]
    pub log: Log,
    /// Entries that its successor begins with.
    #[n(1)]
    pub kept_size: u64,
    /// Their root.
    #[n(2)]
    pub kept_root: Hash,
    /// Entries that were signed, as far as anybody has shown.
    #[n(3)]
    pub signed_size: u64,
}

/// Kind 56. Takes effect where it stands in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetWitnesses {
    /// All of them from now on, by name, ascending.
    #[n(0)]
    pub witnesses: Vec<Witness>,
    /// How many must have cosigned a checkpoint before records count as sealed under it; 0: none.
    #[n(1)]
    pub needed: u8,
}

/// Somebody who cosigns the office's logs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Witness {
    /// The name of its key (tlog §7.1).
    #[n(0)]
    pub name: Title,
    /// Its key of kind cosignature/v1 (tlog §9).
    #[n(1)]
    pub key: Ed25519Key,
}
