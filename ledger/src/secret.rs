//! Secrets: wiped when dropped, never printed, never copied by accident.

use std::fmt;

use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// 32 secret bytes.
pub struct SecretKey {
    bytes: [u8; 32],
    /// The key schedule, made once: making it costs more than sealing a record. Its crate wipes it.
    cipher: Aes256Gcm,
}

/// Something sealed does not open: another key, or altered bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoesNotOpen;

impl SecretKey {
    /// A fresh one.
    #[must_use]
    pub fn generate() -> Self {
        Self::new(crate::random::bytes())
    }

    /// From bytes, when there are 32 of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    fn new(bytes: [u8; 32]) -> Self {
        let cipher = Aes256Gcm::new((&bytes).into());
        Self { bytes, cipher }
    }

    /// The bytes, for the one place that needs them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// AES-256-GCM under a random nonce: nonce, ciphertext, tag. For what is sealed a few times in a key's life.
    #[must_use]
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = crate::random::bytes();
        // Sized at once: bytes that are moved stay behind in the clear.
        let mut bytes = Vec::with_capacity(NONCE + plain.len() + TAG);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(plain);
        self.seal_from(NONCE, bytes, nonce, aad)
    }

    /// The same under a nonce that follows from key and content: the same is sealed to the same bytes, and two contents never share a nonce.
    #[must_use]
    pub fn seal_same(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let length = u64::try_from(aad.len()).unwrap_or(u64::MAX).to_be_bytes();
        let digest = Sha256::new().chain_update(b"sekisho content nonce v1").chain_update(self.bytes);
        let digest = digest.chain_update(length).chain_update(aad).chain_update(plain).finalize();
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&digest[..NONCE]);
        let mut bytes = Vec::with_capacity(NONCE + plain.len() + TAG);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(plain);
        self.seal_from(NONCE, bytes, nonce, aad)
    }

    /// What [`SecretKey::seal`] or [`SecretKey::seal_same`] sealed.
    ///
    /// # Errors
    /// When key, aad or bytes are others.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let (nonce, sealed) = sealed.split_first_chunk().ok_or(DoesNotOpen)?;
        let mut plain = Zeroizing::new(Vec::new());
        self.open_into(&mut plain, *nonce, aad, sealed)?;
        Ok(plain)
    }

    /// A payload, bound to its leaf: ciphertext and tag. The nonce follows from key and leaf, so it costs neither randomness nor bytes. Two
    /// records have two leaves, for each holds 16 random bytes; and nobody without the key can look for leaves whose nonces meet.
    #[must_use]
    pub fn seal_payload(&self, leaf: &[u8; 32], plain: Vec<u8>) -> Vec<u8> {
        self.seal_from(0, plain, self.payload_nonce(leaf), leaf)
    }

    /// What [`SecretKey::seal_payload`] sealed, into a buffer that may be used again and again.
    ///
    /// # Errors
    /// When key, leaf or bytes are others; what is in the buffer then means nothing.
    pub fn open_payload(&self, plain: &mut Vec<u8>, leaf: &[u8; 32], sealed: &[u8]) -> Result<(), DoesNotOpen> {
        self.open_into(plain, self.payload_nonce(leaf), leaf, sealed)
    }

    fn payload_nonce(&self, leaf: &[u8; 32]) -> [u8; NONCE] {
        let digest =
            Sha256::new().chain_update(b"sekisho payload nonce v1").chain_update(self.bytes).chain_update(leaf);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&digest.finalize()[..NONCE]);
        nonce
    }

    /// Seals what stands in `bytes` from `start` on, where it stands.
    fn seal_from(&self, start: usize, mut bytes: Vec<u8>, nonce: [u8; NONCE], aad: &[u8]) -> Vec<u8> {
        let tag = self.cipher.encrypt_in_place_detached(Nonce::from_slice(&nonce), aad, &mut bytes[start..]);
        bytes.extend_from_slice(&tag.expect("AES-GCM takes messages up to 64 GiB"));
        bytes
    }

    fn open_into(&self, plain: &mut Vec<u8>, nonce: [u8; NONCE], aad: &[u8], sealed: &[u8]) -> Result<(), DoesNotOpen> {
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(DoesNotOpen)?;
        plain.clear();
        plain.extend_from_slice(ciphertext);
        let opened = self.cipher.decrypt_in_place_detached(Nonce::from_slice(&nonce), aad, plain, Tag::from_slice(tag));
        opened.map_err(|_| DoesNotOpen)
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

const NONCE: usize = 12;
const TAG: usize = 16;

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

    #[test]
    fn the_same_content_is_sealed_to_the_same_bytes_and_another_has_another_nonce() {
        let key = SecretKey::generate();
        let sealed = key.seal_same(b"aad", b"plain");
        assert_eq!(key.seal_same(b"aad", b"plain"), sealed);
        assert_eq!(key.open(b"aad", &sealed).unwrap().as_slice(), b"plain");
        assert!(key.open(b"add", &sealed).is_err());
        for (aad, plain) in [(b"aad".as_slice(), b"plaim".as_slice()), (b"aadp", b"lain"), (b"", b"aadplain")] {
            assert_ne!(key.seal_same(aad, plain)[..NONCE], sealed[..NONCE]);
        }
        assert_ne!(SecretKey::generate().seal_same(b"aad", b"plain")[..NONCE], sealed[..NONCE]);
    }

    #[test]
    fn a_payload_opens_only_with_key_leaf_and_bytes_and_is_sealed_the_same_each_time() {
        let (key, leaf) = (SecretKey::generate(), [7; 32]);
        let sealed = key.seal_payload(&leaf, b"record".to_vec());
        assert_eq!(sealed.len(), b"record".len() + TAG);
        assert_eq!(key.seal_payload(&leaf, b"record".to_vec()), sealed);
        let mut plain = vec![1; 20];
        key.open_payload(&mut plain, &leaf, &sealed).unwrap();
        assert_eq!(plain, b"record");
        assert!(key.open_payload(&mut plain, &[8; 32], &sealed).is_err());
        assert!(SecretKey::generate().open_payload(&mut plain, &leaf, &sealed).is_err());
        assert!(key.open_payload(&mut plain, &leaf, &sealed[1..]).is_err());
        assert!(key.open_payload(&mut plain, &leaf, b"short").is_err());
        let other = SecretKey::generate();
        assert_ne!(other.payload_nonce(&leaf), key.payload_nonce(&leaf), "nobody finds a nonce without the key");
        assert_ne!(key.payload_nonce(&[8; 32]), key.payload_nonce(&leaf));
    }
}
