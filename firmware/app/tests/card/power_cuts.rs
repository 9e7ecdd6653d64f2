//! Guesses, writes that fail while the power stays, and a flash that is not ours.

use sekisho_wire::status::Status;

use crate::powered::{Cut, Powered, Reached};
use crate::session::{NEW, PIN, PUK, Session, WRONG};

const BOTH: [Reached; 2] = [Reached::Bytes(0, 0), Reached::End];

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
        for reached in BOTH {
            let mut card = Session::blank();
            card.0.platform().cut(Cut { change: 0, reached });
            // The count could not be written, so nobody looked at what was typed.
            assert_eq!(make(&mut card), Status::MEMORY_FAILURE, "{name}");
            assert_ne!(card.pin_status(), Status::OK);
            let mut card = card.restart();
            assert_eq!(left(&mut card), if reached == Reached::End { 4 } else { 5 }, "{name}");
        }
    }
}

#[test]
fn a_wrong_guess_writes_once_before_anybody_looks() {
    for Guess { name, make, left } in GUESSES {
        let mut card = Session::blank();
        card.0.platform().cut(Cut { change: 1, reached: Reached::Bytes(0, 0) });
        assert_eq!(make(&mut card), Status::wrong_tries_left(4), "{name}");
        assert_eq!(card.0.platform().changes().len(), 1, "{name}");
        assert_eq!(left(&mut card.restart()), 4, "{name}");
    }
}

#[test]
fn a_right_guess_that_could_not_be_counted_looks_like_a_wrong_one() {
    for reached in BOTH {
        let mut card = Session::blank();
        card.0.platform().cut(Cut { change: 0, reached });
        assert_eq!(card.verify(PIN), Status::MEMORY_FAILURE);
        assert_eq!(card.reference(0x24, 0x80, PIN, NEW), Status::MEMORY_FAILURE);
        assert_eq!(card.reference(0x2C, 0x80, PUK, NEW), Status::MEMORY_FAILURE);
        assert_ne!(card.pin_status(), Status::OK);
        let mut card = card.restart();
        assert_eq!(card.verify(PIN), Status::OK, "nothing was changed");
    }
}

#[test]
fn a_right_pin_whose_power_is_cut_is_not_verified_and_not_called_wrong() {
    for reached in BOTH {
        let mut card = Session::blank();
        card.0.platform().cut(Cut { change: 1, reached });
        assert_eq!(card.verify(PIN), Status::MEMORY_FAILURE);
        assert_ne!(card.pin_status(), Status::OK);
        let mut card = card.restart();
        assert_eq!(left(&mut card), if reached == Reached::End { 5 } else { 4 });
        assert_eq!(card.verify(PIN), Status::OK);
    }
}

#[test]
fn guessing_with_cuts_ends_after_as_many_guesses_as_without() {
    for reached in BOTH {
        let mut card = Session::blank();
        let mut judged = 0;
        for round in 0..100 {
            card.0.platform().cut(Cut { change: round % 2, reached });
            let status = card.verify(WRONG);
            judged += u32::from(status.pin_tries_left().is_some() && status != Status::AUTHENTICATION_BLOCKED);
            card = card.restart();
        }
        let expected = if reached == Reached::End { 2 } else { 5 };
        assert_eq!(judged, expected, "a landed count costs a try without an answer");
        assert_eq!(card.verify(PIN), Status::AUTHENTICATION_BLOCKED);
    }
}

#[test]
fn a_flash_of_a_firmware_to_come_is_not_guessed_at() {
    let mut image = Session::blank().image();
    // The format in the header of the first half, and its complement (STORE.md §S4).
    let half = 2 * 4096;
    assert_eq!(image[half + 2..half + 4], [1, !1]);
    image[half + 2..half + 4].copy_from_slice(&[2, !2]);
    let mut card = Session::with(Powered::with(&image));
    assert_eq!(card.verify(PIN), Status::NO_PRECISE_DIAGNOSIS);
    assert_eq!(card.pin_status(), Status::NO_PRECISE_DIAGNOSIS);
    assert_eq!(card.image(), image, "and not touched");
}

#[test]
fn an_erased_flash_is_no_card() {
    let mut card = Session::with(Powered::erased());
    assert_eq!(card.raw(&[0x00, 0xA4, 0x04, 0x00, 5, 0xA0, 0, 0, 3, 8]).1, Status::NO_PRECISE_DIAGNOSIS);
}
