//! Flash images of every format that was ever written: they still open.

use std::fs;
use std::path::PathBuf;

use sekisho_wire::status::Status;

use crate::powered::Powered;
use crate::session::{NEW, PIN, PUK, Session};

/// A card that was used: keys, objects, a policy, a PIN of its own, a wrong try. The same bytes in every run.
fn used() -> Session {
    let mut card = Session::blank();
    card.manage_factory();
    let policy = [0x5C, 0x03, 0x5F, 0xFF, 0x20, 0x53, 12, 0x80, 1, 2, 0x81, 1, 6, 0x82, 1, 3, 0x83, 1, 1];
    assert_eq!(card.say(0xDB, 0x3F, 0xFF, &policy).1, Status::OK);
    for slot in [0x9A, 0x9C, 0x9E] {
        assert_eq!(card.generate(slot).1, Status::OK);
    }
    let chuid = [0x5C, 0x03, 0x5F, 0xC1, 0x02, 0x53, 0x04, 1, 2, 3, 4];
    assert_eq!(card.say(0xDB, 0x3F, 0xFF, &chuid).1, Status::OK);
    card.0.reset();
    assert_eq!(card.reference(0x24, 0x80, PIN, NEW), Status::OK);
    assert_eq!(card.verify(PIN), Status::wrong_tries_left(4));
    card
}

fn golden(format: u8) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/images/format-{format}.flash"))
}

#[test]
fn what_is_written_today_is_the_newest_golden_image() {
    let path = golden(1);
    let image = used().image();
    if !path.exists() {
        fs::write(&path, &image).unwrap();
        panic!("'{}' was missing and is written: look at it, and keep it for good", path.display());
    }
    assert!(fs::read(path).unwrap() == image, "the format has changed: give it a number and an image of its own");
}

#[test]
fn an_image_of_every_format_opens() {
    for format in 1..=1 {
        let image = fs::read(golden(format)).unwrap();
        let mut card = Session::with(Powered::with(&image));
        assert_eq!(card.say(0xF8, 0, 0, &[]).0, [1, 2, 3, 4]);
        assert_eq!(card.say(0xCB, 0x3F, 0xFF, &[0x5C, 0x03, 0x5F, 0xC1, 0x02]).0, [0x53, 0x04, 1, 2, 3, 4]);
        assert_eq!(card.verify(PIN), Status::wrong_tries_left(3));
        assert_eq!(card.verify(NEW), Status::OK);
        assert_eq!(card.sign(0x9A, &[1; 32]).1, Status::OK);
        assert_eq!(card.sign(0x9E, &[1; 32]).1, Status::OK);
        assert_eq!(card.reference(0x24, 0x80, NEW, PIN), Status::WRONG_DATA, "the factory's PIN is remembered");
        assert_eq!(card.reference(0x2C, 0x80, PUK, b"805271\xFF\xFF"), Status::OK);
        card.manage_factory();
        assert_eq!(card.generate(0x9D).1, Status::OK, "and goes on being written");
    }
}
