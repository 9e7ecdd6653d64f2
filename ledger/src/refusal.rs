//! What the ledger answers instead of doing: a stable code, the facts, and what to do next, in both languages.

mod things;
mod words;

use std::fmt;

use sekisho_register::FoldRefusal;
use sekisho_register::calendar::Month;
use sekisho_register::taking::NotCovered;
use sekisho_tlog::Hash;
use sekisho_wire::record::Retention;
use sekisho_wire::words::Language;

use crate::hearing::Awaited;
use crate::signed_log::Unpublished;
use crate::store::StoreError;
use crate::writer::NotWritten;

/// One refusal.
#[derive(Debug)]
pub enum Refusal {
    /// The request cannot be read: which part.
    Malformed(&'static str),
    /// The body is larger than the ledger takes.
    TooLarge,
    /// The terminal is not in the register, or comes with another key than it has there.
    NotEnrolled,
    /// The envelope is sealed for a key that this ledger does not have.
    EnvelopeKey,
    /// The certificate names another office or terminal, or there is none.
    NotYou,
    /// A batch begins after what is stored.
    Gap(Place),
    /// A batch says otherwise than what is stored.
    Fork(Place),
    /// A batch does not continue the chain.
    WrongChain(Place),
    /// An epoch that no act has opened.
    EpochNotOpen {
        /// The epoch of the batch.
        epoch: u32,
        /// The newest that the register knows.
        open: u32,
    },
    /// A later epoch is open: this one takes repeats only.
    EpochClosed {
        /// The epoch of the batch.
        epoch: u32,
        /// The one that is open.
        open: u32,
    },
    /// The terminal says it has seen a log that the ledger does not have, and shows no signed checkpoint of it.
    SeenUnproved,
    /// The log signs nothing: entries, act or answer have to wait for a person.
    Halted {
        /// Why.
        cause: String,
    },
    /// Too many wait.
    Busy,
    /// The database or the disk failed.
    Unavailable {
        /// What failed; for the log, not for the answer.
        cause: String,
    },
    /// The ledger has just started, and terminals or witnesses have to show first what they verified last.
    Hears(Awaited),
    /// The contents of the record were destroyed.
    Destroyed {
        /// Which record.
        index: u64,
        /// Its class.
        class: Retention,
        /// Its month.
        month: Month,
        /// Index of the act in the register log; nothing while a restored register does not have it yet.
        act: Option<u64>,
    },
    /// There is no such office, act, record, log, tile.
    NotFound(&'static str),
    /// The fold refuses the act.
    Act(FoldRefusal),
    /// A name beside an act is missing or is another than the act's hash.
    NameWrong,
    /// The act names a log key that this ledger has not made for that log.
    LogKeyUnknown,
    /// A successor for a log that has not stopped, or that begins with something else than what is left.
    LogNotLost,
    /// An approval of what nobody has proposed in the casebook.
    NotProposed,
    /// The code is unknown, used, expired, or for something else.
    CodeRefused(CodeFault),
    /// The founding act names other keys or another ledger than the code.
    OtherKeys,
    /// The address knows no such method.
    MethodWrong,
    /// No token, or one that has ended.
    TokenNeeded,
    /// The challenge is unknown or too old, or the signature is not the card's.
    ProofRefused,
    /// None of the person's roles permits this.
    RoleMissing,
    /// What is asked for is another section's, and whoever asks heads his own alone (register §R12).
    OtherSection,
    /// Nobody has permitted under this number that these records are taken away now.
    NotPermitted(NotCovered),
    /// The certificate signing request is not one, or not for the key that it must be for.
    RequestRefused,
    /// The key of a newcomer did not sign his application.
    KeyUnproved,
}

/// Where a terminal's history stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The epoch.
    pub epoch: u32,
    /// Seq of the next record.
    pub expected: u64,
    /// The chain over all before.
    pub chain: Hash,
}

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeFault {
    /// Nobody was given it.
    Unknown,
    /// Somebody used it.
    Used,
    /// Its time is over.
    Expired,
    /// It is for another office, terminal or purpose.
    Other,
}

/// What happened and what to do next.
pub type Text = (String, &'static str);

impl Refusal {
    /// All codes, by the alphabet.
    pub(crate) const CODES: [&'static str; 35] = [
        "busy",
        "code_expired",
        "code_other",
        "code_unknown",
        "code_used",
        "destroyed",
        "envelope_key",
        "epoch_closed",
        "epoch_not_open",
        "fork",
        "gap",
        "halted",
        "hears",
        "key_unproved",
        "log_key_unknown",
        "log_not_lost",
        "malformed",
        "method_wrong",
        "name_wrong",
        "not_enrolled",
        "not_found",
        "not_permitted",
        "not_proposed",
        "not_you",
        "other_keys",
        "other_section",
        "proof_refused",
        "refused",
        "request_refused",
        "role_missing",
        "seen_unproved",
        "token_needed",
        "too_large",
        "unavailable",
        "wrong_chain",
    ];

    /// HTTP status and stable code.
    #[must_use]
    pub const fn code(&self) -> (u16, &'static str) {
        match self {
            Self::Malformed(_) => (400, "malformed"),
            Self::TooLarge => (413, "too_large"),
            Self::NotEnrolled => (403, "not_enrolled"),
            Self::EnvelopeKey => (409, "envelope_key"),
            Self::NotYou => (403, "not_you"),
            Self::Gap(_) => (409, "gap"),
            Self::Fork(_) => (409, "fork"),
            Self::WrongChain(_) => (409, "wrong_chain"),
            Self::EpochNotOpen { .. } => (403, "epoch_not_open"),
            Self::EpochClosed { .. } => (403, "epoch_closed"),
            Self::SeenUnproved => (409, "seen_unproved"),
            Self::Halted { .. } => (503, "halted"),
            Self::Busy => (429, "busy"),
            Self::Unavailable { .. } => (503, "unavailable"),
            Self::Hears(_) => (503, "hears"),
            Self::Destroyed { .. } => (410, "destroyed"),
            Self::NotFound(_) => (404, "not_found"),
            Self::Act(_) => (409, "refused"),
            Self::NameWrong => (400, "name_wrong"),
            Self::LogKeyUnknown => (409, "log_key_unknown"),
            Self::LogNotLost => (409, "log_not_lost"),
            Self::NotProposed => (409, "not_proposed"),
            Self::CodeRefused(CodeFault::Unknown) => (403, "code_unknown"),
            Self::CodeRefused(CodeFault::Used) => (403, "code_used"),
            Self::CodeRefused(CodeFault::Expired) => (403, "code_expired"),
            Self::CodeRefused(CodeFault::Other) => (403, "code_other"),
            Self::OtherKeys => (409, "other_keys"),
            Self::MethodWrong => (405, "method_wrong"),
            Self::TokenNeeded => (401, "token_needed"),
            Self::ProofRefused => (403, "proof_refused"),
            Self::RoleMissing => (403, "role_missing"),
            Self::OtherSection => (403, "other_section"),
            Self::NotPermitted(_) => (403, "not_permitted"),
            Self::RequestRefused => (400, "request_refused"),
            Self::KeyUnproved => (403, "key_unproved"),
        }
    }

    /// In one language: what happened, what to do next.
    #[must_use]
    pub fn text(&self, language: Language) -> Text {
        match language {
            Language::English => self.english(),
            Language::Japanese => self.japanese(),
        }
    }

    /// The same for somebody whom no office knows: that a log has stopped, and not why. What shows a defect to its operator shows a hole
    /// to others.
    #[must_use]
    pub fn public_text(&self, language: Language) -> Text {
        let (text, next_step) = self.text(language);
        if !matches!(self, Self::Halted { .. }) {
            return (text, next_step);
        }
        let stopped = match language {
            Language::English => "the log has stopped",
            Language::Japanese => "台帳のログが停止しています",
        };
        (stopped.into(), next_step)
    }
}

/// For the log file: the words that whoever asked is told may name a card or a person.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Unavailable { cause } = self {
            return write!(f, "the ledger cannot write now: {cause}");
        }
        if let Self::Act(refusal) = self {
            return write!(f, "the act is refused ({})", refusal.code());
        }
        f.write_str(&self.text(Language::English).0)
    }
}

impl std::error::Error for Refusal {}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if let StoreError::Halted { log, halt } = error {
            return Self::Halted { cause: format!("{log}: {halt}") };
        }
        if let StoreError::Hears(awaited) = error {
            return Self::Hears(awaited);
        }
        if let StoreError::TooLarge { .. } = error {
            return Self::Malformed("a number larger than the ledger counts");
        }
        Self::Unavailable { cause: error.to_string() }
    }
}

impl From<NotWritten> for Refusal {
    fn from(error: NotWritten) -> Self {
        match error {
            NotWritten::Busy => Self::Busy,
            NotWritten::Store(error) => Self::Unavailable { cause: error.to_string() },
            NotWritten::Gone => Self::Unavailable { cause: "the writer gave up".into() },
        }
    }
}

impl From<Unpublished> for Refusal {
    fn from(error: Unpublished) -> Self {
        match error {
            Unpublished::Halted(log, halt) => Self::Halted { cause: format!("{log}: {halt}") },
            Unpublished::Unread(log) => {
                Self::Unavailable { cause: format!("checkpoint of {log}: what was written is not read back yet") }
            }
            Unpublished::Disk(log, error) => Self::Unavailable { cause: format!("checkpoint of {log}: {error}") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    /// A code that the list lacks ends a connection without an answer.
    #[test]
    fn every_code_is_in_the_list() {
        let given = include_str!("refusal.rs").lines().filter_map(|line| {
            let (status, code) = line.split_once("=> (")?.1.strip_suffix("\"),")?.split_once(", \"")?;
            status.parse::<u16>().is_ok().then_some(code)
        });
        let mut given: Vec<_> = given.collect();
        given.sort_unstable();
        assert_eq!(given, Refusal::CODES);
    }

    #[test]
    fn every_code_is_described_and_counted() {
        let described = include_str!("../../protocol/openapi.json");
        let (_, codes) = described.split_once("\"code\": {\"enum\": [").unwrap();
        let (codes, _) = codes.split_once(']').unwrap();
        let described: Vec<&str> = codes.split(',').map(|code| code.trim().trim_matches('"')).collect();
        assert_eq!(described, Refusal::CODES);
    }
}
