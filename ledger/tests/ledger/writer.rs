//! The writer: what waits together is committed together, and one that cannot be stored keeps nobody from his commit.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sekisho_ledger::keys::Keys;
use sekisho_ledger::line::Lane;
use sekisho_ledger::stage::Stage;
use sekisho_ledger::store::{CodePurpose, Store, StoreError, StoredCode};
use sekisho_ledger::vault::Vault;
use sekisho_ledger::world::Offices;
use sekisho_ledger::writer::{NotWritten, Writer};

use crate::town::{Town, code};

/// What a job of the test stages.
#[derive(Clone, Copy)]
enum Job {
    /// A code that can be stored.
    Good(u8),
    /// The use of a code that nobody was given.
    Unknown,
    /// A code that expires when no database can count to.
    Endless,
    /// Nothing: it panics.
    Panics,
}

impl Job {
    fn stage(self, town: &Town, stage: &mut Stage<'_>) {
        let purpose = CodePurpose::Terminal { office: town.office, terminal: code("jumin-9") };
        let code = |hash, expires| StoredCode { hash: [hash; 32], expires, purpose: purpose.clone(), used: None };
        match self {
            Self::Good(number) => stage.change().codes.push(code(number, 5)),
            Self::Unknown => stage.change().used.push(([99; 32], 5)),
            Self::Endless => stage.change().codes.push(code(98, u64::MAX)),
            Self::Panics => panic!("the test said so"),
        }
    }
}

#[test]
fn one_that_cannot_be_stored_spoils_nothing_for_those_who_wait_with_it() {
    let town = Town::new();
    let store: Arc<dyn Store> = Arc::new(town.stored());
    let vault = Vault::open(Keys::read(&town.data).unwrap().wrapping, &*store).unwrap();
    let (writer, _) = Writer::start(Arc::clone(&store), Arc::new(Offices::default()), Arc::new(vault), 64).unwrap();
    let jobs = [Job::Good(1), Job::Unknown, Job::Good(2), Job::Endless, Job::Panics, Job::Good(3)];
    let (let_go, held) = channel::<()>();
    let held = Mutex::new(held);
    let outcomes: Vec<Result<(), NotWritten>> = thread::scope(|scope| {
        // The first keeps the writer busy until all others wait behind it.
        let first = writer.clone();
        scope.spawn(move || {
            first.run(Lane::Nobodys, None, move |_| held.lock().unwrap().recv().unwrap_or_default()).unwrap()
        });
        thread::sleep(Duration::from_millis(100));
        let town = Arc::new(Town::new());
        let waiting: Vec<_> = jobs
            .into_iter()
            .map(|job| {
                let (writer, town) = (writer.clone(), Arc::clone(&town));
                scope.spawn(move || writer.run(Lane::Nobodys, None, move |stage| job.stage(&town, stage)))
            })
            .collect();
        thread::sleep(Duration::from_millis(200));
        let_go.send(()).unwrap();
        waiting.into_iter().map(|job| job.join().unwrap()).collect()
    });
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        match job {
            Job::Good(number) => {
                outcome.unwrap();
                assert!(store.code(&[number; 32]).unwrap().is_some());
            }
            Job::Unknown => {
                let Err(NotWritten::Store(error)) = outcome else { panic!("{outcome:?}") };
                assert!(matches!(*error, StoreError::Conflict { .. }), "{error}");
            }
            Job::Endless => {
                let Err(NotWritten::Store(error)) = outcome else { panic!("{outcome:?}") };
                assert!(matches!(*error, StoreError::TooLarge { .. }), "{error}");
            }
            Job::Panics => assert!(matches!(outcome, Err(NotWritten::Gone)), "{outcome:?}"),
        }
    }
    assert!(store.code(&[98; 32]).unwrap().is_none());
}
