//! Grants that were taken back: counted nowhere as granted.

use std::collections::BTreeSet;

use sekisho_wire::record::{Body, Decision, Record};

use super::{Place, place};
use crate::said::Said;

/// What was taken back, as records come, newest first: so what takes a decision back is known before the decision comes, and no grant need be kept.
#[derive(Debug, Default)]
pub(crate) struct Withdrawals(BTreeSet<Place>);

/// How a decision is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    /// It let somebody do something.
    Granted,
    /// It was to, and was taken back: its answer was a refusal.
    Withdrawn,
    /// It refused.
    Refused,
}

impl Withdrawals {
    /// Takes a record, if it takes a decision back.
    pub(crate) fn add(&mut self, record: &Record) {
        if let Body::Withdrawn(withdrawn) = &record.body {
            self.0.insert(place(record, withdrawn.of));
        }
    }

    /// How this decision, which stands in that record, is counted.
    pub(crate) fn counts(&mut self, record: &Record, decision: &Decision) -> Counts {
        let withdrawn = self.0.remove(&place(record, record.seq));
        match decision.verdict.is_granted() {
            true if withdrawn => Counts::Withdrawn,
            true => Counts::Granted,
            false => Counts::Refused,
        }
    }

    /// Whatever has found no decision took one back that is not among these records.
    pub(crate) fn note(&self) -> Option<Said> {
        let alone = self.0.len();
        (alone > 0).then(|| {
            Said::made(
                format!("許可の取消が{alone}件あり、その許可はこの期間の記録にない"),
                format!("{alone} grants were taken back that are not among these records"),
            )
        })
    }
}
