//! Bytes that show by themselves whether all of their bits were written: each beside its complement (§S2).
//!
//! Erased flash is all ones and a write only clears bits. Of the two places of one bit exactly one has to be cleared, so a write
//! that stopped anywhere leaves a place where neither is, and an erase that stopped leaves one where both or neither are.

/// Each byte followed by its complement.
pub(crate) fn encode<const N: usize, const M: usize>(bytes: [u8; N]) -> [u8; M] {
    const { assert!(M == 2 * N, "two bytes stand for one") };
    let mut out = [0xFF; M];
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[byte, !byte]);
    }
    out
}

/// The bytes, if all of them were written whole.
pub(crate) fn decode<const N: usize, const M: usize>(pairs: [u8; M]) -> Option<[u8; N]> {
    const { assert!(M == 2 * N, "two bytes stand for one") };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(pairs.chunks_exact(2)) {
        match pair {
            [value, complement] if *value == !*complement => *byte = *value,
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_stopped_at_any_bit_does_not_decode() {
        for bytes in [[0, 0], [0xFF, 0xFF], [5, 3], [0x80, 0x01]] {
            let whole: [u8; 4] = encode(bytes);
            assert_eq!(decode(whole), Some(bytes));
            // Bits may be cleared in any order: leave each of those that have to be cleared, alone and with all after it.
            let cleared: heapless::Vec<usize, 32> =
                (0..32).filter(|bit| whole[bit / 8] >> (bit % 8) & 1 == 0).collect();
            for (at, bit) in cleared.iter().enumerate() {
                let mut one = whole;
                one[bit / 8] |= 1 << (bit % 8);
                assert_eq!(decode::<2, 4>(one), None);
                let mut rest = whole;
                cleared[at..].iter().for_each(|bit| rest[bit / 8] |= 1 << (bit % 8));
                assert_eq!(decode::<2, 4>(rest), None);
            }
        }
    }
}
