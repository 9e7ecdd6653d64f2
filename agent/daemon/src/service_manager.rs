//! What a unit tells the service manager that started it (sd_notify(3)): that it is up, what it does, and that it is not stuck. Where nobody
//! asked, nothing is told.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};

/// So often within the time after which it is killed a unit says that it is not stuck.
const BEATS: u32 = 3;

/// The service manager, if one waits to hear.
#[derive(Debug, Default)]
pub struct ServiceManager(Option<SocketAddr>);

impl ServiceManager {
    /// The one that started this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self(std::env::var_os("NOTIFY_SOCKET").and_then(|name| match address(&name) {
            Ok(address) => Some(address),
            Err(error) => {
                log::warn!("cannot tell the service manager at {}: {error}", name.display());
                None
            }
        }))
    }

    /// It is up. `status` is what `systemctl status` shows.
    pub fn is_ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// What it does now.
    pub fn does(&self, status: &str) {
        self.tell(&format!("STATUS={status}"));
    }

    /// It ends.
    pub fn ends(&self) {
        self.tell("STOPPING=1\nSTATUS=ending");
    }

    /// It becomes itself again, under the same process id: what follows is no end.
    pub fn begins_again(&self) {
        self.tell("RELOADING=1\nSTATUS=beginning a new epoch");
    }

    fn tell(&self, what: &str) {
        let Some(address) = &self.0 else { return };
        let told = UnixDatagram::unbound().and_then(|socket| socket.send_to_addr(what.as_bytes(), address));
        if let Err(error) = told {
            log::debug!("cannot tell the service manager: {error}");
        }
    }
}

/// A path, or a name without one, which begins with @ (`unix(7)`, abstract).
fn address(name: &OsString) -> io::Result<SocketAddr> {
    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

/// Says that a unit is not stuck, from the very loops that must not be: `N` of them. Each says when it has come round; once all have, the
/// service manager hears of it. One that does not come round any more keeps them silent, and the whole unit is killed.
#[derive(Debug)]
pub struct Heart<const N: usize> {
    manager: ServiceManager,
    every: Option<Duration>,
    /// When each came round, and when that was last told: boot time, ms.
    round: [AtomicU64; N],
    told: AtomicU64,
}

impl<const N: usize> Heart<N> {
    /// As the service manager of this process wants it.
    #[must_use]
    pub fn of_this_process() -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let within = number("WATCHDOG_USEC").filter(|within| ours && *within > 0);
        Self::new(ServiceManager::of_this_process(), within.map(|within| Duration::from_micros(within) / BEATS))
    }

    fn new(manager: ServiceManager, every: Option<Duration>) -> Self {
        Self { manager, every, round: [const { AtomicU64::new(0) }; N], told: AtomicU64::new(0) }
    }

    /// After how long a loop that waits comes round nevertheless; nothing when nobody wants to hear.
    #[must_use]
    pub const fn every(&self) -> Option<Duration> {
        self.every
    }

    /// This loop has come round.
    pub fn beat(&self, which: usize) {
        let Some(every) = self.every else { return };
        let now = SystemClock.boottime();
        if let Some(round) = self.round.get(which) {
            round.store(now, Ordering::Release);
        }
        let told = self.told.load(Ordering::Acquire);
        let all = self.round.iter().all(|round| round.load(Ordering::Acquire) > told);
        // Half of it: a loop that wakes up exactly then must not be too early.
        if all && u128::from(now.saturating_sub(told)) * 2 >= every.as_millis() {
            self.told.store(now, Ordering::Release);
            self.manager.tell("WATCHDOG=1");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    /// A service manager that listens, and what is told to it.
    pub(crate) fn listening(name: &str) -> (UnixDatagram, ServiceManager) {
        let name = format!("sekisho-notify-{name}-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        (socket, ServiceManager(Some(address)))
    }

    pub(crate) fn heard(socket: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    pub(crate) fn heart<const N: usize>(manager: ServiceManager, every: Duration) -> Heart<N> {
        Heart::new(manager, Some(every))
    }

    #[test]
    fn what_is_told_is_what_sd_notify_says() {
        let (socket, manager) = listening("words");
        manager.is_ready("waiting");
        manager.does("serving");
        manager.ends();
        manager.begins_again();
        assert_eq!(heard(&socket).unwrap(), "READY=1\nSTATUS=waiting");
        assert_eq!(heard(&socket).unwrap(), "STATUS=serving");
        assert!(heard(&socket).unwrap().starts_with("STOPPING=1\n"));
        assert!(heard(&socket).unwrap().starts_with("RELOADING=1\n"));
        ServiceManager::default().ends();
    }

    #[test]
    fn one_loop_that_does_not_come_round_keeps_all_of_them_silent() {
        let (socket, manager) = listening("loops");
        let heart: Heart<2> = heart(manager, Duration::ZERO);
        heart.beat(0);
        heart.beat(0);
        assert_eq!(heard(&socket), None);
        heart.beat(1);
        assert_eq!(heard(&socket).unwrap(), "WATCHDOG=1");
        Heart::<1>::new(ServiceManager::default(), None).beat(0);
    }

    #[test]
    fn an_agent_that_is_stuck_falls_silent_and_one_that_goes_on_is_heard_again() {
        let bench = crate::testing::Bench::new();
        let (socket, manager) = listening("stuck");
        let heart = heart(manager, Duration::from_millis(20));
        let agent = std::sync::Arc::clone(&bench.agent);
        std::thread::spawn(move || agent.tick_loop(&heart));
        assert_eq!(heard(&socket).unwrap(), "WATCHDOG=1", "session or none");
        assert_eq!(heard(&socket).unwrap(), "WATCHDOG=1");
        let held = bench.agent.lock();
        let under_way = std::iter::from_fn(|| heard(&socket)).take(3).count();
        assert!(under_way < 3, "it goes on without its lock");
        assert_eq!(heard(&socket), None);
        drop(held);
        assert_eq!(heard(&socket).unwrap(), "WATCHDOG=1");
    }

    #[test]
    fn names_and_paths_are_addresses() {
        assert!(address(&"@/org/name".into()).unwrap().as_abstract_name().is_some());
        assert!(address(&"/run/systemd/notify".into()).unwrap().as_pathname().is_some());
        assert!(address(&"x".repeat(200).into()).is_err());
    }
}
