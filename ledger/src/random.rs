//! Randomness from the kernel.

/// So many random bytes.
///
/// # Panics
/// When the kernel has no randomness to give: nothing that the ledger does would be sound without.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}

/// As [`bytes`], where there are many.
///
/// # Panics
/// As it.
#[must_use]
pub fn some(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes");
    bytes
}
