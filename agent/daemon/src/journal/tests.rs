use std::sync::atomic::{AtomicU64, Ordering};

use sekisho_wire::id::{BootId, Code, OfficeId, Salt};
use sekisho_wire::record::{Body, Emitter, RECORD_VERSION, Record, Retention};

use super::disk::{Disk, Fault};
use super::medium::Medium;
use super::*;

const BEGINNING: Start = Start { epoch: 0, first: 0, chain: Hash([9; 32]) };

fn open(disk: &Disk) -> (Journal, Vec<(u64, Vec<u8>)>) {
    let mut seen = Vec::new();
    let see = |seq, record: &[u8]| seen.push((seq, record.to_vec()));
    let journal = Journal::open(Arc::new(disk.clone()), SecretBytes::new([1; 32]), BEGINNING, see).unwrap();
    (journal, seen)
}

fn record(epoch: u32, seq: u64, trusted: u64) -> Vec<u8> {
    let record = Record {
        version: RECORD_VERSION,
        critical: true,
        emitter: Emitter::Terminal(Code::new("jumin-1").unwrap()),
        office: OfficeId([1; 16]),
        epoch,
        seq,
        boot: BootId([2; 16]),
        salt: Salt([u8::try_from(seq % 251).unwrap(); 16]),
        retention: Retention::Operation,
        wall: trusted,
        trusted,
        monotonic: 5,
        body: Body::TerminalDown,
    };
    record.encode().unwrap().to_vec()
}

fn append(journal: &Journal) -> u64 {
    journal.append(|epoch, seq| record(epoch, seq, 1000 + seq))
}

fn chain_over(records: &[(u64, Vec<u8>)]) -> Hash {
    records.iter().fold(BEGINNING.chain, |chain, (_, record)| chain_next(&chain, &Hash(leaf_hash(record).0)))
}

/// What every recovered journal must satisfy: dense from 0, and the next record continues its chain.
fn assert_unbroken(journal: &Journal, seen: &[(u64, Vec<u8>)]) {
    for (index, (seq, bytes)) in seen.iter().enumerate() {
        assert_eq!(*seq, index as u64);
        assert_eq!(Record::decode(bytes).unwrap().seq, *seq);
    }
    assert_eq!(journal.next().first, seen.len() as u64);
    assert_eq!(journal.next().chain, chain_over(seen));
}

#[test]
fn what_was_waited_for_is_there_after_a_restart() {
    let disk = Disk::default();
    for round in 0..4_u64 {
        let (journal, seen) = open(&disk.copy());
        assert_unbroken(&journal, &seen);
        let (journal, _) = open(&disk);
        for _ in 0..3 {
            let seq = append(&journal);
            journal.wait(seq).unwrap();
        }
        assert_eq!(open(&disk.copy()).1.len() as u64, 3 * (round + 1));
    }
}

#[test]
fn a_tail_torn_at_any_byte_loses_only_what_nobody_was_told_of() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    for _ in 0..3 {
        let seq = append(&journal);
        journal.wait(seq).unwrap();
    }
    let (name, before) = disk.newest();
    let last = append(&journal);
    journal.wait(last).unwrap();
    let after = disk.newest().1;
    for length in 0..=after.len() {
        let torn = disk.copy();
        torn.put(&name, &after[..length]);
        if length < before.len() {
            // The mark comes after the first sync: a tail that goes so far back was torn before it.
            torn.remove(&mark_of(&name)).unwrap();
        }
        let (journal, seen) = open(&torn);
        assert_unbroken(&journal, &seen);
        if length >= before.len() {
            assert!(seen.len() >= 3, "torn at {length}");
        }
        // And it goes on from there, and that survives too.
        let seq = append(&journal);
        journal.wait(seq).unwrap();
        let (journal, again) = open(&torn);
        assert_eq!(again.len(), seen.len() + 1, "torn at {length}");
        assert_unbroken(&journal, &again);
    }
}

#[test]
fn a_mark_that_cannot_be_made_costs_no_record_and_no_start() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    disk.fail(Fault::MarkLanded);
    for count in 1..3 {
        let seq = append(&journal);
        let _ = journal.wait(seq);
        let (restarted, seen) = open(&disk.copy());
        assert_eq!(seen.len(), count);
        assert_unbroken(&restarted, &seen);
    }
    disk.fail(None);
    let seq = append(&journal);
    journal.wait(seq).unwrap();
    let gone = disk.copy();
    let newest = gone.names().unwrap().into_iter().filter(|name| number_of(name).is_some()).max().unwrap();
    gone.remove(&newest).unwrap();
    let opened = Journal::open(Arc::new(gone), SecretBytes::new([1; 32]), BEGINNING, |_, _| {});
    assert!(opened.is_err(), "it is marked in the end");
}

#[test]
fn a_failed_write_refuses_those_who_wait_and_never_gives_a_seq_two_contents() {
    for fault in [Fault::Write(0), Fault::Write(20), Fault::Write(usize::MAX), Fault::SyncLanded, Fault::Create] {
        let disk = Disk::default();
        let (journal, _) = open(&disk);
        let first = append(&journal);
        if fault == Fault::Create {
            disk.fail(fault);
            assert_eq!(journal.wait(first), Err(NotRecorded));
        } else {
            journal.wait(first).unwrap();
            disk.fail(fault);
        }
        let refused = append(&journal);
        assert_eq!(journal.wait(refused), Err(NotRecorded), "{fault:?}");
        assert_eq!(journal.trouble(), Some(Trouble::Failing));
        let cut_now = disk.copy();
        disk.fail(None);
        journal.flush();
        assert_eq!(journal.trouble(), None);
        // It was refused for good, although it is on disk now.
        assert_eq!(journal.wait(refused), Err(NotRecorded), "{fault:?}");
        let after = append(&journal);
        journal.wait(after).unwrap();
        let (again, seen) = open(&disk);
        assert_eq!(seen.len(), 3, "{fault:?}");
        assert_unbroken(&again, &seen);
        let (again, at_the_cut) = open(&cut_now);
        assert_unbroken(&again, &at_the_cut);
        assert!(seen.starts_with(&at_the_cut), "{fault:?}: one seq, two contents");
    }
}

#[test]
fn one_sync_serves_all_that_wait() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    let seqs: Vec<u64> = (0..50).map(|_| append(&journal)).collect();
    for seq in seqs {
        journal.wait(seq).unwrap();
    }
    assert_eq!(disk.syncs(), 1);
}

#[test]
fn many_threads_get_every_seq_once() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    let sum = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let seq = append(&journal);
                    journal.wait(seq).unwrap();
                    sum.fetch_add(seq, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(sum.into_inner(), (0..400).sum::<u64>());
    let (again, seen) = open(&disk);
    assert_unbroken(&again, &seen);
}

#[test]
fn records_come_back_from_any_place_with_the_chain_before_them() {
    let disk = Disk::default();
    let mut all = Vec::new();
    for _ in 0..5 {
        let (journal, _) = open(&disk);
        for _ in 0..4 {
            let seq = append(&journal);
            journal.wait(seq).unwrap();
        }
        all = open(&disk.copy()).1;
    }
    let (journal, _) = open(&disk);
    for first in 0..20_u64 {
        let run = journal.read(first, 3, 1 << 20).unwrap();
        let at = usize::try_from(first).unwrap();
        assert_eq!(run.chain, chain_over(&all[..at]), "from {first}");
        assert!(!run.records.is_empty() && run.records.len() <= 3);
        for (offset, record) in run.records.iter().enumerate() {
            assert_eq!(record, &all[at + offset].1);
        }
    }
}

#[test]
fn a_record_that_decays_while_the_agent_runs_is_damage_and_not_the_end() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    for _ in 0..4 {
        journal.wait(append(&journal)).unwrap();
    }
    let (name, mut bytes) = disk.newest();
    let frame = (bytes.len() - segment::HEADER_LEN) / 4;
    bytes[segment::HEADER_LEN + 2 * frame + 40] ^= 1;
    disk.put(&name, &bytes);
    assert_eq!(journal.read(0, 4, 1 << 20).unwrap().records.len(), 2, "what is whole is read");
    for first in [2, 3, 4] {
        let read = journal.read(first, 1, 1 << 20);
        assert!(matches!(&read, Err(JournalError::Changed { segment, first: 2 }) if *segment == name), "{first}");
    }
}

#[test]
fn pruning_keeps_what_is_not_sealed_and_what_is_young() {
    let disk = Disk::default();
    for _ in 0..5 {
        let (journal, _) = open(&disk);
        for _ in 0..2 {
            let seq = append(&journal);
            journal.wait(seq).unwrap();
        }
    }
    let (journal, _) = open(&disk);
    journal.prune(3, u64::MAX);
    assert!(journal.read(2, 1, 1000).is_ok(), "3 is not sealed, so its segment stays");
    let gone = journal.read(1, 1, 1000);
    assert!(matches!(gone, Err(JournalError::Pruned { first: 1 })), "0 and 1 are sealed and old");
    journal.prune(10, 1004);
    assert!(journal.read(4, 1, 1000).is_ok(), "5 is younger than asked");
    journal.prune(10, u64::MAX);
    assert_eq!(journal.next().first, 10);
    drop(journal);
    assert_eq!(open(&disk).0.next().first, 10, "the newest segment knows where to go on");
}

#[test]
fn a_segment_that_cannot_be_removed_leaves_no_hole_behind_it() {
    let disk = Disk::default();
    for _ in 0..3 {
        let (journal, _) = open(&disk);
        let seq = append(&journal);
        journal.wait(seq).unwrap();
    }
    let (journal, _) = open(&disk);
    disk.fail(Fault::Remove(0));
    journal.prune(3, u64::MAX);
    let (restarted, seen) = open(&disk.copy());
    assert_unbroken(&restarted, &seen);
    disk.fail(None);
    journal.prune(3, u64::MAX);
    assert!(journal.read(1, 1, 1000).is_err(), "it goes when it can");
}

#[test]
fn missing_records_are_not_passed_over() {
    let disk = Disk::default();
    for _ in 0..3 {
        let (journal, _) = open(&disk);
        let seq = append(&journal);
        journal.wait(seq).unwrap();
    }
    let name = disk.names().unwrap().into_iter().nth(1).unwrap();
    disk.remove(&name).unwrap();
    let opened = Journal::open(Arc::new(disk), SecretBytes::new([1; 32]), BEGINNING, |_, _| {});
    let error = opened.err().unwrap();
    assert!(error.to_string().contains("records from 1 on are missing"), "{error}");
    assert!(error.next_step().contains("evidence"));
}

#[test]
fn another_terminals_journal_is_refused() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    let seq = append(&journal);
    journal.wait(seq).unwrap();
    assert!(Journal::open(Arc::new(disk), SecretBytes::new([2; 32]), BEGINNING, |_, _| {}).is_err());
}

#[test]
fn a_changed_byte_is_damage_and_never_a_torn_tail() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    for _ in 0..4 {
        let seq = append(&journal);
        journal.wait(seq).unwrap();
    }
    let (name, bytes) = disk.newest();
    // The length of the last frame may also say that more was to come: only the ledger knows better there.
    let last_length = bytes.len() - (bytes.len() - segment::HEADER_LEN) / 4;
    for at in 0..bytes.len() {
        let changed = disk.copy();
        let mut content = bytes.clone();
        content[at] ^= 0x81;
        changed.put(&name, &content);
        let opened = Journal::open(Arc::new(changed), SecretBytes::new([1; 32]), BEGINNING, |_, _| {});
        let open_to_doubt = (last_length..last_length + 4).contains(&at);
        assert!(opened.is_err() || open_to_doubt, "byte {at}");
    }
}

#[test]
fn sectors_that_never_reached_the_disk_are_a_torn_tail_and_other_zeros_are_damage() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    for _ in 0..12 {
        journal.wait(append(&journal)).unwrap();
    }
    let (name, bytes) = disk.newest();
    let frame = (bytes.len() - segment::HEADER_LEN) / 12;
    let mut torn_tails = 0;
    for count in 1..=12 {
        let (begin, end) = (segment::HEADER_LEN + (count - 1) * frame, segment::HEADER_LEN + count * frame);
        for from in begin + 4..end {
            // By itself a tag ends in a zero now and then; here nothing else may.
            if bytes[from - 1] == 0 || bytes[from] == 0 {
                continue;
            }
            let mut content = bytes[..end].to_vec();
            content[from..].fill(0);
            let cut = disk.copy();
            cut.put(&name, &content);
            let opened = Journal::open(Arc::new(cut.clone()), SecretBytes::new([1; 32]), BEGINNING, |_, _| {});
            // All of the frame's last sector is gone, and perhaps more before it.
            let last = (end - 1) / 512 * 512;
            let torn = last >= begin + 4 && from <= last;
            assert_eq!(opened.is_ok(), torn, "{count} records, zeros from {from}");
            if torn {
                torn_tails += 1;
                assert_eq!(open(&cut).1.len(), count - 1);
            }
        }
    }
    assert!(torn_tails > 0);
}

#[test]
fn a_journal_that_ends_before_what_was_acknowledged_is_refused() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    for _ in 0..3 {
        let seq = append(&journal);
        journal.wait(seq).unwrap();
    }
    assert!(journal.must_reach(3).is_ok());
    let error = journal.must_reach(4).err().unwrap();
    assert!(error.to_string().contains("acknowledged all before 4"), "{error}");
}

#[test]
fn a_disk_that_goes_on_failing_does_not_fill_up() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    for fault in [Fault::Write(0), Fault::Write(20), Fault::SyncLanded] {
        disk.fail(fault);
        for _ in 0..20 {
            let seq = append(&journal);
            assert_eq!(journal.wait(seq), Err(NotRecorded));
        }
        disk.fail(None);
        journal.flush();
        assert!(disk.names().unwrap().len() <= 4, "{fault:?}: {:?}", disk.names());
    }
    let (again, seen) = open(&disk);
    assert_eq!(seen.len(), 60);
    assert_unbroken(&again, &seen);
}

#[test]
fn a_full_disk_takes_what_must_be_said_into_its_reserve_and_goes_on_by_itself() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    journal.wait(append(&journal)).unwrap();
    disk.fail(Fault::Full);
    assert!(journal.takes_grants());
    journal.wait(append(&journal)).unwrap();
    assert_eq!((journal.trouble(), journal.takes_grants()), (Some(Trouble::Full), false));
    journal.wait(append(&journal)).unwrap();
    journal.flush();
    assert_eq!(journal.trouble(), Some(Trouble::Full), "there is no room for another reserve yet");
    let (cut, seen) = open(&disk.copy());
    assert_eq!(seen.len(), 3);
    assert_unbroken(&cut, &seen);
    disk.fail(None);
    journal.flush();
    assert!(journal.takes_grants());
    journal.wait(append(&journal)).unwrap();
    // And once more: the reserve is whole again.
    disk.fail(Fault::Full);
    journal.wait(append(&journal)).unwrap();
    disk.fail(None);
    journal.flush();
    let (again, seen) = open(&disk);
    assert_eq!(seen.len(), 5);
    assert_unbroken(&again, &seen);
}

#[test]
fn a_reserve_that_is_used_up_refuses_those_who_wait_and_loses_nothing() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    disk.fail(Fault::Full);
    let mut recorded = 0;
    let refused = loop {
        let seq = append(&journal);
        match journal.wait(seq) {
            Ok(()) => recorded += 1,
            Err(NotRecorded) => break seq,
        }
    };
    assert!(recorded > 1000, "{recorded}");
    assert_eq!((journal.trouble(), journal.durable()), (Some(Trouble::Full), refused));
    disk.fail(None);
    journal.flush();
    assert_eq!(journal.trouble(), None);
    let (again, seen) = open(&disk);
    assert_eq!(seen.len() as u64, refused + 1);
    assert_unbroken(&again, &seen);
}

#[test]
fn an_agent_that_starts_on_a_full_disk_grants_nothing_until_there_is_room() {
    let disk = Disk::default();
    disk.fail(Fault::Full);
    let (journal, _) = open(&disk);
    assert_eq!((journal.trouble(), journal.is_short()), (Some(Trouble::Full), true));
    disk.fail(None);
    journal.flush();
    assert_eq!(journal.trouble(), None);
}

fn segments(disk: &Disk) -> usize {
    disk.names().unwrap().iter().filter(|name| number_of(name).is_some()).count()
}

#[test]
fn an_earlier_epoch_does_not_stay_for_ever() {
    let disk = Disk::default();
    let (journal, _) = open(&disk);
    for _ in 0..2 {
        let seq = append(&journal);
        journal.wait(seq).unwrap();
    }
    drop(journal);
    let beginning = Start { epoch: 1, ..BEGINNING };
    let journal = Journal::open(Arc::new(disk.clone()), SecretBytes::new([1; 32]), beginning, |_, _| {}).unwrap();
    let seq = append(&journal);
    journal.wait(seq).unwrap();
    journal.prune(0, 1001);
    assert_eq!(segments(&disk), 2, "its newest record is younger than asked");
    journal.prune(0, 1002);
    assert_eq!(segments(&disk), 1, "nobody takes its records any more");
}

#[test]
fn a_disk_that_goes_on_failing_does_not_fill_the_memory() {
    use sekisho_wire::reason::WorkerState;
    let bench = crate::testing::Bench::new();
    bench.log_in();
    bench.disk.fail(Fault::SyncLanded);
    for _ in 0..WAITING_MAX + 100 {
        bench.agent.observe(&mut bench.agent.lock(), Body::Worker(WorkerState::Back));
    }
    let full = bench.agent.journal.next().first;
    assert!(full <= WAITING_MAX as u64 + 10);
    bench.agent.journal.flush();
    bench.agent.step(&mut bench.agent.lock(), crate::session::Event::JournalFailed);
    assert_eq!(bench.agent.journal.next().first, full + 1, "the end of the session finds its place all the same");
    bench.disk.fail(None);
    assert_eq!(bench.records().last().map(|record| record.body.kind().1), Some("session_closed"));
}

#[test]
fn the_newest_segment_does_not_vanish_nor_shrink_to_nothing_without_a_word() {
    for left in [None, Some(0), Some(100)] {
        let disk = Disk::default();
        let (journal, _) = open(&disk);
        journal.wait(append(&journal)).unwrap();
        let (name, bytes) = disk.newest();
        match left {
            None => disk.remove(&name).unwrap(),
            Some(left) => disk.put(&name, &bytes[..left]),
        }
        let opened = Journal::open(Arc::new(disk.clone()), SecretBytes::new([1; 32]), BEGINNING, |_, _| {});
        assert!(matches!(opened, Err(JournalError::Damaged { segment, first: None }) if segment == name), "{left:?}");
        assert_eq!(disk.names().unwrap().contains(&name), left.is_some(), "nothing is removed");
    }
}
