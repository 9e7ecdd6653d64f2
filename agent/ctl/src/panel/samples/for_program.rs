//! A program waits for the clerk's PIN: the panel says which, and for what.

use super::*;
use sekisho_ipc::{PromptRequest, Waiting};

fn waits() -> State {
    let waiting = Waiting {
        id: "5c1e".into(),
        uid: 991,
        user: Some("sekisho-gate".into()),
        application: Some("kiroku".into()),
        function: "shogai.delete".into(),
        title: "障害者手帳情報の削除".into(),
        purpose: None,
        case: Some("R8-0415".into()),
    };
    State { waiting: Some(waiting), ..open() }
}

fn typing_for_it(language: Language) -> Panel {
    let mut panel = showing(language, waits());
    drop(typing(&mut panel, "p"));
    panel
}

/// Every such state with its name.
pub(super) fn every(language: Language) -> Vec<(&'static str, Panel)> {
    let mut asked = typing_for_it(language);
    drop(typing(&mut asked, "2468"));
    let mut over = typing_for_it(language);
    drop(over.take(Event::State(Box::new(open()))));
    vec![
        ("a program waits for the PIN", showing(language, waits())),
        ("PIN for a program", asked),
        ("a program waits no more", over),
    ]
}

#[test]
fn the_pin_goes_to_the_request_that_was_shown() {
    let mut panel = typing_for_it(Language::English);
    let text = drawn(&panel, 80, 24);
    for part in ["kiroku asks to run", "R8-0415", "decline"] {
        assert!(text.contains(part), "{text}");
    }
    drop(typing(&mut panel, "246813"));
    let actions = panel.take(Event::Key(Key::Enter));
    let Some(Action::Prove { request, pin }) = actions.last() else { panic!("{actions:?}") };
    assert_eq!(*request, PromptRequest { card: Some("9b1d".into()), ..PromptRequest::waiting("5c1e".into()) });
    assert_eq!(pin.expose(), b"246813");
}

#[test]
fn escape_declines_it_and_one_that_is_over_is_typed_for_no_more() {
    let mut panel = typing_for_it(Language::English);
    let actions = panel.take(Event::Key(Key::Escape));
    assert!(matches!(&actions[..], [.., Action::Decline(id)] if id == "5c1e"), "{actions:?}");
    assert!(matches!(panel.dialog, Dialog::None));
    let mut panel = typing_for_it(Language::English);
    drop(typing(&mut panel, "2468"));
    let other = waits().waiting.map(|waiting| Waiting { id: "77aa".into(), ..waiting });
    drop(panel.take(Event::State(Box::new(State { waiting: other, ..open() }))));
    // The rest of her PIN is no command, and no case either.
    for key in ["6", "e", "k", "q", "a"] {
        let actions = typing(&mut panel, key);
        assert!(actions.iter().all(|action| matches!(action, Action::Activity)), "{actions:?}");
    }
    let text = drawn(&panel, 80, 24);
    assert!(text.contains("does not wait any more") && !text.contains("****"), "{text}");
    drop(panel.take(Event::Key(Key::Enter)));
    assert!(matches!(panel.dialog, Dialog::None));
    // Nothing waits: the key does nothing.
    let mut panel = showing(Language::English, open());
    drop(typing(&mut panel, "p"));
    assert!(matches!(panel.dialog, Dialog::None));
}
