//! What waits, whose it is and where it is done.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_register::cases::{Duty, Whose};
use sekisho_register::forms::{Asked, Form, Kind, Step, cards, checks, people};
use sekisho_register::today::{Telling, Waits};
use sekisho_register::wareki::day_text;
use sekisho_register::{Role, SignedAct};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Code, Hash};
use sekisho_wire::words::Language;

use super::blanks::moment_of;
use super::pages::acts::{acts, by_whom};
use super::visit::View;
use crate::refusal::Refusal;
use crate::store::LogName;

impl View<'_> {
    /// The words for what waits, with people by name where this visitor may read them.
    pub(crate) fn telling<T>(&self, tell: impl FnOnce(&Telling<'_>) -> T) -> T {
        let person = |operator: &Code| self.person(operator);
        let (register, casebook) = (&self.register, &self.office.casebook());
        tell(&Telling { register, casebook, language: self.language, person: &person })
    }
}

/// Whose a duty is.
pub(crate) fn whose(view: &View<'_>, whose: &Whose) -> String {
    view.telling(|telling| telling.whose(whose))
}

/// Who has one of these roles.
pub(crate) fn roles(view: &View<'_>, all: &[Role]) -> String {
    view.telling(|telling| telling.roles(all))
}

/// One of these: A, B or C; A、B又はC.
pub(crate) fn any_of(view: &View<'_>, names: &[String]) -> String {
    view.telling(|telling| telling.any_of(names))
}

/// A step, and which of several it is about.
pub(crate) fn step(view: &View<'_>, duty: &Duty) -> String {
    view.telling(|telling| telling.step(duty))
}

/// Where a step is taken, with what it is about filled in already.
pub(crate) fn link(duty: &Duty) -> String {
    let begin = step_link(duty.case, duty.step);
    let first = duty.step.fields.first().map_or("", |blank| blank.name);
    match (&duty.whose, duty.about, duty.step.asked) {
        (Whose::Partner(_, partner), ..) => format!("{begin}?f-{first}={partner}"),
        (_, _, Asked::EachTold(_, key)) => {
            let blank = duty.step.fields.iter().find(|blank| blank.key == key).map_or("", |blank| blank.name);
            duty.to.map_or_else(|| begin.clone(), |role| format!("{begin}?f-{blank}={}", role.name()))
        }
        (_, Some(number), Asked::EachOf(_)) => format!("{begin}?f-{first}={number}"),
        _ => begin,
    }
}

/// The page on which a step is taken.
pub(crate) fn step_link(case: sekisho_register::change::CaseId, step: &Step) -> String {
    format!("/console/cases/{case}/{}", step.name)
}

/// The acts that forms are about which this person is to fill in, asked for at once.
///
/// # Errors
/// When the store fails.
pub(crate) fn acts_of<'t>(
    view: &View<'_>,
    mine: impl Iterator<Item = &'t Waits>,
) -> Result<BTreeMap<u64, SignedAct>, Refusal> {
    let index = |what: &Waits| match what {
        Waits::NotTold { index, .. } | Waits::Unreported { index, .. } | Waits::LossUnwritten { index, .. } => {
            Some(*index)
        }
        Waits::Approval { .. }
        | Waits::Stranded { .. }
        | Waits::Step(_)
        | Waits::Review { .. }
        | Waits::StopUnrecorded
        | Waits::Unconfirmed { .. }
        | Waits::NobodyResponsible(_)
        | Waits::Unreturned { .. }
        | Waits::Unrenewed { .. }
        | Waits::Unqualified { .. }
        | Waits::Untrained(_)
        | Waits::Unacknowledged { .. }
        | Waits::CardEnds { .. }
        | Waits::TextsDue { .. }
        | Waits::StockDiffers(_)
        | Waits::Watched(_) => None,
    };
    let indexes: BTreeSet<u64> = mine.filter_map(index).collect();
    Ok(acts(view, LogName::Register, &indexes.into_iter().collect::<Vec<_>>())?.into_iter().collect())
}

/// What it is, and where it is done, or for others looked at. What the person is to fill in about an act takes it from `acts`.
pub(crate) fn what(view: &View<'_>, what: &Waits, is_mine: bool, acts: &BTreeMap<u64, SignedAct>) -> (String, String) {
    let notice = Form::Notice.name();
    let link = match what {
        Waits::Approval { proposal } => return approval(view, proposal, is_mine),
        Waits::Stranded { proposal } => format!("/console/proposals/{proposal}"),
        Waits::Step(duty) => {
            if is_mine {
                link(duty)
            } else {
                format!("/console/cases/{}", duty.case)
            }
        }
        Waits::Review { .. } => "/console/acts".to_owned(),
        Waits::StopUnrecorded => "/console/connection".to_owned(),
        Waits::Unconfirmed { .. } if !is_mine => format!("/console/cases?form={}&state=all", Form::Confirmation.name()),
        Waits::Unconfirmed { what, day } => {
            let name = checks::CONFIRMED.iter().find(|word| word.number == *what).map_or("", |word| word.name);
            let (form, day) = (Form::Confirmation.name(), day_text(*day, Language::English));
            format!("/console/forms/{form}?f-what={name}&f-day={day}")
        }
        Waits::NobodyResponsible(_) => "/console/terminals".to_owned(),
        Waits::Unreturned { .. } | Waits::CardEnds { .. } => "/console/registers/cards".to_owned(),
        Waits::Unrenewed { .. } | Waits::Unqualified { .. } => "/console/registers/operators".to_owned(),
        Waits::Untrained(_) => format!("/console/cases?form={}", Form::Training.name()),
        Waits::NotTold { index, .. } | Waits::Unreported { index, .. } if !is_mine => format!("/console/acts/{index}"),
        Waits::LossUnwritten { .. } if !is_mine => "/console/incidents".to_owned(),
        Waits::NotTold { operator, index } => {
            let act = act_field(*index, acts);
            let and = if act.is_empty() { "" } else { "&" };
            format!("/console/forms/{notice}?f-operator={operator}{and}{act}")
        }
        Waits::Unacknowledged { operator, rules } => {
            let step = rules.form.definition().step(people::ACKNOWLEDGED_RULES);
            step.map_or_else(String::new, |step| format!("{}?f-operator={operator}", step_link(*rules, step)))
        }
        Waits::Unreported { index, .. } => {
            let mut posts = view.register.posts();
            let hears = posts.find(|post| post.roles_at(view.now).contains(&Role::DataProtectionManager));
            let post = hears.map_or_else(String::new, |post| format!("&f-post={}", post.code()));
            format!("/console/forms/{notice}?{}{post}", act_field(*index, acts))
        }
        Waits::TextsDue { .. } => "/console/retention".to_owned(),
        Waits::StockDiffers(_) => format!("/console/forms/{}?f-movement=counted", Form::CardStock.name()),
        Waits::LossUnwritten { card, index } => loss_form(view, card, *index, acts),
        Waits::Watched(watched) if watched.terminal().is_some() => "/console/terminals".to_owned(),
        Waits::Watched(watched) if watched.card().is_some() => "/console/registers/cards".to_owned(),
        // What the keeper of the machine does stands there.
        Waits::Watched(_) => "/console/help".to_owned(),
    };
    (view.telling(|telling| telling.what(what)), link)
}

/// The id of an act for a form's field.
fn act_field(index: u64, acts: &BTreeMap<u64, SignedAct>) -> String {
    let id = acts.get(&index).map(SignedAct::id);
    id.map_or_else(String::new, |id| format!("f-act={id}"))
}

/// The form of a lost card with what was reported filled in.
fn loss_form(view: &View<'_>, card: &CardGuid, index: u64, acts: &BTreeMap<u64, SignedAct>) -> String {
    let form = format!("/console/forms/{}", Form::CardLoss.name());
    let Some(signed) = acts.get(&index) else { return form };
    let said = view.register.card(card).and_then(|card| card.states().iter().find(|said| said.index == index));
    let word = said.and_then(|said| cards::loss_word(said.value.1));
    let reason = Form::CardLoss.definition().fields.iter().find(|blank| blank.key == cards::LOSS_REASON);
    let reason = reason.and_then(|blank| {
        let Kind::Choice(words) = blank.kind else { return None };
        words.iter().find(|known| Some(known.number) == word).map(|known| known.name)
    });
    let (at, id) = (moment_of(signed.act().made), signed.id());
    let mut link = format!("{form}?f-card={card}&f-at={at}&f-act={id}");
    if let Some(reason) = reason {
        link.push_str(&format!("&f-reason={reason}"));
    }
    if let Signer::Terminal(terminal) = signed.signer() {
        link.push_str(&format!("&f-terminal={terminal}"));
    }
    link
}

/// A proposal: what it would change first, and who proposed it.
fn approval(view: &View<'_>, id: &Hash, is_mine: bool) -> (String, String) {
    let casebook = view.office.casebook();
    let Some(proposed) = casebook.proposal(id) else { return (id.to_string(), String::new()) };
    let what = view.telling(|telling| telling.proposal(id));
    let by = by_whom(view, &proposed.act);
    let text = if is_mine {
        view.say(format!("You may approve: {what} (proposed by {by})"), format!("承認できます：{what}（申請者 {by}）"))
    } else {
        view.say(format!("Waits for approval: {what} (proposed by {by})"), format!("承認待ち：{what}（申請者 {by}）"))
    };
    (text, format!("/console/proposals/{id}"))
}
