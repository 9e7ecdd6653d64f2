//! What PC/SC error codes mean for us.

use pcsc::Error;

use crate::transport::Cause;

/// Sorts an error code by what can be done about it.
pub(super) fn cause_of(error: Error) -> Cause {
    match error {
        Error::RemovedCard => Cause::CardRemoved,
        Error::NoSmartcard => Cause::NoCard,
        Error::ResetCard => Cause::CardReset,
        Error::UnresponsiveCard | Error::UnpoweredCard => Cause::CardMute,
        Error::ProtoMismatch | Error::UnsupportedCard | Error::CardUnsupported | Error::InvalidAtr => {
            Cause::CardUnsupported
        }
        Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable | Error::ReaderUnsupported => {
            Cause::ReaderGone
        }
        Error::SharingViolation => Cause::ReaderBusy,
        // pcsc-lite reports a failed exchange as "not transacted".
        Error::NotTransacted | Error::CommDataLost | Error::NotReady => Cause::ReaderFault,
        // After the service restarts, old contexts and handles answer with any of these (measured; never ask
        // `is_valid`, which goes on saying yes).
        Error::NoService
        | Error::ServiceStopped
        | Error::CommError
        | Error::InvalidHandle
        | Error::Shutdown
        | Error::ServerTooBusy => Cause::ServiceLost,
        Error::SecurityViolation | Error::NoAccess => Cause::AccessDenied,
        Error::Timeout | Error::WaitedTooLong => Cause::TimedOut,
        Error::Cancelled | Error::SystemCancelled | Error::CancelledByUser => Cause::Cancelled,
        Error::InternalError
        | Error::InvalidParameter
        | Error::InvalidTarget
        | Error::NoMemory
        | Error::InsufficientBuffer
        | Error::UnknownCard
        | Error::CantDispose
        | Error::InvalidValue
        | Error::UnknownError
        | Error::PciTooSmall
        | Error::DuplicateReader
        | Error::IccInstallation
        | Error::IccCreateorder
        | Error::UnsupportedFeature
        | Error::DirNotFound
        | Error::FileNotFound
        | Error::NoDir
        | Error::NoFile
        | Error::WriteTooMany
        | Error::BadSeek
        | Error::InvalidChv
        | Error::UnknownResMng
        | Error::NoSuchCertificate
        | Error::CertificateUnavailable
        | Error::NoKeyContainer
        | Error::WrongChv
        | Error::ChvBlocked
        | Error::Eof
        | Error::CardNotAuthenticated
        | Error::CacheItemNotFound
        | Error::CacheItemStale
        | Error::CacheItemTooBig => Cause::Unexpected { code: error as u32 },
    }
}

#[cfg(test)]
mod tests {
    use super::cause_of;
    use crate::transport::Cause;
    use pcsc::Error;

    #[test]
    fn a_wrong_pin_is_never_read_out_of_the_transport() {
        for error in [Error::WrongChv, Error::ChvBlocked, Error::InvalidChv] {
            assert!(matches!(cause_of(error), Cause::Unexpected { .. }));
        }
    }

    #[test]
    fn every_way_the_service_dies_is_one_cause() {
        for error in [Error::CommError, Error::NoService, Error::ServiceStopped, Error::InvalidHandle] {
            assert_eq!(cause_of(error), Cause::ServiceLost);
        }
    }
}
