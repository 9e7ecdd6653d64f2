//! The registers (台帳) and the books of cases (簿冊) as of a date: on the screen, as CSV, as pages for a printer. What stands in them is sekisho-paper's to say.

mod commands;

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use sekisho_paper::forms::MEDIA;
use sekisho_paper::media::media;
use sekisho_paper::print::{as_of_printed, html, moment_of};
use sekisho_paper::registers::Which;
use sekisho_paper::table::Shown as Column;
use sekisho_paper::written::{BYTE_ORDER_MARK, csv_of_notes};
use sekisho_paper::{AsOf, Cell as Said, Facts, Table, Templates, cases};
use sekisho_register::calendar::MINUTE_MS;
use sekisho_register::cases::Case;
use sekisho_register::change::{CaseId, Value};
use sekisho_register::dates::When;
use sekisho_register::everyday::Group;
use sekisho_register::forms::Form as CaseForm;
use sekisho_register::role::Role;
use sekisho_register::{Casebook, NameHash};
use sekisho_wire::reason::Query;
use sekisho_wire::words::Language;
use serde::Deserialize;

use super::{changes, from};
use crate::console::beside::Beside;
use crate::console::html::{self as page, Block, Cell, Content, Field, Form, Kind, Method, Section};
use crate::console::paging::Paging;
use crate::console::visit::{Barred, Entered, View};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::{ANY_ROLE, CASE_READERS};

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Book {
    Register(Which),
    Cases(CaseForm),
    /// Media of the ledger's backups, and of the sections.
    Media,
}

impl Book {
    fn from_key(key: &str) -> Option<Self> {
        let register = Which::from_key(key).map(Self::Register);
        let media = (key == MEDIA.key).then_some(Self::Media);
        register.or_else(|| CaseForm::from_name(key).map(Self::Cases)).or(media)
    }

    fn form(self) -> &'static sekisho_paper::forms::Form {
        match self {
            Self::Register(which) => which.form(),
            Self::Cases(form) => sekisho_paper::forms::of_cases(form),
            Self::Media => &MEDIA,
        }
    }

    const fn readers(self) -> &'static [Role] {
        match self {
            Self::Register(_) | Self::Media => ANY_ROLE,
            Self::Cases(_) => CASE_READERS,
        }
    }

    fn address(self, ending: &str) -> String {
        format!("/console/registers/{}{ending}", self.form().key)
    }

    /// Title and number.
    fn title(self, language: Language) -> String {
        let (form, number) = (self.form(), self.form().number_in_words(language));
        let title = form.title.in_words(language);
        match (number.as_str(), language) {
            ("", _) => title.to_owned(),
            (number, Language::English) => format!("{title} ({number})"),
            (number, Language::Japanese) => format!("{title}（{number}）"),
        }
    }

    /// What can be changed where it is read.
    const fn changed_by(self) -> Option<Group> {
        match self {
            Self::Register(Which::Operators) => Some(Group::People),
            Self::Register(Which::Cards) => Some(Group::Cards),
            Self::Register(Which::Terminals) => Some(Group::Terminals),
            Self::Register(Which::Permits) => Some(Group::Permits),
            Self::Register(_) | Self::Cases(_) | Self::Media => None,
        }
    }
}

/// Where a book of cases lies.
pub(super) fn book_of(form: CaseForm) -> String {
    Book::Cases(form).address("")
}

/// A file that is taken away, by the ending of its address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum File {
    Csv,
    /// What head, foot and notes of the same print say.
    Notes,
    Print,
}

impl File {
    const ALL: [Self; 3] = [Self::Notes, Self::Csv, Self::Print];

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Notes => "-notes.csv",
            Self::Print => ".html",
        }
    }
}

/// What an address names: a book, and the file of it or the page.
fn named(text: &str) -> Option<(Book, Option<File>)> {
    let file = File::ALL.into_iter().find_map(|file| Some((Book::from_key(text.strip_suffix(file.ending())?)?, file)));
    file.map(|(book, file)| (book, Some(file))).or_else(|| Some((Book::from_key(text)?, None)))
}

fn contents(view: &View<'_>) -> Content {
    let link = |book: Book| Cell::link(book.address(""), book.title(view.language));
    let text = view.say(
        "Each can be shown as it stood at the end of any day, taken away as CSV, and printed.",
        "いずれも、任意の日の終わりの時点の内容を表示し、CSVで保存し、印刷できます。",
    );
    let registers = Which::ALL.map(Book::Register).into_iter().chain([Book::Media]).map(link);
    let mut sections = vec![Section::lead(vec![Block::Text(text), Block::List(registers.collect())])];
    if view.holds(CASE_READERS) {
        let books = CaseForm::ALL.map(|form| link(Book::Cases(form)));
        sections.push(Section::new(view.say("Books of cases", "簿冊"), vec![Block::List(books.to_vec())]));
    }
    Content { title: view.say("Registers", "台帳"), place: "/console/registers", refresh: None, sections }
}

/// Which there are.
pub(crate) async fn list(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered.show(hall, ANY_ROLE, |view| Ok((contents(view), Vec::new()))).await
}

#[derive(Deserialize)]
pub(crate) struct OfWhich {
    which: String,
}

/// As it was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    date: String,
    year: String,
    from: String,
}

impl Question {
    fn date(&self) -> Typed<When> {
        Typed::of(&self.date, When::parse)
    }

    /// The fiscal year, by that in which it begins.
    fn year(&self, book: Book) -> Typed<u16> {
        let year = |text: &str| text.parse().ok().filter(|year| FISCAL_YEARS.contains(year));
        if takes_a_year(book) { Typed::of(&self.year, year) } else { Typed::Nothing }
    }

    /// The same in another address.
    fn spelt(&self, book: Book) -> String {
        let year = takes_a_year(book).then_some(("year", self.year.as_str()));
        serde_urlencoded::to_string([Some(("date", self.date.as_str())), year].iter().flatten().collect::<Vec<_>>())
            .unwrap_or_default()
    }
}

/// What somebody typed, or did not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed<T> {
    Nothing,
    This(T),
    Wrong,
}

impl<T> Typed<T> {
    fn of(text: &str, parse: impl Fn(&str) -> Option<T>) -> Self {
        match text.trim() {
            "" => Self::Nothing,
            text => parse(text).map_or(Self::Wrong, Self::This),
        }
    }

    fn or_refused(self, what: &'static str) -> Result<Option<T>, Refusal> {
        match self {
            Self::Nothing => Ok(None),
            Self::This(it) => Ok(Some(it)),
            Self::Wrong => Err(Refusal::Malformed(what)),
        }
    }

    fn known(self) -> Option<T> {
        if let Self::This(it) = self { Some(it) } else { None }
    }
}

fn takes_a_year(book: Book) -> bool {
    book == Book::Register(Which::Designations)
}

/// One of them, or a file of it.
pub(crate) async fn one(
    State(hall): State<Hall>,
    entered: Entered,
    Named(OfWhich { which }): Named<OfWhich>,
    Asked(asked): Asked<Question>,
) -> Result<Response, Barred> {
    let (book, file) = named(&which).ok_or(Refusal::NotFound("register"))?;
    let Some(file) = file else {
        return entered.show(hall, book.readers(), move |view| on_screen(view, book, &asked)).await;
    };
    let made = entered.answer(hall, book.readers(), move |view| {
        let (date, year) = (asked.date().or_refused("date")?, asked.year(book).or_refused("year")?);
        let filled = Filled::of(view, book, date, year)?;
        let rows = filled.table.rows.len();
        Ok((filled.file(book, file)?, filled.shown(rows)))
    });
    Ok(made.await?.into_response())
}

/// One that is filled in.
struct Filled {
    table: Table,
    facts: Facts,
    /// The moment that it is of.
    at: u64,
    /// What reading it is recorded as, and from which entry on it speaks; nothing where it has no row.
    read: (Query, Option<u64>),
}

impl Filled {
    fn of(view: &View<'_>, book: Book, date: Option<When>, year: Option<u16>) -> Result<Self, Refusal> {
        // As the administrator's tool does it: a print of this minute is as of its end.
        let printed_at = view.now - view.now % MINUTE_MS;
        let now = printed_at + MINUTE_MS - 1;
        let at = date.map_or(now, |date| moment_of(date, now));
        let (beside, casebook) = (Beside::of(view), view.office.casebook());
        let acknowledged = view.holds(CASE_READERS).then_some((&*casebook, now));
        let of = AsOf { register: &view.register, names: &beside, at, cases: acknowledged, sight: Some(&view.sight) };
        let (table, at, read) = match book {
            Book::Register(which) => {
                let at = year.map_or(at, |year| of.within(year));
                (of.table_to_print(which, year), at, (Query::Register, Some(0)))
            }
            Book::Cases(form) => {
                let (seen, texts) = cases_on(view, form, &casebook)?;
                let of = AsOf { cases: None, ..of };
                let table = cases::book(of, form, seen.iter().copied(), &|hash| texts.get(hash).cloned());
                (table, at, (Query::Entries, first_of(&seen)))
            }
            Book::Media => {
                let known = view.holds(CASE_READERS).then(|| cases_on(view, CaseForm::Medium, &casebook));
                let (seen, texts) = known.transpose()?.unwrap_or_default();
                // How the backups stand is known of now alone.
                let backups = view.ledger.backups()?;
                let table = media(AsOf { at: now, ..of }, &backups, &seen, &|hash| texts.get(hash).cloned());
                (table, now, (Query::Entries, first_of(&seen)))
            }
        };
        let printed_by = AsOf { at: now, ..of }.person(&view.visitor.operator).in_words(view.language);
        let as_of = as_of_printed(at, now);
        let mut facts = Facts::of(&view.register, view.language, as_of, printed_by, printed_at);
        if matches!(book, Book::Cases(_)) {
            facts.remarks.push(cases::log_named(&casebook));
        }
        beside.whole()?;
        Ok(Self { table, facts, at, read })
    }

    fn shown(&self, rows: usize) -> Vec<Shown> {
        let (query, first) = self.read;
        first.map(|first| Shown::rows(query, rows, from(first))).into_iter().collect()
    }

    fn file(&self, book: Book, file: File) -> Result<(HeaderMap, String), Refusal> {
        let tables = std::slice::from_ref(&self.table);
        let mut headers = HeaderMap::new();
        let text = match file {
            File::Csv => BYTE_ORDER_MARK.to_owned() + &self.table.csv(self.facts.language),
            File::Notes => BYTE_ORDER_MARK.to_owned() + &csv_of_notes(&self.facts, tables),
            File::Print => {
                let made = html(&Templates::built_in(), book.form(), tables, &self.facts);
                made.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?
            }
        };
        if file == File::Print {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PRINT_POLICY));
        } else {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
            let name = format!("attachment; filename=\"{}{}\"", book.form().key, file.ending());
            headers.extend(HeaderValue::from_str(&name).ok().map(|name| (CONTENT_DISPOSITION, name)));
        }
        Ok((headers, text))
    }
}

type Texts = HashMap<NameHash, String>;

/// The cases on a form, as far as this person sees them, and their texts.
fn cases_on<'c>(view: &View<'_>, form: CaseForm, casebook: &'c Casebook) -> Result<(Vec<&'c Case>, Texts), Refusal> {
    let seen: Vec<&Case> = casebook.cases_on(form).filter(|case| view.sight.sees_case(&view.register, case)).collect();
    let texts = texts_beside(view, &seen)?;
    Ok((seen, texts))
}

/// From which entry on they speak.
fn first_of(cases: &[&Case]) -> Option<u64> {
    cases.iter().map(|case| case.opened.index).min()
}

/// The texts that these cases speak of.
fn texts_beside(view: &View<'_>, cases: &[&Case]) -> Result<Texts, Refusal> {
    let written = cases
        .iter()
        .flat_map(|case| std::iter::once(&case.opened).chain(case.steps.iter().map(|taken| &taken.written)));
    let has_texts = written.filter(|written| written.fields.iter().any(|it| matches!(it.value, Value::Text(_))));
    let indexes: BTreeSet<u64> = has_texts.map(|written| written.index).collect();
    let mut texts = Texts::new();
    for entries in runs(&indexes) {
        let beside = view.ledger.names_beside(&view.visitor.office, LogName::Casebook, entries)?;
        texts.extend(beside.into_iter().map(|it| (NameHash::of(&it.salt, &it.text), it.text.as_str().to_owned())));
    }
    Ok(texts)
}

/// These entries in few ranges: what lies between near ones is read along, for that is quicker than to ask again.
fn runs(indexes: &BTreeSet<u64>) -> Vec<std::ops::Range<u64>> {
    let mut runs: Vec<std::ops::Range<u64>> = Vec::new();
    for index in indexes {
        match runs.last_mut().filter(|run| *index < run.end.saturating_add(NEAR)) {
            Some(run) => run.end = index.saturating_add(1),
            None => runs.push(*index..index.saturating_add(1)),
        }
    }
    runs
}

fn on_screen(view: &View<'_>, book: Book, asked: &Question) -> Result<(Content, Vec<Shown>), Refusal> {
    let (date, year) = (asked.date(), asked.year(book));
    let filled = Filled::of(view, book, date.known(), year.known())?;
    let paging = Paging::of(&asked.from, filled.table.rows.len())?;
    let rows: Vec<&Vec<Said>> = paging.take(&filled.table.rows);
    let shown = filled.shown(rows.len());
    let mut blocks: Vec<Block> = form(view, book, asked).map(Block::Form).into_iter().collect();
    if date == Typed::Wrong {
        blocks.push(Block::Note(Kind::Warning, no_date(view, asked.date.trim())));
    }
    if year == Typed::Wrong {
        let text = view.say(
            format!(
                "'{}' is no year; shown is the present one. Write 2026 for the fiscal year that begins in April 2026.",
                asked.year.trim()
            ),
            format!(
                "「{}」は年度として読み取れないため、現在の年度を表示しています。令和8年度は 2026 と入力してください。",
                asked.year.trim()
            ),
        );
        blocks.push(Block::Note(Kind::Warning, text));
    }
    let made_from = made_from(view, &filled.facts);
    blocks.push(Block::Text(match book.form().number_in_words(view.language).as_str() {
        "" => made_from,
        number => view.say(format!("{number}, {made_from}"), format!("{number}　{made_from}")),
    }));
    blocks.push(Block::Table(on_page(view, book, &filled.table, &rows)));
    let spelt = asked.spelt(book);
    blocks.extend(paging.ways(view, |from| format!("{}?{spelt}&from={from}", book.address(""))));
    blocks.extend(filled.table.remarks().iter().map(|note| Block::Text(note.in_words(view.language).to_owned())));
    let file = |file: File, word: String| (format!("{}?{spelt}", book.address(file.ending())), word);
    if view.register.policy_at(view.now).templates.is_some() {
        blocks.push(Block::Text(view.say(
            "The office prints by templates of its own, which lie at its desks: print there where the form matters.",
            "この団体は独自の様式を定めています。正式な様式での印刷は、様式のある管理端末で「sekisho-admin register print」等により行ってください。ここでの印刷は標準の様式です。",
        )));
    }
    blocks.push(Block::Buttons(vec![
        file(File::Print, view.say("Pages for a printer", "印刷用の頁")),
        file(File::Csv, view.say("CSV file", "CSVファイル")),
        file(File::Notes, view.say("Head and notes as CSV", "表題・注のCSV")),
    ]));
    blocks.extend(book.changed_by().and_then(|group| changes::buttons(view, group)));
    let title = book.form().title.in_words(view.language).to_owned();
    let how = if let Book::Register(which) = book { commands::section(view, which, filled.at) } else { None };
    let sections = std::iter::once(Section::lead(blocks)).chain(how).collect();
    let content = Content { title, place: "/console/registers", refresh: None, sections };
    Ok((content, shown))
}

fn no_date(view: &View<'_>, typed: &str) -> String {
    view.say(
        format!("'{typed}' is no date; shown is what stands now. Write 2026-04-01 or R8.4.1."),
        format!(
            "「{typed}」は日付として読み取れないため、現在の内容を表示しています。令和8年4月1日、R8.4.1、2026-04-01 のように入力してください。"
        ),
    )
}

/// As of when, and from what.
fn made_from(view: &View<'_>, facts: &Facts) -> String {
    let (as_of, size) = (facts.as_of.in_words(view.language), facts.size);
    let besides = facts.remarks.iter().map(|remark| remark.in_words(view.language));
    let between = view.say(", ", "、");
    match view.language {
        Language::English => {
            let from = std::iter::once(format!("register {size} entries")).chain(besides.map(str::to_owned));
            format!("{as_of} ({})", from.collect::<Vec<_>>().join(&between))
        }
        Language::Japanese => {
            let from = std::iter::once(format!("登録簿 {size} 件")).chain(besides.map(str::to_owned));
            format!("{as_of}（{}）", from.collect::<Vec<_>>().join(&between))
        }
    }
}

/// Of when it is asked for.
fn form(view: &View<'_>, book: Book, asked: &Question) -> Option<Form> {
    let date = (book != Book::Media).then(|| Field::Line {
        name: "date",
        label: view.say("As of the end of", "基準日"),
        value: asked.date.clone(),
        hint: view.say("2026-04-01 or R8.4.1; empty: now", "令和8年4月1日、R8.4.1。空欄は現在"),
    });
    let year = takes_a_year(book).then(|| Field::Line {
        name: "year",
        label: view.say("Fiscal year", "年度"),
        value: asked.year.clone(),
        hint: view.say("2026: from April 2026; empty: the present one", "令和8年度は 2026。空欄は現在の年度"),
    });
    let fields: Vec<Field> = date.into_iter().chain(year).collect();
    (!fields.is_empty()).then(|| Form {
        action: book.address(""),
        method: Method::Get,
        fields,
        button: view.say("Show", "表示する"),
    })
}

/// A page of the table. Columns that are filled in by hand stand on paper alone.
fn on_page(view: &View<'_>, book: Book, table: &Table, rows: &[&Vec<Said>]) -> page::Table {
    let shown: Vec<usize> =
        (0..).zip(&table.columns).filter(|(_, column)| column.shown != Column::ByHand).map(|(at, _)| at).collect();
    let title = |at: &usize| table.columns.get(*at).map(|column| column.title.in_words(view.language).to_owned());
    let row = |row: &&Vec<Said>| shown.iter().map(|at| cell(view, book, row.get(*at))).collect();
    page::Table {
        caption: table.title.in_words(view.language).to_owned(),
        columns: shown.iter().filter_map(title).collect(),
        rows: rows.iter().map(row).collect(),
        none: view.say("There is nothing in it.", "該当するものはありません。"),
    }
}

fn cell(view: &View<'_>, book: Book, said: Option<&Said>) -> Cell {
    let words = |said: &Said| said.in_words(view.language);
    match (said, book) {
        (None | Some(Said::Nothing | Said::ByHand), _) => Cell::text("-"),
        (Some(number @ Said::Numbered(of)), Book::Cases(form)) => {
            Cell::link(format!("/console/cases/{}", CaseId { form, number: *of }), words(number))
        }
        (Some(number @ Said::Number(_)), _) => Cell::Number(words(number)),
        (Some(short @ (Said::Day(_) | Said::Moment(_) | Said::Numbered(_))), _) => Cell::Short(words(short)),
        // Codes stay beside each other.
        (Some(several @ Said::List(cells)), _) if cells.iter().all(|cell| matches!(cell, Said::Text(_))) => {
            Cell::Text(words(several))
        }
        (Some(Said::List(cells)), _) => Cell::Lines(cells.iter().map(words).collect()),
        (Some(text @ (Said::Text(_) | Said::Said(_) | Said::Coded { .. })), _) => {
            let text = words(text);
            match text {
                text if text.contains('\n') => Cell::Lines(text.lines().map(str::to_owned).collect()),
                text if text.len() >= LONG && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => Cell::Code(text),
                text => Cell::Text(text),
            }
        }
    }
}

pub(crate) fn role_name(role: Role, language: Language) -> String {
    match language {
        Language::English => role.name().replace('_', " "),
        Language::Japanese => role.title().to_owned(),
    }
}

/// A print brings its own style, and nothing else.
const PRINT_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Fiscal years that can be asked for, as the administrator's tool has them.
const FISCAL_YEARS: std::ops::RangeInclusive<u16> = 1989..=9000;
/// From so many digits on a number is one that nobody says, and may be broken anywhere.
const LONG: usize = 24;
/// Entries that lie no further apart are read together.
const NEAR: u64 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_register_or_a_book_and_its_file() {
        let cards = Book::Register(Which::Cards);
        let incidents = Book::Cases(CaseForm::Incident);
        for (text, expected) in [
            ("cards", Some((cards, None))),
            ("cards.csv", Some((cards, Some(File::Csv)))),
            ("cards-notes.csv", Some((cards, Some(File::Notes)))),
            ("cards.html", Some((cards, Some(File::Print)))),
            ("incident", Some((incidents, None))),
            ("incident.html", Some((incidents, Some(File::Print)))),
            ("media.csv", Some((Book::Media, Some(File::Csv)))),
            ("medium", Some((Book::Cases(CaseForm::Medium), None))),
            ("history", None),
            ("cards.pdf", None),
            (".csv", None),
        ] {
            assert!(named(text) == expected, "{text}");
        }
        let all = Which::ALL.map(Book::Register).into_iter().chain(CaseForm::ALL.map(Book::Cases));
        for book in all {
            assert!(Book::from_key(book.form().key) == Some(book), "{}", book.form().key);
        }
    }

    #[test]
    fn near_entries_are_read_together_and_far_ones_apart() {
        let indexes = BTreeSet::from([3, 4, 9, 9 + NEAR + 1, 5000]);
        assert_eq!(runs(&indexes), [3..10, 60..61, 5000..5001]);
        assert_eq!(runs(&BTreeSet::from([0, NEAR])).as_slice(), std::slice::from_ref(&(0..NEAR + 1)));
        assert!(runs(&BTreeSet::new()).is_empty());
    }
}
