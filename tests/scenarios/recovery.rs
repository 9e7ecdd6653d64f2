//! All administrators' cards are lost: the sheets out of the safe, three days in which everybody is alarmed, and new cards. Or somebody objects.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use sekisho_tests::clerk::{insert, login, verdict_of};
use sekisho_tests::desk::Issued;
use sekisho_tests::history::acts;
use sekisho_tests::ledger::both;
use sekisho_tests::process::Process;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::wait::until;

use crate::unanswered::{Swallows, between};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "it went through:\n{}", both(output));
    both(output)
}

/// The arguments that name these sheets of the founding.
fn sheets(scene: &Scene, numbers: &[u8]) -> Vec<String> {
    let path = |number: &u8| scene.desk.file(&format!("recovery/recovery-{number}.txt")).display().to_string();
    numbers.iter().flat_map(|number| ["--sheet".to_owned(), path(number)]).collect()
}

fn try_recovery(scene: &Scene, what: &[&str], numbers: &[u8]) -> Output {
    let sheets = sheets(scene, numbers);
    let arguments: Vec<&str> =
        ["recovery"].iter().chain(what).copied().chain(sheets.iter().map(String::as_str)).collect();
    scene.desk.try_run(&arguments)
}

/// What the terminal says of a recovery, once it says that.
fn wait_due(scene: &Scene, announced: bool) -> Option<u64> {
    until("the panel to know of the recovery", || {
        let due = scene.terminal.client().status().ok()?.recovery_due;
        (due.is_some() == announced).then_some(due)
    })
}

/// The administrators' cards are gone from the desk; new ones for both are made and announced with the first two sheets.
fn announce(scene: &mut Scene) -> [Issued; 2] {
    let (new, said) = make_and_announce(scene);
    assert!(said.contains("announced by act"), "{said}");
    new
}

/// The same, however the announcement ends.
fn make_and_announce(scene: &mut Scene) -> ([Issued; 2], String) {
    let pins = scene.desk.file("pins");
    let mut new = ["20001", "20002"].map(|operator| {
        let card = scene.desk.blank(&format!("{operator}-new"));
        std::fs::copy(pins.join(format!("{operator}.pin")), card.pin_file()).unwrap();
        card
    });
    let (pins, new_sheets) = (pins.display().to_string(), new_sheets(scene).display().to_string());
    let mut arguments = vec!["recovery", "announce", "--administrator", "20001", "--administrator", "20002"];
    arguments.extend(["--to", "2056-03-31", "--own-pin-dir", &pins, "--recovery-dir", &new_sheets]);
    let sheets = sheets(scene, &[1, 2]);
    arguments.extend(sheets.iter().map(String::as_str));
    let log = scene.desk.file("announce.log");
    let mut running = Process::start("sekisho-admin", &mut scene.desk.command(&arguments), &log);
    for (made, card) in (1..).zip(&mut new) {
        until("the question for a blank card", || {
            (running.said().matches("insert a blank card").count() == made).then_some(())
        });
        scene.desk.lay_in(card);
        until("the new card", || {
            assert!(running.ended().is_none_or(|status| status.success()), "{}", running.said());
            (running.said().matches(" is made").count() == made).then_some(())
        });
        scene.desk.take_out(card);
    }
    until("the announcement", || running.ended());
    (new, running.said())
}

/// What lies on the sheets.
fn sheets_in(directory: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn a_recovery_whose_answers_are_lost_goes_on_with_the_acts_that_were_signed() {
    let mut scene = Scene::new("lostrecovery");
    let network = between(&scene);
    let before = acts(&scene.ledger);
    network.swallow(Swallows::AnswersToActs);
    let ([first, second], said) = make_and_announce(&mut scene);
    assert!(said.contains("did not answer") && said.contains("run the same command again"), "{said}");
    network.swallow(Swallows::Nothing);
    assert_eq!(acts(&scene.ledger), before + 1, "it has arrived");
    // Whoever announces again, in whatever words, sends that act, and no sheet is written anew.
    let (directory, written) = (new_sheets(&scene), sheets_in(&new_sheets(&scene)));
    let other = scene.desk.file("other-sheets");
    let announce = |directory: &Path| {
        scene.desk.try_run(&["recovery", "announce", "--recovery-dir", &directory.display().to_string()])
    };
    let output = announce(&directory);
    assert!(output.status.success() && both(&output).contains("is sent again"), "{}", both(&output));
    for directory in [&directory, &other] {
        let said = refused(&announce(directory));
        assert!(said.contains("this desk has announced a recovery before"), "{said}");
    }
    assert_eq!((acts(&scene.ledger), sheets_in(&directory)), (before + 1, written));
    assert!(!other.exists());
    wait_due(&scene, true);

    scene.terminal.stop();
    scene.clock.pass(73 * HOUR);
    scene.terminal.start();
    network.swallow(Swallows::AnswersToActs);
    let said = refused(&try_recovery(&scene, &["complete"], &[2, 3]));
    assert!(said.contains("did not answer") && said.contains("run the same command again"), "{said}");
    network.swallow(Swallows::Nothing);
    assert_eq!(acts(&scene.ledger), before + 2);
    // Whoever wants to take it back is not made to complete it.
    let said = refused(&try_recovery(&scene, &["withdraw"], &[1]));
    assert!(said.contains("1 recovery keys signed, 2 are needed"), "{said}");
    // Without sheets: that act is signed.
    let said = scene.desk.run(&["recovery", "complete"]);
    assert!(said.contains("is sent again") && said.contains("completed by act"), "{said}");
    assert_eq!(acts(&scene.ledger), before + 2);
    scene.desk.sign_with(second);
    scene.desk.sign_with(first);
    scene.decide(&["section", "set", "shomu", "庶務課"]);

    // New sheets whose proposal got no answer: the keys that it names are on those that are there, and stay.
    let directory = scene.desk.file("third-sheets");
    let arguments = ["recovery", "keys", "--recovery-dir", &directory.display().to_string()];
    network.swallow(Swallows::Answers);
    refused(&scene.desk.try_run(&arguments));
    network.swallow(Swallows::Nothing);
    let written = sheets_in(&directory);
    let said = refused(&scene.desk.try_run(&arguments));
    assert!(said.contains("is in force") && said.contains("exists"), "{said}");
    assert_eq!(sheets_in(&directory), written);
    assert_eq!(scene.desk.list(&["proposals"]).len(), 1);
}

fn new_sheets(scene: &Scene) -> PathBuf {
    scene.desk.file("new-sheets")
}

#[test]
fn all_administrators_cards_are_lost_and_the_sheets_bring_new_ones_after_three_days() {
    let mut scene = Scene::new("recovery");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);

    // One sheet of the two that it takes, a sheet typed wrong, and no announcement at all.
    let directory = new_sheets(&scene).display().to_string();
    let said = refused(&try_recovery(&scene, &["announce", "--recovery-dir", &directory], &[1]));
    assert!(said.contains("1 recovery keys signed, 2 are needed"), "{said}");
    let said = refused(&try_recovery(&scene, &["announce", "--recovery-dir", &directory], &[1, 1]));
    assert!(said.contains("1 recovery keys signed, 2 are needed"), "{said}");
    let broken = scene.desk.file("broken.txt");
    let text = std::fs::read_to_string(scene.desk.file("recovery/recovery-1.txt")).unwrap();
    std::fs::write(&broken, text.replace("[", "[0")).unwrap();
    let broken = broken.display().to_string();
    let said =
        refused(&scene.desk.try_run(&["recovery", "announce", "--recovery-dir", &directory, "--sheet", &broken]));
    assert!(said.contains("line 1") && said.contains("check digits"), "{said}");
    let said = refused(&try_recovery(&scene, &["complete"], &[1, 2]));
    assert!(said.contains("no such recovery is announced"), "{said}");

    let [first, second] = announce(&mut scene);
    let due = wait_due(&scene, true).unwrap();
    let left = due - scene.clock.now_ms();
    assert!((71 * 3_600_000..=72 * 3_600_000).contains(&left), "{left} ms are left");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted", "work goes on");
    let text = scene.terminal.sekisho(&["--lang", "en", "status"]).output().unwrap();
    assert!(both(&text).contains("recovery keys is announced"), "{}", both(&text));
    let log = std::fs::read_to_string(scene.ledger.data().with_file_name("ledger.log")).unwrap();
    assert!(log.contains("RECOVERY of office"), "{log}");

    // Too early: at once, and an hour before.
    let said = refused(&try_recovery(&scene, &["complete"], &[2, 3]));
    assert!(said.contains("can be completed from"), "{said}");
    scene.terminal.stop();
    scene.clock.pass(71 * HOUR);
    scene.terminal.start();
    let said = refused(&try_recovery(&scene, &["complete"], &[2, 3]));
    assert!(said.contains("can be completed from"), "{said}");
    scene.clock.pass(2 * HOUR);
    let output = try_recovery(&scene, &["complete"], &[2, 3]);
    assert!(output.status.success(), "{}", both(&output));
    wait_fresh(&scene.terminal);
    wait_due(&scene, false);

    // The cards that were lost sign nothing; the new administrators decide, alone and together.
    let said = refused(&scene.desk.try_run(&["section", "set", "shomu", "庶務課"]));
    assert!(said.contains("proof_refused"), "{said}");
    scene.desk.sign_with(second);
    scene.desk.sign_with(first);
    scene.decide(&["section", "set", "shomu", "庶務課"]);
    scene.decide(&[
        "operator",
        "designate",
        "10055",
        "--name",
        "鈴木 花",
        "--section",
        "shomu",
        "--terminal",
        "jumin-1",
    ]);
    scene.desk.run(&[
        "--propose",
        "route",
        "set",
        "hours",
        "--proposer",
        "system_manager",
        "--approver",
        "system_manager",
    ]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    wait_sealed(&scene.terminal);
    let alarms = format!("{:?}", scene.search(&["--kind", "alarm"]));
    assert!(alarms.contains("a recovery was announced") && alarms.contains("a recovery was completed"), "{alarms}");
    // The sheets that were opened are used up.
    let said = refused(&try_recovery(&scene, &["announce", "--recovery-dir", &directory], &[1, 2]));
    assert!(said.contains("this recovery key was replaced"), "{said}");
    scene.desk.assert_verified();
}

#[test]
fn an_administrator_objects_to_a_recovery_that_nobody_needs() {
    let mut scene = Scene::new("objection");
    let _new = announce(&mut scene);
    wait_due(&scene, true);
    // Somebody objects at another desk; at this one nobody has a card to hear of it.
    let (home, alone) = (scene.desk.file("home"), scene.desk.file("home-alone"));
    assert!(Command::new("cp").arg("-a").args([&home, &alone]).status().unwrap().success());
    scene.desk.sign_as(0);
    let said = scene.desk.run(&["recovery", "show"]);
    assert!(said.contains("ALARM: a recovery is announced") && said.contains("20001"), "{said}");
    scene.decide(&["recovery", "object"]);
    wait_due(&scene, false);
    scene.terminal.stop();
    scene.clock.pass(73 * HOUR);
    scene.terminal.start();
    let said = refused(&try_recovery(&scene, &["complete"], &[1, 2]));
    assert!(said.contains("no such recovery") || said.contains("objects to the recovery"), "{said}");
    // The desk that announced it: what it knows ends with what the ledger says, and another can be announced.
    let there = scene.desk.file("home-there");
    std::fs::rename(&home, &there).unwrap();
    std::fs::rename(&alone, &home).unwrap();
    let other = scene.desk.file("other-sheets").display().to_string();
    let again = ["announce", "--recovery-dir", &other];
    let said = refused(&try_recovery(&scene, &again, &[1, 2]));
    assert!(said.contains("this desk has announced a recovery before"), "{said}");
    let said = refused(&try_recovery(&scene, &["withdraw"], &[1, 2]));
    assert!(said.contains("objects to the recovery"), "{said}");
    let output = try_recovery(&scene, &again, &[1, 2]);
    assert!(output.status.success() && both(&output).contains("announced by act"), "{}", both(&output));
    let output = try_recovery(&scene, &["withdraw"], &[1, 2]);
    assert!(output.status.success() && both(&output).contains("taken back by act"), "{}", both(&output));
    std::fs::rename(&home, &alone).unwrap();
    std::fs::rename(&there, &home).unwrap();
    // New sheets, by two persons and without a wait: these were out of the safe.
    let directory = scene.desk.file("third-sheets").display().to_string();
    scene.desk.run(&["recovery", "keys", "--recovery-dir", &directory]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    let said = refused(&try_recovery(&scene, &["announce", "--recovery-dir", &directory], &[1, 2]));
    assert!(said.contains("this recovery key was replaced"), "{said}");
    let alarms = format!("{:?}", scene.search(&["--kind", "alarm"]));
    assert!(alarms.contains("somebody objected to a recovery"), "{alarms}");
    scene.desk.assert_verified();
}
