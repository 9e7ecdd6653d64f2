//! What is to be done at this desktop, as a pure state machine: events in, actions out. Time is an argument; nothing here does I/O.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_ipc::{
    Card, OpenPrompt, PinEntry, PinFrameError, PromptRequest, ScreenState, Session, SessionEnd, SessionState, State,
    Verdict, Waiting,
};
use sekisho_wire::verdict::VerdictCode;

use crate::words;

/// A locker that fails so often without locking is not started again for this lock.
const LOCKER_TRIES: u32 = 3;

/// What is seen of our screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// Nobody says.
    Unknown,
    /// It is the one that people see, and open.
    Shown,
    /// It is locked.
    Locked,
    /// Another session is shown.
    Away,
}

/// What this desktop wants of us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    /// Ask for the PIN by ourselves.
    pub(crate) ask: bool,
    /// Start a locker: the desktop has none that listens to logind.
    pub(crate) lock: bool,
}

/// Which asking for a PIN: what comes of an earlier one is of no interest any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asking(u64);

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// The agent's state, now.
    Agent(Box<State>),
    /// The agent is away.
    AgentLost,
    /// What is seen of our screen.
    Screen(Screen),
    /// logind wants our screen locked.
    LockAsked,
    /// Time passed.
    Tick,
    /// The clerk wants to type her PIN.
    PinWanted,
    /// She does not, for the request of this id.
    PinDenied(String),
    /// What came of asking for one.
    Pin(Asking, Came),
    /// What the locker did.
    Locker(Locker),
    /// The desktop is gone.
    Over(String),
}

/// What came of asking for a PIN.
#[derive(Debug)]
pub(crate) enum Came {
    /// It was right.
    Proved,
    /// The agent or the card said no.
    Refused {
        /// What it said.
        verdict: Verdict,
        /// How many tries are left, where that is known.
        tries_left: Option<u32>,
    },
    /// What was typed is none; nothing was sent.
    NotAPin(PinFrameError),
    /// The two new ones differ; nothing was sent.
    Differs,
    /// The clerk cancelled it.
    Cancelled,
    /// She let it stand.
    GivenUp,
    /// It could not be asked for, or not be sent. The log has the cause.
    Failed,
}

/// What the locker did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locker {
    /// The screen is locked.
    Locked,
    /// Somebody unlocked it.
    Unlocked,
    /// It ended in another way: what it hid is shown.
    Failed,
}

/// What to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// See whether somebody is at keyboard or mouse, tell the agent so, and ask it how long there is.
    Look,
    /// Show this, in place of what was shown on the same subject.
    Show(Topic, Note),
    /// Take it away: it is not true any more.
    Withdraw(Topic),
    /// Ask for a PIN.
    Ask(Asking, Question),
    /// Take the question away.
    StopAsking,
    /// Tell the agent that the clerk does not want to type her PIN for this request.
    Decline(String),
    /// Start the locker.
    StartLocker,
    /// End what may run in an open session alone.
    EndPrograms,
    /// Tell logind whether the screen is locked.
    TellLocked(bool),
}

/// Subjects of notifications; there is one of each at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Topic {
    /// The idle lock is near.
    Idle,
    /// The end of the session is near.
    End,
    /// A request was refused.
    Refusal,
    /// The PIN is awaited, and nobody is asking for it.
    Pin,
    /// The card readers are lent.
    Lease,
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// Without input the session is locked within a minute.
    IdleSoon,
    /// The session ends within so many minutes.
    EndsSoon {
        /// What ends it.
        by: SessionEnd,
        /// Rounded up to a step of the warnings.
        minutes: u64,
    },
    /// This was refused.
    Refused {
        /// What was asked for, in words where there are any.
        function: Option<String>,
        /// What was said.
        verdict: Verdict,
        /// When: the same again is another.
        time: u64,
    },
    /// Somebody else has the card readers.
    Lent {
        /// Who, and until when.
        verdict: Verdict,
    },
    /// The card waits for its PIN.
    PinAwaited {
        /// Whose it is.
        holder: String,
        /// The request that it is for, where a program waits.
        waiting: Option<Waiting>,
    },
    /// The reader waits for a PIN that this user has not asked for.
    PinOfAnother {
        /// Who did; nothing when it was given up.
        prompt: Option<OpenPrompt>,
    },
    /// The PIN is to be typed on the reader, now.
    PinOnReader {
        /// Whose card it is.
        holder: String,
        /// The request that it is for, where a program waits.
        waiting: Option<Waiting>,
        /// How many wrong PINs it would still bear.
        tries_left: Option<u32>,
        /// What became of the last one.
        wrong: Option<Verdict>,
    },
}

/// What is asked, and about whose card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The card that is shown, by GUID.
    pub(crate) card: String,
    /// Whose it is.
    pub(crate) holder: String,
    /// How many wrong PINs it would still bear.
    pub(crate) tries_left: Option<u32>,
    /// Where it is typed.
    pub(crate) entry: PinEntry,
    /// The request that it is for, where a program waits; else it opens the session, or is changed first.
    pub(crate) waiting: Option<Waiting>,
    /// That the PIN opens nothing any more: the present one is asked for, and another one twice.
    pub(crate) expired: Option<Verdict>,
    /// What became of the last PIN.
    pub(crate) trouble: Option<Trouble>,
}

impl Question {
    fn subject(&self) -> Subject {
        let waiting = self.waiting.as_ref().map(|waiting| waiting.id.clone());
        let what = if self.expired.is_some() { Wanted::Another } else { Wanted::Present };
        Subject { card: self.card.clone(), waiting, what }
    }

    /// The prompt that it is asked for.
    pub(crate) fn prompt(&self) -> PromptRequest {
        let request = match (&self.waiting, &self.expired) {
            (Some(waiting), _) => PromptRequest::waiting(waiting.id.clone()),
            (None, Some(_)) => PromptRequest::change_pin(),
            (None, None) => PromptRequest::login(),
        };
        PromptRequest { card: Some(self.card.clone()), ..request }
    }
}

/// What a PIN is asked for: the session of this card, or a request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    card: String,
    waiting: Option<String>,
    what: Wanted,
}

/// Which PIN is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// The present one.
    Present,
    /// Another one as well, in place of one that has expired.
    Another,
}

/// Why a PIN is asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It was wrong.
    Wrong(Verdict),
    /// It was none.
    NotAPin(PinFrameError),
    /// The two new ones differ: nothing was sent.
    Differs,
}

/// Whether the PIN is being asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Prompt {
    /// Not so far. For a request it is asked for only when she wants to type it: what she types amid her work must not become a PIN.
    Never,
    /// She wants to type it.
    Wanted,
    /// For this.
    Open(Subject),
    /// It was, and it was right: the agent tells of the session in a moment, or has told a moment ago.
    Proved(Subject),
    /// It was, and the clerk did not want to: not again until she does, or the card was out, or another request waits.
    Declined(Subject),
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Seat {
    wishes: Wishes,
    state: Option<State>,
    /// When the state came.
    since: Duration,
    screen: Screen,
    prompt: Prompt,
    asking: Asking,
    /// What became of the PIN before the one that is asked for.
    trouble: Option<Trouble>,
    /// Why the card in the reader was refused, until something is done about it.
    refusal: Option<Verdict>,
    /// Decisions up to here were made before we were there.
    heard: Option<u64>,
    shown: BTreeMap<Topic, Note>,
    /// The locker runs; how often it failed without having locked.
    locker: Option<u32>,
    /// What a session before us left running was ended.
    looked_after: bool,
}

impl Seat {
    pub(crate) const fn new(wishes: Wishes) -> Self {
        Self {
            wishes,
            state: None,
            since: Duration::ZERO,
            screen: Screen::Unknown,
            prompt: Prompt::Never,
            asking: Asking(0),
            trouble: None,
            refusal: None,
            heard: None,
            shown: BTreeMap::new(),
            locker: None,
            looked_after: false,
        }
    }

    /// Whether time matters now: a session of ours is open.
    pub(crate) fn counts(&self) -> bool {
        self.open_session().is_some()
    }

    /// Takes an event at a time that only goes forward.
    pub(crate) fn step(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        let before = self.open_session().map(|session| session.id.clone());
        let mut first = false;
        match event {
            Event::Agent(state) => {
                first = !std::mem::replace(&mut self.looked_after, true);
                self.told(now, *state);
            }
            Event::AgentLost => self.state = None,
            Event::Screen(screen) => self.screen = screen,
            Event::LockAsked => self.lock(&mut actions),
            Event::Tick if self.counts() => actions.push(Action::Look),
            Event::Tick | Event::Over(_) => {}
            Event::PinWanted => self.prompt = Prompt::Wanted,
            Event::PinDenied(waiting) => actions.push(Action::Decline(waiting)),
            Event::Pin(asking, came) if asking == self.asking => self.came(came, &mut actions),
            Event::Pin(..) => {}
            Event::Locker(locker) => self.locker_did(locker, &mut actions),
        }
        let open = self.open_session().map(|session| &session.id);
        // An agent that is away says of no session that it is open. What is found at the beginning was left by a session that nobody looked after.
        if before.as_ref().is_some_and(|before| Some(before) != open) || first && open.is_none() {
            actions.push(Action::EndPrograms);
        }
        self.ask(&mut actions);
        self.show(now, &mut actions);
        actions
    }

    fn told(&mut self, now: Duration, state: State) {
        let newest = state.recent.first().map_or(0, |recent| recent.time);
        self.heard.get_or_insert(newest);
        let ended_by_hand = state.state == SessionState::AwaitPin
            && state.last_lock_reason.as_deref() == Some("asked")
            && self.state.as_ref().is_some_and(|before| before.session.is_some());
        let card = state.card.as_ref().map(|card| card.guid.clone());
        let waits = state.waiting.as_ref().map(|waiting| &waiting.id);
        let over = |asked: &Subject| {
            let over = match (&asked.waiting, asked.what) {
                (Some(id), _) => waits != Some(id),
                (None, Wanted::Present) => state.state == SessionState::Open,
                (None, Wanted::Another) => !is_expired(&state.advice),
            };
            over || card.as_ref() != Some(&asked.card)
        };
        if matches!(&self.prompt, Prompt::Declined(asked) | Prompt::Proved(asked) if over(asked)) {
            self.prompt = Prompt::Never;
        }
        // Whoever ends her session does not want another one at once.
        if let Some(card) = card.filter(|_| ended_by_hand) {
            self.prompt = Prompt::Declined(Subject { card, waiting: None, what: Wanted::Present });
        }
        // That a request waits no more is told as long as the session goes on, or another question comes.
        let same =
            self.open_session().is_some_and(|before| state.session.as_ref().is_some_and(|now| now.id == before.id));
        let stays = same && self.refusal == Some(words::waits_no_more());
        if matches!(self.prompt, Prompt::Never | Prompt::Wanted) && !stays {
            self.refusal = None;
        }
        self.state = Some(state);
        self.since = now;
    }

    /// The session, where it is open and ours: of another user's the agent shows none.
    fn open_session(&self) -> Option<&Session> {
        let state = self.state.as_ref()?;
        state.session.as_ref().filter(|_| state.state == SessionState::Open)
    }

    /// The card that a PIN is wanted for, where people can see the question: not over a screen that is locked, or about to be.
    fn wanted(&self) -> Option<Question> {
        let state = self.state.as_ref()?;
        let waiting = self.open_session().and(state.waiting.clone());
        let closed = matches!(state.state, SessionState::AwaitPin | SessionState::Locked);
        let expired = Some(&state.advice).filter(|advice| closed && is_expired(advice)).cloned();
        let opens = closed && asks_for_pin(&state.advice);
        if !self.wishes.ask || !(opens || expired.is_some() || waiting.is_some()) || !self.shows() {
            return None;
        }
        let card = state.card.as_ref()?;
        let (tries_left, entry) = (card.tries_left, card.pin_entry);
        let (guid, holder, trouble) = (card.guid.clone(), holder(card), None);
        Some(Question { card: guid, holder, tries_left, entry, waiting, expired, trouble })
    }

    /// Whether people see what is shown, and go on seeing it.
    fn shows(&self) -> bool {
        let locking =
            self.locker.is_some() || self.state.as_ref().is_some_and(|state| state.screen == ScreenState::Locking);
        !locking && self.screen == Screen::Shown
    }

    /// Whether it was for a request that waits no more.
    fn is_over(&self, subject: &Subject) -> bool {
        let waits = self.state.as_ref().and_then(|state| state.waiting.as_ref()).map(|waiting| &waiting.id);
        subject.waiting.is_some() && subject.waiting.as_ref() != waits
    }

    /// Whether somebody types for a request of this session that waits no more. Taken away, the question would leave the rest of her PIN to
    /// the window below it, and that may be the program's.
    fn lets_her_finish(&self, subject: &Subject) -> bool {
        let card = self.state.as_ref().and_then(|state| state.card.as_ref());
        let at_keyboard = card.is_some_and(|card| card.guid == subject.card && !card.pin_entry.is_on_reader());
        subject.waiting.is_some() && at_keyboard && self.open_session().is_some() && self.shows()
    }

    fn ask(&mut self, actions: &mut Vec<Action>) {
        let wanted = self.wanted();
        let open_for = |subject: &Subject| wanted.as_ref().is_some_and(|question| question.subject() == *subject);
        match &self.prompt {
            Prompt::Open(subject) if open_for(subject) || self.lets_her_finish(subject) => {}
            Prompt::Open(_) => {
                self.stop_asking(actions);
                self.ask(actions);
            }
            Prompt::Declined(_) | Prompt::Proved(_) => {}
            Prompt::Never | Prompt::Wanted => {
                let may = |question: &Question| {
                    // A reader that waits already was asked by somebody else.
                    question.entry != PinEntry::ReaderNow
                        && (question.waiting.is_none() || self.prompt == Prompt::Wanted)
                };
                match wanted.filter(may) {
                    Some(question) => self.open(question, actions),
                    // What she wanted to type is not wanted any more.
                    None => self.prompt = Prompt::Never,
                }
            }
        }
    }

    fn open(&mut self, question: Question, actions: &mut Vec<Action>) {
        self.refusal = None;
        self.asking.0 += 1;
        self.prompt = Prompt::Open(question.subject());
        self.trouble.clone_from(&question.trouble);
        actions.push(Action::Ask(self.asking, question));
    }

    fn stop_asking(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.prompt, Prompt::Open(_)) {
            self.prompt = Prompt::Never;
            self.asking.0 += 1;
            actions.push(Action::StopAsking);
        }
    }

    fn came(&mut self, came: Came, actions: &mut Vec<Action>) {
        let Prompt::Open(subject) = std::mem::replace(&mut self.prompt, Prompt::Never) else { return };
        let again = match came {
            Came::Proved => return self.prompt = Prompt::Proved(subject),
            Came::Refused { verdict, tries_left } if verdict.code == VerdictCode::WrongPin.name() => {
                self.wanted().map(|question| Question {
                    tries_left: tries_left.or(question.tries_left),
                    trouble: Some(Trouble::Wrong(verdict)),
                    ..question
                })
            }
            Came::NotAPin(error) => {
                self.wanted().map(|question| Question { trouble: Some(Trouble::NotAPin(error)), ..question })
            }
            Came::Differs => self.wanted().map(|question| Question { trouble: Some(Trouble::Differs), ..question }),
            // The card does not take the new one: the next is typed in its place.
            Came::Refused { verdict, .. } if subject.what == Wanted::Another => {
                self.wanted().map(|question| Question { trouble: Some(Trouble::Wrong(verdict)), ..question })
            }
            Came::Refused { verdict, .. } => {
                self.refusal = Some(verdict);
                None
            }
            Came::Cancelled => {
                actions.extend(subject.waiting.clone().map(Action::Decline));
                None
            }
            Came::Failed if self.is_over(&subject) => {
                self.refusal = Some(words::waits_no_more());
                None
            }
            Came::GivenUp | Came::Failed => None,
        };
        match again.filter(|question| question.subject() == subject) {
            Some(question) => self.open(question, actions),
            None => self.prompt = Prompt::Declined(subject),
        }
    }

    /// A question on top would keep a locker from the keyboard.
    fn lock(&mut self, actions: &mut Vec<Action>) {
        self.stop_asking(actions);
        if self.wishes.lock && self.locker.is_none() {
            // No locker of ours runs, so what logind was told of one is not so any more.
            actions.extend((self.screen == Screen::Locked).then_some(Action::TellLocked(false)));
            self.locker = Some(0);
            actions.push(Action::StartLocker);
        }
        // It will be, or the agent ends the session: nothing is asked until logind says how it stands.
        self.screen = Screen::Unknown;
    }

    fn locker_did(&mut self, did: Locker, actions: &mut Vec<Action>) {
        let failed = self.locker.unwrap_or(0);
        match did {
            Locker::Locked => {
                self.locker = Some(0);
                actions.push(Action::TellLocked(true));
            }
            Locker::Unlocked => {
                self.locker = None;
                actions.push(Action::TellLocked(false));
            }
            Locker::Failed => {
                actions.push(Action::TellLocked(false));
                self.locker = (failed + 1 < LOCKER_TRIES).then_some(failed + 1);
                actions.extend(self.locker.map(|_| Action::StartLocker));
            }
        }
    }
}

/// Whose card it is, as far as anybody knows.
fn holder(card: &Card) -> String {
    let names = [card.name.as_deref(), card.operator.as_deref()];
    names.into_iter().flatten().next().unwrap_or(&card.guid).to_owned()
}

/// Whether the PIN opens nothing but the way to another one.
fn is_expired(advice: &Verdict) -> bool {
    advice.code == VerdictCode::PinExpired.name()
}

/// Whether a PIN is all that is missing.
fn asks_for_pin(advice: &Verdict) -> bool {
    [VerdictCode::PinNeeded, VerdictCode::Locked].map(VerdictCode::name).contains(&advice.code.as_str())
}

mod notes;
#[cfg(test)]
#[path = "seat/tests.rs"]
mod tests;
