//! A card that was made for somebody in a story, and its PIN.

use std::path::{Path, PathBuf};

use crate::virtual_card::VirtualCard;

/// An operator's card and where its PIN stands.
pub struct Issued {
    /// The card.
    pub card: VirtualCard,
    pub(crate) pin_file: PathBuf,
}

impl Issued {
    /// The PIN.
    ///
    /// # Panics
    /// When the file is gone.
    #[must_use]
    pub fn pin(&self) -> String {
        std::fs::read_to_string(&self.pin_file).expect("the PIN was written").trim().to_owned()
    }

    /// What the story calls it.
    pub(crate) fn name(&self) -> String {
        self.pin_file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Where its PIN stands.
    #[must_use]
    pub fn pin_file(&self) -> &Path {
        &self.pin_file
    }

    /// Six digits that its holder thinks of, and what the office's rules want after them.
    pub(crate) fn make_up_a_pin(&self, after: &str) {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("the system gives randomness");
        // Never a run or a repeat: it begins with 4, 9 and goes on with 3.
        let pin = format!("493{:03}{after}", u64::from_le_bytes(seed) % 1000);
        std::fs::write(&self.pin_file, pin).expect("cannot write a PIN file");
    }
}
