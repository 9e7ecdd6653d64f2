//! Messages between the agent and its clients (Varlink), and a small blocking client.
//!
//! [`INTERFACE`] is the contract; every type here has its field names. [`Connection`] carries messages, [`Client`] asks,
//! [`PinFrame`] is the one thing that never travels in a message.
#![forbid(unsafe_code)]

mod act;
mod call;
mod client;
mod client_error;
mod clock;
mod connection;
mod connection_error;
mod error;
mod frames;
mod method;
mod peer;
mod pin_frame;
mod prompt;
mod report;
mod service;
mod state;
mod typed_pin;
mod undumpable;
mod writer;

pub use act::{ActDraft, ActKind, DraftActRequest, ShownAct};
pub use call::{Call, Reply};
pub use client::{Client, HangUp, Lease, Watch};
pub use client_error::ClientError;
pub use connection::{Connection, Descriptors};
pub use connection_error::ConnectionError;
pub use error::{AgentError, Bar, NotThisInterface};
pub use frames::{Frames, Oversized};
pub use method::{
    AuthorizeAnswer, AuthorizeRequest, AwaitAnswer, AwaitRequest, BorrowAnswer, BorrowRequest, BreakGlassAnswer,
    BreakGlassRequest, CompleteAnswer, CompleteRequest, DeclineRequest, ExportRecordsAnswer, ExportRecordsRequest,
    LockRequest, Method, Nothing, Outcome, PromptAnswer, PromptRequest, PromptWhat, Recipient, StateAnswer,
    TakeSealAnswer, TakeSealRequest, WAIT_MAX,
};
pub use peer::peer_uid;
pub use pin_frame::{PIN_FRAME_LEN, PinFrame, PinFrameError, PinReader};
pub use prompt::Prompt;
pub use report::{
    CardTrouble, IncidentClass, NotBlocked, Numbered, ReportCardAnswer, ReportCardRequest, ReportIncidentAnswer,
    ReportIncidentRequest,
};
pub use service::{DescriptionAnswer, DescriptionRequest, InfoAnswer, SERVICE_INTERFACE, ServiceError, ServiceMethod};
pub use state::{
    Card, Function, Keypad, Lent, LinkState, OpenPrompt, PinEntry, PromptFor, Purpose, Recent, RecordRef, ScreenState,
    Session, SessionEnd, SessionState, State, Verdict, Waiting,
};
pub use typed_pin::TypedPin;
pub use undumpable::forbid_dumps;
pub use writer::Writer;

/// The interface, as `GetInterfaceDescription` gives it out. The types of this crate follow it field by field.
pub const INTERFACE: &str = include_str!("io.sekisho.varlink");
/// The interface's name.
pub const INTERFACE_NAME: &str = "io.sekisho";
/// Where the agent listens unless configured otherwise.
pub const SOCKET: &str = "/run/sekisho/agent.sock";
/// The environment variable that names another socket.
pub const SOCKET_VARIABLE: &str = "SEKISHO_SOCKET";
/// The longest message that is read: a [`State`] with some hundred functions fits, a flood does not.
pub const MESSAGE_MAX: usize = 64 * 1024;
/// The longest message that a client reads from the agent, whom it trusts more than the agent trusts it: a batch of records, sealed.
pub const ANSWER_MAX: usize = 2 * 1024 * 1024;

/// The socket to use: what [`SOCKET_VARIABLE`] names, else [`SOCKET`].
#[must_use]
pub fn socket_path() -> std::path::PathBuf {
    std::env::var_os(SOCKET_VARIABLE).filter(|path| !path.is_empty()).unwrap_or_else(|| SOCKET.into()).into()
}
