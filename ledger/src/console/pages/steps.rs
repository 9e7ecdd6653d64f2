//! Forms to fill in: to open a case, and to take one a step on. What is typed becomes a wish, and the card signs at the desk.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::Casebook;
use sekisho_register::cases::{Case, Whose};
use sekisho_register::change::CaseId;
use sekisho_register::forms::{self, Form, Step};
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;
use serde::Deserialize;

use super::cases::{May, case_of, may_take};
use super::wish::begin_judged;
use crate::console::blanks::{self, Before, PREFIX};
use crate::console::duties::{roles, step_link};
use crate::console::hand::Hand;
use crate::console::html::{self, Block, Cell, Content, Kind, Method, Section, Table};
use crate::console::judged::judge;
use crate::console::visit::{Barred, Entered, Fields, Posted, View};
use crate::console::wishes::{Wanted, What};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::visitors::{ANY_ROLE, CASE_READERS};

/// Every form, those that this person may fill in with a link.
pub(crate) async fn forms(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered.show(hall, ANY_ROLE, |view| Ok((all_forms(view), Vec::new()))).await
}

fn all_forms(view: &View<'_>) -> Content {
    let row = |form: Form| {
        let title = form.title(view.language);
        let name = if may_open(view, form) {
            Cell::link(format!("/console/forms/{}", form.name()), title)
        } else {
            Cell::text(title)
        };
        let steps = form.definition().steps.iter().map(|step| step.title.text(view.language));
        let steps: Vec<&str> = steps.collect();
        let between = view.say(", ", "、");
        vec![name, Cell::text(roles(view, form.definition().opened_by)), Cell::text(steps.join(&between))]
    };
    let table = Table {
        caption: view.say("Forms", "様式"),
        columns: vec![
            view.say("Form", "様式"),
            view.say("Who fills it in", "記入する者"),
            view.say("What follows", "その後の手続"),
        ],
        rows: Form::ALL.into_iter().map(row).collect(),
        none: String::new(),
    };
    Content {
        title: view.say("Forms", "様式"),
        place: "/console/forms",
        refresh: None,
        sections: vec![Section::lead(vec![Block::Table(table)])],
    }
}

fn may_open(view: &View<'_>, form: Form) -> bool {
    opened_by(form).is(&view.visitor.operator, &view.register, view.now)
}

fn opened_by(form: Form) -> Whose {
    Whose::Roles(form.definition().opened_by.to_vec())
}

#[derive(Deserialize)]
pub(crate) struct OfForm {
    name: String,
}

fn form_of(name: &str) -> Result<Form, Refusal> {
    Form::from_name(name).ok_or(Refusal::NotFound("form"))
}

/// The form that opens a case.
pub(crate) async fn form(
    State(hall): State<Hall>,
    entered: Entered,
    Named(OfForm { name }): Named<OfForm>,
    Asked(asked): Asked<Fields>,
) -> Result<Response, Barred> {
    let form = form_of(&name)?;
    entered
        .show(hall, ANY_ROLE, move |view| {
            let definition = form.definition();
            let (blocks, rows) = if may_open(view, form) {
                let whose = opened_by(form);
                let action = format!("/console/forms/{}", form.name());
                let is_it = |what: &What| matches!(what, What::Open { form: of, .. } if *of == form);
                to_fill_in(view, (definition.fields, action), &whose, (&asked, &is_it))
            } else {
                let who = roles(view, definition.opened_by);
                let why =
                    view.say(format!("This form is filled in by: {who}"), format!("この様式に記入できる者：{who}"));
                (vec![Block::Note(Kind::Plain, why)], 0)
            };
            let title = form.title(view.language).to_owned();
            let content =
                Content { title, place: "/console/forms", refresh: None, sections: vec![Section::lead(blocks)] };
            Ok((content, listed(rows)))
        })
        .await
}

/// Lists of persons and of acts to choose from are readings of the register.
fn listed(rows: usize) -> Vec<Shown> {
    if rows == 0 { Vec::new() } else { vec![Shown::rows(Query::Register, rows, About::default())] }
}

fn to_fill_in(
    view: &View<'_>,
    (blanks, action): (&'static [forms::Blank], String),
    whose: &Whose,
    (asked, is_it): (&Fields, &dyn Fn(&What) -> bool),
) -> (Vec<Block>, usize) {
    let again = again(view, asked, is_it);
    let typed = again.as_ref().map_or(&[] as &[_], |(what, _)| what.filled());
    let (mut fields, rows) = blanks::fields(view, blanks, &before(asked, typed));
    fields.extend(Hand::fields(view, Some(whose), again.as_ref().map(|(_, hand)| hand)));
    let button = view.say("Go on: sign with the card", "次へ（カードで署名）");
    let summary = marked(view, again.as_ref(), &mut fields);
    let form = html::Form { action, method: Method::Post, fields, button };
    (summary.into_iter().chain([Block::Text(signed_there(view)), Block::Form(form)]).collect(), rows)
}

/// What was typed for a wish of this kind that came to nothing, where the address names one.
pub(super) fn again(view: &View<'_>, asked: &Fields, is_it: &dyn Fn(&What) -> bool) -> Option<(What, Hand)> {
    let number = asked.get("again")?.parse::<u64>().ok()?;
    let wish = view.guest.wishes().iter().find(|wish| wish.number == number)?;
    let Wanted::Signed(what, hand) = &wish.wanted else { return None };
    is_it(what).then(|| (what.clone(), hand.clone()))
}

/// Says beside the fields what is wrong with what was typed, and gives what stands above them.
pub(super) fn marked(view: &View<'_>, again: Option<&(What, Hand)>, fields: &mut [html::Field]) -> Option<Block> {
    let (what, hand) = again?;
    let judged = judge(view, what, hand);
    judged.mark(fields);
    judged.summary()
}

/// Where it is signed.
pub(super) fn signed_there(view: &View<'_>) -> String {
    view.say(
        "Nothing is written down here in the browser: the window of sekisho-admin at your desk asks for the PIN, shows it as text, asks whether to sign it and lets your card sign. 15 minutes after a page was last opened the session ends, and typing does not prolong it.",
        "この画面だけで記録されることはありません。手元の sekisho-admin の画面で、暗証番号の入力後に内容を確認し、カードで署名します。最後に画面を開いてから15分で利用は終了し、文字の入力では延長されません。",
    )
}

/// What stands in the fields at first: what was typed, and what an address says.
pub(super) fn before(asked: &Fields, typed: &[(&'static str, String)]) -> Before {
    let typed = typed.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let said = asked.iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value.clone())));
    said.chain(typed).collect()
}

/// The wish to open a case.
pub(crate) async fn open(
    State(hall): State<Hall>,
    Named(OfForm { name }): Named<OfForm>,
    posted: Posted,
) -> Result<Response, Barred> {
    let form = form_of(&name)?;
    let filled = blanks::typed(form.definition().fields, &posted.fields)?;
    let hand = Hand::read(&posted.fields)?;
    let back = format!("/console/forms/{}", form.name());
    begin_judged(&hall, posted, (What::Open { form, filled }, hand), (ANY_ROLE, back), |_| Ok(())).await
}

#[derive(Deserialize)]
pub(crate) struct OfStep {
    case: String,
    step: String,
}

impl OfStep {
    fn read(&self) -> Result<(CaseId, &'static Step), Refusal> {
        let case = case_of(&self.case)?;
        let mut steps = case.form.definition().steps.iter();
        let step = steps.find(|step| step.name == self.step).ok_or(Refusal::NotFound("step"))?;
        Ok((case, step))
    }
}

/// The form that takes a case on.
pub(crate) async fn step(
    State(hall): State<Hall>,
    entered: Entered,
    Named(of): Named<OfStep>,
    Asked(asked): Asked<Fields>,
) -> Result<Response, Barred> {
    let (id, step) = of.read()?;
    entered
        .show(hall, ANY_ROLE, move |view| {
            let casebook = view.office.casebook();
            let case = for_whom(view, &casebook, id, step)?;
            let action = format!("/console/cases/{id}/{}", step.name);
            let (mut blocks, rows) = match may_take(view, case, step) {
                May::Yes => {
                    let is_it = |what: &What| {
                        matches!(what, What::Step { case, step: of, .. } if *case == id && of.key == step.key)
                    };
                    to_fill_in(view, (step.fields, action), &case.whose(step, &view.register, view.now), (&asked, &is_it))
                }
                not @ (May::Over | May::NotHis | May::Another | May::Taken | May::After(_)) => {
                    (vec![Block::Note(Kind::Plain, why_not(view, not))], 0)
                }
            };
            if view.holds(CASE_READERS) {
                let back = Cell::link(format!("/console/cases/{id}"), id.text(view.language));
                blocks.insert(0, Block::List(vec![back]));
            }
            let title = format!("{}: {}", id.text(view.language), step.title.text(view.language));
            let content =
                Content { title, place: "/console/cases", refresh: None, sections: vec![Section::lead(blocks)] };
            Ok((content, listed(rows)))
        })
        .await
}

/// The case, for its readers, and for whoever is asked to take this step of it.
fn for_whom<'c>(view: &View<'_>, casebook: &'c Casebook, id: CaseId, step: &Step) -> Result<&'c Case, Refusal> {
    let case = casebook.case(&id);
    let is_asked = case.is_some_and(|case| may_take(view, case, step) == May::Yes);
    if !is_asked && !view.holds(CASE_READERS) {
        return Err(Refusal::RoleMissing);
    }
    if !is_asked && case.is_some_and(|case| !view.sight.sees_case(&view.register, case)) {
        return Err(Refusal::OtherSection);
    }
    case.ok_or(Refusal::NotFound("case"))
}

fn why_not(view: &View<'_>, may: May) -> String {
    match may {
        May::Yes => String::new(),
        May::Over => view.say("The case is closed.", "この事案は終結しています。"),
        May::NotHis => view.say("Somebody else takes this step.", "この手続は、あなたの職では行えません。"),
        May::Another => view.say(
            "Another person takes this step than whoever opened the case or took the steps before.",
            "この手続は、申請又は先の手続を記録した者とは別の者が行います。",
        ),
        May::Taken => view.say("This step was taken already.", "この手続は既に行われています。"),
        May::After(before) => {
            view.say(format!("This comes first: {before}"), format!("先に行う手続があります：{before}"))
        }
    }
}

/// The wish to take it.
pub(crate) async fn take(
    State(hall): State<Hall>,
    Named(of): Named<OfStep>,
    posted: Posted,
) -> Result<Response, Barred> {
    let (case, step) = of.read()?;
    let filled = blanks::typed(step.fields, &posted.fields)?;
    let hand = Hand::read(&posted.fields)?;
    let is_there = move |view: &View<'_>| for_whom(view, &view.office.casebook(), case, step).map(drop);
    let back = step_link(case, step);
    begin_judged(&hall, posted, (What::Step { case, step, filled }, hand), (ANY_ROLE, back), is_there).await
}
