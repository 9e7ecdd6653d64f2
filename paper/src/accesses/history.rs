//! 操作履歴 (no. 7; S1 13, S4 10(1)(4), 12).

use std::collections::BTreeMap;

use sekisho_wire::record::{Body, Completed, Record, Retention, Withdrawn};
use sekisho_wire::words::Language;

use super::{Access, Place, input_of, place, terminal_of};
use crate::forms::HISTORY;
use crate::registers::AsOf;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// What followed a decision: it was carried out, or taken back.
#[derive(Clone, Copy, Default)]
struct Followed<'a> {
    done: Option<(&'a Access, &'a Record, &'a Completed)>,
    withdrawn: Option<(&'a Access, &'a Record, &'a Withdrawn)>,
}

/// The book of accesses, oldest first. What was done by a decision, and that it was taken back, stand in the decision's row where both are at hand. Titles
/// are those of each record's moment.
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
    let mut followed: BTreeMap<Place, Followed<'_>> = BTreeMap::new();
    let mut decided: Vec<Place> = Vec::new();
    for (access, record) in accesses.iter().filter_map(|access| Some((access, access.record.as_ref()?))) {
        if let Body::Completed(completed) = &record.body {
            followed.entry(place(record, completed.of)).or_default().done = Some((access, record, completed));
        } else if let Body::Withdrawn(withdrawn) = &record.body {
            followed.entry(place(record, withdrawn.of)).or_default().withdrawn = Some((access, record, withdrawn));
        } else if matches!(record.body, Body::Decision(_)) {
            decided.push(place(record, record.seq));
        }
    }
    decided.sort();
    let stands_elsewhere = |record: &Record| {
        let of = if let Body::Completed(completed) = &record.body {
            completed.of
        } else if let Body::Withdrawn(withdrawn) = &record.body {
            withdrawn.of
        } else {
            return false;
        };
        decided.binary_search(&place(record, of)).is_ok()
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
            let followed = followed.get(&place(record, record.seq)).copied().unwrap_or_default();
            table.row(row(AsOf { at: record.trusted, ..of }, access, record, followed));
        }
    }
    table
}

fn row(of: AsOf<'_>, access: &Access, record: &Record, followed: Followed<'_>) -> Vec<Cell> {
    let input = input_of(record);
    let terminal = terminal_of(record);
    let place = terminal.and_then(|code| of.register.terminal(code)?.version_at(of.at));
    let (operator, card) = record.body.names();
    let card = card.map(|guid| match of.register.card(&guid) {
        Some(card) => Cell::Numbered(card.number()),
        None => Cell::text(guid),
    });
    let verdict = record.body.verdict();
    let verdict = verdict.map(|verdict| {
        let what = Said::by(|language| verdict.words(language).what);
        Cell::Said(followed.withdrawn.map_or(what.clone(), |(_, at, _)| taken_back(&what, at.trusted)))
    });
    let own =
        if let Body::Completed(completed) = &record.body { Some((access, record, completed)) } else { followed.done };
    let done = own.map(|(_, record, completed)| (record, completed));
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
        what(access, record, followed),
    ]
}

/// 許可 that is none any more.
fn taken_back(verdict: &Said, at: u64) -> Said {
    let at = |language| Cell::Moment(at).in_words(language);
    Said::made(
        format!("{}({}に取消)", verdict.japanese, at(Language::Japanese)),
        format!("{} (taken back {})", verdict.english, at(Language::English)),
    )
}

/// The columns say it where there was something to decide; what took the decision back, and which of these records came out of an earlier epoch, stands in none.
fn what(access: &Access, record: &Record, followed: Followed<'_>) -> Cell {
    let own = (!matches!(record.body, Body::Decision(_))).then_some(&access.what);
    let done = followed.done.and_then(|(access, ..)| access.carried.as_ref());
    let withdrawn = followed.withdrawn.map(|(access, ..)| [Some(&access.what), access.carried.as_ref()]);
    let all = [own, access.carried.as_ref(), done].into_iter().chain(withdrawn.into_iter().flatten());
    let mut texts: Vec<&String> = Vec::new();
    all.flatten().for_each(|text| {
        if !texts.contains(&text) {
            texts.push(text)
        }
    });
    match texts.as_slice() {
        [one] => Cell::text(one),
        several => Cell::list(several),
    }
}
