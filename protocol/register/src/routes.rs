//! Who may propose and who approves, by class of change (§R3.2). An office sets its own routes by act; these are our defaults.

use alloc::vec::Vec;

use crate::role::{Class, Role};

/// The way of one class of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Who may propose, or sign alone when nobody approves.
    pub proposers: Vec<Role>,
    /// Who approves, one stage after the other (決裁の段階); empty: nobody has to.
    pub stages: Vec<Vec<Role>>,
    /// The proposer and whoever approves a stage must all be different persons.
    pub distinct: bool,
}

impl Route {
    /// Whether one of these roles may propose.
    #[must_use]
    pub fn admits_proposer(&self, roles: &[Role]) -> bool {
        self.proposers.iter().any(|role| roles.contains(role))
    }

    /// Whether one of these roles may approve this stage, of which 0 is the first.
    #[must_use]
    pub fn admits_at(&self, stage: usize, roles: &[Role]) -> bool {
        self.stages.get(stage).is_some_and(|stage| stage.iter().any(|role| roles.contains(role)))
    }

    /// Whether one of these roles may approve some stage.
    #[must_use]
    pub fn admits_approver(&self, roles: &[Role]) -> bool {
        (0..self.stages.len()).any(|stage| self.admits_at(stage, roles))
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
        Class::Activation => ACTIVATORS,
        Class::Terminals => TERMINAL_MANAGERS,
        Class::Block | Class::Stop | Class::Preservation => OFFICERS,
        Class::Report => REPORTERS,
    };
    // Log keys, versions and routes are what everything else stands on: nobody changes them alone.
    let approvers: &[&[Role]] = match class {
        Class::Founding => &[FOUNDING],
        // What is destroyed never comes back.
        Class::Destruction => &[SECURITY_OFFICERS],
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
        | Class::Preservation
        | Class::Activation => &[],
    };
    let stages = approvers.iter().map(|stage| stage.to_vec()).collect();
    Route { proposers: proposers.to_vec(), stages, distinct: true }
}

const FOUNDING: &[Role] = &[Role::ChiefSecurityOfficer, Role::SystemManager, Role::DataProtectionManager];
const MANAGERS: &[Role] = &[Role::SystemManager, Role::DataProtectionManager];
const SECURITY_OFFICERS: &[Role] = &[Role::ChiefSecurityOfficer, Role::SecurityManager];
const CARD_MANAGERS: &[Role] = &[Role::SystemManager, Role::DataProtectionManager, Role::AccessManager];
/// The head of the section wakes a spare card within minutes, for his own people (S4 11(5), §R3.19).
const ACTIVATORS: &[Role] = &[
    Role::SystemManager,
    Role::DataProtectionManager,
    Role::AccessManager,
    Role::TerminalManager,
    Role::DataHandlingManager,
];
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
                assert!(route.stages.is_empty(), "{class:?}");
                assert!(!route.admits_proposer(&[Role::Operator, Role::TemporaryOperator, Role::Auditor]), "{class:?}");
            }
            if !matches!(class, Class::Report | Class::Activation) {
                assert!(!route.admits_proposer(&[Role::DataHandlingManager]), "{class:?}");
                assert!(!route.admits_approver(&[Role::DataHandlingManager]), "{class:?}");
            }
        }
    }

    #[test]
    fn a_founding_administrator_can_take_every_route() {
        for class in Class::ALL {
            assert!(default_route(class).admits_proposer(&Role::FOUNDING), "{class:?}");
            let route = default_route(class);
            assert!((0..route.stages.len()).all(|stage| route.admits_at(stage, &Role::FOUNDING)), "{class:?}");
        }
    }
}
