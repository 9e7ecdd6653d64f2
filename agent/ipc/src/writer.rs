//! The sending half of a connection.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::Serialize;

use crate::clock::Deadline;
use crate::connection_error::ConnectionError;

/// Sends messages: JSON, then a NUL.
#[derive(Debug)]
pub struct Writer {
    stream: UnixStream,
    wait: Option<Duration>,
}

impl Writer {
    /// Sends into this stream; gives up when the peer takes nothing for as long as `wait`.
    #[must_use]
    pub const fn new(stream: UnixStream, wait: Option<Duration>) -> Self {
        Self { stream, wait }
    }

    /// How long one message may take to leave; nothing means for ever.
    pub fn set_wait(&mut self, wait: Option<Duration>) {
        self.wait = wait;
    }

    /// Sends one message.
    ///
    /// # Errors
    /// [`ConnectionError`]: the peer went away, takes nothing, or the value is no JSON.
    pub fn write_message(&mut self, message: &impl Serialize) -> Result<(), ConnectionError> {
        self.send(&encode(message)?, None)
    }

    /// Sends one message, and a descriptor with its first byte. The peer gets a duplicate.
    ///
    /// # Errors
    /// As [`Writer::write_message`].
    pub fn write_message_with_fd(
        &mut self,
        message: &impl Serialize,
        descriptor: BorrowedFd<'_>,
    ) -> Result<(), ConnectionError> {
        self.send(&encode(message)?, Some(descriptor))
    }

    fn send(&mut self, bytes: &[u8], mut descriptor: Option<BorrowedFd<'_>>) -> Result<(), ConnectionError> {
        let deadline = Deadline::after(self.wait);
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.send_some(rest, descriptor) {
                Ok(sent) => {
                    descriptor = None;
                    rest = rest.get(sent..).unwrap_or_default();
                }
                Err(Errno::AGAIN) => wait_for(self.stream.as_fd(), PollFlags::OUT, deadline)?,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    fn send_some(&self, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> Result<usize, Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors = descriptor.as_slice();
        if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(Errno::NOBUFS);
        }
        // No SIGPIPE and no blocking: a client that stops reading must not stop the agent.
        sendmsg(&self.stream, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)
    }
}

fn encode(message: &impl Serialize) -> Result<Vec<u8>, ConnectionError> {
    let mut bytes = serde_json::to_vec(message).map_err(|cause| ConnectionError::NotJson { cause })?;
    bytes.push(0);
    Ok(bytes)
}

/// Waits until the socket can do what `flags` say.
pub(crate) fn wait_for(socket: BorrowedFd<'_>, flags: PollFlags, deadline: Deadline) -> Result<(), ConnectionError> {
    loop {
        let left = deadline.left();
        match poll(&mut [PollFd::from_borrowed_fd(socket, flags)], left.as_ref()) {
            Ok(0) => return Err(ConnectionError::TimedOut),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
