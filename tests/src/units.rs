//! A terminal's parts as their units run them, without systemd: three users, three folders, the system calls of each, and somebody who listens
//! in the service manager's place.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::{checkout, program};
use crate::service_manager::ServiceManager;
use crate::terminal::Part;

/// Uids that are nobody's on this machine, for the parts in their order.
const USERS: [u32; 3] = [61_201, 61_202, 61_203];

/// How long a unit may be silent here before its service manager would kill it, µs.
const WATCHDOG: u64 = 3_000_000;

/// The unit file of this part.
#[must_use]
pub fn unit_file(part: Part) -> PathBuf {
    checkout().join("agent/daemon/units").join(match part {
        Part::Agent => "sekisho-agent.service",
        Part::CardWorker => "sekisho-card-worker.service",
        Part::Forwarder => "sekisho-forwarder.service",
    })
}

/// The uid of this part's user.
#[must_use]
pub const fn user(part: Part) -> u32 {
    USERS[part as usize]
}

/// What is set up for the three users.
pub struct Units {
    /// The forwarder's folder.
    link: PathBuf,
    /// A copy that all three may run, wherever the build lies.
    program: PathBuf,
    managers: [ServiceManager; 3],
}

impl Units {
    /// Sets up what `sysusers.d`, `tmpfiles.d` and the units would, in `folder`.
    ///
    /// # Panics
    /// When that is not possible; only root may.
    pub(crate) fn set_up(folder: &Path, runtime: &Path) -> Self {
        // Everybody may pass through, as through /var/lib.
        for place in [folder, folder.parent().expect("it lies in a scratch folder")] {
            std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o711)).expect("a folder of ours");
        }
        let link = folder.join("forwarder");
        for (place, part) in [(folder.join("state"), Part::Agent), (link.clone(), Part::Forwarder)] {
            std::fs::create_dir(&place).expect("cannot make a folder");
            std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o700)).expect("a folder of ours");
            chown(&place, Some(user(part)), Some(user(part))).expect("root gives folders away");
        }
        chown(runtime, Some(user(Part::Agent)), Some(user(Part::Agent))).expect("root gives folders away");
        let copy = folder.join("sekisho-agent");
        std::fs::copy(program("sekisho-agent"), &copy).expect("cannot copy a program");
        let managers = Part::ALL.map(|part| ServiceManager::listen(&folder.join(format!("n{}", part as usize))));
        Self { link, program: copy, managers }
    }

    /// What stands in the configuration about them.
    pub(crate) fn configuration(&self) -> String {
        let (worker, forwarder) = (user(Part::CardWorker), user(Part::Forwarder));
        format!("link = {:?}\n[peers]\nworker = {worker}\nforwarder = {forwarder}\n", self.link)
    }

    /// The forwarder's folder.
    #[must_use]
    pub fn link(&self) -> &Path {
        &self.link
    }

    /// What this part says to its service manager.
    #[must_use]
    pub const fn manager(&self, part: Part) -> &ServiceManager {
        &self.managers[part as usize]
    }

    /// The same call as its unit makes it.
    pub(crate) fn command(&self, part: Part, call: &Command) -> Command {
        let id = user(part);
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={id}"), format!("--regid={id}")]);
        command.args(["--clear-groups", "--no-new-privs", "--bounding-set=-all", "--pdeathsig=KILL", "--"]);
        // Debian's Python has the packages, whichever comes first on the path.
        command.arg("/usr/bin/python3").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/as_unit.py"));
        command.arg(unit_file(part)).arg(&self.program).args(call.get_args());
        command.envs(call.get_envs().filter_map(|(key, value)| value.map(|value| (key, value))));
        command.env("NOTIFY_SOCKET", self.managers[part as usize].path()).env("WATCHDOG_USEC", WATCHDOG.to_string());
        command
    }
}
