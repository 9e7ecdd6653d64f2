//! Wayland: `ext-idle-notify-v1`, or the older protocol of KDE's that sway spoke before (Debian 12). The compositor says when nobody has
//! touched anything for a while, and when somebody does again; between the two nothing is said, so it is asked each time whether it lives.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use wayland_client::backend::WaylandError;
use wayland_client::globals::{GlobalList, GlobalListContents, registry_queue_init};
use wayland_client::protocol::wl_callback::{self, WlCallback};
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle, delegate_noop};
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notification_v1::{self, ExtIdleNotificationV1};
use wayland_protocols::ext::idle_notify::v1::client::ext_idle_notifier_v1::ExtIdleNotifierV1;
use wayland_protocols_plasma::idle::client::org_kde_kwin_idle::OrgKdeKwinIdle;
use wayland_protocols_plasma::idle::client::org_kde_kwin_idle_timeout::{self, OrgKdeKwinIdleTimeout};

use super::{Hands, IdleSource, RECENT, SourceLost};

const EXT: &str = "Wayland's ext-idle-notify-v1";
const KDE: &str = "Wayland's org_kde_kwin_idle";
/// How long a compositor may take to answer: one that hangs says nothing.
const ANSWER: Duration = Duration::from_secs(1);

struct Wayland {
    name: &'static str,
    connection: Connection,
    queue: EventQueue<Said>,
    said: Said,
}

/// What the compositor said so far.
#[derive(Default)]
struct Said {
    /// For each set of keyboard and mouse, whether nobody has touched it for [`RECENT`].
    quiet: Vec<bool>,
    /// Which question was answered last.
    answered: u64,
}

impl Said {
    fn set(&mut self, index: usize, quiet: bool) {
        if let Some(place) = self.quiet.get_mut(index) {
            *place = quiet;
        }
    }
}

pub(super) fn open() -> Result<Box<dyn IdleSource>, SourceLost> {
    let lost = |cause: &dyn std::fmt::Display| SourceLost::new(EXT, cause);
    let connection = Connection::connect_to_env().map_err(|error| lost(&error))?;
    let (globals, queue) = registry_queue_init::<Said>(&connection).map_err(|error| lost(&error))?;
    let handle = queue.handle();
    let seats = seats(&globals, &handle);
    if seats.is_empty() {
        return Err(lost(&"the compositor has no seat"));
    }
    let name = watch(&globals, &handle, &seats).ok_or_else(|| lost(&"the compositor does not speak it"))?;
    let said = Said { quiet: vec![false; seats.len()], ..Said::default() };
    Ok(Box::new(Wayland { name, connection, queue, said }))
}

fn seats(globals: &GlobalList, handle: &QueueHandle<Said>) -> Vec<WlSeat> {
    let listed = globals.contents().clone_list();
    let seats = listed.iter().filter(|global| global.interface == WlSeat::interface().name);
    seats.map(|seat| globals.registry().bind(seat.name, 1, handle, ())).collect()
}

/// Has the compositor tell of each seat; by which protocol.
fn watch(globals: &GlobalList, handle: &QueueHandle<Said>, seats: &[WlSeat]) -> Option<&'static str> {
    let after = u32::try_from(RECENT.as_millis()).expect("seconds in milliseconds fit");
    if let Ok(notifier) = globals.bind::<ExtIdleNotifierV1, _, _>(handle, 1..=2, ()) {
        for (index, seat) in seats.iter().enumerate() {
            // Since version 2, also while a film keeps the screen on: that is nobody's hands.
            if notifier.version() >= 2 {
                notifier.get_input_idle_notification(after, seat, handle, index);
            } else {
                notifier.get_idle_notification(after, seat, handle, index);
            }
        }
        return Some(EXT);
    }
    let notifier = globals.bind::<OrgKdeKwinIdle, _, _>(handle, 1..=1, ()).ok()?;
    for (index, seat) in seats.iter().enumerate() {
        notifier.get_idle_timeout(seat, after, handle, index);
    }
    Some(KDE)
}

impl IdleSource for Wayland {
    fn name(&self) -> &'static str {
        self.name
    }

    fn hands(&mut self) -> Result<Hands, SourceLost> {
        if !self.answers()? {
            return Ok(Hands::Off);
        }
        Ok(if self.said.quiet.iter().all(|quiet| *quiet) { Hands::Off } else { Hands::On })
    }
}

impl Wayland {
    /// Hears everything that the compositor has said up to now; `false` when it does not answer in time.
    fn answers(&mut self) -> Result<bool, SourceLost> {
        let name = self.name;
        let lost = |error: &dyn std::fmt::Display| SourceLost::new(name, error);
        let question = self.said.answered.wrapping_add(1);
        self.connection.display().sync(&self.queue.handle(), question);
        let until = now() + ANSWER;
        loop {
            self.queue.dispatch_pending(&mut self.said).map_err(|error| lost(&error))?;
            if self.said.answered == question {
                return Ok(true);
            }
            match self.queue.flush() {
                // A compositor that reads nothing any more does not answer either.
                Err(WaylandError::Io(error)) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                flushed => flushed.map_err(|error| lost(&error))?,
            }
            let Some(reading) = self.queue.prepare_read() else { continue };
            let left = until.saturating_duration_since(now());
            let mut polled = [PollFd::from_borrowed_fd(reading.connection_fd(), PollFlags::IN)];
            match poll(&mut polled, Timespec::try_from(left).ok().as_ref()) {
                Ok(0) => return Ok(false),
                Ok(_) => match reading.read() {
                    // The rest of it has yet to come.
                    Err(WaylandError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
                    read => drop(read.map_err(|error| lost(&error))?),
                },
                Err(Errno::INTR) => {}
                Err(errno) => return Err(lost(&errno)),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how long the compositor takes; nothing is decided by it")]
fn now() -> Instant {
    Instant::now()
}

impl Dispatch<WlRegistry, GlobalListContents> for Said {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: <WlRegistry as Proxy>::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

impl Dispatch<WlCallback, u64> for Said {
    fn event(
        said: &mut Self,
        _: &WlCallback,
        event: wl_callback::Event,
        question: &u64,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if matches!(event, wl_callback::Event::Done { .. }) {
            said.answered = *question;
        }
    }
}

impl Dispatch<ExtIdleNotificationV1, usize> for Said {
    fn event(
        said: &mut Self,
        _: &ExtIdleNotificationV1,
        event: ext_idle_notification_v1::Event,
        index: &usize,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        said.set(*index, matches!(event, ext_idle_notification_v1::Event::Idled));
    }
}

impl Dispatch<OrgKdeKwinIdleTimeout, usize> for Said {
    fn event(
        said: &mut Self,
        _: &OrgKdeKwinIdleTimeout,
        event: org_kde_kwin_idle_timeout::Event,
        index: &usize,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        said.set(*index, matches!(event, org_kde_kwin_idle_timeout::Event::Idle));
    }
}

delegate_noop!(Said: ignore WlSeat);
delegate_noop!(Said: ExtIdleNotifierV1);
delegate_noop!(Said: OrgKdeKwinIdle);
