//! From entries to blocks and back. The payloads of a block that lie under one key are opened, put together, compressed and sealed again under that same
//! key: what destroys the key destroys them here as well, and together they take a fraction of the room.
//!
//! What goes into a frame is each payload as it was packed, so that every one comes back byte for byte.

use std::collections::BTreeMap;

use brotli::enc::BrotliEncoderParams;
use brotli::{BrotliCompress, BrotliDecompress};
use sekisho_tlog::Hash;
use sekisho_wire::id::OfficeId;
use zeroize::Zeroizing;

use super::format::{BLOCK, Block, Frame, Holds, holds, set_of};
use crate::payload::RecordKey;
use crate::store::{Entry, StoreError};
use crate::vault::Vault;

/// Where a block stands: whose, and the index of its first entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Whose.
    pub(super) office: OfficeId,
    /// Index of the first entry.
    pub(super) first: u64,
}

/// Makes a block of 256 entries.
///
/// # Errors
/// When a payload does not open: what is damaged stays where it is, for `fsck` to name.
pub(super) fn seal(place: Place, entries: &[Entry], vault: &Vault) -> Result<Block, StoreError> {
    let mut by_key: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        by_key.entry(entry.key).or_default().push(at);
    }
    let mut frames = Vec::new();
    for (key, members) in by_key {
        let set = set_of(members.iter().copied());
        let sealed = match vault.numbered(&place.office, key) {
            Some(opener) => {
                let members = members.iter().filter_map(|at| entries.get(*at));
                let packed: Result<Vec<_>, _> =
                    members.map(|entry| opener.open_packed(&entry.leaf.0, &entry.payload)).collect();
                let packed = packed.map_err(|_| StoreError::Damaged { what: "payload of an entry that goes cold" })?;
                opener.secret().seal_same(&about(place, key, &set), &compress(&packed)?)
            }
            None if vault.destroyed(&place.office, key).is_some() => Vec::new(),
            None => return Err(StoreError::Damaged { what: "payload key of an entry that goes cold" }),
        };
        frames.push(Frame { key, holds: set, sealed });
    }
    Ok(Block { leaves: entries.iter().map(|entry| entry.leaf).collect(), frames })
}

/// Whether a block is known to be as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Its hash is the one that the head names.
    Whole,
    /// It is not: only what proves itself is given out.
    Altered,
}

/// The entries of a block, each sealed as it was. Nothing stands for one that cannot be given: its frame does not open, or, of a block that was altered,
/// nobody can tell whether the leaf is the record's.
pub(super) fn open(place: Place, block: &Block, vault: &Vault, trust: Trust) -> Vec<Option<Entry>> {
    let mut found: Vec<Option<Entry>> = vec![None; BLOCK];
    for frame in &block.frames {
        let members: Vec<usize> = (0..BLOCK).filter(|at| holds(&frame.holds, *at)).collect();
        let key = vault.numbered(&place.office, frame.key).filter(|_| !frame.sealed.is_empty());
        let opened = key.as_deref().map(|key| (key, unseal(place, frame, key, members.len())));
        for (number, at) in members.into_iter().enumerate() {
            let (Some(leaf), Some(slot)) = (block.leaves.get(at), found.get_mut(at)) else { continue };
            *slot = match &opened {
                // Who asks says by the key's number why there is nothing.
                None => (trust == Trust::Whole).then(|| entry(*leaf, frame.key, Vec::new())),
                Some((_, None)) => None,
                Some((key, Some(packed))) => packed
                    .get(number)
                    .filter(|packed| trust == Trust::Whole || key.is_of(&leaf.0, packed))
                    .map(|packed| entry(*leaf, frame.key, key.seal_packed(&leaf.0, packed))),
            };
        }
    }
    found
}

const fn entry(leaf: Hash, key: u32, payload: Vec<u8>) -> Entry {
    Entry { leaf, key, payload }
}

/// The block without the payloads under these keys; nothing when it has none of them.
pub(super) fn without(block: &Block, gone: &[u32]) -> Option<Block> {
    let goes = |frame: &Frame| gone.contains(&frame.key) && !frame.sealed.is_empty();
    if !block.frames.iter().any(goes) {
        return None;
    }
    let mut left = block.clone();
    left.frames.iter_mut().filter(|frame| goes(frame)).for_each(|frame| frame.sealed.clear());
    Some(left)
}

/// What a frame is bound to besides its key.
fn about(place: Place, key: u32, set: &Holds) -> Vec<u8> {
    let (first, key) = (place.first.to_be_bytes(), key.to_be_bytes());
    [b"sekisho cold frame v1".as_slice(), place.office.as_bytes(), &first, &key, set].concat()
}

/// The length of all, then compressed (Brotli, RFC 7932): the length of each, then each.
fn compress(packed: &[Zeroizing<Vec<u8>>]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let length = packed.iter().map(|one| one.len() + LENGTH).sum::<usize>();
    let declared = u32::try_from(length).map_err(|_| StoreError::TooLarge { act: "write a cold segment" })?;
    let mut plain = Zeroizing::new(Vec::with_capacity(length));
    // Shorter than the block that they are in, whose length has as many bytes.
    packed.iter().for_each(|one| plain.extend((one.len() as u32).to_be_bytes()));
    packed.iter().for_each(|one| plain.extend_from_slice(one));
    let mut all = Zeroizing::new(Vec::with_capacity(LENGTH + length));
    all.extend(declared.to_be_bytes());
    let how = BrotliEncoderParams { quality: QUALITY, lgwin: WINDOW, size_hint: length, ..Default::default() };
    let compressed = BrotliCompress(&mut plain.as_slice(), &mut *all, &how);
    compressed.map_err(|error| StoreError::Database { act: "compress cold entries", cause: error.to_string() })?;
    Ok(all)
}

/// The packed payloads of a frame; nothing when it does not open.
fn unseal(place: Place, frame: &Frame, key: &RecordKey, count: usize) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    let all = key.secret().open(&about(place, frame.key, &frame.holds), &frame.sealed).ok()?;
    let (declared, mut compressed) = all.split_first_chunk()?;
    let mut plain = Zeroizing::new(vec![0; usize::try_from(u32::from_be_bytes(*declared)).ok()?]);
    let mut left = plain.as_mut_slice();
    BrotliDecompress(&mut compressed, &mut left).ok()?;
    if !left.is_empty() {
        return None;
    }
    let (lengths, mut rest) = plain.split_at_checked(count.checked_mul(LENGTH)?)?;
    let mut packed = Vec::with_capacity(count);
    for length in lengths.as_chunks::<LENGTH>().0 {
        let (one, behind) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        packed.push(Zeroizing::new(one.to_vec()));
        rest = behind;
    }
    rest.is_empty().then_some(packed)
}

const LENGTH: usize = 4;
/// Higher ones take ten times as long for a byte in fifty.
const QUALITY: i32 = 5;
/// Its binary logarithm: a frame is some sixty thousand bytes long.
const WINDOW: i32 = 18;
