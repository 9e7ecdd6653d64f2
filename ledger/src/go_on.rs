//! An operator who knows that nothing was put back ends a hearing: while the ledger hears, a file says who is waited for, and whoever removes it
//! (`sekisho-ledger go-on`) says that nobody else need be.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sekisho_wire::id::OfficeId;

use crate::complaints::Complaints;
use crate::data::{DataDir, replace_file};
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::office::Office;
use crate::store::LogName;

/// The file of an office.
fn file(checkpoints: &Path, office: &OfficeId) -> PathBuf {
    checkpoints.join(office.to_string()).join("hears")
}

/// Who is waited for, as a running ledger has written it down.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn waits(data: &DataDir, office: &OfficeId) -> Result<Option<String>, LedgerError> {
    let path = file(&data.checkpoints(), office);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LedgerError::file("read", path)(error)),
    }
}

/// Ends the hearing of an office; says who was waited for. The ledger must be running.
///
/// # Errors
/// When the ledger is not running or waits for nobody, or the file cannot be removed.
pub fn go_on(data: &DataDir, office: &OfficeId) -> Result<String, LedgerError> {
    let nobody = |cause: &'static str| Err(LedgerError::WaitsForNobody { cause });
    // What it waits for is known once it runs.
    if data.lock().is_ok() {
        return nobody("the ledger is not running");
    }
    let Some(awaited) = waits(data, office)? else { return nobody("the ledger waits for nobody there") };
    let path = file(&data.checkpoints(), office);
    std::fs::remove_file(&path).map_err(LedgerError::file("remove", path))?;
    Ok(awaited)
}

/// What was written down of each office.
#[derive(Debug, Default)]
pub(crate) struct Told(HashMap<OfficeId, String>);

impl Ledger {
    /// Says who is waited for, and looks whether an operator has ended that.
    pub(crate) fn heed_operator(&self, told: &mut Told, complaints: &mut Complaints) {
        for office in self.offices() {
            let path = file(&self.places.checkpoints, &office.id);
            match (awaited(&office), told.0.get(&office.id)) {
                (Some(_), Some(_)) if matches!(path.try_exists(), Ok(false)) => {
                    told.0.remove(&office.id);
                    office.hearing().end();
                    office.witness_hearing().end();
                    log::warn!("office {} waits for nobody else: an operator said so", office.id);
                    self.note_goes_on(&office.id);
                    if let Err(refusal) = self.fill_what_is_whole(&office) {
                        log::error!("a log of office {} could not be filled: {refusal}", office.id);
                    }
                }
                (Some(awaited), Some(before)) if awaited == *before => {}
                (Some(awaited), before) => {
                    if before.is_none() {
                        log::warn!("office {}: {awaited}; until then nothing is written", office.id);
                    }
                    let written = replace_file(&path, format!("{awaited}\n").as_bytes());
                    if written.is_ok() {
                        told.0.insert(office.id, awaited);
                    }
                    complaints.hear(format!("whom office {} waits for is not written down", office.id), written);
                }
                (None, Some(_)) => {
                    told.0.remove(&office.id);
                    log::info!("office {} waits for nobody else", office.id);
                    if let Err(error) = std::fs::remove_file(&path) {
                        log::warn!("cannot remove {}: {error}", path.display());
                    }
                }
                // What a ledger left that was killed while it waited.
                (None, None) => {
                    if path.exists() {
                        drop(std::fs::remove_file(&path));
                    }
                }
            }
        }
    }
}

/// Who is waited for, before anything is written or before a log goes on that was filled.
fn awaited(office: &Office) -> Option<String> {
    let behind = || LogName::ALL.into_iter().any(|log| office.log(log).lacks().is_some());
    let filled = || if behind() { office.awaited_by_a_filled_log() } else { None };
    let terminals = office.awaited().or_else(filled).map(|awaited| awaited.to_string());
    terminals.or_else(|| office.witness_hearing().awaited().map(|awaited| awaited.to_string()))
}
