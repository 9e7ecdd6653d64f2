//! Hands the terminal to the program that `run` started, and takes it back.
#![allow(unsafe_code, reason = "ignoring a signal has no safe interface; the one call is below")]

use std::io::stdin;

use rustix::process::{Pid, Signal, getpgrp, kill_process_group};
use rustix::termios::{isatty, tcgetpgrp, tcsetpgrp};

/// The terminal, while it is lent to a program. Taken back on drop.
pub(crate) struct Lent {
    owner: Pid,
}

impl Lent {
    /// Lends the terminal to a process group, where there is a terminal and it is ours.
    pub(crate) fn to(group: Pid) -> Option<Self> {
        let owner = getpgrp();
        if !isatty(stdin()) || tcgetpgrp(stdin()).ok()? != owner {
            return None;
        }
        ignore_terminal_stops();
        tcsetpgrp(stdin(), group).ok()?;
        // The program may have read before it owned the terminal, and been stopped for it.
        let _ = kill_process_group(group, Signal::CONT);
        Some(Self { owner })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let _ = tcsetpgrp(stdin(), self.owner);
    }
}

/// A background process that takes the terminal back is stopped with SIGTTOU unless it ignores that. Called after the
/// program was started, so the program does not inherit it.
fn ignore_terminal_stops() {
    // SAFETY: SIG_IGN installs no handler, so no code of ours runs in signal context; nothing else in this process
    // uses SIGTTOU.
    unsafe { libc::signal(libc::SIGTTOU, libc::SIG_IGN) };
}
