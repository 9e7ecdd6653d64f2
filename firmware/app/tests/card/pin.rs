//! PIN and PUK (§C10 to §C15).

use sekisho_wire::status::Status;

use crate::session::{NEW, PIN, PUK, Session, WRONG};

const CHANGE: u8 = 0x24;
const RESET: u8 = 0x2C;

#[test]
fn a_wrong_pin_counts_down_to_blocked_and_the_right_one_comes_too_late() {
    let mut card = Session::blank();
    for left in (0..5).rev() {
        assert_eq!(card.verify(WRONG), Status::wrong_tries_left(left));
    }
    assert_eq!(card.verify(PIN), Status::AUTHENTICATION_BLOCKED);
    assert_eq!(card.pin_status(), Status::AUTHENTICATION_BLOCKED);
    let mut card = card.restart();
    assert_eq!(card.verify(PIN), Status::AUTHENTICATION_BLOCKED);
}

#[test]
fn the_right_pin_gives_all_tries_back() {
    let mut card = Session::blank();
    assert_eq!(card.verify(WRONG), Status::wrong_tries_left(4));
    assert_eq!(card.verify(PIN), Status::OK);
    assert_eq!(card.pin_status(), Status::OK);
    assert_eq!(card.raw(&[0x00, 0x20, 0xFF, 0x80]).1, Status::OK);
    assert_eq!(card.pin_status(), Status::wrong_tries_left(5));
}

#[test]
fn a_wrong_pin_ends_the_verified_state() {
    let mut card = Session::blank();
    assert_eq!(card.verify(PIN), Status::OK);
    assert_eq!(card.verify(WRONG), Status::wrong_tries_left(4));
    assert_eq!(card.pin_status(), Status::wrong_tries_left(4));
}

#[test]
fn a_malformed_pin_costs_no_try() {
    let mut card = Session::blank();
    for field in
        [&b"12345\xFF\xFF\xFF"[..], b"123456", b"123456\xFF\xFF\xFF", b"123\xFF56\xFF\xFF", &[0xFF; 8], &[0; 8]]
    {
        assert_eq!(card.verify(field), Status::WRONG_DATA, "{field:02X?}");
    }
    assert_eq!(card.say(0x20, 0x00, 0x81, PUK).1, Status::REFERENCE_NOT_FOUND);
    assert_eq!(card.pin_status(), Status::wrong_tries_left(5));
}

#[test]
fn the_pin_changes_by_the_old_one() {
    let mut card = Session::blank();
    assert_eq!(card.reference(CHANGE, 0x80, WRONG, NEW), Status::wrong_tries_left(4));
    assert_eq!(card.reference(CHANGE, 0x80, PIN, NEW), Status::OK);
    assert_eq!(card.pin_status(), Status::wrong_tries_left(5), "a change is not a VERIFY");
    let mut card = card.restart();
    assert_eq!(card.verify(PIN), Status::wrong_tries_left(4));
    assert_eq!(card.verify(NEW), Status::OK);
}

#[test]
fn poor_choices_are_refused_and_cost_no_try() {
    let mut card = Session::blank();
    for poor in [b"111111\xFF\xFF", b"234567\xFF\xFF", b"98765432", b"abcdefg\xFF", b"4937\xFF\xFF\xFF\xFF"] {
        assert_eq!(card.reference(CHANGE, 0x80, PIN, poor), Status::WRONG_DATA, "{poor:02X?}");
        assert_eq!(card.reference(RESET, 0x80, PUK, poor), Status::WRONG_DATA, "{poor:02X?}");
    }
    assert_eq!(card.reference(CHANGE, 0x81, PUK, b"87654321"), Status::WRONG_DATA);
    assert_eq!(card.reference(CHANGE, 0x81, PUK, b"493716\xFF\xFF"), Status::WRONG_DATA);
    assert_eq!(card.pin_status(), Status::wrong_tries_left(5));
    assert_eq!(card.puk_left(), 5);
}

#[test]
fn the_puk_opens_a_blocked_pin_and_blocks_itself() {
    let mut card = Session::blank();
    while card.verify(WRONG) != Status::AUTHENTICATION_BLOCKED {}
    assert_eq!(card.reference(RESET, 0x80, b"73920461", NEW), Status::wrong_tries_left(4));
    assert_eq!(card.reference(RESET, 0x80, PUK, NEW), Status::OK);
    assert_eq!(card.puk_left(), 5);
    assert_eq!(card.verify(NEW), Status::OK);
    for left in (0..5).rev() {
        assert_eq!(card.reference(CHANGE, 0x81, b"73920461", b"84031572"), Status::wrong_tries_left(left));
    }
    assert_eq!(card.reference(RESET, 0x80, PUK, NEW), Status::AUTHENTICATION_BLOCKED);
    assert_eq!(card.verify(NEW), Status::OK, "a blocked PUK leaves the PIN alone");
}

#[test]
fn the_puk_changes_by_the_old_one() {
    let mut card = Session::blank();
    assert_eq!(card.reference(CHANGE, 0x81, PUK, b"73920461"), Status::OK);
    assert_eq!(card.reference(RESET, 0x80, PUK, NEW), Status::wrong_tries_left(4));
    assert_eq!(card.reference(RESET, 0x80, b"73920461", NEW), Status::OK);
}

#[test]
fn after_a_change_of_pin_or_puk_the_pin_has_to_be_shown_again() {
    for (instruction, reference, old, new) in
        [(CHANGE, 0x80, PIN, NEW), (CHANGE, 0x81, PUK, b"73920461"), (RESET, 0x80, PUK, NEW)]
    {
        let mut card = Session::blank();
        assert_eq!(card.verify(PIN), Status::OK);
        assert_eq!(card.reference(instruction, reference, old, new), Status::OK);
        assert_eq!(card.pin_status(), Status::wrong_tries_left(5), "{instruction:02X} {reference:02X}");
    }
}

#[test]
fn a_guess_of_any_wrong_shape_costs_no_try_and_opens_nothing() {
    let mut card = Session::blank();
    for reference in [0x80, 0x81] {
        for instruction in [CHANGE, RESET] {
            for length in (0..24).filter(|length| *length != 16) {
                let data: Vec<u8> = PIN.iter().chain(NEW).chain(NEW).copied().take(length).collect();
                let status = card.say(instruction, 0x00, reference, &data).1;
                assert!(!status.is_ok() && status.pin_tries_left().is_none(), "{instruction:02X} {length}: {status}");
            }
        }
    }
    assert_eq!(card.pin_status(), Status::wrong_tries_left(5));
    assert_eq!(card.puk_left(), 5);
    assert_eq!(card.verify(PIN), Status::OK, "nothing was changed");
}

#[test]
fn tries_are_set_by_the_issuer_with_the_pin_only() {
    let mut card = Session::blank();
    assert_eq!(card.say(0xFA, 3, 8, &[]).1, Status::SECURITY_STATUS_NOT_SATISFIED);
    card.manage_factory();
    assert_eq!(card.say(0xFA, 3, 8, &[]).1, Status::SECURITY_STATUS_NOT_SATISFIED);
    assert_eq!(card.verify(PIN), Status::OK);
    for (pin, puk) in [(0, 5), (5, 0), (16, 5), (5, 16)] {
        assert_eq!(card.say(0xFA, pin, puk, &[]).1, Status::WRONG_PARAMETERS);
    }
    assert_eq!(card.say(0xFA, 3, 8, &[]).1, Status::OK);
    assert_eq!(card.pin_status(), Status::wrong_tries_left(3));
    assert_eq!(card.puk_left(), 8);
}
