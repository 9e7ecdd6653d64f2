//! A log in which one terminal writes in another's name, and in the ledger's.

use std::cell::Cell;

use sekisho_tlog::leaf_hash;
use sekisho_wire::reason::EnrolmentEvent;
use sekisho_wire::record::{Body, Enrolment};
use sekisho_wire::words::Language;

use super::*;
use crate::entries::tests::LogEntry;
use crate::entries::{Entries, Taken};
use crate::judge::{Held, Judge};
use crate::places::Answer;
use crate::places::tests::Told;
use crate::whole_log::{Judged, Known, judge_all};

/// What becomes of each entry of a log; the search shows those, and of the rest it is asked whose batch they are in.
fn found(told: &Told, shown: &[u64], ask: bool) -> (BTreeMap<usize, Stranger>, usize) {
    let shown = shown.iter().map(|index| (*index, None)).collect();
    let (entries, asked) = (told.entries(), Cell::new(0));
    let mut word = told.ask(&asked);
    let ask = move |index| if ask { word(index) } else { Ok(Answer::NoWord) };
    let mut places = Places::new(&entries, told.terminal.cache.register(), ask);
    let found = strangers(&mut places, &shown, told.terminal.office, |_| {}).unwrap().strangers;
    drop(places);
    (found, asked.get())
}

/// A terminal's batch: one of its own, one that says another terminal, one that says the ledger, one out of place, one of another office.
fn batch() -> Told {
    let mut told = Told::new();
    let own = |seq| told.record((0, seq), 1);
    let other = Record { emitter: Emitter::Terminal(Code::new("jumin-2").unwrap()), ..own(4) };
    let event = EnrolmentEvent::Invited;
    let enrolment = Enrolment { terminal: told.terminal.code.clone(), event, by: None, key: None, code: None };
    let body = Body::Enrolment(enrolment);
    let ledger = Record { emitter: Emitter::Ledger, retention: body.retention(), body, ..own(5) };
    let abroad = Record { office: OfficeId([9; 16]), ..own(7) };
    let records = [own(3), other, ledger, own(9), abroad];
    told.comes(0, 3, &records);
    told
}

#[test]
fn what_a_terminal_wrote_in_anothers_name_is_a_stranger() {
    let told = batch();
    let of = || told.terminal.code.clone();
    let (found, asked) = found(&told, &[0], true);
    let expected =
        [(1, Stranger::In(of())), (2, Stranger::In(of())), (3, Stranger::OutOfPlace), (4, Stranger::OtherOffice)];
    assert_eq!((found, asked), (BTreeMap::from(expected), 1), "one question for the batch");
}

#[test]
fn what_the_search_does_not_show_and_a_terminal_put_there_is_its_own() {
    let mut told = Told::new();
    let records = [told.record((0, 3), 1), told.record((0, 4), 1)];
    told.comes(0, 3, &records);
    assert_eq!(found(&told, &[], true), (BTreeMap::new(), 1));
    assert_eq!(found(&told, &[0, 1], true), (BTreeMap::new(), 0), "nothing is in doubt");
    // Without a word it is nobody's; the same bytes as one that is shown say nothing new.
    let (without, _) = found(&told, &[0], false);
    assert_eq!(without, BTreeMap::from([(1, Stranger::Unsigned)]));
    told.comes(1, 0, &records);
    assert_eq!(found(&told, &[0, 1], false).0, BTreeMap::new());
    // Before that one it is somebody's copy.
    assert_eq!(found(&told, &[1, 2], false).0, BTreeMap::from([(0, Stranger::Unsigned)]));
}

#[test]
fn a_record_of_the_ledgers_own_has_no_word() {
    let told = batch();
    let ledger = &told.entries()[2];
    let (bytes, record) = (ledger.bytes, ledger.record);
    let entries = vec![LogEntry { bytes, leaf: leaf_hash(bytes), record }];
    let found = |word: Option<crate::terminal_word::TerminalWord>| {
        let mut places = Places::new(&entries, told.terminal.cache.register(), |_| Ok(word.clone().into()));
        strangers(&mut places, &Shown::new(), told.terminal.office, |_| {}).unwrap().strangers
    };
    assert_eq!(found(None), BTreeMap::new());
    let torn = crate::terminal_word::TerminalWord { batch: Vec::new(), leaves: Vec::new() };
    assert_eq!(found(Some(torn)), BTreeMap::from([(0, Stranger::Unsigned)]));
}

#[test]
fn a_stranger_is_said_to_be_one_and_is_in_nobodys_history() {
    let told = batch();
    let (strangers, _) = found(&told, &[0], true);
    let cache = &told.terminal.cache;
    let all = told.entries();
    let taken = Taken::without(&all, &strangers);
    assert_eq!([0, 1, 2, 3, 4].map(|at| taken.record(at).unwrap().is_some()), [true, false, false, false, false]);
    let said = |language| {
        let mut places = Places::new(&taken, cache.register(), |_| panic!("nothing is in doubt"));
        let known = Known { strangers: strangers.clone(), ..Known::default() };
        let teller = Teller { cache, language };
        let mut judged = Vec::new();
        let take = |one: Judged| {
            judged.push(one);
            Ok(())
        };
        judge_all(&mut Judge::new(cache, language), &teller, &mut places, &known, take).unwrap();
        let held = judged.into_iter().map(|judged| judged.held);
        held.map(|held| if let Held::Unreadable(why) = held { why } else { String::new() }).collect::<Vec<_>>()
    };
    let (english, japanese) = (said(Language::English), said(Language::Japanese));
    for (index, words) in [
        (1, "in a batch of terminal jumin-1, and says that it is terminal jumin-2's"),
        (2, "in a batch of terminal jumin-1, and says that it is the ledger's"),
        (3, "another place than the one where its terminal put it"),
        (4, "another office"),
    ] {
        assert!(english[index].contains(words), "{english:?}");
        assert_ne!(english[index], japanese[index]);
    }
    assert!(english[0].is_empty() && japanese[2].contains("台帳の記録と書かれている"), "{japanese:?}");
}
