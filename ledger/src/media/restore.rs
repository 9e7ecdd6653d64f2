//! A ledger put back from a medium and the keys out of the safe, on a machine that has none.
//!
//! What a backup has is taken from it by name, and nothing else; it is checked where it was put, and only then keys and configuration come to lie beside it.

use std::path::{Path, PathBuf};

use sekisho_wire::id::OfficeId;
use sekisho_wire::words::Language;

use super::generation::{SEALED, Sealed, generations, is_medium};
use super::parts::{beside_the_book, open_plain, read_plain};
use super::{Media, MediumFault, Verified, key_copy, marker};
use crate::backup::COLD;
use crate::clock::{Clock, MachineClock};
use crate::cold;
use crate::config::Config;
use crate::data::{DataDir, above, make_dir, make_private, replace_file};
use crate::error::LedgerError;
use crate::fsck::{Finding, check_put_back};
use crate::progress::Progress;
use crate::store::SqliteStore;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Of which ledger.
    pub ledger: String,
    /// Which backup.
    pub verified: Verified,
    /// What `fsck` says of it and a ledger starts with all the same: English, Japanese.
    pub told: Vec<(String, String)>,
    /// Files of cold entries that had decayed there, and were taken from another backup on the medium.
    pub from_others: u64,
    /// What its configuration says now. Whoever had the medium may have altered it: nothing signs it.
    pub config: Config,
}

/// Puts a backup into `root`, where there is no ledger yet. `from` is a backup's folder, or a medium: then its newest. What a restore that was cut
/// short left there is removed first.
///
/// # Errors
/// When there is a ledger, no verified backup, a key is missing or does not open it, the backup is not sound, or something cannot be
/// read or written. There is no ledger in `root` then.
pub fn restore(
    root: &Path,
    from: &Path,
    keys: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Restored, LedgerError> {
    let data = DataDir::new(root);
    may_be_put_into(&data)?;
    let from = chosen(from)?;
    let (copy, safe) = (DataDir::new(&from), DataDir::new(keys));
    let sealed = from.join(SEALED);
    let text = read_plain(&sealed)?;
    let damaged = || LedgerError::Damaged { path: sealed, expected: "what was verified" };
    let Sealed { ledger, verified } = serde_json::from_slice(&text).map_err(|_| damaged())?;
    let (config, text) = configuration(&copy)?;
    let files = beside_the_book(&copy)?;
    let safe_keys = key_copy::files(&safe).map(|key| read_plain(&key).map(|bytes| (key, bytes)));
    let safe_keys = safe_keys.into_iter().collect::<Result<Vec<_>, _>>()?;

    make_dir(root)?;
    put(b"", &begun(&data))?;
    clear(&data)?;
    let mut put_back = || -> Result<_, LedgerError> {
        let from_others = put_book(&data, &copy, &files)?;
        // On the ledger's own disk: what was put there is what is checked, whatever the medium gives back afterwards.
        let told = sound((&data, &config), &safe, &from, progress)?;
        remember(&data, &from, &verified)?;
        for (key, bytes) in &safe_keys {
            put(bytes, &root.join(key.file_name().expect("a key is a file")))?;
        }
        Ok((from_others, told))
    };
    // Names and payloads of people: what cannot be used does not stay.
    let (from_others, told) = put_back().inspect_err(|_| drop(clear(&data).and_then(|()| ended(&data))))?;
    // The configuration comes last: a directory without it is not a ledger, and a restore that was cut short is none either.
    put(text.as_bytes(), &data.config())?;
    ended(&data)?;
    Ok(Restored { ledger, verified, told, from_others, config })
}

/// A file that says that what lies there was put there by a restore that has not ended.
fn begun(data: &DataDir) -> PathBuf {
    data.root().join("restore.begun")
}

fn ended(data: &DataDir) -> Result<(), LedgerError> {
    let begun = begun(data);
    std::fs::remove_file(&begun).map_err(LedgerError::file("remove", begun))
}

/// Refuses a place where a ledger is, or files of one that may be newer than any backup.
fn may_be_put_into(data: &DataDir) -> Result<(), LedgerError> {
    let root = data.root();
    if data.config().exists() {
        return Err(LedgerError::AlreadyThere { path: root.into() });
    }
    let book = [data.database(), data.master_key(), data.payload_key()];
    if !begun(data).exists() && (book.iter().any(|file| file.exists()) || !of_offices(data)?.is_empty()) {
        return Err(MediumFault::Remains { at: root.into() }.into());
    }
    Ok(())
}

/// The folders of offices: their checkpoints, and what is cold. The folders in which they lie may be disks of their own.
fn of_offices(data: &DataDir) -> Result<Vec<PathBuf>, LedgerError> {
    let mut found = Vec::new();
    for folder in [data.checkpoints(), data.root().join(COLD)].iter().filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder).map_err(LedgerError::file("read", folder))? {
            let entry = entry.map_err(LedgerError::file("read", folder))?;
            if entry.file_name().to_str().is_some_and(|name| name.parse::<OfficeId>().is_ok()) {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// Removes what a restore has put there. What of another backup stays behind would look as if it belonged to this one.
fn clear(data: &DataDir) -> Result<(), LedgerError> {
    let root = data.root();
    for folder in of_offices(data)? {
        std::fs::remove_dir_all(&folder).map_err(LedgerError::file("remove", folder))?;
    }
    let beside = ["ledger.db-wal", "ledger.db-shm"].map(|name| root.join(name));
    let files = [data.database(), data.media()].into_iter().chain(beside).chain(key_copy::files(data));
    for file in files.filter(|file| file.exists()) {
        std::fs::remove_file(&file).map_err(LedgerError::file("remove", file))?;
    }
    Ok(())
}

impl Restored {
    /// What decides, in the configuration that came back, before whom the ledger answers: for whoever holds it against what it should be.
    #[must_use]
    pub fn to_look_at(&self) -> String {
        let config = &self.config;
        let number =
            |number: Option<usize>| number.map_or_else(|| "not set（未設定）".into(), |number| number.to_string());
        let mut text = format!(
            "ledger.toml came with the backup, and nothing signs it: see that it says what it should\n\
             ledger.toml はバックアップから復元されたもので、署名されていません。内容を確認してください\n\
             \x20 hosts {}, listen {}\n\x20 hear {}, hear_witnesses {}\n\x20 postgres {}\n",
            config.hosts.join(" "),
            config.listen,
            number(config.hear),
            number(config.hear_witnesses),
            config.postgres.as_deref().unwrap_or("not set（未設定）")
        );
        for witness in &config.witnesses {
            text += &format!("  witness {} {}\n", witness.url, witness.key);
        }
        if config.witnesses.is_empty() {
            text += "  no witnesses（立会人なし）\n";
        }
        text
    }
}

fn chosen(from: &Path) -> Result<PathBuf, LedgerError> {
    let none = || LedgerError::from(MediumFault::NoBackup { at: from.into() });
    if is_medium(from) {
        return generations(from)?.pop().map(|newest| newest.at).ok_or_else(none);
    }
    if from.join(SEALED).is_file() && from.extension().is_none() { Ok(from.into()) } else { Err(none()) }
}

/// What a backup says of itself, and its text. One names no server and no other place for what is cold: it would not be the backup that is served.
fn configuration(copy: &DataDir) -> Result<(Config, String), LedgerError> {
    let path = copy.config();
    let damaged = |expected| LedgerError::Damaged { path: path.clone(), expected };
    let text = String::from_utf8(read_plain(&path)?.to_vec()).map_err(|_| damaged("text"))?;
    let config = Config::parse(&path, &text)?;
    if config.postgres.is_some() || config.cold.as_ref().is_some_and(|cold| cold != Path::new(COLD)) {
        return Err(damaged("the configuration of a backup"));
    }
    Ok((config, text))
}

/// The book, what lies beside its checkpoints, the list of media, and what is cold. Says how many files of that came from another backup.
fn put_book(data: &DataDir, copy: &DataDir, files: &[(OfficeId, String)]) -> Result<u64, LedgerError> {
    make_dir(&data.checkpoints())?;
    copy_large(&copy.database(), &data.database())?;
    if copy.media().exists() {
        put(&read_plain(&copy.media())?, &data.media())?;
    }
    for (office, name) in files {
        let place = |data: &DataDir| data.checkpoints().join(office.to_string()).join(name);
        put(&read_plain(&place(copy))?, &place(data))?;
    }
    let mut sources = vec![copy.root().join(COLD)];
    if is_medium(above(copy.root())) {
        let others = generations(above(copy.root()))?.into_iter().rev().map(|other| other.at);
        sources.extend(others.filter(|other| other != copy.root()).map(|other| other.join(COLD)));
    }
    // An older backup is brought to what this version reads.
    cold::take_segments(&SqliteStore::open_alone(&data.database())?, &sources, &data.root().join(COLD))
}

/// The list in a backup was written before it was verified.
fn remember(data: &DataDir, from: &Path, verified: &Verified) -> Result<(), LedgerError> {
    let mut list = Media::read(&data.media())?;
    let known = marker(above(from))?;
    for medium in list.media.iter_mut().filter(|medium| known.as_ref().is_some_and(|known| known.id == medium.id)) {
        medium.verified = Some(verified.clone());
    }
    list.failed = None;
    list.write(data)
}

/// What `fsck` finds and a ledger starts with all the same. A month that was destroyed after the backup has no key any more, nor a name that was erased,
/// and the act that says so comes back with the register; what is still there, with keys from before, goes with the first start.
fn sound(
    (data, config): (&DataDir, &Config),
    safe: &DataDir,
    from: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<(String, String)>, LedgerError> {
    let report = check_put_back(config, data, safe, MachineClock.now(), progress)?;
    let wrong: Vec<_> = report.damage().collect();
    if let [first, ..] = wrong.as_slice() {
        let (at, finding) = (from.to_path_buf(), first.text(Language::English));
        return Err(MediumFault::NotSound { at, finding, findings: wrong.len() }.into());
    }
    let both = |finding: &Finding| (finding.text(Language::English), finding.text(Language::Japanese));
    Ok(report.findings.iter().map(both).collect())
}

/// A file of ours (0600), whole or not there.
fn put(bytes: &[u8], to: &Path) -> Result<(), LedgerError> {
    to.parent().map_or(Ok(()), make_dir)?;
    replace_file(to, bytes).map_err(LedgerError::file("write", to))
}

/// The book may be larger than what is read at once.
fn copy_large(from: &Path, to: &Path) -> Result<(), LedgerError> {
    let mut source = open_plain(from)?;
    make_private(to).map_err(LedgerError::file("make", to))?;
    let copied = std::fs::File::create(to).and_then(|mut file| {
        std::io::copy(&mut source, &mut file)?;
        file.sync_all()
    });
    copied.map_err(LedgerError::file("write", to))
}
