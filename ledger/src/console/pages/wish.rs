//! What was wished for, until it is signed, declined, or too late.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use sekisho_register::Role;
use sekisho_register::change::{Answer, CaseId, ConnectionState};
use sekisho_register::forms::Form;
use serde::Deserialize;

use crate::clock::Millis;
use crate::console::door::see;
use crate::console::duties::step_link;
use crate::console::guests::{Guest, Use};
use crate::console::hand::Hand;
use crate::console::html::{Block, Cell, Content, Kind, Section};
use crate::console::judged::judge;
use crate::console::visit::{BY_ITSELF, Barred, Entered, Posted, Trouble, View};
use crate::console::wishes::{Outcome, Wanted, What, Wish};
use crate::http::{Hall, Named};
use crate::refusal::Refusal;
use crate::visitors::ANY_ROLE;

/// Makes a wish, and leads to its page.
pub(super) fn begin(hall: &Hall, entered: &Entered, wanted: Wanted) -> Result<Response, Barred> {
    let console = &hall.ledger.console;
    let wished = console.guests().wish(&entered.cookie, wanted, hall.ledger.clock.now());
    let number = wished.ok_or(Refusal::TokenNeeded)?.map_err(|_| Trouble::Wishes)?;
    console.changed();
    Ok(see(&format!("/console/wishes/{number}")))
}

/// The same, once nothing is wrong with it; else back to the form, which says everything that is, with what was typed.
pub(super) async fn begin_judged(
    hall: &Hall,
    posted: Posted,
    (what, hand): (What, Hand),
    (any_of, back): (&'static [Role], String),
    is_there: impl FnOnce(&View<'_>) -> Result<(), Refusal> + Send + 'static,
) -> Result<Response, Barred> {
    let wanted = Wanted::Signed(what.clone(), hand.clone());
    let judged = move |view: &View<'_>| {
        is_there(view)?;
        Ok((judge(view, &what, &hand).is_fine(), Vec::new()))
    };
    if posted.entered.clone().answer(hall.clone(), any_of, judged).await? {
        return match begin(hall, &posted.entered, wanted.clone()) {
            Err(Barred::Trouble(Trouble::Wishes)) => {
                let number = put_aside(hall, &posted.entered, wanted, Outcome::Crowded)?;
                Ok(see(&format!("/console/wishes/{number}")))
            }
            answer => answer,
        };
    }
    let number = put_aside(hall, &posted.entered, wanted, Outcome::Wrong)?;
    Ok(see(&format!("{back}?again={number}#wrong")))
}

fn put_aside(hall: &Hall, entered: &Entered, wanted: Wanted, why: Outcome) -> Result<u64, Refusal> {
    let (mut guests, now) = (hall.ledger.console.guests(), hall.ledger.clock.now());
    guests.put_aside(&entered.cookie, wanted, why, now).ok_or(Refusal::TokenNeeded)
}

#[derive(Deserialize)]
pub(crate) struct OfNumber {
    number: u64,
}

/// How a wish stands.
pub(crate) async fn one(
    State(hall): State<Hall>,
    mut entered: Entered,
    Named(OfNumber { number }): Named<OfNumber>,
) -> Result<Response, Barred> {
    entered.guest = looked_at(&hall, &entered)?;
    if entered.how == Use::ByItself {
        let (mut changes, mut stopping) = (hall.ledger.console.changed.subscribe(), hall.stopping.clone());
        let hold = tokio::time::sleep(HOLD);
        tokio::pin!(hold);
        while is_open(&entered, number, hall.ledger.clock.now()) {
            tokio::select! {
                () = hold.as_mut() => break,
                // An approval in the register and a time that is over tell nobody.
                _ = tokio::time::timeout(LOOK, changes.changed()) => {}
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
            entered.guest = looked_at(&hall, &entered)?;
        }
    }
    entered
        .show(hall, ANY_ROLE, move |view| {
            let wish = view.guest.wishes().iter().find(|wish| wish.number == number);
            let wish = wish.ok_or(Refusal::NotFound("wish"))?;
            Ok((content(view, wish), Vec::new()))
        })
        .await
}

/// Whose wishes they are, as they stand now. Whatever the companion says or does not: what stands in the register was done.
fn looked_at(hall: &Hall, entered: &Entered) -> Result<Guest, Refusal> {
    let ledger = &hall.ledger;
    let (register, now) = (ledger.office(&entered.guest.visitor.office)?.register(), ledger.clock.now());
    let is_done = |wanted: &Wanted| match wanted {
        Wanted::Signed(What::Approve(id), _) => register.act_index(id).is_some(),
        Wanted::Signed(..) | Wanted::Evidence { .. } => false,
    };
    let mut guests = ledger.console.guests();
    guests.fulfil(&entered.cookie, is_done, now);
    guests.guest(&entered.cookie, Use::ByItself, now).ok_or(Refusal::TokenNeeded)
}

fn is_open(entered: &Entered, number: u64, now: Millis) -> bool {
    entered.guest.wishes().iter().any(|wish| wish.number == number && wish.outcome(now).is_none())
}

/// A page that waits is answered when it has something new to say, or after so long: whoever hears it hears it anew each time.
const HOLD: Duration = Duration::from_secs(25);
const LOOK: Duration = Duration::from_secs(1);

fn content(view: &View<'_>, wish: &Wish) -> Content {
    let outcome = wish.outcome(view.now);
    let (kind, text) = match outcome {
        None => (
            Kind::Warning,
            view.say(
                "Sign in the window of sekisho-admin: it asks for the PIN, shows what is to be signed, and asks whether to sign it. This page follows by itself.",
                "sekisho-admin の画面で署名してください。暗証番号の入力後に署名する内容が表示され、署名するかどうかを確認します。この画面は自動的に更新されます。",
            ),
        ),
        Some(Outcome::Done) => (Kind::Good, view.say("It was carried out.", "完了しました。")),
        Some(Outcome::Declined) => (Kind::Plain, view.say("It was declined. Nothing was signed.", "取りやめました。署名はされていません。")),
        Some(Outcome::Failed) => (Kind::Alarm, view.say("It could not be carried out.", "実行できませんでした。")),
        Some(Outcome::Wrong) => (
            Kind::Alarm,
            view.say("Something in it has to be put right. Nothing was signed.", "記入内容に誤りがあります。署名はしていません。"),
        ),
        Some(Outcome::Crowded) => (
            Kind::Warning,
            view.say(
                "Three requests of yours wait for your card already. Nothing was signed: sign or decline those in the window of sekisho-admin, then go back to what was filled in.",
                "カードでの署名を待っている依頼が既に3件あります。署名はしていません。先に sekisho-admin の画面で署名するか取りやめてから、記入した内容に戻ってください。",
            ),
        ),
        Some(Outcome::Late) if wish.was_handed() => (
            Kind::Warning,
            view.say(
                "Within five minutes nothing was heard of it from the window of sekisho-admin. Whether it was signed is not known: look there and among the acts before you wish for it again.",
                "5分以内に sekisho-admin から結果の報告がありませんでした。署名されたかどうかは不明です。改めて依頼する前に、sekisho-admin の画面と処分の記録を確認してください。",
            ),
        ),
        Some(Outcome::Late) => (
            Kind::Plain,
            view.say(
                "The window of sekisho-admin did not come to it within five minutes. Nothing was done.",
                "5分以内に sekisho-admin で処理が始まらなかったため、終了しました。何も実行していません。",
            ),
        ),
    };
    let mut blocks = vec![Block::Note(kind, text)];
    if !wish.said().is_empty() {
        blocks.push(Block::Act(wish.said().to_owned()));
    }
    let (what, back) = match &wish.wanted {
        Wanted::Signed(what, _) => (title(view, what), links(view, what, wish, outcome)),
        Wanted::Evidence { index, .. } => {
            let link = Cell::link(
                format!("/console/records/{index}"),
                view.say(format!("Record {index}"), format!("記録 {index}")),
            );
            (view.say("Evidence file", "証拠ファイルの作成"), vec![link])
        }
    };
    blocks.push(Block::List(back));
    let refresh = outcome.is_none().then(|| (2, format!("/console/wishes/{}?{BY_ITSELF}", wish.number)));
    Content { title: what, place: "", refresh, sections: vec![Section::lead(blocks)] }
}

/// What is to be signed.
fn title(view: &View<'_>, what: &What) -> String {
    match what {
        What::Approve(_) => view.say("Approval of a proposal", "申請の承認"),
        What::Answer { answer: Answer::Refused, .. } => view.say("Refusal of a proposal", "申請の不承認"),
        What::Answer { answer: Answer::Withdrawn, .. } => view.say("Withdrawal of a proposal", "申請の取下げ"),
        What::Answer { answer: Answer::Reviewed, .. } => view.say("What a deputy decided, looked at", "代決の後閲"),
        What::Open { form, .. } => form.title(view.language).to_owned(),
        What::Step { case, step, .. } => format!("{}: {}", case.text(view.language), step.title.text(view.language)),
        What::Change { which, .. } => which.title().text(view.language).to_owned(),
        What::Connection { state: ConnectionState::Stopped, .. } => view.say("Stop of the connection", "結合停止"),
        What::Connection { state: ConnectionState::Connected, .. } => {
            view.say("Restoration of the connection", "再結合")
        }
    }
}

/// Where it leads from here: to what became of it, and after a failure back to what was typed.
fn links(view: &View<'_>, what: &What, wish: &Wish, outcome: Option<Outcome>) -> Vec<Cell> {
    let is_done = outcome == Some(Outcome::Done);
    let is_unknown = outcome == Some(Outcome::Late) && wish.was_handed();
    let again = |form: String| {
        let word = view.say("Back to what was filled in", "記入した内容に戻る");
        let number = wish.number;
        (outcome.is_some() && !is_done && !is_unknown).then(|| Cell::link(format!("{form}?again={number}"), word))
    };
    let act = |id| {
        let index = view.register.act_index(id).filter(|_| is_done);
        let word = |index| view.say(format!("Act {index}"), format!("処分 {index}"));
        index.map(|index| Cell::link(format!("/console/acts/{index}"), word(index)))
    };
    let proposal = |id| Cell::link(format!("/console/proposals/{id}"), view.say("The proposal", "申請の内容"));
    let acts = || Cell::link("/console/acts", view.say("Acts", "処分の記録"));
    let links = match what {
        What::Approve(id) => vec![Some(proposal(id)), act(id)],
        What::Answer { answer: Answer::Refused | Answer::Withdrawn, act, .. } => {
            vec![Some(proposal(act)), again(format!("/console/proposals/{act}"))]
        }
        What::Change { which, .. } => {
            let proposals = Cell::link("/console/proposals", view.say("Proposals", "承認待ち"));
            let acts = [acts(), proposals].map(|link| is_done.then_some(link));
            let form = again(format!("/console/changes/{}", which.name()));
            let others = Cell::link("/console/changes", view.say("Changes", "登録の変更"));
            acts.into_iter().chain([form, Some(others)]).collect()
        }
        What::Answer { answer: Answer::Reviewed, .. } => vec![Some(acts())],
        What::Open { form, .. } => {
            let opened = opened(view, *form).filter(|_| is_done);
            let opened = opened.map(|id| Cell::link(format!("/console/cases/{id}"), id.text(view.language)));
            vec![opened, again(format!("/console/forms/{}", form.name()))]
        }
        What::Step { case, step, .. } => {
            let link = Cell::link(format!("/console/cases/{case}"), case.text(view.language));
            vec![Some(link), again(step_link(*case, step))]
        }
        What::Connection { state, .. } => {
            let link = Cell::link("/console/connection", view.say("The connection", "結合の状態"));
            let proposals = Cell::link("/console/proposals", view.say("Proposals", "承認待ち"));
            let way = match state {
                ConnectionState::Stopped => "stop",
                ConnectionState::Connected => "open",
            };
            vec![Some(link), is_done.then_some(proposals), again(format!("/console/connection/{way}"))]
        }
    };
    let see = is_unknown.then(acts);
    links.into_iter().chain([see]).flatten().collect()
}

/// The newest case on this form that this person opened.
fn opened(view: &View<'_>, form: Form) -> Option<CaseId> {
    let casebook = view.office.casebook();
    let his = casebook.cases_on(form).filter(|case| case.opened.operator.as_ref() == Some(&view.visitor.operator));
    his.max_by_key(|case| case.opened.index).map(|case| case.id)
}
