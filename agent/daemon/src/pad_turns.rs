//! Whose turn it is at the reader's keypad: one that waits cannot be stopped, so who asks again and again would keep it. No I/O.

use std::collections::HashMap;

/// Who held the keypad, and who has to wait for it.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    holder: Option<u32>,
    /// Whether somebody else asked while it was held.
    wanted: bool,
    /// The uids that let others have it, until this boot time.
    paused: HashMap<u32, u64>,
}

impl Turns {
    /// The reader waits for this uid's PIN.
    pub(crate) fn begun(&mut self, uid: u32) {
        (self.holder, self.wanted) = (Some(uid), false);
    }

    /// This uid asked while it waited.
    pub(crate) fn kept_out(&mut self, uid: u32) {
        self.wanted |= self.holder.is_some_and(|holder| holder != uid);
    }

    /// Nobody typed this uid's PIN. Where nobody else wanted the keypad, it may be asked for again at once.
    pub(crate) fn unanswered(&mut self, uid: u32, until: u64) {
        if std::mem::take(&mut self.wanted) {
            self.paused.insert(uid, until);
        }
    }

    /// For how long this uid still has to wait, ms.
    pub(crate) fn pause_of(&self, uid: u32, now: u64) -> Option<u64> {
        self.paused.get(&uid).and_then(|until| until.checked_sub(now)).filter(|left| *left > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_keypad_in_vain_waits_where_others_want_it() {
        let mut turns = Turns::default();
        turns.begun(1);
        turns.kept_out(1);
        turns.unanswered(1, 100);
        assert_eq!(turns.pause_of(1, 0), None, "nobody else was there");
        turns.begun(1);
        turns.kept_out(2);
        turns.unanswered(1, 100);
        assert_eq!((turns.pause_of(1, 40), turns.pause_of(2, 40)), (Some(60), None));
        assert_eq!(turns.pause_of(1, 100), None);
        turns.begun(2);
        turns.kept_out(3);
        turns.unanswered(2, 200);
        let pauses = [1, 2, 3].map(|uid| turns.pause_of(uid, 50));
        assert_eq!(pauses, [Some(50), Some(150), None], "two of them keep no third out");
    }
}
