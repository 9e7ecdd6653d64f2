//! A file of cold entries, byte for byte (ledger/README.md, "Cold segments"). Pure: nothing here touches a disk or opens a payload.

use sekisho_tlog::Hash;
use sekisho_wire::id::OfficeId;
use sha2::{Digest, Sha256};

/// Entries of a block: as many as a hash tile or an entry bundle has.
pub const BLOCK: usize = 256;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// How a file begins: what it is, and the hash of every block in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose entries.
    pub office: OfficeId,
    /// Index of the first in the records log.
    pub first: u64,
    /// How many.
    pub entries: u64,
    /// Root of the tree over their leaves, which is a node of the log's.
    pub root: Hash,
    /// Each block: its bytes, their SHA-256.
    pub blocks: Vec<(u32, [u8; 32])>,
}

impl Head {
    /// Bytes of the head of a file with so many entries.
    #[must_use]
    pub const fn length(entries: u64) -> usize {
        FIXED + (entries as usize / BLOCK) * PER_BLOCK
    }

    /// The head's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::length(self.entries));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(self.office.as_bytes());
        bytes.extend(self.first.to_be_bytes());
        bytes.extend(self.entries.to_be_bytes());
        bytes.extend(self.root.0);
        for (length, hash) in &self.blocks {
            bytes.extend(length.to_be_bytes());
            bytes.extend(hash);
        }
        bytes
    }

    /// Reads a whole head.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(Malformed)?;
        let office = OfficeId(take(&mut rest)?);
        let (first, entries) = (u64::from_be_bytes(take(&mut rest)?), u64::from_be_bytes(take(&mut rest)?));
        let root = Hash(take(&mut rest)?);
        let mut blocks = Vec::new();
        while !rest.is_empty() {
            blocks.push((u32::from_be_bytes(take(&mut rest)?), take(&mut rest)?));
        }
        if blocks.len() as u64 * BLOCK as u64 != entries {
            return Err(Malformed);
        }
        Ok(Self { office, first, entries, root, blocks })
    }

    /// Where a block stands in the file, and how long it is.
    #[must_use]
    pub fn place(&self, block: usize) -> Option<(u64, u32)> {
        let before: u64 = self.blocks.iter().take(block).map(|(length, _)| u64::from(*length)).sum();
        let (length, _) = self.blocks.get(block)?;
        Some((Self::length(self.entries) as u64 + before, *length))
    }
}

/// SHA-256, by which the book knows a head and a head its blocks.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Which of a block's entries lie under one payload key.
pub type Holds = [u8; BLOCK / 8];

/// Whether an entry is among them.
#[must_use]
pub fn holds(set: &Holds, at: usize) -> bool {
    set.get(at / 8).is_some_and(|byte| byte & (1 << (at % 8)) != 0)
}

/// The set of these entries.
#[must_use]
pub fn set_of(entries: impl Iterator<Item = usize>) -> Holds {
    let mut set = [0; BLOCK / 8];
    for at in entries {
        if let Some(byte) = set.get_mut(at / 8) {
            *byte |= 1 << (at % 8);
        }
    }
    set
}

/// What a block has under one payload key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Number of the key.
    pub key: u32,
    /// Which entries.
    pub holds: Holds,
    /// Their payloads, sealed together; empty once they were erased.
    pub sealed: Vec<u8>,
}

/// 256 entries: every leaf in the clear, payloads by their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The leaves.
    pub leaves: Vec<Hash>,
    /// One for each key, by number.
    pub frames: Vec<Frame>,
}

impl Block {
    /// The block's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.leaves.iter().flat_map(|leaf| leaf.0).collect();
        // There are no more frames than entries.
        bytes.extend((self.frames.len() as u16).to_be_bytes());
        for frame in &self.frames {
            bytes.extend(frame.key.to_be_bytes());
            bytes.extend(frame.holds);
            bytes.extend((frame.sealed.len() as u32).to_be_bytes());
        }
        self.frames.iter().for_each(|frame| bytes.extend_from_slice(&frame.sealed));
        bytes
    }

    /// Reads a block.
    ///
    /// # Errors
    /// When it is none: each entry lies under exactly one key.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        let leaves = (0..BLOCK).map(|_| take(&mut rest).map(Hash)).collect::<Result<_, _>>()?;
        let count = u16::from_be_bytes(take(&mut rest)?);
        let mut table = Vec::new();
        for _ in 0..count {
            let (key, set): (_, Holds) = (u32::from_be_bytes(take(&mut rest)?), take(&mut rest)?);
            table.push((key, set, u32::from_be_bytes(take(&mut rest)?)));
        }
        let mut frames: Vec<Frame> = Vec::new();
        for (key, set, length) in table {
            let length = usize::try_from(length).map_err(|_| Malformed)?;
            let (sealed, behind) = rest.split_at_checked(length).ok_or(Malformed)?;
            rest = behind;
            frames.push(Frame { key, holds: set, sealed: sealed.to_vec() });
        }
        let under_one = |at| frames.iter().filter(|frame| holds(&frame.holds, at)).count() == 1;
        if rest.is_empty() && (0..BLOCK).all(under_one) { Ok(Self { leaves, frames }) } else { Err(Malformed) }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (taken, behind) = rest.split_first_chunk().ok_or(Malformed)?;
    *rest = behind;
    Ok(*taken)
}

const MAGIC: &[u8] = b"sekisho cold segment 1\n";
/// Magic, office, first, entries, root.
const FIXED: usize = MAGIC.len() + 16 + 8 + 8 + 32;
/// Length and hash.
const PER_BLOCK: usize = 4 + 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let (office, root) = (OfficeId([7; 16]), Hash([8; 32]));
        Head { office, first: 512, entries: 512, root, blocks: vec![(9000, [1; 32]), (9001, [2; 32])] }
    }

    fn block() -> Block {
        let leaves = (0..BLOCK).map(|at| Hash([at as u8; 32])).collect();
        let frame = |key, odd, sealed: &[u8]| Frame {
            key,
            holds: set_of((0..BLOCK).filter(|at| at % 2 == odd)),
            sealed: sealed.to_vec(),
        };
        Block { leaves, frames: vec![frame(1, 0, b"even"), frame(2, 1, b"")] }
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is() {
        let (head, block) = (head(), block());
        let bytes = head.encode();
        assert_eq!(bytes.len(), Head::length(512));
        assert_eq!(Head::decode(&bytes).unwrap(), head);
        assert_eq!(head.place(1), Some((Head::length(512) as u64 + 9000, 9001)));
        assert_eq!(head.place(2), None);
        let of_block = block.encode();
        assert_eq!(Block::decode(&of_block).unwrap(), block);
        for cut in 0..bytes.len() {
            assert_eq!(Head::decode(&bytes[..cut]), Err(Malformed));
        }
        for cut in 0..of_block.len() {
            assert_eq!(Block::decode(&of_block[..cut]), Err(Malformed));
        }
        assert!(Block::decode(&[of_block, vec![0]].concat()).is_err());
    }

    #[test]
    fn an_entry_lies_under_exactly_one_key() {
        let mut twice = block();
        twice.frames[1].holds[0] |= 1;
        assert_eq!(Block::decode(&twice.encode()), Err(Malformed));
        let mut none = block();
        none.frames[1].holds[3] = 0;
        assert_eq!(Block::decode(&none.encode()), Err(Malformed));
    }
}
