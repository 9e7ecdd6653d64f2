//! What came to nothing before a route could answer it: counted by why, so that whoever watches sees who knocks wrongly, and how often.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rustls::CertificateError;
use sekisho_wire::reason::AlarmKind;

use crate::locks::lock;

/// What was turned away and cut off since the start, and what was alarmed about.
#[derive(Debug, Default)]
pub(crate) struct Doorkeeper {
    refused: Counts<Refused>,
    cut: Counts<Cut>,
    alarms: Counts<&'static str>,
}

/// Why a connection was closed before anything was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refused {
    /// All places were taken.
    Full,
    /// Strangers had theirs.
    Strangers,
    /// This address, or its network, had its own.
    Neighbourhood,
    /// This terminal had its own.
    Terminal,
    /// The machine gave none: out of file descriptors, say.
    Machine,
    /// The handshake took too long.
    HandshakeSlow,
    /// It broke off, or was none.
    HandshakeBroken,
    /// The certificate has ended.
    CertificateExpired,
    /// It has not begun.
    CertificateEarly,
    /// Another authority made it, or somebody himself.
    CertificateForeign,
    /// Anything else is wrong with it.
    CertificateWrong,
}

/// Why a request got no answer, or no whole one, or was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// Its head did not come in time.
    HeadSlow,
    /// Its head is too long.
    HeadLong,
    /// It is no HTTP.
    HeadWrong,
    /// Its body did not come in time.
    BodySlow,
    /// Its body ended before its end.
    BodyBroken,
    /// The client closed its half, or all, before the answer.
    Gone,
    /// The client does not read the answer.
    Unread,
    /// The answer took too long.
    Late,
}

impl Refused {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Full, "full"),
        (Self::Strangers, "strangers"),
        (Self::Neighbourhood, "neighbourhood"),
        (Self::Terminal, "terminal"),
        (Self::Machine, "machine"),
        (Self::HandshakeSlow, "handshake_slow"),
        (Self::HandshakeBroken, "handshake_broken"),
        (Self::CertificateExpired, "certificate_expired"),
        (Self::CertificateEarly, "certificate_early"),
        (Self::CertificateForeign, "certificate_foreign"),
        (Self::CertificateWrong, "certificate_wrong"),
    ];

    /// Why a handshake failed.
    pub(crate) fn handshake(error: &std::io::Error) -> Self {
        let error = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        match error {
            Some(rustls::Error::InvalidCertificate(error)) => Self::certificate(error),
            Some(_) | None => Self::HandshakeBroken,
        }
    }

    const fn certificate(error: &CertificateError) -> Self {
        if matches!(error, CertificateError::Expired | CertificateError::ExpiredContext { .. }) {
            Self::CertificateExpired
        } else if matches!(error, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) {
            Self::CertificateEarly
        } else if matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature) {
            Self::CertificateForeign
        } else {
            Self::CertificateWrong
        }
    }
}

impl Cut {
    const ALL: [(Self, &'static str); 8] = [
        (Self::HeadSlow, "head_slow"),
        (Self::HeadLong, "head_long"),
        (Self::HeadWrong, "head_wrong"),
        (Self::BodySlow, "body_slow"),
        (Self::BodyBroken, "body_broken"),
        (Self::Gone, "gone"),
        (Self::Unread, "unread"),
        (Self::Late, "late"),
    ];

    /// Why a connection ended before its time, where that says that something came to nothing; `asks` when bytes had come that nothing was answered to.
    pub(crate) fn connection(error: &hyper::Error, asks: bool) -> Option<Self> {
        if error.is_parse_too_large() {
            Some(Self::HeadLong)
        } else if error.is_parse() {
            Some(Self::HeadWrong)
        } else if error.is_timeout() {
            // Also the end of a connection that nobody uses any more.
            asks.then_some(Self::HeadSlow)
        } else if timed_out(error) {
            Some(Self::Unread)
        } else {
            asks.then_some(Self::Gone)
        }
    }
}

fn timed_out(error: &hyper::Error) -> bool {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let mut causes = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == std::io::ErrorKind::TimedOut)
}

impl Doorkeeper {
    /// A connection was closed before anything was asked.
    pub(crate) fn refused(&self, why: Refused) {
        self.refused.count(why);
    }

    /// A request came to nothing.
    pub(crate) fn cut(&self, why: Cut) {
        self.cut.count(why);
    }

    /// The ledger has written an alarm.
    pub(crate) fn alarmed(&self, kind: AlarmKind) {
        debug_assert!(OF_THE_LEDGER.contains(&kind), "{kind:?} is a terminal's");
        self.alarms.count(alarm_name(kind));
    }

    /// How many connections were closed for which reason: each reason once.
    pub(super) fn refused_so_far(&self) -> Vec<(&'static str, u64)> {
        self.refused.of_all(&Refused::ALL)
    }

    /// The same of requests.
    pub(crate) fn cut_so_far(&self) -> Vec<(&'static str, u64)> {
        self.cut.of_all(&Cut::ALL)
    }

    /// How often each kind was alarmed about.
    pub(super) fn alarmed_so_far(&self) -> Vec<(&'static str, u64)> {
        self.alarms.of_all(&OF_THE_LEDGER.map(|kind| (alarm_name(kind), alarm_name(kind))))
    }
}

#[derive(Debug)]
struct Counts<K>(Mutex<BTreeMap<K, u64>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord> Counts<K> {
    fn count(&self, what: K) {
        *lock(&self.0).entry(what).or_default() += 1;
    }

    /// Also those that there were none of: a rate begins at nothing, not at the first.
    fn of_all(&self, all: &[(K, &'static str)]) -> Vec<(&'static str, u64)> {
        let counts = lock(&self.0);
        all.iter().map(|(what, name)| (*name, counts.get(what).copied().unwrap_or(0))).collect()
    }
}

/// The alarms that no terminal raises.
const OF_THE_LEDGER: [AlarmKind; 15] = [
    AlarmKind::Fork,
    AlarmKind::WrongChain,
    AlarmKind::ClockFarOff,
    AlarmKind::UnreadableRecord,
    AlarmKind::ActRefused,
    AlarmKind::SeenUnproved,
    AlarmKind::LogResumed,
    AlarmKind::RetiredHeard,
    AlarmKind::TwoTerminals,
    AlarmKind::TerminalSilent,
    AlarmKind::TerminalBack,
    AlarmKind::RecoveryAnnounced,
    AlarmKind::RecoveryCompleted,
    AlarmKind::RecoveryObjected,
    AlarmKind::BackupOverdue,
];

/// As the README of the ledger and the clauses call it.
const fn alarm_name(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::Fork => "fork",
        AlarmKind::WrongChain => "wrong_chain",
        AlarmKind::ClockFarOff => "clock_far_off",
        AlarmKind::UnreadableRecord => "unreadable_record",
        AlarmKind::ActRefused => "act_refused",
        AlarmKind::SeenUnproved => "seen_unproved",
        AlarmKind::LogResumed => "log_resumed",
        AlarmKind::SealRefused => "seal_refused",
        AlarmKind::RegisterRefused => "register_refused",
        AlarmKind::RetiredHeard => "retired_heard",
        AlarmKind::RecordsHeldBack => "records_held_back",
        AlarmKind::JournalFull => "journal_full",
        AlarmKind::LogindOutOfReach => "logind_out_of_reach",
        AlarmKind::ReportRefused => "report_refused",
        AlarmKind::TwoTerminals => "two_terminals",
        AlarmKind::TerminalSilent => "terminal_silent",
        AlarmKind::TerminalBack => "terminal_back",
        AlarmKind::RecoveryAnnounced => "recovery_announced",
        AlarmKind::RecoveryCompleted => "recovery_completed",
        AlarmKind::RecoveryObjected => "recovery_objected",
        AlarmKind::BackupOverdue => "backup_overdue",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn each_reason_has_its_line_also_before_it_came_true() {
        let keeper = Doorkeeper::default();
        keeper.refused(Refused::Strangers);
        keeper.refused(Refused::Strangers);
        let told = keeper.refused_so_far();
        assert_eq!(told.len(), Refused::ALL.len());
        assert!(told.contains(&("strangers", 2)) && told.contains(&("full", 0)));
        assert_eq!(keeper.cut_so_far().iter().map(|(_, count)| count).sum::<u64>(), 0);
        keeper.alarmed(AlarmKind::ClockFarOff);
        let alarms = keeper.alarmed_so_far();
        assert_eq!(alarms.iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [&("clock_far_off", 1)]);
        assert!(OF_THE_LEDGER.iter().all(|kind| !kind.is_a_terminals()) && alarms.len() == OF_THE_LEDGER.len());
    }

    #[test]
    fn a_handshake_tells_what_is_wrong_with_the_certificate() {
        let certificate =
            |error| Refused::handshake(&Error::new(ErrorKind::InvalidData, rustls::Error::InvalidCertificate(error)));
        assert_eq!(certificate(CertificateError::Expired), Refused::CertificateExpired);
        assert_eq!(certificate(CertificateError::NotValidYet), Refused::CertificateEarly);
        assert_eq!(certificate(CertificateError::UnknownIssuer), Refused::CertificateForeign);
        assert_eq!(certificate(CertificateError::BadEncoding), Refused::CertificateWrong);
        assert_eq!(Refused::handshake(&ErrorKind::UnexpectedEof.into()), Refused::HandshakeBroken);
    }
}
