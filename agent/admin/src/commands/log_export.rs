//! The logs taken out of the ledger into a folder (EXPORT.md), for whoever verifies them without it. Interrupted, the same command goes on where it stopped;
//! the folder is an export once it was held against its checkpoints and signed.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::change::Log;
use sekisho_register::taking;
use sekisho_register::wareki::day_text;
use sekisho_tlog::bundle::encode_bundle;
use sekisho_tlog::tile::TilePath;
use sekisho_wire::batch::BATCH_RECORDS_MAX;
use sekisho_wire::id::{CaseReference, Hash};
use sekisho_wire::words::Language;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::evidence::cosigned;
use super::verify::{bundle_of, is_about_the_record};
use super::verify_logs::open;
use crate::casebook;
use crate::cli::LogExportArguments;
use crate::clock;
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Said};
use crate::evidence_check::Trusted;
use crate::export_folder::{
    BATCHES, BEGUN, Begun, ExportFolder, HEADER, Header, LOGS, NAMES, PART, SIGNATURE, SUMS, Shown, Sum, TEXTS,
    bundles, checkpoint_of, hash_tiles, page_of, tile_of,
};
use crate::folder_check::look_at_files;
use crate::folder_log::{BatchPage, FolderLog};
use crate::lacks;
use crate::sending::patiently;

/// So many files are written between two words of how far it is.
const STEP: usize = 500;
/// Before the time that is asked for: sessions that it goes on with were opened then.
const BEFORE: u64 = 2 * 86_400_000;
/// Behind the newest record of a time: one of these at least is of a later one.
const BEHIND: u64 = 256;
/// Where no batch begins: to ask for it asks for the permission alone.
const BEHIND_ALL: u64 = 1 << 40;

pub(super) fn run(desk: &mut Desk, arguments: &LogExportArguments) -> Result<(), AdminError> {
    let folder = ExportFolder::at(&arguments.folder);
    let mut begun = begin(desk, &folder, arguments)?;
    let mut taking = Taking { desk, folder: &folder, permission: &arguments.permission, written: 0, bytes: 0 };
    for log in LOGS {
        taking.take_log(log, &mut begun)?;
    }
    taking.take_batches(begun.records)?;
    taking.take_texts()?;
    taking.take_names()?;
    let (written, bytes) = (taking.written, taking.bytes);
    finish(desk, &folder, &begun)?;
    let (out, permission) = (arguments.folder.display(), &arguments.permission);
    let records = begun.records.to - begun.records.from;
    let of = |log| keys_size(desk, &folder, log);
    let (acts, cases, size) = (of(Log::Register)?, of(Log::Casebook)?, of(Log::Records)?);
    let office = desk.office.id;
    desk.screen.print(&desk.screen.words(
        format!(
            "logs of office {office} written to {out}, under {permission}: {records} of {size} records, {acts} acts, {cases} entries of the casebook ({written} files, {bytes} bytes this time)\nverify them anywhere with 'sekisho-admin verify-logs {out} --office office.toml' ('sekisho-admin office export'), or '--office-id {office}'"
        ),
        format!(
            "団体 {office} のログを {out} に書き出しました(許可番号 {permission}): 操作記録{size}件中{records}件、登録簿の処分{acts}件、処理簿{cases}件(今回{written}ファイル、{bytes}バイト)\n検証は、どの端末でも「sekisho-admin verify-logs {out} --office office.toml」(団体ファイルは「sekisho-admin office export」)、又は「--office-id {office}」で行えます"
        ),
    ))
}

fn keys_size(desk: &Desk, folder: &ExportFolder, log: Log) -> Result<u64, AdminError> {
    Ok(desk.log_keys(log)?.open_earlier(&folder.text(&checkpoint_of(log))?)?.size)
}

/// Begins, or goes on with what was begun for the same: the checkpoints are those of the beginning.
fn begin(desk: &mut Desk, folder: &ExportFolder, arguments: &LogExportArguments) -> Result<Begun, AdminError> {
    let from = arguments.from.map(|date| date.moment(Edge::From));
    let until = arguments.to.map(|date| date.moment(Edge::Until));
    let refuse = |english: &str, japanese: &str| AdminError::Argument {
        name: "DIR",
        value: arguments.folder.display().to_string(),
        rule: Said::new(english, japanese),
    };
    desk.log_in()?;
    // Before anything is made: a number that nobody granted leaves no folder behind.
    desk.ledger.take_batches(BEHIND_ALL, &arguments.permission)?;
    let period = permitted(desk, &arguments.permission, (from, until))?;
    folder.make()?;
    let (office, permission) = (desk.office.id.to_string(), arguments.permission.to_string());
    if folder.has(BEGUN) {
        let begun: Begun = folder.json(BEGUN)?;
        if (&begun.office, &begun.permission, begun.period) != (&office, &permission, period) {
            return Err(refuse(
                "another export was begun there: of another office, time or permission; take an empty folder",
                "別の書出し(団体、期間又は許可番号が異なるもの)の途中のフォルダーです。空のフォルダーを指定してください",
            ));
        }
        desk.screen.note("going on with what was begun there", "中断した書出しを再開します");
        // The last of them is written when the others are: before that nothing else was taken.
        if LOGS.into_iter().all(|log| folder.has(&checkpoint_of(log))) {
            return Ok(begun);
        }
    } else {
        let torn = format!("{BEGUN}{PART}");
        if folder.has(&torn) {
            folder.remove(&torn)?;
        }
        if !folder.is_empty()? {
            return Err(refuse("the folder is not empty", "空のフォルダーを指定してください"));
        }
    }
    // Records first: the newest under that checkpoint may name acts of this very moment.
    let keys = desk.log_keys(Log::Records)?;
    let records = cosigned(desk, &keys, 0)?;
    let size = keys.open(&records)?.size;
    let casebook = desk.ledger.checkpoint(Log::Casebook)?;
    let register = register_checkpoint(desk)?;
    let shown = match period {
        None => Shown { from: 0, to: size },
        Some(period) => of_period(desk, &arguments.permission, period, size)?,
    };
    let begun = Begun { office, permission, period, records: shown, unshown: Vec::new() };
    // First of all files: whatever else lies there is of one that was begun.
    write_begun(folder, &begun)?;
    for (log, note) in [(Log::Records, records), (Log::Casebook, casebook), (Log::Register, register)] {
        folder.write(&checkpoint_of(log), note.as_bytes())?;
    }
    Ok(begun)
}

/// The time to be taken: of what the permission is for, what was asked for; all of it where it is for all that there is.
fn permitted(
    desk: &mut Desk,
    permission: &CaseReference,
    (from, until): (Option<u64>, Option<u64>),
) -> Result<Option<(u64, u64)>, AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let case = permission.as_str().parse().ok().and_then(|id| casebook.case(&id));
    let taking = case.and_then(|case| taking::Taking::of(case, clock::now()).ok());
    let taking = taking.ok_or(AdminError::Ledger("a permission that its casebook does not have"))?;
    let (first, end) = taking.period();
    let founded = desk.cache.made(0).unwrap_or(0);
    if from.is_none() && until.is_none() && first <= founded && end > clock::now() {
        return Ok(None);
    }
    let (from, until) = (from.unwrap_or(first), until.unwrap_or(end));
    let language = desk.screen.language;
    let (begins, ends) = (day_text(taking.from, language), day_text(taking.to, language));
    if taking.covers(from, until).is_err() {
        return Err(AdminError::Argument {
            name: "--from, --to",
            value: permission.to_string(),
            rule: Said::new(
                format!("this permission is for records from {begins} to {ends}"),
                format!("この許可の対象は{begins}から{ends}までの記録です"),
            ),
        });
    }
    desk.screen.note(
        &format!("of the records those are taken that {permission} is for, from {begins} to {ends} at most"),
        &format!("操作記録は、許可 {permission} の対象({begins}から{ends}まで)の範囲で書き出します"),
    );
    Ok(Some((from, until)))
}

fn write_begun(folder: &ExportFolder, begun: &Begun) -> Result<(), AdminError> {
    folder.write(BEGUN, json!(begun).to_string().as_bytes())
}

/// The newest, once this desk has verified the register up to it.
fn register_checkpoint(desk: &mut Desk) -> Result<String, AdminError> {
    let note = desk.ledger.checkpoint(Log::Register)?;
    desk.refresh()?;
    let size = desk.log_keys(Log::Register)?.open(&note)?.size;
    if size > desk.cache.size() {
        return Err(AdminError::Ledger("a register that is shorter than its checkpoint"));
    }
    Ok(note)
}

/// Where the records of a time lie: none of them came before it began, and a search finds the newest of them. With some before and behind them, by which
/// whoever verifies them sees that they are all.
fn of_period(
    desk: &Desk,
    permission: &CaseReference,
    (from, until): (u64, u64),
    size: u64,
) -> Result<Shown, AdminError> {
    let (mut below, mut end) = (0, size);
    while below < end {
        let middle = below + (end - below) / 2;
        match desk.ledger.next_batch(middle)? {
            Some(place) if place.received < from.saturating_sub(BEFORE) => below = place.index + 1,
            Some(_) | None => end = middle,
        }
    }
    let query = format!("limit=1&since={from}&until={until}&permission={permission}");
    // A search may be a moment behind the log; of a time that lasts still all is taken.
    let newest = if until > clock::now().saturating_sub(BEFORE) {
        Some(size)
    } else {
        desk.ledger.search(&query)?.rows.first().map(|(index, _)| index + 1)
    };
    let Some(to) = newest.map(|to| to.min(size)).filter(|to| *to > 0) else {
        return Err(AdminError::Argument {
            name: "--from",
            value: String::new(),
            rule: Said::new("no record is of that time", "その期間の記録はありません"),
        });
    };
    let from = below.min(to - 1).saturating_sub(1) / 256 * 256;
    Ok(Shown { from, to: (to + BEHIND).next_multiple_of(256).min(size) })
}

/// What is being written.
struct Taking<'a> {
    desk: &'a mut Desk,
    folder: &'a ExportFolder,
    permission: &'a CaseReference,
    written: usize,
    bytes: usize,
}

impl Taking<'_> {
    fn keep(&mut self, name: &str, bytes: &[u8]) -> Result<(), AdminError> {
        self.folder.write(name, bytes)?;
        self.written += 1;
        self.bytes += bytes.len();
        if self.written.is_multiple_of(STEP) {
            let (written, kilobytes) = (self.written, self.bytes / 1024);
            let screen = self.desk.screen;
            screen.note(
                &format!("{written} files, {kilobytes} KiB; now {name}"),
                &format!("{written}ファイル、{kilobytes} KiBを書出し済み(現在 {name})"),
            );
        }
        Ok(())
    }

    fn take_log(&mut self, log: Log, begun: &mut Begun) -> Result<(), AdminError> {
        let note = self.folder.text(&checkpoint_of(log))?;
        let size = self.desk.log_keys(log)?.open_earlier(&note)?.size;
        let shown = if log == Log::Records { begun.records } else { Shown { from: 0, to: size } };
        let kept = FolderLog::new(self.folder, log, size, shown);
        for path in hash_tiles(size) {
            if kept.tile(&path).is_err() {
                let tile = patiently(|| self.desk.ledger.tile(log, &path))?;
                self.keep(&tile_of(log, &path), &tile)?;
            }
        }
        for path in bundles(size, shown) {
            if kept.bundle(&path).is_err() {
                // It can take longer than a token lasts.
                self.desk.log_in()?;
                let bundle = self.bundle(log, &path, begun)?;
                self.keep(&tile_of(log, &path), &bundle)?;
            }
        }
        Ok(())
    }

    /// Where the ledger gives no bundle it is asked for each entry of it: one that is damaged hides no other.
    fn bundle(&mut self, log: Log, path: &TilePath, begun: &mut Begun) -> Result<Vec<u8>, AdminError> {
        match patiently(|| self.desk.ledger.take_bundle(log, path, self.permission)) {
            Err(error) if log == Log::Records && is_about_the_record(&error) => {
                let (entries, damaged) = bundle_of(self.desk, path, Some(self.permission))?;
                begun.unshown.extend(damaged);
                write_begun(self.folder, begun)?;
                Ok(encode_bundle(&entries)?)
            }
            taken => taken,
        }
    }

    /// What terminals signed: without it nothing but the ledger speaks for their records.
    fn take_batches(&mut self, records: Shown) -> Result<(), AdminError> {
        let mut from = records.from.saturating_sub(u64::from(BATCH_RECORDS_MAX));
        loop {
            let name = page_of(BATCHES, from);
            let page: BatchPage = match self.folder.json(&name) {
                Ok(page) => page,
                Err(_) => {
                    self.desk.log_in()?;
                    let page = patiently(|| self.desk.ledger.take_batches(from, self.permission))?;
                    self.keep(&name, &page)?;
                    self.folder.json(&name)?
                }
            };
            match page.next.filter(|next| *next > from && *next < records.to) {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    fn take_texts(&mut self) -> Result<(), AdminError> {
        #[derive(Deserialize)]
        struct Page {
            next: u64,
        }
        let (mut from, size) = (0, keys_size(self.desk, self.folder, Log::Casebook)?);
        while from < size {
            let name = page_of(TEXTS, from);
            let page: Page = match self.folder.json(&name) {
                Ok(page) => page,
                Err(_) => {
                    self.desk.log_in()?;
                    let page = patiently(|| self.desk.ledger.take_texts(from, self.permission))?;
                    self.keep(&name, &page)?;
                    self.folder.json(&name)?
                }
            };
            if page.next <= from {
                return Err(AdminError::Ledger("a page of texts that does not go on"));
            }
            from = page.next;
        }
        Ok(())
    }

    /// The names of the register's persons, as far as nobody has erased them.
    fn take_names(&mut self) -> Result<(), AdminError> {
        self.desk.log_in()?;
        let names = patiently(|| self.desk.ledger.names(self.desk.cache.size()))?;
        self.desk.cache.learn(&names);
        let register = self.desk.cache.register();
        let all = register.operators().flat_map(|person| person.designations().iter().map(|said| said.value.name));
        let mut hashes: Vec<_> = all.collect();
        hashes.sort_unstable();
        hashes.dedup();
        let names: Vec<_> = hashes.iter().filter_map(|hash| self.desk.cache.salted_name(hash)).collect();
        self.keep(NAMES, json!(names).to_string().as_bytes())
    }
}

/// Writes who took it, holds all of it against the checkpoints, and signs it.
fn finish(desk: &mut Desk, folder: &ExportFolder, begun: &Begun) -> Result<(), AdminError> {
    desk.log_in()?;
    let (written, card) = (clock::now(), desk.signer().ok_or(AdminError::NoReader)?);
    let holder = desk.cache.register().card(&card).and_then(|card| card.holder(written));
    let operator = holder.ok_or(AdminError::NotASigner(card))?.operator.to_string();
    let mut header = Header::new(begun.office.clone(), written, (operator, card.to_string()), begun);
    header.unshown.clone_from(&begun.unshown);
    header.lacks = desk.ledger.search(&format!("limit=1&permission={}", begun.permission))?.lacks;
    lacks::note(&desk.screen, &header.lacks);
    folder.write(HEADER, json!(header).to_string().as_bytes())?;
    desk.screen.note("holding it against the checkpoints", "チェックポイントと照合しています");
    // As whoever gets it will.
    if let Err(fault) = open(folder, &header, &Trusted::Id(desk.office.id))? {
        desk.screen.note(&fault.in_words(Language::English), &fault.in_words(Language::Japanese));
        return Err(AdminError::ExportDoesNotHold(1));
    }
    let mut sums = String::new();
    for name in folder.all()?.into_iter().filter(|name| name != BEGUN) {
        if name.ends_with(PART) {
            folder.remove(&name)?;
            continue;
        }
        let digest = folder.digest(&name)?;
        let _ = sums.write_str(&Sum { name, digest }.line());
    }
    let signature = desk.sign_export(card, &Hash(Sha256::digest(sums.as_bytes()).into()))?;
    folder.write(SUMS, sums.as_bytes())?;
    folder.write(SIGNATURE, (STANDARD.encode(signature) + "\n").as_bytes())?;
    folder.remove(BEGUN)?;
    match look_at_files(folder)? {
        Ok(_) => Ok(()),
        Err(faults) => {
            for fault in &faults {
                desk.screen.note(&fault.in_words(Language::English), &fault.in_words(Language::Japanese));
            }
            Err(AdminError::ExportDoesNotHold(faults.len()))
        }
    }
}
