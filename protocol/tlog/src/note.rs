//! Signed notes: text with signature lines (§8).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Document, TlogError};
use crate::key::{Stamp, is_line_name};
use crate::text::Lines;

pub use crate::key::{CosigningKey, KeyId, KeyKind, SigningKey, VerifyingKey};

/// A text and the lines of those who signed it. Until [`Note::verify`] has returned, the text is a stranger's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line: whose, and the bytes. Well-formed, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: KeyId,
    bytes: Vec<u8>,
}

/// A line that verified.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Name of the key.
    pub name: String,
    /// Its id.
    pub id: KeyId,
    /// For a cosignature, when it was made: seconds since 1970.
    pub time_s: Option<u64>,
}

impl Note {
    /// A text that nobody has signed yet.
    ///
    /// # Errors
    /// When the text does not end in a newline, holds control characters or is too long.
    pub fn new(text: impl Into<String>) -> Result<Self, TlogError> {
        let text = text.into();
        check_characters(&text)?;
        if !text.ends_with('\n') {
            return Err(fault(&text, "a newline at the end of the text"));
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a signed note. No signature is verified yet.
    ///
    /// # Errors
    /// When it is not as §8.1 says, or larger than §8.2 allows.
    pub fn parse(note: &str) -> Result<Self, TlogError> {
        check_characters(note)?;
        let empty_line = note.rfind("\n\n").ok_or_else(|| fault(note, "an empty line before the signatures"))?;
        let (text, lines) = note.split_at(empty_line + 1);
        let lines = &lines[1..];
        if lines.is_empty() || !lines.ends_with('\n') {
            return Err(fault(note, "signature lines, each ended by a newline"));
        }
        let count = lines.lines().count();
        if count > MAX_SIGNATURES {
            return Err(TlogError::TooManySignatures { count });
        }
        let before = text.split('\n').count();
        let signature = |(number, line)| {
            let malformed =
                TlogError::Line { document: Document::Note, line: before + number + 1, expected: SIGNATURE_LINE };
            Signature::parse(line).ok_or(malformed)
        };
        let signatures = lines.split_terminator('\n').enumerate().map(signature).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text with its final newline. Nothing may be believed of it before [`Note::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds this key's line, in place of an older one of the same key.
    ///
    /// # Errors
    /// When the note has 64 lines already.
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), TlogError> {
        self.add(Signature::by(key.public(), key.signature(&self.text)))
    }

    /// Adds a line that somebody made elsewhere, in place of an older one of the same key.
    ///
    /// # Errors
    /// When the note has 64 lines already.
    pub fn add(&mut self, signature: Signature) -> Result<(), TlogError> {
        self.signatures.retain(|line| (line.id, &line.name) != (signature.id, &signature.name));
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(TlogError::TooManySignatures { count: self.signatures.len() + 1 });
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Adds a witness's line. Crate-private: only a checkpoint that its log signed is cosigned (§9.2).
    pub(crate) fn cosign(&mut self, key: &CosigningKey, time_s: u64) -> Result<(), TlogError> {
        self.add(Signature::by(key.public(), key.signature(&self.text, time_s)?))
    }

    /// As [`Note::verify`], with those of the known keys that are of this kind: a witness's line is no log's signature, nor the reverse.
    pub(crate) fn verify_as(&self, kind: KeyKind, known: &[VerifyingKey]) -> Result<Vec<Verified>, TlogError> {
        let known: Vec<_> = known.iter().filter(|key| key.kind() == kind).cloned().collect();
        self.verify(&known)
    }

    /// Says which of the known keys signed: at least one, each once, in the order of the lines (§8.3).
    ///
    /// # Errors
    /// When a known key's line does not verify, or no line is of a known key.
    pub fn verify(&self, known: &[VerifyingKey]) -> Result<Vec<Verified>, TlogError> {
        let mut verified: Vec<Verified> = Vec::new();
        for line in &self.signatures {
            let mut keys = known.iter().filter(|key| key.id() == line.id && key.name() == line.name).peekable();
            if keys.peek().is_none() {
                continue;
            }
            // Two known keys of one name and id are possible only by search; either may have signed.
            let stamp = keys.find_map(|key| key.verify(&self.text, &line.bytes));
            let stamp = stamp.ok_or_else(|| TlogError::BadSignature { name: line.name.clone(), id: line.id })?;
            if !verified.iter().any(|seen| seen.id == line.id && seen.name == line.name) {
                verified.push(Verified { name: line.name.clone(), id: line.id, time_s: stamp.time_s() });
            }
        }
        if verified.is_empty() { Err(TlogError::NotSigned) } else { Ok(verified) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Signature {
    fn by(key: &VerifyingKey, bytes: Vec<u8>) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), bytes }
    }

    /// Name of the key that is said to have signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id of the key that is said to have signed.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_START)?.split_once(' ')?;
        let decoded = STANDARD.decode(encoded).ok().filter(|_| is_line_name(name))?;
        let (id, bytes) = decoded.split_first_chunk()?;
        // Four bytes of key id and at least one of signature.
        (!bytes.is_empty()).then(|| Self { name: name.to_owned(), id: KeyId(*id), bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([self.id.0.as_slice(), &self.bytes].concat());
        write!(f, "{SIGNATURE_START}{} {encoded}", self.name)
    }
}

impl Stamp {
    const fn time_s(&self) -> Option<u64> {
        match self {
            Self::Plain => None,
            Self::At(time_s) => Some(*time_s),
        }
    }
}

/// A text under a signature line of each key. Cannot fail; what is no note text opens for nobody.
pub(crate) fn signed<'k>(text: &str, keys: impl IntoIterator<Item = &'k SigningKey>) -> String {
    let mut note = alloc::format!("{text}\n");
    for key in keys {
        note.push_str(&alloc::format!("{}\n", Signature::by(key.public(), key.signature(text))));
    }
    note
}

fn check_characters(text: &str) -> Result<(), TlogError> {
    if text.len() > MAX_NOTE_BYTES {
        return Err(TlogError::NoteTooLong { length: text.len() });
    }
    match text.find(|c: char| c < ' ' && c != '\n') {
        Some(at) => Err(fault(&text[..at], "no control characters")),
        None => Ok(()),
    }
}

/// The line that `before` ends in is not what it must be.
fn fault(before: &str, expected: &'static str) -> TlogError {
    let mut lines = Lines::new(Document::Note, before);
    while lines.next(expected).is_ok() {}
    lines.fault(expected)
}

/// The longest note that is read, in bytes: 16 post-quantum signatures, which the specification demands, and room.
pub const MAX_NOTE_BYTES: usize = 256 * 1024;

/// The most signature lines that are read; the specification demands 16.
pub const MAX_SIGNATURES: usize = 64;

// Em dash and space.
const SIGNATURE_START: &str = "\u{2014} ";
const SIGNATURE_LINE: &str = "'\u{2014} <key name> <base64>'";

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn key(name: &str) -> SigningKey {
        SigningKey::from_seed(name, &[7; 32]).unwrap()
    }

    #[test]
    fn a_note_reads_back_as_it_was_written() {
        for text in ["one\n", "\n", "\n\n", "one\n\n\u{2014} two AAAAAAA=\n", "関所\n\n"] {
            let mut note = Note::new(text).unwrap();
            note.sign(&key("a")).unwrap();
            note.sign(&key("b")).unwrap();
            assert_eq!(Note::parse(&note.to_string()), Ok(note), "{text:?}");
        }
    }

    #[test]
    fn signing_again_replaces_the_line() {
        let mut note = Note::new("one\n").unwrap();
        note.sign(&key("a")).unwrap();
        note.sign(&key("a")).unwrap();
        assert_eq!(note.signatures().len(), 1);
    }

    #[test]
    fn malformed_notes_say_which_line() {
        let line = |note: &str| match Note::parse(note) {
            Err(TlogError::Line { line, .. }) => line,
            other => panic!("{note:?} gave {other:?}"),
        };
        assert_eq!(line(""), 1);
        assert_eq!(line("text\n\u{2014} a AAAAAAA=\n"), 3);
        assert_eq!(line("text\n\n"), 3);
        assert_eq!(line("text\n\n\u{2014} a AAAAAAA="), 3);
        assert_eq!(line("te\txt\n\n\u{2014} a AAAAAAA=\n"), 1);
        assert_eq!(line("text\r\n\r\n\u{2014} a AAAAAAA=\r\n"), 1);
        for bad in [
            "- a AAAAAAA=",
            "\u{2014}a AAAAAAA=",
            "\u{2014} a  AAAAAAA=",
            "\u{2014} a+b AAAAAAA=",
            "\u{2014} a AAAAAA==",
            "\u{2014} a AAAAAAA",
            "\u{2014} a",
            "\u{2014}  AAAAAAA=",
            "\u{2014} a AAAAAAB=",
            "\u{2014} a\u{a0}b AAAAAAA=",
        ] {
            assert_eq!(line(&alloc::format!("text\n\n\u{2014} a AAAAAAA=\n{bad}\n")), 4, "{bad}");
        }
    }

    #[test]
    fn limits_are_256_kib_and_64_lines() {
        let lines = |count| alloc::format!("text\n\n{}", "\u{2014} a AAAAAAA=\n".repeat(count));
        assert_eq!(Note::parse(&lines(64)).map(|note| note.signatures().len()), Ok(64));
        assert_eq!(Note::parse(&lines(65)), Err(TlogError::TooManySignatures { count: 65 }));
        let long = "x".repeat(MAX_NOTE_BYTES) + "\n";
        assert_eq!(Note::new(long), Err(TlogError::NoteTooLong { length: MAX_NOTE_BYTES + 1 }));
        assert_eq!(Note::parse(&lines(64)).unwrap().sign(&key("b")), Err(TlogError::TooManySignatures { count: 65 }));
    }

    #[test]
    fn unknown_keys_are_ignored_and_known_ones_must_verify() {
        let mut note = Note::new("one\n").unwrap();
        note.sign(&key("a")).unwrap();
        note.sign(&key("b")).unwrap();
        let known = [key("b").verifying_key()];
        assert_eq!(note.verify(&known).map(|signed| signed[0].name.clone()), Ok("b".into()));
        assert_eq!(note.verify(&[key("c").verifying_key()]), Err(TlogError::NotSigned));
        assert_eq!(note.verify(&[]), Err(TlogError::NotSigned));
        let altered = Note::parse(&note.to_string().replace("one", "two")).unwrap();
        assert_eq!(altered.verify(&known), Err(TlogError::BadSignature { name: "b".into(), id: known[0].id() }));
    }

    #[test]
    fn a_repeated_line_counts_once_and_must_verify_too() {
        let mut note = Note::new("one\n").unwrap();
        note.sign(&key("a")).unwrap();
        let text = note.to_string();
        let line = &text["one\n\n".len()..];
        let known = [key("a").verifying_key()];
        let twice = Note::parse(&(text.clone() + line)).unwrap();
        assert_eq!(twice.verify(&known).map(|signed| signed.len()), Ok(1));
        let forged = Signature { name: "a".into(), id: known[0].id(), bytes: [0; 64].into() };
        let with_forged = Note::parse(&alloc::format!("{text}{forged}\n")).unwrap();
        assert!(matches!(with_forged.verify(&known), Err(TlogError::BadSignature { .. })));
    }

    #[test]
    fn gos_example_note_verifies() {
        // From the documentation of golang.org/x/mod/sumdb/note.
        let note = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n\n\
                    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        assert_eq!(Note::parse(note).unwrap().verify(&[peter]).map(|signed| signed.len()), Ok(1));
    }
}
