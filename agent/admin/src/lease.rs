//! The readers of a terminal are its agent's: this program borrows them, for as long as it lives.

use std::path::Path;

use sekisho_ipc::{AgentError, Client, ClientError, Lease};

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
