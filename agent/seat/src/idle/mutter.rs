//! GNOME, whose Wayland compositor tells of input over the session bus and not by Wayland.

use std::time::Duration;

use super::{Hands, IdleSource, RECENT, SourceLost};
use crate::bus::{Bus, BusError, Object, WhichBus};

const NAME: &str = "GNOME's idle monitor";
const MONITOR: Object<'static> = Object {
    owner: "org.gnome.Mutter.IdleMonitor",
    path: "/org/gnome/Mutter/IdleMonitor/Core",
    interface: "org.gnome.Mutter.IdleMonitor",
};

struct Mutter {
    bus: Bus,
}

pub(super) fn open() -> Result<Box<dyn IdleSource>, SourceLost> {
    let mutter = Mutter { bus: Bus::connect(WhichBus::Session).map_err(lost)? };
    mutter.idle_for().map_err(lost)?;
    Ok(Box::new(mutter))
}

fn lost(error: BusError) -> SourceLost {
    SourceLost::new(NAME, error)
}

impl Mutter {
    fn idle_for(&self) -> Result<Duration, BusError> {
        self.bus.ask(&MONITOR, "GetIdletime", ()).map(Duration::from_millis)
    }
}

impl IdleSource for Mutter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hands(&mut self) -> Result<Hands, SourceLost> {
        match self.idle_for() {
            Ok(idle) if idle < RECENT => Ok(Hands::On),
            // A compositor that hangs answers too late.
            Ok(_) | Err(BusError::Silent) => Ok(Hands::Off),
            Err(error @ (BusError::Lost(_) | BusError::Refused(_))) => Err(lost(error)),
        }
    }
}
