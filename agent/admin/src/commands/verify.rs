//! Verification of access records: place in the log, the terminal's word, the decision made again in its session, the card's signature.

use std::collections::BTreeSet;

use sekisho_register::SignedAct;
use sekisho_register::change::Log;
use sekisho_tlog::tile::{TileContent, TilePath};
use sekisho_tlog::{Hash, HashReader, leaf_hash};
use sekisho_wire::record::{Emitter, Record};
use sekisho_wire::words::Language;

use crate::carried;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::examined::examine;
use crate::exhibits::{LedgerExhibits, Shown as ShownExhibits};
use crate::judge::{Held, Judge};
use crate::lacks;
use crate::log_tiles::LogTiles;
use crate::missing::{Hole, Seqs, fill_by_destroyed};
use crate::places::{Answer, LogEntry, Places};
use crate::record_words::Teller;
use crate::register_cache::RegisterCache;
use crate::screen::Screen;
use crate::seen;
use crate::sending::patiently;
use crate::strangers::{Shown, shown_of, strangers, without};
use crate::whole_log::{AllJudged, Judged, Known, judge_all};

/// So many batches are asked for between two words of how far it is.
const WORDS: u64 = 500;
/// What two clocks may differ by, in milliseconds.
const DAY: u64 = 86_400_000;

/// One record, by what the ledger shows of it.
pub(super) fn one(desk: &mut Desk, index: u64) -> Result<(), AdminError> {
    desk.log_in()?;
    let keys = desk.log_keys(Log::Records)?;
    let shown = ShownExhibits::default();
    let ledger = LedgerExhibits { desk, keys: &keys, permission: None, shown: &shown };
    let held = examine(&ledger, &keys, &mut Judge::new(&desk.cache, desk.screen.language), index)?;
    lacks::note(&desk.screen, &shown.lacks.borrow());
    report(&desk.screen, [(index, held)], &[])
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
    let is_empty = |(index, entry): &(u64, &Vec<u8>)| entry.is_empty() && !damaged.contains(index);
    let mut emptied: BTreeSet<u64> = (0..).zip(&entries).filter(is_empty).map(|(index, _)| index).collect();
    if !emptied.is_empty() && desk.cache.register().all_destroyed().is_empty() {
        return Err(AdminError::Ledger("records without their contents, and no act destroyed any"));
    }
    let leaves = leaves_of(desk, &entries, size)?;
    let tree = seen::whole_of(Log::Records, &keys, &note, leaves.clone())?;
    seen::expect_continued(&desk.home, Log::Records, &keys, &note, &tree, desk.base(Log::Records))?;
    let records: Vec<Option<Record>> = entries.iter().map(|entry| Record::decode(entry).ok()).collect();
    let looked: Vec<LogEntry<'_>> = (entries.iter().zip(&leaves).zip(&records))
        .map(|((bytes, leaf), record)| LogEntry { bytes, leaf: *leaf, record: record.as_ref() })
        .collect();
    let shown = shown_of(desk, size)?;
    // What came after the newest of those acts none of them destroyed.
    let too_late =
        destroyed_until(&desk.cache, &records, &shown).map_or_else(BTreeSet::new, |end| emptied.split_off(&end));
    let gone = emptied.len();
    // What the run goes by, whatever is fetched meanwhile for a new token.
    let (cache, screen, office) = (desk.cache.clone(), desk.screen, desk.office.id);
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
    let mut places = Places::new(&looked, cache.register(), ask);
    let strangers = strangers(&mut places, &shown, office)?;
    let taken = without(&looked, &strangers);
    let mut places = places.among(&taken);
    let mut seqs = Seqs::default();
    for (index, record) in (0..).zip(&taken).filter_map(|(index, entry)| Some((index, entry.record?))) {
        seqs.saw(record, shown.get(&index).copied().flatten());
    }
    let mut holes = seqs.holes();
    let carried = carried::fill(&mut places, &mut holes)?;
    let known = Known { carried, shown, strangers };
    // A terminal's records lie in the log in their order, so an opening comes before what it opened.
    let mut judge = Judge::new(&cache, screen.language);
    let teller = Teller { cache: &cache, language: screen.language };
    let AllJudged { mut records, parted } = judge_all(&mut judge, &teller, &mut places, &known, size)?;
    let asked = places.asked();
    drop(places);
    let unread = |index: &u64| {
        let said = screen.words("the ledger cannot show it now, or not any more".into(), "台帳が内容を示せない".into());
        Judged::from((*index, Held::Unreadable(said)))
    };
    records.extend(damaged.iter().map(unread));
    let untold = |index: &u64| {
        let said = screen.words(
            "its contents are not shown, and no act can have destroyed them: it came later".into(),
            "内容が示されず、廃棄した処分もない(全ての廃棄の処分より後に登録された記録)".into(),
        );
        Judged::from((*index, Held::Unreadable(said)))
    };
    records.extend(too_late.iter().map(untold));
    if gone > 0 {
        let before: u64 = holes.iter().map(Hole::length).sum();
        fill_by_destroyed(&mut holes, &taken, &emptied);
        let put_down = before - holes.iter().map(Hole::length).sum::<u64>();
        screen.note(
            &format!(
                "the contents of {gone} records were destroyed by acts; they stand in the log by their hashes. {put_down} places of terminals' histories between which they stand are taken for theirs"
            ),
            &format!(
                "{gone}件は処分により内容が廃棄されています(ハッシュは記録簿にあります)。前後の記録から、端末機の履歴の{put_down}件分はその位置とみなします"
            ),
        );
    }
    let said = report(&screen, records, &holes);
    if parted > 0 {
        let (english, japanese) = parted_words(parted);
        desk.screen.note(&english, &japanese);
    }
    // Each proof is a reading that the ledger writes down: one for each batch would make the log grow by as many.
    desk.screen.note(
        &format!(
            "terminals' signatures were asked for where something was in doubt ({asked} times); elsewhere the ledger's search says who signed: 'sekisho-admin records verify INDEX' shows the signature"
        ),
        &format!(
            "端末機の署名は疑いのある箇所だけを確認しました({asked}回)。その他は台帳の検索結果によります。個別の署名は「sekisho-admin records verify 番号」で確認できます"
        ),
    );
    said
}

/// From which entry on nothing can have been destroyed: the ledger wrote it after the newest act that destroyed something, and files what comes later under
/// a month that is still kept.
fn destroyed_until(cache: &RegisterCache, records: &[Option<Record>], shown: &Shown) -> Option<u64> {
    let made = |index| Some(SignedAct::decode(cache.entry(index)?).ok()?.act().made);
    let newest = cache.register().all_destroyed().iter().filter_map(|destroyed| made(destroyed.index)).max()?;
    let is_later = |(index, record): &(u64, &Record)| {
        record.emitter == Emitter::Ledger && record.trusted > newest.saturating_add(DAY) && shown.contains_key(index)
    };
    let there = (0..).zip(records).filter_map(|(index, record)| Some((index, record.as_ref()?)));
    there.into_iter().find(is_later).map(|(index, _)| index)
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
fn is_about_the_record(error: &AdminError) -> bool {
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
                for _ in 0..path.width() {
                    desk.log_in()?;
                    let index = entries.len() as u64;
                    let record = match patiently(|| desk.ledger.evidence(index, None)) {
                        Ok(evidence) => evidence.record,
                        Err(error) if error.destroyed_by().is_some() => Vec::new(),
                        Err(error) if is_about_the_record(&error) => {
                            damaged.insert(index);
                            Vec::new()
                        }
                        Err(error) => return Err(error),
                    };
                    entries.push(record);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok((entries, damaged))
}

/// Both histories hold, each for itself: that there are two is for people to explain.
fn parted_words(parted: usize) -> (String, String) {
    (
        format!(
            "{parted} records contradict another one in the same place: a terminal's disk was put back as it was, or somebody else has its key; where nobody put it back, retire the terminal ('sekisho-admin terminal retire') and enrol another in its place"
        ),
        format!(
            "{parted}件の記録が、同じ位置の別の記録と矛盾しています。端末機のディスクが以前の状態に戻されたか、端末機の鍵が他者に渡っています。戻した者がいなければ、端末機を廃止し(sekisho-admin terminal retire)、別の端末機を登録してください"
        ),
    )
}

/// The leaf of each entry: of its bytes, or, where they were destroyed, of the ledger's hash tiles. The signed root says whether all are right.
fn leaves_of(desk: &Desk, entries: &[Vec<u8>], size: u64) -> Result<Vec<Hash>, AdminError> {
    let tiles = LogTiles::new(&desk.ledger, Log::Records, size);
    let leaf =
        |(entry, index): (&Vec<u8>, u64)| if entry.is_empty() { tiles.node(0, index) } else { Ok(leaf_hash(entry)) };
    entries.iter().zip(0..).map(leaf).collect()
}

/// Says of each what was found, and ends as the worst of them does.
///
/// # Errors
/// [`AdminError::RecordsDoNotHold`], [`AdminError::RecordsMissing`].
pub(super) fn report(
    screen: &Screen,
    judged: impl IntoIterator<Item = impl Into<Judged>>,
    holes: &[Hole],
) -> Result<(), AdminError> {
    let (mut held, mut failed, mut unclear) = (0_usize, 0_usize, 0_usize);
    for judged in judged {
        let Judged { index, held: one, beside } = judged.into();
        let text = match one {
            Held::Yes(text) => {
                held += 1;
                text
            }
            Held::No(why) => {
                failed += 1;
                screen.words(format!("DOES NOT HOLD: {why}"), format!("不合格: {why}"))
            }
            Held::Unreadable(why) => {
                unclear += 1;
                screen.words(format!("UNREADABLE: {why}"), format!("読めない記録: {why}"))
            }
            Held::Destroyed(text) => {
                unclear += 1;
                text
            }
            Held::WithoutOpening(line) => {
                unclear += 1;
                screen.words(
                    format!("UNCLEAR: {line}: the record that opened its session is not there"),
                    format!("確認不能: {line}: セッション開始の記録がない"),
                )
            }
        };
        let lines: Vec<String> = std::iter::once(format!("{index}: {text}")).chain(beside).collect();
        screen.print(&lines.join("\n   "))?;
    }
    for Hole { terminal, epoch, range: (from, to) } in holes {
        screen.print(&screen.words(
            format!(
                "missing: terminal {terminal}, epoch {epoch}, records {from} to {to} (or among the unreadable ones)"
            ),
            format!("欠落: 端末機 {terminal}、履歴番号 {epoch}、記録 {from}〜{to}(読めない記録である場合を含む)"),
        ))?;
    }
    screen.note(&format!("{held} records hold, {failed} do not"), &format!("{held}件が検証に合格、{failed}件が不合格"));
    if unclear > 0 {
        screen.note(
            &format!("{unclear} records lie in the log, and cannot be read or judged"),
            &format!("{unclear}件は記録簿にありますが、読み取り又は判定ができません"),
        );
    }
    match (failed, unclear + holes.len()) {
        (0, 0) => Ok(()),
        (0, _) => Err(AdminError::RecordsMissing { ranges: holes.len(), unclear }),
        (failed, _) => Err(AdminError::RecordsDoNotHold(failed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Confirm, Lists};
    use sekisho_wire::words::Language;

    #[test]
    fn what_does_not_hold_and_what_is_missing_end_the_program_each_in_its_way() {
        let screen = Screen { language: Language::English, confirm: Confirm::Ask, lists: Lists::Text };
        // That a record contradicts another one is said, and is no fault of what it says.
        let parted =
            Judged { index: 1, held: Held::Yes("a record".to_owned()), beside: vec!["two histories".to_owned()] };
        assert!(report(&screen, [parted], &[]).is_ok());
        let code = |judged: Vec<Held>, holes: &[Hole]| {
            let judged = judged.into_iter().enumerate().map(|(index, held)| (index as u64, held));
            report(&screen, judged, holes).map_or_else(|error| error.exit_code(), |()| 0)
        };
        let text = || "a record".to_owned();
        let hole = Hole { terminal: "jumin-1".to_owned(), epoch: 0, range: (3, 4) };
        assert_eq!(code(vec![Held::Yes(text())], &[]), 0);
        assert_eq!(code(vec![Held::Yes(text()), Held::No(text())], &[]), 3);
        assert_eq!(code(vec![Held::Yes(text())], std::slice::from_ref(&hole)), 4);
        assert_eq!(code(vec![Held::Unreadable(text())], &[]), 4);
        assert_eq!(code(vec![Held::WithoutOpening(text())], &[]), 4);
        assert_eq!(code(vec![Held::No(text())], &[hole]), 3, "the worse of the two");
    }
}
