//! What this machine sees and no log says (LEDGER §L4): logs that stand still, backups, disk, terminals. It stands in what waits today at the console and at the
//! desk, and in a file for `tell`, which is another process.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sekisho_register::change::TerminalUse;
use sekisho_register::today::{Watched, WatchedWords};
use sekisho_wire::id::{Code, OfficeId};
use serde::{Deserialize, Serialize};

use crate::authority::end_of;
use crate::clock::{Clock, DAY, MachineClock, Millis};
use crate::data::{above, replace_unsynced};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::store::LogName;

/// One thing, as it crosses a wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    what: String,
    since: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terminal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    card: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    free: Option<u64>,
}

impl Said {
    pub(crate) fn new(watched: &Watched, since: Millis) -> Self {
        let WatchedWords { what, terminal, log, card, operator, at, free } = watched.to_words();
        Self { what, since, terminal, log, card, operator, at, free }
    }

    fn read(self) -> Option<(Watched, Millis)> {
        let Self { what, since, terminal, log, card, operator, at, free } = self;
        Some((Watched::of_words(&WatchedWords { what, terminal, log, card, operator, at, free })?, since))
    }
}

impl Ledger {
    /// What this machine sees of an office, and since when.
    ///
    /// # Errors
    /// When the store or the list of media cannot be read.
    pub fn watched(&self, office: &OfficeId) -> Result<Vec<(Watched, Millis)>, Refusal> {
        let office = self.office(office)?;
        let now = self.clock.now();
        let mut seen = Vec::new();
        for name in LogName::ALL {
            if office.log(name).halted().is_some() {
                // Dated by the machine, which a story's clock is not.
                let since = office.log(name).halted_since().map_or(now, |since| since.min(now));
                seen.push((Watched::LogStopped(name.of_acts()), since));
            }
        }
        let overdue = self.backup_overdue_since();
        let overdue = overdue.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?;
        seen.extend(overdue.map(|since| (Watched::BackupOverdue, since)));
        seen.extend(self.see_disk(now));
        self.watch_terminals(&office, now, &mut seen)?;
        self.watch_cards(&office, now, &mut seen)?;
        Ok(seen)
    }

    /// Of the disks on which book and cold segments lie the one that has least room, where that is too little.
    fn see_disk(&self, now: Millis) -> Option<(Watched, Millis)> {
        let root = above(&self.places.checkpoints);
        let cold = self.config.cold.as_ref().map(|cold| root.join(cold));
        let free = [Some(root.to_owned()), cold].into_iter().flatten().filter_map(|place| free_mib(&place)).min();
        let free = free.filter(|free| *free < self.config.disk_free_mib);
        let mut since = lock(&self.disk_low);
        *since = free.and(since.or(Some(now)));
        Some((Watched::DiskLow { free: free? }, (*since)?))
    }

    fn watch_terminals(&self, office: &Office, now: Millis, seen: &mut Vec<(Watched, Millis)>) -> Result<(), Refusal> {
        let register = office.register();
        // The newest of each terminal's key stands last.
        let enrolments = self.store.enrolments(&office.id)?;
        let enrolled: HashMap<_, _> = enrolments.iter().map(|row| ((&row.terminal, &row.key), row)).collect();
        for row in self.behind(&office.id)? {
            let Some(terminal) = Code::new(&row.terminal).ok().and_then(|code| register.terminal(&code)) else {
                continue;
            };
            let (code, usage) = (terminal.code().clone(), terminal.state(now));
            let enrolment = enrolled.get(&(terminal.code(), &terminal.key().0));
            let heard = row.last_heard.max(self.heard.last_asked(&office.id, &code));
            if usage == TerminalUse::Active && self.is_missed(office, &code, heard, now)? {
                let since = heard.or(enrolment.map(|row| row.at)).unwrap_or(now);
                seen.push((Watched::TerminalSilent { terminal: code.clone(), heard }, since));
            }
            if row.gap.is_some() || (row.holds > 0 && self.is_late(&row)) {
                seen.push((Watched::RecordsMissing(code.clone()), heard.unwrap_or(now)));
            }
            let end = enrolment.and_then(|row| end_of(&row.certificate)).filter(|_| usage != TerminalUse::Retired);
            seen.extend(end.and_then(|end| self.certificate_ends(code, end, now)));
        }
        Ok(())
    }

    /// Whether a terminal did not renew its certificate in time. Certificates are dated by the machine.
    fn certificate_ends(&self, terminal: Code, end: Millis, now: Millis) -> Option<(Watched, Millis)> {
        let (machine, since) = (self.clock.machine(), end.saturating_sub(CERTIFICATE_LEFT));
        let people = |moment: Millis| now.saturating_add(moment).saturating_sub(machine);
        (since <= machine).then(|| (Watched::CertificateEnds { terminal, ends: people(end) }, people(since)))
    }

    /// Cards that somebody has, that open something, and that no record of two weeks names: not one of a terminal, and none that its holder read something here.
    fn watch_cards(&self, office: &Office, now: Millis, seen: &mut Vec<(Watched, Millis)>) -> Result<(), Refusal> {
        let register = office.register();
        for card in register.cards().filter(|card| card.lets_in(now)) {
            let lent = card.activations().at(now).map(|lent| lent.from);
            let given = card.pin_since(now).max(Some(card.issued().from)).max(lent).unwrap_or_default();
            // Most were given or used lately; only what is left is looked up.
            let unused_since = |used: Millis| Some(used.saturating_add(UNUSED)).filter(|since| *since <= now);
            if unused_since(given).is_none() {
                continue;
            }
            let used = self.index.newest_of_card(&office.id, card.guid())?.filter(|used| *used >= given);
            if let (Some(since), Some(holder)) = (unused_since(used.unwrap_or(given)), card.holder(now)) {
                let unused = Watched::CardUnused { card: *card.guid(), operator: holder.operator.clone(), used };
                seen.push((unused, since));
            }
        }
        Ok(())
    }

    /// Writes it down for `tell`. That nothing is written any more says that the ledger does not run.
    ///
    /// # Errors
    /// When store or disk fails.
    pub(crate) fn write_watched(&self) -> Result<(), String> {
        let mut all: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for office in self.offices() {
            let seen = self.watched(&office.id).map_err(|refusal| refusal.to_string())?;
            let said = seen.iter().map(|(watched, since)| Said::new(watched, *since)).collect();
            all.insert(office.id.to_string(), said);
        }
        let text = serde_json::to_vec(&all).expect("words are JSON");
        replace_unsynced(&self.places.watched, &text).map_err(|error| error.to_string())
    }
}

/// What a running ledger wrote down last; that it does not run, where that is too long ago. `now` is the time that people go by.
///
/// # Errors
/// When the file cannot be read or is damaged.
pub(crate) fn written(path: &Path, office: &OfficeId, now: Millis) -> Result<Vec<(Watched, Millis)>, LedgerError> {
    let machine = MachineClock.machine();
    let failed = |source| LedgerError::file("read", path)(source);
    let written = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        opened => {
            let file = opened.map_err(failed)?;
            let at = file.metadata().and_then(|file| file.modified()).map_err(failed)?;
            let at = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
            Some((file, Millis::try_from(at).unwrap_or_default()))
        }
    };
    let age = written.as_ref().map(|(_, at)| machine.saturating_sub(*at));
    let Some((file, _)) = written.filter(|_| age.is_some_and(|age| age < STALE)) else {
        return Ok(vec![(Watched::LedgerSilent, now.saturating_sub(age.unwrap_or_default()))]);
    };
    let expected = "what a running ledger sees; it writes the file again within seconds";
    let damaged = |_| LedgerError::Damaged { path: PathBuf::from(path), expected };
    let mut all: BTreeMap<String, Vec<Said>> = serde_json::from_reader(file).map_err(damaged)?;
    Ok(all.remove(&office.to_string()).unwrap_or_default().into_iter().filter_map(Said::read).collect())
}

/// What is free where this lies, in MiB; nothing where that cannot be told.
fn free_mib(place: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(place).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) >> 20)
}

/// Terminals renew theirs when ten days are left (LEDGER §L3.1): one that has not done so for three days needs somebody (ours).
const CERTIFICATE_LEFT: Millis = 7 * DAY;
/// Two weeks (ours).
const UNUSED: Millis = 14 * DAY;
/// A running ledger writes every ten seconds.
const STALE: Millis = 5 * 60_000;
