//! Hours, calendar and permits.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{Code, Numbered};

/// From minute to minute of a local day, half-open; `[0, 0]` is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OpenSpan {
    /// First minute.
    #[n(0)]
    pub open: u16,
    /// First minute no longer open; at most 1440.
    #[n(1)]
    pub close: u16,
}

/// Kind 45.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetHours {
    /// For one terminal; absent: for all that have none of their own.
    #[n(0)]
    pub terminal: Option<Code>,
    /// Monday first.
    #[n(1)]
    pub week: [OpenSpan; 7],
}

/// Kind 46. Replaces the whole calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SetCalendar {
    /// Legal days (days since 1970-01-01 in UTC+9) on which nothing is open; ascending.
    #[n(0)]
    pub closed: Vec<u32>,
    /// Days that keep Monday's hours although the week says closed; ascending.
    #[n(1)]
    pub open: Vec<u32>,
}

/// Kind 47.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GivePermit {
    /// Who.
    #[n(0)]
    pub operators: Vec<Code>,
    /// Where.
    #[n(1)]
    pub terminals: Vec<Code>,
    /// What; empty: every function.
    #[n(2)]
    pub functions: Vec<Code>,
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

/// Kind 48.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EndPermit {
    /// The permit.
    #[n(0)]
    pub permit: Numbered,
    /// From when.
    #[n(1)]
    pub effective: u64,
}
