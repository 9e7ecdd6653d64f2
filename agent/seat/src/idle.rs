//! Whether somebody is at keyboard or mouse. Only what a source says counts: one that is silent says that nobody is.

mod logind;
mod mutter;
mod wayland;
mod x11;

use std::fmt;
use std::time::Duration;

/// Input is recent for so long. A little longer than the pause between two looks, so that none falls between them.
pub(crate) const RECENT: Duration = Duration::from_secs(3);

/// What a source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hands {
    /// Somebody used keyboard or mouse within [`RECENT`].
    On,
    /// Nobody did, or the source says nothing.
    Off,
}

/// Tells of input at this desktop.
pub(crate) trait IdleSource: Send {
    /// What it is, for the log.
    fn name(&self) -> &'static str;

    /// Whether there was input just now. It may block for as long as the desktop hangs: nobody is reported active meanwhile.
    ///
    /// # Errors
    /// [`SourceLost`]: the desktop is gone, and this source for good.
    fn hands(&mut self) -> Result<Hands, SourceLost>;
}

/// A source cannot be used, or is gone.
#[derive(Debug)]
pub(crate) struct SourceLost {
    source: &'static str,
    cause: String,
}

impl SourceLost {
    fn new(source: &'static str, cause: impl fmt::Display) -> Self {
        Self { source, cause: cause.to_string() }
    }
}

impl fmt::Display for SourceLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot see input by {}: {}", self.source, self.cause)
    }
}

impl std::error::Error for SourceLost {}

type Open = fn() -> Result<Box<dyn IdleSource>, SourceLost>;

/// The best source that this session offers. Under Wayland an X server sees its own programs' input alone: it is no source there.
pub(crate) fn open() -> Option<Box<dyn IdleSource>> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let desktops: &[Open] = match (set("WAYLAND_DISPLAY"), set("DISPLAY")) {
        (true, _) => &[wayland::open, mutter::open],
        (false, true) => &[x11::open],
        (false, false) => &[],
    };
    for open in desktops.iter().chain(&[logind::open as Open]) {
        match open() {
            Ok(source) => {
                log::info!("input is seen by {}", source.name());
                return Some(source);
            }
            Err(error) => log::info!("{error}"),
        }
    }
    log::warn!(
        "nothing here tells of input: whoever works counts as idle, unless a program or the panel says otherwise"
    );
    None
}
