//! The agent's end of the card worker: what it tells becomes events. When it goes away, everything is locked at once.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use sekisho_ipc::{Connection, ConnectionError, Descriptors, Keypad};
use sekisho_wire::id::{CardGuid, Code, ReaderIdentity};
use sekisho_wire::reason::WorkerState;
use sekisho_wire::record::{Body, CardSeen, PinChanged, PinFailed};

use crate::agent::{Agent, Core, Errand, Worker};
use crate::pins_sent::{Sent, Typed};
use crate::session::{Event, InsertedCard, Insertion};
use crate::worker_link::{CallAnswer, Failure, FromWorker, Lost, WORKER_MESSAGE_MAX};

/// How long the worker may take to read a message. It reads all the time, whatever its card does.
const WRITE: Duration = Duration::from_secs(2);
/// So much may wait for the worker to read; a worker that is so far behind is lost.
const ERRANDS: usize = 256;
/// A worker that has said nothing for so many looks does not see the readers any more. It ends itself after two; this is for one that is
/// frozen as a whole.
const SILENT_LOOKS: u32 = 3;

impl Agent {
    /// Listens to one worker until it goes away.
    pub(crate) fn serve_worker(self: &Arc<Self>, stream: UnixStream, number: u64) {
        self.wait_upon_worker(stream, number, self.config.card.watch() * SILENT_LOOKS);
    }

    fn wait_upon_worker(self: &Arc<Self>, stream: UnixStream, number: u64, silence: Duration) {
        let outcome = Connection::new(stream, Descriptors::Refused).and_then(|mut connection| {
            connection.set_read_waits(Some(silence), Some(silence));
            let queue = send_errands(&connection)?;
            if !self.worker_came(Worker { queue, number }) {
                log::warn!("a second card worker was turned away");
                return Ok(());
            }
            let end = self.listen(&mut connection);
            self.worker_left();
            end
        });
        if let Err(error) = outcome {
            log::warn!("lost the card worker: {error}");
        }
    }

    fn worker_came(&self, worker: Worker) -> bool {
        let mut core = self.lock();
        if core.worker.is_some() {
            return false;
        }
        if worker.number > 1 {
            self.observe(&mut core, Body::Worker(WorkerState::Back));
        }
        core.worker = Some(worker);
        core.hand_cards_to_worker();
        self.tell(&mut core);
        true
    }

    fn worker_left(&self) {
        let mut core = self.lock();
        core.worker = None;
        core.calls.clear();
        core.pins.worker_lost();
        core.unreadable.clear();
        self.step(&mut core, Event::WorkerLost);
        self.observe(&mut core, Body::Worker(WorkerState::Lost));
        self.readers_lost(&mut core);
        self.tell(&mut core);
    }

    fn listen(&self, connection: &mut Connection) -> Result<(), ConnectionError> {
        loop {
            match connection.read_message::<FromWorker>(WORKER_MESSAGE_MAX) {
                Ok(FromWorker::Alive) => {}
                Ok(message) => self.heard(message),
                Err(ConnectionError::Closed) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn heard(&self, message: FromWorker) {
        if let FromWorker::Grant { insertion, grant } = &message {
            return self.grant_came(*insertion, grant.as_deref());
        }
        let mut core = self.lock();
        match message {
            FromWorker::Alive | FromWorker::Grant { .. } => {}
            FromWorker::ServiceLost => {
                core.unreadable.clear();
                core.calls.clear();
                core.pins.cards_lost();
                self.step(&mut core, Event::CardServiceLost);
                self.readers_lost(&mut core);
                self.tell(&mut core);
            }
            FromWorker::ServiceBack => log::info!("the smart card service is there"),
            FromWorker::ReaderAdded { reader } => {
                if let Ok(reader) = ReaderIdentity::new(&reader)
                    && core.readers.insert(reader.clone())
                {
                    self.observe(&mut core, Body::ReaderUp(reader));
                }
            }
            FromWorker::ReaderRemoved { reader, insertion } => {
                insertion.inspect(|own| drop(core.unreadable.remove(own)));
                if let Some(insertion) = insertion.and_then(|own| core.numbered(own)) {
                    self.step(&mut core, Event::ReaderLost(insertion));
                }
                if let Ok(reader) = ReaderIdentity::new(&reader)
                    && core.readers.remove(&reader)
                {
                    self.observe(&mut core, Body::ReaderDown(reader));
                }
            }
            // What the worker saw before it let go of the cards, or should not have looked at.
            FromWorker::CardInserted { .. } | FromWorker::CardUnreadable { .. } if core.lease.is_some() => {}
            FromWorker::CardInserted { insertion, card, reader, tries_left, keypad } => {
                self.card_inserted(&mut core, insertion, &card, &reader, (tries_left, keypad));
            }
            FromWorker::CardUnreadable { insertion, problem } => {
                log::info!("{}", problem.what);
                core.unreadable.insert(insertion, problem);
                self.tell(&mut core);
            }
            FromWorker::CardRemoved { insertion } => {
                core.unreadable.remove(&insertion);
                if let Some(insertion) = core.numbered(insertion) {
                    let card = core.machine.card_of(insertion);
                    core.pins.pulled(insertion, card);
                    self.step(&mut core, Event::CardRemoved(insertion));
                }
                self.tell(&mut core);
            }
            FromWorker::CardLost { insertion, next, lost } => {
                core.unreadable.remove(&insertion);
                if let (Some(insertion), Some(next)) = (core.numbered(insertion), core.numbered(next)) {
                    let card = core.machine.card_of(insertion);
                    core.pins.way_lost(next, card);
                    let event = match lost {
                        Lost::Card => Event::CardRemoved(insertion),
                        Lost::Reader => Event::ReaderLost(insertion),
                    };
                    self.step(&mut core, event);
                }
                self.tell(&mut core);
            }
            FromWorker::TriesLeft { insertion, tries_left } => {
                if let Some(insertion) = core.numbered(insertion) {
                    self.step(&mut core, Event::TriesLeft(insertion, tries_left));
                }
            }
            FromWorker::Answer { call, answer } => self.answered(&mut core, call, answer),
        }
    }

    /// Service or worker is gone, and every reader with it: whichever comes back is told anew.
    fn readers_lost(&self, core: &mut Core) {
        for reader in std::mem::take(&mut core.readers) {
            self.observe(core, Body::ReaderDown(reader));
        }
    }

    fn card_inserted(
        &self,
        core: &mut Core,
        own: u64,
        card: &str,
        reader: &str,
        (tries_left, keypad): (Option<u8>, Keypad),
    ) {
        let (Ok(card), Some(insertion)) = (card.parse(), core.numbered(own)) else {
            log::warn!("the card worker told of a card without a GUID");
            return;
        };
        let reader = ReaderIdentity::new(reader).ok();
        core.unreadable.remove(&own);
        core.reports.see(card);
        self.observe(core, Body::CardSeen(CardSeen { card, reader: reader.clone() }));
        let lost_a_try = core.pins.inserted(insertion, &card, tries_left);
        self.step(core, Event::CardInserted(InsertedCard { insertion, card, reader, tries_left, keypad }));
        self.ask_for_grant(core, insertion);
        if let (true, Some(left)) = (lost_a_try, tries_left) {
            // Whoever typed it was not told. The record is what stays of it.
            self.wrong_pin(core, Sent { insertion, card, tries_before: None, typed: Typed::AtKeyboard }, left);
        }
    }

    /// What the card said of a PIN counts whoever waits for it: a prompt that was given up has cost its try all the same.
    fn answered(&self, core: &mut Core, call: u64, answer: CallAnswer) {
        let on_reader = core.pins.waits_on_reader();
        match &answer {
            CallAnswer::PinTyped if core.calls.contains_key(&call) => core.proving = Some(call),
            CallAnswer::PinTyped | CallAnswer::LetGo => {}
            CallAnswer::Failed { failure: Failure::WrongPin { tries_left } } => {
                if let Some(sent) = core.pins.ended(call) {
                    self.wrong_pin(core, sent, *tries_left);
                }
            }
            CallAnswer::Failed { failure: Failure::Problem { tries_left: Some(left), .. } } => {
                let sent = core.pins.ended(call);
                if let Some(sent) = sent.filter(|sent| sent.tries_before.is_some_and(|before| *left < before)) {
                    self.wrong_pin(core, sent, *left);
                }
            }
            CallAnswer::Failed { failure: Failure::Unanswered } => core.pins.ended_unheard(call),
            CallAnswer::PinChanged => {
                if let Some(Sent { card, .. }) = core.pins.ended(call) {
                    let operator = self.holder(core, &card);
                    self.write(core, Body::PinChanged(PinChanged { card, operator }));
                    // The ledger is to hear of it.
                    self.tell(core);
                }
            }
            CallAnswer::Signed { .. }
            | CallAnswer::Failed { failure: Failure::NoPin | Failure::CardGone | Failure::Problem { .. } } => {
                core.pins.ended(call);
            }
        }
        if on_reader != core.pins.waits_on_reader() {
            self.tell(core);
        }
        core.pass_on(call, answer);
    }

    fn wrong_pin(&self, core: &mut Core, sent: Sent, tries_left: u8) {
        let Sent { insertion, card, .. } = sent;
        if core.machine.card_of(insertion).is_some() {
            core.pins.count_wrong(card);
            self.step(core, Event::TriesLeft(insertion, tries_left));
        }
        let operator = self.holder(core, &card);
        self.write(core, Body::PinFailed(PinFailed { card, operator, tries_left }));
    }

    /// Who holds a card now.
    fn holder(&self, core: &mut Core, card: &CardGuid) -> Option<Code> {
        let now = self.now(core).trusted;
        let register = core.deciding();
        register.card(card)?.holder(now.max(register.newest_made())).map(|holder| holder.operator.clone())
    }
}

/// A thread that writes to the worker what is put into the queue. It ends with the queue, or when the worker takes nothing.
fn send_errands(connection: &Connection) -> Result<SyncSender<Errand>, ConnectionError> {
    let mut writer = connection.writer(Some(WRITE))?;
    let stream = connection.stream().try_clone()?;
    let (queue, errands) = sync_channel::<Errand>(ERRANDS);
    let send = move || {
        for (message, descriptor) in errands {
            let sent = match descriptor {
                Some(descriptor) => writer.write_message_with_fd(&message, descriptor.as_fd()),
                None => writer.write_message(&message),
            };
            if let Err(error) = sent {
                log::warn!("cannot ask the card worker: {error}");
                // The reading thread sees the end of the connection, and locks.
                let _ = stream.shutdown(std::net::Shutdown::Both);
                return;
            }
        }
    };
    std::thread::Builder::new().name("to card worker".into()).spawn(send)?;
    Ok(queue)
}

impl Core {
    pub(crate) fn numbered(&self, own: u64) -> Option<Insertion> {
        self.worker.as_ref().map(|worker| worker.insertion(own))
    }

    /// Gives an answer to whoever waits for it. After the last answer of a call its sender is dropped by the waiter.
    fn pass_on(&mut self, call: u64, answer: CallAnswer) {
        if let Some(waiting) = self.calls.get(&call)
            && waiting.send(answer).is_err()
        {
            self.calls.remove(&call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::State;
    use crate::testing::{Bench, until};

    fn readers(bench: &Bench) -> Vec<&'static str> {
        bench.kinds().into_iter().filter(|kind| kind.starts_with("reader_")).collect()
    }

    #[test]
    fn readers_go_with_the_card_service_and_with_the_worker_also_without_a_session() {
        let bench = Bench::new();
        let added = || FromWorker::ReaderAdded { reader: "name:Bench".to_owned() };
        bench.agent.heard(added());
        bench.agent.heard(added());
        assert_eq!(readers(&bench), ["reader_up"], "told twice, it is there once");
        bench.agent.heard(FromWorker::ServiceLost);
        bench.agent.heard(FromWorker::ServiceLost);
        assert_eq!(readers(&bench), ["reader_up", "reader_down"]);
        bench.agent.heard(added());
        bench.worker.die();
        until(|| bench.agent.lock().worker.is_none());
        assert_eq!(readers(&bench), ["reader_up", "reader_down", "reader_up", "reader_down"]);
    }

    #[test]
    fn a_worker_that_falls_silent_is_lost_and_everything_is_locked() {
        let bench = Bench::new();
        bench.log_in();
        bench.worker.die();
        until(|| bench.agent.lock().worker.is_none());
        let (_silent, theirs) = UnixStream::pair().unwrap();
        bench.agent.wait_upon_worker(theirs, 7, Duration::from_millis(20));
        let core = bench.agent.lock();
        assert!(core.worker.is_none());
        assert!(!matches!(core.machine.state(), State::Open(_)));
    }
}
