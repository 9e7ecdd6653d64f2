//! Who may have written a file, and when.

use sekisho_wire::reason::EnrolmentEvent;
use sekisho_wire::record::Enrolment;

use super::*;

/// A record that says it is the ledger's, of that time, with its terminal's batch or with none.
fn of_the_ledger(office: &mut Office, at: u64, batch: Option<Base64>) -> EvidenceRecord {
    let event = EnrolmentEvent::Invited;
    let body = Body::Enrolment(Enrolment { terminal: code("jumin-1"), event, by: None, key: None, code: None });
    let record = Record { emitter: Emitter::Ledger, trusted: at, ..a_record(&code("jumin-1"), office.id, 3, body) };
    office.records[3] = record.encode().unwrap().to_vec();
    let mut shown = office.record(3);
    let EvidenceContent::Record { batch: there, leaves, .. } = &mut shown.content else { panic!() };
    if batch.is_none() {
        leaves.clear();
    }
    *there = batch;
    shown
}

/// Whether the writer is believed, whether all holds, and which record bears a later time.
fn checked(office: &Office, shown: EvidenceRecord) -> (bool, bool, Option<u64>) {
    let mut contents = office.contents();
    contents.records = vec![office.record(0), office.record(1), office.record(2), shown];
    let checked = check(&file(office, &contents), &office.trusted(), Language::English).unwrap();
    let later = checked.later;
    (checked.writer.is_ok(), all_held(&Ok(checked)).is_some(), later)
}

#[test]
fn a_ledger_whose_clock_was_ahead_makes_a_file_unclear_and_not_false() {
    let mut office = Office::new();
    let written = office.contents().header.written;
    // Within what clocks differ by, and behind the last day of the card.
    for (at, later) in [(written + 1, None), (written + CLOCKS_DIFFER, None), (u64::MAX >> 12, Some(3))] {
        let shown = of_the_ledger(&mut office, at, None);
        assert_eq!(checked(&office, shown), (true, true, later), "{at}");
    }
    // A terminal that writes in the ledger's name sets nobody's clock.
    let batch = Some(Base64(office.batch(3).0));
    let shown = of_the_ledger(&mut office, u64::MAX >> 12, batch);
    assert_eq!(checked(&office, shown), (true, true, None));
}

#[test]
fn a_card_that_opens_no_session_writes_no_evidence() {
    let mut office = Office::new();
    office.story.change(Change::IssueCard(Box::new(IssueCard {
        card: CardGuid([8; 16]),
        kind: CardKind::RoomEntry,
        operator: Some(code("a1")),
        profiles: Vec::new(),
        authentication: public(61),
        signature: None,
        presence: public(63),
        from: NOW,
        to: TIME * 2,
        dormant: false,
    })));
    let mut contents = office.contents();
    contents.acts = office.story.entries.iter().cloned().map(Base64).collect();
    contents.register = office.story.checkpoint(9);
    contents.header.card = CardGuid([8; 16]).to_string();
    let file = signed_by(61, &office.id, &contents.body()).unwrap();
    let checked = check(&file, &office.trusted(), Language::English).unwrap();
    assert!(checked.opened.cache.register().card(&CardGuid([8; 16])).unwrap().is_current(TIME));
    assert!(matches!(checked.writer, Err(FileFault::Writer)), "{:?}", checked.writer);
}
