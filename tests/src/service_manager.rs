//! Who listens at `NOTIFY_SOCKET` in place of systemd.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::wait;

/// One unit's service manager.
pub struct ServiceManager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl ServiceManager {
    /// Listens at `path`, to whomever.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn listen(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("a socket");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).expect("a socket of ours");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a time");
        Self { socket, path: path.to_owned() }
    }

    /// Where.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is said next, if anything is said soon.
    #[must_use]
    pub fn heard(&self) -> Option<String> {
        let mut bytes = [0; 512];
        let length = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..length]).into_owned())
    }

    /// Waits until somebody says this; what is said before is forgotten.
    pub fn wait(&self, what: &str) {
        wait::until(what, || self.heard().filter(|heard| heard.contains(what)).map(drop));
    }
}
