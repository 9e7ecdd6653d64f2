//! The office's certificate authority: it names the keys of cards for ordinary tools. It grants nothing.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
};
use sekisho_wire::id::CardGuid;
use sekisho_wire::piv::Slot;
use zeroize::Zeroizing;

use crate::day::Validity;
use crate::random::{self, NoRandom};

/// The most characters of a common name (RFC 5280, appendix A.1, ub-common-name).
const COMMON_NAME_MAX: usize = 64;

/// Why a certificate, or the authority itself, could not be made or read.
#[derive(Debug, PartialEq, Eq)]
pub enum CaError {
    /// Key or certificate cannot be read or made.
    Certificate(rcgen::Error),
    /// The key is not the one in the certificate.
    KeyMismatch,
    /// The key is not on curve P-256, or the bytes are no public key.
    NotP256,
    /// Number and GUID of the card do not fit into a common name.
    NameTooLong {
        /// How many characters they have.
        length: usize,
    },
    /// There were no random bytes.
    NoRandom(NoRandom),
}

impl fmt::Display for CaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => write!(f, "cannot use the certificate authority of the office: {error}"),
            Self::KeyMismatch => {
                write!(
                    f,
                    "cannot use the certificate authority of the office: key and certificate do not belong together"
                )
            }
            Self::NotP256 => write!(f, "cannot issue a certificate: the key is not a P-256 key"),
            Self::NameTooLong { length } => {
                write!(f, "cannot issue a certificate: the card's name has {length} characters, at most 64 fit")
            }
            Self::NoRandom(error) => write!(f, "cannot issue a certificate: {error}"),
        }
    }
}

impl std::error::Error for CaError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Certificate(error) => Some(error),
            Self::KeyMismatch | Self::NotP256 | Self::NameTooLong { .. } | Self::NoRandom(_) => None,
        }
    }
}

impl From<rcgen::Error> for CaError {
    fn from(error: rcgen::Error) -> Self {
        Self::Certificate(error)
    }
}

/// The certificate authority of one office: a P-256 key and a certificate signed by itself.
pub struct OfficeCa {
    issuer: rcgen::Issuer<'static, KeyPair>,
    certificate_pem: String,
}

impl fmt::Debug for OfficeCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficeCa(..)")
    }
}

impl OfficeCa {
    /// Makes a key and its certificate. Keep both: [`Self::key_pem`] in secret, [`Self::certificate_pem`] for everybody.
    ///
    /// # Errors
    /// When the office's name cannot stand in a certificate, or there are no random bytes.
    pub fn create(office: &str, validity: Validity) -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = dated(validity)?;
        params.distinguished_name.push(DnType::OrganizationName, office);
        params.distinguished_name.push(DnType::CommonName, "Sekisho card CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate_pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: rcgen::Issuer::new(params, key), certificate_pem })
    }

    /// Reads back what [`Self::create`] made.
    ///
    /// # Errors
    /// When either cannot be read, or they do not belong together.
    pub fn load(key_pem: &str, certificate_pem: &str) -> Result<Self, CaError> {
        let key = KeyPair::from_pem(key_pem)?;
        let public = key.public_key_raw().to_vec();
        let issuer = rcgen::Issuer::from_ca_cert_pem(certificate_pem, key)?;
        let der = pem_body(certificate_pem).ok_or(rcgen::Error::CouldNotParseCertificate)?;
        // A certificate holds its public key as it is; one that does not hold ours is not ours.
        if !der.windows(public.len()).any(|window| window == public) {
            return Err(CaError::KeyMismatch);
        }
        Ok(Self { issuer, certificate_pem: certificate_pem.to_owned() })
    }

    /// The secret key, PKCS #8 in PEM.
    #[must_use]
    pub fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.issuer.key().serialize_pem())
    }

    /// The certificate, PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A certificate for the key of a card's slot, as DER. Its subject names the card, by number and GUID, and nothing
    /// else: neither person nor role nor scope, which change while the card stays.
    ///
    /// # Errors
    /// When the key is none, or the name does not fit.
    pub fn issue(
        &self,
        slot: Slot,
        key: &[u8; 33],
        number: &str,
        guid: CardGuid,
        validity: Validity,
    ) -> Result<Vec<u8>, CaError> {
        let name = format!("{number} {guid}");
        let length = name.chars().count();
        if length > COMMON_NAME_MAX {
            return Err(CaError::NameTooLong { length });
        }
        let mut params = dated(validity)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = match slot {
            // 9C is what acts are signed with: it stands for a decision of its holder (non-repudiation).
            Slot::Signature => vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment],
            Slot::KeyManagement => vec![KeyUsagePurpose::KeyAgreement],
            Slot::Authentication | Slot::CardAuthentication | Slot::Management => {
                vec![KeyUsagePurpose::DigitalSignature]
            }
        };
        if slot == Slot::Authentication {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        let certificate = params.signed_by(&CardKey::new(key)?, &self.issuer)?;
        Ok(certificate.der().to_vec())
    }
}

fn dated(validity: Validity) -> Result<CertificateParams, CaError> {
    let mut params = CertificateParams::default();
    let ((from_year, from_month, from_day), (year, month, day)) = (validity.from.parts(), validity.until.parts());
    params.not_before = rcgen::date_time_ymd(from_year, from_month, from_day);
    params.not_after = rcgen::date_time_ymd(year, month, day);
    params.distinguished_name = DistinguishedName::new();
    let mut serial = random::bytes::<16>().map_err(CaError::NoRandom)?;
    // Positive and of full length (RFC 5280, 4.1.2.2).
    serial[0] = serial[0] & 0x7F | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

/// The DER bytes inside a PEM text, as far as this program writes them.
fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    BASE64_STANDARD.decode(body).ok()
}

/// The public key of a card, in the form that a certificate wants.
struct CardKey([u8; 65]);

impl CardKey {
    fn new(compressed: &[u8; 33]) -> Result<Self, CaError> {
        use p256::elliptic_curve::sec1::ToEncodedPoint;
        let key = p256::PublicKey::from_sec1_bytes(compressed).map_err(|_| CaError::NotP256)?;
        let point = key.to_encoded_point(false);
        point.as_bytes().try_into().map(Self).map_err(|_| CaError::NotP256)
    }
}

impl PublicKeyData for CardKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}
