//! Two desks: the second administrator joins with a home of her own, and what takes two persons is decided by two.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clock::{StoryClock, live_by};
use sekisho_tests::desk::Desk;
use sekisho_tests::ledger::{Ledger, both, succeeded};
use sekisho_tests::scene::Scene;
use sekisho_tests::scratch::Scratch;

/// The second administrator's calls: her own home, her card in the signer's reader, her PIN.
pub(crate) fn hers(scene: &Scene, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("sekisho-admin"));
    command.env("PCSCLITE_CSOCK_NAME", scene.desk.pcscd.socket()).env("RUST_LOG", "warn");
    command.args(["--lang", "en", "--yes", "--wait", "30", "--home"]).arg(scene.desk.file("hers"));
    command.args(["--signer-reader", &scene.desk.pcscd.reader(0), "--pin-file"]).arg(scene.desk.file("pins/20002.pin"));
    live_by(scene.clock.file(), &mut command);
    command.args(arguments);
    command
}

pub(crate) fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    succeeded("sekisho-admin", &output);
    both(&output)
}

pub(crate) fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success(), "it went through:\n{}", both(&output));
    both(&output)
}

/// Has the first desk export the office; gives the file and the fingerprint that was shown.
pub(crate) fn export(scene: &Scene) -> (String, String) {
    let file = scene.desk.file("office.export").to_str().unwrap().to_owned();
    let said = scene.desk.run(&["office", "export", &file]);
    let print = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
    (file, print)
}

#[test]
fn the_second_administrator_joins_and_approves_from_a_home_of_her_own() {
    let mut scene = Scene::new("desks");
    let (file, print) = export(&scene);
    let join = |scene: &Scene, print: &str| hers(scene, &["join", &file, "--fingerprint", print]);
    // Nobody has compared it, somebody has and it is another one.
    assert!(refused(hers(&scene, &["join", &file])).contains(&print));
    assert!(refused(join(&scene, &"00".repeat(16))).contains("fingerprint"));
    scene.desk.sign_as(1);
    // What a forger changed has another fingerprint.
    let text = std::fs::read_to_string(&file).unwrap();
    let forged = scene.desk.file("forged.export");
    std::fs::write(&forged, text.replacen("127.0.0.1", "localhost", 1)).unwrap();
    let said = refused(hers(&scene, &["join", forged.to_str().unwrap(), "--fingerprint", &print]));
    assert!(said.contains("fingerprint"), "{said}");
    // Without the checkpoint she would believe a ledger that shows yesterday's register.
    let seen = text.find("seen = ").unwrap();
    std::fs::write(&forged, &text[..seen]).unwrap();
    let said = refused(hers(&scene, &["join", forged.to_str().unwrap(), "--fingerprint", &print]));
    assert!(said.contains("fingerprint"), "{said}");
    let said = run(join(&scene, &print));
    assert!(said.contains("鈴木 花子") && said.contains("白樺町"), "{said}");
    assert!(refused(join(&scene, &print)).contains("already"), "a home has one office");

    // The first administrator proposes a card that signs: it is made, and waits.
    scene.desk.sign_as(1);
    let (mut signing, said) = scene.desk.issue("signing", &["--operator", "10032", "--signing"]);
    assert!(said.contains("until it is approved"), "{said}");
    let pending = scene.desk.list(&["card", "pending"]);
    let [waiting] = pending.as_slice() else { panic!("{pending:?}") };
    assert_eq!(waiting["operator"], "10032");
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let id = proposal["id"].as_str().unwrap();
    assert!(waiting["missing"].as_str().unwrap().contains(id), "{waiting}");
    signing.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    let output = scene.desk.try_run(&["card", "issue", "--resume"]);
    assert!(!output.status.success() && both(&output).contains(id), "{}", both(&output));
    assert_eq!(scene.desk.list(&["proposals"]).len(), 1, "it is not proposed twice");
    signing.card.pull();
    scene.desk.pcscd.wait_slot(1, false);

    // Nor does another desk take it for a card that was left over: its keys stand in the proposal.
    scene.desk.sign_as(1);
    for secret in ["card-management.secret", "card-ca.key.pem", "card-ca.pem"] {
        std::fs::copy(scene.desk.file("home").join(secret), scene.desk.file("hers").join(secret)).unwrap();
    }
    signing.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    let (reader, pin) = (scene.desk.pcscd.reader(1), path(&scene.desk.file("pins/taken.pin")));
    let issue = ["card", "issue", "--operator", "10023", "--also", "--reader", &reader, "--first-pin-file", &pin];
    let said = refused(hers(&scene, &issue));
    assert!(said.contains("proposed at another desk") && said.contains(id), "{said}");
    // Nor can it be finished there before it is approved; and the step that is named is one that helps.
    let said = refused(hers(&scene, &["card", "issue", "--resume", "--reader", &reader]));
    assert!(said.contains("proposed at another desk") && said.contains(id), "{said}");
    signing.card.pull();
    scene.desk.pcscd.wait_slot(1, false);

    // The second one approves at her desk.
    assert!(run(hers(&scene, &["proposals"])).contains(id));
    run(hers(&scene, &["approve", id]));
    assert!(refused(hers(&scene, &["approve", id])).contains("proposal"));
    signing.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    scene.desk.sign_as(1);
    let said = scene.desk.run(&["card", "issue", "--resume"]);
    assert!(said.contains("is issued"), "{said}");
    assert!(scene.desk.list(&["card", "pending"]).is_empty());
    let full = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(full.contains("鈴木 花子"), "{full}");
}

#[test]
fn a_card_that_signs_nothing_joins_no_office() {
    let mut scene = Scene::new("nojoin");
    let (file, print) = export(&scene);
    scene.clerk.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    let mut command = hers(&scene, &["join", &file, "--fingerprint", &print]);
    let pin = scene.desk.file("clerk.pin");
    std::fs::write(&pin, scene.clerk.pin()).unwrap();
    command = again_with(command, &[("--signer-reader", scene.desk.pcscd.reader(1)), ("--pin-file", path(&pin))]);
    refused(command);
    assert!(!scene.desk.file("hers/office.toml").exists());
    assert!(!scene.desk.file("hers/register/checkpoint").exists(), "nothing is left behind");
    scene.clerk.card.pull();
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The same call with other values of these options.
pub(crate) fn again_with(command: Command, options: &[(&str, String)]) -> Command {
    let mut again = Command::new(command.get_program());
    command.get_envs().for_each(|(name, value)| {
        again.env(name, value.unwrap());
    });
    let mut value = None;
    for argument in command.get_args() {
        let given = value.take().unwrap_or_else(|| argument.to_str().unwrap().to_owned());
        value = options.iter().find(|(name, _)| *name == given).map(|(_, value)| value.clone());
        again.arg(given);
    }
    again
}

/// The town's file with these lines after it.
fn town_with(folder: &Path, more: &str) -> PathBuf {
    let town = std::fs::read_to_string(checkout().join("tests/offices/town.toml")).unwrap();
    let file = folder.join("office.toml");
    std::fs::write(&file, format!("{town}\n{more}")).unwrap();
    file
}

const POSTS: &str = r#"
[[post]]
post = "juki-kakaricho"
title = "住基係長"
roles = ["access_manager"]
section = "jumin"

[[hold_post]]
post = "juki-kakaricho"
operator = "10023"
"#;

#[test]
fn a_founding_file_with_posts_is_decided_by_both_administrators() {
    let scratch = Scratch::new("posts");
    let clock = StoryClock::new(scratch.path());
    let mut ledger = Ledger::init(&scratch.folder("l"), &clock);
    ledger.serve();
    let mut desk = Desk::new(&scratch.folder("d"));
    desk.follow(&clock);
    let file = town_with(scratch.path(), POSTS);
    desk.found(&ledger, file.to_str().unwrap());
    let acts = desk.run(&["acts"]);
    assert!(acts.contains("住基係長") && acts.contains("juki-kakaricho"), "{acts}");
    let approvals = acts.matches("佐藤 一郎 (20001), approved by 鈴木 花子 (20002)").count();
    assert_eq!(approvals, 2, "the post and who holds it:\n{acts}");
    assert!(desk.list(&["proposals"]).is_empty());
}

#[test]
fn a_mistake_in_the_founding_file_costs_no_card() {
    let scratch = Scratch::new("mistake");
    let clock = StoryClock::new(scratch.path());
    let mut ledger = Ledger::init(&scratch.folder("l"), &clock);
    ledger.serve();
    let desk = Desk::new(&scratch.folder("d"));
    // Nobody of that number; an administrator whose designation would end with the fiscal year, before the other could stand in.
    let mistakes = [(POSTS.replace("10023", "99999"), "99999"), (ENDS_ALONE.to_owned(), "nobody who could decide")];
    for (lines, named) in mistakes {
        refused_on_paper(&desk, &ledger, &clock, &town_with(scratch.path(), &lines), named);
    }
}

const ENDS_ALONE: &str = r#"
[[operator]]
operator = "20001"
name = "佐藤 一郎"
section = "jumin"
"#;

fn refused_on_paper(desk: &Desk, ledger: &Ledger, clock: &StoryClock, file: &Path, named: &str) {
    let mut command = Command::new(program("sekisho-admin"));
    command.env("PCSCLITE_CSOCK_NAME", desk.pcscd.socket());
    command.args(["--lang", "en", "--yes", "--wait", "0", "--reader", &desk.pcscd.reader(0), "--home"]);
    command.arg(desk.file("home")).arg("found").arg("--code").arg(ledger.founding_code()).arg("--config").arg(file);
    command.arg("--recovery-dir").arg(desk.file("recovery")).arg("--own-pin-dir").arg(desk.file("pins"));
    live_by(clock.file(), &mut command);
    let output: Output = command.output().unwrap();
    let said = both(&output);
    assert!(!output.status.success() && said.contains(named), "no card was asked for, the mistake is named:\n{said}");
    assert!(!desk.file("recovery").exists());
}
