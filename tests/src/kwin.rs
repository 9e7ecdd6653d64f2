//! KDE's compositor without hardware: the one in Debian 12 that speaks `ext-idle-notify-v1`.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::{Connection, Dispatch, Proxy, QueueHandle, delegate_noop};
use wayland_protocols_plasma::idle::client::org_kde_kwin_idle::OrgKdeKwinIdle;
use wayland_protocols_plasma::idle::client::org_kde_kwin_idle_timeout::OrgKdeKwinIdleTimeout;

use crate::graphical::{Graphical, nobodys};
use crate::process::Process;
use crate::scratch::Scratch;

/// KWin on its virtual backend.
pub struct KWin {
    server: Process,
    display: PathBuf,
    /// A folder of nobody's, which goes after the compositor.
    _folder: Scratch,
}

impl KWin {
    /// Starts it.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start() -> Self {
        let folder = Scratch::new("kwin");
        // Its file has a right that a test may not give away; a copy has not. It looks at its own name.
        let program = folder.path().join("kwin_wayland");
        std::fs::copy("/usr/bin/kwin_wayland", &program).expect("no kwin_wayland: run tests/setup.sh");
        let mut command = nobodys(folder.path(), &program);
        command.args(["--virtual", "--no-lockscreen", "--no-global-shortcuts", "--socket", "wayland-0"]);
        command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        let mut server = Process::start("kwin", &mut command, &folder.path().join("kwin.log"));
        let display = folder.path().join("wayland-0");
        server.wait_ready("its socket", || simulate_activity(&display));
        Self { server, display, _folder: folder }
    }
}

impl Graphical for KWin {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("WAYLAND_DISPLAY", self.display.display().to_string())]
    }

    fn touch(&self) {
        simulate_activity(&self.display).expect("KWin takes simulated activity");
    }

    fn server(&mut self) -> &mut Process {
        &mut self.server
    }
}

/// To KWin this is as good as input: it ends every kind of idling.
fn simulate_activity(display: &PathBuf) -> Option<()> {
    let connection = Connection::from_socket(UnixStream::connect(display).ok()?).ok()?;
    let (globals, mut queue) = registry_queue_init::<Nothing>(&connection).ok()?;
    let handle = queue.handle();
    let seat: WlSeat = globals.bind(&handle, 1..=1, ()).ok()?;
    let idle: OrgKdeKwinIdle = globals.bind(&handle, 1..=1, ()).ok()?;
    idle.get_idle_timeout(&seat, 60_000, &handle, ()).simulate_user_activity();
    queue.roundtrip(&mut Nothing).ok().map(drop)
}

/// Whatever the compositor says is of no interest.
struct Nothing;

impl Dispatch<WlRegistry, GlobalListContents> for Nothing {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: <WlRegistry as Proxy>::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(Nothing: ignore WlSeat);
delegate_noop!(Nothing: ignore OrgKdeKwinIdle);
delegate_noop!(Nothing: ignore OrgKdeKwinIdleTimeout);
