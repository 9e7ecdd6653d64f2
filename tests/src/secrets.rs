//! The keys of a story: where they lie, and the ways in which one could stand where it must not.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What precedes the 32 bytes of the key in the PKCS#8 form of a P-256 key (RFC 5208, RFC 5915): version 1, an octet string.
const BEFORE_SCALAR: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
const KEY_LENGTH: usize = 32;

/// A key, and the file that is its own place.
pub struct Secret {
    /// The file.
    pub file: PathBuf,
    /// Its 32 bytes.
    pub key: [u8; KEY_LENGTH],
}

impl Secret {
    /// The key as bytes, hexadecimal and base64.
    #[must_use]
    pub fn spellings(&self) -> [Vec<u8>; 3] {
        let hex: String = self.key.iter().map(|byte| format!("{byte:02x}")).collect();
        [self.key.to_vec(), hex.into_bytes(), STANDARD.encode(self.key).into_bytes()]
    }
}

/// The keys in files below a folder, whatever form their file has.
///
/// # Panics
/// When a file whose name says that it holds a key holds none that can be read.
#[must_use]
pub fn secrets_below(folder: &Path) -> Vec<Secret> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .flat_map(|path| match (path.is_dir(), holds_a_key(&path)) {
            (true, _) => secrets_below(&path),
            (false, true) => vec![read(&path)],
            (false, false) => Vec::new(),
        })
        .collect()
}

fn holds_a_key(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let begins = ["identity.json", "recovery-"].iter().any(|word| name.starts_with(word));
    begins || name.contains("key") || name.contains("secret")
}

fn read(file: &Path) -> Secret {
    let bytes = std::fs::read(file).expect("a key's file can be read");
    let text = String::from_utf8_lossy(&bytes);
    let key = if file.extension().is_some_and(|ending| ending == "json") {
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        in_bytes(&STANDARD.decode(json["key"].as_str().expect("a key")).expect("base64"))
    } else if text.starts_with("-----BEGIN") {
        let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
        in_bytes(&STANDARD.decode(body).expect("base64"))
    } else if bytes.starts_with(b"sekisho key tree") {
        // The secret of the last node; of a tree that has forgotten nothing, of the only one.
        bytes.last_chunk().copied()
    } else if text.starts_with("Recovery key") {
        in_lines(&text)
    } else {
        in_bytes(&bytes)
    };
    Secret { file: file.to_owned(), key: key.unwrap_or_else(|| panic!("no key in {}", file.display())) }
}

/// The bytes themselves, or those inside a PKCS#8 key.
fn in_bytes(bytes: &[u8]) -> Option<[u8; KEY_LENGTH]> {
    let after = bytes.windows(BEFORE_SCALAR.len()).position(|window| window == BEFORE_SCALAR);
    let scalar = after.and_then(|at| bytes.get(at + BEFORE_SCALAR.len()..)?.get(..KEY_LENGTH));
    bytes.try_into().ok().or_else(|| scalar?.try_into().ok())
}

/// A printed key: numbered lines of four groups of four digits, each with a check behind it.
fn in_lines(text: &str) -> Option<[u8; KEY_LENGTH]> {
    let lines = text.lines().filter_map(|line| line.split_once(": ")?.1.split_once('['));
    let digits: String = lines.flat_map(|(groups, _)| groups.split_whitespace()).collect();
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_every_form_of_its_file() {
        let scratch = crate::scratch::Scratch::new("keys");
        let key: [u8; 32] = std::array::from_fn(|at| at as u8);
        let hex: Vec<String> = key.chunks(2).map(|two| format!("{:02x}{:02x}", two[0], two[1])).collect();
        let lines = hex.chunks(4).enumerate().map(|(n, four)| format!("  {}: {}   [0000]\n", n + 1, four.join(" ")));
        let der = [&[0x30, 0x81, 0x87][..], &BEFORE_SCALAR, &key, &[0xa1, 0x44]].concat();
        let forms = [
            ("journal.key", key.to_vec()),
            ("authority.key", der.clone()),
            ("ca.key.pem", format!("-----BEGIN A\n{}\n-----END A\n", STANDARD.encode(&der)).into_bytes()),
            ("identity.json", format!(r#"{{"key":"{}"}}"#, STANDARD.encode(key)).into_bytes()),
            ("recovery-1.txt", format!("Recovery key 1 of 3\n\n{}", lines.collect::<String>()).into_bytes()),
        ];
        for (name, bytes) in &forms {
            std::fs::write(scratch.folder("in").join(name), bytes).unwrap();
        }
        let found = secrets_below(scratch.path());
        assert_eq!(found.len(), forms.len());
        assert!(found.iter().all(|secret| secret.key == key));
    }
}
