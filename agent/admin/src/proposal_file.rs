//! A signed proposal that goes to its approver by hand: that another casebook goes on in place of the one where proposals stand. Nothing in it is secret,
//! and nothing is believed of it but what its signature says.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::change::{Log, SucceedLog};
use sekisho_register::{Change, SignedAct};
use sekisho_wire::words::Language;

use crate::error::AdminError;

/// Above it stands what it is, for whoever finds the file.
const FIRST: &str = "sekisho-proposal-1.";

/// What it proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposed {
    /// The proposal, as an approval carries it.
    pub entry: Vec<u8>,
    /// That another casebook goes on.
    pub change: SucceedLog,
}

impl Proposed {
    /// A proposal of that, and of nothing else.
    fn of(entry: Vec<u8>) -> Option<Self> {
        let signed = SignedAct::decode(&entry).ok()?;
        let act = signed.act();
        let [Change::SucceedLog(change)] = act.changes.as_slice() else { return None };
        let is_it = act.log == Log::Casebook && act.proposal.is_none() && change.log == Log::Casebook;
        is_it.then(|| Self { change: change.clone(), entry })
    }

    /// Reads what [`write`] wrote.
    ///
    /// # Errors
    /// [`AdminError::NotASuccession`] when it is anything else.
    pub(crate) fn read(path: &Path) -> Result<Self, AdminError> {
        let fail = |cause| AdminError::File { path: path.to_owned(), cause };
        let size = std::fs::metadata(path).map_err(fail)?.len();
        let text = if size > crate::config_text::MAX_FILE { None } else { Some(std::fs::read(path).map_err(fail)?) };
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        text.as_deref().and_then(from_text).ok_or_else(|| AdminError::NotASuccession(path.to_owned()))
    }
}

/// Writes a proposal into a new file.
///
/// # Errors
/// When there is a file already, or it cannot be written.
pub(crate) fn write(path: &Path, proposal: &[u8]) -> Result<(), AdminError> {
    let fail = |cause| AdminError::File { path: path.to_owned(), cause };
    let mut out = OpenOptions::new().write(true).create_new(true).open(path).map_err(fail)?;
    out.write_all(text(proposal).as_bytes()).and_then(|()| out.sync_all()).map_err(fail)
}

fn text(proposal: &[u8]) -> String {
    let [english, japanese] = [Language::English, Language::Japanese].map(|language| Log::Casebook.name(language));
    format!(
        "# That another log goes on in place of the {english}. Approve it with: sekisho-admin log approve FILE\n\
         # {japanese}のログの引継ぎの申請です。承認は「sekisho-admin log approve ファイル」で行います。\n\
         {FIRST}{}\n",
        STANDARD.encode(proposal)
    )
}

fn from_text(text: &str) -> Option<Proposed> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    Proposed::of(STANDARD.decode(line.trim().strip_prefix(FIRST)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act_draft::draft;
    use sekisho_register::change::RequireVersion;
    use sekisho_register::{Act, Register};
    use sekisho_wire::cose::Signer;
    use sekisho_wire::id::{CardGuid, Hash};

    fn entry(log: Log, changes: Vec<Change>) -> Vec<u8> {
        let act = Act { changes, ..draft(&Register::new(), log, 1_795_000_000_000).unwrap() };
        act.to_be_signed(&Signer::Card(CardGuid([7; 16]))).finish([1; 64])
    }

    fn succeeds(log: Log) -> Change {
        Change::SucceedLog(SucceedLog { log, kept_size: 3, kept_root: Hash([3; 32]), signed_size: 5 })
    }

    #[test]
    fn a_file_holds_the_proposal_of_another_casebook_and_nothing_else() {
        let good = entry(Log::Casebook, vec![succeeds(Log::Casebook)]);
        let read = from_text(&text(&good)).unwrap();
        assert_eq!((&read.entry, read.change.kept_size), (&good, 3));
        assert_eq!(from_text(&text(&good).replace('\n', "\r\n")).unwrap(), read, "as it comes from another system");
        let more = Change::RequireVersion(RequireVersion { version: 1 });
        for other in [
            entry(Log::Casebook, vec![succeeds(Log::Records)]),
            entry(Log::Casebook, vec![succeeds(Log::Casebook), more.clone()]),
            entry(Log::Casebook, vec![more]),
            entry(Log::Casebook, vec![]),
            entry(Log::Register, vec![succeeds(Log::Casebook)]),
            b"no act".to_vec(),
        ] {
            assert_eq!(from_text(&text(&other)), None);
        }
        let whole = text(&good);
        for damaged in ["", "#\n", &whole.replace(FIRST, ""), &format!("{whole}{whole}"), &whole[..whole.len() - 9]] {
            assert_eq!(from_text(damaged), None, "{damaged}");
        }
    }
}
