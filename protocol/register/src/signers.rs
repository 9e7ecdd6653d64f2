//! Who could sign, with a draft taken over: neither a panel nor one person alone may leave an office that nobody can decide about
//! (§R3.9, §R3.11).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::cards::Card;
use crate::change::{CardState, Change, OperatorState};
use crate::concern::{Concern, Mandate};
use crate::organisation::{Capacity, Post};
use crate::people::{Operator, Standing};
use crate::refusal::FoldRefusal;
use crate::role::{Class, Role};
use crate::routes::Route;
use crate::state::{Draft, Position};
use crate::timeline::Timeline;

/// The holder of a card that can sign, with the roles of his posts.
type Signer = (Code, Vec<Role>);

/// Who counts as somebody who can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    /// Whoever can sign then.
    Current,
    /// Also those whom an act could let sign again: what is suspended can be lifted.
    Suspended,
}

/// Which roles count: a head of a section may be all that a route needs, but for what concerns the whole office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those that reach over the whole office.
    Office,
    /// Also those that reach over one section.
    Section,
}

impl Reach {
    /// What a route of this class has to reach over.
    pub(crate) const fn of(class: Class) -> Self {
        match class {
            Class::Operators
            | Class::Cards
            | Class::Activation
            | Class::Block
            | Class::Terminals
            | Class::Hours
            | Class::Report => Self::Section,
            Class::Founding
            | Class::Organisation
            | Class::Functions
            | Class::Stop
            | Class::Connection
            | Class::Policy
            | Class::Destruction
            | Class::Preservation => Self::Office,
        }
    }

    fn roles(self, mandate: Mandate) -> Vec<Role> {
        match self {
            Self::Office => mandate.roles_on(&Concern::Office),
            Self::Section => mandate.roles_on(&Concern::Nobody),
        }
    }
}

/// Whether each place, of proposer and stages, can be taken by a person of its own.
fn each_has_another(places: &[Vec<&Code>]) -> bool {
    let mut seats = BTreeMap::new();
    (0..places.len()).all(|place| seat(places, place, &mut seats, &mut BTreeSet::new()))
}

/// Seats somebody at `place`: whoever sits at another one moves on where that lets him. Trying all orders of persons would take for ever (seven
/// stages among two hundred persons); so each person is asked once for each place.
fn seat<'s>(
    places: &[Vec<&'s Code>],
    place: usize,
    seats: &mut BTreeMap<&'s Code, usize>,
    asked: &mut BTreeSet<&'s Code>,
) -> bool {
    for person in places.get(place).into_iter().flatten().copied() {
        if !asked.insert(person) {
            continue;
        }
        let sits = seats.get(person).copied();
        if sits.is_none_or(|other| seat(places, other, seats, asked)) {
            seats.insert(person, place);
            return true;
        }
    }
    false
}

/// What a draft says of those who have a card that signs. There are few of them, among all who have cards.
struct Signers<'d> {
    draft: &'d Draft<'d>,
    cards: Vec<&'d Card>,
}

impl<'d> Signers<'d> {
    fn of(draft: &'d Draft<'_>) -> Self {
        let (base, over) = draft.layers();
        let cards = merged(&base.cards, &over.cards).filter(|card| card.issued().signature.is_some());
        // Whoever comes from another office signs for that: this one must be able to decide without him.
        let cards = cards.filter(|card| !draft.comes_from_elsewhere(card));
        Self { draft, cards: cards.collect() }
    }

    /// Every card that can sign at `t`, by its holder and his roles.
    fn at(&self, counted: Counted, reach: Reach, t: u64) -> Vec<Signer> {
        let usable = self.cards.iter().filter(|card| {
            let state = card.state(t);
            let suspended = state == CardState::Suspended && counted == Counted::Suspended;
            card.is_within_dates(t) && (state == CardState::Active || suspended)
        });
        let signs = |operator: &Code| {
            self.draft.operator(operator).is_some_and(|who| {
                let state = who.state(t);
                let suspended = state == OperatorState::Suspended && counted == Counted::Suspended;
                matches!(who.standing(t), Standing::Designated(_)) && (state == OperatorState::Active || suspended)
            })
        };
        let holders = usable.filter_map(|card| card.holder(t)).filter(|holder| signs(holder.operator));
        holders.map(|holder| (holder.operator.clone(), self.draft.roles_held(holder.operator, reach, t))).collect()
    }

    /// Whether there are persons who could take this route at `t`.
    fn can_take(&self, counted: Counted, route: &Route, reach: Reach, t: u64) -> bool {
        let signers = self.at(counted, reach, t);
        let who = |admits: &dyn Fn(&[Role]) -> bool| -> Vec<&Code> {
            signers.iter().filter(|(_, roles)| admits(roles)).map(|(who, _)| who).collect()
        };
        let mut places = vec![who(&|roles| route.admits_proposer(roles))];
        places.extend((0..route.stages.len()).map(|stage| who(&|roles| route.admits_at(stage, roles))));
        let each_has_one = places.iter().all(|place| !place.is_empty());
        each_has_one && (!route.distinct || each_has_another(&places))
    }

    /// Whether the office can be decided about at `t`: by those who can sign then, or by them and whom they can let sign again.
    fn can_decide(&self, t: u64) -> bool {
        let route = self.draft.route_at(Class::Founding, t);
        let can = |counted| self.can_take(counted, &route, Reach::Office, t);
        can(Counted::Current) || (self.can_lift(t) && can(Counted::Suspended))
    }

    /// Whether somebody can let those sign again who are suspended at `t`.
    fn can_lift(&self, t: u64) -> bool {
        let classes = [Class::Cards, Class::Operators];
        let can = |class| self.can_take(Counted::Current, &self.draft.route_at(class, t), Reach::Office, t);
        classes.into_iter().all(can)
    }

    /// When anything begins or ends that makes somebody a signer.
    fn dates(&self) -> impl Iterator<Item = u64> {
        let cards = self.cards.iter();
        let cards = cards.flat_map(|card| card.states().dates().chain([card.begins(), card.issued().to]));
        let designated = |operator: &'d Operator| {
            operator.designations().iter().flat_map(|said| [said.effective, said.value.from, said.value.to])
        };
        let operators = self.operators();
        let operators = operators.flat_map(move |operator| operator.states().dates().chain(designated(operator)));
        let posts = self.posts().flat_map(|post| post.versions().dates().chain(post.dates_of_holding()));
        let routes =
            self.draft.office().into_iter().flat_map(|office| office.routes.values().flat_map(Timeline::dates));
        cards.chain(operators).chain(posts).chain(routes)
    }

    fn operators(&self) -> impl Iterator<Item = &'d Operator> {
        self.cards.iter().filter_map(|card| self.draft.operator(card.issued().operator.as_ref()?))
    }

    fn posts(&self) -> impl Iterator<Item = &'d Post> {
        let (base, over) = self.draft.layers();
        merged(&base.posts, &over.posts)
    }
}

impl Draft<'_> {
    /// What a person can sign for: in the posts that he holds, and in those whose papers he keeps.
    fn roles_held(&self, operator: &Code, reach: Reach, t: u64) -> Vec<Role> {
        let (base, over) = self.layers();
        let posts = || merged(&base.posts, &over.posts);
        let holds = |post: &Post| {
            [Capacity::Holder, Capacity::Deputy].into_iter().any(|capacity| post.is_held_by(operator, capacity, t))
        };
        let held: Vec<&Code> = posts().filter(|post| holds(post)).map(Post::code).collect();
        let signs_for = |post: &&Post| held.iter().any(|held| post.code() == *held || post.is_kept_by(held, t));
        posts().filter(signs_for).flat_map(|post| reach.roles(post.mandate_at(t))).collect()
    }

    /// How many cards can take part in changes of class founding at `t`.
    pub(crate) fn founding_cards(&self, t: u64) -> usize {
        let route = self.route_at(Class::Founding, t);
        let takes_part = |(_, roles): &Signer| route.admits_proposer(roles) || route.admits_approver(roles);
        Signers::of(self).at(Counted::Current, Reach::Office, t).iter().filter(|signer| takes_part(signer)).count()
    }

    /// Whether there are persons who could take this route at `t`.
    pub(crate) fn can_be_taken(&self, route: &Route, reach: Reach, t: u64) -> bool {
        Signers::of(self).can_take(Counted::Current, route, reach, t)
    }

    /// What one person alone signed must not end the office's ability to decide: not for good, nor by suspending all who could lift that.
    /// Where it ends anyway, because one of the last two leaves, nothing is left to lose, and a card that is with a thief can be suspended.
    ///
    /// It is asked of every date from now on, not of the act's own alone: two acts, each of which leaves somebody on the dates that it
    /// names, must not leave nobody on a third; nor may the last who can lift run out before those whom he suspended.
    pub(crate) fn somebody_can_decide(&self, changes: &[Change], at: Position) -> Result<(), FoldRefusal> {
        if !changes.iter().any(|change| self.takes_a_signer(change)) {
            return Ok(());
        }
        let base = Draft::over(self.layers().0);
        let (before, after) = (Signers::of(&base), Signers::of(self));
        let dates: BTreeSet<u64> = after.dates().chain([at.now]).filter(|t| *t >= at.now).collect();
        match dates.into_iter().find(|t| !after.can_decide(*t) && before.can_decide(*t)) {
            Some(from) => Err(FoldRefusal::LastSigners { from }),
            None => Ok(()),
        }
    }

    /// Whether a person of this office was ever named to a post of it.
    pub(crate) fn ever_in_a_post(&self, operator: &Code) -> bool {
        let (base, over) = self.layers();
        let own = self.operator(operator).is_none_or(|operator| operator.home().is_none());
        own && merged(&base.posts, &over.posts).any(|post| post.was_ever_held_by(operator))
    }

    /// Whether a card signs for this office.
    pub(crate) fn signs_here(&self, card: &Card) -> bool {
        card.issued().signature.is_some() && !self.comes_from_elsewhere(card)
    }

    /// Whether a change may take away somebody who signs; most do not, so that most acts cost no look at every card.
    fn takes_a_signer(&self, change: &Change) -> bool {
        match change {
            Change::LeavePost(_) => true,
            Change::CardState(change) if change.state != CardState::Active => {
                self.card(&change.card).is_some_and(|card| self.signs_here(card))
            }
            Change::OperatorState(change) if change.state != OperatorState::Active => {
                self.ever_in_a_post(&change.operator)
            }
            // A new designation ends when it says, whatever the one before it said.
            Change::Designate(change) => self.ever_in_a_post(&change.operator),
            Change::Found(_)
            | Change::RequireVersion(_)
            | Change::RecoveryKeys(_)
            | Change::AnnounceRecovery(_)
            | Change::EndRecovery(_)
            | Change::Section(_)
            | Change::Post(_)
            | Change::HoldPost(_)
            | Change::Function(_)
            | Change::Purpose(_)
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
            | Change::SucceedLog(_)
            | Change::Destroy(_)
            | Change::Preserve(_)
            | Change::EraseNames(_)
            | Change::EraseTexts(_)
            | Change::Witnesses(_)
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
}

/// The values of both maps, the upper one first.
pub(crate) fn merged<'m, K: Ord, V>(base: &'m BTreeMap<K, V>, over: &'m BTreeMap<K, V>) -> impl Iterator<Item = &'m V> {
    over.values().chain(base.iter().filter(|(key, _)| !over.contains_key(key)).map(|(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries them all.
    fn by_trying(places: &[Vec<&Code>], taken: &mut Vec<Code>) -> bool {
        let Some((first, rest)) = places.split_first() else { return true };
        first.iter().any(|person| {
            if taken.contains(person) {
                return false;
            }
            taken.push((*person).clone());
            let can = by_trying(rest, taken);
            taken.pop();
            can
        })
    }

    #[test]
    fn places_are_filled_wherever_trying_all_orders_would_fill_them() {
        let persons = ["aoki", "baba", "chiba", "doi"].map(|name| Code::new(name).expect("a code"));
        // Which persons could take which of three places: a bit for each.
        for could in 0_u32..1 << 12 {
            let at = |place: usize| (0..4).filter(move |person| could >> (place * 4 + person) & 1 == 1);
            // Whoever has two cards is named twice.
            let twice = |place| at(place).chain(at(place)).map(|person| &persons[person]).collect::<Vec<_>>();
            let places = [twice(0), twice(1), twice(2)];
            assert_eq!(each_has_another(&places), by_trying(&places, &mut Vec::new()), "{places:?}");
        }
    }
}
