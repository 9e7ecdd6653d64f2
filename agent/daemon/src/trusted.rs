//! Trusted time (design 6): the newest verified freshness note plus the boot time that has passed since. Pure.
//!
//! It never goes back, with one exception: what the wall clock or old records said while the machine was off is provisional. A battery
//! clock that stood in the future for one boot must not spoil the time for ever, so the next note replaces it, downwards too.

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
    /// How much of `trusted` is sure: by the note, and the boot time since. State files of earlier versions have none: all.
    #[serde(default)]
    pub vouched: Option<u64>,
}

/// How far the wall clock may stand behind the newest note after a restart of the machine before it is called impossible.
/// A note that comes in while the machine runs carries its own time, so this is only about the machine's battery clock.
const TOLERANCE: u64 = 2 * 60 * 1000;

/// A step of trusted time that is worth a record (wire §4.1, kind 14); provisional time that is ahead by less stays.
const STEP: u64 = 2 * 60 * 1000;

/// How far ahead of this machine a note may be, ms.
const AHEAD: u64 = 24 * 60 * 60 * 1000;

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
    /// How much of `trusted` is sure.
    vouched: u64,
    boottime: u64,
    /// Whether the wall clock at our start was before the note.
    behind: bool,
}

/// Trusted time went forward, or provisional time back, by more than two minutes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Before.
    pub from: u64,
    /// After.
    pub to: u64,
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
            let vouched = kept.vouched.unwrap_or(kept.trusted);
            if named && kept.boot == boot && now.boottime >= kept.boottime {
                Base { note: kept.note, trusted: kept.trusted, vouched, boottime: kept.boottime, behind: false }
            } else {
                let behind = now.wall.saturating_add(TOLERANCE) < kept.note.time;
                let trusted = vouched.max(now.wall);
                Base { note: kept.note, trusted, vouched, boottime: now.boottime, behind }
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

    /// Whether a verified note of this time can be true. A ledger whose clock jumps ahead for a minute, or lies, must not leave its time
    /// behind in every terminal for ever: a note more than a day ahead of both our time and the machine's clock is not taken. Where
    /// neither is known, a note is all there is. A machine that was off for long with a slow battery clock is put right by its clock.
    pub fn credits(&mut self, note: u64, now: Moment) -> bool {
        let known = self.base.is_some_and(|base| !base.behind);
        !known || note <= self.now(now).max(now.wall).saturating_add(AHEAD)
    }

    /// Takes a verified note. A note that is not newer than the last changes nothing.
    pub fn note(&mut self, note: SeenNote, now: Moment) -> Option<Step> {
        if self.base.is_some_and(|base| note.time <= base.note.time) {
            return None;
        }
        // The first note replaces the wall clock, which nobody vouched for.
        let from = if self.base.is_none() { now.wall } else { self.now(now) };
        let vouched = self.base.map_or(0, |base| base.vouched_at(now)).max(note.time);
        let to = match self.base {
            Some(_) if from <= vouched.saturating_add(STEP) => from.max(vouched),
            Some(_) | None => vouched,
        };
        self.base = Some(Base { note, trusted: to, vouched, boottime: now.boottime, behind: false });
        self.given = to;
        (from.abs_diff(to) > STEP).then_some(Step { from, to })
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
            vouched: Some(base.vouched_at(now)),
        })
    }
}

impl Base {
    const fn vouched_at(&self, now: Moment) -> u64 {
        self.vouched.saturating_add(now.boottime.saturating_sub(self.boottime))
    }
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
        assert_eq!(time.note(NOTE, at(NOTE.time, 100)), None);
        let next = SeenNote { time: NOTE.time + 600_000, until: NOTE.until };
        assert_eq!(time.note(next, at(0, 100)), Some(Step { from: NOTE.time, to: next.time }));
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

    #[test]
    fn a_note_from_far_ahead_is_not_credited_while_the_time_is_known() {
        let mut time = TrustedTime::new(&BOOT, None, at(5, 5));
        assert!(time.credits(NOTE.time, at(5, 5)), "the first note is all there is");
        let _ = time.note(NOTE, at(5, 100));
        assert!(time.credits(NOTE.time + 500 + AHEAD, at(5, 600)));
        assert!(!time.credits(NOTE.time + 501 + AHEAD, at(5, 600)));
        assert!(
            time.credits(NOTE.time + 501 + AHEAD, at(NOTE.time + 600, 600)),
            "the machine's clock may vouch for it"
        );
        let kept = time.to_keep(at(5, 600)).unwrap();
        let mut slow = TrustedTime::new(&BootId([2; 16]), Some(kept), at(0, 10));
        assert!(slow.credits(NOTE.time + 90 * AHEAD, at(0, 20)), "a clock that is impossible vouches for nothing");
    }

    #[test]
    fn a_new_note_heals_a_clock_that_was_behind() {
        let kept = TimeBase { note: NOTE, trusted: NOTE.time, boottime: 1, boot: "x".into(), vouched: None };
        let mut time = TrustedTime::new(&BOOT, Some(kept), at(0, 10));
        assert_eq!(time.clock_state(), ClockState::Behind);
        let _ = time.note(SeenNote { time: NOTE.time + 9, until: NOTE.until }, at(0, 20));
        assert_eq!(time.clock_state(), ClockState::Sound);
    }

    #[test]
    fn a_battery_clock_in_the_future_spoils_one_boot_only() {
        let kept = TimeBase { note: NOTE, trusted: NOTE.time, boottime: 1, boot: "x".into(), vouched: None };
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
        let step = time.note(fresh, at(far, 40)).unwrap();
        assert_eq!(step, Step { from: far + 30, to: fresh.time });
        assert_eq!(time.now(at(far, 50)), fresh.time + 10);
        assert_eq!(time.to_keep(at(far, 50)).unwrap().trusted, fresh.time + 10);
    }

    #[test]
    fn a_battery_clock_a_little_fast_moves_nothing_back() {
        let kept = TimeBase { note: NOTE, trusted: NOTE.time, boottime: 1, boot: "x".into(), vouched: None };
        let mut time = TrustedTime::new(&BOOT, Some(kept), at(NOTE.time + 60_000 + STEP, 10));
        let late = time.now(at(0, 10));
        assert_eq!(time.note(SeenNote { time: NOTE.time + 60_000, until: NOTE.until }, at(0, 10)), None);
        assert_eq!(time.now(at(0, 10)), late);
    }

    #[test]
    fn over_a_restart_time_is_not_before_what_records_say() {
        let kept = TimeBase { note: NOTE, trusted: NOTE.time, boottime: 1, boot: "x".into(), vouched: None };
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
