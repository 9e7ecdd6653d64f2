//! How long contents of records are kept, what keeps them longer, and what was destroyed (§R3.14).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use sekisho_wire::id::Code;
use sekisho_wire::record::Retention;

use crate::calendar::Month;
use crate::change::{Destroy, OrderState, Preserve};
use crate::erasure::Erased;
use crate::fold::Register;
use crate::office::Office;
use crate::policy::Policy;
use crate::refusal::{FoldRefusal, WrongValue};
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::timeline::Timeline;

/// The classes, by number.
pub const CLASSES: [Retention; 3] = [Retention::Access, Retention::Operation, Retention::Administration];

/// What was said of keeping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    destroyed: Vec<Destroyed>,
    pub(crate) erased: Vec<Erased>,
    orders: BTreeMap<Code, Order>,
}

/// Some months of a class that were destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// Index of the act.
    pub index: u64,
    /// What it says.
    pub months: Destroy,
}

/// A preservation order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Index of the act that gave it.
    pub index: u64,
    /// As it was given.
    pub given: Preserve,
    /// Index of the act that lifted it.
    pub lifted: Option<u64>,
}

impl Destroyed {
    /// Whether that month of that class is among them.
    #[must_use]
    pub fn covers(&self, class: Retention, month: Month) -> bool {
        self.months.class == class && self.months.from <= month && month < self.months.to
    }
}

impl Order {
    /// Whether it keeps records of that class and month.
    #[must_use]
    pub fn keeps(&self, class: Retention, month: Month) -> bool {
        let Preserve { classes, from, to, .. } = &self.given;
        self.lifted.is_none()
            && (classes.is_empty() || classes.contains(&class))
            && from.is_none_or(|from| from <= month)
            && to.is_none_or(|to| month < to)
    }
}

impl Kept {
    fn destroyed(&self, class: Retention, month: Month) -> Option<&Destroyed> {
        self.destroyed.iter().find(|destroyed| destroyed.covers(class, month))
    }

    /// The first month from this one on that was not destroyed.
    pub(crate) fn first_not_destroyed(&self, class: Retention, from: Month) -> Month {
        let of_class = self.destroyed.iter().map(|destroyed| destroyed.months).filter(|months| months.class == class);
        let mut months: Vec<Destroy> = of_class.collect();
        months.sort_by_key(|months| months.from);
        let behind = |next: Month, months: Destroy| if months.from <= next { next.max(months.to) } else { next };
        months.into_iter().fold(from, behind)
    }

    fn order(&self, class: Retention, month: Month) -> Option<&Order> {
        self.orders.values().find(|order| order.keeps(class, month))
    }
}

impl Register {
    /// From when the contents of that class and month may be destroyed, by what policy has said by `now`.
    #[must_use]
    pub fn kept_until(&self, class: Retention, month: Month, now: u64) -> u64 {
        let policy = self.state.office.as_ref().map(|office| &office.policy);
        policy.map_or(u64::MAX, |policy| kept_until(policy, class, month, now))
    }

    /// The act that destroyed that month of that class.
    #[must_use]
    pub fn destroyed(&self, class: Retention, month: Month) -> Option<&Destroyed> {
        self.state.office.as_ref()?.kept.destroyed(class, month)
    }

    /// Everything that was destroyed, in log order.
    #[must_use]
    pub fn all_destroyed(&self) -> &[Destroyed] {
        self.state.office.as_ref().map_or(&[], |office| &office.kept.destroyed)
    }

    /// A preservation order that keeps that month of that class.
    #[must_use]
    pub fn preserved(&self, class: Retention, month: Month) -> Option<&Order> {
        self.state.office.as_ref()?.kept.order(class, month)
    }

    /// The preservation order of that code, if it is not lifted.
    #[must_use]
    pub fn order_in_force(&self, code: &Code) -> Option<&Order> {
        self.state.office.as_ref()?.kept.orders.get(code).filter(|order| order.lifted.is_none())
    }

    /// Every preservation order, lifted ones included, by its code.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.state.office.iter().flat_map(|office| office.kept.orders.values())
    }
}

/// The first moment at which nothing of that month has to be kept any more. A period of years is counted from the day after the record's own
/// (Civil Code 140) and ends with the day before the day that answers to that one (143): for the last day of a month, with the last day of
/// the same month so many years on. 29 February falls out by itself.
fn kept_until(policy: &Timeline<Policy>, class: Retention, month: Month, now: u64) -> u64 {
    let years = |policy: &Policy| match class {
        Retention::Access => policy.retention_years.access,
        Retention::Operation => policy.retention_years.operation,
        Retention::Administration => policy.retention_years.administration,
    };
    // Every figure that held since the first record of the month was made: what was promised then, and what was asked for since.
    let begins = month.begins();
    let later = policy.iter().map(|dated| dated.effective).filter(|date| (begins..=now).contains(date));
    let longest = [begins].into_iter().chain(later).filter_map(|t| policy.at(t).map(years)).max();
    longest.map_or(u64::MAX, |years| month.after(years, 1).begins())
}

impl Draft<'_> {
    pub(crate) fn apply_destroy(&mut self, change: Destroy, at: Position) -> Result<(), FoldRefusal> {
        let Destroy { class, from, to } = change;
        if !(1..=MONTHS_MAX).contains(&to.0.saturating_sub(from.0)) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Months));
        }
        self.touch(Thing::Kept(class), at)?;
        let office = self.office_mut()?;
        (from.0..to.0).map(Month).try_for_each(|month| may_go(office, class, month, at.now))?;
        office.kept.destroyed.push(Destroyed { index: at.index, months: change });
        Ok(())
    }

    pub(crate) fn apply_preserve(&mut self, change: &Preserve, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Order(change.order.clone());
        self.touch(thing.clone(), at)?;
        let orders = &mut self.office_mut()?.kept.orders;
        match change.state {
            OrderState::Holds => {
                let months = change.from.zip(change.to).is_none_or(|(from, to)| from < to);
                if !months || !change.classes.is_sorted_by(|a, b| a < b) || orders.contains_key(&change.order) {
                    return Err(FoldRefusal::ValueWrong(WrongValue::Order));
                }
                orders.insert(change.order.clone(), Order { index: at.index, given: change.clone(), lifted: None });
            }
            OrderState::Lifted => {
                let names_more = !change.classes.is_empty() || change.from.is_some() || change.to.is_some();
                if names_more || change.incident.is_some() {
                    return Err(FoldRefusal::ValueWrong(WrongValue::Order));
                }
                let order = orders.get_mut(&change.order).ok_or_else(|| FoldRefusal::Unknown(thing.clone()))?;
                if order.lifted.is_some() {
                    return Err(FoldRefusal::Ended(thing));
                }
                order.lifted = Some(at.index);
            }
        }
        Ok(())
    }
}

pub(crate) fn may_go(office: &Office, class: Retention, month: Month, now: u64) -> Result<(), FoldRefusal> {
    if let Some(destroyed) = office.kept.destroyed(class, month) {
        return Err(FoldRefusal::Destroyed { class, month, index: destroyed.index });
    }
    let until = kept_until(&office.policy, class, month, now);
    if now < until {
        return Err(FoldRefusal::StillKept { class, month, until });
    }
    match office.kept.order(class, month) {
        Some(order) => Err(FoldRefusal::Preserved { order: order.given.order.clone(), month }),
        None => Ok(()),
    }
}

/// Ten years: each month costs the fold a look at every order.
pub const MONTHS_MAX: u32 = 120;
