//! The register log and the casebook: every act folds, stands under its id, and has its names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sekisho_register::calendar::Month;
use sekisho_register::change::Log;
use sekisho_register::permission::{Asked, SetUp};
use sekisho_register::retention::Destroyed;
use sekisho_register::{Casebook, Change, Concluded, Ed25519Key, NameHash, Past, Register, SignedAct, names_of};
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::Retention;

use super::{Check, Extent, Fault};
use crate::acts::Name;
use crate::clock::Millis;
use crate::erasure;
use crate::error::LedgerError;
use crate::ingest::tree_hash;
use crate::log_keys::Seeds;
use crate::store::{Entry, LogName, Store, StoreError, StoredName, StoredOffice};

/// What the register log gives.
pub(super) struct Acts {
    /// Whether all of it could be read.
    pub(super) extent: Extent,
    /// Entries in it.
    pub(super) size: u64,
    /// What became of each.
    pub(super) concluded: Vec<Concluded>,
    /// Every key that a terminal ever had.
    pub(super) keys: HashMap<Code, Vec<Ed25519Key>>,
    /// The version that it requires.
    pub(super) required: u64,
    /// What acts set up under a permit, by index.
    set_up: Vec<(u64, SetUp)>,
    /// Acts that only the casebook could let pass, by index.
    asks_the_casebook: Vec<(u64, SignedAct)>,
    /// What acts destroy.
    pub(super) destroyed: Vec<Destroyed>,
    /// When the founding act was made, and when it would have expired.
    pub(super) founding: Option<(u64, u64)>,
}

impl Acts {
    /// Whether an act destroys what was made at `t`.
    pub(super) fn destroy(&self, class: Retention, t: Millis) -> bool {
        self.destroy_month(class, Month::of(t))
    }

    /// Whether an act destroys that month.
    pub(super) fn destroy_month(&self, class: Retention, month: Month) -> bool {
        self.destroyed.iter().any(|destroyed| destroyed.covers(class, month))
    }
}

/// The names that acts hash: log, index, hash.
type Named = BTreeSet<(LogName, u64, [u8; 32])>;

impl Check<'_> {
    pub(super) fn acts(&mut self, office: &StoredOffice) -> Result<Acts, LedgerError> {
        let (mut register, mut named) = (Register::new(), Named::new());
        let mut acts = Acts {
            extent: Extent::Partly,
            size: 0,
            concluded: Vec::new(),
            keys: HashMap::new(),
            required: 0,
            set_up: Vec::new(),
            asks_the_casebook: Vec::new(),
            destroyed: Vec::new(),
            founding: None,
        };
        let read = |check: &mut Self| check.register(office, &mut register, &mut acts, &mut named);
        let register_read = self.part(office, Some(LogName::Register), read)?.unwrap_or(Extent::Partly);
        (acts.extent, acts.size) = (register_read, register.size());
        acts.required = register.required_version().into();
        acts.destroyed = register.all_destroyed().to_vec();
        if register_read == Extent::Partly {
            return Ok(acts);
        }
        self.part(office, None, |check| check.keys_of_logs(office, &register))?;
        let read = |check: &mut Self| check.casebook(office, &register, &acts, &mut named);
        let casebook_read = self.part(office, Some(LogName::Casebook), read)?.unwrap_or(Extent::Partly);
        if casebook_read == Extent::Whole {
            self.part(office, None, |check| check.names(office, &register, named))?;
        }
        Ok(acts)
    }

    fn register(
        &mut self,
        office: &StoredOffice,
        register: &mut Register,
        acts: &mut Acts,
        named: &mut Named,
    ) -> Result<Extent, LedgerError> {
        // No act stands in the records log.
        self.rows(office, LogName::Records)?.keys().for_each(|index| {
            self.find(office.id, LogName::Records, *index, Fault::ActRow);
        });
        let mut rows = self.rows(office, LogName::Register)?;
        let extent = self.walk(office, LogName::Register, |check, index, entry| {
            check.act_entry(office, LogName::Register, index, entry, &mut rows);
            if index == 0 {
                let act = SignedAct::decode(&entry.payload).ok();
                acts.founding = act.map(|signed| (signed.act().made, signed.act().expires));
            }
            let signed = SignedAct::decode(&entry.payload).ok();
            let set_up = signed.as_ref().and_then(|signed| register.set_up(signed));
            let folded = register.fold(&entry.payload);
            acts.set_up.extend(set_up.filter(|_| folded.is_ok()).map(|set_up| (index, set_up)));
            acts.concluded.push(Concluded::of(&folded));
            match folded {
                Ok(folded) => {
                    let asks = folded.changes.iter().any(Change::asks_the_casebook);
                    acts.asks_the_casebook.extend(signed.filter(|_| asks).map(|signed| (index, signed)));
                    named.extend(names_of(&folded.changes).iter().map(|hash| (LogName::Register, index, hash.0)));
                    for change in &folded.changes {
                        if let Change::Terminal(terminal) = change {
                            acts.keys.entry(terminal.terminal.clone()).or_default().push(terminal.key);
                        }
                    }
                }
                Err(refusal) => check.find(office.id, LogName::Register, index, Fault::ActRefused(refusal)),
            }
            Ok(())
        })?;
        self.missing_acts(office, LogName::Register, &rows, extent);
        Ok(extent)
    }

    /// Each entry is judged by the register of its own size (register §R4.9).
    fn casebook(
        &mut self,
        office: &StoredOffice,
        register: &Register,
        acts: &Acts,
        named: &mut Named,
    ) -> Result<Extent, LedgerError> {
        let mut seen = Registers::new(self.store, office.id, &acts.concluded);
        let mut casebook = Casebook::of(register);
        let mut rows = self.rows(office, LogName::Casebook)?;
        let extent = self.walk(office, LogName::Casebook, |check, index, entry| {
            check.act_entry(office, LogName::Casebook, index, entry, &mut rows);
            if let Ok(signed) = SignedAct::decode(&entry.payload) {
                named.extend(names_of(&signed.act().changes).iter().map(|hash| (LogName::Casebook, index, hash.0)));
            }
            let judge = seen.at(casebook.judged_by(&entry.payload).min(register.size()))?;
            if let Err(refusal) = casebook.fold(judge, &entry.payload) {
                check.find(office.id, LogName::Casebook, index, Fault::ActRefused(refusal));
            }
            Ok(())
        })?;
        self.missing_acts(office, LogName::Casebook, &rows, extent);
        // Of a casebook that another one had to go on for nobody knows what it had permitted.
        if extent == Extent::Whole && register.successors(Log::Casebook).is_empty() {
            let mut before = Registers::new(self.store, office.id, &acts.concluded);
            for (index, signed) in &acts.asks_the_casebook {
                if let Err(refusal) = casebook.let_pass(before.at(*index)?, signed) {
                    self.find(office.id, LogName::Register, *index, Fault::ActRefused(refusal));
                }
            }
            for (index, set_up) in &acts.set_up {
                if let Err(refusal) = casebook.permits(set_up, Asked::Afterwards) {
                    self.find(office.id, LogName::Register, *index, Fault::ActRefused(refusal));
                }
            }
        }
        Ok(extent)
    }

    /// The ids of a log's acts by index. A second id for one index would keep the act that has it out: it counts as there already.
    fn rows(&mut self, office: &StoredOffice, log: LogName) -> Result<BTreeMap<u64, Hash>, LedgerError> {
        let mut rows = BTreeMap::new();
        for act in self.store.acts(&office.id, log)? {
            if rows.insert(act.index, act.id).is_some() {
                self.find(office.id, log, act.index, Fault::ActRow);
            }
        }
        Ok(rows)
    }

    /// The leaf of an act, and its row among the ids.
    fn act_entry(
        &mut self,
        office: &StoredOffice,
        log: LogName,
        index: u64,
        entry: &Entry,
        rows: &mut BTreeMap<u64, Hash>,
    ) {
        if leaf_hash(&entry.payload) != entry.leaf {
            self.find(office.id, log, index, Fault::LeafAltered);
        }
        if entry.key != 0 {
            self.find(office.id, log, index, Fault::PayloadAltered);
        }
        let id = SignedAct::decode(&entry.payload).ok().map(|act| tree_hash(&act.id()));
        if rows.remove(&index) != id {
            self.find(office.id, log, index, Fault::ActRow);
        }
    }

    fn missing_acts(&mut self, office: &StoredOffice, log: LogName, rows: &BTreeMap<u64, Hash>, extent: Extent) {
        if extent == Extent::Whole {
            rows.keys().for_each(|index| self.find(office.id, log, *index, Fault::ActRow));
        }
    }

    /// Every key that signs a log, or ever has, is one that was made here.
    fn keys_of_logs(&mut self, office: &StoredOffice, register: &Register) -> Result<(), LedgerError> {
        let seeds = Seeds::open(self.vault.master(), &office.seeds)?;
        for log in LogName::ALL {
            let made = seeds.keys(log, log.as_str())?;
            let is_made = |key: &Ed25519Key| made.iter().any(|(made, _)| made.verifying_key().to_bytes() == key.0);
            let named = register.log_keys(log.of_acts());
            if named.is_empty() || !named.iter().all(is_made) {
                self.find(office.id, LogName::Register, 0, Fault::OtherLogKeys);
                break;
            }
        }
        if register.founding().is_none_or(|found| found.keys.envelope.as_bytes() != self.envelope.public()) {
            self.find(office.id, LogName::Register, 0, Fault::OtherEnvelopeKey);
        }
        Ok(())
    }

    /// Every name is one that its act hashes; and every name that an act hashes is there, but those that an act erased, which are not.
    fn names(&mut self, office: &StoredOffice, register: &Register, mut expected: Named) -> Result<(), LedgerError> {
        let proposed = erasure::proposed(self.store, &office.id, register)?;
        let erased = register.erased_names().chain(proposed.iter().map(|(name, act)| (name, *act)));
        let erased: BTreeMap<[u8; 32], u64> = erased.map(|(name, act)| (name.0, act)).collect();
        for (hash, act) in &erased {
            if self.vault.name_key(&office.id, hash).is_some() {
                self.find(office.id, LogName::Register, *act, Fault::NameRemains { act: *act });
            }
        }
        for name in erasure::rows(self.store, &office.id)? {
            if !expected.remove(&(name.log, name.index, name.hash)) {
                self.find(office.id, name.log, name.index, Fault::NameStray);
            }
            if let Some(fault) = self.name_fault(office, &name, erased.get(&name.hash)) {
                self.find(office.id, name.log, name.index, fault);
            }
        }
        let missing = expected.into_iter().filter(|(_, _, hash)| !erased.contains_key(hash));
        missing.for_each(|(log, index, _)| self.find(office.id, log, index, Fault::NameMissing));
        Ok(())
    }

    fn name_fault(&self, office: &StoredOffice, name: &StoredName, erased: Option<&u64>) -> Option<Fault> {
        if let Some(act) = erased {
            return Some(Fault::NameRemains { act: *act });
        }
        let Some(key) = self.vault.name_key(&office.id, &name.hash) else { return Some(Fault::NameErasedWithoutAct) };
        let opened = Name::open(name, &key);
        let sound = opened.is_ok_and(|opened| NameHash::of(&opened.salt, &opened.text).0 == name.hash);
        (!sound).then_some(Fault::NameAltered)
    }
}

/// Registers of the sizes that records name.
pub(super) struct Registers<'a> {
    store: &'a dyn Store,
    office: OfficeId,
    /// What became of each entry when the log itself was walked: to look at every signature again for each would take a terminal's wrong records as long as it likes.
    concluded: &'a [Concluded],
    past: Past,
}

impl<'a> Registers<'a> {
    pub(super) fn new(store: &'a dyn Store, office: OfficeId, concluded: &'a [Concluded]) -> Self {
        Self { store, office, concluded, past: Past::default() }
    }

    /// The register of that size, which the log has.
    pub(super) fn at(&mut self, size: u64) -> Result<&Register, StoreError> {
        let (store, office, concluded) = (self.store, &self.office, self.concluded);
        self.past.at(size, |mut register, to| {
            while register.size() < to {
                let left = u32::try_from(to - register.size()).unwrap_or(u32::MAX).min(super::PAGE);
                let page = store.entries(office, LogName::Register, register.size(), left)?;
                if page.is_empty() {
                    return Err(StoreError::Damaged { what: "register log" });
                }
                for entry in &page {
                    let before = usize::try_from(register.size()).ok().and_then(|at| concluded.get(at));
                    // A refusal was found then; size and root advance all the same.
                    drop(register.fold_stored(&entry.payload, before.copied().unwrap_or(Concluded::NotUnderstood)));
                }
            }
            Ok(register)
        })
    }
}
