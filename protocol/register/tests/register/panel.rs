//! What a panel may, and what it may not: the key of a terminal lies on a disk (§R3.9).

use sekisho_register::change::*;
use sekisho_register::*;
use sekisho_wire::cose::Signer;
use sekisho_wire::verdict::VerdictCode;

use crate::limits::{code_of, third_administrator};
use crate::office::*;
use crate::recovery::{announce, end, new_keys};

const MINUTE: u64 = 60 * 1000;
const DAY: u64 = 24 * 60 * MINUTE;

fn lost(office: &Office, card: u8) -> Change {
    let (state, reason) = (CardState::Suspended, StateReason::Damaged);
    Change::CardState(SetCardState { card: guid(card), state, reason, effective: office.now, disposal: None })
}

fn paper() -> Option<Paper> {
    Some(Paper { post: code("vice"), document: title("白総第12号"), decided: calendar::local_day(tuesday_ten()) })
}

fn from_panel(office: &mut Office, changes: Vec<Change>) -> Result<(), &'static str> {
    let mut act = office.draft(changes);
    act.post = None;
    code_of(office.take(&sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)))
}

#[test]
fn a_panel_blocks_one_card_that_is_in_use_and_at_once() {
    let mut office = Office::furnished();
    let two = vec![lost(&office, 10), lost(&office, 1)];
    assert_eq!(from_panel(&mut office, two), Err("signer_not_allowed"));
    let now = office.now;
    for effective in [0, now - 1, now + 1] {
        let change = SetCardState {
            card: guid(10),
            state: CardState::Suspended,
            reason: StateReason::Lost,
            effective,
            disposal: None,
        };
        assert_eq!(from_panel(&mut office, vec![Change::CardState(change)]), Err("signer_not_allowed"));
    }
    let change = lost(&office, 10);
    assert_eq!(from_panel(&mut office, vec![change.clone()]), Ok(()));
    assert_eq!(from_panel(&mut office, vec![change]), Err("card_not_active"));
}

#[test]
fn what_a_panel_reports_is_refused_by_the_rule_that_it_breaks() {
    let base = Office::furnished();
    let retire = |office: &mut Office, state| {
        let change = SetTerminalState { terminal: code("mado-1"), state, effective: office.now };
        office.act(vec![Change::TerminalState(change)]).unwrap();
    };
    let report = |office: &mut Office, change: fn(&mut Act)| {
        let change_of_card = lost(office, 10);
        let mut act = office.draft(vec![change_of_card]);
        act.post = None;
        change(&mut act);
        // What is dated otherwise is about that moment.
        if let [Change::CardState(state)] = act.changes.as_mut_slice() {
            state.effective = act.made;
        }
        sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)
    };
    let same: fn(&mut Act) = |_| {};
    /// What is changed in the act; what the fold says, and the ledger by its clock.
    type Row = (fn(&mut Act), Result<(), &'static str>, Result<(), &'static str>);
    let rows: [Row; 7] = [
        (same, Ok(()), Ok(())),
        (|act| act.office = sekisho_wire::id::OfficeId([9; 16]), Err("other_office"), Err("other_office")),
        (|act| act.log = Log::Casebook, Err("other_log"), Err("other_log")),
        // Nobody else has acted since: the fold cannot know, the ledger's clock does.
        (|act| act.made -= 10 * MINUTE + 1, Err("made_too_early"), Err("made_too_early")),
        (|act| (act.made, act.expires) = (act.made + 3 * MINUTE, act.made + DAY), Ok(()), Err("made_in_future")),
        (|act| act.expires = act.made, Err("lifetime"), Err("lifetime")),
        // It keeps nobody's papers.
        (|act| act.paper = paper(), Err("value_wrong"), Err("value_wrong")),
    ];
    for (row, (change, folded, asked)) in rows.into_iter().enumerate() {
        let mut office = base.clone();
        let entry = report(&mut office, change);
        assert_eq!(code_of(office.register.would_accept(&entry, office.now)), asked, "row {row}");
        assert_eq!(code_of(office.register.fold(&entry)), folded, "row {row}");
        let state = office.register.card(&guid(10)).unwrap().state(office.now);
        assert_eq!(state == CardState::Suspended, folded.is_ok(), "row {row}");
    }
    for state in [TerminalUse::Suspended, TerminalUse::Retired] {
        let mut office = base.clone();
        let before = report(&mut office, same);
        retire(&mut office, state);
        for entry in [before, report(&mut office, same)] {
            assert_eq!(code_of(office.register.clone().fold(&entry)), Err("signer_not_current"), "{state:?}");
        }
    }
    // The same bytes twice, and the same report in another act: it blocks once.
    let mut office = base;
    let entry = report(&mut office, same);
    assert_eq!(code_of(office.register.fold(&entry)), Ok(()));
    assert_eq!(code_of(office.register.fold(&entry)), Err("repeated"));
    let later = report(&mut office, |act| (act.made, act.expires) = (act.made + 1, act.expires + 1));
    assert_eq!(code_of(office.register.fold(&later)), Err("card_not_active"));
}

#[test]
fn a_panel_never_takes_the_last_two_cards_that_can_decide() {
    let mut office = Office::furnished();
    let change = lost(&office, 1);
    assert_eq!(from_panel(&mut office, vec![change.clone()]), Err("too_few_signers"));
    // A third administrator's card makes room for one.
    let hold = HoldPost { post: code("vice"), operator: code("chiba"), from: office.now, to: None, deputy: false };
    office.approved(vec![Change::HoldPost(hold)]).unwrap();
    assert_eq!(from_panel(&mut office, vec![change]), Ok(()));
    let next = lost(&office, 2);
    assert_eq!(from_panel(&mut office, vec![next]), Err("too_few_signers"));
}

#[test]
fn a_panel_takes_the_card_of_the_one_who_is_left_and_can_only_object() {
    let mut office = Office::furnished();
    office.approved(vec![card_state(2, CardState::Revoked, office.now)]).unwrap();
    let aoki = lost(&office, 1);
    assert_eq!(from_panel(&mut office.clone(), vec![aoki.clone()]), Ok(()));
    let announces = |office: &mut Office| {
        let cards = [issue_signing(3, "aoki"), issue_signing(4, "baba")];
        let cards = cards.into_iter().map(|card| Change::IssueCard(Box::new(card)));
        let changes = cards.chain([new_keys([33, 34, 35])]).collect();
        let entry = office.recovery_act(vec![announce(changes)], &[30, 31]);
        office.take(&entry).unwrap().id
    };
    // While a recovery is announced he may be the last one who knows that it is none.
    let announced = announces(&mut office);
    assert_eq!(from_panel(&mut office, vec![aoki.clone()]), Err("too_few_signers"));
    office.act(vec![end(announced, RecoveryEnd::Objected)]).unwrap();
    // Whoever objected with a stolen card does so once.
    assert_eq!(from_panel(&mut office, vec![aoki]), Ok(()));
    let announced = announces(&mut office);
    let objection = office.act(vec![end(announced, RecoveryEnd::Objected)]);
    assert_eq!(objection.map_err(|refusal| refusal.code()).map(drop), Err("signer_not_current"));
}

#[test]
fn a_panel_never_leaves_one_person_with_two_cards_where_two_must_decide() {
    let mut office = Office::furnished();
    let second = IssueCard { kind: CardKind::CardManagement, ..issue_signing(3, "aoki") };
    office.approved(vec![Change::IssueCard(Box::new(second))]).unwrap();
    let baba = lost(&office, 2);
    assert_eq!(from_panel(&mut office, vec![baba]), Err("too_few_signers"));
    // One of two cards of one person may go.
    let aoki = lost(&office, 1);
    assert_eq!(from_panel(&mut office, vec![aoki]), Ok(()));
}

#[test]
fn what_a_panel_blocks_is_blocked_for_clocks_behind_its_own() {
    let mut office = Office::furnished();
    let earlier = office.now;
    office.now += 5 * MINUTE;
    let change = lost(&office, 10);
    assert_eq!(from_panel(&mut office, vec![change]), Ok(()));
    // No person's act has come since: the newest `made` stands before the panel's clock.
    assert_eq!(office.register.newest_made(), earlier);
    // What it stands on is the panel's act all the same, and says when that was made.
    let said = office.register.card(&guid(10)).unwrap().state_said(earlier).unwrap();
    assert_eq!((said.effective, said.index), (earlier, office.register.size() - 1));
    office.now = earlier + MINUTE;
    assert_eq!(decide(&office.register, &office.request()).code(), VerdictCode::CardSuspended);

    let mut office = Office::furnished();
    third_administrator(&mut office);
    office.now += 5 * MINUTE;
    let change = lost(&office, 4);
    assert_eq!(from_panel(&mut office, vec![change]), Ok(()));
    office.now -= 4 * MINUTE;
    let mut act = office.draft(vec![designate("doi")]);
    act.post = Some(code("vice"));
    assert_eq!(code_of(office.register.fold(&sign_card(&act, 4))), Err("signer_not_current"));
    // A lift counts also when its clock is behind the panel's.
    let (state, reason) = (CardState::Active, StateReason::None);
    let lift = SetCardState { card: guid(4), state, reason, effective: office.now, disposal: None };
    assert_eq!(code_of(office.act(vec![Change::CardState(lift)])), Ok(()));
    assert_eq!(office.register.card(&guid(4)).unwrap().state(office.now), CardState::Active);
}

#[test]
fn a_panel_reports_five_times_a_day() {
    let mut office = Office::furnished();
    let mut once = |day: u64| {
        office.now = tuesday_ten() + day * DAY;
        let mut act = office.draft(vec![Change::Open(Box::new(crate::fold::incident("mado-1")))]);
        (act.post, act.log) = (None, Log::Casebook);
        let entry = sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED);
        let asked = code_of(office.would_file(&entry));
        let folded = code_of(office.file(&entry));
        assert_eq!(asked, folded);
        folded
    };
    assert!((0..5).all(|_| once(0).is_ok()));
    assert_eq!(once(0), Err("terminal_limit"));
    assert_eq!(once(1), Ok(()));
}

#[test]
fn a_panel_signs_five_acts_a_day() {
    let mut office = Office::furnished();
    let mut once = |day: u64| {
        office.now = tuesday_ten() + day * DAY;
        let change = lost(&office, 10);
        let blocked = from_panel(&mut office, vec![change]);
        if blocked.is_ok() {
            office.act(vec![card_state(10, CardState::Active, office.now)]).unwrap();
        }
        blocked
    };
    assert!((0..5).all(|_| once(0).is_ok()));
    assert_eq!(once(0), Err("terminal_limit"));
    assert_eq!(once(1), Ok(()));
}

#[test]
fn a_panels_act_from_the_future_puts_no_other_act_into_the_past() {
    let mut office = Office::furnished();
    office.now = at(2100, 1, 1, 0);
    let mut act = office.draft(vec![lost(&office.clone(), 10)]);
    act.post = None;
    let entry = sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED);
    office.register.fold(&entry).unwrap();
    office.now = tuesday_ten();
    assert_eq!(office.register.newest_made(), office.now);
    assert_eq!(code_of(office.act(vec![designate("doi")])), Ok(()));
}
