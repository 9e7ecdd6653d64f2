//! Desktop notifications (org.freedesktop.Notifications, version 1.2), by a thread that owns the connection: it shows what it is told to, and
//! hears when one is clicked.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::Duration;

use dbus::arg::{PropMap, Variant};
use sekisho_wire::words::Language;

use crate::bus::{Bus, BusError, Object, WhichBus};
use crate::seat::{Event, Note, Topic};
use crate::words;

const DAEMON: Object<'static> = Object {
    owner: "org.freedesktop.Notifications",
    path: "/org/freedesktop/Notifications",
    interface: "org.freedesktop.Notifications",
};
/// What a click on the whole notification is called.
const DEFAULT: &str = "default";
/// What the button is called by which she declines.
const DENY: &str = "deny";
/// How long a click is waited for before errands are looked at.
const LISTEN: Duration = Duration::from_millis(500);
/// As long as the server finds right; and until it is taken away.
const USUAL: i32 = -1;
const STAYS: i32 = 0;

/// What is to be shown.
#[derive(Debug)]
pub(crate) enum Errand {
    /// Show this in place of what is shown on the subject.
    Show(Topic, Box<Note>),
    /// Take it away.
    Withdraw(Topic),
}

/// Starts the thread, which ends when nobody has errands any more.
pub(crate) fn start(language: Language, events: &Sender<Event>) -> Sender<Errand> {
    let (errands, asked) = channel();
    let mut work = Work { language, events: events.clone(), bus: None, ids: HashMap::new() };
    std::thread::spawn(move || while work.round(&asked).is_ok() {});
    errands
}

struct Work {
    language: Language,
    events: Sender<Event>,
    bus: Option<Bus>,
    ids: HashMap<Topic, u32>,
}

impl Work {
    /// Waits for an errand, and sees to it.
    fn round(&mut self, asked: &Receiver<Errand>) -> Result<(), Disconnected> {
        match self.next(asked)? {
            Some(errand) => self.run(&errand),
            None => self.hear(),
        }
        Ok(())
    }

    /// The next errand; `None` when it is time to listen. Nobody is listened to unless there is something to click.
    fn next(&self, asked: &Receiver<Errand>) -> Result<Option<Errand>, Disconnected> {
        let clickable = self.ids.contains_key(&Topic::Pin);
        let next = if clickable { asked.try_recv() } else { asked.recv().map_err(|_| TryRecvError::Disconnected) };
        match next {
            Ok(errand) => Ok(Some(errand)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Disconnected),
        }
    }

    fn run(&mut self, errand: &Errand) {
        let done = match errand {
            Errand::Show(topic, note) => self.show(*topic, note),
            Errand::Withdraw(topic) => self.withdraw(*topic),
        };
        if let Err(error) = done {
            log::info!("cannot show a notification: {error}");
            if matches!(error, BusError::Lost(_)) {
                self.bus_is_gone();
            }
        }
    }

    fn bus(&mut self) -> Result<&Bus, BusError> {
        if self.bus.is_none() {
            let bus = Bus::connect(WhichBus::Session)?;
            bus.listen(&format!("type='signal',interface='{}',member='ActionInvoked'", DAEMON.interface))?;
            self.bus = Some(bus);
        }
        self.bus.as_ref().ok_or(BusError::Silent)
    }

    fn show(&mut self, topic: Topic, note: &Note) -> Result<(), BusError> {
        let (headline, text) = words::of_note(note, self.language);
        let replaced = self.ids.get(&topic).copied().unwrap_or(0);
        let (mut actions, mut hints) = (Vec::new(), PropMap::new());
        let deny;
        if let Note::PinAwaited { waiting, .. } = note {
            actions = vec![DEFAULT, words::type_pin(self.language)];
            // It names its request: a click that comes when another one is shown is not that one's.
            deny = waiting.as_ref().map(|waiting| format!("{DENY}{}", waiting.id));
            actions.extend(deny.as_deref().into_iter().flat_map(|deny| [deny, words::deny(self.language)]));
        }
        // Low, normal, critical: a critical one stays until it is taken away.
        let urgency: u8 = if topic == Topic::Refusal { 1 } else { 2 };
        hints.insert("urgency".into(), Variant(Box::new(urgency)));
        let stays = if topic == Topic::Refusal { USUAL } else { STAYS };
        let arguments = ("Sekisho", replaced, "auth-smartcard", headline, escaped(&text), actions, hints, stays);
        let message = self.bus()?.notify(arguments)?;
        self.ids.insert(topic, message);
        Ok(())
    }

    fn withdraw(&mut self, topic: Topic) -> Result<(), BusError> {
        let Some(id) = self.ids.remove(&topic) else { return Ok(()) };
        self.bus()?.call(&DAEMON, "CloseNotification", (id,)).map(drop)
    }

    fn hear(&mut self) {
        let Some(bus) = &self.bus else { return self.ids.clear() };
        match bus.channel.blocking_pop_message(LISTEN) {
            Ok(Some(message)) => {
                let (id, action) = message.get2::<u32, String>();
                let pin = id.is_some_and(|id| self.ids.get(&Topic::Pin) == Some(&id));
                if message.member().as_deref() == Some("ActionInvoked") && pin {
                    let denied = action.as_deref().and_then(|action| action.strip_prefix(DENY)).map(ToOwned::to_owned);
                    let _ = self.events.send(denied.map_or(Event::PinWanted, Event::PinDenied));
                }
            }
            Ok(None) => {}
            Err(_) => self.bus_is_gone(),
        }
    }

    /// It took what it showed along.
    fn bus_is_gone(&mut self) {
        self.bus = None;
        self.ids.clear();
    }
}

/// Nobody has errands any more.
struct Disconnected;

/// What `Notify` takes.
type Arguments<'a> = (&'a str, u32, &'a str, String, String, Vec<&'a str>, PropMap, i32);

impl Bus {
    fn notify(&self, arguments: Arguments<'_>) -> Result<u32, BusError> {
        self.ask(&DAEMON, "Notify", arguments)
    }
}

/// The text may be markup to the server.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_with_brackets_is_no_markup() {
        assert_eq!(escaped("照会<b> & 異動"), "照会&lt;b&gt; &amp; 異動");
    }
}
