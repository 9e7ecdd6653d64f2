//! What an answer about records may lack: every page that shows records says it (LEDGER §L5).

use sekisho_register::calendar::Month;
use sekisho_register::retention::Destroyed;
use sekisho_register::thing::class_name;
use sekisho_register::wareki::month_text;

use super::html::{Block, Cell, Kind, Section, Table};
use super::visit::View;
use crate::missing::AllMissing;
use crate::search::Behind;

/// Who is behind, which ranges are missing, what was destroyed.
pub(crate) fn section(view: &View<'_>, late: &[Behind], missing: &AllMissing, destroyed: &[Destroyed]) -> Section {
    let mut blocks = Vec::new();
    if late.is_empty() && missing.ranges.is_empty() && missing.unshown.count == 0 {
        blocks.push(Block::Note(
            Kind::Good,
            view.say(
                "Every terminal was heard in the last ten minutes, and no record is known to be missing.",
                "全ての端末機から10分以内に通信があり、欠けている記録は確認されていません。",
            ),
        ));
    }
    if !late.is_empty() {
        let names: Vec<&str> = late.iter().map(|row| row.terminal.as_str()).collect();
        blocks.push(Block::Note(
            Kind::Warning,
            view.say(
                format!("Not heard lately, and may hold records that are not here: {}", names.join(", ")),
                format!("しばらく通信がなく、届いていない記録がある可能性のある端末機：{}", names.join("、")),
            ),
        ));
    }
    if missing.unshown.count > 0 {
        let count = missing.unshown.count;
        blocks.push(Block::Note(
            Kind::Alarm,
            view.say(
                format!("{count} entries of the log cannot be read and are found by no search."),
                format!("読み取れず、検索で見つからない記録が{count}件あります。"),
            ),
        ));
    }
    if missing.is_cut {
        blocks.push(Block::Note(
            Kind::Warning,
            view.say("More ranges are missing than are listed.", "表示しきれない欠落範囲があります。"),
        ));
    }
    if !missing.ranges.is_empty() {
        blocks.push(Block::Table(ranges(view, missing)));
    }
    if !destroyed.is_empty() {
        blocks.push(Block::Table(gone(view, destroyed)));
    }
    Section::new(view.say("What this may lack", "この結果に含まれない可能性のある記録"), blocks)
}

fn ranges(view: &View<'_>, missing: &AllMissing) -> Table {
    let row = |range: &crate::missing::Missing| {
        let to = range.to.map_or_else(|| view.say("not known", "不明"), |to| to.to_string());
        let why = match range.said {
            Some(said) => Cell::link(
                format!("/console/records/{said}"),
                view.say(format!("declared lost (record {said})"), format!("喪失の申告あり（記録{said}）")),
            ),
            None => Cell::text(view.say("may still come", "今後届く可能性あり")),
        };
        vec![Cell::text(&range.terminal), Cell::number(range.epoch), Cell::number(range.from), Cell::Number(to), why]
    };
    Table {
        caption: view.say("Missing ranges", "欠落している範囲"),
        columns: vec![
            view.say("Terminal", "端末機"),
            view.say("Epoch", "履歴"),
            view.say("From", "開始番号"),
            view.say("To", "終了番号"),
            view.say("State", "状態"),
        ],
        rows: missing.ranges.iter().map(row).collect(),
        none: String::new(),
    }
}

/// What acts destroyed.
pub(crate) fn gone<'d>(view: &View<'_>, destroyed: impl IntoIterator<Item = &'d Destroyed>) -> Table {
    let row = |destroyed: &Destroyed| {
        let months = &destroyed.months;
        let last = Month(months.to.0.saturating_sub(1));
        vec![
            Cell::text(class_name(months.class, view.language)),
            Cell::text(month_text(months.from, view.language)),
            Cell::text(month_text(last, view.language)),
            Cell::link(format!("/console/acts/{}", destroyed.index), destroyed.index.to_string()),
        ]
    };
    Table {
        caption: view.say("Destroyed contents", "廃棄済みの記録"),
        columns: vec![
            view.say("Class", "区分"),
            view.say("First month", "最初の月"),
            view.say("Last month", "最後の月"),
            view.say("Act", "処分"),
        ],
        rows: destroyed.into_iter().map(row).collect(),
        none: view.say("Nothing was destroyed.", "廃棄されたものはありません。"),
    }
}
