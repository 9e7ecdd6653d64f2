//! Proposals that wait for approval, and the wish to approve one.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::casebook::{Answered, Proposed};
use sekisho_register::cases::Whose;
use sekisho_register::change::Answer;
use sekisho_register::{FoldRefusal, SignedAct, numbered_changes};
use sekisho_wire::id::Hash;
use sekisho_wire::reason::Query;
use serde::Deserialize;

use super::acts::{by_whom, in_full};
use super::from;
use super::registers::role_name;
use super::steps::{again, marked};
use super::wish::begin_judged;
use crate::console::blanks::plain;
use crate::console::duties::any_of;
use crate::console::hand::Hand;
use crate::console::html::{Blank, Block, Cell, Content, Field, Form, Input, Kind, Method, Section, Table};
use crate::console::judged::REASON;
use crate::console::paging::Paging;
use crate::console::visit::{Barred, Entered, Fields, Posted, Trouble, View};
use crate::console::wishes::What;
use crate::console::written::Texts;
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::CASE_READERS;

/// One that waits.
pub(crate) struct Open {
    pub(crate) id: Hash,
    pub(crate) index: u64,
    pub(crate) act: SignedAct,
}

/// Every one, the newest first.
pub(crate) fn open(view: &View<'_>) -> Vec<Open> {
    let casebook = view.office.casebook();
    let open = casebook.open_proposals(&view.register, view.now);
    let mut open: Vec<Open> =
        open.map(|(id, proposed)| Open { id: *id, index: proposed.index, act: proposed.act.clone() }).collect();
    open.sort_by_key(|proposal| std::cmp::Reverse(proposal.index));
    open
}

impl Open {
    /// Who proposed it.
    pub(crate) fn by(&self, view: &View<'_>) -> String {
        by_whom(view, &self.act)
    }

    /// Whether this person may approve it for one of his posts.
    pub(crate) fn is_for(&self, view: &View<'_>) -> bool {
        may_approve(view, self).is_ok()
    }
}

/// Whether this person may approve its next stage, in one of his posts or for one whose papers he keeps.
fn may_approve(view: &View<'_>, proposal: &Open) -> Result<(), Option<FoldRefusal>> {
    let casebook = view.office.casebook();
    let proposed = casebook.proposal(&proposal.id).ok_or(None)?;
    view.register.may_approve_next(proposed, &view.visitor.operator, view.now).map_err(Some)
}

/// From which row on of either list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pages {
    mine: String,
    others: String,
}

/// Those for this person first, then the others.
pub(crate) async fn list(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(asked): Asked<Pages>,
) -> Result<Response, Barred> {
    entered
        .show(hall, CASE_READERS, move |view| {
            let seen = open(view).into_iter().filter(|open| view.sight.sees_act(&view.register, &open.act));
            let (mine, others): (Vec<Open>, Vec<Open>) = seen.partition(|open| open.is_for(view));
            let (of_mine, of_others) = (Paging::of(&asked.mine, mine.len())?, Paging::of(&asked.others, others.len())?);
            let (mine, others) = (of_mine.take(mine), of_others.take(others));
            let count = mine.len() + others.len();
            let first = mine.iter().chain(&others).map(|proposal| proposal.index).min().unwrap_or(0);
            let to = |mine: &str, others: &str| format!("/console/proposals?mine={mine}&others={others}");
            let (table_of_mine, table_of_others) = view.together(|| {
                let of_mine = table(view, view.say("You may approve", "あなたが承認できる申請"), &mine);
                (of_mine, table(view, view.say("For others", "その他の申請"), &others))
            });
            let mut blocks = vec![Block::Table(table_of_mine)];
            blocks.extend(of_mine.ways(view, |from| to(&from.to_string(), &asked.others)));
            blocks.push(Block::Table(table_of_others));
            blocks.extend(of_others.ways(view, |from| to(&asked.mine, &from.to_string())));
            let content = Content {
                title: view.say("Proposals", "承認待ち"),
                place: "/console/proposals",
                refresh: None,
                sections: vec![Section::lead(blocks)],
            };
            let shown = (count > 0).then(|| Shown::rows(Query::Entries, count, from(first)));
            Ok((content, shown.into_iter().collect()))
        })
        .await
}

fn table(view: &View<'_>, caption: String, proposals: &[Open]) -> Table {
    let row = |proposal: &Open| {
        let act = proposal.act.act();
        let lines = numbered_changes(act, &view.register, view.language);
        let short: String = proposal.id.to_string().chars().take(16).collect();
        vec![
            Cell::link(format!("/console/proposals/{}", proposal.id), short),
            Cell::short(view.moment(act.made)),
            Cell::text(proposal.by(view)),
            Cell::Lines(lines),
            Cell::short(view.moment(act.expires)),
        ]
    };
    let columns = [("Id", "申請ID"), ("Proposed", "申請日時"), ("By", "申請者"), ("What", "内容"), ("Until", "期限")];
    Table {
        caption,
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: proposals.iter().map(row).collect(),
        none: view.say("None waits.", "該当する申請はありません。"),
    }
}

#[derive(Deserialize)]
pub(crate) struct OfId {
    id: String,
}

fn id_of(text: &str) -> Result<Hash, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound("proposal"))
}

/// One, in full, with the button that lets the companion sign.
pub(crate) async fn one(
    State(hall): State<Hall>,
    entered: Entered,
    Named(OfId { id }): Named<OfId>,
    Asked(asked): Asked<Fields>,
) -> Result<Response, Barred> {
    let id = id_of(&id)?;
    entered
        .show(hall, CASE_READERS, move |view| {
            let casebook = view.office.casebook();
            let proposed = casebook.proposal(&id).ok_or(Refusal::NotFound("proposal"))?;
            let proposal = Open { id, index: proposed.index, act: proposed.act.clone() };
            if !view.sight.sees_act(&view.register, &proposal.act) {
                return Err(Refusal::OtherSection);
            }
            let mut blocks = in_full(view, &proposal.act, LogName::Casebook, proposal.index)?;
            let facts = vec![
                (view.say("Proposed by", "申請者"), Cell::text(proposal.by(view))),
                (view.say("Id", "申請ID"), Cell::Code(id.to_string())),
                (view.say("Waits for", "承認待ち"), Cell::text(waits_for(view, proposed))),
            ];
            blocks.insert(0, Block::Facts(facts));
            let content = Content {
                title: view.say("A proposal", "申請の内容"),
                place: "/console/proposals",
                refresh: None,
                sections: vec![
                    Section::lead(blocks),
                    Section::new(view.say("Decision", "承認"), decision(view, &proposal, &asked)),
                ],
            };
            Ok((content, vec![Shown::rows(Query::Entries, 1, from(proposal.index))]))
        })
        .await
}

/// How far it has come, and who is to approve it next.
fn waits_for(view: &View<'_>, proposed: &Proposed) -> String {
    if let Some(answered) = &proposed.answer {
        let said = answered.answer.name(view.language);
        return view.say(format!("nobody: it was {said}"), format!("なし（{said}されています）"));
    }
    if view.register.is_stranded(proposed, view.now) {
        return view.say(
            "nobody: the route has fewer stages now, its proposer withdraws it",
            "なし（決裁区分の段階が減りました。申請者が取り下げてください）",
        );
    }
    let stages = view.register.stages(&proposed.act.act().changes, view.now).max(1);
    let stage = proposed.approvals.len() + 1;
    let roles = view.register.next_approvers(proposed, view.now);
    let names: Vec<String> = roles.iter().map(|role| role_name(*role, view.language)).collect();
    let names = any_of(view, &names);
    view.say(format!("stage {stage} of {stages}: {names}"), format!("第{stage}段階（全{stages}段階）：{names}"))
}

/// What this person can do about it.
fn decision(view: &View<'_>, proposal: &Open, asked: &Fields) -> Vec<Block> {
    if let Some(index) = view.register.act_index(&proposal.id) {
        return vec![
            Block::Note(Kind::Good, view.say("It was approved.", "承認されています。")),
            Block::List(vec![Cell::link(
                format!("/console/acts/{index}"),
                view.say(format!("Act {index}"), format!("処分 {index}")),
            )]),
        ];
    }
    if proposal.act.act().expires <= view.now {
        return vec![Block::Note(Kind::Plain, view.say("Its time is over.", "期限が過ぎています。"))];
    }
    let casebook = view.office.casebook();
    let proposed = casebook.proposal(&proposal.id);
    if let Some(answered) = proposed.and_then(|proposed| proposed.answer.as_ref()) {
        return answered_as(view, answered);
    }
    let approvers = proposed.map(|proposed| view.register.next_approvers(proposed, view.now));
    let whose = Whose::Roles(approvers.unwrap_or_default());
    let withdraw = || Field::Button {
        to: format!("/console/proposals/{}/withdraw", proposal.id),
        word: view.say("Withdraw: sign with the card", "取り下げる（カードで署名）"),
    };
    let is_own = proposed.and_then(|proposed| proposed.operator.as_ref()) == Some(&view.visitor.operator);
    let is_it = |what: &What| match what {
        What::Approve(act) | What::Answer { act, .. } => *act == proposal.id,
        What::Open { .. } | What::Step { .. } | What::Change { .. } | What::Connection { .. } => false,
    };
    let again = again(view, asked, &is_it);
    let before = again.as_ref().map(|(_, hand)| hand);
    let typed =
        again.as_ref().map(|(what, _)| if let What::Answer { reason, .. } = what { reason.as_str() } else { "" });
    let mut blocks = Vec::new();
    match may_approve(view, proposal) {
        Ok(()) => {
            let mut fields = vec![reason(view, typed.unwrap_or_default())];
            fields.extend(Hand::fields(view, Some(&whose), before));
            blocks.extend(marked(view, again.as_ref(), &mut fields));
            fields.push(Field::Button {
                to: format!("/console/proposals/{}/refuse", proposal.id),
                word: view.say("Refuse: sign with the card", "不承認とする（カードで署名）"),
            });
            fields.extend(is_own.then(withdraw));
            let action = format!("/console/proposals/{}/wish", proposal.id);
            let button = view.say("Approve: sign with the card", "承認する（カードで署名）");
            blocks.push(Block::Form(Form { action, method: Method::Post, fields, button }));
        }
        Err(refusal) => {
            let why = refusal.map(|refusal| refusal.text(view.language)).unwrap_or_default();
            let text =
                view.say(format!("Somebody else has to approve it: {why}"), format!("あなたは承認できません：{why}"));
            blocks.push(Block::Note(Kind::Plain, text));
            if is_own {
                let action = format!("/console/proposals/{}/withdraw", proposal.id);
                let button = view.say("Withdraw: sign with the card", "取り下げる（カードで署名）");
                let mut fields = Hand::fields(view, None, before);
                blocks.extend(marked(view, again.as_ref(), &mut fields));
                blocks.push(Block::Form(Form { action, method: Method::Post, fields, button }));
            }
        }
    }
    if blocks.iter().any(|block| matches!(block, Block::Form(_))) {
        let text = view.say(
            "Nothing is approved here in the browser: the window of sekisho-admin at your desk shows the act as text, asks for the PIN and lets your card sign.",
            "この画面だけで承認されることはありません。手元の sekisho-admin の画面に処分の内容が表示され、暗証番号の入力後にカードで署名します。",
        );
        blocks.insert(0, Block::Text(text));
    }
    blocks
}

/// Who ended it, when, and why.
fn answered_as(view: &View<'_>, answered: &Answered) -> Vec<Block> {
    let by = answered.operator.as_ref().map_or_else(|| "-".to_owned(), |operator| view.person(operator));
    let mut facts = vec![
        (view.say("Outcome", "結果"), Cell::text(answered.answer.name(view.language))),
        (view.say("By", "決定者"), Cell::text(by)),
        (view.say("When", "日時"), Cell::short(view.moment(answered.made))),
    ];
    if let Some(reason) = &answered.reason {
        let reason = Texts::at(view, &[answered.index]).map(|texts| texts.text(view, reason));
        let reason = reason.unwrap_or_default().lines().map(str::to_owned).collect();
        facts.push((view.say("Why", "理由"), Cell::Lines(reason)));
    }
    vec![Block::Facts(facts)]
}

/// A refusal has to say why.
fn reason(view: &View<'_>, typed: &str) -> Field {
    Field::Blank(Blank {
        name: REASON.to_owned(),
        label: view.say("Why, where it is refused", "不承認とする場合の理由"),
        value: typed.to_owned(),
        hint: String::new(),
        must: false,
        wrong: String::new(),
        input: Input::Text,
    })
}

/// The wish to approve it.
pub(crate) async fn wish(
    State(hall): State<Hall>,
    Named(OfId { id }): Named<OfId>,
    posted: Posted,
) -> Result<Response, Barred> {
    let id = id_of(&id)?;
    wish_for(&hall, posted, id, What::Approve(id)).await
}

/// The wish to refuse it.
pub(crate) async fn refuse(
    State(hall): State<Hall>,
    Named(OfId { id }): Named<OfId>,
    posted: Posted,
) -> Result<Response, Barred> {
    let id = id_of(&id)?;
    let reason = posted.fields.get(REASON).map(|reason| plain(reason)).unwrap_or_default();
    if reason.len() > REASON_MAX {
        return Err(Trouble::Long.into());
    }
    wish_for(&hall, posted, id, What::Answer { act: id, answer: Answer::Refused, reason }).await
}

/// The wish to withdraw it.
pub(crate) async fn withdraw(
    State(hall): State<Hall>,
    Named(OfId { id }): Named<OfId>,
    posted: Posted,
) -> Result<Response, Barred> {
    let id = id_of(&id)?;
    wish_for(&hall, posted, id, What::Answer { act: id, answer: Answer::Withdrawn, reason: String::new() }).await
}

async fn wish_for(hall: &Hall, posted: Posted, id: Hash, what: What) -> Result<Response, Barred> {
    let hand = Hand::read(&posted.fields)?;
    let waits = move |view: &View<'_>| {
        if open(view).iter().any(|open| open.id == id) { Ok(()) } else { Err(Refusal::NotFound("proposal")) }
    };
    begin_judged(hall, posted, (what, hand), (CASE_READERS, format!("/console/proposals/{id}")), waits).await
}

/// As long as a text of a form may be.
const REASON_MAX: usize = 4_096;
