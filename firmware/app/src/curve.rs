//! What the card computes on P-256: portable, or in the instructions of a Cortex-M4 (feature `assembly`).

#[cfg_attr(feature = "assembly", path = "curve/assembly.rs")]
#[cfg_attr(not(feature = "assembly"), path = "curve/portable.rs")]
mod backend;

use p256::SecretKey;
use zeroize::Zeroizing;

pub(crate) use backend::{public_point, sign};

/// A digest (SP 800-78-4, table 3-2: SHA-256).
pub(crate) const DIGEST_LENGTH: usize = 32;
/// A coordinate, and what two keys agree on.
const COORDINATE_LENGTH: usize = 32;
/// A point in full: `04`, x, y (SEC 1, 2.3.3).
const POINT_LENGTH: usize = 1 + 2 * COORDINATE_LENGTH;
const FULL: u8 = 0x04;

type Coordinate = [u8; COORDINATE_LENGTH];

/// What the key has in common with another's point, given in full; none if it does not lie on the curve: such points would give away
/// the key bit by bit.
pub(crate) fn agree(key: &SecretKey, other: &[u8]) -> Option<Zeroizing<Coordinate>> {
    let (x, y) = other.strip_prefix(&[FULL])?.split_first_chunk()?;
    backend::agree(key, x, y.try_into().ok()?)
}
