//! What is counted while the ledger runs, for whoever watches over the machine. Nothing of it speaks of a person.

mod doorkeeper;
mod listener;
mod page;
mod text;

use crate::locks::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) use self::doorkeeper::{Cut, Doorkeeper, Refused};
pub(crate) use self::listener::Listener;
use crate::refusal::Refusal;

/// Answers of the routes since the start.
#[derive(Debug)]
pub(crate) struct Answers {
    /// By route and status.
    statuses: Mutex<BTreeMap<(String, u16), u64>>,
    /// By code, also those that there were none of.
    refusals: Mutex<BTreeMap<&'static str, u64>>,
}

impl Default for Answers {
    fn default() -> Self {
        let none = Refusal::CODES.into_iter().map(|code| (code, 0)).collect();
        Self { statuses: Mutex::default(), refusals: Mutex::new(none) }
    }
}

impl Answers {
    /// A route has answered. What no route takes is of the route `none`: addresses that strangers think of must not become names of ours.
    pub(crate) fn count(&self, route: Option<&str>, status: u16, refused: Option<&'static str>) {
        let route = route.unwrap_or("none").to_owned();
        *lock(&self.statuses).entry((route, status)).or_default() += 1;
        if let Some(code) = refused {
            debug_assert!(Refusal::CODES.contains(&code), "{code} is no code");
            *lock(&self.refusals).entry(code).or_default() += 1;
        }
    }
}

/// The writer's work since the start.
#[derive(Debug)]
pub(crate) struct Writing {
    /// Jobs in line.
    pub(crate) waiting: AtomicUsize,
    /// Jobs that were committed together.
    pub(crate) groups: Histogram,
    /// From the first plan to the end of the sync.
    pub(crate) commits: Histogram,
    /// The last one, in microseconds.
    last: AtomicU64,
    /// Groups that could not be committed, or not even planned, because the store failed.
    failed: AtomicU64,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            waiting: AtomicUsize::default(),
            groups: Histogram::new(GROUPS),
            commits: Histogram::new(SECONDS),
            last: AtomicU64::default(),
            failed: AtomicU64::default(),
        }
    }
}

impl Writing {
    /// A group was written: so many jobs.
    pub(crate) fn written(&self, jobs: usize) {
        self.groups.observe(u32::try_from(jobs).unwrap_or(u32::MAX).into());
    }

    /// A group was tried, for so long.
    pub(crate) fn tried(&self, took: Duration) {
        self.commits.observe(took.as_secs_f64());
        self.last.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long the last commit took.
    pub(crate) fn last_commit(&self) -> Duration {
        Duration::from_micros(self.last.load(Ordering::Relaxed))
    }

    /// The store failed.
    pub(crate) fn store_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often a value was how large.
#[derive(Debug)]
pub(crate) struct Histogram {
    /// Upper bounds, each included, growing.
    bounds: &'static [f64],
    seen: Mutex<Seen>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    /// By bound; the last is of what is larger than each of them.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, seen: Mutex::new(Seen { counts: vec![0; bounds.len() + 1], sum: 0.0 }) }
    }

    fn observe(&self, value: f64) {
        let at = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        let mut seen = lock(&self.seen);
        seen.sum += value;
        seen.counts.iter_mut().skip(at).take(1).for_each(|count| *count += 1);
    }
}

/// A group has at most 32 jobs (`writer.rs`).
const GROUPS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
/// From a commit on a disk that is at rest to one that counts as hanging (`ledger.rs`).
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
