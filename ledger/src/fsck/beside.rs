//! What stands beside the logs: payload keys, codes, enrolments, the founding. No leaf covers these rows, so they are held against the
//! records and acts that tell of them.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_register::calendar::Month;
use sekisho_wire::id::{Code, Hash as WireHash};
use sekisho_wire::reason::EnrolmentEvent;
use sekisho_wire::record::{Body, Enrolment, Record, Retention};

use super::acts::Acts;
use super::{Check, Extent, Fault, Finding};
use crate::authority::Peer;
use crate::clock::{DAY, Millis};
use crate::destroy::names_of;
use crate::enrol::{INVITATION, key_digest};
use crate::error::LedgerError;
use crate::log_keys::wrapped_public_keys;
use crate::store::{CodePurpose, KeyState, StoredCode, StoredEnrolment, StoredOffice};

/// What the ledger's own records tell of codes and enrolments.
#[derive(Default)]
pub(super) struct Enrolled {
    invited: Vec<Invited>,
    requested: Vec<Requested>,
}

/// That a code was given out.
struct Invited {
    terminal: Code,
    code: Option<WireHash>,
    at: Millis,
}

/// That a terminal enrolled.
struct Requested {
    terminal: Code,
    code: Option<WireHash>,
    key: Option<WireHash>,
    at: Millis,
}

impl Enrolled {
    /// Takes a record of the ledger's own.
    pub(super) fn take(&mut self, record: &Record) {
        let Body::Enrolment(Enrolment { terminal, event, key, code, .. }) = &record.body else { return };
        let (terminal, key, code, at) = (terminal.clone(), *key, *code, record.trusted);
        match event {
            EnrolmentEvent::Invited => self.invited.push(Invited { terminal, code, at }),
            EnrolmentEvent::Requested => self.requested.push(Requested { terminal, code, key, at }),
            EnrolmentEvent::CertificateGiven | EnrolmentEvent::CodeRefused => {}
        }
    }

    /// What is wrong with a code, if it was not given out as it stands, or used when it says.
    fn fault_of_code(&self, code: &StoredCode, terminal: &Code, told: impl Fn(Millis) -> bool) -> Option<Fault> {
        let hash = Some(WireHash(code.hash));
        let given = |invited: &&Invited| invited.code == hash && invited.terminal == *terminal;
        let used = self.requested.iter().find(|requested| requested.code == hash).map(|requested| requested.at);
        let expires = self.invited.iter().find(given).map(|invited| invited.at.saturating_add(INVITATION));
        let terminal = terminal.clone();
        match code.used {
            _ if expires != Some(code.expires) => Some(Fault::CodeAltered { terminal }),
            None if used.is_some() => Some(Fault::CodeUnused { terminal }),
            // When it was used may be what nobody can tell any more.
            Some(at) if used != code.used && told(at) => Some(Fault::CodeAltered { terminal }),
            Some(_) | None => None,
        }
    }

    fn tells_of_enrolment(&self, row: &StoredEnrolment) -> bool {
        let (code, key) = (Some(WireHash(row.code)), Some(key_digest(&row.key)));
        let same = |requested: &&Requested| requested.code == code && requested.terminal == row.terminal;
        self.requested.iter().find(same).is_some_and(|requested| requested.key == key && requested.at == row.at)
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

    /// A key is destroyed where an act says so, and nowhere else. Of what was looked at only the register can say which.
    pub(super) fn destroyed(&mut self, office: &StoredOffice, acts: &Acts) -> Result<(), LedgerError> {
        if acts.extent == Extent::Partly {
            return Ok(());
        }
        for destroyed in &acts.destroyed {
            for (month, name) in names_of(&office.id, destroyed).map(|name| (Month(name.2), name)) {
                if self.vault.can_wrap(&name) {
                    self.note(Finding::of(office.id, Fault::KeyRemains { class: destroyed.months.class, month }));
                }
            }
        }
        for key in self.store.keys(&office.id)? {
            let class = Retention::numbered(key.class.into());
            let by_act = class.is_some_and(|class| acts.destroy_month(class, Month(key.month)));
            let gone = self.vault.destroyed(&office.id, key.number).is_some();
            if gone && !by_act {
                self.note(Finding::of(office.id, Fault::DestroyedWithoutAct { number: key.number }));
            }
            // The row alone was left: nothing unwraps it, and still it is to go.
            if by_act && key.state == KeyState::InUse && !self.vault.can_wrap(&key.name()) {
                let (class, month) = (class.unwrap_or(Retention::Access), Month(key.month));
                self.note(Finding::of(office.id, Fault::KeyRemains { class, month }));
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
        // Keys that were made since stand behind those of the founding.
        let founding_keys = |seeds: &[u8]| wrapped_public_keys(self.vault.master(), seeds).ok();
        let ours = founding_keys(&office.seeds);
        let holds = |code: &StoredCode| match &code.purpose {
            CodePurpose::Founding { seeds } => {
                code.used == Some(founded) && ours.is_some() && founding_keys(seeds) == ours
            }
            CodePurpose::Terminal { .. } => false,
        };
        if !self.store.codes()?.iter().any(holds) {
            self.note(Finding::of(office.id, Fault::FoundingCode));
        }
        Ok(())
    }

    /// `enrolled` is nothing when the records could not be read to their end: then nobody can tell.
    /// What was written down of them in a month that is destroyed, nobody can tell any more either.
    pub(super) fn codes(
        &mut self,
        office: &StoredOffice,
        acts: &Acts,
        enrolled: Option<&Enrolled>,
    ) -> Result<(), LedgerError> {
        let (codes, enrolments) = (self.store.codes()?, self.store.enrolments(&office.id)?);
        let told = |at: Millis| !acts.destroy(Retention::Administration, at);
        let given = |code: &StoredCode| code.expires.saturating_sub(INVITATION);
        let codes: Vec<(&StoredCode, &Code)> = codes.iter().filter_map(|code| of_office(code, office)).collect();
        let codes: Vec<_> = codes.into_iter().filter(|(code, _)| told(given(code))).collect();
        let all = enrolments.clone();
        let enrolments: Vec<StoredEnrolment> = enrolments.into_iter().filter(|row| told(row.at)).collect();
        if let Some(enrolled) = enrolled {
            self.count(office, enrolled, &codes, &enrolments);
            for fault in codes.iter().filter_map(|(code, terminal)| enrolled.fault_of_code(code, terminal, told)) {
                self.note(Finding::of(office.id, fault));
            }
            for row in enrolments.iter().filter(|row| !enrolled.tells_of_enrolment(row)) {
                self.note(Finding::of(office.id, Fault::EnrolmentAltered { terminal: row.terminal.clone() }));
            }
        }
        for row in all {
            let peer = Peer { office: office.id, terminal: row.terminal };
            if !self.authority.has_certified(&peer, &row.certificate) {
                self.note(Finding::of(office.id, Fault::CertificateAltered { terminal: peer.terminal }));
            }
        }
        Ok(())
    }

    fn count(
        &mut self,
        office: &StoredOffice,
        enrolled: &Enrolled,
        codes: &[(&StoredCode, &Code)],
        enrolments: &[StoredEnrolment],
    ) {
        let codes = counted(codes.iter().map(|(_, terminal)| *terminal));
        let invited = counted(enrolled.invited.iter().map(|invited| &invited.terminal));
        for terminal in union(&codes, &invited) {
            let (codes, invited) = (number(&codes, &terminal), number(&invited, &terminal));
            if codes != invited {
                self.note(Finding::of(office.id, Fault::CodesMiscounted { terminal, codes, invited }));
            }
        }
        let rows = counted(enrolments.iter().map(|enrolment| &enrolment.terminal));
        let requested = counted(enrolled.requested.iter().map(|requested| &requested.terminal));
        for terminal in union(&rows, &requested) {
            let (enrolments, requested) = (number(&rows, &terminal), number(&requested, &terminal));
            if enrolments != requested {
                self.note(Finding::of(office.id, Fault::EnrolmentsMiscounted { terminal, enrolments, requested }));
            }
        }
    }
}

/// A code for a terminal of this office.
fn of_office<'a>(code: &'a StoredCode, office: &StoredOffice) -> Option<(&'a StoredCode, &'a Code)> {
    match &code.purpose {
        CodePurpose::Terminal { office: of, terminal } if *of == office.id => Some((code, terminal)),
        CodePurpose::Terminal { .. } | CodePurpose::Founding { .. } => None,
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
