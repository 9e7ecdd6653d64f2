//! What a clerk does at a terminal of a story, through the agent's socket.

use sekisho_ipc::{
    AgentError, AuthorizeAnswer, AuthorizeRequest, AwaitAnswer, Client, ClientError, PinFrame, PromptRequest,
    SessionState,
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

/// Logs in, or opens the locked session again.
///
/// # Panics
/// When it is refused.
pub fn login(terminal: &Terminal, issued: &Issued) {
    let answer = type_pin(&mut terminal.client(), &PromptRequest::login(), &issued.pin());
    let answer = answer.unwrap_or_else(|error| panic!("no login: {error}"));
    assert!(answer.verdict.granted, "login is refused: {}", answer.verdict.code);
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
    AuthorizeRequest { function: function.to_owned(), purpose: None, case: None, request: None }
}

/// Asks for a function.
///
/// # Panics
/// When the agent does not answer.
pub fn authorize(terminal: &Terminal, function: &str) -> AuthorizeAnswer {
    terminal.client().authorize(&request(function)).unwrap_or_else(|error| panic!("no answer: {error}"))
}
