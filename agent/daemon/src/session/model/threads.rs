//! The threads around the machine: a prompt from its opening to its outcome, a program's request from its decision to its answer. Each runs
//! until it lets the lock go, and no further.

use super::*;

impl World {
    /// As `Agent::prompt`: a prompt whose PIN is not typed makes room.
    pub(super) fn prompt(&mut self, what: What) {
        let Some(card) = self.machine.card() else { return };
        let it = number(card.insertion);
        let busy = self.prompts.iter().filter(|prompt| prompt.stage != Stage::Prompted).count();
        let most = usize::from(!self.has(Guard::OnePromptAtATime));
        let allowed = match (what, &self.machine.state) {
            (What::Login, State::AwaitPin(_)) => self.may_work(),
            (What::Login, State::Locked(_)) | (What::Function, State::Open(_)) => self.may_go_on(),
            (What::Login | What::Function, State::NoCard | State::AwaitPin(_) | State::Open(_) | State::Locked(_)) => {
                false
            }
        };
        if busy <= most && allowed && !self.grants_nothing() {
            self.prompts.retain(|prompt| prompt.stage != Stage::Prompted);
            self.prompts.push(Errand { what, insertion: it, stage: Stage::Prompted, slept: false });
        }
    }

    /// As `Agent::authorize`.
    pub(super) fn ask(&mut self, proof: Proof) {
        let State::Open(open) = &self.machine.state else { return };
        if self.program.is_some() || self.grants_nothing() || !self.may_go_on() {
            return;
        }
        let wish = Wish::Function { session: id_of(&open.session), same: true };
        let stage = match proof {
            Proof::Session => Stage::Recording { wish, wait: Wait::Waiting, withdrawn: false },
            Proof::Card => Stage::AtCard(wish),
        };
        let insertion = number(open.card.insertion);
        self.program = Some(Errand { what: What::Function, insertion, stage, slept: false });
    }

    pub(super) fn errand(&self, who: Who) -> Option<Errand> {
        match who {
            Who::Prompt(place) => self.prompts.get(place).copied(),
            Who::Program => self.program,
        }
    }

    fn goes_to(&mut self, who: Who, stage: Stage) {
        let errand = match who {
            Who::Prompt(place) => self.prompts.get_mut(place),
            Who::Program => self.program.as_mut(),
        };
        errand.expect("the thread that runs").stage = stage;
    }

    fn ends(&mut self, who: Who) {
        match who {
            Who::Prompt(place) => drop(self.prompts.remove(place)),
            Who::Program => self.program = None,
        }
    }

    /// The card signs, if it is there: a PIN was right.
    pub(super) fn sign(&mut self, who: Who) {
        let Some(Errand { insertion, stage: Stage::AtCard(wish), .. }) = self.errand(who) else { return };
        let verified = self.has(Guard::SignatureIsVerified);
        if verified && !self.cards.iter().any(|(it, _)| *it == insertion) {
            return;
        }
        if let (true, Wish::Open { session, .. } | Wish::Unlock { session }) = (verified, wish) {
            self.known_mut(session).right = Right::Proved;
        }
        self.goes_to(who, Stage::Signed(wish));
    }

    /// A wrong PIN, a card or a worker that is gone, a patience at its end.
    pub(super) fn fail(&mut self, who: Who) {
        let stage = self.errand(who).map(|errand| errand.stage);
        if matches!(stage, Some(Stage::Prompted | Stage::AtCard(_))) && self.has(Guard::PromptEndsWithItsCall) {
            self.ends(who);
        }
    }

    /// The thread of an errand goes on.
    pub(super) fn run(&mut self, who: Who) -> Option<Answer> {
        let errand = self.errand(who)?;
        match errand.stage {
            Stage::Prompted | Stage::AtCard(_) => None,
            Stage::Typed => {
                self.typed(who, errand);
                None
            }
            Stage::Signed(wish) => {
                self.signed(who, errand, wish);
                None
            }
            Stage::Recording { wish: Wish::Function { session, .. }, wait, withdrawn } => {
                self.settle(who, errand, session, wait, withdrawn)
            }
            Stage::Recording { wish: wish @ (Wish::Open { .. } | Wish::Unlock { .. }), wait, .. } => {
                self.opened(who, errand, wish, wait);
                None
            }
        }
    }

    /// As `log_in` and `with_pin_proof`, until the PIN goes to the card.
    fn typed(&mut self, who: Who, errand: Errand) {
        let Some(card) = self.machine.card().filter(|card| number(card.insertion) == errand.insertion) else {
            return self.ends(who);
        };
        let card = if card.card == Card::A.guid() { Card::A } else { Card::B };
        let wish = match (errand.what, &self.machine.state) {
            (What::Login, State::AwaitPin(_)) if self.may_work() => {
                let session = self.new_session(card, errand);
                Some(Wish::Open { session, opened: NOW.trusted })
            }
            (What::Login, State::Locked(locked)) if self.may_go_on() => {
                Some(Wish::Unlock { session: id_of(&locked.session) })
            }
            (What::Function, State::Open(open)) if self.may_go_on() => {
                Some(Wish::Function { session: id_of(&open.session), same: true })
            }
            (What::Login | What::Function, State::NoCard | State::AwaitPin(_) | State::Open(_) | State::Locked(_)) => {
                None
            }
        };
        match wish.filter(|_| !self.grants_nothing()) {
            Some(wish) => self.goes_to(who, Stage::AtCard(wish)),
            None => self.ends(who),
        }
    }

    fn new_session(&mut self, card: Card, Errand { insertion, slept, .. }: Errand) -> u8 {
        let used = |id: u8| self.known.iter().any(|known| known.id == id);
        let id = (1..).find(|id| !used(*id)).expect("few are used");
        self.known.push(Known { id, card, insertion, right: Right::None, opened: false, closed: 0, slept });
        id
    }

    /// As they go on with the signature, until the record has its place.
    fn signed(&mut self, who: Who, errand: Errand, wish: Wish) {
        let stands = match wish {
            Wish::Open { .. } => true,
            Wish::Unlock { session } => {
                self.machine.is_locked(insertion(errand.insertion), SessionId([session; 16]))
                    || !self.has(Guard::LookAfterTheSignature)
            }
            Wish::Function { session, same } => same && self.machine.still_open(SessionId([session; 16])).is_ok(),
        };
        if !stands || self.grants_nothing() {
            return self.ends(who);
        }
        match wish {
            Wish::Open { session, .. } => self.write(Note::Opened(session)),
            Wish::Unlock { session } => self.write(Note::Unlocked(session)),
            Wish::Function { .. } => {}
        }
        self.goes_to(who, Stage::Recording { wish, wait: Wait::Waiting, withdrawn: false });
    }

    /// As `Agent::opened`.
    fn opened(&mut self, who: Who, errand: Errand, wish: Wish, wait: Wait) {
        let waits = wait == Wait::Waiting && self.has(Guard::OpeningWaitsForTheDisk);
        if waits {
            return;
        }
        self.ends(who);
        let it = insertion(errand.insertion);
        let (session, opens) = match wish {
            // The stop takes it from the list of those that open.
            Wish::Open { session, .. } => (session, !self.ended || !self.has(Guard::StopClosesWhatOpens)),
            Wish::Unlock { session } | Wish::Function { session, .. } => (session, false),
        };
        if wait == Wait::Refused || self.grants_nothing() {
            self.step(Event::JournalFailed);
            if opens || !self.has(Guard::EndIsWrittenOnce) {
                self.write(Note::Closed(session));
            }
            return;
        }
        let id = SessionId([session; 16]);
        let card = self.known_mut(session).card;
        let now = self.machine.waking();
        let outdated = errand.slept && self.has(Guard::SleepOutdatesThePrompt);
        let waking = if outdated { Waking(now.0.wrapping_sub(1)) } else { now };
        self.step(match wish {
            Wish::Open { opened, .. } => {
                Event::Opened { insertion: it, waking, session: session_of(session, card, opened) }
            }
            Wish::Unlock { .. } | Wish::Function { .. } => Event::Unlocked { insertion: it, session: id },
        });
        if self.has(Guard::LookOnceOpen) {
            self.recheck();
        }
    }

    /// As `Agent::settle`.
    fn settle(&mut self, who: Who, errand: Errand, session: u8, wait: Wait, withdrawn: bool) -> Option<Answer> {
        if wait == Wait::Waiting && self.has(Guard::GrantWaitsForTheDisk) {
            return None;
        }
        self.ends(who);
        let (durable, insertion) = (wait == Wait::Durable, errand.insertion);
        let open = self.machine.still_open(SessionId([session; 16])).is_ok() || !self.has(Guard::SecondLook);
        let granted = wait != Wait::Refused && !withdrawn && open;
        if wait == Wait::Refused {
            self.step(Event::JournalFailed);
        } else if granted {
            self.step(Event::Active);
        }
        // Once the journal has ended, nothing finds a place in it.
        let taken_back = withdrawn || (!granted && !self.ended && self.has(Guard::GrantIsTakenBack));
        Some(Answer { session, granted, durable, taken_back, insertion })
    }
}
