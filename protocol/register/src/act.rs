//! The act (§R1): a payload, the bytes a card signs, and the finished entry of a log.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::canonical::{Malformed, decode_canonical};
use sekisho_wire::cose::{Context, Sign1, Signer, signed_digest, write_signed_bytes};
use sekisho_wire::id::{CaseReference, Code, Hash, Numbered, OfficeId, Salt, Signature};

use crate::change::{Change, Log};
use crate::values::Title;

/// The only payload version this crate writes and reads.
pub const ACT_VERSION: u8 = 1;
/// Most bytes of an act (wire §1.4): an entry bundle gives the length of an entry in two bytes (tlog §6.2).
pub const ACT_MAX: usize = 65_535;
/// Office of a founding act, whose own id is not known yet.
pub const NO_OFFICE: OfficeId = OfficeId([0; 16]);

/// What is signed: who wants which changes, having seen which register.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Act {
    /// [`ACT_VERSION`].
    #[n(0)]
    pub version: u8,
    /// Always true: an act is never to be skipped.
    #[n(1)]
    pub critical: bool,
    /// The office; [`NO_OFFICE`] in the founding act.
    #[n(2)]
    pub office: OfficeId,
    /// Register or casebook.
    #[n(3)]
    pub log: Log,
    /// Makes two acts with the same content two acts.
    #[n(4)]
    pub salt: Salt,
    /// The signer's clock, ms since 1970 UTC.
    #[n(5)]
    pub made: u64,
    /// Not to be sealed later than this.
    #[n(6)]
    pub expires: u64,
    /// Size of the register log that the signer had verified.
    #[n(7)]
    pub seen_size: u64,
    /// Its root.
    #[n(8)]
    pub seen_root: Hash,
    /// In the name of which post.
    #[n(9)]
    pub post: Option<Code>,
    /// As deputy of the post's holder (代決).
    #[n(10)]
    pub as_deputy: bool,
    /// At whose request (依頼).
    #[n(11)]
    pub request: Option<CaseReference>,
    /// Under which agreement (協議書).
    #[n(12)]
    pub agreement: Option<CaseReference>,
    /// What changes; empty in an approval.
    #[n(13)]
    pub changes: Vec<Change>,
    /// The signed proposal that this act approves.
    #[n(14)]
    pub proposal: Option<Proposal>,
    /// When changes without a date of their own take effect; absent: at once.
    #[n(15)]
    pub effective: Option<u64>,
    /// The decision of a post without a card, recorded by whoever keeps its papers.
    #[n(16)]
    pub paper: Option<Paper>,
    /// Under which permit to use the system it sets something up (S2 6): the number of a case on the form `system-use`.
    #[n(17)]
    pub permit: Option<Numbered>,
}

/// What somebody decided on paper who signs with no card: the mayor, a committee (§R3.20).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Paper {
    /// The post that decided.
    #[n(0)]
    pub post: Code,
    /// The number of the document (文書番号).
    #[n(1)]
    pub document: Title,
    /// The day on which it was decided, in days since 1970 of the legal calendar.
    #[n(2)]
    pub decided: u32,
}

/// A whole signed proposal, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal(pub Vec<u8>);

impl<C> Encode<C> for Proposal {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Proposal {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(Self(d.bytes()?.into()))
    }
}

impl Act {
    /// The payload's bytes.
    #[must_use]
    pub fn encode_payload(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("a vector takes any number of bytes and our types raise no error of their own")
    }

    /// What `signer` has to sign.
    #[must_use]
    pub fn to_be_signed(&self, signer: &Signer) -> ToBeSigned {
        let payload = self.encode_payload();
        let digest = signed_digest(Context::Act, signer, &payload);
        ToBeSigned { signer: signer.clone(), payload, digest }
    }
}

/// An act waiting for its signature.
#[derive(Clone, Debug)]
pub struct ToBeSigned {
    /// Who is to sign.
    pub signer: Signer,
    /// The payload.
    pub payload: Vec<u8>,
    /// SHA-256 of the signed bytes: what slot 9C signs, and the id of the act.
    pub digest: [u8; 32],
}

impl ToBeSigned {
    /// The signed bytes themselves: what Ed25519 signs.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&self.signer, &self.payload)
    }

    /// The id that the act will have.
    #[must_use]
    pub const fn id(&self) -> Hash {
        Hash(self.digest)
    }

    /// The COSE_Sign1: an entry of a log. Does not look at the signature: the fold does.
    #[must_use]
    pub fn finish(self, signature: [u8; 64]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.payload.len() + 160);
        let sign1 = Sign1 { signer: self.signer, payload: &self.payload, signature: Signature(signature) };
        sign1.write(&mut out).expect("a vector takes any number of bytes");
        out
    }
}

/// A decoded act. Nothing about it is verified yet: the fold does that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAct {
    signer: Signer,
    payload: Vec<u8>,
    signature: Signature,
    id: Hash,
    act: Act,
}

impl SignedAct {
    /// Reads one entry of the register log or the casebook.
    ///
    /// # Errors
    /// [`Malformed`]: not COSE_Sign1, not canonical, an unknown kind of change, too long, or another version.
    pub fn decode(entry: &[u8]) -> Result<Self, Malformed> {
        // Before anything is read: what one act can make a reader hold is bounded by its length.
        if entry.len() > ACT_MAX {
            return Err(Malformed { what: "act", at: ACT_MAX });
        }
        let sign1 = Sign1::decode(entry)?;
        let act: Act = decode_canonical("act", sign1.payload)?;
        if act.version != ACT_VERSION || !act.critical || act.log == Log::Records {
            return Err(Malformed { what: "act", at: 0 });
        }
        let id = sign1.id(Context::Act);
        Ok(Self { payload: sign1.payload.into(), signature: sign1.signature, id, act, signer: sign1.signer })
    }

    /// The act's id: SHA-256 of its signed bytes.
    #[must_use]
    pub const fn id(&self) -> Hash {
        self.id
    }

    /// Who says to have signed it.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What was signed.
    #[must_use]
    pub const fn act(&self) -> &Act {
        &self.act
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The signed bytes.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&self.signer, &self.payload)
    }

    /// The proposal at the bottom of approvals, and how many of them lie over it; of anything else itself.
    ///
    /// # Errors
    /// [`Malformed`] when what is approved is no act.
    pub fn source(&self) -> Result<(Self, usize), Malformed> {
        let (mut source, mut approvals) = (self.clone(), 0);
        while let Some(proposal) = source.proposal()? {
            (source, approvals) = (proposal, approvals + 1);
        }
        Ok((source, approvals))
    }

    /// The proposal inside an approval.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are no act.
    pub fn proposal(&self) -> Result<Option<Self>, Malformed> {
        self.act.proposal.as_ref().map(|bytes| Self::decode(&bytes.0)).transpose()
    }
}

/// The id of the office that `founding` founds: first 16 bytes of the act's id (§R2).
#[must_use]
pub fn office_of(founding: &SignedAct) -> OfficeId {
    let mut id = [0; 16];
    id.copy_from_slice(&founding.id.0[..16]);
    OfficeId(id)
}

pub(crate) fn signed_bytes(signer: &Signer, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 96);
    write_signed_bytes(Context::Act, signer, payload, &mut out).expect("a vector takes any number of bytes");
    out
}
