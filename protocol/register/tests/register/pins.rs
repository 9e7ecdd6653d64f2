//! How long a PIN lasts (§R3.24): since when it is in use, who may say so, and what becomes of it.

use sekisho_register::change::{Change, Identified, PinChanged, ResetPin, SetPolicy};
use sekisho_register::policy::{PinLasts, Policy};
use sekisho_register::{Act, FoldRefusal, Verdict, decide};
use sekisho_wire::cose::Signer;
use sekisho_wire::verdict::VerdictCode;

use crate::office::*;

const DAY: u64 = sekisho_register::calendar::DAY_MS;

/// An office whose PINs last thirty days, with the clerk's card of today.
fn thirty_days() -> Office {
    let mut office = Office::furnished();
    let policy = Policy { pin_lasts: Some(PinLasts::Days(30)), hours_enforced: false, ..Policy::default() };
    office.act(vec![Change::Policy(SetPolicy { policy })]).unwrap();
    office
}

fn said_by_terminal(office: &mut Office, changes: Vec<Change>) -> Result<(), FoldRefusal> {
    let act = Act { post: None, ..office.draft(changes) };
    office.take(&sign_edwards(&act, Signer::Terminal(code("mado-1")), TERMINAL_SEED)).map(drop)
}

fn changed(card: u8, at: u64) -> Change {
    Change::PinChanged(PinChanged { card: guid(card), at })
}

/// What is decided about the clerk's request at the office's time.
fn decided(office: &Office) -> VerdictCode {
    decide(&office.register, &office.request()).code()
}

#[test]
fn s2_11_2_4_a_pin_that_was_changed_at_a_terminal_lasts_anew_everywhere() {
    let mut office = thirty_days();
    office.now += 29 * DAY;
    assert_eq!(decided(&office), VerdictCode::Granted);
    office.now += DAY;
    assert_eq!(decided(&office), VerdictCode::PinExpired);
    // At that terminal at once, by what it says itself.
    let mut input = office.request();
    input.pin_changed = Some(office.now);
    assert_eq!(decide(&office.register, &input), Verdict::Granted);
    // A change to come is none.
    input.pin_changed = Some(input.time + 1);
    assert_eq!(decide(&office.register, &input).code(), VerdictCode::PinExpired);
    // Elsewhere when the register says so; also where that came hours later.
    let at = office.now;
    office.now += 3 * 60 * 60 * 1000;
    said_by_terminal(&mut office, vec![changed(10, at)]).unwrap();
    assert_eq!(decided(&office), VerdictCode::Granted);
    let card = office.register.card(&guid(10)).unwrap();
    assert_eq!(card.pin_since(office.now), Some(at));
    office.now += 30 * DAY;
    assert_eq!(decided(&office), VerdictCode::PinExpired);
}

#[test]
fn a_reset_begins_anew_and_an_older_change_that_comes_later_takes_nothing_back() {
    let mut office = thirty_days();
    let before = office.now;
    office.now += 40 * DAY;
    let reset = ResetPin { card: guid(10), identified: Identified::StaffCard };
    office.act(vec![Change::ResetPin(reset)]).unwrap();
    assert_eq!(decided(&office), VerdictCode::Granted);
    said_by_terminal(&mut office, vec![changed(10, before + DAY)]).unwrap();
    assert_eq!(decided(&office), VerdictCode::Granted);
}

#[test]
fn a_card_keeps_its_dates_and_only_its_holders_terminal_speaks_of_its_pin() {
    let mut office = thirty_days();
    let now = office.now;
    // Nobody else: whoever manages cards resets PINs, by an act that everybody sees.
    assert!(matches!(office.act(vec![changed(10, now)]), Err(FoldRefusal::SignerNotAllowed(_))));
    // Not of a day to come, not of a card that nobody has, not two in one act.
    assert!(matches!(said_by_terminal(&mut office, vec![changed(10, now + 1)]), Err(FoldRefusal::SignerNotAllowed(_))));
    assert!(matches!(said_by_terminal(&mut office, vec![changed(77, now)]), Err(FoldRefusal::Unknown(_))));
    let two = vec![changed(10, now), changed(1, now)];
    assert!(matches!(said_by_terminal(&mut office, two), Err(FoldRefusal::SignerNotAllowed(_))));
    // It loses no race with what is decided about the card meanwhile, and makes nobody else lose one.
    let act = office.draft(vec![Change::ResetPin(ResetPin { card: guid(10), identified: Identified::Known })]);
    said_by_terminal(&mut office, vec![changed(10, now)]).unwrap();
    office.take(&sign_card(&act, 1)).unwrap();
}

#[test]
fn a_counter_may_change_its_pins_on_one_day_and_blocks_cards_all_the_same() {
    let mut office = thirty_days();
    for told in 0..sekisho_register::fold::PIN_ACTS_A_DAY {
        let now = office.now;
        said_by_terminal(&mut office, vec![changed(10, now - u64::from(told))]).unwrap();
    }
    let now = office.now;
    assert!(matches!(said_by_terminal(&mut office, vec![changed(10, now)]), Err(FoldRefusal::TerminalLimit(_))));
    let block = sekisho_register::change::SetCardState {
        card: guid(10),
        state: sekisho_register::change::CardState::Suspended,
        reason: sekisho_register::change::StateReason::Lost,
        effective: now,
        disposal: None,
    };
    said_by_terminal(&mut office, vec![Change::CardState(block)]).unwrap();
}

#[test]
fn without_a_rule_a_pin_lasts_and_by_default_it_lasts_the_fiscal_year() {
    let mut office = Office::furnished();
    let ends = |office: &Office| {
        let card = office.register.card(&guid(10)).unwrap();
        office.register.pin_ends(card, None, office.now)
    };
    assert_eq!(ends(&office), Some(at(2027, 4, 1, 0)));
    let policy = Policy { pin_lasts: None, ..Policy::default() };
    office.act(vec![Change::Policy(SetPolicy { policy })]).unwrap();
    assert_eq!(ends(&office), None);
}
