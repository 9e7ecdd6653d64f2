//! Freshness notes: how long a register may be relied on (§11).

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use crate::error::{Document, TlogError};
use crate::hash::Hash;
use crate::key::{KeyKind, SigningKey, VerifyingKey};
use crate::note::{Note, signed};
use crate::text::Lines;

/// At `time_ms` the register log had this size and root; nobody may rely on that from `valid_until_ms` on.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Which register log: the name of its key.
    pub origin: String,
    /// Number of its entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// When this was so: milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// The first moment not to rely on it any more: milliseconds since 1970 UTC, not before `time_ms`.
    pub valid_until_ms: u64,
}

impl Freshness {
    /// The note signed by the register log's key.
    ///
    /// Under an origin that is not the key's name, or valid until a time before its own, it opens for nobody.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        signed(&self.to_text(), [key])
    }

    /// Reads a note that this key signed. Whether it is still valid is a question of the reader's clock: [`Freshness::is_valid_at`].
    ///
    /// # Errors
    /// When it is malformed, the key did not sign it, or its origin is not the key's name.
    pub fn open(text: &str, key: &VerifyingKey) -> Result<Self, TlogError> {
        let note = Note::parse(text)?;
        let _signers = note.verify_as(KeyKind::Ed25519, core::slice::from_ref(key))?;
        let freshness = Self::from_text(note.text())?;
        if freshness.origin != key.name() {
            return Err(TlogError::OriginMismatch { key: key.name().to_owned(), origin: freshness.origin });
        }
        Ok(freshness)
    }

    /// Whether the register may be relied on at this time, milliseconds since 1970 UTC.
    #[must_use]
    pub const fn is_valid_at(&self, now_ms: u64) -> bool {
        now_ms < self.valid_until_ms
    }

    /// The note text (§11.1).
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { origin, size, root, time_ms, valid_until_ms } = self;
        format!("{FIRST_LINE}\n{origin}\n{size}\n{}\n{time_ms}\n{valid_until_ms}\n", root.to_base64())
    }

    /// Reads a note text (§11.1) that nobody vouches for yet.
    ///
    /// # Errors
    /// When it is not a freshness note.
    pub fn from_text(text: &str) -> Result<Self, TlogError> {
        let mut lines = Lines::new(Document::Freshness, text);
        if lines.next(FIRST)? != FIRST_LINE {
            return Err(lines.fault(FIRST));
        }
        let origin = lines.next(ORIGIN)?;
        if origin.is_empty() {
            return Err(lines.fault(ORIGIN));
        }
        let size = lines.decimal("the size of the register log")?;
        let root = lines.hash("the root hash in base64")?;
        let time_ms = lines.decimal("the time in milliseconds since 1970")?;
        let valid_until_ms = lines.decimal(VALID_UNTIL)?;
        if valid_until_ms < time_ms {
            return Err(lines.fault(VALID_UNTIL));
        }
        lines.end()?;
        Ok(Self { origin: origin.to_owned(), size, root, time_ms, valid_until_ms })
    }
}

/// What keeps a freshness note apart from a checkpoint by the same key (§11.3).
pub(crate) const FIRST_LINE: &str = "sekisho/freshness/v1";

const FIRST: &str = "'sekisho/freshness/v1'";
const ORIGIN: &str = "the origin of the register log";
const VALID_UNTIL: &str = "valid-until in milliseconds since 1970, not before the time";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::hash::leaf_hash;

    fn key() -> SigningKey {
        SigningKey::from_seed("register", &[7; 32]).unwrap()
    }

    fn freshness() -> Freshness {
        Freshness { origin: "register".into(), size: 3, root: leaf_hash(b"x"), time_ms: 1_000, valid_until_ms: 2_000 }
    }

    #[test]
    fn what_was_signed_opens_and_ends_with_its_last_moment() {
        assert_eq!(Freshness::open(&freshness().sign(&key()), &key().verifying_key()), Ok(freshness()));
        assert!(freshness().is_valid_at(0) && freshness().is_valid_at(1_999));
        assert!(!freshness().is_valid_at(2_000));
    }

    #[test]
    fn neither_a_checkpoint_nor_a_freshness_note_passes_for_the_other() {
        let (note, key) = (freshness(), key());
        let checkpoint = Checkpoint {
            origin: "register".into(),
            size: 3,
            root: note.root,
            extensions: ["1000".into(), "2000".into()].into(),
        };
        assert!(Freshness::open(&checkpoint.sign(&key), &key.verifying_key()).is_err());
        assert!(Checkpoint::open(&note.sign(&key), &key.verifying_key()).is_err());
    }

    #[test]
    fn wrong_notes_open_for_nobody() {
        let other = SigningKey::from_seed("other", &[7; 32]).unwrap();
        let refused = Err(TlogError::OriginMismatch { key: "other".into(), origin: "register".into() });
        assert_eq!(Freshness::open(&freshness().sign(&other), &other.verifying_key()), refused);
        let backwards = Freshness { valid_until_ms: 999, ..freshness() };
        assert!(Freshness::open(&backwards.sign(&key()), &key().verifying_key()).is_err());
        let two_lines = Freshness { origin: "register\n3".into(), ..freshness() };
        assert!(Freshness::open(&two_lines.sign(&key()), &key().verifying_key()).is_err());
    }

    #[test]
    fn malformed_texts_say_which_line() {
        let text = freshness().to_text();
        for (wrong, line) in [
            (text.replace("v1", "v2"), 1),
            (text.replace("register", ""), 2),
            (text.replace("\n3\n", "\n03\n"), 3),
            (text.replace("\n1000", "\n1,000"), 5),
            (text.replace("\n2000", "\n"), 6),
            (text.trim_end().to_owned(), 6),
            (text.clone() + "more\n", 7),
        ] {
            let found = match Freshness::from_text(&wrong) {
                Err(TlogError::Line { line, .. }) => line,
                other => panic!("{wrong:?} gave {other:?}"),
            };
            assert_eq!(found, line, "{wrong:?}");
        }
    }
}
