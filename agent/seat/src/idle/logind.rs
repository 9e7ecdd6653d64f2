//! logind's idle hint: what a desktop says of itself, in its own time (five minutes, often). The last resort: it makes the idle lock late
//! by as much as the desktop takes to call itself idle.

use super::{Hands, IdleSource, SourceLost};
use crate::bus::{Bus, BusError};
use crate::login::OwnSession;

const NAME: &str = "logind's idle hint";

struct Logind {
    bus: Bus,
    session: OwnSession,
}

pub(super) fn open() -> Result<Box<dyn IdleSource>, SourceLost> {
    let (bus, session) = OwnSession::find().map_err(lost)?;
    Ok(Box::new(Logind { bus, session }))
}

fn lost(error: BusError) -> SourceLost {
    SourceLost::new(NAME, error)
}

impl IdleSource for Logind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hands(&mut self) -> Result<Hands, SourceLost> {
        let told: Result<(bool, u64), BusError> = self.session.property(&self.bus, "IdleHint").and_then(|idle| {
            let since = self.session.property(&self.bus, "IdleSinceHintMonotonic")?;
            Ok((idle, since))
        });
        match told {
            // A desktop that never said anything, idle or not, is silent.
            Ok((true, _) | (false, 0)) | Err(BusError::Silent) => Ok(Hands::Off),
            Ok((false, _)) => Ok(Hands::On),
            Err(error @ (BusError::Lost(_) | BusError::Refused(_))) => Err(lost(error)),
        }
    }
}
