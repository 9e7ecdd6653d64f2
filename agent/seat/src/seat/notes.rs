//! What stands on the screen: what is true now, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_ipc::{PinEntry, SessionState, State};

use super::{Action, Note, Prompt, Seat, Topic, Trouble, asks_for_pin, holder, is_expired};

/// From here on the idle lock is warned of, ms: as the panel does.
const IDLE_WARNING: u64 = 60_000;
/// From these minutes on the end of the session is warned of.
const END_WARNINGS: [u64; 3] = [1, 5, 10];

impl Seat {
    /// Shows what is new, and takes away what is not true any more.
    pub(super) fn show(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let notes = self.notes(now);
        let gone = self.shown.keys().filter(|topic| !notes.contains_key(topic));
        actions.extend(gone.map(|topic| Action::Withdraw(*topic)));
        let new = notes.iter().filter(|(topic, note)| self.shown.get(topic) != Some(note));
        actions.extend(new.map(|(topic, note)| Action::Show(*topic, note.clone())));
        self.shown = notes;
    }

    fn notes(&self, now: Duration) -> BTreeMap<Topic, Note> {
        let past = u64::try_from(now.saturating_sub(self.since).as_millis()).unwrap_or(u64::MAX);
        let mut notes = BTreeMap::new();
        let Some(state) = &self.state else { return notes };
        if self.open_session().is_some_and(|session| session.idle_lock_in.saturating_sub(past) <= IDLE_WARNING) {
            notes.insert(Topic::Idle, Note::IdleSoon);
        }
        if let Some(session) = &state.session {
            let minutes = session.ends_in.saturating_sub(past).div_ceil(60_000);
            if let Some(step) = END_WARNINGS.iter().find(|step| minutes <= **step) {
                notes.insert(Topic::End, Note::EndsSoon { by: session.ends_by, minutes: *step });
            }
        }
        if state.lease.is_some() && state.state == SessionState::NoCard {
            notes.insert(Topic::Lease, Note::Lent { verdict: state.advice.clone() });
        }
        if let Some(refused) = self.refused(state) {
            notes.insert(Topic::Refusal, refused);
        }
        if let Some(question) = self.wanted()
            && match &self.prompt {
                Prompt::Declined(subject) => question.subject() == *subject,
                Prompt::Never => question.waiting.is_some(),
                Prompt::Wanted | Prompt::Open(_) | Prompt::Proved(_) => false,
            }
        {
            notes.insert(Topic::Pin, Note::PinAwaited { holder: question.holder, waiting: question.waiting });
        }
        notes.extend(self.on_reader());
        notes
    }

    /// The reader shows little, so the screen says where to type, and warns of a prompt that is not this user's, whatever it is for.
    fn on_reader(&self) -> Option<(Topic, Note)> {
        let state = self.state.as_ref().filter(|_| self.wishes.ask && self.shows())?;
        let card = state.card.as_ref()?;
        let ours = match &self.prompt {
            Prompt::Open(asked) if asked.card == card.guid => Some(asked),
            Prompt::Open(_) | Prompt::Never | Prompt::Wanted | Prompt::Declined(_) | Prompt::Proved(_) => None,
        };
        let prompt = state.prompt.as_ref();
        let now = card.pin_entry == PinEntry::ReaderNow;
        if now && ours.is_none() && !prompt.is_some_and(|prompt| prompt.yours) {
            return Some((Topic::Pin, Note::PinOfAnother { prompt: state.prompt.clone() }));
        }
        let waits_for =
            ours.map_or_else(|| prompt.and_then(|prompt| prompt.waiting.as_ref()), |asked| asked.waiting.as_ref());
        let waiting = state.waiting.clone().filter(|waiting| waits_for == Some(&waiting.id));
        let wrong = self.trouble.iter().find_map(|trouble| match trouble {
            Trouble::Wrong(verdict) if ours.is_some() => Some(verdict.clone()),
            Trouble::Wrong(_) | Trouble::NotAPin(_) | Trouble::Differs => None,
        });
        let asks = now || ours.is_some() && card.pin_entry.is_on_reader();
        let (holder, tries_left) = (holder(card), card.tries_left);
        asks.then_some((Topic::Pin, Note::PinOnReader { holder, waiting, tries_left, wrong }))
    }

    /// Why the card in the reader opens nothing; else the newest decision, if it is a refusal that was made before our eyes.
    fn refused(&self, state: &State) -> Option<Note> {
        if let Some(verdict) = &self.refusal {
            return Some(Note::Refused { function: None, verdict: verdict.clone(), time: 0 });
        }
        if self.wishes.ask
            && state.state == SessionState::AwaitPin
            && state.card.is_some()
            && !asks_for_pin(&state.advice)
            && !is_expired(&state.advice)
        {
            return Some(Note::Refused { function: None, verdict: state.advice.clone(), time: 0 });
        }
        let newest = state.recent.first().filter(|newest| !newest.verdict.granted)?;
        if newest.time <= self.heard? {
            return None;
        }
        let titled = |code: &String| state.functions.iter().find(|function| function.function == *code);
        let function = newest.function.as_ref().map(|code| titled(code).map_or(code, |it| &it.title).clone());
        Some(Note::Refused { function, verdict: newest.verdict.clone(), time: newest.time })
    }
}
