//! How a process of the agent ends when it can no longer be trusted: at once, so that its service manager starts a whole one.

use rustix::process::{Signal, getpid, kill_process};

/// Ends this process now, without unwinding and without a core: it may hold a PIN.
pub fn at_once() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}

/// Asks this process to end in order, as its service manager would.
pub fn in_order() {
    if let Err(error) = kill_process(getpid(), Signal::TERM) {
        log::error!("cannot end in order: {error}");
    }
}

/// From now on a panic in any thread ends the process. A thread that is gone fails open: without the tick no session ends, without the
/// watcher no removal is seen, and nobody would notice.
pub fn with_the_first_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        at_once()
    }));
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    const CHILD: &str = "SEKISHO_TEST_PANICS";

    #[test]
    fn a_panic_in_any_thread_ends_the_process() {
        if std::env::var_os(CHILD).is_some() {
            super::with_the_first_panic();
            let _ = std::thread::spawn(|| panic!("a thread is gone")).join();
            return;
        }
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ending::tests::a_panic_in_any_thread_ends_the_process"])
            .env(CHILD, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.signal(), Some(9));
    }
}
