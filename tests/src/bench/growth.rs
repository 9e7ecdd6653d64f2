//! What grows with the book: ingest, index, search, proof, fsck and bytes at a hundred thousand, a million and ten million records, on one and the same ledger; and
//! ingest into PostgreSQL beside the bare binary COPY of the same rows.

use std::sync::Arc;

use sekisho_ledger::authority::Peer;
use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::cold::ENTRIES;
use sekisho_ledger::config::Config;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::destroy::Left;
use sekisho_ledger::index::{AskedVerdict, Question};
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::store::LogName;
use sekisho_tests::clerk::insert;
use sekisho_tests::ledger::succeeded;
use sekisho_tests::postgres;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;

use crate::bare_rows::{BareCopy, BareRows, Row};
use crate::batches::{BATCH, Sender};
use crate::report::{Goal, Report, progress};
use crate::stopwatch::timed;
use crate::stored::Stored;
use crate::times::Times;
use crate::{Effort, authorize};

/// Sizes that are looked at.
const SIZES: [u64; 3] = [100_000, 1_000_000, 10_000_000];
const QUICK: [u64; 2] = [10_000, 100_000];
/// Batches that are timed at each size.
const TIMED: usize = 20;
const SEARCHES: usize = 30;

pub(crate) fn measure(_: &mut Scene, effort: Effort, report: &mut Report) {
    // What this terminal says it granted it did not: a ledger of its own.
    let mut scene = Scene::new("growth");
    insert(&scene.terminal, &mut scene.clerk);
    authorize::begin_to_work(&scene);
    wait_sealed(&scene.terminal);
    [Part::Agent, Part::CardWorker, Part::Forwarder].into_iter().for_each(|part| scene.terminal.kill(part));
    let mut sender = Sender::of(&scene.terminal.state());
    sender.send_the_rest();
    scene.ledger.stop();
    let mut bare = BareRows::new(&scene.scratch.path().join("bare.db"));
    beside_copy(&scene, &mut sender, effort, report);
    let sizes = if effort.of(10, 1) == 10 { SIZES.as_slice() } else { QUICK.as_slice() };
    for size in sizes {
        progress(&format!("growth: {size} records"));
        at_size(&mut scene, &mut sender, &mut bare, *size, report);
        report.print();
    }
    when_cold(&scene, &sender, report);
}

/// A ledger of this process, which waits for nobody.
pub(crate) fn opened(data: &DataDir) -> Arc<Ledger> {
    let ledger = Ledger::open(data, Arc::new(MachineClock)).unwrap_or_else(|error| panic!("{error}"));
    ledger.offices().iter().for_each(|office| office.hearing().end());
    ledger
}

fn at_size(scene: &mut Scene, sender: &mut Sender, bare: &mut BareRows, size: u64, report: &mut Report) {
    let ledger = opened(&DataDir::new(scene.ledger.data()));
    let office = ledger.office(&sender.identity.office).unwrap_or_else(|refusal| panic!("{refusal}"));
    let peer = Peer { office: office.id, terminal: sender.identity.terminal.clone() };
    let records = office.log(LogName::Records);
    let ingest = |sender: &mut Sender| {
        let batch = sender.prepare();
        let (receipt, took) = timed(|| ledger.ingest(&peer, &batch.envelope));
        let receipt = receipt.unwrap_or_else(|refusal| panic!("refused: {refusal}"));
        assert_eq!(receipt.stored, BATCH, "all of the batch is new");
        (batch, took)
    };
    while records.committed_size() + TIMED as u64 * BATCH < size {
        let _ = ingest(sender);
    }
    let (ours, theirs): (Vec<_>, Vec<_>) = (0..TIMED)
        .map(|_| {
            let (batch, took) = ingest(sender);
            let rows = Row::like(office.id, &batch.records);
            (took, timed(|| bare.insert(&rows)).1)
        })
        .unzip();
    let (ours, theirs): (Times, Times) = (ours.into_iter().collect(), theirs.into_iter().collect());
    let (taken, indexing) = timed(|| ledger.follow_office(&office).unwrap_or_else(|error| panic!("{error}")));
    let published = ledger.publish(&office, LogName::Records).unwrap_or_else(|error| panic!("{error}"));
    let middle = published.size / 2;
    let proofs: Times =
        (0..SEARCHES).map(|_| timed(|| ledger.prove(&office, LogName::Records, middle).map(drop)).1).collect();
    let searches = searches(&ledger, sender);
    drop((office, ledger));

    let entries = published.size;
    report.number(
        &format!("ingest ÷ bare insert at {entries} records"),
        format!("{:.2}", ours.per_second() / theirs.per_second()),
    );
    report.from(format!("library, batches of {BATCH}: {ours}; bare, a table of {} rows: {theirs}", bare.rows()));
    report.from(format!("index: {:.0} records/s", taken as f64 / indexing.as_secs_f64()));
    report.number(
        "  first page of a search, p50",
        searches.iter().map(|(_, times)| ms(times)).collect::<Vec<_>>().join(", "),
    );
    report.from(searches.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    report.number("  inclusion proof, p50", ms(&proofs));
    let stored = Stored::look(&scene.ledger);
    let (book, index) = stored.bytes_each();
    report.number("  bytes per record, book and index", format!("{book:.0}, {index:.0}"));
    let ((code, said), took) = timed(|| scene.ledger.fsck());
    assert_eq!(code, Some(0), "fsck finds something: {said}");
    report.number("  fsck, entries per second", format!("{:.3} M/s", entries as f64 / took.as_secs_f64() / 1e6));
}

/// The same ledger once all that can be is in files.
fn when_cold(scene: &Scene, sender: &Sender, report: &mut Report) {
    let copy = scene.ledger.copy_to(&scene.scratch.folder("cold"), &scene.clock);
    let data = DataDir::new(copy.data());
    let config = Config::read(&data.config()).unwrap_or_else(|error| panic!("{error}"));
    let config = Config { cold: Some("cold".into()), cold_after_days: 0, ..config };
    let text = config.to_text().unwrap_or_else(|error| panic!("{error}"));
    std::fs::write(data.config(), text).expect("cannot write the configuration");
    let folder = copy.data().join("cold");
    std::fs::create_dir(&folder).expect("cannot make a folder");
    let ledger = opened(&data);
    let office = ledger.office(&sender.identity.office).unwrap_or_else(|refusal| panic!("{refusal}"));
    let one = || ledger.cool_some(&office).unwrap_or_else(|error| panic!("{error}")) == Left::More;
    let (segments, took) = timed(|| std::iter::repeat_with(one).take_while(|more| *more).count());
    if segments == 0 {
        return;
    }
    let files = std::fs::read_dir(folder.join(office.id.to_string())).expect("a folder of cold segments");
    let bytes: u64 = files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len()).sum();
    let entries = segments as f64 * ENTRIES as f64;
    let each = bytes as f64 / entries;
    report.goal("bytes per record, cold", "≤ 100", Goal::AtMost(100.0), each, format!("{each:.0}"));
    report.from(format!("{segments} segments, each gone cold in {:.2} s", took.as_secs_f64() / segments as f64));
    let searches = searches(&ledger, sender);
    let found = searches.iter().map(|(_, times)| ms(times)).collect::<Vec<_>>().join(", ");
    report.number("  first page of a search, cold, p50", found);
    drop((office, ledger));
    let ((code, said), took) = timed(|| copy.fsck());
    assert_eq!(code, Some(0), "fsck finds something: {said}");
    report.number("  fsck, cold, entries per second", format!("{:.3} M/s", entries / took.as_secs_f64() / 1e6));
}

fn ms(times: &Times) -> String {
    format!("{:.1} ms", times.p50().as_secs_f64() * 1000.0)
}

/// The first page of what people look for.
fn searches(ledger: &Ledger, sender: &Sender) -> Vec<(&'static str, Times)> {
    let record = sender.decisions().last().expect("a decision").clone();
    let input = record.body.input().expect("a decision has an input").clone();
    let text = |value: Option<String>| value.expect("a decision of a session names it");
    let page = Question { limit: 100, ..Question::default() };
    let questions = [
        ("newest", page.clone()),
        ("person", Question { operator: Some(text(input.operator.map(|code| code.to_string()))), ..page.clone() }),
        ("function", Question { function: Some(text(input.function.map(|code| code.to_string()))), ..page.clone() }),
        (
            "person and time",
            Question {
                operator: Some("nobody".into()),
                since: Some(record.trusted.saturating_sub(1000)),
                until: Some(record.trusted + 1000),
                ..page.clone()
            },
        ),
        ("refused", Question { verdict: Some(AskedVerdict::Refused), ..page.clone() }),
        ("case that is not there", Question { case: Some("R8-0001".into()), ..page.clone() }),
        ("middle of the log", Question { before: Some(50_000), ..page }),
    ];
    let ask = |question: &Question| {
        let found = ledger.search(&sender.identity.office, question).unwrap_or_else(|refusal| panic!("{refusal}"));
        assert!(found.rows.len() <= 100);
    };
    questions
        .iter()
        .map(|(name, question)| (*name, (0..SEARCHES).map(|_| timed(|| ask(question)).1).collect()))
        .collect()
}

/// The same ledger with its book on a server.
fn beside_copy(scene: &Scene, sender: &mut Sender, effort: Effort, report: &mut Report) {
    let folder = scene.scratch.folder("on-server");
    let on_server = scene.ledger.copy_to(&folder, &scene.clock);
    let place = postgres::database();
    let mut moves = on_server.command("move-book");
    moves.arg("--to-postgres").arg(&place);
    succeeded("sekisho-ledger move-book", &moves.output().expect("cannot start sekisho-ledger"));
    let mut bare = BareCopy::new(&place);
    let ledger = opened(&DataDir::new(on_server.data()));
    let peer = Peer { office: sender.identity.office, terminal: sender.identity.terminal.clone() };
    let pairs = sender.aside(|sender| {
        let pair = |_| {
            let batch = sender.prepare();
            let (receipt, took) = timed(|| ledger.ingest(&peer, &batch.envelope));
            receipt.unwrap_or_else(|refusal| panic!("refused: {refusal}"));
            let rows = Row::like(sender.identity.office, &batch.records);
            (took, timed(|| bare.copy(&rows)).1)
        };
        (0..effort.of(60, 10)).map(pair).collect::<Vec<_>>()
    });
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let (ours, theirs): (Times, Times) = (ours.into_iter().collect(), theirs.into_iter().collect());
    let ratio = ours.per_second() / theirs.per_second();
    report.goal(
        "ledger ingest, PostgreSQL ÷ bare binary COPY",
        "≥ 0.8",
        Goal::AtLeast(0.8),
        ratio,
        format!("{ratio:.2}"),
    );
    report.from(format!("library, batches of {BATCH}: {ours}; bare: {theirs}"));
}
