//! A scene whose terminal has a desktop session with `sekisho-seat` in it.

use std::process::Command;
use std::time::Duration;

use sekisho_ipc::SessionState;

use crate::binaries::program;
use crate::clerk::{insert, login, wait_state};
use crate::desktop::{Desktop, Locker};
use crate::graphical::Graphical;
use crate::process::Process;
use crate::scene::{Scene, wait_fresh};
use crate::terminal::Part;
use crate::wait;

const MINUTE: Duration = Duration::from_secs(60);
/// Not yet the five minutes of the policy, and within the last of them.
pub const NEARLY_IDLE: Duration = Duration::from_secs(270);

/// A scene whose terminal has a desktop.
/// Fields are dropped in order: processes before the folder they write to.
pub struct Room {
    /// The seat's process.
    pub seat: Process,
    /// Bus and logind.
    pub desktop: Desktop,
    /// Everything else.
    pub scene: Scene,
}

impl Room {
    /// A desktop that locks when it is asked to, with this configuration and environment of its seat.
    #[must_use]
    pub fn new(story: &str, configuration: &str, environment: &[(&'static str, String)]) -> Self {
        Self::whose_desktop(Locker::Locks, story, configuration, environment)
    }

    /// As [`Self::new`], with a desktop that may be deaf.
    ///
    /// # Panics
    /// When something of it cannot be started.
    #[must_use]
    pub fn whose_desktop(
        locker: Locker,
        story: &str,
        configuration: &str,
        environment: &[(&'static str, String)],
    ) -> Self {
        let mut scene = Scene::new(story);
        let folder = scene.scratch.folder("d");
        let mut desktop = Desktop::without_logind(&folder);
        desktop.start_logind(locker);
        desktop.start_notices();
        scene.terminal.lock_screen_by(&folder, "alert");
        scene.terminal.kill(Part::Agent);
        scene.terminal.start_part(Part::Agent);
        wait_fresh(&scene.terminal);
        std::fs::write(folder.join("seat.toml"), configuration).expect("cannot write the seat's configuration");
        let seat = start_seat(&scene, environment);
        Self { seat, desktop, scene }
    }

    /// The clerk inserts her card and logs in.
    pub fn log_in(&mut self) {
        insert(&self.scene.terminal, &mut self.scene.clerk);
        login(&self.scene.terminal, &self.scene.clerk);
    }

    /// What is left until the idle lock.
    ///
    /// # Panics
    /// When the agent does not answer.
    #[must_use]
    pub fn idle_lock_in(&self) -> Duration {
        let state = self.scene.terminal.client().status().expect("the agent answers");
        Duration::from_millis(state.session.map_or(0, |session| session.idle_lock_in))
    }

    /// Time passes, and the clerk works on.
    pub fn work_on(&self, graphical: &impl Graphical) {
        self.scene.clock.pass(NEARLY_IDLE);
        wait::until("the clerk to be seen", || {
            graphical.touch();
            (self.idle_lock_in() > NEARLY_IDLE).then_some(())
        });
    }

    /// The clerk has left, and what she did last is no news any more.
    pub fn leave(&self) {
        let rest = 5 * MINUTE - Duration::from_secs(4);
        wait::until("nobody to be seen", || (self.idle_lock_in() < rest).then_some(()));
    }

    /// Waits for the lock; gives its reason.
    ///
    /// # Panics
    /// When the agent does not answer.
    #[must_use]
    pub fn why_locked(&self) -> Option<String> {
        wait_state(&self.scene.terminal, SessionState::Locked);
        self.scene.terminal.client().status().expect("the agent answers").last_lock_reason
    }
}

/// Starts the seat of this scene's desktop.
#[must_use]
pub fn start_seat(scene: &Scene, environment: &[(&'static str, String)]) -> Process {
    let folder = scene.scratch.folder("d");
    let mut command = Command::new(program("sekisho-seat"));
    in_session(&mut command, scene);
    command.env("XDG_RUNTIME_DIR", &folder).envs(environment.iter().cloned());
    Process::start("sekisho-seat", &mut command, &folder.join("seat.log"))
}

/// As the desktop would start it.
pub fn in_session(command: &mut Command, scene: &Scene) {
    let folder = scene.scratch.folder("d");
    let bus = Desktop::address(&folder);
    command.args(["--lang", "en", "--config"]).arg(folder.join("seat.toml"));
    command.arg("--socket").arg(scene.terminal.socket());
    command.env("DBUS_SYSTEM_BUS_ADDRESS", &bus).env("DBUS_SESSION_BUS_ADDRESS", &bus);
    command.env("XDG_SESSION_ID", "c1").env("RUST_LOG", "debug");
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY"] {
        command.env_remove(name);
    }
}
