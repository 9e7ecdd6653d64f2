//! What an epoch leaves behind that the ledger is not known to have: as far as it is here it is carried into the next one (wire §7.5b), and what is not is
//! declared lost (§7.2b).

use std::collections::HashSet;
use std::io;

use sekisho_register::Register;
use sekisho_tlog::leaf_hash;
use sekisho_wire::reason::LostReason;
use sekisho_wire::record::{Lost, RECORD_MAX, Record};

use crate::aside;
use crate::config::Config;
use crate::files::StateFile;
use crate::journal::Journal;
use crate::journal::earlier::Earlier;
use crate::journal::error::JournalError;
use crate::run::{RunError, state_file};
use crate::uplink::{KeptPlace, Position};

/// What becomes of it: nothing of either where there is none, or it is in this epoch already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftBehind {
    /// All records from this place on, epoch and seq, are carried into this epoch, before its first own one.
    pub(crate) carried: Option<(u32, u64)>,
    /// These are not here any more: the first record of this epoch says so.
    pub(crate) lost: Option<Lost>,
}

/// Looks what is to become of what earlier epochs left behind. Before the uplink keeps a cursor of this epoch.
///
/// # Errors
/// [`RunError`].
pub(crate) fn left_behind(config: &Config, journal: &Journal, register: &Register) -> Result<LeftBehind, RunError> {
    if journal.next().epoch == 0 || journal.has_begun()? {
        return Ok(LeftBehind::default());
    }
    of_epochs(config, journal.next().epoch, &journal.earlier(), register).map_err(state_file(StateFile::Uplink))
}

/// `earlier` are the epochs that lie in the journal beside the one that begins.
fn of_epochs(config: &Config, begins: u32, earlier: &[Earlier], register: &Register) -> io::Result<LeftBehind> {
    let (aside, newest) = (aside::newest_epoch(&config.state)?, earlier.last());
    let KeptPlace { epoch, known, proved, sealed } = match Position::kept_place(config, register)? {
        Some(place) if place.epoch >= begins => return Ok(LeftBehind::default()),
        Some(place) => place,
        // Nobody knows what was sent: what is there is carried, perhaps once more.
        None => {
            let epoch = aside.max(earlier.first().map(|oldest| oldest.epoch)).unwrap_or(begins - 1);
            KeptPlace { epoch, known: 0, proved: 0, sealed: 0 }
        }
    };
    // What was acknowledged and not proved yet may be what a ledger has lost since: carried once more it does no harm.
    let has_more = |of: &Earlier| (of.epoch, of.end) > (epoch, sealed) && of.end > of.first;
    let carried = earlier.iter().any(has_more).then_some((epoch, sealed));
    // A later epoch has carried, or declared lost, what the one before it left behind.
    let reaches = |newest: &Earlier| newest.epoch > epoch || (newest.epoch == epoch && newest.end >= known);
    let is_last = |newest: &Earlier| aside.is_none_or(|aside| aside < newest.epoch);
    // Of what an act gave up the ledger has nothing from there on.
    let from = if sealed < proved { sealed.min(known) } else { known };
    let lost = |to, reason| Some(Lost { from, to, reason, epoch: Some(epoch) });
    if newest.is_some_and(|newest| reaches(newest) && is_last(newest)) {
        // What was proved is not kept for ever, and may be what the ledger has lost for good.
        let here = earlier.iter().find(|of| of.epoch == epoch).map_or(proved, |of| of.first.min(proved));
        let lost = if sealed < here { lost(here - 1, LostReason::NotKept) } else { None };
        return Ok(LeftBehind { carried, lost });
    }
    let is_aside = aside.is_some_and(|aside| aside >= epoch);
    let reason = if is_aside { LostReason::JournalDamaged } else { LostReason::JournalRestored };
    Ok(LeftBehind { carried, lost: lost(Lost::REST, reason) })
}

/// Carries all records of earlier epochs from this place on into this one, unless they stand there: a run that was killed in the middle goes on where it was.
/// On disk, a part after the other; where the disk does not take them they wait for it, and everything that comes after them. Says when the first was made.
///
/// # Errors
/// [`JournalError`]: the earlier records cannot be read any more.
pub(crate) fn carry(journal: &Journal, from: (u32, u64)) -> Result<Option<u64>, JournalError> {
    let mut known = carried_leaves(journal)?;
    let (mut waits, mut bytes, mut last, mut since) = (journal.trouble().is_none(), 0, None, None);
    journal.read_earlier(from, |record| {
        since = since.or_else(|| Record::decode(&record).ok().map(|record| record.trusted));
        if !known.insert(leaf_hash(&record).0) {
            return;
        }
        bytes += record.len();
        let seq = journal.carry(record);
        last = Some(seq);
        if waits && bytes >= PART {
            bytes = 0;
            waits = journal.wait(seq).is_ok() && journal.trouble().is_none();
        }
    })?;
    if let Some(last) = last {
        log::warn!("records of earlier epochs are carried into this one, up to its record {last}");
        if let Err(error) = journal.wait(last) {
            log::error!("{error}; they wait for the disk");
        }
    }
    Ok(since)
}

/// Leaves of what stands in this epoch already.
fn carried_leaves(journal: &Journal) -> Result<HashSet<[u8; 32]>, JournalError> {
    let (mut leaves, mut at, durable) = (HashSet::new(), 0, journal.durable());
    while at < durable {
        let run = journal.read(at, PAGE, PAGE * RECORD_MAX)?;
        if run.records.is_empty() {
            break;
        }
        at += run.records.len() as u64;
        leaves.extend(run.records.iter().map(|record| leaf_hash(record).0));
    }
    Ok(leaves)
}

/// About so many bytes are synced at a time.
const PART: usize = 128 << 10;
const PAGE: usize = 1000;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use sekisho_register::change::{Change, Log, SucceedLog};
    use sekisho_wire::id::{BootId, Code, Hash, OfficeId, Salt};
    use sekisho_wire::record::{Body, Emitter, RECORD_VERSION};
    use sekisho_wire::secret::SecretBytes;

    use super::*;
    use crate::before::Before;
    use crate::files;
    use crate::journal::disk::{Disk, Fault};
    use crate::journal::segment::Start;
    use crate::run::open_journal;
    use crate::testing::Office;
    use crate::whereabouts::{Stretch, Whereabouts};

    fn open(disk: &Disk, epoch: u32) -> (Journal, Vec<(u32, u64)>) {
        let mut seen = Vec::new();
        let start = Start { epoch, first: 0, chain: Hash([u8::try_from(epoch).unwrap(); 32]) };
        let see = |_, record: &[u8]| seen.push(named(record));
        let journal = Journal::open(Arc::new(disk.clone()), SecretBytes::new([1; 32]), start, see).unwrap();
        (journal, seen)
    }

    fn named(record: &[u8]) -> (u32, u64) {
        let record = Record::decode(record).unwrap();
        (record.epoch, record.seq)
    }

    fn write(journal: &Journal, count: u64) {
        for _ in 0..count {
            let seq = journal.append(|epoch, seq| record(epoch, seq, 1000 + seq));
            journal.wait(seq).unwrap();
        }
    }

    fn record(epoch: u32, seq: u64, trusted: u64) -> Vec<u8> {
        let body = Body::TerminalDown;
        let record = Record {
            version: RECORD_VERSION,
            critical: true,
            emitter: Emitter::Terminal(Code::new("jumin-1").unwrap()),
            office: OfficeId([1; 16]),
            epoch,
            seq,
            boot: BootId([2; 16]),
            salt: Salt([u8::try_from(seq % 251).unwrap(); 16]),
            retention: body.retention(),
            wall: trusted,
            trusted,
            monotonic: 5,
            body,
        };
        record.encode().unwrap().to_vec()
    }

    /// What stands in the journal's epoch.
    fn all(journal: &Journal) -> Vec<(u32, u64)> {
        let mut all: Vec<(u32, u64)> = Vec::new();
        while (all.len() as u64) < journal.durable() {
            all.extend(
                journal.read(all.len() as u64, 1000, 1 << 20).unwrap().records.iter().map(|record| named(record)),
            );
        }
        all
    }

    fn of(epoch: u32, seqs: std::ops::Range<u64>) -> Vec<(u32, u64)> {
        seqs.map(|seq| (epoch, seq)).collect()
    }

    fn config(name: &str) -> Config {
        let state = std::env::temp_dir().join(format!("sekisho-left-{name}-{}", std::process::id()));
        files::private_folder(&state).unwrap();
        Config { state, ..Config::parse(Path::new("agent.toml"), "").unwrap() }
    }

    fn left(config: &Config, register: &Register, begins: u32, earlier: &[(u32, u64, u64)]) -> LeftBehind {
        let earlier = earlier.iter().map(|(epoch, first, end)| Earlier { epoch: *epoch, first: *first, end: *end });
        of_epochs(config, begins, &earlier.collect::<Vec<_>>(), register).unwrap()
    }

    fn is_carried(epoch: u32, seq: u64) -> LeftBehind {
        LeftBehind { carried: Some((epoch, seq)), lost: None }
    }

    fn is_lost(epoch: u32, from: u64, reason: LostReason) -> LeftBehind {
        LeftBehind { carried: None, lost: Some(Lost { from, to: Lost::REST, reason, epoch: Some(epoch) }) }
    }

    /// The ledger has acknowledged what lies below 7 in epoch 1.
    fn is_known(config: &Config, sealed: u64, refused: bool) {
        let cursor = serde_json::json!({"epoch": 1, "stored": 7, "sealed": sealed, "seen_size": 0, "seen_root": "", "refused": refused});
        files::replace_json(&config.state.join("uplink.json"), &cursor).unwrap();
    }

    #[test]
    fn what_an_epoch_leaves_behind_is_carried_where_it_is_here_and_else_said_to_be_lost() {
        let (config, register) = (config("all"), Register::new());
        let left = |begins, earlier: &[(u32, u64, u64)]| left(&config, &register, begins, earlier);
        let nothing = LeftBehind::default;
        assert_eq!(left(2, &[]), is_lost(1, 0, LostReason::JournalRestored), "nothing is known");
        assert_eq!(left(2, &[(1, 3, 9)]), is_carried(1, 0), "nobody knows what was sent");
        is_known(&config, 5, false);
        assert_eq!(left(2, &[(1, 0, 7)]), is_carried(1, 5), "what is not proved comes again");
        assert_eq!(left(2, &[(0, 0, 4), (1, 0, 9)]), is_carried(1, 5));
        assert_eq!(left(2, &[(1, 0, 5)]), is_lost(1, 7, LostReason::JournalRestored));
        let both = LeftBehind { carried: Some((1, 5)), ..is_lost(1, 7, LostReason::JournalRestored) };
        assert_eq!(left(2, &[(1, 0, 6)]), both, "of what was not proved it has one");
        assert_eq!(left(3, &[(1, 0, 7), (2, 0, 1)]), is_carried(1, 5), "epoch 2 was begun and not heard");
        assert_eq!(left(3, &[(2, 0, 1)]), is_carried(1, 5));
        assert_eq!(left(1, &[]), nothing(), "this very epoch was begun");
        is_known(&config, 7, false);
        assert_eq!(left(2, &[(1, 0, 7)]), nothing(), "all is there, proved");
        is_known(&config, 5, true);
        assert_eq!(left(2, &[(1, 0, 9)]), is_carried(1, 5), "the ledger has another history: what was proved is");
        std::fs::create_dir(config.state.join("journal-aside-1-0")).unwrap();
        assert_eq!(left(2, &[]), is_lost(1, 5, LostReason::JournalDamaged));
        assert_eq!(left(3, &[(2, 0, 4)]), is_carried(1, 5), "epoch 2 has said what was lost");
        std::fs::remove_dir_all(config.state).unwrap();
    }

    #[test]
    fn what_an_act_gives_up_is_carried_although_it_was_proved_and_what_is_kept_no_longer_is_said_to_be_lost() {
        let config = config("given-up");
        is_known(&config, 7, false);
        let mut whereabouts = Whereabouts::open(&config.state, 1);
        [(0, 3, 100), (3, 4, 120)].into_iter().for_each(|(first, count, index)| {
            whereabouts.add(Stretch { epoch: 1, first, count, index });
        });
        let mut office = Office::new(&[4; 65]);
        let kept = |kept_size| {
            let (kept_root, signed_size) = (Hash([7; 32]), kept_size + 1);
            vec![Change::SucceedLog(SucceedLog { log: Log::Records, kept_size, kept_root, signed_size })]
        };
        let all = [(1, 0, 7)];
        assert_eq!(left(&config, &office.register, 2, &all), LeftBehind::default());
        office.act_of_two(kept(124));
        assert_eq!(left(&config, &office.register, 2, &all), LeftBehind::default(), "ours lie before that");
        office.act_of_two(kept(122));
        let left = |earlier: &[_]| left(&config, &office.register, 2, earlier);
        assert_eq!(left(&all), is_carried(1, 5));
        let lost = |to| Some(Lost { from: 5, to, reason: LostReason::NotKept, epoch: Some(1) });
        assert_eq!(left(&[(1, 6, 9)]), LeftBehind { carried: Some((1, 5)), lost: lost(5) });
        assert_eq!(left(&[(1, 9, 9)]), LeftBehind { carried: None, lost: lost(6) });
        // A journal that was put back has some of it.
        let restored = Some(Lost { reason: LostReason::JournalRestored, ..lost(Lost::REST).unwrap() });
        assert_eq!(left(&[(1, 0, 6)]), LeftBehind { carried: Some((1, 5)), lost: restored });
        // Whether the act came before the epoch ended, or after.
        let mut position = Position::open(&config, 1).unwrap();
        assert!(position.follow(&office.register));
        assert_eq!(position.acknowledged().sealed, 5);
        assert_eq!(left(&all), is_carried(1, 5));
        std::fs::remove_dir_all(config.state).unwrap();
    }

    #[test]
    fn a_start_asks_what_is_left_behind_before_it_forgets_and_again_where_it_was_cut_off() {
        let config = config("starts");
        let begin = |epoch| {
            let start = Start { epoch, first: 0, chain: Hash([u8::try_from(epoch).unwrap(); 32]) };
            open_journal(&config, start, &mut Before::default()).unwrap()
        };
        write(&begin(1), 9);
        is_known(&config, 7, false);
        Whereabouts::open(&config.state, 1).add(Stretch { epoch: 1, first: 0, count: 7, index: 100 });
        let mut office = Office::new(&[4; 65]);
        let (kept_root, kept_size) = (Hash([7; 32]), 105);
        let lost = SucceedLog { log: Log::Records, kept_size, kept_root, signed_size: 110 };
        office.act_of_two(vec![Change::SucceedLog(lost)]);
        for _ in 0..2 {
            let journal = begin(2);
            assert_eq!(left_behind(&config, &journal, &office.register).unwrap(), is_carried(1, 5));
            // It goes on as far as it would before it is known that all is on the disk, and is killed.
            drop(Position::open(&config, 2).unwrap());
        }
        std::fs::remove_dir_all(config.state).unwrap();
    }

    #[test]
    fn what_was_kept_no_longer_when_an_act_gave_it_up_is_said_to_be_lost_whenever_that_was_heard() {
        let config = config("pruned");
        is_known(&config, 7, false);
        Whereabouts::open(&config.state, 1).add(Stretch { epoch: 1, first: 0, count: 7, index: 100 });
        let mut office = Office::new(&[4; 65]);
        let (kept_root, kept_size) = (Hash([7; 32]), 103);
        let lost = SucceedLog { log: Log::Records, kept_size, kept_root, signed_size: 110 };
        office.act_of_two(vec![Change::SucceedLog(lost)]);
        let lost = Lost { from: 3, to: 5, reason: LostReason::NotKept, epoch: Some(1) };
        let both = LeftBehind { carried: Some((1, 3)), lost: Some(lost) };
        assert_eq!(left(&config, &office.register, 2, &[(1, 6, 9)]), both);
        assert!(Position::open(&config, 1).unwrap().follow(&office.register));
        assert_eq!(left(&config, &office.register, 2, &[(1, 6, 9)]), both, "it went on in that epoch");
        std::fs::remove_dir_all(config.state).unwrap();
    }

    #[test]
    fn killed_after_any_of_them_the_next_run_carries_the_rest_and_none_twice() {
        let old = Disk::default();
        write(&open(&old, 0).0, 40);
        for killed in 0..=35 {
            let disk = old.copy();
            let (journal, _) = open(&disk, 1);
            assert!(!journal.has_begun().unwrap());
            let mut left = killed;
            journal
                .read_earlier((0, 5), |record| {
                    if left > 0 {
                        journal.wait(journal.carry(record)).unwrap();
                        left -= 1;
                    }
                })
                .unwrap();
            drop(journal);
            // What was carried is not taken for what this epoch saw.
            let (journal, seen) = open(&disk, 1);
            assert_eq!(seen, of(0, 0..40));
            assert!(!journal.has_begun().unwrap());
            assert_eq!(carry(&journal, (0, 5)).unwrap(), Some(1005));
            assert_eq!(all(&journal), of(0, 5..40), "{killed}");
            write(&journal, 1);
            let (journal, seen) = open(&disk, 1);
            assert!(journal.has_begun().unwrap());
            assert_eq!((seen, all(&journal).len()), ([of(0, 0..40), of(1, 35..36)].concat(), 36));
        }
    }

    #[test]
    fn what_was_being_carried_when_another_epoch_was_opened_comes_once_into_that() {
        let disk = Disk::default();
        write(&open(&disk, 0).0, 9);
        let (journal, _) = open(&disk, 1);
        let mut records = Vec::new();
        journal.read_earlier((0, 4), |record| records.push(record)).unwrap();
        records.drain(..2).for_each(|record| journal.wait(journal.carry(record)).unwrap());
        let (journal, _) = open(&disk, 2);
        let earlier = |epoch, first, end| Earlier { epoch, first, end };
        assert_eq!(journal.earlier(), [earlier(0, 0, 9), earlier(1, 0, 2)]);
        carry(&journal, (0, 4)).unwrap();
        assert_eq!(all(&journal), of(0, 4..9));
        write(&journal, 3);
        // That one was heard of as far as the first three.
        let (journal, _) = open(&disk, 3);
        carry(&journal, (2, 3)).unwrap();
        assert_eq!(all(&journal), [of(0, 7..9), of(2, 5..8)].concat());
    }

    #[test]
    fn on_a_full_disk_they_wait_and_so_does_all_that_comes_later() {
        let disk = Disk::default();
        write(&open(&disk, 0).0, 4000);
        let (journal, _) = open(&disk, 1);
        disk.fail(Fault::Full);
        carry(&journal, (0, 0)).unwrap();
        assert!(!journal.takes_grants());
        let own = journal.append(|epoch, seq| record(epoch, seq, 9000));
        assert!(journal.wait(own).is_err(), "nothing is granted on it");
        // Whatever is sealed by then: what is not carried yet is not thrown away.
        journal.prune(u64::MAX, u64::MAX);
        assert_eq!(journal.earlier().first().map(|earlier| earlier.first), Some(0));
        disk.fail(None);
        journal.flush();
        assert!(journal.durable() > own);
        journal.flush();
        assert!(journal.takes_grants());
        assert_eq!(all(&open(&disk, 1).0), [of(0, 0..4000), of(1, 4000..4001)].concat());
        // What was carried stays as long as what was written behind it, however old it is.
        let (journal, _) = open(&disk, 1);
        write(&journal, 1);
        journal.prune(u64::MAX, 8000);
        assert_eq!((journal.earlier(), journal.read(0, 1, 4096).is_ok()), (vec![], true));
    }
}
