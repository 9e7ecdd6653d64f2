//! When things take effect (§R1 key 15, §R4.5): what was announced for later comes, and nothing reaches back.

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::decision::*;
use sekisho_wire::verdict::VerdictCode as V;

use crate::office::*;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Asked at another moment of the same register.
fn at_time(office: &Office, time: u64, input: DecisionInput) -> DecisionInput {
    let (note_time, note_until, opened) = (Some(time), Some(time + 1000), input.opened.map(|_| time));
    DecisionInput { time, note_time, note_until, opened, register: office.register.size(), ..input }
}

#[test]
fn an_act_with_a_date_changes_nothing_before_it() {
    let office = Office::furnished();
    let tomorrow = office.now + DAY;
    let mut policy = office.register.policy().clone();
    policy.idle_seconds = 600;
    let mut closed = office.register.hours(&code("mado-1"), office.now).to_owned();
    closed[2] = OpenSpan { open: 0, close: 0 };
    let mut place = set_terminal();
    place.functions = codes(&["inkan"]);
    let mut ended = set_function("juminhyo", Level::Session);
    ended.state = UseState::Ended;
    let route = SetRoute {
        class: Class::Cards,
        proposers: vec![Role::SystemManager],
        stages: vec![vec![Role::SystemManager]],
        distinct: true,
    };
    let later = |changes: Vec<Change>| {
        let mut office = office.clone();
        let mut proposal = office.draft(changes);
        (proposal.log, proposal.effective) = (Log::Casebook, Some(tomorrow));
        let approval = office.approval(&sign_card(&proposal, 1), "vice", 2);
        office.take(&approval).unwrap();
        office
    };
    let decided = |office: &Office, time| decide(&office.register, &at_time(office, time, office.request())).code();
    for (change, code) in [
        (Change::Hours(SetHours { terminal: None, week: closed }), V::OutOfHours),
        (Change::Terminal(Box::new(place)), V::FunctionNotForTerminal),
        (Change::Function(ended), V::FunctionUnknown),
    ] {
        let office = later(vec![change]);
        assert_eq!((decided(&office, tomorrow - 1), decided(&office, tomorrow)), (V::Granted, code));
    }
    let office = later(vec![Change::Policy(SetPolicy { policy }), Change::Route(route)]);
    let idle = |t| office.register.policy_at(t).idle_seconds;
    assert_eq!((idle(tomorrow - 1), idle(tomorrow), office.register.policy().idle_seconds), (300, 600, 600));
    let approvers = |t| office.register.route_at(Class::Cards, t).stages.len();
    assert_eq!((approvers(tomorrow - 1), approvers(tomorrow)), (0, 1));
}

#[test]
fn an_acts_date_lies_neither_before_it_nor_years_ahead() {
    let base = Office::furnished();
    let taken = |effective: fn(u64) -> u64| {
        let mut office = base.clone();
        let mut act = office.draft(vec![function("koseki", Level::Pin)]);
        act.effective = Some(effective(act.made));
        office.take(&sign_card(&act, 1)).map(drop).map_err(|refusal| refusal.code())
    };
    assert_eq!((taken(|made| made), taken(|made| made + 400 * DAY)), (Ok(()), Ok(())));
    assert_eq!(taken(|made| made - 1), Err("effective_wrong"));
    assert_eq!(taken(|made| made + 400 * DAY + 1), Err("effective_wrong"));
}

#[test]
fn an_amendment_for_this_year_leaves_next_years_designation_alone() {
    let mut office = Office::furnished();
    let april = at(2027, 4, 1, 0);
    let next = Designate { from: april, to: at(2028, 4, 1, 0), ..designation("chiba") };
    office.act(vec![Change::Designate(Box::new(next))]).unwrap();
    office.now += 60_000;
    let amended = Designate { terminals: codes(&["mado-1"]), ..designation("chiba") };
    office.act(vec![Change::Designate(Box::new(amended))]).unwrap();
    let chiba = office.register.operator(&code("chiba")).unwrap();
    let terminals = |t| match chiba.standing(t) {
        people::Standing::Designated(designation) => Some(designation.terminals.len()),
        people::Standing::NotBegun | people::Standing::Ended => None,
    };
    assert_eq!([office.now - 1, office.now, april - 1, april].map(terminals), [Some(0), Some(1), Some(1), Some(0)]);
}

#[test]
fn a_block_that_is_lifted_leaves_an_end_that_was_announced() {
    let mut office = Office::furnished();
    let (now, later) = (office.now, office.now + DAY);
    let mut state = |state, effective| {
        let (operator, reason) = (code("chiba"), StateReason::LeftDuty);
        office.act(vec![Change::OperatorState(SetOperatorState { operator, state, effective, reason })]).unwrap();
    };
    state(OperatorState::Ended, later);
    state(OperatorState::Suspended, now);
    state(OperatorState::Active, now);
    let chiba = office.register.operator(&code("chiba")).unwrap();
    assert_eq!((chiba.state(now), chiba.state(later)), (OperatorState::Active, OperatorState::Ended));
}

#[test]
fn a_block_does_not_soften_a_retirement() {
    let mut office = Office::furnished();
    let now = office.now;
    let mut set = |state| {
        let change = SetTerminalState { terminal: code("mado-1"), state, effective: now };
        office.act(vec![Change::TerminalState(change)]).unwrap();
        office.register.terminal(&code("mado-1")).unwrap().state(now)
    };
    assert_eq!(set(TerminalUse::Retired), TerminalUse::Retired);
    assert_eq!(set(TerminalUse::Suspended), TerminalUse::Retired);
}

#[test]
fn what_is_said_to_have_begun_earlier_begins_with_the_act() {
    let mut office = Office::furnished();
    let (then, now) = (office.now, office.now + DAY);
    office.now = now;
    office.act(vec![card_state(10, CardState::Suspended, then)]).unwrap();
    let card = office.register.card(&guid(10)).unwrap();
    assert_eq!((card.state(now - 1), card.state(now)), (CardState::Active, CardState::Suspended));
}

#[test]
fn stops_add_up_until_they_are_lifted() {
    let mut office = Office::furnished();
    office.act(vec![profile("chiba", "p1", &["juminhyo", "inkan"]), Change::Terminal(Box::new(both()))]).unwrap();
    let mut set = |state, functions: &[&str]| {
        let functions = codes(functions);
        office.act(vec![Change::Connection(SetConnection { state, functions, incident: None })]).unwrap();
        let asked = |function: &str| {
            let input = DecisionInput { function: Some(code(function)), purpose: None, ..office.request() };
            decide(&office.register, &input) == Verdict::Granted
        };
        let login = decide(&office.register, &office.login()) == Verdict::Granted;
        (asked("juminhyo"), asked("inkan"), login, office.register.connection(office.now))
    };
    use ConnectionState::{Connected, Stopped};
    assert_eq!(set(Stopped, &[]), (false, false, false, Stopped));
    assert_eq!(set(Stopped, &["inkan"]), (false, false, false, Stopped));
    assert_eq!(set(Connected, &["juminhyo"]), (true, false, true, Stopped));
    assert_eq!(set(Connected, &["inkan"]), (true, true, true, Stopped));
    assert_eq!(set(Stopped, &["inkan"]), (true, false, true, Stopped));
    assert_eq!(set(Stopped, &[]), (false, false, false, Stopped));
    assert_eq!(set(Connected, &[]), (true, true, true, Connected));
    assert_eq!(set(Connected, &["inkan"]), (true, true, true, Connected));
}

fn both() -> SetTerminal {
    SetTerminal { functions: codes(&["juminhyo", "inkan"]), ..set_terminal() }
}
