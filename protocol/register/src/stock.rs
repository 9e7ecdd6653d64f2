//! Blank cards (§R11.12): what came in, what was made of them, what was spoilt, and whether the last count found what is left.

use alloc::vec::Vec;

use crate::calendar::local_day;
use crate::casebook::Casebook;
use crate::cases::Case;
use crate::change::Value;
use crate::fold::Register;
use crate::forms::{Form, cards};

/// Blank cards since the last count, or since the first entry of the book where nobody has counted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BlankCards {
    /// The last count.
    pub counted: Option<Count>,
    /// How many came in since.
    pub received: u64,
    /// How many cards of the office were made blank again since.
    pub again: u64,
    /// How many cards were issued since.
    pub issued: u64,
    /// How many were spoilt in the making since.
    pub spoilt: u64,
}

/// A count (棚卸) of blank cards, at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The day.
    pub on: u32,
    /// When it was written down.
    pub made: u64,
    /// How many there were.
    pub found: u64,
    /// How many there should have been; nothing for the count with which the book begins.
    pub expected: Option<i64>,
}

impl Count {
    /// How many more there were than there should have been.
    #[must_use]
    pub fn difference(&self) -> i64 {
        self.expected.map_or(0, |expected| number(self.found).saturating_sub(expected))
    }
}

impl BlankCards {
    /// As the book stood at `at`; nothing where nobody keeps one.
    #[must_use]
    pub fn at(register: &Register, casebook: &Casebook, at: u64) -> Option<Self> {
        let mut entries: Vec<Entry> =
            casebook.cases_on(Form::CardStock).filter(|case| case.opened.made <= at).filter_map(Entry::of).collect();
        // A count is of the end of its day.
        entries.sort_by_key(|entry| (entry.on, entry.movement == cards::COUNTED, entry.index));
        let first = entries.first()?.on;
        let mut issued: Vec<u32> = register
            .cards_by_number()
            .filter(|card| card.issued_at() <= at && register.lender(card).is_none())
            .map(|card| local_day(card.issued_at()))
            .filter(|day| *day >= first)
            .collect();
        issued.sort_unstable();
        let mut issued = issued.into_iter().peekable();
        let (mut stock, mut is_begun) = (Self::default(), false);
        for entry in entries {
            match entry.movement {
                cards::RECEIVED => stock.received = stock.received.saturating_add(entry.number),
                cards::SPOILT => stock.spoilt = stock.spoilt.saturating_add(entry.number),
                cards::BLANK_AGAIN => stock.again = stock.again.saturating_add(entry.number),
                _ => {
                    while issued.next_if(|day| *day <= entry.on).is_some() {
                        stock.issued += 1;
                    }
                    let expected = is_begun.then(|| stock.expected());
                    let count = Count { on: entry.on, made: entry.made, found: entry.number, expected };
                    stock = Self { counted: Some(count), ..Self::default() };
                }
            }
            is_begun = true;
        }
        stock.issued = u64::try_from(issued.count()).unwrap_or(u64::MAX);
        Some(stock)
    }

    /// How many there should be.
    #[must_use]
    pub fn expected(&self) -> i64 {
        let found = self.counted.map_or(0, |count| count.found);
        let more = found.saturating_add(self.received).saturating_add(self.again);
        number(more).saturating_sub(number(self.issued.saturating_add(self.spoilt)))
    }
}

struct Entry {
    on: u32,
    index: u64,
    made: u64,
    movement: u8,
    number: u64,
}

impl Entry {
    fn of(case: &Case) -> Option<Self> {
        let Value::Choice(movement) = case.opened.field(cards::MOVEMENT)? else { return None };
        let Value::Number(number) = case.opened.field(cards::MOVED)? else { return None };
        let Value::Day(on) = case.opened.field(cards::MOVED_ON)? else { return None };
        let (index, made) = (case.opened.index, case.opened.made);
        Some(Self { on: *on, index, made, movement: *movement, number: *number })
    }
}

fn number(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
