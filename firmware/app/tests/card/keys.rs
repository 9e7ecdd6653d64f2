//! Private keys: who may use which, and when (§C16, §C17).

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{PublicKey, SecretKey, ecdh};
use sekisho_wire::piv::{TAG_AUTHENTICATION, TAG_EC_POINT, TAG_EXPONENTIATION, TAG_PUBLIC_KEY, TAG_RESPONSE};
use sekisho_wire::status::Status;
use sekisho_wire::tlv;

use crate::session::{PIN, Said, Session, WRONG};

const DIGEST: [u8; 32] = [0x5A; 32];
const REFUSED: Status = Status::SECURITY_STATUS_NOT_SATISFIED;

/// A card with a key in this slot, PIN not yet shown.
fn with_key(slot: u8) -> (Session, VerifyingKey) {
    let mut card = Session::blank();
    card.manage_factory();
    let (data, status) = card.generate(slot);
    assert_eq!(status, Status::OK);
    let point = tlv::only(tlv::only(&data, TAG_PUBLIC_KEY).unwrap(), TAG_EC_POINT).unwrap();
    let key = VerifyingKey::from_sec1_bytes(point).unwrap();
    (card.restart(), key)
}

fn verifies(key: &VerifyingKey, (data, status): &Said) -> bool {
    assert_eq!(*status, Status::OK);
    let response = tlv::only(tlv::only(data, TAG_AUTHENTICATION).unwrap(), TAG_RESPONSE).unwrap();
    key.verify_prehash(&DIGEST, &DerSignature::from_bytes(response).unwrap()).is_ok()
}

#[test]
fn slot_9a_signs_as_often_as_wanted_once_the_pin_was_shown() {
    let (mut card, key) = with_key(0x9A);
    assert_eq!(card.sign(0x9A, &DIGEST).1, REFUSED);
    assert_eq!(card.verify(PIN), Status::OK);
    for _ in 0..3 {
        assert!(verifies(&key, &card.sign(0x9A, &DIGEST)));
    }
    assert_eq!(card.raw(&[0x00, 0x20, 0xFF, 0x80]).1, Status::OK);
    assert_eq!(card.sign(0x9A, &DIGEST).1, REFUSED, "logged out");
}

#[test]
fn slot_9c_wants_the_pin_every_time() {
    let (mut card, key) = with_key(0x9C);
    assert_eq!(card.sign(0x9C, &DIGEST).1, REFUSED);
    for _ in 0..2 {
        assert_eq!(card.verify(PIN), Status::OK);
        assert!(verifies(&key, &card.sign(0x9C, &DIGEST)));
        assert_eq!(card.sign(0x9C, &DIGEST).1, REFUSED, "used up");
    }
}

#[test]
fn any_general_authenticate_uses_the_pin_of_9c_up() {
    let (mut card, _) = with_key(0x9C);
    let between: [fn(&mut Session) -> Said; 5] = [
        |card| card.sign(0x9C, &[1; 31]),
        |card| card.sign(0x9A, &DIGEST),
        |card| card.sign(0x9E, &DIGEST),
        |card| card.say(0x87, 0x11, 0x9C, &[0xFF]),
        |card| card.authenticate(0x0C, 0x9B, &[(TAG_RESPONSE, &[])]),
    ];
    for command in between {
        assert_eq!(card.verify(PIN), Status::OK);
        assert_ne!(command(&mut card).1, Status::OK);
        assert_eq!(card.sign(0x9C, &DIGEST).1, REFUSED);
    }
}

#[test]
fn reading_between_verify_and_9c_is_allowed() {
    let (mut card, key) = with_key(0x9C);
    assert_eq!(card.verify(PIN), Status::OK);
    assert_eq!(card.say(0xCB, 0x3F, 0xFF, &[0x5C, 0x01, 0x7E]).1, Status::OK);
    assert_eq!(card.say(0xA4, 0x04, 0x00, &[0xA0, 0, 0, 3, 8]).1, Status::OK);
    assert_eq!(card.pin_status(), Status::OK);
    assert!(verifies(&key, &card.sign(0x9C, &DIGEST)));
}

#[test]
fn slot_9e_needs_no_pin() {
    let (mut card, key) = with_key(0x9E);
    assert!(verifies(&key, &card.sign(0x9E, &DIGEST)));
    while card.verify(WRONG) != Status::AUTHENTICATION_BLOCKED {}
    assert!(verifies(&key, &card.sign(0x9E, &DIGEST)), "even when the PIN is blocked");
}

#[test]
fn slot_9d_agrees_on_a_secret_and_takes_only_points_of_the_curve() {
    let (mut card, key) = with_key(0x9D);
    let host = SecretKey::from_slice(&[3; 32]).unwrap();
    let mut point = host.public_key().to_encoded_point(false).as_bytes().to_vec();
    let agree = |card: &mut Session, point: &[u8]| {
        card.authenticate(0x11, 0x9D, &[(TAG_RESPONSE, &[]), (TAG_EXPONENTIATION, point)])
    };
    assert_eq!(agree(&mut card, &point).1, REFUSED);
    assert_eq!(card.verify(PIN), Status::OK);
    let (data, status) = agree(&mut card, &point);
    assert_eq!(status, Status::OK);
    let card_point = PublicKey::from(&key);
    let expected = ecdh::diffie_hellman(host.to_nonzero_scalar(), card_point.as_affine());
    let shared = tlv::only(tlv::only(&data, TAG_AUTHENTICATION).unwrap(), TAG_RESPONSE).unwrap();
    assert_eq!(shared, expected.raw_secret_bytes().as_slice());
    point[64] ^= 1;
    assert_eq!(agree(&mut card, &point).1, Status::WRONG_DATA);
    assert_eq!(card.sign(0x9D, &DIGEST).1, Status::WRONG_DATA, "9D signs nothing");
}

#[test]
fn what_is_not_a_digest_is_not_signed() {
    let (mut card, _) = with_key(0x9A);
    assert_eq!(card.verify(PIN), Status::OK);
    for length in [0, 20, 31, 33, 48, 64] {
        assert_eq!(card.sign(0x9A, &vec![1; length]).1, Status::WRONG_DATA, "{length}");
    }
    assert_eq!(card.authenticate(0x11, 0x9A, &[(TAG_RESPONSE, &[])]).1, Status::WRONG_DATA);
    assert_eq!(card.authenticate(0x14, 0x9A, &[(TAG_RESPONSE, &[])]).1, Status::WRONG_PARAMETERS);
    assert_eq!(card.authenticate(0x11, 0x9F, &[(TAG_RESPONSE, &[])]).1, Status::WRONG_PARAMETERS);
}

#[test]
fn a_slot_without_key_says_so() {
    let mut card = Session::blank();
    assert_eq!(card.verify(PIN), Status::OK);
    assert_eq!(card.sign(0x9A, &DIGEST).1, Status::CONDITIONS_NOT_SATISFIED);
    assert_eq!(card.say(0xF7, 0, 0x9A, &[]).1, Status::REFERENCE_NOT_FOUND);
}

#[test]
fn keys_are_made_by_the_issuer_alone_and_take_the_old_certificate_with_them() {
    let mut card = Session::blank();
    assert_eq!(card.generate(0x9A).1, REFUSED);
    assert_eq!(card.verify(PIN), Status::OK);
    assert_eq!(card.generate(0x9A).1, REFUSED, "a PIN is not the issuer's key");
    card.manage_factory();
    let certificate = [&[0x5C, 0x03, 0x5F, 0xC1, 0x05, 0x53, 0x02][..], &[1, 2]].concat();
    assert_eq!(card.say(0xDB, 0x3F, 0xFF, &certificate).1, Status::OK);
    let (first, _) = card.generate(0x9A);
    let (second, _) = card.generate(0x9A);
    assert_ne!(first, second);
    assert_eq!(card.say(0xCB, 0x3F, 0xFF, &certificate[..5]).1, Status::NOT_FOUND);
    assert_eq!(card.say(0xF7, 0, 0x9A, &[]).1, Status::OK);
    assert_eq!(card.generate(0x9B).1, Status::WRONG_PARAMETERS);
    assert_eq!(card.say(0x47, 0, 0x9A, &[0xAC, 0x03, 0x80, 0x01, 0x14]).1, Status::WRONG_DATA);
}

#[test]
fn reset_forgets_the_pin_and_keeps_the_key() {
    let (mut card, key) = with_key(0x9A);
    assert_eq!(card.verify(PIN), Status::OK);
    card.0.reset();
    assert_eq!(card.pin_status(), Status::wrong_tries_left(5));
    assert_eq!(card.sign(0x9A, &DIGEST).1, REFUSED);
    assert_eq!(card.verify(PIN), Status::OK);
    assert!(verifies(&key, &card.sign(0x9A, &DIGEST)));
}

#[test]
fn metadata_shows_the_public_key_and_never_more() {
    let (mut card, key) = with_key(0x9C);
    let (data, status) = card.say(0xF7, 0, 0x9C, &[]);
    assert_eq!(status, Status::OK);
    assert!(data.windows(65).any(|point| point == key.to_encoded_point(false).as_bytes()));
    let kept = scalar_in(&card.image(), &key).expect("the card keeps its key");
    assert!(!data.windows(32).any(|window| window == kept));
}

/// The private key of this public one, wherever it lies.
fn scalar_in(image: &[u8], key: &VerifyingKey) -> Option<Vec<u8>> {
    // The record of a key is its algorithm and its scalar.
    let mut records = image.windows(33).filter(|window| window[0] == 0x11).map(|window| &window[1..]);
    let is_it = |scalar: &&[u8]| {
        SecretKey::from_slice(scalar).is_ok_and(|secret| VerifyingKey::from(secret.public_key()) == *key)
    };
    records.find(is_it).map(<[u8]>::to_vec)
}

#[test]
fn of_a_key_that_was_replaced_nothing_stays() {
    let (mut card, key) = with_key(0x9D);
    assert!(scalar_in(&card.image(), &key).is_some());
    card.manage_factory();
    assert_eq!(card.generate(0x9D).1, Status::OK);
    assert_eq!(scalar_in(&card.image(), &key), None);
}
