//! What must hold whatever happened, seen from outside: from the store's rows, the checkpoint files, and what terminals were
//! answered.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_ledger::store::{Cursor, EmitterName, LogName, Store};
use sekisho_tlog::{EMPTY_ROOT, Frontier, Hash, leaf_hash};
use sekisho_wire::batch::{chain_next, chain_start};
use sekisho_wire::id::{Code, Hash as WireHash};
use sekisho_wire::record::{Emitter, Record};

use super::desk::Verified;
use super::world::World;

/// A record by terminal, epoch and seq.
pub(super) type Named = (Code, u32, u64);

/// What has been promised, and what was seen.
#[derive(Default)]
pub(super) struct Oracle {
    /// Every leaf that a log has had, or must have again: what was signed and somebody knows of.
    truth: [Vec<Hash>; 3],
    /// The root over the first so many of them.
    roots: [Vec<Hash>; 3],
    /// Acts that were answered.
    acts: Vec<(LogName, u64, Hash)>,
    /// Records that the ledger acknowledged and a restore took away: they have to come again.
    pub(super) owed: BTreeSet<Named>,
    /// What each log published last.
    published: [Option<Verified>; 3],
    /// Where each record lies; of the first so many entries.
    places: BTreeMap<Named, u64>,
    looked: u64,
}

impl Oracle {
    /// An act has its answer.
    pub(super) fn acknowledged(&mut self, log: LogName, index: u64, leaf: Hash) {
        self.acts.push((log, index, leaf));
    }

    /// How long each log has to be again.
    pub(super) fn owes(&self) -> [u64; 3] {
        LogName::ALL.map(|log| self.truth[log.number()].len() as u64)
    }

    /// A copy was put back. `stored` entries came back with it, `known` are those that somebody knows to be signed: what lies behind both never was.
    pub(super) fn restored(&mut self, log: LogName, stored: u64, known: u64) {
        let at = log.number();
        let stays = usize::try_from(stored.max(known)).unwrap();
        self.truth[at].truncate(stays);
        self.roots[at].truncate(stays + 1);
        self.acts.retain(|(of, index, _)| *of != log || *index < stays as u64);
        self.published[at] = None;
        if log == LogName::Records {
            self.looked = 0;
            self.places.clear();
        }
    }

    /// The root over the first so many entries.
    pub(super) fn root(&mut self, log: LogName, size: u64) -> Hash {
        let at = log.number();
        let size = usize::try_from(size).unwrap();
        if self.roots[at].len() <= size {
            let mut frontier = Frontier::new();
            self.roots[at] = vec![EMPTY_ROOT];
            for leaf in &self.truth[at] {
                frontier.append(*leaf);
                self.roots[at].push(frontier.root());
            }
        }
        self.roots[at][size]
    }
}

impl World {
    /// Holds everything against everything.
    pub(super) fn check(&mut self) {
        for log in LogName::ALL {
            self.check_tree(log);
            self.check_checkpoints(log);
        }
        self.check_acts();
        self.check_records();
        self.check_cursors();
    }

    fn leaves(&self, log: LogName) -> Vec<Hash> {
        let head = self.store.frontier(&self.town.office, log).unwrap();
        // Of those in files the database has nothing.
        let cold = if log == LogName::Records { self.cold() } else { 0 };
        let record = |index: u64| self.town.ledger.record_bytes(&self.town.office, index).unwrap();
        let mut leaves: Vec<Hash> = (0..cold).map(|index| leaf_hash(&record(index))).collect();
        assert_eq!(self.store.leaves(&self.town.office, log, 0, cold).unwrap(), [], "{log} is cold and hot");
        leaves.extend(self.store.leaves(&self.town.office, log, cold, head.size() + 5).unwrap());
        assert_eq!(leaves.len() as u64, head.size(), "{log} has another size than its head says");
        leaves
    }

    /// A log only grows, and what was known to be signed comes back as it was.
    fn check_tree(&mut self, log: LogName) {
        let leaves = self.leaves(log);
        let truth = &mut self.oracle.truth[log.number()];
        for (index, (there, before)) in leaves.iter().zip(truth.iter()).enumerate() {
            assert_eq!(there, before, "entry {index} of {log} is another than it was");
        }
        if leaves.len() > truth.len() {
            truth.extend_from_slice(&leaves[truth.len()..]);
        }
        let head = self.store.frontier(&self.town.office, log).unwrap();
        assert_eq!(self.oracle.root(log, head.size()), head.root(), "the head of {log} is not what its entries give");
        if !self.store.is_spoiled() {
            let committed = self.on_log(log, |log| log.committed_size());
            assert!(committed <= head.size(), "{log} believes that it has more than there is");
        }
    }

    /// Whatever was signed is signed over what the log is; for one size there is one root, and a log that has stopped signs nothing.
    fn check_checkpoints(&mut self, log: LogName) {
        let key = &self.keys[log.number()];
        let text = std::fs::read_to_string(self.checkpoint_file(log)).unwrap();
        let signed = Verified::open(&text, key);
        let mut seen = vec![signed];
        if self.is_halted(log) {
            assert!(self.publish(log).is_err(), "a stopped log signs");
            self.on_log(log, |log| assert!(log.published().is_err(), "a stopped log shows what it signed"));
            assert_eq!(std::fs::read_to_string(self.checkpoint_file(log)).unwrap(), text, "a stopped log has signed");
        } else {
            let published = self.on_log(log, |log| log.published().unwrap());
            assert!(published.size <= seen[0].size, "what is shown is not in the file");
            seen.push(Verified::open(&published.text, key));
        }
        let owed = self.oracle.owes()[log.number()];
        for signed in &seen {
            assert!(signed.size <= owed, "{} entries of {log} are signed, there are {owed}", signed.size);
            assert_eq!(
                self.oracle.root(log, signed.size),
                signed.root,
                "another {log} is signed, size {}",
                signed.size
            );
        }
        // The file is never the older one.
        let newest = seen.swap_remove(0);
        if let Some(before) = &self.oracle.published[log.number()] {
            assert!(before.size <= newest.size, "{log} was signed further than it is now");
        }
        self.oracle.published[log.number()] = Some(newest);
        for desk in &self.desks {
            if let Some(verified) = &desk.verified[log.number()]
                && verified.size <= owed
            {
                let root = self.oracle.root(log, verified.size);
                assert_eq!(root, verified.root, "a terminal verified another history of {log}");
            }
        }
    }

    /// Every act that was answered stands where the answer says, or has to stand there again.
    fn check_acts(&self) {
        for (log, index, leaf) in &self.oracle.acts {
            let there = self.oracle.truth[log.number()].get(usize::try_from(*index).unwrap());
            assert_eq!(there, Some(leaf), "an act that was answered is not at {index} of {log}");
        }
    }

    /// Every record lies there once, as its terminal wrote it; every one that was acknowledged lies there.
    fn check_records(&mut self) {
        self.look_at_new_records();
        let places = &self.oracle.places;
        for desk in &self.desks {
            let terminal = &desk.keys.peer.terminal;
            for (epoch, history) in (0..).zip(&desk.histories) {
                for seq in &history.acknowledged {
                    let named = (terminal.clone(), epoch, *seq);
                    let there = places.contains_key(&named);
                    assert!(there || self.oracle.owed.contains(&named), "{named:?} was acknowledged and is not there");
                }
                for (seq, index) in &history.sealed {
                    let place = places.get(&(terminal.clone(), epoch, *seq));
                    let gone = *index >= self.oracle.looked;
                    assert!(
                        place == Some(index) || (place.is_none() && gone),
                        "{terminal} {epoch} {seq} is not sealed"
                    );
                }
            }
        }
        self.oracle.owed.retain(|named| !places.contains_key(named));
    }

    fn look_at_new_records(&mut self) {
        let office = self.town.office;
        // What landed although its commit failed is nobody's to read before the writer has looked again.
        let size = self.on_log(LogName::Records, |log| log.committed_size());
        let mut next = self.oracle.looked;
        let own = |from: u64, to: u64| {
            for index in from..to {
                let record = Record::decode(&self.town.ledger.record_bytes(&office, index).unwrap()).unwrap();
                assert_eq!(record.emitter, Emitter::Ledger, "nobody brought entry {index}");
            }
        };
        let mut found = Vec::new();
        let batches = self.store.batches_by_index(&office, next, u32::MAX >> 1).unwrap();
        for batch in batches.into_iter().take_while(|batch| batch.index < size) {
            own(next, batch.index);
            for at in 0..u64::from(batch.count) {
                let (index, seq) = (batch.index + at, batch.first + at);
                let bytes = self.town.ledger.record_bytes(&office, index).unwrap();
                assert_eq!(leaf_hash(&bytes), self.oracle.truth[0][usize::try_from(index).unwrap()]);
                if let Some(desk) = self.desks.iter().find(|desk| desk.keys.peer.terminal == batch.terminal) {
                    let written = desk.histories[batch.epoch as usize].record(seq);
                    assert_eq!(written, Some(&bytes), "entry {index} is not what {} wrote", batch.terminal);
                }
                found.push(((batch.terminal.clone(), batch.epoch, seq), index));
            }
            next = batch.index + u64::from(batch.count);
        }
        own(next, size);
        for (named, index) in found {
            let before = self.oracle.places.insert(named.clone(), index);
            assert_eq!(before, None, "{named:?} lies there twice, at {index} too");
        }
        self.oracle.looked = size;
    }

    /// Each cursor stands where the entries end, and its chain is theirs.
    fn check_cursors(&self) {
        let office = self.town.office;
        if self.store.frontier(&office, LogName::Records).unwrap().size() > self.oracle.looked {
            return;
        }
        let mut derived: BTreeMap<(EmitterName, u32), Cursor> = BTreeMap::new();
        let mut brought = 0;
        for (terminal, epoch, seq) in self.oracle.places.keys() {
            let index = self.oracle.places[&(terminal.clone(), *epoch, *seq)];
            let leaf = self.oracle.truth[0][usize::try_from(index).unwrap()];
            let start = Hash(chain_start(&office, terminal, *epoch).0);
            let emitter = (EmitterName::Terminal(terminal.clone()), *epoch);
            let cursor = derived.entry(emitter).or_insert(Cursor { next: 0, chain: start });
            assert!(cursor.next <= *seq);
            let chain = chain_next(&WireHash(cursor.chain.0), &WireHash(leaf.0));
            *cursor = Cursor { next: seq + 1, chain: Hash(chain.0) };
            brought += 1;
        }
        if self.oracle.looked > brought {
            let own = Cursor { next: self.oracle.looked - brought, chain: Hash([0; 32]) };
            derived.insert((EmitterName::Ledger, 0), own);
        }
        let stored = self.store.cursors(&office).unwrap();
        let stored: BTreeMap<_, _> =
            stored.into_iter().map(|(emitter, epoch, cursor)| ((emitter, epoch), cursor)).collect();
        assert_eq!(stored, derived, "the cursors are not what the entries give");
    }
}
