//! The bytes of one segment of the journal: a header with the segment's own key, then sealed frames, one per record.
//!
//! ```text
//! header  "SKJRNL01", segment id 16, epoch 4, first seq 8, chain before it 32, nonce 12, wrapped key 48   = 128 bytes
//! frame   length 4, nonce 12, AES-256-GCM(record) with aad = segment id ‖ frame number 8
//! ```
//! Numbers are big-endian. The wrapped key is sealed by the master key with the header before it as aad, so a header cannot be
//! put before other frames, nor a frame elsewhere in its segment or into another.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use sekisho_wire::id::Hash;
use sekisho_wire::record::RECORD_MAX;
use sekisho_wire::secret::SecretBytes;

/// Length of a header.
pub const HEADER_LEN: usize = 128;
const MAGIC: &[u8; 8] = b"SKJRNL01";
const PLAIN_LEN: usize = 68;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Longest frame after its length field.
const FRAME_MAX: usize = NONCE_LEN + RECORD_MAX + TAG_LEN;

/// What a segment begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Epoch of all its records.
    pub epoch: u32,
    /// Seq of its first record.
    pub first: u64,
    /// The chain before that record (wire §7.2).
    pub chain: Hash,
}

/// The frame at the beginning of `bytes`, after its length field, if one can stand there whole.
#[must_use]
pub fn frame_of(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.get(..length).filter(|frame| (NONCE_LEN + TAG_LEN..=FRAME_MAX).contains(&frame.len()))
}

/// An open segment's key and name.
pub struct Seal {
    id: [u8; 16],
    cipher: Aes256Gcm,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

/// Randomness failed: the machine cannot be worked with.
#[derive(Clone, Copy, Debug)]
pub struct NoRandomness;

/// Fresh random bytes.
///
/// # Errors
/// When the kernel gives none.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

impl Seal {
    /// Begins a segment: its header, and the key for its frames.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn begin(master: &SecretBytes<32>, start: &Start) -> Result<(Vec<u8>, Self), NoRandomness> {
        let id: [u8; 16] = random()?;
        let key = SecretBytes::<32>::new(random()?);
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&id);
        header.extend_from_slice(&start.epoch.to_be_bytes());
        header.extend_from_slice(&start.first.to_be_bytes());
        header.extend_from_slice(&start.chain.0);
        let nonce: [u8; NONCE_LEN] = random()?;
        let wrapped = Aes256Gcm::new(master.expose().into())
            .encrypt(Nonce::from_slice(&nonce), Payload { msg: key.expose(), aad: &header })
            .map_err(|_| NoRandomness)?;
        header.extend_from_slice(&nonce);
        header.extend_from_slice(&wrapped);
        Ok((header, Self { id, cipher: Aes256Gcm::new(key.expose().into()) }))
    }

    /// Reads a header. `None` when it is torn or not sealed by this master key.
    #[must_use]
    pub fn open(master: &SecretBytes<32>, header: &[u8]) -> Option<(Start, Self)> {
        let header = header.get(..HEADER_LEN)?;
        let (plain, sealed) = header.split_at_checked(PLAIN_LEN)?;
        let rest = plain.strip_prefix(MAGIC)?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (epoch, rest) = rest.split_first_chunk::<4>()?;
        let (first, chain) = rest.split_first_chunk::<8>()?;
        let (nonce, wrapped) = sealed.split_at_checked(NONCE_LEN)?;
        let opened = Aes256Gcm::new(master.expose().into())
            .decrypt(Nonce::from_slice(nonce), Payload { msg: wrapped, aad: plain })
            .ok()?;
        let key = SecretBytes::<32>::from_slice(&zeroize::Zeroizing::new(opened))?;
        let chain = Hash::from_slice(chain)?;
        let start = Start { epoch: u32::from_be_bytes(*epoch), first: u64::from_be_bytes(*first), chain };
        Some((start, Self { id: *id, cipher: Aes256Gcm::new(key.expose().into()) }))
    }

    /// Appends one sealed frame to `out`.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn frame(&self, number: u64, record: &[u8], out: &mut Vec<u8>) -> Result<(), NoRandomness> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let sealed = self
            .cipher
            .encrypt(Nonce::from_slice(&nonce), Payload { msg: record, aad: &self.aad(number) })
            .map_err(|_| NoRandomness)?;
        let length = u32::try_from(NONCE_LEN + sealed.len()).map_err(|_| NoRandomness)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(())
    }

    /// Opens the frame at the beginning of `bytes`: the record, and how many bytes the frame took. `None` when it is torn or
    /// is not frame `number` of this segment.
    #[must_use]
    pub fn open_frame(&self, number: u64, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let frame = frame_of(bytes)?;
        let (nonce, sealed) = frame.split_at_checked(NONCE_LEN)?;
        let payload = Payload { msg: sealed, aad: &self.aad(number) };
        let record = self.cipher.decrypt(Nonce::from_slice(nonce), payload).ok()?;
        Some((record, 4 + frame.len()))
    }

    fn aad(&self, number: u64) -> [u8; 24] {
        let mut aad = [0; 24];
        let (id, count) = aad.split_at_mut(16);
        id.copy_from_slice(&self.id);
        count.copy_from_slice(&number.to_be_bytes());
        aad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Start = Start { epoch: 3, first: 41, chain: Hash([7; 32]) };

    #[test]
    fn a_frame_opens_only_in_its_place() {
        let master = SecretBytes::new([1; 32]);
        let (header, seal) = Seal::begin(&master, &START).unwrap();
        assert_eq!(header.len(), HEADER_LEN);
        let mut frame = Vec::new();
        seal.frame(0, b"record", &mut frame).unwrap();
        let (start, again) = Seal::open(&master, &header).unwrap();
        assert_eq!(start, START);
        assert_eq!(again.open_frame(0, &frame).unwrap(), (b"record".to_vec(), frame.len()));
        assert!(again.open_frame(1, &frame).is_none());
        let (_, other) = Seal::begin(&master, &START).unwrap();
        assert!(other.open_frame(0, &frame).is_none());
        assert!(Seal::open(&SecretBytes::new([2; 32]), &header).is_none());
    }

    #[test]
    fn no_byte_of_a_segment_can_be_changed() {
        let master = SecretBytes::new([1; 32]);
        let (header, seal) = Seal::begin(&master, &START).unwrap();
        let mut frame = Vec::new();
        seal.frame(0, b"record", &mut frame).unwrap();
        for at in 0..HEADER_LEN {
            let mut changed = header.clone();
            changed[at] ^= 1;
            assert!(Seal::open(&master, &changed).is_none(), "header byte {at}");
        }
        for at in 0..frame.len() {
            let mut changed = frame.clone();
            changed[at] ^= 1;
            assert!(seal.open_frame(0, &changed).is_none(), "frame byte {at}");
        }
    }

    #[test]
    fn the_record_does_not_stand_in_the_file() {
        let (_, seal) = Seal::begin(&SecretBytes::new([1; 32]), &START).unwrap();
        let mut frame = Vec::new();
        seal.frame(0, b"jumin-e10023-record", &mut frame).unwrap();
        assert!(!frame.windows(6).any(|part| part == b"e10023"));
    }
}
