//! Acts of a version or with a kind of change that this program does not know: skipped where that does no harm, else nothing is
//! decided any more (§R4.10).

use minicbor::Decoder;
use minicbor::decode::Error;
use sekisho_wire::canonical::Malformed;
use sekisho_wire::cose::{Context, Sign1, Signer};

use crate::act::{ACT_MAX, ACT_VERSION, signed_bytes};
use crate::authority::{verify_ed25519, verify_p256};
use crate::change::Change;
use crate::fold::Register;
use crate::office::RECOVERY_MAX;
use crate::refusal::FoldRefusal;
use crate::values::Ed25519Key;

/// The little that can be read of an act from the future (wire §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Newer {
    version: u16,
    critical: bool,
    /// The kind that is unknown, in a version that is known.
    kind: Option<u16>,
}

impl Newer {
    const fn refusal(self) -> FoldRefusal {
        match self {
            Self { critical: false, version, .. } => FoldRefusal::Skipped { version },
            Self { kind: Some(kind), .. } => FoldRefusal::KindUnknown { kind },
            Self { version, .. } => FoldRefusal::VersionUnknown { version },
        }
    }
}

/// Why an entry that does not decode is refused, its signature aside.
pub(crate) fn unread(entry: &[u8], malformed: Malformed) -> FoldRefusal {
    read_newer(entry, 0).map_or(FoldRefusal::Malformed(malformed), |(_, newer)| newer.refusal())
}

impl Register {
    /// As [`unread`]; but what a stranger signed is refused for that, and halts nobody.
    pub(crate) fn unread(&self, entry: &[u8], malformed: Malformed) -> FoldRefusal {
        let Some((sign1, newer)) = read_newer(entry, 0) else { return FoldRefusal::Malformed(malformed) };
        if !newer.critical {
            return newer.refusal();
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
                if holder.is_none_or(|holder| self.roles_of(holder.operator, t).is_empty()) {
                    return Err(FoldRefusal::SignerNotCurrent(signer.clone()));
                }
                verify_p256(key, &sign1.id(Context::Act).0, &sign1.signature)
            }
            Signer::Recovery(key) => {
                let key = Ed25519Key(*key);
                if !self.founding().is_some_and(|found| found.recovery.keys.contains(&key)) {
                    return Err(unknown());
                }
                verify_ed25519(&key, &signed_bytes(signer, sign1.payload), &sign1.signature)
            }
            Signer::Terminal(_) => return Err(FoldRefusal::SignerNotAllowed(signer.clone())),
        };
        if holds { Ok(()) } else { Err(FoldRefusal::SignatureWrong(signer.clone())) }
    }
}

/// The entry as an act from the future; nothing when it is none, or no act at all.
fn read_newer(entry: &[u8], depth: usize) -> Option<(Sign1<'_>, Newer)> {
    if entry.len() > ACT_MAX || depth >= RECOVERY_MAX {
        return None;
    }
    let sign1 = Sign1::decode(entry).ok()?;
    let newer = read_payload(sign1.payload, depth).ok()??;
    Some((sign1, newer))
}

fn read_payload(payload: &[u8], depth: usize) -> Result<Option<Newer>, Error> {
    let mut d = Decoder::new(payload);
    let fields = d.map()?.unwrap_or(0);
    let (0, version) = (d.u64()?, d.u16()?) else { return Ok(None) };
    let (1, critical) = (d.u64()?, d.bool()?) else { return Ok(None) };
    if version != u16::from(ACT_VERSION) {
        return Ok(Some(Newer { version, critical, kind: None }));
    }
    for _ in 2..fields {
        let found = match d.u64()? {
            13 => unknown_kind(&mut d)?.map(|kind| Newer { version, critical, kind: Some(kind) }),
            14 => read_newer(d.bytes()?, depth + 1).map(|(_, newer)| newer),
            _ => {
                d.skip()?;
                None
            }
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The first kind in a list of changes that this program does not know.
fn unknown_kind(d: &mut Decoder<'_>) -> Result<Option<u16>, Error> {
    for _ in 0..d.array()?.unwrap_or(0) {
        let fields = d.array()?.unwrap_or(0);
        let kind = d.u16()?;
        if !Change::KINDS.contains(&kind) {
            return Ok(Some(kind));
        }
        for _ in 1..fields {
            d.skip()?;
        }
    }
    Ok(None)
}
