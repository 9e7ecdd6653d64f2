//! Checkpoints: a log's size and root, signed (§10), and cosigned by witnesses (§9).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::error::{Document, TlogError};
use crate::hash::Hash;
use crate::key::{CosigningKey, KeyKind, SigningKey, VerifyingKey};
use crate::note::{Note, Verified, signed};
use crate::text::Lines;

/// What a log says of itself.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Further lines, none of them empty; we write none.
    pub extensions: Vec<String>,
}

/// A checkpoint and the witnesses that saw it.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// What the log says.
    pub checkpoint: Checkpoint,
    /// Verified cosignatures of known witnesses, each witness key once, with their times.
    pub witnesses: Vec<Verified>,
}

impl Checkpoint {
    /// The checkpoint signed by its log's key: the bytes that are published.
    ///
    /// Under an origin that is not the key's name, or with an extension that is empty, it opens for nobody (§10.2).
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        self.sign_by([key])
    }

    /// The same by several keys under one name, a line for each: whoever has not heard of the newest yet knows another.
    #[must_use]
    pub fn sign_by<'k>(&self, keys: impl IntoIterator<Item = &'k SigningKey>) -> String {
        signed(&self.to_text(), keys)
    }

    /// Reads a checkpoint that this key signed.
    ///
    /// # Errors
    /// When it is malformed, the key did not sign it, or its origin is not the key's name.
    pub fn open(text: &str, key: &VerifyingKey) -> Result<Self, TlogError> {
        Self::open_cosigned(text, core::slice::from_ref(key), &[]).map(|opened| opened.checkpoint)
    }

    /// Reads a checkpoint that one of the log's keys signed, and says which of the witnesses cosigned it. How many are enough is policy,
    /// not ours.
    ///
    /// # Errors
    /// As [`Checkpoint::open`]; also when a witness's line is there and does not verify.
    pub fn open_cosigned(text: &str, log: &[VerifyingKey], witnesses: &[VerifyingKey]) -> Result<Cosigned, TlogError> {
        let note = Note::parse(text)?;
        let signers = note.verify_as(KeyKind::Ed25519, log)?;
        let checkpoint = Self::from_text(note.text())?;
        if let Some(other) = signers.iter().find(|signer| signer.name != checkpoint.origin) {
            return Err(TlogError::OriginMismatch { key: other.name.clone(), origin: checkpoint.origin });
        }
        let witnesses = match note.verify_as(KeyKind::CosignatureV1, witnesses) {
            Err(TlogError::NotSigned) => Vec::new(),
            verified => verified?,
        };
        Ok(Cosigned { checkpoint, witnesses })
    }

    /// Adds a witness's line to a checkpoint that one of the log's keys signed (§9.2). That it extends what the witness has seen is for the
    /// witness to check, and to remember, before.
    ///
    /// # Errors
    /// As [`Checkpoint::open`]; also when the time is not below 2^63 or the note is full.
    pub fn cosign(text: &str, log: &[VerifyingKey], witness: &CosigningKey, time_s: u64) -> Result<String, TlogError> {
        let _checked = Self::open_cosigned(text, log, &[])?;
        let mut note = Note::parse(text)?;
        note.cosign(witness, time_s)?;
        Ok(note.to_string())
    }

    /// The note text (§10.1).
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        self.extensions.iter().for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
        text
    }

    /// Reads what a signed note says, without a look at who signed it: for one that was verified when it was kept, or that another will verify.
    ///
    /// # Errors
    /// When it is not a checkpoint in a note.
    pub fn claimed(note: &str) -> Result<Self, TlogError> {
        Self::from_text(Note::parse(note)?.text())
    }

    /// Reads a note text (§10.1) that nobody vouches for yet.
    ///
    /// # Errors
    /// When it is not a checkpoint.
    pub fn from_text(text: &str) -> Result<Self, TlogError> {
        let mut lines = Lines::new(Document::Checkpoint, text);
        let origin = lines.next(ORIGIN)?;
        if origin.is_empty() {
            return Err(lines.fault(ORIGIN));
        }
        let size = lines.decimal("the size of the tree")?;
        let root = lines.hash("the root hash in base64")?;
        let mut extensions = Vec::new();
        while !lines.rest().is_empty() {
            let line = lines.next("a line ended by a newline")?;
            if line.is_empty() {
                return Err(lines.fault("no empty line"));
            }
            extensions.push(line.to_owned());
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}

const ORIGIN: &str = "the origin of the log";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{EMPTY_ROOT, leaf_hash};

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, &[seed; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "log".into(), size: 1, root: leaf_hash(b"one"), extensions: Vec::new() }
    }

    #[test]
    fn what_was_signed_opens() {
        let key = key("log", 7);
        let with_extensions = Checkpoint { extensions: ["one".into(), "two 2".into()].into(), ..checkpoint() };
        let empty = Checkpoint { size: 0, root: EMPTY_ROOT, ..checkpoint() };
        for checkpoint in [checkpoint(), with_extensions, empty] {
            assert_eq!(Checkpoint::open(&checkpoint.sign(&key), &key.verifying_key()), Ok(checkpoint));
        }
    }

    #[test]
    fn a_checkpoint_signed_under_another_name_opens_for_nobody() {
        let (log, other) = (key("log", 7), key("other", 7));
        let refused = Err(TlogError::OriginMismatch { key: "other".into(), origin: "log".into() });
        assert_eq!(Checkpoint::open(&checkpoint().sign(&other), &other.verifying_key()), refused);
        assert_eq!(Checkpoint::open(&checkpoint().sign(&other), &log.verifying_key()), Err(TlogError::NotSigned));
    }

    #[test]
    fn an_extension_that_is_empty_or_an_origin_of_two_lines_opens_for_nobody() {
        let key = key("log", 7);
        for wrong in [
            Checkpoint { extensions: ["".into()].into(), ..checkpoint() },
            Checkpoint { extensions: ["a".into(), "b\n\nc".into()].into(), ..checkpoint() },
            Checkpoint { origin: "log\n5".into(), ..checkpoint() },
            Checkpoint { origin: "".into(), ..checkpoint() },
        ] {
            assert!(Checkpoint::open(&wrong.sign(&key), &key.verifying_key()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn malformed_texts_say_which_line() {
        let root = EMPTY_ROOT.to_base64();
        for (text, line) in [
            ("".into(), 1),
            (format!("\n0\n{root}\n"), 1),
            ("log\n".into(), 2),
            (format!("log\n00\n{root}\n"), 2),
            (format!("log\n-1\n{root}\n"), 2),
            (format!("log\n0x1\n{root}\n"), 2),
            ("log\n0\nAAAA\n".into(), 3),
            (format!("log\n0\n{root}"), 3),
            (format!("log\n0\n{root}\n\n"), 4),
            (format!("log\n0\n{root}\nmore\n\nmore\n"), 5),
            (format!("log\n0\n{root}\nmore"), 4),
        ] {
            let found = match Checkpoint::from_text(&text) {
                Err(TlogError::Line { line, .. }) => line,
                other => panic!("{text:?} gave {other:?}"),
            };
            assert_eq!(found, line, "{text:?}");
        }
    }

    #[test]
    fn a_witness_cosigns_what_the_log_signed_and_nothing_else() {
        let (log, witness) = (key("log", 7), CosigningKey::from_seed("witness", &[8; 32]).unwrap());
        let (log_keys, witness_keys) = ([log.verifying_key()], [witness.verifying_key()]);
        let text = Checkpoint::cosign(&checkpoint().sign(&log), &log_keys, &witness, 1_679_315_147).unwrap();
        let opened = Checkpoint::open_cosigned(&text, &log_keys, &witness_keys).unwrap();
        assert_eq!(opened.checkpoint, checkpoint());
        assert_eq!(
            opened.witnesses.iter().map(|seen| (seen.name.as_str(), seen.time_s)).collect::<Vec<_>>(),
            [("witness", Some(1_679_315_147))]
        );
        let stranger = checkpoint().sign(&key("log", 9));
        assert_eq!(Checkpoint::cosign(&stranger, &log_keys, &witness, 0), Err(TlogError::NotSigned));
        assert!(Checkpoint::cosign(&text, &log_keys, &witness, 1 << 63).is_err());
    }

    #[test]
    fn a_cosignature_alone_is_no_log_signature() {
        let (log, witness) = (key("log", 7), CosigningKey::from_seed("witness", &[8; 32]).unwrap());
        let text = Checkpoint::cosign(&checkpoint().sign(&log), &[log.verifying_key()], &witness, 5).unwrap();
        let without_log: String = text.split_inclusive('\n').filter(|line| !line.starts_with("\u{2014} log")).collect();
        let opened = Checkpoint::open_cosigned(&without_log, &[log.verifying_key()], &[witness.verifying_key()]);
        assert_eq!(opened, Err(TlogError::NotSigned));
    }

    #[test]
    fn a_witness_of_the_same_name_is_not_the_log() {
        let (log, witness) = (key("log", 7), CosigningKey::from_seed("log", &[8; 32]).unwrap());
        let text = Checkpoint::cosign(&checkpoint().sign(&log), &[log.verifying_key()], &witness, 5).unwrap();
        assert_eq!(Checkpoint::open(&text, &witness.verifying_key()), Err(TlogError::NotSigned));
        let opened = Checkpoint::open_cosigned(&text, &[log.verifying_key()], &[log.verifying_key()]);
        assert_eq!(opened.map(|opened| opened.witnesses.len()), Ok(0));
    }

    #[test]
    fn the_time_of_a_cosignature_is_signed() {
        let (log, witness) = (key("log", 7), CosigningKey::from_seed("witness", &[8; 32]).unwrap());
        let keys = ([log.verifying_key()], [witness.verifying_key()]);
        let at = |time_s| Checkpoint::cosign(&checkpoint().sign(&log), &keys.0, &witness, time_s).unwrap();
        // Key id and time are the first 12 bytes, 16 characters of base64; the signature is the rest.
        let encoded_at = |text: &str| text.rfind(' ').unwrap() + 1;
        let (early, late) = (at(5), at(6));
        let forged = early[..encoded_at(&early) + 16].to_owned() + &late[encoded_at(&late) + 16..];
        let refused = TlogError::BadSignature { name: "witness".into(), id: keys.1[0].id() };
        assert_eq!(Checkpoint::open_cosigned(&forged, &keys.0, &keys.1), Err(refused));
    }
}
