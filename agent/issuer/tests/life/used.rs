//! A personalised card in use: logins, acts, presence, PINs.

use sekisho_card::{Lengths, LoginError, OperatorCard, Tries, verify_signature};
use sekisho_issuer::{CardManagementSecret, Issuer, IssuerCause, PinChoice};
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::secret::SecretBytes;

use crate::rig::{Cut, READER, Watched, blank, ca, in_use, log_in_first, order, personalised, pin, secret, validity};

const DIGEST: [u8; 32] = [0x42; 32];

#[test]
fn each_slot_signs_with_its_own_key() {
    let (card, made) = personalised();
    let mut card = in_use(&card);
    let login = card.login(&made.pin, &DIGEST).unwrap();
    let act = card.sign_act(&made.pin, &DIGEST).unwrap();
    let presence = card.prove_presence(&DIGEST).unwrap();
    let keys = [made.keys.authentication, made.keys.signature, made.keys.card_authentication];
    for (at, signature) in [login, act, presence].iter().enumerate() {
        for (of, key) in keys.iter().enumerate() {
            assert_eq!(verify_signature(key, &DIGEST, signature), at == of, "signature {at}, key {of}");
        }
    }
}

#[test]
fn a_login_costs_seven_commands_from_insertion() {
    let (card, made) = personalised();
    for lengths in [Lengths::Short, Lengths::Extended] {
        let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, lengths);
        let mut card = OperatorCard::open(transport).unwrap();
        assert_eq!(card.tries_left().unwrap(), 5);
        card.login(&made.pin, &DIGEST).unwrap();
        assert_eq!(watch.borrow().commands.len(), 7, "a scenario allows eight, with all that a terminal does");
    }
}

#[test]
fn a_wrong_pin_costs_one_try_and_nothing_else() {
    let (card, made) = personalised();
    let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Short);
    let mut card = OperatorCard::open(transport).unwrap();
    assert_eq!(card.login(&pin(b"805294"), &DIGEST).unwrap_err(), LoginError::WrongPin { tries_left: 4 });
    assert_eq!(card.tries_left().unwrap(), 4);
    assert_eq!(watch.borrow().starting_with(&[0x00, 0x87]), 0, "nothing was signed");
    card.login(&made.pin, &DIGEST).unwrap();
    assert_eq!(card.tries_left().unwrap(), 5);
}

#[test]
fn five_wrong_pins_block_and_the_office_unblocks() {
    let (shared, made) = personalised();
    let mut card = in_use(&shared);
    for tries_left in (1..5).rev() {
        assert_eq!(card.login(&pin(b"805294"), &DIGEST).unwrap_err(), LoginError::WrongPin { tries_left });
    }
    assert_eq!(card.login(&pin(b"805294"), &DIGEST).unwrap_err(), LoginError::Blocked);
    assert_eq!(card.login(&made.pin, &DIGEST).unwrap_err(), LoginError::Blocked);
    assert_eq!(card.tries_left().unwrap(), 0);
    card.prove_presence(&DIGEST).unwrap();

    let secret = secret();
    let mut issuer = Issuer::open(shared.connect(READER).unwrap(), &secret).unwrap();
    let fresh = issuer.reset_pin(PinChoice::Random, &PinPolicy::DEFAULT).unwrap();
    let mut card = OperatorCard::open(issuer.into_transport().unwrap()).unwrap();
    assert_eq!(card.tries_left().unwrap(), 5);
    log_in_first(&mut card, &fresh);
}

#[test]
fn a_card_that_does_not_hold_our_key_never_hears_a_puk() {
    let secret = secret();
    // It has a GUID, as anybody can write one, and the management key that everybody knows.
    let shared = blank();
    Issuer::open(shared.connect(READER).unwrap(), &secret).unwrap().write_identity(validity().until).unwrap();
    let (transport, watch) = Watched::new(shared.connect(READER).unwrap(), Cut::Never, Lengths::Short);
    let mut issuer = Issuer::open(transport, &secret).unwrap();
    assert_eq!(
        issuer.reset_pin(PinChoice::Random, &PinPolicy::DEFAULT).unwrap_err().cause,
        IssuerCause::ForeignManagementKey
    );
    assert_eq!(watch.borrow().starting_with(&[0x00, 0x2C]), 0);

    // Nor does the card of another office, which says a GUID of its own.
    let (shared, _) = personalised();
    let other = CardManagementSecret::new(SecretBytes::new([7; 32]));
    let (transport, watch) = Watched::new(shared.connect(READER).unwrap(), Cut::Never, Lengths::Short);
    let mut issuer = Issuer::open(transport, &other).unwrap();
    assert_eq!(issuer.set_puk().unwrap_err().cause, IssuerCause::ForeignManagementKey);
    assert_eq!(
        issuer.reset_pin(PinChoice::Random, &PinPolicy::DEFAULT).unwrap_err().cause,
        IssuerCause::ForeignManagementKey
    );
    let watch = watch.borrow();
    assert_eq!(watch.starting_with(&[0x00, 0x2C]) + watch.starting_with(&[0x00, 0x24]), 0);
}

#[test]
fn a_card_with_one_try_left_for_its_puk_can_be_made_anew() {
    let (shared, made) = personalised();
    shared.with(|card| {
        let select = [&[0x00, 0xA4, 0x04, 0x00, 0x05][..], &[0xA0, 0, 0, 3, 8]].concat();
        assert!(card.transmit(&select).ends_with(&[0x90, 0x00]));
        let unblock = [&[0x00, 0x2C, 0x00, 0x80, 0x10][..], b"12345678", b"493716\xFF\xFF"].concat();
        for tries_left in (1..5).rev() {
            assert_eq!(card.transmit(&unblock), [0x63, 0xC0 | tries_left]);
        }
    });
    let secret = secret();
    let mut issuer = Issuer::open(shared.connect(READER).unwrap(), &secret).unwrap();
    let again = issuer.personalise_anew(order(PinChoice::Random), &ca()).unwrap();
    assert_eq!(again.guid, made.guid);
    issuer.reset_pin(PinChoice::Random, &PinPolicy::DEFAULT).unwrap();
}

#[test]
fn the_operator_changes_the_pin() {
    let (card, made) = personalised();
    let mut card = in_use(&card);
    let new = pin(b"805294");
    assert_eq!(card.change_pin(&pin(b"000001"), &new).unwrap_err(), LoginError::WrongPin { tries_left: 4 });
    card.change_pin(&made.pin, &new).unwrap();
    assert!(matches!(card.login(&made.pin, &DIGEST), Err(LoginError::WrongPin { .. })));
    card.login(&new, &DIGEST).unwrap();
}

#[test]
fn nothing_rides_on_a_login() {
    let (shared, made) = personalised();
    let sign: Vec<u8> = [&[0x00, 0x87, 0x11, 0x9A, 0x26, 0x7C, 0x24, 0x82, 0x00, 0x81, 0x20][..], &DIGEST].concat();
    let mut card = in_use(&shared);
    card.login(&made.pin, &DIGEST).unwrap();
    let answer = shared.with(|card| card.transmit(&sign));
    assert_eq!(answer, [0x69, 0x82], "after our login another program's signature wants a PIN");

    // And the other way round: a card that another program has logged in to still judges our PIN.
    let verify = [&[0x00, 0x20, 0x00, 0x80, 0x08][..], b"493716\xFF\xFF"].concat();
    assert_eq!(shared.with(|card| card.transmit(&verify)), [0x90, 0x00]);
    assert_eq!(card.tries_left().unwrap(), 5);
    assert_eq!(shared.with(|card| card.transmit(&verify)), [0x90, 0x00]);
    assert!(matches!(card.login(&pin(b"805294"), &DIGEST), Err(LoginError::WrongPin { tries_left: 4 })));
    assert_eq!(shared.with(|card| card.transmit(&sign)), [0x69, 0x82]);
}

#[test]
fn a_login_cut_anywhere_sends_the_pin_at_most_once_and_says_what_became_of_the_tries() {
    let (shared, _) = personalised();
    let wrong = pin(b"805294");
    // Two commands open the card; logout is 2, VERIFY 3, the last logout 4 (a wrong PIN signs nothing).
    for at in 2..4 {
        for (cut, spent) in [(Cut::Before(at), 0), (Cut::After(at), usize::from(at == 3))] {
            let before = usize::from(in_use(&shared).tries_left().unwrap());
            let (transport, watch) = Watched::new(shared.connect(READER).unwrap(), cut, Lengths::Short);
            let error = OperatorCard::open(transport).unwrap().login(&wrong, &DIGEST).unwrap_err();
            assert!(watch.borrow().starting_with(&[0x00, 0x20, 0x00, 0x80, 0x08]) <= 1);
            assert_eq!(error.tries(), if at == 3 { Tries::Unknown } else { Tries::Untouched }, "{cut:?}");
            shared.pull();
            shared.insert();
            assert_eq!(usize::from(in_use(&shared).tries_left().unwrap()), before - spent, "{cut:?}");
        }
    }
}

#[test]
fn pulling_the_card_ends_the_connection_for_good() {
    let (shared, made) = personalised();
    let mut card = in_use(&shared);
    shared.pull();
    assert_eq!(card.login(&made.pin, &DIGEST).unwrap_err(), LoginError::CardRemoved { tries: Tries::Untouched });
    shared.insert();
    assert!(card.prove_presence(&DIGEST).is_err(), "a card that was out is a new insertion");
    in_use(&shared).login(&made.pin, &DIGEST).unwrap();
}

#[test]
fn a_reset_for_locking_leaves_the_card_usable_and_logged_out() {
    let (shared, made) = personalised();
    let mut card = in_use(&shared);
    card.login(&made.pin, &DIGEST).unwrap();
    card.reset().unwrap();
    card.prove_presence(&DIGEST).unwrap();
    card.login(&made.pin, &DIGEST).unwrap();
}
