//! What stands beside the logs: payload keys, codes, enrolments, the founding. No leaf covers these rows, so they are held against the
//! records and acts that tell of them.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_wire::id::{Code, Hash as WireHash};
use sekisho_wire::reason::EnrolmentEvent;
use sekisho_wire::record::{Body, Enrolment, Record};

use super::acts::Acts;
use super::{Check, Extent, Fault, Finding};
use crate::authority::Peer;
use crate::clock::{DAY, Millis};
use crate::enrol::{INVITATION, key_digest};
use crate::error::LedgerError;
use crate::store::{CodePurpose, StoredCode, StoredEnrolment, StoredOffice};

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

    /// Whether a code was given out as it stands, and used by whom it says and when.
    fn tells_of_code(&self, code: &StoredCode, terminal: &Code) -> bool {
        let hash = Some(WireHash(code.hash));
        let given = |invited: &&Invited| invited.code == hash && invited.terminal == *terminal;
        let used = self.requested.iter().find(|requested| requested.code == hash).map(|requested| requested.at);
        let expires = self.invited.iter().find(given).map(|invited| invited.at.saturating_add(INVITATION));
        expires == Some(code.expires) && used == code.used
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

    /// `enrolled` is nothing when the records could not be read to their end: then nobody can tell.
    pub(super) fn codes(&mut self, office: &StoredOffice, enrolled: Option<&Enrolled>) -> Result<(), LedgerError> {
        let (codes, enrolments) = (self.store.codes()?, self.store.enrolments(&office.id)?);
        let codes: Vec<(&StoredCode, &Code)> = codes.iter().filter_map(|code| of_office(code, office)).collect();
        if let Some(enrolled) = enrolled {
            self.count(office, enrolled, &codes, &enrolments);
            for (_, terminal) in codes.iter().filter(|(code, terminal)| !enrolled.tells_of_code(code, terminal)) {
                self.note(Finding::of(office.id, Fault::CodeAltered { terminal: (*terminal).clone() }));
            }
            for row in enrolments.iter().filter(|row| !enrolled.tells_of_enrolment(row)) {
                self.note(Finding::of(office.id, Fault::EnrolmentAltered { terminal: row.terminal.clone() }));
            }
        }
        for row in enrolments {
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
