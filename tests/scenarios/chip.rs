//! The card as the image of a chip: QEMU runs what a Cortex-M would, and is killed where a card would lose its power.

use std::thread;
use std::time::Duration;

use sekisho_card::{Disposition, OperatorCard, TransportError};
use sekisho_issuer::{
    CardManagementSecret, Day, GrantOnCard, Issuer, IssuerError, OfficeCa, Order, Personalisation, PinChoice, PinRules,
    Validity,
};
use sekisho_tests::bare_reader::BareReader;
use sekisho_tests::clerk::{authorize, insert, login, pull_while_asking};
use sekisho_tests::scene::Scene;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::virtual_card::{Body, VirtualCard, kill_process};
use sekisho_wire::id::CardGuid;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::{Pin, SecretBytes};

const WRONG: [u8; 13] = [0x00, 0x20, 0x00, 0x80, 0x08, b'4', b'9', b'3', b'7', b'1', b'7', 0xFF, 0xFF];
const RIGHT: [u8; 13] = [0x00, 0x20, 0x00, 0x80, 0x08, b'1', b'2', b'3', b'4', b'5', b'6', 0xFF, 0xFF];
const ASK: [u8; 4] = [0x00, 0x20, 0x00, 0x80];
/// The tries of a blank card (CARD.md §C15).
const TRIES: u8 = 5;
/// How often the power is cut during provisioning before it is left in peace.
const CUTS: u32 = 12;

#[test]
fn a_clerk_logs_in_with_a_card_on_a_chip() {
    let mut scene = Scene::new("chip");
    for body in [Body::ChipAssembly, Body::Chip] {
        scene.clerk.card.embody(body);
        works(&mut scene);
    }
}

fn works(scene: &mut Scene) {
    insert(&scene.terminal, &mut scene.clerk);
    let inserted = scene.clerk.card.apdus_at_insertion();
    login(&scene.terminal, &scene.clerk);
    assert!(scene.clerk.card.apdus_from(inserted).len() <= 8);
    assert!(scene.clerk.card.chip_process().is_some(), "QEMU was the card");
    assert!(authorize(&scene.terminal, "juminhyo.issue").verdict.granted);
    assert!(authorize(&scene.terminal, "koseki.issue").verdict.granted, "9E proves that the card is still there");
    pull_while_asking(&scene.terminal, &mut scene.clerk, "juminhyo.issue");
}

/// The shortest time after which the power is cut: no QEMU has answered by then.
const SOON: Duration = Duration::from_micros(100);

/// Delays that fall everywhere in a command: a small generator, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (self.0 >> 33) % 1000;
        limit * u32::try_from(share).unwrap() / 1000
    }
}

#[test]
fn killing_the_chip_during_pin_tries_gives_no_free_guess() {
    let scratch = Scratch::new("chipguess");
    let mut card = VirtualCard::blank(scratch.path(), "card");
    card.embody(Body::Chip);
    let reader = BareReader::listen();
    card.join(&reader.address());
    let mut dice = Dice(1);
    let (mut left, mut judged, mut cut) = (TRIES, 0, 0);
    // How late the power may be cut. It grows until a try is counted, however slow the machine, and begins anew then.
    let mut latest = SOON;
    while left > 0 {
        let mut contacts = reader.card();
        let qemu = card.chip_process().unwrap();
        let killer = thread::spawn({
            let delay = dice.below(latest);
            move || {
                thread::sleep(delay);
                kill_process(qemu);
            }
        });
        match contacts.transmit(&WRONG) {
            Ok(answer) => {
                judged += 1;
                assert_eq!(answer[0], 0x63, "{answer:02X?}");
            }
            Err(_) => cut += 1,
        }
        killer.join().unwrap();
        drop(contacts);
        let now = match reader.card().transmit(&ASK).unwrap()[..] {
            [0x63, tries] => tries & 0x0F,
            [0x69, 0x83] => 0,
            ref other => panic!("{other:02X?}"),
        };
        assert!(now <= left, "a try came back: {left} and then {now}");
        assert!(now + judged <= TRIES, "{judged} guesses were judged and {now} tries are left");
        assert!(now + 1 >= left, "one command costs one try");
        latest = if now < left { SOON } else { latest.saturating_mul(2).min(Duration::from_secs(10)) };
        left = now;
        assert!(cut < 500, "the power is always cut before the card counts");
    }
    assert_eq!(reader.card().transmit(&RIGHT).unwrap(), [0x69, 0x83]);
    assert!(cut > 0, "no cut fell into a command");
}

#[test]
fn killing_the_chip_during_provisioning_loses_no_key_and_bricks_no_card() {
    let scratch = Scratch::new("chipmake");
    let mut card = VirtualCard::blank(scratch.path(), "card");
    card.embody(Body::Chip);
    let reader = BareReader::listen();
    card.join(&reader.address());
    let secret = CardManagementSecret::new(SecretBytes::new([7; 32]));
    let day = |year| Day::new(year, 4, 1).unwrap();
    let validity = Validity { from: day(2026), until: day(2027) };
    let authority = OfficeCa::create("関所町", validity).unwrap();
    let mut dice = Dice(2);
    let mut known: Option<CardGuid> = None;
    let mut cuts = 0;
    let made = loop {
        let contacts = reader.card();
        let qemu = card.chip_process().unwrap();
        let killer = (cuts < CUTS).then(|| {
            // Later each time, the first at once.
            let delay = dice.below(Duration::from_millis(400) * cuts / CUTS);
            thread::spawn(move || {
                thread::sleep(delay);
                kill_process(qemu);
            })
        });
        let pin = PinChoice::Chosen(Pin::parse(b"805271").unwrap());
        let rules = PinRules { tries: 5, policy: PinPolicy::DEFAULT };
        let order = Order { number: "令和8年度第1号", validity, rules, pin };
        let made = Issuer::open(contacts, &secret).and_then(|mut issuer| {
            if let (Some(before), Some(now)) = (known, issuer.guid()) {
                assert_eq!(before, now, "a GUID that was written stays");
            }
            known = issuer.guid().or(known);
            issuer.personalise_anew(order, &authority)
        });
        killer.into_iter().for_each(|killer| killer.join().unwrap());
        match made {
            Ok(made) => break made,
            Err(error) if is_power(&error) => cuts += 1,
            Err(error) => panic!("after {cuts} cuts: {error}"),
        }
    };
    assert!(cuts > 0, "no cut fell into the provisioning");
    let contacts = loop {
        // The power may have been cut just after the end.
        let mut contacts = reader.card();
        if contacts.transmit(&ASK).is_ok() {
            break contacts;
        }
    };
    let mut issuer = Issuer::open(contacts, &secret).unwrap();
    let missing = issuer.inspect().unwrap();
    assert!(matches!(&missing, Personalisation::Partial { missing } if missing.len() == 1), "{missing:?}");
    assert_eq!(issuer.update_grant(&[0x42; 500]).unwrap(), GrantOnCard::Written);
    let mut card = OperatorCard::open(issuer.into_transport().unwrap()).unwrap();
    assert_eq!(card.guid(), made.guid);
    let digest = [9; 32];
    let signature = card.login(&made.pin, &digest).unwrap();
    assert!(
        sekisho_card::verify_signature(&made.keys.authentication, &digest, &signature),
        "the key is the one it showed"
    );
    assert!(card.read_certificate(Slot::Authentication).unwrap().is_some());
    card.close(Disposition::PowerOff).unwrap();
}

/// The card fell out: its power was cut.
fn is_power(error: &IssuerError) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<TransportError>() {
            return true;
        }
        source = error.source();
    }
    false
}
