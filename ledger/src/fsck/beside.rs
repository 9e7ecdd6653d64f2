//! What stands beside the logs: payload keys, codes, enrolments, the founding. No leaf covers these rows, so they are held against the
//! records and acts that tell of them.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_wire::id::Code;
use sekisho_wire::reason::EnrolmentEvent;
use sekisho_wire::record::{Body, Record};

use super::acts::Acts;
use super::{Check, Extent, Fault, Finding};
use crate::clock::DAY;
use crate::error::LedgerError;
use crate::store::{CodePurpose, StoredCode, StoredEnrolment, StoredOffice};

/// What the ledger's own records tell of codes and enrolments.
#[derive(Default)]
pub(super) struct Enrolled {
    invited: BTreeMap<Code, u64>,
    requested: BTreeMap<Code, u64>,
}

impl Enrolled {
    /// Takes a record of the ledger's own.
    pub(super) fn take(&mut self, record: &Record) {
        let Body::Enrolment(enrolment) = &record.body else { return };
        let count = match enrolment.event {
            EnrolmentEvent::Invited => &mut self.invited,
            EnrolmentEvent::Requested => &mut self.requested,
            EnrolmentEvent::CertificateGiven | EnrolmentEvent::CodeRefused => return,
        };
        *count.entry(enrolment.terminal.clone()).or_default() += 1;
    }
}

impl Check<'_> {
    pub(super) fn keys(&mut self, office: &StoredOffice) -> Result<(), LedgerError> {
        self.vault.catch_up_office(self.store, &office.id)?;
        for key in self.store.keys(&office.id)? {
            if self.vault.is_damaged(&office.id, key.number) {
                self.note(Finding::of(office.id, Fault::KeyDamaged { number: key.number }));
            }
        }
        Ok(())
    }

    /// The founding act was made and taken within a day, or before it expired; its code holds the office's keys.
    pub(super) fn founding(&mut self, office: &StoredOffice, acts: &Acts) -> Result<(), LedgerError> {
        let founded = office.founded;
        let fits = |(made, expires): (u64, u64)| made.saturating_sub(DAY) <= founded && founded < expires;
        if acts.extent == Extent::Whole && !acts.founding.is_some_and(fits) {
            self.note(Finding::of(office.id, Fault::FoundedAltered { founded }));
        }
        let holds = |code: &StoredCode| {
            code.used == Some(founded)
                && matches!(&code.purpose, CodePurpose::Founding { seeds } if *seeds == office.seeds)
        };
        if !self.store.codes()?.iter().any(holds) {
            self.note(Finding::of(office.id, Fault::FoundingCode));
        }
        Ok(())
    }

    /// `enrolled` is nothing when the records could not be read to their end: then nobody can count.
    pub(super) fn codes(&mut self, office: &StoredOffice, enrolled: Option<&Enrolled>) -> Result<(), LedgerError> {
        let (all, enrolments) = (self.store.codes()?, self.store.enrolments(&office.id)?);
        let of_office =
            |code: &&StoredCode| matches!(&code.purpose, CodePurpose::Terminal { office: of, .. } if *of == office.id);
        if let Some(enrolled) = enrolled {
            self.count_codes(office, enrolled, all.iter().filter(of_office), &enrolments);
        }
        for enrolment in enrolments {
            let code = all.iter().filter(of_office).find(|code| code.hash == enrolment.code);
            let fits =
                |code: &StoredCode| code.used == Some(enrolment.at) && terminal_of(code) == Some(&enrolment.terminal);
            if !code.is_some_and(fits) {
                self.note(Finding::of(office.id, Fault::EnrolmentCode { terminal: enrolment.terminal }));
            }
        }
        Ok(())
    }

    fn count_codes<'a>(
        &mut self,
        office: &StoredOffice,
        enrolled: &Enrolled,
        codes: impl Iterator<Item = &'a StoredCode>,
        enrolments: &[StoredEnrolment],
    ) {
        let codes = counted(codes.filter_map(terminal_of));
        for terminal in union(&codes, &enrolled.invited) {
            let (codes, invited) = (number(&codes, &terminal), number(&enrolled.invited, &terminal));
            if codes != invited {
                self.note(Finding::of(office.id, Fault::CodesMiscounted { terminal, codes, invited }));
            }
        }
        let rows = counted(enrolments.iter().map(|enrolment| &enrolment.terminal));
        for terminal in union(&rows, &enrolled.requested) {
            let (enrolments, requested) = (number(&rows, &terminal), number(&enrolled.requested, &terminal));
            if enrolments != requested {
                self.note(Finding::of(office.id, Fault::EnrolmentsMiscounted { terminal, enrolments, requested }));
            }
        }
    }
}

const fn terminal_of(code: &StoredCode) -> Option<&Code> {
    match &code.purpose {
        CodePurpose::Terminal { terminal, .. } => Some(terminal),
        CodePurpose::Founding { .. } => None,
    }
}

fn counted<'a>(terminals: impl Iterator<Item = &'a Code>) -> BTreeMap<Code, u64> {
    let mut counts = BTreeMap::new();
    terminals.for_each(|terminal| *counts.entry(terminal.clone()).or_default() += 1);
    counts
}

fn number(counts: &BTreeMap<Code, u64>, terminal: &Code) -> u64 {
    counts.get(terminal).copied().unwrap_or_default()
}

fn union(one: &BTreeMap<Code, u64>, other: &BTreeMap<Code, u64>) -> BTreeSet<Code> {
    one.keys().chain(other.keys()).cloned().collect()
}
