use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_ipc::{CardTrouble as ShownTrouble, IncidentClass as ShownClass, PromptRequest};
use sekisho_register::Casebook;
use sekisho_wire::decision::TerminalState;
use serde_json::json;

use super::delivery::{Delivery, Step};
use super::*;
use crate::carrier::Carrier;
use crate::files;
use crate::forwarder_link::{Brought, Errand};
use crate::testing::{Bench, CLERK, NEWER, RIGHT_PIN, ask, panel};

/// A bench whose agent has a folder.
fn bench() -> Bench {
    let bench = Bench::new();
    files::private_folder(&bench.agent.config.state).unwrap();
    bench
}

/// A ledger: its register is the office's, its casebook its own. It can be out of reach, and lose an answer.
struct Ledger<'a> {
    bench: Mutex<&'a mut Bench>,
    casebook: Mutex<Casebook>,
    way: Mutex<Way>,
    sent: Mutex<Vec<Vec<u8>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Dead,
    /// What is sent arrives, and the answer does not.
    LosesAnswers,
}

impl<'a> Ledger<'a> {
    fn of(bench: &'a mut Bench) -> Self {
        let (casebook, way, sent) = (Mutex::default(), Mutex::new(Way::Open), Mutex::default());
        Self { bench: Mutex::new(bench), casebook, way, sent }
    }

    fn take(&self, entry: &[u8]) -> Brought {
        let mut bench = self.bench.lock().unwrap();
        let now = bench.agent.now(&mut bench.agent.lock()).trusted;
        let signed = SignedAct::decode(entry).unwrap();
        let (index, incidents) = if signed.act().log == sekisho_register::change::Log::Casebook {
            let mut casebook = self.casebook.lock().unwrap();
            casebook.fold(&bench.office.register, entry).unwrap();
            (0, json!([[2026, casebook.size()]]))
        } else if let Some(index) = bench.office.register.act_index(&signed.id()) {
            (index, json!([]))
        } else {
            if let Err(refusal) = bench.office.register.would_accept(entry, now) {
                let facts = serde_json::Map::from_iter([("reason".to_owned(), json!(refusal.code()))]);
                let (code, detail) = ("refused".into(), refusal.to_string());
                return Brought::Refused { status: 409, code, detail, retry_after: None, facts };
            }
            bench.office.append(entry.to_vec());
            (bench.office.register.size() - 1, json!([]))
        };
        Brought::Answer { body: json!({"log": "", "index": index, "id": "", "size": 1, "incidents": incidents}) }
    }
}

impl Carrier for Ledger<'_> {
    fn go(&self, errand: &Errand) -> Option<Brought> {
        let Errand::Act { act, .. } = errand else { panic!("only acts are sent: {errand:?}") };
        let way = *self.way.lock().unwrap();
        if way == Way::Dead {
            return Some(Brought::Unreachable { what: String::new(), next: String::new() });
        }
        let entry = STANDARD.decode(act).unwrap();
        self.sent.lock().unwrap().push(entry.clone());
        let brought = self.take(&entry);
        (way == Way::Open).then_some(brought)
    }
}

fn of(card: Option<&str>) -> ReportCardRequest {
    ReportCardRequest { card: card.map(str::to_owned), reason: ShownTrouble::Lost }
}

fn take(bench: &Bench, card: Option<&str>) -> Result<(usize, usize), String> {
    let taken = bench.agent.take_card_report(&panel(), &of(card)).map_err(|error| {
        if let AgentError::CardProblem { verdict, .. } = error { verdict.code } else { error.to_string() }
    })?;
    bench.agent.make_durable(taken.last).unwrap();
    Ok((taken.cards.len(), taken.already.len()))
}

/// The first report of a card.
fn reported_in(records: &[sekisho_wire::record::Record]) -> CardReported {
    let of = |body: &Body| if let Body::CardReported(reported) = body { Some(reported.clone()) } else { None };
    records.iter().find_map(|record| of(&record.body)).unwrap()
}

#[test]
fn a_card_that_is_reported_closes_its_session_at_once_and_opens_nothing_more() {
    let bench = bench();
    bench.log_in();
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    let core = bench.agent.lock();
    assert_eq!(core.machine.terminal_state(), TerminalState::AwaitPin);
    assert_eq!(core.machine.last_reason(), Some(sekisho_wire::reason::Reason::CardReported));
    drop(core);
    let refused = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    assert!(
        matches!(&refused, AgentError::CardProblem { verdict, .. } if verdict.code == "card_reported"),
        "{refused:?}"
    );
    assert_eq!(take(&bench, Some("chiba")), Ok((0, 1)), "the same block twice is one");
    let records = bench.records();
    let reported = reported_in(&records);
    assert_eq!(reported.operator.as_ref().map(Code::as_str), Some("chiba"), "in whose session");
    let last = records.iter().rev().find_map(|record| record.body.input()).unwrap();
    assert_eq!(last.reported, Some(reported.report), "the refusal names the report");
    assert!(bench.kinds().ends_with(&["card_reported", "session_closed", "decision"]), "{:?}", bench.kinds());
    bench.assert_replays();
}

#[test]
fn whoever_has_lost_his_card_names_it_by_number_operator_or_puts_it_in() {
    for card in ["2026-3", "R8-3", "令和8年度第3号", "chiba", &"0a".repeat(16)] {
        let bench = bench();
        assert_eq!(take(&bench, Some(card)), Ok((1, 0)), "{card}");
        let reported = reported_in(&bench.records());
        assert_eq!((reported.card, reported.operator), (CardGuid([CLERK; 16]), None), "nobody is seen to be there");
    }
    let bench = bench();
    assert_eq!(take(&bench, None), Err("no_card".into()));
    bench.insert(NEWER);
    assert_eq!(take(&bench, None), Err("report_unknown".into()), "a card that this register does not know");
    bench.insert(CLERK);
    assert_eq!(take(&bench, Some("")), Ok((1, 0)));
}

#[test]
fn who_tries_one_number_after_the_other_has_to_wait() {
    let bench = bench();
    for number in 0..GUESSES {
        assert_eq!(take(&bench, Some(&format!("2026-{}", 900 + number))), Err("report_unknown".into()));
    }
    assert_eq!(take(&bench, Some("chiba")), Err("report_guessed".into()));
    bench.clock.forward(GUESSES_WITHIN);
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    let stranger = Caller { uid: 1000, application: None, trusted: false, may_prompt: false };
    let barred = bench.agent.take_card_report(&stranger, &of(Some("chiba"))).unwrap_err();
    assert_eq!(barred, AgentError::NotPermitted { reason: Bar::NotAReporter });
}

#[test]
fn a_terminal_blocks_no_card_without_which_nobody_could_decide() {
    let bench = bench();
    assert_eq!(take(&bench, Some("aoki")), Err("report_signer".into()));
    assert!(bench.records().is_empty(), "nothing was done");
}

#[test]
fn with_a_line_one_act_goes_and_from_its_entry_on_the_register_has_the_say() {
    let mut bench = bench();
    bench.insert(CLERK);
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    let agent = Arc::clone(&bench.agent);
    let ledger = Ledger::of(&mut bench);
    let mut delivery = Delivery::default();
    *ledger.way.lock().unwrap() = Way::Dead;
    assert_eq!(delivery.step(&agent, &ledger), Step::Again);
    assert_eq!(agent.lock().reports.waiting(), 1);
    *ledger.way.lock().unwrap() = Way::LosesAnswers;
    assert_eq!(delivery.step(&agent, &ledger), Step::Again);
    // A new process goes on with the same bytes.
    agent.lock().reports = Reports::default();
    agent.load_reports().unwrap();
    *ledger.way.lock().unwrap() = Way::Open;
    assert_eq!(Delivery::default().step(&agent, &ledger), Step::Went);
    let sent = ledger.sent.lock().unwrap().clone();
    assert!(sent.len() == 2 && sent[0] == sent[1], "the same bytes until they are answered");
    assert!(matches!(delivery.step(&agent, &ledger), Step::Rest(_)));
    drop(ledger);
    let against = |bench: &Bench| {
        let core = bench.agent.lock();
        core.reports.against(Some(&CardGuid([CLERK; 16])), &core.register).is_some()
    };
    assert!(against(&bench), "until the register is here");
    bench.advance();
    assert!(!against(&bench));
    let refused = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    assert!(matches!(&refused, AgentError::CardProblem { verdict, .. } if verdict.code == "card_suspended"));
    // A lift gives it back here, too.
    bench.office.lift(CLERK);
    bench.advance();
    assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap().verdict.granted);
    assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
    bench.assert_replays();
}

#[test]
fn an_act_that_became_too_old_is_signed_anew_and_a_block_by_others_absorbs_the_report() {
    let mut bench = bench();
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    let (agent, clock) = (Arc::clone(&bench.agent), Arc::clone(&bench.clock));
    {
        let ledger = Ledger::of(&mut bench);
        let mut delivery = Delivery::default();
        *ledger.way.lock().unwrap() = Way::Dead;
        assert_eq!(delivery.step(&agent, &ledger), Step::Again);
        clock.forward(11 * 60 * 1000);
        *ledger.way.lock().unwrap() = Way::Open;
        assert_eq!(delivery.step(&agent, &ledger), Step::Again, "made too early");
        assert_eq!(delivery.step(&agent, &ledger), Step::Went);
        let sent = ledger.sent.lock().unwrap().clone();
        let acts: Vec<_> = sent.iter().map(|entry| SignedAct::decode(entry).unwrap()).collect();
        assert_eq!(acts[0].act().salt, acts[1].act().salt, "one report");
        assert_ne!(acts[0].id(), acts[1].id());
    }

    // Another report waits while somebody blocks the card, and lifts that: it is not sent any more.
    bench.office.lift(CLERK);
    bench.advance();
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    bench.office.suspend(CLERK);
    bench.advance();
    assert_eq!(bench.agent.lock().reports.waiting(), 0);
    bench.office.lift(CLERK);
    bench.advance();
    let ledger = Ledger::of(&mut bench);
    assert!(matches!(Delivery::default().step(&agent, &ledger), Step::Rest(_)));
    assert!(ledger.sent.lock().unwrap().is_empty());
}

#[test]
fn what_is_refused_is_held_until_it_may_be_taken() {
    assert_eq!(super::delivery::Delivery::default().held(), 0);
    let mut bench = bench();
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    // Retired meanwhile; this terminal has not heard of it.
    bench.office.suspend_terminal();
    let agent = Arc::clone(&bench.agent);
    {
        let ledger = Ledger::of(&mut bench);
        let mut delivery = Delivery::default();
        assert_eq!(delivery.step(&agent, &ledger), Step::Went);
        assert!(matches!(delivery.step(&agent, &ledger), Step::Rest(_)), "not again and again");
        assert_eq!(ledger.sent.lock().unwrap().len(), 1);
        assert_eq!((delivery.held(), agent.lock().reports.waiting()), (1, 1));
    }
    bench.advance();
    assert_eq!(take(&bench, Some("aoki")), Err("report_terminal".into()));
}

#[test]
fn five_reports_of_each_kind_a_day_and_the_incident_has_the_ledgers_number() {
    let mut bench = bench();
    let report = |kind: &str| ReportIncidentRequest { class: ShownClass::Failure, kind: kind.into(), card: None };
    let agent = Arc::clone(&bench.agent);
    for _ in 0..A_DAY {
        agent.take_incident_report(&panel(), &report("failure")).unwrap();
    }
    assert!(agent.take_incident_report(&panel(), &report("failure")).is_err());
    assert!(agent.take_incident_report(&panel(), &report("What happened?")).is_err(), "no free text");
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)), "cards are counted by themselves");
    let ledger = Ledger::of(&mut bench);
    let mut delivery = Delivery::default();
    assert_eq!(delivery.step(&agent, &ledger), Step::Went);
    let core = agent.lock();
    let number = Some(Numbered { fiscal_year: 2026, number: 1 });
    assert!(core.reports.all.iter().any(|report| report.stand == Stand::Placed { index: 0, number }));
    drop(core);
    let act = SignedAct::decode(&ledger.sent.lock().unwrap()[0]).unwrap();
    let [sekisho_register::Change::Incident(incident)] = act.act().changes.as_slice() else { panic!("one incident") };
    assert_eq!((incident.level, incident.terminal.as_ref().map(Code::as_str)), (0, Some("mado-1")));
}
