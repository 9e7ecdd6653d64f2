//! What the agent answers, as the proxy can carry it.

use std::path::Path;

use sekisho_ipc::{
    AgentError, AuthorizeAnswer, AuthorizeRequest, Client, ClientError, CompleteRequest, HangUp, RecordRef,
};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::{Language, Words};

/// Why a request does not go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The agent's own verdict.
    Verdict(VerdictCode),
    /// The agent does not answer: nobody can say that the clerk may, or record it.
    NoAgent,
    /// The proxy asks what cannot be understood.
    QuestionWrong,
    /// There is nothing that this would be the outcome of.
    NothingToComplete,
}

const NO_AGENT: &str = "agent_silent";
const QUESTION_WRONG: &str = "question_wrong";
const NOTHING_TO_COMPLETE: &str = "nothing_to_complete";

impl Refusal {
    /// The name that goes through the proxy.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Verdict(code) => code.name(),
            Self::NoAgent => NO_AGENT,
            Self::QuestionWrong => QUESTION_WRONG,
            Self::NothingToComplete => NOTHING_TO_COMPLETE,
        }
    }

    /// The refusal of that name; what is unknown comes of a proxy that asked wrongly.
    pub(crate) fn from_name(name: &str) -> Self {
        let own = [Self::NoAgent, Self::NothingToComplete].into_iter().find(|own| own.name() == name);
        let verdict = || VerdictCode::from_name(name).filter(|code| !code.is_granted()).map(Self::Verdict);
        own.or_else(verdict).unwrap_or(Self::QuestionWrong)
    }

    /// For the person in front of the screen.
    pub(crate) const fn words(self, language: Language) -> Words {
        match (self, language) {
            // A page has no place for a PIN, and shall have none.
            (Self::Verdict(VerdictCode::PinProofNeeded), Language::Japanese) => Words {
                what: "この機能は、実行のたびに暗証番号が必要です。暗証番号は入力されませんでした",
                next: "もう一度読み込み、操作パネルかデスクトップの案内に従って暗証番号を入力してください。案内が出ないときはシステム管理者に連絡してください。",
            },
            (Self::Verdict(VerdictCode::PinProofNeeded), Language::English) => Words {
                what: "this function wants the PIN each time, and it was not typed",
                next: "Load the page again and type it where panel or desktop asks for it. Call the system manager if neither does.",
            },
            (Self::Verdict(code), language) => code.words(language),
            (Self::NoAgent, Language::Japanese) => Words {
                what: "この端末のカード管理(エージェント)が応答しません",
                next: "少し待って読み込み直し、続くときはシステム管理者に連絡してください。",
            },
            (Self::NoAgent, Language::English) => Words {
                what: "the card agent of this terminal does not answer",
                next: "Wait a moment and load the page again; call the system manager if it stays so.",
            },
            (Self::QuestionWrong, Language::Japanese) => Words {
                what: "この画面の設定が誤っているため、許可を確認できません",
                next: "システム管理者に連絡してください。原因は sekisho-gate の記録にあります。",
            },
            (Self::QuestionWrong, Language::English) => Words {
                what: "this page is set up wrongly, so nobody can be asked whether you may",
                next: "Call the system manager; the log of sekisho-gate has the cause.",
            },
            (Self::NothingToComplete, Language::Japanese) => Words {
                what: "結果を待っている許可がありません",
                next: "既に報告済みでないか確かめてください。",
            },
            (Self::NothingToComplete, Language::English) => {
                Words { what: "no grant waits for this outcome", next: "See whether it was reported already." }
            }
        }
    }
}

/// A request that may go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) record: Option<RecordRef>,
    pub(crate) decision: Option<String>,
}

/// A connection to the agent, and what ends it when whoever asks has gone.
pub(crate) fn connect(agent: &Path) -> Result<(Client, HangUp), Refusal> {
    let connected = Client::connect(agent).and_then(|client| Ok((client.hang_up_later()?, client)));
    connected.map(|(hang_up, client)| (client, hang_up)).map_err(|error| refusal(&error))
}

pub(crate) fn authorize(mut client: Client, request: &AuthorizeRequest) -> Result<Grant, Refusal> {
    let answer = client.authorize(request);
    let AuthorizeAnswer { verdict, record, decision } = answer.map_err(|error| refusal(&error))?;
    if verdict.granted {
        return Ok(Grant { record, decision });
    }
    Err(Refusal::Verdict(VerdictCode::from_name(&verdict.code).ok_or(Refusal::QuestionWrong)?))
}

pub(crate) fn complete(agent: &Path, request: &CompleteRequest) -> Result<RecordRef, Refusal> {
    let answer = Client::connect(agent).and_then(|mut client| client.complete(request));
    answer.map_err(|error| match &error {
        ClientError::Agent(AgentError::InvalidArgument { .. } | AgentError::AlreadyCompleted) => {
            Refusal::NothingToComplete
        }
        ClientError::Agent(_) | ClientError::Connection(_) | ClientError::Foreign { .. } | ClientError::Pin(_) => {
            refusal(&error)
        }
    })
}

fn refusal(error: &ClientError) -> Refusal {
    log::warn!("the agent gives no answer: {error}");
    match error {
        ClientError::Agent(AgentError::InvalidArgument { .. }) => Refusal::QuestionWrong,
        ClientError::Agent(AgentError::NotEnrolled) => Refusal::Verdict(VerdictCode::NotEnrolled),
        ClientError::Agent(AgentError::NotRecorded) => Refusal::Verdict(VerdictCode::NotRecorded),
        ClientError::Agent(_) | ClientError::Connection(_) | ClientError::Foreign { .. } | ClientError::Pin(_) => {
            Refusal::NoAgent
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_comes_back_through_the_proxy_as_it_went() {
        let own = [Refusal::NoAgent, Refusal::QuestionWrong, Refusal::NothingToComplete];
        let verdicts = VerdictCode::ALL.into_iter().filter(|code| !code.is_granted()).map(Refusal::Verdict);
        for refusal in verdicts.chain(own) {
            assert_eq!(Refusal::from_name(refusal.name()), refusal);
            for language in [Language::Japanese, Language::English] {
                assert!(!refusal.words(language).what.is_empty());
            }
        }
        assert_eq!(Refusal::from_name("granted"), Refusal::QuestionWrong);
    }
}
