//! The cards in the readers, and what is done with them, one after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_card::{
    CardCause, CardError, Cause, Disposition, Doing, LoginError, OperatorCard, PcscTransport, ReaderName,
    TransportError, Tries,
};
use sekisho_ipc::PinFrame;
use sekisho_wire::id::{Hash, Signature};
use sekisho_wire::secret::Pin;
use sekisho_wire::words::Language;

use crate::card_worker::Outbox;
use crate::opening::{self, Opened, Openings};
use crate::pad_entry::PadEntry;
use crate::pin_intake::Intake;
use crate::worker_link::SignKey;
use crate::worker_link::{CallAnswer, Failure, FromWorker, Lost, OnReader, Problem};

/// How long the agent may take to decide when the card has taken a PIN: the card is verified meanwhile.
const DECIDED: Duration = Duration::from_secs(5);

/// Something to do with a card.
pub(crate) enum Job {
    Open {
        reader: ReaderName,
        insertion: u64,
    },
    Opened(Opened),
    Forget {
        insertion: u64,
    },
    ForgetAll,
    Sign {
        call: u64,
        insertion: u64,
        intake: Arc<Intake>,
        digest: [u8; 32],
        key: SignKey,
    },
    OnReader {
        call: u64,
        insertion: u64,
        what: OnReader,
        entry: Arc<PadEntry>,
        patience: Duration,
    },
    ChangePin {
        call: u64,
        insertion: u64,
        intake: Arc<Intake>,
    },
    Prove {
        call: u64,
        insertion: u64,
        digest: [u8; 32],
    },
    ReadGrant {
        insertion: u64,
    },
    LetGo {
        call: u64,
    },
    TakeUp,
    LogOut {
        insertion: u64,
    },
    /// Nobody is told any more: the cards are let go.
    End,
}

impl Job {
    /// How much longer than others this may take: a person is waited for.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::OnReader { what, patience, .. } => *patience * what.entries(),
            Self::Open { .. }
            | Self::Opened(_)
            | Self::Forget { .. }
            | Self::ForgetAll
            | Self::Sign { .. }
            | Self::ChangePin { .. }
            | Self::Prove { .. }
            | Self::ReadGrant { .. }
            | Self::LetGo { .. }
            | Self::TakeUp
            | Self::LogOut { .. }
            | Self::End => Duration::ZERO,
        }
    }
}

pub(crate) type Card = OperatorCard<PcscTransport>;

/// Has the cards.
pub(crate) struct CardDesk {
    openings: Openings,
    cards: HashMap<u64, Card>,
    holds: Holds,
    /// Lends the readers as soon as no card is being opened: the call that asks for it.
    lends: Option<u64>,
    /// Cards that another program holds: they are looked at again until it has let them go.
    in_use: HashMap<u64, ReaderName>,
}

/// Whether cards are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Cards,
    /// Nobody has said yet that they are ours, or they are lent: somebody else opens them.
    Nothing,
}

impl CardDesk {
    pub(crate) fn new(openings: Openings) -> Self {
        Self { openings, cards: HashMap::new(), holds: Holds::Nothing, lends: None, in_use: HashMap::new() }
    }

    pub(crate) fn work(&mut self, job: Job, outbox: &Outbox) {
        if let Job::Opened(opened) = &job {
            self.openings.note(opened);
        }
        match job {
            // What is in the readers then is opened by `TakeUp`; and what that has opened is open.
            Job::Open { insertion, .. } if self.holds == Holds::Nothing || self.cards.contains_key(&insertion) => {}
            Job::Open { reader, insertion } => self.openings.begin(reader, insertion),
            // It came while the readers were lent: it is let go here.
            Job::Opened(opened) if self.holds == Holds::Nothing => {
                drop(opened);
                self.lend(outbox);
            }
            Job::Opened(opened) => self.opened(opened, outbox),
            Job::Forget { insertion } => {
                self.cards.remove(&insertion);
                self.in_use.remove(&insertion);
            }
            Job::ForgetAll => {
                self.cards.clear();
                self.in_use.clear();
            }
            Job::Sign { call, insertion, intake, digest, key } => {
                let [pin, _] = intake.take();
                let done = self.with_pin(insertion, pin, |card, pin| match key {
                    SignKey::Login => card.login(pin, &digest),
                    SignKey::Act => card.sign_act(pin, &digest),
                });
                self.finish_pin(call, insertion, done.map(signed), outbox);
            }
            Job::OnReader { call, insertion, what, entry, patience } => {
                self.on_reader((call, insertion), what, &entry, patience, outbox);
            }
            Job::ChangePin { call, insertion, intake } => {
                let [old, new] = intake.take();
                let done = match new.as_ref().and_then(pin_of) {
                    Some(new) => self.with_pin(insertion, old, |card, old| card.change_pin(old, &new)),
                    None => Err(Failure::NoPin.into()),
                };
                self.finish_pin(call, insertion, done.map(|()| CallAnswer::PinChanged), outbox);
            }
            Job::Prove { call, insertion, digest } => {
                let proved = self.card(insertion).map_err(Fault::from);
                let proved = proved.and_then(|card| card.prove_presence(&digest).map_err(|error| fault(&error)));
                self.finish(call, insertion, proved.map(signed), outbox);
            }
            Job::ReadGrant { insertion } => {
                let read = self.cards.get_mut(&insertion).map(OperatorCard::read_grant);
                // A card that nobody knows is not looked at anew because of it: it would be asked again, and fail again, without end.
                let read = read.and_then(|read| read.inspect_err(|error| log::info!("{error}")).ok().flatten());
                outbox.tell(&FromWorker::Grant { insertion, grant: read.map(|grant| STANDARD.encode(grant)) });
            }
            Job::LetGo { call } => self.let_go(call, outbox),
            Job::TakeUp => {
                self.holds = Holds::Cards;
                for (reader, insertion) in outbox.present() {
                    self.work(Job::Open { reader, insertion }, outbox);
                }
            }
            Job::LogOut { insertion } => {
                let done = self.cards.get_mut(&insertion).map(OperatorCard::reset);
                if let Some(Err(error)) = done {
                    self.fails(insertion, &error, outbox);
                } else {
                    // Selected and known again now, while nobody waits: the PIN that opens the session again need not wait for it.
                    self.count_tries(insertion, outbox);
                }
            }
            Job::End => self.close(),
        }
    }

    /// Each card is lost to the agent before it is let go: who types a PIN for one hears that it went.
    fn let_go(&mut self, call: u64, outbox: &Outbox) {
        log::info!("the readers are lent: no card is touched");
        self.holds = Holds::Nothing;
        self.in_use.clear();
        self.cards.keys().for_each(|insertion| drop(outbox.lost(*insertion, Lost::Card)));
        self.close();
        self.lends = Some(call);
        self.lend(outbox);
    }

    /// Says that the readers are lent, once nothing of ours holds a card. What holds up a reader itself is left out.
    fn lend(&mut self, outbox: &Outbox) {
        if self.openings.are_done()
            && let Some(call) = self.lends.take()
        {
            outbox.tell(&FromWorker::Answer { call, answer: CallAnswer::LetGo });
        }
    }

    /// Something came of a card that was being opened, or nothing in time.
    fn opened(&mut self, Opened { reader, insertion, outcome }: Opened, outbox: &Outbox) {
        let waited_for = self.in_use.remove(&insertion).is_some();
        // One that left meanwhile is let go here: whoever saw it leave has told.
        if !outbox.is_in(insertion) {
            return;
        }
        let told = match outcome {
            opening::Outcome::Card(card, told) => {
                self.cards.insert(insertion, *card);
                told
            }
            opening::Outcome::InUse(problem) => {
                self.in_use.insert(insertion, reader);
                if waited_for {
                    return;
                }
                FromWorker::CardUnreadable { insertion, problem }
            }
            opening::Outcome::Unreadable(problem) => FromWorker::CardUnreadable { insertion, problem },
            opening::Outcome::HoldsUp => {
                log::warn!(
                    "the card in '{reader}' does not come back; its reader is left out until it does, or is pulled"
                );
                FromWorker::CardUnreadable { insertion, problem: holds_up(&reader) }
            }
        };
        outbox.tell_of_card(insertion, &told);
    }

    /// Whether a card is in that another program holds.
    pub(crate) fn waits_for_others(&self) -> bool {
        !self.in_use.is_empty()
    }

    /// Looks again at the cards that others held.
    pub(crate) fn look_again(&mut self) {
        for (insertion, reader) in &self.in_use {
            self.openings.begin(reader.clone(), *insertion);
        }
    }

    /// Lets a PIN be typed on the reader. A call that nobody wanted any more before the reader was asked never reaches it.
    fn on_reader(
        &mut self,
        (call, insertion): (u64, u64),
        what: OnReader,
        entry: &PadEntry,
        patience: Duration,
        outbox: &Outbox,
    ) {
        let mut taken = false;
        let digest = || {
            taken = true;
            outbox.tell(&FromWorker::Answer { call, answer: CallAnswer::PinTyped });
            entry.decided(DECIDED)
        };
        let done = match (self.card(insertion), what) {
            _ if entry.is_over() => Err(Failure::NoPin.into()),
            (Err(failure), _) => Err(failure.into()),
            (Ok(card), OnReader::Sign) => match outbox.while_reader_waits(|| card.login_on_pad(patience, digest)) {
                Some(Ok(Some(signature))) => Ok(signed(signature)),
                Some(Ok(None)) | None => Err(Failure::NoPin.into()),
                Some(Err(error)) => Err(login_fault(card, &error)),
            },
            (Ok(card), OnReader::SignAct) => match outbox.while_reader_waits(|| card.sign_act_on_pad(patience, digest))
            {
                Some(Ok(Some(signature))) => Ok(signed(signature)),
                Some(Ok(None)) | None => Err(Failure::NoPin.into()),
                Some(Err(error)) => Err(login_fault(card, &error)),
            },
            (Ok(card), OnReader::Change) => match outbox.while_reader_waits(|| card.change_pin_on_pad(patience)) {
                Some(Ok(())) => Ok(CallAnswer::PinChanged),
                Some(Err(error)) => Err(login_fault(card, &error)),
                None => Err(Failure::NoPin.into()),
            },
        };
        entry.end();
        let right = taken || done.is_ok();
        self.finish(call, insertion, done, outbox);
        if right {
            self.count_tries(insertion, outbox);
        }
    }

    /// Tells what came of a PIN; then, while the agent goes on with it, how many tries there are. A right PIN fills the counter: how
    /// far, only the card knows.
    fn finish_pin(&mut self, call: u64, insertion: u64, done: Result<CallAnswer, Fault>, outbox: &Outbox) {
        let right = done.is_ok();
        self.finish(call, insertion, done, outbox);
        if right {
            self.count_tries(insertion, outbox);
        }
    }

    /// Asks the card how many tries it has, and tells.
    fn count_tries(&mut self, insertion: u64, outbox: &Outbox) {
        match self.cards.get_mut(&insertion).map(OperatorCard::tries_left) {
            Some(Ok(tries_left)) => outbox.tell(&FromWorker::TriesLeft { insertion, tries_left }),
            Some(Err(error)) => self.fails(insertion, &error, outbox),
            None => {}
        }
    }

    /// Something that nobody waits for failed.
    fn fails(&mut self, insertion: u64, error: &CardError, outbox: &Outbox) {
        log::warn!("{error}");
        if let Some(lost) = what_is_lost(error) {
            self.lost(insertion, lost, outbox);
        }
    }

    /// Tells what came of a call. A card that is not there any more locks, whoever notices first: watcher or desk.
    fn finish(&mut self, call: u64, insertion: u64, done: Result<CallAnswer, Fault>, outbox: &Outbox) {
        let lost = done.as_ref().err().and_then(|fault| fault.lost);
        let answer = done.unwrap_or_else(|fault| CallAnswer::Failed { failure: fault.failure });
        outbox.tell(&FromWorker::Answer { call, answer });
        if let Some(lost) = lost {
            self.lost(insertion, lost, outbox);
        }
    }

    /// The way to the card is broken, or it is another one: this insertion has ended. Whatever is in the reader now is looked at anew.
    fn lost(&mut self, insertion: u64, lost: Lost, outbox: &Outbox) {
        self.cards.remove(&insertion);
        if let Some((reader, insertion)) = outbox.lost(insertion, lost) {
            self.work(Job::Open { reader, insertion }, outbox);
        }
    }

    /// Lets all cards go, and their PIN state with them.
    fn close(&mut self) {
        for (_, card) in self.cards.drain() {
            if let Err(error) = card.close(Disposition::Reset) {
                log::debug!("{error}");
            }
        }
    }

    fn card(&mut self, insertion: u64) -> Result<&mut Card, Failure> {
        self.cards.get_mut(&insertion).ok_or(Failure::CardGone)
    }

    fn with_pin<R>(
        &mut self,
        insertion: u64,
        frame: Option<PinFrame>,
        work: impl FnOnce(&mut Card, &Pin) -> Result<R, LoginError>,
    ) -> Result<R, Fault> {
        let card = self.card(insertion)?;
        let pin = frame.as_ref().and_then(pin_of).ok_or(Failure::NoPin)?;
        drop(frame);
        work(card, &pin).map_err(|error| login_fault(card, &error))
    }
}

fn signed(signature: [u8; 64]) -> CallAnswer {
    CallAnswer::Signed { signature: Signature(signature).to_string() }
}

/// The PIN of a frame, in a place of its own that is wiped with it.
fn pin_of(frame: &PinFrame) -> Option<Box<Pin>> {
    let mut pin = Box::new(Pin::blank());
    pin.fill(frame.expose()).ok().map(|()| pin)
}

/// Why a call came to nothing, and whether the card is lost with it.
struct Fault {
    failure: Failure,
    lost: Option<Lost>,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self { failure, lost: None }
    }
}

fn login_fault(card: &mut Card, error: &LoginError) -> Fault {
    let lost = match error {
        LoginError::CardRemoved { .. } => Some(Lost::Card),
        LoginError::Transport { error, .. } => Some(lost_by(error)),
        LoginError::Card { error, .. } => what_is_lost(error),
        LoginError::WrongPin { .. }
        | LoginError::Blocked
        | LoginError::PinPolicy(_)
        | LoginError::MustChange
        | LoginError::RefusedByCard
        | LoginError::NotTyped(_)
        | LoginError::NoPad
        | LoginError::SecurityStatus { .. } => None,
    };
    let failure = login_failure(card, error);
    // A keypad that refuses says nothing of the way to the card: the count that was just read came over it.
    let refused = matches!(error, LoginError::Transport { error, .. } if error.doing == Doing::AskReader);
    let counted = matches!(failure, Failure::Problem { tries_left: Some(_), .. });
    Fault { failure, lost: lost.filter(|_| !(refused && counted)) }
}

/// Only the card's own word counts as a wrong PIN. After anything else the count is read again, because nobody knows what it cost.
fn login_failure(card: &mut Card, error: &LoginError) -> Failure {
    match error {
        LoginError::WrongPin { tries_left } => Failure::WrongPin { tries_left: *tries_left },
        LoginError::Blocked => Failure::WrongPin { tries_left: 0 },
        LoginError::CardRemoved { tries: Tries::Unknown } => Failure::Unanswered,
        LoginError::CardRemoved { .. } => Failure::CardGone,
        LoginError::PinPolicy(_)
        | LoginError::MustChange
        | LoginError::RefusedByCard
        | LoginError::NotTyped(_)
        | LoginError::NoPad
        | LoginError::Transport { .. }
        | LoginError::SecurityStatus { .. }
        | LoginError::Card { .. } => {
            let tries_left = match error.tries() {
                Tries::Untouched => None,
                // A right PIN gave back what wrong ones before it had cost.
                Tries::Unknown | Tries::Full => card.tries_left().ok(),
            };
            if error.tries() == Tries::Unknown && tries_left.is_none() {
                log::warn!("{error}");
                return Failure::Unanswered;
            }
            let problem = words(|language| (error.in_words(language), error.next_step(language)));
            Failure::Problem { problem, tries_left }
        }
    }
}

fn fault(error: &CardError) -> Fault {
    Fault { failure: Failure::Problem { problem: problem(error), tries_left: None }, lost: what_is_lost(error) }
}

/// What is lost when nobody can say any more that the card that was told of is in the reader.
fn what_is_lost(error: &CardError) -> Option<Lost> {
    let another = matches!(error.cause, CardCause::OtherCard { .. } | CardCause::NotPiv);
    error.transport_error().map(lost_by).or(another.then_some(Lost::Card))
}

/// A card that is pulled amid an exchange looks like a reader that fails; only the service's own word counts as a reader lost.
fn lost_by(error: &TransportError) -> Lost {
    if error.cause == Cause::ReaderGone { Lost::Reader } else { Lost::Card }
}

pub(crate) fn problem(error: &CardError) -> Problem {
    words(|language| (error.in_words(language), error.next_step(language)))
}

pub(crate) fn words(said: impl Fn(Language) -> (String, &'static str)) -> Problem {
    let ((what, next), (what_ja, next_ja)) = (said(Language::English), said(Language::Japanese));
    Problem { what, what_ja, next: next.into(), next_ja: next_ja.into() }
}

/// A card that does not answer.
pub(crate) fn mute() -> Problem {
    Problem {
        what: "cannot read the card: it does not answer".into(),
        what_ja: "カードを読めません: カードが応答しません".into(),
        next: "Take it out, wipe the contacts, and insert it with the chip first.".into(),
        next_ja: "カードを抜き、端子を拭いて、ICチップの向きを確かめて挿入してください。".into(),
    }
}

/// A card that is asked and does not come back, or that another program keeps us waiting for.
fn holds_up(reader: &ReaderName) -> Problem {
    Problem {
        what: format!("cannot read the card in '{reader}': it does not come back; other readers go on working"),
        what_ja: format!("「{reader}」のカードを読めません: 応答が返りません。ほかのカードリーダーは使えます"),
        next: "Take it out and insert it again. If that does not help, call the system manager.".into(),
        next_ja: "カードを抜いて、もう一度挿入してください。直らなければシステム管理者に連絡してください。".into(),
    }
}

/// Bytes as hexadecimal, for a digest on its way.
pub(crate) fn hex(digest: &[u8; 32]) -> String {
    Hash(*digest).to_string()
}
