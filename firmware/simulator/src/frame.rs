//! vpcd's frames: two bytes of length (big-endian) and content, both ways. Content of one byte from the reader is a control code, anything
//! longer a command APDU.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use rustix::net::sockopt::set_tcp_quickack;

/// The reader asks for the answer to reset.
pub(crate) const GET_ATR: u8 = 4;

/// The next frame; `None` when the other side hung up between two frames.
pub(crate) fn receive(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    match read(stream, &mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
    read(stream, &mut frame)?;
    Ok(Some(frame))
}

/// vpcd sends length and content in two writes, and Nagle holds the second back until the first is acknowledged, which the
/// kernel would put off by 40 ms. The option lasts for one acknowledgement, hence before every read.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    set_tcp_quickack(&*stream, true)?;
    stream.read_exact(buffer)
}

pub(crate) fn send(stream: &mut TcpStream, content: &[u8]) -> io::Result<()> {
    let length = u16::try_from(content.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    // One write, or Nagle on our side would do the same to vpcd.
    let mut frame = Vec::with_capacity(content.len().saturating_add(2));
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(content);
    stream.write_all(&frame)
}
