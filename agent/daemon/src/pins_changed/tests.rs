use std::cell::RefCell;
use std::sync::Mutex;

use sekisho_ipc::PromptRequest;
use sekisho_register::SignedAct;
use sekisho_register::change::SetPolicy;
use sekisho_register::policy::{PinLasts, Policy};
use sekisho_wire::record::PinChanged as Recorded;
use serde_json::json;

use super::*;
use crate::testing::{Bench, CLERK, RIGHT_PIN};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A ledger that answers this, and keeps what came.
struct Ledger {
    answer: Mutex<Brought>,
    came: Mutex<Vec<Vec<u8>>>,
}

impl Ledger {
    fn says(answer: Brought) -> Self {
        Self { answer: Mutex::new(answer), came: Mutex::default() }
    }

    fn last(&self) -> Vec<u8> {
        self.came.lock().unwrap().last().cloned().unwrap()
    }

    fn count(&self) -> usize {
        self.came.lock().unwrap().len()
    }
}

impl Carrier for Ledger {
    fn go(&self, errand: &Errand) -> Option<Brought> {
        let Errand::Act { act, .. } = errand else { panic!("only acts are sent: {errand:?}") };
        self.came.lock().unwrap().push(STANDARD.decode(act).unwrap());
        Some(self.answer.lock().unwrap().clone())
    }
}

fn placed(index: u64) -> Brought {
    Brought::Answer { body: json!({ "index": index }) }
}

fn refused(rule: &str) -> Brought {
    let facts = serde_json::Map::from_iter([("reason".to_owned(), json!(rule))]);
    Brought::Refused { status: 409, code: "refused".into(), detail: String::new(), retry_after: None, facts }
}

/// A terminal at which the clerk has changed her PIN, in an office whose PINs last a day.
fn changed() -> Bench {
    let mut bench = Bench::new();
    let policy = Policy { pin_lasts: Some(PinLasts::Days(1)), hours_enforced: false, ..Policy::default() };
    bench.office.act(vec![Change::Policy(SetPolicy { policy })]);
    bench.advance();
    bench.clock.forward(DAY);
    bench.insert(CLERK);
    let login = || bench.prompt(&PromptRequest::login(), RIGHT_PIN);
    assert!(
        matches!(login(), Err(sekisho_ipc::AgentError::CardProblem { verdict, .. }) if verdict.code == "pin_expired")
    );
    assert!(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN).unwrap().verdict.granted);
    assert!(login().unwrap().verdict.granted, "it counts here before anybody else has heard");
    bench
}

fn known(bench: &Bench) -> Option<u64> {
    bench.agent.lock().pins_changed.of(Some(&CardGuid([CLERK; 16])))
}

#[test]
fn a_change_is_told_until_the_register_says_it() {
    let mut bench = changed();
    let size = bench.agent.lock().register.size();
    let (ledger, mut delivery) = (Ledger::says(placed(size)), Delivery::default());
    assert_eq!(delivery.step(&bench.agent, &ledger), Step::Went);
    assert!(matches!(delivery.step(&bench.agent, &ledger), Step::Rest(_)), "it is told once");
    let signed = SignedAct::decode(&ledger.last()).unwrap();
    let at = known(&bench).unwrap();
    assert_eq!(signed.act().changes, [Change::PinChanged(PinChanged { card: CardGuid([CLERK; 16]), at })]);
    bench.office.append(ledger.last());
    bench.advance();
    assert_eq!(known(&bench), None);
    bench.assert_replays();
}

#[test]
fn a_ledger_that_says_so_and_has_it_not_is_told_again() {
    let mut bench = changed();
    let size = bench.agent.lock().register.size();
    let (ledger, mut delivery) = (Ledger::says(placed(size)), Delivery::default());
    assert_eq!(delivery.step(&bench.agent, &ledger), Step::Went);
    bench.office.suspend(1);
    bench.advance();
    assert_eq!(delivery.step(&bench.agent, &ledger), Step::Went);
    assert_eq!(ledger.count(), 2);
}

#[test]
fn what_is_refused_waits_for_another_register_or_another_day_and_counts_here_all_the_same() {
    let bench = changed();
    let (ledger, mut delivery) = (Ledger::says(refused("terminal_limit")), Delivery::default());
    assert_eq!(delivery.step(&bench.agent, &ledger), Step::Went);
    assert!(matches!(delivery.step(&bench.agent, &ledger), Step::Rest(_)));
    assert!(known(&bench).is_some());
    bench.clock.forward(DAY);
    assert_eq!(delivery.step(&bench.agent, &ledger), Step::Went);
    *ledger.answer.lock().unwrap() = Brought::Unreachable { what: String::new(), next: String::new() };
    bench.clock.forward(DAY);
    assert_eq!(delivery.step(&bench.agent, &ledger), Step::Again);
    *ledger.answer.lock().unwrap() = refused("card_final");
    assert_eq!(delivery.step(&bench.agent, &ledger), Step::Went);
    assert_eq!(known(&bench), None, "nobody opens anything with that card");
}

#[test]
fn the_records_of_before_say_what_the_register_does_not() {
    let bench = changed();
    let mut before = PinsChanged::default();
    let of = RefCell::new(None);
    for record in bench.records() {
        before.see(&record.body, record.trusted);
        if let Body::PinChanged(Recorded { .. }) = record.body {
            *of.borrow_mut() = Some(record.trusted);
        }
    }
    assert_eq!(before.of(Some(&CardGuid([CLERK; 16]))), of.into_inner());
    assert_eq!(before.of(Some(&CardGuid([CLERK; 16]))), known(&bench));
}
