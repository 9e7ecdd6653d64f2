//! The policy (運用方針), one figure a line.

use sekisho_register::Register;
use sekisho_register::forms::checks;
use sekisho_register::policy::{OnRemoval, PinLasts, Policy, TwoTerminals};
use sekisho_wire::pin_policy::{Alphabet, FirstUse};
use sekisho_wire::words::Language;

use crate::console::html::say;

/// Name and value of each.
pub(super) fn lines(policy: &Policy, register: &Register, language: Language) -> Vec<(String, String)> {
    let line = |english: &str, japanese: &str, value: String| (say(language, english, japanese).to_owned(), value);
    let span = |seconds: u32| span(seconds, language);
    let or_none = |seconds: u32| if seconds == 0 { say(language, "none", "なし").to_owned() } else { span(seconds) };
    let years = |years: u8| match language {
        Language::English => format!("{years} years"),
        Language::Japanese => format!("{years}年"),
    };
    let word = |english: &'static str, japanese: &'static str| say(language, english, japanese).to_owned();
    let exempt: Vec<&str> = policy.out_of_hours_kinds.iter().map(|kind| kind.name(language)).collect();
    let alphabet = match policy.pin.alphabet {
        Alphabet::Digits => word("digits", "数字"),
        Alphabet::Any => word("any characters", "英数字・記号"),
        Alphabet::Mixed => word("characters of at least three kinds", "英大小文字・数字・記号の3種類以上"),
    };
    let first = match policy.pin.first_use {
        FirstUse::Keep => word("may stay", "変更は任意"),
        FirstUse::Change => word("must be changed", "要変更"),
    };
    let lasts = match policy.pin_lasts {
        None => word("without an end", "期限なし"),
        Some(PinLasts::FiscalYear) => word("until the end of the fiscal year", "年度末まで"),
        Some(PinLasts::Days(days)) => match language {
            Language::English => format!("{days} days"),
            Language::Japanese => format!("{days}日間"),
        },
    };
    let two = match policy.two_terminals {
        TwoTerminals::Tell => word("an alarm", "警報"),
        TwoTerminals::CloseLater => word("an alarm, and the end of the later session", "警報及び後の利用の終了"),
    };
    let removal = match policy.on_removal {
        OnRemoval::Close => word("closes the session", "利用を終了"),
    };
    let qualified: Vec<&str> = policy.qualified_kinds.iter().map(|kind| kind.name(language)).collect();
    let permitted = policy.permitted_classes.iter().map(|class| match language {
        Language::English => class.name(),
        Language::Japanese => class.title(),
    });
    let permitted: Vec<&str> = permitted.collect();
    let kinds = policy.incident_kinds.iter();
    let kinds = kinds.map(|own| format!("{} ({}): {}", own.title, own.code, own.severity.text(language))).collect();
    let confirmed = checks::CONFIRMED.iter().filter(|known| policy.confirmations.contains(&known.number));
    let confirmed = confirmed.map(|known| known.title.text(language).to_owned()).collect();
    let or_dash = |all: Vec<String>| if all.is_empty() { "-".to_owned() } else { all.join(word(", ", "、").as_str()) };
    let enforced = if policy.hours_enforced { word("enforced", "適用") } else { word("not enforced", "不適用") };
    let kept = policy.retention_years;
    vec![
        line("Idle time until the terminal locks", "離席時のロックまで", span(policy.idle_seconds)),
        line("Longest session", "連続利用の上限", span(policy.session_seconds)),
        line("Register is fresh for", "登録簿の有効時間", span(policy.freshness_seconds)),
        line("PIN tries", "暗証番号の試行回数", policy.pin_tries.to_string()),
        line("PINs are made of", "暗証番号の文字種", alphabet),
        line("Least length of a PIN", "暗証番号の最小文字数", policy.pin.minimum.to_string()),
        line("PINs not used again", "再使用できない過去の暗証番号", policy.pin.history.to_string()),
        line("A first PIN", "初期暗証番号", first),
        line("A PIN is good", "暗証番号の有効期間", lasts),
        line("Operating hours", "運用時間", enforced),
        line("Cards exempt from them", "運用時間の対象外のカード", super::list(exempt, " ")),
        line("Work before a rest is due", "休憩までの操作時間", or_none(policy.rest_after_seconds)),
        line("Length of a rest", "休憩時間", or_none(policy.rest_seconds)),
        line("Work a day", "1日の操作時間の上限", or_none(policy.daily_seconds)),
        line("Sealed records stay on the terminal", "端末機での保存日数", policy.keep_sealed_days.to_string()),
        line("Access records are kept", "操作履歴の保存年数", years(kept.access)),
        line("Operation records are kept", "稼働状況の保存年数", years(kept.operation)),
        line("Administration records are kept", "管理の記録の保存年数", years(kept.administration)),
        line("Pulling the card", "カードを抜いたとき", removal),
        line("An operator at two terminals", "2台での同時利用", two),
        line("A recovery waits", "復旧の予告から実施まで", span(policy.recovery_wait_seconds)),
        line("Terminals heard after a start", "台帳の起動後に確認する端末機", format!("{} %", policy.hear_percent)),
        line("Cards that ask for a qualification", "交付資格の認定を要するカード", super::list(qualified, " ")),
        line("Acts that name a permit to use the system", "利用許可の番号を要する処分", super::list(permitted, " ")),
        line("Kinds of incidents of its own", "独自の事案の種類", or_dash(kinds)),
        line("Confirmed each day", "毎日の確認", or_dash(confirmed)),
        line("Version of the rules", "規則の版", register.rules().to_string()),
    ]
}

/// A span of time as people say it.
fn span(seconds: u32, language: Language) -> String {
    let units = [(86_400, "days", "日"), (3_600, "hours", "時間"), (60, "minutes", "分"), (1, "seconds", "秒")];
    let whole = units.into_iter().find(|(unit, _, _)| seconds.is_multiple_of(*unit) && seconds > *unit);
    let (unit, english, japanese) = whole.unwrap_or((1, "seconds", "秒"));
    match language {
        Language::English => format!("{} {english}", seconds / unit),
        Language::Japanese => format!("{}{japanese}", seconds / unit),
    }
}
