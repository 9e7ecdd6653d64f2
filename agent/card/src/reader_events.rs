//! What happened in the readers, told from what is there now and what was there before. No I/O.

use std::collections::BTreeMap;

use crate::reader_name::ReaderName;

/// Something happened in the readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderEvent {
    /// The smart card service is gone, and every reader and card with it. No removals are told one by one.
    ServiceLost,
    /// The service is there. Readers and cards are told anew; what was held before is void even if it looks the same.
    ServiceBack,
    /// A reader is there.
    ReaderAdded {
        /// Its name.
        reader: ReaderName,
    },
    /// A reader is gone, and with it whatever card was in it: nobody has taken that one out, so no removal is told.
    ReaderRemoved {
        /// Its name.
        reader: ReaderName,
    },
    /// A card is in the reader and answers.
    CardInserted {
        /// The reader.
        reader: ReaderName,
        /// Answer to reset. May be empty right after insertion; nothing should depend on it.
        atr: Vec<u8>,
        /// The service's count of insertions and removals in this reader; starts again when the service does.
        event_count: u32,
    },
    /// The card is gone.
    CardRemoved {
        /// The reader.
        reader: ReaderName,
    },
    /// Something is in the reader and does not answer: upside down, dirty, broken. Not the same as "no card".
    CardMute {
        /// The reader.
        reader: ReaderName,
    },
}

/// What is in a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Nothing.
    Empty,
    /// A card that answers.
    Card,
    /// Something that does not.
    Mute,
}

/// One look at one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) reader: ReaderName,
    pub(crate) presence: Presence,
    pub(crate) event_count: u32,
    pub(crate) atr: Vec<u8>,
}

/// What was in the readers at the last look.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    readers: BTreeMap<ReaderName, (Presence, u32)>,
}

impl Seen {
    /// Forgets everything, as after the loss of the service.
    pub(crate) fn forget(&mut self) {
        self.readers.clear();
    }

    /// Takes a list of all readers that there are.
    pub(crate) fn listed(&mut self, present: &[ReaderName]) -> Vec<ReaderEvent> {
        let mut events = Vec::new();
        let gone: Vec<ReaderName> = self.readers.keys().filter(|known| !present.contains(known)).cloned().collect();
        for reader in gone {
            events.extend(self.left(&reader));
        }
        for reader in present {
            events.extend(self.back(reader));
        }
        events
    }

    /// Takes the word of the service that a reader is leaving. If one of the same name is listed next, it is another.
    pub(crate) fn left(&mut self, reader: &ReaderName) -> Option<ReaderEvent> {
        self.readers.remove(reader).map(|_| ReaderEvent::ReaderRemoved { reader: reader.clone() })
    }

    /// Takes the word of the service that a reader answers, which may have left before.
    pub(crate) fn back(&mut self, reader: &ReaderName) -> Option<ReaderEvent> {
        if self.readers.contains_key(reader) {
            return None;
        }
        self.readers.insert(reader.clone(), (Presence::Empty, 0));
        Some(ReaderEvent::ReaderAdded { reader: reader.clone() })
    }

    /// Takes one look at one reader. Only presence and the event count matter: readers also change state when
    /// programs connect, which is nobody's card.
    pub(crate) fn looked(&mut self, look: Look) -> Vec<ReaderEvent> {
        let Some(known) = self.readers.get_mut(&look.reader) else { return Vec::new() };
        let (before, count_before) = std::mem::replace(known, (look.presence, look.event_count));
        let reader = look.reader;
        let removed = ReaderEvent::CardRemoved { reader: reader.clone() };
        let inserted =
            ReaderEvent::CardInserted { reader: reader.clone(), atr: look.atr, event_count: look.event_count };
        let mute = ReaderEvent::CardMute { reader };
        // A card taken out and another put in between two looks leaves only the count changed.
        let swapped = look.event_count != count_before;
        match (before, look.presence) {
            (Presence::Empty, Presence::Empty) => vec![],
            (Presence::Empty, Presence::Card) => vec![inserted],
            (Presence::Empty, Presence::Mute) => vec![mute],
            (Presence::Card | Presence::Mute, Presence::Empty) => vec![removed],
            (Presence::Card, Presence::Card) if swapped => vec![removed, inserted],
            (Presence::Card, Presence::Card) => vec![],
            (Presence::Card, Presence::Mute) => vec![removed, mute],
            (Presence::Mute, Presence::Card) => vec![removed, inserted],
            (Presence::Mute, Presence::Mute) if swapped => vec![removed, mute],
            (Presence::Mute, Presence::Mute) => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Presence, ReaderEvent, Seen};
    use crate::reader_name::ReaderName;

    fn name(text: &str) -> ReaderName {
        ReaderName::new(text).unwrap()
    }

    fn look(presence: Presence, event_count: u32) -> Look {
        Look { reader: name("A"), presence, event_count, atr: vec![0x3B] }
    }

    fn letters<'a>(events: impl IntoIterator<Item = &'a ReaderEvent>) -> String {
        let letter = |event: &ReaderEvent| match event {
            ReaderEvent::ServiceLost => 'L',
            ReaderEvent::ServiceBack => 'B',
            ReaderEvent::ReaderAdded { .. } => 'A',
            ReaderEvent::ReaderRemoved { .. } => 'D',
            ReaderEvent::CardInserted { .. } => 'i',
            ReaderEvent::CardRemoved { .. } => 'r',
            ReaderEvent::CardMute { .. } => 'm',
        };
        events.into_iter().map(letter).collect()
    }

    #[test]
    fn every_change_of_presence_is_told_once() {
        use Presence::{Card, Empty, Mute};
        let table = [
            ((Empty, 0), (Empty, 0), ""),
            ((Empty, 0), (Card, 1), "i"),
            ((Empty, 0), (Mute, 1), "m"),
            ((Card, 1), (Card, 1), ""),
            ((Card, 1), (Empty, 2), "r"),
            ((Card, 1), (Card, 3), "ri"),
            ((Card, 1), (Mute, 1), "rm"),
            ((Mute, 1), (Card, 1), "ri"),
            ((Mute, 1), (Empty, 2), "r"),
            ((Mute, 1), (Mute, 1), ""),
            ((Mute, 1), (Mute, 3), "rm"),
        ];
        for (before, after, expected) in table {
            let mut seen = Seen::default();
            seen.listed(&[name("A")]);
            seen.looked(look(before.0, before.1));
            assert_eq!(letters(&seen.looked(look(after.0, after.1))), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_reader_that_leaves_takes_its_card_along_and_no_removal_is_told() {
        let mut seen = Seen::default();
        assert_eq!(letters(&seen.listed(&[name("A"), name("B")])), "AA");
        assert_eq!(letters(&seen.looked(look(Presence::Card, 1))), "i");
        assert_eq!(letters(&seen.listed(&[name("A"), name("B")])), "");
        assert_eq!(letters(&seen.listed(&[name("B")])), "D");
        assert_eq!(letters(&seen.listed(&[])), "D");
    }

    #[test]
    fn a_reader_that_left_and_came_back_between_two_lists_is_another() {
        let mut seen = Seen::default();
        seen.listed(&[name("A")]);
        seen.looked(look(Presence::Card, 1));
        assert_eq!(letters(&seen.left(&name("A"))), "D");
        assert_eq!(letters(&seen.left(&name("A"))), "");
        assert_eq!(letters(&seen.listed(&[name("A")])), "A");
        assert_eq!(letters(&seen.looked(look(Presence::Card, 1))), "i");
    }

    #[test]
    fn a_reader_that_answers_again_is_told_with_its_card() {
        let mut seen = Seen::default();
        seen.listed(&[name("A")]);
        seen.looked(look(Presence::Card, 1));
        assert_eq!(letters(&seen.left(&name("A"))), "D");
        assert_eq!(letters(&seen.back(&name("A"))), "A");
        assert_eq!(letters(&seen.back(&name("A"))), "");
        assert_eq!(letters(&seen.looked(look(Presence::Card, 1))), "i");
    }

    #[test]
    fn a_reader_that_was_never_listed_is_not_believed() {
        assert_eq!(letters(&Seen::default().looked(look(Presence::Card, 1))), "");
    }
}
