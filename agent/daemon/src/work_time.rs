//! How long people have worked here, by the records of this terminal: a session that is open is work, and time without one a rest.

use std::collections::VecDeque;

use sekisho_register::Policy;
use sekisho_register::calendar::{local_day, moment};
use sekisho_wire::id::{Code, SessionId};
use sekisho_wire::reason::Reason;
use sekisho_wire::record::Body;

/// What is longer ago is forgotten, ms: it is another day, and a rest lies between.
const KEPT: u64 = 48 * 60 * 60 * 1000;

/// A session that was open from here to there, trusted time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    operator: Code,
    from: u64,
    to: u64,
}

/// What was worked, as a fold of records. It counts too little where a clock was stepped or the agent died, never too much.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkTime {
    /// In the order of their ends.
    done: VecDeque<Stretch>,
    /// Whose session is open, which, and since when.
    open: Option<(SessionId, Code, u64)>,
    /// Trusted time of the last record.
    last: u64,
}

impl WorkTime {
    /// Takes a record, in the order of the journal.
    pub(crate) fn see(&mut self, body: &Body, trusted: u64) {
        if let Body::SessionOpened(opening) | Body::SessionUnlocked(opening) = body {
            self.end(trusted);
            let input = &opening.input;
            self.open =
                input.session.zip(input.operator.clone()).map(|(session, operator)| (session, operator, trusted));
        } else if let Body::Locked(ended) | Body::SessionClosed(ended) = body {
            if self.open.as_ref().is_some_and(|(session, ..)| *session == ended.session) {
                // Of one that the agent did not live to end nobody knows more than the last record.
                self.end(if ended.reason == Reason::AgentDied { self.last } else { trusted });
            }
        } else if let Body::Clock(step) = body {
            self.stepped_to(step.to);
        }
        self.last = trusted;
    }

    fn end(&mut self, to: u64) {
        let Some((_, operator, from)) = self.open.take() else { return };
        self.done.push_back(Stretch { operator, from, to: to.max(from) });
        while self.done.front().is_some_and(|stretch| stretch.to.saturating_add(KEPT) < to) {
            self.done.pop_front();
        }
    }

    /// Nothing was worked in a time that has not come.
    fn stepped_to(&mut self, to: u64) {
        if let Some((_, _, from)) = &mut self.open {
            *from = (*from).min(to);
        }
        for stretch in &mut self.done {
            (stretch.from, stretch.to) = (stretch.from.min(to), stretch.to.min(to));
        }
    }

    /// This operator's stretches up to now, newest first; the first is the one that goes on, if one does.
    fn stretches(&self, operator: &Code, now: u64) -> impl Iterator<Item = (u64, u64)> {
        let open = self.open.as_ref().filter(|(_, whose, _)| whose == operator).map(|(_, _, from)| (*from, now));
        let done = self.done.iter().rev().filter(|stretch| stretch.operator == *operator);
        open.into_iter().chain(done.map(|stretch| (stretch.from, stretch.to)))
    }

    /// How many ms this operator has worked since his last rest of this length.
    pub(crate) fn without_rest(&self, operator: &Code, rest: u64, now: u64) -> u64 {
        let mut before = now;
        let in_one = self.stretches(operator, now).take_while(|(from, to)| {
            let rested = before.saturating_sub(*to) >= rest;
            before = *from;
            !rested
        });
        in_one.map(|(from, to)| to.saturating_sub(from)).sum()
    }

    /// How many ms this operator has worked on the legal day of `now`.
    pub(crate) fn on_day(&self, operator: &Code, now: u64) -> u64 {
        let morning = moment(local_day(now), 0);
        self.stretches(operator, now).map(|(from, to)| to.saturating_sub(from.max(morning))).sum()
    }

    /// When a rest of this length is over that began with the end of his last work.
    fn rested_at(&self, operator: &Code, rest: u64, now: u64) -> u64 {
        self.stretches(operator, now).next().map_or(now, |(_, to)| to.saturating_add(rest))
    }
}

/// What policy asks of this operator's work, and how far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkLeft {
    /// Worked without a rest, ms; 0 where none is asked for.
    pub(crate) worked: u64,
    /// Worked today, ms; 0 where there is no limit.
    pub(crate) today: u64,
    /// Until a rest is due, ms.
    pub(crate) rest_in: Option<u64>,
    /// Until the day's limit, ms.
    pub(crate) day_in: Option<u64>,
    /// When a rest that begins now, or began with the end of his last work, is over.
    pub(crate) rested_at: Option<u64>,
}

impl WorkLeft {
    /// By this policy, at this time.
    pub(crate) fn new(work: &WorkTime, operator: &Code, policy: &Policy, now: u64) -> Self {
        let ms = |seconds: u32| u64::from(seconds) * 1000;
        let mut hours = Self::default();
        if policy.rest_after_seconds > 0 {
            let rest = ms(policy.rest_seconds);
            hours.worked = work.without_rest(operator, rest, now);
            hours.rest_in = Some(ms(policy.rest_after_seconds).saturating_sub(hours.worked));
            hours.rested_at = Some(work.rested_at(operator, rest, now));
        }
        if policy.daily_seconds > 0 {
            let limit = ms(policy.daily_seconds);
            hours.today = work.on_day(operator, now);
            let left = limit.saturating_sub(hours.today);
            // At midnight the count begins anew.
            let midnight = moment(local_day(now) + 1, 0).saturating_sub(now);
            hours.day_in = Some(if left <= midnight { left } else { midnight.saturating_add(limit) });
        }
        hours
    }

    /// Whole seconds, as an input has them.
    pub(crate) fn seconds(ms: u64) -> u32 {
        u32::try_from(ms / 1000).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
#[path = "work_time/tests.rs"]
mod tests;
