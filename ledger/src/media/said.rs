//! How the backups stand, for people of an office: what lies where and was verified when. Where a medium is mounted is this machine's own, and stands in `status`.

use sekisho_paper::media::{Backups, LedgerMedium};

use super::{Media, Medium};
use crate::ledger::Ledger;
use crate::refusal::Refusal;

impl Ledger {
    /// The media and what is overdue.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the list of media cannot be read.
    pub(crate) fn backups(&self) -> Result<Backups, Refusal> {
        let list = Media::read(&self.places.media);
        let list = list.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?;
        let overdue_since = list.overdue_since(&self.config, self.clock.now());
        let medium = |medium: &Medium| LedgerMedium {
            name: medium.name.clone(),
            place: medium.kept.clone(),
            listed: medium.added,
            verified: medium.verified.as_ref().map(|verified| verified.at),
        };
        Ok(Backups {
            media: list.media.iter().map(medium).collect(),
            overdue_since,
            failed: list.failed.as_ref().map(|failed| failed.at),
            keys_copied: list.keys.as_ref().map(|copied| copied.at),
        })
    }
}
