//! What ordinary tools see of a card.

use sekisho_issuer::{CaError, OfficeCa};
use sekisho_wire::piv::Slot;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::rig::{ca, in_use, personalised, validity};

fn authority(pem: &str) -> Vec<u8> {
    x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap().1.contents
}

#[test]
fn a_card_certificate_names_the_card_and_its_key_and_nothing_else() {
    let ca = ca();
    let key = personalised().1.keys.signature;
    let guid = sekisho_wire::id::CardGuid([0xAB; 16]);
    let der = ca.issue(Slot::Signature, &key, "令和8年度第12号", guid, validity()).unwrap();
    let (rest, certificate) = X509Certificate::from_der(&der).unwrap();
    assert!(rest.is_empty());
    let authority = authority(ca.certificate_pem());
    let (_, authority) = X509Certificate::from_der(&authority).unwrap();
    certificate.verify_signature(Some(authority.public_key())).unwrap();
    assert_eq!(certificate.issuer(), authority.subject());
    assert_eq!(certificate.subject().iter_attributes().count(), 1);
    let name = certificate.subject().iter_common_name().next().unwrap().as_str().unwrap();
    assert_eq!(name, format!("令和8年度第12号 {guid}"));
    assert!(!certificate.is_ca() && authority.is_ca());
    let usage = certificate.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && usage.non_repudiation() && !usage.key_cert_sign());
    let point = &certificate.public_key().subject_public_key.data;
    assert_eq!((point.len(), &point[1..33]), (65, &key[1..]));
}

#[test]
fn every_slot_carries_a_certificate_for_its_own_key() {
    let (card, made) = personalised();
    let mut card = in_use(&card);
    let slots = [
        (Slot::Authentication, made.keys.authentication),
        (Slot::Signature, made.keys.signature),
        (Slot::CardAuthentication, made.keys.card_authentication),
    ];
    for (slot, key) in slots {
        let der = card.read_certificate(slot).unwrap().unwrap();
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(&certificate.public_key().subject_public_key.data[1..33], &key[1..]);
    }
    assert_eq!(card.read_certificate(Slot::KeyManagement).unwrap(), None);
}

#[test]
fn an_authority_is_kept_in_two_texts_that_belong_together() {
    let (one, other) = (ca(), ca());
    let loaded = OfficeCa::load(&one.key_pem(), one.certificate_pem()).unwrap();
    let key = personalised().1.keys.authentication;
    let guid = sekisho_wire::id::CardGuid([1; 16]);
    let der = loaded.issue(Slot::Authentication, &key, "12", guid, validity()).unwrap();
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let authority = authority(one.certificate_pem());
    certificate.verify_signature(Some(X509Certificate::from_der(&authority).unwrap().1.public_key())).unwrap();

    assert_eq!(OfficeCa::load(&one.key_pem(), other.certificate_pem()).unwrap_err(), CaError::KeyMismatch);
    assert!(OfficeCa::load("", one.certificate_pem()).is_err());
    assert!(OfficeCa::load(&one.key_pem(), "").is_err());
}

#[test]
fn what_cannot_stand_in_a_certificate_is_said() {
    let ca = ca();
    let guid = sekisho_wire::id::CardGuid([1; 16]);
    let long = "号".repeat(32);
    let key = personalised().1.keys.authentication;
    let error = ca.issue(Slot::Authentication, &key, &long, guid, validity()).unwrap_err();
    assert_eq!(error, CaError::NameTooLong { length: 65 });
    let error = ca.issue(Slot::Authentication, &[0; 33], "12", guid, validity()).unwrap_err();
    assert_eq!(error, CaError::NotP256);
}
