//! The month's sheet: what each log of an office was, on paper, stamped and put into the safe. It is a town's witness: nobody who has only the ledger
//! can alter it. What is read from it later is held against the log ([`check`]).

pub mod check;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use qrcodegen::{QrCode, QrCodeEcc};
use sekisho_register::Register;
use sekisho_register::change::Log;
use sekisho_register::wareki::wareki_time;
use sekisho_tlog::{Checkpoint, Frontier, Hash, VerifyingKey};
use sekisho_wire::id::OfficeId;
use sekisho_wire::words::Language;

use crate::checkpoint::{self, CheckpointFile, HaltNote};
use crate::clock::{Millis, stamp};
use crate::config::Config;
use crate::cosignatures::Cosignatures;
use crate::data::DataDir;
use crate::error::LedgerError;
use crate::log_keys::keys_of;
use crate::office::fold_register;
use crate::signed_log::Published;
use crate::store::{LogName, Store, StoredTree};

/// One log on the sheet.
struct Part {
    log: LogName,
    key: VerifyingKey,
    note: String,
    size: u64,
    root: Hash,
}

/// A page of an office to print: A4, Japanese with English beside it. The ledger may be running.
///
/// # Errors
/// When there is no such office, a log has stopped or its checkpoint does not fit the database: what is in doubt is not put into a safe.
pub fn sheet(root: &Path, office: &OfficeId, now: Millis) -> Result<String, LedgerError> {
    let data = DataDir::new(root);
    let config = Config::read(&data.config())?;
    // Files first: the view of the database is younger then, and has what they sign.
    let read = LogName::ALL.map(|log| Signed::read(&data, office, log));
    let store = crate::cold::view(config.book(&data)?.open_snapshot()?, &config, &data, None)?;
    if !store.offices()?.iter().any(|known| known.id == *office) {
        let cause = format!("{office} is not an office of this ledger");
        return Err(LedgerError::Argument { name: "--office", cause });
    }
    let register = fold_register(&*store, office)?;
    let parts = read.into_iter().map(|signed| part(signed?, &*store, &register, office));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok(page(&register, office, &parts, now))
}

/// What lies on the disk of a log.
struct Signed {
    log: LogName,
    file: CheckpointFile,
    generation: u32,
    halted: Option<HaltNote>,
    text: Option<String>,
}

impl Signed {
    fn read(data: &DataDir, office: &OfficeId, log: LogName) -> Result<Self, LedgerError> {
        let (file, generation) = CheckpointFile::newest(&data.checkpoints(), &office.to_string(), log);
        let halted = file.halted()?;
        let text = file.read().map_err(LedgerError::file("read", file.path()))?;
        Ok(Self { log, file, generation, halted, text })
    }
}

fn part(signed: Signed, store: &dyn Store, register: &Register, office: &OfficeId) -> Result<Part, LedgerError> {
    let Signed { log, file, generation, halted, text } = signed;
    let doubtful = |cause: String| LedgerError::NotResumed { cause };
    if let Some(note) = halted {
        return Err(doubtful(format!("{log} has stopped: {}", note.halt)));
    }
    if register.generation(log.of_acts()) != generation {
        return Err(doubtful(format!("another log goes on in place of {log}, from the ledger's next start on")));
    }
    let keys = keys_of(register, log, generation)?;
    let tree = StoredTree { store, office: *office, log };
    let head: Frontier = store.frontier(office, log)?;
    let signed = checkpoint::check(text.as_deref(), &keys, &tree, &head, 0)?;
    let signed = signed.map_err(|halt| doubtful(format!("{log}: {halt}")))?;
    let (Some(Checkpoint { size, root, .. }), Some(text)) = (signed, text) else {
        return Err(doubtful(format!("nothing is signed of {log} yet")));
    };
    let beside = Cosignatures::open(file.path().with_extension("cosigned"), &keys);
    let note = beside.beside(&Arc::new(Published { text, size, root }));
    Ok(Part { log, key: keys.newest().clone(), note, size, root })
}

fn page(register: &Register, office: &OfficeId, parts: &[Part], now: Millis) -> String {
    let (title, at, stamp) = (escaped(register.title()), wareki_time(now), stamp(now));
    let sections: String = parts.iter().map(section).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} 台帳確認票</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>台帳確認票 <small>checkpoint of the ledger</small></h1>\n\
         <p><b>{title}</b>（団体 {office}）<br>{at} 現在（{stamp}）</p>\n{sections}\
         <table class=\"seals\"><tr><td>作成者<br>printed by</td><td>確認者<br>checked by</td><td>保管<br>kept in</td></tr></table>\n\
         <p class=\"how\">二次元コードの内容をそのままファイルに保存し、<code>sekisho-ledger check-checkpoint --note ファイル</code> で台帳と照合してください。「一致しない」「台帳より大きい」ときは台帳を停止し、この票を証拠として保管してください。<br>\
         Save the text of a code to a file and hold it against the ledger with <code>sekisho-ledger check-checkpoint --note FILE</code>.</p>\n</body>\n</html>\n"
    )
}

fn section(part: &Part) -> String {
    let Part { log, key, note, size, root } = part;
    let name = match log {
        LogName::Records => Log::Records,
        LogName::Register => Log::Register,
        LogName::Casebook => Log::Casebook,
    };
    let name = name.name(Language::Japanese);
    let cosigned = cosigned(note, key.name());
    let (origin, root, public) = (escaped(key.name()), groups(&root.0), groups(&key.to_bytes()));
    format!(
        "<section>\n<div class=\"code\">{}</div>\n<h2>{name} <small>{log}</small></h2>\n<dl>\n<dt>名前 origin</dt><dd><code>{origin}</code></dd>\n\
         <dt>件数 size</dt><dd><b>{size}</b></dd>\n<dt>ルート root</dt><dd><code>{root}</code></dd>\n<dt>鍵 key {}</dt><dd><code>{public}</code></dd>\n\
         <dt>連署 cosigned</dt><dd>{cosigned}</dd>\n</dl>\n</section>\n",
        code(note),
        key.id(),
    )
}

/// How many lines are a witness's. The log's own are those of its name: one of each key that it ever had.
fn cosigned(note: &str, origin: &str) -> usize {
    let names = note.lines().filter_map(|line| line.strip_prefix("\u{2014} ")?.split(' ').next());
    names.filter(|name| *name != origin).count()
}

/// Hexadecimal in groups of eight, as somebody reads it aloud.
fn groups(bytes: &[u8]) -> String {
    let group = |four: &[u8]| four.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    bytes.chunks(4).map(group).collect::<Vec<_>>().join(" ")
}

/// The whole signed note as a QR code, in SVG. Paper in a safe gets creased: a quarter of it may be unreadable.
fn code(note: &str) -> String {
    let code = QrCode::encode_binary(note.as_bytes(), QrCodeEcc::Quartile).or_else(|_| {
        // With many witnesses it is a longer text.
        QrCode::encode_binary(note.as_bytes(), QrCodeEcc::Low)
    });
    let Ok(code) = code else { return "<pre>".to_owned() + &escaped(note) + "</pre>" };
    let (side, mut path) = (code.size(), String::new());
    for y in 0..side {
        for x in (0..side).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    // Four modules of white around it belong to the code (ISO/IEC 18004).
    let whole = side + 8;
    format!("<svg viewBox=\"-4 -4 {whole} {whole}\" shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "@page{size:A4;margin:14mm}body{font:10pt sans-serif;margin:0}h1{font-size:16pt;margin:0 0 2mm}small{color:#555;font-weight:normal}\
section{border-top:1px solid #000;padding:3mm 0;overflow:hidden;break-inside:avoid}h2{font-size:12pt;margin:0 0 1mm}.code{float:right;width:62mm}\
.code svg{width:62mm;display:block}dl{margin:0 66mm 0 0}dt{color:#555;font-size:8pt;margin-top:1mm}dd{margin:0;overflow-wrap:anywhere}\
.seals{width:100%;border-collapse:collapse}.seals td{border:1px solid #000;height:16mm;width:33%;vertical-align:top;padding:1mm;font-size:8pt}.how{font-size:8pt}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_page_is_text() {
        assert_eq!(escaped("<b>\"&\""), "&lt;b&gt;&quot;&amp;&quot;");
        assert_eq!(groups(&[0, 1, 2, 3, 0xff]), "00010203 ff");
    }
}
