//! PINs that are typed on the reader: where a card's PIN is typed, and the life of a prompt whose PIN never comes to this machine.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use sekisho_ipc::{AgentError, Keypad, PinEntry};
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::config::PadUse;
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
            (PadUse::Require, Keypad::None) | (PadUse::Use | PadUse::Require, Keypad::Unknown) => PinEntry::Nowhere,
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
            (PinEntry::Nowhere, _, _) => Err(spoken::problem(&nowhere(card.keypad), card.tries_left)),
            (
                PinEntry::Reader | PinEntry::ReaderNow,
                OnReader::Change,
                Keypad::None | Keypad::Verifies | Keypad::Unknown,
            ) => Err(spoken::problem(&cannot_change(), card.tries_left)),
            (PinEntry::Reader | PinEntry::ReaderNow, OnReader::Sign | OnReader::SignAct | OnReader::Change, _) => {
                Ok(Some(what))
            }
        }
    }

    /// Waits until the card has taken what was typed on the reader, and notes whether anybody typed for this uid.
    pub(crate) fn typed_on_reader(
        &self,
        (prompter, owner): (u32, u32),
        insertion: Insertion,
        what: OnReader,
        answers: &Receiver<CallAnswer>,
    ) -> Result<CallAnswer, AgentError> {
        let patience = self.config.card.pad() * what.entries() + self.config.card.deadline() + SLACK;
        let answer = answers.recv_timeout(patience);
        let mut core = self.lock();
        // Who typed a PIN, and be it a wrong one, kept nobody out.
        match answer {
            Ok(CallAnswer::PinTyped | CallAnswer::PinChanged) => drop(core.gives_way.take_if(|uid| *uid == prompter)),
            Ok(CallAnswer::Failed { failure: Failure::WrongPin { .. } }) => {}
            Ok(CallAnswer::Failed { .. } | CallAnswer::Signed { .. } | CallAnswer::LetGo) | Err(_) => {
                core.gives_way = Some(prompter);
                let until = self.clock.boottime().saturating_add(self.config.card.pad_seconds * 1000);
                core.turns.unanswered(owner, until);
            }
        }
        drop(core);
        match answer {
            Ok(typed @ (CallAnswer::PinTyped | CallAnswer::PinChanged)) => Ok(typed),
            Ok(CallAnswer::Failed { failure }) => Err(self.failed(insertion, failure)),
            Ok(CallAnswer::Signed { .. } | CallAnswer::LetGo) => Err(AgentError::PromptCancelled),
            // The card may have judged one, and nobody will say.
            Err(_) => Err(spoken::refused(VerdictCode::PinUnanswered, None)),
        }
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

/// A PIN that was typed at the keyboard has no business here.
pub(crate) fn typed_there() -> Problem {
    said(
        [
            "at this terminal PINs are typed on the reader's keypad; one that is passed on is not taken",
            "この端末では暗証番号をカードリーダーのキーパッドで入力します。渡された暗証番号は使用しません",
        ],
        ["Ask again without passing a PIN.", "暗証番号を渡さずに実行してください。"],
    )
}

/// Who held the reader in vain, and kept another out meanwhile, lets the other have it.
pub(crate) fn anothers_turn(left: u64) -> Problem {
    let seconds = left.div_ceil(1000);
    Problem {
        what: "another user waits for the reader's keypad, and nobody typed the PIN that you asked for".into(),
        what_ja: "あなたが求めた暗証番号は入力されず、ほかの利用者がキーパッドを待っています".into(),
        next: format!("Ask again in {seconds} s."),
        next_ja: format!("{seconds}秒後にもう一度行ってください。"),
    }
}

/// Why the PIN of a card in such a reader can be typed nowhere.
pub(crate) fn nowhere(keypad: Keypad) -> Problem {
    if keypad == Keypad::Unknown { keypad_unknown() } else { no_keypad() }
}

/// A reader that fails is not asked around: the PIN stays away from the keyboard.
fn keypad_unknown() -> Problem {
    said(
        [
            "the card reader failed when it was asked whether it has a keypad",
            "カードリーダーがキーパッドの有無を答えません",
        ],
        [
            "Take the card out and insert it again. If it is said again, call the system manager.",
            "カードを抜き、もう一度挿入してください。繰り返す場合はシステム管理者に連絡してください。",
        ],
    )
}

/// The configuration wants a keypad.
fn no_keypad() -> Problem {
    said(
        [
            "at this terminal a PIN is typed on the card reader, and this reader has no keypad",
            "この端末では暗証番号をカードリーダーで入力しますが、このカードリーダーにはキーパッドがありません",
        ],
        [
            "Put the card into the reader that has one. If there is none, call the system manager (card.pin_pad in agent.toml).",
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
