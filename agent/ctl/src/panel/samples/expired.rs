//! A PIN that has expired: the panel leads to its change, and to nothing else.

use super::*;

fn expired(state: State) -> State {
    State { advice: verdict(VerdictCode::PinExpired), ..state }
}

fn ends_in(days: u64, state: State) -> State {
    let card = state.card.clone().map(|card| Card { pin_ends: Some(NOW + days * 24 * 3_600_000), ..card });
    State { card, ..state }
}

/// Every such state with its name.
pub(super) fn every(language: Language) -> Vec<(&'static str, Panel)> {
    let mut left = showing(language, expired(await_pin(5)));
    let _ = left.take(Event::Key(Key::Escape));
    vec![
        ("PIN expired", showing(language, expired(await_pin(5)))),
        ("PIN expired, the change put off", left),
        ("PIN about to expire", showing(language, ends_in(6, await_pin(5)))),
    ]
}

#[test]
fn who_has_an_expired_pin_is_asked_for_another_one_and_can_do_nothing_else() {
    for state in [await_pin(5), locked()] {
        let mut panel = showing(Language::English, expired(state));
        assert!(matches!(panel.dialog, Dialog::ChangePin { .. }));
        // She leaves it: what she types opens nothing, and Enter leads back.
        drop(panel.take(Event::Key(Key::Escape)));
        assert!(typing(&mut panel, "246813").is_empty() && panel.typed.is_empty());
        assert!(matches!(panel.dialog, Dialog::None));
        assert!(panel.take(Event::Key(Key::Enter)).is_empty());
        let mut actions = Vec::new();
        for pin in ["246813", "753197", "753197"] {
            assert!(matches!(panel.dialog, Dialog::ChangePin { .. }));
            drop(typing(&mut panel, pin));
            actions = panel.take(Event::Key(Key::Enter));
        }
        assert!(matches!(&actions[..], [Action::ChangePin { card: Some(card), .. }] if card == "9b1d"), "{actions:?}");
    }
}

#[test]
fn once_it_is_changed_the_new_one_logs_in() {
    let mut panel = showing(Language::English, expired(await_pin(5)));
    let _ = panel.take(Event::State(Box::new(await_pin(5))));
    let _ = panel.take(Event::Key(Key::Escape));
    drop(typing(&mut panel, "753197"));
    assert!(matches!(panel.take(Event::Key(Key::Enter))[..], [Action::Login { .. }]));
}

#[test]
fn it_is_begun_once_and_not_each_time_the_agent_says_something() {
    let mut panel = showing(Language::English, expired(await_pin(5)));
    let _ = panel.take(Event::Key(Key::Escape));
    let _ = panel.take(Event::State(Box::new(State { unsent: 3, ..expired(await_pin(5)) })));
    assert!(matches!(panel.dialog, Dialog::None));
    // On the reader nobody is made to type what she did not begin.
    let on_reader = |state: State| {
        let card = state.card.clone().map(|card| Card { pin_entry: PinEntry::Reader, ..card });
        State { card, ..state }
    };
    let mut panel = showing(Language::English, on_reader(expired(await_pin(5))));
    let actions = panel.take(Event::Key(Key::Enter));
    assert!(matches!(&actions[..], [Action::OnReader(request)] if request.what == sekisho_ipc::PromptWhat::ChangePin));
}

#[test]
fn the_end_of_a_pin_is_warned_of_for_two_weeks() {
    for (language, part) in
        [(Language::Japanese, "あと6日で暗証番号"), (Language::English, "Your PIN expires in 6 days")]
    {
        for state in [await_pin(5), open()] {
            assert!(drawn(&showing(language, ends_in(6, state.clone())), 80, 24).contains(part));
            let far = drawn(&showing(language, ends_in(15, state)), 80, 24);
            assert!(!far.contains("暗証番号の有効期限") && !far.contains("expires"), "{far}");
        }
    }
}
