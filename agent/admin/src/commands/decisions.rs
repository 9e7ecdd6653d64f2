//! The short forms: one change each, from the command line.

use sekisho_register::change::{
    Change, ConnectionState, Designate, EndPermit, EndQualification, GivePermit, GiveProfile, HoldPost, LeavePost,
    OperatorState, Qualify, SetConnection, SetFunction, SetOperatorState, SetPost, SetPurpose, SetRoute, SetSection,
    StateReason, WithdrawProfile,
};

use crate::changes_file::{Drafter, end_of_fiscal_year};
use crate::cli::{
    ConnectionChange, ConnectionCommand, FunctionCommand, OperatorChange, OperatorCommand, Period, PermitCommand,
    PostCommand, PurposeCommand, RouteCommand, SectionCommand, Since,
};
use crate::clock;
use crate::dates::{Edge, When};
use crate::desk::Desk;
use crate::error::AdminError;

/// From this date on; without one from now on.
pub(super) fn from(date: Option<When>) -> u64 {
    date.map_or_else(clock::now, |date| date.moment(Edge::From))
}

pub(super) fn since(since: Since) -> u64 {
    from(since.from)
}

/// From and until; without an end until the fiscal year ends in which it begins.
pub(super) fn period(period: Period) -> (u64, u64) {
    let from = from(period.from);
    (from, period.to.map_or_else(|| end_of_fiscal_year(from, 0), |date| date.moment(Edge::Until)))
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}

fn submit(desk: &mut Desk, change: Change) -> Result<(), AdminError> {
    desk.submit(vec![change], &[]).map(drop)
}

pub(super) fn section(desk: &mut Desk, command: SectionCommand) -> Result<(), AdminError> {
    let SectionCommand::Set { section, title, state, since: at } = command;
    submit(desk, Change::Section(SetSection { section, title, state, effective: since(at) }))
}

pub(super) fn post(desk: &mut Desk, command: PostCommand) -> Result<(), AdminError> {
    let change = match command {
        PostCommand::Set { post, title, roles, section, keeper } => {
            Change::Post(SetPost { post, title, roles: sorted(roles), section, keeper })
        }
        PostCommand::Hold { post, operator, deputy, beside, from: begin, to } => {
            let (from, to) = (from(begin), to.map(|date| date.moment(Edge::Until)));
            if !deputy && !beside {
                desk.log_in()?;
                let known = desk.cache.register().post(&post);
                let by = known.and_then(|known| known.held_beside(&operator, from, to.unwrap_or(u64::MAX)));
                if let Some(by) = by {
                    return Err(AdminError::PostHeld { post, by: desk.cache.person(by, desk.screen.language) });
                }
            }
            Change::HoldPost(HoldPost { post, operator, from, to, deputy })
        }
        PostCommand::Leave { post, operator, since: at } => {
            Change::LeavePost(LeavePost { post, operator, effective: since(at) })
        }
    };
    submit(desk, change)
}

pub(super) fn function(desk: &mut Desk, command: FunctionCommand) -> Result<(), AdminError> {
    let FunctionCommand::Set(arguments) = command;
    let change = SetFunction {
        function: arguments.function,
        title: arguments.title,
        level: arguments.level,
        purpose_required: arguments.purpose_required,
        essential: arguments.essential,
        terminal_kind: arguments.terminal_kind,
        applications: arguments.applications,
        state: arguments.state,
        management: arguments.management,
    };
    submit(desk, Change::Function(change))
}

pub(super) fn purpose(desk: &mut Desk, command: PurposeCommand) -> Result<(), AdminError> {
    let PurposeCommand::Set { purpose, title, functions, state } = command;
    submit(desk, Change::Purpose(SetPurpose { purpose, title, functions, state }))
}

pub(super) fn operator(desk: &mut Desk, command: OperatorCommand) -> Result<(), AdminError> {
    let change = match command {
        OperatorCommand::Designate { operator, name, class, section, terminals, sections, period: dates } => {
            let (from, to) = period(dates);
            let mut drafter = Drafter::new(desk.cache.register(), clock::now());
            let name = drafter.name(&name)?;
            let names = drafter.names;
            let designate = Designate { operator, name, class, section, from, to, terminals, sections };
            return desk.submit(vec![Change::Designate(Box::new(designate))], &names).map(drop);
        }
        OperatorCommand::Suspend(change) => state(change, OperatorState::Suspended),
        OperatorCommand::Lift(change) => state(change, OperatorState::Active),
        OperatorCommand::End(change) => state(change, OperatorState::Ended),
        OperatorCommand::Profile { operator, profile, functions, period: dates } => {
            let (from, to) = period(dates);
            Change::Profile(GiveProfile { operator, profile, functions, from, to })
        }
        OperatorCommand::WithdrawProfile { operator, profile, since: at } => {
            Change::WithdrawProfile(WithdrawProfile { operator, profile, effective: since(at) })
        }
        OperatorCommand::Qualify { operator, kinds, ground, period: dates } => {
            let (from, to) = period(dates);
            Change::Qualify(Box::new(Qualify { operator, kinds: sorted(kinds), ground, from, to }))
        }
        OperatorCommand::EndQualification { operator, since: at } => {
            Change::EndQualification(EndQualification { operator, effective: since(at) })
        }
        OperatorCommand::List { .. } | OperatorCommand::Renew(_) => return Ok(()),
    };
    submit(desk, change)
}

fn state(change: OperatorChange, state: OperatorState) -> Change {
    let reason: StateReason = change.reason;
    Change::OperatorState(SetOperatorState { operator: change.operator, state, effective: since(change.since), reason })
}

pub(super) fn permit(desk: &mut Desk, command: PermitCommand) -> Result<(), AdminError> {
    let change = match command {
        PermitCommand::Grant { operators, terminals, functions, from: begin, to, reason } => {
            Change::Permit(Box::new(GivePermit {
                operators,
                terminals,
                functions,
                from: begin.moment(Edge::From),
                to: to.moment(Edge::Until),
                reason,
            }))
        }
        PermitCommand::End { permit, since: at } => Change::EndPermit(EndPermit { permit, effective: since(at) }),
        PermitCommand::List => return Ok(()),
    };
    submit(desk, change)
}

pub(super) fn connection(desk: &mut Desk, command: ConnectionCommand) -> Result<(), AdminError> {
    let (ConnectionChange { functions, incident }, state) = match command {
        ConnectionCommand::Stop(change) => (change, ConnectionState::Stopped),
        ConnectionCommand::Open(change) => (change, ConnectionState::Connected),
    };
    submit(desk, Change::Connection(SetConnection { state, functions, incident }))
}

pub(super) fn route(desk: &mut Desk, command: RouteCommand) -> Result<(), AdminError> {
    let RouteCommand::Set { class, proposers, approvers, same_person } = command else { return Ok(()) };
    let stages = approvers.into_iter().map(|stage| stage.0).collect();
    let route = SetRoute { class, proposers: sorted(proposers), stages, distinct: !same_person };
    submit(desk, Change::Route(route))
}
