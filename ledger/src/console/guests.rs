//! Who is invited to the console, who is in it, and what they wish. No clock and no randomness of its own: both are arguments.

use sekisho_wire::words::Language;

use super::wishes::{Ended, Outcome, Wanted, Wish};
use crate::clock::Millis;
use crate::visitors::Visitor;

/// SHA-256 of a link, a cookie or a token: whoever reads the memory of a dump finds nothing that lets him in.
pub(crate) type Hashed = [u8; 32];

/// Everybody, in the order in which they were invited.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    guests: Vec<Guest>,
    /// The latest time that was seen.
    latest: Millis,
}

/// Somebody whose card asked for a link, until his session ends.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    /// Person and card, and when it ends however busy he is.
    pub(crate) visitor: Visitor,
    /// In which language he reads.
    pub(crate) language: Language,
    /// The token of the program that asked for the link.
    companion: Hashed,
    stage: Stage,
    /// How many requests of that program wait for wishes now.
    polls: usize,
    /// When the last of them ended.
    heard: Millis,
    wishes: Vec<Wish>,
    numbered: u64,
}

#[derive(Clone, Debug)]
enum Stage {
    /// A link was given out.
    Invited { link: Hashed, until: Millis },
    /// It was used.
    In { cookie: Hashed, form: String, used: Millis },
}

/// Whether a request shows that somebody is at the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Somebody pressed something.
    Person,
    /// A page that refreshes by itself.
    ByItself,
}

/// No room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// What a session is begun with.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// The hash of its cookie.
    pub(crate) cookie: Hashed,
    /// What stands in each of its forms.
    pub(crate) form: String,
}

impl Guest {
    /// What each of his forms must bring.
    pub(crate) fn form(&self) -> &str {
        match &self.stage {
            Stage::Invited { .. } => "",
            Stage::In { form, .. } => form,
        }
    }

    /// His wishes, those that ended a moment ago included.
    pub(crate) fn wishes(&self) -> &[Wish] {
        &self.wishes
    }

    fn is_in(&self, cookie: &Hashed) -> bool {
        matches!(&self.stage, Stage::In { cookie: own, .. } if own == cookie)
    }

    fn has_link(&self, link: &Hashed) -> bool {
        matches!(&self.stage, Stage::Invited { link: own, .. } if own == link)
    }

    /// The program that signs for him is there, or somebody types his PIN in it.
    fn is_accompanied(&self, now: Millis) -> bool {
        let is_at_work = self.wishes.iter().any(|wish| wish.is_in_hand(now));
        self.polls > 0 || is_at_work || self.heard.saturating_add(COMPANION_GONE) > now
    }

    /// One more wish; of those that ended the oldest make room.
    fn keep(&mut self, wanted: Wanted, now: Millis) -> &mut Wish {
        let ended = self.wishes.iter().filter(|wish| wish.outcome(now).is_some()).count();
        let mut too_many = ended.saturating_sub(ENDED_MAX);
        self.wishes.retain(|wish| {
            let goes = too_many > 0 && wish.outcome(now).is_some();
            too_many -= usize::from(goes);
            !goes
        });
        self.numbered += 1;
        self.wishes.push(Wish::new(self.numbered, wanted, now));
        self.wishes.last_mut().expect("one was pushed just now")
    }

    fn lives(&self, now: Millis) -> bool {
        let stage = match &self.stage {
            Stage::Invited { until, .. } => *until > now,
            Stage::In { used, .. } => used.saturating_add(IDLE) > now && self.is_accompanied(now),
        };
        stage && self.visitor.expires > now
    }
}

impl Guests {
    /// Everybody who is left at this time. After a clock that was set back nobody knows who would be: then nobody is.
    fn at(&mut self, now: Millis) -> &mut Vec<Guest> {
        if now.saturating_add(CLOCK_SLACK) < self.latest {
            self.guests.clear();
            self.latest = now;
        }
        self.latest = self.latest.max(now);
        self.guests.retain(|guest| guest.lives(now));
        self.guests.iter_mut().for_each(|guest| guest.wishes.iter_mut().for_each(|wish| wish.look(now)));
        self.guests.iter_mut().for_each(|guest| guest.wishes.retain(|wish| !wish.is_forgotten(now)));
        &mut self.guests
    }

    /// Invites: the link is good until the time that is given back. An earlier link of the same card is good no more.
    pub(crate) fn invite(
        &mut self,
        visitor: Visitor,
        (companion, link): (Hashed, Hashed),
        language: Language,
        now: Millis,
    ) -> Result<Millis, Full> {
        let guests = self.at(now);
        guests.retain(|guest| {
            !(guest.visitor.card == visitor.card && matches!(guest.stage, Stage::Invited { .. }))
                && guest.companion != companion
        });
        let of_office = guests.iter().filter(|guest| guest.visitor.office == visitor.office).count();
        if of_office >= GUESTS_MAX {
            return Err(Full);
        }
        let until = now.saturating_add(LINK);
        let visitor = Visitor { expires: now.saturating_add(LONGEST), ..visitor };
        let stage = Stage::Invited { link, until };
        let (polls, heard, wishes, numbered) = (0, now, Vec::new(), 0);
        guests.push(Guest { visitor, language, companion, stage, polls, heard, wishes, numbered });
        Ok(until)
    }

    /// Whose session a link would begin.
    pub(crate) fn invited(&mut self, link: &Hashed, now: Millis) -> Option<Guest> {
        self.at(now).iter().find(|guest| guest.has_link(link)).cloned()
    }

    /// Uses a link. A card has one session: an earlier one ends.
    pub(crate) fn enter(&mut self, link: &Hashed, keys: Keys, language: Language, now: Millis) -> Option<Visitor> {
        let guests = self.at(now);
        let card = guests.iter().find(|guest| guest.has_link(link))?.visitor.card;
        guests.retain(|guest| guest.visitor.card != card || guest.has_link(link));
        let guest = guests.iter_mut().find(|guest| guest.has_link(link))?;
        guest.stage = Stage::In { cookie: keys.cookie, form: keys.form, used: now };
        guest.language = language;
        Some(guest.visitor.clone())
    }

    /// Whose cookie this is.
    pub(crate) fn guest(&mut self, cookie: &Hashed, how: Use, now: Millis) -> Option<Guest> {
        let guest = self.inside(cookie, now)?;
        if let (Stage::In { used, .. }, Use::Person) = (&mut guest.stage, how) {
            *used = now;
        }
        Some(guest.clone())
    }

    fn inside(&mut self, cookie: &Hashed, now: Millis) -> Option<&mut Guest> {
        self.at(now).iter_mut().find(|guest| guest.is_in(cookie))
    }

    /// He reads in another language from now on.
    pub(crate) fn speak(&mut self, cookie: &Hashed, language: Language, now: Millis) {
        self.inside(cookie, now).into_iter().for_each(|guest| guest.language = language);
    }

    /// Ends a session.
    pub(crate) fn leave(&mut self, cookie: &Hashed) {
        self.guests.retain(|guest| !guest.is_in(cookie));
    }

    /// Whom this program signs for.
    fn of_companion(&mut self, companion: &Hashed, now: Millis) -> Option<&mut Guest> {
        self.at(now).iter_mut().find(|guest| guest.companion == *companion)
    }

    /// A program begins to wait for wishes: whose they are.
    pub(crate) fn poll_begins(&mut self, companion: &Hashed, now: Millis) -> Option<Visitor> {
        let guest = self.of_companion(companion, now)?;
        guest.polls += 1;
        Some(guest.visitor.clone())
    }

    /// It waits no longer: it was answered, or it is gone.
    pub(crate) fn poll_ends(&mut self, companion: &Hashed, now: Millis) {
        for guest in self.guests.iter_mut().filter(|guest| guest.companion == *companion) {
            guest.polls = guest.polls.saturating_sub(1);
            guest.heard = now;
        }
    }

    /// What is to be done for somebody now; nothing where no such session is.
    pub(crate) fn open_wishes(&mut self, companion: &Hashed, now: Millis) -> Option<(Visitor, Vec<Wish>)> {
        let guest = self.of_companion(companion, now)?;
        let open = guest.wishes.iter().filter(|wish| wish.outcome(now).is_none()).cloned().collect();
        Some((guest.visitor.clone(), open))
    }

    /// These were handed to the program.
    pub(crate) fn handed(&mut self, companion: &Hashed, numbers: &[u64], now: Millis) {
        let Some(guest) = self.of_companion(companion, now) else { return };
        guest.wishes.iter_mut().filter(|wish| numbers.contains(&wish.number)).for_each(Wish::hand_over);
    }

    /// Wishes for something. The same wish again is the one that stands.
    pub(crate) fn wish(&mut self, cookie: &Hashed, wanted: Wanted, now: Millis) -> Option<Result<u64, Full>> {
        let guest = self.inside(cookie, now)?;
        let mut open = guest.wishes.iter().filter(|wish| wish.outcome(now).is_none());
        if let Some(same) = open.clone().find(|wish| wish.wanted == wanted) {
            return Some(Ok(same.number));
        }
        if open.by_ref().count() >= WISHES_MAX {
            return Some(Err(Full));
        }
        Some(Ok(guest.keep(wanted, now).number))
    }

    /// Keeps what was typed and is not asked for now, and why not: for whoever corrects it, or tries again.
    pub(crate) fn put_aside(&mut self, cookie: &Hashed, wanted: Wanted, why: Outcome, now: Millis) -> Option<u64> {
        let kept = self.inside(cookie, now)?.keep(wanted, now);
        kept.end(Ended { outcome: why, said: String::new() }, now);
        Some(kept.number)
    }

    /// The program says what became of a wish, late as it may be. Whether there was such a one.
    pub(crate) fn settle(&mut self, companion: &Hashed, number: u64, ended: Ended, now: Millis) -> bool {
        let Some(guest) = self.of_companion(companion, now) else { return false };
        let open = guest.wishes.iter_mut().find(|wish| wish.number == number && wish.is_unsettled(now));
        open.map(|wish| wish.end(ended, now)).is_some()
    }

    /// The same for an approval that stands in the register, whoever brought it there.
    pub(crate) fn fulfil(&mut self, cookie: &Hashed, is_done: impl Fn(&Wanted) -> bool, now: Millis) {
        let Some(guest) = self.inside(cookie, now) else { return };
        for wish in guest.wishes.iter_mut().filter(|wish| wish.is_unsettled(now) && is_done(&wish.wanted)) {
            wish.end(Ended { outcome: Outcome::Done, said: String::new() }, now);
        }
    }
}

/// A link is followed at once or never.
pub(crate) const LINK: Millis = 60_000;
/// Without use.
pub(crate) const IDLE: Millis = 15 * 60_000;
/// A working day, as a session at a terminal by default (register §R5).
pub(crate) const LONGEST: Millis = 10 * 60 * 60_000;
/// Between two requests of a companion, and for a line that was cut a moment.
pub(crate) const COMPANION_GONE: Millis = 20_000;
/// Each is something to read and a PIN to type.
pub(crate) const WISHES_MAX: usize = 3;
/// Those that ended are told on their pages, and hold what was typed for whoever wants to correct it.
const ENDED_MAX: usize = 5;
/// Invited or in, of one office.
const GUESTS_MAX: usize = 200;
/// Steps back that keeping time makes by itself.
const CLOCK_SLACK: Millis = 5_000;

#[cfg(test)]
mod tests;
