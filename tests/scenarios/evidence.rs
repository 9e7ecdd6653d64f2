//! Evidence: all of it holds, and whatever byte of it is altered, `fsck` says which.

use sekisho_ledger::store::LogName;
use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::history::{Bytes, flip};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};

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

    let table: [(Bytes<'_>, usize, &[&str]); 6] = [
        (Bytes::Payload(LogName::Records, 100), 40, &["log records, entry 100", "jumin-1", "payload"]),
        (Bytes::Leaf(LogName::Records, 33), 5, &["log records, entry 33", "jumin-1"]),
        (Bytes::Tile, 9, &["log records", "hash tile 0 of level 1"]),
        (Bytes::Chain("jumin-1"), 3, &["jumin-1", "cursor"]),
        (Bytes::Header("jumin-1"), 60, &["log records", "jumin-1", "batch"]),
        (Bytes::Payload(LogName::Register, 2), 50, &["log register, entry 2"]),
    ];
    for (number, (bytes, at, named)) in table.into_iter().enumerate() {
        let copy = scene.ledger.copy_to(&scene.scratch.path().join(format!("copy{number}")), &scene.clock);
        flip(&copy, bytes, Some(at));
        let (code, said) = copy.fsck();
        assert_eq!(code, Some(1), "{bytes:?}: {said}");
        for words in named {
            assert!(said.contains(words), "'{words}' is not said of {bytes:?}:\n{said}");
        }
    }

    // One record that the ledger cannot show any more keeps an auditor from none of the others.
    flip(&scene.ledger, Bytes::Payload(LogName::Records, 100), Some(40));
    scene.ledger.serve();
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    let output = scene.desk.try_run(&["records", "verify", "--all"]);
    let said = both(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("100: UNREADABLE: the ledger cannot show it"), "{said}");
    assert!(said.contains("99: ") && said.contains("101: ") && said.contains("records hold, 0 do not"), "{said}");
}
