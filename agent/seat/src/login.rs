//! Our own session at logind: whether its screen is the one that people see, whether it is locked, and when it is asked to lock.

use std::sync::mpsc::Sender;
use std::time::Duration;

use dbus::Path;
use dbus::arg::{Arg, Get};

use crate::bus::{Bus, BusError, Object, WhichBus};
use crate::seat::{Event, Screen};

const OWNER: &str = "org.freedesktop.login1";
const MANAGER: Object<'static> =
    Object { owner: OWNER, path: "/org/freedesktop/login1", interface: "org.freedesktop.login1.Manager" };
const SESSION: &str = "org.freedesktop.login1.Session";
/// How long logind is left alone when it is not there.
const RETRY: Duration = Duration::from_secs(5);
/// One message is waited for so long; there is no end to waiting.
const PATIENCE: Duration = Duration::from_secs(3600);

/// The session that this program runs in, or belongs to where a service manager started it.
#[derive(Clone, Debug)]
pub(crate) struct OwnSession {
    path: Path<'static>,
}

impl OwnSession {
    /// Finds it, over a new connection.
    pub(crate) fn find() -> Result<(Bus, Self), BusError> {
        let bus = Bus::connect(WhichBus::System)?;
        let id = std::env::var("XDG_SESSION_ID").ok().filter(|id| !id.is_empty());
        // "auto" is the caller's own, else the one that its user works in (logind 243 and later).
        let path = bus.ask(&MANAGER, "GetSession", (id.as_deref().unwrap_or("auto"),))?;
        Ok((bus, Self { path }))
    }

    /// Reads a property of it.
    pub(crate) fn property<T: Arg + for<'a> Get<'a>>(&self, bus: &Bus, name: &str) -> Result<T, BusError> {
        bus.property(&self.object(), name)
    }

    fn object(&self) -> Object<'_> {
        Object { owner: OWNER, path: &self.path, interface: SESSION }
    }

    fn screen(&self, bus: &Bus) -> Result<Screen, BusError> {
        let shown: bool = self.property(bus, "Active")?;
        let locked: bool = self.property(bus, "LockedHint")?;
        Ok(match (shown, locked) {
            (_, true) => Screen::Locked,
            (true, false) => Screen::Shown,
            (false, false) => Screen::Away,
        })
    }
}

/// Says whether the desktop is locked: its locker does not.
pub(crate) fn tell_locked(locked: bool) -> Result<(), BusError> {
    let (bus, session) = OwnSession::find()?;
    bus.call(&session.object(), "SetLockedHint", (locked,)).map(drop)
}

/// Follows the session as long as this program lives.
pub(crate) fn follow(events: &Sender<Event>) {
    let mut said = String::new();
    loop {
        let Err(error) = follow_one(events);
        // Said once, and not at each attempt.
        let says = error.to_string();
        if says != said {
            log::warn!("cannot follow our session at logind, so nobody is asked for a PIN: {says}");
            said = says;
        }
        if events.send(Event::Screen(Screen::Unknown)).is_err() {
            return;
        }
        std::thread::sleep(RETRY);
    }
}

fn follow_one(events: &Sender<Event>) -> Result<std::convert::Infallible, BusError> {
    let (bus, session) = OwnSession::find()?;
    let path = &session.path;
    bus.listen(&format!("type='signal',sender='{OWNER}',path='{path}'"))?;
    bus.listen(&format!("type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{OWNER}'"))?;
    loop {
        let over = || BusError::Lost("this program ends".into());
        events.send(Event::Screen(session.screen(&bus)?)).map_err(|_| over())?;
        let lost = |_| BusError::Lost("the connection is gone".into());
        let Some(message) = bus.channel.blocking_pop_message(PATIENCE).map_err(lost)? else { continue };
        match message.member().as_deref() {
            Some("Lock") => events.send(Event::LockAsked).map_err(|_| over())?,
            // Another logind knows our session by another path, perhaps.
            Some("NameOwnerChanged") => return Err(BusError::Lost("another logind has come".into())),
            Some(_) | None => {}
        }
    }
}
