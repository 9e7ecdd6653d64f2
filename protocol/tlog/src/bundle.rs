//! Entry bundles: 256 entries as one file (§6).

use alloc::vec::Vec;

use crate::error::TlogError;
use crate::tile::TILE_WIDTH;

/// The bytes of a bundle of these entries (§6.2).
///
/// # Errors
/// When an entry is longer than 65,535 bytes, or there are more than 256.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Result<Vec<u8>, TlogError> {
    let mut bytes = Vec::new();
    for (number, entry) in entries.into_iter().enumerate() {
        if number >= usize::from(TILE_WIDTH) {
            return Err(TlogError::BundleTooWide);
        }
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| TlogError::EntryTooLong { length: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle (§6.2). Whether they are the log's entries is for their leaf hashes to say.
///
/// # Errors
/// When it ends within an entry or has more than 256.
pub fn decode_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, TlogError> {
    let (mut entries, mut rest) = (Vec::new(), bundle);
    while !rest.is_empty() {
        if entries.len() >= usize::from(TILE_WIDTH) {
            return Err(TlogError::BundleTooWide);
        }
        let (entry, after) = take_entry(rest).ok_or(TlogError::BundleCutShort { entry: entries.len() })?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

fn take_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_are_length_and_bytes() {
        let bundle = encode_bundle([b"ab".as_slice(), b"", b"c"]).unwrap();
        assert_eq!(bundle, b"\x00\x02ab\x00\x00\x00\x01c");
        assert_eq!(decode_bundle(&bundle), Ok(Vec::from([b"ab".as_slice(), b"", b"c"])));
        assert_eq!(decode_bundle(&[]), Ok(Vec::new()));
    }

    #[test]
    fn a_bundle_cut_within_an_entry_names_it() {
        for (bundle, entry) in [(b"\x00".as_slice(), 0), (b"\x00\x02a", 0), (b"\x00\x01a\x00", 1)] {
            assert_eq!(decode_bundle(bundle), Err(TlogError::BundleCutShort { entry }));
        }
    }

    #[test]
    fn limits_are_256_entries_of_65_535_bytes() {
        let full = encode_bundle([[0u8; 1]; 256]).unwrap();
        assert_eq!(decode_bundle(&full).map(|entries| entries.len()), Ok(256));
        assert_eq!(decode_bundle(&[full.as_slice(), &[0, 0]].concat()), Err(TlogError::BundleTooWide));
        assert_eq!(encode_bundle([[0u8; 1]; 257]), Err(TlogError::BundleTooWide));
        assert!(encode_bundle([alloc::vec![0; 65_535]]).is_ok());
        assert_eq!(encode_bundle([alloc::vec![0; 65_536]]), Err(TlogError::EntryTooLong { length: 65_536 }));
    }
}
