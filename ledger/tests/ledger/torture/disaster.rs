//! What happens to the ledger as a whole: it ends without a word, a copy is put back, a copied machine is switched on beside it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sekisho_ledger::backup::backup;
use sekisho_ledger::clock::{Clock, DAY};
use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::fsck::Fault;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::move_book::move_book;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{LogName, SqliteStore, Store};
use sekisho_wire::id::Code;

use super::desk::Verified;
use super::world::{COLD, World};
use crate::faulty::FaultyStore;
use crate::town::{Scratch, opened, scratch};

/// A copy, and how long its logs are.
pub(super) struct Backup {
    place: Scratch,
    sizes: [u64; 3],
}

/// A copied machine that runs beside the ledger.
pub(super) struct Clone {
    ledger: Arc<Ledger>,
    sizes: [u64; 3],
    files: [String; 3],
    place: Scratch,
}

/// Every terminal is waited for.
const ALL: Option<usize> = Some(99);

/// What a ledger needs besides book and checkpoints.
const KEYS: [&str; 6] = ["master.key", "payload.key", "envelope.key", "authority.key", "authority.der", "ledger.toml"];

/// Copies what lies in a directory, and in those in it.
fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl World {
    /// The process ends, and another begins.
    pub(super) fn crashes(&mut self, hear: Option<usize>) {
        self.mend();
        if self.is_well() {
            self.hear = hear;
        }
        let halted = LogName::ALL.map(|log| self.is_halted(log));
        self.opens();
        for (log, before) in LogName::ALL.into_iter().zip(halted) {
            assert!(self.is_halted(log) || !before, "{log} had stopped and goes on after a start");
        }
    }

    fn opens(&mut self) {
        let config = Config { hear: self.hear, ..Config::read(&self.town.data.config()).unwrap() };
        std::fs::write(self.town.data.config(), config.to_text().unwrap()).unwrap();
        self.store = Arc::new(FaultyStore::over(opened(&self.town.data)));
        let clock = Arc::clone(&self.town.clock);
        self.town.ledger =
            Ledger::open_with(&self.town.data, clock, Arc::<FaultyStore>::clone(&self.store), None).unwrap();
    }

    pub(super) fn copies(&mut self) {
        let place = scratch();
        backup(&self.town.root, &place).unwrap();
        let sizes = self.sizes_of(&place);
        self.backups.push(Backup { place, sizes });
    }

    fn sizes_of(&self, root: &Path) -> [u64; 3] {
        let store = SqliteStore::open_snapshot(&DataDir::new(root).database()).unwrap();
        LogName::ALL.map(|log| store.frontier(&self.town.office, log).unwrap().size())
    }

    /// Every terminal has verified everything, and holds all that it can hold.
    fn all_are_up_to_date(&mut self) -> bool {
        self.mend();
        self.ticks();
        (0..self.desks.len()).all(|desk| {
            let known = self.fetches_register(desk).and_then(|()| self.seals(desk));
            known.and_then(|()| self.takes_keepsakes(desk)).is_ok()
        })
    }

    /// The disk is lost, and a copy is put back; its checkpoint files were saved, or not. `up_to_date`: terminals had everything by then.
    pub(super) fn is_restored(&mut self, which: usize, files_saved: bool, up_to_date: bool) {
        if self.backups.is_empty() {
            return;
        }
        // A second loss before the first is made good again: rare, and nothing that could be filled.
        if !self.is_well() {
            self.settles();
        }
        self.fillable &= up_to_date && self.is_well() && self.all_are_up_to_date();
        self.mend();
        let backup = self.backups.swap_remove(which % self.backups.len());
        let root = scratch();
        self.lays_out(&backup.place, &root);
        if files_saved {
            // The disk of the cold segments is another one, and has those that came since.
            copy_tree(&self.town.root.join(COLD), &root.join(COLD));
            let office = self.town.office.to_string();
            for log in LogName::ALL {
                let file = |root: &Path| root.join("checkpoints").join(&office).join(log.as_str());
                std::fs::copy(file(&self.town.root), file(&root)).unwrap();
            }
        }
        let files = LogName::ALL.map(|log| if files_saved { self.signed_in_file(log) } else { 0 });
        if self.on_server {
            move_book(&root, Some(crate::postgres::database()), None, &mut |_| {}).unwrap();
        }
        let data = DataDir::new(&root);
        let lately = self.lately(&*opened(&data));
        self.take_away(&lately, files, backup.sizes);
        self.town.data = data;
        self.town.root = root;
        self.hear = ALL;
        self.opens();
    }

    /// The copy with the keys beside it, which were kept elsewhere.
    fn lays_out(&self, copy: &Path, root: &Path) {
        let data = DataDir::create(root).unwrap();
        for name in KEYS {
            let from = if name == "ledger.toml" { copy } else { &self.town.root };
            std::fs::copy(from.join(name), root.join(name)).unwrap();
        }
        std::fs::copy(copy.join("ledger.db"), data.database()).unwrap();
        std::fs::create_dir_all(root.join(COLD)).unwrap();
        copy_tree(&copy.join(COLD), &root.join(COLD));
        let directory = Path::new("checkpoints").join(self.town.office.to_string());
        std::fs::create_dir_all(root.join(&directory)).unwrap();
        for entry in std::fs::read_dir(copy.join(&directory)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), root.join(&directory).join(entry.file_name())).unwrap();
        }
    }

    fn signed_in_file(&self, log: LogName) -> u64 {
        let text = std::fs::read_to_string(self.checkpoint_file(log)).unwrap();
        Verified::open(&text, &self.keys[log.number()]).size
    }

    /// Terminals that the copy knows to be at work: those are waited for.
    fn lately(&self, store: &dyn Store) -> BTreeSet<Code> {
        let last = store.last_heard(&self.town.office).unwrap();
        let newest = last.iter().map(|(_, _, at)| *at).max().unwrap_or_default();
        last.into_iter().filter(|(_, _, at)| at + 7 * DAY >= newest).map(|(code, _, _)| code).collect()
    }

    /// What the restore takes away from everybody's memory: what nobody shows who is waited for, and no file says.
    fn take_away(&mut self, lately: &BTreeSet<Code>, files: [u64; 3], stored: [u64; 3]) {
        let waited = |terminal: &Code| lately.contains(terminal);
        let known = LogName::ALL.map(|log| {
            let verified = self.desks.iter().filter(|desk| waited(&desk.keys.peer.terminal));
            verified.map(|desk| desk.verified_size(log)).max().unwrap_or_default().max(files[log.number()])
        });
        // Nobody waits for those that the copy does not know: what they know more than the others shows itself later, and stops a log for good. In this
        // story they are gone with the fire.
        let goes = LogName::ALL.map(|log| known[log.number()].max(stored[log.number()]));
        let before = self.desks.len();
        self.desks.retain(|desk| LogName::ALL.into_iter().all(|log| desk.verified_size(log) <= goes[log.number()]));
        self.fillable &= self.desks.len() == before;
        for log in LogName::ALL {
            self.oracle.restored(log, stored[log.number()], known[log.number()]);
        }
        let owes = self.oracle.owes();
        self.backups.retain(|backup| backup.sizes.iter().zip(owes).all(|(size, owed)| *size <= owed));
        self.clones.clear();
        for desk in &self.desks {
            for (epoch, history) in (0..).zip(&desk.histories) {
                let named = |seq: &u64| (desk.keys.peer.terminal.clone(), epoch, *seq);
                self.oracle.owed.extend(history.acknowledged.iter().map(named));
            }
        }
    }

    /// A terminal brings whatever it has of what is missing.
    pub(super) fn brings(&mut self, desk: usize) {
        let ledger = self.ledger();
        let spoiled = self.is_spoiled();
        let refilled = self.desks[desk].refill(&ledger);
        self.is_told_why(desk, refilled, spoiled);
    }

    /// A terminal that was copied brings what the copy wrote in the place of what is missing.
    pub(super) fn brings_wrongly(&mut self, desk: usize, which: usize) {
        self.shows(desk);
        let ledger = self.ledger();
        self.misled |= !self.is_well();
        let spoiled = self.is_spoiled();
        let refilled = self.desks[desk].refill_wrongly(&ledger, which);
        self.is_told_why(desk, refilled, spoiled);
    }

    /// Whether a disk is in the way.
    pub(super) fn is_spoiled(&self) -> bool {
        self.store.is_spoiled() || LogName::ALL.into_iter().any(|log| self.is_blocked(log))
    }

    fn is_told_why(&self, desk: usize, refilled: Result<(), Refusal>, spoiled: bool) {
        let ledger = self.ledger();
        if let Err(refusal) = refilled {
            let register = ledger.office(&self.town.office).unwrap().register();
            let known = register.terminal(&self.desks[desk].keys.peer.terminal).map(|terminal| terminal.epoch());
            let caused = (matches!(refusal, Refusal::Unavailable { .. }) && spoiled)
                || (matches!(refusal, Refusal::Malformed(_)) && self.misled)
                || (matches!(refusal, Refusal::NotEnrolled) && known.is_none())
                || (matches!(refusal, Refusal::EpochNotOpen { .. }) && known < Some(self.desks[desk].epoch()));
            assert!(caused, "terminal {desk} brings what is lacking and is told {refusal:?}");
        }
    }

    fn is_blocked(&self, log: LogName) -> bool {
        self.checkpoint_file(log).with_extension("new").exists()
    }

    /// The machine is copied, and the copy is switched on beside it.
    pub(super) fn is_cloned(&mut self) {
        let (copy, place) = (scratch(), scratch());
        backup(&self.town.root, &copy).unwrap();
        let sizes = self.sizes_of(&copy);
        self.lays_out(&copy, &place);
        let data = DataDir::new(&place);
        let config = Config { hear: ALL, ..Config::read(&data.config()).unwrap() };
        std::fs::write(data.config(), config.to_text().unwrap()).unwrap();
        let store = Arc::new(SqliteStore::open_existing(&data.database()).unwrap());
        let ledger = Ledger::open_with(&data, self.town.clock.clone(), store, None).unwrap();
        let files = self.files_at(&place);
        self.clones.push(Clone { ledger, sizes, files, place });
    }

    fn files_at(&self, root: &Path) -> [String; 3] {
        let directory = root.join("checkpoints").join(self.town.office.to_string());
        LogName::ALL.map(|log| std::fs::read_to_string(directory.join(log.as_str())).unwrap())
    }

    /// A terminal comes to a copied machine, and shows what it verified: where that is more, the copy signs and takes nothing any more.
    pub(super) fn visits_clone(&mut self, desk: usize, which: usize) {
        if self.clones.is_empty() {
            return;
        }
        let clone = &self.clones[which % self.clones.len()];
        let desk = &self.desks[desk];
        let office = clone.ledger.office(&self.town.office).unwrap();
        let _ = clone.ledger.hear(&desk.keys.peer, &desk.shown());
        for log in LogName::ALL {
            let newer = desk.verified_size(log) > clone.sizes[log.number()];
            assert!(!newer || office.log(log).halted().is_some(), "a copied machine goes on with {log}");
            let published = clone.ledger.publish(&office, log);
            assert!(published.is_err() || published.unwrap().size <= clone.sizes[log.number()]);
        }
        if desk.verified_size(LogName::Records) > clone.sizes[0]
            && let Some(batch) = desk.batch(desk.epoch(), desk.told, 3, self.town.clock.now())
        {
            let answer = clone.ledger.ingest(&desk.keys.peer, &batch.envelope(&desk.keys));
            let refused = |refusal: &Refusal| match desk.epoch() {
                0 => matches!(refusal, Refusal::Halted { .. } | Refusal::NotEnrolled),
                _ => matches!(refusal, Refusal::Halted { .. } | Refusal::NotEnrolled | Refusal::EpochNotOpen { .. }),
            };
            assert!(answer.as_ref().is_err_and(refused), "a copied machine took a batch: {answer:?}");
        }
        assert_eq!(self.files_at(&clone.place), clone.files, "a copied machine has signed");
        assert_eq!(LogName::ALL.map(|log| office.log(log).committed_size()), clone.sizes, "a copied machine has grown");
    }

    /// Everything that can be made good is made good.
    pub(super) fn settles(&mut self) {
        self.mend();
        // What somebody brought wrongly is found out when all is there. All is asked for again then, and for a while not of the next of those who
        // brought it.
        for _ in 0..if self.misled { 6 } else { 3 } {
            if self.misled {
                self.town.clock.advance(11 * 60_000);
            }
            for desk in 0..self.desks.len() {
                self.shows(desk);
            }
            self.check();
            for desk in 0..self.desks.len() {
                self.brings(desk);
                self.check();
            }
        }
        assert!(!self.is_hearing() || self.desks.is_empty() || !self.fillable, "all have come, and it still hears");
        if self.fillable {
            assert!(self.is_well(), "it was all there, and it lacks {:?}", self.town.ledger.wanted(&self.town.office));
        }
        if !self.is_well() {
            return;
        }
        for desk in 0..self.desks.len() {
            // A terminal that has sent everything asks how far the ledger is. What it does not know yet of its epoch, a refusal tells it.
            self.desks[desk].told = self.cursor(desk, self.desks[desk].epoch());
            for _ in 0..20 {
                self.sends(desk, self.desks[desk].told, 400);
            }
        }
        self.check();
    }

    /// The end of a story: all is well, or it is known what is not.
    pub(super) fn ends(&mut self) {
        self.settles();
        if self.is_well() {
            assert!(self.all_are_up_to_date());
            self.check();
            let register = self.town.ledger.office(&self.town.office).unwrap().register();
            let closed = |(terminal, epoch, _): &(Code, u32, u64)| {
                register.terminal(terminal).is_some_and(|terminal| terminal.epoch() > *epoch)
            };
            let gone = self.oracle.owed.iter().find(|named| !closed(named));
            assert!(gone.is_none(), "{gone:?} was acknowledged, is held, and never came back");
        }
        let found =
            command::fsck(&self.town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings;
        let known = |fault: &Fault| {
            matches!(fault, Fault::Halted { .. } | Fault::CheckpointAhead { .. }) && !self.is_well()
                || matches!(fault, Fault::AcknowledgedGone { .. }) && !self.oracle.owed.is_empty()
                || matches!(fault, Fault::NameMissing) && !self.fillable
        };
        let strange: Vec<_> = found.iter().filter(|finding| !known(&finding.fault)).collect();
        assert!(strange.is_empty(), "fsck: {strange:?}");
    }
}
