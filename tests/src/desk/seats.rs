//! A desk where everybody who signs has a reader of his own: many take turns in a story, and a card that moves costs a second.

use std::path::Path;

use super::{Desk, Issued};

/// The readers before it are those of other desks: a signer's and one for work.
const FIRST: usize = 2;
/// Readers at such a desk.
const SLOTS: usize = 6;

impl Desk {
    /// A desk without an office yet, with seats for four.
    #[must_use]
    pub fn with_seats(folder: &Path) -> Self {
        let mut desk = Self::with_slots(folder, SLOTS);
        desk.seats = vec![FIRST, FIRST + 1];
        desk
    }

    /// Has everybody choose PINs that end in this, where letters and signs are asked for.
    pub fn choose_pins_with(&mut self, end: &'static str) {
        self.pins_end_in = end;
    }

    /// Gives somebody with a new card a seat, and has him sign.
    ///
    /// # Panics
    /// When all seats are taken.
    pub fn seat(&mut self, mut issued: Issued) {
        let slot = (FIRST..SLOTS).find(|slot| !self.seats.contains(slot)).expect("a seat is free");
        issued.card.insert_seen(&self.pcscd, slot);
        self.administrators.insert(0, issued);
        self.seats.insert(0, slot);
    }
}
