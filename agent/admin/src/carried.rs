//! What terminals carried out of earlier epochs, in a log that is looked through as a whole: an epoch whose own records do not begin with seq 0 begins with
//! what was carried into it (wire §7.5b), or is not whole. Which it is, the terminal's signature over those records says.

use std::collections::BTreeMap;

use sekisho_register::Register;
use sekisho_tlog::Hash;
use sekisho_wire::id::Hash as WireHash;
use sekisho_wire::record::{Emitter, Record};

use crate::error::AdminError;
use crate::missing::Hole;
use crate::terminal_word::{CarriedTo, TerminalWord};

/// An entry of the log: its bytes, its leaf, and what it says if that can be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogEntry<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its leaf.
    pub leaf: Hash,
    /// What it says.
    pub record: Option<&'a Record>,
}

/// Which entries stand in those holes that epochs begin with, and where; the holes are what is left of them. `ask` gives the terminal's word for an entry.
///
/// # Errors
/// Those of `ask`.
pub(crate) fn fill(
    entries: &[LogEntry<'_>],
    holes: &mut Vec<Hole>,
    register: &Register,
    mut ask: impl FnMut(u64) -> Result<Option<TerminalWord>, AdminError>,
) -> Result<BTreeMap<u64, CarriedTo>, AdminError> {
    let mut carried = BTreeMap::new();
    for hole in holes.iter_mut().filter(|hole| hole.range.0 == 0 && hole.epoch > 0) {
        let is_of =
            |record: &Record| matches!(&record.emitter, Emitter::Terminal(code) if code.as_str() == hole.terminal);
        let of_terminal = entries.iter().zip(0_u64..).filter_map(|(entry, index)| Some((entry, index, entry.record?)));
        let of_terminal = of_terminal.filter(|(_, _, record)| is_of(record));
        let before: Vec<_> = of_terminal.take_while(|(_, _, record)| record.epoch < hole.epoch).collect();
        let mut word: Option<TerminalWord> = None;
        // They stand right before its own, newest last.
        let mut left = Some(hole.range.1);
        for (entry, index, record) in before.into_iter().rev() {
            let Some(seq) = left else { break };
            let has = |word: &TerminalWord| word.has(seq, &WireHash(entry.leaf.0));
            if word.as_ref().and_then(has).is_none() {
                word = ask(index)?.filter(|word| word.verify(entry.bytes, record, register).is_ok());
            }
            let to = CarriedTo { epoch: hole.epoch, seq };
            let stands = |word: &TerminalWord| has(word) == Some(true) && word.epoch() == Some(hole.epoch);
            if !word.as_ref().is_some_and(stands) {
                break;
            }
            carried.insert(index, to);
            left = seq.checked_sub(1);
        }
        // What is left of it is from 0 to that.
        match left {
            Some(last) => hole.range.1 = last,
            None => hole.range = (1, 0),
        }
    }
    holes.retain(|hole| hole.range.0 <= hole.range.1);
    Ok(carried)
}

#[cfg(test)]
mod tests {
    use sekisho_tlog::leaf_hash;

    use super::*;
    use crate::terminal_word::tests::Terminal;

    #[test]
    fn an_epoch_that_begins_with_what_was_carried_into_it_has_no_hole() {
        let terminal = Terminal::new();
        let bytes = terminal.bytes();
        let records: Vec<Record> = bytes.iter().map(|bytes| Record::decode(bytes).unwrap()).collect();
        let entry = |at: usize| LogEntry { bytes: &bytes[at], leaf: leaf_hash(&bytes[at]), record: Some(&records[at]) };
        let entries = [entry(0), entry(1)];
        let hole = |to| Hole { terminal: "jumin-1".into(), epoch: 1, range: (0, to) };
        let found = |to, first, epoch| {
            let word = terminal.word_in(epoch, first);
            let (mut holes, mut asked) = (vec![hole(to)], 0);
            let ask = |_| {
                asked += 1;
                Ok(Some(word.clone()))
            };
            let carried = fill(&entries, &mut holes, &terminal.register, ask).unwrap();
            (carried.into_iter().map(|(index, to)| (index, to.seq)).collect::<Vec<_>>(), holes, asked)
        };
        assert_eq!(found(1, 0, 1), (vec![(0, 0), (1, 1)], vec![], 1), "one batch, asked for once");
        assert_eq!(found(4, 3, 1), (vec![(0, 3), (1, 4)], vec![hole(2)], 1), "three are nowhere");
        // The batch is of another epoch, or has them elsewhere.
        assert_eq!(found(1, 0, 2), (vec![], vec![hole(1)], 1));
        assert_eq!(found(1, 9, 1), (vec![], vec![hole(1)], 1));
    }
}
