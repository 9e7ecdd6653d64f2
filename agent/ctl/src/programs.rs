//! Programs that know nothing of cards and are started from the panel: which there are, and how one is started.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sekisho_ipc::RecordRef;
use serde::Deserialize;

use crate::exit;
use crate::failure::Failure;

/// Where the administrator lists them.
pub(crate) const PROGRAMS: &str = "/etc/sekisho/programs.toml";

/// One program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Program {
    /// What the panel calls it.
    pub(crate) title: String,
    /// The function that it is.
    pub(crate) function: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default, rename = "program")]
    programs: Vec<Program>,
}

/// Reads the list; without a file there are none.
pub(crate) fn read(file: &Path) -> Result<Vec<Program>, Failure> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(Failure::Programs { file: file.to_owned(), cause: cause.to_string() }),
    };
    let wrong = |cause: String| Failure::Programs { file: file.to_owned(), cause };
    let List { programs } = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
    match programs.iter().find(|program| program.command.is_empty()) {
        Some(program) => Err(wrong(format!("{}: command = []", program.title))),
        None => Ok(programs),
    }
}

/// How a program that the panel started ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, and well.
    Well,
    /// By itself, with this code.
    Badly(i32),
    /// The session was locked or ended.
    Locked,
    /// It was never there.
    NotStarted,
}

/// Starts a program under a grant, and waits for its end. It runs under a `sekisho run` of its own, which ends it at a lock, whether
/// the panel is still there or not.
pub(crate) fn start(socket: &Path, record: RecordRef, program: &Program) -> End {
    let run = || {
        let ourselves: PathBuf = std::env::current_exe()?;
        let mut command = Command::new(ourselves);
        command.arg("--socket").arg(socket).arg("run").arg("--function").arg(&program.function);
        command.arg("--under").arg(format!("{}:{}", record.epoch, record.seq)).arg("--").args(&program.command);
        // The screen is the panel's.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).status()
    };
    match run().map(|status| status.code()) {
        Ok(Some(0)) => End::Well,
        Ok(Some(code)) if code == i32::from(exit::LOCKED) => End::Locked,
        Ok(Some(code)) if code == i32::from(exit::NOT_STARTED) => End::NotStarted,
        Ok(Some(code)) => End::Badly(code),
        Ok(None) => End::Badly(exit::SIGNAL_BASE.into()),
        Err(_) => End::NotStarted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<Vec<Program>, String> {
        let file = std::env::temp_dir().join(format!("sekisho-programs-{}-{}", std::process::id(), text.len()));
        fs::write(&file, text).unwrap();
        let list = read(&file).map_err(|failure| failure.what(sekisho_wire::words::Language::English));
        fs::remove_file(file).unwrap();
        list
    }

    #[test]
    fn the_list_names_programs_and_a_wrong_one_is_told_with_its_place() {
        assert_eq!(read(Path::new("/nowhere/programs.toml")).unwrap(), []);
        let one = "[[program]]\ntitle = \"住民記録\"\nfunction = \"juminhyo.query\"\ncommand = [\"kiroku\"]\n";
        assert_eq!(list(one).unwrap().len(), 1);
        for (wrong, word) in [
            (one.replace("command", "comand"), "line 4"),
            (one.replace("[\"kiroku\"]", "[]"), "住民記録"),
            (one.replace("function", "# function"), "function"),
        ] {
            let told = list(&wrong).unwrap_err();
            assert!(told.contains(word), "{told}");
        }
    }
}
