//! Random bytes from the operating system.

use crate::error::AdminError;

/// Fills an array.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], AdminError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(AdminError::NoRandom)?;
    Ok(bytes)
}
