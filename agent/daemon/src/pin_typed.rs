//! What becomes of a PIN that was typed: decided upon now, sent to its card, and what the card says of it. A session opens, a function is
//! proved, or the PIN is another.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use sekisho_ipc::{AgentError, AwaitAnswer, RecordRef};
use sekisho_wire::decision::{Level, TerminalState};
use sekisho_wire::id::{Code, RequestId, SessionId, Signature};
use sekisho_wire::reason::{FalseSlot, Reason};
use sekisho_wire::record::{Body, Opening, decision_digest, session_digest};
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::card_desk::hex;
use crate::deciding::Wish;
use crate::function::{Asked, Caller, Proof};
use crate::pins_sent::{Sent, Typed};
use crate::prompt::Begun;
use crate::session::{Event, Insertion, Session};
use crate::spoken;
use crate::worker_link::{CallAnswer, Failure, SignKey, ToWorker};

impl Agent {
    /// The card took its time: whether anything may be granted is asked again.
    fn may_still_grant(&self, core: &mut Core) -> Result<(), AgentError> {
        self.grants_nothing(core).map_or(Ok(()), |code| Err(spoken::refused(code, None)))
    }

    /// The PIN is typed: decides now, lets the card sign what was decided upon, opens the session on its durable record.
    pub(crate) fn log_in(
        &self,
        begun: Begun,
        insertion: Insertion,
        call: u64,
        wish: Wish,
        answers: &Receiver<CallAnswer>,
    ) -> Result<AwaitAnswer, AgentError> {
        let mut core = self.lock();
        core.still_in(insertion)?;
        let wish = if core.machine.terminal_state() == TerminalState::Locked {
            self.wish(&mut core, wish.profile, wish.kind)
        } else {
            wish
        };
        let tries_left = core.machine.card().and_then(|card| card.tries_left);
        let again = core.machine.terminal_state() == TerminalState::Locked;
        let input = self.opening_input(&mut core, &wish);
        let input = self.granted(&mut core, RequestId(self.salt().0), input, tries_left)?;
        let (salt, root) = (self.salt(), core.root());
        let digest = session_digest(&salt, &root, &input);
        let key = core.deciding().card(&input.card.ok_or(AgentError::PromptCancelled)?);
        let key = key.ok_or_else(|| spoken::refused(VerdictCode::CardUnknown, tries_left))?.issued().authentication.0;
        let own = core.own(insertion).ok_or(AgentError::PromptCancelled)?;
        core.send_pin(insertion, call, sign_with_login_key(call, own, &digest))?;
        drop(core);
        let signature = self.signature(insertion, answers)?;
        if !sekisho_card::verify_signature(&key, &digest, &signature.0) {
            self.false_card(&mut self.lock(), insertion, &input, FalseSlot::Authentication);
            return Err(spoken::refused(VerdictCode::CardFalse, None));
        }
        let mut core = self.lock();
        input.card.iter().for_each(|card| core.pins.accepted(card));
        self.may_still_grant(&mut core)?;
        if again && !core.machine.is_locked(insertion, wish.session) {
            // It ended while the card signed, and its end is written: nothing may open it again after that.
            return Err(AgentError::PromptCancelled);
        }
        let part = |code: Option<Code>| code.ok_or_else(|| spoken::refused(VerdictCode::OperatorUnknown, None));
        let session = Session {
            id: wish.session,
            operator: part(input.operator.clone())?,
            profile: part(input.profile.clone())?,
            section: input.section.clone(),
            kind: wish.kind,
            opened: input.time,
        };
        let opening = Opening { input, root, signature };
        let body = if again { Body::SessionUnlocked(opening) } else { Body::SessionOpened(opening) };
        let record = self.write_salted(&mut core, salt, body);
        if !again {
            core.opening.push(session.id);
        }
        drop(core);
        self.opened(begun, insertion, session, again, record)
    }

    fn opened(
        &self,
        Begun { owner, waking }: Begun,
        insertion: Insertion,
        session: Session,
        again: bool,
        record: RecordRef,
    ) -> Result<AwaitAnswer, AgentError> {
        let durable = self.journal.wait(record.seq);
        let mut core = self.lock();
        let id = session.id;
        let opens = core.no_longer_opening(id);
        // Nor does one open whose record is there, when its end could not be recorded any more.
        if durable.is_err() || !self.journal.takes_grants() {
            self.step(&mut core, Event::JournalFailed);
            // The step has closed a locked session already, and the stop one that was not open yet; else nobody has.
            if opens {
                self.write(&mut core, closed(id, Reason::JournalFailed));
            }
            let code = self.grants_nothing(&mut core).unwrap_or(VerdictCode::NotRecorded);
            return Err(spoken::refused(code, None));
        }
        let event = if again {
            Event::Unlocked { insertion, session: id }
        } else {
            Event::Opened { insertion, waking, session }
        };
        self.step(&mut core, event);
        if core.machine.still_open(id).is_err() {
            return Err(AgentError::PromptCancelled);
        }
        if !again {
            core.owner = Some((id, owner));
            core.recent.clear();
        }
        self.recheck(&mut core);
        let verdict = match core.machine.still_open(id) {
            Ok(()) => spoken::verdict(VerdictCode::Granted),
            Err(_) => spoken::verdict(VerdictCode::EndedMeanwhile),
        };
        let session = self.session_shown(&mut core);
        Ok(AwaitAnswer { verdict, tries_left: None, session, record: Some(record), decision: None })
    }

    /// Ends every session whose record of opening is on its way: once the journal has ended, nobody could record that it did not open.
    pub(crate) fn close_opening(&self, core: &mut Core) {
        for session in std::mem::take(&mut core.opening) {
            self.write(core, closed(session, Reason::AgentStopping));
        }
    }

    /// A function of level PIN: as a login, but the card signs the request. Of a request that waits, whoever types the PIN claims it.
    pub(crate) fn with_pin_proof(
        &self,
        (caller, asked, waiting): (&Caller, &Asked, Option<&str>),
        insertion: Insertion,
        call: u64,
        answers: &Receiver<CallAnswer>,
    ) -> Result<AwaitAnswer, AgentError> {
        let mut core = self.lock();
        core.still_in(insertion)?;
        if let Some(id) = waiting {
            self.claim(&mut core, id)?;
        }
        let input = self.function_input(&mut core, &asked.question, Level::Pin);
        let input = self.granted(&mut core, asked.request, input, None)?;
        let salt = self.salt();
        let digest = decision_digest(&salt, &asked.request, &input);
        let key = input.card.and_then(|card| core.deciding().card(&card)).map(|card| card.issued().authentication.0);
        let key = key.ok_or_else(|| spoken::refused(VerdictCode::CardUnknown, None))?;
        let own = core.own(insertion).ok_or(AgentError::PromptCancelled)?;
        core.send_pin(insertion, call, sign_with_login_key(call, own, &digest))?;
        drop(core);
        let signature = self.signature(insertion, answers)?;
        if !sekisho_card::verify_signature(&key, &digest, &signature.0) {
            self.false_card(&mut self.lock(), insertion, &input, FalseSlot::Authentication);
            return Err(spoken::refused(VerdictCode::CardFalse, None));
        }
        let mut core = self.lock();
        let proof = Proof { salt, input, signature };
        proof.input.card.iter().for_each(|card| core.pins.accepted(card));
        self.may_still_grant(&mut core)?;
        if !self.stands(&mut core, &proof) {
            return Err(spoken::refused(VerdictCode::EndedMeanwhile, None));
        }
        let decided = self.record(&mut core, asked, proof.salt, proof.input, Some(proof.signature));
        drop(core);
        let answer = self.settle(caller, asked, decided);
        let session = self.session_shown(&mut self.lock());
        Ok(AwaitAnswer {
            verdict: answer.verdict,
            tries_left: None,
            session,
            record: answer.record,
            decision: answer.decision,
        })
    }

    pub(crate) fn change_pin(
        &self,
        insertion: Insertion,
        call: u64,
        answers: &Receiver<CallAnswer>,
    ) -> Result<AwaitAnswer, AgentError> {
        let mut core = self.lock();
        core.still_in(insertion)?;
        let own = core.own(insertion).ok_or(AgentError::PromptCancelled)?;
        let tries_left = core.machine.card().and_then(|card| card.tries_left);
        self.may_change_pin(&mut core, tries_left)?;
        core.send_pin(insertion, call, ToWorker::ChangePin { call, insertion: own })?;
        drop(core);
        let answer = self.answer(answers)?;
        self.pin_changed(insertion, answer)
    }

    /// What came of a change of PIN, wherever it was typed.
    pub(crate) fn pin_changed(&self, insertion: Insertion, answer: CallAnswer) -> Result<AwaitAnswer, AgentError> {
        match answer {
            CallAnswer::PinChanged => {
                let mut core = self.lock();
                let card = core.machine.card_of(insertion);
                card.iter().for_each(|card| core.pins.accepted(card));
                drop(core);
                let verdict = spoken::verdict(VerdictCode::Granted);
                Ok(AwaitAnswer { verdict, tries_left: None, session: None, record: None, decision: None })
            }
            CallAnswer::Failed { failure } => Err(self.failed(insertion, failure)),
            CallAnswer::PinTyped | CallAnswer::Signed { .. } | CallAnswer::LetGo => Err(AgentError::PromptCancelled),
        }
    }

    fn answer(&self, answers: &Receiver<CallAnswer>) -> Result<CallAnswer, AgentError> {
        let patience = self.config.card.deadline() + Duration::from_secs(1);
        // The card has the PIN by now, and nobody will say what became of it.
        answers.recv_timeout(patience).map_err(|_| spoken::refused(VerdictCode::PinUnanswered, None))
    }

    pub(crate) fn signature(
        &self,
        insertion: Insertion,
        answers: &Receiver<CallAnswer>,
    ) -> Result<Signature, AgentError> {
        match self.answer(answers)? {
            CallAnswer::Signed { signature } => {
                signature.parse().map_err(|_| spoken::refused(VerdictCode::CardFalse, None))
            }
            CallAnswer::Failed { failure } => Err(self.failed(insertion, failure)),
            CallAnswer::PinTyped | CallAnswer::PinChanged | CallAnswer::LetGo => Err(AgentError::PromptCancelled),
        }
    }

    /// The card did not do it.
    pub(crate) fn failed(&self, insertion: Insertion, failure: Failure) -> AgentError {
        let mut core = self.lock();
        match failure {
            Failure::NoPin | Failure::CardGone => AgentError::PromptCancelled,
            Failure::Unanswered => spoken::refused(VerdictCode::PinUnanswered, None),
            Failure::Problem { problem, tries_left } => {
                if let Some(tries) = tries_left {
                    self.step(&mut core, Event::TriesLeft(insertion, tries));
                }
                spoken::problem(&problem, tries_left)
            }
            // Counted and recorded as it came.
            Failure::WrongPin { tries_left } => spoken::wrong_pin(tries_left),
        }
    }
}

impl Core {
    /// Sends a PIN to the card that it was typed for. From here on its outcome counts, whoever waits for it.
    pub(crate) fn send_pin(&mut self, insertion: Insertion, call: u64, errand: ToWorker) -> Result<(), AgentError> {
        let card = self.machine.card().filter(|card| card.insertion == insertion).ok_or(AgentError::PromptCancelled)?;
        let tries_before = card.tries_left;
        let sent = Sent { insertion, card: card.card, tries_before, typed: Typed::AtKeyboard };
        if !self.ask_worker(errand, None) {
            return Err(spoken::refused(VerdictCode::AgentBusy, sent.tries_before));
        }
        log::info!("a PIN goes to the card");
        self.pins.send(call, sent);
        Ok(())
    }

    /// Its record is on disk, or never will be; `false` where its end is recorded already.
    fn no_longer_opening(&mut self, session: SessionId) -> bool {
        let place = self.opening.iter().position(|opening| *opening == session);
        place.map(|place| self.opening.swap_remove(place)).is_some()
    }

    pub(crate) fn still_in(&self, insertion: Insertion) -> Result<(), AgentError> {
        let same = self.machine.card().is_some_and(|card| card.insertion == insertion);
        if same { Ok(()) } else { Err(AgentError::PromptCancelled) }
    }
}

fn sign_with_login_key(call: u64, insertion: u64, digest: &[u8; 32]) -> ToWorker {
    ToWorker::SignWithPin { call, insertion, digest: hex(digest), key: SignKey::Login }
}

fn closed(session: SessionId, reason: Reason) -> Body {
    Body::SessionClosed(sekisho_wire::record::SessionReason { session, reason })
}
