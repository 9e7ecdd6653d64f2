//! Host side of the card over PC/SC: use it, never change what it is.
//!
//! [`OperatorCard`] is the card in use, over any [`Transport`]; [`PcscReaders`] tells what happens in the readers.
//! The README tells the life of a card in a reader.

mod transport;

pub use transport::{Cause, Disposition, Doing, Lengths, Sharing, Transaction, Transport, TransportError};
