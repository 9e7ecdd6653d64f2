//! A reader with a keypad: the panel says where the PIN is typed, and takes none itself.

use super::*;
use sekisho_ipc::{OpenPrompt, PromptFor};

fn on_reader(state: State, pin_entry: PinEntry) -> State {
    let card = state.card.clone().map(|card| Card { pin_entry, keypad: Keypad::VerifiesAndChanges, ..card });
    let prompt = (pin_entry == PinEntry::ReaderNow).then(|| prompt("tanaka", 1001, true));
    State { card, prompt, ..state }
}

fn prompt(user: &str, uid: u32, yours: bool) -> OpenPrompt {
    let user = Some(user.into());
    OpenPrompt {
        uid,
        user,
        application: None,
        yours,
        what: PromptFor::Login,
        function: None,
        waiting: None,
        on_reader: true,
    }
}

fn of_a_stranger() -> State {
    State { prompt: Some(prompt("guest", 1002, false)), ..on_reader(await_pin(5), PinEntry::ReaderNow) }
}

fn no_keypad() -> State {
    let advice = Verdict {
        what: "at this terminal a PIN is typed on the card reader, and this reader has no keypad".into(),
        next: "Put the card into the reader that has one. If there is none, call the system manager (card.pin_pad in agent.toml).".into(),
        next_ja: "キーパッドのあるカードリーダーにカードを入れてください。なければシステム管理者に連絡してください(agent.toml の card.pin_pad)。".into(),
        what_ja: "この端末では暗証番号をカードリーダーで入力しますが、このカードリーダーにはキーパッドがありません"
            .into(),
        ..verdict(VerdictCode::CardProblem)
    };
    State { advice, ..on_reader(await_pin(5), PinEntry::Nowhere) }
}

/// Every such state with its name.
pub(super) fn every(language: Language) -> Vec<(&'static str, Panel)> {
    let show = |state| showing(language, state);
    let mut proving = show(on_reader(open(), PinEntry::ReaderNow));
    proving.dialog = Dialog::Waiting;
    vec![
        ("PIN on the reader", show(on_reader(await_pin(5), PinEntry::Reader))),
        ("PIN on the reader, now", show(on_reader(await_pin(2), PinEntry::ReaderNow))),
        ("another user's PIN on the reader", show(of_a_stranger())),
        ("locked, PIN on the reader", show(on_reader(locked(), PinEntry::Reader))),
        ("PIN for a function, on the reader", proving),
        ("PIN on a reader that has no keypad", show(no_keypad())),
    ]
}

#[test]
fn what_is_typed_here_goes_nowhere_and_enter_lets_the_reader_ask_once() {
    for state in [await_pin(5), locked()] {
        let mut panel = showing(Language::English, on_reader(state.clone(), PinEntry::Reader));
        assert!(typing(&mut panel, "246813").is_empty() && panel.typed.is_empty());
        let actions = panel.take(Event::Key(Key::Enter));
        let [Action::OnReader(request)] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(request.card.as_deref(), Some("9b1d"), "it is for the card that was shown");
        assert!(panel.take(Event::Key(Key::Enter)).is_empty(), "it is asked for already");
        let mut panel = showing(Language::English, on_reader(state, PinEntry::ReaderNow));
        assert!(panel.take(Event::Key(Key::Enter)).is_empty(), "somebody else lets it ask");
    }
}

#[test]
fn a_function_and_a_change_of_pin_are_asked_for_on_the_reader_too() {
    let mut panel = showing(Language::English, on_reader(open(), PinEntry::Reader));
    let verdict = verdict(VerdictCode::PinProofNeeded);
    let answer = Ok(sekisho_ipc::AuthorizeAnswer { verdict, record: None, decision: None });
    let actions = panel.take(Event::Authorized { request: request("shogai.delete"), answer });
    let [Action::OnReader(asked)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(asked.function.as_deref(), Some("shogai.delete"));
    assert!(drawn(&panel, 80, 24).contains("Working"), "until the agent says that the reader asks");

    let mut panel = showing(Language::English, on_reader(await_pin(5), PinEntry::Reader));
    let actions = panel.take(Event::Key(Key::ChangePin));
    let [Action::OnReader(asked)] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(asked.what, sekisho_ipc::PromptWhat::ChangePin);
}

#[test]
fn nobody_is_urged_to_type_for_another_s_prompt_or_for_one_that_was_given_up() {
    for state in [of_a_stranger(), State { prompt: None, ..of_a_stranger() }] {
        let mut panel = showing(Language::English, state);
        for dialog in [Dialog::None, Dialog::Waiting] {
            panel.dialog = dialog;
            let drawn = drawn(&panel, 80, 24);
            assert!(!drawn.contains("Type your PIN") && drawn.contains("cancel key"), "{drawn}");
        }
    }
    let said = drawn(&showing(Language::English, of_a_stranger()), 80, 24);
    assert!(said.contains("guest") && said.contains("to log in"), "{said}");
}
