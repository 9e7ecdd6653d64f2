//! Host side of the card over PC/SC: use it, never change what it is.
//!
//! [`OperatorCard`] is the card in use, over any [`Transport`]; [`PcscReaders`] tells what happens in the readers.
//! The README tells the life of a card in a reader.
#![forbid(unsafe_code)]

mod pcsc;
mod reader_events;
mod reader_identity;
mod reader_name;
mod transport;

pub use pcsc::{PcscReader, PcscReaders, PcscTransaction, PcscTransport, SharePolicy, Waker};
pub use reader_events::ReaderEvent;
pub use reader_identity::{Basis, IDENTITY_MAX, Identified};
pub use reader_name::ReaderName;
pub use transport::{Cause, Disposition, Doing, Lengths, Sharing, Transaction, Transport, TransportError};
