//! The journal around the machine, and the book that its records make: what is durable, what a stop and a death leave, what each session's
//! records say.

use super::*;

impl World {
    pub(super) fn errands(&mut self) -> impl Iterator<Item = &mut Errand> {
        self.prompts.iter_mut().chain(&mut self.program)
    }

    /// Whoever waits hears this.
    fn tell(&mut self, heard: Wait) {
        for errand in self.errands() {
            if let Stage::Recording { wait: wait @ Wait::Waiting, .. } = &mut errand.stage {
                *wait = heard;
            }
        }
    }

    pub(super) fn sync(&mut self) {
        for note in std::mem::take(&mut self.pending) {
            self.lands(note);
        }
        self.failing = false;
        self.tell(Wait::Durable);
    }

    /// Those who wait are refused; the same bytes are tried again.
    pub(super) fn fail_sync(&mut self) {
        self.failing = true;
        self.tell(Wait::Refused);
    }

    pub(super) fn write(&mut self, note: Note) {
        if self.ended {
            return;
        }
        let (Note::Opened(id) | Note::Unlocked(id) | Note::Closed(id)) = note;
        self.after_end |= self.ends_of(id) > 0 && !matches!(note, Note::Closed(_));
        self.pending.push(note);
        if !matches!(note, Note::Closed(_)) {
            let known = self.known_mut(id);
            known.right = if known.right == Right::None { Right::None } else { Right::Appended };
        }
    }

    /// A record is on the disk, and the next start will read it: `Before` in `run.rs`.
    fn lands(&mut self, note: Note) {
        let (Note::Opened(id) | Note::Unlocked(id) | Note::Closed(id)) = note;
        let known = self.known_mut(id);
        known.opened |= matches!(note, Note::Opened(_));
        known.closed += u8::from(matches!(note, Note::Closed(_)));
        if !matches!(note, Note::Closed(_)) && known.right == Right::Appended {
            known.right = Right::Durable;
        }
        match note {
            Note::Opened(_) | Note::Unlocked(_) => self.before = Some(id),
            Note::Closed(_) => drop(self.before.take_if(|before| *before == id)),
        }
    }

    /// As `Agent::stop`.
    pub(super) fn stop(&mut self) {
        if self.ended {
            return;
        }
        self.step(Event::Stopping);
        let mut opening = Vec::new();
        let (closes, takes_back) = (self.has(Guard::StopClosesWhatOpens), self.has(Guard::StopTakesBackWhatWaits));
        for errand in self.errands() {
            match &mut errand.stage {
                Stage::Recording { wish: Wish::Open { session, .. }, .. } if closes => opening.push(*session),
                Stage::Recording { wish: Wish::Function { .. }, withdrawn, .. } if takes_back => *withdrawn = true,
                Stage::Prompted | Stage::Typed | Stage::AtCard(_) | Stage::Signed(_) | Stage::Recording { .. } => {}
            }
        }
        opening.into_iter().for_each(|session| self.write(Note::Closed(session)));
        self.ended = true;
    }

    /// As `come_up` in `run.rs`, after whatever end.
    pub(super) fn die(&mut self, landed: usize) {
        let pending = std::mem::take(&mut self.pending);
        pending.into_iter().take(landed).for_each(|note| self.lands(note));
        let (mut known, before) = (std::mem::take(&mut self.known), self.before);
        known.iter_mut().for_each(|known| known.right = Right::None);
        let (suspended, hours_over) = (self.suspended, self.hours_over);
        *self = Self { known, before, suspended, hours_over, ..Self::new(self.scope, self.without) };
        if let Some(session) = before
            && self.has(Guard::DeathIsRecorded)
        {
            self.write(Note::Closed(session));
        }
    }

    pub(super) fn known_mut(&mut self, id: u8) -> &mut Known {
        self.known.iter_mut().find(|known| known.id == id).expect("a session is known until nobody names it")
    }

    /// How many records say that this session has ended, on the disk or on their way there.
    pub(super) fn ends_of(&self, id: u8) -> u8 {
        let known = self.known.iter().find(|known| known.id == id).map_or(0, |known| known.closed);
        self.pending.iter().fold(known, |ends, note| ends + u8::from(*note == Note::Closed(id)))
    }

    /// Whether the book says that this session was opened.
    pub(super) fn is_on_book(&self, known: &Known) -> bool {
        known.opened || self.pending.contains(&Note::Opened(known.id))
    }

    /// Whether a thread is still about to open this session.
    pub(super) fn is_opening(&self, id: u8) -> bool {
        let of = |errand: &Errand| match errand.stage {
            Stage::Prompted | Stage::Typed => false,
            Stage::AtCard(wish) | Stage::Signed(wish) | Stage::Recording { wish, .. } => match wish {
                Wish::Open { session, .. } => session == id,
                Wish::Unlock { .. } | Wish::Function { .. } => false,
            },
        };
        self.prompts.iter().any(of)
    }

    /// Forgets what makes no difference any more, so that there is an end to the states: sessions that are over and that nobody names, and
    /// which insertion it was that is gone, for which session that is gone a request was, and what slept that will never open.
    pub(super) fn forget(&mut self) {
        let session = self.machine.session().map(id_of);
        let may_be_open: Vec<u8> =
            self.known.iter().map(|known| known.id).filter(|id| session == Some(*id) || self.is_opening(*id)).collect();
        self.known.iter_mut().for_each(|known| known.slept &= may_be_open.contains(&known.id));
        let cards = std::mem::take(&mut self.cards);
        let gone = |it: u8| cards.iter().all(|(other, _)| *other != it);
        for known in self.known.iter_mut().filter(|known| gone(known.insertion)) {
            known.insertion = 0;
        }
        for errand in self.errands() {
            if gone(errand.insertion) {
                errand.insertion = 0;
            }
            if let Stage::AtCard(wish) | Stage::Signed(wish) | Stage::Recording { wish, .. } = &mut errand.stage
                && let Wish::Function { session: of, .. } = wish
                && session != Some(*of)
            {
                *of = 0;
            }
        }
        self.cards = cards;
        // Where the card is gone that was asked, there is one thing left that can happen.
        let asks_nobody = |errand: &Errand| errand.insertion == 0 && matches!(errand.stage, Stage::AtCard(_));
        self.prompts.retain(|prompt| !asks_nobody(prompt));
        self.program.take_if(|program| asks_nobody(program));
        let named = |id: u8| {
            let by = |errand: &Errand| match errand.stage {
                Stage::Prompted | Stage::Typed => false,
                Stage::AtCard(wish) | Stage::Signed(wish) | Stage::Recording { wish, .. } => {
                    let (Wish::Open { session, .. } | Wish::Unlock { session } | Wish::Function { session, .. }) = wish;
                    session == id
                }
            };
            let written =
                |note: &Note| matches!(note, Note::Opened(it) | Note::Unlocked(it) | Note::Closed(it) if *it == id);
            self.prompts.iter().chain(&self.program).any(by)
                || self.pending.iter().any(written)
                || self.before == Some(id)
                || session == Some(id)
        };
        let over = |known: &Known| known.closed == u8::from(known.opened) && !named(known.id);
        let over: Vec<u8> = self.known.iter().filter(|known| over(known)).map(|known| known.id).collect();
        self.known.retain(|known| !over.contains(&known.id));
    }
}
