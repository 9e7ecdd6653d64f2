//! A batch of records: signed by the terminal, sealed for the ledger (wire §7, §8).

use std::fmt;

use ed25519_dalek::Signer as _;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, Kem, OpModeS, Serializable};
use rand_core_09::TryRngCore;
use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::{
    BATCH_VERSION, BatchHeader, ENVELOPE_INFO, Envelope, EnvelopeBinding, SeenNote, chain_next, write_batch,
};
use sekisho_wire::cose::{Context, Sign1, Signer, write_signed_bytes};
use sekisho_wire::id::{Hash, Signature};
use sha2::{Digest, Sha256};

use crate::identity::Identity;
use crate::journal::Run;

/// What the header says besides the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Size of the newest checkpoint of the records log that was verified.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Its signed note as it came; a ledger that has lost it stops only when it is shown.
    pub note: Option<SeenNote>,
}

/// The ledger's key, or the kernel's randomness, cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotSeal;

impl fmt::Display for CannotSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot seal records for the ledger: its envelope key is not usable")
    }
}

impl std::error::Error for CannotSeal {}

/// The records of a run, signed and sealed. The run is not empty.
///
/// # Errors
/// [`CannotSeal`].
pub fn seal(identity: &Identity, epoch: u32, run: &Run, seen: &Seen, sent: u64) -> Result<Vec<u8>, CannotSeal> {
    let header = BatchHeader {
        version: BATCH_VERSION,
        critical: true,
        office: identity.office,
        terminal: identity.terminal.clone(),
        epoch,
        first: run.first,
        count: u32::try_from(run.records.len()).map_err(|_| CannotSeal)?,
        before: run.chain,
        after: chain_after(run),
        seen_size: seen.size,
        seen_root: seen.root,
        sent,
        seen_note: seen.note.clone(),
    };
    let payload = minicbor::to_vec(&header).map_err(|_| CannotSeal)?;
    let signer = Signer::Terminal(identity.terminal.clone());
    let mut signed = Vec::new();
    write_signed_bytes(Context::Batch, &signer, &payload, &mut signed).map_err(|_| CannotSeal)?;
    let signature = Signature(identity.key.sign(&signed).to_bytes());
    let mut batch = Vec::new();
    write_batch(&Sign1 { signer, payload: &payload, signature }, &run.records, &mut batch).map_err(|_| CannotSeal)?;
    envelope(identity, &batch)
}

/// The chain after the last record of a run.
#[must_use]
pub fn chain_after(run: &Run) -> Hash {
    run.records.iter().fold(run.chain, |chain, record| chain_next(&chain, &Hash(leaf_hash(record).0)))
}

fn envelope(identity: &Identity, batch: &[u8]) -> Result<Vec<u8>, CannotSeal> {
    let key = <DhP256HkdfSha256 as Kem>::PublicKey::from_bytes(&identity.envelope).map_err(|_| CannotSeal)?;
    let binding = EnvelopeBinding { office: identity.office, terminal: identity.terminal.clone() };
    let aad = minicbor::to_vec(&binding).map_err(|_| CannotSeal)?;
    let mut random = rand_core_09::OsRng.unwrap_err();
    let (enc, ciphertext) = hpke::single_shot_seal::<AesGcm256, HkdfSha256, DhP256HkdfSha256, _>(
        &OpModeS::Base,
        &key,
        ENVELOPE_INFO,
        batch,
        &aad,
        &mut random,
    )
    .map_err(|_| CannotSeal)?;
    let enc = enc.to_bytes();
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(&identity.envelope));
    let mut out = Vec::new();
    let sealed = Envelope { key_id: [a, b, c, d, e, f, g, h], enc: &enc, ciphertext: &ciphertext };
    sealed.write(&mut out).map_err(|_| CannotSeal)?;
    Ok(out)
}
