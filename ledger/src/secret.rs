//! Secrets: wiped when dropped, never printed, never copied by accident.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::{Zeroize, Zeroizing};

/// 32 secret bytes.
pub struct SecretKey([u8; 32]);

/// Something sealed does not open: another key, or altered bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoesNotOpen;

impl SecretKey {
    /// A fresh one.
    #[must_use]
    pub fn generate() -> Self {
        Self(crate::random::bytes())
    }

    /// From bytes, when there are 32 of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for the one place that needs them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// AES-256-GCM under a random nonce: nonce, ciphertext, tag. A key seals far fewer than 2^32 messages: payload keys live for a month.
    ///
    /// # Panics
    /// Never for what fits into memory.
    #[must_use]
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = crate::random::bytes();
        let sealed = Aes256Gcm::new((&self.0).into()).encrypt(Nonce::from_slice(&nonce), Payload { msg: plain, aad });
        let sealed = sealed.expect("AES-GCM takes messages up to 64 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What [`SecretKey::seal`] sealed.
    ///
    /// # Errors
    /// When key, aad or bytes are others.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(DoesNotOpen)?;
        let opened = Aes256Gcm::new((&self.0).into()).decrypt(Nonce::from_slice(nonce), Payload { msg: sealed, aad });
        opened.map(Zeroizing::new).map_err(|_| DoesNotOpen)
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

const NONCE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_with_key_aad_and_bytes() {
        let key = SecretKey::generate();
        let sealed = key.seal(b"aad", b"plain");
        assert_eq!(key.open(b"aad", &sealed).unwrap().as_slice(), b"plain");
        assert!(key.open(b"add", &sealed).is_err());
        assert!(SecretKey::generate().open(b"aad", &sealed).is_err());
        assert!(key.open(b"aad", &sealed[..11]).is_err());
        let mut flipped = sealed;
        flipped[14] ^= 1;
        assert!(key.open(b"aad", &flipped).is_err());
        assert_eq!(format!("{key:?}"), "SecretKey(..)");
    }
}
