//! Cards: those that should be back, those that end, of people who qualify for them no longer, and those that were reported and are not written up.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use super::{CARD_MANAGERS, NOTICE_TIME, RENEWAL_AHEAD, Task, Waits};
use crate::calendar::DAY_MS;
use crate::cards::Card;
use crate::casebook::Casebook;
use crate::cases::{Case, Whose};
use crate::change::{CardKind, CardState, Value};
use crate::fold::Register;
use crate::forms::{Form, cards};
use crate::people::{Operator, Standing};
use crate::role::Role;
use crate::stock::BlankCards;

/// Cards that are still with somebody, though his time with them is over.
pub(super) fn unreturned(register: &Register, now: u64) -> impl Iterator<Item = Task> + '_ {
    register.cards_by_number().filter_map(move |card| {
        let (operator, since) = register.unreturned(card, now)?;
        let what = Waits::Unreturned { card: *card.guid(), operator: operator.clone() };
        Some(Task { what, whose: Whose::Roles(CARD_MANAGERS.to_vec()), since, due: Some(since) })
    })
}

/// Cards whose own time ends within six weeks, and that are needed longer: a holder's whose duty goes on without another card of that kind, and one that is lent to
/// whoever needs it, until it is ended. Where the designation ends as well, it is that which is renewed first; what home lent ends with it.
pub(super) fn ending(register: &Register, now: u64) -> Vec<Task> {
    let mut of_each = BTreeMap::<&Code, Vec<&Card>>::new();
    for card in register.cards_by_number() {
        if let Some(operator) = card.issued().operator.as_ref() {
            of_each.entry(operator).or_default().push(card);
        }
    }
    let is_wanted = |card: &Card| {
        let (issued, ends) = (card.issued(), card.issued().to);
        let Some(operator) = own(card) else { return register.unreturned(card, now).is_none() };
        let goes_on = register.operator(operator).is_some_and(|person| person.is_current(ends));
        let another =
            |other: &&Card| other.issued().kind == issued.kind && other.guid() != card.guid() && other.is_current(ends);
        // Once it has ended it should be back, and that is said instead.
        ends > now && goes_on && register.lender(card).is_none() && !of_each[operator].iter().any(another)
    };
    let near = |card: &&Card| card.state(now) == CardState::Active && card.issued().to <= now + RENEWAL_AHEAD;
    let wanted = register.cards_by_number().filter(near).filter(|card| is_wanted(card));
    wanted
        .map(|card| {
            let ends = card.issued().to;
            let what = Waits::CardEnds { card: *card.guid(), operator: own(card).cloned(), ends };
            let since = ends.saturating_sub(RENEWAL_AHEAD).max(card.begins());
            Task { what, whose: Whose::Roles(CARD_MANAGERS.to_vec()), since, due: Some(ends) }
        })
        .collect()
}

/// Whose a card is for good.
fn own(card: &Card) -> Option<&Code> {
    card.issued().operator.as_ref().filter(|_| !card.issued().dormant)
}

/// Who has a card of a kind for which the policy asks for a qualification, and has none from six weeks on, or now. It waits since the office asks, the card is his
/// and, where he had one, it was about to end.
pub(super) fn unqualified(register: &Register, now: u64) -> Vec<Task> {
    let mut tasks = Vec::new();
    if register.policy_at(now).qualified_kinds.is_empty() {
        return tasks;
    }
    let mut held = BTreeMap::<&Code, Vec<&Card>>::new();
    // The cards of the founding act ask for none (§R3.21).
    for card in register.cards().filter(|card| card.index() > 0 && card.is_current(now)) {
        if let Some(holder) = card.holder(now) {
            held.entry(holder.operator).or_default().push(card);
        }
    }
    for operator in register.operators().filter(|operator| operator.is_current(now) && operator.home().is_none()) {
        let lacks = held.get(operator.code()).into_iter().flatten().filter_map(|card| {
            let asked = register.asks_to_qualify_since(card.issued().kind, now)?;
            let ends = ends_to_qualify(operator, card.issued().kind, now)?;
            let wanted = asked.max(card.lent_since(now));
            Some((ends.unwrap_or(wanted).max(wanted), ends, wanted))
        });
        let Some((due, ends, wanted)) = lacks.min_by_key(|(due, ..)| *due) else { continue };
        let section =
            if let Standing::Designated(designation) = operator.standing(now) { &designation.section } else { &None };
        let roles = QUALIFIERS.to_vec();
        tasks.push(Task {
            what: Waits::Unqualified { operator: operator.code().clone(), ends },
            whose: section
                .clone()
                .map_or_else(|| Whose::Roles(roles.clone()), |section| Whose::Section(roles.clone(), section)),
            since: ends.map_or(wanted, |ends| ends.saturating_sub(RENEWAL_AHEAD).max(wanted)),
            due: Some(due),
        });
    }
    tasks
}

/// When somebody ceases to qualify for cards of a kind within six weeks, or ceased to; the inner nothing for whoever never did, the outer one for whoever goes on.
#[expect(clippy::option_option, reason = "the outer one says whether it ends at all")]
fn ends_to_qualify(operator: &Operator, kind: CardKind, now: u64) -> Option<Option<u64>> {
    let said = operator.qualifications().iter();
    let mut dates: Vec<u64> =
        said.flat_map(|said| [Some(said.effective), said.value.as_ref().map(|held| held.to)]).flatten().collect();
    dates.sort_unstable();
    if operator.qualifies(kind, now) {
        let ahead = |date: &u64| (now..=now + RENEWAL_AHEAD).contains(date);
        return dates.into_iter().filter(ahead).find(|date| !operator.qualifies(kind, *date)).map(Some);
    }
    let over = dates.into_iter().rev().filter(|date| *date <= now);
    Some(over.into_iter().find(|date| date.checked_sub(1).is_some_and(|before| operator.qualifies(kind, before))))
}

/// Cards that were reported within the last weeks, and that no form speaks of. Whoever reported them stands beside the block, at the counter: the form is for
/// those who answer for cards, and due at once.
pub(super) fn unwritten_losses(register: &Register, casebook: &Casebook, now: u64) -> Vec<Task> {
    let mut tasks = Vec::new();
    for card in register.cards_by_number() {
        let Some((index, since)) = reported(card).filter(|(_, since)| *since <= now && since + NOTICE_TIME > now)
        else {
            continue;
        };
        if casebook.cases_on(Form::CardLoss).any(|form| speaks_of(form, register, card, index, since)) {
            continue;
        }
        tasks.push(Task {
            what: Waits::LossUnwritten { card: *card.guid(), index },
            whose: Whose::Roles(cards::TOLD_OF_A_CARD.to_vec()),
            since,
            due: Some(since),
        });
    }
    tasks
}

/// A last count of blank cards that did not find what there should be. It waits until the entry that explains it is written down, or the next count.
pub(super) fn stock_differs(register: &Register, casebook: &Casebook, now: u64) -> Option<Task> {
    let count = BlankCards::at(register, casebook, now)?.counted.filter(|count| count.difference() != 0)?;
    Some(Task {
        what: Waits::StockDiffers(count),
        whose: Whose::Roles(Form::CardStock.definition().opened_by.to_vec()),
        since: count.made,
        due: Some(count.made.saturating_add(7 * DAY_MS)),
    })
}

/// The first act of those that block this card because it was reported: what was decided later about the same trouble is no other.
fn reported(card: &Card) -> Option<(u64, u64)> {
    let mut first = None;
    for said in card.states().iter() {
        match said.value {
            (CardState::Active, _) => first = None,
            (CardState::Suspended | CardState::Revoked, reason) if reason.is_reported() => {
                first = first.or(Some((said.index, said.effective)));
            }
            (CardState::Suspended | CardState::Revoked | CardState::Returned | CardState::Disposed, _) => {}
        }
    }
    first
}

/// Whether a form is about this report: it names its act or one about the same trouble, or it is about the card and was open then, or begun later.
fn speaks_of(form: &Case, register: &Register, card: &Card, index: u64, since: u64) -> bool {
    if form.opened.field(cards::LOST_CARD) != Some(&Value::Card(*card.guid())) {
        return false;
    }
    let named = form.opened.field(cards::LOSS_ACT);
    let named = named.and_then(|act| if let Value::Act(act) = act { register.act_index(act) } else { None });
    named.map_or_else(|| !form.is_closed() || form.opened.made >= since, |named| named >= index)
}

/// Who says that somebody qualifies: 端末装置管理責任者 for his section (S4 10(1)), and who answers for cards of the whole office.
const QUALIFIERS: &[Role] = &[Role::DataProtectionManager, Role::AccessManager, Role::TerminalManager];
