//! Names, key ids and Ed25519 (§7, §9). Secret keys are wiped when dropped, cannot be cloned, and print as their public half.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer;
use sha2::{Digest, Sha256};

use crate::error::{Document, TlogError};
use crate::freshness;

/// The key with which a log signs its notes (kind `0x01`).
///
/// The same 32 bytes always give the same key, and the same text always the same signature: signing draws no randomness.
pub struct SigningKey {
    public: VerifyingKey,
    secret: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key of this name from 32 secret random bytes. The caller wipes its copy of them.
    ///
    /// # Errors
    /// When the name is no key name (§7.1).
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, TlogError> {
        let (public, secret) = pair(name, KeyKind::Ed25519, seed)?;
        Ok(Self { public, secret })
    }

    /// The key's name: for a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The key with which others verify.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    pub(crate) const fn public(&self) -> &VerifyingKey {
        &self.public
    }

    pub(crate) fn signature(&self, text: &str) -> Vec<u8> {
        self.secret.sign(text.as_bytes()).to_vec()
    }
}

/// The key with which a witness cosigns checkpoints of other people's logs (kind `0x04`).
///
/// A type of its own: a cosignature says "seen at this time", never "this is my log".
pub struct CosigningKey {
    public: VerifyingKey,
    secret: ed25519_dalek::SigningKey,
}

impl CosigningKey {
    /// The key of this name from 32 secret random bytes, which must serve no other key: the signed text does not name the witness (§9.2).
    ///
    /// # Errors
    /// When the name is no key name (§7.1).
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, TlogError> {
        let (public, secret) = pair(name, KeyKind::CosignatureV1, seed)?;
        Ok(Self { public, secret })
    }

    /// The witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The key with which others verify.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    pub(crate) const fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// §9.1, for a time that fits it.
    pub(crate) fn signature(&self, text: &str, time_s: u64) -> Result<Vec<u8>, TlogError> {
        if time_s > MAX_TIME_S {
            return Err(TlogError::CosignatureTime { seconds: time_s });
        }
        let signature = self.secret.sign(cosigned_message(text, time_s).as_bytes());
        Ok([time_s.to_be_bytes().as_slice(), &signature.to_bytes()].concat())
    }
}

/// A public key with its name and kind; its text form is the "vkey" of §7.4.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    kind: KeyKind,
    key: ed25519_dalek::VerifyingKey,
    id: KeyId,
}

impl VerifyingKey {
    /// The key of this name and kind from the 32 bytes of RFC 8032.
    ///
    /// # Errors
    /// When the name is no key name (§7.1) or the bytes are no usable key (§7.5).
    pub fn from_bytes(name: &str, kind: KeyKind, bytes: &[u8; 32]) -> Result<Self, TlogError> {
        check_name(name)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak());
        let key = key.ok_or_else(|| TlogError::KeyUnusable { name: name.to_owned() })?;
        Ok(Self { name: name.to_owned(), kind, key, id: key_id(name, kind, bytes) })
    }

    /// The key's name: for a log, its origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Log key or witness key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key's id (§7.2).
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// What this key says about a text by these signature bytes, if they are its own.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> Option<Stamp> {
        match self.kind {
            KeyKind::Ed25519 => self.is_signed(text, signature).then_some(Stamp::Plain),
            KeyKind::CosignatureV1 => {
                let (time, signature) = signature.split_first_chunk()?;
                let time_s = Some(u64::from_be_bytes(*time)).filter(|time_s| *time_s <= MAX_TIME_S)?;
                self.is_signed(&cosigned_message(text, time_s), signature).then_some(Stamp::At(time_s))
            }
        }
    }

    fn is_signed(&self, text: &str, signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl FromStr for VerifyingKey {
    type Err = TlogError;

    fn from_str(text: &str) -> Result<Self, TlogError> {
        let malformed = TlogError::Line {
            document: Document::VerifierKey,
            line: 1,
            expected: "<name>+<key id>+<base64 of kind and key>",
        };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed);
        };
        check_name(name)?;
        let decoded = STANDARD.decode(key).ok();
        let Some((kind, key)) = decoded.as_deref().and_then(<[u8]>::split_first) else { return Err(malformed) };
        let kind = KeyKind::from_byte(*kind)?;
        let (Some(written), Ok(key)) = (KeyId::from_hex(id), key.try_into()) else { return Err(malformed) };
        let key = Self::from_bytes(name, kind, key)?;
        if key.id != written {
            return Err(TlogError::KeyIdMismatch { name: name.to_owned(), written, computed: key.id });
        }
        Ok(key)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.to_byte()], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}+{}, ..)", self.public.name, self.public.id)
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosigningKey({}+{}, ..)", self.public.name, self.public.id)
    }
}

/// What a key's signature means (§7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Ed25519 over the note text: the log's own signature.
    Ed25519,
    /// Cosignature/v1: a witness saw this checkpoint at this time.
    CosignatureV1,
}

impl KeyKind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, TlogError> {
        let known = [Self::Ed25519, Self::CosignatureV1].into_iter().find(|kind| kind.to_byte() == byte);
        known.ok_or(TlogError::KeyKind { kind: byte })
    }
}

/// The four bytes that, with the name, say which key signed (§7.2). Short: it finds a key, it does not vouch for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    fn from_hex(text: &str) -> Option<Self> {
        let id = u32::from_str_radix(text, 16).ok().map(|id| Self(id.to_be_bytes()));
        id.filter(|id| format!("{id}") == text)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// When a verified line says it was made.
pub(crate) enum Stamp {
    Plain,
    At(u64),
}

/// Whether a name can be a key's name (§7.1).
pub(crate) fn check_name(name: &str) -> Result<(), TlogError> {
    if is_line_name(name) && !name.contains(char::is_control) && name != freshness::FIRST_LINE {
        Ok(())
    } else {
        Err(TlogError::KeyName { name: name.to_owned() })
    }
}

/// Whether somebody else's name can stand in a signature line (§8.1): what the specification asks, no more.
pub(crate) fn is_line_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

fn pair(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<(VerifyingKey, ed25519_dalek::SigningKey), TlogError> {
    let secret = ed25519_dalek::SigningKey::from_bytes(seed);
    let public = VerifyingKey::from_bytes(name, kind, secret.verifying_key().as_bytes())?;
    Ok((public, secret))
}

fn key_id(name: &str, kind: KeyKind, key: &[u8; 32]) -> KeyId {
    let hash = Sha256::new_with_prefix(name).chain_update([b'\n', kind.to_byte()]).chain_update(key).finalize();
    KeyId([hash[0], hash[1], hash[2], hash[3]])
}

fn cosigned_message(text: &str, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

// tlog-cosignature: the timestamp MUST NOT exceed 2^63 - 1.
const MAX_TIME_S: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    // The example key of Go's golang.org/x/mod/sumdb/note.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_verifier_key_reads_and_writes() {
        let key: VerifyingKey = PETER.parse().unwrap();
        assert_eq!((key.name(), key.kind()), ("PeterNeumann", KeyKind::Ed25519));
        assert_eq!(key.to_string(), PETER);
    }

    #[test]
    fn an_altered_verifier_key_says_which_part_is_wrong() {
        let id = KeyId([0xc7, 0x4f, 0x20, 0xa3]);
        let other = PETER.replace("c74f20a3", "c74f20a4").parse::<VerifyingKey>();
        let mismatch = |written| TlogError::KeyIdMismatch { name: "PeterNeumann".into(), written, computed: id };
        assert_eq!(other, Err(mismatch(KeyId([0xc7, 0x4f, 0x20, 0xa4]))));
        assert_eq!("a b+c74f20a3+ARpc".parse::<VerifyingKey>(), Err(TlogError::KeyName { name: "a b".into() }));
        assert_eq!("a+c74f20a3+BQ==".parse::<VerifyingKey>(), Err(TlogError::KeyKind { kind: 5 }));
        for text in
            ["", "a", "a+b", "a+c74f20a3+", "a+c74f20a3+AQ==", &PETER.replace("c7", "C7"), &PETER.replace("c7", "+7")]
        {
            assert!(text.parse::<VerifyingKey>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_weak_key_is_refused() {
        // The neutral point: every signature of a certain form verifies under it.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let refused = VerifyingKey::from_bytes("weak", KeyKind::Ed25519, &neutral);
        assert_eq!(refused, Err(TlogError::KeyUnusable { name: "weak".into() }));
    }

    #[test]
    fn the_kind_is_part_of_the_id() {
        let log = SigningKey::from_seed("same", &[7; 32]).unwrap().verifying_key();
        let witness = CosigningKey::from_seed("same", &[7; 32]).unwrap().verifying_key();
        assert_eq!(log.to_bytes(), witness.to_bytes());
        assert_ne!(log.id(), witness.id());
    }

    #[test]
    fn names_that_would_break_a_line_are_refused() {
        for name in ["", " ", "a b", "a+b", "a\nb", "a\u{3000}b", "a\u{7f}b", "sekisho/freshness/v1"] {
            let refused = SigningKey::from_seed(name, &[7; 32]).err();
            assert_eq!(refused, Some(TlogError::KeyName { name: name.into() }), "{name:?}");
        }
        assert!(SigningKey::from_seed("ledger.example/関所", &[7; 32]).is_ok());
    }

    #[test]
    fn a_cosignature_from_beyond_the_last_second_is_refused() {
        let witness = CosigningKey::from_seed("witness", &[7; 32]).unwrap();
        let verifies = |time_s: u64| {
            let signature = witness.secret.sign(cosigned_message("text\n", time_s).as_bytes()).to_bytes();
            witness.public.verify("text\n", &[time_s.to_be_bytes().as_slice(), &signature].concat()).is_some()
        };
        assert!(verifies(MAX_TIME_S));
        assert!(!verifies(MAX_TIME_S + 1));
        assert!(!verifies(u64::MAX));
    }

    #[test]
    fn a_secret_key_prints_as_its_public_half() {
        let seed = [0xab; 32];
        let shown = format!("{:?}", SigningKey::from_seed("log", &seed).unwrap());
        assert!(shown.starts_with("SigningKey(log+") && shown.ends_with(", ..)"), "{shown}");
        assert!(!shown.contains("abab") && !shown.contains("171, 171"), "{shown}");
    }
}
