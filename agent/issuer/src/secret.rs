//! The office's card-management secret, and what each card's keys are made of.

use hkdf::Hkdf;
use sekisho_wire::id::CardGuid;
use sekisho_wire::secret::{Pin, Puk, SecretBytes};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::management_key::{KeyAlgorithm, ManagementKey};
use crate::random;
use crate::token::SecretInToken;
use crate::token_error::TokenError;

/// The management key of a blank card (CARD.md §C21); of other makers' cards as many of these bytes as their algorithm takes.
const FACTORY_KEY: [u8; 32] = *b"\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08";
/// The PIN of a blank card (CARD.md §C21).
const FACTORY_PIN: &[u8] = b"123456";
/// The PUK of a blank card (CARD.md §C21).
const FACTORY_PUK: &[u8] = b"12345678";

/// What an office needs to manage every card it has personalised: 32 random bytes, read by the caller out of a file that he
/// keeps, or in a token that computes with them and never gives them out. Both make the same keys of the same bytes; see the README for
/// why nothing else has to be kept.
#[derive(Debug)]
pub struct CardManagementSecret(Source);

#[derive(Debug)]
enum Source {
    Here(SecretBytes<32>),
    Token(SecretInToken),
}

impl CardManagementSecret {
    /// Takes the secret over.
    #[must_use]
    pub const fn new(secret: SecretBytes<32>) -> Self {
        Self(Source::Here(secret))
    }

    /// The secret that lies in a token.
    #[must_use]
    pub const fn in_token(secret: SecretInToken) -> Self {
        Self(Source::Token(secret))
    }

    /// Whether both would make the same keys.
    ///
    /// # Errors
    /// When a token does not answer.
    pub fn is_same_as(&self, other: &Self) -> Result<bool, TokenError> {
        let nobody = CardGuid([0; 16]);
        Ok(self.derive(nobody, b"same")? == other.derive(nobody, b"same")?)
    }

    /// The management key of a card, as long as the algorithm takes it (README §K1).
    pub(crate) fn management_key(&self, guid: CardGuid, algorithm: KeyAlgorithm) -> Result<ManagementKey, TokenError> {
        Ok(ManagementKey::new(algorithm, self.derive(guid, &[b'9', b'B', algorithm.byte()])?))
    }

    /// One of each algorithm, the strongest first.
    pub(crate) fn management_keys(&self, guid: CardGuid) -> Result<Vec<ManagementKey>, TokenError> {
        KeyAlgorithm::ALL.into_iter().map(|algorithm| self.management_key(guid, algorithm)).collect()
    }

    /// The PUK of a card: no run and no repeat, because cards refuse those (README §K2).
    pub(crate) fn puk(&self, guid: CardGuid) -> Result<Puk, TokenError> {
        (0..=u8::MAX)
            .find_map(|n| self.puk_of(guid, n).transpose())
            .expect("32 random bytes hold no eight digits 256 times in a row less often than hardware fails")
    }

    fn puk_of(&self, guid: CardGuid, n: u8) -> Result<Option<Puk>, TokenError> {
        let bytes = self.derive(guid, &[b'P', b'U', b'K', n])?;
        let digits = random::characters::<8>(random::DIGITS, bytes.expose());
        let digits = digits.filter(|digits| Pin::parse(&**digits).is_ok_and(|pin| pin.check_choice().is_ok()));
        Ok(digits.and_then(|digits| Puk::parse(&*digits).ok()))
    }

    /// The first block of HKDF-Expand with the secret as its key (RFC 5869, 2.3), info = GUID ‖ label: all that a token has to know is HMAC.
    fn derive(&self, guid: CardGuid, label: &[u8]) -> Result<SecretBytes<32>, TokenError> {
        match &self.0 {
            Source::Here(secret) => {
                let mut key = Zeroizing::new([0; 32]);
                Hkdf::<Sha256>::from_prk(secret.expose())
                    .expect("32 bytes are as many as the hash gives")
                    .expand_multi_info(&[&guid.0, label], &mut *key)
                    .expect("32 bytes are less than HKDF can give");
                Ok(SecretBytes::new(*key))
            }
            Source::Token(secret) => secret.hmac(&[&guid.0, label, &[1]].concat()),
        }
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
        let keys =
            [one, other].map(|guid| KeyAlgorithm::ALL.map(|algorithm| secret.management_key(guid, algorithm).unwrap()));
        for (at, key) in keys.as_flattened().iter().enumerate() {
            assert_eq!(key.expose().len(), key.algorithm().key_length());
            let same = keys.as_flattened().iter().filter(|other| other.expose().starts_with(&key.expose()[..8]));
            assert_eq!(same.count(), 1, "another card or another algorithm is another key: {at}");
        }
        assert_ne!(secret.puk(one), secret.puk(other));
        assert!(secret.puk(one).unwrap().expose().iter().all(u8::is_ascii_digit));
        assert!(secret.is_same_as(&CardManagementSecret::new(SecretBytes::new([7; 32]))).unwrap());
        assert!(!secret.is_same_as(&CardManagementSecret::new(SecretBytes::new([8; 32]))).unwrap());
    }

    /// What a token computes, by an independent hand: HMAC-SHA256(secret, GUID ‖ label ‖ 01).
    #[test]
    fn keys_are_what_hmac_makes_of_them() {
        let secret = CardManagementSecret::new(SecretBytes::new([7; 32]));
        let key = secret.management_key(CardGuid([1; 16]), KeyAlgorithm::Aes256).unwrap();
        let hex: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "000487a004b1038678f8a3a543085d0c4b81a3bbcf58ece7e87125c1d302431b");
        assert_eq!(secret.puk(CardGuid([1; 16])).unwrap().expose(), b"01367343");
    }

    #[test]
    fn the_secret_does_not_show() {
        assert_eq!(
            format!("{:?}", CardManagementSecret::new(SecretBytes::new([7; 32]))),
            "CardManagementSecret(Here(SecretBytes(..)))"
        );
    }
}
