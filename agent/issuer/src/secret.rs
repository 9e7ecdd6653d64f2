//! The office's card-management secret, and what each card's keys are made of.

use hkdf::Hkdf;
use sekisho_wire::id::CardGuid;
use sekisho_wire::secret::{Pin, Puk, SecretBytes};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::management_key::{KeyAlgorithm, ManagementKey};
use crate::random;

/// The management key of a blank card (CARD.md §C21); of other makers' cards as many of these bytes as their algorithm takes.
const FACTORY_KEY: [u8; 32] = *b"\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08";
/// The PIN of a blank card (CARD.md §C21).
const FACTORY_PIN: &[u8] = b"123456";
/// The PUK of a blank card (CARD.md §C21).
const FACTORY_PUK: &[u8] = b"12345678";

/// What an office needs to manage every card it has personalised: 32 random bytes. The caller keeps it; see the README for
/// why nothing else has to be kept.
#[derive(Debug)]
pub struct CardManagementSecret(SecretBytes<32>);

impl CardManagementSecret {
    /// Takes the secret over.
    #[must_use]
    pub const fn new(secret: SecretBytes<32>) -> Self {
        Self(secret)
    }

    /// The management key of a card: as many bytes as the algorithm takes of `HKDF-SHA256(secret, info = GUID ‖ "9B" ‖ algorithm)`.
    #[must_use]
    pub(crate) fn management_key(&self, guid: CardGuid, algorithm: KeyAlgorithm) -> ManagementKey {
        ManagementKey::new(algorithm, SecretBytes::new(*self.derive(guid, &[b'9', b'B', algorithm.byte()])))
    }

    /// The PUK of a card: digits out of `HKDF-SHA256(secret, info = GUID ‖ "PUK" ‖ n)` for the first n that gives
    /// eight digits which are no run and no repeat, because cards refuse those.
    #[must_use]
    pub(crate) fn puk(&self, guid: CardGuid) -> Puk {
        (0..=u8::MAX)
            .filter_map(|n| random::characters::<8>(random::DIGITS, &*self.derive(guid, &[b'P', b'U', b'K', n])))
            .filter(|digits| Pin::parse(&**digits).is_ok_and(|pin| pin.check_choice().is_ok()))
            .find_map(|digits| Puk::parse(&*digits).ok())
            .expect("32 random bytes hold no eight digits 256 times in a row less often than hardware fails")
    }

    fn derive(&self, guid: CardGuid, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, self.0.expose())
            .expand_multi_info(&[&guid.0, label], &mut *key)
            .expect("32 bytes are less than HKDF can give");
        key
    }
}

pub(crate) const fn factory_key(algorithm: KeyAlgorithm) -> ManagementKey {
    ManagementKey::new(algorithm, SecretBytes::new(FACTORY_KEY))
}

pub(crate) fn factory_puk() -> Puk {
    Puk::parse(FACTORY_PUK).expect("eight digits are a PUK")
}

pub(crate) fn factory_pin() -> Pin {
    Pin::parse(FACTORY_PIN).expect("six digits are a PIN")
}

#[cfg(test)]
mod tests {
    use super::{CardManagementSecret, KeyAlgorithm};
    use sekisho_wire::id::CardGuid;
    use sekisho_wire::secret::SecretBytes;

    #[test]
    fn every_card_has_its_own_key_and_puk() {
        let secret = CardManagementSecret::new(SecretBytes::new([7; 32]));
        let [one, other] = [CardGuid([1; 16]), CardGuid([2; 16])];
        let keys = [one, other].map(|guid| KeyAlgorithm::ALL.map(|algorithm| secret.management_key(guid, algorithm)));
        for (at, key) in keys.as_flattened().iter().enumerate() {
            assert_eq!(key.expose().len(), key.algorithm().key_length());
            let same = keys.as_flattened().iter().filter(|other| other.expose().starts_with(&key.expose()[..8]));
            assert_eq!(same.count(), 1, "another card or another algorithm is another key: {at}");
        }
        assert_ne!(secret.puk(one), secret.puk(other));
        assert!(secret.puk(one).expose().iter().all(u8::is_ascii_digit));
    }

    #[test]
    fn the_secret_does_not_show() {
        assert_eq!(
            format!("{:?}", CardManagementSecret::new(SecretBytes::new([7; 32]))),
            "CardManagementSecret(SecretBytes(..))"
        );
    }
}
