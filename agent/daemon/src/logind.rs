//! What the agent asks of logind and hears from it, over the system bus. One connection is one thread's. `DBUS_SYSTEM_BUS_ADDRESS` says
//! where the bus is, else it is at its usual place.

use std::fmt;
use std::os::fd::OwnedFd;
use std::time::Duration;

use dbus::arg::{AppendAll, Arg, Get, Variant};
use dbus::channel::{BusType, Channel};
use dbus::{Message, Path};

const NAME: &str = "org.freedesktop.login1";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SEAT: &str = "org.freedesktop.login1.Seat";
const SESSION: &str = "org.freedesktop.login1.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// How long an answer may take. logind answers from memory.
const ANSWER: Duration = Duration::from_secs(2);
/// What is listened to: sleep as logind itself tells it, and who is logind.
const HEARD: [&str; 2] = [
    "type='signal',sender='org.freedesktop.login1',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.freedesktop.login1'",
];

/// logind did not do it.
#[derive(Debug)]
pub(crate) enum LogindError {
    /// No bus, or nobody on it who is logind.
    OutOfReach(String),
    /// What it was asked about is there no more.
    Gone {
        /// What it was asked.
        what: &'static str,
    },
    /// It answered, and does not.
    Refused {
        /// What it was asked.
        what: &'static str,
        /// What it said.
        said: String,
    },
}

impl LogindError {
    /// What a person does next.
    pub(crate) const fn next_step(&self) -> &'static str {
        match self {
            Self::OutOfReach(_) => {
                "Look at: systemctl status dbus systemd-logind. A terminal without logind says so in agent.toml: [lock] screen = \"none\"."
            }
            Self::Gone { .. } => "Nothing is to be done: the desktop session has ended.",
            Self::Refused { .. } => {
                "Check that the polkit rules of the package are there, and which seat agent.toml names: loginctl seat-status."
            }
        }
    }
}

impl fmt::Display for LogindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfReach(said) => write!(f, "cannot reach logind: {said}"),
            Self::Gone { what } => write!(f, "cannot {what}: the desktop session is there no more"),
            Self::Refused { what, said } => write!(f, "cannot {what}: logind says: {said}"),
        }
    }
}

impl std::error::Error for LogindError {}

/// What logind told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The machine will sleep as soon as nobody holds it back.
    GoesToSleep,
    /// It slept, or was kept from it.
    Woke,
    /// logind has ended.
    Gone,
    /// It is there, perhaps another one.
    There,
}

/// A session of a desktop, or of a text console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desktop {
    id: String,
    path: Path<'static>,
    is_roots: bool,
}

impl Desktop {
    /// Whether it is root's: somebody mends the machine.
    pub(crate) const fn is_roots(&self) -> bool {
        self.is_roots
    }
}

/// A connection.
pub(crate) struct Logind {
    bus: Channel,
}

impl Logind {
    pub(crate) fn connect() -> Result<Self, LogindError> {
        let bus = Channel::get_private(BusType::System).map_err(|error| LogindError::OutOfReach(said(&error)))?;
        Ok(Self { bus })
    }

    /// What the seat shows: the session whose screen it is. `None` where nobody has one, or where it is the greeter's.
    pub(crate) fn shown(&self, seat: &str) -> Result<Option<Desktop>, LogindError> {
        let what = "find the seat";
        let seat: Path<'_> = self.ask(what, MANAGER_PATH, MANAGER, "GetSeat", (seat,))?;
        let (id, path): (String, Path<'_>) = self.property("find the active session", &seat, SEAT, "ActiveSession")?;
        if id.is_empty() {
            return Ok(None);
        }
        let class: String = self.property("ask what the active session is", &path, SESSION, "Class")?;
        // Greeters and lock screens show nothing of anybody's work, and answer no Lock.
        if !class.starts_with("user") {
            return Ok(None);
        }
        let (uid, _): (u32, Path<'_>) = self.property("ask whose the active session is", &path, SESSION, "User")?;
        Ok(Some(Desktop { id, path, is_roots: uid == 0 }))
    }

    pub(crate) fn lock(&self, desktop: &Desktop) -> Result<(), LogindError> {
        self.call("lock the screen", &desktop.path, SESSION, "Lock", ()).map(drop)
    }

    /// Whether the desktop says that it is locked.
    pub(crate) fn is_locked(&self, desktop: &Desktop) -> Result<bool, LogindError> {
        self.property("ask whether the screen is locked", &desktop.path, SESSION, "LockedHint")
    }

    /// Ends it; one that has gone has ended.
    pub(crate) fn terminate(&self, desktop: &Desktop) -> Result<(), LogindError> {
        let asked =
            self.call("end the desktop session", MANAGER_PATH, MANAGER, "TerminateSession", (desktop.id.as_str(),));
        match asked {
            Ok(_) | Err(LogindError::Gone { .. }) => Ok(()),
            Err(error @ (LogindError::OutOfReach(_) | LogindError::Refused { .. })) => Err(error),
        }
    }

    /// Whether it is gone, or going and shows nothing any more.
    pub(crate) fn has_ended(&self, desktop: &Desktop) -> bool {
        let state: Result<String, _> = self.property("ask for the desktop session", &desktop.path, SESSION, "State");
        match state {
            Ok(state) => state == "closing",
            Err(LogindError::Gone { .. }) => true,
            Err(LogindError::OutOfReach(_) | LogindError::Refused { .. }) => false,
        }
    }

    /// Holds sleep back until what is returned is dropped, or logind loses patience.
    pub(crate) fn hold_sleep(&self) -> Result<OwnedFd, LogindError> {
        let why = "Sessions are closed and the screen is locked first";
        self.ask("hold sleep back", MANAGER_PATH, MANAGER, "Inhibit", ("sleep", "sekisho", why, "delay"))
    }

    /// How long logind lets sleep be held back.
    pub(crate) fn hold_limit(&self) -> Result<Duration, LogindError> {
        let path = Path::from(MANAGER_PATH);
        self.property("ask how long sleep is held back", &path, MANAGER, "InhibitDelayMaxUSec")
            .map(Duration::from_micros)
    }

    /// Whether the machine is about to sleep: the signal may have come before anybody listened.
    pub(crate) fn is_about_to_sleep(&self) -> Result<bool, LogindError> {
        let path = Path::from(MANAGER_PATH);
        self.property("ask whether the machine is about to sleep", &path, MANAGER, "PreparingForSleep")
    }

    pub(crate) fn listen(&self) -> Result<(), LogindError> {
        for rule in HEARD {
            let message =
                message(("org.freedesktop.DBus", "/org/freedesktop/DBus"), "org.freedesktop.DBus", "AddMatch", (rule,));
            self.send("listen", message)?;
        }
        Ok(())
    }

    /// Waits for what comes next; `None` after so long without.
    pub(crate) fn next(&self, patience: Duration) -> Result<Option<Heard>, LogindError> {
        let lost = |_| LogindError::OutOfReach("the connection to the system bus is lost".into());
        loop {
            match self.bus.blocking_pop_message(patience).map_err(lost)? {
                Some(message) => {
                    if let Some(heard) = heard(&message) {
                        return Ok(Some(heard));
                    }
                }
                None => return Ok(None),
            }
        }
    }

    fn property<T: Arg + for<'a> Get<'a>>(
        &self,
        what: &'static str,
        path: &Path<'_>,
        interface: &'static str,
        name: &'static str,
    ) -> Result<T, LogindError> {
        let Variant(value) = self.ask(what, path, PROPERTIES, "Get", (interface, name))?;
        Ok(value)
    }

    fn ask<T: Arg + for<'a> Get<'a>>(
        &self,
        what: &'static str,
        path: &str,
        interface: &'static str,
        method: &'static str,
        arguments: impl AppendAll,
    ) -> Result<T, LogindError> {
        let answer = self.call(what, path, interface, method, arguments)?;
        answer.read1().map_err(|error| LogindError::Refused { what, said: error.to_string() })
    }

    fn call(
        &self,
        what: &'static str,
        path: &str,
        interface: &'static str,
        method: &'static str,
        arguments: impl AppendAll,
    ) -> Result<Message, LogindError> {
        self.send(what, message((NAME, path), interface, method, arguments))
    }

    fn send(&self, what: &'static str, message: Message) -> Result<Message, LogindError> {
        self.bus.send_with_reply_and_block(message, ANSWER).map_err(|error| {
            if error.name().is_some_and(is_absence) {
                LogindError::OutOfReach(said(&error))
            } else if error.name().is_some_and(is_end) {
                LogindError::Gone { what }
            } else {
                LogindError::Refused { what, said: said(&error) }
            }
        })
    }
}

fn message(whom: (&str, &str), interface: &'static str, method: &'static str, arguments: impl AppendAll) -> Message {
    let mut message =
        Message::new_method_call(whom.0, whom.1, interface, method).expect("names of logind's, and paths that it gave");
    message.append_all(arguments);
    message
}

/// Whether an error of this name says that there was nobody to answer.
fn is_absence(name: &str) -> bool {
    let known = name.strip_prefix("org.freedesktop.DBus.Error.");
    known.is_some_and(|name| {
        matches!(
            name,
            "ServiceUnknown" | "NameHasNoOwner" | "NoReply" | "Disconnected" | "Timeout" | "TimedOut" | "NoServer"
        ) || name.starts_with("Spawn.")
    })
}

/// Whether an error of this name says that a session has ended: its object is there no more, or nobody answers for it.
fn is_end(name: &str) -> bool {
    [
        "org.freedesktop.DBus.Error.UnknownObject",
        "org.freedesktop.DBus.Error.UnknownMethod",
        "org.freedesktop.login1.NoSuchSession",
    ]
    .contains(&name)
}

/// An error in one line: others have written it.
fn said(error: &dbus::Error) -> String {
    error.message().or_else(|| error.name()).unwrap_or("no reason given").chars().filter(|c| !c.is_control()).collect()
}

fn heard(message: &Message) -> Option<Heard> {
    match message.member().as_deref() {
        Some("PrepareForSleep") => {
            message.get1::<bool>().map(|sleep| if sleep { Heard::GoesToSleep } else { Heard::Woke })
        }
        Some("NameOwnerChanged") => {
            let (_, _, owner): (Option<&str>, Option<&str>, Option<&str>) = message.get3();
            owner.map(|owner| if owner.is_empty() { Heard::Gone } else { Heard::There })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_answers_is_told_from_what_is_refused() {
        for (name, absent) in [
            ("org.freedesktop.DBus.Error.ServiceUnknown", true),
            ("org.freedesktop.DBus.Error.Spawn.ChildExited", true),
            ("org.freedesktop.DBus.Error.NoReply", true),
            ("org.freedesktop.DBus.Error.AccessDenied", false),
            ("org.freedesktop.DBus.Error.NotSupported", false),
            ("org.freedesktop.login1.NoSuchSeat", false),
        ] {
            assert_eq!(is_absence(name), absent, "{name}");
        }
        for (name, ended) in [
            ("org.freedesktop.login1.NoSuchSession", true),
            ("org.freedesktop.DBus.Error.UnknownObject", true),
            ("org.freedesktop.DBus.Error.AccessDenied", false),
            ("org.freedesktop.DBus.Error.LimitsExceeded", false),
        ] {
            assert_eq!(is_end(name), ended, "{name}");
        }
    }

    #[test]
    fn signals_are_read_and_others_are_not() {
        let signal = |member: &str| Message::new_signal(MANAGER_PATH, MANAGER, member).unwrap();
        assert_eq!(heard(&signal("PrepareForSleep").append1(true)), Some(Heard::GoesToSleep));
        assert_eq!(heard(&signal("PrepareForSleep").append1(false)), Some(Heard::Woke));
        assert_eq!(heard(&signal("PrepareForSleep")), None);
        assert_eq!(heard(&signal("PrepareForShutdown").append1(true)), None);
        let owner = |owner: &str| signal("NameOwnerChanged").append3(NAME, "", owner);
        assert_eq!((heard(&owner(":1.7")), heard(&owner(""))), (Some(Heard::There), Some(Heard::Gone)));
    }
}
