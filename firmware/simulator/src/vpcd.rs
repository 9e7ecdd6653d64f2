//! Joins a vpcd reader of pcscd over TCP.
//!
//! vpcd listens; a card that connects is inserted, one that hangs up is pulled.

use std::io;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use sekisho_card_app::platform::Platform;

use crate::card::SimulatedCard;
use crate::chip::Chip;
use crate::contacts::{Contacts, Power};
use crate::difficult::{DifficultCard, Difficulty};
use crate::frame::{self, GET_ATR};
use crate::presence::Presence;

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
        self.serve_any(card, presence)
    }

    /// As [`Self::serve`], with a card on a chip.
    pub fn serve_chip(&self, chip: &mut Chip, presence: &Presence) -> ! {
        self.serve_any(chip, presence)
    }

    /// As [`Self::serve`], with a card that is difficult.
    pub fn serve_difficult<P: Platform>(
        &self,
        card: &mut SimulatedCard<P>,
        difficulty: Difficulty,
        presence: &Presence,
    ) -> ! {
        self.serve_any(&mut DifficultCard::new(card, difficulty), presence)
    }

    /// As [`Self::serve`], whatever the card is.
    pub fn serve_any(&self, card: &mut dyn Contacts, presence: &Presence) -> ! {
        let mut waiting = false;
        loop {
            presence.wait_inserted();
            match self.join(card, presence) {
                Ok(()) => waiting = false,
                Err(error) => {
                    // Said once, not twenty times a second.
                    if !waiting {
                        log::warn!("waiting for the reader at {}: {error}", self.address);
                    }
                    waiting = true;
                }
            }
            thread::sleep(RETRY);
        }
    }

    /// One insertion, from joining the reader to leaving it.
    fn join(&self, card: &mut dyn Contacts, presence: &Presence) -> io::Result<()> {
        card.insert()?;
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        if !presence.joined(stream.try_clone()?) {
            return Ok(());
        }
        log::info!("card inserted at {}", self.address);
        let left = converse(&mut stream, card);
        card.pull();
        match left {
            Ok(()) => log::info!("card pulled at {}", self.address),
            Err(error) => log::info!("card pulled at {}: {error}", self.address),
        }
        Ok(())
    }
}

fn converse(stream: &mut TcpStream, card: &mut dyn Contacts) -> io::Result<()> {
    while let Some(content) = frame::receive(stream)? {
        match content.as_slice() {
            [] => {}
            [GET_ATR] => frame::send(stream, &card.answer_to_reset()?)?,
            [code] => match Power::from_code(*code) {
                Some(power) => card.power(power)?,
                None => log::warn!("unknown control code {code} from the reader"),
            },
            command => frame::send(stream, &card.transmit(command)?)?,
        }
    }
    Ok(())
}
