//! What agent and card worker say to each other: messages of `sekisho-ipc`, and the descriptor of a prompt beside one of them.
//! No PIN is in any message.

use sekisho_ipc::Keypad;
use serde::{Deserialize, Serialize};

/// Longest message on this link.
pub(crate) const WORKER_MESSAGE_MAX: usize = 8 * 1024;

/// From the card worker to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(crate) enum FromWorker {
    /// The watcher of the readers has looked, and there was nothing new. Silence means that it does not look any more.
    Alive,
    /// pcscd is gone, with all readers and cards.
    ServiceLost,
    /// pcscd is there.
    ServiceBack,
    /// A reader is there.
    ReaderAdded {
        /// Its identity as far as its name tells it.
        reader: String,
    },
    /// A reader is gone.
    ReaderRemoved {
        /// As in `ReaderAdded`.
        reader: String,
        /// The insertion that went with it, if a card was in it.
        insertion: Option<u64>,
    },
    /// A card is in and said who it is.
    CardInserted {
        /// Number of this insertion, never used twice in the life of a worker.
        insertion: u64,
        /// GUID in hexadecimal.
        card: String,
        /// The reader's identity.
        reader: String,
        /// PIN tries left.
        tries_left: Option<u8>,
        /// What can be done on the reader's keypad.
        keypad: Keypad,
    },
    /// Something is in the reader that is no operator card, or does not answer.
    CardUnreadable {
        /// Number of this insertion.
        insertion: u64,
        /// What happened and what to do.
        problem: Problem,
    },
    /// Somebody has taken the card of an insertion out; also said of insertions that were never told.
    CardRemoved {
        /// Which insertion.
        insertion: u64,
    },
    /// The way to the card of an insertion is broken. What is in the reader is looked at anew; nobody was seen to take a card out.
    CardLost {
        /// Which insertion.
        insertion: u64,
        /// What is in the reader now, if something is, has this number.
        next: u64,
        /// What was lost.
        lost: Lost,
    },
    /// How many tries a card has after a right PIN: told after the answer, which need not wait for it.
    TriesLeft {
        /// Which insertion.
        insertion: u64,
        /// PIN tries left.
        tries_left: u8,
    },
    /// The grant on a card, as it was asked for.
    Grant {
        /// Which insertion.
        insertion: u64,
        /// In base64; absent where there is none, or none that could be read.
        grant: Option<String>,
    },
    /// What came of a call.
    Answer {
        /// Which call.
        call: u64,
        /// What.
        answer: CallAnswer,
    },
}

/// What a broken way to a card means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lost {
    /// The card, for all anybody knows.
    Card,
    /// The reader: the service says so.
    Reader,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "snake_case")]
pub(crate) enum CallAnswer {
    /// The PIN of a prompt was typed; it waits for the digest. On a reader the card has taken it already.
    PinTyped,
    /// The card signed.
    Signed {
        /// r ‖ s in hexadecimal.
        signature: String,
    },
    /// The PIN was changed.
    PinChanged,
    /// No card is held any more.
    LetGo,
    /// Nothing.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub(crate) enum Failure {
    /// The card says that the PIN is wrong.
    WrongPin {
        /// Tries left; 0 is blocked.
        tries_left: u8,
    },
    /// Nobody typed a PIN, or nobody wanted it any more: the descriptor was closed or the time is over.
    NoPin,
    /// The card is not there any more, and no PIN went to it.
    CardGone,
    /// The way to the card broke while it had the PIN: that may have cost a try or not, and the card does not say.
    Unanswered,
    /// Card or reader did not do it.
    Problem {
        /// What happened and what to do.
        problem: Problem,
        /// PIN tries left, where the card said so afterwards.
        tries_left: Option<u8>,
    },
}

/// What is done with a PIN that is typed on the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnReader {
    /// The card signs by it, with the key of logins.
    Sign,
    /// The card signs an act by it.
    SignAct,
    /// It is changed: present and new one are typed.
    Change,
}

impl OnReader {
    /// How many times a PIN is typed, one after the other; a reader may wait for each as long as for one.
    pub(crate) const fn entries(self) -> u32 {
        match self {
            Self::Sign | Self::SignAct => 1,
            Self::Change => 3,
        }
    }
}

/// A key that wants a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignKey {
    /// 9A.
    Login,
    /// 9C: a PIN that was typed for anything else never reaches it.
    Act,
}

/// What happened and what to do, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// What happened, in English.
    pub(crate) what: String,
    /// What happened, in Japanese.
    pub(crate) what_ja: String,
    /// What to do next, in English.
    pub(crate) next: String,
    /// What to do next, in Japanese.
    pub(crate) next_ja: String,
}

/// From the agent to the card worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum ToWorker {
    /// Wait for PIN frames on the descriptor that comes with this, then say `PinTyped`.
    Prompt {
        /// Names the call in answers.
        call: u64,
        /// 1 for a PIN, 2 for old and new.
        frames: u8,
        /// How long to wait.
        seconds: u64,
    },
    /// Let the PIN be typed on the reader. Say `PinTyped` when the card has taken it, and sign what `SignWithPin` names then; or change the PIN.
    /// Such a call is always answered in the end: the reader cannot be stopped. The descriptor that comes with this is the client's, who
    /// gives up by closing it.
    PromptOnReader {
        /// Names the call in answers.
        call: u64,
        /// For which card.
        insertion: u64,
        /// What for.
        what: OnReader,
        /// How long the reader waits.
        seconds: u64,
    },
    /// Sign by the PIN of this call.
    SignWithPin {
        /// The call whose PIN was typed.
        call: u64,
        /// For which card.
        insertion: u64,
        /// 32 bytes in hexadecimal.
        digest: String,
        /// With which key.
        key: SignKey,
    },
    /// Change the PIN, by the two PINs of this call.
    ChangePin {
        /// The call whose PINs were typed.
        call: u64,
        /// For which card.
        insertion: u64,
    },
    /// Sign with 9E: is this very card still there?
    ProvePresence {
        /// Names the call in the answer.
        call: u64,
        /// For which card.
        insertion: u64,
        /// 32 bytes in hexadecimal.
        digest: String,
    },
    /// Read the grant on a card.
    ReadGrant {
        /// Which card.
        insertion: u64,
    },
    /// Let go of every card, and touch none until `TakeUp`.
    LetGo {
        /// Names the call in the answer.
        call: u64,
    },
    /// Take up the cards that are in the readers. A worker touches none before its first.
    TakeUp,
    /// Forget the PIN of this call, and stop waiting for it.
    Forget {
        /// Which call.
        call: u64,
    },
    /// End whatever the card holds verified.
    LogOut {
        /// Which card.
        insertion: u64,
    },
}
