//! Why a message did not come or go.

use std::{fmt, io};

/// A message did not come or go. After each of these but [`ConnectionError::NotJson`] the connection is of no more use.
#[derive(Debug)]
pub enum ConnectionError {
    /// The message is longer than we read.
    TooLarge {
        /// How many bytes we read.
        limit: usize,
    },
    /// The message is not the JSON that was expected.
    NotJson {
        /// What the parser says.
        cause: serde_json::Error,
    },
    /// The peer went away between two messages.
    Closed,
    /// The peer went away in the middle of a message.
    ClosedAmidMessage,
    /// Nothing came, or nothing could be sent, for as long as we wait.
    TimedOut,
    /// The reply should have brought a descriptor and did not.
    NoDescriptor,
    /// The socket failed.
    Io {
        /// What the system says.
        cause: io::Error,
    },
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "cannot read the message: longer than {limit} bytes"),
            Self::NotJson { cause } => write!(f, "cannot read the message: {cause}"),
            Self::Closed => f.write_str("the connection was closed"),
            Self::ClosedAmidMessage => f.write_str("the connection was closed in the middle of a message"),
            Self::TimedOut => f.write_str("the peer does not answer"),
            Self::NoDescriptor => f.write_str("cannot use the prompt: no descriptor came with it"),
            Self::Io { cause } => write!(f, "the socket failed: {cause}"),
        }
    }
}

impl std::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotJson { cause } => Some(cause),
            Self::Io { cause } => Some(cause),
            Self::TooLarge { .. } | Self::Closed | Self::ClosedAmidMessage | Self::TimedOut | Self::NoDescriptor => {
                None
            }
        }
    }
}

impl From<rustix::io::Errno> for ConnectionError {
    fn from(errno: rustix::io::Errno) -> Self {
        match errno {
            rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET => Self::Closed,
            other => Self::Io { cause: other.into() },
        }
    }
}

impl From<io::Error> for ConnectionError {
    fn from(cause: io::Error) -> Self {
        Self::Io { cause }
    }
}
