//! The grant on the card (wire §9): the act that issued it, and its place in the register log.

use heapless::Vec;
use minicbor::encode::{self, Encoder, Write};

use crate::canonical::{Malformed, is_spelled};
use crate::id::Hash;

/// Most bytes of a grant: what commodity PIV cards store in one object.
pub const GRANT_MAX: usize = 1800;
/// Most hashes of an inclusion proof.
pub const PROOF_MAX: usize = 40;

/// A grant as it stands on the card. Nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The signed act that issued the card.
    pub act: &'a [u8],
    /// Its index in the register log.
    pub index: u64,
    /// Inclusion proof under the checkpoint.
    pub proof: Vec<Hash, PROOF_MAX>,
    /// The checkpoint, a signed note.
    pub checkpoint: &'a str,
}

impl<'a> Grant<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut d = minicbor::Decoder::new(bytes);
        let read = Self::read(&mut d).filter(|grant| {
            // A version 1 is critical: nobody may take it for bytes that he need not read.
            bytes.len() <= GRANT_MAX && is_spelled(bytes, |out| grant.write(out))
        });
        read.ok_or(Malformed { what: "grant", at: d.position() })
    }

    fn read(d: &mut minicbor::Decoder<'a>) -> Option<Self> {
        let key = |d: &mut minicbor::Decoder<'a>, n: u8| (d.u8().ok()? == n).then_some(());
        if d.map().ok()? != Some(6) {
            return None;
        }
        key(d, 0)?;
        let version = d.u8().ok()?;
        key(d, 1)?;
        let _critical = d.bool().ok()?;
        key(d, 2)?;
        let act = d.bytes().ok()?;
        key(d, 3)?;
        let index = d.u64().ok()?;
        key(d, 4)?;
        let mut proof = Vec::new();
        for _ in 0..d.array().ok()?? {
            proof.push(Hash::from_slice(d.bytes().ok()?)?).ok()?;
        }
        key(d, 5)?;
        let checkpoint = d.str().ok()?;
        (version == 1).then_some(Self { act, index, proof, checkpoint })
    }

    /// Writes it.
    ///
    /// # Errors
    /// Only the writer's own.
    pub fn write<W: Write>(&self, out: W) -> Result<(), encode::Error<W::Error>> {
        let mut e = Encoder::new(out);
        e.map(6)?.u8(0)?.u8(1)?.u8(1)?.bool(true)?.u8(2)?.bytes(self.act)?.u8(3)?.u64(self.index)?;
        e.u8(4)?.array(u64::try_from(self.proof.len()).unwrap_or(u64::MAX))?;
        for hash in &self.proof {
            e.bytes(hash.as_bytes())?;
        }
        e.u8(5)?.str(self.checkpoint)?.ok()
    }
}
