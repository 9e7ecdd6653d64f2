//! From what the HTTP and TLS libraries say to what happened.

use std::io;

use rustls::{AlertDescription, CertificateError};
use ureq::Timeout;

use crate::config::ServerAddress;
use crate::error::{CertificateFault, LinkError, Unreachable};

/// Reads an error of ureq.
pub(crate) fn read(server: &ServerAddress, path: &str, limit: usize, error: ureq::Error) -> LinkError {
    if let ureq::Error::Rustls(error) = error {
        return read_tls(server, error);
    }
    if let ureq::Error::Io(error) = error {
        return read_io(server, error);
    }
    if matches!(error, ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..)) {
        return LinkError::TooLarge { path: path.to_owned(), limit };
    }
    if let ureq::Error::Timeout(timeout) = error {
        let early = matches!(timeout, Timeout::Resolve | Timeout::Connect);
        let cause = if early { Unreachable::ConnectTimeout } else { Unreachable::AnswerTimeout };
        return LinkError::Unreachable { server: server.clone(), cause };
    }
    if matches!(error, ureq::Error::HostNotFound) {
        return LinkError::Unreachable { server: server.clone(), cause: Unreachable::UnknownHost };
    }
    if matches!(error, ureq::Error::ConnectionFailed) {
        return LinkError::Unreachable { server: server.clone(), cause: Unreachable::ConnectionRefused };
    }
    LinkError::Malformed { path: path.to_owned(), cause: error.to_string() }
}

/// TLS errors travel inside I/O errors, because TLS runs below a stream.
fn read_io(server: &ServerAddress, error: io::Error) -> LinkError {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return read_tls(server, tls.clone());
    }
    let kind = error.kind();
    let hung_up = [
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::NotConnected,
    ];
    let cause = if kind == io::ErrorKind::ConnectionRefused {
        Unreachable::ConnectionRefused
    } else if kind == io::ErrorKind::TimedOut {
        Unreachable::ConnectTimeout
    } else if hung_up.contains(&kind) {
        Unreachable::Disconnected
    } else {
        Unreachable::Io(error)
    };
    LinkError::Unreachable { server: server.clone(), cause }
}

fn read_tls(server: &ServerAddress, error: rustls::Error) -> LinkError {
    let server = server.clone();
    if let rustls::Error::InvalidCertificate(fault) = &error {
        let fault = certificate_fault(fault).unwrap_or(CertificateFault::Other(error));
        return LinkError::WrongCertificate { server, fault };
    }
    if let rustls::Error::AlertReceived(alert) = &error
        && about_our_certificate(*alert)
    {
        return LinkError::IdentityRefused { server, cause: error };
    }
    LinkError::Unreachable { server, cause: Unreachable::NotTls(error.to_string()) }
}

fn certificate_fault(error: &CertificateError) -> Option<CertificateFault> {
    use CertificateError as C;
    if matches!(error, C::UnknownIssuer | C::BadSignature) {
        // An authority of the same name with another key shows as a bad signature.
        Some(CertificateFault::OtherAuthority)
    } else if matches!(error, C::NotValidForName | C::NotValidForNameContext { .. }) {
        Some(CertificateFault::OtherName)
    } else if matches!(error, C::Expired | C::ExpiredContext { .. }) {
        Some(CertificateFault::Expired)
    } else if matches!(error, C::NotValidYet | C::NotValidYetContext { .. }) {
        Some(CertificateFault::NotYetValid)
    } else {
        None
    }
}

fn about_our_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    [
        A::NoCertificate,
        A::BadCertificate,
        A::UnsupportedCertificate,
        A::CertificateRevoked,
        A::CertificateExpired,
        A::CertificateUnknown,
        A::UnknownCA,
        A::AccessDenied,
        A::CertificateRequired,
    ]
    .contains(&alert)
}
