//! Acts that this program cannot read: passed over where that does no harm, else nothing is decided any more (§R4.11).

use minicbor::Decoder;
use minicbor::decode::Error;
use sekisho_wire::canonical::Malformed;
use sekisho_wire::cose::{Context, Sign1, Signer};
use sekisho_wire::id::OfficeId;

use crate::act::{ACT_MAX, ACT_VERSION, signed_bytes};
use crate::authority::{verify_ed25519, verify_p256};
use crate::change::Change;
use crate::fold::Register;
use crate::refusal::FoldRefusal;
use crate::values::Ed25519Key;

/// The little that can be read of an act from the future (wire §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Newer {
    version: u16,
    critical: bool,
    what: Unknown,
}

/// What in it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    /// The version: nothing else of it can be read.
    Version,
    /// A kind of change.
    Kind(u16),
    /// A field, a value, or how it is spelled, in an act for this office.
    Content(OfficeId),
}

impl Newer {
    const fn refusal(self) -> FoldRefusal {
        match self {
            Self { critical: false, version, .. } => FoldRefusal::Skipped { version },
            Self { what: Unknown::Kind(kind), .. } => FoldRefusal::KindUnknown { kind },
            Self { what: Unknown::Version, version, .. } => FoldRefusal::VersionUnknown { version },
            Self { what: Unknown::Content(_), .. } => FoldRefusal::ContentUnknown,
        }
    }
}

/// Why an entry that does not decode is refused, its signature aside: where whoever approved it has signed it, or nothing is decided
/// by it. A kind of signer that is not known is of a newer program as well.
pub(crate) fn unread(entry: &[u8], malformed: Malformed) -> FoldRefusal {
    match read_newer(entry) {
        Some((_, newer)) => newer.refusal(),
        None if Sign1::decode(entry).is_err() && entry.starts_with(&SIGN1) => FoldRefusal::ContentUnknown,
        None => FoldRefusal::Malformed(malformed),
    }
}

/// How a COSE_Sign1 begins (wire §5.1): tag 18, an array of four.
const SIGN1: [u8; 2] = [0xd2, 0x84];

impl Register {
    /// As [`unread`]; but what a stranger signed is refused for that, and halts nobody.
    pub(crate) fn unread(&self, entry: &[u8], malformed: Malformed) -> FoldRefusal {
        let Some((sign1, newer)) = read_newer(entry) else { return FoldRefusal::Malformed(malformed) };
        if !newer.critical {
            return newer.refusal();
        }
        if matches!(newer.what, Unknown::Content(office) if self.office() != Some(office)) {
            return FoldRefusal::Malformed(malformed);
        }
        self.could_sign(&sign1).err().unwrap_or_else(|| newer.refusal())
    }

    /// A card of somebody who holds a post, or a recovery key. A terminal's key, which may do so little, halts nothing.
    fn could_sign(&self, sign1: &Sign1<'_>) -> Result<(), FoldRefusal> {
        let (signer, t) = (&sign1.signer, self.newest_made());
        let unknown = || FoldRefusal::SignerUnknown(signer.clone());
        let holds = match signer {
            Signer::Card(guid) => {
                let card = self.card(guid).ok_or_else(unknown)?;
                let key = card.issued().signature.as_ref().ok_or_else(unknown)?;
                let holder = card.holder(t).filter(|_| card.is_current(t));
                let elsewhere = |operator| self.operator(operator).is_some_and(|person| person.home().is_some());
                if holder.is_some_and(|holder| elsewhere(holder.operator)) {
                    return Err(FoldRefusal::SignerNotAllowed(signer.clone()));
                }
                if holder.is_none_or(|holder| self.roles_of(holder.operator, t).is_empty()) {
                    return Err(FoldRefusal::SignerNotCurrent(signer.clone()));
                }
                verify_p256(key, &sign1.id(Context::Act).0, &sign1.signature)
            }
            Signer::Recovery(key) => {
                let key = Ed25519Key(*key);
                if !self.recovery().is_some_and(|recovery| recovery.keys.contains(&key)) {
                    return Err(unknown());
                }
                verify_ed25519(&key, &signed_bytes(signer, sign1.payload), &sign1.signature)
            }
            Signer::Terminal(_) => return Err(FoldRefusal::SignerNotAllowed(signer.clone())),
        };
        if holds { Ok(()) } else { Err(FoldRefusal::SignatureWrong(signer.clone())) }
    }
}

/// The entry as an act from the future; nothing when it is no act at all.
fn read_newer(entry: &[u8]) -> Option<(Sign1<'_>, Newer)> {
    if entry.len() > ACT_MAX {
        return None;
    }
    let sign1 = Sign1::decode(entry).ok()?;
    let newer = read_payload(sign1.payload).ok()??;
    Some((sign1, newer))
}

fn read_payload(payload: &[u8]) -> Result<Option<Newer>, Error> {
    let mut d = Decoder::new(payload);
    let fields = d.map()?.unwrap_or(0);
    let (0, version) = (d.u64()?, d.u16()?) else { return Ok(None) };
    let (1, critical) = (d.u64()?, d.bool()?) else { return Ok(None) };
    if version != u16::from(ACT_VERSION) {
        return Ok(Some(Newer { version, critical, what: Unknown::Version }));
    }
    let (2, office) = (d.u64()?, d.decode()?) else { return Ok(None) };
    let kind = unknown_kind(&mut d, fields).unwrap_or(None);
    Ok(Some(Newer { version, critical, what: kind.map_or(Unknown::Content(office), Unknown::Kind) }))
}

/// The first kind among the changes of an act, read up to its office, that this program does not know.
fn unknown_kind(d: &mut Decoder<'_>, fields: u64) -> Result<Option<u16>, Error> {
    for _ in 3..fields {
        if d.u64()? != 13 {
            d.skip()?;
            continue;
        }
        for _ in 0..d.array()?.unwrap_or(0) {
            let parts = d.array()?.unwrap_or(0);
            let kind = d.u16()?;
            if !Change::KINDS.contains(&kind) {
                return Ok(Some(kind));
            }
            for _ in 1..parts {
                d.skip()?;
            }
        }
    }
    Ok(None)
}
