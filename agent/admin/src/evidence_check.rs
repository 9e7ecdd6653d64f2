//! An evidence file held against what was given by hand (EVIDENCE.md §E2): without card, ledger or home. Nothing in the file is believed by itself.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sekisho_link::{EvidenceContent, EvidenceFile, EvidenceRecord, Exactly};
use sekisho_register::change::Log;
use sekisho_register::role::READERS;
use sekisho_register::{Cosignatures, LogKeys, NameHash, P256Key, Register, SignedAct, office_of};
use sekisho_tlog::{Hash, TlogError, verify_consistency};
use sekisho_wire::id::{CardGuid, Code, Hash as WireHash, OfficeId, Salt};
use sekisho_wire::record::{Emitter, Record, evidence_digest};
use sekisho_wire::words::Language;

use crate::broken_log::BrokenLog;
use crate::error::AdminError;
use crate::examined::examine;
use crate::exhibits::{Content, Exhibit, Exhibits, Told};
use crate::judge::{Held, Judge};
use crate::lacks;
use crate::ledger::Place;
use crate::name::Name;
use crate::office_file::Office;
use crate::register_cache::{RegisterCache, RegisterOf, claimed_size};
use crate::terminal_word::TerminalWord;

/// What is believed because a person brought it.
#[derive(Debug)]
pub(crate) enum Trusted {
    /// The office's description, with the newest checkpoint of the register that the desk which wrote it had verified.
    Office(Box<Office>, Option<String>),
    /// The office's id alone: it is the hash of the founding act, and that names the keys of the logs.
    Id(OfficeId),
}

impl Trusted {
    const fn office(&self) -> OfficeId {
        match self {
            Self::Office(office, _) => office.id,
            Self::Id(id) => *id,
        }
    }
}

/// What in a file does not hold, so that nothing in it is shown.
#[derive(Debug)]
pub(crate) enum FileFault {
    /// It is of another office, or names other keys than the office's file.
    OtherOffice,
    /// The register in it is not the office's, or not all of it up to its checkpoint.
    Register(BrokenLog),
    /// The register in it ends before what the office's file knows.
    Shorter {
        /// Entries that the office's file knows of.
        known: u64,
        /// Entries in the file.
        shown: u64,
    },
    /// The checkpoint of the records log is not by its key.
    Checkpoint(TlogError),
    /// Too few witnesses have cosigned that.
    Witnesses(Cosignatures),
    /// The log does not begin with what two persons decided to keep of the one before it.
    NotKept,
    /// An act in it is of a version that this program does not know.
    Newer,
    /// A name that no hash in the register asks for.
    NameOfNobody,
    /// Its writer's card is none that could sign then.
    Writer,
    /// Its writer held no post then that may read records: the ledger would have given him none.
    NotReader,
    /// It is not what its writer's card signed.
    Signature,
    /// It names what is no code.
    NoCode,
}

impl FileFault {
    /// For people.
    #[must_use]
    pub(crate) fn in_words(&self, language: Language) -> String {
        let (english, japanese) = match self {
            Self::OtherOffice => (
                "the file is of another office than the one that was given by hand",
                "手元で指定した団体とは別の団体のファイルです",
            ),
            Self::Register(broken) => {
                return match language {
                    Language::English => format!("the register in the file is not the office's: {broken}"),
                    Language::Japanese => {
                        format!("ファイルの登録簿がこの団体のものではありません: {}", broken.japanese())
                    }
                };
            }
            Self::Shorter { known, shown } => {
                return match language {
                    Language::English => format!(
                        "the register in the file ends after {shown} entries, and the office's file knows {known}: acts are left out, or the office's file is newer than the evidence (then give the office's id by --office-id)"
                    ),
                    Language::Japanese => format!(
                        "ファイルの登録簿は{shown}件で終わっていますが、団体ファイルは{known}件まで確認しています。処分が除かれているか、団体ファイルの方が新しいかです(後者であれば --office-id で団体のIDを指定してください)"
                    ),
                };
            }
            Self::Checkpoint(error) => {
                return match language {
                    Language::English => format!("the checkpoint of the records log cannot be trusted: {error}"),
                    Language::Japanese => format!("記録簿のチェックポイントを信頼できません: {error}"),
                };
            }
            Self::Witnesses(Cosignatures { found, needed }) => {
                return match language {
                    Language::English => format!(
                        "{found} witnesses have cosigned the checkpoint of the records log, and {needed} must have"
                    ),
                    Language::Japanese => {
                        format!("記録簿のチェックポイントに立会人の連署が{found}件しかありません(必要{needed}件)")
                    }
                };
            }
            Self::NotKept => (
                "the records log does not begin with what two persons kept of the one before it",
                "記録簿が、2名の処分で引き継いだ部分から始まっていません",
            ),
            Self::Newer => (
                "an act in its register is of a version that this program does not know: check it with a newer one",
                "登録簿に、このプログラムが対応していない版の処分があります。新しい版で検証してください",
            ),
            Self::NameOfNobody => {
                ("a name in the file is nobody's in the register", "ファイルの氏名が登録簿の誰のものでもありません")
            }
            Self::Writer => (
                "its writer's card was none of the office's that was in use then",
                "作成者のカードが、作成時に有効なこの団体のカードではありません",
            ),
            Self::NotReader => (
                "its writer held no post then that may read records",
                "作成者は作成時に、記録を閲覧できる職に就いていませんでした",
            ),
            Self::Signature => ("it is not what its writer's card signed", "作成者のカードが署名した内容と異なります"),
            Self::NoCode => ("it names a terminal that has no code", "端末機番号でないものが書かれています"),
        };
        match language {
            Language::English => english,
            Language::Japanese => japanese,
        }
        .to_owned()
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Language::English))
    }
}

/// A file whose logs hold.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The register in it, verified from the founding act on, with the names in it.
    pub cache: RegisterCache,
    /// The keys of its records log.
    pub keys: LogKeys,
    /// Entries under the checkpoint of the records log.
    pub size: u64,
    /// The cosignatures of that.
    pub cosigned: Cosignatures,
    /// The records in it.
    pub exhibits: FileExhibits,
}

/// What was found in a file.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The logs.
    pub opened: Opened,
    /// Who wrote it; nothing in it is said to hold where his signature does not.
    pub writer: Result<Code, FileFault>,
    /// Index of a record of the ledger's that bears a later time than the file, where there is one.
    pub later: Option<u64>,
    /// Each record that was asked for.
    pub judged: Vec<(u64, Held)>,
}

/// Checks a file: what every record rests on, each record, and the signature over all of it.
///
/// # Errors
/// The fault for which no record could be looked at.
pub(crate) fn check(file: &EvidenceFile, trusted: &Trusted, language: Language) -> Result<Checked, FileFault> {
    let opened = open(file, trusted)?;
    let mut judge = Judge::new(&opened.cache, language);
    let mut look = |index: &u64| {
        let held = examine(&opened.exhibits, &opened.keys, &mut judge, *index);
        (*index, held.unwrap_or_else(|error| Held::No(error.in_words(language))))
    };
    let judged = file.contents.header.asked.iter().map(&mut look).collect();
    let (at, later) = written_by(file, &opened.cache);
    let writer = writer(file, &opened.cache, at);
    Ok(Checked { opened, writer, later, judged })
}

/// Holds what every record in the file rests on against what was given by hand: register, checkpoint, witnesses, names.
///
/// # Errors
/// The first fault.
fn open(file: &EvidenceFile, trusted: &Trusted) -> Result<Opened, FileFault> {
    let contents = &file.contents;
    let cache = register_in(file, trusted)?;
    let keys = cache.register().keys_in_force(Log::Records).ok_or(FileFault::OtherOffice)?;
    let note = &contents.checkpoint.checkpoint;
    let checkpoint = keys.open(note).map_err(FileFault::Checkpoint)?;
    let log = std::slice::from_ref(keys.newest());
    let cosigned = cache.register().cosignatures(note, log).map_err(FileFault::Checkpoint)?;
    if !cosigned.suffice() {
        return Err(FileFault::Witnesses(cosigned));
    }
    if let Some(base) = cache.register().successors(Log::Records).last() {
        let kept = (base.kept_size, Hash(base.kept_root.0));
        begins_with(kept, &contents.checkpoint.kept, (checkpoint.size, checkpoint.root))?;
    }
    let cache = with_names(file, cache)?;
    if !lacks::is_sound(&contents.lacks) {
        return Err(FileFault::NoCode);
    }
    Ok(Opened { cache, keys, size: checkpoint.size, cosigned, exhibits: FileExhibits::of(file) })
}

fn register_in(file: &EvidenceFile, trusted: &Trusted) -> Result<RegisterCache, FileFault> {
    let contents = &file.contents;
    let acts: Vec<Vec<u8>> = contents.acts.iter().map(|act| act.0.clone()).collect();
    register_of(&acts, (&contents.register, &contents.header.office), trusted)
}

/// The register from the founding act on: every act is verified, and the checkpoint says that none is left out. `office` is whose it says that it is.
///
/// # Errors
/// The first fault.
pub(crate) fn register_of(
    acts: &[Vec<u8>],
    (checkpoint, named): (&str, &str),
    trusted: &Trusted,
) -> Result<RegisterCache, FileFault> {
    let office = trusted.office();
    let first = acts.first().ok_or(FileFault::OtherOffice)?;
    let founded = SignedAct::decode(first).is_ok_and(|signed| office_of(&signed) == office);
    if !founded || named.parse() != Ok(office) {
        return Err(FileFault::OtherOffice);
    }
    let mut register = Register::new();
    register.fold(first).map_err(|_| FileFault::OtherOffice)?;
    let keys = register.keys_in_force(Log::Register).ok_or(FileFault::OtherOffice)?;
    let of = RegisterOf { office, keys };
    let cache = RegisterCache::default().extend(&of, checkpoint, acts).map_err(FileFault::Register)?;
    if cache.register().not_understood().is_some() {
        return Err(FileFault::Newer);
    }
    if let Trusted::Office(described, seen) = trusted {
        let (known, shown) =
            (seen.as_deref().and_then(|seen| claimed_size(seen).ok()).unwrap_or_default(), cache.size());
        if known > shown {
            return Err(FileFault::Shorter { known, shown });
        }
        if !described.is_of(cache.register()) {
            return Err(FileFault::OtherOffice);
        }
        if let Some(seen) = seen {
            cache.expect_continues(seen, &of).map_err(FileFault::Register)?;
        }
    }
    Ok(cache)
}

/// Holds the log against what two persons kept of the one before it: size and root.
fn begins_with(kept: (u64, Hash), proof: &[Exactly<32>], (size, root): (u64, Hash)) -> Result<(), FileFault> {
    let proof: Vec<Hash> = proof.iter().map(|hash| Hash(hash.0)).collect();
    let holds = kept.0 == 0 || verify_consistency(kept.0, &kept.1, size, &root, &proof).is_ok();
    if holds { Ok(()) } else { Err(FileFault::NotKept) }
}

fn with_names(file: &EvidenceFile, cache: RegisterCache) -> Result<RegisterCache, FileFault> {
    let names = file.contents.names.iter().map(|name| Name { salt: Salt(name.salt.0), text: name.text.clone() });
    knowing(cache, &names.collect::<Vec<_>>())
}

/// The register with these names in it; each must be somebody's.
///
/// # Errors
/// [`FileFault::NameOfNobody`].
pub(crate) fn knowing(mut cache: RegisterCache, names: &[Name]) -> Result<RegisterCache, FileFault> {
    let operators = cache.register().operators();
    let asked: BTreeSet<NameHash> =
        operators.flat_map(|person| person.designations().iter().map(|said| said.value.name)).collect();
    if !names.iter().all(|name| asked.contains(&NameHash::of(&name.salt, &name.text))) {
        return Err(FileFault::NameOfNobody);
    }
    cache.learn(names);
    Ok(cache)
}

/// By when the file was written at the earliest, and which record of the ledger's bears a time that does not fit that. When he wrote it is the writer's word:
/// no earlier than what he shows. Of records only what no terminal signed tells of time, for a terminal can write what it likes; and where that is far
/// behind `written`, either the ledger's clock was ahead or that word is wrong, which nobody can tell from the file.
fn written_by(file: &EvidenceFile, cache: &RegisterCache) -> (u64, Option<u64>) {
    let written = file.contents.header.written;
    let own = file.contents.records.iter().filter_map(|record| {
        let EvidenceContent::Record { bytes, batch: None, .. } = &record.content else { return None };
        let decoded = Record::decode(&bytes.0).ok().filter(|decoded| decoded.emitter == Emitter::Ledger)?;
        Some((record.index, decoded.trusted))
    });
    let (later, fitting): (Vec<_>, Vec<_>) = own.partition(|(_, at)| *at > written.saturating_add(CLOCKS_DIFFER));
    let at = fitting.iter().map(|(_, at)| *at).fold(written.max(cache.register().newest_made()), u64::max);
    (at, later.first().map(|(index, _)| *index))
}

/// Two clocks that are right differ by no more: ten minutes, as between terminal and ledger (wire §7.5a).
const CLOCKS_DIFFER: u64 = 10 * 60 * 1000;

/// Who wrote the file, as his card's signature over all of it shows. It was in use when he says that he wrote it, and at `at`.
///
/// # Errors
/// [`FileFault::Writer`], [`FileFault::NotReader`], [`FileFault::Signature`].
fn writer(file: &EvidenceFile, cache: &RegisterCache, at: u64) -> Result<Code, FileFault> {
    let header = &file.contents.header;
    let written = Written { card: &header.card, operator: &header.operator, times: [header.written, at] };
    let office = cache.register().office().ok_or(FileFault::OtherOffice)?;
    signed_by(cache, &written, &evidence_digest(&office, &WireHash(file.digest)), &file.signature)
}

/// Who says that he wrote something.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    /// With which card (GUID, hex).
    pub card: &'a str,
    /// His code.
    pub operator: &'a str,
    /// At these times his card was in use: by his word, and by what he shows.
    pub times: [u64; 2],
}

/// Whether his card signed that, was in use, and he held a post at the last of the times that may read records.
///
/// # Errors
/// [`FileFault::Writer`], [`FileFault::NotReader`], [`FileFault::Signature`].
pub(crate) fn signed_by(
    cache: &RegisterCache,
    written: &Written<'_>,
    digest: &[u8; 32],
    signature: &[u8; 64],
) -> Result<Code, FileFault> {
    let guid: CardGuid = written.card.parse().map_err(|_| FileFault::Writer)?;
    let at = written.times[1];
    let card = cache.register().card(&guid);
    let in_use = card.filter(|card| written.times.iter().all(|time| card.lets_in(*time)));
    let card = in_use.ok_or(FileFault::Writer)?;
    let holder = card.holder(at).filter(|holder| holder.operator.as_str() == written.operator);
    let holder = holder.ok_or(FileFault::Writer)?.operator.clone();
    if !cache.register().roles_of(&holder, at).iter().any(|(_, role)| READERS.contains(role)) {
        return Err(FileFault::NotReader);
    }
    if is_signed(&card.issued().authentication, digest, signature) { Ok(holder) } else { Err(FileFault::Signature) }
}

fn is_signed(key: &P256Key, digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_sec1_bytes(&key.0), Signature::from_slice(signature)) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

/// The records in a file.
#[derive(Debug)]
pub(crate) struct FileExhibits {
    exhibits: Vec<(Exhibit, Option<Record>)>,
}

impl FileExhibits {
    /// Those of this file.
    #[must_use]
    pub(crate) fn of(file: &EvidenceFile) -> Self {
        let checkpoint = Arc::from(file.contents.checkpoint.checkpoint.as_str());
        let records = file.contents.records.iter().map(|record| exhibit(record, &checkpoint));
        let read = |exhibit: Exhibit| {
            let record =
                if let Content::Record { bytes, .. } = &exhibit.content { Record::decode(bytes).ok() } else { None };
            (exhibit, record)
        };
        Self { exhibits: records.map(read).collect() }
    }
}

fn exhibit(record: &EvidenceRecord, checkpoint: &Arc<str>) -> Exhibit {
    let proof = record.proof.iter().map(|hash| WireHash(hash.0)).collect();
    let content = match &record.content {
        EvidenceContent::Record { bytes, batch, leaves } => {
            let leaves = || leaves.iter().map(|leaf| WireHash(leaf.0)).collect();
            let word = batch.as_ref().map(|batch| TerminalWord { batch: batch.0.clone(), leaves: leaves() });
            Content::Record { bytes: bytes.0.clone(), word }
        }
        EvidenceContent::Destroyed { leaf, act } => Content::Destroyed { leaf: Hash(leaf.0), act: *act },
    };
    Exhibit { place: Place { index: record.index, proof, checkpoint: Arc::clone(checkpoint) }, content }
}

impl Exhibits for FileExhibits {
    fn at(&self, index: u64) -> Result<Exhibit, AdminError> {
        let place = self.exhibits.binary_search_by_key(&index, |(exhibit, _)| exhibit.place.index);
        let place = place.map_err(|_| AdminError::Ledger("a record that is not in the file"))?;
        Ok(self.exhibits[place].0.clone())
    }

    fn told(&self, told: &Told<'_>) -> Result<Vec<(u64, Vec<u8>)>, AdminError> {
        let is_it = |record: &Record| {
            record.emitter == Emitter::Terminal(told.terminal.clone())
                && record.body.kind().1 == told.kind
                && (told.since..told.until).contains(&record.trusted)
        };
        let found = self.exhibits.iter().filter(|(_, record)| record.as_ref().is_some_and(is_it));
        let bytes = found.filter_map(|(exhibit, _)| {
            let Content::Record { bytes, .. } = &exhibit.content else { return None };
            Some((exhibit.place.index, bytes.clone()))
        });
        Ok(bytes.collect())
    }

    /// All lie under the one checkpoint that was verified when the file was opened.
    fn expect_continued(&self, _checkpoint: &str, _size: u64) -> Result<(), AdminError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
