//! What a register does not hold itself: names behind their hashes, when acts were made, the acts.

use sekisho_register::values::NameHash;

/// Looked up beside a register. Whoever prints has a way to each of these.
pub trait Names {
    /// The name behind a hash, if it is known.
    fn name(&self, hash: &NameHash) -> Option<&str>;

    /// Whether an act erased that name, also one that came after the register that is printed.
    fn is_erased(&self, hash: &NameHash) -> bool;

    /// When the act at this index of the register log was made, ms since 1970 UTC; nothing where the fold took none.
    fn made(&self, index: u64) -> Option<u64>;

    /// The entry at this index of the register log.
    fn entry(&self, index: u64) -> Option<&[u8]>;
}
