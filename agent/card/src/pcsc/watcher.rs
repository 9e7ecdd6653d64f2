//! Waits for what happens in the readers, through restarts of the service, without ever spinning.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, Scope, State};

use super::causes::cause_of;
use crate::reader_events::{Look, Presence, ReaderEvent, Seen};
use crate::reader_name::ReaderName;
use crate::transport::Cause;

/// The longest single wait. After each the readers are listed anew, because the plug notification of pcsc-lite before
/// 2.3 only counts readers: one gone and one come between two looks goes unnoticed.
const SLICE: Duration = Duration::from_secs(5);
/// How long to wait before the service is tried again: the first time, and at most.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// What an error that passes costs, so that one that comes back at once cannot take the processor.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Watches all readers. Starts without a service, without a reader, without a card: those are states, not errors.
///
/// The first event is always [`ReaderEvent::ServiceLost`] or [`ReaderEvent::ServiceBack`].
pub struct PcscReaders {
    service: Service,
    seen: Seen,
    /// Told, but not yet handed out.
    waiting: VecDeque<ReaderEvent>,
    /// The context in use, for [`Waker`]s. Only this type puts one in.
    wake: Arc<Mutex<Option<Context>>>,
}

enum Service {
    /// Nobody has asked yet.
    Unknown,
    /// Not there; the next attempt comes after this long.
    Lost { retry: Duration },
    /// There.
    Up(Watch),
}

struct Watch {
    context: Context,
    /// The plug pseudo-reader first, then the readers. Each holds the last reported state, which has to go back into
    /// every wait: a state left at "unaware" makes the wait return at once, for ever.
    states: Vec<ReaderState>,
}

/// Ends a wait of [`PcscReaders`] from another thread.
#[derive(Clone)]
pub struct Waker(Arc<Mutex<Option<Context>>>);

impl Waker {
    /// Ends the wait that is going on, if one is. A wait that begins a moment later is not ended, and lasts its
    /// timeout.
    pub fn wake(&self) {
        if let Some(context) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner)
            && let Err(error) = context.cancel()
        {
            log::debug!("cannot wake the reader watcher: {error}");
        }
    }
}

impl Default for PcscReaders {
    fn default() -> Self {
        Self::new()
    }
}

impl PcscReaders {
    /// Watches nothing yet: the service is first asked in [`Self::wait`], so this may be made before a fork.
    #[must_use]
    pub fn new() -> Self {
        Self { service: Service::Unknown, seen: Seen::default(), waiting: VecDeque::new(), wake: Arc::default() }
    }

    /// Something that ends a wait from another thread.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// The next event. `None` after at most `timeout`, possibly earlier: call it again. Each return is a sign of life
    /// for a watchdog.
    pub fn wait(&mut self, timeout: Duration) -> Option<ReaderEvent> {
        if self.waiting.is_empty() {
            self.look(timeout);
        }
        self.waiting.pop_front()
    }

    fn look(&mut self, timeout: Duration) {
        match &mut self.service {
            Service::Unknown => self.reach(RETRY_FIRST),
            Service::Lost { retry } => {
                let pause = *retry;
                let next = (pause * 2).min(RETRY_MAX);
                thread::sleep(pause.min(timeout));
                self.reach(next);
            }
            Service::Up(watch) => match watch.step(timeout.min(SLICE), &mut self.seen) {
                Ok(events) => self.waiting.extend(events),
                Err(error) => self.stumble(error, timeout),
            },
        }
    }

    fn reach(&mut self, retry: Duration) {
        match Context::establish(Scope::System) {
            Ok(context) => {
                *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.clone());
                self.service = Service::Up(Watch { context, states: vec![unaware(PNP_NOTIFICATION())] });
                self.waiting.push_back(ReaderEvent::ServiceBack);
            }
            Err(error) => self.lose(error, retry),
        }
    }

    /// An error is either a passing one, after which everything is looked at anew, or the end of this context.
    fn stumble(&mut self, error: Error, timeout: Duration) {
        match cause_of(error) {
            Cause::TimedOut | Cause::Cancelled => {}
            // A reader left between listing and waiting. The next step lists again.
            Cause::ReaderGone => thread::sleep(ERROR_PAUSE.min(timeout)),
            Cause::ServiceLost
            | Cause::AccessDenied
            | Cause::CardRemoved
            | Cause::NoCard
            | Cause::CardReset
            | Cause::CardMute
            | Cause::CardUnsupported
            | Cause::ReaderBusy
            | Cause::ReaderFault
            // Told at once: what is not watched may be pulled unseen. The pause comes before the next attempt.
            | Cause::Unexpected { .. } => self.lose(error, RETRY_FIRST),
        }
    }

    fn lose(&mut self, error: Error, retry: Duration) {
        if !matches!(self.service, Service::Lost { .. }) {
            log::warn!("cannot watch the card readers: {}", cause_of(error));
            self.seen.forget();
            self.waiting.push_back(ReaderEvent::ServiceLost);
        }
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.service = Service::Lost { retry };
    }
}

impl Watch {
    /// Lists the readers, waits for one change at most `slice`, and says what is new.
    fn step(&mut self, slice: Duration, seen: &mut Seen) -> Result<Vec<ReaderEvent>, Error> {
        let mut events = self.list(seen)?;
        if !events.is_empty() {
            return Ok(events);
        }
        self.context.get_status_change(slice, &mut self.states)?;
        for state in self.states.iter_mut().filter(|state| state.event_state().contains(State::CHANGED)) {
            match look_at(state) {
                Sight::Plug => {}
                Sight::Leaving(reader) => events.extend(seen.left(&reader)),
                Sight::Reader(look) => {
                    events.extend(seen.back(&look.reader));
                    events.extend(seen.looked(look));
                }
            }
            state.sync_current_state();
        }
        Ok(events)
    }

    fn list(&mut self, seen: &mut Seen) -> Result<Vec<ReaderEvent>, Error> {
        let names = match self.context.list_readers_owned() {
            Ok(names) => names,
            Err(Error::NoReadersAvailable) => Vec::new(),
            Err(error) => return Err(error),
        };
        self.states.retain(|state| is_plug(state) || names.iter().any(|name| name.as_c_str() == state.name()));
        for name in &names {
            if !self.states.iter().any(|state| state.name() == name.as_c_str()) {
                self.states.push(unaware(name));
            }
        }
        // A reader that is listed and does not answer is away until it does: taken for a new one, it would come and go without end.
        let away = |name: &CStr| self.states.iter().any(|state| is_leaving(state) && state.name() == name);
        let names = names.iter().map(|name| name.as_c_str()).filter(|name| !away(name));
        Ok(seen.listed(&names.map(ReaderName::from).collect::<Vec<_>>()))
    }
}

fn unaware(name: &CStr) -> ReaderState {
    ReaderState::new(name, State::UNAWARE)
}

fn is_plug(state: &ReaderState) -> bool {
    state.name() == PNP_NOTIFICATION()
}

fn is_leaving(state: &ReaderState) -> bool {
    state.event_state().intersects(State::UNKNOWN | State::UNAVAILABLE)
}

/// What a reported state is about.
enum Sight {
    /// The plug notification: the next listing tells more.
    Plug,
    Leaving(ReaderName),
    Reader(Look),
}

fn look_at(state: &ReaderState) -> Sight {
    let flags = state.event_state();
    if is_plug(state) {
        return Sight::Plug;
    }
    let reader = ReaderName::from(state.name());
    if is_leaving(state) {
        return Sight::Leaving(reader);
    }
    let presence = if flags.contains(State::MUTE) {
        Presence::Mute
    } else if flags.contains(State::PRESENT) {
        Presence::Card
    } else {
        Presence::Empty
    };
    Sight::Reader(Look { reader, presence, event_count: state.event_count(), atr: state.atr().to_vec() })
}
