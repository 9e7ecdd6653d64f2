//! Two witnesses beside a ledger: what is sealed carries their lines, and a ledger that was put back, or a clone of one, is stopped by them.

use std::io::Write as _;
use std::path::Path;

use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;
use sekisho_tests::witness::Witness;

/// A file of the only office's records log.
fn of_records(ledger: &Ledger, name: &str) -> Option<String> {
    let offices = std::fs::read_dir(ledger.data().join("checkpoints")).unwrap().flatten();
    let office = offices.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap();
    std::fs::read_to_string(office.join(name)).ok()
}

fn size(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or_default()
}

/// The newest checkpoint that a witness has cosigned.
fn cosigned(ledger: &Ledger) -> String {
    let notes = of_records(ledger, "records.cosigned").and_then(|text| serde_json::from_str(&text).ok());
    notes.and_then(|notes: Vec<String>| notes.last().cloned()).unwrap_or_default()
}

pub(crate) fn add_to_configuration(ledger: &Ledger, text: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).open(ledger.data().join("ledger.toml")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn work(scene: &Scene, times: u32) {
    let mut client = scene.terminal.client();
    for _ in 0..times {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
}

fn status(ledger: &Ledger) -> String {
    both(&ledger.command("status").output().unwrap())
}

/// Two administrators decide who the witnesses are, and that one of them must have cosigned what is sealed.
pub(crate) fn decide_witnesses(scene: &mut Scene, keys: &[String]) {
    let file = scene.desk.file("witnesses.toml");
    std::fs::write(&file, format!("[witnesses]\nkeys = {keys:?}\nneeded = 1\n")).unwrap();
    let said = scene.desk.run(&["propose", file.to_str().unwrap()]);
    for key in keys {
        let name = key.split('+').next().unwrap();
        assert!(said.contains(name) && said.contains("1 of them have cosigned"), "{said}");
    }
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    scene.desk.sign_as(1);
}

#[test]
fn two_witnesses_and_a_ledger_that_was_put_back_and_one_that_was_cloned() {
    let mut scene = Scene::new("witnessed");
    scene.ledger.stop();
    let mut first = Witness::of(&scene.ledger, &scene.scratch.folder("w1"), "w1.example");
    let second = Witness::of(&scene.ledger, &scene.scratch.folder("w2"), "w2.example");
    add_to_configuration(&scene.ledger, &format!("hear_witnesses = 1\n{}{}", first.block(), second.block()));
    scene.ledger.serve();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 5);
    wait_sealed(&scene.terminal);
    wait::until("the lines of both witnesses", || {
        (cosigned(&scene.ledger).matches('\u{2014}').count() == 3).then_some(())
    });

    // From here on a terminal calls nothing sealed that no witness has cosigned.
    decide_witnesses(&mut scene, &[first.key(), second.key()]);
    work(&scene, 5);
    wait_sealed(&scene.terminal);
    // One of them is killed. The other is enough.
    first.kill();
    work(&scene, 5);
    wait_sealed(&scene.terminal);
    wait::until("the dead one to be named", || {
        status(&scene.ledger).contains("w1.example: does NOT answer").then_some(())
    });

    // Yesterday's copy, with keys and all.
    scene.ledger.stop();
    let copy = scene.scratch.folder("copy").join("data");
    scene.ledger.snapshot(&copy);
    let mut clone = scene.ledger.copy_to(&scene.scratch.folder("clone"), &scene.clock);
    scene.ledger.serve();
    let before = size(&of_records(&scene.ledger, "records").unwrap());
    work(&scene, 10);
    wait_sealed(&scene.terminal);
    assert!(size(&cosigned(&scene.ledger)) > before);

    // Somebody starts the copy beside it: it has every key, and knows of nothing newer by itself.
    forget_cosignatures(clone.data());
    let known = size(&of_records(&clone, "records").unwrap());
    clone.serve();
    wait::until("the clone to stop", || of_records(&clone, "records.halted"));
    assert!(status(&clone).contains("STOPPED"), "{}", status(&clone));
    assert_eq!(size(&of_records(&clone, "records").unwrap()), known, "it signed nothing since");
    clone.kill();
    // The other one does not notice.
    work(&scene, 3);
    wait_sealed(&scene.terminal);
    assert!(second.status().contains("/records:"), "{}", second.status());

    // The ledger itself is put back: it stops before it writes.
    scene.ledger.stop();
    scene.ledger.put_back(&copy);
    forget_cosignatures(scene.ledger.data());
    scene.ledger.serve();
    wait::until("the ledger to stop", || of_records(&scene.ledger, "records.halted"));
    assert!(status(&scene.ledger).contains("STOPPED"), "{}", status(&scene.ledger));
    assert_eq!(size(&of_records(&scene.ledger, "records").unwrap()), known, "it signed nothing since");
}

/// What witnesses cosigned lies beside the checkpoint files: here it is gone as well, or the start itself would see that the book is behind.
fn forget_cosignatures(data: &Path) {
    for office in std::fs::read_dir(data.join("checkpoints")).unwrap().flatten() {
        for file in std::fs::read_dir(office.path()).unwrap().flatten() {
            if file.path().extension().is_some_and(|extension| extension == "cosigned") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
    }
}
