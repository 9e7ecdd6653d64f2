//! A desktop with a business window on a real X server, and what whoever looks at the screen sees of it.

use std::process::Command;

use sekisho_ipc::ScreenState;
use sekisho_tests::desktop::Locker;
use sekisho_tests::graphical::{Graphical, XServer};
use sekisho_tests::process::Process;
use sekisho_tests::room::Room;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::wait;

/// The colour of the business window.
const COLOUR: u32 = 0x00_c0_ff_ee;
const WINDOW: &str = "
import ctypes, time
x = ctypes.CDLL('libX11.so.6')
for name in ('XOpenDisplay', 'XCreateSimpleWindow', 'XDefaultRootWindow'):
    getattr(x, name).restype = ctypes.c_void_p
display = ctypes.c_void_p(x.XOpenDisplay(None))
root = ctypes.c_void_p(x.XDefaultRootWindow(display))
window = ctypes.c_void_p(x.XCreateSimpleWindow(display, root, 50, 50, 300, 200, 0, 0, ctypes.c_ulong(0xc0ffee)))
x.XMapWindow(display, window)
x.XFlush(display)
time.sleep(3600)
";
const PIXELS: usize = 300 * 200;

/// Screen, business window, and the terminal whose screen it is.
pub(crate) struct Shown {
    // Dropped in order.
    pub room: Room,
    _window: Process,
    screen: XServer,
    _scratch: Scratch,
}

impl Shown {
    /// A clerk is logged in, and looks at the business window.
    pub(crate) fn working(story: &str) -> Self {
        let scratch = Scratch::new("x");
        let screen = XServer::start(scratch.path());
        let mut window = Command::new("/usr/bin/python3");
        window.args(["-c", WINDOW]).envs(screen.environment());
        let window = Process::start("window", &mut window, &scratch.path().join("window.log"));
        // Whoever touches a key opens the screen, without PAM: what is behind it is another matter.
        let anybody = scratch.path().join("auth_anybody");
        std::os::unix::fs::symlink("/bin/true", &anybody).unwrap();
        let auth = format!("XSECURELOCK_AUTH={}", anybody.display());
        let locker = format!("[pin]\nask = false\n[lock]\ncommand = [\"env\", {auth:?}, \"xsecurelock\"]\n");
        let mut room = Room::whose_desktop(Locker::Deaf, story, &locker, &screen.environment());
        room.log_in();
        let shown = Self { room, _window: window, screen, _scratch: scratch };
        wait::until("the business window", || shown.all_of_it().then_some(()));
        shown
    }

    /// But for a pointer that lies on it.
    fn all_of_it(&self) -> bool {
        self.screen.pixels(COLOUR) > PIXELS * 9 / 10
    }

    /// Waits until the terminal says that the screen is locked, and sees what is left on it.
    pub(crate) fn assert_hidden(&self) {
        wait::until("the screen to be locked", || {
            let state = self.room.scene.terminal.client().status().unwrap();
            (state.screen == ScreenState::Locked).then_some(())
        });
        assert_eq!(self.screen.pixels(COLOUR), 0, "nothing of the business window is to be seen");
    }

    /// Whoever presses a key at the locked screen sees the window again; the session stays locked.
    pub(crate) fn open_screen(&self) {
        wait::until("the screen to be open", || {
            let _ = self.screen.xdotool(&["key", "space"]);
            self.all_of_it().then_some(())
        });
    }
}
