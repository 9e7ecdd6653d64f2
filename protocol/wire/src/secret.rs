//! PINs, PUKs and symmetric keys: wiped on drop, never cloned, compared in constant time, shown as `Pin(..)`.

use core::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The fewest characters of a PIN (SP 800-73-4 part 2, 2.4.3).
pub const PIN_MIN: usize = 6;
/// The most characters of a PIN, and the length of every reference data field on the wire.
pub const PIN_MAX: usize = 8;
/// What fills a shorter PIN up to [`PIN_MAX`] on the wire.
const PAD: u8 = 0xFF;

/// Secret bytes of fixed length: a symmetric key, a padded PIN.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes<const N: usize>([u8; N]);

impl<const N: usize> SecretBytes<N> {
    /// Takes the bytes over. The caller wipes its own copy.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// From a slice of exactly this length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The secret itself. Whoever calls this must not let it out.
    #[must_use]
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> ConstantTimeEq for SecretBytes<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl<const N: usize> PartialEq for SecretBytes<N> {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl<const N: usize> Eq for SecretBytes<N> {}

impl<const N: usize> fmt::Debug for SecretBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes(..)")
    }
}

/// The rule that a PIN or PUK breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinRefused {
    /// Fewer than 6 characters (a PUK: than 8).
    TooShort,
    /// More than 8 characters.
    TooLong,
    /// A character that is not visible ASCII.
    NotAscii,
    /// The same character throughout: 111111.
    Repeat,
    /// Each character follows the one before, up or down: 123456, 987654, abcdef.
    Run,
    /// A character that is no digit, where the office wants digits.
    NotDigits,
    /// Too few kinds of characters, where the office wants them mixed.
    NotMixed,
}

impl fmt::Display for PinRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => "cannot accept the PIN: too short",
            Self::TooLong => "cannot accept the PIN: longer than 8 characters",
            Self::NotAscii => "cannot accept the PIN: a character is not plain ASCII",
            Self::Repeat => "cannot accept the PIN: one character repeated",
            Self::Run => "cannot accept the PIN: characters in a row",
            Self::NotDigits => "cannot accept the PIN: only digits are allowed",
            Self::NotMixed => {
                "cannot accept the PIN: needs three of small letters, capital letters, digits, other characters"
            }
        })
    }
}

impl core::error::Error for PinRefused {}

/// A PIN of 6 to 8 visible ASCII characters.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Pin {
    padded: [u8; PIN_MAX],
    length: usize,
}

impl Pin {
    /// Reads what a person typed. Nothing is trimmed: the caller wipes its own copy.
    ///
    /// # Errors
    /// The rule that the bytes break. Whether the PIN is a good choice is [`Pin::check_choice`]'s question.
    pub fn parse(typed: &[u8]) -> Result<Self, PinRefused> {
        Self::with_minimum(typed, PIN_MIN)
    }

    /// Reads the eight bytes of a reference data field, padded with FF (SP 800-73-4 part 2, 2.4.3).
    ///
    /// # Errors
    /// The rule that the bytes before the padding break; [`PinRefused::TooLong`] for a field of another length.
    pub fn from_padded(field: &[u8]) -> Result<Self, PinRefused> {
        let field: &[u8; PIN_MAX] = field.try_into().map_err(|_| PinRefused::TooLong)?;
        let length = field.iter().position(|byte| *byte == PAD).unwrap_or(PIN_MAX);
        let (typed, padding) = field.split_at_checked(length).ok_or(PinRefused::TooLong)?;
        if padding.iter().any(|byte| *byte != PAD) {
            return Err(PinRefused::NotAscii);
        }
        Self::parse(typed)
    }

    fn with_minimum(typed: &[u8], minimum: usize) -> Result<Self, PinRefused> {
        let mut pin = Self::blank();
        pin.fill_with_minimum(typed, minimum).map(|()| pin)
    }

    /// The place of a PIN, with none in it yet. Moving a PIN leaves a copy behind that nobody wipes: where that matters,
    /// put the place where it stays, then [`Pin::fill`] it.
    #[must_use]
    pub const fn blank() -> Self {
        Self { padded: [PAD; PIN_MAX], length: 0 }
    }

    /// As [`Pin::parse`], into this place.
    ///
    /// # Errors
    /// The rule that the bytes break; the place is as it was then.
    pub fn fill(&mut self, typed: &[u8]) -> Result<(), PinRefused> {
        self.fill_with_minimum(typed, PIN_MIN)
    }

    fn fill_with_minimum(&mut self, typed: &[u8], minimum: usize) -> Result<(), PinRefused> {
        if typed.len() < minimum {
            return Err(PinRefused::TooShort);
        }
        if !typed.iter().all(u8::is_ascii_graphic) {
            return Err(PinRefused::NotAscii);
        }
        if typed.len() > PIN_MAX {
            return Err(PinRefused::TooLong);
        }
        let (field, padding) = self.padded.split_at_mut(typed.len());
        field.copy_from_slice(typed);
        padding.fill(PAD);
        self.length = typed.len();
        Ok(())
    }

    /// The field as it goes over the wire, where it lies: eight bytes, filled up with FF.
    #[must_use]
    pub const fn field(&self) -> &[u8; PIN_MAX] {
        &self.padded
    }

    /// Whether this is a PIN that a person may choose: no repeats, no runs (our policy, see `CARD.md` §C14).
    /// Cards of other makers may not ask this, so the host asks it too.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_choice(&self) -> Result<(), PinRefused> {
        let typed = self.expose();
        for (step, refused) in [(0, PinRefused::Repeat), (1, PinRefused::Run), (255, PinRefused::Run)] {
            if typed.windows(2).all(|pair| matches!(pair, [a, b] if a.wrapping_add(step) == *b)) {
                return Err(refused);
            }
        }
        Ok(())
    }

    /// The characters as they were typed. Whoever calls this must not let them out.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.padded.get(..self.length).unwrap_or_default()
    }
}

impl ConstantTimeEq for Pin {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.padded.ct_eq(&other.padded)
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Pin {}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin(..)")
    }
}

/// A PUK: eight visible ASCII characters, which unblock a PIN.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Puk(Pin);

impl Puk {
    /// Reads a PUK as typed or as made by the issuer.
    ///
    /// # Errors
    /// The rule that the bytes break.
    pub fn parse(typed: &[u8]) -> Result<Self, PinRefused> {
        Pin::with_minimum(typed, PIN_MAX).map(Self)
    }

    /// The field as it goes over the wire, where it lies.
    #[must_use]
    pub const fn field(&self) -> &[u8; PIN_MAX] {
        self.0.field()
    }

    /// The characters. Whoever calls this must not let them out.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl ConstantTimeEq for Puk {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for Puk {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Puk {}

impl fmt::Debug for Puk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Puk(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Pin, PinRefused, Puk, SecretBytes};

    #[test]
    fn a_pin_names_the_rule_it_breaks() {
        let table: [(&[u8], Option<PinRefused>); 8] = [
            (b"12345", Some(PinRefused::TooShort)),
            (b"", Some(PinRefused::TooShort)),
            (b"123456789", Some(PinRefused::TooLong)),
            (b"4937 6", Some(PinRefused::NotAscii)),
            (b"49371\xFF", Some(PinRefused::NotAscii)),
            ("４９３７１６".as_bytes(), Some(PinRefused::NotAscii)),
            (b"493716", None),
            (b"aB3!xyz9", None),
        ];
        for (typed, refused) in table {
            assert_eq!(Pin::parse(typed).err(), refused, "{typed:02X?}");
        }
    }

    #[test]
    fn runs_and_repeats_are_poor_choices() {
        for (typed, refused) in [
            (&b"111111"[..], Some(PinRefused::Repeat)),
            (b"123456", Some(PinRefused::Run)),
            (b"87654321", Some(PinRefused::Run)),
            (b"abcdef", Some(PinRefused::Run)),
            (b"123457", None),
            (b"112233", None),
        ] {
            assert_eq!(Pin::parse(typed).unwrap().check_choice().err(), refused, "{typed:02X?}");
        }
    }

    #[test]
    fn padding_goes_on_and_comes_off() {
        let pin = Pin::parse(b"493716").unwrap();
        assert_eq!(pin.field(), b"493716\xFF\xFF");
        assert_eq!(Pin::from_padded(pin.field()).unwrap(), pin);
        for field in [&b"493716"[..], b"493716\xFF7", b"4937\xFF\xFF\xFF\xFF", b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"] {
            assert!(Pin::from_padded(field).is_err(), "{field:02X?}");
        }
    }

    #[test]
    fn a_puk_has_eight_characters() {
        assert_eq!(Puk::parse(b"1234567").err(), Some(PinRefused::TooShort));
        assert!(Puk::parse(b"73920461").is_ok());
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut text = heapless::String::<64>::new();
        let (pin, puk, key) =
            (Pin::parse(b"493716").unwrap(), Puk::parse(b"73920461").unwrap(), SecretBytes::new([65; 4]));
        core::fmt::write(&mut text, format_args!("{pin:?} {puk:?} {key:?}")).unwrap();
        assert_eq!(text, "Pin(..) Puk(..) SecretBytes(..)");
    }
}
