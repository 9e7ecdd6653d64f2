//! Records that a terminal carried out of an earlier epoch (wire §7.5b): which they are again, and in which session they were written.

use std::collections::{HashMap, HashSet};

use sekisho_register::Session;
use sekisho_tlog::Hash;
use sekisho_wire::id::Code;

/// One epoch's records as they were carried into a later one.
struct Line {
    session: Session,
    /// The seq that comes next.
    next: u64,
}

/// What was carried so far.
#[derive(Default)]
pub(super) struct Carried {
    /// By terminal, the epoch that they were carried into, and their own.
    lines: HashMap<(Code, u32, u32), Line>,
    leaves: HashSet<Hash>,
}

impl Carried {
    /// Takes in the leaf of one; says whether it was carried before.
    pub(super) fn is_again(&mut self, leaf: Hash) -> bool {
        !self.leaves.insert(leaf)
    }

    /// The session in which the record of `seq` was written. Where nothing was carried that lies right before it, `before` says what is known of where its
    /// own epoch ends: the seq that would come next there, and its session.
    pub(super) fn session(
        &self,
        (terminal, into, of): (&Code, u32, u32),
        seq: u64,
        before: Option<(u64, &Session)>,
    ) -> Session {
        let goes_on = |line: &&Line| line.next == seq;
        if let Some(line) = self.lines.get(&(terminal.clone(), into, of)).filter(goes_on) {
            return line.session.clone();
        }
        if seq == 0 {
            return Session::None;
        }
        if let Some((_, session)) = before.filter(|(next, _)| *next == seq) {
            return session.clone();
        }
        let of_it = self.lines.iter().filter(|((other, _, epoch), _)| other == terminal && *epoch == of);
        of_it.map(|(_, line)| line).find(goes_on).map(|line| line.session.clone()).unwrap_or_default()
    }

    /// The record of `seq` was looked at, and this is the session behind it.
    pub(super) fn goes_on(&mut self, (terminal, into, of): (&Code, u32, u32), seq: u64, session: Session) {
        self.lines.insert((terminal.clone(), into, of), Line { session, next: seq.saturating_add(1) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_goes_on_where_the_records_do() {
        let terminal = Code::new("jumin-1").unwrap();
        let mut carried = Carried::default();
        let mut at = |into, seq, before: Option<(u64, &Session)>| {
            let line = (&terminal, into, 0);
            let session = carried.session(line, seq, before);
            carried.goes_on(line, seq, session.clone());
            session
        };
        assert_eq!(at(1, 7, Some((7, &Session::None))), Session::None, "the epoch was cut off");
        assert_eq!(at(1, 8, Some((7, &Session::Unknown))), Session::None);
        assert_eq!(at(1, 20, Some((7, &Session::None))), Session::Unknown, "over a hole anything may have happened");
        assert_eq!(at(1, 3, Some((7, &Session::None))), Session::Unknown, "the histories part here");
        assert_eq!(at(2, 4, None), Session::Unknown, "as it was left in the epoch between");
        assert_eq!(at(2, 0, None), Session::None);
        assert!(!carried.is_again(Hash([1; 32])));
        assert!(carried.is_again(Hash([1; 32])));
    }
}
