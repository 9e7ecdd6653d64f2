//! What is asked of a witness: cosign this checkpoint, it continues the one that you cosigned last (§13). What follows is decided here;
//! remembering it, before the cosignature leaves, is the witness's own affair.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};

use crate::checkpoint::Checkpoint;
use crate::error::{Document, TlogError};
use crate::hash::{EMPTY_ROOT, Hash};
use crate::key::VerifyingKey;
use crate::note::{Note, Signature};
use crate::text::{Lines, decimal};
use crate::verify::verify_consistency;

/// The body of an `add-checkpoint` request (§13.1). Read, and nothing in it believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the witness cosigned last, as whoever asks knows it.
    pub old: u64,
    /// The consistency proof from there to the checkpoint, empty from nothing.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// What a witness has cosigned last of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// So many entries; 0 where it has cosigned nothing, or the empty tree.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// Why a witness does not cosign (§13.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCosigned {
    /// The request cannot be read, or proves from more to less.
    Malformed(TlogError),
    /// No key of this log signed the checkpoint, or a line that claims so does not verify.
    NotSigned(TlogError),
    /// It proves from another checkpoint than was cosigned last.
    Conflict {
        /// What was.
        size: u64,
    },
    /// The log has signed two roots for one size: both are evidence against it.
    Forked {
        /// Which size.
        size: u64,
    },
    /// The proof does not lead from one checkpoint to the other.
    Inconsistent(TlogError),
}

impl Cosigned {
    /// Nothing yet.
    pub const NOTHING: Self = Self { size: 0, root: EMPTY_ROOT };
}

impl AddCheckpoint {
    /// Reads a request.
    ///
    /// # Errors
    /// When it is not as §13.1 says.
    pub fn parse(text: &str) -> Result<Self, TlogError> {
        let mut lines = Lines::new(Document::AddCheckpoint, text);
        let old = lines.next(OLD)?.strip_prefix("old ").and_then(decimal).ok_or_else(|| lines.fault(OLD))?;
        let mut proof = Vec::new();
        loop {
            let line = lines.next(HASH)?;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_PROOF {
                return Err(lines.fault("at most 63 hashes"));
            }
            proof.push(Hash::from_base64(line).ok_or_else(|| lines.fault(HASH))?);
        }
        Ok(Self { old, proof, checkpoint: lines.rest().to_owned() })
    }

    /// The text of §13.1.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        self.proof.iter().for_each(|hash| text += &(hash.to_base64() + "\n"));
        text + "\n" + &self.checkpoint
    }

    /// Which log it says that it is about: by this the witness finds the log's keys.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.split('\n').next().unwrap_or_default()
    }

    /// Whether a witness that cosigned `last` of this log may cosign this (§13.2): then what it says.
    ///
    /// # Errors
    /// [`NotCosigned`].
    pub fn look(&self, log: &[VerifyingKey], last: Cosigned) -> Result<Checkpoint, NotCosigned> {
        let opened = Checkpoint::open_cosigned(&self.checkpoint, log, &[]);
        let checkpoint = opened.map(|opened| opened.checkpoint).map_err(NotCosigned::of_note)?;
        let (size, root) = (checkpoint.size, checkpoint.root);
        if self.old > size {
            return Err(NotCosigned::Malformed(TlogError::SizesOutOfOrder { old: self.old, new: size }));
        }
        if self.old != last.size {
            return Err(NotCosigned::Conflict { size: last.size });
        }
        if size == 0 && root != EMPTY_ROOT {
            let error = TlogError::RootMismatch { size: 0, signed: root, computed: EMPTY_ROOT };
            return Err(NotCosigned::Inconsistent(error));
        }
        if size == last.size && root != last.root {
            return Err(NotCosigned::Forked { size });
        }
        if self.old > 0 {
            let proved = verify_consistency(self.old, &last.root, size, &root, &self.proof);
            proved.map_err(NotCosigned::Inconsistent)?;
        } else if !self.proof.is_empty() {
            let error = TlogError::ProofLength { expected: 0, found: self.proof.len() };
            return Err(NotCosigned::Inconsistent(error));
        }
        Ok(checkpoint)
    }
}

impl NotCosigned {
    /// The HTTP status that says so (§13.3).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NotSigned(_) => 403,
            Self::Conflict { .. } => 409,
            Self::Forked { .. } | Self::Inconsistent(_) => 422,
        }
    }

    fn of_note(error: TlogError) -> Self {
        if matches!(error, TlogError::NotSigned | TlogError::BadSignature { .. }) {
            Self::NotSigned(error)
        } else {
            Self::Malformed(error)
        }
    }
}

impl fmt::Display for NotCosigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) | Self::NotSigned(error) | Self::Inconsistent(error) => error.fmt(f),
            Self::Conflict { size } => write!(f, "the checkpoint cosigned last has {size} entries"),
            Self::Forked { size } => write!(f, "another root was cosigned for {size} entries"),
        }
    }
}

impl core::error::Error for NotCosigned {}

/// Under which a witness shows what it cosigned last of a log: SHA-256 of the origin in hex (§13.4).
#[must_use]
pub fn origin_hash(origin: &str) -> String {
    Hash(Sha256::digest(origin).into()).to_string()
}

/// The checkpoint with those lines alone that these keys made: what a witness keeps and shows, whatever strangers wrote beside them.
///
/// # Errors
/// When it is no note, or a line of one of the keys does not verify.
pub fn only_lines_of(note: &str, keys: &[VerifyingKey]) -> Result<String, TlogError> {
    let parsed = Note::parse(note)?;
    parsed.verify(keys)?;
    let mut kept = Note::new(parsed.text())?;
    let known = |line: &&Signature| keys.iter().any(|key| key.id() == line.id() && key.name() == line.name());
    parsed.signatures().iter().filter(known).try_for_each(|line| kept.add(line.clone()))?;
    Ok(kept.to_string())
}

/// The line of this witness in its answer (§13.5), once it is found to be about this checkpoint. Lines of other keys are passed over.
///
/// # Errors
/// When the answer is no lines, the witness's is not among them, or does not verify.
pub fn cosignature(answer: &str, checkpoint: &str, witness: &VerifyingKey) -> Result<Signature, TlogError> {
    let asked = Note::parse(checkpoint)?;
    let answered = Note::parse(&format!("{}\n{answer}", asked.text()))?;
    answered.verify(core::slice::from_ref(witness))?;
    let is_its = |line: &&Signature| line.id() == witness.id() && line.name() == witness.name();
    answered.signatures().iter().find(is_its).cloned().ok_or(TlogError::NotSigned)
}

const OLD: &str = "'old <size>'";
const HASH: &str = "a hash in base64, or the empty line before the checkpoint";
// tlog-witness: no more than 63 consistency proof lines.
const MAX_PROOF: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::key::{CosigningKey, SigningKey};
    use crate::memory::MemoryTree;
    use crate::prove::consistency_proof;

    fn key() -> SigningKey {
        SigningKey::from_seed("log", &[7; 32]).unwrap()
    }

    fn tree(size: u64) -> MemoryTree {
        (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    fn signed(size: u64, root: Hash) -> String {
        Checkpoint { origin: "log".into(), size, root, extensions: Vec::new() }.sign(&key())
    }

    fn request(old: u64, new: u64) -> AddCheckpoint {
        let proof = if old == 0 { Vec::new() } else { consistency_proof(&tree(new), old, new).unwrap() };
        AddCheckpoint { old, proof, checkpoint: signed(new, tree(new).root()) }
    }

    fn last(size: u64) -> Cosigned {
        Cosigned { size, root: tree(size).root() }
    }

    fn answer(request: &AddCheckpoint, last: Cosigned) -> Result<u64, u16> {
        let looked = request.look(&[key().verifying_key()], last);
        looked.map(|checkpoint| checkpoint.size).map_err(|refused| refused.status())
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (old, new) in [(0, 0), (0, 5), (5, 5), (5, 13)] {
            let request = request(old, new);
            let read = AddCheckpoint::parse(&request.to_text()).unwrap();
            assert_eq!((read.origin(), &read), ("log", &request));
        }
    }

    #[test]
    fn malformed_requests_say_which_line() {
        let hash = leaf_hash(b"").to_base64() + "\n";
        for (text, line) in [
            ("", 1),
            ("old 5", 1),
            ("old 05\n\n", 1),
            ("old +5\n\n", 1),
            ("old  5\n\n", 1),
            ("Old 5\n\n", 1),
            ("old -1\n\n", 1),
            ("old 18446744073709551616\n\n", 1),
            ("5\n\n", 1),
            ("old 5\nAAAA\n\n", 2),
            ("old 5\n", 2),
            (&format!("old 5\n{hash}"), 3),
            (&format!("old 5\n{}\n", hash.repeat(64)), 65),
            (&format!("old 5\r\n{hash}\n"), 1),
        ] {
            let found = match AddCheckpoint::parse(text) {
                Err(TlogError::Line { line, document: Document::AddCheckpoint, .. }) => line,
                other => panic!("{text:?} gave {other:?}"),
            };
            assert_eq!(found, line, "{text:?}");
        }
        assert!(AddCheckpoint::parse(&format!("old 5\n{}\nlog\n", hash.repeat(63))).is_ok());
    }

    #[test]
    fn what_continues_is_cosigned() {
        for (old, new) in [(0, 0), (0, 1), (0, 9), (1, 1), (1, 2), (7, 9), (8, 9), (9, 9)] {
            assert_eq!(answer(&request(old, new), last(old)), Ok(new), "{old} {new}");
        }
    }

    #[test]
    fn each_refusal_has_the_status_that_the_specification_names() {
        let other = SigningKey::from_seed("log", &[8; 32]).unwrap();
        let by = |key: &SigningKey| {
            let text = Checkpoint { origin: "log".into(), size: 9, root: tree(9).root(), extensions: Vec::new() };
            AddCheckpoint { checkpoint: text.sign(key), ..request(5, 9) }
        };
        let good = request(5, 9);
        let forged = AddCheckpoint { checkpoint: good.checkpoint.replacen("\n9\n", "\n8\n", 1), ..good.clone() };
        let of_another = AddCheckpoint { proof: request(6, 9).proof, ..good.clone() };
        let full_root = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: signed(0, leaf_hash(b"")) };
        let other_root = AddCheckpoint { checkpoint: signed(5, leaf_hash(b"")), ..request(5, 5) };
        let needless = AddCheckpoint { proof: good.proof.clone(), ..request(0, 9) };
        let needless_equal = AddCheckpoint { proof: good.proof.clone(), ..request(9, 9) };
        let no_note = AddCheckpoint { checkpoint: "log\n9\n".into(), ..good.clone() };
        let above = AddCheckpoint { old: 10, ..good.clone() };
        for (what, request, cosigned, status) in [
            ("no key of the log", by(&other), 5, 403),
            ("a line that does not verify", forged, 5, 403),
            ("no note", no_note, 5, 400),
            ("from more to less", above.clone(), 5, 400),
            ("from more to less, and it is there", above, 10, 400),
            ("from another than the last", good.clone(), 6, 409),
            ("from something, and nothing was cosigned", good, 0, 409),
            ("the proof is another's", of_another, 5, 422),
            ("an empty tree with a root", full_root, 0, 422),
            ("two roots for one size", other_root, 5, 422),
            ("a proof from nothing", needless, 0, 422),
            ("a proof to the same", needless_equal, 9, 422),
        ] {
            assert_eq!(answer(&request, last(cosigned)), Err(status), "{what}");
        }
        assert_eq!(answer(&by(&key()), last(5)), Ok(9));
    }

    #[test]
    fn lines_of_strangers_are_left_out_and_false_ones_of_ours_refused() {
        let (log, witness) = (key(), CosigningKey::from_seed("w", &[9; 32]).unwrap());
        let text = Checkpoint::cosign(&signed(1, tree(1).root()), &[log.verifying_key()], &witness, 5).unwrap();
        let keys = [log.verifying_key(), witness.verifying_key()];
        let with_stranger = format!("{text}\u{2014} stranger AAAAAAAA\n");
        assert_eq!(only_lines_of(&with_stranger, &keys), Ok(text.clone()));
        assert_eq!(only_lines_of(&with_stranger, &keys[..1]), Ok(signed(1, tree(1).root())));
        assert_eq!(only_lines_of(&text.replacen("\n1\n", "\n2\n", 1), &keys).map_err(|_| ()), Err(()));
    }

    #[test]
    fn an_answer_is_taken_when_it_is_about_what_was_asked() {
        let witness = CosigningKey::from_seed("w", &[9; 32]).unwrap();
        let (asked, other) = (signed(1, tree(1).root()), signed(2, tree(2).root()));
        let answer = |text: &str| {
            let cosigned = Checkpoint::cosign(text, &[key().verifying_key()], &witness, 5).unwrap();
            cosigned.lines().last().map(|line| format!("{line}\n")).unwrap()
        };
        let (good, key) = (answer(&asked), witness.verifying_key());
        assert_eq!(cosignature(&good, &asked, &key).map(|line| format!("{line}\n")), Ok(good.clone()));
        let among = format!("\u{2014} stranger AAAAAAAA\n{good}");
        assert!(cosignature(&among, &asked, &key).is_ok());
        assert!(matches!(cosignature(&answer(&other), &asked, &key), Err(TlogError::BadSignature { .. })));
        assert_eq!(cosignature("\u{2014} stranger AAAAAAAA\n", &asked, &key), Err(TlogError::NotSigned));
        for text in ["", "\n", &good[..good.len() - 1], &format!("{good}\n{good}"), "<html>\n"] {
            assert!(cosignature(text, &asked, &key).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_name_of_a_log_in_an_address() {
        let hash = origin_hash("example.com/behind-the-sofa");
        assert_eq!((hash.len(), origin_hash("").as_str()), (64, EMPTY_ROOT.to_string().as_str()));
        assert!(hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
    }
}
