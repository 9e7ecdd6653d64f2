//! Codes and enrolment: how a terminal becomes known before an act makes it count.

use ed25519_dalek::{Signature, VerifyingKey};
use sekisho_register::Ed25519Key;
use sekisho_register::change::TerminalUse;
use sekisho_wire::id::{Code, Hash as WireHash, OfficeId};
use sekisho_wire::reason::EnrolmentEvent;
use sekisho_wire::record::{Body, Enrolment};
use sha2::{Digest, Sha256};

use crate::authority::{Caller, Peer, TlsKey, is_of_day};
use crate::clock::Millis;
use crate::code::CodeSecret;
use crate::ledger::Ledger;
use crate::line::Lane;
use crate::refusal::{CodeFault, Refusal};
use crate::stage::Stage;
use crate::store::{CodePurpose, NewCertificate, Store, StoreError, StoredCode, StoredEnrolment};

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
    /// The Ed25519 key's signature over code and request (LEDGER §L3).
    pub proof: [u8; 64],
}

impl Ledger {
    /// A one-time code for a terminal, and the record of who asked for it.
    ///
    /// # Errors
    /// When the office is unknown or the store fails.
    pub fn invite(&self, office: &OfficeId, terminal: &Code, by: &Code) -> Result<(String, Millis), Refusal> {
        let now = self.clock.now();
        let keys = self.office(office)?.keys();
        let secret = CodeSecret::generate();
        let expires = now.saturating_add(INVITATION);
        let purpose = CodePurpose::Terminal { office: *office, terminal: terminal.clone() };
        let stored = StoredCode { hash: secret.hash(), expires, purpose, used: None };
        let (event, code) = (EnrolmentEvent::Invited, Some(WireHash(stored.hash)));
        let invited = Enrolment { terminal: terminal.clone(), event, by: Some(by.clone()), key: None, code };
        let id = *office;
        self.writer.run(Lane::Of(id), None, move |stage| -> Result<(), StoreError> {
            stage.emit(&id, Body::Enrolment(invited.clone()), now)?;
            stage.change().codes.push(stored.clone());
            Ok(())
        })??;
        let code = self.facts().terminal(&keys, &secret, expires, &office.to_string(), terminal.as_str());
        Ok((code.to_line(), expires))
    }

    /// Takes an applicant's key and certifies its TLS key. The same applicant with the same keys may ask again: the answer was lost.
    ///
    /// # Errors
    /// [`Refusal::CodeRefused`], written down; [`Refusal::KeyUnproved`]; [`Refusal::RequestRefused`].
    pub fn enrol(&self, applicant: Applicant) -> Result<Vec<u8>, Refusal> {
        let now = self.clock.now();
        let office = self.office(&applicant.peer.office)?;
        let tls_key = TlsKey::of_request(&applicant.request).ok_or(Refusal::RequestRefused)?;
        if !applicant.is_proved() {
            return Err(Refusal::KeyUnproved);
        }
        let (id, terminal) = (office.id, applicant.peer.terminal.clone());
        let hash = applicant.secret.hash();
        let mut row =
            StoredEnrolment { office: id, terminal, code: hash, key: applicant.key, certificate: Vec::new(), at: now };
        // Strangers are turned away here: neither a signature of the authority nor a place in the writer's line is spent on them.
        match judge(&*self.store, &row, tls_key, now)? {
            Judged::Refused(fault) => return Err(self.refuse_code(row, fault, now)),
            Judged::Again(certificate) => return Ok(certificate),
            Judged::Fresh => {}
        }
        let certificate = self.authority.terminal(&applicant.peer, &applicant.request, self.clock.machine());
        row.certificate = certificate.map_err(|_| Refusal::RequestRefused)?;
        let alone = Some(u64::from_be_bytes(first_eight(&hash)));
        self.writer.run(Lane::Of(id), alone, move |stage| plan(stage, &row, tls_key, now))?
    }

    /// Writes down that a code was refused, if not too many were lately: neither the book nor the log file is filled by strangers.
    fn refuse_code(&self, row: StoredEnrolment, fault: CodeFault, now: Millis) -> Refusal {
        if self.strangers.may_note(row.office, now) {
            let (terminal, office) = (&row.terminal, &row.office);
            log::warn!("terminal {terminal} of office {office} came with a code that {}", fault.english());
            let event = EnrolmentEvent::CodeRefused;
            let noted = self.writer.run(Lane::Pressing(row.office), None, move |stage| emit(stage, &row, event, now));
            if !matches!(noted, Ok(Ok(()))) {
                log::error!("a refused code could not be written down");
            }
        }
        Refusal::CodeRefused(fault)
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

    /// Lets a terminal in by its TLS key: the key was enrolled together with an Ed25519 key that is the terminal's now, or that waits for
    /// its act while its invitation holds. Also a retired one, until its certificate ends: it has records to bring and a retirement to hear
    /// of. Gives the enrolment that it came by, and whether the register names its key: until then it says nothing of the terminal's history.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`].
    pub fn admit_terminal(&self, caller: &Caller) -> Result<(StoredEnrolment, bool), Refusal> {
        let row = self.still_admitted(caller)?;
        let Peer { office, terminal } = &caller.peer;
        let register = self.office(office)?.register();
        let speaks = register.terminal(terminal).is_some_and(|registered| *registered.key() == Ed25519Key(row.key));
        if speaks {
            self.heard.asked(&caller.peer, self.clock.now());
        }
        Ok((row, speaks))
    }

    /// The same for one who was let in and has waited: that we look again is no sign of life of his.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`].
    pub fn still_admitted(&self, caller: &Caller) -> Result<StoredEnrolment, Refusal> {
        let Peer { office, terminal } = &caller.peer;
        let register = self.office(office)?.register();
        let now = self.clock.now();
        for row in self.store.enrolments_of(office, terminal)?.into_iter().rev() {
            if TlsKey::of_certificate(&row.certificate) != Some(caller.tls_key) {
                continue;
            }
            let key = Ed25519Key(row.key);
            if register.terminal(terminal).is_some_and(|registered| *registered.key() == key) {
                return Ok(row);
            }
            let named_before = register.terminal_with_key(&key).is_some();
            if !named_before && self.store.code(&row.code)?.is_some_and(|code| code.expires > now) {
                return Ok(row);
            }
        }
        Err(Refusal::NotEnrolled)
    }

    /// Whether a terminal is retired now.
    ///
    /// # Errors
    /// When the office is unknown.
    pub fn is_retired(&self, peer: &Peer) -> Result<bool, Refusal> {
        let register = self.office(&peer.office)?.register();
        let state = register.terminal(&peer.terminal).map(|terminal| terminal.state(self.clock.now()));
        Ok(state == Some(TerminalUse::Retired))
    }

    /// A new certificate for a terminal that shows one that holds (they live 30 days), over the same TLS key. The day's first one is given
    /// again for the rest of the day: an answer can be lost, and asking fills no log.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`], also for a retired one; [`Refusal::RequestRefused`].
    pub fn renew(&self, caller: &Caller, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (now, today) = (self.clock.now(), self.clock.machine());
        let (row, _) = self.admit_terminal(caller)?;
        if self.is_retired(&caller.peer)? {
            return Err(Refusal::NotEnrolled);
        }
        if TlsKey::of_request(request) != Some(caller.tls_key) {
            return Err(Refusal::RequestRefused);
        }
        if is_of_day(&row.certificate, today) {
            return Ok(row.certificate);
        }
        let certificate = self.authority.terminal(&caller.peer, request, today);
        let certificate = certificate.map_err(|_| Refusal::RequestRefused)?;
        let alone = Some(u64::from_be_bytes(first_eight(&row.code)));
        self.writer
            .run(Lane::Of(row.office), alone, move |stage| plan_renewal(stage, &row, certificate.clone(), now, today))?
    }
}

impl Applicant {
    /// Whether the key that he names has signed for this code and this request.
    fn is_proved(&self) -> bool {
        let digest = self.secret.enrol_digest(&self.request);
        let key = VerifyingKey::from_bytes(&self.key);
        key.is_ok_and(|key| key.verify_strict(&digest, &Signature::from_bytes(&self.proof)).is_ok())
    }
}

fn plan_renewal(
    stage: &mut Stage<'_>,
    row: &StoredEnrolment,
    certificate: Vec<u8>,
    now: Millis,
    today: Millis,
) -> Result<Vec<u8>, Refusal> {
    let rows = stage.store().enrolments_of(&row.office, &row.terminal)?;
    // The same request a moment ago.
    if let Some(newest) =
        rows.into_iter().find(|newest| newest.code == row.code && is_of_day(&newest.certificate, today))
    {
        return Ok(newest.certificate);
    }
    emit(stage, row, EnrolmentEvent::CertificateGiven, now)?;
    let given = NewCertificate { office: row.office, code: row.code, certificate: certificate.clone() };
    stage.change().certificates.push(given);
    Ok(certificate)
}

fn plan(stage: &mut Stage<'_>, row: &StoredEnrolment, tls_key: TlsKey, now: Millis) -> Result<Vec<u8>, Refusal> {
    match judge(stage.store(), row, tls_key, now)? {
        Judged::Fresh => {
            let certificate = row.certificate.clone();
            emit(stage, row, EnrolmentEvent::Requested, now)?;
            emit(stage, row, EnrolmentEvent::CertificateGiven, now)?;
            stage.change().used.push((row.code, now));
            stage.change().enrolments.push(row.clone());
            Ok(certificate)
        }
        Judged::Again(certificate) => Ok(certificate),
        // It was good a moment ago: somebody else was faster.
        Judged::Refused(fault) => {
            emit(stage, row, EnrolmentEvent::CodeRefused, now)?;
            Err(Refusal::CodeRefused(fault))
        }
    }
}

enum Judged {
    Fresh,
    /// The same code, terminal and keys as before, and the certificate that was given.
    Again(Vec<u8>),
    Refused(CodeFault),
}

fn judge(store: &dyn Store, row: &StoredEnrolment, tls_key: TlsKey, now: Millis) -> Result<Judged, StoreError> {
    let Some(code) = store.code(&row.code)? else { return Ok(Judged::Refused(CodeFault::Unknown)) };
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
    let same = |other: &StoredEnrolment| {
        other.code == row.code && other.key == row.key && TlsKey::of_certificate(&other.certificate) == Some(tls_key)
    };
    let before = store.enrolments_of(&row.office, &row.terminal)?.into_iter().find(same);
    Ok(before.map_or(Judged::Refused(CodeFault::Used), |before| Judged::Again(before.certificate)))
}

/// A terminal's key as records name it.
#[must_use]
pub fn key_digest(key: &[u8; 32]) -> WireHash {
    WireHash(Sha256::digest(key).into())
}

/// Writes down what became of an applicant, with the key that he showed.
fn emit(stage: &mut Stage<'_>, row: &StoredEnrolment, event: EnrolmentEvent, now: Millis) -> Result<(), StoreError> {
    let key = Some(key_digest(&row.key));
    // A refused code may be none of ours, or somebody else's.
    let code = (event != EnrolmentEvent::CodeRefused).then_some(WireHash(row.code));
    let enrolment = Enrolment { terminal: row.terminal.clone(), event, by: None, key, code };
    stage.emit(&row.office, Body::Enrolment(enrolment), now)
}

fn first_eight(hash: &[u8; 32]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    bytes
}

/// A day: the code is carried to the terminal by hand.
pub const INVITATION: Millis = 24 * 3_600_000;
