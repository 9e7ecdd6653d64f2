//! Questions to the register. Those with a time answer "as of" it (§R4.5); iterators are sorted by code.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use sekisho_tlog::{KeyKind, VerifyingKey};
use sekisho_wire::id::{CardGuid, Code, Hash, Numbered, OfficeId};

use crate::cards::Card;
use crate::casebook::Proposed;
use crate::change::{CardKind, Change, ConnectionState, Found, Log, OpenSpan, SetCalendar, SetWitnesses};
use crate::connection::{ConnectionAct, Stops};
use crate::decide::RULES_VERSION;
use crate::fold::Register;
use crate::functions::{Function, Purpose};
use crate::hours::{DEFAULT_WEEK, Permit, is_open, next_closing};
use crate::log_keys::LogKeys;
use crate::names::names_of;
use crate::organisation::{Post, Seats, Section};
use crate::people::{Operator, ProfileStanding};
use crate::places::Terminal;
use crate::policy::Policy;
use crate::role::{Class, Role};
use crate::routes::Route;
use crate::succession::Succession;
use crate::timeline::Dated;
use crate::values::{Ed25519Key, NameHash, PublicKeyBytes};

impl Register {
    /// The office, once founded.
    #[must_use]
    pub fn office(&self) -> Option<OfficeId> {
        self.state.office.as_ref().map(|office| office.id)
    }

    /// What the founding act says: names, envelope key, administrators, recovery keys.
    #[must_use]
    pub fn founding(&self) -> Option<&Found> {
        self.state.office.as_ref().map(|office| &office.founding)
    }

    /// The office's name.
    #[must_use]
    pub fn title(&self) -> &str {
        self.founding().map_or("", |found| found.title.as_str())
    }

    /// The ledger's name: first part of each log's origin.
    #[must_use]
    pub fn ledger(&self) -> &str {
        self.founding().map_or("", |found| found.ledger.as_str())
    }

    /// The key that signs checkpoints of `log` as this register has it.
    #[must_use]
    pub fn log_key(&self, log: Log) -> Option<&Ed25519Key> {
        self.log_keys(log).last()
    }

    /// Every key a log ever had, the oldest first: what was verified in earlier days was signed by earlier keys.
    #[must_use]
    pub fn log_keys(&self, log: Log) -> &[Ed25519Key] {
        self.state.office.as_ref().and_then(|office| office.log_keys.get(&log)).map_or(&[], Vec::as_slice)
    }

    /// What opens checkpoints of the log that is this generation of `log`, under its origin (LEDGER §L2). Nothing before the founding act.
    #[must_use]
    pub fn checkpoint_keys(&self, log: Log, generation: u32) -> Option<LogKeys> {
        let origin = format!("{}/{}/{}", self.ledger(), self.office()?, log.name_of(generation));
        let key = |key: &Ed25519Key| VerifyingKey::from_bytes(&origin, KeyKind::Ed25519, &key.0).ok();
        LogKeys::new(self.log_keys(log).iter().filter_map(key).collect())
    }

    /// The same of the log that goes on now.
    #[must_use]
    pub fn keys_in_force(&self, log: Log) -> Option<LogKeys> {
        self.checkpoint_keys(log, self.generation(log))
    }

    /// The logs that went on in place of one that had lost something, the oldest first (§R4.14).
    #[must_use]
    pub fn successors(&self, log: Log) -> &[Succession] {
        let successors = self.state.office.as_ref().and_then(|office| office.successors.get(&log));
        successors.map_or(&[], Vec::as_slice)
    }

    /// How many logs there were, the present one included: 1, and one more with each successor.
    #[must_use]
    pub fn generation(&self, log: Log) -> u32 {
        u32::try_from(self.successors(log).len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Of the acts by which another log went on after the one of this generation, the one that kept the least: what of that log stands.
    #[must_use]
    pub fn given_up(&self, log: Log, generation: u32) -> Option<&Succession> {
        let known = usize::try_from(generation.saturating_sub(1)).unwrap_or(usize::MAX);
        self.successors(log).iter().skip(known).min_by_key(|successor| successor.kept_size)
    }

    /// The key under which envelopes are sealed (wire §8).
    #[must_use]
    pub fn envelope_key(&self) -> Option<&PublicKeyBytes> {
        self.founding().map(|found| &found.keys.envelope)
    }

    /// Least version of rules that acts ask for.
    #[must_use]
    pub fn required_version(&self) -> u16 {
        self.state.office.as_ref().map_or(0, |office| office.required_version)
    }

    /// The version of the rules to decide by (§R6): what acts ask for, and no newer than this program knows.
    #[must_use]
    pub fn rules(&self) -> u16 {
        self.required_version().clamp(1, RULES_VERSION)
    }

    /// Who cosigns the office's logs, and how many must have before records count as sealed.
    #[must_use]
    pub fn witnesses(&self) -> Option<&SetWitnesses> {
        self.state.office.as_ref().and_then(|office| office.witnesses.last())
    }

    /// Index of the act with that id (or of the act that approved the proposal with that id), if it took effect.
    #[must_use]
    pub fn act_index(&self, id: &Hash) -> Option<u64> {
        self.state.folded.get(id).copied()
    }

    /// A card by GUID.
    #[must_use]
    pub fn card(&self, card: &CardGuid) -> Option<&Card> {
        self.state.cards.get(card)
    }

    /// When, by what is known at `t`, the PIN of a card opens nothing any more; never where the policy sets it no time. `changed` is a
    /// change that is known besides.
    #[must_use]
    pub fn pin_ends(&self, card: &Card, changed: Option<u64>, t: u64) -> Option<u64> {
        let lasts = self.policy_at(t).pin_lasts?;
        let since = card.pin_since(t).max(changed.filter(|changed| *changed <= t));
        // Of one of which nothing is known nobody can say that it is in time.
        Some(since.map_or(0, |since| lasts.ends(since)))
    }

    /// A card by its number.
    #[must_use]
    pub fn card_by_number(&self, number: Numbered) -> Option<&Card> {
        self.card(self.state.cards_by_number.get(&number)?)
    }

    /// Every card ever issued, by GUID.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        self.state.cards.values()
    }

    /// Every card by number.
    pub fn cards_by_number(&self) -> impl Iterator<Item = &Card> {
        self.state.cards_by_number.values().filter_map(|guid| self.card(guid))
    }

    /// The cards that `operator` can use at `t`.
    pub fn cards_of(&self, operator: &Code, t: u64) -> impl Iterator<Item = &Card> {
        self.cards()
            .filter(move |card| card.is_current(t) && card.holder(t).is_some_and(|holder| holder.operator == operator))
    }

    /// An operator.
    #[must_use]
    pub fn operator(&self, operator: &Code) -> Option<&Operator> {
        self.state.operators.get(operator)
    }

    /// Every operator.
    pub fn operators(&self) -> impl Iterator<Item = &Operator> {
        self.state.operators.values()
    }

    /// Under which hash a person's name is known.
    #[must_use]
    pub fn name_hash(&self, operator: &Code) -> Option<&NameHash> {
        self.operator(operator).map(Operator::name)
    }

    /// Every hash of a name that a designation has or a recovery announces, and no act has erased: whoever keeps names keeps these.
    #[must_use]
    pub fn names(&self) -> BTreeSet<NameHash> {
        let designated = self.operators().flat_map(|operator| operator.designations().iter());
        let announced = self.announced_recovery(0).map_or_else(Vec::new, |open| names_of(&open.changes));
        let names = designated.map(|designation| designation.value.name).chain(announced);
        names.filter(|name| self.name_erased(name).is_none()).collect()
    }

    /// A terminal.
    #[must_use]
    pub fn terminal(&self, terminal: &Code) -> Option<&Terminal> {
        self.state.terminals.get(terminal)
    }

    /// Every terminal.
    pub fn terminals(&self) -> impl Iterator<Item = &Terminal> {
        self.state.terminals.values()
    }

    /// The terminal that signs with `key`, now or once.
    #[must_use]
    pub fn terminal_with_key(&self, key: &Ed25519Key) -> Option<&Terminal> {
        self.terminal(self.state.terminal_keys.get(key)?)
    }

    /// A section.
    #[must_use]
    pub fn section(&self, section: &Code) -> Option<&Section> {
        self.state.sections.get(section)
    }

    /// Every section.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.state.sections.values()
    }

    /// A function.
    #[must_use]
    pub fn function(&self, function: &Code) -> Option<&Function> {
        self.state.functions.get(function)
    }

    /// Every function.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.state.functions.values()
    }

    /// A purpose.
    #[must_use]
    pub fn purpose(&self, purpose: &Code) -> Option<&Purpose> {
        self.state.purposes.get(purpose)
    }

    /// Every purpose.
    pub fn purposes(&self) -> impl Iterator<Item = &Purpose> {
        self.state.purposes.values()
    }

    /// The purposes that can be given now, by what was last decided, for `function`.
    pub fn purposes_for(&self, function: &Code) -> impl Iterator<Item = &Purpose> {
        self.purposes().filter(move |purpose| purpose.is_for(function))
    }

    /// A post.
    #[must_use]
    pub fn post(&self, post: &Code) -> Option<&Post> {
        self.state.posts.get(post)
    }

    /// Every post.
    pub fn posts(&self) -> impl Iterator<Item = &Post> {
        self.state.posts.values()
    }

    /// Every (post, role) that `operator` holds at `t`, as holder or deputy, sorted; nothing for who may not act. The ledger lets people
    /// read by it.
    #[must_use]
    pub fn roles_of(&self, operator: &Code, at: u64) -> Vec<(Code, Role)> {
        self.roles_in(operator, Seats::All, at)
    }

    /// Of these, what he holds in such seats.
    pub(crate) fn roles_in(&self, operator: &Code, seats: Seats, at: u64) -> Vec<(Code, Role)> {
        if !self.operator(operator).is_some_and(|person| person.is_current(at)) {
            return Vec::new();
        }
        let held =
            self.posts().filter(|post| post.holders(at).any(|who| who.operator == *operator && seats.count(who)));
        let held = held.flat_map(|post| post.roles_at(at).iter().map(|role| (post.code().clone(), *role)));
        // Who comes from another office is a trustee and nothing else, whatever the post may do, and for as long as that is entrusted (§R10).
        let home = self.operator(operator).and_then(Operator::home);
        let entrusted = home.and_then(|home| self.partner(&home.partner)?.trust(at)).is_some();
        held.filter(|(_, role)| home.is_none() || (entrusted && *role == Role::TrusteeAdmin)).collect()
    }

    /// The act that stopped what is stopped still, and since when: the first since everything was connected.
    #[must_use]
    pub fn stopped_by(&self) -> Option<(u64, u64)> {
        let mut first = None;
        for said in self.state.office.as_ref()?.connection.iter() {
            first = if said.value.is_none() { None } else { first.or(Some((said.index, said.effective))) };
        }
        first
    }

    /// Every act that stopped something since everything was connected last, by index: of each there has to be a record before anything is restored.
    #[must_use]
    pub fn open_stops(&self) -> Vec<u64> {
        let mut open = Vec::new();
        for said in self.state.office.iter().flat_map(|office| office.connection.iter()) {
            match said.value.by().map(|by| by.state) {
                _ if said.value.is_none() => open.clear(),
                Some(ConnectionState::Stopped) => open.push(said.index),
                Some(ConnectionState::Connected) | None => {}
            }
        }
        open
    }

    /// What the act at `index` did to the connection; nothing for one that did nothing to it.
    #[must_use]
    pub fn connection_act(&self, index: u64) -> Option<ConnectionAct> {
        let said = self.state.office.as_ref()?.connection.iter().find(|said| said.index == index)?;
        let by = said.value.by()?;
        Some(ConnectionAct { state: by.state, incident: by.incident, at: said.effective })
    }

    /// How many stages of approval these changes have to pass at `t`.
    #[must_use]
    pub fn stages(&self, changes: &[Change], t: u64) -> usize {
        changes.iter().map(|change| self.route_at(change.class(), t).stages.len()).max().unwrap_or(0)
    }

    /// Whether the routes at `t` have fewer stages than would have approved this proposal with the next one: nobody can approve it any more, and its
    /// proposer withdraws it.
    #[must_use]
    pub fn is_stranded(&self, proposed: &Proposed, t: u64) -> bool {
        proposed.approvals.len() >= self.stages(&proposed.act.act().changes, t).max(1)
    }

    /// The roles of which one has to approve a proposal next, by the routes at `t`; of several kinds of changes those that every one of them admits.
    #[must_use]
    pub fn next_approvers(&self, proposed: &Proposed, t: u64) -> Vec<Role> {
        let stage = proposed.approvals.len();
        let routes = proposed.act.act().changes.iter().map(|change| self.route_at(change.class(), t));
        let admit = |route: &Route| match route.stages.get(stage) {
            Some(roles) => Some(roles.clone()),
            None if route.stages.is_empty() => Some(route.proposers.clone()),
            None => None,
        };
        let mut asked: Option<Vec<Role>> = None;
        for roles in routes.filter_map(|route| admit(&route)) {
            asked = Some(match asked {
                Some(before) => before.into_iter().filter(|role| roles.contains(role)).collect(),
                None => roles,
            });
        }
        asked.unwrap_or_default()
    }

    /// A permit.
    #[must_use]
    pub fn permit(&self, permit: Numbered) -> Option<&Permit> {
        self.state.permits.get(&permit)
    }

    /// Every permit, by number.
    pub fn permits(&self) -> impl Iterator<Item = &Permit> {
        self.state.permits.values()
    }

    /// The first permit that lets `operator` work at `terminal` at `t`; with a function, run it.
    #[must_use]
    pub fn permit_covering(
        &self,
        operator: &Code,
        terminal: &Code,
        function: Option<&Code>,
        t: u64,
    ) -> Option<Numbered> {
        self.permits().find(|permit| permit.covers(operator, terminal, function, t)).map(Permit::number)
    }

    /// Since when there is a policy: since the founding.
    #[must_use]
    pub fn policy_since(&self) -> Option<u64> {
        self.state.office.as_ref()?.policy.iter().map(|said| said.effective).min()
    }

    /// The policy in force at `t`; the defaults before the founding act.
    #[must_use]
    pub fn policy_at(&self, t: u64) -> &Policy {
        let policy = self.state.office.as_ref().and_then(|office| office.policy.at(t));
        policy.unwrap_or(&DEFAULT_POLICY)
    }

    /// The policy in force at `t` with the act that said so; nothing before the founding act.
    #[must_use]
    pub fn policy_said(&self, t: u64) -> Option<&Dated<Policy>> {
        self.state.office.as_ref()?.policy.dated_at(t)
    }

    /// Since when, at `now`, the policy has asked for a qualification before a card of this kind is lent; nothing where it does not.
    pub(crate) fn asks_to_qualify_since(&self, kind: CardKind, now: u64) -> Option<u64> {
        let mut decided: Vec<u64> = self.state.office.as_ref()?.policy.dates().filter(|date| *date <= now).collect();
        decided.sort_unstable();
        let asks = |date: &u64| self.policy_at(*date).qualified_kinds.contains(&kind);
        decided.into_iter().rev().take_while(asks).last()
    }

    /// The policy that was last decided, whatever its date: what the next change is drafted over.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        let policy = self.state.office.as_ref().and_then(|office| office.policy.last());
        policy.unwrap_or(&DEFAULT_POLICY)
    }

    /// The route of a class in force at `t`.
    #[must_use]
    pub fn route_at(&self, class: Class, t: u64) -> Route {
        let office = self.state.office.as_ref();
        office.map_or_else(|| crate::routes::default_route(class), |office| office.route_at(class, t))
    }

    /// The route of a class that was last decided, whatever its date.
    #[must_use]
    pub fn route(&self, class: Class) -> Route {
        self.state.office.as_ref().map_or_else(|| crate::routes::default_route(class), |office| office.route(class))
    }

    /// The week of a terminal in force at `t`, Monday first: its own, else the office's, else ours.
    #[must_use]
    pub fn hours(&self, terminal: &Code, t: u64) -> &[OpenSpan; 7] {
        let week = |whose: &Option<Code>| self.state.hours.get(whose).and_then(|hours| hours.week_at(t));
        week(&Some(terminal.clone())).or_else(|| week(&None)).unwrap_or(&DEFAULT_WEEK)
    }

    /// When the office closes on the day of `t`, by its own hours; nothing when it is closed then or open without end.
    #[must_use]
    pub fn office_closes(&self, t: u64) -> Option<u64> {
        let week = self.state.hours.get(&None).and_then(|hours| hours.week_at(t)).unwrap_or(&DEFAULT_WEEK);
        next_closing(week, self.calendar(t), t)
    }

    /// The calendar in force at `t`.
    #[must_use]
    pub fn calendar(&self, t: u64) -> &SetCalendar {
        self.state.office.as_ref().and_then(|office| office.calendar.at(t)).unwrap_or(&NO_CALENDAR)
    }

    /// Whether `t` lies within the terminal's hours.
    #[must_use]
    pub fn is_open(&self, terminal: &Code, t: u64) -> bool {
        is_open(self.hours(terminal, t), self.calendar(t), t)
    }

    /// When the hours that `t` lies in end; nothing when closed now or open without end.
    #[must_use]
    pub fn next_closing(&self, terminal: &Code, t: u64) -> Option<u64> {
        next_closing(self.hours(terminal, t), self.calendar(t), t)
    }

    /// The connection as of `t`. (`decide` goes by the newest word in the log, so that a stop works at once.)
    #[must_use]
    pub fn connection(&self, at: u64) -> ConnectionState {
        let stops = self.state.office.as_ref().and_then(|office| office.connection.at(at));
        if stops.is_none_or(Stops::is_none) { ConnectionState::Connected } else { ConnectionState::Stopped }
    }

    /// What is stopped, by the newest word in the log; nothing before the first stop.
    #[must_use]
    pub fn stops(&self) -> Option<&Stops> {
        self.state.office.as_ref()?.connection.last()
    }

    /// Whether the connection is now stopped for `function`; for all use when none is named.
    #[must_use]
    pub fn is_stopped(&self, function: Option<&Code>) -> bool {
        self.stops().is_some_and(|stops| {
            stops.all_but_restored(function) || function.is_some_and(|function| stops.names(function))
        })
    }

    /// The profiles that the card's holder can use with it at `t`, sorted.
    #[must_use]
    pub fn profiles_on_card(&self, card: &CardGuid, at: u64) -> Vec<Code> {
        let Some(holder) = self.card(card).and_then(|card| card.holder(at)) else { return Vec::new() };
        let Some(operator) = self.operator(holder.operator) else { return Vec::new() };
        let on_card = |profile: &Code| holder.profiles.is_empty() || holder.profiles.contains(profile);
        operator.profiles_at(at).map(|(code, _)| code).filter(|code| on_card(code)).cloned().collect()
    }

    /// What the panel lists: functions in the profile's scope that this terminal is for and that are in use.
    #[must_use]
    pub fn functions_for(&self, operator: &Code, profile: &Code, terminal: &Code, at: u64) -> Vec<&Function> {
        let (Some(person), Some(place)) = (self.operator(operator), self.terminal(terminal)) else { return Vec::new() };
        let ProfileStanding::Held(held) = person.profile(profile, at) else { return Vec::new() };
        let Some(place) = place.version_at(at) else { return Vec::new() };
        let fits = |function: &&Function| {
            let Some(version) = function.in_use_at(at) else { return false };
            held.functions.contains(&version.function)
                && place.functions.contains(&version.function)
                && version.terminal_kind.is_none_or(|kind| kind == place.kind)
        };
        self.functions().filter(fits).collect()
    }

    /// Whether a card of this kind may run a management function.
    pub(crate) const fn manages_cards(kind: CardKind) -> bool {
        matches!(kind, CardKind::CardManagement)
    }
}

/// A calendar that names no day.
static NO_CALENDAR: SetCalendar = SetCalendar { closed: Vec::new(), open: Vec::new() };
/// What holds before the founding act.
static DEFAULT_POLICY: Policy = Policy::DEFAULT;
