//! `sekisho run`: starts a program under a grant and ends it when the session is locked or ends.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use sekisho_ipc::{Client, CompleteRequest, Outcome, RecordRef, SessionState, State, Watch};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::arguments::{Record, Run};
use crate::failure::Failure;
use crate::foreground::Lent;
use crate::phrases::sentence;
use crate::{Surroundings, authorize, clock, exit, output};

/// How long a program may take to put its things in order after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// What happens while the program runs.
enum Event {
    /// It ended by itself; it is not reaped yet, so its process group still has its number.
    Ended,
    /// The session is locked, closed or another, or the agent is gone: then nobody can say that it is still open.
    Locked,
    /// Someone asked us to end.
    Asked,
}

/// Why the program is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Itself,
    Locked,
    Asked,
}

pub(crate) fn run(surroundings: &Surroundings, run: Run) -> Result<ExitCode, Failure> {
    let mut client = surroundings.connect()?;
    let record = if let Some(Record { epoch, seq }) = run.under {
        RecordRef { epoch, seq }
    } else {
        let answer = authorize::ask(surroundings, &mut client, run.request(), &run.pin)?;
        let (true, Some(record)) = (answer.verdict.granted, answer.record) else {
            output::remark(&sentence(&answer.verdict, surroundings.language));
            return Ok(exit::REFUSED.into());
        };
        record
    };
    let (sender, events) = channel();
    // Watched from before the start: a lock in between must not be missed.
    watch_session(surroundings, &sender)?;
    let child = match start(&run, &sender) {
        Ok(child) => child,
        Err(failure) => {
            complete(surroundings, &mut client, record, 0, Outcome::Failed);
            failure.report(surroundings.language);
            return Ok(exit::NOT_STARTED.into());
        }
    };
    let (why, status) = attend(child, &events, &program_name(&run))?;
    let (items, outcome) = match why {
        Why::Itself if status.success() => (run.items, Outcome::Done),
        Why::Itself => (0, Outcome::Failed),
        Why::Locked | Why::Asked => (0, Outcome::Cancelled),
    };
    complete(surroundings, &mut client, record, items, outcome);
    Ok(exit_code(surroundings, why, status))
}

fn program_name(run: &Run) -> String {
    run.program.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Starts the program at the head of its own process group, so that its children end with it.
fn start(run: &Run, sender: &Sender<Event>) -> Result<Child, Failure> {
    let failed = |cause| Failure::Program { name: program_name(run), cause };
    let (name, arguments) = run.program.split_first().ok_or_else(|| failed(std::io::ErrorKind::InvalidInput.into()))?;
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(failed)?;
    let asked = sender.clone();
    thread::spawn(move || signals.forever().try_for_each(|_| asked.send(Event::Asked)));
    let child = Command::new(name).args(arguments).process_group(0).spawn().map_err(failed)?;
    let (pid, ended) = (pid_of(&child), sender.clone());
    thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
        ended.send(Event::Ended)
    });
    Ok(child)
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Waits until the program is over, by itself or because we ended it.
fn attend(mut child: Child, events: &Receiver<Event>, name: &str) -> Result<(Why, ExitStatus), Failure> {
    let group = pid_of(&child);
    let lent = Lent::to(group);
    let why = match events.recv() {
        Ok(Event::Ended) => Why::Itself,
        Ok(Event::Asked) => Why::Asked,
        // Without watchers nobody would notice a lock.
        Ok(Event::Locked) | Err(_) => Why::Locked,
    };
    if why != Why::Itself {
        let _ = kill_process_group(group, Signal::TERM);
        // A stopped program cannot end.
        let _ = kill_process_group(group, Signal::CONT);
        wait_for_end(events);
    }
    // Whatever of the group is left must not outlive the grant. The leader is not reaped, so the number is still theirs.
    let _ = kill_process_group(group, Signal::KILL);
    drop(lent);
    let status = child.wait().map_err(|cause| Failure::Program { name: name.to_owned(), cause })?;
    Ok((why, status))
}

fn wait_for_end(events: &Receiver<Event>) {
    let end: Instant = clock::now() + GRACE;
    loop {
        match events.recv_timeout(end.saturating_duration_since(clock::now())) {
            Ok(Event::Ended) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            Ok(Event::Locked | Event::Asked) => {}
        }
    }
}

/// Reports the first state that is not "this session, open", and the loss of the agent.
fn watch_session(surroundings: &Surroundings, sender: &Sender<Event>) -> Result<(), Failure> {
    let mut watch = surroundings.connect()?.watch().map_err(|error| surroundings.asking(error))?;
    let first = next_state(&mut watch);
    let locked = sender.clone();
    thread::spawn(move || {
        let session = first.as_ref().and_then(open_session);
        let mut state = first;
        while state.as_ref().and_then(open_session).is_some_and(|now| Some(&now) == session.as_ref()) {
            state = next_state(&mut watch);
        }
        locked.send(Event::Locked)
    });
    Ok(())
}

fn next_state(watch: &mut Watch) -> Option<State> {
    watch.next()?.ok()
}

/// The id of the session, while it is open.
fn open_session(state: &State) -> Option<String> {
    match state.state {
        SessionState::Open => state.session.as_ref().map(|session| session.id.clone()),
        SessionState::NoCard | SessionState::AwaitPin | SessionState::Locked => None,
    }
}

fn complete(surroundings: &Surroundings, client: &mut Client, record: RecordRef, items: u32, outcome: Outcome) {
    if let Err(error) = client.complete(&CompleteRequest { record, items, outcome }) {
        // The program's own result stands; that its completion is not on record is said beside it.
        let lead = surroundings.language.pick("完了を記録できません", "cannot record the completion");
        let failure = surroundings.asking(error);
        output::remark(&format!("sekisho: {lead}: {}", failure.what(surroundings.language)));
    }
}

fn exit_code(surroundings: &Surroundings, why: Why, status: ExitStatus) -> ExitCode {
    if why == Why::Locked {
        output::remark(surroundings.language.pick(
            "sekisho: ロックまたは終了のためプログラムを終了しました",
            "sekisho: the session was locked or ended, so the program was ended",
        ));
        return exit::LOCKED.into();
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let signal = status.signal().and_then(|signal| u8::try_from(signal).ok());
    code.or_else(|| signal.map(|signal| exit::SIGNAL_BASE.saturating_add(signal))).unwrap_or(exit::ERROR).into()
}
