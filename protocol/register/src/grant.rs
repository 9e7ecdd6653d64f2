//! An act that a card carries, taken over a register that is older than it (§R9): for what is decided about that card, and for nothing else.

use alloc::borrow::Cow;
use core::fmt;

use sekisho_tlog::leaf_hash;
use sekisho_wire::decision::NamedGrant;
use sekisho_wire::id::Hash;
use sekisho_wire::record::Record;
use sekisho_wire::words::Language;

use crate::change::Change;
use crate::fold::Register;
use crate::refusal::FoldRefusal;
use crate::replay::Mismatch;
use crate::state::Trust;

/// Why a register does not take an act that a card carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantRefusal {
    /// The register has that entry already, and has the say about it.
    NotBeyond {
        /// Where the act lies.
        index: u64,
        /// How far the register goes.
        size: u64,
    },
    /// It changes more than what gives a person a card and a scope.
    ChangesMore {
        /// The kind of change (§R3).
        kind: u16,
    },
    /// The fold does not take it.
    Refused(FoldRefusal),
}

impl fmt::Display for GrantRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBeyond { index, size } => {
                write!(
                    f,
                    "cannot take the grant on the card: the register has {size} entries, and entry {index} among them"
                )
            }
            Self::ChangesMore { kind } => {
                write!(f, "cannot take the grant on the card: its act makes a change of kind {kind} as well")
            }
            Self::Refused(refusal) => {
                write!(f, "cannot take the grant on the card: {}", refusal.text(Language::English))
            }
        }
    }
}

impl core::error::Error for GrantRefusal {}

impl Register {
    /// A copy that knows besides what the act says that lies at `index` of this log, further on than this register goes. It answers for this one:
    /// size and root stay. That the act lies there is for the caller to have verified. It is no register to fold on.
    ///
    /// # Errors
    /// [`GrantRefusal`].
    pub fn with_grant(&self, index: u64, act: &[u8]) -> Result<Self, GrantRefusal> {
        if index < self.size() {
            return Err(GrantRefusal::NotBeyond { index, size: self.size() });
        }
        let (over, folded) = self.examine(act, index, Trust::Verify).map_err(GrantRefusal::Refused)?;
        if let Some(more) = folded.changes.iter().find(|change| !gives_scope(change)) {
            return Err(GrantRefusal::ChangesMore { kind: more.kind() });
        }
        let mut with_grant = self.clone();
        with_grant.take_over(over, &folded);
        with_grant.grant = Some(NamedGrant { index, act: leaf(act) });
        Ok(with_grant)
    }

    /// The act beyond this register that it was extended by ([`Self::with_grant`]).
    #[must_use]
    pub const fn grant(&self) -> Option<&NamedGrant> {
        self.grant.as_ref()
    }

    /// The register that decided a record: this one, with the act that the record says was on the card. `act` is what the register log has
    /// at the place named, and nothing where the record names none or the log does not go so far.
    ///
    /// # Errors
    /// [`Mismatch::GrantNotInLog`].
    pub fn as_it_decided(&self, record: &Record, act: Option<&[u8]>) -> Result<Cow<'_, Self>, Mismatch> {
        let Some(named) = grant_of(record) else { return Ok(Cow::Borrowed(self)) };
        let act = act.filter(|act| leaf(act) == named.act).ok_or(Mismatch::GrantNotInLog { index: named.index })?;
        // What this register does not take is decided as such.
        Ok(self.with_grant(named.index, act).map_or(Cow::Borrowed(self), Cow::Owned))
    }
}

/// The act on the card that a record says it rests on.
#[must_use]
pub fn grant_of(record: &Record) -> Option<&NamedGrant> {
    record.body.input()?.grant.as_ref()
}

fn leaf(act: &[u8]) -> Hash {
    Hash(leaf_hash(act).0)
}

/// What a card may say of its person, and what only takes rights away. Anything else of the office is no business of a card.
const fn gives_scope(change: &Change) -> bool {
    let gives = matches!(change, Change::Designate(_) | Change::Profile(_) | Change::Qualify(_) | Change::IssueCard(_));
    gives || change.only_takes_away()
}
