//! Which cards somebody means who has none in his hand: the number on the receipt, or the operator's ID.

use sekisho_register::Register;
use sekisho_register::change::CardState;
use sekisho_wire::id::{CardGuid, Code, Numbered};

/// What a text names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// These cards.
    Cards(Vec<CardGuid>),
    /// This card, by what is on it.
    ByGuid(CardGuid),
    /// Nothing that is known.
    Nobody,
    /// The card that is in, and none is.
    NoCard,
}

/// Where cards are looked for.
pub(super) struct Known<'a> {
    /// Every card that opens something here.
    pub(super) cards: &'a Register,
    /// Those of which the numbers are sure.
    pub(super) numbers: &'a Register,
}

/// The year before 令和元年.
const BEFORE_REIWA: u16 = 2018;

/// The cards that are meant. Of an operator all that open something: whoever has lost his bag does not know which. What names nobody, and what
/// names somebody without a card, is the same answer.
pub(super) fn named(known: &Known<'_>, text: Option<&str>, inserted: Option<CardGuid>, at: u64) -> Named {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return match inserted {
            Some(card) if known.cards.card(&card).is_some() => Named::Cards(vec![card]),
            Some(_) => Named::Nobody,
            None => Named::NoCard,
        };
    };
    if let Some(card) = text.parse::<CardGuid>().ok().and_then(|guid| known.cards.card(&guid)) {
        return Named::ByGuid(*card.guid());
    }
    if let Some(card) = number(text).and_then(|number| known.numbers.card_by_number(number)) {
        return Named::Cards(vec![*card.guid()]);
    }
    let Ok(operator) = Code::new(text) else { return Named::Nobody };
    let in_hand = |state| matches!(state, CardState::Active | CardState::Suspended);
    let held = known.cards.cards_by_number().filter(|card| {
        let holds = card.holder(at).is_some_and(|holder| *holder.operator == operator);
        holds && in_hand(card.state(at)) && card.is_within_dates(at)
    });
    let cards: Vec<CardGuid> = held.map(|card| *card.guid()).collect();
    if cards.is_empty() { Named::Nobody } else { Named::Cards(cards) }
}

/// `2026-12`, `R8-12`, `令和8年度第12号`.
pub(crate) fn number(text: &str) -> Option<Numbered> {
    let parts = |year: &str, number: &str, before: u16| {
        let year: u16 = if year == "元" { 1 } else { year.parse().ok()? };
        Some(Numbered { fiscal_year: year.checked_add(before)?, number: number.parse().ok()? })
    };
    if let Some(rest) = text.strip_prefix("令和") {
        let (year, number) = rest.strip_suffix('号')?.split_once("年度第")?;
        return parts(year, number, BEFORE_REIWA);
    }
    let (year, number) = text.split_once('-')?;
    match year.strip_prefix(['R', 'r']) {
        Some(year) => parts(year, number, BEFORE_REIWA),
        None => parts(year, number, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        let twelfth = Some(Numbered { fiscal_year: 2026, number: 12 });
        for text in ["2026-12", "R8-12", "r8-12", "令和8年度第12号"] {
            assert_eq!(number(text), twelfth, "{text}");
        }
        assert_eq!(number("令和元年度第1号"), Some(Numbered { fiscal_year: 2019, number: 1 }));
        for text in ["", "0012", "jumin-1", "R-1", "2026-", "令和8年第12号"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
