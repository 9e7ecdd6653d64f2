//! Who is at the other end of a socket.

use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;

use crate::connection_error::ConnectionError;

/// The user whose process connected, as the kernel noted it at that moment.
///
/// # Errors
/// [`ConnectionError::Io`] when the socket is not connected.
pub fn peer_uid(stream: &UnixStream) -> Result<u32, ConnectionError> {
    Ok(socket_peercred(stream)?.uid.as_raw())
}
