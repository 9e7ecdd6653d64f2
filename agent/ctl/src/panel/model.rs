//! What the panel knows, and what an event makes of it. No I/O: events in, actions out.

mod deciding;
mod edit;
mod for_program;
mod pins;
mod reporting;
mod starting;

use sekisho_ipc::{
    ActDraft, AuthorizeAnswer, AuthorizeRequest, AwaitAnswer, DraftActRequest, Function, PinFrame, PromptRequest,
    Purpose, RecordRef, Session, SessionState, State, TypedPin, Waiting,
};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

pub(super) use self::deciding::{ALL as ALL_ACTS, Asked as AskedValue, Deciding};
use self::edit::{edit, write_into};
use self::pins::type_into;
pub(super) use self::reporting::Reporting;
use crate::failure::Failure;
use crate::language::other;
use crate::phrases::{sentence, tries, what_of};
use crate::programs::{End, Program};
use crate::report;

/// A key press counts as work at most this often, in milliseconds.
const ACTIVITY_EVERY: u64 = 1000;
/// The longest case reference (wire §2).
const CASE_MAX: usize = 40;

/// Keys, in the panel's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Character(char),
    Enter,
    Escape,
    Backspace,
    Tab,
    Up,
    Down,
    Language,
    ChangePin,
    Decide,
    Report,
    Lock,
    End,
    Quit,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    Key(Key),
    Redraw,
    State(Box<State>),
    /// The session counts anew, from this time of the agent on.
    Counted {
        time: u64,
        session: Session,
    },
    Lost(Failure),
    /// What came of a PIN, and for which function it was.
    Proved {
        function: Option<String>,
        answer: Result<AwaitAnswer, Failure>,
    },
    Authorized {
        request: AuthorizeRequest,
        answer: Result<AuthorizeAnswer, Failure>,
    },
    /// What the agent wrote, to be signed.
    Drafted(Result<ActDraft, Failure>),
    /// What came of a report.
    Reported(Result<report::Answer, Failure>),
    Did(Result<(), Failure>),
    /// A program that was started has ended.
    Ended(Program, End),
}

/// What to do.
#[derive(Debug)]
pub(super) enum Action {
    /// `card` is the one that was shown while the PIN was typed; the agent sends the PIN to no other.
    Login {
        card: Option<String>,
        profile: Option<String>,
        pin: PinFrame,
    },
    /// For a function, or for a request that waits.
    Prove {
        request: PromptRequest,
        pin: PinFrame,
    },
    /// The clerk does not want to type her PIN for this request.
    Decline(String),
    ChangePin {
        card: Option<String>,
        /// The present one and the new one.
        pins: [PinFrame; 2],
    },
    /// The PIN for this is typed on the reader: for a function, if one is named.
    OnReader(PromptRequest),
    Authorize(AuthorizeRequest),
    Report(report::Request),
    /// Has an act written.
    Draft(DraftActRequest),
    /// What was granted with this record is a program to be started.
    Start(RecordRef, Program),
    Lock,
    End,
    Activity,
    Quit,
}

/// The agent, as far as the panel knows.
#[derive(Debug)]
pub(super) enum Agent {
    /// Nothing was heard yet.
    Connecting,
    /// It does not answer.
    Unreachable(Failure),
    /// It said this, at this time of the panel's own clock.
    Reached { state: Box<State>, at: u64 },
}

/// What the person is amid.
#[derive(Debug)]
pub(super) enum Dialog {
    None,
    /// Chooses which program is started.
    Program {
        choices: Vec<Program>,
        choice: usize,
    },
    /// Chooses the purpose of a function.
    Purpose {
        function: String,
        choices: Vec<Option<Purpose>>,
        choice: usize,
    },
    /// Types the case.
    Case {
        function: String,
        purpose: Option<String>,
        text: String,
    },
    /// Types the PIN for a function.
    Pin {
        request: AuthorizeRequest,
        typed: TypedPin,
    },
    /// Types the PIN for a program's request.
    ForProgram {
        waiting: Waiting,
        typed: TypedPin,
        /// The request waits no more. Whoever was typing goes on typing: what comes until Enter or Esc was meant for the PIN.
        over: bool,
    },
    /// Changes the PIN: types the present one, the new one, the new one again. `done` holds those that were typed before.
    ChangePin {
        done: Vec<TypedPin>,
        typed: TypedPin,
    },
    /// Reports a card or an incident.
    Report(Reporting),
    /// Decides something, and signs it.
    Decide(Deciding),
    /// Waits: the card or the agent is at work.
    Waiting,
}

/// What was said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) good: bool,
    pub(super) text: String,
}

/// Everything that is shown.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) language: Language,
    pub(super) agent: Agent,
    pub(super) dialog: Dialog,
    /// The PIN that opens the session, while it is typed.
    pub(super) typed: TypedPin,
    /// Which of the card's profiles is to be used.
    pub(super) profile: usize,
    /// Which function is marked.
    pub(super) selected: usize,
    pub(super) notice: Option<Notice>,
    /// What can be started.
    pub(super) programs: Vec<Program>,
    /// What is to be started once it is granted.
    pub(super) starting: Option<Program>,
    pub(super) now: u64,
    active_at: Option<u64>,
}

impl Panel {
    pub(super) fn new(language: Language, programs: Vec<Program>) -> Self {
        Self {
            language,
            agent: Agent::Connecting,
            dialog: Dialog::None,
            typed: TypedPin::default(),
            profile: 0,
            selected: 0,
            notice: None,
            programs,
            starting: None,
            now: 0,
            active_at: None,
        }
    }

    pub(super) fn set_now(&mut self, now: u64) {
        self.now = now;
    }

    /// What the agent said last, if it still answers.
    pub(super) fn state(&self) -> Option<&State> {
        match &self.agent {
            Agent::Reached { state, .. } => Some(state),
            Agent::Connecting | Agent::Unreachable(_) => None,
        }
    }

    /// The card that is shown: what is typed is typed for it.
    fn card(&self) -> Option<String> {
        self.state()?.card.as_ref().map(|card| card.guid.clone())
    }

    /// The function that is marked.
    pub(super) fn function(&self) -> Option<&Function> {
        self.state()?.functions.get(self.selected)
    }

    /// Takes an event in.
    pub(super) fn take(&mut self, event: Event) -> Vec<Action> {
        match event {
            Event::Key(key) => return self.key(key),
            Event::Redraw => {}
            Event::State(state) => self.arrived(state),
            Event::Counted { time, session } => self.counted(time, &session),
            Event::Lost(failure) => {
                self.forget_input();
                self.agent = Agent::Unreachable(failure);
            }
            Event::Proved { function, answer } => return self.proved(function.as_deref(), answer),
            Event::Authorized { request, answer } => return self.authorized(request, answer),
            Event::Reported(answer) => self.reported(answer),
            Event::Drafted(answer) => self.drafted(answer),
            Event::Ended(program, end) => self.ended(&program, end),
            Event::Did(done) => {
                if let Err(failure) = done {
                    self.failed(&failure);
                }
            }
        }
        Vec::new()
    }

    fn arrived(&mut self, state: Box<State>) {
        let before = self.state().map(|state| (state.state, state.card.as_ref().map(|card| card.guid.clone())));
        let after = (state.state, state.card.as_ref().map(|card| card.guid.clone()));
        if before.as_ref().is_some_and(|before| *before != after) {
            // What was begun belonged to another card or another session; a PIN typed for one card goes to no other.
            if !matches!(self.dialog, Dialog::Waiting) {
                self.forget_input();
            }
            self.typed.clear();
            self.profile = 0;
            if after.0 != SessionState::Open {
                self.selected = 0;
            }
            self.notice = None;
        }
        self.selected = self.selected.min(state.functions.len().saturating_sub(1));
        self.forget_request_that_is_over(state.waiting.as_ref());
        let expired_before = self.must_change() && before.is_some_and(|before| before == after);
        self.agent = Agent::Reached { state, at: self.now };
        // She is led to it once; who leaves it comes back by Enter.
        if self.must_change() && !expired_before && self.asks_for_pin() {
            self.typed.clear();
            self.begin_change();
        }
    }

    /// What is asked for beside the watch may be older than what that has told meanwhile: no more is taken of it than the countdowns, and those
    /// only of the session that is shown.
    fn counted(&mut self, time: u64, counted: &Session) {
        if let Agent::Reached { state, at } = &mut self.agent
            && state.state == SessionState::Open
            && let Some(session) = state.session.as_mut().filter(|session| session.id == counted.id)
        {
            session.idle_lock_in = counted.idle_lock_in;
            (session.ends_in, session.ends_by) = (counted.ends_in, counted.ends_by);
            (state.time, *at) = (time, self.now);
        }
    }

    fn forget_input(&mut self) {
        self.dialog = Dialog::None;
        self.starting = None;
        self.typed.clear();
    }

    fn key(&mut self, key: Key) -> Vec<Action> {
        match key {
            Key::Quit => return vec![Action::Quit],
            Key::Language => self.language = other(self.language),
            Key::ChangePin => {
                let begun = self.begin_change();
                return self.activity().into_iter().chain(begun).collect();
            }
            Key::Report => self.begin_report(),
            Key::Decide => self.begin_act(),
            Key::Lock => return self.lock(),
            Key::End => return self.end(),
            Key::Character(_) | Key::Enter | Key::Escape | Key::Backspace | Key::Tab | Key::Up | Key::Down => {
                let mut actions = self.activity();
                actions.extend(self.key_in_place(key));
                return actions;
            }
        }
        self.activity()
    }

    /// A clerk who types is a clerk who works; while locked it changes nothing.
    fn activity(&mut self) -> Vec<Action> {
        let open = self.state().is_some_and(|state| state.state == SessionState::Open);
        if !open || self.active_at.is_some_and(|at| self.now.saturating_sub(at) < ACTIVITY_EVERY) {
            return Vec::new();
        }
        self.active_at = Some(self.now);
        vec![Action::Activity]
    }

    fn key_in_place(&mut self, key: Key) -> Option<Action> {
        match std::mem::replace(&mut self.dialog, Dialog::None) {
            Dialog::None => self.key_in_state(key),
            Dialog::Waiting => {
                self.dialog = Dialog::Waiting;
                None
            }
            Dialog::ForProgram { over: true, .. } if matches!(key, Key::Enter | Key::Escape) => None,
            over @ Dialog::ForProgram { over: true, .. } => {
                self.dialog = over;
                None
            }
            Dialog::ForProgram { waiting, typed, over: false } => self.key_for_program(key, waiting, typed),
            dialog if key == Key::Escape => {
                drop(dialog);
                self.starting = None;
                None
            }
            Dialog::Program { choices, choice } => self.key_in_programs(key, choices, choice),
            Dialog::Purpose { function, choices, choice } => self.key_in_purposes(key, function, choices, choice),
            Dialog::Case { function, purpose, text } => self.key_in_case(key, function, purpose, text),
            Dialog::Pin { request, typed } => self.key_in_proof(key, request, typed),
            Dialog::ChangePin { done, typed } => self.key_in_change(key, done, typed),
            Dialog::Report(reporting) => self.key_in_report(key, reporting),
            Dialog::Decide(deciding) => self.key_in_act(key, deciding),
        }
    }

    fn key_in_state(&mut self, key: Key) -> Option<Action> {
        match self.state().map(|state| state.state) {
            Some(SessionState::Open) => self.key_in_list(key),
            Some(SessionState::AwaitPin | SessionState::Locked) => self.key_in_login(key),
            Some(SessionState::NoCard) | None => match key {
                Key::Character('q') => Some(Action::Quit),
                Key::Character('l') => {
                    self.language = other(self.language);
                    None
                }
                Key::Character('e') => self.end().pop(),
                Key::Character(_)
                | Key::Enter
                | Key::Escape
                | Key::Backspace
                | Key::Tab
                | Key::Up
                | Key::Down
                | Key::Language
                | Key::ChangePin
                | Key::Decide
                | Key::Report
                | Key::Lock
                | Key::End
                | Key::Quit => None,
            },
        }
    }

    fn key_in_list(&mut self, key: Key) -> Option<Action> {
        let last = self.state().map_or(0, |state| state.functions.len().saturating_sub(1));
        match key {
            Key::Character('q') => return Some(Action::Quit),
            Key::Character('k') => return self.lock().pop(),
            Key::Character('e') => return self.end().pop(),
            Key::Character('l') => self.language = other(self.language),
            Key::Character('a') | Key::Enter => self.begin(None),
            Key::Character('p') => return self.begin_for_program(),
            Key::Character('s') => self.choose_program(),
            Key::Up => self.selected = self.selected.saturating_sub(1),
            Key::Down => self.selected = (self.selected + 1).min(last),
            Key::Escape => self.notice = None,
            Key::Character(_)
            | Key::Backspace
            | Key::Tab
            | Key::Language
            | Key::ChangePin
            | Key::Decide
            | Key::Report
            | Key::Lock
            | Key::End
            | Key::Quit => {}
        }
        None
    }

    /// Letters go into the PIN here, so the commands are on function keys.
    fn key_in_login(&mut self, key: Key) -> Option<Action> {
        let profiles = self.profiles();
        match key {
            Key::Tab if !profiles.is_empty() => self.profile = (self.profile + 1) % profiles.len(),
            _ if !self.asks_for_pin() => return self.key_in_login_on_reader(key),
            // Nothing else could come of a PIN that has expired.
            Key::Enter if self.must_change() => return self.begin_change(),
            _ if self.must_change() => {}
            Key::Enter if !self.typed.is_empty() => {
                let typed = std::mem::take(&mut self.typed);
                let profile = profiles.into_iter().nth(self.profile);
                let card = self.card();
                return self.sent(typed.frame(), |pin| Action::Login { card, profile, pin });
            }
            Key::Tab
            | Key::Enter
            | Key::Character(_)
            | Key::Escape
            | Key::Backspace
            | Key::Up
            | Key::Down
            | Key::Language
            | Key::ChangePin
            | Key::Decide
            | Key::Report
            | Key::Lock
            | Key::End
            | Key::Quit => type_into(&mut self.typed, key),
        }
        None
    }

    /// The profiles to choose from: only before a session is opened, and only where there is a choice.
    pub(super) fn profiles(&self) -> Vec<String> {
        match self.state() {
            Some(State { state: SessionState::AwaitPin, card: Some(card), .. }) => card.profiles.clone(),
            Some(_) | None => Vec::new(),
        }
    }

    /// Begins to ask for the marked function: its purpose first, then the case. A program is started when it is granted.
    fn begin(&mut self, starting: Option<Program>) {
        self.starting = starting;
        let Some(function) = self.function() else { return };
        let name = function.function.clone();
        let mut choices: Vec<Option<Purpose>> = function.purposes.iter().cloned().map(Some).collect();
        if !function.purpose_required {
            choices.insert(0, None);
        }
        self.notice = None;
        self.dialog = if choices.iter().any(Option::is_some) {
            Dialog::Purpose { function: name, choices, choice: 0 }
        } else {
            Dialog::Case { function: name, purpose: None, text: String::new() }
        };
    }

    fn key_in_purposes(
        &mut self,
        key: Key,
        function: String,
        choices: Vec<Option<Purpose>>,
        choice: usize,
    ) -> Option<Action> {
        let choice = moved(key, choice, choices.len());
        self.dialog = if key == Key::Enter {
            let purpose = choices.into_iter().nth(choice).flatten().map(|purpose| purpose.purpose);
            Dialog::Case { function, purpose, text: String::new() }
        } else {
            Dialog::Purpose { function, choices, choice }
        };
        None
    }

    fn key_in_case(&mut self, key: Key, function: String, purpose: Option<String>, mut text: String) -> Option<Action> {
        if key == Key::Enter {
            self.dialog = Dialog::Waiting;
            let case = Some(text).filter(|text| !text.is_empty());
            return Some(Action::Authorize(AuthorizeRequest {
                function,
                purpose,
                case,
                ..AuthorizeRequest::default()
            }));
        }
        write_into(&mut text, edit(key, |c| c.is_ascii_alphanumeric() || "./_-".contains(c)), CASE_MAX);
        self.dialog = Dialog::Case { function, purpose, text };
        None
    }

    fn lock(&mut self) -> Vec<Action> {
        match self.state().map(|state| state.state) {
            Some(SessionState::Open) => vec![Action::Lock],
            Some(SessionState::NoCard | SessionState::AwaitPin | SessionState::Locked) | None => Vec::new(),
        }
    }

    fn end(&mut self) -> Vec<Action> {
        match self.state() {
            Some(State { session: Some(_), .. }) => vec![Action::End],
            Some(_) | None => Vec::new(),
        }
    }

    fn proved(&mut self, function: Option<&str>, answer: Result<AwaitAnswer, Failure>) -> Vec<Action> {
        let starting = self.starting_under(function);
        self.forget_input();
        match answer {
            Err(failure) => self.failed(&failure),
            Ok(answer) if answer.verdict.granted => {
                self.notice(true, what_of(&answer.verdict, self.language).into());
                return self.start(starting, answer.record);
            }
            Ok(answer) => {
                let left = answer.tries_left.map(|left| tries(left, self.language)).unwrap_or_default();
                self.notice(false, format!("{} {left}", sentence(&answer.verdict, self.language)).trim_end().into());
            }
        }
        Vec::new()
    }

    fn authorized(&mut self, request: AuthorizeRequest, answer: Result<AuthorizeAnswer, Failure>) -> Vec<Action> {
        let starting = self.starting_under(Some(&request.function));
        self.forget_input();
        match answer {
            Err(failure) => self.failed(&failure),
            Ok(answer) if answer.verdict.code == VerdictCode::PinProofNeeded.name() && !self.asks_for_pin() => {
                self.starting = starting;
                return self.on_reader(PromptRequest::authorize(request)).into_iter().collect();
            }
            Ok(answer) if answer.verdict.code == VerdictCode::PinProofNeeded.name() => {
                self.dialog = Dialog::Pin { request, typed: TypedPin::default() };
                self.starting = starting;
            }
            Ok(answer) => {
                let record = answer.record.map(|record| {
                    format!(" ({} {}:{})", self.language.pick("記録", "record"), record.epoch, record.seq)
                });
                let text = format!("{}: {}", request.function, sentence(&answer.verdict, self.language));
                self.notice(answer.verdict.granted, text + &record.unwrap_or_default());
                if answer.verdict.granted {
                    return self.start(starting, answer.record);
                }
            }
        }
        Vec::new()
    }

    fn failed(&mut self, failure: &Failure) {
        let stop = self.language.pick("。", ". ");
        let text = format!("{}{stop}{}", failure.what(self.language), failure.next(self.language));
        self.notice(false, text);
    }

    fn notice(&mut self, good: bool, text: String) {
        self.notice = Some(Notice { good, text });
    }
}

/// Where a mark in a list goes.
fn moved(key: Key, choice: usize, length: usize) -> usize {
    if key == Key::Up {
        choice.saturating_sub(1)
    } else if key == Key::Down {
        (choice + 1).min(length.saturating_sub(1))
    } else {
        choice
    }
}
