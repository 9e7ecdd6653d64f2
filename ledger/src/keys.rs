//! The keys that lie beside the database: the master key, which wraps what is secret inside it, the tree that wraps payload keys and seals names, and
//! the HPKE key, which opens envelopes.

use std::fmt;
use std::path::{Path, PathBuf};

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, Serializable};
use sekisho_wire::batch::{ENVELOPE_INFO, Envelope, EnvelopeBinding};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::data::{DataDir, overwrite_replaced, replace_file, replace_wholly};
use crate::error::LedgerError;
use crate::key_tree::KeyTree;
use crate::secret::SecretKey;

type PrivateKey = <DhP256HkdfSha256 as Kem>::PrivateKey;

/// All of them.
#[derive(Debug)]
pub struct Keys {
    /// What wraps keys, names and seeds in the database.
    pub wrapping: Wrapping,
    /// Opens what terminals send.
    pub envelope: EnvelopeKey,
}

/// What wraps the secrets in the database.
#[derive(Debug)]
pub struct Wrapping {
    /// Wraps what is kept for good: seeds.
    pub master: SecretKey,
    /// Wraps payload keys and seals names, until they are destroyed.
    pub payload: KeyTree,
    /// Where that tree lies.
    pub file: PathBuf,
}

impl Keys {
    /// Makes them and writes them (0600).
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn create(data: &DataDir) -> Result<(), LedgerError> {
        let write = |path: &Path, bytes: &[u8]| replace_file(path, bytes).map_err(LedgerError::file("write", path));
        write(&data.master_key(), SecretKey::generate().expose())?;
        write(&data.payload_key(), &KeyTree::generate().to_bytes())?;
        write(&data.envelope_key(), SecretKey::generate().expose())
    }

    /// Reads them.
    ///
    /// # Errors
    /// When a file is missing or does not hold what it must.
    pub fn read(data: &DataDir) -> Result<Self, LedgerError> {
        let master = read_secret(&data.master_key())?;
        let envelope = EnvelopeKey::from_seed(&read_secret(&data.envelope_key())?);
        let file = data.payload_key();
        let bytes = Zeroizing::new(std::fs::read(&file).map_err(LedgerError::file("read", &file))?);
        let damaged = || LedgerError::Damaged { path: file.clone(), expected: "keys as this program writes them" };
        let payload = KeyTree::from_bytes(&bytes).ok_or_else(damaged)?;
        Ok(Self { wrapping: Wrapping { master, payload, file }, envelope })
    }
}

/// Puts the keys that are left in place of those that were there, and writes over those. A medium that moves what it writes (a flash disk, a
/// file system that copies on write) may keep the old bytes all the same, for as long as it likes.
///
/// # Errors
/// When one of the steps fails; the file may have been replaced then.
pub fn write_payload_keys(file: &Path, tree: &KeyTree) -> Result<(), LedgerError> {
    replace_wholly(file, &tree.to_bytes()).map_err(LedgerError::file("write", file))
}

/// Writes over what a crash left of keys that were replaced.
///
/// # Errors
/// When it is there and cannot be written over.
pub fn finish_writing_payload_keys(data: &DataDir) -> Result<(), LedgerError> {
    let file = data.payload_key();
    overwrite_replaced(&file).map_err(LedgerError::file("write over what was before", &file))
}

fn read_secret(path: &Path) -> Result<SecretKey, LedgerError> {
    let bytes = Zeroizing::new(std::fs::read(path).map_err(LedgerError::file("read", path))?);
    SecretKey::from_slice(&bytes).ok_or_else(|| LedgerError::Damaged { path: path.into(), expected: "32 bytes" })
}

/// The HPKE key pair (wire §8). The private half is wiped by its own crate.
pub struct EnvelopeKey {
    secret: PrivateKey,
    public: Vec<u8>,
}

/// An envelope that is not for this ledger, not from this terminal, or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Not an envelope.
    Malformed,
    /// Sealed for another key.
    OtherKey,
    /// Does not open for this office and terminal.
    DoesNotOpen,
}

impl EnvelopeKey {
    /// The pair from 32 secret bytes (RFC 9180, 7.1.3).
    #[must_use]
    pub fn from_seed(seed: &SecretKey) -> Self {
        let (secret, public) = DhP256HkdfSha256::derive_keypair(seed.expose());
        Self { secret, public: public.to_bytes().to_vec() }
    }

    /// The public half, as codes and the founding act carry it.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The batch in an envelope that this terminal sealed.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn open(&self, binding: &EnvelopeBinding, bytes: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let envelope = Envelope::decode(bytes).map_err(|_| EnvelopeError::Malformed)?;
        if envelope.key_id != key_id(&self.public) {
            return Err(EnvelopeError::OtherKey);
        }
        let enc = <DhP256HkdfSha256 as Kem>::EncappedKey::from_bytes(envelope.enc);
        let enc = enc.map_err(|_| EnvelopeError::Malformed)?;
        let aad = minicbor::to_vec(binding).map_err(|_| EnvelopeError::Malformed)?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &self.secret,
            &enc,
            ENVELOPE_INFO,
            envelope.ciphertext,
            &aad,
        )
        .map_err(|_| EnvelopeError::DoesNotOpen)
    }
}

/// First 8 bytes of the SHA-256 of the public key (wire §8).
#[must_use]
pub fn key_id(public: &[u8]) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(public).into();
    let mut id = [0; 8];
    id.copy_from_slice(&digest[..8]);
    id
}

impl fmt::Debug for EnvelopeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvelopeKey(..)")
    }
}
