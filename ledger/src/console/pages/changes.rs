//! Changes of every day (登録の変更): a closed list, a form for each, and the wish to decide or propose it.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::cases::Whose;
use sekisho_register::everyday::{Everyday, Group};
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;
use serde::Deserialize;

use super::steps::{again, before, marked, signed_there};
use super::wish::begin_judged;
use crate::console::blanks;
use crate::console::duties::roles;
use crate::console::hand::Hand;
use crate::console::html::{Block, Cell, Content, Form, Kind, Method, Section, Table};
use crate::console::visit::{Barred, Entered, Fields, Posted, View};
use crate::console::wishes::What;
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::visitors::ANY_ROLE;

/// All of them, those that this person may make with a link.
pub(crate) async fn list(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered.show(hall, ANY_ROLE, |view| Ok((all(view), Vec::new()))).await
}

fn all(view: &View<'_>) -> Content {
    let row = |which: Everyday| {
        let title = which.title().text(view.language);
        let name = if may(view, which) { Cell::link(address(which), title) } else { Cell::text(title) };
        let ways: Vec<String> = which.classes().iter().map(|class| way(view, *class)).collect();
        let mut ways_once = ways.clone();
        ways_once.dedup();
        vec![name, Cell::short(which.group().title().text(view.language)), Cell::Lines(ways_once)]
    };
    let table = Table {
        caption: view.say("Changes", "登録の変更"),
        columns: vec![
            view.say("Change", "変更の種類"),
            view.say("About", "対象"),
            view.say("Who decides or proposes it, and who approves", "決定・申請する者と承認"),
        ],
        rows: Everyday::ALL.into_iter().map(row).collect(),
        none: String::new(),
    };
    let text = view.say(
        "What changes the register is signed by card at your desk. Posts, routes and policy are changed by a command there, which their registers show with all that is in force; many changes at a time with 'sekisho-admin apply' or 'propose' from a file.",
        "登録の変更は、手元の端末でカードにより署名します。職・決裁経路・運用方針は、手元の端末のコマンドで変更します。コマンドは、現在の内容を入れた形で次の各台帳に表示しています。多数の変更をまとめて行う場合は、ファイルから「sekisho-admin apply」又は「propose」で行います。",
    );
    let registers = [
        ("posts", "Posts and their holders", "職と在任者"),
        ("routes", "Routes of approval", "決裁経路"),
        ("policy", "Policy", "運用方針"),
    ];
    let registers =
        registers.map(|(at, english, japanese)| (format!("/console/registers/{at}"), view.say(english, japanese)));
    Content {
        title: view.say("Changes", "登録の変更"),
        place: PLACE,
        refresh: None,
        sections: vec![Section::lead(vec![Block::Text(text), Block::Buttons(registers.to_vec()), Block::Table(table)])],
    }
}

/// Who may, and how many stages follow.
pub(super) fn way(view: &View<'_>, class: sekisho_register::Class) -> String {
    let route = view.register.route_at(class, view.now);
    let who = roles(view, &route.proposers);
    match route.stages.len() {
        0 => view.say(format!("{who}: at once"), format!("{who}（承認不要）")),
        stages => view.say(format!("{who}, {stages} stages of approval"), format!("{who}（承認{stages}段階）")),
    }
}

/// Where its form is.
fn address(which: Everyday) -> String {
    format!("/console/changes/{}", which.name())
}

/// Whether one of this person's posts may decide or propose it; for whom, the fold says when it is filled in.
fn may(view: &View<'_>, which: Everyday) -> bool {
    let routes = which.classes().iter().map(|class| view.register.route_at(*class, view.now));
    routes.into_iter().any(|route| Whose::Roles(route.proposers).is(&view.visitor.operator, &view.register, view.now))
}

/// Links to those about this that this person may make.
pub(super) fn buttons(view: &View<'_>, about: Group) -> Option<Block> {
    let mine = Everyday::ALL.into_iter().filter(|which| which.group() == about && may(view, *which));
    let buttons: Vec<_> = mine.map(|which| (address(which), which.title().text(view.language).to_owned())).collect();
    (!buttons.is_empty()).then_some(Block::Buttons(buttons))
}

#[derive(Deserialize)]
pub(crate) struct OfChange {
    name: String,
}

impl OfChange {
    fn which(&self) -> Result<Everyday, Refusal> {
        Everyday::from_name(&self.name).ok_or(Refusal::NotFound("change"))
    }
}

/// The form of one.
pub(crate) async fn form(
    State(hall): State<Hall>,
    entered: Entered,
    Named(of): Named<OfChange>,
    Asked(asked): Asked<Fields>,
) -> Result<Response, Barred> {
    let which = of.which()?;
    entered
        .show(hall, ANY_ROLE, move |view| {
            let (blocks, rows) =
                if may(view, which) { to_fill_in(view, which, &asked) } else { (not_yours(view, which), 0) };
            let title = which.title().text(view.language).to_owned();
            let content = Content { title, place: PLACE, refresh: None, sections: vec![Section::lead(blocks)] };
            let shown = (rows > 0).then(|| Shown::rows(Query::Register, rows, About::default()));
            Ok((content, shown.into_iter().collect()))
        })
        .await
}

fn not_yours(view: &View<'_>, which: Everyday) -> Vec<Block> {
    let ways = which.classes().iter().map(|class| way(view, *class)).collect::<Vec<_>>().join(&view.say("; ", "、"));
    let text = view.say(
        format!("Somebody else decides or proposes this: {ways}"),
        format!("この変更は、あなたの職では行えません：{ways}"),
    );
    vec![Block::Note(Kind::Plain, text)]
}

fn to_fill_in(view: &View<'_>, which: Everyday, asked: &Fields) -> (Vec<Block>, usize) {
    let is_it = |what: &What| matches!(what, What::Change { which: of, .. } if *of == which);
    let again = again(view, asked, &is_it);
    let typed = again.as_ref().map_or(&[] as &[_], |(what, _)| what.filled());
    let (mut fields, rows) = blanks::entries(view, which, &before(asked, typed));
    let proposers = which.classes().iter().flat_map(|class| view.register.route_at(*class, view.now).proposers);
    let whose = Whose::Roles(proposers.collect());
    fields.extend(Hand::fields(view, Some(&whose), again.as_ref().map(|(_, hand)| hand)));
    let summary = marked(view, again.as_ref(), &mut fields);
    let button = view.say("Go on: sign with the card", "次へ（カードで署名）");
    let mut blocks: Vec<Block> = summary.into_iter().collect();
    blocks.push(Block::Text(which.about().text(view.language).to_owned()));
    let routes = which.classes().iter().map(|class| view.register.route_at(*class, view.now).stages.len());
    let (least, most) = routes.fold((usize::MAX, 0), |(least, most), stages| (least.min(stages), most.max(stages)));
    let how = match (least, most) {
        (_, 0) => view.say("It takes effect when your card has signed it.", "カードで署名すると効力を生じます。"),
        (0, most) => view.say(
            format!(
                "It takes effect at once or becomes a proposal (at most {most} stages of approval), by the new state."
            ),
            format!("変更後の状態により、署名で直ちに効力を生じるか、申請として提出されます（承認は最大{most}段階）。"),
        ),
        (_, most) => view.say(
            format!("It becomes a proposal: {most} stages of approval follow."),
            format!("申請として提出され、{most}段階の承認を経て効力を生じます。"),
        ),
    };
    blocks.push(Block::Text(how));
    blocks.push(Block::Text(signed_there(view)));
    blocks.push(Block::Form(Form { action: address(which), method: Method::Post, fields, button }));
    (blocks, rows)
}

/// The wish to make it.
pub(crate) async fn wish(
    State(hall): State<Hall>,
    Named(of): Named<OfChange>,
    posted: Posted,
) -> Result<Response, Barred> {
    let which = of.which()?;
    let filled = blanks::typed_entries(which, &posted.fields)?;
    let hand = Hand::read(&posted.fields)?;
    begin_judged(&hall, posted, (What::Change { which, filled }, hand), (ANY_ROLE, address(which)), |_| Ok(())).await
}

const PLACE: &str = "/console/changes";
