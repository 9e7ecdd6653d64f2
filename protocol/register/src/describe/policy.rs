//! The rules of an office: every value that is signed, in one sentence.

use alloc::format;
use alloc::string::String;

use sekisho_wire::pin_policy::{Alphabet, FirstUse};

use super::card_kind;
use crate::forms::checks;
use crate::incidents::OwnKind;
use crate::policy::{PinLasts, Policy, TwoTerminals};
use crate::render::Titles;

pub(super) fn policy(policy: &Policy, say: &Titles<'_>) -> String {
    let kinds = say.list(policy.out_of_hours_kinds.iter().map(|kind| card_kind(*kind, say)));
    let hours = if policy.hours_enforced {
        say.say("適用する", "enforced")
    } else {
        say.say("適用しない", "not enforced")
    };
    let years = policy.retention_years;
    let pin = pins(policy, say);
    let rests = rests(policy, say);
    let two = match policy.two_terminals {
        TwoTerminals::Tell => {
            say.say("2台で同時に利用した場合は警報のみ", "an operator at two terminals raises an alarm")
        }
        TwoTerminals::CloseLater => say.say(
            "2台で同時に利用した場合は警報の上、後の利用を終了",
            "an operator at two terminals raises an alarm, and the later session ends",
        ),
    };
    let asked = asked(policy, say);
    say.say(
        &format!(
            "運用方針: 離席時のロックまで {}秒、連続利用の上限 {}秒、登録簿の有効時間 {}秒、暗証番号の試行 {}回・{}、運用時間 {hours}(対象外のカード: {kinds})、\
             {rests}、端末での保存 {}日、保存年数 操作履歴{}年・稼働状況{}年・管理{}年、カードを抜くと終了、{two}、復旧の予告から実施まで {}秒以上、台帳の起動後に確認する端末機 {}%{asked}",
            policy.idle_seconds, policy.session_seconds, policy.freshness_seconds, policy.pin_tries, pin,
            policy.keep_sealed_days,
            years.access, years.operation, years.administration, policy.recovery_wait_seconds, policy.hear_percent
        ),
        &format!(
            "policy: idle lock after {} s, session at most {} s, register at most {} s old, {} PIN tries, {}, hours {hours} (cards exempt: {kinds}), \
             {rests}, {} days kept on terminals, years kept: access {}, operation {}, administration {}; \
             pulling the card closes the session, {two}; a recovery waits {} s; a ledger that starts hears {} % of the terminals{asked}",
            policy.idle_seconds, policy.session_seconds, policy.freshness_seconds, policy.pin_tries, pin,
            policy.keep_sealed_days,
            years.access, years.operation, years.administration, policy.recovery_wait_seconds, policy.hear_percent
        ),
    )
}

/// What is asked for beforehand, where anything is.
fn asked(policy: &Policy, say: &Titles<'_>) -> String {
    let mut asked = String::new();
    if !policy.qualified_kinds.is_empty() {
        let kinds = say.list(policy.qualified_kinds.iter().map(|kind| card_kind(*kind, say)));
        asked += &say.say(
            &format!("、交付資格の認定を要するカード: {kinds}"),
            &format!("; nobody is lent a card without a qualification: {kinds}"),
        );
    }
    if !policy.permitted_classes.is_empty() {
        let names = policy.permitted_classes.iter().map(|class| say.say(class.title(), class.name()));
        let classes = say.list(names);
        asked += &say.say(
            &format!("、利用許可の番号を要する処分: {classes}"),
            &format!("; acts that name a permit to use the system: {classes}"),
        );
    }
    if !policy.incident_kinds.is_empty() {
        let kind = |own: &OwnKind| {
            let (title, code, severity) = (&own.title, &own.code, own.severity.text(say.language));
            say.say(&format!("「{title}」({code}、{severity})"), &format!("'{title}' ({code}, {severity})"))
        };
        let kinds = say.list(policy.incident_kinds.iter().map(kind));
        asked +=
            &say.say(&format!("、独自の事案の種類: {kinds}"), &format!("; kinds of incidents of its own: {kinds}"));
    }
    if !policy.confirmations.is_empty() {
        let known = checks::CONFIRMED.iter().filter(|known| policy.confirmations.contains(&known.number));
        let what = say.list(known.map(|known| String::from(known.title.text(say.language))));
        asked += &say.say(&format!("、毎日の確認: {what}"), &format!("; confirmed each day: {what}"));
    }
    if let Some(templates) = &policy.templates {
        asked += &say.say(
            &format!("、印刷様式(SHA-256): {templates}"),
            &format!("; printed by the templates with the SHA-256 {templates}"),
        );
    }
    asked
}

fn rests(policy: &Policy, say: &Titles<'_>) -> String {
    let rest = if policy.rest_after_seconds == 0 {
        say.say("休憩の定めなし", "no rests")
    } else {
        let (after, rest) = (policy.rest_after_seconds, policy.rest_seconds);
        say.say(&format!("{after}秒の操作の後に休憩 {rest}秒"), &format!("a rest of {rest} s after {after} s of work"))
    };
    let day = if policy.daily_seconds == 0 {
        say.say("1日の上限なし", "no limit a day")
    } else {
        say.say(&format!("1日の上限 {}秒", policy.daily_seconds), &format!("at most {} s a day", policy.daily_seconds))
    };
    say.say(&format!("{rest}、{day}"), &format!("{rest}, {day}"))
}

fn pins(Policy { pin: policy, pin_lasts, .. }: &Policy, say: &Titles<'_>) -> String {
    let alphabet = match policy.alphabet {
        Alphabet::Digits => say.say("数字", "digits"),
        Alphabet::Any => say.say("英数字・記号", "characters"),
        Alphabet::Mixed => say.say("英大小文字・数字・記号の3種類以上", "characters of at least three kinds"),
    };
    let first_use = match policy.first_use {
        FirstUse::Keep => say.say("初期暗証番号の変更は任意", "a first PIN may stay"),
        FirstUse::Change => say.say("初期暗証番号は要変更", "a first PIN must be changed"),
    };
    let lasts = match pin_lasts {
        None => say.say("有効期限なし", "a PIN does not end"),
        Some(PinLasts::FiscalYear) => say.say("年度末まで有効", "a PIN lasts until the end of the fiscal year"),
        Some(PinLasts::Days(days)) => say.say(&format!("{days}日間有効"), &format!("a PIN lasts {days} days")),
    };
    let (minimum, history) = (policy.minimum, policy.history);
    say.say(
        &format!("{alphabet}{minimum}文字以上、直近{history}個は再使用不可、{first_use}、{lasts}"),
        &format!("PINs of {minimum} or more {alphabet}, none of the last {history}, {first_use}, {lasts}"),
    )
}
