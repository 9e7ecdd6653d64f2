//! Which of the logs that went on in each other's place is the present one (register §R4.14).

use sekisho_register::change::Log;
use sekisho_tlog::Hash;

use crate::desk::Desk;
use crate::seen::Base;

impl Desk {
    /// What a log began with, where it goes on in place of one that had lost something.
    #[must_use]
    pub(crate) fn base(&self, log: Log) -> Option<Base<'_>> {
        let successors = self.cache.register().successors(log);
        let successor = successors.last()?;
        Some(Base { size: successor.kept_size, root: Hash(successor.kept_root.0), successors })
    }
}
