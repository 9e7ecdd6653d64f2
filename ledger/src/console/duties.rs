//! What waits, whose it is and where it is done, in the words of the administrator's tool.

use sekisho_register::cases::{Duty, Whose};
use sekisho_register::forms::{Asked, Form, Kind, Step, cards, checks, people};
use sekisho_register::today::Waits;
use sekisho_register::wareki::{day_text, numbered};
use sekisho_register::{Role, render};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Hash};
use sekisho_wire::words::Language;

use super::blanks::moment_of;
use super::pages::acts::{act, by_whom, changes_of};
use super::pages::registers::role_name;
use super::visit::View;
use crate::store::LogName;

/// Whose a duty is.
pub(crate) fn whose(view: &View<'_>, whose: &Whose) -> String {
    match whose {
        Whose::Roles(all) => roles(view, all),
        Whose::Section(all, section) => {
            let title = view.register.section(section).map_or_else(|| section.to_string(), |it| it.title().to_owned());
            view.say(format!("{} of {title}", roles(view, all)), format!("{title}の{}", roles(view, all)))
        }
        Whose::Post(post) => {
            let title = view.register.post(post).map_or_else(|| post.to_string(), |it| it.version().title.to_string());
            view.say(format!("post {title}"), format!("職 {title}"))
        }
        Whose::Writer(writer, all) => {
            let (writer, all) = (view.person(writer), roles(view, all));
            view.say(format!("{writer}, or {all}"), format!("{writer}又は{all}"))
        }
        Whose::Partner(all, partner) => view.say(
            format!("{}, to office {partner}", roles(view, all)),
            format!("{}から団体 {partner} へ", roles(view, all)),
        ),
    }
}

/// Who has one of these roles.
pub(crate) fn roles(view: &View<'_>, all: &[Role]) -> String {
    if all.len() == Role::ALL.len() {
        return view.say("anybody in a post", "職に就いている者");
    }
    let names: Vec<String> = all.iter().map(|role| role_name(*role, view.language)).collect();
    names.join(&view.say(" or ", "又は"))
}

/// A step, and which of several it is about.
pub(crate) fn step(view: &View<'_>, duty: &Duty) -> String {
    let about = duty.about.map_or_else(String::new, |number| format!(" ({number})"));
    format!("{}{about}", duty.step.title.text(view.language))
}

/// Where a step is taken, with what it is about filled in already.
pub(crate) fn link(duty: &Duty) -> String {
    let begin = step_link(duty.case, duty.step);
    let first = duty.step.fields.first().map_or("", |blank| blank.name);
    match (&duty.whose, duty.about, duty.step.asked) {
        (Whose::Partner(_, partner), ..) => format!("{begin}?f-{first}={partner}"),
        (_, Some(number), Asked::EachOf(_)) => format!("{begin}?f-{first}={number}"),
        _ => begin,
    }
}

/// The page on which a step is taken.
pub(crate) fn step_link(case: sekisho_register::change::CaseId, step: &Step) -> String {
    format!("/console/cases/{case}/{}", step.name)
}

/// What it is, and where it is done, or for others looked at.
pub(crate) fn what(view: &View<'_>, what: &Waits, is_mine: bool) -> (String, String) {
    let (register, language) = (&view.register, view.language);
    match what {
        Waits::Approval { proposal } => approval(view, proposal, is_mine),
        Waits::Step(duty) => {
            let (case, step) = (duty.case.text(language), step(view, duty));
            let to = if is_mine { link(duty) } else { format!("/console/cases/{}", duty.case) };
            (format!("{case}: {step}"), to)
        }
        Waits::Review { post, .. } => (
            view.say(format!("what a deputy of {post} decided"), format!("職 {post} の代決の後閲")),
            "/console/acts".to_owned(),
        ),
        Waits::StopUnrecorded => (
            view.say(
                "the connection was stopped, and nobody has recorded it or told anybody",
                "結合停止の記録と通知がまだです",
            ),
            "/console/connection".to_owned(),
        ),
        Waits::Unconfirmed { what, day } => {
            let word = checks::CONFIRMED.iter().find(|word| word.number == *what);
            let title = word.map_or("?", |word| word.title.text(language));
            let (iso, day) = (day_text(*day, Language::English), day_text(*day, language));
            let name = word.map_or("", |word| word.name);
            (
                view.say(format!("no confirmation of {day}: {title}"), format!("{day}の確認がありません: {title}")),
                format!("/console/forms/{}?f-what={name}&f-day={iso}", Form::Confirmation.name()),
            )
        }
        Waits::NobodyResponsible(terminal) => (
            view.say(
                format!("terminal {terminal}: nobody is responsible"),
                format!("端末機 {terminal}: 管理責任者がいません"),
            ),
            "/console/terminals".to_owned(),
        ),
        Waits::Unreturned { card, operator } => {
            let number = register.card(card).map_or_else(|| card.to_string(), |card| numbered(card.number(), language));
            let who = view.person(operator);
            (
                view.say(
                    format!("card {number} is still with {who}"),
                    format!("カード {number} が {who} から返却されていません"),
                ),
                "/console/registers/cards".to_owned(),
            )
        }
        Waits::Unrenewed { operator, ends } => {
            let (who, ends) = (view.person(operator), view.moment(*ends));
            (
                view.say(format!("designation of {who} ends {ends}"), format!("{who} の指定は {ends} に終了します")),
                "/console/registers/operators".to_owned(),
            )
        }
        Waits::Untrained(operator) => {
            let who = view.person(operator);
            (
                view.say(
                    format!("{who} took part in no training for a year"),
                    format!("{who} は1年間研修を受けていません"),
                ),
                format!("/console/cases?form={}", Form::Training.name()),
            )
        }
        Waits::NotTold { operator, index } => {
            let who = view.person(operator);
            let id = if is_mine { act(view, LogName::Register, *index).ok().map(|act| act.id()) } else { None };
            let id = id.map_or_else(String::new, |id| format!("&f-act={id}"));
            (
                view.say(
                    format!("{who} was not told of a change (entry {index})"),
                    format!("{who} への変更通知がありません(登録順{index})"),
                ),
                format!("/console/forms/{}?f-operator={operator}{id}", Form::Notice.name()),
            )
        }
        Waits::Unacknowledged { operator, rules } => {
            let (who, version) = (view.person(operator), rules.text(language));
            let step = rules.form.definition().step(people::ACKNOWLEDGED_RULES);
            let link =
                step.map_or_else(String::new, |step| format!("{}?f-operator={operator}", step_link(*rules, step)));
            (
                view.say(
                    format!("{who} has not acknowledged the rules: {version}"),
                    format!("{who} は基準書を確認していません: {version}"),
                ),
                link,
            )
        }
        Waits::Unreported { operator, index } => {
            let who = view.person(operator);
            let hears = register.posts().find(|post| post.roles_at(view.now).contains(&Role::DataProtectionManager));
            let post = hears.map_or_else(String::new, |post| format!("&f-post={}", post.code()));
            (
                view.say(
                    format!("designation of system staff {who} was not reported to the data protection manager (entry {index})"),
                    format!("電算要員 {who} の指定・変更がデータ保護管理者に報告されていません(登録順{index})"),
                ),
                format!("/console/forms/{}?{}{post}", Form::Notice.name(), act_field(view, *index, is_mine)),
            )
        }
        Waits::Unqualified { operator, ends } => {
            let who = view.person(operator);
            let text = match ends {
                Some(ends) => {
                    let ends = view.moment(*ends);
                    view.say(
                        format!("the qualification of {who} for the card ends {ends}"),
                        format!("{who} のカードの交付資格は {ends} に終了します"),
                    )
                }
                None => view.say(
                    format!("{who} has a card and no qualification for it"),
                    format!("{who} は交付資格の認定がないカードを使用しています"),
                ),
            };
            (text, "/console/registers/operators".to_owned())
        }
        Waits::LossUnwritten { card, index } => {
            let number = register.card(card).map_or_else(|| card.to_string(), |card| numbered(card.number(), language));
            (
                view.say(
                    format!("card {number} was reported, and its form is not filled in (entry {index})"),
                    format!("届出のあったカード {number} の紛失等届が作成されていません(登録順{index})"),
                ),
                loss_form(view, card, *index, is_mine),
            )
        }
    }
}

/// The id of an act for a form's field; whoever cannot fill it in need not be shown the act.
fn act_field(view: &View<'_>, index: u64, is_mine: bool) -> String {
    let id = if is_mine { act(view, LogName::Register, index).ok().map(|act| act.id()) } else { None };
    id.map_or_else(String::new, |id| format!("f-act={id}"))
}

/// The form of a lost card with what was reported filled in.
fn loss_form(view: &View<'_>, card: &CardGuid, index: u64, is_mine: bool) -> String {
    let form = format!("/console/forms/{}", Form::CardLoss.name());
    let Some(signed) = act(view, LogName::Register, index).ok().filter(|_| is_mine) else { return form };
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
    let lines = changes_of(&render(proposed.act.act(), &view.register, view.language));
    let bare = |line: &str| line.split_once(". ").map_or_else(|| line.to_owned(), |(_, rest)| rest.to_owned());
    let what = match lines.as_slice() {
        [] => "-".to_owned(),
        [one] => bare(one),
        [first, rest @ ..] => {
            let (first, more) = (bare(first), rest.len());
            view.say(format!("{first} (and {more} more)"), format!("{first}（ほか{more}件）"))
        }
    };
    let by = by_whom(view, &proposed.act);
    let text = if is_mine {
        view.say(format!("You may approve: {what} (proposed by {by})"), format!("承認できます：{what}（申請者 {by}）"))
    } else {
        view.say(format!("Waits for approval: {what} (proposed by {by})"), format!("承認待ち：{what}（申請者 {by}）"))
    };
    (text, format!("/console/proposals/{id}"))
}
