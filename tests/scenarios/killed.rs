//! `kill -9` of each part under load: nothing acknowledged is lost, nothing is there twice, the chain is whole, no session survives the agent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sekisho_ipc::{Client, SessionState};
use sekisho_tests::clerk::{insert, login, request, wait_card};
use sekisho_tests::history::{assert_once_each, stored};
use sekisho_tests::peer::journal;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_wire::id::Code;
use sekisho_wire::record::{Body, Record};
use sekisho_wire::verdict::VerdictCode;

/// What was acknowledged: whether the record at this epoch and seq is of a grant.
pub(crate) type Acknowledged = BTreeMap<(u64, u64), bool>;

/// Applications that ask all the time and remember what was acknowledged.
struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Acknowledged>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn start(scene: &Scene, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(Mutex::new(Acknowledged::new()));
        let threads = (0..clients)
            .map(|_| {
                let (stop, acknowledged, socket) = (stop.clone(), acknowledged.clone(), scene.terminal.socket());
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        ask_until_it_breaks(&socket, &stop, &acknowledged);
                        thread::sleep(Duration::from_millis(2));
                    }
                })
            })
            .collect();
        Self { stop, acknowledged, threads }
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    fn end(self) -> Acknowledged {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        Arc::into_inner(self.acknowledged).unwrap().into_inner().unwrap()
    }
}

fn ask_until_it_breaks(socket: &std::path::Path, stop: &AtomicBool, acknowledged: &Mutex<Acknowledged>) {
    let Ok(mut client) = Client::connect(socket) else { return };
    while !stop.load(Ordering::Relaxed) {
        let Ok(answer) = client.authorize(&request("juminhyo.issue")) else { return };
        if let Some(record) = answer.record {
            let before = acknowledged.lock().unwrap().insert((record.epoch, record.seq), answer.verdict.granted);
            assert!(before.is_none(), "record {}:{} was acknowledged twice", record.epoch, record.seq);
        }
        if !answer.verdict.granted {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Who is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Terminal(Part),
    Ledger,
}

/// No session survives. A new agent never has one; an agent that lives hears of its worker's death a moment later.
fn wait_ended(scene: &Scene, victim: Victim) {
    let mut client = scene.terminal.client();
    let mut ended = || !matches!(client.status().unwrap().state, SessionState::Open | SessionState::Locked);
    match victim {
        Victim::Terminal(Part::CardWorker) => {
            sekisho_tests::wait::until("the end of the session", || ended().then_some(()));
        }
        Victim::Terminal(Part::Agent | Part::Forwarder) | Victim::Ledger => assert!(ended(), "a session survived"),
    }
}

/// Lets the load run on for some records more, so that each kill meets it at another point.
fn let_run(load: &Load, records: usize) {
    let goal = load.acknowledged() + records;
    sekisho_tests::wait::until("more records under load", || (load.acknowledged() >= goal).then_some(()));
}

fn kill_under_load(story: &str, victim: Victim, kills: usize) {
    let mut scene = Scene::new(story);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let load = Load::start(&scene, 4);
    for kill in 0..kills {
        let_run(&load, 3 + 17 * kill % 41);
        match victim {
            Victim::Ledger => {
                scene.ledger.kill();
                let_run(&load, 5);
                scene.ledger.serve();
            }
            Victim::Terminal(part) => {
                scene.terminal.kill(part);
                scene.terminal.start_part(part);
            }
        }
        if matches!(victim, Victim::Terminal(Part::Agent | Part::CardWorker)) {
            wait_ended(&scene, victim);
            wait_card(&scene.terminal, true);
            login(&scene.terminal, &scene.clerk);
        }
    }
    let_run(&load, 10);
    let acknowledged = load.end();
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.ledger.stop();

    let records = u64::try_from(assert_once_each(&scene.ledger)).unwrap();
    assert!(acknowledged.keys().all(|(epoch, _)| *epoch == 0), "nobody opened another epoch");
    assert_on_record(&acknowledged, &scene.terminal.state());
    let last = acknowledged.keys().map(|(_, seq)| *seq).max().unwrap();
    assert!(last < records, "record {last} was acknowledged, the ledger has {records}");
    assert_eq!(u64::try_from(stored(&scene.ledger, "jumin-1")).unwrap(), records);
    scene.ledger.assert_sound();
}

/// Behind every answer stands its record: at the place that the answer named, the very decision. A record of something else there is another
/// one's, written by an agent that knew nothing of the answer.
pub(crate) fn assert_on_record(acknowledged: &Acknowledged, state: &std::path::Path) {
    let journal: BTreeMap<(u64, u64), Record> = journal(state)
        .iter()
        .map(|bytes| Record::decode(bytes).unwrap())
        .map(|record| ((u64::from(record.epoch), record.seq), record))
        .collect();
    let withdrawn: BTreeSet<(u64, u64)> = journal
        .values()
        .filter_map(|record| {
            if let Body::Withdrawn(withdrawn) = &record.body {
                Some((u64::from(record.epoch), withdrawn.of))
            } else {
                None
            }
        })
        .collect();
    for (place, granted) in acknowledged {
        let record = journal.get(place).unwrap_or_else(|| panic!("record {place:?} was acknowledged, and is lost"));
        let Body::Decision(decision) = &record.body else {
            panic!("a decision was acknowledged as record {place:?}, and there stands {:?}", record.body)
        };
        assert_eq!(decision.input.function.as_ref().map(Code::as_str), Some("juminhyo.issue"));
        // A grant whose session ended before its answer left was answered with a refusal, and says so.
        let stands = decision.verdict == VerdictCode::Granted && !withdrawn.contains(place);
        assert_eq!(stands, *granted, "record {place:?}: {:?}", decision.verdict);
    }
}

#[test]
fn killing_the_agent_loses_nothing() {
    kill_under_load("killa", Victim::Terminal(Part::Agent), 4);
}

#[test]
fn killing_the_card_worker_loses_nothing() {
    kill_under_load("killc", Victim::Terminal(Part::CardWorker), 3);
}

#[test]
fn killing_the_forwarder_loses_nothing() {
    kill_under_load("killf", Victim::Terminal(Part::Forwarder), 4);
}

#[test]
fn killing_the_ledger_loses_nothing() {
    kill_under_load("killl", Victim::Ledger, 4);
}

#[test]
#[ignore = "takes long: tests/long.sh"]
fn killing_each_part_many_times_loses_nothing() {
    let victims = [
        Victim::Terminal(Part::Agent),
        Victim::Terminal(Part::CardWorker),
        Victim::Terminal(Part::Forwarder),
        Victim::Ledger,
    ];
    for victim in victims {
        kill_under_load("killmany", victim, 40);
    }
}
