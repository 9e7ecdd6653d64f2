//! The administrator's tool, interrupted: answers that never come, and power cuts in the middle of a founding and of making a card.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_link::LedgerCode;
use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clerk::{insert, login, verdict_of};
use sekisho_tests::clock::{StoryClock, live_by};
use sekisho_tests::history::{acts, proposals};
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::pcscd::Pcscd;
use sekisho_tests::process::Process;
use sekisho_tests::scene::Scene;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::virtual_card::VirtualCard;
use sekisho_tests::wait;

/// What the network swallows while a signed act waits in the outbox.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Swallows {
    Nothing,
    /// The act arrives, its answer does not.
    Answers,
    /// The same over a connection that is made for the act: what comes before it is answered.
    AnswersToActs,
    /// The act does not arrive.
    Requests,
    /// Each act once, the first time that anything is sent about it, by turns what is sent and what is answered; and then everything, until
    /// [`Network::comes_back`].
    EachActOnce,
}

/// A network between the administrator's tool and the ledger.
pub(crate) struct Network {
    port: u16,
    swallows: Arc<Mutex<Swallows>>,
    held: Arc<Mutex<Held>>,
}

/// What [`Swallows::EachActOnce`] has done.
#[derive(Default)]
struct Held {
    /// Acts that were swallowed once, in their order.
    acts: Vec<String>,
    /// Nothing gets through.
    is_away: bool,
}

impl Network {
    fn to(ledger: u16, outbox: PathBuf) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let swallows = Arc::new(Mutex::new(Swallows::Nothing));
        let now = Arc::clone(&swallows);
        let held = Arc::new(Mutex::new(Held::default()));
        let line = Line { now, outbox, held: Arc::clone(&held) };
        // It ends with the story's process.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", ledger)) else { continue };
                let asked = Arc::new(AtomicUsize::new(0));
                carry(&client, &server, (Swallows::Requests, &asked), &line);
                carry(&server, &client, (Swallows::Answers, &asked), &line);
            }
        });
        Self { port, swallows, held }
    }

    /// How many acts were swallowed once.
    fn acts_swallowed(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).acts.len()
    }

    pub(crate) fn swallow(&self, what: Swallows) {
        *self.swallows.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    fn comes_back(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).is_away = false;
    }
}

/// What both ways of a connection go by.
#[derive(Clone)]
struct Line {
    now: Arc<Mutex<Swallows>>,
    outbox: PathBuf,
    held: Arc<Mutex<Held>>,
}

impl Line {
    /// Whether what goes this way now is swallowed.
    fn swallows(&self, way: Swallows, asked: usize) -> bool {
        match *self.now.lock().unwrap_or_else(PoisonError::into_inner) {
            Swallows::Nothing => false,
            Swallows::EachActOnce => self.swallows_a_new_act(way),
            now @ (Swallows::Requests | Swallows::Answers) => now == way && !is_empty(&self.outbox),
            Swallows::AnswersToActs => way == Swallows::Answers && asked > HANDSHAKE && !is_empty(&self.outbox),
        }
    }

    fn swallows_a_new_act(&self, way: Swallows) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let new = names(&self.outbox).into_iter().find(|name| name.ends_with(".act") && !held.acts.contains(name));
        let turn = if held.acts.len().is_multiple_of(2) { Swallows::Requests } else { Swallows::Answers };
        if let Some(new) = new.filter(|_| way == turn && !held.is_away) {
            held.acts.push(new);
            held.is_away = true;
        }
        held.is_away
    }
}

/// Carries bytes one way, until they are to be swallowed: then the line is cut.
fn carry(from: &TcpStream, to: &TcpStream, (way, asked): (Swallows, &Arc<AtomicUsize>), line: &Line) {
    let (mut from, mut to, line) = (from.try_clone().unwrap(), to.try_clone().unwrap(), line.clone());
    let asked = Arc::clone(asked);
    std::thread::spawn(move || {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if way == Swallows::Requests {
                asked.fetch_add(count, Ordering::AcqRel);
            }
            if line.swallows(way, asked.load(Ordering::Acquire)) || to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// A client's part of a handshake without a certificate is shorter than this, and any act longer.
const HANDSHAKE: usize = 1000;

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut files| files.next().is_none())
}

/// Lets the desk reach its ledger through a network only.
pub(crate) fn between(scene: &Scene) -> Network {
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

#[test]
fn an_act_whose_answer_is_lost_stands_in_the_way_of_no_other() {
    let scene = Scene::new("settled");
    let guid = scene.desk.guid_of("10031");
    let network = between(&scene);
    network.swallow(Swallows::Answers);
    let output = scene.desk.try_run(&NEW);
    assert!(!output.status.success(), "{}", both(&output));
    network.swallow(Swallows::Nothing);
    // A card was stolen meanwhile: it is revoked in this very run.
    let said = scene.desk.run(&["card", "revoke", &guid, "--reason", "stolen"]);
    assert!(said.contains("of an earlier run got no answer then; it is in force"), "{said}");
    let cards = scene.desk.list(&["card", "list"]);
    let card = cards.iter().find(|card| card["guid"] == guid.as_str()).unwrap();
    assert!(card["state"].as_str().unwrap().contains("revoked"), "{card}");
    assert_eq!(sections(&scene), 1);
}

/// `found` with cards that lie in their readers.
fn found(pcscd: &Pcscd, folder: &Path, code: &Path, clock: &StoryClock) -> Command {
    let mut command = Command::new(program("sekisho-admin"));
    command.env("PCSCLITE_CSOCK_NAME", pcscd.socket()).args(["--lang", "en", "--yes", "--wait", "30"]);
    command.args(["--reader", &pcscd.reader(0), "--reader", &pcscd.reader(1), "--home"]).arg(folder.join("home"));
    command.arg("found").arg("--code").arg(code).arg("--config").arg(folder.join("office.toml"));
    command.arg("--recovery-dir").arg(folder.join("recovery")).arg("--own-pin-dir").arg(folder.join("pins"));
    for (operator, pin) in [("20001", "493716"), ("20002", "805294")] {
        std::fs::write(folder.join("pins").join(format!("{operator}.pin")), pin).unwrap();
    }
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

/// The same code, for a ledger that is reached through this network.
fn through(network: &Network, code: &Path) -> PathBuf {
    let mut read = LedgerCode::parse(&std::fs::read_to_string(code).unwrap()).unwrap();
    read.url = format!("https://127.0.0.1:{}", network.port);
    let file = code.with_extension("through");
    std::fs::write(&file, format!("{}\n", *read.to_text())).unwrap();
    file
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
    let outbox = folder.join("home/outbox");
    let network = Network::to(ledger.port(), outbox.clone());
    let code = through(&network, &ledger.founding_code());

    network.swallow(Swallows::EachActOnce);
    let mut killed = 0;
    loop {
        let mut run =
            Process::start("found", &mut found(&pcscd, &folder, &code, &clock), &scratch.path().join("found.log"));
        // The network holds up each act once, before or after it has arrived, by turns; then the power goes.
        let ended = wait::until("the next act or the end", || {
            if network.acts_swallowed() > killed { Some(None) } else { run.ended().map(Some) }
        });
        if let Some(status) = ended {
            assert!(status.success(), "{}", run.said());
            break;
        }
        run.kill();
        network.comes_back();
        killed += 1;
        assert!(killed < 30, "it gets nowhere: {}", run.said());
    }
    let founding = 1;
    let decided = acts(&ledger) - founding + proposals(&ledger);
    assert_eq!(u64::try_from(killed).unwrap(), decided, "each act of the set-up was interrupted");
    assert!(names(&outbox).is_empty() && names(&folder.join("home/founding")).is_empty());

    let mut command = found(&pcscd, &folder, &code, &clock);
    let output = command.output().unwrap();
    assert!(output.status.success() && both(&output).contains("nothing is left to do"), "{}", both(&output));
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
    let mut command = scene.desk.command(&["card", "issue", "--operator", "10023", "--also", "--first-pin-file", &pin]);
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
    scene.desk.choose_pin(&issued, "805294");
    insert(&scene.terminal, &mut issued);
    login(&scene.terminal, &issued);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
}
