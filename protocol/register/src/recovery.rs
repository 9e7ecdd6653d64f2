//! Recovery (§R3.17): what the recovery keys announced, and whether its time has come.
//!
//! The fold has no clock. It compares the times that two acts of the recovery keys name; that neither of them lies, the ledger sees to, which takes
//! neither earlier than its own clock nor later.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use sekisho_wire::cose::Signer;
use sekisho_wire::id::Hash;

use crate::authority::{Authority, Link};
use crate::change::{AnnounceRecovery, Change, EndRecovery, Recovery, RecoveryEnd};
use crate::fold::{LIFETIME_MS, Register};
use crate::refusal::{FoldRefusal, WrongValue};
use crate::role::Class;
use crate::signers::Reach;
use crate::state::{Dates, Draft, Position, Trust};
use crate::thing::Thing;
use crate::values::Ed25519Key;

/// Most recovery keys that can be asked for together: each wraps the act of the one before (§R4.8).
pub(crate) const RECOVERY_MAX: usize = 8;

/// From when an announced recovery can be completed, how long it can be: as long as an act lives.
const LAPSES_MS: u64 = LIFETIME_MS;

/// The recovery keys of an office, and what they have announced.
#[derive(Clone, Debug)]
pub(crate) struct Recovering {
    /// Those that sign now.
    keys: Recovery,
    /// Those that ever did, and those that do.
    named: BTreeSet<Ed25519Key>,
    announced: Option<Announced>,
    ended: BTreeMap<Hash, (RecoveryEnd, u64)>,
}

/// A recovery that is announced and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The act that announced it.
    pub id: Hash,
    /// Its place in the log.
    pub index: u64,
    /// When it was made.
    pub made: u64,
    /// From when it can be completed.
    pub due: u64,
    /// From when it can be no more.
    pub lapses: u64,
    /// What will change.
    pub changes: Vec<Change>,
}

impl Recovering {
    /// Whether a change like that is announced and can still be completed at `t` or later.
    pub(crate) fn announces(&self, t: u64, change: impl Fn(&Change) -> bool) -> bool {
        let open = self.announced.as_ref().filter(|open| t < open.lapses);
        open.is_some_and(|open| open.changes.iter().any(change))
    }

    pub(crate) fn founded(recovery: &Recovery) -> Self {
        Self {
            keys: recovery.clone(),
            named: recovery.keys.iter().copied().collect(),
            announced: None,
            ended: BTreeMap::new(),
        }
    }
}

/// 1 ≤ k ≤ keys and k ≤ 8; the keys differ and are sound (§R3.5).
pub(crate) fn check_recovery(recovery: &Recovery) -> Result<(), FoldRefusal> {
    let distinct: BTreeSet<_> = recovery.keys.iter().collect();
    let needed = (1..=RECOVERY_MAX.min(recovery.keys.len())).contains(&usize::from(recovery.k));
    let sound = needed && distinct.len() == recovery.keys.len() && recovery.keys.iter().all(Ed25519Key::is_sound);
    if sound { Ok(()) } else { Err(FoldRefusal::ValueWrong(WrongValue::RecoveryKeys)) }
}

/// What an act of the recovery keys does: they announce, or end what they announced, and do nothing else.
pub(crate) fn is_of_recovery(changes: &[Change]) -> bool {
    matches!(changes, [Change::AnnounceRecovery(_) | Change::EndRecovery(_)])
}

/// Whether it completes a recovery. What was announced holds whatever was decided meanwhile: what was signed since would else be an objection, by
/// somebody who may not object. It is tried at each act that it would not stand any more ([`Draft::lets_the_announced_be`]).
pub(crate) fn completes_a_recovery(changes: &[Change]) -> bool {
    matches!(changes, [Change::EndRecovery(EndRecovery { how: RecoveryEnd::Completed, .. })])
}

/// Whether only recovery keys may sign that, whatever routes say.
pub(crate) const fn is_for_recovery_keys(change: &Change) -> bool {
    match change {
        Change::AnnounceRecovery(_) => true,
        Change::EndRecovery(end) => matches!(end.how, RecoveryEnd::Completed),
        Change::Found(_)
        | Change::RequireVersion(_)
        | Change::RecoveryKeys(_)
        | Change::Section(_)
        | Change::Post(_)
        | Change::HoldPost(_)
        | Change::LeavePost(_)
        | Change::Function(_)
        | Change::Purpose(_)
        | Change::Designate(_)
        | Change::OperatorState(_)
        | Change::Profile(_)
        | Change::WithdrawProfile(_)
        | Change::Qualify(_)
        | Change::EndQualification(_)
        | Change::IssueCard(_)
        | Change::CardState(_)
        | Change::ActivateCard(_)
        | Change::ResetPin(_)
        | Change::PinChanged(_)
        | Change::Terminal(_)
        | Change::TerminalState(_)
        | Change::OpenEpoch(_)
        | Change::Hours(_)
        | Change::Calendar(_)
        | Change::Permit(_)
        | Change::EndPermit(_)
        | Change::Connection(_)
        | Change::Policy(_)
        | Change::Route(_)
        | Change::LogKey(_)
        | Change::Witnesses(_)
        | Change::Destroy(_)
        | Change::Preserve(_)
        | Change::EraseNames(_)
        | Change::EraseTexts(_)
        | Change::SucceedLog(_)
        | Change::Open(_)
        | Change::Answer(_)
        | Change::Step(_)
        | Change::Partner(_)
        | Change::Entrust(_)
        | Change::EndTrust(_)
        | Change::Admit(_)
        | Change::SharePolicy(_)
        | Change::ShowShared(_) => false,
    }
}

impl Register {
    /// The recovery keys that sign now, and how many it takes; none before the office is founded.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        Some(&self.state.office.as_ref()?.recovering.keys)
    }

    /// Whether that is, or ever was, one of the office's recovery keys.
    #[must_use]
    pub fn was_recovery_key(&self, key: &Ed25519Key) -> bool {
        self.state.office.as_ref().is_some_and(|office| office.recovering.named.contains(key))
    }

    /// The recovery that is announced and can still be completed at `t` or later.
    #[must_use]
    pub fn announced_recovery(&self, t: u64) -> Option<&Announced> {
        let announced = self.state.office.as_ref()?.recovering.announced.as_ref();
        announced.filter(|announced| t < announced.lapses)
    }

    /// How a recovery that was announced ended, and by which entry.
    #[must_use]
    pub fn recovery_end(&self, announced: &Hash) -> Option<(RecoveryEnd, u64)> {
        self.state.office.as_ref()?.recovering.ended.get(announced).copied()
    }

    /// Which recovery the entry at `index` ended, and how, if it ended one.
    #[must_use]
    pub fn recovery_ended_by(&self, index: u64) -> Option<(Hash, RecoveryEnd)> {
        let ended = &self.state.office.as_ref()?.recovering.ended;
        ended.iter().find(|(_, (_, by))| *by == index).map(|(announced, (how, _))| (*announced, *how))
    }

    /// `k` different recovery keys, each wrapping the act of the one before (§R4.8).
    pub(crate) fn admit_recovery(&self, first: &Signer, chain: &[Link], changes: &[Change]) -> Result<(), FoldRefusal> {
        let mut keys = BTreeSet::new();
        for (act, authority) in chain {
            let Authority::Recovery(key) = authority else {
                return Err(FoldRefusal::SignerNotAllowed(act.signer().clone()));
            };
            keys.insert(*key);
        }
        let need = self.recovery().map_or(0, |recovery| recovery.k);
        if need == 0 {
            return Err(FoldRefusal::SignerNotAllowed(first.clone()));
        }
        if keys.len() < usize::from(need) {
            return Err(FoldRefusal::RecoveryIncomplete { have: keys.len(), need });
        }
        if is_of_recovery(changes) { Ok(()) } else { Err(FoldRefusal::AnnounceFirst) }
    }
}

/// Where what is announced would be completed: when its wait is over, or later.
fn when_due(due: u64, at: Position) -> Position {
    let now = at.now.max(due);
    let (dates, trust) = (Dates::Count, Trust::Stored);
    Position { now, dates, effective: now, recovers: true, seen_size: u64::MAX, trust, ..at }
}

/// Plays through that it is completed there, on a copy.
fn completed(mut rehearsal: Draft<'_>, changes: &[Change], then: Position) -> Result<(), FoldRefusal> {
    for change in changes {
        rehearsal.apply(change, then)?;
    }
    rehearsal.can_be_decided_about(then)
}

impl Draft<'_> {
    /// The changes that take effect by these: a recovery that is completed brings those that were announced.
    pub(crate) fn in_effect(&self, changes: &[Change]) -> Vec<Change> {
        let mut all = Vec::new();
        for change in changes {
            all.push(change.clone());
            let Change::EndRecovery(EndRecovery { announced, how: RecoveryEnd::Completed }) = change else { continue };
            let recovering = self.office().map(|office| &office.recovering);
            let open = recovering.and_then(|recovering| recovering.announced.as_ref());
            all.extend(open.filter(|open| open.id == *announced).into_iter().flat_map(|open| open.changes.clone()));
        }
        all
    }

    pub(crate) fn apply_recovery_keys(&mut self, change: &Recovery, at: Position) -> Result<(), FoldRefusal> {
        check_recovery(change)?;
        self.touch(Thing::RecoveryKeys, at)?;
        let recovering = &mut self.office_mut()?.recovering;
        // A sheet that was opened is no secret any more, and nobody knows which were.
        if change.keys.iter().any(|key| recovering.named.contains(key)) {
            return Err(FoldRefusal::KeyUsed);
        }
        recovering.named.extend(change.keys.iter().copied());
        recovering.keys = change.clone();
        Ok(())
    }

    /// Plays what is announced through on a copy: who waits three days must not hear then what could be said at once.
    pub(crate) fn apply_announcement(&mut self, change: &AnnounceRecovery, at: Position) -> Result<(), FoldRefusal> {
        let nested = |change: &Change| {
            matches!(
                change,
                Change::Found(_)
                    | Change::AnnounceRecovery(_)
                    | Change::EndRecovery(_)
                    | Change::Open(_)
                    | Change::Answer(_)
                    | Change::Step(_)
                    // What may go the casebook says, which nobody asks when a recovery is completed.
                    | Change::EraseTexts(_)
            )
        };
        let new_keys = change.changes.iter().any(|change| matches!(change, Change::RecoveryKeys(_)));
        if !new_keys || change.changes.iter().any(nested) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Announcement));
        }
        let open = self.office().and_then(|office| office.recovering.announced.as_ref());
        if let Some(open) = open.filter(|open| at.made < open.lapses) {
            return Err(FoldRefusal::RecoveryOpen { index: open.index });
        }
        let (base, _) = self.layers();
        let mut rehearsal = Draft::over(base);
        for change in &change.changes {
            rehearsal.apply(change, at)?;
        }
        rehearsal.can_be_decided_about(at)?;
        let wait =
            self.office().and_then(|office| office.policy.at(at.now)).map_or(0, |policy| policy.recovery_wait_seconds);
        let due = at.made.saturating_add(u64::from(wait) * 1000);
        // And once more when the wait is over: designations end with the fiscal year.
        completed(Draft::over(base), &change.changes, when_due(due, at))?;
        self.remember_names(&change.changes);
        let office = self.office_mut()?;
        office.recovering.announced = Some(Announced {
            id: at.act,
            index: at.index,
            made: at.made,
            due,
            lapses: due.saturating_add(LAPSES_MS),
            changes: change.changes.clone(),
        });
        Ok(())
    }

    /// What is announced names GUIDs, keys and persons, and everybody reads it: without this, any one person with a right of his own could take one
    /// of them first, and so end for good what only those who found things may object to. What blocks, stops or keeps waits for no recovery.
    pub(crate) fn lets_the_announced_be(&self, changes: &[Change], at: Position) -> Result<(), FoldRefusal> {
        let open = self.office().and_then(|office| office.recovering.announced.as_ref());
        let Some(open) = open.filter(|open| open.id != at.act && at.made < open.lapses) else { return Ok(()) };
        let waits = |change: &Change| !matches!(change.class(), Class::Block | Class::Stop | Class::Preservation);
        if !changes.iter().any(waits) {
            return Ok(());
        }
        let then = when_due(open.due, at);
        let possible = |rehearsal: Draft<'_>| completed(rehearsal, &open.changes, then).is_ok();
        let (base, _) = self.layers();
        if possible(self.rehearsal()) || !possible(Draft::over(base)) {
            return Ok(());
        }
        Err(FoldRefusal::RecoveryHeldUp { index: open.index })
    }

    /// What it brings is applied after it, like changes of its own ([`Self::in_effect`]).
    pub(crate) fn apply_recovery_end(&mut self, change: EndRecovery, at: Position) -> Result<(), FoldRefusal> {
        let recovering = &mut self.office_mut()?.recovering;
        if let Some((how, index)) = recovering.ended.get(&change.announced) {
            return Err(FoldRefusal::RecoveryOver { how: *how, index: *index });
        }
        let open = recovering.announced.take().filter(|open| open.id == change.announced);
        let open = open.ok_or(FoldRefusal::RecoveryUnknown)?;
        match change.how {
            RecoveryEnd::Completed if at.made < open.due => {
                return Err(FoldRefusal::RecoveryTooEarly { due: open.due });
            }
            RecoveryEnd::Completed if at.made >= open.lapses => {
                return Err(FoldRefusal::RecoveryLapsed { lapsed: open.lapses });
            }
            RecoveryEnd::Completed | RecoveryEnd::Objected => {}
        }
        recovering.ended.insert(change.announced, (change.how, at.index));
        Ok(())
    }

    /// A recovery that leaves nobody who can decide recovers nothing.
    pub(crate) fn can_be_decided_about(&self, at: Position) -> Result<(), FoldRefusal> {
        let route = self.route_at(Class::Founding, at.now);
        if self.can_be_taken(&route, Reach::Office, at.now) { Ok(()) } else { Err(FoldRefusal::TooFewSigners) }
    }
}
