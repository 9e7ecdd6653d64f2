//! 媒体: those that backups of the ledger go onto, as the ledger says, and those that sections have written down, in one register (S3 23(2), S4 19(4)).

use sekisho_register::calendar::local_day;
use sekisho_register::cases::{Case, Written};
use sekisho_register::change::Value;
use sekisho_register::forms::{Blank, Form};
use sekisho_wire::words::Language;

use crate::cases::{Texts, as_of, by, value_cell};
use crate::forms::MEDIA;
use crate::registers::AsOf;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// A medium that backups of the ledger go onto.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerMedium {
    /// What stands on its label.
    pub name: String,
    /// Where it is kept when it is not in its machine, where somebody said so.
    pub place: Option<String>,
    /// Since when it is listed, ms since 1970 UTC.
    pub listed: u64,
    /// When the backup was made that was verified on it last.
    pub verified: Option<u64>,
}

/// What the ledger says of its backups, now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backups {
    /// The media.
    pub media: Vec<LedgerMedium>,
    /// Since when there should have been a newer backup, if that is so.
    pub overdue_since: Option<u64>,
    /// When the last attempt came to nothing, if none has succeeded since.
    pub failed: Option<u64>,
    /// When the keys were copied to another place.
    pub keys_copied: Option<u64>,
}

/// 媒体の一覧: what lies where, when it was verified last, what is overdue. `cases` are those on the form `medium` that whoever prints sees.
#[must_use]
pub fn media(of: AsOf<'_>, backups: &Backups, cases: &[&Case], texts: Texts<'_>) -> Table {
    let columns = vec![
        Column::new("label", "媒体番号", "number"),
        Column::new("content", "内容", "content"),
        Column::new("place", "保管場所", "kept at"),
        Column::new("by", "登録者", "listed by"),
        Column::new("made", "作成・登録日", "made or listed"),
        Column::new("verified", "最終検証日", "verified last"),
        Column::new("state", "状況", "state"),
    ];
    let mut table = Table::new(&MEDIA, columns);
    let mut rows: Vec<(String, [Cell; 7])> =
        backups.media.iter().map(|medium| of_ledger(of, backups, medium)).collect();
    let written = cases.iter().filter(|case| case.id.form == Form::Medium && case.opened.made <= of.at);
    rows.extend(written.map(|case| of_case(of, &as_of(case, of.at), texts)));
    // What has one number stands together, whoever wrote it down.
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    for (_, row) in rows {
        table.row(row);
    }
    let table = if let Some(since) = backups.overdue_since { table.noted(overdue(since)) } else { table };
    let table = if let Some(at) = backups.failed { table.noted(failed(at)) } else { table };
    if backups.media.is_empty() { table.noted(NO_MEDIA) } else { table }
}

fn of_ledger(of: AsOf<'_>, backups: &Backups, medium: &LedgerMedium) -> (String, [Cell; 7]) {
    let verified = medium.verified.map(local_day);
    let late = backups.overdue_since.is_some();
    let state = if late {
        Cell::said("検証が遅れている", "verification overdue")
    } else {
        state(of, verified, medium.listed)
    };
    let row = [
        Cell::text(&medium.name),
        Cell::said("中央台帳のバックアップ", "backups of the ledger"),
        medium.place.as_ref().map_or(Cell::said("登録なし", "nobody said"), Cell::text),
        Cell::said("台帳の運用者", "who keeps the ledger"),
        Cell::day_of(medium.listed),
        Cell::or_nothing(verified.map(Cell::Day)),
        state,
    ];
    (medium.name.to_ascii_lowercase(), row)
}

fn of_case(of: AsOf<'_>, case: &Case, texts: Texts<'_>) -> (String, [Cell; 7]) {
    let opened = |name: &str| opened(of, case, name, texts);
    let label = opened("label");
    let made = case.opened.field(2).cloned();
    let made_day = if let Some(Value::Day(day)) = made { Some(day) } else { None };
    let verified = verified_on(case);
    let state = match disposed_on(case) {
        Some(day) => {
            let on = |language| Cell::Day(day).in_words(language);
            Cell::Said(Said::made(
                format!("廃棄 {}", on(Language::Japanese)),
                format!("disposed of {}", on(Language::English)),
            ))
        }
        None => state(of, verified, case.opened.made),
    };
    let row = [
        label.clone(),
        opened("content"),
        place(of, case, texts),
        by(of, &case.opened),
        Cell::or_nothing(made_day.map(Cell::Day)),
        Cell::or_nothing(verified.map(Cell::Day)),
        state,
    ];
    (label.in_words(Language::English).to_ascii_lowercase(), row)
}

/// Where it lies: where it was brought last, else where it lay when it was written down.
pub(crate) fn place(of: AsOf<'_>, case: &Case, texts: Texts<'_>) -> Cell {
    let moved = last(case, "moved", "place").map(|(blank, value)| value_cell(of, Some(blank), value, texts));
    moved.unwrap_or_else(|| opened(of, case, "place", texts))
}

/// The day of the last verification.
pub(crate) fn verified_on(case: &Case) -> Option<u32> {
    last(case, "verified", "on").and_then(|(_, value)| day(value))
}

fn disposed_on(case: &Case) -> Option<u32> {
    last(case, "disposed", "on").and_then(|(_, value)| day(value))
}

const fn day(value: &Value) -> Option<u32> {
    if let Value::Day(day) = value { Some(*day) } else { None }
}

fn opened(of: AsOf<'_>, case: &Case, name: &str, texts: Texts<'_>) -> Cell {
    let found = field(case.id.form.definition().fields, &case.opened, name);
    found.map_or(Cell::Nothing, |(blank, value)| value_cell(of, Some(blank), value, texts))
}

fn field<'w>(blanks: &'static [Blank], written: &'w Written, name: &str) -> Option<(&'static Blank, &'w Value)> {
    let blank = blanks.iter().find(|blank| blank.name == name)?;
    Some((blank, written.field(blank.key)?))
}

/// What stands in a field of the last step of that name.
fn last<'c>(case: &'c Case, step: &str, name: &str) -> Option<(&'static Blank, &'c Value)> {
    let step = case.id.form.definition().steps.iter().find(|known| known.name == step)?;
    field(step.fields, &case.taken(step.key).next_back()?.written, name)
}

/// Whether it was verified, and within a year.
fn state(of: AsOf<'_>, verified: Option<u32>, listed: u64) -> Cell {
    let year_ago = local_day(of.at).saturating_sub(YEAR_DAYS);
    match verified {
        Some(day) if day >= year_ago => Cell::said("検証済み", "verified"),
        None if local_day(listed) >= year_ago => Cell::said("未検証", "not verified yet"),
        Some(_) | None => Cell::said("1年以上検証なし", "not verified for a year"),
    }
}

fn overdue(since: u64) -> Said {
    let at = |language| Cell::Moment(since).in_words(language);
    Said::made(
        format!("台帳の新しいバックアップが、期限の{}を過ぎても検証されていない", at(Language::Japanese)),
        format!("no newer backup of the ledger was verified: one was due at {}", at(Language::English)),
    )
}

fn failed(when: u64) -> Said {
    let at = |language| Cell::Moment(when).in_words(language);
    Said::made(
        format!("{}のバックアップは失敗した", at(Language::Japanese)),
        format!("the backup of {} failed", at(Language::English)),
    )
}

const NO_MEDIA: Said = Said::new("台帳にバックアップ媒体の登録がない", "no medium for backups is listed at the ledger");

/// A year without a verification stands out; the rules name no time, this one is ours.
const YEAR_DAYS: u32 = 365;
