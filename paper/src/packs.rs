//! Several tables in one print: what is kept (S4 19(4)), and what a committee is shown (S1 8).

mod committee;

use sekisho_register::calendar::Month;
use sekisho_register::thing::class_name;
use sekisho_register::wareki::month_text;
use sekisho_wire::record::Retention;

use crate::forms::CUSTODY;
use crate::media::Backups;
use crate::registers::AsOf;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

pub use self::committee::{PeriodCases, Refusals, committee};

/// A month of one class, as the ledger says it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptMonth {
    /// The class.
    pub class: Retention,
    /// The month.
    pub month: Month,
    /// Whether its contents are gone.
    pub erased: bool,
}

/// データ保管状況報告書: what is kept, since when, until when, what keeps it longer, what was destroyed, where it lies. `media` is the list of media.
#[must_use]
pub fn custody(of: AsOf<'_>, months: &[KeptMonth], backups: &Backups, media: Table) -> Vec<Table> {
    let media = media.titled(Said::new("媒体", "media"));
    vec![kept(of, months), orders(of), destroyed(of), places(of, backups), media]
}

const CLASSES: [Retention; 3] = [Retention::Access, Retention::Operation, Retention::Administration];

fn class(class: Retention) -> Cell {
    Cell::Said(Said::by(|language| class_name(class, language)))
}

fn month(month: Month) -> Cell {
    Cell::Said(Said::by(|language| month_text(month, language)))
}

fn kept(of: AsOf<'_>, months: &[KeptMonth]) -> Table {
    let columns = vec![
        Column::new("class", "区分", "class"),
        Column::new("years", "保存年数", "years"),
        Column::new("from", "保存中の最初の月", "kept from"),
        Column::new("to", "最後の月", "to"),
        Column::new("months", "月数", "months"),
        Column::new("until", "最初の月の保存期限", "first month may go"),
        Column::new("due", "期限満了の月数", "months due"),
        Column::new("gone", "廃棄済みの月数", "months destroyed"),
    ];
    let mut table = Table::new(&CUSTODY, columns).titled(Said::new("保管中のデータ", "data in custody"));
    let years = of.register.policy_at(of.at).retention_years;
    for kind in CLASSES {
        let mut here: Vec<Month> =
            months.iter().filter(|month| month.class == kind && !month.erased).map(|month| month.month).collect();
        here.sort();
        let gone = months.iter().filter(|month| month.class == kind && month.erased).count();
        let until = |month: Month| of.register.kept_until(kind, month, of.at);
        let due = here.iter().filter(|month| until(**month) <= of.at).count();
        let years = match kind {
            Retention::Access => years.access,
            Retention::Operation => years.operation,
            Retention::Administration => years.administration,
        };
        table.row([
            class(kind),
            Cell::Number(years.into()),
            Cell::or_nothing(here.first().map(|first| month(*first))),
            Cell::or_nothing(here.last().map(|last| month(*last))),
            Cell::Number(here.len() as u64),
            Cell::or_nothing(here.first().map(|first| Cell::day_of(until(*first)))),
            Cell::Number(due as u64),
            Cell::Number(gone as u64),
        ]);
    }
    table
}

fn orders(of: AsOf<'_>) -> Table {
    let columns = vec![
        Column::new("order", "保全命令", "order"),
        Column::new("classes", "区分", "classes"),
        Column::new("from", "開始月", "from"),
        Column::new("to", "終了月", "to"),
        Column::new("incident", "事案", "incident"),
        Column::new("given", "命令日", "given on"),
        Column::new("state", "状況", "state"),
    ];
    let mut table = Table::new(&CUSTODY, columns).titled(Said::new("保全命令", "preservation orders"));
    for order in of.register.orders().filter(|order| of.was_decided(order.index)) {
        let given = &order.given;
        let classes: Vec<Cell> = given.classes.iter().map(|kind| class(*kind)).collect();
        let lifted = order.lifted.is_some_and(|index| of.was_decided(index));
        table.row([
            Cell::text(&given.order),
            if classes.is_empty() { Cell::said("すべて", "all") } else { Cell::List(classes) },
            Cell::or_nothing(given.from.map(month)),
            Cell::or_nothing(given.to.map(|to| month(Month(to.0.saturating_sub(1))))),
            Cell::or_nothing(given.incident.map(Cell::Numbered)),
            of.made_on(order.index),
            if lifted { Cell::said("解除", "lifted") } else { Cell::said("有効", "holds") },
        ]);
    }
    table
}

fn destroyed(of: AsOf<'_>) -> Table {
    let columns = vec![
        Column::new("class", "区分", "class"),
        Column::new("from", "最初の月", "from"),
        Column::new("to", "最後の月", "to"),
        Column::new("on", "廃棄の処分日", "decided on"),
        Column::new("by", "承認者", "approved by"),
    ];
    let mut table = Table::new(&CUSTODY, columns).titled(Said::new("廃棄したデータ", "data destroyed"));
    for gone in of.register.all_destroyed().iter().filter(|gone| of.was_decided(gone.index)) {
        table.row([
            class(gone.months.class),
            month(gone.months.from),
            month(Month(gone.months.to.0.saturating_sub(1))),
            of.made_on(gone.index),
            of.decided_by(gone.index),
        ]);
    }
    table
}

fn places(of: AsOf<'_>, backups: &Backups) -> Table {
    let columns = vec![
        Column::new("what", "事項", "what"),
        Column::new("value", "内容", "how it stands"),
        Column::new("place", "保管場所", "kept at"),
        Column::by_hand("keeper", "保管責任者", "keeper"),
    ];
    let mut table = Table::new(&CUSTODY, columns).titled(Said::new("保管場所・控え", "places and copies"));
    let ledger = Cell::text(of.register.ledger());
    // Where its machine stands nobody has told the ledger.
    table.row([Cell::said("中央台帳", "ledger"), ledger, Cell::ByHand]);
    let days = of.register.policy_at(of.at).keep_sealed_days;
    let kept = Said::made(format!("受領後 {days}日"), format!("{days} days after the ledger has them"));
    let terminals = Cell::said("各端末機", "each terminal");
    table.row([Cell::said("端末機での保存", "on terminals"), Cell::Said(kept), terminals]);
    let newest = backups.media.iter().filter(|medium| medium.verified.is_some()).max_by_key(|medium| medium.verified);
    let (made, place) = newest.map_or((None, None), |medium| (medium.verified, medium.place.as_ref()));
    let made = made.map_or(Cell::said("なし", "none"), Cell::Moment);
    let place = place.map_or(Cell::said("登録なし", "nobody said"), Cell::text);
    table.row([Cell::said("検証済みの最新のバックアップ", "newest verified backup"), made, place]);
    let keys = backups.keys_copied.map_or(Cell::said("なし", "none"), Cell::Moment);
    table.row([Cell::said("鍵の複製", "copy of the keys"), keys, Cell::ByHand]);
    table
}
