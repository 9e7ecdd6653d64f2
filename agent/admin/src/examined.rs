//! One record by its own evidence: its place in the log, its terminal's word, its session, the decision made again. It costs a handful of
//! tiles, however long the log is, and is the same whoever shows the evidence.

use std::collections::BTreeMap;

use sekisho_register::LogKeys;
use sekisho_tlog::leaf_hash;
use sekisho_wire::id::{Hash, SessionId};
use sekisho_wire::record::{Body, Emitter, Record};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::error::AdminError;
use crate::exhibits::{Content, Exhibit, Exhibits, Told};
use crate::grant::verify_place_of;
use crate::judge::{Held, Judge, needs_opening};
use crate::signed_once::{SecondUse, Signed, signed_for};
use crate::terminal_word::{CarriedTo, TerminalWord};

/// Examines what lies at this index of the log with these keys.
///
/// # Errors
/// Those of `exhibits`. What does not hold is no error.
pub(crate) fn examine(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    judge: &mut Judge<'_>,
    index: u64,
) -> Result<Held, AdminError> {
    judge.forget_sessions();
    // Before anything else is asked: each answer shows a longer log than the one before, and this one would look like a step back.
    let exhibit = exhibits.at(index)?;
    let size = match placed(exhibits, keys, judge.language(), index, &exhibit)? {
        Ok(size) => size,
        Err(why) => return Ok(Held::No(why)),
    };
    let (bytes, word) = match &exhibit.content {
        Content::Record { bytes, word } => (bytes, word.as_ref()),
        Content::Destroyed { act, .. } => return Ok(judge.destroyed(*act, size)),
    };
    let Ok(record) = Record::decode(bytes) else { return Ok(judge.evidence(bytes, word, size)) };
    let examined = Stands { index, record: &record, bytes, word };
    let second = match signed_before(exhibits, keys, judge, (&record, &exhibit))? {
        None => take_in_session_of(exhibits, keys, judge, examined)?,
        second => second,
    };
    let held = judge.evidence(bytes, word, size);
    let text = match (held, second) {
        (Held::Yes(_) | Held::WithoutOpening(_), Some(second)) => return Ok(judge.used_before(&record, second)),
        (Held::Yes(text), None) => text,
        (held, None | Some(_)) => return Ok(held),
    };
    let taken_back = taken_back(exhibits, keys, judge, examined)?;
    Ok(Held::Yes(taken_back.map_or_else(|| text.clone(), |said| format!("{text}\n   {said}"))))
}

/// The record that takes back what this one grants, if there is one: it came before the answer, which was a refusal then.
fn taken_back(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    judge: &mut Judge<'_>,
    examined: Stands<'_>,
) -> Result<Option<String>, AdminError> {
    let record = examined.record;
    let granted = matches!(&record.body, Body::Decision(decision) if decision.verdict == VerdictCode::Granted);
    if !granted {
        return Ok(None);
    }
    let language = judge.language();
    let during = ("withdrawn", record.trusted, record.trusted.saturating_add(SOON));
    let is_of = |found: &Record| matches!(&found.body, Body::Withdrawn(withdrawn) if withdrawn.of == record.seq);
    for (_, exhibit, size) in told(exhibits, keys, language, (examined, Side::After), during, is_of)? {
        let Content::Record { bytes, word } = &exhibit.content else { continue };
        if let Held::Yes(said) = judge.evidence(bytes, word.as_ref(), size) {
            let index = exhibit.place.index;
            return Ok(Some(match language {
                Language::English => format!("TAKEN BACK, as its terminal says, by record {index}: {said}"),
                Language::Japanese => format!("端末機の申告では、記録 {index} により取り消し: {said}"),
            }));
        }
    }
    Ok(None)
}

/// The size of the log, signed and continuing what was seen before, in which the evidence has its place; or why it has none.
/// Nothing is said of a record before.
fn placed(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    language: Language,
    index: u64,
    exhibit: &Exhibit,
) -> Result<Result<u64, String>, AdminError> {
    let place = &exhibit.place;
    if place.index != index {
        return Ok(Err(match language {
            Language::English => format!("record {} was shown in its place", place.index),
            Language::Japanese => format!("代わりに記録 {} が示された", place.index),
        }));
    }
    let size = match verify_place_of(&exhibit.leaf(), place, keys) {
        Ok(size) => size,
        Err(error) => return Ok(Err(error.in_words(language))),
    };
    exhibits.expect_continued(&place.checkpoint, size)?;
    Ok(Ok(size))
}

/// Whether what a card signed for this record was used before: by another record of its kind in the log, of whatever epoch of its terminal. What a card
/// signs has the time in it, so the other one bears the same.
fn signed_before(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    judge: &Judge<'_>,
    (record, exhibit): (&Record, &Exhibit),
) -> Result<Option<SecondUse>, AdminError> {
    let Some(signed) = signed_for(record) else { return Ok(None) };
    let at = (record.body.kind().1, record.trusted, record.trusted.saturating_add(1));
    let session_too = |other: &Signed| signed.opens.is_some() && other.opens == signed.opens;
    let is_it =
        |other: &Record| signed_for(other).is_some_and(|other| other.salt == signed.salt || session_too(&other));
    let others = of_its_terminal(exhibits, keys, judge, record, (at, is_it))?;
    let mut before =
        others.iter().filter(|(_, other, _)| other.place.index < exhibit.place.index && other.leaf() != exhibit.leaf());
    Ok(before.next().map(|(other, shown, _)| {
        let first = shown.place.index;
        if other.salt == signed.salt { SecondUse::Signature(first) } else { SecondUse::Session(first) }
    }))
}

/// Takes in what tells of the session of this record, if it needs one: the record that opened it, and those before this one that locked, unlocked
/// or closed it, or tell that the agent began anew. Asked for by terminal and time, and each held against log and terminal like any other. An opening that
/// is not shown is missing; an end that is not shown only the whole log tells. No session opens twice: where the log has another opening of it first, or
/// this history another one before this record, that is said, and nothing rests on it.
fn take_in_session_of(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    judge: &mut Judge<'_>,
    examined: Stands<'_>,
) -> Result<Option<SecondUse>, AdminError> {
    let record = examined.record;
    let Some((input, opened)) = needs_opening(record) else { return Ok(None) };
    let Some(session) = input.session else { return Ok(None) };
    let language = judge.language();
    let at = ("session_opened", opened, opened.saturating_add(1));
    let same = |found: &Record| found.body.input().is_some_and(|opening| opening.session == Some(session));
    let mut openings = of_its_terminal(exhibits, keys, judge, record, (at, same))?;
    openings.sort_by_key(|(_, exhibit, _)| exhibit.place.index);
    let Some(first) = openings.first().map(|(_, exhibit, _)| (exhibit.place.index, exhibit.leaf())) else {
        return Ok(None);
    };
    let is_here = |(found, exhibit, _): &(Record, Exhibit, u64)| {
        let Content::Record { bytes, word } = &exhibit.content else { return false };
        let index = exhibit.place.index;
        examined.has_beside(Side::Before, Stands { index, record: found, bytes, word: word.as_ref() })
    };
    openings.retain(is_here);
    if openings.iter().any(|(_, exhibit, _)| exhibit.leaf() != first.1) {
        return Ok(Some(SecondUse::Session(first.0)));
    }
    let is_this = |(_, exhibit, size): &(Record, Exhibit, u64)| {
        let Content::Record { bytes, word } = &exhibit.content else { return false };
        matches!(judge.evidence(bytes, word.as_ref(), *size), Held::Yes(_))
    };
    let Some((opening, ..)) = openings.into_iter().find(is_this) else { return Ok(None) };
    judge.remember(&opening);
    let mut story = Vec::new();
    for kind in ["locked", "session_unlocked", "session_closed", "terminal_up"] {
        let during = (kind, opened, record.trusted.saturating_add(1));
        let is_of = |found: &Record| found.seq > opening.seq && is_about(found, session);
        story.extend(told(exhibits, keys, language, (examined, Side::Before), during, is_of)?);
    }
    story.sort_by_key(|(found, ..)| found.seq);
    for (found, exhibit, size) in story {
        let Content::Record { bytes, word } = &exhibit.content else { continue };
        // What does not stand says nothing: another terminal may have written it, or the card did not sign it for this place.
        let stands = matches!(judge.evidence(bytes, word.as_ref(), size), Held::Yes(_));
        if stands && signed_before(exhibits, keys, judge, (&found, &exhibit))?.is_none() {
            judge.remember(&found);
        }
    }
    Ok(None)
}

/// Whether a record tells that this session was locked, unlocked or closed, or that all were.
fn is_about(record: &Record, session: SessionId) -> bool {
    if matches!(record.body, Body::TerminalUp(_)) {
        return true;
    }
    if let Body::Locked(told) | Body::SessionClosed(told) = &record.body {
        return told.session == session;
    }
    record.body.input().is_some_and(|input| input.session == Some(session))
}

/// A record, and its terminal's word for where it stands.
#[derive(Clone, Copy)]
struct Stands<'a> {
    /// Where it lies in the log.
    index: u64,
    record: &'a Record,
    bytes: &'a [u8],
    word: Option<&'a TerminalWord>,
}

impl<'a> Stands<'a> {
    /// Whether another record of the same epoch is of the same history as this one. After a fork an epoch has two: the one that the ledger had, in its own
    /// place, and the one that was carried into a later epoch. They have in common what came before they parted, which may stand in both.
    fn is_one_with(self, other: Self) -> bool {
        let (ours, theirs) = (self.carried(), other.carried());
        match (ours, theirs) {
            (None, None) => true,
            // What was carried into one epoch is of one history, also behind a hole in it.
            (Some((_, to)), Some((_, there))) if to.epoch == there.epoch => true,
            // Where both batches say what stands in a place, that decides. Where the batch of what stands in its own place ends before the other one's seq,
            // the other one is believed to go on from it: the evidence says nothing of what may stand there, only the whole log does.
            (Some(_), _) | (None, Some(_)) if self.has_parted_from(other) => false,
            (Some((word, to)), _) => other.would_stand(word, to, self.record.seq).unwrap_or(true),
            (None, Some((word, to))) => self.would_stand(word, to, other.record.seq).unwrap_or(false),
        }
    }

    /// Whether another record says that it is of the same epoch, on that side of this one.
    fn is_beside(self, side: Side, other: &Record) -> bool {
        let record = self.record;
        let there = match side {
            Side::Before => other.seq < record.seq,
            Side::After => other.seq > record.seq,
        };
        there && (&other.emitter, other.epoch) == (&record.emitter, record.epoch)
    }

    /// Whether another record lies on that side of this one in its history.
    fn has_beside(self, side: Side, other: Self) -> bool {
        // A history comes in its order, in its own place and carried: what somebody with the terminal's key brings later was not there then, whatever it says.
        let came = if side == Side::Before { other.index < self.index } else { other.index > self.index };
        // What lies before a record in its own place lies in its own place as well, or nowhere: what was carried is of another history there.
        let parted = side == Side::Before && !self.is_carried() && other.is_carried();
        self.is_beside(side, other.record) && came && !parted && self.is_one_with(other)
    }

    /// Whether the batches of the two show that their histories parted before the other one, or right there: another leaf in the same place of this epoch.
    fn has_parted_from(self, other: Self) -> bool {
        let theirs: BTreeMap<i128, Hash> = other.leaves().collect();
        let until = i128::from(other.record.seq);
        self.leaves().any(|(seq, leaf)| seq <= until && theirs.get(&seq).is_some_and(|there| *there != leaf))
    }

    /// The leaves of its batch, each with the seq in this record's epoch that it stands for.
    fn leaves(self) -> impl Iterator<Item = (i128, Hash)> {
        let carried = self.carried().map_or(0, |(_, to)| i128::from(self.record.seq) - i128::from(to.seq));
        let places = self.word.into_iter().flat_map(TerminalWord::places);
        places.map(move |(seq, leaf)| (i128::from(seq) + carried, *leaf))
    }

    fn carried(self) -> Option<(&'a TerminalWord, CarriedTo)> {
        self.word.and_then(|word| Some((word, word.carries(self.bytes, self.record)?)))
    }

    fn is_carried(self) -> bool {
        self.carried().is_some()
    }

    /// Whether this stands among those that were carried with the record of `seq`, in its place there, or lies before all of them; nothing where nobody can
    /// tell from that batch.
    fn would_stand(self, word: &TerminalWord, to: CarriedTo, seq: u64) -> Option<bool> {
        let place = i128::from(to.seq) + i128::from(self.record.seq) - i128::from(seq);
        let Ok(place) = u64::try_from(place) else { return Some(place < 0) };
        word.has(place, &Hash(leaf_hash(self.bytes).0))
    }
}

/// Which records are looked for, of the history of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// A day: what is taken back is taken back at once, and what a clock does meanwhile is less.
const SOON: u64 = 86_400_000;

/// Kind, from when, until when (not included).
type During = (&'static str, u64, u64);

/// Records of that kind of the history of `record`, on one side of it, between two times and as `wanted`, that have their place in the log.
fn told(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    language: Language,
    (examined, side): (Stands<'_>, Side),
    during: During,
    wanted: impl Fn(&Record) -> bool,
) -> Result<Vec<(Record, Exhibit, u64)>, AdminError> {
    let is_there = |told: &Record| examined.is_beside(side, told) && wanted(told);
    let mut found = that_say_so(exhibits, keys, language, examined.record, (during, is_there))?;
    found.retain(|(told, exhibit, _)| {
        let Content::Record { bytes, word } = &exhibit.content else { return false };
        let index = exhibit.place.index;
        examined.has_beside(side, Stands { index, record: told, bytes, word: word.as_ref() })
    });
    Ok(found)
}

/// Records of that kind of the terminal of `record`, of any of its epochs, that it put where they stand.
fn of_its_terminal(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    judge: &Judge<'_>,
    record: &Record,
    asked: (During, impl Fn(&Record) -> bool),
) -> Result<Vec<(Record, Exhibit, u64)>, AdminError> {
    let mut found = that_say_so(exhibits, keys, judge.language(), record, asked)?;
    found.retain(|(told, exhibit, _)| {
        let Content::Record { bytes, word } = &exhibit.content else { return false };
        judge.is_its_terminals(bytes, told, word.as_ref())
    });
    Ok(found)
}

/// Records of that kind that say that they are of the terminal of `record`, between two times and as `wanted`, that have their place in the log.
fn that_say_so(
    exhibits: &impl Exhibits,
    keys: &LogKeys,
    language: Language,
    record: &Record,
    ((kind, since, until), wanted): (During, impl Fn(&Record) -> bool),
) -> Result<Vec<(Record, Exhibit, u64)>, AdminError> {
    let Emitter::Terminal(terminal) = &record.emitter else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (index, bytes) in exhibits.told(&Told { terminal, kind, since, until })? {
        let Ok(told) = Record::decode(&bytes) else { continue };
        if told.emitter != record.emitter || !wanted(&told) {
            continue;
        }
        let exhibit = exhibits.at(index)?;
        // The search said what it is; the evidence says that it stands.
        let is_shown = matches!(&exhibit.content, Content::Record { bytes: shown, .. } if *shown == bytes);
        if !is_shown {
            continue;
        }
        if let Ok(size) = placed(exhibits, keys, language, index, &exhibit)? {
            found.push((told, exhibit, size));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal_word::tests::{Terminal, a_record};

    #[test]
    fn two_records_of_an_epoch_are_of_one_history_unless_it_parted_between_them() {
        let terminal = Terminal::new();
        let at = |seq, epoch| {
            let record = a_record(&terminal.code, terminal.office, seq, Body::TerminalDown);
            let record = Record { wall: epoch, ..record };
            (record.clone(), record.encode().unwrap().to_vec())
        };
        // Carried into epoch 1 as its records 0 and 1, or behind ten others; and what the terminal had there otherwise.
        let (own, carried) = (terminal.word_in(0, 7), [terminal.word_in(1, 0), terminal.word_in(1, 10)]);
        let [shared, last] = [0, 1].map(|place| (terminal.records[place].clone(), terminal.bytes()[place].clone()));
        let (before, other, later) = (at(5, 9), at(7, 9), at(9, 9));
        let is_one = |one: &(Record, Vec<u8>), word, another: &(Record, Vec<u8>), of| {
            let stands = |it, word| {
                let (record, bytes): &(Record, Vec<u8>) = it;
                Stands { index: record.seq, record, bytes, word: Some(word) }
            };
            stands(one, word).is_one_with(stands(another, of))
        };
        assert!(is_one(&last, &own, &shared, &own) && is_one(&last, &carried[0], &shared, &carried[0]));
        // What was carried goes on from what stands in its place: before all of it, and as far as both have the same.
        assert!(is_one(&last, &carried[0], &before, &own) && is_one(&last, &carried[0], &shared, &own));
        assert!(!is_one(&last, &carried[0], &other, &own));
        assert!(is_one(&last, &carried[1], &before, &own), "nobody can tell from this batch");
        // What stands in its place is followed by what was carried only where that goes on from it.
        assert!(is_one(&shared, &own, &last, &carried[0]) && is_one(&before, &own, &last, &carried[0]));
        assert!(!is_one(&other, &own, &last, &carried[0]) && !is_one(&later, &own, &last, &carried[0]));
        assert!(!is_one(&before, &own, &last, &carried[1]));
    }

    #[test]
    fn another_record_in_the_same_place_parts_two_histories_where_the_batches_show_it() {
        let terminal = Terminal::new();
        // Of one history or the other: seq and which.
        let at = |seq, history| {
            let record = a_record(&terminal.code, terminal.office, seq, Body::TerminalDown);
            let record = Record { wall: history, ..record };
            (record.encode().unwrap().to_vec(), record)
        };
        let batch = |epoch, first, of: &[(u64, u64)]| {
            let records: Vec<Vec<u8>> = of.iter().map(|(seq, history)| at(*seq, *history).0).collect();
            terminal.word_for(epoch, first, &records)
        };
        let is_one = |one: ((u64, u64), &TerminalWord), other: ((u64, u64), &TerminalWord)| {
            let [(bytes, record), (other_bytes, other_record)] =
                [one.0, other.0].map(|(seq, history)| at(seq, history));
            let examined = Stands { index: 0, record: &record, bytes: &bytes, word: Some(one.1) };
            examined.is_one_with(Stands { index: 0, record: &other_record, bytes: &other_bytes, word: Some(other.1) })
        };
        let own = batch(0, 6, &[(6, 1), (7, 1), (8, 1)]);
        // What is carried begins with another record 8, or with the same one.
        let (parted, same) = (batch(1, 0, &[(8, 2), (9, 2)]), batch(1, 0, &[(8, 1), (9, 2)]));
        assert!(!is_one(((7, 1), &own), ((8, 2), &parted)) && !is_one(((7, 1), &own), ((9, 2), &parted)));
        assert!(is_one(((7, 1), &own), ((8, 1), &same)) && is_one(((7, 1), &own), ((9, 2), &same)));
        // From a batch that ends before that nobody can tell.
        let ends = batch(0, 6, &[(6, 1), (7, 1)]);
        assert!(is_one(((7, 1), &ends), ((8, 2), &parted)));
        // Seen from what was carried: what came before they parted is of both, what came later is not.
        assert!(is_one(((9, 2), &parted), ((7, 1), &own)) && is_one(((9, 2), &parted), ((6, 1), &own)));
        assert!(!is_one(((9, 2), &parted), ((8, 1), &own)) && is_one(((9, 2), &same), ((8, 1), &own)));
        let later = batch(0, 8, &[(8, 1), (9, 1), (10, 1)]);
        assert!(!is_one(((9, 2), &parted), ((10, 1), &later)), "record 9 is another one");
        // Both carried: into one epoch, over a hole, or each into another.
        let long: Vec<(u64, u64)> = [(3, 2)].into_iter().chain((9..15).map(|seq| (seq, 2))).collect();
        let hole = batch(1, 0, &long);
        assert!(is_one(((3, 2), &hole), ((12, 2), &hole)) && is_one(((12, 2), &hole), ((3, 2), &hole)));
        let again = batch(2, 0, &[(8, 3), (9, 3)]);
        assert!(!is_one(((8, 2), &parted), ((9, 3), &again)) && !is_one(((9, 3), &again), ((8, 2), &parted)));
    }
}
