//! What is kept, due and destroyed, for whoever looks after the machine.

use std::collections::BTreeMap;

use sekisho_register::Register;
use sekisho_register::calendar::Month;
use sekisho_register::retention::{CLASSES, Destroyed};
use sekisho_register::thing::class_name;
use sekisho_register::wareki::month_text;
use sekisho_wire::id::OfficeId;
use sekisho_wire::record::Retention;
use sekisho_wire::words::Language;

use crate::clock::Millis;
use crate::stage::class_number;
use crate::store::{KeyState, Store, StoreError, StoredKey};

/// Lines about an office: what is due by class, what holds it, what was destroyed and whether it is erased.
///
/// # Errors
/// When the store fails.
pub(crate) fn kept_status(
    store: &dyn Store,
    office: &OfficeId,
    register: &Register,
    now: Millis,
) -> Result<String, StoreError> {
    let keys = store.keys(office)?;
    let mut text = String::new();
    for class in CLASSES {
        let (mut due, mut held) = (Vec::new(), BTreeMap::<String, usize>::new());
        for month in months_of(&keys, class) {
            if register.destroyed(class, month).is_some() || register.kept_until(class, month, now) > now {
                continue;
            }
            match register.preserved(class, month) {
                None => due.push(month),
                Some(order) => *held.entry(order.given.order.to_string()).or_default() += 1,
            }
        }
        let (en, ja) = (class_name(class, Language::English), class_name(class, Language::Japanese));
        if let (Some(first), Some(last)) = (due.first(), due.last()) {
            let count = due.len();
            let (from, to) = (month_text(*first, Language::Japanese), month_text(*last, Language::Japanese));
            text += &format!(
                "  {en}: {count} months may be destroyed, {first} to {last}（{ja}: {count} か月分が保存期間満了、{from}〜{to}）\n"
            );
        }
        for (order, count) in held {
            text += &format!(
                "  {en}: {count} months are kept by order {order}（{ja}: {count} か月分を保全命令 {order} により保全中）\n"
            );
        }
    }
    for destroyed in register.all_destroyed() {
        text += &destroyed_line(&keys, destroyed);
    }
    Ok(text)
}

fn months_of(keys: &[StoredKey], class: Retention) -> Vec<Month> {
    let of_class = keys.iter().filter(|key| key.class == class_number(class));
    let mut months: Vec<Month> = of_class.map(|key| Month(key.month)).collect();
    months.sort();
    months
}

fn destroyed_line(keys: &[StoredKey], destroyed: &Destroyed) -> String {
    let (months, act) = (destroyed.months, destroyed.index);
    let (first, last) = (months.from, Month(months.to.0.saturating_sub(1)));
    let (en, ja) = (class_name(months.class, Language::English), class_name(months.class, Language::Japanese));
    let (from, to) = (month_text(first, Language::Japanese), month_text(last, Language::Japanese));
    let of_them =
        |key: &&StoredKey| key.class == class_number(months.class) && destroyed.covers(months.class, Month(key.month));
    let erased = keys.iter().filter(of_them).all(|key| key.state == KeyState::Erased);
    let (en_now, ja_now) = if erased { ("", "") } else { (", not erased yet", "、消去中") };
    format!(
        "  {en}: {first} to {last} destroyed by act {act}{en_now}（{ja}: {from}〜{to}は処分 {act} により廃棄済み{ja_now}）\n"
    )
}
