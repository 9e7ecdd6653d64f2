//! What is kept, due and destroyed, for whoever looks after the machine.

use std::collections::BTreeMap;

use sekisho_register::Register;
use sekisho_register::calendar::{Month, local_day};
use sekisho_register::retention::{CLASSES, Destroyed};
use sekisho_register::thing::class_name;
use sekisho_register::wareki::{day_text, month_text};
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
        text += &kept_line(&keys, register, class, now);
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

/// What there is of a class: since when, until when (S4 19(4)).
fn kept_line(keys: &[StoredKey], register: &Register, class: Retention, now: Millis) -> String {
    let mut months = months_of(keys, class);
    months.retain(|month| register.destroyed(class, *month).is_none());
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return String::new() };
    let until = |month: &Month, language| day_text(local_day(register.kept_until(class, *month, now)), language);
    let in_words = |language| {
        let (from, to) = (month_text(*first, language), month_text(*last, language));
        (class_name(class, language), from, to, until(first, language), until(last, language))
    };
    let (en, from, to, first_goes, last_goes) = in_words(Language::English);
    let (ja, from_ja, to_ja, first_ja, last_ja) = in_words(Language::Japanese);
    format!(
        "  {en}: {from} to {to} are kept, the first may go from {first_goes}, the last from {last_goes}（{ja}: {from_ja}分から{to_ja}分までを保管中、廃棄できる日は{first_ja}から{last_ja}）\n"
    )
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
