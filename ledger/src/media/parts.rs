//! What of a backup's folder is taken when it is put back: files that a backup has, and nothing else that somebody laid beside them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sekisho_wire::id::OfficeId;
use sekisho_wire::words::Language;
use zeroize::Zeroizing;

use super::MediumFault;
use crate::data::DataDir;
use crate::error::LedgerError;
use crate::store::LogName;

/// The files below `checkpoints` of a copy that a ledger writes there: office and name.
///
/// # Errors
/// When one cannot be looked at, or is no plain file.
pub(super) fn beside_the_book(copy: &DataDir) -> Result<Vec<(OfficeId, String)>, LedgerError> {
    let mut files = Vec::new();
    for (name, folder) in plain_folder(&copy.checkpoints())? {
        let Ok(office) = name.parse::<OfficeId>() else { continue };
        let known = plain_folder(&folder)?.into_iter().filter(|(name, _)| is_known(name));
        files.extend(known.map(|(name, _)| (office, name)));
    }
    files.sort_unstable();
    Ok(files)
}

/// Whether the ledger writes a file of that name beside the checkpoints of an office.
fn is_known(name: &str) -> bool {
    let (log, kind) = name.split_once('.').unwrap_or((name, ""));
    let is_log = LogName::ALL.iter().any(|known| {
        let successor = log.strip_prefix(known.of_acts().name(Language::English));
        successor.is_some_and(|number| number.is_empty() || number.strip_prefix('-').is_some_and(is_number))
    });
    let is_kind =
        matches!(kind, "" | "cosigned" | "halted" | "sure") || kind.strip_prefix("halted.").is_some_and(is_number);
    is_log && is_kind || matches!(name, "hears" | "owed" | "owed.taken")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What lies in a folder that is one, and no link to one.
fn plain_folder(at: &Path) -> Result<Vec<(String, PathBuf)>, LedgerError> {
    let looked = std::fs::symlink_metadata(at).map_err(LedgerError::file("look at", at))?;
    if !looked.is_dir() {
        return Err(MediumFault::NotPlain { at: at.into() }.into());
    }
    let mut all = Vec::new();
    for entry in std::fs::read_dir(at).map_err(LedgerError::file("read", at))? {
        let entry = entry.map_err(LedgerError::file("read", at))?;
        all.extend(entry.file_name().into_string().ok().map(|name| (name, entry.path())));
    }
    Ok(all)
}

/// Opens a file for reading that is one: a link could lead anywhere, a pipe never ends.
///
/// # Errors
/// When it is none, or cannot be opened.
pub(super) fn open_plain(path: &Path) -> Result<File, LedgerError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let not_plain = || LedgerError::from(MediumFault::NotPlain { at: path.into() });
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::LOOP) => return Err(not_plain()),
        opened => opened.map(File::from).map_err(|error| LedgerError::file("read", path)(error.into()))?,
    };
    let looked = file.metadata().map_err(LedgerError::file("look at", path))?;
    if looked.is_file() { Ok(file) } else { Err(not_plain()) }
}

/// What stands in such a file.
///
/// # Errors
/// As [`open_plain`].
pub(super) fn read_plain(path: &Path) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
    let mut bytes = Zeroizing::new(Vec::new());
    open_plain(path)?.read_to_end(&mut bytes).map_err(LedgerError::file("read", path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_ledger_writes_there_is_taken() {
        let known =
            ["records", "register", "casebook", "records-2", "records-2.cosigned", "records.sure", "records.halted"];
        let more = ["casebook.halted.1767225600000", "hears", "owed", "owed.taken"];
        assert_eq!(known.into_iter().chain(more).find(|name| !is_known(name)), None);
        let strange = ["", "records-", "records-x", "records.new", "records.halted.", "records.forked", "recordsx"];
        let more = ["master.key", "..", "owed.new", "records.halted.1.2", ".cosigned"];
        assert_eq!(strange.into_iter().chain(more).find(|name| is_known(name)), None);
    }
}
