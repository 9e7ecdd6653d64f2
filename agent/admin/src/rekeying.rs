//! How far a renewal of the card-management secret has come: which cards hold keys of the new one. Kept in the home, card by card.

use sekisho_issuer::{IssuerCause, IssuerError};
use sekisho_register::Register;
use sekisho_register::cards::Card;
use sekisho_wire::id::CardGuid;

use crate::card_secret::{CardSecrets, Place};
use crate::error::AdminError;
use crate::home::Home;

/// A line with the GUID of each card that holds keys of this generation of the secret.
fn file(generation: u32) -> String {
    format!("rekeyed/{generation}")
}

/// A card holds keys of the new secret. Where no renewal is under way, nobody asks.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn note(home: &Home, guid: CardGuid) -> Result<(), AdminError> {
    let Some(CardSecrets { generation, former: Some(_), .. }) = CardSecrets::load(home)? else { return Ok(()) };
    let mut done = noted(home, generation)?;
    if done.contains(&guid) {
        return Ok(());
    }
    done.push(guid);
    let lines: String = done.iter().map(|guid| format!("{guid}\n")).collect();
    home.write(&file(generation), lines.as_bytes())
}

fn noted(home: &Home, generation: u32) -> Result<Vec<CardGuid>, AdminError> {
    let Some(bytes) = home.read(&file(generation))? else { return Ok(Vec::new()) };
    let text = std::str::from_utf8(&bytes).ok();
    let guids: Option<Vec<CardGuid>> = text.and_then(|text| text.lines().map(|line| line.parse().ok()).collect());
    guids.ok_or_else(|| AdminError::Damaged(home.path(&file(generation))))
}

/// The renewal has ended.
///
/// # Errors
/// When the file stays.
pub(crate) fn forget(home: &Home, generation: u32) -> Result<(), AdminError> {
    home.remove(&file(generation))
}

/// Where a renewal stands.
#[derive(Debug)]
pub(crate) struct Rekeying<'a> {
    /// How many cards are in use.
    pub in_use: usize,
    /// Those of them that hold keys of the former secret, as far as this home knows, by number.
    pub missing: Vec<&'a Card>,
}

impl<'a> Rekeying<'a> {
    /// By this register at this moment. A card that has ended, or whose time is over, is not in use and never will be again.
    ///
    /// # Errors
    /// When what is kept is damaged.
    pub(crate) fn of(home: &Home, generation: u32, register: &'a Register, now: u64) -> Result<Self, AdminError> {
        let done = noted(home, generation)?;
        let in_use = register.cards_by_number().filter(|card| !card.state(now).is_final() && now < card.issued().to);
        // The keys of a card that another office lent are that office's.
        let in_use = in_use.filter(|card| register.lender(card).is_none());
        let (rekeyed, missing): (Vec<_>, Vec<_>) = in_use.partition(|card| done.contains(card.guid()));
        Ok(Self { in_use: rekeyed.len() + missing.len(), missing })
    }

    /// How many are done.
    #[must_use]
    pub(crate) const fn done(&self) -> usize {
        self.in_use - self.missing.len()
    }
}

/// Why an issued card of this office does not know the secret of now: it holds keys of a former one. Another card is another office's.
pub(crate) fn foreign(home: &Home, register: &Register, guid: Option<CardGuid>) -> AdminError {
    let Some(guid) = guid.filter(|guid| register.card(guid).is_some()) else { return AdminError::ForeignCard };
    match CardSecrets::load(home) {
        Ok(Some(CardSecrets { former: Some(Place::File(_) | Place::Token(_)), .. })) => AdminError::HoldsFormer(guid),
        Ok(Some(CardSecrets { former: Some(Place::Lost) | None, .. }) | None) => AdminError::HoldsLost(guid),
        Err(error) => error,
    }
}

/// As [`foreign`], where a step failed on a card.
pub(crate) fn named(home: &Home, register: &Register, guid: Option<CardGuid>, error: IssuerError) -> AdminError {
    let known = guid.is_some_and(|guid| register.card(&guid).is_some());
    if known && error.cause == IssuerCause::ForeignManagementKey { foreign(home, register, guid) } else { error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;
    use crate::register_cache::tests::Story;

    fn renewed(home: &Home, former: Option<Place>) {
        CardSecrets { generation: 2, now: Place::File("card-management-2.secret".to_owned()), former }
            .save(home)
            .unwrap();
    }

    #[test]
    fn a_renewal_ends_when_every_card_in_use_holds_new_keys() {
        let (home, mut story) = (TempHome::new(), Story::begin());
        story.section("jumin");
        let cache = story.cache(1);
        let register = cache.register();
        let cards: Vec<&Card> = register.cards_by_number().collect();
        let [first, second] = cards[..] else { panic!("two administrators") };
        let now = first.issued().from + 1000;
        let missing = |now| {
            let rekeying = Rekeying::of(&home.0, 2, register, now).unwrap();
            let missing: Vec<CardGuid> = rekeying.missing.iter().map(|card| *card.guid()).collect();
            (rekeying.done(), missing)
        };
        note(&home.0, *first.guid()).unwrap();
        assert_eq!(missing(now), (0, vec![*first.guid(), *second.guid()]), "no renewal, nothing to note");
        renewed(&home.0, Some(Place::Lost));
        for _ in 0..2 {
            note(&home.0, *second.guid()).unwrap();
            assert_eq!(missing(now), (1, vec![*first.guid()]));
        }
        note(&home.0, *first.guid()).unwrap();
        assert_eq!(missing(now), (2, vec![]));
        forget(&home.0, 2).unwrap();
        assert_eq!(missing(now).1.len(), 2);
        assert_eq!(missing(first.issued().to.max(second.issued().to)).1, vec![], "its time is over");
        home.0.write(&file(2), b"not a GUID\n").unwrap();
        assert!(matches!(Rekeying::of(&home.0, 2, register, now), Err(AdminError::Damaged(_))));
    }

    #[test]
    fn a_card_with_a_former_secret_is_named_with_what_can_be_done() {
        let (home, story) = (TempHome::new(), Story::begin());
        let cache = story.cache(1);
        let register = cache.register();
        let ours = register.cards().next().map(|card| *card.guid());
        let foreign = |guid| foreign(&home.0, register, guid);
        assert!(matches!(foreign(None), AdminError::ForeignCard));
        assert!(matches!(foreign(Some(CardGuid([0xEE; 16]))), AdminError::ForeignCard));
        renewed(&home.0, Some(Place::File("card-management.secret".to_owned())));
        assert!(matches!(foreign(ours), AdminError::HoldsFormer(guid) if Some(guid) == ours));
        for former in [None, Some(Place::Lost)] {
            renewed(&home.0, former);
            assert!(matches!(foreign(ours), AdminError::HoldsLost(guid) if Some(guid) == ours));
        }
    }
}
