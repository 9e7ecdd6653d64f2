//! Which of the logs that went on in each other's place is the present one (register §R4.14): its key, and what it began with.

use sekisho_register::change::Log;
use sekisho_tlog::{Hash, VerifyingKey};

use crate::clock;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::office_file::Office;
use crate::seen::Base;

impl Desk {
    /// The key of a log: the newest that the register names, else the one of the founding code.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn log_key(&self, log: Log) -> Result<VerifyingKey, AdminError> {
        let register = self.cache.register();
        let mut office = self.office.clone();
        if let Some(key) = register.log_key(log, clock::now()) {
            let Office { records, register, casebook, .. } = &mut office;
            let of = match log {
                Log::Records => records,
                Log::Register => register,
                Log::Casebook => casebook,
            };
            *of = key.0;
        }
        office.log_key_of(log, register.generation(log))
    }

    /// What a log began with, where it goes on in place of one that had lost something.
    #[must_use]
    pub(crate) fn base(&self, log: Log) -> Option<Base<'_>> {
        let successors = self.cache.register().successors(log);
        let successor = successors.last()?;
        Some(Base { size: successor.kept_size, root: Hash(successor.kept_root.0), successors })
    }
}
