//! What may be said of a PIN, and how often it is sent.

use sekisho_card::{CardCause, Disposition, LoginError, OperatorCard, Tries};
use sekisho_wire::grant::GRANT_MAX;
use sekisho_wire::secret::{Pin, PinRefused};

use crate::script::{OPENING, Script};

const OUT: &str = "0020FF80 -> 9000";
const VERIFY: &str = "0020008008343933373136FFFF";
/// The question for the policy, and the answer of a card that has none.
const POLICY: &str = "00CB3FFF055C035FFF2000";
const NO_POLICY: &str = "00CB3FFF055C035FFF2000 -> 6A82";
const DIGEST: [u8; 32] = [0xAB; 32];

fn pin(typed: &[u8]) -> Pin {
    Pin::parse(typed).unwrap()
}

/// GENERAL AUTHENTICATE with the digest, and r = 1, s = 2 for an answer.
fn sign(slot: &str) -> String {
    format!("008711{slot}267C2482008120{}00", "AB".repeat(32))
}

const SIGNATURE: &str = "7C0A82083006020101020102 9000";

fn signature() -> String {
    SIGNATURE.replace(' ', "")
}

#[test]
fn a_login_is_four_commands_and_begins_and_ends_logged_out() {
    for (slot, act) in [("9A", false), ("9C", true)] {
        let script = format!("{OUT}\n{VERIFY} -> 9000\n{} -> {}\n{OUT}", sign(slot), signature());
        let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
        let made = if act { card.sign_act(&pin(b"493716"), &DIGEST) } else { card.login(&pin(b"493716"), &DIGEST) };
        let mut expected = [0; 64];
        (expected[31], expected[63]) = (1, 2);
        assert_eq!(made.unwrap(), expected);
        assert_eq!(card.guid().to_string(), "0102030405060708090a0b0c0d0e0f10");
    }
}

#[test]
fn presence_costs_one_command_and_no_pin() {
    let script = format!("{} -> {}", sign("9E"), signature());
    let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
    card.prove_presence(&DIGEST).unwrap();
}

#[test]
fn only_the_card_calls_a_pin_wrong() {
    let table: [(&str, LoginError); 4] = [
        ("63C4", LoginError::WrongPin { tries_left: 4 }),
        ("63C0", LoginError::Blocked),
        ("6983", LoginError::Blocked),
        ("6A80", LoginError::RefusedByCard),
    ];
    for (answer, expected) in table {
        let script = format!("{OUT}\n{VERIFY} -> {answer}\n{OUT}");
        let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
        assert_eq!(card.login(&pin(b"493716"), &DIGEST).unwrap_err(), expected, "{answer}");
    }
    for answer in ["6581", "6982", "6F00", "6300", "6C08", "90", ""] {
        let script = format!("{OUT}\n{VERIFY} -> {answer}\n{OUT}");
        let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
        let error = card.login(&pin(b"493716"), &DIGEST).unwrap_err();
        assert!(matches!(error, LoginError::Card { tries: Tries::Unknown, .. }), "{answer}: {error}");
    }
}

#[test]
fn a_change_that_fails_without_a_count_is_judged_by_the_count() {
    for (count, expected) in [
        ("63C2", Some(LoginError::WrongPin { tries_left: 2 })),
        ("63C0", Some(LoginError::Blocked)),
        ("6983", Some(LoginError::Blocked)),
        ("9000", None),
    ] {
        // The policy first, which this card does not know.
        let script = format!(
            "00CB3FFF055C035FFF2000 -> 6A80\n{OUT}\n0024008010343933373136FFFF383035323934FFFF -> 6300\n00200080 -> {count}\n{OUT}"
        );
        let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
        let error = card.change_pin(&pin(b"493716"), &pin(b"805294")).unwrap_err();
        match expected {
            Some(expected) => assert_eq!(error, expected, "{count}"),
            None => assert!(matches!(error, LoginError::Card { tries: Tries::Unknown, .. }), "{count}: {error}"),
        }
    }
}

#[test]
fn a_transport_that_fails_leaves_the_tries_open_and_the_pin_unsent() {
    let signed = format!("{OUT}\n{VERIFY} -> 9000\n{}", sign("9A"));
    let table = [
        ("0020FF80 -> !fault".to_owned(), Tries::Untouched, 0),
        (format!("{OUT}\n{VERIFY} -> !fault\n{OUT}"), Tries::Unknown, 1),
        (format!("{OUT}\n{VERIFY} -> !fault\n0020FF80 -> !fault"), Tries::Unknown, 1),
        (format!("{signed} -> !fault\n{OUT}"), Tries::Full, 1),
        (format!("{signed} -> {}\n0020FF80 -> !fault", signature()), Tries::Full, 1),
    ];
    for (script, tries, verifies) in table {
        let script = Script::new(&[OPENING, &script]);
        let tape = script.tape();
        let error = OperatorCard::open(script).unwrap().login(&pin(b"493716"), &DIGEST).unwrap_err();
        assert!(matches!(error, LoginError::Transport { .. }), "{error}");
        assert_eq!(error.tries(), tries);
        assert_eq!(tape.borrow().sent.iter().filter(|sent| *sent == VERIFY).count(), verifies);
    }
}

#[test]
fn a_card_pulled_in_the_middle_is_called_removed() {
    let script = format!("{OUT}\n{VERIFY} -> !removed\n0020FF80 -> !removed");
    let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
    let error = card.login(&pin(b"493716"), &DIGEST).unwrap_err();
    assert_eq!(error, LoginError::CardRemoved { tries: Tries::Unknown });
    assert_eq!(error.to_string(), "cannot log in to the card: card removed (a PIN try may be spent)");
}

#[test]
fn a_card_that_cannot_log_out_is_reset_and_looked_at_again() {
    let first = format!("0020FF80 -> 6A86\n{VERIFY} -> 9000\n{} -> {}\n0020FF80 -> 6A86", sign("9A"), signature());
    let again = format!("{OPENING}\n{} -> {}", sign("9E"), signature());
    let script = Script::new(&[OPENING, &first, &again]);
    let tape = script.tape();
    let mut card = OperatorCard::open(script).unwrap();
    card.login(&pin(b"493716"), &DIGEST).unwrap();
    card.prove_presence(&DIGEST).unwrap();
    assert_eq!(tape.borrow().ends, [Disposition::Leave, Disposition::Reset, Disposition::Leave]);
}

#[test]
fn another_card_after_a_reset_is_noticed() {
    let other = OPENING.replace("0102030405060708", "FF02030405060708");
    let script = Script::new(&[OPENING, OUT, &other]);
    let mut card = OperatorCard::open(script).unwrap();
    card.reset().unwrap();
    let error = card.prove_presence(&DIGEST).unwrap_err();
    assert!(matches!(error.cause, CardCause::OtherCard { .. }), "{error}");
}

#[test]
fn a_shared_card_is_selected_in_every_transaction() {
    let select = "00A4040009A0000003080000100000 -> 9000";
    let script = format!("{select}\n{OUT}\n{VERIFY} -> 9000\n{} -> {}\n{OUT}", sign("9A"), signature());
    let mut card = OperatorCard::open(Script::new(&[OPENING, &script]).shared()).unwrap();
    card.login(&pin(b"493716"), &DIGEST).unwrap();
}

#[test]
fn tries_are_counted_without_a_pin() {
    let table = [
        ("00200080 -> 63C3", Some(3)),
        ("00200080 -> 6983", Some(0)),
        ("00200080 -> 9000\n0020FF80 -> 9000\n00200080 -> 63C5", Some(5)),
        ("00200080 -> 9000\n0020FF80 -> 6A86\n00200080 -> 9000", None),
        ("00200080 -> 6700", None),
    ];
    for (script, expected) in table {
        let mut card = OperatorCard::open(Script::new(&[OPENING, script])).unwrap();
        assert_eq!(card.tries_left().ok(), expected, "{script}");
    }
}

#[test]
fn the_pin_is_changed_in_one_command() {
    let script = format!("{OUT}\n0024008010343933373136FFFF383035323934FFFF -> 9000\n{OUT}");
    let mut card = OperatorCard::open(Script::new(&[OPENING, NO_POLICY, &script])).unwrap();
    card.change_pin(&pin(b"493716"), &pin(b"805294")).unwrap();
}

#[test]
fn a_new_pin_that_breaks_the_rules_does_not_reach_the_card() {
    // Cards answer many things to a question for an object that they have never heard of.
    for unknown in ["6A82", "6A80", "6A88", "6D00", "6982", "9000", "53009000"] {
        let unknown = format!("{POLICY} -> {unknown}");
        let mut card = OperatorCard::open(Script::new(&[OPENING, &unknown])).unwrap();
        let error = card.change_pin(&pin(b"493716"), &pin(b"123456")).unwrap_err();
        assert_eq!(error, LoginError::PinPolicy(PinRefused::Run));
    }
    // Not so where reading failed.
    for failed in ["6581", "6F00"] {
        let failed = format!("{POLICY} -> {failed}");
        let mut card = OperatorCard::open(Script::new(&[OPENING, &failed])).unwrap();
        let error = card.change_pin(&pin(b"493716"), &pin(b"805294")).unwrap_err();
        assert_eq!(error.tries(), Tries::Untouched, "{error}");
    }
    let digits = format!("{POLICY} -> 530C8001018101068201058301019000");
    let mut card = OperatorCard::open(Script::new(&[OPENING, &digits])).unwrap();
    let error = card.change_pin(&pin(b"493716"), &pin(b"49371a")).unwrap_err();
    assert_eq!(error, LoginError::PinPolicy(PinRefused::NotDigits));
    assert_eq!(error.next_step(sekisho_wire::words::Language::English), "Type digits alone.");
}

#[test]
fn a_pin_that_was_handed_over_is_told_from_a_card_that_does_not_work() {
    for (metadata, must_change) in
        [("0101FF05010106020505 9000", true), ("0101FF05010006020505 9000", false), ("6D00", false), ("", false)]
    {
        let asked = format!("00F7008000 -> {}", metadata.replace(' ', ""));
        let script = format!("{OUT}\n{VERIFY} -> 9000\n{} -> 6985\n{asked}\n{OUT}", sign("9A"));
        let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
        let error = card.login(&pin(b"493716"), &DIGEST).unwrap_err();
        assert_eq!(error == LoginError::MustChange, must_change, "{metadata}: {error}");
        assert_eq!(error.tries(), Tries::Full, "{metadata}");
    }
}

#[test]
fn a_card_that_takes_the_pin_and_will_not_sign_is_said_so() {
    let script = format!("{OUT}\n{VERIFY} -> 9000\n{} -> 6982\n{OUT}", sign("9C"));
    let mut card = OperatorCard::open(Script::new(&[OPENING, &script])).unwrap();
    let error = card.sign_act(&pin(b"493716"), &DIGEST).unwrap_err();
    assert_eq!(error.to_string(), "cannot sign with key 9C of the card: the card accepted the PIN and refuses");
}

#[test]
fn cards_that_are_not_operator_cards_are_told_apart() {
    let table = [
        ("* -> 6A82", CardCause::NotPiv),
        ("* -> 9000\n* -> 6A82", CardCause::Blank),
        ("* -> 9000\n* -> 53009000", CardCause::Blank),
    ];
    for (script, cause) in table {
        assert_eq!(OperatorCard::open(Script::new(&[script])).err().map(|error| error.cause), Some(cause));
    }
}

#[test]
fn objects_come_in_one_exchange_where_long_answers_are_allowed() {
    let opening = "00A4040009A0000003080000100000 -> 9000
        00CB3FFF0000055C035FC1020000 -> 531C34100102030405060708090A0B0C0D0E0F10350832303330303333319000";
    let grant = format!("53820135 7082012C{} 710100 FE00 9000", "5A".repeat(300)).replace(' ', "");
    // The length is what the content has: 4 + 300 + 3 + 2.
    let script = format!("00CB3FFF0000055C035FC1200000 -> {grant}");
    let mut card = OperatorCard::open(Script::new(&[opening, &script]).extended()).unwrap();
    assert_eq!(card.read_grant().unwrap(), Some(vec![0x5A; 300]));
}

#[test]
fn what_is_larger_than_a_grant_can_be_is_none() {
    let opening = "00A4040009A0000003080000100000 -> 9000
        00CB3FFF0000055C035FC1020000 -> 531C34100102030405060708090A0B0C0D0E0F10350832303330303333319000";
    for (length, taken) in [(GRANT_MAX, true), (GRANT_MAX + 1, false)] {
        let content = format!("7082{length:04X}{}710100FE00", "5A".repeat(length));
        let script = format!("00CB3FFF0000055C035FC1200000 -> 5382{:04X}{content}9000", content.len() / 2);
        let mut card = OperatorCard::open(Script::new(&[opening, &script]).extended()).unwrap();
        assert_eq!(card.read_grant().unwrap().is_some(), taken, "{length}");
    }
}
