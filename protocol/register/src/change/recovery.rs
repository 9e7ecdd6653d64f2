//! What recovery keys do: announce changes, and carry them out when the waiting time is over.

use alloc::vec::Vec;

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode};
use sekisho_wire::id::Hash;

use crate::change::Change;

/// Kind 54. Tells everybody what the recovery keys will do; nothing of it holds yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnnounceRecovery {
    /// What will change.
    #[n(0)]
    #[cbor(with = "announced")]
    pub changes: Vec<Change>,
}

/// Kind 55. Ends an announced recovery, one way or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EndRecovery {
    /// The id of the act that announced it.
    #[n(0)]
    pub announced: Hash,
    /// How.
    #[n(1)]
    pub how: RecoveryEnd,
}

/// How a recovery ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RecoveryEnd {
    /// What was announced takes effect.
    #[n(0)]
    Completed,
    /// It does not: an administrator objects, or the recovery keys take it back.
    #[n(1)]
    Objected,
}

/// Changes in a change. An announcement holds no announcement: who writes bytes must not choose how deep a reader has to go.
mod announced {
    use super::{AnnounceRecovery, Change, Decode, Decoder, Encode, Error, Type, Vec};

    pub(super) fn decode<'b, C>(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        let length = decoder.array()?.ok_or_else(|| Error::type_mismatch(Type::ArrayIndef))?;
        for _ in 0..length {
            let mut ahead = decoder.probe();
            ahead.array()?;
            if ahead.u16()? == AnnounceRecovery::KIND {
                return Err(Error::message("an announcement in an announcement"));
            }
            changes.push(Change::decode(decoder, context)?);
        }
        Ok(changes)
    }

    pub(super) fn encode<C, W: minicbor::encode::Write>(
        changes: &Vec<Change>,
        encoder: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        changes.encode(encoder, context)
    }
}

impl AnnounceRecovery {
    /// The number of this kind.
    pub(crate) const KIND: u16 = 54;
}
