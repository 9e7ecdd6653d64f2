//! What a finding says of the copy that it was found in. A book tells of terminals that erred, of what a month's destruction left out and of a log that has
//! stopped; all of that is in a good copy, too, and nobody must be left without a backup because of it.

use std::mem::discriminant;

use sekisho_wire::id::OfficeId;

use super::{Fault, Finding, Report};
use crate::store::LogName;

/// What a fault comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bearing {
    /// Something is gone, torn or altered.
    Damage,
    /// The same, unless the log has stopped: then people know of it already, and a copy has it as it is.
    OfCheckpoint,
    /// The copy is what the book is, and the book lacks something: an older copy may have it.
    Lacks,
    /// The book is told whole. What it tells is for people to look at.
    Told,
}

impl Fault {
    const fn bearing(&self) -> Bearing {
        match self {
            Self::OfficeGone
            | Self::EntryMissing
            | Self::EntryBeyondHead
            | Self::Unreadable { .. }
            | Self::PayloadAltered
            | Self::KeyMissing
            | Self::PayloadRemains
            | Self::Misfiled { .. }
            | Self::KeyDamaged { .. }
            | Self::LeafAltered
            | Self::TileAltered { .. }
            | Self::TileStray { .. }
            | Self::HeadAltered
            | Self::CheckpointRoot
            | Self::Unaccounted
            | Self::BatchAltered
            | Self::BatchSignature
            | Self::BatchOrder
            | Self::ChainBroken
            | Self::CursorAltered { .. }
            | Self::CursorChain
            | Self::CursorUnpaired
            | Self::ActRefused(_)
            | Self::ActRow
            | Self::NameAltered
            | Self::NameStray
            | Self::FoundedAltered { .. }
            | Self::FoundingCode
            | Self::CodeAltered { .. }
            | Self::EnrolmentAltered { .. }
            | Self::CertificateAltered { .. }
            | Self::OtherEnvelopeKey
            | Self::OtherLogKeys => Bearing::Damage,
            // What came after an older copy is told by records that come back, and has no rows.
            Self::CodesMiscounted { codes, invited, .. } if *codes < *invited => Bearing::Lacks,
            Self::EnrolmentsMiscounted { enrolments, requested, .. } if *enrolments < *requested => Bearing::Lacks,
            Self::CodesMiscounted { .. } | Self::EnrolmentsMiscounted { .. } => Bearing::Damage,
            Self::CheckpointMissing | Self::CheckpointUnreadable | Self::CheckpointAhead { .. } => {
                Bearing::OfCheckpoint
            }
            Self::Halted { .. }
            // The act that says so comes back to an older copy from its terminals.
            | Self::DestroyedWithoutAct { .. }
            | Self::NameErasedWithoutAct
            | Self::NameMissing
            | Self::CodeUnused { .. }
            | Self::AcknowledgedGone { .. } => Bearing::Lacks,
            // The start of a ledger destroys what acts say.
            Self::KeyRemains { .. }
            | Self::NameRemains { .. }
            // What a terminal, or a clock that was wrong for a day, has written.
            | Self::BatchTime { .. }
            | Self::Verdict(_)
            | Self::SaltRepeated
            | Self::SessionRepeated
            | Self::RegisterAhead { .. } => Bearing::Told,
        }
    }
}

impl Report {
    /// Takes a finding, if there is room for one more of its kind: many of one kind must not hide another.
    pub(super) fn note(&mut self, finding: Finding) {
        let kind = discriminant(&finding.fault);
        let same = self.findings.iter().filter(|other| discriminant(&other.fault) == kind).count();
        if same < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// What shows that this is not, or not wholly, the book that it should be.
    pub fn damage(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| match finding.fault.bearing() {
            Bearing::Damage => true,
            Bearing::OfCheckpoint => finding.log.is_none_or(|log| !self.has_stopped(&finding.office, log)),
            Bearing::Lacks | Bearing::Told => false,
        })
    }

    /// How many findings say that the book lacks something which an older copy may have.
    pub(crate) fn lacking(&self) -> u64 {
        let lacks = |finding: &&Finding| matches!(finding.fault.bearing(), Bearing::Lacks | Bearing::OfCheckpoint);
        self.findings.iter().filter(lacks).count() as u64
    }

    /// Whether a log has stopped.
    pub(crate) fn has_stopped(&self, office: &OfficeId, log: LogName) -> bool {
        let is_its = |finding: &Finding| finding.office == *office && finding.log == Some(log);
        self.findings.iter().any(|finding| is_its(finding) && matches!(finding.fault, Fault::Halted { .. }))
    }
}

/// Of each kind.
const FINDINGS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_findings_of_one_kind_hide_none_of_another() {
        let mut report = Report::default();
        let office = OfficeId([1; 16]);
        (0..150).for_each(|number| report.note(Finding::of(office, Fault::DestroyedWithoutAct { number })));
        report.note(Finding::of(office, Fault::PayloadAltered));
        assert_eq!(report.findings.len(), FINDINGS_MAX + 1);
        assert_eq!(report.damage().collect::<Vec<_>>(), [&Finding::of(office, Fault::PayloadAltered)]);
    }
}
