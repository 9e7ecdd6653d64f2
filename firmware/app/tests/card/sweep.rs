//! The power goes at every change of the flash, and within it at every byte; the card starts again on what is left.
//!
//! Each case is a command and what must be true after it, however far it came. All of them run on three flashes: one as it
//! comes from the desk, one whose log and one whose tally have no room left, so that the command has to turn the page.

use sekisho_card_app::FACTORY_MANAGEMENT_KEY;
use sekisho_wire::status::Status;

use crate::powered::{Change, Cut, Powered, Reached};
use crate::session::{NEW, PIN, PUK, Session, WRONG};

const KEY: [u8; 32] = [0x42; 32];
const CHUID: [u8; 5] = [0x5C, 0x03, 0x5F, 0xC1, 0x02];
const CCC: [u8; 5] = [0x5C, 0x03, 0x5F, 0xC1, 0x07];
const CERTIFICATE_9E: [u8; 5] = [0x5C, 0x03, 0x5F, 0xC1, 0x01];
const POLICY: [u8; 5] = [0x5C, 0x03, 0x5F, 0xFF, 0x20];

/// What a card was asked, and what it answered.
struct After<'a> {
    card: &'a mut Session,
    /// The answer, if the power lasted for one.
    status: Option<Status>,
    /// What 9E showed before.
    presence: &'a [u8],
}

struct Case {
    name: &'static str,
    /// What has to be done first with power.
    prepare: fn(&mut Session),
    act: fn(&mut Session) -> Status,
    /// What the uncut command answers.
    expected: Status,
    check: fn(After<'_>),
    /// Whether everything else on the card is as it was.
    spares_the_rest: Spares,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spares {
    Everything,
    Nothing,
}

fn nothing(_: &mut Session) {}

fn manage(card: &mut Session) {
    card.manage_factory();
}

fn block_both(card: &mut Session) {
    while card.verify(WRONG) != Status::AUTHENTICATION_BLOCKED {}
    while card.reference(0x2C, 0x80, b"73920461", NEW) != Status::AUTHENTICATION_BLOCKED {}
}

fn content(card: &mut Session, tag_list: &[u8]) -> Option<Vec<u8>> {
    let (data, status) = card.say(0xCB, 0x3F, 0xFF, tag_list);
    status.is_ok().then_some(data)
}

fn put(card: &mut Session, tag_list: &[u8], bytes: &[u8]) -> Status {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    card.say(0xDB, 0x3F, 0xFF, &[tag_list, &[0x53, 0x82], &length, bytes].concat()).1
}

fn tries_left(card: &mut Session) -> u8 {
    card.pin_status().pin_tries_left().expect("nobody has verified")
}

/// Lets the card clear away what the cut has left behind, which it does before it writes.
fn write_again(card: &mut Session) {
    let managed = card.manage(&FACTORY_MANAGEMENT_KEY).is_ok() || card.manage(&KEY).is_ok();
    assert!(!managed || put(card, &CCC, &[7]).is_ok());
}

/// The PIN is the old one, or the new one, and never both or none.
fn one_pin(card: &mut Session) {
    let (old, new) = (card.verify(PIN), card.verify(NEW));
    assert!(old.is_ok() != new.is_ok(), "old {old}, new {new}");
}

const CASES: &[Case] = &[
    Case {
        name: "VERIFY, wrong",
        prepare: nothing,
        act: |card| card.verify(WRONG),
        expected: Status::wrong_tries_left(4),
        check: |after| match after.status {
            Some(_) => assert_eq!(tries_left(after.card), 4),
            None => assert!((4..=5).contains(&tries_left(after.card))),
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "VERIFY, right",
        prepare: |card| assert_eq!(card.verify(WRONG), Status::wrong_tries_left(4)),
        act: |card| card.verify(PIN),
        expected: Status::OK,
        check: |after| match after.status {
            Some(_) => assert_eq!(tries_left(after.card), 5),
            None => assert!((3..=5).contains(&tries_left(after.card))),
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "CHANGE REFERENCE DATA of the PIN",
        prepare: nothing,
        act: |card| card.reference(0x24, 0x80, PIN, NEW),
        expected: Status::OK,
        check: |after| {
            if after.status.is_some() {
                assert_eq!(after.card.verify(NEW), Status::OK);
            }
            one_pin(after.card);
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "CHANGE REFERENCE DATA of the PUK",
        prepare: nothing,
        act: |card| card.reference(0x24, 0x81, PUK, b"73920461"),
        expected: Status::OK,
        check: |after| {
            let new = after.card.reference(0x2C, 0x80, b"73920461", NEW);
            let old = after.card.reference(0x2C, 0x80, PUK, NEW);
            assert!(old.is_ok() != new.is_ok(), "old {old}, new {new}");
            assert!(after.status.is_none() || new.is_ok());
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "RESET RETRY COUNTER",
        prepare: |card| while card.verify(WRONG) != Status::AUTHENTICATION_BLOCKED {},
        act: |card| card.reference(0x2C, 0x80, PUK, NEW),
        expected: Status::OK,
        check: |after| {
            assert!(!after.card.verify(PIN).is_ok(), "the old PIN does not come to life");
            assert_eq!(after.card.reference(0x2C, 0x80, PUK, NEW), Status::OK);
            assert_eq!(after.card.verify(NEW), Status::OK);
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "PUT DATA, long, over another",
        prepare: |card| {
            manage(card);
            assert_eq!(put(card, &CCC, &[1; 300]), Status::OK);
        },
        act: |card| put(card, &CCC, &[2; 1500]),
        expected: Status::OK,
        check: |after| {
            let found = content(after.card, &CCC).expect("the old or the new");
            let (head, body) = found.split_at(4);
            let new = head == [0x53, 0x82, 0x05, 0xDC] && body == [2; 1500];
            let old = head == [0x53, 0x82, 0x01, 0x2C] && body == [1; 300];
            assert!(new || (old && after.status.is_none()));
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "PUT DATA, removal",
        prepare: |card| {
            manage(card);
            assert_eq!(put(card, &CCC, &[1; 300]), Status::OK);
        },
        act: |card| put(card, &CCC, &[]),
        expected: Status::OK,
        check: |after| {
            let found = content(after.card, &CCC);
            assert!(found.as_ref().is_none_or(|found| found[4..] == [1; 300]));
            assert!(after.status.is_none() || found.is_none());
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "PUT DATA of the PIN policy",
        prepare: manage,
        act: |card| put(card, &POLICY, &[0x80, 1, 1, 0x81, 1, 8, 0x82, 1, 5, 0x83, 1, 1]),
        expected: Status::OK,
        check: |after| {
            let short = after.card.reference(0x24, 0x80, PIN, NEW);
            assert!(short.is_ok() || short == Status::WRONG_DATA);
            assert!(after.status.is_none() || short == Status::WRONG_DATA);
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "GENERATE",
        prepare: manage,
        act: |card| card.generate(0x9E).1,
        expected: Status::OK,
        check: |after| {
            let certified = content(after.card, &CERTIFICATE_9E).is_some();
            let old = after.card.say(0xF7, 0, 0x9E, &[]).0 == after.presence;
            assert!(!certified || old, "a certificate beside another key than its own");
            assert!(after.status.is_none() || !old);
            assert_eq!(after.card.sign(0x9E, &[1; 32]).1, Status::OK, "some key is whole");
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "SET MANAGEMENT KEY",
        prepare: manage,
        act: |card| card.say(0xFF, 0xFF, 0xFF, &[&[0x0C, 0x9B, 32][..], &KEY].concat()).1,
        expected: Status::OK,
        check: |after| {
            let (new, old) = (after.card.manage(&KEY), after.card.manage(&FACTORY_MANAGEMENT_KEY));
            assert!(old.is_ok() != new.is_ok(), "old {old}, new {new}");
            assert!(after.status.is_none() || new.is_ok());
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "SET TRIES",
        prepare: |card| {
            manage(card);
            assert_eq!(card.verify(PIN), Status::OK);
        },
        act: |card| card.say(0xFA, 3, 4, &[]).1,
        expected: Status::OK,
        check: |after| {
            let left = tries_left(after.card);
            assert!(left == 3 || (left == 5 && after.status.is_none()), "{left}");
            assert_eq!(after.card.verify(PIN), Status::OK);
        },
        spares_the_rest: Spares::Everything,
    },
    Case {
        name: "RESET",
        prepare: block_both,
        act: |card| card.say(0xFB, 0, 0, &[]).1,
        expected: Status::OK,
        check: |after| {
            let keys = after.card.say(0xF7, 0, 0x9E, &[]).1.is_ok();
            let chuid = content(after.card, &CHUID).is_some();
            let pin = after.card.verify(PIN);
            // Either nothing was begun, or everything is done: the next command finishes what the cut has left.
            assert!(keys == chuid && pin.is_ok() != keys, "keys {keys}, objects {chuid}, pin {pin}");
            assert!(after.status.is_none() || !keys);
        },
        spares_the_rest: Spares::Nothing,
    },
    Case {
        name: "TERMINATE",
        prepare: manage,
        act: |card| card.say(0xE6, 0, 0, &[]).1,
        expected: Status::OK,
        check: |after| {
            let signed = after.card.sign(0x9E, &[1; 32]).1;
            let chuid = content(after.card, &CHUID).is_some();
            assert!(signed.is_ok() == chuid && (chuid || signed == Status::CONDITIONS_NOT_SATISFIED), "{signed}");
            assert!(after.status.is_none() || !chuid);
        },
        spares_the_rest: Spares::Nothing,
    },
];

/// A card with a key, its certificate and an identity, as an image of its flash.
fn personalised() -> Vec<u8> {
    let mut card = Session::blank();
    card.manage_factory();
    assert_eq!(card.generate(0x9E).1, Status::OK);
    assert_eq!(put(&mut card, &CERTIFICATE_9E, &[0xCE; 200]), Status::OK);
    assert_eq!(put(&mut card, &CHUID, &[0x1D; 60]), Status::OK);
    card.image()
}

/// The image, filled up by `step` until the next one would have to erase.
fn filled(image: &[u8], step: fn(&mut Session)) -> Vec<u8> {
    let mut image = image.to_vec();
    loop {
        let mut card = Session::with(Powered::with(&image));
        card.0.platform().watch();
        step(&mut card);
        if card.0.platform().changes().contains(&Change::Erase) {
            return image;
        }
        image = card.image();
    }
}

/// How far a change of this length may have come, byte for byte where it is short.
fn reaches(change: Change) -> Vec<Reached> {
    let length = match change {
        Change::Write(length) => length,
        Change::Erase => 4096,
    };
    let mut places: Vec<usize> = match change {
        Change::Write(_) => (0..length).filter(|at| *at < 24 || at + 24 > length || at % 97 == 0).collect(),
        Change::Erase => vec![0, 3, 4, 8, 20, 1000, 4095],
    };
    places.dedup();
    let torn = places.into_iter().flat_map(|bytes| [0x00, 0x5A].map(|bits| Reached::Bytes(bytes, bits)));
    let unordered = (4..=length.saturating_sub(4)).step_by(4).take(8).map(Reached::AllBut);
    torn.chain(unordered).chain([Reached::End]).collect()
}

#[test]
fn a_cut_at_any_byte_of_any_write_leaves_a_whole_card() {
    let desk = personalised();
    let full_log = filled(
        &filled(&desk, |card| {
            card.manage_factory();
            assert_eq!(put(card, &CCC, &[9; 3000]), Status::OK);
        }),
        |card| {
            card.manage_factory();
            assert_eq!(put(card, &CCC, &[9]), Status::OK);
        },
    );
    let full_tally = filled(&desk, |card| assert_eq!(card.verify(PIN), Status::OK));
    let (mut torn, mut landed, mut turned) = (0, 0, 0);
    for (place, image) in [("desk", desk), ("full log", full_log), ("full tally", full_tally)] {
        for case in CASES {
            let mut whole = Session::with(Powered::with(&image));
            let serial = whole.say(0xF8, 0, 0, &[]).0;
            let presence = whole.say(0xF7, 0, 0x9E, &[]).0;
            (case.prepare)(&mut whole);
            whole.0.platform().watch();
            assert_eq!((case.act)(&mut whole), case.expected, "{} on {place}", case.name);
            let changes = whole.0.platform().changes().to_vec();
            assert!(!changes.is_empty(), "{} on {place} writes nothing", case.name);
            turned += usize::from(changes.contains(&Change::Erase));
            for (number, change) in changes.iter().enumerate() {
                for reached in reaches(*change) {
                    let what = format!("{} on {place}, {reached:?} of {change:?}, number {number}", case.name);
                    let mut card = Session::with(Powered::with(&image));
                    (case.prepare)(&mut card);
                    card.0.platform().cut(Cut { change: number, reached });
                    let status = (case.act)(&mut card);
                    assert!(card.0.platform().is_cut(), "{what}: the cut never came");
                    // The answer counts where it says that all is done, although a change after the last that mattered was cut.
                    let status = (status == case.expected).then_some(status);
                    let mut card = card.restart();
                    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        assert_eq!(card.say(0xF8, 0, 0, &[]).0, serial);
                        if case.spares_the_rest == Spares::Everything {
                            assert_eq!(content(&mut card, &CHUID).expect("the identity")[2..], [0x1D; 60]);
                        }
                        (case.check)(After { card: &mut card, status, presence: &presence });
                        if case.spares_the_rest == Spares::Everything {
                            write_again(&mut card);
                        }
                    }));
                    assert!(checked.is_ok(), "{what}");
                    if reached == Reached::End { landed += 1 } else { torn += 1 }
                }
            }
        }
    }
    assert!(torn > 10_000 && landed > 300, "{torn} torn, {landed} landed");
    assert!(turned > CASES.len(), "{turned} commands turned a page");
}
