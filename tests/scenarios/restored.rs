//! The machine with the ledger is lost. Last night's backup lies on a listed medium, the keys in the safe: on another machine, by the steps of the ledger's manual
//! ("Restore"), it is put back, and the terminals bring what came later, to the very same tree.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use sekisho_tests::binaries::program;
use sekisho_tests::clerk::{insert, login, request, wait_card};
use sekisho_tests::clock::live_by;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::postgres;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::small_disk::SmallDisk;
use sekisho_tests::wait;

/// Where the book lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    File,
    Server,
}

#[test]
fn a_ledger_whose_machine_was_lost_is_restored_from_the_night_and_filled_to_the_same_tree() {
    lost_and_restored("restored", Store::File);
}

#[test]
fn the_same_with_the_book_on_postgresql() {
    lost_and_restored("restored-server", Store::Server);
}

fn lost_and_restored(name: &str, store: Store) {
    let mut scene = Scene::new(name);
    if store == Store::Server {
        scene.ledger.stop();
        to_server(&scene);
        scene.ledger.serve();
    }
    let (medium, safe) = (scene.scratch.folder("medium"), scene.scratch.folder("safe"));
    let (_medium, _safe) = (SmallDisk::under(&medium, 256 * 1024), SmallDisk::under(&safe, 1024));
    timed(&scene, &["medium", "add", "--name", "A", "--at", text(&medium)]);
    timed(&scene, &["copy-keys", "--to", text(&safe.join("keys"))]);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 20);

    // The night, while everybody may go on.
    let said = timed(&scene, &["backup"]);
    assert!(said.contains("written, read again, and sound"), "{said}");
    let night = signed(scene.ledger.data());

    // The day after it.
    work(&scene, 30);
    scene.apply("[[operator]]\noperator = \"10077\"\nname = \"新井 京子\"\nsection = \"jumin\"\n");
    let before = scene.search(&["--kind", "decision"]).len();
    work(&scene, 5);
    wait_kept(&scene);
    scene.ledger.stop();
    let newest = signed(scene.ledger.data());
    assert_ne!(newest, night);

    // Nothing is left of the machine; another one has its address.
    std::fs::remove_dir_all(scene.ledger.data()).unwrap();
    scene.ledger.forget();
    let said = run(&scene, &["restore", "--from", text(&medium), "--keys", text(&safe.join("keys"))]);
    assert!(said.contains("put back into"), "{said}");
    if store == Store::Server {
        to_server(&scene);
    }
    let said = run(&scene, &["fsck"]);
    assert!(said.contains("sound"), "{said}");
    scene.ledger.serve();
    wait::until("the log to be filled again", || {
        let [records, others @ ..] = &signed(scene.ledger.data())[..] else { return None };
        (size_of(records) > size_of(&newest[0]) && others == &newest[1..]).then_some(())
    });
    holds_still(&scene, &newest[0]);
    scene.wait_current();
    wait_card(&scene.terminal, true);
    work(&scene, 3);
    let after = scene.search(&["--kind", "decision"]).len();
    assert!(after >= before + 8, "{before} {after}");
    scene.desk.assert_verified();

    // The next night goes on where the last one stood; one that does not come is written down.
    assert!(run(&scene, &["medium", "list"]).contains("000001-"));
    assert!(timed(&scene, &["backup"]).contains("000002-"));
    scene.clock.pass(Duration::from_secs(37 * 3600));
    wait::until("the alarm that no backup was verified", || {
        let alarms = scene.search(&["--kind", "alarm"]);
        let missed = |row: &serde_json::Value| {
            row["what"].as_str().is_some_and(|said| said.contains("no backup of the ledger was verified"))
        };
        alarms.iter().any(missed).then_some(())
    });
    assert!(timed(&scene, &["medium", "list"]).contains("OVERDUE"));
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

/// What was signed last before the loss, held against the log as it is now.
fn holds_still(scene: &Scene, newest: &str) {
    let note = scene.scratch.folder("sheets").join("records.note");
    std::fs::write(&note, newest).unwrap();
    let said = run(scene, &["check-checkpoint", "--note", text(&note)]);
    assert!(said.contains("fits"), "{said}");
}

fn to_server(scene: &Scene) {
    let place = postgres::database();
    let data = std::fs::read_to_string(scene.ledger.data().join("ledger.toml")).unwrap();
    if !data.contains("postgres") {
        run(scene, &["move-book", "--to-postgres", &place]);
    }
}

fn work(scene: &Scene, times: u32) {
    let mut client = scene.terminal.client();
    for _ in 0..times {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    wait_sealed(&scene.terminal);
}

/// The terminal has been given what it is to keep, and shows what it verified.
fn wait_kept(scene: &Scene) {
    wait::until("the last keepsake", || {
        let given = std::fs::read_to_string(scene.terminal.state().join("keepsakes/given.json")).ok()?;
        let given: serde_json::Value = serde_json::from_str(&given).ok()?;
        (given.get("to")?.get(0)?.as_u64()? >= size_of(signed(scene.ledger.data()).first()?)).then_some(())
    });
}

/// The three checkpoint files of the only office.
fn signed(data: &Path) -> Vec<String> {
    let offices = std::fs::read_dir(data.join("checkpoints")).unwrap().flatten();
    let office = offices.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap();
    ["records", "register", "casebook"].map(|log| std::fs::read_to_string(office.join(log)).unwrap_or_default()).into()
}

fn size_of(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or_default()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a scratch path is text")
}

/// A command of the ledger's; it must go well.
fn run(scene: &Scene, words: &[&str]) -> String {
    checked(words, &ledger(scene, words).output().unwrap())
}

/// The same by the story's clock.
fn timed(scene: &Scene, words: &[&str]) -> String {
    let mut command = ledger(scene, words);
    live_by(scene.clock.file(), &mut command);
    checked(words, &command.output().unwrap())
}

fn ledger(scene: &Scene, words: &[&str]) -> Command {
    let mut command = Command::new(program("sekisho-ledger"));
    command.args(words).arg("--data").arg(scene.ledger.data());
    command
}

fn checked(words: &[&str], output: &Output) -> String {
    succeeded(&words.join(" "), output);
    both(output)
}
