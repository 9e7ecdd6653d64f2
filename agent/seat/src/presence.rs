//! Tells the agent that somebody is there, as long as a source says so; and hears how long there is until the idle lock. On a thread of its
//! own: a desktop that hangs holds up nothing else.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::time::Duration;

use sekisho_ipc::{Client, ClientError};

use crate::idle::{self, Hands, IdleSource};
use crate::seat::Event;

/// How often it is seen whether the desktop is there at all, while nobody asks.
const ALIVE: Duration = Duration::from_secs(60);

/// Asks for a look; one that waits already is enough.
pub(crate) type Looks = SyncSender<()>;

/// Starts the thread.
pub(crate) fn start(socket: &Path, events: &Sender<Event>) -> Looks {
    let (looks, asked) = sync_channel(1);
    let (socket, events) = (socket.to_owned(), events.clone());
    std::thread::spawn(move || Presence { socket, events, source: idle::open() }.serve(&asked));
    looks
}

struct Presence {
    socket: PathBuf,
    events: Sender<Event>,
    source: Option<Box<dyn IdleSource>>,
}

impl Presence {
    fn serve(&mut self, asked: &Receiver<()>) {
        loop {
            let asked = match asked.recv_timeout(ALIVE) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let hands = match self.source.as_mut().map_or(Ok(Hands::Off), |source| source.hands()) {
                Ok(hands) => hands,
                Err(error) => {
                    // Without a desktop there is nothing left to do; and nobody is reported active any more.
                    let _ = self.events.send(Event::Over(error.to_string()));
                    return;
                }
            };
            if !asked {
                continue;
            }
            match self.tell(hands) {
                Ok(event) => drop(self.events.send(event)),
                // The watch tells of an agent that is gone.
                Err(error) => log::debug!("cannot tell the agent of input: {error}"),
            }
        }
    }

    fn tell(&self, hands: Hands) -> Result<Event, ClientError> {
        let mut client = Client::connect(&self.socket)?;
        if hands == Hands::On {
            client.activity()?;
        }
        Ok(Event::Agent(Box::new(client.status()?)))
    }
}
