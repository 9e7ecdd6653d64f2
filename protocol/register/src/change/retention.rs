//! Destroying what was kept as long as it had to be, orders that keep it longer, and the names and texts that go as well.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{Code, Numbered};
use sekisho_wire::record::Retention;

use crate::calendar::Month;
use crate::change::CaseId;
use crate::values::NameHash;

/// Kind 57. The contents of one class's records of some months, made in those months, are destroyed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Destroy {
    /// Of which class.
    #[n(0)]
    pub class: Retention,
    /// The first month.
    #[n(1)]
    pub from: Month,
    /// The first month that is not destroyed.
    #[n(2)]
    pub to: Month,
}

/// Whether a preservation order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum OrderState {
    /// 保全.
    #[n(0)]
    Holds,
    /// 解除.
    #[n(1)]
    Lifted,
}

/// Kind 58. A preservation order, or its lifting, which names the order and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Preserve {
    /// The order's own code: never used for a second one.
    #[n(0)]
    pub order: Code,
    /// Given or lifted.
    #[n(1)]
    pub state: OrderState,
    /// Which classes, ascending; empty: all.
    #[n(2)]
    pub classes: Vec<Retention>,
    /// The first month; absent: from the first record on.
    #[n(3)]
    pub from: Option<Month>,
    /// The first month that is not meant; absent: without end.
    #[n(4)]
    pub to: Option<Month>,
    /// The incident that it is for. Whose request it answers stands in the act.
    #[n(5)]
    pub incident: Option<Numbered>,
}

/// Kind 61. Every name that these persons ever had here is erased for good.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EraseNames {
    /// Whose, ascending; at least one.
    #[n(0)]
    pub operators: Vec<Code>,
}

/// Kind 64. Every text that stands in these cases is erased for good.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EraseTexts {
    /// Of which cases, ascending; at least one.
    #[n(0)]
    pub cases: Vec<CaseTexts>,
}

/// The texts of one case: whoever folds the register without the casebook knows by them what is gone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CaseTexts {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The hash of each text in it, ascending; at least one.
    #[n(1)]
    pub texts: Vec<NameHash>,
}
