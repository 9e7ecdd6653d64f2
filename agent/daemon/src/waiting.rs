//! A program's request that waits for the clerk's PIN: panel and desktop see in the state that it does, and ask her for it.
//!
//! A request has one record, and one who writes it: as long as no PIN is being judged for it, whoever waits; from the moment at which a typed
//! PIN claims it (`claim`) whoever has that judged, until it was granted or not. So a program that has gone, or a clerk who said no, is granted
//! nothing by a PIN that comes a moment later. None is written where the agent stops meanwhile, or another session is open by then; nor of a refusal
//! that would say that the PIN was missing where it is needed no more.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sekisho_ipc::{AgentError, AuthorizeAnswer, AwaitAnswer, Bar, DeclineRequest, Waiting as Shown};
use sekisho_register::decide;
use sekisho_wire::decision::Level;
use sekisho_wire::id::SessionId;
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::config::user_name;
use crate::function::{Asked, Caller, without_record};

/// How often it is seen whether whoever asks is still there.
const LOOK: Duration = Duration::from_secs(1);

/// Whether whoever asks has gone.
#[derive(Clone)]
pub struct Gone(Arc<dyn Fn() -> bool + Send + Sync>);

impl Gone {
    /// It is asked often, and must not wait.
    pub fn new(gone: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(gone))
    }

    fn is_so(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gone")
    }
}

/// A request that waits. The first of them is the one that is shown: two questions on a screen are how a PIN goes to the wrong one.
#[derive(Debug)]
pub(crate) struct Waiting {
    id: String,
    /// Who asks.
    caller: Caller,
    /// That user's name on this machine.
    user: Option<String>,
    asked: Asked,
    /// In which session.
    session: SessionId,
    /// Until when, boot time.
    until: u64,
    gone: Gone,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nobody has typed a PIN.
    Waits,
    /// A PIN is being judged for it.
    Claimed,
    Answered(AuthorizeAnswer),
    Declined,
}

/// Why somebody waits no more without an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// The clerk said no, or nobody is there to hear: whatever would be granted by now is not.
    Unwanted,
    /// Time, or what a PIN alone does not mend.
    Otherwise,
}

impl Agent {
    /// Waits until the clerk has typed her PIN for it, or that can no longer be: she declines, the session or the permission ends, time is over,
    /// or whoever asks has `gone`.
    pub(crate) fn wait_for_pin(
        &self,
        caller: &Caller,
        asked: &Asked,
        session: SessionId,
        (wait, gone): (Duration, Gone),
    ) -> AuthorizeAnswer {
        let id = self.salt().to_string();
        let until = self.clock.boottime().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let user = user_name(caller.uid);
        let mut core = self.lock();
        if core.waiting.iter().any(|other| other.asked.request == asked.request) {
            return without_record(VerdictCode::AgentBusy);
        }
        core.waiting.push_back(Waiting {
            id: id.clone(),
            caller: caller.clone(),
            user,
            asked: asked.clone(),
            session,
            until,
            gone: gone.clone(),
            stage: Stage::Waits,
        });
        self.tell(&mut core);
        let over = loop {
            match core.stage(&id) {
                Some(Stage::Answered(answer)) => {
                    let answer = answer.clone();
                    core.waiting.retain(|waiting| waiting.id != id);
                    self.tell(&mut core);
                    return answer;
                }
                // It lasts no longer than a card may take.
                Some(Stage::Claimed) => {}
                Some(Stage::Declined) | None => break Over::Unwanted,
                Some(Stage::Waits) if gone.is_so() => break Over::Unwanted,
                Some(Stage::Waits) => {
                    if self.clock.boottime() >= until || !self.lacks_pin_alone(&mut core, &id) {
                        break Over::Otherwise;
                    }
                }
            }
            core = self.wait_for_change(core, LOOK);
        };
        core.waits_no_more(&id);
        self.tell(&mut core);
        if let Some(code) = self.grants_nothing(&mut core) {
            return without_record(code);
        }
        if core.machine.session().is_some_and(|now| now.id != session) {
            // Whoever works now has nothing to do with it.
            return without_record(VerdictCode::EndedMeanwhile);
        }
        let input = self.function_input(&mut core, &asked.question, Level::Session);
        if over == Over::Unwanted && decide(core.deciding(), &input).code().is_granted() {
            return without_record(VerdictCode::PinProofNeeded);
        }
        // Asked again it is another request: she may have come by then.
        let asked = asked.clone().named_by_us();
        let decided = self.record(&mut core, &asked, self.salt(), input, None);
        drop(core);
        self.settle(caller, &asked, decided)
    }

    /// Whether it would be granted with the PIN, and not without.
    fn lacks_pin_alone(&self, core: &mut Core, id: &str) -> bool {
        let Some(waiting) = core.waiting.iter().find(|waiting| waiting.id == id) else { return false };
        let (question, session) = (waiting.asked.question.clone(), waiting.session);
        if core.machine.session().map(|now| now.id) != Some(session) || self.grants_nothing(core).is_some() {
            return false;
        }
        let [with, without] = [Level::Pin, Level::Session].map(|level| {
            let input = self.function_input(core, &question, level);
            decide(core.deciding(), &input).code()
        });
        with.is_granted() && without == VerdictCode::PinProofNeeded
    }

    /// The request of this id that is shown, and who asks.
    pub(crate) fn waiting_for(&self, core: &mut Core, id: &str) -> Result<(Caller, Asked), AgentError> {
        let waiting = core.waiting.front().filter(|waiting| waiting.id == id && matches!(waiting.stage, Stage::Waits));
        let found = waiting.map(|waiting| (waiting.caller.clone(), waiting.asked.clone()));
        let found = found.ok_or(AgentError::NoSuchPrompt)?;
        // Whatever stands against it is recorded where it waits.
        if self.lacks_pin_alone(core, id) { Ok(found) } else { Err(AgentError::PromptCancelled) }
    }

    /// A PIN was typed for it: from now on its answer comes from there, unless it waits no more.
    pub(crate) fn claim(&self, core: &mut Core, id: &str) -> Result<(), AgentError> {
        if !self.lacks_pin_alone(core, id) {
            return Err(AgentError::PromptCancelled);
        }
        let now = self.clock.boottime();
        match core.waiting.iter_mut().find(|waiting| waiting.id == id) {
            // Whoever waits for it looks now and then; a PIN does not wait for that.
            Some(Waiting { stage: stage @ Stage::Waits, gone, until, .. }) if now < *until && !gone.is_so() => {
                *stage = Stage::Claimed;
                Ok(())
            }
            Some(_) | None => Err(AgentError::PromptCancelled),
        }
    }

    /// Hands over what came of the PIN that claimed it; without an answer it waits on. Whoever typed the PIN hears the verdict; record and
    /// decision are the program's.
    pub(crate) fn unclaim(&self, id: &str, proved: Result<AwaitAnswer, AgentError>) -> Result<AwaitAnswer, AgentError> {
        let mut core = self.lock();
        let claimed = core.waiting.iter_mut().find(|waiting| waiting.id == id);
        if let Some(Waiting { stage: stage @ Stage::Claimed, .. }) = claimed {
            *stage = match &proved {
                Ok(AwaitAnswer { verdict, record, decision, .. }) => {
                    let (verdict, decision) = (verdict.clone(), decision.clone());
                    Stage::Answered(AuthorizeAnswer { verdict, record: *record, decision })
                }
                Err(_) => Stage::Waits,
            };
        }
        self.tell(&mut core);
        proved.map(|proved| AwaitAnswer { record: None, decision: None, ..proved })
    }

    /// Refuses it for the clerk. A PIN that is being judged for it is her word already.
    ///
    /// # Errors
    /// [`AgentError::NotPermitted`] for who may not ask for a PIN, or in another's session; [`AgentError::NoSuchPrompt`] when it waits no more.
    pub fn decline(&self, caller: &Caller, request: &DeclineRequest) -> Result<(), AgentError> {
        if !caller.may_prompt {
            return Err(AgentError::NotPermitted { reason: Bar::NotAPromptPeer });
        }
        let mut core = self.lock();
        if !caller.trusted && !core.is_owner(caller) {
            return Err(AgentError::NotPermitted { reason: Bar::NotYourSession });
        }
        match core.waiting.iter_mut().find(|waiting| waiting.id == request.waiting) {
            Some(Waiting { stage: stage @ Stage::Waits, .. }) => *stage = Stage::Declined,
            Some(Waiting { stage: Stage::Declined, .. }) => {}
            Some(_) | None => return Err(AgentError::NoSuchPrompt),
        }
        self.tell(&mut core);
        Ok(())
    }
}

impl Core {
    fn stage(&self, id: &str) -> Option<&Stage> {
        self.waiting.iter().find(|waiting| waiting.id == id).map(|waiting| &waiting.stage)
    }

    /// Takes it out, and with it the prompt that is open for it: what is typed there is nobody's any more.
    fn waits_no_more(&mut self, id: &str) {
        self.cancel_prompts_for(id);
        self.waiting.retain(|waiting| waiting.id != id);
    }

    /// The request that is next, as panel and desktop show it.
    pub(crate) fn waiting_shown(&self) -> Option<Shown> {
        // What was asked in a session that is over is nobody's to see.
        let session = self.machine.session()?.id;
        let shown =
            |waiting: &&Waiting| waiting.session == session && matches!(waiting.stage, Stage::Waits | Stage::Claimed);
        let Waiting { id, caller, user, asked, .. } = self.waiting.front().filter(shown)?;
        let question = &asked.question;
        let function = question.function.as_ref()?;
        let title = self.deciding().function(function).map(|known| known.title().to_owned());
        Some(Shown {
            id: id.clone(),
            uid: caller.uid,
            user: user.clone(),
            application: caller.application.as_ref().map(ToString::to_string),
            function: function.to_string(),
            title: title.unwrap_or_default(),
            purpose: question.purpose.as_ref().map(ToString::to_string),
            case: question.case.as_ref().map(ToString::to_string),
        })
    }
}

#[cfg(test)]
#[path = "waiting/tests.rs"]
mod tests;
