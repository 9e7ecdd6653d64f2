//! A checkpoint that was printed, scanned or typed, held against the log as it is today.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::Path;

use sekisho_register::Register;
use sekisho_tlog::tile::{TileContent, TileNode, TilePath};
use sekisho_tlog::{Checkpoint, Hash, HashReader, Note, ProveError, VerifyingKey, consistency_proof, root_at};
use sekisho_tlog::{verify_consistency, witness};

use crate::config::Config;
use crate::data::DataDir;
use crate::error::LedgerError;
use crate::log_keys::keys_of;
use crate::office::fold_register;
use crate::store::{LogName, StoreError, StoredTree};
use crate::witnesses::Web;

/// How a sheet and a log stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The log continues what the sheet says.
    Fits {
        /// Entries on the sheet.
        sheet: u64,
        /// Entries in the log.
        log: u64,
    },
    /// The log has another history.
    Different {
        /// At so many entries.
        sheet: u64,
    },
    /// The sheet has more than the log: the log was put back.
    Larger {
        /// Entries on the sheet.
        sheet: u64,
        /// Entries in the log.
        log: u64,
    },
    /// An act gave up, as lost, what the log had beyond so many entries; the sheet has more.
    GivenUp {
        /// Entries on the sheet.
        sheet: u64,
        /// Entries that another log goes on from.
        kept: u64,
    },
}

/// What was read from a sheet: a scanner's text, or what somebody typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    note: String,
}

impl Sheet {
    /// Reads it. Ends of lines and blanks at them are whatever the scanner made of them; the dash before a signature may be any.
    ///
    /// # Errors
    /// When it is no signed note.
    pub fn read(text: &str) -> Result<Self, LedgerError> {
        let line = |line: &str| {
            let line = line.trim_end();
            let dashed =
                ["- ", "-- ", "\u{2013} ", "\u{2015} ", "\u{2500} "].iter().find_map(|dash| line.strip_prefix(dash));
            dashed.map_or_else(|| line.to_owned(), |rest| format!("\u{2014} {rest}"))
        };
        let lines: Vec<String> = text.trim().lines().map(line).collect();
        let note = lines.join("\n") + "\n";
        Note::parse(&note)?;
        Ok(Self { note })
    }

    /// Which log it says that it is of.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.note.lines().next().unwrap_or_default()
    }

    /// Holds it against a ledger's own directory. The ledger may be running.
    ///
    /// # Errors
    /// When it is of no log of this ledger, its key did not sign it, or the directory cannot be read.
    pub fn check(&self, root: &Path) -> Result<Fit, LedgerError> {
        let data = DataDir::new(root);
        let config = Config::read(&data.config())?;
        let store = crate::cold::view(config.book(&data)?.open_snapshot()?, &config, &data, None)?;
        for office in store.offices()? {
            // Each office's origins name it; to fold the register of every other one takes as long as they have acts.
            if !self.origin().contains(&office.id.to_string()) {
                continue;
            }
            let register = fold_register(&*store, &office.id)?;
            for (log, generation) in LogName::ALL.into_iter().flat_map(|log| generations(&register, log)) {
                let keys = keys_of(&register, log, generation)?;
                if keys.origin() != self.origin() {
                    continue;
                }
                let sheet = keys.open_earlier(&self.note)?;
                // What an act kept of a log goes on in the next one; of the rest nobody can say any more what it was.
                if let Some(kept) = kept_of(&register, log, generation).filter(|kept| sheet.size > *kept) {
                    return Ok(Fit::GivenUp { sheet: sheet.size, kept });
                }
                let stored = store.frontier(&office.id, log)?.size();
                if sheet.size > stored {
                    return Ok(Fit::Larger { sheet: sheet.size, log: stored });
                }
                let root = match root_at(&StoredTree { store: &*store, office: office.id, log }, sheet.size) {
                    Ok(root) => Some(root),
                    Err(ProveError::Reader(StoreError::Damaged { .. }) | ProveError::Request(_)) => None,
                    Err(ProveError::Reader(error)) => return Err(error.into()),
                };
                let fits = root == Some(sheet.root);
                return Ok(if fits {
                    Fit::Fits { sheet: sheet.size, log: stored }
                } else {
                    Fit::Different { sheet: sheet.size }
                });
            }
        }
        let cause = format!("it is of '{}', which is no log of this ledger", self.origin());
        Err(LedgerError::Argument { name: "--note", cause })
    }

    /// Holds it against what a ledger shows everybody, over HTTPS. Only a proof from the sheet to a checkpoint that the key signed says that it fits. The sheet
    /// may be signed by an earlier key of the log.
    ///
    /// # Errors
    /// When no key signed it that was given, or the ledger cannot be asked.
    pub fn check_over(
        &self,
        url: &str,
        authority: &[u8],
        key: &VerifyingKey,
        earlier: Option<&VerifyingKey>,
    ) -> Result<Fit, LedgerError> {
        let earlier = earlier.unwrap_or(key);
        if earlier.name() != key.name() {
            let cause = format!("'{}' is the key of another log than '{}'", earlier.name(), key.name());
            return Err(LedgerError::Argument { name: "--sheet-key", cause });
        }
        let sheet = Checkpoint::open(&self.note, earlier)?;
        let log = Web::new(url, authority).map_err(|(name, cause)| LedgerError::Argument { name, cause })?;
        let mut parts = key.name().rsplitn(3, '/');
        let (Some(log_name), Some(office)) = (parts.next(), parts.next()) else {
            let cause = format!("'{}' is no log of a ledger of ours", key.name());
            return Err(LedgerError::Argument { name: "--key", cause });
        };
        let base = format!("/{office}/{log_name}");
        let newest = log.text(&format!("{base}/checkpoint"))?;
        let newest = Checkpoint::open(&witness::only_lines_of(&newest, std::slice::from_ref(key))?, key)?;
        if sheet.size > newest.size {
            return Ok(Fit::Larger { sheet: sheet.size, log: newest.size });
        }
        let fits = Fit::Fits { sheet: sheet.size, log: newest.size };
        if sheet.size == 0 {
            return Ok(fits);
        }
        let tiles = Tiles { log: &log, base, size: newest.size, fetched: RefCell::default() };
        let proof = match consistency_proof(&tiles, sheet.size, newest.size) {
            Ok(proof) => proof,
            Err(ProveError::Reader(error)) => return Err(error),
            Err(ProveError::Request(error)) => return Err(error.into()),
        };
        let proved = verify_consistency(sheet.size, &sheet.root, newest.size, &newest.root, &proof);
        Ok(proved.map_or(Fit::Different { sheet: sheet.size }, |()| fits))
    }
}

/// A log by each of the names that it has had.
fn generations(register: &Register, log: LogName) -> impl Iterator<Item = (LogName, u32)> {
    (FIRST..=register.generation(log.of_acts())).map(move |generation| (log, generation))
}

/// How much acts have kept of a log that another goes on from.
fn kept_of(register: &Register, log: LogName, generation: u32) -> Option<u64> {
    register.given_up(log.of_acts(), generation).map(|left| left.kept_size)
}

/// The log that the office was founded with.
const FIRST: u32 = 1;

/// A log's hash tiles, fetched as a proof asks for them.
struct Tiles<'w> {
    log: &'w Web,
    base: String,
    size: u64,
    fetched: RefCell<BTreeMap<TilePath, Vec<u8>>>,
}

impl HashReader for Tiles<'_> {
    type Error = LedgerError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, LedgerError> {
        let node = TileNode::of(level, index);
        let path = TilePath::in_tree(TileContent::Hashes(node.tile_level), node.tile_index, self.size);
        let path = path.ok_or(LedgerError::Tlog(sekisho_tlog::TlogError::NodeMissing { level, index }))?;
        let mut fetched = self.fetched.borrow_mut();
        let tile = match fetched.entry(path) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.log.bytes(&format!("{}/{path}", self.base))?),
        };
        Ok(node.hash_in(tile)?)
    }
}

impl Fit {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        match self {
            Self::Fits { .. } => true,
            Self::Different { .. } | Self::Larger { .. } | Self::GivenUp { .. } => false,
        }
    }

    /// In Japanese.
    #[must_use]
    pub fn japanese(&self) -> String {
        match self {
            Self::Fits { sheet, log } => format!("一致: 票の {sheet} 件は、現在 {log} 件の台帳に続いています"),
            Self::Different { sheet } => format!("一致しない: {sheet} 件の時点の履歴が台帳と異なります"),
            Self::Larger { sheet, log } => format!("台帳より大きい: 票は {sheet} 件、台帳は {log} 件です"),
            Self::GivenUp { sheet, kept } => format!(
                "照合できない: {kept} 件より後は滅失したものとして二人の決定で新しい台帳に替わりました。票は {sheet} 件です。証拠として保管してください"
            ),
        }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fits { sheet, log } => write!(f, "fits: the log of {log} entries continues the sheet's {sheet}"),
            Self::Different { sheet } => write!(f, "does NOT fit: the log has another history at {sheet} entries"),
            Self::Larger { sheet, log } => {
                write!(f, "LARGER than the log: the sheet has {sheet} entries, the log {log}")
            }
            Self::GivenUp { sheet, kept } => write!(
                f,
                "GIVEN UP: two persons decided that what came after {kept} entries is lost, and another log goes on; the sheet has {sheet}: keep it as evidence"
            ),
        }
    }
}
