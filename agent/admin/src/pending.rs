//! Cards whose act is still missing: what they are to become is kept in the home until the grant is on the card.

use sekisho_issuer::CardKeys;
use sekisho_register::change::{CardKind, IssueCard};
use sekisho_register::values::P256Key;
use sekisho_wire::id::{CardGuid, Code};

use crate::error::AdminError;
use crate::home::Home;

fn name(guid: CardGuid) -> String {
    format!("pending/{guid}.card")
}

fn intent(guid: CardGuid) -> String {
    format!("pending/{guid}.intent")
}

fn refused(guid: CardGuid) -> String {
    format!("pending/{guid}.refused")
}

/// Keeps what a card is to become, before its keys are made. Until [`made`], its PIN may be known to nobody.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn intend(home: &Home, guid: CardGuid, wanted: &Wanted) -> Result<(), AdminError> {
    let no_keys = CardKeys { authentication: [0; 33], signature: [0; 33], card_authentication: [0; 33] };
    let card = wanted.clone().card(guid, &no_keys);
    home.remove(&refused(guid))?;
    home.write(&intent(guid), &minicbor::to_vec(&card).expect("a vector takes any number of bytes"))
}

/// The card is made, and its PIN handed over.
///
/// # Errors
/// When the file stays.
pub(crate) fn made(home: &Home, guid: CardGuid) -> Result<(), AdminError> {
    home.remove(&intent(guid))
}

/// What a card was to become whose making did not come to its end here.
///
/// # Errors
/// When the file is damaged.
pub(crate) fn intended(home: &Home, guid: CardGuid) -> Result<Option<Wanted>, AdminError> {
    let Some(bytes) = home.read(&intent(guid))? else { return Ok(None) };
    let card: Result<IssueCard, _> = minicbor::decode(&bytes);
    card.map(|card| Some(Wanted::of(card))).map_err(|_| AdminError::Damaged(home.path(&intent(guid))))
}

/// Whether the making of a card for this operator did not come to its end here.
///
/// # Errors
/// When the directory or a file cannot be read.
pub(crate) fn was_interrupted(home: &Home, operator: Option<&Code>) -> Result<bool, AdminError> {
    for file in home.list("pending")? {
        let Some(guid) = file.strip_suffix(".intent").and_then(|guid| guid.parse().ok()) else { continue };
        if intended(home, guid)?.is_some_and(|wanted| wanted.operator.as_ref() == operator) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The fold refused the card's act: the card may be made anew for something else.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn refuse(home: &Home, guid: CardGuid) -> Result<(), AdminError> {
    home.write(&refused(guid), b"")
}

/// Whether a card made here waits for its act, and its act was not refused.
///
/// # Errors
/// When a file is damaged.
pub(crate) fn is_waiting(home: &Home, guid: CardGuid) -> Result<bool, AdminError> {
    let unfinished = home.read(&refused(guid))?.is_some() || home.read(&intent(guid))?.is_some();
    Ok(!unfinished && find(home, guid)?.is_some())
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

/// The cards whose issue was begun here, made or not.
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn begun(home: &Home) -> Result<Vec<CardGuid>, AdminError> {
    let card = |file: &String| file.strip_suffix(".card").or(file.strip_suffix(".intent"))?.parse().ok();
    let mut cards: Vec<CardGuid> = home.list("pending")?.iter().filter_map(card).collect();
    cards.dedup();
    Ok(cards)
}

/// The card is finished.
///
/// # Errors
/// When the file stays.
pub(crate) fn forget(home: &Home, guid: CardGuid) -> Result<(), AdminError> {
    home.remove(&name(guid))?;
    home.remove(&intent(guid))?;
    home.remove(&refused(guid))
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What it is for.
    pub kind: CardKind,
    /// Whose it is.
    pub operator: Option<Code>,
    /// Which permissions work with it.
    pub profiles: Vec<Code>,
    /// From when.
    pub from: u64,
    /// Until when.
    pub to: u64,
    /// Whether it sleeps.
    pub dormant: bool,
    /// Whether it may sign acts: then the register names its signature key, which takes two persons (register §R3.6).
    pub signing: bool,
}

impl Wanted {
    /// What this card was to become.
    #[must_use]
    pub(crate) fn of(card: IssueCard) -> Self {
        Self {
            kind: card.kind,
            signing: card.signature.is_some(),
            operator: card.operator,
            profiles: card.profiles,
            from: card.from,
            to: card.to,
            dormant: card.dormant,
        }
    }

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
    #[test]
    fn a_card_whose_making_was_interrupted_is_remembered_with_what_it_was_to_become() {
        let (home, guid) = (TempHome::new(), CardGuid([9; 16]));
        let operator = Code::new("10023").unwrap();
        let (kind, profiles) = (CardKind::Business, vec![Code::new("jumin-a").unwrap()]);
        let wanted =
            Wanted { kind, operator: Some(operator.clone()), profiles, from: 1, to: 2, dormant: false, signing: true };
        intend(&home.0, guid, &wanted).unwrap();
        assert_eq!(begun(&home.0).unwrap(), [guid]);
        assert!(was_interrupted(&home.0, Some(&operator)).unwrap() && !was_interrupted(&home.0, None).unwrap());
        let back = intended(&home.0, guid).unwrap().unwrap();
        assert_eq!((back.operator, back.profiles, back.signing), (Some(operator), wanted.profiles.clone(), true));
        let keys = CardKeys { authentication: [2; 33], signature: [3; 33], card_authentication: [2; 33] };
        keep(&home.0, &wanted.card(guid, &keys)).unwrap();
        assert!(!is_waiting(&home.0, guid).unwrap(), "nobody knows its PIN yet");
        assert_eq!(begun(&home.0).unwrap(), [guid]);
        made(&home.0, guid).unwrap();
        assert!(is_waiting(&home.0, guid).unwrap());
        refuse(&home.0, guid).unwrap();
        assert!(!is_waiting(&home.0, guid).unwrap(), "it may be made anew");
        forget(&home.0, guid).unwrap();
        assert_eq!(home.0.list("pending").unwrap(), Vec::<String>::new());
    }
}
