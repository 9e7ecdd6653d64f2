//! Operating hours (運用時間), the calendar, and permits to work outside them (時間外使用, S3 18(4)).

use sekisho_wire::id::{Code, Numbered};

use crate::calendar::{fiscal_year, local_day, local_minute, moment, weekday};
use crate::change::{EndPermit, GivePermit, OpenSpan, SetCalendar, SetHours};
use crate::refusal::{FoldRefusal, WrongValue};
use crate::state::{Counted, Draft, Position};
use crate::thing::Thing;
use crate::timeline::Timeline;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// 8:30 to 17:15 from Monday to Friday: our default, until an act says otherwise.
pub const DEFAULT_WEEK: [OpenSpan; 7] = [OFFICE_DAY, OFFICE_DAY, OFFICE_DAY, OFFICE_DAY, OFFICE_DAY, CLOSED, CLOSED];
const OFFICE_DAY: OpenSpan = OpenSpan { open: 8 * 60 + 30, close: 17 * 60 + 15 };
const CLOSED: OpenSpan = OpenSpan { open: 0, close: 0 };

/// Hours of one terminal, or of all.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    pub(crate) versions: Timeline<[OpenSpan; 7]>,
}

impl Hours {
    /// The week in force at `t`, Monday first; nothing before the first that was set.
    #[must_use]
    pub fn week_at(&self, t: u64) -> Option<&[OpenSpan; 7]> {
        self.versions.at(t)
    }

    /// Every week that was ever set.
    #[must_use]
    pub const fn versions(&self) -> &Timeline<[OpenSpan; 7]> {
        &self.versions
    }
}

/// Hours on one day, by the week and the calendar.
pub(crate) fn span_on(week: &[OpenSpan; 7], calendar: &SetCalendar, day: u32) -> OpenSpan {
    let span = week[weekday(day)];
    if calendar.closed.binary_search(&day).is_ok() {
        CLOSED
    } else if span.is_closed() && calendar.open.binary_search(&day).is_ok() {
        week[0]
    } else {
        span
    }
}

/// Whether `t` lies within the hours.
pub(crate) fn is_open(week: &[OpenSpan; 7], calendar: &SetCalendar, t: u64) -> bool {
    let (span, minute) = (span_on(week, calendar, local_day(t)), local_minute(t));
    span.open <= minute && minute < span.close
}

/// When the hours that `t` lies in end; hours that run through midnight are followed for a week.
pub(crate) fn next_closing(week: &[OpenSpan; 7], calendar: &SetCalendar, t: u64) -> Option<u64> {
    if !is_open(week, calendar, t) {
        return None;
    }
    let first = local_day(t);
    let mut day = first;
    loop {
        let span = span_on(week, calendar, day);
        if span.close < DAY_MINUTES {
            return Some(moment(day, span.close));
        }
        day = day.checked_add(1)?;
        if day - first > 7 {
            return None;
        }
        if span_on(week, calendar, day).open != 0 || span_on(week, calendar, day).is_closed() {
            return Some(moment(day, 0));
        }
    }
}

impl OpenSpan {
    /// Nothing is open.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        self.open == self.close
    }

    const fn is_sound(self) -> bool {
        self.close <= DAY_MINUTES && (self.open < self.close || (self.open == 0 && self.close == 0))
    }
}

/// A permit to work outside the hours.
#[derive(Clone, Debug)]
pub struct Permit {
    number: Numbered,
    index: u64,
    /// As given, but not before its act.
    begins: u64,
    given: GivePermit,
    ends: Timeline<()>,
}

impl Permit {
    /// Its number.
    #[must_use]
    pub const fn number(&self) -> Numbered {
        self.number
    }

    /// Index of the act that gave it.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// As it was given.
    #[must_use]
    pub const fn given(&self) -> &GivePermit {
        &self.given
    }

    /// Every end that was put to it before its own, from when and by which act.
    #[must_use]
    pub const fn ends(&self) -> &Timeline<()> {
        &self.ends
    }

    /// Whether it is in force at `t`.
    #[must_use]
    pub fn is_in_force(&self, t: u64) -> bool {
        self.begins <= t && t < self.given.to && self.ends.at(t).is_none()
    }

    /// Whether it lets this person work here at `t`; with a function, run it.
    #[must_use]
    pub fn covers(&self, operator: &Code, terminal: &Code, function: Option<&Code>, t: u64) -> bool {
        let given = &self.given;
        self.is_in_force(t)
            && given.operators.contains(operator)
            && given.terminals.contains(terminal)
            && function.is_none_or(|function| given.functions.is_empty() || given.functions.contains(function))
    }
}

impl Draft<'_> {
    pub(crate) fn apply_hours(&mut self, change: &SetHours, at: Position) -> Result<(), FoldRefusal> {
        if !change.week.iter().all(|span| span.is_sound()) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Hours));
        }
        change.terminal.iter().try_for_each(|terminal| self.need_terminal(terminal))?;
        self.touch(Thing::Hours(change.terminal.clone()), at)?;
        if self.hours_mut(&change.terminal).is_none() {
            self.new_entries().hours.insert(change.terminal.clone(), Hours::default());
        }
        if let Some(hours) = self.hours_mut(&change.terminal) {
            hours.versions.push(at.index, at.effective, change.week);
        }
        Ok(())
    }

    pub(crate) fn apply_calendar(&mut self, change: &SetCalendar, at: Position) -> Result<(), FoldRefusal> {
        let ascending = |days: &[u32]| days.is_sorted_by(|a, b| a < b);
        if !ascending(&change.closed) || !ascending(&change.open) {
            return Err(FoldRefusal::ValueWrong(WrongValue::CalendarDays));
        }
        self.touch(Thing::Calendar, at)?;
        self.office_mut()?.calendar.push(at.index, at.effective, change.clone());
        Ok(())
    }

    pub(crate) fn apply_permit(&mut self, change: &GivePermit, at: Position) -> Result<Numbered, FoldRefusal> {
        if change.operators.is_empty() || change.terminals.is_empty() || change.to <= change.from {
            return Err(FoldRefusal::ValueWrong(WrongValue::Permit));
        }
        change.operators.iter().try_for_each(|operator| self.need_operator(operator, at))?;
        change.terminals.iter().try_for_each(|terminal| self.need_terminal(terminal))?;
        change.functions.iter().try_for_each(|function| self.need_function(function))?;
        let number = self.next_number(Counted::Permits, fiscal_year(at.made));
        self.touch(Thing::Permit(number), at)?;
        let begins = at.from(change.from);
        let permit = Permit { number, index: at.index, begins, given: change.clone(), ends: Timeline::default() };
        self.new_entries().permits.insert(number, permit);
        Ok(number)
    }

    pub(crate) fn apply_end_permit(&mut self, change: &EndPermit, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Permit(change.permit);
        self.touch(thing.clone(), at)?;
        let permit = self.permit_mut(&change.permit).ok_or(FoldRefusal::Unknown(thing))?;
        permit.ends.push(at.index, at.from(change.effective), ());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Date, day_of_date};

    fn at(day: u8, hour: u16, minute: u16) -> u64 {
        moment(day_of_date(Date { year: 2026, month: 11, day }), hour * 60 + minute)
    }

    #[test]
    fn hours_are_half_open_and_weekends_closed() {
        let calendar = SetCalendar::default();
        // 2026-11-24 is a Tuesday, the 22nd a Sunday.
        assert!(!is_open(&DEFAULT_WEEK, &calendar, at(24, 8, 29)));
        assert!(is_open(&DEFAULT_WEEK, &calendar, at(24, 8, 30)));
        assert!(is_open(&DEFAULT_WEEK, &calendar, at(24, 17, 14)));
        assert!(!is_open(&DEFAULT_WEEK, &calendar, at(24, 17, 15)));
        assert!(!is_open(&DEFAULT_WEEK, &calendar, at(22, 10, 0)));
        assert_eq!(next_closing(&DEFAULT_WEEK, &calendar, at(24, 9, 0)), Some(at(24, 17, 15)));
        assert_eq!(next_closing(&DEFAULT_WEEK, &calendar, at(24, 18, 0)), None);
    }

    #[test]
    fn the_calendar_closes_holidays_and_opens_single_days() {
        let day = |day| day_of_date(Date { year: 2026, month: 11, day });
        let calendar = SetCalendar { closed: alloc::vec![day(23)], open: alloc::vec![day(22)] };
        assert!(!is_open(&DEFAULT_WEEK, &calendar, at(23, 10, 0)));
        assert!(is_open(&DEFAULT_WEEK, &calendar, at(22, 10, 0)));
    }

    #[test]
    fn hours_through_midnight_end_where_they_end() {
        let all_day = OpenSpan { open: 0, close: 1440 };
        let mut week = [all_day; 7];
        assert_eq!(next_closing(&week, &SetCalendar::default(), at(24, 10, 0)), None);
        week[2] = OpenSpan { open: 0, close: 60 };
        assert_eq!(next_closing(&week, &SetCalendar::default(), at(24, 10, 0)), Some(at(25, 1, 0)));
        week[2] = CLOSED;
        assert_eq!(next_closing(&week, &SetCalendar::default(), at(24, 10, 0)), Some(at(25, 0, 0)));
    }
}
