//! A recovery is told to everybody: whoever knows nothing of it has until it is due to object (register §R3.17).

use sekisho_register::change::RecoveryEnd;
use sekisho_register::wareki::moment_text;
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::Alarm;
use sekisho_wire::words::Language;

use crate::ledger::Ledger;
use crate::office::Office;

impl Ledger {
    /// Alarms about the recovery that is announced: once since the start, so that a ledger that is started meanwhile says it again.
    pub(crate) fn look_at_recovery(&self, office: &Office) {
        let register = office.register();
        let Some(announced) = register.announced_recovery(self.clock.now()) else { return };
        if office.hears() {
            return;
        }
        let (id, index) = (announced.id, announced.index);
        let due = moment_text(announced.due, Language::English);
        let why = format!(
            "RECOVERY of office {} is announced by entry {index} of the register, and can be completed from {due} on: whoever knows nothing of it objects with 'sekisho-admin recovery object'",
            office.id
        );
        self.alarm_once(
            &office.id,
            format!("recovery announced {id}"),
            of_recovery(AlarmKind::RecoveryAnnounced),
            &why,
        );
    }

    /// Alarms about the end of a recovery, if the register's entry at `index` is one.
    pub(crate) fn note_recovery(&self, office: &Office, index: u64) {
        self.look_at_recovery(office);
        let Some((announced, how)) = office.register().recovery_ended_by(index) else { return };
        let (kind, what) = match how {
            RecoveryEnd::Completed => (AlarmKind::RecoveryCompleted, "completed"),
            RecoveryEnd::Objected => (AlarmKind::RecoveryObjected, "objected to"),
        };
        let why =
            format!("the recovery of office {} announced by act {announced} is {what} by entry {index}", office.id);
        self.alarm_once(&office.id, format!("recovery ended {announced}"), of_recovery(kind), &why);
    }
}

const fn of_recovery(kind: AlarmKind) -> Alarm {
    Alarm { kind, terminal: None, epoch: None, seq: None, act: None }
}
