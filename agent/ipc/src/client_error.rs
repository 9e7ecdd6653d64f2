//! Why a call brought no answer.

use std::fmt;

use crate::connection_error::ConnectionError;
use crate::error::AgentError;
use crate::pin_frame::PinFrameError;

/// A call brought no answer.
#[derive(Debug)]
pub enum ClientError {
    /// The agent cannot be reached, or went away.
    Connection(ConnectionError),
    /// The agent answered with an error of its interface.
    Agent(AgentError),
    /// The agent answered with another error: it is older than this program, or not the agent.
    Foreign {
        /// The error's name.
        name: String,
    },
    /// The PIN did not get through.
    Pin(PinFrameError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => write!(f, "cannot ask the agent: {error}"),
            Self::Agent(error) => error.fmt(f),
            Self::Foreign { name } => write!(f, "cannot ask the agent: it answers {name}"),
            Self::Pin(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connection(error) => Some(error),
            Self::Agent(error) => Some(error),
            Self::Pin(error) => Some(error),
            Self::Foreign { .. } => None,
        }
    }
}

impl From<ConnectionError> for ClientError {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl From<PinFrameError> for ClientError {
    fn from(error: PinFrameError) -> Self {
        Self::Pin(error)
    }
}
