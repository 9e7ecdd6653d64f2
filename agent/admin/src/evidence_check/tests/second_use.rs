//! A terminal that writes what the card signed for one record into another one.

use super::*;

/// The record with that index once more, in another place; of what it says only the place is another.
fn copy(office: &Office, index: usize, (epoch, seq): (u32, u64)) -> Vec<u8> {
    let record = Record::decode(&office.records[index]).unwrap();
    Record { epoch, seq, ..record }.encode().unwrap().to_vec()
}

/// The granted one, at another time.
fn granted(office: &Office, (epoch, seq): (u32, u64), time: u64) -> Vec<u8> {
    let mut record = Record::decode(&office.records[1]).unwrap();
    let Body::Decision(decision) = &mut record.body else { panic!() };
    decision.input.time = time;
    let salt = Salt([90 + u8::try_from(seq).unwrap(); 16]);
    Record { epoch, seq, salt, trusted: time, ..record }.encode().unwrap().to_vec()
}

/// What the check of a file with all records says of each.
fn checked(office: &Office, language: Language, left_out: Option<u64>) -> Vec<Held> {
    let mut contents = office.contents();
    let there: Vec<u64> = (0..office.records.len() as u64).filter(|index| Some(*index) != left_out).collect();
    contents.records = there.iter().map(|index| office.record(*index)).collect();
    contents.header.asked = there;
    let checked = check(&file(office, &contents), &office.trusted(), language).unwrap();
    checked.judged.into_iter().map(|(_, held)| held).collect()
}

/// What the whole log says of each.
fn walked(office: &Office, language: Language) -> Vec<Held> {
    let cache = office.story.cache(8);
    let mut judge = Judge::new(&cache, language);
    let next = |(index, bytes): (u64, &Vec<u8>)| judge.next(index, bytes, 9);
    (0..).zip(&office.records).map(next).collect()
}

fn holds(held: &[Held]) -> Vec<bool> {
    held.iter().map(|held| matches!(held, Held::Yes(_))).collect()
}

#[test]
fn an_opening_that_is_written_once_more_opens_nothing_and_the_first_one_stands() {
    // In the same epoch, with the session still open; and in a later one, after it had ended.
    for (epoch, first) in [(0, 3), (1, 0)] {
        let mut office = Office::new();
        if epoch == 0 {
            office.records.truncate(3);
        } else {
            office.second_epoch = 4;
        }
        let before = office.records.len();
        let again = [copy(&office, 0, (epoch, first)), granted(&office, (epoch, first + 1), TIME + 4000)];
        office.records.extend(again);
        let expected = [&vec![true; before][..], &[false, false]].concat();
        for found in [walked(&office, Language::English), checked(&office, Language::English, None)] {
            assert_eq!(holds(&found), expected, "{found:?}");
            let Held::No(why) = &found[before] else { panic!("{found:?}") };
            assert!(why.contains("belongs to one record, and record 0 has it already"), "{why}");
        }
        let Held::No(why) = checked(&office, Language::English, None).pop().unwrap() else { panic!() };
        assert!(why.contains("no session opens twice, and record 0 has opened this one already"), "{why}");
        let Held::No(why) = checked(&office, Language::Japanese, None).pop().unwrap() else { panic!() };
        assert!(why.contains("記録 0 が既に開始している"), "{why}");
        // That he left the first one out is his word.
        assert!(matches!(checked(&office, Language::English, Some(0)).pop(), Some(Held::Yes(_))));
    }
}

#[test]
fn a_session_that_is_opened_under_another_signature_opens_nothing_either() {
    let mut office = Office::new();
    office.second_epoch = 4;
    let root = office.story.cache(7).register().root();
    let record = Record::decode(&office.records[0]).unwrap();
    let Body::SessionOpened(Opening { input, .. }) = &record.body else { panic!() };
    let (input, salt) = (input.clone(), Salt([77; 16]));
    let signature = WireSignature(sign(51, &session_digest(&salt, &root, &input)));
    let again =
        Record { epoch: 1, seq: 0, salt, body: Body::SessionOpened(Opening { input, root, signature }), ..record };
    office.records.push(again.encode().unwrap().to_vec());
    for found in [walked(&office, Language::English), checked(&office, Language::English, None)] {
        let Some(Held::No(why)) = found.last() else { panic!("{found:?}") };
        assert!(why.contains("no session opens twice, and record 0"), "{why}");
    }
}

#[test]
fn the_same_record_again_is_no_second_use() {
    let mut office = Office::new();
    let again = office.records[0].clone();
    office.records.push(again);
    office.second_epoch = 4;
    assert!(matches!(walked(&office, Language::English).pop(), Some(Held::Yes(_))));
    // Carried into epoch 1.
    assert_eq!(holds(&checked(&office, Language::English, None)), [true; 5]);
}

#[test]
fn a_function_that_a_card_proved_is_proved_once() {
    let mut office = Office::new();
    let mut record = Record::decode(&office.records[1]).unwrap();
    let Body::Decision(decision) = &mut record.body else { panic!() };
    decision.input.level = Level::Card;
    let digest = sekisho_wire::record::decision_digest(&record.salt, &decision.request, &decision.input);
    decision.signature = Some(WireSignature(sign(53, &digest)));
    office.records[1] = record.encode().unwrap().to_vec();
    office.records[2] = copy(&office, 1, (0, 2));
    for found in [walked(&office, Language::English), checked(&office, Language::English, None)] {
        assert_eq!(holds(&found), [true, true, false, true], "{found:?}");
        let Held::No(why) = &found[2] else { panic!() };
        assert!(why.contains("belongs to one record, and record 1 has it already"), "{why}");
    }
    // Another terminal's, or what only says that it is this one's, uses nothing up.
    let mut contents = office.contents();
    let EvidenceContent::Record { batch, .. } = &mut contents.records[1].content else { panic!() };
    *batch = None;
    contents.header.asked = vec![2];
    let checked = check(&file(&office, &contents), &office.trusted(), Language::English).unwrap();
    assert!(matches!(&checked.judged[0].1, Held::Yes(_)), "{:?}", checked.judged);
}

#[test]
fn an_unlocking_that_is_written_once_more_unlocks_nothing() {
    let mut office = Office::new();
    let root = office.story.cache(7).register().root();
    let told = |seq, time, body| {
        let record = a_record(&code("jumin-1"), office.id, seq, body);
        Record { trusted: time, wall: time, ..record }.encode().unwrap().to_vec()
    };
    let locked = |seq, time| {
        told(seq, time, Body::Locked(SessionReason { session: SessionId([7; 16]), reason: Reason::CardRemoved }))
    };
    let input = office.input(Request::Unlock, TerminalState::Locked, Level::Pin);
    let input = DecisionInput { time: TIME + 3000, opened: Some(TIME), ..input };
    let signature = WireSignature(sign(51, &session_digest(&Salt([3; 16]), &root, &input)));
    let unlocked = told(3, TIME + 3000, Body::SessionUnlocked(Opening { input, root, signature }));
    let records = [locked(2, TIME + 2000), unlocked, granted(&office, (0, 4), TIME + 4000), locked(5, TIME + 5000)];
    office.records.splice(2.., records);
    let again = [copy(&office, 3, (0, 6)), granted(&office, (0, 7), TIME + 7000)];
    office.records.extend(again);
    let expected = [true, true, true, true, true, true, false, false];
    for found in [walked(&office, Language::English), checked(&office, Language::English, None)] {
        assert_eq!(holds(&found), expected, "{found:?}");
        let Held::No(why) = &found[6] else { panic!() };
        assert!(why.contains("belongs to one record, and record 3 has it already"), "{why}");
    }
}
