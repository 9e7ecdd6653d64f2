//! The life of a request, as `agent/daemon/README.md` tells it: decide, record, wait until the record is durable, look at the session once more, answer.

use std::collections::BTreeSet;

use std::time::Duration;

use sekisho_ipc::{
    AgentError, AuthorizeAnswer, AuthorizeRequest, CompleteRequest, Outcome, Recent, RecordRef, WAIT_MAX,
};
use sekisho_register::decide;
use sekisho_wire::decision::{ClockState, DecisionInput, Level, TerminalState};
use sekisho_wire::id::{CaseReference, Code, RequestId, Salt, SessionId, Signature};
use sekisho_wire::reason::{FalseSlot, Outcome as RecordedOutcome, Reason};
use sekisho_wire::record::{Body, Completed, Decision, Withdrawn, decision_digest};
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::card_desk::hex;
use crate::deciding::Question;
use crate::session::{Event, Insertion, Now};
use crate::signed_decision::Recipient;
use crate::spoken;
use crate::waiting::Gone;
use crate::worker_link::{CallAnswer, ToWorker};

/// Who asks, as the kernel and the configuration say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its uid.
    pub uid: u32,
    /// The application that this uid is.
    pub application: Option<Code>,
    /// Whether it sees and may do everything: root and the agent's own user.
    pub trusted: bool,
    /// Whether it may ask for a PIN: panel, seat, PAM. That is no right over another's session.
    pub may_prompt: bool,
}

/// What the configuration makes of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Root and the agent's own user.
    Trusted,
    /// Panel, seat, PAM, or an application.
    Named,
    /// Any other user of this machine. No session can be theirs, so nothing can be granted to them.
    Stranger,
}

impl Caller {
    /// What the configuration makes of it.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match (self.trusted, self.may_prompt || self.application.is_some()) {
            (true, _) => Standing::Trusted,
            (false, true) => Standing::Named,
            (false, false) => Standing::Stranger,
        }
    }
}

/// A request of this session that has its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    question: Question,
    decided: Decided,
    basis: Basis,
    /// Boot time at which it was decided.
    at: u64,
}

impl Answered {
    /// Within which session it was decided.
    pub(crate) const fn session(&self) -> Option<SessionId> {
        self.decided.session
    }
}

/// What an answer stands on: when any of it has changed, a repeated request is decided anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Basis {
    session: Option<SessionId>,
    state: TerminalState,
    register: u64,
    clock: ClockState,
}

/// A repeated request within this time, in ms, gets its answer again; later it is another one.
const REPEAT: u64 = 60_000;

/// A decision on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) record: RecordRef,
    pub(crate) code: VerdictCode,
    session: Option<SessionId>,
}

/// A grant whose outcome may still be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    record: RecordRef,
    uid: u32,
}

/// So many grants wait for their outcome at most; what is older can no longer be completed.
const GRANTED_MAX: usize = 4096;
/// So many decisions the state shows.
const RECENT_MAX: usize = 20;

/// Who gave a request its id: only a caller that did can ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedBy {
    Caller,
    Us,
}

/// So many answers are remembered for being asked again; a caller that asks again does so at once.
const ANSWERED_MAX: usize = 4096;

/// A request of a program, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) request: RequestId,
    named_by: NamedBy,
    pub(crate) question: Question,
    recipient: Option<Recipient>,
}

impl Asked {
    /// As a request that nobody asks again.
    pub(crate) fn named_by_us(self) -> Self {
        Self { named_by: NamedBy::Us, ..self }
    }
}

/// The proof that a card gave for one input.
pub(crate) struct Proof {
    pub(crate) salt: Salt,
    pub(crate) input: DecisionInput,
    pub(crate) signature: Signature,
}

/// Parses an optional parameter.
pub(crate) fn field<T: std::str::FromStr<Err = sekisho_wire::id::NotAllowed>>(
    field: &str,
    text: Option<&str>,
) -> Result<Option<T>, AgentError> {
    let invalid = |error: sekisho_wire::id::NotAllowed| AgentError::InvalidArgument {
        field: field.into(),
        rule: error.rule.into(),
    };
    text.map(str::parse).transpose().map_err(invalid)
}

impl Agent {
    /// Reads a request.
    pub(crate) fn asked(&self, caller: &Caller, request: &AuthorizeRequest) -> Result<Asked, AgentError> {
        let question = Question {
            application: caller.application.clone(),
            function: field::<Code>("function", Some(&request.function))?,
            purpose: field::<Code>("purpose", request.purpose.as_deref())?,
            case: field::<CaseReference>("case", request.case.as_deref())?,
        };
        let recipient = request.recipient.as_ref().map(Recipient::read).transpose()?;
        Ok(match field("request", request.request.as_deref())? {
            Some(request) => Asked { request, named_by: NamedBy::Caller, question, recipient },
            None => Asked { request: RequestId(self.salt().0), named_by: NamedBy::Us, question, recipient },
        })
    }

    /// May this clerk run this function, here, now?
    ///
    /// # Errors
    /// [`AgentError`] when the question cannot be understood; a refusal is an answer.
    pub fn authorize(&self, caller: &Caller, request: &AuthorizeRequest) -> Result<AuthorizeAnswer, AgentError> {
        self.authorize_for(caller, request, Gone::new(|| false))
    }

    /// As [`Self::authorize`]. Where the answer waits for her PIN, it does not once whoever asks has `gone`.
    ///
    /// # Errors
    /// As [`Self::authorize`].
    pub fn authorize_for(
        &self,
        caller: &Caller,
        request: &AuthorizeRequest,
        gone: Gone,
    ) -> Result<AuthorizeAnswer, AgentError> {
        let asked = self.asked(caller, request)?;
        let wait = request.wait.unwrap_or_default();
        if wait > WAIT_MAX {
            let rule = format!("at most {WAIT_MAX} seconds");
            return Err(AgentError::InvalidArgument { field: "wait".into(), rule });
        }
        let arriving = self.journal.announce();
        let mut core = self.lock();
        // Never a record of its own: any user of the machine could fill the journal with them.
        let known = caller.standing() != Standing::Stranger || core.opened(caller);
        if !known || !core.belongs_to(caller) {
            return Ok(without_record(VerdictCode::NotYourSession));
        }
        if let Some(code) = self.grants_nothing(&mut core) {
            return Ok(without_record(code));
        }
        let now = self.now(&mut core);
        // Whoever waits for a PIN now has not heard that it was missing before.
        let lacked_pin = |decided: &Decided| wait > 0 && decided.code == VerdictCode::PinProofNeeded;
        if let Some(decided) = core.repeated(&asked, now)?.filter(|decided| !lacked_pin(decided)) {
            core.will_answer(decided);
            drop((core, arriving));
            return Ok(self.settle(caller, &asked, decided));
        }
        let input = self.function_input(&mut core, &asked.question, Level::Session);
        let code = decide(core.deciding(), &input).code();
        if code == VerdictCode::CardProofNeeded {
            drop((core, arriving));
            return Ok(match self.with_card_proof(&asked) {
                Ok(decided) => self.settle(caller, &asked, decided),
                Err(code) => without_record(code),
            });
        }
        if code == VerdictCode::PinProofNeeded && wait > 0 {
            let session = core.machine.session().map(|session| session.id);
            drop((core, arriving));
            let wait = Duration::from_secs(wait.into());
            return Ok(match session {
                Some(session) => self.wait_for_pin(caller, &asked, session, (wait, gone)),
                None => without_record(VerdictCode::SessionMissing),
            });
        }
        let decided = self.record(&mut core, &asked, self.salt(), input, None);
        drop((core, arriving));
        Ok(self.settle(caller, &asked, decided))
    }

    /// Everything else allows it: lets the card sign this very request, and decides again.
    fn with_card_proof(&self, asked: &Asked) -> Result<Decided, VerdictCode> {
        // A card that waits for its PIN on the reader proves nothing else meanwhile; nobody knows for how long.
        if self.lock().pins.waits_on_reader() {
            return Err(VerdictCode::AgentBusy);
        }
        let mut proof = self.card_proof(asked);
        let mut core = self.lock();
        // A register that came meanwhile, as one comes after each change of a PIN, is no fault of hers: the card proves it once more.
        if proof.as_ref().is_some_and(|proof| proof.input.register != core.register.size()) {
            drop(core);
            proof = self.card_proof(asked);
            core = self.lock();
        }
        // The card took its time.
        if let Some(code) = self.grants_nothing(&mut core) {
            return Err(code);
        }
        Ok(match proof {
            Some(proof) if self.stands(&mut core, &proof) => {
                self.record(&mut core, asked, proof.salt, proof.input, Some(proof.signature))
            }
            Some(_) | None => {
                let input = self.function_input(&mut core, &asked.question, Level::Session);
                self.record(&mut core, asked, self.salt(), input, None)
            }
        })
    }

    fn card_proof(&self, asked: &Asked) -> Option<Proof> {
        let mut core = self.lock();
        let input = self.function_input(&mut core, &asked.question, Level::Card);
        let salt = self.salt();
        let digest = decision_digest(&salt, &asked.request, &input);
        let insertion = core.machine.card()?.insertion;
        let own = core.own(insertion)?;
        let (call, answers) = core.new_call();
        let sent = core.ask_worker(ToWorker::ProvePresence { call, insertion: own, digest: hex(&digest) }, None);
        drop(core);
        let answer = if sent { answers.recv_timeout(self.config.card.deadline()).ok() } else { None };
        let mut core = self.lock();
        core.calls.remove(&call);
        let signature = match answer? {
            CallAnswer::Signed { signature } => signature.parse::<Signature>().ok()?,
            CallAnswer::Failed { failure } => {
                log::warn!("the card gave no proof: {failure:?}");
                return None;
            }
            CallAnswer::PinTyped | CallAnswer::PinChanged | CallAnswer::LetGo => return None,
        };
        let key = core.deciding().card(&input.card?)?.issued().presence.0;
        if !sekisho_card::verify_signature(&key, &digest, &signature.0) {
            self.false_card(&mut core, insertion, &input, FalseSlot::Presence);
            return None;
        }
        Some(Proof { salt, input, signature })
    }

    /// Whether what was proved is still about now: the same session, open, and the same register.
    pub(crate) fn stands(&self, core: &mut Core, proof: &Proof) -> bool {
        core.register.size() == proof.input.register
            && core.machine.terminal_state() == TerminalState::Open
            && core.machine.session().map(|session| session.id) == proof.input.session
    }

    /// Decides upon exactly this input, and gives the record its place.
    pub(crate) fn record(
        &self,
        core: &mut Core,
        asked: &Asked,
        salt: Salt,
        input: DecisionInput,
        signature: Option<Signature>,
    ) -> Decided {
        let code = decide(core.deciding(), &input).code();
        let (session, time) = (input.session, input.time);
        let basis = Basis { session, state: input.state, register: input.register, clock: input.clock };
        // A PIN is typed for one decision; what it proved is not said twice.
        let repeatable = asked.named_by == NamedBy::Caller && input.level != Level::Pin;
        let function = input.function.as_ref().map(ToString::to_string);
        let decision = Decision { request: asked.request, input, verdict: code, signature };
        let record = self.write_salted(core, salt, Body::Decision(decision));
        let decided = Decided { record, code, session };
        core.will_answer(decided);
        if repeatable && core.machine.session().is_some() {
            let at = self.moment().boottime;
            core.remember_answer(asked.request, Answered { question: asked.question.clone(), decided, basis, at });
        }
        core.recent.push_front(Recent { time, function, verdict: spoken::verdict(code) });
        core.recent.truncate(RECENT_MAX);
        self.tell(core);
        decided
    }

    /// Waits for the disk, then looks at the session once more: a grant whose session ended meanwhile is none.
    pub(crate) fn settle(&self, caller: &Caller, asked: &Asked, decided: Decided) -> AuthorizeAnswer {
        let durable = self.journal.wait(decided.record.seq);
        let mut core = self.lock();
        core.answers(decided);
        let code = match (durable, decided.code, decided.session) {
            (Err(_), code, _) => {
                self.step(&mut core, Event::JournalFailed);
                if code.is_granted() {
                    self.withdraw(&mut core, decided, Reason::JournalFailed);
                }
                return without_record(self.grants_nothing(&mut core).unwrap_or(VerdictCode::NotRecorded));
            }
            (Ok(()), VerdictCode::Granted, Some(_)) if core.withdrawn.contains(&decided.record.seq) => {
                VerdictCode::EndedMeanwhile
            }
            (Ok(()), VerdictCode::Granted, Some(session)) => match core.machine.still_open(session) {
                Ok(()) => VerdictCode::Granted,
                Err(reason) => {
                    self.withdraw(&mut core, decided, reason);
                    VerdictCode::EndedMeanwhile
                }
            },
            (Ok(()), code, _) => code,
        };
        let mut decision = None;
        if code.is_granted() {
            self.step(&mut core, Event::Active);
            core.may_complete(Granted { record: decided.record, uid: caller.uid });
            decision = asked.recipient.as_ref().and_then(|to| self.sign_decision(&mut core, asked, decided, to));
        }
        AuthorizeAnswer { verdict: spoken::verdict(code), record: Some(decided.record), decision }
    }

    /// Takes back every grant whose answer has not left: once the journal has ended, that it was refused could not be recorded any more.
    pub(crate) fn withdraw_unanswered(&self, core: &mut Core) {
        for decided in std::mem::take(&mut core.unanswered) {
            self.withdraw(core, decided, Reason::AgentStopping);
        }
    }

    fn withdraw(&self, core: &mut Core, decided: Decided, reason: Reason) {
        core.answered.retain(|_, answered| answered.decided.record != decided.record);
        if core.withdrawn.insert(decided.record.seq) {
            bound(&mut core.withdrawn);
            self.write(core, Body::Withdrawn(Withdrawn { of: decided.record.seq, reason }));
        }
    }

    /// Records what came of a grant.
    ///
    /// # Errors
    /// [`AgentError::InvalidArgument`] for a record that is no grant of this caller; [`AgentError::AlreadyCompleted`]; [`AgentError::NotRecorded`] when it could
    /// not be recorded.
    pub fn complete_function(&self, caller: &Caller, request: &CompleteRequest) -> Result<RecordRef, AgentError> {
        let mut core = self.lock();
        let mine =
            |granted: &Granted| granted.record == request.record && (caller.trusted || granted.uid == caller.uid);
        if core.completed.contains(&request.record.seq) {
            return Err(AgentError::AlreadyCompleted);
        }
        let place = core.granted.iter().position(mine).ok_or_else(|| AgentError::InvalidArgument {
            field: "record".into(),
            rule: "a grant of yours whose outcome was not told yet".into(),
        })?;
        core.granted.remove(place);
        core.completed.insert(request.record.seq);
        bound(&mut core.completed);
        let outcome = match request.outcome {
            Outcome::Done => RecordedOutcome::Done,
            Outcome::Failed => RecordedOutcome::Failed,
            Outcome::Cancelled => RecordedOutcome::Cancelled,
        };
        let body = Body::Completed(Completed { of: request.record.seq, items: request.items, outcome });
        let record = self.write(&mut core, body);
        drop(core);
        self.journal.wait(record.seq).map(|()| record).map_err(|_| AgentError::NotRecorded)
    }
}

impl Core {
    /// Whether this caller may speak for the session that there is.
    pub(crate) fn belongs_to(&self, caller: &Caller) -> bool {
        caller.trusted || caller.application.is_some() || self.is_owner(caller)
    }

    /// Whether the session is this caller's own. Where there is none, nobody can be in its way.
    pub(crate) fn is_owner(&self, caller: &Caller) -> bool {
        self.machine.session().is_none_or(|session| self.owner == Some((session.id, caller.uid)))
    }

    /// Whether a session is open that this caller's login opened.
    fn opened(&self, caller: &Caller) -> bool {
        self.machine.session().is_some() && self.is_owner(caller)
    }

    /// The answer that this request got before, if everything it stood on still stands.
    fn repeated(&self, asked: &Asked, now: Now) -> Result<Option<Decided>, AgentError> {
        let basis = Basis {
            session: self.machine.session().map(|session| session.id),
            state: self.machine.terminal_state(),
            register: self.register.size(),
            clock: self.trusted.clock_state(),
        };
        match self.answered.get(&asked.request) {
            None => Ok(None),
            Some(answered) if answered.question == asked.question => {
                let stands = answered.basis == basis && now.boottime.saturating_sub(answered.at) < REPEAT;
                Ok(stands.then_some(answered.decided))
            }
            Some(_) => Err(AgentError::InvalidArgument {
                field: "request".into(),
                rule: "a number of its own: this one was used for another question".into(),
            }),
        }
    }

    /// A grant waits for the disk, and its answer for that.
    fn will_answer(&mut self, decided: Decided) {
        if decided.code.is_granted() {
            self.unanswered.push(decided);
        }
    }

    /// One answer leaves; others to the same request may still wait.
    fn answers(&mut self, decided: Decided) {
        if let Some(place) = self.unanswered.iter().position(|waiting| *waiting == decided) {
            self.unanswered.swap_remove(place);
        }
    }

    fn remember_answer(&mut self, request: RequestId, answer: Answered) {
        if self.answered.len() >= ANSWERED_MAX {
            let youngest_half = answer.decided.record.seq.saturating_sub(ANSWERED_MAX as u64 / 2);
            self.answered.retain(|_, answered| answered.decided.record.seq > youngest_half);
        }
        self.answered.insert(request, answer);
    }

    fn may_complete(&mut self, granted: Granted) {
        if !self.granted.contains(&granted) && !self.completed.contains(&granted.record.seq) {
            self.granted.push_back(granted);
        }
        if self.granted.len() > GRANTED_MAX {
            self.granted.pop_front();
        }
    }

    /// A call to the card worker, and where its answers come.
    pub(crate) fn new_call(&mut self) -> (u64, std::sync::mpsc::Receiver<CallAnswer>) {
        self.last_call += 1;
        let (sender, receiver) = std::sync::mpsc::channel();
        self.calls.insert(self.last_call, sender);
        (self.last_call, receiver)
    }

    /// An insertion, as the worker that is connected names it.
    pub(crate) fn own(&self, insertion: Insertion) -> Option<u64> {
        self.worker.as_ref()?.own(insertion)
    }
}

/// Forgets the oldest: what is so long ago nobody asks about.
fn bound(seqs: &mut BTreeSet<u64>) {
    while seqs.len() > ANSWERED_MAX.max(GRANTED_MAX) {
        seqs.pop_first();
    }
}

pub(crate) fn without_record(code: VerdictCode) -> AuthorizeAnswer {
    AuthorizeAnswer { verdict: spoken::verdict(code), record: None, decision: None }
}

#[cfg(test)]
#[path = "function/tests.rs"]
mod tests;
