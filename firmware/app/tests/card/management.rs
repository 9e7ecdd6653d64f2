//! The management key, and every way round it that somebody thought of (§C18, §C19; CVE-2025-25201 was one).

use sekisho_card_app::FACTORY_MANAGEMENT_KEY as KEY;
use sekisho_wire::piv::{TAG_CHALLENGE, TAG_RESPONSE, TAG_WITNESS};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::Tag;

use crate::session::{PIN, Session, decrypt, encrypt};

const REFUSED: Status = Status::SECURITY_STATUS_NOT_SATISFIED;
const OTHER_KEY: [u8; 32] = [9; 32];

#[test]
fn both_dialogues_open_the_card_to_the_right_key() {
    let mut card = Session::blank();
    assert!(!card.is_managed());
    assert_eq!(card.manage(&KEY), Status::OK);
    assert!(card.is_managed());

    let mut card = Session::blank();
    let response = encrypt(&KEY, card.challenge());
    assert_eq!(card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &response)]).1, Status::OK);
    assert!(card.is_managed());
}

#[test]
fn the_wrong_key_opens_nothing() {
    let mut card = Session::blank();
    assert_eq!(card.manage(&OTHER_KEY), REFUSED);
    assert!(!card.is_managed());
    let response = encrypt(&OTHER_KEY, card.challenge());
    assert_eq!(card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &response)]).1, REFUSED);
    assert!(!card.is_managed());
}

#[test]
fn the_pin_does_not_stand_for_the_management_key() {
    let mut card = Session::blank();
    assert_eq!(card.verify(PIN), Status::OK);
    assert!(!card.is_managed());
}

#[test]
fn nothing_that_was_not_asked_for_is_an_answer() {
    let zero = [0; 16];
    let of_zero = encrypt(&KEY, zero);
    let attempts: [&[(Tag, &[u8])]; 14] = [
        &[],
        &[(TAG_RESPONSE, &[])],
        &[(TAG_RESPONSE, &zero)],
        &[(TAG_RESPONSE, &of_zero)],
        &[(TAG_WITNESS, &zero)],
        &[(TAG_WITNESS, &zero), (TAG_CHALLENGE, &zero)],
        &[(TAG_WITNESS, &of_zero), (TAG_CHALLENGE, &zero)],
        &[(TAG_WITNESS, &[]), (TAG_CHALLENGE, &[])],
        &[(TAG_WITNESS, &[]), (TAG_CHALLENGE, &zero)],
        &[(TAG_WITNESS, &[]), (TAG_RESPONSE, &zero)],
        &[(TAG_CHALLENGE, &zero)],
        &[(TAG_CHALLENGE, &zero), (TAG_RESPONSE, &[])],
        &[(TAG_CHALLENGE, &[]), (TAG_RESPONSE, &zero)],
        &[(TAG_WITNESS, &zero), (TAG_CHALLENGE, &zero), (TAG_RESPONSE, &zero)],
    ];
    let before: [fn(&mut Session); 3] =
        [|_| {}, |card| assert_ne!(card.witness(), [0; 16]), |card| assert_ne!(card.challenge(), [0; 16])];
    for prepare in before {
        for attempt in attempts {
            let mut card = Session::blank();
            prepare(&mut card);
            let (data, status) = card.authenticate(0x0C, 0x9B, attempt);
            assert_ne!(status, Status::OK, "{attempt:02X?}");
            assert!(data.is_empty(), "the card encrypts nothing for strangers");
            assert!(!card.is_managed(), "{attempt:02X?}");
        }
    }
}

#[test]
fn short_answers_are_wrong_answers() {
    for length in 0..16 {
        let mut card = Session::blank();
        let response = encrypt(&KEY, card.challenge());
        assert_eq!(card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &response[..length])]).1, REFUSED);
        let witness = decrypt(&KEY, card.witness());
        let parts: [(Tag, &[u8]); 2] = [(TAG_WITNESS, &witness[..length]), (TAG_CHALLENGE, &[1; 16])];
        assert_ne!(card.authenticate(0x0C, 0x9B, &parts).1, Status::OK);
        assert!(!card.is_managed());
    }
}

#[test]
fn a_witness_or_challenge_serves_one_attempt() {
    let mut card = Session::blank();
    let witness = decrypt(&KEY, card.witness());
    let right: [(Tag, &[u8]); 2] = [(TAG_WITNESS, &witness), (TAG_CHALLENGE, &[1; 16])];
    let wrong: [(Tag, &[u8]); 2] = [(TAG_WITNESS, &[0; 16]), (TAG_CHALLENGE, &[1; 16])];
    assert_eq!(card.authenticate(0x0C, 0x9B, &wrong).1, REFUSED);
    assert_eq!(card.authenticate(0x0C, 0x9B, &right).1, REFUSED, "after a wrong one");

    let response = encrypt(&KEY, card.challenge());
    assert_eq!(card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &response)]).1, Status::OK);
    card.0.reset();
    assert_eq!(card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &response)]).1, REFUSED, "after a reset");
    assert!(!card.is_managed());
}

#[test]
fn an_answer_of_one_dialogue_is_none_of_the_other() {
    let mut card = Session::blank();
    let encrypted = card.witness();
    assert_eq!(card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &encrypted)]).1, REFUSED);
    let challenge = card.challenge();
    let parts: [(Tag, &[u8]); 2] = [(TAG_WITNESS, &encrypt(&KEY, challenge)), (TAG_CHALLENGE, &[1; 16])];
    assert_eq!(card.authenticate(0x0C, 0x9B, &parts).1, REFUSED);
    assert!(!card.is_managed());
}

#[test]
fn every_witness_and_challenge_is_another() {
    let mut card = Session::blank();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        assert!(seen.insert(card.witness()));
        assert!(seen.insert(card.challenge()));
    }
}

#[test]
fn a_failed_attempt_ends_what_was_open() {
    let mut card = Session::blank();
    card.manage_factory();
    assert_eq!(card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &[0; 16])]).1, REFUSED);
    assert!(!card.is_managed());
    card.manage_factory();
    assert_eq!(card.say(0x87, 0x0C, 0x9B, &[0x7C]).1, Status::WRONG_DATA);
    assert!(!card.is_managed());
    // AES-128, 3DES, and a number that stands for nothing.
    for algorithm in [0x08, 0x03, 0x77] {
        card.manage_factory();
        assert_eq!(card.authenticate(algorithm, 0x9B, &[(TAG_WITNESS, &[])]).1, Status::WRONG_PARAMETERS);
        assert!(!card.is_managed(), "{algorithm:02X}");
    }
}

#[test]
fn reset_forgets_the_management_key_was_shown() {
    let mut card = Session::blank();
    card.manage_factory();
    card.0.reset();
    assert!(!card.is_managed());
}

#[test]
fn the_key_is_replaced_by_who_holds_the_old_one() {
    let mut card = Session::blank();
    let command = |key: &[u8]| [&[0x0C, 0x9B, 0x20][..], key].concat();
    assert_eq!(card.say(0xFF, 0xFF, 0xFF, &command(&OTHER_KEY)).1, REFUSED);
    card.manage_factory();
    assert_eq!(card.say(0xFF, 0xFF, 0xFF, &command(&OTHER_KEY[..31])).1, Status::WRONG_DATA);
    assert_eq!(card.say(0xFF, 0xFF, 0xFF, &command(&OTHER_KEY)).1, Status::OK);
    let mut card = card.restart();
    assert_eq!(card.manage(&KEY), REFUSED);
    assert_eq!(card.manage(&OTHER_KEY), Status::OK);
}
