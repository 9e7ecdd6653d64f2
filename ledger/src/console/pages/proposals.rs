//! Proposals that wait for approval, and the wish to approve one.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::act::{ACT_VERSION, Proposal};
use sekisho_register::change::Log;
use sekisho_register::{Act, FoldRefusal, SignedAct, render};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Hash, Salt};
use sekisho_wire::reason::Query;
use serde::Deserialize;

use super::acts::{by_whom, changes_of, in_full};
use super::from;
use super::wish::begin;
use crate::console::html::{Block, Cell, Content, Form, Kind, Method, Section, Table};
use crate::console::visit::{Barred, Entered, Posted, View};
use crate::console::wishes::Wanted;
use crate::http::visit::Shown;
use crate::http::{Hall, Named};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::READERS;

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
    /// What it would change first.
    pub(crate) fn first(&self, view: &View<'_>) -> String {
        let lines = changes_of(&render(self.act.act(), &view.register, view.language));
        match lines.as_slice() {
            [] => "-".to_owned(),
            [one] => bare(one).to_owned(),
            [first, rest @ ..] => {
                let first = bare(first);
                let more = rest.len();
                view.say(format!("{first} (and {more} more)"), format!("{first}（ほか{more}件）"))
            }
        }
    }

    /// Who proposed it.
    pub(crate) fn by(&self, view: &View<'_>) -> String {
        by_whom(view, &self.act)
    }

    /// Whether this person may approve it for one of his posts.
    pub(crate) fn is_for(&self, view: &View<'_>) -> bool {
        may_approve(view, self).is_ok()
    }
}

/// A line without its number.
fn bare(line: &str) -> &str {
    line.split_once(". ").map_or(line, |(_, rest)| rest)
}

/// Asks the fold what it would say to an approval by this person's card, for each of his posts, without anybody signing anything.
fn may_approve(view: &View<'_>, proposal: &Open) -> Result<(), Option<FoldRefusal>> {
    let held = view.register.roles_of(&view.visitor.operator, view.now);
    let mut posts: Vec<_> = held.into_iter().map(|(post, _)| post).collect();
    posts.dedup();
    let entry = view.ledger.store.entries(&view.visitor.office, LogName::Casebook, proposal.index, 1);
    let Some(entry) = entry.ok().and_then(|mut entries| entries.pop()) else { return Err(None) };
    let mut said = None;
    for post in posts {
        let act = Act {
            version: ACT_VERSION,
            critical: true,
            office: view.visitor.office,
            log: Log::Register,
            salt: Salt([0; 16]),
            made: view.now,
            expires: view.now.saturating_add(60_000),
            seen_size: view.register.size(),
            seen_root: view.register.root(),
            post: Some(post),
            as_deputy: false,
            request: None,
            agreement: None,
            changes: Vec::new(),
            proposal: Some(Proposal(entry.payload.clone())),
            effective: None,
        };
        let entry = act.to_be_signed(&Signer::Card(view.visitor.card)).finish([0; 64]);
        match (*view.register).clone().fold_unsigned(&entry) {
            Ok(_) => return Ok(()),
            Err(refusal) => said = Some(refusal),
        }
    }
    Err(said)
}

/// Those for this person first, then the others.
pub(crate) async fn list(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered
        .show(hall, READERS, |view| {
            let (mine, others): (Vec<Open>, Vec<Open>) = open(view).into_iter().partition(|open| open.is_for(view));
            let count = mine.len() + others.len();
            let content = Content {
                title: view.say("Proposals", "承認待ち"),
                place: "/console/proposals",
                refresh: None,
                sections: vec![Section::lead(vec![
                    Block::Table(table(view, view.say("You may approve", "あなたが承認できる申請"), &mine)),
                    Block::Table(table(view, view.say("For others", "その他の申請"), &others)),
                ])],
            };
            let shown = (count > 0).then(|| Shown::rows(Query::Entries, count, from(0)));
            Ok((content, shown.into_iter().collect()))
        })
        .await
}

fn table(view: &View<'_>, caption: String, proposals: &[Open]) -> Table {
    let row = |proposal: &Open| {
        let act = proposal.act.act();
        let lines = changes_of(&render(act, &view.register, view.language));
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
) -> Result<Response, Barred> {
    let id = id_of(&id)?;
    entered
        .show(hall, READERS, move |view| {
            let casebook = view.office.casebook();
            let proposed = casebook.proposal(&id).ok_or(Refusal::NotFound("proposal"))?;
            let proposal = Open { id, index: proposed.index, act: proposed.act.clone() };
            let mut blocks = in_full(view, &proposal.act, LogName::Casebook, proposal.index)?;
            let facts = vec![
                (view.say("Proposed by", "申請者"), Cell::text(proposal.by(view))),
                (view.say("Id", "申請ID"), Cell::Code(id.to_string())),
            ];
            blocks.insert(0, Block::Facts(facts));
            let content = Content {
                title: view.say("A proposal", "申請の内容"),
                place: "/console/proposals",
                refresh: None,
                sections: vec![
                    Section::lead(blocks),
                    Section::new(view.say("Decision", "承認"), decision(view, &proposal)),
                ],
            };
            Ok((content, vec![Shown::rows(Query::Entries, 1, from(proposal.index))]))
        })
        .await
}

/// What this person can do about it.
fn decision(view: &View<'_>, proposal: &Open) -> Vec<Block> {
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
    match may_approve(view, proposal) {
        Ok(()) => vec![
            Block::Text(view.say(
                "Nothing is approved here in the browser: the window of sekisho-admin at your desk shows the act as text, asks for the PIN and lets your card sign.",
                "この画面だけで承認されることはありません。手元の sekisho-admin の画面に処分の内容が表示され、暗証番号の入力後にカードで署名します。",
            )),
            Block::Form(Form {
                action: format!("/console/proposals/{}/wish", proposal.id),
                method: Method::Post,
                fields: Vec::new(),
                button: view.say("Approve: sign with the card", "承認する（カードで署名）"),
            }),
        ],
        Err(refusal) => {
            let why = refusal.map(|refusal| refusal.text(view.language)).unwrap_or_default();
            vec![Block::Note(
                Kind::Plain,
                view.say(format!("Somebody else has to approve it: {why}"), format!("あなたは承認できません：{why}")),
            )]
        }
    }
}

/// The wish to approve it.
pub(crate) async fn wish(
    State(hall): State<Hall>,
    Named(OfId { id }): Named<OfId>,
    posted: Posted,
) -> Result<Response, Barred> {
    let id = id_of(&id)?;
    let entered = posted.entered.clone();
    let waits = move |view: &View<'_>| {
        if open(view).iter().any(|open| open.id == id) {
            Ok(((), Vec::new()))
        } else {
            Err(Refusal::NotFound("proposal"))
        }
    };
    entered.answer(hall.clone(), READERS, waits).await?;
    begin(&hall, &posted.entered, Wanted::Approve(id))
}
