//! The evidence file (EVIDENCE.md): what an auditor is handed instead of a ledger. Read and written here; believed, or not, elsewhere.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::language::Language;

/// Largest file (§E1.2).
pub const EVIDENCE_MAX: u64 = 256 * 1024 * 1024;
/// Most records that one file is about (§E1.3).
pub const ASKED_MAX: usize = 256;
/// Longest line (§E1.2).
const LINE_MAX: usize = 2 * 1024 * 1024;
/// Most acts (§E1.2).
const ACTS_MAX: usize = 1_000_000;
/// Most names, and most records (§E1.2).
const OTHERS_MAX: usize = 65_536;
const VERSION: u32 = 1;

/// Bytes, base64 in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

/// So many bytes exactly, base64 in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exactly<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for Exactly<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Exactly<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Base64(bytes) = Base64::deserialize(deserializer)?;
        bytes.try_into().map(Self).map_err(|_| D::Error::custom("bytes of another length"))
    }
}

/// Who wrote the file, and about what (§E1.3). Nothing of it is more than his word, which his card signed (§E1.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceHeader {
    sekisho: EvidenceMark,
    version: u32,
    /// The office, hex.
    pub office: String,
    /// When, in ms since 1970 UTC.
    pub written: u64,
    /// Who: his code.
    pub operator: String,
    /// With which card (GUID, hex).
    pub card: String,
    /// Under which number it was permitted.
    pub permission: Option<String>,
    /// Indexes of the records that were asked for; what else is in the file, their verdicts need.
    pub asked: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EvidenceMark {
    Evidence,
}

impl EvidenceHeader {
    /// Of a file that this person writes now.
    #[must_use]
    pub fn new(office: String, written: u64, (operator, card): (String, String), asked: Vec<u64>) -> Self {
        Self {
            sekisho: EvidenceMark::Evidence,
            version: VERSION,
            office,
            written,
            operator,
            card,
            permission: None,
            asked,
        }
    }
}

/// A person's name (§E1.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceName {
    /// Its salt.
    pub salt: Exactly<16>,
    /// The name.
    pub text: String,
}

/// Under what the records lie (§E1.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsCheckpoint {
    /// The signed note, with the lines of witnesses.
    pub checkpoint: String,
    /// Where the log went on in another's place: the proof that it begins with what was kept.
    pub kept: Vec<Exactly<32>>,
}

/// A record and its place (§E1.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRecord {
    /// Index in the log.
    pub index: u64,
    /// Inclusion proof under the checkpoint.
    pub proof: Vec<Exactly<32>>,
    /// What lies there.
    #[serde(flatten)]
    pub content: EvidenceContent,
}

/// What lies at an index of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvidenceContent {
    /// A record.
    Record {
        /// Its bytes.
        bytes: Base64,
        /// What its terminal signed: the header of the batch. Nothing for records of the ledger.
        batch: Option<Base64>,
        /// The leaves of that batch.
        leaves: Vec<Exactly<32>>,
    },
    /// One whose contents were destroyed.
    Destroyed {
        /// Its leaf.
        leaf: Exactly<32>,
        /// Index of the act that destroyed it.
        act: u64,
    },
}

/// A terminal whose records an answer may lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateTerminal {
    /// Its code.
    pub terminal: String,
    /// When the ledger last heard of it.
    pub last_heard: Option<u64>,
    /// Records that it said last that it has and the ledger has not.
    #[serde(default)]
    pub holds: u64,
}

/// Records of a terminal that the ledger has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRange {
    /// Its code.
    pub terminal: String,
    /// Of which epoch.
    pub epoch: u32,
    /// The first,
    pub from: u64,
    /// and the last; nothing when nobody knows.
    pub to: Option<u64>,
    /// Index of the record that declares them lost; nothing where they may still come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<u64>,
}

/// What the ledger lacked when it was asked (§E1.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceLacks {
    /// Terminals that are behind.
    #[serde(default)]
    pub behind: Vec<LateTerminal>,
    /// Ranges of records.
    #[serde(default)]
    pub missing: Vec<MissingRange>,
    /// Whether there are more ranges than stand here.
    #[serde(default)]
    pub missing_cut: bool,
    /// Entries of the log that no search finds.
    #[serde(default, skip_serializing_if = "Unshown::is_empty")]
    pub unshown: Unshown,
}

/// Entries of the records log that do not open, are no records, or name another emitter or place than their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unshown {
    /// How many.
    pub count: u64,
    /// Indexes of the first of them.
    pub first: Vec<u64>,
}

impl Unshown {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Everything in the file but the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceContents {
    /// Who wrote it, about what.
    pub header: EvidenceHeader,
    /// The checkpoint of the register log.
    pub register: String,
    /// Every entry of the register log under it, from the founding act on.
    pub acts: Vec<Base64>,
    /// The names that the sentences need.
    pub names: Vec<EvidenceName>,
    /// The checkpoint of the records log.
    pub checkpoint: RecordsCheckpoint,
    /// Records, in the order of their indexes.
    pub records: Vec<EvidenceRecord>,
    /// What was missing.
    pub lacks: EvidenceLacks,
}

/// A file as it was read.
#[derive(Clone, Debug)]
pub struct EvidenceFile {
    /// What stands in it.
    pub contents: EvidenceContents,
    /// SHA-256 of all bytes before the last line.
    pub digest: [u8; 32],
    /// The signature in the last line.
    pub signature: [u8; 64],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Register(String),
    Act(Base64),
    Name(EvidenceName),
    Records(RecordsCheckpoint),
    Record(EvidenceRecord),
    Lacks(EvidenceLacks),
    Signed(Exactly<64>),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Written<'a> {
    Register(&'a str),
    Act(&'a Base64),
    Name(&'a EvidenceName),
    Records(&'a RecordsCheckpoint),
    Record(&'a EvidenceRecord),
    Lacks(&'a EvidenceLacks),
    Signed(Exactly<64>),
}

/// Why a file is no evidence that this program can read.
#[derive(Debug)]
pub enum EvidenceError {
    /// It cannot be read.
    File(io::Error),
    /// It is larger than such a file may be.
    TooLarge,
    /// It is no evidence file.
    Foreign,
    /// It is of a version that this program does not know.
    Newer(u32),
    /// It stops before its signature.
    Torn,
    /// What stands in this line, counted from 1, does not belong there.
    Line(usize),
}

impl EvidenceError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        let (english, japanese) = match self {
            Self::File(cause) => (format!("it cannot be read: {cause}"), format!("読み込めません: {cause}")),
            Self::TooLarge => (
                format!("it has more than {} MiB, {ACTS_MAX} acts or {OTHERS_MAX} records", EVIDENCE_MAX >> 20),
                format!("{} MiB、処分{ACTS_MAX}件又は記録{OTHERS_MAX}件を超えています", EVIDENCE_MAX >> 20),
            ),
            Self::Foreign => ("it is no evidence file".to_owned(), "証拠ファイルではありません".to_owned()),
            Self::Newer(version) => (
                format!("this program does not know version {version} of such files"),
                format!("形式の版 {version} はこのプログラムの知らない版です"),
            ),
            Self::Torn => ("it ends before its signature".to_owned(), "署名の前で切れています".to_owned()),
            Self::Line(line) => {
                (format!("line {line} is damaged or out of place"), format!("{line}行目が壊れているか、位置が違います"))
            }
        };
        match language {
            Language::English => english,
            Language::Japanese => japanese,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self, language: Language) -> &'static str {
        match self {
            Self::File(_) => language.choose(
                "Check the name of the file and that this user may read it.",
                "ファイル名と読取り権限を確かめてください。",
            ),
            Self::Newer(_) => language.choose("Update this program.", "このプログラムを更新してください。"),
            Self::TooLarge | Self::Foreign | Self::Torn | Self::Line(_) => language.choose(
                "Take the file as 'sekisho-admin records evidence' wrote it; what was altered on the way proves nothing, so ask the office for it again.",
                "「sekisho-admin records evidence」が書いたままのファイルを使ってください。途中で変わったものは証拠になりません。団体からもう一度受け取ってください。",
            ),
        }
    }
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

impl std::error::Error for EvidenceError {}

impl EvidenceContents {
    /// All lines before the signature.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put(&mut body, &self.header);
        put(&mut body, &Written::Register(&self.register));
        self.acts.iter().for_each(|act| put(&mut body, &Written::Act(act)));
        self.names.iter().for_each(|name| put(&mut body, &Written::Name(name)));
        put(&mut body, &Written::Records(&self.checkpoint));
        self.records.iter().for_each(|record| put(&mut body, &Written::Record(record)));
        put(&mut body, &Written::Lacks(&self.lacks));
        body
    }
}

/// The digest of what stands before the signature.
#[must_use]
pub fn evidence_content_digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// The line with the signature, which ends the file.
#[must_use]
pub fn evidence_signature_line(signature: [u8; 64]) -> Vec<u8> {
    let mut line = Vec::new();
    put(&mut line, &Written::Signed(Exactly(signature)));
    line
}

fn put(body: &mut Vec<u8>, line: &impl Serialize) {
    serde_json::to_writer(&mut *body, line).expect("text and numbers are JSON, and memory takes all of it");
    body.push(b'\n');
}

impl EvidenceFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn read(path: &Path) -> Result<Self, EvidenceError> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(EvidenceError::File)?;
        file.take(EVIDENCE_MAX + 1).read_to_end(&mut bytes).map_err(EvidenceError::File)?;
        Self::parse(&bytes)
    }

    /// Reads the bytes of a file. Nothing of it is believed yet.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() as u64 > EVIDENCE_MAX {
            return Err(EvidenceError::TooLarge);
        }
        let mut lines = Lines { rest: bytes, number: 0 };
        let header = header(lines.next()?.ok_or(EvidenceError::Foreign)?)?;
        let Line::Register(register) = lines.line()? else { return Err(lines.wrong()) };
        let mut next = lines.line()?;
        let mut acts = Vec::new();
        while let Line::Act(act) = next {
            acts.push(act);
            next = lines.line_after(acts.len(), ACTS_MAX)?;
        }
        let mut names = Vec::new();
        while let Line::Name(name) = next {
            names.push(name);
            next = lines.line_after(names.len(), OTHERS_MAX)?;
        }
        let Line::Records(checkpoint) = next else { return Err(lines.wrong()) };
        let mut records: Vec<EvidenceRecord> = Vec::new();
        next = lines.line()?;
        while let Line::Record(record) = next {
            // Each once, in order: one that stands twice could be told in two ways.
            if records.last().is_some_and(|before| before.index >= record.index) {
                return Err(lines.wrong());
            }
            records.push(record);
            next = lines.line_after(records.len(), OTHERS_MAX)?;
        }
        let Line::Lacks(lacks) = next else { return Err(lines.wrong()) };
        let body = &bytes[..bytes.len() - lines.rest.len()];
        let last = lines.rest;
        let Line::Signed(Exactly(signature)) = lines.line()? else { return Err(lines.wrong()) };
        // The one line that no signature covers has one spelling.
        if !lines.rest.is_empty() || last != evidence_signature_line(signature) {
            return Err(lines.wrong());
        }
        let is_there = |index: &u64| records.binary_search_by_key(index, |record| record.index).is_ok();
        if !header.asked.is_sorted_by(|one, other| one < other) || !header.asked.iter().all(is_there) {
            return Err(EvidenceError::Line(1));
        }
        let contents = EvidenceContents { header, register, acts, names, checkpoint, records, lacks };
        Ok(Self { contents, digest: evidence_content_digest(body), signature })
    }
}

fn header(line: &[u8]) -> Result<EvidenceHeader, EvidenceError> {
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|_| EvidenceError::Foreign)?;
    if value.get("sekisho").and_then(serde_json::Value::as_str) != Some("evidence") {
        return Err(EvidenceError::Foreign);
    }
    let version = value.get("version").and_then(serde_json::Value::as_u64).ok_or(EvidenceError::Line(1))?;
    if version != u64::from(VERSION) {
        return Err(EvidenceError::Newer(u32::try_from(version).unwrap_or(u32::MAX)));
    }
    let header: EvidenceHeader = serde_json::from_value(value).map_err(|_| EvidenceError::Line(1))?;
    let asks = !header.asked.is_empty() && header.asked.len() <= ASKED_MAX;
    if asks { Ok(header) } else { Err(EvidenceError::Line(1)) }
}

struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end; nothing where the file has stopped.
    fn next(&mut self) -> Result<Option<&'a [u8]>, EvidenceError> {
        self.number += 1;
        let within = &self.rest[..self.rest.len().min(LINE_MAX)];
        let Some(end) = within.iter().position(|byte| *byte == b'\n') else {
            return if within.len() == LINE_MAX { Err(self.wrong()) } else { Ok(None) };
        };
        let (line, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        Ok(Some(line))
    }

    fn line(&mut self) -> Result<Line, EvidenceError> {
        let line = self.next()?.ok_or(EvidenceError::Torn)?;
        serde_json::from_slice(line).map_err(|_| self.wrong())
    }

    /// The line after `so_many` of a sort, of which there may be `most`.
    fn line_after(&mut self, so_many: usize, most: usize) -> Result<Line, EvidenceError> {
        if so_many <= most { self.line() } else { Err(EvidenceError::TooLarge) }
    }

    const fn wrong(&self) -> EvidenceError {
        EvidenceError::Line(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> EvidenceContents {
        let header = EvidenceHeader::new("00".repeat(16), 5, ("20001".into(), "11".repeat(16)), vec![3, 4]);
        let bytes = EvidenceContent::Record {
            bytes: Base64(vec![1, 2]),
            batch: Some(Base64(vec![3])),
            leaves: vec![Exactly([4; 32])],
        };
        let gone = EvidenceContent::Destroyed { leaf: Exactly([5; 32]), act: 9 };
        let record = |index, content| EvidenceRecord { index, proof: vec![Exactly([6; 32])], content };
        let missing = MissingRange { terminal: "jumin-1".into(), epoch: 0, from: 4, to: None, said: Some(2) };
        let late = LateTerminal { terminal: "jumin-2".into(), last_heard: None, holds: 3 };
        EvidenceContents {
            header: EvidenceHeader { permission: Some("R8-0012".into()), ..header },
            register: "a note\n".into(),
            acts: vec![Base64(vec![7]), Base64(vec![])],
            names: vec![EvidenceName { salt: Exactly([8; 16]), text: "関 一郎".into() }],
            checkpoint: RecordsCheckpoint { checkpoint: "another\n".into(), kept: vec![Exactly([9; 32])] },
            records: vec![record(3, bytes), record(4, gone)],
            lacks: EvidenceLacks {
                behind: vec![late],
                missing: vec![missing],
                missing_cut: true,
                unshown: Unshown { count: 2, first: vec![4, 9] },
            },
        }
    }

    fn written(contents: &EvidenceContents) -> Vec<u8> {
        [contents.body(), evidence_signature_line([7; 64])].concat()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = written(&contents());
        let read = EvidenceFile::parse(&bytes).unwrap();
        assert_eq!((read.contents.clone(), read.signature), (contents(), [7; 64]));
        assert_eq!(read.digest, evidence_content_digest(&contents().body()));
        assert_eq!(read.contents.body(), contents().body());
    }

    #[test]
    fn a_file_that_was_cut_anywhere_is_torn_and_one_with_more_is_none() {
        let bytes = written(&contents());
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        for cut in 0..bytes.len() {
            let read = EvidenceFile::parse(&bytes[..cut]);
            let told = matches!(&read, Err(EvidenceError::Torn))
                || cut <= first && matches!(&read, Err(EvidenceError::Foreign));
            assert!(told, "{cut}: {read:?}");
        }
        assert!(matches!(EvidenceFile::parse(&[&bytes[..], b"\n"].concat()), Err(EvidenceError::Line(_))));
    }

    #[test]
    fn lines_have_their_order_and_records_theirs() {
        let bytes = written(&contents());
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        for (left_out, _) in lines.iter().enumerate() {
            let rest: Vec<&[u8]> =
                lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
            let read = EvidenceFile::parse(&rest.concat());
            // An act or a name that is left out is for those to notice who look at what stands there.
            assert_eq!(read.is_ok(), (2..=4).contains(&left_out), "{left_out}: {read:?}");
        }
        let mut twice = contents();
        twice.records[1].index = 3;
        twice.header.asked = vec![3];
        assert!(matches!(EvidenceFile::parse(&written(&twice)), Err(EvidenceError::Line(8))));
        let mut nothing = contents();
        nothing.header.asked = Vec::new();
        assert!(matches!(EvidenceFile::parse(&written(&nothing)), Err(EvidenceError::Line(1))));
    }

    #[test]
    fn other_files_are_told_apart() {
        for (bytes, why) in [
            (&b"hello\n"[..], "no evidence file"),
            (b"{}\n", "no evidence file"),
            (b"{\"sekisho\":\"records\",\"version\":1}\n", "no evidence file"),
            (b"{\"sekisho\":\"evidence\",\"version\":2}\n", "version 2"),
            (b"{\"sekisho\":\"evidence\",\"version\":1}\n", "line 1"),
        ] {
            assert!(EvidenceFile::parse(bytes).unwrap_err().to_string().contains(why), "{why}");
        }
        let long = vec![b'['; LINE_MAX + 1];
        assert!(matches!(EvidenceFile::parse(&long), Err(EvidenceError::Line(1))));
        assert!(matches!(EvidenceFile::read(Path::new("/nowhere")), Err(EvidenceError::File(_))));
    }
}
