//! Several tables in one print: what is kept (S4 19(4)), and what a committee is shown (S1 8).

use std::collections::BTreeMap;

use sekisho_register::calendar::Month;
use sekisho_register::thing::class_name;
use sekisho_register::wareki::month_text;
use sekisho_wire::id::{Code, Numbered};
use sekisho_wire::record::{Body, Record, Retention};
use sekisho_wire::verdict::VerdictCode;

use crate::accesses::{Counts, Withdrawals};
use crate::forms::{COMMITTEE, CUSTODY};
use crate::registers::AsOf;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

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

/// An incident, as far as the casebook tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number.
    pub number: Numbered,
    /// When it was reported.
    pub made: u64,
    /// Failure or misuse.
    pub class: Said,
    /// What kind, as the office codes it.
    pub kind: String,
    /// At which terminal.
    pub terminal: Option<Code>,
    /// 脅威度; 0 where nobody has judged it.
    pub level: u8,
}

/// データ保管状況報告書: what is kept, since when, until when, what keeps it longer, what was destroyed.
#[must_use]
pub fn custody(of: AsOf<'_>, months: &[KeptMonth], backup: &[(Said, Cell)]) -> Vec<Table> {
    vec![kept(of, months), orders(of), destroyed(of), places(of, backup)]
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

fn places(of: AsOf<'_>, backup: &[(Said, Cell)]) -> Table {
    let columns = vec![
        Column::new("what", "事項", "what"),
        Column::new("value", "内容", "how it stands"),
        Column::by_hand("place", "保管場所", "kept at"),
        Column::by_hand("keeper", "保管責任者", "keeper"),
    ];
    let mut table = Table::new(&CUSTODY, columns).titled(Said::new("保管場所・控え", "places and copies"));
    let ledger = Cell::text(of.register.ledger());
    table.row([Cell::said("中央台帳", "ledger"), ledger]);
    let days = of.register.policy_at(of.at).keep_sealed_days;
    let kept = Said::made(format!("受領後 {days}日"), format!("{days} days after the ledger has them"));
    table.row([Cell::said("端末機での保存", "on terminals"), Cell::Said(kept)]);
    for (what, value) in backup {
        table.row([Cell::Said(what.clone()), value.clone()]);
    }
    table
}

/// The refusals of a period as they come, counted and forgotten.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: BTreeMap<VerdictCode, u64>,
    granted: u64,
    withdrawn: u64,
    withdrawals: Withdrawals,
    wrong_pins: u64,
    without_card: u64,
}

impl Refusals {
    /// Counts one record; they come newest first.
    pub fn add(&mut self, record: &Record) {
        self.withdrawals.add(record);
        if let Body::Decision(decision) = &record.body {
            match self.withdrawals.counts(record, decision) {
                Counts::Granted => self.granted += 1,
                Counts::Withdrawn => self.withdrawn += 1,
                Counts::Refused => *self.counts.entry(decision.verdict).or_default() += 1,
            }
        } else if matches!(record.body, Body::PinFailed(_)) {
            self.wrong_pins += 1;
        } else if matches!(record.body, Body::BreakGlass(_)) {
            self.without_card += 1;
        }
    }

    fn table(&self) -> Table {
        let columns = vec![Column::new("what", "区分", "what"), Column::new("count", "件数", "count")];
        let mut table = Table::new(&COMMITTEE, columns).titled(Said::new("許可・拒否の状況", "grants and refusals"));
        let mut row = |what, count| table.row([what, Cell::Number(count)]);
        row(Cell::said("許可", "granted"), self.granted);
        for (verdict, count) in &self.counts {
            let what = Said::by(|language| verdict.words(language).what);
            row(
                Cell::Said(Said::made(format!("拒否: {}", what.japanese), format!("refused: {}", what.english))),
                *count,
            );
        }
        row(Cell::said("拒否: 許可後の取消", "refused: granted, then taken back"), self.withdrawn);
        row(Cell::said("暗証番号の誤り", "wrong PINs"), self.wrong_pins);
        row(Cell::said("カードなしのログイン", "logins without a card"), self.without_card);
        table.notes.extend(self.withdrawals.note());
        table
    }
}

/// What the committee looks at: operators, cards, refusals, incidents, training (S1 8). `training` is the book of that form.
#[must_use]
pub fn committee(of: AsOf<'_>, refusals: &Refusals, incidents: &[Incident], training: Table) -> Vec<Table> {
    let training = training.titled(Said::new("研修の状況", "training"));
    vec![of.operators_in_short(), of.stock(), refusals.table(), incidents_table(incidents), training]
}

fn incidents_table(incidents: &[Incident]) -> Table {
    let columns = vec![
        Column::new("number", "番号", "number"),
        Column::new("made", "報告日時", "reported"),
        Column::new("class", "区分", "class"),
        Column::new("kind", "種類", "kind"),
        Column::new("terminal", "端末機", "terminal"),
        Column::new("level", "脅威度", "threat level"),
        Column::by_hand("handled", "措置", "handled"),
    ];
    let mut table = Table::new(&COMMITTEE, columns).titled(Said::new("事故・障害", "incidents"));
    for incident in incidents {
        table.row([
            Cell::Numbered(incident.number),
            Cell::Moment(incident.made),
            Cell::Said(incident.class.clone()),
            Cell::text(&incident.kind),
            Cell::or_nothing(incident.terminal.as_ref().map(Cell::text)),
            if incident.level == 0 {
                Cell::said("未判定", "not judged yet")
            } else {
                Cell::Number(incident.level.into())
            },
        ]);
    }
    table
}
