//! Registers of the past, by their sizes: whoever judges records asks for the one that each was decided by, and neighbours were mostly decided by the same.

use alloc::collections::BTreeMap;

use crate::fold::Register;

/// A few of them.
#[derive(Debug, Default)]
pub struct Past {
    known: BTreeMap<u64, Register>,
}

/// So many are kept: terminals that learn of acts at different times need one each.
const KEPT: usize = 8;

impl Past {
    /// The register of that size. One that is not known is made by `fold` out of the largest known below it.
    ///
    /// # Errors
    /// Those of `fold`.
    pub fn at<E>(&mut self, size: u64, fold: impl FnOnce(Register) -> Result<Register, E>) -> Result<&Register, E> {
        if !self.known.contains_key(&size) {
            let below = self.known.range(..size).next_back().map(|(_, register)| register.clone());
            self.known.insert(size, fold(below.unwrap_or_default())?);
            // Later records ask for larger sizes. What was asked for a moment ago stays, or nobody could have it.
            let oldest = self.known.keys().copied().find(|known| *known != size);
            if let Some(oldest) = oldest.filter(|_| self.known.len() > KEPT) {
                self.known.remove(&oldest);
            }
        }
        Ok(self.known.entry(size).or_default())
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
            let fold = |below: Register| {
                made.push(size);
                Ok::<_, ()>(below)
            };
            past.at(size, fold).map(|_| ()).unwrap();
        };
        (10..30).for_each(&mut at);
        [1, 29, 1, 29, 1].into_iter().for_each(&mut at);
        assert_eq!(made, [(10..30).collect(), vec![1]].concat());
        assert_eq!(past.known.len(), KEPT);
    }
}
