//! PINs that went to cards: how many were wrong since the card was put in, and what nobody has heard an answer to. No I/O.

use std::collections::HashMap;

use sekisho_wire::id::CardGuid;

use crate::session::Insertion;

/// A PIN that is on its way to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) insertion: Insertion,
    pub(crate) card: CardGuid,
    /// Tries left before it went.
    pub(crate) tries_before: Option<u8>,
    pub(crate) typed: Typed,
}

/// Where a PIN is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// At this machine: it is on its way to the card.
    AtKeyboard,
    /// On the reader: it may be with the card at any moment from now on, and nobody can stop it.
    OnReader,
}

/// What is known of the PINs that went to cards.
#[derive(Debug, Default)]
pub(crate) struct PinsSent {
    /// On their way, by call. They count whoever still waits for them.
    sent: HashMap<u64, Sent>,
    /// Wrong ones since each card was put in. Only a right PIN, or somebody who was seen to take the card out, begins anew: a reader or
    /// a worker that goes and comes back must not give a guesser three more.
    wrong: HashMap<CardGuid, u8>,
    /// How many tries a card had before a PIN whose outcome nobody heard.
    unheard: HashMap<CardGuid, u8>,
    /// Insertions that may still be the card of before: the way to it broke, and nobody was seen to take it out.
    doubtful: HashMap<Insertion, CardGuid>,
}

impl PinsSent {
    /// A PIN goes to a card. One that is typed on the reader went when it was asked for.
    pub(crate) fn send(&mut self, call: u64, sent: Sent) {
        self.sent.entry(call).or_insert(sent);
    }

    /// Whether a reader waits for a PIN, or has one.
    pub(crate) fn waits_on_reader(&self) -> bool {
        self.sent.values().any(|sent| sent.typed == Typed::OnReader)
    }

    /// Whether any PIN is at a card now.
    pub(crate) fn is_any_sent(&self) -> bool {
        !self.sent.is_empty()
    }

    /// How many wrong PINs this card was sent since it was put in.
    pub(crate) fn wrong(&self, card: &CardGuid) -> u8 {
        self.wrong.get(card).copied().unwrap_or(0)
    }

    /// The call has ended, and it is known what it cost.
    pub(crate) fn ended(&mut self, call: u64) -> Option<Sent> {
        self.sent.remove(&call)
    }

    /// The call has ended, and nobody knows what it cost: the card says it when it is read again.
    pub(crate) fn ended_unheard(&mut self, call: u64) {
        if let Some(Sent { card, tries_before: Some(before), .. }) = self.sent.remove(&call) {
            self.unheard.insert(card, before);
        }
    }

    /// The card has judged a PIN wrong.
    pub(crate) fn count_wrong(&mut self, card: CardGuid) {
        let count = self.wrong.entry(card).or_default();
        *count = count.saturating_add(1);
    }

    /// The card has judged a PIN right, and proved that it is the card.
    pub(crate) fn accepted(&mut self, card: &CardGuid) {
        self.wrong.remove(card);
        self.unheard.remove(card);
    }

    /// A card is in and says how many tries it has; `true` when that is less than before a PIN whose outcome nobody heard.
    pub(crate) fn inserted(&mut self, insertion: Insertion, card: &CardGuid, tries_left: Option<u8>) -> bool {
        self.doubtful.remove(&insertion);
        let Some(left) = tries_left else { return false };
        self.unheard.remove(card).is_some_and(|before| left < before)
    }

    /// The way to a card broke; what is in its reader will be told as `next`.
    pub(crate) fn way_lost(&mut self, next: Insertion, card: Option<CardGuid>) {
        self.doubtful.extend(card.map(|card| (next, card)));
    }

    /// Somebody took the card of this insertion out.
    pub(crate) fn pulled(&mut self, insertion: Insertion, card: Option<CardGuid>) {
        if let Some(card) = card.or_else(|| self.doubtful.remove(&insertion)) {
            self.wrong.remove(&card);
        }
    }

    /// The service, or all knowledge of cards, is gone. What the worker was doing it may still tell, unless it is gone itself.
    pub(crate) fn cards_lost(&mut self) {
        self.doubtful.clear();
    }

    /// The worker is gone: nobody will tell what came of the PINs that it had.
    pub(crate) fn worker_lost(&mut self) {
        self.cards_lost();
        let calls: Vec<u64> = self.sent.keys().copied().collect();
        calls.into_iter().for_each(|call| self.ended_unheard(call));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: CardGuid = CardGuid([1; 16]);

    fn insertion(number: u64) -> Insertion {
        Insertion(number)
    }

    fn with_two_wrong() -> PinsSent {
        let mut pins = PinsSent::default();
        pins.count_wrong(CARD);
        pins.count_wrong(CARD);
        pins
    }

    #[test]
    fn only_a_right_pin_or_a_pull_begins_the_count_anew() {
        let mut pins = with_two_wrong();
        pins.way_lost(insertion(2), Some(CARD));
        assert!(!pins.inserted(insertion(2), &CARD, Some(3)));
        assert_eq!(pins.wrong(&CARD), 2, "looked at anew");
        pins.worker_lost();
        assert!(!pins.inserted(insertion(3), &CARD, Some(3)));
        assert_eq!(pins.wrong(&CARD), 2, "told by another worker");
        pins.pulled(insertion(3), Some(CARD));
        assert_eq!(pins.wrong(&CARD), 0, "pulled");
        let mut pins = with_two_wrong();
        pins.accepted(&CARD);
        assert_eq!(pins.wrong(&CARD), 0, "right");
    }

    #[test]
    fn a_pull_that_the_desk_noticed_first_is_a_pull() {
        let mut pins = with_two_wrong();
        pins.way_lost(insertion(2), Some(CARD));
        pins.pulled(insertion(2), None);
        assert_eq!(pins.wrong(&CARD), 0);
    }

    #[test]
    fn a_try_that_nobody_told_of_shows_in_the_count_of_the_card() {
        for (after, cost) in [(Some(4), true), (Some(5), false), (None, false)] {
            let mut pins = PinsSent::default();
            pins.send(7, Sent { insertion: insertion(1), card: CARD, tries_before: Some(5), typed: Typed::OnReader });
            assert!(pins.waits_on_reader());
            pins.worker_lost();
            assert!(!pins.is_any_sent() && !pins.waits_on_reader());
            assert_eq!(pins.inserted(insertion(2), &CARD, after), cost, "{after:?}");
            let later = pins.inserted(insertion(3), &CARD, Some(4));
            assert_eq!(later, after.is_none(), "told once, as soon as the card says so");
        }
    }
}
