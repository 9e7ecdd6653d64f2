//! Recovery keys: Ed25519 keys on paper, for the safe. This program forgets them as soon as the sheets are written.

use std::fmt::Write as _;
use std::path::Path;

use ed25519_dalek::SigningKey;
use sekisho_register::change::Recovery;
use sekisho_register::values::Ed25519Key;
use sekisho_wire::words::Language;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::changes_file::RecoveryTable;
use crate::error::AdminError;
use crate::home::write_new_secret;
use crate::random;

/// Bytes in one line of a sheet.
const LINE: usize = 8;

/// Makes the keys, writes one sheet for each, and returns what the founding act says about them.
///
/// # Errors
/// When a sheet cannot be written; never over an older one.
pub(crate) fn make(
    directory: &Path,
    office: &str,
    table: RecoveryTable,
    language: Language,
) -> Result<Recovery, AdminError> {
    std::fs::create_dir_all(directory).map_err(|cause| AdminError::File { path: directory.to_owned(), cause })?;
    let mut keys = Vec::new();
    for number in 1..=table.keys {
        let seed = Zeroizing::new(random::bytes::<32>()?);
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let sheet = sheet(office, table, number, &seed, &public, language);
        write_new_secret(&directory.join(format!("recovery-{number}.txt")), sheet.as_bytes())?;
        keys.push(Ed25519Key(public));
    }
    Ok(Recovery { k: table.needed, keys })
}

/// One sheet. Each line of the key ends in four digits of its own hash, so that a mistyped line is found.
fn sheet(
    office: &str,
    table: RecoveryTable,
    number: u8,
    seed: &[u8; 32],
    public: &[u8; 32],
    language: Language,
) -> Zeroizing<String> {
    // Room for all of it: a text that grows leaves pieces of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(4096));
    let of = (table.keys, table.needed);
    let heading = match language {
        Language::Japanese => format!(
            "復旧鍵 {number} / {}   {office}\n\n{}枚のうち{}枚がそろうと、管理者カードなしで処分に署名できます。\n封をして、1枚ずつ別の金庫に保管してください。印刷したら、このファイルは消去してください。\n",
            of.0, of.0, of.1
        ),
        Language::English => format!(
            "Recovery key {number} of {}   {office}\n\nAny {} of these {} together can sign acts without an administrator's card.\nSeal them, keep each in another safe, and destroy this file once it is printed.\n",
            of.0, of.1, of.0
        ),
    };
    text.push_str(&heading);
    text.push('\n');
    for (index, line) in seed.chunks(LINE).enumerate() {
        let _ = write!(text, "  {}: ", index + 1);
        for pair in line.chunks(2) {
            for byte in pair {
                let _ = write!(text, "{byte:02x}");
            }
            text.push(' ');
        }
        let check = Sha256::digest(line);
        let _ = writeln!(text, "  [{:02x}{:02x}]", check[0], check[1]);
    }
    let shown: String = public.iter().map(|byte| format!("{byte:02x}")).collect();
    let label = match language {
        Language::Japanese => "公開鍵",
        Language::English => "public key",
    };
    let _ = writeln!(text, "\n{label}: {shown}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_holds_the_key_in_lines_that_check_themselves() {
        let table = RecoveryTable { needed: 2, keys: 3 };
        let text = sheet("関所町", table, 1, &[0xab; 32], &[1; 32], Language::Japanese);
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("abab")).collect();
        assert_eq!(lines.len(), 4);
        let check = Sha256::digest([0xab; 8]);
        assert!(lines.iter().all(|line| line.ends_with(&format!("[{:02x}{:02x}]", check[0], check[1]))), "{lines:?}");
        assert!(text.capacity() == 4096, "the text must not have grown");
    }
}
