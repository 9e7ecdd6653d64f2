//! A reader without pcscd: the story itself plays vpcd's side, so that it can cut the power of a card in the middle of a command and go on
//! at once.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use sekisho_card::{Cause, Disposition, Doing, Lengths, Transaction, Transport, TransportError};

use crate::wait;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
/// Longer than a chip that QEMU plays computes at anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reader that cards join.
pub struct BareReader(TcpListener);

impl BareReader {
    /// On any free port of loopback.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a listener can be asked without waiting");
        Self(listener)
    }

    /// Where cards find it.
    ///
    /// # Panics
    /// When the kernel does not say.
    #[must_use]
    pub fn address(&self) -> String {
        self.0.local_addr().expect("a bound socket has an address").to_string()
    }

    /// Waits for a card, and gives it power.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn card(&self) -> BareCard {
        let (stream, _) = wait::until("a card in the reader", || self.0.accept().ok());
        stream.set_nonblocking(false).expect("a socket can wait");
        stream.set_nodelay(true).expect("a socket need not gather");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket can lose patience");
        let mut card = BareCard(stream);
        // A card that fell out again says so at the first command.
        let _ = card.send(&[POWER_ON]);
        card
    }
}

/// One insertion of a card.
pub struct BareCard(TcpStream);

impl BareCard {
    /// Sends one command APDU.
    ///
    /// # Errors
    /// When the card falls out before it answers.
    pub fn transmit(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        self.send(command)?;
        let mut length = [0; 2];
        self.0.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut answer)?;
        Ok(answer)
    }

    fn send(&mut self, content: &[u8]) -> io::Result<()> {
        let length = u16::try_from(content.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        self.0.write_all(&[&length.to_be_bytes(), content].concat())
    }

    fn dispose(&mut self, doing: Doing, disposition: Disposition) -> Result<(), TransportError> {
        let sent = match disposition {
            Disposition::Leave => Ok(()),
            Disposition::Reset => self.send(&[RESET]),
            Disposition::PowerOff => self.send(&[POWER_OFF]),
        };
        sent.map_err(|_| removed(doing))
    }
}

fn removed(doing: Doing) -> TransportError {
    TransportError::new(doing, "bare reader", Cause::CardRemoved)
}

impl Transport for BareCard {
    type Transaction<'card> = BareTransaction<'card>;

    fn reader_name(&self) -> &str {
        "bare reader"
    }

    fn lengths(&self) -> Lengths {
        Lengths::Extended
    }

    fn begin(&mut self) -> Result<BareTransaction<'_>, TransportError> {
        Ok(BareTransaction(self))
    }

    fn close(mut self, disposition: Disposition) -> Result<(), TransportError> {
        self.dispose(Doing::Disconnect, disposition)
    }
}

/// The card, to oneself: nobody else is there.
pub struct BareTransaction<'card>(&'card mut BareCard);

impl Transaction for BareTransaction<'_> {
    fn transmit(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        *reply = self.0.transmit(command).map_err(|_| removed(Doing::Transmit))?;
        Ok(())
    }

    fn end(self, disposition: Disposition) -> Result<(), TransportError> {
        self.0.dispose(Doing::End, disposition)
    }
}
