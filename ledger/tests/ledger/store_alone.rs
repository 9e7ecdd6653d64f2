//! Who may write to a database on a server, how it comes to a newer version, and what a commit there means (obligations 2, 7 and 11 of
//! `sekisho_ledger::store`).

use std::time::Duration;

use sekisho_ledger::config::Config;
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::store::{Change, PostgresStore, Server, Store, StoreError, StoredOffice};
use sekisho_wire::id::OfficeId;

use crate::town::{empty_ledger_with, scratch};

fn office(number: u8) -> Change {
    let office = StoredOffice { id: OfficeId([number; 16]), seeds: vec![1], founded: 5 };
    Change { offices: vec![office], ..Change::default() }
}

fn database() -> Server {
    let database = Server::at(&crate::postgres::database(), None).unwrap();
    drop(PostgresStore::create(database.clone()).unwrap());
    database
}

/// The connection that has the database alone is lost, and the server knows it.
fn cut(database: &Server) {
    let sql = "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(database.connect().unwrap().query(sql, &[]).unwrap().len(), 1);
}

fn refused<T>(outcome: Result<T, StoreError>) {
    let error = outcome.err();
    assert!(matches!(error, Some(StoreError::OtherWriter { .. })), "{error:?}");
}

#[test]
fn one_ledger_at_a_time_has_a_database_and_one_that_lost_it_writes_no_more() {
    let database = database();
    let alone = || PostgresStore::open_alone(database.clone());
    let first = alone().unwrap();
    first.commit(&office(1)).unwrap();
    first.hold().unwrap();
    refused(alone());
    // What does not depend on the logs is written beside it.
    PostgresStore::open_existing(database.clone()).unwrap().commit(&office(2)).unwrap();

    // A connection that is lost is made anew while nobody else came.
    cut(&database);
    let _ = first.commit(&office(3));
    first.commit(&office(3)).or_else(|_| first.commit(&office(3))).unwrap();
    first.hold().unwrap();
    refused(alone());

    cut(&database);
    let second = alone().unwrap();
    // The first finds out that its connection is gone, and then that another has its place.
    let _ = first.hold();
    refused(first.hold());
    refused(first.commit(&office(4)));
    second.commit(&office(4)).unwrap();
    second.hold().unwrap();
    drop(second);
    // Nobody has it any more; but what the first knows is old.
    refused(first.hold());
    refused(first.commit(&office(5)));
    drop(first);
    alone().unwrap().commit(&office(5)).unwrap();
    assert_eq!(alone().unwrap().offices().unwrap().len(), 5);
}

#[test]
fn a_ledger_whose_directory_was_copied_does_not_start_beside_the_other() {
    let (root, data) = empty_ledger_with(Some(crate::postgres::database()), None);
    let clock = std::sync::Arc::new(sekisho_ledger::clock::MachineClock);
    let ledger = Ledger::open(&data, clock.clone()).unwrap();
    let copy = scratch();
    assert!(std::process::Command::new("cp").arg("-a").arg(&*root).arg(&*copy).status().unwrap().success());
    let copied = sekisho_ledger::data::DataDir::new(&copy);
    assert_eq!(Config::read(&copied.config()).unwrap().postgres, Config::read(&data.config()).unwrap().postgres);
    let refused = Ledger::open(&copied, clock.clone()).err();
    assert!(matches!(refused, Some(LedgerError::Store(StoreError::OtherWriter { .. }))), "{refused:?}");
    drop(ledger);
    drop(Ledger::open(&copied, clock).unwrap());
}

#[test]
fn a_database_takes_the_steps_to_a_newer_version_once() {
    let database = database();
    let by = |steps: &[&str]| PostgresStore::open_alone_by(database.clone(), steps).map(drop);
    let first = "CREATE TABLE later (a bigint); INSERT INTO later VALUES (1)";
    let second = "ALTER TABLE later ADD COLUMN b bigint NOT NULL DEFAULT 7";
    by(&[first]).unwrap();
    // One that fails leaves the database as the one before it made it.
    let failed = by(&[first, "ALTER TABLE later ADD COLUMN b bigint; SELECT nonsense"]).unwrap_err();
    assert!(matches!(failed, StoreError::Unreadable { .. } | StoreError::Database { .. }), "{failed}");
    for _ in 0..2 {
        by(&[first, second]).unwrap();
    }
    let rows = database.connect().unwrap().query("SELECT a, b FROM sekisho.later", &[]).unwrap();
    assert_eq!(rows.iter().map(|row| (row.get(0), row.get(1))).collect::<Vec<(i64, i64)>>(), [(1, 7)]);
    // This program knows only the first version.
    for older in [
        PostgresStore::open_alone(database.clone()),
        PostgresStore::open_existing(database.clone()),
        PostgresStore::open_snapshot(database.clone()),
    ] {
        assert!(matches!(older.err(), Some(StoreError::Newer { found: 3, known: 1 })));
    }
}

#[test]
fn a_commit_that_did_not_wait_for_the_other_machine_is_none_until_one_has() {
    let server = crate::postgres::Own::start();
    let database = Server::at(&server.database(), None).unwrap();
    drop(PostgresStore::create(database.clone()).unwrap());
    let store = PostgresStore::open_alone(database.clone()).unwrap();
    store.commit(&office(1)).unwrap();
    let mut operator = database.connect().unwrap();
    let standby = |operator: &mut postgres::Client, name: &str| {
        operator.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'")).unwrap();
        operator.batch_execute("SELECT pg_reload_conf()").unwrap();
        for _ in 0..1000 {
            let set: String = operator.query_one("SHOW synchronous_standby_names", &[]).unwrap().get(0);
            if set == name {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not take its configuration");
    };
    // Another machine is asked for that is not there, and somebody does not want to wait, or ends the connection.
    for (number, cut) in [(2_u8, "pg_cancel_backend"), (3, "pg_terminate_backend")] {
        standby(&mut operator, "nobody");
        let cut = format!("SELECT {cut}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| store.commit(&office(number)));
            while !writing.is_finished() {
                let _ = operator.query(&cut, &[]).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
            let said = writing.join().unwrap().unwrap_err();
            assert!(!said.changed_nothing(), "{said}");
        });
        // It is there, on one machine. Nobody is told, and nothing is put behind it.
        assert_eq!(operator.query("SELECT FROM sekisho.offices", &[]).unwrap().len(), usize::from(number));
        assert!(store.offices().is_err() && store.commit(&office(9)).is_err(), "{cut}");
        standby(&mut operator, "");
        // A moment later it is tried again.
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(store.offices().unwrap().len(), usize::from(number), "{cut}");
    }
    store.commit(&office(4)).unwrap();
    assert_eq!(store.offices().unwrap().len(), 4);
}
