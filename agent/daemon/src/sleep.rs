//! Hears from logind that the machine goes to sleep, and holds it back until nothing is open and the screen is locked.

use std::convert::Infallible;
use std::os::fd::OwnedFd;
use std::time::Duration;

use sekisho_ipc::ScreenState;
use sekisho_wire::reason::AlarmKind;

use crate::agent::Agent;
use crate::logind::{Heard, Logind, LogindError};
use crate::session::Event;

/// Pause before the bus is tried again: the first, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// logind is out of reach for so long before people are told, ms: it is away for a moment whenever it is restarted.
const ALARM: u64 = 10_000;
/// How often this is looked at while it is away.
const LOOK: Duration = Duration::from_secs(1);
/// A wait without end, as far as the bus library knows one.
const ENDLESS: Duration = Duration::from_secs(24 * 60 * 60);

/// What keeps the machine from sleeping too soon.
struct Guard {
    /// logind lets it wait while this is open.
    held: Option<OwnedFd>,
    /// Since when nobody does that, boot time in ms.
    lost: Option<u64>,
    /// Why, as the log has it.
    said: String,
}

impl Agent {
    /// Guards sleep, as long as the agent lives.
    pub(crate) fn sleep_loop(&self) {
        let mut pause = RETRY_FIRST;
        let mut guard = Guard { held: None, lost: Some(self.clock.boottime()), said: String::new() };
        loop {
            let Err(error) = self.guard_sleep(&mut guard);
            if guard.lost.is_none() {
                pause = RETRY_FIRST;
            }
            self.lose(&mut guard, &error);
            std::thread::sleep(pause);
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    /// Over one connection, until it is lost.
    fn guard_sleep(&self, guard: &mut Guard) -> Result<Infallible, LogindError> {
        let logind = Logind::connect()?;
        logind.listen()?;
        self.hold(&logind, guard);
        loop {
            let patience = if guard.lost.is_none() { ENDLESS } else { LOOK };
            match logind.next(patience)? {
                Some(Heard::GoesToSleep) => self.goes_to_sleep(guard),
                Some(Heard::Woke | Heard::There) => self.hold(&logind, guard),
                Some(Heard::Gone) => self.lose(guard, &LogindError::OutOfReach("it has ended".into())),
                None if guard.lost.is_some() => self.hold(&logind, guard),
                None => {}
            }
        }
    }

    /// Holds the next sleep back. What slept away unheard is noticed by the clocks, as soon as anybody looks.
    fn hold(&self, logind: &Logind, guard: &mut Guard) {
        self.complain(guard);
        // Too late to hold that one back, but not to close what is open.
        if logind.is_about_to_sleep().unwrap_or(false) {
            self.goes_to_sleep(guard);
        }
        match logind.hold_sleep() {
            Ok(held) => {
                *guard = Guard { held: Some(held), lost: None, said: String::new() };
                if let Ok(limit) = logind.hold_limit() {
                    self.screen.fits_into(limit);
                }
                self.is_reached();
                // It may have begun between the two questions.
                if logind.is_about_to_sleep().unwrap_or(false) {
                    self.goes_to_sleep(guard);
                }
            }
            Err(error) => self.lose(guard, &error),
        }
    }

    /// Nothing is open and the screen is locked, as far as that can be had, before the machine may sleep.
    fn goes_to_sleep(&self, guard: &mut Guard) {
        log::info!("the machine goes to sleep");
        {
            let mut core = self.lock();
            self.step(&mut core, Event::Suspending);
        }
        self.screen.settled();
        guard.held = None;
    }

    fn is_reached(&self) {
        let mut core = self.lock();
        if core.screen == ScreenState::Unreachable {
            core.screen = ScreenState::Ready;
            self.tell(&mut core);
        }
    }

    fn lose(&self, guard: &mut Guard, error: &LogindError) {
        guard.held = None;
        guard.lost.get_or_insert_with(|| self.clock.boottime());
        // It is tried again each second, and said when it is news.
        let said = error.to_string();
        if guard.said != said {
            log::warn!("{said}. {}", error.next_step());
            guard.said = said;
        }
        let mut core = self.lock();
        if core.screen != ScreenState::Unreachable {
            core.screen = ScreenState::Unreachable;
            self.tell(&mut core);
        }
        drop(core);
        self.complain(guard);
    }

    /// Says in the book that screens cannot be locked here.
    fn complain(&self, guard: &Guard) {
        if guard.lost.is_some_and(|since| self.clock.boottime().saturating_sub(since) >= ALARM) {
            self.doubt(AlarmKind::LogindOutOfReach);
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_ipc::{AgentError, PinFrame, PromptRequest};
    use sekisho_wire::reason::Reason;
    use sekisho_wire::record::{Body, SessionReason};

    use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, panel};

    #[test]
    fn a_sleep_that_nobody_told_of_ends_the_session_before_anything_is_granted() {
        let bench = Bench::new();
        bench.log_in();
        let session = bench.agent.lock().machine.session().unwrap().id;
        bench.clock.sleep(60_000);
        let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
        assert_eq!(answer.verdict.code, "pin_needed");
        let closed = Body::SessionClosed(SessionReason { session, reason: Reason::Suspend });
        assert!(bench.records().iter().any(|record| record.body == closed), "{:?}", bench.kinds());
        // Clocks that are a little apart are no sleep.
        assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap().verdict.granted);
        bench.clock.sleep(100);
        assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
    }

    #[test]
    fn a_prompt_that_was_open_over_a_sleep_opens_nothing() {
        let bench = Bench::new();
        bench.insert(CLERK);
        let (answer, client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
        bench.clock.sleep(60_000);
        let _ = PinFrame::new(RIGHT_PIN).unwrap().send(&client);
        let outcome = bench.agent.await_prompt(&panel(), &answer.prompt);
        assert!(matches!(outcome, Err(AgentError::PromptCancelled)), "{outcome:?}");
        assert!(bench.agent.lock().machine.session().is_none());
    }

    #[test]
    fn a_session_whose_record_was_being_written_at_the_sleep_does_not_open() {
        let bench = Bench::new();
        bench.insert(CLERK);
        let _ = bench.records();
        let clock = std::sync::Arc::clone(&bench.clock);
        bench.disk.amid_next_sync(move || clock.sleep(60_000));
        assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).is_err());
        assert!(bench.agent.lock().machine.session().is_none());
        let kinds = bench.kinds();
        assert_eq!(kinds[kinds.len() - 2..], ["session_opened", "session_closed"]);
    }
}
