//! The record of a disconnection (S1 14–16): two doors in, two keys out, and what of it stands.

use sekisho_register::FoldRefusal;
use sekisho_register::cases::Case;
use sekisho_register::change::{Change, ConnectionState, SetConnection};
use sekisho_register::forms::{Asked, Form, Step, WITHDRAWN, stop};
use sekisho_register::role::Role;
use sekisho_wire::id::Hash;

use super::super::cases::{May, may_take};
use crate::console::duties::{self, step_link, whose};
use crate::console::html::{Block, Cell, Kind, Section, Table};
use crate::console::visit::View;
use crate::console::written::by;

/// The acts that a record names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    /// What stopped what is stopped now.
    pub(super) stopped: Option<Hash>,
    /// What restored it, once nothing is stopped any more.
    pub(super) restored: Option<Hash>,
}

/// Whether everything may be connected again, or why not yet.
pub(super) fn why_not_reconnected(view: &View<'_>) -> Option<String> {
    let casebook = view.office.casebook();
    let restored = SetConnection { state: ConnectionState::Connected, functions: Vec::new(), incident: None };
    let refused = casebook.may_reconnect(&view.register, &[Change::Connection(restored)]).err();
    refused.map(|refusal| {
        if !matches!(refusal, FoldRefusal::StopUnrecorded { .. }) {
            return refusal.text(view.language);
        }
        view.say(
            "The record of the disconnection comes first, with the act that stopped named in it: without it nobody reports and nobody confirms.",
            "先に結合停止等記録を作成してください（停止の処分を記載した記録がなければ、解消報告も確認もできません）。",
        )
    })
}

/// That an open record says who is heard before the stop, and nobody was yet.
pub(super) fn unheard(view: &View<'_>) -> Option<String> {
    let casebook = view.office.casebook();
    let mut open = casebook.cases_on(Form::Disconnection).filter(|case| !case.is_closed());
    let is_unheard = |case: &Case| case.is_ordinary_stop() && case.taken(stop::HEARD).next().is_none();
    let case = open.find(|case| is_unheard(case))?.id.text(view.language);
    Some(view.say(
        format!("{case} says that the committee is heard before the stop, and its opinion is not there yet."),
        format!("{case}では停止前に委員会の意見を聴くこととしていますが、意見はまだ記録されていません。"),
    ))
}

/// Open records of disconnections, each with what stands and what is missing; a button to begin one where none is open. With it their places in the
/// casebook.
pub(super) fn section(view: &View<'_>, named: Named) -> (Section, Vec<u64>) {
    let casebook = view.office.casebook();
    let mut open: Vec<&Case> = casebook.cases_on(Form::Disconnection).filter(|case| !case.is_closed()).collect();
    open.sort_by_key(|case| std::cmp::Reverse(case.opened.index));
    let mut blocks = Vec::new();
    if open.is_empty() {
        let none = view.say("No disconnection is being recorded.", "進行中の結合停止等記録はありません。");
        blocks.push(Block::Note(Kind::Plain, none));
    }
    for case in &open {
        blocks.extend(of_case(view, case, named));
    }
    let definition = Form::Disconnection.definition();
    let may_open = sekisho_register::cases::Whose::Roles(definition.opened_by.to_vec());
    if open.is_empty() && may_open.is(&view.visitor.operator, &view.register, view.now) {
        let begin = |door: &str| format!("/console/forms/{}?f-door={door}", definition.name);
        blocks.push(Block::Buttons(vec![
            (
                begin("ordinary"),
                view.say("Record: the committee is heard first", "記録を作成する（委員会の意見を聴いた後に停止）"),
            ),
            (begin("immediate"), view.say("Record: stopped at once", "記録を作成する（即時に停止し、事後に通知）")),
        ]));
    }
    let section = Section::new(view.say("Record of the disconnection", "結合停止等記録"), blocks);
    (section, open.iter().map(|case| case.opened.index).collect())
}

fn of_case(view: &View<'_>, case: &Case, named: Named) -> Vec<Block> {
    let is_ordinary = case.is_ordinary_stop();
    let open = case.duties(&view.register, view.now);
    let door = if is_ordinary {
        view.say("ordinary: the committee is heard first", "通常（委員会の意見を聴いた後）")
    } else {
        view.say("immediate: told afterwards", "即時（直ちに停止し、事後に通知）")
    };
    let facts = vec![
        (view.say("Record", "記録"), Cell::link(format!("/console/cases/{}", case.id), case.id.text(view.language))),
        (view.say("Door", "停止の手続"), Cell::text(door)),
        (view.say("Opened", "記入日時"), Cell::short(view.moment(case.opened.made))),
        (view.say("By", "記入者"), Cell::Lines(by(view, &case.opened))),
    ];
    let asked = |step: &&Step| (is_ordinary || step.key != stop::HEARD) && step.key != WITHDRAWN;
    let steps = case.id.form.definition().steps;
    let row = |step: &'static Step| {
        let last = case.counting(step.key).next_back();
        // Of a notice: whom nobody told yet.
        let left = open.iter().filter(|duty| duty.step.key == step.key && duty.to.is_some());
        let left: Vec<String> = left.map(|duty| duties::step(view, duty)).collect();
        let state = match last {
            Some(_) if !left.is_empty() => Cell::Lines(left),
            Some(_) => Cell::Mark(Kind::Good, view.say("stands", "済")),
            None => Cell::Mark(Kind::Warning, view.say("missing", "未了")),
        };
        let (when, who) = last.map_or_else(
            || (Cell::text("-"), Cell::text(whose(view, &case.whose(step, &view.register, view.now)))),
            |taken| (Cell::short(view.moment(taken.written.made)), Cell::Lines(by(view, &taken.written))),
        );
        vec![Cell::text(step.title.text(view.language)), state, when, who]
    };
    let columns = [("Step", "手続"), ("State", "状態"), ("When", "日時"), ("By, or whose", "記入者・担当")];
    let table = Table {
        caption: view.say("What stands and what is missing", "手続の状況"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: steps.iter().filter(asked).map(row).collect(),
        none: String::new(),
    };
    let to: Vec<&str> = open.iter().filter_map(|duty| duty.to).map(Role::name).collect();
    let filled = |step: &Step| {
        if step.key == stop::NOTIFIED {
            return format!("?f-roles={}", to.join(","));
        }
        let act = if step.key == stop::STOPPED { named.stopped } else { None };
        let act = act.or(if step.asked == Asked::Closing { named.restored } else { None });
        act.map_or_else(String::new, |act| format!("?f-act={act}"))
    };
    let mine = steps.iter().filter(asked).filter(|step| may_take(view, case, step) == May::Yes);
    let button = |step: &'static Step| {
        let word = step.title.text(view.language);
        (
            format!("{}{}", step_link(case.id, step), filled(step)),
            view.say(format!("Write: {word}"), format!("{word}を記録する")),
        )
    };
    let buttons: Vec<_> = mine.map(button).collect();
    let mut blocks = vec![Block::Facts(facts), Block::Table(table)];
    if !buttons.is_empty() {
        blocks.push(Block::Buttons(buttons));
    }
    blocks
}
