//! The registers (台帳) as of a date: each is one function that makes a table.

mod commands;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use sekisho_register::calendar::local_day;
use sekisho_register::cards::Card;
use sekisho_register::change::{CardState, OperatorState, SetFunction, SetTerminal, TerminalUse};
use sekisho_register::dates::{Edge, When};
use sekisho_register::everyday::Group;
use sekisho_register::organisation::{Capacity, Post, PostVersion};
use sekisho_register::people::{Operator, Standing};
use sekisho_register::places::Terminal;
use sekisho_register::role::{Class, Role};
use sekisho_register::wareki::{day_text, moment_text, numbered};
use sekisho_register::{Register, SignedAct};
use sekisho_wire::decision::Level;
use sekisho_wire::id::Code;
use sekisho_wire::reason::Query;
use sekisho_wire::words::Language;
use serde::Deserialize;

use super::terminals::kind;
use super::{changes, from, policy};
use crate::clock::Millis;
use crate::console::duties::any_of;
use crate::console::html::{Block, Cell, Content, Field, Form, Kind, Method, Section, Table};
use crate::console::paging::Paging;
use crate::console::visit::{Barred, Entered, View};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::{ANY_ROLE, CASE_READERS};

/// A register as it was at a moment.
pub(super) struct AsOf<'a, 'v> {
    pub(super) view: &'a View<'v>,
    pub(super) register: Arc<Register>,
    pub(super) at: Millis,
    /// From which row on, as the address says.
    from: String,
}

/// A page of a register, and which.
type Listed = (Table, Paging);
type Shows = fn(&AsOf<'_, '_>) -> Result<Listed, Refusal>;

/// Address, names, and who makes the table.
const REGISTERS: [(&str, &str, &str, Shows); 8] = [
    ("operators", "Register of operators", "操作者名簿", operators),
    ("cards", "Register of cards", "操作者カード管理簿", cards),
    ("terminals", "Register of terminals", "端末機管理簿", terminals),
    ("functions", "Functions", "業務機能一覧", functions),
    ("posts", "Posts and their holders", "職と在任者", posts),
    ("routes", "Routes of approval", "決裁経路", routes),
    ("permits", "Permits for use out of hours", "時間外使用の許可", permits),
    ("policy", "Policy", "運用方針", policy_table),
];

/// What can be changed where it is read.
const ABOUT: [(&str, Group); 4] = [
    ("operators", Group::People),
    ("cards", Group::Cards),
    ("terminals", Group::Terminals),
    ("permits", Group::Permits),
];

fn contents(view: &View<'_>) -> Content {
    let link = |(at, english, japanese, _): &(&str, &str, &str, Shows)| {
        Cell::link(format!("/console/registers/{at}"), view.say(*english, *japanese))
    };
    let text = view.say(
        "Each register can be shown as it stood at the end of any day.",
        "いずれの台帳も、任意の日の終わりの時点の内容を表示できます。",
    );
    let blocks = vec![Block::Text(text), Block::List(REGISTERS.iter().map(link).collect())];
    let title = view.say("Registers", "台帳");
    Content { title, place: "/console/registers", refresh: None, sections: vec![Section::lead(blocks)] }
}

/// Which registers there are.
pub(crate) async fn list(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered.show(hall, ANY_ROLE, |view| Ok((contents(view), Vec::new()))).await
}

#[derive(Deserialize)]
pub(crate) struct Which {
    which: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Date {
    date: String,
    from: String,
}

/// One of them.
pub(crate) async fn one(
    State(hall): State<Hall>,
    entered: Entered,
    Named(Which { which }): Named<Which>,
    Asked(Date { date, from: first }): Asked<Date>,
) -> Result<Response, Barred> {
    let known = REGISTERS.iter().find(|(at, ..)| *at == which).ok_or(Refusal::NotFound("register"))?;
    entered
        .show(hall, ANY_ROLE, move |view| {
            let (at, english, japanese, table) = known;
            let asked = Some(date.trim()).filter(|date| !date.is_empty());
            let when = asked.map(When::parse);
            // "As of a day" is as of its end: what was decided on that day counts.
            let moment = match when {
                Some(Some(when)) => when.moment(Edge::Until).saturating_sub(1).min(view.now),
                Some(None) | None => view.now,
            };
            let register = as_of(view, moment)?;
            let as_of = AsOf { view, register, at: moment, from: first };
            let (table, paging) = table(&as_of)?;
            let mut blocks = vec![Block::Form(form(view, at, &date))];
            if when == Some(None) {
                blocks.push(Block::Note(
                    Kind::Warning,
                    view.say(
                        format!("'{date}' is no date; shown is the register of now. Write 2026-04-01 or R8.4.1."),
                        format!("「{date}」は日付として読み取れないため、現在の内容を表示しています。令和8年4月1日、R8.4.1、2026-04-01 のように入力してください。"),
                    ),
                ));
            }
            let (size, when) = (as_of.register.size(), view.moment(moment));
            blocks.push(Block::Text(view.say(
                format!("As of {when}, from {size} acts."),
                format!("{when} 現在（登録簿 {size} 件による）"),
            )));
            let rows = table.rows.len();
            if !view.sight.is_whole() {
                let own = view.say(
                    "Of people, cards, terminals and permits your own section's are shown.",
                    "操作者・カード・端末機・許可は、自分の課に関するものだけを表示しています。",
                );
                blocks.push(Block::Text(own));
            }
            blocks.push(Block::Table(table));
            let spelt = serde_urlencoded::to_string([("date", &date)]).unwrap_or_default();
            blocks.extend(paging.ways(view, |from| format!("/console/registers/{at}?{spelt}&from={from}")));
            let about = ABOUT.iter().find(|(register, _)| register == at);
            blocks.extend(about.and_then(|(_, group)| changes::buttons(view, *group)));
            let how = commands::section(&as_of, at, &paging.take(as_of.posts()));
            let content = Content {
                title: view.say(*english, *japanese),
                place: "/console/registers",
                refresh: None,
                sections: std::iter::once(Section::lead(blocks)).chain(how).collect(),
            };
            Ok((content, vec![Shown::rows(Query::Register, rows, from(0))]))
        })
        .await
}

fn form(view: &View<'_>, at: &str, date: &str) -> Form {
    let line = Field::Line {
        name: "date",
        label: view.say("As of the end of", "基準日"),
        value: date.to_owned(),
        hint: view.say("2026-04-01 or R8.4.1; empty: now", "令和8年4月1日、R8.4.1。空欄は現在"),
    };
    Form {
        action: format!("/console/registers/{at}"),
        method: Method::Get,
        fields: vec![line],
        button: view.say("Show", "表示する"),
    }
}

/// The register as it was known at that moment: the acts that were made by then.
fn as_of(view: &View<'_>, at: Millis) -> Result<Arc<Register>, Refusal> {
    if at >= view.register.newest_made() {
        return Ok(Arc::clone(&view.register));
    }
    let mut pasts = view.office.pasts();
    let kept = pasts.until(at);
    if let Some((_, register)) = kept.as_ref().filter(|(moment, _)| *moment == at) {
        return Ok(Arc::clone(register));
    }
    let register = folded_until(view, kept.map_or_else(Register::new, |(_, register)| (*register).clone()), at)?;
    pasts.keep(at, Arc::clone(&register));
    Ok(register)
}

/// Goes on with the acts that were made by then.
fn folded_until(view: &View<'_>, mut register: Register, at: Millis) -> Result<Arc<Register>, Refusal> {
    while register.size() < view.register.size() {
        let page = view.ledger.store.entries(&view.visitor.office, LogName::Register, register.size(), PAGE)?;
        if page.is_empty() {
            break;
        }
        for entry in page {
            let damaged = |_| Refusal::Unavailable { cause: "an act of the register log is damaged".into() };
            let signed = SignedAct::decode(&entry.payload).map_err(damaged)?;
            if signed.act().made > at {
                return Ok(Arc::new(register));
            }
            let folded = register.fold_stored(&entry.payload, sekisho_register::Concluded::Accepted);
            folded.map_err(|refusal| Refusal::Unavailable {
                cause: format!("an act does not fold: {}", refusal.code()),
            })?;
        }
    }
    Ok(Arc::new(register))
}

impl AsOf<'_, '_> {
    fn say(&self, english: &str, japanese: &str) -> String {
        self.view.say(english, japanese)
    }

    /// The page of these that is asked for, a row each.
    fn table<T>(
        &self,
        caption: String,
        columns: &[(&str, &str)],
        items: impl IntoIterator<Item = T>,
        row: impl Fn(&T) -> Vec<Cell>,
    ) -> Result<Listed, Refusal> {
        let items: Vec<T> = items.into_iter().collect();
        let paging = Paging::of(&self.from, items.len())?;
        let page = paging.take(items);
        let columns = columns.iter().map(|(english, japanese)| self.say(english, japanese)).collect();
        let rows = self.view.together(|| page.iter().map(&row).collect());
        Ok((Table { caption, columns, rows, none: self.say("There is nothing in it.", "登録はありません。") }, paging))
    }

    fn day(&self, t: u64) -> String {
        let language = self.view.language;
        if t == u64::MAX { moment_text(t, language) } else { day_text(local_day(t), language) }
    }

    /// The last day of a span: the register keeps the moment after it.
    fn last_day(&self, t: u64) -> String {
        self.day(if t == u64::MAX { t } else { t.saturating_sub(1) })
    }

    /// The posts that there were then.
    pub(super) fn posts(&self) -> Vec<(&Post, &PostVersion)> {
        let posts = self.register.posts();
        posts.filter_map(|post| Some((post, post.versions().at(self.at)?))).collect()
    }

    fn section(&self, code: &Code) -> String {
        let known = self.register.section(code);
        known.map_or_else(|| code.to_string(), |section| format!("{} ({code})", section.title()))
    }

    fn name(&self, operator: &Code) -> String {
        if !self.view.sight.may_name(&self.register, operator) {
            return "-".to_owned();
        }
        let hash = self.register.name_hash(operator);
        // Erased since is erased, whatever day is looked at.
        let name = hash.and_then(|hash| self.view.names.name(&self.view.register, operator, hash, self.view.language));
        name.unwrap_or_else(|| "-".to_owned())
    }
}

fn operators(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let row = |operator: &&Operator| {
        let profiles: Vec<&Code> = operator.profiles_at(at.at).map(|(code, _)| code).collect();
        let standing = operator.standing(at.at);
        let (section, from, to, places) = match standing {
            Standing::Designated(designation) => {
                let section =
                    designation.section.as_ref().map_or_else(|| "-".to_owned(), |section| at.section(section));
                let places = designation.terminals.iter().chain(&designation.sections);
                (section, at.day(designation.from), at.last_day(designation.to), list_of(places))
            }
            Standing::NotBegun | Standing::Ended => ("-".into(), "-".into(), "-".into(), "-".into()),
        };
        let (kind, english, japanese) = match (operator.state(at.at), standing) {
            (OperatorState::Suspended, _) => (Kind::Warning, "suspended", "停止"),
            (OperatorState::Ended, _) | (OperatorState::Active, Standing::Ended) => (Kind::Plain, "ended", "解除"),
            (OperatorState::Active, Standing::NotBegun) => (Kind::Plain, "not yet", "開始前"),
            (OperatorState::Active, Standing::Designated(_)) => (Kind::Good, "active", "有効"),
        };
        vec![
            Cell::text(operator.code().as_str()),
            Cell::Short(at.name(operator.code())),
            Cell::Text(section),
            Cell::Mark(kind, at.say(english, japanese)),
            Cell::Short(from),
            Cell::Short(to),
            Cell::Text(list_of(profiles)),
            Cell::Text(places),
            Cell::Text(qualification_of(at, operator)),
            Cell::Lines(or_none(rules_of(at, operator.code()))),
        ]
    };
    let columns = [
        ("Code", "照合ID"),
        ("Name", "氏名"),
        ("Section", "所属"),
        ("State", "状態"),
        ("From", "開始日"),
        ("Until", "終了日"),
        ("Permissions", "操作者ID"),
        ("May work at", "使用場所"),
        ("Qualified for", "交付資格"),
        ("Rules acknowledged", "確認した執務基準書等"),
    ];
    let seen = at.register.operators().filter(|person| at.view.sight.sees_operator(&at.register, person.code()));
    at.table(at.say("Operators", "操作者名簿"), &columns, seen, row)
}

/// For which cards a person qualifies then, by what, until when.
fn qualification_of(at: &AsOf<'_, '_>, operator: &Operator) -> String {
    let Some(held) = operator.qualification(at.at) else { return "-".to_owned() };
    let kinds = super::list(held.kinds.iter().map(|kind| kind.name(at.view.language)), " ");
    let (to, ground) = (at.last_day(held.to), &held.ground);
    at.view.say(format!("{kinds} until {to} ({ground})"), format!("{kinds} {to}まで（{ground}）"))
}

/// The versions of the rules of work that a person had acknowledged then, for whoever may read the casebook.
fn rules_of(at: &AsOf<'_, '_>, operator: &Code) -> Vec<String> {
    if !at.view.holds(CASE_READERS) {
        return Vec::new();
    }
    let known = at.view.office.casebook().acknowledged(operator, at.at);
    known.iter().map(|known| format!("{} ({})", known.version, day_text(known.on, at.view.language))).collect()
}

fn list_of<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    super::list(items, " ")
}

fn cards(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let language = at.view.language;
    let row = |card: &&Card| {
        let issued = card.issued();
        let holder = card.holder(at.at).map(|holder| holder.operator.clone());
        let profiles = if issued.profiles.is_empty() { at.say("all", "全て") } else { list_of(&issued.profiles) };
        let since = card.state_said(at.at).map_or_else(|| "-".to_owned(), |said| at.day(said.effective));
        vec![
            Cell::Short(numbered(card.number(), language)),
            Cell::short(issued.kind.name(language)),
            Cell::text(holder.as_ref().map_or("-", |holder| holder.as_str())),
            Cell::Short(holder.as_ref().map_or_else(|| "-".to_owned(), |holder| at.name(holder))),
            state_of(at, card),
            Cell::Short(since),
            Cell::Short(at.day(issued.from)),
            Cell::Short(at.last_day(issued.to)),
            Cell::Text(profiles),
            Cell::Code(card.guid().to_string()),
        ]
    };
    let columns = [
        ("Number", "番号"),
        ("Kind", "種別"),
        ("Code", "照合ID"),
        ("Name", "氏名"),
        ("State", "状態"),
        ("Since", "状態の日付"),
        ("From", "開始日"),
        ("Until", "終了日"),
        ("Permissions", "操作者ID"),
        ("GUID", "カードGUID"),
    ];
    let seen = at.register.cards_by_number().filter(|card| at.view.sight.sees_card(&at.register, card));
    at.table(at.say("Cards", "操作者カード管理簿"), &columns, seen, row)
}

fn state_of(at: &AsOf<'_, '_>, card: &Card) -> Cell {
    let state = card.state(at.at);
    if state == CardState::Active && card.issued().dormant && card.holder(at.at).is_none() {
        return Cell::Mark(Kind::Plain, at.say("dormant", "休眠中"));
    }
    let kind = if state == CardState::Active { Kind::Good } else { Kind::Warning };
    Cell::Mark(kind, state.name(at.view.language).to_owned())
}

fn terminals(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let seen = at.register.terminals().filter(|it| at.view.sight.sees_terminal(&at.register, it.code()));
    let there = seen.filter_map(|terminal| Some((terminal, terminal.versions().at(at.at)?)));
    let row = |(terminal, version): &(&Terminal, &SetTerminal)| {
        let (mark, english, japanese) = match terminal.state(at.at) {
            TerminalUse::Active => (Kind::Good, "active", "使用中"),
            TerminalUse::Suspended => (Kind::Warning, "suspended", "停止"),
            TerminalUse::Retired => (Kind::Plain, "retired", "廃止"),
        };
        let responsible = version.responsible.as_ref().map_or_else(|| "-".to_owned(), |post| post_title(at, post));
        vec![
            Cell::text(version.terminal.as_str()),
            Cell::Text(kind(at.view, version.kind)),
            Cell::Text(at.section(&version.section)),
            Cell::Text(responsible),
            Cell::Mark(mark, at.say(english, japanese)),
            Cell::Text(list_of(&version.functions)),
            Cell::Text(list_of(&version.readers)),
        ]
    };
    let columns = [
        ("Terminal", "端末機"),
        ("Kind", "種別"),
        ("Section", "設置課"),
        ("Responsible", "管理責任者"),
        ("State", "状態"),
        ("For", "用途"),
        ("Readers", "カードリーダー"),
    ];
    at.table(at.say("Terminals", "端末機管理簿"), &columns, there, row)
}

fn post_title(at: &AsOf<'_, '_>, post: &Code) -> String {
    let known = at.register.post(post).and_then(|post| post.versions().at(at.at));
    known.map_or_else(|| post.to_string(), |version| version.title.to_string())
}

fn functions(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let there = at.register.functions().filter_map(|function| function.versions().at(at.at));
    let row = |version: &&SetFunction| {
        let level = match version.level {
            Level::Session => at.say("session", "セッション"),
            Level::Card => at.say("card", "カード"),
            Level::Pin => at.say("card and PIN", "カードと暗証番号"),
        };
        let purpose = if version.purpose_required { at.say("needed", "必須") } else { "-".to_owned() };
        let essential = if version.essential { at.say("yes", "可") } else { "-".to_owned() };
        let (code, title) = (version.function.to_string(), version.title.to_string());
        vec![Cell::Text(code), Cell::Text(title), Cell::Text(level), Cell::Text(purpose), Cell::Text(essential)]
    };
    let columns = [
        ("Function", "機能"),
        ("Title", "名称"),
        ("Proved by", "確認"),
        ("Purpose", "事由"),
        ("Essential", "停止時使用"),
    ];
    at.table(at.say("Functions", "業務機能一覧"), &columns, there, row)
}

/// A cell that is empty looks forgotten.
fn or_none(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() { vec!["-".to_owned()] } else { lines }
}

fn posts(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let row = |(post, version): &(&Post, &PostVersion)| {
        let held = |capacity: Capacity| -> Vec<String> {
            let holders = post.holders(at.at).filter(|holder| holder.capacity == capacity);
            or_none(holders.map(|holder| format!("{} ({})", at.name(&holder.operator), holder.operator)).collect())
        };
        vec![
            Cell::text(post.code().as_str()),
            Cell::text(version.title.as_str()),
            Cell::Text(version.section.as_ref().map_or_else(|| "-".to_owned(), |section| at.section(section))),
            Cell::Lines(version.roles.iter().map(|role| role_name(*role, at.view.language)).collect()),
            Cell::Lines(held(Capacity::Holder)),
            Cell::Lines(held(Capacity::Deputy)),
        ]
    };
    let columns = [
        ("Post", "職"),
        ("Title", "名称"),
        ("Section", "所属"),
        ("Roles", "役割"),
        ("Held by", "在任者"),
        ("Deputies", "代決者"),
    ];
    at.table(at.say("Posts", "職と在任者"), &columns, at.posts(), row)
}

pub(crate) fn role_name(role: Role, language: Language) -> String {
    match language {
        Language::English => role.name().replace('_', " "),
        Language::Japanese => role.title().to_owned(),
    }
}

/// What an act about each class takes, in the words of an act that sets it so.
fn routes(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let row = |class: &Class| {
        let route = at.register.route_at(*class, at.at);
        let roles = |roles: &[Role]| Cell::Lines(roles.iter().map(|role| role_name(*role, at.view.language)).collect());
        let name = at.say(class.name(), class.title());
        let names = |roles: &[Role]| {
            let names: Vec<String> = roles.iter().map(|role| role_name(*role, at.view.language)).collect();
            any_of(at.view, &names)
        };
        let stages = route.stages.iter().enumerate().map(|(stage, roles)| format!("{}. {}", stage + 1, names(roles)));
        let mut stages: Vec<String> = stages.collect();
        if stages.is_empty() {
            stages.push(at.say("nobody has to", "承認不要"));
        }
        vec![Cell::Text(name), roles(&route.proposers), Cell::Lines(stages)]
    };
    let columns = [("Class", "処分の種類"), ("Proposed or signed by", "申請・署名"), ("Approved by", "承認")];
    at.table(at.say("Routes", "決裁経路"), &columns, Class::ALL, row)
}

fn permits(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let row = |permit: &&sekisho_register::hours::Permit| {
        let given = permit.given();
        vec![
            Cell::Short(numbered(permit.number(), at.view.language)),
            Cell::Lines(given.operators.iter().map(|who| at.view.person(who)).collect()),
            Cell::Text(list_of(&given.terminals)),
            Cell::Text(list_of(&given.functions)),
            Cell::Short(at.view.moment(given.from)),
            Cell::Short(at.view.moment(given.to)),
            Cell::text(given.reason.as_str()),
        ]
    };
    let columns = [
        ("Number", "番号"),
        ("Who", "操作者"),
        ("Where", "端末機"),
        ("What", "機能"),
        ("From", "開始"),
        ("Until", "終了"),
        ("Reason", "理由"),
    ];
    let seen = at.register.permits().filter(|permit| at.view.sight.sees_permit(&at.register, permit));
    at.table(at.say("Permits", "時間外使用の許可"), &columns, seen, row)
}

fn policy_table(at: &AsOf<'_, '_>) -> Result<Listed, Refusal> {
    let lines = policy::lines(at.register.policy_at(at.at), &at.register, at.view.language);
    let row = |(name, value): &(String, String)| vec![Cell::Text(name.clone()), Cell::Text(value.clone())];
    at.table(at.say("Policy", "運用方針"), &[("What", "項目"), ("Value", "値")], lines, row)
}

const PAGE: u32 = 1000;
