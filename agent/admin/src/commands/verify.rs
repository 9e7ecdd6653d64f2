//! Verification of access records: place in the log, the terminal's word, the decision made again in its session, the card's signature.

use std::collections::BTreeSet;

use sekisho_register::change::Log;
use sekisho_tlog::tile::{TileContent, TilePath};
use sekisho_tlog::{Hash, HashReader, leaf_hash};
use sekisho_wire::id::CaseReference;
use sekisho_wire::words::Language;

use crate::desk::Desk;
use crate::entries::HeldEntries;
use crate::error::AdminError;
use crate::every_record::{Found, Whole};
use crate::examined::examine;
use crate::exhibits::{LedgerExhibits, Shown as ShownExhibits};
use crate::judge::Judge;
use crate::lacks;
use crate::log_tiles::LogTiles;
use crate::places::Answer;
use crate::report::{Report, Said, report};
use crate::seen;
use crate::sending::patiently;
use crate::strangers::shown_of;

/// So many batches are asked for between two words of how far it is.
const WORDS: u64 = 500;

/// One record, by what the ledger shows of it.
pub(super) fn one(desk: &mut Desk, index: u64) -> Result<(), AdminError> {
    desk.log_in()?;
    let keys = desk.log_keys(Log::Records)?;
    let shown = ShownExhibits::default();
    let ledger = LedgerExhibits { desk, keys: &keys, permission: None, shown: &shown };
    let held = examine(&ledger, &keys, &mut Judge::new(&desk.cache, desk.screen.language), index)?;
    lacks::note(&desk.screen, &shown.lacks.borrow());
    report(desk.screen, [(index, held)])
}

/// Every record: together they must have the root that the ledger signed, and each must stand for itself.
pub(super) fn all(desk: &mut Desk) -> Result<(), AdminError> {
    desk.log_in()?;
    let note = desk.ledger.checkpoint(Log::Records)?;
    // The newest records under it may name acts of this very moment.
    desk.refresh()?;
    let keys = desk.log_keys(Log::Records)?;
    let size = keys.open(&note)?.size;
    let (entries, damaged) = entries_of(desk, size)?;
    let leaves = leaves_of(desk, &entries, size)?;
    let tree = seen::whole_of(Log::Records, &keys, &note, leaves.clone())?;
    seen::expect_continued(&desk.home, Log::Records, &keys, &note, &tree, desk.base(Log::Records))?;
    drop(tree);
    let entries = HeldEntries::new(entries, leaves);
    let shown = shown_of(desk, size)?;
    // What the run goes by, whatever is fetched meanwhile for a new token.
    let (cache, screen) = (desk.cache.clone(), desk.screen);
    let mut words = 0_u64;
    let ask = |index| {
        words += 1;
        if words.is_multiple_of(WORDS) {
            screen.note(&format!("{words} batches looked at"), &format!("送信単位{words}件を確認"));
        }
        // It can take longer than a token lasts.
        desk.log_in()?;
        word_of(desk, index)
    };
    let whole = Whole { cache: &cache, screen, entries: &entries, damaged: &damaged, shown };
    let Found { report, holes, asked } = whole.verify(Report::new(screen, Said::Each, None), ask)?;
    // Each proof is a reading that the ledger writes down: one for each batch would make the log grow by as many.
    screen.note(
        &format!(
            "terminals' signatures were asked for where something was in doubt ({asked} times); elsewhere the ledger's search says who signed: 'sekisho-admin records verify INDEX' shows the signature"
        ),
        &format!(
            "端末機の署名は疑いのある箇所だけを確認しました({asked}回)。その他は台帳の検索結果によります。個別の署名は「sekisho-admin records verify 番号」で確認できます"
        ),
    );
    report.finish(&holes)
}

/// The terminal's word for the entry at this index, as the ledger shows it.
fn word_of(desk: &Desk, index: u64) -> Result<Answer, AdminError> {
    match patiently(|| desk.ledger.evidence(index, None)) {
        Ok(evidence) => Ok(Answer::from(evidence.word)),
        // One that is damaged there must not hide what is found about all others.
        Err(error) if is_about_the_record(&error) => {
            desk.screen.note(
                &format!("the ledger shows no proof for record {index}: {error}"),
                &format!("記録 {index} の証明を台帳が示しません: {}", error.in_words(Language::Japanese)),
            );
            Ok(Answer::Refused)
        }
        Err(error) => Err(error),
    }
}

/// Whether the ledger answers, and cannot show this: what it says of itself is of all records.
pub(super) fn is_about_the_record(error: &AdminError) -> bool {
    matches!(error.code(), Some("unavailable" | "destroyed"))
}

/// All entries, and which of them the ledger cannot show. Where it gives no bundle it is asked for each entry of it: one that is damaged hides no other.
fn entries_of(desk: &mut Desk, size: u64) -> Result<(Vec<Vec<u8>>, BTreeSet<u64>), AdminError> {
    let (mut entries, mut damaged) = (Vec::new(), BTreeSet::new());
    for path in (0..).map_while(|bundle| TilePath::in_tree(TileContent::Entries, bundle, size)) {
        // It can take longer than a token lasts.
        desk.log_in()?;
        match patiently(|| desk.ledger.bundle(Log::Records, &path)) {
            Ok(bundle) => entries.extend(bundle),
            Err(error) if is_about_the_record(&error) => {
                let (bundle, of_them) = bundle_of(desk, &path, None)?;
                entries.extend(bundle);
                damaged.extend(of_them);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((entries, damaged))
}

/// The entries of a bundle that the ledger does not give as one, and the indexes of those that it cannot show.
///
/// # Errors
/// As the link says.
pub(super) fn bundle_of(
    desk: &mut Desk,
    path: &TilePath,
    permission: Option<&CaseReference>,
) -> Result<(Vec<Vec<u8>>, Vec<u64>), AdminError> {
    let (mut entries, mut damaged) = (Vec::new(), Vec::new());
    for index in path.first()..path.first() + u64::from(path.width()) {
        desk.log_in()?;
        entries.push(match patiently(|| desk.ledger.evidence(index, permission)) {
            Ok(evidence) => evidence.record,
            Err(error) if error.destroyed_by().is_some() => Vec::new(),
            Err(error) if is_about_the_record(&error) => {
                damaged.push(index);
                Vec::new()
            }
            Err(error) => return Err(error),
        });
    }
    Ok((entries, damaged))
}

/// The leaf of each entry: of its bytes, or, where they were destroyed, of the ledger's hash tiles. The signed root says whether all are right.
fn leaves_of(desk: &Desk, entries: &[Vec<u8>], size: u64) -> Result<Vec<Hash>, AdminError> {
    let tiles = LogTiles::new(&desk.ledger, Log::Records, size);
    let leaf =
        |(entry, index): (&Vec<u8>, u64)| if entry.is_empty() { tiles.node(0, index) } else { Ok(leaf_hash(entry)) };
    entries.iter().zip(0..).map(leaf).collect()
}
