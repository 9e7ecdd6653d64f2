//! The errors of the interface, with their Varlink names.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Reply;
use crate::method::Nothing;
use crate::state::Verdict;

/// An error that the agent answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentError {
    /// A parameter is not what it may be.
    InvalidArgument {
        /// Which parameter.
        field: String,
        /// What it may look like.
        rule: String,
    },
    /// This peer may not ask that.
    NotPermitted {
        /// Why.
        reason: Bar,
    },
    /// No prompt of that name, or it was answered already.
    NoSuchPrompt,
    /// No act was drafted under that name by this user, its time is over, or another card is in.
    NoSuchDraft,
    /// The prompt ended without a PIN: the card was pulled, the descriptor closed, the time over.
    PromptCancelled,
    /// The card did not do it; the verdict says what and what next.
    CardProblem {
        /// What happened.
        verdict: Box<Verdict>,
        /// How many wrong PINs the card would still bear, where it said so.
        tries_left: Option<u32>,
    },
    /// What came of this grant was told before.
    AlreadyCompleted,
    /// What came of this grant could not be recorded.
    NotRecorded,
    /// The terminal belongs to no office yet.
    NotEnrolled,
    /// The message was longer than the agent reads.
    TooLarge {
        /// How many bytes it reads.
        limit: u64,
    },
    /// The terminal's own journal or cursor cannot be used.
    RecordsHeldBack {
        /// Why.
        cause: String,
    },
    /// The seal does not fit.
    SealRefused {
        /// Why.
        cause: String,
    },
}

/// What stands in the way of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// Its uid is not among those that may ask for a PIN: `prompt` under `[peers]` in `agent.toml`.
    NotAPromptPeer,
    /// A session is open: nobody can open another one.
    SessionOpen,
    /// The session is another user's.
    NotYourSession,
    /// Only root may ask that.
    OnlyRoot,
    /// Its uid is not among those that may report from here: `prompt` under `[peers]` in `agent.toml`.
    NotAReporter,
    /// Its uid is not among those that may borrow the card readers: `borrow` under `[peers]` in `agent.toml`.
    NotABorrower,
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPromptPeer => "this user may not ask for a PIN",
            Self::SessionOpen => "a session is open",
            Self::NotYourSession => "this is another user's session",
            Self::OnlyRoot => "only root may ask that",
            Self::NotAReporter => "this user may not report from this terminal",
            Self::NotABorrower => "this user may not borrow the card readers",
        })
    }
}

/// An error name that is none of `io.sekisho`, or parameters that do not fit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotThisInterface;

#[derive(Serialize, Deserialize)]
struct Argument {
    field: String,
    rule: String,
}

#[derive(Serialize, Deserialize)]
struct Reason {
    reason: Bar,
}

#[derive(Serialize, Deserialize)]
struct Problem {
    verdict: Box<Verdict>,
    #[serde(default)]
    tries_left: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Cause {
    cause: String,
}

#[derive(Serialize, Deserialize)]
struct Limit {
    limit: u64,
}

impl AgentError {
    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InvalidArgument { .. } => "io.sekisho.InvalidArgument",
            Self::NotPermitted { .. } => "io.sekisho.NotPermitted",
            Self::NoSuchPrompt => "io.sekisho.NoSuchPrompt",
            Self::NoSuchDraft => "io.sekisho.NoSuchDraft",
            Self::PromptCancelled => "io.sekisho.PromptCancelled",
            Self::CardProblem { .. } => "io.sekisho.CardProblem",
            Self::AlreadyCompleted => "io.sekisho.AlreadyCompleted",
            Self::NotRecorded => "io.sekisho.NotRecorded",
            Self::NotEnrolled => "io.sekisho.NotEnrolled",
            Self::TooLarge { .. } => "io.sekisho.TooLarge",
            Self::RecordsHeldBack { .. } => "io.sekisho.RecordsHeldBack",
            Self::SealRefused { .. } => "io.sekisho.SealRefused",
        }
    }

    /// As the reply that carries it.
    #[must_use]
    pub fn to_reply(&self) -> Reply {
        let parameters = match self.clone() {
            Self::InvalidArgument { field, rule } => object(&Argument { field, rule }),
            Self::NotPermitted { reason } => object(&Reason { reason }),
            Self::CardProblem { verdict, tries_left } => object(&Problem { verdict, tries_left }),
            Self::TooLarge { limit } => object(&Limit { limit }),
            Self::RecordsHeldBack { cause } | Self::SealRefused { cause } => object(&Cause { cause }),
            Self::NoSuchPrompt
            | Self::NoSuchDraft
            | Self::PromptCancelled
            | Self::AlreadyCompleted
            | Self::NotRecorded
            | Self::NotEnrolled => object(&Nothing {}),
        };
        Reply { parameters, continues: false, error: Some(self.name().to_owned()) }
    }

    /// From name and parameters of a reply.
    ///
    /// # Errors
    /// [`NotThisInterface`] for a name of another interface and for parameters that do not fit.
    pub fn from_parts(name: &str, parameters: Value) -> Result<Self, NotThisInterface> {
        match name.strip_prefix("io.sekisho.").ok_or(NotThisInterface)? {
            "InvalidArgument" => read(parameters).map(|Argument { field, rule }| Self::InvalidArgument { field, rule }),
            "NotPermitted" => read(parameters).map(|Reason { reason }| Self::NotPermitted { reason }),
            "NoSuchPrompt" => Ok(Self::NoSuchPrompt),
            "NoSuchDraft" => Ok(Self::NoSuchDraft),
            "PromptCancelled" => Ok(Self::PromptCancelled),
            "CardProblem" => {
                read(parameters).map(|Problem { verdict, tries_left }| Self::CardProblem { verdict, tries_left })
            }
            "AlreadyCompleted" => Ok(Self::AlreadyCompleted),
            "NotRecorded" => Ok(Self::NotRecorded),
            "NotEnrolled" => Ok(Self::NotEnrolled),
            "TooLarge" => read(parameters).map(|Limit { limit }| Self::TooLarge { limit }),
            "RecordsHeldBack" => read(parameters).map(|Cause { cause }| Self::RecordsHeldBack { cause }),
            "SealRefused" => read(parameters).map(|Cause { cause }| Self::SealRefused { cause }),
            _ => Err(NotThisInterface),
        }
    }
}

/// Our own types are objects with text keys, so this cannot fail; if it ever did, an empty object is a valid answer.
pub(crate) fn object(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|_| Value::Object(Map::new()))
}

fn read<T: DeserializeOwned>(parameters: Value) -> Result<T, NotThisInterface> {
    serde_json::from_value(parameters).map_err(|_| NotThisInterface)
}

impl fmt::Display for AgentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument { field, rule } => write!(f, "cannot accept '{field}': {rule}"),
            Self::NotPermitted { reason } => write!(f, "not permitted: {reason}"),
            Self::NoSuchPrompt => f.write_str("cannot wait for the prompt: it is not open any more"),
            Self::NoSuchDraft => f.write_str("no act waits for its signature here"),
            Self::PromptCancelled => f.write_str("the prompt ended without a PIN"),
            Self::CardProblem { verdict, .. } => f.write_str(&verdict.what),
            Self::AlreadyCompleted => f.write_str("cannot record the outcome: it was told before"),
            Self::NotRecorded => f.write_str("cannot record the outcome: the journal cannot be written"),
            Self::NotEnrolled => f.write_str("this terminal is not enrolled"),
            Self::TooLarge { limit } => write!(f, "cannot send the request: longer than {limit} bytes"),
            Self::RecordsHeldBack { cause } => write!(f, "cannot give or keep records: {cause}"),
            Self::SealRefused { cause } => write!(f, "cannot take the seal: {cause}"),
        }
    }
}

impl std::error::Error for AgentError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> [AgentError; 12] {
        let verdict = Verdict {
            granted: false,
            code: "card_suspended".into(),
            number: 52,
            what: "this card is suspended".into(),
            next: "Call the access manager.".into(),
            what_ja: "このカードは停止されています".into(),
            next_ja: "アクセス管理責任者に連絡してください。".into(),
        };
        [
            AgentError::InvalidArgument { field: "case".into(), rule: "1 to 40 of A-Z".into() },
            AgentError::NotPermitted { reason: Bar::NotYourSession },
            AgentError::NoSuchPrompt,
            AgentError::NoSuchDraft,
            AgentError::PromptCancelled,
            AgentError::CardProblem { verdict: Box::new(verdict), tries_left: Some(3) },
            AgentError::AlreadyCompleted,
            AgentError::NotRecorded,
            AgentError::NotEnrolled,
            AgentError::TooLarge { limit: 65536 },
            AgentError::RecordsHeldBack { cause: "the disk is full".into() },
            AgentError::SealRefused { cause: "it is signed by somebody else".into() },
        ]
    }

    #[test]
    fn every_error_of_the_interface_goes_over_the_wire_and_back() {
        for error in every() {
            let reply = error.to_reply();
            assert_eq!(AgentError::from_parts(error.name(), reply.parameters), Ok(error));
        }
        assert_eq!(AgentError::from_parts("org.varlink.service.MethodNotFound", Value::Null), Err(NotThisInterface));
    }

    #[test]
    fn the_interface_declares_these_errors_and_no_other() {
        let declared: Vec<&str> =
            crate::INTERFACE.lines().filter_map(|line| line.strip_prefix("error ")?.split(' ').next()).collect();
        let known: Vec<String> = every().iter().map(|error| error.name().replace("io.sekisho.", "")).collect();
        assert_eq!(declared, known);
    }
}
