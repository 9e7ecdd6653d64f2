//! The terminal's TLS certificate: the forwarder renews it long before it ends, over the same key (LEDGER.md §L3).

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::files;
use crate::identity::StoredLink;

/// A certificate lives thirty days; with ten left it is renewed. So ten days of a ledger that is away cost nothing.
const BEFORE: u64 = 10 * 24 * 60 * 60 * 1000;

/// Why there is no newer certificate.
#[derive(Debug)]
pub(crate) enum NotRenewed {
    /// What enrolment left cannot be read, or the new one cannot be kept.
    File(io::Error),
    /// Certificate or key are not what they should be.
    Unusable,
    /// The ledger was not reached, or refused.
    Ledger(String),
}

impl fmt::Display for NotRenewed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "cannot keep the certificate: {error}"),
            Self::Unusable => f.write_str("cannot renew the certificate: certificate or key is not usable"),
            Self::Ledger(what) => write!(f, "cannot renew the certificate: {what}"),
        }
    }
}

/// What became of the certificate.
pub(crate) struct Certified {
    /// Until when the one in use holds, ms since 1970 UTC.
    pub(crate) ends: u64,
    /// The new way to the ledger, when there is a new certificate.
    pub(crate) renewed: Option<StoredLink>,
    /// Why there is none although there should be.
    pub(crate) trouble: Option<NotRenewed>,
}

/// Looks at the certificate in `file` (`link.json`), whose key (PKCS #8) is `key`, and renews it when little of its time is left. `ask` sends a request to the ledger
/// (DER) and returns the certificate (base64 of DER).
///
/// # Errors
/// [`NotRenewed`] when there is not even an old one to go on with.
pub(crate) fn look_after(
    file: &Path,
    key: &[u8],
    now: u64,
    ask: impl FnOnce(&[u8]) -> Result<String, String>,
) -> Result<Certified, NotRenewed> {
    let stored: Option<StoredLink> = files::read_json(file).map_err(NotRenewed::File)?;
    let stored = stored.ok_or(NotRenewed::Unusable)?;
    let ends = end_of(&stored.certificate).ok_or(NotRenewed::Unusable)?;
    if now.saturating_add(BEFORE) < ends {
        return Ok(Certified { ends, renewed: None, trouble: None });
    }
    Ok(match renew(file, key, &stored, ends, ask) {
        Ok((renewed, ends)) => Certified { ends, renewed: Some(renewed), trouble: None },
        Err(trouble) => Certified { ends, renewed: None, trouble: Some(trouble) },
    })
}

fn renew(
    file: &Path,
    key: &[u8],
    stored: &StoredLink,
    before: u64,
    ask: impl FnOnce(&[u8]) -> Result<String, String>,
) -> Result<(StoredLink, u64), NotRenewed> {
    let request = request(key, stored).ok_or(NotRenewed::Unusable)?;
    let certificate = ask(&request).map_err(NotRenewed::Ledger)?;
    // One that ends no later, or is none, would only take the place of one that works.
    let ends = end_of(&certificate).filter(|ends| *ends > before).ok_or(NotRenewed::Unusable)?;
    let (url, authority) = (stored.url.clone(), stored.authority.clone());
    let renewed = StoredLink { url, authority, certificate };
    files::replace_json(file, &renewed).map_err(NotRenewed::File)?;
    Ok((renewed, ends))
}

/// The request for the next certificate: the same name, the same key.
fn request(key: &[u8], stored: &StoredLink) -> Option<Vec<u8>> {
    let key = KeyPair::try_from(key).ok()?;
    let der = STANDARD.decode(&stored.certificate).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let subject = certificate.subject();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, subject.iter_common_name().next()?.as_str().ok()?);
    name.push(DnType::OrganizationName, subject.iter_organization().next()?.as_str().ok()?);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    Some(params.serialize_request(&key).ok()?.der().to_vec())
}

/// When a certificate (base64 of DER) ends, ms since 1970 UTC.
fn end_of(certificate: &str) -> Option<u64> {
    let der = STANDARD.decode(certificate).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    u64::try_from(certificate.validity().not_after.timestamp()).ok()?.checked_mul(1000)
}

#[cfg(test)]
mod tests {
    use rcgen::{PKCS_ECDSA_P256_SHA256, date_time_ymd};

    use super::*;

    const DAY: u64 = 24 * 60 * 60 * 1000;
    /// 2026-11-01 UTC.
    const NOVEMBER: u64 = 1_793_491_200_000;

    fn certificate(key: &KeyPair, month: u8) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "mado-1");
        params.distinguished_name.push(DnType::OrganizationName, "office");
        params.not_before = date_time_ymd(2026, month - 1, 1);
        params.not_after = date_time_ymd(2026, month, 1);
        STANDARD.encode(params.self_signed(key).unwrap().der())
    }

    fn enrolled(name: &str) -> (std::path::PathBuf, KeyPair) {
        let file = std::env::temp_dir().join(format!("sekisho-certificate-{name}-{}", std::process::id()));
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let stored = StoredLink {
            url: "https://127.0.0.1:1".into(),
            authority: String::new(),
            certificate: certificate(&key, 11),
        };
        files::replace_json(&file, &stored).unwrap();
        (file, key)
    }

    fn kept(file: &Path) -> String {
        files::read_json::<StoredLink>(file).unwrap().unwrap().certificate
    }

    #[test]
    fn a_certificate_is_renewed_ten_days_before_its_end_and_not_earlier() {
        let (file, key) = enrolled("renewed");
        let early =
            look_after(&file, &key.serialize_der(), NOVEMBER - 11 * DAY, |_| panic!("there is no need")).unwrap();
        assert!((early.ends, early.renewed.is_none(), early.trouble.is_none()) == (NOVEMBER, true, true));
        let next = certificate(&key, 12);
        let renewed = look_after(&file, &key.serialize_der(), NOVEMBER - 9 * DAY, |request| {
            assert!(request.windows(6).any(|part| part == b"mado-1"));
            Ok(next.clone())
        });
        let renewed = renewed.unwrap();
        assert!(renewed.ends > NOVEMBER && renewed.trouble.is_none());
        assert_eq!((kept(&file), renewed.renewed.unwrap().certificate), (next.clone(), next));
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn what_is_no_newer_certificate_never_takes_the_place_of_one_that_works() {
        let (file, key) = enrolled("kept");
        let old = kept(&file);
        let answers =
            [Err("no way".to_owned()), Ok("?".into()), Ok(STANDARD.encode(b"none")), Ok(certificate(&key, 10))];
        for answer in answers {
            let looked = look_after(&file, &key.serialize_der(), NOVEMBER - DAY, |_| answer).unwrap();
            assert!(looked.trouble.is_some() && looked.renewed.is_none() && looked.ends == NOVEMBER);
            assert_eq!(kept(&file), old);
        }
        std::fs::remove_file(file).unwrap();
    }
}
