//! An act that is signed at the panel: chosen, filled in, and read as the agent wrote it.

use super::*;
use sekisho_ipc::{ActDraft, ActKind, PromptWhat};

/// The head of the section is here, with a card that signs.
fn head() -> State {
    let card = await_pin(5).card.map(|card| Card {
        operator: Some("0003".into()),
        name: Some("佐藤 一郎".into()),
        profiles: Vec::new(),
        signs_acts: true,
        ..card
    });
    State { card, ..await_pin(5) }
}

fn draft() -> ActDraft {
    ActDraft {
        draft: "d1".into(),
        text: "act\noffice: \"あおば市\" (5f0c)\npost: jumin-kacho \"住民課長\"\nmade: 2026-11-22 10:15 JST (expires 2026-11-22 10:25 JST)\n\
               1. activate card 9b1d0000000000000000000000000031 for operator 0012, profiles: all the holder has, from 2026-11-22 10:15 JST until \
               2026-11-22 17:15 JST, reason: wasure"
            .into(),
        text_ja: "処分\n団体: 「あおば市」(5f0c)\n職: jumin-kacho「住民課長」\n作成: 令和8年11月22日 10時15分(期限: 令和8年11月22日 10時25分)\n\
                  1. カード 9b1d0000000000000000000000000031 を操作者 0012 に限り有効化する。操作権限: 本人の操作権限すべて、期間: 令和8年11月22日 10時15分から\
                  令和8年11月22日 17時15分まで、理由: wasure"
            .into(),
        card: "9b1d".into(),
        seconds: 180,
    }
}

fn keys(panel: &mut Panel, keys: &[Key]) -> Vec<Action> {
    keys.iter().flat_map(|key| panel.take(Event::Key(*key))).collect()
}

fn drafted(language: Language) -> Panel {
    let mut panel = showing(language, head());
    let _ = panel.take(Event::Drafted(Ok(draft())));
    panel
}

/// Every such state with its name.
pub(super) fn every(language: Language) -> Vec<(&'static str, Panel)> {
    let mut what = showing(language, head());
    drop(keys(&mut what, &[Key::Decide]));
    let mut whose = showing(language, head());
    drop(keys(&mut whose, &[Key::Decide, Key::Enter]));
    drop(typing(&mut whose, "2026-31"));
    drop(keys(&mut whose, &[Key::Enter]));
    drop(typing(&mut whose, "0012"));
    let mut sign = drafted(language);
    drop(typing(&mut sign, "2468"));
    vec![("what is decided", what), ("who gets a spare card", whose), ("before it is signed", sign)]
}

#[test]
fn an_activation_is_filled_in_drafted_read_and_signed() {
    let mut panel = showing(Language::English, head());
    drop(keys(&mut panel, &[Key::Decide, Key::Enter]));
    let mut asked = Vec::new();
    // What has to be there is not passed over, and no word is a number of hours.
    for (typed, enters) in [("", 1), ("R8-31", 1), ("0012", 1), ("wasure", 1), ("soon", 1)] {
        drop(typing(&mut panel, typed));
        asked.extend(keys(&mut panel, &vec![Key::Enter; enters]));
    }
    assert!(asked.is_empty(), "{asked:?}");
    drop(keys(&mut panel, &[Key::Backspace; 4]));
    drop(typing(&mut panel, "2"));
    let actions = keys(&mut panel, &[Key::Enter]);
    let [Action::Draft(request)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((request.act, request.card.as_deref()), (ActKind::ActivateCard, Some("R8-31")));
    assert_eq!((request.operator.as_deref(), request.reason.as_deref()), (Some("0012"), Some("wasure")));
    assert_eq!(request.until, Some(NOW + 2 * 3_600_000));
    // Word for word what the agent wrote, and the PIN for that alone.
    let mut panel = drafted(Language::English);
    let shown = drawn(&panel, 80, 24).replace(['\n', ' '], "");
    assert!(draft().text.lines().all(|line| shown.contains(&line.replace(' ', ""))), "{shown}");
    drop(typing(&mut panel, "246813"));
    let actions = keys(&mut panel, &[Key::Enter]);
    let [Action::Prove { request, .. }] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(
        (request.what, request.draft.as_deref(), request.card.as_deref()),
        (PromptWhat::Act, Some("d1"), Some("9b1d"))
    );
}

#[test]
fn whoever_s_card_signs_nothing_is_offered_nothing_and_a_card_that_goes_takes_the_draft_along() {
    let mut panel = showing(Language::English, await_pin(5));
    drop(keys(&mut panel, &[Key::Decide]));
    assert!(matches!(panel.dialog, Dialog::None) && !drawn(&panel, 80, 24).contains("F6"));
    let mut panel = drafted(Language::English);
    let _ = panel.take(Event::State(Box::new(no_card())));
    assert!(matches!(panel.dialog, Dialog::None));
    let mut panel = drafted(Language::English);
    drop(typing(&mut panel, "2468"));
    drop(keys(&mut panel, &[Key::Escape]));
    assert!(matches!(panel.dialog, Dialog::None) && panel.typed.is_empty());
}

#[test]
fn a_stop_needs_nothing_but_its_signature() {
    let mut panel = showing(Language::Japanese, head());
    let actions = keys(&mut panel, &[Key::Decide, Key::Down, Key::Down, Key::Enter, Key::Enter]);
    let [Action::Draft(request)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((request.act, &request.incident, &request.functions), (ActKind::StopConnection, &None, &None));
}
