//! Exit codes, as `sekisho --help` documents them.

/// Done, or granted.
pub(crate) const DONE: u8 = 0;
/// Something failed; stderr says what and what next.
pub(crate) const ERROR: u8 = 1;
/// Refused; the verdict says why. (2 is clap's: wrong arguments.)
pub(crate) const REFUSED: u8 = 3;
/// `run`: the session was locked or ended, so the program was ended too.
pub(crate) const LOCKED: u8 = 4;
/// `run`: the program could not be started.
pub(crate) const NOT_STARTED: u8 = 127;
/// `run`: added to the number of the signal that ended the program, as shells do.
pub(crate) const SIGNAL_BASE: u8 = 128;
