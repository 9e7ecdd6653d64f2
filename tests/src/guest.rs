//! A Linux guest in QEMU with a USB bus: a real kernel, libccid and pcscd in front of the token, where the machine has no USB.
//!
//! A story adds files to a system under the names that they have here, and a script that the guest runs. `guest/build.sh` makes the small system that has a USB bus,
//! `guest/debian.sh` a whole Debian with systemd; each once.

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
    /// In about minutes.
    patience: u32,
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

    /// Adds a file under another name.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn add_as(&self, path: &Path, name: &str) {
        let copied = std::fs::copy(path, self.place(Path::new(name)));
        copied.unwrap_or_else(|error| panic!("cannot copy {}: {error}", path.display()));
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
        self.write_story(script);
        let system = USB.folder();
        let image = self.folder.join("image");
        let mut pack = Command::new("sh");
        pack.args(["-c", PACK, "pack"]).arg(system.join("base.cpio.gz")).arg(&image).arg(self.root());
        succeeded("cpio", &pack.output().expect("cannot start sh"));
        let mut qemu = qemu(system, &image, "512", &format!("port={port}"));
        qemu.args(["-netdev", "user,id=n0"]);
        self.start(&mut qemu, 1)
    }

    /// Boots a Debian with systemd (`guest/debian.sh`) and runs `script` in it as root (`say` and `wait_for` are there for it). Its
    /// readers for virtual cards are at these ports here, and these files are its disks from `/dev/vdc` on.
    ///
    /// # Panics
    /// When it cannot be built or started.
    #[must_use]
    pub fn boot_debian(self, script: &str, readers: &[u16], disks: &[PathBuf]) -> Guest {
        self.write_story(script);
        let system = DEBIAN.folder();
        let archive = self.folder.join("luggage.tar");
        let tar = Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(self.root()).arg(".").output();
        succeeded("tar", &tar.expect("cannot start tar"));
        let root = "root=/dev/vda rw systemd.show_status=false";
        let mut qemu = qemu(system, &system.join("initrd"), "1024", root);
        // Nobody looks at the disks of a machine that was cut off: what it syncs need not come to ours.
        qemu.arg("-drive")
            .arg(format!("file={},format=raw,if=virtio,snapshot=on,cache=unsafe", system.join("disk").display()));
        qemu.arg("-drive").arg(format!("file={},format=raw,if=virtio,readonly=on", archive.display()));
        for disk in disks {
            qemu.arg("-drive").arg(format!("file={},format=raw,if=virtio,cache=unsafe", disk.display()));
        }
        let slots = (VPCD_PORT..).zip(readers);
        let forwarded = slots.map(|(slot, port)| format!(",hostfwd=tcp:127.0.0.1:{port}-:{slot}"));
        qemu.arg("-netdev").arg(format!("user,id=n0{}", forwarded.collect::<String>()));
        self.start(&mut qemu, 20)
    }

    /// An empty disk for a guest, of this many MiB: a file system that knows users.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn disk(&self, name: &str, mib: u64) -> PathBuf {
        self.formatted(name, mib, Command::new("mke2fs").args(["-q", "-t", "ext4"]))
    }

    /// The same as sticks are sold: FAT.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn stick(&self, name: &str, mib: u64) -> PathBuf {
        self.formatted(name, mib, Command::new("busybox").arg("mkdosfs"))
    }

    fn formatted(&self, name: &str, mib: u64, command: &mut Command) -> PathBuf {
        let disk = self.folder.join(format!("{name}.disk"));
        let file = std::fs::File::create(&disk).expect("cannot make a disk");
        file.set_len(mib << 20).expect("cannot make a disk");
        let made = command.arg(&disk).output().expect("cannot start what formats a disk");
        succeeded("formatting a disk", &made);
        disk
    }

    fn write_story(&self, script: &str) {
        let story = self.root().join("story");
        std::fs::write(&story, script).expect("cannot write the guest's script");
        std::fs::set_permissions(&story, PermissionsExt::from_mode(0o755)).expect("cannot set a file's mode");
    }

    fn start(&self, qemu: &mut Command, patience: u32) -> Guest {
        Guest { qemu: Process::start("the guest", qemu, &self.folder.join("console")), patience }
    }
}

fn qemu(system: &Path, initrd: &Path, memory: &str, parameters: &str) -> Command {
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
        memory,
        "-nodefaults",
        "-no-user-config",
    ]);
    qemu.args(["-display", "none", "-no-reboot", "-serial", "stdio", "-kernel"]).arg(system.join("vmlinuz"));
    qemu.arg("-initrd").arg(initrd).arg("-append").arg(format!("console=ttyS0 quiet panic=-1 {parameters}"));
    qemu.args(["-device", "virtio-net-pci,romfile=,netdev=n0"]);
    qemu
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
        let mut heard = || {
            if has_said(&qemu.said(), what) { Some(true) } else { qemu.ended().map(|_| false) }
        };
        let heard = (0..self.patience).find_map(|_| wait::try_until(&mut heard));
        assert_eq!(heard, Some(true), "the guest never said '{what}':\n{}", self.said());
    }

    /// Waits until the guest has switched itself off; gives all that it said.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn wait_end(mut self) -> String {
        let ended = (0..self.patience).find_map(|_| wait::try_until(|| self.qemu.ended()));
        assert!(ended.is_some(), "the guest does not end:\n{}", self.said());
        self.said()
    }
}

/// Whether a line of a story says just this: after the time, and no `NOT` before it.
#[must_use]
pub fn has_said(console: &str, what: &str) -> bool {
    let words = |line: &str| Some(line.strip_prefix("@@ ")?.split_once(' ')?.1.trim_end() == what);
    console.lines().any(|line| words(line) == Some(true))
}

/// How exposed a unit is, from 0 to 10, where the console has the last line of `systemd-analyze security`.
#[must_use]
pub fn exposure(console: &str, unit: &str) -> Option<f32> {
    let mark = format!("exposure level for {unit}.service: ");
    let (_, rest) = console.lines().find_map(|line| line.split_once(&mark))?;
    rest.split(' ').next()?.parse().ok()
}

/// Where the first slot of Debian's vpcd listens; the others follow.
const VPCD_PORT: u16 = 35963;

/// A second archive behind the first: the kernel unpacks both.
const PACK: &str = r#"set -e; cat "$1" > "$2"; cd "$3"; find . | cpio -o -H newc --quiet | gzip -1 >> "$2""#;

/// A system for guests, built when it is not there or old.
struct System {
    script: &'static str,
    place: &'static str,
    built: OnceLock<PathBuf>,
}

static USB: System = System { script: "tests/guest/build.sh", place: "target/guest", built: OnceLock::new() };
static DEBIAN: System = System { script: "tests/guest/debian.sh", place: "target/debian", built: OnceLock::new() };

impl System {
    /// Where its kernel and files are.
    fn folder(&self) -> &Path {
        self.built.get_or_init(|| {
            let folder = checkout().join(self.place);
            let output = Command::new(checkout().join(self.script)).arg(&folder).output();
            succeeded(self.script, &output.expect("cannot start a script of ours"));
            folder
        })
    }
}
