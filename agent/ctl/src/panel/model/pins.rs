//! PINs that are typed in the panel: for a function, and to be changed.

use sekisho_ipc::{AuthorizeRequest, PinEntry, PinFrameError, PromptRequest, SessionState, State, TypedPin};

use super::edit::{Edit, edit};
use super::{Action, Dialog, Key, Panel};
use crate::failure::Failure;
use crate::phrases::is_expired;

impl Panel {
    pub(super) fn key_in_proof(&mut self, key: Key, request: AuthorizeRequest, mut typed: TypedPin) -> Option<Action> {
        if key == Key::Enter && !typed.is_empty() {
            let request = PromptRequest { card: self.card(), ..PromptRequest::authorize(request) };
            return self.sent(typed.frame(), |pin| Action::Prove { request, pin });
        }
        type_into(&mut typed, key);
        self.dialog = Dialog::Pin { request, typed };
        None
    }

    /// Whoever holds a card may change its PIN, whether it opens a session here or not. Amid something else the key does nothing.
    pub(super) fn begin_change(&mut self) -> Option<Action> {
        if self.card().is_none() || !matches!(self.dialog, Dialog::None) {
            return None;
        }
        self.forget_input();
        if !self.asks_for_pin() {
            return self.on_reader(PromptRequest::change_pin());
        }
        self.notice = None;
        self.dialog = Dialog::ChangePin { done: Vec::new(), typed: TypedPin::default() };
        None
    }

    /// Whether the PIN of the card that is shown has expired: it is good for its change alone.
    pub(in crate::panel) fn must_change(&self) -> bool {
        let closed = |state: &&State| matches!(state.state, SessionState::AwaitPin | SessionState::Locked);
        self.state().filter(closed).is_some_and(|state| is_expired(&state.advice))
    }

    /// Whether a PIN is typed here. Else it is typed on the reader, or nowhere, and the agent says which.
    pub(super) fn asks_for_pin(&self) -> bool {
        self.pin_entry() == PinEntry::Keyboard
    }

    /// Where the PIN of the card that is shown is typed.
    pub(in crate::panel) fn pin_entry(&self) -> PinEntry {
        let card = self.state().and_then(|state| state.card.as_ref());
        card.map_or(PinEntry::Keyboard, |card| card.pin_entry)
    }

    /// What is typed here goes nowhere: Enter lets the reader ask, unless it does already.
    pub(super) fn key_in_login_on_reader(&mut self, key: Key) -> Option<Action> {
        if key != Key::Enter || self.pin_entry() == PinEntry::ReaderNow {
            return None;
        }
        if self.must_change() {
            return self.begin_change();
        }
        let profile = self.profiles().into_iter().nth(self.profile);
        self.on_reader(PromptRequest { profile, ..PromptRequest::login() })
    }

    pub(super) fn on_reader(&mut self, request: PromptRequest) -> Option<Action> {
        self.notice = None;
        self.dialog = Dialog::Waiting;
        Some(Action::OnReader(PromptRequest { card: self.card(), ..request }))
    }

    pub(super) fn key_in_change(&mut self, key: Key, mut done: Vec<TypedPin>, mut typed: TypedPin) -> Option<Action> {
        if key == Key::Enter && !typed.is_empty() {
            done.push(std::mem::take(&mut typed));
        } else {
            type_into(&mut typed, key);
        }
        match done.as_slice() {
            [old, new, again] if new.same_as(again) => {
                let card = self.card();
                // Both are framed before either is sent: a new PIN that is none must not cost a try of the old one.
                let pins = old.frame().and_then(|old| Ok([old, new.frame()?]));
                return self.sent(pins, |pins| Action::ChangePin { card, pins });
            }
            [_, _, _] => self.failed(&Failure::PinsDiffer),
            _ => self.dialog = Dialog::ChangePin { done, typed },
        }
        None
    }

    /// A PIN that is none is not sent: it would cost nothing but time, and the card none of its tries.
    pub(super) fn sent<T>(
        &mut self,
        framed: Result<T, PinFrameError>,
        action: impl FnOnce(T) -> Action,
    ) -> Option<Action> {
        match framed {
            Ok(framed) => {
                self.notice = None;
                self.dialog = Dialog::Waiting;
                Some(action(framed))
            }
            Err(error) => {
                self.failed(&Failure::Pin(error));
                None
            }
        }
    }
}

/// What is not ASCII cannot be in a PIN; a mark in its place makes the whole be refused, not silently shortened.
pub(super) fn type_into(typed: &mut TypedPin, key: Key) {
    match edit(key, |_| true) {
        Some(Edit::Add(character)) => typed.push(u8::try_from(character).unwrap_or(0)),
        Some(Edit::Remove) => typed.pop(),
        Some(Edit::Clear) => typed.clear(),
        None => {}
    }
}
