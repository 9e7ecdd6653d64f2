//! Evidence files: written from what the ledger shows, and checked by what was given by hand.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use sekisho_link::{
    ASKED_MAX, Base64, EvidenceContent, EvidenceContents, EvidenceFile, EvidenceHeader, EvidenceName, EvidenceRecord,
    Exactly, RecordsCheckpoint, evidence_content_digest, evidence_signature_line,
};
use sekisho_register::change::Log;
use sekisho_register::wareki::moment_text;
use sekisho_register::{Cosignatures, LogKeys};
use sekisho_tlog::{consistency_proof, inclusion_proof};
use sekisho_wire::id::{Hash, OfficeId};
use sekisho_wire::words::Language;

use super::office;
use super::records::query;
use crate::cli::{EvidenceArguments, Question, VerifyEvidenceArguments};
use crate::clock;
use crate::desk::Desk;
use crate::error::{AdminError, Said};
use crate::evidence_check::{self, Checked, FileExhibits, FileFault, Opened, Trusted};
use crate::examined::examine;
use crate::exhibits::{Content, Exhibit, LedgerExhibits, Shown};
use crate::judge::{Held, Judge};
use crate::lacks;
use crate::log_tiles::{LogTiles, proved};
use crate::report::report;
use crate::screen::Screen;
use crate::seen;
use crate::whole_file::WholeFile;

/// So many records are examined between two looks at the token, and said to be done.
const STEP: usize = 16;
/// Records of a search that are asked for at once: one more than fit says that there are too many.
const PAGE: u32 = ASKED_MAX as u32 + 1;
/// How often and how fast the ledger is asked for a checkpoint that its witnesses have cosigned.
const LOOKS: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

/// Writes one file.
pub(super) fn write(desk: &mut Desk, arguments: &EvidenceArguments) -> Result<(), AdminError> {
    query(&arguments.question, None, 1)?;
    let mut out = WholeFile::create(&arguments.out)?;
    desk.log_in()?;
    let asked = asked(desk, arguments)?;
    let shown = Shown::default();
    let judged = look_at_each(desk, arguments, &asked, &shown)?;
    // What was decided meanwhile belongs to it: keys, and names.
    desk.refresh()?;
    let contents = contents(desk, arguments, asked, &shown)?;
    let mut bytes = contents.body();
    let digest = Hash(evidence_content_digest(&bytes));
    bytes.extend(evidence_signature_line(desk.sign_evidence(signer(desk)?, &digest)?));
    // As whoever gets it will.
    let file = EvidenceFile::parse(&bytes).map_err(|error| AdminError::Evidence(arguments.out.clone(), error))?;
    let checked = evidence_check::check(&file, &Trusted::Id(desk.office.id), desk.screen.language);
    let later = match checked.and_then(|Checked { writer, later, .. }| writer.map(|_| later)) {
        Ok(later) => later,
        Err(fault) => {
            desk.screen.note(&fault.in_words(Language::English), &fault.in_words(Language::Japanese));
            return Err(AdminError::RecordsDoNotHold(judged.len()));
        }
    };
    out.write(&bytes)?;
    out.finish()?;
    say_written(desk, arguments, &file)?;
    lacks::note(&desk.screen, &file.contents.lacks);
    let said = report(desk.screen, judged);
    note_later(&desk.screen, later, said)
}

/// Says which record of the ledger's bears a later time than the file: then nobody can tell when it was written, and what holds is unclear.
fn note_later(screen: &Screen, later: Option<u64>, said: Result<(), AdminError>) -> Result<(), AdminError> {
    let Some(index) = later else { return said };
    screen.note(
        &format!(
            "record {index} bears a later time than this file: the ledger's clock was ahead then, or the date in the file is wrong"
        ),
        &format!("記録 {index} の時刻がこのファイルの作成時刻より後です(当時の台帳の時計が進んでいたか、ファイルの作成時刻が誤っています)"),
    );
    match said {
        Ok(()) => Err(AdminError::RecordsMissing { ranges: 0, unclear: 1 }),
        Err(error) => Err(error),
    }
}

/// The indexes that were named, and those that are found.
fn asked(desk: &Desk, arguments: &EvidenceArguments) -> Result<Vec<u64>, AdminError> {
    let mut asked: BTreeSet<u64> = arguments.indexes.iter().copied().collect();
    if asked.is_empty() || arguments.question != Question::default() {
        let mut before = None;
        loop {
            let number = format!("&permission={}", arguments.permission);
            let page = desk.ledger.search(&(query(&arguments.question, before, PAGE)? + &number))?;
            asked.extend(page.rows.iter().map(|(index, _)| *index));
            before = page.next;
            if before.is_none() || asked.len() > ASKED_MAX {
                break;
            }
        }
    }
    let rule = match asked.len() {
        0 => Said::new("no record was found", "該当する記録がありません"),
        1..=ASKED_MAX => return Ok(asked.into_iter().collect()),
        _ => Said::new(
            format!("at most {ASKED_MAX} records fit one file; say more closely which, or write several"),
            format!("1つのファイルには{ASKED_MAX}件までです。条件を絞るか、分けて作成してください"),
        ),
    };
    Err(AdminError::Argument { name: "INDEX", value: asked.len().to_string(), rule })
}

fn signer(desk: &Desk) -> Result<sekisho_wire::id::CardGuid, AdminError> {
    desk.signer().ok_or(AdminError::NoReader)
}

/// Examines each record as `records verify` does: what that asks the ledger for is what the file needs.
fn look_at_each(
    desk: &mut Desk,
    arguments: &EvidenceArguments,
    asked: &[u64],
    shown: &Shown,
) -> Result<Vec<(u64, Held)>, AdminError> {
    let mut judged = Vec::new();
    for some in asked.chunks(STEP) {
        // What was searched for a moment ago may name acts of that moment.
        desk.refresh()?;
        let keys = desk.log_keys(Log::Records)?;
        let ledger = LedgerExhibits { desk, keys: &keys, permission: Some(&arguments.permission), shown };
        let mut judge = Judge::new(&desk.cache, desk.screen.language);
        for index in some {
            judged.push((*index, examine(&ledger, &keys, &mut judge, *index)?));
        }
        if asked.len() > STEP {
            let (done, of) = (judged.len(), asked.len());
            desk.screen.note(&format!("{done} of {of} records"), &format!("{of}件中{done}件"));
        }
    }
    Ok(judged)
}

/// All that stands in the file: every record under one checkpoint, the register, and the names that the sentences say.
fn contents(
    desk: &mut Desk,
    arguments: &EvidenceArguments,
    asked: Vec<u64>,
    shown: &Shown,
) -> Result<EvidenceContents, AdminError> {
    let keys = desk.log_keys(Log::Records)?;
    let exhibits = shown.exhibits.borrow();
    let last = exhibits.keys().next_back().copied().unwrap_or_default();
    let note = cosigned(desk, &keys, last)?;
    let size = keys.open(&note)?.size;
    let tiles = LogTiles::new(&desk.ledger, Log::Records, size);
    let base = desk.base(Log::Records);
    seen::expect_continued(&desk.home, Log::Records, &keys, &note, &tiles, base)?;
    let mut records = Vec::new();
    for (index, exhibit) in &*exhibits {
        let proof = hashes(&proved(inclusion_proof(&tiles, *index, size))?);
        records.push(EvidenceRecord { index: *index, proof, content: content(exhibit) });
    }
    let kept = match base.filter(|base| base.size > 0) {
        Some(base) => hashes(&proved(consistency_proof(&tiles, base.size, size))?),
        None => Vec::new(),
    };
    let (written, card) = (clock::now(), signer(desk)?);
    let holder = desk.cache.register().card(&card).and_then(|card| card.holder(written));
    let operator = holder.ok_or(AdminError::NotASigner(card))?.operator.to_string();
    let mut header = EvidenceHeader::new(desk.office.id.to_string(), written, (operator, card.to_string()), asked);
    header.permission = Some(arguments.permission.as_str().to_owned());
    let contents = EvidenceContents {
        header,
        register: desk.cache.checkpoint().ok_or(AdminError::NoOffice)?.to_owned(),
        acts: desk.cache.acts().map(|(entry, _)| Base64(entry.to_vec())).collect(),
        names: Vec::new(),
        checkpoint: RecordsCheckpoint { checkpoint: note, kept },
        records,
        // As it is now, whatever was destroyed: the answers to that say nothing of what is missing.
        lacks: desk.ledger.search(&format!("limit=1&permission={}", arguments.permission))?.lacks,
    };
    // Nobody has signed it yet, and nobody asks whether anybody has.
    let mut unsigned = EvidenceFile { contents, digest: [0; 32], signature: [0; 64] };
    unsigned.contents.names = names(desk, &keys, &unsigned)?;
    Ok(unsigned.contents)
}

fn hashes(hashes: &[Hash]) -> Vec<Exactly<32>> {
    hashes.iter().map(|hash| Exactly(hash.0)).collect()
}

fn content(exhibit: &Exhibit) -> EvidenceContent {
    match &exhibit.content {
        Content::Record { bytes, word } => EvidenceContent::Record {
            bytes: Base64(bytes.clone()),
            batch: word.as_ref().map(|word| Base64(word.batch.clone())),
            leaves: word.as_ref().map(|word| hashes(&word.leaves)).unwrap_or_default(),
        },
        Content::Destroyed { leaf, act } => EvidenceContent::Destroyed { leaf: Exactly(leaf.0), act: *act },
    }
}

/// The newest checkpoint of the records log, once as many witnesses have cosigned one as the office asks for.
pub(super) fn cosigned(desk: &Desk, keys: &LogKeys, last: u64) -> Result<String, AdminError> {
    let log = std::slice::from_ref(keys.newest());
    for look in 0..LOOKS {
        let note = desk.ledger.checkpoint(Log::Records)?;
        let Cosignatures { found, needed } = desk.cache.register().cosignatures(&note, log)?;
        if found >= needed && keys.open(&note)?.size > last {
            return Ok(note);
        }
        if look == 0 {
            desk.screen.note("waiting for the witnesses to cosign", "立会人の連署を待っています");
        }
        std::thread::sleep(PAUSE);
    }
    Err(AdminError::NotSealed)
}

/// The names that the sentences about these records say, in whichever language. Where this home knows one without its salt, the ledger is asked.
fn names(desk: &mut Desk, keys: &LogKeys, file: &EvidenceFile) -> Result<Vec<EvidenceName>, AdminError> {
    let (exhibits, header) = (FileExhibits::of(file), &file.contents.header);
    desk.cache.names().look_up_anew();
    for language in [Language::English, Language::Japanese] {
        let mut judge = Judge::new(&desk.cache, language);
        for index in &header.asked {
            examine(&exhibits, keys, &mut judge, *index)?;
        }
    }
    if let Ok(writer) = header.operator.parse() {
        let _ = desk.cache.person(&writer, desk.screen.language);
    }
    if desk.cache.names().looked_up().is_none() {
        let names = desk.ledger.names(desk.cache.size())?;
        desk.cache.learn(&names);
        desk.cache.save(&desk.home)?;
    }
    // One that the ledger has erased stays a code.
    let names = desk.cache.names().looked_up_with_salts();
    Ok(names.into_iter().map(|name| EvidenceName { salt: Exactly(name.salt.0), text: name.text }).collect())
}

fn say_written(desk: &Desk, arguments: &EvidenceArguments, file: &EvidenceFile) -> Result<(), AdminError> {
    let (out, contents) = (arguments.out.display(), &file.contents);
    let (asked, acts, office) = (contents.header.asked.len(), contents.acts.len(), desk.office.id);
    let beside = contents.records.len() - asked;
    desk.screen.print(&desk.screen.words(
        format!(
            "evidence of {asked} records written to {out}, with {beside} that their verdicts need and {acts} acts; office {office}"
        ),
        format!("{asked}件の記録の証拠を {out} に書き出しました(判定に必要な記録{beside}件、処分{acts}件を含む。団体 {office})"),
    ))
}

/// What was given by hand: the office's description, whose fingerprint is said, or its id.
///
/// # Errors
/// When the description cannot be read.
pub(super) fn trusted(screen: &Screen, office: Option<&Path>, id: Option<OfficeId>) -> Result<Trusted, AdminError> {
    match (office, id) {
        (_, Some(id)) => Ok(Trusted::Id(id)),
        (Some(path), None) => {
            let (office, seen) = office::read(path)?;
            let print = office::fingerprint_of(&office, seen.as_deref());
            screen.note(
                &format!("trusted is {}, fingerprint {print}: compare it with what the office says", path.display()),
                &format!("信頼する団体ファイル: {}(指紋 {print})。団体の示す指紋と照合してください", path.display()),
            );
            Ok(Trusted::Office(Box::new(office), seen))
        }
        (None, None) => Err(AdminError::NoOffice),
    }
}

/// Checks a file, without card, ledger or home.
///
/// # Errors
/// As `records verify`; what cannot be read.
pub(crate) fn check(arguments: &VerifyEvidenceArguments, screen: &Screen) -> Result<(), AdminError> {
    let trusted = trusted(screen, arguments.office.as_deref(), arguments.office_id)?;
    let file = EvidenceFile::read(&arguments.file);
    let file = file.map_err(|error| AdminError::Evidence(arguments.file.clone(), error))?;
    let Checked { opened, writer, later, mut judged } = match evidence_check::check(&file, &trusted, screen.language) {
        Ok(checked) => checked,
        Err(fault) => return refuse(screen, &fault, &file),
    };
    match writer {
        Ok(writer) => say_checked(screen, &file, &opened, &opened.cache.person(&writer, screen.language))?,
        Err(fault) => {
            // Nothing is said to hold in it; what does not, is named all the same.
            judged.retain(|(_, held)| matches!(held, Held::No(_)));
            if !judged.is_empty() {
                drop(report(*screen, judged));
            }
            return refuse(screen, &fault, &file);
        }
    }
    if !matches!(&trusted, Trusted::Office(_, Some(_))) {
        screen.note(
            "nothing that was given by hand says how many acts there must be at least: newer ones than the file has may have been left out",
            "手元の情報には処分の最低件数がないため、ファイルより新しい処分が除かれていても分かりません",
        );
    }
    note_erased(screen, &opened);
    lacks::note(screen, &file.contents.lacks);
    let said = report(*screen, judged);
    note_later(screen, later, said)
}

/// Whose name is not in the file because an act erased it.
fn note_erased(screen: &Screen, opened: &Opened) {
    for (operator, act) in opened.cache.erased_and_looked_up() {
        screen.note(
            &format!("the name of operator {operator} was erased by act {act} of the register in the file"),
            &format!("操作者 {operator} の氏名は、ファイルの登録簿の処分{act}により消去されています"),
        );
    }
}

fn refuse(screen: &Screen, fault: &FileFault, file: &EvidenceFile) -> Result<(), AdminError> {
    let (words, asked) = (fault.in_words(screen.language), file.contents.header.asked.len());
    // A newer program may find that it holds.
    if matches!(fault, FileFault::Newer) {
        screen.print(&screen.words(format!("UNCLEAR: {words}"), format!("確認不能: {words}")))?;
        return Err(AdminError::RecordsMissing { ranges: 0, unclear: asked });
    }
    screen.print(&screen.words(format!("DOES NOT HOLD: {words}"), format!("不合格: {words}")))?;
    Err(AdminError::RecordsDoNotHold(asked))
}

fn say_checked(screen: &Screen, file: &EvidenceFile, opened: &Opened, writer: &str) -> Result<(), AdminError> {
    let header = &file.contents.header;
    let (register, size) = (opened.cache.register(), opened.size);
    let written = moment_text(header.written, screen.language);
    let under = header.permission.as_ref().filter(|number| sekisho_wire::id::CaseReference::new(number).is_ok());
    let (under, under_ja) =
        under.map_or_else(Default::default, |number| (format!(" under {number}"), format!("、許可番号 {number}")));
    let (title, id, acts) = (register.title(), header.office.as_str(), opened.cache.size());
    let newest = moment_text(register.newest_made(), screen.language);
    let Cosignatures { found, needed } = opened.cosigned;
    screen.print(&screen.words(
        format!(
            "evidence of office {title} ({id}), written at {written} by {writer}{under} and signed with the card\n   register: {acts} acts from the founding on, each verified; the newest of {newest}\n   records log: checkpoint of {size} by the log's key; cosignatures of witnesses: {found} ({needed} asked for)"
        ),
        format!(
            "団体 {title}({id})の証拠。{written}、{writer} が作成しカードで署名{under_ja}\n   登録簿: 設置から{acts}件の処分をすべて検証(最新 {newest})\n   記録簿: {size}件のチェックポイント(ログの鍵で署名、立会人の連署{found}件、必要{needed}件)"
        ),
    ))
}
