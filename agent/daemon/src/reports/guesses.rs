//! Numbers that were tried and that nobody has: who tries one after the other has to wait, and nobody else.

use sekisho_wire::id::SessionId;

/// So many may be tried within [`WITHIN`]: whoever guesses must not learn which there are, nor block the cards of others.
pub(super) const GUESSES: usize = 5;
/// So many in a session of one's own: each of its reports names its operator.
pub(super) const IN_SESSION: usize = 20;
/// Boot time, ms.
pub(super) const WITHIN: u64 = 10 * 60 * 1000;

/// Who tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guesser {
    /// A user of this machine, and whoever sits there.
    User(u32),
    /// Whoever has opened this session.
    Session(SessionId),
}

impl Guesser {
    const fn most(self) -> usize {
        match self {
            Self::User(_) => GUESSES,
            Self::Session(_) => IN_SESSION,
        }
    }
}

/// What was tried, by whom, and when.
#[derive(Debug, Default)]
pub(super) struct Guesses(Vec<(Guesser, u64)>);

impl Guesses {
    /// Whether he has to wait.
    pub(super) fn are_over(&mut self, guesser: Guesser, now: u64) -> bool {
        self.0.retain(|(_, at)| now.saturating_sub(*at) < WITHIN);
        self.0.iter().filter(|(by, _)| *by == guesser).count() >= guesser.most()
    }

    /// Nobody has that number.
    pub(super) fn note(&mut self, guesser: Guesser, now: u64) {
        self.0.push((guesser, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_counted_by_himself_and_a_session_has_more() {
        let mut guesses = Guesses::default();
        let (one, two) = (Guesser::User(1), Guesser::User(2));
        let session = Guesser::Session(SessionId([1; 16]));
        for at in 0..5 {
            assert!(!guesses.are_over(one, at));
            guesses.note(one, at);
        }
        assert!(guesses.are_over(one, 5) && !guesses.are_over(two, 5) && !guesses.are_over(session, 5));
        for at in 0..20 {
            assert!(!guesses.are_over(session, at));
            guesses.note(session, at);
        }
        assert!(guesses.are_over(session, 20));
        assert!(!guesses.are_over(one, WITHIN), "the first is forgotten");
    }
}
