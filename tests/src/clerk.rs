//! What a clerk does at a terminal of a story, through the agent's socket.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sekisho_ipc::{
    AgentError, AuthorizeAnswer, AuthorizeRequest, AwaitAnswer, Client, ClientError, PinFrame, PromptRequest,
    SessionState, Waiting,
};

use crate::desk::Issued;
use crate::terminal::Terminal;
use crate::wait;

/// Inserts a card and waits until the terminal has seen it.
pub fn insert(terminal: &Terminal, issued: &mut Issued) {
    issued.card.insert(&terminal.pcscd, 0);
    wait_card(terminal, true);
}

/// Pulls a card and waits until the terminal has seen that.
pub fn pull(terminal: &Terminal, issued: &mut Issued) {
    issued.card.pull();
    terminal.pcscd.wait_slot(0, false);
    wait_card(terminal, false);
}

/// Pulls a card while an application asks all the time. From the moment on when pcscd itself says that the slot is empty, every request is
/// refused: the agent's own word that it has seen it is not waited for.
///
/// # Panics
/// When a request is granted that was made after that moment, or none before.
pub fn pull_while_asking(terminal: &Terminal, issued: &mut Issued, function: &str) {
    /// How many requests are made after it.
    const AFTER: usize = 20;
    let (granted, empty) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut client = terminal.client();
            let mut after = 0;
            while after < AFTER {
                // Looked at before the request is made.
                let was_empty = empty.load(Ordering::SeqCst);
                let answer = client.authorize(&request(function)).unwrap_or_else(|error| panic!("no answer: {error}"));
                match (was_empty, answer.verdict.granted) {
                    (true, true) => panic!("granted after the card was pulled, at request {after}"),
                    (true, false) => after += 1,
                    (false, true) => drop(granted.fetch_add(1, Ordering::SeqCst)),
                    (false, false) => {}
                }
            }
        });
        wait::until("requests that are granted", || (granted.load(Ordering::SeqCst) > 0).then_some(()));
        issued.card.pull();
        terminal.pcscd.wait_slot(0, false);
        empty.store(true, Ordering::SeqCst);
        asking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// Waits until the terminal sees a card, or none.
pub fn wait_card(terminal: &Terminal, present: bool) {
    let mut client = terminal.client();
    let what = if present { "the terminal to see the card" } else { "the terminal to see no card" };
    wait::until(what, || (client.status().ok()?.card.is_some() == present).then_some(()));
}

/// Waits for a state of the terminal.
pub fn wait_state(terminal: &Terminal, state: SessionState) {
    let mut client = terminal.client();
    wait::until(&format!("the state {state:?}"), || (client.status().ok()?.state == state).then_some(()));
}

/// How many tries the card in the terminal has, as the agent tells it.
///
/// # Panics
/// When the agent does not answer.
pub fn tries_left(terminal: &Terminal) -> Option<u32> {
    terminal.client().status().expect("the agent tells its state").card.and_then(|card| card.tries_left)
}

/// Waits until the agent tells that so many tries are left: after a right PIN it asks the card when everybody has been answered.
pub fn wait_tries(terminal: &Terminal, tries: u32) {
    wait::until(&format!("{tries} tries"), || (tries_left(terminal) == Some(tries)).then_some(()));
}

/// Types a PIN at the prompt.
///
/// # Errors
/// What the agent says.
///
/// # Panics
/// When `pin` has no shape of a PIN.
pub fn type_pin(client: &mut Client, request: &PromptRequest, pin: &str) -> Result<AwaitAnswer, ClientError> {
    let prompt = client.prompt(request)?;
    prompt.send_pin(&PinFrame::new(pin.as_bytes()).expect("a PIN"))?;
    client.wait_for(&prompt)
}

/// Waits until a program's request waits for the PIN.
pub fn wait_waiting(terminal: &Terminal) -> Waiting {
    let mut client = terminal.client();
    wait::until("a request that waits for the PIN", || client.status().ok()?.waiting)
}

/// Logs in, or opens the locked session again.
///
/// # Panics
/// When it is refused.
pub fn login(terminal: &Terminal, issued: &Issued) {
    let answer = type_pin(&mut terminal.client(), &PromptRequest::login(), &issued.pin());
    let answer = answer.unwrap_or_else(|error| panic!("no login: {error}"));
    assert!(answer.verdict.granted, "login is refused: {}", answer.verdict.code);
}

/// Changes the PIN of the card in the terminal to another one of the same kind, and writes that down.
///
/// # Panics
/// When it is refused.
pub fn change_pin(terminal: &Terminal, issued: &Issued) {
    let old = issued.pin();
    // Of what stories make up none begins like this, and none becomes a run or a repeat by it.
    let new = format!("{}{}", if old.starts_with('7') { '5' } else { '7' }, &old[1..]);
    let mut client = terminal.client();
    let changed = client.prompt(&PromptRequest::change_pin()).and_then(|prompt| {
        for pin in [&old, &new] {
            prompt.send_pin(&PinFrame::new(pin.as_bytes()).expect("a PIN"))?;
        }
        client.wait_for(&prompt)
    });
    let answer = changed.unwrap_or_else(|error| panic!("the PIN is not changed: {error}"));
    assert!(answer.verdict.granted, "{}", answer.verdict.code);
    std::fs::write(issued.pin_file(), new).expect("cannot write a PIN file");
}

/// Tries to log in; gives the verdict's name.
#[must_use]
pub fn try_login(terminal: &Terminal, issued: &Issued) -> String {
    try_prompt(terminal, &PromptRequest::login(), issued)
}

/// Tries to log in with one of several profiles; gives the verdict's name.
#[must_use]
pub fn try_login_with(terminal: &Terminal, profile: &str, issued: &Issued) -> String {
    try_prompt(terminal, &PromptRequest { profile: Some(profile.to_owned()), ..PromptRequest::login() }, issued)
}

fn try_prompt(terminal: &Terminal, request: &PromptRequest, issued: &Issued) -> String {
    match type_pin(&mut terminal.client(), request, &issued.pin()) {
        Ok(answer) => answer.verdict.code,
        Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) => verdict.code,
        Err(error) => panic!("neither granted nor refused: {error}"),
    }
}

/// Asks for a function; gives the verdict's name.
#[must_use]
pub fn verdict_of(terminal: &Terminal, function: &str) -> String {
    authorize(terminal, function).verdict.code
}

/// A request without purpose or case.
#[must_use]
pub fn request(function: &str) -> AuthorizeRequest {
    AuthorizeRequest { function: function.to_owned(), ..AuthorizeRequest::default() }
}

/// Asks for a function.
///
/// # Panics
/// When the agent does not answer.
pub fn authorize(terminal: &Terminal, function: &str) -> AuthorizeAnswer {
    terminal.client().authorize(&request(function)).unwrap_or_else(|error| panic!("no answer: {error}"))
}
