//! How long contents of records are kept, what keeps them longer, and what was destroyed.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::calendar::Month;
use sekisho_register::everyday::Group;
use sekisho_register::retention::{CLASSES, Order};
use sekisho_register::thing::class_name;
use sekisho_register::wareki::{month_text, numbered};
use sekisho_wire::record::Retention;
use serde::Deserialize;

use super::{changes, list};
use crate::console::html::{Block, Cell, Content, Kind, Section, Table};
use crate::console::lacks::gone;
use crate::console::paging::Paging;
use crate::console::visit::{Barred, Entered, View};
use crate::http::{Asked, Hall};
use crate::refusal::Refusal;
use crate::stage::class_number;
use crate::store::{KeyState, StoredKey};
use crate::visitors::ANY_ROLE;

/// From which row on of each list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pages {
    months: String,
    destroyed: String,
    orders: String,
}

/// Months: no person stands in them.
pub(crate) async fn kept(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(asked): Asked<Pages>,
) -> Result<Response, Barred> {
    entered
        .show(hall, ANY_ROLE, move |view| {
            let months = view.ledger.kept_months(&view.visitor.office)?;
            Ok((content(view, months, &asked)?, Vec::new()))
        })
        .await
}

fn content(view: &View<'_>, mut months: Vec<StoredKey>, asked: &Pages) -> Result<Content, Refusal> {
    months.retain(|key| class_of(key.class).is_some());
    months.sort_by_key(|key| (std::cmp::Reverse(key.month), key.class));
    let (destroyed, all_orders) = (view.register.all_destroyed(), view.register.orders().collect::<Vec<_>>());
    let of_months = Paging::of(&asked.months, months.len())?;
    let of_destroyed = Paging::of(&asked.destroyed, destroyed.len())?;
    let of_orders = Paging::of(&asked.orders, all_orders.len())?;
    let to = |months: &str, destroyed: &str, orders: &str| {
        format!("/console/retention?months={months}&destroyed={destroyed}&orders={orders}")
    };
    let (kept, gone) = (kept_table(view, &of_months.take(&months)), gone(view, of_destroyed.take(destroyed)));
    let with = |table: Table, ways: Vec<Block>| std::iter::once(Block::Table(table)).chain(ways);
    let ways = of_months.ways(view, |from| to(&from.to_string(), &asked.destroyed, &asked.orders));
    let lead = changes::buttons(view, Group::Retention).into_iter().chain(with(kept, ways));
    let ways = of_destroyed.ways(view, |from| to(&asked.months, &from.to_string(), &asked.orders));
    let gone = with(gone, ways);
    let ways = of_orders.ways(view, |from| to(&asked.months, &asked.destroyed, &from.to_string()));
    let orders = with(orders(view, &of_orders.take(all_orders)), ways);
    let sections = vec![
        Section::lead(lead.collect()),
        Section::new(view.say("Destroyed", "廃棄"), gone.collect()),
        Section::new(view.say("Preservation orders", "保全"), orders.collect()),
    ];
    let title = view.say("Retention", "保存・廃棄・保全");
    Ok(Content { title, place: "/console/retention", refresh: None, sections })
}

fn class_of(number: u8) -> Option<Retention> {
    CLASSES.into_iter().find(|class| class_number(*class) == number)
}

fn kept_table(view: &View<'_>, months: &[&StoredKey]) -> Table {
    let row = |key: &&StoredKey| -> Option<Vec<Cell>> {
        let (class, month) = (class_of(key.class)?, Month(key.month));
        let until = view.register.kept_until(class, month, view.now);
        let state = match (key.state, view.register.preserved(class, month)) {
            (KeyState::Erased, _) => Cell::Mark(Kind::Plain, view.say("erased", "消去済み")),
            (KeyState::Destroyed, _) => Cell::Mark(Kind::Plain, view.say("destroyed", "廃棄済み")),
            (KeyState::InUse, Some(order)) => {
                let code = &order.given.order;
                Cell::Mark(Kind::Warning, view.say(format!("preserved: {code}"), format!("保全中：{code}")))
            }
            (KeyState::InUse, None) if until <= view.now => {
                Cell::Mark(Kind::Warning, view.say("may be destroyed", "廃棄可能"))
            }
            (KeyState::InUse, None) => Cell::Mark(Kind::Good, view.say("kept", "保存中")),
        };
        let name = class_name(class, view.language);
        Some(vec![
            Cell::text(month_text(month, view.language)),
            Cell::text(name),
            Cell::short(view.moment(until)),
            state,
        ])
    };
    let columns = [("Month", "月"), ("Class", "区分"), ("Kept until", "保存期限"), ("State", "状態")];
    Table {
        caption: view.say("Months that have records", "記録のある月"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: months.iter().filter_map(row).collect(),
        none: view.say("There are no records yet.", "記録はまだありません。"),
    }
}

fn orders(view: &View<'_>, orders: &[&Order]) -> Table {
    let row = |order: &&Order| {
        let given = &order.given;
        let classes: Vec<&str> =
            given.classes.iter().map(|class: &Retention| class_name(*class, view.language)).collect();
        let month =
            |month: Option<Month>| month.map_or_else(|| "-".to_owned(), |month| month_text(month, view.language));
        let act = |index: u64| Cell::link(format!("/console/acts/{index}"), index.to_string());
        vec![
            Cell::text(given.order.as_str()),
            Cell::text(if classes.is_empty() { view.say("all", "全て") } else { list(classes, "、") }),
            Cell::text(month(given.from)),
            Cell::text(month(given.to.map(|to| Month(to.0.saturating_sub(1))))),
            Cell::text(given.incident.map_or_else(|| "-".to_owned(), |number| numbered(number, view.language))),
            act(order.index),
            order.lifted.map_or_else(|| Cell::Mark(Kind::Warning, view.say("in force", "保全中")), act),
        ]
    };
    let columns = [
        ("Order", "名称"),
        ("Classes", "区分"),
        ("From", "最初の月"),
        ("To", "最後の月"),
        ("Incident", "事故等"),
        ("Act", "処分"),
        ("Lifted by", "解除"),
    ];
    Table {
        caption: view.say("Orders to keep records longer", "記録の保全"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: orders.iter().map(row).collect(),
        none: view.say("There are none.", "ありません。"),
    }
}
