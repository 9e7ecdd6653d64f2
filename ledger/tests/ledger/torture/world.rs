//! A town that things happen to, and what may be answered to each of them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use sekisho_ledger::acts::Name;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::config::Config;
use sekisho_ledger::destroy::Left;
use sekisho_ledger::ingest::Receipt;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::log_keys::log_key;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::signed_log::Log;
use sekisho_ledger::store::{LogName, Store, StoredSegment};
use sekisho_register::change::{Change, Designate, EpochReason, OpenEpoch, PersonClass, SectionState, SetSection};
use sekisho_register::{Act, NameHash, Title};
use sekisho_tlog::{Checkpoint, VerifyingKey};
use sekisho_wire::id::Hash as WireHash;
use sekisho_wire::reason::{AlarmKind, LinkState, LostReason};
use sekisho_wire::record::{Alarm, Body, Lost, Record};

use super::desk::{Desk, History};
use super::disaster::{Backup, Clone};
use super::oracle::Oracle;
use crate::faulty::{FaultyStore, Next};
use crate::town::{TestBatch, TestTerminal, Town, blank_act, code, empty_ledger_with, opened, person, sign_act};

/// The town, the terminals, and what was promised to them.
pub(super) struct World {
    pub(super) town: Town,
    /// The ledger's store, to spoil it and to look into it.
    pub(super) store: Arc<FaultyStore>,
    /// The keys of the logs as they were at the founding.
    pub(super) keys: [VerifyingKey; 3],
    pub(super) desks: Vec<Desk>,
    pub(super) oracle: Oracle,
    pub(super) backups: Vec<Backup>,
    pub(super) clones: Vec<Clone>,
    /// How many terminals are heard after a start.
    pub(super) hear: Option<usize>,
    /// Whether every restore so far came when terminals had everything that it takes to fill the logs again.
    pub(super) fillable: bool,
    /// Whether somebody has brought a log other entries than it had.
    pub(super) misled: bool,
    pub(super) on_server: bool,
    /// What is named next.
    number: u32,
}

impl World {
    /// `lived_in`: some of its history is cold already.
    pub(super) fn new(on_server: bool, lived_in: bool) -> Self {
        let postgres = on_server.then(crate::postgres::database);
        let mut kept = None;
        let place = empty_ledger_with(postgres, None);
        let config = Config::read(&place.1.config()).unwrap();
        let config = Config { cold: Some(COLD.into()), cold_after_days: 0, cold_entries: 256, ..config };
        std::fs::write(place.1.config(), config.to_text().unwrap()).unwrap();
        std::fs::create_dir_all(place.0.join(COLD)).unwrap();
        let town = Town::founded(place, |data| {
            let store = Arc::new(FaultyStore::over(opened(data)));
            kept = Some(Arc::clone(&store));
            store
        });
        let office = town.ledger.office(&town.office).unwrap();
        let keys = LogName::ALL.map(|log| office.log(log).keys().newest().clone());
        let desks = vec![Desk::new(town.terminal.clone())];
        let oracle = Oracle::default();
        let store = kept.unwrap();
        let (backups, clones) = (Vec::new(), Vec::new());
        let mut world = Self {
            town,
            store,
            keys,
            desks,
            oracle,
            backups,
            clones,
            hear: None,
            fillable: true,
            misled: false,
            on_server,
            number: 0,
        };
        world.new_desk();
        world.new_desk();
        for desk in 0..world.desks.len() {
            // One that never brought anything is waited for by nobody.
            world.writes(desk, 2, false);
            world.sends(desk, 0, 2);
            // One that has no register can show none, and while the ledger hears it gets none.
            world.fetches_register(desk).unwrap();
        }
        if lived_in {
            (0..3).for_each(|desk| world.fills(desk));
            world.writes(0, 1, false);
            world.sends(0, world.desks[0].told, 1);
            world.cools();
            assert_eq!(world.cold(), 256);
        }
        world
    }

    pub(super) fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.town.ledger)
    }

    pub(super) fn on_log<T>(&self, name: LogName, look: impl FnOnce(&Log) -> T) -> T {
        look(self.town.ledger.office(&self.town.office).unwrap().log(name))
    }

    /// Signs what the log has, and says how much that is.
    pub(super) fn publish(&self, name: LogName) -> Result<u64, Refusal> {
        let office = self.town.ledger.office(&self.town.office).unwrap();
        Ok(self.town.ledger.publish(&office, name)?.size)
    }

    pub(super) fn is_hearing(&self) -> bool {
        self.town.ledger.office(&self.town.office).unwrap().awaited().is_some()
    }

    pub(super) fn is_halted(&self, log: LogName) -> bool {
        self.on_log(log, |log| log.halted().is_some())
    }

    /// Whether nothing is in the way of anybody.
    pub(super) fn is_well(&self) -> bool {
        !self.is_hearing() && !LogName::ALL.into_iter().any(|log| self.is_halted(log))
    }

    pub(super) fn checkpoint_file(&self, log: LogName) -> PathBuf {
        self.town.root.join("checkpoints").join(self.town.office.to_string()).join(log.as_str())
    }

    fn number(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    // What terminals do.

    /// A terminal writes records into its journal; a damaged one now and then.
    pub(super) fn writes(&mut self, desk: usize, count: u64, spoiled: bool) {
        let (epoch, desk) = (self.desks[desk].epoch(), &mut self.desks[desk]);
        let keys = TestTerminal { epoch, ..desk.keys.clone() };
        for at in 0..count {
            let history = desk.history();
            let seq = history.end();
            let record = if spoiled && at == 0 {
                format!("{} {epoch} {seq} is no record", keys.peer.terminal).into_bytes()
            } else {
                keys.record(seq, Body::Link(LinkState::Up))
            };
            history.records.push(Some(record));
        }
    }

    /// A terminal sends records from this seq on. Where it has none, nothing comes.
    pub(super) fn sends(&mut self, desk: usize, from: u64, count: u64) {
        let (now, epoch) = (self.town.clock.now(), self.desks[desk].epoch());
        let Some(batch) = self.desks[desk].batch(epoch, from, count, now) else { return };
        let spoiled = self.store.is_spoiled();
        let answer = self.deliver(desk, &batch);
        self.takes_answer(desk, &batch, answer, spoiled);
    }

    /// All terminals send what comes next, at the same time: their batches share commits.
    pub(super) fn all_send(&mut self, count: u64) {
        let now = self.town.clock.now();
        let batches: Vec<(usize, TestBatch)> = (0..self.desks.len())
            .filter_map(|at| {
                let desk = &self.desks[at];
                Some((at, desk.batch(desk.epoch(), desk.told, count, now)?))
            })
            .collect();
        let spoiled = self.store.is_spoiled();
        let answers: Vec<Result<Receipt, Refusal>> = std::thread::scope(|scope| {
            let sent: Vec<_> = batches.iter().map(|(desk, batch)| scope.spawn(|| self.deliver(*desk, batch))).collect();
            sent.into_iter().map(|sent| sent.join().unwrap()).collect()
        });
        for ((desk, batch), answer) in batches.iter().zip(answers) {
            self.takes_answer(*desk, batch, answer, spoiled);
        }
    }

    fn deliver(&self, desk: usize, batch: &TestBatch) -> Result<Receipt, Refusal> {
        let keys = &self.desks[desk].keys;
        self.town.ledger.ingest(&keys.peer, &batch.envelope(keys))
    }

    fn takes_answer(&mut self, desk: usize, batch: &TestBatch, answer: Result<Receipt, Refusal>, spoiled: bool) {
        let (epoch, first, count) = (batch.header.epoch, batch.header.first, u64::from(batch.header.count));
        match answer {
            Ok(receipt) => {
                assert_eq!(receipt.stored + receipt.repeated, count, "a part of a batch was taken");
                let desk = &mut self.desks[desk];
                desk.histories[epoch as usize].acknowledged.extend(first..first + count);
                desk.told = receipt.place.expected;
            }
            Err(Refusal::Gap(place)) => {
                let cursor = self.cursor(desk, epoch);
                assert!(first > cursor && place.expected == cursor, "a gap at {first}, {place:?}, cursor {cursor}");
                self.desks[desk].told = place.expected;
            }
            Err(Refusal::EpochClosed { epoch, open }) => {
                assert!(open > epoch);
                // It learns from the register what was opened for it, also where the answer to the act was lost.
                self.begins_epoch(desk);
            }
            Err(refusal) => self.must_be(desk, batch.header.epoch, &refusal, spoiled),
        }
    }

    /// What nobody may be told without its cause.
    fn must_be(&self, desk: usize, epoch: u32, refusal: &Refusal, spoiled: bool) {
        let register = self.town.ledger.office(&self.town.office).unwrap().register();
        let known = register.terminal(&self.desks[desk].keys.peer.terminal).map(|terminal| terminal.epoch());
        let caused = (matches!(refusal, Refusal::Halted { .. }) && self.is_halted(LogName::Records))
            || (matches!(refusal, Refusal::Hears(_)) && self.is_hearing())
            || (matches!(refusal, Refusal::Unavailable { .. }) && spoiled)
            || (matches!(refusal, Refusal::NotEnrolled) && known.is_none())
            || (matches!(refusal, Refusal::EpochNotOpen { .. }) && known.is_some_and(|known| known < epoch));
        assert!(caused, "terminal {desk} is told {refusal:?}, and there is no reason for it");
    }

    pub(super) fn cursor(&self, desk: usize, epoch: u32) -> u64 {
        self.town.ledger.cursor(&self.desks[desk].keys.peer, epoch).unwrap().expected
    }

    /// Somebody sends from an older image of the terminal's disk.
    pub(super) fn twin_sends(&mut self, desk: usize, back: u64, count: u64) {
        let (epoch, now) = (self.desks[desk].epoch(), self.town.clock.now());
        let cursor = self.cursor(desk, epoch);
        let Some(from) = (cursor > 0).then(|| cursor - 1 - back % cursor) else { return };
        if self.desks[desk].histories[epoch as usize].record(from).is_none() {
            return;
        }
        let batch = self.desks[desk].twin(from, count, now);
        let expected =
            |answer: &Result<Receipt, Refusal>| matches!(answer, Err(Refusal::Fork(place)) if place.expected == cursor);
        self.is_alarmed(desk, &batch, AlarmKind::Fork, cursor, expected);
    }

    /// A terminal sends its own records with another chain than the one it has.
    pub(super) fn chain_is_wrong(&mut self, desk: usize, count: u64) {
        let (epoch, now) = (self.desks[desk].epoch(), self.town.clock.now());
        let cursor = self.cursor(desk, epoch);
        let Some(mut batch) = self.desks[desk].batch(epoch, cursor, count, now) else { return };
        batch.header.before = WireHash([7; 32]);
        let expected = |answer: &Result<Receipt, Refusal>| matches!(answer, Err(Refusal::WrongChain(place)) if place.expected == cursor);
        self.is_alarmed(desk, &batch, AlarmKind::WrongChain, cursor, expected);
    }

    /// Sends what has to be refused in one way, and looks for the alarm; where a failing disk kept it from being written, the next try writes it.
    fn is_alarmed(
        &mut self,
        desk: usize,
        batch: &TestBatch,
        kind: AlarmKind,
        seq: u64,
        expected: impl Fn(&Result<Receipt, Refusal>) -> bool,
    ) {
        if self.store.is_spoiled() {
            drop(self.deliver(desk, batch));
            self.store.order(Next::Works);
        }
        let answer = self.deliver(desk, batch);
        if expected(&answer) {
            let terminal = self.desks[desk].keys.peer.terminal.clone();
            let sought =
                Alarm { kind, terminal: Some(terminal), epoch: Some(batch.header.epoch), seq: Some(seq), act: None };
            let alarmed = self.alarms().contains(&sought);
            assert!(alarmed || !self.is_well(), "no alarm {sought:?}");
            return;
        }
        let refusal = answer.expect_err("what is no continuation was taken");
        self.must_be(desk, batch.header.epoch, &refusal, false);
    }

    fn alarms(&self) -> Vec<Alarm> {
        let size = self.on_log(LogName::Records, |log| log.committed_size());
        let all = (0..size).map(|index| self.town.ledger.record_bytes(&self.town.office, index).unwrap());
        let alarm = |bytes: Vec<u8>| {
            if let Body::Alarm(alarm) = Record::decode(&bytes).ok()?.body { Some(alarm) } else { None }
        };
        all.filter_map(alarm).collect()
    }

    /// A terminal's journal is damaged behind what the ledger has: it says what is lost, and goes on.
    pub(super) fn loses(&mut self, desk: usize) {
        let epoch = self.desks[desk].epoch();
        let (cursor, promised) = (self.cursor(desk, epoch), self.promised(desk));
        let keys = TestTerminal { epoch, ..self.desks[desk].keys.clone() };
        let history = self.desks[desk].history();
        // A ledger that has less than it said it had gets it again.
        if cursor < promised || cursor >= history.end() {
            return;
        }
        let end = history.end();
        history.records[usize::try_from(cursor).unwrap()..].fill(None);
        let lost = Lost { from: cursor, to: end - 1, reason: LostReason::JournalDamaged, epoch: None };
        let record = keys.record(end, Body::Lost(lost));
        history.records.push(Some(record));
        self.desks[desk].told = cursor;
    }

    /// One more than the last record of this epoch that the ledger acknowledged.
    fn promised(&self, desk: usize) -> u64 {
        let history = self.desks[desk].histories.last().unwrap();
        let last = [history.acknowledged.last(), history.sealed.last_key_value().map(|(seq, _)| seq)];
        last.into_iter().flatten().max().map_or(0, |seq| seq + 1)
    }

    /// What the register says of its epoch. What the old one leaves behind is carried into the new one; or its first record says that it is lost, as terminals
    /// did that carried nothing.
    fn begins_epoch(&mut self, desk: usize) {
        let _ = self.fetches_register(desk);
        let known: BTreeSet<u32> =
            self.desks[desk].acts.iter().filter_map(|act| opens(act, &self.desks[desk])).collect();
        let old = self.desks[desk].epoch();
        if !known.contains(&(old + 1)) {
            return;
        }
        let promised = self.promised(desk);
        let end = self.desks[desk].history().end();
        self.desks[desk].histories.push(History::default());
        self.desks[desk].told = 0;
        if promised < end && !(end - promised).is_multiple_of(3) {
            let left = self.desks[desk].histories[old as usize].records.iter().skip(usize::try_from(promised).unwrap());
            let carried: Vec<_> = left.filter(|record| record.is_some()).cloned().collect();
            self.desks[desk].history().records = carried;
        } else if promised < end {
            let lost = Lost { from: promised, to: end - 1, reason: LostReason::NotKept, epoch: Some(old) };
            let keys = TestTerminal { epoch: old + 1, ..self.desks[desk].keys.clone() };
            let record = keys.record(0, Body::Lost(lost));
            self.desks[desk].history().records.push(Some(record));
        }
    }

    pub(super) fn fetches_register(&mut self, desk: usize) -> Result<(), Refusal> {
        let (ledger, key) = (self.ledger(), &self.keys[LogName::Register.number()]);
        let spoiled = self.store.is_spoiled() || self.checkpoint_file(LogName::Register).with_extension("new").exists();
        let fetched = self.desks[desk].fetch_register(&ledger, key);
        self.is_told_nothing_strange(desk, LogName::Register, fetched, spoiled)
    }

    pub(super) fn seals(&mut self, desk: usize) -> Result<(), Refusal> {
        let (ledger, key) = (self.ledger(), &self.keys[LogName::Records.number()]);
        let sealed = self.desks[desk].seal(&ledger, key);
        self.is_told_nothing_strange(desk, LogName::Records, sealed, false)
    }

    /// They come beside the register.
    pub(super) fn takes_keepsakes(&mut self, desk: usize) -> Result<(), Refusal> {
        self.fetches_register(desk)?;
        let ledger = self.ledger();
        let kept = self.desks[desk].take_keepsakes(&ledger, &self.keys);
        let halted = [LogName::Records, LogName::Casebook].into_iter().find(|log| self.is_halted(*log));
        self.is_told_nothing_strange(desk, halted.unwrap_or(LogName::Records), kept, false)
    }

    pub(super) fn shows(&mut self, desk: usize) {
        // Whoever has verified nothing yet asks for the seal first.
        if self.desks[desk].verified_size(LogName::Records) == 0 {
            let _ = self.seals(desk);
        }
        let shown = self.desks[desk].shown();
        let spoiled = self.is_spoiled();
        if let Err(refusal) = self.town.ledger.hear(&self.desks[desk].keys.peer, &shown) {
            let hears = matches!(refusal, Refusal::Hears(_)) && self.is_hearing();
            assert!(hears || spoiled, "terminal {desk} shows what it verified and is told {refusal:?}");
        }
    }

    fn is_told_nothing_strange(
        &self,
        desk: usize,
        log: LogName,
        answer: Result<(), Refusal>,
        spoiled: bool,
    ) -> Result<(), Refusal> {
        let Err(refusal) = answer else { return Ok(()) };
        let published = self.on_log(log, |log| log.published().map_or(0, |published| published.size));
        let behind = self.desks[desk].verified_size(log) > published || self.desks[desk].acts.len() as u64 > published;
        let caused = (matches!(refusal, Refusal::Halted { .. }) && self.is_halted(log))
            || (matches!(refusal, Refusal::Hears(_)) && self.is_hearing())
            || (matches!(refusal, Refusal::SeenUnproved) && behind)
            || (matches!(refusal, Refusal::Unavailable { .. }) && spoiled);
        assert!(caused, "terminal {desk} asks about {log} and is told {refusal:?}, and there is no reason for it");
        Err(refusal)
    }

    // What people do.

    /// An act for the register.
    pub(super) fn acts(&mut self, changes: Vec<Change>, names: Vec<Name>) -> bool {
        self.files(self.town.act(changes), names, LogName::Register)
    }

    fn files(&mut self, act: Vec<u8>, names: Vec<Name>, log: LogName) -> bool {
        let spoiled = self.store.is_spoiled() || self.checkpoint_file(log).with_extension("new").exists();
        let leaf = sekisho_tlog::leaf_hash(&act);
        match self.town.ledger.submit(&self.town.office, act, names) {
            Ok((placed, _)) => {
                self.oracle.acknowledged(placed.log, placed.index, leaf);
                true
            }
            Err(refusal) => {
                let halted = LogName::ALL.into_iter().any(|log| self.is_halted(log));
                let caused = (matches!(refusal, Refusal::Halted { .. }) && halted)
                    || (matches!(refusal, Refusal::Hears(_)) && self.is_hearing())
                    || (matches!(refusal, Refusal::Unavailable { .. }) && spoiled);
                assert!(caused, "an act gets {refusal:?}, and there is no reason for it");
                false
            }
        }
    }

    fn section(&mut self) -> Change {
        let section = code(&format!("ka-{}", self.number()));
        let title = Title::new("戸籍課").unwrap();
        Change::Section(SetSection { section, title, state: SectionState::Open, effective: 0 })
    }

    pub(super) fn orders(&mut self, named: bool) {
        if !named {
            let section = self.section();
            self.acts(vec![section], Vec::new());
            return;
        }
        let number = self.number();
        let name = person(&format!("関 {number} 郎"));
        let designate = Designate {
            operator: code(&format!("shokuin-{number}")),
            name: NameHash::of(&name.salt, &name.text),
            class: PersonClass::Operator,
            section: code("jumin"),
            from: 0,
            to: u64::MAX >> 1,
            terminals: vec![code("jumin-1")],
            sections: Vec::new(),
        };
        self.acts(vec![Change::Designate(Box::new(designate))], vec![name]);
    }

    pub(super) fn proposes(&mut self) {
        let section = self.section();
        let register = self.town.ledger.office(&self.town.office).unwrap().register();
        let proposal = Act {
            office: self.town.office,
            log: sekisho_register::change::Log::Casebook,
            seen_size: register.size(),
            seen_root: register.root(),
            post: Some(code("managers")),
            ..blank_act(self.town.clock.now(), vec![section])
        };
        self.files(sign_act(&proposal, &self.town.mayor), Vec::new(), LogName::Casebook);
    }

    pub(super) fn opens_epoch(&mut self, desk: usize) {
        let terminal = self.desks[desk].keys.peer.terminal.clone();
        let register = self.town.ledger.office(&self.town.office).unwrap().register();
        let Some(open) = register.terminal(&terminal).map(|terminal| terminal.epoch()) else { return };
        // An act is about what its terminal does: one that has not come along yet gets no second epoch.
        if open != self.desks[desk].epoch() {
            return;
        }
        let open = OpenEpoch { terminal, epoch: open + 1, reason: EpochReason::Restored };
        if self.acts(vec![Change::OpenEpoch(open)], Vec::new()) {
            self.begins_epoch(desk);
        }
    }

    /// A terminal joins, and is as far as the others when it has come once.
    pub(super) fn new_desk(&mut self) {
        let number = self.number();
        let seed = [u8::try_from(number % 200 + 20).unwrap(); 32];
        let envelope = self.town.terminal.envelope.clone();
        let keys = TestTerminal::new(self.town.office, &format!("mado-{number}"), seed, envelope);
        if self.acts(vec![Change::Terminal(Box::new(keys.registration()))], Vec::new()) {
            self.desks.push(Desk::new(keys));
            let desk = self.desks.len() - 1;
            let _ = self.fetches_register(desk);
        }
    }

    // What happens to the machine.

    /// So many records that some may go cold.
    pub(super) fn fills(&mut self, desk: usize) {
        self.writes(desk, 120, false);
        self.sends(desk, self.desks[desk].told, 1000);
    }

    /// What is old and signed goes into files.
    pub(super) fn cools(&mut self) {
        self.ticks();
        let (ledger, spoiled) = (self.ledger(), self.store.is_spoiled());
        let office = ledger.office(&self.town.office).unwrap();
        loop {
            match ledger.cool_some(&office) {
                Ok(Left::More) => {}
                Ok(Left::Nothing) => return,
                Err(error) => return assert!(spoiled, "nothing goes cold: {error}"),
            }
        }
    }

    /// How many entries of the records log lie in files.
    pub(super) fn cold(&self) -> u64 {
        self.store.segments(&self.town.office).unwrap().last().map_or(0, StoredSegment::end)
    }

    /// The sequencer looks once.
    pub(super) fn ticks(&mut self) {
        for name in LogName::ALL {
            let blocked = self.checkpoint_file(name).with_extension("new").exists();
            let halted = self.is_halted(name);
            let _ = self.on_log(name, Log::write_owed_note);
            let signed = self.publish(name).map(|size| size == self.on_log(name, Log::committed_size));
            match signed {
                Ok(all) => assert!(all && !halted, "{name} is signed, and not as it stands"),
                Err(error) => assert!(halted || blocked, "{name} is not signed: {error:?}"),
            }
        }
    }

    /// The disk takes no checkpoint of this log any more; `lands`: and one that it refused stands there all the same.
    pub(super) fn block_file(&mut self, name: LogName, lands: bool) {
        let file = self.checkpoint_file(name);
        let _ = std::fs::create_dir(file.with_extension("new"));
        let tried = self.on_log(name, |log| log.halted().is_none()) && self.publish(name).is_err();
        if tried && lands {
            let stored = self.store.offices().unwrap().remove(0);
            let master = Keys::read(&self.town.data).unwrap().wrapping.master;
            let key = log_key(&master, &stored.seeds, "ledger.test", &self.town.office, name, 1).unwrap();
            let size = self.on_log(name, |log| log.committed_size());
            let root = self.oracle.root(name, size);
            let text = Checkpoint { origin: key.name().into(), size, root, extensions: Vec::new() }.sign(&key);
            std::fs::write(file, text).unwrap();
        }
    }

    pub(super) fn mend(&mut self) {
        self.store.order(Next::Works);
        for name in LogName::ALL {
            let _ = std::fs::remove_dir(self.checkpoint_file(name).with_extension("new"));
            self.on_log(name, |log| log.write_owed_note().unwrap());
        }
    }

    pub(super) fn time_passes(&mut self, minutes: u64) {
        self.town.clock.advance(minutes * 60_000);
    }
}

/// Where cold segments lie, in the ledger's directory.
pub(super) const COLD: &str = "cold";

/// The epoch that an act opens for this terminal.
fn opens(act: &[u8], desk: &Desk) -> Option<u32> {
    let signed = sekisho_register::SignedAct::decode(act).unwrap();
    let opened = signed
        .act()
        .changes
        .iter()
        .filter_map(|change| if let Change::OpenEpoch(open) = change { Some(open) } else { None });
    opened.into_iter().find(|open| open.terminal == desk.keys.peer.terminal).map(|open| open.epoch)
}
