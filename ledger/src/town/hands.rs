//! Looks what of a town is there, and does what is not. As root, each part as the one whose files it makes: the ledger's as the owner of its
//! directory, the administrator's as the owner of her folder.

use std::ffi::OsString;
use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::words::{UNFILLED, template};
use super::{CODE, DESCRIPTION, Run, State, Step, There, Wanted};
use crate::checkpoint::signed_offices;
use crate::data::DataDir;
use crate::error::LedgerError;
use crate::media::Media;

pub use super::words::{for_the_safe, line};

/// Looks what is there.
///
/// # Errors
/// When something is there and cannot be read.
pub fn look(wanted: &Wanted) -> Result<There, LedgerError> {
    let data = DataDir::new(&wanted.data);
    let description = std::fs::read_to_string(wanted.folder.join(DESCRIPTION)).unwrap_or_default();
    let made = data.config().exists();
    let list = Media::read(&data.media())?;
    Ok(There {
        described: !description.is_empty() && !description.contains(UNFILLED),
        made,
        serves: made && answers(wanted.listen),
        founded: made && !signed_offices(&data.checkpoints())?.is_empty(),
        listed: !list.media.is_empty(),
        copied: made && list.keys_are_copied(&data)?,
        verified: list.newest().is_some(),
        timed: unit_is("is-active", "sekisho-ledger-backup.timer"),
    })
}

fn answers(listen: SocketAddr) -> bool {
    let ip = if listen.ip().is_unspecified() { [127, 0, 0, 1].into() } else { listen.ip() };
    TcpStream::connect_timeout(&SocketAddr::new(ip, listen.port()), Duration::from_secs(2)).is_ok()
}

fn unit_is(what: &str, unit: &str) -> bool {
    let asked =
        Command::new("systemctl").args(["--quiet", what, unit]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Goes through the steps; says each. Ends at the first that fails. `say` gets the lines.
///
/// # Errors
/// Which step failed, and why.
pub fn carry_out(wanted: &Wanted, say: &mut dyn FnMut(&str)) -> Result<(), LedgerError> {
    for step in Step::ALL {
        let state = step.state(wanted, &look(wanted)?);
        say(&line(step, &state));
        let State::Run(run) = state else { continue };
        do_it(wanted, &run)?;
        if run == Run::Template {
            // Nothing goes on before somebody has filled it in.
            let said = format!(
                "    {}: fill it in, and run the same command again（記入後、再度実行してください）\n",
                wanted.folder.join(DESCRIPTION).display()
            );
            say(&said);
            return Ok(());
        }
        let shown = (0..PATIENCE).any(|_| {
            let done = look(wanted).is_ok_and(|there| step.is_done(&there));
            if !done {
                std::thread::sleep(PAUSE);
            }
            done
        });
        if !shown {
            return Err(fault(step.title().0, "it was run, and the machine does not show that it is so"));
        }
        if step == Step::Found {
            let code = wanted.folder.join(CODE);
            std::fs::remove_file(&code).map_err(LedgerError::file("remove", code))?;
        }
        say(&line(step, &State::Done));
    }
    Ok(())
}

fn do_it(wanted: &Wanted, run: &Run) -> Result<(), LedgerError> {
    match run {
        Run::Template => {
            std::fs::create_dir_all(&wanted.folder).map_err(LedgerError::file("make", &wanted.folder))?;
            let private = std::fs::set_permissions(&wanted.folder, Permissions::from_mode(0o700));
            private.map_err(LedgerError::file("close", &wanted.folder))?;
            private_file(wanted, DESCRIPTION, &template())
        }
        Run::Ledger(words) => ended_well("sekisho-ledger", ledger(wanted, words)?.status()),
        Run::Admin(words) => {
            give_code(wanted)?;
            ended_well("sekisho-admin", as_owner(&wanted.folder, "sekisho-admin".as_ref(), words)?.status())
        }
        Run::Units(words) => ended_well("systemctl", Command::new("systemctl").args(words).status()),
    }
}

/// A founding code beside the description, unless a founding that was interrupted has left one.
fn give_code(wanted: &Wanted) -> Result<(), LedgerError> {
    if wanted.folder.join(CODE).exists() {
        return Ok(());
    }
    let words = ["founding-code".into(), "--data".into(), wanted.data.clone().into()];
    let given = ledger(wanted, &words)?.stderr(Stdio::inherit()).output();
    let given = given.map_err(|error| fault("sekisho-ledger", &error.to_string()))?;
    if !given.status.success() {
        return Err(fault("sekisho-ledger", "it gave no founding code"));
    }
    private_file(wanted, CODE, &String::from_utf8_lossy(&given.stdout))
}

/// A file (0600) in the administrator's folder, hers.
fn private_file(wanted: &Wanted, name: &str, text: &str) -> Result<(), LedgerError> {
    let path = wanted.folder.join(name);
    let owner = std::fs::metadata(&wanted.folder).map_err(LedgerError::file("look at", &wanted.folder))?;
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = opened.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        chown(&path, Some(owner.uid()), Some(owner.gid()))
    });
    written.map_err(LedgerError::file("write", path))
}

fn ledger(wanted: &Wanted, words: &[OsString]) -> Result<Command, LedgerError> {
    let this = std::env::current_exe().map_err(LedgerError::file("find", "sekisho-ledger"))?;
    let owned = if wanted.data.exists() { &*wanted.data } else { crate::data::above(&wanted.data) };
    as_owner(owned, this.as_os_str(), words)
}

/// A program as whoever owns this folder: what root made there nobody else could read.
fn as_owner(folder: &Path, program: &std::ffi::OsStr, words: &[OsString]) -> Result<Command, LedgerError> {
    let owner = std::fs::metadata(folder).map_err(LedgerError::file("look at", folder))?;
    let mut command = if owner.uid() == rustix::process::geteuid().as_raw() {
        Command::new(program)
    } else {
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={}", owner.uid())).arg(format!("--regid={}", owner.gid()));
        command.args(["--init-groups", "--reset-env", "--"]).arg(program);
        command
    };
    command.args(words);
    Ok(command)
}

fn ended_well(program: &str, status: std::io::Result<std::process::ExitStatus>) -> Result<(), LedgerError> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(fault(program, &format!("it ended with {status}"))),
        Err(error) => Err(fault(program, &error.to_string())),
    }
}

fn fault(what: &str, cause: &str) -> LedgerError {
    LedgerError::Town { what: what.into(), cause: cause.into() }
}

/// A ledger that was started listens a moment later.
const PATIENCE: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);
