//! Chain and batch (wire §7): how a terminal's records travel, nothing missing and nothing twice.

use heapless::String;
use minicbor::bytes::ByteSlice;
use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};

use crate::canonical::{Malformed, decode_canonical, is_spelled, labelled_digest};
use crate::cose::{Sign1, Signer};
use crate::id::{Code, Hash, NotAllowed, OfficeId};
use crate::record::RECORD_MAX;

/// The batch format this crate writes.
pub const BATCH_VERSION: u8 = 1;
/// Most records in one batch (wire §1.4).
pub const BATCH_RECORDS_MAX: u32 = 1000;
/// Most bytes of one batch (wire §1.4).
pub const BATCH_MAX: usize = 1 << 20;

/// Longest checkpoint note that a batch carries (wire §7.3): our signature and two dozen cosignatures, of about 140 bytes each.
pub const SEEN_NOTE_MAX: usize = 4096;
/// No seq reaches this: databases and JSON readers keep whole numbers exactly up to here (wire §7.3).
pub const SEQ_END: u64 = 1 << 53;

/// The signed checkpoint that a terminal verified, word for word: whoever reads the batch can check the signature himself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNote(String<SEEN_NOTE_MAX>);

impl SeenNote {
    /// Takes a note's text.
    ///
    /// # Errors
    /// [`NotAllowed`] when it is longer than [`SEEN_NOTE_MAX`].
    pub fn new(text: &str) -> Result<Self, NotAllowed> {
        let too_long = NotAllowed { what: "checkpoint note", rule: "at most 4,096 bytes" };
        String::try_from(text).map(Self).map_err(|_| too_long)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<C> Encode<C> for SeenNote {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SeenNote {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Self::new(d.str()?).map_err(|_| decode::Error::message("checkpoint note"))
    }
}

/// What the terminal signs about a batch (wire §7.3).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BatchHeader {
    /// Format: [`BATCH_VERSION`].
    #[n(0)]
    pub version: u8,
    /// Always true: nobody may skip a batch.
    #[n(1)]
    pub critical: bool,
    /// The office.
    #[n(2)]
    pub office: OfficeId,
    /// The terminal.
    #[n(3)]
    pub terminal: Code,
    /// Its history.
    #[n(4)]
    pub epoch: u32,
    /// Seq of the first record.
    #[n(5)]
    pub first: u64,
    /// Number of records, at least 1.
    #[n(6)]
    pub count: u32,
    /// Chain before the first record.
    #[n(7)]
    pub before: Hash,
    /// Chain after the last record.
    #[n(8)]
    pub after: Hash,
    /// Size of the newest checkpoint of the records log that the terminal verified.
    #[n(9)]
    pub seen_size: u64,
    /// Its root.
    #[n(10)]
    pub seen_root: Hash,
    /// Trusted time of sending, ms.
    #[n(11)]
    pub sent: u64,
    /// The note that `seen_size` and `seen_root` were read from. Without it they are a claim that stops nothing.
    #[n(12)]
    pub seen_note: Option<SeenNote>,
}

/// A batch as it came: header and signature, and the records' bytes. Nothing is verified yet.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The signed header, for whoever checks the signature.
    pub sign1: Sign1<'a>,
    /// What it says.
    pub header: BatchHeader,
    records: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Reads a batch. Checks form, version, that the signer is the terminal named, that there are as many records as the header says, and that
    /// none is longer than a record may be.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let broken = |at| Malformed { what: "batch", at };
        let mut d = minicbor::Decoder::new(bytes);
        if bytes.len() > BATCH_MAX || d.array().map_err(|_| broken(0))? != Some(2) {
            return Err(broken(0));
        }
        let sign1 = Sign1::read(&mut d).ok_or(broken(d.position()))?;
        let header: BatchHeader = decode_canonical("batch header", sign1.payload)?;
        let at = d.position();
        let batch = Self { sign1, header, records: bytes.get(at..).unwrap_or(&[]) };
        let count = u64::from(batch.header.count);
        let same = is_spelled(bytes, |out| write_parts(&batch.sign1, count, batch.records(), out));
        if batch.is_sound() && same { Ok(batch) } else { Err(broken(at)) }
    }

    fn is_sound(&self) -> bool {
        let header = &self.header;
        header.version == BATCH_VERSION
            && header.critical
            && (1..=BATCH_RECORDS_MAX).contains(&header.count)
            && header.first.checked_add(u64::from(header.count)).is_some_and(|end| end <= SEQ_END)
            && self.sign1.signer == Signer::Terminal(header.terminal.clone())
            && u32::try_from(self.records().count()) == Ok(header.count)
            && self.records().all(|record| record.len() <= RECORD_MAX)
    }

    /// The records' bytes, in order. As many as the header counts.
    pub fn records(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut d = minicbor::Decoder::new(self.records);
        let count = d.array().ok().flatten().unwrap_or(0);
        (0..count).map_while(move |_| d.bytes().ok())
    }
}

/// Writes a batch from its signed header and its records.
///
/// # Errors
/// Only the writer's own.
pub fn write_batch<W: Write, R: AsRef<[u8]>>(
    header: &Sign1<'_>,
    records: &[R],
    out: W,
) -> Result<(), encode::Error<W::Error>> {
    let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
    write_parts(header, count, records.iter().map(AsRef::as_ref), out)
}

fn write_parts<'r, W: Write>(
    header: &Sign1<'_>,
    count: u64,
    mut records: impl Iterator<Item = &'r [u8]>,
    mut out: W,
) -> Result<(), encode::Error<W::Error>> {
    Encoder::new(&mut out).array(2)?;
    header.write(&mut out)?;
    let mut e = Encoder::new(&mut out);
    e.array(count)?;
    records.try_for_each(|record| e.bytes(record)?.ok())
}

/// The chain before the first record of an epoch (wire §7.2).
#[must_use]
pub fn chain_start(office: &OfficeId, terminal: &Code, epoch: u32) -> Hash {
    Hash(labelled_digest("sekisho chain v1", &(office, terminal, epoch)))
}

/// The chain after one more record, whose leaf hash this is (wire §7.2).
#[must_use]
pub fn chain_next(chain: &Hash, leaf: &Hash) -> Hash {
    use sha2::{Digest, Sha256};
    Hash(Sha256::new().chain_update(chain.0).chain_update(leaf.0).finalize().into())
}

/// What a terminal's key signs when it enrols (LEDGER.md §L3): that this key, this code and this request for a certificate belong together.
#[must_use]
pub fn enrol_digest(secret: &[u8; 16], csr: &[u8]) -> [u8; 32] {
    labelled_digest("sekisho enrol v1", &(<&ByteSlice>::from(secret.as_slice()), <&ByteSlice>::from(csr)))
}

/// What binds an envelope to its sender: CBOR `[office, terminal]` (wire §8).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EnvelopeBinding {
    /// The office.
    #[n(0)]
    pub office: OfficeId,
    /// The terminal.
    #[n(1)]
    pub terminal: Code,
}

/// HPKE info of an envelope (wire §8).
pub const ENVELOPE_INFO: &[u8] = b"sekisho envelope v1";

/// What the forwarder carries (wire §8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// First 8 bytes of the SHA-256 of the ledger's public key.
    pub key_id: [u8; 8],
    /// The encapsulated key.
    pub enc: &'a [u8],
    /// The sealed batch.
    pub ciphertext: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut d = minicbor::Decoder::new(bytes);
        let read = Self::read(&mut d);
        read.filter(|envelope| is_spelled(bytes, |out| envelope.write(out)))
            .ok_or(Malformed { what: "envelope", at: d.position() })
    }

    fn read(d: &mut minicbor::Decoder<'a>) -> Option<Self> {
        if d.array().ok()? != Some(4) || d.u8().ok()? != 1 {
            return None;
        }
        let key_id = d.bytes().ok()?.try_into().ok()?;
        Some(Self { key_id, enc: d.bytes().ok()?, ciphertext: d.bytes().ok()? })
    }

    /// Writes it.
    ///
    /// # Errors
    /// Only the writer's own.
    pub fn write<W: Write>(&self, out: W) -> Result<(), encode::Error<W::Error>> {
        Encoder::new(out).array(4)?.u8(1)?.bytes(&self.key_id)?.bytes(self.enc)?.bytes(self.ciphertext)?.ok()
    }
}
