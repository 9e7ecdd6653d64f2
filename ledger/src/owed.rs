//! Readings, and that a log was let go on, while nothing may be written. Whoever is to decide what becomes of a log that has stopped has to read register and casebook,
//! and each reading is a record: until the log goes on, it waits in a file. Each is sealed there: it names who read what, and the file comes with every backup.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sekisho_wire::id::OfficeId;
use sekisho_wire::reason::Query;
use sekisho_wire::record::{Body, Record};

use crate::clock::Millis;
use crate::data::above;
use crate::ledger::Ledger;
use crate::line::Lane;
use crate::locks::lock;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::secret::SecretKey;
use crate::stage::own_record;
use crate::store::{LogName, StoreError};

/// Readings of an office that stand in no log yet. One that is torn ends them: nobody was answered.
pub(crate) struct Owed<'a> {
    path: PathBuf,
    office: OfficeId,
    master: &'a SecretKey,
}

impl<'a> Owed<'a> {
    pub(crate) fn of(checkpoints: &Path, office: &OfficeId, master: &'a SecretKey) -> Self {
        Self { path: checkpoints.join(office.to_string()).join("owed"), office: *office, master }
    }

    /// The same under the name that they have while they are written into the log.
    fn taken(&self) -> Self {
        Self { path: self.path.with_extension("taken"), ..*self }
    }

    /// Whether there are any.
    pub(crate) fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// One more, durably.
    fn add(&self, record: &[u8]) -> std::io::Result<()> {
        let sealed = self.master.seal(&aad(&self.office), record);
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX).to_be_bytes();
        let whole = self.read()?.iter().map(|record| 4 + record.len() as u64).sum();
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.set_len(whole)?;
        file.write_all(&[length.as_slice(), &sealed].concat())?;
        file.sync_all()?;
        File::open(above(&self.path))?.sync_all()
    }

    /// What stands in it, sealed.
    fn read(&self) -> std::io::Result<Vec<Vec<u8>>> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let (mut records, mut rest) = (Vec::new(), bytes.as_slice());
        while let Some((length, behind)) = rest.split_first_chunk::<4>()
            && let Some((record, after)) = behind.split_at_checked(u32::from_be_bytes(*length) as usize)
        {
            records.push(record.to_vec());
            rest = after;
        }
        Ok(records)
    }

    /// Those that we wrote, and how many others stand there: what does not open says nothing, for whoever put it there has not our key.
    fn open(&self) -> std::io::Result<(Vec<Record>, usize)> {
        let all = self.read()?;
        let ours = |sealed: &Vec<u8>| {
            let record = self.master.open(&aad(&self.office), sealed).ok()?;
            Record::decode(&record).ok()
        };
        let records: Vec<Record> = all.iter().filter_map(ours).collect();
        let strange = all.len() - records.len();
        Ok((records, strange))
    }
}

fn aad(office: &OfficeId) -> Vec<u8> {
    [b"sekisho owed v1".as_slice(), office.as_bytes()].concat()
}

/// What may be read while the records log stands still: what acts need.
const fn is_for_acts(query: Query) -> bool {
    matches!(query, Query::Register | Query::Entries)
}

impl Ledger {
    /// Writes a reading down although the records log stands still, if it is one that acts need.
    ///
    /// # Errors
    /// The refusal that it came with, when it is none of those or cannot be written.
    pub(crate) fn owe_reading(
        &self,
        office: &OfficeId,
        query: Query,
        body: sekisho_wire::record::Body,
        now: Millis,
        refused: StoreError,
    ) -> Result<(), Refusal> {
        if !is_for_acts(query) || !matches!(refused, StoreError::Halted { log: LogName::Records, .. }) {
            return Err(refused.into());
        }
        if self.owe(office, body, now) { Ok(()) } else { Err(refused.into()) }
    }

    /// Writes down what is to enter the log once it goes on; says whether it is on the disk.
    pub(crate) fn owe(&self, office: &OfficeId, body: sekisho_wire::record::Body, now: Millis) -> bool {
        let Ok(record) = own_record(office, 0, body, now).encode() else { return false };
        let _alone = lock(&self.founding);
        let owed = Owed::of(&self.places.checkpoints, office, self.vault.master()).add(&record);
        if let Err(error) = &owed {
            log::error!("a record of office {office} could not be written down: {error}");
        }
        owed.is_ok()
    }

    /// Puts what waits into the log, once it goes on. After a crash in the middle a reading may stand there twice.
    ///
    /// # Errors
    /// When the disk or the writer fails: what waits is kept, and the next look tries again.
    pub(crate) fn write_what_is_owed(&self, office: &Office) -> Result<(), String> {
        let owed = Owed::of(&self.places.checkpoints, &office.id, self.vault.master());
        // Under another name while it is written: a directory in which nothing can be renamed keeps what was written, and gets it again and again.
        let taken = owed.taken();
        let is_there = owed.is_there() || taken.is_there();
        if !is_there || office.log(LogName::Records).halted().is_some() || office.hears() {
            return Ok(());
        }
        let _alone = lock(&self.founding);
        // What a crash or a busy writer left goes first.
        if !taken.is_there() {
            std::fs::rename(&owed.path, &taken.path).map_err(|error| error.to_string())?;
        }
        let id = office.id;
        let (records, strange) = taken.open().map_err(|error| error.to_string())?;
        let alarms = records
            .iter()
            .filter_map(|record| if let Body::Alarm(alarm) = &record.body { Some(alarm.kind) } else { None });
        let alarms: Vec<_> = alarms.collect();
        let emitted = self.writer.run(Lane::Of(id), None, move |stage| {
            records.iter().try_for_each(|record| stage.emit(&id, record.body.clone(), record.trusted))
        });
        emitted.map_err(Refusal::from).and_then(|emitted| Ok(emitted?)).map_err(|refusal| refusal.to_string())?;
        alarms.into_iter().for_each(|kind| self.doorkeeper.alarmed(kind));
        std::fs::remove_file(&taken.path).map_err(|error| error.to_string())?;
        if strange > 0 {
            log::error!(
                "{strange} readings that waited in office {id} are damaged or were not written by this ledger: they enter no log"
            );
        }
        log::info!("what was read in office {id} while its log stood still is in the log now");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sekisho_wire::reason::AlarmKind;
    use sekisho_wire::record::{Alarm, Body};

    use super::*;

    #[test]
    fn what_waits_is_sealed_and_what_another_put_there_says_nothing() {
        let directory = crate::testing::scratch("owed");
        let (office, other) = (OfficeId([1; 16]), OfficeId([2; 16]));
        for office in [office, other] {
            std::fs::create_dir_all(directory.join(office.to_string())).unwrap();
        }
        let (ours, theirs) = (SecretKey::generate(), SecretKey::generate());
        let alarm = Alarm { kind: AlarmKind::BackupOverdue, terminal: None, epoch: None, seq: None, act: None };
        let record = own_record(&office, 0, Body::Alarm(alarm), 7).encode().unwrap();
        let owed = Owed::of(&directory, &office, &ours);
        owed.add(&record).unwrap();
        let bytes = std::fs::read(&owed.path).unwrap();
        assert!(!bytes.windows(8).any(|some| record.windows(8).any(|plain| plain == some)));
        // In the clear, sealed by another key, and of another office.
        let plain = [&u32::try_from(record.len()).unwrap().to_be_bytes(), record.as_slice()].concat();
        std::fs::write(&owed.path, [plain, bytes.clone()].concat()).unwrap();
        Owed::of(&directory, &office, &theirs).add(&record).unwrap();
        assert_eq!(owed.open().map(|(ours, strange)| (ours.len(), strange)).unwrap(), (1, 2));
        let strange = Owed::of(&directory, &other, &ours);
        std::fs::write(&strange.path, bytes).unwrap();
        assert_eq!(strange.open().map(|(ours, strange)| (ours.len(), strange)).unwrap(), (0, 1));
    }
}
