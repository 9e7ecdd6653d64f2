//! The office itself: what the founding act says, connection, policy, routes, log keys.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use sekisho_wire::id::OfficeId;

use crate::change::{
    Administrator, Found, Log, RequireVersion, SetCalendar, SetConnection, SetLogKey, SetPolicy, SetRoute,
    SetWitnesses, SucceedLog,
};
use crate::connection::Stops;
use crate::organisation::{Capacity, Holder, Holding, Post, PostVersion};
use crate::people::Operator;
use crate::policy::Policy;
use crate::recovery::{RECOVERY_MAX, Recovering, check_recovery};
use crate::refusal::{FoldRefusal, WrongValue};
use crate::retention::Kept;
use crate::role::{Class, Role};
use crate::routes::{Route, default_route};
use crate::signers::Reach;
use crate::state::{Draft, Position};
use crate::succession::Succession;
use crate::thing::Thing;
use crate::timeline::Timeline;
use crate::values::{Ed25519Key, Title};

/// The office.
#[derive(Clone, Debug)]
pub(crate) struct Office {
    pub(crate) id: OfficeId,
    pub(crate) founding: Found,
    pub(crate) policy: Timeline<Policy>,
    pub(crate) calendar: Timeline<SetCalendar>,
    pub(crate) connection: Timeline<Stops>,
    pub(crate) routes: BTreeMap<Class, Timeline<Route>>,
    /// Every key that a log ever had, in their order; the last one signs.
    pub(crate) log_keys: BTreeMap<Log, Vec<Ed25519Key>>,
    /// Logs that went on in place of one that had lost something, in their order.
    pub(crate) successors: BTreeMap<Log, Vec<Succession>>,
    pub(crate) witnesses: Timeline<SetWitnesses>,
    pub(crate) recovering: Recovering,
    /// With whom the policy is shared (§R10).
    pub(crate) shared: Timeline<Option<OfficeId>>,
    pub(crate) required_version: u16,
    pub(crate) kept: Kept,
}

impl Office {
    pub(crate) fn route_at(&self, class: Class, t: u64) -> Route {
        let set = self.routes.get(&class).and_then(|timeline| timeline.at(t));
        set.cloned().unwrap_or_else(|| default_route(class))
    }

    pub(crate) fn route(&self, class: Class) -> Route {
        self.routes.get(&class).and_then(Timeline::last).cloned().unwrap_or_else(|| default_route(class))
    }
}

/// A founding act must leave an office that cannot lock itself out (§R3.5).
fn check_founding(found: &Found) -> Result<(), FoldRefusal> {
    let wrong = |what| Err(FoldRefusal::ValueWrong(what));
    let persons = found.administrators.iter().map(|administrator| &administrator.operator);
    let mut distinct: Vec<_> = persons.collect();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < 2 || distinct.len() != found.administrators.len() {
        return wrong(WrongValue::Administrators);
    }
    if !found.administrators.iter().all(administrator_can_sign) {
        return wrong(WrongValue::AdministratorCard);
    }
    check_recovery(&found.recovery)?;
    let keys = [&found.keys.records, &found.keys.register, &found.keys.casebook];
    if !keys.into_iter().all(Ed25519Key::is_sound) {
        return Err(FoldRefusal::KeyMalformed);
    }
    // The first part of each log's origin, which is a key name (tlog §7.1).
    if found.ledger.as_str().contains(|c: char| c.is_whitespace() || c == '+') {
        return wrong(WrongValue::LedgerName);
    }
    check_policy(&found.policy)
}

fn check_policy(policy: &Policy) -> Result<(), FoldRefusal> {
    if policy.is_sound() { Ok(()) } else { Err(FoldRefusal::ValueWrong(WrongValue::Policy)) }
}

fn administrator_can_sign(administrator: &Administrator) -> bool {
    let card = &administrator.card;
    card.operator.as_ref() == Some(&administrator.operator) && card.signature.is_some() && !card.dormant
}

impl Draft<'_> {
    pub(crate) fn apply_found(&mut self, found: &Found, id: OfficeId, at: Position) -> Result<(), FoldRefusal> {
        check_founding(found)?;
        let mut policy = Timeline::default();
        policy.push(at.index, at.effective, found.policy.clone());
        let keys = &found.keys;
        let log_keys = [(Log::Records, keys.records), (Log::Register, keys.register), (Log::Casebook, keys.casebook)];
        self.new_entries().office = Some(Office {
            id,
            founding: found.clone(),
            policy,
            calendar: Timeline::default(),
            connection: Timeline::default(),
            routes: BTreeMap::new(),
            log_keys: log_keys.into_iter().map(|(log, key)| (log, Vec::from([key]))).collect(),
            successors: BTreeMap::new(),
            witnesses: Timeline::default(),
            recovering: Recovering::founded(&found.recovery),
            shared: Timeline::default(),
            required_version: 0,
            kept: Kept::default(),
        });
        self.mark(Thing::Office, at)?;
        found.administrators.iter().try_for_each(|administrator| self.seat_administrator(administrator, at))
    }

    fn seat_administrator(&mut self, administrator: &Administrator, at: Position) -> Result<(), FoldRefusal> {
        let operator = Operator::founding(administrator.operator.clone(), administrator.name, at);
        self.new_entries().operators.insert(administrator.operator.clone(), operator);
        self.mark(Thing::Operator(administrator.operator.clone()), at)?;
        self.mark(Thing::Post(administrator.post.clone()), at)?;
        if self.post(&administrator.post).is_none() {
            let title = Title::new(administrator.post.as_str()).ok_or(FoldRefusal::ValueWrong(WrongValue::Post))?;
            let version = PostVersion { title, roles: Role::FOUNDING.to_vec(), section: None, keeper: None };
            let post = Post::founding(administrator.post.clone(), version, at);
            self.new_entries().posts.insert(administrator.post.clone(), post);
        }
        if let Some(post) = self.post_mut(&administrator.post) {
            let holder = Holder { operator: administrator.operator.clone(), capacity: Capacity::Holder };
            post.seat(holder, at.index, at.now, Holding::Held { from: at.now, to: None });
        }
        Ok(())
    }

    pub(crate) fn apply_require_version(&mut self, change: &RequireVersion, at: Position) -> Result<(), FoldRefusal> {
        self.touch(Thing::Office, at)?;
        let office = self.office_mut()?;
        office.required_version = office.required_version.max(change.version);
        Ok(())
    }

    pub(crate) fn apply_connection(&mut self, change: &SetConnection, at: Position) -> Result<(), FoldRefusal> {
        change.functions.iter().try_for_each(|function| self.need_function(function))?;
        self.touch(Thing::Connection, at)?;
        let connection = &mut self.office_mut()?.connection;
        let stops = connection.last().unwrap_or(&Stops::default()).after(change);
        connection.push(at.index, at.now, stops);
        Ok(())
    }

    pub(crate) fn apply_policy(&mut self, change: &SetPolicy, at: Position) -> Result<(), FoldRefusal> {
        check_policy(&change.policy)?;
        self.check_own_policy(at)?;
        self.touch(Thing::Policy, at)?;
        self.office_mut()?.policy.push(at.index, at.effective, change.policy.clone());
        Ok(())
    }

    pub(crate) fn apply_route(&mut self, change: &SetRoute, at: Position) -> Result<(), FoldRefusal> {
        let ascending = |roles: &[Role]| roles.is_sorted_by(|a, b| a < b);
        let stage = |roles: &Vec<Role>| !roles.is_empty() && ascending(roles);
        let sound = stage(&change.proposers) && change.stages.iter().all(stage);
        // What only takes rights away must never have to wait for a second person (§R3.3).
        if !sound || (change.class.only_takes_away() && !change.stages.is_empty()) {
            return Err(FoldRefusal::ValueWrong(WrongValue::RouteRoles));
        }
        // What cannot be undone is never one person's (§R3.14).
        if change.class == Class::Destruction && (change.stages.is_empty() || !change.distinct) {
            return Err(FoldRefusal::ValueWrong(WrongValue::LonelyDestruction));
        }
        if change.stages.len() > STAGES_MAX {
            return Err(FoldRefusal::ValueWrong(WrongValue::RouteStages));
        }
        self.touch(Thing::Route(change.class), at)?;
        let route =
            Route { proposers: change.proposers.clone(), stages: change.stages.clone(), distinct: change.distinct };
        if !self.can_be_taken(&route, Reach::of(change.class), at.now) {
            return Err(FoldRefusal::ValueWrong(WrongValue::DeadRoute));
        }
        self.office_mut()?.routes.entry(change.class).or_default().push(at.index, at.effective, route);
        Ok(())
    }

    pub(crate) fn apply_succeed_log(&mut self, change: &SucceedLog, at: Position) -> Result<(), FoldRefusal> {
        // What a terminal has of the register is all that it has verified.
        if change.log == Log::Register {
            return Err(FoldRefusal::ValueWrong(WrongValue::SucceededLog));
        }
        self.touch(Thing::Successor(change.log), at)?;
        self.office_mut()?.successors.entry(change.log).or_default().push(Succession::of(change, at.now));
        Ok(())
    }

    pub(crate) fn apply_log_key(&mut self, change: &SetLogKey, at: Position) -> Result<(), FoldRefusal> {
        if !change.key.is_sound() {
            return Err(FoldRefusal::KeyMalformed);
        }
        let office = self.office_mut()?;
        // A key that came back would make what it signed in the meantime good again; and no log is a witness (below).
        let is_witness = |set: &SetWitnesses| set.witnesses.iter().any(|witness| witness.key == change.key);
        if office.is_log_key(&change.key) || office.witnesses.iter().any(|set| is_witness(&set.value)) {
            return Err(FoldRefusal::KeyUsed);
        }
        self.touch(Thing::LogKey(change.log), at)?;
        self.office_mut()?.log_keys.entry(change.log).or_default().push(change.key);
        Ok(())
    }

    pub(crate) fn apply_witnesses(&mut self, change: &SetWitnesses, at: Position) -> Result<(), FoldRefusal> {
        let wrong = Err(FoldRefusal::ValueWrong(WrongValue::Witnesses));
        let SetWitnesses { witnesses, needed } = change;
        if witnesses.len() > WITNESSES_MAX || usize::from(*needed) > witnesses.len() {
            return wrong;
        }
        if !witnesses.is_sorted_by(|a, b| a.name.as_str() < b.name.as_str()) {
            return wrong;
        }
        if witnesses.iter().any(|witness| witness.name.as_str().contains(|c: char| c.is_whitespace() || c == '+')) {
            return wrong;
        }
        if !witnesses.iter().all(|witness| witness.key.is_sound()) {
            return Err(FoldRefusal::KeyMalformed);
        }
        // A cosignature does not say whose it is but by its key (tlog §9): one key is one witness, and a log is none of its own.
        let distinct: BTreeSet<_> = witnesses.iter().map(|witness| witness.key).collect();
        let office = self.office_mut()?;
        if distinct.len() != witnesses.len() || distinct.iter().any(|key| office.is_log_key(key)) {
            return Err(FoldRefusal::KeyUsed);
        }
        self.touch(Thing::Witnesses, at)?;
        self.office_mut()?.witnesses.push(at.index, at.now, change.clone());
        Ok(())
    }
}

impl Office {
    fn is_log_key(&self, key: &Ed25519Key) -> bool {
        self.log_keys.values().flatten().any(|one| one == key)
    }
}

/// As many approvals as a chain of acts carries behind its proposal (§R4.8 has as many keys).
const STAGES_MAX: usize = RECOVERY_MAX - 1;
/// As many cosignatures as a terminal carries along with a checkpoint.
const WITNESSES_MAX: usize = 8;
