//! X11: the MIT-SCREEN-SAVER extension counts the milliseconds since the last input of any device.

use x11rb::connection::Connection;
use x11rb::protocol::screensaver::{query_info, query_version};
use x11rb::protocol::xproto::Window;
use x11rb::rust_connection::RustConnection;

use super::{Hands, IdleSource, RECENT, SourceLost};

const NAME: &str = "the X server's screen saver extension";

struct X11 {
    server: RustConnection,
    root: Window,
}

pub(super) fn open() -> Result<Box<dyn IdleSource>, SourceLost> {
    let (server, screen) = x11rb::connect(None).map_err(lost)?;
    // 1.1 is what XFree86 had.
    query_version(&server, 1, 1).map_err(lost)?.reply().map_err(lost)?;
    let root = server.setup().roots.get(screen).ok_or_else(|| lost("no screen"))?.root;
    Ok(Box::new(X11 { server, root }))
}

fn lost(cause: impl std::fmt::Display) -> SourceLost {
    SourceLost::new(NAME, cause)
}

impl IdleSource for X11 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hands(&mut self) -> Result<Hands, SourceLost> {
        let info = query_info(&self.server, self.root).map_err(lost)?.reply().map_err(lost)?;
        let recent = u128::from(info.ms_since_user_input) < RECENT.as_millis();
        Ok(if recent { Hands::On } else { Hands::Off })
    }
}
