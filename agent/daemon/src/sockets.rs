//! The agent's sockets: who may open them, who is let in, and how many at once.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sekisho_ipc::peer_uid;

use crate::agent::Agent;
use crate::carrier::Lines;
use crate::config::User;
use crate::places::Places;
use crate::run::RunError;
use crate::server;

/// Who may open a socket's file; who may speak is checked again by uid.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    Anyone,
    Ourselves,
}

impl Who {
    pub(crate) fn of(user: Option<User>) -> Self {
        let own = rustix::process::getuid().as_raw();
        if user.is_none_or(|user| user.0 == own) { Self::Ourselves } else { Self::Anyone }
    }
}

pub(crate) fn bind(path: &Path, who: Who) -> Result<UnixListener, RunError> {
    let socket = |source| RunError::Socket { path: path.display().to_string(), source };
    // A socket that nobody listens at is what a killed agent leaves.
    if UnixStream::connect(path).is_ok() {
        return Err(socket(io::ErrorKind::AddrInUse.into()));
    }
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(socket(error)),
    }
    let listener = UnixListener::bind(path).map_err(socket)?;
    let mode = match who {
        Who::Anyone => 0o666,
        Who::Ourselves => 0o600,
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(socket)?;
    Ok(listener)
}

fn accept(listener: &UnixListener) -> Option<(UnixStream, u32)> {
    match listener.accept() {
        Ok((stream, _)) => peer_uid(&stream).ok().map(|uid| (stream, uid)),
        Err(error) => {
            log::warn!("cannot accept a connection: {error}");
            std::thread::sleep(Duration::from_millis(100));
            None
        }
    }
}

fn is_ours(uid: u32, configured: Option<User>) -> bool {
    let own = configured.map_or_else(|| rustix::process::getuid().as_raw(), |user| user.0);
    let ours = uid == own || uid == 0;
    if !ours {
        log::warn!("uid {uid} was turned away from an inner socket");
    }
    ours
}

pub(crate) fn accept_workers(agent: &Arc<Agent>, listener: &UnixListener) {
    let mut number = 0;
    let taken = Arc::new(AtomicUsize::new(0));
    loop {
        let Some((stream, uid)) = accept(listener) else { continue };
        if is_ours(uid, agent.config.peers.worker)
            && let Some(slot) = Slot::take(&taken, INNER_CONNECTIONS)
        {
            number += 1;
            let (agent, number) = (Arc::clone(agent), number);
            let serve = move || {
                let _slot = slot;
                agent.serve_worker(stream, number);
            };
            let _ = std::thread::Builder::new().name("card worker".into()).spawn(serve);
        }
    }
}

pub(crate) fn accept_forwarders(agent: &Agent, listener: &UnixListener, lines: &Arc<Lines>) {
    let taken = Arc::new(AtomicUsize::new(0));
    loop {
        let Some((stream, uid)) = accept(listener) else { continue };
        if is_ours(uid, agent.config.peers.forwarder)
            && let Some(slot) = Slot::take(&taken, INNER_CONNECTIONS)
        {
            let lines = Arc::clone(lines);
            let take = move || {
                let _slot = slot;
                if let Err(error) = lines.take(stream) {
                    log::warn!("lost the forwarder: {error}");
                }
            };
            let _ = std::thread::Builder::new().name("line".into()).spawn(take);
        }
    }
}

/// A worker or forwarder that opens more than this at once is broken, or in wrong hands: it must not use up our threads.
const INNER_CONNECTIONS: usize = 16;

/// Counts connections down when one ends, however it ends.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    /// One of so many connections, if one is free. Only one thread takes slots.
    fn take(taken: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        if taken.load(Ordering::Acquire) >= limit {
            return None;
        }
        taken.fetch_add(1, Ordering::AcqRel);
        Some(Self(Arc::clone(taken)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

pub(crate) fn accept_clients(agent: &Arc<Agent>, listener: &UnixListener) {
    let places = Places::new(&agent.config.limits);
    loop {
        let Some((stream, uid)) = accept(listener) else { continue };
        let Some(place) = server::place(&places, &agent.config, uid) else {
            log::debug!("a connection of uid {uid} was turned away");
            continue;
        };
        let agent = Arc::clone(agent);
        let serve = move || server::serve(Some(&agent), &agent.config, stream, &place);
        let _ = std::thread::Builder::new().name("client".into()).spawn(serve);
    }
}
