//! Sections, posts and who holds them.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::Code;

use crate::role::Role;
use crate::values::Title;

/// State of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SectionState {
    /// At work.
    #[n(0)]
    Open,
    /// Use is suspended (S2 6(3)).
    #[n(1)]
    Suspended,
    /// It no longer exists.
    #[n(2)]
    Ended,
}

/// Kind 10.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetSection {
    /// The section.
    #[n(0)]
    pub section: Code,
    /// Its name.
    #[n(1)]
    pub title: Title,
    /// Its state.
    #[n(2)]
    pub state: SectionState,
    /// From when.
    #[n(3)]
    pub effective: u64,
}

/// Kind 11.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetPost {
    /// The post.
    #[n(0)]
    pub post: Code,
    /// Its name.
    #[n(1)]
    pub title: Title,
    /// What it may do; ascending.
    #[n(2)]
    pub roles: Vec<Role>,
    /// Its section, if it belongs to one.
    #[n(3)]
    pub section: Option<Code>,
    /// The post that records its decisions from paper, where it decides without a card.
    #[n(4)]
    pub keeper: Option<Code>,
}

/// Kind 12.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HoldPost {
    /// The post.
    #[n(0)]
    pub post: Code,
    /// The person.
    #[n(1)]
    pub operator: Code,
    /// From when.
    #[n(2)]
    pub from: u64,
    /// Until when; absent: until he leaves it.
    #[n(3)]
    pub to: Option<u64>,
    /// As deputy (代決) of the holder.
    #[n(4)]
    pub deputy: bool,
}

/// Kind 13.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LeavePost {
    /// The post.
    #[n(0)]
    pub post: Code,
    /// The person.
    #[n(1)]
    pub operator: Code,
    /// From when.
    #[n(2)]
    pub effective: u64,
}
