//! Who may propose and who approves, by class of change (§R3.2). An office sets its own routes by act; these are our defaults.

use alloc::vec::Vec;

use crate::role::{Class, Role};

/// The way of one class of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Who may propose, or sign alone when nobody approves.
    pub proposers: Vec<Role>,
    /// Who approves; empty: no approval stage.
    pub approvers: Vec<Role>,
    /// Approver and proposer must be two persons.
    pub distinct: bool,
}

impl Route {
    /// Whether one of these roles may propose.
    #[must_use]
    pub fn admits_proposer(&self, roles: &[Role]) -> bool {
        self.proposers.iter().any(|role| roles.contains(role))
    }

    /// Whether one of these roles may approve; without an approval stage, whoever may propose.
    #[must_use]
    pub fn admits_approver(&self, roles: &[Role]) -> bool {
        let admitted = if self.approvers.is_empty() { &self.proposers } else { &self.approvers };
        admitted.iter().any(|role| roles.contains(role))
    }
}

/// Our default for an office that set no route.
#[must_use]
pub fn default_route(class: Class) -> Route {
    let proposers: &[Role] = match class {
        Class::Founding => FOUNDING,
        Class::Organisation
        | Class::Functions
        | Class::Policy
        | Class::Hours
        | Class::Connection
        | Class::Destruction => MANAGERS,
        Class::Operators | Class::Cards => CARD_MANAGERS,
        Class::Terminals => TERMINAL_MANAGERS,
        Class::Block | Class::Stop | Class::Preservation => OFFICERS,
        Class::Report => REPORTERS,
    };
    // Log keys, versions and routes are what everything else stands on: nobody changes them alone.
    let approvers: &[Role] = match class {
        Class::Founding => FOUNDING,
        // What is destroyed never comes back.
        Class::Destruction => SECURITY_OFFICERS,
        Class::Organisation
        | Class::Functions
        | Class::Operators
        | Class::Cards
        | Class::Block
        | Class::Terminals
        | Class::Hours
        | Class::Stop
        | Class::Connection
        | Class::Policy
        | Class::Report
        | Class::Preservation => &[],
    };
    Route { proposers: proposers.to_vec(), approvers: approvers.to_vec(), distinct: true }
}

const FOUNDING: &[Role] = &[Role::ChiefSecurityOfficer, Role::SystemManager, Role::DataProtectionManager];
const MANAGERS: &[Role] = &[Role::SystemManager, Role::DataProtectionManager];
const SECURITY_OFFICERS: &[Role] = &[Role::ChiefSecurityOfficer, Role::SecurityManager];
const CARD_MANAGERS: &[Role] = &[Role::SystemManager, Role::DataProtectionManager, Role::AccessManager];
const TERMINAL_MANAGERS: &[Role] = &[Role::SystemManager, Role::TerminalManager];
/// All but those who only work (operator, temporary operator) or only look (auditor), and heads of sections, who would act for others' (§R3.1).
const OFFICERS: &[Role] = &[
    Role::ChiefSecurityOfficer,
    Role::Executive,
    Role::SecurityCommittee,
    Role::SystemManager,
    Role::DataProtectionManager,
    Role::AccessManager,
    Role::SecurityManager,
    Role::TerminalManager,
    Role::SystemStaff,
    Role::TrusteeAdmin,
];
/// The finder reports (S3 27): everybody.
const REPORTERS: &[Role] = &Role::ALL;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_takes_away_never_waits_for_approval() {
        for class in Class::ALL {
            let route = default_route(class);
            assert!(!route.proposers.is_empty(), "{class:?}");
            assert!(route.proposers.is_sorted(), "{class:?}");
            if class.only_takes_away() {
                assert!(route.approvers.is_empty(), "{class:?}");
                assert!(!route.admits_proposer(&[Role::Operator, Role::TemporaryOperator, Role::Auditor]), "{class:?}");
            }
            if class != Class::Report {
                assert!(!route.admits_proposer(&[Role::DataHandlingManager]), "{class:?}");
                assert!(!route.approvers.contains(&Role::DataHandlingManager), "{class:?}");
            }
        }
    }

    #[test]
    fn a_founding_administrator_can_take_every_route() {
        for class in Class::ALL {
            assert!(default_route(class).admits_proposer(&Role::FOUNDING), "{class:?}");
            assert!(default_route(class).admits_approver(&Role::FOUNDING), "{class:?}");
        }
    }
}
