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

/// Decimal digits, each equally likely, out of bytes that are; as many as there are usable bytes, at most `N`.
///
/// Bytes from 250 on are left out, else 0 to 5 would come a little more often.
pub(crate) fn digits<const N: usize>(bytes: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let mut digits = Zeroizing::new([0; N]);
    let mut usable = bytes.iter().filter(|byte| **byte < 250);
    for digit in digits.iter_mut() {
        *digit = b'0' + usable.next()? % 10;
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn bytes_that_would_favour_small_digits_are_left_out() {
        assert_eq!(digits::<3>(&[250, 255, 0, 249, 13]).as_deref(), Some(b"093"));
        assert_eq!(digits::<3>(&[250, 255, 0, 249]), None);
    }
}
