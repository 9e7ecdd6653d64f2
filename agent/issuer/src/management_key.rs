//! A management key 9B and its algorithm (SP 800-78-4, table 6-2): 3DES on older cards, AES on younger ones.

use std::fmt;

use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use sekisho_wire::secret::SecretBytes;

/// What a card computes with its management key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyAlgorithm {
    /// 3DES with three keys: what most cards come with.
    TripleDes = 0x03,
    /// AES-128.
    Aes128 = 0x08,
    /// AES-192.
    Aes192 = 0x0A,
    /// AES-256: what our card has, and every card is given that takes it.
    Aes256 = 0x0C,
}

impl KeyAlgorithm {
    /// The strongest first.
    pub const ALL: [Self; 4] = [Self::Aes256, Self::Aes192, Self::Aes128, Self::TripleDes];

    /// As P1.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// From P1.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.byte() == byte)
    }

    /// Bytes of a key.
    pub(crate) const fn key_length(self) -> usize {
        match self {
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    /// Bytes that it computes with at once: as long are witness and challenge.
    pub(crate) const fn block(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TripleDes => "3DES",
            Self::Aes128 => "AES-128",
            Self::Aes192 => "AES-192",
            Self::Aes256 => "AES-256",
        })
    }
}

/// A management key.
#[derive(Debug)]
pub(crate) struct ManagementKey {
    algorithm: KeyAlgorithm,
    /// As many of these as the algorithm takes, from the first on.
    bytes: SecretBytes<32>,
}

impl ManagementKey {
    pub(crate) const fn new(algorithm: KeyAlgorithm, bytes: SecretBytes<32>) -> Self {
        Self { algorithm, bytes }
    }

    pub(crate) const fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.bytes.expose().get(..self.algorithm.key_length()).unwrap_or_default()
    }

    /// One block, deciphered.
    pub(crate) fn decipher(&self, block: &mut [u8]) {
        match self.algorithm {
            KeyAlgorithm::TripleDes => self.cipher::<TdesEde3>().decrypt_block(GenericArray::from_mut_slice(block)),
            KeyAlgorithm::Aes128 => self.cipher::<Aes128>().decrypt_block(GenericArray::from_mut_slice(block)),
            KeyAlgorithm::Aes192 => self.cipher::<Aes192>().decrypt_block(GenericArray::from_mut_slice(block)),
            KeyAlgorithm::Aes256 => self.cipher::<Aes256>().decrypt_block(GenericArray::from_mut_slice(block)),
        }
    }

    /// One block, enciphered.
    pub(crate) fn encipher(&self, block: &mut [u8]) {
        match self.algorithm {
            KeyAlgorithm::TripleDes => self.cipher::<TdesEde3>().encrypt_block(GenericArray::from_mut_slice(block)),
            KeyAlgorithm::Aes128 => self.cipher::<Aes128>().encrypt_block(GenericArray::from_mut_slice(block)),
            KeyAlgorithm::Aes192 => self.cipher::<Aes192>().encrypt_block(GenericArray::from_mut_slice(block)),
            KeyAlgorithm::Aes256 => self.cipher::<Aes256>().encrypt_block(GenericArray::from_mut_slice(block)),
        }
    }

    fn cipher<C: KeyInit>(&self) -> C {
        C::new_from_slice(self.expose()).expect("a key is as long as its algorithm wants")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, appendix C, and SP 800-67 r1, B.1 (the first block).
    #[test]
    fn each_algorithm_gives_what_its_standard_says() {
        let counting: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let mut triple = [0; 32];
        triple[..24].copy_from_slice(&hex("0123456789abcdef23456789abcdef01456789abcdef0123"));
        let plain = "00112233445566778899aabbccddeeff";
        for (algorithm, key, plain, expected) in [
            (KeyAlgorithm::Aes128, counting, plain, "69c4e0d86a7b0430d8cdb78070b4c55a"),
            (KeyAlgorithm::Aes192, counting, plain, "dda97ca4864cdfe06eaf70a0ec0d7191"),
            (KeyAlgorithm::Aes256, counting, plain, "8ea2b7ca516745bfeafc49904b496089"),
            (KeyAlgorithm::TripleDes, triple, "5468652071756663", "a826fd8ce53b855f"),
        ] {
            let key = ManagementKey::new(algorithm, SecretBytes::new(key));
            let mut block = hex(plain);
            assert_eq!(block.len(), algorithm.block());
            key.encipher(&mut block);
            assert_eq!(block, hex(expected), "{algorithm}");
            key.decipher(&mut block);
            assert_eq!(block, hex(plain), "{algorithm}");
            assert_eq!(KeyAlgorithm::from_byte(algorithm.byte()), Some(algorithm));
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
