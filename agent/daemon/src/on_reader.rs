//! PINs that are typed on the reader: where a card's PIN is typed, and the life of a prompt whose PIN never comes to this machine.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use sekisho_ipc::{AgentError, Keypad, PinEntry};
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::config::PadUse;
use crate::function::Caller;
use crate::session::{InsertedCard, Insertion};
use crate::spoken;
use crate::worker_link::{CallAnswer, Failure, OnReader, Problem};

/// How long the way between reader and agent may take beside the person and the card.
const SLACK: Duration = Duration::from_secs(2);

impl Agent {
    /// Where the PIN of this card is typed. Configuration and reader say so, nobody else: what fails on the reader is not asked for elsewhere.
    pub(crate) fn pin_entry(&self, core: &Core, card: &InsertedCard) -> PinEntry {
        match (self.config.card.pin_pad, card.keypad) {
            (PadUse::Off, _) | (PadUse::Use, Keypad::None) => PinEntry::Keyboard,
            (PadUse::Require, Keypad::None) => PinEntry::Nowhere,
            (PadUse::Use | PadUse::Require, Keypad::Verifies | Keypad::VerifiesAndChanges) => {
                if core.pins.waits_on_reader() { PinEntry::ReaderNow } else { PinEntry::Reader }
            }
        }
    }

    /// Where the PIN for a prompt is typed.
    ///
    /// # Errors
    /// The reader cannot do what is to be done on it.
    pub(crate) fn typed_where(
        &self,
        core: &Core,
        card: &InsertedCard,
        what: OnReader,
    ) -> Result<Option<OnReader>, AgentError> {
        match (self.pin_entry(core, card), what, card.keypad) {
            (PinEntry::Keyboard, _, _) => Ok(None),
            (PinEntry::Nowhere, _, _) => Err(spoken::problem(&no_keypad(), card.tries_left)),
            (PinEntry::Reader | PinEntry::ReaderNow, OnReader::Change, Keypad::None | Keypad::Verifies) => {
                Err(spoken::problem(&cannot_change(), card.tries_left))
            }
            (PinEntry::Reader | PinEntry::ReaderNow, OnReader::Sign | OnReader::Change, _) => Ok(Some(what)),
        }
    }

    /// Waits until the card has taken a PIN that was typed on the reader.
    pub(crate) fn typed_on_reader(
        &self,
        caller: &Caller,
        insertion: Insertion,
        answers: &Receiver<CallAnswer>,
    ) -> Result<(), AgentError> {
        let answer = self.reader_says(answers)?;
        let mut core = self.lock();
        if answer == CallAnswer::PinTyped {
            core.gives_way.take_if(|uid| *uid == caller.uid);
            return Ok(());
        }
        // Who typed a PIN, and be it a wrong one, kept nobody out.
        if !matches!(answer, CallAnswer::Failed { failure: Failure::WrongPin { .. } }) {
            core.gives_way = Some(caller.uid);
        }
        drop(core);
        match answer {
            CallAnswer::Failed { failure } => Err(self.failed(insertion, failure)),
            CallAnswer::PinTyped | CallAnswer::Signed { .. } | CallAnswer::PinChanged | CallAnswer::LetGo => {
                Err(AgentError::PromptCancelled)
            }
        }
    }

    /// What comes of a PIN on the reader, as long as a person may take.
    pub(crate) fn reader_says(&self, answers: &Receiver<CallAnswer>) -> Result<CallAnswer, AgentError> {
        let patience = self.config.card.pad() + self.config.card.deadline() + SLACK;
        // The card may have judged one, and nobody will say.
        answers.recv_timeout(patience).map_err(|_| spoken::refused(VerdictCode::PinUnanswered, None))
    }
}

/// A PIN is waited for on the reader, and another one is asked for.
pub(crate) fn waits() -> Problem {
    said(
        ["the reader waits for a PIN", "カードリーダーが暗証番号の入力を待っています"],
        [
            "Type it on the reader's keypad, or press its cancel key.",
            "カードリーダーのキーパッドで入力するか、取消キーを押してください。",
        ],
    )
}

/// The configuration wants a keypad.
pub(crate) fn no_keypad() -> Problem {
    said(
        [
            "at this terminal a PIN is typed on the card reader, and this reader has no keypad",
            "この端末では暗証番号をカードリーダーで入力しますが、このカードリーダーにはキーパッドがありません",
        ],
        [
            "Put the card into the reader that has one. If there is none, tell the system administrator (card.pin_pad in agent.toml).",
            "キーパッドのあるカードリーダーにカードを入れてください。なければシステム管理者に連絡してください(agent.toml の card.pin_pad)。",
        ],
    )
}

fn cannot_change() -> Problem {
    said(
        ["this reader's keypad cannot change a PIN", "このカードリーダーのキーパッドでは暗証番号を変更できません"],
        [
            "Change it at a terminal where PINs are typed at the keyboard.",
            "暗証番号をキーボードで入力する端末で変更してください。",
        ],
    )
}

fn said([what, what_ja]: [&str; 2], [next, next_ja]: [&str; 2]) -> Problem {
    Problem { what: what.into(), what_ja: what_ja.into(), next: next.into(), next_ja: next_ja.into() }
}

#[cfg(test)]
#[path = "on_reader/tests.rs"]
mod tests;
