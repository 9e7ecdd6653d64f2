//! The ledger's logs: what is left of those that have stopped, the act by which another goes on, and the one that changes a key.

use std::io;
use std::path::Path;

use sekisho_register::Change;
use sekisho_register::Ed25519Key;
use sekisho_register::change::{Log, SetLogKey, SucceedLog};
use sekisho_tlog::{KeyKind, VerifyingKey};
use sekisho_wire::id::Hash;
use sekisho_wire::words::Language;

use super::log_export;
use crate::act_draft::takes_two;
use crate::cli::{LogCommand, SucceedArguments};
use crate::desk::Desk;
use crate::error::{AdminError, Said, Thing};
use crate::log_tiles::LogTiles;
use crate::proposal_file::{self, Proposed};
use crate::seen;
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: LogCommand) -> Result<(), AdminError> {
    match command {
        LogCommand::Lost => list(desk),
        LogCommand::Succeed(arguments) => succeed(desk, arguments),
        LogCommand::Approve { file } => approve(desk, Proposed::read(&file)?),
        LogCommand::Rekey { key } => rekey(desk, &key),
        LogCommand::Export(arguments) => log_export::run(desk, &arguments),
    }
}

/// The key's name says of which log of which office it is.
fn rekey(desk: &mut Desk, text: &str) -> Result<(), AdminError> {
    desk.log_in()?;
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

fn list(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let lost = desk.ledger.lost()?;
    let mut table = Table::new(&[
        ("log", desk.screen.words("log", "ログ")),
        ("left", desk.screen.words("left", "残存")),
        ("signed", desk.screen.words("signed", "署名済み")),
        ("refillable", desk.screen.words("can be filled", "補充")),
        ("cause", desk.screen.words("why it has stopped", "停止の理由")),
    ]);
    for lost in &lost {
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

/// What is left of a log, as the ledger says and as this desk has found it to continue what it verified before.
struct Left {
    size: u64,
    root: sekisho_tlog::Hash,
    /// As far as anybody has shown, this desk included.
    signed: u64,
    refillable: bool,
}

/// What is given up must not be what this desk knows to be there: what is left is held against what it verified last.
fn left(desk: &mut Desk, log: Log) -> Result<Left, AdminError> {
    desk.log_in()?;
    let lost = desk.ledger.lost()?;
    let name = log.name(Language::English);
    let unknown = || AdminError::Unknown { what: Thing::StoppedLog, code: name.to_owned() };
    let lost = lost.iter().find(|lost| lost.log == name).ok_or_else(unknown)?;
    let (size, root, keys) = (lost.size, lost.root()?, desk.log_keys(log)?);
    let tiles = LogTiles::new(&desk.ledger, log, size);
    seen::expect_kept(&desk.home, log, &keys, (size, root), &tiles, desk.base(log))?;
    // What this very desk has verified is no word of the ledger's.
    let signed = lost.signed.max(seen::size(&desk.home, log, &keys)?);
    Ok(Left { size, root, signed, refillable: lost.refillable })
}

fn succeed(desk: &mut Desk, SucceedArguments { log, to }: SucceedArguments) -> Result<(), AdminError> {
    let log = log.log();
    let left = left(desk, log)?;
    if left.refillable {
        desk.screen.note(
            "terminals may still bring what is missing; whoever is switched off now cannot: wait for them first",
            "不足分は端末機から補充できる可能性があります。停止中の端末機がある場合は、先に起動してください",
        );
    }
    let (kept_size, kept_root, signed_size) = (left.size, Hash(left.root.0), left.signed);
    let change = Change::SucceedLog(SucceedLog { log, kept_size, kept_root, signed_size });
    let by_hand =
        log == Log::Casebook && (desk.proposes() || takes_two(desk.cache.register(), std::slice::from_ref(&change)));
    match (by_hand, to) {
        (true, Some(file)) => return propose_by_hand(desk, change, &file),
        (true, None) => {
            return Err(to_wrong(
                "",
                "the casebook takes no proposal: give '--to FILE', for the approver",
                "処理簿に申請できないため、承認者に渡すファイルを「--to」で指定してください",
            ));
        }
        (false, Some(file)) => {
            return Err(to_wrong(
                &file.display().to_string(),
                "this is proposed in the casebook; only what the casebook cannot take goes by a file",
                "処理簿に申請するものです。ファイルで渡すのは、処理簿に申請できない場合だけです",
            ));
        }
        (false, None) => {}
    }
    desk.submit(vec![change], &[])?;
    say_what_is_next(desk, log);
    Ok(())
}

fn to_wrong(value: &str, english: &str, japanese: &str) -> AdminError {
    AdminError::Argument { name: "--to", value: value.to_owned(), rule: Said::new(english, japanese) }
}

fn propose_by_hand(desk: &mut Desk, change: Change, file: &Path) -> Result<(), AdminError> {
    if file.exists() {
        let cause = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(AdminError::File { path: file.to_owned(), cause });
    }
    let proposal = desk.sign_proposal(change)?;
    proposal_file::write(file, &proposal)?;
    let file = file.display();
    desk.screen.note(
        &format!("proposed in {file}: take it to another administrator's desk, where 'sekisho-admin log approve {file}' shows it and signs it"),
        &format!("申請を {file} に書き出しました。別の管理者の端末に渡し、「sekisho-admin log approve {file}」で内容を確認のうえ承認してもらってください"),
    );
    Ok(())
}

/// The approver's own desk looks for itself what is left: the file is one person's word.
fn approve(desk: &mut Desk, proposed: Proposed) -> Result<(), AdminError> {
    let SucceedLog { log, kept_size, kept_root, signed_size } = proposed.change;
    let left = left(desk, log)?;
    if (left.size, left.root.0) != (kept_size, kept_root.0) {
        return Err(AdminError::OtherThanLeft { kept: kept_size, left: left.size });
    }
    if left.signed > signed_size {
        return Err(AdminError::MoreWasSigned { said: signed_size, known: left.signed });
    }
    desk.approve(proposed.entry, &[])?;
    say_what_is_next(desk, log);
    Ok(())
}

fn say_what_is_next(desk: &Desk, log: Log) {
    match log {
        Log::Records | Log::Register => desk.screen.note(
            "once it is approved, start the ledger again: the other log goes on then, and terminals send what they still have",
            "承認後に台帳を再起動してください。新しいログで再開し、端末機は手元の記録を再送します",
        ),
        Log::Casebook => desk.screen.note(
            "start the ledger again: the other casebook goes on then. What was proposed and is lost is proposed again; what terminals reported stands in the records ('sekisho-admin records search --kind incident_reported')",
            "台帳を再起動してください。新しい処理簿で再開します。失われた申請は改めて行ってください。端末機からの届出は操作記録で確認できます（「sekisho-admin records search --kind incident_reported」）",
        ),
    }
}
