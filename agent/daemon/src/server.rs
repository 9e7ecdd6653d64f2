//! The socket for programs and people: Varlink, a thread per connection, limits on everything.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use sekisho_ipc::{
    AgentError, AuthorizeRequest, AwaitRequest, Bar, BorrowAnswer, BorrowRequest, BreakGlassAnswer, BreakGlassRequest,
    Call, CompleteAnswer, CompleteRequest, Connection, ConnectionError, DeclineRequest, DescriptionAnswer,
    DescriptionRequest, Descriptors, DraftActRequest, ExportRecordsRequest, InfoAnswer, LockRequest, MESSAGE_MAX,
    Method, Nothing, PromptRequest, Reply, ReportCardRequest, ReportIncidentRequest, ServiceError, ServiceMethod,
    State, StateAnswer, TakeSealAnswer, TakeSealRequest, peer_uid,
};
use sekisho_wire::id::{Code, SessionId};
use serde::de::DeserializeOwned;

use crate::agent::Agent;
use crate::application;
use crate::config::User;
use crate::function::{Caller, Standing, field};
use crate::places::{Place, Places};
use crate::session::Event;
use crate::status::is_news;
use crate::waiting::Gone;

/// How long one message may take to come whole, or to leave.
const MESSAGE_WAIT: Duration = Duration::from_secs(10);
/// How often `Watch` looks whether its client is still there.
const WATCH: Duration = Duration::from_secs(30);

/// Serves one connection until it ends. `agent` is nothing before enrolment.
pub(crate) fn serve(agent: Option<&Arc<Agent>>, config: &crate::config::Config, stream: UnixStream, place: &Place) {
    match Served::new(agent, config, stream, place).and_then(|mut served| served.run()) {
        Ok(()) | Err(ConnectionError::Closed) => {}
        Err(error) => log::info!("a client was let go: {error}"),
    }
}

struct Served<'a> {
    agent: Option<&'a Arc<Agent>>,
    connection: Connection,
    caller: Caller,
    place: &'a Place,
}

impl<'a> Served<'a> {
    fn new(
        agent: Option<&'a Arc<Agent>>,
        config: &crate::config::Config,
        stream: UnixStream,
        place: &'a Place,
    ) -> Result<Self, ConnectionError> {
        let uid = peer_uid(&stream)?;
        let caller = caller(config, uid, application::of(config, &stream, uid));
        let mut connection = Connection::new(stream, Descriptors::Refused)?;
        connection.set_read_waits(None, Some(MESSAGE_WAIT));
        connection.set_write_wait(Some(MESSAGE_WAIT));
        Ok(Self { agent, connection, caller, place })
    }

    fn run(&mut self) -> Result<(), ConnectionError> {
        loop {
            let call = match self.connection.read_message::<Call>(MESSAGE_MAX) {
                Ok(call) => call,
                Err(ConnectionError::TooLarge { limit }) => {
                    let limit = limit as u64;
                    self.connection.write_message(&AgentError::TooLarge { limit }.to_reply())?;
                    return Err(ConnectionError::TooLarge { limit: MESSAGE_MAX });
                }
                Err(ConnectionError::NotJson { cause }) => {
                    let rule = format!("a Varlink call as JSON, ended by a zero byte ({cause})");
                    let error = AgentError::InvalidArgument { field: "message".into(), rule };
                    self.connection.write_message(&error.to_reply())?;
                    return Err(ConnectionError::NotJson { cause });
                }
                Err(error) => return Err(error),
            };
            self.place.wait();
            self.answer(&call)?;
        }
    }

    fn answer(&mut self, call: &Call) -> Result<(), ConnectionError> {
        let service = ServiceMethod::from_name(&call.method);
        let reply = match (Method::from_name(&call.method), service, self.agent) {
            (None, Some(method), _) => serve_description(method, call),
            (None, None, _) => ServiceError::unknown(&call.method).to_reply(),
            (Some(_), _, None) => AgentError::NotEnrolled.to_reply(),
            (Some(Method::Watch), _, Some(agent)) if call.more => return self.watch(agent),
            (Some(Method::Prompt), _, Some(agent)) => return self.prompt(agent, call),
            (Some(Method::Borrow), _, Some(agent)) if call.more => return self.lend(agent, call),
            (Some(method), _, Some(agent)) => match self.method(agent, method, call) {
                Ok(reply) => reply,
                Err(error) => error.to_reply(),
            },
        };
        self.send(call, &reply)
    }

    fn send(&mut self, call: &Call, reply: &Reply) -> Result<(), ConnectionError> {
        if call.oneway { Ok(()) } else { self.connection.write_message(reply) }
    }

    fn method(&self, agent: &Arc<Agent>, method: Method, call: &Call) -> Result<Reply, AgentError> {
        let caller = &self.caller;
        Ok(match method {
            Method::Status | Method::Watch => Reply::new(&StateAnswer { state: agent.state(caller).0 }),
            Method::Await => Reply::new(&agent.await_prompt(caller, &parameters::<AwaitRequest>(call)?.prompt)?),
            Method::Lock => {
                let LockRequest { end, session } = parameters(call)?;
                let session = field::<SessionId>("session", session.as_deref())?;
                agent.lock_asked(caller, if end { Event::EndAsked } else { Event::LockAsked }, session)?;
                Reply::new(&Nothing {})
            }
            Method::Authorize => {
                let request = parameters::<AuthorizeRequest>(call)?;
                // A second descriptor for whoever waits alone: where none can be had, it counts as gone.
                let stream = request.wait.and_then(|_| self.connection.stream().try_clone().ok());
                let gone = Gone::new(move || stream.as_ref().is_none_or(is_hung_up));
                Reply::new(&agent.authorize_for(caller, &request, gone)?)
            }
            Method::Decline => {
                agent.decline(caller, &parameters::<DeclineRequest>(call)?)?;
                Reply::new(&Nothing {})
            }
            Method::Complete => {
                let record = agent.complete_function(caller, &parameters::<CompleteRequest>(call)?)?;
                Reply::new(&CompleteAnswer { record })
            }
            Method::Activity => {
                agent.lock_asked(caller, Event::Active, None)?;
                Reply::new(&Nothing {})
            }
            Method::BreakGlass => {
                let record = agent.break_glass(caller, &parameters::<BreakGlassRequest>(call)?)?;
                Reply::new(&BreakGlassAnswer { record })
            }
            Method::ExportRecords => {
                Reply::new(&agent.export_records(caller, parameters::<ExportRecordsRequest>(call)?.from)?)
            }
            Method::TakeSeal => {
                let sealed = agent.take_seal(caller, parameters::<TakeSealRequest>(call)?.seal)?;
                Reply::new(&TakeSealAnswer { sealed })
            }
            Method::ReportCard => Reply::new(&agent.report_card(caller, &parameters::<ReportCardRequest>(call)?)?),
            Method::ReportIncident => {
                Reply::new(&agent.report_incident(caller, &parameters::<ReportIncidentRequest>(call)?)?)
            }
            Method::DraftAct => Reply::new(&agent.draft_act(caller, &parameters::<DraftActRequest>(call)?)?),
            Method::Prompt => return Err(AgentError::NoSuchPrompt),
            Method::Borrow => {
                let rule = "a call with more: the lease lasts as long as its connection".into();
                return Err(AgentError::InvalidArgument { field: "more".into(), rule });
            }
        })
    }

    fn prompt(&mut self, agent: &Arc<Agent>, call: &Call) -> Result<(), ConnectionError> {
        let opened = parameters::<PromptRequest>(call).and_then(|request| agent.prompt(&self.caller, &request));
        match opened {
            Ok((answer, client)) => {
                use std::os::fd::AsFd;
                self.connection.write_message_with_fd(&Reply::new(&answer), client.as_fd())
            }
            Err(error) => self.connection.write_message(&error.to_reply()),
        }
    }

    /// Lends the readers until the client goes away, or its time is over. Either way the connection ends with it.
    fn lend(&mut self, agent: &Arc<Agent>, call: &Call) -> Result<(), ConnectionError> {
        let lent = parameters::<BorrowRequest>(call).and_then(|request| agent.lend(&self.caller, &request));
        let mut lease = match lent {
            Ok(lease) => lease,
            Err(error) => return self.connection.write_message(&error.to_reply()),
        };
        let seconds = agent.config.card.lease().as_secs();
        self.connection.write_message(&Reply::continuing(&BorrowAnswer { seconds }))?;
        // Anything that comes on it ends it: there is nothing more to say.
        while !is_ready(self.connection.stream(), agent.clock.tick()) && !lease.is_over() {}
        Err(ConnectionError::Closed)
    }

    /// One reply now, one at each change, until the client goes away.
    fn watch(&mut self, agent: &Arc<Agent>) -> Result<(), ConnectionError> {
        let mut sent: Option<State> = None;
        loop {
            let (state, generation) = agent.state(&self.caller);
            if sent.as_ref().is_none_or(|sent| is_news(sent, &state)) {
                self.connection.write_message(&Reply::continuing(&StateAnswer { state: state.clone() }))?;
                sent = Some(state);
            }
            agent.wait_beyond(generation, WATCH);
            if is_hung_up(self.connection.stream()) {
                return Ok(());
            }
        }
    }
}

/// Whether something came, or the client went away, within this time.
fn is_ready(stream: &UnixStream, wait: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let wait =
        Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX), tv_nsec: wait.subsec_nanos().into() };
    match poll(&mut [PollFd::new(stream, PollFlags::IN)], Some(&wait)) {
        Ok(ready) => ready > 0,
        Err(rustix::io::Errno::INTR) => false,
        Err(_) => true,
    }
}

fn is_hung_up(stream: &UnixStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::new(stream, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, Some(&now)).is_ok_and(|ready| ready > 0)
        && polled.iter().any(|polled| polled.revents().intersects(PollFlags::HUP | PollFlags::ERR))
}

/// Reads the parameters; a wrong one is named as far as the parser knows it.
fn parameters<T: DeserializeOwned>(call: &Call) -> Result<T, AgentError> {
    T::deserialize(&call.parameters).map_err(|error| {
        let rule = error.to_string();
        let field = rule.split('`').nth(1).unwrap_or("parameters").to_owned();
        AgentError::InvalidArgument { field, rule }
    })
}

fn serve_description(method: ServiceMethod, call: &Call) -> Reply {
    match method {
        ServiceMethod::GetInfo => Reply::new(&InfoAnswer::of_agent(env!("CARGO_PKG_VERSION"))),
        ServiceMethod::GetInterfaceDescription => match parameters::<DescriptionRequest>(call) {
            Err(_) => ServiceError::InvalidParameter { parameter: "interface".into() }.to_reply(),
            Ok(DescriptionRequest { interface }) => match DescriptionAnswer::of(&interface) {
                Some(answer) => Reply::new(&answer),
                None => ServiceError::InterfaceNotFound { interface }.to_reply(),
            },
        },
    }
}

/// Who this uid is to us, as this application.
fn caller(config: &crate::config::Config, uid: u32, application: Option<Code>) -> Caller {
    let own = rustix::process::getuid().as_raw();
    let trusted = uid == 0 || uid == own;
    let may_prompt = trusted || config.peers.prompt.contains(&User(uid));
    Caller { uid, application, trusted, may_prompt }
}

/// A place for this uid, if it may connect at all and has not taken all that it may have.
pub(crate) fn place(places: &Arc<Places>, config: &crate::config::Config, uid: u32) -> Option<Place> {
    // Which of them it is is asked by its own thread: that may take its time.
    let caller = caller(config, uid, config.applications_of(uid).next().map(|(code, _)| code));
    let welcome = config.peers.anyone_may_ask || caller.standing() != Standing::Stranger;
    welcome.then(|| places.take(&caller)).flatten()
}

impl Agent {
    /// Lock, end, or activity, from who may; of this session alone, where one is named.
    pub(crate) fn lock_asked(&self, caller: &Caller, event: Event, only: Option<SessionId>) -> Result<(), AgentError> {
        let mut core = self.lock();
        if only.is_some_and(|only| core.machine.session().is_none_or(|session| session.id != only)) {
            return Ok(());
        }
        if !core.belongs_to(caller) {
            return Err(AgentError::NotPermitted { reason: Bar::NotYourSession });
        }
        self.step(&mut core, event);
        Ok(())
    }
}

#[cfg(test)]
#[path = "server/tests.rs"]
mod tests;
