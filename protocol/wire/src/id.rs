//! Ids and small values (wire §2): fixed bytes, codes with a narrow alphabet, numbers per fiscal year.

use core::fmt;
use core::str::FromStr;

use heapless::String;
use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};

/// Text that is not what its type allows. Says which type, so that a person can find the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAllowed {
    /// What was to be read: "code", "case reference", ….
    pub what: &'static str,
    /// What it may look like.
    pub rule: &'static str,
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a {}: {}", self.what, self.rule)
    }
}

impl core::error::Error for NotAllowed {}

/// Declares a newtype over fixed bytes: CBOR byte string, lower-case hex for people.
macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// From a slice of exactly the right length.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

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

        impl FromStr for $name {
            type Err = NotAllowed;

            fn from_str(text: &str) -> Result<Self, NotAllowed> {
                hex_bytes(text).map(Self).ok_or(NotAllowed {
                    what: $what,
                    rule: concat!("exactly 2 × ", stringify!($len), " hexadecimal digits"),
                })
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::from_slice(d.bytes()?).ok_or(decode::Error::message($what))
            }
        }
    };
}

/// Reads exactly `N` bytes of hexadecimal text, upper or lower case.
fn hex_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N.checked_mul(2)? {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    text.bytes().all(|c| c.is_ascii_hexdigit()).then_some(bytes)
}

fixed_bytes!(
    /// An office: first 16 bytes of the id of its founding act (register §R2).
    OfficeId, 16, "office id"
);
fixed_bytes!(
    /// A card: the GUID in its CHUID (SP 800-73-4 part 1, 3.1.2).
    CardGuid, 16, "card GUID"
);
fixed_bytes!(
    /// A session of one operator at one terminal; random.
    SessionId, 16, "session id"
);
fixed_bytes!(
    /// The application's own name for a request, so that a retry after a crash is recognised.
    RequestId, 16, "request id"
);
fixed_bytes!(
    /// Randomness in a record or an act: makes its hash unguessable and its signatures its own.
    Salt, 16, "salt"
);
fixed_bytes!(
    /// One boot of one machine (the kernel's boot id).
    BootId, 16, "boot id"
);
fixed_bytes!(
    /// A SHA-256, or a tree hash (tlog §1).
    Hash, 32, "hash"
);
fixed_bytes!(
    /// ECDSA P-256 as r‖s, or Ed25519.
    Signature, 64, "signature"
);

/// Declares a newtype over short text with a narrow alphabet.
macro_rules! narrow_text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $what:literal, $rule:literal, $first:expr, $rest:expr, $whole:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String<$max>);

        impl $name {
            /// Takes text that keeps to the alphabet and the length.
            ///
            /// # Errors
            /// [`NotAllowed`] with the rule that it breaks.
            pub fn new(text: &str) -> Result<Self, NotAllowed> {
                let first: fn(u8) -> bool = $first;
                let rest: fn(u8) -> bool = $rest;
                let whole: fn(&str) -> bool = $whole;
                let broken = NotAllowed { what: $what, rule: $rule };
                let (head, tail) = text.as_bytes().split_first().ok_or(broken)?;
                if !first(*head) || !tail.iter().copied().all(rest) || !whole(text) {
                    return Err(broken);
                }
                String::try_from(text).map(Self).map_err(|_| broken)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAllowed;

            fn from_str(text: &str) -> Result<Self, NotAllowed> {
                Self::new(text)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::new(d.str()?).map_err(|_| decode::Error::message($what))
            }
        }
    };
}

const fn code_start(c: u8) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

const fn code_rest(c: u8) -> bool {
    code_start(c) || matches!(c, b'.' | b'_' | b'-')
}

const fn case_char(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'/' | b'_' | b'-')
}

const fn account_char(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-' | b'$' | b'@' | b'+')
}

const fn reader_char(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b':' | b'.' | b'_' | b'-')
}

const fn digit(c: u8) -> bool {
    c.is_ascii_digit()
}

const fn version_char(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'+' | b'-')
}

const fn anything(_: &str) -> bool {
    true
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(digit)
}

narrow_text!(
    /// What an office gives out to name something: section, post, operator (照合ID), permission profile (操作者ID),
    /// terminal, function, purpose, application.
    Code, 32, "code", "1 to 32 of a-z 0-9 . _ -, starting with a letter or digit", code_start, code_rest, anything
);
narrow_text!(
    /// Number of a case in the office's own ledger. Alphabet and digit keep residents' names out (S3 5(1)).
    CaseReference, 40, "case reference", "1 to 40 of A-Z a-z 0-9 . / _ -, at least one of them a digit", case_char, case_char, has_digit
);
narrow_text!(
    /// A reader as the terminal recognises it: `usb:vid:pid:serial` or `name:…`.
    ReaderIdentity, 48, "reader identity", "1 to 48 of A-Z a-z 0-9 : . _ -", reader_char, reader_char, anything
);

narrow_text!(
    /// An account of the terminal's machine; what else a name may hold there is `_` here.
    AccountName, 32, "account name", "1 to 32 of A-Z a-z 0-9 . _ - $ @ +", account_char, account_char, anything
);
narrow_text!(
    /// Version of the agent.
    AgentVersion, 16, "agent version", "1 to 16 of A-Z a-z 0-9 . + -, starting with a digit", digit, version_char, anything
);

/// A number given by the fold in log order: 令和8年度第12号 is `{ fiscal_year: 2026, number: 12 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Numbered {
    /// The fiscal year by the Gregorian year in which it begins (1 April).
    #[n(0)]
    pub fiscal_year: u16,
    /// Counted from 1 in each fiscal year.
    #[n(1)]
    pub number: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_refuse_what_could_hold_a_name() {
        for bad in ["", "Tanaka", "田中", "tanaka taro", "-a", "a\n", "a23456789012345678901234567890123"] {
            assert!(Code::new(bad).is_err(), "{bad:?} must be refused");
        }
        for good in ["jumin", "0012", "juminhyo.issue", "a", "jumin-1"] {
            assert_eq!(Code::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn case_references_and_versions_refuse_what_could_hold_a_name() {
        for bad in ["", "Tanaka", "tanaka-taro", "田中1", "tanaka 1", "R8-1\n"] {
            assert!(CaseReference::new(bad).is_err(), "{bad:?} must be refused");
        }
        for good in ["R8-0012", "7", "juki/R8.12"] {
            assert_eq!(CaseReference::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "tanaka", "v1", "1.0 taro", "1_0", "0.1.0-alpha.12345"] {
            assert!(AgentVersion::new(bad).is_err(), "{bad:?} must be refused");
        }
        for good in ["0.1.0", "1.2.3-rc.1+abc"] {
            assert_eq!(AgentVersion::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn hex_takes_exactly_the_right_digits() {
        let id = CardGuid([0xab; 16]);
        let text = "abababababababababababababababab";
        assert_eq!(text.parse::<CardGuid>().unwrap(), id);
        assert!("+b".repeat(16).parse::<CardGuid>().is_err());
        assert!(text.get(1..).unwrap().parse::<CardGuid>().is_err());
    }
}
