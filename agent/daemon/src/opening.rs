//! Opens a card that was put in, on threads of its own: connecting may block without limit, and a card that does not answer holds its
//! call for as long as it likes. Whoever else has a card in another reader notices nothing of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;
use std::time::Duration;

use sekisho_card::{
    Cause, Keypad as PadKeypad, Lengths, OperatorCard, PcscReader, ReaderName, SharePolicy, Transport as _,
};
use sekisho_ipc::Keypad;

use crate::card_desk::{Card, Job, problem, words};
use crate::ending;
use crate::worker_link::{FromWorker, Problem};

/// Calls that do not come back are left behind, so many at most: whoever puts a card in again and again must not use up our threads.
const LEFT_BEHIND: usize = 16;

/// What came of a card.
pub(crate) struct Opened {
    pub(crate) reader: ReaderName,
    pub(crate) insertion: u64,
    pub(crate) outcome: Outcome,
}

/// What can come of it. After `HoldsUp` another one comes if the call comes back after all.
pub(crate) enum Outcome {
    /// It can be used; what to tell of it.
    Card(Box<Card>, FromWorker),
    /// Another program has it.
    InUse(Problem),
    /// It cannot be used.
    Unreadable(Problem),
    /// Nothing yet, and longer than a call may take.
    HoldsUp,
}

/// Opens cards, and hands what came of them to the desk, whose this is.
pub(crate) struct Openings {
    policy: SharePolicy,
    deadline: Duration,
    desk: Sender<Job>,
    /// Insertions that are being opened: nobody asks for the same card twice at a time.
    going_on: HashMap<u64, Patience>,
}

/// Whether one that is going on may take longer still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    Left,
    Over,
}

impl Openings {
    pub(crate) fn new(policy: SharePolicy, deadline: Duration, desk: Sender<Job>) -> Self {
        Self { policy, deadline, desk, going_on: HashMap::new() }
    }

    /// Whether none is being opened, but for those that hold up their reader.
    pub(crate) fn are_done(&self) -> bool {
        self.going_on.values().all(|patience| *patience == Patience::Over)
    }

    /// What came of one has come to the desk.
    pub(crate) fn note(&mut self, opened: &Opened) {
        match opened.outcome {
            Outcome::HoldsUp => drop(self.going_on.insert(opened.insertion, Patience::Over)),
            Outcome::Card(..) | Outcome::InUse(_) | Outcome::Unreadable(_) => {
                self.going_on.remove(&opened.insertion);
            }
        }
    }

    /// Begins to open a card. Neither the desk nor the process waits for it: a call that does not come back can only be left behind.
    pub(crate) fn begin(&mut self, reader: ReaderName, insertion: u64) {
        match self.going_on.entry(insertion) {
            Entry::Vacant(place) => drop(place.insert(Patience::Left)),
            Entry::Occupied(place) => {
                // Said before, and forgotten meanwhile perhaps: the readers may have been lent.
                if *place.get() == Patience::Over {
                    let _ = self.desk.send(Job::Opened(Opened { reader, insertion, outcome: Outcome::HoldsUp }));
                }
                return;
            }
        }
        if self.going_on.len() > LEFT_BEHIND {
            log::error!("so many cards do not come back: the card worker ends itself, and begins anew");
            ending::at_once();
        }
        let (policy, deadline, desk) = (self.policy, self.deadline, self.desk.clone());
        let (tell, outcome) = channel();
        let opened = reader.clone();
        let open = move || drop(tell.send(open(&opened, insertion, policy)));
        let wait = move || {
            let outcome = outcome.recv_timeout(deadline).or_else(|_| {
                let reader = reader.clone();
                let _ = desk.send(Job::Opened(Opened { reader, insertion, outcome: Outcome::HoldsUp }));
                outcome.recv()
            });
            if let Ok(outcome) = outcome {
                // A desk that is gone takes nothing: the card is let go where it is dropped.
                let _ = desk.send(Job::Opened(Opened { reader, insertion, outcome }));
            }
        };
        let begun = Builder::new().name("card".into()).spawn(open);
        if let Err(error) = begun.and_then(|_| Builder::new().name("card waiter".into()).spawn(wait)) {
            log::error!("cannot make a thread for a card: {error}: the card worker ends itself");
            ending::at_once();
        }
    }
}

/// SELECT, GUID, tries: three APDUs.
fn open(reader: &ReaderName, insertion: u64, policy: SharePolicy) -> Outcome {
    let transport = match PcscReader::open(reader).and_then(|reader| reader.connect(policy, Lengths::Short)) {
        Ok(transport) => transport,
        Err(error) => {
            let problem = words(|language| (error.in_words(language), error.next_step(language)));
            return if error.cause == Cause::ReaderBusy {
                Outcome::InUse(problem)
            } else {
                Outcome::Unreadable(problem)
            };
        }
    };
    let mut card = match OperatorCard::open(transport) {
        Ok(card) => card,
        Err(error) => return Outcome::Unreadable(problem(&error)),
    };
    let tries_left = match card.tries_left() {
        Ok(tries) => Some(tries),
        Err(error) => {
            log::info!("{error}");
            None
        }
    };
    let identity = card.transport().reader_identity().to_string();
    let keypad = keypad(card.transport().pin_pad().map(|pad| pad.map(|pad| pad.keypad())));
    let guid = card.guid().to_string();
    let told = FromWorker::CardInserted { insertion, card: guid, reader: identity, tries_left, keypad };
    Outcome::Card(Box::new(card), told)
}

fn keypad(pad: Result<Option<PadKeypad>, Cause>) -> Keypad {
    match pad {
        Ok(None | Some(PadKeypad::None)) => Keypad::None,
        Ok(Some(PadKeypad::Verifies)) => Keypad::Verifies,
        Ok(Some(PadKeypad::VerifiesAndChanges)) => Keypad::VerifiesAndChanges,
        Err(_) => Keypad::Unknown,
    }
}
