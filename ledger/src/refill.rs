//! A log that has stopped because it is behind what was signed is filled again, to the very same tree (LEDGER.md §L6): terminals bring what
//! they hold, each entry for its place, and nothing is written before all of it comes to the root that was signed.

mod brought;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sekisho_register::{SignedAct, names_of};
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::{Emitter, Record};

use self::brought::{Brought, Gathered, Kept, Run, What, missing};
use crate::acts::{Name, Placed, seal_found, store_act};
use crate::authority::{Caller, Peer};
use crate::checkpoint::{Halt, SwapError};
use crate::clock::{Millis, legal_month};
use crate::ingest;
use crate::keepsake::{Keepsake, Returned};
use crate::ledger::Ledger;
use crate::line::Lane;
use crate::locks::lock;
use crate::office::{Judges, Office};
use crate::refusal::Refusal;
use crate::signed_log::Published;
use crate::stage::{LEDGER_EPOCH, NO_CHAIN, Stage, class_number};
use crate::store::{Cursor, CursorMove, EmitterName, LogName};
use crate::terminals::unproved;

/// So many missing ranges are told at a time: what a terminal has behind them it brings when others have brought what is theirs.
const TOLD: usize = 1000;
/// About so many entries in one commit.
const PAGE: u64 = 1000;
/// In this order: acts of the casebook are judged by the register.
const IN_ORDER: [LogName; 3] = [LogName::Register, LogName::Casebook, LogName::Records];

/// What a log lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Entries that are there.
    pub from: u64,
    /// Entries that were signed.
    pub to: u64,
    /// Ranges that nobody has brought yet, from to before to; the first of them.
    pub missing: Vec<(u64, u64)>,
}

/// Everything that has been brought since the start.
#[derive(Debug, Default)]
pub(crate) struct Refills(Mutex<Brought>);

impl Ledger {
    /// Lets a terminal in that brings back what is lacking: its certificate is ours and names it. What is known of enrolments may be lost, too;
    /// what it brings proves itself.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`] for a terminal that the register says is retired.
    pub fn admit_refiller(&self, caller: &Caller) -> Result<(), Refusal> {
        if self.is_retired(&caller.peer)? { Err(Refusal::NotEnrolled) } else { Ok(()) }
    }

    /// What each log of an office lacks.
    ///
    /// # Errors
    /// When there is no such office.
    pub fn wanted(&self, office: &OfficeId) -> Result<Vec<(LogName, Wanted)>, Refusal> {
        let office = self.office(office)?;
        let brought = lock(&self.refills.0);
        let wanted = LogName::ALL.into_iter().filter_map(|name| {
            let to = office.log(name).lacks()?.size;
            let from = office.log(name).committed_size();
            let none = Gathered::default();
            let missing = missing(&brought.logs.get(&(office.id, name)).unwrap_or(&none).runs, from, to, TOLD);
            Some((name, Wanted { from, to, missing }))
        });
        Ok(wanted.collect())
    }

    /// A terminal brings records again, which lie in the log from this index on.
    ///
    /// # Errors
    /// [`Refusal`]; nothing of it is kept then.
    pub fn refill_records(&self, peer: &Peer, index: u64, envelope: &[u8]) -> Result<(), Refusal> {
        let office = self.office(&peer.office)?;
        let verified = ingest::open(envelope, &self.envelope, peer, &office.register(), self.clock.now())?;
        if verified.after != verified.header.after {
            return Err(Refusal::Malformed("batch"));
        }
        let leaves = verified.records.iter().map(|record| record.leaf).collect();
        let run = Run { leaves, what: What::Batch(Box::new(verified)) };
        self.refill(&office, LogName::Records, Some(&peer.terminal), vec![(index, run)], &[])
    }

    /// A terminal brings acts of the register from this index on, with the names that it knows.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn refill_register(&self, peer: &Peer, from: u64, acts: Vec<Vec<u8>>, names: &[Name]) -> Result<(), Refusal> {
        let office = self.office(&peer.office)?;
        let run = |bytes: Vec<u8>| Run { leaves: vec![leaf_hash(&bytes)], what: What::Act(bytes) };
        let runs = (from..).zip(acts.into_iter().map(run)).collect();
        self.refill(&office, LogName::Register, Some(&peer.terminal), runs, names)
    }

    /// A terminal gives back what it was given to keep. What is none of ours is passed over.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn refill_kept(&self, office: &OfficeId, kept: &[Keepsake]) -> Result<(), Refusal> {
        let office = self.office(office)?;
        for log in [LogName::Casebook, LogName::Records] {
            let (mut runs, mut beside) = (Vec::new(), Vec::new());
            for keepsake in kept.iter().filter(|keepsake| keepsake.log == log) {
                let Some(returned) = self.open_keepsake(&office, keepsake) else { continue };
                let leaves = vec![returned.leaf()];
                let Returned { entry, names } = returned;
                let what = if log == LogName::Records { What::Own(entry) } else { What::Act(entry.to_vec()) };
                runs.push((keepsake.index, Run { leaves, what }));
                beside.extend(self.open_returned_names(&office, log, names));
            }
            // Our own word for its very place, whoever kept it.
            self.refill(&office, log, None, runs, &beside)?;
        }
        Ok(())
    }

    /// Takes runs, and writes those logs of which all is there.
    fn refill(
        &self,
        office: &Office,
        log: LogName,
        bringer: Option<&Code>,
        runs: Vec<(u64, Run)>,
        names: &[Name],
    ) -> Result<(), Refusal> {
        {
            let mut brought = lock(&self.refills.0);
            let brought = &mut *brought;
            if brought.writing {
                return Err(Refusal::Busy);
            }
            let Some(target) = office.log(log).lacks() else { return Ok(()) };
            if let Some(bringer) = bringer {
                let (gathered, now) = (brought.logs.entry((office.id, log)).or_default(), self.clock.now());
                if gathered.leaves_out(bringer, now) {
                    return Ok(());
                }
                gathered.bringers.insert(bringer.clone());
            }
            let lacks =
                |log| office.log(log).lacks().map_or(0, |to| to.size.saturating_sub(office.log(log).committed_size()));
            brought.lacking.insert(office.id, LogName::ALL.into_iter().map(lacks).sum());
            let lacking = (office.log(log).committed_size(), target.size);
            for (index, run) in runs {
                // Nobody signs names: those of acts that are not kept must not pile up here.
                let spoken = run.names();
                if brought.put((office.id, log), lacking, index, run)? == Kept::Yes {
                    let spoken_of = names.iter().filter(|name| spoken.contains(&name.hash()));
                    spoken_of.into_iter().try_for_each(|name| brought.put_name(&office.id, name))?;
                }
            }
        }
        self.fill_what_is_whole(office)
    }

    /// Writes each log of which all was brought, and lets it go on once everybody was heard who may know of more.
    ///
    /// # Errors
    /// [`Refusal`], when what was brought does not come to the root that was signed, or cannot be written.
    pub(crate) fn fill_what_is_whole(&self, office: &Office) -> Result<(), Refusal> {
        for log in IN_ORDER {
            let Some(target) = office.log(log).lacks() else { continue };
            if self.store.frontier(&office.id, log)?.size() != office.log(log).committed_size() {
                // A page that failed has landed all the same: the writer looks before it does anything else.
                self.writer.run(Lane::Of(office.id), None, |_| ())?;
            }
            let from = office.log(log).committed_size();
            // Another database was put in its place, which has more: what was signed is in it, or cannot come there any more.
            if from > target.size {
                let of_log = office.log(log);
                if of_log.misfit(&*self.store, &office.id, target.size, target.root).map_err(unproved)?.is_some() {
                    of_log.halt(Halt::Contradicted { size: target.size }, &target.text);
                    continue;
                }
                match of_log.aim(&target) {
                    // The file says more than that: whoever lets it go on finds out.
                    Ok(()) | Err(SwapError::Changed) => {}
                    Err(SwapError::Disk(error)) => return Err(Refusal::Unavailable { cause: error.to_string() }),
                }
                if !self.goes_on(office, log, &target)? && log == LogName::Register {
                    return Ok(());
                }
                continue;
            }
            let whole = {
                let mut brought = lock(&self.refills.0);
                if brought.writing {
                    return Ok(());
                }
                let none = Gathered::default();
                let runs = &brought.logs.get(&(office.id, log)).unwrap_or(&none).runs;
                if !missing(runs, from, target.size, 1).is_empty() {
                    // Nothing of the casebook, and no records of an epoch that is not known yet, before the register.
                    if log == LogName::Register {
                        return Ok(());
                    }
                    continue;
                }
                let whole: Vec<_> = runs.range(from..target.size).map(|(at, run)| (*at, Arc::clone(run))).collect();
                let names = brought.names.get(&office.id).into_iter().flat_map(BTreeMap::values).cloned().collect();
                brought.writing = true;
                (whole, names)
            };
            let written = self.write_runs(office, log, &target, whole);
            let mut brought = lock(&self.refills.0);
            brought.writing = false;
            match &written {
                // It is here, and tried again with the next that is brought.
                Err(Refusal::Busy | Refusal::Unavailable { .. }) => {}
                Err(_) if office.log(log).lacks().is_some() => brought.doubt(&(office.id, log), self.clock.now()),
                Ok(()) | Err(_) => brought.forget(&(office.id, log)),
            }
            drop(brought);
            self.look_for_erased_names_again(&office.id);
            written?;
            if !self.goes_on(office, log, &target)? && log == LogName::Register {
                return Ok(());
            }
        }
        Ok(())
    }

    fn write_runs(
        &self,
        office: &Office,
        log: LogName,
        target: &Published,
        (runs, names): (Vec<(u64, Arc<Run>)>, Vec<Name>),
    ) -> Result<(), Refusal> {
        let mut frontier = self.store.frontier(&office.id, log)?;
        runs.iter().flat_map(|(_, run)| &run.leaves).for_each(|leaf| frontier.append(*leaf));
        if frontier.size() != target.size || frontier.root() != target.root {
            let origin = office.log(log).origin();
            if office.log(log).has_grown() {
                log::error!("what was written to {origin} since the start stands at the place of what was lost");
                office.log(log).halt(Halt::Contradicted { size: target.size }, &target.text);
                return Err(Refusal::Halted { cause: Halt::Contradicted { size: target.size }.to_string() });
            }
            let doubtful = office.log(log).doubtful_from().map_or_else(String::new, |from| {
                format!(
                    "; what was written from entry {from} on, after a start that did not hear everybody, may stand at the place of what was lost: then nobody can fill it, and two persons give it up by an act"
                )
            });
            log::error!(
                "what was brought for {origin} does not come to the root that was signed; it is asked for again{doubtful}"
            );
            return Err(Refusal::Malformed("the root is another"));
        }
        // First it is on the disk what the log is being filled to: a crash from here on leaves a database that is behind its file, as now.
        office.log(log).aim(target).map_err(|error| Refusal::Unavailable { cause: format!("{error:?}") })?;
        let (id, now, names) = (office.id, self.clock.now(), Arc::new(names));
        for page in pages(runs) {
            for (_, run) in &page {
                if let What::Batch(verified) = &run.what {
                    self.make_keys(verified)?;
                }
            }
            let (vault, names) = (Arc::clone(&self.vault), Arc::clone(&names));
            self.writer.run(Lane::Of(id), None, move |stage| {
                stage.filling(&id, log, |stage| stage_page(stage, &id, log, &page, &names, &vault, now))
            })??;
        }
        Ok(())
    }

    /// Lets a log that was filled go on, once all were heard. Says whether it goes.
    fn goes_on(&self, office: &Office, log: LogName, target: &Published) -> Result<bool, Refusal> {
        if let Some(awaited) = office.awaited_by_a_filled_log() {
            log::warn!("{} is filled, and waits for who may know of more: {awaited}", office.log(log).origin());
            return Ok(false);
        }
        if let Some(awaited) = office.witness_hearing().awaited() {
            log::warn!("{} is filled, and waits for who may know of more: {awaited}", office.log(log).origin());
            return Ok(false);
        }
        let resumed = office.log(log).resume_filled(&*self.store, &office.id, target, self.clock.machine());
        let resumed = resumed.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?;
        if resumed {
            let origin = office.log(log).origin();
            log::warn!("{origin} goes on: the {} entries that were signed are there again", target.size);
            self.note_goes_on(&office.id);
        }
        Ok(resumed)
    }
}

/// Whole runs, about a page of entries each.
fn pages(runs: Vec<(u64, Arc<Run>)>) -> Vec<Vec<(u64, Arc<Run>)>> {
    let mut pages: Vec<Vec<(u64, Arc<Run>)>> = Vec::new();
    let mut entries = PAGE;
    for (index, run) in runs {
        if entries >= PAGE {
            pages.push(Vec::new());
            entries = 0;
        }
        entries += run.leaves.len() as u64;
        pages.last_mut().into_iter().for_each(|page| page.push((index, Arc::clone(&run))));
    }
    pages
}

/// Entries at the end of a log that has stopped, with everything that lies beside them in the book. What does not fit ends it: the runs before it are
/// written, and the log stays behind, on the way to the same root.
fn stage_page(
    stage: &mut Stage<'_>,
    office: &OfficeId,
    log: LogName,
    page: &[(u64, Arc<Run>)],
    names: &[Name],
    vault: &crate::vault::Vault,
    now: Millis,
) -> Result<(), Refusal> {
    let (mut register, mut judges) = (None, Judges::default());
    let staged = page.iter().try_for_each(|(index, run)| {
        if stage.size(office, log)? != *index {
            return Err(Refusal::Unavailable { cause: format!("{log} has grown meanwhile") });
        }
        match (&run.what, log) {
            (What::Batch(verified), _) => {
                let entries = ingest::seal(verified, |name| vault.named(name).expect("made before"));
                ingest::plan(stage, verified, &entries, now).map(drop)
            }
            (What::Own(bytes), _) => stage_own(stage, office, bytes),
            (What::Act(bytes), LogName::Casebook) => {
                let placed = Placed { log, index: *index, id: act_id(bytes)? };
                stage_case(stage, office, placed, bytes, names, vault, &mut judges)
            }
            (What::Act(bytes), LogName::Register | LogName::Records) => {
                let in_force = stage.register(office).ok_or(Refusal::NotFound("office"))?;
                let next = register.get_or_insert_with(|| (*in_force).clone());
                let folded = next.fold(bytes).map_err(Refusal::Act)?;
                let placed = Placed { log: LogName::Register, index: *index, id: Hash(folded.id.0) };
                let found = seal_found(office, placed, &names_of(&folded.changes), names, vault);
                Ok(store_act(stage, office, placed, bytes, found)?)
            }
        }
    });
    if let Some(register) = register {
        stage.set_register(*office, Arc::new(register));
    }
    staged
}

fn act_id(bytes: &[u8]) -> Result<Hash, Refusal> {
    SignedAct::decode(bytes).map(|signed| Hash(signed.id().0)).map_err(|_| Refusal::Malformed("act"))
}

fn stage_own(stage: &mut Stage<'_>, office: &OfficeId, bytes: &[u8]) -> Result<(), Refusal> {
    let record = Record::decode(bytes).map_err(|_| Refusal::Malformed("record"))?;
    let before = stage.cursor(office, &EmitterName::Ledger, LEDGER_EPOCH)?;
    if record.emitter != Emitter::Ledger
        || record.office != *office
        || record.seq != before.map_or(0, |cursor| cursor.next)
    {
        return Err(Refusal::Malformed("a record of the ledger's own at another's place"));
    }
    let key = stage.payload_key((*office, class_number(record.retention), legal_month(record.trusted)));
    stage.append(office, LogName::Records, vec![key.entry(leaf_hash(bytes), bytes)])?;
    let after = Cursor { next: record.seq + 1, chain: NO_CHAIN };
    stage.move_cursor(CursorMove { office: *office, emitter: EmitterName::Ledger, epoch: LEDGER_EPOCH, before, after });
    Ok(())
}

fn stage_case(
    stage: &mut Stage<'_>,
    office: &OfficeId,
    placed: Placed,
    bytes: &[u8],
    names: &[Name],
    vault: &crate::vault::Vault,
    judges: &mut Judges,
) -> Result<(), Refusal> {
    let signed = SignedAct::decode(bytes).map_err(|_| Refusal::Malformed("act"))?;
    let casebook = stage.casebook(office).ok_or(Refusal::NotFound("office"))?;
    let register = stage.register(office).ok_or(Refusal::NotFound("office"))?;
    let judge = judges.of_size(stage.store(), office, &register, casebook.judged_by(bytes))?;
    let mut next = (*casebook).clone();
    next.fold(&judge, bytes).map_err(Refusal::Act)?;
    let found = seal_found(office, placed, &names_of(&signed.act().changes), names, vault);
    store_act(stage, office, placed, bytes, found)?;
    stage.set_casebook(*office, Arc::new(next));
    Ok(())
}
