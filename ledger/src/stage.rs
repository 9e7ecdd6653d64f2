//! What one commit is going to change, and the book as it will look then: every plan of a group sees those before it.

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_register::{Casebook, Register};
use sekisho_tlog::tile::{TILE_HEIGHT, TILE_WIDTH};
use sekisho_tlog::{Frontier, Hash, leaf_hash};
use sekisho_wire::id::{BootId, OfficeId, Salt};
use sekisho_wire::record::{Body, Emitter, RECORD_VERSION, Record, Retention};

use crate::checkpoint::Halt;
use crate::clock::{Millis, boot_id, legal_month, since_boot};
use crate::error::LedgerError;
use crate::office::Office;
use crate::payload::RecordKey;
use crate::store::{
    Append, Change, Cursor, CursorMove, EmitterName, Entry, LogName, Store, StoreError, StoredKey, TileGrowth,
};
use crate::vault::{KeyName, PayloadKey, Vault};
use crate::world::Offices;

/// Heads of logs as the writer last saw them in the store.
#[derive(Debug, Default)]
pub struct Heads {
    frontiers: HashMap<(OfficeId, LogName), Frontier>,
}

/// A commit in the making.
pub struct Stage<'a> {
    store: &'a dyn Store,
    offices: &'a Offices,
    vault: &'a Vault,
    heads: &'a mut Heads,
    change: Change,
    cursors: HashMap<(OfficeId, EmitterName, u32), Cursor>,
    registers: HashMap<OfficeId, Arc<Register>>,
    casebooks: HashMap<OfficeId, Arc<Casebook>>,
    made: Vec<(StoredKey, Option<Arc<RecordKey>>)>,
    /// The log that is being filled again.
    filling: Option<(OfficeId, LogName)>,
    /// Where records of the ledger's own will stand.
    own: Vec<(OfficeId, u64)>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(store: &'a dyn Store, offices: &'a Offices, vault: &'a Vault, heads: &'a mut Heads) -> Self {
        Self {
            store,
            offices,
            vault,
            heads,
            change: Change::default(),
            cursors: HashMap::new(),
            registers: HashMap::new(),
            casebooks: HashMap::new(),
            made: Vec::new(),
            filling: None,
            own: Vec::new(),
        }
    }

    /// Does something that puts back what was signed before: a log that has stopped for the want of it takes it.
    pub(crate) fn filling<T>(&mut self, office: &OfficeId, log: LogName, work: impl FnOnce(&mut Self) -> T) -> T {
        self.filling = Some((*office, log));
        let done = work(self);
        self.filling = None;
        done
    }

    /// Whether what is staged was signed before.
    #[must_use]
    pub(crate) const fn is_filling(&self) -> bool {
        self.filling.is_some()
    }

    /// What is committed; nothing of this stage is in it.
    #[must_use]
    pub const fn store(&self) -> &'a dyn Store {
        self.store
    }

    /// The change, for rows that need nothing else.
    pub const fn change(&mut self) -> &mut Change {
        &mut self.change
    }

    /// Where a log will end.
    ///
    /// # Errors
    /// When the store fails.
    pub fn size(&mut self, office: &OfficeId, log: LogName) -> Result<u64, StoreError> {
        if let Some(append) = self.change.appends.iter().find(|append| append.office == *office && append.log == log) {
            return Ok(append.frontier.size());
        }
        Ok(self.head(office, log)?.size())
    }

    fn head(&mut self, office: &OfficeId, log: LogName) -> Result<Frontier, StoreError> {
        let place = (*office, log);
        if let Some(frontier) = self.heads.frontiers.get(&place) {
            return Ok(frontier.clone());
        }
        // An office that this very commit founds is not in the store yet.
        let founded_here = self.change.offices.iter().any(|founded| founded.id == *office);
        let frontier = if founded_here { Frontier::new() } else { self.store.frontier(office, log)? };
        self.heads.frontiers.insert(place, frontier.clone());
        Ok(frontier)
    }

    /// Puts entries at the end of a log.
    ///
    /// # Errors
    /// When the log has stopped or waits, or its head cannot be read; nothing is staged then.
    pub fn append(&mut self, office: &OfficeId, log: LogName, mut entries: Vec<Entry>) -> Result<(), StoreError> {
        let given_up =
            |known: &Office, register: Arc<Register>| register.generation(log.of_acts()) > known.log(log).generation();
        if let Some(known) = self.offices.find(office)
            && self.register(office).is_some_and(|register| given_up(&known, register))
        {
            // Another goes on in its place: not even what is filled in again belongs here.
            return Err(StoreError::Halted { log, halt: Halt::Succeeded });
        }
        if self.filling != Some((*office, log))
            && let Some(known) = self.offices.find(office)
        {
            if let Some(halt) = known.log(log).halted() {
                return Err(StoreError::Halted { log, halt });
            }
            if let Some(awaited) = known.awaited() {
                return Err(StoreError::Hears(awaited));
            }
            if let Some(awaited) = known.witness_hearing().awaited() {
                return Err(StoreError::Hears(awaited));
            }
        }
        self.leave_out_destroyed(office, &mut entries);
        let staged = self.change.appends.iter().position(|append| append.office == *office && append.log == log);
        let at = match staged {
            Some(at) => at,
            None => {
                let frontier = self.head(office, log)?;
                let (from, tiles) = (frontier.size(), Vec::new());
                self.change.appends.push(Append { office: *office, log, from, entries: Vec::new(), tiles, frontier });
                self.change.appends.len() - 1
            }
        };
        let append = &mut self.change.appends[at];
        for entry in &entries {
            append.frontier.append_with(entry.leaf, &mut |level, index, hash| {
                append.tiles.extend(growth(level, index, hash));
            });
        }
        append.entries.extend(entries);
        Ok(())
    }

    /// Whether the payload key of this number was destroyed.
    pub(crate) fn is_destroyed(&self, office: &OfficeId, key: u32) -> bool {
        self.vault.destroyed(office, key).is_some()
    }

    /// What terminals bring again of a month that was destroyed meanwhile keeps its leaf alone.
    fn leave_out_destroyed(&self, office: &OfficeId, entries: &mut [Entry]) {
        // A batch has records of a class or two and of a month.
        let mut last = (0, false);
        for entry in entries.iter_mut().filter(|entry| entry.key != 0) {
            if last.0 != entry.key {
                last = (entry.key, self.is_destroyed(office, entry.key));
            }
            if last.1 {
                entry.payload.clear();
            }
        }
    }

    /// Where an emitter's history will stand.
    ///
    /// # Errors
    /// When the store fails.
    pub fn cursor(&self, office: &OfficeId, emitter: &EmitterName, epoch: u32) -> Result<Option<Cursor>, StoreError> {
        match self.cursors.get(&(*office, emitter.clone(), epoch)) {
            Some(cursor) => Ok(Some(*cursor)),
            None if self.change.offices.iter().any(|founded| founded.id == *office) => Ok(None),
            None => self.store.cursor(office, emitter, epoch),
        }
    }

    /// Moves an emitter's history on.
    pub fn move_cursor(&mut self, step: CursorMove) {
        self.cursors.insert((step.office, step.emitter.clone(), step.epoch), step.after);
        let same = |other: &&mut CursorMove| {
            other.office == step.office && other.emitter == step.emitter && other.epoch == step.epoch
        };
        match self.change.cursors.iter_mut().find(same) {
            Some(earlier) => earlier.after = step.after,
            None => self.change.cursors.push(step),
        }
    }

    /// The register as it will be.
    #[must_use]
    pub fn register(&self, office: &OfficeId) -> Option<Arc<Register>> {
        let staged = self.registers.get(office).cloned();
        staged.or_else(|| self.offices.find(office).map(|office| office.register()))
    }

    /// The casebook as it will be.
    #[must_use]
    pub fn casebook(&self, office: &OfficeId) -> Option<Arc<Casebook>> {
        let staged = self.casebooks.get(office).cloned();
        staged.or_else(|| self.offices.find(office).map(|office| office.casebook()))
    }

    /// The register that holds once this is committed.
    pub fn set_register(&mut self, office: OfficeId, register: Arc<Register>) {
        self.registers.insert(office, register);
    }

    /// The casebook that holds once this is committed.
    pub fn set_casebook(&mut self, office: OfficeId, casebook: Arc<Casebook>) {
        self.casebooks.insert(office, casebook);
    }

    /// The payload key of that name; made with this commit when there is none.
    pub fn payload_key(&mut self, name: KeyName) -> PayloadKey {
        if let Some(key) = self.vault.named(&name) {
            return key;
        }
        let (office, class, month) = name;
        let of_office = || self.made.iter().filter(move |(stored, _)| stored.office == office);
        let staged = of_office().find(|(stored, _)| stored.class == class && stored.month == month);
        if let Some((stored, key)) = staged {
            return PayloadKey { number: stored.number, key: key.clone() };
        }
        let (stored, key) = self.vault.make(name, of_office().count());
        let number = stored.number;
        self.change.keys.push(stored.clone());
        self.made.push((stored, key.clone()));
        PayloadKey { number, key }
    }

    /// Writes a record of the ledger's own.
    ///
    /// # Errors
    /// When it is longer than a record may be, or the store fails; nothing is staged then.
    pub fn emit(&mut self, office: &OfficeId, body: Body, now: Millis) -> Result<(), StoreError> {
        let before = self.cursor(office, &EmitterName::Ledger, LEDGER_EPOCH)?;
        let seq = before.map_or(0, |cursor| cursor.next);
        let (_, kind) = body.kind();
        let record = own_record(office, seq, body, now);
        // Whoever waits for it must not go on as if it stood there.
        let bytes = record.encode().map_err(|_| StoreError::RecordTooLong { kind })?;
        let key = self.payload_key((*office, class_number(record.retention), legal_month(now)));
        if key.key.is_none() {
            // The clock has gone back by years: what nobody could read must not pass for written down.
            return Err(StoreError::MonthDestroyed);
        }
        let entry = key.entry(leaf_hash(&bytes), &bytes);
        let index = self.size(office, LogName::Records)?;
        self.append(office, LogName::Records, vec![entry])?;
        self.own.push((*office, index));
        let after = Cursor { next: seq + 1, chain: NO_CHAIN };
        let emitter = EmitterName::Ledger;
        self.move_cursor(CursorMove { office: *office, emitter, epoch: LEDGER_EPOCH, before, after });
        Ok(())
    }

    /// What is left of a log that has stopped (`Log::left`).
    pub(crate) fn left(&self, office: &OfficeId, log: LogName) -> Option<(u64, Hash, u64)> {
        self.offices.find(office)?.log(log).left()
    }

    pub(crate) fn halted(&self, office: &OfficeId, log: LogName) -> Option<Halt> {
        self.offices.find(office)?.log(log).halted()
    }

    /// Commits, and then lets everybody see what is durable.
    pub(crate) fn commit(self) -> Result<Wrote, StoreError> {
        if self.change.is_empty() {
            return Ok(Wrote::Nothing);
        }
        self.store.commit(&self.change)?;
        for (stored, key) in self.made {
            match key {
                Some(key) => self.vault.add(&stored, key),
                None => self.vault.take_destroyed(&stored),
            }
        }
        for (id, register) in &self.registers {
            let Some(office) = self.offices.find(id) else { continue };
            let taken = office.take_keys(self.store, self.vault.master(), register);
            let failed = |error: LedgerError| {
                if let LedgerError::Store(error) = error {
                    return error;
                }
                StoreError::Database { act: "take over a log key", cause: error.to_string() }
            };
            taken.map_err(failed)?;
        }
        for append in self.change.appends {
            if let Some(office) = self.offices.find(&append.office) {
                office.log(append.log).set_committed(append.frontier.clone());
                let to_keep = |log: LogName, index: u64| match log {
                    LogName::Records => self.own.contains(&(office.id, index)),
                    LogName::Casebook => true,
                    // Terminals have it anyway.
                    LogName::Register => false,
                };
                let places = (append.from..append.frontier.size()).map(|index| (append.log, index));
                office.to_keep().wrote(places.filter(|(log, index)| to_keep(*log, *index)));
            }
            self.heads.frontiers.insert((append.office, append.log), append.frontier);
        }
        for (id, register) in self.registers {
            self.offices.find(&id).into_iter().for_each(|office| office.set_register(Arc::clone(&register)));
        }
        for (id, casebook) in self.casebooks {
            self.offices.find(&id).into_iter().for_each(|office| office.set_casebook(Arc::clone(&casebook)));
        }
        Ok(Wrote::Something)
    }
}

/// What a commit that did not fail came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// It was empty: nothing is known of the disk.
    Nothing,
    /// It is durable.
    Something,
}

/// The class's number (wire §3).
#[must_use]
pub const fn class_number(retention: Retention) -> u8 {
    match retention {
        Retention::Access => 1,
        Retention::Operation => 2,
        Retention::Administration => 3,
    }
}

/// What a tile gains by a completed node: only every eighth level stands in tiles, and level 0 stands with the entries.
pub(crate) fn growth(level: u8, index: u64, hash: Hash) -> Option<TileGrowth> {
    if level == 0 || !level.is_multiple_of(TILE_HEIGHT) {
        return None;
    }
    let width = u64::from(TILE_WIDTH);
    let at = u16::try_from(index % width).unwrap_or(0);
    Some(TileGrowth { level: level / TILE_HEIGHT, index: index / width, at, hash })
}

pub(crate) fn own_record(office: &OfficeId, seq: u64, body: Body, now: Millis) -> Record {
    Record {
        version: RECORD_VERSION,
        critical: true,
        emitter: Emitter::Ledger,
        office: *office,
        epoch: LEDGER_EPOCH,
        seq,
        boot: BootId(*boot_id()),
        salt: Salt(crate::random::bytes()),
        retention: body.retention(),
        wall: now,
        trusted: now,
        monotonic: since_boot(),
        body,
    }
}

/// The ledger has one history: its cursor moves in the same commit as its records, so it never loses count.
pub const LEDGER_EPOCH: u32 = 0;
/// The ledger's own records need no chain: nobody carries them.
pub const NO_CHAIN: Hash = Hash([0; 32]);
