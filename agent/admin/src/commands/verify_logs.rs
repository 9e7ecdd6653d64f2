//! Logs that were taken out of the ledger, verified with no card, no ledger and no home (EXPORT.md §X3): by what was brought by hand, and by the code that
//! 'records verify --all' runs against a ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::change::Log;
use sekisho_register::wareki::moment_text;
use sekisho_register::{Cosignatures, LogKeys};
use sekisho_tlog::{Checkpoint, Hash, consistency_proof, verify_consistency};
use sekisho_wire::id::{Code, Hash as WireHash};
use sekisho_wire::record::export_digest;
use sekisho_wire::words::Language;

use super::evidence::trusted;
use crate::casebook;
use crate::cli::VerifyLogsArguments;
use crate::dates::Edge;
use crate::error::AdminError;
use crate::every_record::{Found, Whole};
use crate::evidence_check::{FileFault, Trusted, Written, knowing, register_of, signed_by};
use crate::export_folder::{ExportFolder, HEADER, Header, LOGS, NAMES, SIGNATURE, Shown, checkpoint_of};
use crate::folder_check::{FolderFault, look_at_files, look_at_tree};
use crate::folder_log::{FolderLog, FolderWords};
use crate::lacks;
use crate::name::Name;
use crate::register_cache::RegisterCache;
use crate::report::{Part, Report, Said, Span};
use crate::screen::Screen;

/// The year 9999: a time that ends later has no end that anybody named.
const FAR_OFF: u64 = 253_370_764_800_000;

/// Why nothing in a folder is said to hold.
pub(super) enum Fault {
    /// A file, a tile or an entry.
    Folder(FolderFault),
    /// What every record rests on.
    Rests(FileFault),
    /// A log is not what somebody kept of it, in both languages.
    Kept(String, String),
}

impl Fault {
    /// For people.
    pub(super) fn in_words(&self, language: Language) -> String {
        match (self, language) {
            (Self::Folder(fault), _) => fault.in_words(language),
            (Self::Rests(fault), _) => fault.in_words(language),
            (Self::Kept(english, _), Language::English) => english.clone(),
            (Self::Kept(_, japanese), Language::Japanese) => japanese.clone(),
        }
    }
}

/// Verifies a folder.
///
/// # Errors
/// As `records verify --all`; what cannot be read.
pub(crate) fn run(arguments: &VerifyLogsArguments, screen: Screen) -> Result<(), AdminError> {
    let trusted = trusted(&screen, arguments.office.as_deref(), arguments.office_id)?;
    let folder = ExportFolder::at(&arguments.folder);
    let list = match look_at_files(&folder)? {
        Ok(list) => list,
        Err(faults) => return refuse(screen, &faults.into_iter().map(Fault::Folder).collect::<Vec<_>>()),
    };
    let header: Header = folder.json(HEADER)?;
    if !header.is_known() {
        return refuse(screen, &[Fault::Rests(FileFault::Newer)]);
    }
    let opened = match open(&folder, &header, &trusted)? {
        Ok(opened) => opened,
        Err(fault) => return refuse(screen, &[fault]),
    };
    let writer = match writer(&folder, &header, &opened, list) {
        Ok(writer) => opened.cache.person(&writer, screen.language),
        Err(fault) => return refuse(screen, &[fault]),
    };
    if let Err(fault) = expect_kept(&opened, &arguments.checkpoint)? {
        return refuse(screen, &[fault]);
    }
    say_opened(screen, &header, &opened, &writer)?;
    if !matches!(&trusted, Trusted::Office(_, Some(_))) && arguments.checkpoint.is_empty() {
        screen.note(
            "nothing that was given by hand says how far the logs must go at least: what came later than they do may have been left out (--checkpoint, --office)",
            "手元の情報にはログの最低件数がないため、書き出した時点より後の内容が除かれていても分かりません(--checkpoint 又は --office で指定できます)",
        );
    }
    judge(&folder, &header, &opened, (arguments, screen))
}

/// Every record, by the code that judges those of a ledger.
fn judge(
    folder: &ExportFolder,
    header: &Header,
    opened: &Opened<'_>,
    (arguments, screen): (&VerifyLogsArguments, Screen),
) -> Result<(), AdminError> {
    let log = &opened.log(Log::Records).log;
    let said = if arguments.each { Said::Each } else { Said::Findings };
    let damaged: BTreeSet<u64> = header.unshown.iter().copied().collect();
    let mut words = FolderWords::beside(folder, log)?;
    let whole = Whole { cache: &opened.cache, screen, entries: log, damaged: &damaged, shown: BTreeMap::new() };
    let (records, size) = (header.records, opened.log(Log::Records).checkpoint.size);
    let part = Part { begins_amid: records.from > 0, ends_amid: records.to < size };
    let report = Report::new(screen, said, span(arguments)).of_a_part(part);
    let Found { report, holes, asked } = whole.verify(report, |index| words.of(index))?;
    lacks::note(&screen, &header.lacks);
    if header.records.from > 0 {
        screen.note(
            "these records begin in the middle of the log: what lies before them, and whether it used a signature first, only all of it shows",
            "ログの途中からの記録です。それより前の欠落や署名の再使用は、全件の書出しでなければ確認できません",
        );
    }
    screen.note(
        &format!(
            "the terminals' own signatures over all these records were looked at ({asked} batches and single entries)"
        ),
        &format!("これらの記録すべてについて端末機の署名を確認しました(送信単位など{asked}件)"),
    );
    report.finish(&holes)
}

/// Nothing in it is said to hold.
fn refuse(screen: Screen, faults: &[Fault]) -> Result<(), AdminError> {
    // A newer program may find that it holds.
    if faults.iter().any(|fault| matches!(fault, Fault::Rests(FileFault::Newer))) {
        let words = FileFault::Newer.in_words(screen.language);
        screen.print(&screen.words(format!("UNCLEAR: {words}"), format!("確認不能: {words}")))?;
        return Err(AdminError::RecordsMissing { ranges: 0, unclear: 1 });
    }
    for fault in faults {
        let words = fault.in_words(screen.language);
        screen.print(&screen.words(format!("DOES NOT HOLD: {words}"), format!("不合格: {words}")))?;
    }
    Err(AdminError::ExportDoesNotHold(faults.len()))
}

/// A log in the folder, under its checkpoint.
struct OpenedLog<'a> {
    keys: LogKeys,
    checkpoint: Checkpoint,
    cosigned: Cosignatures,
    log: FolderLog<'a>,
}

/// All that the records rest on.
pub(super) struct Opened<'a> {
    cache: RegisterCache,
    logs: BTreeMap<&'static str, OpenedLog<'a>>,
}

impl<'a> Opened<'a> {
    fn log(&self, log: Log) -> &OpenedLog<'a> {
        &self.logs[log.name(Language::English)]
    }
}

/// Holds register, casebook and records log each against its checkpoint, and those against what was brought by hand.
///
/// # Errors
/// What cannot be read. What does not hold is no error.
pub(super) fn open<'a>(
    folder: &'a ExportFolder,
    header: &Header,
    trusted: &Trusted,
) -> Result<Result<Opened<'a>, Fault>, AdminError> {
    let mut notes = BTreeMap::new();
    for log in LOGS {
        notes.insert(log.name(Language::English), folder.text(&checkpoint_of(log))?);
    }
    let note = |log: Log| notes[log.name(Language::English)].as_str();
    // What it claims to be, for the tree; whether it was signed says the register that comes of its entries.
    let Ok(claimed) = Checkpoint::claimed(note(Log::Register)) else {
        return Ok(Err(Fault::Folder(FolderFault::Unreadable(checkpoint_of(Log::Register)))));
    };
    let register = FolderLog::new(folder, Log::Register, claimed.size, Shown { from: 0, to: claimed.size });
    if let Err(fault) = look_at_tree(folder, &register, claimed.root)? {
        return Ok(Err(Fault::Folder(fault)));
    }
    let names: Vec<Name> = folder.json(NAMES)?;
    let cache = register_of(&register.all()?, (note(Log::Register), &header.office), trusted);
    let cache = match cache.and_then(|cache| knowing(cache, &names)) {
        Ok(cache) => cache,
        Err(fault) => return Ok(Err(Fault::Rests(fault))),
    };
    let mut opened = Opened { cache, logs: BTreeMap::new() };
    for log in LOGS {
        match open_log(folder, header, &opened.cache, (log, note(log)))? {
            Ok(of_it) => opened.logs.insert(log.name(Language::English), of_it),
            Err(fault) => return Ok(Err(fault)),
        };
    }
    let of_cases = casebook::folded(&opened.cache, opened.cache.register(), &opened.log(Log::Casebook).log.all()?);
    log::debug!("{} entries of the casebook", of_cases.size());
    Ok(Ok(opened))
}

fn open_log<'a>(
    folder: &'a ExportFolder,
    header: &Header,
    cache: &RegisterCache,
    (log, note): (Log, &str),
) -> Result<Result<OpenedLog<'a>, Fault>, AdminError> {
    let register = cache.register();
    let Some(keys) = register.keys_in_force(log) else { return Ok(Err(Fault::Rests(FileFault::OtherOffice))) };
    let opened = keys.open(note).and_then(|checkpoint| {
        let cosigned = register.cosignatures(note, std::slice::from_ref(keys.newest()))?;
        Ok((checkpoint, cosigned))
    });
    let (checkpoint, cosigned) = match opened {
        Ok(opened) => opened,
        Err(_) if log != Log::Records => {
            return Ok(Err(Fault::Kept(
                format!("the checkpoint in {} is not signed by the log's key", checkpoint_of(log)),
                format!("{} にログの鍵の署名がありません", checkpoint_of(log)),
            )));
        }
        Err(error) => return Ok(Err(Fault::Rests(FileFault::Checkpoint(error)))),
    };
    // Of records it is asked when they count as sealed (register §R3.16).
    if log == Log::Records && !cosigned.suffice() {
        return Ok(Err(Fault::Rests(FileFault::Witnesses(cosigned))));
    }
    let all = Shown { from: 0, to: checkpoint.size };
    let shown = if log == Log::Records { header.records } else { all };
    if shown.from >= shown.to && checkpoint.size > 0 || shown.to > checkpoint.size || shown.from % 256 != 0 {
        return Ok(Err(Fault::Folder(FolderFault::Unreadable(HEADER.to_owned()))));
    }
    let taken = FolderLog::new(folder, log, checkpoint.size, shown);
    if let Err(fault) = look_at_tree(folder, &taken, checkpoint.root)? {
        return Ok(Err(Fault::Folder(fault)));
    }
    // What two persons kept of the log before it, it begins with.
    if let Some(base) = register.successors(log).last() {
        let kept = (base.kept_size, Hash(base.kept_root.0));
        if !goes_on(&taken, kept, &checkpoint) {
            return Ok(Err(Fault::Rests(FileFault::NotKept)));
        }
    }
    Ok(Ok(OpenedLog { keys, checkpoint, cosigned, log: taken }))
}

/// Whether a log goes on from so many entries with this root.
fn goes_on(log: &FolderLog<'_>, (size, root): (u64, Hash), now: &Checkpoint) -> bool {
    size == 0
        || size <= now.size
            && consistency_proof(log, size, now.size)
                .is_ok_and(|proof| verify_consistency(size, &root, now.size, &now.root, &proof).is_ok())
}

/// Who took it away, as his card's signature over the list of files shows.
fn writer(folder: &ExportFolder, header: &Header, opened: &Opened<'_>, list: [u8; 32]) -> Result<Code, Fault> {
    let register = opened.cache.register();
    let signature = folder.text(SIGNATURE).ok().and_then(|text| STANDARD.decode(text.trim()).ok());
    let signature = signature.and_then(|bytes| bytes.try_into().ok());
    let signature: [u8; 64] = signature.ok_or(Fault::Rests(FileFault::Signature))?;
    let office = register.office().ok_or(Fault::Rests(FileFault::OtherOffice))?;
    let times = [header.written, header.written.max(register.newest_made())];
    let written = Written { card: &header.card, operator: &header.operator, times };
    let signed = signed_by(&opened.cache, &written, &export_digest(&office, &WireHash(list)), &signature);
    if !lacks::is_sound(&header.lacks) {
        return Err(Fault::Rests(FileFault::NoCode));
    }
    signed.map_err(Fault::Rests)
}

/// Holds the logs against checkpoints that somebody kept elsewhere.
fn expect_kept(opened: &Opened<'_>, kept: &[impl AsRef<Path>]) -> Result<Result<(), Fault>, AdminError> {
    for path in kept {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|cause| AdminError::File { path: path.to_owned(), cause })?;
        let of_log = opened.logs.values().find(|of_it| text.lines().next() == Some(of_it.keys.origin()));
        let path = path.display();
        let Some(of_it) = of_log else {
            return Ok(Err(Fault::Kept(
                format!("{path} is no checkpoint of a log in this export"),
                format!("{path} はこの書出しのログのチェックポイントではありません"),
            )));
        };
        let Ok(seen) = of_it.keys.open_earlier(&text) else {
            return Ok(Err(Fault::Kept(
                format!("{path} is not signed by a key of its log"),
                format!("{path} にログの鍵の署名がありません"),
            )));
        };
        let (origin, then, now) = (of_it.keys.origin(), seen.size, of_it.checkpoint.size);
        if then > now {
            return Ok(Err(Fault::Kept(
                format!(
                    "the log {origin} ends after {now} entries, and had {then} by {path}: it was cut short, or put back"
                ),
                format!(
                    "ログ {origin} は{now}件で終わっていますが、{path} の時点で{then}件ありました。末尾が除かれたか、以前の状態に戻されています"
                ),
            )));
        }
        if !goes_on(&of_it.log, (then, seen.root), &of_it.checkpoint) {
            return Ok(Err(Fault::Kept(
                format!("the log {origin} does not continue what it was by {path} ({then} entries)"),
                format!("ログ {origin} が {path} の時点({then}件)の内容を引き継いでいません"),
            )));
        }
    }
    Ok(Ok(()))
}

/// The time that is said, where one was asked for. The folder's own is its writer's word: he could name one in which nothing was done.
fn span(arguments: &VerifyLogsArguments) -> Option<Span> {
    let from = arguments.from.map(|date| date.moment(Edge::From));
    let until = arguments.to.map(|date| date.moment(Edge::Until));
    (from.is_some() || until.is_some()).then(|| Span { from: from.unwrap_or(0), until: until.unwrap_or(u64::MAX) })
}

fn say_opened(screen: Screen, header: &Header, opened: &Opened<'_>, writer: &str) -> Result<(), AdminError> {
    let (register, office) = (opened.cache.register(), header.office.as_str());
    let (title, written) = (register.title(), moment_text(header.written, screen.language));
    let newest = moment_text(register.newest_made(), screen.language);
    let permission = sekisho_wire::id::CaseReference::new(&header.permission);
    let permission = permission.map_or_else(|_| "-".to_owned(), |number| number.to_string());
    screen.print(&screen.words(
        format!(
            "logs of office {title} ({office}), taken away at {written} by {writer} under {permission} and signed with the card\n   register: {} acts from the founding on, each verified; the newest of {newest}",
            register.size()
        ),
        format!(
            "団体 {title}({office})のログ。{written}、{writer} が許可番号 {permission} により書き出し、カードで署名\n   登録簿: 設置から{}件の処分をすべて検証(最新 {newest})",
            register.size()
        ),
    ))?;
    for log in LOGS {
        let OpenedLog { checkpoint, cosigned: Cosignatures { found, needed }, log: taken, .. } = opened.log(log);
        let (name, size, Shown { from, to }) = (log.name(screen.language), checkpoint.size, taken.entries_shown());
        let part = match (from, to) {
            (0, to) if to == size => String::new(),
            (from, to) => screen.words(
                format!("; entries {from} to {} are here", to.saturating_sub(1)),
                format!("(うち{from}〜{}番の内容を収録)", to.saturating_sub(1)),
            ),
        };
        screen.print(&screen.words(
            format!("   {name}: checkpoint of {size} by the log's key; cosignatures of witnesses: {found} ({needed} asked for){part}"),
            format!("   {name}: {size}件のチェックポイント(ログの鍵で署名、立会人の連署{found}件、必要{needed}件){part}"),
        ))?;
    }
    let Some((from, until)) = header.period else { return Ok(()) };
    let last = if until >= FAR_OFF { u64::MAX } else { until.saturating_sub(1) };
    let (from, until) = (moment_text(from, screen.language), moment_text(last, screen.language));
    screen.print(&screen.words(
        format!(
            "   its writer says that these are the records from {from} to {until}; everything that is here is judged, and said unless --from or --to is given"
        ),
        format!(
            "   書き出した者の記載による期間: {from} から {until} まで(収録された記録は全て判定し、--from・--to の指定がなければ全てが表示の対象です)"
        ),
    ))
}
