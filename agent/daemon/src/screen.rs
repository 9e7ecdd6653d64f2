//! Locks what is displayed: asked of the desktop through logind, confirmed by it, else the desktop session is ended or people are told. It
//! has a thread of its own: the authorization is locked long before, and waits for none of this.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_ipc::ScreenState;
use sekisho_wire::id::SessionId;
use sekisho_wire::reason::{Instead, ScreenCause};
use sekisho_wire::record::{Body, ScreenLocked, ScreenNotLocked};

use crate::agent::{Agent, Core};
use crate::config::{Config, Lock, OnFailure, ScreenLock};
use crate::logind::{Desktop, Logind, LogindError};

/// How long the desktop may take to say that it is locked, unless logind holds sleep back for less than twice that.
const CONFIRMED: Duration = Duration::from_secs(2);
/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Locks of the screen that were asked for.
#[derive(Debug)]
pub(crate) struct Screen {
    asked: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Debug)]
struct Asked {
    /// For whose lock or end, oldest first.
    waiting: Vec<Option<SessionId>>,
    /// The thread is at work on some.
    busy: bool,
    confirmed_within: Duration,
}

impl Default for Screen {
    fn default() -> Self {
        let asked = Asked { waiting: Vec::new(), busy: false, confirmed_within: CONFIRMED };
        Self { asked: Mutex::new(asked), changed: Condvar::new() }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Locked,
    NotLocked(ScreenCause, Instead),
}

impl Screen {
    /// The state of the screen before it was ever to be locked.
    pub(crate) const fn before_any(config: &Config) -> ScreenState {
        match config.lock.screen {
            ScreenLock::Logind => ScreenState::Unreachable,
            ScreenLock::None => ScreenState::Off,
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, session: Option<SessionId>) {
        self.asked().waiting.push(session);
        self.changed.notify_all();
    }

    /// Waits for work. One lock of the screen serves all that wait.
    fn next(&self) -> Vec<Option<SessionId>> {
        let mut asked = self
            .changed
            .wait_while(self.asked(), |asked| asked.waiting.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        asked.busy = true;
        std::mem::take(&mut asked.waiting)
    }

    fn done(&self) {
        self.asked().busy = false;
        self.changed.notify_all();
    }

    /// Waits until whatever was asked for has come to an end, well or not; not much longer than that takes.
    pub(crate) fn settled(&self) {
        let asked = self.asked();
        // Once for what is under way, once for what was asked meanwhile.
        let patience = asked.confirmed_within * 2;
        drop(self.changed.wait_timeout_while(asked, patience, |asked| asked.busy || !asked.waiting.is_empty()));
    }

    /// logind lets sleep be held back for so long: what the screen takes must fit in.
    pub(crate) fn fits_into(&self, limit: Duration) {
        self.asked().confirmed_within = CONFIRMED.min(limit / 3);
    }
}

impl Agent {
    /// Has the screen locked, and waits for nothing.
    pub(crate) fn ask_for_screen(&self, core: &mut Core, session: Option<SessionId>) {
        match self.config.lock.screen {
            ScreenLock::None => {}
            ScreenLock::Logind => {
                core.screen = ScreenState::Locking;
                self.screen.ask(session);
            }
        }
    }

    /// Locks screens, as long as the agent lives.
    pub(crate) fn screen_loop(&self) {
        loop {
            let sessions = self.screen.next();
            let within = self.screen.asked().confirmed_within;
            let came = lock_screen(&self.config.lock, within, self.config.lock.on_failure);
            let mut core = self.lock();
            core.screen = match came {
                Came::Locked => ScreenState::Locked,
                Came::NotLocked(_, Instead::SessionEnded) => ScreenState::Ended,
                Came::NotLocked(_, Instead::Nothing) => ScreenState::Failed,
            };
            for session in sessions {
                let body = match came {
                    Came::Locked => Body::ScreenLocked(ScreenLocked { session }),
                    Came::NotLocked(cause, instead) => {
                        Body::ScreenNotLocked(ScreenNotLocked { session, cause, instead })
                    }
                };
                self.observe(&mut core, body);
            }
            self.tell(&mut core);
            drop(core);
            self.screen.done();
        }
    }
}

/// Locks the screen where no agent is left to do it, as whoever may ask logind: told by the service manager when an agent has ended, however it did.
/// Returns whether nobody's work is displayed any more. One that did not come up had nothing open, and is started again and again: it must not end
/// the session of whoever mends it.
pub fn lock_for_an_agent_that_ended(config: &Config) -> bool {
    if config.lock.screen == ScreenLock::None || !config.worker_socket().exists() {
        return true;
    }
    // Nor that of root, who may have stopped it, or be half way through installing another one.
    match lock_screen(&config.lock, CONFIRMED, OnFailure::Alert) {
        Came::Locked | Came::NotLocked(_, Instead::SessionEnded) => true,
        Came::NotLocked(_, Instead::Nothing) => false,
    }
}

fn lock_screen(lock: &Lock, within: Duration, roots: OnFailure) -> Came {
    let mut shown = None;
    let Err(cause) = confirmed(lock, within, &mut shown) else { return Came::Locked };
    log::error!("the screen is not locked");
    let on_failure = if shown.as_ref().is_some_and(Desktop::is_roots) { roots } else { lock.on_failure };
    let instead = match (on_failure, shown) {
        (OnFailure::Terminate, Some(desktop)) => end(within, &desktop),
        (OnFailure::Terminate, None) | (OnFailure::Alert, _) => Instead::Nothing,
    };
    Came::NotLocked(cause, instead)
}

/// Asks the desktop that is `shown` to lock, until it says that it has.
fn confirmed(lock: &Lock, within: Duration, shown: &mut Option<Desktop>) -> Result<(), ScreenCause> {
    let mut logind = None;
    let mut cause = ScreenCause::OutOfReach;
    for _ in 0..looks(within) {
        match look(lock, &mut logind, shown) {
            Ok(true) => return Ok(()),
            Ok(false) => cause = ScreenCause::NotConfirmed,
            // It may be starting just now.
            Err(error @ LogindError::OutOfReach(_)) => {
                log::debug!("{error}");
                (logind, cause) = (None, ScreenCause::OutOfReach);
            }
            // Whoever was shown has logged out meanwhile; perhaps somebody else is shown.
            Err(error @ LogindError::Gone { .. }) => {
                log::debug!("{error}");
                (logind, cause) = (None, ScreenCause::NotConfirmed);
            }
            Err(error @ LogindError::Refused { .. }) => {
                log::error!("{error}. {}", error.next_step());
                return Err(ScreenCause::Refused);
            }
        }
        std::thread::sleep(LOOK);
    }
    Err(cause)
}

/// Whether the screen shows nobody's work any more. The first look over a connection asks for the lock.
fn look(lock: &Lock, logind: &mut Option<Logind>, shown: &mut Option<Desktop>) -> Result<bool, LogindError> {
    let logind = match logind {
        Some(logind) => logind,
        None => {
            let new = Logind::connect()?;
            *shown = new.shown(&lock.seat)?;
            if let Some(desktop) = shown {
                new.lock(desktop)?;
            }
            logind.insert(new)
        }
    };
    shown.as_ref().map_or(Ok(true), |desktop| logind.is_locked(desktop))
}

/// So many looks fit in, one at least.
fn looks(within: Duration) -> u128 {
    (within.as_millis() / LOOK.as_millis()).max(1)
}

/// Ends a desktop session, and sees whether it has gone.
fn end(within: Duration, desktop: &Desktop) -> Instead {
    let asked = Logind::connect().and_then(|logind| logind.terminate(desktop).map(|()| logind));
    match asked {
        Ok(logind) => {
            for _ in 0..looks(within) {
                if logind.has_ended(desktop) {
                    log::warn!("the desktop session was ended");
                    return Instead::SessionEnded;
                }
                std::thread::sleep(LOOK);
            }
            log::error!("the desktop session does not end");
        }
        Err(error) => log::error!("{error}. {}", error.next_step()),
    }
    Instead::Nothing
}
