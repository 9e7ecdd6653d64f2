//! A card gets the keys of a new secret, whatever interrupts it, and no other thing gets them in its place.

use sekisho_card::{Disposition, Lengths};
use sekisho_issuer::{CardManagementSecret, Issuer, IssuerCause, Personalisation, PinChoice, Rekeyed};
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::SecretBytes;

use crate::rig::{Card, Cut, Maker, READER, Watched, blank, in_use, personalised, personalised_as, pin, secret};

fn new_secret() -> CardManagementSecret {
    CardManagementSecret::new(SecretBytes::new([0x4E; 32]))
}

/// The card is the new secret's in every respect: it takes orders, its PUK is the new one with all its tries, and the old secret opens nothing.
fn expect_new(card: &Card, what: &str) {
    let (old, new) = (secret(), new_secret());
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &old).unwrap();
    assert_eq!(issuer.inspect().unwrap(), Personalisation::Foreign, "{what}");
    issuer.close(Disposition::Reset).unwrap();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &new).unwrap();
    issuer.reset_pin(PinChoice::Chosen(pin(b"805294")), &PinPolicy::DEFAULT).unwrap_or_else(|e| panic!("{what}: {e}"));
    issuer.close(Disposition::Reset).unwrap();
    in_use(card).login(&pin(b"805294"), &[1; 32]).unwrap();
}

#[test]
fn a_card_in_use_gets_new_keys_and_its_holder_notices_nothing() {
    let (card, made) = personalised();
    in_use(&card).login(&made.pin, &[1; 32]).unwrap();
    let (old, new) = (secret(), new_secret());
    let presence = Some(&made.keys.card_authentication);
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &new).unwrap();
    assert_eq!(issuer.rekey(&old, presence).unwrap(), Rekeyed::Now);
    assert_eq!(issuer.rekey(&old, presence).unwrap(), Rekeyed::Before);
    issuer.close(Disposition::Reset).unwrap();
    in_use(&card).login(&made.pin, &[1; 32]).unwrap();
    expect_new(&card, "re-keyed");
}

#[test]
fn re_keying_cut_anywhere_can_be_finished() {
    for maker in [Maker::Ours, Maker::PlainPiv] {
        let (old, new) = (secret(), new_secret());
        let (transport, watch) =
            Watched::new(personalised_as(maker).0.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
        let _ = Issuer::open(transport.made_by(maker), &new).unwrap().rekey(&old, None).unwrap();
        let commands = watch.borrow().commands.len();
        assert!(commands > 6, "{commands}");

        for cut in (0..commands).flat_map(|at| [Cut::Before(at), Cut::After(at)]) {
            let (card, made) = personalised_as(maker);
            let presence = Some(&made.keys.card_authentication);
            let (transport, _) = Watched::new(card.connect(READER).unwrap(), cut, Lengths::Extended);
            let attempt =
                Issuer::open(transport.made_by(maker), &new).and_then(|mut issuer| issuer.rekey(&old, presence));
            assert!(attempt.is_err(), "{cut:?}");
            card.pull();
            card.insert();

            let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
            let mut issuer = Issuer::open(transport.made_by(maker), &new).unwrap();
            let _ = issuer.rekey(&old, presence).unwrap_or_else(|error| panic!("{maker:?}, {cut:?}: {error}"));
            // At most one try was spent, and it came back.
            assert!(watch.borrow().starting_with(&[0x00, 0x24, 0x00, 0x81]) <= 2);
            issuer.close(Disposition::Reset).unwrap();
            expect_new(&card, &format!("{maker:?}, {cut:?}"));
        }
    }
}

#[test]
fn a_thing_that_only_knows_the_former_secret_hears_nothing_of_the_new_one() {
    let (old, new) = (secret(), new_secret());
    // Somebody has the former secret, and makes a card of his own say another one's GUID: the keys of that card he cannot copy.
    let (card, made) = personalised();
    let mut forger = Issuer::open(card.connect(READER).unwrap(), &old).unwrap();
    let _ = forger.generate_key(Slot::CardAuthentication).unwrap();
    forger.close(Disposition::Reset).unwrap();

    let (transport, watch) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    let mut issuer = Issuer::open(transport, &new).unwrap();
    let error = issuer.rekey(&old, Some(&made.keys.card_authentication)).unwrap_err();
    assert_eq!(error.cause, IssuerCause::AnotherCard);
    let watch = watch.borrow();
    assert_eq!(watch.starting_with(&[0x00, 0x24]) + watch.starting_with(&[0x00, 0xFF]), 0);
}

#[test]
fn a_card_of_neither_secret_is_left_alone() {
    let (other, new) = (CardManagementSecret::new(SecretBytes::new([0x77; 32])), new_secret());
    let (card, made) = personalised();
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &new).unwrap();
    let error = issuer.rekey(&other, Some(&made.keys.card_authentication)).unwrap_err();
    assert_eq!(error.cause, IssuerCause::ForeignManagementKey);
    issuer.close(Disposition::Reset).unwrap();
    in_use(&card).login(&made.pin, &[1; 32]).unwrap();
    let mut issuer = Issuer::open(blank().connect(READER).unwrap(), &new).map(|mut issuer| issuer.rekey(&other, None));
    assert_eq!(issuer.as_mut().unwrap().as_ref().unwrap_err().cause, IssuerCause::NoIdentity);
}

#[test]
fn re_keying_that_is_cut_again_and_again_does_not_use_the_puk_up() {
    let (old, new) = (secret(), new_secret());
    let (transport, watch) = Watched::new(personalised().0.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    let _ = Issuer::open(transport, &new).unwrap().rekey(&old, None).unwrap();
    let last = watch.borrow().commands.len() - 1;
    let (card, _) = personalised();
    // Each run changes the PUK and does not come to the management key, so the next one begins with the old PUK, which is wrong by now.
    for run in 0..10 {
        let cut = Cut::Before(if run == 0 { last } else { last + 1 });
        let (transport, _) = Watched::new(card.connect(READER).unwrap(), cut, Lengths::Extended);
        assert!(Issuer::open(transport, &new).and_then(|mut issuer| issuer.rekey(&old, None)).is_err(), "{run}");
        card.pull();
        card.insert();
    }
    let mut issuer = Issuer::open(card.connect(READER).unwrap(), &new).unwrap();
    assert_eq!(issuer.rekey(&old, None).unwrap(), Rekeyed::Now);
    issuer.close(Disposition::Reset).unwrap();
    expect_new(&card, "at last");
}
