//! Joins a vpcd reader of pcscd over TCP.
//!
//! vpcd listens; a card that connects is inserted, one that hangs up is pulled. Frames are two bytes of length
//! (big-endian) and content, both ways. Content of one byte is a control code, anything longer a command APDU.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_tcp_quickack;
use sekisho_card_app::platform::Platform;

use crate::card::{ATR, SimulatedCard};
use crate::presence::Presence;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;
/// How long to wait before asking again a reader that is not there (yet).
const RETRY: Duration = Duration::from_millis(50);

/// A reader of pcscd.
#[derive(Clone, Debug)]
pub struct Vpcd {
    address: String,
}

impl Vpcd {
    /// The reader at `host:port`.
    #[must_use]
    pub fn at(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// Keeps the card in the reader as long as it is to be there, through restarts of pcscd. Never returns.
    pub fn serve<P: Platform>(&self, card: &mut SimulatedCard<P>, presence: &Presence) -> ! {
        let mut waiting = false;
        loop {
            presence.wait_inserted();
            match self.join(card, presence) {
                Ok(()) => waiting = false,
                Err(error) => {
                    // Said once, not twenty times a second.
                    if !waiting {
                        log::info!("no reader at {}: {error}", self.address);
                    }
                    waiting = true;
                }
            }
            thread::sleep(RETRY);
        }
    }

    /// One insertion, from joining the reader to leaving it.
    fn join<P: Platform>(&self, card: &mut SimulatedCard<P>, presence: &Presence) -> io::Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        if !presence.joined(stream.try_clone()?) {
            return Ok(());
        }
        log::info!("card inserted at {}", self.address);
        let left = converse(&mut stream, card);
        card.power_off();
        match left {
            Ok(()) => log::info!("card pulled at {}", self.address),
            Err(error) => log::info!("card pulled at {}: {error}", self.address),
        }
        Ok(())
    }
}

fn converse<P: Platform>(stream: &mut TcpStream, card: &mut SimulatedCard<P>) -> io::Result<()> {
    while let Some(frame) = receive(stream)? {
        match frame.as_slice() {
            [] => {}
            [POWER_OFF] => card.power_off(),
            [POWER_ON] => card.power_on(),
            [RESET] => card.reset(),
            [GET_ATR] => send(stream, &ATR)?,
            [other] => log::warn!("unknown control code {other} from the reader"),
            command => {
                let reply = card.transmit(command);
                send(stream, &reply)?;
            }
        }
    }
    Ok(())
}

/// The next frame; `None` when the reader hung up between two frames.
fn receive(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
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

fn send(stream: &mut TcpStream, content: &[u8]) -> io::Result<()> {
    let length = u16::try_from(content.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    // One write, or Nagle on our side would do the same to vpcd.
    let mut frame = Vec::with_capacity(content.len().saturating_add(2));
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(content);
    stream.write_all(&frame)
}
