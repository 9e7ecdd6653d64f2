//! Who is at the other end of a socket.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;
use rustix::process::{PidfdFlags, pidfd_open};

use crate::connection_error::ConnectionError;

/// The process that connected, as the kernel noted it at that moment.
#[derive(Debug)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its number at that moment; the process may have ended since and the number may be another's.
    pub pid: i32,
    /// The process that has this number now, held: readable once it has ended. Absent when none has, or the kernel
    /// has no such descriptors.
    pub pidfd: Option<OwnedFd>,
}

/// Looks at the peer of a connected socket.
///
/// # Errors
/// [`ConnectionError::Io`] when the socket is not connected.
pub fn peer_of(stream: &UnixStream) -> Result<Peer, ConnectionError> {
    let credentials = socket_peercred(stream)?;
    Ok(Peer {
        uid: credentials.uid.as_raw(),
        gid: credentials.gid.as_raw(),
        pid: credentials.pid.as_raw_nonzero().get(),
        pidfd: pidfd_open(credentials.pid, PidfdFlags::empty()).ok(),
    })
}
