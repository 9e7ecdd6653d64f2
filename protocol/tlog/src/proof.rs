//! Proof files: an entry's index, its inclusion proof and the signed checkpoint as one text (§12).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, Cosigned};
use crate::error::{Document, ProveError, TlogError};
use crate::hash::Hash;
use crate::key::VerifyingKey;
use crate::note::Note;
use crate::prove::{HashReader, inclusion_proof};
use crate::text::{Lines, decimal};
use crate::verify::verify_inclusion;

/// `c2sp.org/tlog-proof@v1`: that an entry is in a log, for a reader who has the entry and the log's key and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Index of the entry.
    pub index: u64,
    /// Its inclusion proof.
    pub hashes: Vec<Hash>,
    /// Bytes that nobody signed, not empty. Nothing may trust them.
    pub extra: Option<Vec<u8>>,
    /// The signed checkpoint as it was published.
    pub checkpoint: String,
}

impl TlogProof {
    /// The proof of entry `index` under a signed checkpoint, out of stored nodes.
    ///
    /// # Errors
    /// When the text is no checkpoint or the index is not below its size, and those of the reader.
    pub fn prove<R: HashReader>(reader: &R, index: u64, checkpoint: String) -> Result<Self, ProveError<R::Error>> {
        let size = Note::parse(&checkpoint)
            .and_then(|note| Checkpoint::from_text(note.text()))
            .map_err(ProveError::Request)?
            .size;
        let hashes = inclusion_proof(reader, index, size)?;
        Ok(Self { index, hashes, extra: None, checkpoint })
    }

    /// Reads a proof file. Nothing is verified yet.
    ///
    /// # Errors
    /// When it is not as §12.1 says.
    pub fn parse(text: &str) -> Result<Self, TlogError> {
        let mut lines = Lines::new(Document::Proof, text);
        if lines.next(FIRST)? != FIRST_LINE {
            return Err(lines.fault(FIRST));
        }
        let mut line = lines.next(INDEX)?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let decoded = STANDARD.decode(encoded).ok().filter(|bytes| !bytes.is_empty());
            extra = Some(decoded.ok_or_else(|| lines.fault("extra data in base64, not empty"))?);
            line = lines.next(INDEX)?;
        }
        let index = line.strip_prefix("index ").and_then(decimal).ok_or_else(|| lines.fault(INDEX))?;
        let mut hashes = Vec::new();
        loop {
            let line = lines.next(HASH)?;
            if line.is_empty() {
                break;
            }
            if hashes.len() == MAX_HASHES {
                return Err(lines.fault("at most 64 hashes"));
            }
            hashes.push(Hash::from_base64(line).ok_or_else(|| lines.fault(HASH))?);
        }
        Ok(Self { index, hashes, extra, checkpoint: lines.rest().to_owned() })
    }

    /// The text of §12.1.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(extra) = self.extra.as_ref().filter(|extra| !extra.is_empty()) {
            text += &format!("extra {}\n", STANDARD.encode(extra));
        }
        text += &format!("index {}\n", self.index);
        self.hashes.iter().for_each(|hash| text += &(hash.to_base64() + "\n"));
        text + "\n" + &self.checkpoint
    }

    /// Checks that the entry with this leaf hash is in the log of this key, and says under which checkpoint (§12.3).
    ///
    /// # Errors
    /// When the key does not open the checkpoint, or the proof does not lead from the leaf to its root.
    pub fn verify(&self, leaf: &Hash, key: &VerifyingKey) -> Result<Checkpoint, TlogError> {
        self.verify_cosigned(leaf, core::slice::from_ref(key), &[]).map(|opened| opened.checkpoint)
    }

    /// Checks as [`TlogProof::verify`] with any of the log's keys, and says which witnesses saw the checkpoint.
    ///
    /// # Errors
    /// As [`TlogProof::verify`]; also when a witness's line is there and does not verify.
    pub fn verify_cosigned(
        &self,
        leaf: &Hash,
        log: &[VerifyingKey],
        witnesses: &[VerifyingKey],
    ) -> Result<Cosigned, TlogError> {
        let opened = Checkpoint::open_cosigned(&self.checkpoint, log, witnesses)?;
        verify_inclusion(leaf, self.index, opened.checkpoint.size, &self.hashes, &opened.checkpoint.root)?;
        Ok(opened)
    }
}

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
const FIRST: &str = "'c2sp.org/tlog-proof@v1'";
const INDEX: &str = "'index <number>'";
const HASH: &str = "a hash in base64, or the empty line before the checkpoint";

// A tree of fewer than 2^64 leaves is at most 64 high.
const MAX_HASHES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::key::SigningKey;
    use crate::memory::MemoryTree;

    fn key() -> SigningKey {
        SigningKey::from_seed("log", &[7; 32]).unwrap()
    }

    fn proof(size: u8, index: u64) -> TlogProof {
        let tree: MemoryTree = (0..size).map(|i| leaf_hash(&[i])).collect();
        let checkpoint =
            Checkpoint { origin: "log".into(), size: size.into(), root: tree.root(), extensions: Vec::new() };
        TlogProof::prove(&tree, index, checkpoint.sign(&key())).unwrap()
    }

    #[test]
    fn a_proof_file_reads_back_and_verifies() {
        for (size, index) in [(1, 0), (2, 1), (11, 4), (11, 10)] {
            let proof = TlogProof { extra: (size > 1).then(|| b"context".to_vec()), ..proof(size, index) };
            let read = TlogProof::parse(&proof.to_text()).unwrap();
            assert_eq!(read, proof);
            assert_eq!(
                read.verify(&leaf_hash(&[index as u8]), &key().verifying_key()).map(|c| c.size),
                Ok(size.into())
            );
        }
    }

    #[test]
    fn another_entry_another_index_or_another_key_does_not_verify() {
        let (proof, verifier) = (proof(11, 4), key().verifying_key());
        assert!(matches!(proof.verify(&leaf_hash(&[5]), &verifier), Err(TlogError::RootMismatch { size: 11, .. })));
        let moved = TlogProof { index: 5, ..proof.clone() };
        assert!(matches!(moved.verify(&leaf_hash(&[4]), &verifier), Err(TlogError::RootMismatch { .. })));
        let beyond = TlogProof { index: 11, ..proof.clone() };
        assert_eq!(
            beyond.verify(&leaf_hash(&[4]), &verifier),
            Err(TlogError::IndexOutsideTree { index: 11, size: 11 })
        );
        let stranger = SigningKey::from_seed("log", &[8; 32]).unwrap().verifying_key();
        assert_eq!(proof.verify(&leaf_hash(&[4]), &stranger), Err(TlogError::NotSigned));
    }

    #[test]
    fn a_proof_beyond_the_checkpoint_is_not_made() {
        let tree: MemoryTree = [leaf_hash(b"")].into_iter().collect();
        let signed =
            Checkpoint { origin: "log".into(), size: 1, root: tree.root(), extensions: Vec::new() }.sign(&key());
        let outside = ProveError::Request(TlogError::IndexOutsideTree { index: 1, size: 1 });
        assert_eq!(TlogProof::prove(&tree, 1, signed), Err(outside));
    }

    #[test]
    fn malformed_texts_say_which_line() {
        let text = proof(11, 4).to_text();
        let hash = leaf_hash(b"").to_base64() + "\n";
        for (wrong, line) in [
            ("".into(), 1),
            (text.replace("@v1", "@v2"), 1),
            (text.replace("index 4\n", ""), 2),
            (text.replace("index 4", "index 04"), 2),
            (text.replace("index", "extra\nindex"), 2),
            (text.replace("index", "extra \nindex"), 2),
            (text.replace("index", "extra !\nindex"), 2),
            (text.replace("index", "extra AA==\nextra AA==\nindex"), 3),
            (text.replace("index 4\n", "index 4\nAAAA\n"), 3),
            (text.replace("index 4\n", &format!("index 4\n{}", hash.repeat(61))), 67),
            ("c2sp.org/tlog-proof@v1\nindex 4\n".into(), 3),
        ] {
            let found = match TlogProof::parse(&wrong) {
                Err(TlogError::Line { line, .. }) => line,
                other => panic!("{wrong:?} gave {other:?}"),
            };
            assert_eq!(found, line, "{wrong:?}");
        }
    }
}
