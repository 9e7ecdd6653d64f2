//! A card is reported at one terminal while it is in use at another; an incident is reported. Whoever has lost his card has none to log in with.

use std::time::Duration;

use sekisho_ipc::{
    AgentError, CardTrouble, ClientError, IncidentClass, ReportCardRequest, ReportIncidentRequest, SessionState,
};
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{FUNCTIONS, Scene, enrol, wait_fresh, wait_sealed};
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;

const FUNCTION: &str = "juminhyo.issue";

/// A second terminal of the scene, up and fresh.
fn second(scene: &Scene) -> Terminal {
    let mut terminal = Terminal::new(&scene.scratch.folder("u"), &scene.clock);
    enrol(&scene.desk, &terminal, "jumin-2", FUNCTIONS);
    terminal.start();
    wait_fresh(&terminal);
    scene.wait_current();
    terminal
}

fn lost(operator: &str) -> ReportCardRequest {
    ReportCardRequest { card: Some(operator.into()), reason: CardTrouble::Lost }
}

/// Makes lifts of blocks take two persons.
fn two_for_cards(scene: &mut Scene) {
    let route = ["route", "set", "cards", "--proposer", "system_manager", "--approver", "system_manager"];
    scene.desk.run(&[&["--propose"], &route[..]].concat());
    approve(scene);
}

/// The other administrator approves what is open.
fn approve(scene: &mut Scene) {
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    scene.desk.sign_as(1);
}

fn wait_register_of(terminal: &Terminal, scene: &Scene) {
    let acts = sekisho_tests::history::acts(&scene.ledger);
    wait::until("the newest act at the other terminal", || {
        (terminal.client().status().ok()?.register_size >= acts).then_some(())
    });
}

fn wait_none_waiting(terminal: &Terminal) {
    wait::until("no report to wait", || (terminal.client().status().ok()?.reports_waiting == 0).then_some(()));
}

/// What the agent says no to.
fn refused(answer: Result<sekisho_ipc::ReportCardAnswer, ClientError>) -> String {
    match answer {
        Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) => verdict.code,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_card_reported_lost_at_one_terminal_ends_its_session_at_another_and_two_persons_give_it_back() {
    let mut scene = Scene::new("reported");
    two_for_cards(&mut scene);
    let other = second(&scene);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");

    // Nobody is logged in there, and no card is in.
    assert_eq!(refused(other.client().report_card(&lost("19999"))), "report_unknown");
    let said = other.sekisho(&["report", "lost", "10023"]).output().unwrap();
    succeeded("sekisho report", &said);
    let said = both(&said);
    assert!(said.contains("Blocked: card"), "{said}");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    let reason = scene.terminal.client().status().unwrap().last_lock_reason;
    assert_eq!(reason.as_deref(), Some("register_changed"));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_suspended");
    // Once more is no second act, and the register says by then that it has it.
    let acts = sekisho_tests::history::acts(&scene.ledger);
    wait_register_of(&other, &scene);
    let again = other.client().report_card(&lost("10023")).unwrap();
    assert_eq!((again.cards.len(), again.already.len(), again.reached), (0, 1, true));
    let said = both(&other.sekisho(&["report", "lost", "10023"]).output().unwrap());
    assert!(said.contains("Blocked before: card") && said.contains("The ledger has it"), "{said}");
    let mut other = other;
    pull(&scene.terminal, &mut scene.clerk);
    insert(&other, &mut scene.clerk);
    assert_eq!(try_login(&other, &scene.clerk), "card_suspended");
    pull(&other, &mut scene.clerk);
    assert_eq!(sekisho_tests::history::acts(&scene.ledger), acts);

    // The administrators see it, with who and where, and it is still there after a restart of everything.
    scene.ledger.kill();
    scene.ledger.serve();
    other.stop();
    other.start();
    let output = scene.desk.try_run(&["report", "list", "--open"]);
    succeeded("sekisho-admin report list", &output);
    let text = both(&output);
    assert!(text.contains("not decided about yet: 1") && text.contains("jumin-2"), "{text}");
    let [row] = scene.desk.list(&["report", "list", "--open"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!((row["terminal"].as_str(), row["why"].as_str()), (Some("jumin-2"), Some("lost")), "{row}");
    assert!(row["whose"].as_str().unwrap().contains("田中"), "{row}");
    wait_sealed(&other);
    let shown = scene.desk.run(&["report", "show", &row["id"].as_str().unwrap()[..12]]);
    assert!(shown.contains("was reported lost here without a session"), "{shown}");

    // One person does not lift it, two do.
    let guid = scene.desk.guid_of("10023");
    let alone = scene.desk.try_run(&["card", "lift", &guid]);
    assert!(!alone.status.success() && both(&alone).contains("approv"), "{}", both(&alone));
    scene.desk.run(&["--propose", "card", "lift", &guid]);
    approve(&mut scene);
    wait_register_of(&other, &scene);
    assert!(scene.desk.list(&["report", "list", "--open"]).is_empty());
    insert(&other, &mut scene.clerk);
    login(&other, &scene.clerk);
    assert_eq!(verdict_of(&other, FUNCTION), "granted");
    pull(&other, &mut scene.clerk);
    wait_sealed(&other);
    wait_sealed(&scene.terminal);
    scene.desk.assert_verified();
    other.stop();
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn with_a_dead_line_the_terminal_refuses_at_once_and_others_as_soon_as_the_line_is_back() {
    let mut scene = Scene::new("reportdead");
    let mut other = second(&scene);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    insert(&other, &mut scene.other);
    login(&other, &scene.other);
    other.kill(Part::Forwarder);

    // In the session of 10031, about the card that is in use elsewhere and about his own.
    let reported = other.client().report_card(&lost("10023")).unwrap();
    assert_eq!((reported.cards.len(), reported.reached), (1, false));
    let state = other.client().status().unwrap();
    assert_eq!((state.reports_waiting, state.state), (1, SessionState::Open), "another's card");
    let stolen = ReportCardRequest { card: None, reason: CardTrouble::Stolen };
    assert_eq!(other.client().report_card(&stolen).unwrap().cards.len(), 1, "the card in the reader");
    wait_state(&other, SessionState::AwaitPin);
    assert_eq!(other.client().status().unwrap().last_lock_reason.as_deref(), Some("card_reported"));
    assert_eq!(try_login(&other, &scene.other), "card_reported");
    pull(&other, &mut scene.other);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted", "nobody has heard of it there");
    // The agent dies, and has not forgotten.
    other.kill(Part::Agent);
    other.start_part(Part::Agent);
    insert(&other, &mut scene.other);
    assert_eq!(try_login(&other, &scene.other), "card_reported");
    assert_eq!(other.client().status().unwrap().reports_waiting, 2);

    other.start_part(Part::Forwarder);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_suspended");
    wait_none_waiting(&other);
    wait_register_of(&other, &scene);
    assert_eq!(try_login(&other, &scene.other), "card_suspended", "the register has the say");
    let rows = scene.desk.list(&["report", "list"]);
    assert_eq!(rows.len(), 2, "one act for each: {rows:?}");
    wait_sealed(&other);
    let reports = scene.search(&["--kind", "card_reported"]);
    assert_eq!(reports.len(), 2);
    assert!(reports.iter().all(|row| row["what"].as_str().unwrap().contains("高橋")), "in whose session: {reports:?}");
    wait_sealed(&scene.terminal);
    scene.desk.assert_verified();
    other.stop();
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn an_incident_is_numbered_in_the_casebook_and_seen_by_administrators() {
    let mut scene = Scene::new("incident");
    let report = |kind: &str| ReportIncidentRequest { class: IncidentClass::Misuse, kind: kind.into(), card: None };
    let year = scene.clock.fiscal_year();
    let answer = scene.terminal.client().report_incident(&report("leak")).unwrap();
    // Whoever waits hears the number, if the ledger answers soon; else the list has it.
    assert!(answer.number.is_none_or(|number| number.number == format!("{year}-1")));
    wait_none_waiting(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let said = both(&scene.terminal.sekisho(&["report", "failure", "10023"]).output().unwrap());
    assert!(said.contains(&format!("{year}-2")) || said.contains("was taken down"), "{said}");
    wait_none_waiting(&scene.terminal);

    let rows = scene.desk.list(&["report", "list"]);
    let whats: Vec<_> = rows.iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(whats, [format!("incident {year}-2"), format!("incident {year}-1")]);
    assert!(rows[0]["why"].as_str().unwrap().starts_with("failure") && rows[1]["why"] == "misuse: leak", "{rows:?}");
    let noticed = both(&scene.desk.try_run(&["proposals"]));
    assert!(noticed.contains("incidents reported: 2"), "{noticed}");
    wait_sealed(&scene.terminal);
    let shown = scene.desk.run(&["report", "show", rows[0]["id"].as_str().unwrap()]);
    assert!(shown.contains("threat level: not judged yet") && shown.contains("田中"), "{shown}");

    // Five a day, and a joker's sixth is refused; the next day they are numbered on.
    for _ in 0..3 {
        scene.terminal.client().report_incident(&report("other")).unwrap();
        wait_none_waiting(&scene.terminal);
    }
    let sixth = scene.terminal.client().report_incident(&report("other")).unwrap_err();
    assert!(
        matches!(&sixth, ClientError::Agent(AgentError::CardProblem { verdict, .. }) if verdict.code == "report_limit")
    );
    scene.clock.pass(Duration::from_secs(24 * 3600));
    wait_fresh(&scene.terminal);
    let next = wait::until("the next day's report", || scene.terminal.client().report_incident(&report("other")).ok());
    assert!(!next.refused, "{next:?}");
    wait_none_waiting(&scene.terminal);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}
