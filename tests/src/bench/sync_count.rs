//! How often a process calls fdatasync, as the kernel's tracepoint counts it: that slows nobody down.

use std::path::Path;
use std::process::Command;

use sekisho_tests::process::Process;
use sekisho_tests::wait;

/// A count under way.
pub(crate) struct SyncCount {
    perf: Process,
    result: std::path::PathBuf,
}

impl SyncCount {
    /// Begins to count. `None` where `perf` is missing or may not look.
    pub(crate) fn begin(pid: u32, folder: &Path) -> Option<Self> {
        let event = "syscalls:sys_enter_fdatasync";
        let may = Command::new("perf").args(["stat", "-e", event, "true"]).output().ok()?;
        if !may.status.success() {
            return None;
        }
        let result = folder.join("fdatasyncs");
        let _ = std::fs::remove_file(&result);
        let mut command = Command::new("perf");
        command.args(["stat", "-x", ",", "-e", event, "-p", &pid.to_string(), "-o"]).arg(&result);
        let perf = Process::start("perf", &mut command, &folder.join("perf.log"));
        // perf makes the file when it is about to look.
        wait::try_until(|| result.exists().then_some(()))?;
        std::thread::sleep(std::time::Duration::from_millis(300));
        Some(Self { perf, result })
    }

    /// Ends the count.
    pub(crate) fn end(mut self) -> Option<u64> {
        self.perf.interrupt();
        let text = std::fs::read_to_string(&self.result).ok()?;
        text.lines().find(|line| line.contains("fdatasync"))?.split(',').next()?.parse().ok()
    }
}
