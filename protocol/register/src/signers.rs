//! Who could sign, with a draft taken over: neither a panel nor one person alone may leave an office that nobody can decide about
//! (§R3.9, §R3.11).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::change::{CardState, Change, OperatorState};
use crate::organisation::Capacity;
use crate::people::Standing;
use crate::refusal::FoldRefusal;
use crate::role::{Class, Role};
use crate::routes::Route;
use crate::state::{Draft, Position};

/// The holder of a card that can sign now, with the roles of his posts.
type Signer = (Code, Vec<Role>);

/// Who counts as somebody who can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Whoever can sign now.
    Current,
    /// Also those whom an act could let sign again: what is suspended can be lifted.
    Suspended,
}

impl Draft<'_> {
    /// Every card that can sign at `t`, by its holder and his roles.
    fn signers(&self, counted: Counted, t: u64) -> Vec<Signer> {
        let (base, over) = self.layers();
        let cards = merged(&base.cards, &over.cards).filter(|card| card.issued().signature.is_some());
        let usable = cards.filter(|card| {
            let state = card.state(t);
            let suspended = state == CardState::Suspended && counted == Counted::Suspended;
            card.is_within_dates(t) && (state == CardState::Active || suspended)
        });
        let signs = |operator: &Code| {
            self.operator(operator).is_some_and(|who| {
                let state = who.state(t);
                let suspended = state == OperatorState::Suspended && counted == Counted::Suspended;
                matches!(who.standing(t), Standing::Designated(_)) && (state == OperatorState::Active || suspended)
            })
        };
        let holders = usable.filter_map(|card| card.holder(t)).filter(|holder| signs(holder.operator));
        holders.map(|holder| (holder.operator.clone(), self.roles_held(holder.operator, t))).collect()
    }

    fn roles_held(&self, operator: &Code, t: u64) -> Vec<Role> {
        let (base, over) = self.layers();
        let held = merged(&base.posts, &over.posts).filter(|post| {
            [Capacity::Holder, Capacity::Deputy].into_iter().any(|capacity| post.is_held_by(operator, capacity, t))
        });
        held.flat_map(|post| post.roles_at(t).iter().copied()).collect()
    }

    /// How many cards can take part in changes of class founding at `t`.
    pub(crate) fn founding_cards(&self, t: u64) -> usize {
        let route = self.route_at(Class::Founding, t);
        let takes_part = |(_, roles): &Signer| route.admits_proposer(roles) || route.admits_approver(roles);
        self.signers(Counted::Current, t).iter().filter(|signer| takes_part(signer)).count()
    }

    /// Whether there are persons who could take this route at `t`.
    pub(crate) fn can_be_taken(&self, route: &Route, t: u64) -> bool {
        self.can_be_taken_by(Counted::Current, route, t)
    }

    fn can_be_taken_by(&self, counted: Counted, route: &Route, t: u64) -> bool {
        let signers = self.signers(counted, t);
        let proposers = || signers.iter().filter(|(_, roles)| route.admits_proposer(roles));
        let approves = |proposer: &Code| {
            signers.iter().any(|(who, roles)| route.admits_approver(roles) && (!route.distinct || who != proposer))
        };
        proposers().any(|(who, _)| route.approvers.is_empty() || approves(who))
    }

    /// What one person alone signed must not end the office's ability to decide: not for good, nor by suspending all who could lift that.
    /// Suspending one whose card is with a thief stays possible for the last one who is left.
    pub(crate) fn somebody_can_decide(&self, changes: &[Change], at: Position) -> Result<(), FoldRefusal> {
        let before = Draft::over(self.layers().0);
        let decides = |draft: &Draft<'_>, t| {
            let can = |counted, class| draft.can_be_taken_by(counted, &draft.route_at(class, t), t);
            let lifts = [Class::Cards, Class::Operators].into_iter().all(|class| can(Counted::Current, class));
            (can(Counted::Suspended, Class::Founding), lifts)
        };
        let ends = |t| {
            let ((founding, lifts), (founding_after, lifts_after)) = (decides(&before, t), decides(self, t));
            (founding && !founding_after) || (lifts && !lifts_after)
        };
        let mut moments = changes.iter().flat_map(|change| before.takes_a_signer(change, at));
        if moments.any(ends) { Err(FoldRefusal::LastSigners) } else { Ok(()) }
    }

    /// The dates at which a change may take away somebody who signs; none for most changes, so that most acts cost no look at every card.
    fn takes_a_signer(&self, change: &Change, at: Position) -> Vec<u64> {
        let in_a_post = |operator: &Code, t| !self.roles_held(operator, t).is_empty();
        match change {
            Change::LeavePost(change) => Vec::from([at.from(change.effective)]),
            Change::CardState(change) if change.state != CardState::Active => {
                let signs = self.card(&change.card).is_some_and(|card| card.issued().signature.is_some());
                if signs { Vec::from([at.from(change.effective)]) } else { Vec::new() }
            }
            Change::OperatorState(change) if change.state != OperatorState::Active => {
                let date = at.from(change.effective);
                if in_a_post(&change.operator, date) { Vec::from([date]) } else { Vec::new() }
            }
            // A new designation ends when it says, whatever the one before it said.
            Change::Designate(change) => {
                let dates = [change.from, change.to].into_iter().map(|date| at.from(date));
                dates.filter(|date| in_a_post(&change.operator, *date)).collect()
            }
            Change::Found(_)
            | Change::RequireVersion(_)
            | Change::Section(_)
            | Change::Post(_)
            | Change::HoldPost(_)
            | Change::Function(_)
            | Change::Purpose(_)
            | Change::OperatorState(_)
            | Change::Profile(_)
            | Change::WithdrawProfile(_)
            | Change::IssueCard(_)
            | Change::CardState(_)
            | Change::ActivateCard(_)
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
            | Change::Incident(_) => Vec::new(),
        }
    }
}

/// The values of both maps, the upper one first.
fn merged<'m, K: Ord, V>(base: &'m BTreeMap<K, V>, over: &'m BTreeMap<K, V>) -> impl Iterator<Item = &'m V> {
    over.values().chain(base.iter().filter(|(key, _)| !over.contains_key(key)).map(|(_, value)| value))
}
