//! `sekisho-ledger`: reads the command line and calls the library.
#![forbid(unsafe_code)]

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use sekisho_ledger::command;
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::store::LogName;
use sekisho_wire::id::OfficeId;
use sekisho_wire::words::Language;

/// The central ledger of Sekisho: takes every access record, loses none, proves that none changed.
/// （関所の中央台帳: すべての利用記録を受け取り、失わず、改変がないことを証明します）
#[derive(Parser)]
#[command(name = "sekisho-ledger", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a ledger: directory, keys, TLS authority, configuration （台帳を新しく作ります）
    Init {
        /// Where it is to live （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// What it is called, for ever: part of every log's name （台帳の名前。変更できません）
        #[arg(long)]
        name: String,
        /// Address and port to listen on （待ち受けるアドレスとポート）
        #[arg(long, value_name = "ADDR:PORT")]
        listen: SocketAddr,
        /// A host name or address that others reach it by; the first stands in codes （他から接続するときのホスト名）
        #[arg(long = "host", required = true, value_name = "HOST")]
        hosts: Vec<String>,
    },
    /// Give out a code that founds an office （団体を設置するコードを発行します）
    FoundingCode {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// How long it may be used: a number with s, m, h or d （有効期間）
        #[arg(long, default_value = "24h", value_parser = duration)]
        valid: Duration,
        /// Write it to this file (0600) instead of the screen （画面ではなくファイルに書き出します）
        #[arg(long)]
        out: Option<PathBuf>,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE")]
        simulated_clock: Option<PathBuf>,
    },
    /// Serve until SIGTERM （台帳を動かします）
    Serve {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE")]
        simulated_clock: Option<PathBuf>,
    },
    /// Check everything on the disk and name the first wrong entry; 0 sound, 1 findings, 2 cannot run （すべてを検査します）
    Fsck {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Only this office （この団体だけ）
        #[arg(long)]
        office: Option<OfficeId>,
    },
    /// Show the offices and how far their logs have come （団体とログの状態を表示します）
    Status {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
    },
    /// Copy database, checkpoints and configuration to a new directory, also while the ledger runs; keys are kept apart
    /// （データベース等の複製を作ります。鍵は含みません）
    Backup {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// A directory that does not exist yet or is empty （複製先。空のディレクトリ）
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Let a stopped log go on, after its reason was found and put right （停止したログを再開します）
    Resume {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
        /// Whose log （団体）
        #[arg(long)]
        office: OfficeId,
        /// Which log: records, register, casebook （ログの名前）
        #[arg(long, value_parser = log_name)]
        log: LogName,
        /// That fsck was run, the copies were compared, and nothing newer is known anywhere （確認済みであること）
        #[arg(long, required = true)]
        i_have_checked: bool,
        /// For tests: a file with milliseconds to add to the clock （試験用の模擬時計）
        #[arg(long, value_name = "FILE")]
        simulated_clock: Option<PathBuf>,
    },
    /// Make the search index again; the ledger must not be running （検索の索引を作り直します）
    Reindex {
        /// The ledger's directory （データディレクトリ）
        #[arg(long)]
        data: PathBuf,
    },
}

/// A ledger without its sequencer or follower takes records and never seals them, and nobody would notice: it ends, and its service
/// manager starts a whole one. The workers of HTTP answer for their own panics, the writer for those of its
/// plans; when the writer itself has ended, the sequencer does not outlive it.
fn end_with_its_threads() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        if matches!(std::thread::current().name(), Some("sequencer" | "follower")) {
            std::process::abort();
        }
    }));
}

fn main() -> ExitCode {
    // Whatever is made from here on is the ledger's alone, also what libraries make.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let logging = env_logger::Env::default().default_filter_or("info");
    env_logger::Builder::from_env(logging).target(env_logger::Target::Stderr).init();
    end_with_its_threads();
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            let (english, japanese) = error.next_step();
            complain(&format!("sekisho-ledger: {error}\n  {english}\n  {japanese}\n"));
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode, LedgerError> {
    match command {
        Command::Init { data, name, listen, hosts } => {
            let config = command::init(&data, &name, listen, hosts)?;
            say(&format!(
                "ledger {} made in {}\n台帳 {} を {} に作成しました\n",
                config.name,
                data.display(),
                config.name,
                data.display()
            ));
        }
        Command::FoundingCode { data, valid, out, simulated_clock } => {
            let code = command::founding_code(&data, valid, &*command::clock(simulated_clock)?)?;
            match out {
                Some(path) => {
                    let written = sekisho_ledger::data::replace_file(&path, format!("{code}\n").as_bytes());
                    written.map_err(LedgerError::file("write", &path))?;
                }
                None => say(&format!("{code}\n")),
            }
        }
        Command::Serve { data, simulated_clock } => command::serve(&data, command::clock(simulated_clock)?)?,
        Command::Fsck { data, office } => return fsck(&data, office.as_ref()),
        Command::Status { data } => say(&command::status(&data)?),
        Command::Backup { data, to } => {
            let copied = sekisho_ledger::backup::backup(&data, &to)?;
            let (offices, entries, to) = (copied.offices, copied.entries, to.display());
            say(&format!(
                "{offices} offices with {entries} entries copied to {to}; keep the keys in another place\n\
                 {offices} 団体、{entries} 件を {to} に複製しました。鍵は別の場所に保管してください\n"
            ));
        }
        Command::Resume { data, office, log, i_have_checked: _, simulated_clock } => {
            let note = command::resume(&data, &office, log, command::clock(simulated_clock)?)?;
            say(&format!("log {log} goes on; it had stopped because {}\nログ {log} を再開しました\n", note.halt));
        }
        Command::Reindex { data } => {
            let taken = command::reindex(&data)?;
            say(&format!("{taken} entries taken into the index\n{taken} 件を索引に登録しました\n"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn fsck(data: &std::path::Path, office: Option<&OfficeId>) -> Result<ExitCode, LedgerError> {
    let watched = std::io::stderr().is_terminal();
    let mut progress = |entries| {
        if watched {
            complain(&format!("\r{entries} entries checked（{entries} 件を検査済み）"));
        }
    };
    let report = command::fsck(data, office, &mut progress);
    if watched {
        // What was found stands on a line of its own.
        complain("\r\x1b[K");
    }
    let report = report?;
    for finding in &report.findings {
        say(&format!("{}\n  {}\n", finding.text(Language::English), finding.text(Language::Japanese)));
    }
    let (english, japanese) = (report.summary(Language::English), report.summary(Language::Japanese));
    if report.findings.is_empty() {
        say(&format!("sound: {english}\n異常なし: {japanese}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("NOT sound: {english}\n異常あり: {japanese}\n"));
    say("Stop the ledger, keep this disk as evidence, and restore the newest sound copy.\n");
    say("台帳を停止し、このディスクを証拠として保管し、正常な最新の複製を復元してください。\n");
    Ok(ExitCode::from(1))
}

fn log_name(text: &str) -> Result<LogName, String> {
    LogName::from_name(text).ok_or_else(|| "records, register or casebook".to_owned())
}

/// `24h` and the like.
fn duration(text: &str) -> Result<Duration, String> {
    let rule = || "a number with s, m, h or d, such as 24h".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(rule)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(rule()),
    };
    let number: u64 = number.parse().map_err(|_| rule())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(rule)
}

/// A broken pipe is the reader's affair.
fn say(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
}

fn complain(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}
