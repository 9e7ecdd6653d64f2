//! Cards whose act is still missing: what they are to become is kept in the home until the grant is on the card.

use sekisho_issuer::CardKeys;
use sekisho_register::change::{CardKind, IssueCard};
use sekisho_register::values::P256Key;
use sekisho_wire::id::CardGuid;

use crate::error::AdminError;
use crate::home::Home;

fn name(guid: CardGuid) -> String {
    format!("pending/{guid}.card")
}

/// Keeps what the act will say.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn keep(home: &Home, card: &IssueCard) -> Result<(), AdminError> {
    let bytes = minicbor::to_vec(card).expect("a vector takes any number of bytes");
    home.write(&name(card.card), &bytes)
}

/// What the act of this card will say, if its issue was begun here.
///
/// # Errors
/// When the file is damaged.
pub(crate) fn find(home: &Home, guid: CardGuid) -> Result<Option<IssueCard>, AdminError> {
    let Some(bytes) = home.read(&name(guid))? else { return Ok(None) };
    minicbor::decode(&bytes).map(Some).map_err(|_| AdminError::Damaged(home.path(&name(guid))))
}

/// The card is finished.
///
/// # Errors
/// When the file stays.
pub(crate) fn forget(home: &Home, guid: CardGuid) -> Result<(), AdminError> {
    home.remove(&name(guid))
}

/// The cards that are waiting.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn list(home: &Home) -> Result<Vec<CardGuid>, AdminError> {
    let names = home.list("pending")?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".card")?.parse().ok()).collect())
}

/// What a card is to become.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// What it is for.
    pub kind: CardKind,
    /// Whose it is.
    pub operator: Option<sekisho_wire::id::Code>,
    /// Which permissions work with it.
    pub profiles: Vec<sekisho_wire::id::Code>,
    /// From when.
    pub from: u64,
    /// Until when.
    pub to: u64,
    /// Whether it sleeps.
    pub dormant: bool,
    /// Whether it may sign acts: then the register names its signature key, which takes two persons (register §R3.5a).
    pub signing: bool,
}

impl Wanted {
    /// The change that issues the card with these keys.
    #[must_use]
    pub(crate) fn card(self, guid: CardGuid, keys: &CardKeys) -> IssueCard {
        IssueCard {
            card: guid,
            kind: self.kind,
            operator: self.operator,
            profiles: self.profiles,
            authentication: P256Key(keys.authentication),
            signature: self.signing.then_some(P256Key(keys.signature)),
            presence: P256Key(keys.card_authentication),
            from: self.from,
            to: self.to,
            dormant: self.dormant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;

    #[test]
    fn the_register_learns_the_signature_key_of_a_signing_card_only() {
        let keys = CardKeys { authentication: [2; 33], signature: [3; 33], card_authentication: [2; 33] };
        let key = |signing| {
            let (kind, operator, profiles, dormant) = (CardKind::Business, None, Vec::new(), false);
            Wanted { kind, operator, profiles, from: 1, to: 2, dormant, signing }
                .card(CardGuid([9; 16]), &keys)
                .signature
        };
        assert_eq!((key(false), key(true)), (None, Some(P256Key([3; 33]))));
    }

    #[test]
    fn a_card_waits_until_it_is_finished() {
        let home = TempHome::new();
        let wanted = Wanted {
            kind: CardKind::Business,
            operator: None,
            profiles: Vec::new(),
            from: 1,
            to: 2,
            dormant: true,
            signing: false,
        };
        let keys = CardKeys { authentication: [2; 33], signature: [3; 33], card_authentication: [2; 33] };
        let card = wanted.card(CardGuid([9; 16]), &keys);
        keep(&home.0, &card).unwrap();
        assert_eq!(list(&home.0).unwrap(), [card.card]);
        assert_eq!(find(&home.0, card.card).unwrap(), Some(card.clone()));
        forget(&home.0, card.card).unwrap();
        assert_eq!(find(&home.0, card.card).unwrap(), None);
        assert_eq!(list(&home.0).unwrap(), []);
    }
}
