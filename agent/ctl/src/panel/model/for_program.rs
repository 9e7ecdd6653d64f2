//! A program waits for the clerk's PIN: she types it here, or declines.

use sekisho_ipc::{PromptRequest, TypedPin, Waiting};

use super::pins::type_into;
use super::{Action, Dialog, Key, Panel};

impl Panel {
    /// Begins to type the PIN for the request that waits, if one does.
    pub(super) fn begin_for_program(&mut self) -> Option<Action> {
        let waiting = self.state()?.waiting.clone()?;
        self.notice = None;
        self.dialog = Dialog::ForProgram { waiting, typed: TypedPin::default(), over: false };
        None
    }

    pub(super) fn key_for_program(&mut self, key: Key, waiting: Waiting, mut typed: TypedPin) -> Option<Action> {
        if key == Key::Escape {
            return Some(Action::Decline(waiting.id));
        }
        if !self.asks_for_pin() {
            if key == Key::Enter {
                return self.on_reader(PromptRequest::waiting(waiting.id));
            }
            self.dialog = Dialog::ForProgram { waiting, typed, over: false };
            return None;
        }
        if key == Key::Enter && !typed.is_empty() {
            let request = PromptRequest { card: self.card(), ..PromptRequest::waiting(waiting.id) };
            return self.sent(typed.frame(), |pin| Action::Prove { request, pin });
        }
        type_into(&mut typed, key);
        self.dialog = Dialog::ForProgram { waiting, typed, over: false };
        None
    }

    /// What is typed for a request that waits no more goes nowhere.
    pub(super) fn forget_request_that_is_over(&mut self, now: Option<&Waiting>) {
        if let Dialog::ForProgram { waiting, typed, over } = &mut self.dialog
            && now.is_none_or(|now| now.id != waiting.id)
        {
            (*typed, *over) = (TypedPin::default(), true);
        }
    }
}
