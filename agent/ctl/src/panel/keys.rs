//! Key presses, in the panel's own words.

use std::sync::mpsc::Sender;
use std::thread;

use crossterm::event::{self, Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::model::{Event, Key};

/// Reads keys in a thread of its own until the panel or the terminal ends.
pub(super) fn start(sender: &Sender<Event>) {
    let sender = sender.clone();
    thread::spawn(move || {
        loop {
            let sent = match event::read() {
                Ok(Input::Key(key)) if key.kind == KeyEventKind::Press => key_of(key).map(Event::Key),
                Ok(Input::Resize(..)) => Some(Event::Redraw),
                Ok(_) => None,
                // The terminal is gone: so is the panel.
                Err(_) => Some(Event::Key(Key::Quit)),
            };
            if sent.is_some_and(|event| sender.send(event).is_err()) {
                return;
            }
        }
    });
}

/// Letters are kept as letters: whether `q` quits or belongs to a PIN is the model's to say.
#[expect(clippy::wildcard_enum_match_arm, reason = "crossterm's keys are many; the others mean nothing here")]
fn key_of(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c') if control => Key::Quit,
        KeyCode::Char('u') if control => Key::Escape,
        KeyCode::Char(character) if !control => Key::Character(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Tab => Key::Tab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::F(2) => Key::Language,
        KeyCode::F(4) => Key::ChangePin,
        KeyCode::F(5) => Key::Lock,
        KeyCode::F(6) => Key::Decide,
        KeyCode::F(7) => Key::Report,
        KeyCode::F(8) => Key::End,
        KeyCode::F(10) => Key::Quit,
        _ => return None,
    })
}
