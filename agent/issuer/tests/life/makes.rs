//! Other makers' cards: management keys of every algorithm, and what a card must not lack.

use sekisho_card::{Disposition, Lengths, OperatorCard};
use sekisho_issuer::{
    Ability, GrantOnCard, Issuer, IssuerCause, KeyAlgorithm, Lack, Personalisation, PinChoice, Step, Wiped,
};
use sekisho_simulator::InProcess;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::status::Status;

use crate::other_key::OtherKey;
use crate::rig::{Card, Cut, Maker, READER, Watched, blank, ca, in_use, order, pin, secret};

const DIGEST: [u8; 32] = [0x42; 32];

type Transport = Watched<InProcess<sekisho_simulator::Memory>>;

fn connect(card: &Card, maker: Maker, key: &OtherKey, cut: Cut) -> Transport {
    Watched::new(card.connect(READER).unwrap(), cut, Lengths::Short).0.made_by(maker).managed_with(key)
}

#[test]
fn each_factory_key_is_replaced_by_the_strongest_that_the_card_takes() {
    let (all, old) = (KeyAlgorithm::ALL, [KeyAlgorithm::TripleDes]);
    for (factory, takes, becomes) in [
        (KeyAlgorithm::TripleDes, &all[..], KeyAlgorithm::Aes256),
        (KeyAlgorithm::TripleDes, &old[..], KeyAlgorithm::TripleDes),
        (KeyAlgorithm::Aes128, &all[2..], KeyAlgorithm::Aes128),
        (KeyAlgorithm::Aes192, &all[1..], KeyAlgorithm::Aes192),
        (KeyAlgorithm::Aes256, &all[..], KeyAlgorithm::Aes256),
    ] {
        for key in [
            OtherKey::new(factory, takes),
            OtherKey::new(factory, takes).tells(),
            OtherKey::new(factory, takes).says_to_wrong([0x6A, 0x80]),
            OtherKey::new(factory, takes).says_to_wrong([0x63, 0xC3]),
        ] {
            let (card, secret) = (blank(), secret());
            let mut issuer = Issuer::open(connect(&card, Maker::PlainPiv, &key, Cut::Never), &secret).unwrap();
            assert_eq!(issuer.inspect().unwrap(), Personalisation::Blank);
            assert_eq!(issuer.survey().unwrap().key_algorithm, Some(factory));
            let made = issuer.personalise(order(PinChoice::Chosen(pin(b"493716"))), &ca()).unwrap();
            assert_eq!((key.algorithm(), key.is_well_known()), (becomes, false), "{factory}");
            assert_eq!(issuer.update_grant(b"grant").unwrap(), GrantOnCard::Written);
            assert_eq!(issuer.inspect().unwrap(), Personalisation::Complete);
            // A card may count wrong management keys: no more than one is shown to it in a row.
            assert!(key.wrong() <= 2, "{} wrong keys", key.wrong());
            in_use(&card).login(&made.pin, &DIGEST).unwrap();

            // What can be done later goes by the new key.
            let mut issuer = Issuer::open(connect(&card, Maker::PlainPiv, &key, Cut::Never), &secret).unwrap();
            let fresh = issuer.reset_pin(PinChoice::Random, &PinPolicy::DEFAULT).unwrap();
            in_use(&card).login(&fresh, &DIGEST).unwrap();
            assert_eq!(issuer.dangerous_wipe().unwrap(), Wiped::InSteps);
            assert_eq!(issuer.inspect().unwrap(), Personalisation::Blank);
            assert!(key.is_well_known());
        }
    }
}

#[test]
fn a_card_of_another_make_cut_anywhere_can_be_finished() {
    let (secret, ca) = (secret(), ca());
    let key = || OtherKey::new(KeyAlgorithm::TripleDes, &[KeyAlgorithm::TripleDes]).says_to_wrong([0x6A, 0x80]);
    let (transport, watch) = Watched::new(blank().connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    let transport = transport.made_by(Maker::PlainPiv).managed_with(&key());
    Issuer::open(transport, &secret).unwrap().personalise(order(PinChoice::Random), &ca).unwrap();
    let commands = watch.borrow().commands.len();
    for cut in (0..commands).flat_map(|at| [Cut::Before(at), Cut::After(at)]) {
        let (card, key) = (blank(), key());
        let attempt = Issuer::open(connect(&card, Maker::PlainPiv, &key, cut), &secret)
            .and_then(|mut issuer| issuer.personalise_anew(order(PinChoice::Random), &ca));
        assert!(attempt.is_err(), "{cut:?}");
        card.pull();
        card.insert();
        let mut issuer = Issuer::open(connect(&card, Maker::PlainPiv, &key, Cut::Never), &secret).unwrap();
        let begun = issuer.guid();
        let made = issuer.personalise_anew(order(PinChoice::Random), &ca).unwrap();
        assert!(begun.is_none_or(|guid| guid == made.guid), "{cut:?}");
        assert!(!key.is_well_known(), "{cut:?}");
        issuer.close(Disposition::Reset).unwrap();
        in_use(&card).login(&made.pin, &DIGEST).unwrap();
    }
}

#[test]
fn a_card_that_lacks_something_is_refused_before_anything_is_written() {
    for (instruction, lack) in [
        (0x47, Lack::MakingKeys),
        (0xDB, Lack::Writing),
        (0x24, Lack::OwnPuk),
        (0x2C, Lack::Unblocking),
        (0xFF, Lack::OwnKey),
    ] {
        for answer in [[0x6D, 0x00], [0x6A, 0x81]] {
            let (card, secret) = (blank(), secret());
            let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Short);
            let transport = transport.made_by(Maker::Lacking(instruction, answer));
            let mut issuer = Issuer::open(transport, &secret).unwrap();
            assert_eq!(issuer.survey().unwrap().lacks(), [lack]);
            let error = issuer.personalise(order(PinChoice::Random), &ca()).unwrap_err();
            assert_eq!((error.step, error.cause), (Step::Look, IssuerCause::Unfit(lack)));
            let watch = watch.borrow();
            let orders = [0x47, 0xDB, 0x24, 0x2C, 0xFF, 0xFA];
            let given = watch.commands.iter().filter(|command| orders.contains(&command[1]) && command.len() > 4);
            assert_eq!(given.count(), 0, "{lack}");
        }
    }
}

#[test]
fn a_card_whose_management_key_is_none_of_ours_is_refused() {
    let (card, secret) = (blank(), secret());
    let (refuses_all, key) = (Maker::Lacking(0x87, [0x6A, 0x86]), OtherKey::new(KeyAlgorithm::TripleDes, &[]));
    let mut issuer = Issuer::open(connect(&card, refuses_all, &key, Cut::Never), &secret).unwrap();
    assert_eq!(issuer.survey().unwrap().lacks(), [Lack::KeyAlgorithm]);
    let cause = issuer.personalise(order(PinChoice::Random), &ca()).unwrap_err().cause;
    assert_eq!(cause, IssuerCause::Unfit(Lack::KeyAlgorithm));
}

#[test]
fn a_card_that_takes_a_new_key_and_keeps_the_old_one_is_nobodys() {
    let (card, secret) = (blank(), secret());
    // It says that it did.
    let transport = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Short).0;
    let mut issuer = Issuer::open(transport.made_by(Maker::Lacking(0xFF, [0x90, 0x00])), &secret).unwrap();
    let error = issuer.personalise(order(PinChoice::Random), &ca()).unwrap_err();
    assert_eq!((error.step, error.cause), (Step::ManagementKey, IssuerCause::Unfit(Lack::OwnKey)));
    // Its PIN and PUK are not the factory's all the same.
    card.pull();
    card.insert();
    card.with(|card| {
        let select = [&[0x00, 0xA4, 0x04, 0x00, 0x05][..], &[0xA0, 0, 0, 3, 8]].concat();
        assert!(card.transmit(&select).ends_with(&[0x90, 0x00]));
        let verify = [&[0x00, 0x20, 0x00, 0x80, 0x08][..], b"123456\xFF\xFF"].concat();
        assert_eq!(card.transmit(&verify), [0x63, 0xC4]);
    });
}

#[test]
fn asking_what_a_card_can_do_spends_no_try_and_changes_nothing() {
    for maker in [Maker::Ours, Maker::PlainPiv] {
        let (card, secret) = (blank(), secret());
        let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Short);
        let mut issuer = Issuer::open(transport.made_by(maker), &secret).unwrap();
        let survey = issuer.survey().unwrap();
        assert_eq!(survey.lacks(), []);
        assert_eq!((survey.tries_left, survey.makes_keys), (Some(5), Ability::Yes));
        assert_eq!(survey.keeps_pin_rules, maker == Maker::Ours);
        // No PIN, PUK or object was sent: whatever has data is SELECT, GET DATA or a question for a witness.
        for command in watch.borrow().commands.iter().filter(|command| command.len() > 5) {
            assert!([0xA4, 0xCB, 0x87].contains(&command[1]), "{command:02X?}");
        }
        assert_eq!(issuer.inspect().unwrap(), Personalisation::Blank);
        issuer.personalise(order(PinChoice::Random), &ca()).unwrap();
    }
}

#[test]
fn a_card_without_a_place_for_the_grant_is_used_without_it() {
    let (card, secret) = (blank(), secret());
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
    let made = issuer.personalise(order(PinChoice::Chosen(pin(b"493716"))), &ca()).unwrap();
    for (answer, has_no_place) in [([0x6A, 0x84], true), ([0x6A, 0x82], true), ([0x65, 0x81], false)] {
        let transport = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Short).0;
        let mut issuer = Issuer::open(transport.made_by(Maker::Lacking(0xDB, answer)), &secret).unwrap();
        let written = issuer.update_grant(b"grant");
        let status = Status::from_bytes(answer[0], answer[1]);
        assert_eq!(written.is_ok_and(|written| written == GrantOnCard::NoPlace(status)), has_no_place, "{answer:02X?}");
    }
    let mut card: OperatorCard<_> = in_use(&card);
    assert_eq!(card.read_grant().unwrap(), None);
    card.login(&made.pin, &DIGEST).unwrap();
}
