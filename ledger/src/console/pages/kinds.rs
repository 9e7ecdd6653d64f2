//! Kinds of records in words, for the list to choose from.

use sekisho_wire::words::Language;

use crate::console::html::say;

/// A kind by its number.
pub(super) fn kind(number: u16, language: Language) -> &'static str {
    let known = KINDS.iter().find(|(of, _, _)| *of == number);
    known.map_or("-", |(_, english, japanese)| say(language, *english, *japanese))
}

const KINDS: [(u16, &str, &str); 30] = [
    (1, "login", "ログイン"),
    (2, "unlocking", "ロック解除"),
    (3, "end of a session", "利用終了"),
    (4, "decision", "処理の可否判定"),
    (5, "completion", "処理の完了"),
    (6, "withdrawal", "許可の取消し"),
    (7, "lock", "ロック"),
    (8, "wrong PIN", "暗証番号誤り"),
    (9, "agent started", "起動"),
    (10, "agent stopped", "停止"),
    (11, "reader appeared", "カードリーダー接続"),
    (12, "reader went away", "カードリーダー取外し"),
    (13, "line to the ledger", "台帳との通信"),
    (14, "clock", "時刻の変更"),
    (15, "lost records", "記録の喪失"),
    (16, "newer register", "登録簿の更新"),
    (17, "card worker", "カード処理"),
    (18, "card inserted", "カード挿入"),
    (19, "false card", "偽のカード"),
    (20, "change of PIN", "暗証番号の変更"),
    (21, "screen locked", "画面ロック"),
    (22, "screen not locked", "画面ロック失敗"),
    (23, "login without a card", "カードなしログイン"),
    (24, "report of a card", "カードの届出"),
    (25, "report of an incident", "事故の報告"),
    (26, "readers lent", "リーダーの貸出し"),
    (27, "readers given back", "リーダーの返却"),
    (30, "reading", "閲覧"),
    (32, "alarm", "警報"),
    (33, "enrolment", "端末機の登録手続"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_kind_has_its_words() {
        let known: Vec<u16> = super::KINDS.iter().map(|(number, _, _)| *number).collect();
        let all: Vec<u16> = sekisho_wire::record::KINDS.iter().map(|(number, _)| *number).collect();
        assert_eq!(known, all);
    }
}
