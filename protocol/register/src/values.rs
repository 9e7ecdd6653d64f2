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

/// What an office calls something: 1 to 64 characters that are seen as what they are (§R3.4).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Title(String);

/// What offices in Japan write: a list of what is seen, since nobody can list all that is not. The quotes 「 」 and " frame titles in
/// what a signer reads (§R8), so they are in none, nor is what looks like them: ｢ ｣ ＂ 〝 〞 〟.
fn is_seen(c: char) -> bool {
    matches!(c,
        ' ' | '!' | '#'..='~'
        | '\u{c0}'..='\u{17f}'
        | '\u{2010}'..='\u{2015}' | '\u{2018}' | '\u{2019}' | '\u{2025}' | '\u{2026}' | '※' | '№'
        | '\u{2160}'..='\u{217f}' | '\u{2190}'..='\u{2193}' | '\u{2460}'..='\u{2473}'
        | '\u{25a0}'..='\u{25ef}' | '★' | '☆'
        | '\u{3000}'..='\u{300b}' | '\u{300e}'..='\u{301c}' | '\u{3020}' | '\u{3041}'..='\u{3096}' | '\u{309b}'..='\u{30ff}'
        | '\u{3231}'..='\u{3239}' | '\u{32a4}'..='\u{32a8}' | '\u{3300}'..='\u{33ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff01}' | '\u{ff03}'..='\u{ff5e}' | '\u{ff61}' | '\u{ff64}'..='\u{ff9f}'
        | '\u{20000}'..='\u{323af}')
}

impl Title {
    /// Takes text that fits; nothing for text that is empty, too long, framed by blanks, or could mislead who reads it.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let length = text.chars().count();
        let blank = |c: char| c == ' ' || c == '\u{3000}';
        let framed = text.starts_with(blank) || text.ends_with(blank);
        let sound = (1..=TITLE_MAX).contains(&length) && !framed && text.chars().all(is_seen);
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

impl P256Key {
    /// Whether it is a point of its curve, compressed: SEC 1 libraries take other first bytes for the same point.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self.0[0], 2 | 3) && p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.0).is_ok()
    }
}

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
        for good in
            ["市民課(第2係)", "子ども・子育て支援課", "税務課 窓口", "№3 ①", "髙﨑 𠮷田", "Bürgeramt", "ヶ丘ー々"]
        {
            assert!(Title::new(good).is_some(), "{good:?}");
        }
        let invisible = ["a\u{ad}b", "a\u{61c}b", "\u{3164}", "a\u{e0041}b", "a\u{200b}b", "か\u{3099}", "a\u{fe0f}"];
        for bad in invisible {
            assert!(Title::new(bad).is_none(), "{bad:?}");
        }
        for bad in [
            "",
            " ",
            "\u{3000}",
            " a",
            "a ",
            "a\"b",
            "係」",
            "「係",
            "係｣",
            "｢係",
            "＂係",
            "〝係",
            "係〞",
            "係〟",
            "a\nb",
            "\u{1b}[2J",
            "a\u{0}",
            "gnp.\u{202e}exe",
        ] {
            assert!(Title::new(bad).is_none(), "{bad:?}");
        }
        assert!(Title::new(&"あ".repeat(65)).is_none());
    }

    #[test]
    fn another_salt_hides_the_same_name() {
        assert_ne!(NameHash::of(&Salt([1; 16]), "関守花子"), NameHash::of(&Salt([2; 16]), "関守花子"));
    }
}
