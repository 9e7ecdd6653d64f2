//! Periods and ends (§R4.5): what a later word replaces, what it leaves alone, and what never comes back.

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::Level;
use sekisho_wire::verdict::VerdictCode as V;

use crate::office::*;

const DAY: u64 = 24 * 60 * 60 * 1000;

fn code_of<T>(result: Result<T, FoldRefusal>) -> Result<(), &'static str> {
    result.map(drop).map_err(|refusal| refusal.code())
}

/// A small office and its clerk's designations: acts of `days` after the first one, each a period in days after it.
fn designated(words: &[(u64, i64, i64)]) -> (Office, impl Fn(u64) -> Option<u64>) {
    let mut office = Office::furnished();
    let start = office.now;
    let moment = |day: i64| start.saturating_add_signed(day * DAY as i64);
    let mut chiba = designation("doi");
    for (number, (after, from, to)) in words.iter().enumerate() {
        office.now = start + after * DAY;
        (chiba.from, chiba.to) = (moment(*from), moment(*to));
        chiba.terminals = vec![code("mado-1"); number];
        office.act(vec![Change::Designate(Box::new(chiba.clone()))]).unwrap();
    }
    let register = office.register.clone();
    let which = move |day: u64| match register.operator(&code("doi")).unwrap().standing(start + day * DAY) {
        people::Standing::Designated(designation) => Some(designation.terminals.len() as u64),
        people::Standing::NotBegun | people::Standing::Ended => None,
    };
    (office, which)
}

#[test]
fn a_shortened_designation_ends_and_an_extended_one_goes_on() {
    let (_, which) = designated(&[(0, 0, 100), (20, 0, 30)]);
    assert_eq!([10, 20, 29, 30, 99].map(which), [Some(0), Some(1), Some(1), None, None]);
    let (_, which) = designated(&[(0, 0, 30), (20, 0, 100)]);
    assert_eq!([10, 20, 30, 99, 100].map(which), [Some(0), Some(1), Some(1), Some(1), None]);
    // Ended yesterday, said today.
    let (_, which) = designated(&[(0, 0, 100), (20, 0, 19)]);
    assert_eq!([19, 20, 99].map(which), [Some(0), None, None]);
}

#[test]
fn a_duty_was_over_when_what_really_held_ended() {
    let left = |words: &[(u64, i64, i64)], days: &[u64]| {
        let (office, _) = designated(words);
        let person = office.register.operator(&code("doi")).unwrap();
        let start = person.designations().iter().map(|said| said.effective).min().unwrap();
        let day = |t: u64| (t - start) / DAY;
        days.iter().map(|at| person.left(start + at * DAY).map(|left| day(left.at))).collect::<Vec<_>>()
    };
    // Shortened: long after the first one would have ended, too.
    assert_eq!(
        left(&[(0, 0, 100), (20, 0, 30)], &[29, 30, 99, 100, 500]),
        [None, Some(30), Some(30), Some(30), Some(30)]
    );
    assert_eq!(left(&[(0, 0, 30), (20, 0, 100)], &[30, 99, 100]), [None, None, Some(100)]);
    // Renewed too late, it was over in between.
    assert_eq!(left(&[(0, 0, 30), (40, 40, 60)], &[29, 35, 45, 60]), [None, Some(30), None, Some(60)]);
}

#[test]
fn a_duty_that_was_over_is_not_ended_again_by_an_act() {
    let (mut office, _) = designated(&[(0, 0, 30)]);
    let start = office.now;
    let end = |office: &mut Office, day: u64| {
        office.now = start + day * DAY;
        let (state, reason) = (OperatorState::Ended, StateReason::LeftDuty);
        office.act(vec![Change::OperatorState(SetOperatorState {
            operator: code("doi"),
            state,
            effective: office.now,
            reason,
        })])
    };
    let left = |office: &Office, day: u64| {
        office
            .register
            .operator(&code("doi"))
            .unwrap()
            .left(start + day * DAY)
            .map(|left| ((left.at - start) / DAY, left.why))
    };
    let over = office.register.clone();
    end(&mut office, 40).unwrap();
    assert_eq!(left(&office, 50), Some((30, None)));
    office.register = over;
    end(&mut office, 10).unwrap();
    assert_eq!(
        [9, 10, 50].map(|day| left(&office, day)),
        [None, Some((10, Some(StateReason::LeftDuty))), Some((10, Some(StateReason::LeftDuty)))]
    );
}

#[test]
fn next_years_designation_outlives_what_is_said_of_this_year_and_not_what_reaches_into_it() {
    let (_, which) = designated(&[(0, 0, 100), (10, 100, 200), (20, 0, 100), (30, 0, 50)]);
    assert_eq!([15, 20, 49, 50, 99, 100, 200].map(which), [Some(0), Some(2), Some(3), None, None, Some(1), None]);
    let (_, which) = designated(&[(0, 100, 200), (10, 0, 150)]);
    assert_eq!([5, 10, 120, 150, 199].map(which), [None, Some(1), Some(1), None, None]);
}

#[test]
fn a_year_that_is_over_and_entered_late_leaves_this_year_alone() {
    let (_, which) = designated(&[(0, -10, 100), (20, -400, -10)]);
    assert_eq!([10, 20, 99].map(which), [Some(0), Some(0), Some(0)]);
    let (_, which) = designated(&[(0, -10, 100), (20, -400, -9)]);
    assert_eq!([10, 20, 99].map(which), [Some(0), None, None]);
}

#[test]
fn what_was_replaced_does_not_come_back_when_its_successor_is_shortened() {
    let (_, which) = designated(&[(0, 100, 200), (10, 0, 150), (20, 0, 50)]);
    assert_eq!([49, 50, 120, 160].map(which), [Some(2), None, None, None]);
}

#[test]
fn a_withdrawal_is_not_undone_by_a_short_time_given_after_it() {
    let mut office = Office::furnished();
    let (now, april) = (office.now, at(2027, 4, 1, 0));
    let give = |from, to| {
        let (operator, profile, functions) = (code("chiba"), code("p1"), codes(&["juminhyo"]));
        Change::Profile(GiveProfile { operator, profile, functions, from, to })
    };
    office.act(vec![give(april, at(2028, 4, 1, 0))]).unwrap();
    let (operator, profile) = (code("chiba"), code("p1"));
    office.act(vec![Change::WithdrawProfile(WithdrawProfile { operator, profile, effective: now })]).unwrap();
    office.now += DAY;
    office.act(vec![give(office.now, office.now + DAY)]).unwrap();
    let held = |t| office.register.operator(&code("chiba")).unwrap().profiles_at(t).count();
    assert_eq!([now - 1, now, now + DAY, now + 2 * DAY, april].map(held), [0, 0, 1, 0, 0]);
}

#[test]
fn who_left_a_post_does_not_come_back_to_it_after_a_short_time_as_deputy() {
    let mut office = Office::furnished();
    let (now, april) = (office.now, at(2027, 4, 1, 0));
    let hold = |from, to| {
        let (post, operator) = (code("vice"), code("aoki"));
        Change::HoldPost(HoldPost { post, operator, from, to, deputy: true })
    };
    office.approved(vec![hold(april, None)]).unwrap();
    let leave = LeavePost { post: code("vice"), operator: code("aoki"), effective: now };
    office.act(vec![Change::LeavePost(leave)]).unwrap();
    office.approved(vec![hold(now, Some(now + DAY))]).unwrap();
    let vice = office.register.post(&code("vice")).unwrap();
    let deputy = |t| vice.is_held_by(&code("aoki"), organisation::Capacity::Deputy, t);
    assert_eq!([now, now + DAY, april].map(deputy), [true, false, false]);
}

#[test]
fn a_card_woken_for_somebody_else_is_not_his_who_was_to_have_it_then() {
    let mut office = Office::furnished();
    let now = office.now;
    let spare = IssueCard { kind: CardKind::Spare, operator: None, dormant: true, ..issue(70, None) };
    office.act(vec![designate("doi"), Change::IssueCard(Box::new(spare))]).unwrap();
    let mut wake = |operator: &str, from, to| {
        let (card, operator, reason) = (guid(70), code(operator), code("lost"));
        let change = ActivateCard { card, operator, profiles: vec![], from, to, reason };
        office.act(vec![Change::ActivateCard(Box::new(change))]).unwrap();
    };
    wake("doi", now + 5 * DAY, now + 6 * DAY);
    wake("chiba", now, now + 10 * DAY);
    let card = office.register.card(&guid(70)).unwrap();
    let holder = |t| card.holder(t).map(|holder| holder.operator.to_string());
    let chiba = || Some("chiba".to_owned());
    assert_eq!([now, now + 5 * DAY, now + 6 * DAY, now + 10 * DAY].map(holder), [chiba(), chiba(), chiba(), None]);
}

#[test]
fn no_card_is_woken_once_it_is_revoked_whatever_date_the_act_names() {
    let mut office = Office::furnished();
    let spare = IssueCard { kind: CardKind::Spare, operator: None, dormant: true, ..issue(70, None) };
    office.act(vec![Change::IssueCard(Box::new(spare)), card_state(70, CardState::Revoked, office.now)]).unwrap();
    let (card, operator, reason) = (guid(70), code("chiba"), code("lost"));
    let wake = ActivateCard { card, operator, profiles: vec![], from: 0, to: office.now + DAY, reason };
    assert_eq!(code_of(office.act(vec![Change::ActivateCard(Box::new(wake))])), Err("card_final"));
    assert_eq!(
        code_of(office.act(vec![Change::ResetPin(ResetPin { card, identified: Identified::StaffCard })])),
        Err("card_final")
    );
}

#[test]
fn what_ended_has_ended_for_good() {
    let mut office = Office::furnished();
    let now = office.now;
    let operator = |state, effective| {
        Change::OperatorState(SetOperatorState { operator: code("chiba"), state, effective, reason: StateReason::None })
    };
    let terminal_state =
        |state, effective| Change::TerminalState(SetTerminalState { terminal: code("mado-1"), state, effective });
    let place = |state| section("zeimu", "税務課", state);
    let ends = vec![
        operator(OperatorState::Ended, now),
        terminal_state(TerminalUse::Retired, now),
        place(SectionState::Ended),
    ];
    office.act(ends).unwrap();
    office.now += DAY;
    let later = office.now + DAY;
    for back in [
        operator(OperatorState::Active, later),
        designate("chiba"),
        terminal_state(TerminalUse::Active, later),
        terminal(),
        place(SectionState::Open),
    ] {
        assert_eq!(code_of(office.act(vec![back.clone()])), Err("ended"), "{back:?}");
    }
    // A block is never refused, and softens nothing.
    let block = vec![
        operator(OperatorState::Suspended, now),
        terminal_state(TerminalUse::Suspended, now),
        place(SectionState::Suspended),
    ];
    assert_eq!(code_of(office.act(block)), Ok(()));
    assert_eq!(office.register.operator(&code("chiba")).unwrap().state(later), OperatorState::Ended);
    assert_eq!(office.register.terminal(&code("mado-1")).unwrap().state(later), TerminalUse::Retired);
    assert_eq!(office.register.section(&code("zeimu")).unwrap().state(later), Some(SectionState::Ended));
}

#[test]
fn an_end_that_is_announced_outlives_a_block_and_its_lift_and_can_be_called_off_before_it_comes() {
    let mut office = Office::furnished();
    let (now, end) = (office.now, office.now + 10 * DAY);
    let mut set = |state, effective| {
        let change = SetTerminalState { terminal: code("mado-1"), state, effective };
        office.act(vec![Change::TerminalState(change)]).unwrap();
        let place = office.register.terminal(&code("mado-1")).unwrap();
        [now, end - 1, end].map(|t| place.state(t))
    };
    use TerminalUse::{Active, Retired, Suspended};
    assert_eq!(set(Retired, end), [Active, Active, Retired]);
    assert_eq!(set(Suspended, now), [Suspended, Suspended, Retired]);
    assert_eq!(set(Active, now), [Active, Active, Retired]);
    assert_eq!(set(Active, end), [Active, Active, Active]);
}

#[test]
fn a_function_that_is_ended_is_not_revived_by_what_was_announced_before() {
    let mut office = Office::furnished();
    let later = office.now + DAY;
    let mut announced = office.draft(vec![
        function("juminhyo", Level::Session),
        Change::Purpose(SetPurpose {
            purpose: code("mado"),
            title: title("窓口"),
            functions: vec![],
            state: UseState::InUse,
        }),
    ]);
    announced.effective = Some(later);
    office.take(&sign_card(&announced, 1)).unwrap();
    let before = office.clone();
    let ended = SetFunction { state: UseState::Ended, ..set_function("juminhyo", Level::Session) };
    office.act(vec![Change::Function(ended)]).unwrap();
    let decided = |office: &Office, t| {
        let input = office.request();
        let (time, opened) = (t, Some(t - 1));
        let (note_time, note_until) = (Some(t), Some(t + 1));
        let input = sekisho_wire::decision::DecisionInput { time, opened, note_time, note_until, ..input };
        decide(&office.register, &input).code()
    };
    assert_eq!([office.now, later].map(|t| decided(&office, t)), [V::FunctionUnknown, V::FunctionUnknown]);
    assert!(!office.register.function(&code("juminhyo")).unwrap().is_in_use_at(later));
    // Brought back by a later word, it is back.
    office.act(vec![function("juminhyo", Level::Session)]).unwrap();
    assert_eq!([office.now, later].map(|t| decided(&office, t)), [V::Granted, V::Granted]);

    let mut office = before;
    let purpose =
        SetPurpose { purpose: code("mado"), title: title("窓口"), functions: vec![], state: UseState::Ended };
    office.act(vec![Change::Purpose(purpose)]).unwrap();
    assert_eq!([office.now, later].map(|t| decided(&office, t)), [V::PurposeUnknown, V::PurposeUnknown]);
}

#[test]
fn a_terminals_old_key_does_not_come_back_with_what_was_announced_for_later() {
    let mut office = Office::furnished();
    let later = office.now + DAY;
    let mut announced = office.draft(vec![terminal()]);
    announced.effective = Some(later);
    office.take(&sign_card(&announced, 1)).unwrap();
    let replaced = SetTerminal { key: edwards_public(41), ..set_terminal() };
    office.act(vec![Change::Terminal(Box::new(replaced))]).unwrap();
    office.now = later;
    let (state, reason, effective) = (CardState::Suspended, StateReason::Lost, later);
    let mut act = office.draft(vec![Change::CardState(SetCardState {
        card: guid(10),
        state,
        reason,
        effective,
        disposal: None,
    })]);
    act.post = None;
    let mut signed_with = |seed| code_of(office.take(&sign_edwards(&act, Signer::Terminal(code("mado-1")), seed)));
    assert_eq!(signed_with(TERMINAL_SEED), Err("signature_wrong"));
    assert_eq!(signed_with(41), Ok(()));
}

#[test]
fn a_card_and_a_permit_begin_with_their_act_whatever_they_say() {
    let mut office = Office::furnished();
    office.now += DAY;
    let now = office.now;
    let (operators, terminals, functions) = (codes(&["chiba"]), codes(&["mado-1"]), vec![]);
    let permit = GivePermit { operators, terminals, functions, from: 0, to: now + DAY, reason: code("tax") };
    let changes = vec![Change::IssueCard(Box::new(issue(11, Some("chiba")))), Change::Permit(Box::new(permit))];
    office.act(changes).unwrap();
    let card = office.register.card(&guid(11)).unwrap();
    assert_eq!([now - 1, now].map(|t| card.is_current(t)), [false, true]);
    let permit = office.register.permits().next().unwrap();
    assert_eq!([now - 1, now].map(|t| permit.is_in_force(t)), [false, true]);
}

#[test]
fn a_card_that_is_disposed_of_later_and_revoked_until_then_says_still_how_it_was_destroyed() {
    let mut office = Office::furnished();
    let now = office.now;
    office.act(vec![designate("doi"), Change::IssueCard(Box::new(issue(70, Some("doi"))))]).unwrap();
    office.act(vec![card_state(70, CardState::Disposed, now + DAY)]).unwrap();
    let said = office.register.card(&guid(70)).unwrap().disposal().cloned();
    assert!(said.is_some());
    office.act(vec![card_state(70, CardState::Revoked, now)]).unwrap();
    assert_eq!(office.register.card(&guid(70)).unwrap().disposal().cloned(), said);
    // Whoever says it again says how anew.
    office.now += DAY;
    let anew = Disposal { on: calendar::local_day(now), method: title("溶解"), person: code("baba"), witness: None };
    let disposed = SetCardState {
        card: guid(70),
        state: CardState::Disposed,
        reason: StateReason::Other,
        effective: office.now,
        disposal: Some(anew.clone()),
    };
    office.act(vec![Change::CardState(disposed)]).unwrap();
    let card = office.register.card(&guid(70)).unwrap();
    assert_eq!(card.state(office.now), CardState::Disposed);
    assert_eq!(card.disposal(), Some(&anew));
}
