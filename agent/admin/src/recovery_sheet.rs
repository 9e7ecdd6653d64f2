//! Recovery sheets read back: typed line by line, or out of a file. Each line checks itself, so that a typing error is found where it is made.

use std::path::Path;

use ed25519_dalek::SigningKey;
use sekisho_register::values::Ed25519Key;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{AdminError, Said};
use crate::pin_entry::PinSource;
use crate::recovery::{LINE, LINES};
use crate::screen::Screen;

/// More than any sheet.
const SHEET_MAX: u64 = 16 * 1024;

/// The key of one sheet, as long as it is needed. It is wiped when it goes.
pub(crate) struct SheetKey(SigningKey);

impl SheetKey {
    /// Its public half.
    #[must_use]
    pub(crate) fn public(&self) -> Ed25519Key {
        Ed25519Key(self.0.verifying_key().to_bytes())
    }

    /// Signs these bytes.
    #[must_use]
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer as _;
        self.0.sign(bytes).to_bytes()
    }

    /// Out of a file that holds the text of a sheet.
    ///
    /// # Errors
    /// When it cannot be read; [`AdminError::Argument`] with the line that is wrong.
    pub(crate) fn from_file(path: &Path) -> Result<Self, AdminError> {
        use std::io::Read as _;
        let fail = |cause| AdminError::File { path: path.to_owned(), cause };
        let file = std::fs::File::open(path).map_err(fail)?;
        let mut text = Zeroizing::new(Vec::with_capacity(SHEET_MAX as usize + 1));
        file.take(SHEET_MAX).read_to_end(&mut text).map_err(fail)?;
        let mut seed = Zeroizing::new([0; 32]);
        for number in 0..LINES {
            let label = format!("{}:", number + 1);
            let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            let line = lines.filter_map(|line| line.strip_prefix(label.as_bytes())).next();
            let line = line.and_then(checked).ok_or_else(|| wrong_line(path, number + 1))?;
            seed[number * LINE..(number + 1) * LINE].copy_from_slice(line.as_slice());
        }
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Asks for the lines of a sheet, each until it fits its check digits.
    ///
    /// # Errors
    /// When there is no terminal; [`AdminError::Declined`] for an empty line.
    pub(crate) fn typed(screen: &Screen, sheet: usize, of: usize) -> Result<Self, AdminError> {
        let mut seed = Zeroizing::new([0; 32]);
        for number in 0..LINES {
            let line = loop {
                let (english, japanese) = (
                    format!("recovery sheet {sheet} of {of}, line {} with its check digits", number + 1),
                    format!("復旧鍵の用紙 {sheet}/{of}枚目、{}行目(末尾の確認用数字を含む)", number + 1),
                );
                let typed = PinSource::Terminal.read_line(screen, &english, &japanese)?;
                if typed.trim_ascii().is_empty() {
                    return Err(AdminError::Declined);
                }
                if let Some(line) = checked(&typed) {
                    break line;
                }
                screen.note(
                    "the line does not fit its check digits: type it again, with all 20 digits",
                    "確認用数字と合いません。20桁すべてを入力し直してください",
                );
            };
            seed[number * LINE..(number + 1) * LINE].copy_from_slice(line.as_slice());
        }
        Ok(Self(SigningKey::from_bytes(&seed)))
    }
}

fn wrong_line(path: &Path, line: usize) -> AdminError {
    AdminError::Argument {
        name: "--sheet",
        value: path.display().to_string(),
        rule: Said::new(
            format!("line {line} is missing or does not fit its check digits: compare it with the sheet"),
            format!("{line}行目がないか、確認用数字と合いません。用紙と比べてください"),
        ),
    }
}

/// The bytes of a line whose check digits fit: 16 digits and 4; blanks and brackets are for the eye.
fn checked(line: &[u8]) -> Option<Zeroizing<[u8; LINE]>> {
    let mut bytes = Zeroizing::new([0_u8; LINE + 2]);
    let mut digits = 0;
    for byte in line.trim_ascii() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b' ' | b'[' | b']' => continue,
            0..=255 => return None,
        };
        *bytes.get_mut(digits / 2)? |= if digits % 2 == 0 { digit << 4 } else { digit };
        digits += 1;
    }
    let (line, check) = bytes.split_at(LINE);
    let fits = digits == 2 * (LINE + 2) && Sha256::digest(line)[..2] == *check;
    fits.then(|| line.try_into().map(Zeroizing::new).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes_file::RecoveryTable;
    use crate::home::tests::TempHome;
    use crate::recovery::Sheets;
    use sekisho_wire::words::Language;

    #[test]
    fn what_was_printed_is_read_back_and_no_digit_of_it_may_differ() {
        let home = TempHome::new();
        let directory = home.0.path("sheets");
        for language in [Language::Japanese, Language::English] {
            let sheets = Sheets::make("関所町", RecoveryTable { needed: 1, keys: 1 }, language).unwrap();
            let key = sheets.recovery().keys[0];
            let _ = std::fs::remove_dir_all(&directory);
            sheets.write(&directory, &[]).unwrap();
            let path = directory.join("recovery-1.txt");
            assert_eq!(SheetKey::from_file(&path).unwrap().public(), key);
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().filter(|line| line.contains('[')).collect();
            assert_eq!(lines.len(), LINES);
            for line in lines {
                let typed = line.trim().split_once(':').unwrap().1;
                assert!(checked(typed.as_bytes()).is_some());
                assert!(checked(typed.replace([' ', '[', ']'], "").to_uppercase().as_bytes()).is_some());
                for (at, digit) in typed.char_indices().filter(|(_, c)| c.is_ascii_hexdigit()) {
                    let other = if digit == '0' { "1" } else { "0" };
                    let mistyped = [&typed[..at], other, &typed[at + 1..]].concat();
                    assert!(checked(mistyped.as_bytes()).is_none(), "{mistyped}");
                    let too_short = [&typed[..at], &typed[at + 1..]].concat();
                    assert!(checked(too_short.as_bytes()).is_none(), "{too_short}");
                }
            }
        }
        assert!(checked(b"").is_none() && checked(&[b'0'; 200]).is_none() && checked("壱".as_bytes()).is_none());
    }

    #[test]
    fn a_sheet_with_a_wrong_line_says_which() {
        let home = TempHome::new();
        let directory = home.0.path("sheets");
        Sheets::make("関所町", RecoveryTable { needed: 1, keys: 1 }, Language::English)
            .unwrap()
            .write(&directory, &[])
            .unwrap();
        let path = directory.join("recovery-1.txt");
        let text = std::fs::read_to_string(&path).unwrap();
        let without_third: String =
            text.lines().filter(|line| !line.starts_with("  3:")).fold(String::new(), |all, line| all + line + "\n");
        std::fs::write(&path, without_third).unwrap();
        let error = SheetKey::from_file(&path).err().unwrap();
        assert!(error.to_string().contains("line 3"), "{error}");
    }
}
