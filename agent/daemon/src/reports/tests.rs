use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_ipc::{CardTrouble as ShownTrouble, IncidentClass as ShownClass, PromptRequest};
use sekisho_register::{Casebook, SignedAct};
use sekisho_wire::decision::TerminalState;
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::Alarm;
use serde_json::json;

use super::delivery::{Delivery, Step};
use super::guesses::{GUESSES, WITHIN};
use super::*;
use crate::carrier::Carrier;
use crate::files;
use crate::forwarder_link::{Brought, Errand};
use sekisho_register::change::{CardKind, CardState, Change, SetCardState, StateReason};

use crate::testing::{Bench, CLERK, NEWER, RIGHT_PIN, ask, issue, panel, tuesday_ten};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    Dead,
    /// What is sent arrives, and the answer does not.
    LosesAnswers,
    /// Nothing arrives, and somebody in between says that it lies at this index.
    SaysPlaced(u64),
    /// The same, and says that it was refused by this rule.
    SaysRefused(&'static str),
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
        let (index, cases) = if signed.act().log == sekisho_register::change::Log::Casebook {
            let mut casebook = self.casebook.lock().unwrap();
            casebook.fold(&bench.office.register, entry).unwrap();
            (0, json!([format!("incident-2026-{}", casebook.size())]))
        } else if let Some(index) = bench.office.register.act_index(&signed.id()) {
            (index, json!([]))
        } else {
            if let Err(refusal) = bench.office.register.would_accept(entry, now) {
                return refused(refusal.code());
            }
            bench.office.append(entry.to_vec());
            (bench.office.register.size() - 1, json!([]))
        };
        Brought::Answer { body: json!({"log": "", "index": index, "id": "", "size": 1, "cases": cases}) }
    }
}

fn placed(index: u64) -> Brought {
    Brought::Answer { body: json!({"log": "", "index": index, "id": "", "size": 1, "cases": []}) }
}

fn refused(rule: &str) -> Brought {
    let facts = serde_json::Map::from_iter([("reason".to_owned(), json!(rule))]);
    Brought::Refused { status: 409, code: "refused".into(), detail: String::new(), retry_after: None, facts }
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
        match way {
            Way::SaysPlaced(index) => return Some(placed(index)),
            Way::SaysRefused(rule) => return Some(refused(rule)),
            Way::Open | Way::Dead | Way::LosesAnswers => {}
        }
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

/// Whether the clerk's card is blocked by a report, and by that alone.
fn stands(bench: &Bench) -> bool {
    bench.agent.lock().reports.against(Some(&CardGuid([CLERK; 16]))).is_some()
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
    bench.clock.forward(WITHIN);
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
    assert!(stands(&bench), "until the register is here");
    bench.advance();
    assert!(!stands(&bench));
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
    assert!(
        core.reports
            .all
            .iter()
            .any(|report| matches!(&report.stand, Stand::Told { number: given, .. } if *given == number))
    );
    drop(core);
    let act = SignedAct::decode(&ledger.sent.lock().unwrap()[0]).unwrap();
    let [sekisho_register::Change::Open(open)] = act.act().changes.as_slice() else { panic!("one incident") };
    let (level, terminal) =
        (open.field(sekisho_register::forms::incident::LEVEL), open.field(sekisho_register::forms::incident::TERMINAL));
    assert_eq!(level, Some(&sekisho_register::change::Value::Choice(0)));
    assert_eq!(terminal, Some(&sekisho_register::change::Value::Code(Code::new("mado-1").unwrap())));
}

#[test]
fn no_answer_of_forwarder_or_ledger_ends_the_block_but_the_register_alone() {
    let lies = [Way::SaysPlaced(0), Way::SaysPlaced(2), Way::SaysPlaced(u64::MAX)];
    for lie in lies.into_iter().chain(["card_not_active", "card_final", ""].map(Way::SaysRefused)) {
        let mut bench = bench();
        assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
        assert_eq!(bench.office.register.size(), 2);
        let agent = Arc::clone(&bench.agent);
        let mut delivery = Delivery::default();
        {
            let ledger = Ledger::of(&mut bench);
            *ledger.way.lock().unwrap() = lie;
            let _ = delivery.step(&agent, &ledger);
            assert_eq!(ledger.sent.lock().unwrap().len(), 1);
        }
        // The register goes on, and says nothing of it.
        for _ in 0..3 {
            bench.office.suspend(2);
            bench.office.lift(2);
        }
        bench.advance();
        agent.lock().reports = Reports::default();
        agent.load_reports().unwrap();
        assert!(stands(&bench), "{lie:?}");
        bench.insert(CLERK);
        let refused = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
        assert!(matches!(&refused, AgentError::CardProblem { verdict, .. } if verdict.code == "card_reported"));
        if matches!(lie, Way::SaysPlaced(0 | 2)) {
            let ledger = Ledger::of(&mut bench);
            assert_eq!(delivery.step(&agent, &ledger), Step::Went, "what the register belies is sent again");
            drop(ledger);
            bench.advance();
            assert!(!stands(&bench));
        }
    }
}

#[test]
fn a_block_and_its_lift_that_arrive_together_are_not_undone() {
    let mut bench = bench();
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    bench.office.signs_at(tuesday_ten());
    bench.office.suspend(CLERK);
    bench.office.lift(CLERK);
    bench.advance();
    assert!(!stands(&bench));
    let agent = Arc::clone(&bench.agent);
    let ledger = Ledger::of(&mut bench);
    assert!(matches!(Delivery::default().step(&agent, &ledger), Step::Rest(_)), "nothing is sent after it");
    assert!(ledger.sent.lock().unwrap().is_empty());
    drop(ledger);
    bench.log_in();
}

#[test]
fn what_was_decided_before_the_report_and_is_heard_after_it_does_not_settle_it() {
    let mut bench = bench();
    // Signed at nine; this terminal has not heard of it. The card is lost at ten.
    bench.office.suspend(CLERK);
    bench.office.lift(CLERK);
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    bench.advance();
    assert!(stands(&bench));
    // Nor does what will count from some day on.
    bench.office.signs_at(tuesday_ten());
    let (card, effective) = (CardGuid([CLERK; 16]), tuesday_ten() + 24 * 3_600_000);
    let ends = SetCardState { card, state: CardState::Returned, reason: StateReason::None, effective, disposal: None };
    bench.office.act(vec![Change::CardState(ends)]);
    bench.advance();
    assert!(stands(&bench));
}

#[test]
fn what_the_ledger_will_not_have_stays_in_force_and_is_shown_and_recorded_until_administrators_decide() {
    let mut bench = bench();
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    let agent = Arc::clone(&bench.agent);
    {
        let ledger = Ledger::of(&mut bench);
        *ledger.way.lock().unwrap() = Way::SaysRefused("too_few_signers");
        let mut delivery = Delivery::default();
        assert_eq!(delivery.step(&agent, &ledger), Step::Went);
        assert!(matches!(delivery.step(&agent, &ledger), Step::Rest(_)), "not again");
    }
    // Over its day, and over a restart.
    bench.clock.forward(24 * 3_600_000);
    agent.keep_reports().unwrap();
    agent.lock().reports = Reports::default();
    agent.load_reports().unwrap();
    assert!(stands(&bench));
    let state = agent.state(&panel()).0;
    assert_eq!((state.reports_refused, state.reports_waiting), (1, 0));
    let alarm = |body: Body| if let Body::Alarm(alarm) = body { Some(alarm) } else { None };
    let [alarm] =
        bench.records().into_iter().filter_map(|record| alarm(record.body)).collect::<Vec<Alarm>>().try_into().unwrap();
    let act = alarm.act.unwrap();
    assert_eq!((alarm.kind, act.rule.as_str()), (AlarmKind::ReportRefused, "too_few_signers"));
    assert_eq!(act.card, Some(CardGuid([CLERK; 16])));
    // Whoever asks again is told the same.
    let again = agent.report_card(&panel(), &of(Some("chiba"))).unwrap();
    assert_eq!((again.already.len(), again.reached, again.refused), (1, false, true));
    // Administrators lift what their register never had.
    bench.office.signs_at(tuesday_ten() + 24 * 3_600_000);
    bench.office.lift(CLERK);
    bench.advance();
    assert!(!stands(&bench));
    assert_eq!(agent.state(&panel()).0.reports_refused, 0);
}

#[test]
fn what_cannot_be_kept_is_not_sent() {
    let mut bench = bench();
    assert_eq!(take(&bench, Some("chiba")), Ok((1, 0)));
    let agent = Arc::clone(&bench.agent);
    let folder = agent.config.state.clone();
    let aside = folder.with_extension("aside");
    std::fs::rename(&folder, &aside).unwrap();
    let ledger = Ledger::of(&mut bench);
    let mut delivery = Delivery::default();
    for _ in 0..2 {
        assert_eq!(delivery.step(&agent, &ledger), Step::Again);
    }
    assert!(ledger.sent.lock().unwrap().is_empty());
    std::fs::rename(&aside, &folder).unwrap();
    assert_eq!(delivery.step(&agent, &ledger), Step::Went);
}

#[test]
fn what_could_not_be_kept_is_confirmed_by_nobody_until_it_is() {
    let bench = bench();
    bench.insert(CLERK);
    let file = bench.agent.reports_file();
    // Nothing can take the place of a folder.
    std::fs::create_dir_all(file.join("full")).unwrap();
    let report = || bench.agent.report_card(&panel(), &of(Some("")));
    for _ in 0..2 {
        let told = report().unwrap_err();
        assert!(
            matches!(&told, AgentError::CardProblem { verdict, .. } if verdict.next.contains("Telephone")),
            "{told:?}"
        );
    }
    assert!(!bench.agent.keep_what_is_new());
    std::fs::remove_dir_all(&file).unwrap();
    assert!(bench.agent.keep_what_is_new());
    assert_eq!(report().unwrap().already.len(), 1);
    let kept = stored::load(&file, 0).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(bench.kinds().iter().filter(|kind| **kind == "card_reported").count(), 1, "said once");
}

#[test]
fn what_is_known_of_a_card_that_opens_nothing_already_is_in_the_book() {
    let mut bench = bench();
    bench.office.suspend(CLERK);
    bench.advance();
    bench.insert(CLERK);
    let answer = bench.agent.report_card(&panel(), &of(Some(""))).unwrap();
    assert_eq!((answer.cards.len(), answer.already.len(), answer.reached), (0, 1, false), "no ledger has heard it");
    let said = || bench.kinds().iter().filter(|kind| **kind == "card_reported").count();
    assert_eq!(said(), 1);
    assert!(!bench.agent.report_card(&panel(), &of(Some(""))).unwrap().reached);
    assert_eq!(said(), 1, "once");
    bench.agent.lock().acknowledged.stored = u64::MAX;
    assert!(bench.agent.report_card(&panel(), &of(Some(""))).unwrap().reached);
    let stolen = ReportCardRequest { reason: sekisho_ipc::CardTrouble::Stolen, ..of(Some("")) };
    bench.agent.report_card(&panel(), &stolen).unwrap();
    assert_eq!(said(), 2, "another reason is news");
}

#[test]
fn one_who_guesses_silences_neither_others_nor_whoever_holds_the_card() {
    let bench = bench();
    let by = |uid, card: &str| {
        let caller = Caller { uid, application: None, trusted: false, may_prompt: true };
        bench.agent.take_card_report(&caller, &of(Some(card))).map(|taken| taken.cards.len() + taken.already.len())
    };
    bench.insert(CLERK);
    bench.worker.pull();
    while bench.agent.lock().machine.card().is_some() {
        std::thread::yield_now();
    }
    for number in 0..GUESSES {
        assert!(by(7, &format!("2026-{}", 900 + number)).is_err());
    }
    assert!(by(7, "chiba").is_err() && by(7, "2026-3").is_err(), "he learns nothing more");
    assert!(by(7, &"01".repeat(16)).is_err(), "nor of cards that were never here");
    assert_eq!(by(7, &"0a".repeat(16)).unwrap(), 1, "a card that was here");
    assert_eq!(by(8, "chiba").unwrap(), 1, "another");
    bench.insert(CLERK);
    assert_eq!((by(7, "").unwrap(), by(7, "2026-3").unwrap()), (1, 1), "the card that is in");
}

/// A bench whose clerk has three cards.
fn three_cards() -> Bench {
    let mut bench = bench();
    for card in [NEWER, NEWER + 1] {
        bench.office.act(vec![Change::IssueCard(Box::new(issue(card, "chiba", CardKind::Business)))]);
    }
    bench.advance();
    bench
}

#[test]
fn of_several_cards_those_are_blocked_that_can_be_and_the_others_named() {
    let bench = three_cards();
    for card in [1, 2, 3, 4] {
        bench.agent.lock().reports.all.push(Report {
            id: Salt([card; 16]),
            at: tuesday_ten(),
            size: 0,
            what: What::Card { card: CardGuid([100 + card; 16]), reason: CardTrouble::Lost },
            stand: Stand::Settled,
        });
    }
    let taken = bench.agent.take_card_report(&panel(), &of(Some("chiba"))).unwrap();
    assert_eq!((taken.cards.len(), taken.not_blocked.len()), (1, 2));
    assert!(taken.not_blocked.iter().all(|left| left.verdict.code == "report_limit"));
    assert!(taken.not_blocked.iter().all(|left| !taken.cards.contains(&left.card)));
}

#[test]
fn an_incident_of_somebody_with_several_cards_says_that_it_names_none() {
    let bench = three_cards();
    let report =
        |card: &str| ReportIncidentRequest { class: ShownClass::Misuse, kind: "leak".into(), card: Some(card.into()) };
    let taken = bench.agent.take_incident_report(&panel(), &report("chiba")).unwrap();
    assert_eq!(taken.unclear.len(), 3);
    let taken = bench.agent.take_incident_report(&panel(), &report("2026-3")).unwrap();
    assert!(taken.unclear.is_empty());
}
