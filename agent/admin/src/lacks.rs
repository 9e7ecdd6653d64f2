//! What an answer lacks, in sentences: terminals that are behind, and records that are missing.

use sekisho_link::{EvidenceLacks, LateTerminal, MissingRange, Unshown};
use sekisho_register::wareki::moment_text;
use sekisho_wire::id::Code;
use sekisho_wire::words::Language;

use crate::screen::Screen;

/// One thing that an answer lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    /// `behind`, `missing` or `unshown`.
    pub kind: &'static str,
    /// The terminal; nothing where it is said that there are more.
    pub terminal: Option<String>,
    /// Its epoch.
    pub epoch: Option<u32>,
    /// The first seq.
    pub seq: Option<u64>,
    /// In a sentence.
    pub what: String,
}

/// Largest time (wire §1.2).
const TIME_MAX: u64 = (1 << 53) - 1;
/// Most that are said at once beside an answer; files have all of them.
const SAID_MAX: usize = 20;
/// Most entries that a sentence names.
const NAMED_MAX: usize = 20;

/// Whether what names terminals names codes, and a time is one: they are shown as they stand.
#[must_use]
pub(crate) fn is_sound(lacks: &EvidenceLacks) -> bool {
    if lacks.behind.iter().filter_map(|late| late.last_heard).any(|at| at > TIME_MAX) {
        return false;
    }
    let behind = lacks.behind.iter().map(|late| &late.terminal);
    let mut terminals = behind.chain(lacks.missing.iter().map(|range| &range.terminal));
    terminals.all(|terminal| Code::new(terminal).is_ok())
}

/// Everything, in sentences.
#[must_use]
pub(crate) fn told(lacks: &EvidenceLacks, language: Language) -> Vec<Lack> {
    let behind = lacks.behind.iter().map(|late| behind(late, language));
    let mut all: Vec<Lack> = behind.chain(lacks.missing.iter().map(|range| missing(range, language))).collect();
    if lacks.missing_cut {
        let what = language_of(
            language,
            "there is more to say of what is missing than is said here, and some of it may be here",
            "欠落はここに示したもの以外にもあり、示したものの一部は存在する可能性がある",
        );
        all.push(Lack { kind: "missing", terminal: None, epoch: None, seq: None, what });
    }
    all.extend(unshown(&lacks.unshown, language));
    all
}

fn unshown(Unshown { count, first }: &Unshown, language: Language) -> Option<Lack> {
    if *count == 0 {
        return None;
    }
    let named: Vec<String> = first.iter().take(NAMED_MAX).map(ToString::to_string).collect();
    let more = if named.len() as u64 == *count { "" } else { " …" };
    let named = named.join(", ");
    let what = language_of(
        language,
        &format!(
            "{count} entries of the log are found by no search, for they cannot be read or are not what their place says: {named}{more}; the ledger's operator sees with 'sekisho-ledger fsck' what is damaged"
        ),
        &format!(
            "記録簿のうち{count}件は、読み取れないか、位置と内容が合わないため検索の対象にならない: {named}{more}。損傷の有無は台帳の運用者が「sekisho-ledger fsck」で確認できる"
        ),
    );
    Some(Lack { kind: "unshown", terminal: None, epoch: None, seq: None, what })
}

/// Says it beside a result.
pub(crate) fn note(screen: &Screen, lacks: &EvidenceLacks) {
    if !is_sound(lacks) {
        screen.note("the ledger named terminals that have no code", "台帳が不正な端末機番号を返しました");
        return;
    }
    let all = told(lacks, screen.language);
    for Lack { what, .. } in all.iter().take(SAID_MAX) {
        screen.note(&format!("not complete: {what}"), &format!("結果は完全ではありません: {what}"));
    }
    if let Some(more) = all.len().checked_sub(SAID_MAX).filter(|more| *more > 0) {
        screen.note(
            &format!("not complete: {more} more; 'sekisho-admin terminal behind' lists them"),
            &format!("ほかに{more}件。「sekisho-admin terminal behind」で確認できます"),
        );
    }
}

fn behind(late: &LateTerminal, language: Language) -> Lack {
    let LateTerminal { terminal, last_heard, holds } = late;
    let heard = |english: &str, japanese: &str| match last_heard {
        Some(at) => language_of(
            language,
            &format!("{english} {}", moment_text(*at, Language::English)),
            &format!("{japanese}{}", moment_text(*at, Language::Japanese)),
        ),
        None => language_of(language, "was never heard", "まだ一度も受信なし"),
    };
    let heard = heard("was last heard at", "最終受信 ");
    let held = if *holds == 0 {
        String::new()
    } else {
        language_of(language, &format!(", {holds} are known to be there"), &format!("、未送信{holds}件"))
    };
    let what = language_of(
        language,
        &format!("terminal {terminal} {heard}; it may have records that have not arrived{held}"),
        &format!("端末機 {terminal}({heard}{held})の記録が一部届いていない可能性がある"),
    );
    Lack { kind: "behind", terminal: Some(terminal.clone()), epoch: None, seq: None, what }
}

fn missing(range: &MissingRange, language: Language) -> Lack {
    let MissingRange { terminal, epoch, from, to, said } = range;
    let which = match to {
        Some(to) => language_of(
            language,
            &format!("records {from} to {to} of terminal {terminal}, epoch {epoch},"),
            &format!("端末機 {terminal}(履歴番号 {epoch})の記録 {from}〜{to} が"),
        ),
        None => language_of(
            language,
            &format!("what terminal {terminal} had in epoch {epoch} from record {from} on"),
            &format!("端末機 {terminal}(履歴番号 {epoch})の記録 {from} 以降が"),
        ),
    };
    let (is, are) = if to.is_some() { ("are", "have") } else { ("is", "has") };
    let what = match said {
        Some(index) => language_of(
            language,
            &format!("{which} {is} lost, as record {index} says"),
            &format!("{which}失われている(記録 {index} による)"),
        ),
        None => language_of(language, &format!("{which} {are} not arrived"), &format!("{which}届いていない")),
    };
    Lack { kind: "missing", terminal: Some(terminal.clone()), epoch: Some(*epoch), seq: Some(*from), what }
}

fn language_of(language: Language, english: &str, japanese: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::Japanese => japanese.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_both_languages() {
        let terminal = || "jumin-1".to_owned();
        let range = |to, said| MissingRange { terminal: terminal(), epoch: 2, from: 4, to, said };
        let late = LateTerminal { terminal: terminal(), last_heard: None, holds: 3 };
        let lacks = EvidenceLacks {
            behind: vec![late],
            missing: vec![range(Some(8), None), range(Some(8), Some(17)), range(None, Some(17))],
            missing_cut: true,
            unshown: Unshown { count: 3, first: vec![5, 9] },
        };
        assert!(is_sound(&lacks));
        let said = |language| told(&lacks, language).into_iter().map(|lack| lack.what).collect::<Vec<_>>();
        assert_eq!(
            said(Language::English),
            [
                "terminal jumin-1 was never heard; it may have records that have not arrived, 3 are known to be there",
                "records 4 to 8 of terminal jumin-1, epoch 2, have not arrived",
                "records 4 to 8 of terminal jumin-1, epoch 2, are lost, as record 17 says",
                "what terminal jumin-1 had in epoch 2 from record 4 on is lost, as record 17 says",
                "there is more to say of what is missing than is said here, and some of it may be here",
                "3 entries of the log are found by no search, for they cannot be read or are not what their place says: 5, 9 …; the ledger's operator sees with 'sekisho-ledger fsck' what is damaged",
            ]
        );
        assert_eq!(
            said(Language::Japanese)[..3],
            [
                "端末機 jumin-1(まだ一度も受信なし、未送信3件)の記録が一部届いていない可能性がある",
                "端末機 jumin-1(履歴番号 2)の記録 4〜8 が届いていない",
                "端末機 jumin-1(履歴番号 2)の記録 4〜8 が失われている(記録 17 による)",
            ]
        );
        let sly = EvidenceLacks {
            missing: vec![MissingRange { terminal: "\u{1b}[2J".into(), ..range(None, None) }],
            ..lacks
        };
        assert!(!is_sound(&sly));
    }
}
