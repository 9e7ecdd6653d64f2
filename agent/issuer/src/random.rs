//! Random bytes from the operating system.

use zeroize::Zeroizing;

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandom(pub(crate) getrandom::Error);

impl std::fmt::Display for NoRandom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no random bytes from the operating system: {}", self.0)
    }
}

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(bytes)
}

/// The digits.
pub(crate) const DIGITS: &[u8] = b"0123456789";

/// Characters of an alphabet, each equally likely, out of bytes that are; `None` when too few of them are usable.
///
/// Of the bytes those are left out that would make the first characters come a little more often: for digits, from 250 on.
pub(crate) fn characters<const N: usize>(alphabet: &[u8], bytes: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let whole = 256 - 256 % alphabet.len();
    let mut characters = Zeroizing::new([0; N]);
    let mut usable = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < whole);
    for character in characters.iter_mut() {
        *character = *alphabet.get(usable.next()? % alphabet.len())?;
    }
    Some(characters)
}

#[cfg(test)]
mod tests {
    use super::{DIGITS, characters};

    #[test]
    fn bytes_that_would_favour_the_first_characters_are_left_out() {
        assert_eq!(characters::<3>(DIGITS, &[250, 255, 0, 249, 13]).as_deref(), Some(b"093"));
        assert_eq!(characters::<3>(DIGITS, &[250, 255, 0, 249]), None);
        assert_eq!(characters::<2>(b"ab", &[255, 254]).as_deref(), Some(b"ba"));
    }
}
