//! Recovery keys: Ed25519 keys on paper, for the safe. This program forgets them as soon as the sheets are written.

use std::fmt::Write as _;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use ed25519_dalek::SigningKey;
use sekisho_register::SignedAct;
use sekisho_register::change::{Change, Recovery};
use sekisho_register::values::Ed25519Key;
use sekisho_wire::cose::Signer;
use sekisho_wire::id::Hash;
use sekisho_wire::words::Language;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::changes_file::RecoveryTable;
use crate::error::AdminError;
use crate::home::{Home, write_new_secret};
use crate::random;
use crate::screen::Screen;

/// Bytes in one line of a sheet.
pub(crate) const LINE: usize = 8;
/// Lines of a key.
pub(crate) const LINES: usize = 32 / LINE;

/// Public halves of new keys whose sheets are written, and that no act names yet.
pub(crate) const BEGUN: &str = "recovery/sheets-begun.cbor";

/// The id of an act of recovery keys, and what the first of them signed that the others wrap.
pub(crate) fn signed_by_all(act: &[u8]) -> Option<(Hash, Vec<Change>)> {
    let mut link = SignedAct::decode(act).ok()?;
    let id = link.id();
    while let Some(proposal) = link.act().proposal.clone() {
        link = SignedAct::decode(&proposal.0).ok()?;
    }
    Some((id, link.act().changes.clone()))
}

/// The recovery keys that an act of this desk names: what it proposes or decides itself, and what recovery keys wrap or announce. What it approves is
/// another's, whose sheets lie elsewhere.
fn named_by(act: &[u8]) -> Option<Recovery> {
    let outer = SignedAct::decode(act).ok()?;
    if outer.act().proposal.is_some() && !matches!(outer.signer(), Signer::Recovery(_)) {
        return None;
    }
    let (_, signed) = signed_by_all(act)?;
    let announced = |change: &Change| {
        if let Change::AnnounceRecovery(announced) = change { announced.changes.clone() } else { vec![change.clone()] }
    };
    let mut changes = signed.iter().flat_map(announced);
    changes.find_map(|change| if let Change::RecoveryKeys(recovery) = change { Some(recovery) } else { None })
}

/// An act is sent that may name new keys: it may arrive whatever becomes of this run, so nothing is written over their sheets.
///
/// # Errors
/// When the file stays.
pub(crate) fn are_named(home: &Home, act: &[u8]) -> Result<(), AdminError> {
    if named_by(act).is_some() { home.remove(BEGUN) } else { Ok(()) }
}

/// The act was refused: the sheets of the keys that it names are worth nothing, and the next may take their place.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn are_void(home: &Home, screen: &Screen, act: &[u8]) -> Result<(), AdminError> {
    let Some(recovery) = named_by(act) else { return Ok(()) };
    screen.note(
        "the sheets that were written for it are worth nothing: destroy them; the next run writes new ones in their place",
        "この処分のために作成した復旧鍵は無効です。破棄してください。次回の実行で新しい用紙に置き換わります",
    );
    home.write(BEGUN, &minicbor::to_vec(&recovery).expect("a vector takes any number of bytes"))
}

/// Keys, and the sheet of each.
pub(crate) struct Sheets {
    recovery: Recovery,
    texts: Vec<Zeroizing<String>>,
}

impl Sheets {
    /// Makes the keys; nothing is written yet.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub(crate) fn make(office: &str, table: RecoveryTable, language: Language) -> Result<Self, AdminError> {
        let (mut keys, mut texts) = (Vec::new(), Vec::new());
        for number in 1..=table.keys {
            let seed = Zeroizing::new(random::bytes::<32>()?);
            let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
            texts.push(sheet(office, table, number, &seed, &public, language));
            keys.push(Ed25519Key(public));
        }
        Ok(Self { recovery: Recovery { k: table.needed, keys }, texts })
    }

    /// What the founding act says about them.
    #[must_use]
    pub(crate) fn recovery(&self) -> Recovery {
        self.recovery.clone()
    }

    /// Writes the sheets, each as a whole or not at all. Replaces none but those of `ours`: they are of a run that was interrupted.
    ///
    /// # Errors
    /// When a sheet of another founding is there, or one cannot be written.
    pub(crate) fn write(&self, directory: &Path, ours: &[Ed25519Key]) -> Result<(), AdminError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |cause| AdminError::File { path, cause }
        };
        std::fs::create_dir_all(directory).map_err(fail(directory))?;
        let path = |number: usize| directory.join(format!("recovery-{number}.txt"));
        for number in 1..=self.texts.len() {
            if is_foreign(&path(number), ours)? {
                return Err(fail(&path(number))(ErrorKind::AlreadyExists.into()));
            }
        }
        for (text, number) in self.texts.iter().zip(1..) {
            let new = path(number).with_extension("new");
            match std::fs::remove_file(&new) {
                Err(cause) if cause.kind() != ErrorKind::NotFound => return Err(fail(&new)(cause)),
                Ok(()) | Err(_) => write_new_secret(&new, text.as_bytes())?,
            }
            std::fs::rename(&new, path(number)).map_err(fail(&new))?;
        }
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(fail(directory))
    }
}

/// Whether a sheet lies there that none of these keys is on.
fn is_foreign(path: &Path, ours: &[Ed25519Key]) -> Result<bool, AdminError> {
    let text = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(AdminError::File { path: path.to_owned(), cause }),
    };
    let is_on = |key: &Ed25519Key| text.windows(64).any(|window| window == hex(&key.0).as_bytes());
    Ok(!ours.iter().any(is_on))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
            "復旧鍵 {number} / {}   {office}\n\n{}枚のうち{}枚がそろうと、管理者カードなしで処分を予告し、実施できます(sekisho-admin recovery)。\n封をして、1枚ずつ別の金庫に保管してください。印刷したら、このファイルは消去してください。\n",
            of.0, of.0, of.1
        ),
        Language::English => format!(
            "Recovery key {number} of {}   {office}\n\nAny {} of these {} together can announce acts without an administrator's card ('sekisho-admin recovery').\nSeal them, keep each in another safe, and destroy this file once it is printed.\n",
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
    let shown = hex(public);
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
    use crate::home::tests::TempHome;

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
    #[test]
    fn sheets_replace_those_of_an_interrupted_run_and_no_others() {
        let home = TempHome::new();
        let directory = home.0.path("sheets");
        let table = RecoveryTable { needed: 1, keys: 2 };
        let make = || Sheets::make("関所町", table, Language::Japanese).unwrap();
        let (first, second) = (make(), make());
        first.write(&directory, &first.recovery().keys).unwrap();
        let refused = second.write(&directory, &second.recovery().keys).unwrap_err();
        assert!(matches!(refused, AdminError::File { .. }));
        let ours = [first.recovery().keys, second.recovery().keys].concat();
        second.write(&directory, &ours).unwrap();
        let text = std::fs::read_to_string(directory.join("recovery-2.txt")).unwrap();
        assert!(text.contains(&hex(&second.recovery().keys[1].0)), "{text}");
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 2);
    }
}
