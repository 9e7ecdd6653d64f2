//! A blank card becomes an operator card, and blank again.

use sekisho_card::{Disposition, Lengths, LoginError, OperatorCard};
use sekisho_issuer::{
    CardManagementSecret, Ended, GrantOnCard, Issuer, IssuerCause, Order, Personalisation, PinChoice, PinRules, Step,
    Unenforced, Wiped,
};
use sekisho_wire::pin_policy::{Alphabet, FirstUse, PinPolicy};
use sekisho_wire::secret::{PinRefused, SecretBytes};

use crate::rig::{
    Cut, Maker, READER, RULES, Watched, blank, ca, in_use, log_in_first, order, personalised, personalised_as, pin,
    secret,
};

#[test]
fn a_blank_card_is_personalised_and_lacks_only_its_grant() {
    let card = blank();
    let secret = secret();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
    assert_eq!(issuer.inspect().unwrap(), Personalisation::Blank);
    let made = issuer.personalise(order(PinChoice::Random), &ca()).unwrap();
    assert_eq!(issuer.guid(), Some(made.guid));
    assert_eq!(issuer.inspect().unwrap(), Personalisation::Partial { missing: vec![Step::Grant] });
    assert_eq!(issuer.update_grant(b"grant").unwrap(), GrantOnCard::Written);
    assert_eq!(issuer.inspect().unwrap(), Personalisation::Complete);
    let mut card = OperatorCard::open(issuer.into_transport().unwrap()).unwrap();
    assert_eq!(card.guid(), made.guid);
    assert_eq!(card.read_grant().unwrap().as_deref(), Some(&b"grant"[..]));
    log_in_first(&mut card, &made.pin);
}

#[test]
fn two_cards_have_nothing_in_common() {
    let (_, one) = personalised();
    let (_, other) = personalised();
    assert_ne!(one.guid, other.guid);
    assert_ne!(one.keys.authentication, other.keys.authentication);
    assert_ne!(one.keys.authentication, one.keys.signature);
    assert_ne!(one.keys.signature, one.keys.card_authentication);
}

#[test]
fn a_grant_of_full_length_is_chained_and_comes_back() {
    let grant: Vec<u8> = (0..1800_u32).map(|i| (i % 251) as u8).collect();
    for lengths in [Lengths::Short, Lengths::Extended] {
        let (card, _) = personalised();
        let secret = secret();
        let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, lengths);
        let mut issuer = Issuer::open(transport, &secret).unwrap();
        for grant in [&grant[..], &grant[..1799]] {
            assert_eq!(issuer.update_grant(grant).unwrap(), GrantOnCard::Written);
        }
        let chained = watch.borrow().starting_with(&[0x10, 0xDB]);
        assert_eq!(chained, if lengths == Lengths::Short { 14 } else { 0 });
        let mut card = OperatorCard::open(issuer.into_transport().unwrap()).unwrap();
        assert_eq!(card.read_grant().unwrap().as_deref(), Some(&grant[..1799]));
    }
    let (card, _) = personalised();
    let secret = secret();
    let error = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap().update_grant(&[0; 1801]).unwrap_err();
    assert_eq!(error.cause, IssuerCause::TooLarge { length: 1801, most: 1800 });
}

#[test]
fn a_personalised_card_is_not_personalised_over_somebodys_head() {
    let (card, made) = personalised();
    let secret = secret();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
    let error = issuer.personalise(order(PinChoice::Random), &ca()).unwrap_err();
    assert_eq!(error.cause, IssuerCause::AlreadyPersonalised);
    issuer.close(Disposition::Reset).unwrap();
    in_use(&card).login(&made.pin, &[1; 32]).unwrap();
}

#[test]
fn a_card_of_another_office_takes_no_orders() {
    let (card, made) = personalised();
    let stranger = CardManagementSecret::new(SecretBytes::new([0x77; 32]));
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &stranger).unwrap();
    assert_eq!(issuer.inspect().unwrap(), Personalisation::Foreign);
    assert_eq!(issuer.update_grant(b"x").unwrap_err().cause, IssuerCause::ForeignManagementKey);
    assert_eq!(issuer.dangerous_wipe().unwrap_err().cause, IssuerCause::ForeignManagementKey);
    assert_eq!(
        issuer.reset_pin(PinChoice::Random, &PinPolicy::DEFAULT).unwrap_err().cause,
        IssuerCause::ForeignManagementKey
    );
    issuer.close(Disposition::Reset).unwrap();
    in_use(&card).login(&made.pin, &[1; 32]).unwrap();
}

#[test]
fn a_pin_that_breaks_the_rules_leaves_the_card_blank() {
    let card = blank();
    let secret = secret();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
    let error = issuer.personalise(order(PinChoice::Chosen(pin(b"111111"))), &ca()).unwrap_err();
    assert_eq!(error.cause, IssuerCause::PinPolicy(PinRefused::Repeat));
    assert_eq!(issuer.inspect().unwrap(), Personalisation::Blank);
}

#[test]
fn a_wiped_card_is_blank_and_becomes_another_card() {
    let (card, first) = personalised();
    let secret = secret();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
    assert_eq!(issuer.update_grant(b"grant").unwrap(), GrantOnCard::Written);
    assert_eq!(issuer.dangerous_wipe().unwrap(), Wiped::Whole);
    assert_eq!(issuer.inspect().unwrap(), Personalisation::Blank);
    assert_eq!(issuer.guid(), None);
    let second = issuer.personalise(order(PinChoice::Random), &ca()).unwrap();
    assert_ne!(first.guid, second.guid);
    assert_ne!(first.keys, second.keys);
    issuer.close(Disposition::Reset).unwrap();
    log_in_first(&mut in_use(&card), &second.pin);
}

#[test]
fn the_card_keeps_the_rules_it_was_given() {
    let policy = PinPolicy { alphabet: Alphabet::Mixed, minimum: 8, history: 2, first_use: FirstUse::Change };
    let card = blank();
    let secret = secret();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
    let rules = PinRules { tries: 3, policy };
    let made = issuer.personalise(Order { rules, ..order(PinChoice::Random) }, &ca()).unwrap();
    assert!(made.unenforced.is_nothing());
    policy.check(&made.pin).unwrap();
    issuer.close(Disposition::Reset).unwrap();
    let mut card = in_use(&card);
    assert_eq!(card.tries_left().unwrap(), 3);
    let refused = |new: &[u8], card: &mut OperatorCard<_>| card.change_pin(&made.pin, &pin(new)).unwrap_err();
    assert_eq!(refused(b"4937169", &mut card), LoginError::PinPolicy(PinRefused::TooShort));
    assert_eq!(refused(b"49371698", &mut card), LoginError::PinPolicy(PinRefused::NotMixed));
    card.change_pin(&made.pin, &pin(b"4937Aiko")).unwrap();
    // What only the card knows: its last PINs.
    let refused = card.change_pin(&pin(b"4937Aiko"), &pin(b"4937Aiko")).unwrap_err();
    assert_eq!(refused, LoginError::RefusedByCard);
    card.login(&pin(b"4937Aiko"), &[1; 32]).unwrap();
}

#[test]
fn a_pin_that_its_holder_chose_at_the_desk_needs_no_change() {
    let (card, made) = personalised();
    in_use(&card).login(&made.pin, &[1; 32]).unwrap();
    let secret = secret();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
    let chosen = issuer.reset_pin(PinChoice::Chosen(pin(b"805294")), &PinPolicy::DEFAULT).unwrap();
    issuer.close(Disposition::Reset).unwrap();
    in_use(&card).login(&chosen, &[1; 32]).unwrap();
}

#[test]
fn a_reset_brings_no_former_pin_back() {
    let (card, _) = personalised();
    let secret = secret();
    let reset = |choice: &[u8]| {
        let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
        let reset = issuer.reset_pin(PinChoice::Chosen(pin(choice)), &PinPolicy::DEFAULT);
        issuer.close(Disposition::Reset).unwrap();
        reset.map(drop).map_err(|error| error.cause)
    };
    // The office's history is five. What was given in between takes no place of it.
    let chosen: [&[u8]; 6] = [b"805294", b"805295", b"805296", b"805297", b"805298", b"805299"];
    for pin in &chosen[..5] {
        reset(pin).unwrap();
    }
    for pin in &chosen[..5] {
        assert_eq!(reset(pin), Err(IssuerCause::PinRefusedByCard));
    }
    reset(chosen[5]).unwrap();
    reset(chosen[0]).unwrap();
    in_use(&card).login(&pin(chosen[0]), &[1; 32]).unwrap();
}

#[test]
fn what_another_makers_card_cannot_keep_is_said() {
    let rules = PinRules { tries: 3, ..RULES };
    for (maker, unenforced) in [
        (Maker::WithTries, Unenforced { policy: true, ..Unenforced::default() }),
        (Maker::PlainPiv, Unenforced { tries: Some(5), policy: true, ..Unenforced::default() }),
    ] {
        let card = blank();
        let secret = secret();
        let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
        let mut issuer = Issuer::open(transport.made_by(maker), &secret).unwrap();
        let made = issuer.personalise(Order { rules, ..order(PinChoice::Random) }, &ca()).unwrap();
        assert_eq!(made.unenforced, unenforced, "{maker:?}");
        // A policy that would only lie there is not written.
        let policy = [&[0x00, 0xDB, 0x3F, 0xFF, 0x07][..], &[0x5C, 0x03, 0x5F, 0xFF, 0x20]].concat();
        assert_eq!(watch.borrow().starting_with(&policy), 0);
        issuer.close(Disposition::Reset).unwrap();
        in_use(&card).login(&made.pin, &[1; 32]).unwrap();
    }
}

#[test]
fn a_card_ends_for_good_or_becomes_blank() {
    for (maker, ended) in [(Maker::Ours, Ended::ForGood), (Maker::WithTries, Ended::Blank)] {
        let (card, _) = personalised_as(maker);
        let secret = secret();
        let (transport, _) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
        let mut issuer = Issuer::open(transport.made_by(maker), &secret).unwrap();
        assert_eq!(issuer.dangerous_terminate().unwrap(), ended);
        drop(issuer);
        let again = Issuer::open(card.connect(READER).unwrap(), &secret).and_then(|mut issuer| issuer.inspect());
        match ended {
            Ended::ForGood => assert!(again.is_err()),
            Ended::Blank => assert_eq!(again.unwrap(), Personalisation::Blank),
        }
    }
}

#[test]
fn the_factory_pin_and_puk_are_gone() {
    let (card, _) = personalised();
    card.with(|card| {
        let select = [&[0x00, 0xA4, 0x04, 0x00, 0x05][..], &[0xA0, 0, 0, 3, 8]].concat();
        assert!(card.transmit(&select).ends_with(&[0x90, 0x00]));
        let verify = [&[0x00, 0x20, 0x00, 0x80, 0x08][..], b"123456\xFF\xFF"].concat();
        assert_eq!(card.transmit(&verify), [0x63, 0xC4]);
        let unblock = [&[0x00, 0x2C, 0x00, 0x80, 0x10][..], b"12345678", b"493716\xFF\xFF"].concat();
        assert_eq!(card.transmit(&unblock), [0x63, 0xC4]);
    });
}
