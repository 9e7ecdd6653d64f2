//! The verified register of this home: entries, the checkpoint they were verified under, names. Never goes back, never forks.

use std::collections::BTreeMap;
use std::fmt;

use sekisho_register::FoldRefusal;
use sekisho_register::Register;
use sekisho_register::fold::Folded;
use sekisho_register::values::NameHash;
use sekisho_tlog::{Checkpoint, TlogError, VerifyingKey};
use sekisho_wire::id::{Code, Hash, Salt};

use crate::error::AdminError;
use crate::home::Home;

const ENTRIES: &str = "register/entries";
const CHECKPOINT: &str = "register/checkpoint";
const NAMES: &str = "register/names";

/// What the ledger shows is not a continuation of what it showed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CacheError {
    /// Fewer entries than were verified before.
    Rollback {
        /// Entries verified before.
        known: u64,
        /// Entries the ledger shows now.
        shown: u64,
    },
    /// Another root over entries that were verified before, or over the new ones.
    Fork {
        /// Size of the checkpoint that does not fit.
        size: u64,
    },
    /// The checkpoint names more or fewer entries than the ledger handed out.
    Incomplete {
        /// Entries at hand.
        have: u64,
        /// Entries the checkpoint names.
        size: u64,
    },
    /// The checkpoint is not signed by the register log's key.
    Checkpoint(TlogError),
}

impl CacheError {
    /// In Japanese.
    #[must_use]
    pub(crate) fn japanese(&self) -> String {
        match self {
            Self::Rollback { known, shown } => {
                format!("台帳の登録簿が後戻りしています(検証済み{known}件、台帳は{shown}件)")
            }
            Self::Fork { size } => format!("台帳の示す登録簿({size}件)は、以前に検証したものの続きではありません"),
            Self::Incomplete { have, size } => {
                format!("台帳の登録簿がそろっていません(届いたもの{have}件、署名{size}件)")
            }
            Self::Checkpoint(error) => format!("登録簿のチェックポイントを信頼できません: {error}"),
        }
    }
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rollback { known, shown } => {
                write!(f, "the ledger's register went back: {known} entries were verified, it shows {shown}")
            }
            Self::Fork { size } => {
                write!(
                    f,
                    "the ledger's register forked: its checkpoint over {size} entries does not continue what was verified"
                )
            }
            Self::Incomplete { have, size } => {
                write!(f, "the ledger's register is incomplete: {have} entries came, the checkpoint names {size}")
            }
            Self::Checkpoint(error) => write!(f, "cannot trust the register's checkpoint: {error}"),
        }
    }
}

impl std::error::Error for CacheError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Checkpoint(error) => Some(error),
            Self::Rollback { .. } | Self::Fork { .. } | Self::Incomplete { .. } => None,
        }
    }
}

/// A name that the ledger sent beside the entries (register §R3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Its salt.
    pub salt: Salt,
    /// The name.
    pub text: String,
}

/// The register, as far as it is verified.
#[derive(Clone, Debug, Default)]
pub(crate) struct RegisterCache {
    entries: Vec<Vec<u8>>,
    folded: Vec<Result<Folded, FoldRefusal>>,
    register: Register,
    checkpoint: Option<String>,
    names: BTreeMap<NameHash, String>,
}

impl RegisterCache {
    /// Reads the cache of this home and folds it; empty when there is none. What lies there was verified before; that it is
    /// still the same, the signed checkpoint says.
    ///
    /// # Errors
    /// [`AdminError::Damaged`], or [`CacheError`] when the bytes are not what the checkpoint signs.
    pub(crate) fn load(home: &Home, key: &VerifyingKey) -> Result<Self, AdminError> {
        let (Some(entries), Some(checkpoint)) = (home.read(ENTRIES)?, home.read(CHECKPOINT)?) else {
            return Ok(Self::default());
        };
        let damaged = |name| AdminError::Damaged(home.path(name));
        let checkpoint = String::from_utf8(checkpoint.to_vec()).map_err(|_| damaged(CHECKPOINT))?;
        let size = Checkpoint::open(&checkpoint, key).map_err(CacheError::Checkpoint)?.size;
        let mut entries = split(&entries).ok_or_else(|| damaged(ENTRIES))?;
        // Entries are written before their checkpoint: what lies beyond it was never settled.
        entries.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let mut cache = Self::default().settle(key, &checkpoint, &entries, Register::fold_trusted)?;
        if let Some(names) = home.read(NAMES)? {
            cache.names = names_from(&names).ok_or_else(|| damaged(NAMES))?;
        }
        Ok(cache)
    }

    /// This register with `entries` after it, under `checkpoint`.
    ///
    /// # Errors
    /// [`CacheError`]; the register stays what it was.
    pub(crate) fn extend(&self, key: &VerifyingKey, checkpoint: &str, entries: &[Vec<u8>]) -> Result<Self, CacheError> {
        self.clone().settle(key, checkpoint, entries, Register::fold)
    }

    fn settle(
        mut self,
        key: &VerifyingKey,
        checkpoint: &str,
        entries: &[Vec<u8>],
        fold: fn(&mut Register, &[u8]) -> Result<Folded, FoldRefusal>,
    ) -> Result<Self, CacheError> {
        let signed = Checkpoint::open(checkpoint, key).map_err(CacheError::Checkpoint)?;
        if signed.size < self.size() {
            return Err(CacheError::Rollback { known: self.size(), shown: signed.size });
        }
        for entry in entries {
            self.folded.push(fold(&mut self.register, entry));
            self.entries.push(entry.clone());
        }
        if self.size() != signed.size {
            return Err(CacheError::Incomplete { have: self.size(), size: signed.size });
        }
        if self.register.root().0 != signed.root.0 {
            return Err(CacheError::Fork { size: signed.size });
        }
        self.checkpoint = Some(checkpoint.to_owned());
        Ok(self)
    }

    /// Takes names; those that no hash in the register asks for do no harm.
    pub(crate) fn learn(&mut self, names: &[Name]) {
        self.names.extend(names.iter().map(|name| (NameHash::of(&name.salt, &name.text), name.text.clone())));
    }

    /// Writes the cache. Names travel beside the log and may be erased at the ledger; here they are kept by their hash.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self, home: &Home) -> Result<(), AdminError> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        home.write(ENTRIES, &join(&self.entries))?;
        home.write(NAMES, &serde_json::to_vec(&self.kept_names()).expect("strings are JSON"))?;
        home.write(CHECKPOINT, checkpoint.as_bytes())
    }

    fn kept_names(&self) -> BTreeMap<String, &str> {
        self.names.iter().map(|(hash, text)| (hash.to_string(), text.as_str())).collect()
    }

    /// Entries verified.
    #[must_use]
    pub(crate) fn size(&self) -> u64 {
        self.register.size()
    }

    /// The register.
    #[must_use]
    pub(crate) const fn register(&self) -> &Register {
        &self.register
    }

    /// The register as it was when the log had `size` entries; nothing for a size it has not reached.
    #[must_use]
    pub(crate) fn register_at(&self, size: u64) -> Option<Register> {
        let entries = self.entries.get(..usize::try_from(size).ok()?)?;
        let mut register = Register::new();
        for entry in entries {
            // What was refused when it was verified is refused again, and changes nothing.
            let _ = register.fold_trusted(entry);
        }
        Some(register)
    }

    /// The entries, with what became of each.
    pub(crate) fn acts(&self) -> impl DoubleEndedIterator<Item = (&[u8], &Result<Folded, FoldRefusal>)> {
        self.entries.iter().map(Vec::as_slice).zip(&self.folded)
    }

    /// The entry with this id, and its index.
    #[must_use]
    pub(crate) fn act(&self, id: &Hash) -> Option<(u64, &[u8])> {
        let index = self.folded.iter().position(|folded| folded.as_ref().is_ok_and(|folded| folded.id == *id))?;
        Some((index as u64, &self.entries[index]))
    }

    /// The name behind a hash, if it is known and not erased.
    #[must_use]
    pub(crate) fn name(&self, hash: &NameHash) -> Option<&str> {
        self.names.get(hash).map(String::as_str)
    }

    /// A person's name and code, as people read it.
    #[must_use]
    pub(crate) fn person(&self, operator: &Code) -> String {
        match self.register.name_hash(operator).and_then(|hash| self.name(hash)) {
            Some(name) => format!("{name} ({operator})"),
            None => operator.to_string(),
        }
    }
}

fn join(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    bytes
}

fn split(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk()?;
        let (entry, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    Some(entries)
}

fn names_from(json: &[u8]) -> Option<BTreeMap<NameHash, String>> {
    let kept: BTreeMap<String, String> = serde_json::from_slice(json).ok()?;
    kept.into_iter().map(|(hash, text)| Some((NameHash(hash.parse::<Hash>().ok()?.0), text))).collect()
}
