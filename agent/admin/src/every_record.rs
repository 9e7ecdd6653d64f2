//! Every record of a log verified, whoever shows it: the ledger over the line, or a folder that was taken out of it. What is known of the log beforehand is
//! different there; how it is judged is not.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_register::SignedAct;
use sekisho_register::calendar::Month;
use sekisho_register::change::Destroy;
use sekisho_wire::record::Emitter;

use crate::carried;
use crate::entries::{Entries, Taken};
use crate::error::AdminError;
use crate::judge::{Held, Judge};
use crate::missing::{Hole, Seqs, WasDestroyed, fill_by_destroyed, unaccounted};
use crate::places::{Answer, Places};
use crate::record_words::Teller;
use crate::register_cache::RegisterCache;
use crate::report::Report;
use crate::screen::Screen;
use crate::strangers::{Shown, Stranger, Whose, strangers};
use crate::whole_log::{Known, judge_all};

/// So many records are looked at between two words of how far it is.
const STEP: usize = 100_000;
/// What two clocks may differ by, in milliseconds.
const DAY: u64 = 86_400_000;

/// A log under the root that was signed, and what is known of it.
pub(crate) struct Whole<'a> {
    /// The verified register, at least as new as any record.
    pub cache: &'a RegisterCache,
    /// Where it is said how far it is.
    pub screen: Screen,
    /// Its entries.
    pub entries: &'a dyn Entries,
    /// Those that cannot be shown now.
    pub damaged: &'a BTreeSet<u64>,
    /// What a search shows to stand in its place. Of all others the terminal's word is asked for: of every record, where nobody has searched.
    pub shown: Shown,
}

/// What was found in a log.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    /// Every record but the missing, said and counted.
    pub report: Report<'a>,
    /// What is missing.
    pub holes: Vec<Hole>,
    /// How many times a terminal's word was asked for; once for each batch.
    pub asked: usize,
}

impl<'a> Whole<'a> {
    /// Verifies all of it; `ask` gives the terminal's word for the entry at an index.
    ///
    /// # Errors
    /// Those of `ask`, of the entries, of the screen. What does not hold is no error.
    pub(crate) fn verify(
        &self,
        report: Report<'a>,
        ask: impl FnMut(u64) -> Result<Answer, AdminError>,
    ) -> Result<Found<'a>, AdminError> {
        let (cache, screen, entries) = (self.cache, self.screen, self.entries);
        let office = cache.register().office().ok_or(AdminError::NoOffice)?;
        let mut emptied = self.emptied()?;
        let mut places = Places::new(entries, cache.register(), ask);
        let Whose { strangers, carried: mut brought } =
            strangers(&mut places, &self.shown, office, |index| self.say_how_far(index, "signatures", "署名を確認中"))?;
        brought.extend(self.shown.iter().filter_map(|(index, to)| Some((*index, (*to)?))));
        let taken = Taken::without(entries, &strangers);
        // What came after the newest of those acts none of them destroyed.
        let too_late = self.destroyed_until(&strangers)?.map_or_else(BTreeSet::new, |end| emptied.split_off(&end));
        let register = cache.register();
        let was_destroyed = |from, to| {
            let between = |months: &Destroy| months.from <= Month::of(to) && Month::of(from) < months.to;
            register.all_destroyed().iter().any(|destroyed| between(&destroyed.months))
        };
        let late = |t| u64::from(register.policy_at(t).keep_sealed_days) * DAY;
        let kept_still = unaccounted(&taken, &emptied, late, &was_destroyed)?;
        emptied.retain(|index| !kept_still.contains(index));
        let mut places = places.among(&taken);
        let mut seqs = Seqs::from(entries.shown().start);
        for at in entries.shown() {
            if let Some(record) = taken.record(at)? {
                seqs.saw(&record, brought.get(&(at as u64)).copied());
            }
        }
        let mut holes = seqs.holes();
        let carried = carried::fill(&mut places, &mut holes)?;
        if !emptied.is_empty() {
            self.fill(&mut holes, &taken, &emptied, &was_destroyed)?;
        }
        let known = Known { carried, brought, strangers: strangers.clone() };
        let mut report = report.told_by(Teller { cache, language: screen.language });
        // A terminal's records lie in the log in their order, so an opening comes before what it opened.
        let mut judge = Judge::new(cache, screen.language);
        let teller = Teller { cache, language: screen.language };
        let parted = judge_all(&mut judge, &teller, &mut places, &known, |judged| {
            self.say_how_far(usize::try_from(judged.index).unwrap_or(usize::MAX), "decided again", "再判定中");
            report.take(judged)
        })?;
        let asked = places.asked();
        self.damaged.iter().try_for_each(|index| {
            let (english, japanese) = ("the ledger cannot show it now, or not any more", "台帳が内容を示せない");
            report.take((*index, Held::Unreadable(screen.words(english, japanese).to_owned())).into())
        })?;
        too_late.iter().try_for_each(|index| {
            let said = screen.words(
                "its contents are not shown, and no act can have destroyed them: it came later",
                "内容が示されず、廃棄した処分もない(全ての廃棄の処分より後に登録された記録)",
            );
            report.take((*index, Held::Unreadable(said.to_owned())).into())
        })?;
        kept_still.iter().try_for_each(|index| {
            let said = screen.words(
                "its contents are not shown, and no act can have destroyed them: it lies among records of months that none destroyed",
                "内容が示されず、廃棄した処分もない(前後の記録の月は廃棄されていない)",
            );
            report.take((*index, Held::Unreadable(said.to_owned())).into())
        })?;
        if parted > 0 {
            let (english, japanese) = parted_words(parted);
            screen.note(&english, &japanese);
        }
        Ok(Found { report, holes, asked })
    }

    /// Those whose contents are not there, and that nobody calls damaged.
    fn emptied(&self) -> Result<BTreeSet<u64>, AdminError> {
        let mut emptied = BTreeSet::new();
        for (at, index) in self.entries.shown().map(|at| (at, at as u64)) {
            if self.entries.bytes(at)?.is_empty() && !self.damaged.contains(&index) {
                emptied.insert(index);
            }
        }
        Ok(emptied)
    }

    /// From which entry on nothing can have been destroyed: the ledger wrote it after the newest act that destroyed something, and files what comes later
    /// under a month that is still kept. From the first on where no act destroyed anything.
    fn destroyed_until(&self, strangers: &BTreeMap<usize, Stranger>) -> Result<Option<u64>, AdminError> {
        let made = |index| Some(SignedAct::decode(self.cache.entry(index)?).ok()?.act().made);
        let destroyed = self.cache.register().all_destroyed().iter();
        let Some(newest) = destroyed.filter_map(|destroyed| made(destroyed.index)).max() else { return Ok(Some(0)) };
        for at in self.entries.shown().filter(|at| !strangers.contains_key(at)) {
            let Some(record) = self.entries.record(at)? else { continue };
            if record.emitter == Emitter::Ledger && record.trusted > newest.saturating_add(DAY) {
                return Ok(Some(at as u64));
            }
        }
        Ok(None)
    }

    fn fill(
        &self,
        holes: &mut Vec<Hole>,
        taken: &Taken<'_>,
        emptied: &BTreeSet<u64>,
        was_destroyed: &WasDestroyed<'_>,
    ) -> Result<(), AdminError> {
        let gone = emptied.len();
        let before: u64 = holes.iter().map(Hole::length).sum();
        fill_by_destroyed(holes, taken, emptied, was_destroyed)?;
        let put_down = before - holes.iter().map(Hole::length).sum::<u64>();
        self.screen.note(
            &format!(
                "the contents of {gone} records were destroyed by acts; they stand in the log by their hashes. {put_down} places of terminals' histories between which they stand are taken for theirs"
            ),
            &format!(
                "{gone}件は処分により内容が廃棄されています(ハッシュは記録簿にあります)。前後の記録から、端末機の履歴の{put_down}件分はその位置とみなします"
            ),
        );
        Ok(())
    }

    fn say_how_far(&self, done: usize, english: &str, japanese: &str) {
        if done > 0 && done.is_multiple_of(STEP) {
            let of = self.entries.count();
            self.screen.note(&format!("{english}: {done} of {of} records"), &format!("{japanese}: {of}件中{done}件"));
        }
    }
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use sekisho_tlog::{Hash, leaf_hash};
    use sekisho_wire::record::{Body, Record};
    use sekisho_wire::words::Language;

    use super::*;
    use crate::report::Said;
    use crate::screen::{Confirm, Lists};
    use crate::terminal_word::tests::{Terminal, a_record};

    /// So many records in a batch.
    const BATCH: usize = 8;

    /// A log that is made when it is read: what it costs is what its verification keeps.
    struct Made<'a> {
        terminal: &'a Terminal,
        count: usize,
    }

    impl Made<'_> {
        fn record(&self, index: usize) -> Vec<u8> {
            let record = a_record(&self.terminal.code, self.terminal.office, 0, Body::TerminalDown);
            Record { seq: index as u64, ..record }.encode().unwrap().to_vec()
        }
    }

    impl Entries for Made<'_> {
        fn count(&self) -> usize {
            self.count
        }

        fn leaf(&self, index: usize) -> Result<Hash, AdminError> {
            Ok(leaf_hash(&self.record(index)))
        }

        fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>, AdminError> {
            Ok(Cow::Owned(self.record(index)))
        }
    }

    /// Kilobytes that this process has in memory now (`VmRSS`), or has had at most (`VmHWM`).
    fn in_memory(which: &str) -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    #[ignore = "asks how much memory the process has: run it alone"]
    fn of_ten_million_records_no_more_is_kept_than_a_machine_has() {
        let terminal = Terminal::new();
        let made = Made { terminal: &terminal, count: 200_000 };
        let screen = Screen { language: Language::English, confirm: Confirm::Yes, lists: Lists::Text };
        let none = BTreeSet::new();
        let cache = &terminal.cache;
        let whole = Whole { cache, screen, entries: &made, damaged: &none, shown: BTreeMap::new() };
        let before = in_memory("VmRSS");
        let found = whole.verify(Report::new(screen, Said::Findings, None), |index| {
            let first = usize::try_from(index).unwrap() / BATCH * BATCH;
            let records: Vec<Vec<u8>> = (first..first + BATCH).map(|index| made.record(index)).collect();
            Ok(Answer::from(Some(terminal.word_for(0, first as u64, &records))))
        });
        let each = (in_memory("VmHWM") - before) * 1024 / made.count as u64;
        let found = found.unwrap();
        assert_eq!(found.asked, made.count / BATCH);
        found.report.finish(&found.holes).unwrap();
        assert!((1..=300).contains(&each), "{each} bytes of each record");
        screen.note(&format!("{each} bytes of each record"), "");
    }
}
