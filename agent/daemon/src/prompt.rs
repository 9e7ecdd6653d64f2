//! The life of a prompt: asked for by a panel, decided upon before any PIN, a descriptor handed out, waited for. What becomes of the PIN
//! stands in `pin_typed.rs`.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use sekisho_ipc::{
    AgentError, AuthorizeRequest, AwaitAnswer, Bar, OpenPrompt, PromptAnswer, PromptFor, PromptRequest, PromptWhat,
};
use sekisho_register::decide;
use sekisho_wire::decision::{DecisionInput, Level, SessionKind, TerminalState};
use sekisho_wire::id::{CardGuid, Code, RequestId, SessionId};
use sekisho_wire::record::{Body, Decision};
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::config::user_name;
use crate::deciding::Wish;
use crate::function::{Asked, Caller, field};
use crate::panel_act::Draft;
use crate::pins_sent::{Sent, Typed};
use crate::session::{InsertedCard, Insertion, Waking};
use crate::worker_link::{CallAnswer, OnReader, ToWorker};
use crate::{on_reader, spoken};

/// A prompt, open or answered.
#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) id: String,
    /// Whose it is: nobody else hears what comes of it.
    uid: u32,
    /// For whom, by uid.
    owner: u32,
    application: Option<Code>,
    what: PromptFor,
    function: Option<Code>,
    on_reader: bool,
    /// The request that it is for, where a program waits.
    waiting: Option<String>,
    pub(crate) insertion: Insertion,
    pub(crate) call: u64,
    outcome: Option<Result<AwaitAnswer, AgentError>>,
}

impl Prompt {
    const fn is_of(&self, caller: &Caller) -> bool {
        caller.trusted || self.uid == caller.uid
    }

    /// As a caller is shown it.
    fn shown_to(&self, caller: &Caller) -> OpenPrompt {
        OpenPrompt {
            uid: self.uid,
            user: user_name(self.uid),
            application: self.application.as_ref().map(ToString::to_string),
            yours: [self.uid, self.owner].contains(&caller.uid),
            what: self.what,
            function: self.function.as_ref().map(ToString::to_string),
            waiting: self.waiting.clone(),
            on_reader: self.on_reader,
        }
    }

    pub(crate) fn cancel(&mut self) {
        self.outcome.get_or_insert(Err(AgentError::PromptCancelled));
    }
}

/// So many prompts, open and answered, are remembered of each uid.
const PROMPTS_MAX: usize = 8;
/// `Await` looks again after this long at the latest, told of a change or not.
const LOOK: Duration = Duration::from_secs(5);

/// How a login began.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    /// Whose session it opens, by uid.
    pub(crate) owner: u32,
    /// When its PIN was asked for.
    pub(crate) waking: Waking,
}

/// What a prompt is for, read.
enum Purpose {
    Login(Wish),
    Function(Asked),
    /// A program's request of this id, and who asks.
    Waiting {
        id: String,
        theirs: Caller,
        asked: Asked,
    },
    ChangePin,
    /// An act that was shown.
    Act(Box<Draft>),
}

impl Agent {
    /// Opens a prompt. The descriptor is the client's end; the other one is with the card worker.
    ///
    /// # Errors
    /// [`AgentError`]: a refusal by `decide` is recorded and costs no try, because no PIN was asked for.
    pub fn prompt(
        self: &Arc<Self>,
        caller: &Caller,
        request: &PromptRequest,
    ) -> Result<(PromptAnswer, OwnedFd), AgentError> {
        if !caller.may_prompt {
            return Err(AgentError::NotPermitted { reason: Bar::NotAPromptPeer });
        }
        if request.user.is_some() && !caller.trusted {
            return Err(AgentError::NotPermitted { reason: Bar::OnlyRoot });
        }
        let mut core = self.once_read(self.lock());
        if let (Some(problem), true) = (core.why_no_card(), core.lease.is_some()) {
            return Err(spoken::problem(&problem, None));
        }
        let Some(card) = core.machine.card().cloned() else {
            let problem = core.why_no_card().map(|problem| spoken::problem(&problem, None));
            return Err(problem.unwrap_or_else(|| spoken::refused(VerdictCode::NoCard, None)));
        };
        if !caller.trusted && !core.is_owner(caller) {
            return Err(AgentError::NotPermitted { reason: Bar::NotYourSession });
        }
        let meant = field::<CardGuid>("card", request.card.as_deref())?;
        if meant.is_some_and(|meant| meant != card.card) {
            // Nothing of it is told: it is not the card that was asked about.
            return Err(spoken::refused(VerdictCode::CardOther, None));
        }
        // Root asks for others, at their will.
        let owner = request.user.unwrap_or(caller.uid);
        if core.pins.waits_on_reader() {
            core.turns.kept_out(owner);
            return Err(spoken::problem(&on_reader::waits(), card.tries_left));
        }
        if core.proving.is_some() || core.pins.is_any_sent() || core.is_taken(caller) {
            return Err(spoken::refused(VerdictCode::AgentBusy, card.tries_left));
        }
        let purpose = self.purpose(&mut core, caller, request)?;
        self.allowed(&mut core, &purpose, card.tries_left)?;
        if core.pins.wrong(&card.card) >= self.config.card.tries_per_insertion {
            return Err(spoken::refused(VerdictCode::PinNotSent, card.tries_left));
        }
        if card.tries_left == Some(0) {
            return Err(spoken::wrong_pin(0));
        }
        let what = match purpose {
            Purpose::ChangePin => OnReader::Change,
            Purpose::Act(_) => OnReader::SignAct,
            Purpose::Login(_) | Purpose::Function(_) | Purpose::Waiting { .. } => OnReader::Sign,
        };
        let on_reader = self.typed_where(&core, &card, what)?;
        if on_reader.is_some() && request.at_keyboard == Some(true) {
            return Err(spoken::problem(&on_reader::typed_there(), card.tries_left));
        }
        if on_reader.is_some() {
            let now = self.clock.boottime();
            let exempt = caller.trusted && request.user.is_none();
            if let Some(left) = core.turns.pause_of(owner, now).filter(|_| !exempt) {
                return Err(spoken::problem(&on_reader::anothers_turn(left), card.tries_left));
            }
            core.turns.begun(owner);
        }
        let (mut prompt, answers, client) = self.open(&mut core, caller, &card, &purpose, on_reader)?;
        prompt.owner = owner;
        let id = prompt.id.clone();
        let (insertion, call, waking) = (prompt.insertion, prompt.call, core.machine.waking());
        core.remember(prompt);
        self.tell(&mut core);
        let operator = self.operator_of(&mut core);
        let name = operator.as_ref().and_then(|operator| core.name_of(operator));
        drop(core);
        let agent = Arc::clone(self);
        let begun = Begun { owner, waking };
        let (caller, prompt) = (caller.clone(), id.clone());
        let conduct = move || {
            let outcome = agent.conduct(&caller, begun, (insertion, call), purpose, on_reader, &answers);
            let mut core = agent.lock();
            core.calls.remove(&call);
            core.proving.take_if(|proving| *proving == call);
            if let Some(prompt) = core.prompts.iter_mut().find(|open| open.id == prompt) {
                prompt.outcome.get_or_insert(outcome);
            }
            agent.tell(&mut core);
        };
        if std::thread::Builder::new().name("prompt".into()).spawn(conduct).is_err() {
            // Nobody would hear of its PIN, nor say that it has ended.
            let mut core = self.lock();
            core.forget_call(call);
            core.proving.take_if(|proving| *proving == call);
            core.prompts.retain(|prompt| prompt.id != id);
            return Err(spoken::refused(VerdictCode::AgentBusy, card.tries_left));
        }
        let tries_left = card.tries_left.map(u32::from);
        let (card, operator) = (Some(card.card.to_string()), operator.map(|code| code.to_string()));
        let reader_seconds = on_reader.and_then(|what| {
            u32::try_from(self.config.card.pad_seconds).ok().map(|seconds| seconds.saturating_mul(what.entries()))
        });
        Ok((PromptAnswer { prompt: id, tries_left, card, operator, name, reader_seconds }, client))
    }

    fn purpose(&self, core: &mut Core, caller: &Caller, request: &PromptRequest) -> Result<Purpose, AgentError> {
        match request.what {
            PromptWhat::ChangePin => Ok(Purpose::ChangePin),
            PromptWhat::Act => {
                let draft = self.draft_to_sign(core, caller, request.draft.as_deref().unwrap_or_default())?;
                Ok(Purpose::Act(Box::new(draft)))
            }
            PromptWhat::Authorize => {
                let function = request.function.clone().unwrap_or_default();
                let PromptRequest { purpose, case, request, recipient, .. } = request.clone();
                let request = AuthorizeRequest { function, purpose, case, request, recipient, wait: None };
                Ok(Purpose::Function(self.asked(caller, &request)?))
            }
            PromptWhat::Waiting => {
                let id = request.waiting.clone().unwrap_or_default();
                let (theirs, asked) = self.waiting_for(core, &id)?;
                Ok(Purpose::Waiting { id, theirs, asked })
            }
            PromptWhat::Login => {
                let kind = session_kind(request.kind.as_deref())?;
                let profile = field::<Code>("profile", request.profile.as_deref())?;
                Ok(Purpose::Login(self.wish(core, profile, kind)))
            }
        }
    }

    /// A locked session is opened again as it was; a new one gets the profile asked for, else the first on the card.
    pub(crate) fn wish(&self, core: &mut Core, profile: Option<Code>, kind: SessionKind) -> Wish {
        if let (TerminalState::Locked, Some(session)) = (core.machine.terminal_state(), core.machine.session()) {
            return Wish::again(session);
        }
        let at = self.now(core).trusted.max(core.deciding().newest_made());
        let first = || core.deciding().profiles_on_card(&core.machine.card()?.card, at).into_iter().next();
        Wish { session: SessionId(self.salt().0), profile: profile.or_else(first), kind }
    }

    /// Decides before a PIN is asked for.
    fn allowed(&self, core: &mut Core, purpose: &Purpose, tries_left: Option<u8>) -> Result<(), AgentError> {
        let (request, input) = match purpose {
            Purpose::ChangePin => return self.may_change_pin(core, tries_left),
            // The register was asked when it was drafted, and the ledger asks again.
            Purpose::Act(_) => return Ok(()),
            Purpose::Login(_) if core.machine.terminal_state() == TerminalState::Open => {
                return Err(AgentError::NotPermitted { reason: Bar::SessionOpen });
            }
            Purpose::Login(wish) => (RequestId(self.salt().0), self.opening_input(core, wish)),
            Purpose::Function(asked) | Purpose::Waiting { asked, .. } => {
                (asked.request, self.function_input(core, &asked.question, Level::Pin))
            }
        };
        self.granted(core, request, input, tries_left).map(drop)
    }

    /// A PIN is changed by who may have the card, also where it opens nothing (register §R7): a card that was revoked, or whose operator
    /// has left, proves nothing to us any more.
    pub(crate) fn may_change_pin(&self, core: &mut Core, tries_left: Option<u8>) -> Result<(), AgentError> {
        // A session that may not be any more ends; that is no reason to leave the PIN as it is.
        self.recheck(core);
        let input = self.change_of_pin_input(core);
        self.granted(core, RequestId(self.salt().0), input, tries_left).map(drop)
    }

    /// The input, if it is granted. A refusal is recorded, and cost no try.
    pub(crate) fn granted(
        &self,
        core: &mut Core,
        request: RequestId,
        input: DecisionInput,
        tries_left: Option<u8>,
    ) -> Result<DecisionInput, AgentError> {
        if let Some(code) = self.grants_nothing(core) {
            return Err(spoken::refused(code, tries_left));
        }
        let verdict = decide(core.deciding(), &input).code();
        if verdict.is_granted() {
            return Ok(input);
        }
        self.write(core, Body::Decision(Decision { request, input, verdict, signature: None }));
        Err(spoken::refused_with(self.said(core, verdict), tries_left))
    }

    fn operator_of(&self, core: &mut Core) -> Option<Code> {
        let at = self.now(core).trusted.max(core.deciding().newest_made());
        let card = core.deciding().card(&core.machine.card()?.card)?;
        card.holder(at).map(|holder| holder.operator.clone())
    }

    fn open(
        &self,
        core: &mut Core,
        caller: &Caller,
        card: &InsertedCard,
        purpose: &Purpose,
        on_reader: Option<OnReader>,
    ) -> Result<(Prompt, Receiver<CallAnswer>, OwnedFd), AgentError> {
        let busy = || spoken::refused(VerdictCode::AgentBusy, None);
        let (client, worker) = UnixStream::pair().map_err(|_| busy())?;
        let frames = match purpose {
            Purpose::ChangePin => 2,
            Purpose::Login(_) | Purpose::Function(_) | Purpose::Waiting { .. } | Purpose::Act(_) => 1,
        };
        let (call, answers) = core.new_call();
        let insertion = card.insertion;
        let own = core.own(insertion).ok_or(AgentError::PromptCancelled)?;
        let errand = match on_reader {
            None => ToWorker::Prompt { call, frames, seconds: self.config.card.prompt_seconds },
            Some(what) => {
                ToWorker::PromptOnReader { call, insertion: own, what, seconds: self.config.card.pad_seconds }
            }
        };
        if !core.ask_worker(errand, Some(worker.into())) {
            core.calls.remove(&call);
            return Err(busy());
        }
        if on_reader.is_some() {
            // The card may have it at any moment from now on: its outcome counts, whoever waits for it.
            let (card, tries_before) = (card.card, card.tries_left);
            core.pins.send(call, Sent { insertion, card, tries_before, typed: Typed::OnReader });
            core.proving = Some(call);
            self.tell(core);
        }
        let id = self.salt().to_string();
        let (what, function) = match purpose {
            Purpose::Login(_) if core.machine.terminal_state() == TerminalState::Locked => (PromptFor::Unlock, None),
            Purpose::Login(_) => (PromptFor::Login, None),
            Purpose::Function(asked) | Purpose::Waiting { asked, .. } => {
                (PromptFor::Function, asked.question.function.clone())
            }
            Purpose::ChangePin => (PromptFor::ChangePin, None),
            Purpose::Act(_) => (PromptFor::Act, None),
        };
        let (application, waiting) = match purpose {
            Purpose::Waiting { id, theirs, .. } => (theirs.application.clone(), Some(id.clone())),
            Purpose::Login(_) | Purpose::Function(_) | Purpose::ChangePin | Purpose::Act(_) => {
                (caller.application.clone(), None)
            }
        };
        let (uid, owner, on_reader, outcome) = (caller.uid, caller.uid, on_reader.is_some(), None);
        let prompt =
            Prompt { id, uid, owner, application, what, function, on_reader, waiting, insertion, call, outcome };
        Ok((prompt, answers, client.into()))
    }

    /// Goes the whole way from the open prompt to its outcome, on a thread of its own.
    fn conduct(
        &self,
        caller: &Caller,
        begun: Begun,
        (insertion, call): (Insertion, u64),
        purpose: Purpose,
        on_reader: Option<OnReader>,
        answers: &Receiver<CallAnswer>,
    ) -> Result<AwaitAnswer, AgentError> {
        let typed = match on_reader {
            None => self.typed(caller, answers).map(|()| None),
            Some(what) => self.typed_on_reader((caller.uid, begun.owner), insertion, what, answers).map(Some),
        };
        let went = typed.and_then(|typed| match purpose {
            Purpose::Login(wish) => self.log_in(begun, insertion, call, wish, answers),
            Purpose::Function(asked) => self.with_pin_proof((caller, &asked, None), insertion, call, answers),
            Purpose::Waiting { id, theirs, asked } => {
                let proved = self.with_pin_proof((&theirs, &asked, Some(&id)), insertion, call, answers);
                self.unclaim(&id, proved)
            }
            Purpose::Act(draft) => self.sign_draft(caller, *draft, (insertion, call), answers),
            Purpose::ChangePin => match typed {
                // Nothing is decided once more: the card has changed it while the person looked.
                Some(changed) => self.pin_changed(insertion, changed),
                None => self.change_pin(insertion, call, answers),
            },
        });
        if went.is_err() {
            // Also when nobody typed in time: a PIN that comes a moment later must not stay in the worker.
            self.lock().ask_worker(ToWorker::Forget { call }, None);
        }
        went
    }

    /// Waits until the PIN is typed.
    fn typed(&self, caller: &Caller, answers: &Receiver<CallAnswer>) -> Result<(), AgentError> {
        let patience = self.config.card.prompt() + Duration::from_secs(2);
        let typed = answers.recv_timeout(patience).is_ok_and(|answer| answer == CallAnswer::PinTyped);
        let mut core = self.lock();
        if typed {
            core.gives_way.take_if(|uid| *uid == caller.uid);
            Ok(())
        } else {
            core.gives_way = Some(caller.uid);
            Err(AgentError::PromptCancelled)
        }
    }

    /// Waits for what comes of a prompt. A prompt of somebody else is none.
    ///
    /// # Errors
    /// Its outcome, or [`AgentError::NoSuchPrompt`].
    pub fn await_prompt(&self, caller: &Caller, id: &str) -> Result<AwaitAnswer, AgentError> {
        let mut core = self.lock();
        loop {
            let place = core
                .prompts
                .iter()
                .position(|prompt| prompt.id == id && prompt.is_of(caller))
                .ok_or(AgentError::NoSuchPrompt)?;
            if core.prompts.get(place).is_some_and(|prompt| prompt.outcome.is_some()) {
                let prompt = core.prompts.remove(place);
                return prompt.outcome.unwrap_or(Err(AgentError::PromptCancelled));
            }
            core = self.wait_for_change(core, LOOK);
        }
    }
}

impl Core {
    /// The PIN that is asked for now, as a caller is shown it.
    pub(crate) fn open_prompt(&self, caller: &Caller) -> Option<OpenPrompt> {
        self.prompts.iter().find(|prompt| prompt.outcome.is_none()).map(|prompt| prompt.shown_to(caller))
    }

    /// Nobody waits any more for what this request's prompt would prove.
    pub(crate) fn cancel_prompts_for(&mut self, waiting: &str) {
        let its = |prompt: &&mut Prompt| prompt.outcome.is_none() && prompt.waiting.as_deref() == Some(waiting);
        let calls: Vec<u64> =
            self.prompts.iter_mut().filter(its).map(|prompt| (prompt.cancel(), prompt.call).1).collect();
        calls.into_iter().for_each(|call| self.forget_call(call));
    }

    /// Whether another uid has a prompt open that this caller must leave alone. A uid whose last prompt brought no PIN gives way: who only
    /// holds the place keeps nobody out for longer than one prompt lasts.
    fn is_taken(&self, caller: &Caller) -> bool {
        let others = |prompt: &&Prompt| prompt.outcome.is_none() && !prompt.is_of(caller);
        self.prompts.iter().find(others).is_some_and(|prompt| self.gives_way != Some(prompt.uid))
    }

    /// Nobody waits for this call any more; the worker forgets what was typed for it.
    fn forget_call(&mut self, call: u64) {
        self.calls.remove(&call);
        self.ask_worker(ToWorker::Forget { call }, None);
    }

    fn remember(&mut self, prompt: Prompt) {
        // Only one PIN is asked for at a time: two prompts on a screen are how a PIN goes to the wrong one.
        let open: Vec<u64> =
            self.prompts.iter().filter(|other| other.outcome.is_none()).map(|other| other.call).collect();
        open.into_iter().for_each(|call| self.forget_call(call));
        self.prompts.iter_mut().for_each(Prompt::cancel);
        let of_same = |other: &Prompt| other.uid == prompt.uid;
        if self.prompts.iter().filter(|other| of_same(other)).count() >= PROMPTS_MAX
            && let Some(oldest) = self.prompts.iter().position(of_same)
        {
            self.prompts.remove(oldest);
        }
        self.prompts.push(prompt);
    }
}

fn session_kind(text: Option<&str>) -> Result<SessionKind, AgentError> {
    match text {
        None | Some("ordinary") => Ok(SessionKind::Ordinary),
        Some("maintenance") => Ok(SessionKind::Maintenance),
        Some("training") => Ok(SessionKind::Training),
        Some(_) => {
            Err(AgentError::InvalidArgument { field: "kind".into(), rule: "ordinary, maintenance or training".into() })
        }
    }
}

#[cfg(test)]
#[path = "prompt/tests.rs"]
mod tests;
