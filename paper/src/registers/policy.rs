//! The policy in force, a row for each figure. Where an office has not set its own, the product's stands, and is marked: no regulation asked for it.

use sekisho_register::forms::checks;
use sekisho_register::policy::{PinLasts, Policy, TwoTerminals};
use sekisho_wire::pin_policy::{Alphabet, FirstUse};

use super::AsOf;
use crate::forms::POLICY;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

impl AsOf<'_> {
    /// 運用方針: keys as a file of changes has them.
    #[must_use]
    pub fn policy(&self) -> Table {
        let columns = vec![
            Column::new("key", "項目名", "key"),
            Column::new("item", "項目", "what it is"),
            Column::new("value", "値", "value"),
            Column::new("unit", "単位", "unit"),
            Column::new("ours", "製品の既定", "product's default"),
        ];
        let mut table = Table::new(&POLICY, columns);
        let own = rows(self.register.policy_at(self.at));
        for ([key, item, value, unit], [.., default, _]) in own.into_iter().zip(rows(&Policy::DEFAULT)) {
            let ours = if value == default { Cell::said("既定", "default") } else { Cell::Nothing };
            table.row([key, item, value, unit, ours]);
        }
        table
    }
}

/// What each figure of a policy is called, its value and its unit.
fn rows(policy: &Policy) -> Vec<[Cell; 4]> {
    let mut rows = Vec::new();
    let (seconds, days, years) = (Said::new("秒", "s"), Said::new("日", "days"), Said::new("年", "years"));
    let (times, none) = (Said::new("回", "times"), Said::new("", ""));
    let kept = policy.retention_years;
    let mut row = |key: &'static str, item: Said, value: Cell, unit: &Said| {
        rows.push([Cell::text(key), Cell::Said(item), value, Cell::Said(unit.clone())]);
    };
    let number = |of: u32| Cell::Number(of.into());
    let kinds = policy.out_of_hours_kinds.iter().map(|kind| Cell::Said(Said::by(|language| kind.name(language))));
    let kinds: Vec<Cell> = kinds.collect();
    let yes = |is: bool| if is { Cell::said("適用する", "yes") } else { Cell::said("適用しない", "no") };
    row("idle_seconds", Said::new("離席時のロックまで", "idle until locked"), number(policy.idle_seconds), &seconds);
    row("session_seconds", Said::new("連続利用の上限", "longest session"), number(policy.session_seconds), &seconds);
    row(
        "freshness_seconds",
        Said::new("登録簿の有効時間", "oldest register"),
        number(policy.freshness_seconds),
        &seconds,
    );
    row("pin_tries", Said::new("暗証番号の試行", "tries of a PIN"), number(policy.pin_tries.into()), &times);
    row("pin_alphabet", Said::new("暗証番号の文字種", "characters of a PIN"), alphabet(policy.pin.alphabet), &none);
    row(
        "pin_minimum",
        Said::new("暗証番号の最小文字数", "fewest characters"),
        number(policy.pin.minimum.into()),
        &none,
    );
    row(
        "pin_history",
        Said::new("再使用できない過去の暗証番号", "earlier PINs refused"),
        number(policy.pin.history.into()),
        &none,
    );
    row(
        "pin_first_use",
        Said::new("初期暗証番号の変更", "change of a first PIN"),
        first_use(policy.pin.first_use),
        &none,
    );
    let lasts = match policy.pin_lasts {
        None => Cell::said("期限なし", "never ends"),
        Some(PinLasts::FiscalYear) => Cell::said("年度末まで", "fiscal year"),
        Some(PinLasts::Days(days)) => number(days.into()),
    };
    let counted = if matches!(policy.pin_lasts, Some(PinLasts::Days(_))) { &days } else { &none };
    row("pin_lasts", Said::new("暗証番号の有効期間", "how long a PIN lasts"), lasts, counted);
    row("hours_enforced", Said::new("運用時間の適用", "hours bind"), yes(policy.hours_enforced), &none);
    row(
        "out_of_hours_kinds",
        Said::new("運用時間の対象外のカード", "kinds of card that ignore hours"),
        if kinds.is_empty() { Cell::Nothing } else { Cell::List(kinds) },
        &none,
    );
    row(
        "rest_after_seconds",
        Said::new("休憩までの操作時間(0: 定めなし)", "work until a rest (0: none)"),
        number(policy.rest_after_seconds),
        &seconds,
    );
    row("rest_seconds", Said::new("休憩時間", "length of a rest"), number(policy.rest_seconds), &seconds);
    row(
        "daily_seconds",
        Said::new("1日の操作時間の上限(0: なし)", "most work a day (0: no limit)"),
        number(policy.daily_seconds),
        &seconds,
    );
    row(
        "keep_sealed_days",
        Said::new("端末機での保存", "kept on terminals"),
        number(policy.keep_sealed_days.into()),
        &days,
    );
    row(
        "retention_access_years",
        Said::new("操作履歴の保存", "access records kept"),
        number(kept.access.into()),
        &years,
    );
    row(
        "retention_operation_years",
        Said::new("稼働状況の保存", "operation records kept"),
        number(kept.operation.into()),
        &years,
    );
    row(
        "retention_administration_years",
        Said::new("管理の記録の保存", "administration kept"),
        number(kept.administration.into()),
        &years,
    );
    let two = match policy.two_terminals {
        TwoTerminals::Tell => Cell::said("警報のみ", "an alarm"),
        TwoTerminals::CloseLater => Cell::said("警報の上、後の利用を終了", "an alarm, and the later session ends"),
    };
    row("two_terminals", Said::new("2台での同時利用", "an operator at two terminals"), two, &none);
    row(
        "recovery_wait_seconds",
        Said::new("復旧の予告から実施まで", "wait of a recovery"),
        number(policy.recovery_wait_seconds),
        &seconds,
    );
    row(
        "hear_percent",
        Said::new("台帳の起動後に確認する端末機", "terminals heard after a start"),
        number(policy.hear_percent.into()),
        &Said::new("%", "%"),
    );
    let asked = policy.qualified_kinds.iter().map(|kind| Cell::Said(Said::by(|language| kind.name(language))));
    row(
        "qualified_kinds",
        Said::new("交付資格の認定を要するカード", "kinds of card that ask for a qualification"),
        list(asked),
        &none,
    );
    let classes = policy.permitted_classes.iter().map(|class| Cell::said(class.title(), class.name()));
    row(
        "permitted_classes",
        Said::new("利用許可の番号を要する処分", "acts that name a permit to use the system"),
        list(classes),
        &none,
    );
    let kinds = policy.incident_kinds.iter().map(|own| {
        Cell::Said(Said::by(|language| format!("{} ({}): {}", own.title, own.code, own.severity.text(language))))
    });
    row("incident_kinds", Said::new("独自の事案の種類", "kinds of incidents of its own"), list(kinds), &none);
    let known = checks::CONFIRMED.iter().filter(|known| policy.confirmations.contains(&known.number));
    let known = known.map(|known| Cell::said(known.title.0, known.title.1));
    let templates = policy.templates.map_or(Cell::Nothing, Cell::text);
    row("templates", Said::new("印刷様式(SHA-256)", "templates of prints (SHA-256)"), templates, &none);
    row("confirmations", Said::new("毎日の確認", "confirmed each day"), list(known), &none);
    rows
}

fn list(cells: impl Iterator<Item = Cell>) -> Cell {
    let cells: Vec<Cell> = cells.collect();
    if cells.is_empty() { Cell::Nothing } else { Cell::List(cells) }
}

const fn alphabet(alphabet: Alphabet) -> Cell {
    match alphabet {
        Alphabet::Digits => Cell::said("数字", "digits"),
        Alphabet::Any => Cell::said("英数字・記号", "any"),
        Alphabet::Mixed => Cell::said("英大小文字・数字・記号の3種類以上", "three kinds at least"),
    }
}

const fn first_use(first_use: FirstUse) -> Cell {
    match first_use {
        FirstUse::Keep => Cell::said("任意", "may stay"),
        FirstUse::Change => Cell::said("必須", "must be changed"),
    }
}
