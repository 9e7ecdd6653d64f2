//! Registers of the past, by their sizes: whoever judges records asks for the one that each was decided by, and neighbours were mostly decided by the same.

use alloc::collections::BTreeMap;

use crate::fold::Register;

/// A few of them: those that were asked for lately, and one every so often, from which others are made. However records jump about, and whoever wrote them so, to
/// make one takes no more than a part of the whole.
#[derive(Debug)]
pub struct Past {
    known: BTreeMap<u64, Register>,
    rungs: BTreeMap<u64, Register>,
    /// How far the rungs are apart.
    apart: u64,
}

/// So many are kept: terminals that learn of acts at different times need one each.
const KEPT: usize = 8;
/// So many rungs are kept at most; with more of them every other one goes.
const RUNGS: usize = 8;
/// How far they are apart at first.
const APART: u64 = 256;

impl Default for Past {
    fn default() -> Self {
        Self { known: BTreeMap::new(), rungs: BTreeMap::new(), apart: APART }
    }
}

impl Past {
    /// The register of that size. One that is not known is made by `fold` out of the largest known below it, in one or several steps, each to the size that it
    /// is told.
    ///
    /// # Errors
    /// Those of `fold`.
    pub fn at<E>(
        &mut self,
        size: u64,
        mut fold: impl FnMut(Register, u64) -> Result<Register, E>,
    ) -> Result<&Register, E> {
        if !self.known.contains_key(&size) {
            let below = |some: &BTreeMap<u64, Register>| some.range(..=size).next_back().map(|(of, _)| *of);
            let (known, rung) = (below(&self.known), below(&self.rungs));
            let from = if known >= rung { &self.known } else { &self.rungs };
            let mut register = known.max(rung).and_then(|of| from.get(&of)).cloned().unwrap_or_default();
            while register.size() < size {
                let rung = (register.size() / self.apart + 1).saturating_mul(self.apart);
                register = fold(register, rung.min(size))?;
                if rung <= size {
                    self.keep_rung(rung, &register);
                }
            }
            self.known.insert(size, register);
            // Later records ask for larger sizes. What was asked for a moment ago stays, or nobody could have it.
            let oldest = self.known.keys().copied().find(|known| *known != size);
            if let Some(oldest) = oldest.filter(|_| self.known.len() > KEPT) {
                self.known.remove(&oldest);
            }
        }
        Ok(self.known.entry(size).or_default())
    }

    fn keep_rung(&mut self, rung: u64, register: &Register) {
        self.rungs.entry(rung).or_insert_with(|| register.clone());
        if self.rungs.len() > RUNGS {
            self.apart = self.apart.saturating_mul(2);
            let apart = self.apart;
            self.rungs.retain(|of, _| of.is_multiple_of(apart));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn whoever_is_asked_for_is_there_however_far_back_and_is_made_once() {
        let (mut past, mut made) = (Past::default(), Vec::new());
        let mut at = |size| {
            let mut first = true;
            let fold = |mut below: Register, to| {
                if core::mem::take(&mut first) {
                    made.push(size);
                }
                grow(&mut below, to);
                Ok::<_, ()>(below)
            };
            assert_eq!(past.at(size, fold).map(Register::size), Ok(size));
        };
        (10..30).for_each(&mut at);
        [1, 29, 1, 29, 1].into_iter().for_each(&mut at);
        assert_eq!(made, [(10..30).collect(), vec![1]].concat());
        assert_eq!(past.known.len(), KEPT);
    }

    /// Entries that nobody understands: size and root go on.
    fn grow(register: &mut Register, to: u64) {
        while register.size() < to {
            drop(register.fold(b"x"));
        }
    }

    #[test]
    fn however_they_jump_about_little_is_folded_again() {
        let (mut past, mut folded) = (Past::default(), 0);
        let whole = 10_000;
        for size in (0..200).map(|step| whole - step * 50).chain([whole, 1, whole / 2, 1]) {
            let fold = |mut below: Register, to: u64| {
                folded += to - below.size();
                grow(&mut below, to);
                Ok::<_, ()>(below)
            };
            assert_eq!(past.at(size, fold).map(Register::size), Ok(size));
        }
        assert!(past.rungs.len() <= RUNGS && past.known.len() <= KEPT);
        assert!(folded < whole + 204 * whole / 8, "{folded} entries");
    }
}
