//! Batches into the ledger: over HTTPS, from several terminals at once, through its library, through its store alone; each beside the bare insert of the same rows.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use sekisho_ledger::authority::Peer;
use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::ingest;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::store::{Append, Change, Entry, LogName, SqliteStore, Store};
use sekisho_tests::clerk::insert;
use sekisho_tests::scene::{FUNCTIONS, Scene, enrol, wait_sealed};
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::id::OfficeId;

use crate::bare_rows::{BareRows, Row};
use crate::batches::{BATCH, Prepared, Sender};
use crate::growth::opened;
use crate::report::{Goal, Report};
use crate::stopwatch::timed;
use crate::times::Times;
use crate::{Effort, authorize, stored};

/// Batches in a block; the ledger's followers catch up before the bare loop's block, so that they are charged to nobody else.
const BLOCK: usize = 5;
/// Terminals that send at once.
const TERMINALS: usize = 4;

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    if scene.ledger.process_id().is_some() {
        wait_sealed(&scene.terminal);
    }
    // A session that nobody closes, for all that is sent below is said to be granted in it. An agent that is killed closes none.
    if scene.terminal.client().status().is_ok_and(|status| status.card.is_none()) {
        insert(&scene.terminal, &mut scene.clerk);
    }
    authorize::begin_to_work(scene);
    [Part::Agent, Part::CardWorker, Part::Forwarder].into_iter().for_each(|part| scene.terminal.kill(part));
    scene.ledger.stop();
    let before = stored::Stored::look(&scene.ledger);
    let mut sender = Sender::of(&scene.terminal.state());
    let mut bare = BareRows::new(&scene.scratch.path().join("bare.db"));

    scene.ledger.serve();
    sender.send_the_rest();
    let https = over_https(scene, &mut sender, &mut bare, effort.of(12, 2));
    scene.ledger.stop();
    let data = DataDir::new(scene.ledger.data());
    let library = through_the_library(&data, &mut sender, &mut bare, effort.of(40, 8));
    let opening = sender.aside(|sender| opening_alone(&data, sender, effort.of(20, 4)));
    let copy = scene.scratch.path().join("copy.db");
    stored::copy(&data.database(), &copy);
    let store = sender.aside(|sender| through_the_store(&copy, sender, &mut bare, effort.of(40, 8)));

    let name = "ledger ingest over HTTPS ÷ bare rusqlite insert";
    report.goal(name, "≥ 0.8", Goal::AtLeast(0.8), https.rate_ratio(), format!("{:.2}", https.rate_ratio()));
    https.tell("HTTPS, one connection, one batch after the other, ledger signing and indexing meanwhile", report);
    report.number("  the same through the library", format!("{:.2}", library.rate_ratio()));
    library.tell("library: unseal, verify, decode, hash, seal, commit; no TLS, no index", report);
    report.number("  the same through the store alone", format!("{:.2}", store.rate_ratio()));
    store.tell("Store::commit of entries that are sealed already", report);
    report.from(format!("opening a batch (unseal, verify, decode, hash), no disk: {opening}"));
    stored::measure(scene, &before, report);

    // Last: what these terminals say they granted was granted elsewhere, and fsck would name it.
    scene.ledger.serve();
    let several = together(scene, &mut sender, &mut bare, effort.of(12, 3));
    scene.ledger.stop();
    report.number("ledger ingest, several terminals at once ÷ bare", format!("{:.2}", several.rate_ratio()));
    several.tell(
        "HTTPS, one connection of each of four terminals; rounds of one batch from each, a quarter of a round",
        report,
    );
}

/// Batches of ours and of the bare loop.
struct Beside {
    ours: Times,
    bare: Times,
}

impl Beside {
    fn of(pairs: impl IntoIterator<Item = (Duration, Duration)>) -> Self {
        let (ours, bare): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        Self { ours: ours.into_iter().collect(), bare: bare.into_iter().collect() }
    }

    fn rate_ratio(&self) -> f64 {
        self.ours.per_second() / self.bare.per_second()
    }

    fn tell(&self, how: &str, report: &mut Report) {
        let rows = |times: &Times| times.per_second() * BATCH as f64;
        report.from(format!("{:.0} rows/s; per batch of {BATCH}: {}; {how}", rows(&self.ours), self.ours));
        report.from(format!("bare: {:.0} rows/s; per batch: {}", rows(&self.bare), self.bare));
    }
}

fn over_https(scene: &Scene, sender: &mut Sender, bare: &mut BareRows, blocks: usize) -> Beside {
    let ledger = scene.ledger.process_id().expect("the ledger serves");
    // The first request makes the connection.
    let first = sender.prepare();
    sender.send(&first);
    let pairs = (0..blocks).flat_map(|_| {
        let batches: Vec<Prepared> = (0..BLOCK).map(|_| sender.prepare()).collect();
        wait_idle(ledger);
        let ours: Vec<Duration> = batches.iter().map(|batch| timed(|| sender.send(batch)).1).collect();
        wait_idle(ledger);
        let office = sender.identity.office;
        let rows = batches.iter().map(|batch| Row::like(office, &batch.records)).collect::<Vec<_>>();
        let theirs: Vec<Duration> = rows.iter().map(|rows| timed(|| bare.insert(rows)).1).collect();
        ours.into_iter().zip(theirs).collect::<Vec<_>>()
    });
    Beside::of(pairs)
}

/// A round: each terminal sends a batch at the same moment. While one is committed, those of the others are unsealed and sealed again.
fn together(scene: &mut Scene, first: &mut Sender, bare: &mut BareRows, rounds: usize) -> Beside {
    let ledger = scene.ledger.process_id().expect("the ledger serves");
    let mut others: Vec<Sender> = (2..=TERMINALS).map(|number| another(scene, first, number)).collect();
    let office = first.identity.office;
    let pairs = (0..rounds).flat_map(|round| {
        let batches: Vec<Prepared> = std::iter::once(&mut *first).chain(&mut others).map(Sender::prepare).collect();
        wait_idle(ledger);
        let (_, took) = timed(|| {
            std::thread::scope(|scope| {
                for (sender, batch) in std::iter::once(&*first).chain(&others).zip(&batches) {
                    scope.spawn(|| sender.send(batch));
                }
            });
        });
        wait_idle(ledger);
        let rows: Vec<_> = batches.iter().map(|batch| Row::like(office, &batch.records)).collect();
        let theirs: Vec<Duration> = rows.iter().map(|rows| timed(|| bare.insert(rows)).1).collect();
        // The first round makes the connections.
        let counted = if round == 0 { 0 } else { theirs.len() };
        let share = took / u32::try_from(theirs.len()).expect("a few terminals");
        theirs.into_iter().take(counted).map(move |theirs| (share, theirs)).collect::<Vec<_>>()
    });
    Beside::of(pairs)
}

/// One more terminal of the town, enrolled and stopped again.
fn another(scene: &Scene, like: &Sender, number: usize) -> Sender {
    let mut terminal = Terminal::new(&scene.scratch.folder(&format!("t{number}")), &scene.clock);
    enrol(&scene.desk, &terminal, &format!("jumin-{number}"), FUNCTIONS);
    terminal.start();
    wait_sealed(&terminal);
    terminal.stop();
    let sender = Sender::like(like, &terminal.state());
    sender.send_the_rest();
    sender
}

fn through_the_library(data: &DataDir, sender: &mut Sender, bare: &mut BareRows, batches: usize) -> Beside {
    let ledger = opened(data);
    let peer = peer(sender);
    Beside::of((0..batches).map(|_| {
        let batch = sender.prepare();
        let (receipt, took) = timed(|| ledger.ingest(&peer, &batch.envelope));
        let receipt = receipt.unwrap_or_else(|refusal| panic!("refused: {refusal}"));
        assert_eq!(receipt.stored, BATCH, "all of the batch is new");
        let rows = Row::like(sender.identity.office, &batch.records);
        (took, timed(|| bare.insert(&rows)).1)
    }))
}

/// What the ledger does with a batch before anything is written; the batches are thrown away.
fn opening_alone(data: &DataDir, sender: &mut Sender, batches: usize) -> Times {
    let ledger = opened(data);
    let office = ledger.office(&sender.identity.office).unwrap_or_else(|refusal| panic!("{refusal}"));
    let keys = Keys::read(data).unwrap_or_else(|error| panic!("{error}"));
    let (peer, register) = (peer(sender), office.register());
    let batch = sender.prepare();
    let open = || {
        let now = sekisho_ledger::clock::Clock::now(&MachineClock);
        let opened = ingest::open(&batch.envelope, &keys.envelope, &peer, &register, now);
        opened.map(drop).unwrap_or_else(|refusal| panic!("refused: {refusal}"));
    };
    (0..batches).map(|_| timed(open).1).collect()
}

fn through_the_store(copy: &Path, sender: &mut Sender, bare: &mut BareRows, batches: usize) -> Beside {
    let store = SqliteStore::open_existing(copy).unwrap_or_else(|error| panic!("{error}"));
    Beside::of((0..batches).map(|_| {
        let batch = sender.prepare();
        let change = append(&store, sender.identity.office, &batch.records);
        let (committed, took) = timed(|| store.commit(&change));
        committed.unwrap_or_else(|error| panic!("{error}"));
        let rows = Row::like(sender.identity.office, &batch.records);
        (took, timed(|| bare.insert(&rows)).1)
    }))
}

/// A change that appends as many bytes as these records would be. The tree stays right; tiles and cursor are not measured here.
fn append(store: &SqliteStore, office: OfficeId, records: &[Vec<u8>]) -> Change {
    let log = LogName::Records;
    let mut frontier = store.frontier(&office, log).unwrap_or_else(|error| panic!("{error}"));
    let from = frontier.size();
    let rows = Row::like(office, records).into_iter();
    let entry = |(record, row): (&Vec<u8>, Row)| Entry { leaf: leaf_hash(record), key: 2, payload: row.payload };
    let entries: Vec<Entry> = records.iter().zip(rows).map(entry).collect();
    entries.iter().map(|entry| entry.leaf).for_each(|leaf: Hash| frontier.append(leaf));
    Change { appends: vec![Append { office, log, from, entries, tiles: Vec::new(), frontier }], ..Change::default() }
}

fn peer(sender: &Sender) -> Peer {
    Peer { office: sender.identity.office, terminal: sender.identity.terminal.clone() }
}

/// Waits until a process does next to nothing any more.
fn wait_idle(pid: u32) {
    let mut before = ticks(pid);
    loop {
        sleep(Duration::from_millis(100));
        let after = ticks(pid);
        // A hundredth of a second of work in a tenth: its clockwork alone.
        if after.saturating_sub(before) <= 1 {
            return;
        }
        before = after;
    }
}

/// Processor time of a process in hundredths of a second (proc(5), fields 14 and 15).
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}
