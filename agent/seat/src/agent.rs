//! Follows the agent: its state, at each change.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::Duration;

use sekisho_ipc::{AgentError, Client, ClientError, ConnectionError};

use crate::seat::Event;

/// How long to wait before the agent is looked for again.
const RETRY: Duration = Duration::from_secs(1);

/// Starts the thread.
pub(crate) fn start(socket: &Path, events: &Sender<Event>) {
    let (socket, events) = (socket.to_owned(), events.clone());
    std::thread::spawn(move || {
        // Said once, and not each second.
        let mut said = false;
        while let Err(error) = follow(&socket, &events, &mut said) {
            if !std::mem::replace(&mut said, true) {
                log::warn!("{error}");
            }
            if events.send(Event::AgentLost).is_err() {
                return;
            }
            std::thread::sleep(RETRY);
        }
    });
}

/// Says no for the clerk, on a thread of its own. A request that waits no more needs no answer.
pub(crate) fn decline(socket: &Path, waiting: String) {
    let socket = socket.to_owned();
    std::thread::spawn(move || match Client::connect(&socket).and_then(|mut client| client.decline(&waiting)) {
        Ok(()) | Err(ClientError::Agent(AgentError::NoSuchPrompt)) => {}
        Err(error) => log::warn!("cannot say that the clerk declined: {error}"),
    });
}

/// Ends well only when nobody listens any more.
fn follow(socket: &Path, events: &Sender<Event>, said: &mut bool) -> Result<(), ClientError> {
    for state in Client::connect(socket)?.watch()? {
        let state = Box::new(state?);
        *said = false;
        if events.send(Event::Agent(state)).is_err() {
            return Ok(());
        }
    }
    Err(ConnectionError::Closed.into())
}
