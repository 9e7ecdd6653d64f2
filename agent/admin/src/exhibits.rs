//! Where evidence comes from: the ledger, or a file that somebody wrote from it. What it says is asked in one way.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sekisho_link::EvidenceLacks;
use sekisho_register::LogKeys;
use sekisho_register::change::Log;
use sekisho_tlog::{Hash, HashReader, inclusion_proof, leaf_hash};
use sekisho_wire::id::{CaseReference, Code};

use crate::desk::Desk;
use crate::error::AdminError;
use crate::ledger::{Evidence, Place};
use crate::log_tiles::{LogTiles, proved};
use crate::seen;
use crate::terminal_word::TerminalWord;

/// What lies at an index of the records log, and where that is.
#[derive(Clone, Debug)]
pub(crate) struct Exhibit {
    /// Its place.
    pub place: Place,
    /// What lies there.
    pub content: Content,
}

/// What lies there.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A record.
    Record {
        /// Its bytes.
        bytes: Vec<u8>,
        /// What its terminal signed; nothing for records of the ledger.
        word: Option<TerminalWord>,
    },
    /// One whose contents were destroyed.
    Destroyed {
        /// Its leaf.
        leaf: Hash,
        /// Index of the act.
        act: u64,
    },
}

impl Exhibit {
    /// Its leaf.
    #[must_use]
    pub(crate) fn leaf(&self) -> Hash {
        match &self.content {
            Content::Record { bytes, .. } => leaf_hash(bytes),
            Content::Destroyed { leaf, .. } => *leaf,
        }
    }
}

/// Records that a terminal wrote of one kind, between two times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    /// The terminal.
    pub terminal: &'a Code,
    /// The name of the kind.
    pub kind: &'static str,
    /// From when, trusted time,
    pub since: u64,
    /// and until when (not included).
    pub until: u64,
}

/// Somebody who shows evidence. Nothing of it is believed before it is examined.
pub(crate) trait Exhibits {
    /// What lies at this index.
    ///
    /// # Errors
    /// When it cannot be had.
    fn at(&self, index: u64) -> Result<Exhibit, AdminError>;

    /// Index and bytes of the records told so.
    ///
    /// # Errors
    /// When they cannot be had.
    fn told(&self, told: &Told<'_>) -> Result<Vec<(u64, Vec<u8>)>, AdminError>;

    /// Holds a checkpoint of this size, under which something was proved, against what was seen of the log before.
    ///
    /// # Errors
    /// [`crate::broken_log::BrokenLog`] when it does not continue that.
    fn expect_continued(&self, checkpoint: &str, size: u64) -> Result<(), AdminError>;
}

/// What the ledger showed so far.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// By index.
    pub exhibits: RefCell<BTreeMap<u64, Exhibit>>,
    /// What it said last that it lacks.
    pub lacks: RefCell<EvidenceLacks>,
}

/// The ledger, asked over the line; each record is asked for once.
#[derive(Debug)]
pub(crate) struct LedgerExhibits<'a> {
    /// The desk, logged in.
    pub desk: &'a Desk,
    /// The keys of the records log.
    pub keys: &'a LogKeys,
    /// Under which number what is read is taken away.
    pub permission: Option<&'a CaseReference>,
    /// What it showed.
    pub shown: &'a Shown,
}

impl LedgerExhibits<'_> {
    fn ask(&self, index: u64) -> Result<Exhibit, AdminError> {
        let asked = self.desk.ledger.evidence(index, self.permission);
        if let Err(error) = &asked
            && let Some(act) = error.destroyed_by()
        {
            return self.destroyed(index, act);
        }
        let Evidence { record, place, word, lacks } = asked?;
        self.shown.lacks.replace(lacks);
        Ok(Exhibit { place, content: Content::Record { bytes: record, word } })
    }

    /// Of what is destroyed the hash tiles have the leaf, which nobody need be believed for: the proof shows whether it is that.
    fn destroyed(&self, index: u64, act: u64) -> Result<Exhibit, AdminError> {
        let checkpoint = self.desk.ledger.checkpoint(Log::Records)?;
        let size = self.keys.open(&checkpoint)?.size;
        let tiles = LogTiles::new(&self.desk.ledger, Log::Records, size);
        let leaf = tiles.node(0, index)?;
        let proof = proved(inclusion_proof(&tiles, index, size))?;
        Ok(Exhibit {
            place: Place { index, proof, checkpoint: checkpoint.into() },
            content: Content::Destroyed { leaf, act },
        })
    }
}

impl Exhibits for LedgerExhibits<'_> {
    fn at(&self, index: u64) -> Result<Exhibit, AdminError> {
        if let Some(exhibit) = self.shown.exhibits.borrow().get(&index) {
            return Ok(exhibit.clone());
        }
        let exhibit = self.ask(index)?;
        self.shown.exhibits.borrow_mut().insert(index, exhibit.clone());
        Ok(exhibit)
    }

    fn told(&self, told: &Told<'_>) -> Result<Vec<(u64, Vec<u8>)>, AdminError> {
        let Told { terminal, kind, since, until } = told;
        let mut query = format!("limit=500&kind={kind}&terminal={terminal}&since={since}&until={until}");
        if let Some(number) = self.permission {
            query += "&permission=";
            query += number.as_str();
        }
        // To the last page: whoever writes many of that moment could hide an older one behind them.
        let (mut rows, mut before) = (Vec::new(), None);
        loop {
            let page = before.map_or_else(String::new, |before: u64| format!("&before={before}"));
            let mut found = self.desk.ledger.search(&(query.clone() + &page))?;
            rows.append(&mut found.rows);
            match found.next.filter(|next| before.is_none_or(|before| *next < before)) {
                Some(next) => before = Some(next),
                None => return Ok(rows),
            }
        }
    }

    fn expect_continued(&self, checkpoint: &str, size: u64) -> Result<(), AdminError> {
        let tiles = LogTiles::new(&self.desk.ledger, Log::Records, size);
        let (home, base) = (&self.desk.home, self.desk.base(Log::Records));
        seen::expect_continued(home, Log::Records, self.keys, checkpoint, &tiles, base)
    }
}
