//! Where entries stand of a log that is looked through as a whole: what they say themselves is the place that they were made for, and where they stand, the
//! batches say that their terminals signed (wire §7.5).

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use sekisho_register::Register;
use sekisho_wire::id::{Code, Hash as WireHash};
use sekisho_wire::record::{Emitter, Record};

use crate::entries::Entries;
use crate::error::AdminError;
use crate::terminal_word::{CarriedTo, TerminalWord};

/// Where a record stands, by its terminal's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where it says.
    Own,
    /// Where its terminal carried it.
    Carried(CarriedTo),
    /// In neither way, or its terminal has not signed it.
    Nowhere,
    /// The ledger does not show its terminal's word: nobody can tell.
    Unknown,
}

/// Whose batch an entry is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    /// In none: nobody shows a terminal's word for it.
    None,
    /// There is one, and it does not hold.
    Unproved,
    /// The ledger does not show that.
    Unknown,
    /// This terminal's.
    Of(Code),
}

/// What is said to whoever asks for a terminal's word.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// This.
    Word(TerminalWord),
    /// That there is none: the entry is in no batch.
    NoWord,
    /// Nothing: it cannot be shown. Whose the entry is nobody can tell.
    Refused,
}

impl From<Option<TerminalWord>> for Answer {
    fn from(word: Option<TerminalWord>) -> Self {
        word.map_or(Self::NoWord, Self::Word)
    }
}

/// Asks for the terminal's word for the entry at an index.
type Ask<'a> = dyn FnMut(u64) -> Result<Answer, AdminError> + 'a;

/// The places of a log's entries. Each answer of the ledger says those of a whole batch, so one question does for all of it.
pub(crate) struct Places<'a> {
    entries: &'a dyn Entries,
    register: &'a Register,
    ask: Box<Ask<'a>>,
    /// By the index of the first of them.
    pieces: BTreeMap<usize, Piece>,
    histories: Histories,
    /// Who stands in a place already: nobody else does.
    taken: HashMap<(History, u64), usize>,
}

/// Entries of which the same has been heard.
struct Piece {
    /// The index behind the last.
    end: usize,
    /// The batch that they are of, and the seq of the first of them; nothing where no terminal's word holds.
    batch: Option<(History, u64)>,
    /// What was said where no batch holds.
    said: Said,
}

/// Whether there is a word at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    No,
    Yes,
    Refused,
}

impl fmt::Debug for Places<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("pieces", &self.pieces.len()).finish_non_exhaustive()
    }
}

impl<'a> Places<'a> {
    /// Of these entries, the whole log; `ask` gives the terminal's word for the one at an index.
    pub(crate) fn new(
        entries: &'a dyn Entries,
        register: &'a Register,
        ask: impl FnMut(u64) -> Result<Answer, AdminError> + 'a,
    ) -> Self {
        let (pieces, histories, taken) = (BTreeMap::new(), Histories::default(), HashMap::new());
        Self { entries, register, ask: Box::new(ask), pieces, histories, taken }
    }

    /// The entries.
    pub(crate) const fn entries(&self) -> &'a dyn Entries {
        self.entries
    }

    /// Where the record at this index stands.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(crate) fn of(&mut self, index: usize) -> Result<Place, AdminError> {
        self.hear(index)?;
        if self.is_refused(index) {
            return Ok(Place::Unknown);
        }
        let Some((history, seq)) = self.known(index) else { return Ok(Place::Nowhere) };
        let Some(record) = self.entries.record(index)? else { return Ok(Place::Nowhere) };
        let (terminal, epoch) = self.histories.of(history);
        if !is_of(&record, self.register, terminal) {
            return Ok(Place::Nowhere);
        }
        let own = (record.epoch, record.seq);
        if *self.taken.entry((history, seq)).or_insert(index) != index {
            return Ok(Place::Nowhere);
        }
        Ok(if own == (epoch, seq) {
            Place::Own
        } else if own.0 < epoch {
            Place::Carried(CarriedTo { epoch, seq })
        } else {
            Place::Nowhere
        })
    }

    /// Whose batch the entry at this index is in.
    ///
    /// # Errors
    /// Those of `ask`.
    pub(crate) fn batch_of(&mut self, index: usize) -> Result<Batch, AdminError> {
        self.hear(index)?;
        let said = self.piece(index).map_or(Said::No, |(_, piece)| piece.said);
        Ok(match (self.known(index), said) {
            (Some((history, _)), _) => Batch::Of(self.histories.of(history).0.clone()),
            (None, Said::Yes) => Batch::Unproved,
            (None, Said::Refused) => Batch::Unknown,
            (None, Said::No) => Batch::None,
        })
    }

    /// The same of entries of which some are left out, by their records: what was heard stays.
    pub(crate) fn among(self, entries: &'a dyn Entries) -> Self {
        Self { entries, ..self }
    }

    /// How many times somebody was asked.
    pub(crate) fn asked(&self) -> usize {
        self.pieces.len()
    }

    fn hear(&mut self, index: usize) -> Result<(), AdminError> {
        if self.piece(index).is_none() {
            let answer = (self.ask)(index as u64)?;
            let heard = if let Answer::Word(word) = &answer { self.heard(index, word)? } else { None };
            let said = match answer {
                Answer::Word(_) => Said::Yes,
                Answer::NoWord => Said::No,
                Answer::Refused => Said::Refused,
            };
            let (first, piece) = heard.unwrap_or_else(|| (index, Piece::alone(index, said)));
            // What was asked for alone before lies in it now.
            let alone: Vec<usize> = self.pieces.range(first..piece.end).map(|(at, _)| *at).collect();
            for at in alone {
                self.pieces.remove(&at);
            }
            self.pieces.insert(first, piece);
        }
        Ok(())
    }

    fn is_refused(&self, index: usize) -> bool {
        self.piece(index).is_some_and(|(_, piece)| piece.said == Said::Refused)
    }

    /// Whose batch this entry is of, and its seq there, as far as that has been heard.
    fn known(&self, index: usize) -> Option<(History, u64)> {
        let (first, piece) = self.piece(index)?;
        let (history, seq) = piece.batch?;
        Some((history, seq.saturating_add((index - first) as u64)))
    }

    fn piece(&self, index: usize) -> Option<(usize, &Piece)> {
        let (first, piece) = self.pieces.range(..=index).next_back()?;
        (index < piece.end).then_some((*first, piece))
    }

    /// The entries that this word is for, beside the one that it was asked for. What was new of a batch lies in the log in one piece, and is its end (wire §7.4).
    fn heard(&mut self, index: usize, word: &TerminalWord) -> Result<Option<(usize, Piece)>, AdminError> {
        let Ok(header) = word.signed(self.register) else { return Ok(None) };
        if self.register.office() != Some(header.office) {
            return Ok(None);
        }
        let Some(place) = self.begins_at(index, &word.leaves)? else { return Ok(None) };
        let mut before = 0;
        for (there, at) in word.leaves.iter().take(place).rev().zip((0..index).rev()) {
            if !self.has(at, there)? {
                break;
            }
            before += 1;
        }
        let (end, seq) = (index + word.leaves.len() - place, header.first.saturating_add((place - before) as u64));
        let history = self.histories.number(&header.terminal, header.epoch);
        Ok(Some((index - before, Piece { end, batch: Some((history, seq)), said: Said::Yes })))
    }

    /// Which leaf of a batch lies at this index, if that and all behind it do.
    fn begins_at(&self, index: usize, leaves: &[WireHash]) -> Result<Option<usize>, AdminError> {
        for place in 0..leaves.len() {
            let mut ends_here = true;
            for (there, at) in leaves.iter().skip(place).zip(index..) {
                if !self.has(at, there)? {
                    ends_here = false;
                    break;
                }
            }
            if ends_here {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    fn has(&self, index: usize, leaf: &WireHash) -> Result<bool, AdminError> {
        Ok(index < self.entries.count() && self.entries.leaf(index)?.0 == leaf.0)
    }
}

/// A terminal's epoch, by a number: of ten million places each is a few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct History(u32);

/// The terminals' epochs that were met.
#[derive(Debug, Default)]
pub(crate) struct Histories {
    numbers: HashMap<(Code, u32), History>,
    all: Vec<(Code, u32)>,
}

impl Histories {
    /// The number of this one, from now on.
    pub(crate) fn number(&mut self, terminal: &Code, epoch: u32) -> History {
        let (next, all) = (History(u32::try_from(self.all.len()).unwrap_or(u32::MAX)), &mut self.all);
        *self.numbers.entry((terminal.clone(), epoch)).or_insert_with(|| {
            all.push((terminal.clone(), epoch));
            next
        })
    }

    fn of(&self, history: History) -> (&Code, u32) {
        let (terminal, epoch) = &self.all[history.0 as usize];
        (terminal, *epoch)
    }
}

/// Whether a record says that it is this terminal's, of this register's office.
fn is_of(record: &Record, register: &Register, terminal: &Code) -> bool {
    matches!(&record.emitter, Emitter::Terminal(code) if code == terminal) && register.office() == Some(record.office)
}

impl Piece {
    const fn alone(index: usize, said: Said) -> Self {
        Self { end: index + 1, batch: None, said }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sekisho_tlog::leaf_hash;
    use sekisho_wire::record::Body;

    use super::*;
    use crate::entries::tests::LogEntry;
    use crate::terminal_word::tests::{Terminal, a_record};

    /// A terminal's part of a log, and the words that it gave for it.
    pub(crate) struct Told {
        pub(crate) terminal: Terminal,
        pub(crate) records: Vec<Record>,
        bytes: Vec<Vec<u8>>,
        words: Vec<TerminalWord>,
    }

    impl Told {
        pub(crate) fn new() -> Self {
            Self { terminal: Terminal::new(), records: Vec::new(), bytes: Vec::new(), words: Vec::new() }
        }

        /// What the terminal wrote for this place: in one history, or in the other one.
        pub(crate) fn record(&self, (epoch, seq): (u32, u64), history: u64) -> Record {
            let record = a_record(&self.terminal.code, self.terminal.office, seq, Body::TerminalDown);
            Record { epoch, wall: history, ..record }
        }

        /// A batch comes: its epoch and first seq, and its records.
        pub(crate) fn comes(&mut self, epoch: u32, first: u64, records: &[Record]) {
            let bytes: Vec<Vec<u8>> = records.iter().map(|record| record.encode().unwrap().to_vec()).collect();
            let word = self.terminal.word_for(epoch, first, &bytes);
            self.words.extend(records.iter().map(|_| word.clone()));
            self.records.extend_from_slice(records);
            self.bytes.extend(bytes);
        }

        /// The log's entries.
        pub(crate) fn entries(&self) -> Vec<LogEntry<'_>> {
            let both = self.bytes.iter().zip(&self.records);
            both.map(|(bytes, record)| LogEntry { bytes, leaf: leaf_hash(bytes), record: Some(record) }).collect()
        }

        /// What is asked for, each counted.
        pub(crate) fn ask<'a>(
            &'a self,
            asked: &'a std::cell::Cell<usize>,
        ) -> impl FnMut(u64) -> Result<Answer, AdminError> + 'a {
            |index| {
                asked.set(asked.get() + 1);
                Ok(self.words.get(usize::try_from(index).unwrap()).cloned().into())
            }
        }
    }

    #[test]
    fn a_batch_says_once_where_all_its_records_stand() {
        let mut told = Told::new();
        let of =
            |told: &Told, places: &[(u32, u64)]| places.iter().map(|place| told.record(*place, 1)).collect::<Vec<_>>();
        let (own, carried) = (of(&told, &[(0, 4), (0, 5)]), of(&told, &[(0, 5), (0, 6), (1, 2)]));
        told.comes(0, 4, &own);
        told.comes(1, 0, &carried);
        // In another place, and of another epoch that is to come.
        let wrong = of(&told, &[(1, 2), (2, 4)]);
        told.comes(1, 3, &wrong);
        let (entries, asked) = (told.entries(), std::cell::Cell::new(0));
        let mut places = Places::new(&entries, told.terminal.cache.register(), told.ask(&asked));
        let at = |seq| Place::Carried(CarriedTo { epoch: 1, seq });
        // From the middle of the batch: those before it are known with it.
        assert_eq!([3, 2, 4].map(|index| places.of(index).unwrap()), [at(1), at(0), Place::Own]);
        assert_eq!(asked.get(), 1);
        assert_eq!(
            [0, 1, 5, 6].map(|index| places.of(index).unwrap()),
            [Place::Own, Place::Own, Place::Nowhere, Place::Nowhere]
        );
        assert_eq!(asked.get(), 3);
    }

    #[test]
    fn what_no_terminal_signed_there_stands_nowhere() {
        let mut told = Told::new();
        let records = [told.record((0, 5), 1), told.record((0, 6), 1)];
        told.comes(1, 0, &records);
        // A ledger that has each of them once more: the last one alone would fit, and stands there already.
        for copied in [0, 1] {
            let mut entries = told.entries();
            entries.push(entries[copied]);
            let word = |index: u64| told.words.get(usize::try_from(index).unwrap()).or(told.words.first());
            let ask = |index: u64| Ok(word(index).cloned().into());
            let mut places = Places::new(&entries, told.terminal.cache.register(), ask);
            assert_eq!(places.of(1).unwrap(), Place::Carried(CarriedTo { epoch: 1, seq: 1 }));
            assert_eq!(places.of(2).unwrap(), Place::Nowhere);
        }
        let entries = told.entries();
        let none = [(Answer::NoWord, Place::Nowhere, Batch::None), (Answer::Refused, Place::Unknown, Batch::Unknown)];
        for (answer, place, batch) in none {
            let mut places = Places::new(&entries, told.terminal.cache.register(), |_| Ok(answer.clone()));
            assert_eq!((places.of(0).unwrap(), places.batch_of(0).unwrap()), (place, batch));
        }
        let nobody = Register::new();
        let asked = std::cell::Cell::new(0);
        assert_eq!(Places::new(&entries, &nobody, told.ask(&asked)).of(0).unwrap(), Place::Nowhere);
    }
}
