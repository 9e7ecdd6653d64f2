//! Another program at the reader, beside the agent: it gets in nobody's way for longer than it holds the card, and nothing of ours is its.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use sekisho_ipc::{PromptRequest, SessionState, Verdict};
use sekisho_tests::clerk::{
    authorize, insert, login, tries_left, try_login, type_pin, verdict_of, wait_card, wait_state,
};
use sekisho_tests::ledger::both;
use sekisho_tests::neighbour::Neighbour;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

/// Needs the session alone.
const EASY: &str = "juminhyo.issue";
/// Asks the card each time.
const ASKS_CARD: &str = "koseki.issue";
/// PIV's AID (SP 800-73-4 part 2, 3.1.1).
const SELECT: &str = "00A4040005A000000308";
/// How many tries?
const QUERY: &str = "00200080";
/// A signature of slot 9A over 32 bytes.
const SIGN: &str = "0087119A267C2482008120000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
/// A PIN with the clerk's shape that is not hers: her own begins with 4.
const WRONG_PIN: &str = "805294";

/// A town in whose terminal the card worker shares cards as `sharing` says, and waits so long for one.
fn town(story: &str, sharing: &str, deadline: u32) -> Scene {
    let lines = format!("sharing = {sharing:?}\ndeadline_seconds = {deadline}");
    Scene::with(story, |terminal| terminal.configure_card(&lines))
}

/// The card worker again, as its unit would start it.
fn restart_worker(scene: &mut Scene) {
    scene.terminal.kill(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::NoCard);
    scene.terminal.start_part(Part::CardWorker);
}

/// Waits until the terminal says what is the matter with a card.
fn problem(scene: &Scene) -> Verdict {
    let mut client = scene.terminal.client();
    wait::until("a card that cannot be used", || client.status().ok()?.card_problem)
}

fn opensc(scene: &Scene, arguments: &[&str]) {
    let mut opensc = Command::new("opensc-tool");
    opensc.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket());
    let output = opensc.args(["-r", &scene.terminal.pcscd.reader(0)]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", both(&output));
}

#[test]
fn a_card_that_was_busy_when_it_came_works_once_its_holder_lets_go() {
    let mut scene = town("busy", "exclusive", 10);
    scene.terminal.kill(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::NoCard);
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.terminal.pcscd.wait_slot(0, true);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect exclusive"]);
    scene.terminal.start_part(Part::CardWorker);
    let said = problem(&scene);
    assert!(said.what.contains("another program holds the card"), "{}", said.what);
    assert!(!said.next.is_empty() && !said.next_ja.is_empty());
    assert_eq!(scene.terminal.client().status().unwrap().advice.code, "card_problem");
    // Nobody touches the card.
    neighbour.does(&["drop"]);
    wait_card(&scene.terminal, true);
    assert!(scene.terminal.client().status().unwrap().card_problem.is_none());
    login(&scene.terminal, &scene.clerk);
    // Now it is ours, and nobody else gets to it.
    let before = scene.clerk.card.apdus();
    for line in ["connect exclusive", "connect shared"] {
        assert_eq!(neighbour.ask(line), "error ReaderBusy");
    }
    assert_eq!(scene.clerk.card.apdus(), before);
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
}

#[test]
fn where_others_may_have_the_card_it_is_shared_with_who_has_it_already() {
    let mut scene = town("mixed", "exclusive_then_shared", 10);
    scene.terminal.kill(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::NoCard);
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.terminal.pcscd.wait_slot(0, true);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect shared"]);
    scene.terminal.start_part(Part::CardWorker);
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
    neighbour.does(&["begin"]);
    assert_eq!(neighbour.send(SELECT), "9000");
    neighbour.does(&["end leave"]);
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
}

#[test]
fn a_neighbour_can_neither_use_our_pin_nor_lend_us_one() {
    let mut scene = town("ride", "shared", 10);
    insert(&scene.terminal, &mut scene.clerk);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect shared"]);
    login(&scene.terminal, &scene.clerk);
    let knows_no_pin = |neighbour: &mut Neighbour| {
        neighbour.does(&["begin"]);
        assert_eq!(neighbour.send(SELECT), "9000");
        assert_eq!(neighbour.send(QUERY), "63C5");
        assert_eq!(neighbour.send(SIGN), "6982");
        neighbour.does(&["end leave"]);
    };
    knows_no_pin(&mut neighbour);
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    // A lock logs the card out, and resets it then.
    let before = scene.clerk.card.log().len();
    scene.terminal.client().lock().unwrap();
    wait_state(&scene.terminal, SessionState::Locked);
    let lines = wait::until("the card's reset", || {
        let lines = scene.clerk.card.log().split_off(before);
        lines.iter().any(|line| line.starts_with("# reset")).then_some(lines)
    });
    let reset = lines.iter().position(|line| line.starts_with("# reset")).unwrap();
    assert!(reset > 0 && lines[reset - 1].contains("00 20 FF 80"), "{lines:?}");
    // He verifies hers, and stays. A wrong PIN is wrong all the same.
    neighbour.ask("drop");
    neighbour.does(&["connect shared", "begin"]);
    assert_eq!(neighbour.send(SELECT), "9000");
    let pin: String = scene.clerk.pin().bytes().chain([0xFF; 8]).take(8).map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(neighbour.send(&format!("0020008008{pin}")), "9000");
    neighbour.does(&["end leave"]);
    let told = type_pin(&mut scene.terminal.client(), &PromptRequest::login(), WRONG_PIN);
    assert!(told.is_err(), "a wrong PIN opened the session: {told:?}");
    wait_state(&scene.terminal, SessionState::Locked);
    assert_eq!(tries_left(&scene.terminal), Some(4));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "granted");
    knows_no_pin(&mut neighbour);
}

#[test]
fn a_transaction_that_somebody_holds_stops_the_card_and_nothing_else() {
    // Longer than any machine needs for what comes here.
    let mut scene = town("holder", "shared", 600);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect shared", "begin"]);
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let answer = authorize(&scene.terminal, ASKS_CARD);
            (answer.verdict.code, ended.load(Ordering::SeqCst))
        });
        assert_eq!(scene.terminal.client().status().unwrap().state, SessionState::Open);
        assert_eq!(verdict_of(&scene.terminal, EASY), "granted");
        ended.store(true, Ordering::SeqCst);
        neighbour.does(&["end leave"]);
        assert_eq!(waiting.join().unwrap(), ("granted".to_owned(), true), "the card was asked when it was free");
    });
    // While somebody may type, the card is everybody's.
    scene.terminal.client().lock().unwrap();
    wait_state(&scene.terminal, SessionState::Locked);
    neighbour.ask("drop");
    let mut client = scene.terminal.client();
    let prompt = client.prompt(&PromptRequest::login()).unwrap();
    neighbour.does(&["connect shared", "begin"]);
    assert_eq!(neighbour.send(SELECT), "9000");
    // A lock comes through, too.
    client.lock().unwrap();
    neighbour.does(&["end leave"]);
    drop(prompt);
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn a_transaction_that_nobody_ends_is_waited_for_only_so_long() {
    let mut scene = town("holds", "shared", 2);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect shared", "begin"]);
    assert_ne!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    scene.terminal.wait_said(Part::CardWorker, "the card worker ends itself");
    wait_state(&scene.terminal, SessionState::NoCard);
    // The next one cannot get at the card either. It says so, and lives.
    scene.terminal.start_part(Part::CardWorker);
    let said = problem(&scene);
    assert!(said.what.contains("does not come back"), "{}", said.what);
    neighbour.does(&["end leave"]);
    wait_card(&scene.terminal, true);
    assert!(!scene.terminal.has_ended(Part::CardWorker));
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
}

#[test]
fn a_neighbour_that_comes_and_goes_is_no_event() {
    let mut scene = town("comes", "shared", 10);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let session = |scene: &Scene| scene.terminal.client().status().unwrap().session.map(|session| session.id);
    let records = |scene: &Scene| {
        wait_sealed(&scene.terminal);
        let kinds = ["card_seen", "session_opened", "locked", "session_closed", "reader_up", "reader_down"];
        kinds.map(|kind| scene.search(&["--kind", kind]).len())
    };
    let (before, recorded, apdus) = (session(&scene), records(&scene), scene.clerk.card.apdus());
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    for _ in 0..20 {
        neighbour.does(&["connect shared", "drop"]);
    }
    opensc(&scene, &["-l"]);
    assert_eq!(verdict_of(&scene.terminal, EASY), "granted");
    assert_eq!(session(&scene), before);
    assert_eq!(records(&scene), recorded);
    assert_eq!(scene.clerk.card.apdus(), apdus, "nobody asked the card");
}

#[test]
fn who_resets_the_card_ends_a_session_and_nothing_more() {
    let mut scene = town("resets", "shared", 10);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let worker = scene.terminal.process_id(Part::CardWorker);
    opensc(&scene, &["--reset"]);
    // What was proved of the card is void: it is looked at anew, and its PIN is asked for.
    assert_ne!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    assert_eq!(scene.terminal.process_id(Part::CardWorker), worker);
    assert!(!scene.terminal.has_ended(Part::CardWorker));
}

#[test]
fn who_selects_another_application_beside_an_open_session_spoils_nothing() {
    let mut scene = town("selects", "shared", 10);
    // It forgets PIV when another application is selected.
    scene.clerk.card.be_difficult(Some("forgetful"));
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect shared"]);
    for _ in 0..2 {
        neighbour.does(&["begin"]);
        // The AID of OpenPGP cards, which is not there.
        neighbour.send("00A4040006D27600012401");
        neighbour.does(&["end leave"]);
        assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
        assert_eq!(verdict_of(&scene.terminal, EASY), "granted");
    }
}

#[test]
fn a_card_worker_that_starts_beside_a_neighbour_shares_what_it_may() {
    let mut scene = town("beside", "shared", 10);
    insert(&scene.terminal, &mut scene.clerk);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect shared"]);
    restart_worker(&mut scene);
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
}
