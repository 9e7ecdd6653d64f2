//! The verified register of this home: entries, the checkpoint they were verified under, names. Never goes back, never forks.

use sekisho_register::change::Log;
use sekisho_register::fold::Folded;
use sekisho_register::values::NameHash;
use sekisho_register::{Concluded, FoldRefusal, LogKeys, Register, Sight, SignedAct};
use sekisho_tlog::Checkpoint;
use sekisho_wire::id::{Code, Hash, OfficeId};
use sekisho_wire::words::Language;

use crate::broken_log::{Broken, BrokenLog};
use crate::error::AdminError;
use crate::home::Home;
use crate::known_names::KnownNames;
use crate::name::Name;

const ENTRIES: &str = "register/entries";
const CHECKPOINT: &str = "register/checkpoint";
const NAMES: &str = "register/names";
/// What they were before some were erased, on the way to being written over.
const NAMES_BEFORE: &str = "register/names.before";

/// Which register it has to be: begun by the act whose hash is this office, and signed by the key that it names itself.
#[derive(Clone, Debug)]
pub(crate) struct RegisterOf {
    /// The office.
    pub office: OfficeId,
    /// What opens it while not even the founding act is there.
    pub keys: LogKeys,
}

/// What this home has seen of its register before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoFar {
    /// Nothing can have been verified: the office was founded a moment ago.
    Nothing,
    /// Something was.
    Verified,
}

/// The register, as far as it is verified.
#[derive(Clone, Debug, Default)]
pub(crate) struct RegisterCache {
    entries: Vec<Vec<u8>>,
    folded: Vec<Result<Folded, FoldRefusal>>,
    register: Register,
    checkpoint: Option<String>,
    names: KnownNames,
    /// The file of names was taken away: they have to be fetched from the first entry on.
    names_gone: bool,
    /// Names that an act erased may stand in the file.
    names_erased: bool,
}

/// Up to which entry a checkpoint is that is verified once they are there.
///
/// # Errors
/// When it is none.
pub(crate) fn claimed_size(note: &str) -> Result<u64, BrokenLog> {
    let claimed = Checkpoint::claimed(note).map_err(|error| Broken::Checkpoint(error).of(Log::Register))?;
    Ok(claimed.size)
}

impl RegisterCache {
    /// Reads the cache of this home and folds it. What lies there was verified before; that it is still the same, the signed
    /// checkpoint says. Without a checkpoint it is empty only where nothing can have been verified yet; elsewhere somebody has taken
    /// it away, and a ledger that went back would be believed.
    ///
    /// # Errors
    /// [`AdminError::Damaged`], or [`BrokenLog`] when the bytes are not what the checkpoint signs.
    pub(crate) fn load(home: &Home, of: &RegisterOf, so_far: SoFar) -> Result<Self, AdminError> {
        let damaged = |name| AdminError::Damaged(home.path(name));
        let Some(checkpoint) = home.read(CHECKPOINT)? else {
            return match so_far {
                SoFar::Nothing => Ok(Self::default()),
                SoFar::Verified => Err(damaged(CHECKPOINT)),
            };
        };
        let entries = home.read(ENTRIES)?.ok_or_else(|| damaged(ENTRIES))?;
        let checkpoint = String::from_utf8(checkpoint.to_vec()).map_err(|_| damaged(CHECKPOINT))?;
        let size = claimed_size(&checkpoint)?;
        let mut entries = split(&entries).ok_or_else(|| damaged(ENTRIES))?;
        // Entries are written before their checkpoint: what lies beyond it was never settled.
        entries.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let mut cache = Self::default().settle(of, &checkpoint, &entries)?;
        match home.read(NAMES)? {
            Some(names) => {
                cache.names = KnownNames::from_json(&names).ok_or_else(|| damaged(NAMES))?;
                cache.forget_erased_names();
            }
            None => cache.names_gone = true,
        }
        Ok(cache)
    }

    /// This register with `entries` after it, under `checkpoint`.
    ///
    /// # Errors
    /// [`BrokenLog`]; the register stays what it was.
    pub(crate) fn extend(&self, of: &RegisterOf, checkpoint: &str, entries: &[Vec<u8>]) -> Result<Self, BrokenLog> {
        self.clone().settle(of, checkpoint, entries)
    }

    fn settle(mut self, of: &RegisterOf, checkpoint: &str, entries: &[Vec<u8>]) -> Result<Self, BrokenLog> {
        let known = self.size();
        for entry in entries {
            self.folded.push(self.register.fold(entry));
            self.entries.push(entry.clone());
        }
        // By the key that these entries name: a new one stands in an act among them.
        let named = self.register.keys_in_force(Log::Register);
        let signed = named.as_ref().unwrap_or(&of.keys).open(checkpoint);
        let signed = signed.map_err(|error| Broken::Checkpoint(error).of(Log::Register))?;
        if signed.size < known {
            return Err(Broken::Rollback { known, shown: signed.size }.of(Log::Register));
        }
        if self.size() != signed.size {
            return Err(Broken::Incomplete { have: self.size(), size: signed.size }.of(Log::Register));
        }
        if self.register.root().0 != signed.root.0 {
            return Err(Broken::Fork { size: signed.size }.of(Log::Register));
        }
        // The key of the log can sign another history from its first act on; the office is that act.
        if self.size() > 0 && self.register.office() != Some(of.office) {
            return Err(Broken::OtherOffice.of(Log::Register));
        }
        self.checkpoint = Some(checkpoint.to_owned());
        self.forget_erased_names();
        Ok(self)
    }

    /// Whether the names of entries that are here have to be fetched again.
    #[must_use]
    pub(crate) const fn wants_names(&self) -> bool {
        self.names_gone
    }

    /// Takes names; those that no hash in the register asks for do no harm. One that would not show as it is written stays unknown, and so does one that
    /// an act erased, whoever brings it.
    pub(crate) fn learn(&mut self, names: &[Name]) {
        self.names.learn(names);
        self.names.forget(|hash| self.register.name_erased(hash).is_some());
    }

    /// Whether the name of somebody whom this person may see is not here, and was not erased.
    #[must_use]
    pub(crate) fn lacks_a_name(&self, sight: &Sight) -> bool {
        let register = &self.register;
        let lacks = |name: &NameHash| self.names.salted(name).is_none() && register.name_erased(name).is_none();
        register.operators().any(|person| lacks(person.name()) && sight.may_name(register, person.code()))
    }

    fn forget_erased_names(&mut self) {
        self.names_erased |= self.names.forget(|hash| self.register.name_erased(hash).is_some());
    }

    /// Writes the cache. Names travel beside the log and may be erased at the ledger; here they are kept by their hash, and what an act erased is written
    /// over where it stood.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&mut self, home: &Home) -> Result<(), AdminError> {
        let Some(checkpoint) = &self.checkpoint else { return Ok(()) };
        home.write(ENTRIES, &join(&self.entries))?;
        if self.names_erased {
            // A crash leaves none: then they are fetched again.
            home.rename(NAMES, NAMES_BEFORE)?;
            self.names_erased = false;
        }
        home.write(NAMES, &self.names.to_json())?;
        home.dangerous_destroy(NAMES_BEFORE)?;
        home.write(CHECKPOINT, checkpoint.as_bytes())
    }

    /// Removes what [`Self::save`] wrote: it was not this home's register.
    ///
    /// # Errors
    /// When it stays.
    pub(crate) fn forget(home: &Home) -> Result<(), AdminError> {
        [CHECKPOINT, ENTRIES, NAMES].into_iter().try_for_each(|file| home.remove(file))?;
        home.dangerous_destroy(NAMES_BEFORE)
    }

    /// The note that the register is verified under; none for the empty one.
    #[must_use]
    pub(crate) fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// Whether this register continues what another desk saw.
    ///
    /// # Errors
    /// [`BrokenLog`] when it does not, or `note` is not signed by a key of the log.
    pub(crate) fn expect_continues(&self, note: &str, of: &RegisterOf) -> Result<(), BrokenLog> {
        let named = self.register.keys_in_force(Log::Register);
        let seen = named.as_ref().unwrap_or(&of.keys).open_earlier(note);
        let seen = seen.map_err(|error| Broken::Checkpoint(error).of(Log::Register))?;
        if seen.size > self.size() {
            return Err(Broken::Rollback { known: seen.size, shown: self.size() }.of(Log::Register));
        }
        let same = self.register.root_at(seen.size).is_some_and(|root| root.0 == seen.root.0);
        if same { Ok(()) } else { Err(Broken::Fork { size: seen.size }.of(Log::Register)) }
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

    /// The register as it was when the log had `size` entries; nothing for a size it has not reached. `from` is an earlier state of this
    /// very register, to go on from; one that is later than `size` is left aside.
    ///
    /// The entries were judged when they came into this program, so their signatures are not looked at again (register §R4.10).
    #[must_use]
    pub(crate) fn register_at(&self, size: u64, from: Option<Register>) -> Option<Register> {
        let mut register = from.filter(|register| register.size() <= size).unwrap_or_default();
        let first = usize::try_from(register.size()).ok()?;
        let missing = first..usize::try_from(size).ok()?;
        for (entry, folded) in self.entries.get(missing.clone())?.iter().zip(self.folded.get(missing)?) {
            // What was refused before is refused again, and changes nothing.
            let _ = register.fold_stored(entry, Concluded::of(folded));
        }
        Some(register)
    }

    /// The entries, with what became of each.
    pub(crate) fn acts(&self) -> impl DoubleEndedIterator<Item = (&[u8], &Result<Folded, FoldRefusal>)> {
        self.entries.iter().map(Vec::as_slice).zip(&self.folded)
    }

    /// The entry at this index, whatever the fold said of it.
    #[must_use]
    pub(crate) fn entry(&self, index: u64) -> Option<&[u8]> {
        self.entries.get(usize::try_from(index).ok()?).map(Vec::as_slice)
    }

    /// When the act at this index was made; nothing where no act was taken.
    #[must_use]
    pub(crate) fn made(&self, index: u64) -> Option<u64> {
        self.folded.get(usize::try_from(index).ok()?)?.as_ref().ok().map(|folded| folded.made)
    }

    /// The entry with this id, and its index.
    #[must_use]
    pub(crate) fn act(&self, id: &Hash) -> Option<(u64, &[u8])> {
        let index = self.folded.iter().position(|folded| folded.as_ref().is_ok_and(|folded| folded.id == *id))?;
        Some((index as u64, &self.entries[index]))
    }

    /// Where the act with this id lies, and what the fold said of it; one that it took counts before copies that it refused.
    #[must_use]
    pub(crate) fn outcome(&self, id: &Hash) -> Option<(u64, Result<(), FoldRefusal>)> {
        if let Some((index, _)) = self.act(id) {
            return Some((index, Ok(())));
        }
        let refused = self.entries.iter().zip(&self.folded).enumerate().rev();
        let is_it = |entry: &[u8]| SignedAct::decode(entry).is_ok_and(|signed| signed.id() == *id);
        let mut refused = refused.filter(|(_, (_, folded))| folded.is_err());
        let (index, (_, folded)) = refused.find(|(_, (entry, _))| is_it(entry))?;
        Some((index as u64, folded.clone().map(drop)))
    }

    /// The name behind a hash, if it is known and not erased.
    #[must_use]
    pub(crate) fn name(&self, hash: &NameHash) -> Option<&str> {
        self.names.look_up(hash)
    }

    /// The name behind a hash as it travels beside an act, if this home knows it.
    #[must_use]
    pub(crate) fn salted_name(&self, hash: &NameHash) -> Option<Name> {
        self.names.salted(hash)
    }

    /// The names, and which of them were looked up.
    #[must_use]
    pub(crate) const fn names(&self) -> &KnownNames {
        &self.names
    }

    /// A person's name and code, as people read it.
    #[must_use]
    pub(crate) fn person(&self, operator: &Code, language: Language) -> String {
        match self.register.name_hash(operator).and_then(|hash| self.name_or_erased(hash, language)) {
            Some(name) => format!("{name} ({operator})"),
            None => operator.to_string(),
        }
    }

    /// The name behind a hash, or that it was erased; nothing where it is not known.
    #[must_use]
    pub(crate) fn name_or_erased(&self, hash: &NameHash, language: Language) -> Option<&str> {
        let erased = match language {
            Language::English => "(name erased)",
            Language::Japanese => "(氏名消去)",
        };
        self.name(hash).or_else(|| self.register.name_erased(hash).map(|_| erased))
    }

    /// Of whom a name was looked up that an act erased: the person, and the act's index.
    #[must_use]
    pub(crate) fn erased_and_looked_up(&self) -> Vec<(&Code, u64)> {
        let missed = self.names.missed();
        let erased = self.register.operators().filter_map(|operator| {
            let name = operator.name();
            let act = self.register.name_erased(name).filter(|_| missed.contains(name))?;
            Some((operator.code(), act))
        });
        erased.collect()
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

#[cfg(test)]
pub(crate) mod tests;
