use sekisho_ipc::{PromptFor, PromptRequest};
use sekisho_register::SignedAct;
use sekisho_register::change::CardKind;

use super::*;
use crate::testing::{Bench, CLERK, RIGHT_PIN, issue, panel, until};

/// The head's card: the founder's, that signs.
const HEAD: u8 = 1;
/// A dormant card.
const SPARE: u8 = 12;

fn with_spare() -> Bench {
    let mut bench = Bench::new();
    let spare =
        sekisho_register::change::IssueCard { operator: None, dormant: true, ..issue(SPARE, "chiba", CardKind::Spare) };
    bench.office.act(vec![Change::IssueCard(Box::new(spare))]);
    bench.advance();
    bench
}

fn wake(bench: &Bench) -> DraftActRequest {
    let operator = bench.agent.lock().register.card(&CardGuid([CLERK; 16])).unwrap().issued().operator.clone();
    DraftActRequest {
        card: Some(CardGuid([SPARE; 16]).to_string()),
        operator: operator.map(|code| code.to_string()),
        reason: Some("wasure".into()),
        ..DraftActRequest::new(ActKind::ActivateCard)
    }
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, AgentError>) -> String {
    match answer {
        Err(AgentError::CardProblem { verdict, .. }) => verdict.code,
        other => format!("{other:?}"),
    }
}

/// Plays the ledger for the next act that is on its way; gives it.
fn ledger(bench: &Bench, came: Came) -> std::thread::JoinHandle<Vec<u8>> {
    let agent = Arc::clone(&bench.agent);
    std::thread::spawn(move || {
        until(|| !agent.lock().panel_acts.outgoing.is_empty());
        let mut core = agent.lock();
        let outgoing = core.panel_acts.outgoing.front_mut().unwrap();
        outgoing.stage = Stage::Came(came);
        let entry = outgoing.entry.clone();
        agent.tell(&mut core);
        entry
    })
}

#[test]
fn what_is_signed_is_what_was_shown_byte_for_byte_and_once() {
    let bench = with_spare();
    bench.insert(HEAD);
    let draft = bench.agent.draft_act(&panel(), &wake(&bench)).unwrap();
    assert!(draft.text.contains("activate card") && draft.text_ja.contains("有効化"), "{draft:?}");
    let (shown, _) = bench.agent.state(&panel());
    assert_eq!(shown.act.as_ref().map(|act| (act.text.clone(), act.yours)), Some((draft.text.clone(), true)));
    let ledger = ledger(&bench, Came::Placed);
    assert!(bench.prompt(&PromptRequest::act(draft.draft.clone()), RIGHT_PIN).unwrap().verdict.granted);
    let entry = ledger.join().unwrap();
    let signed = SignedAct::decode(&entry).unwrap();
    let register = bench.agent.lock().register.clone();
    assert_eq!(render(signed.act(), &register, Language::English), draft.text);
    register.would_accept(&entry, signed.act().made).unwrap();
    // It is used up.
    assert!(matches!(bench.prompt(&PromptRequest::act(draft.draft), RIGHT_PIN), Err(AgentError::NoSuchDraft)));
    assert_eq!(bench.agent.state(&panel()).0.act, None);
}

#[test]
fn a_pin_for_anything_else_signs_no_act_and_one_for_an_act_opens_nothing() {
    let bench = with_spare();
    bench.insert(HEAD);
    let draft = bench.agent.draft_act(&panel(), &wake(&bench)).unwrap();
    let _ = bench.prompt(&PromptRequest::login(), RIGHT_PIN);
    assert!(bench.agent.lock().panel_acts.outgoing.is_empty());
    let ledger = ledger(&bench, Came::Refused("changed_since".into()));
    assert_eq!(refusal(bench.prompt(&PromptRequest::act(draft.draft), RIGHT_PIN)), "card_problem");
    drop(ledger.join().unwrap());
    assert!(bench.agent.lock().machine.session().is_none());
}

#[test]
fn a_draft_is_for_who_drafted_it_for_that_card_in_that_insertion_and_for_three_minutes() {
    let bench = with_spare();
    bench.insert(HEAD);
    let draft = bench.agent.draft_act(&panel(), &wake(&bench)).unwrap().draft;
    let other = Caller { uid: panel().uid + 1, trusted: false, may_prompt: true, ..panel() };
    let asks = PromptRequest::act(draft.clone());
    assert!(matches!(bench.agent.prompt(&other, &asks), Err(AgentError::NoSuchDraft)));
    assert_eq!(refusal(bench.agent.draft_act(&other, &wake(&bench))), "agent_busy");
    assert!(!bench.agent.state(&other).0.act.unwrap().yours, "she sees that it is another's");
    let stranger = Caller { may_prompt: false, ..other };
    assert!(matches!(bench.agent.draft_act(&stranger, &wake(&bench)), Err(AgentError::NotPermitted { .. })));
    // Pulled and put in again it is another insertion.
    bench.worker.pull();
    until(|| bench.agent.lock().machine.card().is_none());
    bench.insert(HEAD);
    assert!(matches!(bench.agent.prompt(&panel(), &asks), Err(AgentError::NoSuchDraft)));
    let asks = PromptRequest::act(bench.agent.draft_act(&panel(), &wake(&bench)).unwrap().draft);
    bench.clock.forward(DRAFT_LIVES);
    assert!(matches!(bench.agent.prompt(&panel(), &asks), Err(AgentError::NoSuchDraft)));
}

#[test]
fn what_the_register_would_refuse_is_said_before_any_pin() {
    let bench = with_spare();
    assert_eq!(refusal(bench.agent.draft_act(&panel(), &wake(&bench))), "no_card");
    bench.insert(CLERK);
    assert_eq!(refusal(bench.agent.draft_act(&panel(), &wake(&bench))), "card_problem");
    bench.insert(HEAD);
    let wrong = |change: &dyn Fn(&mut DraftActRequest)| {
        let mut request = wake(&bench);
        change(&mut request);
        refusal(bench.agent.draft_act(&panel(), &request))
    };
    assert_eq!(wrong(&|request| request.card = Some("2026-99".into())), "report_unknown");
    assert_eq!(wrong(&|request| request.operator = Some("99999".into())), "unknown");
    assert_eq!(wrong(&|request| request.card = Some(CardGuid([CLERK; 16]).to_string())), "value_wrong");
    assert_eq!(wrong(&|request| request.act = ActKind::EndActivation), "card_problem");
    assert!(wrong(&|request| request.reason = None).contains("InvalidArgument"));
    assert!(wrong(&|request| request.until = Some(1)).contains("InvalidArgument"));
    assert!(wrong(&|request| request.operator = Some("not a code".into())).contains("InvalidArgument"));
    assert!(bench.agent.state(&panel()).0.act.is_none(), "nothing was drafted");
}

#[test]
fn the_prompt_says_that_it_is_for_an_act() {
    let bench = with_spare();
    bench.insert(HEAD);
    let stop = DraftActRequest::new(ActKind::StopConnection);
    let draft = bench.agent.draft_act(&panel(), &stop).unwrap();
    let (_, _descriptor) = bench.agent.prompt(&panel(), &PromptRequest::act(draft.draft)).unwrap();
    assert_eq!(bench.agent.state(&panel()).0.prompt.map(|prompt| prompt.what), Some(PromptFor::Act));
}
