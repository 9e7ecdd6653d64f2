//! Who works where: one person with sessions open at two terminals at a time, and terminals that fall silent and come back.
//!
//! A session that was closed is told within the second, but only where the line is up. So nobody is said to be at two terminals before the first of them
//! was heard again, and had not closed its session: whoever pulled the card there and went to the other is at one.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use sekisho_register::change::TerminalUse;
use sekisho_register::policy::TwoTerminals;
use sekisho_wire::id::{Code, OfficeId, SessionId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Body, Record, kind_number};

use crate::authority::Peer;
use crate::carried::Attributed;
use crate::clock::{DAY, Millis, since_boot};
use crate::index::{OpenSession, Question};
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::office::Office;
use crate::search::{LATE, LOOK};
use crate::store::{LogName, StoreError};

/// What is not clear yet, and what was found.
#[derive(Debug, Default)]
pub(crate) struct Presence(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Persons who opened a session lately.
    opened: HashMap<(OfficeId, String), Opened>,
    /// Sessions that their terminals are to end, and since when.
    ended: HashMap<Peer, Vec<(SessionId, Millis)>>,
    /// Terminals that are silent.
    silent: HashMap<OfficeId, HashSet<Code>>,
    /// How long the log was when it was first to be recalled what was known of an office before this start.
    to_recall: HashMap<OfficeId, u64>,
    /// When that was done.
    recalled: HashMap<OfficeId, Millis>,
    /// When terminals were looked at last.
    looked: HashMap<OfficeId, Moment>,
}

/// A moment by two clocks.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// What the machine says that it is.
    machine: Millis,
    /// Milliseconds since it started.
    running: Millis,
}

impl Moment {
    /// Whether nobody could be heard in between, or not told how long it was: this machine stood still, or its clock was set.
    fn is_cut_off_from(self, before: Self) -> bool {
        let by_clock = self.machine.saturating_sub(before.machine);
        let running = self.running.saturating_sub(before.running);
        running > LATE || by_clock > running.saturating_add(STEP)
    }
}

/// Somebody opened a session.
#[derive(Clone, Copy, Debug)]
struct Opened {
    /// When that came.
    since: Millis,
    /// Whether the terminals were asked to come again.
    called: bool,
    /// When it could not be written down, in milliseconds since the machine started.
    failed: Option<Millis>,
    /// Which two sessions these were, and how long the log was when both terminals had been heard: a close that came until then may not be in the index yet.
    heard: Option<(Pair, u64)>,
}

/// The session that was open first, and the later one.
type Pair = (SessionId, SessionId);

impl Opened {
    const fn at(since: Millis) -> Self {
        Self { since, called: false, failed: None, heard: None }
    }
}

/// So long after an opening came its terminal and the other have to be heard: what was closed meanwhile is here by then.
const GRACE: Millis = 2_000;
/// So many persons of an office are looked at, at most: with more of them waiting for a terminal that is not heard, those who came first are looked at no more.
const OPENED_MAX: usize = 1_000;
/// What a clock goes ahead at once by, if it was set: between two looks it is not slewed by as much.
const STEP: Millis = 60_000;
/// A terminal is told for so long that a session of it is to end.
const TOLD: Millis = 10 * 60_000;
/// So many alarms are looked through after a start for what was told of terminals before it, and so many at a time.
const RECALLED_MAX: usize = 10_000;
const RECALLED_PAGE: u32 = 500;

impl Known {
    /// Whoever came first is looked at no more.
    fn make_room(&mut self, office: &OfficeId) {
        let of_office = || self.opened.iter().filter(|((of, _), _)| of == office);
        if of_office().count() >= OPENED_MAX
            && let Some(oldest) = of_office().min_by_key(|(_, opened)| opened.since).map(|(who, _)| who.clone())
        {
            self.opened.remove(&oldest);
        }
    }
}

impl Presence {
    /// Records that were indexed now: who opened a session of today is looked at. What was carried out of an earlier epoch is past.
    pub(crate) fn saw(&self, office: &OfficeId, records: &[Option<Attributed>], now: Millis) {
        let mut known = self.lock();
        for Attributed { record, .. } in records.iter().flatten().filter(|attributed| attributed.carried.is_none()) {
            let Body::SessionOpened(_) = &record.body else { continue };
            let operator = record.body.input().and_then(|input| input.operator.as_ref());
            if let Some(operator) = operator.filter(|_| record.trusted.saturating_add(DAY) > now) {
                let key = (*office, operator.to_string());
                if !known.opened.contains_key(&key) {
                    known.make_room(office);
                }
                known.opened.insert(key, Opened::at(now));
            }
        }
    }

    /// Which sessions this terminal is to end.
    pub(crate) fn ended(&self, peer: &Peer, now: Millis) -> Vec<SessionId> {
        let mut known = self.lock();
        let Some(ended) = known.ended.get_mut(peer) else { return Vec::new() };
        ended.retain(|(_, since)| since.saturating_add(TOLD) > now);
        ended.iter().map(|(session, _)| *session).collect()
    }

    fn opened(&self, office: &OfficeId) -> Vec<(String, Opened)> {
        let known = self.lock();
        let of_office = known.opened.iter().filter(|((of, _), _)| of == office);
        of_office.map(|((_, operator), opened)| (operator.clone(), *opened)).collect()
    }

    fn forget(&self, office: &OfficeId, operator: &str) {
        self.lock().opened.remove(&(*office, operator.to_owned()));
    }

    /// Notes something of somebody who is looked at still.
    fn note(&self, office: &OfficeId, operator: &str, note: impl FnOnce(&mut Opened)) {
        if let Some(opened) = self.lock().opened.get_mut(&(*office, operator.to_owned())) {
            note(opened);
        }
    }

    /// Whether that is new.
    fn end(&self, peer: Peer, session: SessionId, since: Millis) -> bool {
        let mut known = self.lock();
        let ended = known.ended.entry(peer).or_default();
        let is_new = ended.iter().all(|(of, _)| *of != session);
        if is_new {
            ended.push((session, since));
        }
        is_new
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        lock(&self.0)
    }
}

impl Ledger {
    /// Looks whether anybody who opened a session is at two terminals.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn look_at_sessions(&self, office: &Office) -> Result<(), StoreError> {
        if self.recall(office)?.is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        let indexed = self.indexed(&office.id)?;
        for (operator, Opened { since, called, failed, heard: both }) in self.presence.opened(&office.id) {
            if failed.is_some_and(|at| since_boot().saturating_sub(at) < LOOK) {
                continue;
            }
            let open = self.index.open_sessions(&office.id, &operator, now.saturating_sub(DAY))?;
            let Some((first, later)) = elsewhere(&open) else {
                self.presence.forget(&office.id, &operator);
                continue;
            };
            // Both are asked to come: a close that was on its way comes first.
            let heard = |open: &OpenSession| -> Result<bool, StoreError> {
                let Ok(terminal) = Code::new(&open.terminal) else { return Ok(false) };
                let (_, at_ease) = self.holds(&office.id, &terminal)?;
                Ok(at_ease.is_some_and(|at| at >= since.saturating_add(GRACE)))
            };
            if heard(first)? && heard(later)? {
                let pair = (first.session, later.session);
                let Some((_, size)) = both.filter(|(of, _)| *of == pair) else {
                    let size = office.log(LogName::Records).committed_size();
                    self.presence.note(&office.id, &operator, |opened| opened.heard = Some((pair, size)));
                    continue;
                };
                if indexed < size {
                    continue;
                }
                // Looked at again until it is written down.
                if self.at_two_terminals(office, later, now) {
                    self.presence.forget(&office.id, &operator);
                } else {
                    self.presence.note(&office.id, &operator, |opened| opened.failed = Some(since_boot()));
                }
            } else if !called && now >= since.saturating_add(GRACE) {
                self.presence.note(&office.id, &operator, |opened| opened.called = true);
                office.call();
            }
        }
        Ok(())
    }

    /// Whether that is written down.
    fn at_two_terminals(&self, office: &Office, later: &OpenSession, now: Millis) -> bool {
        let Ok(terminal) = Code::new(&later.terminal) else { return true };
        self.close_by_policy(office, later, now, now);
        let why = format!("an operator's session at terminal {terminal} was opened while another was open elsewhere");
        let alarm = Alarm {
            kind: AlarmKind::TwoTerminals,
            terminal: Some(terminal.clone()),
            epoch: Some(later.epoch),
            seq: Some(later.seq),
            act: None,
        };
        self.alarm_once(&office.id, format!("two terminals {}", later.session), alarm, &why)
    }

    /// The terminal is told to end the later session, if the office wants that.
    fn close_by_policy(&self, office: &Office, later: &OpenSession, since: Millis, now: Millis) {
        let Ok(terminal) = Code::new(&later.terminal) else { return };
        let register = office.register();
        if register.policy_at(now.max(register.newest_made())).two_terminals == TwoTerminals::CloseLater {
            let is_new = self.presence.end(Peer { office: office.id, terminal }, later.session, since);
            if is_new {
                office.call();
            }
        }
    }

    /// What was known before this start is known again, once, from the log: which terminals were told to be silent, and who was at two. Says when that
    /// was; nothing while the index has not come so far.
    fn recall(&self, office: &Office) -> Result<Option<Millis>, StoreError> {
        let now = self.clock.now();
        let size = {
            let mut known = self.presence.lock();
            if let Some(recalled) = known.recalled.get_mut(&office.id) {
                // A clock that was ahead then is no reason to miss nobody until it is there again.
                *recalled = now.min(*recalled);
                return Ok(Some(*recalled));
            }
            *known.to_recall.entry(office.id).or_insert_with(|| office.log(LogName::Records).committed_size())
        };
        if self.indexed(&office.id)? < size {
            return Ok(None);
        }
        let Told { silent, two } = self.told_before(office)?;
        self.presence.lock().silent.insert(office.id, silent);
        for operator in self.index.openers(&office.id, now.saturating_sub(DAY))? {
            let open = self.index.open_sessions(&office.id, &operator, now.saturating_sub(DAY))?;
            let Some((_, later)) = elsewhere(&open) else { continue };
            match two.get(&(later.terminal.clone(), later.epoch, later.seq)) {
                Some(told) if told.saturating_add(TOLD) > now => self.close_by_policy(office, later, *told, now),
                Some(_) => {}
                None => {
                    let mut known = self.presence.lock();
                    known.make_room(&office.id);
                    known.opened.insert((office.id, operator), Opened::at(now));
                }
            }
        }
        self.presence.lock().recalled.insert(office.id, now);
        Ok(Some(now))
    }

    /// What alarms said of terminals before this start, the newest of each.
    fn told_before(&self, office: &Office) -> Result<Told, StoreError> {
        let mut told = Told::default();
        let (now, register) = (self.clock.now(), office.register());
        let in_use = register.terminals().filter(|terminal| terminal.state(now) != TerminalUse::Retired);
        let mut waits: HashSet<Code> = in_use.map(|terminal| terminal.code().clone()).collect();
        let (mut before, mut seen) = (None, 0);
        loop {
            let question = Question { kind: kind_number("alarm"), before, limit: RECALLED_PAGE, ..Question::default() };
            let page = self.index.find(&office.id, &question)?;
            for index in &page {
                let bytes = self.record_bytes(&office.id, *index).ok();
                let Some(record) = bytes.and_then(|bytes| Record::decode(&bytes).ok()) else { continue };
                let Body::Alarm(Alarm { kind, terminal: Some(terminal), epoch, seq, .. }) = record.body else {
                    continue;
                };
                let is_two = kind == AlarmKind::TwoTerminals;
                if let (true, Some(epoch), Some(seq)) = (is_two, epoch, seq) {
                    told.two.entry((terminal.to_string(), epoch, seq)).or_insert(record.trusted);
                } else if kind == AlarmKind::TerminalSilent && waits.remove(&terminal) {
                    told.silent.insert(terminal);
                } else if kind == AlarmKind::TerminalBack {
                    waits.remove(&terminal);
                }
            }
            seen += page.len();
            before = page.last().copied();
            if before.is_none() || seen >= RECALLED_MAX || waits.is_empty() {
                return Ok(told);
            }
        }
    }

    /// Whether somebody should see why nothing is heard of a terminal: one that was switched off says so, and while the ledger was away nobody could come.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn is_missed(
        &self,
        office: &Office,
        terminal: &Code,
        heard: Option<Millis>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let Some(heard) = heard else { return Ok(true) };
        let could_come = {
            let known = self.presence.lock();
            let was = known.silent.get(&office.id).is_some_and(|silent| silent.contains(terminal));
            let recalled = known.recalled.get(&office.id).copied().unwrap_or(now);
            if was { heard } else { heard.max(recalled) }
        };
        Ok(could_come.saturating_add(LATE) < now && !self.index.was_switched_off(&office.id, terminal)?)
    }

    /// Writes down which terminals fell silent and which are back. One that said that it was switched off is not missed.
    pub(crate) fn look_at_terminals(&self, office: &Office) -> Result<(), StoreError> {
        let Some(mut recalled) = self.recall(office)? else { return Ok(()) };
        let (now, register) = (self.clock.now(), office.register());
        let moment = Moment { machine: self.clock.machine(), running: since_boot() };
        {
            let mut known = self.presence.lock();
            if known.looked.insert(office.id, moment).is_some_and(|before| moment.is_cut_off_from(before)) {
                recalled = now;
                known.recalled.insert(office.id, now);
            }
        }
        let stored = self.store.last_heard(&office.id)?;
        for terminal in register.terminals().filter(|terminal| terminal.state(now) != TerminalUse::Retired) {
            let code = terminal.code();
            let sent = stored.iter().filter(|(of, _, _)| of == code).map(|(_, _, at)| *at).max();
            let asked = self.heard.last_asked(&office.id, code);
            // Who never came is waited for by those who enrolled it.
            let Some(last) = sent.max(asked) else { continue };
            let was = self.presence.lock().silent.get(&office.id).is_some_and(|silent| silent.contains(code));
            // Nobody could come while the ledger was away; who was silent before that is back once he has come.
            let heard = if was { last } else { last.max(recalled) };
            let silent = heard.saturating_add(LATE) < now;
            let kind = match (was, silent) {
                (false, true) => {
                    self.presence.lock().silent.entry(office.id).or_default().insert(code.clone());
                    if self.index.was_switched_off(&office.id, code)? {
                        continue;
                    }
                    AlarmKind::TerminalSilent
                }
                (true, false) => {
                    self.presence.lock().silent.entry(office.id).or_default().remove(code);
                    AlarmKind::TerminalBack
                }
                (true, true) | (false, false) => continue,
            };
            let alarm = Alarm { kind, terminal: Some(code.clone()), epoch: None, seq: None, act: None };
            if !self.alarm(&office.id, alarm) {
                // Not written: the next look finds it again.
                let mut known = self.presence.lock();
                let silent = known.silent.entry(office.id).or_default();
                if was {
                    silent.insert(code.clone())
                } else {
                    silent.remove(code)
                };
            }
        }
        Ok(())
    }
}

/// What alarms have told.
#[derive(Debug, Default)]
struct Told {
    /// Terminals that were silent, and not back.
    silent: HashSet<Code>,
    /// Openings of the later session of two, by terminal, epoch and seq, and when that was told.
    two: HashMap<(String, u32, u64), Millis>,
}

/// The session that was open first, and the newest at another terminal.
fn elsewhere(open: &[OpenSession]) -> Option<(&OpenSession, &OpenSession)> {
    let later = open.iter().max_by_key(|open| (open.time, open.index))?;
    let first =
        open.iter().filter(|open| open.terminal != later.terminal).min_by_key(|open| (open.time, open.index))?;
    Some((first, later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_could_not_come_is_not_missed() {
        let before = Moment { machine: 1_000_000, running: 50_000 };
        let later = |machine, running| Moment { machine: 1_000_000 + machine, running: 50_000 + running };
        assert!(!later(LOOK, LOOK).is_cut_off_from(before));
        assert!(!later(STEP, 2_000).is_cut_off_from(before), "slewed, or a little late");
        assert!(later(3_600_000, LOOK).is_cut_off_from(before), "the clock was an hour behind");
        assert!(later(LATE + 1, LATE + 1).is_cut_off_from(before), "the ledger stood still");
        let back = Moment { machine: 1, running: 60_000 };
        assert!(!back.is_cut_off_from(before), "a clock that goes back makes nobody silent");
    }

    fn at(terminal: &str, time: Millis, index: u64) -> OpenSession {
        let session = SessionId([index as u8; 16]);
        OpenSession { terminal: terminal.into(), session, epoch: 0, seq: index, time, index }
    }

    #[test]
    fn the_later_one_is_the_one_that_is_too_many() {
        let [a, b, c] = [at("a", 10, 7), at("b", 20, 3), at("a", 30, 9)];
        let which = |open: &[OpenSession]| elsewhere(open).map(|(first, later)| (first.index, later.index));
        assert_eq!(which(&[]), None);
        assert_eq!(which(std::slice::from_ref(&a)), None);
        assert_eq!(which(&[a.clone(), c.clone()]), None, "one terminal, and its agent forgot to say something");
        assert_eq!(which(&[a.clone(), b.clone()]), Some((7, 3)));
        assert_eq!(which(&[c, b, a]), Some((3, 9)));
    }
}
