//! A PIN that is typed on the reader: asked for once, judged by the card alone, never in anything that we send.

use std::time::Duration;

use sekisho_card::{Cause, Doing, LoginError, NotTyped, OperatorCard, Tries};
use sekisho_wire::words::Language;

use crate::script::{OPENING, Script};

const OUT: &str = "0020FF80 -> 9000";
const FEATURES: [u8; 12] = [0x06, 4, 0x42, 0x33, 0x00, 0x06, 0x07, 4, 0x42, 0x33, 0x00, 0x07];
const VERIFY: &str = "pad 42330006 1E0082080008060201110400000000 0D000000 0020008008FFFFFFFFFFFFFFFF";
const CHANGE: &str =
    "pad 42330007 1E00820800000808060302031104000102000000 15000000 0024008010FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
const DIGEST: [u8; 32] = [0xAB; 32];
const PATIENCE: Duration = Duration::from_secs(30);

/// The fields stand apart for people; on the wire they do not.
fn question(text: &str) -> String {
    let (head, fields) = text.split_at("pad 42330006 ".len());
    format!("{head}{}", fields.replace(' ', ""))
}

fn card(script: &str) -> OperatorCard<Script> {
    OperatorCard::open(Script::new(&[OPENING, script]).with_features(&FEATURES)).unwrap()
}

fn sign() -> String {
    format!("0087119A267C2482008120{}00 -> 7C0A820830060201010201029000", "AB".repeat(32))
}

#[test]
fn a_login_on_the_reader_is_the_same_login_and_our_part_of_it_has_no_pin() {
    let script = format!("{OUT}\n{} -> 9000\n{}\n{OUT}", question(VERIFY), sign());
    let script = Script::new(&[OPENING, &script]).with_features(&FEATURES);
    let tape = script.tape();
    let mut card = OperatorCard::open(script).unwrap();
    let asked = std::cell::Cell::new(0);
    let digest = || {
        asked.set(asked.get() + 1);
        // The card has taken the PIN by now, and not before.
        assert!(tape.borrow().sent.last().unwrap().starts_with("pad"));
        Some(DIGEST)
    };
    assert!(card.login_on_pad(PATIENCE, digest).unwrap().is_some());
    assert_eq!(asked.get(), 1);
    let sent = tape.borrow().sent.clone();
    assert!(sent.iter().all(|command| !command.starts_with("00200080")), "{sent:?}");
}

#[test]
fn who_gives_up_after_the_pin_leaves_the_card_logged_out() {
    let mut card = card(&format!("{OUT}\n{} -> 9000\n{OUT}", question(VERIFY)));
    assert_eq!(card.login_on_pad(PATIENCE, || None).unwrap(), None);
}

#[test]
fn what_the_reader_says_costs_no_try_and_what_the_card_says_is_told_as_ever() {
    let table = [
        ("6400", LoginError::NotTyped(NotTyped::TimedOut)),
        ("6401", LoginError::NotTyped(NotTyped::Cancelled)),
        ("6402", LoginError::NotTyped(NotTyped::Differs)),
        ("6403", LoginError::NotTyped(NotTyped::Length)),
        ("63C2", LoginError::WrongPin { tries_left: 2 }),
        ("6983", LoginError::Blocked),
        ("6A80", LoginError::RefusedByCard),
    ];
    for (answer, expected) in table {
        let mut logging_in = card(&format!("{OUT}\n{} -> {answer}\n{OUT}", question(VERIFY)));
        assert_eq!(logging_in.login_on_pad(PATIENCE, || Some(DIGEST)).unwrap_err(), expected, "{answer}");
        let mut changing = card(&format!("{OUT}\n{} -> {answer}\n{OUT}", question(CHANGE)));
        assert_eq!(changing.change_pin_on_pad(PATIENCE).unwrap_err(), expected, "{answer}");
        let untouched = matches!(expected, LoginError::NotTyped(_));
        assert_eq!(expected.tries() == Tries::Untouched, untouched, "{answer}");
    }
    for answer in ["6B80", "6F00", "90", ""] {
        let mut card = card(&format!("{OUT}\n{} -> {answer}\n{OUT}", question(VERIFY)));
        let error = card.login_on_pad(PATIENCE, || Some(DIGEST)).unwrap_err();
        assert!(matches!(error, LoginError::Card { tries: Tries::Unknown, .. }), "{answer}: {error}");
    }
}

#[test]
fn a_keypad_that_fails_says_what_to_do_and_nothing_is_asked_twice() {
    let mut card = card(&format!("{OUT}\n{} -> !fault\n{OUT}", question(VERIFY)));
    let error = card.login_on_pad(PATIENCE, || Some(DIGEST)).unwrap_err();
    let LoginError::Transport { error: transport, tries: Tries::Unknown } = &error else { panic!("{error}") };
    assert_eq!((transport.doing, transport.cause), (Doing::AskReader, Cause::ReaderFault));
    assert!(error.next_step(Language::English).contains("card.pin_pad"));
    assert!(error.in_words(Language::Japanese).contains("キーパッド"), "{}", error.in_words(Language::Japanese));
}

#[test]
fn a_reader_without_a_keypad_is_not_asked() {
    let mut none = OperatorCard::open(Script::new(&[OPENING])).unwrap();
    assert_eq!(none.login_on_pad(PATIENCE, || Some(DIGEST)).unwrap_err(), LoginError::NoPad);
    // Nor is one that checks PINs, and cannot change them.
    let mut verifies = OperatorCard::open(Script::new(&[OPENING]).with_features(&FEATURES[..6])).unwrap();
    assert_eq!(verifies.change_pin_on_pad(PATIENCE).unwrap_err(), LoginError::NoPad);
}
