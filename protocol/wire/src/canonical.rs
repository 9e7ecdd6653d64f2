//! One spelling only (wire §1.2): what was decoded is encoded again and compared with what came in.

use core::convert::Infallible;
use core::fmt;

use minicbor::encode::Write;
use minicbor::{Decode, Encode};

/// Bytes that are not what they should be, and where reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What was to be read: "record", "act", ….
    pub what: &'static str,
    /// Offset in bytes at which the decoder stopped; the length for a second spelling or trailing bytes.
    pub at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {} at byte {}", self.what, self.at)
    }
}

impl core::error::Error for Malformed {}

/// Decodes `bytes`, and refuses every spelling but the one [`Encode`] would write.
///
/// # Errors
/// [`Malformed`] with the offset.
pub fn decode_canonical<'b, T>(what: &'static str, bytes: &'b [u8]) -> Result<T, Malformed>
where
    T: Decode<'b, ()> + Encode<()>,
{
    let mut decoder = minicbor::Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|_| Malformed { what, at: decoder.position() })?;
    let same = is_spelled(bytes, |out| minicbor::encode(&value, out));
    if same { Ok(value) } else { Err(Malformed { what, at: bytes.len() }) }
}

/// Whether `write` writes exactly these bytes: how a decoder refuses a second spelling.
pub(crate) fn is_spelled<'b>(
    bytes: &'b [u8],
    write: impl FnOnce(&mut Comparing<'b>) -> Result<(), minicbor::encode::Error<Differs>>,
) -> bool {
    let mut rest = Comparing(bytes);
    write(&mut rest).is_ok() && rest.0.is_empty()
}

/// A writer that only checks: each chunk must be what stands next in the slice.
pub(crate) struct Comparing<'a>(&'a [u8]);

/// What is written is not what stands there.
pub(crate) struct Differs;

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("differs")
    }
}

impl Write for Comparing<'_> {
    type Error = Differs;

    fn write_all(&mut self, chunk: &[u8]) -> Result<(), Differs> {
        self.0 = self.0.strip_prefix(chunk).ok_or(Differs)?;
        Ok(())
    }
}

/// A writer that feeds a hash.
pub(crate) struct Hashing<'a>(pub(crate) &'a mut sha2::Sha256);

impl Write for Hashing<'_> {
    type Error = Infallible;

    fn write_all(&mut self, chunk: &[u8]) -> Result<(), Infallible> {
        sha2::Digest::update(self.0, chunk);
        Ok(())
    }
}

/// SHA-256 of `label ‖ 0x00 ‖ CBOR(value)`: the form of every digest in wire §6 and §7.
#[must_use]
pub fn labelled_digest<T: Encode<()>>(label: &str, value: &T) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(label.as_bytes());
    hash.update([0]);
    let written = minicbor::encode(value, Hashing(&mut hash));
    // A hash takes any number of bytes; the only possible error is the value's own, and our types raise none.
    debug_assert!(written.is_ok());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_spelling_is_malformed() {
        assert_eq!(decode_canonical::<u32>("number", &[0x05]), Ok(5));
        for second in [&[0x18, 0x05][..], &[0x19, 0, 5], &[0x05, 0x00], &[]] {
            assert!(decode_canonical::<u32>("number", second).is_err(), "{second:02x?}");
        }
    }
}
