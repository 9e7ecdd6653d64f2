//! The machine and what is around it, as small as it can be: two cards, a journal, prompts and requests on their way, the register. Every
//! thread that may run next is a move. `search.rs` walks all of them, `invariants.rs` says what may never be.
//!
//! The machine is the real one. What is around it takes the same looks at it, in the same order, as `pin_typed.rs`, `function.rs`, `agent.rs`
//! and `run.rs` do. A [`Guard`] can be left out of either: then the search must find what it was there for.

use super::*;

mod book;
mod invariants;
mod search;
mod threads;

/// One unit of the small clock, ms.
const UNIT: u64 = 1000;
const LIMITS: Limits = Limits { idle: UNIT, session: 2 * UNIT };
/// It is always now: when time passes, what was before moves away from it. Ages beyond a limit are all the same.
const NOW: Now = Now { trusted: 10 * UNIT, boottime: 10 * UNIT };

/// What keeps an invariant; each can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    RemovalEnds,
    ReaderLossEnds,
    OtherCardEnds,
    OnlyItsOwnInsertionOpens,
    OnlyWhatIsLockedUnlocks,
    LateOpeningIsClosed,
    TimeLocks,
    AllCardsLeaveWithTheService,
    GrantWaitsForTheDisk,
    SecondLook,
    GrantIsTakenBack,
    SignatureIsVerified,
    OpeningWaitsForTheDisk,
    LookAfterTheSignature,
    OnePromptAtATime,
    StopClosesWhatOpens,
    StopTakesBackWhatWaits,
    EndIsWrittenOnce,
    RegisterIsLookedAt,
    LookOnceOpen,
    PromptEndsWithItsCall,
    DeathIsRecorded,
    SleepEnds,
    SleepOutdatesThePrompt,
}

/// What happens besides logins, cards, journal, stop and death. A request meets time and acts only where they end a session, as much else
/// does; so the two are looked at apart: together they are too many states for every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// Programs ask, functions take the PIN, and the machine sleeps.
    Requests,
    /// Time passes and is stepped, hours end and begin, an act comes.
    Rights,
}

/// A card, of an operator each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
    A,
    B,
}

/// A record on its way to the disk, as far as it is about the life of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    Opened(u8),
    Unlocked(u8),
    Closed(u8),
}

/// What became of the record that a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Waiting,
    Durable,
    Refused,
}

/// How far the right of a session is: proved by a PIN, and its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    None,
    Proved,
    Appended,
    Durable,
}

/// What is known from outside of a session, until it is all over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    id: u8,
    card: Card,
    insertion: u8,
    right: Right,
    /// Its record of opening is on the disk.
    opened: bool,
    /// So many records of its end are on the disk.
    closed: u8,
    /// The machine has slept since its PIN was asked for.
    slept: bool,
}

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Login,
    Function,
}

/// What was decided when the PIN was typed, or when a card was asked for its proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Open {
        session: u8,
        opened: u64,
    },
    Unlock {
        session: u8,
    },
    /// `same` until the register moves.
    Function {
        session: u8,
        same: bool,
    },
}

/// Where a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The prompt is open; nobody has typed.
    Prompted,
    /// The PIN is typed.
    Typed,
    /// The card is asked.
    AtCard(Wish),
    /// The card has signed, and the thread has not run yet.
    Signed(Wish),
    /// The record has its place.
    Recording { wish: Wish, wait: Wait, withdrawn: bool },
}

/// A prompt, or the request of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Errand {
    what: What,
    /// Of which insertion the card was asked.
    insertion: u8,
    stage: Stage,
    /// The machine has slept since.
    slept: bool,
}

/// Level of a program's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Session,
    Card,
}

/// A thread: one of the prompts, or the one that serves a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Prompt(usize),
    Program,
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Insert(Card),
    Pull(u8),
    LoseReader(u8),
    LoseService,
    LoseWorker,
    Lock,
    End,
    Active,
    Pass,
    StepForward,
    StepBack,
    Tick,
    /// An act suspends card A, or lifts that.
    Register,
    /// The office's hours end, or begin.
    Hours,
    Prompt(What),
    Ask(Proof),
    Type(usize),
    Sign(Who),
    Fail(Who),
    /// The thread goes on by itself.
    Run(Who),
    Sync,
    FailSync,
    JournalFailed,
    Suspend,
    Stop,
    /// The agent dies, so many of the records that wait having reached the disk, and starts again.
    Die(usize),
}

/// An answer that left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    session: u8,
    granted: bool,
    durable: bool,
    taken_back: bool,
    /// Which insertion proved it.
    insertion: u8,
}

#[derive(Clone, Debug)]
struct World {
    scope: Scope,
    without: Option<Guard>,
    machine: Machine,
    /// Which cards are in, by which insertion.
    cards: Vec<(u8, Card)>,
    prompts: Vec<Errand>,
    program: Option<Errand>,
    /// Records that are not durable, in order.
    pending: Vec<Note>,
    failing: bool,
    ended: bool,
    known: Vec<Known>,
    /// Which session the durable records leave open.
    before: Option<u8>,
    suspended: bool,
    hours_over: bool,
    /// Something was recorded of a session after its end.
    after_end: bool,
}

fn id_of(session: &Session) -> u8 {
    session.id.0[0]
}

fn insertion(number: u8) -> Insertion {
    Insertion(number.into())
}

fn number(insertion: Insertion) -> u8 {
    u8::try_from(insertion.0).expect("the model numbers them from one")
}

impl Card {
    const fn guid(self) -> CardGuid {
        CardGuid([self as u8; 16])
    }

    fn operator(self) -> Code {
        Code::new(if self == Self::A { "a" } else { "b" }).expect("a letter is a code")
    }
}

impl World {
    fn new(scope: Scope, without: Option<Guard>) -> Self {
        Self {
            scope,
            without,
            machine: Machine::default(),
            cards: Vec::new(),
            prompts: Vec::new(),
            program: None,
            pending: Vec::new(),
            failing: false,
            ended: false,
            known: Vec::new(),
            before: None,
            suspended: false,
            hours_over: false,
            after_end: false,
        }
    }

    fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    /// All that may happen next, and changes anything.
    fn moves(&self) -> Vec<Move> {
        let mut moves: Vec<Move> =
            self.cards.iter().flat_map(|(it, _)| [Move::Pull(*it), Move::LoseReader(*it)]).collect();
        for who in (0..self.prompts.len()).map(Who::Prompt).chain(self.program.is_some().then_some(Who::Program)) {
            moves.extend(self.moves_of(who));
        }
        if self.is_written() || self.failing {
            moves.push(Move::Sync);
        }
        if self.is_written() {
            moves.push(Move::FailSync);
        }
        moves.extend((0..=self.pending.len()).map(Move::Die));
        if self.ended {
            // Nothing opens and nothing is granted any more: what waits is heard out.
            return moves;
        }
        let absent = [Card::A, Card::B].into_iter().filter(|card| self.cards.iter().all(|(_, other)| other != card));
        moves.extend(absent.map(Move::Insert));
        if !self.cards.is_empty() {
            moves.extend([Move::LoseService, Move::LoseWorker]);
        }
        if let State::Open(_) = self.machine.state {
            moves.push(Move::Lock);
            if self.scope != Scope::Rights {
                moves.extend([Move::Ask(Proof::Session), Move::Ask(Proof::Card), Move::Prompt(What::Function)]);
            }
        }
        if self.machine.session().is_some() {
            moves.push(Move::End);
        }
        if self.scope != Scope::Requests {
            moves.extend([Move::Pass, Move::StepForward, Move::StepBack, Move::Tick, Move::Active]);
            moves.extend([Move::Hours, Move::Register]);
        }
        if self.failing {
            moves.push(Move::JournalFailed);
        }
        if self.scope != Scope::Rights {
            moves.push(Move::Suspend);
        }
        moves.extend([Move::Prompt(What::Login), Move::Stop]);
        moves
    }

    fn moves_of(&self, who: Who) -> Vec<Move> {
        match (who, self.errand(who).map(|errand| errand.stage)) {
            (Who::Prompt(place), Some(Stage::Prompted)) => vec![Move::Type(place), Move::Fail(who)],
            (_, Some(Stage::AtCard(_))) => vec![Move::Sign(who), Move::Fail(who)],
            (_, Some(Stage::Typed | Stage::Signed(_) | Stage::Recording { .. })) => vec![Move::Run(who)],
            (_, Some(Stage::Prompted) | None) => Vec::new(),
        }
    }

    /// Whether there is anything to write that was not refused already.
    fn is_written(&self) -> bool {
        let waits = |errand: &Errand| matches!(errand.stage, Stage::Recording { wait: Wait::Waiting, .. });
        !self.pending.is_empty() || self.prompts.iter().chain(&self.program).any(waits)
    }

    /// Goes one move. Where it cannot happen, nothing does.
    fn go(&mut self, this: Move) -> Option<Answer> {
        match this {
            Move::Insert(card) => self.insert(card),
            Move::Pull(it) => self.leaves(it, Event::CardRemoved(insertion(it))),
            Move::LoseReader(it) => self.leaves(it, Event::ReaderLost(insertion(it))),
            Move::LoseService => self.all_leave(Event::CardServiceLost),
            Move::LoseWorker => self.all_leave(Event::WorkerLost),
            Move::Lock => self.step(Event::LockAsked),
            Move::End => self.step(Event::EndAsked),
            Move::Active => self.step(Event::Active),
            Move::Pass => self.shift(UNIT, UNIT),
            Move::StepForward => self.shift(UNIT, 0),
            Move::StepBack => self.step_back(),
            Move::Tick => {
                self.step(Event::Tick);
                self.recheck();
            }
            Move::Register => self.register(),
            Move::Hours => self.hours_over = !self.hours_over,
            Move::Prompt(what) => self.prompt(what),
            Move::Ask(proof) => self.ask(proof),
            Move::Type(place) => {
                if let Some(prompt) = self.prompts.get_mut(place).filter(|prompt| prompt.stage == Stage::Prompted) {
                    prompt.stage = Stage::Typed;
                }
            }
            Move::Sign(who) => self.sign(who),
            Move::Fail(who) => self.fail(who),
            Move::Run(who) => return self.run(who),
            Move::Sync => self.sync(),
            Move::FailSync => self.fail_sync(),
            Move::JournalFailed if self.failing => self.step(Event::JournalFailed),
            Move::JournalFailed => {}
            Move::Suspend => self.suspend(),
            Move::Stop => self.stop(),
            Move::Die(landed) => self.die(landed),
        }
        None
    }

    /// As `Agent::step`.
    fn step(&mut self, event: Event) {
        for action in self.machine_step(event) {
            match action {
                Action::LockScreen(_) | Action::LogOutCard(_) => {}
                Action::CancelPrompts(it) => {
                    self.prompts.retain(|prompt| prompt.insertion != number(it) || prompt.stage != Stage::Prompted)
                }
                Action::WriteLocked(id, _) => self.known_mut(id.0[0]).right = Right::None,
                Action::WriteClosed(id, _) => self.write(Note::Closed(id.0[0])),
            }
        }
    }

    /// The machine, or what it would be without one of its guards.
    fn machine_step(&mut self, event: Event) -> Vec<Action> {
        let known = &self.known;
        let machine = &mut self.machine;
        match (self.without, event) {
            (Some(Guard::RemovalEnds), Event::CardRemoved(_))
            | (Some(Guard::TimeLocks), Event::Tick)
            | (Some(Guard::SleepEnds), Event::Suspending) => Vec::new(),
            (Some(Guard::ReaderLossEnds), Event::ReaderLost(it))
                if machine.session().is_some() && machine.card().is_some_and(|card| card.insertion == it) =>
            {
                Vec::new()
            }
            (Some(Guard::OtherCardEnds), Event::CardInserted(card)) => {
                match &mut machine.state {
                    State::Open(Open { card: before, .. }) | State::Locked(Locked { card: before, .. }) => {
                        machine.others.push(std::mem::replace(before, card));
                    }
                    State::NoCard | State::AwaitPin(_) => drop(machine.inserted(card)),
                }
                Vec::new()
            }
            (Some(Guard::OnlyItsOwnInsertionOpens), Event::Opened { insertion, waking, session }) => {
                let known = known.iter().find(|known| known.id == id_of(&session));
                let same = |card: &&InsertedCard| known.is_some_and(|known| known.card.guid() == card.card);
                let insertion = machine.card().filter(same).map_or(insertion, |card| card.insertion);
                machine.step(NOW, &LIMITS, Event::Opened { insertion, waking, session })
            }
            (Some(Guard::OnlyWhatIsLockedUnlocks), Event::Unlocked { insertion, session }) => {
                let known = known.iter().find(|known| known.id == session.0[0]);
                if let (State::AwaitPin(card) | State::Locked(Locked { card, .. }), Some(known)) =
                    (machine.state.clone(), known)
                    && card.insertion == insertion
                {
                    let session = session_of(known.id, known.card, NOW.trusted);
                    machine.state = State::Open(Open { card, session, active: NOW.boottime });
                }
                Vec::new()
            }
            (Some(Guard::LateOpeningIsClosed), event @ Event::Opened { .. }) => {
                drop(machine.step(NOW, &LIMITS, event));
                Vec::new()
            }
            (Some(Guard::AllCardsLeaveWithTheService), Event::CardServiceLost) => {
                let it = machine.card().map(|card| card.insertion);
                it.map_or_else(Vec::new, |it| machine.removed(it, Reason::CardServiceLost))
            }
            (_, event) => machine.step(NOW, &LIMITS, event),
        }
    }

    fn insert(&mut self, card: Card) {
        if self.cards.iter().any(|(_, other)| *other == card) {
            return;
        }
        let used = |it: u8| {
            let at = |errand: &Errand| errand.insertion == it;
            self.cards.iter().any(|(other, _)| *other == it)
                || self.machine.card().into_iter().chain(&self.machine.others).any(|card| number(card.insertion) == it)
                || self.prompts.iter().chain(&self.program).any(at)
                || self.known.iter().any(|known| known.insertion == it)
        };
        let it = (1..).find(|it| !used(*it)).expect("few are used");
        self.cards.push((it, card));
        let (insertion, guid) = (insertion(it), card.guid());
        self.step(Event::CardInserted(InsertedCard {
            insertion,
            card: guid,
            reader: None,
            tries_left: Some(5),
            keypad: Keypad::None,
        }));
    }

    fn leaves(&mut self, it: u8, event: Event) {
        let before = self.cards.len();
        self.cards.retain(|(other, _)| *other != it);
        if self.cards.len() < before {
            self.step(event);
        }
    }

    fn all_leave(&mut self, event: Event) {
        self.cards.clear();
        // Nobody will tell what was typed.
        self.prompts.retain(|prompt| prompt.stage != Stage::Prompted);
        self.step(event);
    }

    /// As `sleep.rs`, when the machine goes to sleep and when it wakes.
    fn suspend(&mut self) {
        self.prompts.iter_mut().for_each(|prompt| prompt.slept = prompt.what == What::Login);
        self.known.iter_mut().for_each(|known| known.slept = true);
        self.step(Event::Suspending);
    }

    /// Time passes: what was before is longer ago.
    fn shift(&mut self, trusted: u64, boottime: u64) {
        if let State::Open(open) = &mut self.machine.state {
            open.active = (open.active - boottime).max(NOW.boottime - LIMITS.idle);
        }
        self.each_opened(|opened| (opened - trusted).max(NOW.trusted - LIMITS.session));
    }

    /// Trusted time goes back, once: provisional time is replaced.
    fn step_back(&mut self) {
        self.each_opened(|opened| (opened + UNIT).min(NOW.trusted + UNIT));
    }

    fn each_opened(&mut self, change: impl Fn(u64) -> u64) {
        if let State::Open(Open { session, .. }) | State::Locked(Locked { session, .. }) = &mut self.machine.state {
            session.opened = change(session.opened);
        }
        for errand in &mut self.prompts {
            if let Stage::AtCard(wish) | Stage::Signed(wish) | Stage::Recording { wish, .. } = &mut errand.stage
                && let Wish::Open { opened, .. } = wish
            {
                *opened = change(*opened);
            }
        }
    }

    /// What `decide` says of whose card counts: in force, within hours.
    fn may_work(&self) -> bool {
        let suspended = self.suspended && self.machine.card().is_some_and(|card| card.card == Card::A.guid());
        !suspended && !self.hours_over
    }

    /// And of a session that is: not too long, and not of the future.
    fn may_go_on(&self) -> bool {
        let length = self.machine.session().and_then(|session| NOW.trusted.checked_sub(session.opened));
        self.may_work() && length.is_some_and(|length| length < LIMITS.session)
    }

    fn recheck(&mut self) {
        if self.machine.session().is_some() && !self.may_go_on() {
            self.step(Event::RightGone(Reason::RegisterChanged));
        }
    }

    fn register(&mut self) {
        self.suspended = !self.suspended;
        for errand in self.prompts.iter_mut().chain(&mut self.program) {
            if let Stage::AtCard(Wish::Function { same, .. }) | Stage::Signed(Wish::Function { same, .. }) =
                &mut errand.stage
            {
                *same = false;
            }
        }
        if self.has(Guard::RegisterIsLookedAt) {
            self.recheck();
        }
    }

    const fn grants_nothing(&self) -> bool {
        self.failing || self.ended
    }
}

fn session_of(id: u8, card: Card, opened: u64) -> Session {
    let (operator, profile) = (card.operator(), card.operator());
    Session { id: SessionId([id; 16]), operator, profile, section: None, kind: SessionKind::Ordinary, opened }
}
