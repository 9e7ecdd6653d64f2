//! What deputies decided and the post's holder has not looked at yet (後閲), and the wish to say that it was looked at.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::cases::Whose;
use sekisho_register::change::Answer;
use sekisho_register::numbered_changes;
use sekisho_register::organisation::{ByDeputy, Capacity};
use sekisho_wire::id::{Code, Hash};
use serde::Deserialize;

use super::acts::{act, by_whom};
use super::steps::signed_there;
use super::wish::begin;
use crate::console::hand::Hand;
use crate::console::html::{Block, Field, Form, Kind, Method, Section};
use crate::console::visit::{Barred, Entered, Posted, View};
use crate::console::wishes::{Wanted, What};
use crate::http::{Hall, Named};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::{ANY_ROLE, CASE_READERS};

/// Those that wait, each in full for whoever holds the post or keeps its papers; nothing where none waits.
pub(super) fn section(view: &View<'_>) -> Option<Section> {
    let casebook = view.office.casebook();
    let waiting = casebook.unreviewed(&view.register);
    let (mine, others): (Vec<_>, Vec<_>) = waiting.partition(|(_, decided)| may_look_at(view, decided));
    let mut blocks = Vec::new();
    for (id, ByDeputy { post, .. }) in mine.iter().take(SHOWN) {
        // Of the casebook they are as its readers may see them.
        let here = view.register.act_index(id).map(|index| (LogName::Register, index));
        let there =
            || casebook.act_index(id).filter(|_| view.holds(CASE_READERS)).map(|index| (LogName::Casebook, index));
        let Some(signed) = here.or_else(there).and_then(|(log, index)| act(view, log, index).ok()) else { continue };
        let source = signed.source().map_or_else(|_| signed.clone(), |(source, _)| source);
        let what = numbered_changes(source.act(), &view.register, view.language).join("\n");
        let (by, at) = (by_whom(view, &signed), view.moment(signed.act().made));
        blocks.push(Block::Act(format!("{at}  {by}\n{what}")));
        let fields = if holds(view, post) {
            vec![Field::Hidden { name: "for", value: post.to_string() }]
        } else {
            Hand::fields(view, Some(&Whose::Post(post.clone())), None)
        };
        blocks.push(Block::Form(Form {
            action: format!("/console/reviews/{id}"),
            method: Method::Post,
            fields,
            button: view.say("I have looked at it: sign with the card", "後閲する（カードで署名）"),
        }));
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Text(signed_there(view)));
    }
    if !others.is_empty() {
        let count = others.len();
        let text = view.say(
            format!("{count} decisions of deputies wait for others to look at them."),
            format!("代決{count}件が他の者の後閲を待っています。"),
        );
        blocks.push(Block::Note(Kind::Plain, text));
    }
    let title = view.say("Decided by deputies, to be looked at", "代決の後閲");
    (!blocks.is_empty()).then(|| Section::new(title, blocks))
}

/// Whether he holds the post, or keeps its papers, and was not himself the deputy who decided.
fn may_look_at(view: &View<'_>, ByDeputy { post, operator, .. }: &ByDeputy) -> bool {
    let keeps = || {
        let kept = view.register.post(post);
        let mut posts = view.register.posts();
        kept.is_some_and(|kept| posts.any(|it| kept.is_kept_by(it.code(), view.now) && holds(view, it.code())))
    };
    *operator != view.visitor.operator && (holds(view, post) || keeps())
}

/// Whether he holds the post himself.
fn holds(view: &View<'_>, post: &Code) -> bool {
    let post = view.register.post(post);
    post.is_some_and(|post| post.is_held_by(&view.visitor.operator, Capacity::Holder, view.now))
}

#[derive(Deserialize)]
pub(crate) struct OfAct {
    id: String,
}

/// The wish to say so of one.
pub(crate) async fn wish(
    State(hall): State<Hall>,
    Named(OfAct { id }): Named<OfAct>,
    posted: Posted,
) -> Result<Response, Barred> {
    let id: Hash = id.parse().map_err(|_| Refusal::NotFound("act"))?;
    let hand = Hand::read(&posted.fields)?;
    let waits = move |view: &View<'_>| {
        let casebook = view.office.casebook();
        let waits = casebook.unreviewed(&view.register).any(|(act, decided)| *act == id && may_look_at(view, decided));
        if waits { Ok(((), Vec::new())) } else { Err(Refusal::NotFound("act")) }
    };
    Entered::answer(posted.entered.clone(), hall.clone(), ANY_ROLE, waits).await?;
    let what = What::Answer { act: id, answer: Answer::Reviewed, reason: String::new() };
    begin(&hall, &posted.entered, Wanted::Signed(what, hand))
}

/// Each is read in full; of very many the next come when these are done.
const SHOWN: usize = 10;
