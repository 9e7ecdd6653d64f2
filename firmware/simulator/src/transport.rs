//! The card without pcscd: [`sekisho_card`] speaks to it in the same process.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sekisho_card::{Cause, Disposition, Doing, Lengths, Transaction, Transport, TransportError};
use sekisho_card_app::platform::Platform;

use crate::card::SimulatedCard;

/// A card and the place where it may lie: both a test and a transport hold it.
pub struct SharedCard<P>(Arc<Mutex<Place<P>>>);

struct Place<P> {
    card: SimulatedCard<P>,
    /// Counts insertions; `None` while the card is out.
    insertion: Option<u64>,
    insertions: u64,
}

impl<P> Clone for SharedCard<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for SharedCard<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedCard(..)")
    }
}

impl<P: Platform> SharedCard<P> {
    /// Puts a card in.
    #[must_use]
    pub fn inserted(card: SimulatedCard<P>) -> Self {
        Self(Arc::new(Mutex::new(Place { card, insertion: Some(1), insertions: 1 })))
    }

    /// Takes the card out. Connections to it see it removed, for good.
    pub fn pull(&self) {
        let mut place = self.place();
        place.insertion = None;
        place.card.power_off();
    }

    /// Puts the card in again.
    pub fn insert(&self) {
        let mut place = self.place();
        place.insertions += 1;
        place.insertion = Some(place.insertions);
        place.card.power_on();
    }

    /// Connects to the card as a reader of this name would.
    ///
    /// # Errors
    /// When the card is out.
    pub fn connect(&self, reader: &str) -> Result<InProcess<P>, TransportError> {
        match self.place().insertion {
            Some(insertion) => Ok(InProcess { card: self.clone(), reader: reader.to_owned(), insertion }),
            None => Err(TransportError::new(Doing::Connect, reader, Cause::NoCard)),
        }
    }

    /// Does something with the card itself, whoever is connected.
    pub fn with<R>(&self, act: impl FnOnce(&mut SimulatedCard<P>) -> R) -> R {
        act(&mut self.place().card)
    }

    fn place(&self) -> MutexGuard<'_, Place<P>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to one insertion of a card.
#[derive(Debug)]
pub struct InProcess<P> {
    card: SharedCard<P>,
    reader: String,
    insertion: u64,
}

impl<P: Platform> InProcess<P> {
    fn with_card<R>(&self, doing: Doing, act: impl FnOnce(&mut SimulatedCard<P>) -> R) -> Result<R, TransportError> {
        let mut place = self.card.place();
        if place.insertion == Some(self.insertion) {
            Ok(act(&mut place.card))
        } else {
            Err(TransportError::new(doing, &self.reader, Cause::CardRemoved))
        }
    }

    fn dispose(&self, doing: Doing, disposition: Disposition) -> Result<(), TransportError> {
        self.with_card(doing, |card| match disposition {
            Disposition::Leave => {}
            Disposition::Reset => card.reset(),
            Disposition::PowerOff => card.power_off(),
        })
    }
}

impl<P: Platform> Transport for InProcess<P> {
    type Transaction<'card>
        = InProcessTransaction<'card, P>
    where
        Self: 'card;

    fn reader_name(&self) -> &str {
        &self.reader
    }

    fn lengths(&self) -> Lengths {
        Lengths::Extended
    }

    fn begin(&mut self) -> Result<Self::Transaction<'_>, TransportError> {
        self.with_card(Doing::Begin, |_| ())?;
        Ok(InProcessTransaction { connection: self })
    }

    fn close(self, disposition: Disposition) -> Result<(), TransportError> {
        self.dispose(Doing::Disconnect, disposition)
    }
}

/// A transaction with a card in the same process.
#[derive(Debug)]
pub struct InProcessTransaction<'card, P> {
    connection: &'card mut InProcess<P>,
}

impl<P: Platform> Transaction for InProcessTransaction<'_, P> {
    fn transmit(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        *reply = self.connection.with_card(Doing::Transmit, |card| card.transmit(command))?;
        Ok(())
    }

    fn end(self, disposition: Disposition) -> Result<(), TransportError> {
        self.connection.dispose(Doing::End, disposition)
    }
}
