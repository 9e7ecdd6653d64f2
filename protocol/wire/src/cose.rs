//! COSE_Sign1 (RFC 9052, 4.2) as far as we need it (wire §5): two algorithms, a key id that says what kind of key signed.

use core::fmt;

use minicbor::data::Tag;
use minicbor::encode::{self, Encoder, Write};
use sha2::{Digest, Sha256};

use crate::canonical::{Hashing, Malformed, is_spelled};
use crate::id::{CardGuid, Code, Hash, Signature};

/// Most bytes of a protected header: algorithm and key id.
const PROTECTED_MAX: usize = 48;
/// COSE_Sign1 (RFC 9052, 2).
const SIGN1: u64 = 18;
/// ES256 and EdDSA (RFC 9053, 2.1 and 2.2).
const ES256: i8 = -7;
const EDDSA: i8 = -8;
/// Header labels (RFC 9052, 3.1).
const ALG: u8 = 1;
const KID: u8 = 4;

/// What a signature is for. One for a batch never passes for an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// An act (register §R1).
    Act,
    /// A batch of records (wire §7).
    Batch,
}

impl Context {
    const fn external_aad(self) -> &'static [u8] {
        match self {
            Self::Act => b"sekisho act v1",
            Self::Batch => b"sekisho batch v1",
        }
    }
}

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// An operator card, slot 9C: ECDSA P-256.
    Card(CardGuid),
    /// A terminal: Ed25519.
    Terminal(Code),
    /// A recovery key: Ed25519.
    Recovery([u8; 32]),
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(guid) => write!(f, "card {guid}"),
            Self::Terminal(code) => write!(f, "terminal {code}"),
            Self::Recovery(key) => write!(f, "recovery key {}", Hash(*key)),
        }
    }
}

/// The protected header of a signer, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected(heapless::Vec<u8, PROTECTED_MAX>);

impl Protected {
    /// The header this signer writes.
    #[must_use]
    pub fn of(signer: &Signer) -> Self {
        let mut kid = heapless::Vec::<u8, 40>::new();
        let (algorithm, letter, id): (i8, u8, &[u8]) = match signer {
            Signer::Card(guid) => (ES256, b'c', guid.as_bytes()),
            Signer::Terminal(code) => (EDDSA, b't', code.as_str().as_bytes()),
            Signer::Recovery(key) => (EDDSA, b'r', key),
        };
        let fits = kid.push(letter).is_ok() && kid.extend_from_slice(id).is_ok();
        debug_assert!(fits, "a key id has at most 33 bytes");
        let mut out = [0; PROTECTED_MAX];
        let mut cursor = encode::write::Cursor::new(&mut out[..]);
        let written = write_protected(&mut Encoder::new(&mut cursor), algorithm, &kid);
        debug_assert!(written.is_ok(), "a protected header has at most 40 bytes");
        let length = cursor.position();
        Self(heapless::Vec::from_slice(out.get(..length).unwrap_or(&[])).unwrap_or_default())
    }

    /// Reads who signed, from exactly the bytes [`Self::of`] writes.
    fn signer(bytes: &[u8]) -> Option<Signer> {
        let mut d = minicbor::Decoder::new(bytes);
        if d.map().ok()? != Some(2) || d.u8().ok()? != ALG {
            return None;
        }
        let algorithm = d.i8().ok()?;
        if d.u8().ok()? != KID {
            return None;
        }
        let (letter, id) = d.bytes().ok()?.split_first()?;
        let signer = match (algorithm, letter) {
            (ES256, b'c') => Signer::Card(CardGuid::from_slice(id)?),
            (EDDSA, b't') => Signer::Terminal(Code::new(core::str::from_utf8(id).ok()?).ok()?),
            (EDDSA, b'r') => Signer::Recovery(id.try_into().ok()?),
            _ => return None,
        };
        (Self::of(&signer).0 == bytes).then_some(signer)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn write_protected<W: Write>(e: &mut Encoder<W>, alg: i8, kid: &[u8]) -> Result<(), encode::Error<W::Error>> {
    e.map(2)?.u8(ALG)?.i8(alg)?.u8(KID)?.bytes(kid)?.ok()
}

/// Writes the signed bytes: the Sig_structure (RFC 9052, 4.4). What Ed25519 signs, and what the id is the hash of.
///
/// # Errors
/// Only the writer's own.
pub fn write_signed_bytes<W: Write>(
    context: Context,
    signer: &Signer,
    payload: &[u8],
    out: W,
) -> Result<(), encode::Error<W::Error>> {
    let mut e = Encoder::new(out);
    e.array(4)?.str("Signature1")?.bytes(Protected::of(signer).as_bytes())?;
    e.bytes(context.external_aad())?.bytes(payload)?.ok()
}

/// SHA-256 of the signed bytes: what ES256 signs, and the id of the signed thing (wire §5.5).
#[must_use]
pub fn signed_digest(context: Context, signer: &Signer, payload: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let written = write_signed_bytes(context, signer, payload, Hashing(&mut hash));
    debug_assert!(written.is_ok(), "a hash takes any number of bytes");
    hash.finalize().into()
}

/// A decoded COSE_Sign1. Nothing is verified yet: that takes the signer's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign1<'a> {
    /// Who says to have signed.
    pub signer: Signer,
    /// What was signed.
    pub payload: &'a [u8],
    /// The signature.
    pub signature: Signature,
}

impl<'a> Sign1<'a> {
    /// Reads one COSE_Sign1 that fills `bytes` and has the one spelling we write.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut d = minicbor::Decoder::new(bytes);
        let sign1 = Self::read(&mut d).ok_or(Malformed { what: "COSE_Sign1", at: d.position() })?;
        let same = is_spelled(bytes, |out| sign1.write(out));
        if same { Ok(sign1) } else { Err(Malformed { what: "COSE_Sign1", at: bytes.len() }) }
    }

    /// Reads one that stands at the beginning of something; whoever asks compares the spelling of the whole.
    pub(crate) fn read(d: &mut minicbor::Decoder<'a>) -> Option<Self> {
        if d.tag().ok()? != Tag::new(SIGN1) || d.array().ok()? != Some(4) {
            return None;
        }
        let signer = Protected::signer(d.bytes().ok()?)?;
        if d.map().ok()? != Some(0) {
            return None;
        }
        let payload = d.bytes().ok()?;
        let signature = Signature::from_slice(d.bytes().ok()?)?;
        Some(Self { signer, payload, signature })
    }

    /// Writes it.
    ///
    /// # Errors
    /// Only the writer's own.
    pub fn write<W: Write>(&self, out: W) -> Result<(), encode::Error<W::Error>> {
        let mut e = Encoder::new(out);
        e.tag(Tag::new(SIGN1))?.array(4)?.bytes(Protected::of(&self.signer).as_bytes())?;
        e.map(0)?.bytes(self.payload)?.bytes(self.signature.as_bytes())?.ok()
    }

    /// Id of the signed thing (wire §5.5).
    #[must_use]
    pub fn id(&self, context: Context) -> Hash {
        Hash(signed_digest(context, &self.signer, self.payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_signer_comes_back() {
        let signers = [
            Signer::Card(CardGuid([7; 16])),
            Signer::Terminal(Code::new("a23456789012345678901234567890-1").unwrap()),
            Signer::Recovery([9; 32]),
        ];
        for signer in signers {
            let sign1 = Sign1 { signer, payload: b"payload", signature: Signature([1; 64]) };
            let mut out = [0; 256];
            let mut cursor = encode::write::Cursor::new(&mut out[..]);
            sign1.write(&mut cursor).unwrap();
            let length = cursor.position();
            assert_eq!(Sign1::decode(&out[..length]).unwrap(), sign1);
            assert!(Sign1::decode(&out[..length - 1]).is_err());
            assert!(Sign1::decode(&out[..=length]).is_err());
        }
    }

    #[test]
    fn the_context_is_part_of_the_id() {
        let sign1 = Sign1 { signer: Signer::Recovery([9; 32]), payload: b"x", signature: Signature([1; 64]) };
        assert_ne!(sign1.id(Context::Act), sign1.id(Context::Batch));
    }
}
