//! What the page of numbers says, and how it is found out.

use std::sync::atomic::Ordering;

use sekisho_wire::id::OfficeId;

use super::lock;
use super::text::{Kind, Text};
use crate::clock::Millis;
use crate::hearing::Awaited;
use crate::ledger::Ledger;
use crate::media::{Media, Verified};
use crate::office::Office;
use crate::store::LogName;

/// When a terminal was last heard is told in steps of five minutes: enough to see that one is gone, and less than when somebody came.
const STEP: Millis = 5 * 60_000;

impl Ledger {
    /// What is in memory: it is there also while the disk is not.
    pub(super) fn numbers_at_hand(&self, text: &mut Text) {
        self.logs(text);
        let mut awaited = |name: &str, help: &str, of: &dyn Fn(&Office) -> Option<Awaited>| {
            text.begin(name, Kind::Gauge, help);
            for office in self.offices() {
                text.value(name, &[("office", &office.id.to_string())], of(&office).map_or(0, Awaited::missing));
            }
        };
        let help = "Terminals that have to show what they verified before anything is written.";
        awaited("sekisho_ledger_hearing_awaited_terminals", help, &Office::awaited);
        let help = "Witnesses that have to say what they cosigned before anything is written.";
        awaited("sekisho_ledger_hearing_awaited_witnesses", help, &|office| office.witness_hearing().awaited());
        let name = "sekisho_ledger_recovery_due_timestamp_seconds";
        text.begin(name, Kind::Gauge, "From when the recovery that is announced can be completed; 0 when none is.");
        for office in self.offices() {
            let due =
                office.register().announced_recovery(self.clock.now()).map_or(0, |announced| announced.due / 1000);
            text.value(name, &[("office", &office.id.to_string())], due);
        }
        self.answers_given(text);
        self.at_the_door(text);
        let (writing, waiting) = (self.writer.counts(), self.writer.waiting());
        text.single("sekisho_ledger_writer_waiting", Kind::Gauge, "Requests in line for the writer.", waiting);
        text.histogram("sekisho_ledger_writer_group_jobs", "Requests that were written together.", &writing.groups);
        let help = "From planning a group to the end of its sync.";
        text.histogram("sekisho_ledger_writer_commit_seconds", help, &writing.commits);
        let (name, help) = ("sekisho_ledger_store_errors_total", "Groups that the store failed to write.");
        text.single(name, Kind::Counter, help, writing.failed.load(Ordering::Relaxed));
    }

    /// How much is in files, and how often that failed.
    fn cold(&self, text: &mut Text) {
        let Some(cold) = &self.cold else { return };
        let name = "sekisho_ledger_cold_entries";
        text.begin(name, Kind::Gauge, "Entries of the records log that lie in files.");
        for office in self.offices() {
            if let Ok(size) = cold.cold_size(&office.id) {
                text.value(name, &[("office", &office.id.to_string())], size);
            }
        }
        let (name, help) = ("sekisho_ledger_cold_errors_total", "Tries to bring entries into files that failed.");
        text.single(name, Kind::Counter, help, self.cooling.failed());
    }

    fn logs(&self, text: &mut Text) {
        let mut each = |name: &str, help: &str, number: &dyn Fn(&crate::signed_log::Log) -> f64| {
            text.begin(name, Kind::Gauge, help);
            for office in self.offices() {
                for log in LogName::ALL {
                    let labels: [(&str, &str); 2] = [("office", &office.id.to_string()), ("log", log.as_str())];
                    text.value(name, &labels, number(office.log(log)));
                }
            }
        };
        each("sekisho_ledger_log_entries", "Entries that are durable.", &|log| count(log.committed_size()));
        each("sekisho_ledger_log_signed_entries", "Entries under the newest checkpoint of this run.", &|log| {
            count(log.signed_size())
        });
        let halted = |log: &crate::signed_log::Log| if log.halted().is_some() { 1.0 } else { 0.0 };
        each("sekisho_ledger_log_halted", "1 when the log has stopped.", &halted);
        let unsealed = "For how long something has waited for its checkpoint.";
        each("sekisho_ledger_log_unsealed_seconds", unsealed, &|log| count(log.unsealed_for()) / 1000.0);
        let lacking = "Entries that were signed, are not here, and are filled again by terminals.";
        each("sekisho_ledger_log_lacking_entries", lacking, &|log| {
            log.lacks().map_or(0.0, |lacks| count(lacks.size.saturating_sub(log.committed_size())))
        });
    }

    fn answers_given(&self, text: &mut Text) {
        let name = "sekisho_ledger_http_answers_total";
        text.begin(name, Kind::Counter, "Answers by route and status.");
        for ((route, status), count) in &*lock(&self.answers.statuses) {
            text.value(name, &[("route", route), ("status", &status.to_string())], count);
        }
        let name = "sekisho_ledger_refusals_total";
        text.begin(name, Kind::Counter, "Refusals by code (LEDGER.md).");
        for (code, count) in &*lock(&self.answers.refusals) {
            text.value(name, &[("code", code)], count);
        }
    }

    /// What came to nothing before a route could answer.
    fn at_the_door(&self, text: &mut Text) {
        let mut each = |name: &str, help: &str, label: &str, counts: Vec<(&'static str, u64)>| {
            text.begin(name, Kind::Counter, help);
            for (what, count) in counts {
                text.value(name, &[(label, what)], count);
            }
        };
        let (name, help) =
            ("sekisho_ledger_connections_refused_total", "Connections closed before anything was asked.");
        each(name, help, "why", self.doorkeeper.refused_so_far());
        let (name, help) = ("sekisho_ledger_requests_cut_total", "Requests that were none, or got no whole answer.");
        each(name, help, "why", self.doorkeeper.cut_so_far());
        let (name, help) = ("sekisho_ledger_alarms_total", "Alarms of the ledger's own that were written.");
        each(name, help, "kind", self.doorkeeper.alarmed_so_far());
    }

    /// What store and disk are asked for: it may not come back. Terminals whose places cannot be read are left out.
    pub(super) fn numbers_of_the_disk(&self, text: &mut Text) {
        let ready = u8::from(self.can_write(None).is_ok());
        text.single(
            "sekisho_ledger_ready",
            Kind::Gauge,
            "1 when the disk takes what comes; also while a log has stopped or is not let go on yet.",
            ready,
        );
        if let Ok(disk) = rustix::fs::statvfs(&self.places.checkpoints) {
            let (name, help) = ("sekisho_ledger_disk_free_bytes", "What is free where the data directory lies.");
            text.single(name, Kind::Gauge, help, disk.f_bavail.saturating_mul(disk.f_frsize));
        }
        self.numbers_of_backups(text);
        self.cold(text);
        let offices = self.offices();
        let rows = |office: &OfficeId| self.behind(office).unwrap_or_default();
        let all: Vec<_> =
            offices.iter().flat_map(|office| rows(&office.id).into_iter().map(|row| (office.id, row))).collect();
        let name = "sekisho_ledger_terminal_heard_timestamp_seconds";
        text.begin(name, Kind::Gauge, "When a terminal was last heard, in steps of five minutes.");
        for (office, row) in &all {
            if let Some(heard) = row.last_heard {
                let labels: [(&str, &str); 2] = [("office", &office.to_string()), ("terminal", &row.terminal)];
                text.value(name, &labels, heard / STEP * STEP / 1000);
            }
        }
        let name = "sekisho_ledger_terminal_behind";
        text.begin(name, Kind::Gauge, "1 when records of a terminal are missing, or may be.");
        for (office, row) in &all {
            let labels: [(&str, &str); 2] = [("office", &office.to_string()), ("terminal", &row.terminal)];
            text.value(name, &labels, u8::from(self.is_late(row)));
        }
    }
    /// What the commands that make backups have written down.
    fn numbers_of_backups(&self, text: &mut Text) {
        let Ok(list) = Media::read(&self.places.media) else { return };
        let overdue = u8::from(list.overdue_since(&self.config, self.clock.now()).is_some());
        let help = "1 when no backup was verified for longer than the configuration allows.";
        text.single("sekisho_ledger_backup_overdue", Kind::Gauge, help, overdue);
        let failed = u8::from(list.failed.is_some());
        text.single("sekisho_ledger_backup_failed", Kind::Gauge, "1 when the last attempt came to nothing.", failed);
        let mut each = |name: &str, help: &str, number: &dyn Fn(&Verified) -> u64| {
            text.begin(name, Kind::Gauge, help);
            for medium in &list.media {
                if let Some(verified) = &medium.verified {
                    text.value(name, &[("medium", &medium.name)], number(verified));
                }
            }
        };
        let name = "sekisho_ledger_backup_verified_timestamp_seconds";
        each(name, "When the newest verified backup of a medium was begun.", &|verified| verified.at / 1000);
        let name = "sekisho_ledger_backup_verified_bytes";
        each(name, "How large it is.", &|verified| verified.bytes);
        let name = "sekisho_ledger_backup_verified_entries";
        each(name, "Entries of all logs in it.", &|verified| verified.entries);
    }
}

/// Prometheus' numbers are floating point.
#[expect(clippy::cast_precision_loss, reason = "below 2^53 nothing is lost")]
const fn count(number: u64) -> f64 {
    number as f64
}
