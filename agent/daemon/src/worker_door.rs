//! The agent's end of the card worker: what it tells becomes events. When it goes away, everything is locked at once.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use sekisho_ipc::{Connection, ConnectionError, Descriptors};
use sekisho_wire::id::ReaderIdentity;
use sekisho_wire::reason::WorkerState;
use sekisho_wire::record::{Body, CardSeen};

use crate::agent::{Agent, Core, Worker};
use crate::session::{Event, InsertedCard, Insertion};
use crate::worker_link::{CallAnswer, FromWorker, WORKER_MESSAGE_MAX};

/// How long the worker may take to read a message. It reads all the time, whatever its card does.
const WRITE: Duration = Duration::from_secs(2);

impl Agent {
    /// Listens to one worker until it goes away.
    pub(crate) fn serve_worker(self: &Arc<Self>, stream: UnixStream, number: u64) {
        let outcome = Connection::new(stream, Descriptors::Refused).and_then(|mut connection| {
            let writer = connection.writer(Some(WRITE))?;
            if !self.worker_came(Worker { writer, number }) {
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
            self.write(&mut core, Body::Worker(WorkerState::Back));
        }
        core.worker = Some(worker);
        self.tell(&mut core);
        true
    }

    fn worker_left(&self) {
        let mut core = self.lock();
        core.worker = None;
        core.calls.clear();
        core.unreadable = None;
        self.step(&mut core, Event::WorkerLost);
        self.write(&mut core, Body::Worker(WorkerState::Lost));
        self.tell(&mut core);
    }

    fn listen(&self, connection: &mut Connection) -> Result<(), ConnectionError> {
        loop {
            match connection.read_message::<FromWorker>(WORKER_MESSAGE_MAX) {
                Ok(message) => self.heard(message),
                Err(ConnectionError::Closed) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn heard(&self, message: FromWorker) {
        let mut core = self.lock();
        match message {
            FromWorker::ServiceLost => {
                core.unreadable = None;
                core.calls.clear();
                self.step(&mut core, Event::CardServiceLost);
                self.tell(&mut core);
            }
            FromWorker::ServiceBack => log::info!("the smart card service is there"),
            FromWorker::ReaderAdded { reader } => {
                if let Ok(reader) = ReaderIdentity::new(&reader) {
                    self.write(&mut core, Body::ReaderUp(reader));
                }
            }
            FromWorker::ReaderRemoved { reader } => {
                core.unreadable = None;
                if let Ok(reader) = ReaderIdentity::new(&reader) {
                    self.write(&mut core, Body::ReaderDown(reader));
                }
            }
            FromWorker::CardInserted { insertion, card, reader, tries_left } => {
                self.card_inserted(&mut core, insertion, &card, &reader, tries_left);
            }
            FromWorker::CardUnreadable { problem } => {
                log::info!("{}", problem.what);
                core.unreadable = Some(problem);
                self.tell(&mut core);
            }
            FromWorker::CardRemoved { insertion } => {
                core.unreadable = None;
                if let Some(insertion) = core.numbered(insertion) {
                    self.step(&mut core, Event::CardRemoved(insertion));
                }
                self.tell(&mut core);
            }
            FromWorker::Answer { call, answer } => core.answer(call, answer),
        }
    }

    fn card_inserted(&self, core: &mut Core, own: u64, card: &str, reader: &str, tries_left: Option<u8>) {
        let (Ok(card), Some(insertion)) = (card.parse(), core.numbered(own)) else {
            log::warn!("the card worker told of a card without a GUID");
            return;
        };
        let reader = ReaderIdentity::new(reader).ok();
        core.unreadable = None;
        core.wrong_pins = 0;
        self.write(core, Body::CardSeen(CardSeen { card, reader: reader.clone() }));
        self.step(core, Event::CardInserted(InsertedCard { insertion, card, reader, tries_left }));
    }
}

impl Core {
    fn numbered(&self, own: u64) -> Option<Insertion> {
        self.worker.as_ref().map(|worker| worker.insertion(own))
    }

    /// Gives an answer to whoever waits for it. After the last answer of a call its sender is dropped by the waiter.
    fn answer(&mut self, call: u64, answer: CallAnswer) {
        if let Some(waiting) = self.calls.get(&call)
            && waiting.send(answer).is_err()
        {
            self.calls.remove(&call);
        }
    }
}
