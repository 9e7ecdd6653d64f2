//! What people bring and take at the ledger: acts, foundings, proofs, records.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use sekisho_register::change::CaseId;
use sekisho_register::taking::{NotCovered, Taking};
use sekisho_register::{NameHash, SignedAct};
use sekisho_tlog::{Hash, inclusion_proof};
use sekisho_wire::id::{CaseReference, OfficeId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Record};

use crate::acts::{self, Founder, Name, Placed};
use crate::clock::Millis;
use crate::code::CodeSecret;
use crate::index::Question;
use crate::ledger::Ledger;
use crate::line::Lane;
use crate::locks::lock;
use crate::office::Office;
use crate::refusal::{CodeFault, Refusal};
use crate::search::Found;
use crate::signed_log::{Published, Surroundings};
use crate::store::{LogName, StoredName, StoredOffice, StoredTree};
use crate::terminals::unproved;

/// An act's place with its proof.
#[derive(Debug)]
pub struct Proved {
    /// In which log.
    pub log: LogName,
    /// At which index.
    pub index: u64,
    /// The inclusion proof.
    pub proof: Vec<Hash>,
    /// Under this checkpoint.
    pub checkpoint: Arc<Published>,
}

impl Ledger {
    /// Takes an act; answers when it lies under a checkpoint. Blocks.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn submit(&self, office: &OfficeId, entry: Vec<u8>, names: Vec<Name>) -> Result<(Placed, u64), Refusal> {
        let now = self.clock.now();
        let office = self.office(office)?;
        if let Some(halt) = office.log(LogName::Register).halted() {
            return Err(Refusal::Halted { cause: format!("{}: {halt}", LogName::Register) });
        }
        let (id, vault) = (office.id, Arc::clone(&self.vault));
        // Anybody can send what stands already, and as often as he likes: the writer is not asked.
        if let Some(placed) = acts::standing(&*self.store, &office, &entry)? {
            return self.answered(&office, placed);
        }
        // Whatever the register in force refuses never waits for the writer: strangers cost the others no commit.
        let judged = acts::judge(&*self.store, &office, &entry, &names, now);
        let judged = judged.inspect_err(|refused| self.note_refused_act(&office, &entry, refused, now))?;
        let (bytes, judge) = (entry.clone(), judged.judge());
        let placed = self.writer.run(Lane::Pressing(id), Some(act_exclusive(&id)), move |stage| {
            acts::plan(stage, &id, judge.as_deref(), &entry, &names, &vault, now)
        })?;
        drop(judged);
        let placed = placed.inspect_err(|refused| self.note_refused_act(&office, &bytes, refused, now))?;
        self.answered(&office, placed)
    }

    fn answered(&self, office: &Office, placed: Placed) -> Result<(Placed, u64), Refusal> {
        let published = self.publish(office, placed.log)?;
        if placed.log == LogName::Register {
            self.note_recovery(office, placed.index);
        }
        Ok((placed, published.size))
    }

    /// What may be taken away now under that number (S3 33, S4 21; register §R11.11).
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] when it is not that of a request that the owning section, the system manager and the data protection manager have
    /// granted, or when its use has ended.
    pub fn permitted(&self, office: &OfficeId, number: &CaseReference) -> Result<Taking, Refusal> {
        let casebook = self.office(office)?.casebook();
        let case = number.as_str().parse::<CaseId>().ok().and_then(|id| casebook.case(&id).cloned());
        let case = case.ok_or(Refusal::NotPermitted(NotCovered::NotGranted))?;
        Taking::of(&case, self.clock.now()).map_err(Refusal::NotPermitted)
    }

    /// Whether logs may be taken away as a whole under that number, for nothing that could be verified is one section's part of a log; without one they are only
    /// looked at.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn permit_logs(
        &self,
        office: &OfficeId,
        permission: Option<&CaseReference>,
    ) -> Result<Option<Taking>, Refusal> {
        let taking = permission.map(|number| self.permitted(office, number)).transpose()?;
        if let Some(taking) = &taking {
            taking.covers_logs().map_err(Refusal::NotPermitted)?;
        }
        Ok(taking)
    }

    /// Whether this bundle of entries may be taken away. One of records has to lie in the days that are permitted, with two days before them, in which sessions
    /// were opened that went on, and with what a bundle has besides.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`]; when the store fails.
    pub fn permit_bundle(
        &self,
        office: &OfficeId,
        permission: Option<&CaseReference>,
        log: LogName,
        entries: Range<u64>,
    ) -> Result<(), Refusal> {
        let Some(taking) = self.permit_logs(office, permission)?.filter(|_| log == LogName::Records) else {
            return Ok(());
        };
        let (first, end) = taking.period();
        let first = first.saturating_sub(SESSIONS_BEFORE);
        let records = entries.clone().filter_map(|index| Record::decode(&self.record_bytes(office, index).ok()?).ok());
        let times: Vec<Millis> = records.map(|record| record.trusted).collect();
        // What a terminal kept for days came with the others.
        let came = || {
            let batches = self.batches_around(office, entries.start, entries.end.saturating_sub(entries.start))?;
            Ok::<_, Refusal>(batches.iter().any(|batch| batch.received >= first))
        };
        let later = !times.is_empty() && times.iter().all(|at| *at >= end);
        let earlier = !times.is_empty() && times.iter().all(|at| *at < first) && !came()?;
        let other = NotCovered::OtherDays { from: taking.from, to: taking.to };
        if later || earlier { Err(Refusal::NotPermitted(other)) } else { Ok(()) }
    }

    /// The question whose answer may be taken away, and what it is narrowed to ([`Self::narrow`]); without a number it is only looked at. One that leaves a side
    /// of the period open asks for what is permitted on that side; one that names days outside, or a terminal that never stood in the section, is refused.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`].
    pub fn permit_search(
        &self,
        office: &OfficeId,
        permission: Option<&CaseReference>,
        question: Question,
    ) -> Result<(Question, Option<Taking>), Refusal> {
        let Some(number) = permission else { return Ok((question, None)) };
        let taking = self.permitted(office, number)?;
        let (first, end) = taking.period();
        let (since, until) = (question.since.unwrap_or(first), question.until.unwrap_or(end));
        taking.covers(since, until).map_err(Refusal::NotPermitted)?;
        let register = self.office(office)?.register();
        if question.terminal.as_ref().is_some_and(|terminal| !taking.covers_terminal(&register, terminal)) {
            return Err(Refusal::NotPermitted(NotCovered::OtherSection));
        }
        Ok((Question { since: Some(since), until: Some(until), ..question }, Some(taking)))
    }

    /// Leaves of what was found what may be taken away: records that terminals wrote in the section, and what is missing of those. A row that does not open says
    /// nothing of anybody, and stays.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn narrow(&self, office: &OfficeId, taking: &Taking, found: &mut Found) -> Result<(), Refusal> {
        let register = self.office(office)?.register();
        found.rows.retain(|(_, record)| {
            let record = record.as_ref().and_then(|bytes| Record::decode(bytes).ok());
            record.is_none_or(|record| taking.covers_record(&register, &record).is_ok())
        });
        let rows: BTreeSet<u64> = found.rows.iter().map(|(index, _)| *index).collect();
        found.carried.retain(|index, _| rows.contains(index));
        found.behind.retain(|behind| taking.covers_terminal(&register, &behind.terminal));
        found.missing.ranges.retain(|missing| taking.covers_terminal(&register, &missing.terminal));
        Ok(())
    }

    /// Whether this record may be taken away; without a number it is only looked at.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`]; as [`Self::record_bytes`].
    pub fn permit_record(
        &self,
        office: &OfficeId,
        permission: Option<&CaseReference>,
        index: u64,
    ) -> Result<(), Refusal> {
        let Some(number) = permission else { return Ok(()) };
        let taking = self.permitted(office, number)?;
        let record = Record::decode(&self.record_bytes(office, index)?);
        let record = record.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?;
        taking.covers_record(&self.office(office)?.register(), &record).map_err(Refusal::NotPermitted)
    }

    /// The cases that the casebook's entry at `index` opened.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an office that is not here.
    pub fn cases_at(&self, office: &OfficeId, index: u64) -> Result<Vec<CaseId>, Refusal> {
        let casebook = self.office(office)?.casebook();
        Ok(casebook.cases().filter(|case| case.opened.index == index).map(|case| case.id).collect())
    }

    /// Writes down that the fold refused an act, if not too many were lately: attempts are seen, and fill no log.
    fn note_refused_act(&self, office: &Office, entry: &[u8], refused: &Refusal, now: Millis) {
        let Refusal::Act(refused) = refused else { return };
        if self.strangers.may_note(office.id, now) {
            let act = acts::refused_act(&office.register(), entry, refused, now);
            let terminal = acts::signing_terminal(entry);
            self.alarm(&office.id, Alarm { kind: AlarmKind::ActRefused, terminal, epoch: None, seq: None, act });
        }
    }

    /// Founds an office. Blocks.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn found(&self, secret: CodeSecret, entry: Vec<u8>, names: Vec<Name>) -> Result<(OfficeId, u64), Refusal> {
        let now = self.clock.now();
        if self.store.code(&secret.hash())?.is_none() {
            return Err(Refusal::CodeRefused(CodeFault::Unknown));
        }
        let (name, envelope) = (self.config.name.clone(), self.envelope.public().to_vec());
        let vault = Arc::clone(&self.vault);
        let id = self.writer.run(Lane::Nobodys, Some(FOUNDING), move |stage| {
            let founder = Founder { name: &name, envelope: &envelope, vault: &vault };
            acts::plan_founding(stage, &secret, &entry, &names, founder, now)
        })??;
        let office = self.bring_up(&id)?;
        for log in LogName::ALL {
            self.publish(&office, log)?;
        }
        Ok((id, office.log(LogName::Register).published()?.size))
    }

    /// The office at run time; the first who asks brings it up. Twice would be two memories of one signature.
    fn bring_up(&self, id: &OfficeId) -> Result<Arc<Office>, Refusal> {
        let _alone = lock(&self.founding);
        if let Some(office) = self.offices.find(id) {
            return Ok(office);
        }
        let stored: Option<StoredOffice> = self.store.offices()?.into_iter().find(|office| office.id == *id);
        let stored = stored.ok_or(Refusal::NotFound("office"))?;
        let (checkpoints, memory) = (self.places.checkpoints.as_path(), &self.places.memory);
        let (vault, now) = (&*self.vault, self.clock.now());
        let around = Surroundings { checkpoints, memory, vault, hear: Some(0), hear_witnesses: 0, now };
        let office = Office::open(&*self.store, &stored, around);
        let office = Arc::new(office.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?);
        self.offices.add(Arc::clone(&office));
        Ok(office)
    }

    /// Where an act stands, proved.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn act_proof(&self, office: &OfficeId, id: &Hash) -> Result<Proved, Refusal> {
        let office = self.office(office)?;
        let act = self.store.act(&office.id, id)?.ok_or(Refusal::NotFound("act"))?;
        self.prove(&office, act.log, act.index)
    }

    /// The names beside these entries, as far as they are still there and open.
    ///
    /// # Errors
    /// When the store fails.
    pub fn names_beside(&self, office: &OfficeId, log: LogName, entries: Range<u64>) -> Result<Vec<Name>, Refusal> {
        Ok(self.open_names(self.store.names(office, log, entries.start, entries.end)?))
    }

    pub(crate) fn open_names(&self, stored: impl IntoIterator<Item = StoredName>) -> Vec<Name> {
        let opened = stored.into_iter().filter_map(|name| {
            // One that was erased, in a row that is still to go, or whose key is.
            let register = self.offices.find(&name.office)?.register();
            if register.name_erased(&NameHash(name.hash)).is_some() {
                return None;
            }
            let key = self.vault.name_key(&name.office, &name.hash)?;
            let opened = Name::open(&name, &key);
            let said = |_: &_| log::error!("a name beside entry {} of the {} does not open", name.index, name.log);
            opened.inspect_err(said).ok()
        });
        opened.collect()
    }

    /// An entry's inclusion under the newest checkpoint.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it does not lie under it.
    pub fn prove(&self, office: &Office, log: LogName, index: u64) -> Result<Proved, Refusal> {
        let checkpoint = office.log(log).published()?;
        if index >= checkpoint.size {
            return Err(Refusal::NotFound("entry"));
        }
        let tree = StoredTree { store: &*self.store, office: office.id, log };
        let proof = inclusion_proof(&tree, index, checkpoint.size).map_err(unproved)?;
        Ok(Proved { log, index, proof, checkpoint })
    }

    /// The bytes of a record.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Destroyed`]; [`Refusal::Unavailable`] when its key is gone or its payload does not open.
    pub fn record_bytes(&self, office: &OfficeId, index: u64) -> Result<Vec<u8>, Refusal> {
        let entries = self.store.entries(office, LogName::Records, index, 1)?;
        let entry = entries.first().ok_or(Refusal::NotFound("record"))?;
        if let Some(destroyed) = self.refuse_destroyed(office, index, entry.key) {
            return Err(destroyed);
        }
        let key = self.vault.numbered(office, entry.key);
        let opened = key.and_then(|key| key.open_payload(&entry.leaf.0, &entry.payload).ok());
        let opened = opened
            .ok_or_else(|| Refusal::Unavailable { cause: format!("the payload of record {index} does not open") })?;
        Ok(opened.to_vec())
    }
}

/// Acts of one office are judged one after the other, each on what the one before left durable.
fn act_exclusive(office: &OfficeId) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    ("act", office).hash(&mut hasher);
    hasher.finish()
}

/// The id of an act, for answers; nothing when it is none.
#[must_use]
pub fn id_of(entry: &[u8]) -> Option<Hash> {
    SignedAct::decode(entry).ok().map(|signed| Hash(signed.id().0))
}

const FOUNDING: u64 = 0;
/// Sessions that go on in the days that are permitted were opened then (EXPORT.md, X2.2).
const SESSIONS_BEFORE: Millis = 2 * 86_400_000;
