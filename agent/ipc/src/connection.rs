//! Messages over a Unix stream: JSON, then a NUL; a descriptor beside it where one is expected.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix, SocketFlags, SocketType,
    recvmsg, socket_with,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Deadline;
use crate::connection_error::ConnectionError;
use crate::frames::Frames;
use crate::writer::{Writer, wait_for};

/// How many descriptors wait at most; what comes beyond is closed.
const DESCRIPTORS_MAX: usize = 4;
/// How much is read at once.
const PIECE: usize = 4096;

/// Whether the peer may pass descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptors {
    /// The kernel drops them: nobody fills our table.
    Refused,
    /// They are kept until the message that they came with is read.
    Accepted,
}

/// One end of a connection, blocking.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    writer: Writer,
    descriptors: Descriptors,
    frames: Frames,
    waiting: VecDeque<OwnedFd>,
    idle_wait: Option<Duration>,
    message_wait: Option<Duration>,
}

impl Connection {
    /// Speaks over this stream. Waits for ever until told otherwise.
    ///
    /// # Errors
    /// [`ConnectionError::Io`] when the stream cannot be duplicated for writing.
    pub fn new(stream: UnixStream, descriptors: Descriptors) -> Result<Self, ConnectionError> {
        let writer = Writer::new(stream.try_clone()?, None);
        let (frames, waiting) = (Frames::default(), VecDeque::new());
        Ok(Self { stream, writer, descriptors, frames, waiting, idle_wait: None, message_wait: None })
    }

    /// Connects to a server; takes the descriptors that it passes. A server that has stopped takes nobody in once its queue is full: `wait` is
    /// how long to stand in it.
    ///
    /// # Errors
    /// [`ConnectionError::Io`]: nothing listens there, or it may not be opened; [`ConnectionError::TimedOut`].
    pub fn connect(path: &Path, wait: Option<Duration>) -> Result<Self, ConnectionError> {
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        set_socket_timeout(&socket, Timeout::Send, wait)?;
        let server = SocketAddrUnix::new(path)?;
        match rustix::io::retry_on_intr(|| rustix::net::connect(&socket, &server)) {
            Err(Errno::AGAIN) => Err(ConnectionError::TimedOut),
            connected => Self::new(connected.map(|()| UnixStream::from(socket))?, Descriptors::Accepted),
        }
    }

    /// How long to wait for the first byte of a message, and how long for the whole of it from then on. The second keeps
    /// a peer that sends a byte now and then from holding a thread. Nothing means for ever.
    pub fn set_read_waits(&mut self, first_byte: Option<Duration>, message: Option<Duration>) {
        self.idle_wait = first_byte;
        self.message_wait = message;
    }

    /// How long one message may take to leave.
    pub fn set_write_wait(&mut self, wait: Option<Duration>) {
        self.writer.set_wait(wait);
    }

    /// The stream, to look at the peer or to wait on.
    #[must_use]
    pub const fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// A second sending half, for another thread. Two that send at once must take turns: messages do not mix by themselves.
    ///
    /// # Errors
    /// [`ConnectionError::Io`] when the stream cannot be duplicated.
    pub fn writer(&self, wait: Option<Duration>) -> Result<Writer, ConnectionError> {
        Ok(Writer::new(self.stream.try_clone()?, wait))
    }

    /// The next message.
    ///
    /// # Errors
    /// [`ConnectionError`]. After [`ConnectionError::NotJson`] the next message can still be read.
    pub fn read_message<T: DeserializeOwned>(&mut self, limit: usize) -> Result<T, ConnectionError> {
        let bytes = self.read_bytes(limit)?;
        serde_json::from_slice(&bytes).map_err(|cause| ConnectionError::NotJson { cause })
    }

    /// The next message and the descriptor that came with it, if one did.
    ///
    /// # Errors
    /// As [`Connection::read_message`].
    pub fn read_message_with_fd<T: DeserializeOwned>(
        &mut self,
        limit: usize,
    ) -> Result<(T, Option<OwnedFd>), ConnectionError> {
        let message = self.read_message(limit)?;
        Ok((message, self.waiting.pop_front()))
    }

    /// The bytes of the next message, without its NUL.
    ///
    /// # Errors
    /// As [`Connection::read_message`], without `NotJson`.
    pub fn read_bytes(&mut self, limit: usize) -> Result<Vec<u8>, ConnectionError> {
        let mut deadline = self.deadline();
        loop {
            if let Some(message) = self.frames.next(limit).map_err(|_| ConnectionError::TooLarge { limit })? {
                return Ok(message);
            }
            let was_amid = self.frames.is_amid_message();
            wait_for(self.stream.as_fd(), PollFlags::IN, deadline)?;
            self.receive()?;
            if !was_amid {
                deadline = self.deadline();
            }
        }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// As [`Writer::write_message`].
    pub fn write_message(&mut self, message: &impl Serialize) -> Result<(), ConnectionError> {
        self.writer.write_message(message)
    }

    /// Sends one message and a descriptor with it.
    ///
    /// # Errors
    /// As [`Writer::write_message`].
    pub fn write_message_with_fd(
        &mut self,
        message: &impl Serialize,
        descriptor: BorrowedFd<'_>,
    ) -> Result<(), ConnectionError> {
        self.writer.write_message_with_fd(message, descriptor)
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(if self.frames.is_amid_message() { self.message_wait } else { self.idle_wait })
    }

    fn receive(&mut self) -> Result<(), ConnectionError> {
        let mut piece = [0; PIECE];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = match self.descriptors {
            Descriptors::Refused => RecvAncillaryBuffer::default(),
            Descriptors::Accepted => RecvAncillaryBuffer::new(&mut space),
        };
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let received = match recvmsg(&self.stream, &mut [IoSliceMut::new(&mut piece)], &mut control, flags) {
            Ok(received) => received.bytes,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                let room = DESCRIPTORS_MAX.saturating_sub(self.waiting.len());
                self.waiting.extend(descriptors.take(room));
            }
        }
        if received == 0 {
            return Err(if self.frames.is_amid_message() {
                ConnectionError::ClosedAmidMessage
            } else {
                ConnectionError::Closed
            });
        }
        self.frames.push(piece.get(..received).unwrap_or_default());
        Ok(())
    }
}
