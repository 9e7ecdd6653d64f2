//! The methods of the interface: what is asked, what is answered.

use serde::{Deserialize, Serialize};

use crate::state::{RecordRef, Session, State, Verdict};

/// A method of `io.sekisho`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// What is now.
    Status,
    /// Opens a prompt and passes a descriptor for the PIN.
    Prompt,
    /// Waits for what came of a prompt.
    Await,
    /// Locks or ends.
    Lock,
    /// Asks for a decision.
    Authorize,
    /// Says what came of a granted function.
    Complete,
    /// The clerk is working.
    Activity,
    /// The state, and again at each change.
    Watch,
    /// Records a login without a card.
    BreakGlass,
    /// Gives records, sealed for the ledger.
    ExportRecords,
    /// Takes the ledger's proof that it has sealed records.
    TakeSeal,
    /// Reports a card lost, stolen, damaged or its PIN known.
    ReportCard,
    /// Reports an incident.
    ReportIncident,
    /// Borrows the card readers, as long as the connection stays.
    Borrow,
    /// Refuses a request that waits for the clerk's PIN.
    Decline,
    /// Writes an act that a person is to sign here, and shows it.
    DraftAct,
}

impl Method {
    /// Every method, in the interface's order.
    pub const ALL: [Self; 16] = [
        Self::Status,
        Self::Prompt,
        Self::Await,
        Self::Lock,
        Self::Authorize,
        Self::Complete,
        Self::Activity,
        Self::Watch,
        Self::BreakGlass,
        Self::ExportRecords,
        Self::TakeSeal,
        Self::ReportCard,
        Self::ReportIncident,
        Self::Borrow,
        Self::Decline,
        Self::DraftAct,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "io.sekisho.Status",
            Self::Prompt => "io.sekisho.Prompt",
            Self::Await => "io.sekisho.Await",
            Self::Lock => "io.sekisho.Lock",
            Self::Authorize => "io.sekisho.Authorize",
            Self::Complete => "io.sekisho.Complete",
            Self::Activity => "io.sekisho.Activity",
            Self::Watch => "io.sekisho.Watch",
            Self::BreakGlass => "io.sekisho.BreakGlass",
            Self::ExportRecords => "io.sekisho.ExportRecords",
            Self::TakeSeal => "io.sekisho.TakeSeal",
            Self::ReportCard => "io.sekisho.ReportCard",
            Self::ReportIncident => "io.sekisho.ReportIncident",
            Self::Borrow => "io.sekisho.Borrow",
            Self::Decline => "io.sekisho.Decline",
            Self::DraftAct => "io.sekisho.DraftAct",
        }
    }

    /// The method with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// No parameters, or an answer without content: `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// Answer of `Status` and `Watch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAnswer {
    /// What is.
    pub state: State,
}

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptWhat {
    /// Opens a session, or opens a locked one again.
    Login,
    /// Decides about a function whose level is `pin`.
    Authorize,
    /// Decides about a request that waits for the PIN (`State::waiting`).
    Waiting,
    /// Changes the PIN: two frames, old then new.
    ChangePin,
    /// Signs an act that was drafted and shown.
    Act,
}

/// Parameters of `Prompt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptRequest {
    /// What it is for.
    pub what: PromptWhat,
    /// The permission profile to log in with.
    #[serde(default)]
    pub profile: Option<String>,
    /// The kind of session: `ordinary`, `maintenance`, `training`.
    #[serde(default)]
    pub kind: Option<String>,
    /// The card, by GUID, that the person was shown: the agent refuses when another one is in the reader. Whoever takes the PIN before it
    /// opens the prompt must name it.
    #[serde(default)]
    pub card: Option<String>,
    /// For whom, by uid: whose session it will be, when it opens one. Only root asks for others.
    #[serde(default)]
    pub user: Option<u32>,
    /// As in [`AuthorizeRequest`].
    #[serde(default)]
    pub function: Option<String>,
    /// As in [`AuthorizeRequest`].
    #[serde(default)]
    pub purpose: Option<String>,
    /// As in [`AuthorizeRequest`].
    #[serde(default)]
    pub case: Option<String>,
    /// As in [`AuthorizeRequest`].
    #[serde(default)]
    pub request: Option<String>,
    /// As in [`AuthorizeRequest`].
    #[serde(default)]
    pub recipient: Option<Recipient>,
    /// Which request, for a prompt about one that waits: [`Waiting::id`](crate::Waiting::id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// Which act, for a prompt about one: [`ActDraft::draft`](crate::ActDraft::draft).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    /// Whether the PIN was typed at this machine already: a prompt whose PIN is typed on the reader is refused then, before the reader asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_keyboard: Option<bool>,
}

impl PromptRequest {
    /// A prompt that logs in, with the agent's defaults.
    #[must_use]
    pub const fn login() -> Self {
        Self::new(PromptWhat::Login)
    }

    /// A prompt that changes the PIN.
    #[must_use]
    pub const fn change_pin() -> Self {
        Self::new(PromptWhat::ChangePin)
    }

    /// A prompt that decides about a function.
    #[must_use]
    pub fn authorize(request: AuthorizeRequest) -> Self {
        let AuthorizeRequest { function, purpose, case, request, recipient, wait: _ } = request;
        Self { function: Some(function), purpose, case, request, recipient, ..Self::new(PromptWhat::Authorize) }
    }

    /// A prompt about a request that waits.
    #[must_use]
    pub fn waiting(id: String) -> Self {
        Self { waiting: Some(id), ..Self::new(PromptWhat::Waiting) }
    }

    /// A prompt that signs an act.
    #[must_use]
    pub fn act(draft: String) -> Self {
        Self { draft: Some(draft), ..Self::new(PromptWhat::Act) }
    }

    const fn new(what: PromptWhat) -> Self {
        Self {
            what,
            profile: None,
            kind: None,
            card: None,
            user: None,
            function: None,
            purpose: None,
            case: None,
            request: None,
            recipient: None,
            waiting: None,
            draft: None,
            at_keyboard: None,
        }
    }
}

/// Answer of `Prompt`; a descriptor comes with it: whoever closes it gives the prompt up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptAnswer {
    /// Names the prompt in `Await`.
    pub prompt: String,
    /// How many wrong PINs the card would still bear.
    #[serde(default)]
    pub tries_left: Option<u32>,
    /// For which card it is, by GUID: the PIN goes to this one and to no other.
    #[serde(default)]
    pub card: Option<String>,
    /// Whose card it is.
    #[serde(default)]
    pub operator: Option<String>,
    /// That operator's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The PIN is typed on the reader, which waits for it this many seconds: nothing goes on the descriptor.
    #[serde(default)]
    pub reader_seconds: Option<u32>,
}

/// Parameters of `Await`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitRequest {
    /// From [`PromptAnswer`].
    pub prompt: String,
}

/// Answer of `Await`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitAnswer {
    /// What came of it.
    pub verdict: Verdict,
    /// How many wrong PINs the card would still bear.
    #[serde(default)]
    pub tries_left: Option<u32>,
    /// The session, when one was opened.
    #[serde(default)]
    pub session: Option<Session>,
    /// The record of the decision, when one was asked for.
    #[serde(default)]
    pub record: Option<RecordRef>,
    /// The decision, signed for the recipient that was named.
    #[serde(default)]
    pub decision: Option<String>,
}

/// Parameters of `Lock`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRequest {
    /// Whether the session is closed too.
    pub end: bool,
    /// This session and no other: nothing happens where it is not the one that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
}

/// Who is to believe a grant without having been there (DECISION.md).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Its name; 1 to 200 printable ASCII characters without space.
    pub audience: String,
    /// What it gave to be sure that the decision is made for this very occasion; as long as `audience` may be.
    #[serde(default)]
    pub nonce: Option<String>,
}

/// Parameters of `Authorize`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    /// The function's code.
    pub function: String,
    /// The purpose's code (事由).
    #[serde(default)]
    pub purpose: Option<String>,
    /// The case in the office's own ledger.
    #[serde(default)]
    pub case: Option<String>,
    /// 16 bytes in hexadecimal, the caller's: the same request asked again gets the same answer and no second record.
    #[serde(default)]
    pub request: Option<String>,
    /// For whom a grant is signed.
    #[serde(default)]
    pub recipient: Option<Recipient>,
    /// Where nothing but the clerk's PIN is missing: for so many seconds the answer waits until she has typed it, in panel or desktop. At most
    /// [`WAIT_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<u32>,
}

/// So many seconds a request may wait for a PIN.
pub const WAIT_MAX: u32 = 600;

/// Parameters of `Decline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclineRequest {
    /// Which request: [`Waiting::id`](crate::Waiting::id).
    pub waiting: String,
}

/// Answer of `Authorize`. The record is durable before this leaves the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizeAnswer {
    /// What was decided.
    pub verdict: Verdict,
    /// The record of it; absent when none was written.
    #[serde(default)]
    pub record: Option<RecordRef>,
    /// The decision, a JWT; present when it was granted and a recipient was named.
    #[serde(default)]
    pub decision: Option<String>,
}

/// What came of a granted function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It failed.
    Failed,
    /// The clerk gave it up, or the session ended.
    Cancelled,
}

/// Parameters of `Complete`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteRequest {
    /// The record of the grant.
    pub record: RecordRef,
    /// How many items (件数).
    pub items: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// Answer of `Complete`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompleteAnswer {
    /// The record that says so.
    pub record: RecordRef,
}

/// Parameters of `BreakGlass`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassRequest {
    /// The account that was logged in to.
    pub account: String,
}

/// Answer of `BreakGlass`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassAnswer {
    /// The record that says so.
    pub record: RecordRef,
}

/// Parameters of `ExportRecords`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRecordsRequest {
    /// From which seq on; from the first that is not known to be sealed, where it is not given.
    #[serde(default)]
    pub from: Option<u64>,
}

/// Answer of `ExportRecords`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRecordsAnswer {
    /// The office, hex.
    pub office: String,
    /// The terminal's code.
    pub terminal: String,
    /// Its epoch.
    pub epoch: u32,
    /// Size of the newest checkpoint of the records log that it has verified.
    pub seen: u64,
    /// The seq that comes next here: what was recorded before this was asked is below it.
    pub next: u64,
    /// Seq of the first record.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// They, signed and sealed, base64; nothing where there are none.
    #[serde(default)]
    pub envelope: Option<String>,
}

/// Parameters of `TakeSeal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeSealRequest {
    /// The ledger's answer to `seal`.
    pub seal: serde_json::Value,
}

/// Answer of `TakeSeal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeSealAnswer {
    /// All records below it are sealed.
    pub sealed: u64,
}

/// Parameters of `Borrow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BorrowRequest {
    /// Who borrows, for people: a program's name, 1 to 32 of a-z 0-9 and -.
    pub program: String,
}

/// Answer of `Borrow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BorrowAnswer {
    /// For how long at most.
    pub seconds: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_interface_is_known_and_no_other() {
        let declared: Vec<String> = crate::INTERFACE
            .lines()
            .filter_map(|line| line.strip_prefix("method "))
            .filter_map(|line| line.split_once('('))
            .map(|(name, _)| format!("io.sekisho.{name}"))
            .collect();
        let known: Vec<String> = Method::ALL.iter().map(|method| method.name().to_owned()).collect();
        assert_eq!(declared, known);
        for name in &declared {
            assert!(Method::from_name(name).is_some());
        }
        assert_eq!(Method::from_name("io.sekisho.Unlock"), None);
    }

    #[test]
    fn left_out_and_null_parameters_mean_the_same() {
        let short: AuthorizeRequest = serde_json::from_str(r#"{"function":"jumin.query"}"#).unwrap();
        let long: AuthorizeRequest =
            serde_json::from_str(r#"{"function":"jumin.query","purpose":null,"case":null,"request":null}"#).unwrap();
        assert_eq!(short, long);
    }
}
