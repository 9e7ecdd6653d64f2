//! Use over time (利用状況): how many requests there were, and how they were decided, without saying whose.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use sekisho_register::calendar::{date_of_day, local_day, local_minute, moment};
use sekisho_wire::id::Code;
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;
use serde::Deserialize;

use crate::clock::Millis;
use crate::console::chart::{Chart, Count};
use crate::console::html::{Block, Cell, Content, Field, Form, Method, Section, Table};
use crate::console::visit::{Barred, Entered, View};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall};
use crate::index::Decided;
use crate::visitors::READERS;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Period {
    days: Option<u32>,
}

/// When a terminal was used tells of whoever sits there: readers of records alone see it, and that they did is a record.
pub(crate) async fn usage(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(period): Asked<Period>,
) -> Result<Response, Barred> {
    let days = period.days.filter(|days| DAYS.contains(days)).unwrap_or(7);
    entered
        .show(hall, READERS, move |view| {
            let today = local_day(view.now);
            let since = moment(today.saturating_sub(days - 1), 0);
            let decided = view.ledger.index.decided(&view.visitor.office, since, view.now.saturating_add(1))?;
            let rows = usize::try_from(decided.iter().map(|one| one.count).sum::<u64>()).unwrap_or(usize::MAX);
            let content = content(view, days, since, &decided);
            Ok((content, vec![Shown::rows(Query::Search, rows, About::default())]))
        })
        .await
}

fn content(view: &View<'_>, days: u32, since: Millis, decided: &[Decided]) -> Content {
    let over_time = if days == 1 { by_hour(decided) } else { by_day(days, since, decided) };
    let title = |english: &str, japanese: &str| view.say(english, japanese);
    let unit = if days == 1 {
        title("Requests by hour", "時間帯別の処理要求")
    } else {
        title("Requests by day", "日別の処理要求")
    };
    let words = [(1, "today, by hour", "本日（時間帯別）"), (7, "7 days", "7日間"), (31, "31 days", "31日間")];
    let options = words.map(|(value, english, japanese)| (value.to_string(), title(english, japanese), value == days));
    let form = Form {
        action: "/console/usage".to_owned(),
        method: Method::Get,
        fields: vec![Field::Choice { name: "days", label: title("Period", "期間"), options: options.to_vec() }],
        button: title("Show", "表示する"),
    };
    let named = |code: &str| {
        let known =
            code.parse::<Code>().ok().and_then(|code| view.register.function(&code).map(|it| it.title().to_owned()));
        known.map_or_else(|| code.to_owned(), |title| format!("{title} ({code})"))
    };
    let functions = sums(decided, |one| one.function.as_deref().map(named));
    let terminals = sums(decided, |one| one.terminal.clone());
    let table = |caption: String, head: String, counts: &[Count]| Block::Table(table(view, caption, head, counts));
    let when = if days == 1 { title("Hour", "時間帯") } else { title("Day", "日") };
    let sections = vec![
        Section::lead(vec![
            Block::Form(form),
            Block::Chart(Chart::of(unit.clone(), &over_time)),
            table(unit, when, &over_time),
        ]),
        Section::new(
            title("By function and terminal", "業務機能別・端末機別"),
            vec![
                table(title("By function", "業務機能別"), title("Function", "業務機能"), &functions),
                table(title("By terminal", "端末機別"), title("Terminal", "端末機"), &terminals),
            ],
        ),
    ];
    Content { title: title("Use over time", "利用状況"), place: "/console/usage", refresh: None, sections }
}

fn by_hour(decided: &[Decided]) -> Vec<Count> {
    let mut hours: Vec<Count> =
        (0..24).map(|hour| Count { name: format!("{hour}:00"), granted: 0, refused: 0 }).collect();
    for one in decided {
        let hour = usize::from(local_minute(one.time) / 60);
        hours.get_mut(hour).into_iter().for_each(|count| add(count, one));
    }
    hours
}

fn by_day(days: u32, since: Millis, decided: &[Decided]) -> Vec<Count> {
    let first = local_day(since);
    let name = |day: u32| {
        let date = date_of_day(day);
        format!("{}/{}", date.month, date.day)
    };
    let mut counts: Vec<Count> =
        (first..first + days).map(|day| Count { name: name(day), granted: 0, refused: 0 }).collect();
    for one in decided {
        let at = usize::try_from(local_day(one.time).saturating_sub(first)).unwrap_or(usize::MAX);
        counts.get_mut(at).into_iter().for_each(|count| add(count, one));
    }
    counts
}

fn sums(decided: &[Decided], name: impl Fn(&Decided) -> Option<String>) -> Vec<Count> {
    let mut sums: BTreeMap<String, Count> = BTreeMap::new();
    for one in decided {
        let Some(name) = name(one) else { continue };
        let empty = Count { name: name.clone(), granted: 0, refused: 0 };
        add(sums.entry(name).or_insert(empty), one);
    }
    let mut counts: Vec<Count> = sums.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.granted + count.refused));
    counts
}

const fn add(count: &mut Count, one: &Decided) {
    if one.granted {
        count.granted += one.count;
    } else {
        count.refused += one.count;
    }
}

fn table(view: &View<'_>, caption: String, head: String, counts: &[Count]) -> Table {
    let row = |count: &Count| {
        let all = count.granted + count.refused;
        vec![Cell::text(&count.name), Cell::number(count.granted), Cell::number(count.refused), Cell::number(all)]
    };
    Table {
        caption,
        columns: vec![head, view.say("Granted", "許可"), view.say("Refused", "拒否"), view.say("Together", "合計")],
        rows: counts.iter().map(row).collect(),
        none: view.say("There were no requests.", "処理要求はありません。"),
    }
}

const DAYS: [u32; 3] = [1, 7, 31];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_japan() {
        let since = moment(20_000, 0);
        let decided = |time, granted, count| Decided { time, terminal: None, function: None, granted, count };
        let counts = by_day(
            2,
            since,
            &[decided(since, true, 3), decided(moment(20_001, 0) - 1, false, 2), decided(moment(20_001, 0), true, 1)],
        );
        let counts: Vec<_> = counts.iter().map(|count| (count.granted, count.refused)).collect();
        assert_eq!(counts, [(3, 2), (1, 0)]);
        assert_eq!(by_hour(&[decided(moment(20_000, 9 * 60), true, 1)])[9].granted, 1);
    }
}
