//! A prompt that the agent opened, and the descriptor on which the PIN goes.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::client_error::ClientError;
use crate::method::PromptAnswer;
use crate::pin_frame::PinFrame;

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
    descriptor: OwnedFd,
}

impl Prompt {
    pub(crate) fn new(answer: PromptAnswer, descriptor: OwnedFd) -> Self {
        let PromptAnswer { prompt, tries_left, card, operator, name } = answer;
        Self { id: prompt, tries_left, card, operator, name, descriptor }
    }

    /// Sends one PIN; for a change of PIN the old one, then the new one.
    ///
    /// # Errors
    /// [`ClientError::Pin`] when the prompt has ended.
    pub fn send_pin(&self, frame: &PinFrame) -> Result<(), ClientError> {
        Ok(frame.send(&self.descriptor)?)
    }
}

impl AsFd for Prompt {
    /// To wait on: it hangs up when the prompt ends.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
