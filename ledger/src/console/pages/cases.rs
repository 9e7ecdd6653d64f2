//! Cases (事案・簿冊): by form, and everything that stands in one.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::Casebook;
use sekisho_register::cases::{Case, Duty};
use sekisho_register::change::CaseId;
use sekisho_register::forms::{Form, Step};
use sekisho_register::wareki::numbered;
use sekisho_wire::reason::Query;
use serde::Deserialize;

use super::from;
use super::registers::book_of;
use crate::console::duties::{self, whose};
use crate::console::html::{self, Block, Cell, Content, Field, Kind, Method, Section, Table};
use crate::console::paging::Paging;
use crate::console::visit::{Barred, Entered, View};
use crate::console::written::{Texts, by, facts, form_facts, lines};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::visitors::CASE_READERS;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    form: String,
    state: String,
    from: String,
}

/// Which cases are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Open,
    Done,
    All,
}

impl Which {
    fn of(text: &str) -> Self {
        match text {
            "done" => Self::Done,
            "all" => Self::All,
            _ => Self::Open,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::All => "all",
        }
    }
}

/// A page of them: by form, what has still to be done first, then the newest.
pub(crate) async fn list(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(asked): Asked<Question>,
) -> Result<Response, Barred> {
    entered
        .show(hall, CASE_READERS, move |view| {
            let (form, state) = (Form::from_name(&asked.form), Which::of(&asked.state));
            let casebook = view.office.casebook();
            let mut found = found(view, &casebook, form, state);
            found.sort_by_key(|(case, duties)| (case.id.form, duties.is_empty(), std::cmp::Reverse(case.opened.index)));
            let paging = Paging::of(&asked.from, found.len())?;
            let page: Vec<(&Case, Vec<Duty>)> = paging.take(found);
            let texts = Texts::beside(view, page.iter().map(|(case, _)| &case.opened))?;
            let shown = page.iter().map(|(case, _)| case.opened.index).min();
            let shown = shown.map(|first| Shown::rows(Query::Entries, page.len(), from(first)));
            let mut blocks = vec![Block::Form(filter(view, form, state))];
            blocks.extend(view.together(|| tables(view, &page, &texts)));
            if page.is_empty() {
                blocks.push(Block::Note(Kind::Plain, view.say("There is no such case.", "該当する事案はありません。")));
            }
            let asked = format!("/console/cases?form={}&state={}", form.map_or("", Form::name), state.name());
            blocks.extend(paging.ways(view, |from| format!("{asked}&from={from}")));
            let title = view.say("Cases", "事案・簿冊");
            blocks.extend(form.map(|form| as_book(view, form)));
            let content =
                Content { title, place: "/console/cases", refresh: None, sections: vec![Section::lead(blocks)] };
            Ok((content, shown.into_iter().collect()))
        })
        .await
}

fn found<'c>(view: &View<'_>, casebook: &'c Casebook, form: Option<Form>, state: Which) -> Vec<(&'c Case, Vec<Duty>)> {
    let seen = casebook.cases().filter(|case| view.sight.sees_case(&view.register, case));
    let asked = seen.filter(|case| form.is_none_or(|form| case.id.form == form));
    let cases = asked.map(|case| (case, case.duties(&view.register, view.now)));
    let wanted = |duties: &Vec<Duty>| match state {
        Which::Open => !duties.is_empty(),
        Which::Done => duties.is_empty(),
        Which::All => true,
    };
    cases.filter(|(_, duties)| wanted(duties)).collect()
}

fn filter(view: &View<'_>, form: Option<Form>, state: Which) -> html::Form {
    let all = (String::new(), view.say("all forms", "全ての様式"), form.is_none());
    let of = |it: Form| (it.name().to_owned(), it.title(view.language).to_owned(), form == Some(it));
    let states = [
        (Which::Open, view.say("something is to be done", "未了")),
        (Which::Done, view.say("nothing is to be done", "完了")),
        (Which::All, view.say("all", "全て")),
    ];
    let states = states.map(|(it, word)| (it.name().to_owned(), word, it == state));
    html::Form {
        action: "/console/cases".to_owned(),
        method: Method::Get,
        fields: vec![
            Field::Choice {
                name: "form",
                label: view.say("Form", "様式"),
                options: std::iter::once(all).chain(Form::ALL.map(of)).collect(),
            },
            Field::Choice { name: "state", label: view.say("State", "状態"), options: states.to_vec() },
        ],
        button: view.say("Show", "表示する"),
    }
}

/// A table for each form of which there are cases.
fn tables(view: &View<'_>, page: &[(&Case, Vec<Duty>)], texts: &Texts) -> Vec<Block> {
    let of = |form: Form| page.iter().filter(move |(case, _)| case.id.form == form);
    let there = Form::ALL.into_iter().filter(|form| of(*form).next().is_some());
    there.map(|form| Block::Table(table(view, form, of(form), texts))).collect()
}

fn table<'c>(
    view: &View<'_>,
    form: Form,
    cases: impl Iterator<Item = &'c (&'c Case, Vec<Duty>)>,
    texts: &Texts,
) -> Table {
    let row = |(case, duties): &(&Case, Vec<Duty>)| {
        let what = lines(view, form.definition().fields, &case.opened.fields, texts);
        vec![
            Cell::link(format!("/console/cases/{}", case.id), numbered(case.id.number, view.language)),
            Cell::short(view.moment(case.opened.made)),
            Cell::Lines(by(view, &case.opened)),
            Cell::Lines(what),
            Cell::Lines(open_steps(view, duties)),
        ]
    };
    let columns =
        [("Number", "番号"), ("Opened", "記入日時"), ("By", "記入者"), ("What", "内容"), ("To be done", "未了の手続")];
    Table {
        caption: form.title(view.language).to_owned(),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: cases.map(row).collect(),
        none: String::new(),
    }
}

/// The way to all cases of a form in one table.
fn as_book(view: &View<'_>, form: Form) -> Block {
    let text = view.say("The book of this form: as of a day, CSV, print", "この様式の簿冊（基準日・CSV・印刷）");
    Block::List(vec![Cell::link(book_of(form), text)])
}

/// Steps that have still to be taken, each once.
fn open_steps(view: &View<'_>, duties: &[Duty]) -> Vec<String> {
    let mut steps: Vec<String> = duties.iter().map(|duty| duty.step.title.text(view.language).to_owned()).collect();
    steps.dedup();
    if steps.is_empty() { vec!["-".to_owned()] } else { steps }
}

#[derive(Deserialize)]
pub(crate) struct OfCase {
    case: String,
}

/// The case that an address names.
pub(super) fn case_of(text: &str) -> Result<CaseId, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound("case"))
}

/// One, with everything that stands in it and what has still to be done.
pub(crate) async fn one(
    State(hall): State<Hall>,
    entered: Entered,
    Named(OfCase { case }): Named<OfCase>,
) -> Result<Response, Barred> {
    let id = case_of(&case)?;
    entered
        .show(hall, CASE_READERS, move |view| {
            let casebook = view.office.casebook();
            let case = casebook.case(&id).ok_or(Refusal::NotFound("case"))?;
            if !view.sight.sees_case(&view.register, case) {
                return Err(Refusal::OtherSection);
            }
            let contacts = casebook.contacts_beside(case);
            let contacts: Vec<&Case> =
                contacts.filter(|contact| view.sight.sees_case(&view.register, contact)).collect();
            let written = std::iter::once(&case.opened).chain(case.steps.iter().map(|taken| &taken.written));
            let texts = Texts::beside(view, written.chain(contacts.iter().map(|contact| &contact.opened)))?;
            let mut sections =
                view.together(|| vec![opening(view, case, &texts), taken(view, case, &texts), to_be_done(view, case)]);
            let mut shown = vec![Shown::rows(Query::Entries, 1 + case.steps.len(), from(case.opened.index))];
            if let Some((section, read)) = super::review::compared(view, case) {
                sections.push(section);
                shown.push(read);
            }
            if let Some(first) = contacts.first() {
                shown.push(Shown::rows(Query::Entries, contacts.len(), from(first.opened.index)));
                sections.push(whom_to_call(view, &contacts, &texts));
            }
            let content = Content { title: id.text(view.language), place: "/console/cases", refresh: None, sections };
            Ok((content, shown))
        })
        .await
}

/// Whom to call by day and by night, while it is not over.
fn whom_to_call(view: &View<'_>, contacts: &[&Case], texts: &Texts) -> Section {
    let definition = Form::Contact.definition();
    let row = |contact: &&Case| {
        let facts = form_facts(view, definition.fields, &contact.opened.fields, texts);
        facts.into_iter().map(|(_, cell)| cell).collect()
    };
    let title = definition.title.text(view.language);
    let table = Table {
        caption: view.say("By day, by night and on holidays", "平日及び夜間・休日の連絡先"),
        columns: definition.fields.iter().map(|blank| blank.title.text(view.language).to_owned()).collect(),
        rows: contacts.iter().map(row).collect(),
        none: String::new(),
    };
    Section::new(title.to_owned(), vec![Block::Table(table)])
}

fn opening(view: &View<'_>, case: &Case, texts: &Texts) -> Section {
    let state = if case.is_closed() {
        Cell::Mark(Kind::Good, view.say("closed", "終結"))
    } else if case.duties(&view.register, view.now).is_empty() {
        Cell::Mark(Kind::Good, view.say("nothing has to be done any more", "未了の手続はありません"))
    } else {
        Cell::Mark(Kind::Warning, view.say("something is to be done", "未了"))
    };
    let mut rows = vec![
        (view.say("State", "状態"), state),
        (view.say("Opened", "記入日時"), Cell::short(view.moment(case.opened.made))),
        (view.say("By", "記入者"), Cell::Lines(by(view, &case.opened))),
        (view.say("Entry of the casebook", "処理簿の番号"), Cell::Text(case.opened.index.to_string())),
        (view.say("Id", "番号"), Cell::Code(case.id.to_string())),
    ];
    rows.extend(form_facts(view, case.id.form.definition().fields, &case.opened.fields, texts));
    Section::lead(vec![Block::Facts(rows)])
}

fn taken(view: &View<'_>, case: &Case, texts: &Texts) -> Section {
    let definition = case.id.form.definition();
    let mut rows = Vec::new();
    for taken in &case.steps {
        let step = definition.step(taken.step);
        let what = facts(view, step.map_or(&[], |step| step.fields), &taken.written.fields, texts);
        let what = what.into_iter().flat_map(|(title, cell)| match cell {
            Cell::Lines(lines) => {
                let title = view.say(format!("{title}:"), format!("{title}："));
                std::iter::once(title).chain(lines).collect()
            }
            Cell::Text(text) | Cell::Short(text) | Cell::Number(text) | Cell::Code(text) | Cell::Mark(_, text) => {
                vec![view.say(format!("{title}: {text}"), format!("{title}：{text}"))]
            }
            Cell::Link { text, .. } => vec![view.say(format!("{title}: {text}"), format!("{title}：{text}"))],
        });
        rows.push(vec![
            Cell::short(step.map_or("?", |step| step.title.text(view.language))),
            Cell::short(view.moment(taken.written.made)),
            Cell::Lines(by(view, &taken.written)),
            Cell::Lines(what.collect()),
            Cell::number(taken.written.index),
        ]);
    }
    let columns = [("Step", "手続"), ("When", "日時"), ("By", "記入者"), ("What", "内容"), ("Entry", "処理簿の番号")];
    let title = view.say("What followed", "経過");
    let table = Table {
        caption: view.say("Steps that were taken", "行われた手続"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows,
        none: view.say("None yet.", "まだありません。"),
    };
    Section::new(title, vec![Block::Table(table)])
}

/// What is left, whose it is and until when, and a button for each that is this person's.
fn to_be_done(view: &View<'_>, case: &Case) -> Section {
    let duties = case.duties(&view.register, view.now);
    let is_mine = |duty: &Duty| duty.whose.is(&view.visitor.operator, &view.register, view.now);
    let row = |duty: &Duty| {
        let due = match duty.due {
            None => Cell::text("-"),
            Some(due) if due <= view.now => {
                let due = view.moment(due);
                Cell::Mark(Kind::Alarm, view.say(format!("overdue: {due}"), format!("超過：{due}")))
            }
            Some(due) => Cell::short(view.moment(due)),
        };
        let step = duties::step(view, duty);
        let step = if is_mine(duty) { Cell::link(duties::link(duty), step) } else { Cell::text(step) };
        vec![step, Cell::text(whose(view, &duty.whose)), due]
    };
    let table = Table {
        caption: view.say("Duties", "手続"),
        columns: vec![view.say("Step", "手続"), view.say("Whose", "担当"), view.say("Until", "期限")],
        rows: duties.iter().map(row).collect(),
        none: view.say("Nothing has to be done any more.", "未了の手続はありません。"),
    };
    let mut blocks = vec![Block::Table(table)];
    let steps = mine(view, case);
    if !steps.is_empty() {
        let button = |step: &&'static Step| {
            let duty = duties.iter().find(|duty| duty.step.key == step.key && is_mine(duty));
            let to = duty.map_or_else(|| duties::step_link(case.id, step), duties::link);
            (to, step.title.text(view.language).to_owned())
        };
        blocks.push(Block::Text(view.say("You can take these steps:", "次の手続を行うことができます。")));
        blocks.push(Block::Buttons(steps.iter().map(button).collect()));
    }
    Section::new(view.say("To be done", "未了の手続"), blocks)
}

/// The steps that this person may take now, by one of his posts or from paper.
fn mine(view: &View<'_>, case: &Case) -> Vec<&'static Step> {
    let steps = case.id.form.definition().steps.iter();
    steps.filter(|step| may_take(view, case, step) == May::Yes).collect()
}

/// Whether somebody may take a step now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    /// He may.
    Yes,
    /// The case is over.
    Over,
    /// Somebody else may.
    NotHis,
    /// His post may, and another person has to.
    Another,
    /// It was taken.
    Taken,
    /// This one comes before.
    After(&'static str),
}

/// The same as the fold will say, as far as a look at the case says it.
pub(super) fn may_take(view: &View<'_>, case: &Case, step: &Step) -> May {
    if case.is_closed() {
        return May::Over;
    }
    if !case.whose(step, &view.register, view.now).is(&view.visitor.operator, &view.register, view.now) {
        return May::NotHis;
    }
    if case.bars(step, &view.visitor.operator) {
        return May::Another;
    }
    if !case.admits(step) {
        return May::Taken;
    }
    let before = case.missing_before(step, &view.register, view.now);
    before.map_or(May::Yes, |before| May::After(before.title.text(view.language)))
}
