//! The web console, as its companion sees it (LEDGER §L8): a link, what is wished for, what became of it.

use sekisho_link::{Link, LinkError, Options};
use sekisho_wire::id::{CaseReference, Hash, OfficeId};
use sekisho_wire::words::Language;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Ledger;
use crate::error::AdminError;

/// Seconds that the ledger holds a question while nothing is wished for.
const WAIT: u64 = 50;
/// What the page of a wish shows of an error is some sentences.
const SAID_MAX: usize = 1800;

/// What belongs to one session, for as long as it lasts: the token that asked for its link.
#[derive(Debug)]
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
    /// To approve a proposal.
    Approve(Hash),
    /// An evidence file about a record, under this number.
    Evidence(u64, Option<CaseReference>),
    /// Something that a newer ledger knows.
    Newer,
}

#[derive(Deserialize)]
struct WireWish {
    number: u64,
    #[serde(default)]
    approve: Option<String>,
    #[serde(default)]
    evidence: Option<u64>,
    #[serde(default)]
    permission: Option<String>,
}

impl WireWish {
    fn read(self) -> Result<Wish, AdminError> {
        let wanted = match (self.approve, self.evidence) {
            (Some(id), None) => Wanted::Approve(id.parse().map_err(|_| AdminError::Ledger("a wish for no act"))?),
            (None, Some(index)) => {
                let permission = self.permission.as_deref().map(CaseReference::new).transpose();
                Wanted::Evidence(index, permission.map_err(|_| AdminError::Ledger("a permission that is no number"))?)
            }
            (Some(_), Some(_)) | (None, None) => Wanted::Newer,
        };
        Ok(Wish { number: self.number, wanted })
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
    /// Waits for wishes; nothing once the session has ended.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn wishes(&self) -> Result<Option<Vec<Wish>>, AdminError> {
        #[derive(Deserialize)]
        struct Answer {
            wishes: Vec<WireWish>,
        }
        let path = format!("/v1/{}/console/wishes?wait={WAIT}", self.office);
        let options = Options { bearer: Some(self.token.as_str()), ..Options::long_poll(WAIT) };
        match self.link.get_json::<Answer>(&path, &options) {
            Ok(answer) => answer.wishes.into_iter().map(WireWish::read).collect::<Result<_, _>>().map(Some),
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
