//! What acts destroy is gone: from the book, from the index, out of copies; and everything else is as it was.

use std::path::Path;
use std::sync::Arc;

use sekisho_ledger::backup::backup;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::command;
use sekisho_ledger::destroy::Left;
use sekisho_ledger::fsck::{Fault, Report};
use sekisho_ledger::index::Question;
use sekisho_ledger::ingest;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::line::Lane;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::stage::Stage;
use sekisho_ledger::store::{KeyState, LogName, SqliteStore, Store};
use sekisho_ledger::vault::Vault;
use sekisho_register::act::Proposal;
use sekisho_register::calendar::Month;
use sekisho_register::change::{Change, Destroy, Log};
use sekisho_register::{Act, FoldRefusal, SignedAct};
use sekisho_tlog::{leaf_hash, verify_inclusion};
use sekisho_wire::reason::LinkState;
use sekisho_wire::record::{Body, ClockStep, Lost, Record, Retention};

use crate::faulty::{FaultyStore, Next};
use crate::town::{Town, blank_act, code, scratch, sign_act};

const DAY: u64 = 86_400_000;
/// From June 2026 into July 2027: a year is over, seven are not.
pub(crate) const A_YEAR_LATER: u64 = 400 * DAY;
const SEVEN_YEARS_LATER: u64 = 2_600 * DAY;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

impl Town {
    /// Proposed by the mayor, approved by the deputy.
    pub(crate) fn destroys(&self, class: Retention, from: &str, to: &str) -> Result<u64, Refusal> {
        let act = self.destruction(class, from, to)?;
        self.ledger.submit(&self.office, act, Vec::new()).map(|(placed, _)| placed.index)
    }

    /// The approved act, with its proposal filed.
    fn destruction(&self, class: Retention, from: &str, to: &str) -> Result<Vec<u8>, Refusal> {
        self.approved_act(Change::Destroy(Destroy { class, from: month(from), to: month(to) }))
    }

    /// Proposed by the mayor and filed; approved by the deputy and not submitted yet.
    pub(crate) fn approved_act(&self, change: Change) -> Result<Vec<u8>, Refusal> {
        let office = self.ledger.office(&self.office).unwrap();
        let draft = |log, changes, proposal| {
            let register = office.register();
            let (size, root) = (register.size(), register.root());
            let post = Some(code("managers"));
            let act = blank_act(self.clock.now(), changes);
            Act { office: self.office, log, seen_size: size, seen_root: root, post, proposal, ..act }
        };
        let proposal = sign_act(&draft(Log::Casebook, vec![change], None), &self.mayor);
        self.ledger.submit(&self.office, proposal.clone(), Vec::new())?;
        Ok(sign_act(&draft(Log::Register, Vec::new(), Some(Proposal(proposal))), &self.deputy))
    }

    /// Until nothing is left to do.
    pub(crate) fn carries_out(&self) {
        let office = self.ledger.office(&self.office).unwrap();
        while self.ledger.destroy_some(&office).unwrap() == Left::More {}
    }

    /// A batch of records of these bodies, made at `at`; gives the index of the first.
    pub(crate) fn sends_made(&mut self, at: u64, bodies: Vec<Body>) -> u64 {
        let index = self.end();
        let record = |(seq, body)| {
            let bytes = self.terminal.record(seq, body);
            let record = Record::decode(&bytes).unwrap();
            Record { wall: at, trusted: at, ..record }.encode().unwrap().to_vec()
        };
        let records = (self.terminal.next..).zip(bodies).map(record).collect();
        let (mut batch, after) = self.terminal.batch_of(records);
        batch.header.sent = self.clock.now();
        self.deliver(&batch).unwrap();
        self.terminal = after;
        index
    }

    pub(crate) fn end(&self) -> u64 {
        self.ledger.office(&self.office).unwrap().log(LogName::Records).committed_size()
    }

    pub(crate) fn follows(&self) {
        self.ledger.follow_office(&self.ledger.office(&self.office).unwrap()).unwrap();
    }

    pub(crate) fn finds(&self, terminal: &str) -> Vec<u64> {
        let question = Question { terminal: Some(terminal.into()), limit: 100, ..Question::default() };
        let found = self.ledger.search(&self.office, &question).unwrap();
        found
            .rows
            .into_iter()
            .map(|(index, bytes)| bytes.map_or_else(|| panic!("{index} is damaged"), |_| index))
            .collect()
    }

    pub(crate) fn is_destroyed(&self, index: u64) -> Option<Option<u64>> {
        match self.ledger.record_bytes(&self.office, index) {
            Ok(_) => None,
            Err(Refusal::Destroyed { index: of, act, .. }) if of == index => Some(act),
            Err(other) => panic!("{other}"),
        }
    }

    pub(crate) fn keys(&self) -> Vec<(u8, u32, KeyState)> {
        let store = sekisho_ledger::config::Config::read(&self.data.config()).unwrap();
        let store = store.book(&self.data).unwrap().open_existing().unwrap();
        store.keys(&self.office).unwrap().iter().map(|key| (key.class, key.month, key.state)).collect()
    }
}

pub(crate) fn links(count: usize) -> Vec<Body> {
    vec![Body::Link(LinkState::Up); count]
}

pub(crate) fn step() -> Body {
    Body::Clock(ClockStep { from: 1, to: 2 })
}

fn checked(root: &Path) -> Report {
    command::fsck(root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap()
}

fn both_stores() -> [Town; 2] {
    [Town::new(), Town::on_server()]
}

#[test]
fn a_month_is_destroyed_and_its_neighbours_are_not() {
    both_stores().into_iter().for_each(destroyed_and_neighbours);
}

fn destroyed_and_neighbours(mut town: Town) {
    let june = town.clock.now();
    let first = town.sends_made(june, links(4));
    let kept = town.sends_made(june, vec![step()]);
    town.clock.advance(40 * DAY);
    let july = town.sends_made(town.clock.now(), links(3));
    town.publish();
    town.follows();
    let evidence = town.ledger.evidence(&town.office, first).unwrap();
    assert_eq!(town.finds("jumin-1"), (first..july + 3).rev().collect::<Vec<_>>());
    let leaves: Vec<_> =
        (first..first + 4).map(|index| leaf_hash(&town.ledger.record_bytes(&town.office, index).unwrap())).collect();
    // Too early, and nothing happens.
    let early = town.destroys(Retention::Operation, "2026-06", "2026-07");
    assert!(matches!(early, Err(Refusal::Act(FoldRefusal::StillKept { .. }))), "{early:?}");
    town.carries_out();
    assert!((first..july + 3).all(|index| town.is_destroyed(index).is_none()));

    town.clock.advance(A_YEAR_LATER - 40 * DAY);
    let status = command::status(&town.root, &*town.clock).unwrap();
    assert!(status.contains("operation: 1 months may be destroyed, 2026-06 to 2026-06"), "{status}");
    let act = town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.carries_out();
    for index in first..first + 4 {
        assert_eq!(town.is_destroyed(index), Some(Some(act)));
        assert!(matches!(town.ledger.evidence(&town.office, index), Err(Refusal::Destroyed { .. })));
        // That it was there is proved as before.
        let office = town.ledger.office(&town.office).unwrap();
        let proved = town.ledger.prove(&office, LogName::Records, index).unwrap();
        let (size, root) = (proved.checkpoint.size, proved.checkpoint.root);
        let leaf = if index == first { leaf_hash(&evidence.record) } else { leaves[(index - first) as usize] };
        assert!(verify_inclusion(&leaf, index, size, &proved.proof, &root).is_ok());
    }
    let left: Vec<u64> = (kept..july + 3).rev().collect();
    assert_eq!(town.finds("jumin-1"), left);
    assert!(left.iter().all(|index| town.ledger.evidence(&town.office, *index).is_ok()));
    let question = Question { limit: 1, ..Question::default() };
    let found = town.ledger.search(&town.office, &question).unwrap();
    assert_eq!(found.destroyed.iter().map(|destroyed| destroyed.index).collect::<Vec<_>>(), [act]);
    let states: Vec<KeyState> = town
        .keys()
        .iter()
        .filter(|(class, at, _)| (*class, Month(*at)) == (2, month("2026-06")))
        .map(|key| key.2)
        .collect();
    assert_eq!(states, [KeyState::Erased]);
    town.publish();
    let report = checked(&town.root);
    assert_eq!((report.findings, report.destroyed), (vec![], 4));
    let status = command::status(&town.root, &*town.clock).unwrap();
    assert!(status.contains("destroy every older copy"), "{status}");
    assert!(status.contains(&format!("operation: 2026-06 to 2026-06 destroyed by act {act}（")), "{status}");

    // Made again, and after a start: the same.
    town.reopen();
    town.ledger.reindex().unwrap();
    assert_eq!(town.finds("jumin-1"), left);
    town.carries_out();
    assert_eq!(town.is_destroyed(first), Some(Some(act)));
    town.sends_made(town.clock.now(), links(2));
    town.publish();
    assert_eq!(checked(&town.root).findings, []);
    // On a backup, too, there is nothing of it.
    let copy = scratch();
    backup(&town.root, &copy).unwrap();
    let copied = SqliteStore::open_existing(&copy.join("ledger.db")).unwrap();
    let entries = copied.entries(&town.office, LogName::Records, first, 4).unwrap();
    assert!(entries.iter().all(|entry| entry.payload.is_empty()) && entries.len() == 4);
}

#[test]
fn the_index_forgets_what_it_knew_from_a_destroyed_record_and_nothing_of_it_stays_in_its_file() {
    let mut town = Town::new();
    let june = town.clock.now();
    town.sends_made(june, links(300));
    town.publish();
    town.follows();
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.carries_out();
    assert_eq!(town.finds("jumin-1"), [0; 0]);
    let holds = |needle: &[u8]| {
        let files = ["index.db", "index.db-wal"].map(|name| std::fs::read(town.root.join(name)).unwrap_or_default());
        files.iter().any(|file| file.windows(needle.len()).any(|window| window == needle))
    };
    assert!(!holds(b"jumin-1"), "the only records that named it are destroyed");
}

#[test]
fn every_step_may_fail_or_fail_and_land_and_a_crash_may_come_after_it() {
    for next in [Next::Fails, Next::FailsButLands] {
        for crash in [false, true] {
            for before in 0..6 {
                destroyed_although(next, crash, before);
            }
        }
    }
}

fn destroyed_although(next: Next, crash: bool, before: u8) {
    let mut faulty = None;
    let mut town = Town::over(|data| {
        let store = Arc::new(FaultyStore::new(SqliteStore::open_existing(&data.database()).unwrap()));
        faulty = Some(Arc::clone(&store));
        store
    });
    let faulty = faulty.unwrap();
    let june = town.clock.now();
    let first = town.sends_made(june, links(3));
    town.clock.advance(A_YEAR_LATER);
    let kept = town.sends_made(town.clock.now(), links(1));
    town.publish();
    town.follows();
    let act = town.destruction(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.ledger.submit(&town.office, act, Vec::new()).unwrap();
    faulty.order_after(before, next);
    let office = town.ledger.office(&town.office).unwrap();
    let mut tries = 0;
    loop {
        match town.ledger.destroy_some(&office) {
            Ok(Left::Nothing) => break,
            Ok(Left::More) => {}
            Err(_) if crash => break,
            Err(_) => tries += 1,
        }
        assert!(tries < 3, "it goes on once the store works");
    }
    drop(office);
    // However far it came, nobody reads it any more.
    assert!((first..first + 3).all(|index| town.is_destroyed(index).is_some()), "{next:?} {crash} {before}");
    if crash {
        town.reopen();
        assert!((first..first + 3).all(|index| town.is_destroyed(index).is_some()));
    }
    town.carries_out();
    faulty.order(Next::Works);
    assert_eq!(town.finds("jumin-1"), [kept], "{next:?} {crash} {before}");
    let gone = town.keys().into_iter().find(|(class, at, _)| (*class, Month(*at)) == (2, month("2026-06")));
    assert_eq!(gone.unwrap().2, KeyState::Erased, "{next:?} {crash} {before}");
    town.publish();
    assert_eq!(checked(&town.root).findings, [], "{next:?} {crash} {before}");
}

#[test]
fn an_older_copy_with_the_keys_of_today_shows_nothing_of_it() {
    let mut town = Town::new();
    let june = town.clock.now();
    let first = town.sends_made(june, links(3));
    let kept = town.sends_made(june, vec![step()]);
    town.publish();
    let copy = scratch();
    backup(&town.root, &copy).unwrap();
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.carries_out();
    town.put_back(&copy);
    town.reopen();
    // Its register does not have the act yet.
    assert!((first..first + 3).all(|index| town.is_destroyed(index) == Some(None)));
    assert_eq!(town.is_destroyed(kept), None, "everything else opens");
    town.ledger.reindex().unwrap();
    assert_eq!(town.finds("jumin-1"), [kept]);
    let findings = checked(&town.root).findings;
    assert!(findings.iter().all(|finding| matches!(finding.fault, Fault::DestroyedWithoutAct { .. })), "{findings:?}");
    assert_eq!(findings.len(), 1);
}

#[test]
fn with_the_keys_of_yesterday_as_well_a_copy_is_destroyed_again_as_soon_as_the_act_is_there() {
    let mut town = Town::new();
    let june = town.clock.now();
    let first = town.sends_made(june, links(3));
    town.publish();
    let (copy, keys) = (scratch(), std::fs::read(town.data.payload_key()).unwrap());
    backup(&town.root, &copy).unwrap();
    town.clock.advance(A_YEAR_LATER);
    let act = town.destruction(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.ledger.submit(&town.office, act.clone(), Vec::new()).unwrap();
    town.carries_out();
    assert_ne!(std::fs::read(town.data.payload_key()).unwrap(), keys);
    town.put_back(&copy);
    std::fs::write(town.data.payload_key(), &keys).unwrap();
    town.waits_for_nobody();
    town.reopen();
    assert_eq!(town.is_destroyed(first), None, "that is what a copy of the keys is worth");
    // The copy's casebook has as little of it.
    let proposal = SignedAct::decode(&act).unwrap().act().proposal.clone().unwrap().0;
    town.ledger.submit(&town.office, proposal, Vec::new()).unwrap();
    town.ledger.submit(&town.office, act, Vec::new()).unwrap();
    town.carries_out();
    assert!(town.is_destroyed(first).is_some());
    town.publish();
    assert_eq!(checked(&town.root).findings, []);
    // The keys of yesterday come back alone, under a book that has the act.
    std::fs::write(town.data.payload_key(), &keys).unwrap();
    let findings = checked(&town.root).findings;
    assert!(matches!(findings[..], [ref one] if matches!(one.fault, Fault::KeyRemains { .. })), "{findings:?}");
    town.reopen();
    assert_ne!(std::fs::read(town.data.payload_key()).unwrap(), keys, "at the start, before anybody can ask");
    assert_eq!(checked(&town.root).findings, []);
}

#[test]
fn records_of_a_destroyed_month_that_are_brought_again_keep_their_leaf_alone() {
    let mut town = Town::new();
    town.publish();
    let copy = scratch();
    backup(&town.root, &copy).unwrap();
    let from = town.end();
    let (batch, after) = town.terminal.batch(5);
    town.deliver(&batch).unwrap();
    town.terminal = after;
    town.publish();
    town.clock.advance(A_YEAR_LATER);
    let act = town.destruction(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.ledger.submit(&town.office, act, Vec::new()).unwrap();
    town.carries_out();
    town.publish();
    let shown = town.shown();
    let office = town.ledger.office(&town.office).unwrap();
    let part = town.ledger.register_part(&office, 0, None, None).unwrap();
    let kept = town.ledger.hand_out(&town.terminal.peer, [0, 0]).unwrap().keepsakes;
    drop(office);
    town.put_back(&copy);
    town.reopen();
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    let (ledger, peer) = (Arc::clone(&town.ledger), town.terminal.peer.clone());
    let at = ledger.office(&town.office).unwrap().log(LogName::Register).committed_size();
    let acts = part.entries[usize::try_from(at).unwrap()..].to_vec();
    ledger.refill_register(&town.terminal.peer, at, acts, &part.names).unwrap();
    ledger.refill_kept(&town.office, &kept).unwrap();
    ledger.refill_records(&peer, from, &batch.envelope(&town.terminal)).unwrap();
    assert_eq!(ledger.wanted(&town.office).unwrap().len(), 0);
    assert!((from..from + 5).all(|index| town.is_destroyed(index).is_some()));
    town.carries_out();
    town.publish();
    // They came a year ahead of this machine's clock.
    let mut findings = checked(&town.root).findings;
    findings.retain(|finding| !matches!(finding.fault, Fault::BatchTime { .. }));
    assert_eq!(findings, []);
}

#[test]
fn what_comes_for_the_first_time_after_its_month_was_destroyed_is_kept_from_when_it_came() {
    let mut town = Town::new();
    let june = town.clock.now();
    let first = town.sends_made(june, links(2));
    town.publish();
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.carries_out();
    let late = town.sends_made(june + DAY, links(2));
    town.publish();
    assert!(town.is_destroyed(first).is_some());
    assert!(town.is_destroyed(late).is_none() && town.is_destroyed(late + 1).is_none());
    assert_eq!(checked(&town.root).findings, []);
}

#[test]
fn a_book_stays_sound_when_what_tells_of_gaps_codes_and_sessions_is_destroyed() {
    let mut town = Town::new();
    let june = town.clock.now();
    town.sends_made(june, vec![step(), step()]);
    town.ledger.invite(&town.office, &code("jumin-1"), &code("mayor")).unwrap();
    // Two records were lost, and the one that says so goes with its month.
    let lost =
        Body::Lost(Lost { from: 2, to: 3, epoch: None, reason: sekisho_wire::reason::LostReason::JournalDamaged });
    town.terminal.next = 4;
    town.sends_made(june, vec![lost, step()]);
    town.publish();
    assert_eq!(checked(&town.root).findings, []);
    town.clock.advance(SEVEN_YEARS_LATER);
    town.ledger.invite(&town.office, &code("jumin-1"), &code("mayor")).unwrap();
    for class in [Retention::Access, Retention::Administration] {
        town.destroys(class, "2026-06", "2026-07").unwrap();
    }
    town.carries_out();
    town.sends_made(town.clock.now(), vec![step()]);
    town.publish();
    let report = checked(&town.root);
    assert_eq!(report.findings, []);
    assert!(report.destroyed >= 5, "{report:?}");
    // By a clock that went back the ledger would write down what nobody could read: it writes nothing.
    town.clock.set_back(SEVEN_YEARS_LATER);
    let (end, keys) = (town.end(), town.keys());
    assert!(town.ledger.invite(&town.office, &code("jumin-1"), &code("mayor")).is_err());
    assert_eq!((town.end(), town.keys()), (end, keys));
}

#[test]
fn what_is_gone_without_an_act_and_what_is_there_in_spite_of_one_is_found() {
    let mut town = Town::new();
    let june = town.clock.now();
    let first = town.sends_made(june, links(3));
    let sql = |town: &Town, sql: &str| {
        let database = rusqlite::Connection::open(town.data.database()).unwrap();
        assert!(database.execute(sql, []).unwrap() > 0, "{sql}");
    };
    let faults =
        |town: &Town| -> Vec<Fault> { checked(&town.root).findings.into_iter().map(|finding| finding.fault).collect() };
    town.publish();
    // A key that somebody emptied.
    sql(&town, "UPDATE keys SET wrapped = x'', state = 2 WHERE class = 2");
    let found = faults(&town);
    assert!(
        found.contains(&Fault::DestroyedWithoutAct { number: 1 })
            || found.iter().any(|fault| matches!(fault, Fault::DestroyedWithoutAct { .. }))
    );
    assert!(found.contains(&Fault::PayloadRemains), "{found:?}");

    let mut town = Town::new();
    let index = town.sends_made(june, links(3));
    assert_eq!(index, first);
    town.publish();
    // A payload that somebody emptied.
    sql(&town, &format!("UPDATE records_1 SET payload = x'' WHERE idx = {first}"));
    assert_eq!(faults(&town), [Fault::PayloadAltered]);

    let mut town = Town::new();
    town.sends_made(june, links(3));
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.publish();
    assert!(matches!(faults(&town)[..], [Fault::KeyRemains { .. }]), "the ledger has not done it yet");
    town.carries_out();
    assert_eq!(faults(&town), []);
    // Bytes where there are to be none.
    sql(&town, &format!("UPDATE records_1 SET payload = x'01' WHERE idx = {first}"));
    assert_eq!(faults(&town), [Fault::PayloadRemains]);
}

#[test]
fn a_book_with_destroyed_months_moves_to_a_server_and_back() {
    let mut town = Town::new();
    let june = town.clock.now();
    let first = town.sends_made(june, links(3));
    let kept = town.sends_made(june, vec![step()]);
    town.publish();
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    // The key is gone, what it sealed is not yet.
    town.ledger.destroy_some(&town.ledger.office(&town.office).unwrap()).unwrap();
    let Town { data, clock, office, root, ledger, .. } = town;
    drop(ledger);
    sekisho_ledger::move_book::move_book(&root, Some(crate::postgres::database()), None, &mut |_| {}).unwrap();
    let look = || {
        let store = sekisho_ledger::config::Config::read(&data.config()).unwrap().book(&data).unwrap();
        let ledger = Ledger::open_with(&data, clock.clone(), store.open_existing().unwrap(), None).unwrap();
        let known = ledger.office(&office).unwrap();
        while ledger.destroy_some(&known).unwrap() == Left::More {}
        assert!(matches!(ledger.record_bytes(&office, first), Err(Refusal::Destroyed { .. })));
        assert!(ledger.record_bytes(&office, kept).is_ok());
        ledger.publish(&known, LogName::Records).unwrap();
        assert_eq!(checked(&root).findings, []);
    };
    look();
    std::fs::remove_file(root.join("ledger.db.moved")).unwrap();
    sekisho_ledger::move_book::move_book(&root, None, None, &mut |_| {}).unwrap();
    look();
}

#[test]
fn a_key_that_cannot_be_taken_out_of_its_file_is_taken_out_later() {
    let mut town = Town::new();
    let first = town.sends_made(town.clock.now(), links(2));
    town.publish();
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    let keys = std::fs::read(town.data.payload_key()).unwrap();
    // What is there in the way is nothing that can be written over.
    let in_the_way = town.root.join("payload.replaced");
    std::fs::create_dir(&in_the_way).unwrap();
    let office = town.ledger.office(&town.office).unwrap();
    for _ in 0..2 {
        assert!(town.ledger.destroy_some(&office).is_err());
    }
    drop(office);
    assert_eq!(std::fs::read(town.data.payload_key()).unwrap(), keys);
    assert_eq!(town.is_destroyed(first), None, "and nothing else is done before");
    std::fs::remove_dir(&in_the_way).unwrap();
    town.carries_out();
    assert!(town.is_destroyed(first).is_some());
    town.publish();
    assert_eq!(checked(&town.root).findings, []);
}

#[test]
fn what_was_sealed_just_before_its_key_went_comes_again() {
    let mut town = Town::new();
    let june = town.clock.now();
    town.sends_made(june, links(2));
    town.publish();
    let record = |seq| {
        let record = Record::decode(&town.terminal.record(seq, links(1).remove(0))).unwrap();
        Record { wall: june, trusted: june, ..record }.encode().unwrap().to_vec()
    };
    let (batch, _) = town.terminal.batch_of(vec![record(town.terminal.next)]);
    // Looked at, sealed, and not written yet: then the month is destroyed.
    let keys = Keys::read(&town.data).unwrap();
    let register = town.ledger.office(&town.office).unwrap().register();
    let envelope = batch.envelope(&town.terminal);
    let verified = ingest::open(&envelope, &keys.envelope, &town.terminal.peer, &register, june).unwrap();
    let store = SqliteStore::open_existing(&town.data.database()).unwrap();
    let vault = Vault::open(keys.wrapping, &store).unwrap();
    let entries = ingest::seal(&verified, |name| vault.named(name).unwrap());
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.carries_out();
    let (end, now) = (town.end(), town.clock.now());
    let plan = move |stage: &mut Stage<'_>| ingest::plan(stage, &verified, &entries, now);
    let planned = town.ledger.writer.run(Lane::Of(town.office), None, plan).unwrap();
    assert!(matches!(planned, Err(Refusal::Busy)), "{planned:?}");
    assert_eq!(town.end(), end);
    assert_eq!(town.sends_made(june, links(1)), end);
    town.publish();
    assert!(town.is_destroyed(end).is_none(), "it is kept from when it came");
    assert_eq!(checked(&town.root).findings, []);
}
