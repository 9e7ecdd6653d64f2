use super::*;

const BOOT: BootId = BootId([1; 16]);
const NOTE: SeenNote = SeenNote { time: 1_000_000_000, until: 2_000_000_000 };

fn at(wall: u64, boottime: u64) -> Moment {
    Moment { wall, boottime }
}

#[test]
fn before_any_note_nothing_is_believed() {
    let mut time = TrustedTime::new(&BOOT, None, at(5, 5));
    assert_eq!(time.clock_state(), ClockState::Unknown);
    assert_eq!(time.now(at(7, 6)), 7);
}

#[test]
fn setting_the_wall_clock_moves_nothing() {
    let mut time = TrustedTime::new(&BOOT, None, at(5, 5));
    let _ = time.note(NOTE, at(5, 100));
    assert_eq!(time.now(at(9_999_999_999_999, 600)), NOTE.time + 500);
    assert_eq!(time.now(at(0, 700)), NOTE.time + 600);
    assert_eq!(time.clock_state(), ClockState::Sound);
}

#[test]
fn time_never_goes_back() {
    let mut time = TrustedTime::new(&BOOT, None, at(5, 5));
    let _ = time.note(NOTE, at(5, 100));
    let late = time.now(at(0, 900_100));
    let _ = time.note(SeenNote { time: NOTE.time + 1, until: NOTE.until + 1 }, at(0, 900_200));
    assert!(time.now(at(0, 900_200)) >= late);
}

#[test]
fn a_big_step_is_told() {
    let mut time = TrustedTime::new(&BOOT, None, at(NOTE.time, 5));
    assert_eq!(time.note(NOTE, at(NOTE.time, 100)), Taken::Counts(None));
    let next = SeenNote { time: NOTE.time + 180_000, until: NOTE.until };
    assert_eq!(time.note(next, at(0, 100)), Taken::Counts(Some(Step { from: NOTE.time, to: next.time })));
}

#[test]
fn the_same_boot_goes_on_without_the_wall_clock() {
    let mut time = TrustedTime::new(&BOOT, None, at(5, 5));
    let _ = time.note(NOTE, at(5, 100));
    let kept = time.to_keep(at(5, 1100)).unwrap();
    let mut again = TrustedTime::new(&BOOT, Some(kept), at(0, 2100));
    assert_eq!(again.clock_state(), ClockState::Sound);
    assert_eq!(again.now(at(0, 2100)), NOTE.time + 2000);
}

#[test]
fn after_a_restart_a_clock_behind_the_note_is_impossible() {
    let mut time = TrustedTime::new(&BOOT, None, at(5, 5));
    let _ = time.note(NOTE, at(5, 100));
    let kept = time.to_keep(at(5, 1100)).unwrap();
    let other = BootId([2; 16]);
    let back = TrustedTime::new(&other, Some(kept.clone()), at(NOTE.time - TOLERANCE - 1, 10));
    assert_eq!(back.clock_state(), ClockState::Behind);
    let mut sound = TrustedTime::new(&other, Some(kept), at(NOTE.time + 5_000_000, 10));
    assert_eq!(sound.clock_state(), ClockState::Sound);
    assert_eq!(sound.now(at(0, 20)), NOTE.time + 5_000_010);
}

fn note_at(time: u64) -> SeenNote {
    SeenNote { time, until: time + 1_000_000_000 }
}

const HOUR: u64 = 3_600_000;
/// A day of its own, far from zero.
const DAY: u64 = 100 * AHEAD;

/// A terminal that has seen one note in this boot, at boot time 100.
fn online(wall: u64) -> TrustedTime {
    let mut time = TrustedTime::new(&BOOT, None, at(wall, 5));
    assert_ne!(time.note(note_at(DAY), at(wall, 100)), Taken::NotCredited, "the first note is all there is");
    time
}

#[test]
fn a_ledger_whose_clock_jumps_ahead_is_believed_for_minutes_only() {
    let mut time = online(DAY);
    assert_eq!(time.note(note_at(DAY + 500 + NEAR + 1), at(DAY + 500, 600)), Taken::NotCredited);
    assert_eq!(time.note(note_at(DAY + 9 * HOUR), at(DAY + 500, 600)), Taken::NotCredited);
    assert_eq!(time.note(note_at(DAY + 1000), at(DAY + 1000, 1100)), Taken::Counts(None), "and is heard again");
    assert_eq!(time.now(at(0, 1100)), DAY + 1000);
}

#[test]
fn many_small_steps_ahead_come_to_no_large_one() {
    let mut time = online(0);
    let (mut ahead, mut refused) = (DAY, 0);
    for number in 0..200 {
        ahead = time.now(at(0, 100 + number * 50)) + NEAR;
        refused += u32::from(time.note(note_at(ahead), at(0, 100 + number * 50)) == Taken::NotCredited);
    }
    assert!(refused > 190 && time.now(at(0, 10_100)) <= DAY + 10_000 + NEAR + 2, "{refused} {ahead}");
}

#[test]
fn over_a_long_boot_a_true_note_is_not_refused_for_drift() {
    let mut time = online(DAY);
    let year = 365 * 24 * HOUR;
    let slow = year - year / 20_000;
    let counts = time.note(note_at(DAY + year), at(DAY + slow, 100 + slow));
    assert!(matches!(counts, Taken::Counts(_)), "{counts:?}");
}

#[test]
fn a_machine_whose_clock_was_put_right_may_bear_a_note_out() {
    let mut time = online(0);
    assert_eq!(time.note(note_at(DAY + HOUR), at(0, 600)), Taken::NotCredited);
    let right = time.note(note_at(DAY + HOUR), at(DAY + HOUR + 1000, 600));
    assert_eq!(right, Taken::Counts(Some(Step { from: DAY + 500, to: DAY + HOUR })));
}

#[test]
fn a_clock_that_is_impossible_vouches_for_nothing() {
    let kept = online(0).to_keep(at(0, 600)).unwrap();
    let mut slow = TrustedTime::new(&BootId([2; 16]), Some(kept), at(0, 10));
    assert!(matches!(slow.note(note_at(DAY + 90 * AHEAD), at(0, 20)), Taken::Counts(_)));
}

/// The first note of a boot says nine hours too much, and the next ones the truth.
fn misled(wall: u64) -> TrustedTime {
    let kept = online(DAY).to_keep(at(DAY + 600, 600)).unwrap();
    let mut time = TrustedTime::new(&BootId([2; 16]), Some(kept), at(DAY + HOUR, 10));
    let step = Step { from: DAY + HOUR + 10, to: DAY + 10 * HOUR };
    assert_eq!(time.note(note_at(DAY + 10 * HOUR), at(wall, 20)), Taken::Counts(Some(step)));
    time
}

/// A terminal that was sure of `DAY` (500 ms ago), in its next boot, an hour later, with a clock and a first note that are off by so
/// many minutes; and by how many minutes what is sure then is off the true time.
#[test]
fn what_a_clock_and_a_note_make_sure() {
    const KEPT: i64 = -60;
    let table = [
        (0, 0, 0, "both are right"),
        (0, 180, 0, "the ledger is fast: the machine's clock, which both have passed"),
        (0, -30, KEPT, "the ledger is slow: nothing new"),
        (300, 0, KEPT, "the machine is fast: nothing new, though the note counts"),
        (-30, 0, -30, "the machine is slow: its clock, which both have passed"),
        (-300, 0, KEPT, "the machine is impossible: nothing new"),
        (300, 180, KEPT, "both are fast, and differ: the note is not borne out"),
        (180, 300, 180, "both are fast, and differ: the machine's clock, which the ledger says has passed"),
        (180, 180, 180, "both are wrong, and agree: nobody can tell"),
    ];
    let minutes = |time: u64, by: i64| time.checked_add_signed(by * 60_000).unwrap();
    for (clock, note, sure, why) in table {
        let kept = online(DAY).to_keep(at(DAY + 600, 600)).unwrap();
        let start = at(minutes(DAY + HOUR, clock), 10);
        let mut time = TrustedTime::new(&BootId([2; 16]), Some(kept), start);
        let now = at(start.wall + 10, 20);
        assert!(matches!(time.note(note_at(minutes(DAY + HOUR, note)), now), Taken::Counts(_)), "{why}");
        let off = time.vouched(now).abs_diff(minutes(DAY + HOUR, sure));
        assert!(off < 1000, "{why}: off by {off} ms");
    }
}

#[test]
fn a_fast_machine_lets_a_fast_ledger_that_was_put_right_take_back_what_it_said() {
    let kept = online(DAY).to_keep(at(DAY + 600, 600)).unwrap();
    let wall = |minute: u64| DAY + 6 * HOUR + minute * 60_000;
    let mut time = TrustedTime::new(&BootId([2; 16]), Some(kept), at(wall(0), 20));
    assert!(matches!(time.note(note_at(DAY + 4 * HOUR), at(wall(0), 20)), Taken::Counts(_)));
    let honest = (1..=11).map(|minute| (DAY + HOUR + minute * 60_000, at(wall(minute), 20 + minute * 60_000)));
    let taken: Vec<Taken> = honest.map(|(note, now)| time.note(note_at(note), now)).collect();
    assert!(matches!(taken.last(), Some(Taken::Counts(Some(_)))), "{taken:?}");
    assert_eq!(time.now(at(0, 20 + 660_000)), DAY + HOUR + 660_000);
}

#[test]
fn a_run_of_later_notes_takes_back_what_one_alone_has_said() {
    let mut time = misled(DAY + HOUR);
    let mut last = Taken::ChangesNothing;
    for minute in 0..=10 {
        assert_eq!(last, Taken::ChangesNothing, "minute {minute}");
        let now = at(DAY + HOUR + minute * 60_000, 20 + minute * 60_000);
        last = time.note(note_at(DAY + HOUR + minute * 60_000), now);
    }
    let to = DAY + HOUR + 600_000;
    assert_eq!(last, Taken::Counts(Some(Step { from: DAY + 10 * HOUR + 600_000, to: to + 10 })));
    assert_eq!((time.clock_state(), time.newest_note().unwrap().time), (ClockState::Sound, to));
}

#[test]
fn two_wrong_notes_are_not_each_other_s_witness() {
    let mut time = misled(DAY + HOUR);
    // The ledger is nine hours fast for a quarter of an hour, and then its clock is put right.
    for minute in 1..=15 {
        let now = at(DAY + HOUR + minute * 60_000, 20 + minute * 60_000);
        let _ = time.note(note_at(DAY + 10 * HOUR + minute * 60_000), now);
    }
    assert!(time.vouched(at(0, 20 + 900_000)) <= DAY + HOUR + 900_020, "what it says alone is not sure");
    let honest = (16..=30).map(|minute| (DAY + HOUR + minute * 60_000, 20 + minute * 60_000));
    let taken: Vec<Taken> = honest.map(|(wall, boot)| time.note(note_at(wall), at(wall, boot))).collect();
    assert!(taken.iter().any(|taken| matches!(taken, Taken::Counts(Some(_)))), "{taken:?}");
    assert_eq!(time.now(at(0, 20 + 1_800_000)), DAY + HOUR + 1_800_000 + 10);
    let kept = time.to_keep(at(0, 1_800_100)).unwrap();
    let next = DAY + 2 * HOUR;
    assert_eq!(TrustedTime::new(&BootId([4; 16]), Some(kept), at(next, 10)).clock_state(), ClockState::Sound);
}

#[test]
fn what_is_sure_is_not_taken_back_and_old_notes_that_are_shown_again_prove_nothing() {
    let mut time = misled(DAY + HOUR);
    let early = DAY - HOUR;
    for advance in [60_000, 0] {
        for minute in 0..60 {
            let (note, now) = (early + minute * advance, at(DAY + HOUR, 20 + minute * 60_000));
            assert_eq!(time.note(note_at(note), now), Taken::ChangesNothing);
        }
    }
    // The machine's clock says the same as we: then it is the ledger's that is slow.
    let mut time = online(DAY);
    for minute in 2..60 {
        let now = at(DAY + HOUR + minute * 60_000, 100 + HOUR + minute * 60_000);
        assert_eq!(time.note(note_at(DAY + minute * 60_000), now), Taken::ChangesNothing);
    }
}

#[test]
fn a_note_ahead_of_its_time_does_not_outlive_the_next_boot() {
    let kept = misled(DAY + HOUR).to_keep(at(DAY + HOUR, 60)).unwrap();
    let start = DAY + 2 * HOUR;
    let mut time = TrustedTime::new(&BootId([3; 16]), Some(kept), at(start, 10));
    assert_eq!(time.clock_state(), ClockState::Behind, "until then nothing is granted");
    let notes = (0..=10).map(|minute| (start + minute * 60_000, 10 + minute * 60_000));
    let taken: Vec<Taken> = notes.map(|(wall, boot)| time.note(note_at(wall), at(wall, boot))).collect();
    assert_eq!(taken.last(), Some(&Taken::Counts(None)));
    assert_eq!((time.clock_state(), time.now(at(0, 600_010))), (ClockState::Sound, start + 600_000));
}

#[test]
fn a_restart_of_the_agent_does_not_make_an_impossible_clock_sound() {
    let kept = online(DAY).to_keep(at(DAY, 600)).unwrap();
    let behind = TrustedTime::new(&BootId([2; 16]), Some(kept), at(5, 10));
    assert_eq!(behind.clock_state(), ClockState::Behind);
    let kept = behind.to_keep(at(5, 20)).unwrap();
    let again = TrustedTime::new(&BootId([2; 16]), Some(kept), at(5, 30));
    assert_eq!(again.clock_state(), ClockState::Behind);
}

#[test]
fn a_new_note_heals_a_clock_that_was_behind() {
    let kept = TimeBase {
        note: NOTE,
        trusted: NOTE.time,
        boottime: 1,
        boot: "x".into(),
        vouched: NOTE.time,
        behind: false,
        first: None,
        own: Line { time: NOTE.time, boottime: 1 },
    };
    let mut time = TrustedTime::new(&BOOT, Some(kept), at(0, 10));
    assert_eq!(time.clock_state(), ClockState::Behind);
    let _ = time.note(SeenNote { time: NOTE.time + 9, until: NOTE.until }, at(0, 20));
    assert_eq!(time.clock_state(), ClockState::Sound);
}

#[test]
fn a_battery_clock_in_the_future_spoils_one_boot_only() {
    let kept = TimeBase {
        note: NOTE,
        trusted: NOTE.time,
        boottime: 1,
        boot: "x".into(),
        vouched: NOTE.time,
        behind: false,
        first: None,
        own: Line { time: NOTE.time, boottime: 1 },
    };
    let far = NOTE.time + 10 * 365 * 86_400_000;
    let mut time = TrustedTime::new(&BOOT, Some(kept), at(far, 10));
    assert_eq!(time.now(at(far, 10)), far);
    // Over another boot, still without a note, nobody vouches for it either.
    let kept = time.to_keep(at(far, 20)).unwrap();
    let sober = TrustedTime::new(&BootId([2; 16]), Some(kept.clone()), at(NOTE.time + 99, 5)).now(at(0, 5));
    assert_eq!(sober, NOTE.time + 99);
    // And in the same one, after a restart of the agent, it goes on until a note comes.
    let mut time = TrustedTime::new(&BOOT, Some(kept), at(far, 30));
    assert_eq!(time.now(at(far, 30)), far + 20);
    let fresh = SeenNote { time: NOTE.time + 60_000, until: NOTE.until };
    let step = Step { from: far + 30, to: fresh.time };
    assert_eq!(time.note(fresh, at(far, 40)), Taken::Counts(Some(step)));
    assert_eq!(time.now(at(far, 50)), fresh.time + 10);
    assert_eq!(time.to_keep(at(far, 50)).unwrap().trusted, fresh.time + 10);
}

#[test]
fn a_battery_clock_a_little_fast_moves_nothing_back() {
    let kept = TimeBase {
        note: NOTE,
        trusted: NOTE.time,
        boottime: 1,
        boot: "x".into(),
        vouched: NOTE.time,
        behind: false,
        first: None,
        own: Line { time: NOTE.time, boottime: 1 },
    };
    let mut time = TrustedTime::new(&BOOT, Some(kept), at(NOTE.time + 60_000 + STEP, 10));
    let late = time.now(at(0, 10));
    let note = SeenNote { time: NOTE.time + 60_000, until: NOTE.until };
    assert_eq!(time.note(note, at(0, 10)), Taken::Counts(None));
    assert_eq!(time.now(at(0, 10)), late);
}

#[test]
fn over_a_restart_time_is_not_before_what_records_say() {
    let kept = TimeBase {
        note: NOTE,
        trusted: NOTE.time,
        boottime: 1,
        boot: "x".into(),
        vouched: NOTE.time,
        behind: false,
        first: None,
        own: Line { time: NOTE.time, boottime: 1 },
    };
    let recorded = NOTE.time + 18_000_000;
    let slow = at(NOTE.time + 1000, 10);
    let mut time = TrustedTime::new(&BOOT, Some(kept), slow).not_before(recorded, slow);
    assert_eq!(time.now(at(0, 15)), recorded + 5);
    // The records may have been written under a clock in the future: a note has the last word.
    let _ = time.note(SeenNote { time: NOTE.time + 60_000, until: NOTE.until }, at(0, 20));
    assert_eq!(time.now(at(0, 20)), NOTE.time + 60_000);
}

#[test]
fn a_boot_without_a_name_is_another_boot() {
    let none = BootId([0; 16]);
    let mut time = TrustedTime::new(&none, None, at(5, 5));
    let _ = time.note(NOTE, at(5, 100));
    let kept = time.to_keep(at(5, 1100)).unwrap();
    let again = TrustedTime::new(&none, Some(kept), at(0, 2100));
    assert_eq!(again.clock_state(), ClockState::Behind);
}
