//! Cards: of people who qualify for them no longer, and those that were reported and are not written up.

use alloc::vec::Vec;

use super::{NOTICE_TIME, RENEWAL_AHEAD, Task, Waits};
use crate::calendar::DAY_MS;
use crate::cards::Card;
use crate::casebook::Casebook;
use crate::cases::{Case, Whose};
use crate::change::{CardKind, CardState, Value};
use crate::fold::Register;
use crate::forms::{Form, cards};
use crate::people::Standing;
use crate::role::Role;
use crate::stock::BlankCards;

/// Who has a card of a kind for which the policy asks for a qualification, and has none from six weeks on, or now.
pub(super) fn unqualified(register: &Register, now: u64) -> Vec<Task> {
    let asked = &register.policy_at(now).qualified_kinds;
    let mut tasks = Vec::new();
    if asked.is_empty() {
        return tasks;
    }
    for operator in register.operators().filter(|operator| operator.is_current(now) && operator.home().is_none()) {
        let cards = register.cards_of(operator.code(), now).filter(|card| card.is_current(now));
        let mut kinds = cards.map(|card| card.issued().kind).filter(|kind| asked.contains(kind));
        let lacks =
            |kind: &CardKind| !operator.qualifies(*kind, now) || !operator.qualifies(*kind, now + RENEWAL_AHEAD);
        if !kinds.any(|kind| lacks(&kind)) {
            continue;
        }
        let over =
            operator.qualifications().iter().map(|said| said.value.as_ref().map_or(said.effective, |held| held.to));
        let ends = operator.qualification(now).map(|held| held.to).or_else(|| over.filter(|ended| *ended <= now).max());
        let section =
            if let Standing::Designated(designation) = operator.standing(now) { &designation.section } else { &None };
        let roles = QUALIFIERS.to_vec();
        tasks.push(Task {
            what: Waits::Unqualified { operator: operator.code().clone(), ends },
            whose: section
                .clone()
                .map_or_else(|| Whose::Roles(roles.clone()), |section| Whose::Section(roles.clone(), section)),
            since: ends.map_or(now, |ends| ends.saturating_sub(RENEWAL_AHEAD)),
            due: Some(ends.unwrap_or(now).min(now + RENEWAL_AHEAD)),
        });
    }
    tasks
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
