//! What stands in the way of work beside the session is warned of, whatever else is shown.

use super::*;

#[test]
fn records_that_this_terminal_holds_back_are_warned_of() {
    for (language, part) in [(Language::Japanese, "送信できません"), (Language::English, "cannot send its records")]
    {
        let panel = showing(language, State { link: LinkState::HeldBack, unsent: 7, ..open() });
        let text = drawn(&panel, 80, 24);
        assert!(text.contains(part) && text.contains('7'), "{text}");
    }
}

#[test]
fn records_that_wait_too_long_are_warned_of_before_work_stops() {
    let two_days = Some(NOW + 2 * 24 * 3_600_000);
    for (language, part) in [(Language::Japanese, "あと2日以内"), (Language::English, "Work stops here in 2 days")]
    {
        let text = drawn(&showing(language, State { unsent_until: two_days, ..open() }), 80, 24);
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn an_announced_recovery_is_shown_to_everybody_who_looks() {
    let due = Some(NOW + 2 * 24 * 3_600_000);
    for (language, part) in [(Language::Japanese, "異議の期限まで2日"), (Language::English, "2 days left to object")]
    {
        for state in [open(), no_card()] {
            let text = drawn(&showing(language, State { recovery_due: due, ..state }), 80, 24);
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn a_card_that_cannot_be_used_is_told_of_beside_one_that_works() {
    for (language, part) in [(Language::Japanese, "もう一度挿入"), (Language::English, "insert it again")] {
        let problem = Verdict {
            what_ja: "カードを読めません".into(),
            what: "cannot read the card".into(),
            next_ja: "もう一度挿入してください。".into(),
            next: "insert it again".into(),
            ..open().advice
        };
        let text = drawn(&showing(language, State { card_problem: Some(problem), ..open() }), 80, 24);
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_screen_that_cannot_be_locked_is_warned_of() {
    for (language, part) in [(Language::Japanese, "画面をロックできません"), (Language::English, "cannot be locked")]
    {
        for (screen, warns) in
            [(ScreenState::Failed, true), (ScreenState::Unreachable, true), (ScreenState::Locked, false)]
        {
            let text = drawn(&showing(language, State { screen, ..open() }), 80, 24);
            assert_eq!(text.contains(part), warns, "{screen:?}: {text}");
        }
    }
}
