//! Every way to fail, with the facts.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::hash::Hash;
use crate::key::KeyId;

/// What went wrong with a tree, a proof, a tile, a key or a signed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlogError {
    /// A leaf was asked for that the tree does not have.
    IndexOutsideTree {
        /// Index of the leaf.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// A range of leaves is empty or reaches past the tree.
    RangeOutsideTree {
        /// First leaf.
        first: u64,
        /// Number of leaves.
        count: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// Consistency was asked for between sizes that are not `1 ≤ old ≤ new`.
    SizesOutOfOrder {
        /// Leaves in the older tree.
        old: u64,
        /// Leaves in the newer tree.
        new: u64,
    },
    /// A proof has another number of hashes than it must have.
    ProofLength {
        /// Hashes that a proof of this statement has.
        expected: usize,
        /// Hashes that it came with.
        found: usize,
    },
    /// The proof leads to another root than the signed one: something was altered.
    RootMismatch {
        /// Size of the tree whose root differs.
        size: u64,
        /// The root that was given.
        signed: Hash,
        /// The root that the proof leads to.
        computed: Hash,
    },
    /// No tree of this size has a frontier of this many hashes, or the size is not below 2^63 (§3.2).
    FrontierShape {
        /// Leaves in the tree.
        size: u64,
        /// Hashes that were given.
        hashes: usize,
    },
    /// Bytes are no frontier (§3.2).
    FrontierBytes {
        /// How many bytes there are.
        length: usize,
    },
    /// A node is not in the store.
    NodeMissing {
        /// Level above the leaves.
        level: u8,
        /// Number within the level.
        index: u64,
    },
    /// A path names no tile (§5.1, §6.1).
    TilePath {
        /// The path.
        path: String,
    },
    /// A tile has another length than its width says, or lacks the hash asked for.
    TileBytes {
        /// Bytes that it must have.
        expected: usize,
        /// Bytes that it has.
        found: usize,
    },
    /// A tile was asked for that the tree does not have, or not so wide (§5.3).
    TileOutsideTree {
        /// Path of the tile.
        path: String,
        /// Leaves in the tree.
        size: u64,
    },
    /// An entry is longer than a bundle can hold (§6.2).
    EntryTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A bundle holds more entries than 256 (§6.2).
    BundleTooWide,
    /// A bundle ends within an entry (§6.2).
    BundleCutShort {
        /// Number of the entry that is not whole.
        entry: usize,
    },
    /// A name cannot be a key's name (§7.1).
    KeyName {
        /// The name.
        name: String,
    },
    /// A verifier key is of a kind that we do not know (§7.3).
    KeyKind {
        /// The kind byte.
        kind: u8,
    },
    /// The key id in a verifier key is not that of its name and key (§7.2): it was mistyped or altered.
    KeyIdMismatch {
        /// Name of the key.
        name: String,
        /// The id as written.
        written: KeyId,
        /// The id as it must be.
        computed: KeyId,
    },
    /// The public key is no point of the curve, or one of small order (§7.5).
    KeyUnusable {
        /// Name of the key.
        name: String,
    },
    /// A signed text is larger than 256 KiB (§8.2).
    NoteTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A signed text has more than 64 signature lines (§8.2).
    TooManySignatures {
        /// How many.
        count: usize,
    },
    /// A line of a text is not what it must be.
    Line {
        /// What was being read.
        document: Document,
        /// Number of the line, from 1.
        line: usize,
        /// What must stand there.
        expected: &'static str,
    },
    /// A known key's signature does not verify (§8.3): text or line was altered.
    BadSignature {
        /// Name of the key.
        name: String,
        /// Its id.
        id: KeyId,
    },
    /// None of the known keys signed (§8.3).
    NotSigned,
    /// The log signed with a key of another name than the text's origin (§10.2).
    OriginMismatch {
        /// Name of the key.
        key: String,
        /// Origin in the text.
        origin: String,
    },
    /// A time does not fit a cosignature (§9.1).
    CosignatureTime {
        /// Seconds since 1970.
        seconds: u64,
    },
}

/// The texts that this crate reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// A verifier key (§7.4).
    VerifierKey,
    /// A signed note (§8).
    Note,
    /// A checkpoint (§10).
    Checkpoint,
    /// A freshness note (§11).
    Freshness,
    /// A proof file (§12).
    Proof,
    /// A request to a witness (§13).
    AddCheckpoint,
}

impl TlogError {
    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::IndexOutsideTree { .. }
            | Self::RangeOutsideTree { .. }
            | Self::SizesOutOfOrder { .. }
            | Self::TileOutsideTree { .. } => {
                "ask again with a newer checkpoint; if it stays so, the ledger answers for another log"
            }
            Self::ProofLength { .. } | Self::RootMismatch { .. } | Self::BadSignature { .. } => {
                "keep this file as evidence and call the system manager: either it was altered, or the log was"
            }
            Self::FrontierShape { .. }
            | Self::FrontierBytes { .. }
            | Self::NodeMissing { .. }
            | Self::TileBytes { .. }
            | Self::BundleCutShort { .. } => "check the storage with 'sekisho-ledger fsck'",
            Self::KeyName { .. }
            | Self::KeyKind { .. }
            | Self::KeyIdMismatch { .. }
            | Self::KeyUnusable { .. }
            | Self::NotSigned
            | Self::OriginMismatch { .. } => "compare the log's verifier key with the one on the enrolment sheet",
            Self::TilePath { .. } | Self::NoteTooLong { .. } | Self::TooManySignatures { .. } | Self::Line { .. } => {
                "fetch the file again; if it stays so, whoever wrote it speaks another format"
            }
            Self::EntryTooLong { .. } | Self::BundleTooWide | Self::CosignatureTime { .. } => {
                "this is a fault in the program that called: report it"
            }
        }
    }
}

impl fmt::Display for TlogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexOutsideTree { index, size } => {
                write!(f, "cannot prove entry {index}: the tree has {size} entries")
            }
            Self::RangeOutsideTree { first, count, size } => {
                write!(f, "cannot prove {count} entries from {first}: the tree has {size} entries")
            }
            Self::SizesOutOfOrder { old, new } => {
                write!(f, "cannot prove that size {new} extends size {old}: sizes must rise from 1")
            }
            Self::ProofLength { expected, found } => {
                write!(f, "cannot verify the proof: it has {found} hashes where {expected} belong")
            }
            Self::RootMismatch { size, signed, computed } => {
                write!(
                    f,
                    "cannot verify the proof: it leads to root {computed}, but size {size} is signed with {signed}"
                )
            }
            Self::FrontierShape { size, hashes } => {
                write!(f, "cannot restore the tree of size {size}: {hashes} hashes are not its frontier")
            }
            Self::FrontierBytes { length } => write!(f, "cannot read the frontier: {length} bytes are none"),
            Self::NodeMissing { level, index } => {
                write!(f, "cannot read hash {index} at level {level}: the store does not have it")
            }
            Self::TilePath { path } => write!(f, "cannot read tile path '{path}': it names no tile"),
            Self::TileBytes { expected, found } => write!(f, "cannot read tile: {found} bytes where {expected} belong"),
            Self::TileOutsideTree { path, size } => {
                write!(f, "cannot give tile '{path}': the tree of {size} entries does not reach so far")
            }
            Self::EntryTooLong { length } => write!(f, "cannot bundle entry: {length} bytes, at most 65535 fit"),
            Self::BundleTooWide => f.write_str("cannot bundle entries: more than 256"),
            Self::BundleCutShort { entry } => write!(f, "cannot read bundle: it ends within entry {entry}"),
            Self::KeyName { name } => {
                write!(f, "cannot name a key '{}': empty, reserved, or with spaces or plus", name.escape_debug())
            }
            Self::KeyKind { kind } => write!(f, "cannot use verifier key: unknown kind {kind:#04x}"),
            Self::KeyIdMismatch { name, written, computed } => {
                write!(f, "cannot use verifier key '{name}': its id is {computed}, but {written} is written")
            }
            Self::KeyUnusable { name } => write!(f, "cannot use verifier key '{name}': no Ed25519 key, or a weak one"),
            Self::NoteTooLong { length } => write!(f, "cannot read note: {length} bytes, at most 262144 are read"),
            Self::TooManySignatures { count } => write!(f, "cannot read note: {count} signatures, at most 64 are read"),
            Self::Line { document, line, expected } => {
                write!(f, "cannot read {document}, line {line}: expected {expected}")
            }
            Self::BadSignature { name, id } => {
                write!(f, "cannot trust note: the signature of '{name}' ({id}) does not verify")
            }
            Self::NotSigned => f.write_str("cannot trust note: no known key signed it"),
            Self::OriginMismatch { key, origin } => {
                write!(
                    f,
                    "cannot trust note: it speaks of log '{}', but the key is that of '{key}'",
                    origin.escape_debug()
                )
            }
            Self::CosignatureTime { seconds } => write!(f, "cannot cosign at second {seconds}: out of range"),
        }
    }
}

impl Error for TlogError {}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VerifierKey => "verifier key",
            Self::Note => "note",
            Self::Checkpoint => "checkpoint",
            Self::Freshness => "freshness note",
            Self::Proof => "proof",
            Self::AddCheckpoint => "request to a witness",
        })
    }
}

/// Why a proof could not be made: the request, or the store behind the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProveError<E> {
    /// What was asked for does not exist.
    Request(TlogError),
    /// The reader failed.
    Reader(E),
}

impl<E: fmt::Display> fmt::Display for ProveError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Reader(error) => write!(f, "cannot read a hash of the tree: {error}"),
        }
    }
}

impl<E: Error + 'static> Error for ProveError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Request(_) => None,
            Self::Reader(error) => Some(error),
        }
    }
}

/// A reader that fails with our own errors leaves one enum to its caller.
impl From<ProveError<TlogError>> for TlogError {
    fn from(error: ProveError<TlogError>) -> Self {
        match error {
            ProveError::Request(error) | ProveError::Reader(error) => error,
        }
    }
}
