//! A terminal as the test plays it: what it wrote, what it was answered, what it verified itself. It believes nothing that it cannot check.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_ledger::acts::Name;
use sekisho_ledger::keepsake::Keepsake;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;
use sekisho_ledger::terminals::Shown;
use sekisho_tlog::{
    Checkpoint, Hash, MemoryTree, RangeProof, VerifyingKey, leaf_hash, verify_consistency, verify_range,
};
use sekisho_wire::batch::{SeenNote, chain_next, chain_start};
use sekisho_wire::id::Hash as WireHash;

use crate::town::{TestBatch, TestTerminal};

/// A terminal.
pub(super) struct Desk {
    pub(super) keys: TestTerminal,
    /// One for each epoch.
    pub(super) histories: Vec<History>,
    /// Seq of the record that the ledger wants next, as far as it has said so.
    pub(super) told: u64,
    /// The largest checkpoint of each log that it verified, or was given to show.
    pub(super) verified: [Option<Verified>; 3],
    /// The register as it verified it.
    pub(super) acts: Vec<Vec<u8>>,
    pub(super) names: Vec<Name>,
    kept: BTreeMap<(LogName, u64), Keepsake>,
    kept_to: [u64; 2],
}

/// What it wrote in one epoch.
#[derive(Default)]
pub(super) struct History {
    /// By seq; nothing where a record was lost.
    pub(super) records: Vec<Option<Vec<u8>>>,
    /// Those that the ledger said it stored.
    pub(super) acknowledged: BTreeSet<u64>,
    /// Those that it proved to be sealed, with their index in the log.
    pub(super) sealed: BTreeMap<u64, u64>,
}

/// A checkpoint of ours.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) text: String,
    pub(super) size: u64,
    pub(super) root: Hash,
}

impl Verified {
    /// Opens a note under the key that the log had from the beginning.
    pub(super) fn open(text: &str, key: &VerifyingKey) -> Self {
        let opened = Checkpoint::open(text, key);
        let Checkpoint { size, root, .. } = opened.unwrap_or_else(|error| panic!("no checkpoint of ours: {error}"));
        Self { text: text.to_owned(), size, root }
    }
}

impl History {
    pub(super) fn end(&self) -> u64 {
        self.records.len() as u64
    }

    pub(super) fn record(&self, seq: u64) -> Option<&Vec<u8>> {
        self.records.get(usize::try_from(seq).unwrap())?.as_ref()
    }

    /// At most `count` records without a hole, from the first one at or after `from` on.
    fn run(&self, from: u64, count: u64) -> (u64, Vec<Vec<u8>>) {
        let mut first = from;
        while first < self.end() && self.record(first).is_none() {
            first += 1;
        }
        (first, (first..self.end().min(first + count)).map_while(|seq| self.record(seq).cloned()).collect())
    }

    fn chain_before(&self, keys: &TestTerminal, epoch: u32, seq: u64) -> WireHash {
        let start = chain_start(&keys.peer.office, &keys.peer.terminal, epoch);
        let written = self.records.iter().take(usize::try_from(seq).unwrap()).flatten();
        written.fold(start, |chain, record| chain_next(&chain, &WireHash(leaf_hash(record).0)))
    }
}

impl Desk {
    pub(super) fn new(keys: TestTerminal) -> Self {
        Self {
            keys,
            histories: vec![History::default()],
            told: 0,
            verified: [None, None, None],
            acts: Vec::new(),
            names: Vec::new(),
            kept: BTreeMap::new(),
            kept_to: [0; 2],
        }
    }

    pub(super) fn epoch(&self) -> u32 {
        u32::try_from(self.histories.len() - 1).unwrap()
    }

    pub(super) fn history(&mut self) -> &mut History {
        self.histories.last_mut().unwrap()
    }

    pub(super) fn verified_size(&self, log: LogName) -> u64 {
        self.verified[log.number()].as_ref().map_or(0, |verified| verified.size)
    }

    pub(super) fn shown(&self) -> Shown {
        let text = |log: LogName| self.verified[log.number()].as_ref().map(|verified| verified.text.clone());
        Shown { register: text(LogName::Register), records: text(LogName::Records), casebook: text(LogName::Casebook) }
    }

    /// A batch of this epoch, with what it has seen of the log; nothing when there is no record from there on.
    pub(super) fn batch(&self, epoch: u32, from: u64, count: u64, sent: u64) -> Option<TestBatch> {
        let history = &self.histories[epoch as usize];
        let (first, records) = history.run(from, count);
        let chain = history.chain_before(&self.keys, epoch, first);
        let at = TestTerminal { epoch, next: first, chain, ..self.keys.clone() };
        (!records.is_empty()).then(|| self.finish(at.batch_of(records).0, sent))
    }

    /// The same batch as an image of this disk would send it that went another way.
    pub(super) fn twin(&self, from: u64, count: u64, sent: u64) -> TestBatch {
        use sekisho_wire::{reason::LinkState, record::Body};
        let (epoch, history) = (self.epoch(), self.histories.last().unwrap());
        let chain = history.chain_before(&self.keys, epoch, from);
        let at = TestTerminal { epoch, next: from, chain, ..self.keys.clone() };
        let other = (from..from + count).map(|seq| at.record(seq, Body::Link(LinkState::Down)));
        self.finish(at.batch_of(other.collect()).0, sent)
    }

    fn finish(&self, mut batch: TestBatch, sent: u64) -> TestBatch {
        batch.header.sent = sent;
        if let Some(seen) = &self.verified[LogName::Records.number()] {
            batch.header.seen_size = seen.size;
            batch.header.seen_root = WireHash(seen.root.0);
            batch.header.seen_note = Some(SeenNote::new(&seen.text).unwrap());
        }
        batch
    }

    /// Asks for the seal of what is not sealed yet, and checks every word of the answer.
    pub(super) fn seal(&mut self, ledger: &Ledger, key: &VerifyingKey) -> Result<(), Refusal> {
        for epoch in 0..self.histories.len() {
            loop {
                let sealed = &self.histories[epoch].sealed;
                let next = sealed.last_key_value().map_or(0, |(seq, _)| seq + 1);
                let before = self.verified[LogName::Records.number()].clone();
                let seen = before.as_ref().map_or(0, |seen| seen.size);
                let seal = ledger.seal(&self.keys.peer, u32::try_from(epoch).unwrap(), next, seen, None)?;
                let signed = Verified::open(&seal.checkpoint.text, key);
                if let Some(before) = before.as_ref().filter(|before| before.size > 0) {
                    let (size, root, proof) = (before.size, &before.root, &seal.consistency);
                    verify_consistency(size, root, signed.size, &signed.root, proof).unwrap();
                }
                let history = &mut self.histories[epoch];
                for range in &seal.ranges {
                    let proof = RangeProof { left: range.left.clone(), right: range.right.clone() };
                    let seqs = range.first..range.first + range.count;
                    let written = seqs.clone().map(|seq| history.record(seq).expect("sealed is what it wrote"));
                    let leaves: Vec<Hash> = written.map(|record| leaf_hash(record)).collect();
                    verify_range(range.index, &leaves, signed.size, &proof, &signed.root).unwrap();
                    history.sealed.extend(seqs.zip(range.index..));
                }
                self.verified[LogName::Records.number()] = Some(signed);
                if seal.ranges.is_empty() {
                    break;
                }
            }
        }
        let epoch = self.epoch() as usize;
        let sealed = self.histories[epoch].sealed.last_key_value().map_or(0, |(seq, _)| seq + 1);
        self.told = self.told.max(sealed);
        Ok(())
    }

    /// Fetches the rest of the register, and takes it over once it comes to the root that was signed.
    pub(super) fn fetch_register(&mut self, ledger: &Ledger, key: &VerifyingKey) -> Result<(), Refusal> {
        let office = ledger.office(&self.keys.peer.office)?;
        let (mut acts, mut names) = (self.acts.clone(), self.names.clone());
        loop {
            let shown = self.shown().register;
            let terminal = Some(&self.keys.peer.terminal);
            let part = ledger.register_part(&office, acts.len() as u64, shown.as_deref(), terminal)?;
            acts.extend(part.entries);
            names.extend(part.names);
            let signed = Verified::open(&part.checkpoint.text, key);
            if (acts.len() as u64) < signed.size {
                continue;
            }
            let tree: MemoryTree = acts.iter().map(|act| leaf_hash(act)).collect();
            assert_eq!((tree.size(), tree.root()), (signed.size, signed.root), "the acts come to another root");
            (self.acts, self.names) = (acts, names);
            self.verified[LogName::Register.number()] = Some(signed);
            return Ok(());
        }
    }

    /// Takes what it is to keep, with the checkpoints to show.
    pub(super) fn take_keepsakes(&mut self, ledger: &Ledger, keys: &[VerifyingKey; 3]) -> Result<(), Refusal> {
        loop {
            let handed = ledger.hand_out(&self.keys.peer, self.kept_to)?;
            for (log, text) in [LogName::Records, LogName::Casebook].into_iter().zip(&handed.checkpoints) {
                let given = Verified::open(text, &keys[log.number()]);
                if given.size > self.verified_size(log) {
                    self.verified[log.number()] = Some(given);
                }
            }
            self.kept.extend(handed.keepsakes.into_iter().map(|keepsake| ((keepsake.log, keepsake.index), keepsake)));
            if handed.to == self.kept_to {
                return Ok(());
            }
            self.kept_to = handed.to;
        }
    }

    /// Brings whatever it has of what is missing.
    pub(super) fn refill(&self, ledger: &Ledger) -> Result<(), Refusal> {
        let office = self.keys.peer.office;
        for (log, wanted) in ledger.wanted(&office)? {
            for (from, to) in wanted.missing {
                let kept = self.kept.range((log, from)..(log, to)).map(|(_, keepsake)| keepsake.clone());
                let kept: Vec<Keepsake> = kept.collect();
                match log {
                    LogName::Register => {
                        let cut = |index: u64| usize::try_from(index).unwrap().min(self.acts.len());
                        let acts = self.acts[cut(from)..cut(to)].to_vec();
                        ledger.refill_register(&self.keys.peer, from, acts, &self.names)?;
                    }
                    LogName::Casebook => ledger.refill_kept(&office, &kept)?,
                    LogName::Records => {
                        ledger.refill_kept(&office, &kept)?;
                        self.refill_records(ledger, from, to)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Its own records that lie between these in the log, in runs that lie there as they were written.
    fn refill_records(&self, ledger: &Ledger, from: u64, to: u64) -> Result<(), Refusal> {
        for (epoch, history) in self.histories.iter().enumerate() {
            let mut lying = history.sealed.iter().filter(|(_, index)| (from..to).contains(index)).peekable();
            while let Some((first, index)) = lying.next() {
                let mut count = 1;
                while lying.next_if(|next| *next == (&(first + count), &(index + count))).is_some() {
                    count += 1;
                }
                let batch = self.batch(u32::try_from(epoch).unwrap(), *first, count, 0).expect("it wrote them");
                ledger.refill_records(&self.keys.peer, *index, &batch.envelope(&self.keys))?;
            }
        }
        Ok(())
    }

    /// Brings records that are its own in everything but that the log has others in their places.
    pub(super) fn refill_wrongly(&self, ledger: &Ledger, which: usize) -> Result<(), Refusal> {
        let missing = ledger.wanted(&self.keys.peer.office)?.into_iter().find(|(log, _)| *log == LogName::Records);
        let Some(&(from, to)) = missing.as_ref().and_then(|(_, wanted)| wanted.missing.first()) else { return Ok(()) };
        let sealed = &self.histories.last().unwrap().sealed;
        let lying: Vec<_> = sealed.iter().filter(|(_, index)| (from..to).contains(index)).collect();
        if lying.is_empty() {
            return Ok(());
        }
        let (seq, index) = lying[which % lying.len()];
        ledger.refill_records(&self.keys.peer, *index, &self.twin(*seq, 1, 0).envelope(&self.keys))
    }
}
