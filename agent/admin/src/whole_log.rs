//! Every record of a log, judged one after the other: what stands there once more, and what says the same place as another one, is named with that other.

use std::collections::{BTreeMap, HashMap};

use sekisho_tlog::Hash;
use sekisho_wire::record::{Emitter, Record};

use crate::entries::Entries;
use crate::error::AdminError;
use crate::judge::{Held, Judge};
use crate::places::{Histories, History, Place, Places};
use crate::record_words::Teller;
use crate::strangers::Stranger;
use crate::terminal_word::CarriedTo;

/// A record, and what verification says of it.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Its index.
    pub index: u64,
    /// What it comes to.
    pub held: Held,
    /// What is to be said beside it.
    pub beside: Vec<String>,
    /// What it says, where that can be read.
    pub record: Option<Record>,
}

impl From<(u64, Held)> for Judged {
    fn from((index, held): (u64, Held)) -> Self {
        Self { index, held, beside: Vec::new(), record: None }
    }
}

/// Who is there already, by leaf and by the place that it says; and which of them hold. Of each of many millions a few bytes are kept.
struct There {
    /// By the beginning of the leaf: which it is, the leaf itself says.
    leaves: HashMap<u64, usize>,
    /// Those whose beginning another one has, too: somebody has looked for such a pair.
    alike: HashMap<Hash, usize>,
    /// A bit of each.
    holding: Vec<u64>,
    histories: Histories,
    places: HashMap<(History, u64), usize>,
}

impl There {
    fn new(count: usize) -> Self {
        let (leaves, alike, places) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { leaves, alike, holding: vec![0; count.div_ceil(64)], histories: Histories::default(), places }
    }

    /// The earlier entry with the same leaf.
    fn same(&mut self, entries: &dyn Entries, leaf: Hash, at: usize) -> Result<Option<usize>, AdminError> {
        let beginning = leaf.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let first = *self.leaves.entry(beginning).or_insert(at);
        if first == at {
            return Ok(None);
        }
        if entries.leaf(first)? == leaf {
            return Ok(Some(first));
        }
        Ok(Some(*self.alike.entry(leaf).or_insert(at)).filter(|first| *first != at))
    }

    /// The other record that says the same place. The ledger's own are not asked: it has one history, and what a terminal writes in its name is none of it.
    fn other(&mut self, record: &Record, index: usize) -> Option<usize> {
        let Emitter::Terminal(terminal) = &record.emitter else { return None };
        let place = (self.histories.number(terminal, record.epoch), record.seq);
        let first = *self.places.entry(place).or_insert(index);
        (first != index).then_some(first)
    }

    fn holds(&mut self, at: usize) {
        self.holding[at / 64] |= 1 << (at % 64);
    }

    fn is_holding(&self, at: usize) -> bool {
        self.holding[at / 64] >> (at % 64) & 1 == 1
    }
}

/// What is known of a log's entries before they are judged.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Those that were carried into a later epoch, by their terminals' word.
    pub carried: BTreeMap<u64, CarriedTo>,
    /// Those that were brought later, whoever says so: the ledger's search, or the terminal's word where nobody searched.
    pub brought: BTreeMap<u64, CarriedTo>,
    /// Those that are not whose they say they are.
    pub strangers: BTreeMap<usize, Stranger>,
}

/// Judges the records of a log of this size, one after the other, and gives each to `take`. Where there is doubt of what is known, their terminals' word is
/// asked for. How many contradict another one comes back.
///
/// # Errors
/// As [`Places::of`]; those of `take`.
pub(crate) fn judge_all(
    judge: &mut Judge<'_>,
    teller: &Teller<'_>,
    places: &mut Places<'_>,
    known: &Known,
    mut take: impl FnMut(Judged) -> Result<(), AdminError>,
) -> Result<usize, AdminError> {
    let entries = places.entries();
    let (mut parted, mut there, size) = (0, There::new(entries.count()), entries.count() as u64);
    for at in entries.shown() {
        let (index, bytes) = (at as u64, entries.bytes(at)?);
        if bytes.is_empty() {
            continue;
        }
        let stranger = known.strangers.get(&at);
        if let Some(stranger) = stranger.filter(|stranger| **stranger != Stranger::Unproved) {
            let record = Record::decode(&bytes).map_err(|_| AdminError::Ledger("a record that cannot be read"))?;
            let held = Held::Unreadable(stranger.in_words(teller, &record));
            take(Judged { record: Some(record), ..(index, held).into() })?;
            continue;
        }
        let Some(record) = entries.record(at)? else {
            take((index, judge.next(index, &bytes, size)).into())?;
            continue;
        };
        let same = there.same(entries, entries.leaf(at)?, at)?;
        let other = if same.is_none() { there.other(&record, at) } else { None };
        let place = match known.carried.get(&index) {
            Some(to) => Some(Place::Carried(*to)),
            None if same.is_some() || other.is_some() => Some(places.of(at)?),
            None => known.brought.get(&index).copied().map(Place::Carried),
        };
        let mut beside = Vec::new();
        let held = match (same, other, place) {
            // What does not hold does not hold here either, and opens no session.
            (Some(first), _, Some(Place::Carried(_))) if there.is_holding(first) => judge.again(&record, first as u64),
            (Some(_), _, Some(Place::Carried(_))) => judge.next(index, &bytes, size),
            (Some(first), ..) => Held::Unreadable(twice(teller, &record, first, place)),
            (None, Some(other), Some(Place::Nowhere)) => Held::Unreadable(elsewhere(teller, &record, other)),
            (None, Some(other), _) => {
                parted += 1;
                beside.push(contradicts(teller, other));
                judge.next(index, &bytes, size)
            }
            (None, None, _) => judge.next(index, &bytes, size),
        };
        if matches!(held, Held::Yes(_)) {
            there.holds(at);
        }
        // What follows goes by it; it is not said to hold itself.
        let held = match (stranger, held) {
            (Some(stranger), Held::Yes(_)) => Held::Unreadable(stranger.in_words(teller, &record)),
            (_, held) => held,
        };
        if let Some(Place::Carried(to)) = place {
            beside.push(teller.carried(&record, to));
        }
        take(Judged { index, held, beside, record: Some(record) })?;
    }
    Ok(parted)
}

/// The same bytes, and their terminal did not carry them: it put them into another place, or somebody else put them there.
fn twice(teller: &Teller<'_>, record: &Record, first: usize, place: Option<Place>) -> String {
    let line = teller.line(record);
    if place == Some(Place::Own) {
        return teller.say(
            format!("{line}: the same bytes as record {first}, and only one of the two can be in its own place"),
            format!("{line}: 記録 {first} と同じ内容(本来の位置にあり得るのは一方だけ)"),
        );
    }
    if place == Some(Place::Unknown) {
        return teller.say(
            format!(
                "{line}: the same bytes as record {first}; whether their terminal put them here cannot be told now"
            ),
            format!("{line}: 記録 {first} と同じ内容(端末機がここに置いたかどうか確認できない)"),
        );
    }
    teller.say(
        format!("{line}: the same bytes as record {first}, and not in their own place"),
        format!("{line}: 記録 {first} と同じ内容が、本来の位置ではない所にある"),
    )
}

fn elsewhere(teller: &Teller<'_>, record: &Record, other: usize) -> String {
    let line = teller.line(record);
    teller.say(
        format!("{line}: it says that it stands where record {other} does, and its terminal did not put it there"),
        format!("{line}: 記録 {other} と同じ位置の記録と書かれているが、端末機はその位置に置いていない"),
    )
}

fn contradicts(teller: &Teller<'_>, other: usize) -> String {
    teller.say(
        format!("contradicts record {other}: another record in the same place, so the terminal has two histories"),
        format!("記録 {other} と矛盾: 同じ位置に別の記録がある(端末機に二つの履歴がある)"),
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sekisho_wire::id::Hash as WireHash;
    use sekisho_wire::reason::EnrolmentEvent;
    use sekisho_wire::record::{Body, Enrolment, RegisterAdvanced};
    use sekisho_wire::words::Language;

    use super::*;
    use crate::entries::tests::LogEntry;
    use crate::places::Places;
    use crate::places::tests::Told;

    /// All of them, and how many contradict another one.
    struct AllJudged {
        records: Vec<Judged>,
        parted: usize,
    }

    fn all_of(judge: &mut Judge<'_>, teller: &Teller<'_>, places: &mut Places<'_>, known: &Known) -> AllJudged {
        let mut records = Vec::new();
        let take = |judged| {
            records.push(judged);
            Ok(())
        };
        let parted = judge_all(judge, teller, places, known, take).unwrap();
        AllJudged { records, parted }
    }

    /// What is said of each in English and in Japanese, how many contradict another one, and how often somebody was asked.
    fn said(told: &Told, carried: &BTreeMap<u64, CarriedTo>) -> (Vec<[String; 2]>, usize, usize) {
        let (cache, entries, asked) = (&told.terminal.cache, told.entries(), Cell::new(0));
        let in_language = |language| {
            let mut places = Places::new(&entries, cache.register(), told.ask(&asked));
            let (mut judge, teller) = (Judge::new(cache, language), Teller { cache, language });
            let known = Known { carried: carried.clone(), ..Known::default() };
            all_of(&mut judge, &teller, &mut places, &known)
        };
        let (english, japanese) = (in_language(Language::English), in_language(Language::Japanese));
        let text = |judged: &Judged| format!("{:?} {:?}", judged.held, judged.beside);
        let both = english.records.iter().zip(&japanese.records).map(|(one, other)| [text(one), text(other)]);
        (both.collect(), english.parted, asked.get() / 2)
    }

    #[test]
    fn the_later_of_two_histories_is_said_to_contradict_the_earlier_one() {
        let mut told = Told::new();
        let record = |told: &Told, seq, history| told.record((0, seq), history);
        let first = [3, 4, 5].map(|seq| record(&told, seq, 1));
        // The histories have record 4 in common.
        let second = [record(&told, 4, 1), record(&told, 5, 2), record(&told, 6, 2)];
        told.comes(0, 3, &first);
        told.comes(1, 0, &second);
        let (said, parted, asked) = self::said(&told, &BTreeMap::new());
        assert_eq!((parted, asked), (1, 1));
        for (index, of) in said.iter().enumerate() {
            let is_it = index == 4;
            assert_eq!(of[0].contains("contradicts record 2: another record in the same place"), is_it, "{of:?}");
            assert_eq!(of[1].contains("記録 2 と矛盾: 同じ位置に別の記録がある"), is_it, "{of:?}");
            assert!(of[0].starts_with("Yes") && of[1].starts_with("Yes"), "{of:?}");
        }
        assert!(
            said[4][0].contains("brought later: record 5 of epoch 0") && said[3][0].contains("the same as record 1")
        );
        // Once more, in yet another epoch: it is the same one.
        told.comes(2, 0, &second[1..]);
        assert_eq!(self::said(&told, &BTreeMap::new()).1, 1);
    }

    #[test]
    fn what_is_known_to_have_been_carried_is_not_asked_for() {
        let mut told = Told::new();
        let shared = [told.record((0, 3), 1)];
        told.comes(0, 3, &shared);
        told.comes(1, 0, &shared);
        let to = CarriedTo { epoch: 1, seq: 0 };
        assert_eq!(said(&told, &BTreeMap::from([(1, to)])).2, 0);
        let (said, _, asked) = said(&told, &BTreeMap::new());
        assert_eq!(asked, 1);
        assert!(
            said[1][0].contains("carried into a later epoch as well") && said[1][0].contains("epoch 1 as record 0")
        );
    }

    #[test]
    fn what_the_search_says_was_brought_later_is_said_so_and_in_doubt_the_terminal_is_asked() {
        let mut told = Told::new();
        let records = [told.record((0, 3), 1), told.record((0, 4), 1)];
        told.comes(1, 0, &records);
        let (entries, cache, language) = (told.entries(), &told.terminal.cache, Language::English);
        let mut places = Places::new(&entries, cache.register(), |_| panic!("nothing is in doubt"));
        let known = Known { brought: BTreeMap::from([(1, CarriedTo { epoch: 1, seq: 1 })]), ..Known::default() };
        let (mut judge, teller) = (Judge::new(cache, language), Teller { cache, language });
        let all = all_of(&mut judge, &teller, &mut places, &known);
        assert!(all.records[0].beside.is_empty());
        assert!(all.records[1].beside[0].contains("brought later: record 4 of epoch 0"), "{:?}", all.records[1]);
    }

    #[test]
    fn what_stands_there_twice_and_was_not_carried_says_nothing() {
        let mut told = Told::new();
        let (record, other) = (told.record((0, 3), 1), told.record((0, 3), 2));
        told.comes(0, 3, std::slice::from_ref(&record));
        // In the same epoch, in the places of others.
        told.comes(0, 4, &[record.clone(), other]);
        let (said, parted, asked) = self::said(&told, &BTreeMap::new());
        assert_eq!((parted, asked), (0, 1));
        assert!(said[0][0].starts_with("Yes"), "{said:?}");
        assert!(said[1][0].starts_with("Unreadable") && said[1][1].starts_with("Unreadable"), "{said:?}");
        assert!(said[1][0].contains("the same bytes as record 0, and not in their own place"), "{said:?}");
        assert!(said[1][1].contains("記録 0 と同じ内容が、本来の位置ではない所にある"), "{said:?}");
        assert!(said[2][0].starts_with("Unreadable") && said[2][0].contains("where record 0 does"), "{said:?}");
        // The first of them is the one that is not in its place.
        let mut told = Told::new();
        told.comes(0, 2, &[record.clone(), record]);
        let (said, ..) = self::said(&told, &BTreeMap::new());
        assert!(said[1][0].starts_with("Unreadable") && said[1][0].contains("only one of the two"), "{said:?}");
    }

    #[test]
    fn what_does_not_hold_does_not_hold_when_it_is_carried() {
        let mut told = Told::new();
        let body = Body::RegisterAdvanced(RegisterAdvanced { size: 1, root: WireHash([9; 32]) });
        let false_root = [Record { retention: body.retention(), body, ..told.record((0, 3), 1) }];
        told.comes(0, 3, &false_root);
        told.comes(1, 0, &false_root);
        let (said, ..) = said(&told, &BTreeMap::new());
        assert!(said[0][0].starts_with("No") && said[1][0].starts_with("No"), "{said:?}");
    }

    #[test]
    fn the_ledgers_own_records_have_no_second_history() {
        let told = Told::new();
        let event = EnrolmentEvent::Invited;
        let enrolment = Enrolment { terminal: told.terminal.code.clone(), event, by: None, key: None, code: None };
        let body = Body::Enrolment(enrolment);
        let own = |history| Record {
            emitter: Emitter::Ledger,
            retention: body.retention(),
            body: body.clone(),
            ..told.record((0, 3), history)
        };
        let (records, cache) = ([own(1), own(2)], &told.terminal.cache);
        let bytes = records.each_ref().map(|record| record.encode().unwrap());
        let leaves = [1, 2].map(|number| Hash([number; 32]));
        let entries: Vec<LogEntry<'_>> =
            (0..2).map(|at| LogEntry { bytes: &bytes[at], leaf: leaves[at], record: Some(&records[at]) }).collect();
        let mut places = Places::new(&entries, cache.register(), |_| panic!("no terminal signed it"));
        let (language, nothing) = (Language::English, Known::default());
        let (mut judge, teller) = (Judge::new(cache, language), Teller { cache, language });
        let all = all_of(&mut judge, &teller, &mut places, &nothing);
        assert_eq!(all.parted, 0);
        assert!(all.records.iter().all(|judged| matches!(judged.held, Held::Yes(_)) && judged.beside.is_empty()));
    }
}
