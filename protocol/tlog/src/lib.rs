//! RFC 6962 tree, C2SP tiles, signed notes, checkpoints, proofs.
//!
//! Pure: no I/O, no clock, no randomness. The formats stand in numbered clauses in this folder's `README.md`; the code cites them
//! as `§4.3`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod bundle;
pub mod checkpoint;
mod error;
pub mod freshness;
mod frontier;
mod hash;
mod key;
mod memory;
pub mod note;
pub mod proof;
mod prove;
mod text;
pub mod tile;
mod verify;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use error::{Document, ProveError, TlogError};
pub use freshness::Freshness;
pub use frontier::Frontier;
pub use hash::{EMPTY_ROOT, HASH_BYTES, Hash, empty_root, leaf_hash, node_hash};
pub use key::{CosigningKey, KeyId, KeyKind, SigningKey, VerifyingKey};
pub use memory::MemoryTree;
pub use note::Note;
pub use proof::TlogProof;
pub use prove::{HashReader, RangeProof, consistency_proof, frontier_at, inclusion_proof, range_proof, root_at};
pub use verify::{verify_consistency, verify_inclusion, verify_range};
pub use witness::AddCheckpoint;
