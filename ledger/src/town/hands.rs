//! Looks what of a town is there, and does what is not. As root, each part as the one whose files it makes: the ledger's as the owner of its
//! directory, the administrator's as the owner of her folder.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::folder::Folder;
use super::words::{UNFILLED, template};
use super::{CODE, DESCRIPTION, LEDGER, Run, State, Step, TIMER, There, Wanted};
use crate::checkpoint::signed_offices;
use crate::clock::{Clock, Millis, since_boot};
use crate::code::{Code, Kind};
use crate::config::Config;
use crate::data::DataDir;
use crate::error::LedgerError;
use crate::media::Media;
use crate::witnesses::Web;

pub use super::words::{for_the_safe, line};

/// Looks what is there.
///
/// # Errors
/// When something is there and cannot be read.
pub fn look(wanted: &Wanted) -> Result<There, LedgerError> {
    let data = DataDir::new(&wanted.data);
    let (description, code) = match std::fs::symlink_metadata(&wanted.folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (None, None),
        _ => {
            let folder = Folder::open(&wanted.folder)?;
            (folder.read(DESCRIPTION)?, folder.read(CODE)?)
        }
    };
    let description = description.unwrap_or_default();
    let made = data.config().exists();
    let list = Media::read(&data.media())?;
    Ok(There {
        described: !description.is_empty() && !description.contains(UNFILLED),
        made,
        serves: made && unit_is("is-enabled", LEDGER) && answers(&data).is_ok(),
        founded: made && !signed_offices(&data.checkpoints())?.is_empty(),
        founding: code.is_some(),
        listed: !list.media.is_empty(),
        copied: made && list.keys_are_copied(&data)?,
        verified: list.newest(Millis::MAX).is_some(),
        timed: unit_is("is-active", TIMER) && unit_is("is-enabled", TIMER),
    })
}

/// Whether it answers where others are told that it does, with a certificate of its own authority: whoever else has the port is not it.
fn answers(data: &DataDir) -> Result<(), LedgerError> {
    let (url, path) = (Config::read(&data.config())?.url(), data.authority_certificate());
    let authority = std::fs::read(&path).map_err(LedgerError::file("read", &path))?;
    let web = Web::new(&url, &authority).map_err(|(what, cause)| fault(what, &cause))?;
    web.bytes("/healthz").map(drop)
}

fn unit_is(what: &str, unit: &str) -> bool {
    let asked =
        Command::new("systemctl").args(["--quiet", what, unit]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Goes through the steps; says each. Ends at the first that fails. `say` gets the lines, `clock` says whether a founding code holds still.
///
/// # Errors
/// Which step failed, and why.
pub fn carry_out(wanted: &Wanted, clock: &dyn Clock, say: &mut dyn FnMut(&str)) -> Result<(), LedgerError> {
    for step in Step::ALL {
        let there = look(wanted)?;
        let state = step.state(wanted, &there);
        say(&line(step, &state));
        let State::Run(run) = state else { continue };
        do_it(wanted, &run, there.founded, clock.now())?;
        if run == Run::Template {
            // Nothing goes on before somebody has filled it in.
            let said = format!(
                "    {}: fill it in, and run the same command again（記入後、再度実行してください）\n",
                wanted.folder.join(DESCRIPTION).display()
            );
            say(&said);
            return Ok(());
        }
        if step == Step::Found {
            // All of it is done. Were this cut short, `found` would say so to whoever runs it again.
            let removed = Folder::open(&wanted.folder)?.remove(CODE);
            removed.map_err(LedgerError::file("remove", wanted.folder.join(CODE)))?;
        }
        if !comes_true(wanted, step) {
            return Err(not_shown(wanted, step));
        }
        say(&line(step, &State::Done));
    }
    Ok(())
}

/// Waits until the machine shows that the step is done.
fn comes_true(wanted: &Wanted, step: Step) -> bool {
    let until = since_boot().saturating_add(PATIENCE);
    loop {
        if look(wanted).is_ok_and(|there| step.is_done(&there)) {
            return true;
        }
        if until < since_boot() {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
}

fn not_shown(wanted: &Wanted, step: Step) -> LedgerError {
    let unit = match step {
        Step::Serve => LEDGER,
        Step::Timer => TIMER,
        Step::Describe | Step::Make | Step::Found | Step::CopyKeys | Step::List | Step::Backup => {
            return fault(step.title().0, "it was run, and the machine does not show that it is so");
        }
    };
    let answered = if step == Step::Serve { answers(&DataDir::new(&wanted.data)).err() } else { None };
    let cause = answered.map_or_else(|| format!("{unit} is not what it should be"), |error| error.to_string());
    fault(step.title().0, &format!("{cause}; look at: systemctl status {unit}, journalctl -u {unit}"))
}

fn do_it(wanted: &Wanted, run: &Run, founded: bool, now: Millis) -> Result<(), LedgerError> {
    match run {
        Run::Template => describe(&Folder::make(&wanted.folder)?),
        Run::Ledger(words) => ended_well("sekisho-ledger", ledger(wanted, words)?.status()),
        Run::Admin(words) => {
            let folder = Folder::open(&wanted.folder)?;
            // The code of an office that is there tells `found` which one: it is used, and no other can stand in for it.
            if !founded && !code_holds(&folder, now)? {
                folder.write(CODE, &new_code(wanted)?)?;
            }
            let (user, group) = folder.owner();
            ended_well("sekisho-admin", run_as(user.as_raw(), group.as_raw(), "sekisho-admin".as_ref(), words).status())
        }
        Run::Units(words) => ended_well("systemctl", Command::new("systemctl").args(words).status()),
    }
}

/// A description to fill in. One that somebody has begun to fill in stays.
fn describe(folder: &Folder) -> Result<(), LedgerError> {
    let begun = folder.read(DESCRIPTION)?.is_some_and(|text| !text.is_empty());
    if begun { Ok(()) } else { folder.write(DESCRIPTION, &template()) }
}

/// Whether a founding that was interrupted has left a code that holds long enough for another.
fn code_holds(folder: &Folder, now: Millis) -> Result<bool, LedgerError> {
    let code = folder.read(CODE)?.and_then(|line| Code::from_line(&line));
    Ok(code.is_some_and(|code| code.kind == Kind::Founding && code.expires > now.saturating_add(A_FOUNDING)))
}

fn new_code(wanted: &Wanted) -> Result<String, LedgerError> {
    let words = ["founding-code".into(), "--data".into(), wanted.data.clone().into()];
    let given = ledger(wanted, &words)?.stderr(Stdio::inherit()).output();
    let given = given.map_err(|error| fault("sekisho-ledger", &error.to_string()))?;
    if !given.status.success() {
        return Err(fault("sekisho-ledger", "it gave no founding code"));
    }
    Ok(String::from_utf8_lossy(&given.stdout).into_owned())
}

fn ledger(wanted: &Wanted, words: &[OsString]) -> Result<Command, LedgerError> {
    let this = std::env::current_exe().map_err(LedgerError::file("find", "sekisho-ledger"))?;
    let owned = if wanted.data.exists() { &*wanted.data } else { crate::data::above(&wanted.data) };
    let owner = std::fs::metadata(owned).map_err(LedgerError::file("look at", owned))?;
    Ok(run_as(owner.uid(), owner.gid(), this.as_os_str(), words))
}

/// A program as whoever owns what it works on: what root made there nobody else could read.
fn run_as(user: u32, group: u32, program: &std::ffi::OsStr, words: &[OsString]) -> Command {
    let mut command = if user == rustix::process::geteuid().as_raw() {
        Command::new(program)
    } else {
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}"));
        command.args(["--init-groups", "--reset-env", "--", "env"]).args(locale()).arg(program);
        command
    };
    command.args(words);
    command
}

/// In whose language people are asked: it goes with the rest of root's environment else.
fn locale() -> impl Iterator<Item = OsString> {
    ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| {
        let mut variable = OsString::from(format!("{name}="));
        variable.push(std::env::var_os(name)?);
        Some(variable)
    })
}

fn ended_well(program: &str, status: std::io::Result<std::process::ExitStatus>) -> Result<(), LedgerError> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(fault(program, &format!("it ended with {status}"))),
        Err(error) => Err(fault(program, &error.to_string())),
    }
}

pub(super) fn fault(what: &str, cause: &str) -> LedgerError {
    LedgerError::Town { what: what.into(), cause: cause.into() }
}

/// Two people choose PINs meanwhile.
const A_FOUNDING: Millis = 3_600_000;
/// A ledger that was started listens a moment later, on an old machine a few.
const PATIENCE: Millis = 60_000;
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{CodeSecret, LedgerFacts, PublicKeys};

    #[test]
    fn a_description_that_somebody_has_begun_stays_and_one_that_is_torn_does_not() {
        let at = crate::testing::scratch("described");
        let (folder, file) = (Folder::open(&at).unwrap(), at.join(DESCRIPTION));
        std::fs::write(&file, "").unwrap();
        describe(&folder).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), template());
        let begun = template() + "# begun";
        std::fs::write(&file, &begun).unwrap();
        describe(&folder).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), begun);
    }

    #[test]
    fn a_code_that_is_torn_or_ends_before_it_is_used_is_given_anew() {
        let at = crate::testing::scratch("code");
        let folder = Folder::open(&at).unwrap();
        let holds = |now| code_holds(&folder, now).unwrap();
        assert!(!holds(0), "there is none");
        let facts = LedgerFacts { url: String::new(), name: "ledger".into(), authority: vec![1], envelope: vec![2] };
        let keys = PublicKeys { records: [1; 32], register: [2; 32], casebook: [3; 32] };
        let until = 1_800_000_000_000;
        let line = facts.founding(&keys, &CodeSecret::generate(), until).to_line();
        folder.write(CODE, &line).unwrap();
        assert!(holds(until - A_FOUNDING - 1) && !holds(until - A_FOUNDING) && !holds(until));
        for torn in ["", &line[..line.len() / 2]] {
            folder.write(CODE, torn).unwrap();
            assert!(!holds(0), "{torn}");
        }
        let terminal = facts.terminal(&keys, &CodeSecret::generate(), until, "", "madoguchi-1").to_line();
        folder.write(CODE, &terminal).unwrap();
        assert!(!holds(0), "a code of another kind");
    }
}
