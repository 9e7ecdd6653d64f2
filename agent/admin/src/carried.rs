//! What terminals carried out of earlier epochs, in a log that is looked through as a whole: an epoch whose own records do not begin with seq 0 begins with
//! what was carried into it (wire §7.5b), or is not whole. Which it is, the terminal's signature over those records says.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use sekisho_wire::record::{Emitter, Record};

use crate::error::AdminError;
use crate::missing::Hole;
use crate::places::{Place, Places};
use crate::terminal_word::CarriedTo;

/// By epoch: what stands there at a seq stood in the epoch of a hole at the seq that lies so much higher.
type Shifts = BTreeMap<u32, i128>;

/// Which entries stand in those holes that epochs begin with, and where; the holes are what is left of them.
///
/// # Errors
/// As [`Places::of`].
pub(crate) fn fill(places: &mut Places<'_>, holes: &mut Vec<Hole>) -> Result<BTreeMap<u64, CarriedTo>, AdminError> {
    let mut carried = BTreeMap::new();
    let mut later: BTreeMap<String, Vec<(u32, Shifts)>> = BTreeMap::new();
    // The newest epoch first: it tells what stood where in those before it.
    for hole in holes.iter_mut().rev().filter(|hole| hole.range.0 == 0 && hole.epoch > 0) {
        let Some(own) = first_own(places, hole)? else { continue };
        let of_terminal = later.entry(hole.terminal.clone()).or_default();
        let shifts = shifts_of(places, hole, own, of_terminal)?;
        let left = walk_back(places, hole, own, &shifts, &mut carried)?;
        of_terminal.push((hole.epoch, shifts));
        // What is left of it is from 0 to that.
        match left {
            Some(last) => hole.range.1 = last,
            None => hole.range = (1, 0),
        }
    }
    holes.retain(|hole| hole.range.0 <= hole.range.1);
    Ok(carried)
}

/// The index of the record behind the hole: the first of the epoch's own.
fn first_own(places: &Places<'_>, hole: &Hole) -> Result<Option<usize>, AdminError> {
    let entries = places.entries();
    for index in entries.shown() {
        let Some(record) = entries.record(index)? else { continue };
        if is_of(&record, hole) && record.epoch == hole.epoch && record.seq.checked_sub(1) == Some(hole.range.1) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// Where in later epochs that stands which stood in the hole. An epoch can end before all of it is sent: the next one carries it then, and what had been
/// carried into it comes once, out of the epoch that it is of (wire §7.2b).
fn shifts_of(places: &mut Places<'_>, hole: &Hole, own: usize, later: &[(u32, Shifts)]) -> Result<Shifts, AdminError> {
    let mut shifts = Shifts::from([(hole.epoch, 0)]);
    if let Place::Carried(to) = places.of(own)? {
        shifts.insert(to.epoch, i128::from(hole.range.1) + 1 - i128::from(to.seq));
    }
    // An epoch between has its own place there too.
    for (epoch, of_it) in later {
        let common = of_it.iter().find_map(|(there, shift)| Some(shifts.get(there)? - shift));
        if let Some(shift) = common {
            shifts.entry(*epoch).or_insert(shift);
        }
    }
    Ok(shifts)
}

/// From the epoch's own first record back, as far as records stand in the hole; gives the last seq where none does.
fn walk_back(
    places: &mut Places<'_>,
    hole: &Hole,
    own: usize,
    shifts: &Shifts,
    carried: &mut BTreeMap<u64, CarriedTo>,
) -> Result<Option<u64>, AdminError> {
    let mut left = Some(hole.range.1);
    for index in (places.entries().shown().start..own).rev() {
        let Some(seq) = left else { break };
        let Some(record) = places.entries().record(index)? else { continue };
        if !is_of(&record, hole) {
            continue;
        }
        let Place::Carried(to) = places.of(index)? else { break };
        if record.epoch >= hole.epoch {
            break;
        }
        let Some(shift) = shifts.get(&to.epoch) else { continue };
        match (i128::from(to.seq) + shift).cmp(&i128::from(seq)) {
            // It came once more.
            Ordering::Greater => {}
            Ordering::Equal => {
                carried.insert(index as u64, to);
                left = seq.checked_sub(1);
            }
            Ordering::Less => break,
        }
    }
    Ok(left)
}

fn is_of(record: &Record, hole: &Hole) -> bool {
    matches!(&record.emitter, Emitter::Terminal(code) if code.as_str() == hole.terminal)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::ops::Range;

    use super::*;
    use crate::missing::Seqs;
    use crate::places::tests::Told;

    /// Records of an epoch.
    fn of(told: &Told, epoch: u32, seqs: Range<u64>) -> Vec<Record> {
        seqs.map(|seq| told.record((epoch, seq), 1)).collect()
    }

    /// Indexes with the places that were found for them, the epochs' holes that are left, and how often somebody was asked.
    type Found = (Vec<(u64, u32, u64)>, Vec<(u32, (u64, u64))>, usize);

    fn found(told: &Told) -> Found {
        let mut seqs = Seqs::default();
        told.records.iter().for_each(|record| seqs.saw(record, None));
        let (entries, asked, mut holes) = (told.entries(), Cell::new(0), seqs.holes());
        let mut places = Places::new(&entries, told.terminal.cache.register(), told.ask(&asked));
        let carried = fill(&mut places, &mut holes).unwrap();
        let carried = carried.into_iter().map(|(index, to)| (index, to.epoch, to.seq)).collect();
        (carried, holes.into_iter().map(|hole| (hole.epoch, hole.range)).collect(), asked.get())
    }

    #[test]
    fn an_epoch_that_begins_with_what_was_carried_into_it_has_no_hole() {
        let found_in = |epoch, first, own| {
            let mut told = Told::new();
            told.comes(0, 0, &of(&told, 0, 0..3));
            told.comes(epoch, first, &of(&told, 0, 3..5));
            told.comes(1, own, &of(&told, 1, own..own + 2));
            found(&told)
        };
        assert_eq!(found_in(1, 0, 2), (vec![(3, 1, 0), (4, 1, 1)], vec![], 2), "each batch is asked for once");
        assert_eq!(found_in(1, 3, 5), (vec![(3, 1, 3), (4, 1, 4)], vec![(1, (0, 2))], 3), "three are nowhere");
        // The batch is of another epoch, or has them elsewhere.
        assert_eq!(found_in(2, 0, 2), (vec![], vec![(1, (0, 1))], 3));
        assert_eq!(found_in(1, 9, 2), (vec![], vec![(1, (0, 1))], 3));
    }

    #[test]
    fn what_was_carried_once_more_when_another_epoch_was_opened_is_in_neither_a_hole() {
        // Epoch 1 had five of epoch 0 before its own. So many of them came in it before epoch 2 was opened, which carries on from there, or once more what
        // was not proved.
        for (sent, from) in [(0, 0), (2, 2), (3, 1), (5, 3), (5, 5)] {
            let mut told = Told::new();
            told.comes(0, 0, &of(&told, 0, 0..4));
            let rest = of(&told, 0, 4..9);
            if sent > 0 {
                told.comes(1, 0, &rest[..sent]);
            }
            let carried = [&rest[from..], &of(&told, 1, 5..8)].concat();
            told.comes(2, 0, &carried);
            let own = carried.len() as u64;
            told.comes(2, own, &of(&told, 2, own..own + 1));
            let (carried, holes, asked) = found(&told);
            assert_eq!(holes, [], "{sent} {from}");
            // Where they stand is where they came.
            let first = told.records.len() - 9 + from;
            assert!(carried.contains(&(first as u64, 2, 0)), "{carried:?}");
            assert!(asked <= 4, "{asked}");
        }
    }

    #[test]
    fn what_did_not_stand_there_closes_no_hole() {
        let mut told = Told::new();
        told.comes(0, 0, &of(&told, 0, 0..4));
        // Two of the five came, and of the others epoch 2 carries the last two only.
        told.comes(1, 0, &of(&told, 0, 4..6));
        let carried = [of(&told, 0, 7..9), of(&told, 1, 5..8)].concat();
        told.comes(2, 0, &carried);
        assert_eq!(found(&told).1, [(0, (6, 6)), (1, (0, 2))]);
        // What a later epoch has right before the first of its own, and is of the same epoch or of one behind it, did not stand before it there.
        for before in [(1, 9), (2, 7)] {
            let mut told = Told::new();
            let carried = [told.record(before, 1), told.record((1, 5), 1)];
            told.comes(3, 0, &carried);
            assert!(found(&told).1.contains(&(1, (0, 4))), "{before:?}");
        }
    }

    #[test]
    fn what_three_epochs_carried_in_parts_is_put_together() {
        let mut told = Told::new();
        told.comes(0, 0, &of(&told, 0, 0..4));
        let rest = of(&told, 0, 4..9);
        told.comes(1, 0, &rest[..2]);
        // Epoch 2 carries from the third on, and its own begin with its seq 6; it is closed after two.
        told.comes(2, 0, &rest[2..4]);
        let carried = [&rest[4..], &of(&told, 1, 5..8), &of(&told, 2, 6..8)].concat();
        told.comes(3, 0, &carried);
        told.comes(3, 6, &of(&told, 3, 6..7));
        let (carried, holes, _) = found(&told);
        assert_eq!(holes, []);
        assert_eq!(carried.iter().map(|(index, ..)| *index).collect::<Vec<_>>(), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    }
}
