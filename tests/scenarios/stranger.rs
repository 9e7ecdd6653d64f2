//! A stranger audits the ledger: a C2SP verifier that is not ours, over HTTPS, with what the office exports and a card.

use std::path::{Path, PathBuf};
use std::process::Command;

use sekisho_ledger::store::LogName;
use sekisho_tests::binaries::checkout;
use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::history::{Bytes, flip, flip_checkpoint};
use sekisho_tests::ledger::Ledger;
use sekisho_tests::reader::{Said, finish, pkcs11_module};
use sekisho_tests::scene::{Scene, wait_sealed};

const LOGS: [&str; 3] = ["records", "register", "casebook"];

/// The stranger, with the file that the office gave out.
pub(crate) struct Stranger {
    office: PathBuf,
}

impl Stranger {
    pub(crate) fn of(scene: &Scene) -> Self {
        Self::with(scene, "exported.toml")
    }

    /// As [`Self::of`], with a file of this name.
    pub(crate) fn with(scene: &Scene, name: &str) -> Self {
        let office = scene.scratch.path().join(name);
        scene.desk.run(&["office", "export", office.to_str().unwrap()]);
        Self { office }
    }

    fn auditor(&self, act: &str, of: &str) -> Command {
        let mut command = Command::new(checkout().join("target/python/bin/python"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/auditor.py")).args([act]).arg(&self.office).arg(of);
        command
    }

    /// A token for the administrator's card, which OpenSC asks.
    pub(crate) fn token(&self, scene: &Scene, ledger: &Ledger, guid: &str) -> String {
        let mut command = self.auditor("token", guid);
        command.env("PCSCLITE_CSOCK_NAME", scene.desk.pcscd.socket()).env("PKCS11_MODULE", pkcs11_module());
        command.env("PIN", &scene.desk.pins()[0]).arg("--url").arg(url(ledger));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Fetches a whole log into a folder, and verifies it.
    pub(crate) fn audit(&self, ledger: &Ledger, log: &str, folder: &Path, token: &str, earlier: Option<&Path>) -> Said {
        let mut command = self.auditor("audit", log);
        command.arg(folder).args(["--url", &url(ledger), &format!("--token={token}")]);
        if let Some(earlier) = earlier {
            command.arg("--earlier").arg(earlier);
        }
        finish(&mut command)
    }

    /// Flips bytes of what was fetched, each by itself.
    fn spoil(&self, log: &str, folder: &Path) -> Said {
        finish(self.auditor("spoil", log).arg(folder))
    }
}

fn url(ledger: &Ledger) -> String {
    format!("https://127.0.0.1:{}", ledger.port())
}

/// A number that the auditor says, as `name=7`.
fn said(said: &Said, name: &str) -> u64 {
    let numbers = said.text.split_whitespace().filter_map(|word| word.split_once('='));
    let found = numbers.filter(|(of, _)| *of == name).filter_map(|(_, number)| number.parse().ok()).next();
    found.unwrap_or_else(|| panic!("'{name}' is not said: {}", said.text))
}

/// So many granted requests, all of them sealed.
pub(crate) fn work(scene: &Scene, times: usize) {
    let mut client = scene.terminal.client();
    for _ in 0..times {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    wait_sealed(&scene.terminal);
}

#[test]
fn a_verifier_that_is_not_ours_takes_the_log_and_no_altered_byte_of_it() {
    let mut scene = Scene::new("stranger");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    // Something in the casebook: a proposal.
    scene.desk.run(&["--propose", "function", "set", "nenkin.inquire", "年金照会"]);
    let (stranger, guid) = (Stranger::of(&scene), scene.desk.guid_of("20001"));
    let at = |name: &str| scene.scratch.path().join(name);
    work(&scene, 290);
    let token = stranger.token(&scene, &scene.ledger, &guid);
    let earlier = stranger.audit(&scene.ledger, "records", &at("earlier"), &token, None);
    assert!(earlier.well && said(&earlier, "size") > 256, "{}", earlier.text);

    work(&scene, 240);
    for log in LOGS {
        let before = (log == "records").then(|| at("earlier"));
        let whole = stranger.audit(&scene.ledger, log, &at(log), &token, before.as_deref());
        assert!(whole.well && said(&whole, "size") > 0 && said(&whole, "partial") > 0, "{log}: {}", whole.text);
        // Two whole tiles of leaves, and their bundles.
        assert!(log != "records" || said(&whole, "full") == 4, "{}", whole.text);
        let spoiled = stranger.spoil(log, &at(log));
        assert!(spoiled.well && said(&spoiled, "tried") > 1000, "{log}: {}", spoiled.text);
    }
    let stopped = stranger.audit(&scene.ledger, "records", &at("none"), "no token", None);
    assert!(!stopped.well && stopped.text.contains("token_needed"), "{}", stopped.text);

    // The same history with other entries at its end, signed by the same keys: each holds by itself, and who saw one knows the other.
    scene.terminal.stop();
    scene.ledger.stop();
    let mut fork = scene.ledger.copy_to(&at("fork"), &scene.clock);
    scene.ledger.serve();
    fork.serve();
    let (mut seen, here) = (at("records"), stranger.token(&scene, &scene.ledger, &guid));
    for reading in ["once", "again"] {
        let audited = stranger.audit(&scene.ledger, "records", &at(reading), &here, Some(&seen));
        assert!(audited.well, "{}", audited.text);
        seen = at(reading);
    }
    let there = stranger.token(&scene, &fork, &guid);
    for reading in 0..8 {
        let alone = stranger.audit(&fork, "records", &at(&format!("fork{reading}")), &there, None);
        assert!(alone.well, "{}", alone.text);
    }
    let two = stranger.audit(&fork, "records", &at("two"), &there, Some(&seen));
    assert!(!two.well && two.text.contains("does not continue"), "{}", two.text);
}

#[test]
fn a_byte_altered_on_the_ledger_s_disk_is_refused_by_the_ledger_or_by_the_stranger() {
    let mut scene = Scene::new("disk");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.desk.run(&["--propose", "function", "set", "nenkin.inquire", "年金照会"]);
    let (stranger, guid) = (Stranger::of(&scene), scene.desk.guid_of("20001"));
    work(&scene, 270);
    scene.terminal.stop();
    scene.ledger.stop();
    let bytes = LogName::ALL.into_iter().flat_map(|log| [Bytes::Payload(log, 0), Bytes::Leaf(log, 0)]);
    let bytes = bytes.chain([Bytes::Payload(LogName::Records, 261), Bytes::Leaf(LogName::Records, 100), Bytes::Tile]);
    let altered = [Altered::Nothing].into_iter().chain(bytes.map(Altered::Book)).chain([Altered::Checkpoint]);
    for (number, altered) in altered.enumerate() {
        let at = |name: &str| scene.scratch.path().join(format!("{name}{number}"));
        let mut copy = scene.ledger.copy_to(&at("copy"), &scene.clock);
        altered.happens_to(&copy);
        let (code, found) = copy.fsck();
        let whole = matches!(altered, Altered::Nothing);
        assert_eq!(code == Some(0), whole, "{altered:?}: {found}");
        if !copy.try_serve() {
            assert!(!whole, "a ledger that is whole does not start");
            continue;
        }
        let token = stranger.token(&scene, &copy, &guid);
        let audits = LOGS.map(|log| stranger.audit(&copy, log, &at(log), &token, None));
        let said: Vec<&str> = audits.iter().map(|audit| audit.text.trim()).collect();
        assert_eq!(audits.iter().all(|audit| audit.well), whole, "{altered:?}: {said:?}");
        // And for what it is, not for a door that was closed.
        let why = |text: &str| {
            ["does not match", "do not match", "unavailable", "halted"].iter().any(|word| text.contains(word))
        };
        assert!(whole || said.iter().any(|text| why(text)), "{altered:?}: {said:?}");
        copy.stop();
    }
}

/// What happens to a ledger's disk.
#[derive(Debug)]
enum Altered {
    Nothing,
    Book(Bytes<'static>),
    /// The signed checkpoint of the records log.
    Checkpoint,
}

impl Altered {
    fn happens_to(&self, ledger: &Ledger) {
        match self {
            Self::Nothing => {}
            Self::Book(bytes) => flip(ledger, *bytes, None),
            Self::Checkpoint => flip_checkpoint(ledger, LogName::Records),
        }
    }
}
