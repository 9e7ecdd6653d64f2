//! Brings everything that is cold back into the database: how an operator undoes it. The ledger is not running meanwhile.

use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::data::{DataDir, replace_file};
use crate::error::LedgerError;
use crate::keys::Keys;
use crate::store::Store;
use crate::vault::Vault;

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warmed {
    /// Segments.
    pub segments: u64,
    /// Entries in them.
    pub entries: u64,
}

/// Brings all cold segments of a ledger back, the newest first, and takes `cold` out of the configuration then. One that was cut short goes on where it
/// stood. `progress` hears how many entries have come back.
///
/// # Errors
/// When the ledger runs, a file is not whole, or something cannot be written. What has come back by then is hot.
pub fn warm(root: &Path, progress: &mut dyn FnMut(u64)) -> Result<Warmed, LedgerError> {
    let data = DataDir::new(root);
    data.check_private()?;
    let _lock = data.lock()?;
    let config = Config::read(&data.config())?;
    let hot = config.book(&data)?.open_alone()?;
    let Keys { wrapping, envelope: _ } = Keys::read(&data)?;
    let vault = Arc::new(Vault::open(wrapping, &*hot)?);
    let Some(cold) = super::over(hot, &config, &data, vault)? else {
        return Err(LedgerError::Argument {
            name: "--data",
            cause: "nothing is cold: ledger.toml has no `cold`".into(),
        });
    };
    let offices = cold.offices()?;
    // What was replaced is removed first: once its segment is in the database again nobody knows any more what it was.
    for office in &offices {
        cold.folder().remove_replaced(&office.id, &cold.segments(&office.id)?)?;
    }
    // A backup that copies these files is not to lose them under its hands.
    let _alone = cold.folder().alone()?;
    let mut warmed = Warmed { segments: 0, entries: 0 };
    for office in offices {
        while let Some(segment) = cold.warm_last(&office.id)? {
            warmed.segments += 1;
            warmed.entries += segment.entries;
            progress(warmed.entries);
            // It is superfluous from here on, and in nobody's way where it cannot be removed.
            if let Err(error) = cold.folder().remove(&office.id, &segment) {
                let path = cold.folder().path(&office.id, &segment);
                log::warn!("{} is not needed any more and cannot be removed: {error}", path.display());
            }
        }
    }
    let text = Config { cold: None, ..config }.to_text()?;
    replace_file(&data.config(), text.as_bytes()).map_err(LedgerError::file("write", data.config()))?;
    Ok(warmed)
}
