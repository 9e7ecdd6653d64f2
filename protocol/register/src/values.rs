//! Small values inside changes: titles, names behind hashes, public keys, byte strings.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};
use sekisho_wire::id::Salt;
use sha2::{Digest, Sha256};

/// Most characters of a title (§R3.4).
pub const TITLE_MAX: usize = 64;
/// Most bytes of a byte string that is not a proposal: an HPKE public key of the largest curve.
const KEY_MAX: usize = 133;

/// What an office calls something: 1 to 64 characters, none of them invisible (§R3.4).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Title(String);

/// Characters that let a text look like another one before it is signed: controls, and the invisible ones that turn direction.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl Title {
    /// Takes text that fits; nothing for text that is empty, too long, or could mislead who reads it.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let length = text.chars().count();
        let sound = (1..=TITLE_MAX).contains(&length) && !text.chars().any(misleads);
        sound.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Title({})", self.0)
    }
}

impl<C> Encode<C> for Title {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Title {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.str()?).ok_or(decode::Error::message("title"))
    }
}

/// Declares a newtype over fixed bytes: CBOR byte string, lower-case hex for people.
macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                d.bytes()?.try_into().map(Self).map_err(|_| decode::Error::message(stringify!($name)))
            }
        }
    };
}

fixed_bytes!(
    /// A person's name behind SHA-256(salt ‖ text): salt and text travel beside the act and can be erased (§R3).
    NameHash, 32
);
fixed_bytes!(
    /// A card's public key: compressed P-256 point (SEC 1, 2.3.3).
    P256Key, 33
);
fixed_bytes!(
    /// A public key of a terminal, a log or a recovery sheet: Ed25519 (RFC 8032).
    Ed25519Key, 32
);

impl Ed25519Key {
    /// Whether it is a point of its curve in its one spelling, and none of the few whose signatures fit anything.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let [low, middle @ .., high] = &self.0;
        // y at or above the field's prime is a second spelling.
        let second_spelling = *low >= 0xed && middle.iter().all(|byte| *byte == 0xff) && high & 0x7f == 0x7f;
        !second_spelling && ed25519_dalek::VerifyingKey::from_bytes(&self.0).is_ok_and(|key| !key.is_weak())
    }
}

impl NameHash {
    /// The hash under which `text` is known in the register.
    #[must_use]
    pub fn of(salt: &Salt, text: &str) -> Self {
        Self(Sha256::new_with_prefix(salt.as_bytes()).chain_update(text.as_bytes()).finalize().into())
    }
}

/// A public key whose kind this crate does not look into (HPKE's, serialised as RFC 9180 says).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyBytes(Vec<u8>);

impl PublicKeyBytes {
    /// Takes 1 to 133 bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (1..=KEY_MAX).contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<C> Encode<C> for PublicKeyBytes {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PublicKeyBytes {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.bytes()?).ok_or(decode::Error::message("public key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_short_and_cannot_move_a_cursor() {
        assert_eq!(Title::new("住民課").unwrap().as_str(), "住民課");
        assert!(Title::new(&"あ".repeat(64)).is_some());
        for bad in ["", "a\nb", "\u{1b}[2J", "a\u{0}", "gnp.\u{202e}exe"] {
            assert!(Title::new(bad).is_none(), "{bad:?}");
        }
        assert!(Title::new(&"あ".repeat(65)).is_none());
    }

    #[test]
    fn another_salt_hides_the_same_name() {
        assert_ne!(NameHash::of(&Salt([1; 16]), "関守花子"), NameHash::of(&Salt([2; 16]), "関守花子"));
    }
}
