//! The web console, as its companion sees it (LEDGER §L8): a link, what is wished for, what became of it.

use sekisho_link::{Link, LinkError, Options};
use sekisho_register::change::{CaseId, ConnectionState};
use sekisho_register::everyday::Everyday;
use sekisho_register::forms::Form;
use sekisho_wire::id::{CaseReference, Code, Hash, OfficeId};
use sekisho_wire::words::Language;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Ledger;
use crate::error::AdminError;

/// Seconds that the ledger holds a question while nothing is wished for: between two the card is looked at.
const WAIT: u64 = 10;
/// What the page of a wish shows of an error is some sentences.
const SAID_MAX: usize = 1800;

/// What belongs to one session, for as long as it lasts: the token that asked for its link.
#[derive(Clone, Debug)]
pub(crate) struct Companion {
    link: Link,
    office: OfficeId,
    token: Zeroizing<String>,
}

/// One wish.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Its number.
    pub number: u64,
    /// What is wished for.
    pub wanted: Wanted,
}

/// What is wished for.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// To sign something, in somebody's name.
    Signed(What, Hand),
    /// An evidence file about a record, under this number.
    Evidence(u64, CaseReference),
    /// Something that a newer ledger knows.
    Newer,
    /// Something that cannot be read, and why.
    Unreadable(&'static str),
}

/// What is to be signed, as it was typed in the browser.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The approval of a proposal.
    Approve(Hash),
    /// That a proposal is refused, and why.
    Refuse(Hash, String),
    /// That one's own proposal is withdrawn.
    Withdraw(Hash),
    /// That what a deputy decided was looked at.
    Review(Hash),
    /// A form that is filled in: `name=value`.
    Open(Form, Vec<String>),
    /// A step of a case.
    Step(CaseId, String, Vec<String>),
    /// A change of every day: names of its entries, and what was typed.
    Change(Everyday, Vec<(String, String)>),
    /// The connection, stopped or restored: which functions, and the incident.
    Connection(ConnectionState, Vec<Code>, String),
}

/// In whose name it is signed, as it was chosen in the browser.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Hand {
    /// The post; without one whatever the command line says.
    pub post: Option<String>,
    /// As its deputy.
    #[serde(default)]
    pub deputy: bool,
    /// What was decided on paper.
    pub paper: Option<TypedPaper>,
}

/// A decision on paper, as it was typed.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TypedPaper {
    /// Whose.
    pub post: String,
    /// The number of the document.
    pub number: String,
    /// Its date.
    pub date: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireWish {
    approve: Option<String>,
    refuse: Option<String>,
    reason: String,
    withdraw: Option<String>,
    review: Option<String>,
    open: Option<String>,
    case: Option<String>,
    step: Option<String>,
    fields: Vec<(String, String)>,
    change: Option<String>,
    connection: Option<String>,
    functions: Vec<String>,
    incident: String,
    hand: Hand,
    evidence: Option<u64>,
    permission: Option<String>,
}

impl Wish {
    /// Reads one. What cannot be read is one all the same, so that it is passed over and the others are not.
    fn read(value: Value) -> Option<Self> {
        let number = value.get("number")?.as_u64()?;
        let read = serde_json::from_value(value).map_err(|_| "a wish that is none").and_then(WireWish::wanted);
        Some(Self { number, wanted: read.unwrap_or_else(Wanted::Unreadable) })
    }
}

impl WireWish {
    fn wanted(self) -> Result<Wanted, &'static str> {
        if let Some(index) = self.evidence {
            let permission = CaseReference::new(self.permission.as_deref().unwrap_or_default());
            return Ok(Wanted::Evidence(
                index,
                permission.map_err(|_| "evidence that is to be taken away without the number of a permission")?,
            ));
        }
        let hand = self.hand.clone();
        Ok(self.what()?.map_or(Wanted::Newer, |what| Wanted::Signed(what, hand)))
    }

    fn what(self) -> Result<Option<What>, &'static str> {
        let act = |id: &str| id.parse().map_err(|_| "a wish for no act");
        let fields: Vec<String> = self.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Some(id) = &self.approve {
            return Ok(Some(What::Approve(act(id)?)));
        }
        if let Some(id) = &self.refuse {
            return Ok(Some(What::Refuse(act(id)?, self.reason)));
        }
        if let Some(id) = &self.withdraw {
            return Ok(Some(What::Withdraw(act(id)?)));
        }
        if let Some(id) = &self.review {
            return Ok(Some(What::Review(act(id)?)));
        }
        if let Some(form) = &self.open {
            return Ok(Form::from_name(form).map(|form| What::Open(form, fields)));
        }
        if let (Some(case), Some(step)) = (&self.case, self.step) {
            return Ok(case.parse().ok().map(|case| What::Step(case, step, fields)));
        }
        if let Some(change) = &self.change {
            let fields = self.fields;
            return Ok(Everyday::from_name(change).map(|which| What::Change(which, fields)));
        }
        let state = match self.connection.as_deref() {
            Some("stop") => ConnectionState::Stopped,
            Some("open") => ConnectionState::Connected,
            Some(_) | None => return Ok(None),
        };
        let functions = self.functions.iter().map(|code| code.parse());
        let functions = functions.collect::<Result<Vec<Code>, _>>();
        let functions = functions.map_err(|_| "a function that is no code")?;
        Ok(Some(What::Connection(state, functions, self.incident)))
    }
}

impl Ledger {
    /// Asks for a link to the console: where it leads from the ledger's address, and what accompanies the session that it begins.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn console_link(&self, language: Language) -> Result<(String, Companion), AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            path: String,
        }
        let tag = match language {
            Language::English => "en",
            Language::Japanese => "ja",
        };
        let answer: Answer =
            self.link.post_json(&self.path("console/links"), &json!({"language": tag}), &self.options())?;
        // It is printed, and opened by a browser.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_?=".contains(&byte);
        if !answer.path.starts_with("/console/") || !answer.path.bytes().all(is_plain) {
            return Err(AdminError::Ledger("a link that leads elsewhere"));
        }
        let token = self.token.clone().ok_or(AdminError::Ledger("no token"))?;
        Ok((answer.path, Companion { link: self.link.clone(), office: self.office, token }))
    }
}

impl Companion {
    /// Waits for wishes, and takes them in hand; nothing once the session has ended.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn wishes(&self) -> Result<Option<Vec<Wish>>, AdminError> {
        self.asked(WAIT)
    }

    /// Looks whether one is open still. The session lasts by that, too.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn is_open(&self, number: u64) -> Result<bool, AdminError> {
        let open = self.asked(0)?;
        Ok(open.is_some_and(|open| open.iter().any(|wish| wish.number == number)))
    }

    fn asked(&self, seconds: u64) -> Result<Option<Vec<Wish>>, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            wishes: Vec<Value>,
        }
        let path = format!("/v1/{}/console/wishes?wait={seconds}", self.office);
        let options = Options { bearer: Some(self.token.as_str()), ..Options::long_poll(seconds) };
        match self.link.get_json::<Answer>(&path, &options) {
            Ok(answer) => Ok(Some(answer.wishes.into_iter().filter_map(Wish::read).collect())),
            Err(LinkError::Refused(problem)) if ENDED.contains(&problem.code.as_str()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Says what became of a wish. One that ended meanwhile does not mind.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn settle(&self, number: u64, outcome: &str, said: &str) -> Result<(), AdminError> {
        let path = format!("/v1/{}/console/wishes/{number}", self.office);
        let end = (0..=said.len().min(SAID_MAX)).rev().find(|end| said.is_char_boundary(*end)).unwrap_or_default();
        let body = json!({"outcome": outcome, "said": said.get(..end).unwrap_or_default()});
        match self.link.post_json::<Value>(&path, &body, &Options::bearer(&self.token)) {
            Ok(_) => Ok(()),
            Err(LinkError::Refused(problem))
                if problem.code == "not_found" || ENDED.contains(&problem.code.as_str()) =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// How the ledger says that there is no such session any more.
const ENDED: [&str; 2] = ["token_needed", "role_missing"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_that_cannot_be_read_takes_none_of_the_others_along() {
        let wanted = |value: Value| Wish::read(value).map(|wish| wish.wanted);
        let id = "ab".repeat(32);
        assert!(matches!(wanted(json!({"number": 1, "withdraw": id})), Some(Wanted::Signed(What::Withdraw(_), _))));
        assert!(matches!(wanted(json!({"number": 2, "dance": true})), Some(Wanted::Newer)));
        for unreadable in [
            json!({"number": 3, "approve": "x"}),
            json!({"number": 4, "hand": "left"}),
            json!({"number": 5, "evidence": 1, "permission": ""}),
            json!({"number": 6, "connection": "stop", "functions": ["\u{1b}"]}),
        ] {
            assert!(matches!(wanted(unreadable.clone()), Some(Wanted::Unreadable(_))), "{unreadable}");
        }
        assert!(wanted(json!({"withdraw": id})).is_none(), "without a number nothing can be said of it");
    }
}
