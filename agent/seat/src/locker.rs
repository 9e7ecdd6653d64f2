//! Starts the locker of a desktop that has none of its own, and says when it really hides the screen.

use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::seat::{Event, Locker};

/// The descriptor on which the locker says that it has locked; `{fd}` in its command, and for xss-lock's kind of lockers the variable.
const READY: &str = "3";
const VARIABLE: &str = "XSS_SLEEP_LOCK_FD";
/// A locker that closes the descriptor has locked, or is about to end: its end comes within this.
const END: Duration = Duration::from_millis(300);

/// Starts it.
///
/// # Errors
/// There is no such program.
pub(crate) fn start(command: &[String], events: &Sender<Event>) -> io::Result<()> {
    let command: Vec<_> = command.iter().map(|word| word.replace("{fd}", READY)).collect();
    // Its standard output would be taken for its word: that goes where its errors go, and the pipe to a descriptor of its own.
    let mut child = Command::new("/bin/sh")
        .args(["-c", "exec 3>&1 1>&2 && exec \"$@\"", "sekisho-seat"])
        .args(command)
        .env(VARIABLE, READY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let ready = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let events = events.clone();
    std::thread::spawn(move || {
        let end = attend(&mut child, ready, || drop(events.send(Event::Locker(Locker::Locked))));
        if end == Locker::Failed {
            log::error!("the locker ended without being unlocked");
        }
        let _ = events.send(Event::Locker(end));
    });
    Ok(())
}

/// Waits for its word, says so, and waits for its end.
fn attend(child: &mut Child, mut ready: ChildStdout, locked: impl Fn()) -> Locker {
    let hid = hides(child, &mut ready);
    match hid {
        Hides::Itself => {
            locked();
            if child.wait().is_ok_and(|status| status.success()) { Locker::Unlocked } else { Locker::Failed }
        }
        Hides::ByAnother => {
            locked();
            // How that one ends nobody can see: only that it does, by the descriptor that it holds.
            let _ = io::copy(&mut ready, &mut io::sink());
            Locker::Unlocked
        }
        Hides::Nothing => {
            let _ = child.wait();
            Locker::Failed
        }
    }
}

/// Who hides the screen.
enum Hides {
    /// The process that was started.
    Itself,
    /// One that it left behind when it had locked.
    ByAnother,
    Nothing,
}

fn hides(child: &mut Child, ready: &mut ChildStdout) -> Hides {
    let Ok(process) = pidfd_open(Pid::from_child(child), PidfdFlags::empty()) else { return Hides::Nothing };
    let said = {
        let mut polled = [PollFd::new(ready, PollFlags::IN), PollFd::new(&process, PollFlags::IN)];
        while matches!(poll(&mut polled, None), Err(Errno::INTR)) {}
        !polled[0].revents().is_empty()
    };
    if !said {
        // swaylock -f: it ends well, and whoever holds the descriptor has locked.
        let well = child.wait().is_ok_and(|status| status.success());
        let mut polled = [PollFd::new(ready, PollFlags::IN)];
        let held = matches!(poll(&mut polled, Some(&Timespec::default())), Ok(0));
        return if well && held { Hides::ByAnother } else { Hides::Nothing };
    }
    match ready.read(&mut [0; 1]) {
        // swaylock --ready-fd writes a line.
        Ok(1..) => Hides::Itself,
        // xsecurelock and i3lock close it; so does a locker that dies, whose end comes at once.
        Ok(0) => {
            let mut polled = [PollFd::new(&process, PollFlags::IN)];
            let lives = matches!(poll(&mut polled, Timespec::try_from(END).ok().as_ref()), Ok(0));
            if lives { Hides::Itself } else { Hides::Nothing }
        }
        Err(_) => Hides::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// What a locker of this script says of itself.
    fn told(script: &str) -> Vec<Locker> {
        let (events, told) = channel();
        start(&["sh", "-c", script].map(ToOwned::to_owned), &events).unwrap();
        drop(events);
        let locker = |event: Event| if let Event::Locker(locker) = event { Some(locker) } else { None };
        told.iter().filter_map(locker).collect()
    }

    #[test]
    fn each_kind_of_locker_is_believed_when_it_has_locked_and_no_earlier() {
        for (kind, script, expected) in [
            ("swaylock --ready-fd", "echo >&{fd}; exec {fd}>&-", &[Locker::Locked, Locker::Unlocked][..]),
            ("xsecurelock", "eval \"exec $XSS_SLEEP_LOCK_FD>&-\"; exec sleep 1", &[Locker::Locked, Locker::Unlocked]),
            ("swaylock -f", "sleep 1 & exit 0", &[Locker::Locked, Locker::Unlocked]),
            ("one that crashes", "echo >&3; exit 1", &[Locker::Locked, Locker::Failed]),
            ("one that cannot", "exit 1", &[Locker::Failed]),
            ("one that does nothing", "exit 0", &[Locker::Failed]),
            ("one that closes and dies", "exec 3>&-; exit 1", &[Locker::Failed]),
            ("one that leaves something behind and fails", "sleep 1 & exit 1", &[Locker::Failed]),
            ("one that chatters", "echo locked; exit 1", &[Locker::Failed]),
        ] {
            assert_eq!(told(script), expected, "{kind}");
        }
    }
}
