//! Who may be connected at a time, and how long a client may leave an answer unread.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Counts connections: all of them, those of each address, those without a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    places: Arc<Semaphore>,
    unknown: Arc<Semaphore>,
    addresses: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address: usize,
}

/// A connection's place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    doors: Doors,
    address: IpAddr,
    _place: OwnedSemaphorePermit,
}

impl Doors {
    /// Doors for so many at a time: one address has at most a quarter of the places, clients without a certificate at most half.
    pub(crate) fn new(places: usize) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits));
        Self {
            places: semaphore(places),
            unknown: semaphore(places / 2),
            addresses: Arc::default(),
            per_address: places / 4,
        }
    }

    /// A place for one more connection from an address, if there is one.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Place { doors: self.clone(), address, _place: place })
    }
}

impl Place {
    /// Leave to stay without a certificate.
    pub(crate) fn stay_unknown(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.doors.unknown).try_acquire_owned().ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut addresses = self.doors.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let left = addresses.get_mut(&self.address).map(|count| {
            *count -= 1;
            *count
        });
        if left == Some(0) {
            addresses.remove(&self.address);
        }
    }
}

/// A stream that fails when nothing that was written is taken for a while.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(crate) const fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
    }

    /// Passes on what a write came to; waits no longer than patience allows for one that comes to nothing.
    fn bear<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bear(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bear(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bear(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client whose buffers are full.
    struct Full;

    impl AsyncWrite for Full {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[test]
    fn one_address_and_the_unknown_leave_places_for_others() {
        let doors = Doors::new(8);
        let (busy, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first: Vec<Place> = std::iter::from_fn(|| doors.enter(busy)).take(9).collect();
        assert_eq!(first.len(), 2);
        let second = doors.enter(other).unwrap();
        let stay: Vec<_> = std::iter::from_fn(|| second.stay_unknown()).take(9).collect();
        assert_eq!(stay.len(), 4);
        drop(first);
        assert!(doors.enter(busy).is_some());
        drop((second, stay));
        assert!(doors.addresses.lock().unwrap().is_empty(), "an address that has gone is forgotten");
    }

    #[test]
    fn a_client_that_reads_nothing_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut patient = Patient::new(Full, Duration::from_millis(20));
            let written = std::future::poll_fn(|context| Pin::new(&mut patient).poll_write(context, &[0; 64])).await;
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        });
    }
}
