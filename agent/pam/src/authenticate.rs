//! `pam_sm_authenticate`: a card, a PIN typed now, and the agent's word that it is on record.

use std::thread::sleep;
use std::time::Duration;

use sekisho_ipc::{
    AgentError, AuthorizeRequest, AwaitAnswer, Bar, Client, ClientError, PinFrame, PromptRequest, SessionState, State,
    Verdict,
};

use crate::accounts::Whose;
use crate::application::{Application, NoPin, Tone};
use crate::options::Options;
use crate::outcome::Outcome;
use crate::words::{Language, Saying, change_questions, expired_pin, of_error, of_verdict, question, type_on_reader};
use crate::{CARD_VARIABLE, SESSION_VARIABLE};

/// The verdict on a PIN whose time is over.
const PIN_EXPIRED: &str = "pin_expired";
/// How often is looked whether a card is there.
const LOOK: Duration = Duration::from_millis(250);
/// How long what came of a PIN may take: the agent gives a card at most a fraction of this.
const PIN_WAIT: Duration = Duration::from_secs(60);

/// Why nobody was let in: what is returned, what the person and what the system's log hear.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) outcome: Outcome,
    pub(crate) told: Option<String>,
    pub(crate) logged: String,
}

/// Lets a person in, or says why not.
pub(crate) fn authenticate(application: &dyn Application, options: &Options) -> Outcome {
    let language = Language::of(options.language, application);
    match (Attempt { application, options, language }).run() {
        Ok(user) => {
            application.log(&format!("{user}: card and PIN proved"));
            Outcome::Success
        }
        Err(refusal) => refuse(application, refusal),
    }
}

/// Says why, to the person and to the log.
pub(crate) fn refuse(application: &dyn Application, refusal: Refusal) -> Outcome {
    application.log(&refusal.logged);
    if let Some(told) = refusal.told {
        application.tell(Tone::Refusal, &told);
    }
    refusal.outcome
}

pub(crate) fn refusal(outcome: Outcome, saying: Saying, language: Language, logged: impl Into<String>) -> Refusal {
    Refusal { outcome, told: Some(saying.in_words(language).into()), logged: logged.into() }
}

/// What the agent, or its silence, comes to.
pub(crate) fn of_client(error: &ClientError, language: Language) -> Refusal {
    let outcome = match error {
        ClientError::Connection(_) | ClientError::Foreign { .. } | ClientError::Agent(AgentError::NotEnrolled) => {
            Outcome::AgentUnavailable
        }
        ClientError::Agent(AgentError::CardProblem { verdict, .. })
            if matches!(verdict.code.as_str(), "pin_blocked" | "pin_not_sent") =>
        {
            Outcome::NoMoreTries
        }
        ClientError::Agent(
            AgentError::InvalidArgument { .. }
            | AgentError::NotPermitted {
                reason: Bar::NotAPromptPeer | Bar::OnlyRoot | Bar::NotAReporter | Bar::NotABorrower,
            }
            | AgentError::TooLarge { .. }
            | AgentError::RecordsHeldBack { .. }
            | AgentError::SealRefused { .. }
            | AgentError::AlreadyCompleted,
        ) => Outcome::BadStanza,
        ClientError::Agent(
            AgentError::CardProblem { .. }
            | AgentError::NotPermitted { reason: Bar::SessionOpen | Bar::NotYourSession }
            | AgentError::NoSuchPrompt
            | AgentError::NoSuchDraft
            | AgentError::PromptCancelled
            | AgentError::NotRecorded,
        )
        | ClientError::Pin(_) => Outcome::Refused,
    };
    let logged = match error {
        ClientError::Agent(AgentError::CardProblem { verdict, .. }) => format!("refused: {}", verdict.code),
        other @ (ClientError::Connection(_)
        | ClientError::Agent(_)
        | ClientError::Foreign { .. }
        | ClientError::Pin(_)) => other.to_string(),
    };
    Refusal { outcome, told: Some(of_error(error, language)), logged }
}

/// Whose card opens the account that this is about.
pub(crate) fn account(
    application: &dyn Application,
    options: &Options,
    language: Language,
) -> Result<(String, u32, Whose), Refusal> {
    let bad_stanza = |why: &str| refusal(Outcome::BadStanza, Saying::BadStanza, language, why);
    let accounts = options.accounts.as_ref().ok_or_else(|| bad_stanza("option 'account' is missing"))?;
    // Not by name: what no account is called may be a PIN, typed in the wrong place.
    let unknown = || refusal(Outcome::UserUnknown, Saying::UnknownUser, language, "no such user");
    let user = application.user().ok_or_else(unknown)?;
    let uid = application.uid_of(&user).ok_or_else(unknown)?;
    let whose = accounts.of(&user, uid).map_err(|why| bad_stanza(&why))?;
    Ok((user, uid, whose))
}

struct Attempt<'a> {
    application: &'a dyn Application,
    options: &'a Options,
    language: Language,
}

impl Attempt<'_> {
    fn run(&self) -> Result<String, Refusal> {
        if let Some(host) = self.application.remote_host() {
            return Err(self.refusal(Outcome::Refused, Saying::FromAfar, format!("refused: from {host:?}")));
        }
        let (user, uid, whose) = account(self.application, self.options, self.language)?;
        // In a program that anybody may start with root's rights (su), the card of who sits here would answer for whoever started it.
        let starter = self.application.starter();
        if self.options.function.is_none() && starter != 0 && starter != uid {
            return Err(self.refusal(
                Outcome::Refused,
                Saying::NotYourAccount,
                format!("{user}: refused: uid {starter} asks"),
            ));
        }
        if whose == Whose::Of(Vec::new()) {
            return Err(self.refusal(Outcome::Refused, Saying::NoCardForAccount, format!("{user}: no card opens it")));
        }
        let mut client = self.asked(Client::connect(&self.options.socket))?;
        let state = self.wait_for_card(&mut client)?;
        let request = self.request(&mut client, &state, &whose, uid)?;
        let answer = self.prove(&mut client, &request, &whose)?;
        if !answer.verdict.granted {
            let logged = format!("{user}: refused: {}", answer.verdict.code);
            let told = Some(of_verdict(&answer.verdict, self.language));
            return Err(Refusal { outcome: Outcome::Refused, told, logged });
        }
        self.application.set_variable(CARD_VARIABLE, "yes");
        // The session in which a function was granted is the clerk's own: its end is not this login's.
        if let (None, Some(session)) = (&self.options.function, &answer.session) {
            self.application.set_variable(SESSION_VARIABLE, &session.id);
        }
        Ok(user)
    }

    fn refusal(&self, outcome: Outcome, saying: Saying, logged: impl Into<String>) -> Refusal {
        refusal(outcome, saying, self.language, logged)
    }

    fn asked<T>(&self, answer: Result<T, ClientError>) -> Result<T, Refusal> {
        answer.map_err(|error| of_client(&error, self.language))
    }

    /// The state once a card is in. A card that cannot be used is told of, and another one waited for.
    fn wait_for_card(&self, client: &mut Client) -> Result<State, Refusal> {
        let mut told = String::new();
        let mut left = self.options.wait;
        loop {
            let state = self.asked(client.status())?;
            if state.state != SessionState::NoCard {
                return Ok(state);
            }
            let to_say = match state.advice.code.as_str() {
                "card_problem" => of_verdict(&state.advice, self.language),
                _ => Saying::InsertCard.in_words(self.language).into(),
            };
            if left.is_zero() {
                return Err(self.refusal(Outcome::Refused, Saying::NoCardCame, "refused: no card"));
            }
            if told != to_say {
                self.application.tell(Tone::Request, &to_say);
                told = to_say;
            }
            let pause = left.min(LOOK);
            sleep(pause);
            left -= pause;
        }
    }

    /// What to ask the agent for. An open session says nothing about who stands here now: it is locked, and the PIN opens it again.
    fn request(&self, client: &mut Client, state: &State, whose: &Whose, uid: u32) -> Result<PromptRequest, Refusal> {
        // A prompt for another person's card would only be in her way. Where the agent does not say whose it is, the prompt does.
        if let Some(operator) = state.card.as_ref().and_then(|card| card.operator.as_deref()) {
            self.must_be(whose, Some(operator))?;
        }
        // Who typed the PIN before we asked (many lockers) meant the card that is in now.
        let card = state.card.as_ref().map(|card| card.guid.clone());
        if let Some(function) = &self.options.function {
            let (function, purpose) = (function.code.clone(), function.purpose.clone());
            let request =
                AuthorizeRequest { function, purpose, case: None, request: None, recipient: None, wait: None };
            return Ok(PromptRequest { card, ..PromptRequest::authorize(request) });
        }
        if state.state == SessionState::Open {
            self.must_be(whose, state.session.as_ref().map(|session| session.operator.as_str()))?;
            self.asked(client.lock())?;
        }
        // Only root may say whose session it will be; a locker runs as that user.
        let user = rustix::process::geteuid().is_root().then_some(uid);
        Ok(PromptRequest { card, user, ..PromptRequest::login() })
    }

    fn prove(&self, client: &mut Client, request: &PromptRequest, whose: &Whose) -> Result<AwaitAnswer, Refusal> {
        let mut typed = None;
        let prompt = match client.prompt(request) {
            Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) if verdict.code == PIN_EXPIRED => {
                typed = self.change_pin(client, &verdict, request, whose)?;
                self.asked(client.prompt(request))?
            }
            prompt => self.asked(prompt)?,
        };
        self.must_be(whose, prompt.operator.as_deref())?;
        if prompt.on_reader.is_some() {
            // Nothing is asked here: who typed a PIN for a locker beforehand is not heard.
            self.application.tell(Tone::Request, &type_on_reader(&prompt, self.language));
            return self.asked(client.wait_at_most(&prompt, PIN_WAIT));
        }
        let frame = match typed {
            Some(typed) => typed,
            None => self.typed(&question(&prompt, self.language))?,
        };
        self.asked(prompt.send_pin(&frame))?;
        drop(frame);
        self.asked(client.wait_at_most(&prompt, PIN_WAIT))
    }

    fn typed(&self, question: &str) -> Result<PinFrame, Refusal> {
        self.application.ask_pin(question).map_err(|why| match why {
            NoPin::NotOne(error) => of_client(&ClientError::Pin(error), self.language),
            NoPin::NoAnswer => {
                Refusal { outcome: Outcome::ConversationOver, told: None, logged: "given up, no PIN was sent".into() }
            }
        })
    }

    /// Her PIN has expired, and here she can change it: she may have no other way in. The new one, where it was typed here: it logs in at once.
    fn change_pin(
        &self,
        client: &mut Client,
        expired: &Verdict,
        login: &PromptRequest,
        whose: &Whose,
    ) -> Result<Option<PinFrame>, Refusal> {
        let request = PromptRequest { card: login.card.clone(), ..PromptRequest::change_pin() };
        let prompt = self.asked(client.prompt(&request))?;
        self.must_be(whose, prompt.operator.as_deref())?;
        let on_reader = prompt.on_reader.is_some();
        self.application.tell(Tone::Request, &expired_pin(expired, on_reader.then_some(&prompt), self.language));
        let mut new = None;
        if !on_reader {
            let [present, another, again] = change_questions(&prompt, self.language);
            let old = self.typed(&present)?;
            let chosen = self.typed(&another)?;
            if self.typed(&again)?.expose() != chosen.expose() {
                return Err(self.refusal(Outcome::Refused, Saying::PinsDiffer, "refused: the two new PINs differ"));
            }
            self.asked(prompt.send_pin(&old))?;
            self.asked(prompt.send_pin(&chosen))?;
            new = Some(chosen);
        }
        let answer = self.asked(client.wait_at_most(&prompt, PIN_WAIT))?;
        if answer.verdict.granted {
            self.application.log("the PIN was changed");
            return Ok(new);
        }
        let logged = format!("refused: {}", answer.verdict.code);
        Err(Refusal { outcome: Outcome::Refused, told: Some(of_verdict(&answer.verdict, self.language)), logged })
    }

    /// Before the PIN: another person's is not asked for.
    fn must_be(&self, whose: &Whose, operator: Option<&str>) -> Result<(), Refusal> {
        if whose.includes(operator) {
            return Ok(());
        }
        let logged = format!("refused: the card of {}", operator.unwrap_or("somebody unknown"));
        Err(self.refusal(Outcome::Refused, Saying::NotThisCard, logged))
    }
}

#[cfg(test)]
#[path = "authenticate/tests.rs"]
mod tests;
