//! One log that a witness watches: whose keys, what it cosigned last, and that this is on the disk before anybody sees the cosignature.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sekisho_tlog::witness::{Cosigned, NotCosigned, only_lines_of, origin_hash};
use sekisho_tlog::{AddCheckpoint, Checkpoint, CosigningKey, KeyKind, Note, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::birth::{self, Birth};
use crate::data::replace_file;
use crate::error::LedgerError;
use crate::locks::lock;

/// A log, as it stands in its file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    birth: Birth,
    /// The log's name.
    pub(super) origin: String,
    /// Its keys, as verifier keys; more than one while it changes them.
    pub(super) keys: Vec<String>,
    /// The checkpoint cosigned last, with the lines of log and witness.
    pub(super) cosigned: Option<String>,
    /// One that this witness cosigned and does not remember, as the log showed it.
    pub(super) forgotten: Option<String>,
}

/// A log at run time.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    keys: Vec<VerifyingKey>,
    /// Held from the look at what was cosigned last until the new one is durable: no two requests are judged by the same.
    standing: Mutex<Standing>,
    write: Write,
}

#[derive(Debug)]
struct Standing {
    page: Page,
    last: Cosigned,
    /// What the disk has for certain, and everybody may see.
    shown: Option<String>,
    trust: Trust,
}

/// What the next request is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// What is in memory is on the disk.
    Memory,
    /// A write failed and may have landed: the file says which. Nobody has the cosignature, but a later one may rest on it.
    DiskAlone,
}

/// How a file is written durably.
type Write = fn(&Path, &dyn Fn(Birth) -> Vec<u8>) -> std::io::Result<()>;

/// Why there is no cosignature.
#[derive(Debug)]
pub enum Declined {
    /// The witness does not know this log.
    UnknownLog,
    /// It must not, as the specification says.
    NotCosigned(NotCosigned),
    /// The log has shown what this witness cosigned and does not know: it was put back, and could cosign a second history.
    Forgotten,
    /// What it would cosign could not be written down.
    Disk(std::io::Error),
}

impl Page {
    /// A log of which nothing was cosigned yet.
    fn new(key: &VerifyingKey, birth: Birth) -> Self {
        let (origin, keys) = (key.name().to_owned(), vec![key.to_string()]);
        Self { birth, origin, keys, cosigned: None, forgotten: None }
    }

    /// Where the page of a log lies in the witness's directory.
    pub(super) fn path(directory: &Path, origin: &str) -> PathBuf {
        directory.join(format!("{}.json", origin_hash(origin)))
    }

    fn bytes(&self, birth: Birth) -> Vec<u8> {
        serde_json::to_vec_pretty(&Self { birth, ..self.clone() }).expect("texts and numbers are JSON")
    }

    /// Reads one that may be a copy.
    fn read_any(path: &Path) -> Result<(Self, Birth), LedgerError> {
        let (birth, bytes) = birth::read(path).map_err(LedgerError::file("read", path))?;
        let page = serde_json::from_slice(&bytes);
        let page: Self = page.map_err(|_| LedgerError::Damaged { path: path.into(), expected: "a log's page" })?;
        Ok((page, birth))
    }

    /// Reads one, and refuses a copy.
    pub(super) fn read(path: &Path) -> Result<Self, LedgerError> {
        let (page, birth) = Self::read_any(path)?;
        if page.birth == birth { Ok(page) } else { Err(LedgerError::PutBack { path: path.into() }) }
    }

    /// Watches one more log, or one more key of a log that is watched.
    ///
    /// # Errors
    /// When it is a copy, is damaged, or cannot be written.
    pub(super) fn add(directory: &Path, key: &VerifyingKey) -> Result<(), LedgerError> {
        let path = Self::path(directory, key.name());
        let text = key.to_string();
        let known = if path.exists() { Some(Self::read(&path)?) } else { None };
        if known.as_ref().is_some_and(|page| page.keys.contains(&text)) {
            return Ok(());
        }
        let page = |birth| match &known {
            None => Self::new(key, birth),
            Some(page) => Self { keys: page.keys.iter().cloned().chain([text.clone()]).collect(), ..page.clone() },
        };
        birth::write(&path, &|birth| page(birth).bytes(birth)).map_err(LedgerError::file("write", path))
    }

    /// Believes a key of a log no more: whoever stole it could have another history cosigned. What was cosigned last must stand under one that stays.
    ///
    /// # Errors
    /// [`LedgerError::Argument`] when the key is not one of the log's, is the only one, or the newest cosigned checkpoint has no line of another; as
    /// [`Self::add`].
    pub(super) fn drop_key(directory: &Path, key: &VerifyingKey) -> Result<(), LedgerError> {
        let wrong = |cause: &str| LedgerError::Argument { name: "--key", cause: format!("'{key}': {cause}") };
        let path = Self::path(directory, key.name());
        if !path.exists() {
            return Err(wrong("no log of that name is watched"));
        }
        let page = Self::read(&path)?;
        let text = key.to_string();
        match page.keys.iter().position(|known| *known == text) {
            None => return Err(wrong("it is no key of the log")),
            Some(at) if at + 1 == page.keys.len() => return Err(wrong("it is the newest key of the log")),
            Some(_) => {}
        }
        let rest = Self { keys: page.keys.iter().filter(|known| **known != text).cloned().collect(), ..page };
        if rest.parse(&path).is_err() {
            return Err(wrong(
                "nothing by another key was cosigned yet; add the new one, and let the witness cosign first",
            ));
        }
        birth::write(&path, &|birth| rest.bytes(birth)).map_err(LedgerError::file("write", path))
    }

    /// Takes a copy for the page itself.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(super) fn adopt(path: &Path) -> Result<(), LedgerError> {
        let (page, _) = Self::read_any(path)?;
        birth::write(path, &|birth| page.bytes(birth)).map_err(LedgerError::file("write", path))
    }

    /// What was cosigned last, and its keys.
    fn parse(&self, path: &Path) -> Result<(Vec<VerifyingKey>, Cosigned), LedgerError> {
        let damaged = || LedgerError::Damaged { path: path.into(), expected: "a log's page" };
        let keys = self.keys.iter().map(|key| key.parse::<VerifyingKey>()).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|_| damaged())?;
        let is_of_log = |key: &VerifyingKey| key.name() == self.origin && key.kind() == KeyKind::Ed25519;
        if keys.is_empty() || !keys.iter().all(is_of_log) {
            return Err(damaged());
        }
        let last = match &self.cosigned {
            None => Cosigned::NOTHING,
            Some(note) => {
                let opened = Checkpoint::open_cosigned(note, &keys, &[]).map_err(|_| damaged())?;
                Cosigned { size: opened.checkpoint.size, root: opened.checkpoint.root }
            }
        };
        Ok((keys, last))
    }

    /// How many entries were cosigned; nothing when none were ever.
    pub(super) fn size(&self) -> Option<u64> {
        self.cosigned.as_ref().and_then(|note| Checkpoint::claimed(note).ok()).map(|cosigned| cosigned.size)
    }
}

/// What a witness says.
#[derive(Debug)]
pub struct Answered {
    /// Its line.
    pub line: String,
    /// Whether it had cosigned nothing so long before: whoever only repeats what he has read somewhere has no news.
    pub is_news: bool,
}

impl Watched {
    /// Brings a log up from its file.
    pub(super) fn open(path: &Path) -> Result<(String, Self), LedgerError> {
        Self::open_with(path, birth::write)
    }

    fn open_with(path: &Path, write: Write) -> Result<(String, Self), LedgerError> {
        let page = Page::read(path)?;
        let (keys, last) = page.parse(path)?;
        let origin = page.origin.clone();
        if Page::path(path.parent().unwrap_or(path), &origin) != path {
            return Err(LedgerError::Damaged { path: path.into(), expected: "the page of this log" });
        }
        let standing = Standing { shown: page.cosigned.clone(), page, last, trust: Trust::Memory };
        Ok((origin, Self { path: path.into(), keys, standing: Mutex::new(standing), write }))
    }

    /// The checkpoint cosigned last, once it is durable.
    pub(super) fn latest(&self) -> Option<String> {
        lock(&self.standing).shown.clone()
    }

    /// Cosigns what continues the log. Blocks until that is durable: what nobody would remember is never given out.
    pub(super) fn cosign(&self, request: &AddCheckpoint, key: &CosigningKey, now_s: u64) -> Result<Answered, Declined> {
        let mut standing = lock(&self.standing);
        if standing.trust == Trust::DiskAlone {
            let disk = |error: LedgerError| Declined::Disk(std::io::Error::other(error));
            let page = Page::read(&self.path).map_err(disk)?;
            let (_, last) = page.parse(&self.path).map_err(disk)?;
            (standing.page, standing.last, standing.trust) = (page, last, Trust::Memory);
        }
        if standing.page.forgotten.is_some() {
            return Err(Declined::Forgotten);
        }
        if self.has_forgotten(request, &key.verifying_key(), standing.last) {
            log::error!("{} shows a cosignature of ours that we do not remember", standing.page.origin);
            let page = Page { forgotten: Some(request.checkpoint.clone()), ..standing.page.clone() };
            self.put(&mut standing, page).map_err(Declined::Disk)?;
            return Err(Declined::Forgotten);
        }
        let looked = request.look(&self.keys, standing.last);
        if let Err(NotCosigned::Forked { size }) = &looked {
            self.keep_evidence(&standing.page, *size, &request.checkpoint);
        }
        let checkpoint = looked.map_err(Declined::NotCosigned)?;
        let lines = only_lines_of(&request.checkpoint, &self.keys);
        let lines = lines.map_err(|error| Declined::NotCosigned(NotCosigned::NotSigned(error)))?;
        // Asked again within the second, there is nothing new to say: whoever repeats a request keeps no disk busy.
        if let Some(note) = &standing.shown
            && let Some((said, time_s)) = said(note, &lines, &key.verifying_key())
            && time_s == now_s
        {
            return Ok(Answered { line: said, is_news: false });
        }
        let is_news = checkpoint.size > standing.last.size;
        let cosigned = Checkpoint::cosign(&lines, &self.keys, key, now_s);
        let cosigned = cosigned.map_err(|error| Declined::NotCosigned(NotCosigned::Malformed(error)))?;
        let page = Page { cosigned: Some(cosigned.clone()), ..standing.page.clone() };
        self.put(&mut standing, page).map_err(Declined::Disk)?;
        standing.last = Cosigned { size: checkpoint.size, root: checkpoint.root };
        standing.shown = Some(cosigned.clone());
        let (line, _) = said(&cosigned, &lines, &key.verifying_key()).expect("it was cosigned a moment ago");
        Ok(Answered { line, is_news })
    }

    fn put(&self, standing: &mut Standing, page: Page) -> std::io::Result<()> {
        let written = (self.write)(&self.path, &|birth| page.bytes(birth));
        match &written {
            Ok(()) => standing.page = page,
            Err(_) => standing.trust = Trust::DiskAlone,
        }
        written
    }

    /// Whether a checkpoint carries a cosignature of ours, and is more than was cosigned, or other.
    fn has_forgotten(&self, request: &AddCheckpoint, own: &VerifyingKey, last: Cosigned) -> bool {
        let keys = std::slice::from_ref(own);
        let opened = Checkpoint::open_cosigned(&request.checkpoint, &self.keys, keys);
        opened.is_ok_and(|opened| {
            let (size, root) = (opened.checkpoint.size, opened.checkpoint.root);
            !opened.witnesses.is_empty() && (size > last.size || (size == last.size && root != last.root))
        })
    }

    /// The log has signed two roots for one size. The first that was seen stays.
    fn keep_evidence(&self, page: &Page, size: u64, shown: &str) {
        log::error!("{} has signed two roots for {size} entries", page.origin);
        let path = self.path.with_extension("forked");
        if !path.exists() {
            let text = format!("{}\n{shown}", page.cosigned.as_deref().unwrap_or_default());
            if let Err(error) = replace_file(&path, text.as_bytes()) {
                log::error!("cannot keep the evidence for it in {}: {error}", path.display());
            }
        }
    }
}

/// Our line in a note, as it is answered, and its time: when the note says what `text` says.
fn said(note: &str, text: &str, own: &VerifyingKey) -> Option<(String, u64)> {
    let (note, asked) = (Note::parse(note).ok()?, Note::parse(text).ok()?);
    let line = note.signatures().iter().find(|line| line.id() == own.id() && line.name() == own.name())?;
    let time_s = note.verify(std::slice::from_ref(own)).ok()?.first()?.time_s?;
    (note.text() == asked.text()).then(|| (format!("{line}\n"), time_s))
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLog => f.write_str("this witness does not know the log"),
            Self::NotCosigned(why) => why.fmt(f),
            Self::Forgotten => {
                f.write_str("this witness was put back and has forgotten what it cosigned; it needs a new key")
            }
            Self::Disk(_) => f.write_str("this witness cannot write down now what it would cosign"),
        }
    }
}

#[cfg(test)]
mod tests;
