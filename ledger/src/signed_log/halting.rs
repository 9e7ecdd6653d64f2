//! A log that has stopped: what stops it, what is written down of that, and how it goes on.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use sekisho_tlog::witness::only_lines_of;
use sekisho_tlog::{Checkpoint, Hash};
use sekisho_wire::id::OfficeId;

use super::{Log, Misfit, Published, Signed, Standing};
use crate::checkpoint::{Halt, HaltNote, SwapError};
use crate::clock::{Clock, MachineClock, Millis};
use crate::error::LedgerError;
use crate::locks::lock;
use crate::store::Store;

impl Log {
    /// Stops when a checkpoint of this size, which stands in the evidence, does not fit.
    pub(super) fn stop_for(&self, misfit: Option<Misfit>, size: u64, evidence: &str) {
        match misfit {
            Some(Misfit::Behind { stored }) => self.halt(Halt::Behind { signed: size, stored }, evidence),
            Some(Misfit::Another) => self.halt(Halt::Forked { size }, evidence),
            None => {}
        }
    }

    /// Lets a stopped log go on, once it agrees with its checkpoint file; the note of why it stopped is kept under another name.
    ///
    /// # Errors
    /// [`LedgerError::NotResumed`] when it does not agree or has not stopped; when the disk fails. Then it stands still as before.
    pub fn resume(&self, store: &dyn Store, office: &OfficeId, at: Millis) -> Result<HaltNote, LedgerError> {
        let not_stopped = || LedgerError::NotResumed { cause: format!("{} has not stopped", self.origin()) };
        let note = self.file.halted()?.ok_or_else(not_stopped)?;
        let signed = match self.standing(store, office)? {
            Standing::Agrees(signed) => signed,
            Standing::Disagrees { halt, .. } => {
                return Err(LedgerError::NotResumed { cause: format!("what stopped it is still so: {halt}") });
            }
        };
        let mut lacks = lock(&self.lacks);
        self.file.clear_halt(at)?;
        // Whoever says that it goes on gives up what was signed beyond it.
        self.cosignatures.forget();
        *lacks = None;
        self.begin_at(&signed);
        self.go_on(signed);
        Ok(note)
    }

    /// Lets a log go on that was behind and has been filled to this checkpoint, unless somebody has shown a larger one meanwhile, or that something
    /// else is wrong with it. Says whether it goes on.
    ///
    /// # Errors
    /// As [`Self::resume`].
    pub(crate) fn resume_filled(
        &self,
        store: &dyn Store,
        office: &OfficeId,
        target: &Published,
        at: Millis,
    ) -> Result<bool, LedgerError> {
        let Standing::Agrees(signed) = self.standing(store, office)? else { return Ok(false) };
        let mut lacks = lock(&self.lacks);
        let still = lacks.as_ref().is_some_and(|lacks| lacks.size == target.size) && self.is_only_behind();
        if still {
            self.file.clear_halt(at)?;
            *lock(&self.owed) = None;
            *lacks = None;
            self.begin_at(&signed);
            self.go_on(signed);
        }
        Ok(still)
    }

    /// How many entries are here, their root, and how many were signed as far as anybody has shown: of a log that has stopped.
    #[must_use]
    pub fn left(&self) -> Option<(u64, Hash, u64)> {
        let halt = self.halted()?;
        let (size, root) = {
            let committed = lock(&self.committed);
            (committed.head.size(), committed.head.root())
        };
        let shown = lock(&self.lacks).as_ref().map_or(0, |lacks| lacks.size);
        let signed = halt.size().unwrap_or(size);
        Some((size, root, signed.max(shown)))
    }

    /// Why the log has stopped, if it has.
    #[must_use]
    pub fn halted(&self) -> Option<Halt> {
        match &*self.signed() {
            Signed::Halted(halt) => Some(*halt),
            Signed::Nothing | Signed::Checkpoint(_) => None,
        }
    }

    /// Since when, by the machine's clock, as far as that could be written down.
    pub(crate) fn halted_since(&self) -> Option<Millis> {
        self.file.halted().ok().flatten().map(|note| note.at).filter(|at| *at > 0)
    }

    /// Stops signing: somebody has shown that this database is not the one that was signed. Lasts until an operator says that it may go on
    /// (`sekisho-ledger resume`): it is written beside the checkpoint file, with what showed it.
    pub fn halt(&self, halt: Halt, evidence: &str) {
        let mut lacks = lock(&self.lacks);
        if self.halted().is_none() {
            if self.committed_size() > self.sure.load(Ordering::Acquire) {
                self.grown.store(true, Ordering::Release);
            }
            *lock(&self.doubtful) = self.file.sure().ok().flatten().filter(|sure| *sure < self.committed_size());
        }
        self.stop(halt);
        let grown = self.has_grown();
        let doubtful = self.doubtful_from();
        let note = HaltNote { halt, at: MachineClock.machine(), grown, doubtful, evidence: evidence.to_owned() };
        self.learn(&mut lacks, halt, evidence);
        {
            let mut owed = lock(&self.owed);
            if owed.as_ref().is_none_or(|before| !before.outweighs(&note)) {
                *owed = Some(note);
            }
        }
        if let Err(error) = self.write_owed_note() {
            log::error!(
                "that log {} has stopped is not on the disk ({error}): do not restart the ledger, for it would go on; it tries again",
                self.origin
            );
        }
    }

    /// Writes down that the log has stopped, if that is still to be done: a restart would forget it.
    ///
    /// # Errors
    /// When the disk fails; it stays owed.
    pub fn write_owed_note(&self) -> Result<(), LedgerError> {
        let mut owed = lock(&self.owed);
        if let Some(note) = &*owed {
            self.file.note_halt(note)?;
            *owed = None;
        }
        Ok(())
    }

    /// What was signed and is not here, if the log stopped for that alone: terminals can fill it again.
    #[must_use]
    pub fn lacks(&self) -> Option<Arc<Published>> {
        let lacks = lock(&self.lacks);
        lacks.clone().filter(|_| self.is_only_behind())
    }

    /// Whether something was written, since the ledger started, to a log that turned out to be behind.
    pub(crate) fn has_grown(&self) -> bool {
        self.grown.load(Ordering::Acquire)
    }

    /// Whether it has stopped, and nothing is wrong with it but that there is less of it than was signed.
    pub(super) fn is_only_behind(&self) -> bool {
        self.halted().is_some_and(|halt| halt.signed().is_some())
    }

    /// Keeps what this shows, if it is more than was known.
    pub(super) fn learn(&self, lacks: &mut Option<Arc<Published>>, halt: Halt, evidence: &str) {
        let keys = self.keys();
        let shown = keys.open_earlier(evidence).ok().filter(|_| halt.signed().is_some());
        if let Some(Checkpoint { size, root, .. }) = shown
            && lacks.as_ref().is_none_or(|known| known.size < size)
            // What somebody wrote beside our signature is none of our words.
            && let Ok(text) = only_lines_of(evidence, keys.ever())
        {
            *lacks = Some(Arc::new(Published { text, size, root }));
        }
    }

    /// Writes down what the log is filled to: from here on a database that has less is behind its file. A file that says more stays.
    ///
    /// # Errors
    /// When the file cannot be written, or says more.
    pub(crate) fn aim(&self, target: &Published) -> Result<(), SwapError> {
        let _turn = lock(&self.attempted);
        let found = self.file.read().map_err(SwapError::Disk)?;
        let signed = found.as_deref().and_then(|text| self.signers().keys().open_earlier(text).ok());
        if signed.is_some_and(|signed| signed.size > target.size) {
            return Err(SwapError::Changed);
        }
        self.file.swap(&[found.as_deref()], &target.text)?;
        self.memory.remember(self.file.name(), &target.text);
        Ok(())
    }

    pub(super) fn stop(&self, halt: Halt) {
        let mut signed = self.signed.write().unwrap_or_else(PoisonError::into_inner);
        match &*signed {
            // What can be filled again does not hide what cannot.
            Signed::Halted(before) if before.signed().is_none() && halt.signed().is_some() => {}
            Signed::Halted(before) if *before == halt => {}
            Signed::Nothing | Signed::Checkpoint(_) | Signed::Halted(_) => {
                log::error!("log {} is halted and will not be signed: {halt}", self.origin);
                *signed = Signed::Halted(halt);
            }
        }
    }
}
