//! A prompt that the agent opened, and the descriptor on which the PIN goes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::client_error::ClientError;
use crate::method::PromptAnswer;
use crate::pin_frame::{PinFrame, PinFrameError};

/// An open prompt. Dropping it without a PIN cancels it.
#[derive(Debug)]
pub struct Prompt {
    /// Names it in `Await`.
    pub id: String,
    /// How many wrong PINs the card would still bear.
    pub tries_left: Option<u32>,
    /// For which card it is.
    pub card: Option<String>,
    /// Whose card it is.
    pub operator: Option<String>,
    /// That operator's name.
    pub name: Option<String>,
    /// The PIN is typed on the reader, which waits for it this long: nobody else asks for it, and none is sent.
    pub on_reader: Option<Duration>,
    descriptor: OwnedFd,
}

impl Prompt {
    pub(crate) fn new(answer: PromptAnswer, descriptor: OwnedFd) -> Self {
        let PromptAnswer { prompt, tries_left, card, operator, name, reader_seconds } = answer;
        let on_reader = reader_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        Self { id: prompt, tries_left, card, operator, name, on_reader, descriptor }
    }

    /// Sends one PIN; for a change of PIN the old one, then the new one.
    ///
    /// # Errors
    /// [`ClientError::Pin`] when the prompt has ended, or its PIN is typed on the reader: then nothing is sent.
    pub fn send_pin(&self, frame: &PinFrame) -> Result<(), ClientError> {
        if self.on_reader.is_some() {
            return Err(PinFrameError::Closed.into());
        }
        Ok(frame.send(&self.descriptor)?)
    }

    /// Gives the prompt up, from whichever thread: as dropping it does.
    pub fn give_up(&self) {
        // Closed by the agent already is as good.
        let _ = rustix::net::shutdown(&self.descriptor, rustix::net::Shutdown::Both);
    }
}

impl AsFd for Prompt {
    /// To wait on: it hangs up when the prompt ends.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
