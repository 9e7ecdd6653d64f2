//! A small blocking client: one typed call after another.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ANSWER_MAX;
use crate::act::{ActDraft, DraftActRequest};
use crate::call::{Call, Reply};
use crate::client_error::ClientError;
use crate::connection::Connection;
use crate::connection_error::ConnectionError;
use crate::error::AgentError;
use crate::method::{
    AuthorizeAnswer, AuthorizeRequest, AwaitAnswer, AwaitRequest, BorrowAnswer, BorrowRequest, BreakGlassAnswer,
    BreakGlassRequest, CompleteAnswer, CompleteRequest, DeclineRequest, ExportRecordsAnswer, ExportRecordsRequest,
    LockRequest, Method, Nothing, PromptAnswer, PromptRequest, StateAnswer, TakeSealAnswer, TakeSealRequest,
};
use crate::prompt::Prompt;
use crate::report::{ReportCardAnswer, ReportCardRequest, ReportIncidentAnswer, ReportIncidentRequest};
use crate::state::{RecordRef, State};

/// How long an answer may take that needs no person. `Authorize` may use the card, which takes a second or two.
const ANSWER_WAIT: Duration = Duration::from_secs(15);
/// How long a message may take to leave or, once begun, to arrive.
const MESSAGE_WAIT: Duration = Duration::from_secs(5);

/// A connection to the agent.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
}

impl Client {
    /// Connects to the agent at this path; [`crate::socket_path`] says which is usual.
    ///
    /// # Errors
    /// [`ClientError::Connection`]: nothing listens there, or it may not be opened.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let mut connection = Connection::connect(path, Some(MESSAGE_WAIT))?;
        connection.set_write_wait(Some(MESSAGE_WAIT));
        Ok(Self { connection })
    }

    /// What is now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn status(&mut self) -> Result<State, ClientError> {
        self.ask::<StateAnswer>(Method::Status, &Nothing {}).map(|answer| answer.state)
    }

    /// Opens a prompt.
    ///
    /// # Errors
    /// [`ClientError`]; [`ConnectionError::NoDescriptor`] when the agent passed none.
    pub fn prompt(&mut self, request: &PromptRequest) -> Result<Prompt, ClientError> {
        self.send(&Call::new(Method::Prompt.name(), request))?;
        let (answer, _, descriptor) = self.receive::<PromptAnswer>(Some(ANSWER_WAIT))?;
        Ok(Prompt::new(answer, descriptor.ok_or(ConnectionError::NoDescriptor)?))
    }

    /// Waits for what came of a prompt, for as long as the agent keeps it open.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn wait_for(&mut self, prompt: &Prompt) -> Result<AwaitAnswer, ClientError> {
        self.send(&Call::new(Method::Await.name(), &AwaitRequest { prompt: prompt.id.clone() }))?;
        self.receive(None).map(|(answer, _, _)| answer)
    }

    /// As [`Client::wait_for`], for a prompt whose PIN is sent, or is typed on the reader: gives up when no answer comes for so long after
    /// that, so that nobody waits for ever for an agent that has stopped.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn wait_at_most(&mut self, prompt: &Prompt, wait: Duration) -> Result<AwaitAnswer, ClientError> {
        self.send(&Call::new(Method::Await.name(), &AwaitRequest { prompt: prompt.id.clone() }))?;
        self.receive(Some(prompt.on_reader.unwrap_or_default() + wait)).map(|(answer, _, _)| answer)
    }

    /// Locks the session.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn lock(&mut self) -> Result<(), ClientError> {
        self.ask::<Nothing>(Method::Lock, &LockRequest { end: false, session: None }).map(drop)
    }

    /// Locks and closes the session.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn end(&mut self) -> Result<(), ClientError> {
        self.ask::<Nothing>(Method::Lock, &LockRequest { end: true, session: None }).map(drop)
    }

    /// Locks and closes this session, if it is the one that is open.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn end_session(&mut self, session: &str) -> Result<(), ClientError> {
        let request = LockRequest { end: true, session: Some(session.to_owned()) };
        self.ask::<Nothing>(Method::Lock, &request).map(drop)
    }

    /// Asks for a decision. When this returns, the record of it is durable.
    ///
    /// # Errors
    /// [`ClientError`]. A refusal is not an error.
    pub fn authorize(&mut self, request: &AuthorizeRequest) -> Result<AuthorizeAnswer, ClientError> {
        self.send(&Call::new(Method::Authorize.name(), request))?;
        let for_pin = Duration::from_secs(request.wait.unwrap_or_default().into());
        self.receive(Some(for_pin + ANSWER_WAIT)).map(|(answer, _, _)| answer)
    }

    /// Refuses a request that waits for the PIN.
    ///
    /// # Errors
    /// [`ClientError`]; [`AgentError::NoSuchPrompt`] when it waits no more.
    pub fn decline(&mut self, waiting: &str) -> Result<(), ClientError> {
        let request = DeclineRequest { waiting: waiting.to_owned() };
        self.ask::<Nothing>(Method::Decline, &request).map(drop)
    }

    /// Has the agent write an act that the holder of the card in the reader is to sign, and show it.
    ///
    /// # Errors
    /// [`ClientError`]: what the register would say of it is said now.
    pub fn draft_act(&mut self, request: &DraftActRequest) -> Result<ActDraft, ClientError> {
        self.ask(Method::DraftAct, request)
    }

    /// Says what came of a granted function.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn complete(&mut self, request: &CompleteRequest) -> Result<RecordRef, ClientError> {
        self.ask::<CompleteAnswer>(Method::Complete, request).map(|answer| answer.record)
    }

    /// Tells of a login that no card opened. Root alone may.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn break_glass(&mut self, account: &str) -> Result<RecordRef, ClientError> {
        let request = BreakGlassRequest { account: account.to_owned() };
        self.ask::<BreakGlassAnswer>(Method::BreakGlass, &request).map(|answer| answer.record)
    }

    /// Records from this seq on, sealed for the ledger; from the first that is not known to be sealed, where none is given. Root alone may.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn export_records(&mut self, from: Option<u64>) -> Result<ExportRecordsAnswer, ClientError> {
        self.ask(Method::ExportRecords, &ExportRecordsRequest { from })
    }

    /// Gives the agent a seal of the ledger's; returns below which seq all is sealed. Root alone may.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn take_seal(&mut self, seal: serde_json::Value) -> Result<u64, ClientError> {
        self.ask::<TakeSealAnswer>(Method::TakeSeal, &TakeSealRequest { seal }).map(|answer| answer.sealed)
    }

    /// Reports a card.
    ///
    /// # Errors
    /// [`ClientError`]: [`AgentError::CardProblem`](crate::AgentError::CardProblem) for a card that nobody knows.
    pub fn report_card(&mut self, request: &ReportCardRequest) -> Result<ReportCardAnswer, ClientError> {
        self.ask(Method::ReportCard, request)
    }

    /// Reports an incident.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn report_incident(&mut self, request: &ReportIncidentRequest) -> Result<ReportIncidentAnswer, ClientError> {
        self.ask(Method::ReportIncident, request)
    }

    /// Says that the clerk is working.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn activity(&mut self) -> Result<(), ClientError> {
        self.ask::<Nothing>(Method::Activity, &Nothing {}).map(drop)
    }

    /// Watches: the state now, and again at each change. The connection then serves nothing else.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn watch(mut self) -> Result<Watch, ClientError> {
        self.send(&Call::new(Method::Watch.name(), &Nothing {}).with_more())?;
        Ok(Watch { client: self, over: false })
    }

    /// What ends this connection when it is dropped, from whichever thread.
    ///
    /// # Errors
    /// [`ClientError::Connection`].
    pub fn hang_up_later(&self) -> Result<HangUp, ClientError> {
        Ok(HangUp(self.connection.stream().try_clone().map_err(ConnectionError::from)?))
    }

    /// Borrows the terminal's card readers until the lease is dropped, or is over. When this returns the agent has let go of every card.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn borrow(mut self, program: &str) -> Result<Lease, ClientError> {
        let request = BorrowRequest { program: program.to_owned() };
        self.send(&Call::new(Method::Borrow.name(), &request).with_more())?;
        let (BorrowAnswer { seconds }, _, _) = self.receive(Some(ANSWER_WAIT))?;
        Ok(Lease { time: Duration::from_secs(seconds), connection: self.connection })
    }

    fn ask<T: DeserializeOwned>(&mut self, method: Method, parameters: &impl Serialize) -> Result<T, ClientError> {
        self.send(&Call::new(method.name(), parameters))?;
        self.receive(Some(ANSWER_WAIT)).map(|(answer, _, _)| answer)
    }

    fn send(&mut self, call: &Call) -> Result<(), ClientError> {
        Ok(self.connection.write_message(call)?)
    }

    fn receive<T: DeserializeOwned>(
        &mut self,
        wait: Option<Duration>,
    ) -> Result<(T, Continues, Option<OwnedFd>), ClientError> {
        self.connection.set_read_waits(wait, Some(MESSAGE_WAIT));
        let (reply, descriptor) = self.connection.read_message_with_fd::<Reply>(ANSWER_MAX)?;
        if let Some(name) = reply.error {
            return Err(AgentError::from_parts(&name, reply.parameters)
                .map_or(ClientError::Foreign { name }, ClientError::Agent));
        }
        let answer = serde_json::from_value(reply.parameters).map_err(|cause| ConnectionError::NotJson { cause })?;
        Ok((answer, if reply.continues { Continues::Yes } else { Continues::No }, descriptor))
    }
}

/// Ends a client's connection when it is dropped: whoever waits on it hears that it is over, and the agent that nobody does.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl Drop for HangUp {
    fn drop(&mut self) {
        // One that is over already is as good.
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}

/// Borrowed card readers. Dropping it gives them back.
#[derive(Debug)]
pub struct Lease {
    /// For how long at most.
    pub time: Duration,
    connection: Connection,
}

impl Lease {
    /// Whether the agent has taken the readers back.
    #[must_use]
    pub fn is_over(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut polled = [PollFd::new(self.connection.stream(), PollFlags::IN)];
        // The agent says nothing more on it: anything that can be read is its end.
        poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
    }
}

/// Whether another reply to the same call follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Continues {
    Yes,
    No,
}

/// The states of the agent, one at each change. Ends after the first error.
#[derive(Debug)]
pub struct Watch {
    client: Client,
    over: bool,
}

impl Iterator for Watch {
    type Item = Result<State, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let received = self.client.receive::<StateAnswer>(None);
        self.over = !matches!(received, Ok((_, Continues::Yes, _)));
        Some(received.map(|(answer, _, _)| answer.state))
    }
}
