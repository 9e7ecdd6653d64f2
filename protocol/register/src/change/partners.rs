//! Other offices (register §R10): who they are, what their people may do here, what is decided together with them.

use alloc::string::String;
use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{CardGuid, CaseReference, Code, Hash, OfficeId};

use crate::act::Proposal;
use crate::change::Designate;
use crate::policy::Policy;
use crate::role::Class;
use crate::values::{Ed25519Key, P256Key, Title};

/// Kind 70. Another office (関係団体), and the log by which it can be believed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetPartner {
    /// What it is called here.
    #[n(0)]
    pub partner: Code,
    /// Its id: never another one under this code.
    #[n(1)]
    pub office: OfficeId,
    /// Its name.
    #[n(2)]
    pub title: Title,
    /// Its ledger's name: first part of the origin of its logs.
    #[n(3)]
    pub ledger: Title,
    /// The key of its register log.
    #[n(4)]
    pub key: Ed25519Key,
}

/// Kind 71. What its people may sign here (委託), under an agreement (協議書).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entrust {
    /// The trustee (受託町).
    #[n(0)]
    pub partner: Code,
    /// The agreement: each of its acts names it.
    #[n(1)]
    pub agreement: CaseReference,
    /// Changes of these classes, ascending.
    #[n(2)]
    pub classes: Vec<Class>,
    /// From when.
    #[n(3)]
    pub from: u64,
    /// Until when.
    #[n(4)]
    pub to: u64,
}

/// Kind 72. Its people sign nothing here any more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EndTrust {
    /// Whose.
    #[n(0)]
    pub partner: Code,
    /// From when.
    #[n(1)]
    pub effective: u64,
}

/// Kind 73. A person of another office, with the card that he has from there.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Admit {
    /// What he is here: his code, section, dates and places. The card works for as long.
    #[n(0)]
    pub designation: Designate,
    /// His home office.
    #[n(1)]
    pub partner: Code,
    /// His code there.
    #[n(2)]
    pub home: Code,
    /// His card.
    #[n(3)]
    pub card: CardGuid,
    /// Its key of slot 9A.
    #[n(4)]
    pub authentication: P256Key,
    /// Its key of slot 9C, for whoever is to sign acts as a trustee.
    #[n(5)]
    pub signature: Option<P256Key>,
    /// Its key of slot 9E.
    #[n(6)]
    pub presence: P256Key,
}

/// Kind 74. A policy that is to hold here once another office has decided the same.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SharePolicy {
    /// The other office, by its id: its own act names this one.
    #[n(0)]
    pub office: OfficeId,
    /// The agreement.
    #[n(1)]
    pub agreement: CaseReference,
    /// The whole policy; absent: none is shared any more.
    #[n(2)]
    pub policy: Option<Policy>,
    /// From when, if both have decided by then.
    #[n(3)]
    pub from: u64,
}

/// Kind 75. Shows that the other office has decided the same.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ShowShared {
    /// The other office.
    #[n(0)]
    pub office: OfficeId,
    /// The entry of its register log.
    #[n(1)]
    pub entry: Proposal,
    /// Where it lies there.
    #[n(2)]
    pub index: u64,
    /// The inclusion proof.
    #[n(3)]
    pub proof: Vec<Hash>,
    /// The checkpoint that it leads to, as a signed note.
    #[n(4)]
    pub checkpoint: String,
}
