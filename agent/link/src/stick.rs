//! Files that a person carries between a terminal and the ledger where no line does (STICK.md).

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::language::Language;

/// Longest line (§S1.1).
const LINE_MAX: u64 = 2 * 1024 * 1024;
const VERSION: u32 = 1;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StickKind {
    /// Batches of records, to the ledger.
    Records,
    /// Seals, back to the terminal.
    Seals,
}

/// The first line (§S1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StickHeader {
    /// What follows.
    #[serde(rename = "sekisho")]
    pub kind: StickKind,
    version: u32,
    /// The office, hex.
    pub office: String,
    /// The terminal's code.
    pub terminal: String,
    /// Its epoch.
    pub epoch: u32,
    /// Size of the newest checkpoint of the records log that the terminal had verified.
    pub seen: u64,
}

impl StickHeader {
    /// Of records that leave a terminal.
    #[must_use]
    pub const fn records(office: String, terminal: String, epoch: u32, seen: u64) -> Self {
        Self { kind: StickKind::Records, version: VERSION, office, terminal, epoch, seen }
    }

    /// Of the seals that go back for these records.
    #[must_use]
    pub fn seals(&self) -> Self {
        Self { kind: StickKind::Seals, ..self.clone() }
    }
}

/// One batch (§S1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedBatch {
    /// Seq of its first record.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// The envelope, base64.
    pub envelope: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: u64,
}

/// A file on a stick cannot be used.
#[derive(Debug)]
pub enum StickError {
    /// It cannot be read or written.
    File(PathBuf, io::Error),
    /// It stands there already.
    Exists(PathBuf),
    /// It is not what a terminal or the ledger writes.
    Foreign(PathBuf),
    /// It is, and of the other kind.
    OtherKind(PathBuf, StickKind),
    /// It is of a version that this program does not know.
    Newer(PathBuf, u32),
    /// Its end is missing.
    Torn(PathBuf),
}

impl StickError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        let path = self.path().display();
        match (self, language) {
            (Self::File(_, cause), Language::English) => format!("cannot use {path}: {cause}"),
            (Self::File(_, cause), Language::Japanese) => format!("{path} を扱えません: {cause}"),
            (Self::Exists(_), Language::English) => format!("cannot write {path}: there is a file of that name"),
            (Self::Exists(_), Language::Japanese) => format!("{path} を書けません: 同じ名前のファイルがあります"),
            (Self::Foreign(_), Language::English) => {
                format!("cannot read {path}: it holds neither records nor seals of a terminal, or is damaged")
            }
            (Self::Foreign(_), Language::Japanese) => {
                format!("{path} を読めません: 端末機の記録でも封印でもないか、壊れています")
            }
            (Self::OtherKind(_, StickKind::Records), Language::English) => {
                format!("cannot use {path}: it holds records, on their way to the ledger")
            }
            (Self::OtherKind(_, StickKind::Records), Language::Japanese) => {
                format!("{path} は使えません: 台帳へ運ぶ記録のファイルです")
            }
            (Self::OtherKind(_, StickKind::Seals), Language::English) => {
                format!("cannot use {path}: it holds seals, on their way back to the terminal")
            }
            (Self::OtherKind(_, StickKind::Seals), Language::Japanese) => {
                format!("{path} は使えません: 端末機へ持ち帰る封印のファイルです")
            }
            (Self::Newer(_, version), Language::English) => {
                format!("cannot read {path}: this program does not know version {version} of such files")
            }
            (Self::Newer(_, version), Language::Japanese) => {
                format!("{path} を読めません: 形式の版 {version} はこのプログラムの知らない版です")
            }
            (Self::Torn(_), Language::English) => format!("{path} ends too early"),
            (Self::Torn(_), Language::Japanese) => format!("{path} は途中で切れています"),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self, language: Language) -> &'static str {
        match self {
            Self::File(..) => language.choose(
                "Check that the stick is in, has room and may be written by this user.",
                "USBメモリが挿さっていて、空きがあり、書き込めることを確かめてください。",
            ),
            Self::Exists(_) => language.choose(
                "Choose another name; no file is overwritten.",
                "別の名前にしてください。上書きはしません。",
            ),
            Self::Foreign(_) | Self::OtherKind(..) => language.choose(
                "Take the file that 'sekisho-agent records export' (records) or 'sekisho-admin records carry' (seals) wrote.",
                "「sekisho-agent records export」(記録)または「sekisho-admin records carry」(封印)が書いたファイルを使ってください。",
            ),
            Self::Newer(..) => language.choose("Update this program.", "このプログラムを更新してください。"),
            Self::Torn(_) => language.choose(
                "What stood in it was taken. Make the file anew for the rest, and unmount a stick before it is pulled.",
                "書かれていた分は取り込みました。残りはファイルを作り直してください。USBメモリは取り外しの操作をしてから抜いてください。",
            ),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path, _)
            | Self::Exists(path)
            | Self::Foreign(path)
            | Self::OtherKind(path, _)
            | Self::Newer(path, _)
            | Self::Torn(path) => path,
        }
    }
}

impl fmt::Display for StickError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

impl std::error::Error for StickError {}

/// A file that is being written. It has its name only when it is whole and on the medium.
#[derive(Debug)]
pub struct StickWriter {
    path: PathBuf,
    draft: PathBuf,
    file: BufWriter<File>,
    lines: u64,
}

impl StickWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// [`StickError`].
    pub fn create(path: &Path, header: &StickHeader) -> Result<Self, StickError> {
        if path.exists() {
            return Err(StickError::Exists(path.to_owned()));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let draft = PathBuf::from(name);
        // Never through a link that somebody left under that name: root writes here, on a medium that others may have had.
        let _ = fs::remove_file(&draft);
        let file = File::create_new(&draft).map_err(|error| StickError::File(draft.clone(), error))?;
        let mut writer = Self { path: path.to_owned(), draft, file: BufWriter::new(file), lines: 0 };
        writer.put(header)?;
        Ok(writer)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`StickError::File`].
    pub fn add(&mut self, line: &impl Serialize) -> Result<(), StickError> {
        self.lines += 1;
        self.put(line)
    }

    /// Ends the file and waits until the medium has it.
    ///
    /// # Errors
    /// [`StickError::File`].
    pub fn finish(mut self) -> Result<(), StickError> {
        self.put(&End { end: self.lines })?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let durable = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let named = durable.and_then(|()| fs::rename(&self.draft, &self.path));
        let kept = named.and_then(|()| File::open(folder)?.sync_all());
        kept.map_err(|error| StickError::File(self.path.clone(), error))
    }

    fn put(&mut self, line: &impl Serialize) -> Result<(), StickError> {
        let written = serde_json::to_writer(&mut self.file, line).map_err(io::Error::from);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(|error| StickError::File(self.draft.clone(), error))
    }
}

/// A file that is read line by line.
#[derive(Debug)]
pub struct StickReader {
    path: PathBuf,
    file: BufReader<File>,
    header: StickHeader,
    lines: u64,
}

impl StickReader {
    /// Opens a file of this kind.
    ///
    /// # Errors
    /// [`StickError`].
    pub fn open(path: &Path, kind: StickKind) -> Result<Self, StickError> {
        let file = File::open(path).map_err(|error| StickError::File(path.to_owned(), error))?;
        let mut file = BufReader::new(file);
        let first = read_line(path, &mut file)?.ok_or_else(|| StickError::Foreign(path.to_owned()))?;
        let foreign = || StickError::Foreign(path.to_owned());
        let version = first.get("version").and_then(Value::as_u64).ok_or_else(foreign)?;
        if first.get("sekisho").is_some() && version != u64::from(VERSION) {
            return Err(StickError::Newer(path.to_owned(), u32::try_from(version).unwrap_or(u32::MAX)));
        }
        let header: StickHeader = serde_json::from_value(first).map_err(|_| foreign())?;
        if header.kind != kind {
            return Err(StickError::OtherKind(path.to_owned(), header.kind));
        }
        Ok(Self { path: path.to_owned(), file, header, lines: 0 })
    }

    /// Its first line.
    #[must_use]
    pub const fn header(&self) -> &StickHeader {
        &self.header
    }

    /// The next line; nothing after the last.
    ///
    /// # Errors
    /// [`StickError`]; [`StickError::Torn`] where the file stops without its end.
    pub fn next_line<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StickError> {
        let line = read_line(&self.path, &mut self.file)?.ok_or_else(|| StickError::Torn(self.path.clone()))?;
        if let Ok(End { end }) = End::deserialize(&line) {
            return if end == self.lines { Ok(None) } else { Err(StickError::Torn(self.path.clone())) };
        }
        self.lines += 1;
        serde_json::from_value(line).map(Some).map_err(|_| StickError::Foreign(self.path.clone()))
    }
}

/// A line as JSON; nothing at the end, or where the line has none.
fn read_line(path: &Path, file: &mut BufReader<File>) -> Result<Option<Value>, StickError> {
    let mut line = Vec::new();
    file.take(LINE_MAX).read_until(b'\n', &mut line).map_err(|error| StickError::File(path.to_owned(), error))?;
    let whole = line.ends_with(b"\n");
    if !whole && line.len() as u64 == LINE_MAX {
        return Err(StickError::Foreign(path.to_owned()));
    }
    if !whole {
        return Ok(None);
    }
    serde_json::from_slice(&line).map(Some).map_err(|_| StickError::Foreign(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("sekisho-stick-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn header() -> StickHeader {
        StickHeader::records("00".repeat(16), "mado-1".into(), 3, 17)
    }

    fn batch(first: u64) -> CarriedBatch {
        CarriedBatch { first, count: 2, envelope: "AAAA".into() }
    }

    fn write(path: &Path) {
        let mut writer = StickWriter::create(path, &header()).unwrap();
        writer.add(&batch(0)).unwrap();
        writer.add(&batch(2)).unwrap();
        writer.finish().unwrap();
    }

    fn read(path: &Path) -> (Vec<CarriedBatch>, Option<StickError>) {
        let mut reader = StickReader::open(path, StickKind::Records).unwrap();
        assert_eq!(*reader.header(), header());
        let mut batches = Vec::new();
        loop {
            match reader.next_line() {
                Ok(Some(batch)) => batches.push(batch),
                Ok(None) => return (batches, None),
                Err(error) => return (batches, Some(error)),
            }
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let place = Place::new("written");
        let path = place.0.join("mado-1.records");
        write(&path);
        assert!(matches!(read(&path), (batches, None) if batches == [batch(0), batch(2)]));
        let names: Vec<_> = fs::read_dir(&place.0).unwrap().collect();
        assert_eq!(names.len(), 1, "no draft is left");
        assert!(matches!(StickWriter::create(&path, &header()), Err(StickError::Exists(_))));
    }

    #[test]
    fn a_file_that_was_cut_anywhere_gives_what_is_whole_and_says_that_it_is_torn() {
        let place = Place::new("cut");
        let path = place.0.join("mado-1.records");
        write(&path);
        let bytes = fs::read(&path).unwrap();
        let header = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        for cut in 0..bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            if cut <= header {
                assert!(matches!(StickReader::open(&path, StickKind::Records), Err(StickError::Foreign(_))), "{cut}");
                continue;
            }
            let whole = bytes[header + 1..cut].iter().filter(|byte| **byte == b'\n').count();
            let (batches, error) = read(&path);
            assert_eq!(batches.len(), whole, "{cut}");
            assert!(matches!(error, Some(StickError::Torn(_))), "{cut}");
        }
    }

    #[test]
    fn a_line_left_out_is_noticed() {
        let place = Place::new("left-out");
        let path = place.0.join("mado-1.records");
        write(&path);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        fs::write(&path, format!("{}\n{}\n{}\n", lines[0], lines[1], lines[3])).unwrap();
        assert!(matches!(read(&path), (batches, Some(StickError::Torn(_))) if batches == [batch(0)]));
    }

    #[test]
    fn other_files_are_told_apart() {
        let place = Place::new("others");
        let path = place.0.join("file");
        let open = |bytes: &[u8], kind| {
            fs::write(&path, bytes).unwrap();
            StickReader::open(&path, kind)
        };
        let line = |kind: &str, version: u32| {
            format!(
                "{{\"sekisho\":\"{kind}\",\"version\":{version},\"office\":\"\",\"terminal\":\"a\",\"epoch\":0,\"seen\":0,\"more\":1}}\n"
            )
        };
        assert!(matches!(open(b"hello\n", StickKind::Records), Err(StickError::Foreign(_))));
        assert!(matches!(open(b"", StickKind::Records), Err(StickError::Foreign(_))));
        assert!(matches!(open(&vec![b'['; 3 << 20], StickKind::Records), Err(StickError::Foreign(_))));
        assert!(matches!(open(line("records", 2).as_bytes(), StickKind::Records), Err(StickError::Newer(_, 2))));
        let other = open(line("seals", 1).as_bytes(), StickKind::Records);
        assert!(matches!(other, Err(StickError::OtherKind(_, StickKind::Seals))));
        assert!(open(line("seals", 1).as_bytes(), StickKind::Seals).is_ok(), "what is not known is left out");
        assert!(matches!(StickReader::open(&place.0.join("missing"), StickKind::Seals), Err(StickError::File(..))));
    }
}
