//! The administrator's tool, interrupted: answers that never come, and power cuts in the middle of a founding and of making a card.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clerk::{insert, login, verdict_of};
use sekisho_tests::clock::{StoryClock, live_by};
use sekisho_tests::history::acts;
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::pcscd::Pcscd;
use sekisho_tests::process::Process;
use sekisho_tests::scene::Scene;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::virtual_card::VirtualCard;
use sekisho_tests::wait;

/// What the network swallows while a signed act waits in the outbox.
#[derive(Clone, Copy, PartialEq)]
enum Swallows {
    Nothing,
    /// The act arrives, its answer does not.
    Answers,
    /// The act does not arrive.
    Requests,
}

/// A network between the administrator's tool and the ledger.
struct Network {
    port: u16,
    swallows: Arc<Mutex<Swallows>>,
}

impl Network {
    fn to(ledger: u16, outbox: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let swallows = Arc::new(Mutex::new(Swallows::Nothing));
        let now = Arc::clone(&swallows);
        // It ends with the story's process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", ledger)) else { continue };
                carry(&client, &server, Swallows::Requests, &now, &outbox);
                carry(&server, &client, Swallows::Answers, &now, &outbox);
            }
        });
        Self { port, swallows }
    }

    fn swallow(&self, what: Swallows) {
        *self.swallows.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}

/// Carries bytes one way, until they are to be swallowed: then the line is cut.
fn carry(from: &TcpStream, to: &TcpStream, way: Swallows, now: &Arc<Mutex<Swallows>>, outbox: &Path) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let (now, outbox) = (Arc::clone(now), outbox.to_owned());
    std::thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let swallowed = *now.lock().unwrap_or_else(PoisonError::into_inner) == way && !is_empty(&outbox);
            if swallowed || to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut files| files.next().is_none())
}

/// Lets the desk reach its ledger through a network only.
fn between(scene: &Scene) -> Network {
    let network = Network::to(scene.ledger.port(), scene.desk.file("home/outbox"));
    let office = scene.desk.file("home/office.toml");
    let text = std::fs::read_to_string(&office).unwrap();
    let (there, here) = (format!(":{}", scene.ledger.port()), format!(":{}", network.port));
    assert!(text.contains(&there));
    std::fs::write(&office, text.replace(&there, &here)).unwrap();
    network
}

fn sections(scene: &Scene) -> usize {
    scene.desk.run(&["acts"]).matches("kikaku").count()
}

const NEW: [&str; 4] = ["section", "set", "kikaku", "企画課"];

#[test]
fn an_act_whose_answer_is_lost_is_found_again_and_not_filed_twice() {
    for (swallowed, story) in [(Swallows::Answers, "lostanswer"), (Swallows::Requests, "lostact")] {
        let scene = Scene::new(story);
        let network = between(&scene);
        let before = acts(&scene.ledger);
        network.swallow(swallowed);
        let output = scene.desk.try_run(&NEW);
        let said = both(&output);
        assert!(!output.status.success() && said.contains("did not answer"), "{said}");
        let arrived = u64::from(swallowed == Swallows::Answers);
        assert_eq!(acts(&scene.ledger), before + arrived, "what the ledger has");
        assert!(!is_empty(&scene.desk.file("home/outbox")));

        // The same again, when the network is back: it is in force now, and nothing more is signed.
        network.swallow(Swallows::Nothing);
        let output = scene.desk.try_run(&NEW);
        let said = both(&output);
        assert!(!output.status.success() && said.contains("is in force"), "{said}");
        assert_eq!(acts(&scene.ledger), before + 1, "{said}");
        assert_eq!(sections(&scene), 1);
        assert!(is_empty(&scene.desk.file("home/outbox")));
    }
}

/// `found` with cards that lie in their readers.
fn found(pcscd: &Pcscd, folder: &Path, code: &Path, clock: &StoryClock) -> Command {
    let mut command = Command::new(program("sekisho-admin"));
    command.env("PCSCLITE_CSOCK_NAME", pcscd.socket()).args(["--lang", "en", "--yes", "--wait", "30"]);
    command.args(["--reader", &pcscd.reader(0), "--reader", &pcscd.reader(1), "--home"]).arg(folder.join("home"));
    command.arg("found").arg("--code").arg(code).arg("--config").arg(folder.join("office.toml"));
    command.arg("--recovery-dir").arg(folder.join("recovery")).arg("--first-pin-dir").arg(folder.join("pins"));
    live_by(clock.file(), &mut command);
    command
}

/// What lies in a folder of the desk, by name.
fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_founding_killed_at_every_act_of_its_set_up_goes_on_where_it_was() {
    let scratch = Scratch::new("killfound");
    let clock = StoryClock::new(scratch.path());
    let mut ledger = Ledger::init(&scratch.folder("l"), &clock);
    ledger.serve();
    let folder = scratch.folder("d");
    std::fs::create_dir_all(folder.join("pins")).unwrap();
    let town = std::fs::read_to_string(checkout().join("tests/offices/town.toml")).unwrap();
    let post = "[[post]]\npost = \"kakaricho\"\ntitle = \"係長\"\nroles = [\"access_manager\"]\n";
    std::fs::write(folder.join("office.toml"), format!("{town}\n{post}")).unwrap();
    let pcscd = Pcscd::start(&scratch.folder("pcsc"), 2);
    let mut cards: Vec<VirtualCard> = ["20001", "20002"].map(|name| VirtualCard::blank(&folder, name)).into();
    cards.iter_mut().enumerate().for_each(|(slot, card)| card.insert(&pcscd, slot));
    let code = ledger.founding_code();

    let outbox = folder.join("home/outbox");
    let (mut killed, mut seen) = (0, Vec::new());
    loop {
        let mut run =
            Process::start("found", &mut found(&pcscd, &folder, &code, &clock), &scratch.path().join("found.log"));
        // The moment an act that is new lies in the outbox, before or after it was sent: nobody can say.
        let ended = wait::until("the next act or the end", || {
            let new = names(&outbox).into_iter().find(|name| name.ends_with(".act") && !seen.contains(name));
            if let Some(new) = new {
                seen.push(new);
                return Some(None);
            }
            run.ended().map(Some)
        });
        if let Some(status) = ended {
            assert!(status.success(), "{}", run.said());
            break;
        }
        run.kill();
        killed += 1;
        assert!(killed < 30, "it gets nowhere: {}", run.said());
    }
    assert!(killed > 0, "it was never killed");
    assert!(names(&outbox).is_empty() && names(&folder.join("home/founding")).is_empty());

    let mut command = found(&pcscd, &folder, &code, &clock);
    let output = command.output().unwrap();
    assert!(!output.status.success() && both(&output).contains("already"), "it is done: {}", both(&output));
    let mut command = Command::new(program("sekisho-admin"));
    command.env("PCSCLITE_CSOCK_NAME", pcscd.socket()).args(["--lang", "en", "--yes", "--signer-reader"]);
    command
        .arg(pcscd.reader(0))
        .arg("--home")
        .arg(folder.join("home"))
        .arg("--pin-file")
        .arg(folder.join("pins/20001.pin"));
    live_by(clock.file(), &mut command);
    let said = both(&command.args(["acts"]).output().unwrap());
    // Each was decided once, whenever the power went.
    for what in ["(jumin) open", "(juminhyo.issue), needs", "(kakaricho), roles", "operator 10032 profile zei-a"] {
        let found = said.lines().filter(|line| line.contains(what)).count();
        assert_eq!(found, 1, "{what}: {said}");
    }
}

#[test]
fn a_card_whose_issue_is_killed_after_it_was_made_is_finished_by_resume() {
    let scene = Scene::new("killissue");
    let pins = scene.desk.file("pins/again.pin");
    let pin = pins.to_str().unwrap().to_owned();
    let mut card = VirtualCard::blank(&scene.desk.file(""), "again");
    card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    let before = acts(&scene.ledger);
    let network = between(&scene);
    network.swallow(Swallows::Requests);
    let mut command = scene.desk.command(&["card", "issue", "--operator", "10023", "--first-pin-file", &pin]);
    let mut run = Process::start("issue", &mut command, &scene.scratch.path().join("issue.log"));
    let pending = scene.desk.file("home/pending");
    // Keys and PIN are on the card, the act is signed and does not get through.
    run.wait_ready("the card to be made and its act signed", || {
        let made = names(&pending).iter().any(|name| name.ends_with(".card"));
        (made && !is_empty(&scene.desk.file("home/outbox"))).then_some(())
    });
    run.kill();
    network.swallow(Swallows::Nothing);
    assert_eq!(acts(&scene.ledger), before);
    let said = scene.desk.run(&["card", "issue", "--resume", "--first-pin-file", &pin]);
    assert!(said.contains("is issued"), "{said}");
    assert!(names(&pending).is_empty());
    assert_eq!(acts(&scene.ledger), before + 1, "one act");
    card.pull();
    scene.desk.pcscd.wait_slot(1, false);
    scene.wait_current();
    let mut issued = scene.desk.known("again");
    insert(&scene.terminal, &mut issued);
    login(&scene.terminal, &issued);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
}
