//! What a card asks of its PINs: the object that the issuer writes and the card obeys (CARD.md §C23). An office's policy holds it too (register §R5).

use heapless::VecView;
use minicbor::{Decode, Encode};

use crate::secret::{PIN_MAX, PIN_MIN, Pin, PinRefused};
use crate::tlv::{self, Tag, TlvError, Writer};

const TAG_ALPHABET: Tag = Tag(0x80);
const TAG_MINIMUM: Tag = Tag(0x81);
const TAG_HISTORY: Tag = Tag(0x82);
const TAG_FIRST_USE: Tag = Tag(0x83);

/// The most PINs that a card of ours remembers.
pub const HISTORY_MAX: u8 = 10;
/// How many of the four classes (small and capital letters, digits, others) a mixed PIN has at least.
pub const MIXED_CLASSES: usize = 3;

/// Which characters a PIN is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum Alphabet {
    /// Digits alone: what a PIN pad can enter.
    #[n(1)]
    Digits = 1,
    /// Any visible ASCII.
    #[n(2)]
    Any = 2,
    /// Visible ASCII of at least [`MIXED_CLASSES`] classes.
    #[n(3)]
    Mixed = 3,
}

/// What becomes of a PIN that was given to the holder rather than chosen by him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[repr(u8)]
pub enum FirstUse {
    /// It stays until somebody changes it: offices where the PIN is set for the clerk.
    #[n(0)]
    Keep = 0,
    /// It opens nothing but the way to another one.
    #[n(1)]
    Change = 1,
}

/// What a card asks of its PINs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinPolicy {
    /// The characters.
    #[n(0)]
    pub alphabet: Alphabet,
    /// The fewest characters, [`PIN_MIN`] to [`PIN_MAX`].
    #[n(1)]
    pub minimum: u8,
    /// A new PIN must differ from so many, the present one among them; 0 to [`HISTORY_MAX`].
    #[n(2)]
    pub history: u8,
    /// What a given PIN is good for.
    #[n(3)]
    pub first_use: FirstUse,
}

impl PinPolicy {
    /// What a card asks that was told nothing: PIV's own rules.
    pub const PIV: Self = Self { alphabet: Alphabet::Any, minimum: 6, history: 0, first_use: FirstUse::Keep };
    /// What we issue cards with unless the office says otherwise (our default; the regulations differ or give no figure).
    pub const DEFAULT: Self = Self { alphabet: Alphabet::Any, minimum: 6, history: 5, first_use: FirstUse::Change };

    /// Reads the content of the object.
    ///
    /// # Errors
    /// When a part is missing, or says what it must not.
    pub fn parse(content: &[u8]) -> Result<Self, TlvError> {
        let alphabet = match byte(content, TAG_ALPHABET)? {
            1 => Alphabet::Digits,
            2 => Alphabet::Any,
            3 => Alphabet::Mixed,
            _ => return Err(TlvError::Missing { tag: TAG_ALPHABET }),
        };
        let first_use = match byte(content, TAG_FIRST_USE)? {
            0 => FirstUse::Keep,
            1 => FirstUse::Change,
            _ => return Err(TlvError::Missing { tag: TAG_FIRST_USE }),
        };
        let (minimum, history) = (byte(content, TAG_MINIMUM)?, byte(content, TAG_HISTORY)?);
        let policy = Self { alphabet, minimum, history, first_use };
        if policy.is_sound() { Ok(policy) } else { Err(TlvError::Missing { tag: TAG_MINIMUM }) }
    }

    /// Whether a card can keep it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        (PIN_MIN..=PIN_MAX).contains(&usize::from(self.minimum)) && self.history <= HISTORY_MAX
    }

    /// Appends the content of the object.
    ///
    /// # Errors
    /// [`TlvError::BufferFull`].
    pub fn write(&self, out: &mut VecView<u8>) -> Result<(), TlvError> {
        Writer::new(out)
            .object(TAG_ALPHABET, &[self.alphabet as u8])?
            .object(TAG_MINIMUM, &[self.minimum])?
            .object(TAG_HISTORY, &[self.history])?
            .object(TAG_FIRST_USE, &[self.first_use as u8])
            .map(|_| ())
    }

    /// Whether somebody may choose this PIN, as far as one can tell without knowing the ones before.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self, pin: &Pin) -> Result<(), PinRefused> {
        pin.check_choice()?;
        let typed = pin.expose();
        if typed.len() < usize::from(self.minimum) {
            return Err(PinRefused::TooShort);
        }
        match self.alphabet {
            Alphabet::Digits if !typed.iter().all(u8::is_ascii_digit) => Err(PinRefused::NotDigits),
            Alphabet::Mixed if classes(typed) < MIXED_CLASSES => Err(PinRefused::NotMixed),
            Alphabet::Digits | Alphabet::Any | Alphabet::Mixed => Ok(()),
        }
    }
}

/// How many of the four classes of characters are there.
fn classes(typed: &[u8]) -> usize {
    let classes: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, u8::is_ascii_punctuation];
    classes.iter().filter(|class| typed.iter().any(class)).count()
}

fn byte(content: &[u8], tag: Tag) -> Result<u8, TlvError> {
    match tlv::require(content, tag)? {
        [byte] => Ok(*byte),
        _ => Err(TlvError::Missing { tag }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapless::Vec;

    #[test]
    fn a_policy_reads_as_it_was_written_and_nonsense_does_not() {
        let policy = PinPolicy { alphabet: Alphabet::Mixed, minimum: 8, history: 10, first_use: FirstUse::Change };
        let mut content = Vec::<u8, 16>::new();
        policy.write(&mut content).unwrap();
        assert_eq!(PinPolicy::parse(&content), Ok(policy));
        for (at, wrong) in [(2, 0), (2, 4), (5, 5), (5, 9), (8, 11), (11, 2)] {
            let mut broken = content.clone();
            broken[at] = wrong;
            assert!(PinPolicy::parse(&broken).is_err(), "byte {at} = {wrong}");
        }
        assert!(PinPolicy::parse(&content[..9]).is_err());
    }

    #[test]
    fn each_alphabet_takes_what_it_names() {
        let policy = |alphabet, minimum| PinPolicy { alphabet, minimum, ..PinPolicy::DEFAULT };
        for (typed, policy, expected) in [
            (&b"493716"[..], policy(Alphabet::Digits, 6), Ok(())),
            (b"49371a", policy(Alphabet::Digits, 6), Err(PinRefused::NotDigits)),
            (b"49371a", policy(Alphabet::Any, 6), Ok(())),
            (b"493716", policy(Alphabet::Any, 8), Err(PinRefused::TooShort)),
            (b"4937aiko", policy(Alphabet::Mixed, 8), Err(PinRefused::NotMixed)),
            (b"4937Aiko", policy(Alphabet::Mixed, 8), Ok(())),
            (b"49-7aiko", policy(Alphabet::Mixed, 8), Ok(())),
            (b"444444", policy(Alphabet::Any, 6), Err(PinRefused::Repeat)),
        ] {
            assert_eq!(policy.check(&Pin::parse(typed).unwrap()), expected, "{}", typed.escape_ascii());
        }
    }
}
