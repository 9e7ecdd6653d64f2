//! Screens to work at that nobody sees: an X server and a Wayland compositor, both real, without hardware.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::process::Process;
use crate::scratch::Scratch;
use crate::wait;

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// A screen at which somebody may work.
pub trait Graphical {
    /// What a program of the session finds in its environment.
    fn environment(&self) -> Vec<(&'static str, String)>;

    /// Somebody moves the mouse.
    fn touch(&self);

    /// The server, to be killed or frozen.
    fn server(&mut self) -> &mut Process;
}

/// An X server (Xvfb) on a display number that was free.
pub struct XServer {
    server: Process,
    display: String,
    /// Where its picture lies.
    folder: PathBuf,
}

/// How large it is.
const SCREEN: (usize, usize) = (800, 600);

impl XServer {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new("Xvfb");
        let size = format!("{}x{}x24", SCREEN.0, SCREEN.1);
        command.args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp", "-ac", "-fbdir"]).arg(folder);
        let log = folder.join("Xvfb.log");
        let mut server = Process::start("Xvfb", &mut command, &log);
        let number = server.wait_ready("its display", || {
            let said = std::fs::read_to_string(&log).ok()?;
            said.lines().find_map(|line| line.trim().parse::<u32>().ok())
        });
        Self { server, display: format!(":{number}"), folder: folder.to_owned() }
    }

    /// How many pixels of this colour (red, green, blue) whoever looks at the screen sees.
    ///
    /// # Panics
    /// When there is no picture.
    #[must_use]
    pub fn pixels(&self, colour: u32) -> usize {
        // As xwd(1) writes it: a header, the colour map, then four bytes for each pixel.
        let picture = std::fs::read(self.folder.join("Xvfb_screen0")).expect("the picture of the screen");
        let pixels = picture.len().checked_sub(SCREEN.0 * SCREEN.1 * 4).expect("a whole picture");
        let [blue, green, red] = [colour, colour >> 8, colour >> 16].map(|part| part as u8);
        picture[pixels..].chunks_exact(4).filter(|pixel| pixel.starts_with(&[blue, green, red])).count()
    }

    /// Runs `xdotool`.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn xdotool(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("xdotool");
        command.args(arguments).env("DISPLAY", &self.display).output().expect("no xdotool: run tests/setup.sh")
    }

    /// The window with this title, when it is on the screen.
    #[must_use]
    pub fn window(&self, title: &str) -> Option<String> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", title]);
        String::from_utf8_lossy(&found.stdout).lines().next().map(ToOwned::to_owned)
    }
}

impl Graphical for XServer {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("DISPLAY", self.display.clone())]
    }

    fn touch(&self) {
        // There and back: at the edge a move may be none.
        for step in ["1", "-1"] {
            let moved = self.xdotool(&["mousemove_relative", "--", step, step]);
            assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
        }
    }

    fn server(&mut self) -> &mut Process {
        &mut self.server
    }
}

/// A program of nobody's, whose home is this folder: compositors refuse to be root's.
///
/// # Panics
/// When we are not root.
#[must_use]
pub(crate) fn nobodys(folder: &Path, program: &Path) -> Command {
    std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).expect("cannot give a folder away");
    let nobody = NOBODY.to_string();
    let mut command = Command::new("setpriv");
    // Becoming another user undoes that it dies with us.
    command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "--pdeathsig", "KILL", "--"]).arg(program);
    command.env("XDG_RUNTIME_DIR", folder).env("HOME", folder);
    command.env_remove("WAYLAND_DISPLAY").env_remove("DISPLAY");
    command
}

/// A Wayland compositor (sway, on wlroots' headless backend).
pub struct Compositor {
    server: Process,
    display: PathBuf,
    control: PathBuf,
    /// A folder of nobody's, which goes after the compositor.
    _folder: Scratch,
}

impl Compositor {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start() -> Self {
        let folder = Scratch::new("sway");
        let (configuration, control) = (folder.path().join("config"), folder.path().join("control"));
        std::fs::write(&configuration, "xwayland disable\n").expect("cannot write sway's configuration");
        let mut command = nobodys(folder.path(), Path::new("sway"));
        command.arg("-c").arg(&configuration).env("SWAYSOCK", &control);
        command.env("WLR_BACKENDS", "headless").env("WLR_RENDERER", "pixman").env("WLR_LIBINPUT_NO_DEVICES", "1");
        let mut server = Process::start("sway", &mut command, &folder.path().join("sway.log"));
        let display = server.wait_ready("its socket", || {
            let entries = std::fs::read_dir(folder.path()).ok()?;
            let mut sockets = entries.filter_map(|entry| Some(entry.ok()?.path()));
            sockets.find(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with("wayland-") && !name.ends_with(".lock")
            })
        });
        let compositor = Self { server, display, control, _folder: folder };
        wait::until("sway to answer", || compositor.swaymsg(&["-t", "get_seats"]).status.success().then_some(()));
        compositor
    }

    fn swaymsg(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("swaymsg");
        command.arg("-s").arg(&self.control).args(arguments).output().expect("no swaymsg: run tests/setup.sh")
    }
}

impl Graphical for Compositor {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("WAYLAND_DISPLAY", self.display.display().to_string())]
    }

    fn touch(&self) {
        for step in ["5", "-5"] {
            let moved = self.swaymsg(&["--", "seat", "-", "cursor", "move", step, step]);
            assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stdout));
        }
    }

    fn server(&mut self) -> &mut Process {
        &mut self.server
    }
}
