//! The readers, lent to a program of the administrator's: every card is let go, and the agent takes them up again when the lease is over.
//! Nobody but the agent and one borrower has them at any time, and nothing is granted meanwhile: there is no card.

use std::sync::Arc;
use std::time::Duration;

use sekisho_ipc::{AgentError, Bar, BorrowRequest, Lent as Shown};
use sekisho_wire::reason::LeaseEnd;
use sekisho_wire::record::{Body, ReadersLent};
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core, History};
use crate::config::{User, user_name};
use crate::function::Caller;
use crate::session::Event;
use crate::spoken;
use crate::worker_link::{CallAnswer, Problem, ToWorker};

/// Japan has one time, and no summer time: UTC+9.
const JAPAN: u64 = 9 * 60;
/// Beyond what a card that is being opened may take.
const SLACK: Duration = Duration::from_secs(2);
/// The longest name of a program.
const PROGRAM_MAX: usize = 32;

/// Who has the readers.
#[derive(Clone, Debug)]
pub(crate) struct Lent {
    number: u64,
    program: String,
    uid: u32,
    user: Option<String>,
    /// Trusted time, as is `until`.
    since: u64,
    until: u64,
    /// Whether its beginning is in the book: then its end is, too.
    recorded: bool,
}

/// The readers are lent as long as this lives.
pub(crate) struct Lease<'a> {
    agent: &'a Arc<Agent>,
    number: u64,
    /// Boot time.
    ends: u64,
    end: LeaseEnd,
}

impl Lease<'_> {
    /// Whether its time is over, or the agent ends.
    pub(crate) fn is_over(&mut self) -> bool {
        if self.agent.clock.boottime() >= self.ends {
            self.end = LeaseEnd::TimeOver;
            return true;
        }
        self.agent.lock().lease.as_ref().is_none_or(|lent| lent.number != self.number)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.agent.take_back(self.number, self.end);
    }
}

impl Agent {
    /// Lets go of every card, and lends the readers.
    ///
    /// A session is not ended for it: that would lock the screen, or end the desktop session, in which the borrower itself may run, and end the
    /// programs that a clerk has open. Who wants the readers ends it first, or takes its card out.
    ///
    /// # Errors
    /// [`AgentError`]: not to just anybody, not to two, not over a session, not while a PIN is on its way, and not without a record.
    pub(crate) fn lend<'a>(
        self: &'a Arc<Self>,
        caller: &Caller,
        request: &BorrowRequest,
    ) -> Result<Lease<'a>, AgentError> {
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=PROGRAM_MAX).contains(&request.program.len()) || !request.program.bytes().all(named) {
            let rule = "a program's name: 1 to 32 of a-z 0-9 and -".into();
            return Err(AgentError::InvalidArgument { field: "program".into(), rule });
        }
        if !caller.trusted && !self.config.peers.borrow.contains(&User(caller.uid)) {
            return Err(AgentError::NotPermitted { reason: Bar::NotABorrower });
        }
        let mut core = self.lock();
        self.lendable(&mut core)?;
        let now = self.now(&mut core);
        let time = u64::try_from(self.config.card.lease().as_millis()).unwrap_or(u64::MAX);
        core.leases += 1;
        let lent = Lent {
            number: core.leases,
            program: request.program.clone(),
            uid: caller.uid,
            user: user_name(caller.uid),
            since: now.trusted,
            until: now.trusted.saturating_add(time),
            recorded: false,
        };
        let (number, until) = (lent.number, lent.until);
        core.lease = Some(lent);
        let ends = now.boottime.saturating_add(time);
        let lease = Lease { agent: self, number, ends, end: LeaseEnd::GivenBack };
        if let Some(insertion) = core.machine.card().map(|card| card.insertion) {
            core.cancel_prompts(insertion);
        }
        let (call, answers) = core.new_call();
        // Without a worker nobody of ours holds a card, and one that comes meanwhile holds none until it is told to.
        let lets_go = core.worker.is_none() || core.ask_worker(ToWorker::LetGo { call }, None);
        let waits = core.worker.is_some() && lets_go;
        self.tell(&mut core);
        drop(core);
        // A card that is being opened is waited for as long as one may take.
        let patience = self.config.card.deadline() + SLACK;
        let lets_go = lets_go && (!waits || answers.recv_timeout(patience) == Ok(CallAnswer::LetGo));
        let mut core = self.lock();
        core.calls.remove(&call);
        if !lets_go {
            return Err(spoken::problem(&held(), None));
        }
        // The worker has told of each card that it let go. What is left here is none of its cards.
        while let Some(insertion) = core.machine.card().map(|card| card.insertion) {
            self.step(&mut core, Event::CardRemoved(insertion));
        }
        core.unreadable.clear();
        log::info!("the readers are lent to {} of uid {}", request.program, caller.uid);
        self.tell(&mut core);
        if core.history == History::Gone {
            log::warn!("nothing records that: this terminal waits for a new epoch");
            return Ok(lease);
        }
        let record = self.write(&mut core, Body::ReadersLent(ReadersLent { uid: caller.uid, until }));
        core.lease.iter_mut().for_each(|lent| lent.recorded = true);
        drop(core);
        self.journal.wait(record.seq).map_err(|_| AgentError::NotRecorded)?;
        Ok(lease)
    }

    fn lendable(&self, core: &mut Core) -> Result<(), AgentError> {
        if let Some(lent) = &core.lease {
            return Err(spoken::problem(&lent.problem(), None));
        }
        // What mends these may need a card, and the lease can be written all the same, or nothing can.
        let lends = [VerdictCode::UnsentTooLong, VerdictCode::HistoryRefused];
        if let Some(code) = self.grants_nothing(core).filter(|code| !lends.contains(code)) {
            return Err(spoken::refused(code, None));
        }
        if core.machine.session().is_some() || !core.opening.is_empty() {
            return Err(AgentError::NotPermitted { reason: Bar::SessionOpen });
        }
        if core.pins.is_any_sent() || core.proving.is_some() {
            return Err(spoken::refused(VerdictCode::AgentBusy, None));
        }
        Ok(())
    }

    fn take_back(&self, number: u64, end: LeaseEnd) {
        let mut core = self.lock();
        let Some(lent) = core.lease.take_if(|lent| lent.number == number) else { return };
        log::info!("the readers are ours again");
        if lent.recorded {
            self.write(&mut core, Body::ReadersBack(end));
        }
        core.ask_worker(ToWorker::TakeUp, None);
        self.tell(&mut core);
    }

    /// The agent ends: whoever has the readers hears it by the end of his connection.
    pub(crate) fn end_lease(&self, core: &mut Core) {
        if core.lease.take().is_some_and(|lent| lent.recorded) {
            self.write(core, Body::ReadersBack(LeaseEnd::AgentStopping));
        }
    }
}

impl Core {
    /// Why no card is there, where there is more to say than that.
    pub(crate) fn why_no_card(&self) -> Option<Problem> {
        self.lease.as_ref().map(Lent::problem).or_else(|| self.newest_problem().cloned())
    }

    /// A worker touches no card until it is told to: not while they are lent.
    pub(crate) fn hand_cards_to_worker(&mut self) {
        if self.lease.is_none() {
            self.ask_worker(ToWorker::TakeUp, None);
        }
    }
}

impl Lent {
    /// As the socket shows it.
    pub(crate) fn shown(&self) -> Shown {
        let Self { program, uid, user, since, until, .. } = self.clone();
        Shown { program, uid, user, since, until }
    }

    fn problem(&self) -> Problem {
        let Self { program, uid, user, since, until, .. } = self;
        let who = user.clone().unwrap_or_else(|| format!("uid {uid}"));
        let (since, until) = (time_of_day(*since), time_of_day(*until));
        Problem {
            what: format!("the card readers are lent to {program} ({who}) since {since}, until {until} at the latest"),
            what_ja: format!("カードリーダーは {since} から {program}({who})に貸出中です(最長 {until} まで)"),
            next: "Wait until it has ended: your card is read then.".into(),
            next_ja: "終了するまでお待ちください。終了後にカードを読み取ります。".into(),
        }
    }
}

fn time_of_day(at: u64) -> String {
    let minutes = (at / 60_000 + JAPAN) % (24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn held() -> Problem {
    Problem {
        what: "the card worker does not let go of the cards".into(),
        what_ja: "カード処理がカードを解放しません".into(),
        next: "Take the cards out and try again in a moment.".into(),
        next_ja: "カードを抜き、しばらくしてからもう一度実行してください。".into(),
    }
}

#[cfg(test)]
#[path = "lease/tests.rs"]
mod tests;
