//! Which pages there are, and of what they are made.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use roff::Roff;
use sekisho_wire::words::Language;

use crate::markdown;

/// One page.
pub(crate) struct Page {
    /// Its file's name; the section is the end of it.
    pub(crate) file: String,
    language: Language,
    pub(crate) roff: Vec<u8>,
}

impl Page {
    /// Below the folder of manuals.
    pub(crate) fn folder(&self) -> String {
        let section = self.file.rsplit('.').next().unwrap_or_default();
        match self.language {
            Language::English => format!("man{section}"),
            Language::Japanese => format!("ja/man{section}"),
        }
    }
}

/// Parts of a README that stand in a page: the title there, the heading here.
struct Part {
    title: &'static str,
    readme: &'static str,
    heading: &'static str,
}

const fn part(title: &'static str, readme: &'static str, heading: &'static str) -> Part {
    Part { title, readme, heading }
}

const ADMIN: &str = include_str!("../../agent/admin/README.md");
const AGENT: &str = include_str!("../../agent/daemon/README.md");
const CTL: &str = include_str!("../../agent/ctl/README.md");
const GATE: &str = include_str!("../../agent/gate/README.md");
const LEDGER: &str = include_str!("../../ledger/README.md");
const PAM: &str = include_str!("../../agent/pam/README.md");
const SEAT: &str = include_str!("../../agent/seat/README.md");

/// The programs, with the section of their pages and what else is said there.
fn programs() -> [(Command, &'static str, Vec<Part>); 6] {
    [
        (sekisho_ctl::command(Language::English), "1", vec![]),
        (
            sekisho_admin::command(),
            "1",
            vec![
                part("TWO COMMANDS", ADMIN, "Two commands"),
                part("EXIT STATUS", ADMIN, "How it ends"),
                part("EVIDENCE FILES", ADMIN, "The life of an evidence file"),
                part("THE CONSOLE", ADMIN, "The life of a session of the web console"),
                part("THE FILE OF CHANGES", ADMIN, "The file of changes"),
            ],
        ),
        (
            sekisho_agent::arguments::Arguments::command(),
            "8",
            vec![
                part("A JOURNAL THAT THE AGENT REFUSES", AGENT, "A journal that the agent refuses"),
                part("WHERE THE KEYS LIE", AGENT, "Where the keys lie"),
                part("THE SCREEN", AGENT, "The screen"),
                part("SLEEP", AGENT, "Sleep"),
            ],
        ),
        (sekisho_gate::command(), "8", vec![part("SETTING UP", GATE, "Setting up")]),
        (
            sekisho_seat::command(),
            "1",
            vec![
                part("SETTING UP", SEAT, "Setting up"),
                part("CONFIGURATION", SEAT, "Configuration: `seat.toml`"),
                part("IDLE", SEAT, "The life of an idle lock"),
                part("THE PIN", SEAT, "The life of a question"),
                part("THE LOCKER", SEAT, "The life of a lock"),
            ],
        ),
        (
            sekisho_ledger::arguments::Arguments::command(),
            "8",
            vec![
                part("A TOWN", LEDGER, "A town on one machine"),
                part("SETTING UP", LEDGER, "Setting up"),
                part("CONFIGURATION", LEDGER, "Configuration: `ledger.toml`"),
                part("THE CONSOLE", LEDGER, "The console"),
                part("TELLING PEOPLE WHAT WAITS", LEDGER, "Telling people what waits"),
                part("NUMBERS FOR PROMETHEUS", LEDGER, "Numbers for Prometheus"),
                part("WHEN A LOG HAS STOPPED", LEDGER, "When a log has stopped"),
                part("BACKUPS", LEDGER, "Backups"),
                part("RESTORE", LEDGER, "Restore"),
                part("WITNESSES", LEDGER, "Witnesses"),
                part("CHANGING A LOG'S KEY", LEDGER, "Changing a log's key"),
                part("COLD SEGMENTS", LEDGER, "Cold segments"),
                part("THE MONTH'S SHEET", LEDGER, "The month's sheet"),
            ],
        ),
    ]
}

/// What has no command line of its own: name, section, what it is, what is said.
fn others() -> [(&'static str, &'static str, &'static str, Vec<Part>); 3] {
    [
        (
            "sekisho-agent.toml",
            "5",
            "the configuration of a clerk terminal's agent",
            vec![part("DESCRIPTION", AGENT, "Configuration: `agent.toml`")],
        ),
        (
            "sekisho-programs.toml",
            "5",
            "the programs that the panel of sekisho(1) starts under a grant",
            vec![part("DESCRIPTION", CTL, "Programs that the panel starts")],
        ),
        (
            "pam_sekisho",
            "8",
            "logins, screen lockers and sudo by operator card and PIN",
            vec![
                part("SETTING IT UP", PAM, "Setting it up"),
                part("THE LIFE OF A LOGIN", PAM, "The life of a login"),
                part("BREAKING THE GLASS", PAM, "Breaking the glass"),
                part("RETURN VALUES", PAM, "What is returned"),
            ],
        ),
    ]
}

/// The programs' command lines, for completions.
pub(crate) fn commands() -> impl Iterator<Item = Command> {
    programs().into_iter().map(|(command, ..)| command)
}

/// The manual is the help: no page tells of `help` as a command.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// All of them.
///
/// # Errors
/// When a README has lost a section.
pub(crate) fn all() -> io::Result<Vec<Page>> {
    let mut pages = Vec::new();
    for (command, section, parts) in programs() {
        of_command(&mut pages, command, section, Language::English, &parts)?;
    }
    of_command(&mut pages, sekisho_ctl::command(Language::Japanese), "1", Language::Japanese, &[])?;
    for (name, section, what, parts) in others() {
        let mut page = Roff::new();
        page.control("TH", [name, section, "", &source(), "Sekisho"]);
        page.control("SH", ["NAME"]).text([roff::roman(format!("{name} - {what}"))]);
        append(&mut page, &parts)?;
        pages.push(Page {
            file: format!("{name}.{section}"),
            language: Language::English,
            roff: ragged(page.to_roff().as_bytes()),
        });
    }
    Ok(pages)
}

/// A page for the command, and one for each command in it.
fn of_command(
    pages: &mut Vec<Page>,
    command: Command,
    section: &str,
    language: Language,
    parts: &[Part],
) -> io::Result<()> {
    let mut command = without_help(command);
    command.build();
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        of_command(pages, inner.clone(), section, language, &[])?;
    }
    let source = source();
    let man = Man::new(command).section(section).source(source).manual("Sekisho");
    let file = man.get_filename();
    let mut roff = Vec::new();
    man.render(&mut roff)?;
    let mut more = Roff::new();
    append(&mut more, parts)?;
    roff.extend(more.to_roff().into_bytes());
    pages.push(Page { file, language, roff: ragged(&roff) });
    Ok(())
}

/// The Japanese beside the English is one long word to the formatter: it may end a line behind any of its characters, and lines end where they end.
fn ragged(roff: &[u8]) -> Vec<u8> {
    let mut page = String::new();
    let mut is_name = false;
    for line in String::from_utf8_lossy(roff).lines() {
        // `whatis` reads that line, and no escapes.
        page.push_str(&if is_name { line.to_owned() } else { breakable(line) });
        page.push('\n');
        if line.starts_with(".TH ") {
            page.push_str(".ad l\n");
        }
        is_name = line == ".SH NAME";
    }
    page.into_bytes()
}

fn breakable(line: &str) -> String {
    let is_wide = |c: char| ('\u{3000}'..='\u{ffef}').contains(&c);
    let mut broken = String::new();
    for (at, c) in line.char_indices() {
        let before = line[..at].chars().next_back().filter(|before| is_wide(*before));
        // 行頭禁則, 行末禁則.
        let may = before.is_some_and(|before| !"（「『【".contains(before))
            && !"、。，．）」』】・ーぁぃぅぇぉっゃゅょァィゥェォッャュョ".contains(c);
        if is_wide(c) && may {
            broken.push_str("\\:");
        }
        broken.push(c);
    }
    broken
}

fn source() -> String {
    format!("Sekisho {}", env!("CARGO_PKG_VERSION"))
}

fn append(page: &mut Roff, parts: &[Part]) -> io::Result<()> {
    for Part { title, readme, heading } in parts {
        let text = markdown::section(readme, heading);
        let text = text.ok_or_else(|| io::Error::other(format!("no README has the section '{heading}' any more")))?;
        page.control("SH", [*title]);
        markdown::append(page, text);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
