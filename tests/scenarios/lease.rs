//! The administrator works at a clerk terminal: its agent lends her tool the card readers, and takes them up again.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sekisho_ipc::{AgentError, Bar, Client, ClientError, Lease, PromptRequest, SessionState, State};
use sekisho_tests::clerk::{authorize, insert, login, pull, wait_state};
use sekisho_tests::process::Process;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

const FUNCTION: &str = "juminhyo.issue";

fn state(scene: &Scene) -> State {
    scene.terminal.client().status().unwrap()
}

fn borrow(scene: &Scene) -> Result<Lease, ClientError> {
    Client::connect(&scene.terminal.socket()).unwrap().borrow("sekisho-admin")
}

fn wait_lent(scene: &Scene, lent: bool) {
    wait::until("the readers to change hands", || (state(scene).lease.is_some() == lent).then_some(()));
}

/// A call of the administrator's tool at the terminal, under way; it waits for a card.
fn begin(scene: &Scene, arguments: &[&str]) -> Process {
    let log: PathBuf = scene.scratch.path().join("admin.log");
    Process::start("sekisho-admin", &mut scene.desk.command(arguments), &log)
}

/// How leases began and ended at the terminal, oldest first, as an auditor reads it.
fn book(scene: &Scene) -> Vec<String> {
    wait_sealed(&scene.terminal);
    let of = |kind| scene.search(&["--terminal", "jumin-1", "--kind", kind]);
    let rows = [of("readers_lent"), of("readers_back")].concat();
    let mut rows: Vec<(u64, String)> = rows
        .iter()
        .map(|row| (row["index"].as_str().unwrap().parse().unwrap(), row["what"].as_str().unwrap().to_owned()))
        .collect();
    rows.sort_unstable();
    rows.into_iter().map(|(_, what)| what).collect()
}

fn said(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// A program that has the card in the terminal's first slot for itself.
fn hold(scene: &Scene) -> Child {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/hold_card.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(scene.terminal.pcscd.reader(0)).env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    child
}

#[test]
fn a_card_is_issued_at_a_terminal_whose_agent_runs_and_opens_a_session_there() {
    let mut scene = Scene::new("lease");
    let mut issued = scene.desk.chosen("new");
    let pin_file = issued.pin_file().to_str().unwrap().to_owned();
    let issue = ["card", "issue", "--operator", "10023", "--also", "--own-pin-file", &pin_file];
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.desk.sit_at(&scene.terminal);

    // Nobody's work is ended by it.
    let refused = scene.desk.try_run(&issue);
    let said_of_it = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said_of_it.contains("sekisho lock --end"), "{said_of_it}");
    assert!(authorize(&scene.terminal, FUNCTION).verdict.granted);
    pull(&scene.terminal, &mut scene.clerk);

    let mut admin = begin(&scene, &issue);
    wait_lent(&scene, true);
    let shown = state(&scene);
    let lease = shown.lease.unwrap();
    assert_eq!((lease.program.as_str(), lease.uid, lease.until - lease.since), ("sekisho-admin", 0, 1_800_000));
    assert!(shown.advice.what.contains("sekisho-admin (root)") && shown.advice.what_ja.contains("貸出中"));
    let status = said(&mut scene.terminal.sekisho(&["status"]));
    assert!(status.contains("lent to sekisho-admin (root)"), "{status}");
    let doctor = said(&mut scene.terminal.sekisho(&["doctor"]));
    assert!(doctor.contains("lent to sekisho-admin (root) until"), "{doctor}");

    // A clerk's card that is put in meanwhile is not looked at, and nobody else gets the readers.
    let before = scene.clerk.card.apdus();
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.terminal.pcscd.wait_slot(0, true);
    assert_eq!(authorize(&scene.terminal, FUNCTION).verdict.code, "no_card");
    let refused = scene.terminal.client().prompt(&PromptRequest::login()).unwrap_err();
    let lent = |error: &ClientError| matches!(error, ClientError::Agent(AgentError::CardProblem { verdict, .. }) if verdict.what.contains("lent"));
    assert!(lent(&refused) && lent(&borrow(&scene).unwrap_err()), "{refused:?}");
    assert_eq!(scene.clerk.card.apdus(), before);
    scene.clerk.card.pull();
    scene.terminal.pcscd.wait_slot(0, false);

    issued.card.insert(&scene.terminal.pcscd, 0);
    scene.desk.insert_at_terminal(&scene.terminal);
    let ended = wait::until("the administrator's tool to end", || admin.ended());
    assert!(ended.success(), "{}", admin.said());
    assert!(admin.said().contains("lends the card readers"), "{}", admin.said());
    scene.desk.pull_at_terminal(&scene.terminal);
    wait_lent(&scene, false);

    // All about the card is read anew: it was blank when it was put in.
    wait_state(&scene.terminal, SessionState::AwaitPin);
    scene.wait_current();
    login(&scene.terminal, &issued);
    assert!(authorize(&scene.terminal, FUNCTION).verdict.granted);
    issued.card.pull();
    scene.terminal.pcscd.wait_slot(0, false);
    scene.desk.stand_up();
    let [begun, over] = book(&scene).try_into().unwrap();
    assert!(begun.contains("uid 0 until") && over.contains("given back"), "{begun}; {over}");
    scene.desk.assert_verified();
}

#[test]
fn a_lease_outlives_the_card_worker_and_ends_with_its_borrower_its_time_and_the_agent() {
    let mut scene = Scene::new("leaseends");
    insert(&scene.terminal, &mut scene.clerk);
    let lease = borrow(&scene).unwrap();
    assert!(lease.time.as_secs() == 1800 && !lease.is_over());
    wait_state(&scene.terminal, SessionState::NoCard);
    // A worker that comes meanwhile leaves the cards alone.
    scene.terminal.kill(Part::CardWorker);
    let before = scene.clerk.card.apdus();
    scene.terminal.start_part(Part::CardWorker);
    scene.terminal.wait_said(Part::CardWorker, "waiting upon the agent");
    // It has seen the readers when it tells of the one that goes.
    scene.clerk.card.pull();
    scene.terminal.pcscd.wait_slot(0, false);
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.terminal.pcscd.wait_slot(0, true);
    assert!(state(&scene).lease.is_some());
    assert_eq!(scene.clerk.card.apdus_from(before), [""; 0]);
    drop(lease);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    let open = borrow(&scene).unwrap_err();
    let barred = ClientError::Agent(AgentError::NotPermitted { reason: Bar::SessionOpen });
    assert_eq!(open.to_string(), barred.to_string());
    scene.terminal.client().end().unwrap();

    // Its time ends while the borrower holds the card: nothing is open, people hear why, and the card is read as soon as it is free.
    let lease = borrow(&scene).unwrap();
    let mut holder = hold(&scene);
    scene.clock.pass(Duration::from_secs(1801));
    wait::until("the lease to be over", || lease.is_over().then_some(()));
    wait::until("somebody to say who has the card", || {
        state(&scene).advice.what.contains("another program").then_some(())
    });
    assert_eq!(state(&scene).state, SessionState::NoCard);
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);

    // An agent that dies takes the lease along; the borrower sees it, and the book says it.
    let lease = borrow(&scene).unwrap();
    scene.terminal.kill(Part::Agent);
    wait::until("the lease to be over", || lease.is_over().then_some(()));
    scene.terminal.start_part(Part::Agent);
    wait::until("the agent", || state(&scene).lease.is_none().then_some(()));
    insert(&scene.terminal, &mut scene.clerk);
    let book = book(&scene);
    let ends: Vec<&str> = book.iter().skip(1).step_by(2).map(String::as_str).collect();
    assert_eq!(book.len(), 6, "{book:?}");
    for (end, why) in ends.iter().zip(["given back", "time was over", "agent died"]) {
        assert!(end.contains(why), "{book:?}");
    }
}
