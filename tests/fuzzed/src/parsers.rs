//! Parsers of what crosses a wire: none panics, and what one reads has one spelling.

use heapless::Vec as Fixed;
use sekisho_register::Register;
use sekisho_register::act::SignedAct;
use sekisho_tlog::bundle::{decode_bundle, encode_bundle};
use sekisho_tlog::witness::{Cosigned, only_lines_of};
use sekisho_tlog::{AddCheckpoint, Checkpoint, Freshness, Note, TlogProof, VerifyingKey};
use sekisho_wire::apdu::{Answer, Command};
use sekisho_wire::batch::{Batch, Envelope};
use sekisho_wire::cose::Sign1;
use sekisho_wire::grant::Grant;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::{CardHolderId, certificate};
use sekisho_wire::record::Record;
use sekisho_wire::secret::Pin;
use sekisho_wire::tlv::Reader;

/// Records, the batches that carry them, and the envelopes around those.
pub fn record(bytes: &[u8]) {
    if let Ok(record) = Record::decode(bytes) {
        assert_eq!(record.encode().expect("what was read can be written"), bytes, "a second spelling");
        assert!(Record::kept_unread(bytes).is_none(), "of this version and of a newer one");
    }
    let _ = Record::kept_unread(bytes);
    if let Ok(batch) = Batch::decode(bytes) {
        assert_eq!(batch.records().count(), usize::try_from(batch.header.count).expect("a small number"));
        batch.records().for_each(|record| drop(Record::decode(record)));
    }
    if let Ok(envelope) = Envelope::decode(bytes) {
        let mut again = Vec::new();
        envelope.write(&mut again).expect("a vector takes it");
        assert_eq!(again, bytes, "a second spelling");
    }
}

/// Signed acts, the grants that carry them, and their way into an empty register.
pub fn act(bytes: &[u8]) {
    if let Ok(sign1) = Sign1::decode(bytes) {
        let mut again = Vec::new();
        sign1.write(&mut again).expect("a vector takes it");
        assert_eq!(again, bytes, "a second spelling");
    }
    if let Ok(act) = SignedAct::decode(bytes) {
        let payload = act.act().encode_payload();
        let same = act.act().to_be_signed(act.signer());
        assert_eq!((same.id(), same.payload), (act.id(), payload), "a second spelling");
        let _ = act.proposal();
    }
    let mut register = Register::new();
    let taken = register.with_grant(0, bytes).is_ok();
    let folded = register.fold(bytes).is_ok();
    assert!(folded || !taken, "more is taken from a card than from the log");
    if folded {
        assert!(register.fold(bytes).is_err(), "the same act twice");
        assert!(register.with_grant(1, bytes).is_err(), "the same act again from a card");
    }
    if let Ok(grant) = Grant::decode(bytes) {
        let mut again = Vec::new();
        grant.write(&mut again).expect("a vector takes it");
        assert_eq!(again, bytes, "a second spelling");
    }
}

/// Signed notes and what lies in them, proofs, keys, bundles, requests to witnesses.
pub fn note(bytes: &[u8]) {
    if let Ok(entries) = decode_bundle(bytes) {
        assert_eq!(encode_bundle(entries).expect("what was read can be written"), bytes, "a second spelling");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text, "a second spelling");
        if let Ok(checkpoint) = Checkpoint::from_text(note.text()) {
            assert_eq!(Checkpoint::from_text(&checkpoint.to_text()), Ok(checkpoint));
        }
        if let Ok(freshness) = Freshness::from_text(note.text()) {
            assert_eq!(Freshness::from_text(&freshness.to_text()), Ok(freshness));
        }
    }
    if let Ok(proof) = TlogProof::parse(text) {
        assert_eq!(TlogProof::parse(&proof.to_text()), Ok(proof));
    }
    if let Ok(key) = text.parse::<VerifyingKey>() {
        assert_eq!(key.to_string(), text, "a second spelling");
    }
    if let Ok(request) = AddCheckpoint::parse(text) {
        assert_eq!(request.to_text(), text, "a second spelling");
        assert!(request.look(&[], Cosigned::NOTHING).is_err(), "cosigned without a key of the log");
        assert!(only_lines_of(&request.checkpoint, &[]).is_err(), "lines of nobody");
    }
}

/// APDUs, and the objects of a card.
pub fn object(bytes: &[u8]) {
    if let Ok(command) = Command::parse(bytes) {
        let mut again = Fixed::<u8, 70_000>::new();
        command.encode_extended(&mut again).expect("what was read can be written");
        assert_eq!(Command::parse(&again), Ok(command));
        assert!(command.chain().all(|block| block.data.len() <= 255));
    }
    let _ = Answer::parse(bytes).map(|answer| (answer.status.pin_tries_left(), answer.status.bytes_waiting()));
    assert!(Reader::new(bytes).count() <= bytes.len(), "more objects than bytes");
    let _ = certificate(bytes);
    if let Ok(identity) = CardHolderId::parse(bytes) {
        let mut again = Fixed::<u8, 128>::new();
        identity.write(&mut again).expect("what was read can be written");
        assert_eq!(CardHolderId::parse(&again), Ok(identity));
    }
    let pin = Pin::parse(bytes);
    if let (Ok(policy), Ok(pin)) = (PinPolicy::parse(bytes), &pin) {
        let _ = policy.check(pin);
    }
    let _ = pin.map(|pin| pin.check_choice());
}
