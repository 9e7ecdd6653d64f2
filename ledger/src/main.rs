//! `sekisho-ledger`: reads the command line and calls the library.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use sekisho_ledger::arguments::{Arguments, Command, MediumCommand, WitnessCommand};
use sekisho_ledger::clock::{Clock, boot_time};
use sekisho_ledger::command;
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::media;
use sekisho_ledger::progress::{Meter, Progress, Reader};
use sekisho_ledger::sheet;
use sekisho_ledger::town::{Step, Wanted, hands as town};
use sekisho_ledger::witness::command as witness;
use sekisho_wire::id::OfficeId;
use sekisho_wire::words::Language;

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
            tell_what_failed(&error);
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode, LedgerError> {
    command.works_on().map_or(Ok(()), sekisho_ledger::data::check_whose)?;
    match command {
        Command::Init { data, name, listen, hosts, postgres, postgres_authority } => {
            let config = command::init(&data, &name, listen, hosts, postgres, postgres_authority)?;
            say(&format!(
                "ledger {} made in {}\n台帳 {} を {} に作成しました\n",
                config.name,
                data.display(),
                config.name,
                data.display()
            ));
        }
        Command::Town { folder, dry_run, data, name, listen, hosts, readers, medium, medium_name, keys, further } => {
            let host = command::machine_name();
            let name = name.unwrap_or_else(|| host.clone());
            let hosts = if hosts.is_empty() { vec![host] } else { hosts };
            let wanted = Wanted { folder, data, name, listen, hosts, readers, medium, medium_name, keys, further };
            set_up(&wanted, dry_run)?;
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
        Command::LogKey { data, office, log, simulated_clock } => {
            let key = command::log_key(&data, &office, log, &*command::clock(simulated_clock)?)?;
            say(&format!("{key}\n"));
            complain(
                "two administrators name it with `sekisho-admin log rekey KEY`; until then nothing is signed by it. Without listed media, copy the database first\n\
                 管理者2名が `sekisho-admin log rekey 鍵` で承認すると、この鍵での署名が始まります。媒体を登録していない場合は、先にデータベースを複製してください\n",
            );
        }
        Command::Serve { data, metrics_socket, simulated_clock } => {
            command::serve(&data, metrics_socket.as_deref(), command::clock(simulated_clock)?)?;
        }
        Command::Fsck { data, office, simulated_clock } => {
            return fsck(&data, office.as_ref(), &*command::clock(simulated_clock)?);
        }
        Command::Status { data, simulated_clock } => {
            say(&command::status(&data, &*command::clock(simulated_clock)?)?);
        }
        Command::Tell { data, office, lang, simulated_clock, program } => {
            let language = if lang == "en" { Language::English } else { Language::Japanese };
            return tell(&data, office.as_ref(), (&program, language), &*command::clock(simulated_clock)?);
        }
        Command::Backup { data, to: None, earlier: _, simulated_clock } => {
            return backup_to_media(&data, command::clock(simulated_clock)?.now());
        }
        Command::Medium(command) => of_medium(command)?,
        Command::CopyKeys { data, to, simulated_clock } => {
            media::key_copy::copy_keys(&data, &to, command::clock(simulated_clock)?.now())?;
            let to = to.display();
            say(&format!(
                "keys copied to {to}: put them into the safe, apart from every backup, and destroy older copies that lie elsewhere\n\
                 鍵を {to} に複製しました。バックアップとは別に金庫に保管し、他の場所にある古い複製は破棄してください\n"
            ));
        }
        Command::Restore { data, from, keys } => return restore(&data, &from, &keys),
        Command::Backup { data, to: Some(to), earlier, simulated_clock: _ } => {
            let copied = sekisho_ledger::backup::backup_beside(&data, &to, earlier.as_deref())?;
            let (offices, entries, to) = (copied.offices, copied.entries, to.display());
            say(&format!(
                "{offices} offices with {entries} entries copied to {to}; keep the keys in another place\n\
                 {offices} 団体、{entries} 件を {to} に複製しました。鍵は別の場所に保管してください\n"
            ));
            let (written, named) = (copied.segments, copied.segments_named);
            if written + named > 0 {
                say(&format!(
                    "cold segments: {written} written, {named} shared with the earlier copy\n\
                     コールド保管: {written} ファイルを複製、{named} ファイルを以前の複製と共有\n"
                ));
            }
        }
        Command::MoveBook { data, to_postgres, postgres_authority, to_file: _ } => {
            return move_book(&data, to_postgres, postgres_authority);
        }
        Command::Warm { data } => {
            let warmed = watched(
                |told| format!("making entries hot again（復元中）: {told}"),
                |progress| sekisho_ledger::cold::warm(&data, &mut counted(progress)),
            )?;
            let (segments, entries) = (warmed.segments, warmed.entries);
            say(&format!(
                "{entries} entries of {segments} segments are in the database again, and ledger.toml names no cold directory any more\n\
                 {segments} ファイル、{entries} 件をデータベースに戻し、ledger.toml から cold を削除しました\n"
            ));
        }
        Command::Resume { data, office, log, i_have_checked: _, simulated_clock } => {
            let note = command::resume(&data, &office, log, command::clock(simulated_clock)?)?;
            say(&format!("log {log} goes on; it had stopped because {}\nログ {log} を再開しました\n", note.halt));
        }
        Command::GoOn { data, office, i_have_checked: _ } => {
            let awaited = command::go_on(&data, &office)?;
            say(&format!("the ledger goes on; it had waited: {awaited}\n確認待ちを終え、書き込みを始めます\n"));
        }
        Command::PrintCheckpoint { data, office, out, simulated_clock } => {
            let page = sheet::sheet(&data, &office, command::clock(simulated_clock)?.now())?;
            let written = sekisho_ledger::data::replace_file(&out, page.as_bytes());
            written.map_err(LedgerError::file("write", &out))?;
            let out = out.display();
            say(&format!(
                "print {out}, have it stamped, and put it into the safe\n{out} を印刷し、押印して金庫に保管してください\n"
            ));
        }
        Command::CheckCheckpoint { data, note, url, authority, key, sheet_key } => {
            let keys = (key.as_deref(), sheet_key.as_deref());
            return check_checkpoint(data.as_deref(), &note, url.as_deref(), authority.as_deref(), keys);
        }
        Command::Witness(command) => of_witness(command)?,
        Command::Reindex { data } => {
            let taken = command::reindex(&data)?;
            say(&format!("{taken} entries taken into the index\n{taken} 件を索引に登録しました\n"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check_checkpoint(
    data: Option<&Path>,
    note: &Path,
    url: Option<&str>,
    authority: Option<&Path>,
    (key, earlier): (Option<&str>, Option<&str>),
) -> Result<ExitCode, LedgerError> {
    let text = std::fs::read(note).map_err(LedgerError::file("read", note))?;
    let of_the_sheet = |error| if let LedgerError::Tlog(error) = error { LedgerError::NoSheet(error) } else { error };
    let sheet = sheet::check::Sheet::read(&String::from_utf8_lossy(&text)).map_err(of_the_sheet)?;
    let fit = match (data, url, authority, key) {
        (None, Some(url), Some(authority), Some(key)) => {
            let authority = std::fs::read(authority).map_err(LedgerError::file("read", authority))?;
            let earlier = earlier.map(str::parse).transpose()?;
            sheet.check_over(url, &authority, &key.parse()?, earlier.as_ref())?
        }
        (data, _, _, _) => sheet.check(data.unwrap_or(Path::new("."))).map_err(of_the_sheet)?,
    };
    say(&format!("{}: {fit}\n{}\n", sheet.origin(), fit.japanese()));
    Ok(if fit.is_good() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn of_witness(command: WitnessCommand) -> Result<(), LedgerError> {
    match command {
        WitnessCommand::Init { data, name, listen, hosts } => {
            let key = witness::init(&data, &name, listen, hosts)?;
            let data = data.display();
            say(&format!("witness {key} made in {data}\n立会人 {name} を {data} に作成しました\n"));
        }
        WitnessCommand::AddLog { data, key } => {
            for key in key {
                let key = witness::add_log(&data, &key)?;
                say(&format!("watches {}\n{} を見守ります\n", key.name(), key.name()));
            }
        }
        WitnessCommand::DropKey { data, key } => {
            let key = witness::drop_key(&data, &key)?;
            say(&format!("believes that key of {} no more\n{} の旧い鍵を除きました\n", key.name(), key.name()));
        }
        WitnessCommand::Serve { data, simulated_clock } => witness::serve(&data, command::clock(simulated_clock)?)?,
        WitnessCommand::Status { data } => say(&witness::status(&data)?),
        WitnessCommand::Key { data } => say(&witness::key(&data)?),
        WitnessCommand::Moved { data, it_was_stopped_first: _ } => {
            let logs = witness::moved(&data)?;
            say(&format!("goes on with {logs} logs\n{logs} 件のログで継続します\n"));
        }
    }
    Ok(())
}

fn set_up(wanted: &Wanted, dry_run: bool) -> Result<(), LedgerError> {
    if dry_run {
        let there = town::look(wanted)?;
        Step::ALL.iter().for_each(|step| say(&town::line(*step, &step.state(wanted, &there))));
        return Ok(());
    }
    town::carry_out(wanted, &*command::clock(None)?, &mut |line| say(line))?;
    say(&town::for_the_safe(wanted, &town::look(wanted)?));
    Ok(())
}

/// All that could be made are told of, also where another could not.
fn backup_to_media(data: &Path, now: u64) -> Result<ExitCode, LedgerError> {
    let mut code = ExitCode::SUCCESS;
    for done in media::generation::backup_to_media(data, now)? {
        match done.result {
            Ok(verified) => {
                let (name, generation, entries) = (&done.name, &verified.generation, verified.entries);
                say(&format!(
                    "{name}: {generation} with {entries} entries written, read again, and sound\n\
                     {name}: {generation}（{entries} 件）を書き込み、検証しました\n"
                ));
            }
            Err(error) => {
                tell_what_failed(&error);
                code = ExitCode::from(2);
            }
        }
    }
    Ok(code)
}

fn of_medium(command: MediumCommand) -> Result<(), LedgerError> {
    match command {
        MediumCommand::Add { data, at, name, simulated_clock } => {
            let medium = media::add(&data, &at, &name, command::clock(simulated_clock)?.now())?;
            let (name, at) = (medium.name, medium.at.display());
            say(&format!(
                "{name} at {at} is listed: write its name on the label\n{name}（{at}）を登録しました。ラベルに名前を書いてください\n"
            ));
        }
        MediumCommand::List { data, simulated_clock } => {
            say(&command::media_status(&data, &*command::clock(simulated_clock)?)?);
        }
        MediumCommand::Keep { data, name, place } => {
            let name = media::keep(&data, &name, &place)?.name;
            say(&format!("{name} is kept at {place}\n{name} の保管場所を {place} と登録しました\n"));
        }
        MediumCommand::Forget { data, name } => {
            let medium = media::forget(&data, &name)?;
            let (name, at) = (medium.name, medium.at.display());
            say(&format!("{name} at {at} is no longer listed\n{name}（{at}）を登録から外しました\n"));
        }
    }
    Ok(())
}

fn restore(data: &Path, from: &Path, keys: &Path) -> Result<ExitCode, LedgerError> {
    let restored = watched(
        |told| format!("checking entries（検査中）: {told}"),
        |progress| media::restore::restore(data, from, keys, progress),
    )?;
    for (english, japanese) in &restored.told {
        say(&format!("{english}\n  {japanese}\n"));
    }
    if restored.from_others > 0 {
        let files = restored.from_others;
        say(&format!(
            "{files} files of cold entries have decayed in that backup and were taken from another on the medium: copy what it holds, and use a new one\n\
             コールド保管のファイル {files} 件が劣化していたため、媒体内の別のバックアップから復元しました。媒体を交換してください\n"
        ));
    }
    say(&restored.to_look_at());
    let (ledger, generation, entries) = (restored.ledger, restored.verified.generation, restored.verified.entries);
    let (at, data) = (sekisho_ledger::clock::stamp(restored.verified.at), data.display());
    say(&format!(
        "ledger {ledger} put back into {data} as it was at {at} ({generation}, {entries} entries). Start it, and have the terminals on: they bring what came later\n\
         台帳 {ledger} を {at} の状態で {data} に復元しました（{generation}、{entries} 件）。起動し、端末機の電源を入れてください。以降の記録は端末機から補充されます\n"
    ));
    Ok(ExitCode::SUCCESS)
}

fn move_book(data: &Path, postgres: Option<String>, authority: Option<PathBuf>) -> Result<ExitCode, LedgerError> {
    let moved = watched(
        |told| format!("copying entries（複製中）: {told}"),
        |progress| sekisho_ledger::move_book::move_book(data, postgres, authority, &mut counted(progress)),
    )?;
    let (entries, to, old) = (moved.entries, moved.to, moved.old);
    say(&format!(
        "{entries} entries moved to {to}. Run fsck, then start the ledger; the old book is still at {old}\n{entries} 件を {to} に移しました。fsck の後に台帳を起動してください。元の台帳は {old} に残っています\n"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Does long work, and shows how far it has come.
fn watched<T>(words: impl Fn(&str) -> String, work: impl FnOnce(&mut dyn FnMut(Progress)) -> T) -> T {
    let reader = if std::io::stderr().is_terminal() { Reader::Person } else { Reader::File };
    let mut meter = Meter::new(reader, boot_time());
    let done = work(&mut |progress| meter.say(progress, &words, boot_time()).iter().for_each(|text| complain(text)));
    complain(meter.end());
    done
}

/// The same for work that does not know how much there is.
fn counted(progress: &mut dyn FnMut(Progress)) -> impl FnMut(u64) {
    |done| progress(Progress { done, of: None })
}

fn fsck(data: &Path, office: Option<&OfficeId>, clock: &dyn Clock) -> Result<ExitCode, LedgerError> {
    let report = watched(
        |told| format!("checking entries（検査中）: {told}"),
        |progress| command::fsck(data, office, clock, progress),
    )?;
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

fn tell(
    data: &Path,
    office: Option<&OfficeId>,
    (program, language): (&[OsString], Language),
    clock: &dyn Clock,
) -> Result<ExitCode, LedgerError> {
    let outcome = sekisho_ledger::tell::tell(data, office, program, language, clock)?;
    for message in &outcome.messages {
        say(&format!("{message}\n"));
    }
    for failure in &outcome.failures {
        complain(&format!(
            "sekisho-ledger: not told: {failure}\n  It is tried again the next time.\n  次回もう一度通知を試みます。\n"
        ));
    }
    Ok(if outcome.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn tell_what_failed(error: &LedgerError) {
    let (english, japanese) = error.next_step();
    complain(&format!("sekisho-ledger: {error}\n  {english}\n  {japanese}\n"));
}

/// A broken pipe is the reader's affair.
fn say(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
}

fn complain(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}
