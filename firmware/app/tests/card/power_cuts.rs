//! Every write is broken twice: it failed, and it failed but landed; after it the power is gone.

use sekisho_card_app::platform::Record;
use sekisho_wire::status::Status;

use crate::breakable::Broken;
use crate::session::{NEW, PIN, PUK, Session, WRONG};

const BOTH: [Broken; 2] = [Broken::Failed, Broken::FailedButLanded];

const WRONG_PUK: &[u8; 8] = b"73920461";
const NEW_PUK: &[u8; 8] = b"84031572";

/// PIN tries left, asked of a card that nobody has verified.
fn left(card: &mut Session) -> u8 {
    card.pin_status().pin_tries_left().expect("nobody has verified")
}

/// A wrong guess, and the tries that are left of what it guessed at.
struct Guess {
    name: &'static str,
    make: fn(&mut Session) -> Status,
    left: fn(&mut Session) -> u8,
}

/// Every command that compares what was typed.
const GUESSES: [Guess; 4] = [
    Guess { name: "VERIFY", make: |card| card.verify(WRONG), left },
    Guess { name: "CHANGE PIN", make: |card| card.reference(0x24, 0x80, WRONG, NEW), left },
    Guess { name: "CHANGE PUK", make: |card| card.reference(0x24, 0x81, WRONG_PUK, NEW_PUK), left: Session::puk_left },
    Guess { name: "RESET PIN", make: |card| card.reference(0x2C, 0x80, WRONG_PUK, NEW), left: Session::puk_left },
];

#[test]
fn a_guess_is_never_free() {
    for Guess { name, make, left } in GUESSES {
        for how in BOTH {
            let mut card = Session::blank();
            card.0.platform().break_at(0, how);
            // The count could not be written, so nobody looked at what was typed.
            assert_eq!(make(&mut card), Status::MEMORY_FAILURE, "{name}");
            assert_ne!(card.pin_status(), Status::OK);
            let mut card = card.restart();
            assert_eq!(left(&mut card), if how == Broken::Failed { 5 } else { 4 }, "{name}");
        }
    }
}

#[test]
fn a_right_guess_that_could_not_be_counted_looks_like_a_wrong_one() {
    for how in BOTH {
        let mut card = Session::blank();
        card.0.platform().break_at(0, how);
        assert_eq!(card.verify(PIN), Status::MEMORY_FAILURE);
        assert_eq!(card.reference(0x24, 0x80, PIN, NEW), Status::MEMORY_FAILURE);
        assert_eq!(card.reference(0x2C, 0x80, PUK, NEW), Status::MEMORY_FAILURE);
        assert_ne!(card.pin_status(), Status::OK);
        let mut card = card.restart();
        assert_eq!(card.verify(PIN), Status::OK, "nothing was changed");
    }
}

#[test]
fn a_wrong_guess_whose_power_is_cut_has_cost_its_try() {
    for Guess { name, make, left } in GUESSES {
        let mut card = Session::blank();
        // A wrong guess writes once, before the comparison: cutting every later write changes nothing.
        card.0.platform().break_at(1, Broken::Failed);
        assert_eq!(make(&mut card), Status::wrong_tries_left(4), "{name}");
        assert_eq!(card.0.platform().writes, 1, "{name}");
        assert_eq!(left(&mut card.restart()), 4, "{name}");
    }
}

#[test]
fn a_right_pin_whose_power_is_cut_is_not_verified_and_not_called_wrong() {
    for how in BOTH {
        let mut card = Session::blank();
        card.0.platform().break_at(1, how);
        assert_eq!(card.verify(PIN), Status::MEMORY_FAILURE);
        assert_ne!(card.pin_status(), Status::OK);
        let mut card = card.restart();
        assert_eq!(left(&mut card), if how == Broken::Failed { 4 } else { 5 });
        assert_eq!(card.verify(PIN), Status::OK);
    }
}

#[test]
fn guessing_with_cuts_ends_after_as_many_guesses_as_without() {
    for how in BOTH {
        let mut card = Session::blank();
        let mut judged = 0;
        for round in 0..100 {
            card.0.platform().break_at(round % 2, how);
            let status = card.verify(WRONG);
            judged += u32::from(status.pin_tries_left().is_some() && status != Status::AUTHENTICATION_BLOCKED);
            card = card.restart();
        }
        assert_eq!(judged, if how == Broken::Failed { 5 } else { 2 }, "a landed count costs a try without an answer");
        assert_eq!(card.verify(PIN), Status::AUTHENTICATION_BLOCKED);
    }
}

#[test]
fn a_change_that_is_cut_leaves_the_old_pin_or_the_new_one() {
    let mut cuts = 0;
    for how in BOTH {
        for write in 0.. {
            let mut card = Session::blank();
            card.0.platform().break_at(write, how);
            let status = card.reference(0x24, 0x80, PIN, NEW);
            let done = card.0.platform().writes <= write;
            assert_eq!(status, if done { Status::OK } else { Status::MEMORY_FAILURE });
            let mut card = card.restart();
            let (old, new) = (card.verify(PIN), card.verify(NEW));
            assert!(old.is_ok() != new.is_ok(), "write {write} {how:?}: old {old}, new {new}");
            if done {
                break;
            }
            cuts += 1;
        }
    }
    assert_eq!(cuts, 6, "three writes, each broken twice");
}

#[test]
fn an_unblocking_that_is_cut_can_be_done_again_and_never_revives_the_old_pin() {
    let mut cuts = 0;
    for how in BOTH {
        for write in 0.. {
            let mut card = Session::blank();
            while card.verify(WRONG) != Status::AUTHENTICATION_BLOCKED {}
            card.0.platform().break_at(write, how);
            let status = card.reference(0x2C, 0x80, PUK, NEW);
            let done = card.0.platform().writes <= write;
            assert_eq!(status, if done { Status::OK } else { Status::MEMORY_FAILURE });
            let mut card = card.restart();
            assert!(!card.verify(PIN).is_ok(), "write {write} {how:?}");
            assert_eq!(card.reference(0x2C, 0x80, PUK, NEW), Status::OK, "write {write} {how:?}");
            assert_eq!(card.verify(NEW), Status::OK);
            if done {
                break;
            }
            cuts += 1;
        }
    }
    assert_eq!(cuts, 8, "four writes, each broken twice");
}

#[test]
fn a_key_that_is_cut_is_no_key_or_the_whole_key_and_never_beside_a_foreign_certificate() {
    let mut cuts = 0;
    for how in BOTH {
        for write in 0.. {
            let mut card = Session::blank();
            card.manage_factory();
            assert_eq!(card.generate(0x9E).1, Status::OK);
            let certificate = [0x5C, 0x03, 0x5F, 0xC1, 0x01, 0x53, 0x01, 0xAA];
            assert_eq!(card.say(0xDB, 0x3F, 0xFF, &certificate).1, Status::OK);
            let old = card.say(0xF7, 0, 0x9E, &[]).0;
            card.0.platform().break_at(write, how);
            let status = card.generate(0x9E).1;
            let done = card.0.platform().writes <= write;
            assert_eq!(status, if done { Status::OK } else { Status::MEMORY_FAILURE });
            let mut card = card.restart();
            let has_certificate = card.say(0xCB, 0x3F, 0xFF, &certificate[..5]).1.is_ok();
            let is_old = card.say(0xF7, 0, 0x9E, &[]).0 == old;
            assert!(!has_certificate || is_old, "write {write} {how:?}");
            assert_eq!(card.sign(0x9E, &[1; 32]).1, Status::OK, "some key is whole");
            if done {
                break;
            }
            cuts += 1;
        }
    }
    assert_eq!(cuts, 4, "two writes, each broken twice");
}

#[test]
fn a_record_from_the_future_is_not_guessed_at() {
    let mut card = Session::blank();
    card.0.platform().set_version(Record::PinTally, 2);
    assert_eq!(card.verify(PIN), Status::NO_PRECISE_DIAGNOSIS);
    assert_eq!(card.pin_status(), Status::NO_PRECISE_DIAGNOSIS);
}
