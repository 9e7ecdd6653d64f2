//! A running ledger looks whether its backups come: an alarm in the book, numbers for Prometheus.

use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::Alarm;

use super::Media;
use crate::clock::{Millis, stamp};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::office::Office;

impl Ledger {
    /// Since when a backup is overdue, if one is.
    ///
    /// # Errors
    /// When the list of media cannot be read.
    pub fn backup_overdue_since(&self) -> Result<Option<Millis>, LedgerError> {
        Ok(Media::read(&self.places.media)?.overdue_since(&self.config, self.clock.now()))
    }

    /// Writes down that no backup was verified for too long; once for each time that this begins.
    ///
    /// # Errors
    /// When the list of media cannot be read.
    pub(crate) fn look_at_backups(&self, office: &Office) -> Result<(), LedgerError> {
        let Some(since) = self.backup_overdue_since()? else { return Ok(()) };
        let alarm = Alarm { kind: AlarmKind::BackupOverdue, terminal: None, epoch: None, seq: None, act: None };
        let why = format!("no backup was verified in time: one was due at {}", stamp(since));
        self.alarm_once(&office.id, format!("backup {since}"), alarm, &why);
        Ok(())
    }
}
