//! What the register has for a field, to choose from: what is written into the field, and what it is.

use std::collections::BTreeSet;

use sekisho_register::everyday::{Entry, Everyday};
use sekisho_register::forms::{Form, Kind};
use sekisho_register::wareki::numbered;
use sekisho_register::{Register, numbered_changes};

use super::pages::acts::acts as acts_at;
use super::visit::View;
use crate::store::LogName;
use crate::visitors::CASE_READERS;

/// What the register has for a field: what is written, and what it is.
pub(crate) fn known(view: &View<'_>, kind: Kind) -> Vec<(String, String)> {
    // Whose names a list has is read at once.
    view.together(|| listed(view, kind))
}

fn listed(view: &View<'_>, kind: Kind) -> Vec<(String, String)> {
    let register: &Register = &view.register;
    let titled = |code: &dyn ToString, title: &dyn ToString| (code.to_string(), title.to_string());
    match kind {
        Kind::Operator => {
            let person = |code| (ToString::to_string(code), view.person(code));
            let seen = register.operators().filter(|it| view.sight.sees_operator(register, it.code()));
            seen.take(KNOWN).map(|operator| person(operator.code())).collect()
        }
        Kind::Section => register.sections().take(KNOWN).map(|it| titled(it.code(), &it.title())).collect(),
        Kind::Post => register.posts().take(KNOWN).map(|it| titled(it.code(), &it.version().title)).collect(),
        Kind::Terminal => register
            .terminals()
            .filter(|it| view.sight.sees_terminal(register, it.code()))
            .map(|it| titled(it.code(), it.code()))
            .take(KNOWN)
            .collect(),
        Kind::Function => register.functions().take(KNOWN).map(|it| titled(it.code(), &it.title())).collect(),
        Kind::IncidentKind => register.policy_at(view.now).kinds(view.language),
        Kind::Order => {
            let in_force = register.orders().filter(|order| order.lifted.is_none());
            in_force.map(|order| titled(&order.given.order, &order.given.order)).collect()
        }
        Kind::Partner => register.partners().map(|it| titled(&it.said().partner, &it.said().title)).collect(),
        Kind::Card => {
            let card = |card: &sekisho_register::cards::Card| {
                let number = card.number();
                let holder = card.holder(view.now).map(|holder| view.person(holder.operator)).unwrap_or_default();
                let what = format!("{} {holder}", numbered(number, view.language));
                (written(number), what.trim_end().to_owned())
            };
            register
                .cards_by_number()
                .filter(|card| view.sight.sees_card(register, card))
                .take(KNOWN)
                .map(card)
                .collect()
        }
        Kind::Case(form) if view.holds(CASE_READERS) => cases(view, form),
        Kind::Act => acts(view),
        Kind::Text
        | Kind::Code
        | Kind::Past
        | Kind::Moment
        | Kind::PastDay
        | Kind::Day
        | Kind::Number
        | Kind::Choice(_)
        | Kind::Document
        | Kind::Case(_)
        | Kind::Record
        | Kind::Roles => Vec::new(),
    }
}

fn cases(view: &View<'_>, form: Form) -> Vec<(String, String)> {
    let casebook = view.office.casebook();
    let seen = casebook.cases_on(form).filter(|case| view.sight.sees_case(&view.register, case));
    let mut cases: Vec<_> = seen.map(|case| (case.opened.index, case.id)).collect();
    cases.sort_unstable_by_key(|(index, _)| std::cmp::Reverse(*index));
    cases.into_iter().take(FEW).map(|(_, id)| (id.to_string(), id.text(view.language))).collect()
}

/// The newest acts: whoever names one has just made it.
fn acts(view: &View<'_>) -> Vec<(String, String)> {
    let size = view.register.size();
    let newest: Vec<u64> = (size.saturating_sub(FEW as u64)..size).collect();
    let newest = acts_at(view, LogName::Register, &newest).unwrap_or_default().into_iter().rev();
    let acts = newest.filter_map(|(index, signed)| {
        let signed = Some(signed).filter(|act| view.sight.sees_act(&view.register, act))?;
        let (source, _) = signed.source().ok()?;
        let what = numbered_changes(source.act(), &view.register, view.language);
        Some((signed.id().to_string(), format!("{index}: {}", what.first().map_or("-", String::as_str))))
    });
    acts.collect()
}

/// What is known for an entry of a change of every day.
pub(crate) fn for_entry(view: &View<'_>, which: Everyday, entry: &Entry, kind: Option<Kind>) -> Vec<(String, String)> {
    match (which, entry.name) {
        (Everyday::EndPermit, "permit") => {
            let permits = view.register.permits().filter(|permit| permit.is_in_force(view.now));
            let permits = permits.filter(|permit| view.sight.sees_permit(&view.register, permit));
            permits.take(KNOWN).map(|it| (written(it.number()), numbered(it.number(), view.language))).collect()
        }
        (Everyday::Lift, "order") => {
            let orders = view.register.orders().filter(|order| order.lifted.is_none());
            orders.map(|order| (order.given.order.to_string(), order.given.order.to_string())).collect()
        }
        (_, "profile" | "profiles") => {
            let held = view.register.operators().flat_map(|operator| operator.profiles_at(view.now));
            let codes: BTreeSet<String> = held.map(|(code, _)| code.to_string()).collect();
            codes.into_iter().take(KNOWN).map(|code| (code.clone(), code)).collect()
        }
        _ => kind.map_or_else(Vec::new, |kind| known(view, kind)),
    }
}

/// A number as it is written into a field.
fn written(number: sekisho_wire::id::Numbered) -> String {
    format!("{}-{}", number.fiscal_year, number.number)
}

/// What a list of all offers at most: who has more types.
const KNOWN: usize = 500;
/// What a list of the newest offers.
const FEW: usize = 30;
