use super::*;
use crate::session::State;
use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, panel, until};
use sekisho_ipc::PromptRequest;
use sekisho_wire::record::Record;

fn request() -> BorrowRequest {
    BorrowRequest { program: "sekisho-admin".into() }
}

fn lent(record: &Record) -> bool {
    matches!(record.body, Body::ReadersLent(_))
}

/// Why it was refused, in words.
fn refused(outcome: Result<Lease<'_>, AgentError>) -> String {
    let error = outcome.err().expect("nothing is lent");
    if let AgentError::CardProblem { verdict, .. } = error { verdict.what } else { error.to_string() }
}

#[test]
fn a_lease_takes_the_card_from_the_agent_and_gives_it_back_in_the_book() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let lease = bench.agent.lend(&panel(), &request()).unwrap();
    // It has let go, and with that has heard all that it was told before.
    let handed = bench.worker.taken_up();
    assert!(bench.on_disk().iter().any(lent), "the record is durable before the readers are another's");
    assert_eq!(bench.agent.lock().machine.state(), &State::NoCard);
    let (state, _) = bench.agent.state(&panel());
    let shown = state.lease.clone().unwrap();
    assert_eq!((shown.program.as_str(), shown.uid, shown.until - shown.since), ("sekisho-admin", 0, 1_800_000));
    assert!(state.advice.what.contains("sekisho-admin") && state.advice.what_ja.contains("貸出中"), "{state:?}");
    // Whatever a worker says that should not look.
    let heard = bench.agent.lock().generation;
    bench.worker.tell_again();
    bench.worker.pull();
    until(|| bench.agent.lock().generation > heard);
    let refusal = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    assert!(matches!(refusal, AgentError::CardProblem { verdict, .. } if verdict.what.contains("lent")));
    assert!(!bench.agent.authorize(&panel(), &ask("juminhyo.issue")).unwrap().verdict.granted);
    assert!(refused(bench.agent.lend(&panel(), &request())).contains("lent to sekisho-admin"), "there is one borrower");
    assert_eq!(bench.agent.lock().machine.state(), &State::NoCard);
    drop(lease);
    until(|| bench.worker.taken_up() == handed + 1);
    let last = bench.records().into_iter().rev().find(|record| matches!(record.body, Body::ReadersBack(_)));
    assert!(matches!(last.unwrap().body, Body::ReadersBack(LeaseEnd::GivenBack)));
    assert_eq!(bench.agent.state(&panel()).0.lease, None);
    bench.log_in();
}

#[test]
fn nothing_is_lent_over_a_session_nor_to_just_anybody() {
    let bench = Bench::configured("[peers]\nprompt = [1000, 1001]\nborrow = [1001]\n");
    let user = |uid| Caller { uid, application: None, trusted: false, may_prompt: true };
    bench.log_in();
    let open = AgentError::NotPermitted { reason: Bar::SessionOpen };
    for who in [panel(), user(1001)] {
        assert_eq!(bench.agent.lend(&who, &request()).err(), Some(open.clone()));
    }
    assert!(matches!(bench.agent.lock().machine.state(), State::Open(_)), "nobody's work is ended by it");
    bench.agent.lock_asked(&panel(), Event::LockAsked, None).unwrap();
    assert_eq!(bench.agent.lend(&panel(), &request()).err(), Some(open), "a locked one is one, too");
    bench.agent.lock_asked(&panel(), Event::EndAsked, None).unwrap();
    let bar = AgentError::NotPermitted { reason: Bar::NotABorrower };
    assert_eq!(bench.agent.lend(&user(1000), &request()).err(), Some(bar), "who may prompt may not borrow");
    for program in ["", "Sekisho Admin", "a\nb"] {
        let odd = bench.agent.lend(&panel(), &BorrowRequest { program: program.into() });
        assert!(matches!(odd.err(), Some(AgentError::InvalidArgument { .. })), "{program:?}");
    }
    assert!(bench.agent.lend(&user(1001), &request()).is_ok());
}

#[test]
fn a_lease_ends_with_its_time_and_with_the_agent() {
    let bench = Bench::new();
    let mut lease = bench.agent.lend(&panel(), &request()).unwrap();
    bench.clock.forward(29 * 60_000);
    assert!(!lease.is_over());
    bench.clock.forward(60_000);
    assert!(lease.is_over());
    drop(lease);
    assert!(bench.records().iter().any(|record| matches!(record.body, Body::ReadersBack(LeaseEnd::TimeOver))));
    let mut lease = bench.agent.lend(&panel(), &request()).unwrap();
    bench.agent.end_lease(&mut bench.agent.lock());
    assert!(lease.is_over());
    drop(lease);
    let ends = bench.records().iter().filter(|record| matches!(record.body, Body::ReadersBack(_))).count();
    assert_eq!(ends, 2, "said once of each");
}

#[test]
fn a_worker_that_does_not_let_go_lends_nothing_and_one_that_comes_meanwhile_holds_nothing() {
    let bench = Bench::configured("[card]\ndeadline_seconds = 1\n");
    bench.insert(CLERK);
    bench.worker.hold();
    assert!(refused(bench.agent.lend(&panel(), &request())).contains("does not let go"));
    assert!(!bench.records().iter().any(lent));
    assert!(bench.agent.lock().lease.is_none());
    bench.worker.go_on();
    bench.worker.die();
    until(|| bench.agent.lock().worker.is_none());
    let lease = bench.agent.lend(&panel(), &request()).unwrap();
    let next = crate::testing::Double::join(&bench.agent, 2);
    assert_eq!(next.taken_up(), 0);
    drop(lease);
    until(|| next.taken_up() == 1);
}

#[test]
fn the_readers_are_lent_where_nothing_can_be_recorded_at_all() {
    let bench = Bench::new();
    bench.insert(CLERK);
    bench.agent.history_is(crate::agent::History::Gone);
    let before = bench.records().len();
    let lease = bench.agent.lend(&panel(), &request()).unwrap();
    assert!(bench.agent.lock().lease.is_some());
    drop(lease);
    assert!(bench.agent.lock().lease.is_none());
    assert_eq!(bench.records().len(), before);
}
