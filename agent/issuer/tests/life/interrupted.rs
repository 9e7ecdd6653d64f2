//! Personalisation and wiping, cut at every single command: what is left is recognised, and can be finished.

use sekisho_card::{Disposition, Lengths};
use sekisho_issuer::{Issuer, IssuerCause, Order, Personalisation, PinChoice, PinRules};

use crate::rig::{
    Card, Cut, Maker, READER, RULES, Watched, blank, ca, in_use, log_in_first, order, personalised, personalised_as,
    secret,
};

fn cuts(commands: usize) -> impl Iterator<Item = Cut> {
    (0..commands).flat_map(|at| [Cut::Before(at), Cut::After(at)])
}

fn replug(card: &Card) {
    card.pull();
    card.insert();
}

#[test]
fn personalisation_cut_anywhere_can_be_finished() {
    let (secret, ca) = (secret(), ca());
    let (transport, watch) = Watched::new(blank().connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    Issuer::open(transport, &secret).unwrap().personalise(order(PinChoice::Random), &ca).unwrap();
    let commands = watch.borrow().commands.len();

    let (mut resumed, mut done) = (0, 0);
    for cut in cuts(commands) {
        let card = blank();
        let (transport, _) = Watched::new(card.connect(READER).unwrap(), cut, Lengths::Extended);
        let attempt =
            Issuer::open(transport, &secret).and_then(|mut issuer| issuer.personalise(order(PinChoice::Random), &ca));
        assert!(attempt.is_err(), "{cut:?}");
        replug(&card);

        let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
        let seen = issuer.inspect().unwrap();
        assert!(matches!(seen, Personalisation::Blank | Personalisation::Partial { .. }), "{cut:?}: {seen:?}");
        let begun = issuer.guid();
        let made = match issuer.personalise(order(PinChoice::Random), &ca) {
            Ok(made) => {
                assert!(begun.is_none_or(|guid| guid == made.guid), "{cut:?}: the GUID stays");
                resumed += 1;
                made
            }
            // The card is done, but nobody was told its PIN and keys: it was only asked to show that it holds its new key.
            Err(error) => {
                assert_eq!(error.cause, IssuerCause::AlreadyPersonalised, "{cut:?}");
                done += 1;
                let _ = issuer.dangerous_wipe().unwrap();
                issuer.personalise(order(PinChoice::Random), &ca).unwrap()
            }
        };
        issuer.close(Disposition::Reset).unwrap();
        let mut card = in_use(&card);
        log_in_first(&mut card, &made.pin);
        assert_eq!(card.tries_left().unwrap(), 5);
    }
    assert!(done < 20 && resumed + done == 2 * commands, "{done} of {commands}");
}

#[test]
fn wiping_cut_anywhere_can_be_finished() {
    let commands = [Maker::Ours, Maker::WithTries, Maker::PlainPiv].map(wiping_cut_anywhere);
    assert!(commands[0] < 10 && commands[1] > 30 && commands[2] > 30, "at once, and step by step: {commands:?}");
}

fn wiping_cut_anywhere(maker: Maker) -> usize {
    let secret = secret();
    let (transport, watch) =
        Watched::new(personalised_as(maker).0.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    let _ = Issuer::open(transport.made_by(maker), &secret).unwrap().dangerous_wipe().unwrap();
    let commands = watch.borrow().commands.len();

    for cut in cuts(commands) {
        let (card, _) = personalised_as(maker);
        let (transport, _) = Watched::new(card.connect(READER).unwrap(), cut, Lengths::Extended);
        let attempt = Issuer::open(transport.made_by(maker), &secret).and_then(|mut issuer| issuer.dangerous_wipe());
        assert!(attempt.is_err(), "{cut:?}");
        replug(&card);

        let (transport, _) = Watched::new(card.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
        let mut issuer = Issuer::open(transport.made_by(maker), &secret).unwrap();
        let _ = issuer.dangerous_wipe().unwrap();
        assert_eq!(issuer.inspect().unwrap(), Personalisation::Blank, "{cut:?}");
    }
    commands
}

#[test]
fn a_finished_card_can_be_made_anew_cut_anywhere_and_keeps_its_guid() {
    let (secret, ca) = (secret(), ca());
    // The office wants another number of tries by now: setting it sets PIN and PUK back to the factory's.
    let anew = || Order { rules: PinRules { tries: 2, ..RULES }, ..order(PinChoice::Random) };
    let (transport, watch) = Watched::new(personalised().0.connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    Issuer::open(transport, &secret).unwrap().personalise_anew(anew(), &ca).unwrap();
    let commands = watch.borrow().commands.len();

    for cut in cuts(commands) {
        let (card, _) = personalised();
        let (transport, _) = Watched::new(card.connect(READER).unwrap(), cut, Lengths::Extended);
        let attempt = Issuer::open(transport, &secret).and_then(|mut issuer| issuer.personalise_anew(anew(), &ca));
        assert!(attempt.is_err(), "{cut:?}");
        replug(&card);

        let mut issuer = Issuer::open(card.connect(READER).unwrap(), &secret).unwrap();
        let guid = issuer.guid().unwrap();
        let made = issuer.personalise_anew(anew(), &ca).unwrap();
        assert_eq!(made.guid, guid, "{cut:?}");
        issuer.close(Disposition::Reset).unwrap();
        let mut card = in_use(&card);
        assert_eq!(card.tries_left().unwrap(), 2, "{cut:?}");
        log_in_first(&mut card, &made.pin);
    }
}

#[test]
fn a_making_that_is_cut_again_and_again_does_not_use_the_puk_up() {
    let (secret, ca) = (secret(), ca());
    let strict = || Order { rules: PinRules { tries: 1, ..RULES }, ..order(PinChoice::Random) };
    let (transport, watch) = Watched::new(blank().connect(READER).unwrap(), Cut::Never, Lengths::Extended);
    Issuer::open(transport, &secret).unwrap().personalise(strict(), &ca).unwrap();
    let commands = watch.borrow().commands.len();
    let card = blank();
    // Later each time: also while the PUK is ours and the management key still the factory's, where it is found out anew whose PUK it is.
    let mut cuts = 0;
    let made = (commands / 2..2 * commands).find_map(|at| {
        let (transport, _) = Watched::new(card.connect(READER).unwrap(), Cut::Before(at), Lengths::Extended);
        let made = Issuer::open(transport, &secret).and_then(|mut issuer| issuer.personalise_anew(strict(), &ca));
        replug(&card);
        cuts += usize::from(made.is_err());
        made.ok()
    });
    assert!(cuts > 10, "{cuts} of {commands}");
    let mut card = in_use(&card);
    assert_eq!(card.tries_left().unwrap(), 1);
    log_in_first(&mut card, &made.expect("finished at last").pin);
}
