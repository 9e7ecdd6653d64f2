//! Who may be connected at a time, and how long a client may leave an answer unread.

use std::collections::HashMap;
use std::hash::Hash;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use crate::authority::Peer;
use crate::locks::lock;
use crate::metrics::Refused;

/// Counts connections: all of them, those of each neighbourhood, those of strangers. A stranger is whoever has shown no certificate yet
/// and comes from where no terminal came last: half of the places are never his, however many he comes with.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    places: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    neighbourhoods: Arc<Mutex<Neighbourhoods>>,
    per_neighbourhood: usize,
}

#[derive(Debug, Default)]
struct Neighbourhoods {
    /// Connections of each that belong to no terminal: a town behind one address has as many as it has terminals.
    inside: HashMap<IpAddr, usize>,
    /// Where each terminal showed its certificate last: one that comes from everywhere makes no more familiar than that.
    last: HashMap<Peer, IpAddr>,
    /// From where each of those came that are expected by another name.
    expected: HashMap<String, Vec<IpAddr>>,
    /// How many of them were there last.
    familiar: HashMap<IpAddr, usize>,
    /// Connections of each terminal.
    terminals: HashMap<Peer, usize>,
}

/// A connection's place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    doors: Doors,
    neighbourhood: IpAddr,
    stranger: Option<OwnedSemaphorePermit>,
    terminal: Option<Peer>,
    _place: OwnedSemaphorePermit,
}

impl Doors {
    /// Doors for so many at a time: one neighbourhood has at most a quarter of the places, strangers at most half.
    pub(crate) fn new(places: usize) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits));
        Self {
            places: semaphore(places),
            strangers: semaphore(places / 2),
            neighbourhoods: Arc::default(),
            per_neighbourhood: places / 4,
        }
    }

    /// A place for one more connection from an address, if there is one.
    ///
    /// # Errors
    /// Whose places are taken.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Place, Refused> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refused::Full)?;
        let neighbourhood = neighbourhood(address);
        let mut known = self.lock();
        let stranger = if known.familiar.contains_key(&neighbourhood) {
            None
        } else {
            Some(Arc::clone(&self.strangers).try_acquire_owned().map_err(|_| Refused::Strangers)?)
        };
        let count = known.inside.entry(neighbourhood).or_default();
        if *count >= self.per_neighbourhood {
            return Err(Refused::Neighbourhood);
        }
        *count += 1;
        Ok(Place { doors: self.clone(), neighbourhood, stranger, terminal: None, _place: place })
    }

    fn lock(&self) -> MutexGuard<'_, Neighbourhoods> {
        lock(&self.neighbourhoods)
    }
}

impl Place {
    /// How long the handshake may take: while strangers crowd the doors, no longer than an honest one needs.
    pub(crate) fn handshake_time(&self) -> Duration {
        let crowded = self.doors.strangers.available_permits() < self.doors.per_neighbourhood;
        if self.stranger.is_some() && crowded { HANDSHAKE_TIME_CROWDED } else { HANDSHAKE_TIME }
    }

    /// He has shown a terminal's certificate: he takes no stranger's place, and the next one from there will not either. No when this terminal
    /// is here too often already: one that was turned must not fill the doors from everywhere.
    #[must_use]
    pub(crate) fn belongs_to(&mut self, terminal: &Peer) -> bool {
        let mut known = self.doors.lock();
        let count = known.terminals.entry(terminal.clone()).or_default();
        if *count >= PER_TERMINAL {
            return false;
        }
        *count += 1;
        *known.familiar.entry(self.neighbourhood).or_default() += 1;
        if let Some(before) = known.last.insert(terminal.clone(), self.neighbourhood) {
            one_less(&mut known.familiar, &before);
        }
        one_less(&mut known.inside, &self.neighbourhood);
        self.terminal = Some(terminal.clone());
        self.stranger = None;
        true
    }

    /// He showed what only one has whom we wait for: he takes no stranger's place, and the next one from there will not either.
    /// Whoever has come so stays known, up to a few: somebody who overhears and is quicker takes nothing from him.
    pub(crate) fn is_expected(&mut self, name: &str) {
        let mut known = self.doors.lock();
        let homes = known.expected.entry(name.to_owned()).or_default();
        if homes.contains(&self.neighbourhood) {
            self.stranger = None;
        } else if homes.len() < HOMES_MAX {
            homes.push(self.neighbourhood);
            *known.familiar.entry(self.neighbourhood).or_default() += 1;
            self.stranger = None;
        }
    }

    /// He stays without a certificate, if strangers have a place left.
    #[must_use]
    pub(crate) fn stays_stranger(&mut self) -> bool {
        if self.stranger.is_none() {
            self.stranger = Arc::clone(&self.doors.strangers).try_acquire_owned().ok();
        }
        self.stranger.is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut known = self.doors.lock();
        match &self.terminal {
            Some(terminal) => one_less(&mut known.terminals, terminal),
            None => one_less(&mut known.inside, &self.neighbourhood),
        }
    }
}

/// What has none left is forgotten.
fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    let left = counts.get_mut(key).map(|count| {
        *count -= 1;
        *count
    });
    if left == Some(0) {
        counts.remove(key);
    }
}

/// Whose address it is, as far as limits go: whoever has one IPv6 address has the other 2^64 of its network too.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// A stream that fails when nothing that was written is taken for a while, and knows whether its client asks.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    asks: Arc<AtomicBool>,
}

impl<S> Patient<S> {
    /// `asks` says from now on whether bytes have come that nothing was answered to, or none at all yet.
    pub(crate) const fn new(stream: S, patience: Duration, asks: Arc<AtomicBool>) -> Self {
        Self { stream, patience, waiting: None, asks }
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
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.asks.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.asks.store(false, Ordering::Relaxed);
        }
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

const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
const HANDSHAKE_TIME_CROWDED: Duration = Duration::from_secs(2);
/// A terminal needs three: records up, register down, seals.
const PER_TERMINAL: usize = 32;
/// Places from which one who is expected may come. A ledger has one, and moves seldom.
const HOMES_MAX: usize = 8;

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

    fn v4(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    fn peer() -> Peer {
        Peer { office: sekisho_wire::id::OfficeId([1; 16]), terminal: sekisho_wire::id::Code::new("jumin-1").unwrap() }
    }

    #[test]
    fn a_certificate_shown_from_everywhere_fills_no_doors() {
        let doors = Doors::new(1000);
        let mut places: Vec<Place> = (0..40).filter_map(|number| doors.enter(v4(number)).ok()).collect();
        let accepted = |places: &mut Vec<Place>| {
            places.iter_mut().map(|place| place.belongs_to(&peer())).filter(|stays| *stays).count()
        };
        assert_eq!((places.len(), accepted(&mut places)), (40, PER_TERMINAL));
        places.clear();
        assert!(doors.lock().terminals.is_empty());
    }

    #[test]
    fn a_terminal_that_comes_from_everywhere_makes_one_place_familiar_and_forgets_no_others() {
        let doors = Doors::new(1000);
        let other = Peer { terminal: sekisho_wire::id::Code::new("zei-1").unwrap(), ..peer() };
        assert!(doors.enter(v4(250)).unwrap().belongs_to(&other));
        for number in 0..100 {
            assert!(doors.enter(v4(number)).unwrap().belongs_to(&peer()));
        }
        let familiar = |number| doors.lock().familiar.contains_key(&v4(number));
        assert_eq!([familiar(98), familiar(99), familiar(250)], [false, true, true]);
        assert!(doors.enter(v4(250)).unwrap().belongs_to(&peer()));
        assert!(doors.enter(v4(1)).unwrap().belongs_to(&peer()));
        assert!(familiar(250), "the other one is still at home there");
    }

    fn all(doors: &Doors, address: IpAddr) -> Vec<Place> {
        std::iter::from_fn(|| doors.enter(address).ok()).take(99).collect()
    }

    #[test]
    fn one_neighbourhood_leaves_places_for_others() {
        let doors = Doors::new(8);
        let first = all(&doors, v4(1));
        assert_eq!(first.len(), 2);
        assert_eq!(all(&doors, v4(2)).len(), 2);
        drop(first);
        assert!(doors.enter(v4(1)).is_ok());
        assert!(doors.lock().inside.is_empty(), "an address that has gone is forgotten");
        let network = |host: u16| IpAddr::from([0x2001, 0xdb8, 0, 7, 1, 2, 3, host]);
        let whole: Vec<Place> = (0..9).filter_map(|host| doors.enter(network(host)).ok()).collect();
        assert_eq!(whole.len(), 2, "a network of IPv6 is one neighbourhood");
        assert_eq!(neighbourhood("::ffff:10.0.0.1".parse().unwrap()), v4(1));
    }

    #[test]
    fn a_town_behind_one_address_has_as_many_as_it_has_terminals() {
        let doors = Doors::new(16);
        let town: Vec<Place> = (0..9_u8)
            .map(|number| {
                let terminal = sekisho_wire::id::Code::new(&format!("jumin-{number}")).unwrap();
                let mut place = doors.enter(v4(1)).unwrap();
                assert!(place.belongs_to(&Peer { terminal, ..peer() }));
                place
            })
            .collect();
        assert_eq!(all(&doors, v4(1)).len(), 4, "and what comes without a certificate is counted as ever");
        drop(town);
        assert!(doors.lock().inside.is_empty() && doors.lock().terminals.is_empty());
    }

    #[test]
    fn who_is_expected_comes_in_through_any_crowd() {
        let doors = Doors::new(16);
        let mut first = doors.enter(v4(200)).unwrap();
        assert!(first.stays_stranger());
        first.is_expected("log");
        drop(first);
        let crowd: Vec<Place> = (0..99).filter_map(|number| doors.enter(v4(number)).ok()).collect();
        assert_eq!(crowd.len(), 8);
        assert!(doors.enter(v4(200)).is_ok());
        // Those who hand on what they overheard, from wherever, keep it out neither.
        drop(crowd);
        (100..150).for_each(|number| doors.enter(v4(number)).unwrap().is_expected("log"));
        let familiar = |number| doors.lock().familiar.contains_key(&v4(number));
        assert_eq!((familiar(200), familiar(106), familiar(107)), (true, true, false));
    }

    #[test]
    fn strangers_from_everywhere_leave_half_of_the_places_to_those_who_are_known() {
        let doors = Doors::new(16);
        assert!(doors.enter(v4(200)).unwrap().belongs_to(&peer()));
        let mut crowd: Vec<Place> = (0..99).filter_map(|number| doors.enter(v4(number)).ok()).collect();
        assert_eq!(crowd.len(), 8, "also while they shake hands and nobody knows who they are");
        let (early, late) = (crowd[0].handshake_time(), crowd[7].handshake_time());
        assert_eq!((early, late), (HANDSHAKE_TIME_CROWDED, HANDSHAKE_TIME_CROWDED));
        let mut known = doors.enter(v4(200)).unwrap();
        assert_eq!(known.handshake_time(), HANDSHAKE_TIME);
        assert!(!known.stays_stranger(), "a familiar address is no way in for one more without a certificate");
        assert_eq!(doors.enter(v4(120)).unwrap_err(), Refused::Strangers);
        assert!(crowd[0].belongs_to(&peer()));
        let mut next = doors.enter(v4(120)).unwrap();
        assert!(next.stays_stranger());
        assert_eq!(doors.strangers.available_permits(), 0);
        drop((crowd, next));
        assert_eq!(doors.strangers.available_permits(), 8);
        assert_eq!(doors.enter(v4(121)).unwrap().handshake_time(), HANDSHAKE_TIME);
    }

    #[test]
    fn a_client_that_reads_nothing_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut patient = Patient::new(Full, Duration::from_millis(20), Arc::new(AtomicBool::new(true)));
            let written = std::future::poll_fn(|context| Pin::new(&mut patient).poll_write(context, &[0; 64])).await;
            assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        });
    }
}
