//! What the agent shows: the types of the interface, field by field.

use serde::{Deserialize, Serialize};

use crate::act::ShownAct;

/// What a person is told: the code for programs, the words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct Verdict {
    /// Whether it may go ahead.
    pub granted: bool,
    /// The verdict's name: `function_not_in_scope`.
    pub code: String,
    /// Its number, as it stands in records.
    pub number: u16,
    /// What happened, in English.
    pub what: String,
    /// What to do next, in English; empty when nothing is to be done.
    pub next: String,
    /// What happened, in Japanese.
    pub what_ja: String,
    /// What to do next, in Japanese.
    pub next_ja: String,
}

/// The open or locked session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// 16 bytes in hexadecimal.
    pub id: String,
    /// The operator's code (照合ID).
    pub operator: String,
    /// The operator's name, where this terminal knows it.
    pub name: Option<String>,
    /// The permission profile (操作者ID) that is in use.
    pub profile: String,
    /// The code of the operator's section.
    pub section: String,
    /// That section's name; empty where the register has none.
    pub section_title: String,
    /// `ordinary`, `maintenance` or `training`.
    pub kind: String,
    /// When it was opened: milliseconds since 1970 UTC.
    pub opened: u64,
    /// How many milliseconds until the idle lock.
    pub idle_lock_in: u64,
    /// How many milliseconds until the session ends by itself.
    pub ends_in: u64,
    /// What ends it then.
    pub ends_by: SessionEnd,
}

/// What will end a session by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// It will have lasted as long as it may.
    Length,
    /// The operating hours end, or the permit to work outside them.
    Hours,
    /// A rest is due: it is locked until that is over.
    Rest,
    /// The day's time at terminals is used up.
    Day,
}

/// The card in the reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The GUID of its CHUID, in hexadecimal.
    pub guid: String,
    /// What the register says it is: `business`, `spare`, ….
    pub kind: Option<String>,
    /// Whose card it is.
    pub operator: Option<String>,
    /// That operator's name, where this terminal knows it.
    pub name: Option<String>,
    /// How many wrong PINs the card would still bear, as the card last said.
    pub tries_left: Option<u32>,
    /// The permission profiles that may be chosen.
    pub profiles: Vec<String>,
    /// Whether the card is newer than this terminal's register, and works by the grant on it until the register has it.
    pub by_grant: bool,
    /// Where its PIN is typed.
    pub pin_entry: PinEntry,
    /// What can be done on the keypad of its reader.
    pub keypad: Keypad,
    /// When its PIN has to be changed before it opens anything more: milliseconds since 1970 UTC. Absent where the office sets it no end.
    pub pin_ends: Option<u64>,
    /// Whether its holder can sign acts with it.
    pub signs_acts: bool,
}

/// Where the PIN of a card is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinEntry {
    /// At this machine's keyboard: panel, seat and PAM ask for it.
    Keyboard,
    /// On the reader's keypad, once a prompt is open. Nobody else may ask for it.
    Reader,
    /// As `Reader`, and it is waited for there now.
    ReaderNow,
    /// Nowhere: it must be typed on a reader, and this one cannot.
    Nowhere,
}

impl PinEntry {
    /// Whether it is typed on the reader.
    #[must_use]
    pub const fn is_on_reader(self) -> bool {
        matches!(self, Self::Reader | Self::ReaderNow)
    }
}

/// What can be done on a reader's keypad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keypad {
    /// Nothing: there is none.
    #[default]
    None,
    /// A PIN can be typed.
    Verifies,
    /// A PIN can be typed, and changed.
    VerifiesAndChanges,
    /// The reader was asked, and failed.
    Unknown,
}

/// A purpose (事由) that a function may be used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// Its code.
    pub purpose: String,
    /// Its title, for people.
    pub title: String,
}

/// A function, and whether it would be granted here and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its code.
    pub function: String,
    /// Its title, for people.
    pub title: String,
    /// What proof it asks for: `session`, `card` or `pin`.
    pub level: String,
    /// Whether a purpose must be given.
    pub purpose_required: bool,
    /// The purposes to choose from.
    pub purposes: Vec<Purpose>,
    /// What would be said now.
    pub verdict: Verdict,
}

/// A decision of this session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// When: milliseconds since 1970 UTC.
    pub time: u64,
    /// Which function; absent for what is not about one.
    pub function: Option<String>,
    /// What was said.
    pub verdict: Verdict,
}

/// A PIN that is asked for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPrompt {
    /// Who asks, as the kernel says.
    pub uid: u32,
    /// That user's name on this machine, where it has one.
    pub user: Option<String>,
    /// The application that this user is, as the configuration says.
    pub application: Option<String>,
    /// Whether it is asked for by, or for, the user who reads this. Nobody should type a PIN for another's.
    pub yours: bool,
    /// What for.
    pub what: PromptFor,
    /// The function, if it is for one.
    pub function: Option<String>,
    /// The id of the request, if it is for one that waits.
    pub waiting: Option<String>,
    /// Whether it is typed on the reader's keypad.
    pub on_reader: bool,
}

/// What a PIN is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptFor {
    /// It opens a session.
    Login,
    /// It opens a locked session again.
    Unlock,
    /// It proves the operator for a function.
    Function,
    /// It is changed.
    ChangePin,
    /// It signs an act.
    Act,
}

/// Who has the card readers in the agent's stead. No card is touched by the agent, and nothing granted, until they are back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lent {
    /// The program, as it calls itself.
    pub program: String,
    /// Whose it is.
    pub uid: u32,
    /// That user's name on this machine, where it has one.
    pub user: Option<String>,
    /// Since when: milliseconds since 1970 UTC.
    pub since: u64,
    /// Until when at the latest.
    pub until: u64,
}

/// A program's request for which nothing but the clerk's PIN is missing. `Prompt` asks for that, `Decline` refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Names it in `Prompt` and `Decline`.
    pub id: String,
    /// Whose program it is.
    pub uid: u32,
    /// That user's name on this machine, where it has one.
    pub user: Option<String>,
    /// The registered application that this user is.
    pub application: Option<String>,
    /// The function's code.
    pub function: String,
    /// Its title.
    pub title: String,
    /// The purpose's code.
    pub purpose: Option<String>,
    /// The case in the office's own ledger.
    pub case: Option<String>,
}

impl Waiting {
    /// Who asks, for people: the application, else the user.
    #[must_use]
    pub fn who(&self) -> String {
        let user = || self.user.clone().unwrap_or_else(|| format!("uid {}", self.uid));
        self.application.clone().unwrap_or_else(user)
    }

    /// What for: the function's title, else its code.
    #[must_use]
    pub fn what(&self) -> &str {
        if self.title.is_empty() { &self.function } else { &self.title }
    }
}

/// Where a record stands in this terminal's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordRef {
    /// The terminal's epoch.
    pub epoch: u64,
    /// The record's number within it.
    pub seq: u64,
}

/// What is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// No card in the reader.
    NoCard,
    /// A card, and no PIN proved.
    AwaitPin,
    /// A session is open.
    Open,
    /// A session is there, and locked.
    Locked,
}

/// Whether the ledger can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// The ledger answers.
    Up,
    /// It answers, and refuses what this terminal asks.
    Refused,
    /// Whatever it does: this terminal's own journal or disk keeps the records from it.
    HeldBack,
    /// It does not answer.
    Down,
}

/// What came of the last lock of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreenState {
    /// The screen is none of the agent's business, says its configuration.
    Off,
    /// There was none yet, and logind is there.
    Ready,
    /// Asked for; nobody has confirmed it yet.
    Locking,
    /// The desktop confirmed it.
    Locked,
    /// It could not be locked, and the desktop session was ended.
    Ended,
    /// It could not be locked.
    Failed,
    /// logind is out of reach: the screen cannot be locked, and nobody tells of sleep.
    Unreachable,
}

/// Everything a panel shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The office's id; absent before enrolment.
    pub office: Option<String>,
    /// The office's name.
    pub title: Option<String>,
    /// This terminal's code.
    pub terminal: Option<String>,
    /// What is.
    pub state: SessionState,
    /// The reader as it is registered.
    pub reader: Option<String>,
    /// The card in it.
    pub card: Option<Card>,
    /// What is the matter with a card that is in a reader and cannot be used, beside `card` or without one.
    pub card_problem: Option<Verdict>,
    /// The session.
    pub session: Option<Session>,
    /// Why the last session was locked or ended.
    pub last_lock_reason: Option<String>,
    /// The functions that the chosen profile knows, in order.
    pub functions: Vec<Function>,
    /// The last decisions, newest first.
    pub recent: Vec<Recent>,
    /// The PIN that is asked for now. Where a reader waits and none stands here, it was given up: what is typed opens nothing.
    pub prompt: Option<OpenPrompt>,
    /// The request that waits for the PIN.
    pub waiting: Option<Waiting>,
    /// The act that waits for its signature: what the agent says that it is.
    pub act: Option<ShownAct>,
    /// Who has the card readers, if not the agent.
    pub lease: Option<Lent>,
    /// How many acts the verified register stands on.
    pub register_size: u64,
    /// How old it is in milliseconds; absent when no freshness note was verified yet.
    pub register_age: Option<u64>,
    /// Whether it is older than policy allows.
    pub register_stale: bool,
    /// What came of the last lock of the screen.
    pub screen: ScreenState,
    /// Whether records get through to the ledger.
    pub link: LinkState,
    /// Whether the register comes from the ledger.
    pub register_link: LinkState,
    /// Until when the terminal's TLS certificate holds, milliseconds since 1970 UTC; absent while nobody has said. It renews itself ten
    /// days before: nearer means that this fails.
    pub certificate_ends: Option<u64>,
    /// Records that the ledger does not hold yet.
    pub unsent: u64,
    /// Records that are not yet under a checkpoint.
    pub unsealed: u64,
    /// When the records that wait longest must have reached the ledger, or nothing more is granted: milliseconds since 1970 UTC. Absent while
    /// there is more than half of the time that the terminal's configuration gives.
    pub unsent_until: Option<u64>,
    /// What was reported here and the ledger is not known to have.
    pub reports_waiting: u32,
    /// What was reported here and the ledger will not have: these cards are blocked at this terminal alone, and people have to see to it.
    pub reports_refused: u32,
    /// From when a recovery that was announced can be completed, milliseconds since 1970 UTC: whoever knows nothing of it has until then to object. Absent
    /// while none is announced.
    pub recovery_due: Option<u64>,
    /// The agent's time: milliseconds since 1970 UTC.
    pub time: u64,
    /// What happened and what to do next, for the state as a whole.
    pub advice: Verdict,
}
