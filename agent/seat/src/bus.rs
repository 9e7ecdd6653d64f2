//! A connection to a message bus, and questions to objects on it. One connection is one thread's.

use std::fmt;
use std::time::Duration;

use dbus::Message;
use dbus::arg::{AppendAll, Arg, Get, Variant};
use dbus::channel::{BusType, Channel};

/// How long an answer may take: all who are asked answer from memory.
const ANSWER: Duration = Duration::from_secs(2);
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Which bus.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WhichBus {
    /// The machine's.
    System,
    /// The desktop's.
    Session,
}

/// Whom to ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'a> {
    pub(crate) owner: &'a str,
    pub(crate) path: &'a str,
    pub(crate) interface: &'a str,
}

/// No answer.
#[derive(Debug)]
pub(crate) enum BusError {
    /// No bus, or it has ended.
    Lost(String),
    /// Nobody answered in time.
    Silent,
    /// Whoever was asked is not there, or does not do it.
    Refused(String),
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(said) => write!(f, "cannot reach the message bus: {said}"),
            Self::Silent => f.write_str("nobody answers on the message bus"),
            Self::Refused(said) => write!(f, "refused on the message bus: {said}"),
        }
    }
}

impl std::error::Error for BusError {}

/// A connection.
pub(crate) struct Bus {
    pub(crate) channel: Channel,
}

impl Bus {
    pub(crate) fn connect(which: WhichBus) -> Result<Self, BusError> {
        let kind = match which {
            WhichBus::System => BusType::System,
            WhichBus::Session => BusType::Session,
        };
        Ok(Self { channel: Channel::get_private(kind).map_err(|error| BusError::Lost(said(&error)))? })
    }

    /// Calls a method that answers one value.
    pub(crate) fn ask<T: Arg + for<'a> Get<'a>>(
        &self,
        object: &Object<'_>,
        method: &str,
        arguments: impl AppendAll,
    ) -> Result<T, BusError> {
        self.call(object, method, arguments)?.read1().map_err(|error| BusError::Refused(error.to_string()))
    }

    /// Reads a property.
    pub(crate) fn property<T: Arg + for<'a> Get<'a>>(&self, object: &Object<'_>, name: &str) -> Result<T, BusError> {
        let properties = Object { interface: PROPERTIES, ..*object };
        let Variant(value) = self.ask(&properties, "Get", (object.interface, name))?;
        Ok(value)
    }

    /// Calls a method.
    pub(crate) fn call(
        &self,
        object: &Object<'_>,
        method: &str,
        arguments: impl AppendAll,
    ) -> Result<Message, BusError> {
        let mut message =
            Message::new_method_call(object.owner, object.path, object.interface, method).map_err(BusError::Refused)?;
        message.append_all(arguments);
        self.channel.send_with_reply_and_block(message, ANSWER).map_err(|error| match error.name() {
            Some("org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Timeout") => BusError::Silent,
            Some("org.freedesktop.DBus.Error.Disconnected") => BusError::Lost(said(&error)),
            Some(_) | None => BusError::Refused(said(&error)),
        })
    }

    /// Has signals that match come in.
    pub(crate) fn listen(&self, rule: &str) -> Result<(), BusError> {
        let bus =
            Object { owner: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };
        self.call(&bus, "AddMatch", (rule,)).map(drop)
    }
}

/// An error in one line: others have written it.
fn said(error: &dbus::Error) -> String {
    error.message().or_else(|| error.name()).unwrap_or("no reason given").chars().filter(|c| !c.is_control()).collect()
}
