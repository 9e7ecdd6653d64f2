//! A login through PAM beside pam_pkcs11: the same card in the same reader, from the start of the program that lets people in to its end.

use std::process::Command;
use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::wait_state;
use sekisho_tests::login::Stanzas;
use sekisho_tests::reader::pkcs11_module;
use sekisho_tests::said::run;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;

use crate::Effort;
use crate::report::Report;
use crate::stopwatch::timed;
use crate::times::Times;

/// An account of every Debian machine.
const ACCOUNT: &str = "games";
const ROUNDS: usize = 2;
/// OpenSC for a card; whoever's certificate it is, it is this account's. The key is proved, chains are not looked at: it could do no less and still be a login.
const THEIRS: &str = "pam_pkcs11 {
  use_pkcs11_module = opensc;
  pkcs11_module opensc {
    module = OPENSC; slot_description = \"none\"; cert_policy = signature; token_type = \"Smart card\";
    ca_dir = /nonexistent; crl_dir = /nonexistent; support_threads = false;
  }
  use_mappers = null;
  mapper null { module = internal; default_match = true; default_user = games; }
}
";

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    let stanzas = Stanzas::new(&scene.scratch.folder("pam.d"), &scene.terminal);
    let (accounts, theirs) = (scene.scratch.path().join("accounts"), scene.scratch.path().join("pam_pkcs11.conf"));
    std::fs::write(&accounts, format!("10023 {ACCOUNT}\n")).expect("cannot write the accounts");
    std::fs::write(&theirs, THEIRS.replace("OPENSC", &pkcs11_module()))
        .expect("cannot write pam_pkcs11's configuration");
    let personal = format!("account=personal accounts={}", accounts.display());
    stanzas.example("ours", "login", &[("account=personal", personal.as_str())]);
    stanzas.plain("theirs", &format!("auth required pam_pkcs11.so config_file={}\n", theirs.display()));
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    let (mut our_apdus, mut their_apdus) = (0, 0);
    for _ in 0..ROUNDS {
        let count = effort.of(20, 4) / ROUNDS;
        wait_state(&scene.terminal, SessionState::AwaitPin);
        let before = scene.clerk.card.apdus();
        for _ in 0..count {
            ours.push(once(scene, &mut stanzas.steps("ours", ACCOUNT, &["authenticate"])));
            scene.terminal.client().end().unwrap_or_else(|error| panic!("the session does not end: {error}"));
            wait_state(&scene.terminal, SessionState::AwaitPin);
        }
        our_apdus = (scene.clerk.card.apdus() - before) / count;
        // Theirs has the reader for itself.
        scene.terminal.kill(Part::CardWorker);
        let before = scene.clerk.card.apdus();
        for _ in 0..count {
            let mut command = stanzas.steps("theirs", ACCOUNT, &["authenticate"]);
            command.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket());
            peers.push(once(scene, &mut command));
        }
        their_apdus = (scene.clerk.card.apdus() - before) / count;
        scene.terminal.start_part(Part::CardWorker);
        wait_state(&scene.terminal, SessionState::AwaitPin);
    }
    let (ours, peers): (Times, Times) = (ours.into_iter().collect(), peers.into_iter().collect());
    report.number("login by PAM ÷ pam_pkcs11's", format!("1/{:.1}", 1.0 / ours.ratio_to(&peers)));
    report.from(format!("pam_sekisho, with its record on disk: {ours}, {our_apdus} APDUs each with the session's end"));
    report.from(format!("pam_pkcs11 with OpenSC, no record: {peers}, {their_apdus} APDUs each"));
}

fn once(scene: &Scene, command: &mut Command) -> Duration {
    let ((status, said), took) = timed(|| run("pamtester", command, &format!("{}\n", scene.clerk.pin())));
    assert!(status.success(), "no login: {said}");
    took
}
