//! Stands in for the card worker, with a card behind it.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_ipc::{Connection, Descriptors, Keypad, PinFrame, PinReader};
use sekisho_wire::id::{CardGuid, Hash, Signature};

use super::{RIGHT_PIN, Slot, sign, until};
use crate::agent::Agent;
use crate::worker_link::SignKey;
use crate::worker_link::{CallAnswer, Failure, FromWorker, Lost, OnReader, ToWorker, WORKER_MESSAGE_MAX};

/// What the card behind the double does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fraud {
    None,
    /// It signs with other keys than the register knows.
    OtherKeys,
}

/// Stands in for the card worker: speaks its messages, and signs as the card would.
#[derive(Clone)]
pub(crate) struct Double {
    state: Arc<Mutex<DoubleState>>,
}

struct DoubleState {
    stream: UnixStream,
    writer: sekisho_ipc::Writer,
    card: u8,
    insertions: u64,
    tries: u8,
    fraud: Fraud,
    pins: HashMap<u64, PinFrame>,
    /// Of prompts whose PIN is typed on the reader.
    descriptors: Vec<OwnedFd>,
    /// Whether the card thinks, until it is let go on.
    held: bool,
    /// Prompts that the worker was told to forget.
    forgotten: Vec<u64>,
    /// How often a PIN reached the card.
    verified: u32,
    /// How often the card changed its PIN.
    changed: u32,
    /// The grant on the card.
    grant: Option<Vec<u8>>,
    /// How often it was read.
    grants_read: u32,
    /// The keypad of the reader.
    keypad: Keypad,
    /// The call for which the reader waits, and what comes of it.
    asked: Option<(u64, OnReader)>,
    /// How often the cards were handed to it.
    taken_up: u32,
}

impl Double {
    pub(crate) fn join(agent: &Arc<Agent>, number: u64) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let stream = ours.try_clone().unwrap();
        let connection = Connection::new(ours, Descriptors::Accepted).unwrap();
        let writer = connection.writer(None).unwrap();
        let pins = HashMap::new();
        let state = DoubleState {
            stream,
            writer,
            card: 0,
            insertions: 0,
            tries: 5,
            fraud: Fraud::None,
            pins,
            descriptors: Vec::new(),
            held: false,
            forgotten: Vec::new(),
            verified: 0,
            changed: 0,
            grant: None,
            grants_read: 0,
            keypad: Keypad::None,
            asked: None,
            taken_up: 0,
        };
        let double = Self { state: Arc::new(Mutex::new(state)) };
        let (served, working) = (Arc::clone(agent), double.clone());
        std::thread::spawn(move || served.serve_worker(theirs, number));
        std::thread::spawn(move || working.work(connection));
        until(|| agent.lock().worker.is_some());
        double
    }

    fn work(&self, mut connection: Connection) {
        // As in the card worker: a descriptor may come together with the message before its own.
        let mut descriptors = std::collections::VecDeque::new();
        while let Ok((message, descriptor)) = connection.read_message_with_fd::<ToWorker>(WORKER_MESSAGE_MAX) {
            descriptors.extend(descriptor);
            // Waits for the PIN without the state: cards come and go meanwhile.
            let frame = matches!(message, ToWorker::Prompt { .. })
                .then(|| PinReader::default().read(descriptors.pop_front().unwrap()).ok().flatten());
            let mut state = self.state.lock().unwrap();
            let answer = match message {
                ToWorker::Prompt { call, .. } => {
                    let came = frame.flatten().map(|frame| state.pins.insert(call, frame)).is_some();
                    let none = CallAnswer::Failed { failure: Failure::NoPin };
                    Some((call, if came { CallAnswer::PinTyped } else { none }))
                }
                ToWorker::PromptOnReader { call, what, .. } => {
                    state.descriptors.push(descriptors.pop_front().unwrap());
                    state.asked = Some((call, what));
                    None
                }
                ToWorker::SignWithPin { call, digest, .. } if !state.pins.contains_key(&call) => {
                    drop(state);
                    state = self.let_go();
                    Some((call, state.signed(Slot::Authentication, &digest)))
                }
                ToWorker::SignWithPin { call, digest, key, .. } => {
                    drop(state);
                    state = self.let_go();
                    let pin = state.pins.remove(&call).unwrap();
                    let slot = match key {
                        SignKey::Login => Slot::Authentication,
                        SignKey::Act => Slot::Signature,
                    };
                    Some((call, state.verify(&pin, slot, &digest)))
                }
                ToWorker::ProvePresence { call, digest, .. } => {
                    drop(state);
                    state = self.let_go();
                    Some((call, state.signed(Slot::Presence, &digest)))
                }
                ToWorker::ChangePin { call, .. } => {
                    state.changed += 1;
                    Some((call, CallAnswer::PinChanged))
                }
                ToWorker::Forget { call } => {
                    state.forgotten.push(call);
                    None
                }
                ToWorker::ReadGrant { insertion } => {
                    drop(state);
                    state = self.let_go();
                    state.grants_read += 1;
                    let grant = state.grant.as_ref().map(|grant| STANDARD.encode(grant));
                    let _ = state.writer.write_message(&FromWorker::Grant { insertion, grant });
                    None
                }
                ToWorker::LogOut { .. } => None,
                ToWorker::LetGo { call } => {
                    drop(state);
                    state = self.let_go();
                    let insertion = state.insertions;
                    state.insertions += 1;
                    let lost = FromWorker::CardLost { insertion, next: insertion + 1, lost: Lost::Card };
                    let _ = state.writer.write_message(&lost);
                    Some((call, CallAnswer::LetGo))
                }
                ToWorker::TakeUp => {
                    state.taken_up += 1;
                    None
                }
            };
            if let Some((call, answer)) = answer {
                let right = matches!(answer, CallAnswer::Signed { .. } | CallAnswer::PinChanged);
                let _ = state.writer.write_message(&FromWorker::Answer { call, answer });
                if right {
                    let (insertion, tries_left) = (state.insertions, state.tries);
                    let _ = state.writer.write_message(&FromWorker::TriesLeft { insertion, tries_left });
                }
            }
        }
    }

    pub(crate) fn insert(&self, agent: &Arc<Agent>, card: u8) {
        {
            let mut state = self.state.lock().unwrap();
            state.insertions += 1;
            state.card = card;
            state.tell_card();
        }
        until(|| agent.lock().machine.card().is_some_and(|inserted| inserted.card == CardGuid([card; 16])));
    }

    pub(crate) fn pull(&self) {
        let mut state = self.state.lock().unwrap();
        let insertion = state.insertions;
        state.writer.write_message(&FromWorker::CardRemoved { insertion }).unwrap();
    }

    /// The reader goes away with its card.
    pub(crate) fn lose_reader(&self) {
        let mut state = self.state.lock().unwrap();
        let insertion = Some(state.insertions);
        let reader = "name:Bench".to_owned();
        state.writer.write_message(&FromWorker::ReaderRemoved { reader, insertion }).unwrap();
    }

    /// The way to the card breaks, as the worker's desk tells it.
    pub(crate) fn lose_way(&self, lost: Lost) {
        let mut state = self.state.lock().unwrap();
        let insertion = state.insertions;
        state.insertions += 1;
        let next = state.insertions;
        state.writer.write_message(&FromWorker::CardLost { insertion, next, lost }).unwrap();
    }

    /// The cards that are inserted from now on are in a reader with such a keypad.
    pub(crate) fn has_keypad(&self, keypad: Keypad) {
        self.state.lock().unwrap().keypad = keypad;
    }

    /// Whether the reader waits for a PIN.
    pub(crate) fn asks(&self) -> bool {
        self.state.lock().unwrap().asked.is_some()
    }

    /// Somebody types this PIN on the reader.
    pub(crate) fn typed_on_reader(&self, pin: &[u8]) {
        let mut state = self.state.lock().unwrap();
        let (call, what) = state.asked.take().unwrap();
        state.verified += 1;
        let answer = match (pin == RIGHT_PIN, what) {
            (true, OnReader::Sign | OnReader::SignAct) => CallAnswer::PinTyped,
            (true, OnReader::Change) => {
                state.changed += 1;
                CallAnswer::PinChanged
            }
            (false, _) => {
                state.tries -= 1;
                CallAnswer::Failed { failure: Failure::WrongPin { tries_left: state.tries } }
            }
        };
        state.writer.write_message(&FromWorker::Answer { call, answer }).unwrap();
    }

    /// Nothing comes of what the reader waits for, for this reason.
    pub(crate) fn nothing_typed(&self, failure: Failure) {
        let mut state = self.state.lock().unwrap();
        let (call, _) = state.asked.take().unwrap();
        let answer = CallAnswer::Failed { failure };
        state.writer.write_message(&FromWorker::Answer { call, answer }).unwrap();
    }

    /// What was lost is looked at anew, and is the same card.
    pub(crate) fn tell_again(&self) {
        self.state.lock().unwrap().tell_card();
    }

    /// So many tries the card has.
    pub(crate) fn has_tries(&self, tries: u8) {
        self.state.lock().unwrap().tries = tries;
    }

    /// The cards that are inserted from now on carry this grant.
    pub(crate) fn carries(&self, grant: Option<Vec<u8>>) {
        self.state.lock().unwrap().grant = grant;
    }

    /// How often a grant was read.
    pub(crate) fn grants_read(&self) -> u32 {
        self.state.lock().unwrap().grants_read
    }

    /// How often the cards were handed to it.
    pub(crate) fn taken_up(&self) -> u32 {
        self.state.lock().unwrap().taken_up
    }

    /// How often the card changed its PIN.
    pub(crate) fn changed(&self) -> u32 {
        self.state.lock().unwrap().changed
    }

    pub(crate) fn defraud(&self) {
        self.state.lock().unwrap().fraud = Fraud::OtherKeys;
    }

    /// The card thinks from now on, until it is let go on.
    pub(crate) fn hold(&self) {
        self.state.lock().unwrap().held = true;
    }

    pub(crate) fn go_on(&self) {
        self.state.lock().unwrap().held = false;
    }

    /// The state, once the card has thought.
    fn let_go(&self) -> MutexGuard<'_, DoubleState> {
        loop {
            let state = self.state.lock().unwrap();
            if !state.held {
                return state;
            }
            drop(state);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// How many prompts the worker was told to forget.
    pub(crate) fn forgotten(&self) -> usize {
        self.state.lock().unwrap().forgotten.len()
    }

    pub(crate) fn verified(&self) -> u32 {
        self.state.lock().unwrap().verified
    }

    /// The worker dies.
    pub(crate) fn die(&self) {
        self.state.lock().unwrap().stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
}

impl DoubleState {
    fn tell_card(&mut self) {
        let (insertion, tries_left) = (self.insertions, Some(self.tries));
        let (card, reader) = (CardGuid([self.card; 16]).to_string(), "name:Bench".to_owned());
        let keypad = self.keypad;
        self.writer.write_message(&FromWorker::CardInserted { insertion, card, reader, tries_left, keypad }).unwrap();
    }

    fn verify(&mut self, pin: &PinFrame, slot: Slot, digest: &str) -> CallAnswer {
        self.verified += 1;
        if pin.expose() == RIGHT_PIN {
            self.tries = 5;
            return self.signed(slot, digest);
        }
        self.tries -= 1;
        CallAnswer::Failed { failure: Failure::WrongPin { tries_left: self.tries } }
    }

    fn signed(&self, slot: Slot, digest: &str) -> CallAnswer {
        let card = if self.fraud == Fraud::OtherKeys { self.card + 1 } else { self.card };
        let digest: Hash = digest.parse().unwrap();
        CallAnswer::Signed { signature: Signature(sign(card, slot, &digest.0)).to_string() }
    }
}
