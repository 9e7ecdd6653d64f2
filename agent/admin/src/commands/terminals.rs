//! Terminals: invitation, enrolment, state, how far their records have come.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_link::MissingRange;
use sekisho_register::Ed25519Key;
use sekisho_register::change::{Change, OpenEpoch, SetTerminal, SetTerminalState, TerminalUse};
use sekisho_register::wareki::moment_text;

use super::decisions::since;
use super::registers;
use crate::cli::{EnrolArguments, TerminalChange, TerminalCommand};
use crate::desk::Desk;
use crate::error::{AdminError, Thing};
use crate::fingerprint;
use crate::home::write_new_secret;
use crate::invitation;
use crate::ledger::Waiting;
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: TerminalCommand) -> Result<(), AdminError> {
    match command {
        TerminalCommand::Invite { terminal, out } => {
            desk.log_in()?;
            let (code, expires) = desk.ledger.invite(terminal.as_str())?;
            // What the terminal is to believe is written by the ledger: it could lead it into an office of its own.
            invitation::expect_ours(&code, &terminal, &desk.office, envelope(desk)?)?;
            write_new_secret(&out, format!("{}\n", code.trim_end()).as_bytes())?;
            let until = moment_text(expires, desk.screen.language);
            let out = out.display();
            desk.screen.note(
                &format!("the code in {out} enrols {terminal} once, until {until}"),
                &format!("{out} のコードで {terminal} を一度だけ登録できます(期限: {until})"),
            );
            Ok(())
        }
        TerminalCommand::Pending => pending(desk),
        TerminalCommand::Enrol(arguments) => enrol(desk, arguments),
        TerminalCommand::Suspend(change) => state(desk, change, TerminalUse::Suspended),
        TerminalCommand::Lift(change) => state(desk, change, TerminalUse::Active),
        TerminalCommand::Retire(change) => state(desk, change, TerminalUse::Retired),
        TerminalCommand::OpenEpoch { terminal, epoch, reason } => {
            warn_of_what_it_holds(desk, &terminal)?;
            desk.submit(vec![Change::OpenEpoch(OpenEpoch { terminal, epoch, reason })], &[]).map(drop)
        }
        TerminalCommand::List { unattended } => registers::list_terminals(desk, unattended),
        TerminalCommand::Behind => behind(desk),
    }
}

fn state(desk: &mut Desk, change: TerminalChange, state: TerminalUse) -> Result<(), AdminError> {
    let change = SetTerminalState { terminal: change.terminal, state, effective: since(change.since) };
    desk.submit(vec![Change::TerminalState(change)], &[]).map(drop)
}

/// What a terminal has not sent comes in its new epoch: whoever opens one says so knowingly, for it is shown as brought later.
fn warn_of_what_it_holds(desk: &mut Desk, terminal: &sekisho_wire::id::Code) -> Result<(), AdminError> {
    desk.log_in()?;
    // Whoever may not look may still decide; what keeps him from the ledger keeps the act from it as well.
    let rows = desk.ledger.behind().unwrap_or_default();
    let holds = rows.into_iter().find(|row| row.terminal == terminal.as_str()).map_or(0, |row| row.holds);
    if holds == 0 {
        return Ok(());
    }
    desk.screen.confirm(
        &format!("{terminal} said last that it holds {holds} records that are not in the ledger; it will carry them into the new epoch, where they are shown as brought later. Begin one?"),
        &format!("{terminal} には台帳に未着の記録が{holds}件あります。新しい履歴に引き継がれ、後から届いた記録として表示されます。始めますか?"),
    )
}

fn pending(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let mut table = Table::new(&[
        ("terminal", desk.screen.words("terminal", "端末機")),
        ("fingerprint", desk.screen.words("fingerprint", "鍵の指紋")),
        ("at", desk.screen.words("asked", "申込日時")),
    ]);
    for waiting in desk.ledger.waiting()? {
        let key = key_of(&waiting)?;
        let fingerprint = invitation::fingerprint(&waiting.terminal, &key, &desk.office, envelope(desk)?);
        table.row([waiting.terminal, fingerprint, moment_text(waiting.at, desk.screen.language)]);
    }
    desk.screen.print_table(&table)
}

/// The key for envelopes, as the founding act names it.
fn envelope(desk: &Desk) -> Result<&[u8], AdminError> {
    desk.cache.register().founding().map(|found| found.keys.envelope.as_bytes()).ok_or(AdminError::NoOffice)
}

fn key_of(waiting: &Waiting) -> Result<[u8; 32], AdminError> {
    let bytes = STANDARD.decode(&waiting.key).map_err(|_| AdminError::Ledger("a key that is not base64"))?;
    bytes.try_into().map_err(|_| AdminError::Ledger("a key that has not 32 bytes"))
}

fn enrol(desk: &mut Desk, arguments: EnrolArguments) -> Result<(), AdminError> {
    desk.log_in()?;
    let unknown = || AdminError::Unknown { what: Thing::WaitingTerminal, code: arguments.terminal.to_string() };
    let waiting = desk.ledger.waiting()?;
    // One code may have been tried twice; the newest is the one on the terminal's screen.
    let mine = waiting
        .iter()
        .filter(|waiting| waiting.terminal == arguments.terminal.as_str())
        .max_by_key(|waiting| waiting.at);
    let key = key_of(mine.ok_or_else(unknown)?)?;
    let terminal = &arguments.terminal;
    let found = invitation::fingerprint(terminal.as_str(), &key, &desk.office, envelope(desk)?);
    let question = (
        format!("does the screen of {terminal} show {found}?"),
        format!("{terminal} の画面に {found} と表示されていますか?"),
    );
    fingerprint::compare(&desk.screen, arguments.fingerprint.as_deref(), &found, (&question.0, &question.1))?;
    let terminal = SetTerminal {
        terminal: arguments.terminal,
        kind: arguments.kind,
        section: arguments.section,
        responsible: arguments.responsible,
        functions: arguments.functions,
        readers: arguments.readers,
        key: Ed25519Key(key),
    };
    desk.submit(vec![Change::Terminal(Box::new(terminal))], &[]).map(drop)
}

fn behind(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let mut table = Table::new(&[
        ("terminal", desk.screen.words("terminal", "端末機")),
        ("last_heard", desk.screen.words("last heard", "最終受信")),
        ("epoch", desk.screen.words("epoch", "履歴番号")),
        ("next", desk.screen.words("records", "受信済み")),
        ("holds", desk.screen.words("not sent yet", "未送信")),
        ("missing", desk.screen.words("not arrived", "未着")),
        ("lost", desk.screen.words("lost", "喪失")),
    ]);
    for row in desk.ledger.behind()? {
        let heard = row.last_heard.map_or_else(|| "-".to_owned(), |at| moment_text(at, desk.screen.language));
        let shown = |is_lost: bool| {
            let own = row.missing.iter().filter(|range| range.said.is_some() == is_lost);
            let ranges: Vec<String> = own.map(range).collect();
            if ranges.is_empty() { "-".to_owned() } else { ranges.join(", ") }
        };
        let (missing, lost) = (shown(false), shown(true));
        let (epoch, next, holds) = (row.epoch.to_string(), row.next.to_string(), row.holds.to_string());
        table.row([row.terminal.clone(), heard, epoch, next, holds, missing, lost]);
    }
    desk.screen.print_table(&table)
}

/// Epoch and seqs, as 0:4-8.
fn range(range: &MissingRange) -> String {
    let to = range.to.map_or_else(String::new, |to| to.to_string());
    format!("{}:{}-{to}", range.epoch, range.from)
}
