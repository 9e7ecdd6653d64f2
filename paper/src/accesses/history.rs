//! 操作履歴 (no. 7; S1 13, S4 10(1)(4), 12).

use std::collections::BTreeMap;

use sekisho_wire::record::{Body, Completed, Emitter, Record, Retention};

use super::{Access, input_of, terminal_of};
use crate::forms::HISTORY;
use crate::registers::AsOf;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// A decision's place: what was done by it names it so.
type Place = (Emitter, u32, u64);

/// The book of accesses, oldest first. What was done by a decision stands in the decision's row where both are at hand. Titles are those of each record's moment.
#[must_use]
pub fn history(of: AsOf<'_>, accesses: &[Access]) -> Table {
    let columns = vec![
        Column::new("index", "連番", "no."),
        Column::new("time", "日時", "time"),
        Column::not_on_screen("home", "市町村", "home office"),
        Column::new("terminal", "端末番号", "terminal"),
        Column::not_on_screen("section", "設置課", "section"),
        Column::new("operator", "操作者", "operator"),
        Column::not_on_screen("card", "カード番号", "card"),
        Column::new("result", "認証結果", "result"),
        Column::new("function", "業務・処理", "function"),
        Column::new("purpose", "事由", "purpose"),
        Column::new("case", "案件番号", "case"),
        Column::new("items", "件数", "items"),
        Column::new("ended", "終了", "ended"),
        Column::not_on_screen("permit", "許可番号", "permit"),
        Column::not_on_screen("register", "登録簿", "register"),
        Column::new("what", "内容", "what"),
    ];
    let mut table = Table::new(&HISTORY, columns);
    let mut done: BTreeMap<Place, (&Record, &Completed)> = BTreeMap::new();
    let mut decided: Vec<Place> = Vec::new();
    for record in accesses.iter().filter_map(|access| access.record.as_ref()) {
        if let Body::Completed(completed) = &record.body {
            done.insert((record.emitter.clone(), record.epoch, completed.of), (record, completed));
        } else if matches!(record.body, Body::Decision(_)) {
            decided.push((record.emitter.clone(), record.epoch, record.seq));
        }
    }
    decided.sort();
    let stands_elsewhere = |record: &Record| {
        let Body::Completed(completed) = &record.body else { return false };
        decided.binary_search(&(record.emitter.clone(), record.epoch, completed.of)).is_ok()
    };
    let mut rows: Vec<&Access> = accesses.iter().collect();
    rows.sort_by_key(|access| access.index);
    for access in rows {
        let Some(record) = &access.record else {
            let nothing = std::iter::repeat_n(Cell::Nothing, 14);
            table.row([Cell::Number(access.index)].into_iter().chain(nothing).chain([Cell::text(&access.what)]));
            continue;
        };
        if record.body.retention() == Retention::Access && !stands_elsewhere(record) {
            let done = done.get(&(record.emitter.clone(), record.epoch, record.seq));
            table.row(row(AsOf { at: record.trusted, ..of }, access, record, done.copied()));
        }
    }
    table
}

fn row(of: AsOf<'_>, access: &Access, record: &Record, done: Option<(&Record, &Completed)>) -> Vec<Cell> {
    let input = input_of(record);
    let terminal = terminal_of(record);
    let place = terminal.and_then(|code| of.register.terminal(code)?.version_at(of.at));
    let (operator, card) = record.body.names();
    let card = card.map(|guid| match of.register.card(&guid) {
        Some(card) => Cell::Numbered(card.number()),
        None => Cell::text(guid),
    });
    let verdict = record.body.verdict();
    let verdict = verdict.map(|verdict| Cell::Said(Said::by(|language| verdict.words(language).what)));
    let own = if let Body::Completed(completed) = &record.body { Some((record, completed)) } else { done };
    let done = own;
    vec![
        Cell::Number(access.index),
        Cell::Moment(record.trusted),
        Cell::or_nothing(input.and_then(|input| input.home).map(|office| {
            let partner = of.register.partners().find(|partner| partner.said().office == office);
            partner.map_or_else(|| Cell::text(office), |partner| Cell::text(&partner.said().title))
        })),
        Cell::or_nothing(terminal.map(Cell::text)),
        Cell::or_nothing(place.map(|version| of.section(&version.section))),
        Cell::or_nothing(operator.map(|operator| of.person(operator))),
        Cell::or_nothing(card),
        Cell::or_nothing(verdict),
        Cell::or_nothing(input.and_then(|input| input.function.as_ref()).map(|function| of.function(function))),
        Cell::or_nothing(input.and_then(|input| input.purpose.as_ref()).map(|purpose| {
            let known = of.register.purpose(purpose).and_then(|purpose| purpose.versions().at(of.at));
            known.map_or_else(|| Cell::text(purpose), |version| Cell::text(&version.title))
        })),
        Cell::or_nothing(input.and_then(|input| input.case.as_ref()).map(Cell::text)),
        Cell::or_nothing(done.map(|(_, completed)| Cell::Number(completed.items.into()))),
        Cell::or_nothing(done.map(|(record, _)| Cell::Moment(record.trusted))),
        Cell::or_nothing(input.and_then(|input| input.permit).map(Cell::Numbered)),
        Cell::or_nothing(input.map(|input| Cell::Number(input.register))),
        // The columns say it where there was something to decide.
        if matches!(record.body, Body::Decision(_)) { Cell::Nothing } else { Cell::text(&access.what) },
    ]
}
