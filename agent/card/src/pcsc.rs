//! PC/SC: the only place that uses the `pcsc` crate. Everything above speaks of transports and events.
//!
//! The watcher and each connection have contexts of their own: a context is one lock in the client library, held for
//! as long as the watcher waits, so a connection on the same context would wait with it.

mod causes;
mod connection;
mod watcher;

pub use connection::{PcscReader, PcscTransaction, PcscTransport, SharePolicy};
pub use watcher::{PcscReaders, Waker};
