//! Trusted time (design 6): the newest verified freshness note plus the boot time that has passed since. Pure.
//!
//! What each witness is worth, and what follows from it, stands in `agent/README.md` ("Which clock is believed").

use sekisho_wire::decision::ClockState;
use sekisho_wire::id::BootId;
use serde::{Deserialize, Serialize};

/// What the two clocks say at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The machine's clock, ms since 1970 UTC.
    pub wall: u64,
    /// Since the machine started, ms.
    pub boottime: u64,
}

/// A freshness note that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenNote {
    /// When the ledger wrote it, ms since 1970 UTC.
    pub time: u64,
    /// Until when it may be relied on.
    pub until: u64,
}

/// A time, and how it goes on by the machine's own counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The time at `boottime`.
    pub time: u64,
    /// Boot time, ms.
    pub boottime: u64,
}

impl Line {
    const fn at(self, now: Moment) -> u64 {
        self.time.saturating_add(now.boottime.saturating_sub(self.boottime))
    }
}

/// What has to be on disk, so that time does not go back over a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBase {
    /// The newest note.
    pub note: SeenNote,
    /// Trusted time at the moment of `boottime` in that boot.
    pub trusted: u64,
    /// Boot time at which `trusted` was so.
    pub boottime: u64,
    /// In which boot, as hex.
    pub boot: String,
    /// How much of `trusted` is sure: two witnesses said so.
    pub vouched: u64,
    /// Whether the clock was impossible, and no newer note has come since.
    pub behind: bool,
    /// The first note of that boot.
    pub first: Option<Line>,
    /// What the machine says by itself.
    pub own: Line,
}

/// How far the wall clock may stand behind the newest note after a restart of the machine before it is called impossible.
/// A note that comes in while the machine runs carries its own time, so this is only about the machine's battery clock.
const TOLERANCE: u64 = 2 * 60 * 1000;

/// A step of trusted time that is worth a record (wire §4.1, kind 14); provisional time that is ahead by less stays.
const STEP: u64 = 2 * 60 * 1000;

/// Two clocks that tell one time are so near each other, ms: half of what the ledger calls far off (wire §7.5a).
const NEAR: u64 = 5 * 60 * 1000;

/// One ms in so many a machine's own counting may be off: crystals are better than 100 ppm.
const DRIFT: u64 = 10_000;

/// How far ahead of this machine the first note of a boot may be, ms: nobody else knows how long it was off.
const AHEAD: u64 = 24 * 60 * 60 * 1000;

/// So many notes over so much boot time, one after the other, take back what an earlier one said.
const RUN_NOTES: u32 = 3;
const RUN_SPAN: u64 = 10 * 60 * 1000;

/// The terminal's idea of what time it is.
#[derive(Clone, Debug)]
pub struct TrustedTime {
    boot: String,
    base: Option<Base>,
    /// The largest value given out: nothing smaller leaves before a note says so.
    given: u64,
}

#[derive(Clone, Copy, Debug)]
struct Base {
    note: SeenNote,
    /// Trusted time at `boottime`.
    trusted: u64,
    /// How much of `trusted` is sure. Nothing takes that back.
    vouched: u64,
    boottime: u64,
    /// Whether the wall clock at our start was before the note.
    behind: bool,
    /// The first note of this boot. Later ones are measured by it and not by each other: many small steps must not become a large one.
    first: Option<Line>,
    /// What the machine says by itself: its clock when it started, or what it bore out since, and what it has counted. No note moves it
    /// that it does not bear out: two wrong ones must not be each other's witness.
    own: Line,
    /// Notes that say otherwise, and agree among themselves.
    against: Option<Against>,
}

#[derive(Clone, Copy, Debug)]
struct Against {
    newest: SeenNote,
    /// By how much they differ from trusted time.
    by: i128,
    /// Boot time of the first.
    since: u64,
    notes: u32,
}

/// Trusted time went forward, or provisional time back, by more than two minutes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Before.
    pub from: u64,
    /// After.
    pub to: u64,
}

/// What becomes of a verified note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Taken {
    /// It is what trusted time stands on now.
    Counts(Option<Step>),
    /// It says nothing new, or is not enough to take back what was said before.
    ChangesNothing,
    /// It is too far ahead to be true.
    NotCredited,
}

impl TrustedTime {
    /// Continues from what was kept. In another boot than that of `kept` only the wall clock tells how long the machine was off; it is
    /// believed as far as it does not contradict the note.
    #[must_use]
    pub fn new(boot: &BootId, kept: Option<TimeBase>, now: Moment) -> Self {
        // A boot without a name may be any other.
        let named = *boot != BootId([0; 16]);
        let boot = boot.to_string();
        let base = kept.map(|kept| {
            let TimeBase { note, trusted, vouched, boottime, behind, first, own, .. } = kept;
            if named && kept.boot == boot && now.boottime >= boottime {
                Base { note, trusted, vouched, boottime, behind, first, own, against: None }
            } else {
                let behind = now.wall.saturating_add(TOLERANCE) < note.time;
                let trusted = vouched.max(now.wall);
                let own = Line { time: trusted, boottime: now.boottime };
                Base { note, trusted, vouched, boottime: now.boottime, behind, first: None, own, against: None }
            }
        });
        Self { boot, base, given: base.map_or(0, |base| base.trusted) }
    }

    /// Never less than this, which is what records say that were written before; provisional like the wall clock.
    #[must_use]
    pub fn not_before(mut self, recorded: u64, now: Moment) -> Self {
        if self.now(now) < recorded
            && let Some(base) = self.base.as_mut()
        {
            let passed = now.boottime.saturating_sub(base.boottime);
            (base.trusted, base.vouched, base.boottime) = (recorded, base.vouched.saturating_add(passed), now.boottime);
            self.given = recorded;
        }
        self
    }

    /// Trusted time now. Without any note it is the wall clock, and [`Self::clock_state`] says so.
    pub fn now(&mut self, now: Moment) -> u64 {
        let computed =
            self.base.map_or(now.wall, |base| base.trusted.saturating_add(now.boottime.saturating_sub(base.boottime)));
        self.given = self.given.max(computed);
        self.given
    }

    /// Takes a verified note.
    pub fn note(&mut self, note: SeenNote, now: Moment) -> Taken {
        let Some(base) = self.base else { return self.take(note, now, now.wall) };
        let line = self.now(now);
        let slack = base.slack(now);
        if base.is_too_far_ahead(note.time, line, now) {
            return Taken::NotCredited;
        }
        let newer = note.time > base.note.time;
        let behind = note.time.saturating_add(slack) < line;
        // A note that was ahead of its time makes all that follow look old.
        let misled = base.note.time > line.saturating_add(slack);
        if (behind && (base.first.is_some() || !newer)) || (misled && !newer) {
            return self.say_against(note, now, line);
        }
        if newer { self.take(note, now, line) } else { Taken::ChangesNothing }
    }

    /// From here on trusted time stands on this note. `line` is what was trusted before.
    fn take(&mut self, note: SeenNote, now: Moment, line: u64) -> Taken {
        let sure = self.base.map_or(0, |base| base.vouched_at(now));
        let borne_out = is_near(note.time, now.wall) || self.base.is_some() && note.time <= sure.saturating_add(NEAR);
        let own = self.base.map_or(Line { time: now.wall, boottime: now.boottime }, |base| base.own);
        // What the note and the machine both say is sure; what only the note says can be taken back by those that follow. A machine that
        // is further ahead than the note contradicts it: of two that are fast the slower must not be borne out by the faster.
        let both = if borne_out { note.time } else { Some(own.at(now)).filter(|own| *own <= note.time).unwrap_or(0) };
        let vouched = sure.max(both);
        let told = note.time.max(sure);
        let first = self.base.and_then(|base| base.first);
        let to = match self.base {
            // The first note replaces the wall clock, which nobody vouched for.
            None => note.time,
            // So it does with what is provisional since the restart.
            Some(_) if first.is_none() && note.time <= line && line > told.saturating_add(STEP) => told,
            Some(_) => line.max(note.time),
        };
        let here = Line { time: note.time, boottime: now.boottime };
        let slack = self.base.map_or(NEAR, |base| base.slack(now));
        // One beyond the bound was vouched for by the machine's own clock, which somebody has put right.
        let first = first.filter(|first| note.time <= first.at(now).saturating_add(slack)).unwrap_or(here);
        let own = if borne_out { here } else { own };
        let first = Some(first);
        let boottime = now.boottime;
        self.stand_on(line, Base { note, trusted: to, vouched, boottime, behind: false, first, own, against: None })
    }

    /// A note that says that it is earlier than we think. One may be old, and be shown again; a run of them, each newer than the one before
    /// and as far off as that, takes back what an earlier note alone had said, and nothing that is sure.
    fn say_against(&mut self, note: SeenNote, now: Moment, line: u64) -> Taken {
        let Some(base) = self.base.as_mut() else { return Taken::ChangesNothing };
        let by = i128::from(note.time) - i128::from(line);
        let goes_on =
            |run: &Against| note.time > run.newest.time && by.abs_diff(run.by) <= u128::from(NEAR) && run.notes > 0;
        let run = match base.against.filter(goes_on) {
            Some(run) => Against { newest: note, notes: run.notes.saturating_add(1), ..run },
            None => Against { newest: note, by, since: now.boottime, notes: 1 },
        };
        base.against = Some(run);
        let long = run.notes >= RUN_NOTES && now.boottime.saturating_sub(run.since) >= RUN_SPAN;
        let sure = base.vouched_at(now);
        // Where the machine's own clock bears out what we think, it is the ledger's that is slow.
        let alone = is_near(now.wall, line) && !is_near(note.time, line);
        if !long || alone || note.time.saturating_add(NEAR) < sure {
            return Taken::ChangesNothing;
        }
        let (first, own) = (Line { time: note.time, boottime: now.boottime }, base.own);
        let (trusted, first, boottime) = (note.time.max(sure), Some(first), now.boottime);
        self.stand_on(line, Base { note, trusted, vouched: sure, boottime, behind: false, first, own, against: None })
    }

    fn stand_on(&mut self, from: u64, base: Base) -> Taken {
        let to = base.trusted;
        self.base = Some(base);
        self.given = to;
        Taken::Counts((from.abs_diff(to) > STEP).then_some(Step { from, to }))
    }

    /// How much of trusted time is sure, whatever becomes of the rest: 0 while nothing is.
    #[must_use]
    pub fn vouched(&self, now: Moment) -> u64 {
        self.base.map_or(0, |base| base.vouched_at(now))
    }

    /// How far trusted time can be believed (wire §4.2, 21).
    #[must_use]
    pub const fn clock_state(&self) -> ClockState {
        match self.base {
            None => ClockState::Unknown,
            Some(Base { behind: true, .. }) => ClockState::Behind,
            Some(Base { behind: false, .. }) => ClockState::Sound,
        }
    }

    /// The newest note.
    #[must_use]
    pub fn newest_note(&self) -> Option<SeenNote> {
        self.base.map(|base| base.note)
    }

    /// What to keep on disk.
    #[must_use]
    pub fn to_keep(&self, now: Moment) -> Option<TimeBase> {
        let base = self.base?;
        let passed = now.boottime.saturating_sub(base.boottime);
        Some(TimeBase {
            note: base.note,
            trusted: self.given.max(base.trusted.saturating_add(passed)),
            boottime: now.boottime,
            boot: self.boot.clone(),
            vouched: base.vouched_at(now),
            behind: base.behind,
            first: base.first,
            own: base.own,
        })
    }
}

impl Base {
    const fn vouched_at(&self, now: Moment) -> u64 {
        self.vouched.saturating_add(now.boottime.saturating_sub(self.boottime))
    }

    /// How far a true note may be from what we think.
    fn slack(&self, now: Moment) -> u64 {
        self.first.map_or(NEAR, |first| NEAR + now.boottime.saturating_sub(first.boottime) / DRIFT)
    }

    /// Whether a note of this time cannot be true: by the first note of this boot and what was counted since, or before there is one by what
    /// the machine's clock and the records say. The machine's clock may bear a note out; one that is impossible says nothing.
    fn is_too_far_ahead(&self, note: u64, line: u64, now: Moment) -> bool {
        match self.first {
            Some(first) => note > first.at(now).saturating_add(self.slack(now)) && !is_near(note, now.wall),
            None => !self.behind && note > line.max(now.wall).saturating_add(AHEAD),
        }
    }
}

const fn is_near(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= NEAR
}

#[cfg(test)]
mod tests {
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
}
