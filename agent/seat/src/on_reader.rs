//! Lets the reader ask for a PIN: nothing of it comes here. What is left to do is to open the prompt, to wait, and to give it up.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_ipc::{AgentError, AwaitAnswer, Client, ClientError, Prompt, PromptRequest};

use crate::pinentry::{PROVED, came};
use crate::seat::{Asking, Event};

/// A reader that asks.
pub(crate) struct Standing {
    prompt: Shared,
}

/// The prompt while it is open, to be given up from another thread.
type Shared = Arc<Mutex<Way>>;

enum Way {
    Opening,
    Open(Arc<Prompt>),
    GivenUp,
}

impl Standing {
    /// Gives it up: the reader waits on, and what is typed there opens nothing. What comes of it is told all the same.
    pub(crate) fn stop(&self) {
        let before = std::mem::replace(&mut *self.prompt.lock().unwrap_or_else(PoisonError::into_inner), Way::GivenUp);
        if let Way::Open(prompt) = before {
            prompt.give_up();
        }
    }
}

/// Asks, on a thread of its own.
pub(crate) fn ask(socket: &Path, asking: Asking, request: PromptRequest, events: &Sender<Event>) -> Standing {
    let prompt = Arc::new(Mutex::new(Way::Opening));
    let standing = Standing { prompt: Arc::clone(&prompt) };
    let (socket, events) = (socket.to_owned(), events.clone());
    std::thread::spawn(move || {
        let _ = events.send(Event::Pin(asking, came(prove(&socket, &request, &prompt))));
    });
    standing
}

fn prove(socket: &Path, request: &PromptRequest, shared: &Shared) -> Result<AwaitAnswer, ClientError> {
    let mut client = Client::connect(socket)?;
    let prompt = Arc::new(client.prompt(request)?);
    {
        let mut way = shared.lock().unwrap_or_else(PoisonError::into_inner);
        // A prompt that is not the reader's after all is not ours either: whoever asks for its PIN opens another.
        if matches!(*way, Way::GivenUp) || prompt.on_reader.is_none() {
            return Err(ClientError::Agent(AgentError::PromptCancelled));
        }
        *way = Way::Open(Arc::clone(&prompt));
    }
    client.wait_at_most(&prompt, PROVED)
}
