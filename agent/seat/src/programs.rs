//! Ends programs that may run in a session alone, once it is locked or over: those that the administrator names, of this user.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, getpid, getuid, pidfd_open, pidfd_send_signal};

/// How long one may take to put its things in order.
const GRACE: Duration = Duration::from_secs(5);

/// Ends them, and waits for that.
pub(crate) fn end(programs: &[PathBuf]) {
    end_all(programs, GRACE);
}

fn end_all(programs: &[PathBuf], grace: Duration) {
    let running = running(programs);
    let until = crate::now() + grace;
    for (process, program) in &running {
        log::info!("the session is locked or over: {} ends", program.display());
        let _ = pidfd_send_signal(process, Signal::TERM);
        // A stopped program cannot end.
        let _ = pidfd_send_signal(process, Signal::CONT);
    }
    for (process, program) in &running {
        if !has_ended(process, until.saturating_duration_since(crate::now())) {
            log::warn!("{} did not end by itself", program.display());
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
    }
}

fn has_ended(process: &OwnedFd, grace: Duration) -> bool {
    let mut polled = [PollFd::new(process, PollFlags::IN)];
    poll(&mut polled, Timespec::try_from(grace).ok().as_ref()).is_ok_and(|ended| ended > 0)
}

/// Processes of this user that run one of these programs, and which.
fn running(programs: &[PathBuf]) -> Vec<(OwnedFd, &Path)> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Pid::from_raw);
    let others = numbers.filter(|process| *process != getpid());
    others
        .filter_map(|number| {
            // Held before it is looked at: its number cannot become another's meanwhile.
            let process = pidfd_open(number, PidfdFlags::empty()).ok()?;
            let place = PathBuf::from(format!("/proc/{}", number.as_raw_nonzero()));
            let ours = fs::metadata(&place).ok()?.uid() == getuid().as_raw();
            let program = programs.iter().find(|program| ours && runs(&place, program))?;
            Some((process, program.as_path()))
        })
        .collect()
}

/// Programs that run what their arguments name, by their files' names; a version may follow: `python3.11`.
const INTERPRETERS: [&str; 11] =
    ["sh", "bash", "dash", "python", "perl", "ruby", "java", "node", "electron", "mono", "dotnet"];
/// What the kernel adds to the name of a file that an upgrade has replaced.
const REPLACED: &[u8] = b" (deleted)";

/// Whether it is this program, or an interpreter with it.
fn runs(process: &Path, program: &Path) -> bool {
    let real = fs::canonicalize(program);
    let real = real.as_deref().unwrap_or(program);
    let Ok(file) = fs::read_link(process.join("exe")) else { return false };
    let file = file.as_os_str().as_bytes();
    let file = Path::new(OsStr::from_bytes(file.strip_suffix(REPLACED).unwrap_or(file)));
    if [program, real].contains(&file) {
        return true;
    }
    let name = file.file_name().unwrap_or_default().as_bytes();
    let is_version = |rest: &[u8]| rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if !INTERPRETERS.iter().any(|interpreter| name.strip_prefix(interpreter.as_bytes()).is_some_and(is_version)) {
        return false;
    }
    // Which of its words is what it runs, only it knows: options may take values. One that is no whole path is meant from where it was started.
    let words = fs::read(process.join("cmdline")).unwrap_or_default();
    let place = fs::read_link(process.join("cwd")).unwrap_or_default();
    words.split(|byte| *byte == 0).skip(1).filter(|word| !word.is_empty()).any(|word| {
        let file = place.join(Path::new(OsStr::from_bytes(word)));
        file == program || fs::canonicalize(&file).is_ok_and(|file| file == real)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, Stdio};

    use super::*;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn is_running(program: &Path) -> bool {
        !running(&[program.to_owned()]).is_empty()
    }

    fn until(mut so: impl FnMut() -> bool) {
        for _ in 0..2000 {
            if so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not come so far");
    }

    fn start(program: &Path, arguments: &[&str]) -> Child {
        let mut child = None;
        // While another test starts something, its copy of a file that was just written may be open for writing.
        until(|| match Command::new(program).args(arguments).spawn() {
            Ok(started) => child.replace(started).is_none(),
            Err(error) => error.kind() != std::io::ErrorKind::ExecutableFileBusy && panic!("{error}"),
        });
        until(|| is_running(program));
        child.unwrap()
    }

    #[test]
    fn what_is_named_ends_as_program_and_as_script_and_nothing_else_does() {
        let folder = Folder(std::env::temp_dir().join(format!("sekisho-programs-{}", std::process::id())));
        fs::create_dir_all(&folder.0).unwrap();
        let file = |name: &str| folder.0.join(name);
        for name in ["kiroku", "other"] {
            fs::copy("/bin/sleep", file(name)).unwrap();
        }
        fs::write(file("stubborn"), "#!/bin/sh\ntrap '' TERM\necho >\"$0.ready\"\nwhile :; do sleep 0.1; done\n")
            .unwrap();
        fs::set_permissions(file("stubborn"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut kiroku = start(&file("kiroku"), &["600"]);
        let other = start(&file("other"), &["600"]);
        let mut stubborn = start(&file("stubborn"), &[]);
        until(|| file("stubborn.ready").exists());
        // Who looks at the program is not the program.
        let looks = Command::new("tail").arg("-f").arg(file("kiroku")).stdout(Stdio::null()).spawn().unwrap();
        end_all(&[file("kiroku"), file("stubborn"), file("not-there")], Duration::from_millis(200));
        assert_eq!(kiroku.wait().unwrap().signal(), Some(Signal::TERM.as_raw()));
        assert_eq!(stubborn.wait().unwrap().signal(), Some(Signal::KILL.as_raw()));
        for mut stays in [other, looks] {
            assert!(stays.try_wait().unwrap().is_none());
            stays.kill().unwrap();
            stays.wait().unwrap();
        }
    }
}
