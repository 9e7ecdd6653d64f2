//! `fsck`: derives everything again from what is on the disk, and names the first entry that is not what it must be.
//!
//! Payload → leaf → tiles → head → signed checkpoint; batches → signatures → chains → cursors; acts → register; records → verdicts.

mod acts;
mod bearing;
mod beside;
mod carried;
mod records;
mod tree;
mod words;

use std::path::Path;
use std::sync::Arc;

use sekisho_register::calendar::Month;
use sekisho_register::{FoldRefusal, Mismatch};
use sekisho_tlog::{Checkpoint, VerifyingKey};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::Retention;

use crate::authority::Authority;
use crate::checkpoint::{CheckpointFile, Halt, HaltNote, signed_offices};
use crate::clock::Millis;
use crate::cold;
use crate::config::Config;
use crate::data::DataDir;
use crate::error::LedgerError;
use crate::keys::{EnvelopeKey, Keys};
use crate::log_keys::{Seeds, origin};
use crate::progress::Progress;
use crate::store::{Book, EmitterName, LogName, Store, StoreError, StoredOffice};
use crate::vault::Vault;

/// Something that is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In which office.
    pub office: OfficeId,
    /// In which log; nothing for what belongs to none.
    pub log: Option<LogName>,
    /// At which entry.
    pub index: Option<u64>,
    /// Of which history: emitter, epoch, seq.
    pub place: Option<(EmitterName, u32, u64)>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The office has signed checkpoints, and the database does not know it.
    OfficeGone,
    /// The log has stopped, and nobody has said that it may go on.
    Halted {
        /// Why.
        halt: Halt,
        /// Since when.
        at: Millis,
    },
    /// Entry or payload is gone.
    EntryMissing,
    /// There are entries after the end of the log.
    EntryBeyondHead,
    /// The database does not give it back: a torn page, a bad sector, a value that is none of ours. Nothing behind it was looked at.
    Unreadable {
        /// What the database says.
        cause: String,
    },
    /// The payload does not open: payload, leaf or key was altered.
    PayloadAltered,
    /// The payload's key is gone.
    KeyMissing,
    /// An act destroys that month, and its key can be unwrapped still.
    KeyRemains {
        /// Of which class.
        class: Retention,
        /// Of which month.
        month: Month,
    },
    /// The key of that month is destroyed, and no act says so.
    DestroyedWithoutAct {
        /// Its number.
        number: u32,
    },
    /// The payload was to be erased, and is there.
    PayloadRemains,
    /// The payload lies under the key of another class or month than the record's own: it goes with another month's destruction.
    Misfiled {
        /// That key's number.
        number: u32,
    },
    /// A payload key does not open: nothing that it sealed can be read.
    KeyDamaged {
        /// Its number.
        number: u32,
    },
    /// The leaf is not the hash of the payload.
    LeafAltered,
    /// A hash tile is not what the leaves give.
    TileAltered {
        /// Tile level.
        level: u8,
        /// Tile number.
        tile: u64,
    },
    /// There is a hash tile that the leaves do not give.
    TileStray {
        /// Tile level.
        level: u8,
        /// Tile number.
        tile: u64,
    },
    /// The head is not what the leaves give, or its size is not the frontier's.
    HeadAltered,
    /// There is no checkpoint file.
    CheckpointMissing,
    /// The checkpoint file is torn, altered, or signed by another key.
    CheckpointUnreadable,
    /// More was signed than there is.
    CheckpointAhead {
        /// Entries signed.
        signed: u64,
        /// Entries there.
        stored: u64,
    },
    /// The signed root is not what the leaves give.
    CheckpointRoot,
    /// Neither a batch nor the ledger's own history accounts for the entry.
    Unaccounted,
    /// The batch's header is not one, or not what stands beside it.
    BatchAltered,
    /// The batch is not signed by a key that the terminal ever had.
    BatchSignature,
    /// The batch does not follow the one before.
    BatchOrder,
    /// A terminal says that more of its earlier epoch was acknowledged than there is.
    AcknowledgedGone {
        /// Which epoch.
        epoch: u32,
        /// Records below this were acknowledged.
        acknowledged: u64,
        /// Records below this are there.
        stored: u64,
    },
    /// The chain is not the one that the terminal signed.
    ChainBroken,
    /// A cursor is not where the records end.
    CursorAltered {
        /// Where it stands.
        stored: u64,
        /// Where the records end.
        derived: u64,
    },
    /// The cursor's chain is not the records' one.
    CursorChain,
    /// A cursor without records, or records without a cursor.
    CursorUnpaired,
    /// The fold refuses the act.
    ActRefused(FoldRefusal),
    /// The act is not under its id, or a row names an act that is not there.
    ActRow,
    /// A name beside an act does not open or is not the one that was hashed.
    NameAltered,
    /// A name that the act hashes is not there.
    NameMissing,
    /// There is a name that no act hashes.
    NameStray,
    /// An act erased a name, and its key or its row is still there.
    NameRemains {
        /// That act's index in the register.
        act: u64,
    },
    /// The key of a name is gone, and no act says so.
    NameErasedWithoutAct,
    /// The batch came before the office was founded, more than a day before one that stands before it, or more than a day after all that
    /// stands behind it.
    BatchTime {
        /// When it came, as it is stored.
        received: Millis,
    },
    /// The office's founding does not fall into the days of its founding act.
    FoundedAltered {
        /// When it was founded, as it is stored.
        founded: Millis,
    },
    /// No used founding code holds the office's log keys.
    FoundingCode,
    /// Codes of a terminal, and records that say they were given out, are not as many.
    CodesMiscounted {
        /// The terminal.
        terminal: Code,
        /// Codes.
        codes: u64,
        /// Records.
        invited: u64,
    },
    /// Enrolments of a terminal, and records of them, are not as many.
    EnrolmentsMiscounted {
        /// The terminal.
        terminal: Code,
        /// Enrolments.
        enrolments: u64,
        /// Records.
        requested: u64,
    },
    /// A code is not the one that was given out: another secret, another end, or used when nobody enrolled by it.
    CodeAltered {
        /// The terminal.
        terminal: Code,
    },
    /// A code stands as one that nobody used, and somebody did: an older copy does not know it.
    CodeUnused {
        /// The terminal.
        terminal: Code,
    },
    /// An enrolment is not the one that was written down: another code, key or time.
    EnrolmentAltered {
        /// The terminal.
        terminal: Code,
    },
    /// The certificate of an enrolment is not one that the authority gave this terminal.
    CertificateAltered {
        /// The terminal.
        terminal: Code,
    },
    /// The envelope key is not the one that the founding act names: nothing that terminals send can be opened.
    OtherEnvelopeKey,
    /// The register names other log keys than those that sign.
    OtherLogKeys,
    /// The record's verdict is not what the rules give.
    Verdict(Mismatch),
    /// A card's signature that stands in an earlier record of this terminal (wire §6).
    SaltRepeated,
    /// A session that was opened before (wire §6).
    SessionRepeated,
    /// The record was made by a register that is longer than the log.
    RegisterAhead {
        /// Its size.
        size: u64,
    },
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Offices.
    pub offices: u64,
    /// Entries of all logs.
    pub entries: u64,
    /// Batches.
    pub batches: u64,
    /// Decisions that were made again.
    pub replayed: u64,
    /// Records that decode as none; alarmed when they came, and no damage.
    pub unreadable: u64,
    /// Records whose contents acts destroyed.
    pub destroyed: u64,
    /// Records of a newer version that say that they may be kept unread (wire §1.3).
    pub newer: u64,
    /// Records that terminals carried out of an earlier epoch (wire §7.5b).
    pub carried: u64,
    /// Those of them in whose own place another record stands: their terminal has two histories. Alarmed when they came, and no damage.
    pub contradicting: u64,
    /// What is wrong, in the order found; at most a hundred of each kind.
    pub findings: Vec<Finding>,
}

/// Checks a data directory, or one office of it, at `now` by the clock of whoever checks. The ledger may be running: what is checked is one consistent
/// view.
///
/// # Errors
/// When it cannot run: keys or database cannot be read, or there is no such office.
pub fn check(
    data: &DataDir,
    only: Option<&OfficeId>,
    now: Millis,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, LedgerError> {
    check_with(&Config::read(&data.config())?, data, data, only, now, progress)
}

/// Checks a copy that lies apart from what opens it: the keys are those of `keys`.
///
/// # Errors
/// As [`check`].
pub fn check_copy(
    copy: &DataDir,
    keys: &DataDir,
    now: Millis,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, LedgerError> {
    check_put_back(&Config::read(&copy.config())?, copy, keys, now, progress)
}

/// The same before it has a configuration of its own: without one it is not a ledger yet.
///
/// # Errors
/// As [`check`].
pub fn check_put_back(
    config: &Config,
    data: &DataDir,
    keys: &DataDir,
    now: Millis,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, LedgerError> {
    check_with(config, data, keys, None, now, progress)
}

fn check_with(
    config: &Config,
    data: &DataDir,
    keys: &DataDir,
    only: Option<&OfficeId>,
    now: Millis,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, LedgerError> {
    let book = config.book(data)?;
    let Keys { wrapping, envelope } = Keys::read(keys)?;
    let authority = Authority::read(keys)?;
    // Files first: the view of the database is younger then, and may only be ahead of them.
    let (signed, known) = (signed_offices(&data.checkpoints())?, known_before(&book)?);
    let files = Files::read(&data.checkpoints(), signed.iter().chain(&known))?;
    let opened = book.open_snapshot().and_then(|store| Ok((store.offices()?, store)));
    let (all, store) = match opened {
        Err(StoreError::Empty { .. }) if !signed.is_empty() => return Ok(all_of(&signed, &Fault::OfficeGone)),
        Err(error) if error.is_damage() && !signed.is_empty() => {
            return Ok(all_of(&signed, &Fault::Unreadable { cause: error.to_string() }));
        }
        other => other?,
    };
    let vault = Arc::new(Vault::empty(wrapping));
    let store = cold::view(store, config, data, Some(Arc::clone(&vault)))?;
    let mut check = Check {
        store: &*store,
        vault: &vault,
        name: &config.name,
        envelope: &envelope,
        authority: &authority,
        files,
        report: Report::default(),
        keys: Extent::Whole,
        total: 0,
        now,
        progress,
    };
    let chosen = |id: &OfficeId| only.is_none_or(|only| only == id);
    let gone: Vec<OfficeId> =
        signed.into_iter().filter(|id| chosen(id) && all.iter().all(|known| known.id != *id)).collect();
    let offices: Vec<&StoredOffice> = all.iter().filter(|office| chosen(&office.id)).collect();
    if let Some(office) = only.filter(|_| offices.is_empty() && gone.is_empty()) {
        return Err(LedgerError::Argument {
            name: "--office",
            cause: format!("{office} is not an office of this ledger"),
        });
    }
    check.total = total(check.store, &offices);
    check.tell();
    gone.into_iter().for_each(|office| check.note(Finding::of(office, Fault::OfficeGone)));
    if let Some(office) = offices.first() {
        // They are common to all offices; said once.
        let misfits = check.part(office, None, |check| Ok(check.store.misfits()?))?.unwrap_or_default();
        let faults = misfits.into_iter().map(|cause| Finding::of(office.id, Fault::Unreadable { cause }));
        faults.for_each(|finding| check.note(finding));
    }
    offices.into_iter().try_for_each(|office| check.office(office))?;
    check.tell();
    Ok(check.report)
}

/// How many entries there are to look at. A head that cannot be read is a finding when it is come to.
fn total(store: &dyn Store, offices: &[&StoredOffice]) -> u64 {
    let logs = offices.iter().flat_map(|office| LogName::ALL.map(|log| (office.id, log)));
    logs.filter_map(|(office, log)| store.frontier(&office, log).ok()).map(|head| head.size()).sum()
}

/// Nothing can be said but what was signed once.
fn all_of(signed: &[OfficeId], fault: &Fault) -> Report {
    let findings = signed.iter().map(|office| Finding::of(*office, fault.clone())).collect();
    Report { findings, ..Report::default() }
}

/// Offices that the database knows before the files are read.
fn known_before(book: &Book) -> Result<Vec<OfficeId>, LedgerError> {
    match book.open_snapshot().and_then(|before| before.offices()) {
        // What is damaged is found when it is looked at.
        Err(error) if error.is_damage() || matches!(error, StoreError::Empty { .. }) => Ok(Vec::new()),
        before => Ok(before?.into_iter().map(|office| office.id).collect()),
    }
}

/// The checkpoint files as they stood before the view of the database began.
struct Files {
    texts: std::collections::HashMap<(OfficeId, LogName), (Option<String>, u32)>,
    halts: Vec<(OfficeId, LogName, HaltNote)>,
}

impl Files {
    fn read<'a>(checkpoints: &Path, offices: impl Iterator<Item = &'a OfficeId>) -> Result<Self, LedgerError> {
        let mut files = Self { texts: std::collections::HashMap::new(), halts: Vec::new() };
        for office in offices.copied().collect::<std::collections::BTreeSet<_>>() {
            for log in LogName::ALL {
                let (file, generation) = CheckpointFile::newest(checkpoints, &office.to_string(), log);
                let text = file.read().map_err(LedgerError::file("read", file.path()))?;
                files.texts.insert((office, log), (text, generation));
                files.halts.extend(file.halted()?.map(|note| (office, log, note)));
            }
        }
        Ok(files)
    }
}

/// A check under way.
struct Check<'a> {
    store: &'a dyn Store,
    vault: &'a Vault,
    name: &'a str,
    envelope: &'a EnvelopeKey,
    authority: &'a Authority,
    files: Files,
    report: Report,
    /// Whether the payload keys of the office could be read.
    keys: Extent,
    /// Entries of all that is looked at, as far as its heads could be read at the beginning.
    total: u64,
    /// By the clock of whoever checks.
    now: Millis,
    progress: &'a mut dyn FnMut(Progress),
}

/// How much of something was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// As far as it could be read. What is derived from it would only say the same once more, so it is left out.
    Partly,
}

impl Finding {
    /// One that belongs to no log.
    const fn of(office: OfficeId, fault: Fault) -> Self {
        Self { office, log: None, index: None, place: None, fault }
    }
}

impl Check<'_> {
    /// Each part by itself: what cannot be read in one is a finding, and the next is looked at all the same.
    fn office(&mut self, office: &StoredOffice) -> Result<(), LedgerError> {
        self.report.offices += 1;
        self.halts(office);
        let keys = self.part(office, None, |check| check.keys(office))?;
        self.keys = if keys.is_some() { Extent::Whole } else { Extent::Partly };
        let folded = self.acts(office)?;
        self.part(office, None, |check| check.destroyed(office, &folded))?;
        let enrolled = self.part(office, Some(LogName::Records), |check| check.records(office, &folded))?.flatten();
        self.part(office, None, |check| check.founding(office, &folded))?;
        self.part(office, None, |check| check.codes(office, &folded, enrolled.as_ref())).map(drop)
    }

    /// What a part gives; nothing, and a finding, when the database does not give back what was written.
    fn part<T>(
        &mut self,
        office: &StoredOffice,
        log: Option<LogName>,
        look: impl FnOnce(&mut Self) -> Result<T, LedgerError>,
    ) -> Result<Option<T>, LedgerError> {
        match look(self) {
            Err(LedgerError::Store(error)) if error.is_damage() => {
                let fault = Fault::Unreadable { cause: error.to_string() };
                self.note(Finding { log, ..Finding::of(office.id, fault) });
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    fn halts(&mut self, office: &StoredOffice) {
        let halts = self.files.halts.iter().filter(|(of, _, _)| *of == office.id);
        let halts: Vec<_> = halts.map(|(_, log, note)| (*log, note.halt, note.at)).collect();
        for (log, halt, at) in halts {
            let (log, fault) = (Some(log), Fault::Halted { halt, at });
            self.note(Finding { log, ..Finding::of(office.id, fault) });
        }
    }

    fn find(&mut self, office: OfficeId, log: LogName, index: u64, fault: Fault) {
        self.note(Finding { office, log: Some(log), index: Some(index), place: None, fault });
    }

    fn note(&mut self, finding: Finding) {
        self.report.note(finding);
    }

    fn looked_at_entry(&mut self) {
        self.report.entries += 1;
        if self.report.entries.is_multiple_of(PROGRESS_EVERY) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        (self.progress)(Progress { done: self.report.entries, of: Some(self.total) });
    }

    /// The signed checkpoint of a log, if its file holds one; a finding if not.
    fn signed(&mut self, office: &StoredOffice, log: LogName, end: u64) -> Result<Option<Checkpoint>, LedgerError> {
        let last = end.saturating_sub(1);
        let (text, generation) = match self.files.texts.get(&(office.id, log)) {
            // Founded after the files were read.
            None => return Ok(None),
            Some((None, _)) => {
                self.find(office.id, log, last, Fault::CheckpointMissing);
                return Ok(None);
            }
            Some((Some(text), generation)) => (text, *generation),
        };
        let origin = origin(self.name, &office.id, log, generation);
        let keys = Seeds::open(self.vault.master(), &office.seeds)?.keys(log, &origin)?;
        let keys: Vec<VerifyingKey> = keys.iter().map(|(key, _)| key.verifying_key()).collect();
        match Checkpoint::open_cosigned(text, &keys, &[]).map(|opened| opened.checkpoint) {
            Ok(signed) if signed.size > end => {
                let fault = Fault::CheckpointAhead { signed: signed.size, stored: end };
                self.find(office.id, log, last, fault);
                Ok(None)
            }
            Ok(signed) => Ok(Some(signed)),
            Err(_) => {
                self.find(office.id, log, last, Fault::CheckpointUnreadable);
                Ok(None)
            }
        }
    }
}

/// Some fifty milliseconds.
const PROGRESS_EVERY: u64 = 5_000;
const PAGE: u32 = 1000;
