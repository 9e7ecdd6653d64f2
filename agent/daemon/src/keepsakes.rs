//! What the ledger gives this terminal to keep: entries that no terminal could bring again, which the ledger alone can open. They are given
//! back to a ledger that was restored from an older copy (LEDGER.md §L6).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::Register;
use sekisho_register::change::Log;
use serde::{Deserialize, Serialize};

use crate::files;

/// Beside the register, in the ledger's answer.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Handed {
    #[serde(default)]
    entries: Vec<Entry>,
    /// Up to which index of records log and casebook we have been given what we are to keep.
    to: [u64; 2],
    /// Their checkpoints, to be shown again: the ledger's own word to itself.
    #[serde(default)]
    checkpoints: [String; 2],
}

/// One entry, as it goes over the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) log: String,
    pub(crate) index: u64,
    /// base64.
    pub(crate) sealed: String,
}

/// All that is kept.
#[derive(Debug)]
pub(crate) struct Keepsakes {
    folder: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    given: Given,
    rows: Vec<Row>,
    /// How long the file is, as far as it is whole.
    length: u64,
    /// Nothing is from before this time.
    since: u64,
    /// What is there could not be read: nothing takes its place.
    is_unread: bool,
}

/// How far we have been given what we are to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Given {
    to: [u64; 2],
    checkpoints: [String; 2],
    /// Which of the logs these are that went on in each other's place.
    #[serde(default)]
    generations: Generations,
}

/// Of records log and casebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Generations([u32; 2]);

impl Default for Generations {
    fn default() -> Self {
        Self([1, 1])
    }
}

/// Where an entry stands in the file.
#[derive(Clone, Debug)]
struct Row {
    /// When it came, trusted time.
    at: u64,
    log: u8,
    index: u64,
    /// Of what is sealed.
    offset: u64,
    length: u32,
}

/// Length of what is sealed (4), time (8), log (1), index (8).
const HEAD: usize = 21;
/// One entry is never longer: an act and the names beside it.
const ENTRY_MAX: usize = 256 * 1024;
const DAY: u64 = 24 * 60 * 60 * 1000;
const LOGS: [&str; 2] = ["records", "casebook"];
const KEPT: [Log; 2] = [Log::Records, Log::Casebook];

impl Keepsakes {
    /// What is kept of the days from `since` on.
    pub(crate) fn open(state: &Path, since: u64) -> Self {
        let folder = state.join("keepsakes");
        let kept = files::private_folder(&folder).and_then(|()| Kept::open(&folder, since));
        // Nothing here is needed for anything else: the ledger gives it again.
        let kept = kept.unwrap_or_else(|error| {
            log::warn!("cannot read what the ledger gave us to keep: {error}");
            Kept { is_unread: true, ..Kept::default() }
        });
        Self { folder, kept: Mutex::new(kept) }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where it has been given what it is to keep, as the ledger is asked.
    pub(crate) fn to(&self) -> [u64; 2] {
        self.lock().given.to
    }

    /// The checkpoints of records log and casebook that came with it.
    pub(crate) fn checkpoints(&self) -> [String; 2] {
        self.lock().given.checkpoints.clone()
    }

    /// Takes what it is given; once a day what is from before `since` goes. What cannot be kept is given again.
    pub(crate) fn take(&self, handed: &Handed, now: u64, since: u64) {
        let mut kept = self.lock();
        if kept.is_unread {
            match Kept::open(&self.folder, since) {
                // The next question asks from there.
                Ok(read) => *kept = read,
                Err(error) => log::warn!("cannot read what the ledger gave us to keep: {error}"),
            }
            return;
        }
        if (handed.to, &handed.checkpoints) == (kept.given.to, &kept.given.checkpoints) {
            return;
        }
        let taken = self.keep(&mut kept, handed, now).and_then(|()| {
            if since.saturating_sub(kept.since) > DAY {
                *kept = Kept::open(&self.folder, since)?;
            }
            Ok(())
        });
        if let Err(error) = taken {
            log::warn!("cannot keep what the ledger gave us to keep: {error}");
        }
    }

    /// Follows acts that have another log go on in place of one that we keep something of: what was given from there on is none of it.
    pub(crate) fn follow(&self, register: &Register) {
        let mut kept = self.lock();
        if kept.is_unread {
            return;
        }
        let mut given = kept.given.clone();
        let Given { to, checkpoints, generations: Generations(generations) } = &mut given;
        for (number, log) in KEPT.into_iter().enumerate() {
            let Some(left) = register.given_up(log, generations[number]) else { continue };
            let from = left.kept_size;
            generations[number] = register.generation(log);
            to[number] = to[number].min(from);
            checkpoints[number].clear();
            kept.rows.retain(|row| usize::from(row.log) != number || row.index < from);
        }
        if given == kept.given {
            return;
        }
        // Where it cannot be kept it is followed again.
        match files::replace_json(&self.folder.join("given.json"), &given) {
            Ok(()) => kept.given = given,
            Err(error) => log::warn!("cannot keep what the ledger gave us to keep: {error}"),
        }
    }

    fn keep(&self, kept: &mut Kept, handed: &Handed, now: u64) -> io::Result<()> {
        let (mut bytes, mut rows) = (Vec::new(), Vec::new());
        for entry in &handed.entries {
            let log = LOGS.iter().position(|log| *log == entry.log);
            let sealed = STANDARD.decode(&entry.sealed).ok().filter(|sealed| sealed.len() <= ENTRY_MAX);
            let (Some(log), Some(sealed)) = (log, sealed) else { continue };
            let (log, length) = (log as u8, u32::try_from(sealed.len()).unwrap_or(u32::MAX));
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&now.to_be_bytes());
            bytes.push(log);
            bytes.extend_from_slice(&entry.index.to_be_bytes());
            let offset = kept.length + bytes.len() as u64;
            rows.push(Row { at: now, log, index: entry.index, offset, length });
            bytes.extend_from_slice(&sealed);
        }
        if !bytes.is_empty() {
            let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(entries_file(&self.folder))?;
            file.set_len(kept.length)?;
            file.write_all(&bytes)?;
            file.sync_data()?;
            kept.length += bytes.len() as u64;
            kept.rows.extend(rows);
        }
        let generations = kept.given.generations;
        let given = Given { to: handed.to, checkpoints: handed.checkpoints.clone(), generations };
        files::replace_json(&self.folder.join("given.json"), &given)?;
        kept.given = given;
        Ok(())
    }

    /// What is kept of this log in these ranges, each from the first index to before the second.
    pub(crate) fn within(&self, log: &str, ranges: &[(u64, u64)]) -> io::Result<Vec<Entry>> {
        let kept = self.lock();
        let number = LOGS.iter().position(|name| *name == log).unwrap_or(LOGS.len());
        let asked = |row: &&Row| {
            usize::from(row.log) == number && ranges.iter().any(|(from, to)| (*from..*to).contains(&row.index))
        };
        let rows: Vec<&Row> = kept.rows.iter().filter(asked).collect();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let file = File::open(entries_file(&self.folder))?;
        let read = |row: &Row| {
            let mut sealed = vec![0; row.length as usize];
            file.read_exact_at(&mut sealed, row.offset)?;
            Ok(Entry { log: log.into(), index: row.index, sealed: STANDARD.encode(sealed) })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Kept {
    fn open(folder: &Path, since: u64) -> io::Result<Self> {
        let given: Given = files::read_json(&folder.join("given.json"))?.unwrap_or_default();
        let path = entries_file(folder);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let rows = read(&bytes);
        let whole = rows.last().map_or(0, |row| row.offset + u64::from(row.length));
        if whole == bytes.len() as u64 && rows.iter().all(|row| row.at >= since) {
            return Ok(Self { given, rows, length: whole, since, is_unread: false });
        }
        let of = |row: &Row| {
            let begin = usize::try_from(row.offset).ok()?.checked_sub(HEAD)?;
            bytes.get(begin..begin + HEAD + row.length as usize)
        };
        let young: Vec<u8> = rows.iter().filter(|row| row.at >= since).filter_map(of).flatten().copied().collect();
        files::replace(&path, &young)?;
        Ok(Self { given, rows: read(&young), length: young.len() as u64, since, is_unread: false })
    }
}

fn entries_file(folder: &Path) -> PathBuf {
    folder.join("entries")
}

/// Whole rows; what a crash has torn ends them.
fn read(bytes: &[u8]) -> Vec<Row> {
    let (mut rows, mut at) = (Vec::new(), 0_usize);
    while let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk::<HEAD>()) {
        let number =
            |from: usize| head.get(from..from + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let length = head.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        let (Some(length), Some(time), Some(index)) = (length, number(4), number(13)) else { break };
        let offset = at + HEAD;
        let end = offset.saturating_add(length as usize);
        if end > bytes.len() {
            break;
        }
        rows.push(Row { at: time, log: head[12], index, offset: offset as u64, length });
        at = end;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Office;
    use sekisho_register::Change;
    use sekisho_register::change::SucceedLog;
    use sekisho_wire::id::Hash;

    fn entry(log: &str, index: u64, sealed: &[u8]) -> Entry {
        Entry { log: log.into(), index, sealed: STANDARD.encode(sealed) }
    }

    #[test]
    fn what_was_given_is_given_back_over_restarts_and_goes_with_its_time() {
        let state = std::env::temp_dir().join(format!("sekisho-keepsakes-{}", std::process::id()));
        files::private_folder(&state).unwrap();
        let keepsakes = Keepsakes::open(&state, 0);
        assert_eq!(keepsakes.to(), [0, 0]);
        let (one, two) = (entry("records", 3, b"three"), entry("casebook", 0, &[7; 5000]));
        let handed = |entries, to| Handed { entries, to, checkpoints: ["r".into(), "c".into()] };
        keepsakes.take(&handed(vec![one.clone(), two.clone(), entry("other", 1, b"x")], [9, 1]), 100, 0);
        let three = entry("records", 12, b"");
        keepsakes.take(&handed(vec![three.clone()], [20, 1]), 200, 0);
        let within = |keepsakes: &Keepsakes, log: &str| keepsakes.within(log, &[(0, 5), (12, 13)]).unwrap();
        // Torn in the middle of an entry.
        let path = state.join("keepsakes/entries");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [whole.as_slice(), &[0, 0, 0, 9, 1]].concat()).unwrap();
        for keepsakes in [keepsakes, Keepsakes::open(&state, 0)] {
            assert_eq!((keepsakes.to(), keepsakes.checkpoints()), ([20, 1], ["r".into(), "c".into()]));
            assert_eq!(within(&keepsakes, "records"), [one.clone(), three.clone()]);
            assert_eq!(within(&keepsakes, "casebook"), std::slice::from_ref(&two));
            assert_eq!(keepsakes.within("records", &[(4, 12)]).unwrap(), []);
        }
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        let later = Keepsakes::open(&state, 150);
        assert_eq!((within(&later, "records"), within(&later, "casebook")), (vec![three.clone()], vec![]));
        later.take(&handed(vec![entry("records", 4, b"four")], [21, 1]), 300, 150);
        let again = Keepsakes::open(&state, 150);
        assert_eq!(within(&again, "records"), [three, entry("records", 4, b"four")]);
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn what_another_log_does_not_begin_with_is_given_anew() {
        let state = std::env::temp_dir().join(format!("sekisho-keepsakes-followed-{}", std::process::id()));
        files::private_folder(&state).unwrap();
        let keepsakes = Keepsakes::open(&state, 0);
        let entries = vec![entry("records", 8, b"r"), entry("casebook", 1, b"one"), entry("casebook", 2, b"two")];
        keepsakes.take(&Handed { entries, to: [9, 3], checkpoints: ["r".into(), "c".into()] }, 100, 0);
        let mut office = Office::new(&[4; 65]);
        keepsakes.follow(&office.register);
        assert_eq!((keepsakes.to(), keepsakes.checkpoints()), ([9, 3], ["r".into(), "c".into()]));
        let lost = |log, kept_size| SucceedLog { log, kept_size, kept_root: Hash([7; 32]), signed_size: 3 };
        office.act_of_two(vec![Change::SucceedLog(lost(Log::Casebook, 2))]);
        keepsakes.follow(&office.register);
        for keepsakes in [keepsakes, Keepsakes::open(&state, 0)] {
            assert_eq!((keepsakes.to(), keepsakes.checkpoints()), ([9, 2], ["r".into(), String::new()]));
            // Once.
            keepsakes.follow(&office.register);
            assert_eq!(keepsakes.to(), [9, 2]);
            assert_eq!(keepsakes.within("casebook", &[(0, 2)]).unwrap().len(), 1);
            assert_eq!(keepsakes.within("records", &[(0, 9)]).unwrap().len(), 1);
        }
        // What is given of the new one is kept, and which one that is.
        let keepsakes = Keepsakes::open(&state, 0);
        let entries = vec![entry("casebook", 2, b"another")];
        keepsakes.take(&Handed { entries, to: [9, 3], checkpoints: ["r".into(), "d".into()] }, 200, 0);
        let keepsakes = Keepsakes::open(&state, 0);
        keepsakes.follow(&office.register);
        assert_eq!((keepsakes.to(), keepsakes.checkpoints()), ([9, 3], ["r".into(), "d".into()]));
        std::fs::remove_dir_all(state).unwrap();
    }
}
