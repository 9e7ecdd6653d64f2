use sekisho_ipc::{PromptRequest, SessionEnd};
use sekisho_register::change::{Change, SetPolicy};
use sekisho_wire::record::{ClockStep, SessionReason};

use super::*;
use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, code, panel};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
/// Ten o'clock of a legal day.
const TEN: u64 = 20_000 * 24 * HOUR + HOUR;

/// A bench in an office with this policy, its clerk logged in.
fn working(policy: Policy) -> Bench {
    let mut bench = Bench::new();
    bench.office.act(vec![Change::Policy(SetPolicy { policy })]);
    bench.advance();
    bench.log_in();
    bench
}

fn two_hours_then_a_quarter() -> Policy {
    Policy { rest_after_seconds: 7200, rest_seconds: 900, idle_seconds: 3600, ..Policy::default() }
}

fn refusal(bench: &Bench) -> sekisho_ipc::Verdict {
    let refused = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    let sekisho_ipc::AgentError::CardProblem { verdict, .. } = refused else { panic!("another refusal: {refused:?}") };
    *verdict
}

fn work(bench: &Bench, minutes: u64) {
    for _ in 0..minutes {
        bench.clock.forward(MINUTE);
        bench.agent.lock_asked(&panel(), crate::session::Event::Active, None).unwrap();
        bench.agent.tick();
    }
}

#[test]
fn who_worked_as_long_as_policy_allows_is_locked_until_a_rest_is_over() {
    let bench = working(two_hours_then_a_quarter());
    work(&bench, 119);
    let shown = bench.agent.session_shown(&mut bench.agent.lock()).unwrap();
    assert_eq!((shown.ends_in / MINUTE, shown.ends_by), (1, SessionEnd::Rest), "it is told before");
    assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
    work(&bench, 1);
    assert_eq!(bench.agent.lock().machine.last_reason(), Some(Reason::RestDue));
    assert!(bench.agent.lock().machine.session().is_some(), "the session is there after the rest");
    assert_eq!(*bench.kinds().last().unwrap(), "locked");
    let refused = refusal(&bench);
    // It was ten, and the rest began at twelve.
    assert_eq!((refused.code.as_str(), refused.next.as_str()), ("rest_needed", "Come back at 12:15."));
    assert_eq!(bench.agent.state(&panel()).0.advice.code, "rest_needed");
    bench.clock.forward(14 * MINUTE);
    bench.agent.tick();
    assert_eq!(refusal(&bench).code, "rest_needed");
    bench.clock.forward(MINUTE);
    bench.agent.tick();
    assert_eq!(bench.agent.state(&panel()).0.advice.code, "locked");
    assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap().verdict.granted);
    assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
    bench.assert_replays();
}

#[test]
fn a_card_that_is_put_in_again_does_not_take_the_place_of_a_rest() {
    let bench = working(two_hours_then_a_quarter());
    work(&bench, 100);
    bench.worker.pull();
    crate::testing::until(|| bench.agent.lock().machine.card().is_none());
    bench.clock.forward(14 * MINUTE);
    bench.insert(CLERK);
    assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap().verdict.granted);
    work(&bench, 20);
    assert_eq!(bench.agent.lock().machine.last_reason(), Some(Reason::RestDue));
}

#[test]
fn the_day_s_time_ends_the_session_and_comes_back_with_the_next_day() {
    let bench = working(Policy { daily_seconds: 4 * 3600, idle_seconds: 3600, ..Policy::default() });
    work(&bench, 200);
    bench.agent.lock_asked(&panel(), crate::session::Event::EndAsked, None).unwrap();
    bench.clock.forward(HOUR);
    assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap().verdict.granted);
    let shown = bench.agent.session_shown(&mut bench.agent.lock()).unwrap();
    assert_eq!((shown.ends_in / MINUTE, shown.ends_by), (40, SessionEnd::Day));
    work(&bench, 40);
    let core = bench.agent.lock();
    assert_eq!((core.machine.session(), core.machine.last_reason()), (None, Some(Reason::DailyLimit)));
    drop(core);
    assert_eq!(refusal(&bench).code, "daily_limit");
    bench.assert_replays();
}

/// What was worked by these records: an opening of `who` (u8 as session), an end, a death, or a step of the clock, each at a minute after ten.
enum Told {
    Opens(u8, &'static str, u64),
    Ends(u8, u64),
    Dies(u8, u64),
    Steps(u64, u64),
}

fn fold(told: &[Told]) -> WorkTime {
    let bench = Bench::new();
    bench.log_in();
    let records = bench.records();
    let opening = records
        .iter()
        .find_map(|record| if let Body::SessionOpened(opening) = &record.body { Some(opening.clone()) } else { None });
    let mut work = WorkTime::default();
    for told in told {
        let (body, minute) = match told {
            Told::Opens(session, who, minute) => {
                let mut opening = opening.clone().unwrap();
                (opening.input.session, opening.input.operator) = (Some(SessionId([*session; 16])), Some(code(who)));
                (Body::SessionOpened(opening), *minute)
            }
            Told::Ends(session, minute) => (ended(*session, Reason::Asked), *minute),
            Told::Dies(session, minute) => (ended(*session, Reason::AgentDied), *minute),
            Told::Steps(from, to) => (Body::Clock(ClockStep { from: TEN + from * MINUTE, to: TEN + to * MINUTE }), *to),
        };
        work.see(&body, TEN + minute * MINUTE);
    }
    work
}

fn ended(session: u8, reason: Reason) -> Body {
    Body::SessionClosed(SessionReason { session: SessionId([session; 16]), reason })
}

#[test]
fn work_is_counted_by_person_from_the_records() {
    use Told::{Dies, Ends, Opens, Steps};
    let minutes = |told: &[Told], rest: u64, now: u64| {
        let (work, now) = (fold(told), TEN + now * MINUTE);
        (work.without_rest(&code("chiba"), rest * MINUTE, now) / MINUTE, work.on_day(&code("chiba"), now) / MINUTE)
    };
    assert_eq!(minutes(&[], 15, 0), (0, 0));
    assert_eq!(minutes(&[Opens(1, "chiba", 0)], 15, 30), (30, 30), "it goes on");
    assert_eq!(minutes(&[Opens(1, "doi", 0)], 15, 30), (0, 0), "another's");
    let with_pause =
        |pause: u64| minutes(&[Opens(1, "chiba", 0), Ends(1, 10), Opens(2, "chiba", 10 + pause)], 15, 40 + pause);
    assert_eq!((with_pause(14), with_pause(15)), ((40, 40), (30, 40)), "a short pause is no rest");
    assert_eq!(minutes(&[Opens(1, "chiba", 0), Ends(1, 10)], 15, 24), (10, 10));
    assert_eq!(minutes(&[Opens(1, "chiba", 0), Ends(1, 10)], 15, 25), (0, 10));
    let beside = [Opens(1, "chiba", 0), Ends(1, 10), Opens(2, "doi", 10), Ends(2, 20)];
    assert_eq!(minutes(&beside, 15, 20), (10, 10), "another's work is no rest, and time is");
    assert_eq!(minutes(&beside, 15, 25), (0, 10));
    assert_eq!(minutes(&[Opens(1, "chiba", 0), Dies(1, 300)], 15, 300), (0, 0), "nobody knows when it died");
    let at_work = [Opens(2, "doi", 0), Opens(1, "chiba", 0), Ends(2, 20), Dies(1, 300)];
    assert_eq!(minutes(&at_work, 600, 300), (20, 20), "but that it lived then");
    let stepped = [Opens(1, "chiba", 100), Ends(1, 110), Steps(110, 0)];
    assert_eq!(minutes(&stepped, 15, 0), (0, 0), "no time that has not come");
    // From ten to midnight it is fourteen hours.
    let over_night = [Opens(1, "chiba", 13 * 60)];
    assert_eq!(minutes(&over_night, 15, 15 * 60), (120, 60), "a day ends at midnight");
}

#[test]
fn what_is_two_days_ago_is_forgotten() {
    let told: Vec<_> = (0..200).flat_map(|i| [Told::Opens(1, "chiba", i * 60), Told::Ends(1, i * 60 + 1)]).collect();
    assert!(fold(&told).done.len() <= 50);
}
