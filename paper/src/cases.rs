//! Cases (事案): the book of a form, and one case as a sheet. Forms no. 3 to 5, 10, 12 to 17 and 20 to 26 are such.

use sekisho_register::cases::{Case, Duty, Taken, Whose, Written};
use sekisho_register::change::{Field, Value};
use sekisho_register::forms::{Blank, Form as CaseForm, Kind};
use sekisho_register::role::Role;
use sekisho_register::values::NameHash;
use sekisho_register::{Casebook, SignedAct, render};
use sekisho_wire::id::{Code, Hash};
use sekisho_wire::words::Language;

use crate::forms::of_cases;
use crate::media;
use crate::registers::{AsOf, NOT_SHOWN};
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// The texts beside the casebook, by their hashes; nothing for one that the ledger does not show.
pub type Texts<'a> = &'a dyn Fn(&NameHash) -> Option<String>;

/// For the head: how far the casebook was read, which is a log of its own.
#[must_use]
pub fn log_named(casebook: &Casebook) -> Said {
    let (size, root): (u64, String) = (casebook.size(), casebook.root().to_string().chars().take(16).collect());
    Said::made(format!("処理簿 {size} 件 ハッシュ {root}"), format!("casebook {size} entries root {root}"))
}

/// 簿冊: a row for each case of a form that had been written by then, with what was filled in and what followed.
#[must_use]
pub fn book<'c>(of: AsOf<'_>, form: CaseForm, cases: impl Iterator<Item = &'c Case>, texts: Texts<'_>) -> Table {
    let definition = form.definition();
    let mut columns = vec![
        Column::new("case_number", "番号", "number"),
        Column::new("written", "記入日時", "written"),
        Column::new("written_by", "記入者", "by"),
    ];
    columns.extend(definition.fields.iter().map(|blank| Column::new(blank.name, blank.title.0, blank.title.1)));
    if form == CaseForm::Medium {
        columns.push(Column::new("verified", "最終検証日", "verified last"));
        columns.push(Column::new("place_now", "現在の保管場所", "kept now at"));
    }
    columns.push(Column::new("followed", "手続", "what followed"));
    columns.push(Column::new("to_be_done", "未了の手続", "to be done"));
    let mut table = Table::new(of_cases(form), columns);
    let mut cases: Vec<&Case> = cases.filter(|case| case.id.form == form && case.opened.made <= of.at).collect();
    cases.sort_by_key(|case| case.opened.index);
    for case in cases {
        let then = as_of(case, of.at);
        let head = [Cell::Numbered(case.id.number), Cell::Moment(case.opened.made), by(of, &case.opened)];
        let fields = definition.fields.iter().map(|blank| {
            Cell::or_nothing(case.opened.field(blank.key).map(|value| value_cell(of, Some(blank), value, texts)))
        });
        let steps: Vec<Cell> = then.steps.iter().map(|taken| step_in_short(of, &then, taken, texts)).collect();
        let open = then.duties(of.register, of.at);
        let open: Vec<Cell> = open.iter().map(|duty| Cell::said(duty.step.title.0, duty.step.title.1)).collect();
        let of_medium = (form == CaseForm::Medium)
            .then(|| [Cell::or_nothing(media::verified_on(&then).map(Cell::Day)), media::place(of, &then, texts)]);
        let last = [Cell::several(steps), Cell::several(open)];
        table.row(head.into_iter().chain(fields).chain(of_medium.into_iter().flatten()).chain(last));
    }
    table
}

/// One case: what was filled in, what followed, what has still to be done.
#[must_use]
pub fn sheet(of: AsOf<'_>, case: &Case, texts: Texts<'_>) -> Vec<Table> {
    let (form, definition) = (of_cases(case.id.form), case.id.form.definition());
    let then = as_of(case, of.at);
    let columns = vec![Column::new("item", "項目", "item"), Column::new("value", "内容", "what was filled in")];
    let mut filled = Table::new(form, columns).titled(Said::by(|language| case.id.text(language)));
    filled.row([Cell::said("記入日時", "written"), Cell::Moment(case.opened.made)]);
    filled.row([Cell::said("記入者", "by"), by(of, &case.opened)]);
    for blank in definition.fields {
        let value = case.opened.field(blank.key).map(|value| value_cell(of, Some(blank), value, texts));
        filled.row([Cell::said(blank.title.0, blank.title.1), value.unwrap_or(Cell::ByHand)]);
        // Whoever is handed the sheet does not look an act up.
        if let Some(Value::Act(act)) = case.opened.field(blank.key) {
            filled.row([Cell::said("処分の内容", "what the act says"), act_cell(of, act)]);
        }
    }
    let columns = vec![
        Column::new("step", "手続", "step"),
        Column::new("made", "日時", "when"),
        Column::new("by", "記入者", "by"),
        Column::new("what", "内容", "what"),
    ];
    let mut steps = Table::new(form, columns).titled(Said::new("手続の経過", "what followed"));
    for taken in &then.steps {
        let step = definition.step(taken.step);
        steps.row([
            step.map_or(Cell::Nothing, |step| Cell::said(step.title.0, step.title.1)),
            Cell::Moment(taken.written.made),
            by(of, &taken.written),
            fields_cell(of, step.map_or(&[], |step| step.fields), &taken.written.fields, texts),
        ]);
    }
    vec![filled, steps, open_duties(of, &then, form)]
}

fn open_duties(of: AsOf<'_>, case: &Case, form: &'static crate::forms::Form) -> Table {
    let columns = vec![
        Column::new("step", "手続", "step"),
        Column::new("whose", "担当", "whose"),
        Column::new("due", "期限", "until"),
        Column::by_hand("done", "処理", "done"),
    ];
    let mut table = Table::new(form, columns).titled(Said::new("未了の手続", "to be done"));
    for duty in case.duties(of.register, of.at) {
        table.row([
            Cell::said(duty.step.title.0, duty.step.title.1),
            whose(of, &duty),
            Cell::or_nothing(duty.due.map(Cell::Moment)),
        ]);
    }
    table
}

/// The case as it stood then.
pub(crate) fn as_of(case: &Case, at: u64) -> Case {
    let steps = case.steps.iter().filter(|taken| taken.written.made <= at).cloned().collect();
    Case { steps, ..case.clone() }
}

/// Who wrote it; from paper, whose decision it was (§R11).
pub(crate) fn by(of: AsOf<'_>, written: &Written) -> Cell {
    let of = AsOf { at: written.made, ..of };
    let who = written.operator.as_ref().map_or_else(|| Cell::text(&written.signer), |operator| of.person(operator));
    let Some(paper) = &written.paper else { return who };
    let text = |language: Language| {
        let (who, day) = (who.in_words(language), Cell::Day(paper.decided).in_words(language));
        let (post, document) = (of.post(&paper.post).in_words(language), &paper.document);
        match language {
            Language::Japanese => format!("{who}(書面: {post}、{day}、文書番号 {document})"),
            Language::English => format!("{who} (from paper: {post}, {day}, document {document})"),
        }
    };
    Cell::Said(Said::by(text))
}

fn step_in_short(of: AsOf<'_>, case: &Case, taken: &Taken, texts: Texts<'_>) -> Cell {
    let step = case.id.form.definition().step(taken.step);
    let fields = fields_cell(of, step.map_or(&[], |step| step.fields), &taken.written.fields, texts);
    let text = |language: Language| {
        let title = step.map_or("", |step| step.title.text(language));
        let day = Cell::day_of(taken.written.made).in_words(language);
        let (who, what) = (by(of, &taken.written).in_words(language), fields.in_words(language));
        let what = if what.is_empty() { what } else { format!(" [{what}]") };
        format!("{title} {day} {who}{what}")
    };
    Cell::Said(Said::by(text))
}

fn fields_cell(of: AsOf<'_>, blanks: &'static [Blank], fields: &[Field], texts: Texts<'_>) -> Cell {
    let cells = fields.iter().map(|field| {
        let blank = blanks.iter().find(|blank| blank.key == field.key);
        let value = value_cell(of, blank, &field.value, texts);
        let title = |language| blank.map_or("", |blank| blank.title.text(language));
        Cell::Said(Said::by(|language| format!("{}: {}", title(language), value.in_words(language))))
    });
    let cells: Vec<Cell> = cells.collect();
    if cells.is_empty() { Cell::Nothing } else { Cell::List(cells) }
}

pub(crate) fn value_cell(of: AsOf<'_>, blank: Option<&'static Blank>, value: &Value, texts: Texts<'_>) -> Cell {
    match (value, blank.map(|blank| blank.kind)) {
        (Value::Text(hash), _) => match (texts(hash), of.register.name_erased(hash)) {
            (_, Some(_)) => {
                let erased = |language| sekisho_register::erased_text(of.register, hash, language).unwrap_or_default();
                Cell::Said(Said::by(erased))
            }
            (Some(text), None) => Cell::Text(text),
            (None, None) => Cell::Said(NOT_SHOWN),
        },
        (Value::Code(code), Some(Kind::Operator)) => of.person(code),
        (Value::Code(code), Some(Kind::Section)) => of.section(code),
        (Value::Code(code), Some(Kind::Post)) => of.post(code),
        (Value::Code(code), Some(Kind::Function)) => of.function(code),
        (Value::Code(code), Some(Kind::IncidentKind)) => {
            let title = |language| of.register.policy_at(of.at).kind_title(code, language).unwrap_or_default();
            let (ja, en) = (title(Language::Japanese), title(Language::English));
            Cell::Said(Said::by(|language| format!("{} ({code})", language.pick(&ja, &en)).trim_start().to_owned()))
        }
        (Value::Code(code), Some(Kind::Order)) => order_cell(of, code),
        (Value::Code(code), _) => Cell::text(code),
        (Value::Card(guid), _) => {
            of.register.card(guid).map_or_else(|| Cell::text(guid), |card| Cell::Numbered(card.number()))
        }
        (Value::Moment(at), _) => Cell::Moment(*at),
        (Value::Day(day), _) => Cell::Day(*day),
        (Value::Number(number) | Value::Record(number), _) => Cell::Number(*number),
        (Value::Choice(_), kind) => {
            Cell::Said(Said::by(|language| sekisho_register::field_text(kind, value, language)))
        }
        (Value::Document(document), _) => Cell::text(document),
        (Value::Case(case), _) => Cell::Said(Said::by(|language| case.text(language))),
        (Value::Act(act), _) => Cell::Text(act.to_string().chars().take(16).collect()),
        (Value::Roles(roles), _) => roles_cell(roles),
    }
}

/// What an act of the register changes, in sentences; an act of the casebook is a case of its own.
fn act_cell(of: AsOf<'_>, act: &Hash) -> Cell {
    let entry = of.register.act_index(act).and_then(|index| of.names.entry(index));
    let Some(signed) = entry.and_then(|entry| SignedAct::decode(entry).ok()) else { return Cell::Nothing };
    let lines = |language| {
        let text = render(signed.act(), of.register, language);
        let numbered = |line: &&str| line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        text.lines().filter(numbered).collect::<Vec<_>>().join(" / ")
    };
    Cell::Said(Said::by(lines))
}

/// A preservation order, with the months that it keeps.
fn order_cell(of: AsOf<'_>, code: &Code) -> Cell {
    let known = of.register.orders().find(|order| order.given.order == *code);
    let Some(index) = known.map(|order| order.index) else { return Cell::text(code) };
    let entry = of.names.entry(index).and_then(|entry| SignedAct::decode(entry).ok());
    let text = |language| {
        let all = entry.as_ref().map_or_else(Vec::new, |signed| render::changes(signed.act(), of.register, language));
        all.into_iter().find(|line| line.contains(code.as_str())).unwrap_or_else(|| code.to_string())
    };
    Cell::Said(Said::by(text))
}

fn whose(of: AsOf<'_>, duty: &Duty) -> Cell {
    match &duty.whose {
        Whose::Roles(roles) | Whose::Writer(_, roles) => roles_cell(roles),
        Whose::Section(_, section) => of.section(section),
        Whose::Post(post) => of.post(post),
        Whose::Partner(_, partner) => {
            let known = of.register.partner(partner).map(|partner| partner.said().title.to_string());
            Cell::Coded { code: partner.to_string(), title: known.unwrap_or_default() }
        }
    }
}

fn roles_cell(roles: &[Role]) -> Cell {
    if roles.len() == Role::ALL.len() {
        return Cell::said("職に就いている者", "anybody in a post");
    }
    Cell::List(roles.iter().map(|role| Cell::said(role.title(), role.name())).collect())
}
