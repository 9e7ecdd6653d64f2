//! The terminal's own word for a record (wire §7.6): the batch header that it signed, and the leaves of that batch.

use ed25519_dalek::{Signature, VerifyingKey};
use sekisho_register::Register;
use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::{BatchHeader, chain_next};
use sekisho_wire::canonical::decode_canonical;
use sekisho_wire::cose::{Context, Sign1, Signer, write_signed_bytes};
use sekisho_wire::id::Hash;
use sekisho_wire::record::{Emitter, Record};

/// What a terminal signed.
#[derive(Clone, Debug)]
pub(crate) struct TerminalWord {
    /// The signed header.
    pub batch: Vec<u8>,
    /// The leaf hashes of its records.
    pub leaves: Vec<Hash>,
}

/// Why it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordFault {
    /// The header cannot be read, or is not this terminal's.
    Header,
    /// No key that the register names for the terminal made the signature.
    Signature,
    /// The chain over the leaves is not the one that was signed.
    Chain,
    /// The record is not where the header says.
    Leaf,
}

impl WordFault {
    /// For people: in English and Japanese.
    #[must_use]
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Header => {
                ("the batch header beside it is not this terminal's", "添付のバッチヘッダーがこの端末機のものではない")
            }
            Self::Signature => {
                ("no key of the terminal signed the batch beside it", "添付のバッチに端末機の署名がない")
            }
            Self::Chain => {
                ("the leaves beside it are not those that the terminal signed", "添付の内容が端末機の署名と合わない")
            }
            Self::Leaf => ("the terminal signed another record in its place", "端末機が署名したのは別の記録"),
        }
    }
}

impl TerminalWord {
    /// Whether the terminal signed this very record in its place.
    ///
    /// # Errors
    /// [`WordFault`].
    pub(crate) fn verify(&self, bytes: &[u8], record: &Record, register: &Register) -> Result<(), WordFault> {
        let sign1 = Sign1::decode(&self.batch).map_err(|_| WordFault::Header)?;
        let header: BatchHeader = decode_canonical("batch header", sign1.payload).map_err(|_| WordFault::Header)?;
        let its_own = sign1.signer == Signer::Terminal(header.terminal.clone())
            && record.emitter == Emitter::Terminal(header.terminal.clone())
            && (record.office, record.epoch) == (header.office, header.epoch);
        if !its_own {
            return Err(WordFault::Header);
        }
        if !is_signed(&sign1, &header, register) {
            return Err(WordFault::Signature);
        }
        let chain = self.leaves.iter().fold(header.before, |chain, leaf| chain_next(&chain, leaf));
        if u64::from(header.count) != self.leaves.len() as u64 || chain != header.after {
            return Err(WordFault::Chain);
        }
        let place = record.seq.checked_sub(header.first).and_then(|place| usize::try_from(place).ok());
        let leaf = place.and_then(|place| self.leaves.get(place));
        if leaf.is_some_and(|leaf| leaf.0 == leaf_hash(bytes).0) { Ok(()) } else { Err(WordFault::Leaf) }
    }
}

/// Under any key that the register ever named for the terminal: which one was in force, the ledger had to ask when the batch came.
fn is_signed(sign1: &Sign1<'_>, header: &BatchHeader, register: &Register) -> bool {
    let mut message = Vec::new();
    if write_signed_bytes(Context::Batch, &sign1.signer, sign1.payload, &mut message).is_err() {
        return false;
    }
    let signature = Signature::from_bytes(&sign1.signature.0);
    let Some(terminal) = register.terminal(&header.terminal) else { return false };
    terminal.versions().iter().any(|version| {
        let key = VerifyingKey::from_bytes(&version.value.key.0);
        key.is_ok_and(|key| key.verify_strict(&message, &signature).is_ok())
    })
}
