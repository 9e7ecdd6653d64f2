//! The cards in the readers, and what is done with them, one after the other.

use std::collections::HashMap;

use sekisho_card::{
    CardError, Disposition, Lengths, LoginError, OperatorCard, PcscReader, PcscTransport, ReaderName, SharePolicy,
    Tries,
};
use sekisho_ipc::PinFrame;
use sekisho_wire::id::{Hash, Signature};
use sekisho_wire::secret::Pin;
use sekisho_wire::words::Language;

use crate::card_worker::Outbox;
use crate::worker_link::{CallAnswer, Failure, FromWorker, Problem};

/// Something to do with a card.
#[derive(Debug)]
pub(crate) enum Job {
    Open { reader: ReaderName, insertion: u64 },
    Forget { insertion: u64 },
    ForgetAll,
    Sign { call: u64, insertion: u64, pin: Option<PinFrame>, digest: [u8; 32] },
    ChangePin { call: u64, insertion: u64, old: Option<PinFrame>, new: Option<PinFrame> },
    Prove { call: u64, insertion: u64, digest: [u8; 32] },
    LogOut { insertion: u64 },
}

type Card = OperatorCard<PcscTransport>;

/// Has the cards.
pub(crate) struct CardDesk {
    policy: SharePolicy,
    cards: HashMap<u64, Card>,
}

impl CardDesk {
    pub(crate) fn new(policy: SharePolicy) -> Self {
        Self { policy, cards: HashMap::new() }
    }

    pub(crate) fn work(&mut self, job: Job, outbox: &Outbox) {
        match job {
            Job::Open { reader, insertion } => {
                let told = match self.open(&reader, insertion) {
                    Ok(inserted) => inserted,
                    Err(problem) => FromWorker::CardUnreadable { problem },
                };
                outbox.tell_of_card(insertion, &told);
            }
            Job::Forget { insertion } => {
                self.cards.remove(&insertion);
            }
            Job::ForgetAll => self.cards.clear(),
            Job::Sign { call, insertion, pin, digest } => {
                let done = self.with_pin(insertion, pin, |card, pin| card.login(pin, &digest));
                // A right PIN fills the counter: how far, only the card knows.
                let tries_left = self.card(insertion).ok().and_then(|card| card.tries_left().ok());
                outbox.tell(&answer(call, done.map(|signature| signed(signature, tries_left))));
            }
            Job::ChangePin { call, insertion, old, new } => {
                let new = new.and_then(|frame| Pin::parse(frame.expose()).ok());
                let done = match new {
                    Some(new) => self.with_pin(insertion, old, |card, old| card.change_pin(old, &new)),
                    None => Err(Failure::NoPin),
                };
                outbox.tell(&answer(call, done.map(|()| CallAnswer::PinChanged)));
            }
            Job::Prove { call, insertion, digest } => {
                let proved = self
                    .card(insertion)
                    .and_then(|card| card.prove_presence(&digest).map_err(|error| failure(&error, None)));
                outbox.tell(&answer(call, proved.map(|signature| signed(signature, None))));
            }
            Job::LogOut { insertion } => {
                if let Some(card) = self.cards.get_mut(&insertion)
                    && let Err(error) = card.reset()
                {
                    log::warn!("{error}");
                }
            }
        }
    }

    /// Lets all cards go, and their PIN state with them.
    pub(crate) fn close(&mut self) {
        for (_, card) in self.cards.drain() {
            if let Err(error) = card.close(Disposition::Reset) {
                log::debug!("{error}");
            }
        }
    }

    /// SELECT, GUID, tries: three APDUs.
    fn open(&mut self, reader: &ReaderName, insertion: u64) -> Result<FromWorker, Problem> {
        let opened = PcscReader::open(reader).and_then(|reader| reader.connect(self.policy, Lengths::Short));
        let transport = opened.map_err(|error| Problem {
            what: error.to_string(),
            next: error.next_step(Language::English).into(),
            next_ja: error.next_step(Language::Japanese).into(),
        })?;
        let mut card = OperatorCard::open(transport).map_err(|error| problem(&error))?;
        let tries_left = match card.tries_left() {
            Ok(tries) => Some(tries),
            Err(error) => {
                log::info!("{error}");
                None
            }
        };
        let identity = card.transport().reader_identity().identity.to_string();
        let told = FromWorker::CardInserted { insertion, card: card.guid().to_string(), reader: identity, tries_left };
        self.cards.insert(insertion, card);
        Ok(told)
    }

    fn card(&mut self, insertion: u64) -> Result<&mut Card, Failure> {
        self.cards.get_mut(&insertion).ok_or(Failure::CardGone)
    }

    fn with_pin<R>(
        &mut self,
        insertion: u64,
        frame: Option<PinFrame>,
        work: impl FnOnce(&mut Card, &Pin) -> Result<R, LoginError>,
    ) -> Result<R, Failure> {
        let card = self.card(insertion)?;
        let pin = frame.and_then(|frame| Pin::parse(frame.expose()).ok()).ok_or(Failure::NoPin)?;
        work(card, &pin).map_err(|error| login_failure(card, &error))
    }
}

fn signed(signature: [u8; 64], tries_left: Option<u8>) -> CallAnswer {
    CallAnswer::Signed { signature: Signature(signature).to_string(), tries_left }
}

fn answer(call: u64, done: Result<CallAnswer, Failure>) -> FromWorker {
    let answer = done.unwrap_or_else(|failure| CallAnswer::Failed { failure });
    FromWorker::Answer { call, answer }
}

/// Only the card's own word counts as a wrong PIN. After anything else the count is read again, because nobody knows what it cost.
fn login_failure(card: &mut Card, error: &LoginError) -> Failure {
    match error {
        LoginError::WrongPin { tries_left } => Failure::WrongPin { tries_left: *tries_left },
        LoginError::Blocked => Failure::WrongPin { tries_left: 0 },
        LoginError::CardRemoved { .. } => Failure::CardGone,
        LoginError::PinPolicy(_)
        | LoginError::RefusedByCard
        | LoginError::Transport { .. }
        | LoginError::SecurityStatus { .. }
        | LoginError::Card { .. } => {
            let tries_left = if error.tries() == Tries::Unknown { card.tries_left().ok() } else { None };
            Failure::Problem { problem: words(error, |language| error.next_step(language)), tries_left }
        }
    }
}

fn failure(error: &CardError, tries_left: Option<u8>) -> Failure {
    Failure::Problem { problem: problem(error), tries_left }
}

fn problem(error: &CardError) -> Problem {
    words(error, |language| error.next_step(language))
}

fn words(error: &dyn std::fmt::Display, next: impl Fn(Language) -> &'static str) -> Problem {
    let (next, next_ja) = (next(Language::English), next(Language::Japanese));
    Problem { what: error.to_string(), next: next.into(), next_ja: next_ja.into() }
}

/// A card that does not answer.
pub(crate) fn mute() -> Problem {
    Problem {
        what: "cannot read the card: it does not answer".into(),
        next: "Take it out, wipe the contacts, and insert it with the chip first.".into(),
        next_ja: "カードを抜き、端子を拭いて、ICチップの向きを確かめて挿入してください。".into(),
    }
}

/// Bytes as hexadecimal, for a digest on its way.
pub(crate) fn hex(digest: &[u8; 32]) -> String {
    Hash(*digest).to_string()
}
