//! Review of access records (アクセスログの確認): entries of a period that somebody should be asked about, each with the form that asks, or the question that was asked.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::cases::Case;
use sekisho_register::dates::{Edge, When};
use sekisho_register::forms::{Form as CaseForm, checks};
use sekisho_register::review::{Doubt, Reference, asked, asked_about, case_of, documents, doubts};
use sekisho_wire::id::Code;
use sekisho_wire::reason::Query;
use sekisho_wire::record::Record;
use serde::Deserialize;

use super::from;
use crate::clock::Millis;
use crate::console::html::{Block, Cell, Content, Field, Form, Kind, Method, Section, Table};
use crate::console::visit::{Barred, Entered, View};
use crate::http::people::about;
use crate::http::visit::Shown;
use crate::http::{Asked, Hall};
use crate::index::Question;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::{CASE_READERS, READERS};

/// Which days, as they were typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    since: String,
    until: String,
    /// Somebody pressed the button.
    go: Option<String>,
}

/// The form, and what is doubtful.
pub(crate) async fn review(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(typed): Asked<Typed>,
) -> Result<Response, Barred> {
    entered
        .show(hall, READERS, move |view| {
            let mut sections = vec![Section::lead(vec![Block::Form(form(view, &typed))])];
            let mut shown = Vec::new();
            if typed.go.is_some() {
                match typed.period() {
                    None => {
                        let text = view.say(
                            "These are no two days: write 2026-04-01 or R8.4.1 in both, the earlier first.",
                            "期間を読み取れません。開始日と終了日を、R8.4.1 又は 2026-04-01 のように入力してください。",
                        );
                        sections.push(Section::lead(vec![Block::Note(Kind::Warning, text)]));
                    }
                    Some((since, until)) => {
                        let question = Question { since: Some(since), until: Some(until), ..Question::default() };
                        let (records, is_whole) = read(view, &question)?;
                        shown.push(Shown::rows(Query::Search, records.len(), about(&question)));
                        sections.push(results(view, &records, is_whole));
                    }
                }
            }
            let title = view.say("Review of access records", "操作履歴の確認");
            Ok((Content { title, place: "/console/review", refresh: None, sections }, shown))
        })
        .await
}

impl Typed {
    fn period(&self) -> Option<(Millis, Millis)> {
        let since = When::parse(self.since.trim())?.moment(Edge::From);
        let until = When::parse(self.until.trim())?.moment(Edge::Until);
        (since < until).then_some((since, until))
    }
}

/// The records of the period, oldest first, and whether these are all.
fn read(view: &View<'_>, question: &Question) -> Result<(Vec<(u64, Record)>, bool), Refusal> {
    let (mut records, mut before) = (Vec::new(), None);
    loop {
        let page = Question { before, limit: PAGE, ..question.clone() };
        let found = view.ledger.search(&view.visitor.office, &page)?;
        let rows = found.rows.into_iter();
        records.extend(rows.filter_map(|(index, bytes)| Some((index, Record::decode(&bytes?).ok()?))));
        before = found.next;
        if before.is_none() || records.len() >= RECORDS {
            records.sort_by_key(|(index, _)| *index);
            return Ok((records, before.is_none()));
        }
    }
}

fn form(view: &View<'_>, typed: &Typed) -> Form {
    let line = |name, label, value: &String| Field::Line {
        name,
        label,
        value: value.clone(),
        hint: view.say("2026-04-01 or R8.4.1", "令和8年4月1日、R8.4.1、2026-04-01"),
    };
    Form {
        action: "/console/review".to_owned(),
        method: Method::Get,
        fields: vec![
            line("since", view.say("From", "開始日"), &typed.since),
            line("until", view.say("Until (included)", "終了日（当日を含む）"), &typed.until),
            Field::Hidden { name: "go", value: "1".to_owned() },
        ],
        button: view.say("Look through", "確認する"),
    }
}

fn results(view: &View<'_>, records: &[(u64, Record)], is_whole: bool) -> Section {
    let found = doubts(records, &view.register);
    let columns = [
        ("Doubt", "確認事項"),
        ("Who", "操作者"),
        ("Where", "端末機"),
        ("Record", "記録の番号"),
        ("Records", "件数"),
        ("Question", "照会"),
    ];
    let (count, doubtful) = (records.len(), found.len());
    let table = Table {
        caption: view.say(
            format!("{count} records looked through, {doubtful} doubts; a doubt is a question, not a verdict"),
            format!("{count}件の記録を確認、確認事項{doubtful}件（確認事項は照会の対象であり、判定ではありません）"),
        ),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: found.iter().take(SHOWN).map(|doubt| row(view, doubt)).collect(),
        none: view.say("Nothing is doubtful.", "確認事項はありません。"),
    };
    let mut blocks = vec![Block::Table(table)];
    if !is_whole {
        blocks.push(Block::Note(
            Kind::Warning,
            view.say(
                "The period has more records than are looked through at once, and these are its newest: choose fewer days.",
                "期間内の記録が多いため、新しいものから一部だけを確認しました。期間を短くしてください。",
            ),
        ));
    }
    if doubtful > SHOWN {
        let more = doubtful - SHOWN;
        let text = view.say(
            format!("{more} more doubts: choose fewer days."),
            format!("ほかに{more}件あります。期間を短くしてください。"),
        );
        blocks.push(Block::Note(Kind::Warning, text));
    }
    Section::new(view.say("To be asked about", "照会の対象"), blocks)
}

fn row(view: &View<'_>, doubt: &Doubt) -> Vec<Cell> {
    let word = checks::DOUBTS.iter().find(|word| word.number == doubt.doubt);
    let who = doubt.operator.as_ref().map_or_else(|| "-".to_owned(), |operator| view.person(operator));
    let beside = doubt.beside.as_ref().map(|(_, terminal)| terminal.to_string());
    let places: Vec<String> = doubt.terminal.iter().map(Code::to_string).chain(beside).collect();
    // Whether it was asked already stands in the casebook.
    let casebook = view.office.casebook();
    let known = asked(&casebook, doubt).last().map(|case| case.id).filter(|_| view.holds(CASE_READERS));
    let question = match known {
        Some(case) => Cell::link(format!("/console/cases/{case}"), case.text(view.language)),
        None => Cell::link(ask(doubt), view.say("ask the section", "所属に照会する")),
    };
    vec![
        Cell::text(word.map_or("?", |word| word.title.text(view.language))),
        Cell::text(who),
        Cell::text(super::list(places, "、")),
        Cell::link(format!("/console/records/{}", doubt.record), doubt.record.to_string()),
        Cell::number(doubt.count),
        question,
    ]
}

/// The form that asks, with what is known filled in.
fn ask(doubt: &Doubt) -> String {
    let word = checks::DOUBTS.iter().find(|word| word.number == doubt.doubt).map_or("other", |word| word.name);
    let field = |name: &str, value: &Option<Code>| {
        value.as_ref().map_or_else(String::new, |value| format!("&f-{name}={value}"))
    };
    let form = CaseForm::LogReview.name();
    let (operator, terminal, section) =
        (field("operator", &doubt.operator), field("terminal", &doubt.terminal), field("section", &doubt.section));
    format!("/console/forms/{form}?f-doubt={word}&f-record={}{operator}{terminal}{section}", doubt.record)
}

/// Beside a question: the case that its record names, and whether the answers refer to it. Readers of records alone see it, and that they did is a record.
pub(super) fn compared(view: &View<'_>, case: &Case) -> Option<(Section, Shown)> {
    // While the records log stands still nothing of it is shown.
    let may = view.holds(READERS) && view.office.log(LogName::Records).halted().is_none();
    let index = asked_about(case).filter(|_| may)?;
    let bytes = view.ledger.record_bytes(&view.visitor.office, index);
    let record = bytes.ok().and_then(|bytes| Record::decode(&bytes).ok());
    let of_record = record.as_ref().and_then(case_of).map(|case| case.as_str().to_owned());
    let said = match (&record, &of_record) {
        (None, _) => Cell::Mark(Kind::Warning, view.say("the record cannot be read", "記録を読み取れません")),
        (Some(_), None) => Cell::text("-"),
        (Some(_), Some(case)) => Cell::text(case),
    };
    let number = Cell::link(format!("/console/records/{index}"), index.to_string());
    let mut facts = vec![(view.say("Record", "記録の番号"), number), (view.say("Its case", "記録の案件番号"), said)];
    for (entry, document) in documents(case) {
        let reference = Reference::of(document, of_record.as_deref());
        let kind = match reference {
            Reference::Same => Kind::Good,
            Reference::Another | Reference::NoDocument => Kind::Warning,
            Reference::NoCase => Kind::Plain,
        };
        let text = format!("{}: {}", document.unwrap_or("-"), reference.text(view.language));
        let title = view.say(format!("Answer, entry {entry}"), format!("回答（処理簿{entry}）"));
        facts.push((title, Cell::Mark(kind, text)));
    }
    let title = view.say("The record and the answer", "記録と回答の照合");
    Some((Section::new(title, vec![Block::Facts(facts)]), Shown::rows(Query::Search, 1, from(index))))
}

/// As an answer of the ledger has.
const PAGE: u32 = 500;
/// A month of a town of some hundred people; more takes longer than a page may.
const RECORDS: usize = 50_000;
const SHOWN: usize = 300;
