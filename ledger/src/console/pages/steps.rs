//! Forms to fill in: to open a case, and to take one a step on. What is typed becomes a wish, and the card signs at the desk.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_register::Casebook;
use sekisho_register::cases::{Case, Whose};
use sekisho_register::change::CaseId;
use sekisho_register::forms::{self, Form, Step};
use sekisho_register::organisation::Post;
use sekisho_register::typed;
use sekisho_wire::id::Salt;
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;
use serde::Deserialize;

use super::cases::{May, case_of, may_take};
use super::list;
use super::wish::begin_judged;
use crate::console::blanks::{self, Before, PREFIX};
use crate::console::duties::{self, roles, step_link};
use crate::console::hand::{Hand, is_asked};
use crate::console::html::{self, Block, Cell, Content, Kind, Method, Section, Table};
use crate::console::judged::judge;
use crate::console::visit::{Barred, Entered, Fields, Posted, View};
use crate::console::wishes::{Wanted, What};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::visitors::{ANY_ROLE, CASE_READERS};

/// The forms that this person may fill in.
pub(crate) async fn forms(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered.show(hall, ANY_ROLE, |view| Ok((all_forms(view), Vec::new()))).await
}

fn all_forms(view: &View<'_>) -> Content {
    let row = |form: Form| {
        let name = Cell::link(format!("/console/forms/{}", form.name()), form.title(view.language));
        let steps = form.definition().steps.iter().map(|step| step.title.text(view.language));
        let steps: Vec<&str> = steps.collect();
        let between = view.say(", ", "、");
        vec![name, Cell::text(roles(view, form.definition().opened_by)), Cell::text(list(steps, &between))]
    };
    let (mine, others): (Vec<Form>, Vec<Form>) =
        Form::ALL.into_iter().partition(|form| is_his(view, &form.whose_to_open(&[], &view.register, view.now)));
    let table = Table {
        caption: view.say("Forms", "様式"),
        columns: vec![
            view.say("Form", "様式"),
            view.say("Who fills it in", "記入する者"),
            view.say("What follows", "その後の手続"),
        ],
        rows: mine.into_iter().map(row).collect(),
        none: view.say("There is none for your post.", "あなたの職で記入する様式はありません。"),
    };
    let mut blocks = vec![Block::Table(table)];
    if !others.is_empty() {
        let count = others.len();
        blocks.push(Block::Text(view.say(
            format!("{count} more forms are for others to fill in; those that were filled in stand under Cases, for whoever reads the casebook."),
            format!("ほかの{count}種類の様式は、他の職が記入します。記入済みのものは、処理簿を閲覧できる者が「事案・簿冊」で確認できます。"),
        )));
    }
    Content {
        title: view.say("Forms", "様式"),
        place: "/console/forms",
        refresh: None,
        sections: vec![Section::lead(blocks)],
    }
}

fn is_his(view: &View<'_>, whose: &Whose) -> bool {
    whose.is(&view.visitor.operator, &view.register, view.now)
}

/// Whose it is to fill a form in about what an address says it is about: the person, card or terminal of another section is its head's.
fn whose_to_open(view: &View<'_>, form: Form, asked: &Fields) -> Whose {
    let said = asked.iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value.as_str())));
    let read = typed::read(form.definition().fields, said, &view.register, &mut std::iter::repeat(Salt([0; 16])));
    form.whose_to_open(&read.fields, &view.register, view.now)
}

/// Why a form is not this person's, and whom to ask: the posts whose it is, with whoever holds them.
fn not_yours(view: &View<'_>, form: Form, whose: &Whose) -> Vec<Block> {
    let who = duties::whose(view, whose);
    let why = if is_his(view, &form.whose_to_open(&[], &view.register, view.now)) {
        view.say(
            format!("This is about another section: its own head fills it in ({who})."),
            format!("他の課に関するものです。その課の職が記入します（{who}）。"),
        )
    } else {
        view.say(format!("This form is filled in by: {who}."), format!("この様式に記入できる者：{who}"))
    };
    let posts: Vec<&Post> =
        view.register.posts().filter(|post| is_asked(&view.register, post, whose, view.now)).take(ASKED).collect();
    let line = |post: &&Post| {
        let holders: Vec<String> = post.holders(view.now).map(|holder| view.person(&holder.operator)).collect();
        let (title, holders) = (&post.version().title, list(holders, &view.say(", ", "、")));
        Cell::text(view.say(format!("{title}: {holders}"), format!("{title}：{holders}")))
    };
    let mut blocks = vec![Block::Note(Kind::Warning, why)];
    if !posts.is_empty() {
        blocks.push(Block::Text(view.say("Ask one of them to fill it in:", "次の者に記入を依頼してください。")));
        blocks.push(Block::List(view.together(|| posts.iter().map(line).collect())));
    }
    let forms = view.say("The forms that you fill in", "あなたが記入できる様式");
    blocks.push(Block::List(vec![Cell::link("/console/forms", forms)]));
    blocks
}

/// Enough to ask.
const ASKED: usize = 20;

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
        .show_or_refuse(hall, ANY_ROLE, move |view| {
            let whose = whose_to_open(view, form, &asked);
            let (status, blocks, rows) = if is_his(view, &whose) {
                let action = format!("/console/forms/{}", form.name());
                let is_it = |what: &What| matches!(what, What::Open { form: of, .. } if *of == form);
                let (blocks, rows) = to_fill_in(view, (form.definition().fields, action), &whose, (&asked, &is_it));
                (StatusCode::OK, blocks, rows)
            } else {
                (StatusCode::FORBIDDEN, not_yours(view, form, &whose), 0)
            };
            let title = form.title(view.language).to_owned();
            let content =
                Content { title, place: "/console/forms", refresh: None, sections: vec![Section::lead(blocks)] };
            Ok((status, content, listed(rows)))
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
    // Whoever may fill in none of them is refused here, with what he typed; about whom he may the fold says.
    let is_offered = move |view: &View<'_>| {
        let whose = form.whose_to_open(&[], &view.register, view.now);
        if is_his(view, &whose) { Ok(()) } else { Err(Refusal::RoleMissing) }
    };
    begin_judged(&hall, posted, (What::Open { form, filled }, hand), (ANY_ROLE, back), is_offered).await
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
                    let whose = case.whose(step, &view.register, view.now);
                    (vec![Block::Note(Kind::Plain, why_not(view, not, &whose))], 0)
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

fn why_not(view: &View<'_>, may: May, whose: &Whose) -> String {
    match may {
        May::Yes => String::new(),
        May::Over => view.say("The case is closed.", "この事案は終結しています。"),
        May::NotHis => {
            let who = duties::whose(view, whose);
            view.say(
                format!("Somebody else takes this step: {who}."),
                format!("この手続は、あなたの職では行えません。担当：{who}"),
            )
        }
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
