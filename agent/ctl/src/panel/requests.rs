//! Carries out what the panel asks for, in threads that may wait: the screen never does.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use sekisho_ipc::{AgentError, AwaitAnswer, Client, ClientError, ConnectionError, PinFrame, PromptRequest, State};

use super::model::{Action, Event};
use crate::failure::Failure;
use crate::programs;

/// How long to wait before the agent is looked for again.
const RETRY: Duration = Duration::from_secs(1);

/// Where actions go.
pub(super) struct Requests {
    /// What must wait for nothing: lock and end.
    at_once: Sender<Action>,
    /// The rest, one after the other.
    others: Sender<Action>,
}

impl Requests {
    /// Has an action carried out. The threads that do it end only with this process.
    pub(super) fn send(&self, action: Action) {
        let lane = match action {
            Action::Lock | Action::End => &self.at_once,
            Action::Login { .. }
            | Action::Prove { .. }
            | Action::Decline(_)
            | Action::ChangePin { .. }
            | Action::OnReader(_)
            | Action::Authorize(_)
            | Action::Report(_)
            | Action::Draft(_)
            | Action::Start(..)
            | Action::Activity
            | Action::Quit => &self.others,
        };
        let _ = lane.send(action);
    }
}

/// Watches the agent and serves actions until the panel ends.
pub(super) fn start(socket: &Path, events: &Sender<Event>) -> Requests {
    let (watched, events_of_watch) = (socket.to_owned(), events.clone());
    thread::spawn(move || while watch(&watched, &events_of_watch) {});
    Requests { at_once: lane(socket, events), others: lane(socket, events) }
}

/// A thread that carries out one action after the other.
fn lane(socket: &Path, events: &Sender<Event>) -> Sender<Action> {
    let (actions, asked) = channel();
    let (socket, answers) = (socket.to_owned(), events.clone());
    thread::spawn(move || serve(&socket, &asked, &answers));
    actions
}

/// Follows the agent until it goes away; says whether someone still listens.
fn watch(socket: &Path, events: &Sender<Event>) -> bool {
    let Err(error) = follow(socket, events) else { return false };
    let listening = events.send(Event::Lost(Failure::asking(socket, error))).is_ok();
    thread::sleep(RETRY);
    listening
}

/// Passes each state on. Ends well only when nobody listens any more.
fn follow(socket: &Path, events: &Sender<Event>) -> Result<(), ClientError> {
    for state in Client::connect(socket)?.watch()? {
        if events.send(Event::State(Box::new(state?))).is_err() {
            return Ok(());
        }
    }
    Err(ConnectionError::Closed.into())
}

fn serve(socket: &Path, asked: &Receiver<Action>, answers: &Sender<Event>) {
    for action in asked {
        let failed = |error| Failure::asking(socket, error);
        let answer = match action {
            Action::Login { card, profile, pin } => {
                let request = PromptRequest { card, profile, ..PromptRequest::login() };
                Event::Proved { function: None, answer: prove(socket, &request, &[pin]) }
            }
            Action::Prove { request, pin } => {
                Event::Proved { answer: prove(socket, &request, &[pin]), function: request.function }
            }
            Action::ChangePin { card, pins } => {
                let request = PromptRequest { card, ..PromptRequest::change_pin() };
                Event::Proved { function: None, answer: prove(socket, &request, &pins) }
            }
            Action::OnReader(request) => {
                Event::Proved { answer: prove(socket, &request, &[]), function: request.function }
            }
            Action::Authorize(request) => {
                let answer = Client::connect(socket).and_then(|mut client| client.authorize(&request)).map_err(failed);
                Event::Authorized { request, answer }
            }
            Action::Report(request) => Event::Reported(
                Client::connect(socket).and_then(|mut client| request.send(&mut client)).map_err(failed),
            ),
            Action::Draft(request) => Event::Drafted(
                Client::connect(socket).and_then(|mut client| client.draft_act(&request)).map_err(failed),
            ),
            Action::Decline(waiting) => {
                match Client::connect(socket).and_then(|mut client| client.decline(&waiting)) {
                    // It waits no more: that is as good.
                    Err(ClientError::Agent(AgentError::NoSuchPrompt)) => Event::Did(Ok(())),
                    declined => Event::Did(declined.map_err(failed)),
                }
            }
            Action::Lock => Event::Did(Client::connect(socket).and_then(|mut client| client.lock()).map_err(failed)),
            Action::End => Event::Did(Client::connect(socket).and_then(|mut client| client.end()).map_err(failed)),
            Action::Activity => match active(socket) {
                Ok(State { time, session: Some(session), .. }) => Event::Counted { time, session },
                Ok(State { session: None, .. }) => continue,
                // That a key press was not counted shows as a lock, with its reason; an agent that is gone, in the watch.
                Err(_) => continue,
            },
            Action::Start(record, program) => {
                // It lasts as long as it lasts; the next key press does not wait for that.
                let (socket, ended) = (socket.to_owned(), answers.clone());
                thread::spawn(move || {
                    let end = programs::start(&socket, record, &program);
                    // Nobody need hear of it when the panel is closed.
                    let _ = ended.send(Event::Ended(program, end));
                });
                continue;
            }
            Action::Quit => return,
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

/// The watch is silent about a countdown that begins anew, so it is asked for.
fn active(socket: &Path) -> Result<State, ClientError> {
    let mut client = Client::connect(socket)?;
    client.activity()?;
    client.status()
}

/// The PINs were typed before the prompt opens: the card is not held while a person thinks. Without any the reader asks for them; where it
/// does not after all, or does instead of us, the prompt is given up.
fn prove(socket: &Path, request: &PromptRequest, pins: &[PinFrame]) -> Result<AwaitAnswer, Failure> {
    let attempt = || {
        let mut client = Client::connect(socket)?;
        let prompt = client.prompt(request)?;
        if pins.is_empty() != prompt.on_reader.is_some() {
            return Err(ClientError::Agent(AgentError::PromptCancelled));
        }
        pins.iter().try_for_each(|pin| prompt.send_pin(pin))?;
        client.wait_for(&prompt)
    };
    attempt().map_err(|error| Failure::asking(socket, error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use sekisho_ipc::{AuthorizeRequest, Connection, Descriptors, MESSAGE_MAX};
    use serde_json::{Value, json};

    use super::*;

    /// An agent that answers only to what is asked of it at once.
    fn busy_agent(listener: &UnixListener) {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            let mut connection = Connection::new(stream, Descriptors::Refused).unwrap();
            if connection.read_message::<Value>(MESSAGE_MAX).unwrap()["method"] == "io.sekisho.Lock" {
                connection.write_message(&json!({"parameters": {}})).unwrap();
            }
            kept.push(connection);
        }
    }

    #[test]
    fn lock_and_end_wait_for_nothing_that_is_under_way() {
        let path = std::env::temp_dir().join(format!("sekisho-lanes-{}.sock", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        thread::spawn(move || busy_agent(&listener));
        let (events, heard) = channel();
        let requests = start(&path, &events);
        let request = AuthorizeRequest { function: "koseki".into(), ..AuthorizeRequest::default() };
        requests.send(Action::Authorize(request));
        for action in [Action::Lock, Action::End] {
            requests.send(action);
            let event = heard.recv_timeout(Duration::from_secs(10)).unwrap();
            assert!(matches!(event, Event::Did(Ok(()))), "{event:?}");
        }
        std::fs::remove_file(path).unwrap();
    }
}
