//! The socket that puts a card in and takes it out.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;

use sekisho_simulator::{Control, Presence};

/// A folder of its own for each test; short, because sockets lie in it.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("sekisho-control-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    folder
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = folder("file");
    let card = folder.join("card");
    fs::write(&card, "the only copy").unwrap();
    assert!(Control::listen(&card).is_err());
    assert_eq!(fs::read_to_string(&card).unwrap(), "the only copy");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_socket_is_replaced_only_when_nobody_answers() {
    let folder = folder("socket");
    let path = folder.join("control");
    let first = Control::listen(&path).unwrap();
    assert!(Control::listen(&path).is_err(), "somebody answers");
    drop(first);
    assert!(Control::listen(&path).is_ok(), "left behind");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn every_line_is_answered_and_quit_before_the_end() {
    let folder = folder("lines");
    let path = folder.join("control");
    let (said, heard) = mpsc::channel();
    Control::listen(&path).unwrap().obey(Presence::pulled(), move || said.send(()).expect("the test listens"));
    for (line, answer) in
        [("insert", "ok"), ("pull", "ok"), ("dance", "error: say insert, pull or quit"), ("quit", "ok")]
    {
        assert_eq!(Control::ask(&path, line).unwrap(), answer);
    }
    heard.recv().expect("quit was called");
    fs::remove_dir_all(folder).unwrap();
}
