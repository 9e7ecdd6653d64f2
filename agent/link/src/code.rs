//! Codes: the one-line text files that begin a founding or an enrolment (§L1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::language::Language;

const PREFIX: &str = "sekisho-code-1.";
/// A code holds a certificate and some keys; what is longer is something else.
const MAX_TEXT: usize = 16 * 1024;

/// What a code is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// Founds an office.
    Founding,
    /// Enrols one terminal of one office.
    Terminal {
        /// The office, 16 bytes.
        office: [u8; 16],
        /// The terminal's code.
        terminal: String,
    },
}

/// A code, read and checked for shape; whether it is still good, only the ledger knows.
pub struct LedgerCode {
    /// What it is for.
    pub kind: CodeKind,
    /// Where the ledger listens.
    pub url: String,
    /// The ledger's authority certificate, DER.
    pub authority: Vec<u8>,
    /// The ledger's name: first part of the origin of each log.
    pub ledger: String,
    /// Public key of the records log.
    pub records: [u8; 32],
    /// Public key of the register log.
    pub register: [u8; 32],
    /// Public key of the casebook.
    pub casebook: [u8; 32],
    /// Public key that envelopes are sealed for (wire §8).
    pub envelope: Vec<u8>,
    /// What the ledger recognises the code by; used once.
    pub secret: Zeroizing<[u8; 16]>,
    /// Until when the ledger takes it, in milliseconds since 1970.
    pub expires: u64,
}

impl fmt::Debug for LedgerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerCode").field("kind", &self.kind).field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why a text is no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// It does not begin as codes do.
    NotACode,
    /// It begins like a code of another version.
    OtherVersion(String),
    /// It was cut or altered on the way.
    Damaged,
    /// A field is missing or has the wrong shape.
    Field(&'static str),
}

impl CodeError {
    /// What happened, in one line.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match self {
            Self::NotACode => language
                .choose(
                    "cannot read the code: the text does not begin with 'sekisho-code-1.'",
                    "コードを読めません: 「sekisho-code-1.」で始まっていません",
                )
                .to_owned(),
            Self::OtherVersion(found) => match language {
                Language::English => {
                    format!("cannot read the code: '{found}' is a version that this program does not know")
                }
                Language::Japanese => format!("コードを読めません: 「{found}」はこのプログラムの知らない版です"),
            },
            Self::Damaged => language
                .choose(
                    "cannot read the code: it was cut or altered on the way",
                    "コードを読めません: 途中で欠けたか変わっています",
                )
                .to_owned(),
            Self::Field(name) => match language {
                Language::English => format!("cannot read the code: '{name}' is missing or malformed"),
                Language::Japanese => format!("コードを読めません:「{name}」がないか、形が正しくありません"),
            },
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self, language: Language) -> &'static str {
        match self {
            Self::NotACode | Self::Damaged | Self::Field(_) => language.choose(
                "copy the file again as a whole; if that does not help, have a new code made",
                "ファイル全体をもう一度写してください。だめなら新しいコードを発行してもらってください",
            ),
            Self::OtherVersion(_) => language.choose(
                "bring this program and the ledger to the same release",
                "このプログラムと台帳を同じ版にそろえてください",
            ),
        }
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

impl std::error::Error for CodeError {}

/// The JSON inside; bytes are base64, ids hex.
#[derive(Serialize, Deserialize)]
struct Fields {
    kind: String,
    url: String,
    authority: String,
    ledger: String,
    records: String,
    register: String,
    casebook: String,
    envelope: String,
    secret: Zeroizing<String>,
    expires: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal: Option<String>,
}

impl LedgerCode {
    /// Reads a code. White space around it is forgiven: mail programs and editors add it.
    ///
    /// # Errors
    /// [`CodeError`] says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        let Some(body) = text.strip_prefix(PREFIX) else {
            return Err(match text.split_once('.') {
                Some((version, _)) if version.starts_with("sekisho-code-") && version.len() <= 32 => {
                    CodeError::OtherVersion(version.to_owned())
                }
                Some(_) | None => CodeError::NotACode,
            });
        };
        if body.len() > MAX_TEXT {
            return Err(CodeError::Damaged);
        }
        let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(body).map_err(|_| CodeError::Damaged)?);
        let fields: Fields = serde_json::from_slice(&json).map_err(|_| CodeError::Damaged)?;
        Self::from_fields(&fields)
    }

    fn from_fields(fields: &Fields) -> Result<Self, CodeError> {
        Ok(Self {
            kind: kind(fields)?,
            url: fields.url.clone(),
            authority: bytes(&fields.authority, "authority")?,
            ledger: fields.ledger.clone(),
            records: array(&fields.records, "records")?,
            register: array(&fields.register, "register")?,
            casebook: array(&fields.casebook, "casebook")?,
            envelope: bytes(&fields.envelope, "envelope")?,
            secret: Zeroizing::new(array(&fields.secret, "secret")?),
            expires: fields.expires,
        })
    }

    /// The code as text, without the newline that ends the file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let (kind, office, terminal) = match &self.kind {
            CodeKind::Founding => ("founding", None, None),
            CodeKind::Terminal { office, terminal } => ("terminal", Some(to_hex(office)), Some(terminal.clone())),
        };
        let fields = Fields {
            kind: kind.to_owned(),
            url: self.url.clone(),
            authority: STANDARD.encode(&self.authority),
            ledger: self.ledger.clone(),
            records: STANDARD.encode(self.records),
            register: STANDARD.encode(self.register),
            casebook: STANDARD.encode(self.casebook),
            envelope: STANDARD.encode(&self.envelope),
            secret: Zeroizing::new(STANDARD.encode(*self.secret)),
            expires: self.expires,
            office,
            terminal,
        };
        let json = Zeroizing::new(serde_json::to_vec(&fields).expect("strings and a number always serialise"));
        Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&*json)))
    }
}

fn kind(fields: &Fields) -> Result<CodeKind, CodeError> {
    match fields.kind.as_str() {
        "founding" => Ok(CodeKind::Founding),
        "terminal" => Ok(CodeKind::Terminal {
            office: fields.office.as_deref().and_then(from_hex).ok_or(CodeError::Field("office"))?,
            terminal: fields.terminal.clone().filter(|code| !code.is_empty()).ok_or(CodeError::Field("terminal"))?,
        }),
        _ => Err(CodeError::Field("kind")),
    }
}

fn bytes(text: &str, field: &'static str) -> Result<Vec<u8>, CodeError> {
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty()).ok_or(CodeError::Field(field))
}

fn array<const N: usize>(text: &str, field: &'static str) -> Result<[u8; N], CodeError> {
    bytes(text, field)?.try_into().map_err(|_| CodeError::Field(field))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal_code() -> LedgerCode {
        LedgerCode {
            kind: CodeKind::Terminal { office: [0xab; 16], terminal: "madoguchi-1".to_owned() },
            url: "https://ledger.example:8443".to_owned(),
            authority: vec![0x30, 0x03, 1, 2, 3],
            ledger: "ledger.example".to_owned(),
            records: [1; 32],
            register: [2; 32],
            casebook: [3; 32],
            envelope: vec![4; 65],
            secret: Zeroizing::new([5; 16]),
            expires: 1_800_000_000_000,
        }
    }

    #[test]
    fn a_code_survives_being_written_and_read() {
        let code = terminal_code();
        let read = LedgerCode::parse(&format!("  {}\r\n", *code.to_text())).unwrap();
        assert_eq!(read.kind, code.kind);
        assert_eq!(read.url, code.url);
        assert_eq!(read.authority, code.authority);
        assert_eq!(read.envelope, code.envelope);
        assert_eq!(*read.secret, [5; 16]);
        assert_eq!(read.expires, code.expires);
    }

    /// The line that the ledger writes for the same parts; `ledger/src/code.rs` reads the same file.
    const GOLDEN: &str = include_str!("../../../protocol/wire/vectors/code-1.txt");

    #[test]
    fn a_code_is_the_very_line_that_the_ledger_writes() {
        assert_eq!(format!("{}\n", *terminal_code().to_text()), GOLDEN);
        assert_eq!(LedgerCode::parse(GOLDEN).unwrap().to_text(), terminal_code().to_text());
    }

    #[test]
    fn a_founding_code_names_no_office() {
        let code = LedgerCode { kind: CodeKind::Founding, ..terminal_code() };
        let text = code.to_text();
        let json = URL_SAFE_NO_PAD.decode(&text.as_bytes()[PREFIX.len()..]).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["kind"], "founding");
        assert!(json.get("office").is_none());
    }

    #[test]
    fn what_is_wrong_with_a_code_is_said() {
        let good = terminal_code().to_text();
        let altered = |field: &str, value: serde_json::Value| {
            let json = URL_SAFE_NO_PAD.decode(&good.as_bytes()[PREFIX.len()..]).unwrap();
            let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
            json[field] = value;
            format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json.to_string()))
        };
        let cases = [
            (String::new(), CodeError::NotACode),
            ("hello.world".to_owned(), CodeError::NotACode),
            ("sekisho-code-2.abc".to_owned(), CodeError::OtherVersion("sekisho-code-2".to_owned())),
            (good[..good.len() - 9].to_owned(), CodeError::Damaged),
            (altered("kind", "wedding".into()), CodeError::Field("kind")),
            (altered("office", "ABAB".into()), CodeError::Field("office")),
            (altered("terminal", serde_json::Value::Null), CodeError::Field("terminal")),
            (altered("secret", "AAAA".into()), CodeError::Field("secret")),
            (altered("authority", "".into()), CodeError::Field("authority")),
        ];
        for (text, expected) in cases {
            assert_eq!(LedgerCode::parse(&text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let shown = format!("{:?}", terminal_code());
        assert!(!shown.contains("secret") && !shown.contains("5, 5"), "{shown}");
    }
}
