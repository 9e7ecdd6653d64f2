//! Wishes: what somebody in the browser wants done that a card has to sign, until his companion has carried it out or it is too late.

use sekisho_register::change::{Answer, CaseId, ConnectionState};
use sekisho_register::everyday::Everyday;
use sekisho_register::forms::{Form, Step};
use sekisho_wire::id::{CaseReference, Code, Hash};

use super::hand::Hand;
use crate::clock::Millis;

/// What is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// To sign something, in somebody's name.
    Signed(What, Hand),
    /// To have an evidence file about this record, under this number.
    Evidence {
        /// Index in the records log.
        index: u64,
        /// Number of the permission to take it away.
        permission: Option<CaseReference>,
    },
}

/// What is to be signed. Values are as they were typed: whoever signs reads them, and the fold judges them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The approval of a proposal.
    Approve(Hash),
    /// What is said of an act.
    Answer {
        /// Of which.
        act: Hash,
        /// What.
        answer: Answer,
        /// Why; empty for no reason.
        reason: String,
    },
    /// A form that is filled in.
    Open {
        /// Which.
        form: Form,
        /// What stands in it.
        filled: Filled,
    },
    /// A step of a case.
    Step {
        /// Of which.
        case: CaseId,
        /// Which.
        step: &'static Step,
        /// What stands in it.
        filled: Filled,
    },
    /// A change of every day.
    Change {
        /// Which.
        which: Everyday,
        /// What stands in it.
        filled: Filled,
    },
    /// The connection, stopped or restored.
    Connection {
        /// Which of the two.
        state: ConnectionState,
        /// Which functions.
        functions: Vec<Code>,
        /// Or all business.
        is_all: bool,
        /// The incident it answers; empty for none.
        incident: String,
    },
}

/// Names of fields, and what was typed into them.
pub(crate) type Filled = Vec<(&'static str, String)>;

impl What {
    /// What was typed into a form.
    pub(crate) fn filled(&self) -> &[(&'static str, String)] {
        match self {
            Self::Open { filled, .. } | Self::Step { filled, .. } | Self::Change { filled, .. } => filled,
            Self::Approve(_) | Self::Answer { .. } | Self::Connection { .. } => &[],
        }
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was carried out.
    Done,
    /// The person said no.
    Declined,
    /// It could not be carried out.
    Failed,
    /// Nothing was heard of it in time.
    Late,
    /// Nobody was asked: something in its form is wrong.
    Wrong,
    /// Nobody was asked: others wait already.
    Crowded,
}

/// An end, and what the companion says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// In words of the companion; empty where it has none.
    pub(crate) said: String,
}

/// One wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Its number in this session.
    pub(crate) number: u64,
    /// What is wanted.
    pub(crate) wanted: Wanted,
    until: Millis,
    is_handed: bool,
    ended: Option<(Ended, Millis)>,
}

impl Wish {
    pub(super) const fn new(number: u64, wanted: Wanted, now: Millis) -> Self {
        Self { number, wanted, until: now.saturating_add(WISH), is_handed: false, ended: None }
    }

    /// The companion has it.
    pub(super) const fn hand_over(&mut self) {
        self.is_handed = true;
    }

    /// Whether the companion has it and may still carry it out.
    pub(super) fn is_in_hand(&self, now: Millis) -> bool {
        self.is_handed && self.outcome(now).is_none()
    }

    /// Whether the companion ever had it: then it may have been signed, whatever was heard of it.
    pub(crate) const fn was_handed(&self) -> bool {
        self.is_handed
    }

    /// Whether somebody may still say what became of it: too late is what is known until then.
    pub(super) fn is_unsettled(&self, now: Millis) -> bool {
        matches!(self.outcome(now), None | Some(Outcome::Late))
    }

    /// What became of it, if it has ended.
    pub(crate) fn outcome(&self, now: Millis) -> Option<Outcome> {
        let ended = self.ended.as_ref().map(|(ended, _)| ended.outcome);
        ended.or_else(|| (self.until <= now).then_some(Outcome::Late))
    }

    /// What the companion said of its end.
    pub(crate) fn said(&self) -> &str {
        self.ended.as_ref().map_or("", |(ended, _)| ended.said.as_str())
    }

    pub(super) fn end(&mut self, ended: Ended, now: Millis) {
        self.ended = Some((ended, now));
    }

    /// Too late is an end like any other.
    pub(super) fn look(&mut self, now: Millis) {
        if self.ended.is_none() && self.until <= now {
            self.end(Ended { outcome: Outcome::Late, said: String::new() }, now);
        }
    }

    /// Its page has had time to say so.
    pub(super) fn is_forgotten(&self, now: Millis) -> bool {
        self.ended.as_ref().is_some_and(|(_, at)| at.saturating_add(REMEMBERED) <= now)
    }
}

/// The time to read a proposal and type a PIN.
pub(crate) const WISH: Millis = 5 * 60_000;
/// How long its end is told.
const REMEMBERED: Millis = 10 * 60_000;
