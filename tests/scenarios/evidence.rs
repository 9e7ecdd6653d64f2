//! Evidence: all of it holds, and whatever byte of it is altered, `fsck` says which.

use rusqlite::Connection;
use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::ledger::Ledger;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::town::copy_files;

/// Flips a bit of the byte at `at` of a blob. `which` names one row.
fn flip(ledger: &Ledger, table: &str, column: &str, at: usize, which: &str) {
    let database = Connection::open(ledger.data().join("ledger.db")).unwrap();
    let mut blob: Vec<u8> =
        database.query_row(&format!("SELECT {column} FROM {table} WHERE {which}"), [], |row| row.get(0)).unwrap();
    blob[at] ^= 1;
    let changed = database.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE {which}"), [blob]).unwrap();
    assert_eq!(changed, 1, "{table} {which}");
}

#[test]
fn every_record_verifies_and_every_altered_byte_is_named() {
    let mut scene = Scene::new("evidence");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    // More than 256, so that there is a whole tile.
    for _ in 0..260 {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    wait_sealed(&scene.terminal);
    scene.desk.assert_verified();
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();

    let first = "terminal = 'jumin-1' AND first = 0";
    let of = |index: u32| format!("idx = {index}");
    let table: [(&str, &str, usize, String, &[&str]); 6] = [
        ("records_1", "payload", 40, of(100), &["log records, entry 100", "jumin-1", "payload"]),
        ("records_1", "leaf", 5, of(33), &["log records, entry 33", "jumin-1"]),
        ("tiles", "hashes", 9, "log = 0 AND level = 1".to_owned(), &["log records", "hash tile 0 of level 1"]),
        ("cursors", "chain", 3, "emitter = 'jumin-1'".to_owned(), &["jumin-1", "cursor"]),
        ("batches", "header", 60, first.to_owned(), &["log records", "jumin-1", "batch"]),
        ("register_1", "payload", 50, of(2), &["log register, entry 2"]),
    ];
    for (number, (name, column, at, which, named)) in table.into_iter().enumerate() {
        let folder = scene.scratch.path().join(format!("copy{number}"));
        copy_files(scene.ledger.data(), &folder.join("data"));
        let copy = Ledger::copied(&folder, &scene.clock);
        flip(&copy, name, column, at, &which);
        let (code, said) = copy.fsck();
        assert_eq!(code, Some(1), "{name}.{column} {which}: {said}");
        for words in named {
            assert!(said.contains(words), "'{words}' is not said of {name}.{column} {which}:\n{said}");
        }
    }
}
