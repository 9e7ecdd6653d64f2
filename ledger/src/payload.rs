//! What stands in an entry of a records log: the record's bytes, packed and sealed under the payload key, bound to their leaf.
//!
//! Packed is an LZ4 block (two bytes before it, little endian, tell how long the record is), or two zero bytes and the record as it is where
//! that is shorter. A record names its office, its terminal and its times more than once. The dictionary is the office's id alone, so that
//! every entry opens by itself: what is forgotten or damaged beside it takes nothing with it.

use sekisho_wire::id::OfficeId;
use zeroize::Zeroizing;

use crate::secret::{DoesNotOpen, SecretKey};

/// A key that seals records of one office.
#[derive(Debug)]
pub struct RecordKey {
    office: OfficeId,
    key: SecretKey,
}

impl RecordKey {
    /// The key of an office.
    #[must_use]
    pub const fn new(office: OfficeId, key: SecretKey) -> Self {
        Self { office, key }
    }

    /// The key's bytes, for whoever wraps them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        self.key.expose()
    }

    /// The payload of a record.
    #[must_use]
    pub fn seal_payload(&self, leaf: &[u8; 32], record: &[u8]) -> Vec<u8> {
        self.key.seal_payload(leaf, pack(&self.office, record))
    }

    /// The record in a payload.
    ///
    /// # Errors
    /// When key, leaf or payload are others.
    pub fn open_payload(&self, leaf: &[u8; 32], payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let mut opened = Opened::default();
        self.open_into(&mut opened, leaf, payload)?;
        Ok(opened.record)
    }

    /// What stands in a payload, as it was packed: [`RecordKey::seal_packed`] makes the very same payload of it.
    ///
    /// # Errors
    /// As [`RecordKey::open_payload`].
    pub fn open_packed(&self, leaf: &[u8; 32], payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let mut packed = Zeroizing::new(Vec::with_capacity(payload.len()));
        self.key.open_payload(&mut packed, leaf, payload)?;
        Ok(packed)
    }

    /// The payload of a record that is packed already.
    #[must_use]
    pub fn seal_packed(&self, leaf: &[u8; 32], packed: &[u8]) -> Vec<u8> {
        // With room for the tag: bytes that are moved stay behind in the clear.
        let mut plain = Vec::with_capacity(packed.len() + 16);
        plain.extend_from_slice(packed);
        self.key.seal_payload(leaf, plain)
    }

    /// Whether what is packed there is the record of this leaf.
    #[must_use]
    pub fn is_of(&self, leaf: &[u8; 32], packed: &[u8]) -> bool {
        let mut record = Zeroizing::new(Vec::new());
        unpack(&self.office, packed, &mut record).is_ok() && sekisho_tlog::leaf_hash(&record).0 == *leaf
    }

    /// The key itself, for what is sealed under it beside payloads.
    pub(crate) const fn secret(&self) -> &SecretKey {
        &self.key
    }

    /// The same, into a place that is used again and again.
    ///
    /// # Errors
    /// As [`RecordKey::open_payload`]; what is in the place then means nothing.
    pub fn open_into(&self, opened: &mut Opened, leaf: &[u8; 32], payload: &[u8]) -> Result<(), DoesNotOpen> {
        self.key.open_payload(&mut opened.packed, leaf, payload)?;
        unpack(&self.office, &opened.packed, &mut opened.record)
    }
}

/// A place for opened records.
#[derive(Default)]
pub struct Opened {
    packed: Zeroizing<Vec<u8>>,
    record: Zeroizing<Vec<u8>>,
}

impl Opened {
    /// The record opened last.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        &self.record
    }
}

fn pack(office: &OfficeId, record: &[u8]) -> Vec<u8> {
    let length = u16::try_from(record.len()).unwrap_or(0);
    let mut packed = length.to_le_bytes().to_vec();
    packed.resize(packed.len() + lz4_flex::block::get_maximum_output_size(record.len()), 0);
    let block = lz4_flex::block::compress_into_with_dict(record, &mut packed[LENGTH..], office.as_bytes());
    match block {
        Ok(block) if length > 0 && block < record.len() => packed.truncate(LENGTH + block),
        Ok(_) | Err(_) => packed = [&[0; LENGTH], record].concat(),
    }
    packed
}

fn unpack(office: &OfficeId, packed: &[u8], record: &mut Vec<u8>) -> Result<(), DoesNotOpen> {
    let (length, block) = packed.split_first_chunk::<LENGTH>().ok_or(DoesNotOpen)?;
    record.clear();
    let length = usize::from(u16::from_le_bytes(*length));
    if length == 0 {
        record.extend_from_slice(block);
        return Ok(());
    }
    record.resize(length, 0);
    let written = lz4_flex::block::decompress_into_with_dict(block, record, office.as_bytes());
    if written.is_ok_and(|written| written == length) { Ok(()) } else { Err(DoesNotOpen) }
}

const LENGTH: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: OfficeId = OfficeId([7; 16]);

    #[test]
    fn whatever_is_packed_comes_back_and_is_hardly_longer() {
        let random = crate::random::bytes::<300>();
        let twice = [OFFICE.as_bytes().as_slice(), &random, OFFICE.as_bytes(), &random].concat();
        for record in [Vec::new(), vec![1], random.to_vec(), twice.clone(), vec![9; 1 << 20], vec![9; 65_535]] {
            let packed = pack(&OFFICE, &record);
            assert!(packed.len() <= record.len() + LENGTH, "{} bytes became {}", record.len(), packed.len());
            let mut unpacked = vec![5; 3];
            unpack(&OFFICE, &packed, &mut unpacked).unwrap();
            assert_eq!(unpacked, record);
        }
        assert!(pack(&OFFICE, &twice).len() < 330);
    }

    #[test]
    fn bytes_that_nobody_packed_give_an_error_and_never_more_than_they_say() {
        let mut record = Vec::new();
        for packed in [&[][..], &[1], &[5, 0], &[5, 0, 0xff], &[255, 255, 0x1f, 1, 1, 0, 255, 255, 255, 255]] {
            assert_eq!(unpack(&OFFICE, packed, &mut record), Err(DoesNotOpen), "{packed:?}");
            assert!(record.len() <= 65_535);
        }
    }

    #[test]
    fn a_payload_opens_only_with_its_key_and_its_leaf() {
        let key = || RecordKey::new(OFFICE, SecretKey::generate());
        let (key, other) = (key(), key());
        let sealed = key.seal_payload(&[1; 32], b"record");
        assert_eq!(key.open_payload(&[1; 32], &sealed).unwrap().as_slice(), b"record");
        assert!(other.open_payload(&[1; 32], &sealed).is_err());
        assert!(key.open_payload(&[2; 32], &sealed).is_err());
    }
}
