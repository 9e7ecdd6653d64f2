//! The agent's life: open what is on disk, say so in a record, serve, and end in order.

use std::fmt;
use std::io;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use sekisho_ipc::peer_uid;
use sekisho_register::Register;
use sekisho_wire::batch::chain_start;
use sekisho_wire::id::AgentVersion;
use sekisho_wire::reason::{LeaseEnd, Reason};
use sekisho_wire::record::{Body, RECORD_MAX, Record, SessionReason, TerminalUp};
use sekisho_wire::secret::SecretBytes;

use crate::agent::{Agent, Beginning, History};
use crate::aside::{self, Nowhere};
use crate::before::Before;
use crate::break_glass::accounts_behind_glass;
use crate::carrier::Lines;
use crate::clock::{Clock, boot_id};
use crate::config::{Config, ScreenLock};
use crate::files::{self, StateFile};
use crate::forwarder_link::Line;
use crate::identity::Identity;
use crate::journal::Journal;
use crate::journal::error::JournalError;
use crate::journal::medium::{Folder, Medium};
use crate::journal::segment::Start;
use crate::keeper::{Found, Keeper};
use crate::keepsakes::Keepsakes;
use crate::left_behind::{LeftBehind, carry, left_behind};
use crate::places::Places;
use crate::secrets::{StateSecret, journal_key};
use crate::server;
use crate::service_manager::{Heart, ServiceManager};
use crate::session::Event;
use crate::sockets::{Who, accept_clients, accept_forwarders, accept_workers, bind};
use crate::trusted::{Moment, TrustedTime};
use crate::uplink::{Position, Uplink};

/// The agent cannot work.
#[derive(Debug)]
pub enum RunError {
    /// A file or folder.
    File {
        /// Which.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else than the agent wrote, or is missing beside what needs it.
    Damaged {
        /// Which.
        file: StateFile,
        /// What is wrong with it.
        source: io::Error,
    },
    /// Another agent has the state folder.
    InUse,
    /// A socket.
    Socket {
        /// Its path.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The journal.
    Journal(JournalError),
}

impl RunError {
    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::File { .. } => "Check that the state folder exists, has room and belongs to the agent.",
            Self::Damaged { file, .. } => file.next_step(),
            Self::InUse => "End the other agent, or the command that sets its journal aside.",
            Self::Socket { .. } => {
                "Check that the runtime folder exists and belongs to the agent, and that no other agent runs."
            }
            Self::Journal(error) => error.next_step(),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { what, source } => write!(f, "cannot use {what}: {source}"),
            Self::Damaged { file, source } => write!(f, "cannot use {}: {source}", file.name()),
            Self::InUse => f.write_str("cannot use the state folder: another process uses it"),
            Self::Socket { path, source } => write!(f, "cannot listen at {path}: {source}"),
            Self::Journal(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<JournalError> for RunError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

fn file(what: &'static str) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::File { what, source }
}

pub(crate) fn state_file(file: StateFile) -> impl FnOnce(io::Error) -> RunError {
    move |source| {
        if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound) {
            RunError::Damaged { file, source }
        } else {
            RunError::File { what: file.name(), source }
        }
    }
}

/// Why an agent ended in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked to.
    Asked,
    /// An act opened a new epoch of this terminal: run it again, and it begins that.
    NewEpoch,
}

/// Runs the agent until it is asked to stop. `stop` returns when it is.
///
/// # Errors
/// [`RunError`] when it cannot begin.
pub fn run(config: Config, clock: Arc<dyn Clock>, stop: impl FnOnce()) -> Result<End, RunError> {
    files::private_folder(&config.state).map_err(file("the state folder"))?;
    // A second agent, with sockets elsewhere perhaps, would give every seq two contents.
    let _held = files::hold(&config.state).map_err(file("the state folder"))?.ok_or(RunError::InUse)?;
    let (manager, heart) = (ServiceManager::of_this_process(), Heart::of_this_process());
    let listener = bind(&config.agent_socket(), Who::Anyone)?;
    let identity = match Identity::load(&config.state).map_err(state_file(StateFile::Identity))? {
        Some(identity) => identity,
        None => {
            manager.is_ready("not enrolled; waiting for: sekisho-agent enrol CODEFILE");
            wait_for_enrolment(&config, &listener, &heart)?
        }
    };
    let opened = Opened::new(config, identity, clock)?;
    let agent = Arc::clone(&opened.agent);
    let serves = format!("serving terminal {}", agent.identity.terminal.as_str());
    opened.serve(listener, heart)?;
    manager.is_ready(&serves);
    stop();
    let epoch_is_over = agent.epoch_is_over(&agent.lock().register);
    if epoch_is_over {
        manager.begins_again();
    } else {
        manager.ends();
    }
    agent.stop();
    agent.screen.settled();
    Ok(if epoch_is_over { End::NewEpoch } else { End::Asked })
}

/// Answers that this terminal is not enrolled, until it is.
fn wait_for_enrolment(config: &Config, listener: &UnixListener, heart: &Heart<1>) -> Result<Identity, RunError> {
    log::warn!("this terminal is not enrolled; waiting for: sekisho-agent enrol --config FILE CODEFILE");
    listener.set_nonblocking(true).map_err(file("the socket"))?;
    let places = Places::new(&config.limits);
    loop {
        if let Some(identity) = Identity::load(&config.state).map_err(state_file(StateFile::Identity))? {
            listener.set_nonblocking(false).map_err(file("the socket"))?;
            return Ok(identity);
        }
        while let Ok((stream, _)) = listener.accept() {
            let place = peer_uid(&stream).ok().and_then(|uid| server::place(&places, config, uid));
            let Some(place) = place else { continue };
            let config = config.clone();
            let answer = move || server::serve(None, &config, stream, &place);
            let _ = std::thread::Builder::new().name("client".into()).spawn(answer);
        }
        heart.beat(0);
        std::thread::sleep(Duration::from_millis(200));
    }
}

struct Opened {
    agent: Arc<Agent>,
    keeper: Keeper,
    /// Nothing while this terminal waits for a new epoch.
    uplink: Option<Uplink>,
    kicks: std::sync::mpsc::Receiver<()>,
}

/// The journal on disk, if it can be gone on with.
pub(crate) fn open_journal(config: &Config, start: Start, before: &mut Before) -> Result<Journal, RunError> {
    let folder = Folder::open(&config.state.join("journal")).map_err(file("the journal"))?;
    let master = master_key(config, &folder).map_err(state_file(StateFile::JournalKey))?;
    let journal = Journal::open(Arc::new(folder), master, start, |_, record| before.see(record))?;
    let epoch = journal.next().epoch;
    let aside = aside::newest_epoch(&config.state).map_err(file("the state folder"))?;
    if aside.is_some_and(|aside| aside >= epoch) {
        return Err(JournalError::SetAside { epoch }.into());
    }
    // Read, and not opened: what is known of the epoch before is still to be asked what that leaves behind.
    match Position::kept_end(config).map_err(state_file(StateFile::Uplink))? {
        Some((sent, _)) if sent > epoch => return Err(JournalError::Behind { epoch, sent }.into()),
        Some((sent, stored)) if sent == epoch => journal.must_reach(stored)?,
        Some(_) | None => {}
    }
    Ok(journal)
}

/// The key of the journal. It is drawn for a journal that is empty; beside records, one that is missing is looked for by people: a new one
/// would open nothing, and stand in the place of the right one.
fn master_key(config: &Config, folder: &Folder) -> io::Result<SecretBytes<32>> {
    if let Some(key) = journal_key(&config.state)? {
        return Ok(key);
    }
    if !folder.names()?.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    files::new_key(&config.state.join(StateSecret::JournalKey.file()))
}

impl Opened {
    fn new(config: Config, identity: Identity, clock: Arc<dyn Clock>) -> Result<Self, RunError> {
        let (keeper, Found { register, names, time }) =
            Keeper::open(&config, &identity).map_err(state_file(StateFile::Register))?;
        let epoch = register.terminal(&identity.terminal).map_or(0, |terminal| terminal.epoch());
        let start = Start { epoch, first: 0, chain: chain_start(&identity.office, &identity.terminal, epoch) };
        let mut before = Before::default();
        let (journal, goes_on) = match open_journal(&config, start, &mut before) {
            Err(RunError::Journal(
                error @ (JournalError::Short { .. } | JournalError::SetAside { .. } | JournalError::Behind { .. }),
            )) => {
                log::error!("{error}. {}", error.next_step());
                (Journal::open(Arc::new(Nowhere), SecretBytes::new([0; 32]), start, |_, _| {})?, false)
            }
            opened => (opened?, true),
        };
        // Before the uplink keeps a cursor of this epoch.
        let left = left_behind(&config, &journal, &register)?;
        let position = Position::open(&config, journal.next().epoch).map_err(state_file(StateFile::Uplink))?;
        let boot = boot_id();
        let moment = Moment { wall: clock.wall(), boottime: clock.boottime() };
        let trusted = TrustedTime::new(&boot, time, moment).not_before(before.latest, moment);
        let (kick, kicks) = std::sync::mpsc::sync_channel(1);
        // Before this epoch has any record of its own. They have waited for the ledger since they were made.
        let carried_since = left.carried.map(|from| carry(&journal, from)).transpose()?.flatten();
        let unsent_since = carried_since.or_else(|| time_of(&journal, position.acknowledged().stored));
        let work = std::mem::take(&mut before.work);
        let mut pins_changed = std::mem::take(&mut before.pins_changed);
        pins_changed.settle(&register);
        let keepsakes = Keepsakes::open(&config.state, 0);
        let beginning =
            Beginning { trusted, register, names, position, unsent_since, work, pins_changed, keepsakes, boot };
        let agent = Arc::new(Agent::new(config, identity, clock, journal, beginning, kick));
        // Before any card can be looked at.
        agent.load_reports().map_err(state_file(StateFile::Reports))?;
        // Without a history that can be gone on with the register is still fetched: an act in it opens a new epoch.
        let uplink = goes_on.then(Uplink::default);
        if goes_on {
            agent.come_up(&before, left);
        } else {
            agent.history_is(History::Gone);
        }
        Ok(Self { agent, keeper, uplink, kicks })
    }

    fn serve(self, listener: UnixListener, heart: Heart<1>) -> Result<(), RunError> {
        let Self { agent, keeper, uplink, kicks } = self;
        let lines = Arc::new(Lines::default());
        let peers = &agent.config.peers;
        let workers = bind(&agent.config.worker_socket(), Who::of(peers.worker))?;
        let forwarders = bind(&agent.config.forwarder_socket(), Who::of(peers.forwarder))?;
        let [one, two, three, four, five, six, seven, eight, nine] = std::array::from_fn(|_| Arc::clone(&agent));
        let [register, records, reports, pins, acts] = std::array::from_fn(|_| Arc::clone(&lines));
        spawn("flush", move || one.flush_loop(&kicks))?;
        spawn("tick", move || two.tick_loop(&heart))?;
        if agent.config.lock.screen == ScreenLock::Logind {
            let (screen, sleep) = (agent.clone(), agent.clone());
            spawn("screen", move || screen.screen_loop())?;
            spawn("sleep", move || sleep.sleep_loop())?;
        }
        spawn("register", move || keeper.run(&three, &register.line(Line::Register)))?;
        if let Some(uplink) = uplink {
            spawn("uplink", move || uplink.run(&four, &records.line(Line::Records)))?;
        }
        // Also where the journal cannot be gone on with: a card that is lost does not wait for that.
        spawn("reports", move || seven.report_loop(&reports.line(Line::Records)))?;
        spawn("pins", move || eight.pins_loop(&pins.line(Line::Records)))?;
        spawn("acts", move || nine.panel_acts_loop(&acts.line(Line::Records)))?;
        spawn("worker", move || accept_workers(&five, &workers))?;
        spawn("forwarder", move || accept_forwarders(&six, &forwarders, &lines))?;
        spawn("socket", move || accept_clients(&agent, &listener))
    }
}

/// Trusted time of a record, if there is one and it can be read.
pub(crate) fn time_of(journal: &Journal, seq: u64) -> Option<u64> {
    let run = (seq < journal.durable()).then(|| journal.read(seq, 1, RECORD_MAX).ok())??;
    Record::decode(run.records.first()?).ok().map(|record| record.trusted)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), RunError> {
    std::thread::Builder::new().name(name.into()).spawn(work).map(drop).map_err(file("another thread"))
}

impl Agent {
    fn come_up(&self, before: &Before, left: LeftBehind) {
        let mut core = self.lock();
        if let Some(lost) = left.lost {
            let first = self.write(&mut core, Body::Lost(lost));
            self.journal.settles_with(first.seq);
            // On disk before the cursor of the epoch before makes way for this one's.
            if let Err(error) = self.journal.wait(first.seq) {
                log::error!("{error}");
            }
        }
        let version = AgentVersion::new(env!("CARGO_PKG_VERSION")).expect("our versions keep to the alphabet");
        if let Some(session) = before.open {
            let reason = Reason::AgentDied;
            self.write(&mut core, Body::SessionClosed(SessionReason { session, reason }));
        }
        if before.lent {
            self.write(&mut core, Body::ReadersBack(LeaseEnd::AgentDied));
        }
        if let Some(there) = before.there {
            self.record_logins_since(&mut core, &self.config.wtmp, &accounts_behind_glass(), there);
        }
        self.write(&mut core, Body::TerminalUp(TerminalUp { version, previous: before.end() }));
    }

    /// Whether an act has opened a later epoch than that which the journal writes.
    pub(crate) fn epoch_is_over(&self, register: &Register) -> bool {
        let open = register.terminal(&self.identity.terminal).map_or(0, |terminal| terminal.epoch());
        open > self.journal.next().epoch
    }

    /// Ends in order: locked, recorded, on disk. Nothing is recorded or granted afterwards.
    fn stop(&self) {
        let last = {
            let mut core = self.lock();
            self.step(&mut core, Event::Stopping);
            self.close_opening(&mut core);
            self.withdraw_unanswered(&mut core);
            self.end_lease(&mut core);
            let last = self.write(&mut core, Body::TerminalDown);
            self.journal.end();
            last
        };
        match self.journal.wait(last.seq) {
            Ok(()) => self.bring_last(last.seq),
            Err(error) => log::error!("{error}"),
        }
    }

    /// What was said last is brought while there is a line, for a moment: a terminal that was switched off is not to be missed.
    fn bring_last(&self, seq: u64) {
        let stored = || self.position().acknowledged().stored;
        if stored().saturating_add(ON_THEIR_WAY) < seq {
            return;
        }
        for _ in 0..LAST_LOOKS {
            if stored() > seq {
                return;
            }
            std::thread::sleep(LAST_PAUSE);
        }
    }
}

/// With more than so many records that the ledger has not taken there is no line.
const ON_THEIR_WAY: u64 = 16;
/// One second.
const LAST_LOOKS: u32 = 50;
const LAST_PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sekisho_ipc::PromptRequest;
    use sekisho_wire::id::{Hash, ReaderIdentity};
    use sekisho_wire::reason::PreviousEnd;

    use super::*;
    use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, panel};

    #[test]
    fn a_journal_that_is_gone_with_its_register_is_not_begun_in_an_earlier_epoch() {
        let state = std::env::temp_dir().join(format!("sekisho-behind-{}", std::process::id()));
        let config = Config { state: state.clone(), ..Config::parse(Path::new("agent.toml"), "").unwrap() };
        files::private_folder(&state).unwrap();
        let cursor = serde_json::json!({"epoch": 3, "stored": 0, "sealed": 0, "seen_size": 0, "seen_root": ""});
        files::replace_json(&state.join("uplink.json"), &cursor).unwrap();
        let open = |epoch| {
            let start = Start { epoch, first: 0, chain: Hash([0; 32]) };
            open_journal(&config, start, &mut Before::default()).map(drop)
        };
        let refused = open(0);
        assert!(matches!(refused, Err(RunError::Journal(JournalError::Behind { epoch: 0, sent: 3 }))), "{refused:?}");
        open(3).unwrap();
        open(4).unwrap();
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn after_an_orderly_stop_nothing_is_recorded_and_nothing_opens() {
        let bench = Bench::new();
        bench.log_in();
        bench.agent.stop();
        bench.worker.pull();
        crate::testing::until(|| bench.agent.lock().machine.card().is_none());
        bench.agent.observe(&mut bench.agent.lock(), Body::ReaderUp(ReaderIdentity::new("name:Bench").unwrap()));
        let mut before = Before::default();
        bench.records().iter().for_each(|record| before.see(&record.encode().unwrap()));
        assert_eq!((before.end(), before.open), (PreviousEnd::InOrder, None));
        bench.insert(CLERK);
        let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
        assert_eq!((answer.verdict.code.as_str(), answer.record), ("not_recorded", None));
        assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).is_err());
        let late = bench.agent.write(&mut bench.agent.lock(), Body::TerminalDown);
        assert!(bench.agent.journal.wait(late.seq).is_err(), "whoever waits is told at once");
    }

    #[test]
    fn a_session_whose_record_was_being_written_at_the_stop_does_not_open_and_is_closed_on_record() {
        let bench = Bench::new();
        bench.insert(CLERK);
        let _ = bench.records();
        let agent = Arc::clone(&bench.agent);
        bench.disk.amid_next_sync(move || {
            // As `stop`, which waits for this very sync.
            let stopper = Arc::clone(&agent);
            let _ = std::thread::spawn(move || stopper.stop());
            crate::testing::until(|| !agent.journal.takes_grants());
        });
        assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).is_err());
        assert!(bench.agent.lock().machine.session().is_none());
        let kinds = bench.kinds();
        assert_eq!(kinds[kinds.len() - 3..], ["session_opened", "session_closed", "terminal_down"]);
    }

    #[test]
    fn a_grant_whose_record_was_being_written_at_the_stop_is_taken_back_on_record() {
        let bench = Bench::new();
        bench.log_in();
        assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
        let _ = bench.records();
        let agent = Arc::clone(&bench.agent);
        bench.disk.amid_next_sync(move || {
            // As `stop`, which waits for this very sync.
            let stopper = Arc::clone(&agent);
            let _ = std::thread::spawn(move || stopper.stop());
            crate::testing::until(|| !agent.journal.takes_grants());
        });
        let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
        assert_eq!(answer.verdict.code, "ended_meanwhile");
        let kinds = bench.kinds();
        assert_eq!(kinds[kinds.len() - 4..], ["decision", "session_closed", "withdrawn", "terminal_down"]);
        let bodies = bench.records().into_iter().map(|record| record.body);
        let taken_back: Vec<u64> =
            bodies.filter_map(|body| if let Body::Withdrawn(it) = body { Some(it.of) } else { None }).collect();
        assert_eq!(taken_back, [answer.record.unwrap().seq], "what was answered before stands");
        bench.assert_replays();
    }

    #[test]
    fn a_state_folder_serves_one_agent() {
        let state = std::env::temp_dir().join(format!("sekisho-held-{}", std::process::id()));
        let config = Config { state: state.clone(), ..Config::parse(Path::new("agent.toml"), "").unwrap() };
        files::private_folder(&state).unwrap();
        let held = files::hold(&state).unwrap().unwrap();
        let refused = run(config.clone(), Arc::new(crate::clock::SystemClock), || {});
        assert!(matches!(refused, Err(RunError::InUse)), "{refused:?}");
        let aside = aside::set_aside(&config);
        assert!(matches!(aside, Err(aside::AsideError::AgentRuns)), "{aside:?}");
        drop(held);
        assert!(files::hold(&state).unwrap().is_some());
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn each_file_that_decays_has_a_next_step_of_its_own() {
        let state = std::env::temp_dir().join(format!("sekisho-decayed-{}", std::process::id()));
        let config = Config { state: state.clone(), ..Config::parse(Path::new("agent.toml"), "").unwrap() };
        files::private_folder(&state.join("register")).unwrap();
        let start = Start { epoch: 0, first: 0, chain: Hash([0; 32]) };
        for (file, part) in [(StateFile::Uplink, "Remove it"), (StateFile::JournalKey, "set-aside")] {
            std::fs::write(state.join(file.name()), b"{").unwrap();
            let refused = open_journal(&config, start, &mut Before::default()).err().unwrap();
            let said = format!("{refused}. {}", refused.next_step());
            assert!(said.contains(file.name()) && said.contains(part), "{said}");
        }
        std::fs::write(config.identity_file(), b"{").unwrap();
        let refused = Identity::load(&state).map_err(state_file(StateFile::Identity)).err().unwrap();
        assert!(refused.next_step().contains("enrolled anew"), "{refused}");
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn a_missing_key_is_drawn_only_for_an_empty_journal() {
        let state = std::env::temp_dir().join(format!("sekisho-run-{}", std::process::id()));
        let config = Config { state: state.clone(), ..Config::parse(Path::new("agent.toml"), "").unwrap() };
        let folder = Folder::open(&state.join("journal")).unwrap();
        let drawn = master_key(&config, &folder).unwrap();
        assert_eq!(master_key(&config, &folder).unwrap().expose(), drawn.expose());
        std::fs::remove_file(state.join("journal.key")).unwrap();
        drop(folder.create("00000000000000000000.segment").unwrap());
        assert_eq!(master_key(&config, &folder).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!state.join("journal.key").exists());
        std::fs::remove_dir_all(state).unwrap();
    }
}
