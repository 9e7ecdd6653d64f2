//! The readers of a terminal are its agent's: this program borrows them, for as long as it lives.

use std::path::Path;

use sekisho_ipc::{AgentError, Bar, Client, ClientError, Lease};
use sekisho_wire::words::Language;

use crate::error::AdminError;
use crate::screen::Screen;

/// What the agent calls us.
const PROGRAM: &str = "sekisho-admin";

/// Whose the readers are.
#[derive(Debug, Default)]
pub(crate) enum Readers {
    /// Nobody was asked yet.
    #[default]
    NotAsked,
    /// Anybody's: no agent of an office runs on this machine.
    Free,
    /// Ours, while this lives.
    Borrowed(Lease),
}

impl Readers {
    /// Borrows them, unless that was done and is not over.
    ///
    /// # Errors
    /// [`AdminError::NotLent`].
    pub(crate) fn borrow(&mut self, socket: &Path) -> Result<(), AdminError> {
        let asks = match self {
            Self::NotAsked => true,
            Self::Free => false,
            Self::Borrowed(lease) => lease.is_over(),
        };
        if asks {
            *self = borrowed(socket)?;
        }
        Ok(())
    }
}

fn borrowed(socket: &Path) -> Result<Readers, AdminError> {
    let lease = Client::connect(socket).and_then(|client| client.borrow(PROGRAM));
    match lease {
        Ok(lease) => {
            log::info!("the agent lends the card readers for {} minutes", lease.time.as_secs() / 60);
            Ok(Readers::Borrowed(lease))
        }
        // An agent that belongs to no office holds no card.
        Err(ClientError::Agent(AgentError::NotEnrolled)) => Ok(Readers::Free),
        Err(ClientError::Agent(error)) => Err(AdminError::NotLent(Box::new(error))),
        // No agent, one that does not answer, or one that does not know of this: a card that is held all the same says so itself.
        Err(error @ (ClientError::Connection(_) | ClientError::Foreign { .. } | ClientError::Pin(_))) => {
            log::debug!("no agent lends card readers: {error}");
            Ok(Readers::Free)
        }
    }
}

/// Says that the terminal is not for clerks meanwhile.
pub(crate) fn tell(readers: &Readers, screen: &Screen) {
    if let Readers::Borrowed(lease) = readers {
        let minutes = lease.time.as_secs() / 60;
        screen.note(
            &format!("this terminal's agent lends the card readers for {minutes} minutes; until they are given back no clerk's card is read"),
            &format!(
                "この端末のエージェントからカードリーダーを借りました(最長{minutes}分)。返却まで職員のカードは読み取られません"
            ),
        );
    }
}

/// Why the agent does not lend them.
pub(crate) fn why_not_lent(error: &AgentError, language: Language) -> String {
    match error {
        AgentError::CardProblem { verdict, .. } => language.pick(&verdict.what_ja, &verdict.what).to_owned(),
        AgentError::NotPermitted { reason: Bar::SessionOpen } => {
            language.pick("この端末は利用中です", "a session is open there").to_owned()
        }
        AgentError::NotPermitted { reason: Bar::NotABorrower } => {
            language.pick("このユーザーには許可されていません", "this user may not").to_owned()
        }
        AgentError::NotRecorded => language.pick("端末で記録できません", "the terminal cannot record it").to_owned(),
        other @ (AgentError::InvalidArgument { .. }
        | AgentError::NotPermitted { .. }
        | AgentError::NoSuchPrompt
        | AgentError::NoSuchDraft
        | AgentError::PromptCancelled
        | AgentError::AlreadyCompleted
        | AgentError::NotEnrolled
        | AgentError::RecordsHeldBack { .. }
        | AgentError::SealRefused { .. }
        | AgentError::TooLarge { .. }) => other.to_string(),
    }
}

/// What whoever wants them does then.
pub(crate) fn next_step(error: &AgentError, language: Language) -> &str {
    match error {
        AgentError::CardProblem { verdict, .. } => language.pick(&verdict.next_ja, &verdict.next),
        AgentError::NotPermitted { reason: Bar::NotABorrower } => language.pick(
            "root で実行するか、agent.toml の [peers] の borrow にこの利用者を書いてください。",
            "Run it as root, or name this user under [peers] 'borrow' in agent.toml.",
        ),
        AgentError::NotPermitted { .. } => language.pick(
            "先にこの端末の利用を終了してください(カードを抜くか sekisho lock --end)。",
            "End the session at this terminal first: take its card out, or run sekisho lock --end.",
        ),
        AgentError::InvalidArgument { .. }
        | AgentError::NoSuchPrompt
        | AgentError::NoSuchDraft
        | AgentError::PromptCancelled
        | AgentError::AlreadyCompleted
        | AgentError::NotRecorded
        | AgentError::NotEnrolled
        | AgentError::RecordsHeldBack { .. }
        | AgentError::SealRefused { .. }
        | AgentError::TooLarge { .. } => {
            language.pick("sekisho doctor で確かめてください。", "See what sekisho doctor says.")
        }
    }
}
