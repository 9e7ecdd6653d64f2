//! The session at this terminal, as a pure state machine: events in, actions out. Time is part of each event; nothing here does I/O.
//!
//! What may never be: a session that is open without its card in the reader, or one that opened without the PIN and a durable record.

use sekisho_ipc::Keypad;
use sekisho_wire::decision::{SessionKind, TerminalState};
use sekisho_wire::id::{CardGuid, Code, ReaderIdentity, SessionId};
use sekisho_wire::reason::Reason;

/// What time it is, for the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Trusted time, ms since 1970 UTC: for the length of a session.
    pub trusted: u64,
    /// Boot time, ms: for idling.
    pub boottime: u64,
}

/// What policy says about sessions, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Without activity for this long: locked.
    pub idle: u64,
    /// A session is closed after this long.
    pub session: u64,
}

/// One insertion of a card: another insertion of the same card has another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Insertion(pub u64);

/// Between which two sleeps of the machine: a PIN that was asked for before a sleep opens nothing after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waking(u64);

/// A card in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertedCard {
    /// Which insertion.
    pub insertion: Insertion,
    /// Which card.
    pub card: CardGuid,
    /// In which reader, as it is registered; `None` when the reader has no identity.
    pub reader: Option<ReaderIdentity>,
    /// PIN tries left, as the card last said.
    pub tries_left: Option<u8>,
    /// What can be done on the reader's keypad.
    pub keypad: Keypad,
}

/// A session and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub operator: Code,
    /// With which permission.
    pub profile: Code,
    /// Of which section; a founding administrator may have none yet.
    pub section: Option<Code>,
    /// What it is for.
    pub kind: SessionKind,
    /// Trusted time at which it opened.
    pub opened: u64,
}

/// What the terminal is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No card in any reader.
    NoCard,
    /// A card is in; nothing is proved.
    AwaitPin(InsertedCard),
    /// A session is open.
    Open(Open),
    /// A session is locked: its card is in, and its PIN opens it again.
    Locked(Locked),
}

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its card.
    pub card: InsertedCard,
    /// The session.
    pub session: Session,
    /// Boot time of the last sign of life.
    pub active: u64,
}

/// A locked session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Its card.
    pub card: InsertedCard,
    /// The session.
    pub session: Session,
    /// Why.
    pub reason: Reason,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A card was inserted and says who it is.
    CardInserted(InsertedCard),
    /// The card of this insertion is gone.
    CardRemoved(Insertion),
    /// The reader with the card of this insertion is gone.
    ReaderLost(Insertion),
    /// The card said how many tries are left.
    TriesLeft(Insertion, u8),
    /// PIN and signature were verified, and the record of opening is durable.
    Opened {
        /// Of which insertion the PIN was proved.
        insertion: Insertion,
        /// When the PIN was asked for.
        waking: Waking,
        /// The session that its record opens.
        session: Session,
    },
    /// As `Opened`, for the locked session.
    Unlocked {
        /// Of which insertion the PIN was proved.
        insertion: Insertion,
        /// Which session.
        session: SessionId,
    },
    /// The operator is working.
    Active,
    /// Time passed.
    Tick,
    /// The operator asked for the lock.
    LockAsked,
    /// The operator asked for the end of the session.
    EndAsked,
    /// The operator has worked so long that a rest is due.
    RestDue,
    /// The register no longer lets this session be, or time or hours do not.
    RightGone(Reason),
    /// pcscd is gone, and all cards with it.
    CardServiceLost,
    /// The card worker is gone, and all knowledge of cards with it.
    WorkerLost,
    /// Nothing can be recorded.
    JournalFailed,
    /// The machine goes to sleep, or was asleep: whoever wakes it need not be who left it.
    Suspending,
    /// The agent stops in order.
    Stopping,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hide what is displayed: for the end or lock of this session, or for a sleep without one.
    LockScreen(Option<SessionId>),
    /// End whatever the card still holds verified.
    LogOutCard(Insertion),
    /// No PIN typed for this insertion counts any more.
    CancelPrompts(Insertion),
    /// Write that the session is locked.
    WriteLocked(SessionId, Reason),
    /// Write that the session has ended.
    WriteClosed(SessionId, Reason),
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Machine {
    state: State,
    /// Cards in other readers, oldest first: none of them has a session.
    others: Vec<InsertedCard>,
    /// Why the last session was locked or ended.
    last: Option<(SessionId, Reason)>,
    /// Why the last card left, for a session that is recorded just after.
    left: Reason,
    waking: Waking,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            state: State::NoCard,
            others: Vec::new(),
            last: None,
            left: Reason::CardRemoved,
            waking: Waking::default(),
        }
    }
}

impl Machine {
    /// What the terminal is in.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The state as records name it.
    #[must_use]
    pub const fn terminal_state(&self) -> TerminalState {
        match self.state {
            State::NoCard => TerminalState::NoCard,
            State::AwaitPin(_) => TerminalState::AwaitPin,
            State::Open(_) => TerminalState::Open,
            State::Locked(_) => TerminalState::Locked,
        }
    }

    /// The card that counts.
    #[must_use]
    pub const fn card(&self) -> Option<&InsertedCard> {
        match &self.state {
            State::NoCard => None,
            State::AwaitPin(card) => Some(card),
            State::Open(open) => Some(&open.card),
            State::Locked(locked) => Some(&locked.card),
        }
    }

    /// The card of this insertion, in whichever reader.
    #[must_use]
    pub fn card_of(&self, insertion: Insertion) -> Option<CardGuid> {
        self.card().into_iter().chain(&self.others).find(|card| card.insertion == insertion).map(|card| card.card)
    }

    /// The session, open or locked.
    #[must_use]
    pub const fn session(&self) -> Option<&Session> {
        match &self.state {
            State::NoCard | State::AwaitPin(_) => None,
            State::Open(open) => Some(&open.session),
            State::Locked(locked) => Some(&locked.session),
        }
    }

    /// Whether this session is open now; else why not. The second look of every grant: no answer may say yes over a session that ended while its record was written.
    ///
    /// # Errors
    /// Why it was locked or ended.
    pub fn still_open(&self, session: SessionId) -> Result<(), Reason> {
        match &self.state {
            State::Open(open) if open.session.id == session => Ok(()),
            State::NoCard | State::AwaitPin(_) | State::Open(_) | State::Locked(_) => {
                Err(self.last.filter(|(ended, _)| *ended == session).map_or(self.left, |(_, reason)| reason))
            }
        }
    }

    /// Whether this session is locked now, and its card still in by this very insertion.
    #[must_use]
    pub fn is_locked(&self, insertion: Insertion, session: SessionId) -> bool {
        matches!(&self.state, State::Locked(locked) if locked.card.insertion == insertion && locked.session.id == session)
    }

    /// Between which two sleeps it is now.
    #[must_use]
    pub const fn waking(&self) -> Waking {
        self.waking
    }

    /// Why the last session was locked or ended.
    #[must_use]
    pub fn last_reason(&self) -> Option<Reason> {
        self.last.map(|(_, reason)| reason)
    }

    /// Takes an event.
    pub fn step(&mut self, now: Now, limits: &Limits, event: Event) -> Vec<Action> {
        match event {
            Event::CardInserted(card) => self.inserted(card),
            Event::CardRemoved(insertion) => self.removed(insertion, Reason::CardRemoved),
            Event::ReaderLost(insertion) => self.removed(insertion, Reason::ReaderLost),
            Event::TriesLeft(insertion, tries) => self.tries(insertion, tries),
            Event::Opened { insertion, waking, session } => self.opened(now, insertion, waking, session),
            Event::Unlocked { insertion, session } => self.unlocked(now, insertion, session),
            Event::Active => self.active(now),
            Event::Tick => self.tick(now, limits),
            Event::LockAsked => self.lock(Reason::Asked),
            Event::RestDue => self.lock(Reason::RestDue),
            Event::EndAsked => self.close(Reason::Asked),
            Event::RightGone(reason) => self.close(reason),
            Event::JournalFailed => self.close(Reason::JournalFailed),
            Event::Suspending => self.suspending(),
            Event::Stopping => self.close(Reason::AgentStopping),
            Event::CardServiceLost => self.all_gone(Reason::CardServiceLost),
            Event::WorkerLost => self.all_gone(Reason::WorkerLost),
        }
    }

    /// A second card ends the session of the first: nobody can say who works.
    fn inserted(&mut self, card: InsertedCard) -> Vec<Action> {
        let actions = self.close(Reason::OtherCard);
        match std::mem::replace(&mut self.state, State::AwaitPin(card)) {
            State::NoCard => {}
            State::AwaitPin(before) => self.others.push(before),
            State::Open(Open { card: before, .. }) | State::Locked(Locked { card: before, .. }) => {
                self.others.push(before);
            }
        }
        actions
    }

    fn removed(&mut self, insertion: Insertion, reason: Reason) -> Vec<Action> {
        self.others.retain(|card| card.insertion != insertion);
        if self.card().is_none_or(|card| card.insertion != insertion) {
            return Vec::new();
        }
        let mut actions = self.close(reason);
        self.left = reason;
        actions.push(Action::CancelPrompts(insertion));
        self.state = self.others.pop().map_or(State::NoCard, State::AwaitPin);
        actions
    }

    fn all_gone(&mut self, reason: Reason) -> Vec<Action> {
        self.others.clear();
        self.card().map(|card| card.insertion).map_or_else(Vec::new, |insertion| self.removed(insertion, reason))
    }

    fn tries(&mut self, insertion: Insertion, tries: u8) -> Vec<Action> {
        let counts = match &mut self.state {
            State::NoCard => None,
            State::AwaitPin(card) => Some(card),
            State::Open(open) => Some(&mut open.card),
            State::Locked(locked) => Some(&mut locked.card),
        };
        // Also of a card that does not count now: it will when the one before it leaves.
        if let Some(card) = counts.into_iter().chain(&mut self.others).find(|card| card.insertion == insertion) {
            card.tries_left = Some(tries);
        }
        Vec::new()
    }

    /// The record of opening is on disk. If the card is not there any more, the session ends as it begins.
    fn opened(&mut self, now: Now, insertion: Insertion, waking: Waking, session: Session) -> Vec<Action> {
        match &self.state {
            State::AwaitPin(card) if card.insertion == insertion && waking == self.waking => {
                self.state = State::Open(Open { card: card.clone(), session, active: now.boottime });
                Vec::new()
            }
            State::NoCard | State::AwaitPin(_) | State::Open(_) | State::Locked(_) => {
                let reason = if waking == self.waking { self.why_lost(insertion) } else { Reason::Suspend };
                self.last = Some((session.id, reason));
                vec![Action::WriteClosed(session.id, reason)]
            }
        }
    }

    /// Why a login for this insertion comes too late.
    fn why_lost(&self, insertion: Insertion) -> Reason {
        if self.others.iter().any(|card| card.insertion == insertion) {
            return Reason::OtherCard;
        }
        // Its card is in: another session has been opened with it.
        let here = self.card().is_some_and(|card| card.insertion == insertion);
        if here { Reason::Asked } else { self.left }
    }

    fn unlocked(&mut self, now: Now, insertion: Insertion, session: SessionId) -> Vec<Action> {
        // Else its end is written already.
        if self.is_locked(insertion, session)
            && let State::Locked(Locked { card, session, .. }) = &self.state
        {
            let (card, session) = (card.clone(), session.clone());
            self.state = State::Open(Open { card, session, active: now.boottime });
        }
        Vec::new()
    }

    fn active(&mut self, now: Now) -> Vec<Action> {
        if let State::Open(open) = &mut self.state {
            open.active = open.active.max(now.boottime);
        }
        Vec::new()
    }

    fn tick(&mut self, now: Now, limits: &Limits) -> Vec<Action> {
        let Some(session) = self.session() else { return Vec::new() };
        if now.trusted.saturating_sub(session.opened) >= limits.session {
            return self.close(Reason::SessionTooLong);
        }
        match &self.state {
            State::Open(open) if now.boottime.saturating_sub(open.active) >= limits.idle => self.lock(Reason::Idle),
            State::NoCard | State::AwaitPin(_) | State::Open(_) | State::Locked(_) => Vec::new(),
        }
    }

    fn lock(&mut self, reason: Reason) -> Vec<Action> {
        let State::Open(Open { card, session, .. }) = self.state.clone() else { return Vec::new() };
        let (insertion, id) = (card.insertion, session.id);
        self.state = State::Locked(Locked { card, session, reason });
        self.last = Some((id, reason));
        vec![Action::LockScreen(Some(id)), Action::LogOutCard(insertion), Action::WriteLocked(id, reason)]
    }

    /// As a removal of the card, which stays where it is. The screen is locked also where nobody has a session: the desktop is somebody's.
    fn suspending(&mut self) -> Vec<Action> {
        self.waking.0 += 1;
        if self.session().is_some() {
            return self.close(Reason::Suspend);
        }
        let card = self.card().map(|card| card.insertion);
        let of_card = card.into_iter().flat_map(|it| [Action::LogOutCard(it), Action::CancelPrompts(it)]);
        std::iter::once(Action::LockScreen(None)).chain(of_card).collect()
    }

    /// Ends the session, and leaves the card where it is.
    fn close(&mut self, reason: Reason) -> Vec<Action> {
        let (card, session) = match self.state.clone() {
            State::NoCard | State::AwaitPin(_) => return Vec::new(),
            State::Open(Open { card, session, .. }) | State::Locked(Locked { card, session, .. }) => (card, session),
        };
        let insertion = card.insertion;
        self.state = State::AwaitPin(card);
        self.last = Some((session.id, reason));
        vec![
            Action::LockScreen(Some(session.id)),
            Action::LogOutCard(insertion),
            Action::CancelPrompts(insertion),
            Action::WriteClosed(session.id, reason),
        ]
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
#[path = "session/tests.rs"]
mod tests;
