//! A head of section decides at any panel, with her own card: a spare card is activated, its activation ends, the connection is stopped.

use std::time::Duration;

use sekisho_ipc::{ActKind, AgentError, ClientError, DraftActRequest, PinFrame, PromptRequest, SessionState};
use sekisho_tests::clerk::{insert, login, pull, tries_left, try_login, type_pin, verdict_of, wait_state, wait_tries};
use sekisho_tests::desk::Issued;
use sekisho_tests::ledger::both;
use sekisho_tests::said;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;

const FUNCTION: &str = "juminhyo.issue";
const HOUR: Duration = Duration::from_secs(3600);

/// A head of the residents' section with a card that signs, and a spare card for whoever forgot hers; the spare card's number.
fn with_head(story: &str, roles: &str) -> (Scene, Issued, Issued, String) {
    let mut scene = Scene::new(story);
    scene.apply_by_two(&format!(
        "[[operator]]\noperator = \"10050\"\nname = \"中村 恵\"\nsection = \"jumin\"\nto = \"2056-03-31\"\n\
         [[post]]\npost = \"kakaricho\"\ntitle = \"住民係長\"\nroles = [{roles}]\nsection = \"jumin\"\n\
         [[hold_post]]\npost = \"kakaricho\"\noperator = \"10050\"\n"
    ));
    let head = scene.signing_card("10050");
    let before = numbers(&scene);
    let envelope = scene.desk.file("pins/spare.pin");
    let more = ["--kind", "spare", "--dormant", "--first-pin-file", envelope.to_str().unwrap()];
    let (spare, _) = scene.desk.issue_with("spare", &more);
    // Whoever gets it would choose this one first.
    scene.desk.choose_pin(&spare, "4937zz80");
    scene.wait_current();
    let number = numbers(&scene).into_iter().find(|number| !before.contains(number)).expect("a spare card");
    (scene, head, spare, number)
}

fn numbers(scene: &Scene) -> Vec<String> {
    let rows = scene.desk.list(&["card", "list"]);
    rows.iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect()
}

/// A call of `sekisho` with the PIN of this card on its standard input.
fn sekisho(terminal: &Terminal, card: &Issued, arguments: &[&str]) -> (bool, String) {
    sekisho_with(terminal, &card.pin(), &[&["--lang", "en"], arguments].concat())
}

fn sekisho_with(terminal: &Terminal, pin: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = terminal.sekisho(&[arguments, &["--pin-stdin"]].concat());
    let (status, said) = said::run("sekisho", &mut command, &format!("{pin}\n"));
    (status.success(), said)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> String {
    match answer {
        Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) => verdict.code,
        other => format!("{other:?}"),
    }
}

#[test]
fn a_head_of_section_wakes_a_spare_card_at_any_panel_and_it_sleeps_again_by_itself() {
    let (scene, mut head, mut spare, number) = with_head("kakaricho", "\"data_handling_manager\"");
    let other = scene.another_terminal("u", "jumin-2");
    insert(&other, &mut spare);
    assert_eq!(try_login(&other, &spare), "card_dormant");

    insert(&scene.terminal, &mut head);
    let wake = ["activate-card", &number, "--operator", "10023", "--reason", "wasureta", "--hours", "2"];
    // What is signed stands on the screen before the PIN goes anywhere, in the reader's language.
    let (done, said) = sekisho(&scene.terminal, &head, &wake);
    assert!(done && said.contains("activate card") && said.contains("10023") && said.contains("wasureta"), "{said}");
    assert!(said.contains("住民係長") && said.contains("every terminal hears of it"), "{said}");
    assert_eq!(scene.terminal.client().status().unwrap().state, SessionState::AwaitPin, "no session was opened by it");

    // At the other terminal within seconds, for that person and for two hours.
    wait::until("the spare card to be awake elsewhere", || (try_login(&other, &spare) == "granted").then_some(()));
    assert_eq!(other.client().status().unwrap().session.unwrap().operator, "10023");
    assert_eq!(verdict_of(&other, FUNCTION), "granted");
    scene.clock.pass(HOUR * 2);
    wait_state(&other, SessionState::AwaitPin);
    assert_eq!(try_login(&other, &spare), "card_dormant");

    // Woken again, and put to sleep before its time.
    let (done, said) = sekisho_with(&scene.terminal, &head.pin(), &[&["--lang", "ja"], &wake[..]].concat());
    assert!(done && said.contains("有効化する") && said.contains("署名しました"), "{said}");
    wait::until("the spare card to be awake again", || (try_login(&other, &spare) == "granted").then_some(()));
    let (done, said) = sekisho(&scene.terminal, &head, &["end-activation", &number, "--reason", "modotta"]);
    assert!(done, "{said}");
    wait_state(&other, SessionState::AwaitPin);
    assert_eq!(try_login(&other, &spare), "card_dormant");
    let (done, said) = sekisho(&scene.terminal, &head, &["end-activation", &number, "--reason", "modotta"]);
    assert!(!done && said.contains("not activated for anybody"), "{said}");

    // Everybody who reads the register log sees who it was, and in which post.
    let acts = scene.desk.run(&["acts", "--full", "--last", "3"]);
    assert!(acts.contains("中村 恵") && acts.contains("kakaricho"), "{acts}");
    scene.desk.assert_verified();
    scene.ledger.assert_sound();
}

#[test]
fn what_a_head_may_not_decide_is_said_before_her_pin_is_asked_for() {
    let (mut scene, mut head, _spare, number) = with_head("hitono-ka", "\"data_handling_manager\"");
    insert(&scene.terminal, &mut head);
    let draft = |change: &dyn Fn(&mut DraftActRequest)| {
        let mut request = DraftActRequest {
            card: Some(number.clone()),
            operator: Some("10023".into()),
            reason: Some("wasureta".into()),
            ..DraftActRequest::new(ActKind::ActivateCard)
        };
        change(&mut request);
        scene.terminal.client().draft_act(&request)
    };
    // Another section's person, nobody, no card, a card that is no spare one; a stop is not hers.
    assert_eq!(refused(draft(&|request| request.operator = Some("10031".into()))), "no_route");
    assert_eq!(refused(draft(&|request| request.operator = Some("19999".into()))), "unknown");
    assert_eq!(refused(draft(&|request| request.card = Some("2026-99".into()))), "report_unknown");
    let stop = scene.terminal.client().draft_act(&DraftActRequest::new(ActKind::StopConnection));
    assert_eq!(refused(stop), "no_route");
    let (done, said) = sekisho(&scene.terminal, &head, &["stop-connection"]);
    assert!(!done && !said.contains("made:"), "nothing to sign is shown: {said}");
    assert_eq!(tries_left(&scene.terminal), Some(5));

    // A draft names its PIN: a wrong one costs a try and signs nothing; a login with the same PIN signs nothing either.
    let shown = draft(&|_| {}).unwrap();
    let state = scene.terminal.client().status().unwrap();
    assert_eq!(
        state.act.map(|act| act.text),
        Some(shown.text.clone()),
        "the agent itself shows it to panel and desktop"
    );
    let acts = sekisho_tests::history::acts(&scene.ledger);
    let request = PromptRequest::act(shown.draft.clone());
    assert_eq!(refused(type_pin(&mut scene.terminal.client(), &request, "805294")), "wrong_pin");
    wait_tries(&scene.terminal, 4);
    // It is used up: what was not signed is looked at anew.
    let again = type_pin(&mut scene.terminal.client(), &request, &head.pin());
    assert!(matches!(again, Err(ClientError::Agent(AgentError::NoSuchDraft))), "{again:?}");
    let shown = draft(&|_| {}).unwrap();
    let _ = try_login(&scene.terminal, &head);
    assert_eq!(sekisho_tests::history::acts(&scene.ledger), acts, "nothing was signed");

    // A clerk's card signs nothing, and a draft does not outlive the card that it was made for.
    pull(&scene.terminal, &mut head);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(scene.terminal.client().status().unwrap().act, None);
    let request = PromptRequest::act(shown.draft);
    assert!(scene.terminal.client().prompt(&request).is_err());
    let (done, said) =
        sekisho(&scene.terminal, &scene.clerk, &["activate-card", &number, "--operator", "10023", "--reason", "x"]);
    assert!(!done && said.contains("signs no acts"), "{said}");
    assert_eq!(sekisho_tests::history::acts(&scene.ledger), acts);
}

#[test]
fn an_emergency_stop_is_given_at_a_panel_and_who_has_to_be_told_is_told_afterwards() {
    let (mut scene, mut head, _spare, _) = with_head("kinkyu", "\"terminal_manager\", \"security_manager\"");
    let other = scene.another_terminal("u", "jumin-2");
    insert(&other, &mut scene.clerk);
    login(&other, &scene.clerk);
    assert_eq!(verdict_of(&other, FUNCTION), "granted");
    insert(&scene.terminal, &mut head);
    let (done, said) = sekisho(&scene.terminal, &head, &["stop-connection"]);
    assert!(done && said.contains("stop"), "{said}");
    // One person, at once, everywhere.
    wait_state(&other, SessionState::AwaitPin);
    let reason = other.client().status().unwrap().last_lock_reason;
    assert_eq!(reason.as_deref(), Some("connection_stopped"));
    assert_eq!(try_login(&other, &scene.clerk), "connection_stopped");
    // The duty stays until it is done: the stop waits to be recorded, with those who were told.
    let waits = scene.desk.list(&["today"]);
    assert!(waits.iter().any(|row| row.to_string().contains("stop")), "{waits:?}");
    let stopped = scene.newest_act();
    scene.turn_both_keys(&[stopped]);
    scene.decide(&["connection", "open"]);
    let opened = || (try_login(&other, &scene.clerk) == "granted").then_some(());
    wait::until("the other terminal's word of the way back", opened);
}

#[test]
fn without_a_line_nothing_is_signed_for_later() {
    let (mut scene, mut head, mut spare, number) = with_head("sendan", "\"data_handling_manager\"");
    insert(&scene.terminal, &mut head);
    scene.terminal.stop_part(Part::Forwarder);
    let acts = sekisho_tests::history::acts(&scene.ledger);
    let wake = ["activate-card", &number, "--operator", "10023", "--reason", "wasureta"];
    let (done, said) = sekisho(&scene.terminal, &head, &wake);
    assert!(!done && said.contains("not known") && said.contains("telephone"), "{said}");
    scene.terminal.start_part(Part::Forwarder);
    sekisho_tests::scene::wait_sealed(&scene.terminal);
    assert_eq!(sekisho_tests::history::acts(&scene.ledger), acts, "nothing comes of it afterwards");
    let output = scene.terminal.sekisho(&["status", "--json"]).output().unwrap();
    assert!(both(&output).contains("\"act\":null"), "{}", both(&output));
    pull(&scene.terminal, &mut head);
    insert(&scene.terminal, &mut spare);
    assert_eq!(try_login(&scene.terminal, &spare), "card_dormant");
    // Once the line is there it is done in the same way.
    pull(&scene.terminal, &mut spare);
    insert(&scene.terminal, &mut head);
    let mut client = scene.terminal.client();
    let request = DraftActRequest {
        card: Some(number),
        operator: Some("10023".into()),
        reason: Some("wasureta".into()),
        ..DraftActRequest::new(ActKind::ActivateCard)
    };
    let draft = client.draft_act(&request).unwrap();
    let prompt = client.prompt(&PromptRequest::act(draft.draft)).unwrap();
    prompt.send_pin(&PinFrame::new(head.pin().as_bytes()).unwrap()).unwrap();
    assert!(client.wait_for(&prompt).unwrap().verdict.granted);
}
