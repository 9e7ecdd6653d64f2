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
use sekisho_wire::record::{Alarm, Body, Record};

use crate::authority::Peer;
use crate::clock::{DAY, Millis};
use crate::index::OpenSession;
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::office::Office;
use crate::search::LATE;
use crate::store::StoreError;

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
}

/// Somebody opened a session.
#[derive(Clone, Copy, Debug)]
struct Opened {
    /// When that came.
    since: Millis,
    /// Whether the terminals were asked to come again.
    called: bool,
}

/// So long after an opening came its terminal and the other have to be heard: what was closed meanwhile is here by then.
const GRACE: Millis = 2_000;
/// So many persons of an office are looked at, at most: with more of them waiting for a terminal that is not heard, those who came first are looked at no more.
const OPENED_MAX: usize = 1_000;
/// A terminal is told for so long that a session of it is to end.
const TOLD: Millis = 10 * 60_000;

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
    /// Records that were indexed now: who opened a session of today is looked at.
    pub(crate) fn saw(&self, office: &OfficeId, records: &[Option<Record>], now: Millis) {
        let mut known = self.lock();
        for record in records.iter().flatten() {
            let Body::SessionOpened(_) = &record.body else { continue };
            let operator = record.body.input().and_then(|input| input.operator.as_ref());
            if let Some(operator) = operator.filter(|_| record.trusted.saturating_add(DAY) > now) {
                let key = (*office, operator.to_string());
                if !known.opened.contains_key(&key) {
                    known.make_room(office);
                }
                known.opened.insert(key, Opened { since: now, called: false });
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

    fn called(&self, office: &OfficeId, operator: &str) {
        let mut known = self.lock();
        known.opened.get_mut(&(*office, operator.to_owned())).into_iter().for_each(|opened| opened.called = true);
    }

    fn end(&self, peer: Peer, session: SessionId, now: Millis) {
        self.lock().ended.entry(peer).or_default().push((session, now));
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
        let now = self.clock.now();
        for (operator, Opened { since, called }) in self.presence.opened(&office.id) {
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
                self.presence.forget(&office.id, &operator);
                self.at_two_terminals(office, later, now);
            } else if !called && now >= since.saturating_add(GRACE) {
                self.presence.called(&office.id, &operator);
                office.call();
            }
        }
        Ok(())
    }

    fn at_two_terminals(&self, office: &Office, later: &OpenSession, now: Millis) {
        let Ok(terminal) = Code::new(&later.terminal) else { return };
        let why = format!("an operator's session at terminal {terminal} was opened while another was open elsewhere");
        let alarm = Alarm {
            kind: AlarmKind::TwoTerminals,
            terminal: Some(terminal.clone()),
            epoch: Some(later.epoch),
            seq: Some(later.seq),
            act: None,
        };
        self.alarm_once(&office.id, format!("two terminals {}", later.session), alarm, &why);
        let register = office.register();
        if register.policy_at(now.max(register.newest_made())).two_terminals == TwoTerminals::CloseLater {
            self.presence.end(Peer { office: office.id, terminal }, later.session, now);
            office.call();
        }
    }

    /// Writes down which terminals fell silent and which are back. One that said that it was switched off is not missed.
    pub(crate) fn look_at_terminals(&self, office: &Office) -> Result<(), StoreError> {
        let (now, register) = (self.clock.now(), office.register());
        let stored = self.store.last_heard(&office.id)?;
        for terminal in register.terminals().filter(|terminal| terminal.state(now) != TerminalUse::Retired) {
            let code = terminal.code();
            let sent = stored.iter().filter(|(of, _, _)| of == code).map(|(_, _, at)| *at).max();
            let asked = self.heard.last_asked(&office.id, code);
            // Who never came is waited for by those who enrolled it.
            let Some(last) = sent.max(asked) else { continue };
            let silent = last.saturating_add(LATE) < now;
            let was = self.presence.lock().silent.get(&office.id).is_some_and(|silent| silent.contains(code));
            let kind = match (was, silent) {
                (false, true) => {
                    self.presence.lock().silent.entry(office.id).or_default().insert(code.clone());
                    // Silent since before this start: that was written down then.
                    if asked.is_none() || self.index.was_switched_off(&office.id, code)? {
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
