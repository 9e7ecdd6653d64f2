//! What the command line does, once it is read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sekisho_register::Register;
use sekisho_tlog::{Checkpoint, SigningKey, VerifyingKey};
use sekisho_wire::id::OfficeId;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::authority::Authority;
use crate::checkpoint::{CheckpointFile, HaltNote};
use crate::clock::{Clock, MachineClock, Millis, stamp};
use crate::code::{CodeSecret, LedgerFacts};
use crate::cold;
use crate::config::{Config, NAME_RULE, name_is_sound};
use crate::data::{DataDir, replace_file};
use crate::error::LedgerError;
use crate::fsck::Report;
use crate::go_on;
use crate::kept::kept_status;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::log_keys::{Seeds, make_log_keys, origin};
use crate::media::Media;
use crate::memory::Memory;
use crate::office::fold_register;
use crate::progress::Progress;
use crate::server;
use crate::store::{Change, CodePurpose, LogName, Server, Store, StoreError, StoredCode};
use crate::witnesses::WitnessStatus;

/// Whether others can reach a host by that: an address, or a DNS name (RFC 1123).
fn host_is_sound(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.parse::<std::net::IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(label))
}

/// Refuses an address that others could not be told.
pub(crate) fn wrong_address(listen: SocketAddr, hosts: &[String]) -> Result<(), LedgerError> {
    if listen.port() == 0 {
        return Err(LedgerError::Argument {
            name: "--listen",
            cause: "others are told the port, so it cannot be 0".into(),
        });
    }
    if let Some(host) = hosts.iter().find(|host| !host_is_sound(host)) {
        let cause = format!("'{host}' is neither a host name nor an address");
        return Err(LedgerError::Argument { name: "--host", cause });
    }
    Ok(())
}

/// Makes a ledger: directory, keys, TLS authority, configuration, empty database.
///
/// # Errors
/// When there is one already, or something cannot be written.
pub fn init(
    root: &Path,
    name: &str,
    listen: SocketAddr,
    hosts: Vec<String>,
    postgres: Option<String>,
    postgres_authority: Option<PathBuf>,
) -> Result<Config, LedgerError> {
    if !name_is_sound(name) {
        return Err(LedgerError::Argument { name: "--name", cause: NAME_RULE.into() });
    }
    wrong_address(listen, &hosts)?;
    if let Some(Err(cause)) = postgres.as_deref().map(|text| Server::at(text, postgres_authority.as_deref())) {
        return Err(LedgerError::Argument { name: "--postgres", cause });
    }
    let config = Config { postgres, postgres_authority, ..Config::new(name, listen, hosts) };
    let data = DataDir::create(root)?;
    Keys::create(&data)?;
    Authority::create(&data, name, MachineClock.machine())?;
    // Fails here, and not at the first start, when a host is no name for a certificate.
    Authority::read(&data)?.server(&config.hosts, MachineClock.machine())?;
    config.book(&data)?.create()?;
    // The configuration comes last: a directory without it is not a ledger yet, and `init` may run again after its files are removed.
    let text = config.to_text()?;
    replace_file(&data.config(), text.as_bytes()).map_err(LedgerError::file("write", data.config()))?;
    Ok(config)
}

/// Prepares log keys for an office to be, and gives out the code that founds it.
///
/// # Errors
/// When the ledger's files cannot be read or its database not be written.
pub fn founding_code(root: &Path, valid: Duration, clock: &dyn Clock) -> Result<String, LedgerError> {
    let data = DataDir::new(root);
    data.check_private()?;
    let config = Config::read(&data.config())?;
    let keys = Keys::read(&data)?;
    let authority = Authority::read(&data)?;
    let store = config.book(&data)?.open_existing()?;
    let (seeds, log_keys) = make_log_keys(&keys.wrapping.master, clock.now())?;
    let secret = CodeSecret::generate();
    let expires = clock.now().saturating_add(u64::try_from(valid.as_millis()).unwrap_or(u64::MAX));
    let purpose = CodePurpose::Founding { seeds };
    let code = StoredCode { hash: secret.hash(), expires, purpose, used: None };
    store.commit(&Change { codes: vec![code], ..Change::default() })?;
    let facts = LedgerFacts {
        url: config.url(),
        name: config.name,
        authority: authority.certificate().to_vec(),
        envelope: keys.envelope.public().to_vec(),
    };
    Ok(facts.founding(&log_keys, &secret, expires).to_line())
}

/// What this machine is called, as far as a ledger may be called so.
#[must_use]
pub fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().to_lowercase()
}

/// Serves until SIGTERM or SIGINT, and shows its numbers at a socket where one is named.
///
/// # Errors
/// When the ledger cannot be opened or the address not be listened on.
pub fn serve(root: &Path, metrics: Option<&Path>, clock: Arc<dyn Clock>) -> Result<(), LedgerError> {
    let data = DataDir::new(root);
    let memory = Memory::of_service(&data);
    let ledger = Ledger::open(&data.remembered_by(memory), clock)?;
    let threads = ledger.start().map_err(LedgerError::file("start the threads for", root))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(LedgerError::file("start the runtime for", root))?;
    let served = runtime.block_on(serve_until_told(Arc::clone(&ledger), root, metrics));
    runtime.shutdown_timeout(Duration::from_secs(5));
    ledger.stop(threads);
    log::info!("stopped in order");
    served
}

async fn serve_until_told(ledger: Arc<Ledger>, root: &Path, metrics: Option<&Path>) -> Result<(), LedgerError> {
    let (stop, stopping) = watch::channel(false);
    let told = told_to_stop(root, stop)?;
    let mut server = server::Server::bind(Arc::clone(&ledger)).await?;
    if let Some(socket) = metrics {
        server.show_numbers_at(&ledger, socket);
    }
    let address = server.address().map_or_else(|_| ledger.config.listen.to_string(), |address| address.to_string());
    log::info!("{} listens on {address} for {} offices", ledger.config.name, ledger.offices().len());
    tokio::join!(server.serve(stopping), told);
    Ok(())
}

/// Says so when SIGTERM or SIGINT comes.
///
/// # Errors
/// When signals cannot be waited for.
pub(crate) fn told_to_stop(root: &Path, stop: watch::Sender<bool>) -> Result<impl Future<Output = ()>, LedgerError> {
    let waits = |kind| signal(kind).map_err(LedgerError::file("wait for signals in", root));
    let (mut terminate, mut interrupt) = (waits(SignalKind::terminate())?, waits(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        log::info!("told to stop");
        stop.send_replace(true);
    })
}

/// Checks everything (see [`crate::fsck`]).
///
/// # Errors
/// When it cannot run.
pub fn fsck(
    root: &Path,
    office: Option<&OfficeId>,
    clock: &dyn Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, LedgerError> {
    crate::fsck::check(&DataDir::new(root), office, clock.now(), progress)
}

/// Throws the search index away and makes it again. The ledger must not be running. Returns how many entries were taken.
///
/// # Errors
/// When log or index cannot be read or written.
pub fn reindex(root: &Path) -> Result<u64, LedgerError> {
    Ledger::open(&DataDir::new(root), Arc::new(MachineClock))?.reindex()
}

/// What stands in a ledger's directory, for people. The ledger may be running.
///
/// # Errors
/// When keys or database cannot be read.
pub fn status(root: &Path, clock: &dyn Clock) -> Result<String, LedgerError> {
    let data = DataDir::new(root);
    let config = Config::read(&data.config())?;
    let book = config.book(&data)?;
    let store = cold::view(book.open_snapshot()?, &config, &data, None)?;
    let mut text = format!("{} {}\n  what it keeps lies in {book}（保管先 {book}）\n", config.name, config.url());
    let mut destroyed = false;
    for office in store.offices()? {
        let register = fold_register(&*store, &office.id)?;
        text += &format!("{} {}\n", office.id, register.title());
        for log in LogName::ALL {
            text += &log_status(&data, &*store, &office.id, log)?;
            if log == LogName::Records
                && let Some(kept) = cold::kept(&*store, &config, &data, &office.id)?
            {
                text += &kept.to_string();
            }
        }
        if let Some(awaited) = go_on::waits(&data, &office.id)? {
            text += &format!("  waits: {awaited}（端末機または立会人の確認待ち）\n");
        }
        text += &log_keys(&register);
        let terminals = register.terminals().count();
        text += &format!("  {terminals} terminals（端末機 {terminals} 台）\n");
        text += &kept_status(&*store, &office.id, &register, clock.now())?;
        destroyed |= !register.all_destroyed().is_empty();
    }
    if destroyed {
        text += &key_status(&data)?;
    }
    text += &witnesses_status(&config, &data);
    text += &crate::media::status(&data, &config, clock.now())?;
    Ok(text)
}

/// Media for backups, and what was verified on them, for people.
///
/// # Errors
/// When list, configuration or keys cannot be read.
pub fn media_status(root: &Path, clock: &dyn Clock) -> Result<String, LedgerError> {
    let data = DataDir::new(root);
    crate::media::status(&data, &Config::read(&data.config())?, clock.now())
}

/// The one file whose older copies would bring destroyed months back.
fn key_status(data: &DataDir) -> Result<String, LedgerError> {
    let path = data.payload_key();
    let changed =
        std::fs::metadata(&path).and_then(|file| file.modified()).map_err(LedgerError::file("look at", &path))?;
    let changed = changed.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
    let at = stamp(u64::try_from(changed).unwrap_or_default());
    Ok(format!(
        "payload.key changed {at}: keep a copy of it apart from the database, and destroy every older copy\n\
         payload.key は {at} に変更されました。データベースとは別に複製を保管し、それより古い複製は破棄してください\n"
    ))
}

/// What a witness is told of the logs.
fn log_keys(register: &Register) -> String {
    let keys = LogName::ALL.into_iter().filter_map(|log| {
        let log = log.of_acts();
        register.keys_in_force(log)
    });
    keys.fold("  keys of the logs（ログの検証鍵）\n".into(), |text, keys| {
        text + &format!("    {}\n", keys.newest())
    })
}

/// Makes a key that a log is to be signed by, and gives its public half for the act that names it. What was made and no act has named yet is given again. Where
/// media for backups are listed it is given only once a verified backup has it: an older database could not sign any more.
///
/// # Errors
/// When the ledger's files cannot be read or its database not be written; [`LedgerError::KeyInNoBackup`].
pub fn log_key(root: &Path, office: &OfficeId, log: LogName, clock: &dyn Clock) -> Result<VerifyingKey, LedgerError> {
    let data = DataDir::new(root);
    data.check_private()?;
    let config = Config::read(&data.config())?;
    let keys = Keys::read(&data)?;
    let store = config.book(&data)?.open_existing()?;
    let unknown =
        || LedgerError::Argument { name: "--office", cause: format!("{office} is not an office of this ledger") };
    let stored = store.offices()?.into_iter().find(|known| known.id == *office).ok_or_else(unknown)?;
    let master = &keys.wrapping.master;
    let register = fold_register(&*store, office)?;
    let origin = origin(&config.name, office, log, register.generation(log.of_acts()));
    let mut seeds = Seeds::open(master, &stored.seeds)?;
    let named = register.log_keys(log.of_acts());
    let is_new = |(key, _): &(SigningKey, Millis)| !named.iter().any(|known| known.0 == key.verifying_key().to_bytes());
    let mut newest = seeds.keys(log, &origin)?.pop().filter(is_new);
    if newest.is_none() {
        seeds.make(log, clock.now());
        let change = [stored.seeds.clone(), seeds.seal(master)];
        store.commit(&Change { seeds: vec![(*office, change)], ..Change::default() })?;
        newest = seeds.keys(log, &origin)?.pop();
    }
    let (key, made) = newest.ok_or(StoreError::Damaged { what: "log key" })?;
    let media = Media::read(&data.media())?;
    let is_kept = media.newest(clock.now()).is_some_and(|(_, verified)| verified.at > made);
    if media.media.is_empty() || is_kept { Ok(key.verifying_key()) } else { Err(LedgerError::KeyInNoBackup) }
}

/// How the witnesses stand, as the running ledger says.
fn witnesses_status(config: &Config, data: &DataDir) -> String {
    if config.witnesses.is_empty() {
        return String::new();
    }
    let (needed, all) = (config.witnesses_to_hear(), config.witnesses.len());
    let mut text = format!(
        "{all} witnesses, {needed} must be heard after a start（立会人 {all}、起動時に確認が必要な数 {needed}）\n"
    );
    let told = std::fs::read(data.witnesses()).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let told: Vec<WitnessStatus> = told.unwrap_or_default();
    for WitnessStatus { name, answers, faults } in told {
        let answers = if answers { "answers（応答あり）" } else { "does NOT answer（応答なし）" };
        text += &format!("  {name}: {answers}\n");
        for (log, fault) in faults {
            text += &format!("    {log}{}{fault}\n", if log.is_empty() { "" } else { ": " });
        }
    }
    text
}

fn log_status(data: &DataDir, store: &dyn Store, office: &OfficeId, log: LogName) -> Result<String, LedgerError> {
    let stored = store.frontier(office, log)?.size();
    let (file, generation) = CheckpointFile::newest(&data.checkpoints(), &office.to_string(), log);
    let name = log.of_acts().name_of(generation);
    let signed = file.read().ok().flatten().and_then(|text| Checkpoint::claimed(&text).ok());
    let signed = signed.map_or_else(|| "-".into(), |signed| signed.size.to_string());
    let mut text = format!("  {name}: {stored} entries, {signed} signed（{stored} 件、署名済み {signed} 件）\n");
    if let Some(note) = file.halted()? {
        let since = stamp(note.at);
        text += &format!("    STOPPED since {since}: {}（{since} から停止中）\n", note.halt);
        if let Some(from) = note.doubtful.filter(|_| note.halt.signed().is_some()) {
            text += &format!(
                "    entries from {from} on were written after a start that did not hear everybody: where terminals do not fill the log within hours, they stand at the place of what was lost, and two persons give it up（{from} 件目以降は全端末の確認前に書き込まれました。数時間たっても補充が終わらない場合は、二人の処分で放棄してください）\n"
            );
        }
    }
    Ok(text)
}

/// Lets a stopped log go on, once it agrees with its checkpoint file. The ledger must not be running.
///
/// # Errors
/// When the log has not stopped, when the reason still holds, or when something cannot be read or written.
pub fn resume(root: &Path, office: &OfficeId, log: LogName, clock: Arc<dyn Clock>) -> Result<HaltNote, LedgerError> {
    let data = DataDir::new(root);
    // First it opens: a ledger that cannot must not have lost its note meanwhile.
    let ledger = Ledger::open(&data, Arc::clone(&clock))?;
    let unknown =
        || LedgerError::Argument { name: "--office", cause: format!("{office} is not an office of this ledger") };
    let known = ledger.office(office).map_err(|_| unknown())?;
    let note = known.log(log).resume(&*ledger.store, office, clock.machine())?;
    ledger.note_resumed(office, log);
    Ok(note)
}

/// Ends the wait for terminals and witnesses (see [`crate::go_on`]).
///
/// # Errors
/// When the ledger is not running or waits for nobody.
pub fn go_on(root: &Path, office: &OfficeId) -> Result<String, LedgerError> {
    go_on::go_on(&DataDir::new(root), office)
}

/// The clock that a command goes by.
///
/// # Errors
/// In a release build, when a simulated one is asked for.
pub fn clock(simulated: Option<PathBuf>) -> Result<Arc<dyn Clock>, LedgerError> {
    match simulated {
        None => Ok(Arc::new(MachineClock)),
        #[cfg(debug_assertions)]
        Some(file) => Ok(Arc::new(crate::clock::SimulatedClock::new(file))),
        #[cfg(not(debug_assertions))]
        Some(_) => Err(LedgerError::NoSimulatedClock),
    }
}
