//! A Linux guest in QEMU with a USB bus: a real kernel, libccid and pcscd in front of the token, where the machine has no USB.
//!
//! `guest/build.sh` makes the system once; a story adds files under the names that they have here, and a script that the guest runs.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::binaries::checkout;
use crate::ledger::succeeded;
use crate::process::Process;
use crate::wait;

/// A guest that runs.
pub struct Guest {
    qemu: Process,
}

/// What goes into a guest beside the system.
pub struct Luggage {
    folder: PathBuf,
}

impl Luggage {
    /// Nothing yet, packed in a folder of its own.
    ///
    /// # Panics
    /// When there is no room.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("root")).expect("cannot make a folder");
        Self { folder: folder.to_owned() }
    }

    /// Adds a file or a folder under the name that it has here.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn add(&self, path: &Path) {
        let output = Command::new("cp").arg("-a").arg(path).arg(self.place(path)).output();
        succeeded("cp", &output.expect("cannot start cp"));
    }

    /// Adds a program with the libraries that it is linked to, without what only a debugger reads.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn add_program(&self, program: &Path) {
        let output =
            Command::new("strip").arg("-o").arg(self.place(program)).arg(program).output().expect("cannot start strip");
        succeeded("strip", &output);
        let linked = Command::new("ldd").arg(program).output().expect("cannot start ldd");
        let linked = String::from_utf8_lossy(&linked.stdout).into_owned();
        for library in linked.split_whitespace().filter(|word| word.starts_with('/')) {
            let place = self.place(Path::new(library));
            let output = Command::new("cp").arg("-L").arg(library).arg(place).output();
            succeeded("cp", &output.expect("cannot start cp"));
        }
    }

    /// Where this goes, with the folders above it.
    fn place(&self, path: &Path) -> PathBuf {
        let place = self.root().join(path.strip_prefix("/").expect("luggage is named from the root"));
        std::fs::create_dir_all(place.parent().expect("it lies in a folder")).expect("cannot make a folder");
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// Boots a guest with this luggage, which attaches the token at `port` and runs `script` (`say`, `wait_for` and `attach` are there
    /// for it, see `guest/init`).
    ///
    /// # Panics
    /// When it cannot be built or started.
    #[must_use]
    pub fn boot(self, script: &str, port: u16) -> Guest {
        let story = self.root().join("story");
        std::fs::write(&story, script).expect("cannot write the guest's script");
        std::fs::set_permissions(&story, PermissionsExt::from_mode(0o755)).expect("cannot set a file's mode");
        let system = system();
        let image = self.folder.join("image");
        let mut pack = Command::new("sh");
        pack.args(["-c", PACK, "pack"]).arg(system.join("base.cpio.gz")).arg(&image).arg(self.root());
        succeeded("cpio", &pack.output().expect("cannot start sh"));
        let mut qemu = Command::new("qemu-system-x86_64");
        // TCG by name: a /dev/kvm that is there need not work, and QEMU does not fall back.
        qemu.args([
            "-M",
            "q35",
            "-accel",
            "tcg",
            "-cpu",
            "max",
            "-smp",
            "1",
            "-m",
            "512",
            "-nodefaults",
            "-no-user-config",
        ]);
        qemu.args(["-display", "none", "-no-reboot", "-serial", "stdio", "-kernel"]).arg(system.join("vmlinuz"));
        qemu.arg("-initrd").arg(image).arg("-append").arg(format!("console=ttyS0 quiet panic=-1 port={port}"));
        qemu.args(["-netdev", "user,id=n0", "-device", "virtio-net-pci,romfile=,netdev=n0"]);
        Guest { qemu: Process::start("the guest", &mut qemu, &self.folder.join("console")) }
    }
}

impl Guest {
    /// What the guest has said on its console.
    #[must_use]
    pub fn said(&self) -> String {
        self.qemu.said()
    }

    /// Waits until the guest says this.
    ///
    /// # Panics
    /// When it ends before, or never does.
    pub fn wait_said(&mut self, what: &str) {
        let qemu = &mut self.qemu;
        let heard = wait::try_until(|| {
            let said = qemu.said().lines().any(|line| line.starts_with("@@ ") && line.trim_end().ends_with(what));
            if said { Some(true) } else { qemu.ended().map(|_| false) }
        });
        assert_eq!(heard, Some(true), "the guest never said '{what}':\n{}", self.said());
    }

    /// Waits until the guest has switched itself off; gives all that it said.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn wait_end(mut self) -> String {
        let said = wait::try_until(|| self.qemu.ended());
        assert!(said.is_some(), "the guest does not end:\n{}", self.said());
        self.said()
    }
}

/// A second archive behind the first: the kernel unpacks both.
const PACK: &str = r#"set -e; cat "$1" > "$2"; cd "$3"; find . | cpio -o -H newc --quiet | gzip -1 >> "$2""#;

/// The folder with kernel and system, built when they are not there or old.
fn system() -> &'static Path {
    static SYSTEM: OnceLock<PathBuf> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let folder = checkout().join("target/guest");
        let output = Command::new(checkout().join("tests/guest/build.sh")).arg(&folder).output();
        succeeded("tests/guest/build.sh", &output.expect("cannot start build.sh"));
        folder
    })
}
