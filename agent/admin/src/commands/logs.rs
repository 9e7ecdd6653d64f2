//! The ledger's logs: what is left of those that have stopped, the act by which another goes on, and the one that changes a key.

use sekisho_register::Change;
use sekisho_register::Ed25519Key;
use sekisho_register::change::{Log, SetLogKey, SucceedLog};
use sekisho_tlog::{KeyKind, VerifyingKey};
use sekisho_wire::id::Hash;

use crate::cli::LogCommand;
use crate::desk::Desk;
use crate::error::{AdminError, Said, Thing};
use crate::ledger::Lost;
use crate::seen;
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: LogCommand) -> Result<(), AdminError> {
    desk.log_in()?;
    match command {
        LogCommand::Lost => list(desk, &desk.ledger.lost()?),
        LogCommand::Succeed => {
            let lost = desk.ledger.lost()?;
            succeed(desk, &lost)
        }
        LogCommand::Rekey { key } => rekey(desk, &key),
    }
}

/// The key's name says of which log of which office it is.
fn rekey(desk: &mut Desk, text: &str) -> Result<(), AdminError> {
    let wrong = || AdminError::Argument {
        name: "NAME+ID+KEY",
        value: text.to_owned(),
        rule: Said::new(
            "the key of a log of this office, as `sekisho-ledger log-key` shows it",
            "`sekisho-ledger log-key` が表示した、この団体のログの鍵を指定します",
        ),
    };
    let key: VerifyingKey = text.parse().map_err(|_| wrong())?;
    let mut of_log = None;
    for log in [Log::Records, Log::Register, Log::Casebook] {
        if desk.log_keys(log)?.origin() == key.name() && key.kind() == KeyKind::Ed25519 {
            of_log = Some(log);
        }
    }
    let change = SetLogKey { log: of_log.ok_or_else(wrong)?, key: Ed25519Key(key.to_bytes()) };
    desk.submit(vec![Change::LogKey(change)], &[])?;
    desk.screen.note(
        "once it is approved, give the new key to whoever runs a witness, and to auditors, and introduce yourselves to partner offices anew; terminals learn of it by themselves",
        "承認後、立会人の運用者と監査人に新しい鍵を渡し、連携団体には自団体を紹介し直してください。端末機には自動で伝わります",
    );
    Ok(())
}

fn list(desk: &Desk, lost: &[Lost]) -> Result<(), AdminError> {
    let mut table = Table::new(&[
        ("log", desk.screen.words("log", "ログ")),
        ("left", desk.screen.words("left", "残存")),
        ("signed", desk.screen.words("signed", "署名済み")),
        ("refillable", desk.screen.words("can be filled", "補充")),
        ("cause", desk.screen.words("why it has stopped", "停止の理由")),
    ]);
    for lost in lost {
        let refillable = if lost.refillable {
            desk.screen.words("terminals may bring it", "端末機から補充できる可能性あり")
        } else {
            desk.screen.words("no", "不可")
        };
        let (size, signed) = (lost.size.to_string(), lost.signed.to_string());
        table.row([lost.log.clone(), size, signed, refillable.to_owned(), lost.cause.clone()]);
    }
    if lost.is_empty() {
        desk.screen.note("no log has stopped", "停止しているログはありません");
    }
    desk.screen.print_table(&table)
}

fn succeed(desk: &mut Desk, lost: &[Lost]) -> Result<(), AdminError> {
    let name = Log::Records.name(sekisho_wire::words::Language::English);
    let unknown = || AdminError::Unknown { what: Thing::StoppedLog, code: name.to_owned() };
    let lost = lost.iter().find(|lost| lost.log == name).ok_or_else(unknown)?;
    // What this very desk has verified is no word of the ledger's.
    let seen = seen::size(&desk.home, Log::Records, &desk.log_keys(Log::Records)?)?;
    if lost.refillable {
        desk.screen.note(
            "terminals may still bring what is missing; whoever is switched off now cannot: wait for them first",
            "不足分は端末機から補充できる可能性があります。停止中の端末機がある場合は、先に起動してください",
        );
    }
    let kept_root = Hash(lost.root()?.0);
    let (kept_size, signed_size) = (lost.size, lost.signed.max(seen));
    let change = SucceedLog { log: Log::Records, kept_size, kept_root, signed_size };
    desk.submit(vec![Change::SucceedLog(change)], &[])?;
    desk.screen.note(
        "once it is approved, start the ledger again: the other log goes on then, and terminals send what they still have",
        "承認後に台帳を再起動してください。新しいログで再開し、端末機は手元の記録を再送します",
    );
    Ok(())
}
