//! Who could sign, with a draft taken over: a panel must never leave an office that nobody can decide about (§R3.9).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::organisation::Capacity;
use crate::role::{Class, Role};
use crate::routes::Route;
use crate::state::Draft;

/// The holder of a card that can sign now, with the roles of his posts.
type Signer = (Code, Vec<Role>);

impl Draft<'_> {
    /// Every card that can sign at `t`, by its holder and his roles.
    fn signers(&self, t: u64) -> Vec<Signer> {
        let (base, over) = self.layers();
        let cards = merged(&base.cards, &over.cards).filter(|card| card.issued().signature.is_some());
        let holders = cards.filter(|card| card.is_current(t)).filter_map(|card| card.holder(t));
        let current = holders.filter(|holder| self.operator(holder.operator).is_some_and(|who| who.is_current(t)));
        current.map(|holder| (holder.operator.clone(), self.roles_held(holder.operator, t))).collect()
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
        self.signers(t).iter().filter(|signer| takes_part(signer)).count()
    }

    /// Whether there are persons who could take this route at `t`.
    pub(crate) fn can_be_taken(&self, route: &Route, t: u64) -> bool {
        let signers = self.signers(t);
        let proposers = || signers.iter().filter(|(_, roles)| route.admits_proposer(roles));
        let approves = |proposer: &Code| {
            signers.iter().any(|(who, roles)| route.admits_approver(roles) && (!route.distinct || who != proposer))
        };
        proposers().any(|(who, _)| route.approvers.is_empty() || approves(who))
    }
}

/// The values of both maps, the upper one first.
fn merged<'m, K: Ord, V>(base: &'m BTreeMap<K, V>, over: &'m BTreeMap<K, V>) -> impl Iterator<Item = &'m V> {
    over.values().chain(base.iter().filter(|(key, _)| !over.contains_key(key)).map(|(_, value)| value))
}
