//! The card readers are lent to the administrator's tool: the panel says who has them and until when.

use super::*;
use sekisho_ipc::Lent;

pub(crate) fn lent() -> State {
    let (since, until) = (NOW - 60_000, NOW + 1_740_000);
    let lease = Lent { program: "sekisho-admin".into(), uid: 0, user: Some("root".into()), since, until };
    let advice = Verdict {
        what: "the card readers are lent to sekisho-admin (root) since 10:14, until 10:44 at the latest".into(),
        what_ja: "カードリーダーは 10:14 から sekisho-admin(root)に貸出中です(最長 10:44 まで)".into(),
        next: "Wait until it has ended: your card is read then.".into(),
        next_ja: "終了するまでお待ちください。終了後にカードを読み取ります。".into(),
        ..verdict(VerdictCode::CardProblem)
    };
    State { lease: Some(lease), advice, ..no_card() }
}

/// Every such state with its name.
pub(super) fn every(language: Language) -> Vec<(&'static str, Panel)> {
    vec![("card readers are lent", showing(language, lent()))]
}

#[test]
fn nobody_is_called_to_insert_a_card_while_the_readers_are_lent() {
    let drawn = drawn(&showing(Language::English, lent()), 80, 24);
    assert!(!drawn.contains("I N S E R T") && drawn.contains("sekisho-admin (root)"), "{drawn}");
    assert!(drawn.contains("10:44"), "{drawn}");
}
