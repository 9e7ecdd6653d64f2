//! More comes than can be written: who is sent away, for how long, and who is not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use sekisho_ledger::config::Config;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::line::Lane;
use sekisho_ledger::store::{LogName, SqliteStore, Store};
use sekisho_ledger::vault::Vault;
use sekisho_ledger::world::Offices;
use sekisho_ledger::writer::{NotWritten, Writer};
use sekisho_wire::id::OfficeId;
use sekisho_wire::reason::AlarmKind;
use serde_json::json;

use crate::client::Answer;
use crate::faulty::{FaultyStore, Next};
use crate::served::{Served, until};
use crate::town::{Town, code, empty_ledger};

impl Answer {
    /// Seconds after which to come again.
    fn retry_after(&self) -> Option<u64> {
        let (_, value) = self
            .head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
        Some(value.trim().parse().unwrap())
    }
}

/// A town whose disk can be held, and whose line is short.
fn crowded_town(places: usize) -> (Town, Arc<FaultyStore>) {
    let (root, data) = empty_ledger();
    let config = Config { waiting_max: places, ..Config::read(&data.config()).unwrap() };
    std::fs::write(data.config(), config.to_text().unwrap()).unwrap();
    let mut kept = None;
    let town = Town::founded((root, data), |data| {
        let store = Arc::new(FaultyStore::new(SqliteStore::open_existing(&data.database()).unwrap()));
        kept = Some(Arc::clone(&store));
        store
    });
    (town, kept.unwrap())
}

#[test]
fn a_ledger_that_cannot_keep_up_says_when_to_come_again_and_not_to_all_the_same_and_hears_what_presses() {
    let (town, store) = crowded_town(4);
    let other = town.neighbour();
    let served = Served::of(town);
    let (token, office) = (served.token(), served.town.office);
    let invites = |office: OfficeId, who: &str| served.town.ledger.invite(&office, &code(who), &code("10001"));
    store.order(Next::Hangs);
    thread::scope(|scope| {
        // One is being written, as many wait as leave a place to others.
        let waiting: Vec<_> = (0..3)
            .map(|at| {
                let job = scope.spawn(move || invites(office, &format!("jumin-{at}")));
                until(|| served.town.ledger.writer.busy_for() > 0 && served.town.ledger.writer.waiting() == at);
                job
            })
            .collect();
        let invitation = json!({"terminal": "jumin-9"});
        let refused: Vec<_> =
            (0..40).map(|_| served.anybody().post_as(&served.at("invitations"), &token, &invitation)).collect();
        let mut told = BTreeSet::new();
        for answer in &refused {
            assert_eq!(answer.problem(), (429, "busy".into()));
            let seconds = answer.retry_after().expect("it says when to come again");
            assert!((1..=20).contains(&seconds), "{seconds}");
            told.insert(seconds);
        }
        assert!(told.len() > 1, "all are told the same: {told:?}");
        // Another office finds its place, and what has to be said needs none.
        let neighbour = scope.spawn(|| invites(other.office, "jumin-3"));
        let alarm = scope.spawn(|| served.town.ledger.note_outrun(&office, None, LogName::Records, 1 << 40));
        thread::sleep(Duration::from_millis(200));
        assert!(!alarm.is_finished(), "it waits for the disk as the others do");
        store.order(Next::Works);
        neighbour.join().unwrap().unwrap();
        alarm.join().unwrap();
        waiting.into_iter().for_each(|job| drop(job.join().unwrap().unwrap()));
    });
    assert_eq!(served.town.alarms(), [AlarmKind::SeenUnproved]);
    until(|| served.anybody().get("/readyz").status == 200);
}

#[test]
fn strangers_who_hold_all_their_room_keep_none_from_persons() {
    let served = Served::new();
    let token = served.token();
    let length = (2 << 20) - 1;
    let begun = format!("POST /v1/offices HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    let part = [begun.as_bytes(), &vec![b' '; length - 1]].concat();
    let long = json!({"terminal": "x".repeat(length - 100)});
    // Whoever is sent away in the middle of what he sends may not hear why.
    let body = long.to_string();
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        served.at("invitations"),
        body.len()
    );
    let is_read = || served.anybody().send(request.as_bytes()).is_ok_and(|answer| answer.status != 429);
    // Who is slow is cut off after half a minute, and a machine may be so slow itself: others come until one is sent away.
    let mut held: Vec<_> = (0..8).map(|_| served.anybody().begin(&part)).collect();
    until(|| {
        held.push(served.anybody().begin(&part));
        !is_read()
    });
    for _ in 0..3 {
        let answer = served.anybody().post_as(&served.at("invitations"), &token, &long);
        assert_eq!(answer.problem(), (400, "malformed".into()), "it was read");
    }
    drop(held);
    until(is_read);
}

/// A writer that is held at its first job, and who lets it go.
struct Held {
    writer: Writer,
    let_go: Sender<()>,
    _town: Town,
}

impl Held {
    fn new(places: usize) -> Self {
        let town = Town::new();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open_existing(&town.data.database()).unwrap());
        let vault = Vault::open(Keys::read(&town.data).unwrap().wrapping, &*store).unwrap();
        let (writer, _) = Writer::start(store, Arc::new(Offices::default()), Arc::new(vault), places).unwrap();
        let (let_go, held) = channel::<()>();
        let (held, first) = (Mutex::new(held), writer.clone());
        thread::spawn(move || first.run(Lane::Nobodys, None, move |_| held.lock().unwrap().recv().unwrap_or_default()));
        until(|| writer.busy_for() > 0);
        Self { writer, let_go, _town: town }
    }

    /// Lets so many wait in a lane, each of which says its name when it is planned.
    fn wait(
        &self,
        lane: Lane,
        count: usize,
        name: &'static str,
        said: &Sender<&'static str>,
    ) -> Vec<thread::JoinHandle<Result<(), NotWritten>>> {
        let (before, job) = (self.writer.waiting(), |_| {
            let (writer, said) = (self.writer.clone(), said.clone());
            thread::spawn(move || writer.run(lane, None, move |_| said.send(name).unwrap()))
        });
        let jobs: Vec<thread::JoinHandle<_>> = (0..count).map(job).collect();
        // Each waits, or has heard that there is no place for it.
        until(|| self.writer.waiting() - before + jobs.iter().filter(|job| job.is_finished()).count() == count);
        jobs
    }
}

/// What is said until nobody is left who could say anything.
fn all_of(said: Sender<&'static str>, hears: &Receiver<&'static str>) -> Vec<&'static str> {
    drop(said);
    hears.iter().collect()
}

#[test]
fn one_office_that_floods_the_writer_delays_no_other_and_no_alarm() {
    const FLOOD: Lane = Lane::Of(OfficeId([1; 16]));
    const OTHER: OfficeId = OfficeId([2; 16]);
    let held = Held::new(128);
    let (said, hears) = channel();
    let flood = held.wait(FLOOD, 100, "flood", &said);
    let other = held.wait(Lane::Of(OTHER), 2, "other", &said);
    let alarm = held.wait(Lane::Pressing(OTHER), 1, "alarm", &said);
    held.let_go.send(()).unwrap();
    let order = all_of(said, &hears);
    assert_eq!(&order[..5], ["alarm", "flood", "other", "flood", "other"]);
    let outcomes: Vec<_> = flood.into_iter().map(|job| job.join().unwrap()).collect();
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(NotWritten::Busy))).count();
    assert_eq!(refused, 36, "it leaves as many places as it takes");
    other.into_iter().chain(alarm).for_each(|job| job.join().unwrap().unwrap());
}

#[test]
fn who_always_presses_does_not_keep_the_others_from_being_written() {
    let held = Held::new(128);
    let (said, hears) = channel();
    let presses = held.wait(Lane::Pressing(OfficeId([1; 16])), 200, "presses", &said);
    let other = held.wait(Lane::Of(OfficeId([2; 16])), 1, "other", &said);
    held.let_go.send(()).unwrap();
    let order = all_of(said, &hears);
    assert_eq!(order.iter().position(|name| *name == "other"), Some(16), "half of a group is for what presses");
    presses.into_iter().chain(other).for_each(|job| job.join().unwrap().unwrap());
}
