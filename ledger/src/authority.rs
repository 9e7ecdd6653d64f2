//! The ledger's own TLS authority: it certifies the server and the terminals, and nothing outside this ledger trusts it.

use std::fmt;

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sekisho_wire::id::{Code, OfficeId};
use sha2::{Digest, Sha256};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::{AttributeTypeAndValue, FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::clock::{DAY, Millis, civil, days_of};
use crate::data::{DataDir, replace_file};
use crate::error::LedgerError;

/// The authority with its key.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, for one run of the server.
pub struct ServerIdentity {
    /// The server's certificate, then the authority's.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

/// Whom a terminal's certificate names: CN and O of its subject (LEDGER §L3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The office.
    pub office: OfficeId,
    /// The terminal.
    pub terminal: Code,
}

/// Who stands behind a TLS connection: the name in his certificate, and the key that he has shown to hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The name.
    pub peer: Peer,
    /// Which key.
    pub tls_key: TlsKey,
}

/// A TLS key: SHA-256 of the public key in a certificate or in a request for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TlsKey(pub [u8; 32]);

impl TlsKey {
    /// Of a certificate.
    #[must_use]
    pub fn of_certificate(certificate: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        Some(Self::of(&certificate.public_key().subject_public_key.data))
    }

    /// Of a certificate signing request. Whether it is signed is seen when it is certified.
    #[must_use]
    pub fn of_request(request: &[u8]) -> Option<Self> {
        let (_, request) = X509CertificationRequest::from_der(request).ok()?;
        Some(Self::of(&request.certification_request_info.subject_pki.subject_public_key.data))
    }

    fn of(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }
}

impl Caller {
    /// Reads a certificate that the handshake has verified already.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        Some(Self { peer: Peer::of(certificate)?, tls_key: TlsKey::of_certificate(certificate)? })
    }
}

impl Authority {
    /// Makes an authority and writes certificate and key.
    ///
    /// # Errors
    /// When a key cannot be made or a file cannot be written.
    pub fn create(data: &DataDir, name: &str, now: Millis) -> Result<(), LedgerError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed("make the authority's key"))?;
        let mut params = dated(now, AUTHORITY_DAYS);
        params.distinguished_name = subject(&format!("{name} authority"), None);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key).map_err(failed("make the authority's certificate"))?;
        let write = |path: std::path::PathBuf, bytes: &[u8]| {
            replace_file(&path, bytes).map_err(LedgerError::file("write", path.clone()))
        };
        write(data.authority_key(), &Zeroizing::new(key.serialize_der()))?;
        write(data.authority_certificate(), certificate.der())
    }

    /// Reads it.
    ///
    /// # Errors
    /// When a file is missing or holds something else, or the key is not the certificate's.
    pub fn read(data: &DataDir) -> Result<Self, LedgerError> {
        let (path, key_path) = (data.authority_certificate(), data.authority_key());
        let certificate = std::fs::read(&path).map_err(LedgerError::file("read", &path))?;
        let certificate = CertificateDer::from(certificate);
        let key = Zeroizing::new(std::fs::read(&key_path).map_err(LedgerError::file("read", &key_path))?);
        let key = PrivatePkcs8KeyDer::from(key.as_slice());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256);
        let key = key.map_err(|_| LedgerError::Damaged { path: key_path.clone(), expected: "a P-256 key" })?;
        let certified = TlsKey::of_certificate(&certificate);
        if certified.is_some_and(|certified| certified != TlsKey::of(key.public_key_raw())) {
            return Err(LedgerError::Damaged { path: key_path, expected: "the key of the authority's certificate" });
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key);
        let issuer = issuer.map_err(|_| LedgerError::Damaged { path, expected: "an X.509 certificate" })?;
        Ok(Self { certificate, issuer })
    }

    /// The authority's certificate, as codes carry it.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A fresh certificate for the server under these names; its key never touches the disk.
    ///
    /// # Errors
    /// When a name is none, or the key cannot be made.
    pub fn server(&self, hosts: &[String], now: Millis) -> Result<ServerIdentity, LedgerError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed("make the server's key"))?;
        let named = CertificateParams::new(hosts).map_err(failed("name the server's certificate"))?;
        let mut params = dated(now, SERVER_DAYS);
        params.subject_alt_names = named.subject_alt_names;
        params.distinguished_name = subject("sekisho-ledger", None);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed("certify the server"))?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Ok(ServerIdentity { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }

    /// A certificate for a terminal over the key of its signing request. Whatever else the request asks for is not looked at.
    ///
    /// # Errors
    /// When the request is malformed, not signed by its key, or the key is not P-256.
    pub fn terminal(&self, peer: &Peer, request: &[u8], now: Millis) -> Result<Vec<u8>, RequestRefused> {
        let request = CertificateSigningRequestParams::from_der(&request.into()).map_err(|_| RequestRefused)?;
        if request.public_key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(RequestRefused);
        }
        let mut params = dated(now, TERMINAL_DAYS);
        params.distinguished_name = subject(peer.terminal.as_str(), Some(&peer.office.to_string()));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&request.public_key, &self.issuer).map_err(|_| RequestRefused)?;
        Ok(certificate.der().to_vec())
    }

    /// Whether a certificate names this terminal and is signed by the authority: it may have ended since.
    #[must_use]
    pub fn has_certified(&self, peer: &Peer, certificate: &[u8]) -> bool {
        let signed = || {
            let (_, authority) = X509Certificate::from_der(&self.certificate).ok()?;
            let key = VerifyingKey::from_sec1_bytes(&authority.public_key().subject_public_key.data).ok()?;
            let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
            let signature = Signature::from_der(&certificate.signature_value.data).ok()?;
            key.verify(certificate.tbs_certificate.as_ref(), &signature).ok()
        };
        Peer::of(&certificate.into()).as_ref() == Some(peer) && signed().is_some()
    }
}

/// A certificate signing request that is malformed, unsigned or of another kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRefused;

impl Peer {
    /// Reads the subject of a certificate that the handshake has verified already.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let subject = certificate.subject();
        let office = only(subject.iter_organization())?;
        let terminal = only(subject.iter_common_name())?;
        Some(Self { office: office.parse().ok()?, terminal: Code::new(&terminal).ok()? })
    }
}

/// Whether a terminal's certificate is one that would be made today: they are dated by the day.
#[must_use]
pub fn is_of_day(certificate: &[u8], now: Millis) -> bool {
    let read = X509Certificate::from_der(certificate);
    let begins = read.ok().and_then(|(_, certificate)| {
        Millis::try_from(certificate.validity().not_before.timestamp()).ok().map(|seconds| seconds.saturating_mul(1000))
    });
    begins.is_some_and(|begins| days_of(begins) == days_of(now.saturating_sub(DAY)))
}

/// When a certificate ends.
#[must_use]
pub fn end_of(certificate: &[u8]) -> Option<Millis> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Millis::try_from(certificate.validity().not_after.timestamp()).ok().map(|seconds| seconds.saturating_mul(1000))
}

/// The text of an attribute that stands once. Two names would be two answers to "who are you".
fn only<'a>(mut values: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>) -> Option<String> {
    let first = values.next()?.as_str().ok()?.to_owned();
    values.next().is_none().then_some(first)
}

/// Valid from yesterday, so that a terminal whose clock is a little behind can begin.
fn dated(now: Millis, days: Millis) -> CertificateParams {
    let mut params = CertificateParams::default();
    let date = |time| {
        let (year, month, day) = civil(days_of(time));
        date_time_ymd(i32::try_from(year).unwrap_or(1970), month, day)
    };
    params.not_before = date(now.saturating_sub(DAY));
    params.not_after = date(now.saturating_add((days + 1) * DAY));
    params.use_authority_key_identifier_extension = true;
    params
}

fn subject(name: &str, organisation: Option<&str>) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    if let Some(organisation) = organisation {
        subject.push(DnType::OrganizationName, organisation);
    }
    subject.push(DnType::CommonName, name);
    subject
}

fn failed(act: &'static str) -> impl Fn(rcgen::Error) -> LedgerError {
    move |error| LedgerError::Crypto { act, cause: error.to_string() }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(..)")
    }
}

impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerIdentity(..)")
    }
}

/// Twenty years: every code and every terminal holds this certificate.
const AUTHORITY_DAYS: Millis = 20 * 365;
/// The server makes itself a new one at each start; two years is longer than any machine runs without a restart.
const SERVER_DAYS: Millis = 730;
/// Terminals renew theirs.
const TERMINAL_DAYS: Millis = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminals_certificate_names_terminal_and_office_and_nothing_it_asked_for() {
        let directory = crate::testing::scratch("authority");
        let data = DataDir::new(&directory);
        Authority::create(&data, "ledger.example", 1_700_000_000_000).unwrap();
        let authority = Authority::read(&data).unwrap();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut asked = CertificateParams::new(vec!["evil.example".into()]).unwrap();
        asked.distinguished_name = subject("other", Some("office"));
        let request = asked.serialize_request(&key).unwrap();
        let peer = Peer { office: OfficeId([7; 16]), terminal: Code::new("jumin-1").unwrap() };
        let certificate = authority.terminal(&peer, request.der(), 1_700_000_000_000).unwrap();
        assert_eq!(Peer::of(&certificate.as_slice().into()), Some(peer.clone()));
        assert!(!certificate.windows(4).any(|window| window == b"evil"));
        let days = [1_699_900_000_000, 1_700_000_000_000, 1_700_006_399_999, 1_700_006_400_000];
        assert_eq!(days.map(|now| is_of_day(&certificate, now)), [false, true, true, false]);
        let midnight = 1_700_000_000_000 / DAY * DAY;
        assert_eq!(end_of(&certificate), Some(midnight + 31 * DAY));
        let mut broken = request.der().to_vec();
        *broken.last_mut().unwrap() ^= 1;
        assert_eq!(authority.terminal(&peer, &broken, 1_700_000_000_000), Err(RequestRefused));
    }
}
