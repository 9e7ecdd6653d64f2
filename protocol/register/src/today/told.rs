//! What people have to be told, to know or to acknowledge.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use super::{NOTICE_TIME, Task, Waits};
use crate::calendar::{DAY_MS, local_day, moment};
use crate::casebook::Casebook;
use crate::cases::{Case, Whose};
use crate::change::{CardState, OperatorState, PersonClass, Value};
use crate::fold::Register;
use crate::forms::{Form, HEADS, cards, people};
use crate::people::{Operator, Profile, ProfileStanding, Standing};
use crate::role::Role;
use crate::timeline::Dated;

/// Whoever works here for two months and took part in nothing for a year: only where an office writes trainings down.
pub(super) fn untrained(register: &Register, casebook: &Casebook, now: u64) -> Vec<Task> {
    let mut last = alloc::collections::BTreeMap::<&Code, u32>::new();
    for case in casebook.cases_on(Form::Training) {
        for taken in case.taken(people::ATTENDED).filter(|taken| taken.written.made <= now) {
            let (who, on) = (taken.written.field(people::ATTENDED_WHO), taken.written.field(people::ATTENDED_DAY));
            if let (Some(Value::Code(who)), Some(Value::Day(on))) = (who, on) {
                let newest = last.entry(who).or_default();
                *newest = (*newest).max(*on);
            }
        }
    }
    if !casebook.cases_on(Form::Training).any(|case| case.opened.made <= now) {
        return Vec::new();
    }
    let year_ago = local_day(now).saturating_sub(YEAR_DAYS);
    let at_work = register.operators().filter(|operator| {
        let long = operator.designations().iter().any(|said| said.value.from.saturating_add(NEW_HERE) <= now);
        operator.is_current(now) && long && operator.home().is_none()
    });
    let untrained = at_work.filter(|operator| last.get(operator.code()).is_none_or(|on| *on <= year_ago));
    untrained
        .map(|operator| {
            let last = last.get(operator.code()).map_or(0, |on| moment(*on, 0));
            let whose = Whose::Roles([Role::SystemManager, Role::SecurityManager, Role::DataProtectionManager].into());
            Task { what: Waits::Untrained(operator.code().clone()), whose, since: last, due: None }
        })
        .collect()
}

/// Changes of the last weeks of somebody's card or permissions that no notice speaks of. Who is given a card in his hand knows of it, and of all that he was
/// given until then.
pub(super) fn not_told(register: &Register, casebook: &Casebook, now: u64) -> Vec<Task> {
    let told: BTreeSet<(u64, Told<'_>)> =
        notices(casebook).filter_map(|notice| Some((told_of(register, notice)?, to_whom(notice)?))).collect();
    let (mut changes, mut about) = (BTreeSet::<(u64, Code, u64)>::new(), BTreeMap::<u64, BTreeSet<&Code>>::new());
    let recent = |effective: u64| effective <= now && effective.saturating_add(NOTICE_TIME) > now;
    for card in register.cards_by_number() {
        let Some(holder) = card.issued().operator.as_ref() else { continue };
        for said in card.states().iter() {
            about.entry(said.index).or_default().insert(holder);
        }
        let said = card.states().iter().filter(|said| recent(said.effective));
        let told_by_hand = |state: CardState| matches!(state, CardState::Returned | CardState::Disposed);
        changes.extend(
            said.filter(|said| !told_by_hand(said.value.0)).map(|said| (said.index, holder.clone(), said.effective)),
        );
    }
    let first_cards = first_cards(register);
    for operator in register.operators() {
        let began = operator.designations().iter().map(|said| said.index).min().unwrap_or(0);
        let with_card = first_cards.get(operator.code()).copied().unwrap_or(u64::MAX);
        for (profile, words) in operator.profiles() {
            for said in words.iter() {
                about.entry(said.index).or_default().insert(operator.code());
            }
            // What was given on the first day is what he was told he would do.
            let later = |index: u64| index > began && index > with_card;
            let said = words
                .iter()
                .filter(|said| recent(said.effective) && later(said.index) && !goes_on(operator, profile, said));
            changes.extend(said.map(|said| (said.index, operator.code().clone(), said.effective)));
        }
    }
    // A notice that does not say to whom told the one person whom its act is about; of many it has to say so.
    let alone = |index: &u64| about.get(index).is_some_and(|persons| persons.len() == 1);
    let knows = |index: &u64, operator: &Code| {
        told.contains(&(*index, Told::Person(operator)))
            || told.contains(&(*index, Told::All))
            || (alone(index) && told.contains(&(*index, Told::Nobody)))
    };
    let open = changes.into_iter().filter(|(index, operator, _)| !knows(index, operator));
    open.map(|(index, operator, since)| Task {
        what: Waits::NotTold { operator, index },
        whose: Whose::Roles(Form::Notice.definition().opened_by.to_vec()),
        since,
        due: Some(since + 7 * DAY_MS),
    })
    .collect()
}

/// The act by which each person had a card first, of his own or lent, by its index.
fn first_cards(register: &Register) -> BTreeMap<&Code, u64> {
    let mut first = BTreeMap::new();
    for card in register.cards_by_number() {
        let own = card.issued().operator.iter().map(|operator| (operator, card.index()));
        let lent = card.activations().iter().map(|lent| (&lent.value.operator, lent.index));
        for (operator, index) in own.chain(lent) {
            let known = first.entry(operator).or_insert(index);
            *known = index.min(*known);
        }
    }
    first
}

/// Whether a profile that is given gives nothing else than what was held until then, and for no shorter time: the renewal of each year.
fn goes_on(operator: &Operator, profile: &Code, said: &Dated<Option<Profile>>) -> bool {
    let before = operator.profile(profile, said.effective.saturating_sub(1));
    let (Some(given), ProfileStanding::Held(held)) = (&said.value, before) else { return false };
    given.functions == held.functions && given.to >= held.to
}

/// Whom a notice told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told<'c> {
    /// It does not say.
    Nobody,
    /// This person.
    Person(&'c Code),
    /// Everybody whom the act is about.
    All,
}

/// Notices that were not withdrawn.
fn notices(casebook: &Casebook) -> impl Iterator<Item = &Case> {
    casebook.cases_on(Form::Notice).filter(|notice| !notice.is_withdrawn())
}

/// Whom a notice told; nothing where it went to a post alone, which told the post.
fn to_whom(notice: &Case) -> Option<Told<'_>> {
    match notice.opened.field(cards::TO_OPERATOR) {
        _ if notice.opened.field(cards::TO_ALL).is_some() => Some(Told::All),
        Some(Value::Code(operator)) => Some(Told::Person(operator)),
        Some(_) | None => notice.opened.field(cards::TO_POST).is_none().then_some(Told::Nobody),
    }
}

/// The act that a notice speaks of.
fn told_of(register: &Register, notice: &Case) -> Option<u64> {
    if let Some(Value::Act(act)) = notice.opened.field(cards::TOLD_ACT) { register.act_index(act) } else { None }
}

/// Who works here and has not acknowledged a version of the rules that is to be known: only where an office writes them down.
pub(super) fn unacknowledged(register: &Register, casebook: &Casebook, now: u64) -> Vec<Task> {
    let mut tasks = Vec::new();
    for rules in casebook.rules_to_know(now) {
        let in_force = rules.day(people::RULES_FROM).map_or(rules.opened.made, |day| moment(day, 0));
        for operator in register.operators().filter(|operator| operator.state(now) == OperatorState::Active) {
            let Standing::Designated(designation) = operator.standing(now) else { continue };
            let Some(section) = &designation.section else { continue };
            if rules.acknowledged_by(operator.code(), u64::MAX).is_some() {
                continue;
            }
            tasks.push(Task {
                what: Waits::Unacknowledged { operator: operator.code().clone(), rules: rules.id },
                whose: Whose::Section(HEADS.to_vec(), section.clone()),
                since: rules.opened.made.max(designation.from),
                due: Some(in_force.max(designation.from).saturating_add(DAY_MS)),
            });
        }
    }
    tasks
}

/// Designations of system staff, their changes and their ends, of which no notice went to a data protection manager's post. Where nobody holds that role
/// there is nobody to tell.
pub(super) fn unreported(register: &Register, casebook: &Casebook, now: u64) -> Vec<Task> {
    let hears =
        |post: &Code| register.post(post).is_some_and(|post| post.roles_at(now).contains(&Role::DataProtectionManager));
    if !register.posts().any(|post| hears(post.code())) {
        return Vec::new();
    }
    let to_him = |notice: &&Case| {
        if let Some(Value::Code(post)) = notice.opened.field(cards::TO_POST) { hears(post) } else { false }
    };
    let told: BTreeSet<u64> = notices(casebook).filter(to_him).filter_map(|notice| told_of(register, notice)).collect();
    let mut tasks = Vec::new();
    for operator in register.operators() {
        for (index, effective) in words_about_staff(operator) {
            let recent = effective.saturating_add(NOTICE_TIME) > now;
            // The founding act says who the first ones are, and everybody holds it.
            if index == 0 || !recent || told.contains(&index) {
                continue;
            }
            let since = effective.min(now);
            tasks.push(Task {
                what: Waits::Unreported { operator: operator.code().clone(), index },
                whose: Whose::Roles(Form::Notice.definition().opened_by.to_vec()),
                since,
                due: Some(since.saturating_add(7 * DAY_MS)),
            });
        }
    }
    tasks
}

/// The acts that made somebody one of the system staff, changed it or ended it, each with its date.
fn words_about_staff(operator: &Operator) -> BTreeSet<(u64, u64)> {
    let (mut words, mut was_staff) = (BTreeSet::new(), false);
    for said in operator.designations().iter() {
        let is_staff = said.value.class == PersonClass::SystemStaff;
        // Who becomes an ordinary operator ceases to be one of them.
        if is_staff || was_staff {
            words.insert((said.index, said.effective));
        }
        was_staff = is_staff;
    }
    if was_staff {
        let ends = operator.states().iter().filter(|said| said.value.0 == OperatorState::Ended);
        words.extend(ends.map(|said| (said.index, said.effective)));
    }
    words
}

/// Once a year (S1 19).
const YEAR_DAYS: u32 = 365;
/// Who came within two months waits for the next training (ours).
const NEW_HERE: u64 = 60 * DAY_MS;
