//! A polkit to be asked: the real one, on a bus of the story's own, by rules, actions and users of the story's own. The machine's are never touched.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::desktop::Desktop;
use crate::process::Process;

/// The bus, and polkit on it.
pub struct Polkit {
    folder: PathBuf,
    _bus: Desktop,
    process: Process,
}

impl Polkit {
    /// Starts one that goes by `rules`, `actions` and the users of `machine/etc` in `folder`, which polkit's own user must be able to look into, and waits until it
    /// knows `action`.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(folder: &Path, action: &str) -> Self {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).expect("cannot open the folder");
        let bus_folder = folder.join("b");
        std::fs::create_dir_all(&bus_folder).expect("cannot make a folder");
        let bus = Desktop::without_logind(&bus_folder);
        let script = r#"mount --bind "$1/rules" /usr/share/polkit-1/rules.d && mount --bind "$1/actions" /usr/share/polkit-1/actions &&
            mount --bind "$1/machine/etc/passwd" /etc/passwd && mount --bind "$1/machine/etc/group" /etc/group &&
            exec /usr/lib/polkit-1/polkitd"#;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script, "polkit"]).arg(folder);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", Desktop::address(&bus_folder));
        let process = Process::start("polkitd", &mut command, &folder.join("polkit.log"));
        let mut polkit = Self { folder: folder.to_owned(), _bus: bus, process };
        let mut asked = polkit.client("pkaction");
        polkit.process.wait_ready("polkitd", || {
            let output = asked.output().ok()?;
            (output.status.success() && String::from_utf8_lossy(&output.stdout).contains(action)).then_some(())
        });
        polkit
    }

    /// A program that asks this polkit.
    #[must_use]
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", Desktop::address(&self.folder.join("b")));
        command
    }

    /// The folder that it was given.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}
