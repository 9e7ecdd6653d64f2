//! Codes and enrolment: how a terminal becomes known before an act makes it count.

use sekisho_register::Ed25519Key;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::EnrolmentEvent;
use sekisho_wire::record::{Body, Enrolment};
use sha2::{Digest, Sha256};

use crate::authority::Peer;
use crate::clock::Millis;
use crate::code::CodeSecret;
use crate::ledger::{Ledger, Strangers};
use crate::refusal::{CodeFault, Refusal};
use crate::stage::Stage;
use crate::store::{CodePurpose, StoreError, StoredCode, StoredEnrolment};

/// A terminal that wants to belong to an office.
#[derive(Debug)]
pub struct Applicant {
    /// Whom it says to be.
    pub peer: Peer,
    /// Its code's secret.
    pub secret: CodeSecret,
    /// Its Ed25519 key.
    pub key: [u8; 32],
    /// Its certificate signing request.
    pub request: Vec<u8>,
}

impl Ledger {
    /// A one-time code for a terminal.
    ///
    /// # Errors
    /// When the office is unknown or the store fails.
    pub fn invite(&self, office: &OfficeId, terminal: &Code) -> Result<(String, Millis), Refusal> {
        let now = self.clock.now();
        let keys = self.office(office)?.keys();
        let secret = CodeSecret::generate();
        let expires = now.saturating_add(INVITATION);
        let purpose = CodePurpose::Terminal { office: *office, terminal: terminal.clone() };
        let stored = StoredCode { hash: secret.hash(), expires, purpose, used: None };
        let (id, name) = (*office, terminal.clone());
        self.writer.run(None, move |stage| -> Result<(), StoreError> {
            emit(stage, &id, name, EnrolmentEvent::Invited, now)?;
            stage.change().codes.push(stored);
            Ok(())
        })??;
        let code = self.facts().terminal(&keys, &secret, expires, &office.to_string(), terminal.as_str());
        Ok((code.to_line(), expires))
    }

    /// Takes an applicant's key and certifies its TLS key. The same applicant with the same key may ask again: the answer was lost.
    ///
    /// # Errors
    /// [`Refusal::CodeRefused`], written down; [`Refusal::RequestRefused`].
    pub fn enrol(&self, applicant: Applicant) -> Result<Vec<u8>, Refusal> {
        let now = self.clock.now();
        let office = self.office(&applicant.peer.office)?;
        let certificate = self.authority.terminal(&applicant.peer, &applicant.request, self.clock.machine());
        let certificate = certificate.map_err(|_| Refusal::RequestRefused)?;
        let strangers = self.strangers.clone();
        let (id, terminal) = (office.id, applicant.peer.terminal.clone());
        let hash = applicant.secret.hash();
        let key = applicant.key;
        let enrolled = self.writer.run(Some(u64::from_be_bytes(first_eight(&hash))), move |stage| {
            let row = StoredEnrolment { office: id, terminal, code: hash, key, certificate, at: now };
            plan(stage, row, &strangers, now)
        })?;
        if let Err(Refusal::CodeRefused(fault)) = &enrolled {
            log::warn!(
                "terminal {} of office {} came with a code that is refused: {fault:?}",
                applicant.peer.terminal,
                id
            );
        }
        enrolled
    }

    /// Terminals whose key is not yet in the register.
    ///
    /// # Errors
    /// When the office is unknown or the store fails.
    pub fn waiting_enrolments(&self, office: &OfficeId) -> Result<Vec<StoredEnrolment>, Refusal> {
        let register = self.office(office)?.register();
        let mut waiting = self.store.enrolments(office)?;
        waiting.retain(|enrolment| register.terminal_with_key(&Ed25519Key(enrolment.key)).is_none());
        Ok(waiting)
    }

    /// A new certificate for a terminal that shows its old one (they live 30 days).
    ///
    /// # Errors
    /// [`Refusal::RequestRefused`].
    pub fn renew(&self, peer: &Peer, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let now = self.clock.now();
        self.office(&peer.office)?;
        let certificate = self.authority.terminal(peer, request, self.clock.machine());
        let certificate = certificate.map_err(|_| Refusal::RequestRefused)?;
        let (office, terminal) = (peer.office, peer.terminal.clone());
        self.writer.run(None, move |stage| emit(stage, &office, terminal, EnrolmentEvent::CertificateGiven, now))??;
        Ok(certificate)
    }
}

fn plan(stage: &mut Stage<'_>, row: StoredEnrolment, strangers: &Strangers, now: Millis) -> Result<Vec<u8>, Refusal> {
    match judge(stage, &row, now)? {
        Judged::Fresh => {
            let certificate = row.certificate.clone();
            emit(stage, &row.office, row.terminal.clone(), EnrolmentEvent::Requested, now)?;
            emit(stage, &row.office, row.terminal.clone(), EnrolmentEvent::CertificateGiven, now)?;
            stage.change().used.push((row.code, now));
            stage.change().enrolments.push(row);
            Ok(certificate)
        }
        // Its TLS key may be a new one, so it gets the new certificate; the code names the same terminal and key as before.
        Judged::Again => Ok(row.certificate),
        Judged::Refused(fault) => {
            if strangers.may_note(now) {
                emit(stage, &row.office, row.terminal, EnrolmentEvent::CodeRefused, now)?;
            }
            Err(Refusal::CodeRefused(fault))
        }
    }
}

enum Judged {
    Fresh,
    Again,
    Refused(CodeFault),
}

fn judge(stage: &Stage<'_>, row: &StoredEnrolment, now: Millis) -> Result<Judged, StoreError> {
    let Some(code) = stage.store().code(&row.code)? else { return Ok(Judged::Refused(CodeFault::Unknown)) };
    let meant = CodePurpose::Terminal { office: row.office, terminal: row.terminal.clone() };
    if code.purpose != meant {
        return Ok(Judged::Refused(CodeFault::Other));
    }
    if code.expires <= now {
        return Ok(Judged::Refused(CodeFault::Expired));
    }
    if code.used.is_none() {
        return Ok(Judged::Fresh);
    }
    let same = |other: &StoredEnrolment| other.code == row.code && other.key == row.key;
    let again = stage.store().enrolments(&row.office)?.iter().any(same);
    Ok(if again { Judged::Again } else { Judged::Refused(CodeFault::Used) })
}

fn emit(
    stage: &mut Stage<'_>,
    office: &OfficeId,
    terminal: Code,
    event: EnrolmentEvent,
    now: Millis,
) -> Result<(), StoreError> {
    stage.emit(office, Body::Enrolment(Enrolment { terminal, event }), now)
}

fn first_eight(hash: &[u8; 32]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    bytes
}

/// A key as two people read it to each other: the first 16 bytes of its SHA-256, in groups of four hexadecimal digits.
#[must_use]
pub fn fingerprint(key: &[u8; 32]) -> String {
    let digest: [u8; 32] = Sha256::digest(key).into();
    let groups = digest[..16].chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}

/// A day: the code is carried to the terminal by hand.
const INVITATION: Millis = 24 * 3_600_000;
