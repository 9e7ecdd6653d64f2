//! 委員会 報告資料 (S1 8): operators, cards, refusals, and what the casebook has of a period.

use std::collections::BTreeMap;

use sekisho_register::cases::{Case, Written};
use sekisho_register::change::{Field, Value};
use sekisho_register::forms::{Blank, Form, incident};
use sekisho_wire::id::Code;
use sekisho_wire::record::{Body, Record};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::accesses::{Counts, Withdrawals};
use crate::cases::{self, Texts, book};
use crate::forms::COMMITTEE;
use crate::registers::AsOf;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// The refusals of a period as they come, counted and forgotten.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: BTreeMap<VerdictCode, u64>,
    granted: u64,
    withdrawn: u64,
    withdrawals: Withdrawals,
    wrong_pins: u64,
    without_card: u64,
}

impl Refusals {
    /// Counts one record; they come newest first.
    pub fn add(&mut self, record: &Record) {
        self.withdrawals.add(record);
        if let Body::Decision(decision) = &record.body {
            match self.withdrawals.counts(record, decision) {
                Counts::Granted => self.granted += 1,
                Counts::Withdrawn => self.withdrawn += 1,
                Counts::Refused => *self.counts.entry(decision.verdict).or_default() += 1,
            }
        } else if matches!(record.body, Body::PinFailed(_)) {
            self.wrong_pins += 1;
        } else if matches!(record.body, Body::BreakGlass(_)) {
            self.without_card += 1;
        }
    }

    fn table(&self) -> Table {
        let columns = vec![Column::new("what", "区分", "what"), Column::new("count", "件数", "count")];
        let mut table = Table::new(&COMMITTEE, columns).titled(Said::new("許可・拒否の状況", "grants and refusals"));
        let mut row = |what, count| table.row([what, Cell::Number(count)]);
        row(Cell::said("許可", "granted"), self.granted);
        for (verdict, count) in &self.counts {
            let what = Said::by(|language| verdict.words(language).what);
            row(
                Cell::Said(Said::made(format!("拒否: {}", what.japanese), format!("refused: {}", what.english))),
                *count,
            );
        }
        row(Cell::said("拒否: 許可後の取消", "refused: granted, then taken back"), self.withdrawn);
        row(Cell::said("暗証番号の誤り", "wrong PINs"), self.wrong_pins);
        row(Cell::said("カードなしのログイン", "logins without a card"), self.without_card);
        table.notes.extend(self.withdrawals.note());
        table
    }
}

/// What the casebook has for a period.
pub struct PeriodCases<'a> {
    /// The cases that whoever prints sees, of every form and time.
    pub all: &'a [&'a Case],
    /// From this moment on.
    pub from: u64,
    /// Until before this one.
    pub to: u64,
    /// Who has taken part in no training for a year, and when last; 0 for never.
    pub untrained: &'a [(Code, u64)],
    /// The texts beside them.
    pub texts: Texts<'a>,
}

impl std::fmt::Debug for PeriodCases<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeriodCases").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl<'a> PeriodCases<'a> {
    /// The cases of a form that belong into the period: something was written in them within it, or had still to be done at its end. What was opened
    /// before it and went on in it is looked at again.
    fn on(&self, of: AsOf<'_>, form: Form) -> impl Iterator<Item = &'a Case> {
        let within = move |written: &Written| (self.from..self.to).contains(&written.made) && written.made <= of.at;
        self.all.iter().copied().filter(move |case| {
            let then = cases::as_of(case, of.at);
            let known = case.id.form == form && case.opened.made <= of.at;
            let taken = std::iter::once(&then.opened).chain(then.steps.iter().map(|taken| &taken.written)).any(within);
            known && (taken || !then.duties(of.register, of.at).is_empty())
        })
    }
}

/// What the committee looks at: operators, cards, refusals, incidents, stops of the connection, inspections, reviews of entries, training, and who lacks it.
/// `of` is as of the period's end.
#[must_use]
pub fn committee(of: AsOf<'_>, refusals: &Refusals, cases: &PeriodCases<'_>) -> Vec<Table> {
    let book = |form| book(of, form, cases.on(of, form), cases.texts);
    vec![
        of.operators_in_short(),
        of.stock(),
        refusals.table(),
        incidents(of, cases),
        book(Form::Disconnection),
        book(Form::Inspection),
        book(Form::LogReview),
        book(Form::Training).titled(Said::new("研修の状況", "training")),
        untrained(of, cases.untrained),
    ]
}

fn incidents(of: AsOf<'_>, cases: &PeriodCases<'_>) -> Table {
    let columns = vec![
        Column::new("number", "番号", "number"),
        Column::new("made", "報告日時", "reported"),
        Column::new("class", "区分", "class"),
        Column::new("kind", "種類", "kind"),
        Column::new("terminal", "端末機", "terminal"),
        Column::new("level", "脅威度", "threat level"),
        Column::new("handled", "措置", "handled"),
        Column::new("state", "状況", "state"),
    ];
    let mut table = Table::new(&COMMITTEE, columns).titled(Said::new("事故・障害", "incidents"));
    for case in cases.on(of, Form::Incident) {
        let then = cases::as_of(case, of.at);
        let Some((class, level, kind)) = then.judged() else { continue };
        let terminal = then.opened.field(incident::TERMINAL);
        table.row([
            Cell::Numbered(then.id.number),
            Cell::Moment(then.opened.made),
            if class == incident::FAILURE {
                Cell::said("障害", "failure")
            } else {
                Cell::said("不正行為", "misuse")
            },
            kind_of_incident(of, kind, cases.texts),
            if let Some(Value::Code(terminal)) = terminal { Cell::text(terminal) } else { Cell::Nothing },
            if level == 0 { Cell::said("未判定", "not judged yet") } else { Cell::Number(level.into()) },
            handled(of, &then, cases.texts),
            state(of, &then),
        ]);
    }
    table
}

/// A kind as it stands on the form.
fn kind_of_incident(of: AsOf<'_>, kind: &Code, texts: Texts<'_>) -> Cell {
    let blank = Form::Incident.definition().fields.iter().find(|blank| blank.key == incident::KIND);
    cases::value_cell(of, blank, &Value::Code(kind.clone()), texts)
}

/// What was done: measures, instructions and plans, in the order in which they were written.
fn handled(of: AsOf<'_>, case: &Case, texts: Texts<'_>) -> Cell {
    let definition = case.id.form.definition();
    let steps = case.steps.iter().map(|taken| {
        let step = definition.step(taken.step);
        (step.map_or(&[][..], |step| step.fields), &taken.written)
    });
    let written = std::iter::once((definition.fields, &case.opened)).chain(steps);
    let done = written.flat_map(|(blanks, written)| {
        let title = |field: &Field| blanks.iter().find(|blank| blank.key == field.key);
        let told = written.fields.iter().filter_map(move |field| Some((title(field)?, field)));
        told.filter(|(blank, _)| DONE.contains(&blank.name)).map(|(blank, field)| one(of, blank, field, texts))
    });
    Cell::several(done.collect())
}

fn one(of: AsOf<'_>, blank: &'static Blank, field: &Field, texts: Texts<'_>) -> Cell {
    let value = cases::value_cell(of, Some(blank), &field.value, texts);
    Cell::Said(Said::by(|language| format!("{}: {}", blank.title.text(language), value.in_words(language))))
}

/// The fields of an incident that say what was done about it.
const DONE: [&str; 3] = ["measures", "instruction", "plan"];

/// That it was closed and when, or what has still to be done.
fn state(of: AsOf<'_>, case: &Case) -> Cell {
    if let Some(last) = case.steps.last().filter(|_| case.is_closed()) {
        let on = |language| Cell::day_of(last.written.made).in_words(language);
        return Cell::Said(Said::made(
            format!("終結 {}", on(Language::Japanese)),
            format!("closed {}", on(Language::English)),
        ));
    }
    let mut open: Vec<Cell> = Vec::new();
    for duty in case.duties(of.register, of.at) {
        let step = Cell::said(duty.step.title.0, duty.step.title.1);
        if !open.contains(&step) {
            open.push(step);
        }
    }
    let open = Cell::several(open);
    Cell::Said(Said::by(|language| format!("{}{}", language.pick("未了: ", "to be done: "), open.in_words(language))))
}

fn untrained(of: AsOf<'_>, untrained: &[(Code, u64)]) -> Table {
    let columns = vec![
        Column::new("section", "所属", "section"),
        Column::new("person", "操作者", "operator"),
        Column::new("last", "最後の受講日", "took part last"),
    ];
    let mut table =
        Table::new(&COMMITTEE, columns).titled(Said::new("1年以内の研修を受けていない者", "no training within a year"));
    for (operator, last) in untrained {
        let last = if *last == 0 { Cell::said("なし", "never") } else { Cell::day_of(*last) };
        table.row([of.section_of(operator), of.person(operator), last]);
    }
    table
}
